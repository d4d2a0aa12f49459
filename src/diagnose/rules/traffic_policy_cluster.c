/* externalTrafficPolicy Cluster where it does harm: it lets the load balancer probe the gateway over HTTP. Where its probes
 * pass, Cluster is a choice like any other and no finding (azure.md 4.5). */
#include "../diagnose_internal.h"

static const struct topo_service_port *harmed_port(struct diagnosis *d, const struct topo_service *s)
{
    for (size_t i = 0; i < s->ports.n; i++) {
        const struct topo_service_port *p = &s->ports.items[i];
        if (!str_eq(p->probe.protocol, "Tcp") && port_fails(d->topology, s, p) == TRI_TRUE &&
            (topology_port_used(d->topology, s, p->port) || !service_is_used(d->topology, s)) &&
            topology_predict_policy(d->topology, d->settings, s, p->port, "Local", NULL) == PREDICT_OK)
            return p;
    }
    return NULL;
}

/* Timeouts although the load balancer is content: what is left is the way back (the article's account of direct server
 * return), or the network. Our model cannot tell, so nothing is offered. */
static const struct topo_backend *silent_backend(const struct topology *t, const struct topo_service *s)
{
    for (size_t i = 0; i < t->backends.n; i++) {
        const struct topo_backend *row = &t->backends.items[i];
        if (!str_eq(row->service, s->service) || row->health != HEALTH_DOWN || row->cause != CAUSE_TIMEOUT ||
            row->probe_index < 0)
            continue;
        for (size_t k = 0; k < s->ports.n; k++)
            if (s->ports.items[k].port == t->probes.items[row->probe_index].port &&
                port_fails(t, s, &s->ports.items[k]) == TRI_FALSE && ready_endpoints(s) > 0)
                return row;
    }
    return NULL;
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    for (size_t i = 0; i < t->services.n; i++) {
        const struct topo_service *s = &t->services.items[i];
        if (!behind_azure(t, s) || str_eq(s->policy, "Local"))
            continue;
        const struct topo_service_port *p = harmed_port(d, s);
        const struct topo_backend *row = p ? NULL : silent_backend(t, s);
        if (!p && !row)
            continue;
        struct finding *f = find_on_service(d, rule, s);
        finding_evidence(d, f, "Service %s spec.externalTrafficPolicy = %s", s->service, str_or(s->policy, "Cluster"));
        finding_title(d, f, "Service %s has externalTrafficPolicy Cluster", s->service);
        if (p) {
            f->fix = "traffic-policy";
            finding_why(d, f, "Under Cluster the load balancer probes the gateway itself, GET %s on node port %d, and "
                              "depends on its routes; under Local it asks kube-proxy instead.",
                        str_or(p->probe.path, "/"), p->probe.port);
            finding_remedy(d, f, "Set spec.externalTrafficPolicy to Local (fix traffic-policy).");
            continue;
        }
        f->severity = SEVERITY_CRITICAL;
        f->confidence = CONFIDENCE_POSSIBLE;
        finding_why(d, f, "Application Gateway times out although the load balancer's probe passes. Under Cluster a "
                          "node may hand the connection to a pod elsewhere and rewrite its source; or the network "
                          "drops it.");
        finding_evidence(d, f, "Application Gateway %s backend %s healthProbeLog = %s",
                         row->appgw, row->address, row->log);
        finding_remedy(d, f, "Ask the gateway's address from Application Gateway's subnet first; look at network "
                             "security groups and routes there. Whether Local helps here cannot be predicted.");
    }
}

const struct rule rule_traffic_policy_cluster = {
    .code = "traffic-policy-cluster", .severity = SEVERITY_WARNING, .hop = HOP_SERVICE,
    .title = "externalTrafficPolicy Cluster stands in the way of the load balancer's probe",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY), .run = run,
};
