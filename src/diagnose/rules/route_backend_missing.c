/* A route sends to a Service that does not exist (kubernetes.md 5.5). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_route_backend(d, rule, BACKEND_MISSING, "does not exist",
                       "Create the Service, or let the route name one that exists.");
}

const struct rule rule_route_backend_missing = {
    .code = "route-backend-missing", .severity = SEVERITY_WARNING, .hop = HOP_PODS,
    .title = "A route sends to a Service that does not exist",
    RULE_NEEDS(KIND_SERVICE, KIND_HTTPROUTE),
    .explains = CODES("route-ref-unresolved"), .run = run,
};
