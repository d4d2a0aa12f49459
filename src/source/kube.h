/* Inside the Kubernetes source: one struct of the whole, one per LIST and WATCH, one per exchange. All on the core loop. */
#ifndef SOURCE_KUBE_H
#define SOURCE_KUBE_H

#include <gatewatch/source.h>

#include "discovery.h"
#include "watch_lines.h"

enum {
    PAGE = 500,                     /* kubectl's page (kubernetes.md 1.5) */
    BACKOFF_BASE_MS = 800,          /* 1.9 */
    BACKOFF_CAP_MS = 30 * 1000,
    QUIET_MS = 2 * 60 * 1000,       /* without failure, after which the back-off starts anew */
    REDISCOVER_MS = 10 * 60 * 1000, /* 1.2 */
    WATCH_MIN_S = 300, WATCH_MAX_S = 600,
    WATCH_GRACE_MS = 30 * 1000,     /* 1.6: the hard end of a watch behind its own */
    POLL_MS = 60 * 1000,            /* of what may be read but not watched */
};

enum list_phase { LIST_IDLE, LIST_LISTING, LIST_WATCHING, LIST_WAITING };

/* One LIST and WATCH. */
struct kube_list {
    struct kube_source *source;
    struct kube_list *next;
    enum kind_id kind;
    char *name;                     /* of the source_state */
    char *scope;                    /* of the store; NULL when the kind has one list only */
    char *selector;                 /* "labelSelector=…", or "" */
    char *namespace;                /* of an overlay ConfigMap; NULL for all */
    char *single;                   /* its name: read by GET when it may not be listed */
    bool metadata_only, optional, overlay, marked;
    bool (*keep)(const struct object *);
    const char *version;            /* what is being asked; NULL while absent */
    enum list_phase phase;
    bool answered, has_data, whole, getting, live_stream;
    char *resource_version, *token; /* token: continue */
    size_t objects;
    int attempt;
    int64_t failed_ms, opened_ms;
    uint64_t timer, exchange;
    struct watch_lines lines;
    struct error stream_error;      /* why the watch was ended from our side */
    bool relist;                    /* the watch said so */
    bool restarted;                 /* a page token expired: the second try asks for the whole list */
};

struct kube_exchange;
struct kube_source {
    struct source_context ctx;
    struct kube_login *login;
    struct discovery discovery;
    bool discovered;                /* first answer, good or bad */
    bool discovering;
    int discovery_attempt, version_attempt;
    uint64_t discovery_timer, version_timer;
    struct group_versions legacy;
    size_t legacy_next;
    struct kube_list *lists;
    struct kube_exchange *exchanges;
    uint64_t last_id;
    char *version;
    bool announced;                 /* changed() is due at the end of this turn */
    uint64_t announce_timer;
    uint64_t gateways_seen;         /* store generation at the last look at parametersRef */
};

/* ---- kube_request.c ---- */
struct kube_ask {
    const char *method, *target, *accept, *content_type, *body;
    enum http_intent intent;
    int64_t deadline_ms;            /* of a stream */
};
/* With the login's credential; a 401 is answered by one refresh and one more try. */
uint64_t kube_send(struct kube_source *, const struct kube_ask *, http_chunk *, http_done *, void *ctx);
void kube_cancel_all(struct kube_source *);
int64_t kube_backoff(int attempt, const struct http_reply *or_null);

/* ---- kube_discover.c ---- */
void kube_discover(struct kube_source *);               /* now, unless under way */
void kube_discover_soon(struct kube_source *);          /* after an unexpected 404 */
void kube_ask_version(struct kube_source *);

/* ---- kube_list.c ---- */
struct kube_list *kube_list_add(struct kube_source *, enum kind_id, const struct kind_list *or_null);
void kube_list_start(struct kube_list *);               /* lists now, from whatever phase */
void kube_list_stop(struct kube_list *);
void kube_list_free(struct kube_list *);                /* after stop; not unlinked */
void kube_list_absent(struct kube_list *);
struct source_state *kube_list_state(struct kube_list *);
void kube_list_watch(struct kube_list *);               /* kube_watch.c */
void kube_list_failed(struct kube_list *, const struct http_reply *);
void kube_list_retry(struct kube_list *, int64_t after_ms, bool relist);
char *kube_list_target(const struct kube_list *, const char *query);
bool kube_list_put(struct kube_list *, const json_t *, bool deleted);   /* false: not an object of the kind */

/* ---- kube_overlays.c ---- */
void kube_overlays_update(struct kube_source *);        /* which ConfigMaps the Gateways name now */

/* ---- kube_source.c ---- */
void kube_encode(struct text *, const char *);          /* percent-encoded */
void kube_changed(struct kube_source *);                /* tells the engine, once per turn of the loop */
void kube_apply_discovery(struct kube_source *);        /* starts what is served, ends what is gone */

#endif
