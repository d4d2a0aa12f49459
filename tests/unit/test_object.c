/* The header of objects, the words they share, and what they cost in memory. */
#include <gatewatch/kinds.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct object *decode(const struct kind *kind, json_t *steals)
{
    struct error err = {0};
    const struct object *o = object_decode(kind, steals, &err);
    if (!o)
        fail_msg("%s", err.message);
    json_decref(steals);
    return o;
}

static void an_object_without_a_name_is_none(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}", "[]", "null", "3", "{\"metadata\":{}}", "{\"metadata\":{\"name\":7}}",
                                         "{\"metadata\":{\"name\":\"\"}}", "{\"metadata\":{\"generateName\":\"x-\"}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        json_t *json = json_loads(bodies[i], JSON_DECODE_ANY, NULL);
        struct error err = {0};
        assert_null(object_decode(&kind_service, json, &err));
        assert_int_equal(err.code, ERR_PROTOCOL);
        assert_null(object_decode(&kind_appgateway, json, NULL));
        json_decref(json);
    }
    assert_null(object_decode(&kind_service, NULL, NULL));
}

static void text_is_clean(void **state)
{
    (void)state;
    const struct object *o = decode(&kind_gatewayclass,
        json_pack("{s:{s:s,s:{s:s}},s:{s:s}}", "metadata", "name", "a\x1b[31mb", "labels", "k\x07",
                  "line\nline\xe2\x80\xae", "spec", "controllerName", "c\xc2\x9b"));
    assert_string_equal(o->name, "a\xef\xbf\xbd[31mb");
    assert_string_equal(o->labels.items[0].key, "k\xef\xbf\xbd");
    assert_string_equal(o->labels.items[0].value, "line line\xef\xbf\xbd");
    assert_string_equal(((const struct gatewayclass *)o)->controller, "c\xef\xbf\xbd");
    object_unref(o);
}

static void words_are_shared(void **state)
{
    (void)state;
    struct arena a = {0};
    json_t *known = json_string("gateway.networking.k8s.io"), *other = json_string("some.thing.else"), *empty = json_string("");
    const char *once = json_word(&a, known);
    assert_string_equal(once, "gateway.networking.k8s.io");
    assert_ptr_equal(once, json_word(&a, known));
    assert_int_equal(arena_used(&a), 0);
    assert_string_equal(json_word(&a, empty), "");
    assert_string_equal(json_word(&a, NULL), "");
    assert_int_equal(arena_used(&a), 0);
    assert_string_equal(json_word(&a, other), "some.thing.else");
    assert_true(arena_used(&a) > 0);
    /* Every word of the table is found: it is sorted. */
    static const char *const some[] = {"1", "Accepted", "GET", "Gateway", "HTTP", "HTTPS", "HTTPRoute", "PathPrefix",
                                       "ResolvedWaypoints", "TCP", "True", "URLRewrite", "ambient", "app", "gatewatch",
                                       "http", "https", "istio", "tenant", "Route was valid"};
    size_t before = arena_used(&a);
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        json_t *word = json_string(some[i]);
        assert_string_equal(json_word(&a, word), some[i]);
        json_decref(word);
    }
    assert_int_equal(arena_used(&a), before);
    json_decref(known);
    json_decref(other);
    json_decref(empty);
    arena_free(&a);
}

static void baggage_is_left_behind(void **state)
{
    (void)state;
    const struct object *o = decode(&kind_service,
        json_pack("{s:{s:s,s:{s:s,s:s,s:i}}}", "metadata", "name", "s", "annotations",
                  "kubectl.kubernetes.io/last-applied-configuration", "{}", "kept", "1", "number", 3));
    assert_int_equal(o->annotations.n, 1);
    assert_string_equal(pairs_get(&o->annotations, "kept"), "1");
    object_unref(o);
}

static void times_generation_and_deletion(void **state)
{
    (void)state;
    const struct object *o = decode(&kind_service,
        json_pack("{s:{s:s,s:s,s:s,s:i}}", "metadata", "name", "s", "creationTimestamp", "2026-01-10T08:00:05Z",
                  "deletionTimestamp", "2026-01-11T00:00:00Z", "generation", 7));
    assert_int_equal(o->created_ms, 1768032005000);
    assert_true(o->deleting);
    assert_int_equal(o->generation, 7);
    object_unref(o);
    o = decode(&kind_gatewayclass, json_loads(
        "{\"metadata\":{\"name\":\"c\",\"creationTimestamp\":\"yesterday\"},\"status\":{\"conditions\":[{\"type\":\"Accepted\","
        "\"status\":\"Unknown\",\"lastTransitionTime\":\"1970-01-01T00:00:00Z\"}]}}", 0, NULL));
    assert_int_equal(o->created_ms, 0);
    assert_int_equal(((const struct gatewayclass *)o)->conditions.items[0].since_ms, 0);    /* never happened */
    assert_int_equal(((const struct gatewayclass *)o)->conditions.items[0].observed_generation, 0);
    object_unref(o);
}

static void managers_are_kept_where_a_fix_may_write(void **state)
{
    (void)state;
    static const struct { const struct kind *kind; const char *type, *label; size_t n; } cases[] = {
        {&kind_service, "ClusterIP", "x", 0}, {&kind_service, "LoadBalancer", "x", 1}, {&kind_httproute, "", "x", 0},
        {&kind_httproute, "", "gatewatch", 1}, {&kind_gateway, "", "x", 1}, {&kind_configmap, "", "x", 1},
        {&kind_endpointslice, "", "gatewatch", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct object *o = decode(cases[i].kind,
            json_pack("{s:{s:s,s:{s:s},s:[{s:s,s:{s:{s:{}}}}]},s:{s:s}}", "metadata", "name", "o", "labels",
                      "app.kubernetes.io/managed-by", cases[i].label, "managedFields", "manager", "m", "fieldsV1", "f:spec",
                      "f:type", "spec", "type", cases[i].type));
        assert_int_equal(o->managers.n, cases[i].n);
        if (cases[i].n)
            assert_true(strings_have(&o->managers.items[0].paths, "spec.type"));
        object_unref(o);
    }
}

static void odd_tries_of_fields(void **state)
{
    (void)state;
    const struct object *o = decode(&kind_gateway, json_loads(
        "{\"metadata\":{\"name\":\"g\",\"managedFields\":[7,{\"manager\":\"a\",\"fieldsV1\":{\".\":{},\"f:a\":{\".\":{},"
        "\"k:{\\\"x\\\":1,\\\"y\\\":\\\"z\\\"}\":{\"f:q\":{}},\"v:\\\"s\\\"\":{},\"k:nonsense\":{}},\"f:b\":null,\"x\":{},\"\":{}}}]}}",
        0, NULL));
    assert_int_equal(o->managers.n, 1);
    const struct strings *paths = &o->managers.items[0].paths;
    assert_int_equal(paths->n, 4);
    assert_true(strings_have(paths, "a[x=1,y=z]"));
    assert_true(strings_have(paths, "a[\"s\"]"));
    assert_true(strings_have(paths, "a[nonsense]"));
    assert_true(strings_have(paths, "b"));
    assert_true(manager_owns(&o->managers.items[0], "a"));
    assert_true(manager_owns(&o->managers.items[0], "a[x=1,y=z].q"));
    assert_false(manager_owns(&o->managers.items[0], "bb"));
    object_unref(o);
}

static void parts_of_resource_ids(void **state)
{
    (void)state;
    char out[16];
    const char *id = "/subscriptions/s-1/resourcegroups/Rg/providers/M.N/applicationGateways/gw/probes/p";
    assert_true(arm_id_part(id, "resourceGroups", out, sizeof out));
    assert_string_equal(out, "Rg");
    assert_true(arm_id_part(id, "applicationgateways", out, sizeof out));
    assert_string_equal(out, "gw");
    assert_true(arm_id_part(id, NULL, out, sizeof out));
    assert_string_equal(out, "p");
    assert_false(arm_id_part(id, "loadBalancers", out, sizeof out));
    assert_false(arm_id_part(id, "probes2", out, sizeof out));
    assert_false(arm_id_part("", NULL, out, sizeof out));
    assert_false(arm_id_part("///", NULL, out, sizeof out));
    assert_false(arm_id_part(NULL, NULL, out, sizeof out));
    assert_false(arm_id_part("/a/0123456789abcdef", NULL, out, sizeof out));    /* does not fit */
}

static void references_are_counted(void **state)
{
    (void)state;
    const struct object *o = decode(&kind_node, json_pack("{s:{s:s}}", "metadata", "name", "n"));
    assert_ptr_equal(object_ref(o), o);
    object_unref(o);
    assert_string_equal(o->name, "n");
    object_unref(o);
    object_unref(NULL);
    assert_null(object_ref(NULL));
}

/* The budget of design.md 9 leaves about a kilobyte for each of 30,000 objects. */
static void objects_are_small(void **state)
{
    (void)state;
    json_t *list = json_load_file("tests/fixtures/kubernetes/httproute-list.json", 0, NULL);
    const struct object *route = object_decode(&kind_httproute, json_array_get(json_object_get(list, "items"), 2), NULL);
    assert_in_range(arena_size(&route->arena), 1, 1100);
    object_unref(route);
    json_decref(list);
    json_t *json = json_load_file("tests/fixtures/kubernetes/endpointslice.json", 0, NULL);
    const struct object *slice = object_decode(&kind_endpointslice, json, NULL);
    assert_in_range(arena_size(&slice->arena), 1, 1100);
    object_unref(slice);
    json_decref(json);
}

static void kinds_are_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(kind_by_name("httproute"), &kind_httproute);
    assert_ptr_equal(kind_by_name("HTTPROUTES"), &kind_httproute);
    assert_null(kind_by_name("nothing"));
    for (int i = 0; i < KIND_COUNT; i++) {
        assert_int_equal(kind_index(kinds[i]), i);
        assert_non_null(kinds[i]->name);
        assert_non_null(kinds[i]->plural);
        assert_true(kinds[i]->size >= sizeof(struct object));
        if (kinds[i]->origin == ORIGIN_KUBERNETES)
            assert_non_null(kinds[i]->versions[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_without_a_name_is_none),
        cmocka_unit_test(text_is_clean),
        cmocka_unit_test(words_are_shared),
        cmocka_unit_test(baggage_is_left_behind),
        cmocka_unit_test(times_generation_and_deletion),
        cmocka_unit_test(managers_are_kept_where_a_fix_may_write),
        cmocka_unit_test(odd_tries_of_fields),
        cmocka_unit_test(parts_of_resource_ids),
        cmocka_unit_test(references_are_counted),
        cmocka_unit_test(objects_are_small),
        cmocka_unit_test(kinds_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
