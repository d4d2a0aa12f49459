/* Where a route's tenant comes from: the rule's defaults and its reading. For display only: tenants
 * can often set these markers themselves. */
#include "settings_table.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *key; enum tenancy_kind kind; } kinds[] = {
    {"routeLabel", TENANCY_ROUTE_LABEL},
    {"namespaceLabel", TENANCY_NAMESPACE_LABEL},
    {"namespaceAnnotation", TENANCY_NAMESPACE_ANNOTATION},
    {"namespaceRegex", TENANCY_NAMESPACE_REGEX},
    {"namespaceName", TENANCY_NAMESPACE_NAME},
};
enum { KINDS = sizeof kinds / sizeof *kinds, MOST_GROUPS = 9 };

/* A prefix of the namespace's name is no tenant without being asked for: it would join sample-app-1
 * and sample-app-2. */
void tenancy_default(struct tenancy *t)
{
    static const struct tenancy_source sources[] = {
        {.kind = TENANCY_ROUTE_LABEL, .value = (char *)(uintptr_t) "tenant", .group = 1},
        {.kind = TENANCY_NAMESPACE_LABEL,
         .value = (char *)(uintptr_t) "capsule.clastix.io/tenant",
         .group = 1},
        {.kind = TENANCY_NAMESPACE_LABEL, .value = (char *)(uintptr_t) "tenant", .group = 1},
        {.kind = TENANCY_NAMESPACE_ANNOTATION,
         .value = (char *)(uintptr_t) "field.cattle.io/projectId",
         .group = 1,
         .cut_after_colon = true},
        {.kind = TENANCY_NAMESPACE_NAME, .group = 1},
    };
    static const char *const platform[] = {
        "gateway-system",   "gateway-health",    "istio-system", "istio-ingress",
        "aks-istio-system", "aks-istio-ingress", "kube-system"};
    *t = (struct tenancy){.n_sources = sizeof sources / sizeof *sources,
                          .unknown = xstrdup("(no tenant)")};
    t->sources = xcalloc(t->n_sources, sizeof *t->sources);
    for (size_t i = 0; i < t->n_sources; i++) {
        t->sources[i] = sources[i];
        t->sources[i].value = xstrdup(sources[i].value);
    }
    for (size_t i = 0; i < sizeof platform / sizeof *platform; i++)
        string_list_add(&t->platform_namespaces, platform[i]);
}

static void source_free(struct tenancy_source *s)
{
    free(s->value);
    for (size_t i = 0; i < s->n_names; i++) {
        free(s->names[i].id);
        free(s->names[i].name);
    }
    free(s->names);
}

static void sources_free(struct tenancy *t)
{
    for (size_t i = 0; i < t->n_sources; i++)
        source_free(&t->sources[i]);
    free(t->sources);
    t->sources = NULL;
    t->n_sources = 0;
}

void tenancy_free(struct tenancy *t)
{
    sources_free(t);
    string_list_free(&t->platform_namespaces);
    free(t->unknown);
    t->unknown = NULL;
}

/* ---- one source ---- */

static bool check_expression(const struct tenancy_source *s, int line,
                             const struct setting_source *from, struct error *err)
{
    regex_t expression;
    char why[128];
    int failed = regcomp(&expression, s->value, REG_EXTENDED);
    if (failed) {
        regerror(failed, &expression, why, sizeof why);
        return setting_error(err, from, line, "namespaceRegex: %s: %s", s->value, why);
    }
    size_t groups = expression.re_nsub;
    regfree(&expression);
    if ((size_t)s->group > groups)
        return setting_error(err, from, line, "namespaceRegex: %s has no group %d", s->value,
                             s->group);
    return true;
}

static bool read_names(struct tenancy_source *s, const json_t *names, int line,
                       const struct setting_source *from, struct error *err)
{
    const char *id;
    json_t *name;
    if (!names)
        return true;
    if (!json_is_object(names))
        return setting_error(err, from, line, "names must be a mapping of ids to names");
    s->names = xcalloc(json_object_size(names), sizeof *s->names);
    json_object_foreach((json_t *)(uintptr_t)names, id, name) {
        if (!json_is_string(name)) {
            setting_error(err, from, yaml_key_line(from->doc, names, id), "names: %s must be text",
                          id);
            return error_remedy(err, "put the value in quotes");
        }
        s->names[s->n_names].id = xstrdup(id);
        s->names[s->n_names++].name = xstrdup(json_string_value(name));
    }
    return true;
}

/* Which one of the five kinds it is; exactly one must stand there. */
static bool read_kind(struct tenancy_source *s, const json_t *value, int line,
                      const struct setting_source *from, struct error *err)
{
    size_t found = KINDS;
    for (size_t i = 0; i < KINDS; i++) {
        if (!json_object_get(value, kinds[i].key))
            continue;
        if (found < KINDS)
            return setting_error(err, from, line, "a tenancy source is one thing: %s or %s",
                                 kinds[found].key, kinds[i].key);
        found = i;
    }
    if (found == KINDS) {
        setting_error(err, from, line, "a tenancy source without a kind");
        return error_remedy(
            err,
            "use routeLabel, namespaceLabel, namespaceAnnotation, namespaceRegex or namespaceName");
    }
    s->kind = kinds[found].kind;
    if (s->kind == TENANCY_NAMESPACE_NAME)
        return json_is_true(json_object_get(value, "namespaceName")) ||
               setting_error(err, from, line, "namespaceName must be true");
    const char *text;
    if (!setting_text_of(from, value, kinds[found].key, &text, err))
        return false;
    s->value = xstrdup(text);
    return true;
}

static bool read_source(struct tenancy_source *s, const json_t *value, int line,
                        const struct setting_source *from, struct error *err)
{
    static const char *const keys[] = {"routeLabel",
                                       "namespaceLabel",
                                       "namespaceAnnotation",
                                       "namespaceRegex",
                                       "namespaceName",
                                       "group",
                                       "cut",
                                       "names",
                                       NULL};
    const char *cut = NULL;
    if (!json_is_object(value))
        return setting_error(err, from, line, "a tenancy source must be a mapping");
    if (!setting_known_keys(from, value, "tenancy.sources.", keys, err) ||
        !read_kind(s, value, line, from, err) || !setting_text_of(from, value, "cut", &cut, err) ||
        !read_names(s, json_object_get(value, "names"), line, from, err))
        return false;
    if (cut && !str_eq(cut, "after-colon"))
        return setting_error(err, from, line, "cut: \"%s\" is not after-colon", cut);
    s->cut_after_colon = cut != NULL;
    const json_t *group = json_object_get(value, "group");
    if (group && (s->kind != TENANCY_NAMESPACE_REGEX || !json_is_integer(group) ||
                  json_integer_value(group) < 0 || json_integer_value(group) > MOST_GROUPS))
        return setting_error(err, from, line, "group is a number from 0 to %d, for namespaceRegex",
                             MOST_GROUPS);
    s->group = group ? (int)json_integer_value(group) : 1;
    return s->kind != TENANCY_NAMESPACE_REGEX || check_expression(s, line, from, err);
}

/* ---- the rule ---- */

static bool read_sources(struct tenancy *t, const json_t *list, int line,
                         const struct setting_source *from, struct error *err)
{
    if (!list)
        return true;
    if (!json_is_array(list) || !json_array_size(list))
        return setting_error(err, from, line, "tenancy.sources must be a list");
    sources_free(t);
    t->sources = xcalloc(json_array_size(list), sizeof *t->sources);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        int at = yaml_line(from->doc, item);
        t->n_sources++;
        if (!read_source(&t->sources[i], item, at ? at : line, from, err))
            return false;
    }
    return true;
}

static bool read_platform(struct tenancy *t, const json_t *list, int line,
                          const struct setting_source *from, struct error *err)
{
    size_t i;
    const json_t *item;
    if (!list)
        return true;
    if (!json_is_array(list))
        return setting_error(err, from, line, "tenancy.platformNamespaces must be a list");
    string_list_free(&t->platform_namespaces);
    json_array_foreach(list, i, item) {
        if (!json_is_string(item))
            return setting_error(err, from, line,
                                 "tenancy.platformNamespaces: item %zu must be text", i + 1);
        string_list_add(&t->platform_namespaces, json_string_value(item));
    }
    return true;
}

bool tenancy_from_json(struct tenancy *t, const json_t *value, const struct setting_source *from,
                       struct error *err)
{
    static const char *const keys[] = {"sources", "platformNamespaces", "unknown", NULL};
    const char *unknown = NULL;
    if (!json_is_object(value))
        return setting_error(err, from, yaml_line(from->doc, value), "tenancy must be a mapping");
    if (!setting_known_keys(from, value, "tenancy.", keys, err) ||
        !read_sources(t, json_object_get(value, "sources"),
                      yaml_key_line(from->doc, value, "sources"), from, err) ||
        !read_platform(t, json_object_get(value, "platformNamespaces"),
                       yaml_key_line(from->doc, value, "platformNamespaces"), from, err) ||
        !setting_text_of(from, value, "unknown", &unknown, err))
        return false;
    if (unknown) {
        free(t->unknown);
        t->unknown = xstrdup(unknown);
    }
    return true;
}
