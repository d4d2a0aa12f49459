/* A pool that a rule sends to and that holds nothing: 502 for every request of that rule. */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->appgws.n; i++) {
        const struct appgateway *g = d->topology->appgws.items[i].object;
        for (size_t k = 0; k < g->pools.n; k++) {
            const struct appgw_pool *p = &g->pools.items[k];
            if (!p->used || p->addresses.n > 0 || p->nic_targets > 0)
                continue;
            struct finding *f = finding_add(d, rule, "ApplicationGateway", g->object.name);
            finding_title(d, f, "Backend pool %s of Application Gateway %s is empty", p->name, g->object.name);
            finding_why(d, f, "A rule sends requests to this pool; with nothing in it they are answered 502.");
            finding_evidence(d, f, "Application Gateway %s pool %s backendAddresses = []", g->object.name, p->name);
            finding_remedy(d, f, "Put the address of the gateway's Service into the pool, or take the rule away.");
        }
    }
}

const struct rule rule_backend_pool_empty = {
    .code = "backend-pool-empty", .severity = SEVERITY_CRITICAL, .hop = HOP_APPGW,
    .title = "A backend pool in use is empty", RULE_NEEDS(KIND_APPGATEWAY), .run = run,
};
