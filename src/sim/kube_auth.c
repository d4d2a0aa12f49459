/* Who may do what: the cluster's own credentials, RBAC from the objects in the store, and the self
 * reviews. */
#include "kube_auth.h"
#include "kube.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char *const principals[] = {"platform-engineer", "reader", "nobody"};
#define N_PRINCIPALS (sizeof principals / sizeof principals[0])

struct credentials {
    char *tokens[N_PRINCIPALS];
    bool revoked;
    json_t *others; /* names that somebody was impersonated as; they live as long as the world */
};

/* Bound at the start as a cluster's administrator would have done it; data like any other from then
 * on. */
static const char *const first_objects =
    "{\"kind\":\"List\",\"items\":["
    "{\"kind\":\"ClusterRole\",\"metadata\":{\"name\":\"cluster-admin\"},\"rules\":["
    "{\"apiGroups\":[\"*\"],\"resources\":[\"*\"],\"verbs\":[\"*\"]},{\"nonResourceURLs\":[\"*\"],"
    "\"verbs\":[\"*\"]}]},"
    "{\"kind\":\"ClusterRoleBinding\",\"metadata\":{\"name\":\"platform-engineers\"},\"roleRef\":{"
    "\"apiGroup\":"
    "\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"cluster-admin\"},"
    "\"subjects\":[{\"apiGroup\":"
    "\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"platform-engineer\"}]},"
    "{\"kind\":\"ClusterRole\",\"metadata\":{\"name\":\"gatewatch-reader\"},\"rules\":["
    "{\"apiGroups\":[\"gateway.networking.k8s.io\"],\"resources\":[\"gatewayclasses\",\"gateways\","
    "\"httproutes\","
    "\"grpcroutes\",\"tlsroutes\",\"tcproutes\",\"udproutes\",\"referencegrants\","
    "\"backendtlspolicies\","
    "\"listenersets\"],\"verbs\":[\"get\",\"list\",\"watch\"]},"
    "{\"apiGroups\":[\"\"],\"resources\":[\"namespaces\",\"services\",\"pods\",\"nodes\"],"
    "\"verbs\":[\"get\",\"list\","
    "\"watch\"]},"
    "{\"apiGroups\":[\"discovery.k8s.io\"],\"resources\":[\"endpointslices\"],\"verbs\":[\"get\","
    "\"list\",\"watch\"]},"
    "{\"apiGroups\":[\"apps\"],\"resources\":[\"deployments\",\"daemonsets\",\"replicasets\"],"
    "\"verbs\":[\"get\","
    "\"list\",\"watch\"]},"
    "{\"apiGroups\":[\"autoscaling\"],\"resources\":[\"horizontalpodautoscalers\"],\"verbs\":["
    "\"get\",\"list\","
    "\"watch\"]},"
    "{\"apiGroups\":[\"policy\"],\"resources\":[\"poddisruptionbudgets\"],\"verbs\":[\"get\","
    "\"list\",\"watch\"]},"
    "{\"apiGroups\":[\"events.k8s.io\"],\"resources\":[\"events\"],\"verbs\":[\"get\",\"list\","
    "\"watch\"]},"
    "{\"apiGroups\":[\"networking.k8s.io\"],\"resources\":[\"ingresses\"],\"verbs\":[\"get\","
    "\"list\",\"watch\"]},"
    "{\"apiGroups\":[\"apiextensions.k8s.io\"],\"resources\":[\"customresourcedefinitions\"],"
    "\"resourceNames\":["
    "\"gateways.gateway.networking.k8s.io\",\"httproutes.gateway.networking.k8s.io\"],\"verbs\":["
    "\"get\"]},"
    "{\"apiGroups\":[\"capsule.clastix.io\"],\"resources\":[\"tenants\"],\"verbs\":[\"get\","
    "\"list\",\"watch\"]}]},"
    "{\"kind\":\"ClusterRoleBinding\",\"metadata\":{\"name\":\"gatewatch-reader\"},\"roleRef\":{"
    "\"apiGroup\":"
    "\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"gatewatch-reader\"},"
    "\"subjects\":[{\"apiGroup\":"
    "\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"reader\"}]}]}";

void credentials_rotate(struct world *world)
{
    for (size_t i = 0; i < N_PRINCIPALS; i++) {
        unsigned long long random[2];

        if (getrandom(random, sizeof random, 0) != sizeof random)
            abort();
        free(world->credentials->tokens[i]);
        world->credentials->tokens[i] =
            format_text("sim.%s.%016llx%016llx", principals[i], random[0], random[1]);
    }
}

void credentials_init(struct world *world)
{
    json_t *list = json_loads(first_objects, 0, NULL), *item;
    size_t i;

    world->credentials = xcalloc(1, sizeof *world->credentials);
    world->credentials->others = json_object();
    credentials_rotate(world);
    json_array_foreach(json_object_get(list, "items"), i, item) {
        bool role = !strcmp(json_string_value(json_object_get(item, "kind")), "ClusterRole");

        json_object_set_new(item, "apiVersion", json_string("rbac.authorization.k8s.io/v1"));
        store_put(world, "rbac.authorization.k8s.io", role ? "clusterroles" : "clusterrolebindings",
                  json_incref(item), "kubectl-create", "Update", NULL);
    }
    json_decref(list);
}

const char *credentials_token(const struct world *world, const char *principal)
{
    for (size_t i = 0; i < N_PRINCIPALS; i++)
        if (!strcmp(principals[i], principal))
            return world->credentials->tokens[i];
    return NULL;
}

void credentials_revoke(struct world *world, bool revoked)
{
    world->credentials->revoked = revoked;
}

const char *kube_principal(struct world *world, const char *bearer)
{
    for (size_t i = 0; i < N_PRINCIPALS && !world->credentials->revoked; i++)
        if (!strcmp(bearer, world->credentials->tokens[i]))
            return principals[i];
    return NULL;
}

const char *kube_principal_named(struct world *world, const char *name)
{
    (void)world;
    for (size_t i = 0; i < N_PRINCIPALS; i++)
        if (!strcmp(principals[i], name))
            return principals[i];
    return NULL;
}

/* ---- RBAC ------------------------------------------------------------------------------------ */

struct access {
    const char *principal, *verb, *group, *resource, *subresource, *ns, *name;
    const char *path; /* non-resource request when set */
    char *reason;     /* why allowed; owned by the caller */
    json_t *rules;    /* when set, every rule of the principal is collected here instead of asked */
};

static bool list_has(const json_t *list, const char *word, bool star)
{
    json_t *item;
    size_t i;

    json_array_foreach((json_t *)list, i, item) {
        const char *text = json_string_value(item);

        if (text && (!strcmp(text, word) || (star && !strcmp(text, "*"))))
            return true;
    }
    return false;
}

static bool path_listed(const json_t *list, const char *path)
{
    json_t *item;
    size_t i;

    json_array_foreach((json_t *)list, i, item) {
        const char *text = json_string_value(item);
        size_t len = text ? strlen(text) : 0;

        if (len && (!strcmp(text, path) || (text[len - 1] == '*' && !strncmp(text, path, len - 1))))
            return true;
    }
    return false;
}

static bool rule_allows(const json_t *rule, const struct access *a)
{
    const json_t *names = json_object_get(rule, "resourceNames"),
                 *resources = json_object_get(rule, "resources");
    bool resource;

    if (!list_has(json_object_get(rule, "verbs"), a->verb, true))
        return false;
    if (a->path)
        return path_listed(json_object_get(rule, "nonResourceURLs"), a->path);
    if (*a->subresource) {
        char *both = format_text("%s/%s", a->resource, a->subresource),
             *any = format_text("*/%s", a->subresource);

        resource = list_has(resources, both, true) || list_has(resources, any, false);
        free(both);
        free(any);
    } else {
        resource = list_has(resources, a->resource, true);
    }
    return resource && list_has(json_object_get(rule, "apiGroups"), a->group, true) &&
           (!json_array_size(names) || (*a->name && list_has(names, a->name, false)));
}

static bool is_subject(const json_t *binding, const char *principal)
{
    json_t *subject;
    size_t i;

    json_array_foreach(json_object_get(binding, "subjects"), i, subject) {
        const char *kind = json_string_value(json_object_get(subject, "kind"));
        const char *name = json_string_value(json_object_get(subject, "name"));

        if (!kind || !name)
            continue;
        if ((!strcmp(kind, "User") && !strcmp(name, principal)) ||
            (!strcmp(kind, "Group") && !strcmp(name, "system:authenticated")))
            return true;
    }
    return false;
}

static bool binding_allows(struct world *world, const json_t *binding, const char *ns,
                           struct access *a)
{
    const json_t *ref = json_object_get(binding, "roleRef"), *role;
    const char *kind = json_string_value(json_object_get(ref, "kind"));
    const char *name = json_string_value(json_object_get(ref, "name"));
    json_t *rule;
    size_t i;

    if (!kind || !name || !is_subject(binding, a->principal))
        return false;
    role = store_get(world, "rbac.authorization.k8s.io",
                     !strcmp(kind, "Role") ? "roles" : "clusterroles", ns, name);
    json_array_foreach(json_object_get(role, "rules"), i, rule) {
        if (a->rules) {
            json_array_append(a->rules, rule);
        } else if (rule_allows(rule, a)) {
            a->reason =
                format_text("RBAC: allowed by %s \"%s%s%s\" of %s \"%s\" to User \"%s\"",
                            *ns ? "RoleBinding" : "ClusterRoleBinding", meta_text(binding, "name"),
                            *ns ? "/" : "", ns, kind, name, a->principal);
            return true;
        }
    }
    return false;
}

static bool decide(struct world *world, struct access *a)
{
    const struct table *cluster =
        store_table_any(world, "rbac.authorization.k8s.io", "clusterrolebindings");
    const struct table *local = store_table_any(world, "rbac.authorization.k8s.io", "rolebindings");

    for (size_t i = 0; i < cluster->n; i++)
        if (binding_allows(world, cluster->rows[i].object, "", a))
            return true;
    for (size_t i = 0; i < local->n && *a->ns; i++)
        if (!strcmp(meta_text(local->rows[i].object, "namespace"), a->ns) &&
            binding_allows(world, local->rows[i].object, a->ns, a))
            return true;
    return false;
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

bool kube_allowed(struct world *world, const char *principal, const char *verb, const char *group,
                  const char *resource, const char *subresource, const char *ns, const char *name)
{
    struct access a = {.principal = principal,
                       .verb = verb,
                       .group = text_or_empty(group),
                       .resource = resource,
                       .subresource = text_or_empty(subresource),
                       .ns = text_or_empty(ns),
                       .name = text_or_empty(name)};
    bool allowed = principal && decide(world, &a);

    free(a.reason);
    return allowed;
}

const char *kube_impersonated(struct world *world, const char *principal, const char *user)
{
    json_t *others = world->credentials->others, *name;

    if (!kube_allowed(world, principal, "impersonate", "", "users", "", "", user))
        return NULL;
    name = json_object_get(others, user);
    if (!name) {
        name = json_string(user);
        json_object_set_new(others, user, name);
    }
    return json_string_value(name);
}

/* ---- reviews --------------------------------------------------------------------------------- */

static const char *attribute(const json_t *attributes, const char *name)
{
    return text_or_empty(json_string_value(json_object_get(attributes, name)));
}

static json_t *access_review(struct world *world, const char *principal, json_t *spec)
{
    const json_t *r = json_object_get(spec, "resourceAttributes"),
                 *n = json_object_get(spec, "nonResourceAttributes");
    struct access a = {.principal = principal,
                       .verb = attribute(r ? r : n, "verb"),
                       .group = attribute(r, "group"),
                       .resource = attribute(r, "resource"),
                       .subresource = attribute(r, "subresource"),
                       .ns = attribute(r, "namespace"),
                       .name = attribute(r, "name")};
    bool allowed;
    json_t *status;

    if (n)
        a.path = attribute(n, "path");
    allowed = decide(world, &a);
    status = json_pack("{s:b}", "allowed", allowed);
    if (allowed)
        json_object_set_new(status, "reason", json_string(a.reason));
    free(a.reason);
    return status;
}

static json_t *rules_review(struct world *world, const char *principal, json_t *spec)
{
    const char *ns = json_string_value(json_object_get(spec, "namespace"));
    struct access a = {.principal = principal, .ns = text_or_empty(ns), .rules = json_array()};
    json_t *resources = json_array(), *paths = json_array(), *rule;
    size_t i;

    decide(world, &a);
    json_array_append_new(resources,
                          json_pack("{s:[s], s:[s], s:[s, s]}", "verbs", "create", "apiGroups",
                                    "authorization.k8s.io", "resources", "selfsubjectaccessreviews",
                                    "selfsubjectrulesreviews"));
    json_array_append_new(paths,
                          json_pack("{s:[s], s:[s, s, s, s]}", "verbs", "get", "nonResourceURLs",
                                    "/api", "/apis", "/healthz", "/version"));
    json_array_foreach(a.rules, i, rule)
        json_array_append(json_object_get(rule, "nonResourceURLs") ? paths : resources, rule);
    json_decref(a.rules);
    return json_pack("{s:o, s:o, s:b}", "resourceRules", resources, "nonResourceRules", paths,
                     "incomplete", 0);
}

static json_t *subject_review(const char *principal)
{
    return json_pack("{s:{s:s, s:[s]}}", "userInfo", "username", principal, "groups",
                     "system:authenticated");
}

bool kube_review(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    static const struct {
        const char *path, *kind, *version;
    } known[] = {{"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                  "SelfSubjectAccessReview", "authorization.k8s.io/v1"},
                 {"/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "SelfSubjectRulesReview",
                  "authorization.k8s.io/v1"},
                 {"/apis/authentication.k8s.io/v1/selfsubjectreviews", "SelfSubjectReview",
                  "authentication.k8s.io/v1"}};
    size_t which = 0;
    json_t *body, *spec, *status, *answer;

    while (which < 3 && strcmp(request->path, known[which].path))
        which++;
    if (which == 3 || strcmp(request->method, "POST"))
        return false;
    body = protobuf_object(request->body, request->body_len);
    if (!body)
        body = json_loadb(request->body, request->body_len, 0, NULL);
    spec = json_object_get(body, "spec");
    if (!body || (which == 0 && !json_is_object(spec))) {
        json_decref(body);
        reply_status(reply, 400, "BadRequest", NULL, "the body of a %s must be JSON with a spec",
                     known[which].kind);
        return true;
    }
    status = which == 0   ? access_review(world, request->principal, spec)
             : which == 1 ? rules_review(world, request->principal, spec)
                          : subject_review(request->principal);
    answer = json_pack("{s:s, s:s, s:{s:n}, s:o}", "kind", known[which].kind, "apiVersion",
                       known[which].version, "metadata", "creationTimestamp", "status", status);
    if (spec && which < 2)
        json_object_set_new(answer, "spec", which == 0 ? json_incref(spec) : json_object());
    json_decref(body);
    reply_json(reply, 201, answer);
    return true;
}
