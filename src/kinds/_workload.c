/* What Deployments and DaemonSets have in common. */
#include "shape.h"

static const struct field fields[] = {
    PAIRS(struct workload, selector, "spec.selector.matchLabels"),
    ARRAY(struct workload, conditions, "status.conditions", shape_condition),
    INT(struct workload, termination_grace_s, "spec.template.spec.terminationGracePeriodSeconds"),
    {"spec.strategy.rollingUpdate.maxUnavailable", FIELD_INT_OR_STRING, offsetof(struct workload, max_unavailable), NULL},
    {"spec.strategy.rollingUpdate.maxSurge", FIELD_INT_OR_STRING, offsetof(struct workload, max_surge), NULL},
};
const struct shape shape_workload = SHAPE(struct workload, fields);

bool decode_workload(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct workload *w = (struct workload *)o;
    shape_decode(&shape_workload, json, w, &o->arena);
    const json_t *pod = json_at(json, "spec.template.spec");
    w->spread = json_array_size(json_object_get(pod, "topologySpreadConstraints")) > 0 ||
                json_is_object(json_at(pod, "affinity.podAntiAffinity"));
    const json_t *containers = json_object_get(pod, "containers");
    size_t n = json_array_size(containers);
    if (!n)
        return true;
    w->images.items = arena_alloc(&o->arena, n * sizeof *w->images.items);
    for (size_t i = 0; i < n; i++) {
        const char *image = json_word(&o->arena, json_at(json_array_get(containers, i), "image"));
        if (*image)
            w->images.items[w->images.n++] = image;
    }
    return true;
}

void describe_workload(const struct object *o, struct describe *d)
{
    const struct workload *w = (const struct workload *)o;
    describe_line(d, "Replicas", "%d wanted, %d ready, %d updated, %d available", w->desired, w->ready, w->updated,
                  w->available);
    for (size_t i = 0; i < w->images.n; i++)
        describe_line(d, "Image", "%s", w->images.items[i]);
    describe_line(d, "Spread over nodes", "%s", w->spread ? "yes" : "no");
    describe_conditions(d, &w->conditions);
}
