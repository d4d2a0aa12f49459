/* The gateway's Service has no address: the cloud provider has not made a frontend (kubernetes.md 7.1). */
#include "../diagnose_internal.h"

#define PATIENCE_MS (3 * 60 * 1000)     /* a new frontend takes a minute or two */

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->services.n; i++) {
        const struct topo_service *s = &d->topology->services.items[i];
        if (!str_eq(s->type, "LoadBalancer") || s->addresses.n > 0)
            continue;
        struct finding *f = find_on_service(d, rule, s);
        int64_t age = d->snapshot->wall_ms - s->object->object.created_ms;
        if (s->object->object.created_ms > 0 && age < PATIENCE_MS)
            f->severity = SEVERITY_INFO;
        finding_title(d, f, "Service %s has no load balancer address yet", s->service);
        finding_why(d, f, "Without an address nothing outside the cluster reaches the gateway, and the Gateway is not "
                          "programmed.");
        finding_evidence(d, f, "Service %s status.loadBalancer.ingress = []", s->service);
        for (size_t k = 0; k < s->object->conditions.n; k++)
            finding_evidence(d, f, "Service %s condition %s = %s", s->service, s->object->conditions.items[k].type,
                             s->object->conditions.items[k].message);
        finding_remedy(d, f, "Look at the Service's events (SyncLoadBalancerFailed): quota, subnet named by "
                             "annotation, permissions of the cluster's identity on the subnet.");
    }
}

const struct rule rule_lb_address_pending = {
    .code = "lb-address-pending", .severity = SEVERITY_CRITICAL, .hop = HOP_LB,
    .title = "A gateway's Service has no load balancer address",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY),
    .explains = CODES("gateway-not-programmed", "backend-address-unmatched"), .run = run,
};
