/* The matcher against a second one that is slow and plain: every listener, route, hostname, rule and match is walked, as
 * kubernetes.md 5.2 and 5.3 tell it, on small worlds from a seed. They share no code. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { LISTENERS = 3, ROUTES = 6, RULES = 2, MATCHES = 2, HOSTS = 2, WORLDS = 400, REQUESTS = 12 };

struct some_match { const char *type, *path, *method, *header, *header_value, *query; };   /* NULL: not asked */
struct some_rule { struct some_match matches[MATCHES]; int n; };
struct some_route { char name[8]; const char *namespace, *section, *hosts[HOSTS]; int n_hosts, day, n; struct some_rule rules[RULES]; };
struct some_listener { char name[8]; const char *hostname; int port; };
struct some_world { struct some_listener listeners[LISTENERS]; struct some_route routes[ROUTES]; int n_listeners, n_routes; };
struct verdict { const struct some_listener *listener; const struct some_route *route; int rule, match; };

static uint64_t seed;

static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 11) % n;
}
#define ONE_OF(...) ((const char *const[]){ __VA_ARGS__ }[pick(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))])

/* ---- making ---------------------------------------------------------------------------------------------------------- */

static void make_match(struct some_match *m)
{
    *m = (struct some_match){ .type = pick(3) ? "PathPrefix" : "Exact", .path = ONE_OF("/", "/", "/a", "/a/", "/a/b", "/ab", "/a/b/c") };
    if (!pick(3))
        m->method = ONE_OF("GET", "POST", "HEAD");
    if (!pick(3)) {
        m->header = ONE_OF("h", "H", "g");
        m->header_value = ONE_OF("1", "2");
    }
    if (!pick(4))
        m->query = ONE_OF("q", "Q");
}

static void make_world(struct some_world *w)
{
    memset(w, 0, sizeof *w);
    for (int i = 0, n = 1 + (int)pick(LISTENERS); i < n; i++) {
        struct some_listener *l = &w->listeners[w->n_listeners];
        *l = (struct some_listener){ .hostname = ONE_OF("", "a.x", "*.x", "*.a.x"), .port = pick(3) ? 80 : 81 };
        str_format(l->name, sizeof l->name, "l%d", i);
        bool twice = false;
        for (int k = 0; k < w->n_listeners; k++)
            twice |= w->listeners[k].port == l->port && str_eq(w->listeners[k].hostname, l->hostname);
        w->n_listeners += !twice;
    }
    w->n_routes = 1 + (int)pick(ROUTES);
    for (int i = 0; i < w->n_routes; i++) {
        struct some_route *r = &w->routes[i];
        str_format(r->name, sizeof r->name, "r%u%d", pick(10), i);
        r->namespace = ONE_OF("n", "n2", "m");
        r->section = pick(3) ? NULL : ONE_OF("l0", "l1", "l2");
        r->day = 1 + (int)pick(3);
        r->n_hosts = (int)pick(HOSTS + 1);
        for (int k = 0; k < r->n_hosts; k++)
            r->hosts[k] = ONE_OF("a.x", "b.x", "*.x", "*.a.x", "c.a.x", "x");
        if (r->n_hosts == 2 && str_eq(r->hosts[0], r->hosts[1]))
            r->n_hosts = 1;
        r->n = 1 + (int)pick(RULES);
        for (int k = 0; k < r->n; k++) {
            r->rules[k].n = (int)pick(MATCHES + 1);
            for (int m = 0; m < r->rules[k].n; m++)
                make_match(&r->rules[k].matches[m]);
        }
    }
}

static void print_match(struct text *out, const struct some_match *m)
{
    text_printf(out, "{path: {type: %s, value: %s}", m->type, m->path);
    if (m->method)
        text_printf(out, ", method: %s", m->method);
    if (m->header)
        text_printf(out, ", headers: [{name: %s, value: '%s'}]", m->header, m->header_value);
    if (m->query)
        text_printf(out, ", queryParams: [{name: %s, value: '1'}]", m->query);
    text_puts(out, "}, ");
}

static void print_world(const struct some_world *w, struct text *out)
{
    text_puts(out, "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: n}\n"
                   "spec: {gatewayClassName: c, listeners: [");
    for (int i = 0; i < w->n_listeners; i++) {
        text_printf(out, "{name: %s, port: %d, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}", w->listeners[i].name,
                    w->listeners[i].port);
        text_printf(out, *w->listeners[i].hostname ? ", hostname: '%s'}, " : "%s}, ", w->listeners[i].hostname);
    }
    text_puts(out, "]}\n");
    for (int i = 0; i < w->n_routes; i++) {
        const struct some_route *r = &w->routes[i];
        text_printf(out, "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: %s, namespace: %s, "
                         "creationTimestamp: '2026-01-0%dT00:00:00Z'}\nspec: {parentRefs: [{name: gw, namespace: n%s%s}], hostnames: [",
                    r->name, r->namespace, r->day, r->section ? ", sectionName: " : "", r->section ? r->section : "");
        for (int k = 0; k < r->n_hosts; k++)
            text_printf(out, "'%s', ", r->hosts[k]);
        text_puts(out, "], rules: [");
        for (int k = 0; k < r->n; k++) {
            text_puts(out, "{matches: [");
            for (int m = 0; m < r->rules[k].n; m++)
                print_match(out, &r->rules[k].matches[m]);
            text_puts(out, "]}, ");
        }
        text_puts(out, "]}\n");
    }
}

/* ---- the plain matcher -------------------------------------------------------------------------------------------------- */

static bool takes(const char *pattern, const char *host)
{
    size_t p = strlen(pattern), h = strlen(host);
    if (p == 0)
        return true;
    if (pattern[0] != '*')
        return strcmp(pattern, host) == 0;
    return h > p - 1 && strcmp(host + h - (p - 1), pattern + 1) == 0;
}

/* More characters in a pattern without a wildcard, then in any, then none. */
static int specific(const char *pattern)
{
    return *pattern == '\0' ? 0 : *pattern == '*' ? (int)strlen(pattern) : 500 + (int)strlen(pattern);
}

/* The narrower of two patterns that meet: a pattern is one of the other's hosts. */
static const char *meet(const char *a, const char *b)
{
    if (!*a || !*b)
        return *a ? a : b;
    return strcmp(a, b) == 0 || takes(b, a) ? a : takes(a, b) ? b : NULL;
}

static bool path_holds(const struct some_match *m, const char *path)
{
    if (!strcmp(m->type, "Exact"))
        return !strcmp(m->path, path);
    char prefix[32];
    str_copy(prefix, sizeof prefix, m->path);
    size_t len = strlen(prefix);
    if (len && prefix[len - 1] == '/')
        prefix[--len] = '\0';
    return !strncmp(path, prefix, len) && (path[len] == '\0' || path[len] == '/');
}

static bool holds(const struct some_match *m, const struct request *q)
{
    if (!path_holds(m, q->path) || (m->method && strcmp(m->method, q->method)))
        return false;
    if (m->header) {
        const char *value = NULL;
        for (size_t i = 0; i < q->headers.n && !value; i++)
            if (str_eq_nocase(q->headers.items[i].key, m->header))
                value = q->headers.items[i].value;
        if (!value || strcmp(value, m->header_value))
            return false;
    }
    /* The queries asked here are "", "q=1", "q=2&q=1" and "Q=1": the first of a name counts, by exact name. */
    if (m->query)
        return m->query[0] == q->query[0] && str_starts(q->query + 1, "=1");
    return true;
}

struct found { const struct some_route *route; const char *hostname; int rule, match; struct some_match what; };

/* (a) to (i); both hold. */
static bool before(const struct found *a, const struct found *b)
{
    char x[40], y[40];
    int exact_a = !strcmp(a->what.type, "Exact"), exact_b = !strcmp(b->what.type, "Exact");
    if (specific(a->hostname) != specific(b->hostname))
        return specific(a->hostname) > specific(b->hostname);
    if (exact_a != exact_b)
        return exact_a;
    if (!exact_a && strlen(a->what.path) != strlen(b->what.path))
        return strlen(a->what.path) > strlen(b->what.path);
    if (!a->what.method != !b->what.method)
        return a->what.method != NULL;
    if (!a->what.header != !b->what.header)
        return a->what.header != NULL;
    if (!a->what.query != !b->what.query)
        return a->what.query != NULL;
    if (a->route->day != b->route->day)
        return a->route->day < b->route->day;
    str_format(x, sizeof x, "%s/%s", a->route->namespace, a->route->name);
    str_format(y, sizeof y, "%s/%s", b->route->namespace, b->route->name);
    if (strcmp(x, y))
        return strcmp(x, y) < 0;
    return a->rule != b->rule ? a->rule < b->rule : a->match < b->match;
}

static const char *effective(const struct some_route *r, const struct some_listener *l, int k, const char *host)
{
    if (r->section && strcmp(r->section, l->name))
        return NULL;
    const char *pattern = meet(l->hostname, r->n_hosts ? r->hosts[k] : "");
    return pattern && takes(pattern, host) ? pattern : NULL;
}

static struct verdict plain(const struct some_world *w, const struct request *q)
{
    static const struct some_match slash = { .type = "PathPrefix", .path = "/" };
    struct verdict v = { .rule = -1, .match = -1 };
    struct found best = { 0 };
    const char *vhost = NULL;
    for (int i = 0; i < w->n_listeners; i++)
        if (w->listeners[i].port == q->port && takes(w->listeners[i].hostname, q->host) &&
            (!v.listener || specific(w->listeners[i].hostname) > specific(v.listener->hostname)))
            v.listener = &w->listeners[i];
    for (int pass = 0; v.listener && pass < 2; pass++)      /* first the hostname, then the rules under it */
        for (int i = 0; i < w->n_routes; i++)
            for (int k = 0; k < (w->routes[i].n_hosts ? w->routes[i].n_hosts : 1); k++) {
                const struct some_route *r = &w->routes[i];
                const char *pattern = effective(r, v.listener, k, q->host);
                if (pattern && pass == 0 && (!vhost || specific(pattern) > specific(vhost)))
                    vhost = pattern;
                for (int n = 0; pass == 1 && pattern && !strcmp(pattern, vhost) && n < r->n; n++)
                    for (int m = 0; m < (r->rules[n].n ? r->rules[n].n : 1); m++) {
                        struct found f = { r, r->n_hosts ? r->hosts[k] : "", n, m, r->rules[n].n ? r->rules[n].matches[m] : slash };
                        if (holds(&f.what, q) && (!best.route || before(&f, &best)))
                            best = f;
                    }
            }
    if (best.route) {
        v.route = best.route;
        v.rule = best.rule;
        v.match = best.match;
    }
    return v;
}

/* ---- both ---------------------------------------------------------------------------------------------------------------- */

static void compare(const struct some_world *made, struct world *w, const struct route_table *t, const char *yaml)
{
    const struct gateway *g = (const struct gateway *)world_object(w, KIND_GATEWAY, "n", "gw");
    struct pair headers[2] = { { ONE_OF("h", "G"), ONE_OF("1", "2") }, { "H", "2" } };
    struct request q = { .method = ONE_OF("GET", "GET", "HEAD", "POST"), .scheme = "http", .port = pick(3) ? 80 : 81,
                         .host = ONE_OF("a.x", "b.x", "c.a.x", "d.c.a.x", "x", "y"), .headers = { headers, pick(3) },
                         .path = ONE_OF("/", "/a", "/a/", "/a/b", "/a/bc", "/ab", "/a/b/c", "/a/b/c/d"),
                         .query = ONE_OF("", "q=1", "q=2&q=1", "Q=1") };
    struct verdict v = plain(made, &q);
    struct explanation *e = explanation_build(t, world_snapshot(w), g, &q, &(struct explain_options){ .istio_minor = 29 });
    const struct route_answer *a = &e->answer;
    bool same = !v.listener == !a->listener && !v.route == !a->route && v.rule == a->rule && v.match == a->match;
    if (same && v.listener)
        same = str_eq(v.listener->name, a->listener->name);
    if (same && v.route)
        same = str_eq(v.route->name, a->route->object.name) && str_eq(v.route->namespace, a->route->object.namespace);
    if (!same)
        fail_msg("%s http://%s:%d%s?%s: by the book %s rule %d match %d, by the matcher %s rule %d match %d\n%s", q.method, q.host,
                 q.port, q.path, q.query, v.route ? v.route->name : "-", v.rule, v.match,
                 a->route ? a->route->object.name : "-", a->rule, a->match, yaml);
    explanation_free(e);
}

static void the_matcher_agrees_with_the_book(void **state)
{
    (void)state;
    for (unsigned round = 1; round <= WORLDS; round++) {
        struct some_world made;
        TEXT_AUTO yaml = { 0 };
        seed = round * 0x9E3779B97F4A7C15ULL;
        make_world(&made);
        print_world(&made, &yaml);
        struct world *w = world_new();
        world_add(w, text_str(&yaml));
        struct route_table *t = route_table_build(world_snapshot(w));
        for (int i = 0; i < REQUESTS; i++)
            compare(&made, w, t, text_str(&yaml));
        route_table_free(t);
        world_free(w);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_matcher_agrees_with_the_book) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
