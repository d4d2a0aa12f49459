/* The home side: requests are checked here (gate, host, credentials) before the wire thread sees them, and every reply is
 * given to its caller on the loop that opened us. */
#include <gatewatch/http.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "http/gate.h"
#include "http/reply.h"
#include "http/wire.h"

/* Who waits for an exchange. Lives until the exchange comes back, also when nobody listens any more: a piece that was
 * on its way finds it, and sees that. */
struct waiter {
    struct http *http;
    uint64_t id;
    http_chunk *chunk;
    http_done *done;
    void *ctx;
    bool silent;            /* cancelled: no callback follows */
    bool ended;             /* its chunk function said no more */
    struct waiter *next, **self;
};

struct http {
    struct loop *home;
    struct wire *wire;
    struct channel *arrivals;
    struct waiter *waiters;
    uint64_t last_id;
    bool read_only, closing;
    int depth;              /* inside callbacks */
    struct http_stats stats;
};

/* ---- exchanges ---- */

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    endpoint_unref(x->to);
    secret_unref(x->bearer);
    secret_unref(x->basic);
    for (char **h = x->headers; h && *h; h++) {
        secret_wipe(*h, strlen(*h));
        free(*h);
    }
    free(x->headers);
    if (x->body)
        secret_wipe(x->body, x->body_len);      /* a token request holds a secret, its reply a token */
    free(x->body);
    if (x->reply.s)
        secret_wipe(x->reply.s, x->reply.len);
    text_free(&x->reply);
    text_free(&x->reply_headers);
    free(x->method);
    free(x->url);
    free(x);
}

static char **copy_headers(const char *const *headers)
{
    size_t n = 0;
    while (headers && headers[n])
        n++;
    char **copy = xcalloc(n + 1, sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = xstrdup(headers[i]);
    return copy;
}

static bool carries_secret(const struct http_request *r)
{
    if (r->bearer || r->basic)
        return true;
    for (const char *const *h = r->headers; h && *h; h++)
        if (strncasecmp(*h, "Authorization:", 14) == 0)
            return true;
    return false;
}

static bool plain_secret(const struct secret *s)
{
    return !s || strcspn(secret_reveal(s), "\r\n") == secret_len(s);
}

/* What keeps a request from being sent at all. */
static bool check(const struct http *http, const struct http_request *r, struct exchange *x)
{
    struct error *err = &x->error;
    if (!gate_allows(http->read_only, r->method, r->target, r->intent, err))
        return false;
    for (const char *const *h = r->headers; h && *h; h++)
        if (!gate_allows_header(*h, err))
            return false;
    if (!r->to)
        return error_set(err, ERR_INTERNAL, "a request has no endpoint");
    x->url = endpoint_resolve(r->to, r->target, err);
    if (!x->url)
        return false;
    if (carries_secret(r) && !endpoint_takes_secrets(r->to)) {
        error_set(err, ERR_REFUSED, "a credential is not sent to %s over plain http", r->to->label);
        return error_remedy(err, "use its https address");
    }
    if (!plain_secret(r->bearer) || !plain_secret(r->basic))
        return error_set(err, ERR_CREDENTIAL, "the credential for %s holds a line break or a NUL byte", r->to->label);
    return true;
}

static struct exchange *exchange_new(const struct http_request *r)
{
    struct exchange *x = xcalloc(1, sizeof *x);
    x->to = endpoint_ref(r->to);
    x->method = xstrdup(str_or(r->method, ""));
    x->headers = copy_headers(r->headers);
    x->bearer = r->bearer ? secret_ref(r->bearer) : NULL;
    x->basic = r->basic ? secret_ref(r->basic) : NULL;
    if (r->body) {
        x->body = xcalloc(1, r->body_len + 1);
        memcpy(x->body, r->body, r->body_len);
        x->body_len = r->body_len;
    }
    x->timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : DEFAULT_TIMEOUT_MS;
    x->deadline_ms = r->deadline_ms;
    x->max_body = r->max_body ? r->max_body : DEFAULT_BODY;
    x->reply.max = x->max_body > MAX_ERROR_BODY ? x->max_body + 1 : MAX_ERROR_BODY + 1;
    x->follow = r->follow;
    x->writes = r->intent == HTTP_WRITE;
    return x;
}

/* ---- arrivals ---- */

static void log_exchange(const struct exchange *x, int status)
{
    const char *path = strstr(x->url ? x->url : "", "://");
    path = path ? path + 3 : "(not sent)";
    char clean[300];
    text_clean(clean, sizeof clean, path, strcspn(path, "?"), false);
    log_line(x->error.code ? LOG_INFO : LOG_DEBUG, "http %s %s -> %d in %lld ms%s%s", x->method, clean, status,
             (long long)x->elapsed_ms, x->error.code ? ": " : "", x->error.message);
}

static void answer(struct waiter *waiter, struct exchange *x)
{
    struct http *http = waiter->http;
    struct http_reply reply = {
        .status = x->error.code ? 0 : x->status,
        .error = x->error,
        .body = text_str(&x->reply),
        .len = x->reply.len,
        .elapsed_ms = x->elapsed_ms,
        .headers = &x->reply_headers,
    };
    if (waiter->ended)
        error_set(&reply.error, ERR_CANCELLED, "the stream was ended");
    else if (!x->error.code && (x->status < 200 || x->status > 299))
        reply_explain(&reply, x->to->label, &reply.error);
    if (reply.error.code && reply.error.code != ERR_CANCELLED)
        http->stats.failed++;
    http->stats.bytes_in += x->bytes_in;
    http->stats.bytes_out += x->bytes_out;
    x->error = reply.error;
    log_exchange(x, x->status);
    waiter->done(waiter->ctx, &reply);
}

static void take_back(struct http *http, struct exchange *x)
{
    struct waiter *waiter = x->waiter;
    *waiter->self = waiter->next;
    if (waiter->next)
        waiter->next->self = waiter->self;
    http->stats.in_flight--;
    if (!waiter->silent)
        answer(waiter, x);
    free(waiter);
    exchange_free(x);
}

static void take_piece(struct http *http, const struct arrival *piece)
{
    struct exchange *x = piece->exchange;
    struct waiter *waiter = x->waiter;
    size_t left = atomic_fetch_sub(&x->unread, piece->len) - piece->len;
    if (left <= STREAM_LOW && atomic_exchange(&x->paused, false))
        wire_resume(http->wire, waiter->id);
    if (waiter->silent || waiter->ended)
        return;
    if (!waiter->chunk(waiter->ctx, piece->bytes, piece->len) && !waiter->silent) {
        waiter->ended = true;
        wire_cancel(http->wire, waiter->id);
    }
}

static void close_now(struct http *http)
{
    struct arrival *arrival;
    loop_unwatch(http->home, channel_fd(http->arrivals));
    wire_stop(http->wire);
    while ((arrival = channel_pop(http->arrivals))) {
        if (!arrival->bytes) {
            free(arrival->exchange->waiter);
            exchange_free(arrival->exchange);
        }
        free(arrival->bytes);
        free(arrival);
    }
    channel_free(http->arrivals);
    free(http);
}

static void on_arrivals(void *ctx, int fd, short revents)
{
    enum { A_TURN = 128 };      /* then others on this loop have theirs */
    struct http *http = ctx;
    struct arrival *arrival;
    (void)fd, (void)revents;
    http->depth++;
    for (int i = 0; i < A_TURN && !http->closing && (arrival = channel_pop(http->arrivals)); i++) {
        if (arrival->bytes)
            take_piece(http, arrival);
        else
            take_back(http, arrival->exchange);
        free(arrival->bytes);
        free(arrival);
    }
    if (--http->depth == 0 && http->closing)
        close_now(http);
}

/* ---- the door ---- */

struct http *http_open(struct loop *home, const struct http_options *options, struct error *err)
{
    struct http *http = xcalloc(1, sizeof *http);
    http->home = home;
    http->read_only = options->read_only;
    http->arrivals = channel_new();
    struct wire_options wire = {
        .arrivals = http->arrivals,
        .user_agent = str_or(options->user_agent, "gatewatch/" GATEWATCH_VERSION),
        .max_per_host = options->max_connections_per_host > 0 ? options->max_connections_per_host : 16,
    };
    http->wire = wire_start(&wire, err);
    if (!http->wire) {
        channel_free(http->arrivals);
        free(http);
        return NULL;
    }
    loop_watch(home, channel_fd(http->arrivals), POLLIN, on_arrivals, http);
    return http;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    http->closing = true;
    for (struct waiter *w = http->waiters; w; w = w->next)
        w->silent = true;
    if (http->depth == 0)
        close_now(http);
}

uint64_t http_send(struct http *http, const struct http_request *request, http_chunk *chunk, http_done *done, void *ctx)
{
    struct exchange *x = exchange_new(request);
    struct waiter *w = xcalloc(1, sizeof *w);
    *w = (struct waiter){.http = http, .id = ++http->last_id, .chunk = chunk, .done = done, .ctx = ctx};
    w->next = http->waiters;
    w->self = &http->waiters;
    if (w->next)
        w->next->self = &w->next;
    http->waiters = w;
    x->id = w->id;
    x->waiter = w;
    x->stream = chunk != NULL;
    http->stats.requests++;
    http->stats.in_flight++;
    if (check(http, request, x)) {
        wire_send(http->wire, x);
    } else {
        struct arrival *refused = xcalloc(1, sizeof *refused);
        refused->exchange = x;
        channel_push(http->arrivals, refused);
    }
    return w->id;
}

void http_cancel(struct http *http, uint64_t id)
{
    struct waiter *w = http->waiters;
    while (w && w->id != id)
        w = w->next;
    if (!id || !w || w->silent)
        return;
    w->silent = true;
    wire_cancel(http->wire, id);
}

struct http_stats http_stats(const struct http *http)
{
    return http->stats;
}
