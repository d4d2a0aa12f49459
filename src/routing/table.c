/* One index per snapshot: (listener, effective hostname) -> entries in order of precedence, and inside it
 * (kind of path, path) -> chain. Building sorts once; asking hashes the host and each element of the path. */
#include "routing_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- hashing --------------------------------------------------------------------------------------------------- */

static uint64_t hash_bytes(uint64_t seed, const char *s, size_t len)
{
    uint64_t h = 1469598103934665603ULL ^ (seed * 0x9E3779B97F4A7C15ULL);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)s[i]) * 1099511628211ULL;
    return h ^ (h >> 29);
}

static uint64_t hash_host(uint64_t seed, const char *s, size_t len)
{
    uint64_t h = 1469598103934665603ULL ^ (seed * 0x9E3779B97F4A7C15ULL);
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)tolower((unsigned char)s[i])) * 1099511628211ULL;
    return h ^ (h >> 29);
}

static size_t slots_for(size_t n)
{
    size_t size = 16;
    while (size < n * 2)
        size *= 2;
    return size;
}

/* ---- virtual hosts --------------------------------------------------------------------------------------------- */

/* The slot of (listener, pattern): taken by it, or free. */
static size_t host_slot(const struct route_table *t, size_t listener, const char *prefix, const char *host, size_t len)
{
    /* `prefix` is "*" or "": the pattern is both strings together, never put together in memory. */
    size_t plen = strlen(prefix);
    size_t i = hash_host(listener * 2 + plen, host, len) & t->host_mask;
    for (; t->host_slots[i]; i = (i + 1) & t->host_mask) {
        const struct vhost *v = &t->vhosts[t->host_slots[i] - 1];
        if (v->listener == listener && strlen(v->hostname) == plen + len &&
            !strncmp(v->hostname, prefix, plen) && !strncasecmp(v->hostname + plen, host, len))
            break;
    }
    return i;
}

static size_t pattern_slot(const struct route_table *t, size_t listener, const char *pattern)
{
    bool wide = pattern[0] == '*';
    return host_slot(t, listener, wide ? "*" : "", pattern + wide, strlen(pattern + wide));
}

static void grow_hosts(struct route_table *t)
{
    size_t size = slots_for((t->n_vhosts + 1) * 2);
    free(t->host_slots);
    t->host_slots = xcalloc(size, sizeof *t->host_slots);
    t->host_mask = size - 1;
    for (size_t i = 0; i < t->n_vhosts; i++)
        t->host_slots[pattern_slot(t, t->vhosts[i].listener, t->vhosts[i].hostname)] = (uint32_t)i + 1;
}

static uint32_t vhost_make(struct route_table *t, size_t listener, const char *pattern)
{
    if (!t->host_slots || (t->n_vhosts + 1) * 2 > t->host_mask)
        grow_hosts(t);
    size_t slot = pattern_slot(t, listener, pattern);
    if (t->host_slots[slot])
        return t->host_slots[slot] - 1;
    GROW(t->vhosts, t->n_vhosts, t->cap_vhosts);
    t->vhosts[t->n_vhosts] = (struct vhost){ .hostname = pattern, .listener = (uint32_t)listener, .regex = NO_ENTRY };
    t->host_slots[slot] = (uint32_t)++t->n_vhosts;
    return (uint32_t)t->n_vhosts - 1;
}

const struct vhost *table_vhost(const struct route_table *t, size_t listener, const char *host)
{
    if (!t->host_slots)
        return NULL;
    size_t len = strcspn(host, ":");
    if (host[0] == '[' || strchr(host, ':') != strrchr(host, ':'))
        len = strlen(host);
    uint32_t found = t->host_slots[host_slot(t, listener, "", host, len)];
    /* "*.b.c" before "*.c"; the star stands for at least one character. Then those without a hostname. */
    for (size_t i = 1; !found && i < len; i++)
        if (host[i] == '.')
            found = t->host_slots[host_slot(t, listener, "*", host + i, len - i)];
    if (!found)
        found = t->host_slots[host_slot(t, listener, "", "", 0)];
    return found ? &t->vhosts[found - 1] : NULL;
}

/* ---- collecting ------------------------------------------------------------------------------------------------ */

static void add_listeners(struct route_table *t, const struct gateway *g, const struct listener *items, size_t n,
                          const struct listenerset *set)
{
    for (size_t i = 0; i < n; i++) {
        GROW(t->listeners, t->n_listeners, t->cap_listeners);
        t->listeners[t->n_listeners++] = (struct listener_entry){ g, &items[i], set };
    }
}

static void collect_listeners(struct route_table *t, const struct snapshot *s)
{
    char key[600];
    for (size_t i = 0; i < s->objects[KIND_GATEWAY].n; i++) {
        const struct gateway *g = (const struct gateway *)s->objects[KIND_GATEWAY].items[i];
        str_format(key, sizeof key, "%s/%s", g->object.namespace, g->object.name);
        map_put(t->gateways, key, (void *)(uintptr_t)(t->n_listeners + 1));
        add_listeners(t, g, g->listeners.items, g->listeners.n, NULL);
        for (size_t k = 0; k < s->objects[KIND_LISTENERSET].n; k++) {
            const struct listenerset *set = (const struct listenerset *)s->objects[KIND_LISTENERSET].items[k];
            if (set_joins(s, g, set))
                add_listeners(t, g, set->listeners.items, set->listeners.n, set);
        }
    }
}

static size_t listeners_by_key(const struct route_table *t, const char *namespace, const char *name, size_t *ret_first)
{
    char key[600];
    str_format(key, sizeof key, "%s/%s", namespace, name);
    uintptr_t first = (uintptr_t)map_get(t->gateways, key);
    if (first == 0 || first > t->n_listeners)
        return 0;
    size_t n = 0;
    const struct gateway *g = t->listeners[first - 1].gateway;
    if (!str_eq(g->object.name, name) || !str_eq(g->object.namespace, namespace))
        return 0;
    while (first - 1 + n < t->n_listeners && t->listeners[first - 1 + n].gateway == g)
        n++;
    *ret_first = first - 1;
    return n;
}

size_t table_listeners(const struct route_table *t, const struct gateway *g, size_t *ret_first)
{
    return listeners_by_key(t, g->object.namespace, g->object.name, ret_first);
}

static size_t parent_listeners(const struct route_table *t, const struct snapshot *s, const struct route *r,
                               const struct parent_ref *p, size_t *ret_first)
{
    const char *namespace = str_or(p->namespace, r->object.namespace);
    if (!str_eq(p->kind, "ListenerSet"))
        return listeners_by_key(t, namespace, p->name, ret_first);
    const struct listenerset *set =
        (const struct listenerset *)snapshot_find(s, KIND_LISTENERSET, namespace, p->name);
    if (!set)
        return 0;
    return listeners_by_key(t, str_or(set->parent.namespace, set->object.namespace), set->parent.name, ret_first);
}

static void add_entries(struct route_table *t, const struct route *r, size_t listener, const char *pattern,
                        const char *route_hostname, bool uncertain)
{
    uint32_t vhost = vhost_make(t, listener, pattern);
    bool dropped = route_dropped_by_istio(r);
    for (size_t rule = 0; rule < r->rules.n && rule < UINT16_MAX; rule++) {
        size_t n = r->rules.items[rule].matches.n;
        for (size_t m = 0; m < (n ? n : 1) && m < UINT16_MAX; m++) {
            GROW(t->entries, t->n_entries, t->cap_entries);
            struct entry *e = &t->entries[t->n_entries++];
            entry_init(e, r, rule, m, route_hostname);
            e->vhost = vhost;
            e->dropped = dropped;
            e->uncertain = uncertain;
        }
    }
}

static void attach_to_listener(struct route_table *t, const struct route *r, size_t listener, bool uncertain)
{
    const char *hostname = t->listeners[listener].listener->hostname;
    if (r->hostnames.n == 0)
        add_entries(t, r, listener, hostname, "", uncertain);
    for (size_t i = 0; i < r->hostnames.n; i++) {
        const char *pattern = hostname_intersect(hostname, r->hostnames.items[i]);
        if (pattern)
            add_entries(t, r, listener, pattern, r->hostnames.items[i], uncertain);
    }
}

/* What the controller said, where our own knowledge does not reach. */
static enum tri accepted_by_status(const struct route *r, const struct parent_ref *p)
{
    for (size_t i = 0; i < r->status.n; i++) {
        const struct parent_ref *q = &r->status.items[i].ref;
        const struct condition *c = conditions_get(&r->status.items[i].conditions, "Accepted");
        if (c && str_eq(p->name, q->name) && str_eq(p->section, q->section) && p->port == q->port &&
            str_eq(str_or(p->namespace, r->object.namespace), str_or(q->namespace, r->object.namespace)) &&
            c->observed_generation >= r->object.generation)
            return c->status;
    }
    return TRI_UNKNOWN;
}

static bool named_before(const struct route *r, size_t parent, const struct listener_entry *l)
{
    for (size_t i = 0; i < parent; i++)
        if (parent_names_listener(&r->parents.items[i], r, l->gateway, l->listener, l->set))
            return true;
    return false;
}

static void collect_route(struct route_table *t, const struct snapshot *s, const struct route *r)
{
    for (size_t i = 0; i < r->parents.n; i++) {
        const struct parent_ref *p = &r->parents.items[i];
        size_t first, n = parent_listeners(t, s, r, p, &first);
        for (size_t k = 0; k < n; k++) {
            const struct listener_entry *l = &t->listeners[first + k];
            if (!parent_names_listener(p, r, l->gateway, l->listener, l->set) || named_before(r, i, l))
                continue;
            enum attach_reason why =
                listener_takes(s, l->gateway, l->listener, l->set, r->object.kind->name, r->object.namespace);
            enum tri said = why == ATTACH_UNKNOWN ? accepted_by_status(r, p) : TRI_UNKNOWN;
            if (why == ATTACH_OK || said == TRI_TRUE)
                attach_to_listener(t, r, first + k, false);
            else if (why == ATTACH_UNKNOWN && said == TRI_UNKNOWN)
                attach_to_listener(t, r, first + k, true);
        }
    }
}

/* ---- ordering -------------------------------------------------------------------------------------------------- */

static int by_vhost_and_precedence(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->vhost != y->vhost)
        return x->vhost < y->vhost ? -1 : 1;
    return entry_compare(x, y, true);
}

static size_t chain_len(const struct entry *e)
{
    return e->rank == PATH_PREFIX ? entry_prefix_len(e) : strlen(entry_path(e));
}

static size_t path_slot(const struct route_table *t, uint32_t vhost, enum path_rank rank, const char *path, size_t len)
{
    size_t i = hash_bytes((uint64_t)vhost * 4 + (uint64_t)rank, path, len) & t->path_mask;
    for (; t->path_slots[i]; i = (i + 1) & t->path_mask) {
        const struct entry *e = &t->entries[t->path_slots[i] - 1];
        if (e->vhost == vhost && e->rank == (uint8_t)rank && chain_len(e) == len && !memcmp(entry_path(e), path, len))
            break;
    }
    return i;
}

uint32_t table_chain(const struct route_table *t, uint32_t vhost, enum path_rank rank, const char *path, size_t len)
{
    if (!t->path_slots)
        return NO_ENTRY;
    uint32_t found = t->path_slots[path_slot(t, vhost, rank, path, len)];
    return found ? found - 1 : NO_ENTRY;
}

static void index_entries(struct route_table *t)
{
    if (t->n_entries)
        qsort(t->entries, t->n_entries, sizeof *t->entries, by_vhost_and_precedence);
    size_t size = slots_for(t->n_entries);
    t->path_slots = xcalloc(size, sizeof *t->path_slots);
    t->path_mask = size - 1;
    /* From the last to the first, each put before its chain: so every chain is in order of precedence. */
    for (size_t i = t->n_entries; i-- > 0;) {
        struct entry *e = &t->entries[i];
        struct vhost *v = &t->vhosts[e->vhost];
        if (v->n && !str_eq(e->route_hostname, t->entries[v->first].route_hostname))
            v->mixed = true;
        v->uncertain |= e->uncertain;
        v->first = (uint32_t)i;
        v->n++;
        if (e->rank == PATH_REGEX) {
            e->next = v->regex;
            v->regex = (uint32_t)i;
            continue;
        }
        size_t slot = path_slot(t, e->vhost, (enum path_rank)e->rank, entry_path(e), chain_len(e));
        e->next = t->path_slots[slot] ? t->path_slots[slot] - 1 : NO_ENTRY;
        t->path_slots[slot] = (uint32_t)i + 1;
    }
}

static int by_route(const void *a, const void *b, void *table)
{
    const struct route_table *t = table;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uintptr_t p = (uintptr_t)t->entries[x].route, q = (uintptr_t)t->entries[y].route;
    if (p != q)
        return p < q ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int by_service(const void *a, const void *b)
{
    const struct endpointslice *x = *(const struct endpointslice *const *)a, *y = *(const struct endpointslice *const *)b;
    int d = strcmp(x->object.namespace, y->object.namespace);
    if (!d)
        d = strcmp(x->service, y->service);
    return d ? d : strcmp(x->object.name, y->object.name);
}

static void index_slices(struct route_table *t, const struct snapshot *s)
{
    t->n_slices = s->objects[KIND_ENDPOINTSLICE].n;
    t->slices = xcalloc(t->n_slices + 1, sizeof *t->slices);
    for (size_t i = 0; i < t->n_slices; i++)
        t->slices[i] = (const struct endpointslice *)s->objects[KIND_ENDPOINTSLICE].items[i];
    qsort(t->slices, t->n_slices, sizeof *t->slices, by_service);
}

const struct endpointslice *const *route_table_slices(const struct route_table *t, const char *namespace,
                                                      const char *service, size_t *ret_n)
{
    size_t low = 0, high = t->n_slices;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int d = strcmp(t->slices[mid]->object.namespace, namespace);
        if (!d)
            d = strcmp(t->slices[mid]->service, service);
        if (d < 0)
            low = mid + 1;
        else
            high = mid;
    }
    size_t n = 0;
    while (low + n < t->n_slices && str_eq(t->slices[low + n]->object.namespace, namespace) &&
           str_eq(t->slices[low + n]->service, service))
        n++;
    *ret_n = n;
    return t->slices + low;
}

struct route_table *route_table_build(const struct snapshot *s)
{
    static const enum kind_id route_kinds[] = { KIND_HTTPROUTE, KIND_GRPCROUTE, KIND_TLSROUTE };
    struct route_table *t = xcalloc(1, sizeof *t);
    t->gateways = map_new();
    collect_listeners(t, s);
    for (size_t k = 0; k < sizeof route_kinds / sizeof *route_kinds; k++) {
        const struct object_list *list = &s->objects[route_kinds[k]];
        for (size_t i = 0; i < list->n; i++)
            collect_route(t, s, (const struct route *)list->items[i]);
    }
    index_entries(t);
    t->by_route = xcalloc(t->n_entries + 1, sizeof *t->by_route);
    for (size_t i = 0; i < t->n_entries; i++)
        t->by_route[i] = (uint32_t)i;
    qsort_r(t->by_route, t->n_entries, sizeof *t->by_route, by_route, t);
    index_slices(t, s);
    return t;
}

void route_table_free(struct route_table *t)
{
    if (!t)
        return;
    map_free(t->gateways);
    free(t->listeners);
    free(t->entries);
    free(t->vhosts);
    free(t->host_slots);
    free(t->path_slots);
    free(t->by_route);
    free(t->slices);
    free(t);
}
