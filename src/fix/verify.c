/* Everything after the write: the on-demand probe at once and again, then the steady report, and a sentence about the end.
 * Azure marks a backend healthy at the first good answer, so two probe intervals and one report are enough (azure.md 1.1). */
#include "door.h"

#include <stdlib.h>

enum { PROBE_EVERY_MS = 5000, PROBE_FOR_MS = 60 * 1000, REPORT_SLACK_MS = 90 * 1000, REPORT_MOST_MS = 600 * 1000 };

static void probe_again(void *ctx);
static void too_late(void *ctx);

void verify_stop(struct fix_door *door)
{
    loop_cancel(door->context.loop, door->timer);
    loop_cancel(door->context.loop, door->deadline);
    door->timer = door->deadline = 0;
    if (door->probe)
        arm_call_cancel(door->context.arm, door->probe);
    door->probe = 0;
}

static const char *user(const struct fix_door *door)
{
    return door->topology ? door->topology->snapshot->env.user : "";
}

static void finish(struct fix_door *door, const char *journal_state, const char *outcome)
{
    struct error err = { 0 };
    struct plan *plan = door->plan;
    verify_stop(door);
    plan->state = PLAN_DONE;
    plan->outcome = arena_dup(&plan->arena, outcome);
    for (size_t i = STEP_PROBE; i < STEP_COUNT; i++)
        if (plan->steps[i].state == STEP_TODO || plan->steps[i].state == STEP_DOING)
            plan_step(plan, i, STEP_SKIPPED, "%s", str_or(plan->steps[i].detail, ""));
    if (!journal_append(plan, journal_state, user(door), NULL, &err))
        log_line(LOG_ERROR, "journal: %s", err.message);
    door->writing = false;
    door_publish(door);
}

static bool is_ours(const struct fix_door *door, const struct topo_backend *backend)
{
    return str_eq(backend->gateway, door->plan->gateway) && !backend->from_metrics;
}

/* The backend to probe: one that is not up, else the first. */
static const struct topo_backend *target(const struct fix_door *door)
{
    const struct topo_backend *first = NULL;
    for (size_t i = 0; i < door->topology->backends.n; i++) {
        const struct topo_backend *backend = &door->topology->backends.items[i];
        if (!is_ours(door, backend))
            continue;
        if (backend->health != HEALTH_UP)
            return backend;
        if (!first)
            first = backend;
    }
    return first;
}

/* Every report about this gateway was made after the change: an older one proves nothing. */
static bool reported_since(const struct fix_door *door)
{
    const struct topology *topology = door->topology;
    for (size_t i = 0; i < topology->backends.n; i++) {
        const struct topo_backend *backend = &topology->backends.items[i];
        for (size_t k = 0; is_ours(door, backend) && k < topology->appgws.n; k++) {
            const struct topo_appgw *appgw = &topology->appgws.items[k];
            if (appgw->object == backend->appgw_object &&
                (appgw->health_age_ms < 0 ||
                 topology->snapshot->wall_ms - appgw->health_age_ms < door->verify_started_wall))
                return false;
        }
    }
    return true;
}

static void all_up(const struct fix_door *door, size_t *ret_up, size_t *ret_all)
{
    *ret_up = *ret_all = 0;
    for (size_t i = 0; i < door->topology->backends.n; i++) {
        const struct topo_backend *backend = &door->topology->backends.items[i];
        if (!is_ours(door, backend))
            continue;
        ++*ret_all;
        *ret_up += backend->health == HEALTH_UP;
    }
}

static void note_verified(struct fix_door *door, const char *backend, const char *health)
{
    struct plan *plan = door->plan;
    plan->verified_backend = arena_dup(&plan->arena, backend);
    plan->verified_health = arena_dup(&plan->arena, health);
    plan->verified_after_ms = clock_mono_ms() - door->verify_started_mono;
}

/* A few words for the sheet; the whole log is in the Backends view. */
static void words_of_answer(const struct health_server *server, enum probe_cause cause, int status, char out[160])
{
    if ((cause == CAUSE_HTTP_STATUS || cause == CAUSE_OK) && status > 0)
        str_format(out, 160, "%s, HTTP %d", str_or(server->health, "answered"), status);
    else if (cause == CAUSE_TIMEOUT)
        str_format(out, 160, "%s, timeout", str_or(server->health, "no answer"));
    else
        str_format(out, 160, "%s%s%.120s", str_or(server->health, "no answer"), *server->log ? ": " : "", server->log);
}

/* What is left when the probe answers, but not well: said at once, so that nobody waits for a report that cannot come. */
static void done_for_now(struct fix_door *door)
{
    struct plan *plan = door->plan;
    FREE_AUTO char *outcome =
        xasprintf("Applied. The backend is not healthy by this alone: the probe now reads %.200s. See the findings for what "
                  "remains.", str_or(plan->steps[STEP_PROBE].detail, "?"));
    plan_step(plan, STEP_REPORT, STEP_SKIPPED, "%s", "another cause remains");
    finish(door, "unverified", outcome);
}

static void on_probe(void *ctx, const struct health_server *servers, size_t n, const struct error *err)
{
    struct fix_door *door = ctx;
    struct plan *plan = door->plan;
    int status = 0;
    const char *step;
    char words[160] = "no server in the pool";
    door->probe = 0;
    if (err && err->code != ERR_NONE) {
        plan_step(plan, STEP_PROBE, STEP_SKIPPED, "%s", err->message);
        door_publish(door);
        return;
    }
    size_t good = 0;
    for (size_t i = 0; i < n; i++)
        good += str_eq_nocase(servers[i].health, "Healthy") || str_eq_nocase(servers[i].health, "Up");
    door->probe_good = n > 0 && good == n;
    const enum probe_cause cause = n ? probe_log_classify(servers[0].log, &status, &step) : CAUSE_NONE;
    door->probe_answered = cause == CAUSE_HTTP_STATUS || cause == CAUSE_BODY;
    if (n)
        words_of_answer(&servers[0], cause, status, words);
    plan_step(plan, STEP_PROBE, door->probe_good ? STEP_DONE : STEP_DOING, "%s", words);
    if (!door->probe_good && door->probe_answered && !door->expects_health) {
        done_for_now(door);
        return;
    }
    door_publish(door);
    if (!door->probe_good && clock_mono_ms() < door->probe_until_mono)
        door->timer = loop_timer(door->context.loop, PROBE_EVERY_MS, probe_again, door);
}

static void probe_again(void *ctx)
{
    struct fix_door *door = ctx;
    const struct topo_backend *backend = target(door);
    door->timer = 0;
    if (!backend || !backend->appgw_object || !door->context.arm)
        return;
    if (door->plan->steps[STEP_PROBE].state == STEP_TODO)
        plan_step(door->plan, STEP_PROBE, STEP_DOING, "%s", "asking");
    door->probe = arm_probe_on_demand(door->context.arm, backend->appgw_object, backend->pool_id, backend->settings_id,
                                      on_probe, door);
}

static int64_t report_patience_ms(const struct fix_door *door)
{
    int64_t longest = 30;
    for (size_t i = 0; i < door->topology->probes.n; i++) {
        const struct topo_probe *probe = &door->topology->probes.items[i];
        if (probe->prober != PROBER_APPGW || !str_eq(probe->gateway, door->plan->gateway))
            continue;
        const int one = probe->interval_s > probe->timeout_s ? probe->interval_s : probe->timeout_s;
        longest = one > longest ? one : longest;
    }
    const int64_t ms = 2 * longest * 1000 + door->context.settings->refresh_s * 1000 + REPORT_SLACK_MS;
    return ms < REPORT_MOST_MS ? ms : REPORT_MOST_MS;
}

static void verified(struct fix_door *door, size_t up, size_t all)
{
    struct plan *plan = door->plan;
    const struct topo_backend *backend = target(door);
    FREE_AUTO char *name = xasprintf("%s/%s/%s", backend->pool, backend->settings, backend->address);
    note_verified(door, name, health_name(backend->health));
    plan_step(plan, STEP_REPORT, STEP_DONE, "%zu of %zu healthy", up, all);
    if (!door->probe_good)
        plan_step(plan, STEP_PROBE, STEP_SKIPPED, "%s", str_or(plan->steps[STEP_PROBE].detail, ""));
    FREE_AUTO char *outcome = xasprintf("Applied and verified: Application Gateway reports %zu of %zu backends healthy, %lld "
                                        "s after the change.", up, all, (long long)(plan->verified_after_ms / 1000));
    finish(door, "verified", outcome);
}

/* A healthy report that stands until the end, made after the change, is a proof even where it was healthy before: unless
 * the on-demand probe says otherwise. */
static void too_late(void *ctx)
{
    struct fix_door *door = ctx;
    size_t up, all;
    door->deadline = 0;
    all_up(door, &up, &all);
    if (all && up == all && reported_since(door) && (door->probe_good || !door->was_up || !door->probe_answered)) {
        verified(door, up, all);
        return;
    }
    FREE_AUTO char *outcome = xasprintf("Applied. No healthy report came in time; the last on-demand probe: %.200s.",
                                        str_or(door->plan->steps[STEP_PROBE].detail, "nothing"));
    finish(door, "unverified", outcome);
}

void verify_start(struct fix_door *door)
{
    struct plan *plan = door->plan;
    size_t up, all;
    if (str_eq(plan->fix, "undo")) {
        finish(door, "verified", "Taken back: the objects are as they were before.");
        return;
    }
    if (!door->context.arm || !target(door)) {
        finish(door, "unverified", "Applied. No Application Gateway report is at hand to verify it with.");
        return;
    }
    all_up(door, &up, &all);
    plan->state = PLAN_VERIFYING;
    door->was_up = up == all;
    door->verify_started_mono = clock_mono_ms();
    door->verify_started_wall = clock_wall_ms();
    door->probe_until_mono = door->verify_started_mono + PROBE_FOR_MS;
    door->probe_good = door->probe_answered = false;
    /* A timer, not the next world: none may come when everything that could tell is gone. */
    door->deadline = loop_timer(door->context.loop, report_patience_ms(door), too_late, door);
    plan_step(plan, STEP_REPORT, STEP_DOING, "%s", "waiting for the steady report");
    door_publish(door);
    probe_again(door);
}

/* Healthy after unhealthy proves itself, and so does a good probe at once; healthy as before may be the past. */
void verify_world(struct fix_door *door)
{
    size_t up, all;
    all_up(door, &up, &all);
    if (all && up == all && reported_since(door) && (door->probe_good || !door->was_up))
        verified(door, up, all);
}
