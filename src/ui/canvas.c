#include "canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rectangles ---------------------------------------------------------------------------------------------------- */

static int min_int(int a, int b)
{
    return a < b ? a : b;
}
static int max_int(int a, int b)
{
    return a > b ? a : b;
}

bool rect_empty(struct rect r)
{
    return r.w <= 0 || r.h <= 0;
}

struct rect rect_inset(struct rect r, int dx, int dy)
{
    return (struct rect){r.x + dx, r.y + dy, max_int(r.w - 2 * dx, 0), max_int(r.h - 2 * dy, 0)};
}

struct rect rect_take_top(struct rect *r, int rows)
{
    rows = max_int(0, min_int(rows, r->h));
    struct rect taken = {r->x, r->y, r->w, rows};
    r->y += rows;
    r->h -= rows;
    return taken;
}

struct rect rect_take_bottom(struct rect *r, int rows)
{
    rows = max_int(0, min_int(rows, r->h));
    r->h -= rows;
    return (struct rect){r->x, r->y + r->h, r->w, rows};
}

struct rect rect_take_left(struct rect *r, int columns)
{
    columns = max_int(0, min_int(columns, r->w));
    struct rect taken = {r->x, r->y, columns, r->h};
    r->x += columns;
    r->w -= columns;
    return taken;
}

struct rect rect_take_right(struct rect *r, int columns)
{
    columns = max_int(0, min_int(columns, r->w));
    r->w -= columns;
    return (struct rect){r->x + r->w, r->y, columns, r->h};
}

static struct rect intersect(struct rect a, struct rect b)
{
    int x = max_int(a.x, b.x), y = max_int(a.y, b.y);
    int right = min_int(a.x + a.w, b.x + b.w), bottom = min_int(a.y + a.h, b.y + b.h);
    return (struct rect){x, y, max_int(right - x, 0), max_int(bottom - y, 0)};
}

/* ---- the grid -------------------------------------------------------------------------------------------------------- */

void canvas_init(struct canvas *c, int w, int h)
{
    *c = (struct canvas){.ground = ROLE_GROUND, .cursor_x = -1, .cursor_y = -1};
    canvas_resize(c, w, h);
}

void canvas_resize(struct canvas *c, int w, int h)
{
    c->w = max_int(w, 1);
    c->h = max_int(h, 1);
    free(c->cells);
    c->cells = xcalloc((size_t)c->w * (size_t)c->h, sizeof *c->cells);
    canvas_erase(c);
}

void canvas_free(struct canvas *c)
{
    free(c->cells);
    *c = (struct canvas){0};
}

static void blank(struct cell *cell, struct style style)
{
    memset(cell, 0, sizeof *cell);
    cell->s[0] = ' ';
    cell->len = cell->width = 1;
    cell->style = style;
}

void canvas_erase(struct canvas *c)
{
    c->clip = (struct rect){0, 0, c->w, c->h};
    c->cursor_x = c->cursor_y = -1;
    for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++)
        blank(&c->cells[i], (struct style){ROLE_TEXT, c->ground, 0});
}

bool canvas_same(const struct canvas *a, const struct canvas *b)
{
    return a->w == b->w && a->h == b->h && a->cursor_x == b->cursor_x && a->cursor_y == b->cursor_y &&
           memcmp(a->cells, b->cells, (size_t)a->w * (size_t)a->h * sizeof *a->cells) == 0;
}

struct rect canvas_clip(struct canvas *c, struct rect r)
{
    struct rect old = c->clip;
    c->clip = intersect(old, r);
    return old;
}

const struct cell *canvas_at(const struct canvas *c, int x, int y)
{
    return x < 0 || y < 0 || x >= c->w || y >= c->h ? NULL : &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
}

void canvas_row_text(const struct canvas *c, int y, struct text *out)
{
    for (int x = 0; x < c->w; x++) {
        const struct cell *cell = canvas_at(c, x, y);
        if (cell && cell->width)
            text_add(out, cell->s, cell->len);
    }
}

static struct cell *cell_at(struct canvas *c, int x, int y)
{
    return &c->cells[(size_t)y * (size_t)c->w + (size_t)x];
}

static bool inside(const struct canvas *c, int x, int y)
{
    return x >= c->clip.x && y >= c->clip.y && x < c->clip.x + c->clip.w && y < c->clip.y + c->clip.h;
}

/* A half-covered wide character becomes a blank: never half a glyph. */
static void unlink_wide(struct canvas *c, int x, int y)
{
    struct cell *cell = cell_at(c, x, y);
    if (cell->width == 0 && x > 0)
        blank(cell_at(c, x - 1, y), cell_at(c, x - 1, y)->style);
    if (cell->width == 2 && x + 1 < c->w)
        blank(cell_at(c, x + 1, y), cell->style);
}

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

static const char *replacement(const struct canvas *c)
{
    return c->ascii ? "?" : "\xEF\xBF\xBD";
}

/* Bytes of the character at `s`; 0 when it is no clean UTF-8. */
static size_t char_bytes(const char *s)
{
    unsigned char b = (unsigned char)s[0];
    size_t n = b < 0x80              ? 1 :
               b >= 0xC2 && b < 0xE0 ? 2 :
               b >= 0xE0 && b < 0xF0 ? 3 :
               b >= 0xF0 && b < 0xF5 ? 4 :
                                       0;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)s[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

struct glyph {
    const char *s;
    size_t len;     /* bytes to write */
    size_t taken;   /* bytes of the input */
    int width;
};

/* What typography has a plain letter for. */
static const char *plain_sign(const char *s, size_t n)
{
    static const char *const pairs[][2] = {
        {"→", ">"},  {"·", "."}, {"–", "-"}, {"—", "-"}, {"…", "~"}, {"’", "'"}, {"“", "\""},
        {"”", "\""}, {"×", "x"}, {"≤", "<"}, {"≥", ">"}, {"✓", "+"}, {"✗", "x"}, {"▲", "!"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strlen(pairs[i][0]) == n && memcmp(pairs[i][0], s, n) == 0)
            return pairs[i][1];
    return "?";
}

static struct glyph next_glyph(const struct canvas *c, const char *s)
{
    unsigned char b = (unsigned char)s[0];
    if (b >= 0x20 && b < 0x7F)
        return (struct glyph){s, 1, 1, 1};
    size_t n = char_bytes(s);
    bool control = b < 0x20 || b == 0x7F || (n == 2 && b == 0xC2 && (unsigned char)s[1] < 0xA0);
    if (!n || control)
        return (struct glyph){replacement(c), strlen(replacement(c)), n ? n : 1, 1};
    char one[8] = {0};
    memcpy(one, s, n);
    int width = text_width(one);
    if (c->ascii)
        return (struct glyph){width == 0 ? "" : plain_sign(s, n), width == 0 ? 0 : 1, n, width == 0 ? 0 : 1};
    return (struct glyph){s, n, n, width};
}

static int columns_of(const struct canvas *c, const char *s, int stop_after)
{
    int used = 0;
    while (*s && used <= stop_after) {
        struct glyph g = next_glyph(c, s);
        used += g.width;
        s += g.taken;
    }
    return used;
}

static void put_mark(struct canvas *c, int x, int y, struct glyph g)
{
    if (x < 0 || !inside(c, x, y))
        return;
    struct cell *cell = cell_at(c, x, y);
    if (cell->width == 0 && x > 0)
        cell = cell_at(c, x - 1, y);
    if (cell->len + g.len < CELL_BYTES) {
        memcpy(cell->s + cell->len, g.s, g.len);
        cell->len = (uint8_t)(cell->len + g.len);
    }
}

static void put(struct canvas *c, int x, int y, struct style style, struct glyph g)
{
    if (!inside(c, x, y))
        return;
    struct cell *cell = cell_at(c, x, y);
    struct style full = style;
    if (full.ground == ROLE_NONE)
        full.ground = cell->style.ground;
    unlink_wide(c, x, y);
    bool wide = g.width == 2;
    if (wide && !inside(c, x + 1, y)) {
        blank(cell, full);
        return;
    }
    memset(cell, 0, sizeof *cell);
    memcpy(cell->s, g.s, g.len);
    cell->len = (uint8_t)g.len;
    cell->width = (uint8_t)g.width;
    cell->style = full;
    if (wide) {
        unlink_wide(c, x + 1, y);
        struct cell *right = cell_at(c, x + 1, y);
        memset(right, 0, sizeof *right);
        right->style = full;
    }
}

int canvas_text(struct canvas *c, int x, int y, int max, struct style style, const char *s)
{
    if (!s || max <= 0)
        return 0;
    bool cut = columns_of(c, s, max) > max;
    int room = cut ? max - 1 : max, used = 0;
    while (*s) {
        struct glyph g = next_glyph(c, s);
        if (used + g.width > room)
            break;
        if (g.width == 0)
            put_mark(c, x + used - 1, y, g);
        else
            put(c, x + used, y, style, g);
        used += g.width;
        s += g.taken;
    }
    if (cut) {
        const char *dots = c->ascii ? "~" : "…";
        put(c, x + used, y, style, (struct glyph){dots, strlen(dots), 0, 1});
        used++;
    }
    return used;
}

int canvas_printf(struct canvas *c, int x, int y, int max, struct style style, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    return canvas_text(c, x, y, max, style, line);
}

int canvas_text_right(struct canvas *c, int right, int y, int max, struct style style, const char *s)
{
    int used = min_int(columns_of(c, s, max), max);
    canvas_text(c, right - used, y, max, style, s);
    return right - used;
}

/* ---- areas and lines ------------------------------------------------------------------------------------------------------ */

void canvas_fill(struct canvas *c, struct rect r, struct style style)
{
    r = intersect(r, c->clip);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++) {
            struct style full = style;
            if (full.ground == ROLE_NONE)
                full.ground = cell_at(c, x, y)->style.ground;
            unlink_wide(c, x, y);
            blank(cell_at(c, x, y), full);
        }
}

void canvas_ground(struct canvas *c, struct rect r, enum role ground)
{
    r = intersect(r, c->clip);
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            cell_at(c, x, y)->style.ground = ground;
}

static void line_glyph(struct canvas *c, int x, int y, struct style style, const char *utf8,
                       const char *ascii)
{
    const char *s = c->ascii ? ascii : utf8;
    put(c, x, y, style, (struct glyph){s, strlen(s), 0, 1});
}

void canvas_hline(struct canvas *c, int x, int y, int w, struct style style)
{
    for (int i = 0; i < w; i++)
        line_glyph(c, x + i, y, style, "─", "-");
}

void canvas_vline(struct canvas *c, int x, int y, int h, struct style style)
{
    for (int i = 0; i < h; i++)
        line_glyph(c, x, y + i, style, "│", "|");
}

void canvas_box(struct canvas *c, struct rect r, struct style style)
{
    if (r.w < 2 || r.h < 2)
        return;
    canvas_hline(c, r.x + 1, r.y, r.w - 2, style);
    canvas_hline(c, r.x + 1, r.y + r.h - 1, r.w - 2, style);
    canvas_vline(c, r.x, r.y + 1, r.h - 2, style);
    canvas_vline(c, r.x + r.w - 1, r.y + 1, r.h - 2, style);
    line_glyph(c, r.x, r.y, style, "┌", "+");
    line_glyph(c, r.x + r.w - 1, r.y, style, "┐", "+");
    line_glyph(c, r.x, r.y + r.h - 1, style, "└", "+");
    line_glyph(c, r.x + r.w - 1, r.y + r.h - 1, style, "┘", "+");
}

void canvas_scrollbar(struct canvas *c, int x, int y, int rows, size_t at, size_t total)
{
    if (rows < 2 || total <= (size_t)rows)
        return;
    size_t size = (size_t)rows * (size_t)rows / total;
    size = size ? size : 1;
    size_t most = total - (size_t)rows;
    size_t first = (at < most ? at : most) * ((size_t)rows - size) / most;
    for (int i = 0; i < rows; i++) {
        bool thumb = (size_t)i >= first && (size_t)i < first + size;
        line_glyph(c, x, y + i, (struct style){thumb ? ROLE_QUIET : ROLE_LINE, ROLE_NONE, 0},
                   thumb ? "┃" : "│", thumb ? "#" : "|");
    }
}
