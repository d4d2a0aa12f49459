/* Backend health of one Application Gateway (azure.md 2.3). The on-demand answer names its parts differently (2.2) and is
 * read by the same decoder. */
#include "shape.h"

#include <string.h>

#define T struct backendhealth

static const struct field server_fields[] = {
    STRING(struct health_server, address, "address"),
    STRING(struct health_server, health, "health"),
    STRING(struct health_server, log, "healthProbeLog"),
};
static const struct shape shape_server = SHAPE(struct health_server, server_fields);

/* The recorder of one tool wrote the JSON null as a word. */
static const char *without_null(const char *log)
{
    return str_eq_nocase(log, "null") ? "" : log;
}

static size_t count(const json_t *pools, size_t *ret_empty)
{
    size_t servers = 0, empty = 0;
    for (size_t i = 0; i < json_array_size(pools); i++) {
        const json_t *collection = json_at(json_array_get(pools, i), "backendHttpSettingsCollection");
        for (size_t k = 0; k < json_array_size(collection); k++) {
            size_t n = json_array_size(json_object_get(json_array_get(collection, k), "servers"));
            servers += n;
            empty += n == 0;
        }
    }
    *ret_empty = empty;
    return servers;
}

static void decode_collection(T *report, const char *pool, const json_t *entry)
{
    struct arena *arena = &report->object.arena;
    const json_t *servers = json_object_get(entry, "servers");
    const char *settings = json_word(arena, json_at(entry, "backendHttpSettings.id"));
    size_t n = json_array_size(servers);
    if (!n && !strings_have_nocase(&report->empty_pools, pool))
        report->empty_pools.items[report->empty_pools.n++] = pool;
    for (size_t i = 0; i < n; i++) {
        struct health_server *server = &report->servers.items[report->servers.n++];
        shape_decode(&shape_server, json_array_get(servers, i), server, arena);
        server->log = without_null(server->log);
        server->pool_id = pool;
        server->settings_id = settings;
    }
}

static void decode_pools(T *report, const json_t *pools)
{
    struct arena *arena = &report->object.arena;
    size_t empty, servers = count(pools, &empty);
    if (servers)
        report->servers.items = arena_alloc(arena, servers * sizeof *report->servers.items);
    if (empty)
        report->empty_pools.items = arena_alloc(arena, empty * sizeof *report->empty_pools.items);
    for (size_t i = 0; i < json_array_size(pools); i++) {
        const json_t *pool = json_array_get(pools, i);
        const char *id = json_word(arena, json_at(pool, "backendAddressPool.id"));
        const json_t *collection = json_object_get(pool, "backendHttpSettingsCollection");
        for (size_t k = 0; k < json_array_size(collection); k++)
            decode_collection(report, id, json_array_get(collection, k));
    }
}

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    T *report = (T *)o;
    report->reported_wall_ms = o->created_ms;
    const json_t *pools = json_object_get(json, "backendAddressPools"),
                 *one = json_object_get(json, "backendHealthHttpSettings");
    if (json_is_array(pools)) {
        decode_pools(report, pools);
        return true;
    }
    if (!json_is_object(one))
        return error_set(err, ERR_PROTOCOL, "a backend health report without pools");
    size_t n = json_array_size(json_object_get(one, "servers"));
    report->servers.items = arena_alloc(&o->arena, (n + 1) * sizeof *report->servers.items);
    report->empty_pools.items = arena_alloc(&o->arena, sizeof *report->empty_pools.items);
    decode_collection(report, json_word(&o->arena, json_at(json, "backendAddressPool.id")), one);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const T *report = (const T *)o;
    for (size_t i = 0; i < report->servers.n; i++) {
        const struct health_server *server = &report->servers.items[i];
        const char *settings = strrchr(server->settings_id, '/');
        describe_line(d, server->address, "%s by %s", str_or(server->health, "(no word)"), settings ? settings + 1 : "?");
        d->indent++;
        if (*server->log)
            describe_line(d, "Probe log", "%s", server->log);
        d->indent--;
    }
}

const struct kind kind_backendhealth = {
    .name = "BackendHealth", .plural = "Microsoft.Network/applicationGateways/backendhealth", .group = "Microsoft.Network",
    .namespaced = true, .origin = ORIGIN_ARM, .size = sizeof(T), .decode = decode, .describe = describe,
};
