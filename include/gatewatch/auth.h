/* auth: who we are. The Azure chain (one file per credential under src/auth/credentials/), kubeconfig, exec plugins.
 * Everything runs on the core loop and answers through callbacks; tokens live in memory only. */
#ifndef GATEWATCH_AUTH_H
#define GATEWATCH_AUTH_H

#include <gatewatch/base.h>
#include <gatewatch/config.h>
#include <gatewatch/http.h>

/* ---- Azure -------------------------------------------------------------------------------------------------------- */
/* azure.md 7. One cache entry per audience; refreshed early, one refresh at a time; the credential that answered first
 * is remembered. */
struct azure_auth;
struct azure_auth *azure_auth_open(struct loop *, struct http *, const struct settings *, struct error *);
void azure_auth_close(struct azure_auth *);

typedef void token_done(void *ctx, struct secret *token, const struct error *);    /* token borrowed; NULL on failure */
/* audience as in struct cloud, or AKS_SERVER_AUDIENCE. The error of a failed chain lists each credential tried and why
 * it failed. Always answers from the loop, also when cached. */
uint64_t azure_token(struct azure_auth *, const char *audience, token_done *, void *ctx);
void azure_token_cancel(struct azure_auth *, uint64_t id);
/* After a 401: the cached token is dropped, so that the next azure_token gets a fresh one. */
void azure_token_reject(struct azure_auth *, const char *audience, const struct secret *token);
/* The AKS server application, the same in every tenant and cloud (kubernetes.md 0.9). */
#define AKS_SERVER_AUDIENCE "6dae42f8-4368-4678-94ff-3960e28e3630"

/* For doctor and the header: which credential serves, what each of the chain said, when the token ends. */
struct credential_report {
    const char *name;           /* "environment", … */
    enum { CREDENTIAL_UNTRIED, CREDENTIAL_UNAVAILABLE, CREDENTIAL_FAILED, CREDENTIAL_SERVES } state;
    char why[320];              /* why not, or what it is ("client 0000… of tenant 0000…") */
    int64_t expires_wall_ms;    /* 0 when not known */
};
size_t azure_auth_report(const struct azure_auth *, struct credential_report *out, size_t cap);

/* Inside src/auth/credentials/NAME.c: `const struct credential credential_NAME`. */
struct credential_ask {
    struct loop *loop;
    struct http *http;
    const struct settings *settings;
    const struct cloud *cloud;
    const char *audience;       /* resource; the scope is audience + "/.default" */
    bool alone;                 /* selected by name: no chain to move on with, so no probing and more patience */
};
struct credential_answer {
    struct secret *token;           /* borrowed during `done` */
    int64_t expires_in_s, refresh_in_s;     /* 0 when not said */
    char who[160];
};
typedef void credential_done(void *ctx, const struct credential_answer *, const struct error *);
struct credential {
    const char *name;           /* as in --credential */
    int order;                  /* in the chain `auto`, ascending */
    /* False with the reason in *why when this one does not apply here (the chain moves on). Cheap; no I/O beyond
     * looking at the environment and at files. */
    bool (*applies)(const struct credential_ask *, struct error *why);
    /* Starts; answers once. A failure with ERR_ABSENT means "not here" (the chain moves on); any other stops it. */
    void *(*start)(const struct credential_ask *, credential_done *, void *ctx);
    /* Ends and frees a job, answered or not; once for each job, also from inside its `done`. */
    void (*cancel)(void *job);
};

/* ---- Kubernetes ---------------------------------------------------------------------------------------------------- */
/* kubernetes.md 3: files merged, one context chosen. */
struct kubeconfig;
struct kubeconfig *kubeconfig_load(const struct settings *, struct error *);
void kubeconfig_free(struct kubeconfig *);
size_t kubeconfig_contexts(const struct kubeconfig *, const char *const **ret_names);   /* borrowed */

struct kube_target {            /* the chosen context, resolved; borrowed from the kubeconfig */
    const char *context, *cluster, *user, *server, *namespace;
    bool insecure;
    bool in_cluster;
};
bool kubeconfig_target(struct kubeconfig *, const char *context_or_null, struct kube_target *, struct error *);

/* A login: endpoint + what goes into each request. Exec plugins run through base/process; what they write on
 * standard error is shown by `on_prompt` (clean text, the whole so far), because a device code stands there. */
struct kube_login;
typedef void prompt_fn(void *ctx, const char *plugin, const char *text);
struct kube_login *kube_login_open(struct loop *, struct http *, struct kubeconfig *, const char *context_or_null,
                                   struct azure_auth *or_null, prompt_fn *, void *ctx, struct error *);
void kube_login_close(struct kube_login *);

struct kube_credential {        /* borrowed during the callback; take references to keep */
    struct endpoint *endpoint;
    struct secret *bearer, *basic;
    const char *const *headers; /* impersonation; NULL-terminated; or NULL */
};
typedef void kube_login_done(void *ctx, const struct kube_credential *, const struct error *);
uint64_t kube_login_get(struct kube_login *, kube_login_done *, void *ctx);
void kube_login_cancel(struct kube_login *, uint64_t id);
void kube_login_reject(struct kube_login *);    /* after a 401: refresh, once for many rejections */
const char *kube_login_method(const struct kube_login *);   /* "exec kubelogin", "client certificate", … */

#endif
