/* probe-status-mismatch: what raises it, and near misses that must not. */
#include "unit/world.h"

#include <string.h>

#define CODE "probe-status-mismatch"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"
#define HEALTH_OF "/subscriptions/s1/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/applicationGateways/appgw-mtkc-poc"
#define HEALTH "BackendHealth/" HEALTH_OF
#define SERVER "backendAddressPools.0.backendHttpSettingsCollection.0.servers.0."
#define HEALTH_ROUTE "HTTPRoute/gateway-health/health-route"

static void a_redirect_that_match_refuses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, HEALTH_ROUTE, "spec.rules.0",
              "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}");
    expect_none(w, CODE);           /* 302 is within 200-399 */
    world_set(w, APPGW, "properties.probes.0.properties.match.statusCodes", "['200']");
    world_set(w, HEALTH, SERVER "health", "Unhealthy");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "health-route", NULL);
    assert_non_null(strstr(f->title, "302"));
    world_free(w);
}

static void the_application_itself_answers_wrongly(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, HEALTH, SERVER "health", "Unhealthy");
    world_set(w, HEALTH, SERVER "healthProbeLog", "'Received invalid status code: 401 in the response'");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "health-route", NULL);
    assert_int_equal(f->confidence, CONFIDENCE_LIKELY);
    assert_non_null(strstr(f->title, "401"));
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    /* The route was made a moment ago: yesterday's log does not speak against it. */
    world_set(w, HEALTH, SERVER "health", "Unhealthy");
    world_set(w, HEALTH, SERVER "healthProbeLog", "'Received invalid status code: 404 in the response'");
    world_set(w, HEALTH_ROUTE, "metadata.creationTimestamp", "'2026-05-28T20:26:30Z'");     /* 10 s before the snapshot */
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_redirect_that_match_refuses),
        cmocka_unit_test(the_application_itself_answers_wrongly),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
