/* Routes by tenant: parents and their conditions, hostnames, paths, backends and their readiness. */
#include "../view.h"

#include <string.h>

/* ---- tenants ------------------------------------------------------------------------------------------------------------- */

static const struct table_column tenant_columns[] = {
    {.title = "TENANT", .min = 10, .weight = 2},
    {.title = "ROUTES", .right = true},
    {.title = "FAULTY", .right = true},
    {.title = "NAMESPACES", .min = 10, .weight = 1, .drop = 2},
};
enum { COL_T_NAME, COL_T_ROUTES, COL_T_BAD, COL_T_NAMESPACES };

static const struct topo_tenant *tenant_at(const struct scene *s, size_t row)
{
    return &s->topo->tenants.items[row];
}
static size_t tenant_count(const struct scene *s)
{
    return s->topo->tenants.n;
}

static void tenant_cell(const struct scene *s, size_t row, int column, struct table_cell *out)
{
    const struct topo_tenant *t = tenant_at(s, row);
    char text[320];
    switch (column) {
    case COL_T_NAME:
        cell_set(out, t->light == LIGHT_OK ? ROLE_TEXT : light_role(t->light), "%s %s%s",
                 light_sign(t->light, s->ascii), t->name, t->platform ? " (platform)" : "");
        break;
    case COL_T_ROUTES: cell_number(out, ROLE_TEXT, (int64_t)t->n_routes); break;
    case COL_T_BAD: cell_number(out, t->n_bad ? ROLE_BAD : ROLE_QUIET, (int64_t)t->n_bad); break;
    case COL_T_NAMESPACES:
        join_strings(&t->namespaces, ", ", text, sizeof text);
        cell_set(out, ROLE_QUIET, "%s", text);
        break;
    default: break;
    }
}

static uint64_t tenant_id(const struct scene *s, size_t row)
{
    return table_hash(tenant_at(s, row)->name);
}
static bool tenant_fault(const struct scene *s, size_t row)
{
    return tenant_at(s, row)->light != LIGHT_OK;
}

static void tenant_describe(const struct scene *s, size_t row, struct doc *d)
{
    const struct topo_tenant *t = tenant_at(s, row);
    char text[1024];
    doc_field(d, "Tenant", ROLE_STRONG, "%s", t->name);
    doc_field(d, "State", light_role(t->light), "%s %s", light_sign(t->light, s->ascii),
              light_word(t->light));
    doc_field(d, "Kind", ROLE_TEXT, "%s%s", t->platform ? "the platform's own" : "tenant",
              t->capsule ? ", a Capsule Tenant" : "");
    doc_field(d, "Routes", t->n_bad ? ROLE_BAD : ROLE_TEXT, "%zu, %zu not healthy", t->n_routes, t->n_bad);
    join_strings(&t->namespaces, ", ", text, sizeof text);
    doc_field(d, "Namespaces", ROLE_TEXT, "%s", text);
    for (size_t i = 0; i < t->n_routes; i++) {
        if (i == 0)
            doc_heading(d, "Routes");
        const struct topo_route *r = &t->routes[i];
        doc_add(d, light_role(r->light), "%s ", light_sign(r->light, s->ascii));
        doc_line(d, ROLE_TEXT, "%s", r->route);
    }
}

static bool tenant_object(const struct scene *s, size_t row, struct object_name *out)
{
    if (!tenant_at(s, row)->capsule)
        return false;
    *out = (struct object_name){"Tenant", "", tenant_at(s, row)->name};
    return true;
}

static struct jump tenant_open(const struct scene *s, size_t row)
{
    static char filter[200];
    const struct topo_tenant *t = tenant_at(s, row);
    /* Names may hold signs of an expression. */
    str_copy(filter, sizeof filter, "tenant:");
    for (const char *c = t->name; *c && strlen(filter) < sizeof filter - 3; c++) {
        char one[3] = {strchr("^$.*+?[](){}|\\ ", *c) ? '.' : *c, 0, 0};
        str_format(filter + strlen(filter), sizeof filter - strlen(filter), "%s", one);
    }
    return (struct jump){.view = "routes", .list = 0, .filter = filter};
}

const struct list list_tenants = {
    .title = "Tenants",
    .empty = "No tenants: no route was found.",
    .columns = tenant_columns,
    .n_columns = sizeof tenant_columns / sizeof *tenant_columns,
    .count = tenant_count,
    .cell = tenant_cell,
    .id = tenant_id,
    .fault = tenant_fault,
    .describe = tenant_describe,
    .object = tenant_object,
    .open = tenant_open,
};

/* ---- routes ---------------------------------------------------------------------------------------------------------------- */

static const struct table_column columns[] = {
    {.title = "TENANT", .min = 8, .weight = 1, .group = true},
    {.title = "ROUTE", .min = 20, .weight = 2},
    {.title = "STATE", .min = 10},
    {.title = "HOSTNAMES", .min = 9, .weight = 2, .drop = 3},
    {.title = "PATHS", .min = 6, .weight = 1, .drop = 4},
    {.title = "GATEWAY", .min = 12, .weight = 1, .drop = 6},
    {.title = "BACKENDS", .min = 12, .weight = 1, .drop = 1},
    {.title = "READY", .right = true, .drop = 2},
    {.title = "KIND", .drop = 7},
};
enum {
    COL_TENANT,
    COL_ROUTE,
    COL_STATE,
    COL_HOSTS,
    COL_PATHS,
    COL_GATEWAY,
    COL_BACKENDS,
    COL_READY,
    COL_KIND
};

static const struct topo_route *at(const struct scene *s, size_t row)
{
    return &s->topo->routes[row];
}
static size_t count(const struct scene *s)
{
    return s->topo->n_routes;
}

/* The first thing wrong with a route, in words. */
static const char *state_word(const struct topo_route *r)
{
    for (size_t i = 0; i < r->parents.n; i++)
        if (r->parents.items[i].accepted == TRI_FALSE)
            return "not accepted";
    for (size_t i = 0; i < r->parents.n; i++)
        if (r->parents.items[i].resolved == TRI_FALSE)
            return "refs unresolved";
    for (size_t i = 0; i < r->backends.n; i++) {
        switch (r->backends.items[i].state) {
        case BACKEND_MISSING: return "no Service";
        case BACKEND_PORT_MISSING: return "no such port";
        case BACKEND_NOT_PERMITTED: return "not permitted";
        case BACKEND_BAD_KIND: return "bad backend";
        case BACKEND_NOT_READY: return "not ready";
        case BACKEND_READY:
        case BACKEND_UNKNOWN: break;
        }
    }
    if (r->shadowed_by.n)
        return "shadowed";
    return light_word(r->light);
}

static void ready_cell(const struct topo_route *r, struct table_cell *out)
{
    int ready = 0, total = 0;
    bool known = r->backends.n > 0;
    for (size_t i = 0; i < r->backends.n; i++) {
        if (r->backends.items[i].state == BACKEND_UNKNOWN)
            known = false;
        ready += r->backends.items[i].ready > 0 ? r->backends.items[i].ready : 0;
        total += r->backends.items[i].total > 0 ? r->backends.items[i].total : 0;
    }
    if (!known)
        cell_set(out, ROLE_ABSENT, r->backends.n ? "?" : "");
    else
        cell_set(out, ready == 0 ? ROLE_BAD : ready < total ? ROLE_WARN : ROLE_QUIET, "%d/%d", ready, total);
    out->number = ready;
    out->has_number = true;
}

static void cell(const struct scene *s, size_t row, int column, struct table_cell *out)
{
    const struct topo_route *r = at(s, row);
    char text[320];
    size_t used = 0;
    text[0] = '\0';
    switch (column) {
    case COL_TENANT: cell_set(out, ROLE_QUIET, "%s", r->tenant); break;
    case COL_ROUTE: cell_set(out, ROLE_TEXT, "%s", r->route); break;
    case COL_STATE:
        used = append_text(text, sizeof text, used, light_sign(r->light, s->ascii));
        used = append_text(text, sizeof text, used, " ");
        append_text(text, sizeof text, used, state_word(r));
        cell_set(out, light_role(r->light), "%s", text);
        break;
    case COL_HOSTS:
        join_strings(&r->hostnames, ",", text, sizeof text);
        cell_set(out, ROLE_TEXT, "%s", r->hostnames.n ? text : "*");
        break;
    case COL_PATHS:
        join_strings(&r->paths, ",", text, sizeof text);
        cell_set(out, ROLE_TEXT, "%s", text);
        break;
    case COL_GATEWAY:
        for (size_t i = 0; i < r->parents.n; i++) {
            used = append_text(text, sizeof text, used, i ? "," : "");
            used = append_text(text, sizeof text, used, str_or(short_name(r->parents.items[i].gateway), "?"));
        }
        cell_set(out, ROLE_QUIET, "%s", text);
        break;
    case COL_BACKENDS:
        for (size_t i = 0; i < r->backends.n; i++) {
            char port[16];
            str_format(port, sizeof port, ":%d", r->backends.items[i].port);
            used = append_text(text, sizeof text, used, i ? "," : "");
            used =
                append_text(text, sizeof text, used, str_or(short_name(r->backends.items[i].service), "?"));
            used = append_text(text, sizeof text, used, port);
        }
        cell_set(out, ROLE_TEXT, "%s", text);
        break;
    case COL_READY: ready_cell(r, out); break;
    case COL_KIND: cell_set(out, ROLE_QUIET, "%s", r->kind); break;
    default: break;
    }
}

static uint64_t id(const struct scene *s, size_t row)
{
    return hash_of(at(s, row)->kind, at(s, row)->route, NULL, NULL);
}
static bool fault(const struct scene *s, size_t row)
{
    return at(s, row)->light != LIGHT_OK;
}

static const char *gateway(const struct scene *s, size_t row)
{
    return at(s, row)->parents.n ? at(s, row)->parents.items[0].gateway : NULL;
}

static const struct finding *finding(const struct scene *s, size_t row)
{
    const struct topo_route *r = at(s, row);
    for (size_t i = 0; s->data && s->data->findings && i < s->data->findings->n; i++) {
        const struct finding *f = &s->data->findings->items[i];
        char name[512];
        str_format(name, sizeof name, "%s/%s", str_or(f->subject.namespace, ""), str_or(f->subject.name, ""));
        if (str_eq(f->subject.kind, r->kind) && str_eq(name, r->route))
            return f;
    }
    return NULL;
}

static void describe_parent(const struct topo_route_parent *p, struct doc *d)
{
    bool bad = p->accepted == TRI_FALSE || p->resolved == TRI_FALSE;
    doc_field(d, "Parent", bad ? ROLE_BAD : ROLE_TEXT, "%s%s%s: %s, %s%s%s%s%s", str_or(p->gateway, "?"),
              p->listener ? " listener " : "", str_or(p->listener, ""),
              tri_word(p->accepted, "accepted", "not accepted"),
              tri_word(p->resolved, "references resolved", "references not resolved"),
              p->reason && bad ? ", reason " : "", bad ? str_or(p->reason, "") : "",
              p->stale ? ", status is of an older generation" : "", "");
    if (bad && p->message && *p->message)
        doc_field(d, "", ROLE_QUIET, "%s", p->message);
}

static void describe(const struct scene *s, size_t row, struct doc *d)
{
    const struct topo_route *r = at(s, row);
    char text[1024];
    doc_field(d, r->kind, ROLE_STRONG, "%s", r->route);
    doc_field(d, "State", light_role(r->light), "%s %s", light_sign(r->light, s->ascii), state_word(r));
    doc_field(d, "Tenant", ROLE_TEXT, "%s", r->tenant);
    join_strings(&r->hostnames, ", ", text, sizeof text);
    doc_field(d, "Hostnames", ROLE_TEXT, "%s", r->hostnames.n ? text : "any that the listener takes");
    join_strings(&r->paths, ", ", text, sizeof text);
    doc_field(d, "Paths", ROLE_TEXT, "%s", text);
    for (size_t i = 0; i < r->parents.n; i++)
        describe_parent(&r->parents.items[i], d);
    for (size_t i = 0; i < r->backends.n; i++) {
        const struct topo_route_backend *b = &r->backends.items[i];
        enum role role = b->state == BACKEND_READY   ? ROLE_TEXT :
                         b->state == BACKEND_UNKNOWN ? ROLE_UNKNOWN :
                                                       ROLE_BAD;
        if (b->ready >= 0 && b->total >= 0)
            doc_field(d, "Backend", role, "%s:%d %s, %d of %d endpoints ready", str_or(b->service, "?"),
                      b->port, backend_state_name(b->state), b->ready, b->total);
        else
            doc_field(d, "Backend", role, "%s:%d %s", str_or(b->service, "?"), b->port,
                      backend_state_name(b->state));
    }
    join_strings(&r->shadowed_by, ", ", text, sizeof text);
    if (r->shadowed_by.n)
        doc_field(d, "Shadowed by", ROLE_WARN, "%s", text);
    const struct finding *f = finding(s, row);
    if (f)
        doc_field(d, "Finding", severity_role(f->severity), "%s", f->title);
}

static bool object(const struct scene *s, size_t row, struct object_name *out)
{
    const struct topo_route *r = at(s, row);
    if (!r->object)
        return false;
    *out = (struct object_name){r->kind, r->object->object.namespace, r->object->object.name};
    return true;
}

const struct list list_routes = {
    .title = "Routes",
    .empty = "No routes: no HTTPRoute, GRPCRoute or TLSRoute was found.",
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
static const struct list *const lists[] = {&list_routes, &list_tenants};
const struct view view_routes = {
    .name = "routes",
    .title = "Routes",
    .help = "Routes by tenant. Enter on a tenant shows its routes; `:tenant NAME` does the same.",
    .order = 4,
    .lists = lists,
    .n_lists = 2,
    .draw = draw,
};
static void draw(struct scene *s, struct rect r)
{
    if (r.w >= 110) {
        struct rect left = rect_take_left(&r, r.w >= 160 ? 44 : 32);
        rect_take_left(&r, 2);
        draw_list(s, &view_routes, 1, left);
    } else if (s->state->focus == 1) {
        draw_list_and_detail(s, &view_routes, 1, r);
        s->state->visible[0] = true;
        return;
    } else {
        s->state->visible[1] = true;
    }
    draw_list_and_detail(s, &view_routes, 0, r);
}
