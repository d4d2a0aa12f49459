/* gateway-pods-not-ready: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "gateway-pods-not-ready"
#define SLICE "EndpointSlice/istio-ingress/mtkc-gateway-istio-abcde"

static void none_is_critical_some_is_a_warning(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SLICE, "endpoints.0.conditions.ready", "false");
    expect_finding(w, CODE, SEVERITY_WARNING, "mtkc-gateway", NULL);
    assert_int_equal(world_critical(w), 0);
    world_set(w, SLICE, "endpoints.1.conditions.ready", "false");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway", NULL);
    assert_false(f->folded);
    assert_true(f->explains.n > 0);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_source(w, KIND_ENDPOINTSLICE, SOURCE_PENDING);
    expect_unknown(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_is_critical_some_is_a_warning),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
