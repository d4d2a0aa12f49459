/* POST and PUT, and the last steps of every write. */
#include "kube_write.h"
#include "kube_schema.h"
#include "text.h"
#include "yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- parameters ------------------------------------------------------------------------------ */

static char *default_manager(const struct sim_request *request)
{
    const char *agent = request_header(request, "User-Agent");

    return agent && *agent ? xstrndup(agent, strcspn(agent, "/")) : xstrdup("unknown");
}

void write_refuse_option(struct write *w, const char *option, const char *reason, const char *why)
{
    const char *method = w->request->method;
    const char *kind = !strcmp(method, "POST")     ? "CreateOptions"
                       : !strcmp(method, "PUT")    ? "UpdateOptions"
                       : !strcmp(method, "DELETE") ? "DeleteOptions"
                                                   : "PatchOptions";

    reply_status(w->reply, 422, "Invalid",
                 json_pack("{s:s, s:s, s:[{s:s, s:s, s:s}]}", "group", "meta.k8s.io", "kind", kind,
                           "causes", "reason", reason, "message", why, "field", option),
                 "%s.meta.k8s.io \"\" is invalid: %s: %s", kind, option, why);
}

bool write_begin(struct write *w, struct world *world, const struct sim_request *request,
                 const struct target *target, struct sim_reply *reply)
{
    const char *manager = request_query(request, "fieldManager"),
               *dry = request_query(request, "dryRun");
    const char *validation = request_query(request, "fieldValidation");
    char *problem = NULL;

    *w = (struct write){.world = world,
                        .request = request,
                        .target = target,
                        .reply = reply,
                        .operation = "Update"};
    if (dry && *dry && strcmp(dry, "All")) {
        problem =
            format_text("Unsupported value: []string{\"%s\"}: supported values: \"All\"", dry);
        write_refuse_option(w, "dryRun", "FieldValueNotSupported", problem);
    } else if (validation && *validation && strcmp(validation, "Strict") &&
               strcmp(validation, "Warn") && strcmp(validation, "Ignore")) {
        problem = format_text("Unsupported value: \"%s\": supported values: \"Ignore\", "
                              "\"Strict\", \"Warn\"",
                              validation);
        write_refuse_option(w, "fieldValidation", "FieldValueNotSupported", problem);
    } else if (manager && strlen(manager) > 128) {
        problem = xstrdup("Too long: may not be more than 128 bytes");
        write_refuse_option(w, "fieldManager", "FieldValueTooLong", problem);
    }
    free(problem);
    if (reply->status)
        return false;
    w->dry_run = dry && *dry;
    w->strict = validation && !strcmp(validation, "Strict");
    w->warn = !validation || !*validation || !strcmp(validation, "Warn");
    w->manager = manager && *manager ? xstrdup(manager) : default_manager(request);
    return true;
}

void write_end(struct write *w)
{
    free(w->manager);
}

/* ---- the body -------------------------------------------------------------------------------- */

static json_t *parse_body(struct write *w)
{
    const struct sim_request *r = w->request;
    const char *type = request_header(r, "Content-Type");
    char *problem = NULL;
    json_error_t error;
    json_t *body, *all;

    body = type && strstr(type, "protobuf") ? protobuf_object(r->body, r->body_len) : NULL;
    if (body)
        return body;
    if (type && (strstr(type, "protobuf") || strstr(type, "cbor"))) {
        reply_status(w->reply, 415, "UnsupportedMediaType", NULL,
                     "the body of the request was in an unknown format - accepted media types "
                     "include: application/json, "
                     "application/yaml");
        return NULL;
    }
    body = json_loadb(r->body, r->body_len, JSON_REJECT_DUPLICATES, &error);
    if (body || !type || !strstr(type, "yaml")) {
        if (!body)
            reply_status(w->reply, 400, "BadRequest", NULL,
                         "the object provided is unrecognized (must be of type %s): "
                         "line %d, column %d: %s",
                         w->target->table->kind->kind, error.line, error.column, error.text);
        return body;
    }
    all = yaml_documents(r->body, r->body_len, &problem);
    body = json_incref(json_array_get(all, 0));
    if (!body)
        reply_status(w->reply, 400, "BadRequest", NULL, "error decoding YAML: %s",
                     problem ? problem : "empty body");
    free(problem);
    json_decref(all);
    return body;
}

static bool body_fits(struct write *w, const json_t *body)
{
    const struct target *t = w->target;
    char *wanted = target_version(t);
    const char *version = json_string_value(json_object_get(body, "apiVersion"));
    const char *kind = json_string_value(json_object_get(body, "kind")),
               *ns = meta_text(body, "namespace");
    bool fits = false;

    if (!json_is_object(body))
        reply_status(w->reply, 400, "BadRequest", NULL, "the body is not an object");
    else if (version && strcmp(version, wanted))
        reply_status(w->reply, 400, "BadRequest", NULL,
                     "the API version in the data (%s) does not match the expected API "
                     "version (%s)",
                     version, wanted);
    else if (kind && strcmp(kind, t->table->kind->kind))
        reply_status(
            w->reply, 400, "BadRequest", NULL,
            "%s in version \"%s\" cannot be handled as a %s: converting (%s.%s) to (core.%s): "
            "unknown conversion",
            kind, t->version, t->table->kind->kind, t->version, kind, t->table->kind->kind);
    else if (t->table->kind->namespaced && *ns && strcmp(ns, t->ns))
        reply_status(w->reply, 400, "BadRequest", NULL,
                     "the namespace of the provided object does not match the namespace "
                     "sent on the request");
    else if (*t->name && *meta_text(body, "name") && strcmp(meta_text(body, "name"), t->name))
        reply_status(w->reply, 400, "BadRequest", NULL,
                     "the name of the object (%s) does not match the name on the URL "
                     "(%s)",
                     meta_text(body, "name"), t->name);
    else
        fits = true;
    free(wanted);
    return fits;
}

json_t *write_body(struct write *w)
{
    json_t *body = parse_body(w), *meta;

    if (!body)
        return NULL;
    if (!body_fits(w, body)) {
        json_decref(body);
        return NULL;
    }
    meta = json_object_get(body, "metadata");
    if (!json_is_object(meta)) {
        meta = json_object();
        json_object_set_new(body, "metadata", meta);
    }
    if (w->target->table->kind->namespaced)
        json_object_set_new(meta, "namespace", json_string(w->target->ns));
    else
        json_object_del(meta, "namespace");
    return body;
}

bool write_namespace_exists(struct write *w)
{
    if (!w->target->table->kind->namespaced ||
        store_get(w->world, "", "namespaces", "", w->target->ns))
        return true;
    reply_status(w->reply, 404, "NotFound",
                 json_pack("{s:s, s:s}", "name", w->target->ns, "kind", "namespaces"),
                 "namespaces \"%s\" not found", w->target->ns);
    return false;
}

/* ---- the steps of a commit ------------------------------------------------------------------- */

/* The real server quotes the whole object here. */
static void refuse_patch(struct write *w, const char *object, const char *problems)
{
    json_t *quoted = json_string(object);
    char *text = json_dumps(quoted, JSON_ENCODE_ANY);
    char *message = format_text("Invalid value: %s: strict decoding error: %s", text, problems);

    reply_status(w->reply, 422, "Invalid",
                 json_pack("{s:[{s:s, s:s, s:s}]}", "causes", "reason", "FieldValueInvalid",
                           "message", message, "field", "patch"),
                 " \"\" is invalid: patch: %s", message);
    free(message);
    free(text);
    json_decref(quoted);
}

static bool check_unknown(struct write *w, json_t *object)
{
    const struct target *t = w->target;
    json_t *unknown = json_array(), *path;
    char *whole = w->strict ? json_dumps(object, JSON_COMPACT) : NULL;
    struct buffer b = {0};
    bool good;
    size_t i;

    schema_prune(schema_of(t->table->kind), object, "", unknown);
    good = !json_array_size(unknown) || !w->strict;
    json_array_foreach(unknown, i, path) {
        buffer_printf(&b, "%sunknown field \"%s\"", i ? ", " : "", json_string_value(path));
        if (w->warn && good)
            reply_header(w->reply, "Warning", "299 - \"unknown field \\\"%s\\\"\"",
                         json_string_value(path));
    }
    if (!good && !strcmp(w->request->method, "PATCH"))
        refuse_patch(w, whole, b.data);
    else if (!good)
        reply_status(w->reply, 400, "BadRequest", NULL,
                     "%s in version \"%s\" cannot be handled as a %s: strict decoding "
                     "error: %s",
                     t->table->kind->kind, t->version, t->table->kind->kind, b.data);
    free(whole);
    free(b.data);
    json_decref(unknown);
    return good;
}

static void refuse_uid(struct write *w, const char *uid, const char *name)
{
    const struct kind *kind = w->target->table->kind;
    char *what = qualified(kind->kind, kind->group);
    char *message = format_text("Invalid value: \"%s\": field is immutable", uid);
    json_t *details = json_pack("{s:s, s:s, s:s, s:[{s:s, s:s, s:s}]}", "name", name, "group",
                                kind->group, "kind", kind->kind, "causes", "reason",
                                "FieldValueInvalid", "message", message, "field", "metadata.uid");

    if (!*kind->group)
        json_object_del(details, "group");
    reply_status(w->reply, 422, "Invalid", details, "%s \"%s\" is invalid: metadata.uid: %s", what,
                 name, message);
    free(message);
    free(what);
}

static bool check_preconditions(struct write *w, const json_t *object, const json_t *before)
{
    const char *name = meta_text(before, "name"), *uid = meta_text(object, "uid");
    const char *version = meta_text(object, "resourceVersion");

    if (*uid && strcmp(uid, meta_text(before, "uid")) && !strcmp(w->request->method, "PATCH")) {
        refuse_uid(w, uid, name);
        return false;
    }
    if (*uid && strcmp(uid, meta_text(before, "uid"))) {
        char *why =
            format_text("Precondition failed: UID in precondition: %s, UID in object meta: %s", uid,
                        meta_text(before, "uid"));

        reply_conflict(w->reply, w->target, name, why);
        free(why);
        return false;
    }
    if (*version && strcmp(version, meta_text(before, "resourceVersion"))) {
        reply_conflict(w->reply, w->target, name,
                       "the object has been modified; please apply your changes to the latest "
                       "version and try again");
        return false;
    }
    return true;
}

/* The main resource leaves status alone, the status subresource everything else. */
static json_t *split_status(struct write *w, json_t *object, const json_t *before)
{
    json_t *status = json_object_get(before, "status");

    if (!w->target->table->kind->has_status)
        return object;
    if (!strcmp(w->target->subresource, "status")) {
        json_t *merged = json_copy((json_t *)before),
               *meta = json_copy(json_object_get(before, "metadata"));

        if (json_object_get(json_object_get(object, "metadata"), "managedFields") && w->managed)
            json_object_set(meta, "managedFields",
                            json_object_get(json_object_get(object, "metadata"), "managedFields"));
        json_object_set_new(merged, "metadata", meta);
        if (json_object_get(object, "status"))
            json_object_set(merged, "status", json_object_get(object, "status"));
        else
            json_object_del(merged, "status");
        json_decref(object);
        return merged;
    }
    if (status)
        json_object_set(object, "status", status);
    else if (before || strcmp(w->request->method, "PUT"))
        json_object_del(object, "status");
    return object;
}

/* What only the server sets comes from the stored object. */
static void keep_identity(struct write *w, json_t *object, const json_t *before)
{
    static const char *const fields[] = {"uid",
                                         "creationTimestamp",
                                         "generation",
                                         "selfLink",
                                         "deletionTimestamp",
                                         "deletionGracePeriodSeconds",
                                         "resourceVersion"};
    json_t *meta = json_object_get(object, "metadata");
    const json_t *old = json_object_get(before, "metadata");
    char *first =
        xstrndup(w->target->table->kind->versions, strcspn(w->target->table->kind->versions, ","));
    char *gv = group_version(w->target->table->kind, first);

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (json_object_get(old, fields[i]))
            json_object_set(meta, fields[i], json_object_get(old, fields[i]));
        else
            json_object_del(meta, fields[i]);
    }
    if (!w->managed) {
        if (json_object_get(old, "managedFields"))
            json_object_set(meta, "managedFields", json_object_get(old, "managedFields"));
        else
            json_object_del(meta, "managedFields");
    }
    json_object_set_new(object, "apiVersion", json_string(gv));
    json_object_set_new(object, "kind", json_string(w->target->table->kind->kind));
    free(first);
    free(gv);
}

static bool check_valid(struct write *w, const json_t *object, const json_t *before)
{
    const struct kind *kind = w->target->table->kind;
    json_t *causes = kube_validate(w->world, w->target->table, object, before), *cause, *details;
    char *what = qualified(kind->kind, kind->group);
    struct buffer b = {0};
    size_t i, n;

    if (is_modern_event(w->target) && !before)
        event_check(object, causes);
    n = json_array_size(causes);
    json_array_foreach(causes, i, cause)
        buffer_printf(&b, "%s%s: %s", i ? ", " : "",
                      json_string_value(json_object_get(cause, "field")),
                      json_string_value(json_object_get(cause, "message")));
    if (n) {
        details = json_pack("{s:s, s:s, s:s, s:O}", "name", meta_text(object, "name"), "group",
                            kind->group, "kind", kind->kind, "causes", causes);
        if (!*kind->group)
            json_object_del(details, "group");
        reply_status(w->reply, 422, "Invalid", details, "%s \"%s\" is invalid: %s%s%s", what,
                     meta_text(object, "name"), n > 1 ? "[" : "", b.data, n > 1 ? "]" : "");
    }
    free(b.data);
    free(what);
    json_decref(causes);
    return n == 0;
}

static bool check_webhooks(struct write *w, const json_t *object)
{
    const struct kind *kind = w->target->table->kind;
    char *refusal = webhook_refusal(w->world, kind->group, kind->resource, object);

    if (refusal)
        reply_status(w->reply, 403, "Forbidden",
                     status_details(w->target, meta_text(object, "name")), "%s", refusal);
    free(refusal);
    return !w->reply->status;
}

static void reply_object(struct write *w, int status, json_t *object)
{
    enum form form = request_form_wanted(w->request);

    if (form == FORM_TABLE)
        reply_json(w->reply, status,
                   present_table(w->world, w->target, &object, 1,
                                 request_query(w->request, "includeObject"),
                                 meta_text(object, "resourceVersion"), true));
    else
        reply_json(w->reply, status, present(w->target, object, form));
}

static void store_and_reply(struct write *w, json_t *object, json_t *before)
{
    struct table *table = w->target->table;
    int status = before ? 200 : 201;
    json_t *stored;

    if (w->dry_run) {
        store_fill(w->world, table, object, before);
        reply_object(w, status, object);
        json_decref(object);
        return;
    }
    stored = json_incref(store_write(w->world, table, object));
    if (before && json_object_get(json_object_get(stored, "metadata"), "deletionTimestamp") &&
        !json_array_size(json_object_get(json_object_get(stored, "metadata"), "finalizers")))
        kube_remove(w->world, table, meta_text(stored, "namespace"), meta_text(stored, "name"),
                    true);
    reply_object(w, status, stored);
    json_decref(stored);
    controllers_settle(w->world);
}

/* Only a valid object is told that there is one of its name already. */
static bool check_new(struct write *w, const json_t *object)
{
    const struct target *t = w->target;
    const char *name = meta_text(object, "name");
    char *what;

    if (!table_get(t->table, t->ns, name))
        return true;
    what = qualified(t->resource, t->group);
    reply_status(w->reply, 409, "AlreadyExists", status_details(t, name),
                 "%s \"%s\" already exists", what, name);
    free(what);
    return false;
}

void write_commit(struct write *w, json_t *object, json_t *before)
{
    struct table *table = w->target->table;
    const char *subresource = *w->target->subresource ? w->target->subresource : NULL;

    if (is_modern_event(w->target))
        event_to_core(object);
    if (!check_unknown(w, object) || (before && !check_preconditions(w, object, before))) {
        json_decref(object);
        return;
    }
    object = split_status(w, object, before);
    json_object_set_new(object, "metadata", json_copy(json_object_get(object, "metadata")));
    keep_identity(w, object, before);
    object = kube_default(table, object);
    if (!check_valid(w, object, before) || !check_webhooks(w, object) ||
        (!before && !check_new(w, object))) {
        json_decref(object);
        return;
    }
    if (!w->managed)
        managed_record(w->world, table, object, before, w->manager, w->operation, subresource);
    kube_allocate(w->world, table, object, before);
    store_and_reply(w, object, before);
}

/* ---- POST ------------------------------------------------------------------------------------ */

static void generate_name(json_t *meta)
{
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    const char *prefix = json_string_value(json_object_get(meta, "generateName"));
    unsigned char random[5] = {0};
    char *name;

    if (!prefix || json_string_length(json_object_get(meta, "name")))
        return;
    if (getrandom(random, sizeof random, 0) != sizeof random)
        abort();
    name =
        format_text("%s%c%c%c%c%c", prefix, alphabet[random[0] % 27], alphabet[random[1] % 27],
                    alphabet[random[2] % 27], alphabet[random[3] % 27], alphabet[random[4] % 27]);
    json_object_set_new(meta, "name", json_string(name));
    free(name);
}

void kube_create(struct world *world, const struct sim_request *request,
                 const struct target *target, struct sim_reply *reply)
{
    struct write w;
    json_t *body;

    if (!write_begin(&w, world, request, target, reply))
        return;
    body = write_body(&w);
    if (!body || !write_namespace_exists(&w)) {
        json_decref(body);
        write_end(&w);
        return;
    }
    generate_name(json_object_get(body, "metadata"));
    if (*meta_text(body, "resourceVersion")) {
        reply_status(reply, 400, "BadRequest", NULL,
                     "resourceVersion should not be set on objects to be created");
        json_decref(body);
    } else {
        write_commit(&w, body, NULL);
    }
    write_end(&w);
}

/* ---- PUT ------------------------------------------------------------------------------------- */

/* A Scale sets spec.replicas of the object that it belongs to. */
static json_t *with_replicas(const json_t *object, const json_t *scale)
{
    json_t *changed = json_deep_copy(object),
           *replicas = json_object_get(json_object_get(scale, "spec"), "replicas");

    json_object_set_new(json_object_get(changed, "spec"), "replicas",
                        replicas ? json_incref(replicas) : json_integer(0));
    json_object_del(json_object_get(changed, "metadata"), "resourceVersion");
    if (*meta_text(scale, "resourceVersion"))
        json_object_set_new(json_object_get(changed, "metadata"), "resourceVersion",
                            json_string(meta_text(scale, "resourceVersion")));
    return changed;
}

void kube_write_scale(struct write *w, const json_t *scale, json_t *before)
{
    json_t *stored;

    write_commit(w, with_replicas(before, scale), before);
    if (w->reply->status != 200)
        return;
    stored = w->reply->json;
    reply_json(w->reply, 200, present_scale(stored));
}

void kube_update(struct world *world, const struct sim_request *request,
                 const struct target *target, struct sim_reply *reply)
{
    bool scale = !strcmp(target->subresource, "scale");
    json_t *before = table_get(target->table, target->ns, target->name), *body;
    struct write w;

    if (!before) {
        reply_not_found(reply, target, target->name);
        return;
    }
    if (!write_begin(&w, world, request, target, reply))
        return;
    before = json_incref(before);
    body = scale ? json_loadb(request->body, request->body_len, 0, NULL) : write_body(&w);
    if (scale && !body)
        reply_status(reply, 400, "BadRequest", NULL, "the body is not a Scale in JSON");
    else if (scale)
        kube_write_scale(&w, body, before);
    else if (body)
        write_commit(&w, json_incref(body), before);
    json_decref(body);
    json_decref(before);
    write_end(&w);
}
