/* app: the state of the dashboard and what joins its parts. Private to the room; one, on the main thread. */
#ifndef UI_APP_H
#define UI_APP_H

#include "pager.h"
#include "prompt.h"
#include "sheet.h"
#include "view.h"

#include <gatewatch/ui.h>

enum { VIEWS_MAX = 16, HISTORY_MAX = 64, FLASH_MS = 6000 };

enum prompt_use { PROMPT_NONE, PROMPT_COMMAND, PROMPT_FILTER, PROMPT_SEARCH };

struct app {
    struct engine *engine;
    const struct settings *settings;
    struct ui_options options;
    struct theme theme;
    struct canvas canvas;
    struct layout layout;

    struct view_data *data;         /* what is shown */
    struct view_data *held;         /* newer, while frozen */
    unsigned held_back;             /* how many came meanwhile */
    bool frozen;
    int64_t started_wall_ms;
    int64_t mono_ms, wall_ms;       /* of this frame */

    const struct view *view;
    struct view_state states[VIEWS_MAX];
    const struct view *history[HISTORY_MAX];
    int n_history, at_history;
    const struct view *drill[HISTORY_MAX];      /* views that Enter left: Esc and q go back through them */
    int n_drill;
    const struct view *last;

    struct pager pager;
    struct sheet sheet;
    struct prompt prompt;
    enum prompt_use prompt_use;
    struct prompt_history commands, filters, searches;
    char filter_before[128];
    uint64_t filter_anchor;         /* the row that was selected when the filter was opened */

    char flash[320];
    enum role flash_role;
    int64_t flash_until;
    int64_t quit_asked;             /* when ^c met a fix under way */
    bool quit;
};

/* app.c */
struct scene app_scene(struct app *);
void app_flash(struct app *, enum role, const char *format, ...) __attribute__((format(printf, 3, 4)));
void app_show(struct app *, const struct view *);                   /* with history */
const struct view *app_view_named(const char *name);                /* by name, or the beginning of one; NULL */
void app_copy(struct app *, const char *text, size_t len, const char *what);

/* input.c */
void app_key(struct app *, int key);
void app_jump(struct app *, const struct jump *);
void app_help(struct app *);
void app_refresh(struct app *);
void app_close_sheet(struct app *);
void app_ask_to_quit(struct app *);

/* commands.c */
void command_run(struct app *, const char *line);
const char *command_complete(void *app, const char *line, size_t n);

/* chrome.c */
int banner_rows(const struct app *);
void draw_chrome(struct app *);
void sources_doc(const struct scene *, struct doc *);


#endif
