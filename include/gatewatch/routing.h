/* routing: Gateway API semantics, pure functions over decoded objects. Written from the specification
 * (kubernetes.md 4 and 5); where Istio departs from it the answer says both. */
#ifndef GATEWATCH_ROUTING_H
#define GATEWATCH_ROUTING_H

#include <gatewatch/kinds.h>

/* ---- hostnames --------------------------------------------------------------------------------------------------------- */
bool hostname_matches(const char *pattern, const char *host);       /* "" matches everything; port and case ignored */
/* The narrower of two patterns where they meet, NULL where they do not. One of the arguments is returned. */
const char *hostname_intersect(const char *listener, const char *route);
int hostname_rank(const char *pattern);                             /* exact > longer wildcard > shorter > none */

/* ---- attachment ------------------------------------------------------------------------------------------------------------ */
enum attach_reason { ATTACH_OK, ATTACH_NO_PARENT, ATTACH_KIND, ATTACH_NAMESPACE, ATTACH_HOSTNAME, ATTACH_UNKNOWN };
/* Would this route, through this parentRef, attach to this listener? Namespace labels come from the snapshot;
 * ATTACH_UNKNOWN when they are needed and namespaces are not known. */
enum attach_reason route_attaches(const struct snapshot *, const struct gateway *, const struct listener *,
                                  const struct route *, const struct parent_ref *);
bool selector_matches(const struct label_selector *, const struct pairs *labels);
/* Would a route of this namespace and kind be let in by the listener? For plans, before the object exists. */
enum attach_reason listener_allows(const struct snapshot *, const struct gateway *, const struct listener *,
                                   const char *kind, const char *namespace);
const char *attach_reason_name(enum attach_reason);     /* the condition's reason: "NotAllowedByListeners", … */
bool parent_is(const struct parent_ref *, const struct route *, const struct gateway *);

/* ---- one table per snapshot -------------------------------------------------------------------------------------------------- */
/* Every (gateway, listener, effective hostname) → rules in order of precedence. Built once per snapshot, immutable. */
struct route_table;
struct route_table *route_table_build(const struct snapshot *);
void route_table_free(struct route_table *);
/* The EndpointSlices of a Service, found without a walk over all of them. Borrowed from the table. */
const struct endpointslice *const *route_table_slices(const struct route_table *, const char *namespace,
                                                      const char *service, size_t *ret_n);

struct request {
    const char *method;         /* "GET" */
    const char *scheme;         /* "http" or "https": chooses among listeners together with the port */
    const char *host;           /* without port */
    int port;                   /* of the listener */
    const char *path;           /* without query, starts with '/' */
    const char *query;          /* without '?', or "" */
    struct pairs headers;
    const char *sni;            /* NULL: as host */
};

enum backend_state { BACKEND_READY, BACKEND_NOT_READY, BACKEND_MISSING, BACKEND_PORT_MISSING, BACKEND_NOT_PERMITTED,
                     BACKEND_BAD_KIND, BACKEND_UNKNOWN };
const char *backend_state_name(enum backend_state);
/* Kind, existence, port, ReferenceGrant, ready endpoints by port name. */
enum backend_state backend_resolve(const struct snapshot *, const struct route *, const struct backend_ref *,
                                   int *ret_ready, int *ret_total);
/* The same through the table's index: for whoever asks for thousands. Numbers are -1 when not known. */
enum backend_state route_table_backend(const struct route_table *, const struct snapshot *, const struct route *,
                                       const struct backend_ref *, int *ret_ready, int *ret_total);

struct route_answer {
    const struct gateway *gateway;
    const struct listener *listener;    /* NULL: none takes this port, protocol and host */
    const struct route *route;          /* NULL: none matches */
    int rule, match;                    /* index from 0; -1 */
    int status;                         /* what the client would see: 200 forwarded, 404, 500, 503, 421, 3xx; -1 unknown;
                                         * 0: no HTTP answer, the connection is refused or the TLS handshake closed */
    const struct route_filter *redirect;
    const char *hostname;               /* the effective hostname that took it, "" for any */
    enum backend_state backend;         /* worst of the rule's backends with weight */
    const struct backend_ref *backend_ref;  /* the one that state speaks of */
    bool ambiguous;                     /* order rests on something that implementations differ in */
    const char *note;                   /* where Istio differs from the specification; "" */
};
/* Asks the table. `istio_minor` (e.g. 30; 0 unknown) decides what the API leaves open. Thread-safe. */
struct route_answer route_explain(const struct route_table *, const struct snapshot *, const struct gateway *,
                                  const struct request *, int istio_minor);

/* ---- the whole explanation ---------------------------------------------------------------------------------------------------- */
struct explain_options {
    int istio_minor;            /* as for route_explain */
    bool assume_ready;          /* saved manifests do not tell who is ready: forwarded counts as 200 */
    const char *listener;       /* as if the request had come through this listener; NULL: chosen as a gateway does */
};
struct explained_rule { const struct route *route; int rule; const char *lost; };
struct explained_route { const struct route *route; const char *why; };     /* why: "REASON: sentence" */
struct explanation {
    struct arena arena;
    struct route_answer answer;
    const char *location;       /* of a redirect, every field resolved; NULL */
    struct { struct explained_rule *items; size_t n; } candidates;  /* in order of precedence, without the one that serves */
    struct { struct explained_route *items; size_t n; } rejected;   /* routes of this Gateway that are not asked */
};
/* route_explain, and why everything else does not serve. Walks all routes: for one request, not for thousands. */
struct explanation *explanation_build(const struct route_table *, const struct snapshot *, const struct gateway *,
                                      const struct request *, const struct explain_options *);
void explanation_free(struct explanation *);
/* Does a listener of this Gateway take the request's port and scheme; with `host` also its host? */
bool gateway_listens(const struct route_table *, const struct gateway *, const struct request *, bool host);
const struct listener *gateway_listener(const struct route_table *, const struct gateway *, const char *name);

/* ---- conditions, as a controller would set them ------------------------------------------------------------------------------- */
/* From the specification alone, whatever the status in the objects says. What only a controller or the content of a Secret
 * could tell is TRI_UNKNOWN with reason Pending. Listeners of a ListenerSet have the set as object. */
struct condition_set {
    const struct object *object;
    const char *parent;         /* "ns/name" of routes and sets; NULL of classes and Gateways */
    const char *listener;       /* of a listener its name, of a route its sectionName; NULL: the object itself */
    struct conditions conditions;
};
struct predicted_conditions { struct arena arena; struct condition_set *items; size_t n; };
struct predicted_conditions *conditions_predict(const struct snapshot *);   /* borrows objects of the snapshot */
void predicted_conditions_free(struct predicted_conditions *);
bool condition_set_refused(const struct condition_set *);   /* some condition says that this will not work as written */

/* Routes whose every match is taken by others before it: the shadowing route, or NULL. */
const struct route *route_shadowed_by(const struct route_table *, const struct route *);
bool status_accepted(const struct strings *ranges, int status);    /* "200-399", "404"; empty = 200-399 */
bool grant_permits(const struct snapshot *, const char *from_group, const char *from_kind, const char *from_namespace,
                   const char *to_group, const char *to_kind, const char *to_namespace, const char *to_name);

#endif
