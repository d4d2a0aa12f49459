/* What is on the screen, what was printed, and whether the terminal is as it was. */
#include "screen_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAW_MAX ((size_t)64 << 20)
#define STRING_MAX ((size_t)4 << 20)

/* ---- reading along ---------------------------------------------------------------------------------------------------- */

static void append(char **at, size_t *len, size_t *size, const char *bytes, size_t n, size_t max)
{
    if (*len + n > max)
        return;
    if (*len + n + 1 > *size) {
        *size = (*len + n + 1) * 2;
        *at = realloc(*at, *size);
    }
    memcpy(*at + *len, bytes, n);
    *len += n;
    (*at)[*len] = '\0';
}

/* "?25;2004" and 'h' or 'l': private modes. "2" and 'J': all erased. */
static void on_csi(struct screen *s, char final)
{
    s->sequence[s->sequence_len] = '\0';
    if (final == 'J' && (strcmp(s->sequence, "2") == 0 || strcmp(s->sequence, "3") == 0))
        s->clears++;
    if (s->sequence[0] != '?' || (final != 'h' && final != 'l'))
        return;
    for (char *p = s->sequence + 1; *p;) {
        long mode = strtol(p, &p, 10);
        if (mode > 0 && mode < N_MODES)
            s->modes[mode] = final == 'h';
        /* libvterm restores this with the cursor's place (ESC 8, ?1049l); terminals do not. */
        if (mode == 25)
            s->cursor_visible = final == 'h';
        if (*p)
            p++;
    }
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* "52;c;BASE64" in an OSC, or "]52;c;BASE64" inside what wraps it for tmux or screen; the last one counts. */
static const char *clipboard_data(const char *string)
{
    const char *found = strncmp(string, "52;", 3) == 0 ? string + 3 : NULL;
    for (const char *p = string; (p = strstr(p, "]52;")); p += 4)
        found = p + 4;
    const char *data = found ? strchr(found, ';') : NULL;
    return data && data[1] != '?' ? data + 1 : NULL;
}

static void on_string(struct screen *s)
{
    const char *data = s->string ? clipboard_data(s->string) : NULL;
    if (!data)
        return;
    char *out = calloc(1, strlen(data) + 1);
    size_t n = 0;
    unsigned bits = 0;
    int have = 0;
    for (; *data; data++) {
        int value = base64_value(*data);
        if (value < 0)
            continue;
        bits = bits << 6 | (unsigned)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (char)(bits >> have & 0xff);
        }
    }
    free(s->clipboard);
    s->clipboard = out;
}

static void string_byte(struct screen *s, char c)
{
    append(&s->string, &s->string_len, &s->string_size, &c, 1, STRING_MAX);
}

static void forget_string(struct screen *s)
{
    s->string_len = 0;
    if (s->string)
        s->string[0] = '\0';
}

static void on_escape(struct screen *s, char c)
{
    s->at = PLAIN;
    switch (c) {
    case '[':
        s->at = CSI;
        s->sequence_len = 0;
        break;
    case ']':
        forget_string(s);
        s->at = STRING;
        break;
    case 'P':
        /* Not forgotten here: what is wrapped for screen comes in several pieces, each an ESC P of its own. */
        s->at = STRING;
        break;
    case '=':
        s->keypad = true;
        break;
    case '>':
        s->keypad = false;
        break;
    case 'c':
        s->clears++;
        s->keypad = false;
        s->cursor_visible = true;
        memset(s->modes, 0, sizeof s->modes);
        break;
    default:
        break;
    }
}

static void note_byte(struct screen *s, char c)
{
    switch (s->at) {
    case PLAIN:
        if (c == '\033')
            s->at = ESCAPE;
        break;
    case ESCAPE:
        on_escape(s, c);
        break;
    case CSI:
        if (c >= 0x40 && c <= 0x7e) {
            on_csi(s, c);
            s->at = PLAIN;
        } else if (s->sequence_len < sizeof s->sequence - 1) {
            s->sequence[s->sequence_len++] = c;
        }
        break;
    case STRING:
        if (c == '\033') {
            s->at = STRING_ESCAPE;
        } else if (c == '\a') {
            /* BEL ends an OSC, also one that is wrapped. */
            on_string(s);
            forget_string(s);
            s->at = PLAIN;
        } else {
            string_byte(s, c);
        }
        break;
    case STRING_ESCAPE:
        if (c == '\\') {
            on_string(s);
            s->at = PLAIN;
        } else {
            if (c != '\033')
                string_byte(s, c);
            s->at = STRING;
        }
        break;
    }
}

void screen_note(struct screen *s, const char *bytes, size_t len)
{
    append(&s->raw, &s->raw_len, &s->raw_size, bytes, len, RAW_MAX);
    s->received += len;
    for (size_t i = 0; i < len; i++) {
        s->beyond_ascii |= (bytes[i] & 0x80) != 0;
        note_byte(s, bytes[i]);
    }
}

/* ---- text ---------------------------------------------------------------------------------------------------------------- */

static size_t put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

static size_t cell_text(const VTermScreenCell *cell, char *out)
{
    size_t n = 0;
    for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i] && cell->chars[i] != (uint32_t)-1; i++)
        n += put_utf8(out + n, cell->chars[i]);
    return n;
}

/* One row at `out`, without blanks at its end; the number of bytes. With col_of, the column of each byte. */
static size_t row_text(struct screen *s, int row, char *out, int *col_of)
{
    size_t n = 0, end = 0;
    for (int col = 0; col < s->cols;) {
        VTermScreenCell cell;
        memset(&cell, 0, sizeof cell);
        vterm_screen_get_cell(s->vs, (VTermPos){.row = row, .col = col}, &cell);
        size_t wrote = cell_text(&cell, out + n);
        if (wrote == 0) {
            out[n] = ' ';
            wrote = 1;
        }
        for (size_t i = 0; col_of && i < wrote; i++)
            col_of[n + i] = col;
        n += wrote;
        if (!(wrote == 1 && out[n - 1] == ' '))
            end = n;
        col += cell.width > 1 ? cell.width : 1;
    }
    return end;
}

static size_t row_size(const struct screen *s)
{
    return (size_t)s->cols * VTERM_MAX_CHARS_PER_CELL * 4 + 2;
}

const char *screen_text(struct screen *s)
{
    free(s->text);
    s->text = malloc(row_size(s) * (size_t)s->rows + 1);
    size_t n = 0;
    for (int row = 0; row < s->rows; row++) {
        n += row_text(s, row, s->text + n, NULL);
        s->text[n++] = '\n';
    }
    s->text[n] = '\0';
    return s->text;
}

const char *screen_row(struct screen *s, int row)
{
    if (row < 0 || row >= s->rows)
        fail_msg("row %d of a screen with %d rows", row, s->rows);
    free(s->text);
    s->text = malloc(row_size(s));
    s->text[row_text(s, row, s->text, NULL)] = '\0';
    return s->text;
}

bool screen_find(struct screen *s, const char *text, int *row, int *col)
{
    char *line = malloc(row_size(s));
    int *col_of = malloc(row_size(s) * sizeof *col_of);
    bool found = false;
    for (int r = 0; r < s->rows && !found; r++) {
        line[row_text(s, r, line, col_of)] = '\0';
        char *at = strstr(line, text);
        if (at) {
            found = true;
            if (row)
                *row = r;
            if (col)
                *col = col_of[at - line];
        }
    }
    free(line);
    free(col_of);
    return found;
}

int screen_rows(const struct screen *s)
{
    return s->rows;
}

int screen_cols(const struct screen *s)
{
    return s->cols;
}

/* ---- cells -------------------------------------------------------------------------------------------------------------- */

static struct screen_colour colour(const VTermColor *c, bool is_default)
{
    if (is_default)
        return (struct screen_colour){.kind = SCREEN_DEFAULT};
    if (VTERM_COLOR_IS_INDEXED(c))
        return (struct screen_colour){.kind = SCREEN_INDEXED, .index = c->indexed.idx};
    return (struct screen_colour){SCREEN_RGB, 0, c->rgb.red, c->rgb.green, c->rgb.blue};
}

struct screen_cell screen_cell(struct screen *s, int row, int col)
{
    struct screen_cell out;
    VTermScreenCell cell;
    memset(&out, 0, sizeof out);
    memset(&cell, 0, sizeof cell);
    if (!vterm_screen_get_cell(s->vs, (VTermPos){.row = row, .col = col}, &cell))
        fail_msg("cell %d,%d of a screen of %dx%d", row, col, s->rows, s->cols);
    out.text[cell_text(&cell, out.text)] = '\0';
    out.width = cell.width;
    out.fg = colour(&cell.fg, VTERM_COLOR_IS_DEFAULT_FG(&cell.fg));
    out.bg = colour(&cell.bg, VTERM_COLOR_IS_DEFAULT_BG(&cell.bg));
    out.bold = cell.attrs.bold;
    out.reverse = cell.attrs.reverse;
    out.underline = cell.attrs.underline != 0;
    out.italic = cell.attrs.italic;
    out.blink = cell.attrs.blink;
    return out;
}

bool screen_coloured(struct screen *s)
{
    for (int row = 0; row < s->rows; row++) {
        for (int col = 0; col < s->cols; col++) {
            struct screen_cell cell = screen_cell(s, row, col);
            if (cell.fg.kind != SCREEN_DEFAULT || cell.bg.kind != SCREEN_DEFAULT)
                return true;
        }
    }
    return false;
}

bool screen_ascii_only(const struct screen *s)
{
    return !s->beyond_ascii;
}

void screen_cursor(struct screen *s, int *row, int *col)
{
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(s->vt), &at);
    *row = at.row;
    *col = at.col;
}

bool screen_cursor_visible(const struct screen *s)
{
    return s->cursor_visible;
}

bool screen_alt(const struct screen *s)
{
    return s->alt;
}

bool screen_mode(const struct screen *s, int mode)
{
    return mode > 0 && mode < N_MODES && s->modes[mode];
}

const char *screen_title(const struct screen *s)
{
    return s->title;
}

const char *screen_clipboard(struct screen *s)
{
    return s->clipboard;
}

pid_t screen_pid(const struct screen *s)
{
    return s->pid;
}

const char *screen_folder(const struct screen *s)
{
    return s->folder;
}

/* ---- what was printed ----------------------------------------------------------------------------------------------------- */

uint64_t screen_received(const struct screen *s)
{
    return s->received;
}

int screen_clears(const struct screen *s)
{
    return s->clears;
}

bool screen_printed(const struct screen *s, const void *bytes, size_t len)
{
    return s->raw && memmem(s->raw, s->raw_len, bytes, len) != NULL;
}

/* ---- after the end --------------------------------------------------------------------------------------------------------- */

static bool pen_is_plain(struct screen *s)
{
    static const VTermAttr attributes[] = {VTERM_ATTR_BOLD, VTERM_ATTR_UNDERLINE, VTERM_ATTR_ITALIC, VTERM_ATTR_BLINK,
                                           VTERM_ATTR_REVERSE};
    VTermState *state = vterm_obtain_state(s->vt);
    VTermValue value;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        memset(&value, 0, sizeof value);
        vterm_state_get_penattr(state, attributes[i], &value);
        if (value.number)
            return false;
    }
    vterm_state_get_penattr(state, VTERM_ATTR_FOREGROUND, &value);
    if (!VTERM_COLOR_IS_DEFAULT_FG(&value.color))
        return false;
    vterm_state_get_penattr(state, VTERM_ATTR_BACKGROUND, &value);
    return VTERM_COLOR_IS_DEFAULT_BG(&value.color);
}

bool screen_restored(struct screen *s, char *why, size_t size)
{
    static const struct { int mode; const char *name; } modes[] = {
        {1, "application cursor keys"}, {9, "mouse"}, {1000, "mouse"}, {1002, "mouse"}, {1003, "mouse"},
        {1004, "focus reports"}, {1006, "mouse"}, {2004, "bracketed paste"}, {2026, "synchronised output"},
    };
    const char *wrong = NULL;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (s->modes[modes[i].mode])
            wrong = modes[i].name;
    if (s->alt)
        wrong = "alternate screen";
    else if (!s->cursor_visible)
        wrong = "hidden cursor";
    else if (s->keypad)
        wrong = "application keypad";
    else if (!pen_is_plain(s))
        wrong = "colours or attributes";
    struct termios now;
    if (!wrong && tcgetattr(s->master, &now) == 0 &&
        (now.c_iflag != s->before.c_iflag || now.c_oflag != s->before.c_oflag || now.c_lflag != s->before.c_lflag))
        wrong = "line discipline";
    if (wrong)
        snprintf(why, size, "%s", wrong);
    return !wrong;
}

void screen_expect_restored_at(struct screen *s, const char *file, int line)
{
    char why[128];
    if (!screen_restored(s, why, sizeof why)) {
        screen_dump(s, "the terminal was not restored");
        print_error("%s:%d: left behind in the terminal: %s\n", file, line, why);
        _fail(file, line);
    }
}

void screen_dump(struct screen *s, const char *why)
{
    int row, col;
    screen_cursor(s, &row, &col);
    printf("# %s\n# screen %dx%d, cursor %d,%d%s%s, %llu bytes received, %s\n", why, s->cols, s->rows, row, col,
           s->cursor_visible ? "" : " hidden", s->alt ? ", alternate" : "", (unsigned long long)s->received,
           s->status >= 0 ? "ended" : "running");
    if (s->status > 0)
        printf("# exit status %d\n", s->status);
    for (int r = 0; r < s->rows; r++)
        printf("# %3d|%s\n", r, screen_row(s, r));
    fflush(stdout);
}
