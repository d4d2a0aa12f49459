/* Probe B: what the load balancer hears. A node's answer on a nodePort is the gateway's own, for kube-proxy hands the
 * connection to a ready pod; on healthCheckNodePort kube-proxy answers for the node. kubernetes.md 7.3. */
#include "topology_internal.h"

#include <string.h>

/* ---- what Azure really has ------------------------------------------------------------------------------------- */

static const struct lb_probe *probe_by_id(const struct loadbalancer *lb, const char *id)
{
    for (size_t i = 0; lb && i < lb->probes.n; i++)
        if (id_eq(lb->probes.items[i].id, id))
            return &lb->probes.items[i];
    return NULL;
}

static struct lb_plan plan_of_arm(const struct service *s, const struct lb_probe *p)
{
    struct lb_plan plan = { .probed = true, .port = p->port, .interval_s = p->interval_s, .count = p->count,
                            .service_port = -1, .target = TARGET_OTHER };
    plan.protocol = str_eq_nocase(p->protocol, "Http") ? "Http" : str_eq_nocase(p->protocol, "Https") ? "Https" : "Tcp";
    plan.path = str_eq(plan.protocol, "Tcp") ? "" : str_or(p->path, "/");
    if (p->port == LB_KUBE_PROXY || p->port == LB_KUBE_PROXY_AKS)
        plan.target = TARGET_KUBE_PROXY;
    else if (s->health_check_node_port > 0 && p->port == s->health_check_node_port)
        plan.target = TARGET_HEALTH_PORT;
    for (size_t i = 0; i < s->ports.n; i++)
        if (s->ports.items[i].node_port == p->port) {
            plan.target = TARGET_NODE_PORT;
            plan.service_port = (int)i;
        }
    return plan;
}

static bool plans_differ(const struct lb_plan *a, const struct lb_plan *b)
{
    if (a->probed != b->probed)
        return true;
    if (!a->probed)
        return false;
    bool ports = a->port != b->port && !(a->target == TARGET_KUBE_PROXY && b->target == TARGET_KUBE_PROXY);
    return ports || !str_eq(a->protocol, b->protocol) || !str_eq(a->path, b->path);
}

static bool is_basic(const struct loadbalancer *lb)
{
    return lb && str_eq_nocase(lb->sku, "Basic");
}

static bool shared_by_arm(const struct loadbalancer *lb, const struct lb_rule *rule)
{
    return rule && str_ends(rule->probe_id, "/cluster-service-shared-health-probe") && lb;
}

struct lb_plan lb_effective(const struct build *b, const struct topo_service *s, size_t port, enum tri *differs)
{
    const struct loadbalancer *lb = NULL;
    const struct lb_rule *rule = b->what_if ? NULL : lb_rule_of(b, s, s->ports.items[port].port, &lb);
    struct lb_plan derived =
        lb_derive(s->object, port, s->policy, b->shared_probe || shared_by_arm(lb, rule), is_basic(lb));
    *differs = TRI_UNKNOWN;
    if (!rule)
        return derived;
    const struct lb_probe *probe = probe_by_id(lb, rule->probe_id);
    struct lb_plan arm = probe ? plan_of_arm(s->object, probe)
                               : (struct lb_plan){ .protocol = "Tcp", .path = "", .port = -1, .service_port = -1 };
    *differs = plans_differ(&derived, &arm) ? TRI_TRUE : TRI_FALSE;
    return *differs == TRI_TRUE ? arm : derived;
}

/* ---- prediction ------------------------------------------------------------------------------------------------ */

static int ready_in_all(const struct build *b, const struct topo_service *s)
{
    if (!snapshot_knows(b->s, KIND_ENDPOINTSLICE))
        return -1;
    int sum = 0;
    size_t n;
    const struct endpointslice *const *slices =
        route_table_slices(b->t->routes_table, s->object->object.namespace, s->object->object.name, &n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < slices[i]->endpoints.n; k++)
            sum += slices[i]->endpoints.items[k].ready != TRI_FALSE;
    return sum;
}

static struct lb_verdict verdict(enum predicted predicted, int status, const char *why)
{
    return (struct lb_verdict){ .predicted = predicted, .status = status, .why = why };
}

/* What a node with reachable endpoints answers to the plan. `host` is the node's address: that is what a probe sends. */
static struct lb_verdict ask_gateway(const struct build *b, const struct topo_service *s, const struct lb_plan *plan)
{
    if (str_eq(plan->protocol, "Tcp"))
        return verdict(PREDICT_OK, -1, "a gateway pod takes the connection");
    const char *host = s->nodes.n && s->nodes.items[0].ip ? s->nodes.items[0].ip : "10.0.0.1";
    struct lb_verdict v = gateway_answer(b, s, (size_t)plan->service_port, plan->protocol, host, plan->path);
    if (v.status == 200) {          /* exactly 200: no other 2xx, no redirect */
        v.predicted = PREDICT_OK;
    } else if (v.status > 0) {
        v.predicted = predicted_of(v.status);
    }
    return v;
}

struct lb_verdict lb_predict_node(const struct build *b, const struct topo_service *s, const struct lb_plan *plan,
                                      const char *policy, const struct topo_node *node)
{
    if (!plan->probed)
        return verdict(PREDICT_OK, -1, "the rule has no probe: every node stays in rotation");
    int here = node ? node->ready_endpoints : -1, all = ready_in_all(b, s);
    bool local = str_eq(policy, "Local");
    switch (plan->target) {
    case TARGET_KUBE_PROXY:
        return verdict(PREDICT_OK, 200, "kube-proxy answers for the node, whatever the gateway does");
    case TARGET_OTHER:
        return verdict(PREDICT_UNKNOWN, -1, "the probe asks a port that is not the Service's");
    case TARGET_HEALTH_PORT:
        if (here < 0)
            return verdict(PREDICT_UNKNOWN, -1, "the endpoints of the Service are not known");
        return here > 0 ? verdict(PREDICT_OK, 200, "the node has a ready gateway pod")
                        : verdict(PREDICT_503, 503, "no ready gateway pod on the node (by design under Local)");
    case TARGET_NODE_PORT:
        break;
    }
    int reachable = local ? here : all;
    if (reachable == 0)
        return verdict(PREDICT_TIMEOUT, -1, local ? "no ready gateway pod on the node" : "no gateway pod is ready");
    struct lb_verdict v = ask_gateway(b, s, plan);
    if (reachable < 0 && v.predicted == PREDICT_OK)
        return verdict(PREDICT_UNKNOWN, -1, "the endpoints of the Service are not known");
    return v;
}

struct lb_verdict lb_predict_plan(const struct build *b, const struct topo_service *s, const struct lb_plan *plan,
                                     const char *policy)
{
    if (s->nodes.n == 0)
        return lb_predict_node(b, s, plan, policy, NULL);
    struct lb_verdict best = { 0 };
    bool per_node = str_eq(policy, "Local") && plan->probed;
    for (size_t i = 0; i < s->nodes.n; i++) {
        struct lb_verdict v = lb_predict_node(b, s, plan, policy, &s->nodes.items[i]);
        if (i == 0 || v.predicted == PREDICT_OK || best.predicted == PREDICT_UNKNOWN)
            best = v;
        if (best.predicted == PREDICT_OK || !per_node)
            break;
    }
    if (per_node && best.predicted == PREDICT_503 && plan->target == TARGET_HEALTH_PORT)
        best.why = "no node has a ready gateway pod";
    return best;
}

struct lb_verdict lb_predict(const struct build *b, const struct topo_service *s, size_t port, const char *policy)
{
    const struct loadbalancer *lb = NULL;
    const struct lb_rule *rule = lb_rule_of(b, s, s->ports.items[port].port, &lb);
    struct lb_plan plan =
        lb_derive(s->object, port, policy, b->shared_probe || shared_by_arm(lb, rule), is_basic(lb));
    return lb_predict_plan(b, s, &plan, policy);
}
