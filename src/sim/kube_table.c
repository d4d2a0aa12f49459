/* Tables: what `kubectl get` prints. Columns are a path into the object or a function. */
#include "kube.h"
#include "kube_cells.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const struct column name_columns[] = {
    {"Name", .path = "metadata.name"}, {"Age", .cell = cell_age}, {0}};

static const struct column namespace_columns[] = {{"Name", .path = "metadata.name"},
                                                  {"Status", .path = "status.phase"},
                                                  {"Age", .cell = cell_age},
                                                  {0}};

static const struct column node_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Status", .cell = cell_node_status},
    {"Roles", .cell = cell_node_roles},
    {"Age", .cell = cell_age},
    {"Version", .path = "status.nodeInfo.kubeletVersion"},
    {"Internal-IP", .path = "status.addresses[type=InternalIP].address", .wide = true,
     .missing = "<none>"},
    {"External-IP", .path = "status.addresses[type=ExternalIP].address", .wide = true,
     .missing = "<none>"},
    {"OS-Image", .path = "status.nodeInfo.osImage", .wide = true, .missing = "<unknown>"},
    {"Kernel-Version", .path = "status.nodeInfo.kernelVersion", .wide = true,
     .missing = "<unknown>"},
    {"Container-Runtime", .path = "status.nodeInfo.containerRuntimeVersion", .wide = true,
     .missing = "<unknown>"},
    {0}};

static const struct column service_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Type", .path = "spec.type"},
    {"Cluster-IP", .path = "spec.clusterIP", .missing = "<none>"},
    {"External-IP", .cell = cell_service_external},
    {"Port(s)", .cell = cell_service_ports},
    {"Age", .cell = cell_age},
    {"Selector", .cell = cell_service_selector, .wide = true},
    {0}};

static const struct column pod_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Ready", .cell = cell_pod_ready},
    {"Status", .cell = cell_pod_status},
    {"Restarts", .cell = cell_pod_restarts},
    {"Age", .cell = cell_age},
    {"IP", .path = "status.podIP", .wide = true, .missing = "<none>"},
    {"Node", .path = "spec.nodeName", .wide = true, .missing = "<none>"},
    {"Nominated Node", .path = "status.nominatedNodeName", .wide = true, .missing = "<none>"},
    {"Readiness Gates", .path = "spec.noSuchField", .wide = true, .missing = "<none>"},
    {0}};

static const struct column configmap_columns[] = {{"Name", .path = "metadata.name"},
                                                  {"Data", .cell = cell_data_count},
                                                  {"Age", .cell = cell_age},
                                                  {0}};

static const struct column secret_columns[] = {{"Name", .path = "metadata.name"},
                                               {"Type", .path = "type"},
                                               {"Data", .cell = cell_data_count},
                                               {"Age", .cell = cell_age},
                                               {0}};

static const struct column event_columns[] = {{"Last Seen", .cell = cell_event_age},
                                              {"Type", .path = "type"},
                                              {"Reason", .path = "reason"},
                                              {"Object", .cell = cell_event_object},
                                              {"Message", .cell = cell_event_message},
                                              {0}};

static const struct column deployment_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Ready", .cell = cell_workload_ready},
    {"Up-to-date", .path = "status.updatedReplicas", .missing = "0"},
    {"Available", .path = "status.availableReplicas", .missing = "0"},
    {"Age", .cell = cell_age},
    {"Containers", .cell = cell_container_names, .wide = true},
    {"Images", .cell = cell_container_images, .wide = true},
    {"Selector", .cell = cell_match_labels, .wide = true},
    {0}};

static const struct column daemonset_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Desired", .path = "status.desiredNumberScheduled", .missing = "0"},
    {"Current", .path = "status.currentNumberScheduled", .missing = "0"},
    {"Ready", .path = "status.numberReady", .missing = "0"},
    {"Up-to-date", .path = "status.updatedNumberScheduled", .missing = "0"},
    {"Available", .path = "status.numberAvailable", .missing = "0"},
    {"Node Selector", .cell = cell_node_selector},
    {"Age", .cell = cell_age},
    {"Containers", .cell = cell_container_names, .wide = true},
    {"Images", .cell = cell_container_images, .wide = true},
    {"Selector", .cell = cell_match_labels, .wide = true},
    {0}};

static const struct column replicaset_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Desired", .path = "spec.replicas", .missing = "0"},
    {"Current", .path = "status.replicas", .missing = "0"},
    {"Ready", .path = "status.readyReplicas", .missing = "0"},
    {"Age", .cell = cell_age},
    {"Containers", .cell = cell_container_names, .wide = true},
    {"Images", .cell = cell_container_images, .wide = true},
    {"Selector", .cell = cell_match_labels, .wide = true},
    {0}};

static const struct column hpa_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Reference", .cell = cell_hpa_reference},
    {"Targets", .cell = cell_hpa_targets},
    {"MinPods", .path = "spec.minReplicas", .missing = "1"},
    {"MaxPods", .path = "spec.maxReplicas"},
    {"Replicas", .path = "status.currentReplicas", .missing = "0"},
    {"Age", .cell = cell_age},
    {0}};

static const struct column pdb_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Min Available", .path = "spec.minAvailable", .missing = "N/A"},
    {"Max Unavailable", .path = "spec.maxUnavailable", .missing = "N/A"},
    {"Allowed Disruptions", .path = "status.disruptionsAllowed", .missing = "0"},
    {"Age", .cell = cell_age},
    {0}};

static const struct column slice_columns[] = {
    {"Name", .path = "metadata.name"},   {"AddressType", .path = "addressType"},
    {"Ports", .cell = cell_slice_ports}, {"Endpoints", .cell = cell_slice_endpoints},
    {"Age", .cell = cell_age},           {0}};

static const struct column ingress_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Class", .path = "spec.ingressClassName", .missing = "<none>"},
    {"Hosts", .path = "spec.rules[0].host", .missing = "*"},
    {"Address", .path = "status.loadBalancer.ingress[0].ip", .missing = ""},
    {"Ports", .cell = cell_ingress_ports},
    {"Age", .cell = cell_age},
    {0}};

static const struct column role_columns[] = {
    {"Name", .path = "metadata.name"}, {"Created At", .path = "metadata.creationTimestamp"}, {0}};
static const struct column binding_columns[] = {{"Name", .path = "metadata.name"},
                                                {"Role", .cell = cell_binding_role},
                                                {"Age", .cell = cell_age},
                                                {0}};
static const struct column crd_columns[] = {
    {"Name", .path = "metadata.name"}, {"Created At", .path = "metadata.creationTimestamp"}, {0}};

/* The additionalPrinterColumns of the Gateway API's and Capsule's CustomResourceDefinitions. */
static const struct column gatewayclass_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Controller", .path = "spec.controllerName"},
    {"Accepted", .path = "status.conditions[type=Accepted].status"},
    {"Age", .cell = cell_age},
    {"Description", .path = "spec.description", .wide = true},
    {0}};
static const struct column gateway_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Class", .path = "spec.gatewayClassName"},
    {"Address", .path = "status.addresses[0].value"},
    {"Programmed", .path = "status.conditions[type=Programmed].status"},
    {"Age", .cell = cell_age},
    {0}};
static const struct column route_columns[] = {{"Name", .path = "metadata.name"},
                                              {"Hostnames", .path = "spec.hostnames"},
                                              {"Age", .cell = cell_age},
                                              {0}};
static const struct column listenerset_columns[] = {
    {"Name", .path = "metadata.name"},
    {"Accepted", .path = "status.conditions[type=Accepted].status"},
    {"Programmed", .path = "status.conditions[type=Programmed].status"},
    {"Age", .cell = cell_age},
    {0}};
static const struct column tenant_columns[] = {
    {"Name", .path = "metadata.name"},
    {"State", .path = "status.state"},
    {"Namespace quota", .path = "spec.namespaceOptions.quota"},
    {"Namespace count", .path = "status.size"},
    {"Node selector", .path = "spec.nodeSelector"},
    {"Ready", .path = "status.conditions[type=Ready].status"},
    {"Age", .cell = cell_age},
    {0}};

static const struct {
    const char *resource;
    const struct column *columns;
} tables[] = {
    {"namespaces", namespace_columns},
    {"nodes", node_columns},
    {"services", service_columns},
    {"pods", pod_columns},
    {"configmaps", configmap_columns},
    {"secrets", secret_columns},
    {"events", event_columns},
    {"deployments", deployment_columns},
    {"daemonsets", daemonset_columns},
    {"replicasets", replicaset_columns},
    {"horizontalpodautoscalers", hpa_columns},
    {"poddisruptionbudgets", pdb_columns},
    {"endpointslices", slice_columns},
    {"ingresses", ingress_columns},
    {"roles", role_columns},
    {"clusterroles", role_columns},
    {"rolebindings", binding_columns},
    {"clusterrolebindings", binding_columns},
    {"customresourcedefinitions", crd_columns},
    {"gatewayclasses", gatewayclass_columns},
    {"gateways", gateway_columns},
    {"httproutes", route_columns},
    {"grpcroutes", route_columns},
    {"tlsroutes", route_columns},
    {"listenersets", listenerset_columns},
    {"tenants", tenant_columns},
};

static const struct column *columns_of(const struct kind *kind)
{
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (!strcmp(tables[i].resource, kind->resource))
            return tables[i].columns;
    return name_columns;
}

static json_t *definitions(const struct column *columns)
{
    json_t *list = json_array();

    for (; columns->name; columns++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:i}", "name", columns->name, "type", "string",
                            "format", strcmp(columns->name, "Name") ? "" : "name", "description",
                            "", "priority", columns->wide ? 1 : 0));
    return list;
}

static json_t *make_cells(struct world *world, const struct column *columns, const json_t *object)
{
    json_t *cells = json_array();

    for (; columns->name; columns++) {
        char *text =
            columns->cell ? columns->cell(world, object) : path_text(object, columns->path);

        if (!text)
            text = xstrdup(columns->missing ? columns->missing : "");
        json_array_append_new(cells, json_string(text));
        free(text);
    }
    return cells;
}

json_t *present_table(struct world *world, const struct target *t, json_t *const *objects, size_t n,
                      const char *include, const char *list_version, bool with_columns)
{
    const struct column *columns = columns_of(t->table->kind);
    json_t *rows = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *row = json_pack("{s:o}", "cells", make_cells(world, columns, objects[i]));

        if (!include || strcmp(include, "None"))
            json_object_set_new(
                row, "object",
                present(t, objects[i],
                        include && !strcmp(include, "Object") ? FORM_JSON : FORM_METADATA));
        json_array_append_new(rows, row);
    }
    return json_pack("{s:s, s:s, s:{s:s}, s:o, s:o}", "kind", "Table", "apiVersion",
                     "meta.k8s.io/v1", "metadata", "resourceVersion", list_version,
                     "columnDefinitions", with_columns ? definitions(columns) : json_array(),
                     "rows", rows);
}
