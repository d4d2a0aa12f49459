#include "shape.h"

/* A targetPort is a number or a name: read twice, each time one reads as absent. */
static const struct field port_fields[] = {
    STRING(struct service_port, name, "name"),
    STRING(struct service_port, protocol, "protocol"),
    STRING(struct service_port, app_protocol, "appProtocol"),
    INT(struct service_port, port, "port"),
    INT(struct service_port, node_port, "nodePort"),
    INT(struct service_port, target_port, "targetPort"),
    STRING(struct service_port, target_name, "targetPort"),
};
static const struct shape shape_port = SHAPE(struct service_port, port_fields);
static const struct field fields[] = {
    STRING(struct service, type, "spec.type"),
    STRING(struct service, external_traffic_policy, "spec.externalTrafficPolicy"),
    STRING(struct service, internal_traffic_policy, "spec.internalTrafficPolicy"),
    INT(struct service, health_check_node_port, "spec.healthCheckNodePort"),
    STRING(struct service, load_balancer_class, "spec.loadBalancerClass"),
    STRING(struct service, session_affinity, "spec.sessionAffinity"),
    TRI(struct service, allocate_node_ports, "spec.allocateLoadBalancerNodePorts"),
    ARRAY(struct service, ports, "spec.ports", shape_port),
    PAIRS(struct service, selector, "spec.selector"),
    STRINGS(struct service, source_ranges, "spec.loadBalancerSourceRanges"),
    ARRAY(struct service, conditions, "status.conditions", shape_condition),
    BOOL(struct service, publish_not_ready, "spec.publishNotReadyAddresses"),
};
static const struct shape shape = SHAPE(struct service, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct service *service = (struct service *)o;
    shape_decode(&shape, json, service, &o->arena);
    if (!*service->type)
        service->type = "ClusterIP";
    for (size_t i = 0; i < service->ports.n; i++)
        if (!*service->ports.items[i].protocol)
            service->ports.items[i].protocol = "TCP";
    const json_t *ingress = json_at(json, "status.loadBalancer.ingress");
    size_t n = json_array_size(ingress);
    if (!n)
        return true;
    service->ingress_ips.items = arena_alloc(&o->arena, n * sizeof *service->ingress_ips.items);
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(ingress, i);
        const char *address = json_word(&o->arena, json_object_get(entry, "ip"));
        if (!*address)
            address = json_word(&o->arena, json_object_get(entry, "hostname"));
        if (*address)
            service->ingress_ips.items[service->ingress_ips.n++] = address;
    }
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct service *service = (const struct service *)o;
    describe_line(d, "Type", "%s", service->type);
    if (*service->external_traffic_policy)
        describe_line(d, "External traffic policy", "%s", service->external_traffic_policy);
    if (service->health_check_node_port > 0)
        describe_line(d, "Health check node port", "%d", service->health_check_node_port);
    for (size_t i = 0; i < service->ingress_ips.n; i++)
        describe_line(d, "Address", "%s", service->ingress_ips.items[i]);
    for (size_t i = 0; i < service->ports.n; i++) {
        const struct service_port *p = &service->ports.items[i];
        describe_line(d, "Port", "%s %d/%s%s%s%s", p->name, p->port, p->protocol, *p->app_protocol ? " (" : "",
                      p->app_protocol, *p->app_protocol ? ")" : "");
    }
    describe_conditions(d, &service->conditions);
}

static const char *const versions[] = {"v1", NULL};
const struct kind kind_service = {
    .name = "Service", .plural = "services", .group = "", .versions = versions, .namespaced = true,
    .size = sizeof(struct service), .decode = decode, .describe = describe,
};
