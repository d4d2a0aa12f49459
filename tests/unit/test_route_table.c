/* Which rule serves a request, from the specification: kubernetes.md 5.3 to 5.5. Each table is a world of its own. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- worlds ------------------------------------------------------------------------------------------------------ */

#define GATEWAY \
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n" \
    "spec:\n  gatewayClassName: istio\n  listeners:\n" \
    "    - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}\n"

/* One line per route: "name | created day | hostnames | rules". Every rule gets a backend that works unless it names
 * one or redirects. */
struct route_line { const char *name; int day; const char *hostnames, *rules; };

static void add_service(struct world *w, const char *namespace, const char *name, bool ready)
{
    char yaml[1200];
    str_format(yaml, sizeof yaml,
               "apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: %s}\n"
               "spec: {type: ClusterIP, ports: [{name: web, port: 80, targetPort: 8080}, {name: admin, port: 81}]}\n---\n"
               "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
               "metadata: {name: %s-1, namespace: %s, labels: {kubernetes.io/service-name: %s}}\naddressType: IPv4\n"
               "ports: [{name: web, port: 8080}]\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: %s}}]\n",
               name, namespace, name, namespace, name, ready ? "true" : "false");
    world_add(w, yaml);
}

static struct world *make(const char *gateway, const struct route_line *routes, size_t n)
{
    struct world *w = world_new();
    world_add(w, gateway);
    add_service(w, "apps", "up", true);
    add_service(w, "apps", "down", false);
    add_service(w, "other", "up", true);
    for (size_t i = 0; i < n; i++) {
        char yaml[4000];
        str_format(yaml, sizeof yaml,
                   "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
                   "metadata: {name: %s, namespace: apps, creationTimestamp: '2026-01-%02dT00:00:00Z'}\n"
                   "spec: {parentRefs: [{name: gw, namespace: infra}], hostnames: [%s], rules: [%s]}\n",
                   routes[i].name, routes[i].day, routes[i].hostnames, routes[i].rules);
        world_add(w, yaml);
    }
    return w;
}

static const struct gateway *the_gateway(struct world *w)
{
    return (const struct gateway *)world_object(w, KIND_GATEWAY, "infra", "gw");
}

static struct route_answer ask(struct world *w, struct request *q, int istio_minor)
{
    q->port = q->port ? q->port : 80;
    q->scheme = q->scheme ? q->scheme : "http";
    q->method = q->method ? q->method : "GET";
    q->query = q->query ? q->query : "";
    struct route_table *t = route_table_build(world_snapshot(w));
    struct route_answer a = route_explain(t, world_snapshot(w), the_gateway(w), q, istio_minor);
    route_table_free(t);
    return a;
}

/* "name.rule" of the route that serves, or "-" */
static void expect(struct world *w, struct request q, const char *served, int status)
{
    struct route_answer a = ask(w, &q, 29);
    char got[100] = "-";
    if (a.route)
        str_format(got, sizeof got, "%s.%d", a.route->object.name, a.rule);
    if (!str_eq(got, served) || a.status != status)
        fail_msg("%s %s%s?%s: %s %d, not %s %d (%s)", q.method ? q.method : "GET", q.host, q.path,
                 q.query ? q.query : "", got, a.status, served, status, a.note);
}

#define UP "backendRefs: [{name: up, port: 80}]"
#define RULE(matches) "{matches: [" matches "], " UP "}"
#define PREFIX(p) "{path: {type: PathPrefix, value: '" p "'}}"
#define EXACT(p) "{path: {type: Exact, value: '" p "'}}"
#define WORLD(...) \
    static const struct route_line lines[] = { __VA_ARGS__ }; \
    struct world *w = make(GATEWAY, lines, sizeof lines / sizeof *lines)

/* ---- paths --------------------------------------------------------------------------------------------------------- */

static void prefixes_match_by_element(void **state)
{
    (void)state;
    WORLD({ "abc", 1, "a.x", RULE(PREFIX("/abc")) }, { "slash", 1, "b.x", RULE(PREFIX("/abc/")) },
          { "root", 1, "c.x", RULE(PREFIX("/")) }, { "none", 1, "d.x", "{" UP "}" },
          { "exact", 1, "e.x", RULE(EXACT("/abc")) }, { "deep", 1, "f.x", RULE(PREFIX("/a/b")) });
    static const struct { const char *host, *path, *served; } rows[] = {
        { "a.x", "/abc", "abc.0" }, { "a.x", "/abc/", "abc.0" }, { "a.x", "/abc/d", "abc.0" },
        { "a.x", "/abcd", "-" }, { "a.x", "/ab", "-" }, { "a.x", "/ABC", "-" }, { "a.x", "/", "-" },
        { "a.x", "/x/abc", "-" },
        { "b.x", "/abc", "slash.0" }, { "b.x", "/abc/", "slash.0" }, { "b.x", "/abc/d", "slash.0" },
        { "b.x", "/abcd", "-" },
        { "c.x", "/", "root.0" }, { "c.x", "/anything/at/all", "root.0" },
        { "d.x", "/", "none.0" }, { "d.x", "/any", "none.0" },
        { "e.x", "/abc", "exact.0" }, { "e.x", "/abc/", "-" }, { "e.x", "/abc/d", "-" }, { "e.x", "/Abc", "-" },
        { "f.x", "/a/b/c", "deep.0" }, { "f.x", "/a", "-" }, { "f.x", "/a/bc", "-" }, { "f.x", "/a/b", "deep.0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(w, (struct request){ .host = rows[i].host, .path = rows[i].path }, rows[i].served,
               str_eq(rows[i].served, "-") ? 404 : 200);
    world_free(w);
}

static void exact_before_prefix_longer_before_shorter(void **state)
{
    (void)state;
    WORLD({ "wide", 1, "a.x", RULE(PREFIX("/")) }, { "mid", 2, "a.x", RULE(PREFIX("/a")) },
          { "deep", 3, "a.x", RULE(PREFIX("/a/b")) }, { "exact", 4, "a.x", RULE(EXACT("/a/b")) },
          { "trail", 5, "a.x", RULE(PREFIX("/a/b/c/")) }, { "plain", 1, "a.x", RULE(PREFIX("/a/b/c")) });
    expect(w, (struct request){ .host = "a.x", .path = "/a/b" }, "exact.0", 200);
    expect(w, (struct request){ .host = "a.x", .path = "/a/b/" }, "deep.0", 200);
    expect(w, (struct request){ .host = "a.x", .path = "/a/c" }, "mid.0", 200);
    expect(w, (struct request){ .host = "a.x", .path = "/b" }, "wide.0", 200);
    /* "longest by characters": the trailing slash is one more, though both match the same */
    expect(w, (struct request){ .host = "a.x", .path = "/a/b/c/d" }, "trail.0", 200);
    world_free(w);
}

static void regular_expressions_only_where_they_can_be_told(void **state)
{
    (void)state;
#define REGEX(p) "{path: {type: RegularExpression, value: '" p "'}}"
    WORLD({ "plain", 1, "a.x", RULE(REGEX("/abc")) }, { "tail", 1, "b.x", RULE(REGEX("/api/.*")) },
          { "real", 1, "c.x", RULE(REGEX("/v[0-9]+/x")) }, { "real2", 1, "d.x", RULE(REGEX("/v[0-9]+")) },
          { "root", 2, "d.x", RULE(PREFIX("/")) }, { "real3", 1, "e.x", RULE(REGEX("/(a|b)")) },
          { "exact3", 2, "e.x", RULE(EXACT("/a")) });
    expect(w, (struct request){ .host = "a.x", .path = "/abc" }, "plain.0", 200);
    expect(w, (struct request){ .host = "a.x", .path = "/abc/d" }, "-", 404);     /* the whole path */
    expect(w, (struct request){ .host = "b.x", .path = "/api/y" }, "tail.0", 200);
    expect(w, (struct request){ .host = "b.x", .path = "/apx" }, "-", 404);
    expect(w, (struct request){ .host = "c.x", .path = "/v1/x" }, "-", -1);
    expect(w, (struct request){ .host = "c.x", .path = "/w1/x" }, "-", 404);
    expect(w, (struct request){ .host = "d.x", .path = "/v1" }, "root.0", 200);   /* a bare "/" beats every expression */
    expect(w, (struct request){ .host = "e.x", .path = "/a" }, "exact3.0", 200);
    expect(w, (struct request){ .host = "e.x", .path = "/b" }, "-", -1);
    world_free(w);
}

/* ---- hosts ---------------------------------------------------------------------------------------------------------- */

static void the_narrowest_host_wins_and_there_is_no_way_back(void **state)
{
    (void)state;
    WORLD({ "any", 1, "", RULE(PREFIX("/")) }, { "wide", 1, "'*.x'", RULE(PREFIX("/")) },
          { "mid", 1, "'*.b.x'", RULE(PREFIX("/")) }, { "exact", 1, "a.b.x", RULE(PREFIX("/app")) });
    expect(w, (struct request){ .host = "a.b.x", .path = "/app" }, "exact.0", 200);
    expect(w, (struct request){ .host = "a.b.x", .path = "/healthz" }, "-", 404);     /* never the wider ones */
    expect(w, (struct request){ .host = "c.b.x", .path = "/" }, "mid.0", 200);
    expect(w, (struct request){ .host = "d.c.b.x", .path = "/" }, "mid.0", 200);
    expect(w, (struct request){ .host = "b.x", .path = "/" }, "wide.0", 200);
    expect(w, (struct request){ .host = "x", .path = "/" }, "any.0", 200);
    expect(w, (struct request){ .host = "10.0.1.4", .path = "/" }, "any.0", 200);
    expect(w, (struct request){ .host = "A.B.X:80", .path = "/app" }, "exact.0", 200);
    world_free(w);
}

static void listeners_are_isolated(void **state)
{
    (void)state;
    static const char gateway[] =
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n"
        "spec:\n  gatewayClassName: istio\n  listeners:\n"
        "    - {name: any, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}\n"
        "    - {name: wild, hostname: '*.x', port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}\n"
        "    - {name: sec, hostname: 'a.x', port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}}\n"
        "    - {name: sec2, hostname: 'b.x', port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}}\n";
    static const struct route_line lines[] = { { "r", 1, "", RULE(PREFIX("/")) } };
    struct world *w = make(gateway, lines, 1);
    world_set(w, "HTTPRoute/apps/r", "spec.parentRefs.0.sectionName", "any");
    expect(w, (struct request){ .host = "a.y", .path = "/" }, "r.0", 200);
    expect(w, (struct request){ .host = "a.x", .path = "/" }, "-", 404);      /* taken by the narrower listener */
    world_set(w, "HTTPRoute/apps/r", "spec.parentRefs.0.sectionName", "sec");
    expect(w, (struct request){ .host = "a.x", .path = "/", .scheme = "https", .port = 443 }, "r.0", 200);
    expect(w, (struct request){ .host = "b.x", .path = "/", .scheme = "https", .port = 443, .sni = "a.x" }, "-", 421);
    expect(w, (struct request){ .host = "c.x", .path = "/", .scheme = "https", .port = 443, .sni = "a.x" }, "-", 404);
    expect(w, (struct request){ .host = "10.0.1.4", .path = "/", .scheme = "https", .port = 443 }, "-", 0);
    expect(w, (struct request){ .host = "a.x", .path = "/", .scheme = "http", .port = 443 }, "-", 0);
    expect(w, (struct request){ .host = "a.x", .path = "/", .port = 8080 }, "-", 0);
    world_free(w);
}

static void listener_hostname_narrows_the_route(void **state)
{
    (void)state;
    static const char gateway[] =
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n"
        "spec:\n  gatewayClassName: istio\n  listeners:\n"
        "    - {name: one, hostname: very.specific.com, port: 80, protocol: HTTP, "
        "allowedRoutes: {namespaces: {from: All}}}\n";
    static const struct route_line lines[] = { { "wild", 1, "'*.specific.com'", RULE(PREFIX("/")) },
                                               { "free", 1, "", RULE(EXACT("/free")) } };
    struct world *w = make(gateway, lines, 2);
    expect(w, (struct request){ .host = "very.specific.com", .path = "/" }, "wild.0", 200);
    expect(w, (struct request){ .host = "other.specific.com", .path = "/" }, "-", 404);
    /* (a) the route's own hostname comes before (b) the exact path; Istio does not compare it, hence ambiguous */
    struct request q = { .host = "very.specific.com", .path = "/free" };
    struct route_answer a = ask(w, &q, 29);
    assert_string_equal(a.route->object.name, "wild");
    assert_true(a.ambiguous);
    world_free(w);
}

/* ---- methods, headers, parameters ------------------------------------------------------------------------------------- */

static void method_headers_and_parameters(void **state)
{
    (void)state;
    WORLD({ "get", 1, "a.x", RULE("{method: GET}") },
          { "hdr", 1, "b.x", RULE("{headers: [{name: X-Canary, value: 'Yes'}]}") },
          { "query", 1, "c.x", RULE("{queryParams: [{name: debug, value: 'true'}]}") },
          { "dup", 1, "d.x", RULE("{headers: [{name: v, value: '1'}, {name: V, value: '2'}]}") },
          { "both", 1, "e.x", RULE("{headers: [{name: a, value: '1'}, {name: b, value: '2'}]}") });
    expect(w, (struct request){ .host = "a.x", .path = "/" }, "get.0", 200);
    expect(w, (struct request){ .host = "a.x", .path = "/", .method = "HEAD" }, "-", 404);
    struct pair yes[] = { { "x-canary", "Yes" } }, no[] = { { "X-CANARY", "yes" } };
    expect(w, (struct request){ .host = "b.x", .path = "/", .headers = { yes, 1 } }, "hdr.0", 200);
    expect(w, (struct request){ .host = "b.x", .path = "/", .headers = { no, 1 } }, "-", 404);
    expect(w, (struct request){ .host = "b.x", .path = "/" }, "-", 404);
    expect(w, (struct request){ .host = "c.x", .path = "/", .query = "a=b&debug=true" }, "query.0", 200);
    expect(w, (struct request){ .host = "c.x", .path = "/", .query = "debug=true&debug=false" }, "query.0", 200);
    expect(w, (struct request){ .host = "c.x", .path = "/", .query = "debug=false&debug=true" }, "-", 404);
    expect(w, (struct request){ .host = "c.x", .path = "/", .query = "Debug=true" }, "-", 404);
    expect(w, (struct request){ .host = "c.x", .path = "/", .query = "xdebug=true" }, "-", 404);
    struct pair v1[] = { { "v", "1" } }, ab[] = { { "A", "1" }, { "B", "2" } }, a[] = { { "a", "1" } };
    expect(w, (struct request){ .host = "d.x", .path = "/", .headers = { v1, 1 } }, "dup.0", 200);
    expect(w, (struct request){ .host = "e.x", .path = "/", .headers = { ab, 2 } }, "both.0", 200);
    expect(w, (struct request){ .host = "e.x", .path = "/", .headers = { a, 1 } }, "-", 404);
    world_free(w);
}

static void ties(void **state)
{
    (void)state;
    WORLD({ "method", 9, "a.x", RULE("{method: GET}") }, { "nomethod", 1, "a.x", RULE(PREFIX("/")) },
          { "h2", 9, "b.x", RULE("{headers: [{name: a, value: '1'}, {name: b, value: '1'}]}") },
          { "h1q9", 1, "b.x", RULE("{headers: [{name: a, value: '1'}], queryParams: [{name: q, value: '1'}]}") },
          { "h1", 1, "b.x", RULE("{headers: [{name: a, value: '1'}]}") },
          { "younger", 2, "c.x", RULE(PREFIX("/")) }, { "older", 1, "c.x", RULE(PREFIX("/")) },
          { "zeta", 3, "d.x", RULE(PREFIX("/")) }, { "alpha", 3, "d.x", RULE(PREFIX("/")) },
          { "rules", 1, "e.x", RULE(PREFIX("/x")) ", " RULE(PREFIX("/x")) });
    expect(w, (struct request){ .host = "a.x", .path = "/" }, "method.0", 200);
    struct pair both[] = { { "a", "1" }, { "b", "1" } };
    expect(w, (struct request){ .host = "b.x", .path = "/", .headers = { both, 2 }, .query = "q=1" }, "h2.0", 200);
    expect(w, (struct request){ .host = "b.x", .path = "/", .headers = { both, 1 }, .query = "q=1" }, "h1q9.0", 200);
    expect(w, (struct request){ .host = "b.x", .path = "/", .headers = { both, 1 } }, "h1.0", 200);
    expect(w, (struct request){ .host = "c.x", .path = "/" }, "older.0", 200);
    expect(w, (struct request){ .host = "d.x", .path = "/" }, "alpha.0", 200);
    expect(w, (struct request){ .host = "e.x", .path = "/x" }, "rules.0", 200);
    world_free(w);
}

/* ---- answers ----------------------------------------------------------------------------------------------------------- */

static void what_the_client_sees(void **state)
{
    (void)state;
    WORLD({ "missing", 1, "a.x", "{backendRefs: [{name: gone, port: 80}]}" },
          { "port", 1, "b.x", "{backendRefs: [{name: up, port: 8080}]}" },
          { "down", 1, "c.x", "{backendRefs: [{name: down, port: 80}]}" },
          { "noname", 1, "d.x", "{backendRefs: [{name: up, port: 81}]}" },
          { "empty", 1, "e.x", "{}" },
          { "zero", 1, "f.x", "{backendRefs: [{name: up, port: 80, weight: 0}]}" },
          { "foreign", 1, "g.x", "{backendRefs: [{name: up, namespace: other, port: 80}]}" },
          { "kind", 1, "h.x", "{backendRefs: [{name: up, kind: Bucket, group: s3.example, port: 80}]}" },
          { "redirect", 1, "i.x", "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}" },
          { "moved", 1, "j.x", "{filters: [{type: RequestRedirect, requestRedirect: {statusCode: 308}}]}" },
          { "mixed", 1, "k.x", "{backendRefs: [{name: up, port: 80, weight: 9}, {name: gone, port: 80, weight: 1}]}" },
          { "unweighted", 1, "l.x", "{backendRefs: [{name: up, port: 80}, {name: gone, port: 80, weight: 0}]}" });
    expect(w, (struct request){ .host = "a.x", .path = "/" }, "missing.0", 500);
    expect(w, (struct request){ .host = "b.x", .path = "/" }, "port.0", 500);     /* the pod's port, not the Service's */
    expect(w, (struct request){ .host = "c.x", .path = "/" }, "down.0", 503);
    expect(w, (struct request){ .host = "d.x", .path = "/" }, "noname.0", 503);   /* no slice has that port's name */
    expect(w, (struct request){ .host = "e.x", .path = "/" }, "empty.0", 500);
    expect(w, (struct request){ .host = "f.x", .path = "/" }, "zero.0", 500);
    expect(w, (struct request){ .host = "g.x", .path = "/" }, "foreign.0", 500);
    expect(w, (struct request){ .host = "h.x", .path = "/" }, "kind.0", 500);
    expect(w, (struct request){ .host = "i.x", .path = "/" }, "redirect.0", 302);
    expect(w, (struct request){ .host = "j.x", .path = "/" }, "moved.0", 308);
    expect(w, (struct request){ .host = "l.x", .path = "/" }, "unweighted.0", 200);
    struct request q = { .host = "k.x", .path = "/" };
    struct route_answer a = ask(w, &q, 29);
    assert_int_equal(a.status, 200);
    assert_true(a.ambiguous);
    assert_int_equal(a.backend, BACKEND_MISSING);
    struct request e = { .host = "e.x", .path = "/" };
    assert_int_equal(ask(w, &e, 30).status, 404);     /* kubernetes.md 5.5: Istio 1.30 alone */
    assert_int_equal(ask(w, &e, 31).status, 500);
    assert_true(ask(w, &e, 0).ambiguous);
    world_free(w);
}

static void istio_drops_the_whole_route_for_one_bad_rule(void **state)
{
    (void)state;
    WORLD({ "bad", 1, "a.x", RULE(PREFIX("/ok")) ", {matches: [" PREFIX("/bad") "], backendRefs: [{name: up}]}" });
    expect(w, (struct request){ .host = "a.x", .path = "/ok" }, "-", 404);
    struct request q = { .host = "a.x", .path = "/ok" };
    struct route_answer a = ask(w, &q, 0);
    assert_int_equal(a.status, 200);
    assert_true(a.ambiguous);
    world_free(w);
}

static void grants(void **state)
{
    (void)state;
    WORLD({ "r", 1, "a.x", "{backendRefs: [{name: up, namespace: other, port: 80}]}" });
#define GRANT(kind, from_ns, to) \
    "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: other}\n" \
    "spec: {from: [{group: gateway.networking.k8s.io, kind: " kind ", namespace: " from_ns "}], to: [" to "]}\n"
    struct request q = { .host = "a.x", .path = "/" };
    world_add(w, GRANT("HTTPRoute", "apps", "{group: '', kind: Service}"));
    assert_int_equal(ask(w, &q, 29).status, 200);
    world_add(w, GRANT("HTTPRoute", "apps", "{group: '', kind: Service, name: up}"));
    assert_int_equal(ask(w, &q, 29).status, 200);
    static const char *const refused[] = {
        GRANT("GRPCRoute", "apps", "{group: '', kind: Service}"),
        GRANT("HTTPRoute", "elsewhere", "{group: '', kind: Service}"),
        GRANT("HTTPRoute", "apps", "{group: '', kind: Secret}"),
        GRANT("HTTPRoute", "apps", "{group: '', kind: Service, name: down}"),
        GRANT("HTTPRoute", "apps", "{group: apps, kind: Service}"),
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        world_add(w, refused[i]);
        struct route_answer a = ask(w, &q, 29);
        if (a.status != 500 || a.backend != BACKEND_NOT_PERMITTED)
            fail_msg("permitted by grant %zu", i);
    }
    world_source(w, KIND_REFERENCEGRANT, SOURCE_FORBIDDEN);
    assert_int_equal(ask(w, &q, 29).status, -1);
    world_free(w);
}

static void unknown_sources_make_unknown_answers(void **state)
{
    (void)state;
    WORLD({ "r", 1, "a.x", RULE(PREFIX("/")) });
    struct request q = { .host = "a.x", .path = "/" };
    world_source(w, KIND_ENDPOINTSLICE, SOURCE_FORBIDDEN);
    assert_int_equal(ask(w, &q, 29).status, -1);
    assert_int_equal(ask(w, &q, 29).backend, BACKEND_UNKNOWN);
    world_source(w, KIND_SERVICE, SOURCE_PENDING);
    assert_int_equal(ask(w, &q, 29).status, -1);
    world_free(w);
}

static void selector_without_namespaces_is_unknown_not_404(void **state)
{
    (void)state;
    static const char gateway[] =
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n"
        "spec:\n  gatewayClassName: istio\n  listeners:\n"
        "    - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, "
        "selector: {matchLabels: {access: shared}}}}}\n";
    static const struct route_line lines[] = { { "r", 1, "a.x", RULE(PREFIX("/")) } };
    struct world *w = make(gateway, lines, 1);
    world_source(w, KIND_NAMESPACE, SOURCE_FORBIDDEN);
    expect(w, (struct request){ .host = "a.x", .path = "/" }, "-", -1);
    expect(w, (struct request){ .host = "b.x", .path = "/" }, "-", 404);
    /* the controller's own word decides it */
    world_set(w, "HTTPRoute/apps/r", "status.parents",
              "[{parentRef: {name: gw, namespace: infra}, controllerName: c, conditions: [{type: Accepted, status: 'True', "
              "reason: Accepted}]}]");
    expect(w, (struct request){ .host = "a.x", .path = "/" }, "r.0", 200);
    world_free(w);
}

static void shadowed_routes(void **state)
{
    (void)state;
    WORLD({ "first", 1, "a.x", RULE(PREFIX("/app")) }, { "second", 2, "a.x", RULE(PREFIX("/app/x")) ", " RULE(PREFIX("/app")) },
          /* the method puts it before the first */
          { "narrow", 2, "a.x", RULE("{path: {type: PathPrefix, value: /app}, method: POST}") },
          { "partly", 2, "a.x", RULE(PREFIX("/app")) ", " RULE(PREFIX("/else")) },
          { "elsewhere", 2, "b.x", RULE(PREFIX("/app")) });
    struct route_table *t = route_table_build(world_snapshot(w));
    struct { const char *route, *by; } rows[] = { { "first", NULL }, { "narrow", NULL }, { "partly", NULL },
                                                  { "elsewhere", NULL } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct route *r = (const struct route *)world_object(w, KIND_HTTPROUTE, "apps", rows[i].route);
        assert_null(route_shadowed_by(t, r));
    }
    route_table_free(t);
    world_set(w, "HTTPRoute/apps/second", "spec.rules.0.matches.0.path.value", "/app");
    t = route_table_build(world_snapshot(w));
    const struct route *second = (const struct route *)world_object(w, KIND_HTTPROUTE, "apps", "second");
    assert_non_null(route_shadowed_by(t, second));
    assert_string_equal(route_shadowed_by(t, second)->object.name, "first");
    route_table_free(t);
    world_free(w);
}

/* ---- size ---------------------------------------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Ten thousand routes on one host and ten thousand on their own: neither build nor answer may step through all. */
static void ten_thousand_routes(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, GATEWAY);
    TEXT_AUTO yaml = { 0 };
    for (int i = 0; i < 10000; i++) {
        if (i % 500 == 0 && i) {
            world_add(w, text_str(&yaml));
            text_reset(&yaml);
        }
        text_printf(&yaml, "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"
                           "metadata: {name: r%d, namespace: n%d}\nspec: {parentRefs: [{name: gw, namespace: infra}], "
                           "hostnames: [%s%d.example.com], rules: [{matches: [{path: {value: /p%d}}]}]}\n",
                    i, i % 100, i % 2 ? "h" : "all", i % 2 ? i : 0, i);
    }
    world_add(w, text_str(&yaml));
    struct snapshot *s = world_snapshot(w);
    double before = seconds();
    struct route_table *t = route_table_build(s);
    double built = seconds() - before;
    const struct gateway *g = the_gateway(w);
    before = seconds();
    for (int i = 1; i < 10000; i += 10) {
        char host[60], path[30];
        str_format(host, sizeof host, "h%d.example.com", i);
        str_format(path, sizeof path, "/p%d/x", i);
        struct request q = { .method = "GET", .scheme = "http", .host = host, .port = 80, .path = path, .query = "" };
        assert_non_null(route_explain(t, s, g, &q, 29).route);
        str_format(path, sizeof path, "/p%d/x", i - 1);
        q.host = "all0.example.com";
        assert_non_null(route_explain(t, s, g, &q, 29).route);
    }
    double each = (seconds() - before) / 2000;
    print_message("# built in %.1f ms, %.1f us an answer\n", built * 1e3, each * 1e6);
    assert_true(built < 1.0);       /* tens of milliseconds; generous for sanitizers and busy machines */
    assert_true(each < 1e-3);
    route_table_free(t);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_match_by_element),
        cmocka_unit_test(exact_before_prefix_longer_before_shorter),
        cmocka_unit_test(regular_expressions_only_where_they_can_be_told),
        cmocka_unit_test(the_narrowest_host_wins_and_there_is_no_way_back),
        cmocka_unit_test(listeners_are_isolated),
        cmocka_unit_test(listener_hostname_narrows_the_route),
        cmocka_unit_test(method_headers_and_parameters),
        cmocka_unit_test(ties),
        cmocka_unit_test(what_the_client_sees),
        cmocka_unit_test(istio_drops_the_whole_route_for_one_bad_rule),
        cmocka_unit_test(grants),
        cmocka_unit_test(unknown_sources_make_unknown_answers),
        cmocka_unit_test(selector_without_namespaces_is_unknown_not_404),
        cmocka_unit_test(shadowed_routes),
        cmocka_unit_test(ten_thousand_routes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
