/* Private to routing/: the shape of the table and the small functions its files share. */
#ifndef GATEWATCH_ROUTING_INTERNAL_H
#define GATEWATCH_ROUTING_INTERNAL_H

#include <gatewatch/routing.h>

#define GATEWAY_GROUP "gateway.networking.k8s.io"
#define NO_ENTRY UINT32_MAX

enum path_rank { PATH_REGEX = 1, PATH_PREFIX = 2, PATH_EXACT = 3 };

/* One match of one rule of one route, under one effective hostname of one listener. */
struct entry {
    const struct route *route;
    const struct http_match *match;     /* NULL: the default, PathPrefix "/" */
    const char *route_hostname;         /* the pattern in the route that led here; "" for none */
    uint32_t vhost;
    uint32_t next;                      /* same vhost, same kind of path, same path: in order of precedence */
    uint16_t rule, index;
    uint8_t rank;                       /* enum path_rank */
    bool dropped;                       /* Istio leaves the whole route out (kubernetes.md 5.5) */
    bool uncertain;                     /* whether the route attaches cannot be told */
};

/* Entries that share a listener and an effective hostname: what Envoy calls a virtual host. */
struct vhost {
    const char *hostname;
    uint32_t listener;
    uint32_t first, n;                  /* entries, in order of precedence */
    uint32_t regex;                     /* first entry with a regular expression, or NO_ENTRY */
    bool mixed;                         /* entries came through different route hostnames */
    bool uncertain;                     /* one of them may not be attached at all */
};

struct listener_entry {
    const struct gateway *gateway;
    const struct listener *listener;
    const struct listenerset *set;      /* NULL: the Gateway's own */
};

struct route_table {
    struct listener_entry *listeners;   /* those of one gateway lie together */
    size_t n_listeners, cap_listeners;
    struct map *gateways;               /* "ns/name" -> index of its first listener + 1 */
    struct entry *entries;              /* by vhost, then precedence */
    size_t n_entries, cap_entries;
    struct vhost *vhosts;
    size_t n_vhosts, cap_vhosts;
    uint32_t *host_slots, *path_slots;  /* open addressing; value + 1, 0 is free */
    size_t host_mask, path_mask;
    const struct endpointslice **slices;    /* by namespace, then service */
    size_t n_slices;
    uint32_t *by_route;                 /* the entries, sorted by address of their route */
};

/* attach.c */
const struct listenerset *listener_set_of(const struct snapshot *, const struct gateway *, const struct listener *);
bool parent_names_listener(const struct parent_ref *, const struct route *, const struct gateway *,
                           const struct listener *, const struct listenerset *);
enum attach_reason listener_takes(const struct snapshot *, const struct gateway *, const struct listener *,
                                  const struct listenerset *, const char *kind, const char *namespace);

bool set_joins(const struct snapshot *, const struct gateway *, const struct listenerset *);
/* Does the Gateway let a set of this namespace join? Whether the set asks for this Gateway is not looked at. */
enum attach_reason set_admitted(const struct snapshot *, const struct gateway *, const struct listenerset *);
bool listener_kind_allowed(const struct listener *, const char *kind);

/* conditions_listener.c, conditions_route.c */
/* The reason when a listener is not distinct from others of its Gateway, or NULL. */
const char *listener_conflict(const struct snapshot *, const struct gateway *, const struct listener *,
                              const struct listener **ret_with);
/* Where a parentRef leads: NULL when there is no such Gateway. */
const struct gateway *parent_gateway(const struct snapshot *, const struct route *, const struct parent_ref *,
                                     const struct listenerset **ret_set);
/* The best over all listeners of the parent; the listener is the one it speaks of, or NULL. */
enum attach_reason parent_attaches(const struct snapshot *, const struct route *, const struct parent_ref *,
                                   const struct listener **ret_listener);
/* One sentence for people; the listener may be NULL for ATTACH_NO_PARENT. */
void attach_sentence(struct text *, enum attach_reason, const struct route *, const struct parent_ref *,
                     const struct listener *);

/* precedence.c */
void entry_init(struct entry *, const struct route *, size_t rule, size_t match, const char *route_hostname);
/* kubernetes.md 5.3, step 4: (a) to (i). KIND keeps the order total where the specification ends. */
enum precedence_step { STEP_HOSTNAME, STEP_PATH_TYPE, STEP_PATH_LENGTH, STEP_METHOD, STEP_HEADERS, STEP_QUERY, STEP_AGE,
                       STEP_NAME, STEP_KIND, STEP_ORDER };
const char *precedence_step_name(enum precedence_step);
int entry_order(const struct entry *a, const struct entry *b, bool with_hostname, enum precedence_step *ret_step);
/* Below zero when `a` is asked first. `with_hostname` false: as Istio, which does not compare step (a). */
int entry_compare(const struct entry *a, const struct entry *b, bool with_hostname);
const char *entry_path(const struct entry *);
size_t entry_prefix_len(const struct entry *);      /* of the path, one trailing '/' dropped */

/* table.c */
/* Listeners of a gateway: index of the first; returns how many. */
size_t table_listeners(const struct route_table *, const struct gateway *, size_t *ret_first);
const struct vhost *table_vhost(const struct route_table *, size_t listener, const char *host);
/* First entry of a virtual host with this kind of path and this path (of a prefix: without its last '/'). */
uint32_t table_chain(const struct route_table *, uint32_t vhost, enum path_rank, const char *path, size_t len);

/* match.c */
enum mismatch_kind { MISMATCH_NONE, MISMATCH_ATTACHMENT, MISMATCH_PATH, MISMATCH_METHOD, MISMATCH_HEADER, MISMATCH_QUERY };
struct mismatch {                       /* the condition that failed, or that cannot be told */
    enum mismatch_kind kind;
    const struct string_match *condition;   /* of a header or parameter */
    bool absent;
    char value[200];                    /* what the request has */
};
/* Everything but the path of a chain. `why` may be NULL. */
enum tri entry_matches(const struct entry *, const struct request *, struct mismatch *why);
enum tri regex_decide(const char *pattern, const char *value);

/* backend.c */
enum backend_state backend_of(const struct snapshot *, const struct route_table *, const struct route *,
                              const struct backend_ref *, int *ret_ready, int *ret_total);
/* Kind, permission, existence and port, without a look at who is ready: BACKEND_READY when all is as it should be. */
enum backend_state backend_named(const struct snapshot *, const struct route *, const struct backend_ref *);
bool route_dropped_by_istio(const struct route *);

/* redirect.c */
const char *redirect_location(struct arena *, const struct route_answer *, const struct request *);

/* explain.c */
/* The chains of a virtual host whose path takes this path: exact, then prefixes from long to short, then expressions. */
void vhost_chains(const struct route_table *, const struct vhost *, const char *path,
                  void (*chain)(void *ctx, uint32_t first), void *ctx);
struct ask_how {
    int istio_minor;                    /* 0 unknown */
    bool assume_ready;                  /* of what is not known of backends the best is taken */
    const char *listener;               /* as if the request had come through this one; NULL: chosen as a gateway does */
};
struct ask_found { const struct vhost *vhost; size_t listener; uint32_t entry, doubtful; };     /* NO_ENTRY, SIZE_MAX */
/* route_explain, with where in the table it found it. */
struct route_answer route_ask(const struct route_table *, const struct snapshot *, const struct gateway *,
                              const struct request *, const struct ask_how *, struct ask_found *ret);

#endif
