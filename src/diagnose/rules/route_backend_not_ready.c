/* A route sends to a Service without a ready endpoint (kubernetes.md 5.5). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_route_backend(d, rule, BACKEND_NOT_READY, "has no ready endpoint",
                       "Look at the pods behind the Service: readiness probe, crashes, scale.");
}

const struct rule rule_route_backend_not_ready = {
    .code = "route-backend-not-ready", .severity = SEVERITY_WARNING, .hop = HOP_PODS,
    .title = "A route sends to a Service without a ready endpoint",
    RULE_NEEDS(KIND_SERVICE, KIND_HTTPROUTE, KIND_ENDPOINTSLICE),
    .explains = CODES("route-ref-unresolved"), .run = run,
};
