/* kubeconfig files: the rules of kubernetes.md 3.1, case by case, and errors that name file, line and key. */
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

#include "auth/kubeconfig.h"

static char folder[64];
static struct settings settings;
static struct kubeconfig *k;
static struct kube_target t;
static struct error err;

static const char *at(const char *name)
{
    static char paths[8][200];
    static int n;
    char *path = paths[n++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *file(const char *name, const char *text)
{
    const char *path = at(name);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    return path;
}

static int begin(void **state)
{
    (void)state;
    unsetenv("KUBECONFIG");
    unsetenv("KUBERNETES_SERVICE_HOST");
    unsetenv("KUBERNETES_SERVICE_PORT");
    setenv("HOME", at("home"), 1);
    mkdir(at("home"), 0700);
    mkdir(at("home/.kube"), 0700);
    unlink(at("home/.kube/config"));
    mkdir(at("sub"), 0700);
    mkdir(at("service"), 0700);
    settings = (struct settings){0};
    err = (struct error){0};
    kube_service_account = at("service");
    return 0;
}

static int end(void **state)
{
    (void)state;
    kubeconfig_free(k);
    k = NULL;
    return 0;
}

static bool load(void)
{
    kubeconfig_free(k);
    k = kubeconfig_load(&settings, &err);
    return k != NULL;
}

static void good(const char *context)
{
    if (!load() || !kubeconfig_target(k, context, &t, &err))
        fail_msg("%s", err.message);
}

/* That loading or resolving fails, with this in the message. */
static void bad(const char *text, const char *words)
{
    settings.kubeconfig = (char *)(uintptr_t)file("bad", text);
    err = (struct error){0};
    if (load() && kubeconfig_target(k, NULL, &t, &err))
        fail_msg("no error, but wanted: %s", words);
    assert_int_equal(err.code, ERR_CONFIG);
    if (!strstr(err.message, words) || !strstr(err.message, "/bad"))
        fail_msg("'%s' does not say '%s'", err.message, words);
}

#define ONE(c) \
    "apiVersion: v1\nkind: Config\ncurrent-context: " c "\nclusters:\n- name: " c "\n  cluster:\n    server: https://" c \
    ".test:6443\nusers:\n- name: " c "\n  user: {token: t-" c "}\ncontexts:\n- name: " c \
    "\n  context:\n    cluster: " c "\n    user: " c "\n    namespace: ns-" c "\n"

static void one_file(void **state)
{
    (void)state;
    settings.kubeconfig = (char *)(uintptr_t)file("one", ONE("one"));
    good(NULL);
    assert_string_equal(t.context, "one");
    assert_string_equal(t.cluster, "one");
    assert_string_equal(t.user, "one");
    assert_string_equal(t.namespace, "ns-one");
    assert_string_equal(t.server, "https://one.test:6443");
    assert_false(t.insecure);
    assert_false(t.in_cluster);
    const char *const *names;
    assert_int_equal(kubeconfig_contexts(k, &names), 1);
    assert_string_equal(names[0], "one");
    assert_null(names[1]);
}

static void json_is_yaml(void **state)
{
    (void)state;
    settings.kubeconfig = (char *)(uintptr_t)file(
        "json", "{\"current-context\":\"a\",\"clusters\":[{\"name\":\"a\",\"cluster\":{\"server\":\"https://h\","
                "\"insecure-skip-tls-verify\":true}}],\"contexts\":[{\"name\":\"a\",\"context\":{\"cluster\":\"a\"}}]}");
    good(NULL);
    assert_true(t.insecure);
    assert_null(t.user);
    assert_string_equal(t.namespace, "default");
}

static void the_flag_wins_and_must_exist(void **state)
{
    (void)state;
    setenv("KUBECONFIG", file("two", ONE("two")), 1);
    settings.kubeconfig = (char *)(uintptr_t)file("one", ONE("one"));
    good(NULL);
    assert_string_equal(t.context, "one");
    assert_int_equal(k->n_files, 1);
    settings.kubeconfig = (char *)(uintptr_t)at("missing");
    assert_false(load());
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.message, "/missing"));
}

static void the_list_skips_what_is_missing_empty_or_twice(void **state)
{
    (void)state;
    char list[900];
    const char *one = file("one", ONE("one")), *two = file("two", ONE("two"));
    snprintf(list, sizeof list, ":%s::%s:%s:%s:", at("missing"), one, two, one);
    setenv("KUBECONFIG", list, 1);
    good(NULL);
    assert_int_equal(k->n_files, 2);
    assert_string_equal(t.context, "one");      /* the first that sets current-context */
    good("two");
    assert_string_equal(t.server, "https://two.test:6443");
    snprintf(list, sizeof list, "%s:%s", at("missing"), at("nowhere/x"));
    setenv("KUBECONFIG", list, 1);
    assert_false(load());
    assert_non_null(strstr(err.message, "none of the files in KUBECONFIG"));
    assert_true(err.remedy[0]);
}

static void home_is_last(void **state)
{
    (void)state;
    assert_false(load());
    assert_non_null(strstr(err.message, "/home/.kube/config"));
    file("home/.kube/config", ONE("home"));
    good(NULL);
    assert_string_equal(t.context, "home");
    setenv("KUBECONFIG", file("one", ONE("one")), 1);
    good(NULL);
    assert_string_equal(t.context, "one");
    assert_int_equal(k->n_files, 1);
}

static void the_first_definition_wins_entirely(void **state)
{
    (void)state;
    char list[400];
    snprintf(list, sizeof list, "%s:%s",
             file("a", "clusters: [{name: c, cluster: {server: 'https://first'}}]\n"
                       "contexts: [{name: x, context: {cluster: c}}]\n"),
             file("b", "current-context: x\n"
                       "clusters: [{name: c, cluster: {server: 'https://second', insecure-skip-tls-verify: true}}]\n"
                       "users: [{name: u, user: {token: t}}]\n"
                       "contexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]\n"));
    setenv("KUBECONFIG", list, 1);
    good(NULL);                                 /* current-context of a file without that context's definition */
    assert_string_equal(t.server, "https://first");
    assert_false(t.insecure);                   /* nothing is merged inside an entry */
    assert_null(t.user);
    assert_string_equal(t.namespace, "default");
}

static void current_context_may_name_nothing(void **state)
{
    (void)state;
    char list[400];
    snprintf(list, sizeof list, "%s:%s", file("a", "current-context: nowhere\n"), file("one", ONE("one")));
    setenv("KUBECONFIG", list, 1);
    assert_true(load());
    assert_false(kubeconfig_target(k, NULL, &t, &err));
    assert_non_null(strstr(err.message, "no context 'nowhere'"));
    assert_non_null(strstr(err.remedy, "one"));
}

static void contexts_are_chosen(void **state)
{
    (void)state;
    char list[400];
    snprintf(list, sizeof list, "%s:%s", file("one", ONE("one")), file("two", ONE("two")));
    setenv("KUBECONFIG", list, 1);
    settings.context = (char *)(uintptr_t)"two";
    good(NULL);
    assert_string_equal(t.context, "two");
    good("one");
    assert_string_equal(t.context, "one");
    assert_false(kubeconfig_target(k, "twoo", &t, &err));
    assert_non_null(strstr(err.message, "did you mean 'two'"));
    assert_non_null(strstr(err.remedy, "one, two"));
}

static void relative_paths_begin_at_their_file(void **state)
{
    (void)state;
    char list[400];
    snprintf(list, sizeof list, "%s:%s", file("one", ONE("one")),
             file("sub/two", "clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: ca.pem}}]\n"
                             "contexts: [{name: x, context: {cluster: c}}]\n"));
    file("sub/ca.pem", "the CA of sub\n");
    setenv("KUBECONFIG", list, 1);
    good("x");
    const struct kube_entry *cluster = kube_entry_find(&k->clusters, "c");
    char *ca = NULL;
    assert_true(kube_data(cluster, "certificate-authority", &ca, &err));
    assert_string_equal(ca, "the CA of sub\n");
    free(ca);
    char *path = kubeconfig_path(cluster, "/abs");
    assert_string_equal(path, "/abs");
    free(path);
}

static void data_overrides_the_path(void **state)
{
    (void)state;
    settings.kubeconfig = (char *)(uintptr_t)file(
        "d", "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
             "clusters:\n- name: c\n  cluster:\n    server: https://h\n    certificate-authority: /nowhere\n"
             "    certificate-authority-data: |\n      aGVs\n      bG8=\n"
             "- name: bad\n  cluster:\n    certificate-authority-data: '***'\n"
             "- name: zero\n  cluster:\n    certificate-authority-data: AA==\n"
             "- name: file\n  cluster:\n    certificate-authority: /nowhere/ca.pem\n");
    good(NULL);
    char *ca = NULL;
    assert_true(kube_data(kube_entry_find(&k->clusters, "c"), "certificate-authority", &ca, &err));
    assert_string_equal(ca, "hello");
    free(ca);
    ca = NULL;
    assert_false(kube_data(kube_entry_find(&k->clusters, "bad"), "certificate-authority", &ca, &err));
    assert_non_null(strstr(err.message, "/d:13: cluster 'bad': certificate-authority-data is not base64"));
    assert_false(kube_data(kube_entry_find(&k->clusters, "zero"), "certificate-authority", &ca, &err));
    assert_false(kube_data(kube_entry_find(&k->clusters, "file"), "certificate-authority", &ca, &err));
    assert_non_null(strstr(err.message, "/nowhere/ca.pem"));
    assert_null(ca);
}

static void errors_name_file_line_and_key(void **state)
{
    (void)state;
    bad("clusters: [\n", "/bad:");
    bad("- a\n", "/bad:1: a kubeconfig is a mapping");
    bad("a: b\nclusters: nope\n", "/bad:2: 'clusters' is not a list");
    bad("users:\n- name: a\n- user: {}\n", "/bad:3: users[1] has no name");
    bad("users:\n- name: a\n  user: x\n", "/bad:3: user 'a': user is not a mapping");
    bad("current-context: [x]\n", "/bad:1: 'current-context' is not a string");
    bad("contexts: []\n", "names no current-context");
    bad("current-context: x\ncontexts:\n- name: x\n  context:\n    cluster: c\n",
        "/bad:5: context 'x': cluster names no known cluster: c");
    bad("current-context: x\ncontexts:\n- name: x\n  context: {}\n", "context 'x': cluster names no known cluster");
    bad("current-context: x\nclusters:\n- name: c\n  cluster: {server: 'https://h'}\ncontexts:\n- name: x\n  context:\n"
        "    cluster: c\n    user: gone\n",
        "/bad:9: context 'x': user names no known user: gone");
    bad("current-context: x\nclusters:\n- name: c\n  cluster:\n    server: 5\ncontexts: [{name: x, context: {cluster: c}}]\n",
        "/bad:5: cluster 'c': server is not a string");
    bad("current-context: x\nclusters:\n- name: c\n  cluster:\n    proxy-url: x\ncontexts: [{name: x, context: {cluster: c}}]\n",
        "cluster 'c': server is missing");
    bad("current-context: x\nclusters:\n- name: c\n  cluster:\n    server: https://h\n    insecure-skip-tls-verify: maybe\n"
        "contexts: [{name: x, context: {cluster: c}}]\n",
        "/bad:6: cluster 'c': insecure-skip-tls-verify is neither true nor false");
}

static void an_empty_file_is_no_error_by_itself(void **state)
{
    (void)state;
    char list[400];
    snprintf(list, sizeof list, "%s:%s", file("empty", ""), file("one", ONE("one")));
    setenv("KUBECONFIG", list, 1);
    good(NULL);
    assert_string_equal(t.context, "one");
    settings.kubeconfig = (char *)(uintptr_t)file("empty", "# nothing\n");
    assert_true(load());
    assert_false(kubeconfig_target(k, NULL, &t, &err));
    assert_int_equal(err.code, ERR_CONFIG);
}

static void unknown_keys_and_null_lists(void **state)
{
    (void)state;
    settings.kubeconfig = (char *)(uintptr_t)file(
        "odd", "preferences: {}\nnew-key: [1]\nusers: null\ncurrent-context: x\n"
               "clusters: [{name: c, cluster: {server: 'https://h', future: {a: b}}}]\n"
               "contexts: [{name: x, context: {cluster: c, extensions: []}}]\n");
    good(NULL);
}

static void in_a_pod(void **state)
{
    (void)state;
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    assert_false(load());                       /* no token: not in a pod */
    file("service/token", "tok");
    file("service/namespace", "team-a\n");
    good(NULL);
    assert_true(t.in_cluster);
    assert_string_equal(t.server, "https://[fd00::1]:443");
    assert_string_equal(t.namespace, "team-a");
    file("home/.kube/config", ONE("home"));     /* a file comes first */
    good(NULL);
    assert_false(t.in_cluster);
    unlink(at("service/token"));
}

static void any_cut_of_a_file_is_handled(void **state)
{
    (void)state;
    static const char whole[] = ONE("one");
    char part[sizeof whole];
    for (size_t n = 0; n < sizeof whole; n++) {
        memcpy(part, whole, n);
        part[n] = '\0';
        settings.kubeconfig = (char *)(uintptr_t)file("cut", part);
        err = (struct error){0};
        if (!load() || !kubeconfig_target(k, NULL, &t, &err))
            assert_int_equal(err.code, ERR_CONFIG);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(one_file), T(json_is_yaml), T(the_flag_wins_and_must_exist), T(the_list_skips_what_is_missing_empty_or_twice),
        T(home_is_last), T(the_first_definition_wins_entirely), T(current_context_may_name_nothing),
        T(contexts_are_chosen), T(relative_paths_begin_at_their_file), T(data_overrides_the_path),
        T(errors_name_file_line_and_key), T(an_empty_file_is_no_error_by_itself), T(unknown_keys_and_null_lists),
        T(in_a_pod), T(any_cut_of_a_file_is_handled),
    };
    snprintf(folder, sizeof folder, "/tmp/test-kubeconfig-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests_name("kubeconfig", tests, NULL, NULL);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) ? 1 : failed;
}
