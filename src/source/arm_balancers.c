/* The AKS cluster, the load balancers of its node resource group, and the health of the rules that serve Gateways
 * (azure.md 4, 5). Where no cluster answers to the API server's name, load balancers are found by address. */
#include "arm.h"

#include <stdlib.h>
#include <string.h>

#define RULE_ACTION "Microsoft.Network/loadBalancers/loadBalancingRules/health/action"

/* ---- the cluster ------------------------------------------------------------------------------------------------------------- */

static void next_cluster_list(struct arm_source *);

static char *group_path(const char *id, const char *group)
{
    char subscription[128];
    if (!arm_id_part(id, "subscriptions", subscription, sizeof subscription) || !*group || strpbrk(group, "/?#% "))
        return NULL;
    return xasprintf("/subscriptions/%s/resourceGroups/%s", subscription, group);
}

void arm_clusters_forget(struct arm_source *s)
{
    for (size_t i = 0; i < s->candidates.n; i++)
        object_unref(s->candidates.items[i]);
    free(s->candidates.items);
    s->candidates.items = NULL;
    s->candidates.n = s->candidates.cap = 0;
}

static void take_cluster(struct arm_source *s, const struct object *o)
{
    s->cluster_found = true;
    free(s->node_group);
    s->node_group = group_path(o->uid, ((const struct managedcluster *)o)->node_resource_group);
    store_upsert(s->ctx.store, object_ref(o));
}

static void on_cluster(void *ctx, json_t *item)
{
    struct arm_source *s = ctx;
    struct error err = {0};
    const struct object *o = object_decode(&kind_managedcluster, item, &err);
    const struct managedcluster *c = (const struct managedcluster *)o;
    if (!c)
        return;
    GROW(s->candidates.items, s->candidates.n, s->candidates.cap);
    s->candidates.items[s->candidates.n++] = o;
    if (!s->cluster_found && s->server_host &&
        ((*c->fqdn && str_eq_nocase(c->fqdn, s->server_host)) ||
         (*c->private_fqdn && str_eq_nocase(c->private_fqdn, s->server_host))))
        take_cluster(s, o);
}

static void is_in_group(const struct object *o, void *ctx)
{
    const char **group = ctx;
    if (*group && str_eq_nocase(o->namespace, *group))
        *group = NULL;
}

/* The API server may be reached by another name (a tunnel, a private address): then the cluster is the one whose node
 * resource group holds a load balancer with an address of ours. */
static void find_by_balancer(struct arm_source *s)
{
    for (size_t i = 0; !s->node_group && i < s->candidates.n; i++) {
        const struct object *o = s->candidates.items[i];
        const char *group = ((const struct managedcluster *)o)->node_resource_group;
        if (!*group)
            continue;
        store_each(s->ctx.store, KIND_LOADBALANCER, is_in_group, &group);
        if (group)
            continue;
        take_cluster(s, o);
        arm_task_state(&s->clusters)->objects = 1;
        arm_changed(s);
    }
}

static void clusters_done(struct arm_source *s)
{
    if (!s->cluster_found) {
        free(s->node_group);
        s->node_group = NULL;
        find_by_balancer(s);
    }
    store_relist_end(s->ctx.store, KIND_MANAGEDCLUSTER, NULL);
    arm_task_good(&s->clusters, s->cluster_found);
    arm_task_now(&s->balancers);
}

static void clusters_failed(struct arm_source *s, const struct http_reply *reply)
{
    store_relist_abort(s->ctx.store, KIND_MANAGEDCLUSTER, NULL);
    arm_task_bad(&s->clusters, reply, "Microsoft.ContainerService/managedClusters/read");
    if (!s->balancers.answered)
        arm_task_now(&s->balancers);        /* they can be found without it */
}

static void on_clusters(void *ctx, const struct http_reply *reply)
{
    struct arm_source *s = ctx;
    bool last = s->cluster_at + 1 >= s->subscriptions.n;
    if (reply->error.code != ERR_NONE && (last || reply->status != 403)) {
        clusters_failed(s, reply);
        return;
    }
    s->cluster_at++;
    next_cluster_list(s);
}

static void on_more_subscriptions(void *ctx, const struct http_reply *reply)
{
    struct arm_source *s = ctx;
    if (reply->error.code != ERR_NONE)
        clusters_failed(s, reply);
    else
        next_cluster_list(s);
}

static void next_cluster_list(struct arm_source *s)
{
    if (s->cluster_found || (s->cluster_at >= s->subscriptions.n && s->subscriptions_known)) {
        clusters_done(s);
        return;
    }
    if (s->cluster_at >= s->subscriptions.n) {
        s->clusters.call = arm_ask_subscriptions(s, on_more_subscriptions, s);
        return;
    }
    FREE_AUTO char *target = xasprintf("/subscriptions/%s/providers/Microsoft.ContainerService/managedClusters",
                                       s->subscriptions.items[s->cluster_at]);
    s->clusters.call = arm_list(s, &(struct arm_ask){.target = target, .provider = PROVIDER_CONTAINERS}, on_cluster,
                                on_clusters, s);
}

/* The host of kubeconfig's server. */
static char *host_of(const char *url)
{
    const char *at = url ? strstr(url, "://") : NULL;
    at = at ? at + 3 : url;
    return at ? xstrndup(at, strcspn(at, ":/")) : NULL;
}

void arm_clusters_run(struct arm_task *t)
{
    struct arm_source *s = t->source;
    free(s->server_host);
    s->server_host = host_of(store_environment(s->ctx.store)->server);
    s->cluster_found = false;
    s->cluster_at = 0;
    arm_clusters_forget(s);
    store_relist_begin(s->ctx.store, KIND_MANAGEDCLUSTER, NULL);
    next_cluster_list(s);
}

/* ---- load balancers -------------------------------------------------------------------------------------------------------------- */

static void next_balancer_list(struct arm_source *);

static bool serves(const struct loadbalancer *lb, const struct names *addresses)
{
    for (size_t i = 0; i < lb->frontends.n; i++)
        if (*lb->frontends.items[i].ip && names_have(addresses, lb->frontends.items[i].ip))
            return true;
    return false;
}

static void on_balancer(void *ctx, json_t *item)
{
    struct arm_source *s = ctx;
    struct error err = {0};
    const struct object *o = object_decode(&kind_loadbalancer, item, &err);
    if (!o || (!s->node_group && !serves((const struct loadbalancer *)o, &s->addresses))) {
        object_unref(o);
        return;
    }
    store_upsert(s->ctx.store, o);
    s->balancers_kept++;
}

static void balancers_done(struct arm_source *s)
{
    store_relist_end(s->ctx.store, KIND_LOADBALANCER, NULL);
    find_by_balancer(s);
    arm_task_good(&s->balancers, s->balancers_kept);
    if (s->addresses_changed && !s->cluster_found) {
        arm_task_now(&s->balancers);
        return;
    }
    /* The first look may have come before the Services were known, and so found no rule to ask for. */
    const bool nothing_asked = s->rule_ids.n == 0 && s->balancers_kept > 0;
    if (!s->rules.answered || !s->rules.timer || nothing_asked)
        arm_task_now(&s->rules);
}

static void on_balancers(void *ctx, const struct http_reply *reply)
{
    struct arm_source *s = ctx;
    bool last = s->node_group || s->group_at + 1 >= s->subscriptions.n;
    if (reply->error.code != ERR_NONE && (last || reply->status != 403)) {
        store_relist_abort(s->ctx.store, KIND_LOADBALANCER, NULL);
        arm_task_bad(&s->balancers, reply, "Microsoft.Network/loadBalancers/read");
        return;
    }
    s->group_at++;
    next_balancer_list(s);
}

static void next_balancer_list(struct arm_source *s)
{
    size_t lists = s->node_group ? 1 : s->subscriptions.n;
    if (s->group_at >= lists) {
        balancers_done(s);
        return;
    }
    FREE_AUTO char *target =
        s->node_group ? xasprintf("%s/providers/Microsoft.Network/loadBalancers", s->node_group)
                      : xasprintf("/subscriptions/%s/providers/Microsoft.Network/loadBalancers",
                                  s->subscriptions.items[s->group_at]);
    s->balancers.call = arm_list(s, &(struct arm_ask){.target = target, .provider = PROVIDER_NETWORK}, on_balancer,
                                 on_balancers, s);
}

/* What another look has to tell first has failed: then this one has nothing to ask, and must not pass for live. */
static bool stands_on_failure(struct arm_task *t, struct arm_task *other)
{
    const struct source_state *state = arm_task_state(other);
    if (state->error.code == ERR_NONE || state->good_mono_ms >= 0)
        return false;
    const struct http_reply reply = {.status = state->status == SOURCE_FORBIDDEN ? 403 : 0, .body = "", .error = state->error};
    arm_task_bad(t, &reply, NULL);
    return true;
}

void arm_balancers_run(struct arm_task *t)
{
    struct arm_source *s = t->source;
    if (!s->node_group && s->subscriptions.n == 0 && s->discovering && stands_on_failure(t, &s->find))
        return;
    s->group_at = s->balancers_kept = 0;
    s->addresses_changed &= s->node_group != NULL;
    store_relist_begin(s->ctx.store, KIND_LOADBALANCER, NULL);
    next_balancer_list(s);
}

/* ---- rule health ---------------------------------------------------------------------------------------------------------------- */

static void next_rule(struct arm_source *);

static const char *frontend_ip(const struct loadbalancer *lb, const char *id)
{
    for (size_t i = 0; i < lb->frontends.n; i++)
        if (str_eq_nocase(lb->frontends.items[i].id, id))
            return lb->frontends.items[i].ip;
    return "";
}

/* Rules without a probe have no health (azure.md 4.4); those of other Services are nobody's question. */
static void collect(const struct object *o, void *ctx)
{
    struct arm_source *s = ctx;
    const struct loadbalancer *lb = (const struct loadbalancer *)o;
    const struct names *wanted = s->gateway_addresses.n ? &s->gateway_addresses : &s->addresses;
    for (size_t i = 0; i < lb->rules.n; i++) {
        const struct lb_rule *rule = &lb->rules.items[i];
        const char *ip = frontend_ip(lb, rule->frontend_id);
        if (*rule->probe_id && *ip && names_have(wanted, ip))
            names_add(&s->rule_ids, rule->id);
    }
}

static void on_rule(void *ctx, const struct http_reply *reply)
{
    struct arm_source *s = ctx;
    const char *id = s->rule_ids.items[s->rule_at];
    struct error err = reply->error;
    if (err.code == ERR_NONE) {
        json_t *body = json_loadb(reply->body, reply->len, 0, NULL);
        const struct object *o = object_decode_report(&kind_rulehealth, id, clock_wall_ms(), body, &err);
        json_decref(body);
        if (o) {
            store_upsert(s->ctx.store, o);
            s->rules_known++;
            arm_changed(s);
        }
    }
    if (err.code != ERR_NONE)
        s->rule_failure = (struct http_reply){.status = reply->status, .body = "", .error = err};
    bool hopeless = reply->status == 403 || reply->status == 429;
    s->rule_at = hopeless ? s->rule_ids.n : s->rule_at + 1;
    next_rule(s);
}

static void rules_done(struct arm_source *s)
{
    bool failed = s->rule_failure.error.code != ERR_NONE;
    if (failed) {
        store_relist_abort(s->ctx.store, KIND_RULEHEALTH, NULL);
        s->rule_failure.status = s->rule_failure.status >= 200 && s->rule_failure.status < 300 ? 0 : s->rule_failure.status;
        s->rule_failure.headers = NULL;
        arm_task_bad(&s->rules, &s->rule_failure, RULE_ACTION);
        return;
    }
    store_relist_end(s->ctx.store, KIND_RULEHEALTH, NULL);
    arm_task_good(&s->rules, s->rules_known);
    if (s->addresses_changed)
        arm_task_now(&s->rules);
}

static void next_rule(struct arm_source *s)
{
    if (s->rule_at >= s->rule_ids.n) {
        rules_done(s);
        return;
    }
    FREE_AUTO char *target = xasprintf("%s/health", s->rule_ids.items[s->rule_at]);
    s->rules.call = arm_run(s, &(struct arm_ask){.target = target, .provider = PROVIDER_NETWORK}, ARM_RULE_HEALTH_MS,
                            on_rule, s);
}

void arm_rules_run(struct arm_task *t)
{
    struct arm_source *s = t->source;
    if (stands_on_failure(t, &s->balancers))
        return;
    names_free(&s->rule_ids);
    s->addresses_changed = false;
    s->rule_at = s->rules_known = 0;
    s->rule_failure = (struct http_reply){.body = ""};
    store_relist_begin(s->ctx.store, KIND_RULEHEALTH, NULL);
    store_each(s->ctx.store, KIND_LOADBALANCER, collect, s);
    next_rule(s);
}
