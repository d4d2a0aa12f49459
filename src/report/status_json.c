/* status -o json: the topology as it is, in the shape of design.md 5. */
#include "json.h"

static json_t *appgws(const struct topology *topology)
{
    json_t *array = json_array();
    for (size_t i = 0; i < topology->appgws.n; i++) {
        const struct topo_appgw *gw = &topology->appgws.items[i];
        json_t *object = json_object();
        json_object_set_new(object, "id", json_maybe(gw->id));
        json_object_set_new(object, "name", json_maybe(gw->name));
        json_object_set_new(object, "resourceGroup", json_maybe(gw->resource_group));
        json_object_set_new(object, "operationalState", json_maybe(gw->operational_state));
        json_object_set_new(object, "provisioningState", json_maybe(gw->provisioning_state));
        json_object_set_new(object, "sku", json_maybe(gw->sku));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *nothing_as_null(const char *s)
{
    return json_maybe(s && *s ? s : NULL);
}

static json_t *environment(const struct view_data *view)
{
    const struct environment *env = &view->snapshot->env;
    json_t *object = json_object();
    json_t *cluster = json_object();
    json_object_set_new(cluster, "context", nothing_as_null(env->context));
    json_object_set_new(cluster, "server", nothing_as_null(env->server));
    json_object_set_new(cluster, "version", nothing_as_null(env->version));
    json_object_set_new(object, "appGateways", appgws(view->topology));
    json_object_set_new(object, "cluster", cluster);
    return object;
}

/* Seconds to the next probe of this backend: the report does not say when a probe ran, so this is known only to within one
 * interval, counted from our last report. Null when there is no report. */
static json_t *next_probe(const struct view_data *view, const struct topo_backend *backend)
{
    for (size_t i = 0; i < view->topology->appgws.n; i++) {
        const struct topo_appgw *gw = &view->topology->appgws.items[i];
        if (!str_eq(gw->name, backend->appgw) || gw->health_age_ms < 0 || backend->interval_s <= 0)
            continue;
        return json_integer(backend->interval_s - gw->health_age_ms / 1000 % backend->interval_s);
    }
    return json_null();
}

static json_t *backends(const struct view_data *view)
{
    json_t *array = json_array();
    for (size_t i = 0; i < view->topology->backends.n; i++) {
        const struct topo_backend *backend = &view->topology->backends.items[i];
        json_t *object = json_object();
        json_object_set_new(object, "appGateway", json_maybe(backend->appgw));
        json_object_set_new(object, "pool", json_maybe(backend->pool));
        json_object_set_new(object, "settings", json_maybe(backend->settings));
        json_object_set_new(object, "address", json_maybe(backend->address));
        json_object_set_new(object, "health", json_maybe(health_name(backend->health)));
        json_object_set_new(object, "wireHealth", nothing_as_null(backend->wire_health));
        json_object_set_new(object, "cause",
                            json_maybe(backend->cause == CAUSE_NONE ? NULL : probe_cause_name(backend->cause)));
        json_object_set_new(object, "httpStatus", json_known(backend->http_status > 0 ? backend->http_status : -1));
        json_object_set_new(object, "log", nothing_as_null(backend->log));
        json_object_set_new(object, "probe", json_maybe(backend->probe));
        json_object_set_new(object, "listeners", json_strings(&backend->listeners));
        json_object_set_new(object, "service", json_maybe(backend->service));
        json_object_set_new(object, "gateway", json_maybe(backend->gateway));
        json_object_set_new(object, "nextProbeSeconds", next_probe(view, backend));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *served_by(const struct topo_probe *probe)
{
    if (!probe->served_by.route)
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "route", json_maybe(probe->served_by.route), "rule",
                     json_known(probe->served_by.rule), "backend", json_maybe(probe->served_by.backend));
}

static json_t *probes(const struct topology *topology)
{
    json_t *array = json_array();
    for (size_t i = 0; i < topology->probes.n; i++) {
        const struct topo_probe *probe = &topology->probes.items[i];
        json_t *object = json_object();
        json_object_set_new(object, "prober", json_maybe(probe->prober == PROBER_APPGW ? "appgw" : "lb"));
        json_object_set_new(object, "name", json_maybe(probe->name));
        json_object_set_new(object, "protocol", json_maybe(probe->protocol));
        json_object_set_new(object, "host", json_maybe(probe->host));
        json_object_set_new(object, "port", json_known(probe->port));
        json_object_set_new(object, "path", json_maybe(probe->path));
        json_object_set_new(object, "intervalSeconds", json_known(probe->interval_s));
        json_object_set_new(object, "timeoutSeconds", json_known(probe->timeout_s));
        json_object_set_new(object, "threshold", json_known(probe->threshold));
        json_object_set_new(object, "acceptedStatus", json_strings(&probe->accepted));
        json_object_set_new(object, "service", json_maybe(probe->service));
        json_object_set_new(object, "predicted", json_maybe(predicted_name(probe->predicted)));
        json_object_set_new(object, "servedBy", served_by(probe));
        json_object_set_new(object, "reported", json_maybe(probe->reported));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *route_parents(const struct topo_route *route)
{
    json_t *array = json_array();
    for (size_t i = 0; i < route->parents.n; i++) {
        const struct topo_route_parent *parent = &route->parents.items[i];
        json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:o, s:o}", "gateway", json_maybe(parent->gateway),
                                               "listener", json_maybe(parent->listener), "accepted",
                                               json_tri(parent->accepted), "resolvedRefs", json_tri(parent->resolved),
                                               "reason", nothing_as_null(parent->reason)));
    }
    return array;
}

static json_t *route_backends(const struct topo_route *route)
{
    json_t *array = json_array();
    for (size_t i = 0; i < route->backends.n; i++) {
        const struct topo_route_backend *backend = &route->backends.items[i];
        json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:o}", "service", json_maybe(backend->service), "port",
                                               json_known(backend->port), "ready", json_known(backend->ready), "total",
                                               json_known(backend->total)));
    }
    return array;
}

static json_t *tenants(const struct topology *topology)
{
    json_t *array = json_array();
    for (size_t i = 0; i < topology->tenants.n; i++) {
        const struct topo_tenant *tenant = &topology->tenants.items[i];
        json_t *object = json_object();
        json_t *routes = json_array();
        for (size_t k = 0; k < tenant->n_routes; k++) {
            const struct topo_route *route = &tenant->routes[k];
            json_t *item = json_object();
            json_object_set_new(item, "kind", json_maybe(route->kind));
            json_object_set_new(item, "route", json_maybe(route->route));
            json_object_set_new(item, "hostnames", json_strings(&route->hostnames));
            json_object_set_new(item, "paths", json_strings(&route->paths));
            json_object_set_new(item, "parents", route_parents(route));
            json_object_set_new(item, "backends", route_backends(route));
            json_object_set_new(item, "shadowedBy", json_strings(&route->shadowed_by));
            json_array_append_new(routes, item);
        }
        json_object_set_new(object, "name", json_maybe(tenant->name));
        json_object_set_new(object, "namespaces", json_strings(&tenant->namespaces));
        json_object_set_new(object, "routes", routes);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *service_ports(const struct topo_service *service)
{
    json_t *array = json_array();
    for (size_t i = 0; i < service->ports.n; i++) {
        const struct topo_service_port *port = &service->ports.items[i];
        json_t *probe = json_null();
        if (port->probed)
            probe = json_pack("{s:o, s:o, s:o, s:o, s:o}", "protocol", json_maybe(port->probe.protocol), "port",
                              json_known(port->probe.port), "path", nothing_as_null(port->probe.path), "predicted",
                              json_maybe(predicted_name(port->probe.predicted)), "reported",
                              json_maybe(port->probe.reported));
        json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", nothing_as_null(port->name), "port",
                                               json_known(port->port), "appProtocol", nothing_as_null(port->app_protocol),
                                               "nodePort", json_known(port->node_port > 0 ? port->node_port : -1),
                                               "lbProbe", probe));
    }
    return array;
}

static json_t *service_nodes(const struct topo_service *service)
{
    json_t *array = json_array();
    for (size_t i = 0; i < service->nodes.n; i++) {
        const struct topo_node *node = &service->nodes.items[i];
        json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:o}", "name", json_maybe(node->name), "zone",
                                               nothing_as_null(node->zone), "readyEndpoints",
                                               json_known(node->ready_endpoints), "inRotation",
                                               json_tri(node->in_rotation)));
    }
    return array;
}

static json_t *services(const struct topology *topology)
{
    json_t *array = json_array();
    for (size_t i = 0; i < topology->services.n; i++) {
        const struct topo_service *service = &topology->services.items[i];
        json_t *object = json_object();
        json_object_set_new(object, "service", json_maybe(service->service));
        json_object_set_new(object, "gateway", json_maybe(service->gateway));
        json_object_set_new(object, "type", json_maybe(service->type));
        json_object_set_new(object, "addresses", json_strings(&service->addresses));
        json_object_set_new(object, "internal", json_tri(service->internal));
        json_object_set_new(object, "externalTrafficPolicy", nothing_as_null(service->policy));
        json_object_set_new(object, "healthCheckNodePort",
                            json_known(service->health_check_node_port > 0 ? service->health_check_node_port : -1));
        json_object_set_new(object, "managedBy", json_maybe(service->managed_by));
        json_object_set_new(object, "ports", service_ports(service));
        json_object_set_new(object, "nodes", service_nodes(service));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *conditions(const struct conditions *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->n; i++) {
        const struct condition *condition = &list->items[i];
        static const char *const words[] = { "Unknown", "False", "True" };
        json_array_append_new(array, json_pack("{s:o, s:s, s:o, s:o}", "type", json_maybe(condition->type), "status",
                                               words[condition->status], "reason", nothing_as_null(condition->reason),
                                               "message", nothing_as_null(condition->message)));
    }
    return array;
}

static json_t *gateways(const struct topology *topology)
{
    json_t *array = json_array();
    for (size_t i = 0; i < topology->gateways.n; i++) {
        const struct topo_gateway *gateway = &topology->gateways.items[i];
        json_t *object = json_object();
        json_t *listeners = json_array();
        for (size_t k = 0; k < gateway->listeners.n; k++) {
            const struct topo_listener *listener = &gateway->listeners.items[k];
            json_array_append_new(listeners,
                                  json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_maybe(listener->name),
                                            "protocol", json_maybe(listener->protocol), "port", json_known(listener->port),
                                            "hostname", nothing_as_null(listener->hostname), "attachedRoutes",
                                            json_known(listener->attached), "conditions",
                                            conditions(&listener->conditions)));
        }
        json_object_set_new(object, "gateway", json_maybe(gateway->gateway));
        json_object_set_new(object, "class", json_maybe(gateway->class_name));
        json_object_set_new(object, "programmed", json_tri(gateway->programmed));
        json_object_set_new(object, "addresses", json_strings(&gateway->addresses));
        json_object_set_new(object, "listeners", listeners);
        json_array_append_new(array, object);
    }
    return array;
}

void report_status_json(const struct view_data *view, struct text *out)
{
    json_t *root = json_object();
    char taken[32];
    clock_format_rfc3339(view->snapshot->wall_ms, taken);
    json_object_set_new(root, "schema", json_string(REPORT_SCHEMA));
    json_object_set_new(root, "takenAt", json_string(taken));
    json_object_set_new(root, "environment", environment(view));
    json_object_set_new(root, "sources", json_sources(view->snapshot));
    json_object_set_new(root, "backends", backends(view));
    json_object_set_new(root, "probes", probes(view->topology));
    json_object_set_new(root, "tenants", tenants(view->topology));
    json_object_set_new(root, "services", services(view->topology));
    json_object_set_new(root, "gateways", gateways(view->topology));
    json_object_set_new(root, "findings", json_findings(view->findings));
    json_print(root, out);
}
