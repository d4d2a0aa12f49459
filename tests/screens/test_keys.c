/* The keys of lists and of pages: every binding of the table src/ui/keymap.def has its effect, and the help names it. The
 * keys of the sheet are in test_fixes.c, all others in test_commands.c. */
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim *tenants, *reference;

static int start_worlds(void **state)
{
    (void)state;
    tenants = sim_start("tenants", "--tenants", "10", "--routes", "100", "--speed", "20", NULL);
    reference = sim_start("reference", "--speed", "20", NULL);
    return 0;
}

static int stop_worlds(void **state)
{
    (void)state;
    sim_stop(tenants);
    sim_stop(reference);
    return 0;
}

/* 103 routes: route-0 to route-9 of tenant amber, route-10 to route-19 of birch, … juniper, then the two samples and the
 * health route. */
static struct screen *open_routes(void)
{
    struct screen *s = steps_open(tenants, NULL, "Overview");
    screen_keys(s, "4");
    screen_expect(s, "^Routes .* 103$");
    return s;
}

/* Which of the 103 is selected, as the details below tell; -1 when they tell none. */
static int selected(struct screen *s)
{
    const char *found = strstr(screen_text(s), "\n HTTPRoute       ");
    if (!found)
        return -1;
    found += strlen("\n HTTPRoute       ");
    if (strncmp(found, "sample-apps/app", 15) == 0)
        return 100 + found[15] - '1';
    if (strncmp(found, "gateway-health/", 15) == 0)
        return 102;
    const char *number = strstr(found, "/route-");
    return strncmp(found, "tenant-", 7) == 0 && number ? atoi(number + 7) : -1;
}

#define expect_selected(s, keys, want) expect_selected_at((s), (keys), (want), __LINE__)
static void expect_selected_at(struct screen *s, const char *keys, int want, int line)
{
    screen_keys(s, keys);
    for (int i = 0; i < 200 && selected(s) != want; i++)
        screen_settle(s, 10, 50);
    if (selected(s) != want) {
        screen_dump(s, keys);
        fail_msg("line %d: after %s row %d is selected, not %d", line, keys, selected(s), want);
    }
}

/* Which row is selected after keys that move from `from`. */
static int moved(struct screen *s, const char *keys, int from)
{
    screen_keys(s, keys);
    for (int i = 0; i < 200 && (selected(s) == from || selected(s) < 0); i++)
        screen_settle(s, 10, 50);
    assert_int_not_equal(selected(s), from);
    return selected(s);
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------ */

static void test_list_movement(void **state)
{
    (void)state;
    struct screen *s = open_routes();
    expect_selected(s, "", 0);
    expect_selected(s, "j", 1);
    expect_selected(s, "<Down>", 2);
    expect_selected(s, "jj<Down>", 5);
    expect_selected(s, "k", 4);
    expect_selected(s, "<Up>", 3);
    expect_selected(s, "G", 102);
    expect_selected(s, "j", 102);
    expect_selected(s, "g", 0);
    expect_selected(s, "k", 0);
    expect_selected(s, "<End>", 102);
    expect_selected(s, "<Home>", 0);
    int page = moved(s, "<C-f>", 0);
    assert_in_range(page, 3, 24);
    expect_selected(s, "<PgDn>", 2 * page);
    expect_selected(s, "<C-b>", page);
    expect_selected(s, "<PgUp>", 0);
    int half = moved(s, "<C-d>", 0);
    assert_in_range(half, 1, page - 1);
    expect_selected(s, "<C-d>", 2 * half);
    expect_selected(s, "<C-u><C-u>", 0);
    steps_quit(s);
}

static void test_columns(void **state)
{
    (void)state;
    struct screen *s = open_routes();
    screen_expect(s, "^ TENANT +ROUTE +STATE");
    screen_keys(s, "l");
    screen_expect(s, "^ TENANT +STATE");
    screen_keys(s, "<Right>");
    screen_expect(s, "^ TENANT +HOSTNAMES");
    screen_keys(s, "h");
    screen_expect(s, "^ TENANT +STATE");
    screen_keys(s, "<Left>");
    screen_expect(s, "^ TENANT +ROUTE +STATE");
    steps_quit(s);
}

/* The number of rows that pass: "N of 103". */
static int passing(struct screen *s, const char *filter, const char *remark)
{
    screen_keys(s, "/<C-u>");
    screen_keys(s, filter);
    screen_keys(s, "<Enter>");
    screen_expect(s, remark);
    screen_expect_gone(s, "^/");
    screen_settle(s, 50, 2000);         /* the number may come in two pieces */
    const char *of = strstr(screen_text(s), " of 103");
    if (!of)
        return 103;
    while (of[-1] >= '0' && of[-1] <= '9')
        of--;
    return atoi(of);
}

static void test_filter(void **state)
{
    (void)state;
    struct screen *s = open_routes();
    /* It works while it is typed. */
    screen_keys(s, "/tenant:bir");
    screen_expect(s, "^Routes .*/tenant:bir .* 10 of 103$");
    screen_keys(s, "ch<Enter>");
    screen_expect(s, "^Routes .*/tenant:birch .* 10 of 103$");
    expect_selected(s, "g", 10);
    screen_keys(s, "<Esc>");
    screen_expect(s, "^Routes .* 103$");
    screen_expect_gone(s, "of 103");

    int well = passing(s, "state:ok", "/state:ok .* of 103$"), ill = passing(s, "!state:ok", "/!state:ok .* of 103$");
    assert_true(well > 50 && ill > 0);
    assert_int_equal(well + ill, 103);
    assert_int_equal(passing(s, "route:/route-[0-9]*[34]$", "/route:.* of 103$"), 20);
    assert_int_equal(passing(s, "tenant:cedar !route:[0-4]$", "/tenant:cedar .* of 103$"), 5);
    assert_int_equal(passing(s, "TENANT:(amber|birch)", "/TENANT.* of 103$"), 20);
    screen_keys(s, "/<C-u>nothing-has-this<Enter>");
    screen_expect(s, "Nothing passes the filter");
    screen_keys(s, "q");
    screen_expect_gone(s, "Nothing passes");
    /* F4 as well; leaving the line puts the filter back that was there. */
    screen_keys(s, "<F4>tenant:fjord<Enter>");
    screen_expect(s, "/tenant:fjord .* 10 of 103$");
    screen_keys(s, "/-no");
    screen_expect(s, "Nothing passes");
    screen_keys(s, "<Esc>");
    screen_expect(s, "/tenant:fjord .* 10 of 103$");
    steps_quit(s);
}

static void test_faults(void **state)
{
    (void)state;
    struct screen *s = open_routes();
    int first = moved(s, "n", 0);
    screen_expect(s, "State +(✗|▲)");
    int second = moved(s, "n", first);
    assert_true(second > first);
    screen_expect(s, "State +(✗|▲)");
    expect_selected(s, "N", first);
    screen_keys(s, "f");
    screen_expect(s, "only faults .* of 103$");
    expect_selected(s, "g", first);
    screen_expect_gone(s, "✓ ok");
    screen_keys(s, "f");
    screen_expect_gone(s, "only faults");
    steps_quit(s);
}

static void test_sort(void **state)
{
    (void)state;
    struct screen *s = open_routes();
    screen_keys(s, ">");
    screen_expect(s, "^ TENANT ↑ ");
    screen_keys(s, "I");
    screen_expect(s, "^ TENANT ↓ ");
    screen_keys(s, "g");
    screen_expect(s, "HTTPRoute +sample-apps/app[12]-route");
    screen_keys(s, "I>");
    screen_expect(s, "ROUTE ↑");
    screen_expect_gone(s, "TENANT ↑");
    expect_selected(s, "g", 102);      /* gateway-health comes before sample-apps and tenant-… */
    screen_keys(s, "<lt>");
    screen_expect(s, "^ TENANT ↑ ");
    screen_keys(s, "<lt>");
    screen_expect_gone(s, "[↑↓]");
    expect_selected(s, "g", 0);
    steps_quit(s);
}

static void test_describe(void **state)
{
    (void)state;
    struct screen *s = open_routes();
    static const char *const ways[] = {"d", "<Enter>"};
    for (size_t i = 0; i < 2; i++) {
        screen_keys(s, ways[i]);
        screen_expect(s, "^Routes: details");
        screen_expect(s, "HTTPRoute +tenant-amber/route-0");
        screen_keys(s, "<Esc>");
        screen_expect(s, "^Routes .* 103$");
    }
    steps_quit(s);
}

static void test_yaml_and_events(void **state)
{
    (void)state;
    struct screen *s = open_routes();
    screen_keys(s, "jy");
    screen_expect(s, "^HTTPRoute tenant-amber/route-1: YAML");
    screen_expect(s, "^ kind: HTTPRoute");
    screen_expect(s, "^   name: route-1");
    screen_keys(s, "q");
    screen_expect(s, "^Routes .* 103$");
    screen_keys(s, "e");
    screen_expect(s, "^HTTPRoute tenant-amber/route-1: events");
    screen_expect(s, "No events|REASON|ago");
    screen_keys(s, "q");
    screen_expect(s, "^Routes .* 103$");
    /* What is no object says so. */
    screen_keys(s, "3G");
    screen_expect(s, "^Probes");
    steps_quit(s);
}

static void test_copy_and_marks(void **state)
{
    (void)state;
    struct screen *s = open_routes();
    screen_keys(s, "c");
    screen_expect(s, "clipboard");
    assert_true(screen_printed(s, "\033]52;c;", 7));
    assert_non_null(strstr(screen_clipboard(s), "tenant-amber/route-0\t"));
    assert_null(strstr(screen_clipboard(s), "route-1\t"));
    /* Space marks and goes down; again on a marked row takes the mark away. */
    screen_keys(s, "<Space>");
    screen_expect(s, "marked");
    screen_expect(s, "^•amber");
    expect_selected(s, "", 1);
    expect_selected(s, "<Space>", 2);
    expect_selected(s, "j<Space>", 4);
    expect_selected(s, "k<Space>", 4);
    screen_keys(s, "c");
    screen_expect(s, "2 rows");
    assert_non_null(strstr(screen_clipboard(s), "tenant-amber/route-0\t"));
    assert_non_null(strstr(screen_clipboard(s), "tenant-amber/route-1\t"));
    assert_null(strstr(screen_clipboard(s), "route-3\t"));
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "marked");
    steps_quit(s);
}

/* Inside tmux and screen the sequence is wrapped, so that it reaches the outer terminal. */
static void test_copy_wrapped(void **state)
{
    (void)state;
    static const char *const tmux[] = {"TMUX=/tmp/tmux-0/default,1,0", NULL}, *const sty[] = {"STY=1.pts-0.host", NULL};
    const char *const *envs[] = {tmux, sty};
    static const char *const terms[] = {"tmux-256color", "screen-256color"}, *const wraps[] = {"\033Ptmux;", "\033P\033]52"};
    for (size_t i = 0; i < 2; i++) {
        struct screen *s = steps_open(tenants, &(struct screen_options){.term = terms[i], .env = envs[i]}, "Overview");
        screen_keys(s, "4c");
        screen_expect(s, "clipboard");
        assert_true(screen_printed(s, wraps[i], strlen(wraps[i])));
        assert_non_null(screen_clipboard(s));
        assert_non_null(strstr(screen_clipboard(s), "tenant-amber/route-0\t"));
        screen_stop(s);
    }
}

/* ---- pages of text ------------------------------------------------------------------------------------------------------------ */

/* The first line of the page, of a frame that is drawn to its end. */
static void top_line(struct screen *s, char *out, size_t size)
{
    screen_settle(s, 30, 1000);
    snprintf(out, size, "%s", screen_row(s, 3));
    out[strcspn(out, "┃│")] = '\0';
}

#define expect_top(s, keys, want) expect_top_at((s), (keys), (want), __LINE__)
static void expect_top_at(struct screen *s, const char *keys, const char *want, int line)
{
    char now[256];
    screen_keys(s, keys);
    for (int i = 0; i < 200; i++) {
        top_line(s, now, sizeof now);
        if (strncmp(now, want, strcspn(want, "\n")) == 0)
            return;
        screen_settle(s, 10, 50);
    }
    screen_dump(s, keys);
    fail_msg("line %d: after %s the page begins with \"%s\", not \"%s\"", line, keys, now, want);
}

/* The first line after keys that scroll away from `before`. */
static void scrolled(struct screen *s, const char *keys, const char *before, char *after, size_t size)
{
    screen_keys(s, keys);
    for (int i = 0; i < 200; i++) {
        top_line(s, after, size);
        if (strcmp(after, before) != 0)
            return;
        screen_settle(s, 10, 50);
    }
    fail_msg("%s did not scroll", keys);
}

static void test_pager(void **state)
{
    (void)state;
    struct screen *s = steps_open(reference, NULL, "Overview");
    char first[256], second[256], page[256], half[256], last[256];
    screen_keys(s, "?");
    screen_expect(s, "^Help");
    top_line(s, first, sizeof first);
    scrolled(s, "j", first, second, sizeof second);
    expect_top(s, "k", first);
    expect_top(s, "<Down>", second);
    expect_top(s, "<Up>", first);
    expect_top(s, "<Enter>", second);
    expect_top(s, "g", first);
    scrolled(s, "<PgDn>", first, page, sizeof page);
    expect_top(s, "<PgUp>", first);
    expect_top(s, "<C-f>", page);
    expect_top(s, "<C-b>", first);
    expect_top(s, "<Space>", page);
    expect_top(s, "b", first);
    scrolled(s, "<C-d>", first, half, sizeof half);
    assert_string_not_equal(half, page);
    expect_top(s, "<C-u>", first);
    scrolled(s, "G", first, last, sizeof last);
    expect_top(s, "<Home>", first);
    expect_top(s, "<End>", last);
    screen_expect(s, "^Help .*100%");
    expect_top(s, "<Home>", first);
    /* Search: forward, on, back. */
    screen_keys(s, "/delete<Enter>");
    screen_expect(s, "it never deletes");
    scrolled(s, "", first, page, sizeof page);
    assert_non_null(strstr(page, "delete"));
    scrolled(s, "n", page, second, sizeof second);
    expect_top(s, "N", page);
    screen_keys(s, "c");
    screen_expect(s, "clipboard");
    assert_non_null(strstr(screen_clipboard(s), "it never deletes"));
    screen_keys(s, "q");
    screen_expect_gone(s, "^Help");
    screen_keys(s, "<F1>");
    screen_expect(s, "^Help");
    /* Sideways, where lines are kept whole. */
    screen_keys(s, "q4y");
    expect_top(s, "", " apiVersion: gateway");
    top_line(s, first, sizeof first);
    scrolled(s, "l", first, second, sizeof second);
    assert_null(strstr(second, "apiVersion"));
    expect_top(s, "h", " apiVersion: gateway");
    expect_top(s, "<Right>", second);
    expect_top(s, "<Left>", " apiVersion: gateway");
    steps_quit(s);
}

/* The help names every binding with its words, from whatever place. */
static void test_help_is_whole(void **state)
{
    (void)state;
    static const struct { const char *keys, *help; } rows[] = {
#define KEY(action, place, keys, hint, help) {keys, help},
#include "../../src/ui/keymap.def"
#undef KEY
    };
    struct screen *s = steps_open(reference, &(struct screen_options){.rows = 40, .cols = 120}, "Overview");
    screen_keys(s, "?");
    screen_expect(s, "^Help");
    screen_keys(s, "c");
    screen_expect(s, "clipboard");
    const char *text = screen_clipboard(s);
    assert_non_null(text);
    assert_true(sizeof rows / sizeof *rows > 60);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[200];
        bool found = false;
        snprintf(line, sizeof line, "  %s ", rows[i].keys);
        for (const char *at = text; !found && (at = strstr(at, line)); at++) {
            const char *end = strchr(at, '\n'), *help = strstr(at, rows[i].help);
            found = help && (!end || help < end);
        }
        if (!found)
            fail_msg("the help does not have: %s  %s", rows[i].keys, rows[i].help);
    }
    steps_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_movement),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_sort),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_yaml_and_events),
        cmocka_unit_test(test_copy_and_marks),
        cmocka_unit_test(test_copy_wrapped),
        cmocka_unit_test(test_pager),
        cmocka_unit_test(test_help_is_whole),
    };
    return cmocka_run_group_tests(tests, start_worlds, stop_worlds);
}
