/* Application Gateway's probe log names this cause (azure.md 3). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_cause(d, rule, CAUSE_TLS_CN, "its certificate is for another name",
                     "The certificate of the gateway's listener does not hold the name that the probe asks for; a "
                     "host that is an IP address sends no server name.");
}

const struct rule rule_backend_cert_name = {
    .code = "backend-cert-name", .severity = SEVERITY_CRITICAL, .hop = HOP_APPGW,
    .title = "A backend's certificate is for another name",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_BACKENDHEALTH), .run = run,
};
