/* Overview: the path with a light per hop, the cause and what to press, both probers, the backends. Wide and tall screens
 * show more lists, not bigger ones. */
#include "../view.h"

#include <string.h>

enum { L_BACKENDS, L_FINDINGS, L_TENANTS, L_SERVICES, L_NODES, L_ROUTES };
static const struct list *const lists[] = {&list_backends, &list_findings, &list_tenants,
                                           &list_services, &list_nodes,    &list_routes};

static void draw(struct scene *s, struct rect r);
const struct view view_overview = {
    .name = "overview",
    .title = "Overview",
    .help = "The path from client to pod, the cause of the trouble and what to press.",
    .order = 1,
    .lists = lists,
    .n_lists = sizeof lists / sizeof *lists,
    .draw = draw,
};

/* ---- the path --------------------------------------------------------------------------------------------------------------- */

static const char *narrow_name(enum hop hop)
{
    switch (hop) {
    case HOP_CLIENT: return "Client";
    case HOP_APPGW: return "AppGW";
    case HOP_LB: return "LB";
    case HOP_SERVICE: return "Service";
    case HOP_GATEWAY: return "Gateway";
    case HOP_ROUTE: return "Routes";
    case HOP_PODS: return "Pods";
    case HOP_COUNT: break;
    }
    return "";
}

static void draw_arrow(struct canvas *c, int from, int to, int y)
{
    if (to - from < 1)
        return;
    canvas_hline(c, from, y, to - from - 1, STYLE(ROLE_LINE));
    canvas_text(c, to - 1, y, 1, STYLE(ROLE_QUIET), c->ascii ? ">" : "▶");
}

/* Only signs and the shortest names: the first line of a small screen. */
static void draw_path_small(struct scene *s, struct rect r)
{
    int x = r.x + 1;
    for (int i = 0; i < HOP_COUNT && x < r.x + r.w; i++) {
        enum light light = s->topo->hops[i].light;
        x += canvas_text(s->canvas, x, r.y, r.x + r.w - x, STYLE(light_role(light)),
                         light_sign(light, s->ascii));
        bool names = r.w >= 66;
        x += canvas_text(s->canvas, x, r.y, r.x + r.w - x,
                         STYLE(light == LIGHT_OK ? ROLE_TEXT : light_role(light)),
                         names ? narrow_name((enum hop)i) :
                                 (const char *[]){"Cli", "AGW", "LB", "Svc", "Gw", "Rt", "Pod"}[i]);
        x += canvas_text(s->canvas, x, r.y, r.x + r.w - x, STYLE(ROLE_LINE),
                         i == HOP_COUNT - 1 ? "" :
                         s->ascii           ? ">" :
                         names              ? " ▶ " :
                                              "▶");
    }
}

/* "programmed · 1/1 pods" is a setting and a count, "/healthz → 404" a question and an answer: the second is the news. */
static void split_detail(const char *detail, char *first, size_t first_cap, char *news, size_t news_cap)
{
    const char *cut = strstr(detail, " · "), *arrow = strstr(detail, " → ");
    cut = cut ? cut : arrow;
    if (!cut) {
        first[0] = '\0';
        str_copy(news, news_cap, detail);
        return;
    }
    str_format(first, first_cap, "%.*s", (int)(cut - detail), detail);
    str_copy(news, news_cap, cut + strlen(arrow ? " → " : " · "));
}

/* "0 of 3 healthy" where there is only room for "0/3 healthy". */
static void shorten_of(char *s, int room)
{
    char *of = text_width(s) > room ? strstr(s, " of ") : NULL;
    if (of) {
        *of = '/';
        memmove(of + 1, of + 4, strlen(of + 4) + 1);
    }
}

/* Where a hop begins: on a small screen the ones with longer words get more. */
static int hop_x(struct rect r, int hop)
{
    static const int shares[HOP_COUNT + 1] = {0, 12, 24, 34, 46, 58, 69, 79};
    return r.x + 1 + (r.w >= 112 ? hop * (r.w - 11) / (HOP_COUNT - 1) : shares[hop] * (r.w - 1) / 79);
}

static void draw_hop(struct scene *s, struct rect r, enum hop hop, bool last)
{
    const struct topo_hop *h = &s->topo->hops[hop];
    struct canvas *c = s->canvas;
    int x = hop_x(r, hop), width = hop_x(r, (int)hop + 1) - x, room = last ? r.x + r.w - x : width - 1,
        y = r.y + 1, end = r.y + r.h;
    enum role role = light_role(h->light);
    char name[64], first[160], news[160];
    str_format(name, sizeof name, "%s %s", light_sign(h->light, s->ascii),
               r.w >= 112 ? hop_name(hop) : narrow_name(hop));
    int used = canvas_text(c, x, r.y, room, STYLE(role), name);
    if (!last)
        draw_arrow(c, x + used + 1, x + width - 1, r.y);
    struct style news_style = STYLE(h->light == LIGHT_OK ? ROLE_TEXT : role), quiet = STYLE(ROLE_QUIET);
    bool reading = h->light == LIGHT_UNKNOWN && still_loading(s->data);
    const char *detail = h->detail && *h->detail ? h->detail :
                         reading                 ? (s->ascii ? "reading" : "reading…") :
                                                   light_word(h->light);
    split_detail(detail, first, sizeof first, news, sizeof news);
    if (text_width(detail) <= room) {
        str_copy(news, sizeof news, detail);
        first[0] = '\0';
    }
    shorten_of(news, room);
    if (y < end)
        canvas_text(c, x, y++, room, news_style, news);
    if (y < end && first[0])
        canvas_text(c, x, y++, room, quiet, first);
    if (y < end)
        canvas_text(c, x, y, room, quiet, str_or(h->label, ""));
}

static void draw_path(struct scene *s, struct rect r)
{
    if (r.h < 2 || r.w < 72) {
        draw_path_small(s, r);
        return;
    }
    r.w = r.w > 190 ? 190 : r.w;
    for (int i = 0; i < HOP_COUNT; i++)
        draw_hop(s, r, (enum hop)i, i == HOP_COUNT - 1);
}

/* ---- the cause --------------------------------------------------------------------------------------------------------------- */

static void action_line(const struct finding *f, struct doc *d)
{
    if (f->fix) {
        doc_puts(d, ROLE_KEY, "x");
        doc_add(d, ROLE_TEXT, " %s   ", str_eq(f->fix, "health-route") ? "see the fix: a health route" :
                str_eq(f->fix, "traffic-policy") ? "see the fix: traffic policy Local" : "see the fix");
    }
    doc_puts(d, ROLE_KEY, "6");
    doc_puts(d, ROLE_TEXT, " evidence   ");
    doc_puts(d, ROLE_KEY, "?");
    doc_puts(d, ROLE_TEXT, " keys");
    doc_end(d);
}

static void cause_doc(const struct scene *s, const struct finding *f, int width, int rows, struct doc *d)
{
    doc_puts(d, ROLE_STRONG, str_or(f->title, f->code));
    doc_end(d);
    DOC_AUTO why = {0};
    doc_text(&why, ROLE_TEXT, f->why);
    int for_why = rows - 2;
    if (f->why && for_why > 0)
        doc_text(d, ROLE_TEXT, f->why);
    if (f->remedy && *f->remedy && rows - (int)doc_rows(d, width) > 2) {
        doc_puts(d, ROLE_QUIET, s->ascii ? "-> " : "→ ");
        doc_hang(d, 2);
        doc_puts(d, ROLE_QUIET, f->remedy);
        doc_end(d);
    }
    for (size_t i = 0; i < f->evidence.n && (int)doc_rows(d, width) < rows - 1; i++) {
        doc_puts(d, ROLE_QUIET, s->ascii ? "- " : "· ");
        doc_hang(d, 2);
        doc_puts(d, ROLE_QUIET, f->evidence.items[i]);
        doc_end(d);
    }
}

/* An ellipsis after the last word of a text that goes on. */
static void mark_cut(struct canvas *c, struct rect r, int y)
{
    int x = r.x + r.w - 3;
    while (x > r.x && canvas_at(c, x, y) && canvas_at(c, x, y)->s[0] == ' ')
        x--;
    canvas_text(c, x + 1, y, 2, STYLE(ROLE_TEXT), c->ascii ? "~" : " …");
}

static void draw_cause(struct scene *s, struct rect r, const struct finding *f)
{
    if (rect_empty(r))
        return;
    char remark[128];
    str_format(remark, sizeof remark, "%s, %s", f->code, confidence_name(f->confidence));
    struct rect inner =
        r.h >= 4 ? draw_title(s, r, f->severity == SEVERITY_CRITICAL ? "Root cause" : "First finding", remark,
                              false) :
                   r;
    DOC_AUTO action = {0};
    action_line(f, &action);
    struct rect last = {0};
    if (inner.h >= 2)
        last = rect_take_bottom(&inner, 1);
    DOC_AUTO doc = {0};
    cause_doc(s, f, inner.w - 2, inner.h + 1, &doc);
    int drawn = doc_draw(&doc, s->canvas, rect_inset(inner, 1, 0), 0, 0, NULL);
    if (doc_rows(&doc, inner.w - 2) > (size_t)inner.h)
        mark_cut(s->canvas, inner, inner.y + drawn - 1);
    last.y = inner.y + drawn;
    doc_draw(&action, s->canvas, rect_inset(last, 1, 0), 0, 0, NULL);
}

static void draw_no_cause(struct scene *s, struct rect r)
{
    if (rect_empty(r))
        return;
    struct rect inner = draw_title(s, r, "Root cause", "", false);
    const struct view_data *d = s->data;
    size_t unknown = d && d->findings ? d->findings->unknown.n : 0;
    DOC_AUTO doc = {0};
    if (still_loading(d))
        doc_puts(&doc, ROLE_QUIET, s->ascii ? "Reading..." : "Reading…");
    else if (d->fatal.code != ERR_NONE)
        doc_puts(&doc, ROLE_UNKNOWN, "Not known: the cluster could not be opened.");
    else if (d->azure.code != ERR_NONE)
        doc_puts(&doc, ROLE_UNKNOWN, "Not known: Azure cannot be read, only the cluster's side is judged.");
    else if (unknown)
        doc_add(&doc, ROLE_UNKNOWN, "No finding, but %zu checks could not tell: 6 says which and why.",
                unknown);
    else
        doc_puts(&doc, ROLE_QUIET, "None: no finding stands against the path.");
    doc_draw(&doc, s->canvas, rect_inset(inner, 1, 0), 0, 0, NULL);
}

/* ---- both probers ------------------------------------------------------------------------------------------------------------ */

/* The row to show for a prober: the first with a fault, else the first; SIZE_MAX when it has none. */
static size_t shown_probe(const struct scene *s, int prober, int *ret_more)
{
    size_t shown = SIZE_MAX, total = list_probes.count(s);
    bool shown_fault = false;
    int n = 0;
    for (size_t row = 0; row < total; row++) {
        if ((int)probe_of_row(s, row)->prober != prober)
            continue;
        n++;
        bool fault = list_probes.fault(s, row);
        if (shown == SIZE_MAX || (fault && !shown_fault)) {
            shown = row;
            shown_fault = fault;
        }
    }
    *ret_more = n - 1;
    return shown;
}

static void draw_probe(struct scene *s, struct rect line, int prober)
{
    int more;
    size_t row = shown_probe(s, prober, &more);
    struct canvas *c = s->canvas;
    int x = line.x + 1, right = line.x + line.w;
    bool wide = line.w >= 64;
    x += canvas_text(c, x, line.y, 1, STYLE(ROLE_STRONG), prober == PROBER_APPGW ? "A" : "B") + 1;
    if (wide) {
        canvas_text(c, x, line.y, 15, STYLE(ROLE_TEXT),
                    line.w >= 100          ? (prober == PROBER_APPGW ? "App Gateway" : "Load balancer") :
                    prober == PROBER_APPGW ? "AppGW" :
                                             "LB");
        x += line.w >= 100 ? 15 : 7;
    }
    if (row == SIZE_MAX) {
        canvas_text(c, x, line.y, right - x, STYLE(ROLE_ABSENT), "no probe known");
        return;
    }
    int reported = line.w >= 100 ? 24 :
                   wide          ? 17 :
                                   11,
        predicted = 9, sends = right - x - reported - predicted - 2;
    struct table_cell cell = {.text = ""};
    list_probes.cell(s, row, 1, &cell);
    if (more > 0 && sends > 30) {
        char text[400];
        str_format(text, sizeof text, " +%d", more);
        int used = canvas_text(c, x, line.y, sends - (int)strlen(text), STYLE(ROLE_TEXT), cell.text);
        canvas_text(c, x + used, line.y, 8, STYLE(ROLE_QUIET), text);
    } else {
        canvas_text(c, x, line.y, sends, STYLE(ROLE_TEXT), cell.text);
    }
    x += sends + 1;
    list_probes.cell(s, row, 2, &cell);
    canvas_text(c, x, line.y, predicted, STYLE(cell.role), cell.text);
    x += predicted + 1;
    list_probes.cell(s, row, 3, &cell);
    canvas_text(c, x, line.y, right - x, STYLE(cell.role), cell.text);
}

static void draw_probers(struct scene *s, struct rect r)
{
    if (r.h < 3)
        return;
    struct rect inner = draw_title(s, r, "Probes", "3 for all", false);
    struct canvas *c = s->canvas;
    if (inner.h >= 3) {
        bool wide = inner.w >= 64;
        int x = inner.x + (inner.w >= 100 ? 18 : wide ? 10 : 3), right = inner.x + inner.w;
        int reported = inner.w >= 100 ? 24 : wide ? 17 : 11, predicted = 9;
        canvas_text(c, inner.x + 1, inner.y, wide ? 7 : 1, STYLE(ROLE_HEADING), wide ? "PROBER" : "");
        canvas_text(c, x, inner.y, 20, STYLE(ROLE_HEADING), "SENDS");
        canvas_text(c, right - reported - predicted - 1, inner.y, predicted, STYLE(ROLE_HEADING),
                    "PREDICTED");
        canvas_text(c, right - reported, inner.y, reported, STYLE(ROLE_HEADING), "REPORTED");
        rect_take_top(&inner, 1);
    }
    draw_probe(s, rect_take_top(&inner, 1), PROBER_APPGW);
    draw_probe(s, rect_take_top(&inner, 1), PROBER_LB);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------ */

static int list_rows(const struct scene *s, int n)
{
    size_t rows = s->state->tables[n].n;
    return (int)(rows < 500 ? rows : 500) + 2 + (rows == 0);
}

static void draw(struct scene *s, struct rect r)
{
    const struct finding *f = root_cause(s->data);
    DOC_AUTO doc = {0};
    int width = r.w >= 110 ? r.w * 3 / 5 : r.w;
    if (f)
        cause_doc(s, f, width - 2, r.w >= 110 ? 16 : 12, &doc);
    struct overview_wants want = {
        .cause = f ? (int)doc_rows(&doc, width - 2) + 2 : 2,
        .probes = r.w >= 110 || r.h >= 21 ? 4 : 3,
        .backends = list_rows(s, L_BACKENDS),
        .findings = list_rows(s, L_FINDINGS),
        .tenants = list_rows(s, L_TENANTS),
        .services = list_rows(s, L_SERVICES),
        .nodes = list_rows(s, L_NODES),
    };
    struct overview o = layout_overview(r, &want);
    draw_path(s, o.path);
    if (f)
        draw_cause(s, o.cause, f);
    else
        draw_no_cause(s, o.cause);
    draw_probers(s, o.probes);
    draw_list(s, &view_overview, L_BACKENDS, o.backends);
    draw_list(s, &view_overview, L_FINDINGS, o.findings);
    draw_list(s, &view_overview, L_SERVICES, o.services);
    draw_list(s, &view_overview, L_NODES, o.nodes);
    draw_list(s, &view_overview, L_TENANTS, o.tenants);
    draw_list(s, &view_overview, L_ROUTES, o.routes);
}
