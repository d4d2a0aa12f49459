/* model: what is true of any object. Pure: no I/O, no clock but the one handed in. */
#ifndef GATEWATCH_MODEL_H
#define GATEWATCH_MODEL_H

#include <gatewatch/base.h>
#include <kinds_registry.h>     /* enum kind_id: KIND_GATEWAY, KIND_HTTPROUTE, … KIND_COUNT; made from src/kinds/ */

/* ---- pieces every object has --------------------------------------------------------------------------------------- */

struct pair { const char *key, *value; };
struct pairs { struct pair *items; size_t n; };
const char *pairs_get(const struct pairs *, const char *key);   /* NULL when absent; "" is a value */

struct strings { const char **items; size_t n; };
bool strings_have(const struct strings *, const char *s);
bool strings_have_nocase(const struct strings *, const char *s);    /* resource ids (azure.md 0.11) */

struct owner { const char *kind, *name, *uid; };

/* Who owns which field (kubernetes.md 2.2), kept for Gateways, ConfigMaps, Services that are reachable from outside the
 * cluster, and our own objects. */
struct field_manager {
    const char *manager, *operation, *subresource;
    int64_t time_ms;
    /* Leaves as "spec.externalTrafficPolicy", "metadata.annotations.KEY". Items of keyed lists are one leaf:
     * "spec.ports[port=80,protocol=TCP]"; "metadata.annotations" alone means that the whole map is owned. */
    struct strings paths;
};
bool manager_owns(const struct field_manager *, const char *path);  /* that path, or anything above or below it */

enum tri { TRI_UNKNOWN, TRI_FALSE, TRI_TRUE };

struct condition {
    const char *type, *reason, *message;
    enum tri status;
    int64_t observed_generation;    /* 0 when absent */
    int64_t since_ms;               /* wall; 0 when absent or 1970 */
};
struct conditions { struct condition *items; size_t n; };
const struct condition *conditions_get(const struct conditions *, const char *type);

/* ---- objects ------------------------------------------------------------------------------------------------------- */

struct kind;

/* First member of every kind's struct. Decoded on the core thread, immutable from then on, counted; all its memory is
 * in its arena. For ARM objects `namespace` is the resource group and `uid` the resource id. Strings are clean. */
struct object {
    const struct kind *kind;
    atomic_uint refs;
    struct arena arena;
    const char *namespace;      /* "" for cluster-scoped */
    const char *name;
    const char *uid;
    const char *resource_version;
    int64_t created_ms;         /* wall; 0 when absent */
    int64_t generation;
    bool deleting;
    struct pairs labels, annotations;
    struct { struct owner *items; size_t n; } owners;
    struct { struct field_manager *items; size_t n; } managers;
};
const struct object *object_ref(const struct object *);
void object_unref(const struct object *);
/* namespace, then name; without case for ARM objects. */
int object_compare(const struct object *, const char *namespace, const char *name);

struct json_t;
struct describe;        /* lines of "label: value" with indent; see below */

enum origin { ORIGIN_KUBERNETES, ORIGIN_ARM };

/* One LIST and WATCH of a kind that is not wanted whole. */
struct kind_list {
    const char *name;               /* of the source: "pods of gateways" */
    const char *selector;           /* "labelSelector=…", percent-encoded, or ""; "{responder}" stands for the Service's
                                       name in settings */
    bool metadata_only;
    bool (*keep)(const struct object *);    /* false: nobody reads this object, forget it; NULL keeps all */
};

/* A kind: src/kinds/NAME.c defines `const struct kind kind_NAME`. */
struct kind {
    const char *name;               /* "HTTPRoute" */
    const char *plural;             /* "httproutes"; for ARM the resource type */
    const char *group;              /* "" for core */
    const char *const *versions;    /* served versions we read, best first, NULL-terminated */
    bool namespaced;
    enum origin origin;
    bool metadata_only;             /* asked for as PartialObjectMetadata where the server can */
    bool slim;                      /* labels, annotations and owners are not kept: nobody reads them */
    bool optional;                  /* missing from discovery is no news (Capsule, ListenerSet, …) */
    const struct kind_list *lists;  /* what to LIST and WATCH, ended by a NULL name; NULL: everything, once */
    size_t size;                    /* of its struct */
    /* Fills the kind's own fields; the header is done before. Total: wrong types read as absent. False only when the
     * object is not one (no name, not an object). */
    bool (*decode)(struct object *, const struct json_t *, struct error *);
    /* Lines for `d`; NULL for the generic ones (header, labels, conditions). */
    void (*describe)(const struct object *, struct describe *);
};
extern const struct kind *const kinds[KIND_COUNT];
enum kind_id kind_index(const struct kind *);
const struct kind *kind_by_name(const char *name_or_plural);    /* without case; NULL when unknown */

/* Decodes one object of a known kind: header by the common rules, then the kind's own. New reference. */
const struct object *object_decode(const struct kind *, const struct json_t *, struct error *);
/* An ARM answer that does not name itself (health reports, metrics): `id` is the resource it speaks of, `wall_ms` when. */
const struct object *object_decode_report(const struct kind *, const char *id, int64_t wall_ms, const struct json_t *body,
                                          struct error *);
/* A piece of an ARM resource id by the name before it ("resourceGroups", "applicationGateways"), without case; false when
 * it is not there or does not fit. `name` NULL: the last piece. */
bool arm_id_part(const char *id, const char *name, char *out, size_t cap);
/* A clean copy of a JSON string in the arena, "" for anything else. Words that Kubernetes and Azure use again and again
 * are shared instead of copied. */
const char *json_word(struct arena *, const struct json_t *);
const char *json_text(struct arena *, const struct json_t *);   /* the same, newlines kept */
bool json_pairs(struct arena *, const struct json_t *, bool keep_lines, struct pairs *out); /* non-strings are left out */
/* Header, labels, annotations, owners and managers, then the kind's own lines. */
void object_describe(const struct object *, struct describe *);

struct describe {
    struct text text;               /* finished lines */
    int indent;
};
void describe_line(struct describe *, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- sources: how fresh what we know is ------------------------------------------------------------------------------ */

enum source_status { SOURCE_PENDING, SOURCE_LIVE, SOURCE_STALE, SOURCE_FAILED, SOURCE_FORBIDDEN, SOURCE_ABSENT };
const char *source_status_name(enum source_status);     /* "live", … as in JSON */

struct source_state {
    char name[128];             /* "httproutes", "backendhealth appgw-mtkc-poc" */
    enum source_status status;
    enum origin origin;
    int kind;                   /* enum kind_id, or -1 */
    int64_t good_mono_ms;       /* when data was last known good; -1 never */
    int64_t tried_mono_ms;      /* last attempt; -1 never */
    int64_t next_mono_ms;       /* next attempt, when one is planned; -1 */
    size_t objects;             /* so far, also while loading */
    int64_t expected;           /* total when the server gave a hint, else -1 */
    struct error error;         /* of the last failure; code ERR_NONE when fine */
};

/* ---- snapshot ---------------------------------------------------------------------------------------------------------- */

struct object_list {
    const struct object *const *items;      /* by namespace, then name; made by store_snapshot only: counted, shared by
                                               all snapshots between two changes of the kind */
    size_t n;
};

struct environment {
    const char *context, *cluster, *server, *version, *user, *login;    /* "" when not known */
    bool insecure;              /* the kubeconfig says so */
    bool read_only;
    const char *cloud, *credential;
    int arm_remaining_reads, arm_remaining_writes;      /* -1 not known (azure.md 8.2) */
    bool skew_known;            /* a server's Date header was seen */
    int64_t skew_s;             /* our wall clock less the API server's */
    const char *prompt;         /* what a login plugin is asking, or "" */
};

/* Everything known at one moment. Immutable, counted, any thread. */
struct snapshot {
    atomic_uint refs;
    uint64_t serial;
    int64_t wall_ms, mono_ms;
    struct object_list objects[KIND_COUNT];
    const struct source_state *sources;
    size_t n_sources;
    struct environment env;
    struct arena arena;
};
struct snapshot *snapshot_ref(struct snapshot *);
void snapshot_unref(struct snapshot *);
const struct object *snapshot_find(const struct snapshot *, enum kind_id, const char *namespace, const char *name);
const struct object *snapshot_find_uid(const struct snapshot *, enum kind_id, const char *uid);     /* without case */
/* Objects of one namespace: *ret_first is the index of the first; returns how many. */
size_t snapshot_namespace(const struct snapshot *, enum kind_id, const char *namespace, size_t *ret_first);
/* The state of the source that feeds a kind, the worst when several do, or NULL when none does. */
const struct source_state *snapshot_source(const struct snapshot *, enum kind_id);
/* True when the kind is known well enough to reason on: live or stale with data, or absent. */
bool snapshot_knows(const struct snapshot *, enum kind_id);

/* ---- store: where objects live between snapshots (core thread only) ----------------------------------------------------- */

struct store;
struct store *store_new(void);
void store_free(struct store *);
void store_upsert(struct store *, const struct object *steals_reference);
bool store_remove(struct store *, enum kind_id, const char *namespace, const char *name);
/* Several lists may feed one kind (pods of gateways, pods of the mesh): `scope` says which list speaks, NULL is the one
 * list of the whole kind. An object belongs to the list that brought it last; another list cannot remove it. */
void store_upsert_scoped(struct store *, const struct object *steals_reference, const char *scope);
bool store_remove_scoped(struct store *, enum kind_id, const char *namespace, const char *name, const char *scope);
/* A relist: begin, upsert each page, end: what was not seen again is gone. Until the end the old data stays. Returns how
 * many were gone. */
void store_relist_begin(struct store *, enum kind_id, const char *scope);
size_t store_relist_end(struct store *, enum kind_id, const char *scope);
void store_relist_abort(struct store *, enum kind_id, const char *scope);
size_t store_count(const struct store *, enum kind_id, const char *scope);
const struct object *store_find(const struct store *, enum kind_id, const char *namespace, const char *name);   /* borrowed */
/* Calls back for each object of a kind in order; the callback must not change the store. */
void store_each(const struct store *, enum kind_id, void (*each)(const struct object *, void *ctx), void *ctx);
struct source_state *store_source(struct store *, const char *name);    /* made on first use; then edit in place */
void store_source_drop(struct store *, const char *name);
struct environment *store_environment(struct store *);                  /* strings are copied at snapshot time */
uint64_t store_generation(const struct store *);                        /* grows with every change */
struct snapshot *store_snapshot(struct store *, int64_t wall_ms, int64_t mono_ms);

/* ---- findings ------------------------------------------------------------------------------------------------------------ */

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };
enum confidence { CONFIDENCE_POSSIBLE, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN };
const char *severity_name(enum severity);
const char *confidence_name(enum confidence);

struct finding {
    const char *code;           /* "probe-no-route": design.md 6 */
    enum severity severity;
    enum confidence confidence;
    struct { const char *kind, *namespace, *name; } subject;
    const char *title;          /* one line, the object named */
    const char *why;            /* what follows from what, one or two sentences */
    struct strings evidence;    /* "OBJECT field = value", one fact each */
    const char *remedy;         /* what to do, one or two sentences */
    const char *fix;            /* "health-route", "traffic-policy", or NULL */
    const char *gateway;        /* "ns/name" the fix would serve, or NULL */
    struct strings explains;    /* codes@subject of findings folded under this one */
    bool folded;                /* a symptom: shown under its cause, not in the first line */
    int hop;                    /* enum hop of topology.h: where on the path it sits */
};
struct findings {
    struct arena arena;         /* holds all below */
    struct finding *items;      /* root causes first, then by severity, confidence, code, subject */
    size_t n;
    struct strings unknown;     /* rules that could not tell, "CODE: why" */
};
void findings_free(struct findings *);

/* ---- plans: what a fix would do ------------------------------------------------------------------------------------------ */

enum plan_state {
    PLAN_WORKING,               /* access review, fresh read, dry run under way */
    PLAN_READY,                 /* may be confirmed */
    PLAN_REFUSED,               /* may not: see refusal */
    PLAN_APPLYING,
    PLAN_VERIFYING,             /* written; waiting for the probes */
    PLAN_DONE,                  /* applied and verified, or applied and not yet healthy in time: see outcome */
    PLAN_FAILED,
    PLAN_STALE,                 /* the world changed under it: shown again from the start */
};
const char *plan_state_name(enum plan_state);

struct plan_change {
    const char *verb;           /* "create", "patch", "apply", "delete" */
    const char *resource;       /* "services" */
    const char *kind, *group, *version, *namespace, *name;
    const char *content_type;   /* of the request */
    const char *body;           /* what is sent, JSON, without the resourceVersion guard */
    const char *before, *after; /* YAML of what changes; "" when nothing was / will be */
    const char *diff;           /* lines starting with ' ', '+', '-' */
    const char *command;        /* the kubectl command that does the same */
    const char *resource_version, *uid;     /* guard; NULL for a create */
    struct strings warnings;    /* Warning headers of the dry run, ownership notes */
    const char *inverse_verb, *inverse_body, *inverse_content_type;     /* what undo sends */
};
struct plan_cost { enum severity severity; const char *text; };
struct plan_choice { const char *group, *id, *label, *help; bool selected, allowed; const char *why_not; };
struct plan_step { const char *text; enum { STEP_TODO, STEP_DOING, STEP_DONE, STEP_FAILED, STEP_SKIPPED } state;
                   const char *detail; };

/* One sheet. Immutable once published; each step of its life is a new copy with the same id. */
struct plan {
    atomic_uint refs;
    struct arena arena;
    char id[24];                /* "20261122T213012-3f2a": also the journal's id */
    const char *fix;            /* "health-route", "traffic-policy", "undo" */
    enum plan_state state;
    const char *title, *target; /* target: what must be typed when protected */
    const char *gateway, *context, *cluster;
    const char *reason;         /* what it cures, from the finding */
    struct plan_change *changes; size_t n_changes;
    struct plan_cost *costs; size_t n_costs;
    struct plan_choice *choices; size_t n_choices;
    struct plan_step *steps; size_t n_steps;
    struct strings owners;      /* who else owns the fields */
    const char *predicted_before, *predicted_after;     /* probe answers by the matcher: "404", "200" */
    const char *manifest;       /* everything that would be applied, YAML, to copy */
    const char *refusal;        /* why it may not be confirmed; NULL when it may */
    bool read_only, dry_run, protected_target;
    struct error error;         /* of PLAN_FAILED */
    const char *outcome;        /* sentence for PLAN_DONE */
    const char *verified_backend, *verified_health;
    int64_t verified_after_ms;
    const char *undo;           /* "gatewatch fix undo ID" when there is something to undo, else NULL */
};
struct plan *plan_new(void);                /* empty, one reference, lying in its own arena */
struct plan *plan_ref(struct plan *);
void plan_unref(struct plan *);

#endif
