/* A route serves the probe and something answers, but with a status that the probe does not accept: a redirect, or what
 * the backend itself says. A 404 that `match` accepts is healthy (azure.md 0, 6). */
#include "../diagnose_internal.h"

/* Health lags behind the objects by the threshold: a route just made is not contradicted by yesterday's log. */
static bool too_fresh(const struct diagnosis *d, const struct topo_probe *p)
{
    int64_t age = d->snapshot->wall_ms - p->answer.route->object.created_ms;
    return p->answer.route->object.created_ms > 0 && age < (int64_t)p->interval_s * (p->threshold + 1) * 1000;
}

static void by_route(struct diagnosis *d, const struct rule *rule, const struct topo_probe *p)
{
    const struct topo_route *r = route_of(d->topology, p->answer.route);
    struct finding *f = find_on_route(d, rule, r);
    finding_gateway(d, f, p->gateway);
    finding_title(d, f, "%s %s answers the health probe %s with %d, which the probe does not accept", r->kind, r->route,
                  probe_text(d, p), p->answer.status);
    finding_why(d, f, "Rule %d of the route %s; the probe accepts %s.", p->answer.rule,
                p->answer.redirect ? "redirects" : "forwards", p->accepted.items[0]);
    finding_evidence(d, f, "%s %s spec.rules[%d] answers = %d", r->kind, r->route, p->answer.rule, p->answer.status);
    finding_evidence(d, f, "Application Gateway %s probe %s match.statusCodes = %s", p->appgw, p->name,
                     p->accepted.items[0]);
    finding_remedy(d, f, "Let the probe accept this status, or give the probe's path a route of its own.");
}

static void by_backend(struct diagnosis *d, const struct rule *rule, const struct topo_probe *p,
                       const struct topo_backend *row)
{
    const struct topo_route *r = route_of(d->topology, p->answer.route);
    struct finding *f = find_on_route(d, rule, r);
    finding_gateway(d, f, p->gateway);
    /* What the gateway could say itself may also be older than the last change here. */
    bool gateway_too = row->http_status == 404 || row->http_status == 500 || row->http_status == 503;
    f->confidence = gateway_too ? CONFIDENCE_POSSIBLE : CONFIDENCE_LIKELY;
    finding_title(d, f, "The backend of %s %s answers the health probe %s with %d", r->kind, r->route, probe_text(d, p),
                  row->http_status);
    finding_why(d, f, "The gateway forwards the probe to %s, which is ready; so the status comes from the "
                      "application, and the probe accepts %s only.",
                str_or(p->served_by.backend, "the backend"), p->accepted.items[0]);
    probe_evidence(d, f, p);
    finding_evidence(d, f, "%s %s spec.rules[%d] serves the probe", r->kind, r->route, p->answer.rule);
    finding_remedy(d, f, "Let the application answer this path, let the probe ask another path or accept this status, "
                         "or give the probe's path a route to a health responder.");
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    for (size_t i = 0; i < t->probes.n; i++) {
        const struct topo_probe *p = &t->probes.items[i];
        const struct route_answer *a = &p->answer;
        if (p->prober != PROBER_APPGW || !a->route || found_on(d, rule, &a->route->object))
            continue;
        const struct topo_backend *row = row_of_probe(t, p);
        bool answers = a->redirect || a->backend == BACKEND_READY;
        if (probe_refused(t, p) && answers && !too_fresh(d, p))
            by_route(d, rule, p);
        else if (row->health == HEALTH_DOWN && row->cause == CAUSE_HTTP_STATUS && a->status == 200 &&
                 !status_accepted(&p->accepted, row->http_status) && !too_fresh(d, p))
            by_backend(d, rule, p, row);
    }
}

const struct rule rule_probe_status_mismatch = {
    .code = "probe-status-mismatch", .severity = SEVERITY_CRITICAL, .hop = HOP_ROUTE,
    .title = "The health probe is answered with a status that it does not accept",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_SERVICE, KIND_GATEWAY, KIND_HTTPROUTE), .run = run,
};
