/* LIST: pages into the store. The old data stays until the new list is whole. */
#include "kube.h"

#include <stdlib.h>
#include <string.h>

#include "list_page.h"

static void get_single(struct kube_list *);

struct source_state *kube_list_state(struct kube_list *l)
{
    struct source_state *state = store_source(l->source->ctx.store, l->name);
    state->kind = (int)l->kind;
    state->origin = ORIGIN_KUBERNETES;
    return state;
}

/* "{responder}" stands for the Service's name in settings. */
static char *fill_selector(const char *selector, const struct settings *settings)
{
    static const char mark[] = "{responder}";
    const char *at = strstr(selector, mark);
    if (!at)
        return xstrdup(selector);
    const char *name = str_or(settings->responder.service, "health-responder");
    return xasprintf("%.*s%s%s", (int)(at - selector), selector, name, at + sizeof mark - 1);
}

struct kube_list *kube_list_add(struct kube_source *s, enum kind_id kind, const struct kind_list *list)
{
    struct kube_list *l = xcalloc(1, sizeof *l);
    l->source = s;
    l->kind = kind;
    l->name = xstrdup(list ? list->name : kinds[kind]->plural);
    l->scope = list ? xstrdup(list->name) : NULL;
    l->selector = list ? fill_selector(list->selector, s->ctx.settings) : xstrdup("");
    l->metadata_only = list ? list->metadata_only : kinds[kind]->metadata_only;
    l->optional = kinds[kind]->optional;
    l->keep = list ? list->keep : NULL;
    struct kube_list **end = &s->lists;
    while (*end)
        end = &(*end)->next;
    *end = l;
    kube_list_state(l);
    return l;
}

void kube_list_stop(struct kube_list *l)
{
    kube_call_cancel(l->source, l->exchange);
    loop_cancel(l->source->ctx.loop, l->timer);
    l->exchange = l->timer = 0;
    if (l->phase == LIST_LISTING)
        store_relist_abort(l->source->ctx.store, l->kind, l->scope);
    watch_lines_reset(&l->lines);
    l->phase = LIST_IDLE;
}

void kube_list_free(struct kube_list *l)
{
    free(l->name);
    free(l->scope);
    free(l->selector);
    free(l->namespace);
    free(l->single);
    free(l->resource_version);
    free(l->token);
    free(l);
}

char *kube_list_target(const struct kube_list *l, const char *query)
{
    FREE_AUTO char *path = kube_path(l->source, kinds[l->kind], l->namespace, NULL);
    return xasprintf("%s?%s%s%s", path ? path : "/", query, *l->selector ? "&" : "", l->selector);
}

bool kube_list_put(struct kube_list *l, const json_t *json, bool deleted)
{
    struct store *store = l->source->ctx.store;
    struct error err = {0};
    const struct object *o = object_decode(kinds[l->kind], json, &err);
    if (!o) {
        log_line(LOG_WARN, "%s: %s", l->name, err.message);
        return false;
    }
    if (!deleted && (!l->keep || l->keep(o))) {
        store_upsert_scoped(store, o, l->scope);
        return true;
    }
    store_remove_scoped(store, l->kind, o->namespace, o->name, l->scope);
    object_unref(o);
    return true;
}

/* ---- outcomes --------------------------------------------------------------------------------------------------------- */

static void on_timer(void *ctx)
{
    struct kube_list *l = ctx;
    l->timer = 0;
    l->phase = LIST_IDLE;
    if (l->relist || !l->resource_version)
        kube_list_start(l);
    else
        kube_list_watch(l);
}

void kube_list_retry(struct kube_list *l, int64_t after_ms, bool relist)
{
    loop_cancel(l->source->ctx.loop, l->timer);
    l->relist = relist;
    l->phase = LIST_WAITING;
    l->timer = loop_timer(l->source->ctx.loop, after_ms, on_timer, l);
    kube_list_state(l)->next_mono_ms = clock_mono_ms() + after_ms;
}

static void forget(struct kube_list *l)
{
    store_relist_begin(l->source->ctx.store, l->kind, l->scope);
    store_relist_end(l->source->ctx.store, l->kind, l->scope);
    l->has_data = false;
    l->objects = 0;
}

void kube_list_absent(struct kube_list *l)
{
    kube_list_stop(l);
    forget(l);
    struct source_state *state = kube_list_state(l);
    state->status = SOURCE_ABSENT;
    state->error = (struct error){0};
    state->objects = 0;
    state->expected = state->next_mono_ms = -1;
    state->good_mono_ms = clock_mono_ms();
    l->version = NULL;
    l->answered = true;
    kube_changed(l->source);
}

/* Any failure of a list or a watch. What is known stays; the state says since when it is old. */
void kube_list_failed(struct kube_list *l, const struct http_reply *reply)
{
    struct source_state *state = kube_list_state(l);
    int64_t now = clock_mono_ms();
    bool was_listing = l->phase == LIST_LISTING;
    if (was_listing)
        store_relist_abort(l->source->ctx.store, l->kind, l->scope);
    watch_lines_reset(&l->lines);
    l->phase = LIST_IDLE;
    l->answered = true;
    state->error = reply->error;
    state->expected = -1;
    state->objects = l->has_data ? store_count(l->source->ctx.store, l->kind, l->scope) : 0;
    kube_changed(l->source);
    if (reply->status == 404) {
        kube_list_absent(l);
        kube_discover_soon(l->source);
        return;
    }
    if (reply->status == 403) {
        state->status = SOURCE_FORBIDDEN;
        kube_list_retry(l, REDISCOVER_MS, true);    /* rights do change, but rarely */
        return;
    }
    state->status = l->has_data ? SOURCE_STALE : SOURCE_FAILED;
    if (l->failed_ms && now - l->failed_ms > QUIET_MS)
        l->attempt = 0;
    l->failed_ms = now;
    /* A refresh did not help: asking again starts the login's plugin anew, so not too often. */
    int64_t delay = kube_backoff(++l->attempt, reply);
    kube_list_retry(l, reply->status == 401 ? POLL_MS : delay, was_listing || l->relist);
}

/* ---- listing ------------------------------------------------------------------------------------------------------------ */

static void ask_page(struct kube_list *);

static void on_item(void *ctx, json_t *item)
{
    struct kube_list *l = ctx;
    l->objects += kube_list_put(l, item, false);
}

static void finish_list(struct kube_list *l, struct list_meta *meta)
{
    struct source_state *state = kube_list_state(l);
    store_relist_end(l->source->ctx.store, l->kind, l->scope);
    free(l->resource_version);
    l->resource_version = xstrdup(meta->resource_version);
    l->answered = l->has_data = true;
    l->relist = l->restarted = l->whole = false;
    l->phase = LIST_IDLE;
    state->status = SOURCE_LIVE;
    state->good_mono_ms = clock_mono_ms();
    state->next_mono_ms = state->expected = -1;
    state->objects = store_count(l->source->ctx.store, l->kind, l->scope);
    state->error = (struct error){0};
    kube_changed(l->source);
    kube_list_watch(l);
}

static void take_page(struct kube_list *l, const struct http_reply *reply)
{
    struct list_meta meta = {.remaining = -1};
    struct http_reply damaged = {.body = ""};
    if (!list_page_read(reply->body, reply->len, on_item, l, &meta, &damaged.error)) {
        error_wrap(&damaged.error, "%s", l->name);
        kube_list_failed(l, &damaged);
        return;
    }
    struct source_state *state = kube_list_state(l);
    state->objects = l->objects;
    state->expected = meta.remaining >= 0 ? (int64_t)l->objects + meta.remaining : -1;
    if (*meta.next) {
        free(l->token);
        l->token = xstrdup(meta.next);
        kube_changed(l->source);
        ask_page(l);
    } else {
        finish_list(l, &meta);
    }
    list_meta_free(&meta);
}

static void on_page(void *ctx, const struct http_reply *reply)
{
    struct kube_list *l = ctx;
    l->exchange = 0;
    if (reply->error.code == ERR_NONE) {
        take_page(l, reply);
    } else if (reply->status == 410 && !l->restarted) {
        /* The page token expired: again from the start, and this time in one piece (kubernetes.md 1.5). */
        store_relist_abort(l->source->ctx.store, l->kind, l->scope);
        l->phase = LIST_IDLE;
        l->restarted = l->whole = true;
        kube_list_start(l);
    } else if (reply->status == 403 && l->single) {
        store_relist_abort(l->source->ctx.store, l->kind, l->scope);
        l->getting = true;
        get_single(l);
    } else {
        l->restarted = l->whole = false;
        kube_list_failed(l, reply);
    }
}

static void ask_page(struct kube_list *l)
{
    TEXT_AUTO query = {0};
    if (l->whole)
        text_puts(&query, "resourceVersion=");
    else
        text_printf(&query, "limit=%d", PAGE);
    if (l->token) {
        text_puts(&query, "&continue=");
        kube_encode(&query, l->token);
    }
    FREE_AUTO char *target = kube_list_target(l, text_str(&query));
    const char *accept = l->metadata_only ? "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
                                          : "application/json";
    l->exchange = kube_send(l->source, &(struct kube_ask){.method = "GET", .target = target, .accept = accept}, NULL,
                            on_page, l);
}

void kube_list_start(struct kube_list *l)
{
    bool whole = l->whole, restarted = l->restarted;
    kube_list_stop(l);
    l->whole = whole;
    l->restarted = restarted;
    struct source_state *state = kube_list_state(l);
    state->tried_mono_ms = clock_mono_ms();
    state->next_mono_ms = -1;
    if (state->status == SOURCE_ABSENT)
        state->status = SOURCE_PENDING;
    l->phase = LIST_LISTING;
    l->objects = 0;
    free(l->token);
    l->token = NULL;
    if (l->getting) {
        get_single(l);
        return;
    }
    store_relist_begin(l->source->ctx.store, l->kind, l->scope);
    ask_page(l);
}

/* ---- one object that may be read but not listed ------------------------------------------------------------------------------ */

static void on_single(void *ctx, const struct http_reply *reply)
{
    struct kube_list *l = ctx;
    l->exchange = 0;
    bool gone = reply->status == 404;
    if (reply->error.code != ERR_NONE && !gone) {
        l->getting = false;
        kube_list_failed(l, reply);
        return;
    }
    json_t *body = gone ? NULL : json_loadb(reply->body, reply->len, 0, NULL);
    if (gone)
        store_remove_scoped(l->source->ctx.store, l->kind, l->namespace, l->single, l->scope);
    else if (body)
        kube_list_put(l, body, false);
    json_decref(body);
    struct source_state *state = kube_list_state(l);
    state->status = SOURCE_LIVE;
    state->good_mono_ms = clock_mono_ms();
    state->objects = store_count(l->source->ctx.store, l->kind, l->scope);
    state->error = (struct error){0};
    l->answered = l->has_data = true;
    kube_list_retry(l, POLL_MS, true);
    kube_changed(l->source);
}

static void get_single(struct kube_list *l)
{
    FREE_AUTO char *path = kube_path(l->source, kinds[l->kind], l->namespace, l->single);
    l->phase = LIST_IDLE;
    l->exchange = kube_send(l->source, &(struct kube_ask){.method = "GET", .target = path ? path : "/"}, NULL, on_single, l);
}
