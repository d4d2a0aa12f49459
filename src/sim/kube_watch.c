/* Watches: one stream per request, each event a line of JSON. */
#include "kube.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BOOKMARK_EVERY \
    5.0 /* real seconds; the real server promises nothing and sends about one a minute */
#define WAIT_SECONDS 1.0 /* so that a client that went away is noticed */
#define DEFAULT_TIMEOUT 1800.0
#define MAX_CHUNK (256u << 10)

struct watch {
    struct sim_stream stream;
    struct world *world;
    struct target target;
    struct selector *selector;
    enum form form;
    char *include;
    unsigned long long version; /* everything up to here was sent or is known to the client */
    bool initial, bookmarks, columns_sent, finished;
    double deadline, bookmark_at;
};

static double monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void emit(struct watch *w, struct buffer *out, const char *type, json_t *shown)
{
    char *text = json_dumps(shown, JSON_COMPACT);

    buffer_printf(out, "{\"type\":\"%s\",\"object\":", type);
    buffer_puts(out, text);
    buffer_puts(out, "}\n");
    free(text);
    json_decref(shown);
    (void)w;
}

static void emit_object(struct watch *w, struct buffer *out, const char *type, json_t *object)
{
    json_t *shown;

    if (w->form == FORM_TABLE) {
        shown = present_table(w->world, &w->target, &object, 1, w->include,
                              meta_text(object, "resourceVersion"), !w->columns_sent);
        w->columns_sent = true;
    } else {
        shown = present(&w->target, object, w->form);
    }
    emit(w, out, type, shown);
}

static void emit_status(struct watch *w, struct buffer *out, int code, const char *reason,
                        const char *message)
{
    emit(w, out, "ERROR", status_object(code, reason, NULL, message));
    w->finished = true;
}

static void emit_bookmark(struct watch *w, struct buffer *out)
{
    char version[32], *gv = target_version(&w->target);

    snprintf(version, sizeof version, "%llu", w->version);
    if (w->form == FORM_TABLE)
        emit(w, out, "BOOKMARK",
             json_pack("{s:s, s:s, s:{s:s}, s:[], s:[{s:[], s:{s:s, s:s, s:{s:s, s:n}}}]}", "kind",
                       "Table", "apiVersion", "meta.k8s.io/v1", "metadata", "resourceVersion",
                       version, "columnDefinitions", "rows", "cells", "object", "kind",
                       "PartialObjectMetadata", "apiVersion", "meta.k8s.io/v1", "metadata",
                       "resourceVersion", version, "creationTimestamp"));
    else
        emit(w, out, "BOOKMARK",
             json_pack("{s:s, s:s, s:{s:s, s:n}}", "kind",
                       w->form == FORM_METADATA ? "PartialObjectMetadata"
                                                : w->target.table->kind->kind,
                       "apiVersion", w->form == FORM_METADATA ? "meta.k8s.io/v1" : gv, "metadata",
                       "resourceVersion", version, "creationTimestamp"));
    free(gv);
    w->bookmark_at = monotonic() + BOOKMARK_EVERY;
}

static bool concerns(const struct watch *w, const json_t *object)
{
    return object && (!*w->target.ns || !strcmp(meta_text(object, "namespace"), w->target.ns)) &&
           selector_matches(w->selector, object);
}

static void emit_initial(struct watch *w, struct buffer *out)
{
    const struct table *table = w->target.table;

    for (size_t i = 0; i < table->n; i++)
        if (concerns(w, table->rows[i].object))
            emit_object(w, out, "ADDED", table->rows[i].object);
    w->initial = false;
    w->version = w->world->store->version;
}

/* An object that starts or stops to match the selector is added or deleted for this watch. */
static void emit_event(struct watch *w, struct buffer *out, const struct event *e)
{
    bool before = concerns(w, e->before), now = e->type != EVENT_DELETED && concerns(w, e->object);

    if (now)
        emit_object(w, out, before ? "MODIFIED" : "ADDED", e->object);
    else if (before && e->type == EVENT_DELETED)
        emit_object(w, out, "DELETED", e->object);
    else if (before) {
        json_t *last = json_copy(e->before),
               *meta = json_copy(json_object_get(e->before, "metadata"));

        json_object_set(meta, "resourceVersion",
                        json_object_get(json_object_get(e->object, "metadata"), "resourceVersion"));
        json_object_set_new(last, "metadata", meta);
        emit_object(w, out, "DELETED", last);
        json_decref(last);
    }
}

static void emit_events(struct watch *w, struct buffer *out)
{
    const struct table *table = w->target.table;
    size_t low = 0, high = table->n_events;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (table_event(table, middle)->version <= w->version)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < table->n_events && out->len < MAX_CHUNK; low++) {
        emit_event(w, out, table_event(table, low));
        w->version = table_event(table, low)->version;
    }
}

/* Nothing to send: waits for a change, at most a second. */
static void wait_for_change(struct watch *w)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)WAIT_SECONDS;
    pthread_cond_timedwait(&w->target.table->changed, &w->world->lock, &until);
}

static void produce(struct watch *w, struct buffer *out)
{
    struct table *table = w->target.table;

    if (table->absent || w->world->stopping) {
        w->finished = true;
        return;
    }
    if (w->initial)
        emit_initial(w, out);
    if (w->version < table->forgotten) {
        char *message =
            format_text("too old resource version: %llu (%llu)", w->version, table->forgotten);

        emit_status(w, out, 410, "Expired", message);
        free(message);
        return;
    }
    emit_events(w, out);
    if (monotonic() >= w->deadline) {
        w->finished = true;
    } else if (!out->len && w->bookmarks && monotonic() >= w->bookmark_at) {
        w->version = w->world->store->version;
        emit_bookmark(w, out);
    }
}

static bool watch_next(struct sim_stream *stream, char **chunk, size_t *len)
{
    struct watch *w = (struct watch *)stream;
    struct buffer out = {0};

    if (w->finished)
        return false;
    pthread_mutex_lock(&w->world->lock);
    produce(w, &out);
    if (!out.len && !w->finished) {
        wait_for_change(w);
        produce(w, &out);
    }
    pthread_mutex_unlock(&w->world->lock);
    *len = out.len;
    *chunk = out.data;
    return out.len || !w->finished;
}

static void watch_close(struct sim_stream *stream)
{
    struct watch *w = (struct watch *)stream;

    selector_free(w->selector);
    free((char *)w->target.version);
    free(w->target.group);
    free(w->target.resource);
    free(w->target.ns);
    free(w->target.name);
    free(w->target.subresource);
    free(w->include);
    free(w);
}

static bool flag(const struct sim_request *request, const char *name)
{
    const char *value = request_query(request, name);

    return value && (!strcmp(value, "true") || !strcmp(value, "1"));
}

void kube_watch(struct world *world, const struct sim_request *request, const struct target *t,
                struct sim_reply *reply)
{
    const char *version = request_query(request, "resourceVersion"),
               *timeout = request_query(request, "timeoutSeconds");
    const char *include = request_query(request, "includeObject");
    struct selector *selector;
    struct watch *w;

    if (request_query(request, "sendInitialEvents")) {
        const char *why =
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";

        reply_status(reply, 422, "Invalid",
                     json_pack("{s:s, s:s, s:[{s:s, s:s+, s:s}]}", "group", "meta.k8s.io", "kind",
                               "ListOptions", "causes", "reason", "FieldValueForbidden", "message",
                               "Forbidden: ", why, "field", "sendInitialEvents"),
                     "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: %s",
                     why);
        return;
    }
    selector = selector_new(request, t, reply);
    if (!selector)
        return;
    w = xcalloc(1, sizeof *w);
    w->stream = (struct sim_stream){watch_next, watch_close};
    w->world = world;
    w->selector = selector;
    w->form = request_form_wanted(request);
    w->include = include ? xstrdup(include) : NULL;
    w->target = (struct target){
        t->table,       xstrdup(t->version), xstrdup(t->group),      xstrdup(t->resource),
        xstrdup(t->ns), xstrdup(t->name),    xstrdup(t->subresource)};
    w->version = version ? strtoull(version, NULL, 10) : 0;
    w->initial = w->version == 0;
    w->bookmarks = flag(request, "allowWatchBookmarks");
    w->bookmark_at = monotonic() + BOOKMARK_EVERY;
    w->deadline = monotonic() +
                  (timeout && strtod(timeout, NULL) > 0 ? strtod(timeout, NULL) : DEFAULT_TIMEOUT);
    reply->status = 200;
    reply->content_type = "application/json";
    reply->stream = &w->stream;
}
