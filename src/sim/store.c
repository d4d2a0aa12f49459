#include "store.h"
#include "kube.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/random.h>

#define MAX_EVENTS 4096u /* per kind; older watches get 410 Expired */

char *object_key(const char *ns, const char *name)
{
    return format_text("%s/%s", ns ? ns : "", name ? name : "");
}

const char *meta_text(const json_t *object, const char *field)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(object, "metadata"), field));

    return text ? text : "";
}

unsigned long long object_version(const json_t *object)
{
    return strtoull(meta_text(object, "resourceVersion"), NULL, 10);
}

/* ---- tables ---------------------------------------------------------------------------------- */

struct table *store_add_kind(struct world *world, const struct kind *kind)
{
    struct store *store = world->store;
    struct table *table = store_table_any(world, kind->group, kind->resource);
    struct kind *copy;
    pthread_condattr_t attr;

    if (table)
        return table;
    table = xcalloc(1, sizeof *table);
    copy = xcalloc(1, sizeof *copy);
    *copy = *kind;
    table->kind = copy;
    table->forgotten = store->version;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&table->changed, &attr);
    pthread_condattr_destroy(&attr);
    store->tables = xrealloc(store->tables, (store->n + 1) * sizeof *store->tables);
    store->tables[store->n++] = table;
    return table;
}

void store_init(struct world *world)
{
    world->store = xcalloc(1, sizeof *world->store);
    world->store->version = 1000;
    world->store->owners = json_object();
    for (const struct kind *k = builtin_kinds; k->resource; k++)
        store_add_kind(world, k);
}

struct table *store_table_any(struct world *world, const char *group, const char *resource)
{
    struct store *store = world->store;

    for (size_t i = 0; i < store->n; i++)
        if (same_text(store->tables[i]->kind->group, group) &&
            !strcmp(store->tables[i]->kind->resource, resource))
            return store->tables[i];
    return NULL;
}

struct table *store_table(struct world *world, const char *group, const char *resource)
{
    struct table *table = store_table_any(world, group, resource);

    return table && !table->absent ? table : NULL;
}

struct table *store_table_by_kind(struct world *world, const char *group, const char *kind)
{
    struct store *store = world->store;

    for (size_t i = 0; i < store->n; i++)
        if (same_text(store->tables[i]->kind->group, group) &&
            !strcmp(store->tables[i]->kind->kind, kind))
            return store->tables[i]->absent ? NULL : store->tables[i];
    return NULL;
}

size_t table_find(const struct table *table, const char *key)
{
    size_t low = 0, high = table->n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(table->rows[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct row *table_row(const struct table *table, const char *key)
{
    size_t i = table_find(table, key);

    return i < table->n && !strcmp(table->rows[i].key, key) ? &table->rows[i] : NULL;
}

json_t *table_get(const struct table *table, const char *ns, const char *name)
{
    char *key = object_key(table->kind->namespaced ? ns : "", name);
    struct row *row = table_row(table, key);

    free(key);
    return row ? row->object : NULL;
}

/* ---- events ---------------------------------------------------------------------------------- */

struct event *table_event(const struct table *table, size_t i)
{
    return &table->events[(table->first + i) % MAX_EVENTS];
}

static void event_drop(struct event *event)
{
    json_decref(event->object);
    json_decref(event->before);
    *event = (struct event){0};
}

static void table_append(struct table *table, enum event_type type, unsigned long long version,
                         json_t *object, json_t *before)
{
    struct event *event;

    if (!table->events)
        table->events = xcalloc(MAX_EVENTS, sizeof *table->events);
    if (table->n_events == MAX_EVENTS) {
        event = table_event(table, 0);
        table->forgotten = event->version;
        event_drop(event);
        table->first = (table->first + 1) % MAX_EVENTS;
        table->n_events--;
    }
    event = table_event(table, table->n_events++);
    *event = (struct event){version, type, json_incref(object), json_incref(before)};
}

void store_expire(struct world *world)
{
    for (size_t i = 0; i < world->store->n; i++) {
        struct table *table = world->store->tables[i];

        while (table->n_events) {
            event_drop(table_event(table, 0));
            table->first = (table->first + 1) % MAX_EVENTS;
            table->n_events--;
        }
        table->forgotten = ++world->store->version;
        pthread_cond_broadcast(&table->changed);
    }
}

static void signal_change(struct world *world, struct table *table)
{
    pthread_cond_broadcast(&table->changed);
    pthread_cond_broadcast(&world->changed);
}

/* ---- writing --------------------------------------------------------------------------------- */

static char *new_uid(void)
{
    unsigned char b[16] = {0};

    if (getrandom(b, sizeof b, 0) != sizeof b)
        abort();
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    return format_text("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                       b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                       b[13], b[14], b[15]);
}

/* Everything but metadata and status is the specification. */
static bool specification_differs(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)a, key, value) {
        if (strcmp(key, "metadata") && strcmp(key, "status") &&
            !json_equal(value, json_object_get(b, key)))
            return true;
    }
    json_object_foreach((json_t *)b, key, value) {
        if (strcmp(key, "metadata") && strcmp(key, "status") && !json_object_get(a, key))
            return true;
    }
    return false;
}

void store_fill(struct world *world, struct table *table, json_t *object, const json_t *before)
{
    json_t *meta = json_object_get(object, "metadata");
    const json_t *old = json_object_get(before, "metadata");

    if (before) {
        json_object_set(meta, "uid", json_object_get(old, "uid"));
        json_object_set(meta, "creationTimestamp", json_object_get(old, "creationTimestamp"));
    }
    if (!json_is_string(json_object_get(meta, "uid"))) {
        char *uid = new_uid();

        json_object_set_new(meta, "uid", json_string(uid));
        free(uid);
    }
    if (!json_is_string(json_object_get(meta, "creationTimestamp"))) {
        char *now = world_time(world);

        json_object_set_new(meta, "creationTimestamp", json_string(now));
        free(now);
    }
    if (table->kind->counts_generation) {
        json_int_t generation = json_integer_value(json_object_get(old, "generation"));

        if (!before && json_is_integer(json_object_get(meta, "generation")))
            generation = json_integer_value(json_object_get(meta, "generation"));
        else if (!before || specification_differs(object, before))
            generation++;
        json_object_set_new(meta, "generation", json_integer(generation));
    } else {
        json_object_del(meta, "generation");
    }
}

static void set_version(struct world *world, json_t *object)
{
    char text[32];

    snprintf(text, sizeof text, "%llu", ++world->store->version);
    json_object_set_new(json_object_get(object, "metadata"), "resourceVersion", json_string(text));
}

static void note_owners(struct world *world, const json_t *object)
{
    json_t *owner;
    size_t i;

    json_array_foreach(json_object_get(json_object_get(object, "metadata"), "ownerReferences"), i,
                       owner) {
        const char *uid = json_string_value(json_object_get(owner, "uid"));

        if (uid)
            json_object_set_new(world->store->owners, uid, json_true());
    }
}

static void insert_row(struct table *table, char *key, json_t *object)
{
    size_t i = table_find(table, key);

    if (table->n == table->size) {
        table->size = table->size ? table->size * 2 : 16;
        table->rows = xrealloc(table->rows, table->size * sizeof *table->rows);
    }
    memmove(&table->rows[i + 1], &table->rows[i], (table->n - i) * sizeof *table->rows);
    table->rows[i] = (struct row){key, object};
    table->n++;
}

static bool holds_definitions(const struct table *table)
{
    return !strcmp(table->kind->resource, "customresourcedefinitions");
}

json_t *store_write(struct world *world, struct table *table, json_t *object)
{
    json_t *meta = json_object_get(object, "metadata");
    const char *ns = meta_text(object, "namespace"), *name = meta_text(object, "name");
    char *key = object_key(table->kind->namespaced ? ns : "", name);
    struct row *row = table_row(table, key);
    json_t *before = row ? row->object : NULL;

    if (!meta || !*name) {
        free(key);
        json_decref(object);
        return NULL;
    }
    store_fill(world, table, object, before);
    if (before) {
        json_object_set(meta, "resourceVersion",
                        json_object_get(json_object_get(before, "metadata"), "resourceVersion"));
        if (json_equal(object, before)) {
            free(key);
            json_decref(object);
            return before;
        }
    }
    set_version(world, object);
    note_owners(world, object);
    table_append(table, before ? EVENT_MODIFIED : EVENT_ADDED, world->store->version, object,
                 before);
    if (row) {
        row->object = object;
        json_decref(before);
        free(key);
    } else {
        insert_row(table, key, object);
    }
    signal_change(world, table);
    if (holds_definitions(table))
        kube_define(world, object);
    return object;
}

bool store_delete(struct world *world, struct table *table, const char *ns, const char *name)
{
    char *key = object_key(table->kind->namespaced ? ns : "", name);
    size_t i = table_find(table, key);
    bool found = i < table->n && !strcmp(table->rows[i].key, key);
    json_t *last, *before;

    free(key);
    if (!found)
        return false;
    before = table->rows[i].object;
    last = json_copy(before);
    json_object_set_new(last, "metadata", json_copy(json_object_get(before, "metadata")));
    set_version(world, last);
    table_append(table, EVENT_DELETED, world->store->version, last, before);
    json_decref(last);
    free(table->rows[i].key);
    table->n--;
    memmove(&table->rows[i], &table->rows[i + 1], (table->n - i) * sizeof *table->rows);
    signal_change(world, table);
    if (holds_definitions(table))
        kube_undefine(world, before);
    json_decref(before);
    return true;
}

/* ---- the doors of sim.h ---------------------------------------------------------------------- */

const json_t *store_get(struct world *world, const char *group, const char *resource,
                        const char *ns, const char *name)
{
    struct table *table = store_table_any(world, group, resource);

    return table && name ? table_get(table, ns, name) : NULL;
}

void store_each(struct world *world, const char *group, const char *resource,
                bool (*each)(struct world *, const json_t *object, void *ctx), void *ctx)
{
    struct table *table = store_table_any(world, group, resource);
    char *key;

    if (!table || !table->n)
        return;
    /* The callback may write: go on from the key, not from the index. */
    for (size_t i = 0; i < table->n;) {
        json_t *object = json_incref(table->rows[i].object);
        bool more;

        key = xstrdup(table->rows[i].key);
        more = each(world, object, ctx);
        json_decref(object);
        if (i < table->n && !strcmp(table->rows[i].key, key))
            i++;
        else {
            i = table_find(table, key);
            if (i < table->n && !strcmp(table->rows[i].key, key))
                i++;
        }
        free(key);
        if (!more)
            return;
    }
}

void store_put(struct world *world, const char *group, const char *resource, json_t *object,
               const char *manager, const char *operation, const char *subresource)
{
    struct table *table = store_table_any(world, group, resource);
    json_t *before;

    if (!table || !json_is_object(json_object_get(object, "metadata"))) {
        fprintf(stderr, "gatewatch-sim: cannot store %s.%s: %s\n", resource, group,
                table ? "it has no metadata" : "no such kind");
        json_decref(object);
        return;
    }
    before = table_get(table, meta_text(object, "namespace"), meta_text(object, "name"));
    object = kube_default(table, object);
    if (manager)
        managed_record(world, table, object, before, manager, operation, subresource);
    kube_allocate(world, table, object, before);
    store_write(world, table, object);
}

bool store_remove(struct world *world, const char *group, const char *resource, const char *ns,
                  const char *name)
{
    struct table *table = store_table_any(world, group, resource);

    return table && kube_remove(world, table, ns, name, true);
}

size_t store_count(struct world *world, const char *group, const char *resource)
{
    struct table *table = store_table_any(world, group, resource);

    return table ? table->n : 0;
}

unsigned long long store_version(const struct world *world)
{
    return world->store->version;
}

bool store_set_absent(struct world *world, const char *group, const char *resource, bool absent)
{
    struct table *table = store_table_any(world, group, resource);

    if (!table)
        return false;
    table->absent = absent;
    pthread_cond_broadcast(&table->changed);
    return true;
}
