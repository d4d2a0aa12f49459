#include "doc.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_COLUMNS = 16 };

void doc_reset(struct doc *d)
{
    text_reset(&d->text);
    d->n_spans = d->n_lines = 0;
    d->open = false;
    d->indent = 0;
}

void doc_free(struct doc *d)
{
    text_free(&d->text);
    free(d->spans);
    free(d->lines);
    *d = (struct doc){0};
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

static struct doc_line *open_line(struct doc *d)
{
    if (!d->open) {
        GROW(d->lines, d->n_lines, d->cap_lines);
        d->lines[d->n_lines++] =
            (struct doc_line){.first = (uint32_t)d->n_spans, .indent = d->indent, .hang = d->indent};
        d->open = true;
    }
    return &d->lines[d->n_lines - 1];
}

static void add_span(struct doc *d, enum role role, size_t start)
{
    struct doc_line *line = open_line(d);
    GROW(d->spans, d->n_spans, d->cap_spans);
    d->spans[d->n_spans++] =
        (struct doc_span){(uint32_t)start, (uint32_t)(d->text.len - start), (uint8_t)role};
    line->n++;
}

static void add_v(struct doc *d, enum role role, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void add_v(struct doc *d, enum role role, const char *format, va_list args)
{
    size_t start = d->text.len;
    text_vprintf(&d->text, format, args);
    add_span(d, role, start);
}

void doc_add(struct doc *d, enum role role, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_v(d, role, format, args);
    va_end(args);
}

void doc_puts(struct doc *d, enum role role, const char *s)
{
    size_t start = d->text.len;
    text_puts(&d->text, s);
    add_span(d, role, start);
}

void doc_end(struct doc *d)
{
    open_line(d);
    d->open = false;
}

void doc_line(struct doc *d, enum role role, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_v(d, role, format, args);
    va_end(args);
    doc_end(d);
}

void doc_hang(struct doc *d, int columns)
{
    open_line(d)->hang = (uint16_t)(d->indent + columns);
}

void doc_heading(struct doc *d, const char *heading)
{
    if (d->n_lines)
        doc_end(d);
    doc_puts(d, ROLE_TITLE, heading);
    doc_end(d);
}

void doc_field(struct doc *d, const char *label, enum role role, const char *format, ...)
{
    TEXT_AUTO value = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&value, format, args);
    va_end(args);
    int width = text_width(label), pad = width < LABEL_COLUMNS - 1 ? LABEL_COLUMNS - width : 2;
    doc_add(d, ROLE_QUIET, "%s%*s", label, pad, "");
    doc_hang(d, width + pad);
    bool known = value.len && !str_eq(value.s, "(null)");
    doc_puts(d, known ? role : ROLE_ABSENT, known ? value.s : "not known");
    doc_end(d);
}

static void each_line(struct doc *d, enum role role, const char *text, bool keep)
{
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        doc_add(d, role, "%.*s", (int)len, text);
        open_line(d)->keep = keep;
        doc_end(d);
        text += len + (text[len] == '\n');
    }
}

void doc_text(struct doc *d, enum role role, const char *text)
{
    each_line(d, role, text, false);
}

void doc_code(struct doc *d, enum role role, const char *text)
{
    each_line(d, role, text, true);
}

void doc_diff(struct doc *d, const char *diff)
{
    while (diff && *diff) {
        size_t len = strcspn(diff, "\n");
        enum role role = *diff == '+' ? ROLE_ADDED : *diff == '-' ? ROLE_REMOVED : ROLE_QUIET;
        doc_add(d, role, "%.*s", (int)len, diff);
        open_line(d)->keep = true;
        doc_end(d);
        diff += len + (diff[len] == '\n');
    }
}

void doc_rule(struct doc *d)
{
    open_line(d)->rule = true;
    doc_end(d);
}

/* ---- wrapping ------------------------------------------------------------------------------------------------------------ */

/* One row of a wrapped line: bytes [start, end) of the line's text. Spans of a line lie side by side in the text. */
struct row {
    size_t start, end;
    int indent;
};

static size_t line_start(const struct doc *d, const struct doc_line *line)
{
    return line->n ? d->spans[line->first].start : 0;
}
static size_t line_end(const struct doc *d, const struct doc_line *line)
{
    if (!line->n)
        return 0;
    const struct doc_span *last = &d->spans[line->first + line->n - 1];
    return last->start + last->len;
}

/* The row of `line` that begins at `at`; false after the last. The first row of an empty line is empty. */
static bool next_row(const struct doc *d, const struct doc_line *line, size_t *at, bool first, int width,
                     struct row *ret)
{
    size_t end = line_end(d, line);
    if (*at >= end && !first)
        return false;
    int indent = first ? line->indent : line->hang;
    if (indent > width / 2)
        indent = width / 2;
    if (line->keep || width <= 0) {
        *ret = (struct row){*at, end, indent};
        *at = end;
        return true;
    }
    const char *s = text_str(&d->text) + *at;
    FREE_AUTO char *part = xstrndup(s, end - *at);
    int used, room = width - indent > 1 ? width - indent : 1;
    size_t fit = text_fit(part, room, &used);
    size_t cut = fit;
    if (part[fit]) {
        while (cut > 0 && part[cut] != ' ')
            cut--;
        if (cut == 0)
            cut = fit ? fit : 1;
    }
    *ret = (struct row){*at, *at + cut, indent};
    *at += cut;
    while (part[cut] == ' ') {
        cut++;
        (*at)++;
    }
    return true;
}

size_t doc_rows(const struct doc *d, int width)
{
    size_t rows = 0;
    for (size_t i = 0; i < d->n_lines; i++) {
        size_t at = line_start(d, &d->lines[i]);
        struct row row;
        for (bool first = true; next_row(d, &d->lines[i], &at, first, width, &row); first = false)
            rows++;
    }
    return rows;
}

/* ---- drawing ------------------------------------------------------------------------------------------------------------- */

static void draw_match(struct canvas *c, struct rect r, int y, const char *match)
{
    TEXT_AUTO shown = {0};
    for (int x = r.x; x < r.x + r.w; x++) {
        const struct cell *cell = canvas_at(c, x, y);
        text_putc(&shown, cell && cell->width == 1 && cell->len == 1 ? cell->s[0] : '\1');
    }
    size_t len = strlen(match);
    for (const char *s = text_str(&shown); *s; s++)
        if (strncasecmp(s, match, len) == 0) {
            FREE_AUTO char *found = xstrndup(s, len);
            canvas_text(c, r.x + (int)(s - shown.s), y, (int)len, (struct style){ROLE_MATCH, ROLE_MATCH, 0},
                        found);
            s += len - 1;
        }
}

static void draw_row(const struct doc *d, const struct doc_line *line, struct row row, struct canvas *c,
                     struct rect r, int y, int shift)
{
    struct rect old = canvas_clip(c, (struct rect){r.x, y, r.w, 1});
    if (line->rule)
        canvas_hline(c, r.x, y, r.w, STYLE(ROLE_LINE));
    int x = r.x + row.indent - (line->keep ? shift : 0);
    for (uint32_t i = 0; i < line->n; i++) {
        const struct doc_span *span = &d->spans[line->first + i];
        size_t start = span->start > row.start ? span->start : row.start;
        size_t end = span->start + span->len < row.end ? span->start + span->len : row.end;
        if (start >= end)
            continue;
        FREE_AUTO char *part = xstrndup(text_str(&d->text) + start, end - start);
        x += canvas_text(c, x, y, 4096, STYLE(span->role), part);
    }
    c->clip = old;
}

int doc_draw(const struct doc *d, struct canvas *c, struct rect r, size_t top, int shift, const char *match)
{
    size_t at_row = 0;
    int drawn = 0;
    for (size_t i = 0; i < d->n_lines && drawn < r.h; i++) {
        size_t at = line_start(d, &d->lines[i]);
        struct row row;
        for (bool first = true; drawn < r.h && next_row(d, &d->lines[i], &at, first, r.w, &row);
             first = false) {
            if (at_row++ < top)
                continue;
            draw_row(d, &d->lines[i], row, c, r, r.y + drawn, shift);
            if (match && *match)
                draw_match(c, r, r.y + drawn, match);
            drawn++;
        }
    }
    return drawn;
}

size_t doc_find(const struct doc *d, int width, const char *needle, size_t from, bool backwards)
{
    size_t at_row = 0, found = SIZE_MAX;
    for (size_t i = 0; i < d->n_lines; i++) {
        size_t at = line_start(d, &d->lines[i]);
        struct row row;
        for (bool first = true; next_row(d, &d->lines[i], &at, first, width, &row); first = false, at_row++) {
            FREE_AUTO char *part = xstrndup(text_str(&d->text) + row.start, row.end - row.start);
            if (!str_has_nocase(part, needle))
                continue;
            if (!backwards && at_row >= from)
                return at_row;
            if (backwards && at_row <= from)
                found = at_row;
        }
    }
    return found;
}

void doc_plain(const struct doc *d, struct text *out)
{
    for (size_t i = 0; i < d->n_lines; i++) {
        const struct doc_line *line = &d->lines[i];
        text_printf(out, "%*s", line->indent, "");
        text_add(out, text_str(&d->text) + line_start(d, line), line_end(d, line) - line_start(d, line));
        text_putc(out, '\n');
    }
}
