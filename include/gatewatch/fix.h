/* fix: the two fixes as pure plans, the one door that writes, the journal. Core loop only. design.md 7. */
#ifndef GATEWATCH_FIX_H
#define GATEWATCH_FIX_H

#include <gatewatch/diagnose.h>
#include <gatewatch/source.h>

/* What the user asked for. Choices are "group=id" as in plan_choice; unknown ones are refused by name. */
struct fix_request {
    const char *fix;                    /* "health-route", "traffic-policy", "undo" */
    const char *gateway;                /* "ns/name"; NULL: the one the findings name */
    const char *undo_id;                /* of "undo"; NULL: the latest that can be undone */
    struct strings choices;
    bool dry_run;
};

/* One fix: src/fix/fixes/NAME.c defines `const struct fix fix_NAME`. Pure: makes the changes, costs, choices, owners,
 * predictions; false with the reason when there is nothing to plan at all (a plan with `refusal` is a success). */
struct fix {
    const char *name;                   /* "health-route" */
    const char *title;
    bool (*plan)(const struct topology *, const struct findings *, const struct settings *, const struct fix_request *,
                 struct plan *out, struct error *);
};
extern const struct fix *const fixes[];
extern const size_t n_fixes;

/* ---- the door --------------------------------------------------------------------------------------------------------- */
struct fix_door;
typedef void plan_changed(void *ctx, struct plan *);    /* a new copy at each step; take a reference to keep */

struct door_context {
    struct loop *loop;
    struct kube_source *kube;           /* NULL: no cluster */
    struct arm_source *arm;             /* NULL: no Azure */
    const struct settings *settings;
    plan_changed *changed;
    void *ctx;
};
struct fix_door *door_open(const struct door_context *, struct error *);
void door_close(struct fix_door *);     /* waits for nothing: a write in flight is in the journal as "sent" */
/* The engine hands in each new world: plans being shown notice that they went stale, verification looks at it. */
void door_world(struct fix_door *, const struct topology *, const struct findings *);
/* Builds the sheet: plan, access review, fresh read, server dry run. Progress comes through `changed`. */
void door_plan(struct fix_door *, const struct fix_request *);
/* Consent. `typed` is what the user typed for a protected target, else NULL. Refused unless that plan is READY and unchanged. */
void door_apply(struct fix_door *, const char *plan_id, const char *typed);
void door_cancel(struct fix_door *);    /* leaves the sheet; a write already sent is still verified and journalled */

/* ---- the journal: $XDG_STATE_HOME/gatewatch/journal.jsonl, 0600, one JSON line per step, flushed to disk --------------- */
struct journal_entry {
    char id[24];
    const char *fix, *context, *cluster, *gateway, *user, *state;   /* planned sent applied verified failed undone unknown */
    const char *error, *outcome;
    int64_t wall_ms;
    bool undoable;
    struct plan_change *changes; size_t n_changes;      /* with their inverses */
};
struct journal { struct arena arena; struct journal_entry *items; size_t n; size_t damaged_lines; };    /* oldest first */
bool journal_read(struct journal *, struct error *);
void journal_free(struct journal *);
const struct journal_entry *journal_undoable(const struct journal *, const char *id_or_null, const char *cluster,
                                             struct error *);

#endif
