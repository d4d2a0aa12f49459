/* One exchange with the API server: credential, request, one more try after a 401. */
#include "kube.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_HEADERS = 24 };

struct kube_exchange {
    struct kube_source *source;
    struct kube_exchange *next;
    uint64_t id, login_id, http_id;
    char *method, *target, *accept, *content_type, *body;
    enum http_intent intent;
    int64_t deadline_ms;
    http_chunk *chunk;
    http_done *done;
    void *ctx;
    bool retried;
};

static void begin(struct kube_exchange *);

static void unlink_exchange(struct kube_exchange *x)
{
    struct kube_exchange **at = &x->source->exchanges;
    while (*at && *at != x)
        at = &(*at)->next;
    if (*at)
        *at = x->next;
}

static void free_exchange(struct kube_exchange *x)
{
    free(x->method);
    free(x->target);
    free(x->accept);
    free(x->content_type);
    free(x->body);
    free(x);
}

static void finish(struct kube_exchange *x, const struct http_reply *reply)
{
    http_done *done = x->done;
    void *ctx = x->ctx;
    unlink_exchange(x);
    free_exchange(x);       /* first: the callee may stop the whole source */
    done(ctx, reply);
}

static bool on_chunk(void *ctx, const char *bytes, size_t len)
{
    struct kube_exchange *x = ctx;
    return x->chunk(x->ctx, bytes, len);
}

static void on_done(void *ctx, const struct http_reply *reply)
{
    struct kube_exchange *x = ctx;
    x->http_id = 0;
    if (reply->status == 401 && !x->retried) {
        x->retried = true;
        kube_login_reject(x->source->login);
        begin(x);
        return;
    }
    finish(x, reply);
}

static void on_credential(void *ctx, const struct kube_credential *credential, const struct error *err)
{
    struct kube_exchange *x = ctx;
    x->login_id = 0;
    if (!credential) {
        struct http_reply reply = {.body = ""};
        if (err)
            reply.error = *err;
        if (!reply.error.code)
            error_set(&reply.error, ERR_CREDENTIAL, "there is no credential for the API server");
        finish(x, &reply);
        return;
    }
    const char *headers[MOST_HEADERS + 1] = {0};
    size_t n = 0;
    FREE_AUTO char *accept = xasprintf("Accept: %s", x->accept ? x->accept : "application/json");
    FREE_AUTO char *type = x->content_type ? xasprintf("Content-Type: %s", x->content_type) : NULL;
    headers[n++] = accept;
    if (type)
        headers[n++] = type;
    for (size_t i = 0; credential->headers && credential->headers[i] && n < MOST_HEADERS; i++)
        headers[n++] = credential->headers[i];
    int timeout = x->source->ctx.settings->timeout_s;
    struct http_request request = {
        .to = credential->endpoint, .method = x->method, .target = x->target, .headers = headers, .body = x->body,
        .body_len = x->body ? strlen(x->body) : 0, .bearer = credential->bearer, .basic = credential->basic,
        .intent = x->intent, .timeout_ms = (timeout > 0 ? timeout : 10) * 1000, .deadline_ms = x->deadline_ms,
    };
    x->http_id = http_send(x->source->ctx.http, &request, x->chunk ? on_chunk : NULL, on_done, x);
}

static void begin(struct kube_exchange *x)
{
    x->login_id = kube_login_get(x->source->login, on_credential, x);
}

uint64_t kube_send(struct kube_source *source, const struct kube_ask *ask, http_chunk *chunk, http_done *done, void *ctx)
{
    struct kube_exchange *x = xcalloc(1, sizeof *x);
    *x = (struct kube_exchange){
        .source = source, .next = source->exchanges, .id = ++source->last_id, .method = xstrdup(ask->method),
        .target = xstrdup(ask->target), .accept = xstrdup(ask->accept), .content_type = xstrdup(ask->content_type),
        .body = xstrdup(ask->body), .intent = ask->intent, .deadline_ms = ask->deadline_ms, .chunk = chunk, .done = done,
        .ctx = ctx,
    };
    source->exchanges = x;
    uint64_t id = x->id;
    begin(x);
    return id;
}

static void cancel(struct kube_exchange *x)
{
    if (x->login_id)
        kube_login_cancel(x->source->login, x->login_id);
    if (x->http_id)
        http_cancel(x->source->ctx.http, x->http_id);
    unlink_exchange(x);
    free_exchange(x);
}

void kube_call_cancel(struct kube_source *source, uint64_t id)
{
    for (struct kube_exchange *x = source->exchanges; x && id; x = x->next) {
        if (x->id == id) {
            cancel(x);
            return;
        }
    }
}

void kube_cancel_all(struct kube_source *source)
{
    while (source->exchanges)
        cancel(source->exchanges);
}

uint64_t kube_call(struct kube_source *source, const struct kube_call *call, http_done *done, void *ctx)
{
    struct kube_ask ask = {.method = call->method, .target = call->path, .accept = call->accept,
                           .content_type = call->content_type, .body = call->body, .intent = call->intent};
    return kube_send(source, &ask, NULL, done, ctx);
}

int64_t kube_backoff(int attempt, const struct http_reply *reply)
{
    double wait = 0;
    if (reply)
        wait = reply->error.retry_after > 0 ? reply->error.retry_after : reply->status ? http_retry_after(reply) : 0;
    return http_backoff_ms(attempt, BACKOFF_BASE_MS, BACKOFF_CAP_MS, wait, arc4random() / 4294967296.0);
}
