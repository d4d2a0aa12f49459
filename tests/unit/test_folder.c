/* Saved manifests: the reference environment, lists, and what is wrong in them. */
#include <gatewatch/source.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *write_file(const char *text)
{
    char *path = xasprintf("/tmp/gatewatch-folder-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static bool load_text(struct store *store, const char *text, size_t *skipped, struct error *err)
{
    char *path = write_file(text);
    const char *files[] = {path};
    bool fine = folder_load(store, files, 1, skipped, err);
    unlink(path);
    free(path);
    return fine;
}

static void the_reference_environment(void **state)
{
    (void)state;
    static const char *const files[] = {
        "tests/fixtures/poc/00-namespaces.yaml", "tests/fixtures/poc/01-gateway.yaml",
        "tests/fixtures/poc/02-health-responder.yaml", "tests/fixtures/poc/03-sample-app-1.yaml",
        "tests/fixtures/poc/04-sample-app-2.yaml", "tests/fixtures/poc/05-httproutes.yaml",
        "tests/fixtures/poc/06-reference-grants.yaml",
    };
    struct store *store = store_new();
    struct error err = {0};
    size_t skipped = 0;
    if (!folder_load(store, files, sizeof files / sizeof *files, &skipped, &err))
        fail_msg("%s", err.message);
    struct snapshot *snap = store_snapshot(store, 0, 0);
    const struct gateway *g = (const struct gateway *)snapshot_find(snap, KIND_GATEWAY, "istio-ingress", "mtkc-gateway");
    assert_non_null(g);
    assert_string_equal(g->class_name, "istio");
    assert_int_equal(g->listeners.n, 2);
    assert_string_equal(g->listeners.items[0].from, "All");
    assert_int_equal(g->listeners.items[0].attached_routes, -1);
    const struct service *responder = (const struct service *)snapshot_find(snap, KIND_SERVICE, "gateway-health",
                                                                            "health-responder");
    assert_non_null(responder);
    assert_true(snap->objects[KIND_HTTPROUTE].n >= 2);
    assert_true(snap->objects[KIND_REFERENCEGRANT].n >= 1);
    assert_true(snap->objects[KIND_DEPLOYMENT].n >= 3);
    assert_true(snapshot_knows(snap, KIND_HTTPROUTE));
    assert_true(snapshot_knows(snap, KIND_TLSROUTE));       /* none in the files: none exist */
    assert_true(snapshot_knows(snap, KIND_SERVICE));
    assert_false(snapshot_knows(snap, KIND_ENDPOINTSLICE)); /* nobody saves those */
    snapshot_unref(snap);
    store_free(store);
}

static void lists_and_unknown_kinds(void **state)
{
    (void)state;
    struct store *store = store_new();
    struct error err = {0};
    size_t skipped = 0;
    if (!load_text(store,
                   "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":"
                   "{\"name\":\"a\"}},{\"apiVersion\":\"v1\",\"kind\":\"ServiceList\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":"
                   "\"Service\",\"metadata\":{\"name\":\"b\",\"namespace\":\"n\"}}]},{\"apiVersion\":\"v1\",\"kind\":\"Secret\","
                   "\"metadata\":{\"name\":\"s\"}}]}\n---\n# nothing\n---\napiVersion: other.io/v1\nkind: Gateway\nmetadata:"
                   " {name: g}\n",
                   &skipped, &err))
        fail_msg("%s", err.message);
    assert_int_equal(skipped, 2);
    assert_non_null(store_find(store, KIND_SERVICE, "default", "a"));
    assert_non_null(store_find(store, KIND_SERVICE, "n", "b"));
    assert_int_equal(store_count(store, KIND_GATEWAY, NULL), 0);    /* another group's Gateway is not ours */
    store_free(store);
}

static void errors_name_file_and_line(void **state)
{
    (void)state;
    static const struct { const char *text, *says; } cases[] = {
        {"apiVersion: v1\nkind: Service\nmetadata: {}\n", "without a name"},
        {"apiVersion: v1\nkind: Service\n---\njust: this\n", "without a name"},
        {"just: this\n", "apiVersion and kind"},
        {"- a\n- b\n", "apiVersion and kind"},
        {"kind: Service\n", "apiVersion and kind"},
        {"a: [\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct store *store = store_new();
        struct error err = {0};
        assert_false(load_text(store, cases[i].text, NULL, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.message, "/tmp/gatewatch-folder-"));
        assert_non_null(strstr(err.message, cases[i].says));
        store_free(store);
    }
    struct store *store = store_new();
    struct error err = {0};
    const char *files[] = {"/nonexistent/gatewatch.yaml"};
    assert_false(folder_load(store, files, 1, NULL, &err));
    assert_non_null(strstr(err.message, "/nonexistent/gatewatch.yaml"));
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_environment),
        cmocka_unit_test(lists_and_unknown_kinds),
        cmocka_unit_test(errors_name_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
