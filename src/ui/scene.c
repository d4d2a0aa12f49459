/* What all views share: lists as tables, panes, the detail beside a list. */
#include "view.h"

#include <views_registry.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct view *const registry[] = {VIEW_REGISTRY};

const struct view *const *views_in_order(size_t *ret_n)
{
    static const struct view *ordered[VIEW_COUNT];
    if (!ordered[0]) {
        for (size_t i = 0; i < VIEW_COUNT; i++) {
            size_t at = i;
            for (; at > 0 && ordered[at - 1]->order > registry[i]->order; at--)
                ordered[at] = ordered[at - 1];
            ordered[at] = registry[i];
        }
    }
    *ret_n = VIEW_COUNT;
    return ordered;
}

/* ---- lists as tables -------------------------------------------------------------------------------------------------------- */

static void bound_cell(const void *ctx, size_t row, int column, struct table_cell *cell)
{
    const struct bound *b = ctx;
    b->list->cell(b->scene, row, column, cell);
}
static uint64_t bound_id(const void *ctx, size_t row)
{
    const struct bound *b = ctx;
    return b->list->id(b->scene, row);
}
static bool bound_fault(const void *ctx, size_t row)
{
    const struct bound *b = ctx;
    return b->list->fault(b->scene, row);
}

struct table_model list_model(struct bound *bound, const struct scene *scene, const struct list *list)
{
    *bound = (struct bound){scene, list};
    return (struct table_model){
        .columns = list->columns,
        .n_columns = list->n_columns,
        .n_rows = list->count(scene),
        .ctx = bound,
        .cell = bound_cell,
        .id = bound_id,
        .fault = list->fault ? bound_fault : NULL,
    };
}

void scene_sync(struct scene *scene, const struct view *view)
{
    struct view_state *state = scene->state;
    if (!state->ready) {
        for (int i = 0; i < VIEW_TABLES; i++)
            table_init(&state->tables[i]);
        state->ready = true;
    }
    for (int i = 0; i < view->n_lists; i++) {
        struct bound bound;
        struct table_model model = list_model(&bound, scene, view->lists[i]);
        table_sync(&state->tables[i], &model, scene->data ? scene->data->serial : 0);
    }
}

/* ---- panes -------------------------------------------------------------------------------------------------------------------- */

struct rect draw_title(struct scene *s, struct rect r, const char *title, const char *remark, bool focused)
{
    struct rect line = rect_take_top(&r, 1);
    if (rect_empty(line))
        return r;
    int used =
        canvas_text(s->canvas, line.x, line.y, line.w, STYLE(focused ? ROLE_TITLE_FOCUS : ROLE_TITLE), title);
    int from = line.x + used + 1, to = line.x + line.w;
    if (remark && *remark && to - from > 4)
        to = canvas_text_right(s->canvas, to, line.y, to - from - 2, STYLE(ROLE_QUIET), remark) - 1;
    canvas_hline(s->canvas, from, line.y, to - from, STYLE(ROLE_LINE));
    return r;
}

static void list_remark(const struct table *t, size_t total, char *out, size_t cap)
{
    char shown[64], n[24], all[24];
    count_text(total, all);
    if (t->n == total)
        str_copy(shown, sizeof shown, all);
    else
        str_format(shown, sizeof shown, "%s of %s", count_text(t->n, n), all);
    str_format(out, cap, "%s%s%s%s%s%s", t->filter.n ? "/" : "", t->filter.n ? t->filter.text : "",
               t->filter.n ? " · " : "", t->faults_only ? "only faults · " : "", shown,
               t->n_marks ? " · marked" : "");
}

static void to_ascii(char *s)
{
    /* The separators of our own remarks; outside text is handled by the canvas. */
    for (char *dot; (dot = strstr(s, "·"));) {
        dot[0] = '|';
        memmove(dot + 1, dot + 2, strlen(dot + 2) + 1);
    }
}

void draw_list(struct scene *s, const struct view *view, int n, struct rect r)
{
    if (rect_empty(r))
        return;
    const struct list *list = view->lists[n];
    struct table *t = &s->state->tables[n];
    struct bound bound;
    struct table_model model = list_model(&bound, s, list);
    s->state->visible[n] = true;
    bool focused = s->state->focus == n;
    char remark[256];
    list_remark(t, model.n_rows, remark, sizeof remark);
    if (s->ascii)
        to_ascii(remark);
    struct rect inner = draw_title(s, r, list->title, remark, focused);
    if (t->n) {
        table_draw(t, &model, s->canvas, inner, focused);
        return;
    }
    bool loading = still_loading(s->data) && model.n_rows == 0;
    const char *why = model.n_rows ? "Nothing passes the filter. Esc clears it." :
                      loading      ? "Loading…" :
                                     list->empty;
    DOC_AUTO doc = {0};
    doc_text(&doc, ROLE_QUIET, s->ascii && loading && !model.n_rows ? "Loading..." : why);
    doc_draw(&doc, s->canvas, rect_inset(inner, 1, 0), 0, 0, NULL);
}

static void draw_detail(struct scene *s, const struct view *view, int n, struct rect r)
{
    size_t row = table_row(&s->state->tables[n]);
    if (rect_empty(r) || row == SIZE_MAX)
        return;
    DOC_AUTO doc = {0};
    view->lists[n]->describe(s, row, &doc);
    struct rect inner = draw_title(s, r, "Details",
                                   doc_rows(&doc, r.w - 2) > (size_t)(r.h - 1) ? "Enter for all" : "", false);
    doc_draw(&doc, s->canvas, rect_inset(inner, 1, 0), 0, 0, NULL);
}

void draw_list_and_detail(struct scene *s, const struct view *view, int n, struct rect r)
{
    struct split split =
        layout_split(r, (int)(s->state->tables[n].n < 200 ? s->state->tables[n].n : 200) + 2);
    draw_list(s, view, n, split.list);
    draw_detail(s, view, n, split.detail);
}

/* ---- findings ------------------------------------------------------------------------------------------------------------------ */

size_t sources_pending(const struct view_data *d)
{
    size_t n = 0;
    for (size_t i = 0; d && d->snapshot && i < d->snapshot->n_sources; i++)
        n += d->snapshot->sources[i].status == SOURCE_PENDING;
    return n;
}

/* The load balancer's own report may take minutes; a verdict without it says that it is still to come. */
static size_t awaited(const struct view_data *d)
{
    size_t n = 0;
    for (size_t i = 0; d->snapshot && i < d->snapshot->n_sources; i++)
        n += d->snapshot->sources[i].status == SOURCE_PENDING && d->snapshot->sources[i].kind != KIND_RULEHEALTH;
    return n;
}

bool still_loading(const struct view_data *d)
{
    if (!d)
        return true;
    if (d->settled)
        return false;
    if (!d->topology || awaited(d) || !d->topology->backends.n)
        return true;
    for (size_t i = 0; i < d->topology->backends.n; i++)
        if (d->topology->backends.items[i].health == HEALTH_UNKNOWN)
            return true;
    return false;
}

const struct finding *root_cause(const struct view_data *d)
{
    for (size_t i = 0; d && d->findings && i < d->findings->n; i++)
        if (!d->findings->items[i].folded && d->findings->items[i].severity != SEVERITY_INFO)
            return &d->findings->items[i];
    return NULL;
}

size_t findings_count(const struct view_data *d, enum severity severity, bool folded_too)
{
    size_t n = 0;
    for (size_t i = 0; d && d->findings && i < d->findings->n; i++)
        n += d->findings->items[i].severity == severity && (folded_too || !d->findings->items[i].folded);
    return n;
}

const struct finding *finding_with_fix(const struct scene *s, const char *gateway)
{
    for (size_t i = 0; s->data && s->data->findings && i < s->data->findings->n; i++) {
        const struct finding *f = &s->data->findings->items[i];
        if (f->fix && (!gateway || !f->gateway || str_eq(f->gateway, gateway)))
            return f;
    }
    return NULL;
}
