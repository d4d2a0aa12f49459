/* Child processes: no shell of ours, bounds on time and output, nobody left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <gatewatch/base.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop *loop;
static struct process_result got;
static char *out, *err;
static int done_calls;
static struct text heard;

static int start(void **state)
{
    (void)state;
    loop = loop_new();
    done_calls = 0;
    got = (struct process_result){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    loop_free(loop);
    free(out);
    free(err);
    out = err = NULL;
    text_free(&heard);
    /* Every child was reaped. */
    return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static void on_done(void *ctx, const struct process_result *r)
{
    assert_ptr_equal(ctx, &got);
    got = *r;
    out = xstrndup(r->out, r->out_len);
    err = xstrdup(r->err);
    done_calls++;
    loop_stop(loop);
}

static void run(struct process_spec *spec)
{
    process_start(loop, spec, on_done, &got);
    assert_int_equal(done_calls, 0);        /* never from inside process_start */
    loop_run(loop);
    assert_int_equal(done_calls, 1);
}

static void sh(const char *script, struct process_spec spec)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    spec.argv = argv;
    run(&spec);
}

static void process__success__gives_both_streams_and_status(void **state)
{
    (void)state;
    sh("echo out; echo err >&2; exit 3", (struct process_spec){.timeout_ms = 10000});
    assert_true(got.started);
    assert_false(got.timed_out);
    assert_int_equal(got.status, 3);
    assert_string_equal(out, "out\n");
    assert_string_equal(err, "err\n");
    assert_int_equal(got.error.code, ERR_NONE);
}

static void process__arguments__see_no_shell(void **state)
{
    (void)state;
    const char *argv[] = {"printf", "%s|", "a b", "$HOME", "; false", "*", NULL};
    run(&(struct process_spec){.argv = argv});
    assert_string_equal(out, "a b|$HOME|; false|*|");
    assert_int_equal(got.status, 0);
}

static void process__not_found__says_what_to_install(void **state)
{
    (void)state;
    const char *argv[] = {"no-such-plugin", "x", NULL};
    run(&(struct process_spec){.argv = argv});
    assert_false(got.started);
    assert_true(strstr(got.error.message, "no-such-plugin") != NULL);
    assert_true(strstr(got.error.remedy, "PATH") != NULL);
}

static void process__environment__is_added_and_replaced(void **state)
{
    (void)state;
    setenv("GW_TEST_OLD", "old", 1);
    setenv("GW_TEST_KEPT", "kept", 1);
    const char *env[] = {"GW_TEST_OLD=new", "GW_TEST_MORE=a=b", NULL};
    sh("echo $GW_TEST_OLD $GW_TEST_KEPT $GW_TEST_MORE; env | grep -c GW_TEST_OLD",
       (struct process_spec){.env = env});
    assert_string_equal(out, "new kept a=b\n1\n");
}

static void process__stdin__is_empty_and_no_descriptor_leaks(void **state)
{
    (void)state;
    int leaky = open("/dev/null", O_RDONLY);        /* not CLOEXEC on purpose */
    sh("cat; ls /proc/self/fd | wc -l", (struct process_spec){.timeout_ms = 10000});
    close(leaky);
    assert_string_equal(out, "4\n");        /* 0, 1, 2 and the one ls reads the folder with */
}

static void process__killed_by_signal__is_128_and_more(void **state)
{
    (void)state;
    sh("kill -9 $$", (struct process_spec){0});
    assert_int_equal(got.status, 128 + SIGKILL);
    assert_false(got.timed_out);
}

static void process__too_long__ends_it_and_its_children(void **state)
{
    (void)state;
    int64_t from = clock_mono_ms();
    sh("sleep 300 & echo $!; wait", (struct process_spec){.timeout_ms = 300});
    assert_true(got.timed_out);
    assert_true(clock_mono_ms() - from < 5000);
    int64_t child;
    out[strcspn(out, "\n")] = '\0';
    assert_true(str_to_int(out, 2, INT32_MAX, &child));
    /* A killed grandchild may be a zombie of init's for a moment; running it may not be. */
    for (int i = 0; i < 500; i++) {
        char path[64], line[256] = "";
        str_format(path, sizeof path, "/proc/%lld/stat", (long long)child);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return;
        ssize_t n = read(fd, line, sizeof line - 1);
        close(fd);
        if (n <= 0 || strstr(line, ") Z "))
            return;
        poll(NULL, 0, 10);
    }
    fail_msg("the grandchild lives");
}

static void process__deaf_to_sigterm__is_killed(void **state)
{
    (void)state;
    sh("trap '' TERM; echo ready; while :; do sleep 1; done",
       (struct process_spec){.timeout_ms = 200});
    assert_true(got.timed_out);
    assert_int_equal(got.status, 128 + SIGKILL);
    assert_string_equal(out, "ready\n");
}

static void process__output__is_bounded_and_still_drained(void **state)
{
    (void)state;
    sh("head -c 3000000 /dev/zero | tr '\\0' a; head -c 300000 /dev/zero | tr '\\0' e >&2; exit 0",
       (struct process_spec){.timeout_ms = 20000, .max_output = 1000});
    assert_int_equal(got.out_len, 1000);
    assert_true(got.cut);
    assert_int_equal(strlen(err), 1000);
    assert_int_equal(got.status, 0);
}

static void process__large_output__arrives_whole(void **state)
{
    (void)state;
    sh("head -c 900000 /dev/zero | tr '\\0' a", (struct process_spec){.timeout_ms = 20000});
    assert_int_equal(got.out_len, 900000);
    assert_int_equal(strspn(out, "a"), 900000);
    assert_false(got.cut);
}

static void hear(void *ctx, const char *so_far)
{
    assert_ptr_equal(ctx, &got);
    text_reset(&heard);
    text_puts(&heard, so_far);
}

static void process__stderr__is_heard_as_it_comes_and_clean(void **state)
{
    (void)state;
    sh("printf 'To sign in:\\n\\033[31mcode\\n' >&2; sleep 300",
       (struct process_spec){.timeout_ms = 300, .on_stderr = hear});
    assert_true(got.timed_out);
    assert_string_equal(heard.s, "To sign in:\n\xef\xbf\xbd[31mcode\n");
    assert_string_equal(err, heard.s);
}

static void process__grandchild_holding_the_pipe__is_not_waited_for(void **state)
{
    (void)state;
    int64_t from = clock_mono_ms();
    sh("sleep 20 & echo $!", (struct process_spec){.timeout_ms = 15000});
    assert_true(clock_mono_ms() - from < 10000);
    assert_false(got.timed_out);
    assert_int_equal(got.status, 0);
    int64_t grandchild;
    out[strcspn(out, "\n")] = '\0';
    assert_true(str_to_int(out, 2, INT32_MAX, &grandchild));
    assert_int_equal(kill((pid_t)grandchild, SIGKILL), 0);     /* it was there all the time; not left behind */
}

static void stop(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static struct process *running;
static void kill_it(void *ctx)
{
    process_kill(running);
    loop_timer(loop, 20, stop, ctx);
}

static void process__killed_by_us__calls_nobody_back(void **state)
{
    (void)state;
    const char *argv[] = {"sleep", "300", NULL};
    running = process_start(loop, &(struct process_spec){.argv = argv}, on_done, &got);
    loop_timer(loop, 20, kill_it, NULL);
    loop_run(loop);
    assert_int_equal(done_calls, 0);
    process_kill(NULL);
}

static int many_left;
static void one_of_many(void *ctx, const struct process_result *r)
{
    (void)ctx;
    assert_string_equal(r->out, "x\n");
    if (--many_left == 0)
        loop_stop(loop);
}

static void process__many_at_once__all_end(void **state)
{
    (void)state;
    const char *argv[] = {"echo", "x", NULL};
    many_left = 40;
    for (int i = 0; i < 40; i++)
        process_start(loop, &(struct process_spec){.argv = argv, .timeout_ms = 20000}, one_of_many,
                      NULL);
    loop_run(loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(process__success__gives_both_streams_and_status),
        TEST(process__arguments__see_no_shell),
        TEST(process__not_found__says_what_to_install),
        TEST(process__environment__is_added_and_replaced),
        TEST(process__stdin__is_empty_and_no_descriptor_leaks),
        TEST(process__killed_by_signal__is_128_and_more),
        TEST(process__too_long__ends_it_and_its_children),
        TEST(process__deaf_to_sigterm__is_killed),
        TEST(process__output__is_bounded_and_still_drained),
        TEST(process__large_output__arrives_whole),
        TEST(process__stderr__is_heard_as_it_comes_and_clean),
        TEST(process__grandchild_holding_the_pipe__is_not_waited_for),
        TEST(process__killed_by_us__calls_nobody_back),
        TEST(process__many_at_once__all_end),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
