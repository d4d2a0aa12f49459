/* Conditions predicted from manifests: kubernetes.md 4.2 and 5.1, and the definitions of the Gateway API v1.6.1 (what is
 * distinct, what the API server lets in). Each row is a world of its own. */
#include "world.h"

#include <string.h>

#define CLASS "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: c}\n" \
              "spec: {controllerName: example.com/controller}\n---\n"
#define GW(listeners) \
    CLASS "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n" \
          "spec: {gatewayClassName: c, listeners: [" listeners "]}\n"
#define ALL "allowedRoutes: {namespaces: {from: All}}"
#define HTTP(name, port, more) "{name: " name ", port: " #port ", protocol: HTTP, " ALL more "}"
#define TLS_IN "tls: {certificateRefs: [{name: cert}]}"
#define HTTPS(name, port, more) "{name: " name ", port: " #port ", protocol: HTTPS, " ALL ", " TLS_IN more "}"
#define ROUTE(parents, spec) \
    "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: apps}\n" \
    "spec: {parentRefs: [" parents "], " spec "}\n"
#define PARENT "{name: gw, namespace: infra}"
#define SERVICE(ns, name, port) \
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: " ns "}\n" \
    "spec: {ports: [{port: " #port "}]}\n"
#define GRANT(ns, from_kind, from_ns, to) \
    "---\napiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: " ns "}\n" \
    "spec: {from: [{group: gateway.networking.k8s.io, kind: " from_kind ", namespace: " from_ns "}], to: [" to "]}\n"
#define BACKEND(ref) "rules: [{backendRefs: [" ref "]}]"
#define UP BACKEND("{name: up, port: 80}")

struct row {
    const char *yaml;
    const char *object;         /* "Kind/name", with "/listener" or "/parent namespace" */
    const char *type, *status, *reason;     /* status NULL: the condition is not there */
};

static const struct condition_set *find(const struct predicted_conditions *p, const char *what)
{
    char kind[40], name[60] = "", more[60] = "";
    str_copy(kind, sizeof kind, what);
    char *slash = strchr(kind, '/');
    *slash = '\0';
    str_copy(name, sizeof name, slash + 1);
    slash = strchr(name, '/');
    if (slash) {
        str_copy(more, sizeof more, slash + 1);
        *slash = '\0';
    }
    for (size_t i = 0; i < p->n; i++) {
        const struct condition_set *set = &p->items[i];
        bool route = str_ends(set->object->kind->name, "Route");
        if (!str_eq(set->object->kind->name, kind) || !str_eq(set->object->name, name))
            continue;
        if (route ? !*more || str_starts(set->parent, more) : str_eq(str_or(set->listener, ""), more))
            return set;
    }
    return NULL;
}

static void check(const struct row *row, size_t i, bool bare)
{
    static const char *const words[] = { "Unknown", "False", "True" };
    struct world *w = world_new();
    if (bare) {     /* as manifests: of other kinds than the Gateway API's nothing is known */
        world_source(w, KIND_NAMESPACE, SOURCE_FORBIDDEN);
        world_source(w, KIND_SERVICE, SOURCE_FORBIDDEN);
    }
    world_add(w, row->yaml);
    struct predicted_conditions *p = conditions_predict(world_snapshot(w));
    const struct condition_set *set = find(p, row->object);
    if (!set)
        fail_msg("row %zu: nothing is said of %s", i, row->object);
    const struct condition *c = conditions_get(&set->conditions, row->type);
    if (!c != !row->status)
        fail_msg("row %zu: %s %s is %s", i, row->object, row->type, c ? "there" : "not there");
    if (c && (!str_eq(words[c->status], row->status) || !str_eq(c->reason, row->reason)))
        fail_msg("row %zu: %s %s is %s (%s: %s), not %s (%s)", i, row->object, row->type, words[c->status], c->reason,
                 c->message, row->status, row->reason);
    predicted_conditions_free(p);
    world_free(w);
}

#define RUN(rows, bare) \
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) \
        check(&rows[i], i, bare)

static void classes_and_gateways(void **state)
{
    static const struct row rows[] = {
        { GW(HTTP("a", 80, "")), "GatewayClass/c", "Accepted", "True", "Accepted" },
        { GW(HTTP("a", 80, "")), "Gateway/gw", "Accepted", "True", "Accepted" },
        /* an address is the controller's to give */
        { GW(HTTP("a", 80, "")), "Gateway/gw", "Programmed", "Unknown", "Pending" },
        { "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: c}\nspec: {controllerName: x}\n",
          "GatewayClass/c", "Accepted", "False", "Unsupported" },
        /* without its class nobody acts: the conditions stay as the API server makes them */
        { "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n"
          "spec: {gatewayClassName: gone, listeners: [" HTTP("a", 80, "") "]}\n", "Gateway/gw", "Accepted", "Unknown", "Pending" },
        { GW(""), "Gateway/gw", "Accepted", "False", "Invalid" },
        { GW(HTTP("a", 80, "") ", " HTTP("a", 81, "")), "Gateway/gw", "Accepted", "False", "Invalid" },
        /* some listeners are not valid, then all */
        { GW(HTTP("a", 80, "") ", " HTTP("b", 81, "") ", " HTTP("c", 81, "")), "Gateway/gw", "Accepted", "True",
          "ListenersNotValid" },
        { GW(HTTP("b", 81, "") ", " HTTP("c", 81, "")), "Gateway/gw", "Accepted", "False", "ListenersNotValid" },
        { GW(HTTP("b", 81, "") ", " HTTP("c", 81, "")), "Gateway/gw", "Programmed", "False", "Invalid" },
    };
    (void)state;
    RUN(rows, false);
}

static void listeners_are_distinct_or_conflicted(void **state)
{
#define HOST(h) ", hostname: '" h "'"
    static const struct row rows[] = {
        { GW(HTTP("a", 80, "")), "Gateway/gw/a", "Conflicted", "False", "NoConflicts" },
        { GW(HTTP("a", 80, "") ", " HTTP("b", 81, "")), "Gateway/gw/a", "Conflicted", "False", "NoConflicts" },
        { GW(HTTP("a", 80, HOST("x.com")) ", " HTTP("b", 80, HOST("y.com"))), "Gateway/gw/b", "Conflicted", "False", "NoConflicts" },
        { GW(HTTP("a", 80, HOST("*.x.com")) ", " HTTP("b", 80, HOST("a.x.com"))), "Gateway/gw/a", "Conflicted", "False",
          "NoConflicts" },
        { GW(HTTP("a", 80, "") ", " HTTP("b", 80, HOST("a.x.com"))), "Gateway/gw/a", "Conflicted", "False", "NoConflicts" },
        /* no winner may be picked: both */
        { GW(HTTP("a", 80, HOST("x.com")) ", " HTTP("b", 80, HOST("x.com"))), "Gateway/gw/a", "Conflicted", "True", "HostnameConflict" },
        { GW(HTTP("a", 80, HOST("x.com")) ", " HTTP("b", 80, HOST("X.com"))), "Gateway/gw/b", "Conflicted", "True", "HostnameConflict" },
        { GW(HTTP("a", 80, "") ", " HTTP("b", 80, "")), "Gateway/gw/b", "Accepted", "False", "PortUnavailable" },
        { GW(HTTP("a", 80, "") ", " HTTP("b", 80, "")), "Gateway/gw/b", "Programmed", "False", "Invalid" },
        { GW(HTTP("a", 80, "") ", " HTTPS("b", 80, "")), "Gateway/gw/a", "Conflicted", "True", "ProtocolConflict" },
        { GW(HTTP("a", 80, "") ", " HTTPS("b", 80, "")), "Gateway/gw/b", "Conflicted", "True", "ProtocolConflict" },
        /* a TCP listener excludes all others of its port, whatever their hostnames */
        { GW(HTTP("a", 80, HOST("x.com")) ", {name: b, port: 80, protocol: TCP}"), "Gateway/gw/a", "Conflicted", "True",
          "ProtocolConflict" },
        { GW("{name: a, port: 90, protocol: TCP}, {name: b, port: 90, protocol: TCP}"), "Gateway/gw/a", "Conflicted", "True",
          "ProtocolConflict" },
        /* UDP is another transport */
        { GW("{name: a, port: 90, protocol: UDP}, {name: b, port: 90, protocol: TCP}"), "Gateway/gw/a", "Conflicted", "False",
          "NoConflicts" },
        /* HTTPS and TLS share a port by server name */
        { GW(HTTPS("a", 443, HOST("x.com")) ", {name: b, port: 443, protocol: TLS, hostname: y.com, tls: {mode: Passthrough}}"),
          "Gateway/gw/a", "Conflicted", "False", "NoConflicts" },
        { GW(HTTPS("a", 443, HOST("*.x.com")) ", " HTTPS("b", 443, HOST("a.x.com"))), "Gateway/gw/a", "OverlappingTLSConfig",
          "True", "OverlappingHostnames" },
        { GW(HTTPS("a", 443, HOST("x.com")) ", " HTTPS("b", 443, HOST("y.com"))), "Gateway/gw/a", "OverlappingTLSConfig", NULL, NULL },
    };
    (void)state;
    RUN(rows, false);
}

static void listeners_are_supported_and_resolve(void **state)
{
    static const struct row rows[] = {
        { GW(HTTP("a", 80, "")), "Gateway/gw/a", "Accepted", "True", "Accepted" },
        { GW(HTTP("a", 80, "")), "Gateway/gw/a", "ResolvedRefs", "True", "ResolvedRefs" },
        { GW(HTTP("a", 80, "")), "Gateway/gw/a", "Programmed", "Unknown", "Pending" },
        { GW("{name: a, port: 80, protocol: GOPHER}"), "Gateway/gw/a", "Accepted", "False", "UnsupportedProtocol" },
        { GW("{name: a, port: 80, protocol: example.com/own}"), "Gateway/gw/a", "Accepted", "Unknown", "Pending" },
        /* what the API server refuses */
        { GW("{name: a, port: 0, protocol: HTTP}"), "Gateway/gw/a", "Accepted", "False", "UnsupportedValue" },
        { GW("{name: a, port: 80, protocol: HTTP, tls: {mode: Terminate}}"), "Gateway/gw/a", "Accepted", "False", "UnsupportedValue" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {mode: Passthrough}}"), "Gateway/gw/a", "Accepted", "False",
          "UnsupportedValue" },
        { GW("{name: a, port: 443, protocol: TLS}"), "Gateway/gw/a", "Accepted", "False", "UnsupportedValue" },
        { GW("{name: a, port: 443, protocol: TCP, hostname: x.com}"), "Gateway/gw/a", "Accepted", "False", "UnsupportedValue" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {mode: Terminate}}"), "Gateway/gw/a", "Accepted", "False",
          "UnsupportedValue" },
        { GW("{name: a, port: 443, protocol: TLS, tls: {mode: Passthrough}}"), "Gateway/gw/a", "ResolvedRefs", "True", "ResolvedRefs" },
        /* certificates: kind, permission; the Secret itself is never read */
        { GW(HTTPS("a", 443, "")), "Gateway/gw/a", "ResolvedRefs", "Unknown", "Pending" },
        { GW(HTTPS("a", 443, "")), "Gateway/gw/a", "Programmed", "Unknown", "Pending" },
        { GW("{name: a, port: 443, protocol: HTTPS}"), "Gateway/gw/a", "ResolvedRefs", "False", "InvalidCertificateRef" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {options: {x.io/cert: y}}}"), "Gateway/gw/a", "ResolvedRefs", "Unknown",
          "Pending" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{kind: ConfigMap, name: x}]}}"), "Gateway/gw/a",
          "ResolvedRefs", "False", "InvalidCertificateRef" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{group: x.io, kind: Secret, name: x}]}}"),
          "Gateway/gw/a", "Programmed", "False", "Invalid" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: x, namespace: certs}]}}"), "Gateway/gw/a",
          "ResolvedRefs", "False", "RefNotPermitted" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: x, namespace: certs}]}}")
          GRANT("certs", "Gateway", "infra", "{group: '', kind: Secret}"), "Gateway/gw/a", "ResolvedRefs", "Unknown", "Pending" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: x, namespace: certs}]}}")
          GRANT("certs", "HTTPRoute", "infra", "{group: '', kind: Secret}"), "Gateway/gw/a", "ResolvedRefs", "False",
          "RefNotPermitted" },
        { GW("{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: x, namespace: certs}]}}")
          GRANT("certs", "Gateway", "infra", "{group: '', kind: Secret, name: y}"), "Gateway/gw/a", "ResolvedRefs", "False",
          "RefNotPermitted" },
        /* kinds that do not go with the protocol */
        { GW("{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: TLSRoute}]}}"), "Gateway/gw/a", "ResolvedRefs",
          "False", "InvalidRouteKinds" },
        { GW("{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: HTTPRoute}, {kind: Ingress}]}}"), "Gateway/gw/a",
          "ResolvedRefs", "False", "InvalidRouteKinds" },
        { GW("{name: a, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: HTTPRoute}, {kind: GRPCRoute}]}}"),
          "Gateway/gw/a", "ResolvedRefs", "True", "ResolvedRefs" },
    };
    (void)state;
    RUN(rows, false);
}

static void routes_attach_or_not(void **state)
{
    static const struct row rows[] = {
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "True", "Accepted" },
        { GW(HTTP("a", 80, "")) ROUTE("{name: gw}", UP), "HTTPRoute/r", "Accepted", "False", "NoMatchingParent" },
        { GW(HTTP("a", 80, "")) ROUTE("{name: gw, namespace: infra, sectionName: b}", UP), "HTTPRoute/r", "Accepted", "False",
          "NoMatchingParent" },
        { GW(HTTP("a", 80, "")) ROUTE("{name: gw, namespace: infra, port: 81}", UP), "HTTPRoute/r", "Accepted", "False",
          "NoMatchingParent" },
        { GW(HTTP("a", 80, "")) ROUTE("{name: gw, namespace: infra, sectionName: a, port: 80}", UP), "HTTPRoute/r", "Accepted",
          "True", "Accepted" },
        { GW("{name: a, port: 80, protocol: HTTP}") ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "False", "NotAllowedByListeners" },
        { GW("{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}}")
          ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "False", "NotAllowedByListeners" },
        { GW(HTTP("a", 80, ", hostname: '*.x.com'")) ROUTE(PARENT, "hostnames: [x.com], " UP), "HTTPRoute/r", "Accepted", "False",
          "NoMatchingListenerHostname" },
        { GW(HTTP("a", 80, ", hostname: '*.x.com'")) ROUTE(PARENT, "hostnames: [x.com, b.c.x.com], " UP), "HTTPRoute/r", "Accepted",
          "True", "Accepted" },
        /* over all listeners success comes first, then NotAllowedByListeners, then the hostname (5.1, step 5) */
        { GW("{name: a, port: 80, protocol: HTTP}, " HTTP("b", 81, "")) ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "True",
          "Accepted" },
        { GW("{name: a, port: 80, protocol: HTTP}, " HTTP("b", 81, ", hostname: x.com")) ROUTE(PARENT, "hostnames: [y.com], " UP),
          "HTTPRoute/r", "Accepted", "False", "NotAllowedByListeners" },
        /* each parent by itself */
        { GW(HTTP("a", 80, "")) ROUTE("{name: gw}, " PARENT, UP), "HTTPRoute/r/apps", "Accepted", "False", "NoMatchingParent" },
        { GW(HTTP("a", 80, "")) ROUTE("{name: gw}, " PARENT, UP), "HTTPRoute/r/infra", "Accepted", "True", "Accepted" },
        /* a Service as parent is the mesh's */
        { GW(HTTP("a", 80, "")) ROUTE("{group: '', kind: Service, name: s}", UP), "HTTPRoute/r", "Accepted", "Unknown", "Pending" },
        { GW(HTTP("a", 80, "")) ROUTE("{group: '', kind: Service, name: s}", UP), "HTTPRoute/r", "ResolvedRefs", NULL, NULL },
        /* what the definition of HTTPRoute excludes */
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, "rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}, "
                                              "{type: URLRewrite, urlRewrite: {hostname: a.b}}]}]"),
          "HTTPRoute/r", "Accepted", "False", "IncompatibleFilters" },
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, "rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}], "
                                              "backendRefs: [{name: up, port: 80}]}]"),
          "HTTPRoute/r", "Accepted", "False", "UnsupportedValue" },
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, "rules: [{filters: [{type: Teleport}]}]"), "HTTPRoute/r", "Accepted", "False",
          "UnsupportedValue" },
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, "rules: [{matches: [{path: {type: Exact, value: abc}}]}]"), "HTTPRoute/r", "Accepted",
          "False", "UnsupportedValue" },
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, BACKEND("{name: up}")), "HTTPRoute/r", "Accepted", "False", "UnsupportedValue" },
    };
    (void)state;
    RUN(rows, false);
}

static void routes_resolve_or_not(void **state)
{
#define WITH(ref, more) GW(HTTP("a", 80, "")) ROUTE(PARENT, BACKEND(ref)) SERVICE("apps", "up", 80) SERVICE("other", "up", 80) more
    static const struct row rows[] = {
        { WITH("{name: up, port: 80}", ""), "HTTPRoute/r", "ResolvedRefs", "True", "ResolvedRefs" },
        { WITH("{name: gone, port: 80}", ""), "HTTPRoute/r", "ResolvedRefs", "False", "BackendNotFound" },
        { WITH("{name: up, port: 8080}", ""), "HTTPRoute/r", "ResolvedRefs", "False", "BackendNotFound" },
        { WITH("{name: up, kind: Bucket, group: s3.io}", ""), "HTTPRoute/r", "ResolvedRefs", "False", "InvalidKind" },
        { WITH("{name: up, kind: ConfigMap}", ""), "HTTPRoute/r", "ResolvedRefs", "False", "InvalidKind" },
        { WITH("{name: up, namespace: other, port: 80}", ""), "HTTPRoute/r", "ResolvedRefs", "False", "RefNotPermitted" },
        { WITH("{name: up, namespace: other, port: 80}", GRANT("other", "HTTPRoute", "apps", "{group: '', kind: Service}")),
          "HTTPRoute/r", "ResolvedRefs", "True", "ResolvedRefs" },
        /* a grant for another kind, namespace or name permits nothing; one in the wrong namespace neither */
        { WITH("{name: up, namespace: other, port: 80}", GRANT("other", "GRPCRoute", "apps", "{group: '', kind: Service}")),
          "HTTPRoute/r", "ResolvedRefs", "False", "RefNotPermitted" },
        { WITH("{name: up, namespace: other, port: 80}", GRANT("other", "HTTPRoute", "apps", "{group: '', kind: Secret}")),
          "HTTPRoute/r", "ResolvedRefs", "False", "RefNotPermitted" },
        { WITH("{name: up, namespace: other, port: 80}", GRANT("other", "HTTPRoute", "apps", "{group: '', kind: Service, name: x}")),
          "HTTPRoute/r", "ResolvedRefs", "False", "RefNotPermitted" },
        { WITH("{name: up, namespace: other, port: 80}", GRANT("apps", "HTTPRoute", "apps", "{group: '', kind: Service}")),
          "HTTPRoute/r", "ResolvedRefs", "False", "RefNotPermitted" },
        /* permission is asked before existence: a stranger does not learn what is there */
        { WITH("{name: gone, namespace: other, port: 80}", ""), "HTTPRoute/r", "ResolvedRefs", "False", "RefNotPermitted" },
        /* one bad backend of two, and weight 0 excuses nothing */
        { WITH("{name: up, port: 80}, {name: gone, port: 80, weight: 0}", ""), "HTTPRoute/r", "ResolvedRefs", "False",
          "BackendNotFound" },
        /* a mirror is a backend too */
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, "rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: gone, "
                                              "port: 80}}}]}]") SERVICE("apps", "up", 80), "HTTPRoute/r", "ResolvedRefs", "False",
          "BackendNotFound" },
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, "rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: up, "
                                              "port: 80}}}]}]") SERVICE("apps", "up", 80), "HTTPRoute/r", "ResolvedRefs", "True",
          "ResolvedRefs" },
        { GW(HTTP("a", 80, "")) ROUTE("", UP), "HTTPRoute/r", "Accepted", "Unknown", "Pending" },
        /* Accepted does not depend on it */
        { WITH("{name: gone, port: 80}", ""), "HTTPRoute/r", "Accepted", "True", "Accepted" },
    };
    (void)state;
    RUN(rows, false);
}

/* Manifests without Namespaces and Services: what they would decide is Unknown, what the specification decides is not. */
static void what_files_cannot_tell_is_unknown(void **state)
{
#define SELECT(s) "{name: a, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: " s "}}}"
    static const struct row rows[] = {
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, UP), "HTTPRoute/r", "ResolvedRefs", "Unknown", "Pending" },
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, BACKEND("{name: up, port: 80, namespace: other}")), "HTTPRoute/r", "ResolvedRefs",
          "False", "RefNotPermitted" },
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, BACKEND("{name: up, port: 80}, {name: x, kind: Bucket, group: b.io}")), "HTTPRoute/r",
          "ResolvedRefs", "False", "InvalidKind" },
        { GW(SELECT("{matchLabels: {team: a}}")) ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "Unknown", "Pending" },
        { GW(SELECT("{matchLabels: {kubernetes.io/metadata.name: apps}}")) ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "True",
          "Accepted" },
        { GW(SELECT("{matchLabels: {kubernetes.io/metadata.name: other}}")) ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "False",
          "NotAllowedByListeners" },
        { GW(SELECT("{matchLabels: {team: a}}") ", " HTTP("b", 81, "")) ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "True",
          "Accepted" },
        /* a tenant's file with its routes alone */
        { ROUTE(PARENT, UP), "HTTPRoute/r", "Accepted", "Unknown", "Pending" },
    };
    (void)state;
    RUN(rows, true);
}

static void listener_sets(void **state)
{
#define GW_SETS(from) \
    CLASS "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n" \
          "spec: {gatewayClassName: c, allowedListeners: {namespaces: {from: " from "}}, listeners: [" HTTP("a", 80, "") "]}\n"
#define SET(name, day, listeners) \
    "---\napiVersion: gateway.networking.k8s.io/v1\nkind: ListenerSet\n" \
    "metadata: {name: " name ", namespace: apps, creationTimestamp: '2026-01-0" #day "T00:00:00Z'}\n" \
    "spec: {parentRef: {name: gw, namespace: infra}, listeners: [" listeners "]}\n"
    static const struct row rows[] = {
        { GW_SETS("All") SET("s", 1, HTTP("x", 90, "")), "ListenerSet/s", "Accepted", "True", "Accepted" },
        { GW_SETS("Same") SET("s", 1, HTTP("x", 90, "")), "ListenerSet/s", "Accepted", "False", "NotAllowed" },
        { GW_SETS("None") SET("s", 1, HTTP("x", 90, "")), "ListenerSet/s", "Accepted", "False", "NotAllowed" },
        { GW(HTTP("a", 80, "")) SET("s", 1, HTTP("x", 90, "")), "ListenerSet/s", "Accepted", "False", "NotAllowed" },
        { GW_SETS("All") SET("s", 1, HTTP("x", 90, "")), "ListenerSet/s/x", "Conflicted", "False", "NoConflicts" },
        /* the Gateway's own come first, then the older set */
        { GW_SETS("All") SET("s", 1, HTTP("x", 80, "")), "ListenerSet/s/x", "Conflicted", "True", "HostnameConflict" },
        { GW_SETS("All") SET("s", 1, HTTP("x", 80, "")), "Gateway/gw/a", "Conflicted", "False", "NoConflicts" },
        { GW_SETS("All") SET("old", 1, HTTP("x", 90, "")) SET("new", 2, HTTP("y", 90, "")), "ListenerSet/new/y", "Conflicted",
          "True", "HostnameConflict" },
        { GW_SETS("All") SET("old", 1, HTTP("x", 90, "")) SET("new", 2, HTTP("y", 90, "")), "ListenerSet/old/x", "Conflicted",
          "False", "NoConflicts" },
        { GW_SETS("All") SET("s", 1, HTTP("x", 90, "")) ROUTE("{kind: ListenerSet, name: s}", UP), "HTTPRoute/r", "Accepted", "True",
          "Accepted" },
        { GW_SETS("None") SET("s", 1, HTTP("x", 90, "")) ROUTE("{kind: ListenerSet, name: s}", UP), "HTTPRoute/r", "Accepted",
          "False", "NoMatchingParent" },
        { GW_SETS("All") SET("s", 1, HTTP("x", 90, "")) ROUTE("{kind: ListenerSet, name: t}", UP), "HTTPRoute/r", "Accepted",
          "False", "NoMatchingParent" },
    };
    (void)state;
    RUN(rows, false);
}

static void refused(void **state)
{
    (void)state;
    static const struct { const char *yaml; size_t expected; } rows[] = {
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, UP) SERVICE("apps", "up", 80), 0 },
        { GW(HTTPS("a", 443, "")) ROUTE(PARENT, UP) SERVICE("apps", "up", 80), 0 },      /* Unknown refuses nothing */
        { GW(HTTPS("a", 443, ", hostname: '*.x.com'") ", " HTTPS("b", 443, ", hostname: a.x.com")), 0 },   /* a warning */
        { GW(HTTP("a", 80, "")) ROUTE("{name: gw}", UP) SERVICE("apps", "up", 80), 1 },
        { GW(HTTP("a", 80, "")) ROUTE(PARENT, UP) SERVICE("apps", "up", 81), 1 },
        { GW(HTTP("a", 80, "") ", " HTTP("b", 81, "") ", " HTTP("c", 81, "")), 2 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new();
        world_add(w, rows[i].yaml);
        struct predicted_conditions *p = conditions_predict(world_snapshot(w));
        size_t n = 0;
        for (size_t k = 0; k < p->n; k++)
            n += condition_set_refused(&p->items[k]);
        if (n != rows[i].expected)
            fail_msg("row %zu: %zu refused, not %zu", i, n, rows[i].expected);
        predicted_conditions_free(p);
        world_free(w);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_and_gateways),
        cmocka_unit_test(listeners_are_distinct_or_conflicted),
        cmocka_unit_test(listeners_are_supported_and_resolve),
        cmocka_unit_test(routes_attach_or_not),
        cmocka_unit_test(routes_resolve_or_not),
        cmocka_unit_test(what_files_cannot_tell_is_unknown),
        cmocka_unit_test(listener_sets),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
