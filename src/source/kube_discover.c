/* Asking for discovery and the version. */
#include "kube.h"

#include <stdlib.h>
#include <string.h>

static const char *const accept_discovery =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

static struct source_state *state_of(struct kube_source *s)
{
    return store_source(s->ctx.store, "discovery");
}

static void on_timer(void *ctx)
{
    struct kube_source *s = ctx;
    s->discovery_timer = 0;
    kube_discover(s);
}

static void again(struct kube_source *s, int64_t after_ms)
{
    loop_cancel(s->ctx.loop, s->discovery_timer);
    s->discovery_timer = loop_timer(s->ctx.loop, after_ms, on_timer, s);
    state_of(s)->next_mono_ms = clock_mono_ms() + after_ms;
}

static void finish(struct kube_source *s)
{
    struct source_state *state = state_of(s);
    state->status = SOURCE_LIVE;
    state->good_mono_ms = clock_mono_ms();
    state->error = (struct error){0};
    s->discovering = false;
    s->discovered = true;
    s->discovery_attempt = 0;
    group_versions_free(&s->legacy);
    again(s, REDISCOVER_MS);
    kube_apply_discovery(s);
}

static void fail(struct kube_source *s, const struct http_reply *reply)
{
    struct source_state *state = state_of(s);
    bool forbidden = reply->status == 403;
    state->status = state->good_mono_ms >= 0 ? SOURCE_STALE : forbidden ? SOURCE_FORBIDDEN : SOURCE_FAILED;
    state->error = reply->error;
    s->discovering = false;
    s->discovered = true;
    group_versions_free(&s->legacy);
    /* Where discovery is denied, or the server has none, a 404 of the list itself tells which kind is absent. */
    if (forbidden || reply->status == 404 || reply->status == 406)
        discovery_assume(&s->discovery);
    again(s, forbidden ? REDISCOVER_MS : kube_backoff(++s->discovery_attempt, reply));
    kube_apply_discovery(s);
}

/* ---- the older form: one group version after the other ---------------------------------------------------------------- */

static void next_legacy(struct kube_source *);

static void on_resources(void *ctx, const struct http_reply *reply)
{
    struct kube_source *s = ctx;
    const char *group_version = s->legacy.items[s->legacy_next++];
    if (reply->error.code == ERR_NONE) {
        json_t *body = json_loadb(reply->body, reply->len, 0, NULL);
        struct error err = {0};
        if (!discovery_read_resources(&s->discovery, group_version, body, &err))
            log_line(LOG_WARN, "discovery: %s", err.message);
        json_decref(body);
    } else if (reply->status == 0 || reply->status == 401) {
        fail(s, reply);
        return;
    }
    next_legacy(s);
}

static void next_legacy(struct kube_source *s)
{
    if (s->legacy_next >= s->legacy.n) {
        finish(s);
        return;
    }
    FREE_AUTO char *target = xasprintf("/apis/%s", s->legacy.items[s->legacy_next]);
    kube_send(s, &(struct kube_ask){.method = "GET", .target = target}, NULL, on_resources, s);
}

/* ---- the one document ------------------------------------------------------------------------------------------------------ */

static void on_groups(void *ctx, const struct http_reply *reply)
{
    struct kube_source *s = ctx;
    if (reply->error.code != ERR_NONE) {
        fail(s, reply);
        return;
    }
    struct http_reply damaged = {.status = 0, .body = ""};
    json_t *body = json_loadb(reply->body, reply->len, 0, NULL);
    bool whole = discovery_is_aggregated(body);
    bool fine = whole ? discovery_read_aggregated(&s->discovery, body, &damaged.error)
                      : discovery_read_groups(&s->discovery, body, &s->legacy, &damaged.error);
    json_decref(body);
    if (!fine) {
        fail(s, &damaged);
    } else if (whole) {
        finish(s);
    } else {
        s->legacy_next = 0;
        next_legacy(s);
    }
}

void kube_discover(struct kube_source *s)
{
    if (s->discovering)
        return;
    s->discovering = true;
    loop_cancel(s->ctx.loop, s->discovery_timer);
    s->discovery_timer = 0;
    struct source_state *state = state_of(s);
    state->tried_mono_ms = clock_mono_ms();
    state->next_mono_ms = -1;
    kube_send(s, &(struct kube_ask){.method = "GET", .target = "/apis", .accept = accept_discovery}, NULL, on_groups, s);
}

void kube_discover_soon(struct kube_source *s)
{
    enum { SOON_MS = 2000 };        /* many lists may find out at once */
    if (!s->discovering)
        again(s, SOON_MS);
}

/* ---- version ----------------------------------------------------------------------------------------------------------------- */

static void on_version_timer(void *ctx)
{
    struct kube_source *s = ctx;
    s->version_timer = 0;
    kube_ask_version(s);
}

static void on_version(void *ctx, const struct http_reply *reply)
{
    struct kube_source *s = ctx;
    if (reply->error.code != ERR_NONE) {
        if (reply->status == 0 || reply->status >= 500)
            s->version_timer = loop_timer(s->ctx.loop, kube_backoff(++s->version_attempt, reply), on_version_timer, s);
        return;
    }
    json_t *body = json_loadb(reply->body, reply->len, 0, NULL);
    const char *version = json_string_value(json_object_get(body, "gitVersion"));
    struct environment *env = store_environment(s->ctx.store);
    int64_t theirs_ms;
    env->skew_known = clock_parse_http_date(http_header(reply, "Date"), &theirs_ms);
    if (env->skew_known)
        env->skew_s = (clock_wall_ms() - theirs_ms) / 1000;
    if (version) {
        free(s->version);
        s->version = text_clean_dup(version, strlen(version), false);
        env->version = s->version;
        kube_changed(s);
    }
    json_decref(body);
}

void kube_ask_version(struct kube_source *s)
{
    kube_send(s, &(struct kube_ask){.method = "GET", .target = "/version"}, NULL, on_version, s);
}
