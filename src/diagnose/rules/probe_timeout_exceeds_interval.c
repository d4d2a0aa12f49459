/* A probe whose timeout is longer than its interval asks again before it gives up (poc/README.md). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->topology->appgws.n; i++) {
        const struct appgateway *g = d->topology->appgws.items[i].object;
        struct finding *f = NULL;
        for (size_t k = 0; k < g->probes.n; k++) {
            const struct appgw_probe *p = &g->probes.items[k];
            if (p->timeout_s <= 0 || p->interval_s <= 0 || p->timeout_s <= p->interval_s)
                continue;
            if (!f) {
                f = finding_add(d, rule, "ApplicationGateway", g->object.name);
                finding_title(d, f, "Probe %s of Application Gateway %s waits longer than its interval", p->name,
                              g->object.name);
                finding_why(d, f, "With a timeout of %d s and an interval of %d s a silent backend is found late.",
                            p->timeout_s, p->interval_s);
                finding_remedy(d, f, "Set the timeout to at most the interval.");
            }
            finding_evidence(d, f, "Application Gateway %s probe %s timeout = %d, interval = %d", g->object.name,
                             p->name, p->timeout_s, p->interval_s);
        }
    }
}

const struct rule rule_probe_timeout_exceeds_interval = {
    .code = "probe-timeout-exceeds-interval", .severity = SEVERITY_WARNING, .hop = HOP_APPGW,
    .title = "A probe's timeout is longer than its interval", RULE_NEEDS(KIND_APPGATEWAY), .run = run,
};
