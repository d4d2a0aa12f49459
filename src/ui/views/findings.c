/* Findings: root causes first; symptoms folded under them are shown, quieter. */
#include "../view.h"

#include <string.h>

static const struct table_column columns[] = {
    {.title = "SEVERITY"},
    {.title = "FINDING", .min = 44, .weight = 4},
    {.title = "SUBJECT", .min = 24, .weight = 1, .drop = 3},
    {.title = "CODE", .min = 20, .drop = 2},
    {.title = "FIX", .drop = 1},
    {.title = "SURE", .drop = 4},
};
enum { COL_SEVERITY, COL_TITLE, COL_SUBJECT, COL_CODE, COL_FIX, COL_SURE };

static const struct finding *at(const struct scene *s, size_t row)
{
    return &s->data->findings->items[row];
}

static size_t count(const struct scene *s)
{
    return s->data && s->data->findings ? s->data->findings->n : 0;
}

static void cell(const struct scene *s, size_t row, int column, struct table_cell *out)
{
    const struct finding *f = at(s, row);
    enum role role = f->folded ? ROLE_QUIET : ROLE_TEXT;
    switch (column) {
    case COL_SEVERITY:
        if (f->folded)
            cell_set(out, ROLE_QUIET, s->ascii ? "  `- symptom" : "  └ symptom");
        else
            cell_set(out, severity_role(f->severity), "%s %s", severity_sign(f->severity, s->ascii),
                     severity_name(f->severity));
        out->number = (f->folded ? 10 : 0) - (int)f->severity;
        out->has_number = true;
        break;
    case COL_TITLE: cell_set(out, role, "%s", f->title); break;
    case COL_SUBJECT:
        cell_set(out, ROLE_QUIET, "%s %s%s%s", str_or(f->subject.kind, ""), str_or(f->subject.namespace, ""),
                 f->subject.namespace && *f->subject.namespace ? "/" : "", str_or(f->subject.name, ""));
        break;
    case COL_CODE: cell_set(out, ROLE_QUIET, "%s", f->code); break;
    case COL_FIX: cell_set(out, f->fix ? ROLE_KEY : ROLE_ABSENT, "%s", f->fix ? "x" : ""); break;
    case COL_SURE: cell_set(out, ROLE_QUIET, "%s", confidence_name(f->confidence)); break;
    default: break;
    }
}

static uint64_t id(const struct scene *s, size_t row)
{
    const struct finding *f = at(s, row);
    return hash_of(f->code, f->subject.kind, f->subject.namespace, f->subject.name);
}

static bool fault(const struct scene *s, size_t row)
{
    return at(s, row)->severity != SEVERITY_INFO && !at(s, row)->folded;
}

static const char *gateway(const struct scene *s, size_t row)
{
    return at(s, row)->gateway;
}

static const struct finding *finding(const struct scene *s, size_t row)
{
    return at(s, row);
}

static void describe(const struct scene *s, size_t row, struct doc *d)
{
    const struct finding *f = at(s, row);
    doc_add(d, severity_role(f->severity), "%s %s", severity_sign(f->severity, s->ascii),
            severity_name(f->severity));
    doc_line(d, ROLE_QUIET, "  %s  %s%s", f->code, confidence_name(f->confidence),
             f->folded ? "  a symptom of another finding" : "");
    doc_line(d, ROLE_STRONG, "%s", str_or(f->title, ""));
    if (f->why && *f->why)
        doc_text(d, ROLE_TEXT, f->why);
    if (f->remedy && *f->remedy) {
        doc_heading(d, "What to do");
        doc_text(d, ROLE_TEXT, f->remedy);
    }
    if (f->fix) {
        doc_add(d, ROLE_KEY, "x");
        doc_line(d, ROLE_TEXT, " opens the sheet of the %s fix; nothing is changed before you confirm",
                 f->fix);
    }
    if (f->evidence.n)
        doc_heading(d, "Evidence");
    for (size_t i = 0; i < f->evidence.n; i++) {
        doc_puts(d, ROLE_QUIET, s->ascii ? "- " : "· ");
        doc_hang(d, 2);
        doc_puts(d, ROLE_TEXT, f->evidence.items[i]);
        doc_end(d);
    }
    if (f->explains.n)
        doc_heading(d, "Explains");
    for (size_t i = 0; i < f->explains.n; i++)
        doc_line(d, ROLE_QUIET, "%s%s", s->ascii ? "- " : "· ", f->explains.items[i]);
    doc_end(d);
    doc_field(d, "Subject", ROLE_TEXT, "%s %s%s%s", str_or(f->subject.kind, ""),
              str_or(f->subject.namespace, ""), f->subject.namespace && *f->subject.namespace ? "/" : "",
              str_or(f->subject.name, ""));
    if (f->gateway)
        doc_field(d, "Gateway", ROLE_TEXT, "%s", f->gateway);
    if (f->hop >= 0 && f->hop < HOP_COUNT)
        doc_field(d, "On the path", ROLE_TEXT, "%s", hop_name((enum hop)f->hop));
}

static bool object(const struct scene *s, size_t row, struct object_name *out)
{
    const struct finding *f = at(s, row);
    if (!f->subject.kind || !f->subject.name || !*f->subject.name)
        return false;
    *out = (struct object_name){f->subject.kind, str_or(f->subject.namespace, ""), f->subject.name};
    return true;
}

const struct list list_findings = {
    .title = "Findings",
    .empty = "No findings: what could be checked is in order.",
    .columns = columns,
    .n_columns = sizeof columns / sizeof *columns,
    .count = count,
    .cell = cell,
    .id = id,
    .fault = fault,
    .describe = describe,
    .object = object,
    .gateway = gateway,
    .finding = finding,
};

static void draw(struct scene *s, struct rect r);
static const struct list *const lists[] = {&list_findings};
const struct view view_findings = {
    .name = "findings",
    .title = "Findings",
    .help = "What is wrong, the root cause first, with the evidence and what to do.",
    .order = 6,
    .lists = lists,
    .n_lists = 1,
    .draw = draw,
};

static void draw_unknown(struct scene *s, struct rect r)
{
    const struct strings *unknown = &s->data->findings->unknown;
    char remark[64];
    str_format(remark, sizeof remark, "%zu", unknown->n);
    struct rect inner = draw_title(s, r, "Could not tell", remark, false);
    DOC_AUTO doc = {0};
    for (size_t i = 0; i < unknown->n; i++)
        doc_line(&doc, ROLE_UNKNOWN, "? %s", unknown->items[i]);
    doc_draw(&doc, s->canvas, rect_inset(inner, 1, 0), 0, 0, NULL);
}

static void draw(struct scene *s, struct rect r)
{
    if (s->data && s->data->findings && s->data->findings->unknown.n && r.h >= 16) {
        int rows = (int)(s->data->findings->unknown.n < 5 ? s->data->findings->unknown.n : 5) + 1;
        struct rect below = rect_take_bottom(&r, rows);
        rect_take_bottom(&r, 1);
        draw_unknown(s, below);
    }
    draw_list_and_detail(s, &view_findings, 0, r);
}
