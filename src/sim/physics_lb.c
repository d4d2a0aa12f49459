/* The load balancer in front of the nodes: which probe cloud-provider-azure makes for which Service
 * port, and which nodes it keeps in rotation. Source: reference azure.md 4.2 to 4.4.
 */
#include "azure.h"
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANNOTATION "service.beta.kubernetes.io/"

static const char *annotation(const json_t *service, const char *name)
{
    char key[256];
    snprintf(key, sizeof key, ANNOTATION "%s", name);
    const char *value = jx_annotation(service, key);
    return value && *value ? value : NULL;
}

static const char *port_annotation(const json_t *service, long long port, const char *name)
{
    char key[200];
    snprintf(key, sizeof key, "port_%lld_%s", port, name);
    return annotation(service, key);
}

static bool yes(const char *value)
{
    return value && strcasecmp(value, "true") == 0;
}

bool lb_is_internal(const json_t *service)
{
    return yes(annotation(service, "azure-load-balancer-internal"));
}

/* "a" and the UID without dashes, cut to 32 characters; the subnet's name behind it where one is
 * asked for. */
void lb_prefix(const json_t *service, char out[120])
{
    const char *subnet = annotation(service, "azure-load-balancer-internal-subnet");
    char compact[33] = "a";
    size_t n = 1;

    for (const char *at = jx_uid(service); *at && n < 32; at++)
        if (*at != '-')
            compact[n++] = *at;
    compact[n] = '\0';
    if (subnet && lb_is_internal(service))
        snprintf(out, 120, "%.80s-%.30s", compact, subnet);
    else
        snprintf(out, 120, "%s", compact);
}

/* ---- probe selection (4.3) ---------------------------------------------------------------- */

static int number(const char *text, int otherwise, int least)
{
    int value = text ? atoi(text) : otherwise;
    return value < least ? otherwise : value;
}

static const char *first_of(const char *a, const char *b)
{
    return a ? a : b;
}

/* A probe port annotation names a service port by name or number, whose nodePort is meant; else it
 * is meant literally. */
static int meant_port(const json_t *service, const char *text)
{
    size_t i;
    json_t *port;
    json_array_foreach(jx_get(service, "spec.ports"), i, port)
        if (jx_is(port, "name", text) || jx_int(port, "port", 0) == atoi(text))
            return (int)jx_int(port, "nodePort", 0);
    return atoi(text);
}

static const char *probe_protocol(const json_t *service, const json_t *port)
{
    const char *own = port_annotation(service, jx_int(port, "port", 0), "health-probe_protocol");
    const char *word = first_of(
        own, first_of(jx_str(port, "appProtocol"),
                      annotation(service, "azure-load-balancer-health-probe-protocol")));
    if (word && strcasecmp(word, "http") == 0)
        return "Http";
    return word && strcasecmp(word, "https") == 0 ? "Https" : "Tcp";
}

static void pace(const json_t *service, long long port, struct lb_probe *probe)
{
    probe->interval = number(
        first_of(port_annotation(service, port, "health-probe_interval"),
                 annotation(service, "azure-load-balancer-health-probe-interval")),
        5, 5);
    probe->count = number(
        first_of(port_annotation(service, port, "health-probe_num-of-probe"),
                 annotation(service, "azure-load-balancer-health-probe-num-of-probe")),
        2, 2);
    if (probe->interval * probe->count >= 120)
        probe->interval = 5, probe->count = 2;
}

static void node_port_probe(const json_t *service, const json_t *port, const char *wanted,
                            struct lb_port *out)
{
    long long number_of = jx_int(port, "port", 0);
    const char *path = first_of(
        port_annotation(service, number_of, "health-probe_request-path"),
        annotation(service, "azure-load-balancer-health-probe-request-path"));

    snprintf(out->probe.name, sizeof out->probe.name, "%s", out->rule);
    out->probe.protocol = probe_protocol(service, port);
    out->probe.port = wanted ? meant_port(service, wanted) : (int)jx_int(port, "nodePort", 0);
    if (strcmp(out->probe.protocol, "Tcp") != 0)
        snprintf(out->probe.path, sizeof out->probe.path, "%s", path ? path : "/");
    pace(service, number_of, &out->probe);
}

static void choose_probe(struct world *world, const json_t *service, const json_t *port,
                         const char *prefix, struct lb_port *out)
{
    long long number_of = jx_int(port, "port", 0),
              health = jx_int(service, "spec.healthCheckNodePort", 0);
    bool local = jx_is(service, "spec.externalTrafficPolicy", "Local") && health > 0;
    const char *wanted = port_annotation(service, number_of, "health-probe_port");
    bool udp = strcmp(out->protocol, "Udp") == 0;

    out->probe.protocol = NULL;
    if (yes(port_annotation(service, number_of, "no_probe_rule")))
        return;
    if (azure_of(world)->shared_lb_probe && !local) {
        out->probe = (struct lb_probe){ .name = "cluster-service-shared-health-probe",
                                        .protocol = "Http",
                                        .path = "/healthz",
                                        .port = 10256,
                                        .interval = 5,
                                        .count = 2 };
    } else if (local && (!wanted || udp)) {
        snprintf(out->probe.name, sizeof out->probe.name, "%s-TCP-%lld", prefix, health);
        out->probe.protocol = "Http";
        snprintf(out->probe.path, sizeof out->probe.path, "/healthz");
        out->probe.port = (int)health;
        pace(service, health, &out->probe);
    } else if (!udp) {
        node_port_probe(service, port, wanted, out);
    }
}

size_t lb_ports(struct world *world, const json_t *service, struct lb_port *out, size_t room)
{
    char prefix[120];
    size_t n = 0, i;
    json_t *port;
    bool floating = !yes(annotation(service, "azure-disable-load-balancer-floating-ip"));

    lb_prefix(service, prefix);
    json_array_foreach(jx_get(service, "spec.ports"), i, port) {
        long long number_of = jx_int(port, "port", 0);
        if (n == room || yes(port_annotation(service, number_of, "no_lb_rule")))
            continue;
        struct lb_port *one = &out[n++];
        const char *protocol = jx_text(port, "protocol", "TCP");
        *one = (struct lb_port){ .port = (int)number_of,
                                 .floating = floating,
                                 .backend_port = (int)(floating ? number_of
                                                                : jx_int(port, "nodePort", 0)),
                                 .protocol = strcmp(protocol, "UDP") == 0 ? "Udp" : "Tcp" };
        snprintf(one->rule, sizeof one->rule, "%s-%s-%lld", prefix, protocol, number_of);
        choose_probe(world, service, port, prefix, one);
    }
    return n;
}

/* ---- what a node answers ------------------------------------------------------------------ */

struct node_port_walk {
    int node_port;
    const json_t *service, *port;
};

static bool holds_node_port(struct world *world, const json_t *service, void *ctx)
{
    struct node_port_walk *walk = ctx;
    size_t i;
    json_t *port;

    (void)world;
    json_array_foreach(jx_get(service, "spec.ports"), i, port)
        if (jx_int(port, "nodePort", 0) == walk->node_port) {
            walk->service = service;
            walk->port = port;
        }
    return walk->service == NULL;
}

static const char *http_reason(int status)
{
    return status == 200 ? "Up_Probe_Success" : "Down_Probe_HttpStatusCodeError";
}

static const char *gateway_reason(struct world *world, const json_t *service,
                                  const struct lb_probe *probe, const json_t *node, int port)
{
    const char *name = jx_label(service, "gateway.networking.k8s.io/gateway-name");
    const json_t *gateway = store_get(world, "gateway.networking.k8s.io", "gateways",
                                      jx_namespace(service), name);
    struct probe_request request = { .scheme = strcmp(probe->protocol, "Https") == 0 ? "https"
                                                                                     : "http",
                                     .host = node_ip(node),
                                     .path = probe->path,
                                     .port = port,
                                     .sni = "" };
    struct answer answer;

    gateway_answer(world, gateway, &request, &answer);
    if (answer.verdict == VERDICT_ANSWER)
        return http_reason(answer.status);
    return "Down_Probe_HttpEndpointUnreachable";
}

/* The probe's outcome at one node, in the words of the rule health API (4.4). */
static const char *probe_reason(struct world *world, const json_t *service,
                                const struct lb_probe *probe, const json_t *node)
{
    struct node_port_walk walk = { .node_port = probe->port };
    bool tcp = strcmp(probe->protocol, "Tcp") == 0;
    struct answer answer = { .verdict = VERDICT_ANSWER };

    if (probe->port == 10256)
        return "Up_Probe_Success";
    if (jx_is(service, "spec.externalTrafficPolicy", "Local") &&
        jx_int(service, "spec.healthCheckNodePort", 0) == probe->port)
        return http_reason(
            service_ready(world, jx_namespace(service), jx_name(service), jx_name(node)) ? 200
                                                                                         : 503);
    store_each(world, "", "services", holds_node_port, &walk);
    if (!walk.service)
        return tcp ? "Down_Probe_TcpProbeTimeout" : "Down_Probe_HttpEndpointUnreachable";
    bool local = jx_is(walk.service, "spec.externalTrafficPolicy", "Local");
    const char *ns = jx_namespace(walk.service), *name = jx_name(walk.service);
    if (service_ready(world, ns, name, local ? jx_name(node) : NULL) == 0)
        return "Down_Probe_TcpProbeTimeout";
    if (tcp)
        return "Up_Probe_Success";
    int port = (int)jx_int(walk.port, "port", 0);
    if (jx_label(walk.service, "gateway.networking.k8s.io/gateway-name") && port != 15021)
        return gateway_reason(world, walk.service, probe, node, port);
    service_answer(world, ns, name, port, probe->path, &answer);
    return http_reason(answer.status);
}

/* ---- rotation ----------------------------------------------------------------------------- */

static struct node_probe *node_probe(struct world *world, const char *probe, const char *node,
                                     bool make)
{
    struct azure *azure = azure_of(world);
    char key[512];

    snprintf(key, sizeof key, "%s@%s", probe, node);
    for (struct node_probe *one = azure->node_probes; one; one = one->next)
        if (strcmp(one->key, key) == 0)
            return one;
    if (!make)
        return NULL;
    struct node_probe *one = xcalloc(1, sizeof *one);
    *one = (struct node_probe){ .key = xstrdup(key), .reason = "NA", .next = azure->node_probes };
    azure->node_probes = one;
    return one;
}

bool lb_node_up(struct world *world, const struct lb_port *port, const char *node,
                const char **reason)
{
    const char *unused;
    if (!reason)
        reason = &unused;
    if (!port->probe.protocol) {
        *reason = "NA";
        return true;
    }
    const struct node_probe *one = node_probe(world, port->probe.name, node, false);
    *reason = one ? one->reason : "NA";
    return one && one->up;
}

/* `settled`: the world is being set up, and this has been so for long. */
static void run(struct world *world, const json_t *service, const struct lb_probe *probe,
                const json_t *node, bool settled)
{
    struct node_probe *one = node_probe(world, probe->name, jx_name(node), true);
    double now = world_now(world);

    one->seen = true;
    if (one->next_at > now)
        return;
    one->next_at = now + probe->interval;
    const char *reason = probe_reason(world, service, probe, node);
    bool good = strncmp(reason, "Up_", 3) == 0;
    one->streak = good ? (one->streak > 0 ? one->streak + 1 : 1)
                       : (one->streak < 0 ? one->streak - 1 : -1);
    bool decided = settled || abs(one->streak) >= probe->count;
    if (decided)
        one->up = good;
    one->known = one->known || decided;
    if (good == one->up)
        one->reason = reason;
    else
        one->reason = good ? "Down_Probe_ApproachingHealthyThreshold"
                           : "Up_Probe_ApproachingUnhealthyThreshold";
}

struct tick {
    const json_t *service;
    const struct lb_probe *probe;
    bool settled;
};

static bool tick_node(struct world *world, const json_t *node, void *ctx)
{
    struct tick *tick = ctx;
    run(world, tick->service, tick->probe, node, tick->settled);
    return true;
}

static bool tick_service(struct world *world, const json_t *service, void *ctx)
{
    struct lb_port ports[LB_PORTS];
    struct tick *tick = ctx;

    if (!jx_is(service, "spec.type", "LoadBalancer") ||
        json_array_size(jx_get(service, "status.loadBalancer.ingress")) == 0)
        return true;
    size_t n = lb_ports(world, service, ports, LB_PORTS);
    for (size_t i = 0; i < n; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || strcmp(ports[k].probe.name, ports[i].probe.name) == 0;
        if (!ports[i].probe.protocol || again)
            continue;
        tick->service = service;
        tick->probe = &ports[i].probe;
        store_each(world, "", "nodes", tick_node, tick);
    }
    return true;
}

void lb_tick(struct world *world)
{
    struct azure *azure = azure_of(world);
    struct tick tick = { .settled = !azure->started };
    unsigned long long version = collection_version(world, "", "services") +
                                 collection_version(world, "", "nodes");

    /* Twenty ticks a second, thousands of Services: look only when something is due or may be new.
     */
    if (azure->started && azure->lb_version == version && world_now(world) < azure->lb_next)
        return;
    azure->lb_version = version;
    azure->lb_next = 1e18;
    for (struct node_probe *one = azure->node_probes; one; one = one->next)
        one->seen = false;
    store_each(world, "", "services", tick_service, &tick);
    for (struct node_probe **at = &azure->node_probes; *at;) {
        struct node_probe *one = *at;
        if (!one->seen) { /* its probe or node is gone */
            *at = one->next;
            free(one->key);
            free(one);
        } else {
            if (one->next_at < azure->lb_next)
                azure->lb_next = one->next_at;
            at = &one->next;
        }
    }
}
