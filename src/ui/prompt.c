#include "prompt.h"

#include "term.h"

#include <string.h>

void prompt_open(struct prompt *p, const char *label, const char *line, struct prompt_history *history)
{
    *p = (struct prompt){.label = label, .history = history, .shown = -1};
    str_copy(p->line, sizeof p->line, line);
    p->at = strlen(p->line);
}

static size_t encode(int c, char out[5])
{
    unsigned u = (unsigned)c;
    size_t n = u < 0x80 ? 1 : u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (u & 0x3F));
        u >>= 6;
    }
    out[0] = (char)(n == 1 ? u : lead[n] | u);
    out[n] = '\0';
    return n;
}

static void insert(struct prompt *p, int key)
{
    char raw[5], bytes[16];
    text_clean(bytes, sizeof bytes, raw, encode(key, raw), false);
    size_t n = strlen(bytes), len = strlen(p->line);
    if (len + n >= sizeof p->line)
        return;
    memmove(p->line + p->at + n, p->line + p->at, len - p->at + 1);
    memcpy(p->line + p->at, bytes, n);
    p->at += n;
}

static size_t left_of(const struct prompt *p, size_t at)
{
    while (at > 0 && ((unsigned char)p->line[--at] & 0xC0) == 0x80)
        ;
    return at;
}

static size_t right_of(const struct prompt *p, size_t at)
{
    if (p->line[at])
        at++;
    while (((unsigned char)p->line[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static void cut(struct prompt *p, size_t from, size_t to)
{
    memmove(p->line + from, p->line + to, strlen(p->line + to) + 1);
    p->at = from;
}

static void cut_word(struct prompt *p)
{
    size_t from = p->at;
    while (from > 0 && p->line[from - 1] == ' ')
        from--;
    while (from > 0 && p->line[from - 1] != ' ')
        from--;
    cut(p, from, p->at);
}

static void set_line(struct prompt *p, const char *line)
{
    str_copy(p->line, sizeof p->line, line);
    p->at = strlen(p->line);
}

static void walk_history(struct prompt *p, int step)
{
    if (!p->history || !p->history->n)
        return;
    if (p->shown < 0)
        str_copy(p->draft, sizeof p->draft, p->line);
    int to = p->shown + step;
    if (to >= p->history->n)
        return;
    p->shown = to < -1 ? -1 : to;
    set_line(p, p->shown < 0 ? p->draft : p->history->lines[p->shown]);
}

static void remember(struct prompt *p)
{
    struct prompt_history *h = p->history;
    if (!h || !p->line[0] || (h->n && str_eq(h->lines[0], p->line)))
        return;
    int keep = h->n < PROMPT_HISTORY - 1 ? h->n : PROMPT_HISTORY - 1;
    memmove(h->lines[1], h->lines[0], (size_t)keep * sizeof h->lines[0]);
    str_copy(h->lines[0], sizeof h->lines[0], p->line);
    h->n = keep + 1;
}

static void complete(struct prompt *p)
{
    if (!p->complete)
        return;
    if (p->tabs == 0)
        str_copy(p->stem, sizeof p->stem, p->line);
    const char *found = p->complete(p->ctx, p->stem, p->tabs);
    if (!found && p->tabs > 0) {
        p->tabs = 0;
        found = p->complete(p->ctx, p->stem, 0);
    }
    if (found) {
        set_line(p, found);
        p->tabs++;
    }
}

enum prompt_result prompt_key(struct prompt *p, int key)
{
    enum action action = keymap_action(PLACE_PROMPT, key);
    if (action != ACT_T_COMPLETE)
        p->tabs = 0;
    switch ((int)action) {
    case ACT_T_ACCEPT: remember(p); return PROMPT_ACCEPTED;
    case ACT_T_CANCEL: return PROMPT_CANCELLED;
    case ACT_T_COMPLETE: complete(p); break;
    case ACT_T_OLDER: walk_history(p, 1); break;
    case ACT_T_NEWER: walk_history(p, -1); break;
    case ACT_T_LEFT: p->at = left_of(p, p->at); break;
    case ACT_T_RIGHT: p->at = right_of(p, p->at); break;
    case ACT_T_HOME: p->at = 0; break;
    case ACT_T_END: p->at = strlen(p->line); break;
    case ACT_T_RUBOUT:
        /* Rubbing out the empty line leaves it, as in vim and less. */
        if (!p->line[0])
            return PROMPT_CANCELLED;
        cut(p, left_of(p, p->at), p->at);
        break;
    case ACT_T_DELETE: cut(p, p->at, right_of(p, p->at)); break;
    case ACT_T_WORD: cut_word(p); break;
    case ACT_T_KILL: cut(p, 0, p->at); break;
    default:
        if (key >= 0x20 && key != 0x7F && key < 0x110000)
            insert(p, key);
        break;
    }
    return PROMPT_EDITING;
}

void prompt_draw(const struct prompt *p, struct canvas *c, struct rect r, enum role ground)
{
    if (rect_empty(r))
        return;
    struct style style = {ROLE_STRONG, (uint8_t)ground, 0};
    canvas_fill(c, r, style);
    int x = r.x + canvas_text(c, r.x, r.y, r.w, (struct style){ROLE_KEY, (uint8_t)ground, 0}, p->label);
    char before[PROMPT_BYTES];
    str_format(before, sizeof before, "%.*s", (int)p->at, p->line);
    int room = r.x + r.w - x - 1, used = text_width(before);
    /* A long line slides so that the cursor stays in sight. */
    const char *from = p->line;
    while (used > room && *from) {
        size_t step = right_of(p, (size_t)(from - p->line)) - (size_t)(from - p->line);
        char one[8] = {0};
        memcpy(one, from, step < 7 ? step : 7);
        used -= text_width(one);
        from += step;
    }
    canvas_text(c, x, r.y, room + 1, style, from);
    c->cursor_x = x + used < c->w ? x + used : c->w - 1;
    c->cursor_y = r.y;
}
