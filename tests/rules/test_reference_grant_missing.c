/* reference-grant-missing: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "reference-grant-missing"
#define APP_ROUTE "HTTPRoute/sample-apps/app1-route"

static void another_namespace_without_a_grant(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, APP_ROUTE, "spec.rules.0.backendRefs.0.namespace", "gateway-health");
    world_set(w, APP_ROUTE, "spec.rules.0.backendRefs.0.name", "health-responder");
    expect_finding(w, CODE, SEVERITY_WARNING, "app1-route", NULL);
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, APP_ROUTE, "spec.rules.0.backendRefs.0.namespace", "gateway-health");
    world_set(w, APP_ROUTE, "spec.rules.0.backendRefs.0.name", "health-responder");
    world_add(w, "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: "
                 "gateway-health}\nspec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: "
                 "sample-apps}], to: [{group: '', kind: Service}]}\n");
    expect_none(w, CODE);
    world_source(w, KIND_REFERENCEGRANT, SOURCE_FORBIDDEN);
    expect_unknown(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_namespace_without_a_grant),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
