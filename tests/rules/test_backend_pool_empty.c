/* backend-pool-empty: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "backend-pool-empty"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"

static void a_rule_sends_to_an_empty_pool(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, APPGW, "properties.backendAddressPools.0.properties.backendAddresses", "[]");
    expect_finding(w, CODE, SEVERITY_CRITICAL, "appgw-mtkc-poc", NULL);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, APPGW, "properties.backendAddressPools.1", "{id: /pools/unused, name: unused, properties: {}}");
    expect_none(w, CODE);
    world_set(w, APPGW, "properties.backendAddressPools.0.properties",
              "{backendAddresses: [], backendIPConfigurations: [{id: /nic}]}");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_sends_to_an_empty_pool),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
