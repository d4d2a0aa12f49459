#include "shape.h"

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    struct workload *w = (struct workload *)o;
    if (!decode_workload(o, json, err))
        return false;
    const json_t *status = json_object_get(json, "status");
    int zero = json_is_object(status) ? 0 : -1;
    w->desired = zero + (int)json_integer_value(json_object_get(status, "desiredNumberScheduled"));
    w->ready = zero + (int)json_integer_value(json_object_get(status, "numberReady"));
    w->updated = zero + (int)json_integer_value(json_object_get(status, "updatedNumberScheduled"));
    w->available = zero + (int)json_integer_value(json_object_get(status, "numberAvailable"));
    return true;
}

/* The mesh's node agents, found by label and never by namespace (kubernetes.md 6.5). */
static const struct kind_list lists[] = {
    {.name = "daemonset of ztunnel", .selector = "labelSelector=app%3Dztunnel"},
    {.name = "daemonset of istio-cni", .selector = "labelSelector=k8s-app%3Distio-cni-node%2Capp%21%3Dztunnel"},
    {0},
};
static const char *const versions[] = {"v1", NULL};
const struct kind kind_daemonset = {
    .name = "DaemonSet", .plural = "daemonsets", .group = "apps", .versions = versions, .namespaced = true,
    .size = sizeof(struct workload), .decode = decode, .describe = describe_workload,
    .lists = lists,
};
