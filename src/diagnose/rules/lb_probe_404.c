/* The load balancer's own probe asks the gateway over HTTP and hears something else than 200: appProtocol http or https
 * under policy Cluster makes it ask GET / on the nodePort (azure.md 4.3). No node stays in rotation, so Application
 * Gateway reads a timeout, not a 404. */
#include "../diagnose_internal.h"

#include <string.h>

/* Answered by the gateway over HTTP, and refused: as reported, else as predicted. */
static bool hears_wrong(const struct topology *t, const struct topo_service *s, const struct topo_service_port *p)
{
    bool http = str_eq(p->probe.protocol, "Http") || str_eq(p->probe.protocol, "Https");
    bool kube_proxy = str_eq(s->policy, "Local") && p->probe.port == s->health_check_node_port;
    if (!http || kube_proxy || port_fails(t, s, p) != TRI_TRUE)
        return false;
    if (p->probe.reported)
        return strstr(p->probe.reported, "HttpStatusCodeError") != NULL;
    return p->probe.predicted_status > 0;
}

static bool local_helps(struct diagnosis *d, const struct topo_service *s)
{
    if (str_eq(s->policy, "Local"))
        return false;
    for (size_t i = 0; i < s->ports.n; i++)
        if (hears_wrong(d->topology, s, &s->ports.items[i]) &&
            topology_predict_policy(d->topology, d->settings, s, s->ports.items[i].port, "Local", NULL) != PREDICT_OK)
            return false;
    return true;
}

static void describe(struct diagnosis *d, struct finding *f, const struct topo_service *s,
                     const struct topo_service_port *p, bool used)
{
    int status = p->probe.predicted_status;
    TEXT_AUTO heard = { 0 };
    if (status > 0)
        text_printf(&heard, "%d", status);
    else
        text_puts(&heard, "a status other than 200");
    finding_title(d, f, "The load balancer's probe gets %s from Service %s port %d",
                  text_str(&heard), s->service, p->port);
    finding_why(d, f, "With policy %s and appProtocol %s the load balancer sends each node GET %s on nodePort %d (%s) "
                      "and keeps it only for a 200; the gateway answers %s. %s", str_or(s->policy, "Cluster"),
                str_or(p->app_protocol, "(none)"), str_or(p->probe.path, "/"), p->probe.port, p->probe.protocol,
                text_str(&heard), used ? "With no node in rotation Application Gateway's probe times out."
                                       : "New connections to this port are dropped.");
    if (str_eq(s->policy, "Local") && p->arm_differs == TRI_TRUE &&
        topology_predict_policy(d->topology, d->settings, s, p->port, "Local", NULL) == PREDICT_OK) {
        finding_remedy(d, f, "The Service asks for Local already, but Azure still has the former probe: it follows "
                             "within a minute or two; if not, look at the Service's events.");
    } else if (local_helps(d, s)) {
        f->fix = "traffic-policy";
        bool rendered = s->owner == OWNER_AKS_ADDON || s->owner == OWNER_OVERLAY;
        finding_remedy(d, f, "Set spec.externalTrafficPolicy to Local%s (fix traffic-policy): the load balancer then "
                             "asks kube-proxy whether the node has a ready gateway pod. Or set the annotation "
                             "service.beta.kubernetes.io/port_%d_health-probe_protocol to tcp.",
                       rendered ? " in the ConfigMap that renders this Service" : "", p->port);
    } else {
        finding_remedy(d, f, "Let the probe of this port ask what answers 200: annotations "
                             "service.beta.kubernetes.io/port_%d_health-probe_port, _protocol and _request-path, for "
                             "instance 15021, http and /healthz/ready.", p->port);
    }
}

static void evidence(struct diagnosis *d, struct finding *f, const struct topo_service *s,
                     const struct topo_service_port *p)
{
    finding_evidence(d, f, "Service %s port %d appProtocol = %s", s->service, p->port, str_or(p->app_protocol, "(none)"));
    finding_evidence(d, f, "load balancer probe of port %d = %s :%d%s, predicted %s", p->port, p->probe.protocol,
                     p->probe.port, str_or(p->probe.path, ""), predicted_name(p->probe.predicted));
    char key[80];
    str_format(key, sizeof key, "service.beta.kubernetes.io/port_%d_health-probe_", p->port);
    const struct pairs *notes = &s->object->object.annotations;
    for (size_t i = 0; i < notes->n; i++)
        if (str_starts(notes->items[i].key, key))
            finding_evidence(d, f, "Service %s annotation %s = %s", s->service, notes->items[i].key,
                             notes->items[i].value);
    if (p->probe.reported)
        finding_evidence(d, f, "load balancer %s rule health of port %d = %s", str_or(s->lb, ""), p->port,
                         p->probe.reported);
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    bool appgw_known = snapshot_knows(d->snapshot, KIND_APPGATEWAY) && t->appgws.n > 0;
    for (size_t i = 0; i < t->services.n; i++) {
        const struct topo_service *s = &t->services.items[i];
        const struct topo_service_port *worst = NULL;
        bool worst_used = false, reported = false;
        for (size_t k = 0; behind_azure(t, s) && k < s->ports.n; k++) {
            const struct topo_service_port *p = &s->ports.items[k];
            bool used = topology_port_used(t, s, p->port);
            if (!hears_wrong(t, s, p))
                continue;
            if (!worst || (used && !worst_used))
                worst = p;
            worst_used |= used;
            reported |= used && p->probe.reported;
        }
        if (!worst)
            continue;
        struct finding *f = find_on_service(d, rule, s);
        if (appgw_known && !worst_used)     /* of a port that Application Gateway does not use */
            f->severity = SEVERITY_WARNING;
        f->confidence = reported ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
        describe(d, f, s, worst, worst_used);
        finding_evidence(d, f, "Service %s spec.externalTrafficPolicy = %s", s->service, str_or(s->policy, "Cluster"));
        for (size_t k = 0; k < s->ports.n; k++)
            if (hears_wrong(t, s, &s->ports.items[k]))
                evidence(d, f, s, &s->ports.items[k]);
    }
}

const struct rule rule_lb_probe_404 = {
    .code = "lb-probe-404", .severity = SEVERITY_CRITICAL, .hop = HOP_LB,
    .title = "The load balancer's own probe is answered with something else than 200",
    RULE_NEEDS(KIND_SERVICE, KIND_GATEWAY, KIND_HTTPROUTE),
    .explains = CODES("lb-no-healthy-node", "traffic-policy-cluster"), .run = run,
};
