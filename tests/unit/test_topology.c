/* The path joined by identity, Application Gateway's probe, ownership, tenancy, lights, and the worlds that might be. */
#include "world.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define GATEWAY "Gateway/istio-ingress/mtkc-gateway"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"
#define HEALTH "BackendHealth//subscriptions/s1/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/" \
               "applicationGateways/appgw-mtkc-poc"
#define SERVER "backendAddressPools.0.backendHttpSettingsCollection.0.servers.0."
#define SETTINGS "properties.backendHttpSettingsCollection.0.properties."
#define PROBE "properties.probes.0.properties."

static const struct topo_probe *appgw_probe(struct world *w)
{
    const struct topology *t = world_topology(w);
    for (size_t i = 0; i < t->probes.n; i++)
        if (t->probes.items[i].prober == PROBER_APPGW)
            return &t->probes.items[i];
    fail_msg("no probe of Application Gateway");
    return NULL;
}

static const struct topo_service *service(struct world *w)
{
    const struct topo_service *s = topology_service(world_topology(w), "istio-ingress/mtkc-gateway-istio");
    assert_non_null(s);
    return s;
}

/* ---- joins -------------------------------------------------------------------------------------------------------- */

static void the_reference_joins_from_end_to_end(void **state)
{
    (void)state;
    struct world *w = world_reference();
    const struct topology *t = world_topology(w);
    assert_int_equal(t->backends.n, 1);
    const struct topo_backend *row = &t->backends.items[0];
    assert_string_equal(row->service, "istio-ingress/mtkc-gateway-istio");
    assert_string_equal(row->gateway, "istio-ingress/mtkc-gateway");
    assert_int_equal(row->health, HEALTH_DOWN);
    assert_int_equal(row->cause, CAUSE_TIMEOUT);
    assert_string_equal(row->listeners.items[0], "http-listener");
    assert_string_equal(service(w)->lb, "kubernetes-internal");
    assert_string_equal(service(w)->gateway, "istio-ingress/mtkc-gateway");
    const struct topo_gateway *g = topology_gateway(t, "istio-ingress/mtkc-gateway");
    assert_string_equal(g->service, "istio-ingress/mtkc-gateway-istio");
    assert_int_equal(g->istio_minor, 29);
    assert_int_equal(g->pods_ready, 2);
    static const enum light lights[HOP_COUNT] = { LIGHT_DOWN, LIGHT_DOWN, LIGHT_DOWN, LIGHT_OK, LIGHT_OK, LIGHT_DOWN,
                                                  LIGHT_OK };
    for (int i = 0; i < HOP_COUNT; i++)
        if (t->hops[i].light != lights[i])
            fail_msg("%s is %s", hop_name((enum hop)i), light_name(t->hops[i].light));
    assert_string_equal(t->hops[HOP_LB].label, "10.0.1.10");
    assert_string_equal(t->hops[HOP_LB].detail, "Cluster · 0/3 nodes");
    world_free(w);
}

static void a_healthy_world_is_green_and_without_findings(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    const struct topology *t = world_topology(w);
    for (int i = 0; i < HOP_COUNT; i++)
        if (t->hops[i].light != LIGHT_OK)
            fail_msg("%s is %s: %s", hop_name((enum hop)i), light_name(t->hops[i].light), t->hops[i].detail);
    assert_string_equal(t->hops[HOP_LB].detail, "Local · 2/3 nodes");
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_OK);
    assert_string_equal(appgw_probe(w)->served_by.route, "gateway-health/health-route");
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

static void services_are_found_by_label_owner_hostname_or_address(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, SERVICE, "metadata.labels", "{istio.io/gateway-name: mtkc-gateway}");      /* until Istio 1.23 */
    world_set(w, SERVICE, "metadata.ownerReferences", "[]");
    assert_string_equal(service(w)->gateway, "istio-ingress/mtkc-gateway");
    world_set(w, SERVICE, "metadata.labels", "{}");
    world_set(w, SERVICE, "metadata.ownerReferences", "[{kind: Gateway, name: mtkc-gateway, uid: u}]");
    assert_string_equal(service(w)->gateway, "istio-ingress/mtkc-gateway");
    world_set(w, SERVICE, "metadata.ownerReferences", "[]");
    world_set(w, GATEWAY, "status.addresses", "[]");
    assert_null(topology_service(world_topology(w), "istio-ingress/mtkc-gateway-istio"));
    world_set(w, GATEWAY, "spec.addresses",
              "[{type: Hostname, value: mtkc-gateway-istio.istio-ingress.svc.cluster.local}]");
    assert_string_equal(service(w)->gateway, "istio-ingress/mtkc-gateway");
    assert_int_equal(service(w)->owner, OWNER_USER);
    world_set(w, GATEWAY, "spec.addresses", "[{type: Hostname, value: mtkc-gateway-istio}]");
    assert_string_equal(service(w)->gateway, "istio-ingress/mtkc-gateway");
    world_set(w, GATEWAY, "spec.addresses", "[]");
    world_set(w, GATEWAY, "status.addresses", "[{type: IPAddress, value: 10.0.1.10}]");
    assert_string_equal(service(w)->gateway, "istio-ingress/mtkc-gateway");
    world_set(w, SERVICE, "metadata.labels", "{gateway.networking.k8s.io/gateway-name: another}");
    world_set(w, GATEWAY, "status.addresses", "[{type: IPAddress, value: 10.0.1.99}]");
    assert_null(topology_service(world_topology(w), "istio-ingress/mtkc-gateway-istio"));
    world_free(w);
}

static void load_balancer_names_follow_the_uid(void **state)
{
    (void)state;
    struct world *w = world_reference();
    /* the frontend without its address: the name alone joins */
    world_set(w, "LoadBalancer/kubernetes-internal", "properties.frontendIPConfigurations.0.properties", "{}");
    assert_string_equal(service(w)->lb_frontend, "ae0f7f2ab2d444a528b6e7a7b1c2d3e2");
    world_set(w, "LoadBalancer/kubernetes-internal", "properties.frontendIPConfigurations.0.name",
              "ae0f7f2ab2d444a528b6e7a7b1c2d3e2-snet-ilb");
    assert_string_equal(service(w)->lb_frontend, "ae0f7f2ab2d444a528b6e7a7b1c2d3e2-snet-ilb");
    world_set(w, "LoadBalancer/kubernetes-internal", "properties.frontendIPConfigurations.0.name",
              "ae0f7f2ab2d444a528b6e7a7b1c2d3e2f");        /* a longer name is another's */
    assert_null(service(w)->lb);
    world_set(w, SERVICE, "metadata.uid", "ffffffff-2d44-4a52-8b6e-7a7b1c2d3e20");
    assert_int_equal(service(w)->ports.items[1].arm_differs, TRI_UNKNOWN);
    world_free(w);
}

static void an_address_that_nobody_holds_joins_nothing(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, APPGW, "properties.backendAddressPools.0.properties.backendAddresses", "[{ipAddress: 10.9.9.9}]");
    const struct topo_probe *p = appgw_probe(w);
    assert_null(p->service);
    assert_int_equal(p->predicted, PREDICT_UNKNOWN);
    world_free(w);
}

/* ---- probe A --------------------------------------------------------------------------------------------------------- */

static void what_application_gateway_really_sends(void **state)
{
    (void)state;
    struct world *w = world_reference();
    const struct topo_probe *p = appgw_probe(w);
    assert_string_equal(p->host, "10.0.1.10");      /* from the settings, which take it from the address */
    assert_string_equal(p->path, "/healthz/ready");
    assert_int_equal(p->port, 80);
    world_set(w, APPGW, SETTINGS "pickHostNameFromBackendAddress", "false");
    world_set(w, APPGW, SETTINGS "hostName", "app.example.com");
    assert_string_equal(appgw_probe(w)->host, "app.example.com");
    world_set(w, APPGW, PROBE "pickHostNameFromBackendHttpSettings", "false");
    world_set(w, APPGW, PROBE "host", "probe.example.com");
    assert_string_equal(appgw_probe(w)->host, "probe.example.com");
    world_set(w, APPGW, PROBE "port", "15021");
    p = appgw_probe(w);
    assert_int_equal(p->port, 15021);               /* the probe's port comes before the settings' */
    assert_int_equal(p->predicted, PREDICT_OK);     /* Envoy's own readiness, behind a TCP probe of the load balancer */
    world_set(w, APPGW, PROBE "path", "/other");
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_404);
    world_set(w, APPGW, SETTINGS "probe", NULL);
    p = appgw_probe(w);
    assert_true(p->default_probe);
    assert_string_equal(p->host, "127.0.0.1");
    assert_string_equal(p->path, "/");
    assert_int_equal(p->interval_s, 30);
    assert_int_equal(p->timeout_s, 30);
    assert_int_equal(p->threshold, 3);
    world_free(w);
}

static void a_probe_that_is_switched_off_leaves_the_default(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, APPGW, SETTINGS "probeEnabled", "false");
    assert_true(appgw_probe(w)->default_probe);
    world_set(w, APPGW, SETTINGS "probeEnabled", NULL);     /* absent from a real answer though in use */
    assert_false(appgw_probe(w)->default_probe);
    world_free(w);
}

static void a_probe_for_a_connection_asks_no_route(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_apply_local(w);
    world_remove(w, "RuleHealth//lb/rules/ae0f7f2ab2d444a528b6e7a7b1c2d3e2-TCP-80");
    world_set(w, APPGW, PROBE "protocol", "Tcp");
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_OK);
    expect_none(w, "probe-no-route");
    world_free(w);
}

static void another_controller_is_not_istio(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, "GatewayClass/istio", "spec.controllerName", "gateway.envoyproxy.io/controller");
    world_set(w, "GatewayClass/istio", "metadata.name", "eg");
    world_set(w, GATEWAY, "spec.gatewayClassName", "eg");
    assert_int_equal(topology_gateway(world_topology(w), "istio-ingress/mtkc-gateway")->istio_minor, 0);
    world_free(w);
}

static void predictions_follow_the_path(void **state)
{
    (void)state;
    struct world *w = world_reference();
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_TIMEOUT);
    assert_int_equal(appgw_probe(w)->answer.status, 404);   /* what it would be with nodes in rotation */
    world_apply_local(w);
    world_remove(w, "RuleHealth//lb/rules/ae0f7f2ab2d444a528b6e7a7b1c2d3e2-TCP-80");
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_404);
    world_set(w, APPGW, PROBE "match.statusCodes", "['404']");
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_OK);
    world_set(w, APPGW, PROBE "match.statusCodes", "['200-399']");
    world_add(w, world_health_route);
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_OK);
    assert_true(appgw_probe(w)->disagrees);                 /* the report still says Unhealthy */
    world_set(w, APPGW, PROBE "match.body", "ready");
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_UNKNOWN);
    world_set(w, APPGW, PROBE "match.body", "''");
    world_set(w, APPGW, SETTINGS "port", "8443");
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_TIMEOUT);       /* no load balancer rule for that port */
    world_set(w, APPGW, SETTINGS "port", "80");
    world_source(w, KIND_ENDPOINTSLICE, SOURCE_FORBIDDEN);
    assert_int_equal(appgw_probe(w)->predicted, PREDICT_UNKNOWN);
    world_free(w);
}

/* ---- health ------------------------------------------------------------------------------------------------------------ */

static void wire_words_of_health(void **state)
{
    (void)state;
    static const struct { const char *wire, *log; enum health health; } rows[] = {
        { "Healthy", "Success. Received 200 status code", HEALTH_UP }, { "Up", "''", HEALTH_UP },
        { "healthy", "''", HEALTH_UP }, { "Unhealthy", "''", HEALTH_DOWN }, { "Down", "''", HEALTH_DOWN },
        { "Partial", "''", HEALTH_PARTIAL }, { "Draining", "''", HEALTH_DRAINING }, { "Unknown", "''", HEALTH_UNKNOWN },
        { "Sideways", "''", HEALTH_UNKNOWN }, { "''", "''", HEALTH_UNKNOWN },
        { "Healthy", "Time taken by the backend to respond", HEALTH_DEGRADING },
    };
    struct world *w = world_reference();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_set(w, HEALTH, SERVER "health", rows[i].wire);
        world_set(w, HEALTH, SERVER "healthProbeLog", rows[i].log);
        if (world_topology(w)->backends.items[0].health != rows[i].health)
            fail_msg("%s is %s", rows[i].wire, health_name(world_topology(w)->backends.items[0].health));
    }
    world_free(w);
}

static void since_when_survives_a_new_topology(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct topology *first = topology_ref(world_topology(w));
    assert_int_equal(first->backends.items[0].since_wall_ms, 0);
    world_report_healthy(w);
    struct settings *settings = world_settings(w);
    struct topology *second = topology_build(world_snapshot(w), settings, first);
    assert_int_equal(second->backends.items[0].since_wall_ms, 1780000000000);
    struct topology *third = topology_build(world_snapshot(w), settings, second);
    assert_int_equal(third->backends.items[0].since_wall_ms, 1780000000000);
    topology_unref(first);
    topology_unref(second);
    topology_unref(third);
    world_free(w);
}

static void rows_without_a_report_and_reports_without_a_row(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_source(w, KIND_BACKENDHEALTH, SOURCE_FORBIDDEN);
    const struct topology *t = world_topology(w);
    assert_int_equal(t->backends.n, 1);
    assert_int_equal(t->backends.items[0].health, HEALTH_UNKNOWN);
    assert_int_equal(t->hops[HOP_APPGW].light, LIGHT_UNKNOWN);
    world_source(w, KIND_BACKENDHEALTH, SOURCE_LIVE);
    world_set(w, HEALTH, "backendAddressPools.0.backendHttpSettingsCollection.0.servers.1",
              "{address: 10.0.1.11, health: Healthy}");
    assert_int_equal(world_topology(w)->backends.n, 2);
    world_free(w);
}

/* ---- owners ------------------------------------------------------------------------------------------------------------- */

static void who_owns_the_traffic_policy(void **state)
{
    (void)state;
    struct world *w = world_reference();
    assert_int_equal(service(w)->owner, OWNER_ISTIO);
    assert_string_equal(service(w)->managed_by, "nobody");
    world_set(w, SERVICE, "metadata.managedFields",
              "[{manager: kubectl-patch, operation: Update, time: '2026-01-11T08:00:00Z', fieldsType: FieldsV1, "
              "fieldsV1: {'f:spec': {'f:externalTrafficPolicy': {}}}}]");
    assert_int_equal(service(w)->owner, OWNER_ISTIO);
    assert_string_equal(service(w)->managed_by, "kubectl-patch");
    world_set(w, SERVICE, "metadata.managedFields.0.manager", "istio.io/gateway-controller");
    world_set(w, SERVICE, "metadata.managedFields.0.operation", "Apply");
    assert_int_equal(service(w)->owner, OWNER_OVERLAY);
    world_set(w, SERVICE, "metadata.managedFields", "[]");
    world_set(w, GATEWAY, "spec.infrastructure.parametersRef", "{group: '', kind: ConfigMap, name: options}");
    world_add(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: options, namespace: istio-ingress}\n"
                 "data: {service: 'spec: {externalTrafficPolicy: Cluster}'}\n");
    assert_int_equal(service(w)->owner, OWNER_OVERLAY);
    assert_string_equal(service(w)->overlay, "istio-ingress/options");
    world_set(w, "ConfigMap/istio-ingress/options", "data.service", "'metadata: {labels: {a: b}}'");
    assert_int_equal(service(w)->owner, OWNER_ISTIO);
    assert_string_equal(service(w)->overlay, "istio-ingress/options");
    world_set(w, GATEWAY, "spec.gatewayClassName", "approuting-istio");
    assert_int_equal(service(w)->owner, OWNER_AKS_ADDON);
    world_set(w, GATEWAY, "spec.gatewayClassName", "istio");
    world_add(w, "apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-system}\n");
    assert_int_equal(service(w)->owner, OWNER_ISTIO);       /* never by the name istio-system */
    world_add(w, "apiVersion: v1\nkind: Namespace\nmetadata: {name: aks-istio-system}\n");
    assert_int_equal(service(w)->owner, OWNER_AKS_ADDON);
    world_free(w);
}

/* ---- tenants -------------------------------------------------------------------------------------------------------------- */

static const char *tenant(struct world *w, const char *namespace, const char *labels, const char *annotations)
{
    static char got[100];
    char yaml[900];
    str_format(yaml, sizeof yaml, "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: %s, annotations: %s}\n---\n"
               "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: t, namespace: %s}\n"
               "spec: {parentRefs: [{name: mtkc-gateway, namespace: istio-ingress}], rules: [{}]}\n",
               namespace, labels, annotations, namespace);
    world_add(w, yaml);
    const struct topology *t = world_topology(w);
    str_copy(got, sizeof got, "?");
    for (size_t i = 0; i < t->n_routes; i++)
        if (str_eq(t->routes[i].object->object.name, "t") && str_eq(t->routes[i].object->object.namespace, namespace))
            str_copy(got, sizeof got, t->routes[i].tenant);
    return got;
}

static void tenants_by_label_annotation_and_namespace(void **state)
{
    (void)state;
    struct world *w = world_reference();
    assert_string_equal(tenant(w, "a1", "{capsule.clastix.io/tenant: birch}", "{}"), "birch");
    assert_string_equal(tenant(w, "a2", "{tenant: oak}", "{}"), "oak");
    assert_string_equal(tenant(w, "a3", "{capsule.clastix.io/tenant: birch, tenant: oak}", "{}"), "birch");
    assert_string_equal(tenant(w, "kube-system", "{tenant: oak}", "{}"), "platform");
    const struct topology *t = world_topology(w);
    assert_string_equal(t->tenants.items[t->tenants.n - 1].name, "platform");
    for (size_t i = 0; i < t->tenants.n; i++)       /* routes of a tenant lie together, and are all its own */
        for (size_t k = 0; k < t->tenants.items[i].n_routes; k++)
            assert_string_equal(t->tenants.items[i].routes[k].tenant, t->tenants.items[i].name);
    world_set(w, "HTTPRoute/a2/t", "metadata.labels", "{tenant: own}");
    struct arena arena = { 0 };
    const struct route *r = (const struct route *)world_object(w, KIND_HTTPROUTE, "a2", "t");
    struct settings *s = world_settings(w);
    struct tenancy_source sources[] = {
        { .kind = TENANCY_ROUTE_LABEL, .value = (char[]){ "tenant" } },
        { .kind = TENANCY_NAMESPACE_ANNOTATION, .value = (char[]){ "project" }, .cut_after_colon = true },
        { .kind = TENANCY_NAMESPACE_REGEX, .value = (char[]){ "^team-([a-z]+)-" }, .group = 1 },
    };
    struct tenancy kept = s->tenancy;
    s->tenancy.sources = sources;
    s->tenancy.n_sources = 3;
    r = (const struct route *)world_object(w, KIND_HTTPROUTE, "a2", "t");
    assert_string_equal(tenancy_of(s, world_snapshot(w), r, &arena), "own");
    s->tenancy = kept;
    s->tenancy.sources = sources;
    s->tenancy.n_sources = 3;
    assert_string_equal(tenant(w, "x9", "{}", "{project: 'c-1:p-7'}"), "p-7");
    assert_string_equal(tenant(w, "team-pay-web", "{}", "{}"), "pay");
    assert_string_equal(tenant(w, "loner", "{}", "{}"), s->tenancy.unknown);
    world_settings(w)->tenancy = kept;
    arena_free(&arena);
    world_free(w);
}

/* ---- what if ------------------------------------------------------------------------------------------------------------------ */

static const struct object *decode_yaml(const char *yaml)
{
    struct yaml_doc *docs;
    size_t n;
    struct error err = { 0 };
    assert_true(yaml_parse(yaml, strlen(yaml), "what if", &docs, &n, &err));
    const char *kind = json_string_value(json_object_get(docs[0].root, "kind"));
    const struct object *o = object_decode(kind_by_name(kind), docs[0].root, &err);
    assert_non_null(o);
    yaml_docs_free(docs, n);
    return o;
}

static void the_world_after_the_fixes(void **state)
{
    (void)state;
    struct world *w = world_reference();
    const struct topology *t = world_topology(w);
    const struct object *route = decode_yaml(world_health_route);
    struct settings *settings = NULL;
    struct topology *other = topology_what_if(t, settings ? settings : &(struct settings){ 0 }, &route, 1);
    for (size_t i = 0; i < other->probes.n; i++)
        if (other->probes.items[i].prober == PROBER_APPGW) {
            assert_int_equal(other->probes.items[i].answer.status, 200);
            assert_int_equal(other->probes.items[i].predicted, PREDICT_TIMEOUT);    /* the other fault is still there */
            assert_null(other->probes.items[i].reported);
        }
    topology_unref(other);
    world_apply_local(w);
    t = world_topology(w);
    other = topology_what_if(t, &(struct settings){ 0 }, &route, 1);
    bool seen = false;
    for (size_t i = 0; i < other->probes.n; i++)
        if (other->probes.items[i].prober == PROBER_APPGW) {
            assert_int_equal(other->probes.items[i].predicted, PREDICT_OK);
            seen = true;
        }
    assert_true(seen);
    topology_unref(other);
    object_unref(route);
    world_free(w);
}

static void an_empty_world_has_nothing_and_says_so(void **state)
{
    (void)state;
    struct world *w = world_new();
    const struct topology *t = world_topology(w);
    for (int i = HOP_LB; i < HOP_COUNT; i++)
        assert_true(t->hops[i].light == LIGHT_ABSENT || t->hops[i].light == LIGHT_UNKNOWN);
    assert_int_equal(world_findings(w)->n, 0);
    for (int i = 0; i < KIND_COUNT; i++)
        world_source(w, (enum kind_id)i, SOURCE_PENDING);
    t = world_topology(w);
    for (int i = 0; i < HOP_COUNT; i++)
        assert_int_equal(t->hops[i].light, LIGHT_UNKNOWN);
    assert_int_equal(world_findings(w)->n, 0);
    assert_true(world_findings(w)->unknown.n > 0);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_joins_from_end_to_end),
        cmocka_unit_test(a_healthy_world_is_green_and_without_findings),
        cmocka_unit_test(services_are_found_by_label_owner_hostname_or_address),
        cmocka_unit_test(load_balancer_names_follow_the_uid),
        cmocka_unit_test(an_address_that_nobody_holds_joins_nothing),
        cmocka_unit_test(what_application_gateway_really_sends),
        cmocka_unit_test(a_probe_that_is_switched_off_leaves_the_default),
        cmocka_unit_test(a_probe_for_a_connection_asks_no_route),
        cmocka_unit_test(another_controller_is_not_istio),
        cmocka_unit_test(predictions_follow_the_path),
        cmocka_unit_test(wire_words_of_health),
        cmocka_unit_test(since_when_survives_a_new_topology),
        cmocka_unit_test(rows_without_a_report_and_reports_without_a_row),
        cmocka_unit_test(who_owns_the_traffic_policy),
        cmocka_unit_test(tenants_by_label_annotation_and_namespace),
        cmocka_unit_test(the_world_after_the_fixes),
        cmocka_unit_test(an_empty_world_has_nothing_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
