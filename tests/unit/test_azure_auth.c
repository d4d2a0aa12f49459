/* The Azure chain against a token endpoint, a metadata service and an `az` of our own (azure.md 7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/auth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/http_client.h"

#define TENANT "00000000-0000-0000-0000-0000000000e2"
#define CLIENT "00000000-0000-0000-0000-0000000000c1"
#define ARM "https://management.azure.com"

static struct fake_server *server;
static struct cloud cloud;
static struct settings settings;
static char folder[64], old_path[4096];
static struct azure_auth *auth;

/* What the server does next, and what it was asked. */
static struct {
    int status, expires_in, refresh_in;
    const char *body;           /* instead of a token */
    bool hang;
    char seen[8][4096];
    atomic_int asked;
} script;

static void serve_tokens(struct fake_conn *c, void *ctx)
{
    (void)ctx;
    char body[400], refresh[60] = "";
    int n = atomic_fetch_add(&script.asked, 1);
    snprintf(script.seen[n % 8], sizeof script.seen[0], "%s", c->request);
    if (script.hang) {
        fake_hang(c);
        return;
    }
    if (script.body) {
        fake_reply(c, script.status, "Content-Type: application/json\r\n", script.body);
        return;
    }
    if (script.refresh_in)
        snprintf(refresh, sizeof refresh, "\"refresh_in\":%d,", script.refresh_in);
    bool imds = fake_asked(c, "GET");
    snprintf(body, sizeof body, "{\"token_type\":\"Bearer\",%s\"expires_in\":%s%d%s,\"access_token\":\"HUSH-TOKEN-%d\"}",
             refresh, imds ? "\"" : "", script.expires_in, imds ? "\"" : "", n + 1);
    fake_reply(c, 200, "Content-Type: application/json\r\n", body);
}

/* ---- a token asked for, and waited for ---- */

struct got {
    int n;
    char token[200];
    struct error error;
};

static void on_token(void *ctx, struct secret *token, const struct error *error)
{
    struct got *g = ctx;
    g->n++;
    snprintf(g->token, sizeof g->token, "%s", token ? secret_reveal(token) : "");
    g->error = error ? *error : (struct error){0};
    loop_stop(loop);
}

static void late(void *ctx)
{
    *(bool *)ctx = true;
    loop_stop(loop);
}

static void wait_for(struct got *g, int n)
{
    bool is_late = false;
    uint64_t guard = loop_timer(loop, 40000, late, &is_late);
    while (g->n < n && !is_late)
        loop_run(loop);
    loop_cancel(loop, guard);
    assert_false(is_late);
}

static struct got ask(const char *audience)
{
    struct got g = {0};
    azure_token(auth, audience, on_token, &g);
    assert_int_equal(g.n, 0);               /* always from the loop */
    wait_for(&g, 1);
    assert_null(strstr(g.error.message, "HUSH"));
    assert_null(strstr(g.error.remedy, "HUSH"));
    return g;
}

static void write_file(const char *name, const char *text, int mode)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    chmod(path, (mode_t)mode);
}

static void open_auth(const char *credential)
{
    struct error err = {0};
    settings.credential = (char *)(uintptr_t)credential;
    auth = azure_auth_open(loop, http, &settings, &err);
    if (!auth)
        fail_msg("%s", err.message);
}

static int begin(void **state)
{
    static const char *const names[] = {
        "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST",
        "AZURE_TOKEN_CREDENTIALS", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IMDS_ENDPOINT", "MSI_ENDPOINT",
        "IDENTITY_SERVER_THUMBPRINT", "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    /* Nobody listens there: a machine without a metadata service. */
    setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9", 1);
    setenv("PATH", folder, 1);              /* no az */
    memset(&script, 0, sizeof script);
    script.expires_in = 3599;
    static char authority[64];
    server = fake_start(serve_tokens, NULL, NULL, NULL);
    snprintf(authority, sizeof authority, "http://127.0.0.1:%d", server->port);
    static char name[] = "lab", arm[] = ARM;
    cloud = (struct cloud){.name = name, .arm = arm, .authority = authority, .audience = arm};
    settings = (struct settings){.cloud_name = name, .clouds = &cloud, .n_clouds = 1, .timeout_s = 20};
    auth = NULL;
    return client_setup(state);
}

static int end(void **state)
{
    azure_auth_close(auth);
    client_teardown(state);
    fake_stop(server);
    char az[200];
    snprintf(az, sizeof az, "%s/az", folder);
    unlink(az);
    setenv("PATH", old_path, 1);
    return 0;
}

static void principal(void)
{
    setenv("AZURE_TENANT_ID", TENANT, 1);
    setenv("AZURE_CLIENT_ID", CLIENT, 1);
    setenv("AZURE_CLIENT_SECRET", "HUSH value&=+", 1);
}

/* ---- the token endpoint ---- */

static void a_secret_becomes_a_token(void **state)
{
    (void)state;
    principal();
    open_auth("auto");
    struct got g = ask(ARM);
    assert_string_equal(g.error.message, "");
    assert_string_equal(g.token, "HUSH-TOKEN-1");
    assert_true(str_starts(script.seen[0], "POST /" TENANT "/oauth2/v2.0/token HTTP/1.1\r\n"));
    assert_non_null(strstr(script.seen[0], "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(script.seen[0], "grant_type=client_credentials&client_id=" CLIENT
                                           "&scope=https%3A%2F%2Fmanagement.azure.com%2F.default&"
                                           "client_secret=HUSH%20value%26%3D%2B"));
    struct credential_report r[8];
    assert_int_equal(azure_auth_report(auth, r, 8), 4);
    assert_string_equal(r[0].name, "environment");
    assert_int_equal(r[0].state, CREDENTIAL_SERVES);
    assert_string_equal(r[0].why, "client " CLIENT " of tenant " TENANT);
    assert_true(r[0].expires_wall_ms > clock_wall_ms() + 3500000);
    assert_string_equal(r[3].name, "azure-cli");
    assert_int_equal(r[3].state, CREDENTIAL_UNTRIED);
}

static void one_refresh_for_all_and_a_cache_per_audience(void **state)
{
    (void)state;
    principal();
    open_auth("environment");
    struct got g = {0};
    for (int i = 0; i < 5; i++)
        azure_token(auth, ARM, on_token, &g);
    wait_for(&g, 5);
    assert_int_equal(atomic_load(&script.asked), 1);
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    assert_int_equal(atomic_load(&script.asked), 1);
    assert_string_equal(ask(AKS_SERVER_AUDIENCE).token, "HUSH-TOKEN-2");
    assert_non_null(strstr(script.seen[1], "scope=" AKS_SERVER_AUDIENCE "%2F.default"));
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
}

static void a_rejected_token_is_dropped_once(void **state)
{
    (void)state;
    principal();
    open_auth("environment");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    struct secret *first = secret_new("HUSH-TOKEN-1", 12);
    azure_token_reject(auth, ARM, first);
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-2");
    azure_token_reject(auth, ARM, first);       /* a late 401 of the old one */
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-2");
    assert_int_equal(atomic_load(&script.asked), 2);
    secret_unref(first);
}

static void tokens_are_renewed_early(void **state)
{
    (void)state;
    principal();
    script.expires_in = 3600;
    script.refresh_in = 1;
    open_auth("environment");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    usleep(1100000);
    /* The old one still serves while the new one comes. */
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    for (int i = 0; i < 200 && atomic_load(&script.asked) < 2; i++)
        run_for(10);
    run_for(100);
    assert_int_equal(atomic_load(&script.asked), 2);
    script.refresh_in = 0;
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-2");
}

static void an_ended_token_is_not_given(void **state)
{
    (void)state;
    principal();
    script.expires_in = 2;
    open_auth("environment");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    usleep(2100000);
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-2");
}

static void a_refusal_names_its_number(void **state)
{
    (void)state;
    principal();
    script.status = 401;
    script.body = "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret provided. "
                  "Trace ID: 255d1aef\\r\\nCorrelation ID: fb3d\\r\\nTimestamp: 2026\",\"error_codes\":[7000215]}";
    setenv("AZURE_CLIENT_ID", CLIENT, 1);
    open_auth("auto");
    struct got g = ask(ARM);
    assert_int_equal(g.error.code, ERR_CREDENTIAL);
    assert_non_null(strstr(g.error.message, "AADSTS7000215"));
    assert_null(strstr(g.error.message, "Trace ID"));
    assert_true(g.error.remedy[0]);
    /* A real refusal stops the chain: the others were not asked. */
    struct credential_report r[8];
    azure_auth_report(auth, r, 8);
    assert_int_equal(r[0].state, CREDENTIAL_FAILED);
    assert_int_equal(r[3].state, CREDENTIAL_UNTRIED);
}

static void a_secret_that_is_echoed_is_not_shown(void **state)
{
    (void)state;
    principal();
    script.status = 401;
    script.body = "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: wrong secret HUSH value&=+ given\"}";
    open_auth("environment");
    struct got g = ask(ARM);
    assert_non_null(strstr(g.error.message, "AADSTS7000215"));
    assert_null(strstr(g.error.message, "HUSH"));
    struct credential_report r[8];
    azure_auth_report(auth, r, 8);
    assert_null(strstr(r[0].why, "HUSH"));
}

static void odd_replies_are_no_tokens(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "{}", "[]", "null", "{\"access_token\":5}", "{\"access_token\":\"\"}",
                                         "{\"access_token\":\"a\\r\\nb\"}", "<html>", "{\"access_token\":\"HUSH"};
    principal();
    script.status = 200;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        script.body = bodies[i];
        open_auth("environment");
        struct got g = ask(ARM);
        assert_true(g.error.code != ERR_NONE);
        assert_string_equal(g.token, "");
        azure_auth_close(auth);
        auth = NULL;
    }
}

static void ids_cannot_bend_the_path(void **state)
{
    (void)state;
    principal();
    setenv("AZURE_TENANT_ID", "../x", 1);
    open_auth("environment");
    assert_true(ask(ARM).error.code != ERR_NONE);
    assert_int_equal(atomic_load(&script.asked), 0);
}

static void adfs_has_a_path_of_its_own(void **state)
{
    (void)state;
    principal();
    setenv("AZURE_TENANT_ID", "adfs", 1);
    open_auth("environment");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    assert_true(str_starts(script.seen[0], "POST /adfs/oauth2/token HTTP/1.1\r\n"));
}

static void workload_identity_sends_the_file(void **state)
{
    (void)state;
    char path[200];
    write_file("federated", "eyJ.HUSH.assertion\n", 0600);
    snprintf(path, sizeof path, "%s/federated", folder);
    setenv("AZURE_TENANT_ID", TENANT, 1);
    setenv("AZURE_CLIENT_ID", CLIENT, 1);
    setenv("AZURE_FEDERATED_TOKEN_FILE", path, 1);
    open_auth("auto");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    assert_non_null(strstr(script.seen[0], "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A"
                                           "jwt-bearer&client_assertion=eyJ.HUSH.assertion"));
    struct credential_report r[8];
    azure_auth_report(auth, r, 8);
    assert_int_equal(r[0].state, CREDENTIAL_UNAVAILABLE);
    assert_int_equal(r[1].state, CREDENTIAL_SERVES);
}

static void a_certificate_signs(void **state)
{
    (void)state;
    struct fake_cert cert = fake_cert_new("app", "DNS:app", NULL, -1, 10);
    char path[200], both[8000];
    snprintf(both, sizeof both, "%s%s", cert.key_pem, cert.cert_pem);
    write_file("client.pem", both, 0600);
    snprintf(path, sizeof path, "%s/client.pem", folder);
    principal();
    unsetenv("AZURE_CLIENT_SECRET");
    setenv("AZURE_CLIENT_CERTIFICATE_PATH", path, 1);
    open_auth("environment");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    assert_non_null(strstr(script.seen[0], "&client_assertion=eyJ"));
    azure_auth_close(auth);
    write_file("client.pem", cert.cert_pem, 0600);
    open_auth("environment");
    struct got g = ask(ARM);
    assert_int_equal(g.error.code, ERR_CONFIG);
    assert_non_null(strstr(g.error.message, "client.pem"));
    fake_cert_free(&cert);
}

/* ---- the chain ---- */

static void nothing_at_all(void **state)
{
    (void)state;
    open_auth("auto");
    struct got g = ask(ARM);
    assert_int_equal(g.error.code, ERR_CREDENTIAL);
    static const char *const parts[] = {"environment: AZURE_TENANT_ID is not set",
                                        "workload-identity: AZURE_FEDERATED_TOKEN_FILE is not set",
                                        "managed-identity: no metadata service answers here",
                                        "azure-cli: az is not on PATH"};
    for (int i = 0; i < 4; i++)
        assert_non_null(strstr(g.error.message, parts[i]));
    assert_non_null(strstr(g.error.remedy, "az login"));
}

static void names_select(void **state)
{
    (void)state;
    struct error err = {0};
    principal();
    settings.credential = (char *)(uintptr_t)"azure-clj";
    assert_null(azure_auth_open(loop, http, &settings, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_non_null(strstr(err.message, "did you mean 'azure-cli'"));
    static const struct { const char *value; size_t n; const char *first; } cases[] = {
        {"prod", 3, "environment"}, {"dev", 1, "azure-cli"}, {"AzureCLICredential", 1, "azure-cli"},
        {"ManagedIdentityCredential", 1, "managed-identity"}, {"workloadidentitycredential", 1, "workload-identity"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct credential_report r[8];
        setenv("AZURE_TOKEN_CREDENTIALS", cases[i].value, 1);
        open_auth("auto");
        assert_int_equal(azure_auth_report(auth, r, 8), cases[i].n);
        assert_string_equal(r[0].name, cases[i].first);
        azure_auth_close(auth);
        auth = NULL;
    }
    setenv("AZURE_TOKEN_CREDENTIALS", "NoSuchCredential", 1);
    settings.credential = (char *)(uintptr_t)"auto";
    assert_null(azure_auth_open(loop, http, &settings, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    open_auth("environment");               /* what is asked for by name needs no such variable */
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
}

static void use_imds(void)
{
    setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", cloud.authority, 1);
}

static void imds_is_probed_and_asked(void **state)
{
    (void)state;
    use_imds();
    script.expires_in = 86400;
    open_auth("auto");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-2");
    assert_true(str_starts(script.seen[0], "GET /metadata/identity/oauth2/token HTTP/1.1\r\n"));
    assert_null(strstr(script.seen[0], "Metadata:"));
    assert_true(str_starts(script.seen[1], "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource="
                                           "https%3A%2F%2Fmanagement.azure.com HTTP/1.1\r\n"));
    assert_non_null(strstr(script.seen[1], "\r\nMetadata: true\r\n"));
    struct credential_report r[8];
    azure_auth_report(auth, r, 8);
    assert_int_equal(r[2].state, CREDENTIAL_SERVES);
    azure_auth_close(auth);
    setenv("AZURE_CLIENT_ID", CLIENT, 1);
    open_auth("managed-identity");          /* alone: no probe */
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-3");
    assert_non_null(strstr(script.seen[2], "&client_id=" CLIENT));
}

static void a_silent_imds_costs_a_second(void **state)
{
    (void)state;
    use_imds();
    script.hang = true;
    open_auth("auto");
    int64_t before = clock_mono_ms();
    struct got g = ask(ARM);
    assert_in_range(clock_mono_ms() - before, 900, 4000);
    assert_non_null(strstr(g.error.message, "no metadata service answers here"));
}

static void a_machine_without_identity_moves_on(void **state)
{
    (void)state;
    use_imds();
    script.status = 400;
    script.body = "{\"error\":\"invalid_request\",\"error_description\":\"Identity not found\"}";
    open_auth("auto");
    struct got g = ask(ARM);
    assert_non_null(strstr(g.error.message, "no identity is assigned to this machine"));
    assert_non_null(strstr(g.error.message, "az is not on PATH"));
    azure_auth_close(auth);
    script.status = 403;
    script.body = "connecting to 169.254.169.254:80: connect: A socket operation was attempted to an unreachable host";
    open_auth("auto");
    g = ask(ARM);
    assert_non_null(strstr(g.error.message, "no metadata service answers here"));
}

static void app_service(void **state)
{
    (void)state;
    char url[100];
    snprintf(url, sizeof url, "%s/msi/token", cloud.authority);
    setenv("IDENTITY_ENDPOINT", url, 1);
    setenv("IDENTITY_HEADER", "HUSH-HEADER", 1);
    open_auth("auto");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
    assert_true(str_starts(script.seen[0], "GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement"));
    assert_non_null(strstr(script.seen[0], "\r\nX-IDENTITY-HEADER: HUSH-HEADER\r\n"));
}

static void az(const char *text)
{
    char all[2000];
    snprintf(all, sizeof all, "#!/bin/sh\n%s\n", text);
    write_file("az", all, 0700);
}

static void the_cli_is_asked(void **state)
{
    (void)state;
    az("echo \"$@\" > \"${0%/*}/args\"\n"
       "echo '{\"accessToken\":\"HUSH-FROM-AZ\",\"expiresOn\":\"2026-01-15 12:34:56.000000\",\"expires_on\":99999999999,"
       "\"subscription\":\"sub-1\",\"tenant\":\"t-1\",\"tokenType\":\"Bearer\"}'");
    open_auth("auto");
    struct got g = ask(ARM);
    assert_string_equal(g.error.message, "");
    assert_string_equal(g.token, "HUSH-FROM-AZ");
    char path[200], args[300] = "";
    snprintf(path, sizeof path, "%s/args", folder);
    FILE *f = fopen(path, "r");
    assert_non_null(fgets(args, sizeof args, f));
    fclose(f);
    assert_string_equal(args, "account get-access-token -o json --resource " ARM "\n");
    struct credential_report r[8];
    azure_auth_report(auth, r, 8);
    assert_string_equal(r[3].why, "az login, tenant t-1, subscription sub-1");
}

static void the_cli_says_why_not(void **state)
{
    (void)state;
    az("echo 'WARNING: old' >&2; echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1");
    open_auth("azure-cli");
    struct got g = ask(ARM);
    assert_int_equal(g.error.code, ERR_CREDENTIAL);
    assert_non_null(strstr(g.error.message, "Please run 'az login' to setup account."));
    assert_null(strstr(g.error.message, "WARNING"));
    azure_auth_close(auth);
    az("echo HUSH-no-json");
    open_auth("azure-cli");
    assert_true(ask(ARM).error.code != ERR_NONE);
    azure_auth_close(auth);
    /* Signed in meanwhile: the next try serves. */
    open_auth("auto");
    assert_true(ask(ARM).error.code != ERR_NONE);
    az("echo '{\"accessToken\":\"HUSH-2\"}'");
    assert_string_equal(ask(ARM).token, "HUSH-2");
}

static void cancelled_and_closed(void **state)
{
    (void)state;
    principal();
    script.hang = true;
    open_auth("environment");
    struct got g = {0};
    uint64_t id = azure_token(auth, ARM, on_token, &g);
    azure_token(auth, AKS_SERVER_AUDIENCE, on_token, &g);
    run_for(100);
    azure_token_cancel(auth, id);
    azure_token_cancel(auth, 0);
    azure_auth_close(auth);
    auth = NULL;
    run_for(50);
    assert_int_equal(g.n, 0);
}

static void the_authority_is_https(void **state)
{
    (void)state;
    struct error err = {0};
    static char name[] = "AzureCloud";
    cloud.name = settings.cloud_name = name;
    setenv("AZURE_AUTHORITY_HOST", "http://login.example.com/", 1);
    assert_null(azure_auth_open(loop, http, &settings, &err));
    assert_non_null(strstr(err.message, "AZURE_AUTHORITY_HOST"));
    /* An authority that the configuration names is not replaced. */
    static char lab[] = "lab";
    cloud.name = settings.cloud_name = lab;
    principal();
    open_auth("environment");
    assert_string_equal(ask(ARM).token, "HUSH-TOKEN-1");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_secret_becomes_a_token), T(one_refresh_for_all_and_a_cache_per_audience), T(a_rejected_token_is_dropped_once),
        T(tokens_are_renewed_early), T(an_ended_token_is_not_given), T(a_refusal_names_its_number),
 T(a_secret_that_is_echoed_is_not_shown),
        T(odd_replies_are_no_tokens), T(ids_cannot_bend_the_path), T(adfs_has_a_path_of_its_own),
        T(workload_identity_sends_the_file), T(a_certificate_signs), T(nothing_at_all), T(names_select),
        T(imds_is_probed_and_asked), T(a_silent_imds_costs_a_second), T(a_machine_without_identity_moves_on),
        T(app_service), T(the_cli_is_asked), T(the_cli_says_why_not), T(cancelled_and_closed), T(the_authority_is_https),
    };
    snprintf(old_path, sizeof old_path, "%s", getenv("PATH"));
    snprintf(folder, sizeof folder, "/tmp/test-azure-auth-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests_name("azure_auth", tests, NULL, NULL);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) ? 1 : failed;
}
