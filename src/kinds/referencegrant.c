#include "shape.h"

static const struct field fields[] = {
    ARRAY(struct referencegrant, from, "spec.from", shape_object_ref),
    ARRAY(struct referencegrant, to, "spec.to", shape_object_ref),
};
static const struct shape shape = SHAPE(struct referencegrant, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    shape_decode(&shape, json, o, &o->arena);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct referencegrant *grant = (const struct referencegrant *)o;
    for (size_t i = 0; i < grant->from.n; i++)
        describe_line(d, "From", "%s in namespace %s", grant->from.items[i].kind, grant->from.items[i].namespace);
    for (size_t i = 0; i < grant->to.n; i++)
        describe_line(d, "To", "%s %s", grant->to.items[i].kind, str_or(grant->to.items[i].name, "(any)"));
}

static const char *const versions[] = {"v1", "v1beta1", NULL};
const struct kind kind_referencegrant = {
    .name = "ReferenceGrant", .plural = "referencegrants", .group = "gateway.networking.k8s.io", .versions = versions, .namespaced = true,
    .size = sizeof(struct referencegrant), .decode = decode, .describe = describe,
};
