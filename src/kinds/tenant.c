#include "shape.h"

/* Capsule (kubernetes.md 8). */
static const struct field fields[] = {
    STRING(struct tenant, state, "status.state"),
    BOOL(struct tenant, cordoned, "spec.cordoned"),
    STRINGS(struct tenant, namespaces, "status.namespaces"),
};
static const struct shape shape = SHAPE(struct tenant, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct tenant *tenant = (struct tenant *)o;
    shape_decode(&shape, json, o, &o->arena);
    const json_t *owners = json_at(json, "spec.owners");
    size_t n = json_array_size(owners);
    if (!n)
        return true;
    tenant->owners.items = arena_alloc(&o->arena, n * sizeof *tenant->owners.items);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_word(&o->arena, json_at(json_array_get(owners, i), "name"));
        if (*name)
            tenant->owners.items[tenant->owners.n++] = name;
    }
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct tenant *tenant = (const struct tenant *)o;
    describe_line(d, "State", "%s%s", tenant->state, tenant->cordoned ? ", cordoned" : "");
    for (size_t i = 0; i < tenant->owners.n; i++)
        describe_line(d, "Owner", "%s", tenant->owners.items[i]);
    for (size_t i = 0; i < tenant->namespaces.n; i++)
        describe_line(d, "Namespace", "%s", tenant->namespaces.items[i]);
}

static const char *const versions[] = {"v1beta2", "v1beta1", NULL};
const struct kind kind_tenant = {
    .name = "Tenant", .plural = "tenants", .group = "capsule.clastix.io", .versions = versions, .namespaced = false,
    .size = sizeof(struct tenant), .decode = decode, .describe = describe,
    .optional = true,
};
