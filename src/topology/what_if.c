/* The world with some objects added or replaced. Reports and Azure's present probes speak of the world as it is, so they
 * are left aside: everything is derived and predicted. */
#include "topology_internal.h"

#include <string.h>

static void copy_objects(struct store *store, const struct snapshot *s)
{
    for (int kind = 0; kind < KIND_COUNT; kind++)
        for (size_t i = 0; i < s->objects[kind].n; i++)
            store_upsert(store, object_ref(s->objects[kind].items[i]));
}

static void copy_sources(struct store *store, const struct snapshot *s)
{
    for (size_t i = 0; i < s->n_sources; i++) {
        struct source_state *copy = store_source(store, s->sources[i].name);
        *copy = s->sources[i];
    }
}

struct topology *topology_what_if(const struct topology *t, const struct settings *settings,
                                  const struct object *const *put, size_t n)
{
    return topology_what_if_without(t, settings, put, n, NULL, 0);
}

struct topology *topology_what_if_without(const struct topology *t, const struct settings *settings,
                                          const struct object *const *put, size_t n,
                                          const struct object *const *gone, size_t n_gone)
{
    struct store *store = store_new();
    copy_objects(store, t->snapshot);
    for (size_t i = 0; i < n_gone; i++)
        store_remove(store, kind_index(gone[i]->kind), gone[i]->namespace, gone[i]->name);
    /* Removed first: a dry run's answer carries the resourceVersion of what is there, and the store would take it for the
     * same object. */
    for (size_t i = 0; i < n; i++) {
        store_remove(store, kind_index(put[i]->kind), put[i]->namespace, put[i]->name);
        store_upsert(store, object_ref(put[i]));
    }
    copy_sources(store, t->snapshot);
    *store_environment(store) = t->snapshot->env;
    struct snapshot *s = store_snapshot(store, t->snapshot->wall_ms, t->snapshot->mono_ms);
    store_free(store);
    struct topology *other = topology_make(s, settings, NULL, true);
    snapshot_unref(s);
    return other;
}

/* Which endpoints and rules stand behind a plan's question, without a second world: the load balancer's probe under
 * another policy is a question of the Service alone. */
enum predicted topology_predict_policy(const struct topology *t, const struct settings *settings,
                                       const struct topo_service *service, int port, const char *policy,
                                       const char **ret_why)
{
    struct build b = { .t = (struct topology *)(uintptr_t)t, .s = t->snapshot, .settings = settings };
    struct arena scratch = { 0 };
    b.arena = &scratch;
    b.shared_probe = shared_mode(t->snapshot, settings);
    enum predicted predicted = PREDICT_UNKNOWN;
    for (size_t i = 0; i < service->ports.n; i++)
        if (service->ports.items[i].port == port) {
            struct lb_verdict v = lb_predict(&b, service, i, policy);
            predicted = v.predicted;
            if (ret_why)    /* constants, except where a route is named: that text would end with the scratch */
                *ret_why = v.answer.gateway ? "" : v.why;
        }
    arena_free(&scratch);
    return predicted;
}
