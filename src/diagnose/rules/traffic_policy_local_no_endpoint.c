/* Policy Local and no ready gateway pod on any node: the load balancer takes every node out (kubernetes.md 7.4). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->services.n; i++) {
        const struct topo_service *s = &d->topology->services.items[i];
        if (!str_eq(s->policy, "Local") || !str_eq(s->type, "LoadBalancer") || ready_endpoints(s) != 0)
            continue;
        struct finding *f = find_on_service(d, rule, s);
        finding_title(d, f, "Service %s has policy Local and no node with a ready gateway pod", s->service);
        finding_why(d, f, "Under Local only nodes with a ready pod stay in rotation; there is none, so nothing "
                          "reaches the gateway.");
        finding_evidence(d, f, "Service %s spec.externalTrafficPolicy = Local", s->service);
        finding_evidence(d, f, "EndpointSlices of %s ready endpoints = 0", s->service);
        finding_remedy(d, f, "Bring the gateway's pods up: look at its Deployment, its pods and their readiness.");
    }
}

const struct rule rule_traffic_policy_local_no_endpoint = {
    .code = "traffic-policy-local-no-endpoint", .severity = SEVERITY_CRITICAL, .hop = HOP_SERVICE,
    .title = "Policy Local and no node with a ready gateway pod",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY, KIND_ENDPOINTSLICE, KIND_NODE),
    .explains = CODES("lb-no-healthy-node"), .run = run,
};
