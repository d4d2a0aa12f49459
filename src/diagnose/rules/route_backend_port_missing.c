/* A route sends to a Service port that does not exist; Istio leaves ResolvedRefs at True for it (kubernetes.md 5.5). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_route_backend(d, rule, BACKEND_PORT_MISSING, "is not a port of it",
                       "A backendRef names the port of the Service, not the port of its pods: write the number under "
                       "spec.ports[].port.");
}

const struct rule rule_route_backend_port_missing = {
    .code = "route-backend-port-missing", .severity = SEVERITY_WARNING, .hop = HOP_PODS,
    .title = "A route sends to a port that the Service does not have",
    RULE_NEEDS(KIND_SERVICE, KIND_HTTPROUTE),
    .explains = CODES("route-ref-unresolved"), .run = run,
};
