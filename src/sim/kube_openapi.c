/* OpenAPI v3, no more than kubectl needs to know that the server validates fields and does dry
 * runs. /openapi/v2 has no definitions: kubectl then uses what it was built with. */
#include "kube.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static void each_version(const struct kind *kind,
                         void (*call)(void *ctx, const struct kind *, const char *version),
                         void *ctx)
{
    const char *p = kind->versions;

    while (*p) {
        size_t len = strcspn(p, ",");
        char *version = xstrndup(p, len);

        call(ctx, kind, version);
        free(version);
        p += len + (p[len] == ',');
    }
}

static void add_path(void *ctx, const struct kind *kind, const char *version)
{
    char *path = *kind->group ? format_text("apis/%s/%s", kind->group, version)
                              : format_text("api/%s", version);

    json_object_set_new(
        ctx, path,
        json_pack("{s:o}", "serverRelativeURL", json_sprintf("/openapi/v3/%s?hash=1", path)));
    free(path);
}

static json_t *parameter(const char *name)
{
    return json_pack("{s:s, s:s, s:{s:s, s:b}}", "name", name, "in", "query", "schema", "type",
                     "string", "uniqueItems", 1);
}

static json_t *operation(const struct kind *kind, const char *version, const char *action)
{
    json_t *parameters = json_array();

    json_array_append_new(parameters, parameter("dryRun"));
    json_array_append_new(parameters, parameter("fieldManager"));
    json_array_append_new(parameters, parameter("fieldValidation"));
    if (!strcmp(action, "patch"))
        json_array_append_new(parameters, parameter("force"));
    return json_pack("{s:o, s:s, s:{s:s, s:s, s:s}, s:{s:{s:s}}}", "parameters", parameters,
                     "x-kubernetes-action", action, "x-kubernetes-group-version-kind", "group",
                     kind->group, "kind", kind->kind, "version", version, "responses", "200",
                     "description", "OK");
}

static json_t *document(struct world *world, const char *wanted)
{
    json_t *paths = json_object();

    for (size_t i = 0; i < world->store->n; i++) {
        const struct kind *kind = world->store->tables[i]->kind;
        const char *version = strrchr(wanted, '/') + 1;
        char *prefix = *kind->group ? format_text("apis/%s/%s", kind->group, version)
                                    : format_text("api/%s", version);
        char *path;

        if (!strcmp(prefix, wanted) && !world->store->tables[i]->absent) {
            path = format_text("/%s/%s%s", wanted,
                               kind->namespaced ? "namespaces/{namespace}/" : "", kind->resource);
            json_object_set_new(paths, path,
                                json_pack("{s:o}", "post", operation(kind, version, "post")));
            free(path);
            path = format_text("/%s/%s%s/{name}", wanted,
                               kind->namespaced ? "namespaces/{namespace}/" : "", kind->resource);
            json_object_set_new(paths, path,
                                json_pack("{s:o, s:o}", "patch", operation(kind, version, "patch"),
                                          "put", operation(kind, version, "put")));
            free(path);
        }
        free(prefix);
    }
    if (!json_object_size(paths)) {
        json_decref(paths);
        return NULL;
    }
    return json_pack("{s:s, s:{s:s, s:s}, s:o, s:{s:{}}}", "openapi", "3.0.0", "info", "title",
                     "Kubernetes", "version", "v1.33.5", "paths", paths, "components", "schemas");
}

bool kube_openapi(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    json_t *answer = NULL;

    if (!starts_with(request->path, "/openapi"))
        return false;
    if (!strcmp(request->path, "/openapi/v2")) {
        /* kubectl before 1.27 will not apply without it. An empty protobuf message is a document without a definition:
         * kubectl then knows of no schema and uses the types that it was built with. */
        reply_text(reply, 200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", "");
        return true;
    }
    if (!strcmp(request->path, "/openapi/v3")) {
        json_t *paths = json_object();

        for (size_t i = 0; i < world->store->n; i++)
            if (!world->store->tables[i]->absent)
                each_version(world->store->tables[i]->kind, add_path, paths);
        answer = json_pack("{s:o}", "paths", paths);
    } else if (starts_with(request->path, "/openapi/v3/") && strchr(request->path + 12, '/')) {
        answer = document(world, request->path + 12);
    }
    if (answer)
        reply_json(reply, 200, answer);
    else
        reply_text(reply, 404, "text/plain; charset=utf-8", "404 page not found\n");
    return true;
}
