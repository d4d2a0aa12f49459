#include "shape.h"

static const struct field fields[] = {
    STRUCT(struct listenerset, parent, "spec.parentRef", shape_object_ref),
    ARRAY(struct listenerset, listeners, "spec.listeners", shape_listener),
    ARRAY(struct listenerset, conditions, "status.conditions", shape_condition),
};
static const struct shape shape = SHAPE(struct listenerset, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct listenerset *set = (struct listenerset *)o;
    shape_decode(&shape, json, set, &o->arena);
    if (!*set->parent.kind) {
        set->parent.kind = "Gateway";
        set->parent.group = "gateway.networking.k8s.io";
    }
    listeners_default(set->listeners.items, set->listeners.n);
    listeners_join(set->listeners.items, set->listeners.n, json_at(json, "status.listeners"), &o->arena);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct listenerset *set = (const struct listenerset *)o;
    describe_line(d, "Parent", "%s %s", set->parent.kind, set->parent.name);
    describe_conditions(d, &set->conditions);
    describe_listeners(d, set->listeners.items, set->listeners.n);
}

static const char *const versions[] = {"v1", NULL};
const struct kind kind_listenerset = {
    .name = "ListenerSet", .plural = "listenersets", .group = "gateway.networking.k8s.io", .versions = versions,
    .namespaced = true, .optional = true, .size = sizeof(struct listenerset), .decode = decode, .describe = describe,
};
