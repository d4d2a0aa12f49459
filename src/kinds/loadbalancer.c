/* Load balancers of the node resource group (azure.md 4.1). */
#include "shape.h"

static const struct field frontend_fields[] = {
    STRING(struct lb_frontend, id, "id"),
    STRING(struct lb_frontend, name, "name"),
    STRING(struct lb_frontend, ip, P "privateIPAddress"),
    {P "publicIPAddress", FIELD_PRESENT, offsetof(struct lb_frontend, is_public), NULL},
};
static const struct shape shape_frontend = SHAPE(struct lb_frontend, frontend_fields);
static const struct field rule_fields[] = {
    STRING(struct lb_rule, id, "id"),
    STRING(struct lb_rule, name, "name"),
    STRING(struct lb_rule, protocol, P "protocol"),
    STRING(struct lb_rule, frontend_id, P "frontendIPConfiguration.id"),
    STRING(struct lb_rule, probe_id, P "probe.id"),
    INT(struct lb_rule, frontend_port, P "frontendPort"),
    INT(struct lb_rule, backend_port, P "backendPort"),
    BOOL(struct lb_rule, floating_ip, P "enableFloatingIP"),
};
static const struct shape shape_rule = SHAPE(struct lb_rule, rule_fields);
static const struct field probe_fields[] = {
    STRING(struct lb_probe, id, "id"),
    STRING(struct lb_probe, name, "name"),
    STRING(struct lb_probe, protocol, P "protocol"),
    STRING(struct lb_probe, path, P "requestPath"),
    INT(struct lb_probe, port, P "port"),
    INT(struct lb_probe, interval_s, P "intervalInSeconds"),
    INT(struct lb_probe, count, P "numberOfProbes"),
};
static const struct shape shape_probe = SHAPE(struct lb_probe, probe_fields);
static const struct field fields[] = {
    STRING(struct loadbalancer, sku, "sku.name"),
    ARRAY(struct loadbalancer, frontends, P "frontendIPConfigurations", shape_frontend),
    ARRAY(struct loadbalancer, rules, P "loadBalancingRules", shape_rule),
    ARRAY(struct loadbalancer, probes, P "probes", shape_probe),
};
static const struct shape shape = SHAPE(struct loadbalancer, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    shape_decode(&shape, json, o, &o->arena);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct loadbalancer *lb = (const struct loadbalancer *)o;
    describe_line(d, "SKU", "%s", lb->sku);
    for (size_t i = 0; i < lb->frontends.n; i++)
        describe_line(d, "Frontend", "%s %s", lb->frontends.items[i].name,
                      lb->frontends.items[i].is_public ? "(public)" : lb->frontends.items[i].ip);
    for (size_t i = 0; i < lb->rules.n; i++)
        describe_line(d, "Rule", "%s %s %d to %d%s", lb->rules.items[i].name, lb->rules.items[i].protocol,
                      lb->rules.items[i].frontend_port, lb->rules.items[i].backend_port,
                      *lb->rules.items[i].probe_id ? "" : " (no probe)");
    for (size_t i = 0; i < lb->probes.n; i++)
        describe_line(d, "Probe", "%s %s port %d %s", lb->probes.items[i].name, lb->probes.items[i].protocol,
                      lb->probes.items[i].port, lb->probes.items[i].path);
}

const struct kind kind_loadbalancer = {
    .name = "LoadBalancer", .plural = "Microsoft.Network/loadBalancers", .group = "Microsoft.Network", .namespaced = true,
    .origin = ORIGIN_ARM, .size = sizeof(struct loadbalancer), .decode = decode, .describe = describe,
};
