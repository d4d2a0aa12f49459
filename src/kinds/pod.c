#include "shape.h"

#include <string.h>

static const struct field fields[] = {
    STRING(struct pod, phase, "status.phase"),
    STRING(struct pod, node, "spec.nodeName"),
    STRING(struct pod, ip, "status.podIP"),
};
static const struct shape shape = SHAPE(struct pod, fields);

/* kubernetes.md 6.5: the injector's annotation, a container istio-proxy beside others, or a native sidecar. */
static bool has_sidecar(const json_t *json)
{
    if (json_at(json, "metadata.annotations.[sidecar.istio.io/status]"))
        return true;
    const json_t *containers = json_at(json, "spec.containers"), *first = json_at(json, "spec.initContainers");
    for (size_t i = 0; i < json_array_size(containers); i++)
        if (json_array_size(containers) > 1 &&
            str_eq(json_string_value(json_at(json_array_get(containers, i), "name")), "istio-proxy"))
            return true;
    for (size_t i = 0; i < json_array_size(first); i++)
        if (str_eq(json_string_value(json_at(json_array_get(first, i), "name")), "istio-proxy") &&
            str_eq(json_string_value(json_at(json_array_get(first, i), "restartPolicy")), "Always"))
            return true;
    return false;
}

static void decode_containers(struct pod *pod, const json_t *statuses)
{
    for (size_t i = 0; i < json_array_size(statuses); i++) {
        const json_t *status = json_array_get(statuses, i);
        json_int_t restarts = json_integer_value(json_at(status, "restartCount"));
        if (restarts > 0 && restarts < 1000000)
            pod->restarts += (int)restarts;
        if (!*pod->waiting_reason)
            pod->waiting_reason = json_word(&pod->object.arena, json_at(status, "state.waiting.reason"));
    }
}

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    struct pod *pod = (struct pod *)o;
    shape_decode(&shape, json, pod, &o->arena);
    pod->waiting_reason = "";
    pod->metadata_only = !json_object_get(json, "spec") && !json_object_get(json, "status");
    bool sidecar = has_sidecar(json);
    pod->sidecar = sidecar ? SIDECAR_YES : pod->metadata_only ? SIDECAR_UNKNOWN : SIDECAR_NO;
    decode_containers(pod, json_at(json, "status.initContainerStatuses"));
    decode_containers(pod, json_at(json, "status.containerStatuses"));
    const json_t *conditions = json_at(json, "status.conditions");
    for (size_t i = 0; i < json_array_size(conditions); i++) {
        const json_t *c = json_array_get(conditions, i);
        if (str_eq(json_string_value(json_at(c, "type")), "Ready"))
            pod->ready = str_eq(json_string_value(json_at(c, "status")), "True") ? TRI_TRUE : TRI_FALSE;
    }
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct pod *pod = (const struct pod *)o;
    static const char *const sidecar[] = {[SIDECAR_NO] = "no", [SIDECAR_YES] = "yes", [SIDECAR_UNKNOWN] = "not known"};
    describe_line(d, "Sidecar", "%s", sidecar[pod->sidecar]);
    if (pod->metadata_only)
        return;
    describe_line(d, "Phase", "%s", pod->phase);
    describe_line(d, "Ready", "%s", tri_name(pod->ready));
    describe_line(d, "Node", "%s", pod->node);
    describe_line(d, "IP", "%s", pod->ip);
    describe_line(d, "Restarts", "%d", pod->restarts);
    if (*pod->waiting_reason)
        describe_line(d, "Waiting", "%s", pod->waiting_reason);
}

/* Of tenants' pods only those say something that carry a mark of the mesh; a big cluster has tens of thousands. */
static bool keep_marked(const struct object *o)
{
    for (size_t i = 0; i < o->annotations.n; i++)
        if (strstr(o->annotations.items[i].key, "istio.io/"))
            return true;
    return pairs_get(&o->labels, "istio.io/dataplane-mode") || pairs_get(&o->labels, "sidecar.istio.io/inject");
}

/* The three selectors exclude each other: no pod comes by two lists. */
static const struct kind_list lists[] = {
    {.name = "pods of gateways", .selector = "labelSelector=gateway.networking.k8s.io%2Fgateway-name"},
    {.name = "pods of ztunnel",
     .selector = "labelSelector=app%3Dztunnel%2C%21gateway.networking.k8s.io%2Fgateway-name"},
    {.name = "pods behind routes", .metadata_only = true, .keep = keep_marked,
     .selector = "labelSelector=%21gateway.networking.k8s.io%2Fgateway-name%2Capp%20notin%20%28ztunnel%29"},
    {0},
};
static const char *const versions[] = {"v1", NULL};
const struct kind kind_pod = {
    .name = "Pod", .plural = "pods", .group = "", .versions = versions, .namespaced = true,
    .size = sizeof(struct pod), .decode = decode, .describe = describe,
    .lists = lists,
};
