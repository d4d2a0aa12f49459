/* gatewatch-sim: a small world with physics behind real HTTPS.
 *
 * One process, one port. The router (server.c) tells the API by the path: /api /apis /version /livez /readyz /healthz
 * /openapi are Kubernetes (optionally below a path prefix); /subscriptions and /providers are Azure Resource Manager;
 * /adfs and /{tenant}/oauth2 are Entra; /metadata/identity is IMDS; /_sim is the control door for tests and demos.
 *
 * The simulator shares no code with gatewatch: what it knows of Kubernetes, Istio and Azure is written here a second
 * time, from the reference documents, so that a misunderstanding in one is seen by the other.
 *
 * Threads: libmicrohttpd serves each connection in a thread of its own; one ticker thread moves time. Everything in
 * `struct world` is guarded by world.lock; every function below that takes a world wants it held unless it says not.
 */
#ifndef SIM_H
#define SIM_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct world;

/* ---- options (main.c) ---------------------------------------------------------------------------------------- */

struct sim_options {
    const char *scenario;       /* a name of scenarios[] */
    const char *manifests;      /* folder of manifests to load instead of the built-in reference environment, or NULL */
    int tenants, routes;        /* for the scenario `tenants`: tenants, and routes in all */
    int latency_ms;             /* added to every reply */
    const char *fault;          /* first fault specs, as for /_sim/fault, or NULL */
    double speed;               /* simulated seconds per real second; 1 by default */
    const char *listen;         /* ADDR:PORT; port 0 takes a free one */
    const char *out;            /* where kubeconfig, config.yaml, ca.pem, env and ready are written */
    const char *prefix;         /* path prefix before the Kubernetes API, "" by default */
};

/* ---- requests and replies (server.c) ------------------------------------------------------------------------- */

struct sim_request {
    const char *method;         /* "GET" */
    const char *path;           /* decoded, prefix removed, no query */
    const char *raw_url;        /* as sent */
    const char *body;           /* NUL-terminated; "" when none */
    size_t body_len;
    const char *base;           /* "https://127.0.0.1:PORT", to build nextLink, Location and such */
    const char *principal;      /* who the credential belongs to; NULL when none or not valid */
    struct exchange *exchange;  /* for server.c and request.c only */
};
const char *request_query(const struct sim_request *, const char *key);     /* NULL when absent; "" when valueless */
const char *request_header(const struct sim_request *, const char *name);   /* case-insensitive; NULL when absent */
const char *request_form(const struct sim_request *, const char *key);      /* x-www-form-urlencoded body; lives with
                                                                               the request */

/* A stream gives bytes until it returns false; it is called without world.lock and may wait (bounded) inside. */
struct sim_stream {
    bool (*next)(struct sim_stream *, char **chunk, size_t *len);   /* *chunk malloc'd; len 0 = nothing yet, go on */
    void (*close)(struct sim_stream *);
};
struct sim_reply {
    int status;
    json_t *json;               /* owned; sent as application/json when text is NULL */
    char *text;                 /* owned; sent as it is */
    const char *content_type;   /* NULL: application/json (json) or text/plain (text) */
    struct { char *name, *value; } headers[24];
    size_t n_headers;
    struct sim_stream *stream;  /* owned; chunked body */
};
void reply_json(struct sim_reply *, int status, json_t *steals);
void reply_text(struct sim_reply *, int status, const char *content_type, const char *text);
void reply_header(struct sim_reply *, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- the world ----------------------------------------------------------------------------------------------- */

struct world {
    pthread_mutex_t lock;
    pthread_cond_t changed;     /* signalled after every stored write: watches wait here */
    const struct sim_options *options;
    struct store *store;        /* the Kubernetes objects */
    struct azure *azure;        /* Application Gateways, load balancer state, probes in progress, operations */
    const char *base;           /* "https://127.0.0.1:PORT" */
    const char *ca_pem;         /* the CA that signed our server certificate, PEM */
    const struct tls_material *tls;     /* all of ours, for output.c */
    double speed;               /* as in options, changeable at run time by world_set_speed */
    double clock_sim, clock_real;   /* world.c: what the simulated clock showed when the real one showed this */
    int latency_ms;
    _Atomic bool stopping;      /* read without the lock too */
    struct faults *faults;      /* faults.c; has a lock of its own */
    struct request_log *log;    /* reqlog.c; has a lock of its own */
    struct credentials *credentials;    /* kube_auth.c: tokens and certificate names known to this cluster */
};
/* Simulated time: starts at the wall clock and runs `speed` times as fast. Seconds since the epoch, with fraction. */
double world_now(const struct world *);
/* RFC 3339 UTC with seconds ("2026-01-10T08:00:05Z"), malloc'd. */
char *world_time(const struct world *);
/* The same with six digits of fraction, as MicroTime wants it. */
char *world_time_micro(const struct world *);
void world_set_speed(struct world *, double speed);

/* ---- store.c: Kubernetes objects as JSON ----------------------------------------------------------------------- */
/* group "" is core. namespace NULL or "" for cluster-scoped kinds. The resource is the plural ("httproutes").
 * store_put creates or replaces: it sets uid, creationTimestamp, resourceVersion, and generation (bumped when spec
 * changed), keeps managedFields for `manager`/`operation` ("Apply" or "Update")/`subresource` (NULL or "status"), appends a watch
 * event and signals world.changed. An object equal to what is stored changes nothing and makes no event. */
const json_t *store_get(struct world *, const char *group, const char *resource, const char *ns, const char *name);
/* Calls back in namespace/name order; the callback may call store_put/store_remove on other objects. */
void store_each(struct world *, const char *group, const char *resource,
                bool (*each)(struct world *, const json_t *object, void *ctx), void *ctx);
void store_put(struct world *, const char *group, const char *resource, json_t *object_stolen, const char *manager,
               const char *operation, const char *subresource);
bool store_remove(struct world *, const char *group, const char *resource, const char *ns, const char *name);
/* Server-side apply with force, as Istio's controller does it: `intent_stolen` is only what `manager` wants; fields of
 * others stay, fields that this manager applied before and now leaves out go away. Creates the object when missing.
 * Returns false, with a line on standard error, when the intent is not valid. */
bool store_apply(struct world *, const char *group, const char *resource, json_t *intent_stolen, const char *manager);
/* How many of a resource there are, without walking them. */
size_t store_count(struct world *, const char *group, const char *resource);
/* resourceVersion of the last write anywhere. */
unsigned long long store_version(const struct world *);
/* Makes a kind disappear from discovery and from the API, or come back: true when the kind is known. Objects stay. */
bool store_set_absent(struct world *, const char *group, const char *resource, bool absent);
/* Forgets the watch history: watches and list continuations older than now get 410 Expired. */
void store_expire(struct world *);

/* ---- kube_*.c, azure_*.c, entra.c: the handlers; each is called with world.lock held --------------------------- */

void kube_handle(struct world *, const struct sim_request *, struct sim_reply *);
void arm_handle(struct world *, const struct sim_request *, struct sim_reply *);
void entra_handle(struct world *, const struct sim_request *, struct sim_reply *);  /* Entra, ADFS and IMDS */
void control_handle(struct world *, const struct sim_request *, struct sim_reply *);    /* /_sim/... */

/* Whom a bearer token issued by Entra belongs to: a principal name ("platform-engineer", "reader", …) that lives as long
 * as the world, or NULL when the token is not valid. audience_hint says which API asks: "kubernetes" or "arm". The
 * cluster's own static tokens and client certificates are known to kube_auth.c and are tried first. */
const char *entra_principal(struct world *, const char *bearer, const char *audience_hint);
/* What the files in --out say: the scenario's credential, and whose token kubectl uses by default. */
struct sim_identity { const char *tenant, *client_id, *client_secret, *principal; };
struct sim_identity entra_identity(struct world *);
/* Answers /_sim/azure. */
void azure_control(struct world *, const struct sim_request *, struct sim_reply *);
bool kube_allowed(struct world *, const char *principal, const char *verb, const char *group, const char *resource,
                  const char *subresource, const char *ns, const char *name);

/* What a validating webhook has against an object that is about to be stored: malloc'd, or NULL. */
char *webhook_refusal(struct world *, const char *group, const char *resource, const json_t *object);

/* ---- physics: what controllers and Azure do --------------------------------------------------------------------- */

void azure_start(struct world *);       /* makes world->azure from the scenario */
/* After every Kubernetes write: Istio's gateway controller, deployments to pods to slices, cloud-provider-azure,
 * conditions and attachedRoutes. Runs until nothing changes (bounded). */
void controllers_settle(struct world *);
/* Called by the ticker about 20 times a second of real time: runs due probes, ends long-running operations. */
void azure_tick(struct world *);

/* ---- scenarios ----------------------------------------------------------------------------------------------- */

struct scenario {
    const char *name, *summary;
    void (*load)(struct world *);       /* fills the store and the azure side's description; settle follows */
};
extern const struct scenario scenarios[];   /* ends with a NULL name */
/* All documents of a multi-document YAML (or JSON) text into the store, as `kubectl create` would. Returns the number
 * stored, or -1 with a message on standard error. */
int manifests_load(struct world *, const char *yaml, size_t len, const char *what);
/* The same for every *.yaml, *.yml and *.json of a folder, in the order of their names. */
int manifests_load_folder(struct world *, const char *folder);

#endif
