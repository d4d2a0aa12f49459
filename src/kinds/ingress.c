#include "shape.h"

/* Ingresses are only counted, as what is left to migrate. */
static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct ingress *ingress = (struct ingress *)o;
    ingress->class_name = json_word(&o->arena, json_at(json, "spec.ingressClassName"));
    if (!*ingress->class_name)
        ingress->class_name = json_word(&o->arena, json_at(json, "metadata.annotations.[kubernetes.io/ingress.class]"));
    ingress->rules = (int)json_array_size(json_at(json, "spec.rules"));
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct ingress *ingress = (const struct ingress *)o;
    describe_line(d, "Class", "%s", ingress->class_name);
    describe_line(d, "Rules", "%d", ingress->rules);
}

static const char *const versions[] = {"v1", NULL};
const struct kind kind_ingress = {
    .name = "Ingress", .plural = "ingresses", .group = "networking.k8s.io", .versions = versions, .namespaced = true,
    .size = sizeof(struct ingress), .decode = decode, .describe = describe,
    .optional = true,
};
