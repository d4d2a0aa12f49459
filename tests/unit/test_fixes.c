/* The plans of both fixes over small worlds: docs/fixes.md, kubernetes.md 5.1, 5.2, 6.3, 6.4, 7.4, azure.md 1.1 and 4.5. */
#include "../../src/fix/fix.h"
#include "world.h"

#include <string.h>

#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define GATEWAY "Gateway/istio-ingress/mtkc-gateway"
#define RESPONDER "Service/gateway-health/health-responder"
#define APPGW "ApplicationGateway/appgw-mtkc-poc"
#define SLICE "EndpointSlice/istio-ingress/mtkc-gateway-istio-abcde"
#define PORT_80(key) "metadata.annotations.[service.beta.kubernetes.io/port_80_health-probe_" key "]"

extern const struct fix fix_health_route, fix_traffic_policy;

/* A plan of the fix, or NULL with the error. */
static struct plan *try_plan(struct world *w, const struct fix *fix, const char *choice, struct error *err)
{
    const char *choices[] = { choice };
    const struct fix_request request = {
        .fix = fix->name, .choices = { .items = choices, .n = choice ? 1 : 0 },
    };
    struct settings *settings = world_settings(w);
    struct topology *topology = world_topology(w);
    const struct findings *findings = world_findings(w);
    struct plan *plan = plan_begin(&request, topology, settings);
    if (fix->plan(topology, findings, settings, &request, plan, err))
        return plan;
    plan_unref(plan);
    return NULL;
}

static struct plan *make_plan(struct world *w, const struct fix *fix, const char *choice)
{
    struct error err = { 0 };
    struct plan *plan = try_plan(w, fix, choice, &err);
    if (!plan)
        fail_msg("%s: %s", fix->name, err.message);
    return plan;
}

static const struct plan_change *change_of(const struct plan *plan, const char *kind)
{
    for (size_t i = 0; i < plan->n_changes; i++)
        if (str_eq(plan->changes[i].kind, kind))
            return &plan->changes[i];
    return NULL;
}

static json_t *body_of(const struct plan *plan, const char *kind)
{
    const struct plan_change *change = change_of(plan, kind);
    if (!change)
        fail_msg("the plan has no %s", kind);
    json_t *body = json_loads(change->body, 0, NULL);
    assert_non_null(body);
    return body;
}

/* "spec.rules.0.backendRefs.0.port" in a body; borrowed. */
static const json_t *at(const json_t *json, const char *path)
{
    char key[100];
    while (json && *path) {
        const size_t n = strcspn(path, ".");
        str_format(key, sizeof key, "%.*s", (int)n, path);
        path += n + (path[n] == '.');
        int64_t i;
        json = json_is_array(json) && str_to_int(key, 0, 100, &i) ? json_array_get(json, (size_t)i) : json_object_get(json, key);
    }
    return json;
}

static const char *text_at(const json_t *json, const char *path)
{
    return str_or(json_string_value(at(json, path)), "(none)");
}

static bool costs_say(const struct plan *plan, enum severity severity, const char *words)
{
    for (size_t i = 0; i < plan->n_costs; i++)
        if (plan->costs[i].severity == severity && strstr(plan->costs[i].text, words))
            return true;
    return false;
}

static const struct plan_choice *choice_of(const struct plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->n_choices; i++)
        if (str_eq(plan->choices[i].id, id))
            return &plan->choices[i];
    return NULL;
}

static void expect_refusal(const struct plan *plan, const char *words)
{
    if (!plan->refusal || !strstr(plan->refusal, words))
        fail_msg("refusal is \"%s\", not of \"%s\"", str_or(plan->refusal, "(none)"), words);
}

/* ---- health-route --------------------------------------------------------------------------------------------------------- */

/* The article says 8080, its Service listens on 80 and targets 8080: a backendRef names the Service's port. */
static void port_is_the_services_not_the_containers(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_null(plan->refusal);
    assert_int_equal(plan->n_changes, 1);
    assert_int_equal(json_integer_value(at(body, "spec.rules.0.backendRefs.0.port")), 80);
    assert_string_equal(text_at(body, "spec.rules.0.backendRefs.0.name"), "health-responder");
    assert_string_equal(text_at(body, "spec.rules.0.matches.0.path.type"), "Exact");
    assert_string_equal(text_at(body, "spec.rules.0.matches.0.path.value"), "/healthz/ready");
    assert_string_equal(text_at(body, "metadata.namespace"), "gateway-health");
    assert_string_equal(json_string_value(json_object_get(at(body, "metadata.labels"), "app.kubernetes.io/managed-by")),
                        "gatewatch");
    assert_string_equal(change_of(plan, "HTTPRoute")->verb, "apply");
    json_decref(body);
    plan_unref(plan);
    world_set(w, RESPONDER, "spec.ports.0.port", "8081");
    plan = make_plan(w, &fix_health_route, NULL);
    body = body_of(plan, "HTTPRoute");
    assert_int_equal(json_integer_value(at(body, "spec.rules.0.backendRefs.0.port")), 8081);
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static void a_host_that_nobody_owns_needs_no_hostname(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_null(at(body, "spec.hostnames"));
    assert_string_equal(text_at(body, "spec.parentRefs.0.sectionName"), "http");
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

/* Envoy picks one virtual host and never falls back: our route must join the one that takes the probe's Host today. */
static void joins_the_virtual_host_of_the_probe(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, APPGW, "properties.probes.0.properties.pickHostNameFromBackendHttpSettings", "false");
    world_set(w, APPGW, "properties.probes.0.properties.host", "probe.apps.example.com");
    world_set(w, "HTTPRoute/sample-apps/app1-route", "spec.hostnames", "['*.example.com', '*.apps.example.com']");
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_int_equal(json_array_size(at(body, "spec.hostnames")), 1);
    assert_string_equal(text_at(body, "spec.hostnames.0"), "*.apps.example.com");
    assert_true(costs_say(plan, SEVERITY_INFO, "*.apps.example.com"));
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static void a_namespace_that_the_listener_does_not_let_in(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, GATEWAY, "spec.listeners.0.allowedRoutes.namespaces.from", "Same");
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    expect_refusal(plan, "Listener http");
    expect_refusal(plan, "gateway-health");
    expect_refusal(plan, "Same");
    plan_unref(plan);
    world_free(w);
}

/* The probe goes to port 80 only: what listener https allows does not matter. */
static void a_listener_that_the_probe_does_not_meet(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, GATEWAY, "spec.listeners.1.allowedRoutes.namespaces.from", "Same");
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    assert_null(plan->refusal);
    plan_unref(plan);
    world_free(w);
}

/* Exact beats every prefix: a route of ours for a path that a tenant's route takes would take its users along. */
static void a_path_that_another_route_answers_is_left_to_it(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, world_health_route);
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    expect_refusal(plan, "gateway-health/health-route");
    expect_refusal(plan, "/healthz/ready");
    plan_unref(plan);
    world_set(w, "HTTPRoute/gateway-health/health-route", "metadata.labels", "{app.kubernetes.io/managed-by: gatewatch}");
    plan = make_plan(w, &fix_health_route, NULL);
    assert_null(plan->refusal);
    plan_unref(plan);
    world_free(w);
}

static void a_query_is_no_part_of_the_path(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, APPGW, "properties.probes.0.properties.path", "'/healthz/ready?from=appgw'");
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_string_equal(text_at(body, "spec.rules.0.matches.0.path.value"), "/healthz/ready");
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

/* A GRPCRoute's hostname makes a virtual host like any other. */
static void joins_the_virtual_host_that_a_grpcroute_made(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\n"
                 "metadata: {name: calls, namespace: sample-apps}\n"
                 "spec:\n  parentRefs: [{name: mtkc-gateway, namespace: istio-ingress}]\n"
                 "  hostnames: ['*.example.com']\n"
                 "  rules: [{matches: [{method: {service: a.B}}], backendRefs: [{name: app1, port: 80}]}]\n");
    world_set(w, APPGW, "properties.probes.0.properties.pickHostNameFromBackendHttpSettings", "false");
    world_set(w, APPGW, "properties.probes.0.properties.host", "probe.example.com");
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_string_equal(text_at(body, "spec.hostnames.0"), "*.example.com");
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static void a_probe_that_no_listener_takes_is_not_helped(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct error err = { 0 };
    world_set(w, GATEWAY, "spec.listeners.0.protocol", "HTTPS");
    assert_null(try_plan(w, &fix_health_route, NULL, &err));
    assert_int_equal(err.code, ERR_REFUSED);
    assert_non_null(strstr(err.message, "listener"));
    world_free(w);
}

/* The name is taken by a Service that cannot answer: nothing to choose, nothing to make. */
static void a_responder_without_a_port_is_said(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct error err = { 0 };
    world_set(w, RESPONDER, "spec.ports", "[]");
    assert_null(try_plan(w, &fix_health_route, NULL, &err));
    assert_int_equal(err.code, ERR_REFUSED);
    assert_non_null(strstr(err.message, "gateway-health/health-responder"));
    assert_true(*err.remedy != '\0');
    world_set(w, RESPONDER, "spec.ports", "[{name: https, port: 443}, {name: http, port: 80}]");
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_int_equal(json_integer_value(at(body, "spec.rules.0.backendRefs.0.port")), 80);
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static void a_settings_without_probe_means_the_default_one(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, APPGW, "properties.backendHttpSettingsCollection.0.properties.probe", NULL);
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_string_equal(text_at(body, "spec.rules.0.matches.0.path.type"), "Exact");
    assert_string_equal(text_at(body, "spec.rules.0.matches.0.path.value"), "/");
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static const char other_responder[] =
    "apiVersion: v1\n"
    "kind: Service\n"
    "metadata: {name: ok, namespace: sample-apps, labels: {app: health-responder}}\n"
    "spec: {type: ClusterIP, ports: [{name: metrics, port: 9090}, {name: http, port: 8088, targetPort: 8080}]}\n"
    "---\n"
    "apiVersion: discovery.k8s.io/v1\n"
    "kind: EndpointSlice\n"
    "metadata: {name: ok-1, namespace: sample-apps, labels: {kubernetes.io/service-name: ok}}\n"
    "addressType: IPv4\n"
    "ports: [{name: http, port: 8080}]\n"
    "endpoints: [{addresses: [10.244.0.41], conditions: {ready: true}}]\n";

static void responder_by_label(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_remove(w, RESPONDER);
    world_add(w, other_responder);
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_string_equal(text_at(body, "metadata.namespace"), "sample-apps");
    assert_string_equal(text_at(body, "spec.rules.0.backendRefs.0.name"), "ok");
    assert_int_equal(json_integer_value(at(body, "spec.rules.0.backendRefs.0.port")), 8088);
    assert_true(costs_say(plan, SEVERITY_WARNING, "one ready endpoint"));
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static void responder_by_choice(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, other_responder);
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    json_t *body = body_of(plan, "HTTPRoute");
    assert_string_equal(text_at(body, "spec.rules.0.backendRefs.0.name"), "health-responder");      /* the configured one */
    json_decref(body);
    plan_unref(plan);
    plan = make_plan(w, &fix_health_route, "responder=sample-apps/ok");
    body = body_of(plan, "HTTPRoute");
    assert_string_equal(text_at(body, "spec.rules.0.backendRefs.0.name"), "ok");
    assert_true(choice_of(plan, "sample-apps/ok")->selected);
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static void responder_is_made_where_there_is_none(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_remove(w, RESPONDER);
    world_remove(w, "Namespace/gateway-health");
    struct plan *plan = make_plan(w, &fix_health_route, NULL);
    static const char *const order[] = { "Namespace", "Deployment", "Service", "HTTPRoute" };
    assert_int_equal(plan->n_changes, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(plan->changes[i].kind, order[i]);
    json_t *body = body_of(plan, "Deployment");
    assert_int_equal(json_integer_value(at(body, "spec.replicas")), 2);
    assert_non_null(at(body, "spec.template.spec.containers.0.resources.limits"));
    json_decref(body);
    plan_unref(plan);
    world_add(w, "apiVersion: v1\nkind: Namespace\nmetadata: {name: gateway-health}\n");
    plan = make_plan(w, &fix_health_route, NULL);
    assert_null(change_of(plan, "Namespace"));
    assert_non_null(change_of(plan, "Deployment"));
    plan_unref(plan);
    world_free(w);
}

static void an_unknown_choice_is_refused_by_name(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct error err = { 0 };
    assert_null(try_plan(w, &fix_health_route, "responder2=x", &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.message, "responder2=x"));
    assert_non_null(strstr(err.remedy, "responder=gateway-health/health-responder"));
    assert_null(try_plan(w, &fix_traffic_policy, "way=magic", &err));
    assert_non_null(strstr(err.message, "way=magic"));
    world_free(w);
}

/* ---- traffic-policy ------------------------------------------------------------------------------------------------------ */

static void a_plain_service_is_patched_and_the_overlay_offered(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct plan *plan = make_plan(w, &fix_traffic_policy, NULL);
    json_t *body = body_of(plan, "Service");
    assert_null(plan->refusal);
    assert_int_equal(plan->n_changes, 1);
    assert_string_equal(plan->changes[0].verb, "patch");
    assert_string_equal(text_at(body, "spec.externalTrafficPolicy"), "Local");
    assert_int_equal(json_object_size(body), 1);
    assert_int_equal(json_object_size(at(body, "spec")), 1);    /* and nothing else */
    assert_true(choice_of(plan, "patch")->selected && choice_of(plan, "overlay")->allowed);
    json_decref(body);
    plan_unref(plan);
    plan = make_plan(w, &fix_traffic_policy, "way=overlay");
    assert_null(change_of(plan, "Service"));
    body = body_of(plan, "ConfigMap");
    assert_string_equal(text_at(body, "data.service"), "spec:\n  externalTrafficPolicy: Local\n");
    json_decref(body);
    body = body_of(plan, "Gateway");
    assert_string_equal(text_at(body, "spec.infrastructure.parametersRef.kind"), "ConfigMap");
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static void nodes_and_budgets_are_counted(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct plan *plan = make_plan(w, &fix_traffic_policy, NULL);
    assert_true(costs_say(plan, SEVERITY_INFO, "1 of 3 nodes"));
    assert_true(costs_say(plan, SEVERITY_INFO, "aks-np1-2"));
    assert_true(costs_say(plan, SEVERITY_WARNING, "PodDisruptionBudget"));
    assert_false(costs_say(plan, SEVERITY_CRITICAL, ""));
    plan_unref(plan);
    world_add(w, "apiVersion: policy/v1\nkind: PodDisruptionBudget\n"
                 "metadata: {name: gw, namespace: istio-ingress}\n"
                 "spec: {minAvailable: 1, selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: mtkc-gateway}}}\n");
    plan = make_plan(w, &fix_traffic_policy, NULL);
    assert_false(costs_say(plan, SEVERITY_WARNING, "PodDisruptionBudget"));
    plan_unref(plan);
    world_free(w);
}

static void all_pods_on_one_node_is_the_dear_case(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, SLICE, "endpoints.1", NULL);
    struct plan *plan = make_plan(w, &fix_traffic_policy, NULL);
    assert_true(costs_say(plan, SEVERITY_CRITICAL, "one node"));
    assert_null(plan->refusal);
    plan_unref(plan);
    world_set(w, SLICE, "endpoints", "[]");
    plan = make_plan(w, &fix_traffic_policy, NULL);
    expect_refusal(plan, "No node has a ready gateway pod");
    plan_unref(plan);
    world_free(w);
}

static void refused_where_it_has_no_effect(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Local");
    struct plan *plan = make_plan(w, &fix_traffic_policy, NULL);
    expect_refusal(plan, "Local already");
    plan_unref(plan);
    world_free(w);
    w = world_reference();
    world_set(w, SERVICE, "spec.type", "ClusterIP");
    plan = make_plan(w, &fix_traffic_policy, NULL);
    expect_refusal(plan, "ClusterIP");
    plan_unref(plan);
    world_free(w);
}

/* azure.md 4.3: the port annotation beats Local. */
static void an_annotation_that_defeats_is_named(void **state)
{
    (void)state;
    struct world *w = world_reference();
    struct error err = { 0 };
    world_set(w, SERVICE, PORT_80("port"), "'15021'");
    world_set(w, SERVICE, PORT_80("request-path"), "/nobody");
    struct plan *plan = make_plan(w, &fix_traffic_policy, NULL);
    assert_true(costs_say(plan, SEVERITY_WARNING, "port_80_health-probe_port"));
    assert_false(choice_of(plan, "patch")->allowed);
    assert_non_null(strstr(choice_of(plan, "patch")->why_not, "port_80_health-probe_port"));
    assert_true(choice_of(plan, "overlay")->selected);
    json_t *body = body_of(plan, "ConfigMap");
    assert_non_null(strstr(text_at(body, "data.service"), "port_80_health-probe_port: null"));
    assert_non_null(strstr(text_at(body, "data.service"), "port_80_health-probe_request-path: null"));
    json_decref(body);
    plan_unref(plan);
    assert_null(try_plan(w, &fix_traffic_policy, "way=patch", &err));
    assert_non_null(strstr(err.message, "port_80_health-probe_port"));
    world_free(w);
}

/* azure.md 0.10: on the add-ons' gateways a bare Service patch is the wrong fix. */
static void an_addon_gets_only_the_overlay(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: approuting-istio}\n"
                 "spec: {controllerName: istio.io/gateway-controller}\n");
    world_set(w, GATEWAY, "spec.gatewayClassName", "approuting-istio");
    world_set(w, SERVICE, "metadata.labels.[gateway.networking.k8s.io/gateway-class-name]", "approuting-istio");
    world_set(w, SERVICE, PORT_80("port"), "'15021'");
    world_set(w, SERVICE, PORT_80("protocol"), "http");
    world_set(w, SERVICE, PORT_80("request-path"), "/healthz/ready");
    struct plan *plan = make_plan(w, &fix_traffic_policy, NULL);
    assert_non_null(strstr(str_or(choice_of(plan, "patch")->why_not, ""), "add-on"));
    assert_null(change_of(plan, "Service"));
    json_t *body = body_of(plan, "ConfigMap");
    static const char *const nulled[] = { "_port: null", "_protocol: null", "_request-path: null", "externalTrafficPolicy: Local" };
    for (size_t i = 0; i < 4; i++)
        if (!strstr(text_at(body, "data.service"), nulled[i]))
            fail_msg("%s is not in:\n%s", nulled[i], text_at(body, "data.service"));
    json_decref(body);
    plan_unref(plan);
    world_free(w);
}

static void an_overlay_that_is_there_keeps_the_rest(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: options, namespace: istio-ingress}\n"
                 "data:\n  deployment: |\n    spec: {replicas: 3}\n"
                 "  service: |\n    metadata: {labels: {team: edge}}\n    spec: {internalTrafficPolicy: Local}\n");
    world_set(w, GATEWAY, "spec.infrastructure.parametersRef", "{group: '', kind: ConfigMap, name: options}");
    struct plan *plan = make_plan(w, &fix_traffic_policy, "way=overlay");
    assert_null(change_of(plan, "Gateway"));
    json_t *body = body_of(plan, "ConfigMap");
    assert_string_equal(change_of(plan, "ConfigMap")->verb, "patch");
    assert_int_equal(json_object_size(at(body, "data")), 1);    /* a merge patch: the other keys are not spoken of */
    const char *text = text_at(body, "data.service");
    assert_non_null(strstr(text, "team: edge"));
    assert_non_null(strstr(text, "internalTrafficPolicy: Local"));
    assert_non_null(strstr(text, "externalTrafficPolicy: Local"));
    json_decref(body);
    plan_unref(plan);
    world_set(w, "ConfigMap/istio-ingress/options", "data.service", "'just: [broken'");
    plan = make_plan(w, &fix_traffic_policy, "way=overlay");
    expect_refusal(plan, "options");
    plan_unref(plan);
    world_remove(w, "ConfigMap/istio-ingress/options");
    plan = make_plan(w, &fix_traffic_policy, "way=overlay");
    expect_refusal(plan, "options");
    plan_unref(plan);
    world_free(w);
}

/* azure.md 4.5: kube-proxy's health port rejects PROXY protocol, and every node would leave the rotation. */
static void refused_behind_a_private_link_with_proxy_protocol(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_set(w, SERVICE, "metadata.annotations.[service.beta.kubernetes.io/azure-pls-create]", "'true'");
    struct plan *plan = make_plan(w, &fix_traffic_policy, NULL);
    assert_null(plan->refusal);
    assert_true(costs_say(plan, SEVERITY_WARNING, "private link"));
    plan_unref(plan);
    world_set(w, SERVICE, "metadata.annotations.[service.beta.kubernetes.io/azure-pls-proxy-protocol]", "'true'");
    plan = make_plan(w, &fix_traffic_policy, NULL);
    expect_refusal(plan, "PROXY protocol");
    plan_unref(plan);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_is_the_services_not_the_containers),
        cmocka_unit_test(a_host_that_nobody_owns_needs_no_hostname),
        cmocka_unit_test(joins_the_virtual_host_of_the_probe),
        cmocka_unit_test(a_namespace_that_the_listener_does_not_let_in),
        cmocka_unit_test(a_listener_that_the_probe_does_not_meet),
        cmocka_unit_test(a_path_that_another_route_answers_is_left_to_it),
        cmocka_unit_test(a_query_is_no_part_of_the_path),
        cmocka_unit_test(joins_the_virtual_host_that_a_grpcroute_made),
        cmocka_unit_test(a_probe_that_no_listener_takes_is_not_helped),
        cmocka_unit_test(a_responder_without_a_port_is_said),
        cmocka_unit_test(refused_behind_a_private_link_with_proxy_protocol),
        cmocka_unit_test(a_settings_without_probe_means_the_default_one),
        cmocka_unit_test(responder_by_label),
        cmocka_unit_test(responder_by_choice),
        cmocka_unit_test(responder_is_made_where_there_is_none),
        cmocka_unit_test(an_unknown_choice_is_refused_by_name),
        cmocka_unit_test(a_plain_service_is_patched_and_the_overlay_offered),
        cmocka_unit_test(nodes_and_budgets_are_counted),
        cmocka_unit_test(all_pods_on_one_node_is_the_dear_case),
        cmocka_unit_test(refused_where_it_has_no_effect),
        cmocka_unit_test(an_annotation_that_defeats_is_named),
        cmocka_unit_test(an_addon_gets_only_the_overlay),
        cmocka_unit_test(an_overlay_that_is_there_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
