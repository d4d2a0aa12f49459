/* route-ref-unresolved: what raises it, and near misses that must not. */
#include "unit/world.h"

#include <string.h>

#define CODE "route-ref-unresolved"
#define APP_ROUTE "HTTPRoute/sample-apps/app1-route"

static void a_reference_that_is_not_permitted(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, APP_ROUTE, "status.parents.0.conditions.1", "{type: ResolvedRefs, status: 'False', reason: RefNotPermitted, "
              "message: no grant, observedGeneration: 1}");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "app1-route", NULL);
    assert_true(has_evidence(f, "RefNotPermitted"));
    assert_non_null(strstr(f->why, "no grant"));
    world_free(w);
}

static void folded_under_the_missing_backend(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, APP_ROUTE, "spec.rules.0.backendRefs.0.name", "gone");
    world_set(w, APP_ROUTE, "status.parents.0.conditions.1", "{type: ResolvedRefs, status: 'False', reason: BackendNotFound, "
              "message: gone, observedGeneration: 1}");
    assert_true(expect_finding(w, CODE, SEVERITY_WARNING, "app1-route", NULL)->folded);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_that_is_not_permitted),
        cmocka_unit_test(folded_under_the_missing_backend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
