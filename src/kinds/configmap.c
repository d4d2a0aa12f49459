#include "shape.h"

/* Values are YAML that a fix reads and edits: their lines are kept. */
static const struct field fields[] = {
    {"data", FIELD_PAIRS_TEXT, offsetof(struct configmap, data), NULL},
};
static const struct shape shape = SHAPE(struct configmap, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    shape_decode(&shape, json, o, &o->arena);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct configmap *map = (const struct configmap *)o;
    for (size_t i = 0; i < map->data.n; i++) {
        describe_line(d, map->data.items[i].key, "%s", "");
        describe_line(d, "", "%s", map->data.items[i].value);
    }
}

/* Those that Gateways name are added while running: see source/. */
static const struct kind_list lists[] = {
    {.name = "configmaps of gateway classes", .selector = "labelSelector=gateway.istio.io%2Fdefaults-for-class"},
    {0},
};
static const char *const versions[] = {"v1", NULL};
const struct kind kind_configmap = {
    .name = "ConfigMap", .plural = "configmaps", .group = "", .versions = versions, .namespaced = true,
    .size = sizeof(struct configmap), .decode = decode, .describe = describe,
    .lists = lists,
};
