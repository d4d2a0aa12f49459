/* The door's state, shared by its three files: sheet.c (everything before consent), door.c (consent and writing),
 * verify.c (everything after). Private to fix/. */
#ifndef FIX_DOOR_H
#define FIX_DOOR_H

#include "fix.h"

enum { DOOR_CHANGES_MAX = 8 };

enum door_step { STEP_ACCESS, STEP_READ, STEP_TRY, STEP_WRITE, STEP_EVENT, STEP_PROBE, STEP_REPORT, STEP_COUNT };

struct fix_door {
    struct door_context context;
    struct topology *topology;              /* referenced: the latest world */
    const struct findings *findings;        /* of the same world; valid until the next door_world */

    struct plan *plan;                      /* private, changed in place; copies are published. NULL: no sheet */
    struct {                                /* what was asked, kept to plan again when the world moved */
        char *fix, *gateway, *undo_id;
        char *choices[16];
        size_t n_choices;
        bool dry_run;
    } asked;

    size_t at;                              /* the change being worked on */
    size_t verb;                            /* the verb under review */
    bool writing;                           /* consent was given: past the point of leaving quietly */
    size_t written;                         /* changes that arrived */
    uint64_t call;                          /* under way at the API server; 0 none */
    json_t *live[DOOR_CHANGES_MAX];         /* as read; NULL: not there */
    json_t *would[DOOR_CHANGES_MAX];        /* as it would be */

    size_t conflicts;                       /* in a row, of the change being written */
    uint64_t timer, deadline, probe;
    int64_t verify_started_mono, probe_until_mono;
    int64_t verify_started_wall;
    bool probe_good, probe_answered, expects_health;
    bool was_up;                            /* all backends were healthy before: a healthy report proves nothing yet */
};

void door_publish(struct fix_door *);
void door_fail(struct fix_door *, const struct error *);
void door_refused(struct fix_door *);       /* ends the sheet as REFUSED; plan->refusal says why */
void door_stop_calls(struct fix_door *);
/* Path of the object a change is about; malloc'd, NULL with the error when its kind is not served. */
char *change_path(struct fix_door *, const struct plan_change *, struct error *);
/* GET of the object a change is about. */
bool door_read(struct fix_door *, const struct plan_change *, http_done *, struct error *);
/* The object in a reply; NULL with the error when it holds none: that is not "not there". */
json_t *object_of(const struct http_reply *, struct error *);
/* Sends a change; dry: nothing is stored. The only place that writes (door.c). */
bool door_send(struct fix_door *, size_t change, bool dry, http_done *, struct error *);

/* sheet.c */
void sheet_start(struct fix_door *);
void sheet_ready(struct fix_door *);
const struct plan_change *change_at(const struct fix_door *);
/* verify.c */
void verify_start(struct fix_door *);
void verify_world(struct fix_door *);
void verify_stop(struct fix_door *);

#endif
