/* Services of the gateways: traffic policy, health-check port, load balancer probe per port, nodes in rotation. */
#include "../view.h"

#include <ctype.h>
#include <string.h>

static const struct table_column columns[] = {
    {.title = "SERVICE", .min = 14, .weight = 2},
    {.title = "ADDRESS", .min = 9},
    {.title = "POLICY"},
    {.title = "LB PROBE", .min = 16, .weight = 1, .drop = 2},
    {.title = "PREDICTED", .drop = 1},
    {.title = "NODES", .right = true},
    {.title = "SCOPE", .drop = 4},
    {.title = "HC PORT", .right = true, .drop = 5},
    {.title = "POLICY OWNER", .min = 10, .weight = 1, .drop = 6},
    {.title = "GATEWAY", .min = 12, .weight = 1, .drop = 3},
};
enum {
    COL_SERVICE,
    COL_ADDRESS,
    COL_POLICY,
    COL_PROBE,
    COL_PREDICTED,
    COL_NODES,
    COL_SCOPE,
    COL_HC_PORT,
    COL_OWNER,
    COL_GATEWAY
};

static const struct topo_service *at(const struct scene *s, size_t row)
{
    return &s->topo->services.items[row];
}
static size_t count(const struct scene *s)
{
    return s->topo->services.n;
}

static void probe_text(const struct topo_service_port *p, char *out, size_t cap)
{
    char scheme[16];
    str_copy(scheme, sizeof scheme, str_or(p->probe.protocol, "?"));
    for (char *c = scheme; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (!p->probed)
        str_format(out, cap, "%d: none", p->port);
    else
        str_format(out, cap, "%d: %s :%d%s", p->port, scheme, p->probe.port,
                   str_eq(scheme, "tcp") ? "" : str_or(p->probe.path, ""));
}

/* The worst of the ports stands for the Service. */
static const struct topo_service_port *worst_port(const struct topo_service *svc)
{
    const struct topo_service_port *worst = NULL;
    for (size_t i = 0; i < svc->ports.n; i++) {
        const struct topo_service_port *p = &svc->ports.items[i];
        if (p->probed &&
            (!worst || (worst->probe.predicted == PREDICT_OK && p->probe.predicted != PREDICT_OK)))
            worst = p;
    }
    return worst;
}

static void nodes_cell(const struct topo_service *svc, struct table_cell *out)
{
    int in = 0, known = 0;
    for (size_t i = 0; i < svc->nodes.n; i++) {
        in += svc->nodes.items[i].in_rotation == TRI_TRUE;
        known += svc->nodes.items[i].in_rotation != TRI_UNKNOWN;
    }
    if (!known)
        cell_set(out, ROLE_ABSENT, svc->nodes.n ? "?/%zu" : "?", svc->nodes.n);
    else
        cell_set(out, in == 0 ? ROLE_BAD : ROLE_TEXT, "%d/%zu", in, svc->nodes.n);
    out->number = in;
    out->has_number = true;
}

static void cell(const struct scene *s, size_t row, int column, struct table_cell *out)
{
    const struct topo_service *svc = at(s, row);
    const struct topo_service_port *port = worst_port(svc);
    char text[320];
    switch (column) {
    case COL_SERVICE: cell_set(out, ROLE_TEXT, "%s", svc->service); break;
    case COL_ADDRESS:
        join_strings(&svc->addresses, ",", text, sizeof text);
        cell_set(out, svc->addresses.n ? ROLE_TEXT : ROLE_BAD, "%s", svc->addresses.n ? text : "pending");
        break;
    case COL_POLICY:
        cell_set(out, str_eq(svc->policy, "Local") ? ROLE_OK : ROLE_WARN, "%s",
                 str_or(svc->policy, "Cluster"));
        break;
    case COL_PROBE:
        if (port)
            probe_text(port, text, sizeof text);
        else
            str_copy(text, sizeof text, "none");
        cell_set(out, ROLE_TEXT, "%s", text);
        break;
    case COL_PREDICTED:
        if (port)
            cell_set(out, predicted_role(port->probe.predicted), "%s",
                     predicted_text(port->probe.predicted, port->probe.predicted_status, text));
        break;
    case COL_NODES: nodes_cell(svc, out); break;
    case COL_SCOPE:
        cell_set(out, svc->internal == TRI_FALSE ? ROLE_WARN : ROLE_QUIET, "%s",
                 tri_word(svc->internal, "internal", "public"));
        break;
    case COL_HC_PORT:
        cell_set(out, ROLE_QUIET, svc->health_check_node_port > 0 ? "%d" : "", svc->health_check_node_port);
        break;
    case COL_OWNER: cell_set(out, ROLE_QUIET, "%s", str_or(svc->managed_by, "")); break;
    case COL_GATEWAY: cell_set(out, ROLE_QUIET, "%s", str_or(svc->gateway, "not joined")); break;
    default: break;
    }
}

static uint64_t id(const struct scene *s, size_t row)
{
    return table_hash(at(s, row)->service);
}
static bool fault(const struct scene *s, size_t row)
{
    const struct topo_service *svc = at(s, row);
    const struct topo_service_port *port = worst_port(svc);
    return svc->lb_light == LIGHT_DOWN || svc->lb_light == LIGHT_DEGRADED || !svc->addresses.n ||
           (port && port->probe.predicted != PREDICT_OK);
}
static const char *gateway(const struct scene *s, size_t row)
{
    return at(s, row)->gateway;
}

static const struct finding *finding(const struct scene *s, size_t row)
{
    for (size_t i = 0; s->data && s->data->findings && i < s->data->findings->n; i++) {
        const struct finding *f = &s->data->findings->items[i];
        if (str_eq(f->fix, "traffic-policy") && (!f->gateway || str_eq(f->gateway, at(s, row)->gateway)))
            return f;
    }
    return finding_with_fix(s, at(s, row)->gateway);
}

static const char *owner_words(const struct topo_service *svc)
{
    switch (svc->owner) {
    case OWNER_ISTIO: return "Istio's deployment controller renders this Service";
    case OWNER_AKS_ADDON: return "an AKS add-on owns this Service: change it through its overlay ConfigMap";
    case OWNER_OVERLAY: return "an overlay ConfigMap renders this Service";
    case OWNER_USER: return "made by hand";
    }
    return "";
}

static void describe_ports(const struct topo_service *svc, struct doc *d)
{
    char text[320];
    doc_heading(d, "Load balancer probe per port");
    for (size_t i = 0; i < svc->ports.n; i++) {
        const struct topo_service_port *p = &svc->ports.items[i];
        probe_text(p, text, sizeof text);
        doc_add(d, ROLE_TEXT, "%s", text);
        doc_hang(d, 4);
        doc_add(d, ROLE_QUIET, "  (%s%s%s, node port %d)", str_or(p->name, "unnamed"),
                p->app_protocol && *p->app_protocol ? ", appProtocol " : "", str_or(p->app_protocol, ""),
                p->node_port);
        if (p->probed) {
            char predicted[32];
            doc_add(d, predicted_role(p->probe.predicted), "  predicted %s",
                    predicted_text(p->probe.predicted, p->probe.predicted_status, predicted));
            doc_add(d, ROLE_TEXT, ", reported %s", str_or(p->probe.reported, "not known"));
        }
        doc_end(d);
        if (p->probe.why && *p->probe.why) {
            doc_puts(d, ROLE_QUIET, "    ");
            doc_hang(d, 4);
            doc_puts(d, ROLE_QUIET, p->probe.why);
            doc_end(d);
        }
        if (p->arm_differs == TRI_TRUE)
            doc_line(d, ROLE_WARN,
                     "    the load balancer in Azure has another probe than the Service asks for");
    }
}

/* Under Local the load balancer takes the nodes without a gateway pod out: that is how it should be, not a fault. */
static enum light node_light(const struct topo_service *svc, const struct topo_node *n)
{
    if (n->in_rotation == TRI_FALSE)
        return str_eq(svc->policy, "Local") && n->ready_endpoints == 0 ? LIGHT_ABSENT : LIGHT_DOWN;
    return n->in_rotation == TRI_TRUE ? LIGHT_OK : LIGHT_UNKNOWN;
}

static void describe(const struct scene *s, size_t row, struct doc *d)
{
    const struct topo_service *svc = at(s, row);
    char text[512];
    doc_field(d, "Service", ROLE_STRONG, "%s", svc->service);
    join_strings(&svc->addresses, ", ", text, sizeof text);
    doc_field(d, "Address", svc->addresses.n ? ROLE_TEXT : ROLE_BAD, "%s (%s, %s)",
              svc->addresses.n ? text : "pending", str_or(svc->type, "?"),
              tri_word(svc->internal, "internal", "public"));
    doc_field(d, "Traffic policy", ROLE_TEXT, "externalTrafficPolicy %s", str_or(svc->policy, "Cluster"));
    if (svc->health_check_node_port > 0)
        doc_field(d, "Health port", ROLE_TEXT, "%d (healthCheckNodePort)", svc->health_check_node_port);
    doc_field(d, "Field owner", ROLE_TEXT, "%s", str_or(svc->managed_by, "nobody"));
    doc_field(d, "Rendered by", ROLE_TEXT, "%s%s%s", owner_words(svc), svc->overlay ? ": " : "",
              str_or(svc->overlay, ""));
    doc_field(d, "Load balancer", light_role(svc->lb_light), "%s %s%s%s", light_sign(svc->lb_light, s->ascii),
              str_or(svc->lb, "not joined"), svc->lb_frontend ? ", frontend " : "",
              str_or(svc->lb_frontend, ""));
    doc_field(d, "Gateway", ROLE_TEXT, "%s", str_or(svc->gateway, "no Gateway joins"));
    describe_ports(svc, d);
    if (svc->nodes.n)
        doc_heading(d, "Nodes");
    for (size_t i = 0; i < svc->nodes.n; i++) {
        const struct topo_node *n = &svc->nodes.items[i];
        enum light light = node_light(svc, n);
        doc_add(d, light_role(light), "%s ", light_sign(light, s->ascii));
        doc_add(d, ROLE_TEXT, "%s", n->name);
        doc_line(d, ROLE_QUIET, "  %s  %d ready here  %s%s%s", str_or(n->zone, "no zone"), n->ready_endpoints,
                 tri_word(n->in_rotation, "in rotation", "out of rotation"),
                 n->reason && *n->reason ? ": " : "", str_or(n->reason, ""));
    }
}

static bool object(const struct scene *s, size_t row, struct object_name *out)
{
    const struct topo_service *svc = at(s, row);
    if (!svc->object)
        return false;
    *out = (struct object_name){"Service", svc->object->object.namespace, svc->object->object.name};
    return true;
}

const struct list list_services = {
    .title = "Services of gateways",
    .empty = "No gateway's Service was found: no Service carries a Gateway's label or owner.",
    .columns = columns,
    .n_columns = sizeof columns / sizeof *columns,
    .count = count,
    .cell = cell,
    .id = id,
    .fault = fault,
    .describe = describe,
    .object = object,
    .gateway = gateway,
    .finding = finding,
};

/* ---- nodes: of all services, one row per service and node ---------------------------------------------------------------------- */

static const struct table_column node_columns[] = {
    {.title = "NODE", .weight = 2},
    {.title = "LB"},
    {.title = "PODS", .right = true},
    {.title = "ZONE", .drop = 2},
    {.title = "SERVICE", .min = 14, .weight = 1, .drop = 4},
    {.title = "REASON", .min = 16, .weight = 2, .drop = 3},
};
enum { COL_N_NODE, COL_N_IN, COL_N_READY, COL_N_ZONE, COL_N_SERVICE, COL_N_REASON };

static const struct topo_node *node_at(const struct scene *s, size_t row,
                                       const struct topo_service **ret_service)
{
    for (size_t i = 0; i < s->topo->services.n; i++) {
        const struct topo_service *svc = &s->topo->services.items[i];
        if (row < svc->nodes.n) {
            *ret_service = svc;
            return &svc->nodes.items[row];
        }
        row -= svc->nodes.n;
    }
    return NULL;
}

static size_t node_count(const struct scene *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->topo->services.n; i++)
        n += s->topo->services.items[i].nodes.n;
    return n;
}

static void node_cell(const struct scene *s, size_t row, int column, struct table_cell *out)
{
    const struct topo_service *svc;
    const struct topo_node *n = node_at(s, row, &svc);
    if (!n)
        return;
    enum light light = node_light(svc, n);
    switch (column) {
    case COL_N_NODE: cell_set(out, ROLE_TEXT, "%s", n->name); break;
    case COL_N_IN:
        cell_set(out, light_role(light), "%s %s", light_sign(light, s->ascii),
                 tri_word(n->in_rotation, "in", "out"));
        break;
    case COL_N_READY:
        cell_number(out, n->ready_endpoints ? ROLE_TEXT : ROLE_QUIET, n->ready_endpoints);
        break;
    case COL_N_ZONE: cell_set(out, ROLE_QUIET, "%s", str_or(n->zone, "")); break;
    case COL_N_SERVICE: cell_set(out, ROLE_QUIET, "%s", str_or(short_name(svc->service), "")); break;
    case COL_N_REASON: cell_set(out, ROLE_QUIET, "%s", str_or(n->reason, "")); break;
    default: break;
    }
}

static uint64_t node_id(const struct scene *s, size_t row)
{
    const struct topo_service *svc = NULL;
    const struct topo_node *n = node_at(s, row, &svc);
    return n ? hash_of(svc->service, n->name, NULL, NULL) : 1;
}

static bool node_fault(const struct scene *s, size_t row)
{
    const struct topo_service *svc;
    const struct topo_node *n = node_at(s, row, &svc);
    return n && node_light(svc, n) == LIGHT_DOWN;
}

static void node_describe(const struct scene *s, size_t row, struct doc *d)
{
    const struct topo_service *svc;
    const struct topo_node *n = node_at(s, row, &svc);
    if (!n)
        return;
    doc_field(d, "Node", ROLE_STRONG, "%s", n->name);
    doc_field(d, "Address", ROLE_TEXT, "%s", n->ip);
    doc_field(d, "Zone", ROLE_TEXT, "%s", n->zone);
    doc_field(d, "Of Service", ROLE_TEXT, "%s", svc->service);
    doc_field(d, "Gateway pods", ROLE_TEXT, "%d ready here", n->ready_endpoints);
    doc_field(d, "In rotation", n->in_rotation == TRI_FALSE ? ROLE_BAD : ROLE_TEXT, "%s%s%s",
              tri_word(n->in_rotation, "yes", "no"), n->reason && *n->reason ? ": " : "",
              str_or(n->reason, ""));
}

static bool node_object(const struct scene *s, size_t row, struct object_name *out)
{
    const struct topo_service *svc;
    const struct topo_node *n = node_at(s, row, &svc);
    if (!n)
        return false;
    *out = (struct object_name){"Node", "", n->name};
    return true;
}

const struct list list_nodes = {
    .title = "Nodes behind the load balancer",
    .empty = "No nodes are known.",
    .columns = node_columns,
    .n_columns = sizeof node_columns / sizeof *node_columns,
    .count = node_count,
    .cell = node_cell,
    .id = node_id,
    .fault = node_fault,
    .describe = node_describe,
    .object = node_object,
};

static void draw(struct scene *s, struct rect r);
static const struct list *const lists[] = {&list_services, &list_nodes};
const struct view view_services = {
    .name = "services",
    .title = "Services",
    .help = "Services of the gateways: traffic policy, health-check port, what the load balancer probes, "
            "nodes in rotation.",
    .order = 5,
    .lists = lists,
    .n_lists = 2,
    .draw = draw,
};
static void draw(struct scene *s, struct rect r)
{
    size_t nodes = node_count(s);
    if (r.h >= 20 && nodes) {
        struct rect below =
            rect_take_bottom(&r, (int)(nodes + 2 < (size_t)r.h / 3 ? nodes + 2 : (size_t)r.h / 3));
        rect_take_bottom(&r, 1);
        draw_list(s, &view_services, 1, below);
    }
    draw_list_and_detail(s, &view_services, 0, r);
}
