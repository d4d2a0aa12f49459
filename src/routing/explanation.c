/* Why everything else does not serve a request: the matcher is asked again, entry by entry, for its reasons. */
#include "routing_internal.h"

#include <stdlib.h>
#include <string.h>

enum { REASONS_MAX = 3 };

/* A rule stands once, whatever the number of its matches and hostnames: the strongest thing that can be said of it. */
enum strength { SAID_NOT_HELD, SAID_DOUBTFUL, SAID_OUTRANKED };
struct row { const struct route *route; int rule; enum strength strength; size_t reasons, more; struct text lost; };

struct work {
    const struct route_table *table;
    const struct snapshot *snapshot;
    const struct request *request;
    struct explanation *out;
    struct ask_found found;
    bool istio;
    struct row *rows;
    size_t n, cap;
    struct map *by_rule;
    bool *on_path;              /* entries of the virtual host whose path takes the request's */
    const struct vhost *vhost;
};

/* ---- sentences --------------------------------------------------------------------------------------------------- */

static const char *path_type(const struct entry *e)
{
    return e->rank == PATH_EXACT ? "Exact" : e->rank == PATH_REGEX ? "RegularExpression" : "PathPrefix";
}

static void say_mismatch(struct text *out, const struct entry *e, const struct mismatch *m, enum tri holds)
{
    const char *not = holds == TRI_UNKNOWN ? "may match" : "does not match";
    switch (m->kind) {
    case MISMATCH_ATTACHMENT:
        text_puts(out, "whether the route attaches depends on Namespace labels that are not known");
        return;
    case MISMATCH_PATH:
        text_printf(out, "RegularExpression %s %s %s", entry_path(e), not, m->value);
        return;
    case MISMATCH_METHOD:
        text_printf(out, "method %s is not %s", m->value, e->match->method);
        return;
    case MISMATCH_HEADER:
    case MISMATCH_QUERY:
        text_printf(out, "%s %s ", m->kind == MISMATCH_HEADER ? "header" : "query parameter", m->condition->name);
        if (m->absent)
            text_puts(out, "is not in the request");
        else if (str_eq(m->condition->type, "RegularExpression"))
            text_printf(out, "\"%s\" %s the expression %s", m->value, not, m->condition->value);
        else
            text_printf(out, "is \"%s\", not \"%s\"", m->value, m->condition->value);
        return;
    case MISMATCH_NONE: break;
    }
    text_puts(out, "it does not match");
}

static void say_counts(struct text *out, const char *what, size_t winner, size_t loser)
{
    text_printf(out, "a match with %zu %s is asked before one with %zu", winner, what, loser);
}

static void say_age(struct text *out, const struct object *winner, const struct object *loser)
{
    char a[32] = "?", b[32];
    clock_format_rfc3339(winner->created_ms, a);
    if (loser->created_ms > 0) {
        clock_format_rfc3339(loser->created_ms, b);
        text_printf(out, "the winner's route is older (%s before %s)", a, b);
    } else {
        text_printf(out, "the winner's route exists since %s, this one not yet", a);
    }
}

static void say_outranked(struct text *out, const struct entry *w, const struct entry *e)
{
    enum precedence_step step;
    entry_order(w, e, true, &step);
    text_printf(out, "outranked by %s: ", precedence_step_name(step));
    switch (step) {
    case STEP_HOSTNAME:
        text_printf(out, "the winner's route names %s, this one %s", str_or(w->route_hostname, "no hostname"),
                    str_or(e->route_hostname, "no hostname"));
        return;
    case STEP_PATH_TYPE: text_printf(out, "%s is asked before %s", path_type(w), path_type(e)); return;
    case STEP_PATH_LENGTH: text_printf(out, "%s is longer than %s", entry_path(w), entry_path(e)); return;
    case STEP_METHOD: text_puts(out, "a match with a method is asked before one without"); return;
    case STEP_HEADERS: say_counts(out, "headers", w->match->headers.n, e->match ? e->match->headers.n : 0); return;
    case STEP_QUERY: say_counts(out, "query parameters", w->match->query.n, e->match ? e->match->query.n : 0); return;
    case STEP_AGE: say_age(out, &w->route->object, &e->route->object); return;
    case STEP_NAME:
        text_printf(out, "%s/%s comes before %s/%s in the alphabet", w->route->object.namespace, w->route->object.name,
                    e->route->object.namespace, e->route->object.name);
        return;
    case STEP_KIND: text_puts(out, "the specification does not order the kinds"); return;
    case STEP_ORDER: break;
    }
    text_puts(out, "an earlier rule of the same route");
}

/* ---- candidates -------------------------------------------------------------------------------------------------- */

static struct row *row_of(struct work *w, const struct entry *e)
{
    char key[700];
    str_format(key, sizeof key, "%s/%s/%s/%d", e->route->object.kind->name, e->route->object.namespace,
               e->route->object.name, e->rule);
    size_t at = (size_t)(uintptr_t)map_get(w->by_rule, key);
    if (at)
        return &w->rows[at - 1];
    GROW(w->rows, w->n, w->cap);
    w->rows[w->n++] = (struct row){ .route = e->route, .rule = e->rule };
    map_put(w->by_rule, key, (void *)(uintptr_t)w->n);
    return &w->rows[w->n - 1];
}

/* A stronger word replaces the weaker ones; of reasons why matches do not hold the first few are kept. */
static void say(struct work *w, const struct entry *e, enum strength strength, const struct text *sentence)
{
    struct row *row = row_of(w, e);
    if (strength < row->strength || (strength == row->strength && strength != SAID_NOT_HELD && row->reasons))
        return;
    if (strength > row->strength) {
        text_reset(&row->lost);
        row->reasons = row->more = 0;
        row->strength = strength;
    }
    if (row->reasons >= REASONS_MAX) {
        row->more++;
        return;
    }
    text_printf(&row->lost, "%s%s", row->reasons++ ? "; " : "", text_str(sentence));
}

static void judge_entry(struct work *w, uint32_t i)
{
    const struct route_table *t = w->table;
    const struct entry *e = &t->entries[i];
    TEXT_AUTO sentence = { 0 };
    if (!w->on_path[i - w->vhost->first]) {
        text_printf(&sentence, "%s %s does not match %s", path_type(e), entry_path(e), w->request->path);
        say(w, e, SAID_NOT_HELD, &sentence);
        return;
    }
    struct mismatch why = { 0 };
    enum tri holds = entry_matches(e, w->request, &why);
    if (holds == TRI_FALSE) {
        say_mismatch(&sentence, e, &why, holds);
        say(w, e, SAID_NOT_HELD, &sentence);
    } else if (e->dropped && w->istio) {
        text_puts(&sentence, "Istio leaves the whole route out for an invalid rule");
        say(w, e, SAID_DOUBTFUL, &sentence);
    } else if (w->found.entry != NO_ENTRY && i > w->found.entry) {
        say_outranked(&sentence, &t->entries[w->found.entry], e);
        say(w, e, SAID_OUTRANKED, &sentence);
    } else if (holds == TRI_UNKNOWN) {
        text_puts(&sentence, "cannot be told: ");
        say_mismatch(&sentence, e, &why, holds);
        say(w, e, SAID_DOUBTFUL, &sentence);
    } else if (w->found.entry == NO_ENTRY && w->found.doubtful != NO_ENTRY) {
        const struct entry *d = &t->entries[w->found.doubtful];
        text_printf(&sentence, "serves unless rule %d of %s/%s does, which is asked before and cannot be told", d->rule,
                    d->route->object.namespace, d->route->object.name);
        say(w, e, SAID_DOUBTFUL, &sentence);
    } else {
        text_puts(&sentence, "the listener is not served");
        say(w, e, SAID_NOT_HELD, &sentence);
    }
}

static void mark_chain(void *ctx, uint32_t i)
{
    struct work *w = ctx;
    for (; i != NO_ENTRY; i = w->table->entries[i].next)
        w->on_path[i - w->vhost->first] = true;
}

/* Virtual hosts that would take the host, but are wider: there is no way back to them (5.3, step 2). */
static void judge_wider(struct work *w, const struct vhost *v)
{
    TEXT_AUTO sentence = { 0 };
    text_printf(&sentence, "hostname %s gives way to %s, which is more specific", str_or(v->hostname, "*"),
                str_or(w->vhost->hostname, "*"));
    for (uint32_t i = v->first; i < v->first + v->n; i++)
        say(w, &w->table->entries[i], SAID_NOT_HELD, &sentence);
}

static int by_specificity(const void *a, const void *b)
{
    const struct vhost *const *x = a, *const *y = b;
    int d = hostname_rank((*y)->hostname) - hostname_rank((*x)->hostname);
    return d ? d : strcmp((*x)->hostname, (*y)->hostname);
}

static void find_candidates(struct work *w)
{
    const struct route_table *t = w->table;
    w->vhost = w->found.vhost;
    if (!w->vhost)
        return;
    w->on_path = xcalloc(w->vhost->n, sizeof *w->on_path);
    vhost_chains(t, w->vhost, w->request->path, mark_chain, w);
    for (uint32_t i = w->vhost->first; i < w->vhost->first + w->vhost->n; i++) {
        const struct entry *winner = w->found.entry == NO_ENTRY ? NULL : &t->entries[w->found.entry];
        if (!winner || t->entries[i].route != winner->route || t->entries[i].rule != winner->rule)
            judge_entry(w, i);
    }
    const struct vhost **wider = xcalloc(t->n_vhosts + 1, sizeof *wider);
    size_t n = 0;
    for (size_t i = 0; i < t->n_vhosts; i++)
        if (t->vhosts[i].listener == w->found.listener && &t->vhosts[i] != w->vhost &&
            hostname_matches(t->vhosts[i].hostname, w->request->host))
            wider[n++] = &t->vhosts[i];
    qsort(wider, n, sizeof *wider, by_specificity);
    for (size_t i = 0; i < n; i++)
        judge_wider(w, wider[i]);
    free(wider);
}

static bool serves(const struct work *w, const struct row *row)
{
    return w->out->answer.route == row->route && w->out->answer.rule == row->rule;
}

static void keep_candidates(struct work *w)
{
    struct explanation *out = w->out;
    if (w->n)
        out->candidates.items = arena_alloc(&out->arena, w->n * sizeof *out->candidates.items);
    for (size_t i = 0; i < w->n; i++) {
        struct row *row = &w->rows[i];
        if (row->more)
            text_printf(&row->lost, "; and %zu more", row->more);
        if (!serves(w, row))
            out->candidates.items[out->candidates.n++] =
                (struct explained_rule){ row->route, row->rule, arena_dup(&out->arena, text_str(&row->lost)) };
        text_free(&row->lost);
    }
}

/* ---- rejected routes --------------------------------------------------------------------------------------------- */

/* Also a Gateway of that name in another namespace, where there is none: the namespace was forgotten. */
static bool means_gateway(const struct work *w, const struct gateway *g, const struct route *r, const struct parent_ref *p)
{
    const struct listenerset *set;
    const struct gateway *to = parent_gateway(w->snapshot, r, p, &set);
    return to == g || (!to && str_eq(p->kind, "Gateway") && str_eq(p->name, g->object.name));
}

static void say_elsewhere(struct text *out, const struct parent_ref *p, const struct listener *at,
                          const struct listener *chosen)
{
    const char *what = *p->section ? "sectionName" : p->port > 0 ? "port" : "listener";
    text_printf(out, "%s: it is attached to listener %s, and the request comes through %s", what, at->name,
                chosen ? chosen->name : "none");
}

static void say_hostnames(struct text *out, const struct route *r, const char *host)
{
    text_puts(out, "hostname: ");
    for (size_t i = 0; i < r->hostnames.n && i < REASONS_MAX; i++)
        text_printf(out, "%s%s", i ? ", " : "", r->hostnames.items[i]);
    text_printf(out, "%s does not take %s", r->hostnames.n > REASONS_MAX ? ", …" : "", host);
}

/* What one parentRef says of this listener; true when through it the route is among those asked. */
static bool judge_parent(struct work *w, const struct route *r, const struct parent_ref *p, struct text *out)
{
    const struct listener *chosen = w->out->answer.listener, *at = NULL;
    const struct listenerset *set;
    if (!parent_gateway(w->snapshot, r, p, &set)) {
        text_printf(out, "NoMatchingParent: %s %s/%s does not exist", p->kind, str_or(p->namespace, r->object.namespace),
                    p->name);
        return false;
    }
    enum attach_reason here = chosen ? route_attaches(w->snapshot, w->out->answer.gateway, chosen, r, p) : ATTACH_NO_PARENT;
    if (here == ATTACH_OK || here == ATTACH_UNKNOWN) {
        for (size_t i = 0; i < r->hostnames.n; i++) {
            const char *meets = hostname_intersect(chosen->hostname, r->hostnames.items[i]);
            if (meets && hostname_matches(meets, w->request->host))
                return true;
        }
        if (r->hostnames.n == 0 && hostname_matches(chosen->hostname, w->request->host))
            return true;
        say_hostnames(out, r, w->request->host);
        return false;
    }
    enum attach_reason any = parent_attaches(w->snapshot, r, p, &at);
    if (any == ATTACH_OK && here == ATTACH_NO_PARENT) {
        say_elsewhere(out, p, at, chosen);
        return false;
    }
    text_printf(out, "%s: ", attach_reason_name(here == ATTACH_NO_PARENT ? any : here));
    attach_sentence(out, here == ATTACH_NO_PARENT ? any : here, r, p, here == ATTACH_NO_PARENT ? at : chosen);
    return false;
}

static void judge_route_wanted(struct work *w, const struct route *r, size_t *cap)
{
    TEXT_AUTO why = { 0 };
    struct explanation *out = w->out;
    for (size_t i = 0; i < r->parents.n; i++) {
        const struct parent_ref *p = &r->parents.items[i];
        if (!means_gateway(w, out->answer.gateway, r, p))
            continue;
        TEXT_AUTO one = { 0 };
        if (judge_parent(w, r, p, &one))
            return;
        if (!strstr(text_str(&why), text_str(&one)))
            text_printf(&why, "%s%s", why.len ? "; " : "", text_str(&one));
    }
    if (!why.len)
        return;
    GROW(out->rejected.items, out->rejected.n, *cap);
    out->rejected.items[out->rejected.n++] = (struct explained_route){ r, arena_dup(&out->arena, text_str(&why)) };
}

static void find_rejected(struct work *w)
{
    static const enum kind_id route_kinds[] = { KIND_HTTPROUTE, KIND_GRPCROUTE, KIND_TLSROUTE };
    size_t cap = 0;
    for (size_t k = 0; k < sizeof route_kinds / sizeof *route_kinds; k++)
        for (size_t i = 0; i < w->snapshot->objects[route_kinds[k]].n; i++)
            judge_route_wanted(w, (const struct route *)w->snapshot->objects[route_kinds[k]].items[i], &cap);
}

/* ---- together ---------------------------------------------------------------------------------------------------- */

/* Of listeners that are not distinct none may be picked as the winner. A controller's own word counts more. */
static void heed_conflict(struct work *w)
{
    struct route_answer *a = &w->out->answer;
    const struct listener *with = NULL;
    const char *reason = a->listener && !a->listener->has_status
                             ? listener_conflict(w->snapshot, a->gateway, a->listener, &with) : NULL;
    if (!reason)
        return;
    a->route = NULL;
    a->rule = a->match = -1;
    a->redirect = NULL;
    a->backend_ref = NULL;
    a->status = 0;
    a->ambiguous = true;
    a->note = arena_printf(&w->out->arena, "listeners %s and %s conflict (%s): by the specification neither is served",
                           a->listener->name, with->name, reason);
    w->found.entry = w->found.doubtful = NO_ENTRY;
}

struct explanation *explanation_build(const struct route_table *t, const struct snapshot *s, const struct gateway *g,
                                      const struct request *request, const struct explain_options *options)
{
    struct explanation *out = xcalloc(1, sizeof *out);
    struct request q = *request;
    q.path = str_or(q.path, "/");
    q.host = q.host ? q.host : "";
    struct work w = { .table = t, .snapshot = s, .request = &q, .out = out, .istio = options->istio_minor > 0,
                      .by_rule = map_new() };
    struct ask_how how = { options->istio_minor, options->assume_ready, options->listener };
    out->answer = route_ask(t, s, g, &q, &how, &w.found);
    heed_conflict(&w);
    find_candidates(&w);
    keep_candidates(&w);
    find_rejected(&w);
    if (out->answer.redirect)
        out->location = redirect_location(&out->arena, &out->answer, &q);
    free(w.on_path);
    free(w.rows);
    map_free(w.by_rule);
    return out;
}

void explanation_free(struct explanation *e)
{
    if (!e)
        return;
    free(e->rejected.items);
    arena_free(&e->arena);
    free(e);
}
