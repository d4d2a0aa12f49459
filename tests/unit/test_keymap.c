/* The key table is the one truth: every key means one thing in a place, and the help lists them all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ui/keymap.h"
#include "ui/term.h"

static void test_rows_follow_the_enum(void **state)
{
    (void)state;
    assert_int_equal(n_key_rows, ACT_COUNT - 1);
    for (size_t i = 0; i < n_key_rows; i++) {
        assert_int_equal(key_rows[i].action, i + 1);
        assert_ptr_equal(keymap_row(key_rows[i].action), &key_rows[i]);
        assert_true(*key_rows[i].help != '\0');
    }
}

static void test_every_key_is_known_and_means_one_thing(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_key_rows; i++) {
        char name[16];
        for (size_t k = 0; keymap_key_name(key_rows[i].action, k, name); k++) {
            int key = key_parse(name, strlen(name));
            if (key < 0)
                fail_msg("\"%s\" is no key's name", name);
            enum action got = keymap_action(key_rows[i].place, key);
            if (got != key_rows[i].action)
                fail_msg("%s is bound twice in one place: \"%s\" and \"%s\"", name, key_rows[i].help,
                         keymap_row(got)->help);
        }
    }
}

/* What is asked of a list is asked before what is asked of everything: a list must not hide a global key. The pager and
 * the sheet do so on purpose where a page of text has its own habits (q, Esc, c, digits). */
static void test_lists_hide_no_global_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_key_rows; i++) {
        char name[16];
        if (key_rows[i].place != PLACE_GLOBAL)
            continue;
        for (size_t k = 0; keymap_key_name(key_rows[i].action, k, name); k++) {
            enum action hidden = keymap_action(PLACE_LIST, key_parse(name, strlen(name)));
            if (hidden != ACT_NONE)
                fail_msg("%s is hidden by \"%s\"", name, keymap_row(hidden)->help);
        }
    }
}

static void test_habits(void **state)
{
    (void)state;
    /* design.md 8: the harmless meaning wins. */
    assert_int_equal(keymap_action(PLACE_LIST, K_CTRL('d')), ACT_HALF_DOWN);
    assert_int_equal(keymap_action(PLACE_LIST, K_CTRL('k')), ACT_NONE);
    assert_int_equal(keymap_action(PLACE_LIST, K_DELETE), ACT_NONE);
    assert_int_equal(keymap_action(PLACE_GLOBAL, K_DELETE), ACT_NONE);
    assert_int_equal(keymap_action(PLACE_LIST, 'j'), ACT_DOWN);
    assert_int_equal(keymap_action(PLACE_LIST, K_UP), ACT_UP);
    assert_int_equal(keymap_action(PLACE_LIST, 'd'), ACT_DESCRIBE);
    assert_int_equal(keymap_action(PLACE_LIST, 'y'), ACT_YAML);
    assert_int_equal(keymap_action(PLACE_LIST, '/'), ACT_FILTER);
    assert_int_equal(keymap_action(PLACE_GLOBAL, 'x'), ACT_FIX);
    assert_int_equal(keymap_action(PLACE_GLOBAL, 'H'), ACT_FIX_HEALTH);
    assert_int_equal(keymap_action(PLACE_GLOBAL, 'D'), ACT_FIX_TRAFFIC);
    assert_int_equal(keymap_action(PLACE_GLOBAL, 'u'), ACT_UNDO);
    assert_int_equal(keymap_action(PLACE_GLOBAL, 'r'), ACT_REFRESH);
    assert_int_equal(keymap_action(PLACE_GLOBAL, K_CTRL('l')), ACT_REDRAW);
    assert_int_equal(keymap_action(PLACE_GLOBAL, 'p'), ACT_FREEZE);
    assert_int_equal(keymap_action(PLACE_GLOBAL, K_TAB), ACT_PANE);
    assert_int_equal(keymap_action(PLACE_GLOBAL, '?'), ACT_HELP);
    assert_int_equal(keymap_action(PLACE_GLOBAL, '1'), ACT_VIEW_1);
    assert_int_equal(keymap_action(PLACE_GLOBAL, '7'), ACT_VIEW_7);
    assert_int_equal(keymap_action(PLACE_SHEET, K_ESC), ACT_S_CLOSE);
    assert_int_equal(keymap_action(PLACE_SHEET, 'q'), ACT_S_CLOSE);
    /* A view's letter does nothing on a sheet. */
    assert_int_equal(keymap_action(PLACE_SHEET, 'x'), ACT_NONE);
    assert_int_equal(keymap_action(PLACE_SHEET, 'y'), ACT_NONE);
}

static void test_help_lists_all(void **state)
{
    (void)state;
    DOC_AUTO d = {0};
    keymap_help(&d, PLACE_LIST);
    TEXT_AUTO out = {0};
    doc_plain(&d, &out);
    for (size_t i = 0; i < n_key_rows; i++) {
        if (!strstr(text_str(&out), key_rows[i].help))
            fail_msg("help does not say \"%s\"", key_rows[i].help);
        if (!strstr(text_str(&out), key_rows[i].keys))
            fail_msg("help does not name \"%s\"", key_rows[i].keys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_follow_the_enum),
        cmocka_unit_test(test_every_key_is_known_and_means_one_thing),
        cmocka_unit_test(test_lists_hide_no_global_key),
        cmocka_unit_test(test_habits),
        cmocka_unit_test(test_help_lists_all),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("keymap", tests, NULL, NULL);
}
