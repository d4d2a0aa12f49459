/* Probes: prober A is Application Gateway, prober B the load balancer. What each sends, what the objects predict, what is
 * reported. */
#include "../view.h"

#include <ctype.h>
#include <string.h>

static const struct table_column columns[] = {
    {.title = "PROBER", .group = true},
    {.title = "SENDS", .min = 34, .weight = 3},
    {.title = "PREDICTED"},
    {.title = "REPORTED", .min = 9},
    {.title = "SERVED BY", .min = 18, .weight = 2, .drop = 3},
    {.title = "EVERY", .right = true, .drop = 5},
    {.title = "FAILS AT", .right = true, .drop = 6},
    {.title = "ACCEPTS", .drop = 4},
    {.title = "PROBE", .min = 16, .drop = 7},
    {.title = "SERVICE", .min = 20, .drop = 8},
};
enum {
    COL_PROBER,
    COL_SENDS,
    COL_PREDICTED,
    COL_REPORTED,
    COL_SERVED,
    COL_EVERY,
    COL_THRESHOLD,
    COL_ACCEPTS,
    COL_NAME,
    COL_SERVICE
};

/* Rows: prober A's first, then B's, each in the topology's order. */
const struct topo_probe *probe_of_row(const struct scene *s, size_t row)
{
    for (int prober = PROBER_APPGW; prober <= PROBER_LB; prober++)
        for (size_t i = 0; i < s->topo->probes.n; i++)
            if ((int)s->topo->probes.items[i].prober == prober && row-- == 0)
                return &s->topo->probes.items[i];
    return NULL;
}

static const struct topo_probe *at(const struct scene *s, size_t row)
{
    return probe_of_row(s, row);
}

static size_t count(const struct scene *s)
{
    return s->topo->probes.n;
}

static bool reports_health(const struct topo_probe *p)
{
    return p->reported && (str_eq_nocase(p->reported, "Healthy") || strncasecmp(p->reported, "Up", 2) == 0);
}

/* Of the load balancer: some nodes down may be just what the objects ask for (policy Local, nodes without a pod). */
static bool reported_fine(const struct topo_probe *p)
{
    return reports_health(p) || (p->prober == PROBER_LB && p->predicted == PREDICT_OK && !p->disagrees);
}

/* Azure's machine words are long and alike at their beginning: "Down_Probe_HttpStatusCodeError" reads "Down: HTTP status".
 * The details show the word as it is. */
static const char *reported_words(const char *wire, char *out, size_t cap)
{
    static const struct {
        const char *wire, *words;
    } known[] = {
        {"Down_Probe_HttpStatusCodeError", "Down: HTTP status"},
        {"Down_Probe_HttpEndpointUnreachable", "Down: refused"},
        {"Down_Probe_HttpNoResponse", "Down: no answer"},
        {"Down_Probe_TcpProbeTimeout", "Down: TCP timeout"},
        {"Down_Probe_ApproachingHealthyThreshold", "Down: recovering"},
        {"Down_Probe_NoHealthyBackend", "Down: no backend"},
        {"Up_Probe_Success", "Up"},
        {"Up_Probe_ApproachingUnhealthyThreshold", "Up: last failed"},
        {"Up_Probe_AllDownIsUp", "Up: all are down"},
        {"NA", "not probed yet"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(wire, known[i].wire))
            return known[i].words;
    /* "1 up, 2 down (Down_Probe_HttpStatusCodeError)": the reason is for the details. */
    const char *reason = wire ? strstr(wire, " (") : NULL;
    str_format(out, cap, "%.*s", reason ? (int)(reason - wire) : 100, str_or(wire, "unknown"));
    return out;
}

/* The path first: it is what a route answers or does not, and what must not be cut away. */
static void sends(const struct topo_probe *p, char *out, size_t cap)
{
    char scheme[16];
    str_copy(scheme, sizeof scheme, str_or(p->protocol, "http"));
    for (char *c = scheme; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (str_eq(scheme, "tcp") || str_eq(scheme, "tls"))
        str_format(out, cap, "%s connect :%d", scheme, p->port);
    else if (p->prober == PROBER_LB)
        str_format(out, cap, "GET %s  %s :%d of every node", str_or(p->path, "/"), scheme, p->port);
    else
        str_format(out, cap, "GET %s  %s :%d Host %s", str_or(p->path, "/"), scheme, p->port,
                   str_or(p->host, "?"));
}

static void served(const struct topo_probe *p, char *out, size_t cap)
{
    if (p->served_by.route)
        str_format(out, cap, "%s rule %d%s%s", p->served_by.route, p->served_by.rule,
                   p->served_by.backend ? " → " : "", str_or(p->served_by.backend, ""));
    else
        str_copy(out, cap, p->prober == PROBER_APPGW && p->predicted == PREDICT_404 ? "no route" : "");
}

static void cell(const struct scene *s, size_t row, int column, struct table_cell *out)
{
    const struct topo_probe *p = at(s, row);
    char text[320];
    switch (column) {
    case COL_PROBER:
        cell_set(out, ROLE_TEXT, p->prober == PROBER_APPGW ? "A App Gateway" : "B Load balancer");
        break;
    case COL_SENDS:
        sends(p, text, sizeof text);
        cell_set(out, ROLE_TEXT, "%s", text);
        break;
    case COL_PREDICTED:
        cell_set(out, predicted_role(p->predicted), "%s",
                 predicted_text(p->predicted, p->predicted_status, text));
        break;
    case COL_REPORTED:
        cell_set(out,
                 !p->reported     ? ROLE_UNKNOWN :
                 reported_fine(p) ? ROLE_OK :
                                    ROLE_BAD,
                 "%s%s", reported_words(p->reported, text, sizeof text),
                 p->disagrees ? (s->ascii ? " !=" : " ≠") : "");
        break;
    case COL_SERVED:
        served(p, text, sizeof text);
        cell_set(out, p->served_by.route ? ROLE_QUIET : ROLE_WARN, "%s", text);
        break;
    case COL_EVERY: cell_set(out, ROLE_QUIET, p->interval_s < 0 ? "" : "%ds", p->interval_s); break;
    case COL_THRESHOLD: cell_set(out, ROLE_QUIET, p->threshold < 0 ? "" : "%d", p->threshold); break;
    case COL_ACCEPTS:
        join_strings(&p->accepted, ",", text, sizeof text);
        cell_set(out, ROLE_QUIET, "%s", text);
        break;
    case COL_NAME: cell_set(out, ROLE_QUIET, "%s", p->default_probe ? "default" : str_or(p->name, "")); break;
    case COL_SERVICE: cell_set(out, ROLE_QUIET, "%s", str_or(p->service, "")); break;
    default: break;
    }
}

static uint64_t id(const struct scene *s, size_t row)
{
    const struct topo_probe *p = at(s, row);
    char port[16];
    str_format(port, sizeof port, "%d", p->port);
    return hash_of(p->prober == PROBER_APPGW ? "a" : "b",
                   p->prober == PROBER_APPGW ? p->settings : p->service, port,
                   p->prober == PROBER_APPGW ? p->address : p->path);
}

static bool fault(const struct scene *s, size_t row)
{
    const struct topo_probe *p = at(s, row);
    return p->predicted != PREDICT_OK || (p->reported && !reported_fine(p)) || p->disagrees;
}

static const char *gateway(const struct scene *s, size_t row)
{
    return at(s, row)->gateway;
}

static const struct finding *finding(const struct scene *s, size_t row)
{
    enum hop hop = at(s, row)->prober == PROBER_LB ? HOP_LB : HOP_ROUTE;
    const struct finding *any = NULL;
    for (size_t i = 0; s->data && s->data->findings && i < s->data->findings->n; i++) {
        const struct finding *f = &s->data->findings->items[i];
        if (f->gateway && !str_eq(f->gateway, at(s, row)->gateway))
            continue;
        if (f->fix && f->hop == (int)hop)
            return f;
        any = any ? any : f->fix ? f : NULL;
    }
    return any;
}

static void describe_answer(const struct topo_probe *p, struct doc *d)
{
    const struct route_answer *a = &p->answer;
    if (!a->gateway)
        return;
    doc_heading(d, "How the gateway answers it");
    doc_field(d, "Listener", a->listener ? ROLE_TEXT : ROLE_BAD, "%s",
              a->listener ? a->listener->name : "none takes this port, protocol and host");
    if (p->served_by.route)
        doc_field(d, "Route", ROLE_TEXT, "%s, rule %d", p->served_by.route, p->served_by.rule);
    else
        doc_field(d, "Route", ROLE_BAD, "none matches: the gateway answers 404");
    if (p->served_by.backend)
        doc_field(d, "Backend", ROLE_TEXT, "%s", p->served_by.backend);
    if (a->ambiguous)
        doc_field(d, "Ambiguous", ROLE_WARN, "the order rests on something that implementations differ in");
    if (a->note && *a->note)
        doc_field(d, "Note", ROLE_QUIET, "%s", a->note);
}

static void describe(const struct scene *s, size_t row, struct doc *d)
{
    const struct topo_probe *p = at(s, row);
    char text[320];
    (void)s;
    doc_field(d, "Prober", ROLE_TEXT,
              p->prober == PROBER_APPGW ? "A: Application Gateway, every instance on its own clock" :
                                          "B: the load balancer, of every node");
    sends(p, text, sizeof text);
    doc_field(d, "Sends", ROLE_STRONG, "%s", text);
    doc_field(d, "To", ROLE_TEXT, "%s",
              p->prober == PROBER_APPGW ? p->address : "every node of the backend pool");
    doc_field(d, "Predicted", predicted_role(p->predicted), "%s%s%s",
              predicted_text(p->predicted, p->predicted_status, text), p->prediction_why ? ": " : "",
              str_or(p->prediction_why, ""));
    doc_field(d, "Reported", reported_fine(p) ? ROLE_OK : ROLE_TEXT, "%s",
              str_or(p->reported, "not reported"));
    if (p->disagrees)
        doc_field(d, "", ROLE_WARN,
                  "prediction and report differ: the change is not yet probed, or something else answers");
    join_strings(&p->accepted, ", ", text, sizeof text);
    doc_field(d, "Accepts", ROLE_TEXT, "%s", p->accepted.n ? text : "a connection");
    if (p->interval_s > 0 && p->timeout_s > 0)
        doc_field(d, "Clock", ROLE_TEXT, "every %d s, timeout %d s, unhealthy after %d in a row",
                  p->interval_s, p->timeout_s, p->threshold);
    else if (p->interval_s > 0)
        doc_field(d, "Clock", ROLE_TEXT, "every %d s, unhealthy after %d in a row", p->interval_s,
                  p->threshold);
    doc_field(d, "Probe", ROLE_TEXT, "%s%s", str_or(p->name, "?"),
              p->default_probe ? " (Application Gateway's own: sends Host 127.0.0.1)" : "");
    if (p->prober == PROBER_APPGW) {
        doc_field(d, "Settings", ROLE_TEXT, "%s", p->settings);
        doc_field(d, "Pool", ROLE_TEXT, "%s", p->pool);
    }
    doc_field(d, "Service", ROLE_TEXT, "%s", str_or(p->service, "no hop joins"));
    doc_field(d, "Gateway", ROLE_TEXT, "%s", str_or(p->gateway, "no hop joins"));
    describe_answer(p, d);
}

static bool object(const struct scene *s, size_t row, struct object_name *out)
{
    const struct topo_probe *p = at(s, row);
    const struct topo_service *service = p->service ? topology_service(s->topo, p->service) : NULL;
    if (!service || !service->object)
        return false;
    *out = (struct object_name){"Service", service->object->object.namespace, service->object->object.name};
    return true;
}

const struct list list_probes = {
    .title = "Probes",
    .empty = "No probes: neither an Application Gateway nor a gateway's Service is known.",
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

static void draw(struct scene *s, struct rect r);
static const struct list *const lists[] = {&list_probes};
const struct view view_probes = {
    .name = "probes",
    .title = "Probes",
    .help = "Both probers: what each sends, what the objects predict, what Azure reports.",
    .order = 3,
    .lists = lists,
    .n_lists = 1,
    .draw = draw,
};
static void draw(struct scene *s, struct rect r)
{
    draw_list_and_detail(s, &view_probes, 0, r);
}
