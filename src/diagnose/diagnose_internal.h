/* Private to diagnose/: what rules share. A rule reads the topology and never decides twice what is decided here. */
#ifndef GATEWATCH_DIAGNOSE_INTERNAL_H
#define GATEWATCH_DIAGNOSE_INTERNAL_H

#include <gatewatch/diagnose.h>

#include <rules_registry.h>

/* A finding on a Service, Gateway or route of the topology: subject and gateway are filled in. */
struct finding *find_on_service(struct diagnosis *, const struct rule *, const struct topo_service *);
struct finding *find_on_gateway(struct diagnosis *, const struct rule *, const struct topo_gateway *);
struct finding *find_on_route(struct diagnosis *, const struct rule *, const struct topo_route *);
void finding_gateway(struct diagnosis *, struct finding *, const char *ns_name);
void findings_push(struct findings *, struct strings *, const char *);

bool service_is_used(const struct topology *, const struct topo_service *);
/* Is it Azure's load balancer that stands before this Service? */
bool behind_azure(const struct topology *, const struct topo_service *);
/* Does the load balancer hear a bad answer on this port: as reported, else as predicted, unless a healthy backend behind
 * it proves the contrary. */
enum tri port_fails(const struct topology *, const struct topo_service *, const struct topo_service_port *);
int ready_endpoints(const struct topo_service *);       /* over all nodes; -1 not known */
size_t nodes_with_endpoint(const struct topo_service *);

/* A probe of Application Gateway whose answer is known and not accepted, and that is not reported as healthy all the
 * same: a report weighs more than a prediction. */
bool probe_refused(const struct topology *, const struct topo_probe *);
const struct topo_backend *row_of_probe(const struct topology *, const struct topo_probe *);
const char *probe_text(struct diagnosis *, const struct topo_probe *);      /* "GET http://10.0.1.10/healthz/ready" */
void probe_evidence(struct diagnosis *, struct finding *, const struct topo_probe *);
const struct topo_route *route_of(const struct topology *, const struct route *);
bool found_on(const struct diagnosis *, const struct rule *, const struct object *);

/* The rules on the route that serves a probe differ only in state and words: one finding per route. */
void find_probe_backend(struct diagnosis *, const struct rule *, enum backend_state, const char *title_end,
                        const char *remedy);
/* The same for every route's backends. */
void find_route_backend(struct diagnosis *, const struct rule *, enum backend_state, const char *title_end,
                        const char *remedy);
/* And for the backends whose probe log names a cause. */
void find_probe_cause(struct diagnosis *, const struct rule *, enum probe_cause, const char *title_end, const char *why);

#define CODES(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif
