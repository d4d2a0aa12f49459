/* The controllers' loop: run each until nothing changes. */
#include "azure.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Enough for the longest chain: Gateway, Service and Deployment, ReplicaSet, Pods, slices, address,
 * conditions. */
enum { PASSES = 16 };

void controllers_settle(struct world *world)
{
    for (int pass = 0; pass < PASSES; pass++) {
        unsigned long long before = store_version(world);
        control_classes(world);
        control_gateways(world);
        control_workloads(world);
        control_cloud(world);
        control_slices(world);
        control_status(world);
        if (store_version(world) == before)
            return;
    }
}

void azure_start(struct world *world)
{
    struct azure *azure = azure_of(world);

    controllers_settle(world);
    /* The world has been as it is for long: every probe already knows what it thinks. */
    lb_tick(world);
    backends_tick(world);
    azure->started = true;
}

void azure_tick(struct world *world)
{
    if (!azure_of(world)->started)
        return;
    if (workloads_due(world))
        controllers_settle(world);
    lb_tick(world);
    backends_tick(world);
}

struct controller_memory *controller_memory(struct world *world)
{
    struct azure *azure = azure_of(world);
    if (!azure->memory) {
        azure->memory = xcalloc(1, sizeof *azure->memory);
        azure->memory->route_inputs = 1;
    }
    return azure->memory;
}

/* ---- lists to walk while writing ---------------------------------------------------------- */

static bool take(struct world *world, const json_t *object, void *ctx)
{
    (void)world;
    json_array_append(ctx, (json_t *)object);
    return true;
}

json_t *store_list(struct world *world, const char *group, const char *resource)
{
    json_t *list = json_array();
    store_each(world, group, resource, take, list);
    return list;
}

json_t *store_list_in(struct world *world, const char *group, const char *resource, const char *ns)
{
    json_t *list = json_array();
    store_each_in(world, group, resource, ns, take, list);
    return list;
}

json_t *owner_reference(const json_t *owner, bool controller)
{
    json_t *ref = json_pack("{s:s, s:s, s:s, s:s}", "apiVersion", jx_text(owner, "apiVersion", ""),
                            "kind", jx_text(owner, "kind", ""), "name", jx_name(owner), "uid",
                            jx_uid(owner));
    if (controller) {
        json_object_set_new(ref, "controller", json_true());
        json_object_set_new(ref, "blockOwnerDeletion", json_true());
    }
    return json_pack("[o]", ref);
}

bool owned_by(const json_t *object, const json_t *owner)
{
    return jx_find(jx_get(object, "metadata.ownerReferences"), "uid", jx_uid(owner)) != NULL;
}

/* Sets a condition; lastTransitionTime moves only with the status. Returns the array it was given,
 * or a new one. */
json_t *condition_set(struct world *world, json_t *conditions, const char *type, bool holds,
                      const char *reason, const char *message, long long generation)
{
    const char *status = holds ? "True" : "False";
    json_t *old = jx_find(conditions, "type", type);
    char *now = world_time(world);
    const char *since = old && jx_is(old, "status", status)
                            ? jx_text(old, "lastTransitionTime", now)
                            : now;
    json_t *made = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", type, "status", status, "reason",
                             reason, "message", message, "lastTransitionTime", since);

    if (generation > 0)
        json_object_set_new(made, "observedGeneration", json_integer(generation));
    if (old) {
        json_object_update(old, made);
        json_decref(made);
    } else {
        json_array_append_new(conditions, made);
    }
    free(now);
    return conditions;
}
