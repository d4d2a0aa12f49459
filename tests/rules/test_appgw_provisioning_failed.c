/* appgw-provisioning-failed: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "appgw-provisioning-failed"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"

static void failed(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, APPGW, "properties.provisioningState", "Failed");
    expect_finding(w, CODE, SEVERITY_WARNING, "appgw-mtkc-poc", NULL);
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, APPGW, "properties.provisioningState", "Updating");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
