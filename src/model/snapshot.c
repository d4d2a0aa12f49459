/* Everything known at one moment: arrays of pointers, looked up by bisection. */
#include "shared_list.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct shared_list *shared_list_of(const struct object_list *list)
{
    if (!list->items)
        return NULL;
    return (struct shared_list *)((char *)(uintptr_t)list->items - offsetof(struct shared_list, items));
}

void shared_list_unref(struct shared_list *list)
{
    if (!list || atomic_fetch_sub_explicit(&list->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < list->n; i++)
        object_unref(list->items[i]);
    free(list);
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    if (s)
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int kind = 0; kind < KIND_COUNT; kind++)
        shared_list_unref(shared_list_of(&s->objects[kind]));
    struct arena arena = s->arena;      /* the snapshot lies in its own arena */
    arena_free(&arena);
}

/* Index of the first object that is not before (namespace, name). */
static size_t lower_bound(const struct object_list *list, const char *namespace, const char *name)
{
    size_t low = 0, high = list->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (object_compare(list->items[middle], namespace, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct object *snapshot_find(const struct snapshot *s, enum kind_id kind, const char *namespace, const char *name)
{
    const struct object_list *list = &s->objects[kind];
    size_t i = lower_bound(list, namespace, name);
    return i < list->n && object_compare(list->items[i], namespace, name) == 0 ? list->items[i] : NULL;
}

const struct object *snapshot_find_uid(const struct snapshot *s, enum kind_id kind, const char *uid)
{
    const struct object_list *list = &s->objects[kind];
    if (!uid || !*uid)
        return NULL;
    for (size_t i = 0; i < list->n; i++)
        if (strcasecmp(list->items[i]->uid, uid) == 0)
            return list->items[i];
    return NULL;
}

size_t snapshot_namespace(const struct snapshot *s, enum kind_id kind, const char *namespace, size_t *ret_first)
{
    const struct object_list *list = &s->objects[kind];
    size_t first = lower_bound(list, namespace, ""), end = first;
    bool nocase = kinds[kind]->origin == ORIGIN_ARM;
    while (end < list->n && (nocase ? str_eq_nocase(list->items[end]->namespace, namespace)
                                    : str_eq(list->items[end]->namespace, namespace)))
        end++;
    if (ret_first)
        *ret_first = first;
    return end - first;
}

static int badness(enum source_status status)
{
    switch (status) {
    case SOURCE_ABSENT: return 0;
    case SOURCE_LIVE: return 1;
    case SOURCE_STALE: return 2;
    case SOURCE_PENDING: return 3;
    case SOURCE_FAILED: return 4;
    case SOURCE_FORBIDDEN: return 5;
    }
    return 5;
}

const struct source_state *snapshot_source(const struct snapshot *s, enum kind_id kind)
{
    const struct source_state *worst = NULL;
    for (size_t i = 0; i < s->n_sources; i++) {
        const struct source_state *source = &s->sources[i];
        if (source->kind == (int)kind && (!worst || badness(source->status) > badness(worst->status)))
            worst = source;
    }
    return worst;
}

static bool is_known(const struct source_state *source)
{
    switch (source->status) {
    case SOURCE_LIVE:
    case SOURCE_ABSENT:
        return true;
    case SOURCE_STALE:
        return source->good_mono_ms >= 0;
    case SOURCE_PENDING:
    case SOURCE_FAILED:
    case SOURCE_FORBIDDEN:
        return false;
    }
    return false;
}

bool snapshot_knows(const struct snapshot *s, enum kind_id kind)
{
    const struct source_state *worst = snapshot_source(s, kind);
    return worst && is_known(worst);
}
