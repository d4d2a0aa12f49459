/* Istio's gateway deployment controller: a Gateway becomes a ServiceAccount, a Deployment and a
 * Service.
 *
 * Source: reference kubernetes.md 6.1 to 6.4, 6.7.
 */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATEWAY_GROUP "gateway.networking.k8s.io"
#define CONTROLLER "istio.io/gateway-controller"

/* ---- classes ------------------------------------------------------------------------------ */

void control_classes(struct world *world)
{
    json_t *classes = store_list(world, GATEWAY_GROUP, "gatewayclasses"), *class;
    size_t i;

    json_array_foreach(classes, i, class) {
        const char *controller = jx_text(class, "spec.controllerName", "");
        if (strncmp(controller, "istio.io/", 9) != 0)
            continue;
        json_t *next = json_deep_copy(class), *conditions = jx_get(next, "status.conditions");
        if (!json_is_array(conditions)) {
            conditions = json_array();
            jx_set(next, "status.conditions", conditions);
        }
        /* What the CRD puts there before anybody looked. */
        condition_set(world, conditions, "Accepted", true, "Accepted",
                      "Handled by Istio controller", jx_int(class, "metadata.generation", 1));
        if (json_equal(next, class))
            json_decref(next);
        else
            store_put(world, GATEWAY_GROUP, "gatewayclasses", next, "pilot-discovery", "Update",
                      "status");
    }
    json_decref(classes);
}

bool gateway_is_ours(struct world *world, const json_t *gateway)
{
    const json_t *class = store_get(world, GATEWAY_GROUP, "gatewayclasses", NULL,
                                    jx_text(gateway, "spec.gatewayClassName", ""));
    return jx_is(class, "spec.controllerName", CONTROLLER);
}

/* ---- rendering ---------------------------------------------------------------------------- */

struct rendered {
    const char *group, *resource, *key; /* key in the overlay ConfigMap */
    json_t *object;
    bool only_by_overlay, asked_for;
};
enum { SERVICE_ACCOUNT, DEPLOYMENT, SERVICE, HPA, PDB, RENDERED };

static json_t *labels_of(const json_t *gateway)
{
    json_t *labels = json_pack("{s:s, s:s, s:s, s:s}", "gateway.networking.k8s.io/gateway-name",
                               jx_name(gateway), "gateway.networking.k8s.io/gateway-class-name",
                               jx_text(gateway, "spec.gatewayClassName", ""),
                               "gateway.istio.io/managed", "istio.io-gateway-controller",
                               "istio.io/dataplane-mode", "none");
    json_t *more = jx_get(gateway, "spec.infrastructure.labels");
    if (json_is_object(more))
        json_object_update(labels, more);
    return labels;
}

/* With spec.infrastructure.annotations set, the Gateway's own annotations are no longer copied. */
static json_t *annotations_of(const json_t *gateway)
{
    const json_t *infrastructure = jx_get(gateway, "spec.infrastructure.annotations");
    json_t *out = json_object(), *value;
    const char *key;

    if (json_is_object(infrastructure)) {
        json_object_update(out, (json_t *)infrastructure);
        return out;
    }
    json_object_foreach(jx_get(gateway, "metadata.annotations"), key, value)
        if (!strstr(key, "kubectl.kubernetes.io/") && !strstr(key, "gateway.istio.io/") &&
            !strstr(key, "networking.istio.io/service-type"))
            json_object_set(out, key, value);
    return out;
}

static json_t *metadata(const json_t *gateway, const char *name)
{
    json_t *annotations = annotations_of(gateway);
    json_t *meta = json_pack("{s:s, s:s, s:o, s:o}", "name", name, "namespace",
                             jx_namespace(gateway), "labels", labels_of(gateway), "ownerReferences",
                             owner_reference(gateway, false));
    if (json_object_size(annotations) > 0)
        json_object_set(meta, "annotations", annotations);
    json_decref(annotations);
    return meta;
}

static json_t *service_ports(const json_t *gateway)
{
    json_t *ports = json_pack("[{s:s, s:i, s:s, s:s}]", "name", "status-port", "port", 15021,
                              "protocol", "TCP", "appProtocol", "tcp");
    size_t i, k;
    json_t *listener, *seen;

    json_array_foreach(jx_get(gateway, "spec.listeners"), i, listener) {
        char name[64], protocol[32];
        bool again = false;
        json_array_foreach(ports, k, seen)
            again = again || jx_int(seen, "port", 0) == jx_int(listener, "port", 0);
        if (again)
            continue;
        snprintf(name, sizeof name, "%s", jx_text(listener, "name", ""));
        snprintf(protocol, sizeof protocol, "%s", jx_text(listener, "protocol", ""));
        for (char *at = name; *at; at++)
            if (*at == '.')
                *at = '-';
        for (char *at = protocol; *at; at++)
            if (*at >= 'A' && *at <= 'Z')
                *at = (char)(*at - 'A' + 'a');
        json_array_append_new(ports, json_pack("{s:s, s:I, s:s, s:s, s:I}", "name", name, "port",
                                               (json_int_t)jx_int(listener, "port", 0), "protocol",
                                               "TCP", "appProtocol", protocol, "targetPort",
                                               (json_int_t)jx_int(listener, "port", 0)));
    }
    return ports;
}

static json_t *render_service(const json_t *gateway, const char *name)
{
    const char *type = jx_annotation(gateway, "networking.istio.io/service-type");
    json_t *service = json_pack(
        "{s:s, s:s, s:o, s:{s:s, s:o, s:{s:s}, s:s}}", "apiVersion", "v1", "kind", "Service",
        "metadata", metadata(gateway, name), "spec", "ipFamilyPolicy", "PreferDualStack", "ports",
        service_ports(gateway), "selector", "gateway.networking.k8s.io/gateway-name",
        jx_name(gateway), "type", type ? type : "LoadBalancer");
    const json_t *address = json_array_get(jx_get(gateway, "spec.addresses"), 0);
    if (address && strcmp(jx_text(address, "type", "IPAddress"), "IPAddress") == 0 &&
        jx_str(address, "value"))
        jx_set(service, "spec.loadBalancerIP", json_string(jx_str(address, "value")));
    return service;
}

static json_t *render_deployment(const json_t *gateway, const char *name)
{
    json_t *probe = json_pack("{s:{s:s, s:i, s:s}, s:i, s:i, s:i}", "httpGet", "path",
                              "/healthz/ready", "port", 15021, "scheme", "HTTP", "failureThreshold",
                              4, "periodSeconds", 15, "timeoutSeconds", 1);
    json_t *container = json_pack(
        "{s:s, s:s, s:[s,s,s], s:[{s:i,s:s,s:s},{s:i,s:s,s:s},{s:i,s:s,s:s}], s:o}", "name",
        "istio-proxy", "image", "docker.io/istio/proxyv2:1.30.3", "args", "proxy", "router",
        "--domain", "ports", "containerPort", 15020, "name", "metrics", "protocol", "TCP",
        "containerPort", 15021, "name", "status-port", "protocol", "TCP", "containerPort", 15090,
        "name", "http-envoy-prom", "protocol", "TCP", "readinessProbe", probe);
    json_t *labels = labels_of(gateway);
    json_object_set_new(labels, "sidecar.istio.io/inject", json_string("false"));
    return json_pack("{s:s, s:s, s:o, s:{s:{s:{s:s}}, s:{s:{s:o}, s:{s:s, s:[o]}}}}", "apiVersion",
                     "apps/v1", "kind", "Deployment", "metadata", metadata(gateway, name), "spec",
                     "selector", "matchLabels", "gateway.networking.k8s.io/gateway-name",
                     jx_name(gateway), "template", "metadata", "labels", labels, "spec",
                     "serviceAccountName", name, "containers", container);
}

static json_t *render_hpa(const json_t *gateway, const char *name)
{
    return json_pack("{s:s, s:s, s:o, s:{s:i, s:i, s:{s:s, s:s, s:s}}}", "apiVersion",
                     "autoscaling/v2", "kind", "HorizontalPodAutoscaler", "metadata",
                     metadata(gateway, name), "spec", "minReplicas", 1, "maxReplicas", 1,
                     "scaleTargetRef", "apiVersion", "apps/v1", "kind", "Deployment", "name", name);
}

static json_t *render_pdb(const json_t *gateway, const char *name)
{
    return json_pack("{s:s, s:s, s:o, s:{s:{s:{s:s}}}}", "apiVersion", "policy/v1", "kind",
                     "PodDisruptionBudget", "metadata", metadata(gateway, name), "spec", "selector",
                     "matchLabels", "gateway.networking.k8s.io/gateway-name", jx_name(gateway));
}

static void render(const json_t *gateway, const char *name, struct rendered out[RENDERED])
{
    out[SERVICE_ACCOUNT] = (struct rendered){ "",
                                              "serviceaccounts",
                                              "serviceAccount",
                                              json_pack("{s:s, s:s, s:o}", "apiVersion", "v1",
                                                        "kind", "ServiceAccount", "metadata",
                                                        metadata(gateway, name)),
                                              false,
                                              true };
    out[DEPLOYMENT] = (struct rendered){ "apps",       "deployments",
                                         "deployment", render_deployment(gateway, name),
                                         false,        true };
    out[SERVICE] = (struct rendered){ "",    "services", "service", render_service(gateway, name),
                                      false, true };
    out[HPA] = (struct rendered){ "autoscaling",
                                  "horizontalpodautoscalers",
                                  "horizontalPodAutoscaler",
                                  render_hpa(gateway, name),
                                  true,
                                  false };
    out[PDB] = (struct rendered){
        "policy", "poddisruptionbudgets", "podDisruptionBudget", render_pdb(gateway, name), true,
        false
    };
}

/* ---- overlays (6.3) ----------------------------------------------------------------------- */

/* False when the ConfigMap cannot be applied: then nothing of the Gateway changes. */
static bool overlay(const json_t *config, struct rendered out[RENDERED], const char *name,
                    const char *ns)
{
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(config, "data"), key, value) {
        struct rendered *one = NULL;
        for (int i = 0; i < RENDERED; i++)
            if (strcmp(out[i].key, key) == 0)
                one = &out[i];
        if (!one || !overlay_merge(one->object, json_string_value(value)))
            return false;
        if (strcmp(jx_name(one->object), name) != 0 || strcmp(jx_namespace(one->object), ns) != 0)
            return false;
        one->asked_for = true;
    }
    return true;
}

/* The oldest ConfigMap labelled as the defaults of this class. */
static json_t *class_defaults(struct world *world, const char *class)
{
    json_t *configs = store_list(world, "", "configmaps"), *config, *oldest = NULL;
    size_t i;

    json_array_foreach(configs, i, config) {
        const char *label = jx_label(config, "gateway.istio.io/defaults-for-class");
        if (label && strcmp(label, class) == 0 &&
            (!oldest || strcmp(jx_text(config, "metadata.creationTimestamp", ""),
                               jx_text(oldest, "metadata.creationTimestamp", "")) < 0))
            oldest = config;
    }
    json_incref(oldest);
    json_decref(configs);
    return oldest;
}

static bool customise(struct world *world, const json_t *gateway, const char *name,
                      struct rendered out[RENDERED])
{
    json_t *defaults = class_defaults(world, jx_text(gateway, "spec.gatewayClassName", ""));
    bool good = !defaults || overlay(defaults, out, name, jx_namespace(gateway));
    const char *kind = jx_text(gateway, "spec.infrastructure.parametersRef.kind", "");

    json_decref(defaults);
    if (good && strcmp(kind, "ConfigMap") == 0) {
        const json_t *own = store_get(
            world, "", "configmaps", jx_namespace(gateway),
            jx_text(gateway, "spec.infrastructure.parametersRef.name", ""));
        good = own && overlay(own, out, name, jx_namespace(gateway));
    }
    return good;
}

/* ---- the controller ----------------------------------------------------------------------- */

static void deploy(struct world *world, const json_t *gateway)
{
    struct rendered out[RENDERED];
    const char *override = jx_annotation(gateway, "gateway.istio.io/name-override");
    const json_t *address = json_array_get(jx_get(gateway, "spec.addresses"), 0);
    char name[200];

    if (jx_is(address, "type", "Hostname")) /* the user's own Deployment and Service */
        return;
    if (override)
        snprintf(name, sizeof name, "%s", override);
    else
        snprintf(name, sizeof name, "%s-%s", jx_name(gateway),
                 jx_text(gateway, "spec.gatewayClassName", ""));
    render(gateway, name, out);
    bool good = customise(world, gateway, name, out);
    for (int i = 0; i < RENDERED; i++) {
        const json_t *there = store_get(world, out[i].group, out[i].resource, jx_namespace(gateway),
                                        name);
        bool foreign = there && !jx_label(there, "gateway.istio.io/managed");
        if (good && out[i].asked_for && !foreign) {
            store_apply(world, out[i].group, out[i].resource, out[i].object, CONTROLLER);
            out[i].object = NULL;
        } else if (good && out[i].only_by_overlay && !out[i].asked_for && there && !foreign) {
            store_remove(world, out[i].group, out[i].resource, jx_namespace(gateway), name);
        }
        json_decref(out[i].object);
    }
}

/* What a Gateway that is gone has left behind. */
static void sweep(struct world *world, const char *group, const char *resource)
{
    json_t *list = store_list(world, group, resource), *object;
    size_t i;

    json_array_foreach(list, i, object) {
        const char *name = jx_label(object, "gateway.networking.k8s.io/gateway-name");
        if (!name || !jx_label(object, "gateway.istio.io/managed") ||
            !jx_find(jx_get(object, "metadata.ownerReferences"), "kind", "Gateway"))
            continue;
        const json_t *gateway = store_get(world, GATEWAY_GROUP, "gateways", jx_namespace(object),
                                          name);
        if (!gateway || !owned_by(object, gateway))
            store_remove(world, group, resource, jx_namespace(object), jx_name(object));
    }
    json_decref(list);
}

void control_gateways(struct world *world)
{
    static const char *const made[][2] = { { "", "services" },
                                           { "apps", "deployments" },
                                           { "", "serviceaccounts" },
                                           { "autoscaling", "horizontalpodautoscalers" },
                                           { "policy", "poddisruptionbudgets" } };
    static const char *const inputs[][2] = { { GATEWAY_GROUP, "gateways" },
                                             { GATEWAY_GROUP, "gatewayclasses" },
                                             { "", "configmaps" },
                                             { "", "services" },
                                             { "apps", "deployments" },
                                             { "", "serviceaccounts" },
                                             { "autoscaling", "horizontalpodautoscalers" },
                                             { "policy", "poddisruptionbudgets" } };
    struct azure *azure = azure_of(world);
    unsigned long long version = 0;
    size_t i;
    json_t *gateway;

    for (i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        version += collection_version(world, inputs[i][0], inputs[i][1]);
    if (azure->gateways_version == version)
        return;
    for (i = 0; i < sizeof made / sizeof made[0]; i++)
        sweep(world, made[i][0], made[i][1]);
    json_t *gateways = store_list(world, GATEWAY_GROUP, "gateways");
    json_array_foreach(gateways, i, gateway)
        if (gateway_is_ours(world, gateway))
            deploy(world, gateway);
    json_decref(gateways);
    version = 0;
    for (i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        version += collection_version(world, inputs[i][0], inputs[i][1]);
    azure->gateways_version = version;
}
