/* A class in use that its controller does not accept, or that does not exist: nothing is made of its Gateways. */
#include "../diagnose_internal.h"

static bool seen_before(const struct topology *t, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(t->gateways.items[k].class_name, t->gateways.items[i].class_name))
            return true;
    return false;
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    for (size_t i = 0; i < t->gateways.n; i++) {
        const struct topo_gateway *g = &t->gateways.items[i];
        const struct gatewayclass *c =
            (const struct gatewayclass *)snapshot_find(d->snapshot, KIND_GATEWAYCLASS, "", g->class_name);
        const struct condition *accepted = c ? conditions_get(&c->conditions, "Accepted") : NULL;
        bool refused = accepted && accepted->status == TRI_FALSE &&
                       accepted->observed_generation >= c->object.generation;
        if ((c && !refused) || seen_before(t, i))
            continue;
        struct finding *f = finding_add(d, rule, "GatewayClass", g->class_name);
        finding_gateway(d, f, g->gateway);
        finding_title(d, f, "GatewayClass %s, which Gateway %s names, %s", g->class_name, g->gateway,
                      c ? "is not accepted" : "does not exist");
        finding_why(d, f, "No controller makes anything of its Gateways%s%s.", c ? ": " : "", c ? accepted->message : "");
        finding_evidence(d, f, "Gateway %s spec.gatewayClassName = %s", g->gateway, g->class_name);
        if (c)
            finding_evidence(d, f, "GatewayClass %s condition Accepted = False (%s)", g->class_name, accepted->reason);
        finding_remedy(d, f, "Name a class whose controller runs here, or correct its parameters.");
    }
}

const struct rule rule_gatewayclass_not_accepted = {
    .code = "gatewayclass-not-accepted", .severity = SEVERITY_CRITICAL, .hop = HOP_GATEWAY,
    .title = "A GatewayClass in use is not accepted or does not exist",
    RULE_NEEDS(KIND_GATEWAY, KIND_GATEWAYCLASS), .explains = CODES("gateway-not-programmed"), .run = run,
};
