/* engine: the threads and the named crossings between them.
 *
 *   ui thread   ── inbox ──▶  core thread (loop): sources, decode, store, joins, rules, door
 *               ◀── slot ──   the latest view, immutable and counted
 *   net thread  (inside http/) moves bytes for the core thread
 *
 * The core thread publishes at most ten times a second. A slow core makes figures old, never the keys. */
#ifndef GATEWATCH_ENGINE_H
#define GATEWATCH_ENGINE_H

#include <gatewatch/diagnose.h>

/* A text fetched on request (raw YAML, events of an object): latest one. */
struct document {
    atomic_uint refs;
    char title[256];
    char *text;                 /* clean, lines kept; NULL while loading */
    struct error error;
    uint64_t request;           /* id given by engine_ask */
};

/* Everything the screen shows, at one moment. */
struct view_data {
    atomic_uint refs;
    uint64_t serial;
    struct snapshot *snapshot;
    struct topology *topology;
    struct findings *findings;
    struct plan *plan;              /* the sheet in progress, or NULL */
    struct document *document;      /* the last text asked for, or NULL */
    struct error fatal;             /* the world as a whole could not be opened (no context, …): shown, keys live on */
    struct error azure;             /* no Azure: why; code ERR_NONE when fine */
    bool settled;                   /* every source has answered once */
    char undoable[24];              /* id of the fix that `u` would undo, or "" */
    int64_t published_mono_ms;
    int64_t core_lag_ms;            /* how long the last derivation took */
    struct derived *derived;        /* engine's own: keeps snapshot, topology and findings alive */
};
struct view_data *view_data_ref(struct view_data *);
void view_data_unref(struct view_data *);

struct engine;
/* Starts the core thread; never waits for the network. */
struct engine *engine_open(const struct settings *, struct error *);
void engine_close(struct engine *);
struct view_data *engine_view(struct engine *);         /* new reference, or NULL before the first; any thread */
int engine_fd(const struct engine *);                   /* readable when a newer view waits; engine_view clears it */

enum ask_type { ASK_REFRESH, ASK_PLAN, ASK_APPLY, ASK_CANCEL, ASK_YAML, ASK_EVENTS };
struct ask {
    enum ask_type type;
    const char *fix, *gateway, *id, *typed;     /* PLAN: fix, gateway, id (undo); APPLY: id, typed */
    const char *choices;                        /* PLAN: "group=id,group=id" */
    bool dry_run;
    const char *kind, *namespace, *name;        /* YAML, EVENTS */
};
/* Copies the ask into the inbox. Returns its number. Any thread. */
uint64_t engine_ask(struct engine *, const struct ask *);

/* One-shot: waits on engine_fd until `ready` says so or the time is over. Returns the latest view (may be NULL). */
struct view_data *engine_wait(struct engine *, bool (*ready)(const struct view_data *, void *ctx), void *ctx,
                              int timeout_ms);

#endif
