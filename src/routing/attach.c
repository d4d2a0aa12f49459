/* Which routes may hang on which listeners. kubernetes.md 5.1. */
#include "routing_internal.h"

#include <string.h>

#define NAME_LABEL "kubernetes.io/metadata.name"

static bool is_gateway_ref(const struct parent_ref *p)
{
    return (!*p->kind || str_eq(p->kind, "Gateway")) && (!*p->group || str_eq(p->group, GATEWAY_GROUP));
}

static bool is_set_ref(const struct parent_ref *p)
{
    return str_eq(p->kind, "ListenerSet") && (!*p->group || str_eq(p->group, GATEWAY_GROUP));
}

bool parent_is(const struct parent_ref *p, const struct route *route, const struct gateway *gateway)
{
    return is_gateway_ref(p) && str_eq(p->name, gateway->object.name) &&
           str_eq(str_or(p->namespace, route->object.namespace), gateway->object.namespace);
}

/* The set a listener was merged from, by identity of memory: a listener lies in exactly one object. */
const struct listenerset *listener_set_of(const struct snapshot *s, const struct gateway *g, const struct listener *l)
{
    if (l >= g->listeners.items && l < g->listeners.items + g->listeners.n)
        return NULL;
    for (size_t i = 0; i < s->objects[KIND_LISTENERSET].n; i++) {
        const struct listenerset *set = (const struct listenerset *)s->objects[KIND_LISTENERSET].items[i];
        if (l >= set->listeners.items && l < set->listeners.items + set->listeners.n)
            return set;
    }
    return NULL;
}

bool parent_names_listener(const struct parent_ref *p, const struct route *route, const struct gateway *gateway,
                           const struct listener *l, const struct listenerset *set)
{
    if (set) {
        if (!is_set_ref(p) || !str_eq(p->name, set->object.name) ||
            !str_eq(str_or(p->namespace, route->object.namespace), set->object.namespace))
            return false;
    } else if (!parent_is(p, route, gateway)) {
        return false;
    }
    if (*p->section && !str_eq(p->section, l->name))
        return false;
    return p->port <= 0 || p->port == l->port;
}

/* ---- kinds ----------------------------------------------------------------------------------------------------- */

bool listener_kind_allowed(const struct listener *l, const char *kind)
{
    if (l->kinds.n > 0) {
        for (size_t i = 0; i < l->kinds.n; i++) {
            const struct route_kind *k = &l->kinds.items[i];
            if (str_eq(k->kind, kind) && (!*k->group || str_eq(k->group, GATEWAY_GROUP)))
                return true;
        }
        return false;
    }
    if (str_eq(l->protocol, "HTTP") || str_eq(l->protocol, "HTTPS"))
        return str_eq(kind, "HTTPRoute") || str_eq(kind, "GRPCRoute");
    if (str_eq(l->protocol, "TLS"))
        return str_eq(kind, "TLSRoute") || (str_eq(kind, "TCPRoute") && !str_eq(l->tls_mode, "Passthrough"));
    return str_eq(l->protocol, "TCP") && str_eq(kind, "TCPRoute");
}

/* ---- namespaces ------------------------------------------------------------------------------------------------ */

static bool expression_matches(const struct label_expression *e, const struct pairs *labels)
{
    const char *value = pairs_get(labels, e->key);
    if (str_eq(e->op, "Exists"))
        return value != NULL;
    if (str_eq(e->op, "DoesNotExist"))
        return value == NULL;
    bool in = value && strings_have(&e->values, value);
    if (str_eq(e->op, "In"))
        return in;
    if (str_eq(e->op, "NotIn"))     /* a missing key is not in the list, as in every label selector */
        return !in;
    return false;
}

bool selector_matches(const struct label_selector *s, const struct pairs *labels)
{
    for (size_t i = 0; i < s->match_labels.n; i++)
        if (!str_eq(pairs_get(labels, s->match_labels.items[i].key), s->match_labels.items[i].value))
            return false;
    for (size_t i = 0; i < s->expressions.n; i++)
        if (!expression_matches(&s->expressions.items[i], labels))
            return false;
    return true;    /* present and empty selects everything; absent is decided by the caller */
}

static bool selector_needs_only_name(const struct label_selector *s)
{
    for (size_t i = 0; i < s->match_labels.n; i++)
        if (!str_eq(s->match_labels.items[i].key, NAME_LABEL))
            return false;
    for (size_t i = 0; i < s->expressions.n; i++)
        if (!str_eq(s->expressions.items[i].key, NAME_LABEL))
            return false;
    return true;
}

/* The API server puts the name label on every Namespace; manifests seldom carry it. */
static bool selects_namespace(const struct label_selector *s, const struct pairs *labels, const char *namespace)
{
    struct pair items[64];
    struct pairs all = { items, 0 };
    if (labels && pairs_get(labels, NAME_LABEL))
        return selector_matches(s, labels);
    items[all.n++] = (struct pair){ NAME_LABEL, namespace };
    for (size_t i = 0; labels && i < labels->n && all.n < sizeof items / sizeof *items; i++)
        items[all.n++] = labels->items[i];
    return selector_matches(s, &all);
}

static enum attach_reason namespace_allowed(const struct snapshot *s, const char *home, const char *from,
                                            const struct label_selector *selector, const char *namespace)
{
    if (str_eq(from, "All"))
        return ATTACH_OK;
    if (str_eq(from, "Selector")) {
        if (!selector->present)     /* the schema refuses it; nothing is selected */
            return ATTACH_NAMESPACE;
        const struct object *ns = snapshot_find(s, KIND_NAMESPACE, "", namespace);
        if (!ns && !selector_needs_only_name(selector))
            return ATTACH_UNKNOWN;
        return selects_namespace(selector, ns ? &ns->labels : NULL, namespace) ? ATTACH_OK : ATTACH_NAMESPACE;
    }
    if (str_eq(from, "None"))
        return ATTACH_NAMESPACE;
    return str_eq(home, namespace) ? ATTACH_OK : ATTACH_NAMESPACE;
}

/* A ListenerSet is merged into its Gateway when that allows the set's namespace; the default is None. */
enum attach_reason set_admitted(const struct snapshot *s, const struct gateway *g, const struct listenerset *set)
{
    return namespace_allowed(s, g->object.namespace, str_or(g->listener_sets_from, "None"), &g->listener_sets_selector,
                             set->object.namespace);
}

bool set_joins(const struct snapshot *s, const struct gateway *g, const struct listenerset *set)
{
    return str_eq(set->parent.name, g->object.name) &&
           str_eq(str_or(set->parent.namespace, set->object.namespace), g->object.namespace) &&
           set_admitted(s, g, set) == ATTACH_OK;
}

/* ---- together -------------------------------------------------------------------------------------------------- */

enum attach_reason listener_takes(const struct snapshot *s, const struct gateway *g, const struct listener *l,
                                  const struct listenerset *set, const char *kind, const char *namespace)
{
    if (!listener_kind_allowed(l, kind))
        return ATTACH_KIND;
    const char *home = set ? set->object.namespace : g->object.namespace;
    return namespace_allowed(s, home, l->from, &l->selector, namespace);
}

enum attach_reason listener_allows(const struct snapshot *s, const struct gateway *g, const struct listener *l,
                                   const char *kind, const char *namespace)
{
    return listener_takes(s, g, l, listener_set_of(s, g, l), kind, namespace);
}

static bool hostnames_meet(const struct listener *l, const struct route *r)
{
    if (r->hostnames.n == 0)
        return true;
    for (size_t i = 0; i < r->hostnames.n; i++)
        if (hostname_intersect(l->hostname, r->hostnames.items[i]))
            return true;
    return false;
}

enum attach_reason route_attaches(const struct snapshot *s, const struct gateway *g, const struct listener *l,
                                  const struct route *r, const struct parent_ref *p)
{
    const struct listenerset *set = listener_set_of(s, g, l);
    if (!parent_names_listener(p, r, g, l, set))
        return ATTACH_NO_PARENT;
    enum attach_reason taken = listener_takes(s, g, l, set, r->object.kind->name, r->object.namespace);
    if (taken == ATTACH_KIND || taken == ATTACH_NAMESPACE)
        return taken;
    if (!hostnames_meet(l, r))
        return ATTACH_HOSTNAME;
    return taken;
}

const char *attach_reason_name(enum attach_reason reason)
{
    switch (reason) {
    case ATTACH_OK: return "Accepted";
    case ATTACH_NO_PARENT: return "NoMatchingParent";
    case ATTACH_KIND:
    case ATTACH_NAMESPACE: return "NotAllowedByListeners";
    case ATTACH_HOSTNAME: return "NoMatchingListenerHostname";
    case ATTACH_UNKNOWN: break;
    }
    return "Unknown";
}
