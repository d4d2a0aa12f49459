/* http/ against a server in this process: replies, bounds, redirects, where secrets go, the gate at work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/http_client.h"

#define TOKEN "eyJhbGciOiJub25lIn0.TOP-SECRET-TOKEN.sig"

/* ---- replies ---- */

static void a_reply_arrives_whole(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = get(e, "/hello");
    assert_int_equal(a->status, 200);
    assert_int_equal(a->error.code, ERR_NONE);
    assert_string_equal(a->body, "hello");
    assert_string_equal(a->header, "two");          /* the last of several, trimmed, whatever the case */
    free_answer(a);
    for (int i = 0; i < 4; i++)
        free_answer(get(e, "/hello"));
    assert_int_equal(atomic_load(&s->connections), 1);
    struct http_stats stats = http_stats(http);
    assert_int_equal(stats.requests, 5);
    assert_int_equal(stats.failed, 0);
    assert_int_equal(stats.in_flight, 0);
    assert_int_equal(stats.bytes_in, 25);
    endpoint_unref(e);
    fake_stop(s);
}

static void the_prefix_of_the_base_is_kept(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "/echo/k8s/clusters/c-x/");
    struct answer *a = get(e, "/api/v1/pods?limit=1&x=a b#fragment");
    assert_true(str_starts(a->body, "GET /echo/k8s/clusters/c-x/api/v1/pods?limit=1&x=a%20b HTTP/1.1\r\n"));
    assert_non_null(strstr(a->body, "\r\nAccept-Encoding: gzip\r\n"));
    assert_non_null(strstr(a->body, "\r\nUser-Agent: gatewatch/"));
    free_answer(a);
    char absolute[100];
    snprintf(absolute, sizeof absolute, "HTTP://127.0.0.1:%d/echo?token=1", s->port);
    a = get(e, absolute);
    assert_true(str_starts(a->body, "GET /echo?token=1 HTTP/1.1\r\n"));
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void an_empty_post_says_its_length(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = new_answer();
    struct http_request r = {.to = e, .method = "POST", .target = "/x", .intent = HTTP_WRITE, .timeout_ms = 20000};
    http_send(http, &r, NULL, on_done, a);
    run_until(a, 1);
    assert_non_null(strstr(a->body, "\r\nContent-Length: 0\r\n"));
    assert_null(strcasestr(a->body, "\r\nContent-Type:"));
    assert_null(strcasestr(a->body, "\r\nExpect:"));
    free_answer(a);

    const char *headers[] = {"Content-Type: application/json", "Impersonate-User: jane", NULL};
    r.body = "{\"a\":1}";
    r.body_len = 7;
    r.headers = headers;
    a = new_answer();
    http_send(http, &r, NULL, on_done, a);
    run_until(a, 1);
    assert_non_null(strstr(a->body, "\r\nContent-Length: 7\r\n"));
    assert_non_null(strstr(a->body, "\r\nImpersonate-User: jane\r\n"));
    assert_non_null(strstr(a->body, "\r\n\r\n{\"a\":1}"));
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void error_replies_carry_their_own_words(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = get(e, "/status");
    assert_int_equal(a->status, 403);
    assert_int_equal(a->error.code, ERR_FORBIDDEN);
    assert_int_equal(a->error.http_status, 403);
    assert_non_null(strstr(a->error.message, "pods is forbidden"));
    assert_non_null(strstr(a->error.message, "127.0.0.1"));
    free_answer(a);
    a = get(e, "/throttled");
    assert_int_equal(a->error.code, ERR_THROTTLED);
    assert_int_equal(a->error.retry_after, 7);
    assert_true(a->retry_after == 7);
    free_answer(a);
    a = get(e, "/absent");
    assert_int_equal(a->error.code, ERR_ABSENT);
    assert_non_null(strstr(a->error.message, "404 page not found"));
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = get(e, "/long-location");
    assert_int_equal(a->error.code, ERR_NONE);
    assert_int_equal(strlen(a->header), 8199);
    free_answer(a);
    a = get(e, "/headers-without-end");
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    assert_non_null(strstr(a->error.message, "headers"));
    free_answer(a);
    a = get(e, "/line-without-end");
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    free_answer(a);

    a = new_answer();
    struct http_request r = {.to = e, .method = "GET", .target = "/huge", .max_body = 100000, .timeout_ms = 20000};
    http_send(http, &r, NULL, on_done, a);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    assert_int_equal(a->status, 0);
    assert_non_null(strstr(a->error.message, "more than 97 KiB"));
    free_answer(a);
    r.max_body = 0;
    a = new_answer();
    http_send(http, &r, NULL, on_done, a);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_NONE);
    assert_int_equal(a->len, 320000);
    free_answer(a);
    a = get(e, "/huge-error");                      /* an error page is cut, and stays the error it is */
    assert_int_equal(a->error.code, ERR_SERVER);
    assert_int_equal(a->status, 500);
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void broken_exchanges_are_named(void **state)
{
    (void)state;
    static const struct { const char *path; enum error_code code; } cases[] = {
        {"/cut", ERR_NETWORK}, {"/cut-chunk", ERR_NETWORK}, {"/nothing", ERR_NETWORK}, {"/garbage", ERR_PROTOCOL},
    };
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer *a = get(e, cases[i].path);
        assert_int_equal(a->error.code, cases[i].code);
        assert_int_equal(a->status, 0);
        assert_non_null(strstr(a->error.message, "127.0.0.1"));
        free_answer(a);
    }
    assert_int_equal(http_stats(http).failed, sizeof cases / sizeof cases[0]);
    endpoint_unref(e);
    fake_stop(s);
}

static struct answer *try_base(const char *base, int timeout_ms)
{
    struct error err = {0};
    struct endpoint *e = endpoint_new(&(struct endpoint_spec){.base = base, .proxy = ""}, &err);
    assert_non_null(e);
    struct answer *a = new_answer();
    struct http_request r = {.to = e, .method = "GET", .target = "/", .timeout_ms = timeout_ms};
    http_send(http, &r, NULL, on_done, a);
    endpoint_unref(e);      /* the exchange keeps its own reference */
    run_until(a, 1);
    return a;
}

static void hosts_that_cannot_be_reached(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    char base[64];
    snprintf(base, sizeof base, "http://127.0.0.1:%d", s->port);
    fake_stop(s);
    struct answer *a = try_base(base, 10000);
    assert_int_equal(a->error.code, ERR_NETWORK);
    assert_non_null(strstr(a->error.message, "refused the connection"));
    assert_true(a->error.remedy[0]);
    free_answer(a);
    a = try_base("https://no-such-host.invalid", 20000);
    assert_true(a->error.code == ERR_NETWORK || a->error.code == ERR_TIMEOUT);
    assert_non_null(strstr(a->error.message, "no-such-host.invalid"));
    assert_non_null(strstr(a->error.message, "resolved"));
    free_answer(a);
}

static void timeouts_say_at_which_step(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    static const struct { const char *path, *words; } cases[] = {
        {"/hang", "did not answer within"}, {"/slow-body", "did not finish its reply within"}};
    for (int i = 0; i < 2; i++) {
        struct answer *a = new_answer();
        struct http_request r = {.to = e, .method = "GET", .target = cases[i].path, .timeout_ms = 300};
        int64_t before = clock_mono_ms();
        http_send(http, &r, NULL, on_done, a);
        run_until(a, 1);
        assert_int_equal(a->error.code, ERR_TIMEOUT);
        assert_non_null(strstr(a->error.message, cases[i].words));
        assert_true(clock_mono_ms() - before >= 290);
        free_answer(a);
    }
    endpoint_unref(e);
    fake_stop(s);
}

/* ---- addresses ---- */

static void addresses_are_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "host", "ftp://host", "https://", "https://user:pw@host", "https://ho st",
                                      "https://host:0", "https://host:65536", "https://host:12x", "https://[::1",
                                      "https://[zz]:1", "https://host/a?b", "https://h\\x", "https://h\x01", "file:///etc"};
    struct error err;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err = (struct error){0};
        assert_null(endpoint_new(&(struct endpoint_spec){.base = bad[i]}, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_null(strstr(err.message, "pw"));
    }
    assert_null(endpoint_new(&(struct endpoint_spec){.base = "https://h", .proxy = "gopher://u:pw@p"}, &err));
    assert_null(strstr(err.message, "pw"));
    struct endpoint *e = endpoint_new(&(struct endpoint_spec){.base = "https://Api.Example.com/k8s/"}, &err);
    assert_non_null(e);
    assert_string_equal(endpoint_base(e), "https://Api.Example.com/k8s");
    assert_true(endpoint_same_host(e, "https://api.example.COM:443/other?x"));
    assert_false(endpoint_same_host(e, "http://api.example.com/"));
    assert_false(endpoint_same_host(e, "https://api.example.com:444/"));
    assert_false(endpoint_same_host(e, "https://api.example.com.evil.test/"));
    assert_false(endpoint_same_host(e, "https://api.example.com@evil.test/"));
    assert_false(endpoint_same_host(e, "https://evil.test\\@api.example.com/"));
    assert_false(endpoint_same_host(e, "//api.example.com/"));
    assert_false(endpoint_same_host(e, "/x"));
    assert_false(endpoint_same_host(e, NULL));
    endpoint_unref(e);
}

/* ---- where secrets go ---- */

static void no_secret(const struct error *err)
{
    assert_null(strstr(err->message, "TOP-SECRET"));
    assert_null(strstr(err->remedy, "TOP-SECRET"));
}

static void send_with_token(struct answer *a, struct endpoint *e, const char *target, bool follow)
{
    struct secret *token = secret_new(TOKEN, strlen(TOKEN));
    struct http_request r = {.to = e, .method = "GET", .target = target, .bearer = token, .follow = follow,
                             .timeout_ms = 20000};
    a->id = http_send(http, &r, NULL, on_done, a);
    secret_unref(token);
    run_until(a, 1);
}

static void a_token_goes_to_its_host_only(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct fake_server *evil = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = new_answer();
    send_with_token(a, e, "/echo", false);
    assert_non_null(strstr(a->body, "\r\nAuthorization: Bearer " TOKEN "\r\n"));
    free_answer(a);
    struct secret *pair = secret_new("jane:pw", 7);
    struct http_request basic = {.to = e, .method = "GET", .target = "/echo", .basic = pair, .timeout_ms = 20000};
    a = new_answer();
    http_send(http, &basic, NULL, on_done, a);
    secret_unref(pair);
    run_until(a, 1);
    assert_non_null(strstr(a->body, "\r\nAuthorization: Basic amFuZTpwdw==\r\n"));
    free_answer(a);
    char absolute[100];
    snprintf(absolute, sizeof absolute, "http://127.0.0.1:%d/echo", evil->port);
    a = new_answer();
    send_with_token(a, e, absolute, false);
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    assert_non_null(strstr(a->error.message, "another host"));
    no_secret(&a->error);
    free_answer(a);
    assert_int_equal(atomic_load(&evil->connections), 0);
    endpoint_unref(e);
    fake_stop(s);
    fake_stop(evil);

    e = endpoint_new(&(struct endpoint_spec){.base = "http://192.0.2.1", .proxy = ""}, NULL);
    a = new_answer();
    send_with_token(a, e, "/", false);
    assert_int_equal(a->error.code, ERR_REFUSED);
    assert_non_null(strstr(a->error.message, "plain http"));
    free_answer(a);
    const char *headers[] = {"authorization: Basic eDp5", NULL};
    struct http_request r = {.to = e, .method = "GET", .target = "/", .headers = headers, .timeout_ms = 1000};
    a = new_answer();
    http_send(http, &r, NULL, on_done, a);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_REFUSED);
    free_answer(a);
    endpoint_unref(e);
}

static void a_token_cannot_split_a_header(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    static const char evil[] = "TOP-SECRET\r\nX-Evil: 1";
    struct secret *token = secret_new(evil, sizeof evil - 1);
    struct answer *a = new_answer();
    struct http_request r = {.to = e, .method = "GET", .target = "/echo", .bearer = token, .timeout_ms = 20000};
    http_send(http, &r, NULL, on_done, a);
    secret_unref(token);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_CREDENTIAL);
    no_secret(&a->error);
    assert_int_equal(atomic_load(&s->requests), 0);
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void serve_redirect(struct fake_conn *c, void *ctx)
{
    char headers[200];
    if (fake_asked(c, "GET /prefix/here"))
        fake_reply(c, 302, "Location: /there?x=1\r\n", "moved");
    else if (fake_asked(c, "GET /there?x=1"))
        fake_reply(c, 200, "", c->request);
    else if (fake_asked(c, "GET /prefix/away")) {
        snprintf(headers, sizeof headers, "Location: http://127.0.0.1:%d/echo\r\n", *(int *)ctx);
        fake_reply(c, 307, headers, "");
    } else
        fake_reply(c, 301, "Location: /round\r\n", "");
}

static void redirects(void **state)
{
    (void)state;
    struct fake_server *evil = fake_start(serve_basic, NULL, NULL, NULL);
    struct fake_server *s = fake_start(serve_redirect, &evil->port, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "/prefix");
    struct answer *a = new_answer();
    send_with_token(a, e, "/here", false);
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    assert_int_equal(a->status, 302);
    free_answer(a);
    a = new_answer();
    send_with_token(a, e, "/here", true);
    assert_int_equal(a->status, 200);
    assert_non_null(strstr(a->body, "Bearer " TOKEN));
    assert_null(strstr(a->body, "moved"));
    free_answer(a);
    a = new_answer();
    send_with_token(a, e, "/away", true);
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    assert_non_null(strstr(a->error.message, "another host"));
    no_secret(&a->error);
    free_answer(a);
    assert_int_equal(atomic_load(&evil->connections), 0);
    a = new_answer();
    send_with_token(a, e, "/round", true);
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    assert_non_null(strstr(a->error.message, "again and again"));
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
    fake_stop(evil);
}

static void nothing_secret_in_the_log(void **state)
{
    (void)state;
    char path[] = "/tmp/test-http-log-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    assert_true(log_open(path, NULL));
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = new_answer();
    send_with_token(a, e, "/hello?sig=TOP-SECRET-QUERY", false);
    free_answer(a);
    a = new_answer();
    send_with_token(a, e, "/nothing?sig=TOP-SECRET-QUERY", false);
    no_secret(&a->error);
    free_answer(a);
    log_close();
    char text[4096] = "";
    FILE *f = fopen(path, "r");
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    unlink(path);
    assert_true(n > 0);
    assert_null(strstr(text, "TOP-SECRET"));
    assert_non_null(strstr(text, "/hello"));
    endpoint_unref(e);
    fake_stop(s);
}

/* ---- proxies, compression ---- */

static void serve_proxy(struct fake_conn *c, void *ctx)
{
    (void)ctx;
    if (fake_asked(c, "CONNECT "))
        fake_reply(c, 407, "", "no");
    else
        fake_reply(c, 200, "", c->request);
}

static struct answer *get_by_proxy(const char *base, const char *proxy, bool with_token)
{
    struct error err = {0};
    struct endpoint *e = endpoint_new(&(struct endpoint_spec){.base = base, .proxy = proxy}, &err);
    if (!e)
        fail_msg("%s", err.message);
    struct answer *a = new_answer();
    if (with_token)
        send_with_token(a, e, "/x", false);
    else {
        free_answer(a);
        a = get(e, "/x");
    }
    endpoint_unref(e);
    return a;
}

static void proxies(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_proxy, NULL, NULL, NULL);
    char proxy[100];
    snprintf(proxy, sizeof proxy, "http://user:TOP-SECRET@127.0.0.1:%d", s->port);
    struct answer *a = get_by_proxy("http://far.test", proxy, false);
    assert_true(str_starts(a->body, "GET http://far.test/x HTTP/1.1\r\n"));
    free_answer(a);
    a = get_by_proxy("https://far.test", proxy, true);
    assert_int_equal(a->error.code, ERR_NETWORK);
    assert_non_null(strstr(a->error.message, "the proxy refused a connection to far.test with 407"));
    no_secret(&a->error);
    free_answer(a);
    int asked = atomic_load(&s->requests);
    /* Plain http to loopback by a proxy leaves this machine. */
    a = get_by_proxy("http://127.0.0.1:1", proxy, true);
    assert_int_equal(a->error.code, ERR_REFUSED);
    free_answer(a);
    assert_int_equal(atomic_load(&s->requests), asked);
    /* The environment's proxy is for other hosts, and is used for them. */
    setenv("http_proxy", proxy, 1);
    struct fake_server *direct = fake_start(serve_basic, NULL, NULL, NULL);
    char base[64];
    snprintf(base, sizeof base, "http://127.0.0.1:%d/echo", direct->port);
    a = get_by_proxy(base, NULL, true);
    assert_true(str_starts(a->body, "GET /echo/x HTTP/1.1\r\n"));
    free_answer(a);
    a = get_by_proxy("http://far.test", NULL, false);
    assert_true(str_starts(a->body, "GET http://far.test/x HTTP/1.1\r\n"));
    free_answer(a);
    unsetenv("http_proxy");
    fake_stop(direct);
    fake_stop(s);
}

struct packed {
    char bytes[200000];
    size_t len;
};

static void serve_packed(struct fake_conn *c, void *ctx)
{
    struct packed *p = (struct packed *)ctx + fake_asked(c, "GET /spoilt");
    fake_printf(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", p->len);
    fake_write(c, p->bytes, p->len);
}

static void compressed_replies_are_bounded_unpacked(void **state)
{
    (void)state;
    static struct packed packed[2], *p = packed;
    FILE *gzip = popen("head -c 3000000 /dev/zero | gzip -c", "r");
    p->len = fread(p->bytes, 1, sizeof p->bytes, gzip);
    pclose(gzip);
    packed[1] = packed[0];
    packed[1].bytes[p->len / 2] ^= 0x55;
    struct fake_server *s = fake_start(serve_packed, packed, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = get(e, "/");
    assert_string_equal(a->error.message, "");
    assert_int_equal(a->len, 3000000);
    free_answer(a);
    a = new_answer();
    struct http_request r = {.to = e, .method = "GET", .target = "/", .max_body = 1000000, .timeout_ms = 20000};
    http_send(http, &r, NULL, on_done, a);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    free_answer(a);
    a = get(e, "/spoilt");
    assert_int_equal(a->error.code, ERR_PROTOCOL);
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

/* ---- read-only ---- */

static void read_only_sends_nothing(void **state)
{
    (void)state;
    struct http *reader = http_open(loop, &(struct http_options){.read_only = true}, NULL);
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
    for (int i = 0; i < 4; i++) {
        struct answer *a = new_answer();
        struct http_request r = {.to = e, .method = methods[i], .target = "/api/v1/namespaces", .intent = HTTP_WRITE,
                                 .timeout_ms = 20000};
        http_send(reader, &r, NULL, on_done, a);
        assert_int_equal(a->dones, 0);              /* never from inside http_send */
        run_until(a, 1);
        assert_int_equal(a->error.code, ERR_READ_ONLY);
        free_answer(a);
    }
    assert_int_equal(atomic_load(&s->connections), 0);
    http_close(reader);
    endpoint_unref(e);
    fake_stop(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, client_setup, client_teardown)
    const struct CMUnitTest tests[] = {
        T(a_reply_arrives_whole), T(the_prefix_of_the_base_is_kept), T(an_empty_post_says_its_length),
        T(error_replies_carry_their_own_words), T(sizes_are_bounded), T(broken_exchanges_are_named),
        T(hosts_that_cannot_be_reached), T(timeouts_say_at_which_step), T(addresses_are_strict),
        T(a_token_goes_to_its_host_only), T(a_token_cannot_split_a_header), T(redirects),
        T(nothing_secret_in_the_log), T(proxies), T(compressed_replies_are_bounded_unpacked), T(read_only_sends_nothing),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
