#include "discovery.h"

#include <stdlib.h>
#include <string.h>

static bool is_ours(int i)
{
    return kinds[i]->origin == ORIGIN_KUBERNETES;
}

static bool is_core(int i)
{
    return !*kinds[i]->group;
}

void discovery_init(struct discovery *d)
{
    *d = (struct discovery){0};
    for (int i = 0; i < KIND_COUNT; i++) {
        if (!is_ours(i) || !is_core(i))
            continue;
        d->kinds[i].served = SERVED_YES;
        d->kinds[i].version = kinds[i]->versions[0];
    }
}

void discovery_assume(struct discovery *d)
{
    for (int i = 0; i < KIND_COUNT; i++) {
        if (!is_ours(i) || d->kinds[i].served != SERVED_UNKNOWN)
            continue;
        d->kinds[i].served = SERVED_YES;
        d->kinds[i].version = kinds[i]->versions[0];
    }
}

/* Place of a version in the kind's own order of liking; -1 when we do not read it. */
static int rank(const struct kind *kind, const char *version)
{
    for (int i = 0; kind->versions[i]; i++)
        if (str_eq(kind->versions[i], version))
            return i;
    return -1;
}

static bool can_watch(const json_t *resource)
{
    bool list = false, watch = false;
    const json_t *verbs = json_object_get(resource, "verbs");
    for (size_t i = 0; i < json_array_size(verbs); i++) {
        const char *verb = json_string_value(json_array_get(verbs, i));
        list |= str_eq(verb, "list");
        watch |= str_eq(verb, "watch");
    }
    return list && watch;
}

/* One resource of one group version is served: take it when we like it better than what we have. */
static void serve(struct discovery *d, const char *group, const char *version, const char *plural)
{
    for (int i = 0; i < KIND_COUNT; i++) {
        if (!is_ours(i) || !str_eq(kinds[i]->group, group) || !str_eq(kinds[i]->plural, plural))
            continue;
        int better = rank(kinds[i], version);
        bool has = d->kinds[i].served == SERVED_YES;
        if (better < 0 || (has && rank(kinds[i], d->kinds[i].version) <= better))
            continue;
        d->kinds[i].served = SERVED_YES;
        d->kinds[i].version = kinds[i]->versions[better];
    }
}

/* Starts anew for the named groups; returns what was known before. */
static struct discovery begin(struct discovery *d)
{
    struct discovery before = *d;
    for (int i = 0; i < KIND_COUNT; i++) {
        if (is_ours(i) && !is_core(i)) {
            d->kinds[i].served = SERVED_NO;
            d->kinds[i].version = NULL;
        }
    }
    return before;
}

/* The server behind a group version is down: what it serves is not known, which is not the same as absent. */
static void keep_before(struct discovery *d, const struct discovery *before, const char *group)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (is_ours(i) && str_eq(kinds[i]->group, group) && d->kinds[i].served == SERVED_NO)
            d->kinds[i] = before->kinds[i];
}

bool discovery_is_aggregated(const json_t *body)
{
    return str_eq(json_string_value(json_object_get(body, "kind")), "APIGroupDiscoveryList");
}

static void read_version(struct discovery *d, const char *group, const json_t *version)
{
    const char *name = json_string_value(json_object_get(version, "version"));
    const json_t *resources = json_object_get(version, "resources");
    for (size_t i = 0; i < json_array_size(resources); i++) {
        const json_t *resource = json_array_get(resources, i);
        if (can_watch(resource))
            serve(d, group, name, json_string_value(json_object_get(resource, "resource")));
    }
}

bool discovery_read_aggregated(struct discovery *d, const json_t *body, struct error *err)
{
    const json_t *items = json_object_get(body, "items");
    if (!discovery_is_aggregated(body) || !json_is_array(items))
        return error_set(err, ERR_PROTOCOL, "the API server's discovery document is not one");
    struct discovery before = begin(d);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *group = json_array_get(items, i);
        const char *name = json_string_value(json_object_get(json_object_get(group, "metadata"), "name"));
        const json_t *versions = json_object_get(group, "versions");
        bool stale = false;
        for (size_t k = 0; name && k < json_array_size(versions); k++) {
            const json_t *version = json_array_get(versions, k);
            stale |= str_eq(json_string_value(json_object_get(version, "freshness")), "Stale");
            read_version(d, name, version);
        }
        if (stale)
            keep_before(d, &before, name);
    }
    return true;
}

/* ---- the older form -------------------------------------------------------------------------------------------------- */

static bool wanted(const char *group, const char *version)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (is_ours(i) && str_eq(kinds[i]->group, group) && rank(kinds[i], version) >= 0)
            return true;
    return false;
}

bool discovery_read_groups(struct discovery *d, const json_t *body, struct group_versions *ret, struct error *err)
{
    const json_t *groups = json_object_get(body, "groups");
    if (!json_is_array(groups))
        return error_set(err, ERR_PROTOCOL, "the API server's list of groups is not one");
    begin(d);
    struct group_versions found = {0};
    size_t cap = 0;
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i), *versions = json_object_get(group, "versions");
        const char *name = json_string_value(json_object_get(group, "name"));
        for (size_t k = 0; name && k < json_array_size(versions); k++) {
            const char *version = json_string_value(json_object_get(json_array_get(versions, k), "version"));
            if (!version || !wanted(name, version))
                continue;
            GROW(found.items, found.n, cap);
            found.items[found.n++] = xasprintf("%s/%s", name, version);
        }
    }
    *ret = found;
    return true;
}

void group_versions_free(struct group_versions *g)
{
    for (size_t i = 0; i < g->n; i++)
        free(g->items[i]);
    free(g->items);
    *g = (struct group_versions){0};
}

bool discovery_read_resources(struct discovery *d, const char *group_version, const json_t *body, struct error *err)
{
    const json_t *resources = json_object_get(body, "resources");
    const char *slash = strchr(group_version, '/');
    if (!slash || !json_is_array(resources))
        return error_set(err, ERR_PROTOCOL, "the API server's list of resources of %s is not one", group_version);
    FREE_AUTO char *group = xstrndup(group_version, (size_t)(slash - group_version));
    for (size_t i = 0; i < json_array_size(resources); i++) {
        const json_t *resource = json_array_get(resources, i);
        if (can_watch(resource))
            serve(d, group, slash + 1, json_string_value(json_object_get(resource, "name")));
    }
    return true;
}
