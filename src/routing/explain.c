/* What a request meets: listener, virtual host, rule, and the status the client would see. kubernetes.md 5.3 to 5.5. */
#include "routing_internal.h"

#include <string.h>

/* ---- the listener ---------------------------------------------------------------------------------------------- */

static bool speaks(const struct listener *l, const char *scheme)
{
    if (str_eq(scheme, "https"))
        return str_eq(l->protocol, "HTTPS") || str_eq(l->protocol, "TLS");
    return str_eq(l->protocol, "HTTP");
}

static size_t best_listener(const struct route_table *t, size_t first, size_t n, const struct request *q,
                            const char *name)
{
    size_t best = SIZE_MAX;
    for (size_t i = first; i < first + n; i++) {
        const struct listener *l = t->listeners[i].listener;
        if (l->port != q->port || !speaks(l, str_or(q->scheme, "http")) || !hostname_matches(l->hostname, name))
            continue;
        if (best == SIZE_MAX || hostname_rank(l->hostname) > hostname_rank(t->listeners[best].listener->hostname))
            best = i;
    }
    return best;
}

static bool port_open(const struct route_table *t, size_t first, size_t n, const struct request *q)
{
    for (size_t i = first; i < first + n; i++)
        if (t->listeners[i].listener->port == q->port && speaks(t->listeners[i].listener, str_or(q->scheme, "http")))
            return true;
    return false;
}

/* The controller's word that a listener is not served at all: a bad certificate, a conflict. */
static bool not_served(const struct listener_entry *e)
{
    const struct condition *c = conditions_get(&e->listener->conditions, "Programmed");
    const struct object *owner = e->set ? &e->set->object : &e->gateway->object;
    return c && c->status == TRI_FALSE && str_eq(c->reason, "Invalid") && c->observed_generation >= owner->generation;
}

/* ---- the rule -------------------------------------------------------------------------------------------------- */

struct search {
    const struct route_table *table;
    const struct request *request;
    const struct vhost *vhost;
    bool istio;
    uint32_t found, doubtful;           /* the first in order that matches, that may match */
    uint32_t other;                     /* the first that matches when route hostnames are not compared */
    bool dropped;                       /* something matched that Istio leaves out */
};

static void consider(struct search *s, uint32_t i)
{
    const struct entry *e = &s->table->entries[i];
    enum tri m = entry_matches(e, s->request, NULL);
    if (m == TRI_FALSE)
        return;
    if (e->dropped) {
        s->dropped = true;
        if (s->istio)
            return;
    }
    if (m == TRI_UNKNOWN) {
        if (i < s->doubtful)
            s->doubtful = i;
        return;
    }
    if (i < s->found)
        s->found = i;
    if (s->other == NO_ENTRY || entry_compare(e, &s->table->entries[s->other], false) < 0)
        s->other = i;
}

/* Entries are numbered in order of precedence, so in a chain the first match ends the walk. */
static void walk(void *ctx, uint32_t i)
{
    struct search *s = ctx;
    for (; i != NO_ENTRY; i = s->table->entries[i].next) {
        if (!s->vhost->mixed && s->found != NO_ENTRY && i > s->found)
            return;
        consider(s, i);
    }
}

void vhost_chains(const struct route_table *t, const struct vhost *v, const char *path,
                  void (*chain)(void *ctx, uint32_t first), void *ctx)
{
    uint32_t vhost = (uint32_t)(v - t->vhosts);
    size_t len = strlen(path);
    chain(ctx, table_chain(t, vhost, PATH_EXACT, path, len));
    for (size_t i = len + 1; i-- > 0;)
        if (i == len || path[i] == '/')
            chain(ctx, table_chain(t, vhost, PATH_PREFIX, path, i));
    chain(ctx, v->regex);
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

static int worse(enum backend_state s)
{
    switch (s) {
    case BACKEND_READY: return 0;
    case BACKEND_UNKNOWN: return 1;
    case BACKEND_NOT_READY: return 2;
    case BACKEND_PORT_MISSING: return 3;
    case BACKEND_BAD_KIND: return 4;
    case BACKEND_NOT_PERMITTED: return 5;
    case BACKEND_MISSING: return 6;
    }
    return 0;
}

static int status_of(enum backend_state s)
{
    switch (s) {
    case BACKEND_READY: return 200;
    case BACKEND_NOT_READY: return 503;
    case BACKEND_UNKNOWN: return -1;
    case BACKEND_MISSING:
    case BACKEND_PORT_MISSING:
    case BACKEND_NOT_PERMITTED:
    case BACKEND_BAD_KIND: break;
    }
    return 500;
}

static void answer_empty(struct route_answer *a, bool weights, int istio_minor)
{
    a->status = 500;
    if (weights) {
        a->note = "every backendRef of the rule has weight 0";
        return;
    }
    a->note = "the rule has no backendRefs: 500 by the specification";
    if (istio_minor == 30) {
        a->status = 404;
        a->note = "the rule has no backendRefs: 500 by the specification, 404 by Istio 1.30";
    } else if (istio_minor == 0) {
        a->ambiguous = true;
        a->note = "the rule has no backendRefs: 500 by the specification, but 404 by Istio 1.30";
    }
}

static void answer_backends(struct route_answer *a, const struct route_table *t, const struct snapshot *snap,
                            const struct route_rule *rule, const struct ask_how *how)
{
    int64_t total = 0, share[3] = { 0 };     /* of 200, 500, 503 */
    bool unknown = false;
    for (size_t i = 0; i < rule->backends.n; i++) {
        const struct backend_ref *b = &rule->backends.items[i];
        int weight = b->weight < 0 ? 1 : b->weight;
        if (weight == 0)
            continue;
        enum backend_state state = backend_of(snap, t, a->route, b, NULL, NULL);
        if (!a->backend_ref || worse(state) > worse(a->backend)) {
            a->backend = state;
            a->backend_ref = b;
        }
        int status = state == BACKEND_UNKNOWN && how->assume_ready ? 200 : status_of(state);
        unknown |= status < 0;
        total += weight;
        if (status > 0)
            share[status == 200 ? 0 : status == 500 ? 1 : 2] += weight;
    }
    if (total == 0) {
        answer_empty(a, rule->backends.n > 0, how->istio_minor);
        return;
    }
    if (unknown) {
        a->status = -1;
        a->note = "whether the backend is there and ready is not known";
        return;
    }
    a->status = share[0] * 2 >= total ? 200 : share[1] >= share[2] ? 500 : 503;
    if (share[0] != total && share[1] != total && share[2] != total) {
        a->ambiguous = true;
        a->note = "the rule's backends differ: a part of the requests, by weight, is answered 500 or 503";
    } else if (a->backend == BACKEND_PORT_MISSING) {
        a->note = "Istio leaves ResolvedRefs at True for a port that the Service does not have, and answers 500";
    }
}

static void answer_entry(struct route_answer *a, const struct search *s, const struct snapshot *snap,
                         const struct ask_how *how)
{
    const struct entry *e = &s->table->entries[s->found];
    const struct route_rule *rule = &e->route->rules.items[e->rule];
    a->route = e->route;
    a->rule = e->rule;
    a->match = e->index;
    if (s->other != s->found) {
        a->ambiguous = true;
        a->note = "routes meet here through different hostnames; Istio does not compare those, so its order may differ";
    }
    for (size_t i = 0; i < rule->filters.n; i++) {
        const struct route_filter *f = &rule->filters.items[i];
        if (str_eq(f->type, "RequestRedirect")) {
            a->redirect = f;
            a->status = f->status > 0 ? f->status : 302;
            a->backend = BACKEND_READY;
            return;
        }
    }
    answer_backends(a, s->table, snap, rule, how);
    if (str_eq(a->listener->protocol, "TLS") && a->status == 200) {
        a->status = -1;
        a->note = "TLS passthrough: the backend itself answers";
    }
    if (s->dropped && !s->istio && e->dropped) {
        a->ambiguous = true;
        a->note = "Istio would leave this whole route out for an invalid rule and answer 404";
    }
}

static void answer_vhost(struct route_answer *a, struct search *s, const struct snapshot *snap,
                         const struct ask_how *how)
{
    a->hostname = s->vhost->hostname;
    vhost_chains(s->table, s->vhost, s->request->path, walk, s);
    if (s->doubtful < s->found || (s->found == NO_ENTRY && s->vhost->uncertain)) {
        a->status = -1;
        const struct entry *e = s->doubtful != NO_ENTRY ? &s->table->entries[s->doubtful] : NULL;
        a->note = !e || e->uncertain ? "whether a route attaches here depends on Namespace labels that are not known"
                                     : "a regular expression decides here, and its dialect is the gateway's own";
        return;
    }
    if (s->found == NO_ENTRY) {
        a->status = 404;
        a->note = s->dropped ? "a route would match, but Istio leaves it out whole for an invalid rule" : "";
        return;
    }
    answer_entry(a, s, snap, how);
}

static size_t listener_named(const struct route_table *t, size_t first, size_t n, const char *name)
{
    for (size_t i = first; i < first + n; i++)
        if (str_eq(t->listeners[i].listener->name, name))
            return i;
    return SIZE_MAX;
}

struct route_answer route_ask(const struct route_table *t, const struct snapshot *snap, const struct gateway *g,
                              const struct request *request, const struct ask_how *how, struct ask_found *ret)
{
    struct route_answer a = { .gateway = g, .rule = -1, .match = -1, .status = 404, .hostname = "", .note = "",
                              .backend = BACKEND_UNKNOWN };
    struct request q = *request;
    q.path = str_or(q.path, "/");
    q.host = q.host ? q.host : "";
    bool tls = str_eq(q.scheme, "https");
    size_t first = 0, n = table_listeners(t, g, &first);
    size_t by_host = best_listener(t, first, n, &q, q.host);
    size_t chosen = tls && q.sni ? best_listener(t, first, n, &q, q.sni) : by_host;
    *ret = (struct ask_found){ .listener = SIZE_MAX, .entry = NO_ENTRY, .doubtful = NO_ENTRY };
    if (how->listener)
        chosen = by_host = listener_named(t, first, n, how->listener);
    if (chosen == SIZE_MAX) {
        bool open = port_open(t, first, n, &q);
        a.status = open && !tls ? 404 : 0;
        a.note = !open ? "no listener on this port with this protocol"
                 : tls ? "no listener takes this server name: the TLS handshake is closed"
                       : "no listener on this port takes this host";
        return a;
    }
    a.listener = t->listeners[chosen].listener;
    ret->listener = chosen;
    if (not_served(&t->listeners[chosen])) {
        a.status = 0;
        a.note = "the controller reports this listener as not programmed: it is not served";
        return a;
    }
    if (tls && chosen != by_host) {
        a.status = by_host == SIZE_MAX ? 404 : 421;
        a.note = by_host == SIZE_MAX ? "the listener chosen by server name does not take this host"
                                     : "the host belongs to another listener of this port";
        return a;
    }
    struct search s = { .table = t, .request = &q, .istio = how->istio_minor > 0, .found = NO_ENTRY,
                        .doubtful = NO_ENTRY, .other = NO_ENTRY };
    ret->vhost = s.vhost = table_vhost(t, chosen, q.host);
    if (s.vhost)
        answer_vhost(&a, &s, snap, how);
    ret->entry = a.route ? s.found : NO_ENTRY;
    ret->doubtful = s.doubtful;
    return a;
}

struct route_answer route_explain(const struct route_table *t, const struct snapshot *snap, const struct gateway *g,
                                  const struct request *request, int istio_minor)
{
    struct ask_found found;
    return route_ask(t, snap, g, request, &(struct ask_how){ .istio_minor = istio_minor }, &found);
}

bool gateway_listens(const struct route_table *t, const struct gateway *g, const struct request *q, bool host)
{
    size_t first = 0, n = table_listeners(t, g, &first);
    return host ? best_listener(t, first, n, q, str_or(q->host, "")) != SIZE_MAX : port_open(t, first, n, q);
}

const struct listener *gateway_listener(const struct route_table *t, const struct gateway *g, const char *name)
{
    size_t first = 0, n = table_listeners(t, g, &first);
    size_t found = listener_named(t, first, n, name);
    return found == SIZE_MAX ? NULL : t->listeners[found].listener;
}
