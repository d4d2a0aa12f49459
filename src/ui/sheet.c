#include "sheet.h"

#include "term.h"

#include <string.h>

/* What Tab goes through: the choices in their order, then these. */
enum { FOCUS_INPUT = 100, FOCUS_CANCEL, FOCUS_APPLY };

bool plan_in_flight(const struct plan *p)
{
    return p && (p->state == PLAN_APPLYING || p->state == PLAN_VERIFYING);
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------- */

static void ask_plan(struct sheet *s, struct engine *engine, struct plan *before, const char *choices)
{
    s->waiting = true;
    s->focus = FOCUS_CANCEL;
    s->top = 0;
    struct plan *old = s->before;
    s->before = before ? plan_ref(before) : NULL;
    if (old)
        plan_unref(old);
    engine_ask(engine, &(struct ask){
        .type = ASK_PLAN,
        .fix = s->fix,
        .gateway = *s->gateway ? s->gateway : NULL,
        .id = *s->undo_id ? s->undo_id : NULL,
        .choices = choices,
    });
}

void sheet_open(struct sheet *s, struct engine *engine, const struct view_data *data, const char *fix,
                const char *gateway, const char *undo_id)
{
    *s = (struct sheet){.open = true};
    str_copy(s->fix, sizeof s->fix, fix);
    str_copy(s->gateway, sizeof s->gateway, str_or(gateway, ""));
    str_copy(s->undo_id, sizeof s->undo_id, str_or(undo_id, ""));
    prompt_open(&s->typed, "", "", NULL);
    ask_plan(s, engine, data ? data->plan : NULL, NULL);
}

void sheet_reopen(struct sheet *s, struct plan *plan)
{
    *s = (struct sheet){.open = true, .plan = plan_ref(plan), .focus = FOCUS_CANCEL};
    str_copy(s->fix, sizeof s->fix, str_or(plan->fix, ""));
    str_copy(s->gateway, sizeof s->gateway, str_or(plan->gateway, ""));
    prompt_open(&s->typed, "", "", NULL);
}

static void drop_plans(struct sheet *s)
{
    if (s->plan)
        plan_unref(s->plan);
    if (s->before)
        plan_unref(s->before);
    s->plan = s->before = NULL;
}

void sheet_close(struct sheet *s, struct engine *engine)
{
    /* What is under way goes on; a sheet that was only read is forgotten. */
    if (s->plan && !plan_in_flight(s->plan))
        engine_ask(engine, &(struct ask){.type = ASK_CANCEL, .id = s->plan->id});
    drop_plans(s);
    doc_free(&s->doc);
    *s = (struct sheet){0};
}

/* A sheet that was confirmed and comes back to be read again: what was confirmed is no longer what would happen. */
static void note_change(struct sheet *s, const struct plan *now, bool other)
{
    const char *why = now->state == PLAN_STALE ? str_or(now->outcome, "") : "";
    bool again = s->confirmed &&
                 (now->state == PLAN_WORKING || now->state == PLAN_READY || now->state == PLAN_REFUSED);
    if (now->state == PLAN_STALE || again)
        str_format(s->note, sizeof s->note, "Nothing was written: %s. Read the sheet again.",
                   *why ? why : "the world changed under this sheet");
    else if (other && !s->came_back)
        s->note[0] = '\0';
    s->came_back = now->state == PLAN_STALE || (again && now->state == PLAN_WORKING);
    if ((again && now->state != PLAN_WORKING) || now->state == PLAN_VERIFYING || now->state == PLAN_DONE ||
        now->state == PLAN_FAILED)
        s->confirmed = false;
}

void sheet_update(struct sheet *s, const struct view_data *data)
{
    struct plan *now = data ? data->plan : NULL;
    if (!s->open || !now || (s->waiting && now == s->before) || now == s->plan)
        return;
    bool other = !s->plan || !str_eq(s->plan->id, now->id);
    enum plan_state was = s->plan ? s->plan->state : PLAN_WORKING;
    if (s->plan)
        plan_unref(s->plan);
    s->plan = plan_ref(now);
    s->waiting = false;
    note_change(s, now, other);
    /* Whatever changed on the sheet, the harmless button has the focus. */
    if (other || was != now->state) {
        s->focus = FOCUS_CANCEL;
        s->top = 0;
    }
}

/* ---- what may be done ----------------------------------------------------------------------------------------------------------- */

static bool may_apply(const struct plan *p)
{
    return p && p->state == PLAN_READY && !p->refusal && !p->read_only;
}

static bool wants_name(const struct plan *p)
{
    return may_apply(p) && p->protected_target;
}

static bool name_is_right(const struct sheet *s)
{
    return !wants_name(s->plan) || str_eq(s->typed.line, s->plan->target);
}

static void pick(struct sheet *s, struct engine *engine, size_t index)
{
    const struct plan *p = s->plan;
    if (!p || index >= p->n_choices || plan_in_flight(p) || p->state == PLAN_DONE || s->waiting)
        return;
    const struct plan_choice *picked = &p->choices[index];
    if (!picked->allowed) {
        str_format(s->note, sizeof s->note, "Not possible: %s", str_or(picked->why_not, "not offered here"));
        return;
    }
    if (picked->selected)
        return;
    TEXT_AUTO choices = {0};
    for (size_t i = 0; i < p->n_choices; i++) {
        bool same_group = str_eq(p->choices[i].group, picked->group);
        if (same_group ? i == index : p->choices[i].selected)
            text_printf(&choices, "%s%s=%s", choices.len ? "," : "", p->choices[i].group, p->choices[i].id);
    }
    str_format(s->note, sizeof s->note, "Preparing the sheet for: %s", picked->label);
    ask_plan(s, engine, s->plan, text_str(&choices));
}

static void apply(struct sheet *s, struct engine *engine)
{
    if (!may_apply(s->plan) || s->waiting)
        return;
    if (!name_is_right(s)) {
        str_format(s->note, sizeof s->note, "Type %s to confirm: this target is protected.", s->plan->target);
        s->focus = FOCUS_INPUT;
        return;
    }
    s->note[0] = '\0';
    engine_ask(engine, &(struct ask){.type = ASK_APPLY, .id = s->plan->id, .typed = s->typed.line});
    s->waiting = s->confirmed = true;
    if (s->before)
        plan_unref(s->before);
    s->before = plan_ref(s->plan);
    s->focus = FOCUS_CANCEL;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------------ */

static int next_focus(const struct sheet *s, int step)
{
    int stops[32], n = 0, at = 0;
    const struct plan *p = s->plan;
    for (size_t i = 0; p && !plan_in_flight(p) && i < p->n_choices && n < 24; i++)
        stops[n++] = (int)i;
    if (wants_name(p))
        stops[n++] = FOCUS_INPUT;
    stops[n++] = FOCUS_CANCEL;
    if (may_apply(p))
        stops[n++] = FOCUS_APPLY;
    for (int i = 0; i < n; i++)
        if (stops[i] == s->focus)
            at = i;
    return stops[(at + step + n) % n];
}

static void scroll(struct sheet *s, long by)
{
    size_t rows = doc_rows(&s->doc, s->width), most = rows > (size_t)s->page ? rows - (size_t)s->page : 0;
    long to = (long)s->top + by;
    s->top = to < 0 ? 0 : (size_t)to > most ? most : (size_t)to;
}

static enum sheet_result press(struct sheet *s, struct engine *engine)
{
    if (s->focus == FOCUS_CANCEL)
        return SHEET_CLOSES;
    if (s->focus == FOCUS_APPLY)
        apply(s, engine);
    else if (s->focus < FOCUS_INPUT)
        pick(s, engine, (size_t)s->focus);
    return SHEET_STAYS;
}

/* True when the key went into the name that is being typed. */
static bool input_key(struct sheet *s, int key)
{
    if (s->focus != FOCUS_INPUT || key == K_TAB || key == K_BACKTAB || key == K_ESC || key == K_UP ||
        key == K_DOWN || key == K_PGUP || key == K_PGDN)
        return false;
    if (key == K_ENTER) {
        s->focus = next_focus(s, 1);
        return true;
    }
    if (key != K_BACKSPACE || s->typed.line[0])
        prompt_key(&s->typed, key);
    return true;
}

enum sheet_result sheet_key(struct sheet *s, struct engine *engine, int key)
{
    if (input_key(s, key))
        return SHEET_STAYS;
    enum action action = keymap_action(PLACE_SHEET, key);
    switch ((int)action) {
    case ACT_S_NEXT: s->focus = next_focus(s, 1); break;
    case ACT_S_BACK: s->focus = next_focus(s, -1); break;
    case ACT_S_PRESS: return press(s, engine);
    case ACT_S_UP: scroll(s, -1); break;
    case ACT_S_DOWN: scroll(s, 1); break;
    case ACT_S_PAGE_UP: scroll(s, -(s->page - 1)); break;
    case ACT_S_PAGE_DOWN: scroll(s, s->page - 1); break;
    case ACT_S_FIRST: s->top = 0; break;
    case ACT_S_FINAL: scroll(s, 1L << 30); break;
    case ACT_S_COPY: return SHEET_COPIES;
    case ACT_S_CLOSE: return SHEET_CLOSES;
    case ACT_S_CHOICE_1:
    case ACT_S_CHOICE_2:
    case ACT_S_CHOICE_3:
    case ACT_S_CHOICE_4:
    case ACT_S_CHOICE_5:
    case ACT_S_CHOICE_6: pick(s, engine, (size_t)action - ACT_S_CHOICE_1); break;
    default: break;
    }
    return SHEET_STAYS;
}

void sheet_copy_text(const struct sheet *s, struct text *out)
{
    const struct plan *p = s->plan;
    if (!p)
        return;
    for (size_t i = 0; i < p->n_changes; i++)
        if (p->changes[i].command && *p->changes[i].command)
            text_printf(out, "# %s\n", p->changes[i].command);
    text_puts(out, str_or(p->manifest, ""));
}
