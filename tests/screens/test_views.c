/* The views: what a user relies on is on the screen, at every size and on every kind of terminal. */
#include "steps.h"

#include "screen_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reference world: broken twice. Started once, only looked at. */
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

static struct screen *broken(int rows, int cols, const char *term, const char *const *env)
{
    struct screen *s = steps_open(sim, &(struct screen_options){.rows = rows, .cols = cols, .term = term, .env = env},
                                  "UNHEALTHY");
    /* Azure has reported. */
    screen_expect(s, "(✗|x) Unhealthy");
    return s;
}

static void expect_frame(struct screen *s)
{
    /* Where we are, the verdict, how old the sources are, what to press: on every view and size. */
    screen_expect(s, "aks-mtkc-poc");
    screen_expect(s, "(✗|x) UNHEALTHY ");
    screen_expect(s, "k8s live.*arm [<0-9].*health [<0-9]");
    screen_expect(s, "^ *x fix .*\\? help.*q (quit|back)");
    assert_true(strstr(screen_row(s, screen_rows(s) - 1), "help") != NULL);
}

/* Waits for a row that has all these words, in whatever order; columns may move. Ended by NULL. */
static void expect_row(struct screen *s, ...) __attribute__((sentinel));
static void expect_row(struct screen *s, ...)
{
    const char *words[16];
    size_t n = 0;
    va_list more;
    va_start(more, s);
    for (const char *word; n < 16 && (word = va_arg(more, const char *));)
        words[n++] = word;
    va_end(more);
    int64_t end = now_ms() + patient(SCREEN_WAIT);
    do {
        for (int row = 0; row < screen_rows(s); row++) {
            const char *text = screen_row(s, row);
            size_t found = 0;
            while (found < n && strstr(text, words[found]))
                found++;
            if (found == n)
                return;
        }
        screen_settle(s, 10, 50);
    } while (now_ms() < end);
    screen_dump(s, "no row has all of these");
    for (size_t i = 0; i < n; i++)
        print_error("    %s\n", words[i]);
    fail();
}

/* ---- each view ----------------------------------------------------------------------------------------------------------- */

static void overview(struct screen *s)
{
    screen_keys(s, "1");
    screen_expect(s, "Root cause .*lb-probe-404");
    screen_expect(s, "load balancer's probe gets 404");
    screen_expect(s, "^ x see the fix: traffic policy");
    /* The path, from client to pods, each hop with a sign. */
    screen_expect(s, "(✗|x) Client.*(✗|x) (Load balancer|LB).*(✓|\\+) Service.*(✓|\\+) Gateway.*(✗|x) Route.*(✓|\\+) Pods");
    /* Both probers with what is sent, predicted and reported. */
    if (screen_cols(s) >= 110)
        expect_row(s, "PROBER", "SENDS", "PREDICTED", "REPORTED", NULL);
    screen_expect(s, "^ A .*GET /healthz/ready.* timeout +Unhealthy");
    screen_expect(s, "^ B .*GET / .* 404 +([0-9]+ (up|of)|Down)");
    expect_row(s, "HEALTH", "POOL", "SETTINGS", "SERVER", NULL);
    expect_row(s, " Unhealthy", "aks-gatew", "10.0.1.50", NULL);
    expect_frame(s);
}

static void backends(struct screen *s)
{
    screen_keys(s, "2");
    screen_expect(s, "^Backends.* 1( |$)");
    expect_row(s, "HEALTH", "POOL", "SETTINGS", "SERVER", NULL);
    expect_row(s, " Unhealthy", "aks-gatew", "https-set", "10.0.1.50", NULL);
    screen_expect(s, "Probe log");
    screen_expect(s, "GET /healthz/ready");
    screen_expect(s, "Predicted +timeout");
    expect_frame(s);
}

static void probes(struct screen *s)
{
    screen_keys(s, "3");
    expect_row(s, "PROBER", "SENDS", "PREDICTED", "REPORTED", NULL);
    expect_row(s, "A App Gateway", "GET /healthz/ready", "timeout", "Unhealthy", NULL);
    screen_expect(s, "B Load balancer");
    expect_row(s, "GET / ", " 404 ", NULL);
    expect_row(s, "tcp connect :", " ok ", NULL);
    expect_frame(s);
}

static void routes(struct screen *s)
{
    screen_keys(s, "4");
    expect_row(s, "TENANT", "ROUTE", "STATE", "PATHS", "READY", NULL);
    screen_expect(s, "(✓|\\+) ok");
    expect_row(s, "sample-a", " ok", "/app1", "2/2", NULL);
    expect_row(s, " ok", "/app2", "2/2", NULL);
    screen_expect(s, "Parent +istio-ingress/mtkc-gateway: accepted");
    expect_frame(s);
}

static void services(struct screen *s)
{
    screen_keys(s, "5");
    expect_row(s, "SERVICE", "ADDRESS", "POLICY", "LB PROBE", "PREDICTED", "NODES", NULL);
    expect_row(s, "istio-ing", "10.0.1.50", "Cluster", "404", "0/3", NULL);
    screen_expect(s, "externalTrafficPolicy Cluster");
    expect_row(s, "NODE", "LB", "PODS", NULL);
    screen_expect(s, "aks-node.*(✗|x) out +1 ");
    screen_expect(s, "aks-node.*(✗|x) out +0 ");
    expect_frame(s);
}

static void findings(struct screen *s)
{
    screen_keys(s, "6");
    expect_row(s, "SEVERITY", "FINDING", "FIX", NULL);
    screen_expect(s, "(✗|x) critical +The load balancer's probe.* x( |$)");
    screen_expect(s, "(✗|x) critical +No route of Gateway.* x( |$)");
    /* What another finding explains is folded under it. */
    screen_expect(s, "symptom +The load balancer has no node");
    screen_expect(s, "symptom +Service istio-ingress/mtkc-gateway-istio ha");
    screen_expect(s, "What to do");
    expect_frame(s);
}

static void all_views(struct screen *s)
{
    overview(s);
    backends(s);
    probes(s);
    routes(s);
    services(s);
    findings(s);
    screen_keys(s, "1");
    screen_expect(s, "Root cause");
}

static void test_small(void **state)
{
    (void)state;
    struct screen *s = broken(24, 80, NULL, NULL);
    all_views(s);
    steps_quit(s);
}

static void test_middle(void **state)
{
    (void)state;
    struct screen *s = broken(40, 120, NULL, NULL);
    screen_expect(s, "1 Overview +2 Backends +3 Probes +4 Routes +5 Services +6 Findings 2");
    all_views(s);
    steps_quit(s);
}

/* A tall and wide screen shows more at once. */
static void test_large(void **state)
{
    (void)state;
    struct screen *s = broken(60, 200, NULL, NULL);
    all_views(s);
    screen_expect(s, "^Root cause.* Findings ");
    screen_expect(s, "Services of gateways");
    screen_expect(s, "Nodes behind the load balancer");
    screen_expect(s, "Tenants ");
    screen_expect(s, "^Routes ");
    steps_quit(s);
}

static void test_healthy(void **state)
{
    (void)state;
    struct sim *well = sim_start("healthy", "--speed", "20", NULL);
    struct screen *s = steps_open(well, NULL, "(✓|\\+) HEALTHY ");
    screen_expect(s, "the backend is healthy|all .* healthy|backends? healthy");
    assert_false(screen_has(s, "critical|UNHEALTHY|✗"));
    screen_keys(s, "6");
    screen_expect(s, "^Findings");
    screen_expect_gone(s, "critical");
    steps_quit(s);
    sim_stop(well);
}

/* ---- kinds of terminals ----------------------------------------------------------------------------------------------------- */

static bool differs(struct screen_cell a, struct screen_cell b)
{
    return a.fg.kind != b.fg.kind || a.fg.index != b.fg.index || a.fg.red != b.fg.red || a.bg.kind != b.bg.kind ||
           a.bg.index != b.bg.index || a.bg.red != b.bg.red || a.reverse != b.reverse;
}

static struct screen_cell cell_of(struct screen *s, const char *text)
{
    int row = 0, col = 0;
    assert_true(screen_find(s, text, &row, &col));
    return screen_cell(s, row, col);
}

static void test_colour(void **state)
{
    (void)state;
    struct screen *s = broken(40, 120, NULL, NULL);
    struct screen_cell verdict = cell_of(s, "UNHEALTHY"), title = cell_of(s, "Overview"), word = cell_of(s, "likely");
    assert_true(verdict.bg.kind != SCREEN_DEFAULT || verdict.fg.kind != SCREEN_DEFAULT || verdict.reverse);
    assert_true(verdict.bold);
    assert_true(differs(verdict, title) && differs(verdict, word));
    /* Well and ill differ by colour too. */
    assert_true(differs(cell_of(s, "✓ Service"), cell_of(s, "✗ Load balancer")));
    assert_true(screen_coloured(s));
    screen_stop(s);
}

static void test_no_color(void **state)
{
    (void)state;
    static const char *const env[] = {"NO_COLOR=1", NULL};
    struct screen *s = broken(24, 80, NULL, env);
    all_views(s);
    screen_keys(s, "?");
    screen_expect(s, "Everywhere|Lists");
    assert_false(steps_printed_colour(s));
    assert_false(screen_coloured(s));
    /* What is loud stays loud without colours. */
    screen_keys(s, "q");
    struct screen_cell verdict = cell_of(s, "UNHEALTHY");
    assert_true(verdict.reverse || verdict.bold);
    assert_false(screen_ascii_only(s));
    steps_quit(s);
}

static void test_no_color_flag(void **state)
{
    (void)state;
    struct screen *s = screen_gatewatch(sim, NULL, "--no-color", NULL);
    screen_expect(s, "✗ UNHEALTHY");
    screen_expect(s, "health [<0-9]");
    assert_false(steps_printed_colour(s));
    steps_quit(s);
}

/* Lines and signs of a vt100 are ASCII or its own line set; libvterm shows that set as lines. */
static void test_vt100(void **state)
{
    (void)state;
    static const char *const env[] = {"LC_ALL=C", NULL};
    struct screen *s = broken(24, 80, "vt100", env);
    all_views(s);
    assert_false(steps_printed_colour(s));
    assert_true(screen_ascii_only(s));
    steps_quit(s);
}

static void test_ascii(void **state)
{
    (void)state;
    static const char *const env[] = {"LC_ALL=C", NULL};
    struct screen *s = broken(40, 120, NULL, env);
    all_views(s);
    screen_keys(s, "x");
    screen_expect(s, "Apply");
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "Apply");
    screen_keys(s, "4y");
    screen_expect(s, "kind: HTTPRoute");
    assert_true(screen_ascii_only(s));
    assert_true(screen_coloured(s));
    screen_expect(s, "x UNHEALTHY");
    steps_quit(s);
}

static void test_true_colour(void **state)
{
    (void)state;
    static const char *const env[] = {"COLORTERM=truecolor", NULL};
    struct screen *s = broken(40, 120, NULL, env);
    struct screen_cell verdict = cell_of(s, "UNHEALTHY");
    assert_int_equal(verdict.bg.kind, SCREEN_RGB);
    all_views(s);
    steps_quit(s);

    s = broken(24, 80, "xterm-direct", NULL);
    all_views(s);
    assert_true(screen_coloured(s));
    steps_quit(s);
}

static void test_few_colours(void **state)
{
    (void)state;
    static const char *const terms[] = {"xterm", "linux", "screen-256color", "xterm-16color"};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        struct screen *s = broken(24, 80, terms[i], NULL);
        overview(s);
        struct screen_cell verdict = cell_of(s, "UNHEALTHY");
        assert_true(verdict.bg.kind != SCREEN_DEFAULT || verdict.fg.kind != SCREEN_DEFAULT || verdict.reverse);
        if (strcmp(terms[i], "xterm") == 0)
            assert_true(verdict.bg.kind != SCREEN_INDEXED || verdict.bg.index < 16);
        steps_quit(s);
    }
}

/* ---- themes --------------------------------------------------------------------------------------------------------------------- */

static const char *const themes[] = {"dark", "light", "high-contrast", "monochrome", "ember", "harbour"};

static void test_themes(void **state)
{
    (void)state;
    struct screen *s = broken(24, 80, NULL, NULL);
    struct screen_cell verdicts[6];
    for (size_t i = 0; i < 6; i++) {
        char line[64];
        snprintf(line, sizeof line, ":theme %s<Enter>", themes[i]);
        screen_keys(s, line);
        snprintf(line, sizeof line, "Theme %s", themes[i]);
        screen_expect(s, line);
        verdicts[i] = cell_of(s, "UNHEALTHY");
        /* Whatever the theme: the verdict is louder than text, and can be read. */
        assert_true(verdicts[i].bold || verdicts[i].reverse || verdicts[i].bg.kind != SCREEN_DEFAULT);
        if (!verdicts[i].reverse && verdicts[i].bg.kind == SCREEN_INDEXED && verdicts[i].fg.kind == SCREEN_INDEXED)
            assert_int_not_equal(verdicts[i].bg.index, verdicts[i].fg.index);
    }
    int others = 0;
    for (size_t i = 1; i < 6; i++)
        others += differs(verdicts[0], verdicts[i]);
    assert_true(others >= 2);
    /* An unknown one: what is wrong and what there is; the screen goes on. */
    screen_keys(s, ":theme nosuch<Enter>");
    screen_expect(s, "nosuch");
    screen_expect(s, "no theme|not found|unknown|There is no");
    screen_expect(s, "UNHEALTHY");
    screen_keys(s, "6");
    screen_expect(s, "^Findings");
    steps_quit(s);
}

static void test_theme_flag(void **state)
{
    (void)state;
    struct screen_cell verdicts[6];
    for (size_t i = 0; i < 6; i++) {
        struct screen *s = screen_gatewatch(sim, NULL, "--theme", themes[i], NULL);
        screen_expect(s, "✗ UNHEALTHY");
        screen_expect(s, "Root cause");
        verdicts[i] = cell_of(s, "UNHEALTHY");
        assert_true(verdicts[i].bold || verdicts[i].reverse || verdicts[i].bg.kind != SCREEN_DEFAULT);
        if (strcmp(themes[i], "monochrome") == 0)
            assert_false(steps_printed_colour(s));
        screen_stop(s);
    }
    assert_true(differs(verdicts[0], verdicts[3]));
    struct screen *s = screen_gatewatch(sim, &(struct screen_options){.rows = 24, .cols = 140}, "--theme", "nosuch", NULL);
    screen_expect(s, "nosuch");
    screen_expect(s, "dark.*light|light.*dark|themes");
    screen_stop(s);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------------------------ */

/* The last row has the keys, the one above it the sources, and no row was wrapped into the next. */
static void expect_whole(struct screen *s, int rows, int cols)
{
    assert_int_equal(screen_rows(s), rows);
    screen_expect(s, cols >= 60 ? "(✗|x) UNHEALTHY " : "UNHEALTHY");
    char hints[64];
    snprintf(hints, sizeof hints, "x fix%s", cols >= 80 ? ".* help" : "");
    screen_expect(s, hints);
    for (int i = 0; i < 200 && !(strstr(screen_row(s, rows - 1), "x fix") && strstr(screen_row(s, rows - 2), "k8s live")); i++)
        screen_settle(s, 10, 50);
    assert_non_null(strstr(screen_row(s, rows - 1), "x fix"));
    assert_non_null(strstr(screen_row(s, rows - 2), "k8s live"));
}

static void test_resize(void **state)
{
    (void)state;
    static const struct { int rows, cols; } sizes[] = {
        {10, 40}, {12, 60}, {16, 72}, {24, 80}, {25, 81}, {30, 100}, {40, 120}, {50, 150}, {60, 200}, {80, 250}, {100, 300},
        {60, 200}, {40, 120}, {24, 80}, {10, 300}, {100, 40}, {10, 40}, {24, 80},
    };
    struct screen *s = broken(24, 80, NULL, NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        screen_resize(s, sizes[i].rows, sizes[i].cols);
        expect_whole(s, sizes[i].rows, sizes[i].cols);
    }
    steps_quit(s);
}

/* In every view, at the smallest size, what was selected stays selected and something is shown. */
static void test_smallest(void **state)
{
    (void)state;
    struct screen *s = steps_open(sim, &(struct screen_options){.rows = 10, .cols = 40}, "UNHEALTHY");
    for (int view = 1; view <= 6; view++) {
        char key[2] = {(char)('0' + view), '\0'};
        screen_keys(s, key);
        expect_whole(s, 10, 40);
    }
    screen_keys(s, "x");
    screen_expect(s, "Cancel");
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "Cancel");
    screen_resize(s, 3, 20);
    screen_expect(s, "Too small|UNHEALTHY");
    screen_resize(s, 1, 1);
    screen_settle(s, 100, 2000);
    screen_resize(s, 24, 80);
    expect_whole(s, 24, 80);
    steps_quit(s);
}

static void test_resize_keeps_selection(void **state)
{
    (void)state;
    struct screen *s = broken(40, 120, NULL, NULL);
    screen_keys(s, "6jj");
    screen_expect(s, "probe-timeout-exceeds-interval +(certain|likely|possible)");
    screen_resize(s, 24, 80);
    screen_expect(s, "probe-timeout-exceeds-interval +(certain|likely|possible)");
    screen_resize(s, 10, 40);
    screen_expect(s, "warning");
    screen_resize(s, 60, 200);
    screen_expect(s, "probe-timeout-exceeds-interval +(certain|likely|possible)");
    steps_quit(s);
}

/* Sizes faster than anybody can draw them: the last one counts, and keys still work. */
static void test_resize_storm(void **state)
{
    (void)state;
    struct screen *s = broken(24, 80, NULL, NULL);
    unsigned seed = 7;
    for (int i = 0; i < 200; i++) {
        seed = seed * 1103515245u + 12345u;
        screen_resize(s, 1 + (int)(seed >> 16) % 60, 1 + (int)(seed >> 8) % 200);
        if (i % 25 == 0)
            screen_keys(s, i % 50 ? "6" : "1");
    }
    screen_resize(s, 40, 120);
    screen_keys(s, "1");
    expect_whole(s, 40, 120);
    overview(s);
    steps_quit(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_middle),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_healthy),
        cmocka_unit_test(test_colour),
        cmocka_unit_test(test_no_color),
        cmocka_unit_test(test_no_color_flag),
        cmocka_unit_test(test_vt100),
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_true_colour),
        cmocka_unit_test(test_few_colours),
        cmocka_unit_test(test_themes),
        cmocka_unit_test(test_theme_flag),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_resize_keeps_selection),
        cmocka_unit_test(test_resize_storm),
    };
    return cmocka_run_group_tests(tests, start_world, stop_world);
}
