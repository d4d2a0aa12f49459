/* Arena, map and error: what everything else stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/base.h>
#include <stdlib.h>
#include <string.h>

static void arena__memory__is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena a = {0};
    char *pieces[2000];
    size_t sizes[2000];
    for (size_t i = 0; i < 2000; i++) {
        sizes[i] = i % 97 == 0 ? 5000 + i * 40 : i % 50;
        pieces[i] = arena_alloc(&a, sizes[i]);
        assert_int_equal((uintptr_t)pieces[i] % 8, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)(i % 255 + 1), sizes[i]);
    }
    for (size_t i = 0; i < 2000; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal((unsigned char)pieces[i][k], i % 255 + 1);
    assert_true(arena_size(&a) > 100000);
    arena_free(&a);
    assert_int_equal(arena_size(&a), 0);
}

static void arena__strings__are_copied(void **state)
{
    (void)state;
    struct arena a = {.hint = 16};
    assert_null(arena_dup(&a, NULL));
    assert_string_equal(arena_dup(&a, "abc"), "abc");
    assert_string_equal(arena_ndup(&a, "abcdef", 3), "abc");
    assert_string_equal(arena_ndup(&a, "ab", 30), "ab");
    assert_string_equal(arena_printf(&a, "%s-%04d", "x", 7), "x-0007");
    assert_string_equal(arena_printf(&a, "%s", ""), "");
    assert_true(arena_size(&a) < 1024);
    arena_free(&a);
}

static void sum(const char *key, void *value, void *ctx)
{
    assert_true(key[0] == 'k');
    *(size_t *)ctx += (size_t)(uintptr_t)value;
}

static void map__against_a_plain_table__agrees(void **state)
{
    (void)state;
    enum { KEYS = 500 };
    uintptr_t truth[KEYS] = {0};
    struct map *m = map_new();
    uint32_t seed = 3;
    for (int i = 0; i < 100000; i++) {
        char key[16];
        seed = seed * 1664525u + 1013904223u;
        unsigned k = (seed >> 8) % KEYS;
        str_format(key, sizeof key, "k%u", k);
        if (seed & 1) {
            map_put(m, key, (void *)(uintptr_t)(i + 1));
            truth[k] = (uintptr_t)i + 1;
        } else {
            assert_int_equal((uintptr_t)map_remove(m, key), truth[k]);
            truth[k] = 0;
        }
        k = (k + 1) % KEYS;
        str_format(key, sizeof key, "k%u", k);
        assert_int_equal((uintptr_t)map_get(m, key), truth[k]);
    }
    size_t count = 0, total = 0, each = 0;
    for (int k = 0; k < KEYS; k++) {
        count += truth[k] != 0;
        total += truth[k];
    }
    assert_int_equal(map_count(m), count);
    map_each(m, sum, &each);
    assert_int_equal(each, total);
    map_free(m);
}

static void map__empty_and_null__answer_nothing(void **state)
{
    (void)state;
    struct map *m = map_new();
    assert_null(map_get(m, "a"));
    assert_null(map_remove(m, "a"));
    assert_int_equal(map_count(m), 0);
    map_put(m, "", m);
    assert_ptr_equal(map_get(m, ""), m);
    map_free(m);
    map_free(NULL);
    assert_null(map_get(NULL, "a"));
}

static void error__set_wrap_and_remedy__read_from_the_outside_in(void **state)
{
    (void)state;
    struct error e = {.http_status = 500, .retry_after = 3, .remedy = "old"};
    assert_false(error_set(&e, ERR_ABSENT, "%s is not there", "x"));
    assert_int_equal(e.code, ERR_ABSENT);
    assert_int_equal(e.http_status, 0);
    assert_string_equal(e.remedy, "");
    assert_false(error_remedy(&e, "make %s", "x"));
    assert_false(error_wrap(&e, "reading %s", "f"));
    assert_string_equal(e.message, "reading f: x is not there");
    assert_string_equal(e.remedy, "make x");
    assert_string_equal(error_code_name(e.code), "absent");
    /* Nobody needs to ask whether there is somebody to tell. */
    assert_false(error_set(NULL, ERR_ABSENT, "x"));
    assert_false(error_wrap(NULL, "x"));
    assert_false(error_remedy(NULL, "x"));
}

static void error__outside_text__is_cleaned_and_cut(void **state)
{
    (void)state;
    struct error e;
    char flood[3000];
    memset(flood, 'a', sizeof flood - 1);
    flood[sizeof flood - 1] = '\0';
    error_set(&e, ERR_SERVER, "said \x1b]0;x\x07\n%s", flood);
    assert_null(strpbrk(e.message, "\x1b\x07\n"));
    assert_true(strlen(e.message) < sizeof e.message && strlen(e.message) > 600);
    error_wrap(&e, "%s", flood);
    assert_true(strlen(e.message) < sizeof e.message);
    error_set(&e, ERR_CONFIG, "unknown theme");
    error_set(&e, ERR_CONFIG, "%s again", e.message);       /* from itself */
    assert_string_equal(e.message, "unknown theme again");
}

static void error__every_code__has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = ERR_NONE; a <= ERR_INTERNAL; a++)
        for (int b = ERR_NONE; b < a; b++)
            assert_string_not_equal(error_code_name((enum error_code)a),
                                    error_code_name((enum error_code)b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena__memory__is_zeroed_aligned_and_apart),
        cmocka_unit_test(arena__strings__are_copied),
        cmocka_unit_test(map__against_a_plain_table__agrees),
        cmocka_unit_test(map__empty_and_null__answer_nothing),
        cmocka_unit_test(error__set_wrap_and_remedy__read_from_the_outside_in),
        cmocka_unit_test(error__outside_text__is_cleaned_and_cut),
        cmocka_unit_test(error__every_code__has_a_name_of_its_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
