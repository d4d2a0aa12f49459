/* Where a rule sends to: kind, existence, port, permission, readiness. kubernetes.md 5.5 and 7.2. */
#include "routing_internal.h"

#include <string.h>

const char *backend_state_name(enum backend_state state)
{
    switch (state) {
    case BACKEND_READY: return "ready";
    case BACKEND_NOT_READY: return "not ready";
    case BACKEND_MISSING: return "missing";
    case BACKEND_PORT_MISSING: return "port missing";
    case BACKEND_NOT_PERMITTED: return "not permitted";
    case BACKEND_BAD_KIND: return "bad kind";
    case BACKEND_UNKNOWN: break;
    }
    return "unknown";
}

bool grant_permits(const struct snapshot *s, const char *from_group, const char *from_kind, const char *from_namespace,
                   const char *to_group, const char *to_kind, const char *to_namespace, const char *to_name)
{
    size_t first, n = snapshot_namespace(s, KIND_REFERENCEGRANT, to_namespace, &first);
    for (size_t i = 0; i < n; i++) {
        const struct referencegrant *g =
            (const struct referencegrant *)s->objects[KIND_REFERENCEGRANT].items[first + i];
        bool from = false, to = false;
        for (size_t k = 0; k < g->from.n && !from; k++)
            from = str_eq(g->from.items[k].group, from_group) && str_eq(g->from.items[k].kind, from_kind) &&
                   str_eq(g->from.items[k].namespace, from_namespace);
        for (size_t k = 0; k < g->to.n && !to; k++)
            to = str_eq(g->to.items[k].group, to_group) && str_eq(g->to.items[k].kind, to_kind) &&
                 (!*g->to.items[k].name || str_eq(g->to.items[k].name, to_name));
        if (from && to)
            return true;
    }
    return false;
}

/* ---- endpoints ------------------------------------------------------------------------------------------------- */

static bool slice_has_port(const struct endpointslice *slice, const char *port_name)
{
    for (size_t i = 0; i < slice->ports.n; i++)
        if (str_eq(slice->ports.items[i].name, port_name))
            return true;
    return false;
}

/* Of a Service in two address families the first counts: both list the same pods. */
static bool skip_family(const struct endpointslice *const *slices, size_t n, const struct endpointslice *slice)
{
    if (!str_eq(slice->address_type, "IPv6"))
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_eq(slices[i]->address_type, "IPv4") && slices[i]->endpoints.n > 0)
            return true;
    return false;
}

static void count_slice(const struct endpointslice *slice, const char *port_name, int *ready, int *total)
{
    *total += (int)slice->endpoints.n;
    if (!slice_has_port(slice, port_name))
        return;
    for (size_t i = 0; i < slice->endpoints.n; i++)
        if (slice->endpoints.items[i].ready != TRI_FALSE)   /* absent means true */
            (*ready)++;
}

static void count_endpoints(const struct snapshot *s, const struct route_table *t, const struct service *svc,
                            const char *port_name, int *ready, int *total)
{
    *ready = *total = 0;
    if (t) {
        size_t n;
        const struct endpointslice *const *slices =
            route_table_slices(t, svc->object.namespace, svc->object.name, &n);
        for (size_t i = 0; i < n; i++)
            if (!skip_family(slices, n, slices[i]))
                count_slice(slices[i], port_name, ready, total);
        return;
    }
    size_t first, n = snapshot_namespace(s, KIND_ENDPOINTSLICE, svc->object.namespace, &first);
    for (size_t i = 0; i < n; i++) {
        const struct endpointslice *slice =
            (const struct endpointslice *)s->objects[KIND_ENDPOINTSLICE].items[first + i];
        if (str_eq(slice->service, svc->object.name) && !str_eq(slice->address_type, "IPv6"))
            count_slice(slice, port_name, ready, total);
    }
}

/* ---- a backendRef ---------------------------------------------------------------------------------------------- */

/* Kinds that Istio and others serve and that we do not read: nothing can be said of them. */
static bool kind_beyond_us(const struct object_ref *ref)
{
    return str_eq(ref->kind, "ServiceImport") || str_eq(ref->kind, "InferencePool") ||
           (str_eq(ref->kind, "Hostname") && str_eq(ref->group, "networking.istio.io"));
}

static const struct service_port *find_port(const struct service *svc, int port)
{
    for (size_t i = 0; i < svc->ports.n; i++)
        if (svc->ports.items[i].port == port)
            return &svc->ports.items[i];
    return NULL;
}

static const struct service *service_of(const struct snapshot *s, const struct route *r, const struct backend_ref *b)
{
    return (const struct service *)snapshot_find(s, KIND_SERVICE, str_or(b->ref.namespace, r->object.namespace),
                                                 b->ref.name);
}

enum backend_state backend_named(const struct snapshot *s, const struct route *r, const struct backend_ref *b)
{
    const char *namespace = str_or(b->ref.namespace, r->object.namespace);
    bool foreign = !str_eq(namespace, r->object.namespace);
    if ((*b->ref.kind && !str_eq(b->ref.kind, "Service")) || *b->ref.group)
        return kind_beyond_us(&b->ref) ? BACKEND_UNKNOWN : BACKEND_BAD_KIND;
    if (foreign && !snapshot_knows(s, KIND_REFERENCEGRANT))
        return BACKEND_UNKNOWN;
    if (foreign && !grant_permits(s, GATEWAY_GROUP, r->object.kind->name, r->object.namespace, "", "Service", namespace,
                                  b->ref.name))
        return BACKEND_NOT_PERMITTED;
    if (!snapshot_knows(s, KIND_SERVICE))
        return BACKEND_UNKNOWN;
    const struct service *svc = service_of(s, r, b);
    if (!svc)
        return BACKEND_MISSING;
    return find_port(svc, b->port) ? BACKEND_READY : BACKEND_PORT_MISSING;
}

enum backend_state backend_of(const struct snapshot *s, const struct route_table *t, const struct route *r,
                              const struct backend_ref *b, int *ret_ready, int *ret_total)
{
    int ready = -1, total = -1;
    enum backend_state state = backend_named(s, r, b);
    if (state == BACKEND_READY) {       /* so far only that it is there */
        const struct service *svc = service_of(s, r, b);
        if (str_eq(svc->type, "ExternalName") || !snapshot_knows(s, KIND_ENDPOINTSLICE)) {
            state = BACKEND_UNKNOWN;
        } else {
            count_endpoints(s, t, svc, find_port(svc, b->port)->name, &ready, &total);
            state = ready > 0 ? BACKEND_READY : BACKEND_NOT_READY;
        }
    }
    if (ret_ready)
        *ret_ready = ready;
    if (ret_total)
        *ret_total = total;
    return state;
}

enum backend_state backend_resolve(const struct snapshot *s, const struct route *r, const struct backend_ref *b,
                                   int *ret_ready, int *ret_total)
{
    return backend_of(s, NULL, r, b, ret_ready, ret_total);
}

enum backend_state route_table_backend(const struct route_table *t, const struct snapshot *s, const struct route *r,
                                       const struct backend_ref *b, int *ret_ready, int *ret_total)
{
    return backend_of(s, t, r, b, ret_ready, ret_total);
}

/* ---- Istio ----------------------------------------------------------------------------------------------------- */

/* Istio leaves a whole HTTPRoute out when one rule is wrong in these ways, though it says Accepted=True. Its own word
 * in the status is taken first; without one, from the rule itself (kubernetes.md 5.5). */
bool route_dropped_by_istio(const struct route *r)
{
    for (size_t i = 0; i < r->status.n; i++) {
        const struct condition *c = conditions_get(&r->status.items[i].conditions, "ResolvedRefs");
        if (c && c->status == TRI_FALSE && c->observed_generation >= r->object.generation &&
            (str_eq(c->reason, "InvalidDestination") || str_eq(c->reason, "InvalidFilter") ||
             str_eq(c->reason, "InvalidConfiguration")))
            return true;
    }
    for (size_t i = 0; i < r->rules.n; i++) {
        const struct route_rule *rule = &r->rules.items[i];
        for (size_t k = 0; k < rule->backends.n; k++) {
            const struct backend_ref *b = &rule->backends.items[k];
            if (*b->ref.kind && !str_eq(b->ref.kind, "Service"))
                continue;
            if (b->port <= 0 || strchr(b->ref.name, '.'))
                return true;
        }
        for (size_t k = 0; k < rule->filters.n; k++)
            if (str_eq(rule->filters.items[k].type, "ExtensionRef"))
                return true;
    }
    return false;
}
