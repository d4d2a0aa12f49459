/* The line where one types: editing in characters, history, completion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "ui/prompt.h"
#include "ui/term.h"

static void type(struct prompt *p, const char *s)
{
    for (; *s; s++)
        assert_int_equal(prompt_key(p, (unsigned char)*s), PROMPT_EDITING);
}

static void test_editing(void **state)
{
    (void)state;
    struct prompt p;
    prompt_open(&p, ":", "", NULL);
    type(&p, "theme dark");
    prompt_key(&p, K_CTRL('w'));
    assert_string_equal(p.line, "theme ");
    type(&p, "light");
    prompt_key(&p, K_HOME);
    type(&p, "x");
    assert_string_equal(p.line, "xtheme light");
    prompt_key(&p, K_DELETE);
    assert_string_equal(p.line, "xheme light");
    prompt_key(&p, K_BACKSPACE);
    assert_string_equal(p.line, "heme light");
    prompt_key(&p, K_END);
    prompt_key(&p, K_CTRL('u'));
    assert_string_equal(p.line, "");
    assert_int_equal(prompt_key(&p, K_BACKSPACE), PROMPT_CANCELLED);
    assert_int_equal(prompt_key(&p, K_ESC), PROMPT_CANCELLED);
    assert_int_equal(prompt_key(&p, K_ENTER), PROMPT_ACCEPTED);
}

static void test_characters_not_bytes(void **state)
{
    (void)state;
    struct prompt p;
    prompt_open(&p, "/", "", NULL);
    prompt_key(&p, 'a');
    prompt_key(&p, 0xE9);
    prompt_key(&p, 0x6771);
    assert_string_equal(p.line, "aé東");
    prompt_key(&p, K_LEFT);
    prompt_key(&p, K_BACKSPACE);
    assert_string_equal(p.line, "a東");
    /* Controls that are no editing key, and function keys, leave no trace. */
    prompt_key(&p, 0x01);
    prompt_key(&p, 0x1C);
    prompt_key(&p, 0x9B);
    prompt_key(&p, K_F5);
    assert_null(strpbrk(p.line, "\x01\x1c"));
    assert_null(strstr(p.line, "\xC2\x9B"));
}

static void test_the_line_has_an_end(void **state)
{
    (void)state;
    struct prompt p;
    prompt_open(&p, ":", "", NULL);
    for (int i = 0; i < 2 * PROMPT_BYTES; i++)
        prompt_key(&p, 'a');
    assert_true(strlen(p.line) < PROMPT_BYTES);
    prompt_key(&p, 0x1F525);
    assert_true(strlen(p.line) < PROMPT_BYTES);
}

static void test_history(void **state)
{
    (void)state;
    struct prompt_history h = {0};
    struct prompt p;
    static const char *const lines[] = {"one", "two", "two", "three"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        prompt_open(&p, ":", lines[i], &h);
        prompt_key(&p, K_ENTER);
    }
    assert_int_equal(h.n, 3);
    prompt_open(&p, ":", "", &h);
    type(&p, "dra");
    prompt_key(&p, K_UP);
    assert_string_equal(p.line, "three");
    prompt_key(&p, K_UP);
    prompt_key(&p, K_UP);
    prompt_key(&p, K_UP);
    assert_string_equal(p.line, "one");
    prompt_key(&p, K_DOWN);
    prompt_key(&p, K_DOWN);
    prompt_key(&p, K_DOWN);
    assert_string_equal(p.line, "dra");
    for (int i = 0; i < 3 * PROMPT_HISTORY; i++) {
        char line[16];
        str_format(line, sizeof line, "line %d", i);
        prompt_open(&p, ":", line, &h);
        prompt_key(&p, K_ENTER);
    }
    assert_int_equal(h.n, PROMPT_HISTORY);
}

static const char *complete(void *ctx, const char *line, size_t n)
{
    static const char *const words[] = {"tenant", "theme", "timeline"};
    (void)ctx;
    for (size_t i = 0; i < 3; i++)
        if (str_starts(words[i], line) && n-- == 0)
            return words[i];
    return NULL;
}

static void test_completion_goes_round(void **state)
{
    (void)state;
    struct prompt p;
    prompt_open(&p, ":", "t", NULL);
    p.complete = complete;
    prompt_key(&p, K_TAB);
    assert_string_equal(p.line, "tenant");
    prompt_key(&p, K_TAB);
    assert_string_equal(p.line, "theme");
    prompt_key(&p, K_TAB);
    prompt_key(&p, K_TAB);
    assert_string_equal(p.line, "tenant");
    /* What is typed after it starts anew. */
    prompt_key(&p, K_CTRL('u'));
    type(&p, "ti");
    prompt_key(&p, K_TAB);
    assert_string_equal(p.line, "timeline");
    prompt_key(&p, K_CTRL('u'));
    type(&p, "zz");
    prompt_key(&p, K_TAB);
    assert_string_equal(p.line, "zz");
}

static void test_a_long_line_keeps_its_cursor_in_sight(void **state)
{
    (void)state;
    struct prompt p;
    prompt_open(&p, "/", "0123456789012345678901234567890123456789", NULL);
    struct canvas c;
    canvas_init(&c, 20, 1);
    prompt_draw(&p, &c, (struct rect){0, 0, 20, 1}, ROLE_GROUND);
    assert_true(c.cursor_x > 0 && c.cursor_x < 20);
    assert_string_equal(canvas_at(&c, c.cursor_x - 1, 0)->s, "9");
    canvas_free(&c);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editing),
        cmocka_unit_test(test_characters_not_bytes),
        cmocka_unit_test(test_the_line_has_an_end),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_completion_goes_round),
        cmocka_unit_test(test_a_long_line_keeps_its_cursor_in_sight),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
