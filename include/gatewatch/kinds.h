/* kinds: the objects we decode, one file each in src/kinds/, and never a field that no rule, view or fix reads.
 * Each struct starts with its `struct object`; take it from a snapshot list by a cast. Strings are clean and never NULL
 * unless said; "" means absent. Numbers are -1 when absent. Sources: kubernetes.md 4, 6, 7; azure.md 1, 2, 4, 5, 6. */
#ifndef GATEWATCH_KINDS_H
#define GATEWATCH_KINDS_H

#include <gatewatch/model.h>

/* ---- Kubernetes core ------------------------------------------------------------------------------------------------- */

struct namespace_ { struct object object; };        /* labels and annotations are in the header */

struct node {
    struct object object;
    enum tri ready;
    bool unschedulable;
    const char *zone;               /* topology.kubernetes.io/zone */
    const char *internal_ip;
    bool excluded_from_lb;          /* node.kubernetes.io/exclude-from-external-load-balancers */
    const char *kubelet_version;
};

struct service_port {
    const char *name, *protocol, *app_protocol;
    int port, node_port;
    int target_port;                /* -1 when it is a name */
    const char *target_name;
};
struct service {
    struct object object;
    const char *type;               /* ClusterIP NodePort LoadBalancer ExternalName */
    const char *external_traffic_policy, *internal_traffic_policy;  /* "" when absent */
    int health_check_node_port;     /* 0 or -1: none */
    const char *load_balancer_class, *session_affinity;
    enum tri allocate_node_ports;
    struct { struct service_port *items; size_t n; } ports;
    struct pairs selector;
    struct strings ingress_ips;     /* status.loadBalancer.ingress[].ip, else hostname */
    struct strings source_ranges;
    struct conditions conditions;
    bool publish_not_ready;
};

struct endpoint_port { const char *name, *protocol, *app_protocol; int port; };
struct slice_endpoint {
    const char *address, *node, *zone, *pod, *pod_uid;
    enum tri ready, serving, terminating;   /* as sent; see kubernetes.md 7.2 for what absent means */
};
struct endpointslice {
    struct object object;
    const char *service;            /* label kubernetes.io/service-name */
    const char *address_type;
    struct { struct endpoint_port *items; size_t n; } ports;
    struct { struct slice_endpoint *items; size_t n; } endpoints;
};

struct pod {
    struct object object;
    const char *phase, *node, *ip;  /* "" when the list was metadata only */
    enum tri ready;
    int restarts;
    const char *waiting_reason;     /* first container that waits: "CrashLoopBackOff", "ImagePullBackOff" */
    enum { SIDECAR_NO, SIDECAR_YES, SIDECAR_UNKNOWN } sidecar;
    bool metadata_only;
};

struct workload {                   /* Deployment and DaemonSet */
    struct object object;
    int desired, ready, updated, available;
    struct pairs selector;
    struct conditions conditions;
    const char *max_unavailable, *max_surge;
    int termination_grace_s;
    bool spread;                    /* topologySpreadConstraints or podAntiAffinity present */
    struct strings images;
};

struct configmap { struct object object; struct pairs data; };

struct horizontalpodautoscaler {
    struct object object;
    const char *target_kind, *target_name;
    int min_replicas, max_replicas, current, desired;
};
struct poddisruptionbudget {
    struct object object;
    struct pairs selector;
    const char *min_available, *max_unavailable;
    int disruptions_allowed;
};
struct ingress { struct object object; const char *class_name; int rules; };

/* ---- Gateway API ------------------------------------------------------------------------------------------------------- */

struct gatewayclass { struct object object; const char *controller; struct conditions conditions; };

struct object_ref { const char *group, *kind, *namespace, *name; };     /* namespace "" = the referrer's own */

struct label_expression { const char *key, *op; struct strings values; };
struct label_selector {
    bool present;
    struct pairs match_labels;
    struct { struct label_expression *items; size_t n; } expressions;
};
struct route_kind { const char *group, *kind; };

struct listener {
    const char *name, *hostname, *protocol;
    int port;
    const char *tls_mode;           /* "" when no tls */
    bool tls, tls_options;          /* whether they are there */
    struct { struct object_ref *items; size_t n; } certificates;
    const char *from;               /* allowedRoutes.namespaces.from: Same (default) All Selector */
    struct label_selector selector;
    struct { struct route_kind *items; size_t n; } kinds;
    /* status of the same name */
    bool has_status;
    int attached_routes;
    struct conditions conditions;
};
struct gateway {
    struct object object;
    const char *class_name;
    struct { struct listener *items; size_t n; } listeners;
    struct strings spec_addresses;          /* "Type:value" */
    struct object_ref parameters;           /* infrastructure.parametersRef; name "" when none */
    struct pairs infra_labels, infra_annotations;
    const char *listener_sets_from;         /* allowedListeners.namespaces.from; "None" by default */
    struct label_selector listener_sets_selector;
    struct { const char **types, **values; size_t n; } addresses;   /* status.addresses */
    struct conditions conditions;
};
struct listenerset {
    struct object object;
    struct object_ref parent;
    struct { struct listener *items; size_t n; } listeners;
    struct conditions conditions;
};

struct parent_ref { const char *group, *kind, *namespace, *name, *section; int port; };
struct string_match { const char *type, *name, *value; };       /* headers and query parameters; type "" = Exact */
struct http_match {
    const char *path_type, *path;           /* "" = PathPrefix "/" */
    const char *method;                     /* "" = any */
    struct { struct string_match *items; size_t n; } headers, query;
};
struct backend_ref { struct object_ref ref; int port; int weight; };
struct route_filter {
    const char *type;                       /* "RequestRedirect", "URLRewrite", … */
    const char *scheme, *hostname, *path_type, *path;
    int port, status;                       /* of a redirect; -1 when absent */
    struct object_ref ref;                  /* ExtensionRef, RequestMirror */
};
struct route_rule {
    const char *name;
    struct { struct http_match *items; size_t n; } matches;     /* for GRPCRoute: path Exact /service/method or prefix */
    struct { struct route_filter *items; size_t n; } filters;
    struct { struct backend_ref *items; size_t n; } backends;
    const char *request_timeout;
};
struct route_parent_status { struct parent_ref ref; const char *controller; struct conditions conditions; };
struct route {                              /* HTTPRoute, GRPCRoute, TLSRoute: the kind is in the header */
    struct object object;
    struct { struct parent_ref *items; size_t n; } parents;
    struct strings hostnames;
    struct { struct route_rule *items; size_t n; } rules;
    struct { struct route_parent_status *items; size_t n; } status;
};

struct referencegrant {
    struct object object;
    struct { struct object_ref *items; size_t n; } from, to;    /* from: group, kind, namespace; to: group, kind, name */
};
struct backendtlspolicy {
    struct object object;
    struct { struct object_ref *items; const char **sections; size_t n; } targets;
    const char *hostname;
    struct { struct route_parent_status *items; size_t n; } ancestors;
};
struct tenant { struct object object; const char *state; bool cordoned; struct strings namespaces, owners; };   /* Capsule */

/* ---- Azure ---------------------------------------------------------------------------------------------------------------- */

struct appgw_pool { const char *id, *name; struct strings addresses; int nic_targets; bool used; };
struct appgw_settings {
    const char *id, *name, *protocol, *host, *path;
    int port, request_timeout_s;
    enum tri pick_host_from_address, probe_enabled;
    const char *probe_id;
    size_t trusted_roots;
    const char *sni_name;
};
struct appgw_probe {
    const char *id, *name, *protocol, *host, *path;
    int port, interval_s, timeout_s, threshold, min_servers;
    enum tri pick_host_from_settings;
    const char *match_body;
    struct strings match_status;            /* "200-399" */
};
struct appgw_listener { const char *id, *name, *protocol; struct strings hosts; int port; bool is_private; };
struct appgw_target { const char *pool_id, *settings_id; const char *paths; };  /* of a rule or a path rule */
struct appgw_rule {
    const char *id, *name, *type, *listener_id, *redirect_id;
    int priority;
    struct { struct appgw_target *items; size_t n; } targets;  /* basic: one; path map: default first */
};
struct appgateway {
    struct object object;                   /* uid = resource id, namespace = resource group */
    const char *location, *provisioning_state, *operational_state, *sku, *tier;
    int capacity, min_capacity, max_capacity;
    bool v2, waf;
    struct strings public_ip_ids, private_ips;
    struct { struct appgw_pool *items; size_t n; } pools;
    struct { struct appgw_settings *items; size_t n; } settings;
    struct { struct appgw_probe *items; size_t n; } probes;
    struct { struct appgw_listener *items; size_t n; } listeners;
    struct { struct appgw_rule *items; size_t n; } rules;
};

struct health_server {
    const char *pool_id, *settings_id, *address;
    const char *health;                     /* as sent: "Healthy", "Down", "" */
    const char *log;                        /* healthProbeLog, cleaned; "" when absent */
};
struct backendhealth {                      /* one report of one gateway; uid = the gateway's id */
    struct object object;
    struct { struct health_server *items; size_t n; } servers;
    struct strings empty_pools;             /* pool ids with settings and no servers */
    int64_t reported_wall_ms;
};
struct hostcount {                          /* UnhealthyHostCount from metrics, when the health action is forbidden */
    struct object object;                   /* uid = the gateway's id */
    struct { struct { const char *pool_settings; double healthy, unhealthy; } *items; size_t n; } pools;    /* -1: none */
    int64_t at_wall_ms;
};

struct lb_frontend { const char *id, *name, *ip; bool is_public; };
struct lb_rule { const char *id, *name, *protocol, *frontend_id, *probe_id; int frontend_port, backend_port;
                 bool floating_ip; };
struct lb_probe { const char *id, *name, *protocol, *path; int port, interval_s, count; };
struct loadbalancer {
    struct object object;
    const char *sku;
    struct { struct lb_frontend *items; size_t n; } frontends;
    struct { struct lb_rule *items; size_t n; } rules;
    struct { struct lb_probe *items; size_t n; } probes;
};
struct rulehealth {                         /* uid = the rule's id */
    struct object object;
    int up, down;
    struct { struct { const char *ip, *nic, *state, *reason; } *items; size_t n; } nodes;
};
struct managedcluster {
    struct object object;
    const char *fqdn, *private_fqdn, *node_resource_group, *power_state, *provisioning_state, *version, *mesh_mode;
    struct strings mesh_revisions;
    enum tri entra, local_accounts_disabled, gateway_api_managed;
    const char *lb_probe_mode;              /* ClusterServiceLoadBalancerHealthProbeMode, "" when not told */
};

/* ---- the field tables of the decoders (src/kinds/_shape.c): data, not code --------------------------------------------------- */

enum field_type { FIELD_STRING, FIELD_INT, FIELD_TRI, FIELD_BOOL, FIELD_STRINGS, FIELD_PAIRS, FIELD_STRUCT, FIELD_ARRAY,
                  FIELD_TIME, FIELD_INT_OR_STRING, FIELD_DOUBLE,
                  FIELD_LONG /* int64_t, 0 when absent */, FIELD_PRESENT /* bool: the value is an object */,
                  FIELD_PAIRS_TEXT /* pairs whose values keep their lines */ };
struct field {
    const char *path;               /* "spec.type": keys separated by dots; a number is a place in an array; "" is the value
                                       itself; a key with dots of its own is written in '[' and ']' */
    enum field_type type;
    size_t offset;                  /* in the struct; of an array: of its `items`, with `n` right behind */
    const struct shape *shape;      /* of FIELD_STRUCT and FIELD_ARRAY */
};
struct shape { size_t size; const struct field *fields; size_t n_fields; };
/* Fills `out` (zeroed) from JSON: absent or of another type reads as "", -1, TRI_UNKNOWN, empty. Total, bounded. */
void shape_decode(const struct shape *, const struct json_t *, void *out, struct arena *);

#endif
