/* Whose a route is: the first source that answers wins. kubernetes.md 8. For display only, never for access: a tenant can
 * often edit these markers. */
#include "topology_internal.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 10

/* What the namespace alone answers: which source, and what. Routes of one namespace share it. */
struct namespace_answer {
    size_t source;
    const char *value;
};

struct tenancy_cache {
    const struct tenancy *tenancy;
    const struct snapshot *s;
    struct arena *arena;
    struct map *namespaces;
    regex_t *expressions;
    bool *compiled;
};

bool is_platform(const struct settings *settings, const char *namespace)
{
    for (size_t i = 0; i < settings->tenancy.platform_namespaces.n; i++)
        if (str_eq(settings->tenancy.platform_namespaces.items[i], namespace))
            return true;
    return false;
}

struct tenancy_cache *tenancy_open(const struct settings *settings, const struct snapshot *s, struct arena *arena)
{
    struct tenancy_cache *c = xcalloc(1, sizeof *c);
    size_t n = settings->tenancy.n_sources;
    *c = (struct tenancy_cache){ &settings->tenancy, s, arena, map_new(), NULL, NULL };
    c->expressions = xcalloc(n + 1, sizeof *c->expressions);
    c->compiled = xcalloc(n + 1, sizeof *c->compiled);
    for (size_t i = 0; i < n; i++) {
        const struct tenancy_source *source = &c->tenancy->sources[i];
        if (source->kind == TENANCY_NAMESPACE_REGEX && source->value)
            c->compiled[i] = regcomp(&c->expressions[i], source->value, REG_EXTENDED) == 0;
    }
    return c;
}

void tenancy_close(struct tenancy_cache *c)
{
    for (size_t i = 0; i < c->tenancy->n_sources; i++)
        if (c->compiled[i])
            regfree(&c->expressions[i]);
    map_free(c->namespaces);
    free(c->expressions);
    free(c->compiled);
    free(c);
}

static const char *translate(const struct tenancy_cache *c, const struct tenancy_source *source, const char *value)
{
    if (!value || !*value)
        return NULL;
    const char *colon = source->cut_after_colon ? strchr(value, ':') : NULL;
    if (colon && colon[1])
        value = colon + 1;
    for (size_t i = 0; i < source->n_names; i++)
        if (str_eq(source->names[i].id, value))
            return arena_dup(c->arena, source->names[i].name);
    return arena_dup(c->arena, value);
}

static const char *by_expression(const struct tenancy_cache *c, size_t i, const char *namespace)
{
    regmatch_t groups[GROUPS_MAX];
    const struct tenancy_source *source = &c->tenancy->sources[i];
    int group = source->group >= 0 && source->group < GROUPS_MAX ? source->group : 1;
    if (!c->compiled[i] || regexec(&c->expressions[i], namespace, GROUPS_MAX, groups, 0) || groups[group].rm_so < 0)
        return NULL;
    char value[300];
    size_t len = (size_t)(groups[group].rm_eo - groups[group].rm_so);
    if (len >= sizeof value)
        return NULL;
    memcpy(value, namespace + groups[group].rm_so, len);
    value[len] = '\0';
    return translate(c, source, value);
}

static const struct namespace_answer *ask_namespace(struct tenancy_cache *c, const char *namespace)
{
    struct namespace_answer *known = map_get(c->namespaces, namespace);
    if (known)
        return known;
    struct namespace_answer *a = arena_alloc(c->arena, sizeof *a);
    a->source = SIZE_MAX;
    const struct object *ns = snapshot_find(c->s, KIND_NAMESPACE, "", namespace);
    for (size_t i = 0; i < c->tenancy->n_sources && a->source == SIZE_MAX; i++) {
        const struct tenancy_source *source = &c->tenancy->sources[i];
        switch (source->kind) {
        case TENANCY_ROUTE_LABEL: break;
        case TENANCY_NAMESPACE_LABEL:
            a->value = ns ? translate(c, source, pairs_get(&ns->labels, source->value)) : NULL;
            break;
        case TENANCY_NAMESPACE_ANNOTATION:
            a->value = ns ? translate(c, source, pairs_get(&ns->annotations, source->value)) : NULL;
            break;
        case TENANCY_NAMESPACE_REGEX: a->value = by_expression(c, i, namespace); break;
        case TENANCY_NAMESPACE_NAME: a->value = translate(c, source, namespace); break;
        }
        if (a->value)
            a->source = i;
    }
    map_put(c->namespaces, namespace, a);
    return a;
}

const char *tenancy_ask(struct tenancy_cache *c, const struct route *route)
{
    const struct namespace_answer *ns = ask_namespace(c, route->object.namespace);
    for (size_t i = 0; i < c->tenancy->n_sources; i++) {
        const struct tenancy_source *source = &c->tenancy->sources[i];
        const char *value = i == ns->source ? ns->value : NULL;
        if (source->kind == TENANCY_ROUTE_LABEL)
            value = translate(c, source, pairs_get(&route->object.labels, source->value));
        if (value)
            return value;
    }
    return str_or(c->tenancy->unknown, "(no tenant)");
}

const char *tenancy_of(const struct settings *settings, const struct snapshot *s, const struct route *route,
                       struct arena *arena)
{
    if (is_platform(settings, route->object.namespace))
        return "platform";
    struct tenancy_cache *c = tenancy_open(settings, s, arena);
    const char *tenant = arena_dup(arena, tenancy_ask(c, route));
    tenancy_close(c);
    return tenant;
}
