/* Streams, cancelling, closing, taking turns. */
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

static void serve_stream(struct fake_conn *c, void *ctx)
{
    (void)ctx;
    if (fake_asked(c, "GET /late")) {
        fake_hang(c);
        return;
    }
    if (fake_asked(c, "GET /gone")) {
        fake_reply(c, 410, "", "{\"kind\":\"Status\",\"message\":\"too old resource version\",\"reason\":\"Expired\"}");
        return;
    }
    fake_printf(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    if (fake_asked(c, "GET /flood")) {
        static char block[65536];
        memset(block, 'f', sizeof block);
        for (int i = 0; i < 320 && !c->close; i++) {        /* 20 MiB */
            fake_printf(c, "10000\r\n");
            fake_write(c, block, sizeof block);
            fake_printf(c, "\r\n");
        }
    } else {
        for (int i = 0; i < 3; i++)
            fake_printf(c, "4\r\nab%d\n\r\n", i);
        if (fake_asked(c, "GET /open"))
            fake_hang(c);
        if (fake_asked(c, "GET /broken")) {
            c->close = true;
            return;
        }
    }
    fake_printf(c, "0\r\n\r\n");
}

static void streams_come_in_order(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_stream, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = stream(e, "/all", 20000, 0);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_NONE);
    assert_int_equal(a->status, 200);
    assert_true(a->opened);
    assert_string_equal(a->body, "ab0\nab1\nab2\n");
    free_answer(a);
    a = stream(e, "/broken", 20000, 0);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_NETWORK);
    assert_string_equal(a->body, "ab0\nab1\nab2\n");
    free_answer(a);
    a = stream(e, "/gone", 20000, 0);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_GONE);
    assert_int_equal(a->chunks, 0);
    assert_non_null(strstr(a->error.message, "too old resource version"));
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void a_stream_outlives_its_timeout_but_not_its_deadline(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_stream, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = stream(e, "/open", 2000, 3000);
    int64_t before = clock_mono_ms();
    run_until(a, 1);
    assert_true(clock_mono_ms() - before >= 2900);
    assert_int_equal(a->error.code, ERR_TIMEOUT);
    assert_string_equal(a->body, "ab0\nab1\nab2\n");
    free_answer(a);
    a = stream(e, "/late", 300, 60000);
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_TIMEOUT);
    assert_non_null(strstr(a->error.message, "did not answer"));
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void a_stream_is_ended_by_its_reader(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_stream, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = stream(e, "/open", 20000, 0);
    a->stop_after_chunks = 1;
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_CANCELLED);
    assert_int_equal(a->chunks, 1);
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void a_slow_reader_stops_the_sender(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_stream, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = stream(e, "/flood", 20000, 0);
    sleep(1);                   /* nobody reads: this loop does not run */
    run_until(a, 1);
    assert_int_equal(a->error.code, ERR_NONE);
    assert_int_equal(a->len, 320 * 65536);
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

/* ---- cancelling, closing, taking turns ---- */

static void nothing_follows_a_cancel(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL), *t = fake_start(serve_stream, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, ""), *f = endpoint_at(t, "");
    struct answer *a = new_answer();
    struct http_request r = {.to = e, .method = "GET", .target = "/hello", .timeout_ms = 20000};
    /* At every moment of an exchange: before it began, on its way, arrived but not given out. */
    for (int i = 0; i < 20; i++) {
        uint64_t id = http_send(http, &r, NULL, on_done, a);
        usleep((useconds_t)(i * 300));
        http_cancel(http, id);
        http_cancel(http, id);
    }
    http_cancel(http, 0);
    http_cancel(http, 999999);
    run_for(100);
    assert_int_equal(a->dones, 0);
    assert_int_equal(http_stats(http).in_flight, 0);
    struct answer *b = stream(f, "/open", 20000, 0);
    b->cancel_in_chunk = true;
    loop_run(loop);
    run_for(100);
    assert_int_equal(b->chunks, 1);
    assert_int_equal(b->dones, 0);
    free_answer(get(e, "/hello"));      /* all goes on */
    free_answer(a);
    free_answer(b);
    endpoint_unref(e);
    endpoint_unref(f);
    fake_stop(s);
    fake_stop(t);
}

static void nothing_follows_a_close(void **state)
{
    (void)state;
    struct http *own = http_open(loop, &(struct http_options){0}, NULL);
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = new_answer();
    static const char *const targets[] = {"/hello", "/hang", "/slow-body", "/huge"};
    for (int i = 0; i < 12; i++) {
        struct http_request r = {.to = e, .method = "GET", .target = targets[i % 4], .timeout_ms = 20000};
        http_send(own, &r, i % 2 ? on_chunk : NULL, on_done, a);
    }
    usleep(50000);
    http_close(own);
    run_for(50);
    assert_int_equal(a->dones, 0);
    assert_int_equal(a->chunks, 0);
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void close_inside(void *ctx, const struct http_reply *reply)
{
    struct answer *a = ctx;
    (void)reply;
    a->dones++;
    http_close(a->http);
    loop_stop(a->loop);
}

static void close_from_a_callback(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *a = new_answer();
    a->http = http_open(loop, &(struct http_options){0}, NULL);
    struct http_request r = {.to = e, .method = "GET", .target = "/hello", .timeout_ms = 20000};
    http_send(a->http, &r, NULL, close_inside, a);
    http_send(a->http, &r, NULL, close_inside, a);
    run_until(a, 1);
    run_for(50);
    assert_int_equal(a->dones, 1);
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

static void serve_slowly(struct fake_conn *c, void *ctx)
{
    (void)ctx;
    if (fake_asked(c, "GET /open")) {
        fake_printf(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
        fake_hang(c);
        return;
    }
    usleep(100000);
    fake_reply(c, 200, "", "slow");
}

static void streams_do_not_take_the_places_of_others(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_slowly, NULL, NULL, NULL);
    struct endpoint *e = endpoint_at(s, "");
    struct answer *watches[5], *a = new_answer();
    for (int i = 0; i < 5; i++)
        watches[i] = stream(e, "/open", 20000, 0);
    struct http_request r = {.to = e, .method = "GET", .target = "/slow", .timeout_ms = 20000};
    for (int i = 0; i < 6; i++)
        http_send(http, &r, NULL, on_done, a);
    run_until(a, 6);
    assert_string_equal(a->body, "slow");
    /* Two at a time as asked in setup(), beside five streams. */
    assert_in_range(atomic_load(&s->most_at_once), 5, 7);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(watches[i]->body, "hi");
        http_cancel(http, watches[i]->id);
    }
    run_for(20);
    for (int i = 0; i < 5; i++)
        free_answer(watches[i]);
    free_answer(a);
    endpoint_unref(e);
    fake_stop(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, client_setup, client_teardown)
    const struct CMUnitTest tests[] = {
        T(streams_come_in_order), T(a_stream_outlives_its_timeout_but_not_its_deadline),
        T(a_stream_is_ended_by_its_reader), T(a_slow_reader_stops_the_sender), T(nothing_follows_a_cancel),
        T(nothing_follows_a_close), T(close_from_a_callback), T(streams_do_not_take_the_places_of_others),
    };
    return cmocka_run_group_tests_name("http_stream", tests, NULL, NULL);
}
