/* WATCH: events into the store, one line at a time (kubernetes.md 1.6). */
#include "kube.h"

#include <stdlib.h>
#include <string.h>

static void opened(struct kube_list *l)
{
    struct source_state *state = kube_list_state(l);
    bool news = state->status != SOURCE_LIVE;
    state->good_mono_ms = clock_mono_ms();
    if (!news)
        return;
    state->status = SOURCE_LIVE;
    state->error = (struct error){0};
    state->next_mono_ms = -1;
    kube_changed(l->source);
}

static void remember_version(struct kube_list *l, const json_t *object)
{
    const char *version = json_string_value(json_object_get(json_object_get(object, "metadata"), "resourceVersion"));
    if (!version || !*version)
        return;
    free(l->resource_version);
    l->resource_version = xstrdup(version);
}

/* An ERROR event carries a Status: as the reply of the same code. */
static bool take_error(struct kube_list *l, const json_t *status)
{
    json_int_t code = json_integer_value(json_object_get(status, "code"));
    const char *message = json_string_value(json_object_get(status, "message"));
    FREE_AUTO char *clean = text_clean_dup(message ? message : "", message ? strlen(message) : 0, false);
    enum error_code ours = code == 410 ? ERR_GONE : code == 429 ? ERR_THROTTLED : code >= 500 ? ERR_SERVER : ERR_PROTOCOL;
    error_set(&l->stream_error, ours, "%s: the watch was ended by the server: %s", l->name, str_or(clean, "no reason given"));
    l->relist = ours == ERR_GONE || ours == ERR_PROTOCOL;
    return false;
}

static bool on_line(void *ctx, const char *line, size_t len)
{
    struct kube_list *l = ctx;
    json_t *event = json_loadb(line, len, 0, NULL);
    const char *type = json_string_value(json_object_get(event, "type"));
    const json_t *object = json_object_get(event, "object");
    bool more = true;
    if (!type || !json_is_object(object)) {
        error_set(&l->stream_error, ERR_PROTOCOL, "%s: the watch sent a line that is not an event", l->name);
        l->relist = true;
        more = false;
    } else if (str_eq(type, "ERROR")) {
        more = take_error(l, object);
    } else {
        bool deleted = str_eq(type, "DELETED");
        if (deleted || str_eq(type, "ADDED") || str_eq(type, "MODIFIED")) {
            kube_list_put(l, object, deleted);
            kube_changed(l->source);
        }
        remember_version(l, object);    /* of any event, bookmarks and types to come included */
    }
    json_decref(event);
    return more;
}

static bool on_piece(void *ctx, const char *bytes, size_t len)
{
    struct kube_list *l = ctx;
    opened(l);
    bool more = watch_lines_feed(&l->lines, bytes, len, on_line, l, &l->stream_error);
    kube_list_state(l)->objects = store_count(l->source->ctx.store, l->kind, l->scope);
    return more;
}

static void on_end(void *ctx, const struct http_reply *reply)
{
    enum { SHORT_MS = 1000 };
    struct kube_list *l = ctx;
    bool gone = reply->status == 410 || l->stream_error.code == ERR_GONE;
    bool cut = l->lines.partial.len > 0;
    l->exchange = 0;
    watch_lines_reset(&l->lines);
    l->phase = LIST_IDLE;
    if (gone) {
        kube_list_start(l);     /* list again; the old data stays until the new is whole */
        return;
    }
    if (l->stream_error.code) {
        struct http_reply ours = {.body = "", .error = l->stream_error};
        kube_list_failed(l, &ours);
        return;
    }
    if (reply->error.code != ERR_NONE) {
        kube_list_failed(l, reply);
        return;
    }
    /* The server's own end is no news: go on from the last version. But not in a circle. */
    if (cut || clock_mono_ms() - l->opened_ms < SHORT_MS)
        kube_list_retry(l, kube_backoff(1, NULL), false);
    else
        kube_list_watch(l);
}

void kube_list_watch(struct kube_list *l)
{
    int seconds = WATCH_MIN_S + (int)arc4random_uniform(WATCH_MAX_S - WATCH_MIN_S);
    TEXT_AUTO query = {0};
    text_puts(&query, "watch=true&allowWatchBookmarks=true&resourceVersion=");
    kube_encode(&query, l->resource_version);
    text_printf(&query, "&timeoutSeconds=%d", seconds);
    FREE_AUTO char *target = kube_list_target(l, text_str(&query));
    const char *accept = l->metadata_only ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
                                          : "application/json";
    struct kube_ask ask = {.method = "GET", .target = target, .accept = accept,
                           .deadline_ms = seconds * 1000 + WATCH_GRACE_MS};
    l->phase = LIST_WATCHING;
    l->relist = false;
    l->stream_error = (struct error){0};
    l->opened_ms = clock_mono_ms();
    kube_list_state(l)->tried_mono_ms = l->opened_ms;
    l->exchange = kube_send(l->source, &ask, on_piece, on_end, l);
}
