/* route-not-accepted: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "route-not-accepted"
#define APP_ROUTE "HTTPRoute/sample-apps/app1-route"

static void refused_by_its_listener(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, APP_ROUTE, "status.parents.0.conditions.0", "{type: Accepted, status: 'False', "
              "reason: NotAllowedByListeners, message: no, observedGeneration: 1}");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "app1-route", NULL);
    assert_true(has_evidence(f, "NotAllowedByListeners"));
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, APP_ROUTE, "status.parents.0.conditions.0", "{type: Accepted, status: 'False', "
              "reason: NotAllowedByListeners, message: no, observedGeneration: 1}");
    world_set(w, APP_ROUTE, "metadata.generation", "2");        /* a verdict on an older spec */
    expect_none(w, CODE);
    world_set(w, APP_ROUTE, "status", NULL);
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_by_its_listener),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
