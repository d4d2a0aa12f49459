/* The canvas keeps what is drawn inside its clip, columns aligned, and control characters out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "ui/canvas.h"
#include "ui/doc.h"

static const char *row(const struct canvas *c, int y)
{
    static struct text t;
    text_reset(&t);
    canvas_row_text(c, y, &t);
    return text_str(&t);
}

static void test_text_is_cut_with_an_ellipsis(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 12, 2);
    assert_int_equal(canvas_text(&c, 0, 0, 6, STYLE(ROLE_TEXT), "abcdefgh"), 6);
    assert_string_equal(row(&c, 0), "abcde…      ");
    assert_int_equal(canvas_text(&c, 0, 1, 8, STYLE(ROLE_TEXT), "abcdefgh"), 8);
    assert_string_equal(row(&c, 1), "abcdefgh    ");
    c.ascii = true;
    canvas_text(&c, 0, 0, 6, STYLE(ROLE_TEXT), "abcdefgh");
    assert_string_equal(row(&c, 0), "abcde~      ");
    canvas_free(&c);
}

static void test_nothing_beyond_the_clip(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 10, 3);
    struct rect old = canvas_clip(&c, (struct rect){2, 1, 4, 1});
    canvas_text(&c, -3, 1, 40, STYLE(ROLE_TEXT), "0123456789");
    canvas_text(&c, 0, 0, 40, STYLE(ROLE_TEXT), "xxxxxxxxxx");
    canvas_fill(&c, (struct rect){-5, -5, 50, 50}, STYLE(ROLE_TEXT));
    canvas_text(&c, 0, 1, 40, STYLE(ROLE_TEXT), "0123456789");
    c.clip = old;
    assert_string_equal(row(&c, 0), "          ");
    assert_string_equal(row(&c, 1), "  2345    ");
    assert_null(canvas_at(&c, 10, 0));
    assert_null(canvas_at(&c, 0, -1));
    canvas_free(&c);
}

static void test_wide_characters_take_two_columns(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 8, 2);
    assert_int_equal(canvas_text(&c, 0, 0, 8, STYLE(ROLE_TEXT), "東京x"), 5);
    assert_int_equal(canvas_at(&c, 0, 0)->width, 2);
    assert_int_equal(canvas_at(&c, 1, 0)->width, 0);
    assert_string_equal(row(&c, 0), "東京x   ");
    /* Never half a glyph: three columns hold one wide character and the ellipsis. */
    assert_int_equal(canvas_text(&c, 0, 1, 3, STYLE(ROLE_TEXT), "東京都"), 3);
    assert_string_equal(row(&c, 1), "東…     ");
    /* Writing over the right half blanks the left one. */
    canvas_text(&c, 1, 0, 1, STYLE(ROLE_TEXT), "y");
    assert_string_equal(row(&c, 0), " y京x   ");
    canvas_free(&c);
}

static void test_marks_stay_with_their_base(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 6, 1);
    assert_int_equal(canvas_text(&c, 0, 0, 6, STYLE(ROLE_TEXT), "e\xCC\x81x"), 2);
    assert_string_equal(canvas_at(&c, 0, 0)->s, "e\xCC\x81");
    /* However many there are, a cell has an end. */
    char many[200] = "a";
    for (int i = 0; i < 60; i++)
        memcpy(many + 1 + 2 * i, "\xCC\x81", 3);
    assert_int_equal(canvas_text(&c, 0, 0, 6, STYLE(ROLE_TEXT), many), 1);
    assert_true(canvas_at(&c, 0, 0)->len < CELL_BYTES);
    canvas_free(&c);
}

static void test_controls_never_reach_a_cell(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 40, 1);
    canvas_text(&c, 0, 0, 40, STYLE(ROLE_TEXT), "a\x1b[31mb\x07\x7f\xC2\x9b\n\xff\xC3z");
    for (int x = 0; x < c.w; x++) {
        const struct cell *cell = canvas_at(&c, x, 0);
        for (int i = 0; i < cell->len; i++) {
            unsigned char b = (unsigned char)cell->s[i];
            assert_true(b >= 0x20 && b != 0x7F);
        }
        assert_false(cell->len == 2 && (unsigned char)cell->s[0] == 0xC2 && (unsigned char)cell->s[1] < 0xA0);
    }
    canvas_erase(&c);
    c.ascii = true;
    canvas_text(&c, 0, 0, 40, STYLE(ROLE_TEXT), "é 東 → ✓ \x1b");
    for (int x = 0; x < c.w; x++)
        assert_true((unsigned char)canvas_at(&c, x, 0)->s[0] < 0x7F);
    canvas_free(&c);
}

static void test_right_aligned(void **state)
{
    (void)state;
    struct canvas c;
    canvas_init(&c, 10, 1);
    assert_int_equal(canvas_text_right(&c, 10, 0, 8, STYLE(ROLE_TEXT), "abc"), 7);
    assert_string_equal(row(&c, 0), "       abc");
    canvas_free(&c);
}

static void test_same_canvas_compares_equal(void **state)
{
    (void)state;
    struct canvas a, b;
    canvas_init(&a, 20, 4);
    canvas_init(&b, 20, 4);
    canvas_text(&a, 3, 2, 10, STYLE(ROLE_BAD), "long text that is overwritten");
    canvas_erase(&a);
    canvas_text(&a, 3, 2, 10, STYLE(ROLE_BAD), "ab");
    canvas_text(&b, 3, 2, 10, STYLE(ROLE_BAD), "ab");
    assert_true(canvas_same(&a, &b));
    canvas_text(&b, 3, 2, 10, STYLE(ROLE_OK), "ab");
    assert_false(canvas_same(&a, &b));
    canvas_free(&a);
    canvas_free(&b);
}

static void test_doc_wraps_at_words_and_hangs(void **state)
{
    (void)state;
    DOC_AUTO d = {0};
    doc_field(&d, "Label", ROLE_TEXT, "one two three four five six seven eight nine");
    assert_int_equal(doc_rows(&d, 34), 3);
    struct canvas c;
    canvas_init(&c, 34, 4);
    assert_int_equal(doc_draw(&d, &c, (struct rect){0, 0, 34, 4}, 0, 0, NULL), 3);
    assert_string_equal(row(&c, 0), "Label           one two three four");
    assert_string_equal(row(&c, 1), "                five six seven    ");
    assert_string_equal(row(&c, 2), "                eight nine        ");
    assert_int_equal(doc_find(&d, 34, "SEVEN", 0, false), 1);
    assert_int_equal(doc_find(&d, 34, "nothing", 0, false), SIZE_MAX);
    canvas_free(&c);
}

static void test_doc_says_what_is_not_known(void **state)
{
    (void)state;
    DOC_AUTO d = {0};
    doc_field(&d, "Zone", ROLE_TEXT, "%s", "");
    TEXT_AUTO out = {0};
    doc_plain(&d, &out);
    assert_string_equal(text_str(&out), "Zone            not known\n");
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_cut_with_an_ellipsis),
        cmocka_unit_test(test_nothing_beyond_the_clip),
        cmocka_unit_test(test_wide_characters_take_two_columns),
        cmocka_unit_test(test_marks_stay_with_their_base),
        cmocka_unit_test(test_controls_never_reach_a_cell),
        cmocka_unit_test(test_right_aligned),
        cmocka_unit_test(test_same_canvas_compares_equal),
        cmocka_unit_test(test_doc_wraps_at_words_and_hangs),
        cmocka_unit_test(test_doc_says_what_is_not_known),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("canvas", tests, NULL, NULL);
}
