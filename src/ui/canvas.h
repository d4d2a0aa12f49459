/* canvas: the grid of cells that views draw into. Knows no terminal: the same canvas is read by the tests. */
#ifndef UI_CANVAS_H
#define UI_CANVAS_H

#include "theme.h"

#include <gatewatch/text.h>

struct rect {
    int x, y, w, h;
};
bool rect_empty(struct rect);
struct rect rect_inset(struct rect, int dx, int dy);
/* Cuts rows off the top or bottom of `r` and returns them. Never more than there is. */
struct rect rect_take_top(struct rect *r, int rows);
struct rect rect_take_bottom(struct rect *r, int rows);
struct rect rect_take_left(struct rect *r, int columns);
struct rect rect_take_right(struct rect *r, int columns);

enum { CELL_BYTES = 24 };       /* one base character and up to four marks */

struct cell {
    char s[CELL_BYTES];
    uint8_t len;
    uint8_t width;              /* 0: covered by the wide cell to its left */
    struct style style;
};

struct canvas {
    int w, h;
    struct cell *cells;
    struct rect clip;           /* nothing is drawn outside */
    enum role ground;           /* ROLE_NONE in a style means this ground */
    int cursor_x, cursor_y;     /* -1: hidden */
    bool ascii;                 /* lines, signs and outside text in ASCII only */
};
void canvas_init(struct canvas *, int w, int h);
void canvas_resize(struct canvas *, int w, int h);      /* erases */
void canvas_free(struct canvas *);
void canvas_erase(struct canvas *);
bool canvas_same(const struct canvas *, const struct canvas *);
struct rect canvas_clip(struct canvas *, struct rect);  /* narrows to the intersection; returns the old clip */
const struct cell *canvas_at(const struct canvas *, int x, int y);      /* NULL outside */
struct text;
void canvas_row_text(const struct canvas *, int y, struct text *out);   /* for tests and copying */

/* Writes at most `max` columns (cut with an ellipsis) and returns the columns used. Control characters and broken UTF-8
 * become a replacement sign: outside text is clean already, this is the last line of defence. */
int canvas_text(struct canvas *, int x, int y, int max, struct style, const char *s);
int canvas_printf(struct canvas *, int x, int y, int max, struct style, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* The same, ending at column `right` (exclusive). Returns the first column used. */
int canvas_text_right(struct canvas *, int right, int y, int max, struct style, const char *s);
void canvas_fill(struct canvas *, struct rect, struct style);
void canvas_ground(struct canvas *, struct rect, enum role ground);     /* changes the ground, keeps what is written */
void canvas_hline(struct canvas *, int x, int y, int w, struct style);
void canvas_vline(struct canvas *, int x, int y, int h, struct style);
void canvas_box(struct canvas *, struct rect, struct style);
/* A scroll bar on the column `x`: `at` of `total` lines, `rows` of them seen. Nothing when all is seen. */
void canvas_scrollbar(struct canvas *, int x, int y, int rows, size_t at, size_t total);

#endif
