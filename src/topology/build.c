/* Deriving one topology from one snapshot: who is joined first, and the few helpers everybody needs. */
#include "topology_internal.h"

#include <stdlib.h>
#include <string.h>

void *arena_grow(struct arena *arena, const void *items, size_t n, size_t size)
{
    if (n & (n - 1))                    /* room is left until the next power of two */
        return (void *)(uintptr_t)items;
    void *grown = arena_alloc(arena, (n ? n * 2 : 1) * size);
    if (n)
        memcpy(grown, items, n * size);
    return grown;
}

void strings_push(struct arena *arena, struct strings *list, const char *s)
{
    *PUSH(arena, *list) = s;
}

void strings_push_new(struct arena *arena, struct strings *list, const char *s)
{
    if (!strings_have(list, s))
        strings_push(arena, list, s);
}

const char *full_name(struct arena *arena, const char *namespace, const char *name)
{
    size_t a = strlen(namespace), b = strlen(name);
    char *full = arena_alloc(arena, a + b + 2);
    memcpy(full, namespace, a);
    full[a] = '/';
    memcpy(full + a + 1, name, b + 1);
    return full;
}

bool full_name_is(const char *full, const struct object *o)
{
    size_t n = strlen(o->namespace);
    return full && !strncmp(full, o->namespace, n) && full[n] == '/' && str_eq(full + n + 1, o->name);
}

bool shared_mode(const struct snapshot *s, const struct settings *settings)
{
    if (settings && str_eq(settings->lb_probe_mode, "shared"))
        return true;
    for (size_t i = 0; i < s->objects[KIND_MANAGEDCLUSTER].n; i++) {
        const struct managedcluster *c = (const struct managedcluster *)s->objects[KIND_MANAGEDCLUSTER].items[i];
        if (str_eq_nocase(c->lb_probe_mode, "Shared"))
            return true;
    }
    return false;
}

struct topology *topology_make(struct snapshot *s, const struct settings *settings, const struct topology *before,
                               bool what_if)
{
    struct topology *t = xcalloc(1, sizeof *t);
    atomic_init(&t->refs, 1);
    t->arena.hint = 16 * 1024;
    t->snapshot = snapshot_ref(s);
    t->routes_table = route_table_build(s);
    struct build b = { .t = t, .s = s, .settings = settings, .before = before, .arena = &t->arena,
                       .services = map_new(), .gateways = map_new(), .what_if = what_if,
                       .shared_probe = shared_mode(s, settings) };
    build_appgws(&b);
    build_gateways(&b);
    build_services(&b);
    finish_gateways(&b);
    build_lb_probes(&b);
    build_backends(&b);
    build_rotation(&b);
    build_routes(&b);
    build_mesh(&b);
    build_hops(&b);
    map_free(b.services);
    map_free(b.gateways);
    return t;
}

struct topology *topology_build(struct snapshot *s, const struct settings *settings, const struct topology *before)
{
    return topology_make(s, settings, before, false);
}

struct topology *topology_ref(struct topology *t)
{
    if (t)
        atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void topology_unref(struct topology *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return;
    route_table_free(t->routes_table);
    snapshot_unref(t->snapshot);
    arena_free(&t->arena);
    free(t);
}

const struct topo_service *topology_service(const struct topology *t, const char *ns_name)
{
    for (size_t i = 0; ns_name && i < t->services.n; i++)
        if (str_eq(t->services.items[i].service, ns_name))
            return &t->services.items[i];
    return NULL;
}

const struct topo_gateway *topology_gateway(const struct topology *t, const char *ns_name)
{
    for (size_t i = 0; ns_name && i < t->gateways.n; i++)
        if (str_eq(t->gateways.items[i].gateway, ns_name))
            return &t->gateways.items[i];
    return NULL;
}
