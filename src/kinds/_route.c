/* HTTPRoute, GRPCRoute and TLSRoute: one struct, one table; what the API leaves out by default is put in. */
#include "shape.h"

#include <string.h>

static const char *const gateway_api = "gateway.networking.k8s.io";

static const struct field parent_fields[] = {
    STRING(struct parent_ref, group, "group"),
    STRING(struct parent_ref, kind, "kind"),
    STRING(struct parent_ref, namespace, "namespace"),
    STRING(struct parent_ref, name, "name"),
    STRING(struct parent_ref, section, "sectionName"),
    INT(struct parent_ref, port, "port"),
};
const struct shape shape_parent_ref = SHAPE(struct parent_ref, parent_fields);

static const struct field parent_status_fields[] = {
    STRUCT(struct route_parent_status, ref, "parentRef", shape_parent_ref),
    STRING(struct route_parent_status, controller, "controllerName"),
    ARRAY(struct route_parent_status, conditions, "conditions", shape_condition),
};
const struct shape shape_route_parent_status = SHAPE(struct route_parent_status, parent_status_fields);

static const struct field string_match_fields[] = {
    STRING(struct string_match, type, "type"),
    STRING(struct string_match, name, "name"),
    STRING(struct string_match, value, "value"),
};
static const struct shape shape_string_match = SHAPE(struct string_match, string_match_fields);
static const struct field match_fields[] = {
    STRING(struct http_match, path_type, "path.type"),
    STRING(struct http_match, path, "path.value"),
    STRING(struct http_match, method, "method"),
    ARRAY(struct http_match, headers, "headers", shape_string_match),
    ARRAY(struct http_match, query, "queryParams", shape_string_match),
};
static const struct shape shape_match = SHAPE(struct http_match, match_fields);

static const struct field backend_fields[] = {
    STRUCT(struct backend_ref, ref, "", shape_object_ref),
    INT(struct backend_ref, port, "port"),
    INT(struct backend_ref, weight, "weight"),
};
static const struct shape shape_backend = SHAPE(struct backend_ref, backend_fields);

static const struct field filter_fields[] = {STRING(struct route_filter, type, "type")};
static const struct shape shape_filter = SHAPE(struct route_filter, filter_fields);
static const struct field redirect_fields[] = {
    STRING(struct route_filter, scheme, "scheme"),
    STRING(struct route_filter, hostname, "hostname"),
    STRING(struct route_filter, path_type, "path.type"),
    STRING(struct route_filter, path, "path.replaceFullPath"),
    INT(struct route_filter, port, "port"),
    INT(struct route_filter, status, "statusCode"),
};
static const struct shape shape_redirect = SHAPE(struct route_filter, redirect_fields);

static const struct field rule_fields[] = {
    STRING(struct route_rule, name, "name"),
    ARRAY(struct route_rule, matches, "matches", shape_match),
    ARRAY(struct route_rule, filters, "filters", shape_filter),
    ARRAY(struct route_rule, backends, "backendRefs", shape_backend),
    STRING(struct route_rule, request_timeout, "timeouts.request"),
};
static const struct shape shape_rule = SHAPE(struct route_rule, rule_fields);
static const struct field fields[] = {
    ARRAY(struct route, parents, "spec.parentRefs", shape_parent_ref),
    STRINGS(struct route, hostnames, "spec.hostnames"),
    ARRAY(struct route, rules, "spec.rules", shape_rule),
    ARRAY(struct route, status, "status.parents", shape_route_parent_status),
};
static const struct shape shape = SHAPE(struct route, fields);

/* An absent group means the Gateway API's, while "" means core: the JSON must be asked. */
static void default_parent(struct parent_ref *ref, const json_t *json)
{
    if (!json_object_get(json, "group"))
        ref->group = gateway_api;
    if (!*ref->kind)
        ref->kind = "Gateway";
}

static void decode_filter(struct route_filter *filter, const json_t *json, struct arena *arena)
{
    const json_t *inner = NULL;
    const char *type = filter->type;
    if (str_eq(type, "RequestRedirect"))
        inner = json_object_get(json, "requestRedirect");
    else if (str_eq(type, "URLRewrite"))
        inner = json_object_get(json, "urlRewrite");
    shape_decode(&shape_redirect, inner, filter, arena);
    if (!*filter->path)
        filter->path = json_word(arena, json_at(inner, "path.replacePrefixMatch"));
    const json_t *ref = str_eq(type, "RequestMirror") ? json_at(json, "requestMirror.backendRef")
                                                      : json_object_get(json, "extensionRef");
    shape_decode(&shape_object_ref, ref, &filter->ref, arena);
}

/* A gRPC method as the path that its request has (kubernetes.md 4.1: POST /SERVICE/METHOD). */
static void decode_grpc_match(struct http_match *match, const json_t *method, struct arena *arena)
{
    match->method = match->path = match->path_type = "";
    if (!json_is_object(method))
        return;
    const char *service = json_word(arena, json_object_get(method, "service"));
    const char *name = json_word(arena, json_object_get(method, "method"));
    bool regex = str_eq(json_string_value(json_object_get(method, "type")), "RegularExpression");
    if (!*service && !*name)
        return;
    if (regex || !*service) {
        match->path_type = "RegularExpression";
        match->path = arena_printf(arena, "/%s/%s", str_or(service, "[^/]+"), str_or(name, "[^/]+"));
    } else if (*name) {
        match->path_type = "Exact";
        match->path = arena_printf(arena, "/%s/%s", service, name);
    } else {
        match->path_type = "PathPrefix";
        match->path = arena_printf(arena, "/%s", service);
    }
}

static void finish_rule(struct route_rule *rule, const json_t *json, bool grpc, struct arena *arena)
{
    const json_t *matches = json_object_get(json, "matches"), *filters = json_object_get(json, "filters");
    for (size_t i = 0; i < rule->matches.n; i++) {
        struct http_match *match = &rule->matches.items[i];
        if (grpc)
            decode_grpc_match(match, json_object_get(json_array_get(matches, i), "method"), arena);
        else if (*match->path && !*match->path_type)
            match->path_type = "PathPrefix";
    }
    for (size_t i = 0; i < rule->filters.n; i++)
        decode_filter(&rule->filters.items[i], json_array_get(filters, i), arena);
    for (size_t i = 0; i < rule->backends.n; i++) {
        struct backend_ref *backend = &rule->backends.items[i];
        if (!*backend->ref.kind)
            backend->ref.kind = "Service";
        if (backend->weight < 0)
            backend->weight = 1;
    }
}

bool decode_route(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct route *route = (struct route *)o;
    shape_decode(&shape, json, route, &o->arena);
    bool grpc = str_eq(o->kind->name, "GRPCRoute");
    const json_t *parents = json_at(json, "spec.parentRefs"), *status = json_at(json, "status.parents"),
                 *rules = json_at(json, "spec.rules");
    if (!rules && str_eq(o->kind->name, "HTTPRoute")) {     /* the definition's default: one rule, PathPrefix "/" */
        route->rules.items = arena_alloc(&o->arena, sizeof *route->rules.items);
        route->rules.n = 1;
        shape_decode(&shape_rule, NULL, route->rules.items, &o->arena);
    }
    for (size_t i = 0; i < route->parents.n; i++)
        default_parent(&route->parents.items[i], json_array_get(parents, i));
    for (size_t i = 0; i < route->status.n; i++)
        default_parent(&route->status.items[i].ref, json_object_get(json_array_get(status, i), "parentRef"));
    for (size_t i = 0; i < route->rules.n; i++)
        finish_rule(&route->rules.items[i], json_array_get(rules, i), grpc, &o->arena);
    return true;
}

/* ---- d --------------------------------------------------------------------------------------------------------------- */

static void describe_match(struct describe *d, const struct http_match *match)
{
    describe_line(d, "Match", "%s %s%s%s", str_or(match->path_type, "PathPrefix"), str_or(match->path, "/"),
                  *match->method ? ", method " : "", match->method);
    d->indent++;
    for (size_t i = 0; i < match->headers.n; i++)
        describe_line(d, "Header", "%s: %s", match->headers.items[i].name, match->headers.items[i].value);
    for (size_t i = 0; i < match->query.n; i++)
        describe_line(d, "Query", "%s=%s", match->query.items[i].name, match->query.items[i].value);
    d->indent--;
}

static void describe_rule(struct describe *d, const struct route_rule *rule, size_t i)
{
    describe_line(d, "Rule", "%zu %s", i, rule->name);
    d->indent++;
    for (size_t k = 0; k < rule->matches.n; k++)
        describe_match(d, &rule->matches.items[k]);
    for (size_t k = 0; k < rule->filters.n; k++)
        describe_line(d, "Filter", "%s", rule->filters.items[k].type);
    for (size_t k = 0; k < rule->backends.n; k++) {
        const struct backend_ref *b = &rule->backends.items[k];
        describe_line(d, "Backend", "%s %s%s%s:%d, weight %d", b->ref.kind, b->ref.namespace, *b->ref.namespace ? "/" : "",
                      b->ref.name, b->port, b->weight);
    }
    d->indent--;
}

void describe_route(const struct object *o, struct describe *d)
{
    const struct route *route = (const struct route *)o;
    for (size_t i = 0; i < route->hostnames.n; i++)
        describe_line(d, "Hostname", "%s", route->hostnames.items[i]);
    for (size_t i = 0; i < route->parents.n; i++) {
        const struct parent_ref *p = &route->parents.items[i];
        describe_line(d, "Parent", "%s %s%s%s %s", p->kind, p->namespace, *p->namespace ? "/" : "", p->name, p->section);
    }
    for (size_t i = 0; i < route->rules.n; i++)
        describe_rule(d, &route->rules.items[i], i);
    for (size_t i = 0; i < route->status.n; i++) {
        const struct route_parent_status *s = &route->status.items[i];
        describe_line(d, "Status", "%s %s by %s", s->ref.name, s->ref.section, s->controller);
        d->indent++;
        describe_conditions(d, &s->conditions);
        d->indent--;
    }
}
