/* source: asks Azure, Kubernetes and folders, decodes, feeds the store. Everything on the core loop. Each source keeps its
 * state in the store (pending, live, stale since, failed with reason, forbidden, absent) and its last data on failure. */
#ifndef GATEWATCH_SOURCE_H
#define GATEWATCH_SOURCE_H

#include <gatewatch/auth.h>
#include <gatewatch/kinds.h>

struct source_context {
    struct loop *loop;
    struct http *http;
    struct store *store;
    const struct settings *settings;
    void (*changed)(void *ctx);     /* the store has new facts; the engine publishes when it is time */
    void *ctx;
};

/* ---- Kubernetes: discovery, then LIST in pages and WATCH for each kind -------------------------------------------------- */
struct kube_source;
struct kube_source *kube_source_start(const struct source_context *, struct kube_login *);
void kube_source_stop(struct kube_source *);
void kube_source_refresh(struct kube_source *);         /* discovery and a relist of what is not live */
bool kube_source_settled(const struct kube_source *);   /* every source has had its first answer, good or bad */
/* The served version of a kind ("v1"), or NULL when absent or not yet known. */
const char *kube_source_version(const struct kube_source *, const struct kind *);

/* One exchange with the API server, with the login's credential and one retry on 401. Used by fix/ and the views'
 * fetches. The reply is valid during the callback. */
struct kube_call {
    const char *method, *path;      /* "/api/v1/namespaces/x/services/y?…" */
    const char *content_type, *body;
    enum http_intent intent;
    const char *accept;             /* NULL: application/json */
};
uint64_t kube_call(struct kube_source *, const struct kube_call *, http_done *, void *ctx);
void kube_call_cancel(struct kube_source *, uint64_t id);
/* "/apis/GROUP/VERSION/namespaces/NS/PLURAL/NAME" by the discovered version, percent-encoded; NS, NAME may be NULL.
 * malloc'd; NULL when the kind is absent. */
char *kube_path(const struct kube_source *, const struct kind *, const char *ns, const char *name);

/* ---- Azure Resource Manager ----------------------------------------------------------------------------------------------- */
/* Polls what settings name, or discovers: gateways whose pools hold an address of this cluster's load balancers, the
 * AKS cluster by its API server's name, its node resource group's load balancers. One backendhealth operation at a time
 * per gateway, never more often than settings.refresh_s (min 30 s between starts unless asked). */
struct arm_source;
struct arm_source *arm_source_start(const struct source_context *, struct azure_auth *, struct error *);
void arm_source_stop(struct arm_source *);
void arm_source_refresh(struct arm_source *);           /* now, within the throttle budget */
void arm_source_hurry(struct arm_source *, int seconds);    /* after a fix: shorter interval for a while */
/* Every call has had its first answer. Which gateways are ours depends on arm_source_hint: give it first, when the
 * Kubernetes source has settled. */
bool arm_source_settled(struct arm_source *);     /* every source has had its first answer; stays true */
/* The world changed enough to look again which gateways are ours (called by the engine when Services changed). */
void arm_source_hint(struct arm_source *, const struct snapshot *);

/* The on-demand probe (azure.md 2.2): the same request the saved probe makes, now. Servers are valid in the callback. */
typedef void on_demand_done(void *ctx, const struct health_server *, size_t n, const struct error *);
uint64_t arm_probe_on_demand(struct arm_source *, const struct appgateway *, const char *pool_id,
                             const char *settings_id, on_demand_done *, void *ctx);
void arm_call_cancel(struct arm_source *, uint64_t id);

/* ---- folder: saved manifests, no network ------------------------------------------------------------------------------------ */
/* Multi-document YAML or JSON, also Lists; "-" is standard input. Kinds we do not know are counted and skipped. What is
 * not in the files does not exist, for kinds of the Gateway API; of other kinds only those given are known. */
bool folder_load(struct store *, const char *const *files, size_t n, size_t *ret_skipped, struct error *);

#endif
