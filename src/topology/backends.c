/* Backends as Application Gateway keeps them: one row per pool, settings and server, as configured and as reported. */
#include "topology_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *last_segment(const char *id)
{
    const char *slash = strrchr(id, '/');
    return slash ? slash + 1 : id;
}

static const struct backendhealth *health_of(const struct build *b, const struct appgateway *g)
{
    return b->what_if ? NULL
                      : (const struct backendhealth *)snapshot_find_uid(b->s, KIND_BACKENDHEALTH, g->object.uid);
}

void build_appgws(struct build *b)
{
    const struct object_list *l = &b->s->objects[KIND_APPGATEWAY];
    for (size_t i = 0; i < l->n; i++) {
        const struct appgateway *g = (const struct appgateway *)l->items[i];
        const struct backendhealth *h = health_of(b, g);
        struct topo_appgw *out = PUSH(b->arena, b->t->appgws);
        *out = (struct topo_appgw){ .object = g, .id = g->object.uid, .name = g->object.name,
                                    .resource_group = g->object.namespace,
                                    .operational_state = *g->operational_state ? g->operational_state : NULL,
                                    .provisioning_state = *g->provisioning_state ? g->provisioning_state : NULL,
                                    .sku = *g->sku ? g->sku : NULL };
        out->health_age_ms = h && h->reported_wall_ms > 0 ? b->s->wall_ms - h->reported_wall_ms : -1;
    }
}

static enum health health_of_wire(const char *wire, enum probe_cause cause)
{
    bool failing = cause != CAUSE_NONE && cause != CAUSE_OK;
    if (str_eq_nocase(wire, "Healthy") || str_eq_nocase(wire, "Up"))
        return failing ? HEALTH_DEGRADING : HEALTH_UP;      /* the log is the last probe, health lags by the threshold */
    if (str_eq_nocase(wire, "Unhealthy") || str_eq_nocase(wire, "Down"))
        return HEALTH_DOWN;
    if (str_eq_nocase(wire, "Partial"))
        return HEALTH_PARTIAL;
    return str_eq_nocase(wire, "Draining") ? HEALTH_DRAINING : HEALTH_UNKNOWN;
}

/* ---- what stands in for a forbidden report (azure.md 6) -------------------------------------------------------- */

static bool dimension_is(const char *value, const char *pool, const char *settings)
{
    size_t n = strlen(pool);
    return !strncasecmp(value, pool, n) && value[n] == '~' && !strcasecmp(value + n + 1, settings);
}

static void health_from_metrics(const struct build *b, const struct appgateway *g, struct topo_backend *row)
{
    const struct hostcount *c =
        b->what_if ? NULL : (const struct hostcount *)snapshot_find_uid(b->s, KIND_HOSTCOUNT, g->object.uid);
    for (size_t i = 0; c && i < c->pools.n; i++) {
        if (!dimension_is(c->pools.items[i].pool_settings, row->pool, row->settings))
            continue;
        double up = c->pools.items[i].healthy, down = c->pools.items[i].unhealthy;
        row->from_metrics = true;
        row->health = down > 0 ? (up > 0 ? HEALTH_PARTIAL : HEALTH_DOWN) : up > 0 ? HEALTH_UP : HEALTH_UNKNOWN;
    }
}

/* ---- a row ----------------------------------------------------------------------------------------------------- */

static void join_hops(struct build *b, struct topo_backend *row)
{
    size_t i = service_index(b, row->address);
    if (i == SIZE_MAX)
        return;
    row->service = b->t->services.items[i].service;
    row->gateway = b->t->services.items[i].gateway;
}

static void find_since(const struct build *b, struct topo_backend *row)
{
    for (size_t i = 0; b->before && i < b->before->backends.n; i++) {
        const struct topo_backend *old = &b->before->backends.items[i];
        if (!id_eq(old->pool_id, row->pool_id) || !id_eq(old->settings_id, row->settings_id) ||
            !str_eq(old->address, row->address))
            continue;
        row->since_wall_ms = old->health == row->health ? old->since_wall_ms : b->s->wall_ms;
        return;
    }
}

static void add_row(struct build *b, const struct appgateway *g, const struct appgw_pool *pool,
                    const struct appgw_settings *settings, const char *pool_id, const char *settings_id,
                    const char *address, const struct health_server *server)
{
    struct topo_backend *row = PUSH(b->arena, b->t->backends);
    *row = (struct topo_backend){ .appgw = g->object.name, .pool_id = pool_id, .settings_id = settings_id,
                                  .pool = pool ? pool->name : last_segment(pool_id),
                                  .settings = settings ? settings->name : last_segment(settings_id),
                                  .address = address, .http_status = -1, .probe_index = -1, .interval_s = -1, .port = settings ? settings->port : -1,
                                  .appgw_object = g };
    if (server) {
        row->wire_health = *server->health ? server->health : NULL;
        row->log = *server->log ? server->log : NULL;
        row->cause = probe_log_classify(row->log, &row->http_status, NULL);
        row->health = health_of_wire(row->wire_health, row->cause);
    } else {
        health_from_metrics(b, g, row);
    }
    for (size_t i = 0; i < g->rules.n; i++)
        for (size_t k = 0; k < g->rules.items[i].targets.n; k++) {
            const struct appgw_target *t = &g->rules.items[i].targets.items[k];
            if (!id_eq(t->pool_id, pool_id) || !id_eq(t->settings_id, settings_id))
                continue;
            for (size_t n = 0; n < g->listeners.n; n++)
                if (id_eq(g->listeners.items[n].id, g->rules.items[i].listener_id))
                    strings_push_new(b->arena, &row->listeners, g->listeners.items[n].name);
        }
    join_hops(b, row);
    find_since(b, row);
    struct topo_backend copy = *row;
    probe_appgw(b, g, pool, settings, &copy);
    b->t->backends.items[b->t->backends.n - 1] = copy;
}

static const struct appgw_pool *pool_by_id(const struct appgateway *g, const char *id)
{
    for (size_t i = 0; i < g->pools.n; i++)
        if (id_eq(g->pools.items[i].id, id))
            return &g->pools.items[i];
    return NULL;
}

static const struct appgw_settings *settings_by_id(const struct appgateway *g, const char *id)
{
    for (size_t i = 0; i < g->settings.n; i++)
        if (id_eq(g->settings.items[i].id, id))
            return &g->settings.items[i];
    return NULL;
}

static const struct health_server *server_of(const struct backendhealth *h, const char *pool, const char *settings,
                                             const char *address)
{
    for (size_t i = 0; h && i < h->servers.n; i++)
        if (id_eq(h->servers.items[i].pool_id, pool) && id_eq(h->servers.items[i].settings_id, settings) &&
            str_eq_nocase(h->servers.items[i].address, address))
            return &h->servers.items[i];
    return NULL;
}

static bool have_row(const struct build *b, size_t from, const char *pool, const char *settings, const char *address)
{
    for (size_t i = from; i < b->t->backends.n; i++)
        if (id_eq(b->t->backends.items[i].pool_id, pool) && id_eq(b->t->backends.items[i].settings_id, settings) &&
            str_eq_nocase(b->t->backends.items[i].address, address))
            return true;
    return false;
}

static void configured_rows(struct build *b, const struct appgateway *g, const struct backendhealth *h, size_t from)
{
    for (size_t i = 0; i < g->rules.n; i++)
        for (size_t k = 0; k < g->rules.items[i].targets.n; k++) {
            const struct appgw_target *t = &g->rules.items[i].targets.items[k];
            const struct appgw_pool *pool = pool_by_id(g, t->pool_id);
            const struct appgw_settings *settings = settings_by_id(g, t->settings_id);
            for (size_t n = 0; pool && settings && n < pool->addresses.n; n++)
                if (!have_row(b, from, pool->id, settings->id, pool->addresses.items[n]))
                    add_row(b, g, pool, settings, pool->id, settings->id, pool->addresses.items[n],
                            server_of(h, pool->id, settings->id, pool->addresses.items[n]));
        }
}

/* As configured first, in the order of the rules; then what the report knows besides (network interfaces, older state). */
void build_backends(struct build *b)
{
    const struct object_list *l = &b->s->objects[KIND_APPGATEWAY];
    for (size_t i = 0; i < l->n; i++) {
        const struct appgateway *g = (const struct appgateway *)l->items[i];
        const struct backendhealth *h = health_of(b, g);
        size_t from = b->t->backends.n;
        configured_rows(b, g, h, from);
        for (size_t k = 0; h && k < h->servers.n; k++) {
            const struct health_server *v = &h->servers.items[k];
            if (!have_row(b, from, v->pool_id, v->settings_id, v->address))
                add_row(b, g, pool_by_id(g, v->pool_id), settings_by_id(g, v->settings_id), v->pool_id, v->settings_id,
                        v->address, v);
        }
    }
}

bool topology_port_used(const struct topology *t, const struct topo_service *s, int port)
{
    for (size_t i = 0; i < t->backends.n; i++) {
        const struct topo_backend *row = &t->backends.items[i];
        bool here = row->port == port || (row->probe_index >= 0 && t->probes.items[row->probe_index].port == port);
        if (here && str_eq(row->service, s->service))
            return true;
    }
    return false;
}

bool topology_port_proven(const struct topology *t, const struct topo_service *s, int port)
{
    for (size_t i = 0; i < t->backends.n; i++) {
        const struct topo_backend *row = &t->backends.items[i];
        if (row->health == HEALTH_UP && row->probe_index >= 0 && t->probes.items[row->probe_index].port == port &&
            str_eq(row->service, s->service))
            return true;
    }
    return false;
}
