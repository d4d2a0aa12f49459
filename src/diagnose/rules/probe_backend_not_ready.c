/* The route that serves Application Gateway's probe leads nowhere (kubernetes.md 5.5). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_backend(d, rule, BACKEND_NOT_READY, "has no ready endpoint",
                       "Look at the pods behind the Service: readiness probe, crashes, scale.");
}

const struct rule rule_probe_backend_not_ready = {
    .code = "probe-backend-not-ready", .severity = SEVERITY_CRITICAL, .hop = HOP_PODS,
    .title = "The route of the health probe sends to a Service without a ready endpoint",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_SERVICE, KIND_GATEWAY, KIND_HTTPROUTE, KIND_ENDPOINTSLICE),
    .explains = CODES("route-backend-not-ready", "route-ref-unresolved"), .run = run,
};
