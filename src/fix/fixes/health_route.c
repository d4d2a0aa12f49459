/* health-route: an HTTPRoute of our own for what Application Gateway's probes really ask, and a responder behind it.
 *
 * Exact paths, so that nothing of a tenant is captured. Hostnames follow kubernetes.md 5.2 and 6.6: Envoy picks one virtual
 * host by Host and never falls back, so our route joins the virtual host that takes the probe's Host today; making a new
 * one for the exact Host would hide every other route from it. */
#include "../responder.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS_MAX = 16, TARGETS_MAX = 8 };

/* What one route of ours is for: the probes that meet one virtual host of one listener. Kept apart, because an Exact path
 * on a host or listener whose own probes do not ask for it would be taken from the routes already there, and a hostname
 * on another listener would make a virtual host that hides them. */
struct target {
    const char *section, *host;     /* host "": the virtual host without a name */
    const char *paths[PATHS_MAX];
    size_t n_paths;
};

struct wanted {                     /* what the probes of this gateway need */
    struct target targets[TARGETS_MAX];
    size_t n, probes;
    bool too_many;
};

static struct target *target_of(struct wanted *wanted, const char *section, const char *host)
{
    for (size_t i = 0; i < wanted->n; i++)
        if (str_eq(wanted->targets[i].section, section) && str_eq(wanted->targets[i].host, host))
            return &wanted->targets[i];
    if (wanted->n == TARGETS_MAX)
        return NULL;
    wanted->targets[wanted->n] = (struct target){ .section = section, .host = host };
    return &wanted->targets[wanted->n++];
}

/* A path without its query: routes match that alone. */
static void want_path(struct wanted *wanted, struct target *target, struct arena *arena, const char *path)
{
    const char *bare = arena_ndup(arena, path, strcspn(path, "?"));
    for (size_t i = 0; target && i < target->n_paths; i++)
        if (str_eq(target->paths[i], bare))
            return;
    if (target && target->n_paths < PATHS_MAX)
        target->paths[target->n_paths++] = bare;
    else
        wanted->too_many = true;
}

/* The pattern of the virtual host that takes this Host on this listener now, "" for the one without a name. */
static const char *virtual_host(const struct topology *topology, const struct gateway *gateway,
                                const struct listener *listener, const char *host, enum kind_id kind, const char *best)
{
    const struct object_list *list = &topology->snapshot->objects[kind];
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
        if (listener->port != probe->port || !str_eq_nocase(listener->protocol, probe->protocol) ||
            !hostname_matches(listener->hostname, str_or(probe->host, "")))
            continue;
        if (!best || hostname_rank(listener->hostname) > hostname_rank(best->hostname))
            best = listener;
    }
    return best;
}

/* Another's route that takes this probe's request today, well or not. Ours would take the path away from it, and from the
 * users of whoever owns it. */
static const char *taken_by(const struct topo_probe *probe)
{
    const struct route *route = probe->answer.route;
    if (!route || str_eq(pairs_get(&route->object.labels, "app.kubernetes.io/managed-by"), MANAGED_BY))
        return NULL;
    return probe->served_by.route;
}

static void want_probe(struct wanted *wanted, struct plan *plan, const struct topology *topology,
                       const struct gateway *gateway, const struct topo_probe *probe)
{
    const struct listener *listener = listener_for(gateway, probe);
    if (!listener || !probe->path)
        return;
    const char *asked = str_or(probe->host, ""), *host = "";
    host = virtual_host(topology, gateway, listener, asked, KIND_HTTPROUTE, host);
    host = virtual_host(topology, gateway, listener, asked, KIND_GRPCROUTE, host);
    want_path(wanted, target_of(wanted, listener->name, host), &plan->arena, probe->path);
}

/* The probes that no route answers; when every one has its answer, all of them, to be shown and refused. */
static void collect(struct wanted *wanted, struct plan *plan, const struct topology *topology,
                    const struct topo_gateway *gateway)
{
    const struct topo_probe *taken = NULL;
    for (int all = 0; all < 2 && !wanted->n; all++) {
        for (size_t i = 0; i < topology->probes.n; i++) {
            const struct topo_probe *probe = &topology->probes.items[i];
            if (probe->prober != PROBER_APPGW || !str_eq(probe->gateway, gateway->gateway))
                continue;
            wanted->probes += !all;
            if (all || !taken_by(probe)) {
                want_probe(wanted, plan, topology, gateway->object, probe);
                continue;
            }
            taken = probe;
            plan_add_cost(plan, SEVERITY_INFO, "Probe %s, %s%s, is answered by route %s already (predicted %s) and left "
                                               "alone.", str_or(probe->name, "?"), str_or(probe->host, ""),
                          str_or(probe->path, ""), taken_by(probe), predicted_name(probe->predicted));
        }
        if (all && taken)
            plan_refuse(plan, "Route %s answers %s%s already: a route of ours would take that path away from it. Mend what "
                              "stands behind that route, or let the probe ask for a path of its own.", taken_by(taken),
                        str_or(taken->host, ""), str_or(taken->path, ""));
    }
    if (wanted->too_many)
        plan_refuse(plan, "The probes of this gateway ask for more hosts and paths than one sheet holds.");
}

static json_t *route_body(const struct target *target, const struct topo_gateway *gateway, const char *name,
                          const struct responder *responder)
{
    json_t *matches = json_array(), *spec = json_object();
    for (size_t i = 0; i < target->n_paths; i++)
        json_array_append_new(matches, json_pack("{s:{s:s, s:s}}", "path", "type", "Exact", "value", target->paths[i]));
    json_object_set_new(spec, "parentRefs",
                        json_pack("[{s:s, s:s, s:s, s:s, s:s}]", "group", "gateway.networking.k8s.io", "kind", "Gateway",
                                  "namespace", gateway->object->object.namespace, "name", gateway->object->object.name,
                                  "sectionName", target->section));
    if (*target->host)
        json_object_set_new(spec, "hostnames", json_pack("[s]", target->host));
    json_object_set_new(spec, "rules",
                        json_pack("[{s:o, s:[{s:s, s:s, s:s, s:i, s:i}]}]", "matches", matches, "backendRefs", "group", "",
                                  "kind", "Service", "name", responder->service, "port", responder->port, "weight", 1));
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s, s:s}}, s:o}", "apiVersion", "gateway.networking.k8s.io/v1", "kind",
                     "HTTPRoute", "metadata", "name", name, "namespace", responder->namespace, "labels",
                     "app.kubernetes.io/managed-by", MANAGED_BY, "app.kubernetes.io/component", "health-route", "spec",
                     spec);
}

static void add_route(struct plan *plan, const struct wanted *wanted, size_t i, const struct topo_gateway *gateway,
                      const struct responder *responder)
{
    FREE_AUTO char *number = i ? xasprintf("-%zu", i + 1) : xstrdup("");
    FREE_AUTO char *name = xasprintf("gatewatch-health-%s%s", gateway->object->object.name, number);
    plan_add_change(plan, "apply", "httproutes", "HTTPRoute", "gateway.networking.k8s.io", "v1", responder->namespace,
                    name, CONTENT_APPLY, route_body(&wanted->targets[i], gateway, name, responder));
}

/* The listener decides who may attach (kubernetes.md 5.1): no grant helps a namespace it does not allow. */
static void check_listeners(struct plan *plan, const struct topology *topology, const struct topo_gateway *gateway,
                            const struct wanted *wanted, const struct responder *responder)
{
    for (size_t i = 0; i < gateway->object->listeners.n; i++) {
        const struct listener *listener = &gateway->object->listeners.items[i];
        bool ours = false;
        for (size_t k = 0; k < wanted->n; k++)
            ours |= str_eq(wanted->targets[k].section, listener->name);
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
        if (reason != ATTACH_NAMESPACE) {
            plan_refuse(plan, "Listener %s of Gateway %s takes no HTTPRoute (%s).", listener->name, gateway->gateway,
                        attach_reason_name(reason));
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
    for (size_t i = 0; i < wanted->n; i++)
        if (*wanted->targets[i].host)
            plan_add_cost(plan, SEVERITY_INFO, "The route joins the hostname %s, which takes the probe's Host today, so that "
                                               "the routes already there keep their traffic.", wanted->targets[i].host);
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
    collect(&wanted, plan, topology, gateway);
    if (!wanted.n && wanted.probes) {
        error_set(err, ERR_REFUSED, "no listener of Gateway %s takes the probe by its protocol, port and host",
                  gateway->gateway);
        return error_remedy(err, "see the Probes view: probe and listener must agree before a route can help");
    }
    if (!wanted.n) {
        error_set(err, ERR_REFUSED, "no probe of an Application Gateway is known to reach Gateway %s", gateway->gateway);
        return error_remedy(err, "see the Probes view: the pool's address must be the one of the gateway's Service");
    }
    if (!responder_choose(&responder, plan, topology, settings, request, err) || !plan_check_choices(plan, request, err))
        return false;
    responder_add_changes(&responder, plan, topology);
    for (size_t i = 0; i < wanted.n; i++)
        add_route(plan, &wanted, i, gateway, &responder);
    check_listeners(plan, topology, gateway, &wanted, &responder);
    add_costs(plan, &wanted, &responder);
    return true;
}

const struct fix fix_health_route = {
    .name = "health-route",
    .title = "an HTTPRoute, and its responder, for Application Gateway's probe",
    .plan = plan_health_route,
};
