/* Text: the buffer and its cap, the cleaner of outside text, widths, and string helpers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/text.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define BAD "\xef\xbf\xbd"

/* ---- buffer ---- */

static void text__add__keeps_the_end_mark_and_grows(void **state)
{
    (void)state;
    TEXT_AUTO t = {0};
    assert_string_equal(text_str(&t), "");
    for (int i = 0; i < 1000; i++)
        text_printf(&t, "%d,", i % 10);
    assert_int_equal(t.len, 2000);
    assert_int_equal(strlen(t.s), 2000);
    assert_false(t.cut);
    text_reset(&t);
    assert_string_equal(t.s, "");
    text_puts(&t, NULL);
    text_putc(&t, 'x');
    char *taken = text_take(&t);
    assert_string_equal(taken, "x");
    assert_null(t.s);
    free(taken);
    taken = text_take(&t);
    assert_string_equal(taken, "");
    free(taken);
}

static void text__cap__cuts_and_says_so(void **state)
{
    (void)state;
    TEXT_AUTO t = {.max = 10};
    text_puts(&t, "12345678");
    text_printf(&t, "%s", "abcdef");
    assert_string_equal(t.s, "12345678ab");
    assert_true(t.cut);
    text_puts(&t, "more");
    assert_int_equal(t.len, 10);
    text_reset(&t);
    assert_false(t.cut);
    text_printf(&t, "%0100d", 1);
    assert_int_equal(strlen(t.s), 10);
    assert_true(t.cut);
}

/* ---- cleaner ---- */

static void cleans_to(const char *in, size_t len, bool lines, const char *want)
{
    char out[256];
    size_t n = text_clean(out, sizeof out, in, len, lines);
    assert_string_equal(out, want);
    assert_int_equal(n, strlen(want));
    char *dup = text_clean_dup(in, len, lines);
    assert_string_equal(dup, want);
    free(dup);
}
#define CLEANS(in, want) cleans_to(in, sizeof(in) - 1, false, want)

static void clean__plain_text__is_kept(void **state)
{
    (void)state;
    CLEANS("", "");
    CLEANS("plain ASCII ~!", "plain ASCII ~!");
    CLEANS("gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80",
           "gr\xc3\xbc\xc3\x9f \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80");
}

static void clean__controls__are_replaced(void **state)
{
    (void)state;
    CLEANS("a\x1b[31mb", "a" BAD "[31mb");
    CLEANS("a\0b", "a" BAD "b");
    CLEANS("\x07\x08\x7f", BAD BAD BAD);
    CLEANS("a\xc2\x9b" "31m", "a" BAD "31m");      /* C1 as UTF-8: CSI */
    CLEANS("a\x9b" "31m", "a" BAD "31m");          /* C1 as a byte */
    CLEANS("a\xc2\x80\xc2\x9f", "a" BAD BAD);
    for (int c = 1; c < 0x20; c++) {
        char in[1] = {(char)c}, out[8];
        text_clean(out, sizeof out, in, 1, false);
        assert_string_equal(out, c == '\t' || c == '\n' ? " " : BAD);
    }
}

static void clean__lines__are_kept_only_on_request(void **state)
{
    (void)state;
    cleans_to("a\nb\r\nc\td\re", 10, false, "a b c d" BAD "e");
    cleans_to("a\nb\r\nc\td\re", 10, true, "a\nb\nc d" BAD "e");
}

static void clean__invisible_characters__are_replaced(void **state)
{
    (void)state;
    static const char *const hidden[] = {
        "\xd8\x9c",     "\xe2\x80\x8e", "\xe2\x80\x8f",     "\xe2\x80\xaa",     "\xe2\x80\xad",
        "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9",     "\xe2\x80\x8b",     "\xe2\x80\x8c",
        "\xe2\x80\x8d", "\xe2\x81\xa0", "\xe2\x81\xa4",     "\xef\xbb\xbf",     "\xc2\xad",
        "\xe2\x80\xa8", "\xe2\x80\xa9", "\xf3\xa0\x80\x81", "\xf3\xa0\x81\xbf", "\xe3\x85\xa4",
        "\xe1\x85\xa0", "\xcd\x8f",     "\xef\xbf\xbe",
    };
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        char out[16], in[16];
        str_format(in, sizeof in, "a%sb", hidden[i]);
        text_clean(out, sizeof out, in, strlen(in), true);
        assert_string_equal(out, "a" BAD "b");
    }
}

static void clean__variation_selectors__need_something_to_vary(void **state)
{
    (void)state;
    CLEANS("\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4\xef\xb8\x8f");
    CLEANS("\xef\xb8\x8f" "a", BAD "a");
    CLEANS("a\xef\xb8\x8f\xef\xb8\x8f", "a\xef\xb8\x8f" BAD);
    CLEANS("a\xf3\xa0\x84\x80\xf3\xa0\x84\x81", "a\xf3\xa0\x84\x80" BAD);
}

static void clean__invalid_utf8__is_replaced(void **state)
{
    (void)state;
    CLEANS("\xc0\xaf", BAD BAD);                    /* overlong */
    CLEANS("\xe0\x80\xaf", BAD BAD BAD);
    CLEANS("\xf0\x80\x80\xaf", BAD BAD BAD BAD);
    CLEANS("\xed\xa0\x80", BAD BAD BAD);            /* surrogate */
    CLEANS("\xf4\x90\x80\x80", BAD BAD BAD BAD);    /* beyond U+10FFFF */
    CLEANS("\xff\xfe", BAD BAD);
    CLEANS("a\xe4\xbd", "a" BAD);                   /* cut short */
    CLEANS("\xe4\xbd" "a", BAD "a");
    CLEANS("\x80", BAD);
}

static void clean__combining_marks__are_cut_after_four(void **state)
{
    (void)state;
    CLEANS("e\xcc\x81", "e\xcc\x81");
    CLEANS("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86x",
           "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84x");
    CLEANS("\xcc\x81" "e", BAD "e");
    cleans_to("a\n\xcc\x81", 4, true, "a\n" BAD);
    CLEANS("a\xe2\x83\x9d\xe2\x83\x9d\xe2\x83\x9d\xe2\x83\x9d\xe2\x83\x9d",
           "a\xe2\x83\x9d\xe2\x83\x9d\xe2\x83\x9d\xe2\x83\x9d");
}

static void clean__small_buffer__is_cut_at_a_character(void **state)
{
    (void)state;
    char out[8] = "unset";
    assert_int_equal(text_clean(out, 0, "abc", 3, false), 0);
    assert_string_equal(out, "unset");
    assert_int_equal(text_clean(out, 1, "abc", 3, false), 0);
    assert_string_equal(out, "");
    assert_int_equal(text_clean(out, 4, "ab\xc3\xa4", 4, false), 2);
    assert_string_equal(out, "ab");
    assert_int_equal(text_clean(out, 5, "ab\xc3\xa4", 4, false), 4);
    assert_int_equal(text_clean(out, 3, "\x01", 1, false), 0);
    assert_int_equal(text_clean(out, 4, "\x01", 1, false), 3);
    assert_int_equal(text_clean(out, sizeof out, NULL, 9, false), 0);
}

static void clean__any_bytes__leave_nothing_to_clean(void **state)
{
    (void)state;
    uint32_t seed = 7;
    char in[64], once[256], twice[256];
    for (int i = 0; i < 100000; i++) {
        size_t len = 1 + (seed >> 8) % sizeof in;
        for (size_t k = 0; k < len; k++) {
            seed = seed * 1664525u + 1013904223u;
            in[k] = (char)(seed >> 16);
            if (k && seed & 1)
                in[k] = (char)(0x80 | (in[k] & 0x3f)); /* so that some characters come out whole */
        }
        size_t n = text_clean(once, sizeof once, in, len, true);
        size_t m = text_clean(twice, sizeof twice, once, n, true);
        assert_int_equal(n, m);
        assert_memory_equal(once, twice, n);
        for (size_t k = 0; k < n; k++)
            assert_true((unsigned char)once[k] >= 0x20 || once[k] == '\n');
    }
}

/* ---- widths ---- */

static void check_widths(void)
{
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("abc"), 3);
    assert_int_equal(text_width("gr\xc3\xbc\xc3\x9f"), 4);
    assert_int_equal(text_width("e\xcc\x81"), 1);
    assert_int_equal(text_width("\xe4\xbd\xa0\xe5\xa5\xbd"), 4);
    assert_int_equal(text_width("\xf0\x9f\x98\x80"), 2);
    assert_int_equal(text_width("\xef\xbd\xb1"), 1);        /* half-width katakana */
    assert_int_equal(text_width("\xef\xbc\xa1"), 2);        /* full-width A */
    assert_int_equal(text_width("\xea\xb0\x80"), 2);        /* Hangul syllable */
    assert_int_equal(text_width("\xe2\x94\x80\xe2\x96\xb6\xe2\x97\x8f"), 3);    /* our own signs */
    assert_int_equal(text_width(BAD), 1);
    int used;
    assert_int_equal(text_fit("abc", 2, &used), 2);
    assert_int_equal(used, 2);
    assert_int_equal(text_fit("a\xe4\xbd\xa0", 2, &used), 1);
    assert_int_equal(used, 1);
    assert_int_equal(text_fit("ae\xcc\x81z", 2, &used), 4);     /* the mark goes with its letter */
    assert_int_equal(text_fit("abc", 0, &used), 0);
    assert_int_equal(text_fit("abc", -3, &used), 0);
    assert_int_equal(used, 0);
}

static void width__c_locale__is_right_without_the_library(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_ALL, "C"));
    check_widths();
}

static void width__utf8_locale__is_the_same(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "C.UTF-8"))
        skip();
    check_widths();
    setlocale(LC_ALL, "C");
}

/* ---- helpers ---- */

static void str__compare__takes_null(void **state)
{
    (void)state;
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_true(str_eq_nocase("AbC", "aBc"));
    assert_false(str_eq_nocase("AbC", "aBcd"));
    assert_true(str_starts("abc", "ab"));
    assert_true(str_starts("abc", ""));
    assert_false(str_starts(NULL, "a"));
    assert_true(str_ends("abc", "bc"));
    assert_false(str_ends("c", "bc"));
    assert_true(str_has_nocase("Hello World", "o w"));
    assert_true(str_has_nocase("x", ""));
    assert_false(str_has_nocase("abc", "abcd"));
    assert_string_equal(str_or("", "b"), "b");
    assert_string_equal(str_or(NULL, "b"), "b");
    assert_string_equal(str_or("a", "b"), "a");
}

static void str__to_int__takes_whole_decimal_numbers_within_bounds(void **state)
{
    (void)state;
    int64_t n = 99;
    assert_true(str_to_int("-9223372036854775808", INT64_MIN, INT64_MAX, &n));
    assert_true(n == INT64_MIN);
    assert_true(str_to_int("9223372036854775807", INT64_MIN, INT64_MAX, &n));
    assert_true(n == INT64_MAX);
    assert_true(str_to_int("+7", 0, 10, &n));
    assert_int_equal(n, 7);
    static const char *const bad[] = {
        "", "-", "+", " 1", "1 ", "1x", "0x1", "1.0", "9223372036854775808", "11", "-1", NULL};
    for (size_t i = 0; bad[i]; i++)
        assert_false(str_to_int(bad[i], 0, 10, &n));
    assert_false(str_to_int(NULL, 0, 10, &n));
    assert_int_equal(n, 7);
}

static void str__nearest__finds_slips_and_nothing_far(void **state)
{
    (void)state;
    static const char *const names[] = {"refresh",  "timeout",   "theme",
                                        "readOnly", "responder", NULL};
    assert_string_equal(str_nearest("refesh", names), "refresh");
    assert_string_equal(str_nearest("tiemout", names), "timeout");
    assert_string_equal(str_nearest("readonly", names), "readOnly");
    assert_string_equal(str_nearest("resp", names), "responder");
    assert_null(str_nearest("kubeconfig", names));
    assert_null(str_nearest("x", names));
    assert_null(str_nearest("", names));
    assert_null(str_nearest(NULL, names));
}

static void str__glob__knows_star_and_question_mark(void **state)
{
    (void)state;
    assert_true(str_glob("*prod*", "aks-prod-1"));
    assert_true(str_glob("*prod*", "prod"));
    assert_false(str_glob("*prod*", "test"));
    assert_true(str_glob("a?c", "abc"));
    assert_false(str_glob("a?c", "ac"));
    assert_true(str_glob("*a*b*c", "xaxxbxxbc"));
    assert_false(str_glob("*a*b*c", "xaxxbxxcd"));
    assert_true(str_glob("", ""));
    assert_false(str_glob("", "a"));
    assert_true(str_glob("*", ""));
    assert_true(str_glob("[a]", "[a]"));
    assert_false(str_glob("[a]", "a"));
    /* Many stars against a long text end soon. */
    char many[201] = {0}, text[2001] = {0};
    for (int i = 0; i < 200; i += 2)
        many[i] = '*', many[i + 1] = 'a';
    memset(text, 'a', 2000);
    text[1999] = 'b';
    assert_false(str_glob(many, text));
}

static void str__copy_and_format__cut_at_a_character(void **state)
{
    (void)state;
    char out[6];
    assert_true(str_copy(out, sizeof out, "12345"));
    assert_false(str_copy(out, sizeof out, "123456"));
    assert_string_equal(out, "12345");
    assert_false(str_copy(out, sizeof out, "123\xe2\x82\xac"));
    assert_string_equal(out, "123");
    assert_false(str_format(out, sizeof out, "%s%s", "1234", "\xc3\xa4"));
    assert_string_equal(out, "1234");
    assert_true(str_copy(out, sizeof out, NULL));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__add__keeps_the_end_mark_and_grows),
        cmocka_unit_test(text__cap__cuts_and_says_so),
        cmocka_unit_test(clean__plain_text__is_kept),
        cmocka_unit_test(clean__controls__are_replaced),
        cmocka_unit_test(clean__lines__are_kept_only_on_request),
        cmocka_unit_test(clean__invisible_characters__are_replaced),
        cmocka_unit_test(clean__variation_selectors__need_something_to_vary),
        cmocka_unit_test(clean__invalid_utf8__is_replaced),
        cmocka_unit_test(clean__combining_marks__are_cut_after_four),
        cmocka_unit_test(clean__small_buffer__is_cut_at_a_character),
        cmocka_unit_test(clean__any_bytes__leave_nothing_to_clean),
        cmocka_unit_test(width__c_locale__is_right_without_the_library),
        cmocka_unit_test(width__utf8_locale__is_the_same),
        cmocka_unit_test(str__compare__takes_null),
        cmocka_unit_test(str__to_int__takes_whole_decimal_numbers_within_bounds),
        cmocka_unit_test(str__nearest__finds_slips_and_nothing_far),
        cmocka_unit_test(str__glob__knows_star_and_question_mark),
        cmocka_unit_test(str__copy_and_format__cut_at_a_character),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
