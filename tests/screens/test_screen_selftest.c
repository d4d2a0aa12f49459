/* Proves the terminal in memory on programs that are everywhere: sh, printf, stty, sleep. */
#include "screen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct screen *shell(const struct screen_options *options, const char *script)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    return screen_start(options, argv);
}

static void test_reads_text(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "printf 'one  \\n  two \\303\\244\\n'; sleep 100");
    screen_expect(s, "^  two ä$");
    assert_string_equal(screen_row(s, 0), "one");
    assert_int_equal(screen_rows(s), 24);
    assert_int_equal(screen_cols(s), 80);
    assert_true(screen_has(s, "^one$"));
    assert_false(screen_has(s, "one.*two"));        /* a dot does not cross rows */
    assert_false(screen_ascii_only(s));
    int row = -1, col = -1;
    assert_true(screen_find(s, "ä", &row, &col));
    assert_int_equal(row, 1);
    assert_int_equal(col, 6);
    assert_false(screen_find(s, "three", &row, &col));
    assert_int_equal(screen_received(s), strlen("one  \r\n  two ä\r\n"));
    assert_true(screen_printed(s, "one  ", 5));
    assert_false(screen_printed(s, "three", 5));
    screen_stop(s);
}

static void test_fails_when_text_does_not_come(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "printf here; sleep 100");
    assert_true(screen_wait_text(s, "here", 5000));
    assert_false(screen_wait_text(s, "elsewhere", 50));
    assert_false(screen_wait_gone(s, "here", 50));
    assert_true(screen_wait_gone(s, "elsewhere", 50));
    screen_stop(s);
}

static void test_cells(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "printf 'p\\033[1;7;31mX\\033[0m\\033[4;38;5;200;48;2;1;2;3mY\\033[m\\344\\270\\255|'; "
                                   "sleep 100");
    screen_expect(s, "\\|$");
    struct screen_cell plain = screen_cell(s, 0, 0), x = screen_cell(s, 0, 1), y = screen_cell(s, 0, 2);
    assert_string_equal(plain.text, "p");
    assert_int_equal(plain.fg.kind, SCREEN_DEFAULT);
    assert_int_equal(plain.bg.kind, SCREEN_DEFAULT);
    assert_false(plain.bold || plain.reverse || plain.underline);
    assert_string_equal(x.text, "X");
    assert_true(x.bold && x.reverse);
    assert_int_equal(x.fg.kind, SCREEN_INDEXED);
    assert_int_equal(x.fg.index, 1);
    assert_true(y.underline && !y.bold && !y.reverse);
    assert_int_equal(y.fg.index, 200);
    assert_int_equal(y.bg.kind, SCREEN_RGB);
    assert_int_equal(y.bg.red, 1);
    assert_int_equal(y.bg.green, 2);
    assert_int_equal(y.bg.blue, 3);
    assert_int_equal(screen_cell(s, 0, 3).width, 2);
    assert_string_equal(screen_cell(s, 0, 4).text, "");
    assert_string_equal(screen_row(s, 0), "pXY中|");
    assert_true(screen_coloured(s));
    screen_stop(s);
}

static void test_keys(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "stty raw -echo; printf ready; dd bs=1 count=32 2>/dev/null | od -An -v -tx1 -w32; "
                                   "sleep 100");
    screen_expect(s, "ready");
    screen_keys(s, "a<Up><F1><C-d><M-x><lt>>");
    screen_keys(s, "<Enter>");
    screen_keys(s, "<Esc>");
    screen_keys(s, "<Tab><BackTab><PgDn><Backspace>0123456789abcdef");
    screen_expect(s, "61 1b 5b 41 1b 4f 50 04 1b 78 3c 3e 0d 1b 09 1b 5b 5a 1b 5b 36 7e 7f");
    screen_stop(s);
}

static void test_keys_follow_the_mode(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "stty raw -echo; printf '\\033[?1h\\033[?2004hready'; "
                                   "dd bs=1 count=16 2>/dev/null | od -An -v -tx1 -w32; sleep 100");
    screen_expect(s, "ready");
    assert_true(screen_mode(s, 1));
    assert_true(screen_mode(s, 2004));
    assert_false(screen_mode(s, 1000));
    screen_keys(s, "<Up>");
    screen_paste(s, "x");
    screen_expect(s, "1b 4f 41 1b 5b 32 30 30 7e 78 1b 5b 32 30 31 7e");
    screen_stop(s);
}

static void test_window(void **state)
{
    (void)state;
    struct screen *s = shell(&(struct screen_options){.rows = 40, .cols = 120},
                             "trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done");
    screen_expect(s, "^40 120$");
    screen_resize(s, 60, 200);
    screen_expect(s, "^60 200$");
    assert_int_equal(screen_rows(s), 60);
    screen_resize(s, 10, 40);
    screen_expect(s, "^10 40$");
    screen_stop(s);
}

static void test_environment(void **state)
{
    (void)state;
    setenv("COLORTERM", "truecolor", 1);
    setenv("GONE", "1", 1);
    const char *env[] = {"KEY=a=b", "GONE", NULL};
    struct screen *s = shell(&(struct screen_options){.term = "vt100", .env = env},
                             "echo \"[$TERM][$KEY][$GONE][$COLORTERM][$HOME]\"; test -d \"$XDG_STATE_HOME\" && echo ok");
    screen_expect(s, "^ok$");
    assert_true(screen_has(s, "\\[vt100\\]\\[a=b\\]\\[\\]\\[\\]\\[.*gw-screen"));
    char folder[600];
    snprintf(folder, sizeof folder, "%s", screen_folder(s));
    assert_int_equal(access(folder, F_OK), 0);
    screen_stop(s);
    assert_int_not_equal(access(folder, F_OK), 0);
}

static void test_exits(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "echo bye; exit 7");
    assert_int_equal(screen_wait_exit(s, 5000), 7);
    assert_true(screen_has(s, "bye"));
    assert_false(screen_wait_text(s, "more", 5000));    /* an end is seen at once */
    screen_stop(s);

    s = shell(NULL, "sleep 100");
    assert_int_equal(screen_wait_exit(s, 10), -1);
    screen_signal(s, SIGTERM);
    assert_int_equal(screen_wait_exit(s, 5000), 128 + SIGTERM);
    screen_stop(s);

    s = shell(NULL, "kill -STOP $$; echo again; sleep 100");
    assert_true(screen_wait_stopped(s, 5000));
    screen_signal(s, SIGCONT);
    screen_expect(s, "again");
    screen_stop(s);

    const char *missing[] = {"/nowhere/program", NULL};
    s = screen_start(NULL, missing);
    assert_int_equal(screen_wait_exit(s, 5000), 127);
    screen_stop(s);
}

static void expect_left_behind(const char *script, const char *what)
{
    char why[128] = "";
    struct screen *s = shell(NULL, script);
    assert_int_equal(screen_wait_exit(s, 5000), 0);
    assert_false(screen_restored(s, why, sizeof why));
    assert_string_equal(why, what);
    screen_stop(s);
}

static void test_restored(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "tput smcup; tput civis; tput smkx; tput setaf 1; stty raw; printf in; read x");
    screen_expect(s, "in");
    assert_true(screen_alt(s));
    assert_false(screen_cursor_visible(s));
    assert_false(screen_restored(s, (char[64]){0}, 64));
    screen_stop(s);

    s = shell(NULL, "old=$(stty -g); tput smcup; tput civis; tput smkx; tput setaf 1; stty raw; "
                    "stty \"$old\"; tput sgr0; tput rmkx; tput cnorm; tput rmcup");
    assert_int_equal(screen_wait_exit(s, 5000), 0);
    screen_expect_restored(s);
    assert_false(screen_alt(s));
    assert_true(screen_cursor_visible(s));
    screen_stop(s);

    expect_left_behind("tput smcup", "alternate screen");
    expect_left_behind("tput civis", "hidden cursor");
    expect_left_behind("printf '\\033='", "application keypad");
    expect_left_behind("printf '\\033[?1h'", "application cursor keys");
    expect_left_behind("printf '\\033[?1000;1006h'", "mouse");
    expect_left_behind("printf '\\033[?2004h'", "bracketed paste");
    expect_left_behind("printf '\\033[44m'", "colours or attributes");
    expect_left_behind("printf '\\033[1m'", "colours or attributes");
    expect_left_behind("stty -echo", "line discipline");
}

static void test_clipboard_and_title(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "printf '\\033]2;title\\007\\033]52;c;aGVsbG8=\\007a'; read x;"
                                   "printf '\\033Ptmux;\\033\\033]52;c;dG11eA==\\007\\033\\\\b'; read x;"
                                   "printf '\\033P\\033]52;c;c2Ny\\033\\\\\\033PZWVu\\007\\033\\\\c'; read x;"
                                   "printf '\\033]52;c;c3Q=\\033\\\\d'; sleep 100");
    screen_expect(s, "a");
    assert_string_equal(screen_title(s), "title");
    assert_string_equal(screen_clipboard(s), "hello");
    screen_keys(s, "<Enter>");
    screen_expect(s, "b");
    assert_string_equal(screen_clipboard(s), "tmux");
    screen_keys(s, "<Enter>");
    screen_expect(s, "c");
    assert_string_equal(screen_clipboard(s), "screen");
    screen_keys(s, "<Enter>");
    screen_expect(s, "d");
    assert_string_equal(screen_clipboard(s), "st");
    screen_stop(s);
}

static void test_quiet_and_clears(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "printf '\\033[2Jx\\033[H\\033[J'; read x; while :; do printf .; sleep 0.01; done");
    assert_true(screen_settle(s, 100, 5000));
    assert_int_equal(screen_clears(s), 1);
    assert_true(screen_ascii_only(s));
    assert_null(screen_clipboard(s));
    screen_keys(s, "<Enter>");
    assert_false(screen_settle(s, 500, 1000));
    screen_stop(s);
}

/* A flood is read to its end, in order. */
static void test_flood(void **state)
{
    (void)state;
    struct screen *s = shell(NULL, "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo the end");
    screen_expect(s, "^the end$");
    assert_true(screen_has(s, "^line 19999$"));
    assert_int_equal(screen_wait_exit(s, 5000), 0);
    screen_stop(s);
}

static void test_simulator(void **state)
{
    (void)state;
    struct sim *sim = sim_start("healthy", "--speed", "5", NULL);
    assert_int_equal(strncmp(sim_url(sim), "https://127.0.0.1:", 18), 0);
    char *reply = NULL;
    assert_int_equal(sim_call(sim, "GET", "/_sim/state", NULL, &reply), 200);
    assert_non_null(strstr(reply, "\"speed\""));
    free(reply);
    assert_int_equal(sim_call(sim, "POST", "/_sim/fault", "path=/version,status=503", NULL), 200);
    assert_int_equal(sim_call(sim, "GET", "/version", NULL, NULL), 503);
    assert_int_equal(sim_call(sim, "DELETE", "/_sim/fault", NULL, NULL), 200);
    assert_int_not_equal(sim_call(sim, "GET", "/version", NULL, NULL), 503);
    char folder[600];
    snprintf(folder, sizeof folder, "%s", sim_folder(sim));
    sim_stop(sim);
    assert_int_not_equal(access(folder, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_text),
        cmocka_unit_test(test_fails_when_text_does_not_come),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_keys_follow_the_mode),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_exits),
        cmocka_unit_test(test_restored),
        cmocka_unit_test(test_clipboard_and_title),
        cmocka_unit_test(test_quiet_and_clears),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_simulator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
