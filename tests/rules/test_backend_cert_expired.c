/* backend-cert-expired: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "backend-cert-expired"
#define HEALTH_OF "/subscriptions/s1/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/applicationGateways/appgw-mtkc-poc"
#define HEALTH "BackendHealth/" HEALTH_OF
#define SERVER "backendAddressPools.0.backendHttpSettingsCollection.0.servers.0."

static void the_log_names_it(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, HEALTH, SERVER "health", "Unhealthy");
    world_set(w, HEALTH, SERVER "healthProbeLog",
              "'Backend certificate is invalid. Current date is not within the Valid from and Valid to date range on "
              "the certificate.'");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "appgw-mtkc-poc", NULL);
    assert_true(has_evidence(f, "10.0.1.10"));
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, HEALTH, SERVER "healthProbeLog",
              "'Backend certificate is invalid. Current date is not within the Valid from and Valid to date range on "
              "the certificate.'");
    expect_none(w, CODE);           /* still healthy: degrading is shown, not alarmed */
    world_set(w, HEALTH, SERVER "health", "Unhealthy");
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
