#include "kube_auth.h"
#include "kube.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define BUNDLE_VERSION "v1.6.1"

static void make_namespace(struct world *world, const char *name)
{
    store_put(world, "", "namespaces",
              json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:[s]}, s:{s:s}}", "apiVersion", "v1", "kind", "Namespace",
                        "metadata", "name", name, "creationTimestamp", "2026-01-10T07:55:00Z", "spec", "finalizers",
                        "kubernetes", "status", "phase", "Active"),
              "kube-apiserver", "Update", NULL);
}

static json_t *crd_versions(const struct kind *kind)
{
    json_t *list = json_array();
    const char *p = kind->versions;

    while (*p) {
        size_t len = strcspn(p, ",");

        json_array_append_new(list, json_pack("{s:o, s:b, s:b, s:{s:{s:s, s:b}}}", "name", json_stringn(p, len), "served",
                                              1, "storage", p == kind->versions, "schema", "openAPIV3Schema", "type",
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
        json_object_set_new(annotations, "api-approved.kubernetes.io",
                            json_string("https://github.com/kubernetes-sigs/gateway-api/pull/4530"));
        json_object_set_new(annotations, "gateway.networking.k8s.io/bundle-version", json_string(BUNDLE_VERSION));
        json_object_set_new(annotations, "gateway.networking.k8s.io/channel", json_string("standard"));
    }
    names = json_pack("{s:s, s:o, s:s, s:s}", "kind", kind->kind, "listKind", json_sprintf("%sList", kind->kind),
                      "plural", kind->resource, "singular", kind->singular);
    object = json_pack("{s:s, s:s, s:{s:o, s:s, s:o}, s:{s:s, s:o, s:s, s:o}, s:{s:[{s:s, s:s, s:s}, {s:s, s:s, s:s}], "
                       "s:O}}", "apiVersion", "apiextensions.k8s.io/v1", "kind", "CustomResourceDefinition", "metadata",
                       "name", json_sprintf("%s.%s", kind->resource, kind->group), "creationTimestamp",
                       "2026-01-10T07:56:00Z", "annotations", annotations, "spec", "group", kind->group, "names", names,
                       "scope", kind->namespaced ? "Namespaced" : "Cluster", "versions", crd_versions(kind), "status",
                       "conditions", "type", "NamesAccepted", "status", "True", "reason", "NoConflicts", "type",
                       "Established", "status", "True", "reason", "InitialNamesAccepted", "acceptedNames", names);
    store_put(world, "apiextensions.k8s.io", "customresourcedefinitions", object, "kubectl", "Apply", NULL);
}

void kube_bootstrap(struct world *world)
{
    static const char *const namespaces[] = {"default", "kube-node-lease", "kube-public", "kube-system"};

    for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
        make_namespace(world, namespaces[i]);
    for (const struct kind *k = builtin_kinds; k->resource; k++)
        if (k->custom)
            make_definition(world, k);
}
