/* Entra ID, ADFS and the managed identity endpoints: who may have a token, and the odd shapes of
 * their refusals.
 *
 * Source: reference azure.md 7.2, 7.3. Tokens are opaque; they expire by the real clock, because
 * the client that keeps one knows no other.
 */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define IDENTITY_HEADER "gatewatch-sim-identity-header"

static enum audience audience_of(const struct world *world, const char *resource)
{
    static const char *const arm[] = {
        "https://management.azure.com",         "https://management.core.windows.net",
        "https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net",
        "https://management.chinacloudapi.cn",  "https://management.core.chinacloudapi.cn",
    };
    static const char *const other[] = {
        "https://graph.microsoft.com", "https://graph.windows.net",      "https://vault.azure.net",
        "https://storage.azure.com",   "https://batch.core.windows.net",
    };
    char bare[256];
    snprintf(bare, sizeof bare, "%s", resource);
    for (size_t len = strlen(bare); len > 0 && bare[len - 1] == '/'; len--)
        bare[len - 1] = '\0';
    if (strcmp(bare, SIM_AKS_SERVER_APP) == 0)
        return AUDIENCE_KUBERNETES;
    if (world->base && strcasecmp(bare, world->base) == 0)
        return AUDIENCE_ARM;
    for (size_t i = 0; i < sizeof arm / sizeof arm[0]; i++)
        if (strcasecmp(bare, arm[i]) == 0)
            return AUDIENCE_ARM;
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        if (strcasecmp(bare, other[i]) == 0)
            return AUDIENCE_OTHER;
    return AUDIENCE_NONE;
}

/* ---- the token endpoint ------------------------------------------------------------------- */

static void token_error(struct sim_reply *reply, int status, const char *error, int code,
                        const char *text)
{
    char trace[37], correlation[37], stamp[32];
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%SZ", &tm);
    jx_random_uuid(trace);
    jx_random_uuid(correlation);
    json_t *body = json_pack(
        "{s:s, s:o, s:[i], s:s, s:s, s:s}", "error", error, "error_description",
        jx_format("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", code, text, trace,
                  correlation, stamp),
        "error_codes", code, "timestamp", stamp, "trace_id", trace, "correlation_id", correlation);
    reply_json(reply, status, body);
}

/* Scope is AUDIENCE/.default (a doubled slash is what the SDK sends for audiences that end in one).
 */
static bool scope_audience(struct world *world, const struct sim_request *request,
                           struct sim_reply *reply, enum audience *audience)
{
    const char *scope = request_form(request, "scope");
    const char *resource = request_form(request, "resource");
    char text[512];

    if (!scope && !resource) {
        token_error(reply, 400, "invalid_request", 900144,
                    "The request body must contain the following parameter: 'scope'.");
        return false;
    }
    snprintf(text, sizeof text, "%s", scope ? scope : resource);
    if (scope) {
        char *end = strchr(text, ' '); /* openid, profile and offline_access may follow */
        if (end)
            *end = '\0';
        size_t len = strlen(text), tail = strlen("/.default");
        if (len <= tail || strcmp(text + len - tail, "/.default") != 0) {
            token_error(reply, 400, "invalid_scope", 70011,
                        "The provided value for the input parameter 'scope' is not valid.");
            return false;
        }
        text[len - tail] = '\0';
    }
    *audience = audience_of(world, text);
    if (*audience == AUDIENCE_NONE) {
        token_error(reply, 400, "invalid_resource", 500011,
                    "The resource principal named by the scope was not found in the tenant.");
        return false;
    }
    return true;
}

static const struct principal *by_client_id(const char *client_id)
{
    for (size_t i = 0; client_id && i < PRINCIPALS; i++)
        if (strcasecmp(principals[i].client_id, client_id) == 0)
            return &principals[i];
    return NULL;
}

static const struct principal *client_proven(struct world *world, const struct sim_request *request,
                                             struct sim_reply *reply)
{
    const char *client_id = request_form(request, "client_id");
    const char *secret = request_form(request, "client_secret");
    const char *assertion = request_form(request, "client_assertion");
    const struct principal *who = by_client_id(client_id);

    if (!client_id) {
        token_error(reply, 400, "invalid_request", 900144,
                    "The request body must contain the following parameter: 'client_id'.");
    } else if (!who) {
        token_error(reply, 400, "unauthorized_client", 700016,
                    "Application with the given identifier was not found in the directory.");
    } else if (assertion) {
        const char *type = request_form(request, "client_assertion_type");
        if (!type || strcmp(type, ASSERTION_TYPE) != 0) {
            token_error(reply, 400, "invalid_request", 50027,
                        "The client assertion type is missing or not known.");
            return NULL;
        }
        char url[512];
        snprintf(url, sizeof url, "%s%s", world->base, request->path);
        const char *fault = entra_assertion_fault(world, assertion, url, client_id);
        if (!fault)
            return who;
        token_error(reply, 401, "invalid_client", atoi(fault), strchr(fault, ' ') + 1);
    } else if (!secret) {
        token_error(reply, 401, "invalid_client", 7000218,
                    "The request body must contain the following parameter: 'client_assertion' or "
                    "'client_secret'.");
    } else if (strcmp(secret, who->secret) != 0) {
        token_error(reply, 401, "invalid_client", 7000215,
                    "Invalid client secret provided. Ensure the secret being sent in the request "
                    "is the client secret "
                    "value, not the client secret ID.");
    } else {
        return who;
    }
    return NULL;
}

static void token_endpoint(struct world *world, const struct sim_request *request,
                           struct sim_reply *reply)
{
    const char *grant = request_form(request, "grant_type");
    enum audience audience;

    if (strcmp(request->method, "POST") != 0) {
        token_error(reply, 400, "invalid_request", 900561,
                    "The endpoint only accepts POST requests.");
        return;
    }
    if (!grant || strcmp(grant, "client_credentials") != 0) {
        token_error(reply, 400, "unsupported_grant_type", 70003,
                    "The app requested an unsupported grant type.");
        return;
    }
    const struct principal *who = client_proven(world, request, reply);
    if (!who || !scope_audience(world, request, reply, &audience))
        return;
    const struct token *token = entra_issue(world, who, audience);
    int seconds = (int)azure_of(world)->token_lifetime;
    reply_header(reply, "Cache-Control", "no-store, no-cache");
    reply_json(reply, 200,
               json_pack("{s:s, s:i, s:i, s:s}", "token_type", "Bearer", "expires_in", seconds,
                         "ext_expires_in", seconds, "access_token", token->text));
}

static void openid_configuration(struct world *world, struct sim_reply *reply,
                                 const char *authority)
{
    const char *v2 = strstr(authority, "/adfs") ? "" : "/v2.0";
    reply_json(reply, 200,
               json_pack("{s:o, s:o, s:o, s:o, s:o, s:[s,s], s:[s], s:[s]}", "issuer",
                         jx_format("%s%s", authority, v2), "authorization_endpoint",
                         jx_format("%s/oauth2%s/authorize", authority, v2), "token_endpoint",
                         jx_format("%s/oauth2%s/token", authority, v2),
                         "device_authorization_endpoint",
                         jx_format("%s/oauth2%s/devicecode", authority, v2), "jwks_uri",
                         jx_format("%s/discovery/keys", authority),
                         "token_endpoint_auth_methods_supported", "client_secret_post",
                         "private_key_jwt", "response_types_supported", "code",
                         "grant_types_supported", "client_credentials"));
    (void)world;
}

/* ---- managed identity --------------------------------------------------------------------- */

static void identity_error(struct sim_reply *reply, int status, const char *error, const char *text)
{
    reply_json(reply, status, json_pack("{s:s, s:s}", "error", error, "error_description", text));
}

/* All numbers are strings here (azure.md 7.3). */
static void identity_token(struct world *world, const struct sim_request *request,
                           struct sim_reply *reply, bool with_refresh)
{
    const char *resource = request_query(request, "resource");
    const char *client_id = request_query(request, "client_id");
    const struct principal *who = client_id ? by_client_id(client_id) : entra_default(world);
    enum audience audience = resource ? audience_of(world, resource) : AUDIENCE_NONE;

    if (!resource) {
        identity_error(reply, 400, "invalid_request",
                       "Required query variable 'resource' is missing");
        return;
    }
    if (!who) {
        identity_error(reply, 400, "invalid_request", "Identity not found");
        return;
    }
    if (audience == AUDIENCE_NONE) {
        identity_error(reply, 400, "invalid_resource",
                       "AADSTS500011: The resource principal named by the request was not found in "
                       "the tenant.");
        return;
    }
    const struct token *token = entra_issue(world, who, audience);
    long lifetime = (long)azure_of(world)->token_lifetime;
    json_t *body = json_pack("{s:s, s:o, s:o, s:s, s:s}", "access_token", token->text, "expires_on",
                             jx_format("%ld", (long)time(NULL) + lifetime), "not_before",
                             jx_format("%ld", (long)time(NULL) - 300), "resource", resource,
                             "token_type", "Bearer");
    if (with_refresh) {
        json_object_set_new(body, "refresh_token", json_string(""));
        json_object_set_new(body, "expires_in", jx_format("%ld", lifetime));
    }
    if (client_id)
        json_object_set_new(body, "client_id", json_string(client_id));
    reply_json(reply, 200, body);
}

/* Arc: the caller shows that it may read a file that only its group can read. */
static void arc_challenge(struct world *world, const struct sim_request *request,
                          struct sim_reply *reply)
{
    static const char secret[] = "gatewatch-sim-arc-key";
    const char *given = request_header(request, "Authorization");
    char folder[400], path[480];

    if (given && strncmp(given, "Basic ", 6) == 0 && strcmp(given + 6, secret) == 0) {
        identity_token(world, request, reply, false);
        return;
    }
    if (given) {
        identity_error(reply, 401, "unauthorized_client", "The challenge token is not valid.");
        return;
    }
    snprintf(folder, sizeof folder, "%s/arc-tokens",
             world->options->out ? world->options->out : "/tmp");
    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/gatewatch-sim.key", folder);
    FILE *file = fopen(path, "w");
    if (file) {
        fputs(secret, file);
        fclose(file);
    }
    reply_header(reply, "WWW-Authenticate", "Basic realm=%s", path);
    identity_error(reply, 401, "unauthorized_client", "Missing Basic Authorization header");
}

static void imds(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    const char *metadata = request_header(request, "Metadata");
    const char *version = request_query(request, "api-version");
    const char *app_service = request_header(request, "X-IDENTITY-HEADER");

    if (version && strcmp(version, "2019-08-01") == 0 &&
        (app_service || strstr(request->path, "/msi/"))) {
        if (!app_service || strcmp(app_service, IDENTITY_HEADER) != 0)
            reply_json(reply, 401,
                       json_pack("{s:i, s:s}", "statusCode", 401, "message", "Unauthorized"));
        else
            identity_token(world, request, reply, false);
        return;
    }
    if (!metadata || strcmp(metadata, "true") != 0) {
        identity_error(reply, 400, "invalid_request", "Required metadata header not specified");
        return;
    }
    if (!version) {
        identity_error(reply, 400, "invalid_request",
                       "Required query variable 'api-version' is missing");
        return;
    }
    if (strcmp(version, "2019-11-01") == 0 || strcmp(version, "2020-06-01") == 0)
        arc_challenge(world, request, reply);
    else
        identity_token(world, request, reply, true);
}

/* ---- the door ----------------------------------------------------------------------------- */

void entra_handle(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    const char *path = request->path;
    char authority[512], tenant[128];

    if (starts_with(path, "/metadata/identity")) {
        imds(world, request, reply);
        return;
    }
    if (strcmp(path, "/common/discovery/instance") == 0) {
        reply_json(reply, 200,
                   json_pack("{s:o, s:s, s:[]}", "tenant_discovery_endpoint",
                             jx_format("%s/%s/v2.0/.well-known/openid-configuration", world->base,
                                       SIM_TENANT),
                             "api-version", "1.1", "metadata"));
        return;
    }
    size_t len = strcspn(path + 1, "/");
    snprintf(tenant, sizeof tenant, "%.*s", (int)(len < 100 ? len : 100), path + 1);
    bool known = strcmp(tenant, "adfs") == 0 || strcmp(tenant, SIM_TENANT) == 0 ||
                 strcmp(tenant, "common") == 0 || strcmp(tenant, "organizations") == 0;
    if (!known) {
        token_error(reply, 400, "invalid_request", 90002,
                    "Tenant not found. Check to make sure you have the correct "
                    "tenant ID and are signing into the correct cloud.");
        return;
    }
    snprintf(authority, sizeof authority, "%s/%s", world->base, tenant);
    const char *rest = path + 1 + len;
    if (ends_with(rest, "/.well-known/openid-configuration"))
        openid_configuration(world, reply, authority);
    else if (strcmp(rest, "/oauth2/token") == 0 || strcmp(rest, "/oauth2/v2.0/token") == 0)
        token_endpoint(world, request, reply);
    else if (ends_with(rest, "/discovery/keys"))
        reply_json(reply, 200, json_pack("{s:[]}", "keys"));
    else
        reply_text(reply, 404, "text/plain", "no such endpoint\n");
}
