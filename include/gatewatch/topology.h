/* topology: the path from client to pod, joined by identity and derived once per snapshot. Pure. The shapes are those of
 * `status -o json` (design.md 5): views and reports read these and nothing deeper. All memory is in one arena, counted.
 * Unknown numbers are -1, unknown strings NULL (printed as null), never a guess. */
#ifndef GATEWATCH_TOPOLOGY_H
#define GATEWATCH_TOPOLOGY_H

#include <gatewatch/config.h>
#include <gatewatch/routing.h>

enum hop { HOP_CLIENT, HOP_APPGW, HOP_LB, HOP_SERVICE, HOP_GATEWAY, HOP_ROUTE, HOP_PODS, HOP_COUNT };
enum light { LIGHT_UNKNOWN, LIGHT_OK, LIGHT_DEGRADED, LIGHT_DOWN, LIGHT_ABSENT };
const char *hop_name(enum hop);             /* "App Gateway" */
const char *light_name(enum light);

/* azure.md 2.3; DEGRADING: reported Healthy beside a failing log */
enum health { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN, HEALTH_PARTIAL, HEALTH_DRAINING, HEALTH_DEGRADING };
const char *health_name(enum health);       /* "Healthy", … for people and JSON */

/* azure.md 3, in that order */
enum probe_cause { CAUSE_NONE, CAUSE_OK, CAUSE_UNKNOWN_RETRIEVE, CAUSE_HTTP_STATUS, CAUSE_BODY, CAUSE_TIMEOUT,
                   CAUSE_TCP_CONNECT, CAUSE_DNS, CAUSE_TLS_CN, CAUSE_TLS_EXPIRED, CAUSE_TLS_UNTRUSTED, CAUSE_TLS_CHAIN,
                   CAUSE_TLS_OTHER, CAUSE_PROXY_PROTOCOL, CAUSE_OTHER };
const char *probe_cause_name(enum probe_cause);     /* "http-status", … */
enum probe_cause probe_log_classify(const char *log, int *ret_status, const char **ret_step);   /* step: what to do next */

enum predicted { PREDICT_UNKNOWN, PREDICT_OK, PREDICT_404, PREDICT_500, PREDICT_503, PREDICT_TIMEOUT, PREDICT_OTHER };
const char *predicted_name(enum predicted);         /* "ok", "404", … as in JSON */

struct topo_appgw {
    const struct appgateway *object;
    const char *id, *name, *resource_group, *operational_state, *provisioning_state, *sku;
    int64_t health_age_ms;          /* of the last report; -1 none */
};

/* What Application Gateway really sends (azure.md 1.1), per settings and pool address. */
struct topo_probe {
    enum { PROBER_APPGW, PROBER_LB } prober;
    const char *appgw, *name;       /* name: "default" for the default probe; of the load balancer: as derived */
    const char *protocol, *host, *path;
    int port, interval_s, timeout_s, threshold;
    struct strings accepted;        /* "200-399"; of the load balancer "200" */
    const char *service;            /* "ns/name", or NULL when no hop joins */
    const char *gateway;
    const char *settings, *pool, *address;
    enum predicted predicted;
    int predicted_status;           /* -1 unknown */
    const char *prediction_why;     /* one sentence */
    struct { const char *route; int rule; const char *backend; } served_by;     /* route NULL: none */
    const char *reported;           /* as reported: "Healthy", "Down_Probe_HttpStatusCodeError", NULL unknown */
    bool disagrees;                 /* prediction and report differ */
    struct route_answer answer;     /* of prober APPGW; gateway NULL when not asked */
    bool default_probe;
};

struct topo_backend {               /* one row: pool × settings × server */
    const char *appgw, *pool, *settings, *address, *pool_id, *settings_id;
    enum health health;
    const char *wire_health, *log;
    enum probe_cause cause;
    int http_status;                /* of the log; -1 */
    const char *probe;
    struct strings listeners;
    const char *service, *gateway;  /* "ns/name" or NULL */
    int probe_index;                /* into probes; -1 */
    int64_t since_wall_ms;          /* in this state since, as far as we saw; 0 unknown */
    int interval_s;
    int port;                       /* of the settings: where requests go; -1 unknown. The probe may ask another */
    bool from_metrics;              /* stands in for a forbidden report */
    const struct appgateway *appgw_object;
};

struct topo_route_parent { const char *gateway, *listener; enum tri accepted, resolved; const char *reason, *message;
                           bool stale; };
struct topo_route_backend { const char *service; int port, ready, total; enum backend_state state; };
struct topo_route {
    const struct route *object;
    const char *kind, *route, *tenant;      /* "ns/name" */
    struct strings hostnames, paths;
    struct { struct topo_route_parent *items; size_t n; } parents;
    struct { struct topo_route_backend *items; size_t n; } backends;
    struct strings shadowed_by;
    enum light light;
};
struct topo_tenant {
    const char *name;
    bool platform, capsule;
    struct strings namespaces;
    struct topo_route *routes;              /* into topology.routes: contiguous */
    size_t n_routes, n_bad;
    enum light light;
};

struct topo_lb_probe { const char *protocol, *path; int port; enum predicted predicted; int predicted_status;
                       const char *reported; const char *why; };
struct topo_service_port { const char *name, *app_protocol; int port, node_port; bool probed; struct topo_lb_probe probe;
                           enum tri arm_differs; };
struct topo_node { const char *name, *zone, *ip; int ready_endpoints; enum tri in_rotation; const char *reason; };
struct topo_service {
    const struct service *object;
    const char *service, *gateway, *type;   /* gateway "ns/name" */
    struct strings addresses;
    enum tri internal;
    const char *policy;                     /* externalTrafficPolicy */
    int health_check_node_port;             /* -1 none */
    const char *managed_by;                 /* who owns externalTrafficPolicy: a manager's name, "nobody", overlay ConfigMap */
    enum { OWNER_ISTIO, OWNER_AKS_ADDON, OWNER_OVERLAY, OWNER_USER } owner;
    const char *overlay;                    /* "ns/name" of the ConfigMap that renders it, or NULL */
    struct { struct topo_service_port *items; size_t n; } ports;
    struct { struct topo_node *items; size_t n; } nodes;
    const char *lb, *lb_frontend;           /* joined load balancer, or NULL */
    enum light lb_light;
};

struct topo_listener { const char *name, *protocol, *hostname; int port, attached; struct conditions conditions;
                       enum light light; };
struct topo_gateway {
    const struct gateway *object;
    const char *gateway, *class_name, *controller;
    enum tri programmed, accepted;
    bool stale;                             /* observedGeneration behind */
    struct strings addresses;
    struct { struct topo_listener *items; size_t n; } listeners;
    int pods_ready, pods_total;
    const char *service;                    /* or NULL */
    int istio_minor;                        /* 0 unknown */
    enum light light;
};

struct topo_hop { enum light light; const char *label, *detail; };  /* label: the object; detail: a few words */

struct topology {
    atomic_uint refs;
    struct arena arena;
    struct snapshot *snapshot;              /* referenced */
    struct route_table *routes_table;
    struct { struct topo_appgw *items; size_t n; } appgws;
    struct { struct topo_backend *items; size_t n; } backends;
    struct { struct topo_probe *items; size_t n; } probes;
    struct { struct topo_tenant *items; size_t n; } tenants;
    struct topo_route *routes; size_t n_routes;     /* by tenant, then namespace/name */
    struct { struct topo_service *items; size_t n; } services;     /* of gateways */
    struct { struct topo_gateway *items; size_t n; } gateways;
    struct topo_hop hops[HOP_COUNT];
    struct { const char *namespace; bool ambient; int ztunnel_ready, ztunnel_total; } mesh;
    size_t ingresses;
};
/* `before`: the previous topology, for "since when", or NULL. Takes a reference to the snapshot. */
struct topology *topology_build(struct snapshot *, const struct settings *, const struct topology *before);
struct topology *topology_ref(struct topology *);
void topology_unref(struct topology *);

const struct topo_service *topology_service(const struct topology *, const char *ns_name);
/* Does Application Gateway come through this port of the Service: with requests, or with its probe? */
bool topology_port_used(const struct topology *, const struct topo_service *, int port);
/* Is a backend probed through this port reported as healthy? Then the load balancer lets it through, whatever is predicted. */
bool topology_port_proven(const struct topology *, const struct topo_service *, int port);
const struct topo_gateway *topology_gateway(const struct topology *, const char *ns_name);

/* What the matcher would say with these objects added or replaced: for plans (predicted after the fix). The result is
 * an ordinary topology over a snapshot of its own. */
struct topology *topology_what_if(const struct topology *, const struct settings *, const struct object *const *put,
                                  size_t n);
/* The same, and without these. */
struct topology *topology_what_if_without(const struct topology *, const struct settings *,
                                          const struct object *const *put, size_t n,
                                          const struct object *const *gone, size_t n_gone);
/* What the load balancer's probe of one Service port would hear under this externalTrafficPolicy: cheap, for rules that ask
 * whether a fix would help. *ret_why may be NULL. */
enum predicted topology_predict_policy(const struct topology *, const struct settings *, const struct topo_service *,
                                       int port, const char *policy, const char **ret_why);
const char *tenancy_of(const struct settings *, const struct snapshot *, const struct route *, struct arena *);

#endif
