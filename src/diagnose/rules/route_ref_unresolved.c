/* The controller's own word on a route, per parent (kubernetes.md 4.2). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->n_routes; i++) {
        const struct topo_route *r = &d->topology->routes[i];
        struct finding *f = NULL;
        for (size_t k = 0; k < r->parents.n; k++) {
            const struct topo_route_parent *p = &r->parents.items[k];
            if (p->resolved != TRI_FALSE)
                continue;
            if (!f) {
                f = find_on_route(d, rule, r);
                finding_gateway(d, f, p->gateway);
                finding_title(d, f, "%s %s has an unresolved reference on gateway %s: %s",
                              r->kind, r->route, p->gateway,
                              str_or(p->reason, "no reason"));
                finding_why(d, f, "The controller says: %s. Requests for the unresolved backend are answered 500; for "
                                  "some reasons Istio leaves the whole route out.", str_or(p->message, "nothing more"));
                finding_remedy(d, f, "Correct the backendRef, or add the ReferenceGrant in the backend's namespace, "
                                     "as the message says.");
            }
            finding_evidence(d, f, "%s %s parent %s condition ResolvedRefs = False (%s)", r->kind, r->route, p->gateway,
                             str_or(p->reason, "no reason"));
        }
    }
}

const struct rule rule_route_ref_unresolved = {
    .code = "route-ref-unresolved", .severity = SEVERITY_WARNING, .hop = HOP_ROUTE,
    .title = "A route names something that cannot be resolved", RULE_NEEDS(KIND_HTTPROUTE, KIND_GATEWAY), .run = run,
};
