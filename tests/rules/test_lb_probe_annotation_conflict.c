/* lb-probe-annotation-conflict: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "lb-probe-annotation-conflict"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"

static void an_annotation_beats_local(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SERVICE, "metadata.annotations.[service.beta.kubernetes.io/port_80_health-probe_port]", "'15021'");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "mtkc-gateway-istio", NULL);
    assert_true(has_evidence(f, "port_80_health-probe_port = 15021"));
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SERVICE, "metadata.annotations.[service.beta.kubernetes.io/port_80_health-probe_protocol]", "tcp");
    expect_none(w, CODE);           /* protocol and path are not asked under Local */
    world_set(w, SERVICE, "metadata.annotations.[service.beta.kubernetes.io/port_80_health-probe_port]", "'15021'");
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Cluster");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_annotation_beats_local),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
