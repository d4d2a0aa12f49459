/* probe-no-route: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "probe-no-route"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"
#define HEALTH_OF "/subscriptions/s1/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/applicationGateways/appgw-mtkc-poc"
#define HEALTH "BackendHealth/" HEALTH_OF
#define SERVER "backendAddressPools.0.backendHttpSettingsCollection.0.servers.0."
#define APP_ROUTE "HTTPRoute/sample-apps/app1-route"
#define HEALTH_ROUTE "HTTPRoute/gateway-health/health-route"

static void no_route_for_the_probe(void **state)
{
    (void)state;
    struct world *w = world_reference();
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway", "health-route");
    assert_false(f->folded);
    assert_string_equal(f->gateway, "istio-ingress/mtkc-gateway");
    assert_int_equal(f->confidence, CONFIDENCE_LIKELY);     /* the report says timeout, not 404 */
    assert_true(has_evidence(f, "GET http://10.0.1.10/healthz/ready"));
    world_free(w);
}

static void certain_when_the_log_says_404(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_apply_local(w);
    world_set(w, HEALTH, SERVER "healthProbeLog", "'Received invalid status code: 404 in the backend server response'");
    assert_int_equal(expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway", "health-route")->confidence,
                     CONFIDENCE_CERTAIN);
    world_free(w);
}

static void a_route_of_another_host_does_not_serve_it(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, world_health_route);
    expect_none(w, CODE);
    world_set(w, HEALTH_ROUTE, "spec.hostnames", "[app.example.com]");
    expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway", "health-route");
    world_set(w, HEALTH_ROUTE, "spec.hostnames", "[]");
    world_set(w, APP_ROUTE, "spec.hostnames", "['10.0.1.10']");     /* the probe's host owned by a route without the path */
    expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway", "health-route");
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_remove(w, HEALTH_ROUTE);
    world_set(w, APPGW, "properties.probes.0.properties.match.statusCodes", "['200-399', '404']");
    expect_none(w, CODE);           /* a 404 that match accepts is healthy */
    assert_int_equal(world_critical(w), 0);
    world_set(w, APPGW, "properties.probes.0.properties.match.statusCodes", "['200-399']");
    expect_none(w, CODE);           /* reported healthy: the report weighs more, and the disagreement is shown */
    world_free(w);
}

static void the_default_probe_and_a_catch_all_route(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_remove(w, HEALTH_ROUTE);
    world_set(w, APPGW, "properties.backendHttpSettingsCollection.0.properties.probe", NULL);
    world_set(w, HEALTH, SERVER "health", "Unhealthy");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway", "health-route");
    assert_true(has_evidence(f, "GET http://127.0.0.1/"));
    world_set(w, APP_ROUTE, "spec.rules.0.matches", "[{path: {type: PathPrefix, value: /}}]");
    expect_none(w, CODE);
    world_free(w);
}

static void unknown_routes_tell_nothing(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_source(w, KIND_HTTPROUTE, SOURCE_FORBIDDEN);
    expect_unknown(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_route_for_the_probe),
        cmocka_unit_test(certain_when_the_log_says_404),
        cmocka_unit_test(a_route_of_another_host_does_not_serve_it),
        cmocka_unit_test(near_misses),
        cmocka_unit_test(the_default_probe_and_a_catch_all_route),
        cmocka_unit_test(unknown_routes_tell_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
