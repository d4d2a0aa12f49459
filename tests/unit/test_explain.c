/* Why a rule serves and the others do not: kubernetes.md 5.1 to 5.3 clause by clause, redirects from the definition of
 * HTTPRoute, and properties over worlds made from a seed. */
#include "world.h"

#include <gatewatch/report.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY(listeners) \
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n" \
    "spec: {gatewayClassName: istio, listeners: [" listeners "]}\n"
#define LISTENER(name, port, more) "{name: " name ", port: " #port ", protocol: HTTP, allowedRoutes: {namespaces: {from: All}}" more "}"
#define PLAIN GATEWAY(LISTENER("http", 80, ""))
#define UP "backendRefs: [{name: up, port: 80}]"

struct line { const char *kind, *namespace, *name; int day; const char *parent, *hostnames, *rules; };
#define GW "{name: gw, namespace: infra}"

static void add_route(struct world *w, const struct line *l)
{
    TEXT_AUTO yaml = { 0 };
    text_printf(&yaml, "apiVersion: gateway.networking.k8s.io/v1\nkind: %s\n"
                       "metadata: {name: %s, namespace: %s, creationTimestamp: '2026-01-%02dT00:00:00Z'}\n"
                       "spec: {parentRefs: [%s], hostnames: [%s], rules: [%s]}\n",
                l->kind, l->name, l->namespace, l->day, l->parent, l->hostnames, l->rules);
    world_add(w, text_str(&yaml));
}

static void add_service(struct world *w)
{
    world_add(w, "apiVersion: v1\nkind: Service\nmetadata: {name: up, namespace: apps}\n"
                 "spec: {type: ClusterIP, ports: [{name: web, port: 80}]}\n---\n"
                 "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
                 "metadata: {name: up-1, namespace: apps, labels: {kubernetes.io/service-name: up}}\naddressType: IPv4\n"
                 "ports: [{name: web, port: 8080}]\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}]\n");
}

struct asked { struct route_table *table; struct explanation *e; };

static struct asked ask(struct world *w, struct request q, const struct explain_options *how)
{
    static const struct explain_options none = { .istio_minor = 29 };
    q.port = q.port ? q.port : 80;
    q.scheme = q.scheme ? q.scheme : "http";
    q.method = q.method ? q.method : "GET";
    q.query = q.query ? q.query : "";
    struct asked a = { .table = route_table_build(world_snapshot(w)) };
    const struct gateway *g = (const struct gateway *)world_object(w, KIND_GATEWAY, "infra", "gw");
    a.e = explanation_build(a.table, world_snapshot(w), g, &q, how ? how : &none);
    return a;
}

static void done(struct asked *a)
{
    explanation_free(a->e);
    route_table_free(a->table);
}

static const char *lost(const struct explanation *e, const char *route, int rule)
{
    for (size_t i = 0; i < e->candidates.n; i++)
        if (str_eq(e->candidates.items[i].route->object.name, route) && e->candidates.items[i].rule == rule)
            return e->candidates.items[i].lost;
    return NULL;
}

static const char *why_not(const struct explanation *e, const char *route)
{
    for (size_t i = 0; i < e->rejected.n; i++)
        if (str_eq(e->rejected.items[i].route->object.name, route))
            return e->rejected.items[i].why;
    return NULL;
}

static void expect_words(const char *text, const char *words, const char *what)
{
    if (!text || !strstr(text, words))
        fail_msg("%s: \"%s\" does not say \"%s\"", what, text ? text : "(nothing)", words);
}

/* ---- which step, which condition ----------------------------------------------------------------------------------- */

/* Route "win" serves, route "lose" matches too and loses at the step; day 1 is older than day 9. */
static void each_step_of_precedence(void **state)
{
    (void)state;
    static const struct { const char *win_hosts, *win; int win_day; const char *lose_hosts, *lose; int lose_day; const char *step; }
        rows[] = {
        /* an exact listener lets both patterns end in one virtual host: (a) the route's own hostname */
        { "a.x.com", "{" UP "}", 9, "'*.x.com'", "{matches: [{path: {type: Exact, value: /p}}], " UP "}", 1, "outranked by hostname" },
        { "a.x.com", "{matches: [{path: {type: Exact, value: /p}}], " UP "}", 9, "a.x.com",
          "{matches: [{path: {value: /p}}], " UP "}", 1, "outranked by path type" },
        { "a.x.com", "{matches: [{path: {value: /p}}], " UP "}", 9, "a.x.com", "{matches: [{path: {value: /}}], " UP "}", 1,
          "outranked by path length" },
        /* (c) counts characters of the value, the slash at the end too */
        { "a.x.com", "{matches: [{path: {value: /p/}}], " UP "}", 9, "a.x.com", "{matches: [{path: {value: /p}}], " UP "}", 1,
          "outranked by path length" },
        { "a.x.com", "{matches: [{method: GET}], " UP "}", 9, "a.x.com",
          "{matches: [{headers: [{name: h, value: v}]}], " UP "}", 1, "outranked by method" },
        { "a.x.com", "{matches: [{headers: [{name: h, value: v}]}], " UP "}", 9, "a.x.com",
          "{matches: [{queryParams: [{name: q, value: v}]}], " UP "}", 1, "outranked by headers" },
        { "a.x.com", "{matches: [{queryParams: [{name: q, value: v}]}], " UP "}", 9, "a.x.com", "{" UP "}", 1,
          "outranked by query parameters" },
        { "a.x.com", "{" UP "}", 1, "a.x.com", "{" UP "}", 9, "outranked by age" },
    };
    struct pair header = { "H", "v" };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new();
        world_add(w, GATEWAY(LISTENER("http", 80, ", hostname: a.x.com")));
        add_service(w);
        add_route(w, &(struct line){ "HTTPRoute", "apps", "win", rows[i].win_day, GW, rows[i].win_hosts, rows[i].win });
        add_route(w, &(struct line){ "HTTPRoute", "apps", "lose", rows[i].lose_day, GW, rows[i].lose_hosts, rows[i].lose });
        struct asked a = ask(w, (struct request){ .host = "a.x.com", .path = "/p", .query = "q=v", .headers = { &header, 1 } }, NULL);
        if (!a.e->answer.route || !str_eq(a.e->answer.route->object.name, "win"))
            fail_msg("row %zu: the wrong route serves", i);
        expect_words(lost(a.e, "lose", 0), rows[i].step, rows[i].step);
        assert_null(lost(a.e, "win", 0));
        done(&a);
        world_free(w);
    }
}

static void names_and_order_are_the_last_ties(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, PLAIN);
    add_service(w);
    add_route(w, &(struct line){ "HTTPRoute", "apps", "b", 1, GW, "", "{" UP "}, {" UP "}" });
    struct asked a = ask(w, (struct request){ .host = "h", .path = "/" }, NULL);
    assert_int_equal(a.e->answer.rule, 0);
    expect_words(lost(a.e, "b", 1), "outranked by order", "the later rule");
    done(&a);
    /* "namespace/name" in the alphabet: apps/a before apps/b, and app/z before both */
    add_route(w, &(struct line){ "HTTPRoute", "apps", "a", 1, GW, "", "{" UP "}" });
    a = ask(w, (struct request){ .host = "h", .path = "/" }, NULL);
    assert_string_equal(a.e->answer.route->object.name, "a");
    expect_words(lost(a.e, "b", 0), "outranked by name", "b after a");
    done(&a);
    add_route(w, &(struct line){ "HTTPRoute", "app", "z", 1, GW, "", "{" UP "}" });
    a = ask(w, (struct request){ .host = "h", .path = "/" }, NULL);
    assert_string_equal(a.e->answer.route->object.name, "z");
    expect_words(lost(a.e, "a", 0), "outranked by name", "apps after app");
    done(&a);
    world_free(w);
}

static void each_condition_that_does_not_hold(void **state)
{
    (void)state;
    static const struct { const char *rule, *words; } rows[] = {
        { "{matches: [{path: {value: /abc}}], " UP "}", "PathPrefix /abc does not match /abcd" },
        { "{matches: [{path: {type: Exact, value: /abcd/}}], " UP "}", "Exact /abcd/ does not match /abcd" },
        { "{matches: [{path: {type: Exact, value: /ABCD}}], " UP "}", "Exact /ABCD does not match /abcd" },
        { "{matches: [{path: {type: RegularExpression, value: /x.*}}], " UP "}", "RegularExpression /x.* does not match" },
        { "{matches: [{method: GET}], " UP "}", "method HEAD is not GET" },
        { "{matches: [{headers: [{name: X-Gone, value: v}]}], " UP "}", "header X-Gone is not in the request" },
        { "{matches: [{headers: [{name: x-here, value: No}]}], " UP "}", "header x-here is \"no\", not \"No\"" },
        { "{matches: [{queryParams: [{name: Q, value: '1'}]}], " UP "}", "query parameter Q is not in the request" },
        { "{matches: [{queryParams: [{name: q, value: '2'}]}], " UP "}", "query parameter q is \"1\", not \"2\"" },
        /* several matches are alternatives: each has its reason */
        { "{matches: [{method: PUT}, {path: {value: /z}}], " UP "}", "method HEAD is not PUT" },
        { "{matches: [{method: PUT}, {path: {value: /z}}], " UP "}", "PathPrefix /z does not match" },
    };
    struct pair header = { "X-Here", "no" };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new();
        world_add(w, PLAIN);
        add_route(w, &(struct line){ "HTTPRoute", "apps", "r", 1, GW, "", rows[i].rule });
        struct asked a = ask(w, (struct request){ .host = "h", .path = "/abcd", .method = "HEAD", .query = "q=1&q=2",
                                                  .headers = { &header, 1 } }, NULL);
        assert_null(a.e->answer.route);
        assert_int_equal(a.e->answer.status, 404);
        expect_words(lost(a.e, "r", 0), rows[i].words, rows[i].words);
        done(&a);
        world_free(w);
    }
}

static void what_may_win_is_said(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, PLAIN);
    add_service(w);
    add_route(w, &(struct line){ "HTTPRoute", "apps", "regex", 1, GW, "", "{matches: [{path: {type: RegularExpression, value: '/(a|b)'}}], " UP "}" });
    struct asked a = ask(w, (struct request){ .host = "h", .path = "/a" }, NULL);
    assert_int_equal(a.e->answer.status, -1);
    assert_false(report_explain_told(a.e));
    expect_words(lost(a.e, "regex", 0), "cannot be told", "a regular expression");
    done(&a);
    /* "else cannot tell, unless outranked" */
    add_route(w, &(struct line){ "HTTPRoute", "apps", "exact", 9, GW, "", "{matches: [{path: {type: Exact, value: /a}}], " UP "}" });
    a = ask(w, (struct request){ .host = "h", .path = "/a" }, NULL);
    assert_int_equal(a.e->answer.status, 200);
    assert_true(report_explain_told(a.e));
    expect_words(lost(a.e, "regex", 0), "outranked by path type", "an outranked expression");
    done(&a);
    world_free(w);
}

/* 5.3, step 2: the most specific hostname is the virtual host, and there is no way back to a wider one. */
static void wider_hostnames_give_way(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, PLAIN);
    add_route(w, &(struct line){ "HTTPRoute", "apps", "exact", 1, GW, "a.b.x.com", "{matches: [{path: {value: /only}}], " UP "}" });
    add_route(w, &(struct line){ "HTTPRoute", "apps", "narrow", 1, GW, "'*.b.x.com'", "{" UP "}" });
    add_route(w, &(struct line){ "HTTPRoute", "apps", "wide", 1, GW, "'*.x.com'", "{" UP "}" });
    add_route(w, &(struct line){ "HTTPRoute", "apps", "free", 1, GW, "", "{" UP "}" });
    add_route(w, &(struct line){ "HTTPRoute", "apps", "apex", 1, GW, "x.com", "{" UP "}" });
    struct asked a = ask(w, (struct request){ .host = "a.b.x.com", .path = "/" }, NULL);
    assert_int_equal(a.e->answer.status, 404);
    expect_words(lost(a.e, "exact", 0), "PathPrefix /only does not match", "exact");
    expect_words(lost(a.e, "narrow", 0), "hostname *.b.x.com gives way to a.b.x.com", "narrow");
    expect_words(lost(a.e, "wide", 0), "hostname *.x.com gives way to a.b.x.com", "wide");
    expect_words(lost(a.e, "free", 0), "gives way to a.b.x.com", "free");
    assert_null(lost(a.e, "apex", 0));
    expect_words(why_not(a.e, "apex"), "x.com does not take a.b.x.com", "apex");
    done(&a);
    a = ask(w, (struct request){ .host = "x.com", .path = "/" }, NULL);
    assert_string_equal(a.e->answer.route->object.name, "apex");    /* *.x.com never takes x.com */
    expect_words(why_not(a.e, "wide"), "*.x.com does not take x.com", "wide");
    done(&a);
    world_free(w);
}

/* ---- routes that are not asked -------------------------------------------------------------------------------------- */

static void each_reason_for_rejection(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, GATEWAY(LISTENER("http", 80, ", hostname: '*.x.com'") ", " LISTENER("other", 81, "")
                         ", {name: same, port: 82, protocol: HTTP}"
                         ", {name: grpc, port: 83, protocol: HTTP, allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}}"));
    static const struct line lines[] = {
        { "HTTPRoute", "apps", "serves", 1, GW, "", "{" UP "}" },
        { "HTTPRoute", "apps", "forgot", 1, "{name: gw}", "", "{" UP "}" },
        { "HTTPRoute", "apps", "typo", 1, "{name: gw, namespace: infra, sectionName: htp}", "", "{" UP "}" },
        { "HTTPRoute", "apps", "port", 1, "{name: gw, namespace: infra, port: 8080}", "", "{" UP "}" },
        { "HTTPRoute", "apps", "section", 1, "{name: gw, namespace: infra, sectionName: other}", "", "{" UP "}" },
        { "HTTPRoute", "apps", "byport", 1, "{name: gw, namespace: infra, port: 81}", "", "{" UP "}" },
        { "HTTPRoute", "apps", "namespace", 1, "{name: gw, namespace: infra, sectionName: same}", "", "{" UP "}" },
        { "HTTPRoute", "apps", "kind", 1, "{name: gw, namespace: infra, sectionName: grpc}", "", "{" UP "}" },
        { "HTTPRoute", "apps", "hostname", 1, "{name: gw, namespace: infra, sectionName: http}", "x.com", "{" UP "}" },
        { "HTTPRoute", "apps", "stranger", 1, "{name: elsewhere, namespace: infra}", "", "{" UP "}" },
    };
    static const struct { const char *route, *words; } rows[] = {
        { "forgot", "NoMatchingParent: Gateway apps/gw does not exist" },
        { "typo", "NoMatchingParent: no listener is named htp" },
        { "port", "NoMatchingParent: no listener has port 8080" },
        { "section", "sectionName: it is attached to listener other" },
        { "byport", "port: it is attached to listener other" },
        { "namespace", "NotAllowedByListeners: listener same takes routes from its own namespace" },
        { "kind", "NotAllowedByListeners: listener grpc takes no HTTPRoute" },
        { "hostname", "NoMatchingListenerHostname: no hostname of the route meets *.x.com" },
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        add_route(w, &lines[i]);
    struct asked a = ask(w, (struct request){ .host = "a.x.com", .path = "/" }, NULL);
    assert_string_equal(a.e->answer.route->object.name, "serves");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_words(why_not(a.e, rows[i].route), rows[i].words, rows[i].route);
    assert_null(why_not(a.e, "serves"));
    assert_null(why_not(a.e, "stranger"));      /* it wants another gateway */
    assert_int_equal(a.e->rejected.n, sizeof rows / sizeof *rows);
    assert_int_equal(a.e->candidates.n, 0);
    done(&a);
    world_free(w);
}

/* ---- listeners ------------------------------------------------------------------------------------------------------- */

static void a_named_listener_is_asked_as_it_is(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, GATEWAY(LISTENER("wide", 80, "") ", " LISTENER("exact", 80, ", hostname: a.x.com")));
    add_service(w);
    add_route(w, &(struct line){ "HTTPRoute", "apps", "r", 1, "{name: gw, namespace: infra, sectionName: wide}", "", "{" UP "}" });
    struct asked a = ask(w, (struct request){ .host = "a.x.com", .path = "/" }, NULL);
    assert_string_equal(a.e->answer.listener->name, "exact");       /* listener isolation */
    assert_int_equal(a.e->answer.status, 404);
    expect_words(why_not(a.e, "r"), "sectionName: it is attached to listener wide", "r");
    done(&a);
    a = ask(w, (struct request){ .host = "a.x.com", .path = "/" }, &(struct explain_options){ .listener = "wide" });
    assert_string_equal(a.e->answer.listener->name, "wide");
    assert_int_equal(a.e->answer.status, 200);
    done(&a);
    a = ask(w, (struct request){ .host = "b.x.com", .path = "/" }, &(struct explain_options){ .listener = "exact" });
    assert_int_equal(a.e->answer.status, 404);
    done(&a);
    world_free(w);
}

static void of_listeners_that_conflict_none_is_picked(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, GATEWAY(LISTENER("a", 80, "") ", " LISTENER("b", 80, "")));
    add_route(w, &(struct line){ "HTTPRoute", "apps", "r", 1, GW, "", "{" UP "}" });
    struct asked a = ask(w, (struct request){ .host = "h", .path = "/" }, NULL);
    assert_null(a.e->answer.route);
    assert_int_equal(a.e->answer.status, 0);
    expect_words(a.e->answer.note, "HostnameConflict", "the note");
    done(&a);
    world_free(w);
}

static void files_do_not_know_who_is_ready(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, PLAIN);
    world_source(w, KIND_ENDPOINTSLICE, SOURCE_FORBIDDEN);
    world_add(w, "apiVersion: v1\nkind: Service\nmetadata: {name: up, namespace: apps}\nspec: {ports: [{port: 80}]}\n");
    add_route(w, &(struct line){ "HTTPRoute", "apps", "up", 1, GW, "a.x", "{" UP "}" });
    add_route(w, &(struct line){ "HTTPRoute", "apps", "gone", 1, GW, "b.x", "{backendRefs: [{name: gone, port: 80}]}" });
    const struct explain_options files = { .assume_ready = true }, live = { 0 };
    struct asked a = ask(w, (struct request){ .host = "a.x", .path = "/" }, &files);
    assert_int_equal(a.e->answer.status, 200);
    done(&a);
    a = ask(w, (struct request){ .host = "b.x", .path = "/" }, &files);     /* what the files do tell still counts */
    assert_int_equal(a.e->answer.status, 500);
    done(&a);
    a = ask(w, (struct request){ .host = "a.x", .path = "/" }, &live);
    assert_int_equal(a.e->answer.status, -1);
    assert_false(report_explain_told(a.e));
    done(&a);
    world_free(w);
}

static void grpc_and_tls_as_far_as_they_go(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, GATEWAY(LISTENER("http", 80, "") ", {name: tls, port: 443, protocol: TLS, tls: {mode: Passthrough}, "
                         "allowedRoutes: {namespaces: {from: All}}}"));
    add_service(w);
    add_route(w, &(struct line){ "GRPCRoute", "apps", "grpc", 1, GW, "", "{matches: [{method: {service: a.B, method: Get}}], " UP "}" });
    add_route(w, &(struct line){ "TLSRoute", "apps", "tls", 1, GW, "t.x", "{" UP "}" });
    struct asked a = ask(w, (struct request){ .host = "h", .path = "/a.B/Get", .method = "POST" }, NULL);
    assert_string_equal(a.e->answer.route->object.name, "grpc");
    done(&a);
    a = ask(w, (struct request){ .host = "h", .path = "/a.B/Put", .method = "POST" }, NULL);
    expect_words(lost(a.e, "grpc", 0), "Exact /a.B/Get does not match /a.B/Put", "another method");
    expect_words(why_not(a.e, "tls"), "listener http takes no TLSRoute", "the TLSRoute");
    done(&a);
    a = ask(w, (struct request){ .scheme = "https", .port = 443, .host = "t.x", .path = "/" }, NULL);
    assert_string_equal(a.e->answer.route->object.name, "tls");
    assert_int_equal(a.e->answer.status, -1);
    assert_true(report_explain_told(a.e));      /* the backend's answer is not the gateway's */
    done(&a);
    world_free(w);
}

/* The definition of HTTPRoute puts one rule with PathPrefix "/" where `rules` is absent; it has no backendRefs. */
static void a_route_without_rules_takes_everything(void **state)
{
    (void)state;
    struct world *w = world_new();
    world_add(w, PLAIN "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: apps}\n"
                       "spec: {parentRefs: [" GW "]}\n");
    struct asked a = ask(w, (struct request){ .host = "h", .path = "/any" }, NULL);
    assert_non_null(a.e->answer.route);
    assert_int_equal(a.e->answer.rule, 0);
    assert_int_equal(a.e->answer.status, 500);
    done(&a);
    world_free(w);
}

/* ---- redirects: the definition of HTTPRequestRedirectFilter -------------------------------------------------------------- */

static void redirects_resolve_to_a_location(void **state)
{
    (void)state;
#define REDIRECT(match, fields) "{matches: [{path: {value: " match "}}], filters: [{type: RequestRedirect, requestRedirect: {" fields "}}]}"
#define PREFIX(with) "path: {type: ReplacePrefixMatch, replacePrefixMatch: '" with "'}"
    static const struct { const char *rule, *path, *location; int status, port; } rows[] = {
        { REDIRECT("/", "scheme: https"), "/a", "https://h.x/a", 302, 80 },
        { REDIRECT("/", "scheme: https, statusCode: 301"), "/", "https://h.x/", 301, 80 },
        { REDIRECT("/", "hostname: other.x"), "/a", "http://other.x/a", 302, 80 },
        /* the listener's port where neither port nor scheme is given, and the scheme's own where one is */
        { REDIRECT("/", "hostname: other.x"), "/a", "http://other.x:8080/a", 302, 8080 },
        { REDIRECT("/", "scheme: https"), "/a", "https://h.x/a", 302, 8080 },
        { REDIRECT("/", "port: 8443, scheme: https"), "/a", "https://h.x:8443/a", 302, 80 },
        { REDIRECT("/", "port: 443, scheme: https"), "/a", "https://h.x/a", 302, 80 },
        { REDIRECT("/", "port: 80"), "/a", "http://h.x/a", 302, 8080 },
        { REDIRECT("/", "path: {type: ReplaceFullPath, replaceFullPath: /new}"), "/a/b", "http://h.x/new", 302, 80 },
        /* the table in the definition of replacePrefixMatch */
        { REDIRECT("/foo", PREFIX("/xyz")), "/foo/bar", "http://h.x/xyz/bar", 302, 80 },
        { REDIRECT("/foo", PREFIX("/xyz/")), "/foo/bar", "http://h.x/xyz/bar", 302, 80 },
        { REDIRECT("/foo/", PREFIX("/xyz")), "/foo/bar", "http://h.x/xyz/bar", 302, 80 },
        { REDIRECT("/foo/", PREFIX("/xyz/")), "/foo/bar", "http://h.x/xyz/bar", 302, 80 },
        { REDIRECT("/foo", PREFIX("/xyz")), "/foo", "http://h.x/xyz", 302, 80 },
        { REDIRECT("/foo", PREFIX("/xyz")), "/foo/", "http://h.x/xyz/", 302, 80 },
        { REDIRECT("/foo", PREFIX("")), "/foo/bar", "http://h.x/bar", 302, 80 },
        { REDIRECT("/foo", PREFIX("")), "/foo/", "http://h.x/", 302, 80 },
        { REDIRECT("/foo", PREFIX("")), "/foo", "http://h.x/", 302, 80 },
        { REDIRECT("/foo", PREFIX("/")), "/foo/", "http://h.x/", 302, 80 },
        { REDIRECT("/foo", PREFIX("/")), "/foo", "http://h.x/", 302, 80 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new();
        world_add(w, GATEWAY(LISTENER("http", 80, "") ", " LISTENER("high", 8080, "")));
        add_route(w, &(struct line){ "HTTPRoute", "apps", "r", 1, GW, "", rows[i].rule });
        struct asked a = ask(w, (struct request){ .host = "h.x", .path = rows[i].path, .port = rows[i].port }, NULL);
        if (!a.e->location || !str_eq(a.e->location, rows[i].location) || a.e->answer.status != rows[i].status)
            fail_msg("row %zu: %d to %s, not %d to %s", i, a.e->answer.status, a.e->location ? a.e->location : "(nothing)",
                     rows[i].status, rows[i].location);
        done(&a);
        world_free(w);
    }
}

/* ---- properties over worlds from a seed ------------------------------------------------------------------------------- */

static uint64_t seed;

static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 11) % n;
}
#define ONE_OF(...) ((const char *const[]){ __VA_ARGS__ }[pick(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))])

enum { MAX_OBJECTS = 14 };
struct made { char *objects[MAX_OBJECTS]; size_t n; };

static void make_rule(struct text *out)
{
    text_printf(out, "{matches: [");
    for (unsigned i = 0, n = pick(3); i < n; i++) {
        text_printf(out, "%s{path: {type: %s, value: %s}", i ? ", " : "", ONE_OF("Exact", "PathPrefix", "PathPrefix"),
                    ONE_OF("/", "/a", "/a/", "/a/b", "/ab", "/b"));
        if (!pick(3))
            text_printf(out, ", method: %s", ONE_OF("GET", "POST"));
        if (!pick(3))
            text_printf(out, ", headers: [{name: %s, value: '%s'}]", ONE_OF("h", "H", "x"), ONE_OF("1", "2"));
        if (!pick(4))
            text_printf(out, ", queryParams: [{name: %s, value: '1'}]", ONE_OF("q", "Q"));
        text_puts(out, "}");
    }
    text_printf(out, "], %s}", ONE_OF(UP, "backendRefs: [{name: gone, port: 80}]",
                                      "filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]"));
}

static void make_route(struct made *m, int number)
{
    struct text out = { 0 };
    text_printf(&out, "apiVersion: gateway.networking.k8s.io/v1\nkind: %s\nmetadata: {name: r%d, namespace: %s, "
                      "creationTimestamp: '2026-01-0%uT00:00:00Z'}\nspec: {parentRefs: [",
                pick(6) ? "HTTPRoute" : "TLSRoute", number, ONE_OF("apps", "infra", "dev"), 1 + pick(3));
    for (unsigned i = 0, n = 1 + pick(2); i < n; i++)
        text_printf(&out, "%s{name: gw%s%s}", i ? ", " : "", pick(4) ? ", namespace: infra" : "",
                    ONE_OF("", "", "", ", sectionName: l0", ", sectionName: l1", ", sectionName: none", ", port: 80", ", port: 81"));
    text_puts(&out, "], hostnames: [");
    for (unsigned i = 0, n = pick(3); i < n; i++)
        text_printf(&out, "%s'%s'", i ? ", " : "", ONE_OF("a.x", "b.x", "*.x", "*.a.x", "c.a.x", "x"));
    text_puts(&out, "], rules: [");
    make_rule(&out);
    if (!pick(2)) {
        text_puts(&out, ", ");
        make_rule(&out);
    }
    text_puts(&out, "]}\n");
    m->objects[m->n++] = text_take(&out);
}

static void make_world(struct made *m)
{
    struct text out = { 0 };
    text_puts(&out, "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n"
                    "spec: {gatewayClassName: istio, listeners: [");
    for (unsigned i = 0, n = 1 + pick(3); i < n; i++) {
        text_printf(&out, "%s{name: l%u, port: %s, protocol: HTTP, allowedRoutes: {namespaces: {from: %s}}", i ? ", " : "", i,
                    ONE_OF("80", "80", "81"), ONE_OF("All", "All", "Same", "Selector, selector: {matchLabels: {team: a}}"));
        if (pick(2))
            text_printf(&out, ", hostname: '%s'", ONE_OF("a.x", "*.x", "*.a.x"));
        text_puts(&out, "}");
    }
    text_puts(&out, "]}\n");
    m->n = 0;
    m->objects[m->n++] = text_take(&out);
    m->objects[m->n++] = xstrdup("apiVersion: v1\nkind: Namespace\nmetadata: {name: apps, labels: {team: a}}\n");
    m->objects[m->n++] = xstrdup("apiVersion: v1\nkind: Namespace\nmetadata: {name: dev, labels: {team: b}}\n");
    m->objects[m->n++] = xstrdup("apiVersion: v1\nkind: Namespace\nmetadata: {name: infra}\n");
    m->objects[m->n++] = xstrdup("apiVersion: v1\nkind: Service\nmetadata: {name: up, namespace: apps}\nspec: {ports: [{port: 80}]}\n");
    for (int i = 0, n = 1 + (int)pick(8); i < n; i++)
        make_route(m, i);
}

static void free_world(struct made *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->objects[i]);
}

static struct world *load(const struct made *m, bool shuffled)
{
    size_t order[MAX_OBJECTS];
    struct world *w = world_new();
    for (size_t i = 0; i < m->n; i++)
        order[i] = i;
    for (size_t i = m->n; shuffled && i > 1; i--) {
        size_t k = pick((unsigned)i), keep = order[i - 1];
        order[i - 1] = order[k];
        order[k] = keep;
    }
    for (size_t i = 0; i < m->n; i++)
        world_add(w, m->objects[order[i]]);
    return w;
}

static struct request make_request(struct pair *header)
{
    *header = (struct pair){ ONE_OF("h", "X"), ONE_OF("1", "2") };
    return (struct request){ .method = ONE_OF("GET", "HEAD", "POST"), .scheme = "http", .port = pick(4) ? 80 : 81,
                             .host = ONE_OF("a.x", "b.x", "c.a.x", "d.c.a.x", "x", "y"),
                             .path = ONE_OF("/", "/a", "/a/", "/a/b", "/a/bc", "/ab", "/b/c"), .query = ONE_OF("", "q=1", "Q=1&q=2"),
                             .headers = { header, pick(2) } };
}

/* The whole answer as scripts see it. */
static char *print(struct world *w, const struct request *q)
{
    struct text out = { 0 };
    struct asked a = ask(w, *q, NULL);
    report_explain_json(&(struct explain_view){ q, a.e, a.table, world_snapshot(w) }, &out);
    done(&a);
    return text_take(&out);
}

static void the_order_of_objects_changes_nothing(void **state)
{
    (void)state;
    for (unsigned round = 1; round <= 120; round++) {
        struct made m;
        struct pair header;
        seed = round * 0x9E3779B97F4A7C15ULL;
        make_world(&m);
        struct world *a = load(&m, false), *b = load(&m, true);
        for (int i = 0; i < 5; i++) {
            struct request q = make_request(&header);
            FREE_AUTO char *x = print(a, &q);
            FREE_AUTO char *y = print(b, &q);
            if (!str_eq(x, y))
                fail_msg("round %u: %s\nis not\n%s", round, x, y);
        }
        world_free(a);
        world_free(b);
        free_world(&m);
    }
}

static void a_route_that_cannot_match_changes_no_answer(void **state)
{
    (void)state;
    static const char *const idle[] = {
        "metadata: {name: idle, namespace: apps}\nspec: {parentRefs: [{name: gw, namespace: infra}], rules: [{matches: [{path: "
        "{type: Exact, value: /never}}], " UP "}]}\n",
        "metadata: {name: idle, namespace: apps}\nspec: {parentRefs: [{name: gw, namespace: infra}], hostnames: [never.y], rules: [{" UP "}]}\n",
        "metadata: {name: idle, namespace: apps}\nspec: {parentRefs: [{name: other, namespace: infra}], rules: [{" UP "}]}\n",
        "metadata: {name: idle, namespace: apps}\nspec: {parentRefs: [{name: gw, namespace: infra, sectionName: none}], rules: [{" UP "}]}\n",
    };
    for (unsigned round = 1; round <= 120; round++) {
        struct made m;
        struct pair header;
        TEXT_AUTO yaml = { 0 };
        seed = round * 0xD1B54A32D192ED03ULL;
        make_world(&m);
        unsigned which = pick(sizeof idle / sizeof *idle);
        text_printf(&yaml, "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n%s", idle[which]);
        struct world *a = load(&m, false), *b = load(&m, false);
        world_add(b, text_str(&yaml));
        for (int i = 0; i < 5; i++) {
            struct request q = make_request(&header);
            struct asked x = ask(a, q, NULL), y = ask(b, q, NULL);
            const struct object *p = x.e->answer.route ? &x.e->answer.route->object : NULL;
            const struct object *r = y.e->answer.route ? &y.e->answer.route->object : NULL;
            /* A virtual host of its own takes hosts away from wider ones (5.3, step 2); a route without a hostname makes
             * none but the widest, which takes away nothing. */
            if (!p != !r || (p && (!str_eq(p->name, r->name) || !str_eq(p->namespace, r->namespace))) ||
                x.e->answer.status != y.e->answer.status || x.e->answer.rule != y.e->answer.rule)
                fail_msg("round %u: route %u changes the answer for %s%s: %s %d, then %s %d", round, which, q.host, q.path,
                         p ? p->name : "-", x.e->answer.status, r ? r->name : "-", y.e->answer.status);
            done(&x);
            done(&y);
        }
        world_free(a);
        world_free(b);
        free_world(&m);
    }
}

static enum tri accepted(const struct predicted_conditions *p, const struct object *route, const char *parent)
{
    enum tri best = TRI_FALSE;
    for (size_t i = 0; i < p->n; i++) {
        const struct condition *c = conditions_get(&p->items[i].conditions, "Accepted");
        if (p->items[i].object == route && str_eq(p->items[i].parent, parent) && c && c->status != TRI_FALSE)
            best = best == TRI_TRUE ? TRI_TRUE : c->status;
    }
    return best;
}

static bool asked_for(const struct explanation *e, const struct route *r)
{
    if (e->answer.route == r)
        return true;
    for (size_t i = 0; i < e->candidates.n; i++)
        if (e->candidates.items[i].route == r)
            return true;
    for (size_t i = 0; i < e->rejected.n; i++)      /* attached, but of other hosts */
        if (e->rejected.items[i].route == r)
            return strstr(e->rejected.items[i].why, "hostname: ") != NULL;
    return false;
}

static void agree_on(struct world *w, unsigned round)
{
    struct snapshot *s = world_snapshot(w);
    struct predicted_conditions *p = conditions_predict(s);
    const struct gateway *g = (const struct gateway *)world_object(w, KIND_GATEWAY, "infra", "gw");
    for (int kind = 0; kind < 2; kind++) {
        const struct object_list *list = &s->objects[kind ? KIND_TLSROUTE : KIND_HTTPROUTE];
        for (size_t i = 0; i < list->n; i++) {
            bool attached = false;
            for (size_t l = 0; l < g->listeners.n; l++) {
                struct asked a = ask(w, (struct request){ .host = "a.x", .path = "/", .port = g->listeners.items[l].port },
                                     &(struct explain_options){ .listener = g->listeners.items[l].name });
                attached |= asked_for(a.e, (const struct route *)list->items[i]);
                done(&a);
            }
            if (attached != (accepted(p, list->items[i], "infra/gw") == TRI_TRUE))
                fail_msg("round %u: %s/%s is %sattached, and lint does not agree", round, list->items[i]->namespace,
                         list->items[i]->name, attached ? "" : "not ");
        }
    }
    predicted_conditions_free(p);
}

static void lint_and_explain_agree_on_attachment(void **state)
{
    (void)state;
    for (unsigned round = 1; round <= 120; round++) {
        struct made m;
        seed = round * 0xA0761D6478BD642FULL;
        make_world(&m);
        struct world *w = load(&m, false);
        agree_on(w, round);
        world_free(w);
        free_world(&m);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_of_precedence),
        cmocka_unit_test(names_and_order_are_the_last_ties),
        cmocka_unit_test(each_condition_that_does_not_hold),
        cmocka_unit_test(what_may_win_is_said),
        cmocka_unit_test(wider_hostnames_give_way),
        cmocka_unit_test(each_reason_for_rejection),
        cmocka_unit_test(a_named_listener_is_asked_as_it_is),
        cmocka_unit_test(of_listeners_that_conflict_none_is_picked),
        cmocka_unit_test(files_do_not_know_who_is_ready),
        cmocka_unit_test(grpc_and_tls_as_far_as_they_go),
        cmocka_unit_test(a_route_without_rules_takes_everything),
        cmocka_unit_test(redirects_resolve_to_a_location),
        cmocka_unit_test(the_order_of_objects_changes_nothing),
        cmocka_unit_test(a_route_that_cannot_match_changes_no_answer),
        cmocka_unit_test(lint_and_explain_agree_on_attachment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
