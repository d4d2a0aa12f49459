/* Layout is pure: whatever the size, nothing lies off the screen and nothing lies on something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/layout.h"

enum { MAX_RECTS = 16 };

static bool inside(struct rect r, struct rect outer)
{
    return rect_empty(r) || (r.x >= outer.x && r.y >= outer.y && r.x + r.w <= outer.x + outer.w &&
                             r.y + r.h <= outer.y + outer.h);
}

static bool overlap(struct rect a, struct rect b)
{
    return !rect_empty(a) && !rect_empty(b) && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h &&
           b.y < a.y + a.h;
}

static void check(const struct rect *rects, size_t n, struct rect outer, const char *what, int w, int h)
{
    for (size_t i = 0; i < n; i++) {
        if (rects[i].w < 0 || rects[i].h < 0 || !inside(rects[i], outer))
            fail_msg("%s: pane %zu of %dx%d lies outside: %d,%d %dx%d", what, i, w, h, rects[i].x, rects[i].y,
                     rects[i].w, rects[i].h);
        for (size_t k = i + 1; k < n; k++)
            if (overlap(rects[i], rects[k]))
                fail_msg("%s: panes %zu and %zu of %dx%d overlap", what, i, k, w, h);
    }
}

static void test_frame(void **state)
{
    (void)state;
    for (int w = 40; w <= 300; w += 7)
        for (int h = 10; h <= 100; h += 3)
            for (int banner = 0; banner <= 8; banner += 4) {
                struct layout l = layout_frame(w, h, banner);
                struct rect all[] = {l.header, l.tabs, l.verdict, l.banner, l.body, l.sources, l.hints};
                check(all, sizeof all / sizeof *all, (struct rect){0, 0, w, h}, "frame", w, h);
                assert_int_equal(l.header.h, 1);
                assert_int_equal(l.verdict.h, 1);
                assert_int_equal(l.hints.h, 1);
                assert_int_equal(l.sources.h, 1);
                assert_true(l.body.h >= 4);
            }
}

static void test_overview(void **state)
{
    (void)state;
    static const struct overview_wants worlds[] = {
        {.cause = 6, .probes = 4, .backends = 5, .findings = 7, .tenants = 4, .services = 3, .nodes = 5},
        {.cause = 2, .probes = 4, .backends = 3, .findings = 3, .tenants = 3, .services = 3, .nodes = 3},
        {.cause = 14,
         .probes = 4,
         .backends = 202,
         .findings = 90,
         .tenants = 202,
         .services = 30,
         .nodes = 300},
    };
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++)
        for (int w = 40; w <= 300; w++)
            for (int h = 10; h <= 100; h++) {
                struct layout l = layout_frame(w, h, 0);
                struct overview o = layout_overview(l.body, &worlds[i]);
                struct rect all[] = {o.path,    o.cause,    o.probes, o.backends, o.findings,
                                     o.tenants, o.services, o.nodes,  o.routes};
                check(all, sizeof all / sizeof *all, l.body, "overview", w, h);
                assert_true(o.path.h >= 1);
            }
}

static void test_small_overview_keeps_the_essentials(void **state)
{
    (void)state;
    struct overview_wants want = {
        .cause = 6, .probes = 3, .backends = 5, .findings = 7, .tenants = 4, .services = 3, .nodes = 5};
    struct overview o = layout_overview(layout_frame(80, 24, 0).body, &want);
    /* 80x24 shows path, cause, both probers and at least three backends (title and headings are two rows). */
    assert_int_equal(o.path.h, 3);
    assert_true(o.cause.h >= 5);
    assert_int_equal(o.probes.h, 3);
    assert_true(o.backends.h >= 5);
    /* 40x10: the path and what is wrong. */
    o = layout_overview(layout_frame(40, 10, 0).body, &want);
    assert_int_equal(o.path.h, 1);
    assert_true(o.cause.h >= 2);
}

static void test_bigger_screens_show_more(void **state)
{
    (void)state;
    struct overview_wants want = {
        .cause = 10, .probes = 4, .backends = 5, .findings = 7, .tenants = 6, .services = 3, .nodes = 5};
    struct overview o = layout_overview(layout_frame(120, 40, 0).body, &want);
    assert_false(rect_empty(o.findings));
    assert_false(rect_empty(o.tenants));
    o = layout_overview(layout_frame(200, 60, 0).body, &want);
    assert_false(rect_empty(o.nodes));
    assert_false(rect_empty(o.routes));
    assert_false(rect_empty(o.services));
}

static void test_split_and_sheet(void **state)
{
    (void)state;
    for (int w = 40; w <= 300; w += 5)
        for (int h = 10; h <= 100; h += 3) {
            struct rect body = layout_frame(w, h, 0).body;
            for (int rows = 2; rows < 300; rows += 50) {
                struct split s = layout_split(body, rows);
                struct rect both[] = {s.list, s.detail};
                check(both, 2, body, "split", w, h);
                assert_true(s.list.h >= 4);
            }
            struct rect sheet = layout_sheet(w, h);
            check(&sheet, 1, (struct rect){0, 0, w, h}, "sheet", w, h);
            assert_true(sheet.w >= 40 && sheet.h >= 10);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame),
        cmocka_unit_test(test_overview),
        cmocka_unit_test(test_small_overview_keeps_the_essentials),
        cmocka_unit_test(test_bigger_screens_show_more),
        cmocka_unit_test(test_split_and_sheet),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
