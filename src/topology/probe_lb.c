/* Probe B: what the Azure load balancer asks of each node, as cloud-provider-azure derives it (azure.md 4.3). */
#include "topology_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- derivation ------------------------------------------------------------------------------------------------ */

static const char *annotation(const struct service *s, const char *key)
{
    char full[200];
    str_format(full, sizeof full, AZURE_ANNOTATION "%s", key);
    const char *value = pairs_get(&s->object.annotations, full);
    return value && *value ? value : NULL;
}

static const char *port_annotation(const struct service *s, int port, const char *key)
{
    char name[120];
    str_format(name, sizeof name, "port_%d_%s", port, key);
    return annotation(s, name);
}

static bool is_true(const char *value)
{
    return value && !strcasecmp(value, "true");
}

static const char *probe_protocol(const struct service *s, const struct service_port *p, bool basic)
{
    const char *word = port_annotation(s, p->port, "health-probe_protocol");
    if (!word && *p->app_protocol)
        word = p->app_protocol;     /* wins over the Service-wide annotation */
    if (!word)
        word = annotation(s, "azure-load-balancer-health-probe-protocol");
    if (word && !strcasecmp(word, "http"))
        return "Http";
    if (word && !strcasecmp(word, "https") && !basic)
        return "Https";
    return "Tcp";                   /* http2, grpc, kubernetes.io/h2c and everything else too */
}

static int number(const struct service *s, int port, const char *key, const char *global, int otherwise, int least)
{
    int64_t value = otherwise;
    const char *word = port_annotation(s, port, key);
    if (!word)
        word = annotation(s, global);
    if (word && !str_to_int(word, 0, 1000000, &value))
        value = otherwise;
    return value < least ? least : (int)value;
}

static void set_times(struct lb_plan *plan, const struct service *s, int port)
{
    plan->interval_s = number(s, port, "health-probe_interval", "azure-load-balancer-health-probe-interval", 5, 5);
    plan->count = number(s, port, "health-probe_num-of-probe", "azure-load-balancer-health-probe-num-of-probe", 2, 2);
}

/* A port as the annotation names it: a Service port by name or number means its nodePort, another number itself. */
static void set_port(struct lb_plan *plan, const struct service *s, const char *word)
{
    int64_t n = -1;
    str_to_int(word, 1, 65535, &n);
    for (size_t i = 0; i < s->ports.n; i++)
        if (str_eq(s->ports.items[i].name, word) || s->ports.items[i].port == n) {
            plan->target = TARGET_NODE_PORT;
            plan->service_port = (int)i;
            plan->port = s->ports.items[i].node_port;
            return;
        }
    plan->target = TARGET_OTHER;
    plan->port = (int)n;
}

struct lb_plan lb_derive(const struct service *s, size_t port, const char *policy, bool shared, bool basic)
{
    const struct service_port *p = &s->ports.items[port];
    struct lb_plan plan = { .probed = true, .protocol = "Http", .path = "/healthz", .service_port = -1 };
    bool local = str_eq(policy, "Local");
    bool tcp = !*p->protocol || str_eq_nocase(p->protocol, "TCP");
    if (is_true(port_annotation(s, p->port, "no_probe_rule")) || is_true(port_annotation(s, p->port, "no_lb_rule")))
        return (struct lb_plan){ .protocol = "Tcp", .path = "", .port = -1, .service_port = -1 };
    if (shared && !local) {
        plan.target = TARGET_KUBE_PROXY;
        plan.port = LB_KUBE_PROXY;
        set_times(&plan, s, p->port);
        return plan;
    }
    const char *named = tcp ? port_annotation(s, p->port, "health-probe_port") : NULL;
    bool proxied = is_true(annotation(s, "azure-pls-create")) && is_true(annotation(s, "azure-pls-proxy-protocol"));
    if (!named && local && !proxied) {
        plan.target = TARGET_HEALTH_PORT;
        plan.port = s->health_check_node_port > 0 ? s->health_check_node_port : -1;
        set_times(&plan, s, plan.port);
        return plan;
    }
    if (!tcp)
        return (struct lb_plan){ .protocol = "Tcp", .path = "", .port = -1, .service_port = -1 };
    plan.target = TARGET_NODE_PORT;
    plan.service_port = (int)port;
    plan.port = p->node_port;
    if (named)
        set_port(&plan, s, named);
    plan.protocol = probe_protocol(s, p, basic);
    plan.path = "";
    if (!str_eq(plan.protocol, "Tcp")) {
        plan.path = port_annotation(s, p->port, "health-probe_request-path");
        if (!plan.path)
            plan.path = annotation(s, "azure-load-balancer-health-probe-request-path");
        plan.path = plan.path ? plan.path : "/";
    }
    set_times(&plan, s, p->port);
    return plan;
}
