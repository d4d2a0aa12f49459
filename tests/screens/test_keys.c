/* The keys: every binding of the table src/ui/keymap.def has its effect, and none alone changes the world. */
#include "steps.h"

#include <signal.h>
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

/* ---- views and the way back --------------------------------------------------------------------------------------------------- */

static void test_views(void **state)
{
    (void)state;
    static const char *const heads[] = {"^Root cause", "^Backends ", "^Probes .* 4$", "^Routes ", "^Services of", "^Findings "};
    struct screen *s = steps_open(reference, NULL, "Overview");
    for (int i = 5; i >= 0; i--) {
        char key[2] = {(char)('1' + i), '\0'};
        screen_keys(s, key);
        screen_expect(s, heads[i]);
    }
    screen_keys(s, "7");
    screen_expect(s, "not in this version");
    screen_keys(s, "{");
    screen_expect(s, "not in this version");
    screen_keys(s, "}");
    screen_expect(s, "not in this version");
    screen_keys(s, "?q");                   /* takes the message away */
    screen_expect(s, "x fix");
    /* The last view, and back again. */
    screen_keys(s, "36-");
    screen_expect(s, "^Probes .* 4$");
    screen_keys(s, "-");
    screen_expect(s, "^Findings ");
    screen_keys(s, "2");
    screen_expect(s, "^Backends ");
    /* Back and forward through the views seen. */
    screen_keys(s, "[");
    screen_expect(s, "^Findings ");
    screen_keys(s, "[");
    screen_expect(s, "^Probes .* 4$");
    screen_keys(s, "]");
    screen_expect(s, "^Findings ");
    screen_keys(s, "]");
    screen_expect(s, "^Backends ");
    screen_keys(s, "]");
    screen_expect(s, "No newer view");
    steps_quit(s);
}

/* Enter on a tenant goes to its routes; q comes back instead of quitting. */
static void test_drill(void **state)
{
    (void)state;
    struct screen *s = steps_open(tenants, &(struct screen_options){.rows = 40, .cols = 160}, "Overview");
    screen_keys(s, ":routes<Enter>");
    screen_expect(s, "^Tenants .* Routes .* 103( |$)");
    /* Tab: to the tenants, and back. */
    screen_keys(s, "<Tab>j<Enter>");
    screen_expect(s, "/tenant:.*10 of 103");
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "of 103");
    screen_keys(s, ":gw mtkc<Enter>");
    screen_expect(s, "^Services of gateways");
    screen_keys(s, "<Esc>");
    screen_expect(s, "Services of gateways .* 1( |$)");
    screen_keys(s, "q");
    screen_expect(s, "Routes .* 103( |$)");
    steps_quit(s);
}

static void test_panes(void **state)
{
    (void)state;
    struct screen *s = steps_open(reference, NULL, "Overview");
    screen_keys(s, "5");
    screen_expect(s, "^Services of gateways");
    screen_keys(s, "<Tab>jd");
    screen_expect(s, "^Nodes behind the load balancer: details");
    screen_expect(s, "vmss000001");
    screen_keys(s, "q<Tab>d");
    screen_expect(s, "^Services of gateways: details");
    screen_keys(s, "q<BackTab>d");
    screen_expect(s, "^Nodes behind the load balancer: details");
    steps_quit(s);
}

/* ---- the whole screen ------------------------------------------------------------------------------------------------------------ */

static void test_freeze(void **state)
{
    (void)state;
    static const char path[] = "/api/v1/namespaces/sample-apps/services/sample-app-1";
    struct screen *s = steps_open(reference, NULL, "Overview");
    static const char *const keys[] = {"p", "Z"};
    for (int i = 0; i < 2; i++) {
        screen_keys(s, "4");
        screen_expect(s, "^Routes .* 2$");
        screen_expect(s, "Backend .*sample-app-1:80 ready");
        screen_keys(s, keys[i]);
        screen_expect(s, "FROZEN");
        char *service = NULL;
        assert_int_equal(steps_kube(reference, "PATCH", path, "application/merge-patch+json",
                                    "{\"spec\":{\"selector\":{\"app\":\"nobody\"}}}", &service), 200);
        free(service);
        screen_expect(s, "FROZEN, [1-9][0-9]* held");
        assert_true(screen_has(s, "Backend .*sample-app-1:80 ready"));
        /* Keys go on. */
        screen_keys(s, "j");
        screen_expect(s, "HTTPRoute +sample-apps/app2-route");
        screen_keys(s, "k");
        screen_keys(s, keys[i]);
        screen_expect_gone(s, "FROZEN");
        screen_expect(s, "Backend .*sample-app-1:80 not ready|0 of [0-9]+ endpoints|no (ready )?endpoint");
        assert_int_equal(steps_kube(reference, "PATCH", path, "application/merge-patch+json",
                                    "{\"spec\":{\"selector\":{\"app\":\"sample-app-1\"}}}", NULL), 200);
        screen_expect(s, "Backend .*sample-app-1:80 ready");
    }
    steps_quit(s);
}

static void test_refresh_and_redraw(void **state)
{
    (void)state;
    struct screen *s = steps_open(reference, NULL, "Overview");
    screen_expect(s, "✗ Unhealthy");
    static const char *const keys[] = {"r", "R", "<C-r>", "<F5>"};
    for (int i = 0; i < 4; i++) {
        screen_keys(s, keys[i]);
        screen_expect(s, "Asked all sources");
        screen_keys(s, "h");
        screen_expect_gone(s, "Asked all sources");
    }
    /* ^l paints everything again; what is seen stays. */
    screen_settle(s, 300, 3000);
    char *before = strdup(screen_row(s, 1));
    uint64_t bytes = screen_received(s);
    screen_keys(s, "<C-l>");
    for (int i = 0; i < 100 && screen_received(s) < bytes + 1000; i++)
        screen_settle(s, 10, 100);
    assert_true(screen_received(s) >= bytes + 1000);
    screen_settle(s, 100, 2000);
    assert_string_equal(before, screen_row(s, 1));
    free(before);
    screen_expect(s, "^Root cause");
    steps_quit(s);
}

/* ---- the line where one types --------------------------------------------------------------------------------------------------- */

static void test_prompt(void **state)
{
    (void)state;
    struct screen *s = steps_open(reference, NULL, "Overview");
    screen_keys(s, ":bcd");
    screen_expect(s, "^:bcd( |$)");
    assert_true(screen_cursor_visible(s));
    static const struct { const char *keys, *line; } edits[] = {
        {"<Home>a", "^:abcd( |$)"}, {"<End>e", "^:abcde( |$)"}, {"<C-a>0", "^:0abcde( |$)"}, {"<C-e>f", "^:0abcdef( |$)"},
        {"<Left><Left>-", "^:0abcd-ef( |$)"}, {"<Right>+", "^:0abcd-e\\+f( |$)"}, {"<C-b><C-b>.", "^:0abcd-\\.e\\+f( |$)"},
        {"<C-f>,", "^:0abcd-\\.e,\\+f( |$)"}, {"<Backspace>", "^:0abcd-\\.e\\+f( |$)"}, {"<Home><Delete>", "^:abcd-\\.e\\+f( |$)"},
        {"<C-d>", "^:bcd-\\.e\\+f( |$)"}, {"<End> word two", "^:bcd-\\.e\\+f word two( |$)"}, {"<C-w>", "^:bcd-\\.e\\+f word( |$)"},
        {"<C-u>", "^:( |$)"}, {"äß中", "^:äß中( |$)"}, {"<Backspace><Backspace>", "^:ä( |$)"},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        screen_keys(s, edits[i].keys);
        screen_expect(s, edits[i].line);
    }
    static const char *const leave[] = {"<Esc>", "<C-c>", "<C-g>"};
    for (int i = 0; i < 3; i++) {
        screen_keys(s, leave[i]);
        screen_expect(s, "x fix");
        screen_keys(s, ":x");
        screen_expect(s, "^:x( |$)");
    }
    /* Rubbing out an empty line leaves it. */
    screen_keys(s, "<Backspace><Backspace>");
    screen_expect(s, "x fix");
    /* Older lines and newer ones. */
    screen_keys(s, ":theme light<Enter>");
    screen_expect(s, "Theme light");
    screen_keys(s, ":theme dark<Enter>");
    screen_expect(s, "Theme dark");
    screen_keys(s, ":now<Up>");
    screen_expect(s, "^:theme dark( |$)");
    screen_keys(s, "<C-p>");
    screen_expect(s, "^:theme light( |$)");
    screen_keys(s, "<Down>");
    screen_expect(s, "^:theme dark( |$)");
    screen_keys(s, "<C-n>");
    screen_expect(s, "^:now( |$)");
    screen_keys(s, "<Esc>");
    screen_expect(s, "x fix");
    assert_false(screen_cursor_visible(s));
    steps_quit(s);
}

static void test_commands(void **state)
{
    (void)state;
    struct screen *s = steps_open(reference, &(struct screen_options){.rows = 24, .cols = 120}, "Overview");
    /* Tab completes names, then arguments, one after another. */
    screen_keys(s, ":the<Tab>");
    screen_expect(s, "^:theme( |$)");
    screen_keys(s, " har<Tab>");
    screen_expect(s, "^:theme harbour( |$)");
    screen_keys(s, "<C-u>theme <Tab><Tab>");
    screen_expect(s, "^:theme [a-z-]+( |$)");
    screen_keys(s, "<C-u>tenant sam<Tab><Enter>");
    screen_expect(s, "Routes .*/tenant:sample-apps .* 2( |$)");
    screen_keys(s, ":rou<Tab>");
    screen_expect(s, "^:route( |$)");
    screen_keys(s, " app2<Tab><Enter>");
    screen_expect(s, "/route:.*app2-route .* 1 of 2");
    static const struct { const char *line, *seen; } commands[] = {
        {"gw", "Services of gateways .* 1"}, {"overview", "Root cause"}, {"backends", "^Backends "}, {"probes", "^Probes .* 4"},
        {"routes", "^(Tenants|Routes) "}, {"services", "^Services "}, {"findings", "^Findings "}, {"faults", "only faults"}, {"help", "^Help"},
        {"sources", "^Sources"}, {"refresh", "Asked all sources"}, {"ctx", "platform-engineer.*https://"},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        screen_keys(s, ":");
        screen_keys(s, commands[i].line);
        screen_keys(s, "<Enter>");
        screen_expect(s, commands[i].seen);
    }
    screen_keys(s, ":findngs<Enter>");
    screen_expect(s, "no command \"findngs\".*findings");
    screen_keys(s, ":q<Enter>");
    assert_int_equal(screen_wait_exit(s, 5000), 0);
    screen_expect_restored(s);
    screen_stop(s);
}

/* :sources tells of each source how old it is. */
static void test_sources(void **state)
{
    (void)state;
    struct screen *s = steps_open(reference, &(struct screen_options){.rows = 60, .cols = 140}, "Overview");
    screen_keys(s, ":sources<Enter>");
    screen_expect(s, "^Sources");
    screen_expect(s, "Server +https://");
    screen_expect(s, "ARM budget +[0-9]+ reads left");
    screen_expect(s, "services +live +[0-9]+ objects .* old");
    screen_expect(s, "httproutes.* +live ");
    screen_expect(s, "backendhealth.* +live .* old");
    steps_quit(s);
}

/* ---- nothing is written --------------------------------------------------------------------------------------------------------- */

/* Closes whatever a key opened. */
static void close_all(struct screen *s)
{
    for (int i = 0; i < 3; i++) {
        screen_keys(s, "<Esc>");
        screen_settle(s, 40, 1000);     /* a lone Escape, not the beginning of Alt */
    }
}

/* In every view every key that a keyboard has, but those that end or stop the program; then every key on a sheet. */
static void test_no_key_writes(void **state)
{
    (void)state;
    struct screen *s = steps_open(reference, &(struct screen_options){.rows = 40, .cols = 120}, "Overview");
    static const char *const named[] = {
        "<Up>", "<Down>", "<Left>", "<Right>", "<Home>", "<End>", "<PgUp>", "<PgDn>", "<Insert>", "<Delete>", "<Enter>", "<Tab>",
        "<BackTab>", "<Backspace>", "<Space>", "<F1>", "<F2>", "<F3>", "<F4>", "<F5>", "<F6>", "<F7>", "<F8>", "<F9>", "<F11>",
        "<F12>", "<C-a>", "<C-b>", "<C-d>", "<C-e>", "<C-f>", "<C-k>", "<C-l>", "<C-n>", "<C-o>", "<C-p>", "<C-r>", "<C-t>",
        "<C-u>", "<C-v>", "<C-w>", "<C-x>", "<C-y>",
    };
    steps_forget_requests(reference);
    for (int view = 1; view <= 6; view++) {
        for (int c = '!'; c <= '~'; c++) {
            char keys[8], number[2] = {(char)('0' + view), '\0'};
            snprintf(keys, sizeof keys, "%c", c);
            screen_keys(s, number);
            if (c != 'q')
                screen_keys(s, c == '<' ? "<lt>" : keys);
            if (strchr("xHDu:/?yedZp", c))
                close_all(s);
            if (c == 'Z' || c == 'p')
                screen_keys(s, keys);
        }
        for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
            screen_keys(s, named[i]);
            if (strchr("<F1><F4><Enter>", named[i][0]) && i % 5 == 0)
                close_all(s);
        }
        close_all(s);
    }
    screen_expect(s, "UNHEALTHY");
    for (size_t fix = 0; fix < 3; fix++) {
        static const char *const openers[] = {"x", "H", "D"};
        for (int c = '!'; c <= '~'; c++) {
            char keys[2] = {(char)c, '\0'};
            if (c == ':' || c == '/' || c == '?')
                continue;
            screen_keys(s, "1");
            screen_keys(s, openers[fix]);
            if (c % 8 == 1)
                screen_expect(s, "\\[Cancel\\] .*Apply");
            screen_keys(s, c == '<' ? "<lt>" : keys);
            if (c != 'q')
                screen_keys(s, "q");
        }
    }
    close_all(s);
    char first[700];
    size_t writes = steps_writes(reference, first, sizeof first);
    if (writes)
        fail_msg("%zu writes, the first: %s", writes, first);
    screen_keys(s, "1");
    screen_expect(s, "UNHEALTHY");
    steps_quit(s);
}

/* The other way round: the counting above sees a write. */
static void test_writes_are_seen(void **state)
{
    (void)state;
    char first[700];
    steps_forget_requests(reference);
    assert_int_equal(steps_kube(reference, "PATCH", "/api/v1/namespaces/sample-apps", "application/merge-patch+json",
                                "{\"metadata\":{\"labels\":{\"seen\":\"yes\"}}}", NULL), 200);
    assert_int_equal(steps_writes(reference, first, sizeof first), 1);
    assert_non_null(strstr(first, "PATCH /api/v1/namespaces/sample-apps"));
}

static void test_unknown_key(void **state)
{
    (void)state;
    struct screen *s = steps_open(reference, NULL, "Overview");
    screen_keys(s, "<F9>");
    screen_expect(s, "No such key here");
    screen_keys(s, "j");
    screen_expect(s, "x fix");
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
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_drill),
        cmocka_unit_test(test_panes),
        cmocka_unit_test(test_freeze),
        cmocka_unit_test(test_refresh_and_redraw),
        cmocka_unit_test(test_prompt),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_no_key_writes),
        cmocka_unit_test(test_writes_are_seen),
        cmocka_unit_test(test_unknown_key),
    };
    return cmocka_run_group_tests(tests, start_worlds, stop_worlds);
}
