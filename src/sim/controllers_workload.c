/* Deployments become ReplicaSets and Pods, DaemonSets become a Pod on every node; a Pod is ready a
 * second after its birth.
 */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define START_SECONDS 1.0

/* ---- time --------------------------------------------------------------------------------- */

static double seconds_of(const char *rfc3339)
{
    struct tm tm = { 0 };
    return rfc3339 && strptime(rfc3339, "%Y-%m-%dT%H:%M:%SZ", &tm) ? (double)timegm(&tm) : 0;
}

/* Born during the set-up of the world: ready at once. */
static bool old_enough(struct world *world, const json_t *pod)
{
    if (!azure_of(world)->started)
        return true;
    double born = seconds_of(jx_annotation(pod, "gatewatch-sim/ready-after"));
    return born <= 0 || world_now(world) >= born;
}

bool workloads_due(struct world *world)
{
    struct azure *azure = azure_of(world);

    if (azure->next_ready <= 0 || world_now(world) < azure->next_ready)
        return false;
    azure->next_ready = 0;
    azure->workloads_version = 0;
    return true;
}

/* ---- pods --------------------------------------------------------------------------------- */

static json_t *pod_conditions(struct world *world, const json_t *pod, bool ready)
{
    static const char *const types[] = { "PodScheduled", "Initialized", "ContainersReady",
                                         "Ready" };
    json_t *old = jx_get(pod, "status.conditions"),
           *conditions = json_is_array(old) ? json_deep_copy(old) : json_array();

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bool holds = i < 2 || ready;
        json_t *have = jx_find(conditions, "type", types[i]);
        if (have && jx_is(have, "status", holds ? "True" : "False"))
            continue;
        char *now = world_time(world);
        json_t *made = json_pack("{s:s, s:s, s:s, s:n}", "type", types[i], "status",
                                 holds ? "True" : "False", "lastTransitionTime", now,
                                 "lastProbeTime");
        if (!holds) {
            json_object_set_new(made, "reason", json_string("ContainersNotReady"));
            json_object_set_new(made, "message", json_string("containers with unready status"));
        }
        free(now);
        if (have) {
            json_object_clear(have);
            json_object_update(have, made);
            json_decref(made);
        } else {
            json_array_append_new(conditions, made);
        }
    }
    return conditions;
}

static json_t *container_statuses(const json_t *pod, bool ready)
{
    json_t *out = json_array(), *container;
    size_t i;

    json_array_foreach(jx_get(pod, "spec.containers"), i, container)
        json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:b, s:b, s:i, s:{s:{s:s}}}", "name",
                                             jx_text(container, "name", ""), "image",
                                             jx_text(container, "image", ""), "imageID", "",
                                             "ready", ready, "started", ready, "restartCount", 0,
                                             "state", "running", "startedAt",
                                             jx_text(pod, "metadata.creationTimestamp", "")));
    return out;
}

static void pod_status(struct world *world, const json_t *pod)
{
    const char *said = jx_annotation(pod, "gatewatch-sim/ready");
    bool ready = old_enough(world, pod) && !(said && strcmp(said, "false") == 0);
    const json_t *node = store_get(world, "", "nodes", NULL, jx_text(pod, "spec.nodeName", ""));
    char ip[32];

    if (!node)
        return;
    if (jx_is(pod, "status.phase", "Running") &&
        jx_is(jx_find(jx_get(pod, "status.conditions"), "type", "Ready"), "status",
              ready ? "True" : "False"))
        return;
    json_t *next = json_deep_copy(pod);
    const char *have = jx_str(pod, "status.podIP");
    if (!have) {
        unsigned n = ++azure_of(world)->pod_addresses;
        snprintf(ip, sizeof ip, "10.%u.%u.%u", 244 + n / 62500 % 8, n / 250 % 250, n % 250 + 2);
        have = ip;
    }
    jx_set(next, "status.phase", json_string("Running"));
    jx_set(next, "status.podIP", json_string(have));
    jx_set(next, "status.podIPs", json_pack("[{s:s}]", "ip", have));
    jx_set(next, "status.hostIP", json_string(node_ip(node)));
    jx_set(next, "status.qosClass", json_string("Burstable"));
    jx_set(next, "status.startTime", json_string(jx_text(pod, "metadata.creationTimestamp", "")));
    jx_set(next, "status.conditions", pod_conditions(world, pod, ready));
    jx_set(next, "status.containerStatuses", container_statuses(pod, ready));
    store_put(world, "", "pods", next, "kubelet", "Update", "status");
}

static bool ambient(struct world *world, const char *ns, const json_t *labels)
{
    const json_t *namespace = store_get(world, "", "namespaces", NULL, ns);
    const char *mode = jx_label(namespace, "istio.io/dataplane-mode");
    const char *own = json_string_value(json_object_get(labels, "istio.io/dataplane-mode"));

    return own ? strcmp(own, "ambient") == 0 : mode && strcmp(mode, "ambient") == 0;
}

static void make_pod(struct world *world, const json_t *owner, const json_t *template,
                     const char *name, const char *node)
{
    json_t *spec = json_deep_copy(json_object_get(template, "spec"));
    json_t *labels = json_deep_copy(jx_get(template, "metadata.labels"));
    json_t *annotations = json_deep_copy(jx_get(template, "metadata.annotations"));
    const char *hash = jx_label(owner, "pod-template-hash");

    if (!labels)
        labels = json_object();
    if (!annotations)
        annotations = json_object();
    if (hash)
        json_object_set_new(labels, "pod-template-hash", json_string(hash));
    if (ambient(world, jx_namespace(owner), labels))
        json_object_set_new(annotations, "ambient.istio.io/redirection", json_string("enabled"));
    if (azure_of(world)->started) {
        double ready = world_now(world) + START_SECONDS;
        time_t at = (time_t)ready + 1;
        struct tm tm;
        char text[32];
        gmtime_r(&at, &tm);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        json_object_set_new(annotations, "gatewatch-sim/ready-after", json_string(text));
        if (azure_of(world)->next_ready <= 0 || (double)at < azure_of(world)->next_ready)
            azure_of(world)->next_ready = (double)at;
    }
    json_object_set_new(spec, "nodeName", json_string(node));
    json_object_set_new(spec, "restartPolicy", json_string("Always"));
    store_put(world, "", "pods",
              json_pack("{s:s, s:s, s:{s:s, s:s, s:s++, s:o, s:o, s:o}, s:o}", "apiVersion", "v1",
                        "kind", "Pod", "metadata", "name", name, "namespace", jx_namespace(owner),
                        "generateName", jx_name(owner), "-", "", "labels", labels, "annotations",
                        annotations, "ownerReferences", owner_reference(owner, true), "spec", spec),
              "kube-controller-manager", "Update", NULL);
}

/* ---- placing ------------------------------------------------------------------------------ */

/* The node with the fewest of these pods; of equals the one that a hash of the owner picks first.
 */
static const char *place(const json_t *nodes, const json_t *pods, const char *seed)
{
    size_t count = json_array_size(nodes), i, k, best = 0, fewest = (size_t)-1;
    size_t first = count ? jx_hash(seed) % count : 0;
    json_t *pod;

    for (i = 0; i < count; i++) {
        size_t at = (first + i) % count, have = 0;
        const char *name = jx_name(json_array_get(nodes, at));
        if (jx_bool(json_array_get(nodes, at), "spec.unschedulable", false))
            continue;
        json_array_foreach(pods, k, pod)
            have += jx_is(pod, "spec.nodeName", name);
        if (have < fewest) {
            fewest = have;
            best = at;
        }
    }
    return jx_name(json_array_get(nodes, best));
}

static json_t *pods_of(struct world *world, const json_t *owner)
{
    json_t *all = store_list_in(world, "", "pods", jx_namespace(owner)), *mine = json_array(), *pod;
    size_t i;

    json_array_foreach(all, i, pod)
        if (owned_by(pod, owner) && !jx_str(pod, "metadata.deletionTimestamp"))
            json_array_append(mine, pod);
    json_decref(all);
    return mine;
}

static long long ready_count(const json_t *pods)
{
    long long n = 0;
    size_t i;
    json_t *pod;
    json_array_foreach(pods, i, pod)
        n += jx_is(jx_find(jx_get(pod, "status.conditions"), "type", "Ready"), "status", "True");
    return n;
}

/* Brings the pods of a ReplicaSet to the wanted number; answers how many are ready. */
static long long scale(struct world *world, const json_t *set, const json_t *nodes,
                       long long wanted)
{
    json_t *pods = pods_of(world, set), *pod;
    size_t i;

    for (unsigned n = 0;
         (long long)json_array_size(pods) < wanted && json_array_size(nodes) > 0 && n < 1000; n++) {
        char seed[400], suffix[6], name[320];
        snprintf(seed, sizeof seed, "%s/%u/%u", jx_uid(set), n, azure_of(world)->pod_addresses);
        jx_suffix(seed, suffix, 5);
        snprintf(name, sizeof name, "%.250s-%s", jx_name(set), suffix);
        if (store_get(world, "", "pods", jx_namespace(set), name))
            continue;
        make_pod(world, set, jx_get(set, "spec.template"), name, place(nodes, pods, jx_name(set)));
        json_array_append(pods, (json_t *)store_get(world, "", "pods", jx_namespace(set), name));
    }
    while ((long long)json_array_size(pods) > wanted) {
        size_t last = json_array_size(pods) - 1;
        pod = json_array_get(pods, last);
        store_remove(world, "", "pods", jx_namespace(pod), jx_name(pod));
        json_array_remove(pods, last);
    }
    json_array_foreach(pods, i, pod)
        pod_status(world, pod);
    json_decref(pods);
    pods = pods_of(world, set);
    long long ready = ready_count(pods);
    json_decref(pods);
    return ready;
}

/* ---- Deployments -------------------------------------------------------------------------- */

static void template_hash(const json_t *template, char out[11])
{
    char *text = json_dumps(template, JSON_COMPACT | JSON_SORT_KEYS);
    jx_suffix(text ? text : "", out, 10);
    free(text);
}

/* An autoscaler of the simulator keeps its minimum: there is no load here. */
static long long wanted_replicas(struct world *world, const json_t *deployment)
{
    json_t *scalers = store_list_in(world, "autoscaling", "horizontalpodautoscalers",
                                    jx_namespace(deployment)),
           *hpa;
    long long wanted = jx_int(deployment, "spec.replicas", 1);
    size_t i;

    json_array_foreach(scalers, i, hpa)
        if (jx_is(hpa, "spec.scaleTargetRef.kind", "Deployment") &&
            jx_is(hpa, "spec.scaleTargetRef.name", jx_name(deployment))) {
            long long least = jx_int(hpa, "spec.minReplicas", 1),
                      most = jx_int(hpa, "spec.maxReplicas", least);
            wanted = wanted < least ? least : wanted > most ? most : wanted;
            json_t *next = json_deep_copy(hpa);
            jx_set(next, "status.currentReplicas", json_integer(wanted));
            jx_set(next, "status.desiredReplicas", json_integer(wanted));
            if (json_equal(next, hpa))
                json_decref(next);
            else
                store_put(world, "autoscaling", "horizontalpodautoscalers", next,
                          "kube-controller-manager", "Update", "status");
        }
    json_decref(scalers);
    return wanted;
}

static const json_t *replica_set(struct world *world, const json_t *deployment, long long wanted)
{
    char hash[11], name[300];
    json_t *template = json_deep_copy(jx_get(deployment, "spec.template"));

    template_hash(template, hash);
    snprintf(name, sizeof name, "%.250s-%s", jx_name(deployment), hash);
    jx_set(template, "metadata.labels.pod-template-hash", json_string(hash));
    const json_t *there = store_get(world, "apps", "replicasets", jx_namespace(deployment), name);
    if (there && jx_int(there, "spec.replicas", -1) == wanted) {
        json_decref(template);
        return there;
    }
    json_t *labels = json_deep_copy(jx_get(template, "metadata.labels"));
    json_t *selector = json_deep_copy(jx_get(deployment, "spec.selector"));
    if (!selector)
        selector = json_object();
    jx_set(selector, "matchLabels.pod-template-hash", json_string(hash));
    store_put(world, "apps", "replicasets",
              json_pack("{s:s, s:s, s:{s:s, s:s, s:o, s:o}, s:{s:I, s:o, s:o}}", "apiVersion",
                        "apps/v1", "kind", "ReplicaSet", "metadata", "name", name, "namespace",
                        jx_namespace(deployment), "labels", labels, "ownerReferences",
                        owner_reference(deployment, true), "spec", "replicas", (json_int_t)wanted,
                        "selector", selector, "template", template),
              "kube-controller-manager", "Update", NULL);
    return store_get(world, "apps", "replicasets", jx_namespace(deployment), name);
}

static void set_status(struct world *world, const char *resource, const json_t *object,
                       const char *const *names, const long long *values, bool available)
{
    json_t *next = json_deep_copy(object);
    for (size_t i = 0; names[i]; i++) {
        char path[80];
        snprintf(path, sizeof path, "status.%s", names[i]);
        jx_set(next, path, json_integer(values[i]));
    }
    jx_set(next, "status.observedGeneration",
           json_integer(jx_int(object, "metadata.generation", 1)));
    if (strcmp(resource, "deployments") == 0) {
        json_t *conditions = jx_get(next, "status.conditions");
        if (!json_is_array(conditions)) {
            conditions = json_array();
            jx_set(next, "status.conditions", conditions);
        }
        condition_set(world, conditions, "Available", available,
                      available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                      available ? "Deployment has minimum availability."
                                : "Deployment does not have minimum availability.",
                      0);
    }
    if (json_equal(next, object))
        json_decref(next);
    else
        store_put(world, "apps", resource, next, "kube-controller-manager", "Update", "status");
}

static void run_deployment(struct world *world, const json_t *deployment, const json_t *nodes,
                           const json_t *sets)
{
    static const char *const names[] = { "replicas", "readyReplicas", "availableReplicas",
                                         "updatedReplicas", NULL };
    long long wanted = wanted_replicas(world, deployment);
    if (wanted != jx_int(deployment, "spec.replicas", 1)) { /* what an autoscaler does */
        json_t *scaled = json_deep_copy(deployment);
        jx_set(scaled, "spec.replicas", json_integer(wanted));
        store_put(world, "apps", "deployments", scaled, "kube-controller-manager", "Update", NULL);
    }
    json_t *set = json_incref((json_t *)replica_set(world, deployment, wanted)), *old;
    long long ready = scale(world, set, nodes, wanted);
    size_t i;

    /* The old ones go when the new ones answer. */
    json_array_foreach(sets, i, old)
        if (owned_by(old, deployment) && strcmp(jx_name(old), jx_name(set)) != 0 &&
            ready >= wanted) {
            scale(world, old, nodes, 0);
            store_remove(world, "apps", "replicasets", jx_namespace(old), jx_name(old));
        }
    static const char *const set_names[] = { "replicas", "readyReplicas", "availableReplicas",
                                             NULL };
    set_status(world, "replicasets",
               store_get(world, "apps", "replicasets", jx_namespace(set), jx_name(set)), set_names,
               (long long[]){ wanted, ready, ready }, false);
    const json_t *now = store_get(world, "apps", "deployments", jx_namespace(deployment),
                                  jx_name(deployment));
    if (now)
        set_status(world, "deployments", now, names, (long long[]){ wanted, ready, ready, wanted },
                   ready >= wanted && wanted > 0);
    json_decref(set);
}

/* ---- DaemonSets --------------------------------------------------------------------------- */

static void run_daemon_set(struct world *world, const json_t *daemon, const json_t *nodes)
{
    static const char *const names[] = {
        "desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable",
        "updatedNumberScheduled", "numberMisscheduled",     NULL
    };
    json_t *pods = pods_of(world, daemon), *node, *pod;
    size_t i, k;

    json_array_foreach(nodes, i, node) {
        bool there = false;
        json_array_foreach(pods, k, pod)
            there = there || jx_is(pod, "spec.nodeName", jx_name(node));
        if (there)
            continue;
        char seed[400], suffix[6], name[320];
        snprintf(seed, sizeof seed, "%s/%s/%u", jx_uid(daemon), jx_name(node),
                 azure_of(world)->pod_addresses);
        jx_suffix(seed, suffix, 5);
        snprintf(name, sizeof name, "%.250s-%s", jx_name(daemon), suffix);
        make_pod(world, daemon, jx_get(daemon, "spec.template"), name, jx_name(node));
    }
    json_decref(pods);
    pods = pods_of(world, daemon);
    json_array_foreach(pods, i, pod) {
        if (store_get(world, "", "nodes", NULL, jx_text(pod, "spec.nodeName", "")))
            pod_status(world, pod);
        else
            store_remove(world, "", "pods", jx_namespace(pod), jx_name(pod));
    }
    json_decref(pods);
    pods = pods_of(world, daemon);
    long long n = (long long)json_array_size(pods), ready = ready_count(pods);
    set_status(world, "daemonsets", daemon, names,
               (long long[]){ (long long)json_array_size(nodes), n, ready, ready, n, 0 }, true);
    json_decref(pods);
}

/* Objects whose owner is gone. */
static void sweep(struct world *world, const char *resource, const char *group,
                  const char *owner_resource, const char *owner_kind)
{
    json_t *list = store_list(world, group, resource), *object;
    size_t i;

    json_array_foreach(list, i, object) {
        const json_t *ref = jx_find(jx_get(object, "metadata.ownerReferences"), "kind", owner_kind);
        if (!ref)
            continue;
        const json_t *owner = store_get(world, "apps", owner_resource, jx_namespace(object),
                                        jx_text(ref, "name", ""));
        if (!owner || strcmp(jx_uid(owner), jx_text(ref, "uid", "")) != 0)
            store_remove(world, group, resource, jx_namespace(object), jx_name(object));
    }
    json_decref(list);
}

static unsigned long long inputs(struct world *world)
{
    return collection_version(world, "apps", "deployments") +
           collection_version(world, "apps", "replicasets") +
           collection_version(world, "apps", "daemonsets") + collection_version(world, "", "pods") +
           collection_version(world, "", "nodes") +
           collection_version(world, "autoscaling", "horizontalpodautoscalers");
}

void control_workloads(struct world *world)
{
    struct azure *azure = azure_of(world);
    size_t i;
    json_t *object;

    if (azure->workloads_version == inputs(world))
        return;
    sweep(world, "replicasets", "apps", "deployments", "Deployment");
    sweep(world, "pods", "", "replicasets", "ReplicaSet");
    sweep(world, "pods", "", "daemonsets", "DaemonSet");
    json_t *nodes = store_list(world, "", "nodes"),
           *deployments = store_list(world, "apps", "deployments");
    json_t *sets = store_list(world, "apps", "replicasets"),
           *daemons = store_list(world, "apps", "daemonsets");
    json_array_foreach(deployments, i, object)
        run_deployment(world, object, nodes, sets);
    json_array_foreach(daemons, i, object)
        run_daemon_set(world, object, nodes);
    json_decref(nodes);
    json_decref(deployments);
    json_decref(sets);
    json_decref(daemons);
    azure->workloads_version = inputs(world);
}
