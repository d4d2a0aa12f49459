/* lb-not-internal: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "lb-not-internal"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"
#define HEALTH_OF "/subscriptions/s1/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/applicationGateways/appgw-mtkc-poc"
#define HEALTH "BackendHealth/" HEALTH_OF

static void a_public_address_behind_application_gateway(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SERVICE, "metadata.annotations", "{}");
    expect_finding(w, CODE, SEVERITY_WARNING, "mtkc-gateway-istio", NULL);
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, SERVICE, "metadata.annotations", "{}");
    world_set(w, APPGW, "properties.backendAddressPools.0.properties.backendAddresses", "[{ipAddress: 10.9.9.9}]");
    world_remove(w, HEALTH);
    expect_none(w, CODE);           /* not the one that Application Gateway uses */
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_address_behind_application_gateway),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
