/* lb-probe-404: what raises it, and near misses that must not. */
#include "unit/world.h"

#include <string.h>

#define CODE "lb-probe-404"
#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define APP_ROUTE "HTTPRoute/sample-apps/app1-route"

static void the_first_root_cause_of_the_reference(void **state)
{
    (void)state;
    struct world *w = world_reference();
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", "traffic-policy");
    assert_false(f->folded);
    assert_ptr_equal(f, &world_findings(w)->items[0]);
    assert_string_equal(world_findings(w)->items[1].code, "probe-no-route");
    assert_int_equal(world_critical(w), 2);
    assert_int_equal(f->confidence, CONFIDENCE_CERTAIN);
    assert_true(has_evidence(f, "spec.externalTrafficPolicy = Cluster"));
    assert_true(has_evidence(f, "Down_Probe_HttpStatusCodeError"));
    world_free(w);
}

static void predicted_without_azures_report(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_remove(w, "RuleHealth//lb/rules/ae0f7f2ab2d444a528b6e7a7b1c2d3e2-TCP-80");
    assert_int_equal(expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", "traffic-policy")->confidence,
                     CONFIDENCE_LIKELY);
    world_free(w);
}

static void no_fix_where_local_would_not_help(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, SERVICE, "metadata.annotations.[service.beta.kubernetes.io/port_80_health-probe_port]", "http");
    expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", NULL);
    world_free(w);
}

static void a_port_that_nobody_uses_is_a_warning(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Cluster");
    world_remove(w, "LoadBalancer/kubernetes-internal");
    world_set(w, SERVICE, "metadata.annotations.[service.beta.kubernetes.io/port_80_health-probe_protocol]", "tcp");
    expect_finding(w, CODE, SEVERITY_WARNING, "mtkc-gateway-istio", "traffic-policy");
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_remove(w, "LoadBalancer/kubernetes-internal");
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Cluster");
    world_set(w, SERVICE, "spec.ports.1.appProtocol", "tcp");
    world_set(w, SERVICE, "spec.ports.2.appProtocol", "tcp");
    expect_none(w, CODE);           /* Cluster with TCP probes that pass is a choice like any other */
    assert_int_equal(world_critical(w), 0);
    world_set(w, SERVICE, "spec.ports.1.appProtocol", "http");
    world_set(w, APP_ROUTE, "spec.rules.0.matches", "[{path: {type: PathPrefix, value: /}}]");
    expect_none(w, CODE);           /* a route answers / */
    world_free(w);
}

static void a_healthy_backend_proves_the_prediction_wrong(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, world_health_route);
    world_remove(w, "RuleHealth//lb/rules/ae0f7f2ab2d444a528b6e7a7b1c2d3e2-TCP-80");
    world_report_healthy(w);
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void azure_follows_a_change_with_delay(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Local");
    world_set(w, SERVICE, "spec.healthCheckNodePort", "31877");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", NULL);
    assert_non_null(strstr(f->remedy, "former probe"));
    world_free(w);
}

static void requests_count_though_the_probe_asks_another_port(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_remove(w, "RuleHealth//lb/rules/ae0f7f2ab2d444a528b6e7a7b1c2d3e2-TCP-80");
    world_set(w, "ApplicationGateway/appgw-mtkc-poc", "properties.probes.0.properties.port", "15021");
    world_report_healthy(w);        /* Envoy's readiness is; the requests' port has no node */
    expect_finding(w, CODE, SEVERITY_CRITICAL, "mtkc-gateway-istio", "traffic-policy");
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_root_cause_of_the_reference),
        cmocka_unit_test(predicted_without_azures_report),
        cmocka_unit_test(no_fix_where_local_would_not_help),
        cmocka_unit_test(a_port_that_nobody_uses_is_a_warning),
        cmocka_unit_test(a_healthy_backend_proves_the_prediction_wrong),
        cmocka_unit_test(azure_follows_a_change_with_delay),
        cmocka_unit_test(requests_count_though_the_probe_asks_another_port),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
