/* Health of one load-balancing rule, per node and with the reason (azure.md 4.4). */
#include "shape.h"

#define T struct rulehealth

static const struct field fields[] = {
    INT(T, up, "up"),
    INT(T, down, "down"),
};
static const struct shape shape = SHAPE(T, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    T *health = (T *)o;
    shape_decode(&shape, json, health, &o->arena);
    const json_t *addresses = json_object_get(json, "loadBalancerBackendAddresses");
    if (!json_is_array(addresses) && health->up < 0)
        return error_set(err, ERR_PROTOCOL, "a rule health report without counts or addresses");
    size_t n = json_array_size(addresses);
    if (!n)
        return true;
    health->nodes.items = arena_alloc(&o->arena, n * sizeof *health->nodes.items);
    for (size_t i = 0; i < n; i++) {
        const json_t *node = json_array_get(addresses, i);
        health->nodes.items[i].ip = json_word(&o->arena, json_object_get(node, "ipAddress"));
        health->nodes.items[i].nic = json_word(&o->arena, json_object_get(node, "networkInterfaceIPConfigurationId"));
        health->nodes.items[i].state = json_word(&o->arena, json_object_get(node, "state"));
        health->nodes.items[i].reason = json_word(&o->arena, json_object_get(node, "reason"));
    }
    health->nodes.n = n;
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const T *health = (const T *)o;
    describe_line(d, "Nodes", "%d up, %d down", health->up, health->down);
    for (size_t i = 0; i < health->nodes.n; i++)
        describe_line(d, health->nodes.items[i].ip, "%s, %s", health->nodes.items[i].state, health->nodes.items[i].reason);
}

const struct kind kind_rulehealth = {
    .name = "RuleHealth", .plural = "Microsoft.Network/loadBalancers/loadBalancingRules/health",
    .group = "Microsoft.Network", .namespaced = true, .origin = ORIGIN_ARM, .optional = true, .size = sizeof(T),
    .decode = decode, .describe = describe,
};
