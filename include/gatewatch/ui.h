/* ui: the dashboard. Sees base, config, model, topology and engine. The ui thread is the process's first thread. */
#ifndef GATEWATCH_UI_H
#define GATEWATCH_UI_H

#include <gatewatch/engine.h>

struct ui_options {
    bool demo;                  /* header says so */
    const char *note;           /* a line to show once at start, or NULL */
};
/* Runs until the user quits. Restores the terminal on every way out, signals and crashes included. Returns false when
 * there is no usable terminal. */
bool ui_run(struct engine *, const struct settings *, const struct ui_options *, struct error *);

#endif
