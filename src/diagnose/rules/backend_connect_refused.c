/* Application Gateway's probe log names this cause (azure.md 3). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    find_probe_cause(d, rule, CAUSE_TCP_CONNECT, "it takes no connection",
                     "The probe's connection is refused or dropped: no load balancer rule for the port, a network "
                     "security group, or no listener.");
}

const struct rule rule_backend_connect_refused = {
    .code = "backend-connect-refused", .severity = SEVERITY_CRITICAL, .hop = HOP_APPGW,
    .title = "A backend takes no connection",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_BACKENDHEALTH), .run = run,
};
