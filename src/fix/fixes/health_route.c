/* health-route: an HTTPRoute of our own for what Application Gateway's probes really ask, and a responder behind it.
 *
 * Exact paths, so that nothing of a tenant is captured. Hostnames follow kubernetes.md 5.2 and 6.6: Envoy picks one virtual
 * host by Host and never falls back, so our route joins the virtual host that takes the probe's Host today; making a new
 * one for the exact Host would hide every other route from it. */
#include "../responder.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS_MAX = 16, HOSTS_MAX = 16, SECTIONS_MAX = 16 };

struct wanted {                 /* what the probes of this gateway need */
    const char *paths[PATHS_MAX], *sections[SECTIONS_MAX], *hosts[HOSTS_MAX];
    size_t n_paths, n_sections, n_hosts;
    bool any_host;              /* some probe is served by the virtual host without a name */
    int status_before;
};

static void add_once(const char **list, size_t *n, size_t max, const char *item)
{
    for (size_t i = 0; i < *n; i++)
        if (str_eq(list[i], item))
            return;
    if (*n < max)
        list[(*n)++] = item;
}

/* The pattern of the virtual host that takes this Host on this listener now, "" for the one without a name. */
static const char *virtual_host(const struct topology *topology, const struct gateway *gateway,
                                const struct listener *listener, const char *host)
{
    const struct object_list *list = &topology->snapshot->objects[KIND_HTTPROUTE];
    const char *best = "";
    for (size_t i = 0; i < list->n; i++) {
        const struct route *route = (const struct route *)list->items[i];
        for (size_t p = 0; p < route->parents.n; p++) {
            if (!parent_is(&route->parents.items[p], route, gateway) ||
                route_attaches(topology->snapshot, gateway, listener, route, &route->parents.items[p]) != ATTACH_OK)
                continue;
            for (size_t h = 0; h < route->hostnames.n; h++) {
                const char *name = hostname_intersect(listener->hostname, route->hostnames.items[h]);
                if (name && *name && hostname_matches(name, host) &&
                    (!*best || hostname_rank(name) > hostname_rank(best)))
                    best = name;
            }
        }
    }
    return best;
}

static const struct listener *listener_for(const struct gateway *gateway, const struct topo_probe *probe)
{
    const struct listener *best = NULL;
    for (size_t i = 0; i < gateway->listeners.n; i++) {
        const struct listener *listener = &gateway->listeners.items[i];
        if (listener->port != probe->port || !hostname_matches(listener->hostname, str_or(probe->host, "")))
            continue;
        if (!best || hostname_rank(listener->hostname) > hostname_rank(best->hostname))
            best = listener;
    }
    return best;
}

static void want_probe(struct wanted *wanted, const struct topology *topology, const struct gateway *gateway,
                       const struct topo_probe *probe)
{
    const struct listener *listener = listener_for(gateway, probe);
    if (!listener || !probe->path)
        return;
    const char *host = virtual_host(topology, gateway, listener, str_or(probe->host, ""));
    add_once(wanted->paths, &wanted->n_paths, PATHS_MAX, probe->path);
    add_once(wanted->sections, &wanted->n_sections, SECTIONS_MAX, listener->name);
    if (*host)
        add_once(wanted->hosts, &wanted->n_hosts, HOSTS_MAX, host);
    else
        wanted->any_host = true;
}

static void collect(struct wanted *wanted, const struct topology *topology, const struct topo_gateway *gateway)
{
    for (size_t i = 0; i < topology->probes.n; i++) {
        const struct topo_probe *probe = &topology->probes.items[i];
        if (probe->prober == PROBER_APPGW && str_eq(probe->gateway, gateway->gateway))
            want_probe(wanted, topology, gateway->object, probe);
    }
}

static json_t *route_body(const struct wanted *wanted, const struct topo_gateway *gateway, const char *name,
                          const struct responder *responder, bool named)
{
    json_t *parents = json_array(), *matches = json_array(), *spec = json_object();
    for (size_t i = 0; i < wanted->n_sections; i++)
        json_array_append_new(parents, json_pack("{s:s, s:s, s:s, s:s, s:s}", "group", "gateway.networking.k8s.io", "kind",
                                                 "Gateway", "namespace", gateway->object->object.namespace, "name",
                                                 gateway->object->object.name, "sectionName", wanted->sections[i]));
    for (size_t i = 0; i < wanted->n_paths; i++)
        json_array_append_new(matches, json_pack("{s:{s:s, s:s}}", "path", "type", "Exact", "value", wanted->paths[i]));
    json_object_set_new(spec, "parentRefs", parents);
    if (named) {
        json_t *hostnames = json_array();
        for (size_t i = 0; i < wanted->n_hosts; i++)
            json_array_append_new(hostnames, json_string(wanted->hosts[i]));
        json_object_set_new(spec, "hostnames", hostnames);
    }
    json_object_set_new(spec, "rules",
                        json_pack("[{s:o, s:[{s:s, s:s, s:s, s:i, s:i}]}]", "matches", matches, "backendRefs", "group", "",
                                  "kind", "Service", "name", responder->service, "port", responder->port, "weight", 1));
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s, s:s}}, s:o}", "apiVersion", "gateway.networking.k8s.io/v1", "kind",
                     "HTTPRoute", "metadata", "name", name, "namespace", responder->namespace, "labels",
                     "app.kubernetes.io/managed-by", MANAGED_BY, "app.kubernetes.io/component", "health-route", "spec",
                     spec);
}

static void add_route(struct plan *plan, const struct wanted *wanted, const struct topo_gateway *gateway,
                      const struct responder *responder, bool named)
{
    FREE_AUTO char *name = xasprintf("gatewatch-health-%s%s", gateway->object->object.name,
                                     named && wanted->any_host ? "-named" : "");
    plan_add_change(plan, "apply", "httproutes", "HTTPRoute", "gateway.networking.k8s.io", "v1", responder->namespace,
                    name, CONTENT_APPLY, route_body(wanted, gateway, name, responder, named));
}

/* The listener decides who may attach (kubernetes.md 5.1): no grant helps a namespace it does not allow. */
static void check_listeners(struct plan *plan, const struct topology *topology, const struct topo_gateway *gateway,
                            const struct wanted *wanted, const struct responder *responder)
{
    for (size_t i = 0; i < gateway->object->listeners.n; i++) {
        const struct listener *listener = &gateway->object->listeners.items[i];
        bool ours = false;
        for (size_t k = 0; k < wanted->n_sections; k++)
            ours |= str_eq(wanted->sections[k], listener->name);
        if (!ours)
            continue;
        const enum attach_reason reason =
            listener_allows(topology->snapshot, gateway->object, listener, "HTTPRoute", responder->namespace);
        if (reason == ATTACH_OK)
            continue;
        if (reason == ATTACH_UNKNOWN) {
            plan_add_cost(plan, SEVERITY_WARNING, "Whether listener %s lets in routes of namespace %s cannot be told: "
                                                  "namespaces are not readable.", listener->name, responder->namespace);
            continue;
        }
        plan_refuse(plan, "Listener %s of Gateway %s does not allow routes from namespace %s (allowedRoutes.namespaces.from "
                          "= %s). Choose a responder in an allowed namespace, or have the Gateway's owner allow this one.",
                    listener->name, gateway->gateway, responder->namespace, listener->from);
    }
}

static void add_costs(struct plan *plan, const struct wanted *wanted, const struct responder *responder)
{
    plan_add_cost(plan, SEVERITY_INFO, "A healthy answer then proves listener, routing and the responder's pods; it says "
                                       "nothing about any tenant's application.");
    if (responder->create)
        plan_add_cost(plan, SEVERITY_INFO, "Two small pods (10m CPU, 16Mi each) run from image %s; the nodes must be able to "
                                           "pull it.", responder->image);
    else if (responder->ready == 0)
        plan_add_cost(plan, SEVERITY_CRITICAL, "Service %s/%s has no ready endpoint: the probe would read 503.",
                      responder->namespace, responder->service);
    else if (responder->ready == 1)
        plan_add_cost(plan, SEVERITY_WARNING, "Service %s/%s has one ready endpoint: when that pod moves, every backend "
                                              "turns unhealthy for a moment.", responder->namespace, responder->service);
    for (size_t i = 0; i < wanted->n_hosts; i++)
        plan_add_cost(plan, SEVERITY_INFO, "The route joins the hostname %s, which takes the probe's Host today, so that the "
                                           "routes already there keep their traffic.", wanted->hosts[i]);
}

static bool plan_health_route(const struct topology *topology, const struct findings *findings,
                              const struct settings *settings, const struct fix_request *request, struct plan *plan,
                              struct error *err)
{
    struct wanted wanted = { 0 };
    struct responder responder = { 0 };
    const struct topo_gateway *gateway = fix_gateway(topology, findings, request, err);
    if (!gateway)
        return false;
    plan->gateway = arena_dup(&plan->arena, gateway->gateway);
    plan->title = arena_printf(&plan->arena, "Health route for Gateway %s", gateway->gateway);
    collect(&wanted, topology, gateway);
    if (!wanted.n_paths) {
        error_set(err, ERR_REFUSED, "no probe of an Application Gateway is known to reach Gateway %s", gateway->gateway);
        return error_remedy(err, "see the Probes view: the pool's address must be the one of the gateway's Service");
    }
    if (!responder_choose(&responder, plan, topology, settings, request, err) || !plan_check_choices(plan, request, err))
        return false;
    responder_add_changes(&responder, plan, topology);
    if (wanted.any_host || !wanted.n_hosts)
        add_route(plan, &wanted, gateway, &responder, false);
    if (wanted.n_hosts)
        add_route(plan, &wanted, gateway, &responder, true);
    check_listeners(plan, topology, gateway, &wanted, &responder);
    add_costs(plan, &wanted, &responder);
    return true;
}

const struct fix fix_health_route = {
    .name = "health-route",
    .title = "an HTTPRoute, and its responder, for Application Gateway's probe",
    .plan = plan_health_route,
};
