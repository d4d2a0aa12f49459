/* source-stale: what raises it, and near misses that must not. */
#include "unit/world.h"

#include <string.h>

#define CODE "source-stale"

static void old_or_never_read(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_source(w, KIND_HTTPROUTE, SOURCE_STALE);      /* good 99 s ago */
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "httproutes", NULL);
    assert_non_null(strstr(f->title, "old"));
    world_source(w, KIND_HTTPROUTE, SOURCE_FAILED);
    assert_non_null(strstr(expect_finding(w, CODE, SEVERITY_WARNING, "httproutes", NULL)->title, "could not be read"));
    world_free(w);
}

static size_t count(struct world *w)
{
    const struct findings *findings = world_findings(w);
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++)
        n += str_eq(findings->items[i].code, CODE);
    return n;
}

static void one_server_gone_is_one_finding(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_source(w, KIND_HTTPROUTE, SOURCE_FAILED);
    world_source(w, KIND_SERVICE, SOURCE_FAILED);
    world_source(w, KIND_POD, SOURCE_FAILED);
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "httproutes", NULL);
    assert_non_null(strstr(f->title, "2 more"));
    assert_int_equal(f->evidence.n, 3);
    assert_int_equal(count(w), 1);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_source(w, KIND_HTTPROUTE, SOURCE_PENDING);
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_or_never_read),
        cmocka_unit_test(one_server_gone_is_one_finding),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
