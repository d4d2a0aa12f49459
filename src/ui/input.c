/* From keys to actions. Nothing here changes the world: a fix is only asked for as a plan, and applied on its sheet. */
#include "app.h"

#include "term.h"

#include <string.h>

static struct view_state *state_of(struct app *a)
{
    return &a->states[a->view->order];
}

static const struct list *focused_list(struct app *a)
{
    return a->view->lists[state_of(a)->focus];
}

static struct table *focused_table(struct app *a)
{
    return &state_of(a)->tables[state_of(a)->focus];
}

/* ---- moving between views ------------------------------------------------------------------------------------------------------ */

void app_jump(struct app *a, const struct jump *jump)
{
    const struct view *to = app_view_named(jump->view);
    if (!to)
        return;
    if (to != a->view && a->n_drill < HISTORY_MAX)
        a->drill[a->n_drill++] = a->view;
    int n_drill = a->n_drill;
    app_show(a, to);
    a->n_drill = n_drill;
    struct scene s = app_scene(a);
    scene_sync(&s, to);
    struct table *t = &s.state->tables[jump->list];
    s.state->focus = jump->list;
    if (jump->filter)
        filter_set(&t->filter, jump->filter, to->lists[jump->list]->columns,
                   to->lists[jump->list]->n_columns);
    if (jump->id)
        t->selected = jump->id;
    t->faults_only = jump->filter ? false : t->faults_only;
    t->dirty = true;
}

static void walk_history(struct app *a, int step)
{
    int to = a->at_history + step;
    if (to < 0 || to >= a->n_history) {
        app_flash(a, ROLE_QUIET, step < 0 ? "No older view." : "No newer view.");
        return;
    }
    a->last = a->view;
    a->at_history = to;
    a->view = a->history[to];
    a->n_drill = 0;
}

static bool go_back(struct app *a)
{
    if (a->pager.open) {
        pager_close(&a->pager);
        return true;
    }
    struct table *t = focused_table(a);
    if (t->filter.n || t->faults_only || t->n_marks) {
        filter_clear(&t->filter);
        t->faults_only = false;
        t->n_marks = 0;
        t->dirty = true;
        return true;
    }
    if (a->n_drill) {
        const struct view *to = a->drill[a->n_drill - 1];
        int n = a->n_drill - 1;
        app_show(a, to);
        a->n_drill = n;
        return true;
    }
    return false;
}

static void next_pane(struct app *a, int step)
{
    struct view_state *state = state_of(a);
    for (int i = 1; i <= a->view->n_lists; i++) {
        int at = (state->focus + step * i + 2 * a->view->n_lists) % a->view->n_lists;
        if (state->visible[at]) {
            state->focus = at;
            return;
        }
    }
}

/* ---- fixes: sheets only ------------------------------------------------------------------------------------------------------------ */

static bool reopen_running(struct app *a)
{
    if (!a->data || !plan_in_flight(a->data->plan))
        return false;
    sheet_reopen(&a->sheet, a->data->plan);
    return true;
}

static const char *selected_gateway(struct app *a)
{
    struct scene s = app_scene(a);
    const struct list *list = focused_list(a);
    size_t row = table_row(focused_table(a));
    const char *gateway = list->gateway && row != SIZE_MAX ? list->gateway(&s, row) : NULL;
    if (gateway)
        return gateway;
    const struct finding *f = root_cause(a->data);
    if (f && f->gateway)
        return f->gateway;
    return s.topo->gateways.n ? s.topo->gateways.items[0].gateway : NULL;
}

static void open_sheet(struct app *a, const char *fix, const char *gateway, const char *undo_id)
{
    if (!reopen_running(a))
        sheet_open(&a->sheet, a->engine, a->data, fix, gateway, undo_id);
}

/* The finding that `x` means: the selected one; where a row has none with a fix, one of the row's gateway. On the
 * overview the root cause comes first, because that is what the screen speaks of. */
static const struct finding *meant_finding(struct app *a)
{
    struct scene s = app_scene(a);
    const struct list *list = focused_list(a);
    size_t row = table_row(focused_table(a));
    const struct finding *f = NULL;
    if (str_eq(a->view->name, "overview") && list != &list_findings && (f = root_cause(a->data)) && f->fix)
        return f;
    f = list->finding && row != SIZE_MAX ? list->finding(&s, row) : NULL;
    if (f && (f->fix || list == &list_findings))
        return f;
    const char *gateway = list->gateway && row != SIZE_MAX ? list->gateway(&s, row) : NULL;
    const struct finding *other = finding_with_fix(&s, gateway);
    return other ? other : f;
}

static void open_fix(struct app *a)
{
    const struct finding *f = meant_finding(a);
    if (reopen_running(a))
        return;
    if (!f)
        app_flash(a, ROLE_QUIET, "No finding here, nothing to fix.");
    else if (!f->fix)
        app_flash(a, ROLE_TEXT, "No fix of this program for %s: %s", f->code,
                  str_or(f->remedy, "see its evidence"));
    else
        open_sheet(a, f->fix, f->gateway ? f->gateway : selected_gateway(a), NULL);
}

static void open_named_fix(struct app *a, const char *fix)
{
    const char *gateway = selected_gateway(a);
    if (!gateway && !reopen_running(a))
        app_flash(a, ROLE_WARN, "No Gateway is known yet: there is nothing to make a plan for.");
    else if (!a->sheet.open)
        open_sheet(a, fix, gateway, NULL);
}

static void open_undo(struct app *a)
{
    if (reopen_running(a))
        return;
    if (!a->data || !a->data->undoable[0])
        app_flash(a, ROLE_QUIET, "Nothing to undo.");
    else
        open_sheet(a, "undo", NULL, a->data->undoable);
}

void app_close_sheet(struct app *a)
{
    sheet_close(&a->sheet, a->engine);
}

/* ---- text of a row -------------------------------------------------------------------------------------------------------------------- */

static void describe(struct app *a)
{
    const struct list *list = focused_list(a);
    size_t row = table_row(focused_table(a));
    struct scene s = app_scene(a);
    if (row == SIZE_MAX) {
        app_flash(a, ROLE_QUIET, "Nothing is selected.");
        return;
    }
    char title[160];
    str_format(title, sizeof title, "%s: details", list->title);
    pager_open(&a->pager, PAGER_ROW, title);
    a->pager.list = list;
    a->pager.id = list->id(&s, row);
    pager_update(&a->pager, &s);
}

static void open_row(struct app *a)
{
    const struct list *list = focused_list(a);
    size_t row = table_row(focused_table(a));
    struct scene s = app_scene(a);
    struct jump jump = {0};
    if (list->open && row != SIZE_MAX)
        jump = list->open(&s, row);
    if (jump.view)
        app_jump(a, &jump);
    else
        describe(a);
}

static void ask_document(struct app *a, enum ask_type type)
{
    const struct list *list = focused_list(a);
    size_t row = table_row(focused_table(a));
    struct scene s = app_scene(a);
    struct object_name object;
    if (row == SIZE_MAX || !list->object || !list->object(&s, row, &object)) {
        app_flash(a, ROLE_QUIET, "This row is no object of its own: d describes it.");
        return;
    }
    char title[256];
    str_format(title, sizeof title, "%s %s%s%s: %s", object.kind, object.namespace,
               *object.namespace ? "/" : "", object.name, type == ASK_YAML ? "YAML" : "events");
    pager_open(&a->pager, PAGER_DOCUMENT, title);
    a->pager.yaml = type == ASK_YAML;
    a->pager.request = engine_ask(
        a->engine,
        &(struct ask){.type = type, .kind = object.kind, .namespace = object.namespace, .name = object.name});
    pager_update(&a->pager, &s);
}

static void row_text(const struct scene *s, const struct list *list, size_t row, struct text *out)
{
    for (int i = 0; i < list->n_columns; i++) {
        struct table_cell cell = {.text = ""};
        list->cell(s, row, i, &cell);
        text_printf(out, "%s%s", i ? "\t" : "", cell.text);
    }
    text_putc(out, '\n');
}

static void copy_rows(struct app *a)
{
    const struct snapshot *snapshot = a->data ? a->data->snapshot : NULL;
    if (snapshot && snapshot->env.prompt && *snapshot->env.prompt) {
        app_copy(a, snapshot->env.prompt, strlen(snapshot->env.prompt), "The login's text");
        return;
    }
    const struct list *list = focused_list(a);
    struct table *t = focused_table(a);
    struct scene s = app_scene(a);
    TEXT_AUTO out = {0};
    size_t n = 0;
    for (size_t i = 0; i < t->n && t->n_marks; i++)
        if (table_is_marked(t, list->id(&s, t->order[i]))) {
            row_text(&s, list, t->order[i], &out);
            n++;
        }
    size_t row = table_row(t);
    if (!n && row != SIZE_MAX) {
        row_text(&s, list, row, &out);
        n = 1;
    }
    char what[40];
    str_format(what, sizeof what, n == 1 ? "The row" : "%zu rows", n);
    if (n)
        app_copy(a, text_str(&out), out.len, what);
}

/* ---- the line where one types ------------------------------------------------------------------------------------------------------------ */

static void open_prompt(struct app *a, enum prompt_use use)
{
    a->prompt_use = use;
    a->flash[0] = '\0';
    if (use == PROMPT_COMMAND) {
        prompt_open(&a->prompt, ":", "", &a->commands);
        a->prompt.complete = command_complete;
        a->prompt.ctx = a;
    } else if (use == PROMPT_FILTER) {
        str_copy(a->filter_before, sizeof a->filter_before, focused_table(a)->filter.text);
        a->filter_anchor = focused_table(a)->selected;
        prompt_open(&a->prompt, "/", a->filter_before, &a->filters);
    } else {
        prompt_open(&a->prompt, "/", "", &a->searches);
    }
}

static void set_filter(struct app *a, const char *text)
{
    struct table *t = focused_table(a);
    if (str_eq(t->filter.text, text))
        return;
    filter_set(&t->filter, text, focused_list(a)->columns, focused_list(a)->n_columns);
    /* Half a word may hide the row that the whole one shows: hold on to where we were, else to the first row. */
    t->selected = a->filter_anchor;
    t->cursor = 0;
    t->dirty = true;
}

static void prompt_input(struct app *a, int key)
{
    enum prompt_use use = a->prompt_use;
    enum prompt_result result = prompt_key(&a->prompt, key);
    /* The filter works while it is typed. */
    if (use == PROMPT_FILTER)
        set_filter(a, result == PROMPT_CANCELLED ? a->filter_before : a->prompt.line);
    if (result == PROMPT_EDITING)
        return;
    a->prompt_use = PROMPT_NONE;
    if (result == PROMPT_CANCELLED)
        return;
    if (use == PROMPT_COMMAND)
        command_run(a, a->prompt.line);
    else if (use == PROMPT_SEARCH)
        pager_search(&a->pager, a->prompt.line, false, false);
}

/* ---- actions ---------------------------------------------------------------------------------------------------------------------------- */

void app_ask_to_quit(struct app *a)
{
    bool running = a->data && plan_in_flight(a->data->plan);
    if (running && a->mono_ms - a->quit_asked > FLASH_MS) {
        a->quit_asked = a->mono_ms;
        app_flash(a, ROLE_WARN,
                  "A fix is under way. Press again to leave it; its journal says how far it came.");
        return;
    }
    a->quit = true;
}

void app_refresh(struct app *a)
{
    engine_ask(a->engine, &(struct ask){.type = ASK_REFRESH});
    app_flash(a, ROLE_QUIET, "Asked all sources. Backend health follows the probes' own clock.");
}

static void toggle_freeze(struct app *a)
{
    a->frozen = !a->frozen;
    if (a->frozen)
        return;
    if (a->held) {
        view_data_unref(a->data);
        a->data = a->held;
        a->held = NULL;
    }
    a->held_back = 0;
}

static void show_numbered(struct app *a, int number)
{
    size_t n;
    const struct view *const *views = views_in_order(&n);
    for (size_t i = 0; i < n; i++)
        if (views[i]->order == number) {
            pager_close(&a->pager);
            app_show(a, views[i]);
            a->n_drill = 0;
            return;
        }
    app_flash(a, ROLE_QUIET, "The timeline is not in this version.");
}

static void global_action(struct app *a, enum action action)
{
    switch ((int)action) {
    case ACT_VIEW_1:
    case ACT_VIEW_2:
    case ACT_VIEW_3:
    case ACT_VIEW_4:
    case ACT_VIEW_5:
    case ACT_VIEW_6:
    case ACT_VIEW_7: show_numbered(a, (int)action - ACT_VIEW_1 + 1); break;
    case ACT_HELP: app_help(a); break;
    case ACT_COMMAND: open_prompt(a, PROMPT_COMMAND); break;
    case ACT_BACK: go_back(a); break;
    case ACT_QUIT_BACK:
        if (!go_back(a))
            app_ask_to_quit(a);
        break;
    case ACT_QUIT: app_ask_to_quit(a); break;
    case ACT_LAST:
        if (a->last)
            app_show(a, a->last);
        break;
    case ACT_OLDER: walk_history(a, -1); break;
    case ACT_NEWER: walk_history(a, 1); break;
    case ACT_TIME_BACK:
    case ACT_TIME_ON: app_flash(a, ROLE_QUIET, "The timeline is not in this version."); break;
    case ACT_PANE: next_pane(a, 1); break;
    case ACT_PANE_BACK: next_pane(a, -1); break;
    case ACT_FIX: open_fix(a); break;
    case ACT_FIX_HEALTH: open_named_fix(a, "health-route"); break;
    case ACT_FIX_TRAFFIC: open_named_fix(a, "traffic-policy"); break;
    case ACT_UNDO: open_undo(a); break;
    case ACT_REFRESH: app_refresh(a); break;
    case ACT_REDRAW: term_redraw(); break;
    case ACT_FREEZE: toggle_freeze(a); break;
    case ACT_SUSPEND: term_suspend(); break;
    default: break;
    }
}

static void list_action(struct app *a, enum action action)
{
    struct scene s = app_scene(a);
    struct bound bound;
    struct table_model model = list_model(&bound, &s, focused_list(a));
    switch ((int)action) {
    case ACT_OPEN: open_row(a); break;
    case ACT_FILTER: open_prompt(a, PROMPT_FILTER); break;
    case ACT_DESCRIBE: describe(a); break;
    case ACT_YAML: ask_document(a, ASK_YAML); break;
    case ACT_EVENTS: ask_document(a, ASK_EVENTS); break;
    case ACT_COPY: copy_rows(a); break;
    default: table_act(focused_table(a), &model, action); break;
    }
}

static void pager_input(struct app *a, enum action action)
{
    if (action == ACT_P_SEARCH) {
        open_prompt(a, PROMPT_SEARCH);
    } else if (action == ACT_P_COPY) {
        TEXT_AUTO out = {0};
        doc_plain(&a->pager.doc, &out);
        app_copy(a, text_str(&out), out.len, "The text");
    } else {
        pager_act(&a->pager, action);
    }
}

static void sheet_input(struct app *a, int key)
{
    enum action global = keymap_action(PLACE_GLOBAL, key);
    if (global == ACT_QUIT || global == ACT_REDRAW || global == ACT_SUSPEND) {
        global_action(a, global);
        return;
    }
    /* The sheet of what was done offers it: "Undo: u here". */
    if (global == ACT_UNDO && a->sheet.plan && a->sheet.plan->state == PLAN_DONE && a->sheet.plan->undo) {
        app_close_sheet(a);
        open_undo(a);
        return;
    }
    switch (sheet_key(&a->sheet, a->engine, key)) {
    case SHEET_CLOSES: app_close_sheet(a); break;
    case SHEET_COPIES: {
        TEXT_AUTO out = {0};
        sheet_copy_text(&a->sheet, &out);
        app_copy(a, text_str(&out), out.len, "Manifest and commands");
        str_copy(a->sheet.note, sizeof a->sheet.note, a->flash);
        break;
    }
    case SHEET_STAYS: break;
    }
}

void app_key(struct app *a, int key)
{
    a->flash[0] = '\0';
    if (a->prompt_use != PROMPT_NONE) {
        prompt_input(a, key);
        return;
    }
    if (a->sheet.open) {
        sheet_input(a, key);
        return;
    }
    enum action own = keymap_action(a->pager.open ? PLACE_PAGER : PLACE_LIST, key);
    if (own != ACT_NONE && a->pager.open)
        pager_input(a, own);
    else if (own != ACT_NONE)
        list_action(a, own);
    else if ((own = keymap_action(PLACE_GLOBAL, key)) != ACT_NONE)
        global_action(a, own);
    else if (key >= 0)
        app_flash(a, ROLE_QUIET, "No such key here. ? shows all.");
}
