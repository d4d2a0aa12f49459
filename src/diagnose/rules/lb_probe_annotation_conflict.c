/* A port_N_health-probe_port annotation beats policy Local: the load balancer goes on asking the gateway, or a port of its
 * own, and Local's purpose is lost. The AKS add-ons set such annotations themselves (azure.md 4.3, kubernetes.md 0.3). */
#include "../diagnose_internal.h"

#include <string.h>

#define PREFIX "service.beta.kubernetes.io/port_"
#define SUFFIX "_health-probe_port"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->services.n; i++) {
        const struct topo_service *s = &d->topology->services.items[i];
        const struct pairs *notes = &s->object->object.annotations;
        struct finding *f = NULL;
        for (size_t k = 0; str_eq(s->policy, "Local") && behind_azure(d->topology, s) && k < notes->n; k++) {
            const char *key = notes->items[k].key;
            if (!str_starts(key, PREFIX) || !str_ends(key, SUFFIX) || !*notes->items[k].value)
                continue;
            if (!f) {
                f = find_on_service(d, rule, s);
                finding_title(d, f, "Service %s has policy Local and a probe annotation that defeats it", s->service);
                finding_why(d, f, "With the annotation the load balancer does not ask which nodes have a ready "
                                  "gateway pod, so nodes without one may stay in rotation and drop what they get.");
                finding_evidence(d, f, "Service %s spec.externalTrafficPolicy = Local", s->service);
                finding_remedy(d, f, "Remove the port_N_health-probe_* annotations together with the change to Local; "
                                     "on gateways of an AKS add-on write them as empty values into the overlay "
                                     "ConfigMap.");
            }
            finding_evidence(d, f, "Service %s annotation %s = %s", s->service, key, notes->items[k].value);
        }
    }
}

const struct rule rule_lb_probe_annotation_conflict = {
    .code = "lb-probe-annotation-conflict", .severity = SEVERITY_WARNING, .hop = HOP_LB,
    .title = "A probe annotation defeats policy Local",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY), .run = run,
};
