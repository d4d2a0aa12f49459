/* Routes, per parent: do they attach, may they be accepted at all, and can what they name be followed. */
#include "conditions_internal.h"

#include <string.h>

/* ---- Accepted ------------------------------------------------------------------------------------------------------ */

/* 5.1, step 5: over all listeners success comes first, then these. What is not known may be success. */
static int weight(enum attach_reason why)
{
    switch (why) {
    case ATTACH_OK: return 5;
    case ATTACH_UNKNOWN: return 4;
    case ATTACH_KIND:
    case ATTACH_NAMESPACE: return 3;
    case ATTACH_HOSTNAME: return 2;
    case ATTACH_NO_PARENT: break;
    }
    return 1;
}

static void attach_over(const struct snapshot *s, const struct gateway *g, const struct listener *items, size_t n,
                        const struct route *r, const struct parent_ref *p, enum attach_reason *best,
                        const struct listener **ret)
{
    for (size_t i = 0; i < n; i++) {
        enum attach_reason why = route_attaches(s, g, &items[i], r, p);
        if (weight(why) > weight(*best)) {
            *best = why;
            *ret = &items[i];
        }
    }
}

const struct gateway *parent_gateway(const struct snapshot *s, const struct route *r, const struct parent_ref *p,
                                     const struct listenerset **ret_set)
{
    const char *namespace = str_or(p->namespace, r->object.namespace);
    *ret_set = NULL;
    if (!str_eq(p->kind, "ListenerSet"))
        return (const struct gateway *)snapshot_find(s, KIND_GATEWAY, namespace, p->name);
    *ret_set = (const struct listenerset *)snapshot_find(s, KIND_LISTENERSET, namespace, p->name);
    if (!*ret_set)
        return NULL;
    const struct object_ref *up = &(*ret_set)->parent;
    return (const struct gateway *)snapshot_find(s, KIND_GATEWAY, str_or(up->namespace, namespace), up->name);
}

enum attach_reason parent_attaches(const struct snapshot *s, const struct route *r, const struct parent_ref *p,
                                   const struct listener **ret_listener)
{
    const struct listenerset *set;
    const struct gateway *g = parent_gateway(s, r, p, &set);
    enum attach_reason best = ATTACH_NO_PARENT;
    *ret_listener = NULL;
    if (!g)
        return best;
    if (!set) {
        attach_over(s, g, g->listeners.items, g->listeners.n, r, p, &best, ret_listener);
        return best;
    }
    enum attach_reason joins = set_admitted(s, g, set);
    if (joins == ATTACH_OK || joins == ATTACH_UNKNOWN)
        attach_over(s, g, set->listeners.items, set->listeners.n, r, p, &best, ret_listener);
    return best == ATTACH_OK ? joins : best;
}

/* ---- values that are not let in -------------------------------------------------------------------------------------- */

static size_t count_filters(const struct route_rule *rule, const char *type)
{
    size_t n = 0;
    for (size_t i = 0; i < rule->filters.n; i++)
        n += str_eq(rule->filters.items[i].type, type);
    return n;
}

static bool known_filter(const char *type)
{
    static const char *const known[] = { "RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror",
                                         "RequestRedirect", "URLRewrite", "CORS", "ExtensionRef", "ExternalAuth" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(type, known[i]))
            return true;
    return false;
}

static const char *bad_match(const struct http_match *m)
{
    if (!str_eq(m->path_type, "") && !str_eq(m->path_type, "Exact") && !str_eq(m->path_type, "PathPrefix") &&
        !str_eq(m->path_type, "RegularExpression"))
        return "its path type is not Exact, PathPrefix or RegularExpression";
    if (!str_eq(m->path_type, "RegularExpression") && *m->path && *m->path != '/')
        return "a path must begin with '/'";
    return NULL;
}

/* Why a rule may not be let in, or NULL; *ret_reason is the condition's. */
static const char *bad_rule(const struct route_rule *rule, const char **ret_reason)
{
    size_t redirects = count_filters(rule, "RequestRedirect"), rewrites = count_filters(rule, "URLRewrite");
    *ret_reason = "IncompatibleFilters";
    if (redirects && rewrites)
        return "RequestRedirect and URLRewrite exclude each other";
    *ret_reason = "UnsupportedValue";
    if (redirects > 1 || rewrites > 1)
        return "a redirect or rewrite filter stands twice";
    if (redirects && rule->backends.n)
        return "a rule that redirects has no backendRefs";
    for (size_t i = 0; i < rule->filters.n; i++)
        if (!known_filter(rule->filters.items[i].type))
            return "a filter's type is not one of the API's";
    for (size_t i = 0; i < rule->matches.n; i++)
        if (bad_match(&rule->matches.items[i]))
            return bad_match(&rule->matches.items[i]);
    for (size_t i = 0; i < rule->backends.n; i++)
        if (str_eq(rule->backends.items[i].ref.kind, "Service") && !*rule->backends.items[i].ref.group &&
            rule->backends.items[i].port <= 0)
            return "a backendRef to a Service needs a port";
    return NULL;
}

void attach_sentence(struct text *out, enum attach_reason why, const struct route *r, const struct parent_ref *p,
                     const struct listener *l)
{
    switch (why) {
    case ATTACH_OK:
        text_printf(out, "it attaches to listener %s", l->name);
        return;
    case ATTACH_UNKNOWN:
        text_printf(out, "listener %s selects namespaces by label, and the labels of %s are not known", l->name,
                    r->object.namespace);
        return;
    case ATTACH_KIND:
        text_printf(out, "listener %s takes no %s", l->name, r->object.kind->name);
        return;
    case ATTACH_NAMESPACE:
        text_printf(out, "listener %s takes routes from %s, not from namespace %s", l->name,
                    str_eq(l->from, "Selector") ? "selected namespaces" : "its own namespace", r->object.namespace);
        return;
    case ATTACH_HOSTNAME:
        text_printf(out, "no hostname of the route meets %s of listener %s", l->hostname, l->name);
        return;
    case ATTACH_NO_PARENT: break;
    }
    if (*p->section && p->port > 0)
        text_printf(out, "no listener is named %s on port %d", p->section, p->port);
    else if (*p->section)
        text_printf(out, "no listener is named %s", p->section);
    else if (p->port > 0)
        text_printf(out, "no listener has port %d", p->port);
    else
        text_printf(out, "the %s has no listener", p->kind);
}

static void judge_accepted(struct verdicts *v, struct condition_set *set, const struct route *r, const struct parent_ref *p)
{
    const struct listenerset *ls;
    const struct listener *l;
    if (!parent_gateway(v->snapshot, r, p, &ls)) {
        bool none = v->snapshot->objects[KIND_GATEWAY].n == 0;
        verdict_set(v, set, "Accepted", none ? TRI_UNKNOWN : TRI_FALSE, none ? "Pending" : "NoMatchingParent",
                    none ? "no Gateway is here to judge by" : "%s %s/%s does not exist", p->kind,
                    str_or(p->namespace, r->object.namespace), p->name);
        return;
    }
    for (size_t i = 0; i < r->rules.n; i++) {
        const char *reason, *bad = bad_rule(&r->rules.items[i], &reason);
        if (bad) {
            verdict_set(v, set, "Accepted", TRI_FALSE, reason, "rule %zu: %s", i, bad);
            return;
        }
    }
    enum attach_reason why = parent_attaches(v->snapshot, r, p, &l);
    TEXT_AUTO sentence = { 0 };
    attach_sentence(&sentence, why, r, p, l);
    verdict_set(v, set, "Accepted", why == ATTACH_OK ? TRI_TRUE : why == ATTACH_UNKNOWN ? TRI_UNKNOWN : TRI_FALSE,
                why == ATTACH_UNKNOWN ? "Pending" : attach_reason_name(why), "%s", text_str(&sentence));
}

/* ---- ResolvedRefs ---------------------------------------------------------------------------------------------------- */

struct unresolved {
    const char *reason, *what;
    enum backend_state state;
    size_t rule;
    const struct backend_ref *ref;      /* of a mirror gone after the look: use `mirror` */
    const struct route_filter *mirror;
};

static bool look(const struct snapshot *s, const struct route *r, size_t rule, const struct backend_ref *b,
                 struct unresolved *worst)
{
    enum backend_state state = backend_named(s, r, b);
    if (state == BACKEND_READY || (state == BACKEND_UNKNOWN && worst->ref))
        return false;
    *worst = (struct unresolved){ NULL, "is not known here", state, rule, b };
    switch (state) {
    case BACKEND_BAD_KIND: worst->reason = "InvalidKind", worst->what = "is of a kind that is no backend"; break;
    case BACKEND_NOT_PERMITTED:
        worst->reason = "RefNotPermitted", worst->what = "is in another namespace, and no ReferenceGrant there lets it be named";
        break;
    case BACKEND_MISSING: worst->reason = "BackendNotFound", worst->what = "does not exist"; break;
    case BACKEND_PORT_MISSING:
        worst->reason = "BackendNotFound", worst->what = "has no such port (Istio leaves this condition True, and answers 500)";
        break;
    case BACKEND_READY:
    case BACKEND_NOT_READY:
    case BACKEND_UNKNOWN: break;
    }
    return worst->reason != NULL;
}

/* A mirror's port is not decoded: of it only the Service is asked. */
static bool look_mirror(const struct snapshot *s, const struct route *r, size_t rule, const struct route_filter *f,
                        struct unresolved *worst)
{
    struct unresolved mine = { 0 };
    if (!str_eq(f->type, "RequestMirror") || !*f->ref.name)
        return false;
    const struct backend_ref b = { .ref = f->ref, .port = -1 };
    if (!look(s, r, rule, &b, &mine) || mine.state == BACKEND_PORT_MISSING)
        return false;
    *worst = mine;
    worst->mirror = f;
    return true;
}

static void find_unresolved(const struct snapshot *s, const struct route *r, struct unresolved *worst)
{
    for (size_t i = 0; i < r->rules.n; i++) {
        const struct route_rule *rule = &r->rules.items[i];
        for (size_t k = 0; k < rule->backends.n; k++)
            if (look(s, r, i, &rule->backends.items[k], worst))
                return;
        for (size_t k = 0; k < rule->filters.n; k++)
            if (look_mirror(s, r, i, &rule->filters.items[k], worst))
                return;
    }
}

static void judge_resolved(struct verdicts *v, struct condition_set *set, const struct route *r)
{
    struct unresolved worst = { 0 };
    find_unresolved(v->snapshot, r, &worst);
    if (worst.mirror) {
        verdict_set(v, set, "ResolvedRefs", TRI_FALSE, worst.reason, "rule %zu: the mirror's %s %s/%s %s", worst.rule,
                    str_or(worst.mirror->ref.kind, "Service"), str_or(worst.mirror->ref.namespace, r->object.namespace),
                    worst.mirror->ref.name, worst.what);
        return;
    }
    if (!worst.ref) {
        verdict_set(v, set, "ResolvedRefs", TRI_TRUE, "ResolvedRefs", "every backend is there");
        return;
    }
    const struct object_ref *ref = &worst.ref->ref;
    verdict_set(v, set, "ResolvedRefs", worst.reason ? TRI_FALSE : TRI_UNKNOWN, worst.reason ? worst.reason : "Pending",
                "rule %zu: %s %s/%s port %d %s", worst.rule, ref->kind, str_or(ref->namespace, r->object.namespace),
                ref->name, worst.ref->port, worst.what);
}

void judge_route(struct verdicts *v, const struct route *r)
{
    char parent[600];
    if (r->parents.n == 0)
        verdict_set(v, verdict_add(v, &r->object, NULL, NULL), "Accepted", TRI_UNKNOWN, "Pending",
                    "it names no parent: no controller acts on it");
    for (size_t i = 0; i < r->parents.n; i++) {
        const struct parent_ref *p = &r->parents.items[i];
        str_format(parent, sizeof parent, "%s/%s", str_or(p->namespace, r->object.namespace), p->name);
        struct condition_set *set = verdict_add(v, &r->object, parent, *p->section ? p->section : NULL);
        if (!str_eq(p->kind, "Gateway") && !str_eq(p->kind, "ListenerSet")) {
            verdict_set(v, set, "Accepted", TRI_UNKNOWN, "Pending", "a %s as parent is for a mesh, which is not judged here",
                        p->kind);
            continue;
        }
        judge_accepted(v, set, r, p);
        judge_resolved(v, set, r);
    }
}
