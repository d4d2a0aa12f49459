/* One light per hop, with a few words. The path shown is the one that is worst off: of the first backend that is down,
 * else of the first that joins the cluster. */
#include "topology_internal.h"

#include <string.h>

struct focus {
    const struct topo_backend *row;         /* NULL: no Application Gateway reaches the cluster */
    const struct topo_probe *probe;
    const struct topo_service *service;
    const struct topo_gateway *gateway;
};

static bool is_down(const struct topo_backend *row)
{
    return row->health == HEALTH_DOWN || row->health == HEALTH_PARTIAL || row->health == HEALTH_DEGRADING;
}

static struct focus find_focus(const struct topology *t)
{
    struct focus f = { 0 };
    for (size_t i = 0; i < t->backends.n; i++) {
        const struct topo_backend *row = &t->backends.items[i];
        if (!f.row || (row->service && !f.row->service) || (is_down(row) && row->service && !is_down(f.row)))
            f.row = row;
    }
    if (f.row && f.row->probe_index >= 0)
        f.probe = &t->probes.items[f.row->probe_index];
    f.service = f.row ? topology_service(t, f.row->service) : NULL;
    for (size_t i = 0; i < t->services.n && !f.service; i++)
        if (str_eq(t->services.items[i].type, "LoadBalancer"))
            f.service = &t->services.items[i];
    f.gateway = f.service ? topology_gateway(t, f.service->gateway) : t->gateways.n ? &t->gateways.items[0] : NULL;
    return f;
}

static void set(struct topo_hop *hop, enum light light, const char *label, const char *detail)
{
    *hop = (struct topo_hop){ light, label, detail };
}

/* ---- Azure's side ---------------------------------------------------------------------------------------------- */

static void count_rows(const struct topology *t, size_t *up, size_t *down, size_t *known)
{
    *up = *down = *known = 0;
    for (size_t i = 0; i < t->backends.n; i++) {
        enum health h = t->backends.items[i].health;
        *up += h == HEALTH_UP || h == HEALTH_DEGRADING || h == HEALTH_DRAINING;
        *down += h == HEALTH_DOWN;
        *known += h != HEALTH_UNKNOWN;
    }
}

/* "None" can be said only where it was known what to look for: gateways are found by the addresses of our Services. */
static bool no_appgw_for_sure(const struct build *b)
{
    if (!snapshot_knows(b->s, KIND_APPGATEWAY) || !snapshot_knows(b->s, KIND_SERVICE))
        return false;
    for (size_t i = 0; i < b->t->services.n; i++)
        if (b->t->services.items[i].addresses.n)
            return true;
    return false;
}

static void appgw_hops(struct build *b, const struct focus *f)
{
    struct topology *t = b->t;
    size_t up, down, known;
    count_rows(t, &up, &down, &known);
    if (t->appgws.n == 0) {
        bool absent = no_appgw_for_sure(b);
        set(&t->hops[HOP_APPGW], absent ? LIGHT_ABSENT : LIGHT_UNKNOWN, absent ? "none" : "not known", "");
        set(&t->hops[HOP_CLIENT], LIGHT_UNKNOWN, "clients", "");
        return;
    }
    const struct topo_appgw *g = &t->appgws.items[0];
    for (size_t i = 0; i < t->appgws.n; i++)
        if (f->row && f->row->appgw_object == t->appgws.items[i].object)
            g = &t->appgws.items[i];
    enum light light = known == 0 ? LIGHT_UNKNOWN : down == known ? LIGHT_DOWN
                       : up == known ? LIGHT_OK : LIGHT_DEGRADED;
    const char *detail = known ? arena_printf(b->arena, "%zu of %zu healthy", up, t->backends.n)
                               : t->backends.n ? "health not known" : "no backends";
    if (str_eq_nocase(g->operational_state, "Stopped")) {
        light = LIGHT_DOWN;
        detail = "stopped";
    }
    set(&t->hops[HOP_APPGW], light, g->name, detail);
    const char *listener = f->row && f->row->listeners.n ? f->row->listeners.items[0] : "";
    set(&t->hops[HOP_CLIENT], light, "clients", light == LIGHT_DOWN ? "502 for all" : listener);
}

static void lb_hop(struct build *b, const struct focus *f)
{
    struct topo_hop *hop = &b->t->hops[HOP_LB];
    const struct topo_service *s = f->service;
    if (!s) {
        set(hop, snapshot_knows(b->s, KIND_SERVICE) ? LIGHT_ABSENT : LIGHT_UNKNOWN, f->row ? f->row->address : "none",
            f->row ? "no Service holds it" : "");
        return;
    }
    if (s->lb_light == LIGHT_ABSENT) {
        set(hop, LIGHT_ABSENT, s->type, "");
        return;
    }
    size_t in = 0, known = 0;
    for (size_t i = 0; i < s->nodes.n; i++) {
        in += s->nodes.items[i].in_rotation == TRI_TRUE;
        known += s->nodes.items[i].in_rotation != TRI_UNKNOWN;
    }
    const char *policy = str_or(s->policy, "Cluster");
    const char *detail = known ? arena_printf(b->arena, "%s · %zu/%zu nodes", policy, in, s->nodes.n)
                               : arena_printf(b->arena, "%s · nodes not known", policy);
    set(hop, s->lb_light, s->addresses.n ? s->addresses.items[0] : "address pending", detail);
}

/* ---- the cluster's side ---------------------------------------------------------------------------------------- */

static void cluster_hops(struct build *b, const struct focus *f)
{
    struct topology *t = b->t;
    const struct topo_service *s = f->service;
    const struct topo_gateway *g = f->gateway;
    enum light missing = snapshot_knows(b->s, KIND_SERVICE) ? LIGHT_ABSENT : LIGHT_UNKNOWN;
    if (s) {
        bool pending = str_eq(s->type, "LoadBalancer") && s->addresses.n == 0;
        set(&t->hops[HOP_SERVICE], pending ? LIGHT_DOWN : LIGHT_OK, s->object->object.name,
            pending ? "no address yet" : arena_printf(b->arena, "%s · %zu ports", s->type, s->ports.n));
    } else {
        set(&t->hops[HOP_SERVICE], missing, "none", "");
    }
    if (!g) {
        set(&t->hops[HOP_GATEWAY], snapshot_knows(b->s, KIND_GATEWAY) ? LIGHT_ABSENT : LIGHT_UNKNOWN, "none", "");
        return;
    }
    const char *word = g->programmed == TRI_TRUE ? "programmed" : g->programmed == TRI_FALSE ? "not programmed" : "pending";
    set(&t->hops[HOP_GATEWAY], g->light, g->object->object.name,
        g->pods_total < 0 ? word : arena_printf(b->arena, "%s · %d/%d pods", word, g->pods_ready, g->pods_total));
}

/* The route of the probe where one is asked for, else all routes of the cluster together. */
static void route_hop(struct build *b, const struct focus *f)
{
    struct topology *t = b->t;
    struct topo_hop *hop = &t->hops[HOP_ROUTE];
    size_t bad = 0;
    for (size_t i = 0; i < t->n_routes; i++)
        bad += t->routes[i].light == LIGHT_DOWN;
    const struct topo_probe *p = f->probe;
    if (p && p->answer.gateway && p->answer.status >= 0) {
        bool good = p->answer.status > 0 && status_accepted(&p->accepted, p->answer.status);
        const char *label = p->served_by.route ? strchr(p->served_by.route, '/') + 1 : "no route";
        const char *answer = p->answer.status ? arena_printf(b->arena, "%d", p->answer.status) : "no answer";
        set(hop, !good ? LIGHT_DOWN : bad ? LIGHT_DEGRADED : LIGHT_OK, label,
            arena_printf(b->arena, "%s → %s", p->path, answer));
        return;
    }
    bool known = snapshot_knows(b->s, KIND_HTTPROUTE);
    set(hop, !known ? LIGHT_UNKNOWN : t->n_routes == 0 ? LIGHT_ABSENT : bad ? LIGHT_DEGRADED : LIGHT_OK,
        arena_printf(b->arena, "%zu routes", t->n_routes), bad ? arena_printf(b->arena, "%zu refused or broken", bad) : "");
}

static void pods_hop(struct build *b, const struct focus *f)
{
    struct topology *t = b->t;
    struct topo_hop *hop = &t->hops[HOP_PODS];
    if (f->probe && f->probe->answer.backend_ref && f->probe->answer.route) {
        int ready, total;
        enum backend_state state = route_table_backend(t->routes_table, b->s, f->probe->answer.route,
                                                       f->probe->answer.backend_ref, &ready, &total);
        enum light light = state == BACKEND_UNKNOWN ? LIGHT_UNKNOWN : state != BACKEND_READY ? LIGHT_DOWN
                           : ready < total ? LIGHT_DEGRADED : LIGHT_OK;
        set(hop, light, f->probe->answer.backend_ref->ref.name,
            total < 0 ? backend_state_name(state) : arena_printf(b->arena, "%d/%d ready", ready, total));
        return;
    }
    size_t all = 0, ready = 0, unknown = 0;
    for (size_t i = 0; i < t->n_routes; i++)
        for (size_t k = 0; k < t->routes[i].backends.n; k++) {
            all++;
            ready += t->routes[i].backends.items[k].state == BACKEND_READY;
            unknown += t->routes[i].backends.items[k].state == BACKEND_UNKNOWN;
        }
    enum light light = all == 0 || unknown == all ? LIGHT_UNKNOWN : ready == all ? LIGHT_OK
                       : ready ? LIGHT_DEGRADED : LIGHT_DOWN;
    set(hop, light, "backends", all ? arena_printf(b->arena, "%zu/%zu ready", ready, all) : "none");
}

void build_hops(struct build *b)
{
    struct focus f = find_focus(b->t);
    appgw_hops(b, &f);
    lb_hop(b, &f);
    cluster_hops(b, &f);
    route_hop(b, &f);
    pods_hop(b, &f);
}
