/* When things go wrong around it, the dashboard says so in one clear sentence and goes on with whatever else it has; what
 * comes from outside never reaches the terminal raw; and where nothing happens it prints nothing. */
#include "steps.h"

#include "screen_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct screen_options wide = {.rows = 30, .cols = 160};

static void fault(struct sim *sim, const char *spec)
{
    assert_int_equal(sim_call(sim, "POST", "/_sim/fault", spec, NULL) / 100, 2);
}

static void no_faults(struct sim *sim)
{
    assert_int_equal(sim_call(sim, "DELETE", "/_sim/fault", NULL, NULL) / 100, 2);
}

/* Keys still work, each within a moment. */
static void expect_alive(struct screen *s)
{
    static const struct { const char *key, *seen; } keys[] = {
        {"6", "^Findings"}, {"3", "^Probes"}, {"?", "^Help"}, {"q", "^Probes"}, {":", "^:"}, {"<Esc>", "help"}, {"1", "Overview|Root cause|First finding"},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int64_t from = now_ms();
        screen_keys(s, keys[i].key);
        screen_expect(s, keys[i].seen);
        assert_true(now_ms() - from < patient(1000));
    }
}

static char *whole_file(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    size_t n = fread(text, 1, 65535, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

/* The simulator's kubeconfig with something else after `key`, up to the line's end, in a file below the simulator's folder. */
static void changed_kubeconfig(const struct sim *sim, const char *key, const char *value, char *path, size_t size)
{
    char from[600];
    snprintf(from, sizeof from, "%s/kubeconfig", sim_folder(sim));
    snprintf(path, size, "%s/changed", sim_folder(sim));
    char *text = whole_file(from), *found = strstr(text, key);
    assert_non_null(found);
    found += strlen(key);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fprintf(f, "%.*s%s%s", (int)(found - text), text, value, found + strcspn(found, "\n"));
    fclose(f);
    free(text);
}

/* ---- the cluster cannot be opened -------------------------------------------------------------------------------------------- */

static void test_no_kubeconfig(void **state)
{
    (void)state;
    struct screen *s = screen_gatewatch(NULL, NULL, NULL);
    screen_expect(s, "no kubeconfig");
    screen_expect(s, "--kubeconfig|az aks get-credentials");
    screen_expect(s, "UNKNOWN");
    assert_false(screen_has(s, "HEALTHY"));
    expect_alive(s);
    /* No credentials either: which were tried, and why each failed. */
    screen_expect(s, "AZURE_TENANT_ID is not set");
    screen_keys(s, "6<Enter>");
    screen_expect(s, "managed-identity");
    screen_expect(s, "azure-cli");
    steps_quit(s);
}

static void test_malformed_kubeconfig(void **state)
{
    (void)state;
    char folder[600], path[700], env[800];
    temporary_folder(folder, sizeof folder, "gw-bad");
    snprintf(path, sizeof path, "%s/kubeconfig", folder);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs("apiVersion: v1\nclusters:\n- name: [\n", f);
    fclose(f);
    snprintf(env, sizeof env, "KUBECONFIG=%s", path);
    const char *const variables[] = {env, NULL};
    struct screen *s = screen_gatewatch(NULL, &(struct screen_options){.cols = 160, .rows = 30, .env = variables}, NULL);
    /* File and line. */
    screen_expect(s, "gw-bad.*/kubeconfig:[34]");
    screen_expect(s, "UNKNOWN");
    expect_alive(s);
    steps_quit(s);
    remove_folder(folder);
}

static void test_unknown_context(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", NULL);
    struct screen *s = screen_gatewatch(sim, NULL, "--context", "nosuch", NULL);
    screen_expect(s, "context .?nosuch");
    screen_expect(s, "platform-engineer");
    expect_alive(s);
    steps_quit(s);
    sim_stop(sim);
}

static void test_unreachable_and_untrusted(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", NULL), *other = sim_start("healthy", NULL);
    char path[700], *ca;
    changed_kubeconfig(sim, "server: ", "https://127.0.0.1:1", path, sizeof path);
    struct screen *s = screen_gatewatch(sim, &wide, NULL);
    screen_expect(s, "k8s live");
    assert_false(screen_has(s, "Cluster: |Azure: "));
    screen_stop(s);
    s = screen_gatewatch(NULL, &wide, "--kubeconfig", path, NULL);
    screen_expect(s, "Cluster: 127\\.0\\.0\\.1:1 refused the connection");
    assert_false(screen_has(s, "HEALTHY"));
    expect_alive(s);
    steps_quit(s);

    char from[700];
    snprintf(from, sizeof from, "%s/kubeconfig", sim_folder(other));
    char *text = whole_file(from);
    ca = strstr(text, "certificate-authority-data: ") + strlen("certificate-authority-data: ");
    ca[strcspn(ca, "\n")] = '\0';
    changed_kubeconfig(sim, "certificate-authority-data: ", ca, path, sizeof path);
    free(text);
    s = screen_gatewatch(NULL, &wide, "--kubeconfig", path, NULL);
    screen_expect(s, "Cluster: .*certificate");
    assert_false(screen_has(s, "HEALTHY"));
    expect_alive(s);
    steps_quit(s);
    sim_stop(sim);
    sim_stop(other);
}

/* ---- Azure ------------------------------------------------------------------------------------------------------------------- */

static void test_azure_refused(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    static const char *const env[] = {"AZURE_CLIENT_SECRET=not-the-secret", NULL};
    struct screen *s = screen_gatewatch(sim, &(struct screen_options){.rows = 30, .cols = 160, .env = env}, NULL);
    /* The cluster's side stands. */
    screen_expect(s, "k8s live");
    screen_expect(s, "Root cause .*lb-probe-404");
    /* One sentence: which credential, why, and what to do. */
    screen_expect(s, "Azure: .*credential environment");
    screen_expect(s, "arm|failed");
    assert_false(screen_printed(s, "not-the-secret", strlen("not-the-secret")));
    screen_keys(s, ":sources<Enter>G");
    screen_expect(s, "applicationgateways +failed .*credential environment");
    screen_keys(s, "q");
    expect_alive(s);
    steps_quit(s);
    sim_stop(sim);
}

static void test_throttled(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    assert_int_equal(sim_call(sim, "PATCH", "/_sim/azure", "{\"readBurst\":40,\"readRate\":0.1}", NULL), 200);
    struct screen *s = screen_gatewatch(sim, &wide, NULL);
    screen_expect(s, "ARM [0-9]+ READS LEFT");
    screen_expect(s, "health [<0-9]");
    fault(sim, "path=/subscriptions,status=429,retry-after=20");
    screen_keys(s, "r");
    screen_expect(s, "k8s live.*stale");
    screen_keys(s, ":sources<Enter>G");
    screen_expect(s, "applicationgateways.* stale .*429");
    screen_keys(s, "q");
    screen_expect(s, "Root cause");
    /* What was known stays. */
    assert_true(screen_has(s, "UNHEALTHY"));
    assert_true(screen_has(s, "Root cause .*lb-probe-404"));
    assert_true(screen_has(s, "k8s live"));
    expect_alive(s);
    steps_quit(s);
    sim_stop(sim);
}

/* ---- one kind, or all ------------------------------------------------------------------------------------------------------------ */

static void test_one_kind_fails(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    struct screen *s = steps_open(sim, &wide, "UNHEALTHY");
    fault(sim, "path=/api/v1/services,status=503");
    assert_int_equal(sim_call(sim, "POST", "/_sim/expire-watches", "", NULL) / 100, 2);
    /* Its age is shown, and the others live on. */
    assert_true(screen_wait_text(s, "services stale [<0-9].*503", 15000));
    assert_true(screen_has(s, "Root cause .*lb-probe-404"));
    assert_true(screen_has(s, "health [<0-9]"));
    assert_false(screen_has(s, "httproutes stale|nodes stale"));
    assert_true(screen_wait_text(s, "services stale ([1-9][0-9]+s|[0-9]+m)", 30000));
    screen_keys(s, "4");
    screen_expect(s, "/app1");
    screen_keys(s, "1");
    no_faults(sim);
    assert_true(screen_wait_gone(s, "services stale", 40000));
    screen_expect(s, "k8s live");
    steps_quit(s);
    sim_stop(sim);
}

static void test_hung_api(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", "--fault", "path=/,hang=1", NULL);
    struct screen *s = screen_gatewatch(sim, NULL, NULL);
    screen_expect(s, "LOADING");
    expect_alive(s);
    screen_expect(s, "LOADING|UNKNOWN");
    screen_resize(s, 40, 120);
    screen_expect(s, "1 Overview");
    expect_alive(s);
    steps_quit(s);
    no_faults(sim);
    sim_stop(sim);
}

/* The API hangs after everything was read: what is known stays and keys are answered. */
static void test_hung_later(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    struct screen *s = steps_open(sim, NULL, "UNHEALTHY");
    fault(sim, "path=/api,hang=1;path=/subscriptions,hang=1");
    screen_keys(s, "r");
    expect_alive(s);
    screen_keys(s, "4y");
    screen_expect(s, "Asking the server|YAML");
    screen_keys(s, "q");
    screen_expect(s, "^Routes ");
    screen_keys(s, "1x");
    screen_expect(s, "Preparing|Cancel");
    screen_keys(s, "<Esc>");
    screen_expect(s, "^Root cause .*lb-probe-404");
    steps_quit(s);
    no_faults(sim);
    sim_stop(sim);
}

/* ---- hostile texts ------------------------------------------------------------------------------------------------------------- */

/* JSON escapes, so that the server's answer is proper JSON whose strings are not proper at all. */
static const char *const hostile[] = {
    "a\\u001b[31mred", "b\\u001b]0;owned\\u0007", "c\\u001b]52;c;b3duZWQ=\\u0007", "d\\u001b[2J\\u001b[H", "e\\u009b31m", "f\\r\\n\\t\\u0008",
    "g\\u202etxt.exe", "h\\u2066x\\u2069", "i\\u200b\\u200dz", "\\u4e2d\\u6587\\u540d\\u5b57", "e\\u0301\\u0301\\u0301\\u0301",
    "\\ud83d\\ude00 smile", "m\\u007f", "very-long-name-that-does-not-end-very-long-name-that-does-not-end-very-long-name-that-does-not-end",
};
enum { N_HOSTILE = sizeof hostile / sizeof *hostile };

/* A list of routes with these as names, hostnames, labels and messages, in the simulator's fault language. */
static char *hostile_routes(const char *resource_version)
{
    char *body = calloc(1, 65536), *spec = calloc(1, 131072), *at = spec;
    size_t n = 0;
    n += (size_t)snprintf(body + n, 65536 - n, "{\"kind\":\"HTTPRouteList\",\"apiVersion\":\"gateway.networking.k8s.io/v1\","
                          "\"metadata\":{\"resourceVersion\":\"%s\"},\"items\":[", resource_version);
    for (int i = 0; i < N_HOSTILE; i++)
        n += (size_t)snprintf(body + n, 65536 - n,
            "%s{\"metadata\":{\"name\":\"%s\",\"namespace\":\"sample-apps\",\"uid\":\"u%d\",\"resourceVersion\":\"1\",\"generation\":1,"
            "\"labels\":{\"team\":\"%s\"}},\"spec\":{\"hostnames\":[\"%s\"],\"parentRefs\":[{\"name\":\"mtkc-gateway\","
            "\"namespace\":\"istio-ingress\"}],\"rules\":[{\"matches\":[{\"path\":{\"type\":\"PathPrefix\",\"value\":\"/%s\"}}],"
            "\"backendRefs\":[{\"name\":\"%s\",\"port\":80}]}]},\"status\":{\"parents\":[{\"parentRef\":{\"name\":\"mtkc-gateway\","
            "\"namespace\":\"istio-ingress\"},\"controllerName\":\"istio.io/gateway-controller\",\"conditions\":[{\"type\":"
            "\"Accepted\",\"status\":\"False\",\"reason\":\"NoMatchingParent\",\"message\":\"%s\",\"observedGeneration\":1}]}]}}",
            i ? "," : "", hostile[i], i, hostile[i], hostile[i], hostile[i], hostile[i], hostile[i]);
    snprintf(body + n, 65536 - n, "]}");
    at += snprintf(at, 131072, "path=httproutes?limit,status=200,type=application/json,body=");
    for (const char *c = body; *c; c++) {
        if (*c == ',' || *c == ';' || *c == '\\')
            *at++ = '\\';
        *at++ = *c;
    }
    *at = '\0';
    free(body);
    return spec;
}

static void expect_clean(struct screen *s)
{
    static const char *const never[] = {
        "\033[31mred", "\033]0;owned", "\033]52;c;b3duZWQ=", "owned\007", "\302\23331m", "\342\200\256", "\342\201\246", "\342\201\251", "\342\200\213",
        "\177",
    };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (screen_printed(s, never[i], strlen(never[i])))
            fail_msg("printed: hostile text number %zu", i);
    assert_string_equal(screen_title(s), "");
    assert_null(screen_clipboard(s));
    assert_true(screen_clears(s) <= 1);
}

/* Every row of the table has its state under the head's word. */
static void expect_aligned(struct screen *s)
{
    int head = 0, col = 0, rows = 0;
    screen_settle(s, 100, 3000);
    assert_true(screen_find(s, "STATE", &head, &col));
    for (int row = head + 1; row < screen_rows(s) - 2 && screen_row(s, row)[0]; row++, rows++) {
        struct screen_cell cell = screen_cell(s, row, col), before = screen_cell(s, row, col - 1);
        bool sign = strcmp(cell.text, "✗") == 0 || strcmp(cell.text, "✓") == 0 || strcmp(cell.text, "▲") == 0 ||
                    strcmp(cell.text, "?") == 0 || strcmp(cell.text, "–") == 0;
        if (!sign || (before.text[0] && strcmp(before.text, " ") != 0)) {
            screen_dump(s, "not aligned");
            fail_msg("row %d has \"%s\" where its state should be", row, cell.text);
        }
    }
    assert_true(rows >= 3);
}

static void test_hostile_names(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    char *reply = NULL, version[40] = "1";
    assert_int_equal(steps_kube(sim, "GET", "/apis/gateway.networking.k8s.io/v1/httproutes?limit=1", NULL, NULL, &reply), 200);
    const char *found = strstr(reply, "\"resourceVersion\":");
    assert_non_null(found);
    found += strcspn(found + 18, "0123456789") + 18;
    snprintf(version, sizeof version, "%.*s", (int)strspn(found, "0123456789"), found);
    free(reply);
    char *spec = hostile_routes(version);
    fault(sim, spec);
    free(spec);
    static const struct { int rows, cols; } sizes[] = {{24, 80}, {40, 120}, {50, 200}};
    for (int i = 0; i < 3; i++) {
        struct screen *s = steps_open(sim, &(struct screen_options){.rows = sizes[i].rows, .cols = sizes[i].cols}, "UNHEALTHY");
        screen_keys(s, "4");
        screen_expect(s, "Routes .* 14( |$)");
        expect_aligned(s);
        /* The details of each, the YAML of one, findings about them. */
        for (int k = 0; k < N_HOSTILE; k++) {
            screen_keys(s, "d");
            screen_expect(s, "Routes: details");
            screen_keys(s, "q");
            screen_expect_gone(s, "Routes: details");
            screen_keys(s, "j");
        }
        expect_aligned(s);
        screen_keys(s, "y");
        screen_expect(s, "YAML");
        screen_keys(s, "q/red<Enter>");
        screen_expect(s, "1 of 14|2 of 14");
        screen_keys(s, "<Esc>");
        screen_keys(s, "6");
        screen_expect(s, "^Findings");
        screen_keys(s, "1");
        screen_expect(s, "Root cause");
        expect_clean(s);
        steps_quit(s);
    }
    sim_stop(sim);
}

/* An error's words are outside text as well. */
static void test_hostile_errors(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", "--fault",
                                "path=/api/v1/nodes,status=500,type=application/json,body={\"kind\":\"Status\"\\,\"message\":"
                                "\"b\\\\u001b]0\\;owned\\\\u0007 g\\\\u202e\\\\u001b[31mred\"}", NULL);
    struct screen *s = screen_gatewatch(sim, &(struct screen_options){.rows = 50, .cols = 200}, NULL);
    screen_expect(s, "nodes .*500");
    screen_keys(s, ":sources<Enter>");
    screen_expect(s, "^ nodes .*500");
    screen_keys(s, "q6");
    screen_expect(s, "^Findings");
    expect_clean(s);
    steps_quit(s);
    /* Bytes that are no UTF-8, and no JSON. */
    no_faults(sim);
    fault(sim, "path=/api/v1/nodes,status=200,type=application/json,body={\"items\":[{\"metadata\":{\"name\":\"\xff\xfe\x80\"}}]}");
    s = screen_gatewatch(sim, &(struct screen_options){.rows = 50, .cols = 200}, NULL);
    screen_expect(s, "nodes (failed|stale|pending|\\.\\.\\.)|loading nodes");
    assert_false(screen_printed(s, "\xff", 1));
    assert_false(screen_printed(s, "\xfe", 1));
    expect_alive(s);
    steps_quit(s);
    sim_stop(sim);
}

/* ---- nothing happens --------------------------------------------------------------------------------------------------------- */

static void test_idle(void **state)
{
    (void)state;
    struct sim *sim = sim_start("healthy", "--speed", "20", NULL);
    struct screen *s = steps_open(sim, &(struct screen_options){.rows = 40, .cols = 120}, "✓ HEALTHY ");
    assert_int_equal(sim_call(sim, "POST", "/_sim/speed", "1", NULL) / 100, 2);
    screen_settle(s, 2000, 20000);
    uint64_t before = screen_received(s);
    int64_t from = now_ms();
    /* Over a whole step of the ages, which all change together. */
    screen_settle(s, 1 << 30, 10000);
    int64_t ms = now_ms() - from;
    uint64_t bytes = screen_received(s) - before;
    print_message("# idle: %llu bytes in %lld ms\n", (unsigned long long)bytes, (long long)ms);
    assert_true(bytes * 1000 <= 20 * (uint64_t)ms);
    /* Views come and go without the screen being cleared. */
    int clears = screen_clears(s);
    static const char *const keys[] = {"2", "3", "4", "5", "6", "?", "q", "D"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        screen_keys(s, keys[i]);
        screen_settle(s, 50, 1000);
    }
    assert_int_equal(screen_clears(s), clears);
    assert_true(clears <= 1);
    /* A move of the cursor is cheap. */
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "Cancel|Close\\]");
    screen_keys(s, "4");
    screen_expect(s, "Routes .* 3( |$)");
    screen_settle(s, 200, 3000);
    before = screen_received(s);
    screen_keys(s, "j");
    screen_settle(s, 200, 3000);
    print_message("# one move: %llu bytes\n", (unsigned long long)(screen_received(s) - before));
    assert_true(screen_received(s) - before <= 1000);
    steps_quit(s);
    sim_stop(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_kubeconfig),
        cmocka_unit_test(test_malformed_kubeconfig),
        cmocka_unit_test(test_unknown_context),
        cmocka_unit_test(test_unreachable_and_untrusted),
        cmocka_unit_test(test_azure_refused),
        cmocka_unit_test(test_throttled),
        cmocka_unit_test(test_one_kind_fails),
        cmocka_unit_test(test_hung_api),
        cmocka_unit_test(test_hung_later),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_hostile_errors),
        cmocka_unit_test(test_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
