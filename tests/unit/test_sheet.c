/* The sheet of a fix: nothing is applied by one key, nothing but what was shown, and never where it may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "ui/sheet.h"
#include "ui/term.h"

/* ---- the engine's ear ------------------------------------------------------------------------------------------------ */

static struct {
    int plans, applies, cancels;
    char fix[32], gateway[64], choices[128], id[32], typed[64];
} asked;

uint64_t engine_ask(struct engine *e, const struct ask *ask)
{
    (void)e;
    asked.plans += ask->type == ASK_PLAN;
    asked.applies += ask->type == ASK_APPLY;
    asked.cancels += ask->type == ASK_CANCEL;
    str_copy(asked.fix, sizeof asked.fix, str_or(ask->fix, ""));
    str_copy(asked.gateway, sizeof asked.gateway, str_or(ask->gateway, ""));
    str_copy(asked.choices, sizeof asked.choices, str_or(ask->choices, ""));
    str_copy(asked.id, sizeof asked.id, str_or(ask->id, ""));
    str_copy(asked.typed, sizeof asked.typed, str_or(ask->typed, ""));
    return 1;
}

static struct plan *make_plan(const char *id, enum plan_state state)
{
    static struct plan_change change = {
        .verb = "patch",
        .resource = "services",
        .kind = "Service",
        .namespace = "istio-ingress",
        .name = "gw-istio",
        .diff = " spec:\n-  externalTrafficPolicy: Cluster\n+  externalTrafficPolicy: Local\n",
        .command = "kubectl patch service gw-istio"};
    static struct plan_choice choices[] = {
        {"how", "patch", "patch the Service", "at once", true, true, NULL},
        {"how", "overlay", "overlay", "lasting", false, true, NULL},
        {"how", "other", "another way", "", false, false, "not on this gateway"},
        {"probe", "keep", "keep the probe", "", true, true, NULL},
    };
    static struct plan_cost costs[] = {{SEVERITY_WARNING, "two nodes are left out"}};
    struct plan *p = plan_new();
    str_copy(p->id, sizeof p->id, id);
    p->fix = "traffic-policy";
    p->state = state;
    p->title = "externalTrafficPolicy Local on istio-ingress/gw-istio";
    p->target = "prod-cluster";
    p->context = "admin@prod";
    p->cluster = "prod-cluster";
    p->gateway = "istio-ingress/gw";
    p->changes = &change;
    p->n_changes = 1;
    p->choices = choices;
    p->n_choices = 4;
    p->costs = costs;
    p->n_costs = 1;
    p->manifest = "kind: Service\n";
    return p;
}

static struct sheet sheet;
static struct view_data data;

static void open_with(struct plan *p)
{
    memset(&asked, 0, sizeof asked);
    data.plan = NULL;
    sheet_open(&sheet, NULL, &data, "traffic-policy", "istio-ingress/gw", NULL);
    data.plan = p;
    sheet_update(&sheet, &data);
}

static void done(void)
{
    sheet_close(&sheet, NULL);
    if (data.plan)
        plan_unref(data.plan);
    data.plan = NULL;
}

static void press(int key)
{
    assert_int_equal(sheet_key(&sheet, NULL, key), SHEET_STAYS);
}

/* ---- tests ------------------------------------------------------------------------------------------------------------ */

static void test_opening_asks_for_a_plan_and_nothing_else(void **state)
{
    (void)state;
    open_with(make_plan("1", PLAN_READY));
    assert_int_equal(asked.plans, 1);
    assert_int_equal(asked.applies, 0);
    assert_string_equal(asked.fix, "traffic-policy");
    assert_string_equal(asked.gateway, "istio-ingress/gw");
    done();
}

static void test_enter_cancels_at_first(void **state)
{
    (void)state;
    open_with(make_plan("1", PLAN_READY));
    assert_int_equal(sheet_key(&sheet, NULL, K_ENTER), SHEET_CLOSES);
    assert_int_equal(sheet_key(&sheet, NULL, K_ESC), SHEET_CLOSES);
    assert_int_equal(sheet_key(&sheet, NULL, 'q'), SHEET_CLOSES);
    assert_int_equal(asked.applies, 0);
    done();
}

static void test_no_single_key_applies(void **state)
{
    (void)state;
    for (int key = 0; key < 0x180; key++) {
        open_with(make_plan("1", PLAN_READY));
        sheet_key(&sheet, NULL, key);
        assert_int_equal(asked.applies, 0);
        done();
    }
    for (int key = K_UP; key <= K_OTHER; key++) {
        open_with(make_plan("1", PLAN_READY));
        sheet_key(&sheet, NULL, key);
        assert_int_equal(asked.applies, 0);
        done();
    }
}

static void test_apply_takes_moving_and_pressing(void **state)
{
    (void)state;
    open_with(make_plan("20261122T213012-3f2a", PLAN_READY));
    press(K_TAB);
    press(K_ENTER);
    assert_int_equal(asked.applies, 1);
    assert_string_equal(asked.id, "20261122T213012-3f2a");
    /* Pressed again before an answer, it is not asked twice: the focus is on Cancel again. */
    assert_int_equal(sheet_key(&sheet, NULL, K_ENTER), SHEET_CLOSES);
    press(K_TAB);
    press(K_ENTER);
    assert_int_equal(asked.applies, 1);
    done();
}

static void never_applies(struct plan *p)
{
    open_with(p);
    for (int i = 0; i < 12; i++) {
        press(K_TAB);
        sheet_key(&sheet, NULL, K_ENTER);
    }
    assert_int_equal(asked.applies, 0);
    done();
}

static void test_never_where_it_may_not(void **state)
{
    (void)state;
    struct plan *p = make_plan("1", PLAN_READY);
    p->read_only = true;
    never_applies(p);
    p = make_plan("1", PLAN_READY);
    p->refusal = "the listener does not let this namespace in";
    never_applies(p);
    static const enum plan_state states[] = {PLAN_WORKING, PLAN_REFUSED, PLAN_APPLYING, PLAN_VERIFYING,
                                             PLAN_DONE,    PLAN_FAILED,  PLAN_STALE};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        never_applies(make_plan("1", states[i]));
}

static void test_a_protected_target_wants_its_name(void **state)
{
    (void)state;
    struct plan *p = make_plan("1", PLAN_READY);
    p->protected_target = true;
    open_with(p);
    press(K_TAB);
    press(K_ENTER);
    assert_int_equal(asked.applies, 0);
    /* The refusal moves to the field; what is typed goes in there, even the letters that are keys elsewhere. */
    for (const char *s = "prod-cluste"; *s; s++)
        press(*s);
    press(K_ENTER);
    press(K_TAB);
    press(K_ENTER);
    assert_int_equal(asked.applies, 0);
    press('r');
    assert_string_equal(sheet.typed.line, "prod-cluster");
    press(K_ENTER);
    press(K_TAB);
    press(K_ENTER);
    assert_int_equal(asked.applies, 1);
    assert_string_equal(asked.typed, "prod-cluster");
    done();
}

static void test_a_sheet_that_changes_takes_the_focus_back(void **state)
{
    (void)state;
    struct plan *first = make_plan("1", PLAN_READY);
    open_with(first);
    press(K_TAB);
    struct plan *second = make_plan("2", PLAN_READY);
    data.plan = second;
    sheet_update(&sheet, &data);
    assert_int_equal(sheet_key(&sheet, NULL, K_ENTER), SHEET_CLOSES);
    assert_int_equal(asked.applies, 0);
    plan_unref(first);
    done();
}

static void test_an_old_plan_is_not_taken_for_the_new_one(void **state)
{
    (void)state;
    struct plan *old = make_plan("old", PLAN_READY);
    memset(&asked, 0, sizeof asked);
    data.plan = old;
    sheet_open(&sheet, NULL, &data, "traffic-policy", "istio-ingress/gw", NULL);
    sheet_update(&sheet, &data);
    assert_null(sheet.plan);
    press(K_TAB);
    sheet_key(&sheet, NULL, K_ENTER);
    assert_int_equal(asked.applies, 0);
    plan_unref(old);
    data.plan = NULL;
    done();
}

static void test_choices_ask_for_another_plan(void **state)
{
    (void)state;
    open_with(make_plan("1", PLAN_READY));
    press('2');
    assert_int_equal(asked.plans, 2);
    assert_string_equal(asked.choices, "how=overlay,probe=keep");
    assert_int_equal(asked.applies, 0);
    done();
    open_with(make_plan("1", PLAN_READY));
    press('1');
    assert_int_equal(asked.plans, 1);
    press('3');
    assert_int_equal(asked.plans, 1);
    assert_non_null(strstr(sheet.note, "not on this gateway"));
    done();
}

static void test_a_confirmed_sheet_that_comes_back_says_so(void **state)
{
    (void)state;
    struct plan *first = make_plan("1", PLAN_READY);
    open_with(first);
    press(K_TAB);
    press(K_ENTER);
    struct plan *applying = make_plan("1", PLAN_APPLYING), *again = make_plan("2", PLAN_READY);
    data.plan = applying;
    sheet_update(&sheet, &data);
    data.plan = again;
    sheet_update(&sheet, &data);
    assert_non_null(strstr(sheet.note, "Nothing was written"));
    assert_int_equal(sheet_key(&sheet, NULL, K_ENTER), SHEET_CLOSES);
    assert_int_equal(asked.applies, 1);
    plan_unref(first);
    plan_unref(applying);
    done();
}

static void test_hiding_what_is_under_way_does_not_cancel_it(void **state)
{
    (void)state;
    open_with(make_plan("1", PLAN_VERIFYING));
    done();
    assert_int_equal(asked.cancels, 0);
    open_with(make_plan("1", PLAN_READY));
    done();
    assert_int_equal(asked.cancels, 1);
}

static void test_the_face(void **state)
{
    (void)state;
    open_with(make_plan("1", PLAN_READY));
    struct canvas c;
    canvas_init(&c, 120, 40);
    sheet_draw(&sheet, &c);
    TEXT_AUTO all = {0};
    for (int y = 0; y < c.h; y++) {
        canvas_row_text(&c, y, &all);
        text_putc(&all, '\n');
    }
    static const char *const words[] = {"admin@prod",
                                        "istio-ingress/gw-istio",
                                        "-  externalTrafficPolicy: Cluster",
                                        "+  externalTrafficPolicy: Local",
                                        "two nodes are left out",
                                        "kubectl patch service",
                                        "[Cancel]",
                                        "Apply",
                                        "not on this gateway"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strstr(text_str(&all), words[i]))
            fail_msg("the sheet does not show \"%s\"", words[i]);
    assert_null(strstr(text_str(&all), "[Apply]"));
    canvas_free(&c);
    done();
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening_asks_for_a_plan_and_nothing_else),
        cmocka_unit_test(test_enter_cancels_at_first),
        cmocka_unit_test(test_no_single_key_applies),
        cmocka_unit_test(test_apply_takes_moving_and_pressing),
        cmocka_unit_test(test_never_where_it_may_not),
        cmocka_unit_test(test_a_protected_target_wants_its_name),
        cmocka_unit_test(test_a_sheet_that_changes_takes_the_focus_back),
        cmocka_unit_test(test_an_old_plan_is_not_taken_for_the_new_one),
        cmocka_unit_test(test_choices_ask_for_another_plan),
        cmocka_unit_test(test_a_confirmed_sheet_that_comes_back_says_so),
        cmocka_unit_test(test_hiding_what_is_under_way_does_not_cancel_it),
        cmocka_unit_test(test_the_face),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sheet", tests, NULL, NULL);
}
