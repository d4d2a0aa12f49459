/* A terminal in memory: runs a program in a pseudo-terminal, lets libvterm read what it prints, and types keys.
 *
 * A screen test is one cmocka program, tests/screens/test_NAME.c, linked with this and with nothing of gatewatch:
 *
 *     static void test_findings_view(void **state)
 *     {
 *         struct sim *sim = sim_start("reference", "--speed", "20", NULL);
 *         struct screen *s = screen_gatewatch(sim, &(struct screen_options){.rows = 40, .cols = 120}, NULL);
 *         screen_expect(s, "probe-no-route");              // waits; fails with a dump of the screen
 *         screen_keys(s, "6<Down><Enter>");
 *         screen_expect(s, "^ *Findings");
 *         assert_true(screen_cell(s, 0, 0).bold);
 *         screen_keys(s, "<Esc>q");
 *         assert_int_equal(screen_wait_exit(s, 5000), 0);
 *         screen_expect_restored(s);
 *         screen_stop(s);
 *         sim_stop(sim);
 *     }
 *
 * Rows and columns count from 0. Patterns are POSIX extended regular expressions over the whole screen: rows joined by
 * newlines, blanks at their ends removed; ^ and $ are a row's ends, a dot does not match a newline. Times are
 * milliseconds, multiplied by GATEWATCH_SLOW (sanitizer builds). Nothing here sleeps for luck: every wait ends as soon as
 * what it waits for is there. What cannot be done at all (no pty, no program) ends the test by cmocka's fail().
 *
 * Not thread-safe; a test drives its screens one after another, and a screen reads only inside these calls: a program
 * that prints much stops at a full pty until then. */
#ifndef SCREEN_H
#define SCREEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#define SCREEN_WAIT 10000       /* how long screen_expect waits */

struct screen;
struct sim;

/* ---- start and end --------------------------------------------------------------------------------------------- */

struct screen_options {
    int rows, cols;             /* 0: 24 and 80 */
    const char *term;           /* TERM; NULL: xterm-256color */
    const char *const *env;     /* "K=V" sets, "K" removes; NULL-terminated; on top of the environment of the test */
    const char *folder;         /* HOME and all XDG folders of the program lie below it; NULL: one made for this screen,
                                   removed by screen_stop. Give the same one twice to test what outlives a run. */
};

/* Runs argv (NULL-terminated; argv[0] searched in PATH) in a new terminal. */
struct screen *screen_start(const struct screen_options *, const char *const *argv);
/* Runs $GATEWATCH_BUILD/gatewatch (build/gatewatch without that variable) with these further arguments, ended by NULL,
 * against `sim` (its config.yaml, kubeconfig and the variables of its env file), or with none when sim is NULL. */
struct screen *screen_gatewatch(const struct sim *sim, const struct screen_options *, ...) __attribute__((sentinel));
/* Ends the program if it still runs (SIGKILL), and frees everything. NULL is fine. */
void screen_stop(struct screen *);

pid_t screen_pid(const struct screen *);
const char *screen_folder(const struct screen *);       /* where HOME and XDG_* point */
/* Sends a signal to the program. */
void screen_signal(struct screen *, int number);
/* Waits for the end, reading what is printed meanwhile. Exit status, 128 + signal, or -1 when it still runs. */
int screen_wait_exit(struct screen *, int ms);
/* Waits until the program is stopped by job control (SIGTSTP, SIGSTOP). */
bool screen_wait_stopped(struct screen *, int ms);

/* ---- type -------------------------------------------------------------------------------------------------------- */

/* Types text as it is, but for names in angle brackets, sent as a terminal would in its present mode:
 *   <Up> <Down> <Left> <Right> <Home> <End> <PgUp> <PgDn> <Insert> <Delete> <Enter> <Esc> <Tab> <BackTab> <Backspace>
 *   <Space> <F1>…<F12> <C-a>…<C-z> (Control) <M-x> (Alt) <lt> for '<' itself. '>' stands for itself.
 * A lone <Esc> followed by more keys in one call may be read as Alt; send it by itself. */
void screen_keys(struct screen *, const char *keys);
/* Sends bytes untouched. */
void screen_bytes(struct screen *, const void *bytes, size_t len);
/* Pastes text, with bracketed-paste marks if the program asked for them. */
void screen_paste(struct screen *, const char *text);
/* Changes the window; the program gets SIGWINCH. */
void screen_resize(struct screen *, int rows, int cols);

/* ---- wait -------------------------------------------------------------------------------------------------------- */

/* True as soon as the pattern is (is not) found; false, after a dump to the test's output, when time is up. */
bool screen_wait_text(struct screen *, const char *pattern, int ms);
bool screen_wait_gone(struct screen *, const char *pattern, int ms);
/* Reads until nothing was printed for `quiet` ms, at most `ms` in all. False when it never was quiet. For "nothing
 * happens" only; to see something happen, wait for it. */
bool screen_settle(struct screen *, int quiet, int ms);

/* The same as assertions. */
#define screen_expect(s, pattern) screen_expect_at((s), (pattern), false, __FILE__, __LINE__)
#define screen_expect_gone(s, pattern) screen_expect_at((s), (pattern), true, __FILE__, __LINE__)
void screen_expect_at(struct screen *, const char *pattern, bool gone, const char *file, int line);

/* ---- look -------------------------------------------------------------------------------------------------------- */
/* All of these look at what has been read; screen_wait_* read. Texts live until the next call on this screen. */

const char *screen_text(struct screen *);               /* the whole screen, as the patterns see it */
const char *screen_row(struct screen *, int row);       /* one row, UTF-8, blanks at its end removed */
bool screen_has(struct screen *, const char *pattern);  /* now, without waiting */
/* Finds plain text (no pattern) and says where it begins; false when it is not there. */
bool screen_find(struct screen *, const char *text, int *row, int *col);
int screen_rows(const struct screen *);
int screen_cols(const struct screen *);

enum screen_colour_kind { SCREEN_DEFAULT, SCREEN_INDEXED, SCREEN_RGB };
struct screen_colour {
    enum screen_colour_kind kind;
    uint8_t index;              /* SCREEN_INDEXED: 0-7, 8-15 bright, 16-255 */
    uint8_t red, green, blue;   /* SCREEN_RGB */
};
struct screen_cell {
    char text[32];              /* UTF-8 with combining marks; "" when blank or the right half of a wide character */
    int width;                  /* 1, or 2 for a wide character */
    struct screen_colour fg, bg;
    bool bold, reverse, underline, italic, blink;
};
struct screen_cell screen_cell(struct screen *, int row, int col);
/* True when any cell of the screen has a colour of its own, foreground or background. */
bool screen_coloured(struct screen *);
/* True when every byte printed so far was ASCII. */
bool screen_ascii_only(const struct screen *);

void screen_cursor(struct screen *, int *row, int *col);
bool screen_cursor_visible(const struct screen *);
bool screen_alt(const struct screen *);                 /* in the alternate screen */
bool screen_mode(const struct screen *, int mode);      /* a private mode (ESC [ ? N h) as last set; false when never:
                                                           1 cursor keys, 1000-1006 mouse, 2004 bracketed paste */
const char *screen_title(const struct screen *);        /* by OSC 0/2; "" when never set */
/* The last text put into the clipboard by OSC 52, plain or wrapped for tmux or screen; NULL when there was none. */
const char *screen_clipboard(struct screen *);

/* ---- what was printed ------------------------------------------------------------------------------------------- */

uint64_t screen_received(const struct screen *);        /* bytes printed so far */
int screen_clears(const struct screen *);               /* how often the whole screen was erased (ESC [ 2 J, ESC c) */
bool screen_printed(const struct screen *, const void *bytes, size_t len);     /* these bytes occurred somewhere */

/* ---- after the end ------------------------------------------------------------------------------------------------ */

/* True when the terminal is as the program found it: main screen, cursor shown, plain attributes, no mouse, no bracketed
 * paste, cursor and keypad keys in normal mode, and the line discipline (echo, canonical, signals) as before. Otherwise
 * `why` says what is not. */
bool screen_restored(struct screen *, char *why, size_t size);
#define screen_expect_restored(s) screen_expect_restored_at((s), __FILE__, __LINE__)
void screen_expect_restored_at(struct screen *, const char *file, int line);

/* Prints the screen as TAP comments. */
void screen_dump(struct screen *, const char *why);

/* ---- the simulator -------------------------------------------------------------------------------------------------- */

/* Starts $GATEWATCH_BUILD/gatewatch-sim with `--scenario SCENARIO` and further arguments, ended by NULL, on a free port,
 * with a temporary folder of its own, and waits until it is ready. */
struct sim *sim_start(const char *scenario, ...) __attribute__((sentinel));
/* SIGTERM, waits, removes the folder. Fails the test when it ended badly (its exit status was not 0). NULL is fine. */
void sim_stop(struct sim *);
const char *sim_folder(const struct sim *);             /* holds kubeconfig, config.yaml, ca.pem, env, ready */
const char *sim_url(const struct sim *);                /* "https://127.0.0.1:PORT" */
pid_t sim_pid(const struct sim *);

/* One request to the simulator, its CA verified. `path` begins with '/'. body may be NULL. Returns the status, and the
 * reply's body in *reply (free() it; pass NULL when it does not matter). Fails the test when there is no answer. */
int sim_call(struct sim *, const char *method, const char *path, const char *body, char **reply);

/* GATEWATCH_BUILD, or "build". */
const char *build_folder(void);
/* ms times GATEWATCH_SLOW. */
int patient(int ms);

#endif
