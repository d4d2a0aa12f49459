/* The last change of an Application Gateway failed; it goes on with what it had, but takes no further change for granted. */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->appgws.n; i++) {
        const struct topo_appgw *g = &d->topology->appgws.items[i];
        if (!str_eq_nocase(g->provisioning_state, "Failed"))
            continue;
        struct finding *f = finding_add(d, rule, "ApplicationGateway", g->name);
        finding_title(d, f, "The last change of Application Gateway %s failed", g->name);
        finding_why(d, f, "It serves with its former configuration where it can; certificates and backends may be old.");
        finding_evidence(d, f, "Application Gateway %s provisioningState = Failed", g->name);
        finding_remedy(d, f, "Read the failed operation in the activity log and make the change again.");
    }
}

const struct rule rule_appgw_provisioning_failed = {
    .code = "appgw-provisioning-failed", .severity = SEVERITY_WARNING, .hop = HOP_APPGW,
    .title = "The last change of the Application Gateway failed", RULE_NEEDS(KIND_APPGATEWAY), .run = run,
};
