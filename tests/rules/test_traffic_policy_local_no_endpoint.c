/* traffic-policy-local-no-endpoint: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "traffic-policy-local-no-endpoint"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define SLICE "EndpointSlice/istio-ingress/mtkc-gateway-istio-abcde"

static void no_ready_pod_anywhere(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SLICE, "endpoints.0.conditions.ready", "false");
    world_set(w, SLICE, "endpoints.1.conditions.ready", "false");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", NULL);
    assert_true(f->folded);         /* under gateway-pods-not-ready */
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SLICE, "endpoints.0.conditions.ready", "false");
    expect_none(w, CODE);
    world_set(w, SLICE, "endpoints.1.conditions.ready", "false");
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Cluster");
    expect_none(w, CODE);
    world_source(w, KIND_ENDPOINTSLICE, SOURCE_FORBIDDEN);
    expect_unknown(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_ready_pod_anywhere),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
