/* The Azure source as a whole. */
#include "arm.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_CA = 4 * 1024 * 1024 };

static struct endpoint *open_endpoint(const struct cloud *cloud, struct error *err)
{
    FREE_AUTO char *ca = NULL;
    size_t len;
    if (cloud->ca && !file_read(cloud->ca, MAX_CA, &ca, &len, err)) {
        error_wrap(err, "the CA of cloud %s", cloud->name);
        return NULL;
    }
    return endpoint_new(&(struct endpoint_spec){.base = cloud->arm, .ca_pem = ca}, err);
}

/* ---- what settings name ------------------------------------------------------------------------------------------------------ */

static bool add_configured(struct arm_source *s, const char *id, struct error *err)
{
    char subscription[128], part[256];
    if (*id != '/' || strpbrk(id, "?#%") || !arm_id_part(id, "subscriptions", subscription, sizeof subscription) ||
        !arm_id_part(id, "resourceGroups", part, sizeof part) || !arm_id_part(id, "applicationGateways", part, sizeof part)) {
        error_set(err, ERR_CONFIG, "\"%.200s\" is not the resource id of an Application Gateway", id);
        return error_remedy(err, "it looks like /subscriptions/S/resourceGroups/G/providers/Microsoft.Network/"
                                 "applicationGateways/NAME");
    }
    struct arm_gateway *g = arm_gateway_add(s, id);
    g->configured = g->mine = true;
    names_add(&s->subscriptions, subscription);
    return true;
}

static bool read_settings(struct arm_source *s, struct error *err)
{
    const struct settings *settings = s->ctx.settings;
    for (size_t i = 0; i < settings->app_gateways.n; i++)
        if (!add_configured(s, settings->app_gateways.items[i], err))
            return false;
    bool named = settings->app_gateway_name && *settings->app_gateway_name;
    if (named && settings->subscription && settings->resource_group) {
        FREE_AUTO char *id = xasprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/"
                                       "applicationGateways/%s", settings->subscription, settings->resource_group,
                                       settings->app_gateway_name);
        if (!add_configured(s, id, err))
            return false;
    } else if (named) {
        error_set(err, ERR_CONFIG, "an Application Gateway's name needs its subscription and resource group");
        return error_remedy(err, "give --subscription and --resource-group too, or --app-gateway with the resource id");
    }
    if (settings->subscription && *settings->subscription)
        names_add(&s->subscriptions, settings->subscription);
    s->discovering = !s->gateways;
    if (s->discovering && s->subscriptions.n)
        s->subscriptions_known = true;      /* the user said where to look */
    return true;
}

/* ---- door ----------------------------------------------------------------------------------------------------------------------- */

struct arm_source *arm_source_start(const struct source_context *ctx, struct azure_auth *auth, struct error *err)
{
    const struct cloud *cloud = settings_cloud(ctx->settings, err);
    struct endpoint *endpoint = cloud ? open_endpoint(cloud, err) : NULL;
    if (!endpoint)
        return NULL;
    struct arm_source *s = xcalloc(1, sizeof *s);
    s->ctx = *ctx;
    s->auth = auth;
    s->endpoint = endpoint;
    s->audience = xstrdup(cloud->audience);
    arm_task_init(&s->find, s, KIND_APPGATEWAY, arm_find_run, "applicationgateways");
    arm_task_init(&s->clusters, s, KIND_MANAGEDCLUSTER, arm_clusters_run, "managedclusters");
    arm_task_init(&s->balancers, s, KIND_LOADBALANCER, arm_balancers_run, "loadbalancers");
    arm_task_init(&s->rules, s, KIND_RULEHEALTH, arm_rules_run, "rulehealth");
    s->find.interval_ms = s->clusters.interval_ms = ARM_RARE_MS;
    s->balancers.interval_ms = s->rules.interval_ms = ARM_SLOW_MS;
    if (!read_settings(s, err)) {
        arm_source_stop(s);
        return NULL;
    }
    if (s->discovering)
        arm_task_now(&s->find);
    for (struct arm_gateway *g = s->gateways; g; g = g->next)
        arm_task_now(&g->get);
    arm_task_now(&s->clusters);
    arm_task_state(&s->balancers);
    arm_task_state(&s->rules);
    return s;
}

void arm_source_stop(struct arm_source *s)
{
    if (!s)
        return;
    arm_cancel_all(s);
    while (s->gateways)
        arm_gateway_drop(s->gateways);
    arm_task_end(&s->find);
    arm_task_end(&s->clusters);
    arm_task_end(&s->balancers);
    arm_task_end(&s->rules);
    loop_cancel(s->ctx.loop, s->announce_timer);
    arm_clusters_forget(s);
    names_free(&s->subscriptions);
    names_free(&s->addresses);
    names_free(&s->gateway_addresses);
    names_free(&s->rule_ids);
    endpoint_unref(s->endpoint);
    free(s->audience);
    free(s->server_host);
    free(s->node_group);
    free(s);
}

void arm_source_refresh(struct arm_source *s)
{
    if (s->discovering)
        arm_task_now(&s->find);
    for (struct arm_gateway *g = s->gateways; g; g = g->next) {
        if (!g->mine)
            continue;
        arm_task_now(&g->get);
        if (g->object)
            arm_task_now(&g->health);
        if (g->metrics_on)
            arm_task_now(&g->metrics);
    }
    if (!s->cluster_found)
        arm_task_now(&s->clusters);
    arm_task_now(&s->balancers);
    arm_task_now(&s->rules);
}

static void sooner(struct arm_task *t, int64_t after_ms)
{
    if (!t->busy && t->timer)
        arm_task_soon(t, after_ms);
}

void arm_source_hurry(struct arm_source *s, int seconds)
{
    enum { FIRST_MS = 1000 };
    s->hurry_until_ms = clock_mono_ms() + (int64_t)seconds * 1000;
    for (struct arm_gateway *g = s->gateways; g; g = g->next) {
        if (!g->mine)
            continue;
        sooner(&g->health, FIRST_MS);
    }
    sooner(&s->balancers, FIRST_MS);
    sooner(&s->rules, FIRST_MS * 2);
}

bool arm_source_settled(struct arm_source *s)
{
    if (s->settled)
        return true;
    if (s->discovering && !s->find.answered)
        return false;
    for (const struct arm_gateway *g = s->gateways; g; g = g->next)
        if (g->mine && (!g->get.answered || (g->object && !g->health.answered) || (g->metrics_on && !g->metrics.answered)))
            return false;
    /* Looks that came before the cluster's addresses were known are made again: they count as the first. */
    bool balancers = s->balancers.answered && !s->balancers.busy;
    bool rules = !s->rules.busy && (s->rules.answered || (balancers && !s->rules.timer));
    s->settled = s->clusters.answered && balancers && rules;
    return s->settled;
}

/* ---- what the cluster says ------------------------------------------------------------------------------------------------------- */

static bool serves_gateway(const struct object *o)
{
    if (pairs_get(&o->labels, "gateway.networking.k8s.io/gateway-name"))
        return true;
    for (size_t i = 0; i < o->owners.n; i++)
        if (str_eq(o->owners.items[i].kind, "Gateway"))
            return true;
    return false;
}

static void collect_addresses(const struct snapshot *snap, struct names *all, struct names *gateways)
{
    const struct object_list *services = &snap->objects[KIND_SERVICE], *list = &snap->objects[KIND_GATEWAY];
    for (size_t i = 0; i < services->n; i++) {
        const struct service *service = (const struct service *)services->items[i];
        for (size_t k = 0; k < service->ingress_ips.n; k++) {
            names_add(all, service->ingress_ips.items[k]);
            if (serves_gateway(&service->object))
                names_add(gateways, service->ingress_ips.items[k]);
        }
    }
    for (size_t i = 0; i < list->n; i++) {
        const struct gateway *gateway = (const struct gateway *)list->items[i];
        for (size_t k = 0; k < gateway->addresses.n; k++) {
            names_add(all, gateway->addresses.values[k]);
            names_add(gateways, gateway->addresses.values[k]);
        }
    }
}

static bool same_names(const struct names *a, const struct names *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!names_have(b, a->items[i]))
            return false;
    return a->n == b->n;
}

void arm_source_hint(struct arm_source *s, const struct snapshot *snap)
{
    enum { LOOK_AGAIN_MS = 60 * 1000 };
    struct names all = {0}, gateways = {0};
    collect_addresses(snap, &all, &gateways);
    bool same = same_names(&all, &s->addresses) && same_names(&gateways, &s->gateway_addresses);
    char *before = s->server_host;
    bool new_server = snap->env.server && *snap->env.server && !before;
    if (same && !new_server) {
        names_free(&all);
        names_free(&gateways);
        return;
    }
    names_free(&s->addresses);
    names_free(&s->gateway_addresses);
    s->addresses = all;
    s->gateway_addresses = gateways;
    arm_match(s);
    if (s->discovering && s->find.answered && clock_mono_ms() - s->discovered_ms > LOOK_AGAIN_MS)
        arm_task_now(&s->find);
    if (new_server && s->clusters.answered && !s->cluster_found)
        arm_task_now(&s->clusters);
    s->addresses_changed = true;
    if (!s->clusters.answered)
        return;
    /* Which load balancers and rules count has changed with the addresses. */
    if (!s->node_group && !s->balancers.busy)
        arm_task_now(&s->balancers);
    else if (!s->rules.busy && s->balancers.answered)
        arm_task_now(&s->rules);
}
