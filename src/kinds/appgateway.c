/* Application Gateway (azure.md 1). Children keep their fields below "properties"; the layer-4 twins of settings,
 * listeners and rules have the same shape and are appended. */
#include "shape.h"

#include <string.h>

static const struct field settings_fields[] = {
    STRING(struct appgw_settings, id, "id"),
    STRING(struct appgw_settings, name, "name"),
    STRING(struct appgw_settings, protocol, P "protocol"),
    STRING(struct appgw_settings, host, P "hostName"),
    STRING(struct appgw_settings, path, P "path"),
    INT(struct appgw_settings, port, P "port"),
    INT(struct appgw_settings, request_timeout_s, P "requestTimeout"),
    TRI(struct appgw_settings, pick_host_from_address, P "pickHostNameFromBackendAddress"),
    TRI(struct appgw_settings, probe_enabled, P "probeEnabled"),
    STRING(struct appgw_settings, probe_id, P "probe.id"),
    STRING(struct appgw_settings, sni_name, P "sniName"),
};
static const struct shape shape_settings = SHAPE(struct appgw_settings, settings_fields);

static const struct field probe_fields[] = {
    STRING(struct appgw_probe, id, "id"),
    STRING(struct appgw_probe, name, "name"),
    STRING(struct appgw_probe, protocol, P "protocol"),
    STRING(struct appgw_probe, host, P "host"),
    STRING(struct appgw_probe, path, P "path"),
    INT(struct appgw_probe, port, P "port"),
    INT(struct appgw_probe, interval_s, P "interval"),
    INT(struct appgw_probe, timeout_s, P "timeout"),
    INT(struct appgw_probe, threshold, P "unhealthyThreshold"),
    INT(struct appgw_probe, min_servers, P "minServers"),
    TRI(struct appgw_probe, pick_host_from_settings, P "pickHostNameFromBackendHttpSettings"),
    STRING(struct appgw_probe, match_body, P "match.body"),
    STRINGS(struct appgw_probe, match_status, P "match.statusCodes"),
};
static const struct shape shape_probe = SHAPE(struct appgw_probe, probe_fields);

static const struct field listener_fields[] = {
    STRING(struct appgw_listener, id, "id"),
    STRING(struct appgw_listener, name, "name"),
    STRING(struct appgw_listener, protocol, P "protocol"),
    STRINGS(struct appgw_listener, hosts, P "hostNames"),
};
static const struct shape shape_listeners = SHAPE(struct appgw_listener, listener_fields);

static const struct field rule_fields[] = {
    STRING(struct appgw_rule, id, "id"),
    STRING(struct appgw_rule, name, "name"),
    STRING(struct appgw_rule, type, P "ruleType"),
    STRING(struct appgw_rule, listener_id, P "httpListener.id"),
    STRING(struct appgw_rule, redirect_id, P "redirectConfiguration.id"),
    INT(struct appgw_rule, priority, P "priority"),
};
static const struct shape shape_rule = SHAPE(struct appgw_rule, rule_fields);

static const struct field pool_fields[] = {
    STRING(struct appgw_pool, id, "id"),
    STRING(struct appgw_pool, name, "name"),
};
static const struct shape shape_pool = SHAPE(struct appgw_pool, pool_fields);

#define T struct appgateway
static const struct field fields[] = {
    STRING(T, location, "location"),
    STRING(T, provisioning_state, P "provisioningState"),
    STRING(T, operational_state, P "operationalState"),
    STRING(T, sku, P "sku.name"),
    STRING(T, tier, P "sku.tier"),
    INT(T, capacity, P "sku.capacity"),
    INT(T, min_capacity, P "autoscaleConfiguration.minCapacity"),
    INT(T, max_capacity, P "autoscaleConfiguration.maxCapacity"),
    ARRAY(T, pools, P "backendAddressPools", shape_pool),
    ARRAY(T, probes, P "probes", shape_probe),
};
static const struct shape shape = SHAPE(T, fields);

static const json_t *child_by_id(const json_t *list, const char *id)
{
    for (size_t i = 0; id && i < json_array_size(list); i++)
        if (str_eq_nocase(json_string_value(json_object_get(json_array_get(list, i), "id")), id))
            return json_array_get(list, i);
    return NULL;
}

static const char *id_text(const json_t *json, const char *path)
{
    return json_string_value(json_at(json, path));
}

/* ---- pools --------------------------------------------------------------------------------------------------------------- */

static void decode_pool(struct appgw_pool *pool, const json_t *json, struct arena *arena)
{
    const json_t *addresses = json_at(json, P "backendAddresses");
    pool->nic_targets = (int)json_array_size(json_at(json, P "backendIPConfigurations"));
    size_t n = json_array_size(addresses);
    if (n)
        pool->addresses.items = arena_alloc(arena, n * sizeof *pool->addresses.items);
    for (size_t i = 0; i < n; i++) {
        /* {ipAddress} or {fqdn}; one published example has bare strings. */
        const json_t *address = json_array_get(addresses, i);
        const char *text = json_word(arena, address);
        if (!*text)
            text = json_word(arena, json_object_get(address, "ipAddress"));
        if (!*text)
            text = json_word(arena, json_object_get(address, "fqdn"));
        if (*text)
            pool->addresses.items[pool->addresses.n++] = text;
    }
}

/* ---- twins: an array from two lists ---------------------------------------------------------------------------------------- */

static void *decode_two(const struct shape *one, const json_t *first, const json_t *second, struct arena *arena, size_t *ret_n)
{
    size_t a = json_array_size(first), b = json_array_size(second);
    *ret_n = a + b;
    if (!*ret_n)
        return NULL;
    char *items = arena_alloc(arena, *ret_n * one->size);
    for (size_t i = 0; i < a + b; i++)
        shape_decode(one, i < a ? json_array_get(first, i) : json_array_get(second, i - a), items + i * one->size, arena);
    return items;
}

static void decode_settings(T *gw, const json_t *json)
{
    const json_t *http = json_at(json, P "backendHttpSettingsCollection"), *l4 = json_at(json, P "backendSettingsCollection");
    gw->settings.items = decode_two(&shape_settings, http, l4, &gw->object.arena, &gw->settings.n);
    for (size_t i = 0; i < json_array_size(http); i++)
        gw->settings.items[i].trusted_roots = json_array_size(json_at(json_array_get(http, i), P "trustedRootCertificates"));
}

static void decode_listener(struct appgw_listener *listener, const json_t *json, const json_t *gateway, struct arena *arena)
{
    const char *host = json_word(arena, json_at(json, P "hostName"));
    if (!listener->hosts.n && *host) {
        listener->hosts.items = arena_alloc(arena, sizeof *listener->hosts.items);
        listener->hosts.items[listener->hosts.n++] = host;
    }
    const json_t *port = child_by_id(json_at(gateway, P "frontendPorts"), id_text(json, P "frontendPort.id"));
    const json_t *number = json_at(port, P "port");
    listener->port = json_is_integer(number) ? (int)json_integer_value(number) : -1;
    const json_t *front = child_by_id(json_at(gateway, P "frontendIPConfigurations"),
                                      id_text(json, P "frontendIPConfiguration.id"));
    listener->is_private = front && !json_is_object(json_at(front, P "publicIPAddress"));
}

static void decode_listeners(T *gw, const json_t *json)
{
    const json_t *http = json_at(json, P "httpListeners"), *l4 = json_at(json, P "listeners");
    gw->listeners.items = decode_two(&shape_listeners, http, l4, &gw->object.arena, &gw->listeners.n);
    size_t a = json_array_size(http);
    for (size_t i = 0; i < gw->listeners.n; i++)
        decode_listener(&gw->listeners.items[i], i < a ? json_array_get(http, i) : json_array_get(l4, i - a), json,
                        &gw->object.arena);
}

/* ---- rules --------------------------------------------------------------------------------------------------------------- */

static struct appgw_target target(struct arena *arena, const json_t *json, const char *pool, const char *settings,
                                  const char *paths)
{
    return (struct appgw_target){.pool_id = json_word(arena, json_at(json, pool)),
                                 .settings_id = json_word(arena, json_at(json, settings)), .paths = paths};
}

static const char *join_paths(const json_t *paths, struct arena *arena)
{
    TEXT_AUTO joined = {.max = 4096};
    for (size_t i = 0; i < json_array_size(paths); i++) {
        const char *path = json_string_value(json_array_get(paths, i));
        text_printf(&joined, "%s%s", joined.len ? ", " : "", path ? path : "");
    }
    FREE_AUTO char *clean = text_clean_dup(text_str(&joined), joined.len, false);
    return arena_dup(arena, clean);
}

static void decode_targets(struct appgw_rule *rule, const json_t *json, const json_t *gateway, struct arena *arena)
{
    const json_t *map = child_by_id(json_at(gateway, P "urlPathMaps"), id_text(json, P "urlPathMap.id"));
    const json_t *paths = json_at(map, P "pathRules");
    size_t n = json_array_size(paths);
    rule->targets.items = arena_alloc(arena, (n + 1) * sizeof *rule->targets.items);
    bool l4 = json_at(json, P "backendSettings.id") != NULL;
    struct appgw_target first =
        map ? target(arena, map, P "defaultBackendAddressPool.id", P "defaultBackendHttpSettings.id", "")
            : target(arena, json, P "backendAddressPool.id", l4 ? P "backendSettings.id" : P "backendHttpSettings.id", "");
    if (*first.pool_id)
        rule->targets.items[rule->targets.n++] = first;
    for (size_t i = 0; i < n; i++) {
        const json_t *path = json_array_get(paths, i);
        struct appgw_target t = target(arena, path, P "backendAddressPool.id", P "backendHttpSettings.id",
                                       join_paths(json_at(path, P "paths"), arena));
        if (*t.pool_id)
            rule->targets.items[rule->targets.n++] = t;
    }
}

static void mark_used(T *gw, const char *pool_id)
{
    for (size_t i = 0; i < gw->pools.n; i++)
        if (str_eq_nocase(gw->pools.items[i].id, pool_id))
            gw->pools.items[i].used = true;
}

static void decode_rules(T *gw, const json_t *json)
{
    const json_t *http = json_at(json, P "requestRoutingRules"), *l4 = json_at(json, P "routingRules");
    gw->rules.items = decode_two(&shape_rule, http, l4, &gw->object.arena, &gw->rules.n);
    size_t a = json_array_size(http);
    for (size_t i = 0; i < gw->rules.n; i++) {
        struct appgw_rule *rule = &gw->rules.items[i];
        const json_t *from = i < a ? json_array_get(http, i) : json_array_get(l4, i - a);
        if (!*rule->listener_id)
            rule->listener_id = json_word(&gw->object.arena, json_at(from, P "listener.id"));
        decode_targets(rule, from, json, &gw->object.arena);
        for (size_t k = 0; k < rule->targets.n; k++)
            mark_used(gw, rule->targets.items[k].pool_id);
    }
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------- */

static void decode_frontends(T *gw, const json_t *fronts)
{
    struct arena *arena = &gw->object.arena;
    size_t n = json_array_size(fronts);
    if (!n)
        return;
    gw->public_ip_ids.items = arena_alloc(arena, n * sizeof *gw->public_ip_ids.items);
    gw->private_ips.items = arena_alloc(arena, n * sizeof *gw->private_ips.items);
    for (size_t i = 0; i < n; i++) {
        const json_t *front = json_array_get(fronts, i);
        const char *public = json_word(arena, json_at(front, P "publicIPAddress.id"));
        const char *private = json_word(arena, json_at(front, P "privateIPAddress"));
        if (*public)
            gw->public_ip_ids.items[gw->public_ip_ids.n++] = public;
        if (*private)
            gw->private_ips.items[gw->private_ips.n++] = private;
    }
}

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    T *gw = (T *)o;
    shape_decode(&shape, json, gw, &o->arena);
    gw->v2 = str_ends(gw->sku, "_v2") || str_eq(gw->sku, "Basic");
    gw->waf = json_is_true(json_at(json, P "webApplicationFirewallConfiguration.enabled")) ||
              json_is_object(json_at(json, P "firewallPolicy"));
    const json_t *pools = json_at(json, P "backendAddressPools"), *probes = json_at(json, P "probes");
    for (size_t i = 0; i < gw->pools.n; i++)
        decode_pool(&gw->pools.items[i], json_array_get(pools, i), &o->arena);
    for (size_t i = 0; i < gw->probes.n; i++)
        if (json_is_true(json_at(json_array_get(probes, i), P "pickHostNameFromBackendSettings")))
            gw->probes.items[i].pick_host_from_settings = TRI_TRUE;
    decode_frontends(gw, json_at(json, P "frontendIPConfigurations"));
    decode_settings(gw, json);
    decode_listeners(gw, json);
    decode_rules(gw, json);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const T *gw = (const T *)o;
    describe_line(d, "State", "%s, %s", gw->operational_state, gw->provisioning_state);
    describe_line(d, "SKU", "%s in %s", gw->sku, gw->location);
    for (size_t i = 0; i < gw->pools.n; i++) {
        describe_line(d, "Pool", "%s%s", gw->pools.items[i].name, gw->pools.items[i].used ? "" : " (no rule uses it)");
        d->indent++;
        for (size_t k = 0; k < gw->pools.items[i].addresses.n; k++)
            describe_line(d, "Address", "%s", gw->pools.items[i].addresses.items[k]);
        d->indent--;
    }
    for (size_t i = 0; i < gw->settings.n; i++)
        describe_line(d, "Settings", "%s %s %d host %s", gw->settings.items[i].name, gw->settings.items[i].protocol,
                      gw->settings.items[i].port, str_or(gw->settings.items[i].host, "(none)"));
    for (size_t i = 0; i < gw->probes.n; i++)
        describe_line(d, "Probe", "%s %s %s%s every %d s", gw->probes.items[i].name, gw->probes.items[i].protocol,
                      gw->probes.items[i].host, gw->probes.items[i].path, gw->probes.items[i].interval_s);
}

const struct kind kind_appgateway = {
    .name = "ApplicationGateway", .plural = "Microsoft.Network/applicationGateways", .group = "Microsoft.Network",
    .namespaced = true, .origin = ORIGIN_ARM, .size = sizeof(T), .decode = decode, .describe = describe,
};
