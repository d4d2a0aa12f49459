/* Application Gateways over ARM: read, list, backend health and health on demand.
 *
 * Source: reference azure.md 1 and 2, samples backend-health-*.json.
 */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

json_t *gateway_find(struct world *world, const char *id)
{
    size_t i;
    json_t *gateway;
    json_array_foreach(azure_of(world)->gateways, i, gateway)
        if (strcasecmp(jx_text(gateway, "id", ""), id) == 0)
            return gateway;
    return NULL;
}

json_t *gateway_child_by_id(const json_t *gateway, const char *collection, const char *id)
{
    size_t i;
    json_t *child;
    if (!id)
        return NULL;
    json_array_foreach(json_object_get(json_object_get(gateway, "properties"), collection), i,
                       child)
        if (strcasecmp(jx_text(child, "id", ""), id) == 0)
            return child;
    return NULL;
}

static size_t add_pair(const json_t *gateway, const char *pool, const char *settings,
                       struct pair *out, size_t n, size_t room)
{
    struct pair pair = {
        gateway_child_by_id(gateway, "backendAddressPools", pool),
        gateway_child_by_id(gateway, "backendHttpSettingsCollection", settings),
    };
    if (!pair.pool || !pair.settings || n == room)
        return n;
    for (size_t i = 0; i < n; i++)
        if (out[i].pool == pair.pool && out[i].settings == pair.settings)
            return n;
    out[n] = pair;
    return n + 1;
}

size_t gateway_pairs(const json_t *gateway, struct pair *out, size_t room)
{
    size_t n = 0, i, k;
    json_t *rule, *path;

    json_array_foreach(jx_get(gateway, "properties.requestRoutingRules"), i, rule) {
        n = add_pair(gateway, jx_str(rule, "properties.backendAddressPool.id"),
                     jx_str(rule, "properties.backendHttpSettings.id"), out, n, room);
        const json_t *map = gateway_child_by_id(gateway, "urlPathMaps",
                                                jx_str(rule, "properties.urlPathMap.id"));
        n = add_pair(gateway, jx_str(map, "properties.defaultBackendAddressPool.id"),
                     jx_str(map, "properties.defaultBackendHttpSettings.id"), out, n, room);
        json_array_foreach(jx_get(map, "properties.pathRules"), k, path)
            n = add_pair(gateway, jx_str(path, "properties.backendAddressPool.id"),
                         jx_str(path, "properties.backendHttpSettings.id"), out, n, room);
    }
    return n;
}

/* ---- health ------------------------------------------------------------------------------- */

static json_t *health_result(struct world *world, const struct operation *operation)
{
    const json_t *gateway = gateway_find(world, operation->target);
    return gateway ? backends_health(world, gateway) : NULL;
}

static json_t *server_json(const char *address, const char *health, const char *log)
{
    return json_pack("{s:s, s:s, s:s}", "address", address, "health", health, "healthProbeLog",
                     log);
}

/* The on-demand probe runs at once, when its result is asked for. */
static json_t *on_demand_result(struct world *world, const struct operation *operation)
{
    const json_t *gateway = gateway_find(world, operation->target);
    const char *pool_id = jx_str(operation->body, "backendAddressPool.id");
    const char *settings_id = jx_str(operation->body, "backendHttpSettings.id");
    const json_t *pool = gateway_child_by_id(gateway, "backendAddressPools", pool_id);
    const json_t *settings = gateway_child_by_id(gateway, "backendHttpSettingsCollection",
                                                 settings_id);
    json_t *servers = json_array(), *target;
    size_t i;

    json_array_foreach(jx_get(pool, "properties.backendAddresses"), i, target) {
        const char *address = jx_text(target, "ipAddress", jx_text(target, "fqdn", ""));
        bool good;
        int status;
        char *log = NULL;
        backend_probe(world, gateway, settings, operation->body, address, &good, &status, &log);
        json_array_append_new(servers, server_json(address, good ? "Healthy" : "Unhealthy", log));
        free(log);
    }
    return json_pack("{s:{s:s}, s:{s:{s:s}, s:o}}", "backendAddressPool", "id",
                     jx_text(pool, "id", ""), "backendHealthHttpSettings", "backendHttpSettings",
                     "id", jx_text(settings, "id", ""), "servers", servers);
}

static bool stopped(struct arm_call *call, const json_t *gateway)
{
    if (jx_is(gateway, "properties.operationalState", "Running"))
        return false;
    arm_error(call->reply, 409, "ApplicationGatewayNotRunning",
              "Application Gateway '%s' is not in the running state; start it before asking for "
              "backend health.",
              jx_text(gateway, "name", ""));
    return true;
}

static void start_health(struct arm_call *call, const json_t *gateway)
{
    const char *id = jx_text(gateway, "id", "");

    if (!arm_may(call, "Microsoft.Network/applicationGateways/backendhealth/action", id) ||
        stopped(call, gateway))
        return;
    arm_note(call->world, call->token->principal,
             "Microsoft.Network/applicationGateways/backendhealth/action", id, "Accepted");
    arm_accept(call, arm_operation(call->world, id, NULL, health_result));
}

static void start_on_demand(struct arm_call *call, const json_t *gateway)
{
    const char *id = jx_text(gateway, "id", ""),
               *version = request_query(call->request, "api-version");
    json_t *body = json_loads(call->request->body, 0, NULL);
    const char *path = jx_str(body, "path");

    if (!arm_may(call, "Microsoft.Network/applicationGateways/getBackendHealthOnDemand/action",
                 id)) {
        /* the refusal is in the reply */
    } else if (strcmp(version, "2019-04-01") < 0) {
        /* An odd shape, as seen from older versions (azure.md 2.2). */
        reply_json(
            call->reply, 400,
            json_pack("{s:{s:o}}", "message", "Message",
                      jx_format("No HTTP resource was found that matches the request URI '%s'.",
                                call->request->path)));
    } else if (stopped(call, gateway)) {
        /* likewise */
    } else if (!json_is_object(body) || !path || path[0] != '/' || !jx_str(body, "protocol") ||
               !gateway_child_by_id(gateway, "backendAddressPools",
                                    jx_str(body, "backendAddressPool.id")) ||
               !gateway_child_by_id(gateway, "backendHttpSettingsCollection",
                                    jx_str(body, "backendHttpSettings.id"))) {
        arm_error(call->reply, 400, "InvalidRequestFormat",
                  "Cannot parse the request: protocol, path, backendAddressPool and "
                  "backendHttpSettings of this "
                  "application gateway are required.");
    } else {
        arm_note(call->world, call->token->principal,
                 "Microsoft.Network/applicationGateways/getBackendHealthOnDemand/action", id,
                 "Accepted");
        arm_accept(call, arm_operation(call->world, id, body, on_demand_result));
    }
    json_decref(body);
}

/* ---- the resource ------------------------------------------------------------------------- */

static bool in_group(const json_t *gateway, const char *group)
{
    char part[200];
    snprintf(part, sizeof part, "/resourceGroups/%s/", group);
    return strcasestr(jx_text(gateway, "id", ""), part) != NULL;
}

static void list_gateways(struct arm_call *call, const char *group)
{
    json_t *list = json_array(), *gateway;
    size_t i;

    json_array_foreach(azure_of(call->world)->gateways, i, gateway)
        if (!group || in_group(gateway, group))
            json_array_append(list, gateway);
    arm_page(call, list);
}

void arm_gateway(struct arm_call *call, size_t at)
{
    const char *group = at >= 6 ? call->segment[3] : NULL;
    const char *action = at + 2 < call->segments ? call->segment[at + 2] : "";
    bool get = strcmp(call->request->method, "GET") == 0,
         post = strcmp(call->request->method, "POST") == 0;
    char id[600];

    if (call->segments == at + 1) {
        if (arm_may(call, "Microsoft.Network/applicationGateways/read",
                    "/subscriptions/" SIM_SUBSCRIPTION))
            list_gateways(call, group);
        return;
    }
    snprintf(id, sizeof id,
             "/subscriptions/%s/resourceGroups/%.90s/providers/Microsoft.Network/"
             "applicationGateways/%.90s",
             call->segment[1], group ? group : "", call->segment[at + 1]);
    const json_t *gateway = gateway_find(call->world, id);
    if (!gateway)
        arm_error(call->reply, 404, "ResourceNotFound",
                  "The Resource 'Microsoft.Network/applicationGateways/%.90s' under resource group "
                  "'%.90s' was not found. "
                  "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
                  call->segment[at + 1], group ? group : "");
    else if (call->segments == at + 2 && get)
        reply_json(call->reply, 200, json_deep_copy(gateway));
    else if (strcasecmp(action, "backendhealth") == 0 && post)
        start_health(call, gateway);
    else if (strcasecmp(action, "getBackendHealthOnDemand") == 0 && post)
        start_on_demand(call, gateway);
    else
        arm_error(call->reply, 405, "MethodNotAllowed",
                  "The simulator does not change Application Gateways over ARM.");
}
