/* Backend health: the long-running operation, its stand-in from metrics, and the on-demand probe (azure.md 2, 6). */
#include "arm.h"

#include <stdlib.h>
#include <string.h>

#define HEALTH_ACTION "Microsoft.Network/applicationGateways/backendhealth/action"

/* ---- the steady report ------------------------------------------------------------------------------------------------------ */

static void metrics_off(struct arm_gateway *g)
{
    if (!g->metrics_on)
        return;
    g->metrics_on = false;
    arm_cancel(g->source, g->metrics.call);
    arm_task_off(&g->metrics, SOURCE_ABSENT);
    if (g->object)
        store_remove(g->source->ctx.store, KIND_HOSTCOUNT, g->object->namespace, g->object->name);
}

static void on_health(void *ctx, const struct http_reply *reply)
{
    struct arm_gateway *g = ctx;
    struct http_reply failed = *reply;
    if (reply->error.code != ERR_NONE) {
        arm_task_bad(&g->health, reply, HEALTH_ACTION);
        if (reply->status == 403 && !g->metrics_on) {
            g->metrics_on = true;       /* a Reader sees at least how many hosts are unhealthy */
            arm_task_now(&g->metrics);
        }
        return;
    }
    json_t *body = json_loadb(reply->body, reply->len, 0, NULL);
    const struct object *o = object_decode_report(&kind_backendhealth, g->id, clock_wall_ms(), body, &failed.error);
    json_decref(body);
    if (!o) {
        failed.status = 0;
        arm_task_bad(&g->health, &failed, NULL);
        return;
    }
    size_t servers = ((const struct backendhealth *)o)->servers.n;
    store_upsert(g->source->ctx.store, o);
    arm_task_good(&g->health, servers);
    metrics_off(g);
}

static bool is_stopped(const struct arm_gateway *g)
{
    const char *state = g->object ? ((const struct appgateway *)g->object)->operational_state : "";
    return str_eq_nocase(state, "Stopped") || str_eq_nocase(state, "Stopping");
}

void arm_health_run(struct arm_task *t)
{
    struct arm_gateway *g = t->of;
    if (is_stopped(g)) {
        /* A stopped gateway has no health; asking costs a write and ends in an error (azure.md 2.5). */
        store_remove(t->source->ctx.store, KIND_BACKENDHEALTH, g->object->namespace, g->object->name);
        arm_task_good(t, 0);
        return;
    }
    FREE_AUTO char *target = xasprintf("%s/backendhealth", g->id);
    t->call = arm_run(t->source, &(struct arm_ask){.target = target, .provider = PROVIDER_NETWORK}, 0, on_health, g);
}

/* ---- metrics --------------------------------------------------------------------------------------------------------------------- */

static void on_metrics(void *ctx, const struct http_reply *reply)
{
    struct arm_gateway *g = ctx;
    struct http_reply failed = *reply;
    json_t *body = reply->error.code == ERR_NONE ? json_loadb(reply->body, reply->len, 0, NULL) : NULL;
    const struct object *o = NULL;
    if (reply->error.code == ERR_NONE)
        o = object_decode_report(&kind_hostcount, g->id, clock_wall_ms(), body, &failed.error);
    json_decref(body);
    if (!o) {
        if (failed.error.code == ERR_PROTOCOL)
            failed.status = 0;
        arm_task_bad(&g->metrics, &failed, "Microsoft.Insights/metrics/read");
        return;
    }
    size_t pools = ((const struct hostcount *)o)->pools.n;
    store_upsert(g->source->ctx.store, o);
    arm_task_good(&g->metrics, pools);
}

void arm_metrics_run(struct arm_task *t)
{
    enum { SPAN_MS = 5 * 60 * 1000 };
    struct arm_gateway *g = t->of;
    char from[32], to[32];
    int64_t now = clock_wall_ms();
    clock_format_rfc3339(now - SPAN_MS, from);
    clock_format_rfc3339(now, to);
    FREE_AUTO char *target = xasprintf("%s/providers/Microsoft.Insights/metrics?metricnames=HealthyHostCount,"
                                       "UnhealthyHostCount&aggregation=Average&interval=PT1M&timespan=%s/%s&"
                                       "$filter=BackendSettingsPool%%20eq%%20'*'&top=100", g->id, from, to);
    t->call = arm_send(t->source, &(struct arm_ask){.target = target, .provider = PROVIDER_INSIGHTS}, on_metrics, g);
}

/* ---- on demand ------------------------------------------------------------------------------------------------------------------ */

struct on_demand {
    struct arm_source *source;
    char *id;
    on_demand_done *done;
    void *ctx;
};

static const struct appgw_settings *settings_by_id(const struct appgateway *gw, const char *id)
{
    for (size_t i = 0; i < gw->settings.n; i++)
        if (str_eq_nocase(gw->settings.items[i].id, id))
            return &gw->settings.items[i];
    return NULL;
}

static const struct appgw_probe *probe_by_id(const struct appgateway *gw, const char *id)
{
    for (size_t i = 0; i < gw->probes.n; i++)
        if (str_eq_nocase(gw->probes.items[i].id, id))
            return &gw->probes.items[i];
    return NULL;
}

static json_t *status_codes(const struct appgw_probe *probe)
{
    json_t *codes = json_array();
    for (size_t i = 0; probe && i < probe->match_status.n; i++)
        json_array_append_new(codes, json_string(probe->match_status.items[i]));
    if (!json_array_size(codes))
        json_array_append_new(codes, json_string("200-399"));       /* the default (azure.md 1.1) */
    return codes;
}

/* The request that the saved probe makes, or the default probe where none is saved (azure.md 1.1, 2.2). */
static json_t *on_demand_body(const struct appgw_settings *settings, const struct appgw_probe *probe, const char *pool_id)
{
    bool pick = probe ? probe->pick_host_from_settings == TRI_TRUE : *settings->host != '\0';
    json_t *body = json_object();
    json_object_set_new(body, "protocol", json_string(str_or(probe ? probe->protocol : NULL, settings->protocol)));
    if (!pick)
        json_object_set_new(body, "host", json_string(str_or(probe ? probe->host : NULL, "127.0.0.1")));
    json_object_set_new(body, "path", json_string(str_or(probe ? probe->path : NULL, "/")));
    json_object_set_new(body, "timeout", json_integer(probe && probe->timeout_s > 0 ? probe->timeout_s : 30));
    json_object_set_new(body, "pickHostNameFromBackendHttpSettings", json_boolean(pick));
    json_object_set_new(body, "match", json_pack("{s:s, s:o}", "body", probe ? probe->match_body : "", "statusCodes",
                                                 status_codes(probe)));
    json_object_set_new(body, "backendAddressPool", json_pack("{s:s}", "id", pool_id));
    json_object_set_new(body, "backendHttpSettings", json_pack("{s:s}", "id", settings->id));
    return body;
}

static void on_demand_free(void *ctx)
{
    struct on_demand *d = ctx;
    free(d->id);
    free(d);
}

static void on_demand_answer(void *ctx, const struct http_reply *reply)
{
    struct on_demand *d = ctx;
    struct error err = reply->error;
    const struct object *o = NULL;
    if (err.code == ERR_NONE) {
        json_t *body = json_loadb(reply->body, reply->len, 0, NULL);
        o = object_decode_report(&kind_backendhealth, d->id, clock_wall_ms(), body, &err);
        json_decref(body);
    } else if (reply->status == 403) {
        error_remedy(&err, "grant Microsoft.Network/applicationGateways/getBackendHealthOnDemand/action");
    }
    const struct backendhealth *report = (const struct backendhealth *)o;
    d->done(d->ctx, report ? report->servers.items : NULL, report ? report->servers.n : 0, o ? NULL : &err);
    object_unref(o);
    on_demand_free(d);
}

uint64_t arm_probe_on_demand(struct arm_source *s, const struct appgateway *gw, const char *pool_id,
                             const char *settings_id, on_demand_done *done, void *ctx)
{
    static const struct appgw_settings nothing = {.id = "", .protocol = "Http", .host = ""};
    const struct appgw_settings *settings = settings_by_id(gw, settings_id);
    json_t *json = on_demand_body(settings ? settings : &nothing, settings ? probe_by_id(gw, settings->probe_id) : NULL,
                                  pool_id);
    if (!settings)
        json_object_set_new(json, "backendHttpSettings", json_pack("{s:s}", "id", settings_id));
    char *body = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    struct on_demand *d = xcalloc(1, sizeof *d);
    *d = (struct on_demand){.source = s, .id = xstrdup(gw->object.uid), .done = done, .ctx = ctx};
    FREE_AUTO char *target = xasprintf("%s/getBackendHealthOnDemand", gw->object.uid);
    uint64_t id = arm_run(s, &(struct arm_ask){.target = target, .provider = PROVIDER_NETWORK, .body = body}, 0,
                          on_demand_answer, d);
    free(body);
    arm_run_drop(s, id, on_demand_free);
    return id;
}
