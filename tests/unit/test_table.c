/* Tables: filter, sort, and a cursor that holds on to what it points at while data move beneath it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "ui/table.h"

struct item {
    const char *name, *state, *number;
};
struct world {
    const struct item *items;
    size_t n;
};

static const struct table_column columns[] = {
    {.title = "NAME", .min = 4, .weight = 1},
    {.title = "STATE"},
    {.title = "READY", .right = true, .drop = 1},
};

static void cell(const void *ctx, size_t r, int column, struct table_cell *out)
{
    const struct item *i = &((const struct world *)ctx)->items[r];
    str_copy(out->text, sizeof out->text, column == 0 ? i->name : column == 1 ? i->state : i->number);
    out->role = ROLE_TEXT;
    if (column == 2) {
        int64_t v = 0;
        out->has_number = str_to_int(i->number, 0, 1000000, &v);
        out->number = v;
    }
}
static uint64_t id(const void *ctx, size_t r)
{
    return table_hash(((const struct world *)ctx)->items[r].name);
}
static bool fault(const void *ctx, size_t r)
{
    return !str_eq(((const struct world *)ctx)->items[r].state, "ok");
}

static struct table_model model(const struct world *w)
{
    return (struct table_model){
        .columns = columns, .n_columns = 3, .n_rows = w->n, .ctx = w, .cell = cell, .id = id, .fault = fault};
}

static const struct item first[] = {
    {"alpha", "ok", "2"},       {"beta", "down", "10"},   {"gamma", "ok", "9"},
    {"delta", "down 404", "1"}, {"Epsilon", "ok", "100"},
};
static const struct world world = {first, 5};

static void order_is(struct table *t, const struct world *w, const char *expected)
{
    char got[200] = "";
    for (size_t i = 0; i < t->n; i++) {
        size_t len = strlen(got);
        str_format(got + len, sizeof got - len, "%s%s", i ? " " : "", w->items[t->order[i]].name);
    }
    assert_string_equal(got, expected);
}

static void filtered(const char *filter, const char *expected)
{
    struct table t;
    table_init(&t);
    struct table_model m = model(&world);
    filter_set(&t.filter, filter, columns, 3);
    table_sync(&t, &m, 1);
    order_is(&t, &world, expected);
    table_free(&t);
}

static void test_filter(void **state)
{
    (void)state;
    filtered("", "alpha beta gamma delta Epsilon");
    filtered("ALPHA", "alpha");
    filtered("down", "beta delta");
    filtered("!down", "alpha gamma Epsilon");
    filtered("state:down$", "beta");
    filtered("name:^.*a$ !state:down", "alpha gamma");
    filtered("!name:a", "Epsilon");
    filtered("ready:^1", "beta delta Epsilon");
    /* A colon that names no column is text; a broken expression is taken as it is written. */
    filtered("10.0.0.1:80", "");
    filtered("[", "");
    filtered("eps lon", "Epsilon");
}

static void test_sort_by_text_and_number(void **state)
{
    (void)state;
    struct table t;
    table_init(&t);
    struct table_model m = model(&world);
    table_sync(&t, &m, 1);
    table_act(&t, &m, ACT_SORT_RIGHT);
    table_sync(&t, &m, 1);
    order_is(&t, &world, "alpha beta delta Epsilon gamma");
    table_act(&t, &m, ACT_SORT_RIGHT);
    table_act(&t, &m, ACT_SORT_RIGHT);
    table_sync(&t, &m, 1);
    order_is(&t, &world, "delta alpha gamma beta Epsilon");
    table_act(&t, &m, ACT_INVERT);
    table_sync(&t, &m, 1);
    order_is(&t, &world, "Epsilon beta gamma alpha delta");
    /* Beyond the last column the model's own order comes back. */
    table_act(&t, &m, ACT_INVERT);
    table_act(&t, &m, ACT_SORT_RIGHT);
    table_sync(&t, &m, 1);
    order_is(&t, &world, "alpha beta gamma delta Epsilon");
    table_free(&t);
}

static void test_selection_follows_the_row(void **state)
{
    (void)state;
    static const struct item moved[] = {{"new", "ok", "1"},
                                        {"delta", "ok", "1"},
                                        {"alpha", "ok", "2"},
                                        {"gamma", "ok", "9"},
                                        {"beta", "ok", "10"}};
    static const struct world later = {moved, 5};
    struct table t;
    table_init(&t);
    struct table_model m = model(&world);
    table_sync(&t, &m, 1);
    table_act(&t, &m, ACT_DOWN);
    table_act(&t, &m, ACT_DOWN);
    assert_string_equal(first[table_row(&t)].name, "gamma");
    m = model(&later);
    table_sync(&t, &m, 2);
    assert_string_equal(moved[table_row(&t)].name, "gamma");
    /* Sorting and inverting keep it too. */
    table_act(&t, &m, ACT_SORT_RIGHT);
    table_act(&t, &m, ACT_INVERT);
    table_sync(&t, &m, 2);
    assert_string_equal(moved[table_row(&t)].name, "gamma");
    table_free(&t);
}

static void test_a_row_that_goes_hands_over_to_its_neighbour(void **state)
{
    (void)state;
    static const struct item fewer[] = {{"alpha", "ok", "2"}, {"beta", "ok", "10"}};
    static const struct world later = {fewer, 2}, empty = {fewer, 0};
    struct table t;
    table_init(&t);
    struct table_model m = model(&world);
    table_sync(&t, &m, 1);
    table_act(&t, &m, ACT_FINAL);
    m = model(&later);
    table_sync(&t, &m, 2);
    assert_string_equal(fewer[table_row(&t)].name, "beta");
    m = model(&empty);
    table_sync(&t, &m, 3);
    assert_int_equal(table_row(&t), SIZE_MAX);
    /* A list that was empty for a moment keeps the cursor. */
    m = model(&later);
    table_sync(&t, &m, 4);
    assert_string_equal(fewer[table_row(&t)].name, "beta");
    table_free(&t);
}

static void test_a_row_inserted_above_does_not_move_the_cursor(void **state)
{
    (void)state;
    struct table t;
    table_init(&t);
    struct table_model m = model(&world);
    table_sync(&t, &m, 1);
    assert_string_equal(first[table_row(&t)].name, "alpha");
    static const struct item more[] = {{"aaa", "ok", "1"}, {"alpha", "ok", "2"}};
    static const struct world later = {more, 2};
    m = model(&later);
    table_sync(&t, &m, 2);
    assert_string_equal(more[table_row(&t)].name, "alpha");
    table_free(&t);
}

static void test_faults(void **state)
{
    (void)state;
    struct table t;
    table_init(&t);
    struct table_model m = model(&world);
    table_sync(&t, &m, 1);
    table_act(&t, &m, ACT_NEXT);
    assert_string_equal(first[table_row(&t)].name, "beta");
    table_act(&t, &m, ACT_NEXT);
    assert_string_equal(first[table_row(&t)].name, "delta");
    table_act(&t, &m, ACT_NEXT);
    assert_string_equal(first[table_row(&t)].name, "beta");
    table_act(&t, &m, ACT_PREVIOUS);
    assert_string_equal(first[table_row(&t)].name, "delta");
    table_act(&t, &m, ACT_FAULTS);
    table_sync(&t, &m, 1);
    order_is(&t, &world, "beta delta");
    table_free(&t);
}

static void test_marks_hold_on_to_identity(void **state)
{
    (void)state;
    struct table t;
    table_init(&t);
    struct table_model m = model(&world);
    table_sync(&t, &m, 1);
    table_act(&t, &m, ACT_MARK);
    assert_true(table_is_marked(&t, table_hash("alpha")));
    assert_string_equal(first[table_row(&t)].name, "beta");
    table_act(&t, &m, ACT_UP);
    table_act(&t, &m, ACT_MARK);
    assert_false(table_is_marked(&t, table_hash("alpha")));
    table_free(&t);
}

static void test_fit_never_exceeds_the_room(void **state)
{
    (void)state;
    int natural[] = {30, 8, 5}, widths[3];
    for (int room = 12; room < 120; room++) {
        table_fit(columns, 3, natural, 0, room, widths);
        int total = 0, shown = 0;
        for (int i = 0; i < 3; i++) {
            total += widths[i];
            shown += widths[i] > 0;
        }
        assert_true(total + 2 * (shown - 1) <= room);
        assert_true(widths[0] > 0 && widths[1] > 0);
    }
    /* What may go, goes before anything else is cut below its least. */
    table_fit(columns, 3, natural, 0, 16, widths);
    assert_int_equal(widths[2], 0);
    /* A shift takes columns away on the left, never the first. */
    table_fit(columns, 3, natural, 1, 60, widths);
    assert_true(widths[0] > 0);
    assert_int_equal(widths[1], 0);
    assert_true(widths[2] > 0);
}

static void test_columns_stay_aligned_with_wide_names(void **state)
{
    (void)state;
    static const struct item wide[] = {
        {"プール-東京-とても長い名前", "ok", "1"}, {"a", "ok", "2"}, {"e\xCC\x81", "ok", "3"}};
    static const struct world w = {wide, 3};
    struct table t;
    table_init(&t);
    struct table_model m = model(&w);
    table_sync(&t, &m, 1);
    struct canvas c;
    canvas_init(&c, 40, 6);
    table_draw(&t, &m, &c, (struct rect){0, 0, 40, 6}, true);
    int at[3];
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 40; x++)
            if (canvas_at(&c, x, y + 1)->s[0] == 'o' && canvas_at(&c, x + 1, y + 1)->s[0] == 'k')
                at[y] = x;
    assert_int_equal(at[0], at[1]);
    assert_int_equal(at[0], at[2]);
    canvas_free(&c);
    table_free(&t);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_sort_by_text_and_number),
        cmocka_unit_test(test_selection_follows_the_row),
        cmocka_unit_test(test_a_row_that_goes_hands_over_to_its_neighbour),
        cmocka_unit_test(test_a_row_inserted_above_does_not_move_the_cursor),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_marks_hold_on_to_identity),
        cmocka_unit_test(test_fit_never_exceeds_the_room),
        cmocka_unit_test(test_columns_stay_aligned_with_wide_names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
