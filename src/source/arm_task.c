/* Calls that repeat: when, how they went, and what the source_state says of it. */
#include "arm.h"

#include <stdlib.h>
#include <string.h>

enum { HURRY_MS = 5 * 1000 };

/* ---- telling the engine ------------------------------------------------------------------------------------------------- */

static void announce(void *ctx)
{
    struct arm_source *s = ctx;
    s->announce_timer = 0;
    if (s->ctx.changed)
        s->ctx.changed(s->ctx.ctx);
}

void arm_changed(struct arm_source *s)
{
    if (!s->announce_timer)
        s->announce_timer = loop_timer(s->ctx.loop, 0, announce, s);
}

/* ---- tasks -------------------------------------------------------------------------------------------------------------------- */

void arm_task_init(struct arm_task *t, struct arm_source *s, int kind, void (*run)(struct arm_task *), const char *name)
{
    *t = (struct arm_task){.source = s, .kind = kind, .run = run, .name = xstrdup(name)};
}

struct source_state *arm_task_state(struct arm_task *t)
{
    struct source_state *state = store_source(t->source->ctx.store, t->name);
    state->kind = t->kind;
    state->origin = ORIGIN_ARM;
    return state;
}

static void on_timer(void *ctx)
{
    struct arm_task *t = ctx;
    t->timer = 0;
    arm_task_now(t);
}

void arm_task_soon(struct arm_task *t, int64_t after_ms)
{
    loop_cancel(t->source->ctx.loop, t->timer);
    t->timer = loop_timer(t->source->ctx.loop, after_ms, on_timer, t);
    arm_task_state(t)->next_mono_ms = clock_mono_ms() + after_ms;
}

void arm_task_now(struct arm_task *t)
{
    int64_t now = clock_mono_ms();
    if (t->busy)
        return;     /* one at a time: who asks meanwhile gets this one's answer */
    if (t->source->throttled_until_ms > now) {
        arm_task_soon(t, t->source->throttled_until_ms - now + (int64_t)arc4random_uniform(1000));
        return;
    }
    loop_cancel(t->source->ctx.loop, t->timer);
    t->timer = 0;
    t->busy = true;
    t->started_ms = now;
    struct source_state *state = arm_task_state(t);
    state->tried_mono_ms = now;
    state->next_mono_ms = -1;
    t->run(t);
}

/* Health reports and rule health cost a write each; when a bucket runs low everything slows down (azure.md 8.2). */
static int64_t interval_of(const struct arm_task *t)
{
    const struct arm_source *s = t->source;
    const struct environment *env = store_environment(s->ctx.store);
    int refresh = s->ctx.settings->refresh_s;
    int64_t interval = t->interval_ms ? t->interval_ms : (refresh > 0 ? refresh : 30) * (int64_t)1000;
    bool hurry = clock_mono_ms() < s->hurry_until_ms && t->interval_ms < ARM_RARE_MS;
    bool costly = t->kind == KIND_BACKENDHEALTH || t->kind == KIND_RULEHEALTH;
    if (costly && interval < ARM_HEALTH_GAP_MS)
        interval = ARM_HEALTH_GAP_MS;
    if (hurry)
        interval = HURRY_MS;
    bool low = (env->arm_remaining_reads >= 0 && env->arm_remaining_reads < ARM_FULL_READS / 5) ||
               (costly && env->arm_remaining_writes >= 0 && env->arm_remaining_writes < ARM_FULL_WRITES / 5);
    return low ? interval * 3 : interval;
}

static void ended(struct arm_task *t)
{
    t->busy = false;
    t->answered = true;
    t->call = 0;
    arm_changed(t->source);
}

void arm_task_good(struct arm_task *t, size_t objects)
{
    struct source_state *state = arm_task_state(t);
    ended(t);
    t->has_data = true;
    t->attempt = 0;
    state->status = SOURCE_LIVE;
    state->good_mono_ms = clock_mono_ms();
    state->objects = objects;
    state->error = (struct error){0};
    /* From start to start. */
    int64_t next = t->started_ms + interval_of(t) - clock_mono_ms();
    arm_task_soon(t, next > 1000 ? next : 1000);
}

void arm_task_bad(struct arm_task *t, const struct http_reply *reply, const char *permission)
{
    struct source_state *state = arm_task_state(t);
    ended(t);
    state->error = reply->error;
    bool forbidden = reply->status == 403;
    if (forbidden) {
        state->status = SOURCE_FORBIDDEN;
        if (permission)
            error_remedy(&state->error, "grant %s to this identity; the role Reader does not hold actions", permission);
        arm_task_soon(t, ARM_RARE_MS);
        return;
    }
    state->status = t->has_data ? SOURCE_STALE : SOURCE_FAILED;
    double wait = reply->error.retry_after > 0 ? reply->error.retry_after : reply->status ? http_retry_after(reply) : 0;
    int64_t delay = http_backoff_ms(++t->attempt, ARM_BACKOFF_BASE_MS, ARM_BACKOFF_CAP_MS, wait,
                                    arc4random() / 4294967296.0);
    /* What will not mend by itself is not asked again and again. */
    bool permanent = reply->status == 404 || reply->status == 400 || reply->status == 409 || reply->status == 401;
    arm_task_soon(t, permanent && delay < ARM_BACKOFF_CAP_MS ? ARM_BACKOFF_CAP_MS : delay);
}

void arm_task_off(struct arm_task *t, enum source_status status)
{
    loop_cancel(t->source->ctx.loop, t->timer);
    t->timer = 0;
    struct source_state *state = arm_task_state(t);
    ended(t);
    state->status = status;
    state->next_mono_ms = -1;
    state->error = (struct error){0};
}

void arm_task_end(struct arm_task *t)
{
    if (!t->source)
        return;
    arm_cancel(t->source, t->call);
    loop_cancel(t->source->ctx.loop, t->timer);
    if (t->name)
        store_source_drop(t->source->ctx.store, t->name);
    free(t->name);
    *t = (struct arm_task){0};
}

/* ---- names ---------------------------------------------------------------------------------------------------------------------- */

bool names_have(const struct names *names, const char *s)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_eq_nocase(names->items[i], s))
            return true;
    return false;
}

bool names_add(struct names *names, const char *s)
{
    if (!s || !*s || names_have(names, s))
        return false;
    GROW(names->items, names->n, names->cap);
    names->items[names->n++] = xstrdup(s);
    return true;
}

void names_free(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct names){0};
}
