/* Application Gateway's probe log names this cause (azure.md 3). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_cause(d, rule, CAUSE_TLS_CHAIN, "its certificate chain is incomplete or out of order",
                     "The listener's TLS secret does not hold the whole chain, leaf first.");
}

const struct rule rule_backend_cert_chain = {
    .code = "backend-cert-chain", .severity = SEVERITY_CRITICAL, .hop = HOP_APPGW,
    .title = "A backend's certificate chain is incomplete",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_BACKENDHEALTH), .run = run,
};
