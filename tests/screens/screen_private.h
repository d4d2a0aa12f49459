/* What screen.c, look.c and sim.c share; tests include screen.h. */
#ifndef SCREEN_PRIVATE_H
#define SCREEN_PRIVATE_H

#include "screen.h"

#include <termios.h>
#include <vterm.h>

#define N_MODES 8192

struct screen {
    pid_t pid;
    int master;
    int status;                 /* -1 while it runs */
    bool stopped, hung_up;
    int rows, cols;
    char folder[512];
    bool own_folder;
    struct termios before;

    VTerm *vt;
    VTermScreen *vs;
    bool cursor_visible, alt;
    char title[256];

    /* What was printed, as it came; kept whole up to a bound. */
    char *raw;
    size_t raw_len, raw_size;
    uint64_t received;
    bool beyond_ascii;
    int clears;

    /* A small reader of our own for what libvterm does not tell: private modes, the keypad, the clipboard. */
    enum { PLAIN, ESCAPE, CSI, STRING, STRING_ESCAPE } at;
    char sequence[256];
    size_t sequence_len;
    char *string;               /* an OSC or DCS under way */
    size_t string_len, string_size;
    bool modes[N_MODES];
    bool keypad;
    char *clipboard;

    char *text;                 /* screen_text's and screen_row's answer */
};

int64_t now_ms(void);
void screen_note(struct screen *, const char *bytes, size_t len);   /* look.c: before libvterm gets them */
bool temporary_folder(char *path, size_t size, const char *prefix); /* sim.c: makes one below TMPDIR; true */
/* sim.c: "K=V" of each line `export K=V` in the simulator's env file; the texts lie in `room`. Returns how many. */
size_t sim_environment(const struct sim *, char *room, size_t size, const char **env, size_t max);
void remove_folder(const char *path);                               /* with all that is in it */

#endif
