/* Settings: four sources in rising strength, one table, and errors that say where and what to
 * do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID(name) \
    "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Network/applicationGateways/" name

static char folder[160];
static char file[256];
static struct settings s;
static struct error err;
static char *argv_made[32];
static int argc_made;

static void write_file(const char *text)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Words as argv after the program's name; NULL ends them. */
static bool load(const char *first, ...)
{
    va_list args;
    argc_made = 0;
    argv_made[argc_made++] = (char *)(uintptr_t) "gatewatch";
    va_start(args, first);
    for (const char *w = first; w; w = va_arg(args, const char *))
        argv_made[argc_made++] = (char *)(uintptr_t)w;
    va_end(args);
    argv_made[argc_made] = NULL;
    err = (struct error){0};
    s.refresh_s = -1;
    bool good = settings_load(&s, &argc_made, argv_made, &err);
    if (!good)
        assert_int_equal(s.refresh_s, -1);      /* untouched on failure */
    return good;
}
#define LOADS(...) do { if (!load(__VA_ARGS__, NULL)) fail_msg("%s", err.message); } while (0)
#define NOTHING (const char *)NULL

static void left(const char *words)
{
    TEXT_AUTO t = {0};
    for (int i = 1; i < argc_made; i++)
        text_printf(&t, "%s%s", i > 1 ? " " : "", argv_made[i]);
    assert_string_equal(text_str(&t), words);
    assert_null(argv_made[argc_made]);
}

static void refuses(enum error_code code, const char *message, const char *remedy)
{
    assert_int_equal(err.code, code);
    if (!strstr(err.message, message))
        fail_msg("\"%s\" has no \"%s\"", err.message, message);
    if (!strstr(err.remedy, remedy))
        fail_msg("\"%s\" has no \"%s\"", err.remedy, remedy);
}

static int fresh(void **state)
{
    (void)state;
    static const char *const names[] = {
        "NO_COLOR",        "GATEWATCH_REFRESH",   "GATEWATCH_CONFIG", "GATEWATCH_APP_GATEWAY",
        "GATEWATCH_CLOCK", "GATEWATCH_READ_ONLY", "KUBECONFIG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    str_format(folder, sizeof folder, "%s/gatewatch-settings-XXXXXX", str_or(getenv("TMPDIR"), "/tmp"));
    if (!mkdtemp(folder))
        return -1;
    setenv("XDG_CONFIG_HOME", folder, 1);
    setenv("HOME", "/home/somebody", 1);
    str_format(file, sizeof file, "%s/gatewatch", folder);
    mkdir(file, 0700);
    str_format(file, sizeof file, "%s/gatewatch/config.yaml", folder);
    return 0;
}

static int tidy(void **state)
{
    (void)state;
    settings_free(&s);
    clock_freeze(INT64_MIN);
    unlink(file);
    char inner[256];
    str_format(inner, sizeof inner, "%s/gatewatch", folder);
    rmdir(inner);
    return rmdir(folder);
}

/* ---- defaults ---- */

static void settings__nothing_given__has_the_documented_defaults(void **state)
{
    (void)state;
    LOADS(NOTHING);
    assert_string_equal(s.cloud_name, "AzureCloud");
    assert_string_equal(s.credential, "auto");
    assert_string_equal(s.theme, "dark");
    assert_int_equal(s.refresh_s, 30);
    assert_int_equal(s.timeout_s, 10);
    assert_false(s.read_only);
    assert_false(s.no_color);
    assert_null(s.kubeconfig);
    assert_null(s.config_file);
    assert_int_equal(s.app_gateways.n, 0);
    assert_string_equal(s.responder.namespace, "gateway-health");
    assert_string_equal(s.responder.service, "health-responder");
    assert_string_equal(s.responder.image, "nginx:1.27-alpine");
    assert_string_equal(s.lb_probe_mode, "auto");
    assert_int_equal(s.tenancy.sources[0].kind, TENANCY_ROUTE_LABEL);
    assert_string_equal(s.tenancy.sources[0].value, "tenant");
    assert_string_equal(s.tenancy.sources[1].value, "capsule.clastix.io/tenant");
    assert_int_equal(s.tenancy.sources[s.tenancy.n_sources - 1].kind, TENANCY_NAMESPACE_NAME);
    assert_string_equal(s.tenancy.unknown, "(no tenant)");
}

static void settings__clouds__three_are_built_in(void **state)
{
    (void)state;
    static const char *const want[][3] = {
        {"AzureCloud", "https://management.azure.com", "https://login.microsoftonline.com"},
        {"AzureUSGovernment", "https://management.usgovcloudapi.net",
         "https://login.microsoftonline.us"},
        {"AzureChinaCloud", "https://management.chinacloudapi.cn",
         "https://login.chinacloudapi.cn"},
    };
    for (size_t i = 0; i < 3; i++) {
        LOADS("--cloud", want[i][0]);
        const struct cloud *c = settings_cloud(&s, &err);
        assert_non_null(c);
        assert_string_equal(c->arm, want[i][1]);
        assert_string_equal(c->authority, want[i][2]);
        assert_string_equal(c->audience, want[i][1]);
        assert_null(c->ca);
        settings_free(&s);
    }
}

static void settings__table__has_a_key_for_every_flag_but_config(void **state)
{
    (void)state;
    size_t n;
    const struct setting_info *t = settings_table(&n);
    static const char *const documented[] = {
        "--config",         "--kubeconfig",       "--context", "--app-gateway", "--subscription",
        "--resource-group", "--app-gateway-name", "--cloud",   "--credential",  "--read-only",
        "--theme",          "--refresh",          "--timeout", "--log-file",    "--no-color"};
    for (size_t k = 0; k < sizeof documented / sizeof *documented; k++) {
        size_t i = 0;
        while (i < n && !str_eq(t[i].flag, documented[k]))
            i++;
        assert_true(i < n);
    }
    for (size_t i = 0; i < n; i++) {
        assert_true(str_starts(t[i].flag, "--"));
        assert_true(t[i].key || str_eq(t[i].flag, "--config"));
        assert_true(*t[i].help);
    }
}

/* ---- strength ---- */

static void settings__sources__rise_from_file_to_environment_to_flags(void **state)
{
    (void)state;
    write_file("refresh: 60\ntimeout: 20\ntheme: light\n");
    LOADS(NOTHING);
    assert_int_equal(s.refresh_s, 60);
    assert_int_equal(s.timeout_s, 20);
    assert_string_equal(s.config_file, file);
    settings_free(&s);
    setenv("GATEWATCH_REFRESH", "90", 1);
    LOADS(NOTHING);
    assert_int_equal(s.refresh_s, 90);
    settings_free(&s);
    LOADS("--refresh", "120");
    assert_int_equal(s.refresh_s, 120);
    assert_int_equal(s.timeout_s, 20);
    assert_string_equal(s.theme, "light");
}

static void settings__lists__are_replaced_by_a_stronger_source_and_grow_within_one(void **state)
{
    (void)state;
    write_file("appGateways:\n  - " ID("a") "\n  - " ID("b") "\nprotected: '*prod*'\n");
    LOADS(NOTHING);
    assert_int_equal(s.app_gateways.n, 2);
    assert_string_equal(s.app_gateways.items[1], ID("b"));
    settings_free(&s);
    LOADS("--app-gateway", ID("c"), "status", "--app-gateway=" ID("d"));
    assert_int_equal(s.app_gateways.n, 2);
    assert_string_equal(s.app_gateways.items[0], ID("c"));
    assert_string_equal(s.app_gateways.items[1], ID("d"));
    assert_true(settings_protects(&s, "my-prod-1", NULL));
    assert_true(settings_protects(&s, NULL, "prod"));
    assert_false(settings_protects(&s, "test", "lab"));
}

static void settings__no_color__is_honoured_and_can_be_overruled(void **state)
{
    (void)state;
    setenv("NO_COLOR", "1", 1);
    LOADS(NOTHING);
    assert_true(s.no_color);
    settings_free(&s);
    LOADS("--no-color=false");
    assert_false(s.no_color);
    settings_free(&s);
    setenv("NO_COLOR", "", 1);      /* empty does not count, says no-color.org */
    LOADS(NOTHING);
    assert_false(s.no_color);
}

static void settings__clock__is_frozen_from_the_environment(void **state)
{
    (void)state;
    setenv("GATEWATCH_CLOCK", "2026-01-10T08:00:05Z", 1);
    LOADS(NOTHING);
    assert_true(clock_wall_ms() == 1768032005000);
    settings_free(&s);
    setenv("GATEWATCH_CLOCK", "yesterday", 1);
    assert_false(load(NOTHING));
    refuses(ERR_CONFIG, "GATEWATCH_CLOCK", "2026-01-10T08:00:05Z");
}

/* ---- flags ---- */

static void flags__common_ones__stand_before_or_after_the_subcommand(void **state)
{
    (void)state;
    LOADS("--refresh=45", "check", "--read-only", "--timeout", "7", "-o", "json");
    assert_int_equal(s.refresh_s, 45);
    assert_int_equal(s.timeout_s, 7);
    assert_true(s.read_only);
    left("check -o json");
}

static void flags__unknown_after_the_subcommand__are_left_for_it(void **state)
{
    (void)state;
    LOADS("fix", "health-route", "--dry-run", "--yes", "--gateway", "ns/name", "-f", "-", "-H",
          "a: b", "--theme", "light");
    left("fix health-route --dry-run --yes --gateway ns/name -f - -H a: b");
    assert_string_equal(s.theme, "light");
}

static void flags__unknown_before_the_subcommand__are_refused_with_the_nearest(void **state)
{
    (void)state;
    assert_false(load("--refesh", "5", "status", NULL));
    refuses(ERR_USAGE, "--refesh", "--refresh");
    assert_false(load("--kubecofnig=x", NULL));
    refuses(ERR_USAGE, "--kubecofnig", "--kubeconfig");
    assert_false(load("-o", "json", "status", NULL));
    refuses(ERR_USAGE, "-o", "subcommand");
}

static void flags__two_dashes__end_them(void **state)
{
    (void)state;
    LOADS("lint", "--", "--theme", "x");
    left("lint -- --theme x");
    assert_string_equal(s.theme, "dark");
    settings_free(&s);
    LOADS("--read-only", "--", "status");
    left("status");
}

static void flags__help_and_version__reach_main(void **state)
{
    (void)state;
    LOADS("--help");
    left("--help");
    settings_free(&s);
    LOADS("--version");
    left("--version");
}

static void flags__missing_or_bad_values__are_usage_errors(void **state)
{
    (void)state;
    assert_false(load("--theme", NULL));
    refuses(ERR_USAGE, "--theme needs a value", "NAME");
    assert_false(load("--theme", "--read-only", NULL));
    refuses(ERR_USAGE, "--theme needs a value", "");
    assert_false(load("--theme=", NULL));
    refuses(ERR_USAGE, "--theme needs a value", "");
    static const char *const bad[] = {
        "4", "3601", "0", "-5", "ten", "30s", "1e2", "99999999999999999999", " 30"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(load("--refresh", bad[i], NULL));
        refuses(ERR_USAGE, "from 5 to 3600", "");
    }
    assert_false(load("--timeout", "301", NULL));
    refuses(ERR_USAGE, "from 1 to 300", "");
    assert_false(load("--credential", "azure-cil", NULL));
    refuses(ERR_USAGE, "azure-cil", "azure-cli");
    assert_false(load("--read-only=maybe", NULL));
    refuses(ERR_USAGE, "true or false", "");
    assert_false(load("--cloud", "AzureClod", NULL));
    refuses(ERR_USAGE, "AzureClod", "AzureCloud");
    assert_false(load("--app-gateway", "mygw", NULL));
    refuses(ERR_USAGE, "mygw", "");
    assert_false(load("--responder-namespace", "Not_A_Label", NULL));
    refuses(ERR_USAGE, "Not_A_Label", "");
}

static void flags__gateway_by_name__becomes_an_id(void **state)
{
    (void)state;
    write_file("appGateways: [" ID("filed") "]\nsubscription: s1\n");
    LOADS("--resource-group", "rg1", "--app-gateway-name", "named");
    assert_int_equal(s.app_gateways.n, 1);
    assert_string_equal(s.app_gateways.items[0], ID("named"));
    settings_free(&s);
    assert_false(load("--app-gateway-name", "x", NULL));
    refuses(ERR_USAGE, "resource group", "");
    assert_false(
        load("--app-gateway-name", "x", "--resource-group", "r", "--app-gateway", ID("y"), NULL));
    refuses(ERR_USAGE, "not both", "");
}

static void flags__yaml_values__are_read_as_in_the_file(void **state)
{
    (void)state;
    LOADS("--clouds", "{lab: {arm: https://arm.lab/, authority: https://id.lab}}", "--cloud=lab",
          "--tenancy", "{sources: [{namespaceLabel: team}]}");
    assert_string_equal(settings_cloud(&s, NULL)->arm, "https://arm.lab");
    assert_string_equal(settings_cloud(&s, NULL)->audience, "https://arm.lab");
    assert_int_equal(s.tenancy.n_sources, 1);
    settings_free(&s);
    assert_false(load("--clouds", "{lab: [}", NULL));
    refuses(ERR_USAGE, "--clouds:1", "");
}

/* ---- the file ---- */

static void file__every_key_of_the_design__is_read(void **state)
{
    (void)state;
    write_file("cloud: lab\n"
               "clouds:\n"
               "  lab: {arm: 'https://arm.lab:8443/', authority: https://login.lab/adfs/,\n"
               "        audience: 'https://management.lab/', ca: ca.pem}\n"
               "credential: environment\n"
               "appGateways: [" ID("g") "]\n"
               "kubeconfig: kube\ncontext: c1\nreadOnly: true\nprotected: ['*prod*', live]\n"
               "refresh: 5\ntimeout: 300\ntheme: light\nlogFile: ~/log\n"
               "noColor: true\nascii: true\nlbProbeMode: shared\n"
               "responder: {namespace: health, service: ok, image: 'reg/x:1'}\n");
    LOADS(NOTHING);
    const struct cloud *c = settings_cloud(&s, NULL);
    assert_string_equal(c->arm, "https://arm.lab:8443");
    assert_string_equal(c->authority, "https://login.lab/adfs");
    /* An audience is a name: kept as written. */
    assert_string_equal(c->audience, "https://management.lab/");
    char beside[256];
    str_format(beside, sizeof beside, "%s/gatewatch/ca.pem", folder);
    assert_string_equal(c->ca, beside);
    str_format(beside, sizeof beside, "%s/gatewatch/kube", folder);
    assert_string_equal(s.kubeconfig, beside);
    assert_string_equal(s.log_file, "/home/somebody/log");
    assert_string_equal(s.credential, "environment");
    assert_string_equal(s.context, "c1");
    assert_true(s.read_only && s.no_color && s.ascii);
    assert_int_equal(s.refresh_s, 5);
    assert_int_equal(s.timeout_s, 300);
    assert_string_equal(s.lb_probe_mode, "shared");
    assert_int_equal(s.protected_targets.n, 2);
    assert_string_equal(s.responder.namespace, "health");
    assert_string_equal(s.responder.image, "reg/x:1");
}

static void file__tenancy__is_read_in_order(void **state)
{
    (void)state;
    write_file("tenancy:\n"
               "  sources:\n"
               "    - {routeLabel: tenant}\n"
               "    - {namespaceAnnotation: field.cattle.io/projectId, cut: after-colon, names: "
               "{p-xyz98: payments}}\n"
               "    - {namespaceRegex: '^([a-z0-9]+)-([a-z]+)', group: 2}\n"
               "    - {namespaceName: true}\n"
               "  platformNamespaces: [a, b]\n"
               "  unknown: nobody\n");
    LOADS(NOTHING);
    const struct tenancy *t = &s.tenancy;
    assert_int_equal(t->n_sources, 4);
    assert_int_equal(t->sources[1].kind, TENANCY_NAMESPACE_ANNOTATION);
    assert_true(t->sources[1].cut_after_colon);
    assert_string_equal(t->sources[1].names[0].id, "p-xyz98");
    assert_string_equal(t->sources[1].names[0].name, "payments");
    assert_int_equal(t->sources[2].group, 2);
    assert_int_equal(t->sources[3].kind, TENANCY_NAMESPACE_NAME);
    assert_int_equal(t->platform_namespaces.n, 2);
    assert_string_equal(t->unknown, "nobody");
}

static void refused_file(const char *text, const char *message, const char *remedy)
{
    write_file(text);
    assert_false(load(NOTHING));
    char place[256];
    str_format(place, sizeof place, "config.yaml:%s", message);
    refuses(ERR_CONFIG, place, remedy);
}

static void file__errors__name_file_line_key_and_remedy(void **state)
{
    (void)state;
    refused_file("theme: dark\nrefesh: 3\n", "2: unknown key refesh", "refresh");
    refused_file("responder:\n  image: a\n  servcie: x\n", "3: unknown key responder.servcie",
                 "service");
    refused_file("tenancy:\n  sorces: []\n", "2: unknown key tenancy.sorces", "sources");
    refused_file("clouds:\n  lab:\n    arm: https://a\n    authorty: https://b\n",
                 "4: unknown key clouds.lab.authorty", "authority");
    refused_file("theme: dark\ntheme: light\n", "2:1: the key theme stands twice", "");
    refused_file("a:\n - b\n c\n", "", "--config");
    refused_file("\nrefresh: 3\n", "2: refresh: \"3\" is not a whole number from 5 to 3600", "");
    refused_file("refresh: '30'\n", "1: refresh must be a whole number", "");
    refused_file("readOnly: yes\n", "1: readOnly must be true or false", "");
    refused_file("context: 12\n", "1: context must be text", "quotes");
    refused_file("theme:\n", "1: theme has no value", "");
    refused_file("appGateways:\n  - 7\n", "2: appGateways: item 1", "quotes");
    refused_file("cloud: Azure\ntheme: dark\n", "1: unknown cloud Azure", "");
    refused_file("[1]\n", "1: the configuration is a mapping", "");
    refused_file("theme: dark\n---\ntheme: light\n", "3: a second document", "");
    refused_file("responder: x\n", "1: responder must be a mapping", "");
}

static void file__clouds__need_https_but_for_loopback(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://arm.lab",
                                      "ftp://x", "arm.lab", "https://", "http://127.example.com",
                                      "https://u@h", "http://localhost.evil.test", "https://h/?q",
                                      "http://[::2]"};
    static const char *const good[] = {"https://arm.lab", "http://127.0.0.1:8080",
                                       "http://localhost:1", "http://[::1]:8443/x"};
    char text[256];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        str_format(text, sizeof text, "clouds:\n  lab:\n    arm: '%s'\n    authority: https://a\n",
                   bad[i]);
        refused_file(text, "3: arm: ", "loopback");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        str_format(text, sizeof text, "clouds:\n  lab: {arm: '%s', authority: https://a}\n",
                   good[i]);
        write_file(text);
        LOADS("--cloud", "lab");
        assert_string_equal(settings_cloud(&s, NULL)->arm, good[i]);
        settings_free(&s);
    }
    refused_file("clouds:\n  lab: {arm: https://a}\n", "2: clouds.lab needs authority", "");
}

static void file__tenancy_errors__name_their_line(void **state)
{
    (void)state;
    refused_file("tenancy:\n  sources:\n    - {routeLabel: a, namespaceLabel: b}\n",
                 "3: a tenancy source is one thing", "");
    refused_file("tenancy:\n  sources:\n    - {cut: after-colon}\n",
                 "3: a tenancy source without a kind", "routeLabel");
    refused_file("tenancy:\n  sources:\n    - {namespaceRegex: '(['}\n", "3: namespaceRegex", "");
    refused_file("tenancy:\n  sources:\n    - {namespaceRegex: 'a', group: 1}\n",
                 "3: namespaceRegex: a has no group 1", "");
    refused_file("tenancy:\n  sources:\n    - {routeLabel: a, group: 1}\n", "3: group", "");
    refused_file("tenancy:\n  sources:\n    - {namespaceAnnotation: a, cut: here}\n", "3: cut", "");
}

static void file__named__must_be_there(void **state)
{
    (void)state;
    assert_false(load("--config", "/nowhere/c.yaml", NULL));
    refuses(ERR_CONFIG, "/nowhere/c.yaml", "--config");
    setenv("GATEWATCH_CONFIG", "/nowhere/d.yaml", 1);
    assert_false(load(NOTHING));
    refuses(ERR_CONFIG, "/nowhere/d.yaml", "--config");
    write_file("theme: light\n");
    LOADS("--config", file);
    assert_string_equal(s.theme, "light");
}

static void file__hostile_text__is_clean_in_the_error(void **state)
{
    (void)state;
    write_file("\"bad\\e[31mkey\\u202E\": 1\n");
    assert_false(load(NOTHING));
    assert_null(strchr(err.message, '\x1b'));
    assert_null(strstr(err.message, "\xe2\x80\xae"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, tidy)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings__nothing_given__has_the_documented_defaults),
        TEST(settings__clouds__three_are_built_in),
        TEST(settings__table__has_a_key_for_every_flag_but_config),
        TEST(settings__sources__rise_from_file_to_environment_to_flags),
        TEST(settings__lists__are_replaced_by_a_stronger_source_and_grow_within_one),
        TEST(settings__no_color__is_honoured_and_can_be_overruled),
        TEST(settings__clock__is_frozen_from_the_environment),
        TEST(flags__common_ones__stand_before_or_after_the_subcommand),
        TEST(flags__unknown_after_the_subcommand__are_left_for_it),
        TEST(flags__unknown_before_the_subcommand__are_refused_with_the_nearest),
        TEST(flags__two_dashes__end_them),
        TEST(flags__help_and_version__reach_main),
        TEST(flags__missing_or_bad_values__are_usage_errors),
        TEST(flags__gateway_by_name__becomes_an_id),
        TEST(flags__yaml_values__are_read_as_in_the_file),
        TEST(file__every_key_of_the_design__is_read),
        TEST(file__tenancy__is_read_in_order),
        TEST(file__errors__name_file_line_key_and_remedy),
        TEST(file__clouds__need_https_but_for_loopback),
        TEST(file__tenancy_errors__name_their_line),
        TEST(file__named__must_be_there),
        TEST(file__hostile_text__is_clean_in_the_error),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
