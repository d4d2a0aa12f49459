/* The controller's own word on a route, per parent (kubernetes.md 4.2). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->n_routes; i++) {
        const struct topo_route *r = &d->topology->routes[i];
        struct finding *f = NULL;
        for (size_t k = 0; k < r->parents.n; k++) {
            const struct topo_route_parent *p = &r->parents.items[k];
            if (p->accepted != TRI_FALSE)
                continue;
            if (!f) {
                f = find_on_route(d, rule, r);
                finding_gateway(d, f, p->gateway);
                finding_title(d, f, "%s %s is not accepted by gateway %s: %s", r->kind, r->route, p->gateway,
                              str_or(p->reason, "no reason"));
                finding_why(d, f, "The controller says: %s. Its requests are not served there: the gateway answers them 404.", str_or(p->message, "nothing more"));
                finding_remedy(d, f, "Compare the parentRef, the route's hostnames and namespace with the listener's "
                                     "allowedRoutes and hostname.");
            }
            finding_evidence(d, f, "%s %s parent %s condition Accepted = False (%s)", r->kind, r->route, p->gateway,
                             str_or(p->reason, "no reason"));
        }
    }
}

const struct rule rule_route_not_accepted = {
    .code = "route-not-accepted", .severity = SEVERITY_WARNING, .hop = HOP_ROUTE,
    .title = "A route is not accepted by its gateway", RULE_NEEDS(KIND_HTTPROUTE, KIND_GATEWAY), .run = run,
};
