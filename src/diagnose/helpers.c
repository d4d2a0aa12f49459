/* What rules share: subjects, the load balancer's side, probes, and three families of rules that differ in words only. */
#include "diagnose_internal.h"

#include <string.h>

#define EVIDENCE_MAX 12     /* lines of one finding; the rest says nothing new */

/* ---- subjects -------------------------------------------------------------------------------------------------- */

void finding_gateway(struct diagnosis *d, struct finding *f, const char *ns_name)
{
    f->gateway = arena_dup(&d->findings->arena, ns_name);
}

struct finding *find_on_service(struct diagnosis *d, const struct rule *rule, const struct topo_service *s)
{
    struct finding *f = finding_add(d, rule, "Service", s->service);
    finding_gateway(d, f, s->gateway);
    return f;
}

struct finding *find_on_gateway(struct diagnosis *d, const struct rule *rule, const struct topo_gateway *g)
{
    struct finding *f = finding_add(d, rule, "Gateway", g->gateway);
    finding_gateway(d, f, g->gateway);
    return f;
}

struct finding *find_on_route(struct diagnosis *d, const struct rule *rule, const struct topo_route *r)
{
    struct finding *f = finding_add(d, rule, r->kind, r->route);
    if (r->parents.n)
        finding_gateway(d, f, r->parents.items[0].gateway);
    return f;
}

const struct topo_route *route_of(const struct topology *t, const struct route *object)
{
    for (size_t i = 0; i < t->n_routes; i++)
        if (t->routes[i].object == object)
            return &t->routes[i];
    return NULL;
}

bool found_on(const struct diagnosis *d, const struct rule *rule, const struct object *o)
{
    for (size_t i = 0; i < d->findings->n; i++) {
        const struct finding *f = &d->findings->items[i];
        if (f->code == rule->code && str_eq(f->subject.name, o->name) && str_eq(f->subject.namespace, o->namespace) &&
            str_eq(f->subject.kind, o->kind->name))
            return true;
    }
    return false;
}

/* ---- Services -------------------------------------------------------------------------------------------------- */

bool service_is_used(const struct topology *t, const struct topo_service *s)
{
    for (size_t i = 0; i < t->backends.n; i++)
        if (str_eq(t->backends.items[i].service, s->service))
            return true;
    return false;
}

bool behind_azure(const struct topology *t, const struct topo_service *s)
{
    return str_eq(s->type, "LoadBalancer") && (s->lb || s->internal == TRI_TRUE || service_is_used(t, s));
}

enum tri port_fails(const struct topology *t, const struct topo_service *s, const struct topo_service_port *p)
{
    if (!p->probed || (!p->probe.reported && topology_port_proven(t, s, p->port)))
        return TRI_FALSE;
    if (p->probe.reported)
        return str_starts(p->probe.reported, "Down") ? TRI_TRUE : TRI_FALSE;
    if (p->probe.predicted == PREDICT_UNKNOWN)
        return TRI_UNKNOWN;
    return p->probe.predicted == PREDICT_OK ? TRI_FALSE : TRI_TRUE;
}

int ready_endpoints(const struct topo_service *s)
{
    int sum = 0;
    for (size_t i = 0; i < s->nodes.n; i++) {
        if (s->nodes.items[i].ready_endpoints < 0)
            return -1;
        sum += s->nodes.items[i].ready_endpoints;
    }
    return s->nodes.n ? sum : -1;
}

size_t nodes_with_endpoint(const struct topo_service *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->nodes.n; i++)
        n += s->nodes.items[i].ready_endpoints > 0;
    return n;
}

/* ---- probes ---------------------------------------------------------------------------------------------------- */

const struct topo_backend *row_of_probe(const struct topology *t, const struct topo_probe *p)
{
    for (size_t i = 0; i < t->backends.n; i++)
        if (t->backends.items[i].probe_index == (int)(p - t->probes.items))
            return &t->backends.items[i];
    return NULL;
}

bool probe_refused(const struct topology *t, const struct topo_probe *p)
{
    if (p->prober != PROBER_APPGW || !p->answer.gateway || p->answer.status <= 0 ||
        status_accepted(&p->accepted, p->answer.status))
        return false;
    const struct topo_backend *row = row_of_probe(t, p);
    return row && row->health != HEALTH_UP;
}

const char *probe_text(struct diagnosis *d, const struct topo_probe *p)
{
    bool tls = str_eq_nocase(p->protocol, "Https");
    struct arena *arena = &d->findings->arena;
    if (p->port == (tls ? 443 : 80))
        return arena_printf(arena, "GET %s://%s%s", tls ? "https" : "http", p->host, p->path);
    return arena_printf(arena, "GET %s://%s:%d%s", tls ? "https" : "http", p->host, p->port, p->path);
}

void probe_evidence(struct diagnosis *d, struct finding *f, const struct topo_probe *p)
{
    if (f->evidence.n >= EVIDENCE_MAX)
        return;
    finding_evidence(d, f, "Application Gateway %s settings %s probe %s = %s", p->appgw, p->settings, p->name,
                     probe_text(d, p));
    const struct topo_backend *row = row_of_probe(d->topology, p);
    if (row && row->log)
        finding_evidence(d, f, "Application Gateway %s backend %s healthProbeLog = %s", p->appgw, p->address, row->log);
}

/* ---- families of rules ----------------------------------------------------------------------------------------- */

static const char *backend_text(struct diagnosis *d, const struct route *r, const struct backend_ref *b)
{
    return arena_printf(&d->findings->arena, "Service %s/%s port %d", str_or(b->ref.namespace, r->object.namespace),
                        b->ref.name, b->port);
}

void find_probe_backend(struct diagnosis *d, const struct rule *rule, enum backend_state state, const char *title_end,
                        const char *remedy)
{
    const struct topology *t = d->topology;
    for (size_t i = 0; i < t->probes.n; i++) {
        const struct topo_probe *p = &t->probes.items[i];
        const struct route_answer *a = &p->answer;
        if (!probe_refused(t, p) || !a->route || a->redirect || !a->backend_ref || a->backend != state ||
            found_on(d, rule, &a->route->object))
            continue;
        const struct topo_route *r = route_of(t, a->route);
        struct finding *f = find_on_route(d, rule, r);
        finding_gateway(d, f, p->gateway);
        const char *backend = backend_text(d, a->route, a->backend_ref);
        finding_title(d, f, "%s %s serves the health probe, but %s %s", r->kind, r->route, backend, title_end);
        finding_why(d, f, "The probe %s is served by rule %d of this route; the gateway answers it %d, which the "
                          "probe does not accept.", probe_text(d, p), a->rule, a->status);
        finding_evidence(d, f, "%s %s spec.rules[%d].backendRefs = %s", r->kind, r->route, a->rule, backend);
        probe_evidence(d, f, p);
        finding_remedy(d, f, "%s", remedy);
    }
}

static void describe_backend(struct diagnosis *d, struct finding *f, const struct topo_route *r,
                             const struct topo_route_backend *b, const char *title_end, const char *remedy)
{
    finding_title(d, f, "%s %s sends to Service %s port %d, which %s",
                  r->kind, r->route, b->service, b->port, title_end);
    finding_why(d, f, "Requests for this backend are answered %d by the gateway.",
                b->state == BACKEND_NOT_READY ? 503 : 500);
    finding_remedy(d, f, "%s", remedy);
}

void find_route_backend(struct diagnosis *d, const struct rule *rule, enum backend_state state, const char *title_end,
                        const char *remedy)
{
    for (size_t i = 0; i < d->topology->n_routes; i++) {
        const struct topo_route *r = &d->topology->routes[i];
        struct finding *f = NULL;
        for (size_t k = 0; k < r->backends.n && r->parents.n; k++) {
            const struct topo_route_backend *b = &r->backends.items[k];
            if (b->state != state)
                continue;
            if (!f) {
                f = find_on_route(d, rule, r);
                describe_backend(d, f, r, b, title_end, remedy);
            }
            finding_evidence(d, f, "%s %s backendRef = Service %s port %d (%s)", r->kind, r->route, b->service, b->port,
                             backend_state_name(b->state));
        }
    }
}

void find_probe_cause(struct diagnosis *d, const struct rule *rule, enum probe_cause cause, const char *title_end,
                      const char *why)
{
    const struct topology *t = d->topology;
    for (size_t i = 0; i < t->appgws.n; i++) {
        struct finding *f = NULL;
        for (size_t k = 0; k < t->backends.n; k++) {
            const struct topo_backend *row = &t->backends.items[k];
            bool bad = row->health == HEALTH_DOWN || row->health == HEALTH_PARTIAL || row->health == HEALTH_UNKNOWN;
            if (row->appgw_object != t->appgws.items[i].object || row->cause != cause || !bad)
                continue;
            if (!f) {
                const char *step = "";
                probe_log_classify(row->log, NULL, &step);
                f = finding_add(d, rule, "ApplicationGateway", row->appgw);
                finding_gateway(d, f, row->gateway);
                finding_title(d, f, "Application Gateway %s backend %s: %s", row->appgw, row->address, title_end);
                finding_why(d, f, "%s", why);
                finding_remedy(d, f, "Next: %s.", step);
            }
            if (f->evidence.n < EVIDENCE_MAX)
                finding_evidence(d, f, "pool %s settings %s server %s healthProbeLog = %s", row->pool, row->settings,
                                 row->address, row->log);
        }
    }
}
