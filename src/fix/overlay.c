#include "overlay.h"

#include <stdlib.h>
#include <string.h>

/* Child object under `key`, made when missing; NULL when something else stands there. */
static json_t *object_under(json_t *parent, const char *key)
{
    json_t *child = json_object_get(parent, key);
    if (!child || json_is_null(child)) {
        json_object_set_new(parent, key, json_object());
        return json_object_get(parent, key);
    }
    return json_is_object(child) ? child : NULL;
}

static bool is_probe_annotation(const char *key)
{
    return str_starts(key, OVERLAY_ANNOTATION_PREFIX "port_") && strstr(key, "_health-probe_") != NULL;
}

/* The strategic merge patch that the controller lays on the Service it renders. */
static bool edit_service(json_t *patch, const struct topo_service *service)
{
    const struct pairs *annotations = &service->object->object.annotations;
    json_t *spec = object_under(patch, "spec");
    if (!spec)
        return false;
    json_object_set_new(spec, "externalTrafficPolicy", json_string("Local"));
    for (size_t i = 0; i < annotations->n; i++) {
        if (!is_probe_annotation(annotations->items[i].key))
            continue;
        json_t *metadata = object_under(patch, "metadata");
        json_t *nulled = metadata ? object_under(metadata, "annotations") : NULL;
        if (!nulled)
            return false;
        json_object_set_new(nulled, annotations->items[i].key, json_null());
    }
    return true;
}

static json_t *parse_service_key(const char *yaml)
{
    struct yaml_doc *docs = NULL;
    size_t n = 0;
    json_t *root = NULL;
    if (!yaml || !*yaml)
        return json_object();
    if (!yaml_parse(yaml, strlen(yaml), "service", &docs, &n, NULL))
        return NULL;
    if (n == 0)
        root = json_object();
    else if (n == 1 && json_is_object(docs[0].root))
        root = json_deep_copy(docs[0].root);
    yaml_docs_free(docs, n);
    return root;
}

/* The `service` key's new text, or NULL when the old one cannot be read as a patch. */
static char *new_service_key(const char *old, const struct topo_service *service)
{
    json_t *patch = parse_service_key(old);
    struct text text = { 0 };
    if (!patch)
        return NULL;
    const bool ok = edit_service(patch, service);
    if (ok)
        yaml_emit(patch, &text);
    json_decref(patch);
    return ok ? text_take(&text) : NULL;
}

static void add_new(struct plan *plan, const struct topo_gateway *gateway, const struct topo_service *service)
{
    const struct object *object = &gateway->object->object;
    FREE_AUTO char *name = xasprintf("%s-gatewatch", object->name);
    FREE_AUTO char *key = new_service_key(NULL, service);
    json_t *body = json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}}, s:{s:s}}", "apiVersion", "v1", "kind", "ConfigMap",
                             "metadata", "name", name, "namespace", object->namespace, "labels",
                             "app.kubernetes.io/managed-by", MANAGED_BY, "data", "service", key);
    plan_add_change(plan, "apply", "configmaps", "ConfigMap", "", "v1", object->namespace, name, CONTENT_APPLY, body);
    plan_add_change(plan, "patch", "gateways", "Gateway", "gateway.networking.k8s.io", "v1", object->namespace,
                    object->name, CONTENT_MERGE,
                    json_pack("{s:{s:{s:{s:s, s:s, s:s}}}}", "spec", "infrastructure", "parametersRef", "group", "", "kind",
                              "ConfigMap", "name", name));
}

void overlay_add_changes(struct plan *plan, const struct topology *topology, const struct topo_gateway *gateway,
                         const struct topo_service *service)
{
    const struct object *object = &gateway->object->object;
    const char *name = gateway->object->parameters.name;
    if (!*str_or(name, "")) {
        add_new(plan, gateway, service);
        return;
    }
    const struct configmap *map =
        (const struct configmap *)snapshot_find(topology->snapshot, KIND_CONFIGMAP, object->namespace, name);
    if (!map) {
        plan_refuse(plan, "ConfigMap %s/%s, which infrastructure.parametersRef names, cannot be read: it is missing or "
                          "forbidden.", object->namespace, name);
        return;
    }
    FREE_AUTO char *key = new_service_key(pairs_get(&map->data, "service"), service);
    if (!key) {
        plan_refuse(plan, "The `service` key of ConfigMap %s/%s is not a YAML object: it is left alone.", object->namespace,
                    name);
        return;
    }
    plan_add_change(plan, "patch", "configmaps", "ConfigMap", "", "v1", object->namespace, name, CONTENT_MERGE,
                    json_pack("{s:{s:s}}", "data", "service", key));
}
