#include "shape.h"

static const struct field fields[] = {
    BOOL(struct node, unschedulable, "spec.unschedulable"),
    STRING(struct node, zone, "metadata.labels.[topology.kubernetes.io/zone]"),
    {"metadata.labels.[node.kubernetes.io/exclude-from-external-load-balancers]", FIELD_BOOL,
     offsetof(struct node, excluded_from_lb), NULL},
    STRING(struct node, kubelet_version, "status.nodeInfo.kubeletVersion"),
};
static const struct shape shape = SHAPE(struct node, fields);

/* The value of `want` in the item of a list whose `key` is `name`. */
static const json_t *item_value(const json_t *list, const char *key, const char *name, const char *want)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (str_eq(json_string_value(json_object_get(item, key)), name))
            return json_object_get(item, want);
    }
    return NULL;
}

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct node *node = (struct node *)o;
    shape_decode(&shape, json, node, &o->arena);
    node->internal_ip = json_word(&o->arena, item_value(json_at(json, "status.addresses"), "type", "InternalIP", "address"));
    const char *ready = json_string_value(item_value(json_at(json, "status.conditions"), "type", "Ready", "status"));
    node->ready = str_eq(ready, "True") ? TRI_TRUE : str_eq(ready, "False") ? TRI_FALSE : TRI_UNKNOWN;
    /* The label's presence counts, whatever its value. */
    node->excluded_from_lb =
        json_at(json, "metadata.labels.[node.kubernetes.io/exclude-from-external-load-balancers]") != NULL;
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct node *node = (const struct node *)o;
    describe_line(d, "Ready", "%s", tri_name(node->ready));
    describe_line(d, "Unschedulable", "%s", node->unschedulable ? "yes" : "no");
    describe_line(d, "Zone", "%s", node->zone);
    describe_line(d, "Internal IP", "%s", node->internal_ip);
    describe_line(d, "Kubelet", "%s", node->kubelet_version);
}

static const char *const versions[] = {"v1", NULL};
const struct kind kind_node = {
    .name = "Node", .plural = "nodes", .group = "", .versions = versions, .namespaced = false,
    .size = sizeof(struct node), .decode = decode, .describe = describe,
};
