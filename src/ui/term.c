/* ncurses keeps the diff: a frame sets the cells that changed since the last one and doupdate() sends what differs. The
 * screen is cleared once, at the start. What restores the terminal is prepared as bytes, so that a signal handler can
 * write them. */
#include "term.h"

#include <gatewatch/base.h>

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

enum { MAX_PAIRS = 1024, MAX_COPY = 96 * 1024, ALT_STACK = 64 * 1024 };

static struct {
    bool running;
    SCREEN *screen;
    WINDOW *keys;               /* a pad: reading keys from it draws nothing */
    bool ascii;
    int colours;
    struct { int fg, bg; } pairs[MAX_PAIRS];
    int n_pairs;
    struct canvas shown;        /* what ncurses was last given */
    char shown_theme[sizeof((struct theme *)0)->name];
    bool everything;
    const char *sync;           /* terminfo's Sync, or NULL */
    char *sync_on, *sync_off;
    int signals[2];
} term = {.signals = {-1, -1}};

/* Read by signal handlers: written before they are installed, never changed while they are. */
static struct {
    struct termios before, during;
    char bytes[256];
    size_t len;
    volatile sig_atomic_t active;
    volatile sig_atomic_t quitting;
    struct sigaction old[_NSIG];
} restore;

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
static const int loop_signals[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT};

/* ---- signals -------------------------------------------------------------------------------------------------------------- */

/* Async-signal-safe. */
static void restore_now(void)
{
    if (!restore.active)
        return;
    restore.active = 0;
    ssize_t ignored = write(STDOUT_FILENO, restore.bytes, restore.len);
    (void)ignored;
    tcsetattr(STDIN_FILENO, TCSANOW, &restore.before);
}

static void die_of(int number)
{
    restore_now();
    sigaction(number, &restore.old[number], NULL);
    raise(number);
}

static void on_crash(int number)
{
    int saved = errno;
    die_of(number);
    errno = saved;
}

static void on_signal(int number)
{
    int saved = errno;
    if (number == SIGTERM || number == SIGHUP || number == SIGINT || number == SIGQUIT) {
        /* The second one means that the loop no longer listens. */
        if (restore.quitting)
            die_of(number);
        restore.quitting = 1;
    }
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(term.signals[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

static void catch_signals(void)
{
    static char stack[ALT_STACK];
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alt, NULL);
    struct sigaction crash = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigemptyset(&crash.sa_mask);
    for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals; i++)
        sigaction(crash_signals[i], &crash, &restore.old[crash_signals[i]]);
    struct sigaction wake = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&wake.sa_mask);
    for (size_t i = 0; i < sizeof loop_signals / sizeof *loop_signals; i++)
        sigaction(loop_signals[i], &wake, &restore.old[loop_signals[i]]);
}

static void release_signals(void)
{
    for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals; i++)
        sigaction(crash_signals[i], &restore.old[crash_signals[i]], NULL);
    for (size_t i = 0; i < sizeof loop_signals / sizeof *loop_signals; i++)
        sigaction(loop_signals[i], &restore.old[loop_signals[i]], NULL);
}

static void take_size(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col)
        resizeterm(size.ws_row, size.ws_col);
    term.everything = true;
}

int term_events(void)
{
    int events = TERM_NOTHING;
    unsigned char bytes[64];
    ssize_t n = read(term.signals[0], bytes, sizeof bytes);
    for (ssize_t i = 0; i < n; i++) {
        switch (bytes[i]) {
        case SIGWINCH: events |= TERM_RESIZED; break;
        case SIGTSTP: events |= TERM_SUSPEND; break;
        case SIGCONT: events |= TERM_RESUMED; break;
        default: events |= TERM_QUIT; break;
        }
    }
    if (events & TERM_RESIZED)
        take_size();
    if ((events & TERM_RESUMED) && term.running) {
        /* After SIGSTOP nobody put the terminal back for us. */
        reset_prog_mode();
        take_size();
        term_redraw();
    }
    return events;
}

/* ---- start and stop ---------------------------------------------------------------------------------------------------------- */

static bool has_terminfo(const char *name)
{
    int status;
    TERMINAL *before = cur_term;
    bool good = setupterm(name, STDOUT_FILENO, &status) == OK;
    if (good) {
        TERMINAL *probed = set_curterm(before);
        del_curterm(probed);
    }
    return good;
}

/* The entry with direct colour that belongs to TERM, when the terminal says that it knows true colour. */
static void direct_entry(const char *name, char *out, size_t cap)
{
    const char *colour = env_get("COLORTERM");
    out[0] = '\0';
    if (!colour || !(str_eq(colour, "truecolor") || str_eq(colour, "24bit")))
        return;
    if (str_ends(name, "-direct")) {
        str_copy(out, cap, name);
        return;
    }
    size_t len = strlen(name) - (str_ends(name, "-256color") ? strlen("-256color") : 0);
    str_format(out, cap, "%.*s-direct", (int)len, name);
    if (!has_terminfo(out))
        str_copy(out, cap, str_starts(name, "xterm") && has_terminfo("xterm-direct") ? "xterm-direct" : "");
}

static void add_restore(const char *s)
{
    if (!s || s == (const char *)-1)
        return;
    /* Padding such as $<5> is for terminals of paper. */
    while (*s && restore.len < sizeof restore.bytes) {
        if (s[0] == '$' && s[1] == '<') {
            const char *end = strchr(s, '>');
            if (end) {
                s = end + 1;
                continue;
            }
        }
        restore.bytes[restore.len++] = *s++;
    }
}

static void prepare_restore(void)
{
    restore.len = 0;
    add_restore(term.sync_off);
    add_restore(exit_attribute_mode);
    add_restore(orig_pair);
    add_restore(exit_alt_charset_mode);
    add_restore(keypad_local);
    add_restore(exit_ca_mode);
    add_restore(cursor_normal);
    if (!exit_ca_mode)
        add_restore("\r\n");
}

static void start_colours(bool no_color)
{
    term.n_pairs = 0;
    term.colours = 0;
    if (no_color || start_color() != OK || !has_colors() || COLORS < 8)
        return;
    use_default_colors();
    term.colours = COLORS >= 1 << 24 ? 1 << 24 : COLORS >= 256 ? 256 : COLORS >= 16 ? 16 : 8;
}

static void start_sync(void)
{
    char *sync = tigetstr("Sync");
    if (!sync || sync == (char *)-1)
        return;
    char *on = tiparm(sync, 1);
    term.sync_on = on ? xstrdup(on) : NULL;
    char *off = tiparm(sync, 2);
    term.sync_off = off ? xstrdup(off) : NULL;
}

static bool open_screen(struct error *err)
{
    const char *name = env_get("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        error_set(err, ERR_CONFIG, "the dashboard needs a terminal on standard input and output");
        return error_remedy(err, "Use `gatewatch status` or `gatewatch check` in scripts.");
    }
    if (!name) {
        error_set(err, ERR_CONFIG, "TERM is not set");
        return error_remedy(err, "Set TERM to your terminal's name, for example TERM=xterm-256color.");
    }
    tcgetattr(STDIN_FILENO, &restore.before);
    char direct[80];
    direct_entry(name, direct, sizeof direct);
    if (*direct)
        term.screen = newterm(direct, stdout, stdin);
    if (!term.screen)
        term.screen = newterm(name, stdout, stdin);
    if (!term.screen) {
        error_set(err, ERR_CONFIG, "the terminal \"%s\" is not known here", name);
        return error_remedy(err, "Install its terminfo entry (package ncurses-term) or try TERM=xterm.");
    }
    if (!cursor_address) {
        endwin();
        delscreen(term.screen);
        term.screen = NULL;
        error_set(err, ERR_CONFIG, "the terminal \"%s\" cannot move its cursor", name);
        return error_remedy(err, "Try TERM=xterm, or use `gatewatch status` and `gatewatch check`.");
    }
    return true;
}

bool term_start(const struct term_options *options, struct error *err)
{
    setlocale(LC_CTYPE, "");
    term.ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    if (!open_screen(err))
        return false;
    if (pipe2(term.signals, O_CLOEXEC | O_NONBLOCK) != 0) {
        endwin();
        return error_set(err, ERR_INTERNAL, "no pipe for signals: %s", strerror(errno));
    }
    raw();
    noecho();
    nonl();
    curs_set(0);
    set_escdelay(25);
    term.keys = newpad(1, 1);
    keypad(term.keys, TRUE);
    nodelay(term.keys, TRUE);
    start_colours(options->no_color || env_get("NO_COLOR"));
    start_sync();
    prepare_restore();
    tcgetattr(STDIN_FILENO, &restore.during);
    restore.quitting = 0;
    term.running = true;
    term.everything = true;
    canvas_init(&term.shown, 1, 1);
    catch_signals();
    restore.active = 1;
    return true;
}

void term_stop(void)
{
    if (!term.running)
        return;
    term.running = false;
    endwin();
    restore.active = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &restore.before);
    release_signals();
    delwin(term.keys);
    delscreen(term.screen);
    term.screen = NULL;
    canvas_free(&term.shown);
    free(term.sync_on);
    free(term.sync_off);
    term.sync_on = term.sync_off = NULL;
    close(term.signals[0]);
    close(term.signals[1]);
    term.signals[0] = term.signals[1] = -1;
}

void term_suspend(void)
{
    endwin();
    restore.active = 0;
    struct sigaction handler;
    sigaction(SIGTSTP, &restore.old[SIGTSTP], &handler);
    raise(SIGTSTP);
    /* Stopped here; SIGCONT lets us go on. */
    sigaction(SIGTSTP, &handler, NULL);
    restore.active = 1;
    reset_prog_mode();
    take_size();
    term_redraw();
}

/* ---- keys -------------------------------------------------------------------------------------------------------------------- */

int term_fd(void)
{
    return STDIN_FILENO;
}
int term_signal_fd(void)
{
    return term.signals[0];
}

static int function_key(wint_t code)
{
    static const struct {
        int curses, key;
    } keys[] = {
        {KEY_UP, K_UP}, {KEY_DOWN, K_DOWN}, {KEY_LEFT, K_LEFT}, {KEY_RIGHT, K_RIGHT}, {KEY_PPAGE, K_PGUP},
        {KEY_NPAGE, K_PGDN}, {KEY_HOME, K_HOME}, {KEY_FIND, K_HOME}, {KEY_END, K_END}, {KEY_SELECT, K_END},
        {KEY_DC, K_DELETE}, {KEY_BTAB, K_BACKTAB}, {KEY_BACKSPACE, K_BACKSPACE}, {KEY_ENTER, K_ENTER},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if ((int)code == keys[i].curses)
            return keys[i].key;
    if (code >= (wint_t)KEY_F(1) && code <= (wint_t)KEY_F(12))
        return K_F1 + (int)code - KEY_F(1);
    return K_OTHER;
}

int term_key(void)
{
    wint_t code;
    int got = wget_wch(term.keys, &code);
    if (got == ERR)
        return -1;
    if (got == KEY_CODE_YES)
        return function_key(code);
    if (code == 8)
        return K_BACKSPACE;
    if (code == '\n')
        return K_ENTER;
    return (int)code;
}

void term_size(int *ret_w, int *ret_h)
{
    *ret_w = COLS;
    *ret_h = LINES;
}
bool term_ascii(void)
{
    return term.ascii;
}
int term_colours(void)
{
    return term.colours;
}

/* ---- showing ------------------------------------------------------------------------------------------------------------------ */

static int usable_colour(int rgb)
{
    if (rgb < 0)
        return -1;
    int colour = colour_nearest(rgb, term.colours);
    /* The first eight numbers of a direct-colour terminal are its palette. */
    if (term.colours > 256 && colour < 8)
        return 0;
    return colour;
}

static int pair_for(int fg, int bg)
{
    if (term.colours && term.colours <= 16 && fg >= 0 && fg == bg)
        fg = fg == 0 || fg == 8 ? 7 : 0;
    if (fg < 0 && bg < 0)
        return 0;
    for (int i = 0; i < term.n_pairs; i++)
        if (term.pairs[i].fg == fg && term.pairs[i].bg == bg)
            return i + 1;
    int limit = COLOR_PAIRS - 1 < MAX_PAIRS ? COLOR_PAIRS - 1 : MAX_PAIRS;
    if (term.n_pairs >= limit || init_extended_pair(term.n_pairs + 1, fg, bg) == ERR)
        return 0;
    term.pairs[term.n_pairs].fg = fg;
    term.pairs[term.n_pairs].bg = bg;
    return ++term.n_pairs;
}

/* Few colours and no grey among them: quiet text is told by being dim, on the ground that is there. */
static void soften(struct look *look)
{
    if (term.colours > 8 || look->fg < 0)
        return;
    if (colour_is_grey(look->fg) && look->bg < 0) {
        int high = look->fg >> 16 & 0xFF;
        if (high < 0xA0)
            look->attr |= ATTR_DIM;
        look->fg = COLOUR_DEFAULT;
    }
}

static void set_cell(int x, int y, const struct cell *cell, const struct theme *theme)
{
    struct look look = theme_look(theme, cell->style, term.colours == 0);
    attr_t attrs = 0;
    int pair = 0;
    if (term.colours && term.colours <= 16 && cell->style.ground == ROLE_SELECTION) {
        /* Red on blue cannot be read: where colours are few, the cursor is a reversed row. */
        attrs |= A_REVERSE;
    } else if (term.colours) {
        soften(&look);
        pair = pair_for(usable_colour(look.fg), usable_colour(look.bg));
    }
    attrs |= look.attr & ATTR_BOLD ? A_BOLD : 0;
    attrs |= look.attr & ATTR_DIM ? A_DIM : 0;
    attrs |= look.attr & ATTR_UNDERLINE ? A_UNDERLINE : 0;
    attrs |= look.attr & ATTR_REVERSE ? A_REVERSE : 0;
    wchar_t wide[CCHARW_MAX + 1] = {0};
    mbstate_t state = {0};
    const char *s = cell->s;
    size_t n = mbsnrtowcs(wide, &s, cell->len, CCHARW_MAX, &state);
    /* What the C library would measure otherwise than we did would push the rest of the row aside. */
    if (n == (size_t)-1 || n == 0 || wcwidth(wide[0]) != cell->width) {
        wide[0] = L'?';
        wide[1] = 0;
    }
    cchar_t out;
    setcchar(&out, wide, attrs, 0, &pair);
    mvwadd_wch(stdscr, y, x, &out);
}

static void write_all(const char *s)
{
    size_t len = s ? strlen(s) : 0;
    while (len) {
        ssize_t n = write(STDOUT_FILENO, s, len);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
            poll(&out, 1, 100);
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (n > 0) {
            s += n;
            len -= (size_t)n;
        }
    }
}

static bool set_changes(const struct canvas *c, const struct theme *theme, bool all)
{
    bool any = false;
    for (int y = 0; y < c->h && y < LINES; y++)
        for (int x = 0; x < c->w && x < COLS; x++) {
            const struct cell *now = canvas_at(c, x, y), *was = canvas_at(&term.shown, x, y);
            if (now->width == 0 || (!all && memcmp(now, was, sizeof *now) == 0))
                continue;
            set_cell(x, y, now, theme);
            any = true;
        }
    return any;
}

static void keep_shown(const struct canvas *c, const struct theme *theme)
{
    if (term.shown.w != c->w || term.shown.h != c->h)
        canvas_resize(&term.shown, c->w, c->h);
    memcpy(term.shown.cells, c->cells, (size_t)c->w * (size_t)c->h * sizeof *c->cells);
    term.shown.cursor_x = c->cursor_x;
    term.shown.cursor_y = c->cursor_y;
    str_copy(term.shown_theme, sizeof term.shown_theme, theme->name);
}

void term_show(const struct canvas *c, const struct theme *theme)
{
    bool all = term.everything || !str_eq(term.shown_theme, theme->name) || term.shown.w != c->w ||
               term.shown.h != c->h;
    if (!all && canvas_same(c, &term.shown))
        return;
    set_changes(c, theme, all);
    bool cursor = c->cursor_x >= 0, had = term.shown.cursor_x >= 0;
    if (cursor != had)
        curs_set(cursor ? 1 : 0);
    if (cursor)
        wmove(stdscr, c->cursor_y, c->cursor_x);
    wnoutrefresh(stdscr);
    write_all(term.sync_on);
    doupdate();
    write_all(term.sync_off);
    keep_shown(c, theme);
    term.everything = false;
}

void term_redraw(void)
{
    term.everything = true;
    /* Paints over what is there instead of clearing it: no flash. */
    touchwin(stdscr);
    redrawwin(stdscr);
}

/* ---- clipboard ---------------------------------------------------------------------------------------------------------------- */

static char *base64(const char *in, size_t len)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = xcalloc((len + 2) / 3 * 4 + 1, 1), *o = out;
    for (size_t i = 0; i < len; i += 3) {
        unsigned v = (unsigned)(unsigned char)in[i] << 16;
        v |= i + 1 < len ? (unsigned)(unsigned char)in[i + 1] << 8 : 0;
        v |= i + 2 < len ? (unsigned char)in[i + 2] : 0;
        *o++ = alphabet[v >> 18 & 63];
        *o++ = alphabet[v >> 12 & 63];
        *o++ = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
        *o++ = i + 2 < len ? alphabet[v & 63] : '=';
    }
    return out;
}

bool term_copy(const char *s, size_t len)
{
    if (len > MAX_COPY)
        return false;
    FREE_AUTO char *coded = base64(s, len);
    TEXT_AUTO out = {0};
    const char *name = str_or(env_get("TERM"), "");
    if (env_get("TMUX")) {
        /* Plain for `set-clipboard on`, wrapped for `allow-passthrough on`: either may be off, both do no harm. */
        text_printf(&out, "\033]52;c;%s\a\033Ptmux;\033\033]52;c;%s\a\033\\", coded, coded);
    } else if (env_get("STY") || str_starts(name, "screen")) {
        /* screen takes at most 768 bytes in one control string. */
        text_puts(&out, "\033P\033]52;c;");
        for (size_t i = 0, n = strlen(coded); i < n; i += 500)
            text_printf(&out, "%s%.500s", i ? "\033\\\033P" : "", coded + i);
        text_puts(&out, "\a\033\\");
    } else {
        text_printf(&out, "\033]52;c;%s\a", coded);
    }
    write_all(text_str(&out));
    return true;
}
