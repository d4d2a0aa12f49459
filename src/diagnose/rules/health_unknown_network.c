/* Application Gateway's probe log names this cause (azure.md 3). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_cause(d, rule, CAUSE_UNKNOWN_RETRIEVE, "its health cannot be read",
                     "The control plane cannot ask the gateway's instances; traffic may flow all the same.");
}

const struct rule rule_health_unknown_network = {
    .code = "health-unknown-network", .severity = SEVERITY_WARNING, .hop = HOP_APPGW,
    .title = "Backend health cannot be read from the gateway's instances",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_BACKENDHEALTH), .run = run,
};
