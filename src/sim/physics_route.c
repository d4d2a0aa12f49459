/* Which route answers a request at a gateway, in Envoy's terms: kubernetes.md 5, written from that
 * text alone. */
#include "azure.h"
#include "text.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GATEWAY_GROUP "gateway.networking.k8s.io"

/* ---- hostnames (5.2) ---------------------------------------------------------------------- */

bool hostname_covers(const char *pattern, const char *host)
{
    size_t p, h = strlen(host);

    if (!*pattern)
        return true;
    if (strncmp(pattern, "*.", 2) != 0)
        return strcasecmp(pattern, host) == 0;
    pattern++; /* the dot stays: x.y itself is not covered by *.x.y */
    p = strlen(pattern);
    return h > p && strcasecmp(host + h - p, pattern) == 0;
}

const char *hostname_join(const char *listener, const char *route)
{
    if (!*listener || strcasecmp(listener, route) == 0)
        return route;
    if (!*route)
        return listener;
    if (hostname_covers(listener, route))
        return route;
    return hostname_covers(route, listener) ? listener : NULL;
}

static int rank(const char *pattern)
{
    if (!*pattern)
        return 0;
    return (int)strlen(pattern) + (strncmp(pattern, "*.", 2) == 0 ? 0 : 10000);
}

/* ---- attachment (5.1) --------------------------------------------------------------------- */

static bool kind_allowed(const json_t *listener, const char *route_kind)
{
    const json_t *kinds = jx_get(listener, "allowedRoutes.kinds");
    const char *protocol = jx_text(listener, "protocol", "");

    if (json_array_size(kinds) > 0)
        return jx_find(kinds, "kind", route_kind) != NULL;
    if (strcmp(protocol, "HTTP") == 0 || strcmp(protocol, "HTTPS") == 0)
        return strcmp(route_kind, "HTTPRoute") == 0 || strcmp(route_kind, "GRPCRoute") == 0;
    if (strcmp(protocol, "TLS") == 0)
        return strcmp(route_kind, "TLSRoute") == 0;
    return strcmp(protocol, "TCP") == 0 && strcmp(route_kind, "TCPRoute") == 0;
}

bool listener_allows(struct world *world, const json_t *gateway, const json_t *listener,
                     const char *route_kind, const char *route_namespace)
{
    const char *from = jx_text(listener, "allowedRoutes.namespaces.from", "Same");

    if (!kind_allowed(listener, route_kind))
        return false;
    if (strcmp(from, "All") == 0)
        return true;
    if (strcmp(from, "Same") == 0)
        return strcmp(jx_namespace(gateway), route_namespace) == 0;
    if (strcmp(from, "Selector") != 0)
        return false;
    const json_t *namespace = store_get(world, "", "namespaces", NULL, route_namespace);
    json_t *labels = json_copy(jx_get(namespace, "metadata.labels"));
    if (!labels)
        labels = json_object();
    json_object_set_new(labels, "kubernetes.io/metadata.name", json_string(route_namespace));
    bool allowed = namespace &&
                   jx_label_selector(jx_get(listener, "allowedRoutes.namespaces.selector"), labels);
    json_decref(labels);
    return allowed;
}

static bool names_listener(const json_t *route, const json_t *parent, const json_t *gateway,
                           const json_t *listener)
{
    const char *section = jx_str(parent, "sectionName");
    long long port = jx_int(parent, "port", 0);

    return strcmp(jx_text(parent, "group", GATEWAY_GROUP), GATEWAY_GROUP) == 0 &&
           strcmp(jx_text(parent, "kind", "Gateway"), "Gateway") == 0 &&
           strcmp(jx_text(parent, "name", ""), jx_name(gateway)) == 0 &&
           strcmp(jx_text(parent, "namespace", jx_namespace(route)), jx_namespace(gateway)) == 0 &&
           (!section || jx_is(listener, "name", section)) &&
           (!port || port == jx_int(listener, "port", 0));
}

static bool attached(struct world *world, const json_t *route, const json_t *gateway,
                     const json_t *listener)
{
    size_t i;
    json_t *parent;
    json_array_foreach(jx_get(route, "spec.parentRefs"), i, parent)
        if (names_listener(route, parent, gateway, listener))
            return listener_allows(world, gateway, listener, "HTTPRoute", jx_namespace(route));
    return false;
}

/* Rank of the most specific effective hostname of the route here that covers the host; -1 when none
 * does. */
static int effective_rank(const json_t *route, const json_t *listener, const char *host)
{
    const char *mine = jx_text(listener, "hostname", "");
    const json_t *names = jx_get(route, "spec.hostnames");
    int best = -1;
    size_t i;
    json_t *name;

    if (json_array_size(names) == 0)
        return hostname_covers(mine, host) ? rank(mine) : -1;
    json_array_foreach(names, i, name) {
        const char *joined = hostname_join(mine,
                                           json_string_value(name) ? json_string_value(name) : "");
        if (joined && hostname_covers(joined, host) && rank(joined) > best)
            best = rank(joined);
    }
    return best;
}

/* ---- rules (5.3, 5.4) --------------------------------------------------------------------- */

struct score {
    int type; /* Exact 3 > PathPrefix 2 > RegularExpression 1 */
    size_t length, method, headers, queries;
};

static bool path_matches(const json_t *match, const char *path, struct score *score)
{
    const char *type = jx_text(match, "path.type", "PathPrefix"),
               *value = jx_text(match, "path.value", "/");
    size_t len = strlen(value);

    score->length = len;
    if (strcmp(type, "Exact") == 0) {
        score->type = 3;
        return strcmp(path, value) == 0;
    }
    if (strcmp(type, "RegularExpression") == 0) {
        regex_t compiled;
        char *whole = format_text("^(%s)$", value);
        bool good = regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB) == 0;
        score->type = 1;
        if (good) {
            good = regexec(&compiled, path, 0, NULL, 0) == 0;
            regfree(&compiled);
        }
        free(whole);
        return good;
    }
    score->type = 2;
    if (len > 0 && value[len - 1] == '/')
        len--;
    return strncmp(path, value, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool match_holds(const json_t *match, const char *path, struct score *score)
{
    const char *method = jx_str(match, "method");

    *score = (struct score){ .method = method != NULL,
                             .headers = json_array_size(json_object_get(match, "headers")),
                             .queries = json_array_size(json_object_get(match, "queryParams")) };
    /* A probe is a bare GET: it brings no header and no query that a rule could ask for. */
    return path_matches(match, path, score) && (!method || strcmp(method, "GET") == 0) &&
           score->headers == 0 && score->queries == 0;
}

struct search {
    const json_t *gateway, *listener;
    const struct probe_request *request;
    char path[512];
    int host_rank;
    const json_t *route, *rule; /* the best so far */
    size_t rule_index;
    struct score score;
};

static int compare(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

/* Above 0 when a is preferred over the best so far. */
static int better(const struct search *search, const struct score *a, const json_t *route)
{
    const struct score *b = &search->score;
    int order = a->type - b->type;

    if (!order)
        order = compare(a->length, b->length);
    if (!order)
        order = compare(a->method, b->method);
    if (!order && route != search->route)
        order = strcmp(jx_text(search->route, "metadata.creationTimestamp", ""),
                       jx_text(route, "metadata.creationTimestamp", ""));
    if (!order && route != search->route)
        order = strcmp(jx_namespace(search->route), jx_namespace(route));
    if (!order && route != search->route)
        order = strcmp(jx_name(search->route), jx_name(route));
    return order;
}

/* Istio drops a whole route when one rule's destination is not valid: its paths answer 404. */
static bool dropped(const json_t *route)
{
    size_t i, k;
    json_t *rule, *backend;
    json_array_foreach(jx_get(route, "spec.rules"), i, rule)
        json_array_foreach(json_object_get(rule, "backendRefs"), k, backend) {
            bool service = strcmp(jx_text(backend, "kind", "Service"), "Service") == 0 &&
                           strcmp(jx_text(backend, "group", ""), "") == 0;
            if (service &&
                (!json_object_get(backend, "port") || strchr(jx_text(backend, "name", ""), '.')))
                return true;
        }
    return false;
}

static bool rank_hosts(struct world *world, const json_t *route, void *ctx)
{
    struct search *search = ctx;
    int found;

    if (attached(world, route, search->gateway, search->listener) && !dropped(route)) {
        found = effective_rank(route, search->listener, search->request->host);
        if (found > search->host_rank)
            search->host_rank = found;
    }
    return true;
}

static void consider(struct search *search, const json_t *route, const json_t *rule, size_t index,
                     const json_t *match)
{
    struct score score;
    if (match_holds(match, search->path, &score) &&
        (!search->route || better(search, &score, route) > 0)) {
        search->route = route;
        search->rule = rule;
        search->rule_index = index;
        search->score = score;
    }
}

static bool rank_rules(struct world *world, const json_t *route, void *ctx)
{
    struct search *search = ctx;
    size_t i, k;
    json_t *rule, *match;

    if (!attached(world, route, search->gateway, search->listener) || dropped(route) ||
        effective_rank(route, search->listener, search->request->host) != search->host_rank)
        return true;
    json_array_foreach(jx_get(route, "spec.rules"), i, rule) {
        const json_t *matches = json_object_get(rule, "matches");
        if (json_array_size(matches) == 0)
            consider(search, route, rule, i, NULL);
        json_array_foreach(matches, k, match)
            consider(search, route, rule, i, match);
    }
    return true;
}

/* ---- backends (5.5) ----------------------------------------------------------------------- */

struct grant_query {
    const char *kind, *from, *to_name;
    bool granted;
};

static bool grant_allows(struct world *world, const json_t *grant, void *ctx)
{
    struct grant_query *query = ctx;
    bool from_holds = false, to_holds = false;
    size_t i;
    json_t *one;

    (void)world;
    json_array_foreach(jx_get(grant, "spec.from"), i, one)
        if (jx_is(one, "group", GATEWAY_GROUP) && jx_is(one, "kind", query->kind) &&
            jx_is(one, "namespace", query->from))
            from_holds = true;
    json_array_foreach(jx_get(grant, "spec.to"), i, one)
        if (jx_is(one, "kind", "Service") && strcmp(jx_text(one, "group", ""), "") == 0 &&
            (!jx_str(one, "name") || jx_is(one, "name", query->to_name)))
            to_holds = true;
    query->granted = query->granted || (from_holds && to_holds);
    return !query->granted;
}

bool route_may_refer(struct world *world, const json_t *route, const char *kind, const char *ns,
                     const char *name)
{
    struct grant_query query = { .kind = kind, .from = jx_namespace(route), .to_name = name };
    if (strcmp(ns, query.from) == 0)
        return true;
    store_each_in(world, GATEWAY_GROUP, "referencegrants", ns, grant_allows, &query);
    return query.granted;
}

/* The backend with the most weight stands for all; the first of equals. */
static const json_t *heaviest(const json_t *backends)
{
    const json_t *best = NULL;
    long long most = 0;
    size_t i;
    json_t *backend;
    json_array_foreach(backends, i, backend)
        if (jx_int(backend, "weight", 1) > most) {
            most = jx_int(backend, "weight", 1);
            best = backend;
        }
    return best;
}

/* A redirect answers itself; a rewrite changes the path that the backend sees. */
static int apply_filters(const json_t *rule, char *path, size_t room)
{
    size_t i;
    json_t *filter;
    json_array_foreach(json_object_get(rule, "filters"), i, filter) {
        if (jx_is(filter, "type", "RequestRedirect"))
            return (int)jx_int(filter, "requestRedirect.statusCode", 302);
        if (jx_is(filter, "type", "URLRewrite") &&
            jx_is(filter, "urlRewrite.path.type", "ReplaceFullPath"))
            snprintf(path, room, "%s", jx_text(filter, "urlRewrite.path.replaceFullPath", "/"));
    }
    return 0;
}

static void forward(struct world *world, const struct search *search, struct answer *answer)
{
    const json_t *rule = search->rule, *backends = json_object_get(rule, "backendRefs");
    char path[512];
    snprintf(path, sizeof path, "%s", search->path);
    int redirect = apply_filters(rule, path, sizeof path);

    if (redirect) {
        answer->status = redirect;
        return;
    }
    if (json_array_size(backends) == 0) {
        answer->status = 404; /* Istio 1.30 (kubernetes.md 0.4) */
        return;
    }
    const json_t *backend = heaviest(backends);
    const char *name = jx_text(backend, "name", "");
    const char *ns = jx_text(backend, "namespace", jx_namespace(search->route));
    bool service = backend && strcmp(jx_text(backend, "kind", "Service"), "Service") == 0 &&
                   strcmp(jx_text(backend, "group", ""), "") == 0;
    if (!service || !store_get(world, "", "services", ns, name) ||
        !route_may_refer(world, search->route, "HTTPRoute", ns, name)) {
        answer->status = 500;
        return;
    }
    service_answer(world, ns, name, (int)jx_int(backend, "port", 0), path, answer);
    if (answer->verdict != VERDICT_ANSWER) {
        answer->verdict = VERDICT_ANSWER;
        answer->status = 503;
    }
}

/* ---- listeners ---------------------------------------------------------------------------- */

static const json_t *pick_listener(struct world *world, const json_t *gateway,
                                   const struct probe_request *request, const char *name, bool *any)
{
    const char *protocol = strcmp(request->scheme, "https") == 0 ? "HTTPS" : "HTTP";
    const json_t *best = NULL;
    size_t i;
    json_t *listener;

    *any = false;
    json_array_foreach(jx_get(gateway, "spec.listeners"), i, listener) {
        const char *reason;
        char message[256];
        const char *hostname = jx_text(listener, "hostname", "");
        if (jx_int(listener, "port", 0) != request->port ||
            !jx_is(listener, "protocol", protocol) ||
            !listener_ready(world, gateway, listener, &reason, message, sizeof message))
            continue;
        *any = true;
        if (hostname_covers(hostname, name) &&
            (!best || rank(hostname) > rank(jx_text(best, "hostname", ""))))
            best = listener;
    }
    return best;
}

const json_t *gateway_certificate(struct world *world, const json_t *gateway, int port,
                                  const char *sni)
{
    struct probe_request request = { .scheme = "https", .port = port };
    bool any;
    const json_t *listener = pick_listener(world, gateway, &request, sni, &any);
    const json_t *ref = json_array_get(jx_get(listener, "tls.certificateRefs"), 0);

    if (!ref)
        return NULL;
    return store_get(world, "", "secrets", jx_text(ref, "namespace", jx_namespace(gateway)),
                     jx_text(ref, "name", ""));
}

void gateway_answer(struct world *world, const json_t *gateway, const struct probe_request *request,
                    struct answer *answer)
{
    struct search search = { .gateway = gateway, .request = request, .host_rank = -1 };
    bool tls = strcmp(request->scheme, "https") == 0, any;

    *answer = (struct answer){ .verdict = VERDICT_ANSWER, .status = 404 };
    search.listener = pick_listener(world, gateway, request, tls ? request->sni : request->host,
                                    &any);
    if (!any || (tls && !search.listener)) {
        answer->verdict = VERDICT_REFUSED;
        return;
    }
    if (!search.listener)
        return;
    if (tls && !hostname_covers(jx_text(search.listener, "hostname", ""), request->host)) {
        answer->status = 421;
        return;
    }
    snprintf(search.path, sizeof search.path, "%.*s", (int)strcspn(request->path, "?"),
             request->path);
    store_each(world, GATEWAY_GROUP, "httproutes", rank_hosts, &search);
    if (search.host_rank < 0)
        return;
    store_each(world, GATEWAY_GROUP, "httproutes", rank_rules, &search);
    if (!search.rule)
        return;
    forward(world, &search, answer);
    snprintf(answer->served_by, sizeof answer->served_by, "%s/%s rule %zu",
             jx_namespace(search.route), jx_name(search.route), search.rule_index);
}
