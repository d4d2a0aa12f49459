/* The Azure side of the world: who may sign in, what Azure Resource Manager knows, probes in
 * progress.
 *
 * Private to the simulator's Azure half (entra*.c arm_*.c physics_*.c controllers_*.c
 * scenarios*.c). Everything here wants world.lock held. Times are simulated seconds since the epoch
 * (world_now).
 */
#ifndef SIM_AZURE_H
#define SIM_AZURE_H

#include "jx.h"
#include "sim.h"

#define SIM_SUBSCRIPTION "00000000-0000-0000-0000-000000000001"
#define SIM_TENANT "00000000-0000-0000-0000-0000000000e2"
#define SIM_LOCATION "westeurope"
#define SIM_RESOURCE_GROUP "rg-mtkc-poc"
#define SIM_APP_GATEWAY "appgw-mtkc-poc"
#define SIM_CLUSTER "aks-mtkc-poc"
#define SIM_NODE_GROUP "MC_rg-mtkc-poc_aks-mtkc-poc_westeurope"
#define SIM_VMSS "aks-nodepool1-31415926-vmss"
#define SIM_AKS_SERVER_APP "6dae42f8-4368-4678-94ff-3960e28e3630"
#define SIM_GATEWAY_ID                                                                             \
    "/subscriptions/" SIM_SUBSCRIPTION "/resourceGroups/" SIM_RESOURCE_GROUP                       \
    "/providers/Microsoft.Network/applicationGateways/" SIM_APP_GATEWAY
#define SIM_NODE_GROUP_ID "/subscriptions/" SIM_SUBSCRIPTION "/resourceGroups/" SIM_NODE_GROUP

/* ---- who ---------------------------------------------------------------------------------- */

enum { PRINCIPALS = 2 };
struct principal {
    const char *name, *client_id, *object_id, *secret;
    bool reader; /* Azure's Reader role: what ends in /read, and no action */
};
extern const struct principal principals[PRINCIPALS];
const struct principal *principal_named(const char *name);

enum audience { AUDIENCE_NONE, AUDIENCE_ARM, AUDIENCE_KUBERNETES, AUDIENCE_OTHER };
struct token {
    char text[80];
    const struct principal *principal;
    enum audience audience;
    double expires; /* simulated time, as is everything else */
    struct token *next;
};
enum token_state { TOKEN_MISSING, TOKEN_UNKNOWN, TOKEN_EXPIRED, TOKEN_VALID };
enum token_state entra_token(struct world *, const char *bearer, const struct token **);
/* A new token, kept until it expires. */
const struct token *entra_issue(struct world *, const struct principal *, enum audience);
/* Checks the JWT of a signed assertion. Says NULL, or what is wrong with it as an AADSTS text. */
const char *entra_assertion_fault(struct world *, const char *jwt, const char *token_url,
                                  const char *client_id);
/* The principal that the scenario's credential files belong to. */
const struct principal *entra_default(const struct world *);

/* ---- what Azure knows --------------------------------------------------------------------- */

struct bucket { /* one token bucket of azure.md 8.2 */
    double left, at;
};
struct actor_budget {
    const struct principal *principal;
    struct bucket reads, writes;
    struct actor_budget *next;
};
struct backend { /* one pool x settings x server of one Application Gateway */
    char *gateway, *pool, *settings, *address;
    double next_at; /* when the next probe starts */
    double ends_at; /* when the one in the air will have its verdict; 0 when none */
    int failures;   /* in a row */
    bool up, known;
    char *log;
    int pending_status; /* verdict of the probe in the air */
    bool pending_good;
    char *pending_log;
    bool seen; /* still described by the gateway's configuration */
    struct backend *next;
};
struct node_probe { /* one load balancer probe x node */
    char *key;      /* "PROBE@NODE" */
    double next_at;
    int streak; /* good answers in a row, or bad ones below zero */
    bool up, known;
    const char *reason; /* as the rule health API says it */
    bool seen;
    struct node_probe *next;
};
struct operation { /* a long-running operation */
    char id[37];
    json_t *(*result)(struct world *, const struct operation *);
    char *target; /* resource id */
    json_t *body; /* of the request */
    char service_request[37];
    double ready_at;
    unsigned polls;
    struct operation *next;
};
struct activity {
    double at;
    char *action, *target, *caller, *status;
    struct activity *next;
};
struct azure {
    json_t *gateways;                   /* array of Application Gateways in ARM's shape */
    json_t *clusters;                   /* array of managed clusters */
    const struct principal *credential; /* the scenario's */
    bool unreachable_instances; /* the control plane cannot read them: every server is Unknown */
    bool shared_lb_probe;       /* clusterServiceLoadBalancerHealthProbeMode: Shared */
    double token_lifetime, operation_seconds, retry_after;
    double read_burst, read_rate, write_burst, write_rate;
    size_t page_size;     /* items in one page of an ARM list */
    char *assertion_cert; /* registered certificate, PEM; NULL: signatures are not verified */
    struct token *tokens;
    struct actor_budget *budgets;
    struct backend *backends;
    struct node_probe *node_probes;
    struct operation *operations;
    struct activity *activities;
    unsigned long long gateways_version, workloads_version, slices_version;
    struct controller_memory *memory; /* what the controllers have seen, controllers.c */
    double lb_next;                   /* when the next load balancer probe is due */
    unsigned long long lb_version;
    struct route_memo **memos; /* controllers_status.c */
    unsigned long long status_round, status_version;
    double next_ready; /* when the next starting pod should be looked at; 0 when none */
    unsigned pod_addresses;
    bool started;
};
struct azure *azure_of(struct world *); /* made on first use */
/* The door to it, /_sim/azure, is azure_control in azure_control.c; its comment lists the knobs. */

/* ---- Application Gateway description (world_azure.c, arm_gateway.c) ----------------------- */

/* An ARM child of a gateway with id, etag and type; steals properties. */
json_t *gateway_child(const char *gateway_id, const char *collection, const char *name,
                      json_t *properties);
json_t *gateway_ref(const char *gateway_id, const char *collection,
                    const char *name);                /* {"id": ...} */
json_t *gateway_find(struct world *, const char *id); /* without regard to case */
/* The child with this id, compared as ARM compares; NULL when the gateway has none. */
json_t *gateway_child_by_id(const json_t *gateway, const char *collection, const char *id);
json_t *world_reference_gateway(const char *name, const char *pool_address);
json_t *world_managed_cluster(void);

/* Runs each for every pool x settings pair that a rule uses. */
struct pair {
    const json_t *pool, *settings;
};
size_t gateway_pairs(const json_t *gateway, struct pair *out, size_t room);

/* ---- physics ------------------------------------------------------------------------------ */

struct probe_request {
    const char *scheme; /* "http" or "https" */
    const char *host, *path;
    int port;
    const char *sni; /* "" when the host is an address */
};
enum verdict {
    VERDICT_ANSWER,
    VERDICT_TIMEOUT,
    VERDICT_REFUSED,
    VERDICT_TLS_NAME,
    VERDICT_TLS_ROOT,
    VERDICT_TLS_EXPIRED,
    VERDICT_DNS
};
struct answer {
    enum verdict verdict;
    int status;
    char body[256];
    char served_by[256]; /* "namespace/route rule N", for people */
};
/* What a ready gateway pod answers (kubernetes.md 5). */
void gateway_answer(struct world *, const json_t *gateway, const struct probe_request *,
                    struct answer *);
/* What a Service's pods answer; the gateway Service's own status port included. */
void service_answer(struct world *, const char *ns, const char *name, int port, const char *path,
                    struct answer *);
/* What arrives at an address in front of the cluster: load balancer, nodes, gateway pods, routes.
 */
void address_answer(struct world *, const char *address, const struct probe_request *,
                    struct answer *);
/* Presented by the gateway for this port and server name; NULL when there is no certificate. A
 * borrowed object {names[], issuer, notAfter}, or an empty one when the Secret says nothing about
 * itself. */
const json_t *gateway_certificate(struct world *, const json_t *gateway, int port, const char *sni);

/* What one probe of this pool x settings (or of the given on-demand request) says of this server.
 */
void backend_probe(struct world *, const json_t *gateway, const json_t *settings,
                   const json_t *on_demand, const char *address, bool *good, int *status,
                   char **log);
void backends_tick(struct world *);
json_t *backends_health(struct world *, const json_t *gateway);
const struct backend *backend_find(struct world *, const char *gateway, const char *pool,
                                   const char *settings, const char *address);

/* Load balancer (physics_lb.c). A Service's frontend is described from the Service alone. */
struct lb_probe {
    char name[200];
    const char *protocol; /* Tcp, Http or Https; NULL: the rule has no probe */
    char path[256];
    int port, interval, count;
};
struct lb_port {
    char rule[200];
    int port, backend_port;
    const char *protocol; /* Tcp or Udp */
    bool floating;
    struct lb_probe probe;
};
enum { LB_PORTS = 64 };
size_t lb_ports(struct world *, const json_t *service, struct lb_port *out, size_t room);
bool lb_is_internal(const json_t *service);
void lb_prefix(const json_t *service, char out[120]);
void lb_tick(struct world *);
bool lb_node_up(struct world *, const struct lb_port *, const char *node, const char **reason);
json_t *lb_list(struct world *); /* both load balancers in ARM's shape */
json_t *lb_rule_health(struct world *, const char *load_balancer,
                       const char *rule); /* NULL: no such rule */

/* Calls back for the objects of one namespace only. */
void store_each_in(struct world *, const char *group, const char *resource, const char *ns,
                   bool (*each)(struct world *, const json_t *object, void *ctx), void *ctx);
/* Ready endpoints of a Service on one node, or on all (node NULL). */
size_t service_ready(struct world *, const char *ns, const char *name, const char *node);
const json_t *service_at(struct world *, const char *address, int port);
json_t *service_port(const json_t *service, int port);
int node_index(struct world *, const char *node);
const char *node_ip(const json_t *node);

/* ---- ARM ---------------------------------------------------------------------------------- */

struct arm_call {
    struct world *world;
    const struct sim_request *request;
    struct sim_reply *reply;
    const struct token *token;
    const char *segment[32]; /* of the path, decoded */
    size_t segments;
};
void arm_error(struct sim_reply *, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* False with a 403 in the reply when the caller's role lacks the action. */
bool arm_may(struct arm_call *, const char *action, const char *scope);
/* Pages an array by world's page size and the $skiptoken; steals items. */
void arm_page(struct arm_call *, json_t *items);
void arm_accept(struct arm_call *, struct operation *);
/* Takes a token of the caller's bucket and writes the budget headers; false with a 429 in the
 * reply. */
bool arm_budget(struct arm_call *, bool write);
struct operation *arm_operation(struct world *, const char *target, const json_t *body,
                                json_t *(*result)(struct world *, const struct operation *));
void arm_gateway(struct arm_call *, size_t at); /* segment[at] is "applicationGateways" */
void arm_load_balancer(struct arm_call *, size_t at);
void arm_cluster(struct arm_call *, size_t at);
void arm_insights(struct arm_call *, const char *resource, size_t at);
void arm_operation_result(struct arm_call *, size_t at);
void arm_note(struct world *, const struct principal *, const char *action, const char *target,
              const char *status);
void arm_events(struct arm_call *);

/* Who has seen a kind up to where. */
struct seen {
    unsigned long long version;
};
struct controller_memory {
    struct seen cloud, slices, services, namespaces, httproutes, grpcroutes, tlsroutes;
    unsigned long long route_inputs; /* raised when every route must be weighed again */
    unsigned long long weighed_inputs;
    struct attached {
        uint64_t listener;
        long long count;
    } * attached;
    size_t n_attached;
};
struct controller_memory *controller_memory(struct world *);

/* ---- controllers -------------------------------------------------------------------------- */

void control_classes(struct world *);
void control_gateways(struct world *);
void control_workloads(struct world *);
void control_slices(struct world *);
void control_cloud(struct world *);
void control_status(struct world *);
/* A started pod has become ready, or a second has passed for one that should. */
bool workloads_due(struct world *);
json_t *store_list(struct world *, const char *group,
                   const char *resource); /* owned; holds its objects */
json_t *store_list_in(struct world *, const char *group, const char *resource, const char *ns);
/* A number that changes with every write to the kind. */
unsigned long long collection_version(struct world *, const char *group, const char *resource);
/* What was written since the last call, as it is now, in `changed` (an array of the caller's);
 * deletions are counted. False when the history does not reach back that far: everything must be
 * looked at. */
bool store_changes(struct world *, const char *group, const char *resource, struct seen *,
                   json_t *changed, size_t *additions, size_t *deletions);
json_t *owner_reference(const json_t *owner, bool controller);
bool owned_by(const json_t *object, const json_t *owner);
json_t *condition_set(struct world *, json_t *conditions, const char *type, bool holds,
                      const char *reason, const char *message, long long generation);
/* Istio's overlay: a YAML string merged strategically into a rendered object. False when it must be
 * refused. */
bool overlay_merge(json_t *object, const char *yaml);
json_t *yaml_to_json(const char *yaml); /* NULL when it does not parse */
bool gateway_is_ours(struct world *, const json_t *gateway);
bool listener_allows(struct world *, const json_t *gateway, const json_t *listener,
                     const char *route_kind, const char *route_namespace);
bool hostname_covers(const char *pattern, const char *host);
/* The narrower of two patterns, or NULL when they have nothing in common; "" is everything. */
const char *hostname_join(const char *listener, const char *route);
/* Whether a route of this namespace may send to a Service there (ReferenceGrant where they differ).
 */
bool route_may_refer(struct world *, const json_t *route, const char *kind, const char *ns,
                     const char *name);
bool listener_ready(struct world *, const json_t *gateway, const json_t *listener,
                    const char **reason, char *message, size_t room);

/* ---- the built-in manifests (world_reference.c, world_cluster.c) -------------------------- */

extern const char *const world_namespaces_yaml,
    *const world_gateway_yaml, *const world_responder_yaml,
                                   *const world_app1_yaml, *const world_app2_yaml,
                                                               *const world_health_route_yaml,
                                                                   *const world_app_routes_yaml,
                                                                       *const world_grants_yaml;
extern const char *const world_nodes_yaml,
    *const world_classes_yaml, *const world_mesh_yaml, *const world_secret_yaml,
                                                           *const world_overlay_yaml,
                                                               *const world_addon_yaml;
void world_tenants(struct world *, int tenants, int routes);

#endif
