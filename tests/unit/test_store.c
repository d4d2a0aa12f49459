/* The store and its snapshots. */
#include <gatewatch/kinds.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct object *make(const struct kind *kind, const char *ns, const char *name, const char *version)
{
    FREE_AUTO char *uid = xasprintf("uid-%s-%s", ns, name);
    json_t *json = json_pack("{s:{s:s,s:s,s:s,s:s}}", "metadata", "name", name, "namespace", ns, "resourceVersion", version,
                             "uid", uid);
    const struct object *o = object_decode(kind, json, NULL);
    json_decref(json);
    assert_non_null(o);
    return o;
}

static void put(struct store *s, const char *ns, const char *name, const char *version)
{
    store_upsert(s, make(&kind_service, ns, name, version));
}

static void snapshots_are_sorted_and_do_not_change(void **state)
{
    (void)state;
    struct store *s = store_new();
    put(s, "b", "x", "1");
    put(s, "a", "z", "1");
    put(s, "b", "a", "1");
    put(s, "a", "b", "1");
    struct snapshot *first = store_snapshot(s, 11, 22);
    const struct object_list *list = &first->objects[KIND_SERVICE];
    assert_int_equal(list->n, 4);
    assert_string_equal(list->items[0]->name, "b");
    assert_string_equal(list->items[1]->name, "z");
    assert_string_equal(list->items[2]->name, "a");
    assert_string_equal(list->items[3]->name, "x");
    assert_int_equal(first->wall_ms, 11);
    assert_int_equal(first->mono_ms, 22);
    size_t at = 99;
    assert_int_equal(snapshot_namespace(first, KIND_SERVICE, "b", &at), 2);
    assert_int_equal(at, 2);
    assert_int_equal(snapshot_namespace(first, KIND_SERVICE, "aa", &at), 0);
    assert_non_null(snapshot_find(first, KIND_SERVICE, "a", "z"));
    assert_null(snapshot_find(first, KIND_SERVICE, "a", "zz"));
    assert_null(snapshot_find(first, KIND_NODE, "", "n"));
    assert_ptr_equal(snapshot_find_uid(first, KIND_SERVICE, "UID-B-X"), list->items[3]);

    assert_true(store_remove(s, KIND_SERVICE, "a", "z"));
    assert_false(store_remove(s, KIND_SERVICE, "a", "z"));
    put(s, "b", "x", "2");
    store_upsert(s, make(&kind_node, "", "n", "1"));
    struct snapshot *second = store_snapshot(s, 0, 0);
    assert_int_equal(second->objects[KIND_SERVICE].n, 3);
    assert_int_equal(list->n, 4);
    assert_string_equal(list->items[3]->resource_version, "1");
    assert_string_equal(second->objects[KIND_SERVICE].items[2]->resource_version, "2");
    assert_true(second->serial > first->serial);
    store_free(s);      /* snapshots outlive the store */
    assert_non_null(snapshot_find(second, KIND_NODE, "", "n"));
    snapshot_unref(first);
    snapshot_unref(snapshot_ref(second));
    snapshot_unref(second);
}

static void unchanged_kinds_are_shared(void **state)
{
    (void)state;
    struct store *s = store_new();
    put(s, "a", "b", "1");
    struct snapshot *first = store_snapshot(s, 0, 0);
    uint64_t generation = store_generation(s);
    put(s, "a", "b", "1");      /* the server's version says: the same */
    assert_int_equal(store_generation(s), generation);
    store_upsert(s, make(&kind_node, "", "n", "1"));
    assert_true(store_generation(s) > generation);
    struct snapshot *second = store_snapshot(s, 0, 0);
    assert_ptr_equal(first->objects[KIND_SERVICE].items, second->objects[KIND_SERVICE].items);
    snapshot_unref(first);
    assert_string_equal(second->objects[KIND_SERVICE].items[0]->name, "b");
    snapshot_unref(second);
    store_free(s);
}

static void a_relist_takes_away_what_was_not_seen(void **state)
{
    (void)state;
    struct store *s = store_new();
    put(s, "a", "gone", "1");
    put(s, "a", "kept", "1");
    put(s, "a", "same", "1");
    store_relist_begin(s, KIND_SERVICE, NULL);
    put(s, "a", "kept", "2");
    put(s, "a", "same", "1");
    put(s, "a", "new", "1");
    assert_non_null(store_find(s, KIND_SERVICE, "a", "gone"));      /* the old data stays until the new is whole */
    assert_int_equal(store_relist_end(s, KIND_SERVICE, NULL), 1);
    assert_null(store_find(s, KIND_SERVICE, "a", "gone"));
    assert_non_null(store_find(s, KIND_SERVICE, "a", "same"));
    assert_int_equal(store_count(s, KIND_SERVICE, NULL), 3);
    assert_int_equal(store_relist_end(s, KIND_SERVICE, NULL), 0);   /* without a begin: nothing */

    store_relist_begin(s, KIND_SERVICE, NULL);
    put(s, "a", "kept", "3");
    store_relist_abort(s, KIND_SERVICE, NULL);
    assert_int_equal(store_relist_end(s, KIND_SERVICE, NULL), 0);
    assert_int_equal(store_count(s, KIND_SERVICE, NULL), 3);
    store_free(s);
}

static void lists_of_one_kind_do_not_touch_each_other(void **state)
{
    (void)state;
    struct store *s = store_new();
    store_upsert_scoped(s, make(&kind_pod, "a", "gateway", "1"), "gateways");
    store_upsert_scoped(s, make(&kind_pod, "a", "tunnel", "1"), "mesh");
    store_relist_begin(s, KIND_POD, "gateways");
    store_relist_begin(s, KIND_POD, "mesh");
    store_upsert_scoped(s, make(&kind_pod, "a", "tunnel", "1"), "mesh");
    assert_int_equal(store_relist_end(s, KIND_POD, "mesh"), 0);
    assert_int_equal(store_count(s, KIND_POD, "gateways"), 1);
    assert_int_equal(store_relist_end(s, KIND_POD, "gateways"), 1);
    assert_int_equal(store_count(s, KIND_POD, "mesh"), 1);

    /* A label moves the pod to the other list: ADDED there, then DELETED here, in whatever order they come. */
    store_upsert_scoped(s, make(&kind_pod, "a", "tunnel", "2"), "gateways");
    assert_false(store_remove_scoped(s, KIND_POD, "a", "tunnel", "mesh"));
    assert_non_null(store_find(s, KIND_POD, "a", "tunnel"));
    assert_true(store_remove_scoped(s, KIND_POD, "a", "tunnel", "gateways"));
    store_free(s);
}

static struct source_state *source(struct store *s, const char *name, enum source_status status, int64_t good)
{
    struct source_state *state = store_source(s, name);
    state->kind = KIND_POD;
    state->status = status;
    state->good_mono_ms = good;
    return state;
}

static void a_kind_is_known_when_all_its_sources_are(void **state)
{
    (void)state;
    static const struct { enum source_status status; int64_t good; bool knows; } cases[] = {
        {SOURCE_LIVE, 1, true}, {SOURCE_STALE, 1, true}, {SOURCE_STALE, -1, false}, {SOURCE_ABSENT, 1, true},
        {SOURCE_PENDING, -1, false}, {SOURCE_FAILED, -1, false}, {SOURCE_FORBIDDEN, -1, false},
    };
    struct store *s = store_new();
    struct snapshot *empty = store_snapshot(s, 0, 0);
    assert_null(snapshot_source(empty, KIND_POD));
    assert_false(snapshot_knows(empty, KIND_POD));
    snapshot_unref(empty);
    source(s, "one", SOURCE_LIVE, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        source(s, "two", cases[i].status, cases[i].good);
        struct snapshot *snap = store_snapshot(s, 0, 0);
        assert_int_equal(snapshot_knows(snap, KIND_POD), cases[i].knows);
        if (!cases[i].knows)
            assert_string_equal(snapshot_source(snap, KIND_POD)->name, "two");
        snapshot_unref(snap);
    }
    store_source_drop(s, "two");
    struct snapshot *snap = store_snapshot(s, 0, 0);
    assert_int_equal(snap->n_sources, 1);
    assert_true(snapshot_knows(snap, KIND_POD));
    snapshot_unref(snap);
    store_free(s);
}

static void source_pointers_stay(void **state)
{
    (void)state;
    struct store *s = store_new();
    struct source_state *first = store_source(s, "first");
    for (int i = 0; i < 100; i++) {
        FREE_AUTO char *name = xasprintf("source %d", i);
        store_source(s, name);
    }
    assert_ptr_equal(store_source(s, "first"), first);
    char long_name[300];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_ptr_equal(store_source(s, long_name), store_source(s, long_name));
    store_free(s);
}

static void environment_is_copied(void **state)
{
    (void)state;
    struct store *s = store_new();
    char version[] = "v1.32.6";
    store_environment(s)->version = version;
    struct snapshot *snap = store_snapshot(s, 0, 0);
    version[1] = 'X';
    assert_string_equal(snap->env.version, "v1.32.6");
    assert_string_equal(snap->env.cloud, "");
    assert_int_equal(snap->env.arm_remaining_reads, -1);
    snapshot_unref(snap);
    store_free(s);
}

static void arm_names_know_no_case(void **state)
{
    (void)state;
    struct store *s = store_new();
    static const char *const ids[] = {"/subscriptions/s/resourceGroups/RG/providers/p/applicationGateways/Gw",
                                      "/subscriptions/s/resourcegroups/rg/providers/p/applicationGateways/gw"};
    for (int i = 0; i < 2; i++) {
        json_t *json = json_pack("{s:s}", "id", ids[i]);
        store_upsert(s, object_decode(&kind_appgateway, json, NULL));
        json_decref(json);
    }
    struct snapshot *snap = store_snapshot(s, 0, 0);
    assert_int_equal(snap->objects[KIND_APPGATEWAY].n, 1);
    assert_non_null(snapshot_find(snap, KIND_APPGATEWAY, "rG", "GW"));
    assert_non_null(snapshot_find_uid(snap, KIND_APPGATEWAY, ids[0]));
    snapshot_unref(snap);
    store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_are_sorted_and_do_not_change),
        cmocka_unit_test(unchanged_kinds_are_shared),
        cmocka_unit_test(a_relist_takes_away_what_was_not_seen),
        cmocka_unit_test(lists_of_one_kind_do_not_touch_each_other),
        cmocka_unit_test(a_kind_is_known_when_all_its_sources_are),
        cmocka_unit_test(source_pointers_stay),
        cmocka_unit_test(environment_is_copied),
        cmocka_unit_test(arm_names_know_no_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
