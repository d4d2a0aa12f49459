/* What the API server adds to an object before it stores it: defaults and allocations. */
#include "kube.h"
#include "kube_schema.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define NODE_PORT_FIRST 30000
#define NODE_PORTS 2768

static const char *spec_text(const json_t *object, const char *field)
{
    return json_string_value(json_object_get(json_object_get(object, "spec"), field));
}

/* ---- Services -------------------------------------------------------------------------------- */

static bool exposes_nodes(const char *type)
{
    return same_text(type, "LoadBalancer") || same_text(type, "NodePort");
}

static void mark_ports(const json_t *service, bool used[NODE_PORTS])
{
    const json_t *spec = json_object_get(service, "spec");
    json_int_t health = json_integer_value(json_object_get(spec, "healthCheckNodePort"));
    json_t *port;
    size_t i;

    if (health >= NODE_PORT_FIRST && health < NODE_PORT_FIRST + NODE_PORTS)
        used[health - NODE_PORT_FIRST] = true;
    json_array_foreach(json_object_get(spec, "ports"), i, port) {
        json_int_t n = json_integer_value(json_object_get(port, "nodePort"));

        if (n >= NODE_PORT_FIRST && n < NODE_PORT_FIRST + NODE_PORTS)
            used[n - NODE_PORT_FIRST] = true;
    }
}

static void find_used_ports(const struct table *table, const json_t *service, bool used[NODE_PORTS])
{
    memset(used, 0, NODE_PORTS * sizeof *used);
    for (size_t i = 0; i < table->n; i++)
        if (exposes_nodes(spec_text(table->rows[i].object, "type")))
            mark_ports(table->rows[i].object, used);
    mark_ports(service, used);
}

static json_t *take_port(struct world *world, bool used[NODE_PORTS])
{
    for (unsigned tries = 0; tries < 10 * NODE_PORTS; tries++) {
        /* Scattered like the real allocator's, but the same in every run. */
        unsigned slot =
            (unsigned)(world->store->next_port = world->store->next_port * 1103515245u + 12345u) /
            65536u % NODE_PORTS;

        if (!used[slot]) {
            used[slot] = true;
            return json_integer(NODE_PORT_FIRST + (int)slot);
        }
    }
    return json_integer(0);
}

static void service_ports(struct world *world, struct table *table, json_t *service, json_t *spec,
                          const json_t *before)
{
    const json_t *old_ports = json_object_get(json_object_get(before, "spec"), "ports");
    const char *type = spec_text(service, "type");
    bool nodes = exposes_nodes(type) &&
                 !json_is_false(json_object_get(spec, "allocateLoadBalancerNodePorts"));
    bool used[NODE_PORTS], searched = false;
    json_t *port;
    size_t i;

    json_array_foreach(json_object_get(spec, "ports"), i, port) {
        json_t *number = json_object_get(port, "port"), *old = NULL, *candidate;
        size_t k;

        if (!nodes) {
            if (!exposes_nodes(type))
                json_object_del(port, "nodePort");
            continue;
        }
        json_array_foreach((json_t *)old_ports, k, candidate)
            if (json_equal(json_object_get(candidate, "port"), number) &&
                json_equal(json_object_get(candidate, "protocol"),
                           json_object_get(port, "protocol")))
                old = json_object_get(candidate, "nodePort");
        if (json_integer_value(json_object_get(port, "nodePort")))
            continue;
        if (!searched)
            find_used_ports(table, service, used);
        searched = true;
        json_object_set_new(port, "nodePort",
                            old && json_integer_value(old) ? json_incref(old)
                                                           : take_port(world, used));
    }
}

static void service_health_port(struct world *world, struct table *table, json_t *service,
                                json_t *spec)
{
    bool balanced = same_text(spec_text(service, "type"), "LoadBalancer"), used[NODE_PORTS];

    if (!balanced || !same_text(spec_text(service, "externalTrafficPolicy"), "Local")) {
        json_object_del(spec, "healthCheckNodePort");
    } else if (!json_integer_value(json_object_get(spec, "healthCheckNodePort"))) {
        find_used_ports(table, service, used);
        json_object_set_new(spec, "healthCheckNodePort", take_port(world, used));
    }
}

static void service_address(struct world *world, json_t *service, json_t *spec,
                            const json_t *before)
{
    const json_t *old = json_object_get(json_object_get(before, "spec"), "clusterIP");
    const char *ip = spec_text(service, "clusterIP");

    if (same_text(spec_text(service, "type"), "ExternalName"))
        return;
    if (!ip || !*ip) {
        unsigned n = ++world->store->next_address;

        /* 172.20.0.0/16, beside the node and pod networks of the reference environment. */
        json_object_set_new(spec, "clusterIP",
                            old ? json_incref((json_t *)old)
                                : json_sprintf("172.20.%u.%u", n / 250 % 256, n % 250 + 2));
    }
    json_object_set_new(spec, "clusterIPs", json_pack("[O]", json_object_get(spec, "clusterIP")));
    if (!json_object_get(spec, "ipFamilies"))
        json_object_set_new(spec, "ipFamilies", json_pack("[s]", "IPv4"));
    if (!json_object_get(spec, "ipFamilyPolicy"))
        json_object_set_new(spec, "ipFamilyPolicy", json_string("SingleStack"));
}

static void default_service(json_t *service)
{
    json_t *spec = json_object_get(service, "spec"), *port;
    const char *type = spec_text(service, "type");
    size_t i;

    if (!spec)
        return;
    if (!json_object_get(spec, "internalTrafficPolicy") && !same_text(type, "ExternalName"))
        json_object_set_new(spec, "internalTrafficPolicy", json_string("Cluster"));
    if (same_text(type, "LoadBalancer") && !json_object_get(spec, "allocateLoadBalancerNodePorts"))
        json_object_set_new(spec, "allocateLoadBalancerNodePorts", json_true());
    if (exposes_nodes(type) && !json_object_get(spec, "externalTrafficPolicy"))
        json_object_set_new(spec, "externalTrafficPolicy", json_string("Cluster"));
    json_array_foreach(json_object_get(spec, "ports"), i, port)
        if (!json_object_get(port, "targetPort") && json_object_get(port, "port"))
            json_object_set(port, "targetPort", json_object_get(port, "port"));
}

static void allocate_service(struct world *world, struct table *table, json_t *service,
                             const json_t *before)
{
    json_t *spec = json_object_get(service, "spec");

    if (!spec)
        return;
    service_address(world, service, spec, before);
    service_ports(world, table, service, spec, before);
    service_health_port(world, table, service, spec);
    if (!json_object_get(service, "status"))
        json_object_set_new(service, "status", json_pack("{s:{}}", "loadBalancer"));
}

/* ---- others ---------------------------------------------------------------------------------- */

static void default_namespace(json_t *object)
{
    json_t *meta = json_object_get(object, "metadata"), *labels = json_object_get(meta, "labels");

    if (!json_is_object(labels)) {
        labels = json_object();
        json_object_set_new(meta, "labels", labels);
    }
    json_object_set(labels, "kubernetes.io/metadata.name", json_object_get(meta, "name"));
}

static void allocate_namespace(json_t *object)
{
    if (!json_object_get(object, "spec"))
        json_object_set_new(object, "spec", json_pack("{s:[s]}", "finalizers", "kubernetes"));
    if (!json_object_get(object, "status"))
        json_object_set_new(object, "status", json_pack("{s:s}", "phase", "Active"));
}

/* Without a tag, or with `latest`, an image is pulled always. */
static void default_images(json_t *pod_spec)
{
    static const char *const lists[] = {"containers", "initContainers"};
    json_t *container;
    size_t i;

    for (size_t k = 0; k < 2; k++)
        json_array_foreach(json_object_get(pod_spec, lists[k]), i, container) {
            const char *image = json_string_value(json_object_get(container, "image"));
            const char *slash = image ? strrchr(image, '/') : NULL, *tag;

            tag = image ? strchr(slash ? slash : image, ':') : NULL;
            if (image && !strchr(image, '@') && (!tag || !strcmp(tag, ":latest")) &&
                !json_object_get(container, "imagePullPolicy"))
                json_object_set_new(container, "imagePullPolicy", json_string("Always"));
        }
}

static void default_deployment(json_t *object)
{
    json_t *strategy = json_object_get(json_object_get(object, "spec"), "strategy");

    if (same_text(json_string_value(json_object_get(strategy, "type")), "RollingUpdate") &&
        !json_object_get(strategy, "rollingUpdate"))
        json_object_set_new(strategy, "rollingUpdate",
                            json_pack("{s:s, s:s}", "maxUnavailable", "25%", "maxSurge", "25%"));
}

static void allocate_definition(struct world *world, json_t *object)
{
    json_t *names = json_object_get(json_object_get(object, "spec"), "names");
    char *now;

    if (json_object_get(json_object_get(object, "status"), "conditions") || !names)
        return;
    now = world_time(world);
    json_object_set_new(object, "status",
                        json_pack("{s:[{s:s, s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s, s:s}], s:O}",
                                  "conditions", "type", "NamesAccepted", "status", "True", "reason",
                                  "NoConflicts", "message", "no conflicts found",
                                  "lastTransitionTime", now, "type", "Established", "status",
                                  "True", "reason", "InitialNamesAccepted", "message",
                                  "the initial names have been accepted", "lastTransitionTime", now,
                                  "acceptedNames", names));
    free(now);
}

static json_t *pending(const char *type)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", type, "status", "Unknown", "reason",
                     "Pending", "message", "Waiting for controller", "lastTransitionTime",
                     "1970-01-01T00:00:00Z");
}

/* The status that the CRDs give before any controller has acted. */
static void allocate_gateway_status(json_t *object, bool gateway)
{
    json_t *list;

    if (json_object_get(json_object_get(object, "status"), "conditions"))
        return;
    list = json_array();
    json_array_append_new(list, pending("Accepted"));
    if (gateway)
        json_array_append_new(list, pending("Programmed"));
    if (!json_object_get(object, "status"))
        json_object_set_new(object, "status", json_object());
    json_object_set_new(json_object_get(object, "status"), "conditions", list);
}

/* Parts that a stored object still holds are not ours to change. */
static void own_parts(json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
        if (value->refcount > 1 && (json_is_object(value) || json_is_array(value)))
            json_object_set_new(object, key, json_deep_copy(value));
}

json_t *kube_default(struct table *table, json_t *object)
{
    const char *resource = table->kind->resource;
    json_t *spec;

    own_parts(object);
    spec = json_object_get(object, "spec");
    if (!strcmp(resource, "pods"))
        default_images(spec);
    else if (!strcmp(table->kind->group, "apps"))
        default_images(json_object_get(json_object_get(spec, "template"), "spec"));
    schema_default(schema_of(table->kind), object);
    if (table->kind->namespaced && !*meta_text(object, "namespace"))
        json_object_set_new(json_object_get(object, "metadata"), "namespace",
                            json_string("default"));
    if (!strcmp(resource, "services"))
        default_service(object);
    else if (!strcmp(resource, "namespaces"))
        default_namespace(object);
    else if (!strcmp(resource, "deployments"))
        default_deployment(object);
    return object;
}

void kube_allocate(struct world *world, struct table *table, json_t *object, const json_t *before)
{
    const char *resource = table->kind->resource;
    bool gateway_api = !strcmp(table->kind->group, "gateway.networking.k8s.io");

    if (!strcmp(resource, "services"))
        allocate_service(world, table, object, before);
    else if (!strcmp(resource, "namespaces"))
        allocate_namespace(object);
    else if (!strcmp(resource, "customresourcedefinitions"))
        allocate_definition(world, object);
    else if (gateway_api && (!strcmp(resource, "gateways") || !strcmp(resource, "gatewayclasses")))
        allocate_gateway_status(object, !strcmp(resource, "gateways"));
    else if (!strcmp(table->kind->group, "apps") && !json_object_get(object, "status"))
        json_object_set_new(object, "status", json_object());
}
