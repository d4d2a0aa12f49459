/* A route that never gets a request, for others are asked first and take everything (kubernetes.md 5.3). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->n_routes; i++) {
        const struct topo_route *r = &d->topology->routes[i];
        if (r->shadowed_by.n == 0)
            continue;
        struct finding *f = find_on_route(d, rule, r);
        finding_title(d, f, "%s %s never gets a request: %s is asked first",
                      r->kind, r->route, r->shadowed_by.items[0]);
        finding_why(d, f, "Every match of the route is taken by others of the same host: the older route wins, then "
                          "the one that comes first by namespace and name.");
        for (size_t k = 0; k < r->paths.n && k < 6; k++)
            finding_evidence(d, f, "%s %s host %s path = %s", r->kind, r->route,
                             r->hostnames.n ? r->hostnames.items[0] : "(any)", r->paths.items[k]);
        finding_evidence(d, f, "%s %s shadowed by = %s", r->kind, r->route, r->shadowed_by.items[0]);
        finding_remedy(d, f, "Give one of the two another host or path, or take one away.");
    }
}

const struct rule rule_route_shadowed = {
    .code = "route-shadowed", .severity = SEVERITY_WARNING, .hop = HOP_ROUTE,
    .title = "A route never gets a request", RULE_NEEDS(KIND_HTTPROUTE, KIND_GATEWAY), .run = run,
};
