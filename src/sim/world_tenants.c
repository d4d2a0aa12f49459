/* Many tenants: namespaces with Capsule and plain labels, Services with slices, routes, and a
 * little trouble. */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY_GROUP "gateway.networking.k8s.io"

static const char *const words[] = {
    "amber",   "birch",   "cedar", "delta",  "ember",  "fjord",  "grove",  "heron",  "iris",
    "juniper", "kestrel", "lark",  "maple",  "nordic", "otter",  "pine",   "quartz", "raven",
    "sage",    "tern",    "umber", "violet", "willow", "yarrow", "zephyr",
};
enum { WORDS = sizeof words / sizeof words[0] };

static void tenant_name(int tenant, char out[64])
{
    if (tenant < WORDS)
        snprintf(out, 64, "%s", words[tenant]);
    else
        snprintf(out, 64, "%s-%d", words[tenant % WORDS], tenant / WORDS);
}

static void make_namespace(struct world *world, const char *tenant, const char *ns, int n)
{
    json_t *labels = json_pack("{s:s, s:s}", "kubernetes.io/metadata.name", ns,
                               "istio.io/dataplane-mode", "ambient");
    /* Two thirds are Capsule's, the others carry the plain label that most clusters have. */
    bool capsule = n % 3 != 2;

    json_object_set_new(labels, capsule ? "capsule.clastix.io/tenant" : "tenant",
                        json_string(tenant));
    store_put(world, "", "namespaces",
              json_pack("{s:s, s:s, s:{s:s, s:o}, s:{s:[s]}, s:{s:s}}", "apiVersion", "v1", "kind",
                        "Namespace", "metadata", "name", ns, "labels", labels, "spec", "finalizers",
                        "kubernetes", "status", "phase", "Active"),
              "capsule", "Update", NULL);
    if (capsule)
        store_put(world, "capsule.clastix.io", "tenants",
                  json_pack("{s:s, s:s, s:{s:s}, s:{s:[{s:s, s:s}]}, s:{s:s, s:i, s:[s]}}",
                            "apiVersion", "capsule.clastix.io/v1beta2", "kind", "Tenant",
                            "metadata", "name", tenant, "spec", "owners", "kind", "Group", "name",
                            tenant, "status", "state", "Active", "size", 1, "namespaces", ns),
                  "capsule", "Update", NULL);
}

/* A Service without selector and a slice made by hand: no pods are needed for either to be real. */
static void make_service(struct world *world, const json_t *nodes, const char *ns, const char *name,
                         bool ready, int n)
{
    json_t *endpoints = json_array();
    size_t count = json_array_size(nodes);

    store_put(world, "", "services",
              json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}}, s:{s:s, s:[{s:s, s:i, s:s, s:i}]}}",
                        "apiVersion", "v1", "kind", "Service", "metadata", "name", name,
                        "namespace", ns, "labels", "app", name, "spec", "type", "ClusterIP",
                        "ports", "name", "http", "port", 80, "protocol", "TCP", "targetPort", 8080),
              "tenant-ci", "Update", NULL);
    for (int i = 0; i < 2 && count; i++) {
        const json_t *node = json_array_get(nodes, (size_t)(n + i) % count);
        json_array_append_new(
            endpoints, json_pack("{s:[o], s:{s:b, s:b, s:b}, s:s, s:s}", "addresses",
                                 jx_format("10.246.%d.%d", n / 120 % 250, n % 120 * 2 + i + 2),
                                 "conditions", "ready", ready, "serving", ready, "terminating", 0,
                                 "nodeName", jx_name(node), "zone",
                                 jx_label(node, "topology.kubernetes.io/zone")
                                     ? jx_label(node, "topology.kubernetes.io/zone")
                                     : ""));
    }
    json_t *slice = json_pack(
        "{s:s, s:s, s:{s:o, s:s, s:{s:s, s:s}}, s:s, s:o, s:[{s:s, s:i, s:s}]}", "apiVersion",
        "discovery.k8s.io/v1", "kind", "EndpointSlice", "metadata", "name",
        jx_format("%s-manual", name), "namespace", ns, "labels", "kubernetes.io/service-name", name,
        "endpointslice.kubernetes.io/managed-by", "tenant-ci", "addressType", "IPv4", "endpoints",
        endpoints, "ports", "name", "http", "port", 8080, "protocol", "TCP");
    store_put(world, "discovery.k8s.io", "endpointslices", slice, "tenant-ci", "Update", NULL);
}

/* Every so many routes have something wrong; which, depends on the number alone. */
static void make_route(struct world *world, const char *tenant, const char *ns, const char *service,
                       int n)
{
    char name[80], host[160];
    json_t *parent = json_pack("{s:s, s:s}", "name", "mtkc-gateway", "namespace", "istio-ingress");
    json_t *backend = json_pack("{s:s, s:i}", "name", service, "port", 80);

    snprintf(name, sizeof name, "route-%d", n);
    snprintf(host, sizeof host, "%s.%s.apps.example.com", words[(unsigned)n % 7], tenant);
    if (n % 53 == 17)
        json_object_set_new(backend, "name", json_string("gone"));
    else if (n % 53 == 23)
        json_object_set_new(backend, "port", json_integer(8080));
    else if (n % 53 == 29)
        json_object_set_new(parent, "sectionName", json_string("web"));
    else if (n % 53 == 41) {
        json_object_set_new(backend, "name", json_string("health-responder"));
        json_object_set_new(backend, "namespace", json_string("gateway-health"));
    }
    store_put(
        world, GATEWAY_GROUP, "httproutes",
        json_pack(
            "{s:s, s:s, s:{s:s, s:s, s:{s:s}}, s:{s:[o], s:[s], s:[{s:[{s:{s:s, s:o}}], s:[o]}]}}",
            "apiVersion", "gateway.networking.k8s.io/v1", "kind", "HTTPRoute", "metadata", "name",
            name, "namespace", ns, "labels", "app", service, "spec", "parentRefs", parent,
            "hostnames", host, "rules", "matches", "path", "type", "PathPrefix", "value",
            jx_format("/v%d/%s", n / 7, service), "backendRefs", backend),
        "tenant-ci", "Update", NULL);
}

/* A leftover of the time before the Gateway API. */
static void make_ingress(struct world *world, const char *tenant, const char *ns)
{
    char host[100];
    snprintf(host, sizeof host, "old.%s.apps.example.com", tenant);
    store_put(world, "networking.k8s.io", "ingresses",
              json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:[{s:s, s:{s:[{s:s, s:s, s:{s:{s:s, "
                        "s:{s:i}}}}]}}]}}",
                        "apiVersion", "networking.k8s.io/v1", "kind", "Ingress", "metadata", "name",
                        "legacy", "namespace", ns, "spec", "ingressClassName", "nginx", "rules",
                        "host", host, "http", "paths", "path", "/", "pathType", "Prefix", "backend",
                        "service", "name", "svc-0", "port", "number", 80),
              "tenant-ci", "Update", NULL);
}

void world_tenants(struct world *world, int tenants, int routes)
{
    json_t *nodes = store_list(world, "", "nodes");

    for (int t = 0; t < tenants; t++) {
        char tenant[64], ns[80];
        int from = (int)((long long)routes * t / tenants),
            to = (int)((long long)routes * (t + 1) / tenants);
        int services = (to - from + 3) / 4 > 0 ? (to - from + 3) / 4 : 1;
        tenant_name(t, tenant);
        snprintf(ns, sizeof ns, "tenant-%s", tenant);
        make_namespace(world, tenant, ns, t);
        for (int s = 0; s < services; s++) {
            char service[64];
            snprintf(service, sizeof service, "svc-%d", s);
            make_service(world, nodes, ns, service, (t + s) % 11 != 7, t * 100 + s);
        }
        if (t % 9 == 4)
            make_ingress(world, tenant, ns);
        for (int r = from; r < to; r++) {
            char service[64];
            snprintf(service, sizeof service, "svc-%d", (r - from) % services);
            make_route(world, tenant, ns, service, r);
        }
    }
    json_decref(nodes);
}
