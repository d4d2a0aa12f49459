/* Listeners: supported, distinct, with references that may be followed. The definition of `spec.listeners` in the Gateway
 * API says which are distinct; that of `tls` and the rules beside it what the API server lets in. */
#include "conditions_internal.h"

#include <string.h>

static bool is(const struct listener *l, const char *protocol)
{
    return str_eq(l->protocol, protocol);
}

static bool known_protocol(const struct listener *l)
{
    return is(l, "HTTP") || is(l, "HTTPS") || is(l, "TLS") || is(l, "TCP") || is(l, "UDP");
}

static bool by_hostname(const struct listener *l)
{
    return is(l, "HTTP") || is(l, "HTTPS") || is(l, "TLS");
}

/* ---- distinct ------------------------------------------------------------------------------------------------------ */

/* NULL when a flow can be assigned to one of the two; else the reason. */
static const char *clash(const struct listener *a, const struct listener *b)
{
    if (a->port != b->port || is(a, "UDP") != is(b, "UDP"))
        return NULL;
    if (is(a, "TCP") || is(b, "TCP"))
        return "ProtocolConflict";
    if (is(a, "HTTP") != is(b, "HTTP"))
        return by_hostname(a) && by_hostname(b) ? "ProtocolConflict" : NULL;
    if (!str_eq(a->protocol, b->protocol))      /* HTTPS beside TLS: told apart by server name */
        return by_hostname(a) && str_eq_nocase(a->hostname, b->hostname) ? "ProtocolConflict" : NULL;
    if (is(a, "UDP"))
        return "ProtocolConflict";
    return str_eq_nocase(a->hostname, b->hostname) ? "HostnameConflict" : NULL;
}

/* The Gateway's own come first, then sets by age and name; who comes later does not spoil what was there. Inside one
 * object all that clash are conflicted: none may be picked as the winner. */
static bool set_before(const struct listenerset *a, const struct listenerset *b)
{
    int64_t x = a->object.created_ms > 0 ? a->object.created_ms : INT64_MAX;
    int64_t y = b->object.created_ms > 0 ? b->object.created_ms : INT64_MAX;
    if (x != y)
        return x < y;
    int d = strcmp(a->object.namespace, b->object.namespace);
    return (d ? d : strcmp(a->object.name, b->object.name)) < 0;
}

static const char *clash_among(const struct listener *l, const struct listener *items, size_t n,
                               const struct listener **ret_with)
{
    for (size_t i = 0; i < n; i++) {
        const char *reason = &items[i] == l ? NULL : clash(l, &items[i]);
        if (reason) {
            *ret_with = &items[i];
            return reason;
        }
    }
    return NULL;
}

const char *listener_conflict(const struct snapshot *s, const struct gateway *g, const struct listener *l,
                              const struct listener **ret_with)
{
    const struct listenerset *own = listener_set_of(s, g, l);
    const char *reason = clash_among(l, g->listeners.items, g->listeners.n, ret_with);
    if (!own || reason)
        return reason;
    reason = clash_among(l, own->listeners.items, own->listeners.n, ret_with);
    for (size_t i = 0; !reason && i < s->objects[KIND_LISTENERSET].n; i++) {
        const struct listenerset *set = (const struct listenerset *)s->objects[KIND_LISTENERSET].items[i];
        if (set != own && set_joins(s, g, set) && set_before(set, own))
            reason = clash_among(l, set->listeners.items, set->listeners.n, ret_with);
    }
    return reason;
}

/* ---- what the schema and the protocol ask for ------------------------------------------------------------------------ */

static const char *schema_says(const struct listener *l)
{
    if (l->port < 1 || l->port > 65535)
        return "port must be from 1 to 65535";
    if ((is(l, "HTTP") || is(l, "TCP") || is(l, "UDP")) && l->tls)
        return "tls must not be specified for this protocol";
    if (is(l, "HTTPS") && *l->tls_mode && !str_eq(l->tls_mode, "Terminate"))
        return "tls mode must be Terminate for protocol HTTPS";
    if (is(l, "TLS") && !*l->tls_mode)
        return "tls mode must be set for protocol TLS";
    if ((is(l, "TCP") || is(l, "UDP")) && *l->hostname)
        return "hostname must not be specified for this protocol";
    if (l->tls && !str_eq(l->tls_mode, "Passthrough") && l->certificates.n == 0 && !l->tls_options)
        return "certificateRefs or options must be specified when tls mode is Terminate";
    return NULL;
}

static enum tri judge_accepted(struct verdicts *v, struct condition_set *set, const struct listener *l, bool conflicted)
{
    const char *schema = schema_says(l);
    if (!known_protocol(l) && strchr(l->protocol, '/')) {
        verdict_set(v, set, "Accepted", TRI_UNKNOWN, "Pending", "protocol %s is the implementation's own", l->protocol);
        return TRI_UNKNOWN;
    }
    if (!known_protocol(l))
        verdict_set(v, set, "Accepted", TRI_FALSE, "UnsupportedProtocol", "protocol %s is not HTTP, HTTPS, TLS, TCP or UDP",
                    str_or(l->protocol, "(none)"));
    else if (schema)
        verdict_set(v, set, "Accepted", TRI_FALSE, "UnsupportedValue", "%s: the API server refuses it", schema);
    else if (conflicted)
        verdict_set(v, set, "Accepted", TRI_FALSE, "PortUnavailable", "listeners that conflict are not accepted");
    else {
        verdict_set(v, set, "Accepted", TRI_TRUE, "Accepted", "%s on port %d", l->protocol, l->port);
        return TRI_TRUE;
    }
    return TRI_FALSE;
}

/* ---- references ------------------------------------------------------------------------------------------------------ */

static bool kind_fits(const struct listener *l, const struct route_kind *k)
{
    if (*k->group && !str_eq(k->group, GATEWAY_GROUP))
        return false;
    struct listener plain = *l;
    plain.kinds.n = 0;
    return listener_kind_allowed(&plain, k->kind) || (is(l, "UDP") && str_eq(k->kind, "UDPRoute"));
}

/* The certificate that cannot be used: its reason. *ret_unseen: a Secret is named whose content nobody here may read. */
static const char *bad_certificate(const struct snapshot *s, const struct object *owner, const struct listener *l,
                                   const struct object_ref **ret, bool *ret_unseen)
{
    if (str_eq(l->tls_mode, "Passthrough"))
        return NULL;
    for (size_t i = 0; i < l->certificates.n; i++) {
        const struct object_ref *c = *ret = &l->certificates.items[i];
        const char *namespace = str_or(c->namespace, owner->namespace);
        if (*c->group || !str_eq(c->kind, "Secret"))
            return "InvalidCertificateRef";
        if (!str_eq(namespace, owner->namespace)) {
            if (!snapshot_knows(s, KIND_REFERENCEGRANT))
                *ret_unseen = true;
            else if (!grant_permits(s, GATEWAY_GROUP, owner->kind->name, owner->namespace, "", "Secret", namespace, c->name))
                return "RefNotPermitted";
        }
        *ret_unseen = true;
    }
    return NULL;
}

/* True when what does not resolve keeps the listener from being served. */
static bool judge_references(struct verdicts *v, struct condition_set *set, const struct object *owner,
                             const struct listener *l)
{
    const struct object_ref *ref = NULL;
    bool unseen = false;
    const char *bad = bad_certificate(v->snapshot, owner, l, &ref, &unseen);
    if (bad && str_eq(bad, "RefNotPermitted"))
        verdict_set(v, set, "ResolvedRefs", TRI_FALSE, bad, "no ReferenceGrant in namespace %s lets %s of %s name Secret %s",
                    ref->namespace, owner->kind->name, owner->namespace, ref->name);
    else if (bad)
        verdict_set(v, set, "ResolvedRefs", TRI_FALSE, bad, "certificateRef %s is a %s, and no core Secret", ref->name,
                    ref->kind);
    if (bad)
        return true;
    for (size_t i = 0; i < l->kinds.n && known_protocol(l); i++)
        if (!kind_fits(l, &l->kinds.items[i])) {
            verdict_set(v, set, "ResolvedRefs", TRI_FALSE, "InvalidRouteKinds", "a listener of protocol %s takes no %s",
                        l->protocol, l->kinds.items[i].kind);
            return false;
        }
    if (unseen)
        verdict_set(v, set, "ResolvedRefs", TRI_UNKNOWN, "Pending",
                    "whether Secret %s/%s is there and holds a certificate is not looked at",
                    str_or(ref->namespace, owner->namespace), ref->name);
    else if (is(l, "HTTPS") && l->certificates.n == 0)
        verdict_set(v, set, "ResolvedRefs", l->tls_options ? TRI_UNKNOWN : TRI_FALSE,
                    l->tls_options ? "Pending" : "InvalidCertificateRef",
                    l->tls_options ? "the certificate is in tls.options, which are the implementation's own"
                                   : "HTTPS needs a certificate, and none is named");
    else
        verdict_set(v, set, "ResolvedRefs", TRI_TRUE, "ResolvedRefs", "every reference can be followed");
    return is(l, "HTTPS") && l->certificates.n == 0 && !l->tls_options;
}

/* ---- certificates that several names share ------------------------------------------------------------------------ */

static void judge_overlap(struct verdicts *v, struct condition_set *set, const struct gateway *g, const struct listener *l)
{
    for (size_t i = 0; is(l, "HTTPS") && i < g->listeners.n; i++) {
        const struct listener *other = &g->listeners.items[i];
        if (other == l || !is(other, "HTTPS") || other->port != l->port || clash(l, other) ||
            !hostname_intersect(l->hostname, other->hostname))
            continue;
        verdict_set(v, set, "OverlappingTLSConfig", TRI_TRUE, "OverlappingHostnames",
                    "listener %s takes some of the same names: a client may reuse a connection for the other, and gets 421",
                    other->name);
        return;
    }
}

/* ---- together ------------------------------------------------------------------------------------------------------ */

static void judge_listener(struct verdicts *v, const struct gateway *g, const struct listenerset *owner_set,
                           const struct listener *l)
{
    char parent[600];
    const struct object *owner = owner_set ? &owner_set->object : &g->object;
    str_format(parent, sizeof parent, "%s/%s", g->object.namespace, g->object.name);
    struct condition_set *set = verdict_add(v, owner, owner_set ? parent : NULL, l->name);
    const struct listener *with = NULL;
    const char *conflict = listener_conflict(v->snapshot, g, l, &with);
    enum tri accepted = judge_accepted(v, set, l, conflict);
    if (conflict)
        verdict_set(v, set, "Conflicted", TRI_TRUE, conflict, "listener %s has the same port %d%s", with->name, l->port,
                    str_eq(conflict, "HostnameConflict") ? ", protocol and hostname" : " and a protocol that excludes this");
    else
        verdict_set(v, set, "Conflicted", TRI_FALSE, "NoConflicts", "a request can be meant for this listener alone");
    bool broken = judge_references(v, set, owner, l);
    if (accepted == TRI_FALSE || conflict || broken)
        verdict_set(v, set, "Programmed", TRI_FALSE, "Invalid", "it is not served: see the other conditions");
    else
        verdict_set(v, set, "Programmed", TRI_UNKNOWN, "Pending", "only the controller knows");
    judge_overlap(v, set, g, l);
}

void judge_listeners(struct verdicts *v, const struct gateway *g)
{
    for (size_t i = 0; i < g->listeners.n; i++)
        judge_listener(v, g, NULL, &g->listeners.items[i]);
}

void judge_set(struct verdicts *v, const struct listenerset *ls)
{
    char parent[600];
    const struct snapshot *s = v->snapshot;
    const char *namespace = str_or(ls->parent.namespace, ls->object.namespace);
    const struct gateway *g = (const struct gateway *)snapshot_find(s, KIND_GATEWAY, namespace, ls->parent.name);
    str_format(parent, sizeof parent, "%s/%s", namespace, ls->parent.name);
    struct condition_set *set = verdict_add(v, &ls->object, parent, NULL);
    if (!g) {
        verdict_set(v, set, "Accepted", TRI_UNKNOWN, "Pending", "Gateway %s is not here: no controller acts on this", parent);
        return;
    }
    enum attach_reason why = set_admitted(s, g, ls);
    if (why == ATTACH_OK) {
        verdict_set(v, set, "Accepted", TRI_TRUE, "Accepted", "Gateway %s lets it join", parent);
        for (size_t i = 0; i < ls->listeners.n; i++)
            judge_listener(v, g, ls, &ls->listeners.items[i]);
    } else if (why == ATTACH_UNKNOWN) {
        verdict_set(v, set, "Accepted", TRI_UNKNOWN, "Pending", "the labels of namespace %s are not known",
                    ls->object.namespace);
    } else {
        verdict_set(v, set, "Accepted", TRI_FALSE, "NotAllowed", "allowedListeners of Gateway %s leaves out namespace %s",
                    parent, ls->object.namespace);
    }
}
