/* A backend address that no Service of this cluster holds. One Application Gateway may serve several clusters and plain
 * machines, so it matters only where the backend is down (design.md 1). */
#include "../diagnose_internal.h"

#include <string.h>

static bool gateway_joins(const struct topology *t, const struct appgateway *g)
{
    for (size_t i = 0; i < t->backends.n; i++)
        if (t->backends.items[i].appgw_object == g && t->backends.items[i].service)
            return true;
    return false;
}

static void evidence(struct diagnosis *d, struct finding *f, const struct topo_backend *row)
{
    finding_evidence(d, f, "Application Gateway %s pool %s address = %s", row->appgw, row->pool, row->address);
    for (size_t i = 0; i < d->topology->services.n && i < 6; i++) {
        const struct topo_service *s = &d->topology->services.items[i];
        finding_evidence(d, f, "Service %s address = %s", s->service, s->addresses.n ? s->addresses.items[0] : "none");
    }
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    for (size_t i = 0; i < t->backends.n; i++) {
        const struct topo_backend *row = &t->backends.items[i];
        bool down = row->health == HEALTH_DOWN, seen = false;
        if (row->service || row->health == HEALTH_UP || row->health == HEALTH_DEGRADING)
            continue;
        for (size_t k = 0; k < i && !seen; k++)
            seen = t->backends.items[k].appgw_object == row->appgw_object && !t->backends.items[k].service &&
                   str_eq(t->backends.items[k].address, row->address) && t->backends.items[k].health == row->health;
        bool joins = gateway_joins(t, row->appgw_object);
        if (seen || (joins && !down))
            continue;
        struct finding *f = finding_add(d, rule, "ApplicationGateway", row->appgw);
        /* A name may well resolve to the load balancer's address; we do not ask. */
        bool name = strspn(row->address, "0123456789.") != strlen(row->address) && !strchr(row->address, ':');
        f->severity = down && !joins && !name ? SEVERITY_CRITICAL : SEVERITY_WARNING;
        f->confidence = name ? CONFIDENCE_POSSIBLE : CONFIDENCE_LIKELY;
        finding_title(d, f, "Backend address %s of Application Gateway %s is no address of this cluster", row->address,
                      row->appgw);
        finding_why(d, f, joins ? "Other backends of the gateway are this cluster's; this one is down and leads "
                                  "elsewhere."
                                : "No backend of the gateway is an address of a gateway Service here: the load "
                                  "balancer's address has changed, or this is another cluster's Application Gateway.");
        evidence(d, f, row);
        finding_remedy(d, f, "Put the address of the gateway's Service into the pool, or keep it with the annotation "
                             "service.beta.kubernetes.io/azure-load-balancer-ipv4.");
    }
}

const struct rule rule_backend_address_unmatched = {
    .code = "backend-address-unmatched", .severity = SEVERITY_WARNING, .hop = HOP_APPGW,
    .title = "A backend address that no Service of the cluster holds",
    RULE_NEEDS(KIND_APPGATEWAY, KIND_SERVICE, KIND_GATEWAY), .run = run,
};
