/* PATCH in its four forms. */
#include "kube_merge.h"
#include "kube_schema.h"
#include "kube_write.h"
#include "text.h"
#include "yaml.h"

#include <stdlib.h>
#include <string.h>

enum patch_kind { PATCH_MERGE, PATCH_JSON, PATCH_STRATEGIC, PATCH_APPLY, PATCH_UNKNOWN };

static enum patch_kind patch_kind(const struct sim_request *request)
{
    static const struct {
        const char *type;
        enum patch_kind kind;
    } known[] = {{"application/merge-patch+json", PATCH_MERGE},
                 {"application/json-patch+json", PATCH_JSON},
                 {"application/strategic-merge-patch+json", PATCH_STRATEGIC},
                 {"application/apply-patch+yaml", PATCH_APPLY}};
    const char *type = request_header(request, "Content-Type");

    for (size_t i = 0; type && i < sizeof known / sizeof known[0]; i++) {
        size_t len = strlen(known[i].type);

        if (!strncasecmp(type, known[i].type, len) && strchr("; ", type[len]))
            return known[i].kind;
    }
    return PATCH_UNKNOWN;
}

static void reply_unsupported(struct sim_reply *reply, const struct target *t)
{
    reply_status(
        reply, 415, "UnsupportedMediaType", NULL,
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, %sapplication/apply-patch+yaml",
        t->table->kind->custom ? "" : "application/strategic-merge-patch+json, ");
}

/* ---- apply ----------------------------------------------------------------------------------- */

static const char *text_at(const json_t *conflict, const char *name)
{
    return json_string_value(json_object_get(conflict, name));
}

static int compare_conflicts(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    int with = strcmp(text_at(*x, "with"), text_at(*y, "with"));

    return with ? with : strcmp(text_at(*x, "path"), text_at(*y, "path"));
}

/* One conflict is told in a line, more as a list for each manager. */
static void reply_apply_conflict(struct sim_reply *reply, const json_t *conflicts)
{
    size_t n = json_array_size(conflicts);
    const json_t **sorted = xcalloc(n, sizeof *sorted);
    json_t *causes = json_array();
    struct buffer b = {0};

    for (size_t i = 0; i < n; i++)
        sorted[i] = json_array_get(conflicts, i);
    qsort(sorted, n, sizeof *sorted, compare_conflicts);
    for (size_t i = 0; i < n; i++) {
        const char *with = text_at(sorted[i], "with"), *path = text_at(sorted[i], "path");

        json_array_append_new(causes, json_pack("{s:s, s:o, s:s}", "reason", "FieldManagerConflict",
                                                "message", json_sprintf("conflict with %s", with),
                                                "field", path));
        if (n == 1)
            buffer_printf(&b, "conflict with %s: %s", with, path);
        else if (!i || strcmp(with, text_at(sorted[i - 1], "with")))
            buffer_printf(&b, "%sconflicts with %s:\n- %s", i ? "\n" : "", with, path);
        else
            buffer_printf(&b, "\n- %s", path);
    }
    reply_status(reply, 409, "Conflict", json_pack("{s:o}", "causes", causes),
                 "Apply failed with %zu conflict%s: %s", n, n == 1 ? "" : "s", b.data);
    free(b.data);
    free(sorted);
}

static json_t *read_intent(struct write *w)
{
    char *problem = NULL;
    json_t *all = yaml_documents(w->request->body, w->request->body_len, &problem);
    json_t *intent = json_incref(json_array_get(all, 0)),
           *meta = json_object_get(intent, "metadata");
    const struct target *t = w->target;
    char *version = target_version(t);
    const char *bad = NULL;

    if (!intent)
        bad = problem ? problem : "empty body";
    else if (!json_is_object(meta) || !*meta_text(intent, "name"))
        bad = "metadata.name is required";
    else if (strcmp(meta_text(intent, "name"), t->name))
        bad = "the name of the object does not match the name on the URL";
    else if (*meta_text(intent, "namespace") && strcmp(meta_text(intent, "namespace"), t->ns))
        bad = "the namespace of the object does not match the namespace on the request";
    else if (!same_text(json_string_value(json_object_get(intent, "apiVersion")), version) ||
             !same_text(json_string_value(json_object_get(intent, "kind")), t->table->kind->kind))
        bad = "apiVersion and kind are required and must be those of the URL";
    else if (json_array_size(json_object_get(meta, "managedFields")))
        bad = "metadata.managedFields must be nil";
    if (bad) {
        reply_status(w->reply, 400, "BadRequest", NULL, "error decoding the applied object: %s",
                     bad);
        json_decref(intent);
        intent = NULL;
    }
    free(problem);
    free(version);
    json_decref(all);
    return intent;
}

static bool force_asked(const struct sim_request *request)
{
    return same_text(request_query(request, "force"), "true") ||
           same_text(request_query(request, "force"), "1");
}

/* Unknown fields make an apply fail however the fields are to be validated. */
static bool known_fields(struct write *w, json_t *intent)
{
    json_t *unknown = json_array();
    const char *first;
    char *version = target_version(w->target);

    schema_prune(schema_of(w->target->table->kind), intent, "", unknown);
    first = json_string_value(json_array_get(unknown, 0));
    if (first)
        reply_status(w->reply, 500, NULL, NULL,
                     "failed to create typed patch object (%s/%s; %s%s, Kind=%s): .%s: field not "
                     "declared in schema",
                     meta_text(intent, "namespace"), w->target->name, *w->target->group ? "" : "/",
                     version, w->target->table->kind->kind, first);
    free(version);
    json_decref(unknown);
    return first == NULL;
}

static void apply(struct write *w, json_t *before)
{
    const struct target *t = w->target;
    json_t *intent, *result, *conflicts;

    if (!request_query(w->request, "fieldManager") || !*request_query(w->request, "fieldManager")) {
        write_refuse_option(w, "fieldManager", "FieldValueRequired",
                            "Required value: is required for apply patch");
        return;
    }
    intent = read_intent(w);
    if (!intent)
        return;
    w->operation = "Apply";
    if (!known_fields(w, intent) || (!before && !write_namespace_exists(w))) {
        json_decref(intent);
        return;
    }
    if (t->table->kind->namespaced)
        json_object_set_new(json_object_get(intent, "metadata"), "namespace", json_string(t->ns));
    if (!before && *meta_text(intent, "resourceVersion")) {
        reply_conflict(w->reply, t, t->name,
                       "the object has been modified; please apply your changes to the latest "
                       "version and try again");
        json_decref(intent);
        return;
    }
    if (!strcmp(t->subresource, "status"))
        json_object_del(intent, "spec");
    else if (t->table->kind->has_status)
        json_object_del(intent, "status");
    conflicts = json_array();
    result = managed_apply(w->world, t->table, before, intent, w->manager,
                           !strcmp(t->subresource, "status") ? "status" : NULL, t->version,
                           force_asked(w->request), conflicts);
    if (json_array_size(conflicts)) {
        reply_apply_conflict(w->reply, conflicts);
        json_decref(result);
    } else {
        w->managed = true;
        if (!*meta_text(intent, "resourceVersion"))
            json_object_del(json_object_get(result, "metadata"), "resourceVersion");
        write_commit(w, json_deep_copy(result), before);
        json_decref(result);
    }
    json_decref(conflicts);
    json_decref(intent);
}

bool store_apply(struct world *world, const char *group, const char *resource, json_t *intent,
                 const char *manager)
{
    struct table *table = store_table_any(world, group, resource);
    json_t *live =
        table ? table_get(table, meta_text(intent, "namespace"), meta_text(intent, "name")) : NULL;
    json_t *conflicts = json_array(), *result;
    bool good = table && *meta_text(intent, "name");

    if (good) {
        result = managed_apply(world, table, live, intent, manager, NULL, NULL, true, conflicts);
        live = json_incref(live);
        result = kube_default(table, result);
        kube_allocate(world, table, result, live);
        store_write(world, table, result);
        json_decref(live);
    }
    json_decref(conflicts);
    json_decref(intent);
    return good;
}

/* ---- the others ------------------------------------------------------------------------------ */

/* The patched object, or NULL with a reply. */
static json_t *patched(struct write *w, enum patch_kind kind, const json_t *before)
{
    json_error_t error;
    json_t *patch = json_loadb(w->request->body, w->request->body_len, 0, &error), *object, *meta;
    char *problem = NULL;

    if (!patch || (kind == PATCH_JSON ? !json_is_array(patch) : !json_is_object(patch))) {
        reply_status(w->reply, 400, "BadRequest", NULL, "error decoding patch: %s",
                     patch ? "not of the right type" : error.text);
        json_decref(patch);
        return NULL;
    }
    /* As seen in the version that was asked for: patches may test apiVersion and kind. */
    object = present(w->target, before, FORM_JSON);
    meta = json_deep_copy(object);
    json_decref(object);
    object = meta;
    if (kind == PATCH_JSON) {
        problem = json_patch(&object, patch);
    } else {
        /* A resourceVersion in the patch is a precondition, the stored one is none. */
        json_object_del(json_object_get(object, "metadata"), "resourceVersion");
        if (kind == PATCH_STRATEGIC)
            strategic_patch(schema_of(w->target->table->kind), object, patch);
        else
            merge_patch(object, patch);
    }
    json_decref(patch);
    if (!problem && json_is_object(json_object_get(object, "metadata")))
        return object;
    /* The real server's words: it says no more than this. */
    reply_status(w->reply, 422, "Invalid", json_object(),
                 "the server rejected our request due to an error in our request");
    free(problem);
    json_decref(object);
    return NULL;
}

static void patch_existing(struct write *w, enum patch_kind kind, json_t *before)
{
    const struct target *t = w->target;
    json_t *scale, *object;

    if (!strcmp(t->subresource, "scale")) {
        scale = present_scale(before);
        json_object_del(json_object_get(scale, "metadata"), "resourceVersion");
        object = json_loadb(w->request->body, w->request->body_len, 0, NULL);
        if (kind == PATCH_JSON)
            free(json_patch(&scale, object));
        else
            merge_patch(scale, object);
        kube_write_scale(w, scale, before);
        json_decref(scale);
        json_decref(object);
        return;
    }
    object = patched(w, kind, before);
    if (!object)
        return;
    if (strcmp(meta_text(object, "name"), t->name)) {
        reply_status(w->reply, 400, "BadRequest", NULL,
                     "the name of the object (%s) does not match the name on the URL "
                     "(%s)",
                     meta_text(object, "name"), t->name);
        json_decref(object);
        return;
    }
    if (kind == PATCH_JSON &&
        same_text(meta_text(object, "resourceVersion"), meta_text(before, "resourceVersion")))
        json_object_del(json_object_get(object, "metadata"), "resourceVersion");
    write_commit(w, object, before);
}

void kube_patch(struct world *world, const struct sim_request *request, const struct target *target,
                struct sim_reply *reply)
{
    enum patch_kind kind = patch_kind(request);
    json_t *before = json_incref(table_get(target->table, target->ns, target->name));
    struct write w;

    if (kind == PATCH_UNKNOWN || (kind == PATCH_STRATEGIC && target->table->kind->custom)) {
        reply_unsupported(reply, target);
    } else if (!before && kind != PATCH_APPLY) {
        reply_not_found(reply, target, target->name);
    } else if (kind == PATCH_APPLY && !before &&
               !kube_allowed(world, request->principal, "create", target->group, target->resource,
                             "", target->ns, "")) {
        reply_status(reply, 403, "Forbidden", status_details(target, target->name),
                     "%s is forbidden: User \"%s\" cannot create resource \"%s\" in API group "
                     "\"%s\" in the namespace "
                     "\"%s\"",
                     target->resource, request->principal, target->resource, target->group,
                     target->ns);
    } else if (write_begin(&w, world, request, target, reply)) {
        if (kind == PATCH_APPLY)
            apply(&w, before);
        else
            patch_existing(&w, kind, before);
        write_end(&w);
    }
    json_decref(before);
}
