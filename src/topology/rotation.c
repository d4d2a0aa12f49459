/* Which nodes the load balancer keeps in rotation: as Azure reports it per rule, else as predicted. */
#include "topology_internal.h"

#include <string.h>

/* ---- reports --------------------------------------------------------------------------------------------------- */

static const struct rulehealth *report_of(const struct build *b, const struct topo_service *s, int port)
{
    const struct lb_rule *rule = b->what_if ? NULL : lb_rule_of(b, s, port, NULL);
    return rule ? (const struct rulehealth *)snapshot_find_uid(b->s, KIND_RULEHEALTH, rule->id) : NULL;
}

static const char *report_text(struct build *b, const struct rulehealth *h)
{
    const char *up = NULL, *down = NULL;
    for (size_t i = 0; i < h->nodes.n; i++) {
        bool is_up = str_eq_nocase(h->nodes.items[i].state, "Up");
        const char *reason = str_or(h->nodes.items[i].reason, h->nodes.items[i].state);
        if (is_up && !up)
            up = reason;
        else if (!is_up && !down)
            down = reason;
    }
    if (up && down)
        return arena_printf(b->arena, "%d up, %d down (%s)", h->up, h->down, down);
    return up ? up : down;
}

enum tri lb_node_in(const struct build *b, const struct topo_service *s, size_t port, const struct topo_node *node,
                    const char **ret_reason)
{
    const struct rulehealth *h = report_of(b, s, s->ports.items[port].port);
    for (size_t i = 0; h && node->ip && i < h->nodes.n; i++)
        if (str_eq(h->nodes.items[i].ip, node->ip)) {
            *ret_reason = h->nodes.items[i].reason;
            return str_eq_nocase(h->nodes.items[i].state, "Up") ? TRI_TRUE : TRI_FALSE;
        }
    const struct node *object = (const struct node *)snapshot_find(b->s, KIND_NODE, "", node->name);
    if (object && object->ready == TRI_FALSE) {
        *ret_reason = "the node is not ready";
        return TRI_UNKNOWN;
    }
    enum tri differs;
    struct lb_plan plan = lb_effective(b, s, port, &differs);
    struct lb_verdict v = lb_predict_node(b, s, &plan, s->policy, node);
    *ret_reason = v.why;
    if (v.predicted == PREDICT_OK)
        return TRI_TRUE;
    bool by_design = str_eq(s->policy, "Local") && node->ready_endpoints == 0;
    if (!by_design && topology_port_proven(b->t, s, s->ports.items[port].port)) {
        *ret_reason = "predicted to be out, but Application Gateway's probe comes through";
        return TRI_UNKNOWN;
    }
    return v.predicted == PREDICT_UNKNOWN ? TRI_UNKNOWN : TRI_FALSE;
}

enum tri lb_port_in(const struct build *b, const struct topo_service *s, size_t port)
{
    const struct rulehealth *h = report_of(b, s, s->ports.items[port].port);
    if (h && h->up >= 0 && h->up + (h->down > 0 ? h->down : 0) > 0)
        return h->up > 0 ? TRI_TRUE : TRI_FALSE;
    const struct topo_lb_probe *p = &s->ports.items[port].probe;
    if (!s->ports.items[port].probed)
        return TRI_TRUE;
    return p->predicted == PREDICT_OK ? TRI_TRUE : p->predicted == PREDICT_UNKNOWN ? TRI_UNKNOWN : TRI_FALSE;
}

/* ---- filling in ------------------------------------------------------------------------------------------------ */

static const char *short_route(struct build *b, const struct route_answer *a)
{
    return a->route ? full_name(b->arena, a->route->object.namespace, a->route->object.name) : NULL;
}

static void add_probe_row(struct build *b, const struct topo_service *s, const struct topo_service_port *port,
                          const struct lb_plan *plan, const struct lb_verdict *v)
{
    const struct lb_rule *rule = b->what_if ? NULL : lb_rule_of(b, s, port->port, NULL);
    struct topo_probe *p = PUSH(b->arena, b->t->probes);
    *p = (struct topo_probe){ .prober = PROBER_LB, .protocol = plan->protocol, .path = *plan->path ? plan->path : NULL,
                              .port = plan->port, .interval_s = plan->interval_s, .timeout_s = -1,
                              .threshold = plan->count, .service = s->service, .gateway = s->gateway };
    p->name = rule ? rule->name : arena_printf(b->arena, "%s:%d", s->service, port->port);
    p->host = s->nodes.n ? s->nodes.items[0].ip : NULL;
    if (!str_eq(plan->protocol, "Tcp"))
        strings_push(b->arena, &p->accepted, "200");
    p->predicted = v->predicted;
    p->predicted_status = v->status > 0 ? v->status : -1;
    p->prediction_why = v->why;
    p->answer = v->answer;
    p->served_by.rule = v->answer.rule;
    p->served_by.route = short_route(b, &v->answer);
    if (v->answer.backend_ref)
        p->served_by.backend = v->answer.backend_ref->ref.name;
    p->reported = port->probe.reported;
    enum tri in = lb_port_in(b, s, (size_t)(port - s->ports.items));
    p->disagrees = p->reported && p->predicted != PREDICT_UNKNOWN && (p->predicted == PREDICT_OK) != (in == TRI_TRUE);
}

void build_lb_probes(struct build *b)
{
    for (size_t i = 0; i < b->t->services.n; i++) {
        struct topo_service *s = &b->t->services.items[i];
        if (!str_eq(s->type, "LoadBalancer"))
            continue;
        for (size_t k = 0; k < s->ports.n; k++) {
            struct topo_service_port *port = &s->ports.items[k];
            struct lb_plan plan = lb_effective(b, s, k, &port->arm_differs);
            struct lb_verdict v = lb_predict_plan(b, s, &plan, s->policy);
            const struct rulehealth *h = report_of(b, s, port->port);
            port->probed = plan.probed;
            port->probe = (struct topo_lb_probe){ .protocol = plan.protocol, .path = *plan.path ? plan.path : NULL,
                                                  .port = plan.port, .predicted = v.predicted,
                                                  .predicted_status = v.status > 0 ? v.status : -1, .why = v.why,
                                                  .reported = h ? report_text(b, h) : NULL };
            if (plan.probed)
                add_probe_row(b, s, port, &plan, &v);
        }
    }
}

/* Without a backend that comes through this Service, all ports but Envoy's own status port count. */
static bool port_counts(const struct topology *t, const struct topo_service *s, size_t port)
{
    bool any = false;
    for (size_t i = 0; i < t->backends.n && !any; i++)
        any = str_eq(t->backends.items[i].service, s->service);
    int number = s->ports.items[port].port;
    return any ? topology_port_used(t, s, number) : number != STATUS_PORT;
}

static enum light rotation_light(const struct topo_service *s)
{
    if (!str_eq(s->type, "LoadBalancer"))
        return LIGHT_ABSENT;
    if (s->addresses.n == 0)
        return LIGHT_DOWN;
    size_t in = 0, out = 0, by_design = 0;
    for (size_t i = 0; i < s->nodes.n; i++) {
        const struct topo_node *n = &s->nodes.items[i];
        in += n->in_rotation == TRI_TRUE;
        out += n->in_rotation == TRI_FALSE;
        by_design += n->in_rotation == TRI_FALSE && str_eq(s->policy, "Local") && n->ready_endpoints == 0;
    }
    if (in == 0)
        return out > 0 && out == s->nodes.n ? LIGHT_DOWN : LIGHT_UNKNOWN;
    return out > by_design ? LIGHT_DEGRADED : LIGHT_OK;
}

void build_rotation(struct build *b)
{
    for (size_t i = 0; i < b->t->services.n; i++) {
        struct topo_service *s = &b->t->services.items[i];
        if (!str_eq(s->type, "LoadBalancer")) {
            s->lb_light = LIGHT_ABSENT;
            continue;
        }
        for (size_t n = 0; n < s->nodes.n; n++) {
            struct topo_node *node = &s->nodes.items[n];
            bool known = true, counted = false;
            node->in_rotation = TRI_UNKNOWN;
            for (size_t k = 0; k < s->ports.n && node->in_rotation != TRI_FALSE; k++) {
                if (!port_counts(b->t, s, k))
                    continue;
                const char *reason = NULL;
                enum tri in = lb_node_in(b, s, k, node, &reason);
                known &= in != TRI_UNKNOWN;
                counted = true;
                node->reason = reason;
                if (in == TRI_FALSE)
                    node->in_rotation = TRI_FALSE;
            }
            if (node->in_rotation != TRI_FALSE && counted && known)
                node->in_rotation = TRI_TRUE;
        }
        s->lb_light = rotation_light(s);
    }
}
