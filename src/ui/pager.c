#include "pager.h"

#include <string.h>

void pager_close(struct pager *p)
{
    doc_free(&p->doc);
    *p = (struct pager){0};
}

void pager_open(struct pager *p, enum pager_kind kind, const char *title)
{
    pager_close(p);
    p->open = true;
    p->kind = kind;
    str_copy(p->title, sizeof p->title, title);
}

static void update_row(struct pager *p, const struct scene *s)
{
    size_t n = p->list->count(s);
    for (size_t row = 0; row < n; row++)
        if (p->list->id(s, row) == p->id) {
            doc_reset(&p->doc);
            p->list->describe(s, row, &p->doc);
            p->gone = false;
            return;
        }
    p->gone = true;
}

/* YAML: keys quieter than values, so that the eye finds the values. */
static void yaml_line_doc(struct doc *d, const char *line, size_t len)
{
    size_t key = strspn(line, " -");
    const char *colon = memchr(line + key, ':', len > key ? len - key : 0);
    bool is_key =
        colon && (colon + 1 == line + len || colon[1] == ' ') && line[key] != '"' && line[key] != '#';
    if (is_key) {
        doc_add(d, ROLE_ACCENT, "%.*s", (int)(colon + 1 - line), line);
        doc_add(d, ROLE_TEXT, "%.*s", (int)(line + len - colon - 1), colon + 1);
    } else {
        doc_add(d, line[key] == '#' ? ROLE_QUIET : ROLE_TEXT, "%.*s", (int)len, line);
    }
    d->lines[d->n_lines - 1].keep = true;
    doc_end(d);
}

static void update_document(struct pager *p, const struct scene *s)
{
    const struct document *got = s->data ? s->data->document : NULL;
    if (p->loaded)
        return;
    doc_reset(&p->doc);
    if (!got || got->request != p->request || (!got->text && got->error.code == ERR_NONE)) {
        doc_line(&p->doc, ROLE_QUIET, s->ascii ? "Asking the server..." : "Asking the server…");
        return;
    }
    p->loaded = true;
    if (got->error.code != ERR_NONE) {
        doc_line(&p->doc, ROLE_BAD, "%s", got->error.message);
        doc_text(&p->doc, ROLE_TEXT, got->error.remedy);
        return;
    }
    for (const char *line = got->text; *line;) {
        size_t len = strcspn(line, "\n");
        if (p->yaml)
            yaml_line_doc(&p->doc, line, len);
        else
            doc_line(&p->doc, ROLE_TEXT, "%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
    if (!*got->text)
        doc_line(&p->doc, ROLE_QUIET, "Nothing: the server has none.");
}

void pager_update(struct pager *p, const struct scene *s)
{
    if (!p->open)
        return;
    if (p->kind == PAGER_ROW)
        update_row(p, s);
    else if (p->kind == PAGER_DOCUMENT)
        update_document(p, s);
}

static void scroll(struct pager *p, long by)
{
    size_t rows = doc_rows(&p->doc, p->width), most = rows > (size_t)p->page ? rows - (size_t)p->page : 0;
    long to = (long)p->top + by;
    p->top = to < 0 ? 0 : (size_t)to > most ? most : (size_t)to;
}

bool pager_act(struct pager *p, enum action action)
{
    long page = p->page > 1 ? p->page - 1 : 1;
    switch ((int)action) {
    case ACT_P_UP: scroll(p, -1); break;
    case ACT_P_DOWN: scroll(p, 1); break;
    case ACT_P_PAGE_UP: scroll(p, -page); break;
    case ACT_P_PAGE_DOWN: scroll(p, page); break;
    case ACT_P_HALF_UP: scroll(p, -page / 2 - 1); break;
    case ACT_P_HALF_DOWN: scroll(p, page / 2 + 1); break;
    case ACT_P_FIRST: p->top = 0; break;
    case ACT_P_FINAL: scroll(p, 1L << 30); break;
    case ACT_P_LEFT: p->shift = p->shift > 8 ? p->shift - 8 : 0; break;
    case ACT_P_RIGHT: p->shift = p->shift < 2000 ? p->shift + 8 : p->shift; break;
    case ACT_P_NEXT: pager_search(p, p->search, true, false); break;
    case ACT_P_PREVIOUS: pager_search(p, p->search, true, true); break;
    default: return false;
    }
    return true;
}

void pager_search(struct pager *p, const char *needle, bool again, bool backwards)
{
    if (needle != p->search)
        str_copy(p->search, sizeof p->search, needle);
    if (!p->search[0])
        return;
    if (backwards && p->top == 0)
        return;
    size_t from = !again ? p->top : backwards ? p->top - 1 : p->top + 1;
    size_t found = doc_find(&p->doc, p->width, p->search, from, backwards);
    if (found == SIZE_MAX && !backwards)
        found = doc_find(&p->doc, p->width, p->search, 0, false);
    if (found != SIZE_MAX) {
        p->top = 0;
        scroll(p, (long)found);
    }
}

void pager_draw(struct pager *p, struct scene *s, struct rect r)
{
    char remark[96];
    struct rect inner = r;
    p->width = r.w - 3;
    p->page = r.h - 1;
    size_t rows = doc_rows(&p->doc, p->width);
    if (rows > (size_t)p->page)
        str_format(remark, sizeof remark, "%s%zu%%", p->gone ? "no longer there  " : "",
                   (p->top + (size_t)p->page) * 100 / rows > 100 ? 100 :
                                                                   (p->top + (size_t)p->page) * 100 / rows);
    else
        str_copy(remark, sizeof remark, p->gone ? "no longer there" : "");
    inner = draw_title(s, r, p->title, remark, true);
    scroll(p, 0);
    doc_draw(&p->doc, s->canvas, (struct rect){inner.x + 1, inner.y, inner.w - 3, inner.h}, p->top, p->shift,
             p->search);
    canvas_scrollbar(s->canvas, inner.x + inner.w - 1, inner.y, inner.h, p->top, rows);
}
