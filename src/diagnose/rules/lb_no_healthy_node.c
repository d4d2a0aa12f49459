/* The load balancer has no node in rotation for the ports in use: every new connection is dropped (azure.md 4.4). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    for (size_t i = 0; i < t->services.n; i++) {
        const struct topo_service *s = &t->services.items[i];
        if (!behind_azure(t, s) || s->lb_light != LIGHT_DOWN || s->addresses.n == 0)
            continue;
        struct finding *f = find_on_service(d, rule, s);
        if (t->appgws.n > 0 && !service_is_used(t, s))
            f->severity = SEVERITY_WARNING;
        bool reported = false;
        finding_title(d, f, "The load balancer has no node in rotation for Service %s", s->service);
        finding_why(d, f, "None of the %zu nodes passes the load balancer's probe, so new connections to %s are "
                          "dropped and Application Gateway's probe times out.", s->nodes.n, s->addresses.items[0]);
        for (size_t k = 0; k < s->nodes.n && k < 6; k++)
            finding_evidence(d, f, "Node %s in rotation = no (%s)", s->nodes.items[k].name,
                             str_or(s->nodes.items[k].reason, "unknown"));
        for (size_t k = 0; k < s->ports.n; k++)
            reported |= s->ports.items[k].probe.reported != NULL;
        f->confidence = reported ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
        finding_remedy(d, f, "Look at what the load balancer's probe asks and hears, per port (view Services), and at "
                             "network security groups that keep AzureLoadBalancer from the node ports.");
    }
}

const struct rule rule_lb_no_healthy_node = {
    .code = "lb-no-healthy-node", .severity = SEVERITY_CRITICAL, .hop = HOP_LB,
    .title = "The load balancer has no node in rotation",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY), .run = run,
};
