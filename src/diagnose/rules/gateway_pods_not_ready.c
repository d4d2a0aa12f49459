/* The gateway's own pods. None ready is an outage, some is a warning. */
#include "../diagnose_internal.h"

static void evidence(struct diagnosis *d, struct finding *f, const struct topo_gateway *g)
{
    size_t first, n = snapshot_namespace(d->snapshot, KIND_POD, g->object->object.namespace, &first);
    for (size_t i = 0; i < n && f->evidence.n < 6; i++) {
        const struct pod *p = (const struct pod *)d->snapshot->objects[KIND_POD].items[first + i];
        if (p->ready == TRI_FALSE && !p->metadata_only &&
            str_eq(pairs_get(&p->object.labels, "gateway.networking.k8s.io/gateway-name"), g->object->object.name))
            finding_evidence(d, f, "Pod %s/%s ready = no (%s, %d restarts)", p->object.namespace, p->object.name,
                             str_or(p->waiting_reason, p->phase), p->restarts);
    }
    finding_evidence(d, f, "Gateway %s ready pods = %d of %d", g->gateway, g->pods_ready, g->pods_total);
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->gateways.n; i++) {
        const struct topo_gateway *g = &d->topology->gateways.items[i];
        if (g->pods_ready < 0 || (g->pods_ready == g->pods_total && g->pods_ready > 0) || !g->service)
            continue;
        struct finding *f = find_on_gateway(d, rule, g);
        if (g->pods_ready > 0)
            f->severity = SEVERITY_WARNING;
        finding_title(d, f, "%d of %d pods of gateway %s are ready", g->pods_ready, g->pods_total, g->gateway);
        finding_why(d, f, g->pods_ready ? "The gateway serves with fewer pods than it should."
                                        : "Nothing answers for the gateway: the load balancer takes every node out.");
        evidence(d, f, g);
        finding_remedy(d, f, "Look at the gateway's Deployment and pods: image, resources, quota, istiod reachable.");
    }
}

const struct rule rule_gateway_pods_not_ready = {
    .code = "gateway-pods-not-ready", .severity = SEVERITY_CRITICAL, .hop = HOP_GATEWAY,
    .title = "Pods of a gateway are not ready", RULE_NEEDS(KIND_GATEWAY, KIND_SERVICE, KIND_ENDPOINTSLICE),
    .explains = CODES("lb-no-healthy-node", "traffic-policy-local-no-endpoint", "gateway-not-programmed",
                      "backend-connect-refused"), .run = run,
};
