/* The load balancers of the node resource group, made from the Services each time they are asked
 * for, and rule health.
 *
 * Source: reference azure.md 4.1, 4.2, 4.4; shape of load-balancer-list.json.
 */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NODE_NETWORK SIM_NODE_GROUP_ID "/providers/Microsoft.Network"
#define ETAG "W/\"9c1b0000-0000-4000-8000-0000000000bb\""
#define VNET                                                                                       \
    "/subscriptions/" SIM_SUBSCRIPTION "/resourceGroups/" SIM_RESOURCE_GROUP                       \
    "/providers/Microsoft.Network/virtualNetworks/vnet-mtkc/subnets/"

struct making {
    const char *name; /* of the load balancer */
    bool internal;
    json_t *frontends, *rules, *probes;
};

static json_t *child_id(const struct making *making, const char *collection, const char *name)
{
    return jx_format("%s/loadBalancers/%s/%s/%s", NODE_NETWORK, making->name, collection, name);
}

static json_t *ref(const struct making *making, const char *collection, const char *name)
{
    return json_pack("{s:o}", "id", child_id(making, collection, name));
}

static json_t *child(const struct making *making, const char *collection, const char *name,
                     json_t *properties)
{
    json_object_set_new(properties, "provisioningState", json_string("Succeeded"));
    return json_pack("{s:s, s:o, s:s, s:o, s:o}", "name", name, "id",
                     child_id(making, collection, name), "etag", ETAG, "type",
                     jx_format("Microsoft.Network/loadBalancers/%s", collection), "properties",
                     properties);
}

static void add_probe(struct making *making, const struct lb_port *port)
{
    const struct lb_probe *probe = &port->probe;
    json_t *there = jx_find(making->probes, "name", probe->name);

    if (!there) {
        json_t *p = json_pack("{s:s, s:i, s:i, s:i, s:i, s:s, s:[]}", "protocol", probe->protocol,
                              "port", probe->port, "intervalInSeconds", probe->interval,
                              "numberOfProbes", probe->count, "probeThreshold", probe->count,
                              "noHealthyBackendsBehavior", "AllProbedDown", "loadBalancingRules");
        if (probe->path[0])
            json_object_set_new(p, "requestPath", json_string(probe->path));
        there = child(making, "probes", probe->name, p);
        json_array_append_new(making->probes, there);
    }
    json_array_append_new(jx_get(there, "properties.loadBalancingRules"),
                          ref(making, "loadBalancingRules", port->rule));
}

static void add_rule(struct making *making, const json_t *service, const struct lb_port *port,
                     const char *frontend)
{
    const char *affinity = jx_text(service, "spec.sessionAffinity", "None");
    json_t *p = json_pack(
        "{s:o, s:i, s:i, s:b, s:i, s:s, s:b, s:b, s:b, s:b, s:s, s:o, s:[o]}",
        "frontendIPConfiguration", ref(making, "frontendIPConfigurations", frontend),
        "frontendPort", port->port, "backendPort", port->backend_port, "enableFloatingIP",
        port->floating, "idleTimeoutInMinutes", 4, "protocol", port->protocol,
        "enableDestinationServiceEndpoint", 0, "enableTcpReset", 1, "allowBackendPortConflict", 0,
        "disableOutboundSnat", 1, "loadDistribution",
        strcmp(affinity, "ClientIP") == 0 ? "SourceIP" : "Default", "backendAddressPool",
        ref(making, "backendAddressPools", "kubernetes"), "backendAddressPools",
        ref(making, "backendAddressPools", "kubernetes"));
    if (port->probe.protocol) {
        json_object_set_new(p, "probe", ref(making, "probes", port->probe.name));
        add_probe(making, port);
    }
    json_array_append_new(making->rules, child(making, "loadBalancingRules", port->rule, p));
}

static bool add_service(struct world *world, const json_t *service, void *ctx)
{
    struct making *making = ctx;
    struct lb_port ports[LB_PORTS];
    const char *address = jx_str(json_array_get(jx_get(service, "status.loadBalancer.ingress"), 0),
                                 "ip");
    char frontend[120];

    if (!jx_is(service, "spec.type", "LoadBalancer") || !address ||
        lb_is_internal(service) != making->internal)
        return true;
    lb_prefix(service, frontend);
    json_t *rules = json_array();
    size_t n = lb_ports(world, service, ports, LB_PORTS);
    for (size_t i = 0; i < n; i++) {
        add_rule(making, service, &ports[i], frontend);
        json_array_append_new(rules, ref(making, "loadBalancingRules", ports[i].rule));
    }
    json_t *p = json_pack("{s:s, s:s, s:o}", "privateIPAllocationMethod", "Dynamic",
                          "privateIPAddressVersion", "IPv4", "loadBalancingRules", rules);
    if (making->internal) {
        const char *subnet = jx_annotation(
            service, "service.beta.kubernetes.io/azure-load-balancer-internal-subnet");
        json_object_set_new(p, "privateIPAddress", json_string(address));
        json_object_set_new(
            p, "subnet",
            json_pack("{s:o}", "id", jx_format(VNET "%s", subnet ? subnet : "snet-aks")));
    } else {
        json_object_set_new(
            p, "publicIPAddress",
            json_pack("{s:o}", "id",
                      jx_format("%s/publicIPAddresses/kubernetes-%s", NODE_NETWORK, frontend)));
    }
    json_array_append_new(making->frontends,
                          child(making, "frontendIPConfigurations", frontend, p));
    return true;
}

static json_t *nic_id(const char *node)
{
    size_t len = strlen(node);
    const char *digit = len ? node + len - 1 : "0";
    return jx_format("%s/providers/Microsoft.Compute/virtualMachineScaleSets/%s/virtualMachines/%s/"
                     "networkInterfaces/%s/"
                     "ipConfigurations/ipconfig1",
                     SIM_NODE_GROUP_ID, SIM_VMSS, digit, SIM_VMSS);
}

static json_t *node_pool(struct world *world, struct making *making)
{
    json_t *nodes = store_list(world, "", "nodes"), *node, *addresses = json_array(),
           *rules = json_array(), *rule;
    json_t *configurations = json_array();
    size_t i;

    json_array_foreach(nodes, i, node) {
        if (jx_label(node, "node.kubernetes.io/exclude-from-external-load-balancers"))
            continue;
        /* The address is empty here, as Azure shows it for scale sets. */
        json_array_append_new(
            addresses,
            json_pack("{s:o, s:{s:s, s:{s:o}}}", "name",
                      jx_format("%s_%s%zu", SIM_NODE_GROUP, SIM_VMSS, i), "properties", "ipAddress",
                      "", "networkInterfaceIPConfiguration", "id", nic_id(jx_name(node))));
        json_array_append_new(configurations, json_pack("{s:o}", "id", nic_id(jx_name(node))));
    }
    json_array_foreach(making->rules, i, rule)
        json_array_append_new(rules, json_pack("{s:s}", "id", jx_text(rule, "id", "")));
    json_decref(nodes);
    return child(making, "backendAddressPools", "kubernetes",
                 json_pack("{s:o, s:o, s:o}", "loadBalancerBackendAddresses", addresses,
                           "backendIPConfigurations", configurations, "loadBalancingRules", rules));
}

static json_t *load_balancer(struct world *world, const char *name, bool internal)
{
    struct making making = { .name = name,
                             .internal = internal,
                             .frontends = json_array(),
                             .rules = json_array(),
                             .probes = json_array() };

    store_each(world, "", "services", add_service, &making);
    if (internal && json_array_size(making.frontends) == 0) {
        json_decref(making.frontends);
        json_decref(making.rules);
        json_decref(making.probes);
        return NULL; /* there is none until a Service asks for it */
    }
    json_t *pool = node_pool(world, &making);
    return json_pack("{s:s, s:o, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:{s:s, s:o, s:[o], "
                     "s:o, s:o, s:[], s:[], s:[]}}",
                     "name", name, "id", jx_format("%s/loadBalancers/%s", NODE_NETWORK, name),
                     "etag", ETAG, "type", "Microsoft.Network/loadBalancers", "location",
                     SIM_LOCATION, "tags", "aks-managed-cluster-name", SIM_CLUSTER,
                     "aks-managed-cluster-rg", SIM_RESOURCE_GROUP, "sku", "name", "Standard",
                     "tier", "Regional", "properties", "provisioningState", "Succeeded",
                     "frontendIPConfigurations", making.frontends, "backendAddressPools", pool,
                     "loadBalancingRules", making.rules, "probes", making.probes, "inboundNatRules",
                     "inboundNatPools", "outboundRules");
}

json_t *lb_list(struct world *world)
{
    json_t *list = json_pack("[o]", load_balancer(world, "kubernetes", false));
    json_t *internal = load_balancer(world, "kubernetes-internal", true);
    if (internal)
        json_array_append_new(list, internal);
    return list;
}

/* ---- rule health -------------------------------------------------------------------------- */

struct rule_search {
    const char *rule;
    bool internal, found;
    struct lb_port port;
};

static bool find_rule(struct world *world, const json_t *service, void *ctx)
{
    struct rule_search *search = ctx;
    struct lb_port ports[LB_PORTS];

    if (!jx_is(service, "spec.type", "LoadBalancer") ||
        lb_is_internal(service) != search->internal ||
        json_array_size(jx_get(service, "status.loadBalancer.ingress")) == 0)
        return true;
    size_t n = lb_ports(world, service, ports, LB_PORTS);
    for (size_t i = 0; i < n && !search->found; i++)
        if (strcasecmp(ports[i].rule, search->rule) == 0) {
            search->port = ports[i];
            search->found = true;
        }
    return !search->found;
}

json_t *lb_rule_health(struct world *world, const char *load_balancer, const char *rule)
{
    struct rule_search search = {
        .rule = rule, .internal = strcasecmp(load_balancer, "kubernetes-internal") == 0
    };
    json_t *nodes, *node, *rows = json_array();
    int up = 0, down = 0;
    size_t i;

    store_each(world, "", "services", find_rule, &search);
    if (!search.found) {
        json_decref(rows);
        return NULL;
    }
    nodes = store_list(world, "", "nodes");
    json_array_foreach(nodes, i, node) {
        const char *reason;
        if (jx_label(node, "node.kubernetes.io/exclude-from-external-load-balancers"))
            continue;
        bool is_up = lb_node_up(world, &search.port, jx_name(node), &reason);
        up += is_up;
        down += !is_up;
        json_array_append_new(rows,
                              json_pack("{s:s, s:o, s:s, s:s}", "ipAddress", node_ip(node),
                                        "networkInterfaceIPConfigurationId", nic_id(jx_name(node)),
                                        "state", is_up ? "Up" : "Down", "reason", reason));
    }
    json_decref(nodes);
    return json_pack("{s:i, s:i, s:o}", "up", up, "down", down, "loadBalancerBackendAddresses",
                     rows);
}

static json_t *health_result(struct world *world, const struct operation *operation)
{
    char name[128] = "", rule[256] = "";
    const char *at = strcasestr(operation->target, "/loadBalancers/");
    if (!at || sscanf(at + strlen("/loadBalancers/"), "%127[^/]/%*[^/]/%255[^/]", name, rule) != 2)
        return NULL;
    return lb_rule_health(world, name, rule);
}

/* ---- the resource ------------------------------------------------------------------------- */

static void one(struct arm_call *call, size_t at)
{
    json_t *list = lb_list(call->world), *found = NULL, *balancer;
    size_t i;

    json_array_foreach(list, i, balancer)
        if (strcasecmp(jx_text(balancer, "name", ""), call->segment[at + 1]) == 0)
            found = json_incref(balancer);
    json_decref(list);
    if (found)
        reply_json(call->reply, 200, found);
    else
        arm_error(call->reply, 404, "ResourceNotFound",
                  "The Resource 'Microsoft.Network/loadBalancers/%.90s' under resource group "
                  "'%.90s' was not found.",
                  call->segment[at + 1], call->segment[3]);
}

static void rule_health(struct arm_call *call, size_t at)
{
    const char *name = call->segment[at + 1], *rule = call->segment[at + 3];
    char id[1024];
    snprintf(id, sizeof id, "%s/loadBalancers/%.90s/loadBalancingRules/%.200s", NODE_NETWORK, name,
             rule);
    json_t *there = lb_rule_health(call->world, name, rule);

    if (!arm_may(call, "Microsoft.Network/loadBalancers/loadBalancingRules/health/action", id))
        ;
    else if (!there)
        arm_error(call->reply, 404, "NotFound", "The load balancing rule '%.200s' was not found.",
                  rule);
    else
        arm_accept(call, arm_operation(call->world, id, NULL, health_result));
    json_decref(there);
}

void arm_load_balancer(struct arm_call *call, size_t at)
{
    bool get = strcmp(call->request->method, "GET") == 0,
         post = strcmp(call->request->method, "POST") == 0;
    bool here = at >= 6 && strcasecmp(call->segment[3], SIM_NODE_GROUP) == 0;

    if (get && call->segments == at + 1)
        arm_page(call, here || at < 6 ? lb_list(call->world) : json_array());
    else if (get && call->segments == at + 2)
        one(call, at);
    else if (post && call->segments == at + 5 && strcasecmp(call->segment[at + 4], "health") == 0)
        rule_health(call, at);
    else
        arm_error(call->reply, 405, "MethodNotAllowed",
                  "The simulator does not change load balancers over ARM.");
}
