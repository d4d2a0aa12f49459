/* Themes: what a role looks like, from files with clear errors, brought down to the colours that there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ui/theme.h"

static void test_look(void **state)
{
    (void)state;
    struct look l;
    assert_true(look_parse("#ff8000 on #102030 bold underline", NULL, &l, NULL));
    assert_int_equal(l.fg, 0xFF8000);
    assert_int_equal(l.bg, 0x102030);
    assert_int_equal(l.attr, ATTR_BOLD | ATTR_UNDERLINE);
    assert_true(look_parse("default", NULL, &l, NULL));
    assert_int_equal(l.fg, COLOUR_DEFAULT);
    assert_int_equal(l.bg, COLOUR_NONE);
    assert_true(look_parse("reverse", NULL, &l, NULL));
    assert_int_equal(l.attr, ATTR_REVERSE);
    static const char *const bad[] = {"red", "#12345", "#gggggg", "#112233 on", "#112233 #445566", "on"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = {0};
        struct look before = l;
        assert_false(look_parse(bad[i], NULL, &l, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_memory_equal(&before, &l, sizeof l);
    }
}

static bool same_look(struct look a, struct look b)
{
    return a.fg == b.fg && a.bg == b.bg && a.attr == b.attr;
}

static bool parse(const char *yaml, struct theme *t, struct error *err)
{
    return theme_parse(t, "test", "test.yaml", yaml, strlen(yaml), err);
}

static void test_theme_file(void **state)
{
    (void)state;
    struct theme t = {0};
    struct error err = {0};
    assert_true(parse("palette: {sky: '#0088ff'}\nroles:\n  bad: sky bold\n", &t, &err));
    assert_int_equal(t.looks[ROLE_BAD].fg, 0x0088FF);
    assert_int_equal(t.looks[ROLE_BAD].attr, ATTR_BOLD);
    assert_string_equal(t.name, "test");
    struct theme builtin;
    theme_builtin(&builtin);
    assert_true(same_look(t.looks[ROLE_OK], builtin.looks[ROLE_OK]));
}

static void test_errors_name_file_line_and_the_nearest_role(void **state)
{
    (void)state;
    struct theme t = {0};
    struct error err = {0};
    assert_false(parse("roles:\n  text: default\n  verdict-bda: '#ffffff'\n", &t, &err));
    assert_non_null(strstr(err.message, "test.yaml:3"));
    assert_non_null(strstr(err.message, "verdict-bad"));
    assert_false(parse("roles:\n  bad: puce\n", &t, &err));
    assert_non_null(strstr(err.message, "test.yaml:2"));
    assert_non_null(strstr(err.message, "puce"));
    assert_false(parse("roles: 7\n", &t, &err));
    assert_false(parse("[]\n", &t, &err));
    assert_false(parse("", &t, &err));
}

static void test_nearest_colour(void **state)
{
    (void)state;
    assert_int_equal(colour_nearest(0xFF0000, 256), 196);
    assert_int_equal(colour_nearest(0x00FF00, 256), 46);
    assert_int_equal(colour_nearest(0x000000, 256), 16);
    assert_int_equal(colour_nearest(0x808080, 256), 244);
    assert_int_equal(colour_nearest(0x123456, 1 << 24), 0x123456);
    assert_int_equal(colour_nearest(COLOUR_DEFAULT, 256), COLOUR_DEFAULT);
    /* With few colours the hue stays: a soft red is red, a soft green green, whatever is nearer by numbers. */
    assert_int_equal(colour_nearest(0xFF6B6B, 8), 1);
    assert_int_equal(colour_nearest(0x74C69D, 8), 2);
    assert_int_equal(colour_nearest(0xF2C14E, 8), 3);
    assert_int_equal(colour_nearest(0x7CC4FF, 8), 6);
    assert_int_equal(colour_nearest(0xFF6B6B, 16), 9);
    assert_int_equal(colour_nearest(0xFFFFFF, 8), 7);
    assert_int_equal(colour_nearest(0x000000, 8), 0);
}

static void test_ground_and_attributes(void **state)
{
    (void)state;
    struct theme t;
    theme_builtin(&t);
    struct look l = theme_look(&t, (struct style){ROLE_BAD, ROLE_SELECTION, ATTR_UNDERLINE}, false);
    assert_int_equal(l.fg, t.looks[ROLE_BAD].fg);
    assert_int_equal(l.bg, t.looks[ROLE_SELECTION].bg);
    assert_true(l.attr & ATTR_UNDERLINE);
    /* Without colours the selection must still be seen, and what is bad must still stand out. */
    l = theme_look(&t, (struct style){ROLE_TEXT, ROLE_SELECTION, 0}, true);
    assert_true(l.attr & ATTR_REVERSE);
    l = theme_look(&t, (struct style){ROLE_BAD, ROLE_GROUND, 0}, true);
    assert_true(l.attr & ATTR_BOLD);
    /* A theme without colours says so by attributes even on a terminal that has colours. */
    struct error err = {0};
    assert_true(parse("roles: {selection: default reverse, text: default}\n", &t, &err));
    l = theme_look(&t, (struct style){ROLE_TEXT, ROLE_SELECTION, 0}, false);
    assert_true(l.attr & ATTR_REVERSE);
    /* One that names the foreground of the cursor means it for every word there. */
    assert_true(parse("roles: {selection: '#000000 on #00ffff'}\n", &t, &err));
    l = theme_look(&t, (struct style){ROLE_BAD, ROLE_SELECTION, 0}, false);
    assert_int_equal(l.fg, 0x000000);
    for (int i = ROLE_NONE + 1; i < ROLE_COUNT; i++) {
        l = theme_look(&t, (struct style){(uint8_t)i, ROLE_GROUND, 0}, true);
        assert_int_equal(l.fg, COLOUR_DEFAULT);
        assert_int_equal(l.bg, COLOUR_DEFAULT);
    }
}

/* Relative luminance and contrast as WCAG 2 defines them. */
static double channel(int v)
{
    double c = v / 255.0;
    return c <= 0.03928 ? c / 12.92 : __builtin_pow((c + 0.055) / 1.055, 2.4);
}
static double luminance(int rgb)
{
    return 0.2126 * channel(rgb >> 16 & 255) + 0.7152 * channel(rgb >> 8 & 255) + 0.0722 * channel(rgb & 255);
}
static double contrast(int a, int b)
{
    double x = luminance(a), y = luminance(b);
    return (x > y ? x + 0.05 : y + 0.05) / (x > y ? y + 0.05 : x + 0.05);
}

static void test_every_theme_loads_and_can_be_read(void **state)
{
    (void)state;
    static const char *const names[] = {"dark", "light", "high-contrast", "monochrome", "harbour", "ember"};
    static const enum role read[] = {ROLE_TEXT, ROLE_STRONG, ROLE_QUIET,   ROLE_KEY,  ROLE_OK,
                                     ROLE_WARN, ROLE_BAD,    ROLE_UNKNOWN, ROLE_TITLE};
    static const enum role own[] = {
        ROLE_VERDICT_OK, ROLE_VERDICT_WARN, ROLE_VERDICT_BAD,  ROLE_VERDICT_UNKNOWN, ROLE_TAG,
        ROLE_TAG_BAD,    ROLE_BUTTON,       ROLE_BUTTON_FOCUS, ROLE_BUTTON_DANGER,   ROLE_BAR};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[100];
        str_format(path, sizeof path, "themes/%s.yaml", names[i]);
        FREE_AUTO char *bytes = NULL;
        size_t len;
        struct error err = {0};
        struct theme t;
        if (!file_read(path, 1 << 20, &bytes, &len, &err) ||
            !theme_parse(&t, names[i], path, bytes, len, &err))
            fail_msg("%s", err.message);
        for (size_t k = 0; k < sizeof read / sizeof *read; k++) {
            struct look l = theme_look(&t, (struct style){(uint8_t)read[k], ROLE_GROUND, 0}, false);
            int fg = l.fg < 0 ? 0xC8C8C8 : l.fg, bg = l.bg < 0 ? 0x101010 : l.bg;
            if (contrast(fg, bg) < 4.5)
                fail_msg("%s: role %d has contrast %.1f on the ground, wanted 4.5", names[i], (int)read[k],
                         contrast(fg, bg));
        }
        for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
            struct look l = theme_look(&t, (struct style){(uint8_t)own[k], (uint8_t)own[k], 0}, false);
            int fg = l.fg < 0 ? 0xC8C8C8 : l.fg, bg = l.bg < 0 ? 0x101010 : l.bg;
            if (contrast(fg, bg) < 4.5)
                fail_msg("%s: role %d has contrast %.1f, wanted 4.5", names[i], (int)own[k],
                         contrast(fg, bg));
        }
    }
}

static void test_dark_file_is_what_is_compiled_in(void **state)
{
    (void)state;
    FREE_AUTO char *bytes = NULL;
    size_t len;
    struct error err = {0};
    struct theme file, builtin;
    theme_builtin(&builtin);
    assert_true(file_read("themes/dark.yaml", 1 << 20, &bytes, &len, &err));
    assert_true(theme_parse(&file, "dark", "themes/dark.yaml", bytes, len, &err));
    for (int i = ROLE_NONE + 1; i < ROLE_COUNT; i++)
        if (!same_look(file.looks[i], builtin.looks[i]))
            fail_msg("role %d of themes/dark.yaml differs from roles.def", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_theme_file),
        cmocka_unit_test(test_errors_name_file_line_and_the_nearest_role),
        cmocka_unit_test(test_nearest_colour),
        cmocka_unit_test(test_ground_and_attributes),
        cmocka_unit_test(test_every_theme_loads_and_can_be_read),
        cmocka_unit_test(test_dark_file_is_what_is_compiled_in),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("theme", tests, NULL, NULL);
}
