/* traffic-policy: externalTrafficPolicy: Local on the gateway's Service, directly or through the overlay ConfigMap that
 * renders it (kubernetes.md 6.3, 6.4, 7.4; azure.md 4.5). Which way is right depends on who owns the Service. */
#include "../overlay.h"

#include <stdlib.h>
#include <string.h>

enum { OVERLAY_SINCE_MINOR = 26 };      /* Istio 1.26: infrastructure.parametersRef */

struct spread { int pods, nodes, zones, empty_nodes; bool unknown; };

static struct spread count_spread(const struct topo_service *service)
{
    struct spread spread = { 0 };
    const char *zones[8];
    for (size_t i = 0; i < service->nodes.n; i++) {
        const struct topo_node *node = &service->nodes.items[i];
        spread.unknown |= node->ready_endpoints < 0;
        if (node->ready_endpoints <= 0) {
            spread.empty_nodes += node->ready_endpoints == 0;
            continue;
        }
        spread.pods += node->ready_endpoints;
        spread.nodes++;
        bool seen = !node->zone || !*node->zone;
        for (int z = 0; z < spread.zones; z++)
            seen |= str_eq(zones[z], node->zone);
        if (!seen && spread.zones < 8)
            zones[spread.zones++] = node->zone;
    }
    return spread;
}

static void cost_of_nodes(struct plan *plan, const struct topo_service *service, const struct spread *spread)
{
    TEXT_AUTO empty = { .max = 300 };
    for (size_t i = 0; i < service->nodes.n; i++)
        if (service->nodes.items[i].ready_endpoints == 0)
            text_printf(&empty, "%s%s", empty.len ? ", " : "", service->nodes.items[i].name);
    if (spread->empty_nodes)
        plan_add_cost(plan, SEVERITY_INFO, "%d of %zu nodes have no ready gateway pod and leave the rotation, by design: %s.",
                      spread->empty_nodes, service->nodes.n, text_str(&empty));
    if (spread->unknown || !service->nodes.n)
        plan_add_cost(plan, SEVERITY_CRITICAL, "Which nodes have a ready gateway pod cannot be told (nodes or EndpointSlices "
                                               "are not readable): a node without one leaves the rotation.");
    else if (spread->nodes == 0)
        plan_refuse(plan, "No node has a ready gateway pod: with Local every node would leave the rotation. Bring a gateway "
                          "pod up first.");
    else if (spread->nodes == 1)
        plan_add_cost(plan, SEVERITY_CRITICAL, "All ready gateway pods run on one node: with Local that node carries "
                                               "everything, and its drain or loss is an outage. Scale to two nodes or more.");
    else if (spread->zones == 1)
        plan_add_cost(plan, SEVERITY_WARNING, "All nodes with a gateway pod are in one zone.");
    int most = 0, least = -1;
    for (size_t i = 0; i < service->nodes.n; i++) {
        const int ready = service->nodes.items[i].ready_endpoints;
        if (ready <= 0)
            continue;
        most = ready > most ? ready : most;
        least = least < 0 || ready < least ? ready : least;
    }
    if (most > least && least > 0)
        plan_add_cost(plan, SEVERITY_WARNING, "The load balancer divides by node, not by pod: a pod alone on its node gets %d "
                                              "times the traffic of one among %d.", most, most);
}

static const char *gateway_label(const struct object *object)
{
    const char *name = pairs_get(&object->labels, "gateway.networking.k8s.io/gateway-name");
    return name ? name : pairs_get(&object->labels, "istio.io/gateway-name");
}

static bool selects_gateway(const struct pairs *selector, const struct topo_gateway *gateway)
{
    const char *name = pairs_get(selector, "gateway.networking.k8s.io/gateway-name");
    return str_eq(name ? name : pairs_get(selector, "istio.io/gateway-name"), gateway->object->object.name);
}

static void cost_of_disruption(struct plan *plan, const struct topology *topology, const struct topo_gateway *gateway)
{
    const struct snapshot *snapshot = topology->snapshot;
    const char *ns = gateway->object->object.namespace;
    bool budget = false;
    const struct object_list *budgets = &snapshot->objects[KIND_PODDISRUPTIONBUDGET];
    for (size_t i = 0; i < budgets->n; i++) {
        const struct poddisruptionbudget *item = (const struct poddisruptionbudget *)budgets->items[i];
        budget |= str_eq(item->object.namespace, ns) && selects_gateway(&item->selector, gateway);
    }
    if (!snapshot_knows(snapshot, KIND_PODDISRUPTIONBUDGET))
        plan_add_cost(plan, SEVERITY_WARNING, "Whether a PodDisruptionBudget protects the gateway's pods cannot be told.");
    else if (!budget)
        plan_add_cost(plan, SEVERITY_WARNING, "No PodDisruptionBudget covers the gateway's pods: a node drain may take the "
                                              "last ready one of several nodes at once.");
    const struct object_list *deployments = &snapshot->objects[KIND_DEPLOYMENT];
    for (size_t i = 0; i < deployments->n; i++) {
        const struct workload *item = (const struct workload *)deployments->items[i];
        if (!str_eq(item->object.namespace, ns) || !str_eq(gateway_label(&item->object), gateway->object->object.name))
            continue;
        if (item->desired == 1)
            plan_add_cost(plan, SEVERITY_WARNING, "Deployment %s runs one replica: every rollout moves all traffic between "
                                                  "nodes.", item->object.name);
        if (!item->spread)
            plan_add_cost(plan, SEVERITY_INFO, "Deployment %s has no topology spread or anti-affinity: pods may end up on one "
                                               "node.", item->object.name);
    }
}

static void cost_of_change(struct plan *plan, const struct topo_service *service)
{
    plan_add_cost(plan, SEVERITY_INFO, "The load balancer's rules and probe are written anew: a short disturbance is "
                                       "possible. A node notices the loss of its last pod after two probes, about 10 s.");
    plan_add_cost(plan, SEVERITY_INFO, "Gateway pods then see Application Gateway's own address as the source: policies that "
                                       "allowed node addresses (NetworkPolicy, AuthorizationPolicy) must allow its subnet.");
    if (service->object->source_ranges.n)
        plan_add_cost(plan, SEVERITY_WARNING, "spec.loadBalancerSourceRanges is set (%zu): it must hold Application Gateway's "
                                              "subnet.", service->object->source_ranges.n);
}

static bool says_true(const struct topo_service *service, const char *key)
{
    return str_eq_nocase(pairs_get(&service->object->object.annotations, key), "true");
}

/* What must not be so for Local to work at all (azure.md 4.5). */
static void check_platform(struct plan *plan, const struct topo_service *service)
{
    const bool private_link = says_true(service, OVERLAY_ANNOTATION_PREFIX "azure-pls-create");
    if (private_link && says_true(service, OVERLAY_ANNOTATION_PREFIX "azure-pls-proxy-protocol"))
        plan_refuse(plan, "Service %s has a private link with PROXY protocol: kube-proxy's health port rejects it, and with "
                          "Local every node would leave the rotation.", service->service);
    else if (private_link)
        plan_add_cost(plan, SEVERITY_WARNING, "Service %s has a private link: with Local its subnet must not be the pods'.",
                      service->service);
    if (service->object->allocate_node_ports == TRI_FALSE &&
        says_true(service, OVERLAY_ANNOTATION_PREFIX "azure-disable-load-balancer-floating-ip"))
        plan_refuse(plan, "Service %s has no node ports and no floating IP: Azure does not support Local on it.",
                    service->service);
}

/* Annotations that keep a probe of their own under Local (azure.md 4.3: the port annotation beats Local). */
static size_t defeating(const struct topo_service *service, const char **out, size_t cap)
{
    const struct pairs *annotations = &service->object->object.annotations;
    size_t n = 0;
    for (size_t i = 0; i < annotations->n && n < cap; i++)
        if (str_starts(annotations->items[i].key, OVERLAY_ANNOTATION_PREFIX "port_") &&
            str_ends(annotations->items[i].key, "_health-probe_port"))
            out[n++] = annotations->items[i].key;
    return n;
}

static void name_owner(struct plan *plan, const struct topo_service *service, const struct topo_gateway *gateway)
{
    static const char *const gitops[] = { "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance",
                                          "kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name" };
    plan_add_owner(plan, "externalTrafficPolicy of Service %s: %s", service->service, str_or(service->managed_by, "nobody"));
    if (service->overlay)
        plan_add_owner(plan, "ConfigMap %s renders parts of this Service", service->overlay);
    for (size_t i = 0; i < sizeof gitops / sizeof *gitops; i++) {
        const struct object *object = &gateway->object->object;
        if (pairs_get(&object->labels, gitops[i]) || pairs_get(&object->annotations, gitops[i]))
            plan_add_owner(plan, "Gateway %s is kept by GitOps (%s): a change of the Gateway itself will be taken back",
                           gateway->gateway, gitops[i]);
    }
}

enum way { WAY_PATCH, WAY_OVERLAY };

static void offer_ways(struct plan *plan, const struct topo_service *service, const struct topo_gateway *gateway,
                       const char *annotation)
{
    struct plan_choice *patch = plan_add_choice(plan, "way", "patch", "patch the Service",
                                                "at once; lost when the Gateway, and with it the Service, is made anew");
    struct plan_choice *overlay = plan_add_choice(plan, "way", "overlay", "overlay ConfigMap",
                                                  "lasting: the controller renders it into the Service");
    const bool generated = service->owner != OWNER_USER;
    if (service->owner == OWNER_AKS_ADDON) {
        patch->allowed = false;
        patch->why_not = "this gateway belongs to an AKS add-on, whose probe annotations must go in the same change";
    } else if (service->owner == OWNER_OVERLAY) {
        patch->allowed = false;
        patch->why_not = "an overlay ConfigMap owns this field and would take the patch back";
    } else if (annotation) {
        patch->allowed = false;
        patch->why_not = arena_printf(&plan->arena, "annotation %s would keep its own probe and defeat Local", annotation);
    }
    if (!generated) {
        overlay->allowed = false;
        overlay->why_not = "the Service is not made by a gateway controller";
    } else if (gateway->istio_minor && gateway->istio_minor < OVERLAY_SINCE_MINOR) {
        overlay->allowed = false;
        overlay->why_not = "overlays need Istio 1.26 or later";
    } else if (*gateway->object->parameters.name && !str_eq(gateway->object->parameters.kind, "ConfigMap")) {
        overlay->allowed = false;
        overlay->why_not = "infrastructure.parametersRef names something else than a ConfigMap";
    }
}

static bool choose_way(struct plan *plan, const struct fix_request *request, enum way *ret_way)
{
    const char *asked = request_choice(request, "way");
    for (size_t i = 0; i < plan->n_choices; i++) {
        struct plan_choice *choice = &plan->choices[i];
        if (!choice->allowed || (asked && !str_eq(asked, choice->id)))
            continue;
        choice->selected = true;
        *ret_way = str_eq(choice->id, "overlay") ? WAY_OVERLAY : WAY_PATCH;
        return true;
    }
    return false;
}

static void add_patch(struct plan *plan, const struct topo_service *service)
{
    const struct object *object = &service->object->object;
    plan_add_change(plan, "patch", "services", "Service", "", "v1", object->namespace, object->name, CONTENT_MERGE,
                    json_pack("{s:{s:s}}", "spec", "externalTrafficPolicy", "Local"));
    if (service->owner != OWNER_USER)
        plan_add_cost(plan, SEVERITY_INFO, "The patch survives reconciliation but not the Service: when the Gateway is "
                                           "renamed or recreated it must be applied again. The overlay is the lasting way.");
}

static bool plan_traffic_policy(const struct topology *topology, const struct findings *findings,
                                const struct settings *settings, const struct fix_request *request, struct plan *plan,
                                struct error *err)
{
    const char *annotations[8] = { 0 };
    enum way way = WAY_PATCH;
    (void)settings;
    const struct topo_gateway *gateway = fix_gateway(topology, findings, request, err);
    if (!gateway)
        return false;
    const struct topo_service *service = gateway->service ? topology_service(topology, gateway->service) : NULL;
    if (!service) {
        error_set(err, ERR_ABSENT, "no Service of Gateway %s is known", gateway->gateway);
        return error_remedy(err, "is the Gateway programmed? See the Services view");
    }
    plan->gateway = arena_dup(&plan->arena, gateway->gateway);
    plan->title = arena_printf(&plan->arena, "externalTrafficPolicy: Local on Service %s", service->service);
    const size_t n = defeating(service, annotations, 8);
    offer_ways(plan, service, gateway, annotations[0]);
    if (!plan_check_choices(plan, request, err))
        return false;
    name_owner(plan, service, gateway);
    if (!str_eq(service->type, "LoadBalancer"))
        plan_refuse(plan, "Service %s is of type %s: the policy has no effect on it.", service->service, service->type);
    if (str_eq(service->policy, "Local") && !n)
        plan_refuse(plan, "Service %s has externalTrafficPolicy: Local already.", service->service);
    check_platform(plan, service);
    if (!choose_way(plan, request, &way))
        plan_refuse(plan, "No way is open: %s.", str_or(plan->choices[0].why_not, "?"));
    else if (way == WAY_OVERLAY)
        overlay_add_changes(plan, topology, gateway, service);
    else
        add_patch(plan, service);
    for (size_t i = 0; i < n; i++)
        plan_add_cost(plan, SEVERITY_WARNING, "Annotation %s keeps a probe of its own under Local%s.", annotations[i],
                      way == WAY_OVERLAY ? "; the overlay takes it away in the same change" : " and would defeat this");
    const struct spread spread = count_spread(service);
    cost_of_nodes(plan, service, &spread);
    cost_of_disruption(plan, topology, gateway);
    cost_of_change(plan, service);

    return true;
}

const struct fix fix_traffic_policy = {
    .name = "traffic-policy",
    .title = "externalTrafficPolicy: Local on the gateway's Service",
    .plan = plan_traffic_policy,
};
