/* A route sends to a Service of another namespace that does not permit it (kubernetes.md 4.1). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_route_backend(d, rule, BACKEND_NOT_PERMITTED, "does not permit it by a ReferenceGrant",
                       "Add a ReferenceGrant in the Service's namespace: from this kind and namespace, to kind "
                       "Service. A route needs none for its parentRef, nor for Services of its own namespace.");
}

const struct rule rule_reference_grant_missing = {
    .code = "reference-grant-missing", .severity = SEVERITY_WARNING, .hop = HOP_PODS,
    .title = "A route may not send to a Service of another namespace",
    RULE_NEEDS(KIND_SERVICE, KIND_HTTPROUTE, KIND_REFERENCEGRANT), .explains = CODES("route-ref-unresolved"), .run = run,
};
