/* The AKS cluster (azure.md 5). */
#include "shape.h"

#define T struct managedcluster

static const struct field fields[] = {
    STRING(T, fqdn, P "fqdn"),
    STRING(T, private_fqdn, P "privateFQDN"),
    STRING(T, node_resource_group, P "nodeResourceGroup"),
    STRING(T, power_state, P "powerState.code"),
    STRING(T, provisioning_state, P "provisioningState"),
    STRING(T, version, P "currentKubernetesVersion"),
    STRING(T, mesh_mode, P "serviceMeshProfile.mode"),
    STRINGS(T, mesh_revisions, P "serviceMeshProfile.istio.revisions"),
    TRI(T, local_accounts_disabled, P "disableLocalAccounts"),
    STRING(T, lb_probe_mode, P "networkProfile.loadBalancerProfile.clusterServiceLoadBalancerHealthProbeMode"),
};
static const struct shape shape = SHAPE(T, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    T *cluster = (T *)o;
    shape_decode(&shape, json, cluster, &o->arena);
    cluster->entra = json_is_object(json_at(json, P "aadProfile")) ? TRI_TRUE : TRI_FALSE;
    const char *gateway_api = json_string_value(json_at(json, P "ingressProfile.gatewayAPI.installation"));
    cluster->gateway_api_managed = !gateway_api                           ? TRI_UNKNOWN
                                   : str_eq_nocase(gateway_api, "Disabled") ? TRI_FALSE
                                                                            : TRI_TRUE;
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const T *cluster = (const T *)o;
    describe_line(d, "State", "%s, %s", cluster->power_state, cluster->provisioning_state);
    describe_line(d, "API server", "%s", str_or(cluster->fqdn, cluster->private_fqdn));
    describe_line(d, "Version", "%s", cluster->version);
    describe_line(d, "Node resource group", "%s", cluster->node_resource_group);
    describe_line(d, "Service mesh", "%s", str_or(cluster->mesh_mode, "none"));
    for (size_t i = 0; i < cluster->mesh_revisions.n; i++)
        describe_line(d, "Revision", "%s", cluster->mesh_revisions.items[i]);
}

const struct kind kind_managedcluster = {
    .name = "ManagedCluster", .plural = "Microsoft.ContainerService/managedClusters",
    .group = "Microsoft.ContainerService", .namespaced = true, .origin = ORIGIN_ARM, .optional = true, .size = sizeof(T),
    .decode = decode, .describe = describe,
};
