/* Loop and channel: order, cancelling, watching while being watched, and calls from other
 * threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/base.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct loop *loop;
static struct text seen;

static int start(void **state)
{
    (void)state;
    loop = loop_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    loop_free(loop);
    text_free(&seen);
    return 0;
}

static void say(void *ctx)
{
    text_puts(&seen, ctx);
}

static void stop(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

#define SAY(s) ((void *)(uintptr_t)(s))

static void timers__run_in_order_of_time_then_of_making(void **state)
{
    (void)state;
    int64_t from = clock_mono_ms();
    loop_timer(loop, 30, say, SAY("d"));
    loop_timer(loop, 30, stop, NULL);
    loop_timer(loop, 10, say, SAY("b"));
    loop_timer(loop, 10, say, SAY("c"));
    loop_timer(loop, 0, say, SAY("a"));
    loop_timer(loop, 60000, say, SAY("never"));
    loop_run(loop);
    assert_string_equal(text_str(&seen), "abcd");
    assert_true(clock_mono_ms() - from >= 30);
}

static void timers__cancelled__do_not_run(void **state)
{
    (void)state;
    uint64_t ids[100];
    for (int i = 0; i < 100; i++)
        assert_true((ids[i] = loop_timer(loop, i % 7, say, SAY(i % 2 ? "x" : "-"))) != 0);
    for (int i = 1; i < 100; i += 2)
        loop_cancel(loop, ids[i]);
    loop_cancel(loop, 0);
    loop_cancel(loop, ids[1]);
    loop_timer(loop, 8, stop, NULL);
    loop_run(loop);
    assert_int_equal(seen.len, 50);
    assert_null(strchr(seen.s, 'x'));
}

static int again_left;
static void again(void *ctx)
{
    text_puts(&seen, "t");
    if (--again_left)
        loop_timer(loop, 0, again, ctx);
    else
        loop_stop(loop);
}

static void readable(void *ctx, int fd, short revents)
{
    char c;
    (void)ctx;
    assert_true(revents & POLLIN);
    assert_int_equal(read(fd, &c, 1), 1);
    text_putc(&seen, c);
}

static void timers__set_to_zero_again_and_again__let_descriptors_in(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "ab", 2), 2);
    loop_watch(loop, ends[0], POLLIN, readable, NULL);
    again_left = 10;
    loop_timer(loop, 0, again, NULL);
    loop_run(loop);
    assert_true(strchr(seen.s, 'a') && strchr(seen.s, 'b'));
    assert_true(strchr(seen.s, 'b') < strrchr(seen.s, 't'));
    close(ends[0]);
    close(ends[1]);
}

/* Two pipes ready in one turn; the first handler closes the second and opens another descriptor
 * with its number. */
static int pair[2][2], reused;

static void must_not(void *ctx, int fd, short revents)
{
    (void)ctx, (void)fd, (void)revents;
    text_puts(&seen, "stale");
}

static void swap_other(void *ctx, int fd, short revents)
{
    (void)revents;
    int mine = fd == pair[0][0] ? 0 : 1, other = !mine;
    (void)ctx;
    loop_unwatch(loop, fd);
    loop_unwatch(loop, pair[other][0]);
    close(pair[other][0]);
    reused = dup(pair[mine][1]);        /* takes the number just freed; not readable */
    assert_int_equal(reused, pair[other][0]);
    loop_watch(loop, reused, POLLIN, must_not, NULL);
    text_puts(&seen, "once");
    loop_timer(loop, 5, stop, NULL);
}

static void watches__changed_by_a_handler__are_not_confused(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pipe(pair[i]), 0);
        assert_int_equal(write(pair[i][1], "x", 1), 1);
        loop_watch(loop, pair[i][0], POLLIN, swap_other, NULL);
    }
    loop_run(loop);
    assert_string_equal(text_str(&seen), "once");
    loop_unwatch(loop, 9999);
    close(pair[0][0]);
    close(pair[0][1]);
    close(pair[1][1]);
    close(pair[1][0]);
}

static atomic_int posted;
static void count(void *ctx)
{
    assert_true(loop_is_current(loop));
    if (atomic_fetch_add(&posted, 1) + 1 == *(int *)ctx)
        loop_stop(loop);
}

static int total = 4000;
static void poster(void *ctx)
{
    (void)ctx;
    assert_false(loop_is_current(loop));
    for (int i = 0; i < 1000; i++)
        loop_post(loop, count, &total);
}

static void posts__from_many_threads__all_run_on_the_loops(void **state)
{
    (void)state;
    struct thread *t[4];
    atomic_store(&posted, 0);
    assert_false(loop_is_current(loop));
    for (int i = 0; i < 4; i++)
        t[i] = thread_start("poster", poster, NULL);
    loop_run(loop);
    for (int i = 0; i < 4; i++)
        thread_join(t[i]);
    assert_int_equal(atomic_load(&posted), 4000);
}

static void posts__left_at_the_end__are_dropped(void **state)
{
    (void)state;
    loop_post(loop, say, SAY("x"));
    loop_stop(loop);
    loop_run(loop);         /* stopped before it began */
    loop_post(loop, say, SAY("y"));
    assert_string_equal(text_str(&seen), "");
}

/* ---- channel and slot ---- */

static bool is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void channel__keeps_order_and_is_readable_while_not_empty(void **state)
{
    (void)state;
    struct channel *c = channel_new();
    int items[100];
    assert_false(is_readable(channel_fd(c)));
    assert_null(channel_pop(c));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++)
            channel_push(c, &items[i]);
        for (int i = 0; i < 100; i++) {
            assert_true(is_readable(channel_fd(c)));
            assert_ptr_equal(channel_pop(c), &items[i]);
        }
        assert_false(is_readable(channel_fd(c)));
    }
    channel_push(c, items);
    channel_free(c);
}

struct counted { atomic_int refs; int number; };
static atomic_int alive;
static struct counted *counted_new(int number)
{
    struct counted *v = calloc(1, sizeof *v);
    atomic_init(&v->refs, 1);
    v->number = number;
    atomic_fetch_add(&alive, 1);
    return v;
}
static void ref(void *v)
{
    atomic_fetch_add(&((struct counted *)v)->refs, 1);
}
static void unref(void *v)
{
    if (atomic_fetch_sub(&((struct counted *)v)->refs, 1) != 1)
        return;
    atomic_fetch_sub(&alive, 1);
    free(v);
}

static void slot__holds_the_latest_and_counts(void **state)
{
    (void)state;
    struct slot *s = slot_new(ref, unref);
    assert_null(slot_get(s));
    assert_false(is_readable(slot_fd(s)));
    slot_set(s, counted_new(1));
    slot_set(s, counted_new(2));
    assert_int_equal(atomic_load(&alive), 1);
    assert_true(is_readable(slot_fd(s)));
    struct counted *v = slot_get(s);
    assert_int_equal(v->number, 2);
    assert_false(is_readable(slot_fd(s)));
    slot_set(s, counted_new(3));
    assert_int_equal(atomic_load(&alive), 2);
    unref(v);
    slot_free(s);
    assert_int_equal(atomic_load(&alive), 0);
}

static struct slot *shared;
static void writer(void *ctx)
{
    (void)ctx;
    for (int i = 1; i <= 5000; i++)
        slot_set(shared, counted_new(i));
}

static void slot__written_and_read_at_once__never_goes_back(void **state)
{
    (void)state;
    shared = slot_new(ref, unref);
    struct thread *t = thread_start("a name longer than fifteen", writer, NULL);
    for (int last = 0; last < 5000;) {
        struct counted *v = slot_get(shared);
        if (!v)
            continue;
        assert_true(v->number >= last);
        last = v->number;
        unref(v);
    }
    thread_join(t);
    slot_free(shared);
    assert_int_equal(atomic_load(&alive), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(timers__run_in_order_of_time_then_of_making),
        TEST(timers__cancelled__do_not_run),
        TEST(timers__set_to_zero_again_and_again__let_descriptors_in),
        TEST(watches__changed_by_a_handler__are_not_confused),
        TEST(posts__from_many_threads__all_run_on_the_loops),
        TEST(posts__left_at_the_end__are_dropped),
        cmocka_unit_test(channel__keeps_order_and_is_readable_while_not_empty),
        cmocka_unit_test(slot__holds_the_latest_and_counts),
        cmocka_unit_test(slot__written_and_read_at_once__never_goes_back),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
