/* Policy Local set by hand on a Service that Istio renders: it is lost when the Service is made anew (kubernetes.md 6.4). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->services.n; i++) {
        const struct topo_service *s = &d->topology->services.items[i];
        bool rendered = s->owner == OWNER_ISTIO || s->owner == OWNER_AKS_ADDON;
        if (!str_eq(s->policy, "Local") || !rendered || !s->managed_by || str_eq(s->managed_by, s->overlay) ||
            str_eq(s->managed_by, "istio.io/gateway-controller"))
            continue;
        struct finding *f = find_on_service(d, rule, s);
        finding_title(d, f, "Policy Local of Service %s will not survive a new Service", s->service);
        finding_why(d, f, "Istio renders this Service without externalTrafficPolicy and keeps the value while the "
                          "Service lives; deleting or renaming the Gateway makes a new one with Cluster.");
        finding_evidence(d, f, "Service %s managedFields spec.externalTrafficPolicy = %s", s->service, s->managed_by);
        finding_remedy(d, f, "Set it in a ConfigMap named by the Gateway's spec.infrastructure.parametersRef, key "
                             "service (Istio 1.26 and later).");
    }
}

const struct rule rule_traffic_policy_not_durable = {
    .code = "traffic-policy-not-durable", .severity = SEVERITY_INFO, .hop = HOP_SERVICE,
    .title = "A traffic policy set by hand on a Service that a controller renders",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY), .run = run,
};
