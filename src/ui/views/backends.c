/* Backends: one row per pool, settings and server, as Application Gateway reports them. */
#include "../view.h"

#include <string.h>

static const struct table_column columns[] = {
    {.title = "HEALTH"},
    {.title = "POOL", .min = 14, .weight = 1},
    {.title = "SETTINGS", .min = 14, .weight = 1},
    {.title = "SERVER", .min = 15},
    {.title = "SINCE", .right = true, .drop = 4},
    {.title = "NEXT", .right = true, .drop = 6, .group = true},
    {.title = "CAUSE", .min = 8, .drop = 3},
    {.title = "GATEWAY", .min = 26, .drop = 7},
    {.title = "PROBE LOG", .min = 30, .weight = 4, .drop = 5},
};
enum { COL_HEALTH, COL_POOL, COL_SETTINGS, COL_SERVER, COL_SINCE, COL_NEXT, COL_CAUSE, COL_GATEWAY, COL_LOG };

static const struct topo_backend *at(const struct scene *s, size_t row)
{
    return &s->topo->backends.items[row];
}

static size_t count(const struct scene *s)
{
    return s->topo->backends.n;
}

/* Seconds to the next probe, from the age of the last report; -1 when not known. Probes keep their own clock: "about". */
static int next_probe(const struct scene *s, const struct topo_backend *b)
{
    if (b->interval_s <= 0 || b->from_metrics || !s->snapshot)
        return -1;
    for (size_t i = 0; i < s->topo->appgws.n; i++) {
        const struct topo_appgw *gw = &s->topo->appgws.items[i];
        if (!str_eq(gw->name, b->appgw) || gw->health_age_ms < 0)
            continue;
        int64_t age = gw->health_age_ms + s->mono_ms - s->snapshot->mono_ms;
        int in = b->interval_s - (int)(age / 1000 % b->interval_s);
        return in < 10 ? 10 : in / 10 * 10;
    }
    return -1;
}

static void health_cell(const struct scene *s, const struct topo_backend *b, struct table_cell *cell)
{
    const char *word =
        b->health == HEALTH_DEGRADING ? "Degrading" : str_or(b->wire_health, health_name(b->health));
    cell_set(cell, health_role(b->health), "%s %s%s", health_sign(b->health, s->ascii), word,
             b->from_metrics ? " (metrics)" : "");
    cell->number = b->health == HEALTH_DOWN ? 0 : b->health == HEALTH_UP ? 9 : 1 + (int)b->health;
    cell->has_number = true;
}

static void cause_cell(const struct topo_backend *b, struct table_cell *cell)
{
    bool fine = b->cause == CAUSE_OK || b->cause == CAUSE_NONE;
    if (b->cause == CAUSE_HTTP_STATUS && b->http_status > 0)
        cell_set(cell, ROLE_TEXT, "HTTP %d", b->http_status);
    else
        cell_set(cell, fine ? ROLE_QUIET : ROLE_TEXT, "%s",
                 b->cause == CAUSE_NONE ? "" : probe_cause_name(b->cause));
}

static void cell(const struct scene *s, size_t row, int column, struct table_cell *out)
{
    const struct topo_backend *b = at(s, row);
    char age[16];
    switch (column) {
    case COL_HEALTH: health_cell(s, b, out); break;
    case COL_POOL: cell_set(out, ROLE_TEXT, "%s", b->pool); break;
    case COL_SETTINGS: cell_set(out, ROLE_TEXT, "%s", b->settings); break;
    case COL_SERVER: cell_set(out, ROLE_TEXT, "%s", b->address); break;
    case COL_SINCE:
        cell_set(out, ROLE_QUIET, "%s", since_text(s, b->since_wall_ms, age));
        out->number = -b->since_wall_ms;
        out->has_number = true;
        break;
    case COL_NEXT: {
        int in = next_probe(s, b);
        cell_set(out, ROLE_QUIET, in < 0 ? "" : "~%ds", in);
        break;
    }
    case COL_CAUSE: cause_cell(b, out); break;
    case COL_GATEWAY:
        cell_set(out, b->gateway ? ROLE_QUIET : ROLE_WARN, "%s", str_or(b->gateway, "not joined"));
        break;
    case COL_LOG: cell_set(out, ROLE_QUIET, "%s", str_or(b->log, "")); break;
    default: break;
    }
}

static uint64_t id(const struct scene *s, size_t row)
{
    const struct topo_backend *b = at(s, row);
    return hash_of(b->appgw, b->pool, b->settings, b->address);
}

static bool fault(const struct scene *s, size_t row)
{
    return at(s, row)->health != HEALTH_UP;
}

static const char *gateway(const struct scene *s, size_t row)
{
    return at(s, row)->gateway;
}

static const struct finding *finding(const struct scene *s, size_t row)
{
    const struct topo_backend *b = at(s, row);
    for (size_t i = 0; s->data && s->data->findings && i < s->data->findings->n; i++) {
        const struct finding *f = &s->data->findings->items[i];
        if (!f->folded && ((b->gateway && str_eq(f->gateway, b->gateway)) ||
                           str_eq(f->subject.name, b->pool) || str_eq(f->subject.name, b->settings)))
            return f;
    }
    return NULL;
}

static void describe_probe(const struct scene *s, const struct topo_backend *b, struct doc *d)
{
    if (b->probe_index < 0 || (size_t)b->probe_index >= s->topo->probes.n)
        return;
    const struct topo_probe *p = &s->topo->probes.items[b->probe_index];
    char text[32];
    doc_field(d, "Probe", ROLE_TEXT, "%s%s: GET %s, %s port %d, Host %s, every %ds", str_or(p->name, "probe"),
              p->default_probe ? " (default)" : "", str_or(p->path, "/"), str_or(p->protocol, "http"),
              p->port, str_or(p->host, "?"), p->interval_s);
    doc_field(d, "Predicted", predicted_role(p->predicted), "%s%s%s",
              predicted_text(p->predicted, p->predicted_status, text), p->prediction_why ? ": " : "",
              str_or(p->prediction_why, ""));
    if (p->disagrees)
        doc_field(d, "", ROLE_WARN, "what is reported differs from what the objects predict");
}

static void describe(const struct scene *s, size_t row, struct doc *d)
{
    const struct topo_backend *b = at(s, row);
    char age[16], list[512];
    const char *since = since_text(s, b->since_wall_ms, age);
    doc_field(d, "Health", health_role(b->health), "%s %s%s%s", health_sign(b->health, s->ascii),
              b->health == HEALTH_DEGRADING ? "Degrading: reported healthy, last probe failed" :
                                              str_or(b->wire_health, "Unknown"),
              *since ? ", for " : "", since);
    doc_field(d, "Probe log", ROLE_TEXT, "%s", b->log);
    if (b->cause != CAUSE_NONE && b->cause != CAUSE_OK) {
        const char *step = NULL;
        int status = -1;
        probe_log_classify(b->log, &status, &step);
        doc_field(d, "Cause", ROLE_TEXT, "%s", probe_cause_name(b->cause));
        if (step && *step)
            doc_field(d, "What to do", ROLE_TEXT, "%s", step);
    }
    describe_probe(s, b, d);
    doc_field(d, "Server", ROLE_TEXT, "%s", b->address);
    doc_field(d, "Pool", ROLE_TEXT, "%s", b->pool);
    doc_field(d, "Settings", ROLE_TEXT, "%s", b->settings);
    join_strings(&b->listeners, ", ", list, sizeof list);
    doc_field(d, "Listeners", ROLE_TEXT, "%s", list);
    doc_field(d, "Service", ROLE_TEXT, "%s",
              str_or(b->service, "no Service of this cluster has this address"));
    doc_field(d, "Gateway", ROLE_TEXT, "%s", str_or(b->gateway, "no Gateway joins"));
    doc_field(d, "App Gateway", ROLE_TEXT, "%s", b->appgw);
    if (b->from_metrics)
        doc_field(d, "Source", ROLE_WARN, "metrics stand in: the health report may not be read");
}

static bool object(const struct scene *s, size_t row, struct object_name *out)
{
    const struct topo_backend *b = at(s, row);
    if (!b->appgw_object)
        return false;
    *out = (struct object_name){"ApplicationGateway",
                                ((const struct object *)(const void *)b->appgw_object)->namespace, b->appgw};
    return true;
}

const struct list list_backends = {
    .title = "Backends",
    .empty = "No backends: no Application Gateway was found, or its pools are empty. `:sources` says what "
             "was read.",
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
static const struct list *const lists[] = {&list_backends};
const struct view view_backends = {
    .name = "backends",
    .title = "Backends",
    .help = "What Application Gateway says of each server: pool, settings, server, health, last probe.",
    .order = 2,
    .lists = lists,
    .n_lists = 1,
    .draw = draw,
};
static void draw(struct scene *s, struct rect r)
{
    draw_list_and_detail(s, &view_backends, 0, r);
}
