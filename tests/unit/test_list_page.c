/* Pages of a LIST, item by item. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/list_page.h"

struct seen { char names[8][40]; size_t n; };

static void note(void *ctx, json_t *item)
{
    struct seen *seen = ctx;
    const char *name = json_string_value(json_object_get(json_object_get(item, "metadata"), "name"));
    if (seen->n < 8)
        str_copy(seen->names[seen->n], 40, name ? name : "?");
    seen->n++;
}

static char *read_sample(const char *path, size_t *len)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 64 * 1024);
    *len = fread(text, 1, 64 * 1024 - 1, file);
    fclose(file);
    return text;
}

static void page_gives_items_and_meta(void **state)
{
    (void)state;
    size_t len;
    char *text = read_sample("tests/fixtures/kubernetes/httproute-list-page1.json", &len);
    json_t *whole = json_loadb(text, len, 0, NULL);
    json_t *meta_wanted = json_object_get(whole, "metadata");
    struct seen seen = {0};
    struct list_meta meta = {.remaining = -1};
    struct error err = {0};
    assert_true(list_page_read(text, len, note, &seen, &meta, &err));
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.names[0], "shop-web");
    assert_string_equal(meta.next, json_string_value(json_object_get(meta_wanted, "continue")));
    assert_true(strlen(meta.next) > 0);
    assert_string_equal(meta.resource_version, json_string_value(json_object_get(meta_wanted, "resourceVersion")));
    assert_int_equal(meta.remaining, json_integer_value(json_object_get(meta_wanted, "remainingItemCount")));
    list_meta_free(&meta);
    json_decref(whole);
    free(text);
}

static void last_page_has_no_token(void **state)
{
    (void)state;
    size_t len;
    char *text = read_sample("tests/fixtures/kubernetes/namespace-list-metadata-only.json", &len);
    struct seen seen = {0};
    struct list_meta meta = {.remaining = -1};
    assert_true(list_page_read(text, len, note, &seen, &meta, NULL));
    assert_int_equal(seen.n, 4);
    assert_string_equal(seen.names[3], "kube-system");
    assert_string_equal(meta.next, "");
    assert_string_equal(meta.resource_version, "8820791");
    assert_int_equal(meta.remaining, -1);
    list_meta_free(&meta);
    free(text);
}

static void cut_pages_are_errors(void **state)
{
    (void)state;
    size_t len;
    char *text = read_sample("tests/fixtures/kubernetes/httproute-list-page1.json", &len);
    while (len && text[len - 1] != '}')
        len--;
    for (size_t n = 0; n < len; n++) {
        struct seen seen = {0};
        struct list_meta meta = {.remaining = -1};
        struct error err = {0};
        /* A copy of exactly that size, so that a read behind it is seen. */
        char *copy = malloc(n ? n : 1);
        memcpy(copy, text, n);
        assert_false(list_page_read(copy, n, note, &seen, &meta, &err));
        assert_int_equal(err.code, ERR_PROTOCOL);
        assert_null(meta.next);
        free(copy);
    }
    free(text);
}

static void odd_lists(void **state)
{
    (void)state;
    static const struct { const char *text; int items; } cases[] = {
        {"{\"items\":[],\"metadata\":{\"resourceVersion\":\"1\"}}", 0},
        {"{\"items\":null,\"metadata\":{}}", 0},
        {" { \"metadata\" : { } , \"items\" : [ {\"a\":\"]}\\\"\"} , {} ] } ", 2},
        {"{\"kind\":\"X\",\"metadata\":{},\"n\":-1.5e3,\"t\":true,\"d\":[[{}],\"x\"],\"items\":[{}]}", 1},
        {"{\"items\":[]}", -1},                     /* no metadata: not a list */
        {"{\"metadata\":{}}", -1},
        {"{\"items\":[{]},\"metadata\":{}}", -1},
        {"{\"items\":[{} {}],\"metadata\":{}}", -1},
        {"{\"items\":[{\"a\":tru}],\"metadata\":{}}", -1},
        {"[]", -1}, {"", -1}, {"null", -1}, {"{\"items\":[\"", -1}, {"{\"items\":[\"\\", -1}, {"{,}", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct seen seen = {0};
        struct list_meta meta = {.remaining = -1};
        struct error err = {0};
        bool fine = list_page_read(cases[i].text, strlen(cases[i].text), note, &seen, &meta, &err);
        if (fine != (cases[i].items >= 0) || (fine && seen.n != (size_t)cases[i].items))
            fail_msg("%s: %d, %zu items, %s", cases[i].text, fine, seen.n, err.message);
        list_meta_free(&meta);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_gives_items_and_meta),
        cmocka_unit_test(last_page_has_no_token),
        cmocka_unit_test(cut_pages_are_errors),
        cmocka_unit_test(odd_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
