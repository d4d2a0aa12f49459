/* Application Gateways: those that settings name, or those whose pools hold an address of this cluster's load balancers. */
#include "arm.h"

#include <stdlib.h>
#include <string.h>

/* ---- one gateway ------------------------------------------------------------------------------------------------------------ */

static void publish(struct arm_gateway *g)
{
    if (g->object && g->mine)
        store_upsert(g->source->ctx.store, object_ref(g->object));
}

static void start_health(struct arm_gateway *g)
{
    if (!g->health.answered && !g->health.busy && !g->health.timer)
        arm_task_now(&g->health);
}

static void take_object(struct arm_gateway *g, const struct object *o)
{
    object_unref(g->object);
    g->object = o;
    publish(g);
    if (g->mine)
        start_health(g);
}

static void on_gateway(void *ctx, const struct http_reply *reply)
{
    struct arm_gateway *g = ctx;
    struct http_reply failed = *reply;
    json_t *body = reply->error.code == ERR_NONE ? json_loadb(reply->body, reply->len, 0, NULL) : NULL;
    const struct object *o = NULL;
    if (reply->error.code == ERR_NONE)
        o = object_decode(&kind_appgateway, body, &failed.error);
    json_decref(body);
    if (!o) {
        if (failed.error.code == ERR_PROTOCOL)
            failed.status = 0;
        arm_task_bad(&g->get, &failed, "Microsoft.Network/applicationGateways/read");
        return;
    }
    take_object(g, o);
    arm_task_good(&g->get, 1);
}

static void run_get(struct arm_task *t)
{
    struct arm_gateway *g = t->of;
    t->call = arm_send(t->source, &(struct arm_ask){.target = g->id, .provider = PROVIDER_NETWORK}, on_gateway, g);
}

struct arm_gateway *arm_gateway_add(struct arm_source *s, const char *id)
{
    for (struct arm_gateway *g = s->gateways; g; g = g->next)
        if (str_eq_nocase(g->id, id))
            return g;
    char name[256];
    if (!arm_id_part(id, "applicationGateways", name, sizeof name) && !arm_id_part(id, NULL, name, sizeof name))
        return NULL;
    struct arm_gateway *g = xcalloc(1, sizeof *g);
    g->source = s;
    g->id = xstrdup(id);
    g->name = text_clean_dup(name, strlen(name), false);
    FREE_AUTO char *get = xasprintf("applicationgateway %s", g->name);
    FREE_AUTO char *health = xasprintf("backendhealth %s", g->name);
    FREE_AUTO char *metrics = xasprintf("hostcount %s", g->name);
    arm_task_init(&g->get, s, KIND_APPGATEWAY, run_get, get);
    arm_task_init(&g->health, s, KIND_BACKENDHEALTH, arm_health_run, health);
    arm_task_init(&g->metrics, s, KIND_HOSTCOUNT, arm_metrics_run, metrics);
    g->get.of = g->health.of = g->metrics.of = g;
    g->metrics.interval_ms = ARM_SLOW_MS;
    struct arm_gateway **end = &s->gateways;
    while (*end)
        end = &(*end)->next;
    *end = g;
    return g;
}

static void forget_objects(struct arm_gateway *g)
{
    char group[256] = "";
    arm_id_part(g->id, "resourceGroups", group, sizeof group);
    store_remove(g->source->ctx.store, KIND_APPGATEWAY, group, g->name);
    store_remove(g->source->ctx.store, KIND_BACKENDHEALTH, group, g->name);
    store_remove(g->source->ctx.store, KIND_HOSTCOUNT, group, g->name);
}

void arm_gateway_drop(struct arm_gateway *g)
{
    struct arm_gateway **at = &g->source->gateways;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    arm_task_end(&g->get);
    arm_task_end(&g->health);
    arm_task_end(&g->metrics);
    object_unref(g->object);
    free(g->id);
    free(g->name);
    free(g);
}

/* ---- which are ours ------------------------------------------------------------------------------------------------------------ */

static bool holds_address(const struct appgateway *gw, const struct names *addresses)
{
    for (size_t i = 0; i < gw->pools.n; i++)
        for (size_t k = 0; k < gw->pools.items[i].addresses.n; k++)
            if (names_have(addresses, gw->pools.items[i].addresses.items[k]))
                return true;
    return false;
}

/* Stops without a trace: the gateway serves another cluster. */
static void rest(struct arm_task *t)
{
    arm_cancel(t->source, t->call);
    arm_task_off(t, SOURCE_ABSENT);
    t->answered = t->has_data = false;
    store_source_drop(t->source->ctx.store, t->name);
}

void arm_match(struct arm_source *s)
{
    size_t mine = 0;
    for (struct arm_gateway *g = s->gateways; g; g = g->next) {
        bool was = g->mine;
        g->mine = g->configured || (g->object && holds_address((const struct appgateway *)g->object, &s->addresses));
        mine += g->mine;
        if (g->mine && !was) {
            publish(g);
            start_health(g);
            if (!g->configured) {
                g->get.started_ms = clock_mono_ms();    /* the list brought it whole */
                arm_task_good(&g->get, 1);
            }
        } else if (was && !g->mine) {
            rest(&g->health);
            rest(&g->metrics);
            rest(&g->get);
            forget_objects(g);
        }
    }
    if (s->discovering && s->find.has_data)
        arm_task_state(&s->find)->objects = mine;
    arm_changed(s);
}

/* ---- looking for them ---------------------------------------------------------------------------------------------------------- */

static void next_subscription(struct arm_source *);

struct subscriptions { struct arm_source *source; http_done *done; void *ctx; };

static void on_found(void *ctx, json_t *item)
{
    struct arm_source *s = ctx;
    struct error err = {0};
    const struct object *o = object_decode(&kind_appgateway, item, &err);
    struct arm_gateway *g = o ? arm_gateway_add(s, o->uid) : NULL;
    if (!g) {
        object_unref(o);
        return;
    }
    g->seen = true;
    g->get.answered = true;
    take_object(g, o);
}

static void on_listed(void *ctx, const struct http_reply *reply)
{
    struct arm_source *s = ctx;
    if (reply->error.code != ERR_NONE && s->subscriptions.n == 1) {
        arm_task_bad(&s->find, reply, "Microsoft.Network/applicationGateways/read");
        return;
    }
    /* Of several subscriptions some may be closed to us: the others still count. */
    if (reply->error.code != ERR_NONE && (reply->status == 0 || reply->status == 429)) {
        arm_task_bad(&s->find, reply, NULL);
        return;
    }
    s->partial |= reply->error.code != ERR_NONE;
    s->subscription_at++;
    next_subscription(s);
}

/* Gateways that are no longer there. */
static void sweep(struct arm_source *s)
{
    for (struct arm_gateway *g = s->gateways, *next; g; g = next) {
        next = g->next;
        if (g->seen || g->configured)
            continue;
        forget_objects(g);
        arm_gateway_drop(g);
    }
}

static void next_subscription(struct arm_source *s)
{
    if (s->subscription_at >= s->subscriptions.n) {
        s->discovered_ms = clock_mono_ms();
        s->find.has_data = true;
        if (!s->partial)
            sweep(s);
        arm_match(s);
        size_t mine = 0;
        for (const struct arm_gateway *g = s->gateways; g; g = g->next)
            mine += g->mine;
        arm_task_good(&s->find, mine);
        return;
    }
    const char *group = s->ctx.settings->resource_group;
    FREE_AUTO char *target =
        group && *group ? xasprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/applicationGateways",
                                    s->subscriptions.items[s->subscription_at], group)
                        : xasprintf("/subscriptions/%s/providers/Microsoft.Network/applicationGateways",
                                    s->subscriptions.items[s->subscription_at]);
    s->find.call = arm_list(s, &(struct arm_ask){.target = target, .provider = PROVIDER_NETWORK}, on_found, on_listed, s);
}

static void on_subscription(void *ctx, json_t *item)
{
    struct arm_source *s = ((struct subscriptions *)ctx)->source;
    const char *state = json_string_value(json_object_get(item, "state"));
    const char *id = json_string_value(json_object_get(item, "subscriptionId"));
    bool usable = !state || str_eq_nocase(state, "Enabled") || str_eq_nocase(state, "Warned") ||
                  str_eq_nocase(state, "PastDue");
    if (usable && id && !strpbrk(id, "/?#% "))
        names_add(&s->subscriptions, id);
}

static void on_subscriptions_end(void *ctx, const struct http_reply *reply)
{
    struct subscriptions asked = *(struct subscriptions *)ctx;
    free(ctx);
    struct http_reply none = {.status = 404, .body = ""};
    if (reply->error.code == ERR_NONE)
        asked.source->subscriptions_known = true;
    if (reply->error.code == ERR_NONE && !asked.source->subscriptions.n) {
        error_set(&none.error, ERR_ABSENT, "this identity sees no Azure subscription");
        error_remedy(&none.error, "give --app-gateway or --subscription, or grant Reader on the subscription");
        reply = &none;
    }
    asked.done(asked.ctx, reply);
}

uint64_t arm_ask_subscriptions(struct arm_source *s, http_done *done, void *ctx)
{
    struct subscriptions *asked = xcalloc(1, sizeof *asked);
    *asked = (struct subscriptions){s, done, ctx};
    uint64_t id = arm_list(s, &(struct arm_ask){.target = "/subscriptions", .provider = PROVIDER_RESOURCES},
                           on_subscription, on_subscriptions_end, asked);
    arm_list_drop(s, id, free);
    return id;
}

static void on_subscriptions(void *ctx, const struct http_reply *reply)
{
    struct arm_source *s = ctx;
    if (reply->error.code != ERR_NONE)
        arm_task_bad(&s->find, reply, NULL);
    else
        next_subscription(s);
}

void arm_find_run(struct arm_task *t)
{
    struct arm_source *s = t->source;
    s->subscription_at = 0;
    s->partial = false;
    for (struct arm_gateway *g = s->gateways; g; g = g->next)
        g->seen = false;
    if (s->subscriptions_known)
        next_subscription(s);
    else
        t->call = arm_ask_subscriptions(s, on_subscriptions, s);
}
