/* ztunnel-not-ready: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "ztunnel-not-ready"

static void missing_on_a_node(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, "DaemonSet/istio-system/ztunnel", "status.numberReady", "2");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "ztunnel", NULL);
    assert_true(has_evidence(f, "numberReady = 2"));
    assert_int_equal(world_critical(w), 0);
    world_set(w, "DaemonSet/istio-system/ztunnel", "status.numberReady", "0");
    expect_finding(w, CODE, SEVERITY_CRITICAL, "ztunnel", NULL);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_remove(w, "DaemonSet/istio-system/ztunnel");          /* no ambient mesh */
    expect_none(w, CODE);
    world_source(w, KIND_DAEMONSET, SOURCE_FORBIDDEN);
    expect_unknown(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_on_a_node),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
