#include "kube_auth.h"
#include "kube.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define BUNDLE_VERSION "v1.6.1"

static void make_namespace(struct world *world, const char *name)
{
    store_put(world, "", "namespaces",
              json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:[s]}, s:{s:s}}", "apiVersion", "v1", "kind",
                        "Namespace", "metadata", "name", name, "creationTimestamp",
                        "2026-01-10T07:55:00Z", "spec", "finalizers", "kubernetes", "status",
                        "phase", "Active"),
              "kube-apiserver", "Update", NULL);
}

static json_t *crd_versions(const struct kind *kind)
{
    json_t *list = json_array();
    const char *p = kind->versions;

    while (*p) {
        size_t len = strcspn(p, ",");

        json_array_append_new(list,
                              json_pack("{s:o, s:b, s:b, s:{s:{s:s, s:b}}}", "name",
                                        json_stringn(p, len), "served", 1, "storage",
                                        p == kind->versions, "schema", "openAPIV3Schema", "type",
                                        "object", "x-kubernetes-preserve-unknown-fields", 1));
        if (kind->has_status)
            json_object_set_new(json_array_get(list, json_array_size(list) - 1), "subresources",
                                json_pack("{s:{}}", "status"));
        p += len + (p[len] == ',');
    }
    return list;
}

static void make_definition(struct world *world, const struct kind *kind)
{
    json_t *annotations = json_object(), *names, *object;

    if (ends_with(kind->group, "gateway.networking.k8s.io")) {
        json_object_set_new(
            annotations, "api-approved.kubernetes.io",
            json_string("https://github.com/kubernetes-sigs/gateway-api/pull/4530"));
        json_object_set_new(annotations, "gateway.networking.k8s.io/bundle-version",
                            json_string(BUNDLE_VERSION));
        json_object_set_new(annotations, "gateway.networking.k8s.io/channel",
                            json_string("standard"));
    }
    names = json_pack("{s:s, s:o, s:s, s:s}", "kind", kind->kind, "listKind",
                      json_sprintf("%sList", kind->kind), "plural", kind->resource, "singular",
                      kind->singular);
    object = json_pack("{s:s, s:s, s:{s:o, s:s, s:o}, s:{s:s, s:o, s:s, s:o}, s:{s:[{s:s, s:s, "
                       "s:s}, {s:s, s:s, s:s}], "
                       "s:O}}",
                       "apiVersion", "apiextensions.k8s.io/v1", "kind", "CustomResourceDefinition",
                       "metadata", "name", json_sprintf("%s.%s", kind->resource, kind->group),
                       "creationTimestamp", "2026-01-10T07:56:00Z", "annotations", annotations,
                       "spec", "group", kind->group, "names", names, "scope",
                       kind->namespaced ? "Namespaced" : "Cluster", "versions", crd_versions(kind),
                       "status", "conditions", "type", "NamesAccepted", "status", "True", "reason",
                       "NoConflicts", "type", "Established", "status", "True", "reason",
                       "InitialNamesAccepted", "acceptedNames", names);
    store_put(world, "apiextensions.k8s.io", "customresourcedefinitions", object, "kubectl",
              "Apply", NULL);
}

void kube_bootstrap(struct world *world)
{
    static const char *const namespaces[] = {"default", "kube-node-lease", "kube-public",
                                             "kube-system"};

    for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
        make_namespace(world, namespaces[i]);
    for (const struct kind *k = builtin_kinds; k->resource; k++)
        if (k->custom)
            make_definition(world, k);
}

/* ---- definitions that come and go at run time ------------------------------------------------ */

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static char *joined(const json_t *list, const char *member, const char *only_if)
{
    struct buffer b = {0};
    json_t *item;
    size_t i;

    json_array_foreach((json_t *)list, i, item) {
        const char *text = member ? text_at(item, member) : json_string_value(item);

        if (text && (!only_if || json_is_true(json_object_get(item, only_if))))
            buffer_printf(&b, "%s%s", b.len ? "," : "", text);
    }
    return buffer_take(&b);
}

void kube_define(struct world *world, const json_t *definition)
{
    const json_t *spec = json_object_get(definition, "spec"),
                 *names = json_object_get(spec, "names");
    const json_t *versions = json_object_get(spec, "versions");
    const json_t *parts = json_object_get(json_array_get(versions, 0), "subresources");
    const char *group = text_at(spec, "group"), *plural = text_at(names, "plural");
    struct table *table = store_table_any(world, group, plural);

    if (table) {
        table->absent = false;
        return;
    }
    if (!*group || !*plural || !*text_at(names, "kind"))
        return;
    /* The kind lives as long as the world, and so do its texts. */
    store_add_kind(
        world,
        &(struct kind){.group = xstrdup(group),
                       .versions = joined(versions, "name", "served"),
                       .resource = xstrdup(plural),
                       .singular = xstrdup(text_at(names, "singular")),
                       .kind = xstrdup(text_at(names, "kind")),
                       .short_names = joined(json_object_get(names, "shortNames"), NULL, NULL),
                       .categories = joined(json_object_get(names, "categories"), NULL, NULL),
                       .namespaced = same_text(text_at(spec, "scope"), "Namespaced"),
                       .custom = true,
                       .has_status = json_object_get(parts, "status") != NULL,
                       .counts_generation = true});
}

void kube_undefine(struct world *world, const json_t *definition)
{
    const json_t *spec = json_object_get(definition, "spec");
    const char *plural = text_at(json_object_get(spec, "names"), "plural");
    struct table *table = store_table_any(world, text_at(spec, "group"), plural);

    while (table && table->n) {
        const json_t *object = table->rows[table->n - 1].object;
        char *ns = xstrdup(meta_text(object, "namespace")),
             *name = xstrdup(meta_text(object, "name"));

        kube_remove(world, table, ns, name, true);
        free(ns);
        free(name);
    }
    if (table)
        store_set_absent(world, table->kind->group, table->kind->resource, true);
}
