#include "shape.h"

static const struct field fields[] = {
    STRING(struct gateway, class_name, "spec.gatewayClassName"),
    ARRAY(struct gateway, listeners, "spec.listeners", shape_listener),
    STRUCT(struct gateway, parameters, "spec.infrastructure.parametersRef", shape_object_ref),
    PAIRS(struct gateway, infra_labels, "spec.infrastructure.labels"),
    PAIRS(struct gateway, infra_annotations, "spec.infrastructure.annotations"),
    STRING(struct gateway, listener_sets_from, "spec.allowedListeners.namespaces.from"),
    STRUCT(struct gateway, listener_sets_selector, "spec.allowedListeners.namespaces.selector", shape_label_selector),
    ARRAY(struct gateway, conditions, "status.conditions", shape_condition),
};
static const struct shape shape = SHAPE(struct gateway, fields);

static const char *address_type(const json_t *address, struct arena *arena)
{
    return str_or(json_word(arena, json_object_get(address, "type")), "IPAddress");
}

static void decode_addresses(struct gateway *gateway, const json_t *json)
{
    struct arena *arena = &gateway->object.arena;
    const json_t *wanted = json_at(json, "spec.addresses"), *given = json_at(json, "status.addresses");
    size_t n = json_array_size(wanted);
    if (n)
        gateway->spec_addresses.items = arena_alloc(arena, n * sizeof *gateway->spec_addresses.items);
    for (size_t i = 0; i < n; i++) {
        const json_t *address = json_array_get(wanted, i);
        gateway->spec_addresses.items[gateway->spec_addresses.n++] =
            arena_printf(arena, "%s:%s", address_type(address, arena), json_word(arena, json_object_get(address, "value")));
    }
    n = json_array_size(given);
    if (!n)
        return;
    gateway->addresses.types = arena_alloc(arena, n * sizeof *gateway->addresses.types);
    gateway->addresses.values = arena_alloc(arena, n * sizeof *gateway->addresses.values);
    for (size_t i = 0; i < n; i++) {
        gateway->addresses.types[i] = address_type(json_array_get(given, i), arena);
        gateway->addresses.values[i] = json_word(arena, json_object_get(json_array_get(given, i), "value"));
    }
    gateway->addresses.n = n;
}

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct gateway *gateway = (struct gateway *)o;
    shape_decode(&shape, json, gateway, &o->arena);
    if (!*gateway->listener_sets_from)
        gateway->listener_sets_from = "None";
    listeners_default(gateway->listeners.items, gateway->listeners.n);
    listeners_join(gateway->listeners.items, gateway->listeners.n, json_at(json, "status.listeners"), &o->arena);
    decode_addresses(gateway, json);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct gateway *gateway = (const struct gateway *)o;
    describe_line(d, "Class", "%s", gateway->class_name);
    for (size_t i = 0; i < gateway->addresses.n; i++)
        describe_line(d, "Address", "%s", gateway->addresses.values[i]);
    if (*gateway->parameters.name)
        describe_line(d, "Parameters", "%s %s", gateway->parameters.kind, gateway->parameters.name);
    describe_conditions(d, &gateway->conditions);
    describe_listeners(d, gateway->listeners.items, gateway->listeners.n);
}

static const char *const versions[] = {"v1", "v1beta1", NULL};
const struct kind kind_gateway = {
    .name = "Gateway", .plural = "gateways", .group = "gateway.networking.k8s.io", .versions = versions,
    .namespaced = true, .size = sizeof(struct gateway), .decode = decode, .describe = describe,
};
