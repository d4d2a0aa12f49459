/* doc: text with roles, wrapped to a width: describe pages, help, YAML, the body of a sheet, the cause on the overview. */
#ifndef UI_DOC_H
#define UI_DOC_H

#include "canvas.h"

struct doc_span {
    uint32_t start, len;            /* into text */
    uint8_t role;
};
struct doc_line {
    uint32_t first, n;              /* spans */
    uint16_t indent, hang;          /* columns before the first row, before the following ones */
    bool keep;                      /* not wrapped: code, YAML, tables; moved sideways instead */
    bool rule;                      /* a thin line across */
};
struct doc {
    struct text text;
    struct doc_span *spans;
    size_t n_spans, cap_spans;
    struct doc_line *lines;
    size_t n_lines, cap_lines;
    bool open;                      /* the last line is still growing */
    uint16_t indent;                /* of the lines to come */
};
void doc_reset(struct doc *);
void doc_free(struct doc *);
#define DOC_AUTO __attribute__((cleanup(doc_free))) struct doc

/* A span on the current line; a line is begun when none is open. */
void doc_add(struct doc *, enum role, const char *format, ...) __attribute__((format(printf, 3, 4)));
void doc_puts(struct doc *, enum role, const char *);
void doc_end(struct doc *);                                 /* ends the line; an empty one when none is open */
void doc_line(struct doc *, enum role, const char *format, ...) __attribute__((format(printf, 3, 4)));
void doc_hang(struct doc *, int columns);                   /* of the open line's continuation */
void doc_heading(struct doc *, const char *);               /* blank line before, unless it is the first */
/* "label     value": value wrapped under itself. NULL and "" values read "not known". */
void doc_field(struct doc *, const char *label, enum role, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void doc_text(struct doc *, enum role, const char *text);   /* several lines, wrapped */
void doc_code(struct doc *, enum role, const char *text);   /* several lines, not wrapped */
void doc_diff(struct doc *, const char *diff);              /* '+', '-' and ' ' lines */
void doc_rule(struct doc *);

/* Rows the text takes at this width. */
size_t doc_rows(const struct doc *, int width);
/* Draws rows from `top` on; `shift` moves lines that are kept whole. `match`: what to light up, or NULL. Returns the rows
 * drawn. */
int doc_draw(const struct doc *, struct canvas *, struct rect, size_t top, int shift, const char *match);
/* The first row at or after `from` (or before, backwards) that holds `needle` without case; SIZE_MAX when none. */
size_t doc_find(const struct doc *, int width, const char *needle, size_t from, bool backwards);
void doc_plain(const struct doc *, struct text *out);       /* to copy */

#endif
