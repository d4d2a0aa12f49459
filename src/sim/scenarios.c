/* The worlds to choose from. Each is the reference environment with some of its faults, or made ill
 * in one more way. */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define POOL_ADDRESS                                                                               \
    "10.0.1.50" /* what cloud-provider-azure gives to the first internal load balancer */
#define PROBE_ANNOTATION "service.beta.kubernetes.io/port_"

static void load_yaml(struct world *world, const char *yaml, const char *what)
{
    manifests_load(world, yaml, strlen(yaml), what);
}

static void load_azure(struct world *world)
{
    struct azure *azure = azure_of(world);
    json_array_append_new(azure->gateways, world_reference_gateway(SIM_APP_GATEWAY, POOL_ADDRESS));
    json_array_append_new(azure->clusters, world_managed_cluster());
}

static void load_applications(struct world *world)
{
    load_yaml(world, world_responder_yaml, "health responder");
    load_yaml(world, world_app1_yaml, "application 1");
    load_yaml(world, world_app2_yaml, "application 2");
    load_yaml(world, world_app_routes_yaml, "application routes");
    load_yaml(world, world_grants_yaml, "reference grants");
}

/* The cluster as deployed, without the health route and before anybody patched the Service. */
static void load_cluster(struct world *world)
{
    load_yaml(world, world_nodes_yaml, "nodes");
    load_yaml(world, world_classes_yaml, "gateway classes");
    load_yaml(world, world_mesh_yaml, "mesh");
    if (world->options->manifests) {
        manifests_load_folder(world, world->options->manifests);
        load_yaml(world, world_secret_yaml, "certificate");
        return;
    }
    load_yaml(world, world_namespaces_yaml, "namespaces");
    load_yaml(world, world_secret_yaml, "certificate");
    load_yaml(world, world_gateway_yaml, "gateway");
    load_applications(world);
}

static void load_base(struct world *world)
{
    load_azure(world);
    load_cluster(world);
}

static void add_health_route(struct world *world)
{
    load_yaml(world, world_health_route_yaml, "health route");
}

/* kubectl patch svc ... '{"spec":{"externalTrafficPolicy":"Local"}}', as the article does it. */
static void patch_local(struct world *world, const char *ns, const char *name)
{
    controllers_settle(world);
    const json_t *service = store_get(world, "", "services", ns, name);
    if (!service)
        return;
    json_t *next = json_deep_copy(service);
    jx_set(next, "spec.externalTrafficPolicy", json_string("Local"));
    store_put(world, "", "services", next, "kubectl-patch", "Update", NULL);
}

static void edit_gateway(struct world *world, const char *path, json_t *value)
{
    json_t *next = json_deep_copy(
        store_get(world, "gateway.networking.k8s.io", "gateways", "istio-ingress", "mtkc-gateway"));
    jx_set(next, path, value);
    store_put(world, "gateway.networking.k8s.io", "gateways", next, "kubectl-client-side-apply",
              "Update", NULL);
}

static void use_overlay(struct world *world)
{
    load_yaml(world, world_overlay_yaml, "overlay");
    edit_gateway(world, "spec.infrastructure.parametersRef",
                 json_pack("{s:s, s:s, s:s}", "group", "", "kind", "ConfigMap", "name",
                           "mtkc-gateway-options"));
}

/* The Terraform's probes wait longer than their interval; a healthy world's do not. */
static void calm_probes(struct world *world)
{
    json_t *gateway, *probe;
    size_t i, k;
    json_array_foreach(azure_of(world)->gateways, i, gateway)
        json_array_foreach(jx_get(gateway, "properties.probes"), k, probe)
            jx_set(probe, "properties.timeout", json_integer(30));
}

/* ---- the scenarios ------------------------------------------------------------------------ */

static void load_reference(struct world *world)
{
    load_base(world);
}

static void load_healthy(struct world *world)
{
    load_base(world);
    calm_probes(world);
    use_overlay(world);
    add_health_route(world);
}

static void load_no_health_route(struct world *world)
{
    load_base(world);
    patch_local(world, "istio-ingress", "mtkc-gateway-istio");
}

static void load_traffic_policy(struct world *world)
{
    load_base(world);
    add_health_route(world);
}

/* An annotation that means well: the right port, a path that is not served there. It even beats
 * Local (azure.md 4.3). */
static void load_lb_probe(struct world *world)
{
    load_base(world);
    add_health_route(world);
    json_t *annotations = json_pack(
        "{s:s}", "service.beta.kubernetes.io/azure-load-balancer-internal", "true");
    static const char *const ports[] = { "80", "443" };
    for (size_t i = 0; i < 2; i++) {
        char key[120];
        snprintf(key, sizeof key, PROBE_ANNOTATION "%s_health-probe_protocol", ports[i]);
        json_object_set_new(annotations, key, json_string("http"));
        snprintf(key, sizeof key, PROBE_ANNOTATION "%s_health-probe_port", ports[i]);
        json_object_set_new(annotations, key, json_string("15021"));
        snprintf(key, sizeof key, PROBE_ANNOTATION "%s_health-probe_request-path", ports[i]);
        json_object_set_new(annotations, key, json_string(i ? "/ready" : "/healthz/ready"));
    }
    edit_gateway(world, "spec.infrastructure.annotations", annotations);
}

static void load_tenants(struct world *world)
{
    load_healthy(world);
    world_tenants(world, world->options->tenants > 0 ? world->options->tenants : 20,
                  world->options->routes > 0 ? world->options->routes : 200);
}

/* Takes kinds away from the Reader's role, so that some of what gatewatch shows must be
 * "forbidden". */
static void narrow_reader(struct world *world)
{
    static const char *const away[] = { "nodes", "daemonsets", "horizontalpodautoscalers" };
    const char *group = "rbac.authorization.k8s.io";
    json_t *role = json_deep_copy(
               store_get(world, group, "clusterroles", NULL, "gatewatch-reader")),
           *rule;
    size_t i;

    json_array_foreach(json_object_get(role, "rules"), i, rule) {
        json_t *resources = json_object_get(rule, "resources");
        for (size_t k = json_array_size(resources); k > 0; k--)
            for (size_t n = 0; n < sizeof away / sizeof away[0]; n++)
                if (strcmp(json_string_value(json_array_get(resources, k - 1)), away[n]) == 0) {
                    json_array_remove(resources, k - 1);
                    break;
                }
    }
    if (role)
        store_put(world, group, "clusterroles", role, "kubectl-edit", "Update", NULL);
}

static void load_forbidden(struct world *world)
{
    narrow_reader(world);
    azure_of(world)->credential = principal_named("reader");
    load_base(world);
}

/* The add-ons know no ambient mode. */
static void leave_ambient(struct world *world)
{
    json_t *namespaces = store_list(world, "", "namespaces"), *namespace;
    size_t i;

    json_array_foreach(namespaces, i, namespace) {
        if (!jx_label(namespace, "istio.io/dataplane-mode"))
            continue;
        json_t *next = json_deep_copy(namespace);
        json_object_del(jx_get(next, "metadata.labels"), "istio.io/dataplane-mode");
        store_put(world, "", "namespaces", next, "kubectl-client-side-apply", "Update", NULL);
    }
    json_decref(namespaces);
}

/* App routing's Gateway API: no mesh, class defaults from a ConfigMap that AKS owns. */
static void load_aks_addon(struct world *world)
{
    json_t *cluster;

    load_azure(world);
    cluster = json_array_get(azure_of(world)->clusters, 0);
    jx_set(cluster, "properties.ingressProfile",
           json_pack("{s:{s:s}, s:{s:b, s:{s:s}}}", "gatewayAPI", "installation", "Standard",
                     "webAppRouting", "enabled", 1, "gatewayAPIImplementations", "appRoutingIstio",
                     "Enabled"));
    load_yaml(world, world_nodes_yaml, "nodes");
    load_yaml(world, world_addon_yaml, "add-on");
    load_yaml(world, world_namespaces_yaml, "namespaces");
    leave_ambient(world);
    load_yaml(world, world_secret_yaml, "certificate");
    load_yaml(world, world_gateway_yaml, "gateway");
    edit_gateway(world, "spec.gatewayClassName", json_string("approuting-istio"));
    load_applications(world);
    add_health_route(world);
}

const struct scenario scenarios[] = {
    { "reference",
      "the proof of concept as deployed: no health route, and a load balancer that probes / for "
      "404",
      load_reference },
    { "healthy", "both fixes in place, the durable way", load_healthy },
    { "no-health-route", "externalTrafficPolicy is Local already; the probe's path has no route",
      load_no_health_route },
    { "traffic-policy", "the health route is there; the load balancer's probe gets 404",
      load_traffic_policy },
    { "lb-probe", "a probe annotation that points at a path nobody serves", load_lb_probe },
    { "tenants", "many tenants and routes (--tenants, --routes) with small troubles among them",
      load_tenants },
    { "forbidden", "the reference world seen by a Reader without the health action",
      load_forbidden },
    { "aks-addon", "a gateway of AKS application routing: class defaults, HPA, probe annotations",
      load_aks_addon },
    { NULL, NULL, NULL },
};
