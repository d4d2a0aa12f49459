/* traffic-policy-local-single-node: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "traffic-policy-local-single-node"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define SLICE "EndpointSlice/istio-ingress/mtkc-gateway-istio-abcde"

static void all_pods_on_one_node(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SLICE, "endpoints.1.nodeName", "aks-np1-0");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "mtkc-gateway-istio", NULL);
    assert_true(has_evidence(f, "Node aks-np1-0"));
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, SLICE, "endpoints.1.nodeName", "aks-np1-0");
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Cluster");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pods_on_one_node),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
