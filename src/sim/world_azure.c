/* The Azure resources of the reference environment: one Application Gateway and one AKS cluster.
 *
 * Values from reference/poc/README.md (the Terraform side), shape from
 * reference/azure/application-gateway-get.json.
 */
#include "azure.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define NETWORK                                                                                    \
    "/subscriptions/" SIM_SUBSCRIPTION "/resourceGroups/" SIM_RESOURCE_GROUP                       \
    "/providers/Microsoft.Network"
#define ETAG "W/\"5d0c1f7e-0000-4000-8000-0000000000aa\""

json_t *gateway_child(const char *gateway_id, const char *collection, const char *name,
                      json_t *properties)
{
    json_object_set_new(properties, "provisioningState", json_string("Succeeded"));
    return json_pack("{s:s, s:o, s:s, s:o, s:o}", "name", name, "id",
                     jx_format("%s/%s/%s", gateway_id, collection, name), "etag", ETAG,
                     "properties", properties, "type",
                     jx_format("Microsoft.Network/applicationGateways/%s", collection));
}

json_t *gateway_ref(const char *gateway_id, const char *collection, const char *name)
{
    return json_pack("{s:o}", "id", jx_format("%s/%s/%s", gateway_id, collection, name));
}

static json_t *probe(const char *id, const char *name, const char *protocol, const char *settings)
{
    /* The timeout is longer than the interval, as in the Terraform. */
    return gateway_child(
        id, "probes", name,
        json_pack("{s:s, s:s, s:i, s:i, s:i, s:b, s:i, s:{s:s, s:[s]}, s:[o]}", "protocol",
                  protocol, "path", "/healthz/ready", "interval", 30, "timeout", 60,
                  "unhealthyThreshold", 3, "pickHostNameFromBackendHttpSettings", 1, "minServers",
                  0, "match", "body", "", "statusCodes", "200-399", "backendHttpSettings",
                  gateway_ref(id, "backendHttpSettingsCollection", settings)));
}

static json_t *settings_https(const char *id)
{
    return gateway_child(
        id, "backendHttpSettingsCollection", "https-settings",
        json_pack("{s:i, s:s, s:s, s:s, s:b, s:i, s:o, s:[o], s:[o]}", "port", 443, "protocol",
                  "Https", "cookieBasedAffinity", "Disabled", "hostName",
                  "mtkc-gateway.istio-ingress.svc.cluster.local", "pickHostNameFromBackendAddress",
                  0, "requestTimeout", 60, "probe", gateway_ref(id, "probes", "health-probe-https"),
                  "trustedRootCertificates",
                  gateway_ref(id, "trustedRootCertificates", "istio-backend-ca"), "urlPathMaps",
                  gateway_ref(id, "urlPathMaps", "https-path-map")));
}

static json_t *settings_http(const char *id)
{
    return gateway_child(id, "backendHttpSettingsCollection", "http-settings",
                         json_pack("{s:i, s:s, s:s, s:b, s:i, s:o}", "port", 80, "protocol", "Http",
                                   "cookieBasedAffinity", "Disabled",
                                   "pickHostNameFromBackendAddress", 1, "requestTimeout", 60,
                                   "probe", gateway_ref(id, "probes", "health-probe-http")));
}

static json_t *path_rule(const char *id, const char *name, const char *path)
{
    return gateway_child(
        id, "urlPathMaps/https-path-map/pathRules", name,
        json_pack("{s:[s], s:o, s:o}", "paths", path, "backendAddressPool",
                  gateway_ref(id, "backendAddressPools", "aks-gateway-pool"), "backendHttpSettings",
                  gateway_ref(id, "backendHttpSettingsCollection", "https-settings")));
}

static void add_listeners(json_t *p, const char *id)
{
    json_object_set_new(
        p, "httpListeners",
        json_pack(
            "[o, o]",
            gateway_child(id, "httpListeners", "http-listener",
                          json_pack("{s:o, s:o, s:s, s:[], s:b, s:[o]}", "frontendIPConfiguration",
                                    gateway_ref(id, "frontendIPConfigurations", "public-frontend"),
                                    "frontendPort", gateway_ref(id, "frontendPorts", "http-port"),
                                    "protocol", "Http", "hostNames", "requireServerNameIndication",
                                    0, "requestRoutingRules",
                                    gateway_ref(id, "requestRoutingRules", "http-redirect-rule"))),
            gateway_child(id, "httpListeners", "https-listener",
                          json_pack("{s:o, s:o, s:s, s:o, s:[], s:b, s:[o]}",
                                    "frontendIPConfiguration",
                                    gateway_ref(id, "frontendIPConfigurations", "public-frontend"),
                                    "frontendPort", gateway_ref(id, "frontendPorts", "https-port"),
                                    "protocol", "Https", "sslCertificate",
                                    gateway_ref(id, "sslCertificates", "appgw-tls"), "hostNames",
                                    "requireServerNameIndication", 0, "requestRoutingRules",
                                    gateway_ref(id, "requestRoutingRules", "https-rule")))));
}

static void add_rules(json_t *p, const char *id)
{
    json_object_set_new(
        p, "urlPathMaps",
        json_pack("[o]",
                  gateway_child(
                      id, "urlPathMaps", "https-path-map",
                      json_pack("{s:o, s:o, s:[o, o, o], s:[o]}", "defaultBackendAddressPool",
                                gateway_ref(id, "backendAddressPools", "aks-gateway-pool"),
                                "defaultBackendHttpSettings",
                                gateway_ref(id, "backendHttpSettingsCollection", "https-settings"),
                                "pathRules", path_rule(id, "health", "/healthz/*"),
                                path_rule(id, "app1", "/app1/*"), path_rule(id, "app2", "/app2/*"),
                                "requestRoutingRules",
                                gateway_ref(id, "requestRoutingRules", "https-rule")))));
    json_object_set_new(
        p, "requestRoutingRules",
        json_pack(
            "[o, o]",
            gateway_child(id, "requestRoutingRules", "http-redirect-rule",
                          json_pack("{s:s, s:i, s:o, s:o}", "ruleType", "Basic", "priority", 200,
                                    "httpListener",
                                    gateway_ref(id, "httpListeners", "http-listener"),
                                    "redirectConfiguration",
                                    gateway_ref(id, "redirectConfigurations", "http-to-https"))),
            gateway_child(
                id, "requestRoutingRules", "https-rule",
                json_pack("{s:s, s:i, s:o, s:o}", "ruleType", "PathBasedRouting", "priority", 100,
                          "httpListener", gateway_ref(id, "httpListeners", "https-listener"),
                          "urlPathMap", gateway_ref(id, "urlPathMaps", "https-path-map")))));
    json_object_set_new(
        p, "redirectConfigurations",
        json_pack(
            "[o]",
            gateway_child(
                id, "redirectConfigurations", "http-to-https",
                json_pack("{s:s, s:o, s:b, s:b, s:[o]}", "redirectType", "Permanent",
                          "targetListener", gateway_ref(id, "httpListeners", "https-listener"),
                          "includePath", 1, "includeQueryString", 1, "requestRoutingRules",
                          gateway_ref(id, "requestRoutingRules", "http-redirect-rule")))));
}

static void add_frontends(json_t *p, const char *id)
{
    json_object_set_new(
        p, "gatewayIPConfigurations",
        json_pack("[o]", gateway_child(
                             id, "gatewayIPConfigurations", "gateway-ip",
                             json_pack("{s:{s:s}}", "subnet", "id",
                                       NETWORK "/virtualNetworks/vnet-mtkc/subnets/snet-appgw"))));
    json_object_set_new(
        p, "sslCertificates",
        json_pack("[o]",
                  gateway_child(id, "sslCertificates", "appgw-tls",
                                json_pack("{s:s, s:[o]}", "keyVaultSecretId",
                                          "https://kv-mtkc.vault.azure.net/secrets/appgw-tls",
                                          "httpListeners",
                                          gateway_ref(id, "httpListeners", "https-listener")))));
    json_object_set_new(
        p, "trustedRootCertificates",
        json_pack(
            "[o]",
            gateway_child(
                id, "trustedRootCertificates", "istio-backend-ca",
                json_pack("{s:s, s:[o]}", "data",
                          "U0lNVUxBVEVELVJPT1QtQ0VSVElGSUNBVEU=", "backendHttpSettings",
                          gateway_ref(id, "backendHttpSettingsCollection", "https-settings")))));
    json_object_set_new(
        p, "frontendIPConfigurations",
        json_pack("[o]",
                  gateway_child(id, "frontendIPConfigurations", "public-frontend",
                                json_pack("{s:s, s:{s:s}}", "privateIPAllocationMethod", "Dynamic",
                                          "publicIPAddress", "id",
                                          NETWORK "/publicIPAddresses/pip-appgw-mtkc-poc"))));
    json_object_set_new(
        p, "frontendPorts",
        json_pack(
            "[o, o]",
            gateway_child(id, "frontendPorts", "http-port", json_pack("{s:i}", "port", 80)),
            gateway_child(id, "frontendPorts", "https-port", json_pack("{s:i}", "port", 443))));
}

/* Members that a GET always has, empty here. */
static void add_empty(json_t *p)
{
    static const char *const names[] = {
        "trustedClientCertificates",
        "sslProfiles",
        "loadDistributionPolicies",
        "backendSettingsCollection",
        "listeners",
        "routingRules",
        "rewriteRuleSets",
        "privateLinkConfigurations",
        "privateEndpointConnections",
        "authenticationCertificates",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_object_set_new(p, names[i], json_array());
}

json_t *world_reference_gateway(const char *name, const char *pool_address)
{
    char id[512];
    char *made = format_text("%s/applicationGateways/%s", NETWORK, name);
    json_t *p = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:i}, s:s}", "provisioningState",
                          "Succeeded", "resourceGuid", "00000000-0000-0000-0000-0000000000c1",
                          "sku", "name", "WAF_v2", "tier", "WAF_v2", "family", "Generation_1",
                          "capacity", 2, "operationalState", "Running");
    memcpy(id, made, strlen(made) + 1 < sizeof id ? strlen(made) + 1 : sizeof id);
    id[sizeof id - 1] = '\0';
    free(made);
    add_empty(p);
    add_frontends(p, id);
    json_object_set_new(
        p, "backendAddressPools",
        json_pack("[o]",
                  gateway_child(id, "backendAddressPools", "aks-gateway-pool",
                                json_pack("{s:[{s:s}], s:[o]}", "backendAddresses", "ipAddress",
                                          pool_address, "urlPathMaps",
                                          gateway_ref(id, "urlPathMaps", "https-path-map")))));
    json_object_set_new(p, "backendHttpSettingsCollection",
                        json_pack("[o, o]", settings_https(id), settings_http(id)));
    add_listeners(p, id);
    add_rules(p, id);
    json_object_set_new(p, "probes",
                        json_pack("[o, o]",
                                  probe(id, "health-probe-https", "Https", "https-settings"),
                                  probe(id, "health-probe-http", "Http", "http-settings")));
    json_object_set_new(p, "enableHttp2", json_false());
    json_object_set_new(p, "enableFIPS", json_false());
    json_object_set_new(p, "webApplicationFirewallConfiguration",
                        json_pack("{s:b, s:s, s:s, s:s}", "enabled", 1, "firewallMode", "Detection",
                                  "ruleSetType", "OWASP", "ruleSetVersion", "3.2"));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s,s,s], s:{s:s}, s:o}", "name", name, "id", id,
                     "etag", ETAG, "type", "Microsoft.Network/applicationGateways", "location",
                     SIM_LOCATION, "zones", "1", "2", "3", "tags", "environment", "poc",
                     "properties", p);
}

json_t *world_managed_cluster(void)
{
    json_t *network = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:{s:{s:i}, s:s}}", "networkPlugin", "azure",
        "networkDataplane", "azure", "serviceCidr", "10.0.0.0/16", "dnsServiceIP", "10.0.0.10",
        "loadBalancerSku", "standard", "outboundType", "loadBalancer", "networkPolicy", "azure",
        "ipFamilies", "IPv4", "loadBalancerProfile", "managedOutboundIPs", "count", 1,
        "backendPoolType", "nodeIPConfiguration");
    json_t *p = json_pack(
        "{s:s, s:{s:s}, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o}", "provisioningState", "Succeeded",
        "powerState", "code", "Running", "kubernetesVersion", "1.34", "currentKubernetesVersion",
        "1.33.5", "dnsPrefix", "aks-mtkc-poc", "fqdn",
        "aks-mtkc-poc-a1b2c3d4.hcp.westeurope.azmk8s.io", "nodeResourceGroup", SIM_NODE_GROUP,
        "enableRBAC", 1, "disableLocalAccounts", 1, "networkProfile", network);
    json_object_set_new(p, "privateFQDN", json_null());
    json_object_set_new(
        p, "aadProfile",
        json_pack("{s:b, s:b, s:s}", "managed", 1, "enableAzureRBAC", 1, "tenantID", SIM_TENANT));
    json_object_set_new(p, "apiServerAccessProfile", json_pack("{s:b}", "enablePrivateCluster", 0));
    json_object_set_new(p, "agentPoolProfiles",
                        json_pack("[{s:s, s:i, s:s, s:s, s:s, s:s, s:{s:s}, s:[s,s,s]}]", "name",
                                  "nodepool1", "count", 3, "vmSize", "Standard_D4s_v5", "osType",
                                  "Linux", "mode", "System", "provisioningState", "Succeeded",
                                  "powerState", "code", "Running", "availabilityZones", "1", "2",
                                  "3"));
    json_object_set_new(p, "serviceMeshProfile", json_pack("{s:s}", "mode", "Disabled"));
    return json_pack("{s:s, s:s, s:s, s:s, s:{s:s}, s:{s:s, s:s}, s:{s:s}, s:o}", "id",
                     "/subscriptions/" SIM_SUBSCRIPTION "/resourcegroups/" SIM_RESOURCE_GROUP
                     "/providers/Microsoft.ContainerService/managedClusters/" SIM_CLUSTER,
                     "location", SIM_LOCATION, "name", SIM_CLUSTER, "type",
                     "Microsoft.ContainerService/ManagedClusters", "tags", "environment", "poc",
                     "sku", "name", "Base", "tier", "Standard", "identity", "type",
                     "SystemAssigned", "properties", p);
}
