/* gateway-not-programmed: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "gateway-not-programmed"
#define GATEWAY "Gateway/istio-ingress/mtkc-gateway"

static void the_controller_says_no(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, GATEWAY, "status.conditions.1", "{type: Programmed, status: 'False', reason: Invalid, message: bad listener, "
              "observedGeneration: 1}");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway", NULL);
    assert_true(has_evidence(f, "Invalid"));
    world_free(w);
}

static void a_verdict_on_an_older_spec_is_none(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, GATEWAY, "status.conditions.1", "{type: Programmed, status: 'False', reason: Invalid, message: bad listener, "
              "observedGeneration: 1}");
    world_set(w, GATEWAY, "metadata.generation", "2");
    expect_none(w, CODE);
    world_set(w, GATEWAY, "status.conditions", "[{type: Programmed, status: Unknown, reason: Pending, message: ''}]");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_controller_says_no),
        cmocka_unit_test(a_verdict_on_an_older_spec_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
