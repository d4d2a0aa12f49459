/* probe-timeout-exceeds-interval: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "probe-timeout-exceeds-interval"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"

static void longer_than_its_interval(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, APPGW, "properties.probes.0.properties.interval", "30");
    world_set(w, APPGW, "properties.probes.0.properties.timeout", "60");    /* as the reference has it */
    expect_finding(w, CODE, SEVERITY_WARNING, "appgw-mtkc-poc", NULL);
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, APPGW, "properties.probes.0.properties.interval", "30");   /* equal: the default probe's own numbers */
    expect_none(w, CODE);
    world_set(w, APPGW, "properties.probes.0.properties.interval", NULL);
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longer_than_its_interval),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
