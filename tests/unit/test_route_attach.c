/* Attachment of routes to listeners, from the specification: kubernetes.md 5.1. */
#include "world.h"

#include <string.h>

#define NAMESPACES \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: infra}\n---\n" \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shared, labels: {access: shared, zone: a}}\n---\n" \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: other, labels: {zone: b}}\n"

struct row {
    const char *listener;       /* flow mapping without name, port and protocol HTTP unless given */
    const char *kind, *namespace, *parent, *hostnames;
    enum attach_reason expected;
};

static enum attach_reason ask(const struct row *row, bool with_namespaces)
{
    struct world *w = world_new();
    char yaml[2000];
    if (with_namespaces)
        world_add(w, NAMESPACES);
    else
        world_source(w, KIND_NAMESPACE, SOURCE_FORBIDDEN);
    str_format(yaml, sizeof yaml,
               "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n"
               "spec: {gatewayClassName: istio, listeners: [%s]}\n", row->listener);
    world_add(w, yaml);
    str_format(yaml, sizeof yaml,
               "apiVersion: gateway.networking.k8s.io/v1\nkind: %s\nmetadata: {name: r, namespace: %s}\n"
               "spec: {parentRefs: [%s], hostnames: [%s], rules: [{}]}\n", row->kind, row->namespace, row->parent,
               row->hostnames ? row->hostnames : "");
    world_add(w, yaml);
    const struct gateway *g = (const struct gateway *)world_object(w, KIND_GATEWAY, "infra", "gw");
    enum kind_id kind = kind_index(kind_by_name(row->kind));
    const struct route *r = (const struct route *)world_object(w, kind, row->namespace, "r");
    enum attach_reason got =
        route_attaches(world_snapshot(w), g, &g->listeners.items[0], r, &r->parents.items[0]);
    world_free(w);
    return got;
}

#define HTTP "{name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}"
#define PARENT "{name: gw, namespace: infra}"

static const struct row rows[] = {
    { HTTP, "HTTPRoute", "other", PARENT, NULL, ATTACH_OK },
    { HTTP, "GRPCRoute", "other", PARENT, NULL, ATTACH_OK },
    /* 1: the parentRef */
    { HTTP, "HTTPRoute", "other", "{name: gw}", NULL, ATTACH_NO_PARENT },
    { HTTP, "HTTPRoute", "infra", "{name: gw}", NULL, ATTACH_OK },
    { HTTP, "HTTPRoute", "other", "{name: gw2, namespace: infra}", NULL, ATTACH_NO_PARENT },
    { HTTP, "HTTPRoute", "other", "{name: gw, namespace: infra, kind: Service, group: ''}", NULL, ATTACH_NO_PARENT },
    { HTTP, "HTTPRoute", "other", "{name: gw, namespace: infra, sectionName: web}", NULL, ATTACH_OK },
    { HTTP, "HTTPRoute", "other", "{name: gw, namespace: infra, sectionName: Web}", NULL, ATTACH_NO_PARENT },
    { HTTP, "HTTPRoute", "other", "{name: gw, namespace: infra, port: 80}", NULL, ATTACH_OK },
    { HTTP, "HTTPRoute", "other", "{name: gw, namespace: infra, port: 81}", NULL, ATTACH_NO_PARENT },
    { HTTP, "HTTPRoute", "other", "{name: gw, namespace: infra, sectionName: web, port: 81}", NULL, ATTACH_NO_PARENT },
    /* 2: kinds */
    { HTTP, "TLSRoute", "other", PARENT, NULL, ATTACH_KIND },
    { "{name: web, port: 443, protocol: TLS, tls: {mode: Passthrough}, allowedRoutes: {namespaces: {from: All}}}",
      "TLSRoute", "other", PARENT, NULL, ATTACH_OK },
    { "{name: web, port: 443, protocol: TLS, tls: {mode: Passthrough}, allowedRoutes: {namespaces: {from: All}}}",
      "HTTPRoute", "other", PARENT, NULL, ATTACH_KIND },
    { "{name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}}",
      "HTTPRoute", "other", PARENT, NULL, ATTACH_KIND },
    { "{name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}}",
      "GRPCRoute", "other", PARENT, NULL, ATTACH_OK },
    { "{name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}, "
      "kinds: [{group: other.io, kind: HTTPRoute}]}}", "HTTPRoute", "other", PARENT, NULL, ATTACH_KIND },
    /* 3: namespaces; Same is the default */
    { "{name: web, port: 80, protocol: HTTP}", "HTTPRoute", "other", PARENT, NULL, ATTACH_NAMESPACE },
    { "{name: web, port: 80, protocol: HTTP}", "HTTPRoute", "infra", PARENT, NULL, ATTACH_OK },
    { "{name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Same}}}", "HTTPRoute", "other", PARENT,
      NULL, ATTACH_NAMESPACE },
#define SELECT(selector) \
    "{name: web, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: " selector "}}}"
    { SELECT("{matchLabels: {access: shared}}"), "HTTPRoute", "shared", PARENT, NULL, ATTACH_OK },
    { SELECT("{matchLabels: {access: shared}}"), "HTTPRoute", "other", PARENT, NULL, ATTACH_NAMESPACE },
    { SELECT("{matchLabels: {access: shared, zone: b}}"), "HTTPRoute", "shared", PARENT, NULL, ATTACH_NAMESPACE },
    { SELECT("{matchLabels: {kubernetes.io/metadata.name: other}}"), "HTTPRoute", "other", PARENT, NULL, ATTACH_OK },
    { SELECT("{matchExpressions: [{key: zone, operator: In, values: [a, c]}]}"), "HTTPRoute", "shared", PARENT, NULL,
      ATTACH_OK },
    { SELECT("{matchExpressions: [{key: zone, operator: In, values: [a, c]}]}"), "HTTPRoute", "other", PARENT, NULL,
      ATTACH_NAMESPACE },
    { SELECT("{matchExpressions: [{key: zone, operator: NotIn, values: [a]}]}"), "HTTPRoute", "other", PARENT, NULL,
      ATTACH_OK },
    { SELECT("{matchExpressions: [{key: access, operator: NotIn, values: [shared]}]}"), "HTTPRoute", "other", PARENT,
      NULL, ATTACH_OK },
    { SELECT("{matchExpressions: [{key: access, operator: Exists}]}"), "HTTPRoute", "other", PARENT, NULL,
      ATTACH_NAMESPACE },
    { SELECT("{matchExpressions: [{key: access, operator: DoesNotExist}]}"), "HTTPRoute", "other", PARENT, NULL,
      ATTACH_OK },
    { SELECT("{}"), "HTTPRoute", "other", PARENT, NULL, ATTACH_OK },
    /* 4: hostnames, and the order of reasons */
    { "{name: web, port: 80, protocol: HTTP, hostname: '*.example.com', allowedRoutes: {namespaces: {from: All}}}",
      "HTTPRoute", "other", PARENT, "a.example.com", ATTACH_OK },
    { "{name: web, port: 80, protocol: HTTP, hostname: '*.example.com', allowedRoutes: {namespaces: {from: All}}}",
      "HTTPRoute", "other", PARENT, "example.com", ATTACH_HOSTNAME },
    { "{name: web, port: 80, protocol: HTTP, hostname: '*.example.com', allowedRoutes: {namespaces: {from: All}}}",
      "HTTPRoute", "other", PARENT, "a.example.net, b.example.com", ATTACH_OK },
    { "{name: web, port: 80, protocol: HTTP, hostname: '*.example.com', allowedRoutes: {namespaces: {from: All}}}",
      "HTTPRoute", "other", PARENT, NULL, ATTACH_OK },
    { "{name: web, port: 80, protocol: HTTP, hostname: a.example.com}", "HTTPRoute", "other", PARENT, "b.example.com",
      ATTACH_NAMESPACE },
};

static void each_clause(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum attach_reason got = ask(&rows[i], true);
        if (got != rows[i].expected)
            fail_msg("row %zu (%s, %s of %s): %s, not %s", i, rows[i].listener, rows[i].kind, rows[i].namespace,
                     attach_reason_name(got), attach_reason_name(rows[i].expected));
    }
}

static void forbidden_namespaces_make_a_selector_unknown(void **state)
{
    (void)state;
    struct row label = { SELECT("{matchLabels: {access: shared}}"), "HTTPRoute", "shared", PARENT, NULL, ATTACH_UNKNOWN };
    struct row name = { SELECT("{matchLabels: {kubernetes.io/metadata.name: shared}}"), "HTTPRoute", "shared", PARENT,
                        NULL, ATTACH_OK };
    struct row host = { "{name: web, port: 80, protocol: HTTP, hostname: a.x, allowedRoutes: {namespaces: "
                        "{from: Selector, selector: {matchLabels: {access: shared}}}}}", "HTTPRoute", "shared", PARENT,
                        "b.x", ATTACH_HOSTNAME };
    struct row all = { HTTP, "HTTPRoute", "shared", PARENT, NULL, ATTACH_OK };
    assert_int_equal(ask(&label, false), ATTACH_UNKNOWN);
    assert_int_equal(ask(&name, false), ATTACH_OK);
    assert_int_equal(ask(&host, false), ATTACH_HOSTNAME);
    assert_int_equal(ask(&all, false), ATTACH_OK);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_clause),
        cmocka_unit_test(forbidden_namespaces_make_a_selector_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
