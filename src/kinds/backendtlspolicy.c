#include "shape.h"

static const struct field ancestor_fields[] = {
    STRUCT(struct route_parent_status, ref, "ancestorRef", shape_parent_ref),
    STRING(struct route_parent_status, controller, "controllerName"),
    ARRAY(struct route_parent_status, conditions, "conditions", shape_condition),
};
static const struct shape shape_ancestor = SHAPE(struct route_parent_status, ancestor_fields);
static const struct field fields[] = {
    STRING(struct backendtlspolicy, hostname, "spec.validation.hostname"),
    ARRAY(struct backendtlspolicy, ancestors, "status.ancestors", shape_ancestor),
};
static const struct shape shape = SHAPE(struct backendtlspolicy, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct backendtlspolicy *policy = (struct backendtlspolicy *)o;
    shape_decode(&shape, json, o, &o->arena);
    const json_t *targets = json_at(json, "spec.targetRefs");
    size_t n = json_array_size(targets);
    if (!n)
        return true;
    policy->targets.items = arena_alloc(&o->arena, n * sizeof *policy->targets.items);
    policy->targets.sections = arena_alloc(&o->arena, n * sizeof *policy->targets.sections);
    policy->targets.n = n;
    for (size_t i = 0; i < n; i++) {
        shape_decode(&shape_object_ref, json_array_get(targets, i), &policy->targets.items[i], &o->arena);
        policy->targets.sections[i] = json_word(&o->arena, json_at(json_array_get(targets, i), "sectionName"));
    }
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct backendtlspolicy *policy = (const struct backendtlspolicy *)o;
    describe_line(d, "Hostname", "%s", policy->hostname);
    for (size_t i = 0; i < policy->targets.n; i++)
        describe_line(d, "Target", "%s %s %s", policy->targets.items[i].kind, policy->targets.items[i].name,
                      policy->targets.sections[i]);
    for (size_t i = 0; i < policy->ancestors.n; i++)
        describe_conditions(d, &policy->ancestors.items[i].conditions);
}

static const char *const versions[] = {"v1", "v1alpha3", NULL};
const struct kind kind_backendtlspolicy = {
    .name = "BackendTLSPolicy", .plural = "backendtlspolicies", .group = "gateway.networking.k8s.io", .versions = versions, .namespaced = true,
    .size = sizeof(struct backendtlspolicy), .decode = decode, .describe = describe,
    .optional = true,
};
