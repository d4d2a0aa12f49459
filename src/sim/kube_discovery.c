/* Discovery in its aggregated (apidiscovery.k8s.io/v2) and its old forms. */
#include "kube.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Kinds that can only be created and are never stored. */
static const struct kind reviews[] = {
    {"authentication.k8s.io", "v1", "selfsubjectreviews", "selfsubjectreview", "SelfSubjectReview",
     "", ""},
    {"authorization.k8s.io", "v1", "selfsubjectaccessreviews", "selfsubjectaccessreview",
     "SelfSubjectAccessReview", "", ""},
    {"authorization.k8s.io", "v1", "selfsubjectrulesreviews", "selfsubjectrulesreview",
     "SelfSubjectRulesReview", "", ""},
};

static json_t *split_words(const char *list)
{
    json_t *words = json_array();

    while (*list) {
        size_t len = strcspn(list, ",");

        json_array_append_new(words, json_stringn(list, len));
        list += len + (list[len] == ',');
    }
    return words;
}

static bool has_version(const struct kind *kind, const char *version)
{
    json_t *versions = split_words(kind->versions), *v;
    bool found = false;
    size_t i;

    json_array_foreach(versions, i, v)
        found |= !strcmp(json_string_value(v), version);
    json_decref(versions);
    return found;
}

static json_t *kind_verbs(bool review)
{
    if (review)
        return json_pack("[s]", "create");
    return json_pack("[s, s, s, s, s, s, s, s]", "create", "delete", "deletecollection", "get",
                     "list", "patch", "update", "watch");
}

/* ---- walking the kinds ----------------------------------------------------------------------- */

struct walk {
    const char *group, *version;
    json_t *list;
    void (*add)(json_t *list, const struct kind *, const char *version, bool review);
};

static void walk_kinds(struct world *world, struct walk *w)
{
    for (size_t i = 0; i < world->store->n; i++) {
        const struct table *table = world->store->tables[i];

        if (!table->absent && !strcmp(table->kind->group, w->group) &&
            has_version(table->kind, w->version))
            w->add(w->list, table->kind, w->version, false);
    }
    for (size_t i = 0; i < sizeof reviews / sizeof reviews[0]; i++)
        if (!strcmp(reviews[i].group, w->group) && has_version(&reviews[i], w->version))
            w->add(w->list, &reviews[i], w->version, true);
}

/* Groups in order of first appearance, core left out: group → [versions]. */
static json_t *all_groups(struct world *world)
{
    json_t *groups = json_object();

    for (size_t i = 0; i < world->store->n + sizeof reviews / sizeof reviews[0]; i++) {
        const struct kind *kind =
            i < world->store->n ? world->store->tables[i]->kind : &reviews[i - world->store->n];
        json_t *versions = json_object_get(groups, kind->group), *mine, *v;
        size_t k;

        if (!*kind->group || (i < world->store->n && world->store->tables[i]->absent))
            continue;
        if (!versions) {
            versions = json_object();
            json_object_set_new(groups, kind->group, versions);
        }
        mine = split_words(kind->versions);
        json_array_foreach(mine, k, v)
            json_object_set_new(versions, json_string_value(v), json_true());
        json_decref(mine);
    }
    return groups;
}

/* v1 before v1beta1: shorter names are more stable, then by text. */
static json_t *sorted_versions(const json_t *set)
{
    json_t *list = json_array();
    const char *name;
    json_t *unused;

    json_object_foreach((json_t *)set, name, unused) {
        size_t i = 0;

        while (i < json_array_size(list) &&
               strlen(json_string_value(json_array_get(list, i))) <= strlen(name))
            i++;
        json_array_insert_new(list, i, json_string(name));
    }
    return list;
}

/* ---- aggregated ------------------------------------------------------------------------------ */

static json_t *response_kind(const struct kind *kind, const char *version)
{
    return json_pack("{s:s, s:s, s:s}", "group", kind->group, "version", version, "kind",
                     kind->kind);
}

static void add_aggregated(json_t *list, const struct kind *kind, const char *version, bool review)
{
    json_t *entry = json_pack("{s:s, s:o, s:s, s:s, s:o}", "resource", kind->resource,
                              "responseKind", response_kind(kind, version), "scope",
                              kind->namespaced ? "Namespaced" : "Cluster", "singularResource",
                              kind->singular, "verbs", kind_verbs(review));
    json_t *subresources = json_array();

    if (*kind->short_names)
        json_object_set_new(entry, "shortNames", split_words(kind->short_names));
    if (*kind->categories)
        json_object_set_new(entry, "categories", split_words(kind->categories));
    if (kind->has_scale)
        json_array_append_new(subresources,
                              json_pack("{s:s, s:{s:s, s:s, s:s}, s:[s, s, s]}", "subresource",
                                        "scale", "responseKind", "group", "autoscaling", "version",
                                        "v1", "kind", "Scale", "verbs", "get", "patch", "update"));
    if (kind->has_status)
        json_array_append_new(subresources,
                              json_pack("{s:s, s:o, s:[s, s, s]}", "subresource", "status",
                                        "responseKind", response_kind(kind, version), "verbs",
                                        "get", "patch", "update"));
    if (json_array_size(subresources))
        json_object_set(entry, "subresources", subresources);
    json_decref(subresources);
    json_array_append_new(list, entry);
}

static json_t *aggregated_group(struct world *world, const char *group, const json_t *versions)
{
    json_t *entry = json_pack("{s:{s:s, s:n}, s:[]}", "metadata", "name", group,
                              "creationTimestamp", "versions");
    json_t *version;
    size_t i;

    if (!*group)
        json_object_del(json_object_get(entry, "metadata"), "name");
    json_array_foreach((json_t *)versions, i, version) {
        struct walk w = {group, json_string_value(version), json_array(), add_aggregated};

        walk_kinds(world, &w);
        json_array_append_new(json_object_get(entry, "versions"),
                              json_pack("{s:O, s:o, s:s}", "version", version, "resources", w.list,
                                        "freshness", "Current"));
    }
    return entry;
}

static json_t *aggregated(struct world *world, bool core)
{
    json_t *items = json_array(), *groups, *versions;
    const char *name;

    if (core) {
        versions = json_pack("[s]", "v1");
        json_array_append_new(items, aggregated_group(world, "", versions));
        json_decref(versions);
    } else {
        groups = all_groups(world);
        json_object_foreach(groups, name, versions) {
            json_t *sorted = sorted_versions(versions);

            json_array_append_new(items, aggregated_group(world, name, sorted));
            json_decref(sorted);
        }
        json_decref(groups);
    }
    return json_pack("{s:s, s:s, s:{}, s:o}", "kind", "APIGroupDiscoveryList", "apiVersion",
                     "apidiscovery.k8s.io/v2", "metadata", "items", items);
}

/* ---- the old forms --------------------------------------------------------------------------- */

static json_t *group_object(const char *name, const json_t *versions)
{
    json_t *list = json_array(), *version, *group;
    size_t i;

    json_array_foreach((json_t *)versions, i, version)
        json_array_append_new(list,
                              json_pack("{s:o, s:O}", "groupVersion",
                                        json_sprintf("%s/%s", name, json_string_value(version)),
                                        "version", version));
    group = json_pack("{s:s, s:o, s:O}", "name", name, "versions", list, "preferredVersion",
                      json_array_get(list, 0));
    return group;
}

static json_t *group_list(struct world *world)
{
    json_t *groups = all_groups(world), *list = json_array(), *versions;
    const char *name;

    json_object_foreach(groups, name, versions) {
        json_t *sorted = sorted_versions(versions);

        json_array_append_new(list, group_object(name, sorted));
        json_decref(sorted);
    }
    json_decref(groups);
    return json_pack("{s:s, s:s, s:o}", "kind", "APIGroupList", "apiVersion", "v1", "groups", list);
}

static void add_resource(json_t *list, const struct kind *kind, const char *version, bool review)
{
    json_t *entry = json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", kind->resource, "singularName",
                              kind->singular, "namespaced", kind->namespaced, "kind", kind->kind,
                              "verbs", kind_verbs(review));

    (void)version;
    if (*kind->short_names)
        json_object_set_new(entry, "shortNames", split_words(kind->short_names));
    if (*kind->categories)
        json_object_set_new(entry, "categories", split_words(kind->categories));
    json_array_append_new(list, entry);
    if (kind->has_scale)
        json_array_append_new(list, json_pack("{s:o, s:s, s:b, s:s, s:s, s:s, s:[s, s, s]}", "name",
                                              json_sprintf("%s/scale", kind->resource),
                                              "singularName", "", "namespaced", kind->namespaced,
                                              "group", "autoscaling", "version", "v1", "kind",
                                              "Scale", "verbs", "get", "patch", "update"));
    if (kind->has_status)
        json_array_append_new(list,
                              json_pack("{s:o, s:s, s:b, s:s, s:[s, s, s]}", "name",
                                        json_sprintf("%s/status", kind->resource), "singularName",
                                        "", "namespaced", kind->namespaced, "kind", kind->kind,
                                        "verbs", "get", "patch", "update"));
}

static json_t *resource_list(struct world *world, const char *group, const char *version)
{
    struct walk w = {group, version, json_array(), add_resource};
    json_t *list;

    walk_kinds(world, &w);
    if (!json_array_size(w.list)) {
        json_decref(w.list);
        return NULL;
    }
    list = json_pack(
        "{s:s, s:s, s:o, s:o}", "kind", "APIResourceList", "apiVersion", "v1", "groupVersion",
        *group ? json_sprintf("%s/%s", group, version) : json_string(version), "resources", w.list);
    return list;
}

static json_t *one_group(struct world *world, const char *name)
{
    json_t *groups = all_groups(world), *sorted, *result = NULL;

    if (json_object_get(groups, name)) {
        sorted = sorted_versions(json_object_get(groups, name));
        result = group_object(name, sorted);
        json_object_set_new(result, "kind", json_string("APIGroup"));
        json_object_set_new(result, "apiVersion", json_string("v1"));
        json_decref(sorted);
    }
    json_decref(groups);
    return result;
}

static json_t *below_apis(struct world *world, const char *rest, bool *group_known)
{
    size_t len = strcspn(rest, "/");
    char *group = xstrndup(rest, len);
    const char *version = rest + len + (rest[len] == '/');
    json_t *answer = one_group(world, group);

    *group_known = answer != NULL;
    if (*version) {
        json_decref(answer);
        answer = strchr(version, '/') ? NULL : resource_list(world, group, version);
    }
    free(group);
    return answer;
}

/* Below a group of custom resources the real server answers what it does not know in plain text. */
static bool custom_group(struct world *world, const char *path)
{
    bool custom = false;

    for (size_t i = 0; i < world->store->n && starts_with(path, "/apis/"); i++) {
        const struct kind *kind = world->store->tables[i]->kind;
        size_t len = strlen(kind->group);

        if (kind->custom && !strncmp(path + 6, kind->group, len) && path[6 + len] == '/')
            custom = true;
    }
    return custom;
}

void kube_discovery(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    const char *accept = request_header(request, "Accept"), *path = request->path;
    bool slim = accept && strstr(accept, "as=APIGroupDiscoveryList") && strstr(accept, "v=v2;"),
         known = true;
    bool core = !strcmp(path, "/api") || !strcmp(path, "/api/"),
         apis = !strcmp(path, "/apis") || !strcmp(path, "/apis/");
    json_t *answer = NULL;

    if ((core || apis) && slim) {
        answer = aggregated(world, core);
        reply->content_type =
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    } else if (core) {
        answer = json_pack("{s:s, s:[s], s:[{s:s, s:s}]}", "kind", "APIVersions", "versions", "v1",
                           "serverAddressByClientCIDRs", "clientCIDR", "0.0.0.0/0", "serverAddress",
                           world->base + 8);
    } else if (apis) {
        answer = group_list(world);
    } else if (!strcmp(path, "/api/v1") || !strcmp(path, "/api/v1/")) {
        answer = resource_list(world, "", "v1");
    } else if (starts_with(path, "/apis/")) {
        answer = below_apis(world, path + 6, &known);
    }
    if (answer)
        reply_json(reply, 200, answer);
    else if (known && !custom_group(world, path))
        reply_status(reply, 404, "NotFound", NULL,
                     "the server could not find the requested resource");
    else
        reply_text(reply, 404, "text/plain; charset=utf-8", "404 page not found\n");
}
