#include "shape.h"

#define T struct horizontalpodautoscaler
static const struct field fields[] = {
    STRING(T, target_kind, "spec.scaleTargetRef.kind"),
    STRING(T, target_name, "spec.scaleTargetRef.name"),
    INT(T, min_replicas, "spec.minReplicas"),
    INT(T, max_replicas, "spec.maxReplicas"),
    INT(T, current, "status.currentReplicas"),
    INT(T, desired, "status.desiredReplicas"),
};
static const struct shape shape = SHAPE(T, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    T *scaler = (T *)o;
    shape_decode(&shape, json, o, &o->arena);
    if (scaler->min_replicas < 0)
        scaler->min_replicas = 1;       /* the API's default */
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const T *scaler = (const T *)o;
    describe_line(d, "Target", "%s %s", scaler->target_kind, scaler->target_name);
    describe_line(d, "Replicas", "%d..%d, now %d, wanted %d", scaler->min_replicas, scaler->max_replicas, scaler->current,
                  scaler->desired);
}

static const char *const versions[] = {"v2", "v1", NULL};
const struct kind kind_horizontalpodautoscaler = {
    .name = "HorizontalPodAutoscaler", .plural = "horizontalpodautoscalers", .group = "autoscaling", .versions = versions, .namespaced = true,
    .size = sizeof(struct horizontalpodautoscaler), .decode = decode, .describe = describe,
};
