/* Private to engine/: the core thread's state and the pieces that share it. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <gatewatch/engine.h>
#include <gatewatch/fix.h>
#include <gatewatch/source.h>

/* What follows from one snapshot. Shared by every view published until the next one is derived. */
struct derived {
    atomic_uint refs;
    struct snapshot *snapshot;
    struct topology *topology;
    struct findings *findings;
};
struct derived *derived_new(struct snapshot *steals, const struct settings *, const struct derived *before);
struct derived *derived_ref(struct derived *);
void derived_unref(struct derived *);

struct document *document_ref(struct document *);
void document_unref(struct document *);

struct engine {
    /* made in engine_open, used by several threads */
    const struct settings *settings;
    struct loop *loop;
    struct thread *thread;
    struct slot *views;
    struct channel *inbox;
    atomic_uint_fast64_t next_ask;

    /* the core thread's own */
    struct store *store;
    struct http *http;
    struct azure_auth *auth;
    struct kubeconfig *kubeconfig;
    struct kube_login *login;
    struct kube_source *kube;
    struct arm_source *arm;
    struct fix_door *door;
    struct derived *derived;
    struct plan *plan;
    struct document *document;
    struct fetch *fetch;
    struct error fatal, azure;
    char prompt[2048], context[256], cluster[256], user[256], server[512], login_method[128], credential[64];
    char undoable[24];
    bool journal_moved;         /* a plan took a step since the journal was read */

    /* publishing */
    uint64_t serial;
    uint64_t timer;
    bool stale;                 /* the store changed since `derived` */
    bool whole;                 /* the last view held the first answer of every source */
    int64_t published_mono_ms, derive_cost_ms;
};

/* publish.c: something to show changed; a view follows within 100 ms, or later when deriving is dear. */
void publish_soon(struct engine *);
void publish_facts(void *engine);       /* as source_context.changed: the store has new facts */

/* inbox.c: one message from the ui or the command line. */
struct message {
    struct ask ask;                     /* its strings point into `text` */
    uint64_t number;
    char text[];
};
struct message *message_new(const struct ask *, uint64_t number);
void inbox_read(void *engine, int fd, short revents);

/* fetch.c: raw YAML and events on request. */
void fetch_start(struct engine *, const struct message *);
void fetch_stop(struct engine *);

#endif
