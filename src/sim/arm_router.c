/* Azure Resource Manager's front door: sign-in, api-version, budget, and which resource the path
 * names.
 *
 * Source: reference azure.md 8. Names in a path are compared without regard to case, as ARM does.
 */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* False with a 401 in the reply. */
static bool signed_in(struct arm_call *call)
{
    const char *header = request_header(call->request, "Authorization");
    enum token_state state = entra_token(call->world, header, &call->token);
    const char *code = "AuthenticationFailed",
               *text = "Authentication failed. The 'Authorization' header is missing.";

    switch (state) {
    case TOKEN_MISSING: break;
    case TOKEN_UNKNOWN:
        code = "InvalidAuthenticationToken";
        text = "The access token is invalid.";
        break;
    case TOKEN_EXPIRED:
        code = "ExpiredAuthenticationToken";
        text = "The access token expiry UTC time is earlier than current UTC time.";
        break;
    case TOKEN_VALID:
        if (call->token->audience == AUDIENCE_ARM)
            return true;
        code = "InvalidAuthenticationTokenAudience";
        text = "The access token has been obtained for wrong audience or resource.";
        break;
    }
    reply_header(
        call->reply, "WWW-Authenticate",
        "Bearer authorization_uri=\"%s/%s\", error=\"invalid_token\", error_description=\"%s\"",
        call->world->base, SIM_TENANT, text);
    arm_error(call->reply, 401, code, "%s", text);
    return false;
}

static bool version_known(const char *version)
{
    int year, month, day, end = 0;
    if (sscanf(version, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10)
        return false;
    if (version[10] && strcmp(version + 10, "-preview") != 0)
        return false;
    return year >= 2014 && year <= 2026 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool version_given(struct arm_call *call)
{
    const char *version = request_query(call->request, "api-version");

    if (!version || !*version) {
        arm_error(call->reply, 400, "MissingApiVersionParameter",
                  "The api-version query parameter (?api-version=) is required for all requests.");
        return false;
    }
    if (!version_known(version)) {
        arm_error(call->reply, 400, "InvalidApiVersionParameter",
                  "The api-version '%.40s' is invalid. The supported versions are "
                  "'2025-07-01,2025-05-01,2024-05-01,"
                  "2023-11-01,2023-09-01,2022-12-01,2020-01-01'.",
                  version);
        return false;
    }
    return true;
}

static void correlation(struct arm_call *call)
{
    char id[37], other[37];
    const char *client = request_header(call->request, "x-ms-client-request-id");
    const char *echo = request_header(call->request, "x-ms-return-client-request-id");
    const char *given = request_header(call->request, "x-ms-correlation-request-id");

    jx_random_uuid(id);
    reply_header(call->reply, "Cache-Control", "no-cache");
    reply_header(call->reply, "x-ms-request-id", "%s", id);
    reply_header(call->reply, "x-ms-correlation-request-id", "%.64s",
                 given ? given : jx_random_uuid(other));
    reply_header(call->reply, "x-ms-routing-request-id", "WESTEUROPE:%s", id);
    if (client && echo && strcasecmp(echo, "true") == 0)
        reply_header(call->reply, "x-ms-client-request-id", "%.64s", client);
}

/* Cuts the path into its segments, in place. */
static size_t split(char *path, const char **out, size_t room)
{
    size_t n = 0;
    while (*path && n < room) {
        path += strspn(path, "/");
        size_t len = strcspn(path, "/");
        if (len)
            out[n++] = path;
        path += len;
        if (*path)
            *path++ = '\0';
    }
    return n;
}

static bool is(const struct arm_call *call, size_t at, const char *word)
{
    return at < call->segments && strcasecmp(call->segment[at], word) == 0;
}

static json_t *subscription(void)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:s, s:[]}", "id",
                     "/subscriptions/" SIM_SUBSCRIPTION, "authorizationSource", "RoleBased",
                     "subscriptionId", SIM_SUBSCRIPTION, "tenantId", SIM_TENANT, "displayName",
                     "gatewatch simulator", "subscriptionPolicies", "locationPlacementId",
                     "Public_2014-09-01", "quotaId", "PayAsYouGo_2014-09-01", "spendingLimit",
                     "Off", "state", "Enabled", "managedByTenants");
}

static json_t *provider(const char *namespace, const char *const *types)
{
    json_t *list = json_array();
    for (; *types; types++)
        json_array_append_new(list, json_pack("{s:s, s:[s], s:[s,s,s]}", "resourceType", *types,
                                              "locations", "West Europe", "apiVersions",
                                              "2025-07-01", "2024-05-01", "2023-09-01"));
    return json_pack("{s:o, s:s, s:s, s:s, s:o}", "id",
                     jx_format("/subscriptions/%s/providers/%s", SIM_SUBSCRIPTION, namespace),
                     "namespace", namespace, "registrationState", "Registered",
                     "registrationPolicy", "RegistrationRequired", "resourceTypes", list);
}

static json_t *providers(void)
{
    static const char *const network[] = { "applicationGateways", "loadBalancers",
                                           "locations/operationResults", NULL };
    static const char *const containers[] = { "managedClusters", NULL };
    static const char *const insights[] = { "metrics", "eventtypes", NULL };
    json_t *list = json_array();

    json_array_append_new(list, provider("Microsoft.Network", network));
    json_array_append_new(list, provider("Microsoft.ContainerService", containers));
    json_array_append_new(list, provider("Microsoft.Insights", insights));
    return list;
}

static json_t *resource_group(const char *name)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:{s:s}}", "id",
                     jx_format("/subscriptions/%s/resourceGroups/%s", SIM_SUBSCRIPTION, name),
                     "name", name, "type", "Microsoft.Resources/resourceGroups", "location",
                     SIM_LOCATION, "properties", "provisioningState", "Succeeded");
}

static bool group_known(const char *name)
{
    return strcasecmp(name, SIM_RESOURCE_GROUP) == 0 || strcasecmp(name, SIM_NODE_GROUP) == 0;
}

static void not_found(struct arm_call *call)
{
    arm_error(call->reply, 404, "InvalidResourceType",
              "The resource type could not be found for this path.");
}

/* segment[at] is the provider's namespace; `group` says that a resource group stands before it. */
static void provider_route(struct arm_call *call, size_t at)
{
    /* A resource may itself be followed by /providers/Microsoft.Insights/... */
    for (size_t i = at + 1; i + 1 < call->segments; i++)
        if (is(call, i, "providers")) {
            char resource[1024] = "";
            for (size_t k = 0; k < i; k++) {
                size_t len = strlen(resource);
                snprintf(resource + len, sizeof resource - len, "/%s", call->segment[k]);
            }
            arm_insights(call, resource, i + 1);
            return;
        }
    if (is(call, at, "Microsoft.Network") && is(call, at + 1, "applicationGateways"))
        arm_gateway(call, at + 1);
    else if (is(call, at, "Microsoft.Network") && is(call, at + 1, "loadBalancers"))
        arm_load_balancer(call, at + 1);
    else if (is(call, at, "Microsoft.Network") && is(call, at + 1, "locations"))
        arm_operation_result(call, at + 1);
    else if (is(call, at, "Microsoft.ContainerService") && is(call, at + 1, "managedClusters"))
        arm_cluster(call, at + 1);
    else if (is(call, at, "Microsoft.Insights") && is(call, at + 1, "eventtypes"))
        arm_events(call);
    else if (call->segments == at + 1) {
        json_t *list = providers(), *found = NULL;
        size_t i;
        json_t *one;
        json_array_foreach(list, i, one)
            if (strcasecmp(jx_text(one, "namespace", ""), call->segment[at]) == 0)
                found = json_incref(one);
        json_decref(list);
        if (found)
            reply_json(call->reply, 200, found);
        else
            arm_error(call->reply, 404, "InvalidResourceNamespace",
                      "The resource namespace '%.80s' is invalid.", call->segment[at]);
    } else {
        not_found(call);
    }
}

static void group_route(struct arm_call *call)
{
    if (call->segments == 3) {
        json_t *groups = json_array();
        json_array_append_new(groups, resource_group(SIM_RESOURCE_GROUP));
        json_array_append_new(groups, resource_group(SIM_NODE_GROUP));
        arm_page(call, groups);
    } else if (!group_known(call->segment[3])) {
        arm_error(call->reply, 404, "ResourceGroupNotFound",
                  "Resource group '%.90s' could not be found.", call->segment[3]);
    } else if (call->segments == 4) {
        reply_json(call->reply, 200, resource_group(call->segment[3]));
    } else if (is(call, 4, "providers") && call->segments > 5) {
        provider_route(call, 5);
    } else {
        not_found(call);
    }
}

static void subscription_route(struct arm_call *call)
{
    if (call->segments == 1) {
        arm_page(call, json_pack("[o]", subscription()));
        return;
    }
    if (strcasecmp(call->segment[1], SIM_SUBSCRIPTION) != 0) {
        arm_error(call->reply, 404, "SubscriptionNotFound",
                  "The subscription '%.64s' could not be found.", call->segment[1]);
    } else if (call->segments == 2) {
        reply_json(call->reply, 200, subscription());
    } else if (is(call, 2, "resourceGroups")) {
        group_route(call);
    } else if (is(call, 2, "locations") && call->segments == 3) {
        arm_page(call, json_pack("[{s:s, s:s, s:s}]", "id",
                                 "/subscriptions/" SIM_SUBSCRIPTION "/locations/" SIM_LOCATION,
                                 "name", SIM_LOCATION, "displayName", "West Europe"));
    } else if (is(call, 2, "providers") && call->segments == 3) {
        arm_page(call, providers());
    } else if (is(call, 2, "providers")) {
        provider_route(call, 3);
    } else {
        not_found(call);
    }
}

/* What `az cloud register` reads before anybody has signed in. */
static void metadata_endpoints(struct arm_call *call)
{
    const char *base = call->world->base;
    json_t *login = json_pack("{s:o, s:[s], s:s, s:s}", "loginEndpoint", jx_format("%s/adfs", base),
                              "audiences", base, "tenant", "adfs", "identityProvider", "ADFS");
    json_t *suffixes = json_pack("{s:s, s:s, s:s}", "storage", "storage.sim.invalid", "keyVaultDns",
                                 "vault.sim.invalid", "acrLoginServer", "azurecr.sim.invalid");
    const char *version = request_query(call->request, "api-version");
    json_t *cloud = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "name", "gatewatch-sim",
                              "resourceManager", base, "graphAudience", base,
                              "microsoftGraphResourceId", base, "portal", base, "graph", base,
                              "authentication", login, "suffixes", suffixes);
    /* A list until 2022-09-01, one cloud since. */
    if (!version || strcmp(version, "2022-09-01") < 0)
        cloud = json_pack("[o]", cloud);
    reply_json(call->reply, 200, cloud);
}

void arm_handle(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    struct arm_call call = { .world = world, .request = request, .reply = reply };
    char *path = xstrdup(request->path);

    call.segments = split(path, call.segment, sizeof call.segment / sizeof call.segment[0]);
    correlation(&call);
    if (is(&call, 0, "metadata") && is(&call, 1, "endpoints"))
        metadata_endpoints(&call);
    else if (signed_in(&call) && version_given(&call) &&
             arm_budget(&call, strcmp(request->method, "GET") != 0)) {
        if (is(&call, 0, "subscriptions"))
            subscription_route(&call);
        else if (is(&call, 0, "tenants"))
            arm_page(&call, json_pack("[{s:s, s:s, s:s}]", "id", "/tenants/" SIM_TENANT, "tenantId",
                                      SIM_TENANT, "displayName", "gatewatch simulator"));
        else if (is(&call, 0, "providers") && call.segments == 1)
            arm_page(&call, providers());
        else
            not_found(&call);
    }
    free(path);
}
