/* listener-ref-unresolved: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "listener-ref-unresolved"
#define GATEWAY "Gateway/istio-ingress/mtkc-gateway"

static void the_controller_says_so(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, GATEWAY, "status.listeners", "[{name: https, attachedRoutes: 1, conditions: [{type: ResolvedRefs, status: 'False', "
              "reason: InvalidCertificateRef, message: m, observedGeneration: 1}]}]");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "mtkc-gateway", NULL);
    assert_true(has_evidence(f, "InvalidCertificateRef"));
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, GATEWAY, "status.listeners", "[{name: https, attachedRoutes: 1, conditions: [{type: ResolvedRefs, status: 'True', "
              "reason: r, message: m, observedGeneration: 1}]}]");
    expect_none(w, CODE);
    world_set(w, GATEWAY, "status.listeners", "[{name: https, attachedRoutes: 1, conditions: [{type: ResolvedRefs, status: 'False', "
              "reason: InvalidCertificateRef, message: m, observedGeneration: 1}]}]");
    world_set(w, GATEWAY, "metadata.generation", "2");      /* a verdict on an older spec */
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_controller_says_so),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
