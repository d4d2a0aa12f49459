#include "shape.h"

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    struct workload *w = (struct workload *)o;
    if (!decode_workload(o, json, err))
        return false;
    /* The API leaves zero counts out, and replicas unset means one. */
    const json_t *status = json_object_get(json, "status");
    int zero = json_is_object(status) ? 0 : -1;
    w->desired = json_is_integer(json_at(json, "spec.replicas")) ? (int)json_integer_value(json_at(json, "spec.replicas")) : 1;
    w->ready = zero + (int)json_integer_value(json_object_get(status, "readyReplicas"));
    w->updated = zero + (int)json_integer_value(json_object_get(status, "updatedReplicas"));
    w->available = zero + (int)json_integer_value(json_object_get(status, "availableReplicas"));
    return true;
}

/* The gateways' own, and the health responder by the name that settings give it. */
static const struct kind_list lists[] = {
    {.name = "deployments of gateways", .selector = "labelSelector=gateway.networking.k8s.io%2Fgateway-name"},
    {.name = "deployment of the responder",
     .selector = "fieldSelector=metadata.name%3D{responder}&labelSelector=%21gateway.networking.k8s.io%2Fgateway-name"},
    {0},
};
static const char *const versions[] = {"v1", NULL};
const struct kind kind_deployment = {
    .name = "Deployment", .plural = "deployments", .group = "apps", .versions = versions, .namespaced = true,
    .size = sizeof(struct workload), .decode = decode, .describe = describe_workload,
    .lists = lists,
};
