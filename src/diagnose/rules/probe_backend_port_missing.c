/* The route that serves Application Gateway's probe leads nowhere (kubernetes.md 5.5). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_backend(d, rule, BACKEND_PORT_MISSING, "is not a port of it",
                       "A backendRef names the port of the Service, not the port of its pods: write the number under "
                       "spec.ports[].port.");
}

const struct rule rule_probe_backend_port_missing = {
    .code = "probe-backend-port-missing", .severity = SEVERITY_CRITICAL, .hop = HOP_PODS,
    .title = "The route of the health probe sends to a port that the Service does not have",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_SERVICE, KIND_GATEWAY, KIND_HTTPROUTE),
    .explains = CODES("route-backend-port-missing", "route-ref-unresolved"), .run = run,
};
