/* sheet: the plan of a fix, shown whole before anything happens. Cancel has the focus; what is confirmed is exactly what is
 * on the sheet. The sheet only asks the engine: it knows no cluster. */
#ifndef UI_SHEET_H
#define UI_SHEET_H

#include "prompt.h"
#include "view.h"

enum sheet_result { SHEET_STAYS, SHEET_CLOSES, SHEET_COPIES };

struct sheet {
    bool open;
    char fix[32], gateway[256], undo_id[24];
    struct plan *plan;          /* referenced; NULL while the first one is prepared */
    struct plan *before;        /* the plan that was there when a new one was asked for */
    bool waiting;
    bool came_back;             /* the note says why, and stays while the sheet is prepared */
    bool confirmed;             /* Apply was pressed for `before` */
    int focus;                  /* see sheet.c */
    struct prompt typed;        /* the target's name, when it is protected */
    char note[160];
    struct doc doc;
    size_t top;
    int page, width;
};

void sheet_open(struct sheet *, struct engine *, const struct view_data *, const char *fix, const char *gateway,
                const char *undo_id);
/* Shows the sheet of a fix that is under way. */
void sheet_reopen(struct sheet *, struct plan *);
void sheet_close(struct sheet *, struct engine *);
void sheet_update(struct sheet *, const struct view_data *);
enum sheet_result sheet_key(struct sheet *, struct engine *, int key);
void sheet_draw(struct sheet *, struct canvas *);
void sheet_copy_text(const struct sheet *, struct text *out);
bool plan_in_flight(const struct plan *);

#endif
