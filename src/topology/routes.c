/* Routes by tenant: parents as the controller reports them, backends as they resolve. */
#include "topology_internal.h"

#include <stdlib.h>
#include <string.h>

struct sorted {
    const struct route *route;
    const char *tenant;
    bool platform;
};

static int by_tenant(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    if (x->platform != y->platform)     /* the platform's own come last: tenants are what people look for */
        return x->platform - y->platform;
    int d = strcmp(x->tenant, y->tenant);
    if (!d)
        d = strcmp(x->route->object.namespace, y->route->object.namespace);
    if (!d)
        d = strcmp(x->route->object.name, y->route->object.name);
    return d ? d : strcmp(x->route->object.kind->name, y->route->object.kind->name);
}

/* ---- one route ------------------------------------------------------------------------------------------------- */

static const struct route_parent_status *status_of_parent(const struct route *r, const struct parent_ref *p)
{
    for (size_t i = 0; i < r->status.n; i++) {
        const struct parent_ref *q = &r->status.items[i].ref;
        if (str_eq(p->name, q->name) && str_eq(p->section, q->section) && p->port == q->port &&
            str_eq(str_or(p->namespace, r->object.namespace), str_or(q->namespace, r->object.namespace)) &&
            str_eq(str_or(p->kind, "Gateway"), str_or(q->kind, "Gateway")))
            return &r->status.items[i];
    }
    return NULL;
}

static enum tri read_condition(struct topo_route_parent *out, const struct route *r, const struct conditions *conditions,
                               const char *type)
{
    const struct condition *c = conditions_get(conditions, type);
    if (!c)
        return TRI_UNKNOWN;
    if (c->observed_generation < r->object.generation) {
        out->stale = true;
        return TRI_UNKNOWN;
    }
    if (c->status == TRI_FALSE && !out->reason) {   /* the first that is wrong is the one to show */
        out->reason = c->reason;
        out->message = c->message;
    }
    return c->status;
}

static void add_parents(struct build *b, struct topo_route *out)
{
    const struct route *r = out->object;
    for (size_t i = 0; i < r->parents.n; i++) {
        const struct parent_ref *p = &r->parents.items[i];
        if (*p->kind && !str_eq(p->kind, "Gateway") && !str_eq(p->kind, "ListenerSet"))
            continue;                   /* a Service as parent is a mesh route */
        struct topo_route_parent *t = PUSH(b->arena, out->parents);
        *t = (struct topo_route_parent){ .listener = *p->section ? p->section : NULL };
        t->gateway = full_name(b->arena, str_or(p->namespace, r->object.namespace), p->name);
        const struct route_parent_status *s = status_of_parent(r, p);
        if (!s)
            continue;
        t->accepted = read_condition(t, r, &s->conditions, "Accepted");
        t->resolved = read_condition(t, r, &s->conditions, "ResolvedRefs");
        const struct condition *c = conditions_get(&s->conditions, "Accepted");
        if (!t->reason && c) {
            t->reason = c->reason;
            t->message = c->message;
        }
    }
}

static void add_backends(struct build *b, struct topo_route *out)
{
    const struct route *r = out->object;
    for (size_t i = 0; i < r->rules.n; i++)
        for (size_t k = 0; k < r->rules.items[i].backends.n; k++) {
            const struct backend_ref *ref = &r->rules.items[i].backends.items[k];
            const char *namespace = str_or(ref->ref.namespace, r->object.namespace);
            bool seen = false;
            for (size_t n = 0; n < out->backends.n && !seen; n++) {
                const char *full = out->backends.items[n].service;
                const char *slash = strchr(full, '/');
                seen = out->backends.items[n].port == ref->port && str_eq(slash + 1, ref->ref.name) &&
                       (size_t)(slash - full) == strlen(namespace) && str_starts(full, namespace);
            }
            if (seen)
                continue;
            struct topo_route_backend *t = PUSH(b->arena, out->backends);
            t->service = full_name(b->arena, namespace, ref->ref.name);
            t->port = ref->port;
            t->state = route_table_backend(b->t->routes_table, b->s, r, ref, &t->ready, &t->total);
        }
}

/* As the location lines of a web server: a bare path is a prefix, "=" an exact one, "~" an expression. */
static void add_paths(struct build *b, struct topo_route *out)
{
    const struct route *r = out->object;
    for (size_t i = 0; i < r->rules.n; i++) {
        if (r->rules.items[i].matches.n == 0)
            strings_push_new(b->arena, &out->paths, "/");
        for (size_t k = 0; k < r->rules.items[i].matches.n; k++) {
            const struct http_match *m = &r->rules.items[i].matches.items[k];
            const char *path = str_or(m->path, "/");
            if (str_eq(m->path_type, "Exact"))
                path = arena_printf(b->arena, "= %s", path);
            else if (str_eq(m->path_type, "RegularExpression"))
                path = arena_printf(b->arena, "~ %s", path);
            strings_push_new(b->arena, &out->paths, path);
        }
    }
}

static enum light route_light(const struct topo_route *r)
{
    size_t accepted = 0, refused = 0, bad = 0, unknown = 0;
    bool unresolved = false;
    for (size_t i = 0; i < r->parents.n; i++) {
        accepted += r->parents.items[i].accepted == TRI_TRUE;
        refused += r->parents.items[i].accepted == TRI_FALSE;
        unresolved |= r->parents.items[i].resolved == TRI_FALSE;
    }
    for (size_t i = 0; i < r->backends.n; i++) {
        bad += r->backends.items[i].state != BACKEND_READY && r->backends.items[i].state != BACKEND_UNKNOWN;
        unknown += r->backends.items[i].state == BACKEND_UNKNOWN;
    }
    if ((refused && !accepted) || (bad && bad == r->backends.n))
        return LIGHT_DOWN;
    if (refused || bad || unresolved || r->shadowed_by.n)
        return LIGHT_DEGRADED;
    return accepted && !unknown ? LIGHT_OK : LIGHT_UNKNOWN;
}

static void fill_route(struct build *b, struct topo_route *out, const struct sorted *from)
{
    const struct route *r = from->route;
    *out = (struct topo_route){ .object = r, .kind = r->object.kind->name, .tenant = from->tenant,
                                .hostnames = r->hostnames };
    out->route = full_name(b->arena, r->object.namespace, r->object.name);
    add_paths(b, out);
    add_parents(b, out);
    add_backends(b, out);
    const struct route *shadow = route_shadowed_by(b->t->routes_table, r);
    if (shadow)
        strings_push(b->arena, &out->shadowed_by,
                     full_name(b->arena, shadow->object.namespace, shadow->object.name));
    out->light = route_light(out);
}

/* ---- tenants --------------------------------------------------------------------------------------------------- */

static bool is_capsule(const struct build *b, const char *tenant)
{
    return snapshot_find(b->s, KIND_TENANT, "", tenant) != NULL;
}

static void add_to_tenant(struct build *b, struct topo_tenant *t, const struct topo_route *r)
{
    t->n_routes++;
    bool bad = r->light == LIGHT_DOWN || r->light == LIGHT_DEGRADED;
    t->n_bad += bad;
    /* Routes come by namespace, so a new one differs from the last. */
    const char *namespace = r->object->object.namespace;
    if (!t->namespaces.n || !str_eq(t->namespaces.items[t->namespaces.n - 1], namespace))
        strings_push(b->arena, &t->namespaces, namespace);
    if (bad)
        t->light = LIGHT_DEGRADED;
    else if (t->light == LIGHT_UNKNOWN && r->light == LIGHT_OK)
        t->light = LIGHT_OK;
    if (t->n_bad == t->n_routes)
        t->light = LIGHT_DOWN;
}

void build_routes(struct build *b)
{
    static const enum kind_id route_kinds[] = { KIND_HTTPROUTE, KIND_GRPCROUTE, KIND_TLSROUTE };
    size_t n = 0, at = 0;
    for (size_t k = 0; k < sizeof route_kinds / sizeof *route_kinds; k++)
        n += b->s->objects[route_kinds[k]].n;
    struct sorted *all = xcalloc(n + 1, sizeof *all);
    struct tenancy_cache *cache = tenancy_open(b->settings, b->s, b->arena);
    for (size_t k = 0; k < sizeof route_kinds / sizeof *route_kinds; k++)
        for (size_t i = 0; i < b->s->objects[route_kinds[k]].n; i++) {
            struct sorted *one = &all[at++];
            one->route = (const struct route *)b->s->objects[route_kinds[k]].items[i];
            one->platform = is_platform(b->settings, one->route->object.namespace);
            one->tenant = one->platform ? "platform" : tenancy_ask(cache, one->route);
        }
    qsort(all, n, sizeof *all, by_tenant);
    b->t->routes = arena_alloc(b->arena, (n + 1) * sizeof *b->t->routes);
    b->t->n_routes = n;
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || all[i].platform != all[i - 1].platform || !str_eq(all[i].tenant, all[i - 1].tenant);
        /* The word may be the configuration's; the topology outlives it. */
        all[i].tenant = first ? arena_dup(b->arena, all[i].tenant) : b->t->routes[i - 1].tenant;
        fill_route(b, &b->t->routes[i], &all[i]);
        if (first) {
            struct topo_tenant *t = PUSH(b->arena, b->t->tenants);
            *t = (struct topo_tenant){ .name = all[i].tenant, .platform = all[i].platform,
                                       .routes = &b->t->routes[i], .capsule = is_capsule(b, all[i].tenant) };
        }
        add_to_tenant(b, &b->t->tenants.items[b->t->tenants.n - 1], &b->t->routes[i]);
    }
    tenancy_close(cache);
    free(all);
}
