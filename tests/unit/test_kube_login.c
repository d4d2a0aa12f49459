/* Logins to a cluster (kubernetes.md 3.2 to 3.5): every method, and exec plugins as shell scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/auth.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/kube_login.h"
#include "auth/exec_plugin.h"
#include "auth/kubeconfig.h"
#include "unit/http_client.h"

static char folder[64], old_path[4096];
static struct settings settings;
static struct kubeconfig *config;
static struct kube_login *login;
static struct azure_auth *azure;
static struct fake_cert ca, alice, bob, old;

/* ---- files ---- */

static const char *at(const char *name)
{
    static char paths[8][200];
    static int n;
    char *path = paths[n++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *file(const char *name, int mode, const char *text)
{
    const char *path = at(name);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    chmod(path, (mode_t)mode);
    return path;
}

static char *content(const char *name)
{
    static char text[20000];
    FILE *f = fopen(at(name), "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    return text;
}

static void plugin(const char *body)
{
    char text[16384];
    snprintf(text, sizeof text, "#!/bin/sh\ncd '%s'\necho run >> runs\n%s\n", folder, body);
    file("plugin", 0700, text);
    unlink(at("runs"));
}

static int runs(void)
{
    return (int)(strlen(content("runs")) / 4);
}

/* ---- getting ---- */

struct got {
    int n;
    struct error error;
    char bearer[200], basic[200], headers[1000], base[200];
    struct endpoint *endpoint;
};
static char prompt[1000];

static void on_login(void *ctx, const struct kube_credential *c, const struct error *error)
{
    struct got *g = ctx;
    g->n++;
    g->error = error ? *error : (struct error){0};
    g->headers[0] = '\0';
    g->endpoint = NULL;
    snprintf(g->bearer, sizeof g->bearer, "%s", c && c->bearer ? secret_reveal(c->bearer) : "");
    snprintf(g->basic, sizeof g->basic, "%s", c && c->basic ? secret_reveal(c->basic) : "");
    if (c) {
        snprintf(g->base, sizeof g->base, "%s", endpoint_base(c->endpoint));
        g->endpoint = c->endpoint;
    }
    for (size_t i = 0; c && c->headers && c->headers[i]; i++)
        snprintf(g->headers + strlen(g->headers), sizeof g->headers - strlen(g->headers), "%s\n", c->headers[i]);
    loop_stop(loop);
}

static void on_prompt(void *ctx, const char *name, const char *text)
{
    (void)ctx;
    snprintf(prompt, sizeof prompt, "%s: %s", name, text);
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

static struct got get_login(void)
{
    struct got g = {0};
    kube_login_get(login, on_login, &g);
    assert_int_equal(g.n, 0);
    wait_for(&g, 1);
    assert_null(strstr(g.error.message, "HUSH"));
    assert_null(strstr(g.error.remedy, "HUSH"));
    return g;
}

/* A kubeconfig with this user and these fields of the cluster. */
static bool try_open(const char *user, const char *cluster, struct error *err)
{
    char text[20000];
    snprintf(text, sizeof text,
             "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
             "clusters:\n- name: c\n  cluster:\n%s%s"
             "users:\n- name: u\n  user:\n%s",
             strstr(cluster, "server:") ? "" : "    server: https://127.0.0.1:1\n", cluster, user);
    settings.kubeconfig = (char *)(uintptr_t)file("config", 0600, text);
    kube_login_close(login);
    kubeconfig_free(config);
    login = NULL;
    config = kubeconfig_load(&settings, err);
    if (!config)
        return false;
    login = kube_login_open(loop, http, config, NULL, azure, on_prompt, NULL, err);
    return login != NULL;
}

static void open_login(const char *user, const char *cluster)
{
    struct error err = {0};
    if (!try_open(user, cluster, &err))
        fail_msg("%s", err.message);
}

static void refuses(const char *user, const char *cluster, const char *words)
{
    struct error err = {0};
    if (try_open(user, cluster, &err))
        fail_msg("opened, but wanted: %s", words);
    if (!strstr(err.message, words))
        fail_msg("'%s' does not say '%s'", err.message, words);
    assert_null(strstr(err.message, "HUSH"));
}

static int begin(void **state)
{
    settings = (struct settings){.credential = (char *)(uintptr_t)"auto"};
    unsetenv("KUBECONFIG");
    unsetenv("KUBERNETES_SERVICE_HOST");
    kube_login_quiet_ms = 30000;
    prompt[0] = '\0';
    return client_setup(state);
}

static int end(void **state)
{
    kube_login_close(login);
    kubeconfig_free(config);
    azure_auth_close(azure);
    login = NULL;
    config = NULL;
    azure = NULL;
    return client_teardown(state);
}

/* ---- methods without a plugin ---- */

static void a_token(void **state)
{
    (void)state;
    open_login("    token: HUSH-1\n", "    server: https://h.test/k8s/clusters/c-x\n");
    struct got g = get_login();
    assert_string_equal(g.bearer, "HUSH-1");
    assert_string_equal(g.base, "https://h.test/k8s/clusters/c-x");
    assert_string_equal(g.headers, "");
    assert_string_equal(kube_login_method(login), "token");
    kube_login_reject(login);
    assert_string_equal(get_login().bearer, "HUSH-1");
}

static void a_token_file_is_read_again(void **state)
{
    (void)state;
    file("tok", 0600, "HUSH-1\n");
    open_login("    token: HUSH-0\n    tokenFile: tok\n", "");
    assert_string_equal(get_login().bearer, "HUSH-1");      /* the file wins */
    file("tok", 0600, "HUSH-2");
    assert_string_equal(get_login().bearer, "HUSH-1");      /* each minute, not each time */
    kube_login_reject(login);
    assert_string_equal(get_login().bearer, "HUSH-2");
    unlink(at("tok"));
    assert_string_equal(get_login().bearer, "HUSH-2");
    open_login("    tokenFile: gone\n", "");
    struct got g = get_login();
    assert_int_equal(g.error.code, ERR_CONFIG);
    assert_non_null(strstr(g.error.message, "/gone"));
    open_login("    token: HUSH-0\n    tokenFile: gone\n", "");
    assert_string_equal(get_login().bearer, "HUSH-0");
}

static void basic(void **state)
{
    (void)state;
    open_login("    username: jane\n    password: 'HUSH:pw'\n", "");
    struct got g = get_login();
    assert_string_equal(g.basic, "jane:HUSH:pw");
    assert_string_equal(g.bearer, "");
    refuses("    username: jane\n    password: HUSH\n    token: HUSH\n", "", "only one of them");
}

static void nobody(void **state)
{
    (void)state;
    open_login("    {}\n", "");
    struct got g = get_login();
    assert_int_equal(g.error.code, ERR_NONE);
    assert_string_equal(g.bearer, "");
    assert_string_equal(kube_login_method(login), "no credential");
}

static void impersonation(void **state)
{
    (void)state;
    open_login("    token: HUSH\n    as: jane@example.com\n    as-uid: '7'\n    as-groups: [a, 'b c']\n"
               "    as-user-extra: {Reason: [x, y], 'acme.com/z': [w]}\n", "");
    assert_string_equal(get_login().headers,
                        "Impersonate-User: jane@example.com\nImpersonate-Uid: 7\nImpersonate-Group: a\n"
                        "Impersonate-Group: b c\nImpersonate-Extra-reason: x\nImpersonate-Extra-reason: y\n"
                        "Impersonate-Extra-acme%2ecom%2fz: w\n");
    refuses("    as-groups: [a]\n", "", "user 'u': as is missing");
    refuses("    as: \"a\\r\\nX-Evil: 1\"\n", "", "control character");
}

static void auth_providers_are_gone(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(try_open("    auth-provider: {name: azure, config: {access-token: HUSH}}\n", "", &err));
    assert_non_null(strstr(err.message, "gone since Kubernetes 1.26"));
    assert_non_null(strstr(err.remedy, "kubelogin convert-kubeconfig"));
    refuses("    auth-provider: {name: gcp}\n    exec: {command: x}\n", "", "beside exec");
}

static char *base64_line(const char *key, const char *pem)
{
    static char lines[4][8000];
    static int n;
    char *line = lines[n++ % 4];
    int len = snprintf(line, sizeof lines[0], "    %s: ", key);
    len += EVP_EncodeBlock((unsigned char *)line + len, (const unsigned char *)pem, (int)strlen(pem));
    snprintf(line + len, sizeof lines[0] - (size_t)len, "\n");
    return line;
}

static void serve_name(struct fake_conn *c, void *ctx)
{
    (void)ctx;
    char cn[100] = "?";
    X509 *peer = c->ssl ? SSL_get1_peer_certificate(c->ssl) : NULL;
    if (peer)
        X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, cn, sizeof cn);
    X509_free(peer);
    fake_reply(c, 200, "", cn);
}

static void with_certificates(void **state)
{
    (void)state;
    struct fake_cert server_cert = fake_cert_new("server", "DNS:other.test", &ca, -1, 10);
    struct fake_server *s = fake_start(serve_name, NULL, &server_cert, &ca);
    char user[16000], cluster[9000];
    file("alice.crt", 0600, alice.cert_pem);
    file("alice.key", 0600, alice.key_pem);
    snprintf(cluster, sizeof cluster, "    server: https://127.0.0.1:%d\n%s    tls-server-name: other.test\n    proxy-url: ''\n",
             s->port, base64_line("certificate-authority-data", ca.cert_pem));
    open_login("    client-certificate: alice.crt\n    client-key: alice.key\n    exec: {command: never}\n", cluster);
    assert_string_equal(kube_login_method(login), "client certificate");
    setenv("NO_PROXY", "127.0.0.1,other.test", 1);
    struct got g = {0};
    kube_login_get(login, on_login, &g);
    wait_for(&g, 1);
    struct answer *a = get(g.endpoint, "/");
    assert_string_equal(a->error.message, "");
    assert_string_equal(a->body, "alice");
    free_answer(a);
    fake_stop(s);
    fake_cert_free(&server_cert);

    refuses("    client-certificate: alice.crt\n", "", "user 'u': client-key is missing");
    file("bob.key", 0600, bob.key_pem);
    refuses("    client-certificate: alice.crt\n    client-key: bob.key\n", "", "do not belong together");
    snprintf(user, sizeof user, "%s%s", base64_line("client-certificate-data", old.cert_pem),
             base64_line("client-key-data", old.key_pem));
    refuses(user, "", "expired on 2");
    refuses("    token: HUSH\n", "    certificate-authority-data: aGVsbG8=\n", "no certificate in PEM form");
    snprintf(cluster, sizeof cluster, "    insecure-skip-tls-verify: true\n%s",
             base64_line("certificate-authority-data", ca.cert_pem));
    refuses("    token: HUSH\n", cluster, "only one of them");
}

static void nothing_goes_over_plain_http(void **state)
{
    (void)state;
    plugin("echo never");
    char user[400];
    snprintf(user, sizeof user, "    exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: %s}\n", at("plugin"));
    open_login(user, "    server: http://192.0.2.1\n");
    struct got g = get_login();
    assert_int_equal(g.error.code, ERR_NONE);
    assert_string_equal(g.bearer, "");
    assert_int_equal(runs(), 0);
    open_login("    token: HUSH\n    as: jane\n", "    server: http://192.0.2.1\n");
    g = get_login();
    assert_string_equal(g.bearer, "");
    assert_string_equal(g.headers, "");
}

static void in_cluster(void **state)
{
    (void)state;
    mkdir(at("service"), 0700);
    mkdir(at("home"), 0700);
    kube_service_account = "";
    static char path[200];
    snprintf(path, sizeof path, "%s", at("service"));
    kube_service_account = path;
    file("service/token", 0600, "HUSH-pod\n");
    file("service/ca.crt", 0600, ca.cert_pem);
    setenv("HOME", at("home"), 1);
    setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    struct error err = {0};
    config = kubeconfig_load(&settings, &err);
    assert_non_null(config);
    login = kube_login_open(loop, http, config, NULL, NULL, NULL, NULL, &err);
    assert_string_equal(err.message, "");
    struct got g = get_login();
    assert_string_equal(g.bearer, "HUSH-pod");
    assert_string_equal(g.base, "https://10.0.0.1:443");
    assert_string_equal(kube_login_method(login), "service account");
}

/* ---- exec plugins ---- */

#define V1 "client.authentication.k8s.io/v1"
#define V1BETA1 "client.authentication.k8s.io/v1beta1"
#define ANSWER(version, status) "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" version "\",\"status\":{" status "}}'\n"

static const char *exec_user(const char *version, const char *more)
{
    static char text[2000];
    snprintf(text, sizeof text, "    exec:\n      apiVersion: %s\n      command: ./plugin\n%s", version, more);
    return text;
}

static void a_plugin_is_asked_properly(void **state)
{
    (void)state;
    plugin("printf '%s' \"$KUBERNETES_EXEC_INFO\" > info; printf '%s|' \"$@\" > args; printf '%s' \"$EXTRA\" > extra\n"
           "if read x; then echo stdin > extra; fi\n" ANSWER(V1BETA1, "\"token\":\"HUSH-1\""));
    open_login(exec_user(V1BETA1, "      args: [get-token, '--server-id', 'a b;c']\n      env: [{name: EXTRA, value: 'v w'}]\n"
                                  "      provideClusterInfo: true\n"),
               "    server: https://h.test\n    tls-server-name: x.test\n    extensions:\n"
               "    - name: client.authentication.k8s.io/exec\n      extension: {audience: abc}\n");
    struct got g = get_login();
    assert_string_equal(g.error.message, "");
    assert_string_equal(g.bearer, "HUSH-1");
    assert_string_equal(content("args"), "get-token|--server-id|a b;c|");
    assert_string_equal(content("extra"), "v w");
    json_t *info = json_loads(content("info"), 0, NULL);
    json_t *want = json_loads("{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1BETA1 "\",\"spec\":{\"interactive\":false,"
                              "\"cluster\":{\"server\":\"https://h.test\",\"tls-server-name\":\"x.test\","
                              "\"config\":{\"audience\":\"abc\"}}}}", 0, NULL);
    assert_true(json_equal(info, want));
    json_decref(info);
    json_decref(want);
    assert_string_equal(kube_login_method(login), "exec plugin");
    assert_string_equal(get_login().bearer, "HUSH-1");
    assert_int_equal(runs(), 1);                    /* kept until a 401 */
}

static void one_run_for_all_who_wait(void **state)
{
    (void)state;
    plugin("n=$(wc -l < runs); sleep 0.2\n" "echo \"{\\\"kind\\\":\\\"ExecCredential\\\",\\\"apiVersion\\\":\\\"" V1
           "\\\",\\\"status\\\":{\\\"token\\\":\\\"HUSH-$n\\\"}}\"");
    open_login(exec_user(V1, "      interactiveMode: IfAvailable\n"), "");
    struct got g = {0};
    for (int i = 0; i < 5; i++)
        kube_login_get(login, on_login, &g);
    wait_for(&g, 5);
    assert_int_equal(runs(), 1);
    assert_string_equal(g.bearer, "HUSH-1");
    /* Many 401s, one renewal; those that come late do not cause another. */
    for (int i = 0; i < 5; i++)
        kube_login_reject(login);
    assert_string_equal(get_login().bearer, "HUSH-2");
    kube_login_reject(login);
    assert_string_equal(get_login().bearer, "HUSH-2");
    assert_int_equal(runs(), 2);
}

static void an_expired_answer_is_renewed(void **state)
{
    (void)state;
    plugin("t=$(date -u -d '+4 seconds' +%Y-%m-%dT%H:%M:%SZ); n=$(wc -l < runs)\n"
           "echo \"{\\\"kind\\\":\\\"ExecCredential\\\",\\\"apiVersion\\\":\\\"" V1
           "\\\",\\\"status\\\":{\\\"token\\\":\\\"HUSH-$n\\\",\\\"expirationTimestamp\\\":\\\"$t\\\"}}\"");
    open_login(exec_user(V1, "      interactiveMode: Never\n"), "");
    assert_string_equal(get_login().bearer, "HUSH-1");
    usleep(4100000);
    assert_string_equal(get_login().bearer, "HUSH-2");
    plugin(ANSWER(V1, "\"token\":\"HUSH\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\""));
    open_login(exec_user(V1, "      interactiveMode: Never\n"), "");
    assert_non_null(strstr(get_login().error.message, "has expired"));
}

static void wrong_answers(void **state)
{
    (void)state;
    static const struct { const char *body, *words; } cases[] = {
        {ANSWER(V1BETA1, "\"token\":\"HUSH\""), "answered with apiVersion " V1BETA1 ", asked for was " V1},
        {"echo HUSH", "not JSON"},
        {"echo '[\"HUSH\"]'", "not JSON"},
        {"true", "not JSON"},
        {"echo '{\"kind\":\"Pod\",\"apiVersion\":\"" V1 "\"}'", "no ExecCredential"},
        {"echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}'", "no status"},
        {ANSWER(V1, ""), "neither token nor certificate"},
        {ANSWER(V1, "\"token\":\"\""), "neither token nor certificate"},
        {ANSWER(V1, "\"token\":[\"HUSH\"]"), "neither token nor certificate"},
        {ANSWER(V1, "\"token\":\"HUSH\\u000aHUSH\""), "line break"},
        {ANSWER(V1, "\"clientKeyData\":\"HUSH\""), "certificate without key"},
        {ANSWER(V1, "\"clientCertificateData\":\"x\",\"clientKeyData\":\"HUSH\""), "no certificate in PEM form"},
        {ANSWER(V1, "\"token\":\"HUSH\",\"expirationTimestamp\":\"tomorrow\""), "RFC 3339"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        plugin(cases[i].body);
        open_login(exec_user(V1, "      interactiveMode: Never\n"), "");
        struct got g = get_login();
        if (!strstr(g.error.message, cases[i].words))
            fail_msg("'%s' does not say '%s'", g.error.message, cases[i].words);
        assert_non_null(strstr(g.error.message, "plugin"));
    }
}

/* Any bytes in: an answer with what was asked for, or an error. */
static void cut_answers(void **state)
{
    (void)state;
    static const struct { const char *name, *version; } samples[] = {
        {"execcredential-output-token.json", V1BETA1}, {"execcredential-output-cert.json", V1},
        {"execcredential-input.json", V1}};
    const char *root = getenv("GATEWATCH_ROOT");
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char path[500], *bytes, name[] = "plugin";
        size_t len;
        snprintf(path, sizeof path, "%s/tests/fixtures/kubernetes/%s", root ? root : ".", samples[i].name);
        assert_true(file_read(path, 1 << 20, &bytes, &len, NULL));
        struct exec_plugin p = {.api_version = samples[i].version, .command = name, .name = name};
        for (size_t n = 0; n <= len; n++) {
            char *part = malloc(n + 1);
            memcpy(part, bytes, n);
            part[n] = '\0';
            struct exec_answer answer = {0};
            struct error err = {0};
            if (exec_answer_read(&p, part, n, &answer, &err)) {
                assert_true(i < 2);
                assert_true(answer.token || (answer.cert_pem && answer.key_pem));
                assert_int_equal(answer.expires_wall_ms, 1787220840000);
            } else {
                assert_int_equal(err.code, ERR_CREDENTIAL);
                assert_null(answer.token);
                assert_true(n < len || i == 2);
            }
            exec_answer_free(&answer);
            free(part);
        }
        free(bytes);
    }
}

static void a_failure_carries_its_last_words(void **state)
{
    (void)state;
    plugin("printf 'first\\033[31m line\\nAADSTS50076: sign in again\\n' >&2; exit 3");
    open_login(exec_user(V1, "      interactiveMode: Never\n"), "");
    struct got g = get_login();
    assert_int_equal(g.error.code, ERR_CREDENTIAL);
    assert_non_null(strstr(g.error.message, "ended with 3"));
    assert_non_null(strstr(g.error.message, "AADSTS50076: sign in again"));
    assert_null(strchr(g.error.message, '\033'));
    assert_true(g.error.remedy[0]);
}

static void a_prompt_is_shown_and_waited_for(void **state)
{
    (void)state;
    kube_login_quiet_ms = 700;
    plugin("echo 'open https://microsoft.com/devicelogin and enter ABC-DEF' >&2; sleep 1.5\n" ANSWER(V1, "\"token\":\"HUSH\""));
    open_login(exec_user(V1, "      interactiveMode: IfAvailable\n"), "");
    assert_string_equal(get_login().bearer, "HUSH");
    assert_string_equal(prompt, "plugin: open https://microsoft.com/devicelogin and enter ABC-DEF\n");
}

static void a_silent_plugin_is_ended(void **state)
{
    (void)state;
    kube_login_quiet_ms = 300;
    plugin("exec sleep 30");
    open_login(exec_user(V1, "      interactiveMode: Never\n"), "");
    int64_t before = clock_mono_ms();
    struct got g = get_login();
    assert_int_equal(g.error.code, ERR_TIMEOUT);
    assert_true(clock_mono_ms() - before < 10000);
}

static void close_while_it_runs(void **state)
{
    (void)state;
    plugin("exec sleep 30");
    open_login(exec_user(V1, "      interactiveMode: Never\n"), "");
    struct got g = {0};
    uint64_t id = kube_login_get(login, on_login, &g);
    kube_login_get(login, on_login, &g);
    run_for(50);
    kube_login_cancel(login, id);
    kube_login_close(login);
    login = NULL;
    run_for(50);
    assert_int_equal(g.n, 0);
}

static void a_certificate_makes_another_endpoint(void **state)
{
    (void)state;
    struct fake_cert server_cert = fake_cert_new("server", "IP:127.0.0.1", &ca, -1, 10);
    struct fake_server *s = fake_start(serve_name, NULL, &server_cert, &ca);
    const struct fake_cert *who[2] = {&alice, &bob};
    for (int i = 0; i < 2; i++) {
        json_t *all = json_pack("{s:s, s:s, s:{s:s, s:s}}", "kind", "ExecCredential", "apiVersion", V1, "status",
                                "clientCertificateData", who[i]->cert_pem, "clientKeyData", who[i]->key_pem);
        char *text = json_dumps(all, 0);
        file(i ? "answer2" : "answer1", 0600, text);
        free(text);
        json_decref(all);
    }
    plugin("cat answer$(wc -l < runs)");
    char cluster[9000];
    snprintf(cluster, sizeof cluster, "    server: https://127.0.0.1:%d\n%s", s->port,
             base64_line("certificate-authority-data", ca.cert_pem));
    open_login(exec_user(V1, "      interactiveMode: Never\n"), cluster);
    for (int i = 0; i < 2; i++) {
        struct got g = get_login();
        assert_string_equal(g.error.message, "");
        struct answer *a = get(g.endpoint, "/");
        assert_string_equal(a->body, i ? "bob" : "alice");
        free_answer(a);
        kube_login_reject(login);
    }
    fake_stop(s);
    fake_cert_free(&server_cert);
}

static void stanzas_are_checked(void **state)
{
    (void)state;
    refuses(exec_user(V1, ""), "", "interactiveMode is missing");
    refuses(exec_user(V1, "      interactiveMode: Sometimes\n"), "", "interactiveMode is neither");
    refuses(exec_user("client.authentication.k8s.io/v1alpha1", ""), "", "apiVersion is not");
    refuses("    exec: {apiVersion: " V1BETA1 "}\n", "", "command is missing");
    refuses(exec_user(V1BETA1, "      args: nope\n"), "", "args is not a list");
    refuses(exec_user(V1BETA1, "      args: [1]\n"), "", "args has an item that is not a string");
    refuses(exec_user(V1BETA1, "      env: [{value: HUSH}]\n"), "", "env has an item without a proper name");
    open_login(exec_user(V1BETA1, "      args: null\n      env: null\n"), "");
    plugin("echo never");
    open_login(exec_user(V1, "      interactiveMode: Always\n"), "");
    struct got g = get_login();
    assert_non_null(strstr(g.error.message, "wants a terminal"));
    assert_int_equal(runs(), 0);
}

static void a_missing_plugin_says_how_to_get_it(void **state)
{
    (void)state;
    open_login("    exec:\n      apiVersion: " V1BETA1 "\n      command: no-such-plugin-here\n"
               "      installHint: \"get it from \\e[1mthe shop\"\n", "");
    struct got g = get_login();
    assert_int_equal(g.error.code, ERR_CREDENTIAL);
    assert_non_null(strstr(g.error.message, "no-such-plugin-here is not installed"));
    assert_non_null(strstr(g.error.remedy, "the shop"));
    assert_null(strchr(g.error.remedy, '\033'));
    open_login("    exec: {apiVersion: " V1BETA1 ", command: kubelogin}\n", "");
    setenv("PATH", folder, 1);
    g = get_login();
    setenv("PATH", old_path, 1);
    assert_non_null(strstr(g.error.message, "kubelogin is not installed"));
    assert_non_null(strstr(g.error.remedy, "az aks install-cli"));
}

/* ---- the Azure credential in kubelogin's place ---- */

static void serve_token(struct fake_conn *c, void *ctx)
{
    char body[200], *seen = ctx;
    snprintf(seen, 4000, "%s", c->request);
    snprintf(body, sizeof body, "{\"access_token\":\"HUSH-aks-%d\",\"expires_in\":3600}", atomic_load(&c->server->requests));
    fake_reply(c, 200, "", body);
}

static void azure_stands_in_for_kubelogin(void **state)
{
    (void)state;
    static char seen[4000], authority[64], name[] = "lab", arm[] = "https://arm.test";
    struct fake_server *s = fake_start(serve_token, seen, NULL, NULL);
    snprintf(authority, sizeof authority, "http://127.0.0.1:%d", s->port);
    struct cloud cloud = {.name = name, .arm = arm, .authority = authority, .audience = arm};
    settings.cloud_name = name;
    settings.clouds = &cloud;
    settings.n_clouds = 1;
    setenv("AZURE_TENANT_ID", "t", 1);
    setenv("AZURE_CLIENT_ID", "c", 1);
    setenv("AZURE_CLIENT_SECRET", "HUSH", 1);
    azure = azure_auth_open(loop, http, &settings, NULL);
    assert_non_null(azure);
    setenv("PATH", folder, 1);
    open_login("    exec:\n      apiVersion: " V1BETA1 "\n      command: kubelogin\n"
               "      args: [get-token, --server-id, my-server-app, --login, devicecode]\n", "");
    struct got g = get_login();
    assert_string_equal(g.error.message, "");
    assert_string_equal(g.bearer, "HUSH-aks-1");
    assert_non_null(strstr(seen, "scope=my-server-app%2F.default"));
    assert_non_null(strstr(kube_login_method(login), "kubelogin is not installed"));
    kube_login_reject(login);
    assert_string_equal(get_login().bearer, "HUSH-aks-2");
    open_login("    exec: {apiVersion: " V1BETA1 ", command: /opt/none/kubelogin, args: [--server-id=other]}\n", "");
    assert_string_equal(get_login().bearer, "HUSH-aks-3");
    assert_non_null(strstr(seen, "scope=other%2F.default"));
    open_login("    exec: {apiVersion: " V1BETA1 ", command: kubelogin}\n", "");
    assert_string_equal(get_login().bearer, "HUSH-aks-4");
    assert_non_null(strstr(seen, "scope=" AKS_SERVER_AUDIENCE "%2F.default"));
    /* Another plugin's absence is no reason. */
    open_login("    exec: {apiVersion: " V1BETA1 ", command: aws}\n", "");
    assert_non_null(strstr(get_login().error.message, "aws is not installed"));
    setenv("PATH", old_path, 1);
    unsetenv("AZURE_TENANT_ID");
    fake_stop(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_token), T(a_token_file_is_read_again), T(basic), T(nobody), T(impersonation), T(auth_providers_are_gone),
        T(with_certificates), T(nothing_goes_over_plain_http), T(in_cluster), T(a_plugin_is_asked_properly),
        T(one_run_for_all_who_wait), T(an_expired_answer_is_renewed), T(wrong_answers), T(cut_answers),
        T(a_failure_carries_its_last_words), T(a_prompt_is_shown_and_waited_for), T(a_silent_plugin_is_ended),
        T(close_while_it_runs), T(a_certificate_makes_another_endpoint), T(stanzas_are_checked),
        T(a_missing_plugin_says_how_to_get_it), T(azure_stands_in_for_kubelogin),
    };
    snprintf(old_path, sizeof old_path, "%s", getenv("PATH"));
    snprintf(folder, sizeof folder, "/tmp/test-kube-login-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    ca = fake_cert_new("Test CA", NULL, NULL, -30, 30);
    alice = fake_cert_new("alice", "DNS:a", &ca, -1, 10);
    bob = fake_cert_new("bob", "DNS:b", &ca, -1, 10);
    old = fake_cert_new("old", "DNS:o", &ca, -20, -3);
    int failed = cmocka_run_group_tests_name("kube_login", tests, NULL, NULL);
    fake_cert_free(&ca);
    fake_cert_free(&alice);
    fake_cert_free(&bob);
    fake_cert_free(&old);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) ? 1 : failed;
}
