/* lb-no-healthy-node: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "lb-no-healthy-node"
#define SLICE "EndpointSlice/istio-ingress/mtkc-gateway-istio-abcde"

static void folded_under_the_probe(void **state)
{
    (void)state;
    struct world *w = world_reference();
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", NULL);
    assert_true(f->folded);
    world_free(w);
}

static void alone_when_the_network_keeps_the_probe_out(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_add(w, "report: RuleHealth\nof: /lb/rules/ae0f7f2ab2d444a528b6e7a7b1c2d3e2-TCP-80\nup: 0\ndown: "
                 "3\nloadBalancerBackendAddresses: [{ipAddress: 10.0.1.4, state: Down, reason: "
                 "Down_Probe_TcpProbeTimeout}, {ipAddress: 10.0.1.5, state: Down, reason: "
                 "Down_Probe_TcpProbeTimeout}, {ipAddress: 10.0.1.6, state: Down, reason: "
                 "Down_Probe_TcpProbeTimeout}]\n");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", NULL);
    assert_false(f->folded);
    expect_none(w, "lb-probe-404");
    world_free(w);
}

static void nodes_without_a_pod_are_out_by_design(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, SLICE, "endpoints.1", NULL);
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folded_under_the_probe),
        cmocka_unit_test(alone_when_the_network_keeps_the_probe_out),
        cmocka_unit_test(nodes_without_a_pod_are_out_by_design),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
