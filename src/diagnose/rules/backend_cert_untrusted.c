/* Application Gateway's probe log names this cause (azure.md 3). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_cause(d, rule, CAUSE_TLS_UNTRUSTED, "its certificate is not trusted",
                     "The root of the listener's certificate is not among the trusted roots of the backend settings.");
}

const struct rule rule_backend_cert_untrusted = {
    .code = "backend-cert-untrusted", .severity = SEVERITY_CRITICAL, .hop = HOP_APPGW,
    .title = "A backend's certificate is not trusted",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_BACKENDHEALTH), .run = run,
};
