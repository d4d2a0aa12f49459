/* Application Gateway's probe log names this cause (azure.md 3). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_cause(d, rule, CAUSE_TLS_EXPIRED, "its certificate has expired or is not valid yet",
                     "The certificate of the gateway's listener is outside its dates.");
}

const struct rule rule_backend_cert_expired = {
    .code = "backend-cert-expired", .severity = SEVERITY_CRITICAL, .hop = HOP_APPGW,
    .title = "A backend's certificate has expired",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_BACKENDHEALTH), .run = run,
};
