/* Conditions as a controller would set them, from the specification alone. kubernetes.md 4.2 and 5.1; the rules of the
 * schema (CEL) are those of the Gateway API's definitions, standard channel. What only a controller or a Secret could
 * tell stays Unknown. */
#include "conditions_internal.h"

#include <string.h>

/* ---- writing --------------------------------------------------------------------------------------------------- */

struct condition_set *verdict_add(struct verdicts *v, const struct object *object, const char *parent,
                                  const char *listener)
{
    GROW(v->out->items, v->out->n, v->cap);
    struct condition_set *set = &v->out->items[v->out->n++];
    *set = (struct condition_set){ .object = object, .parent = parent ? arena_dup(&v->out->arena, parent) : NULL,
                                   .listener = listener ? arena_dup(&v->out->arena, listener) : NULL };
    set->conditions.items = arena_alloc(&v->out->arena, CONDITIONS_MAX * sizeof *set->conditions.items);
    return set;
}

void verdict_set(struct verdicts *v, struct condition_set *set, const char *type, enum tri status, const char *reason,
                 const char *format, ...)
{
    TEXT_AUTO message = { 0 };
    va_list args;
    va_start(args, format);
    text_vprintf(&message, format, args);
    va_end(args);
    if (set->conditions.n >= CONDITIONS_MAX)
        return;
    set->conditions.items[set->conditions.n++] = (struct condition){
        .type = type, .status = status, .reason = reason, .message = arena_dup(&v->out->arena, text_str(&message)),
        .observed_generation = set->object->generation,
    };
}

bool condition_set_refused(const struct condition_set *set)
{
    for (size_t i = 0; i < set->conditions.n; i++) {
        const struct condition *c = &set->conditions.items[i];
        bool negative = str_eq(c->type, "Conflicted");
        if (c->status == (negative ? TRI_TRUE : TRI_FALSE) && !str_eq(c->type, "OverlappingTLSConfig"))
            return true;
    }
    return false;
}

/* ---- GatewayClass ------------------------------------------------------------------------------------------------ */

static void judge_class(struct verdicts *v, const struct gatewayclass *c)
{
    struct condition_set *set = verdict_add(v, &c->object, NULL, NULL);
    const char *slash = strchr(c->controller, '/');
    if (slash && slash != c->controller && slash[1])
        verdict_set(v, set, "Accepted", TRI_TRUE, "Accepted", "by the controller %s, where it runs", c->controller);
    else
        verdict_set(v, set, "Accepted", TRI_FALSE, "Unsupported",
                    "controllerName %s is not DOMAIN/PATH: the API server refuses it", str_or(c->controller, "(none)"));
}

/* ---- Gateway ----------------------------------------------------------------------------------------------------- */

static bool name_twice(const struct gateway *g, const char **ret)
{
    for (size_t i = 0; i < g->listeners.n; i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(g->listeners.items[i].name, g->listeners.items[k].name)) {
                *ret = g->listeners.items[i].name;
                return true;
            }
    return false;
}

static bool programmed_never(const struct condition_set *set)
{
    const struct condition *c = conditions_get(&set->conditions, "Programmed");
    return c && c->status == TRI_FALSE;
}

static void finish_gateway(struct verdicts *v, struct condition_set *set, enum tri accepted)
{
    if (accepted == TRI_FALSE)
        verdict_set(v, set, "Programmed", TRI_FALSE, "Invalid", "the Gateway is not accepted");
    else
        verdict_set(v, set, "Programmed", TRI_UNKNOWN, "Pending", "only the controller knows whether it has an address");
}

static void judge_gateway(struct verdicts *v, const struct gateway *g)
{
    const char *twice = NULL;
    enum tri accepted = TRI_TRUE;
    size_t own = v->out->n;
    verdict_add(v, &g->object, NULL, NULL);
    judge_listeners(v, g);
    struct condition_set *set = &v->out->items[own];    /* after the last that may move them */
    const struct object *class = snapshot_find(v->snapshot, KIND_GATEWAYCLASS, "", g->class_name);
    TEXT_AUTO bad = { 0 };
    size_t n_bad = 0, n = 0;
    for (size_t i = own + 1; i < v->out->n; i++, n++)
        if (programmed_never(&v->out->items[i])) {
            text_printf(&bad, "%s%s", n_bad ? ", " : "", v->out->items[i].listener);
            n_bad++;
        }
    if (g->listeners.n == 0 || name_twice(g, &twice)) {
        accepted = TRI_FALSE;
        verdict_set(v, set, "Accepted", TRI_FALSE, "Invalid", twice ? "two listeners are named %s" : "it has no listener",
                    twice);
    } else if (n_bad == n) {
        accepted = TRI_FALSE;
        verdict_set(v, set, "Accepted", TRI_FALSE, "ListenersNotValid", "no listener is valid: %s", text_str(&bad));
    } else if (!class) {
        accepted = TRI_UNKNOWN;
        verdict_set(v, set, "Accepted", TRI_UNKNOWN, "Pending",
                    "GatewayClass %s is not here: which controller acts, if any, is not known", g->class_name);
    } else if (n_bad) {
        verdict_set(v, set, "Accepted", TRI_TRUE, "ListenersNotValid", "all but these listeners: %s", text_str(&bad));
    } else {
        verdict_set(v, set, "Accepted", TRI_TRUE, "Accepted", "every listener is valid");
    }
    finish_gateway(v, set, accepted);
}

/* ---- together ---------------------------------------------------------------------------------------------------- */

struct predicted_conditions *conditions_predict(const struct snapshot *s)
{
    static const enum kind_id route_kinds[] = { KIND_GRPCROUTE, KIND_HTTPROUTE, KIND_TLSROUTE };
    struct predicted_conditions *out = xcalloc(1, sizeof *out);
    struct verdicts v = { .snapshot = s, .out = out };
    for (size_t i = 0; i < s->objects[KIND_GATEWAYCLASS].n; i++)
        judge_class(&v, (const struct gatewayclass *)s->objects[KIND_GATEWAYCLASS].items[i]);
    for (size_t i = 0; i < s->objects[KIND_GATEWAY].n; i++)
        judge_gateway(&v, (const struct gateway *)s->objects[KIND_GATEWAY].items[i]);
    for (size_t i = 0; i < s->objects[KIND_LISTENERSET].n; i++)
        judge_set(&v, (const struct listenerset *)s->objects[KIND_LISTENERSET].items[i]);
    for (size_t k = 0; k < sizeof route_kinds / sizeof *route_kinds; k++)
        for (size_t i = 0; i < s->objects[route_kinds[k]].n; i++)
            judge_route(&v, (const struct route *)s->objects[route_kinds[k]].items[i]);
    return out;
}

void predicted_conditions_free(struct predicted_conditions *p)
{
    if (!p)
        return;
    free_pointer(&p->items);
    arena_free(&p->arena);
    free_pointer(&p);
}
