/* term: the terminal, and the only user of ncurses. Starts and stops it, reads keys, shows a canvas, restores the terminal
 * on every way out. One at a time, main thread. */
#ifndef UI_TERM_H
#define UI_TERM_H

#include "canvas.h"

/* A key: a Unicode character, or one of these beyond them. ^A is 1, Esc 27, Enter 13, Tab 9. */
enum key {
    KEY_NONE_ = -1,
    K_TAB = 9, K_ENTER = 13, K_ESC = 27, K_BACKSPACE = 127,
    K_UP = 0x110000, K_DOWN, K_LEFT, K_RIGHT, K_PGUP, K_PGDN, K_HOME, K_END, K_DELETE, K_BACKTAB,
    K_F1, K_F2, K_F3, K_F4, K_F5, K_F6, K_F7, K_F8, K_F9, K_F10, K_F11, K_F12,
    K_OTHER,
};
#define K_CTRL(letter) ((letter) & 0x1F)

enum term_event { TERM_NOTHING = 0, TERM_RESIZED = 1, TERM_QUIT = 2, TERM_RESUMED = 4, TERM_SUSPEND = 8 };

struct term_options {
    bool ascii, no_color;
};
/* False when there is no usable terminal. */
bool term_start(const struct term_options *, struct error *);
void term_stop(void);               /* fine to call twice */
void term_suspend(void);            /* as ^Z: gives the terminal back, stops the process group, takes it again */

int term_fd(void);                  /* readable when a key waits */
int term_signal_fd(void);           /* readable when term_events has something to tell */
int term_events(void);              /* a set of enum term_event */
int term_key(void);                 /* the next key, or -1; never waits */
void term_size(int *ret_w, int *ret_h);
bool term_ascii(void);              /* lines and signs must be ASCII */
int term_colours(void);             /* 0 without, 8, 16, 256, 1 << 24 */

/* Shows the canvas: only what differs from what is there leaves the process. */
void term_show(const struct canvas *, const struct theme *);
void term_redraw(void);             /* the next term_show paints everything (another program wrote on the screen) */
/* Puts text on the clipboard by OSC 52, through tmux and screen as they want it. False when it is too long. */
bool term_copy(const char *text, size_t len);

#endif
