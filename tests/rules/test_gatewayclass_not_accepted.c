/* gatewayclass-not-accepted: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "gatewayclass-not-accepted"

static void refused_or_missing(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, "GatewayClass/istio", "status.conditions",
              "[{type: Accepted, status: 'False', reason: InvalidParameters, message: bad}]");
    expect_finding(w, CODE, SEVERITY_CRITICAL, "istio", NULL);
    world_remove(w, "GatewayClass/istio");
    expect_finding(w, CODE, SEVERITY_CRITICAL, "istio", NULL);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);           /* no verdict yet is no refusal */
    world_set(w, "GatewayClass/istio", "status.conditions", "[{type: Accepted, status: 'True', reason: Accepted}]");
    expect_none(w, CODE);
    world_add(w, "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: unused}\nstatus: "
                 "{conditions: [{type: Accepted, status: 'False', reason: Unsupported}]}\n");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_or_missing),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
