/* permission-missing: what raises it, and near misses that must not. */
#include "unit/world.h"

#include <string.h>

#define CODE "permission-missing"

static void what_may_not_be_read(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_source(w, KIND_BACKENDHEALTH, SOURCE_FORBIDDEN);
    const struct finding *f = world_finding(w, CODE);
    assert_non_null(f);
    assert_int_equal(f->severity, SEVERITY_WARNING);
    assert_non_null(strstr(f->remedy, "Reader"));
    assert_int_equal(world_critical(w), 0);
    world_source(w, KIND_BACKENDHEALTH, SOURCE_LIVE);
    world_source(w, KIND_TENANT, SOURCE_FORBIDDEN);
    assert_int_equal(world_finding(w, CODE)->severity, SEVERITY_INFO);      /* no rule leans on it */
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_source(w, KIND_TENANT, SOURCE_ABSENT);
    world_source(w, KIND_POD, SOURCE_PENDING);
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_not_be_read),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
