/* The front of the Kubernetes API: what a path and a verb mean, whether the caller may, and who
 * answers. */
#include "kube.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SEGMENTS 10

struct segments {
    char *part[MAX_SEGMENTS];
    size_t n;
};

static struct segments split_path(const char *path)
{
    struct segments s = {0};

    while (*path) {
        size_t len;

        path += strspn(path, "/");
        len = strcspn(path, "/");
        if (!len)
            break;
        if (s.n == MAX_SEGMENTS) {
            s.n++;
            break;
        }
        s.part[s.n++] = xstrndup(path, len);
        path += len;
    }
    return s;
}

static void segments_free(struct segments *s)
{
    for (size_t i = 0; i < s->n && i < MAX_SEGMENTS; i++)
        free(s->part[i]);
}

static bool serves_version(const struct kind *kind, const char *version)
{
    const char *p = kind->versions;
    size_t n = strlen(version);

    while (*p) {
        size_t len = strcspn(p, ",");

        if (len == n && !strncmp(p, version, n))
            return true;
        p += len + (p[len] == ',');
    }
    return false;
}

/* The table with its kind serving this version; the path may name the resource of a cluster kind
 * below a namespace or the reverse, which the API server does not know either. */
static bool find_target(struct world *world, const struct segments *s, struct target *t)
{
    size_t i = !strcmp(s->part[0], "api") ? 2 : 3; /* where the resource or "namespaces" stands */
    const char *group = i == 2 ? "" : s->part[1], *ns = "", *version;

    if (s->n <= i || s->n > MAX_SEGMENTS || (i == 3 && strcmp(s->part[0], "apis")))
        return false;
    if (!strcmp(s->part[i], "namespaces") && s->n > i + 2 && strcmp(s->part[i + 2], "status") &&
        strcmp(s->part[i + 2], "finalize")) {
        ns = s->part[i + 1];
        i += 2;
    }
    version = *group ? s->part[2] : s->part[1];
    t->table = store_table(world, group, s->part[i]);
    if (!t->table || !serves_version(t->table->kind, version))
        return false;
    if (*ns && !t->table->kind->namespaced)
        return false;
    if (!strcmp(group, "events.k8s.io"))
        t->table = store_table_any(world, "", "events");
    t->group = xstrdup(group);
    t->version = version;
    t->ns = xstrdup(ns);
    t->resource = xstrdup(s->part[i]);
    t->name = xstrdup(s->n > i + 1 ? s->part[i + 1] : "");
    t->subresource = xstrdup(s->n > i + 2 ? s->part[i + 2] : "");
    return s->n <= i + 3;
}

static void target_free(struct target *t)
{
    free(t->group);
    free(t->ns);
    free(t->resource);
    free(t->name);
    free(t->subresource);
}

static bool knows_subresource(const struct kind *kind, const char *subresource)
{
    if (!*subresource)
        return true;
    if (!strcmp(subresource, "status"))
        return kind->has_status;
    return !strcmp(subresource, "scale") && kind->has_scale;
}

static bool is_true(const char *value)
{
    return value && (!strcmp(value, "true") || !strcmp(value, "1") || !*value);
}

static const char *request_verb(const struct sim_request *request, const struct target *t)
{
    const char *m = request->method;

    if (!strcmp(m, "GET") || !strcmp(m, "HEAD")) {
        if (is_true(request_query(request, "watch")))
            return "watch";
        return *t->name ? "get" : "list";
    }
    if (!strcmp(m, "POST"))
        return "create";
    if (!strcmp(m, "PUT"))
        return "update";
    if (!strcmp(m, "PATCH"))
        return "patch";
    if (!strcmp(m, "DELETE"))
        return *t->name ? "delete" : "deletecollection";
    return NULL;
}

static void reply_forbidden(struct sim_reply *reply, const struct sim_request *request,
                            const struct target *t, const char *verb)
{
    char *what = qualified(t->resource, t->group);
    char *path =
        *t->subresource ? format_text("%s/%s", t->resource, t->subresource) : xstrdup(t->resource);
    char *where =
        *t->ns ? format_text(" in the namespace \"%s\"", t->ns) : xstrdup(" at the cluster scope");

    reply_status(
        reply, 403, "Forbidden", status_details(t, t->name),
        "%s%s%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\"%s", what,
        *t->name ? " \"" : "", t->name, *t->name ? "\"" : "", request->principal, verb, path,
        t->group, where);
    free(what);
    free(path);
    free(where);
}

static void handle_resource(struct world *world, const struct sim_request *request,
                            const struct target *t, struct sim_reply *reply)
{
    const char *verb = request_verb(request, t);

    if (!verb || !knows_subresource(t->table->kind, t->subresource)) {
        reply_status(reply, verb ? 404 : 405, verb ? "NotFound" : "MethodNotAllowed", NULL, "%s",
                     verb ? "the server could not find the requested resource"
                          : "the server does not allow this method on the requested resource");
        return;
    }
    if (!kube_allowed(world, request->principal, verb, t->group, t->resource, t->subresource, t->ns,
                      t->name)) {
        reply_forbidden(reply, request, t, verb);
        return;
    }
    if (!strcmp(verb, "watch"))
        kube_watch(world, request, t, reply);
    else if (!strcmp(verb, "get"))
        kube_get(world, request, t, reply);
    else if (!strcmp(verb, "list"))
        kube_list(world, request, t, reply);
    else if (!strcmp(verb, "create") && !*t->name)
        kube_create(world, request, t, reply);
    else if (!strcmp(verb, "update") && *t->name)
        kube_update(world, request, t, reply);
    else if (!strcmp(verb, "patch") && *t->name)
        kube_patch(world, request, t, reply);
    else if (starts_with(verb, "delete"))
        kube_delete(world, request, t, reply);
    else
        reply_status(reply, 405, "MethodNotAllowed", NULL,
                     "the server does not allow this method on the requested resource");
}

static bool answer_without_credentials(const struct sim_request *request, struct sim_reply *reply)
{
    const char *p = request->path;

    if (!strcmp(p, "/version") || !strcmp(p, "/version/")) {
        reply_json(reply, 200,
                   json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "major", "1", "minor",
                             "33", "gitVersion", "v1.33.5", "gitCommit",
                             "03ee4c33c5ad8b7b2b9e6e2bd9a7f6a3a5f0a9c1", "gitTreeState", "clean",
                             "buildDate", "2025-09-10T00:00:00Z", "goVersion", "go1.24.6",
                             "compiler", "gc", "platform", "linux/amd64"));
        return true;
    }
    if (starts_with(p, "/livez") || starts_with(p, "/readyz") || starts_with(p, "/healthz")) {
        reply_text(reply, 200, NULL,
                   request_query(request, "verbose")
                       ? "[+]ping ok\n[+]etcd ok\nlivez check passed\n"
                       : "ok");
        return true;
    }
    return false;
}

static void common_headers(struct sim_reply *reply)
{
    static unsigned long counter;

    reply_header(reply, "Audit-Id", "00000000-0000-4000-8000-%012lx", ++counter);
    reply_header(reply, "Cache-Control", "no-cache, private");
    reply_header(reply, "X-Kubernetes-Pf-Flowschema-Uid", "7f3a1a9e-1b7c-4a53-9f0e-0d6f3f7f2c11");
    reply_header(reply, "X-Kubernetes-Pf-Prioritylevel-Uid",
                 "b5c1e0ae-2c7d-4d68-8a37-5f2a7c1f9d22");
}

/* False with a reply when the caller is nobody or may not be whom it wants to be. */
static bool authenticate(struct world *world, struct sim_request *request, struct sim_reply *reply)
{
    const char *as = request_header(request, "Impersonate-User"), *whole;

    if (!request->principal) {
        reply_status(reply, 401, "Unauthorized", NULL, "Unauthorized");
        return false;
    }
    if (!as || !*as)
        return true;
    whole = kube_impersonated(world, request->principal, as);
    if (!whole)
        reply_status(reply, 403, "Forbidden", json_pack("{s:s, s:s}", "name", as, "kind", "users"),
                     "users \"%s\" is forbidden: User \"%s\" cannot impersonate resource \"users\" "
                     "in API group \"\" at "
                     "the cluster scope",
                     as, request->principal);
    request->principal = whole;
    return whole != NULL;
}

void kube_handle(struct world *world, const struct sim_request *asked, struct sim_reply *reply)
{
    struct sim_request acting = *asked, *request = &acting;
    struct segments s;
    struct target t = {0};

    common_headers(reply);
    if (answer_without_credentials(request, reply) || !authenticate(world, request, reply))
        return;
    if (kube_review(world, request, reply) || kube_openapi(world, request, reply))
        return;
    s = split_path(request->path);
    if (s.n && find_target(world, &s, &t))
        handle_resource(world, request, &t, reply);
    else
        kube_discovery(world, request, reply);
    target_free(&t);
    segments_free(&s);
}
