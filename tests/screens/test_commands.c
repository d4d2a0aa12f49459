/* The keys that work everywhere, the line where one types, its commands; and that no key alone changes the world. */
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
