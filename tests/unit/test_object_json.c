/* JSON of objects before and after: RFC 7396 merge and its inverse, containment, lines compared. */
#include "../../src/fix/fix.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

/* RFC 7396, appendix A: original, patch, result. */
static void merge__rfc_7396_appendix__each_row(void **state)
{
    static const char *const rows[][3] = {
        { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
        { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
        { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
        { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
        { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
        { "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
        { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
        { "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
        { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *target = parse(rows[i][0]), *patch = parse(rows[i][1]), *want = parse(rows[i][2]);
        json_t *got = json_merged(target, patch);
        if (!json_equal(got, want))
            fail_msg("row %zu: %s", i, json_dumps(got, JSON_ENCODE_ANY));
        json_decref(target), json_decref(patch), json_decref(want), json_decref(got);
    }
}

static void inverse__laid_on_the_result__gives_what_was(void **state)
{
    static const char *const rows[][2] = {
        { "{\"spec\":{\"externalTrafficPolicy\":\"Cluster\",\"type\":\"LoadBalancer\"}}",
          "{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}" },
        { "{\"spec\":{\"type\":\"LoadBalancer\"}}", "{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}" },
        { "{\"spec\":{}}", "{\"spec\":{\"infrastructure\":{\"parametersRef\":{\"name\":\"x\"}}}}" },
        { "{\"data\":{\"service\":\"old\",\"other\":\"kept\"}}", "{\"data\":{\"service\":\"new\"}}" },
        { "{\"spec\":{\"list\":[1,2,3]}}", "{\"spec\":{\"list\":[4]}}" },
        { "{\"a\":1}", "{\"a\":null}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *before = parse(rows[i][0]), *patch = parse(rows[i][1]);
        json_t *after = json_merged(before, patch);
        json_t *back = json_inverse(before, patch);
        json_t *again = json_merged(after, back);
        if (!json_equal(again, before))
            fail_msg("row %zu: %s", i, json_dumps(again, 0));
        json_decref(before), json_decref(patch), json_decref(after), json_decref(back), json_decref(again);
    }
}

/* What others put into an object that we made is theirs, and stays. */
static void narrowed__shared_object__loses_our_keys_only(void **state)
{
    static const char *const rows[][4] = {     /* inverse, wrote, live, what is sent */
        { "{\"spec\":{\"infrastructure\":null}}", "{\"spec\":{\"infrastructure\":{\"parametersRef\":{\"name\":\"x\"}}}}",
          "{\"spec\":{\"infrastructure\":{\"parametersRef\":{\"name\":\"x\"}}}}", "{\"spec\":{\"infrastructure\":null}}" },
        { "{\"spec\":{\"infrastructure\":null}}", "{\"spec\":{\"infrastructure\":{\"parametersRef\":{\"name\":\"x\"}}}}",
          "{\"spec\":{\"infrastructure\":{\"parametersRef\":{\"name\":\"x\"},\"labels\":{\"a\":\"b\"}}}}",
          "{\"spec\":{\"infrastructure\":{\"parametersRef\":null}}}" },
        { "{\"spec\":{\"externalTrafficPolicy\":\"Cluster\"}}", "{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}",
          "{\"spec\":{\"externalTrafficPolicy\":\"Local\",\"type\":\"LoadBalancer\"}}",
          "{\"spec\":{\"externalTrafficPolicy\":\"Cluster\"}}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *inverse = parse(rows[i][0]), *wrote = parse(rows[i][1]), *live = parse(rows[i][2]);
        json_t *want = parse(rows[i][3]), *got = json_narrowed(inverse, wrote, live);
        if (!json_equal(got, want))
            fail_msg("row %zu: %s", i, json_dumps(got, 0));
        json_decref(inverse), json_decref(wrote), json_decref(live), json_decref(want), json_decref(got);
    }
}

/* kubernetes.md 2.2: a write that changes a value moves its ownership; writing the same value does not. */
static void owned__by_managed_fields__field_by_field(void **state)
{
    static const char *const rows[][2] = {     /* managedFields, owned by us? */
        { "[]", "yes" },
        { "[{\"manager\":\"gatewatch\",\"fieldsV1\":{\"f:spec\":{\"f:externalTrafficPolicy\":{}}}}]", "yes" },
        { "[{\"manager\":\"gatewatch\",\"fieldsV1\":{\"f:spec\":{}}}]", "yes" },
        { "[{\"manager\":\"gatewatch\",\"fieldsV1\":{\"f:spec\":{\"f:type\":{}}}}]", "no" },
        { "[{\"manager\":\"kubectl-edit\",\"fieldsV1\":{\"f:spec\":{\"f:externalTrafficPolicy\":{}}}}]", "no" },
    };
    (void)state;
    json_t *wrote = parse("{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *object = json_pack("{s:{s:o}}", "metadata", "managedFields", parse(rows[i][0]));
        if (json_owned(object, wrote, "gatewatch") != (*rows[i][1] == 'y'))
            fail_msg("row %zu", i);
        json_decref(object);
    }
    json_decref(wrote);
}

static void holds__server_defaults_in_list_items__still_holds(void **state)
{
    (void)state;
    json_t *live = parse("{\"spec\":{\"rules\":[{\"backendRefs\":[{\"name\":\"a\",\"port\":80,\"weight\":1}]}]}}");
    json_t *ours = parse("{\"spec\":{\"rules\":[{\"backendRefs\":[{\"name\":\"a\",\"port\":80}]}]}}");
    json_t *other = parse("{\"spec\":{\"rules\":[{\"backendRefs\":[{\"name\":\"a\",\"port\":8080}]}]}}");
    json_t *longer = parse("{\"spec\":{\"rules\":[{},{}]}}");
    json_t *absent = parse("{\"spec\":{\"hostnames\":null}}");
    assert_true(json_holds(live, ours));
    assert_false(json_holds(live, other));
    assert_false(json_holds(live, longer));
    assert_true(json_holds(live, absent));
    json_decref(live), json_decref(ours), json_decref(other), json_decref(longer), json_decref(absent);
}

static void for_people__server_fields__left_out(void **state)
{
    (void)state;
    json_t *object = parse("{\"kind\":\"Service\",\"metadata\":{\"name\":\"x\",\"uid\":\"u\",\"resourceVersion\":\"7\","
                           "\"managedFields\":[{}]},\"spec\":{\"a\":1},\"status\":{\"b\":2}}");
    json_t *want = parse("{\"kind\":\"Service\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"a\":1}}");
    json_t *got = json_for_people(object);
    assert_true(json_equal(got, want));
    json_decref(object), json_decref(want), json_decref(got);
}

static void diff__one_line_changed__minus_then_plus_with_context(void **state)
{
    struct arena arena = { 0 };
    (void)state;
    assert_string_equal(diff_lines(&arena, "a\nb\nc\nd\ne\n", "a\nb\nX\nd\ne\n", 1), "  b\n- c\n+ X\n  d\n");
    assert_string_equal(diff_lines(&arena, "", "a\nb\n", 3), "+ a\n+ b\n");
    assert_string_equal(diff_lines(&arena, "a\n", "", 3), "- a\n");
    assert_string_equal(diff_lines(&arena, "a\n", "a\n", 3), "");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merge__rfc_7396_appendix__each_row),
        cmocka_unit_test(inverse__laid_on_the_result__gives_what_was),
        cmocka_unit_test(narrowed__shared_object__loses_our_keys_only),
        cmocka_unit_test(owned__by_managed_fields__field_by_field),
        cmocka_unit_test(holds__server_defaults_in_list_items__still_holds),
        cmocka_unit_test(for_people__server_fields__left_out),
        cmocka_unit_test(diff__one_line_changed__minus_then_plus_with_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
