/* The sources against the simulator, over real HTTPS with real credentials: what they read, what they do when it changes,
 * and when it fails. Skipped where the simulator is not built. */
#include "sim_process.h"

#include <gatewatch/source.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GATEWAY_ID "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mtkc-poc/providers/" \
    "Microsoft.Network/applicationGateways/appgw-mtkc-poc"

struct world {
    struct sim sim;
    struct loop *loop;
    struct http *http, *control;
    struct endpoint *door;
    struct store *store;
    struct settings settings;
    struct cloud cloud;
    struct kubeconfig *kubeconfig;
    struct kube_login *login;
    struct azure_auth *auth;
    struct kube_source *kube;
    struct arm_source *arm;
    int changes;
};

/* ---- the loop -------------------------------------------------------------------------------------------------------------- */

typedef bool until_fn(struct world *, const struct snapshot *);
struct wait {
    struct world *world;
    until_fn *until;
    int64_t end_ms;
    bool met;
};

static struct snapshot *snapshot_of(struct world *w)
{
    return store_snapshot(w->store, clock_wall_ms(), clock_mono_ms());
}

static void look(void *ctx)
{
    struct wait *wait = ctx;
    struct snapshot *snap = snapshot_of(wait->world);
    wait->met = wait->until(wait->world, snap);
    snapshot_unref(snap);
    if (wait->met || clock_mono_ms() > wait->end_ms)
        loop_stop(wait->world->loop);
    else
        loop_timer(wait->world->loop, 20, look, wait);
}

static void print_sources(struct world *w)
{
    struct snapshot *snap = snapshot_of(w);
    for (size_t i = 0; i < snap->n_sources; i++)
        print_message("  %s %s %zu %s\n", snap->sources[i].name, source_status_name(snap->sources[i].status),
                      snap->sources[i].objects, snap->sources[i].error.message);
    snapshot_unref(snap);
}

/* Runs the loop until it is so; a minute is long enough on any machine. */
static void wait_until(struct world *w, until_fn *until, const char *what)
{
    const char *slow = env_get("GATEWATCH_SLOW");
    int64_t factor = slow ? atoi(slow) : 1;
    struct wait wait = {.world = w, .until = until, .end_ms = clock_mono_ms() + 60000 * (factor > 1 ? factor : 1)};
    loop_timer(w->loop, 0, look, &wait);
    loop_run(w->loop);
    if (!wait.met) {
        print_sources(w);
        fail_msg("waited in vain for: %s", what);
    }
}

struct control { struct world *world; bool done; int status; char *body; };

static void on_control(void *ctx, const struct http_reply *reply)
{
    struct control *c = ctx;
    c->done = true;
    c->status = reply->status;
    c->body = xstrdup(reply->body);
    loop_stop(c->world->loop);
}

/* A word through the simulator's control door. */
static char *control(struct world *w, const char *method, const char *target, const char *body)
{
    struct control c = {.world = w};
    struct http_request request = {.to = w->door, .method = method, .target = target, .body = body,
                                   .body_len = body ? strlen(body) : 0, .intent = HTTP_WRITE, .timeout_ms = 20000};
    http_send(w->control, &request, NULL, on_control, &c);
    while (!c.done)
        loop_run(w->loop);
    if (c.status < 200 || c.status > 299)
        fail_msg("%s %s: %d %s", method, target, c.status, c.body);
    return c.body;
}

static void tell(struct world *w, const char *method, const char *target, const char *body)
{
    free(control(w, method, target, body));
}

/* How often the simulator was asked something with `text` in its path since it was told to forget. */
static int asked(struct world *w, const char *text)
{
    char *body = control(w, "GET", "/_sim/requests", NULL);
    int n = 0;
    for (const char *at = body; (at = strstr(at, text)); at++)
        n++;
    free(body);
    return n;
}

/* ---- worlds ------------------------------------------------------------------------------------------------------------------- */

static void on_change(void *ctx)
{
    ((struct world *)ctx)->changes++;
}

static void open_world(struct world *w, const char *scenario, const char *extra, const char *value)
{
    struct error err = {0};
    *w = (struct world){0};
    sim_start(&w->sim, scenario, extra, value);
    w->loop = loop_new();
    w->http = http_open(w->loop, &(struct http_options){.read_only = true, .user_agent = "gatewatch/test"}, &err);
    w->control = http_open(w->loop, &(struct http_options){.user_agent = "test"}, &err);
    w->door = endpoint_new(&(struct endpoint_spec){.base = w->sim.base, .ca_pem = w->sim.ca, .proxy = ""}, &err);
    w->store = store_new();
    FREE_AUTO char *ca = xasprintf("%s/ca.pem", w->sim.dir);
    w->cloud = (struct cloud){.name = xstrdup("lab"), .arm = xstrdup(w->sim.base), .authority = xstrdup(w->sim.base),
                              .audience = xstrdup(w->sim.base), .ca = xstrdup(ca)};
    static char lab[] = "lab", environment[] = "environment", responder[] = "health-responder";
    w->settings = (struct settings){.kubeconfig = w->sim.kubeconfig, .cloud_name = lab, .clouds = &w->cloud, .n_clouds = 1,
                                    .credential = environment, .refresh_s = 5, .timeout_s = 10};
    w->settings.responder.service = responder;
}

static struct source_context context_of(struct world *w)
{
    return (struct source_context){.loop = w->loop, .http = w->http, .store = w->store, .settings = &w->settings,
                                   .changed = on_change, .ctx = w};
}

static void start_kube(struct world *w, const char *context)
{
    struct error err = {0};
    struct source_context ctx = context_of(w);
    w->kubeconfig = kubeconfig_load(&w->settings, &err);
    if (!w->kubeconfig)
        fail_msg("%s", err.message);
    w->login = kube_login_open(w->loop, w->http, w->kubeconfig, context, NULL, NULL, NULL, &err);
    if (!w->login)
        fail_msg("%s", err.message);
    w->kube = kube_source_start(&ctx, w->login);
}

static void use_gateway(struct world *w, const char *id)
{
    static char copy[256];
    static char *ids[] = {copy};
    assert_true(str_copy(copy, sizeof copy, id));
    w->settings.app_gateways.items = ids;
    w->settings.app_gateways.n = 1;
}

static void start_arm(struct world *w, const char *client_id, const char *secret)
{
    struct error err = {0};
    struct source_context ctx = context_of(w);
    setenv("AZURE_TENANT_ID", "00000000-0000-0000-0000-0000000000e2", 1);
    setenv("AZURE_CLIENT_ID", client_id, 1);
    setenv("AZURE_CLIENT_SECRET", secret, 1);
    w->auth = azure_auth_open(w->loop, w->http, &w->settings, &err);
    if (!w->auth)
        fail_msg("%s", err.message);
    w->arm = arm_source_start(&ctx, w->auth, &err);
    if (!w->arm)
        fail_msg("%s", err.message);
}

static void close_world(struct world *w)
{
    arm_source_stop(w->arm);
    kube_source_stop(w->kube);
    kube_login_close(w->login);
    azure_auth_close(w->auth);
    kubeconfig_free(w->kubeconfig);
    http_close(w->http);
    http_close(w->control);
    endpoint_unref(w->door);
    store_free(w->store);
    loop_free(w->loop);
    free(w->cloud.name);
    free(w->cloud.arm);
    free(w->cloud.authority);
    free(w->cloud.audience);
    free(w->cloud.ca);
    sim_stop(&w->sim);
}

static const struct source_state *state_of(const struct snapshot *snap, const char *name)
{
    for (size_t i = 0; i < snap->n_sources; i++)
        if (str_eq(snap->sources[i].name, name))
            return &snap->sources[i];
    return NULL;
}

static bool has_status(const struct snapshot *snap, const char *name, enum source_status status)
{
    const struct source_state *state = state_of(snap, name);
    return state && state->status == status;
}

static bool kube_settled(struct world *w, const struct snapshot *snap)
{
    (void)snap;
    return kube_source_settled(w->kube);
}

/* ---- Kubernetes ----------------------------------------------------------------------------------------------------------------- */

static bool version_known(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return *snap->env.version != '\0';
}

static void everything_is_read(struct world *w)
{
    wait_until(w, kube_settled, "all lists");
    wait_until(w, version_known, "the version");
    struct snapshot *snap = snapshot_of(w);
    const struct gateway *g = (const struct gateway *)snapshot_find(snap, KIND_GATEWAY, "istio-ingress", "mtkc-gateway");
    assert_non_null(g);
    assert_int_equal(g->listeners.n, 2);
    assert_true(g->listeners.items[0].has_status);
    assert_true(str_starts(snap->env.version, "v1."));
    assert_non_null(snapshot_find(snap, KIND_SERVICE, "istio-ingress", "mtkc-gateway-istio"));
    assert_non_null(snapshot_find(snap, KIND_DEPLOYMENT, "gateway-health", "health-responder"));
    assert_non_null(snapshot_find(snap, KIND_DEPLOYMENT, "istio-ingress", "mtkc-gateway-istio"));
    assert_true(snap->objects[KIND_HTTPROUTE].n >= 2);
    assert_true(snap->objects[KIND_ENDPOINTSLICE].n >= 3);
    assert_int_equal(snap->objects[KIND_NODE].n, 3);
    assert_true(snap->objects[KIND_DAEMONSET].n >= 1);
    bool gateway_pod = false, tunnel = false;
    for (size_t i = 0; i < snap->objects[KIND_POD].n; i++) {
        const struct pod *p = (const struct pod *)snap->objects[KIND_POD].items[i];
        gateway_pod |= str_starts(p->object.name, "mtkc-gateway-istio") && !p->metadata_only && *p->node;
        tunnel |= str_starts(p->object.name, "ztunnel") && !p->metadata_only;
    }
    assert_true(gateway_pod);
    assert_true(tunnel);
    for (size_t i = 0; i < snap->n_sources; i++) {
        enum source_status status = snap->sources[i].status;
        if (status != SOURCE_LIVE && status != SOURCE_ABSENT)
            fail_msg("%s is %s: %s", snap->sources[i].name, source_status_name(status), snap->sources[i].error.message);
    }
    assert_true(snapshot_knows(snap, KIND_POD));
    assert_string_equal(kube_source_version(w->kube, &kind_httproute), "v1");
    FREE_AUTO char *path = kube_path(w->kube, &kind_httproute, "a b", "n/m");
    assert_string_equal(path, "/apis/gateway.networking.k8s.io/v1/namespaces/a%20b/httproutes/n%2Fm");
    snapshot_unref(snap);
}

static const char service_path[] = "/api/v1/namespaces/istio-ingress/services/mtkc-gateway-istio";

struct caller { struct world *world; bool done; int status; char body[8192]; };

static void on_call(void *ctx, const struct http_reply *reply)
{
    struct caller *c = ctx;
    c->done = true;
    c->status = reply->status;
    str_copy(c->body, sizeof c->body, reply->body);
    loop_stop(c->world->loop);
}

/* A change by a second hand: its own connection, its own credential (the platform engineer's token). */
static void change(struct world *w, const char *method, const char *path, const char *type, const char *body)
{
    struct http *mine = w->http;
    struct caller c = {.world = w};
    w->http = w->control;
    struct error err = {0};
    struct source_context ctx = context_of(w);
    struct kubeconfig *config = kubeconfig_load(&w->settings, &err);
    struct kube_login *login = kube_login_open(w->loop, w->control, config, "platform-engineer", NULL, NULL, NULL, &err);
    struct store *aside = store_new();
    ctx.http = w->control;
    ctx.store = aside;
    ctx.changed = NULL;
    struct kube_source *hand = kube_source_start(&ctx, login);
    struct kube_call call = {.method = method, .path = path, .content_type = type, .body = body, .intent = HTTP_WRITE};
    kube_call(hand, &call, on_call, &c);
    while (!c.done)
        loop_run(w->loop);
    if (c.status < 200 || c.status > 299)
        fail_msg("%s %s: %d %s", method, path, c.status, c.body);
    kube_source_stop(hand);
    kube_login_close(login);
    kubeconfig_free(config);
    store_free(aside);
    w->http = mine;
}

static bool policy_is_local(struct world *w, const struct snapshot *snap)
{
    (void)w;
    const struct service *s = (const struct service *)snapshot_find(snap, KIND_SERVICE, "istio-ingress", "mtkc-gateway-istio");
    return s && str_eq(s->external_traffic_policy, "Local") && s->health_check_node_port > 0;
}

static bool policy_is_cluster(struct world *w, const struct snapshot *snap)
{
    (void)w;
    const struct service *s = (const struct service *)snapshot_find(snap, KIND_SERVICE, "istio-ingress", "mtkc-gateway-istio");
    return s && str_eq(s->external_traffic_policy, "Cluster");
}

static void a_change_comes_by_watch(struct world *w)
{
    int before = w->changes;
    change(w, "PATCH", service_path, "application/merge-patch+json", "{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}");
    wait_until(w, policy_is_local, "the patched Service");
    assert_true(w->changes > before);
}

static bool route_is_there(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return snapshot_find(snap, KIND_CONFIGMAP, "istio-ingress", "gw-options") != NULL;
}

static bool route_is_gone(struct world *w, const struct snapshot *snap)
{
    return !route_is_there(w, snap);
}

static bool configmap_source_is_gone(struct world *w, const struct snapshot *snap)
{
    return route_is_gone(w, snap) && !state_of(snap, "configmap istio-ingress/gw-options");
}

static void overlay_configmaps_come_and_go(struct world *w)
{
    change(w, "POST", "/api/v1/namespaces/istio-ingress/configmaps", "application/json",
           "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"gw-options\"},\"data\":{\"service\":\"a: 1\"}}");
    change(w, "PATCH", "/apis/gateway.networking.k8s.io/v1/namespaces/istio-ingress/gateways/mtkc-gateway",
           "application/merge-patch+json",
           "{\"spec\":{\"infrastructure\":{\"parametersRef\":{\"group\":\"\",\"kind\":\"ConfigMap\",\"name\":\"gw-options\"}}}}");
    wait_until(w, route_is_there, "the ConfigMap that the Gateway names");
    change(w, "DELETE", "/api/v1/namespaces/istio-ingress/configmaps/gw-options", NULL, NULL);
    wait_until(w, route_is_gone, "the ConfigMap to be deleted");
    change(w, "PATCH", "/apis/gateway.networking.k8s.io/v1/namespaces/istio-ingress/gateways/mtkc-gateway",
           "application/merge-patch+json", "{\"spec\":{\"infrastructure\":{\"parametersRef\":null}}}");
    wait_until(w, configmap_source_is_gone, "the ConfigMap's source to go");
}

static bool all_live(struct world *w, const struct snapshot *snap)
{
    (void)w;
    for (size_t i = 0; i < snap->n_sources; i++)
        if (snap->sources[i].origin == ORIGIN_KUBERNETES && snap->sources[i].status != SOURCE_LIVE &&
            snap->sources[i].status != SOURCE_ABSENT)
            return false;
    return true;
}

static void an_expired_watch_lists_again(struct world *w)
{
    tell(w, "DELETE", "/_sim/requests", NULL);
    tell(w, "POST", "/_sim/expire-watches", "");
    change(w, "PATCH", service_path, "application/merge-patch+json", "{\"spec\":{\"externalTrafficPolicy\":\"Cluster\"}}");
    wait_until(w, policy_is_cluster, "the Service after the watch expired");
    wait_until(w, all_live, "every source to be live again");
    assert_true(asked(w, "limit=500") > 0);
}

static bool services_stale(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "services", SOURCE_STALE) && snap->objects[KIND_SERVICE].n > 0;
}

static bool services_live(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "services", SOURCE_LIVE);
}

static void a_fault_makes_old_and_its_end_makes_live(struct world *w)
{
    tell(w, "POST", "/_sim/fault", "path=/api/v1/services,status=503");
    tell(w, "POST", "/_sim/expire-watches", "");
    wait_until(w, services_stale, "services to be stale, with their data");
    struct snapshot *snap = snapshot_of(w);
    assert_int_equal(state_of(snap, "services")->error.http_status, 503);
    assert_true(state_of(snap, "services")->next_mono_ms > 0);
    assert_true(has_status(snap, "nodes", SOURCE_LIVE));
    snapshot_unref(snap);
    tell(w, "DELETE", "/_sim/fault", NULL);
    wait_until(w, services_live, "services to be live again");
}

static bool services_failing(struct world *w, const struct snapshot *snap)
{
    (void)w;
    const struct source_state *state = state_of(snap, "services");
    return state->error.code == ERR_UNAUTHORIZED && snap->objects[KIND_SERVICE].n > 0;
}

static void a_refused_credential_is_tried_once_more(struct world *w)
{
    tell(w, "POST", "/_sim/revoke-tokens", "");
    tell(w, "DELETE", "/_sim/requests", NULL);
    tell(w, "POST", "/_sim/expire-watches", "");
    wait_until(w, services_failing, "services to be unauthorized");
    assert_int_equal(asked(w, "/api/v1/services"), 2);      /* once, and once more after the refresh */
    tell(w, "DELETE", "/_sim/revoke-tokens", NULL);
    kube_source_refresh(w->kube);
    wait_until(w, all_live, "everything to be live with the token accepted");
}

static bool routes_absent(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "httproutes", SOURCE_ABSENT) && snap->objects[KIND_HTTPROUTE].n == 0;
}

static bool routes_back(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "httproutes", SOURCE_LIVE) && snap->objects[KIND_HTTPROUTE].n >= 2;
}

static void a_kind_that_disappears_is_absent(struct world *w)
{
    tell(w, "POST", "/_sim/absent", "httproutes.gateway.networking.k8s.io");
    tell(w, "POST", "/_sim/expire-watches", "");
    wait_until(w, routes_absent, "routes to be absent");
    struct snapshot *snap = snapshot_of(w);
    assert_true(snapshot_knows(snap, KIND_HTTPROUTE));      /* that there are none */
    snapshot_unref(snap);
    tell(w, "DELETE", "/_sim/absent", NULL);
    kube_source_refresh(w->kube);
    wait_until(w, routes_back, "routes to be back");
}

static void kubernetes(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "reference", NULL, NULL);
    start_kube(&w, "platform-engineer");
    everything_is_read(&w);
    a_change_comes_by_watch(&w);
    overlay_configmaps_come_and_go(&w);
    an_expired_watch_lists_again(&w);
    a_fault_makes_old_and_its_end_makes_live(&w);
    a_refused_credential_is_tried_once_more(&w);
    a_kind_that_disappears_is_absent(&w);
    close_world(&w);
}

static void a_forbidden_kind_is_forbidden_alone(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "reference", "--fault", "path=/api/v1/nodes,status=403");
    start_kube(&w, "platform-engineer");
    wait_until(&w, kube_settled, "all lists");
    struct snapshot *snap = snapshot_of(&w);
    assert_true(has_status(snap, "nodes", SOURCE_FORBIDDEN));
    assert_int_equal(state_of(snap, "nodes")->error.code, ERR_FORBIDDEN);
    assert_false(snapshot_knows(snap, KIND_NODE));
    assert_true(has_status(snap, "services", SOURCE_LIVE));
    snapshot_unref(snap);
    close_world(&w);
}

static void nothing_answers(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "reference", "--fault", "path=/api,close=1");
    start_kube(&w, "platform-engineer");
    wait_until(&w, kube_settled, "every source to have failed");
    struct snapshot *snap = snapshot_of(&w);
    assert_true(has_status(snap, "services", SOURCE_FAILED));
    assert_true(has_status(snap, "httproutes", SOURCE_FAILED));
    assert_false(snapshot_knows(snap, KIND_HTTPROUTE));
    snapshot_unref(snap);
    tell(&w, "DELETE", "/_sim/fault", NULL);
    wait_until(&w, routes_back, "routes after the server came back");
    wait_until(&w, all_live, "everything after the server came back");
    close_world(&w);
}

static bool many_routes(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return snap->objects[KIND_HTTPROUTE].n >= 1200 && has_status(snap, "httproutes", SOURCE_LIVE);
}

static void lists_come_in_pages(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "tenants", "--routes", "1200");
    tell(&w, "DELETE", "/_sim/requests", NULL);
    start_kube(&w, "platform-engineer");
    wait_until(&w, many_routes, "1200 routes");
    assert_true(asked(&w, "continue=") >= 2);
    close_world(&w);
}

/* ---- Azure --------------------------------------------------------------------------------------------------------------------------- */

static bool arm_settled(struct world *w, const struct snapshot *snap)
{
    (void)snap;
    return arm_source_settled(w->arm);
}

static bool health_known(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return snap->objects[KIND_BACKENDHEALTH].n == 1 && has_status(snap, "backendhealth appgw-mtkc-poc", SOURCE_LIVE);
}

static bool rules_known(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return snap->objects[KIND_RULEHEALTH].n > 0 && has_status(snap, "rulehealth", SOURCE_LIVE);
}

static void hint(struct world *w)
{
    struct snapshot *snap = snapshot_of(w);
    arm_source_hint(w->arm, snap);
    snapshot_unref(snap);
}

struct demanded { struct world *world; bool done; size_t n; char health[32]; struct error error; };

static void on_demanded(void *ctx, const struct health_server *servers, size_t n, const struct error *err)
{
    struct demanded *d = ctx;
    d->done = true;
    d->n = n;
    if (n)
        str_copy(d->health, sizeof d->health, servers[0].health);
    if (err)
        d->error = *err;
    loop_stop(d->world->loop);
}

static void probe_now(struct world *w)
{
    struct snapshot *snap = snapshot_of(w);
    const struct appgateway *gw = (const struct appgateway *)snap->objects[KIND_APPGATEWAY].items[0];
    const struct backendhealth *health = (const struct backendhealth *)snap->objects[KIND_BACKENDHEALTH].items[0];
    const char *pool = health->servers.items[0].pool_id, *settings = health->servers.items[0].settings_id;
    struct demanded d = {.world = w};
    arm_call_cancel(w->arm, arm_probe_on_demand(w->arm, gw, pool, settings, on_demanded, &d));
    arm_probe_on_demand(w->arm, gw, pool, settings, on_demanded, &d);
    while (!d.done)
        loop_run(w->loop);
    if (d.error.code)
        fail_msg("%s", d.error.message);
    assert_true(d.n > 0);
    assert_true(*d.health != '\0');
    snapshot_unref(snap);
}

static void azure_finds_the_gateway_by_address(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "reference", NULL, NULL);
    start_kube(&w, "platform-engineer");
    start_arm(&w, "00000000-0000-0000-0000-0000000000a1", "platform-engineer-secret");
    wait_until(&w, kube_settled, "all lists");
    hint(&w);
    wait_until(&w, health_known, "backend health");
    wait_until(&w, rules_known, "rule health");
    wait_until(&w, arm_settled, "everything of Azure");
    struct snapshot *snap = snapshot_of(&w);
    assert_int_equal(snap->objects[KIND_APPGATEWAY].n, 1);
    const struct object *gw = snap->objects[KIND_APPGATEWAY].items[0];
    assert_true(str_eq_nocase(gw->uid, GATEWAY_ID));
    const struct backendhealth *health = (const struct backendhealth *)snap->objects[KIND_BACKENDHEALTH].items[0];
    assert_true(health->servers.n > 0);
    assert_string_equal(health->servers.items[0].health, "Unhealthy");
    assert_true(str_eq_nocase(health->object.uid, gw->uid));
    assert_true(snap->objects[KIND_LOADBALANCER].n >= 1);
    assert_int_equal(snap->objects[KIND_MANAGEDCLUSTER].n, 1);      /* by its load balancer: the server's name is another */
    assert_true(snap->env.arm_remaining_reads > 0);
    assert_true(snap->env.arm_remaining_writes > 0);
    snapshot_unref(snap);
    probe_now(&w);
    close_world(&w);
}

static bool gateway_live(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "applicationgateway appgw-mtkc-poc", SOURCE_LIVE);
}

static bool health_stale(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "backendhealth appgw-mtkc-poc", SOURCE_STALE) && snap->objects[KIND_BACKENDHEALTH].n == 1;
}

static void azure_keeps_its_last_data(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "healthy", NULL, NULL);
    use_gateway(&w, GATEWAY_ID);
    start_arm(&w, "00000000-0000-0000-0000-0000000000a1", "platform-engineer-secret");
    wait_until(&w, gateway_live, "the gateway that settings name");
    wait_until(&w, health_known, "backend health");
    tell(&w, "POST", "/_sim/fault", "path=backendhealth,status=503");
    arm_source_refresh(w.arm);
    wait_until(&w, health_stale, "health to be stale, with its data");
    tell(&w, "DELETE", "/_sim/fault", NULL);
    wait_until(&w, health_known, "health to be live again");
    /* A token that the server no longer takes: one new one, no failure. */
    tell(&w, "PATCH", "/_sim/azure", "{\"expireTokens\":true}");
    tell(&w, "DELETE", "/_sim/requests", NULL);
    arm_source_refresh(w.arm);
    wait_until(&w, arm_settled, "everything of Azure");
    wait_until(&w, gateway_live, "the gateway with a new token");
    close_world(&w);
}

static bool reader_sees_counts(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "backendhealth appgw-mtkc-poc", SOURCE_FORBIDDEN) && snap->objects[KIND_HOSTCOUNT].n == 1;
}

static void a_reader_sees_host_counts_instead(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "forbidden", NULL, NULL);
    use_gateway(&w, GATEWAY_ID);
    start_arm(&w, "00000000-0000-0000-0000-0000000000a2", "reader-secret");
    wait_until(&w, reader_sees_counts, "host counts in place of health");
    struct snapshot *snap = snapshot_of(&w);
    const struct error *error = &state_of(snap, "backendhealth appgw-mtkc-poc")->error;
    assert_int_equal(error->code, ERR_FORBIDDEN);
    assert_non_null(strstr(error->remedy, "Microsoft.Network/applicationGateways/backendhealth/action"));
    const struct hostcount *counts = (const struct hostcount *)snap->objects[KIND_HOSTCOUNT].items[0];
    assert_true(counts->pools.n > 0);
    snapshot_unref(snap);
    close_world(&w);
}

static bool health_answered(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "backendhealth appgw-mtkc-poc", SOURCE_LIVE);
}

static void a_stopped_gateway_is_not_asked_for_health(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "reference", NULL, NULL);
    tell(&w, "PATCH", "/_sim/azure", "{\"operationalState\":\"Stopped\"}");
    tell(&w, "DELETE", "/_sim/requests", NULL);
    use_gateway(&w, GATEWAY_ID);
    start_arm(&w, "00000000-0000-0000-0000-0000000000a1", "platform-engineer-secret");
    wait_until(&w, health_answered, "the health source to be content");
    assert_int_equal(asked(&w, "/backendhealth"), 0);
    struct snapshot *snap = snapshot_of(&w);
    assert_string_equal(((const struct appgateway *)snap->objects[KIND_APPGATEWAY].items[0])->operational_state, "Stopped");
    assert_int_equal(snap->objects[KIND_BACKENDHEALTH].n, 0);
    snapshot_unref(snap);
    close_world(&w);
}

static bool gateway_failed(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "applicationgateway nope", SOURCE_FAILED);
}

static void a_gateway_that_does_not_exist(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "reference", NULL, NULL);
    use_gateway(&w, "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mtkc-poc/providers/"
                    "Microsoft.Network/applicationGateways/nope");
    start_arm(&w, "00000000-0000-0000-0000-0000000000a1", "platform-engineer-secret");
    wait_until(&w, gateway_failed, "the gateway to be missing");
    struct snapshot *snap = snapshot_of(&w);
    assert_int_equal(state_of(snap, "applicationgateway nope")->error.code, ERR_ABSENT);
    snapshot_unref(snap);
    close_world(&w);
    struct error err = {0};
    open_world(&w, "reference", NULL, NULL);
    use_gateway(&w, "/not/an/id");
    struct source_context ctx = context_of(&w);
    assert_null(arm_source_start(&ctx, NULL, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    close_world(&w);
}

static bool balancers_live(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "loadbalancers", SOURCE_LIVE) && has_status(snap, "managedclusters", SOURCE_LIVE);
}

static bool balancers_refused(struct world *w, const struct snapshot *snap)
{
    (void)w;
    return has_status(snap, "loadbalancers", SOURCE_STALE) && state_of(snap, "loadbalancers")->error.code == ERR_PROTOCOL;
}

static void pages_versions_and_links(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "reference", NULL, NULL);
    tell(&w, "PATCH", "/_sim/azure", "{\"pageSize\":1}");
    tell(&w, "POST", "/_sim/fault",
         "path=/loadBalancers?,count=1,status=400,body={\"error\":{\"code\":\"InvalidApiVersionParameter\"\\,\"message\":\"no\"}}");
    start_kube(&w, "platform-engineer");
    start_arm(&w, "00000000-0000-0000-0000-0000000000a1", "platform-engineer-secret");
    wait_until(&w, kube_settled, "all lists");
    hint(&w);
    wait_until(&w, balancers_live, "load balancers");
    wait_until(&w, rules_known, "rule health");
    assert_true(asked(&w, "2023-11-01") > 0);       /* the version after the refused one */
    tell(&w, "DELETE", "/_sim/requests", NULL);
    arm_source_refresh(w.arm);
    wait_until(&w, arm_settled, "everything of Azure");
    /* A link that leads elsewhere is not followed: the token stays. */
    tell(&w, "POST", "/_sim/fault",
         "path=/loadBalancers?,status=200,body={\"value\":[]\\,\"nextLink\":\"https://elsewhere.test/x\"}");
    arm_source_refresh(w.arm);
    wait_until(&w, balancers_refused, "the foreign link to be refused");
    struct snapshot *snap = snapshot_of(&w);
    assert_true(snap->objects[KIND_LOADBALANCER].n >= 2);       /* what was known stays; two pages of one */
    assert_non_null(strstr(state_of(snap, "loadbalancers")->error.message, "another host"));
    snapshot_unref(snap);
    close_world(&w);
}

static bool health_throttled(struct world *w, const struct snapshot *snap)
{
    (void)w;
    const struct source_state *state = state_of(snap, "backendhealth appgw-mtkc-poc");
    return state && state->error.code == ERR_THROTTLED;
}

static void throttling_is_obeyed(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "reference", "--fault", "path=/backendhealth,status=429,retry-after=3,count=1");
    use_gateway(&w, GATEWAY_ID);
    start_arm(&w, "00000000-0000-0000-0000-0000000000a1", "platform-engineer-secret");
    wait_until(&w, health_throttled, "the 429");
    int64_t since = clock_mono_ms();
    tell(&w, "DELETE", "/_sim/requests", NULL);
    arm_source_refresh(w.arm);      /* a user's wish does not go before the server's */
    wait_until(&w, health_known, "health after the wait");
    assert_true(clock_mono_ms() - since >= 2500);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kubernetes),
        cmocka_unit_test(a_forbidden_kind_is_forbidden_alone),
        cmocka_unit_test(nothing_answers),
        cmocka_unit_test(lists_come_in_pages),
        cmocka_unit_test(azure_finds_the_gateway_by_address),
        cmocka_unit_test(azure_keeps_its_last_data),
        cmocka_unit_test(a_reader_sees_host_counts_instead),
        cmocka_unit_test(a_stopped_gateway_is_not_asked_for_health),
        cmocka_unit_test(a_gateway_that_does_not_exist),
        cmocka_unit_test(pages_versions_and_links),
        cmocka_unit_test(throttling_is_obeyed),
    };
    if (access(sim_program(), X_OK) != 0) {
        print_message("1..0 # SKIP %s is not built\n", sim_program());
        return 0;
    }
    atexit(sim_kill_running);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
