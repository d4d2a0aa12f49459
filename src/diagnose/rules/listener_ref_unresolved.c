/* The controller's word on one listener (kubernetes.md 4.2). */
#include "../diagnose_internal.h"

static void check(struct diagnosis *d, const struct rule *rule, const struct topo_gateway *g, struct finding **f,
                  const struct topo_listener *l)
{
    const struct condition *c = conditions_get(&l->conditions, "ResolvedRefs");
    if (!c || c->status != TRI_FALSE || c->observed_generation < g->object->object.generation)
        return;
    if (!*f) {
        *f = find_on_gateway(d, rule, g);
        finding_title(d, *f, "Listener %s of Gateway %s names something that cannot be resolved: %s",
                      l->name, g->gateway, c->reason);
        finding_why(d, *f, "The controller says: %s. Without its certificate the listener is not served: TLS "
                           "handshakes on its port are closed.", c->message);
        finding_remedy(d, *f, "Create the Secret that certificateRefs names, or permit it with a ReferenceGrant.");
    }
    finding_evidence(d, *f, "Gateway %s listener %s condition ResolvedRefs = False (%s)",
                     g->gateway, l->name, c->reason);
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->gateways.n; i++) {
        struct finding *f = NULL;
        const struct topo_gateway *g = &d->topology->gateways.items[i];
        for (size_t k = 0; k < g->listeners.n; k++)
            check(d, rule, g, &f, &g->listeners.items[k]);
    }
}

const struct rule rule_listener_ref_unresolved = {
    .code = "listener-ref-unresolved", .severity = SEVERITY_WARNING, .hop = HOP_GATEWAY,
    .title = "A listener names a certificate or kind that cannot be resolved", RULE_NEEDS(KIND_GATEWAY), .run = run,
};
