/* traffic-policy-not-durable: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "traffic-policy-not-durable"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"

static void set_by_hand_on_a_rendered_service(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SERVICE, "metadata.managedFields", "[{manager: kubectl-patch, operation: Update, apiVersion: v1, "
              "time: '2026-01-11T08:00:00Z', fieldsType: FieldsV1, fieldsV1: {'f:spec': {'f:externalTrafficPolicy': "
              "{}}}}]");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_INFO, "mtkc-gateway-istio", NULL);
    assert_true(has_evidence(f, "kubectl-patch"));
    world_free(w);
}

static void owned_by_the_controller_through_an_overlay(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SERVICE, "metadata.managedFields", "[{manager: istio.io/gateway-controller, operation: Apply, apiVersion: v1, "
              "time: '2026-01-11T08:00:00Z', fieldsType: FieldsV1, fieldsV1: {'f:spec': {'f:externalTrafficPolicy': "
              "{}}}}]");
    expect_none(w, CODE);
    world_set(w, SERVICE, "metadata.managedFields", NULL);
    world_set(w, SERVICE, "metadata.labels", "{}");     /* nobody's but the user's */
    world_set(w, SERVICE, "metadata.ownerReferences", "[]");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_by_hand_on_a_rendered_service),
        cmocka_unit_test(owned_by_the_controller_through_an_overlay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
