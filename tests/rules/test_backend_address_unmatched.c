/* backend-address-unmatched: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "backend-address-unmatched"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define GATEWAY "Gateway/istio-ingress/mtkc-gateway"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"
#define HEALTH_OF "/subscriptions/s1/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/applicationGateways/appgw-mtkc-poc"
#define HEALTH "BackendHealth/" HEALTH_OF

static void the_address_has_changed(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, SERVICE, "status.loadBalancer.ingress.0.ip", "10.0.1.77");
    world_set(w, GATEWAY, "status.addresses.0.value", "10.0.1.77");
    world_set(w, "LoadBalancer/kubernetes-internal", "properties.frontendIPConfigurations.0.properties.privateIPAddress",
              "10.0.1.77");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "appgw-mtkc-poc", NULL);
    assert_true(has_evidence(f, "10.0.1.10"));
    assert_true(has_evidence(f, "10.0.1.77"));
    world_free(w);
}

static void a_name_may_resolve_to_the_right_address(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, APPGW, "properties.backendAddressPools.0.properties.backendAddresses", "[{fqdn: ilb.example.internal}]");
    world_set(w, HEALTH, "backendAddressPools.0.backendHttpSettingsCollection.0.servers.0.address", "ilb.example.internal");
    assert_int_equal(expect_finding(w, CODE, SEVERITY_WARNING, "appgw-mtkc-poc",
                                    NULL)->confidence, CONFIDENCE_POSSIBLE);
    world_free(w);
}

static void one_gateway_for_several_clusters(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_set(w, APPGW, "properties.backendAddressPools.0.properties.backendAddresses.1", "{ipAddress: 10.9.9.9}");
    world_set(w, HEALTH, "backendAddressPools.0.backendHttpSettingsCollection.0.servers.1",
              "{address: 10.9.9.9, health: Healthy, healthProbeLog: Success. Received 200 status code}");
    expect_none(w, CODE);
    assert_int_equal(world_critical(w), 0);
    world_set(w, HEALTH, "backendAddressPools.0.backendHttpSettingsCollection.0.servers.1.health", "Unhealthy");
    expect_finding(w, CODE, SEVERITY_WARNING, "appgw-mtkc-poc", NULL);
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_has_changed),
        cmocka_unit_test(a_name_may_resolve_to_the_right_address),
        cmocka_unit_test(one_gateway_for_several_clusters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
