/* The terminal is as it was, however the program ends or pauses: main screen, cursor, modes, line discipline. */
#include "steps.h"

#include "screen_private.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sim *sim;

static int start_world(void **state)
{
    (void)state;
    sim = sim_start("reference", "--speed", "20", NULL);
    return 0;
}

static int stop_world(void **state)
{
    (void)state;
    sim_stop(sim);
    return 0;
}

static struct screen *running(void)
{
    /* Whatever a test that failed left in the world. */
    sim_call(sim, "DELETE", "/_sim/fault", NULL, NULL);
    struct screen *s = screen_gatewatch(sim, NULL, NULL);
    screen_expect(s, "Root cause .*lb-probe-404");
    /* It is in what must be undone. */
    assert_true(screen_alt(s));
    assert_false(screen_cursor_visible(s));
    return s;
}

static void expect_end(struct screen *s, int status)
{
    assert_int_equal(screen_wait_exit(s, 5000), status);
    screen_expect_restored(s);
    assert_false(screen_alt(s));
    assert_true(screen_cursor_visible(s));
    screen_stop(s);
}

/* ---- by keys -------------------------------------------------------------------------------------------------------------- */

static void test_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {"q", "<C-c>", "<F10>", ":q<Enter>", ":quit<Enter>", "6dq<C-c>", "?qq"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct screen *s = running();
        screen_keys(s, keys[i]);
        expect_end(s, 0);
    }
}

/* From a sheet, a page, and a line that is being typed; the last hides the cursor no more. */
static void test_from_everywhere(void **state)
{
    (void)state;
    struct screen *s = running();
    screen_keys(s, "x");
    screen_expect(s, "Cancel");
    screen_keys(s, "<C-c>");
    expect_end(s, 0);

    s = running();
    screen_keys(s, "4y");
    screen_expect(s, "kind: HTTPRoute");
    screen_keys(s, "<C-c>");
    expect_end(s, 0);

    s = running();
    screen_keys(s, ":theme");
    screen_expect(s, "^:theme");
    assert_true(screen_cursor_visible(s));
    screen_signal(s, SIGTERM);
    screen_wait_exit(s, 5000);
    screen_expect_restored(s);
    screen_stop(s);
}

static void test_at_once(void **state)
{
    (void)state;
    /* Before there was any answer, and where there will be none. */
    struct screen *s = screen_gatewatch(sim, NULL, NULL);
    screen_keys(s, "q");
    expect_end(s, 0);
    assert_int_equal(sim_call(sim, "POST", "/_sim/fault", "path=/api,hang=1", NULL) / 100, 2);
    s = screen_gatewatch(sim, NULL, NULL);
    screen_expect(s, "Overview");
    screen_keys(s, "q");
    expect_end(s, 0);
    assert_int_equal(sim_call(sim, "DELETE", "/_sim/fault", NULL, NULL) / 100, 2);
}

/* While a fix is under way it asks once. */
static void test_fix_under_way(void **state)
{
    (void)state;
    struct sim *slow = sim_start("traffic-policy", "--speed", "1", NULL);
    struct screen *s = screen_gatewatch(slow, NULL, NULL);
    screen_expect(s, "Root cause .*lb-probe-404");
    screen_expect(s, "health [<0-9]");
    screen_keys(s, "x");
    screen_expect(s, "\\[Cancel\\] +Apply");
    screen_keys(s, "<Tab><Enter>");
    screen_expect(s, "Waiting for the probes");
    screen_keys(s, "<Enter>");              /* Hide */
    screen_expect(s, "FIX: VERIFYING");
    screen_keys(s, "<C-c>");
    screen_expect(s, "fix is under way");
    assert_int_equal(screen_wait_exit(s, 50), -1);
    screen_keys(s, "<C-c>");
    expect_end(s, 0);
    sim_stop(slow);
}

/* ---- by signals ------------------------------------------------------------------------------------------------------------- */

static void test_polite_signals(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct screen *s = running();
        screen_signal(s, signals[i]);
        int status = screen_wait_exit(s, 5000);
        assert_true(status == 0 || status == 128 + signals[i]);
        screen_expect_restored(s);
        screen_stop(s);
    }
}

/* A crash is told to whoever started us, and leaves a terminal that one can work with. */
static void test_crashes(void **state)
{
    (void)state;
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct screen *s = running();
        screen_signal(s, signals[i]);
        expect_end(s, 128 + signals[i]);
    }
}

/* ---- job control ------------------------------------------------------------------------------------------------------------ */

/* A shell with job control around the program, as at a prompt. */
static struct screen *in_a_shell(void)
{
    static char script[4096];
    snprintf(script, sizeof script,
             "set -m; . '%s/env'; '%s/gatewatch' --config '%s/config.yaml'; stty -a | grep -o ' -\\?echo '; stty sane; echo STOPPED; "
             "read x; fg >/dev/null; stty -a | grep -o ' -\\?echo '; echo ENDED; read x",
             sim_folder(sim), build_folder(), sim_folder(sim));
    static const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct screen *s = screen_start(NULL, argv);
    screen_expect(s, "Root cause .*lb-probe-404");
    return s;
}

/* The shell's only child. */
static pid_t child_of(pid_t shell)
{
    char path[100];
    int pid = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)shell, (int)shell);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%d", &pid) != 1)
        pid = 0;
    if (f)
        fclose(f);
    assert_true(pid > 0);
    return pid;
}

static void expect_paused(struct screen *s)
{
    screen_expect(s, "^STOPPED");
    assert_true(screen_has(s, "^ echo"));
    assert_false(screen_alt(s));
    assert_true(screen_cursor_visible(s));
    assert_false(screen_mode(s, 1));
    assert_false(screen_mode(s, 2004));
}

static void expect_back(struct screen *s)
{
    screen_keys(s, "<Enter>");
    screen_expect_gone(s, "STOPPED");
    screen_expect(s, "Root cause .*lb-probe-404");
    screen_expect(s, "k8s live");
    assert_true(screen_alt(s));
    screen_keys(s, "6");
    screen_expect(s, "^Findings ");
    screen_keys(s, "<C-c>");
    screen_expect(s, "^ENDED");
    assert_true(screen_has(s, "^ echo"));
    assert_false(screen_alt(s));
    assert_true(screen_cursor_visible(s));
    screen_stop(s);
}

static void test_suspend_by_key(void **state)
{
    (void)state;
    struct screen *s = in_a_shell();
    screen_keys(s, "<C-z>");
    expect_paused(s);
    expect_back(s);
}

static void test_suspend_by_signal(void **state)
{
    (void)state;
    struct screen *s = in_a_shell();
    kill(child_of(screen_pid(s)), SIGTSTP);
    expect_paused(s);
    /* Meanwhile the window changed. */
    screen_resize(s, 30, 100);
    expect_back(s);
}

/* Nobody can do anything about SIGSTOP; after it all is drawn anew, in the terminal's right mode. */
static void test_stop_and_continue(void **state)
{
    (void)state;
    struct screen *s = in_a_shell();
    kill(child_of(screen_pid(s)), SIGSTOP);
    screen_expect(s, "STOPPED");
    expect_back(s);
}

/* ---- the other side goes away ---------------------------------------------------------------------------------------------- */

static void test_terminal_closed(void **state)
{
    (void)state;
    struct screen *s = running();
    close(s->master);
    s->master = -1;
    assert_int_not_equal(screen_wait_exit(s, 3000), -1);
    screen_stop(s);
}

/* The same when nobody sends SIGHUP: reading tells that there is no terminal any more, and the program does not spin. */
static void test_terminal_closed_without_a_signal(void **state)
{
    (void)state;
    static char script[4096];
    snprintf(script, sizeof script, "trap '' HUP; . '%s/env'; exec '%s/gatewatch' --config '%s/config.yaml'", sim_folder(sim),
             build_folder(), sim_folder(sim));
    static const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct screen *s = screen_start(NULL, argv);
    screen_expect(s, "Root cause .*lb-probe-404");
    close(s->master);
    s->master = -1;
    assert_int_not_equal(screen_wait_exit(s, 5000), -1);
    screen_stop(s);
}

static void test_simulator_gone(void **state)
{
    (void)state;
    struct sim *other = sim_start("reference", "--speed", "20", NULL);
    struct screen *s = steps_open(other, NULL, "UNHEALTHY");
    kill(sim_pid(other), SIGTERM);
    /* What is known stays, and says that it is old. */
    assert_true(screen_wait_text(s, "(stale|failed)", 20000));
    assert_true(screen_has(s, "UNHEALTHY"));
    assert_true(screen_has(s, "Root cause .*lb-probe-404"));
    screen_keys(s, "6");
    screen_expect(s, "^Findings ");
    screen_keys(s, "r");
    screen_expect(s, "Asked all sources");
    screen_keys(s, "q");
    expect_end(s, 0);
    sim_stop(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_from_everywhere),
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_fix_under_way),
        cmocka_unit_test(test_polite_signals),
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_suspend_by_key),
        cmocka_unit_test(test_suspend_by_signal),
        cmocka_unit_test(test_stop_and_continue),
        cmocka_unit_test(test_terminal_closed),
        cmocka_unit_test(test_terminal_closed_without_a_signal),
        cmocka_unit_test(test_simulator_gone),
    };
    return cmocka_run_group_tests(tests, start_world, stop_world);
}
