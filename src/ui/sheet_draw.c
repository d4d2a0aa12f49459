/* The face of the sheet: what, where, why, what it costs, the exact change, then the buttons. */
#include "sheet.h"

#include <string.h>

enum { FOCUS_INPUT = 100, FOCUS_CANCEL, FOCUS_APPLY };      /* as in sheet.c */

static const char *state_words(const struct plan *p)
{
    switch (p->state) {
    case PLAN_WORKING: return "Preparing: access review, fresh read, server dry run";
    case PLAN_READY:
        return p->dry_run ? "Dry run: nothing will be written" : "Ready. Nothing has been changed.";
    case PLAN_REFUSED: return "Not offered";
    case PLAN_APPLYING: return "Applying";
    case PLAN_VERIFYING: return "Written. Waiting for the probes.";
    case PLAN_DONE: return "Done";
    case PLAN_FAILED: return "Failed";
    case PLAN_STALE: return "The world changed under this sheet; it is read again";
    }
    return "";
}

static enum role state_role(const struct plan *p)
{
    switch (p->state) {
    case PLAN_REFUSED:
    case PLAN_STALE: return ROLE_WARN;
    case PLAN_FAILED: return ROLE_BAD;
    case PLAN_DONE: return ROLE_OK;
    case PLAN_APPLYING:
    case PLAN_VERIFYING: return ROLE_ACCENT;
    case PLAN_WORKING:
    case PLAN_READY: return ROLE_QUIET;
    }
    return ROLE_QUIET;
}

static void add_steps(const struct plan *p, struct doc *d, bool ascii)
{
    static const struct {
        const char *utf8, *ascii;
        enum role role;
    } looks[] = {
        [STEP_TODO] = {"○", "o", ROLE_QUIET},
        [STEP_DOING] = {"●", "*", ROLE_ACCENT},
        [STEP_DONE] = {"✓", "+", ROLE_OK},
        [STEP_FAILED] = {"✗", "x", ROLE_BAD},
        [STEP_SKIPPED] = {"–", "-", ROLE_ABSENT},
    };
    for (size_t i = 0; i < p->n_steps; i++) {
        const struct plan_step *step = &p->steps[i];
        doc_add(d, looks[step->state].role, "%s ",
                ascii ? looks[step->state].ascii : looks[step->state].utf8);
        doc_hang(d, 2);
        doc_puts(d, step->state == STEP_TODO || step->state == STEP_SKIPPED ? ROLE_QUIET : ROLE_TEXT,
                 str_or(step->text, ""));
        if (step->detail && *step->detail)
            doc_add(d, step->state == STEP_FAILED ? ROLE_BAD : ROLE_QUIET, "  %s", step->detail);
        doc_end(d);
    }
}

static void add_result(const struct plan *p, struct doc *d)
{
    if (p->state == PLAN_DONE) {
        doc_text(d, ROLE_STRONG, p->outcome);
        if (p->verified_backend && *p->verified_backend)
            doc_field(d, "Verified", ROLE_OK, "%s is %s after %d s", p->verified_backend,
                      str_or(p->verified_health, "?"), (int)(p->verified_after_ms / 1000));
        if (p->undo && *p->undo)
            doc_field(d, "Undo", ROLE_TEXT, "u here, or: %s", p->undo);
    }
    if (p->state == PLAN_FAILED) {
        doc_text(d, ROLE_BAD, p->error.message);
        doc_text(d, ROLE_TEXT, p->error.remedy);
    }
    if (p->refusal && *p->refusal)
        doc_text(d, ROLE_WARN, p->refusal);
    if (p->read_only && !(p->refusal && *p->refusal))
        doc_text(d, ROLE_WARN,
                 "Read-only: this session may look, not change. The commands below do the same by hand.");
}

static void add_costs(const struct plan *p, struct doc *d, bool ascii)
{
    if (p->n_costs)
        doc_heading(d, "What it costs");
    for (size_t i = 0; i < p->n_costs; i++) {
        const struct plan_cost *cost = &p->costs[i];
        doc_add(d, severity_role(cost->severity), "%s ", severity_sign(cost->severity, ascii));
        doc_hang(d, 2);
        doc_puts(d, ROLE_TEXT, str_or(cost->text, ""));
        doc_end(d);
    }
    if (p->owners.n)
        doc_heading(d, "Who else owns these fields");
    for (size_t i = 0; i < p->owners.n; i++)
        doc_line(d, ROLE_TEXT, "%s", p->owners.items[i]);
}

static void add_changes(const struct plan *p, struct doc *d)
{
    if (p->n_changes)
        doc_heading(d, p->state == PLAN_DONE ? "What was changed" : "What will change");
    for (size_t i = 0; i < p->n_changes; i++) {
        const struct plan_change *ch = &p->changes[i];
        bool ns = ch->namespace && *ch->namespace;
        doc_add(d, ROLE_STRONG, "%s %s ", ch->verb, str_or(ch->kind, ch->resource));
        doc_line(d, ROLE_STRONG, "%s%s%s", ns ? ch->namespace : "", ns ? "/" : "", str_or(ch->name, ""));
        d->indent = 2;
        doc_diff(d, str_or(ch->diff, str_or(ch->after, "")));
        for (size_t k = 0; k < ch->warnings.n; k++)
            doc_line(d, ROLE_WARN, "! %s", ch->warnings.items[k]);
        d->indent = 0;
    }
}

static void add_commands(const struct plan *p, struct doc *d)
{
    bool any = false;
    for (size_t i = 0; i < p->n_changes; i++) {
        if (!p->changes[i].command || !*p->changes[i].command)
            continue;
        if (!any)
            doc_heading(d, "The same by hand (c copies)");
        any = true;
        d->indent = 2;
        doc_text(d, ROLE_QUIET, p->changes[i].command);
        d->indent = 0;
    }
}

/* Above the change, so that nobody applies before knowing that there is something to weigh. */
static void add_risks(const struct plan *p, struct doc *d)
{
    size_t n[SEVERITY_CRITICAL + 1] = {0};
    for (size_t i = 0; i < p->n_costs; i++)
        n[p->costs[i].severity]++;
    if (n[SEVERITY_CRITICAL])
        doc_field(d, "Risks", ROLE_BAD, "%zu serious, %zu to weigh: see What it costs", n[SEVERITY_CRITICAL],
                  n[SEVERITY_WARNING]);
    else if (n[SEVERITY_WARNING])
        doc_field(d, "Risks", ROLE_WARN, "%zu to weigh: see What it costs", n[SEVERITY_WARNING]);
}

static void build(struct sheet *s, bool ascii)
{
    struct doc *d = &s->doc;
    const struct plan *p = s->plan;
    doc_reset(d);
    if (!p) {
        doc_line(d, ROLE_QUIET, "Preparing: access review, fresh read, server dry run%s",
                 ascii ? "..." : "…");
        doc_line(d, ROLE_QUIET, "Nothing is changed before you confirm.");
        return;
    }
    doc_line(d, state_role(p), "%s", state_words(p));
    add_result(p, d);
    if (p->state != PLAN_READY && p->state != PLAN_REFUSED)
        add_steps(p, d, ascii);
    doc_end(d);
    doc_field(d, "Target", ROLE_STRONG, "%s%s%s%s", str_or(p->context, "?"),
              p->cluster && *p->cluster ? " (cluster " : "", str_or(p->cluster, ""),
              p->cluster && *p->cluster ? ")" : "");
    if (p->gateway && *p->gateway)
        doc_field(d, "Gateway", ROLE_TEXT, "%s", p->gateway);
    if (p->reason && *p->reason)
        doc_field(d, "Why", ROLE_TEXT, "%s", p->reason);
    if (p->predicted_before || p->predicted_after)
        doc_field(d, "Probe answer", ROLE_TEXT, "%s %s %s (predicted)", str_or(p->predicted_before, "?"),
                  ascii ? "->" : "→", str_or(p->predicted_after, "?"));
    add_risks(p, d);
    add_changes(p, d);
    add_costs(p, d, ascii);
    add_commands(p, d);
    if (p->state == PLAN_READY && p->n_steps) {
        doc_heading(d, "Steps");
        add_steps(p, d, ascii);
    }
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------------------- */

static int draw_button(struct canvas *c, int x, int y, const char *label, bool focused, bool danger)
{
    char text[48];
    str_format(text, sizeof text, focused ? "[%s]" : " %s ", label);
    enum role role = !focused ? ROLE_BUTTON : danger ? ROLE_BUTTON_DANGER : ROLE_BUTTON_FOCUS;
    char padded[64];
    str_format(padded, sizeof padded, " %s ", text);
    return canvas_text(c, x, y, 40, (struct style){(uint8_t)role, (uint8_t)role, 0}, padded);
}

static const char *close_label(const struct plan *p)
{
    if (!p)
        return "Cancel";
    return p->state == PLAN_READY || p->state == PLAN_WORKING || p->state == PLAN_STALE ? "Cancel" :
           plan_in_flight(p) ? "Hide" : "Close";
}

static void draw_buttons(const struct sheet *s, struct canvas *c, struct rect line)
{
    const struct plan *p = s->plan;
    int x = line.x;
    x += draw_button(c, x, line.y, close_label(p), s->focus == FOCUS_CANCEL, false) + 2;
    bool apply = p && p->state == PLAN_READY && !p->refusal && !p->read_only && !s->waiting;
    if (apply)
        x +=
            draw_button(c, x, line.y, p->dry_run ? "Try (dry run)" : "Apply", s->focus == FOCUS_APPLY, true) +
            2;
    if (s->waiting && p && p->state == PLAN_READY && s->confirmed)
        canvas_text(c, x, line.y, line.x + line.w - x, STYLE(ROLE_ACCENT), c->ascii ? "asked..." : "asked…");
}

static void draw_input(const struct sheet *s, struct canvas *c, struct rect line)
{
    char label[400];
    str_format(label, sizeof label, "Protected: type %s to confirm ", s->plan->target);
    int x = line.x + canvas_text(c, line.x, line.y, line.w * 2 / 3, STYLE(ROLE_WARN), label);
    struct rect field = {x, line.y, line.x + line.w - x, 1};
    int cx = c->cursor_x, cy = c->cursor_y;
    prompt_draw(&s->typed, c, field, ROLE_INPUT);
    if (s->focus != FOCUS_INPUT) {
        c->cursor_x = cx;
        c->cursor_y = cy;
    }
}

static const char *choice_rest(const struct plan_choice *ch)
{
    return str_or(ch->allowed ? ch->help : ch->why_not, "");
}

/* One row, or a second one for what is said of it where the first is too short. */
static int choice_rows(const struct plan_choice *ch, int width)
{
    int rest = text_width(choice_rest(ch));
    return rest && 6 + text_width(str_or(ch->label, "")) + rest > width ? 2 : 1;
}

static void draw_choice(const struct sheet *s, struct canvas *c, struct rect r, size_t i)
{
    const struct plan_choice *ch = &s->plan->choices[i];
    if (s->focus == (int)i)
        canvas_ground(c, r, ROLE_SELECTION);
    enum role role = !ch->allowed ? ROLE_ABSENT : ch->selected ? ROLE_STRONG : ROLE_TEXT;
    const char *dot = c->ascii ? (ch->selected ? "(*)" : "( )") : ch->selected ? "●" : "○";
    int x = r.x, right = r.x + r.w;
    x += canvas_printf(c, x, r.y, r.w, STYLE(ROLE_KEY), "%zu ", i + 1);
    x += canvas_printf(c, x, r.y, right - x, STYLE(role), "%s %s", dot, str_or(ch->label, ""));
    if (r.h > 1)
        canvas_text(c, r.x + 4, r.y + 1, r.w - 4, STYLE(ROLE_QUIET), choice_rest(ch));
    else
        canvas_text(c, x + 2, r.y, right - x - 2, STYLE(ROLE_QUIET), choice_rest(ch));
}

static void draw_choices(const struct sheet *s, struct canvas *c, struct rect r)
{
    for (size_t i = 0; s->plan && i < s->plan->n_choices && r.h > 0; i++)
        draw_choice(s, c, rect_take_top(&r, choice_rows(&s->plan->choices[i], r.w)), i);
}

static int all_choice_rows(const struct plan *p, int width)
{
    int rows = 0;
    for (size_t i = 0; p && !plan_in_flight(p) && p->state != PLAN_DONE && i < p->n_choices; i++)
        rows += choice_rows(&p->choices[i], width);
    return rows;
}

void sheet_draw(struct sheet *s, struct canvas *c)
{
    struct rect r = layout_sheet(c->w, c->h);
    enum role old = c->ground;
    canvas_fill(c, r, (struct style){ROLE_TEXT, ROLE_SHEET, 0});
    canvas_box(c, r, (struct style){ROLE_SHEET_LINE, ROLE_SHEET, 0});
    char title[300];
    str_format(title, sizeof title, " %s ", s->plan ? str_or(s->plan->title, s->fix) : s->fix);
    canvas_text(c, r.x + 2, r.y, r.w - 4, (struct style){ROLE_TITLE_FOCUS, ROLE_SHEET, 0}, title);
    struct rect inner = rect_inset(r, 2, 1);
    const struct plan *p = s->plan;
    struct rect buttons = rect_take_bottom(&inner, 1);
    struct rect note = rect_take_bottom(&inner, *s->note && inner.h > 4 ? 1 : 0);
    bool input = p && p->state == PLAN_READY && !p->refusal && !p->read_only && p->protected_target;
    struct rect typed = rect_take_bottom(&inner, input ? 1 : 0);
    int choice_room = all_choice_rows(p, inner.w);
    struct rect choices = rect_take_bottom(&inner, choice_room < inner.h / 2 ? choice_room : inner.h / 2);
    struct rect rule = rect_take_bottom(&inner, inner.h > 6 ? 1 : 0);
    if (!rect_empty(rule))
        canvas_hline(c, rule.x, rule.y, rule.w, STYLE(ROLE_LINE));
    build(s, c->ascii);
    s->page = inner.h;
    s->width = inner.w - 2;
    size_t rows = doc_rows(&s->doc, s->width), most = rows > (size_t)inner.h ? rows - (size_t)inner.h : 0;
    s->top = s->top > most ? most : s->top;
    doc_draw(&s->doc, c, (struct rect){inner.x, inner.y, s->width, inner.h}, s->top, 0, NULL);
    canvas_scrollbar(c, inner.x + inner.w - 1, inner.y, inner.h, s->top, rows);
    draw_choices(s, c, choices);
    if (input)
        draw_input(s, c, typed);
    if (!rect_empty(note))
        canvas_text(c, note.x, note.y, note.w, STYLE(ROLE_WARN), s->note);
    draw_buttons(s, c, buttons);
    c->ground = old;
}
