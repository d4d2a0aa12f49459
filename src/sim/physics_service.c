/* Services, endpoints and nodes as a packet meets them: address, load balancer rule, node, pod. */
#include "azure.h"
#include "store.h"
#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_each_in(struct world *world, const char *group, const char *resource, const char *ns,
                   bool (*each)(struct world *, const json_t *, void *), void *ctx)
{
    const struct table *table = store_table_any(world, group, resource);
    char *prefix = format_text("%s/", ns);
    json_t *found = json_array();
    size_t i;
    json_t *object;

    /* Collected first: the callback may write. */
    for (size_t at = table ? table_find(table, prefix) : 0; table && at < table->n; at++) {
        if (!starts_with(table->rows[at].key, prefix))
            break;
        json_array_append(found, table->rows[at].object);
    }
    json_array_foreach(found, i, object)
        if (!each(world, object, ctx))
            break;
    json_decref(found);
    free(prefix);
}

unsigned long long collection_version(struct world *world, const char *group, const char *resource)
{
    struct table *table = store_table_any(world, group, resource);
    if (!table)
        return 1;
    return table->n_events ? table_event(table, table->n_events - 1)->version
                           : table->forgotten + 1;
}

static void add_once(const struct table *table, const json_t *object, json_t *changed, json_t *met)
{
    char *key = format_text("%s/%s", jx_namespace(object), jx_name(object));
    json_t *now = table_get(table, jx_namespace(object), jx_name(object));

    if (now && !json_object_get(met, key)) {
        json_array_append(changed, now);
        json_object_set_new(met, key, json_true());
    }
    free(key);
}

bool store_changes(struct world *world, const char *group, const char *resource, struct seen *seen,
                   json_t *changed, size_t *additions, size_t *deletions)
{
    struct table *table = store_table_any(world, group, resource);
    unsigned long long from = seen->version;

    *additions = *deletions = 0;
    if (!table)
        return true;
    seen->version = store_version(world);
    if (!from || table->forgotten > from)
        return false;
    json_t *met = json_object();
    for (size_t i = table->n_events; i > 0; i--) {
        const struct event *event = table_event(table, i - 1);
        if (event->version <= from)
            break;
        *additions += event->type == EVENT_ADDED;
        *deletions += event->type == EVENT_DELETED;
        if (changed)
            add_once(table, event->object, changed, met);
    }
    json_decref(met);
    return true;
}

/* ---- nodes -------------------------------------------------------------------------------- */

const char *node_ip(const json_t *node)
{
    const json_t *address = jx_find(jx_get(node, "status.addresses"), "type", "InternalIP");
    return jx_text(address, "address", "");
}

/* Nodes that stand behind the load balancers. */
static bool node_takes_traffic(const json_t *node)
{
    const json_t *ready = jx_find(jx_get(node, "status.conditions"), "type", "Ready");
    return !jx_label(node, "node.kubernetes.io/exclude-from-external-load-balancers") &&
           (!ready || jx_is(ready, "status", "True"));
}

/* ---- endpoints ---------------------------------------------------------------------------- */

struct endpoint_walk {
    const char *service, *node, *port_name;
    size_t ready;
    char pod[256]; /* of the first ready one */
    long long port;
};

static bool endpoint_ready(const json_t *endpoint)
{
    return jx_bool(endpoint, "conditions.ready", true) &&
           !jx_bool(endpoint, "conditions.terminating", false);
}

static bool count_slice(struct world *world, const json_t *slice, void *ctx)
{
    struct endpoint_walk *walk = ctx;
    const char *service = jx_label(slice, "kubernetes.io/service-name");
    const json_t *port = NULL;
    size_t i;
    json_t *endpoint;

    (void)world;
    if (!service || strcmp(service, walk->service) != 0)
        return true;
    if (walk->port_name) {
        json_t *one;
        json_array_foreach(json_object_get(slice, "ports"), i, one)
            if (strcmp(jx_text(one, "name", ""), walk->port_name) == 0)
                port = one;
        if (!port)
            return true;
    }
    json_array_foreach(json_object_get(slice, "endpoints"), i, endpoint) {
        if (!endpoint_ready(endpoint) || (walk->node && !jx_is(endpoint, "nodeName", walk->node)))
            continue;
        if (walk->ready++ == 0) {
            snprintf(walk->pod, sizeof walk->pod, "%s", jx_text(endpoint, "targetRef.name", ""));
            walk->port = jx_int(port, "port", 0);
        }
    }
    return true;
}

size_t service_ready(struct world *world, const char *ns, const char *name, const char *node)
{
    struct endpoint_walk walk = { .service = name, .node = node };
    store_each_in(world, "discovery.k8s.io", "endpointslices", ns, count_slice, &walk);
    return walk.ready;
}

json_t *service_port(const json_t *service, int port)
{
    size_t i;
    json_t *one;
    json_array_foreach(jx_get(service, "spec.ports"), i, one)
        if (jx_int(one, "port", 0) == port)
            return one;
    return NULL;
}

/* A pod answers 200 unless its annotation says otherwise: "404", or {"/path": 503, "*": 200}. */
static int pod_status(const json_t *pod, const char *path)
{
    const char *said = jx_annotation(pod, "gatewatch-sim/answer");
    int status = 200;

    if (!said)
        return status;
    if (said[0] != '{')
        return atoi(said);
    json_t *table = json_loads(said, 0, NULL);
    const json_t *entry = json_object_get(table, path);
    if (!entry)
        entry = json_object_get(table, "*");
    if (json_is_integer(entry))
        status = (int)json_integer_value(entry);
    json_decref(table);
    return status;
}

static bool mesh_carries(struct world *world, const json_t *pod);

void service_answer(struct world *world, const char *ns, const char *name, int port,
                    const char *path, struct answer *answer)
{
    const json_t *service = store_get(world, "", "services", ns, name);
    const json_t *described = service_port(service, port);
    struct endpoint_walk walk = { .service = name, .port_name = jx_text(described, "name", "") };

    answer->verdict = VERDICT_ANSWER;
    if (!described) {
        answer->status = 500;
        return;
    }
    store_each_in(world, "discovery.k8s.io", "endpointslices", ns, count_slice, &walk);
    if (walk.ready == 0) {
        answer->status = 503;
        return;
    }
    const json_t *pod = store_get(world, "", "pods", ns, walk.pod);
    if (walk.port == 15021) {
        answer->status = strcmp(path, "/healthz/ready") == 0 ? 200 : 404;
    } else if (pod && !mesh_carries(world, pod)) {
        answer->status = 503;
    } else {
        answer->status = pod_status(pod, path);
        snprintf(answer->body, sizeof answer->body, "%s",
                 jx_annotation(pod, "gatewatch-sim/body") ? jx_annotation(pod, "gatewatch-sim/body")
                                                          : "ok\n");
    }
}

/* ---- ambient ------------------------------------------------------------------------------ */

struct ztunnel_walk {
    const char *node;
    bool any, ready;
};

static bool see_ztunnel(struct world *world, const json_t *pod, void *ctx)
{
    struct ztunnel_walk *walk = ctx;
    const char *app = jx_label(pod, "app");

    (void)world;
    if (app && strcmp(app, "ztunnel") == 0) {
        const json_t *ready = jx_find(jx_get(pod, "status.conditions"), "type", "Ready");
        walk->any = true;
        if (jx_is(pod, "spec.nodeName", walk->node) && jx_is(ready, "status", "True"))
            walk->ready = true;
    }
    return true;
}

/* A captured pod is out of reach while the ztunnel of its node is not ready. */
static bool mesh_carries(struct world *world, const json_t *pod)
{
    const char *captured = jx_annotation(pod, "ambient.istio.io/redirection");
    struct ztunnel_walk walk = { .node = jx_text(pod, "spec.nodeName", "") };

    if (!captured || strcmp(captured, "enabled") != 0)
        return true;
    store_each_in(world, "", "pods", "istio-system", see_ztunnel, &walk);
    return !walk.any || walk.ready;
}

/* ---- addresses ---------------------------------------------------------------------------- */

struct address_walk {
    const char *address;
    int port;
    const json_t *found, *other; /* other: the address without the port */
};

static bool has_address(struct world *world, const json_t *service, void *ctx)
{
    struct address_walk *walk = ctx;

    (void)world;
    if (!jx_is(service, "spec.type", "LoadBalancer") ||
        !jx_find(jx_get(service, "status.loadBalancer.ingress"), "ip", walk->address))
        return true;
    walk->other = service;
    if (service_port(service, walk->port))
        walk->found = service;
    return walk->found == NULL;
}

const json_t *service_at(struct world *world, const char *address, int port)
{
    struct address_walk walk = { .address = address, .port = port };
    store_each(world, "", "services", has_address, &walk);
    return walk.found;
}

struct rotation {
    const json_t *service;
    const struct lb_port *port;
    size_t up, up_and_local, ready;
};

static bool count_node(struct world *world, const json_t *node, void *ctx)
{
    struct rotation *rotation = ctx;

    if (node_takes_traffic(node) && lb_node_up(world, rotation->port, jx_name(node), NULL)) {
        rotation->up++;
        if (service_ready(world, jx_namespace(rotation->service), jx_name(rotation->service),
                          jx_name(node)) > 0)
            rotation->up_and_local++;
    }
    return true;
}

static void gateway_or_pods(struct world *world, const json_t *service,
                            const struct probe_request *request, struct answer *answer)
{
    const char *name = jx_label(service, "gateway.networking.k8s.io/gateway-name");
    const json_t *gateway = name ? store_get(world, "gateway.networking.k8s.io", "gateways",
                                             jx_namespace(service), name)
                                 : NULL;

    if (gateway && request->port != 15021)
        gateway_answer(world, gateway, request, answer);
    else
        service_answer(world, jx_namespace(service), jx_name(service), request->port, request->path,
                       answer);
}

void address_answer(struct world *world, const char *address, const struct probe_request *request,
                    struct answer *answer)
{
    unsigned char bytes[16];
    struct lb_port ports[LB_PORTS];
    struct rotation rotation = { 0 };

    *answer = (struct answer){ .verdict = VERDICT_REFUSED };
    if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1) {
        answer->verdict = VERDICT_DNS;
        return;
    }
    rotation.service = service_at(world, address, request->port);
    if (!rotation.service)
        return;
    size_t n = lb_ports(world, rotation.service, ports, LB_PORTS);
    for (size_t i = 0; i < n; i++)
        if (ports[i].port == request->port)
            rotation.port = &ports[i];
    if (!rotation.port)
        return;
    store_each(world, "", "nodes", count_node, &rotation);
    rotation.ready = service_ready(world, jx_namespace(rotation.service), jx_name(rotation.service),
                                   NULL);
    bool local = jx_is(rotation.service, "spec.externalTrafficPolicy", "Local");
    /* With every node out of rotation a new flow gets no answer at all, not a refusal
     * (azure.md 4.3). */
    if (rotation.up == 0 || (local && rotation.up_and_local == 0)) {
        answer->verdict = VERDICT_TIMEOUT;
        return;
    }
    if (rotation.ready > 0)
        gateway_or_pods(world, rotation.service, request, answer);
}
