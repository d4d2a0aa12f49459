/* Watch streams into lines: any split of the sample gives the same events; a line has a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/watch_lines.h"

struct seen {
    char types[16][16];
    size_t n;
    size_t stop_at;     /* 0: never */
};

static bool note(void *ctx, const char *line, size_t len)
{
    struct seen *seen = ctx;
    json_t *event = json_loadb(line, len, 0, NULL);
    assert_non_null(event);
    assert_true(seen->n < 16);
    str_copy(seen->types[seen->n++], 16, json_string_value(json_object_get(event, "type")));
    json_decref(event);
    return seen->n != seen->stop_at;
}

static char *sample(size_t *len)
{
    FILE *file = fopen("tests/fixtures/kubernetes/watch-httproutes.ndjson", "r");
    assert_non_null(file);
    char *text = calloc(1, 64 * 1024);
    *len = fread(text, 1, 64 * 1024, file);
    fclose(file);
    return text;
}

static void check(const struct seen *seen)
{
    assert_int_equal(seen->n, 5);
    assert_string_equal(seen->types[0], "ADDED");
    assert_string_equal(seen->types[1], "MODIFIED");
    assert_string_equal(seen->types[2], "DELETED");
    assert_string_equal(seen->types[3], "BOOKMARK");
    assert_string_equal(seen->types[4], "ERROR");
}

static void feed_in_pieces(size_t first, size_t size)
{
    size_t len;
    char *text = sample(&len);
    struct watch_lines lines = {0};
    struct seen seen = {0};
    for (size_t at = 0; at < len;) {
        size_t n = at ? size : first;
        n = n > len - at ? len - at : n;
        assert_true(watch_lines_feed(&lines, text + at, n, note, &seen, NULL));
        at += n;
    }
    check(&seen);
    assert_int_equal(lines.partial.len, 0);
    watch_lines_reset(&lines);
    free(text);
}

static void any_split_gives_the_same_lines(void **state)
{
    (void)state;
    size_t len;
    free(sample(&len));
    for (size_t first = 1; first < len; first++)
        feed_in_pieces(first, len);
    for (size_t size = 1; size < 70; size++)
        feed_in_pieces(size, size);
}

static void empty_lines_and_carriage_returns_are_nothing(void **state)
{
    (void)state;
    struct watch_lines lines = {0};
    struct seen seen = {0};
    const char text[] = "\n\r\n{\"type\":\"A\"}\r\n\n";
    assert_true(watch_lines_feed(&lines, text, sizeof text - 1, note, &seen, NULL));
    assert_int_equal(seen.n, 1);
    watch_lines_reset(&lines);
}

static void a_line_that_is_too_long_is_an_error(void **state)
{
    (void)state;
    struct watch_lines lines = {.max = 100};
    struct seen seen = {0};
    struct error err = {0};
    char long_line[200];
    memset(long_line, 'x', sizeof long_line);
    assert_false(watch_lines_feed(&lines, long_line, sizeof long_line, note, &seen, &err));
    assert_int_equal(err.code, ERR_PROTOCOL);
    watch_lines_reset(&lines);
    err = (struct error){0};
    for (int i = 0; i < 2; i++)     /* in pieces, each of which would fit */
        watch_lines_feed(&lines, long_line, 60, note, &seen, &err);
    assert_int_equal(err.code, ERR_PROTOCOL);
    watch_lines_reset(&lines);
    assert_int_equal(seen.n, 0);
}

static void the_callee_may_end_it(void **state)
{
    (void)state;
    size_t len;
    char *text = sample(&len);
    struct watch_lines lines = {0};
    struct seen seen = {.stop_at = 2};
    struct error err = {0};
    assert_false(watch_lines_feed(&lines, text, len, note, &seen, &err));
    assert_int_equal(seen.n, 2);
    assert_int_equal(err.code, ERR_NONE);
    watch_lines_reset(&lines);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_split_gives_the_same_lines),
        cmocka_unit_test(empty_lines_and_carriage_returns_are_nothing),
        cmocka_unit_test(a_line_that_is_too_long_is_an_error),
        cmocka_unit_test(the_callee_may_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
