/* Where objects live between snapshots: one sorted array per kind. Servers list in order, so filling is appending; a
 * change elsewhere moves pointers, which at 10,000 objects costs less than a hash table's memory. */
#include "shared_list.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    const struct object *object;
    uint32_t seen;          /* the store's tick at the last upsert */
    uint32_t scope;         /* index into store.scopes; 0 is the whole kind */
};
struct shelf {
    struct entry *items;
    size_t n, cap;
    struct shared_list *published;      /* what snapshots share; NULL when the kind changed since */
};
struct relist {
    enum kind_id kind;
    uint32_t scope, since;
};
struct store {
    struct shelf shelves[KIND_COUNT];
    char **scopes;
    size_t n_scopes, cap_scopes;
    struct relist *relists;
    size_t n_relists, cap_relists;
    uint32_t tick;
    struct source_state **sources;      /* apart, so that callers may keep the pointer */
    size_t n_sources, cap_sources;
    struct environment env;
    uint64_t generation, serial;
};

struct store *store_new(void)
{
    struct store *s = xcalloc(1, sizeof *s);
    s->env.arm_remaining_reads = s->env.arm_remaining_writes = -1;
    GROW(s->scopes, s->n_scopes, s->cap_scopes);
    s->scopes[s->n_scopes++] = NULL;
    return s;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct shelf *shelf = &s->shelves[kind];
        for (size_t i = 0; i < shelf->n; i++)
            object_unref(shelf->items[i].object);
        free(shelf->items);
        shared_list_unref(shelf->published);
    }
    for (size_t i = 0; i < s->n_scopes; i++)
        free(s->scopes[i]);
    for (size_t i = 0; i < s->n_sources; i++)
        free(s->sources[i]);
    free(s->scopes);
    free(s->relists);
    free(s->sources);
    free(s);
}

static uint32_t scope_id(struct store *s, const char *scope)
{
    if (!scope)
        return 0;
    for (size_t i = 1; i < s->n_scopes; i++)
        if (str_eq(s->scopes[i], scope))
            return (uint32_t)i;
    GROW(s->scopes, s->n_scopes, s->cap_scopes);
    s->scopes[s->n_scopes] = xstrdup(scope);
    return (uint32_t)s->n_scopes++;
}

static void touch(struct store *s, struct shelf *shelf)
{
    s->generation++;
    shared_list_unref(shelf->published);
    shelf->published = NULL;
}

static size_t lower_bound(const struct shelf *shelf, const char *namespace, const char *name)
{
    size_t low = 0, high = shelf->n;
    if (high && object_compare(shelf->items[high - 1].object, namespace, name) < 0)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (object_compare(shelf->items[middle].object, namespace, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct shelf *shelf, size_t i, const char *namespace, const char *name)
{
    return i < shelf->n && object_compare(shelf->items[i].object, namespace, name) == 0;
}

/* The server's version says that nothing changed: keep what snapshots already share. */
static bool is_same(const struct object *a, const struct object *b)
{
    return a->kind->origin == ORIGIN_KUBERNETES && *a->resource_version && *a->uid &&
           str_eq(a->resource_version, b->resource_version) && str_eq(a->uid, b->uid);
}

void store_upsert_scoped(struct store *s, const struct object *object, const char *scope)
{
    enum kind_id kind = kind_index(object->kind);
    if (kind == KIND_COUNT) {
        object_unref(object);
        return;
    }
    struct shelf *shelf = &s->shelves[kind];
    struct entry made = {object, s->tick, scope_id(s, scope)};
    size_t i = lower_bound(shelf, object->namespace, object->name);
    if (is_at(shelf, i, object->namespace, object->name)) {
        struct entry *old = &shelf->items[i];
        if (is_same(old->object, object) && old->scope == made.scope) {
            old->seen = s->tick;
            object_unref(object);
            return;
        }
        object_unref(old->object);
        *old = made;
    } else {
        GROW(shelf->items, shelf->n, shelf->cap);
        memmove(&shelf->items[i + 1], &shelf->items[i], (shelf->n - i) * sizeof *shelf->items);
        shelf->items[i] = made;
        shelf->n++;
    }
    touch(s, shelf);
}

void store_upsert(struct store *s, const struct object *object)
{
    store_upsert_scoped(s, object, NULL);
}

static void remove_at(struct store *s, struct shelf *shelf, size_t i)
{
    object_unref(shelf->items[i].object);
    memmove(&shelf->items[i], &shelf->items[i + 1], (shelf->n - i - 1) * sizeof *shelf->items);
    shelf->n--;
    touch(s, shelf);
}

bool store_remove(struct store *s, enum kind_id kind, const char *namespace, const char *name)
{
    struct shelf *shelf = &s->shelves[kind];
    size_t i = lower_bound(shelf, namespace, name);
    if (!is_at(shelf, i, namespace, name))
        return false;
    remove_at(s, shelf, i);
    return true;
}

bool store_remove_scoped(struct store *s, enum kind_id kind, const char *namespace, const char *name, const char *scope)
{
    struct shelf *shelf = &s->shelves[kind];
    size_t i = lower_bound(shelf, namespace, name);
    if (!is_at(shelf, i, namespace, name) || shelf->items[i].scope != scope_id(s, scope))
        return false;
    remove_at(s, shelf, i);
    return true;
}

const struct object *store_find(const struct store *s, enum kind_id kind, const char *namespace, const char *name)
{
    const struct shelf *shelf = &s->shelves[kind];
    size_t i = lower_bound(shelf, namespace, name);
    return is_at(shelf, i, namespace, name) ? shelf->items[i].object : NULL;
}

void store_each(const struct store *s, enum kind_id kind, void (*each)(const struct object *, void *ctx), void *ctx)
{
    for (size_t i = 0; i < s->shelves[kind].n; i++)
        each(s->shelves[kind].items[i].object, ctx);
}

size_t store_count(const struct store *s, enum kind_id kind, const char *scope)
{
    uint32_t id = scope_id((struct store *)s, scope);
    size_t n = 0;
    for (size_t i = 0; i < s->shelves[kind].n; i++)
        n += s->shelves[kind].items[i].scope == id;
    return n;
}

/* ---- relists ---------------------------------------------------------------------------------------------------------- */

static struct relist *find_relist(struct store *s, enum kind_id kind, uint32_t scope)
{
    for (size_t i = 0; i < s->n_relists; i++)
        if (s->relists[i].kind == kind && s->relists[i].scope == scope)
            return &s->relists[i];
    return NULL;
}

static void drop_relist(struct store *s, struct relist *r)
{
    *r = s->relists[--s->n_relists];
}

void store_relist_begin(struct store *s, enum kind_id kind, const char *scope)
{
    uint32_t id = scope_id(s, scope);
    struct relist *r = find_relist(s, kind, id);
    if (!r) {
        GROW(s->relists, s->n_relists, s->cap_relists);
        r = &s->relists[s->n_relists++];
    }
    *r = (struct relist){kind, id, ++s->tick};
}

size_t store_relist_end(struct store *s, enum kind_id kind, const char *scope)
{
    struct relist *r = find_relist(s, kind, scope_id(s, scope));
    if (!r)
        return 0;
    struct relist relist = *r;
    drop_relist(s, r);
    struct shelf *shelf = &s->shelves[kind];
    size_t kept = 0, n = shelf->n;
    for (size_t i = 0; i < n; i++) {
        struct entry e = shelf->items[i];
        if (e.scope == relist.scope && e.seen < relist.since)
            object_unref(e.object);
        else
            shelf->items[kept++] = e;
    }
    shelf->n = kept;
    if (kept != n)
        touch(s, shelf);
    return n - kept;
}

void store_relist_abort(struct store *s, enum kind_id kind, const char *scope)
{
    struct relist *r = find_relist(s, kind, scope_id(s, scope));
    if (r)
        drop_relist(s, r);
}

/* ---- sources and environment -------------------------------------------------------------------------------------------- */

struct source_state *store_source(struct store *s, const char *name)
{
    struct source_state *made = xcalloc(1, sizeof *made);
    *made = (struct source_state){.status = SOURCE_PENDING, .kind = -1, .good_mono_ms = -1, .tried_mono_ms = -1,
                                  .next_mono_ms = -1, .expected = -1};
    str_copy(made->name, sizeof made->name, name);
    for (size_t i = 0; i < s->n_sources; i++) {
        if (str_eq(s->sources[i]->name, made->name)) {
            free(made);
            return s->sources[i];
        }
    }
    GROW(s->sources, s->n_sources, s->cap_sources);
    return s->sources[s->n_sources++] = made;
}

void store_source_drop(struct store *s, const char *name)
{
    for (size_t i = 0; i < s->n_sources; i++) {
        if (!str_eq(s->sources[i]->name, name))
            continue;
        free(s->sources[i]);
        s->n_sources--;
        memmove(&s->sources[i], &s->sources[i + 1], (s->n_sources - i) * sizeof *s->sources);
        s->generation++;
        return;
    }
}

struct environment *store_environment(struct store *s)
{
    return &s->env;
}

uint64_t store_generation(const struct store *s)
{
    return s->generation;
}

/* ---- snapshots ------------------------------------------------------------------------------------------------------------ */

static void publish(struct shelf *shelf)
{
    if (shelf->published || !shelf->n)
        return;
    struct shared_list *list = xcalloc(1, sizeof *list + shelf->n * sizeof *list->items);
    atomic_init(&list->refs, 1);
    list->n = shelf->n;
    for (size_t i = 0; i < shelf->n; i++)
        list->items[i] = object_ref(shelf->items[i].object);
    shelf->published = list;
}

static struct environment copy_environment(struct arena *arena, struct environment env)
{
    const char **texts[] = {&env.context, &env.cluster, &env.server, &env.version, &env.user, &env.login,
                            &env.cloud, &env.credential, &env.prompt};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = *texts[i] ? arena_dup(arena, *texts[i]) : "";
    return env;
}

struct snapshot *store_snapshot(struct store *s, int64_t wall_ms, int64_t mono_ms)
{
    size_t sources = s->n_sources * sizeof(struct source_state);
    struct arena arena = {.hint = sizeof(struct snapshot) + sources + 1024};
    struct snapshot *snap = arena_alloc(&arena, sizeof *snap);
    atomic_init(&snap->refs, 1);
    snap->serial = ++s->serial;
    snap->wall_ms = wall_ms;
    snap->mono_ms = mono_ms;
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        struct shelf *shelf = &s->shelves[kind];
        publish(shelf);
        struct shared_list *list = shelf->published;
        if (!list)
            continue;
        atomic_fetch_add_explicit(&list->refs, 1, memory_order_relaxed);
        snap->objects[kind] = (struct object_list){list->items, list->n};
    }
    struct source_state *states = arena_alloc(&arena, sources);
    for (size_t i = 0; i < s->n_sources; i++)
        states[i] = *s->sources[i];
    snap->sources = states;
    snap->n_sources = s->n_sources;
    snap->env = copy_environment(&arena, s->env);
    snap->arena = arena;
    return snap;
}
