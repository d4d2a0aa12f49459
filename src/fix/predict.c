/* The end of the sheet: before and after as text, and what the matcher predicts for both probers, from the objects as the
 * server said they would be. */
#include "door.h"

#include <stdlib.h>
#include <string.h>

/* A responder that is about to be made has no endpoints yet; once its pods are ready it has. */
static const struct object *endpoint_to_be(const json_t *service)
{
    const char *ns = json_string_value(json_object_get(json_object_get(service, "metadata"), "namespace"));
    const char *name = json_string_value(json_object_get(json_object_get(service, "metadata"), "name"));
    json_t *ports = json_array();
    size_t i;
    const json_t *port;
    json_array_foreach(json_object_get(json_object_get(service, "spec"), "ports"), i, port)
        json_array_append_new(ports, json_pack("{s:O?, s:s, s:i}", "name", json_object_get(port, "name"), "protocol", "TCP",
                                               "port", 8080));
    json_t *slice = json_pack("{s:{s:s, s:s, s:{s:s}}, s:s, s:o, s:[{s:[s], s:{s:b}}]}", "metadata", "name",
                              "gatewatch-to-be", "namespace", str_or(ns, ""), "labels", "kubernetes.io/service-name",
                              str_or(name, ""), "addressType", "IPv4", "ports", ports, "endpoints", "addresses",
                              "192.0.2.1", "conditions", "ready", 1);
    const struct object *object = slice ? object_decode(&kind_endpointslice, slice, NULL) : NULL;
    json_decref(slice);
    return object;
}

/* A route that the server has not yet seen carries no status; its attachment is computed, not read. */
static size_t decode_would_be(const struct fix_door *door, const struct object **out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < door->plan->n_changes && n + 1 < cap; i++) {
        const struct plan_change *change = &door->plan->changes[i];
        const struct kind *kind = kind_by_name(change->kind);
        if (!kind || !door->would[i])
            continue;
        const struct object *object = object_decode(kind, door->would[i], NULL);
        if (object)
            out[n++] = object;
        if (str_eq(change->kind, "Service") && !door->live[i] && n < cap) {
            const struct object *slice = endpoint_to_be(door->would[i]);
            if (slice)
                out[n++] = slice;
        }
    }
    return n;
}

static size_t find_deleted(const struct fix_door *door, const struct object **out, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < door->plan->n_changes && n < cap; i++) {
        const struct plan_change *change = &door->plan->changes[i];
        const struct kind *kind = kind_by_name(change->kind);
        const struct object *object =
            kind && str_eq(change->verb, "delete")
                ? snapshot_find(door->topology->snapshot, kind_index(kind), change->namespace, change->name)
                : NULL;
        if (object)
            out[n++] = object;
    }
    return n;
}

/* The overlay's effect reaches the Service through the controller: what it will be is the Service read here, with the
 * overlay's patch on it. */
static json_t *overlay_patch(const struct fix_door *door)
{
    for (size_t i = 0; i < door->plan->n_changes; i++) {
        const char *yaml = json_string_value(json_object_get(json_object_get(door->would[i], "data"), "service"));
        struct yaml_doc *docs = NULL;
        size_t n = 0;
        if (!yaml || !yaml_parse(yaml, strlen(yaml), "service", &docs, &n, NULL))
            continue;
        json_t *patch = n == 1 ? json_deep_copy(docs[0].root) : NULL;
        yaml_docs_free(docs, n);
        return patch;
    }
    return NULL;
}

/* The fields that decide the load balancer's probe, laid over a copy of the Service we know. The copy borrows the strings
 * of the object in the door's topology, which outlives it. */
static const struct object *service_by_overlay(const struct fix_door *door)
{
    const struct topo_gateway *gateway = topology_gateway(door->topology, str_or(door->plan->gateway, ""));
    const struct topo_service *service =
        gateway && gateway->service ? topology_service(door->topology, gateway->service) : NULL;
    json_t *patch = service ? overlay_patch(door) : NULL;
    if (!patch)
        return NULL;
    const json_t *nulled = json_object_get(json_object_get(patch, "metadata"), "annotations");
    const char *policy = json_string_value(json_object_get(json_object_get(patch, "spec"), "externalTrafficPolicy"));
    const struct pairs *annotations = &service->object->object.annotations;
    struct arena arena = { 0 };
    struct service *copy = arena_alloc(&arena, sizeof *copy);
    memcpy(copy, service->object, sizeof *copy);
    atomic_init(&copy->object.refs, 1);
    copy->external_traffic_policy = arena_dup(&arena, str_or(policy, copy->external_traffic_policy));
    copy->object.annotations = (struct pairs){ .items = arena_alloc(&arena, (annotations->n + 1) * sizeof(struct pair)) };
    for (size_t i = 0; i < annotations->n; i++)
        if (!json_is_null(json_object_get(nulled, annotations->items[i].key)))
            copy->object.annotations.items[copy->object.annotations.n++] = annotations->items[i];
    copy->object.arena = arena;     /* last: an object lies in its own arena */
    json_decref(patch);
    return &copy->object;
}

/* "load balancer 404, Application Gateway timeout": the worst of each prober's probes for this gateway. */
static const char *prediction(struct arena *arena, const struct topology *topology, const char *gateway, bool *ret_ok)
{
    const struct topo_probe *worst[2] = { NULL, NULL };
    *ret_ok = true;
    for (size_t i = 0; i < topology->probes.n; i++) {
        const struct topo_probe *probe = &topology->probes.items[i];
        const struct topo_probe **slot = &worst[probe->prober == PROBER_APPGW];
        if (!str_eq(probe->gateway, gateway))
            continue;
        if (!*slot || ((*slot)->predicted == PREDICT_OK && probe->predicted != PREDICT_OK))
            *slot = probe;
    }
    if (!worst[0] && !worst[1])
        return NULL;
    TEXT_AUTO text = { 0 };
    static const char *const names[] = { "load balancer", "Application Gateway" };
    for (int i = 0; i < 2; i++) {
        if (!worst[i])
            continue;
        text_printf(&text, "%s%s %s", text.len ? ", " : "", names[i], predicted_name(worst[i]->predicted));
        if (i == 1)
            *ret_ok = worst[i]->predicted == PREDICT_OK;
    }
    return arena_dup(arena, text_str(&text));
}

static void predict(struct fix_door *door)
{
    struct plan *plan = door->plan;
    const struct object *put[2 * DOOR_CHANGES_MAX + 1];
    size_t n = decode_would_be(door, put, 2 * DOOR_CHANGES_MAX);
    const struct object *rendered = service_by_overlay(door);
    bool ok;
    door->expects_health = false;
    if (rendered)
        put[n++] = rendered;
    plan->predicted_before = prediction(&plan->arena, door->topology, str_or(plan->gateway, ""), &ok);
    const struct object *gone[DOOR_CHANGES_MAX];
    const size_t n_gone = find_deleted(door, gone, DOOR_CHANGES_MAX);
    struct topology *after = topology_what_if_without(door->topology, door->context.settings, put, n, gone, n_gone);
    if (after) {
        plan->predicted_after = prediction(&plan->arena, after, str_or(plan->gateway, ""), &ok);
        door->expects_health = ok;
        if (!ok && !str_eq(plan->fix, "undo"))
            plan_add_cost(plan, SEVERITY_WARNING, "This alone does not cure it: the matcher still predicts %s. See the other "
                                                  "findings.", str_or(plan->predicted_after, "trouble"));
    }
    topology_unref(after);
    for (size_t i = 0; i < n; i++)
        object_unref(put[i]);
}

/* The worst first; among equals in the order of the plan. */
static void sort_costs(struct plan *plan)
{
    for (size_t i = 1; i < plan->n_costs; i++) {
        const struct plan_cost cost = plan->costs[i];
        size_t at = i;
        for (; at > 0 && plan->costs[at - 1].severity < cost.severity; at--)
            plan->costs[at] = plan->costs[at - 1];
        plan->costs[at] = cost;
    }
}

void sheet_ready(struct fix_door *door)
{
    struct plan *plan = door->plan;
    for (size_t i = 0; i < plan->n_changes; i++) {
        struct plan_change *change = &plan->changes[i];
        change->after = yaml_for_people(&plan->arena, door->would[i]);
        change->diff = diff_lines(&plan->arena, change->before, change->after, 3);
    }
    predict(door);
    sort_costs(plan);
    plan->state = plan->refusal ? PLAN_REFUSED : PLAN_READY;
    door_publish(door);
}
