/* lb-address-pending: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "lb-address-pending"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define GATEWAY "Gateway/istio-ingress/mtkc-gateway"

static void no_address(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, SERVICE, "status", "{loadBalancer: {}}");
    world_set(w, GATEWAY, "status.conditions.1", "{type: Programmed, status: 'False', reason: AddressNotAssigned, "
              "message: address pending, observedGeneration: 1}");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", NULL);
    assert_false(f->folded);
    assert_true(expect_finding(w, "gateway-not-programmed", SEVERITY_CRITICAL, "mtkc-gateway", NULL)->folded);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, SERVICE, "status", "{loadBalancer: {}}");
    world_set(w, SERVICE, "metadata.creationTimestamp", "'2026-05-28T20:26:00Z'");      /* a moment ago */
    expect_finding(w, CODE, SEVERITY_INFO, "mtkc-gateway-istio", NULL);
    world_set(w, SERVICE, "spec.type", "ClusterIP");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_address),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
