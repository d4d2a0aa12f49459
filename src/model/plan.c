#include <gatewatch/model.h>

const char *plan_state_name(enum plan_state state)
{
    switch (state) {
    case PLAN_WORKING: return "working";
    case PLAN_READY: return "ready";
    case PLAN_REFUSED: return "refused";
    case PLAN_APPLYING: return "applying";
    case PLAN_VERIFYING: return "verifying";
    case PLAN_DONE: return "done";
    case PLAN_FAILED: return "failed";
    case PLAN_STALE: return "stale";
    }
    return "working";
}

struct plan *plan_new(void)
{
    struct arena arena = {0};
    struct plan *p = arena_alloc(&arena, sizeof *p);
    atomic_init(&p->refs, 1);
    p->arena = arena;
    return p;
}

struct plan *plan_ref(struct plan *p)
{
    if (p)
        atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

/* A plan lies in its own arena. */
void plan_unref(struct plan *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct arena arena = p->arena;
    arena_free(&arena);
}
