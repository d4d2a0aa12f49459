/* The route that serves Application Gateway's probe leads nowhere (kubernetes.md 5.5). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_backend(d, rule, BACKEND_MISSING, "does not exist",
                       "Create the Service, or let the route name one that exists.");
}

const struct rule rule_probe_backend_missing = {
    .code = "probe-backend-missing", .severity = SEVERITY_CRITICAL, .hop = HOP_PODS,
    .title = "The route of the health probe sends to a Service that does not exist",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_SERVICE, KIND_GATEWAY, KIND_HTTPROUTE),
    .explains = CODES("route-backend-missing", "route-ref-unresolved"), .run = run,
};
