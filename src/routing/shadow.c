/* Routes that never get a request, because others are asked first and take everything. */
#include "routing_internal.h"

#include <string.h>

/* A chain of many matches for one path is walked this far; who is not shadowed by the first ones is not called so. */
#define CHAIN_MAX 64

static bool strings_covered(const struct string_match *a, size_t na, const struct string_match *b, size_t nb,
                            bool nocase)
{
    for (size_t i = 0; i < na; i++) {
        bool found = false;
        for (size_t k = 0; k < nb && !found; k++)
            found = (nocase ? str_eq_nocase(a[i].name, b[k].name) : str_eq(a[i].name, b[k].name)) &&
                    str_eq(a[i].value, b[k].value) && str_eq(str_or(a[i].type, "Exact"), str_or(b[k].type, "Exact"));
        if (!found)
            return false;
    }
    return true;
}

/* Does every request that meets b's conditions, the path aside, also meet a's? */
static bool covers(const struct entry *a, const struct entry *b)
{
    if (a->uncertain)
        return false;
    if (!a->match)
        return true;
    const struct http_match *x = a->match, *y = b->match;
    if (*x->method && !(y && str_eq(x->method, y->method)))
        return false;
    return strings_covered(x->headers.items, x->headers.n, y ? y->headers.items : NULL, y ? y->headers.n : 0, true) &&
           strings_covered(x->query.items, x->query.n, y ? y->query.items : NULL, y ? y->query.n : 0, false);
}

static const struct route *cover_in_chain(const struct route_table *t, uint32_t chain, uint32_t entry)
{
    const struct entry *e = &t->entries[entry];
    int steps = 0;
    for (uint32_t i = chain; i != NO_ENTRY && i < entry && steps < CHAIN_MAX; i = t->entries[i].next, steps++)
        if (t->entries[i].route != e->route && covers(&t->entries[i], e))
            return t->entries[i].route;
    return NULL;
}

static const struct route *entry_shadow(const struct route_table *t, uint32_t entry)
{
    const struct entry *e = &t->entries[entry];
    const char *path = entry_path(e);
    if (e->rank == PATH_REGEX)      /* a bare "/" is asked before every expression */
        return cover_in_chain(t, table_chain(t, e->vhost, PATH_PREFIX, "", 0), entry);
    size_t len = e->rank == PATH_PREFIX ? entry_prefix_len(e) : strlen(path);
    const struct route *by = NULL;
    if (e->rank == PATH_EXACT)
        by = cover_in_chain(t, table_chain(t, e->vhost, PATH_EXACT, path, len), entry);
    /* Wider prefixes come first only through a narrower route hostname; the order in the table knows. */
    for (size_t i = len + 1; !by && i-- > 0;)
        if (i == len || path[i] == '/')
            by = cover_in_chain(t, table_chain(t, e->vhost, PATH_PREFIX, path, i), entry);
    return by;
}

const struct route *route_shadowed_by(const struct route_table *t, const struct route *route)
{
    size_t low = 0, high = t->n_entries;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if ((uintptr_t)t->entries[t->by_route[mid]].route < (uintptr_t)route)
            low = mid + 1;
        else
            high = mid;
    }
    const struct route *by = NULL;
    for (; low < t->n_entries && t->entries[t->by_route[low]].route == route; low++) {
        const struct route *one = entry_shadow(t, t->by_route[low]);
        if (!one)
            return NULL;
        by = by ? by : one;
    }
    return by;
}
