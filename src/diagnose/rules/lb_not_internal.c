/* A gateway that Application Gateway reaches by a private address, beside a public load balancer address of its own: a
 * way around the firewall in front. */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    for (size_t i = 0; i < t->services.n; i++) {
        const struct topo_service *s = &t->services.items[i];
        if (!str_eq(s->type, "LoadBalancer") || s->internal == TRI_TRUE || !service_is_used(t, s))
            continue;
        struct finding *f = find_on_service(d, rule, s);
        finding_title(d, f, "Service %s has a public load balancer behind Application Gateway", s->service);
        finding_why(d, f, "Whoever knows the address reaches the gateway without passing Application Gateway and its "
                          "firewall.");
        finding_evidence(d, f, "Service %s annotation service.beta.kubernetes.io/azure-load-balancer-internal = absent",
                         s->service);
        finding_evidence(d, f, "Service %s address = %s", s->service, s->addresses.n ? s->addresses.items[0] : "none");
        finding_remedy(d, f, "Set the annotation azure-load-balancer-internal to true through the Gateway's "
                             "spec.infrastructure.annotations; the address changes, so the backend pool must follow.");
    }
}

const struct rule rule_lb_not_internal = {
    .code = "lb-not-internal", .severity = SEVERITY_WARNING, .hop = HOP_LB,
    .title = "A public load balancer behind Application Gateway",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY, KIND_APPGATEWAY), .run = run,
};
