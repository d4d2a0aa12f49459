/* Inside the Azure source. All on the core loop. */
#ifndef SOURCE_ARM_H
#define SOURCE_ARM_H

#include <gatewatch/source.h>

#include <jansson.h>

#include "arm_operation.h"

enum {
    ARM_HEALTH_GAP_MS = 30 * 1000,      /* between starts, unless asked (azure.md 2.4) */
    ARM_SLOW_MS = 60 * 1000,            /* load balancers, metrics, clusters: 8.2 */
    ARM_RARE_MS = 10 * 60 * 1000,       /* what is forbidden; which gateways are ours */
    ARM_RULE_HEALTH_MS = 300 * 1000,    /* "can take minutes" (4.4) */
    ARM_BACKOFF_BASE_MS = 800, ARM_BACKOFF_CAP_MS = 60 * 1000,
    ARM_FULL_READS = 250, ARM_FULL_WRITES = 200,    /* buckets (8.2) */
};

enum arm_provider { PROVIDER_NETWORK, PROVIDER_CONTAINERS, PROVIDER_INSIGHTS, PROVIDER_RESOURCES, PROVIDER_COUNT };

struct arm_ask {
    const char *method;             /* "GET" when NULL */
    const char *target;             /* path and own query without api-version; or an absolute URL, sent as it is */
    enum arm_provider provider;
    const char *body;
};

/* A call that repeats, with its source_state. */
struct arm_task {
    struct arm_source *source;
    char *name;                     /* of the source_state */
    int kind;
    void (*run)(struct arm_task *);
    int64_t interval_ms;            /* 0: settings.refresh_s */
    uint64_t timer, call;           /* call: exchange, run or list under way */
    int64_t started_ms;
    int attempt;
    bool busy, answered, has_data;
    void *of;                       /* struct arm_gateway, or NULL */
};

struct arm_gateway {
    struct arm_source *source;
    struct arm_gateway *next;
    char *id, *name;
    const struct object *object;    /* last known, or NULL */
    bool configured, mine, metrics_on;
    bool seen;                      /* in the present round of looking */
    struct arm_task get, health, metrics;
};

struct arm_exchange;
struct arm_run;
struct arm_pages;

struct names { char **items; size_t n, cap; };      /* malloc'd strings, a set without case */
bool names_add(struct names *, const char *);       /* false when it was there */
bool names_have(const struct names *, const char *);
void names_free(struct names *);

struct arm_source {
    struct source_context ctx;
    struct azure_auth *auth;
    struct endpoint *endpoint;
    char *audience;
    size_t version[PROVIDER_COUNT];
    struct arm_exchange *exchanges;
    struct arm_run *runs;
    struct arm_pages *pages;
    uint64_t last_id;
    int64_t hurry_until_ms, throttled_until_ms;
    uint64_t announce_timer;
    /* which gateways */
    struct arm_gateway *gateways;
    bool discovering;               /* no gateway was configured */
    struct names subscriptions;     /* to look in */
    size_t subscription_at;
    bool subscriptions_known;       /* all that the identity sees; else only those that settings imply */
    bool partial;                   /* some subscription did not answer in the present round */
    struct names addresses;         /* of this cluster's load balancers, from the last hint */
    struct names gateway_addresses; /* those of them that belong to Gateways */
    int64_t discovered_ms;
    struct arm_task find, clusters, balancers, rules;
    char *server_host;              /* of the API server, as kubeconfig has it */
    bool cluster_found;
    struct { const struct object **items; size_t n, cap; } candidates;      /* clusters seen, until one is ours */
    size_t cluster_at;
    char *node_group;               /* "/subscriptions/S/resourceGroups/G"; NULL: no cluster found, look by address */
    size_t group_at, balancers_kept;
    bool addresses_changed;         /* while load balancers or rules were being read: once more */
    bool settled;                   /* once, for good */
    struct names rule_ids;          /* whose health is asked, in turn */
    size_t rule_at, rules_known;
    struct http_reply rule_failure; /* of the present round; body and headers are not kept */
};

/* ---- arm_request.c: one exchange; a list by pages; one long-running operation ---- */
uint64_t arm_send(struct arm_source *, const struct arm_ask *, http_done *, void *ctx);
/* Every item of all pages, then done once; a page that fails ends the list. */
typedef void arm_item_fn(void *ctx, json_t *item);
uint64_t arm_list(struct arm_source *, const struct arm_ask *, arm_item_fn *, http_done *, void *ctx);
void arm_list_drop(struct arm_source *, uint64_t list, void (*drop)(void *ctx));    /* as arm_run_drop */
/* done gets the final answer's body, or the error that ended it. */
uint64_t arm_run(struct arm_source *, const struct arm_ask *, int64_t limit_ms, http_done *, void *ctx);
void arm_run_drop(struct arm_source *, uint64_t run, void (*drop)(void *ctx));  /* called instead of done when cancelled */
void arm_cancel(struct arm_source *, uint64_t id);      /* any of the three */
void arm_cancel_all(struct arm_source *);

/* ---- arm_task.c ---- */
void arm_task_init(struct arm_task *, struct arm_source *, int kind, void (*run)(struct arm_task *), const char *name);
void arm_task_now(struct arm_task *);                   /* unless it is under way, or throttled */
void arm_task_soon(struct arm_task *, int64_t after_ms);
void arm_task_good(struct arm_task *, size_t objects);  /* live, and again after the interval */
void arm_task_bad(struct arm_task *, const struct http_reply *, const char *permission);
void arm_task_off(struct arm_task *, enum source_status);   /* no more, for now */
void arm_task_end(struct arm_task *);                   /* frees; the state goes too */
struct source_state *arm_task_state(struct arm_task *);
void arm_changed(struct arm_source *);

/* ---- arm_gateways.c, arm_health.c, arm_balancers.c ---- */
struct arm_gateway *arm_gateway_add(struct arm_source *, const char *id);
void arm_gateway_drop(struct arm_gateway *);            /* unlinks and frees */
void arm_find_run(struct arm_task *);
void arm_match(struct arm_source *);                    /* which of the known gateways are ours */
void arm_health_run(struct arm_task *);
void arm_metrics_run(struct arm_task *);
void arm_clusters_run(struct arm_task *);
void arm_clusters_forget(struct arm_source *);
void arm_balancers_run(struct arm_task *);
void arm_rules_run(struct arm_task *);
uint64_t arm_ask_subscriptions(struct arm_source *, http_done *, void *ctx);    /* fills source->subscriptions */

#endif
