#include "layout.h"

static int at_most(int a, int b)
{
    return a < b ? a : b;
}
static int at_least(int a, int b)
{
    return a > b ? a : b;
}

struct layout layout_frame(int w, int h, int banner_rows)
{
    struct layout l = {0};
    struct rect rest = {0, 0, w, h};
    l.header = rect_take_top(&rest, 1);
    if (h >= 28)
        l.tabs = rect_take_top(&rest, 1);
    l.verdict = rect_take_top(&rest, 1);
    l.hints = rect_take_bottom(&rest, h >= 4 ? 1 : 0);
    l.sources = rect_take_bottom(&rest, h >= 8 ? 1 : 0);
    l.banner = rect_take_top(&rest, at_most(banner_rows, at_least(rest.h - 4, 0)));
    l.body = rest;
    return l;
}

/* Gives a pane up to `want` rows of the column, and one blank row after it while there is room for more. */
static struct rect stack(struct rect *column, int want, int least)
{
    if (column->h < least || want <= 0)
        return (struct rect){0};
    struct rect pane = rect_take_top(column, want);
    if (column->h > 4)
        rect_take_top(column, 1);
    return pane;
}

static int path_rows(struct rect body)
{
    return body.h < 9 || body.w < 72 ? 1 : body.h < 14 ? 2 : body.h < 26 ? 3 : 4;
}

static void narrow_overview(struct overview *o, struct rect rest, const struct overview_wants *want)
{
    /* The backends keep a place; the cause gets what the probes leave. */
    int backends = at_most(want->backends, 5);
    int left = rest.h - backends - want->probes - 2;
    o->cause = stack(&rest, at_most(want->cause, at_least(left, at_most(rest.h, 4))), 1);
    o->probes = stack(&rest, at_most(want->probes, rest.h), want->probes);
    o->backends = stack(&rest, rest.h > want->backends + 5 ? want->backends : rest.h, 3);
    o->findings = stack(&rest, rest.h, 4);
}

/* Rows of panes one under the other, with a blank one between. */
static int stacked(const int *rows, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += rows[i] > 0 ? rows[i] + 1 : 0;
    return at_least(sum - 1, 0);
}

static void wide_overview(struct overview *o, struct rect rest, const struct overview_wants *want)
{
    int left_needs = stacked((const int[]){want->cause, want->probes, want->backends}, 3);
    int right_needs = stacked((const int[]){want->findings, want->services, want->nodes, want->tenants}, 4);
    /* What the columns leave, and a part of a very tall screen in any case, lists the routes. */
    int spare = rest.h - at_least(left_needs, at_most(right_needs, rest.h * 2 / 3)) - 1;
    if (rest.h >= 44)
        spare = at_least(spare, rest.h / 4);
    struct rect bottom = spare >= 5 ? rect_take_bottom(&rest, spare) : (struct rect){0};
    if (bottom.h)
        rect_take_bottom(&rest, 1);
    struct rect right = rect_take_right(&rest, rest.w >= 170 ? rest.w * 2 / 5 : rest.w * 5 / 13);
    rect_take_right(&rest, 2);
    struct rect left = rest;
    o->cause = stack(
        &left, at_most(want->cause, at_least(left.h - want->probes - at_most(want->backends, 8) - 2, 6)), 3);
    o->probes = stack(&left, at_most(want->probes, left.h), want->probes);
    o->backends = stack(&left, at_most(left.h, want->backends), 3);
    o->findings = stack(&right, at_most(want->findings, at_least(right.h / 3, 5)), 3);
    o->services = stack(&right, at_most(want->services, 6), 3);
    int nodes = at_most(want->nodes, at_least(right.h / 2, 4));
    o->nodes = right.h >= nodes + 5 ? stack(&right, nodes, 3) : (struct rect){0};
    o->tenants = stack(&right, at_most(right.h, want->tenants), 3);
    o->routes = bottom;
}

struct overview layout_overview(struct rect body, const struct overview_wants *want)
{
    struct overview o = {0};
    struct rect rest = body;
    o.path = rect_take_top(&rest, path_rows(body));
    if (rest.h > 8)
        rect_take_top(&rest, 1);
    if (body.w >= 110 && body.h >= 24)
        wide_overview(&o, rest, want);
    else
        narrow_overview(&o, rest, want);
    return o;
}

struct split layout_split(struct rect body, int list_rows)
{
    struct split s = {.list = body};
    if (body.w >= 150 && body.h >= 12) {
        s.beside = true;
        s.detail = rect_take_right(&s.list, body.w * 2 / 5);
        rect_take_right(&s.list, 2);
    } else if (body.h >= 12) {
        int detail = at_least(body.h / 2, body.h - list_rows - 1);
        s.detail = rect_take_bottom(&s.list, at_most(detail, body.h - 5));
        rect_take_bottom(&s.list, 1);
    }
    return s;
}

struct rect layout_sheet(int w, int h)
{
    int width = w < 90 ? w : at_most(w - 8, 124), height = h < 30 ? h : at_most(h - 4, 56);
    return (struct rect){(w - width) / 2, (h - height) / 2, width, height};
}
