/* The inside of the store, for kube_*.c. Objects are immutable once stored and counted by jansson's
 * atomic counts, so a reference taken under world.lock may be read after it is released. */
#ifndef SIM_STORE_H
#define SIM_STORE_H

#include "sim.h"

/* One resource type that the API server knows. */
struct kind {
    const char *group;    /* "" is core */
    const char *versions; /* served, preferred first, separated by commas */
    const char *resource, *singular, *kind;
    const char *short_names; /* separated by commas, "" for none */
    const char *categories;  /* the same */
    bool namespaced;
    bool custom; /* a custom resource: list items carry kind, no strategic merge */
    bool has_status, has_scale;
    bool counts_generation;
};

enum event_type { EVENT_ADDED, EVENT_MODIFIED, EVENT_DELETED };
struct event {
    unsigned long long version;
    enum event_type type;
    json_t *object; /* after the write; the last state, with the deletion's version, when deleted */
    json_t *before; /* NULL for EVENT_ADDED */
};

/* All objects of one kind, ordered by "namespace/name" as etcd orders its keys. */
struct table {
    const struct kind *kind;
    struct row {
        char *key;
        json_t *object;
    } *rows;
    size_t n, size;
    struct event *events; /* ring; the oldest is events[first] */
    size_t first, n_events;
    unsigned long long forgotten; /* the newest version whose events are no longer known */
    bool absent;
    pthread_cond_t changed; /* an event was appended, or the history was forgotten */
};

struct store {
    struct table **tables;
    size_t n;
    unsigned long long version;
    unsigned next_port, next_address; /* kube_admit.c: where the allocators stand */
    json_t
        *owners; /* uid of an owner → true: only those are looked for when something is deleted */
};

void store_init(struct world *);
/* NULL when there is no such kind or it was made absent. */
struct table *store_table(struct world *, const char *group, const char *resource);
struct table *store_table_any(struct world *, const char *group, const char *resource);
struct table *store_table_by_kind(struct world *, const char *group, const char *kind);
/* A kind that came with a CustomResourceDefinition; replaces nothing that is there already. */
struct table *store_add_kind(struct world *, const struct kind *kind_copied);
json_t *table_get(const struct table *, const char *ns, const char *name);
/* Index of the first row whose key is >= `key`. */
size_t table_find(const struct table *, const char *key);
struct event *table_event(const struct table *, size_t i);
char *object_key(const char *ns, const char *name);
/* Stores without defaulting and without touching managedFields; otherwise as store_put. Returns
 * what is stored now. */
json_t *store_write(struct world *, struct table *, json_t *object_stolen);
/* Sets what the server owns in metadata as a write would, without storing: for dry runs. */
void store_fill(struct world *, struct table *, json_t *object, const json_t *before);
bool store_delete(struct world *, struct table *, const char *ns, const char *name);

/* metadata.X of an object, "" when absent. */
const char *meta_text(const json_t *object, const char *field);
unsigned long long object_version(const json_t *object);

/* Every built-in kind, ends with a NULL resource. */
extern const struct kind builtin_kinds[];

#endif
