#include "table.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, SAMPLE = 400 };

uint64_t table_hash(const char *s)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (; s && *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001B3u;
    return h ? h : 1;
}

void table_init(struct table *t)
{
    *t = (struct table){.sort = -1, .dirty = true};
}

void table_free(struct table *t)
{
    filter_clear(&t->filter);
    free(t->order);
    free(t->marks);
    *t = (struct table){0};
}

/* ---- filter -------------------------------------------------------------------------------------------------------------- */

void filter_clear(struct filter *f)
{
    for (int i = 0; i < f->n; i++)
        if (f->terms[i].regex)
            regfree(&f->terms[i].compiled);
    *f = (struct filter){0};
}

static int column_named(const char *name, size_t len, const struct table_column *columns, int n)
{
    for (int i = 0; len && i < n; i++)
        if (strncasecmp(columns[i].title, name, len) == 0)
            return i;
    return -1;
}

static void add_term(struct filter *f, const char *word, size_t len, const struct table_column *columns,
                     int n)
{
    struct filter_term *term = &f->terms[f->n];
    *term = (struct filter_term){.column = -1};
    if (*word == '!') {
        term->negate = true;
        word++;
        len--;
    }
    const char *colon = memchr(word, ':', len);
    if (colon && (term->column = column_named(word, (size_t)(colon - word), columns, n)) >= 0) {
        len -= (size_t)(colon - word) + 1;
        word = colon + 1;
    }
    if (!len)
        return;
    str_format(term->literal, sizeof term->literal, "%.*s", (int)len, word);
    if (strpbrk(term->literal, "^$.*+?[](){}|\\"))
        term->regex = regcomp(&term->compiled, term->literal, REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0;
    f->n++;
}

void filter_set(struct filter *f, const char *text, const struct table_column *columns, int n_columns)
{
    filter_clear(f);
    str_copy(f->text, sizeof f->text, text);
    const char *s = f->text;
    while (f->n < FILTER_TERMS_MAX) {
        s += strspn(s, " ");
        size_t len = strcspn(s, " ");
        if (!len)
            return;
        add_term(f, s, len, columns, n_columns);
        s += len;
    }
}

static bool term_matches(const struct filter_term *term, const char *text)
{
    return term->regex ? regexec(&term->compiled, text, 0, NULL, 0) == 0 :
                         str_has_nocase(text, term->literal);
}

bool filter_keeps(const struct filter *f, const struct table_model *m, size_t row)
{
    for (int i = 0; i < f->n; i++) {
        const struct filter_term *term = &f->terms[i];
        bool hit = false;
        for (int column = 0; column < m->n_columns && !hit; column++) {
            if (term->column >= 0 && term->column != column)
                continue;
            struct table_cell cell = {.text = ""};
            m->cell(m->ctx, row, column, &cell);
            hit = term_matches(term, cell.text);
        }
        if (hit == term->negate)
            return false;
    }
    return true;
}

/* ---- order ---------------------------------------------------------------------------------------------------------------- */

struct sort_key {
    size_t row;
    int64_t number;
    bool has_number;
    char text[48];
};

static int compare_keys(const void *a, const void *b)
{
    const struct sort_key *x = a, *y = b;
    if (x->has_number && y->has_number && x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->has_number != y->has_number)
        return x->has_number ? -1 : 1;
    int c = x->has_number ? 0 : strcasecmp(x->text, y->text);
    return c ? c : x->row < y->row ? -1 : x->row > y->row;
}

static void sort_order(struct table *t, const struct table_model *m)
{
    if (t->sort < 0 || t->sort >= m->n_columns || t->n < 2)
        return;
    struct sort_key *keys = xreallocarray(NULL, t->n, sizeof *keys);
    for (size_t i = 0; i < t->n; i++) {
        struct table_cell cell = {.text = ""};
        m->cell(m->ctx, t->order[i], t->sort, &cell);
        keys[i] = (struct sort_key){.row = t->order[i], .number = cell.number, .has_number = cell.has_number};
        str_copy(keys[i].text, sizeof keys[i].text, cell.text);
    }
    qsort(keys, t->n, sizeof *keys, compare_keys);
    for (size_t i = 0; i < t->n; i++)
        t->order[i] = keys[t->descending ? t->n - 1 - i : i].row;
    free(keys);
}

static void measure(struct table *t, const struct table_model *m)
{
    size_t step = m->n_rows > SAMPLE ? m->n_rows / SAMPLE : 1;
    for (int column = 0; column < m->n_columns && column < TABLE_COLUMNS_MAX; column++) {
        int widest = text_width(m->columns[column].title) + (t->sort == column ? 2 : 0);
        for (size_t row = 0; row < m->n_rows; row += step) {
            struct table_cell cell = {.text = ""};
            m->cell(m->ctx, row, column, &cell);
            int w = text_width(cell.text);
            widest = w > widest ? w : widest;
        }
        t->widths[column] = widest;
    }
}

static void find_cursor(struct table *t, const struct table_model *m)
{
    for (size_t i = 0; t->selected && i < t->n; i++)
        if (m->id(m->ctx, t->order[i]) == t->selected) {
            t->cursor = i;
            return;
        }
    if (t->cursor >= t->n)
        t->cursor = t->n ? t->n - 1 : 0;
    /* A row that went away under the cursor hands it to its neighbour; an empty list keeps the wish. */
    if (t->n)
        t->selected = m->id(m->ctx, t->order[t->cursor]);
}

void table_sync(struct table *t, const struct table_model *m, uint64_t serial)
{
    if (!t->dirty && t->serial == serial)
        return;
    t->n = 0;
    for (size_t row = 0; row < m->n_rows; row++) {
        if (t->faults_only && m->fault && !m->fault(m->ctx, row))
            continue;
        if (t->filter.n && !filter_keeps(&t->filter, m, row))
            continue;
        GROW(t->order, t->n, t->cap);
        t->order[t->n++] = row;
    }
    measure(t, m);
    sort_order(t, m);
    find_cursor(t, m);
    t->serial = serial;
    t->dirty = false;
}

size_t table_row(const struct table *t)
{
    return t->cursor < t->n ? t->order[t->cursor] : SIZE_MAX;
}

static void move_to(struct table *t, const struct table_model *m, size_t at)
{
    t->cursor = t->n == 0 ? 0 : at < t->n ? at : t->n - 1;
    if (t->n)
        t->selected = m->id(m->ctx, t->order[t->cursor]);
}

void table_select(struct table *t, const struct table_model *m, uint64_t id)
{
    t->selected = id;
    t->dirty = true;
    (void)m;
}

bool table_is_marked(const struct table *t, uint64_t id)
{
    for (size_t i = 0; i < t->n_marks; i++)
        if (t->marks[i] == id)
            return true;
    return false;
}

static void toggle_mark(struct table *t, const struct table_model *m)
{
    if (!t->n)
        return;
    uint64_t id = m->id(m->ctx, t->order[t->cursor]);
    for (size_t i = 0; i < t->n_marks; i++)
        if (t->marks[i] == id) {
            t->marks[i] = t->marks[--t->n_marks];
            move_to(t, m, t->cursor + 1);
            return;
        }
    GROW(t->marks, t->n_marks, t->cap_marks);
    t->marks[t->n_marks++] = id;
    move_to(t, m, t->cursor + 1);
}

static void seek_fault(struct table *t, const struct table_model *m, int step)
{
    if (!m->fault || !t->n)
        return;
    for (size_t i = 1; i <= t->n; i++) {
        size_t at = step > 0 ? (t->cursor + i) % t->n : (t->cursor + t->n - i) % t->n;
        if (m->fault(m->ctx, t->order[at])) {
            move_to(t, m, at);
            return;
        }
    }
}

static void sort_by(struct table *t, int column, int n)
{
    t->sort = column < -1 ? n - 1 : column >= n ? -1 : column;
    t->dirty = true;
}

bool table_act(struct table *t, const struct table_model *m, enum action action)
{
    size_t page = t->page > 1 ? (size_t)t->page : 1, half = page / 2 ? page / 2 : 1, at = t->cursor;
    switch ((int)action) {
    case ACT_UP: move_to(t, m, at ? at - 1 : 0); break;
    case ACT_DOWN: move_to(t, m, at + 1); break;
    case ACT_PAGE_UP: move_to(t, m, at > page ? at - page : 0); break;
    case ACT_PAGE_DOWN: move_to(t, m, at + page); break;
    case ACT_HALF_UP: move_to(t, m, at > half ? at - half : 0); break;
    case ACT_HALF_DOWN: move_to(t, m, at + half); break;
    case ACT_FIRST: move_to(t, m, 0); break;
    case ACT_FINAL: move_to(t, m, t->n ? t->n - 1 : 0); break;
    case ACT_LEFT: t->shift = t->shift > 0 ? t->shift - 1 : 0; break;
    case ACT_RIGHT: t->shift = t->shift < m->n_columns - 2 ? t->shift + 1 : t->shift; break;
    case ACT_SORT_LEFT: sort_by(t, t->sort - 1, m->n_columns); break;
    case ACT_SORT_RIGHT: sort_by(t, t->sort + 1, m->n_columns); break;
    case ACT_INVERT: t->descending = !t->descending; t->dirty = true; break;
    case ACT_FAULTS: t->faults_only = !t->faults_only; t->dirty = true; break;
    case ACT_NEXT: seek_fault(t, m, 1); break;
    case ACT_PREVIOUS: seek_fault(t, m, -1); break;
    case ACT_MARK: toggle_mark(t, m); break;
    default: return false;
    }
    return true;
}

/* ---- drawing ---------------------------------------------------------------------------------------------------------------- */

static int total_width(const int *widths, int n)
{
    int total = 0, shown = 0;
    for (int i = 0; i < n; i++)
        if (widths[i]) {
            total += widths[i];
            shown++;
        }
    return total + (shown ? (shown - 1) * GAP : 0);
}

static int least_width(const struct table_column *column, int natural)
{
    return column->min && column->min < natural ? column->min : natural;
}

static void drop_columns(const struct table_column *columns, int n, const int *natural, int room, int *widths)
{
    for (;;) {
        int least[TABLE_COLUMNS_MAX] = {0}, worst = -1;
        for (int i = 0; i < n; i++) {
            least[i] = widths[i] ? least_width(&columns[i], natural[i]) : 0;
            if (widths[i] && columns[i].drop && (worst < 0 || columns[i].drop > columns[worst].drop))
                worst = i;
        }
        if (worst < 0 || total_width(least, n) <= room)
            return;
        widths[worst] = 0;
    }
}

/* Takes a column at a time from the widest that may give, until the row fits. `least` 0: down to what the columns allow. */
static void shrink(const struct table_column *columns, int n, const int *natural, int room, int least,
                   int *widths)
{
    for (int over = total_width(widths, n) - room; over > 0; over--) {
        int widest = -1;
        for (int i = 0; i < n; i++)
            if (widths[i] > (least ? least : least_width(&columns[i], natural[i])) &&
                (widest < 0 || widths[i] > widths[widest]))
                widest = i;
        if (widest < 0)
            return;
        widths[widest]--;
    }
}

void table_fit(const struct table_column *columns, int n, const int *natural, int shift, int room,
               int *widths)
{
    for (int i = 0; i < n; i++)
        widths[i] = i > 0 && i <= shift ? 0 : natural[i] > 0 ? natural[i] : 1;
    drop_columns(columns, n, natural, room, widths);
    shrink(columns, n, natural, room, 0, widths);
    /* Still too wide: better everything cut a little than a column beyond the edge. */
    shrink(columns, n, natural, room, 4, widths);
    int left = room - total_width(widths, n), weights = 0;
    for (int i = 0; i < n; i++)
        weights += widths[i] ? columns[i].weight : 0;
    for (int i = 0; i < n && left > 0 && weights > 0; i++)
        if (widths[i] && columns[i].weight) {
            int share = left * columns[i].weight / weights;
            widths[i] += share;
            left -= share;
            weights -= columns[i].weight;
        }
}

static void draw_header(const struct table *t, const struct table_model *m, const int *widths,
                        struct canvas *c, struct rect r)
{
    int x = r.x + 1;
    for (int i = 0; i < m->n_columns; i++) {
        if (!widths[i])
            continue;
        char title[64];
        const char *arrow = t->sort != i  ? "" :
                            c->ascii      ? (t->descending ? " v" : " ^") :
                            t->descending ? " ↓" :
                                            " ↑";
        str_format(title, sizeof title, "%s%s", m->columns[i].title, arrow);
        struct style style = STYLE(t->sort == i ? ROLE_ACCENT : ROLE_HEADING);
        if (m->columns[i].right)
            canvas_text_right(c, x + widths[i], r.y, widths[i], style, title);
        else
            canvas_text(c, x, r.y, widths[i], style, title);
        x += widths[i] + GAP;
    }
}

static bool same_as_above(const struct table *t, const struct table_model *m, size_t at, int column,
                          const char *text)
{
    if (!m->columns[column].group || t->sort >= 0 || at == 0 || at == t->top)
        return false;
    struct table_cell above = {.text = ""};
    m->cell(m->ctx, t->order[at - 1], column, &above);
    return str_eq(above.text, text);
}

static void draw_row(const struct table *t, const struct table_model *m, const int *widths, struct canvas *c,
                     struct rect line, size_t at, bool focused)
{
    size_t row = t->order[at];
    bool selected = at == t->cursor;
    /* Only where keys act: a mark in every list would be five loud things. */
    if (selected && focused)
        canvas_ground(c, line, ROLE_SELECTION);
    if (t->n_marks && table_is_marked(t, m->id(m->ctx, row)))
        canvas_text(c, line.x, line.y, 1, STYLE(ROLE_MARK), c->ascii ? "*" : "•");
    int x = line.x + 1;
    for (int i = 0; i < m->n_columns; i++) {
        if (!widths[i])
            continue;
        struct table_cell cell = {.text = "", .role = ROLE_TEXT};
        m->cell(m->ctx, row, i, &cell);
        /* Quiet words on the cursor's ground are hard to read, and every change of colour costs bytes on a slow line. */
        if (selected && focused && (cell.role == ROLE_QUIET || cell.role == ROLE_ABSENT))
            cell.role = ROLE_TEXT;
        if (!same_as_above(t, m, at, i, cell.text)) {
            if (m->columns[i].right)
                canvas_text_right(c, x + widths[i], line.y, widths[i], STYLE(cell.role), cell.text);
            else
                canvas_text(c, x, line.y, widths[i], STYLE(cell.role), cell.text);
        }
        x += widths[i] + GAP;
    }
}

void table_draw(struct table *t, const struct table_model *m, struct canvas *c, struct rect r, bool focused)
{
    if (r.h < 2 || r.w < 4)
        return;
    struct rect old = canvas_clip(c, r);
    int widths[TABLE_COLUMNS_MAX] = {0};
    table_fit(m->columns, m->n_columns, t->widths, t->shift, r.w - 2, widths);
    draw_header(t, m, widths, c, r);
    t->page = r.h - 1;
    size_t page = (size_t)t->page;
    if (t->cursor < t->top)
        t->top = t->cursor;
    if (t->cursor >= t->top + page)
        t->top = t->cursor - page + 1;
    if (t->top + page > t->n)
        t->top = t->n > page ? t->n - page : 0;
    for (size_t i = 0; i < page && t->top + i < t->n; i++)
        draw_row(t, m, widths, c, (struct rect){r.x, r.y + 1 + (int)i, r.w, 1}, t->top + i, focused);
    canvas_scrollbar(c, r.x + r.w - 1, r.y + 1, t->page, t->top, t->n);
    c->clip = old;
}
