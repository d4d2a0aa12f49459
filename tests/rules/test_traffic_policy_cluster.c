/* traffic-policy-cluster: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "traffic-policy-cluster"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"

static void cluster_lets_the_load_balancer_ask_the_gateway(void **state)
{
    (void)state;
    struct world *w = world_reference();
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "mtkc-gateway-istio", "traffic-policy");
    assert_true(f->folded);
    world_free(w);
}

static void timeouts_without_a_cause_that_we_know(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, world_health_route);
    world_remove(w, "LoadBalancer/kubernetes-internal");
    world_set(w, SERVICE, "spec.ports.1.appProtocol", "tcp");
    world_set(w, SERVICE, "spec.ports.2.appProtocol", "tcp");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", NULL);
    assert_int_equal(f->confidence, CONFIDENCE_POSSIBLE);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_remove(w, "LoadBalancer/kubernetes-internal");
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Cluster");
    world_set(w, SERVICE, "spec.ports.1.appProtocol", "tcp");
    world_set(w, SERVICE, "spec.ports.2.appProtocol", "tcp");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cluster_lets_the_load_balancer_ask_the_gateway),
        cmocka_unit_test(timeouts_without_a_cause_that_we_know),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
