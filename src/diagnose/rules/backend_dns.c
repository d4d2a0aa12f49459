/* Application Gateway's probe log names this cause (azure.md 3). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_cause(d, rule, CAUSE_DNS, "its name does not resolve",
                     "Application Gateway cannot resolve the pool's name.");
}

const struct rule rule_backend_dns = {
    .code = "backend-dns", .severity = SEVERITY_CRITICAL, .hop = HOP_APPGW,
    .title = "A backend's name does not resolve",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_BACKENDHEALTH), .run = run,
};
