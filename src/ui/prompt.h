/* prompt: one line that is typed: a command, a filter, a search, a target's name. Editing, history, completion. */
#ifndef UI_PROMPT_H
#define UI_PROMPT_H

#include "canvas.h"
#include "keymap.h"

enum { PROMPT_BYTES = 256, PROMPT_HISTORY = 32 };

struct prompt_history {
    char lines[PROMPT_HISTORY][PROMPT_BYTES];
    int n;
};
struct prompt {
    const char *label;                  /* ":" */
    char line[PROMPT_BYTES];
    size_t at;                          /* the cursor, in bytes */
    struct prompt_history *history;     /* or NULL */
    int shown;                          /* of the history; -1: what is being typed */
    char draft[PROMPT_BYTES];
    /* Completions of the line: the n-th, or NULL. The whole line is replaced. */
    const char *(*complete)(void *ctx, const char *line, size_t n);
    void *ctx;
    char stem[PROMPT_BYTES];            /* what Tab completes, as it was typed */
    size_t tabs;
};
enum prompt_result { PROMPT_EDITING, PROMPT_ACCEPTED, PROMPT_CANCELLED };

void prompt_open(struct prompt *, const char *label, const char *line, struct prompt_history *);
enum prompt_result prompt_key(struct prompt *, int key);
void prompt_draw(const struct prompt *, struct canvas *, struct rect, enum role ground);

#endif
