/* The EndpointSlice controller: one slice per Service with a selector. Slices made by hand are left
 * alone. */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANAGER "endpointslice-controller.k8s.io"

/* A target port may be the name of a container's port. 0 when this pod has none of that name. */
static long long target_port(const json_t *port, const json_t *pod)
{
    const json_t *target = json_object_get(port, "targetPort");
    size_t i, k;
    json_t *container, *one;

    if (json_is_integer(target) && json_integer_value(target) > 0)
        return json_integer_value(target);
    if (!json_is_string(target))
        return jx_int(port, "port", 0);
    json_array_foreach(jx_get(pod, "spec.containers"), i, container)
        json_array_foreach(json_object_get(container, "ports"), k, one)
            if (jx_is(one, "name", json_string_value(target)))
                return jx_int(one, "containerPort", 0);
    return 0;
}

static json_t *endpoint(struct world *world, const json_t *pod)
{
    bool ready = jx_is(jx_find(jx_get(pod, "status.conditions"), "type", "Ready"), "status",
                       "True");
    const json_t *node = store_get(world, "", "nodes", NULL, jx_text(pod, "spec.nodeName", ""));
    const char *zone = jx_label(node, "topology.kubernetes.io/zone");
    json_t *out = json_pack("{s:[s], s:{s:b, s:b, s:b}, s:s, s:{s:s, s:s, s:s, s:s}}", "addresses",
                            jx_text(pod, "status.podIP", ""), "conditions", "ready", ready,
                            "serving", ready, "terminating", 0, "nodeName",
                            jx_text(pod, "spec.nodeName", ""), "targetRef", "kind", "Pod", "name",
                            jx_name(pod), "namespace", jx_namespace(pod), "uid", jx_uid(pod));
    if (zone)
        json_object_set_new(out, "zone", json_string(zone));
    return out;
}

static json_t *slice_ports(const json_t *service, const json_t *pod)
{
    json_t *ports = json_array(), *port;
    size_t i;

    json_array_foreach(jx_get(service, "spec.ports"), i, port) {
        long long target = target_port(port, pod);
        if (!target)
            continue;
        json_t *one = json_pack("{s:s, s:I, s:s}", "name", jx_text(port, "name", ""), "port",
                                (json_int_t)target, "protocol", jx_text(port, "protocol", "TCP"));
        if (jx_str(port, "appProtocol"))
            json_object_set_new(one, "appProtocol", json_string(jx_str(port, "appProtocol")));
        json_array_append_new(ports, one);
    }
    return ports;
}

static void make_slice(struct world *world, const json_t *service, const json_t *pods)
{
    char suffix[6], name[300];
    json_t *endpoints = json_array(), *pod;
    const json_t *first = NULL;
    size_t i;

    jx_suffix(jx_uid(service), suffix, 5);
    snprintf(name, sizeof name, "%.250s-%s", jx_name(service), suffix);
    json_array_foreach(pods, i, pod)
        if (jx_str(pod, "status.podIP") &&
            jx_selects(jx_get(service, "spec.selector"), jx_get(pod, "metadata.labels"))) {
            first = first ? first : pod;
            json_array_append_new(endpoints, endpoint(world, pod));
        }
    json_t *labels = json_deep_copy(jx_get(service, "metadata.labels"));
    if (!labels)
        labels = json_object();
    json_object_set_new(labels, "kubernetes.io/service-name", json_string(jx_name(service)));
    json_object_set_new(labels, "endpointslice.kubernetes.io/managed-by", json_string(MANAGER));
    const json_t *there = store_get(world, "discovery.k8s.io", "endpointslices",
                                    jx_namespace(service), name);
    json_t *next = there ? json_deep_copy(there) : json_object();
    jx_set(next, "apiVersion", json_string("discovery.k8s.io/v1"));
    jx_set(next, "kind", json_string("EndpointSlice"));
    jx_set(next, "metadata.name", json_string(name));
    jx_set(next, "metadata.namespace", json_string(jx_namespace(service)));
    jx_set(next, "metadata.generateName", jx_format("%s-", jx_name(service)));
    jx_set(next, "metadata.labels", labels);
    jx_set(next, "metadata.ownerReferences", owner_reference(service, true));
    jx_set(next, "addressType", json_string("IPv4"));
    jx_set(next, "endpoints", endpoints);
    jx_set(next, "ports", slice_ports(service, first));
    if (there && json_equal(next, there))
        json_decref(next);
    else
        store_put(world, "discovery.k8s.io", "endpointslices", next, "kube-controller-manager",
                  "Update", NULL);
}

static void sweep(struct world *world)
{
    json_t *slices = store_list(world, "discovery.k8s.io", "endpointslices"), *slice;
    size_t i;

    json_array_foreach(slices, i, slice) {
        const json_t *owner = jx_find(jx_get(slice, "metadata.ownerReferences"), "kind", "Service");
        if (!owner)
            continue;
        const json_t *service = store_get(world, "", "services", jx_namespace(slice),
                                          jx_text(owner, "name", ""));
        if (!service || strcmp(jx_uid(service), jx_text(owner, "uid", "")) != 0)
            store_remove(world, "discovery.k8s.io", "endpointslices", jx_namespace(slice),
                         jx_name(slice));
    }
    json_decref(slices);
}

static void make_slices(struct world *world, const json_t *services)
{
    json_t *pods = NULL, *service;
    char ns[256] = "";
    size_t i;

    json_array_foreach(services, i, service) {
        if (json_object_size(jx_get(service, "spec.selector")) == 0)
            continue;
        if (!pods ||
            strcmp(ns, jx_namespace(service)) != 0) { /* services come ordered by namespace */
            json_decref(pods);
            pods = store_list_in(world, "", "pods", jx_namespace(service));
            snprintf(ns, sizeof ns, "%s", jx_namespace(service));
        }
        make_slice(world, service, pods);
    }
    json_decref(pods);
}

void control_slices(struct world *world)
{
    struct azure *azure = azure_of(world);
    unsigned long long version = collection_version(world, "", "pods") +
                                 collection_version(world, "", "nodes");
    json_t *services = json_array();
    size_t additions, deletions;
    bool all = !store_changes(world, "", "services", &controller_memory(world)->slices, services,
                              &additions, &deletions);

    if (all || deletions)
        sweep(world);
    if (all || azure->slices_version != version) {
        json_decref(services);
        services = store_list(world, "", "services");
    }
    make_slices(world, services);
    json_decref(services);
    azure->slices_version = version;
}
