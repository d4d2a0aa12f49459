#include "unit/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loop *loop;
struct http *http;
static bool too_late;

void on_done(void *ctx, const struct http_reply *reply)
{
    struct answer *a = ctx;
    a->dones++;
    a->status = reply->status;
    a->error = reply->error;
    if (!a->body) {
        a->body = malloc(reply->len + 1);
        memcpy(a->body, reply->body, reply->len + 1);
        a->len = reply->len;
    }
    const char *header = http_header(reply, "X-TEST");
    snprintf(a->header, sizeof a->header, "%s", header ? header : "");
    a->retry_after = http_retry_after(reply);
    loop_stop(a->loop);
}

bool on_chunk(void *ctx, const char *bytes, size_t len)
{
    struct answer *a = ctx;
    a->chunks++;
    a->opened |= a->chunks == 1 && len == 0;
    if (a->len + len + 1 > a->cap) {
        a->cap = 2 * (a->len + len + 1);
        a->body = realloc(a->body, a->cap);
    }
    memcpy(a->body + a->len, bytes, len);
    a->len += len;
    a->body[a->len] = '\0';
    if (a->cancel_in_chunk) {
        http_cancel(a->http, a->id);
        loop_stop(a->loop);
    }
    return !a->stop_after_chunks || a->chunks < a->stop_after_chunks;
}

static void on_late(void *ctx)
{
    too_late = true;
    loop_stop(ctx);
}

static void on_stop(void *ctx)
{
    loop_stop(ctx);
}

void run_until(struct answer *a, int dones)
{
    too_late = false;
    uint64_t guard = loop_timer(loop, 30000, on_late, loop);
    while (a->dones < dones && !too_late)
        loop_run(loop);
    loop_cancel(loop, guard);
    assert_false(too_late);
}

void run_for(int ms)
{
    loop_timer(loop, ms, on_stop, loop);
    loop_run(loop);
}

struct answer *new_answer(void)
{
    struct answer *a = calloc(1, sizeof *a);
    a->loop = loop;
    a->http = http;
    return a;
}

void free_answer(struct answer *a)
{
    free(a->body);
    free(a);
}

struct endpoint *endpoint_at(const struct fake_server *s, const char *prefix)
{
    char base[100];
    snprintf(base, sizeof base, "%s://127.0.0.1:%d%s", s->tls ? "https" : "http", s->port, prefix);
    struct endpoint_spec spec = {.base = base, .proxy = ""};
    struct error err = {0};
    struct endpoint *e = endpoint_new(&spec, &err);
    if (!e)
        fail_msg("%s", err.message);
    return e;
}

struct answer *get(struct endpoint *e, const char *target)
{
    struct answer *a = new_answer();
    struct http_request r = {.to = e, .method = "GET", .target = target, .timeout_ms = 20000};
    a->id = http_send(http, &r, NULL, on_done, a);
    run_until(a, 1);
    return a;
}

int client_setup(void **state)
{
    (void)state;
    loop = loop_new();
    http = http_open(loop, &(struct http_options){.max_connections_per_host = 2}, NULL);
    return http ? 0 : -1;
}

int client_teardown(void **state)
{
    (void)state;
    http_close(http);
    loop_free(loop);
    return 0;
}

struct answer *stream(struct endpoint *e, const char *target, int timeout_ms, int64_t deadline_ms)
{
    struct answer *a = new_answer();
    struct http_request r = {.to = e, .method = "GET", .target = target, .timeout_ms = timeout_ms,
                             .deadline_ms = deadline_ms};
    a->id = http_send(http, &r, on_chunk, on_done, a);
    return a;
}

void serve_basic(struct fake_conn *c, void *ctx)
{
    (void)ctx;
    if (fake_asked(c, "GET /hello"))
        fake_reply(c, 200, "X-Test: one\r\nx-test:  two \r\n", "hello");
    else if (fake_asked(c, "GET /echo") || fake_asked(c, "POST /"))
        fake_reply(c, 200, "", c->request);
    else if (fake_asked(c, "GET /status"))
        fake_reply(c, 403, "Content-Type: application/json\r\n",
                   "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"pods is forbidden\",\"reason\":\"Forbidden\","
                   "\"code\":403}");
    else if (fake_asked(c, "GET /throttled"))
        fake_reply(c, 429, "Retry-After: 7\r\n", "");
    else if (fake_asked(c, "GET /long-location")) {
        char location[8200];
        memset(location, 'x', sizeof location);
        location[sizeof location - 1] = '\0';
        fake_printf(c, "HTTP/1.1 202 X\r\nX-Test: %s\r\nContent-Length: 0\r\n\r\n", location);
    } else if (fake_asked(c, "GET /headers-without-end")) {
        fake_printf(c, "HTTP/1.1 200 OK\r\n");
        for (int i = 0; i < 3000 && !c->close; i++)
            fake_printf(c, "X-Fill-%d: 0123456789012345678901234567890123456789\r\n", i);
        c->close = true;
    } else if (fake_asked(c, "GET /line-without-end")) {
        fake_printf(c, "HTTP/1.1 200 OK\r\nX-Long: ");
        for (int i = 0; i < 3000 && !c->close; i++)
            fake_printf(c, "0123456789012345678901234567890123456789012345678901234567890123456789");
        c->close = true;
    } else if (fake_asked(c, "GET /cut")) {
        fake_printf(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":");
        c->close = true;
    } else if (fake_asked(c, "GET /cut-chunk")) {
        fake_printf(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe");
        c->close = true;
    } else if (fake_asked(c, "GET /nothing")) {
        c->close = true;
    } else if (fake_asked(c, "GET /garbage")) {
        fake_printf(c, "SSH-2.0-OpenSSH_9.2\r\n");
        c->close = true;
    } else if (fake_asked(c, "GET /huge")) {
        fake_printf(c, "HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n", fake_asked(c, "GET /huge-error") ? 500 : 200);
        for (int i = 0; i < 4000 && !c->close; i++)
            fake_printf(c, "50\r\n%080d\r\n", i);
        fake_printf(c, "0\r\n\r\n");
    } else if (fake_asked(c, "GET /hang")) {
        fake_hang(c);
    } else if (fake_asked(c, "GET /slow-body")) {
        fake_printf(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        fake_hang(c);
    } else {
        fake_reply(c, 404, "", "404 page not found\n");
    }
}
