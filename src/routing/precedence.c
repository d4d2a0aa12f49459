/* Which of two matches is asked first. kubernetes.md 5.3, step 4, letters (a) to (i). */
#include "routing_internal.h"

#include <string.h>

void entry_init(struct entry *e, const struct route *route, size_t rule, size_t match, const char *route_hostname)
{
    const struct route_rule *r = &route->rules.items[rule];
    *e = (struct entry){ .route = route, .route_hostname = route_hostname, .rule = (uint16_t)rule,
                         .index = (uint16_t)match, .next = NO_ENTRY };
    e->match = r->matches.n ? &r->matches.items[match] : NULL;
    const char *type = e->match ? e->match->path_type : "";
    e->rank = str_eq(type, "Exact") ? PATH_EXACT : str_eq(type, "RegularExpression") ? PATH_REGEX : PATH_PREFIX;
}

const char *entry_path(const struct entry *e)
{
    return e->match && *e->match->path ? e->match->path : "/";
}

size_t entry_prefix_len(const struct entry *e)
{
    const char *path = entry_path(e);
    size_t len = strlen(path);
    return len > 0 && path[len - 1] == '/' ? len - 1 : len;
}

/* As the one string "namespace/name", which the specification compares. */
static int compare_full_names(const struct object *a, const struct object *b)
{
    if (str_eq(a->namespace, b->namespace))
        return strcmp(a->name, b->name);
    const char *p = a->namespace, *q = b->namespace;
    while (*p && *p == *q)
        p++, q++;
    return (unsigned char)(*p ? *p : '/') - (unsigned char)(*q ? *q : '/');
}

/* An object that does not exist yet is younger than all that do. */
static int64_t created(const struct object *o)
{
    return o->created_ms > 0 ? o->created_ms : INT64_MAX;
}

const char *precedence_step_name(enum precedence_step step)
{
    switch (step) {
    case STEP_HOSTNAME: return "hostname";
    case STEP_PATH_TYPE: return "path type";
    case STEP_PATH_LENGTH: return "path length";
    case STEP_METHOD: return "method";
    case STEP_HEADERS: return "headers";
    case STEP_QUERY: return "query parameters";
    case STEP_AGE: return "age";
    case STEP_NAME: return "name";
    case STEP_KIND: return "kind";
    case STEP_ORDER: break;
    }
    return "order";
}

int entry_order(const struct entry *a, const struct entry *b, bool with_hostname, enum precedence_step *ret_step)
{
    *ret_step = STEP_HOSTNAME;
    if (with_hostname) {
        int d = hostname_rank(b->route_hostname) - hostname_rank(a->route_hostname);
        if (d)
            return d;
    }
    *ret_step = STEP_PATH_TYPE;
    if (a->rank != b->rank)
        return b->rank - a->rank;
    *ret_step = STEP_PATH_LENGTH;
    if (a->rank != PATH_EXACT) {
        size_t la = strlen(entry_path(a)), lb = strlen(entry_path(b));
        if (la != lb)
            return la > lb ? -1 : 1;
    }
    *ret_step = STEP_METHOD;
    bool ma = a->match && *a->match->method, mb = b->match && *b->match->method;
    if (ma != mb)
        return ma ? -1 : 1;
    *ret_step = STEP_HEADERS;
    size_t ha = a->match ? a->match->headers.n : 0, hb = b->match ? b->match->headers.n : 0;
    if (ha != hb)
        return ha > hb ? -1 : 1;
    *ret_step = STEP_QUERY;
    size_t qa = a->match ? a->match->query.n : 0, qb = b->match ? b->match->query.n : 0;
    if (qa != qb)
        return qa > qb ? -1 : 1;
    if (a->route != b->route) {
        *ret_step = STEP_AGE;
        int64_t ca = created(&a->route->object), cb = created(&b->route->object);
        if (ca != cb)
            return ca < cb ? -1 : 1;
        *ret_step = STEP_NAME;
        int d = compare_full_names(&a->route->object, &b->route->object);
        if (d)
            return d;
        *ret_step = STEP_KIND;
        /* An HTTPRoute and a GRPCRoute of one name and time: the kind's name, so that the order is total. */
        d = strcmp(a->route->object.kind->name, b->route->object.kind->name);
        if (d)
            return d;
    }
    *ret_step = STEP_ORDER;
    if (a->rule != b->rule)
        return a->rule - b->rule;
    return a->index - b->index;
}

int entry_compare(const struct entry *a, const struct entry *b, bool with_hostname)
{
    enum precedence_step step;
    return entry_order(a, b, with_hostname, &step);
}
