/* From store to view: snapshot, joins, rules, one slot. At most ten times a second, and never so often that deriving
 * takes more than a quarter of the core thread. */
#include "engine.h"

#include <stdlib.h>

enum { MIN_INTERVAL_MS = 100, COST_FACTOR = 4 };

/* ---- counted pieces ----------------------------------------------------------------------------------------------- */

struct derived *derived_new(struct snapshot *snapshot, const struct settings *settings, const struct derived *before)
{
    struct derived *derived = xcalloc(1, sizeof *derived);
    atomic_init(&derived->refs, 1);
    derived->snapshot = snapshot;
    derived->topology = topology_build(snapshot, settings, before ? before->topology : NULL);
    derived->findings = diagnose(derived->topology, settings);
    return derived;
}

struct derived *derived_ref(struct derived *derived)
{
    if (derived)
        atomic_fetch_add_explicit(&derived->refs, 1, memory_order_relaxed);
    return derived;
}

void derived_unref(struct derived *derived)
{
    if (!derived || atomic_fetch_sub_explicit(&derived->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (derived->findings) {
        findings_free(derived->findings);
        free(derived->findings);
    }
    topology_unref(derived->topology);
    snapshot_unref(derived->snapshot);
    free(derived);
}

struct document *document_ref(struct document *document)
{
    if (document)
        atomic_fetch_add_explicit(&document->refs, 1, memory_order_relaxed);
    return document;
}

void document_unref(struct document *document)
{
    if (!document || atomic_fetch_sub_explicit(&document->refs, 1, memory_order_acq_rel) != 1)
        return;
    free(document->text);
    free(document);
}

struct view_data *view_data_ref(struct view_data *view)
{
    if (view)
        atomic_fetch_add_explicit(&view->refs, 1, memory_order_relaxed);
    return view;
}

void view_data_unref(struct view_data *view)
{
    if (!view || atomic_fetch_sub_explicit(&view->refs, 1, memory_order_acq_rel) != 1)
        return;
    derived_unref(view->derived);
    plan_unref(view->plan);
    document_unref(view->document);
    free(view);
}

/* ---- publishing ------------------------------------------------------------------------------------------------------ */

static bool cluster_answered(const struct engine *engine)
{
    return engine->kube ? kube_source_settled(engine->kube) : engine->fatal.code != ERR_NONE;
}

/* Azure is asked last: which of its gateways count is known by the cluster's addresses only, and it says yes for good. */
static bool everything_answered(const struct engine *engine)
{
    return cluster_answered(engine) &&
           (engine->arm ? arm_source_settled(engine->arm) : engine->azure.code != ERR_NONE);
}

static void note_credential(struct engine *engine)
{
    struct credential_report reports[8];
    size_t n = engine->auth ? azure_auth_report(engine->auth, reports, 8) : 0;
    for (size_t i = 0; i < n && i < 8; i++)
        if (reports[i].state == CREDENTIAL_SERVES)
            str_copy(engine->credential, sizeof engine->credential, reports[i].name);
}

static void derive(struct engine *engine)
{
    const int64_t start = clock_mono_ms();
    note_credential(engine);
    struct snapshot *snapshot = store_snapshot(engine->store, clock_wall_ms(), start);
    struct derived *next = derived_new(snapshot, engine->settings, engine->derived);
    derived_unref(engine->derived);
    engine->derived = next;
    engine->stale = false;
    if (engine->arm)
        arm_source_hint(engine->arm, next->snapshot);
    if (engine->door)
        door_world(engine->door, next->topology, next->findings);
    engine->derive_cost_ms = clock_mono_ms() - start;
}

static void note_undoable(struct engine *engine)
{
    struct journal journal = { 0 };
    engine->undoable[0] = '\0';
    if (!journal_read(&journal, NULL))
        return;
    const struct journal_entry *entry = journal_undoable(&journal, NULL, engine->cluster, NULL);
    if (entry)
        str_copy(engine->undoable, sizeof engine->undoable, entry->id);
    journal_free(&journal);
}

static void publish(void *ctx)
{
    struct engine *engine = ctx;
    engine->timer = 0;
    /* A source says a little later that it has news. A view that calls itself whole must hold them all. */
    const bool whole_soon = !engine->whole && cluster_answered(engine);
    if (engine->stale || !engine->derived || whole_soon)
        derive(engine);
    /* The journal changes only when a plan moved, or before the first view. */
    if (!engine->serial || engine->journal_moved)
        note_undoable(engine);
    engine->journal_moved = false;
    struct view_data *view = xcalloc(1, sizeof *view);
    atomic_init(&view->refs, 1);
    view->serial = ++engine->serial;
    view->derived = derived_ref(engine->derived);
    view->snapshot = engine->derived->snapshot;
    view->topology = engine->derived->topology;
    view->findings = engine->derived->findings;
    view->plan = plan_ref(engine->plan);
    view->document = document_ref(engine->document);
    view->fatal = engine->fatal;
    view->azure = engine->azure;
    view->settled = engine->whole = everything_answered(engine);
    str_copy(view->undoable, sizeof view->undoable, engine->undoable);
    view->core_lag_ms = engine->derive_cost_ms;
    view->published_mono_ms = engine->published_mono_ms = clock_mono_ms();
    slot_set(engine->views, view);
}

void publish_soon(struct engine *engine)
{
    if (engine->timer)
        return;
    int64_t pause = engine->derive_cost_ms * COST_FACTOR;
    if (pause < MIN_INTERVAL_MS)
        pause = MIN_INTERVAL_MS;
    int64_t wait = engine->serial ? engine->published_mono_ms + pause - clock_mono_ms() : 0;
    engine->timer = loop_timer(engine->loop, wait > 0 ? wait : 0, publish, engine);
}

void publish_facts(void *ctx)
{
    struct engine *engine = ctx;
    engine->stale = true;
    publish_soon(engine);
}
