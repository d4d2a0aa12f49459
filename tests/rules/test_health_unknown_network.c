/* health-unknown-network: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "health-unknown-network"
#define HEALTH_OF "/subscriptions/s1/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/applicationGateways/appgw-mtkc-poc"
#define HEALTH "BackendHealth/" HEALTH_OF
#define SERVER "backendAddressPools.0.backendHttpSettingsCollection.0.servers.0."

static void the_log_names_it(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, HEALTH, SERVER "health", "Unknown");
    world_set(w, HEALTH, SERVER "healthProbeLog",
              "'The backend health status could not be retrieved. This happens when an NSG/UDR/Firewall on the "
              "application gateway subnet is blocking traffic'");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "appgw-mtkc-poc", NULL);
    assert_true(has_evidence(f, "10.0.1.10"));
    assert_int_equal(world_critical(w), 0);     /* traffic may flow all the same */
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, HEALTH, SERVER "healthProbeLog",
              "'The backend health status could not be retrieved. This happens when an NSG/UDR/Firewall on the "
              "application gateway subnet is blocking traffic'");
    expect_none(w, CODE);           /* still healthy: degrading is shown, not alarmed */
    world_set(w, HEALTH, SERVER "health", "Unknown");
    world_set(w, HEALTH, SERVER "healthProbeLog", "Something this catalogue has never seen");
    expect_none(w, CODE);
    world_source(w, KIND_BACKENDHEALTH, SOURCE_FORBIDDEN);
    expect_unknown(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_names_it),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
