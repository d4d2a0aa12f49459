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

/* precedence.c */
void entry_init(struct entry *, const struct route *, size_t rule, size_t match, const char *route_hostname);
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
enum tri entry_matches(const struct entry *, const struct request *);   /* everything but the path of a chain */
enum tri regex_decide(const char *pattern, const char *value);

/* backend.c */
enum backend_state backend_of(const struct snapshot *, const struct route_table *, const struct route *,
                              const struct backend_ref *, int *ret_ready, int *ret_total);
bool route_dropped_by_istio(const struct route *);

#endif
