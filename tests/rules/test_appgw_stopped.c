/* appgw-stopped: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "appgw-stopped"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"

static void stopped(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, APPGW, "properties.operationalState", "Stopped");
    expect_finding(w, CODE, SEVERITY_CRITICAL, "appgw-mtkc-poc", NULL);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, APPGW, "properties.operationalState", "Starting");
    expect_none(w, CODE);
    world_set(w, APPGW, "properties.operationalState", NULL);
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
