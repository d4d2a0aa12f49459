/* The controller says that a Gateway is not programmed (kubernetes.md 4.2, 6.2). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->gateways.n; i++) {
        const struct topo_gateway *g = &d->topology->gateways.items[i];
        if (g->programmed != TRI_FALSE && g->accepted != TRI_FALSE)
            continue;
        const char *type = g->accepted == TRI_FALSE ? "Accepted" : "Programmed";
        const struct condition *c = conditions_get(&g->object->conditions, type);
        struct finding *f = find_on_gateway(d, rule, g);
        finding_title(d, f, "Gateway %s is not %s: %s", g->gateway, g->accepted == TRI_FALSE ? "accepted" : "programmed",
                      c->reason);
        finding_why(d, f, "Its controller says: %s", c->message);
        finding_evidence(d, f, "Gateway %s condition %s = False (%s)", g->gateway, type, c->reason);
        if (str_starts(c->reason, "Address"))
            finding_remedy(d, f, "Look at the Service of the gateway: it has no usable address.");
        else
            finding_remedy(d, f, "Correct what the message names in the Gateway's spec.");
    }
}

const struct rule rule_gateway_not_programmed = {
    .code = "gateway-not-programmed", .severity = SEVERITY_CRITICAL, .hop = HOP_GATEWAY,
    .title = "A Gateway is not programmed", RULE_NEEDS(KIND_GATEWAY), .run = run,
};
