/* cloud-provider-azure: an address for each load balancer Service, and what tells why there is
 * none. */
#include "azure.h"
#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANNOTATION "service.beta.kubernetes.io/"
#define FINALIZER "service.kubernetes.io/load-balancer-cleanup"

/* ---- addresses ---------------------------------------------------------------------------- */

struct holder {
    const char *address;
    const json_t *except;
    bool held;
};

static bool holds(struct world *world, const json_t *service, void *ctx)
{
    struct holder *holder = ctx;

    (void)world;
    if (strcmp(jx_uid(service), jx_uid(holder->except)) != 0 &&
        jx_find(jx_get(service, "status.loadBalancer.ingress"), "ip", holder->address))
        holder->held = true;
    return !holder->held;
}

static bool free_address(struct world *world, const json_t *service, const char *address)
{
    struct holder holder = { .address = address, .except = service };
    store_each(world, "", "services", holds, &holder);
    return !holder.held;
}

static const char *annotation(const json_t *service, const char *name)
{
    char key[200];
    snprintf(key, sizeof key, ANNOTATION "%s", name);
    return jx_annotation(service, key);
}

/* False with the reason in `why` when no address can be had. */
static bool choose_address(struct world *world, const json_t *service, char out[32], char *why,
                           size_t room)
{
    static const char *const subnets[] = { "snet-aks", "snet-ilb", "snet-nodes", NULL };
    const char *wanted = annotation(service, "azure-load-balancer-ipv4");
    const char *subnet = annotation(service, "azure-load-balancer-internal-subnet");
    bool internal = lb_is_internal(service), known = !subnet || !*subnet;
    unsigned char bytes[4];

    for (size_t i = 0; subnet && subnets[i]; i++)
        known = known || strcmp(subnets[i], subnet) == 0;
    if (!known) {
        snprintf(
            why, room,
            "Error syncing load balancer: failed to ensure load balancer: subnet %.80s not found",
            subnet);
        return false;
    }
    if (!wanted)
        wanted = jx_str(service, "spec.loadBalancerIP");
    if (wanted && *wanted) {
        bool inside = strncmp(wanted, "10.0.1.", 7) == 0 || !internal;
        if (inet_pton(AF_INET, wanted, bytes) != 1 || !inside ||
            !free_address(world, service, wanted)) {
            snprintf(why, room,
                     "Error syncing load balancer: failed to ensure load balancer: "
                     "PrivateIPAddressIsNotAvailable "
                     "or PrivateIPAddressNotInSubnet: %.40s",
                     wanted);
            return false;
        }
        snprintf(out, 32, "%s", wanted);
        return true;
    }
    for (int n = 50; n < 250; n++) {
        snprintf(out, 32, internal ? "10.0.1.%d" : "20.50.1.%d", n);
        if (free_address(world, service, out))
            return true;
    }
    snprintf(why, room, "Error syncing load balancer: no address left in the subnet");
    return false;
}

static void note_event(struct world *world, const json_t *service, const char *type,
                       const char *reason, const char *message)
{
    char name[300], suffix[9];
    char *now = world_time(world);

    jx_suffix(message, suffix, 8);
    snprintf(name, sizeof name, "%.200s.%s", jx_name(service), suffix);
    if (!store_get(world, "", "events", jx_namespace(service), name))
        store_put(world, "", "events",
                  json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:s}, s:s, s:s, s:s, "
                            "s:{s:s}, s:s, s:s, s:i}",
                            "apiVersion", "v1", "kind", "Event", "metadata", "name", name,
                            "namespace", jx_namespace(service), "involvedObject", "apiVersion",
                            "v1", "kind", "Service", "name", jx_name(service), "namespace",
                            jx_namespace(service), "uid", jx_uid(service), "type", type, "reason",
                            reason, "message", message, "source", "component", "service-controller",
                            "firstTimestamp", now, "lastTimestamp", now, "count", 1),
                  "cloud-controller-manager", "Update", NULL);
    free(now);
}

static void add_finalizer(json_t *service)
{
    json_t *finalizers = jx_get(service, "metadata.finalizers");
    size_t i;
    json_t *one;

    if (!json_is_array(finalizers)) {
        finalizers = json_array();
        jx_set(service, "metadata.finalizers", finalizers);
    }
    json_array_foreach(finalizers, i, one)
        if (strcmp(json_string_value(one) ? json_string_value(one) : "", FINALIZER) == 0)
            return;
    json_array_append_new(finalizers, json_string(FINALIZER));
}

static void balance(struct world *world, const json_t *service)
{
    char address[32], why[300];

    if (!choose_address(world, service, address, why, sizeof why)) {
        note_event(world, service, "Warning", "SyncLoadBalancerFailed", why);
        return;
    }
    const char *have = jx_str(json_array_get(jx_get(service, "status.loadBalancer.ingress"), 0),
                              "ip");
    const char *wanted = annotation(service, "azure-load-balancer-ipv4");
    bool kept = have && (!wanted || strcmp(wanted, have) == 0) &&
                (strncmp(have, "10.", 3) == 0) == lb_is_internal(service);
    if (kept)
        return;
    json_t *next = json_deep_copy(service);
    jx_set(next, "status.loadBalancer.ingress",
           json_pack("[{s:s, s:s}]", "ip", address, "ipMode", "VIP"));
    store_put(world, "", "services", next, "cloud-controller-manager", "Update", "status");
    note_event(world, service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer");
}

static void tend(struct world *world, const json_t *service)
{
    bool balancer = jx_is(service, "spec.type", "LoadBalancer") &&
                    !jx_str(service, "spec.loadBalancerClass");
    bool has_address = json_array_size(jx_get(service, "status.loadBalancer.ingress")) > 0;

    if (!balancer && !has_address && !jx_str(service, "metadata.deletionTimestamp"))
        return;
    json_t *next = json_deep_copy(service);
    if (jx_str(service, "metadata.deletionTimestamp")) {
        /* The load balancer is cleaned up at once; nothing holds the Service back. */
        jx_drop(next, "metadata.finalizers");
        store_put(world, "", "services", next, "cloud-controller-manager", "Update", NULL);
        store_remove(world, "", "services", jx_namespace(service), jx_name(service));
        return;
    }
    if (!balancer)
        jx_set(next, "status.loadBalancer", json_object());
    else
        add_finalizer(next);
    if (json_equal(next, service))
        json_decref(next);
    else
        store_put(world, "", "services", next, "cloud-controller-manager", "Update", NULL);
    const json_t *now = store_get(world, "", "services", jx_namespace(service), jx_name(service));
    if (balancer && now)
        balance(world, now);
}

void control_cloud(struct world *world)
{
    json_t *changed = json_array(), *service;
    size_t i, additions, deletions;

    if (!store_changes(world, "", "services", &controller_memory(world)->cloud, changed, &additions,
                       &deletions) ||
        deletions) { /* a freed address may be what another waits for */
        json_decref(changed);
        changed = store_list(world, "", "services");
    }
    json_array_foreach(changed, i, service)
        tend(world, service);
    json_decref(changed);
}
