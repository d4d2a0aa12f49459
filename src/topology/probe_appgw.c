/* Probe A: what Application Gateway really sends (azure.md 1.1), which route it meets, and what comes back through the
 * load balancer. */
#include "topology_internal.h"

#include <string.h>
#include <strings.h>

static const struct appgw_probe *probe_of(const struct appgateway *g, const struct appgw_settings *s)
{
    if (!s || !*s->probe_id || s->probe_enabled == TRI_FALSE)
        return NULL;
    for (size_t i = 0; i < g->probes.n; i++)
        if (id_eq(g->probes.items[i].id, s->probe_id))
            return &g->probes.items[i];
    return NULL;
}

/* The Host header. Destination is always the pool's address, whatever the host says. */
static const char *probe_host(const struct appgw_probe *p, const struct appgw_settings *s, const char *address)
{
    if (!p)
        return "127.0.0.1";
    if (p->pick_host_from_settings != TRI_TRUE)
        return str_or(p->host, "127.0.0.1");
    if (s->pick_host_from_address == TRI_TRUE || !*s->host)
        return address;
    return s->host;
}

static void describe_probe(struct build *b, struct topo_probe *out, const struct appgw_probe *p,
                           const struct appgw_settings *s, const char *address)
{
    out->default_probe = p == NULL;
    out->name = p ? p->name : "default";
    out->protocol = p ? p->protocol : s->protocol;
    out->host = probe_host(p, s, address);
    out->path = p ? str_or(p->path, "/") : "/";
    out->port = p && p->port > 0 ? p->port : s->port;
    out->interval_s = p && p->interval_s > 0 ? p->interval_s : 30;
    out->timeout_s = p && p->timeout_s > 0 ? p->timeout_s : 30;
    out->threshold = p && p->threshold > 0 ? p->threshold : 3;
    for (size_t i = 0; p && i < p->match_status.n; i++)
        strings_push(b->arena, &out->accepted, p->match_status.items[i]);
    if (out->accepted.n == 0)
        strings_push(b->arena, &out->accepted, "200-399");
}

/* ---- the gateway's answer -------------------------------------------------------------------------------------- */

static struct lb_verdict status_port_answer(const char *protocol, const char *path)
{
    if (str_eq_nocase(protocol, "Https"))
        return (struct lb_verdict){ .predicted = PREDICT_OTHER, .why = "Envoy's status port speaks plain HTTP" };
    bool ready = str_eq(path, "/healthz/ready");
    return (struct lb_verdict){ .predicted = ready ? PREDICT_OK : PREDICT_404, .status = ready ? 200 : 404,
                                .why = ready ? "Envoy's own readiness answers" : "Envoy's status port knows no such path" };
}

static const char *why_of(const struct build *b, const struct route_answer *a, const char *host, const char *path)
{
    if (a->status == 404 && !a->route && a->listener)
        return arena_printf(b->arena, "no route of the gateway takes %s for host %s%s%s", path, host, *a->note ? ": " : "",
                            a->note);
    if (!a->route)
        return *a->note ? a->note : "no answer can be told";
    const char *route = full_name(b->arena, a->route->object.namespace, a->route->object.name);
    if (a->redirect)
        return arena_printf(b->arena, "route %s rule %d redirects with %d", route, a->rule, a->status);
    const char *to = a->backend_ref ? a->backend_ref->ref.name : "no backend";
    return arena_printf(b->arena, "route %s rule %d sends to %s: %s%s%s", route, a->rule, to,
                        a->backend_ref ? backend_state_name(a->backend) : "none", *a->note ? "; " : "", a->note);
}

struct lb_verdict gateway_answer(const struct build *b, const struct topo_service *s, size_t port, const char *protocol,
                                 const char *host, const char *path)
{
    const struct service_port *p = &s->object->ports.items[port];
    if (p->port == STATUS_PORT || p->target_port == STATUS_PORT)
        return status_port_answer(protocol, path);
    const struct topo_gateway *g = topology_gateway(b->t, s->gateway);
    if (!g)
        return (struct lb_verdict){ .predicted = PREDICT_UNKNOWN, .status = -1, .why = "no Gateway joins this Service" };
    struct request q = { .method = "GET", .scheme = str_eq_nocase(protocol, "Https") ? "https" : "http", .host = host,
                         .port = p->port, .path = path, .query = "" };
    char bare[2048];
    const char *mark = strchr(path, '?');
    if (mark && (size_t)(mark - path) < sizeof bare) {
        memcpy(bare, path, (size_t)(mark - path));
        bare[mark - path] = '\0';
        q.path = bare;
        q.query = mark + 1;
    }
    struct lb_verdict v = { .answer = route_explain(b->t->routes_table, b->s, g->object, &q, g->istio_minor) };
    v.status = v.answer.status;
    v.predicted = v.status < 0 ? PREDICT_UNKNOWN : v.status == 200 ? PREDICT_OK : predicted_of(v.status);
    v.why = why_of(b, &v.answer, host, path);
    return v;
}

/* ---- prediction ------------------------------------------------------------------------------------------------ */

static void settle(struct topo_probe *out, enum predicted predicted, int status, const char *why)
{
    out->predicted = predicted;
    out->predicted_status = status > 0 ? status : -1;
    out->prediction_why = why;
}

static size_t port_index(const struct topo_service *s, int port)
{
    for (size_t i = 0; i < s->ports.n; i++)
        if (s->ports.items[i].port == port)
            return i;
    return SIZE_MAX;
}

static void predict_through(struct build *b, struct topo_probe *out, const struct topo_service *s, const char *body)
{
    size_t port = port_index(s, out->port);
    if (port == SIZE_MAX) {
        settle(out, PREDICT_TIMEOUT, -1, arena_printf(b->arena, "Service %s has no port %d, so the load balancer has no "
                                                      "rule for it", s->service, out->port));
        return;
    }
    enum tri in = str_eq(s->type, "LoadBalancer") ? lb_port_in(b, s, port) : TRI_UNKNOWN;
    if (!str_eq_nocase(out->protocol, "Http") && !str_eq_nocase(out->protocol, "Https")) {
        settle(out, in == TRI_TRUE ? PREDICT_OK : in == TRI_FALSE ? PREDICT_TIMEOUT : PREDICT_UNKNOWN, -1,
               "the probe asks for a connection only");
        return;
    }
    struct lb_verdict v = gateway_answer(b, s, port, out->protocol, out->host, out->path);
    out->answer = v.answer;
    out->served_by.rule = v.answer.rule;
    if (v.answer.route)
        out->served_by.route = full_name(b->arena, v.answer.route->object.namespace, v.answer.route->object.name);
    if (v.answer.backend_ref)
        out->served_by.backend = full_name(
            b->arena, str_or(v.answer.backend_ref->ref.namespace, v.answer.route->object.namespace),
            v.answer.backend_ref->ref.name);
    bool accepted = v.status > 0 && status_accepted(&out->accepted, v.status);
    if (in == TRI_FALSE) {
        settle(out, PREDICT_TIMEOUT, -1, arena_printf(b->arena, "the load balancer has no node in rotation for port %d",
                                                      out->port));
    } else if (v.status > 0 && !accepted) {
        settle(out, predicted_of(v.status), v.status, v.why);
    } else if (v.status <= 0) {
        settle(out, v.status < 0 ? PREDICT_UNKNOWN : PREDICT_OTHER, -1, v.why);
    } else if (body && *body) {
        settle(out, PREDICT_UNKNOWN, v.status, "the probe wants words in the body, which only the backend knows");
    } else if (in == TRI_UNKNOWN) {
        settle(out, PREDICT_UNKNOWN, v.status, "the gateway would answer, but whether the load balancer lets the probe "
                                               "through is not known");
    } else {
        settle(out, PREDICT_OK, v.status, v.why);
    }
}

void probe_appgw(struct build *b, const struct appgateway *g, const struct appgw_pool *pool,
                 const struct appgw_settings *s, struct topo_backend *row)
{
    row->probe_index = -1;
    if (!s)
        return;
    const struct appgw_probe *p = probe_of(g, s);
    struct topo_probe *out = PUSH(b->arena, b->t->probes);
    *out = (struct topo_probe){ .prober = PROBER_APPGW, .appgw = row->appgw, .settings = row->settings,
                                .pool = pool ? pool->name : row->pool, .address = row->address, .service = row->service,
                                .gateway = row->gateway, .predicted = PREDICT_UNKNOWN, .predicted_status = -1,
                                .prediction_why = "no Service of the cluster holds the pool's address",
                                .served_by = { .rule = -1 }, .answer = { .rule = -1, .match = -1, .note = "" } };
    describe_probe(b, out, p, s, row->address);
    row->probe = out->name;
    row->interval_s = out->interval_s;
    row->probe_index = (int)b->t->probes.n - 1;
    size_t service = row->service ? service_index(b, row->address) : SIZE_MAX;
    if (service != SIZE_MAX)
        predict_through(b, out, &b->t->services.items[service], p ? p->match_body : "");
    bool said = row->wire_health && (row->health == HEALTH_UP || row->health == HEALTH_DOWN);
    out->reported = row->wire_health;
    out->disagrees = said && out->predicted != PREDICT_UNKNOWN &&
                     (out->predicted == PREDICT_OK) != (row->health == HEALTH_UP);
}
