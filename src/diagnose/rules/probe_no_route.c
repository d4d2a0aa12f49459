/* Application Gateway's probe meets no route: Envoy answers 404 (azure.md 1.1, kubernetes.md 5.3). One finding per gateway,
 * for one health route cures all probes that ask alike. */
#include "../diagnose_internal.h"

static bool meets_none(const struct topology *t, const struct topo_probe *p)
{
    return probe_refused(t, p) && p->answer.status == 404 && !p->answer.route;
}

static void describe(struct diagnosis *d, struct finding *f, const struct topo_probe *p, size_t more)
{
    TEXT_AUTO rest = { 0 };
    if (more)
        text_printf(&rest, " (and %zu more)", more);
    finding_title(d, f, "No route of Gateway %s answers the health probe %s%s", p->gateway, p->path, text_str(&rest));
    finding_why(d, f, "Without a route for this host and path the gateway answers 404, which the probe does not "
                      "accept; so the backend is taken out of service, even when the load balancer lets the probe "
                      "through.");
    if (p->answer.listener) {
        f->fix = "health-route";
        finding_remedy(d, f, "Add an HTTPRoute for %s%s that sends to a health responder (fix health-route), or let "
                             "the probe ask a host and path that a route serves.", p->host, p->path);
    } else {
        finding_remedy(d, f, "No listener of the gateway takes host %s on port %d: set the probe's host to a name "
                             "that a listener takes, or add a listener.", p->host, p->port);
    }
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    for (size_t g = 0; g < t->gateways.n; g++) {
        struct finding *f = NULL;
        const struct topo_probe *first = NULL;
        size_t more = 0;
        for (size_t i = 0; i < t->probes.n; i++) {
            const struct topo_probe *p = &t->probes.items[i];
            if (!str_eq(p->gateway, t->gateways.items[g].gateway) || !meets_none(t, p))
                continue;
            if (!f) {
                f = find_on_gateway(d, rule, &t->gateways.items[g]);
                f->confidence = CONFIDENCE_LIKELY;
                finding_evidence(d, f, "Gateway %s routes for host %s path %s = none", p->gateway, p->host, p->path);
            }
            if (!first || (!first->answer.listener && p->answer.listener))
                first = p;
            more++;
            probe_evidence(d, f, p);
            if (row_of_probe(t, p)->http_status == 404)     /* the report says the same */
                f->confidence = CONFIDENCE_CERTAIN;
        }
        if (f)
            describe(d, f, first, more - 1);
    }
}

const struct rule rule_probe_no_route = {
    .code = "probe-no-route", .severity = SEVERITY_CRITICAL, .hop = HOP_ROUTE,
    .title = "No route answers Application Gateway's health probe",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_SERVICE, KIND_GATEWAY, KIND_HTTPROUTE), .run = run,
};
