/* explain: which rule serves a request, and why the others do not. */
#include "json.h"
#include "words.h"

bool report_explain_told(const struct explanation *e)
{
    const struct route_answer *a = &e->answer;
    /* TLS passthrough: the gateway's part is known, and the backend's answer is not the gateway's. */
    return a->status >= 0 || (a->route && a->listener && str_eq(a->listener->protocol, "TLS"));
}

static const char *full_name(const struct object *o, char *out, size_t cap)
{
    str_format(out, cap, "%s/%s", o->namespace, o->name);
    return out;
}

static const struct route_rule *serving_rule(const struct route_answer *a)
{
    return a->route && a->rule >= 0 ? &a->route->rules.items[a->rule] : NULL;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static json_t *json_name(const struct object *o)
{
    char name[600];
    return o ? json_string(full_name(o, name, sizeof name)) : json_null();
}

static json_t *json_request(const struct request *q)
{
    json_t *headers = json_array();
    for (size_t i = 0; i < q->headers.n; i++)
        json_array_append_new(headers, json_pack("{s:s, s:s}", "name", q->headers.items[i].key, "value",
                                                 q->headers.items[i].value));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "method", json_maybe(q->method), "scheme",
                     json_maybe(q->scheme), "host", json_maybe(q->host), "port", json_known(q->port), "path",
                     json_maybe(q->path), "query", json_maybe(q->query), "headers", headers);
}

static json_t *json_backends(const struct explain_view *view)
{
    json_t *array = json_array();
    const struct route_answer *a = &view->explanation->answer;
    const struct route_rule *rule = serving_rule(a);
    for (size_t i = 0; rule && i < rule->backends.n; i++) {
        const struct backend_ref *b = &rule->backends.items[i];
        char name[600];
        str_format(name, sizeof name, "%s/%s", str_or(b->ref.namespace, a->route->object.namespace), b->ref.name);
        enum backend_state state = route_table_backend(view->table, view->snapshot, a->route, b, NULL, NULL);
        json_array_append_new(array, json_pack("{s:s, s:o, s:i, s:o}", "service", name, "port", json_known(b->port),
                                               "weight", b->weight, "state",
                                               json_maybe(state == BACKEND_UNKNOWN ? NULL : backend_state_name(state))));
    }
    return array;
}

static json_t *json_candidates(const struct explanation *e)
{
    json_t *array = json_array();
    for (size_t i = 0; i < e->candidates.n; i++)
        json_array_append_new(array, json_pack("{s:o, s:i, s:s}", "route", json_name(&e->candidates.items[i].route->object),
                                               "rule", e->candidates.items[i].rule, "lost", e->candidates.items[i].lost));
    return array;
}

static json_t *json_rejected(const struct explanation *e)
{
    json_t *array = json_array();
    for (size_t i = 0; i < e->rejected.n; i++)
        json_array_append_new(array, json_pack("{s:o, s:s}", "route", json_name(&e->rejected.items[i].route->object),
                                               "why", e->rejected.items[i].why));
    return array;
}

void report_explain_json(const struct explain_view *view, struct text *out)
{
    const struct explanation *e = view->explanation;
    const struct route_answer *a = &e->answer;
    json_t *root = json_object();
    json_object_set_new(root, "schema", json_string(REPORT_SCHEMA));
    json_object_set_new(root, "request", json_request(view->request));
    json_object_set_new(root, "gateway", json_name(a->gateway ? &a->gateway->object : NULL));
    json_object_set_new(root, "listener", json_maybe(a->listener ? a->listener->name : NULL));
    json_object_set_new(root, "route", json_name(a->route ? &a->route->object : NULL));
    json_object_set_new(root, "rule", json_known(a->rule));
    json_object_set_new(root, "match", json_known(a->match));
    json_object_set_new(root, "backends", json_backends(view));
    json_object_set_new(root, "status", a->status > 0 ? json_integer(a->status) : json_null());
    json_object_set_new(root, "redirect", json_maybe(e->location));
    json_object_set_new(root, "candidates", json_candidates(e));
    json_object_set_new(root, "rejected", json_rejected(e));
    json_object_set_new(root, "ambiguous", json_boolean(a->ambiguous));
    json_object_set_new(root, "note", json_maybe(*a->note ? a->note : NULL));
    json_print(root, out);
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void say_status(const struct explanation *e, struct text *out)
{
    const struct route_answer *a = &e->answer;
    if (a->status == 0)
        text_puts(out, "no HTTP answer");
    else if (a->status < 0)
        text_puts(out, report_explain_told(e) ? "passed on to the backend, which answers itself" : "cannot be told");
    else if (e->location)
        text_printf(out, "%d, to %s", a->status, e->location);
    else
        text_printf(out, "%d%s", a->status, a->status == 200 ? ", forwarded" : "");
}

static void say_match(const struct route *r, const struct http_match *m, struct text *out)
{
    if (str_eq(r->object.kind->name, "TLSRoute")) {
        text_puts(out, "by server name");
        return;
    }
    text_printf(out, "%s %s", m ? str_or(m->path_type, "PathPrefix") : "PathPrefix", m ? str_or(m->path, "/") : "/");
    if (m && *m->method)
        text_printf(out, ", method %s", m->method);
    for (size_t i = 0; m && i < m->headers.n; i++)
        text_printf(out, ", header %s: %s", m->headers.items[i].name, m->headers.items[i].value);
    for (size_t i = 0; m && i < m->query.n; i++)
        text_printf(out, ", parameter %s=%s", m->query.items[i].name, m->query.items[i].value);
}

static void say_backends(const struct explain_view *view, const struct route_rule *rule, struct text *out)
{
    const struct route_answer *a = &view->explanation->answer;
    for (size_t i = 0; i < rule->backends.n; i++) {
        const struct backend_ref *b = &rule->backends.items[i];
        int ready, total;
        enum backend_state state = route_table_backend(view->table, view->snapshot, a->route, b, &ready, &total);
        text_printf(out, "          %s %s/%s:%d  weight %d  ", str_or(b->ref.kind, "Service"),
                    str_or(b->ref.namespace, a->route->object.namespace), b->ref.name, b->port, b->weight);
        if (state == BACKEND_UNKNOWN)
            text_puts(out, "readiness not known\n");
        else if (ready >= 0)
            text_printf(out, "%s, %d of %d\n", backend_state_name(state), ready, total);
        else
            text_printf(out, "%s\n", backend_state_name(state));
    }
}

static void say_tree(const struct explain_view *view, struct text *out)
{
    const struct route_answer *a = &view->explanation->answer;
    const struct route_rule *rule = serving_rule(a);
    text_printf(out, "gateway %s/%s\n", a->gateway->object.namespace, a->gateway->object.name);
    if (!a->listener) {
        text_puts(out, "  no listener\n");
        return;
    }
    text_printf(out, "  listener %s  %s %d  %s\n", a->listener->name, a->listener->protocol, a->listener->port,
                str_or(a->listener->hostname, "any host"));
    if (!rule) {
        text_puts(out, a->status < 0 ? "    which route cannot be told\n" : "    no route\n");
        return;
    }
    text_printf(out, "    hostname %s\n", str_or(a->hostname, "any"));
    text_printf(out, "      %s %s/%s\n", a->route->object.kind->name, a->route->object.namespace, a->route->object.name);
    text_printf(out, "        rule %d%s%s  ", a->rule, *rule->name ? " " : "", rule->name);
    say_match(a->route, rule->matches.n ? &rule->matches.items[a->match] : NULL, out);
    text_putc(out, '\n');
    for (size_t i = 0; i < rule->filters.n; i++)
        text_printf(out, "          filter %s\n", rule->filters.items[i].type);
    say_backends(view, rule, out);
}

void report_explain_text(const struct explain_view *view, int columns, struct text *out)
{
    const struct explanation *e = view->explanation;
    const struct request *q = view->request;
    text_printf(out, "%s %s://%s:%d%s%s%s\n", q->method, q->scheme, q->host, q->port, q->path, *q->query ? "?" : "",
                q->query);
    text_puts(out, "-> ");
    say_status(e, out);
    text_puts(out, e->answer.ambiguous ? "  (implementations may differ)\n" : "\n");
    if (*e->answer.note)
        words_fold(out, "   ", e->answer.note, columns);
    text_putc(out, '\n');
    say_tree(view, out);
    if (e->candidates.n)
        text_puts(out, "\nOTHER RULES, AND WHY THEY DO NOT SERVE IT\n");
    for (size_t i = 0; i < e->candidates.n; i++) {
        const struct explained_rule *c = &e->candidates.items[i];
        text_printf(out, "  %s/%s rule %d\n", c->route->object.namespace, c->route->object.name, c->rule);
        words_fold(out, "      ", c->lost, columns);
    }
    if (e->rejected.n)
        text_puts(out, "\nROUTES THAT ARE NOT ASKED\n");
    for (size_t i = 0; i < e->rejected.n; i++) {
        const struct explained_route *r = &e->rejected.items[i];
        text_printf(out, "  %s/%s\n", r->route->object.namespace, r->route->object.name);
        words_fold(out, "      ", r->why, columns);
    }
}
