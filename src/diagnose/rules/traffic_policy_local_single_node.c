/* Policy Local with all ready gateway pods on one node: its loss, or a drain, is an outage (kubernetes.md 7.4). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->services.n; i++) {
        const struct topo_service *s = &d->topology->services.items[i];
        if (!str_eq(s->policy, "Local") || !str_eq(s->type, "LoadBalancer") || nodes_with_endpoint(s) != 1 ||
            s->nodes.n < 2)
            continue;
        struct finding *f = find_on_service(d, rule, s);
        finding_title(d, f, "Service %s has policy Local and all its ready pods on one node", s->service);
        finding_why(d, f, "Only that node is in rotation: when it is drained or lost, the load balancer has none.");
        finding_evidence(d, f, "Service %s spec.externalTrafficPolicy = Local", s->service);
        for (size_t k = 0; k < s->nodes.n; k++)
            if (s->nodes.items[k].ready_endpoints > 0)
                finding_evidence(d, f, "Node %s ready gateway pods = %d", s->nodes.items[k].name,
                                 s->nodes.items[k].ready_endpoints);
        finding_remedy(d, f, "Run at least two gateway pods and spread them over nodes and zones "
                             "(topologySpreadConstraints, HorizontalPodAutoscaler minReplicas, PodDisruptionBudget).");
    }
}

const struct rule rule_traffic_policy_local_single_node = {
    .code = "traffic-policy-local-single-node", .severity = SEVERITY_WARNING, .hop = HOP_SERVICE,
    .title = "Policy Local with every gateway pod on one node",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY, KIND_ENDPOINTSLICE, KIND_NODE), .run = run,
};
