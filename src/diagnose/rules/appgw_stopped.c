/* A stopped Application Gateway serves nothing and cannot tell its backend health (azure.md 2.5). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->appgws.n; i++) {
        const struct topo_appgw *g = &d->topology->appgws.items[i];
        if (!str_eq_nocase(g->operational_state, "Stopped") && !str_eq_nocase(g->operational_state, "Stopping"))
            continue;
        struct finding *f = finding_add(d, rule, "ApplicationGateway", g->name);
        finding_title(d, f, "Application Gateway %s is %s", g->name, g->operational_state);
        finding_why(d, f, "It takes no connections and probes nothing.");
        finding_evidence(d, f, "Application Gateway %s operationalState = %s", g->name, g->operational_state);
        finding_remedy(d, f, "Start it: az network application-gateway start --ids %s", g->id);
    }
}

const struct rule rule_appgw_stopped = {
    .code = "appgw-stopped", .severity = SEVERITY_CRITICAL, .hop = HOP_APPGW,
    .title = "The Application Gateway is stopped", RULE_NEEDS(KIND_APPGATEWAY), .run = run,
};
