/* Private to topology/: what the files that build a topology share. All results go into the topology's arena. */
#ifndef GATEWATCH_TOPOLOGY_INTERNAL_H
#define GATEWATCH_TOPOLOGY_INTERNAL_H

#include <gatewatch/topology.h>

#define STATUS_PORT 15021       /* Envoy's own readiness, on every Istio gateway Service (kubernetes.md 6.2) */
#define AZURE_ANNOTATION "service.beta.kubernetes.io/"

struct build {
    struct topology *t;
    const struct snapshot *s;
    const struct settings *settings;
    const struct topology *before;
    struct arena *arena;
    struct map *services;           /* address -> index into t->services + 1 */
    struct map *gateways;           /* "ns/name" -> index into t->gateways + 1 */
    bool what_if;                   /* reports and ARM speak of another world: only derive and predict */
    bool shared_probe;              /* settings or the AKS cluster say so */
};

/* A list in an arena grows by doubling at each power of two, so it needs no capacity of its own. */
void *arena_grow(struct arena *, const void *items, size_t n, size_t size);
#define PUSH(arena, list) \
    ((list).items = arena_grow((arena), (list).items, (list).n, sizeof *(list).items), &(list).items[(list).n++])
void strings_push(struct arena *, struct strings *, const char *);
void strings_push_new(struct arena *, struct strings *, const char *);      /* unless it is there */
const char *full_name(struct arena *, const char *namespace, const char *name);     /* "ns/name" */
bool full_name_is(const char *full, const struct object *);
bool id_eq(const char *a, const char *b);       /* ARM ids: without case, never empty (azure.md 0, 11) */

/* gateways.c */
void build_gateways(struct build *);
void finish_gateways(struct build *);           /* lights, once the services are known */
void build_mesh(struct build *);
int image_minor(const char *image);             /* "…/proxyv2:1.26.1" -> 26; 0 */

/* services.c */
void build_services(struct build *);
size_t service_index(const struct build *, const char *address);    /* SIZE_MAX: none */

/* probe_lb.c */
enum lb_target { TARGET_NODE_PORT, TARGET_HEALTH_PORT, TARGET_KUBE_PROXY, TARGET_OTHER };
struct lb_plan {                    /* the probe that stands behind one Service port */
    bool probed;
    const char *protocol;           /* "Tcp" "Http" "Https" */
    const char *path;               /* "" for Tcp */
    int port, interval_s, count;
    enum lb_target target;
    int service_port;               /* of TARGET_NODE_PORT: index into the Service's ports */
};
struct lb_verdict {
    enum predicted predicted;
    int status;                     /* -1 unknown or none */
    const char *why;
    struct route_answer answer;     /* gateway NULL when no route was asked */
};
#define LB_KUBE_PROXY 10256         /* the provider's default of the shared mode; AKS documents 10356 */
#define LB_KUBE_PROXY_AKS 10356
struct lb_plan lb_derive(const struct service *, size_t port, const char *policy, bool shared, bool basic);
/* Azure's own probe where it was read, else the derived one; *ret_differs tells whether they differ. */
struct lb_plan lb_effective(const struct build *, const struct topo_service *, size_t port, enum tri *ret_differs);
struct lb_verdict lb_predict_node(const struct build *, const struct topo_service *, const struct lb_plan *,
                                  const char *policy, const struct topo_node *);
/* Over all nodes: the best that any of them answers, for one in rotation is enough to be reachable. */
struct lb_verdict lb_predict_plan(const struct build *, const struct topo_service *, const struct lb_plan *,
                                  const char *policy);
void build_lb_probes(struct build *);
/* With this policy instead of the real one: what the load balancer would hear, over all nodes. */
struct lb_verdict lb_predict(const struct build *, const struct topo_service *, size_t port, const char *policy);
/* Is a node in rotation for one Service port: as reported, else as predicted. *ret_reason may be NULL. */
enum tri lb_node_in(const struct build *, const struct topo_service *, size_t port, const struct topo_node *,
                    const char **ret_reason);
/* Nodes in rotation for one port: TRUE when at least one is, FALSE when none can be. */
enum tri lb_port_in(const struct build *, const struct topo_service *, size_t port);
void build_rotation(struct build *);            /* topo_node.in_rotation and lights, once backends are joined */
const struct lb_rule *lb_rule_of(const struct build *, const struct topo_service *, int port,
                                 const struct loadbalancer **ret_lb);

/* backends.c, probe_appgw.c */
void build_appgws(struct build *);
void build_backends(struct build *);
void probe_appgw(struct build *, const struct appgateway *, const struct appgw_pool *, const struct appgw_settings *,
                 struct topo_backend *);
/* What a gateway answers on one Service port, asked for host and path; 15021 is Envoy's own. */
struct lb_verdict gateway_answer(const struct build *, const struct topo_service *, size_t port, const char *protocol,
                                 const char *host, const char *path);
enum predicted predicted_of(int status);

/* routes.c, tenancy.c, hops.c */
void build_routes(struct build *);
struct tenancy_cache;
struct tenancy_cache *tenancy_open(const struct settings *, const struct snapshot *, struct arena *);
const char *tenancy_ask(struct tenancy_cache *, const struct route *);
void tenancy_close(struct tenancy_cache *);
bool is_platform(const struct settings *, const char *namespace);
void build_hops(struct build *);

/* build.c */
bool shared_mode(const struct snapshot *, const struct settings *);     /* settings may be NULL */
struct topology *topology_make(struct snapshot *, const struct settings *, const struct topology *before, bool what_if);

#endif
