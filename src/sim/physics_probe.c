/* Application Gateway's health probes: what they send, what they make of the answer, when they
 * change their mind.
 *
 * Source: reference azure.md 1.1, 2.3 and the texts of 3.1.
 */
#include "azure.h"
#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define LOG_TIMEOUT                                                                                \
    "Time taken by the backend to respond to application gateway's health probe is more than the " \
    "time-out threshold in "                                                                       \
    "the probe configuration. Either increase the time-out threshold in the probe configuration "  \
    "or resolve the backend "                                                                      \
    "issues. Note: for default probe, the http timeout is 30s. To learn more visit - "             \
    "https://aka.ms/ProbeTimeOut."
#define LOG_REFUSED                                                                                \
    "Cannot connect to backend server. Check whether any NSG/UDR/Firewall is blocking access to "  \
    "the server. Check if "                                                                        \
    "application is running on correct port. To learn more visit - "                               \
    "https://aka.ms/servernotreachable."
#define LOG_NAME                                                                                   \
    "The Common Name (CN) of the backend server certificate does not match the host header "       \
    "entered in the health probe "                                                                 \
    "configuration (v2 SKU) or the FQDN in the backend pool (v1 SKU). Verify if the hostname "     \
    "matches with the CN of the "                                                                  \
    "backend server certificate. To learn more visit - https://aka.ms/backendcertcnmismatch."
#define LOG_ROOT                                                                                   \
    "The root certificate of the server certificate used by the backend does not match the "       \
    "trusted root certificate "                                                                    \
    "added to the application gateway. Ensure that you add the correct root certificate to "       \
    "whitelist the backend"
#define LOG_EXPIRED                                                                                \
    "Backend certificate is invalid. Current date is not within the \"Valid from\" and \"Valid "   \
    "to\" date range on the "                                                                      \
    "certificate."
#define LOG_DNS                                                                                    \
    "Application Gateway could not create a probe for this backend. This usually happens when "    \
    "the FQDN of the backend "                                                                     \
    "has not been entered correctly."
#define LOG_UNKNOWN                                                                                \
    "The backend health status could not be retrieved. This happens when an NSG/UDR/Firewall on "  \
    "the application gateway "                                                                     \
    "subnet is blocking traffic on ports 65503-65534 in case of v1 SKU, and ports 65200-65535 in " \
    "case of the v2 SKU or "                                                                       \
    "if the FQDN configured in the backend pool could not be resolved to an IP address. To learn " \
    "more visit - "                                                                                \
    "https://aka.ms/UnknownBackendHealth."

/* ---- what is sent (1.1) ------------------------------------------------------------------- */

struct sent {
    struct probe_request request;
    char scheme[8], host[256], path[512], sni[256];
    int interval, timeout, threshold;
    const json_t *match;
};

static bool is_address(const char *text)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

static void describe(const json_t *gateway, const json_t *settings, const json_t *on_demand,
                     const char *address, struct sent *sent)
{
    const json_t *saved = gateway_child_by_id(gateway, "probes",
                                              jx_str(settings, "properties.probe.id"));
    const json_t *probe = on_demand ? on_demand : json_object_get(saved, "properties");
    const char *own = jx_bool(settings, "properties.pickHostNameFromBackendAddress", false)
                          ? address
                          : jx_text(settings, "properties.hostName", "127.0.0.1");
    bool pick = jx_bool(probe, "pickHostNameFromBackendHttpSettings", false);

    snprintf(sent->scheme, sizeof sent->scheme, "%s",
             jx_text(probe, "protocol", jx_text(settings, "properties.protocol", "Http")));
    lower(sent->scheme);
    snprintf(sent->host, sizeof sent->host, "%s", pick ? own : jx_text(probe, "host", own));
    snprintf(sent->path, sizeof sent->path, "%s", jx_text(probe, "path", "/"));
    snprintf(sent->sni, sizeof sent->sni, "%s", is_address(sent->host) ? "" : sent->host);
    sent->interval = (int)jx_int(probe, "interval", 30);
    sent->timeout = (int)jx_int(probe, "timeout", 30);
    sent->threshold = (int)jx_int(probe, "unhealthyThreshold", 3);
    sent->match = json_object_get(probe, "match");
    sent->request = (struct probe_request){
        .scheme = sent->scheme,
        .host = sent->host,
        .path = sent->path,
        .sni = sent->sni,
        .port = (int)jx_int(on_demand ? NULL : probe, "port",
                            jx_int(settings, "properties.port", 80)),
    };
}

/* ---- what is made of the answer ----------------------------------------------------------- */

static bool accepted(const json_t *match, int status)
{
    const json_t *codes = json_object_get(match, "statusCodes");
    size_t i;
    json_t *code;

    if (json_array_size(codes) == 0)
        return status >= 200 && status <= 399;
    json_array_foreach(codes, i, code) {
        int from = 0, to = 0;
        int n = sscanf(json_string_value(code) ? json_string_value(code) : "", "%d-%d", &from, &to);
        if (n >= 1 && status >= from && status <= (n == 2 ? to : from))
            return true;
    }
    return false;
}

static char *codes_text(const json_t *match)
{
    const json_t *codes = json_object_get(match, "statusCodes");
    struct buffer text = { 0 };
    size_t i;
    json_t *code;

    json_array_foreach(codes, i, code)
        buffer_printf(&text, "%s%s", i ? "," : "",
                      json_string_value(code) ? json_string_value(code) : "");
    if (!json_array_size(codes))
        buffer_puts(&text, "200-399");
    return buffer_take(&text);
}

/* A certificate's wildcard stands for one label, unlike a route's. */
static bool name_covers(const char *pattern, const char *host)
{
    if (strncmp(pattern, "*.", 2) != 0)
        return strcasecmp(pattern, host) == 0;
    const char *dot = strchr(host, '.');
    return dot && dot != host && strcasecmp(dot, pattern + 1) == 0;
}

/* The certificate that the gateway would show, against the names and roots that the settings ask
 * for. */
static enum verdict tls_verdict(struct world *world, const json_t *settings, const char *address,
                                const struct probe_request *request)
{
    const json_t *service = service_at(world, address, request->port);
    const char *name = jx_label(service, "gateway.networking.k8s.io/gateway-name");
    const json_t *gateway = name ? store_get(world, "gateway.networking.k8s.io", "gateways",
                                             jx_namespace(service), name)
                                 : NULL;
    const json_t *secret = gateway
                               ? gateway_certificate(world, gateway, request->port, request->sni)
                               : NULL;
    const char *said = jx_annotation(secret, "gatewatch-sim/certificate");
    json_t *certificate = said ? json_loads(said, 0, NULL) : NULL, *one;
    enum verdict verdict = VERDICT_ANSWER;
    bool named = false, trusted = false;
    size_t i;

    if (!certificate)
        return VERDICT_ANSWER;
    json_array_foreach(json_object_get(certificate, "names"), i, one)
        if (name_covers(json_string_value(one) ? json_string_value(one) : "", request->host))
            named = true;
    const char *issuer = jx_text(certificate, "issuer", "");
    trusted = strcmp(issuer, "public") == 0;
    json_array_foreach(jx_get(settings, "properties.trustedRootCertificates"), i, one) {
        const char *id = jx_text(one, "id", ""), *slash = strrchr(id, '/');
        if (slash && strcasecmp(slash + 1, issuer) == 0)
            trusted = true;
    }
    time_t seconds = (time_t)world_now(world);
    struct tm tm;
    char today[32];
    gmtime_r(&seconds, &tm);
    strftime(today, sizeof today, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (strcmp(jx_text(certificate, "notAfter", "9999"), today) < 0)
        verdict = VERDICT_TLS_EXPIRED;
    else if (!trusted)
        verdict = VERDICT_TLS_ROOT;
    else if (!named)
        verdict = VERDICT_TLS_NAME;
    json_decref(certificate);
    return verdict;
}

static char *verdict_log(const struct answer *answer, const json_t *match, bool *good)
{
    const char *body = jx_text(match, "body", "");

    *good = false;
    switch (answer->verdict) {
    case VERDICT_ANSWER: break;
    case VERDICT_TIMEOUT: return xstrdup(LOG_TIMEOUT);
    case VERDICT_REFUSED: return xstrdup(LOG_REFUSED);
    case VERDICT_TLS_NAME: return xstrdup(LOG_NAME);
    case VERDICT_TLS_ROOT: return xstrdup(LOG_ROOT);
    case VERDICT_TLS_EXPIRED: return xstrdup(LOG_EXPIRED);
    case VERDICT_DNS: return xstrdup(LOG_DNS);
    }
    if (!accepted(match, answer->status)) {
        char *codes = codes_text(match);
        char *log = format_text(
            "Received invalid status code: %d in the backend server's HTTP response. As per the "
            "health probe configuration, %s is the acceptable status code. Either modify probe "
            "configuration or resolve backend issues.",
            answer->status, codes);
        free(codes);
        return log;
    }
    if (!strstr(answer->body, body))
        return format_text("Body of the backend's HTTP response did not match the probe setting. "
                           "Received response body "
                           "doesn't contain %s.",
                           body);
    *good = true;
    return format_text("Success. Received %d status code", answer->status);
}

void backend_probe(struct world *world, const json_t *gateway, const json_t *settings,
                   const json_t *on_demand, const char *address, bool *good, int *status,
                   char **log)
{
    struct sent sent;
    struct answer answer;

    describe(gateway, settings, on_demand, address, &sent);
    address_answer(world, address, &sent.request, &answer);
    if (answer.verdict == VERDICT_ANSWER && strcmp(sent.scheme, "https") == 0)
        answer.verdict = tls_verdict(world, settings, address, &sent.request);
    *status = answer.verdict == VERDICT_ANSWER    ? answer.status
              : answer.verdict == VERDICT_TIMEOUT ? -1
                                                  : 0;
    *log = verdict_log(&answer, sent.match, good);
}

/* ---- the clock of each backend ------------------------------------------------------------ */

static bool same(const struct backend *one, const char *gateway, const char *pool,
                 const char *settings, const char *address)
{
    return strcasecmp(one->gateway, gateway) == 0 && strcasecmp(one->pool, pool) == 0 &&
           strcasecmp(one->settings, settings) == 0 && strcasecmp(one->address, address) == 0;
}

const struct backend *backend_find(struct world *world, const char *gateway, const char *pool,
                                   const char *settings, const char *address)
{
    const struct backend *one = azure_of(world)->backends;
    while (one && !same(one, gateway, pool, settings, address))
        one = one->next;
    return one;
}

static struct backend *backend_make(struct world *world, const char *gateway,
                                    const struct pair *pair, const char *address, int interval)
{
    struct azure *azure = azure_of(world);
    struct backend *one = (struct backend *)backend_find(
        world, gateway, jx_text(pair->pool, "id", ""), jx_text(pair->settings, "id", ""), address);
    if (!one) {
        one = xcalloc(1, sizeof *one);
        one->gateway = xstrdup(gateway);
        one->pool = xstrdup(jx_text(pair->pool, "id", ""));
        one->settings = xstrdup(jx_text(pair->settings, "id", ""));
        one->address = xstrdup(address);
        one->log = xstrdup("");
        /* Not all at the same moment, as in life; but the same in every run. */
        one->next_at = world_now(world) +
                       (double)(jx_hash(one->settings) % (unsigned)(interval > 0 ? interval : 1));
        one->next = azure->backends;
        azure->backends = one;
    }
    one->seen = true;
    return one;
}

static void conclude(struct backend *one, bool good, char *log, int threshold)
{
    free(one->log);
    one->log = log;
    one->failures = good ? 0 : one->failures + 1;
    if (good)
        one->up = true; /* one good answer restores at once */
    else if (one->failures >= threshold || !one->known)
        one->up = false;
    one->known = true;
}

static void step(struct world *world, const json_t *gateway, const json_t *settings,
                 struct backend *one, bool settled)
{
    struct sent sent;
    double now = world_now(world);
    bool good;
    int status;
    char *log;

    describe(gateway, settings, NULL, one->address, &sent);
    if (settled) {
        backend_probe(world, gateway, settings, NULL, one->address, &good, &status, &log);
        conclude(one, good, log, 1);
        one->failures = good ? 0 : sent.threshold;
        return;
    }
    if (one->pending_log && one->ends_at <= now) {
        conclude(one, one->pending_good, one->pending_log, sent.threshold);
        one->pending_log = NULL;
    }
    if (one->pending_log || one->next_at > now)
        return;
    backend_probe(world, gateway, settings, NULL, one->address, &one->pending_good,
                  &one->pending_status, &one->pending_log);
    /* A probe that times out has its verdict only then; the next one waits for it. */
    one->ends_at = now + (one->pending_status == -1 ? sent.timeout : 0);
    one->next_at = one->next_at + sent.interval > one->ends_at ? one->next_at + sent.interval
                                                               : one->ends_at;
    if (one->next_at < now)
        one->next_at = now + sent.interval;
    if (one->ends_at <= now) {
        conclude(one, one->pending_good, one->pending_log, sent.threshold);
        one->pending_log = NULL;
    }
}

static void drop_unseen(struct azure *azure)
{
    for (struct backend **at = &azure->backends; *at;) {
        struct backend *one = *at;
        if (one->seen) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        free(one->gateway);
        free(one->pool);
        free(one->settings);
        free(one->address);
        free(one->log);
        free(one->pending_log);
        free(one);
    }
}

enum { PAIRS = 256 };

void backends_tick(struct world *world)
{
    struct azure *azure = azure_of(world);
    struct pair pairs[PAIRS];
    size_t i, t;
    json_t *gateway, *target;

    for (struct backend *one = azure->backends; one; one = one->next)
        one->seen = false;
    json_array_foreach(azure->gateways, i, gateway) {
        size_t n = gateway_pairs(gateway, pairs, PAIRS);
        bool running = jx_is(gateway, "properties.operationalState", "Running");
        for (size_t p = 0; p < n; p++)
            json_array_foreach(jx_get(pairs[p].pool, "properties.backendAddresses"), t, target) {
                const char *address = jx_text(target, "ipAddress", jx_text(target, "fqdn", ""));
                struct backend *one = backend_make(world, jx_text(gateway, "id", ""), &pairs[p],
                                                   address, 30);
                if (running)
                    step(world, gateway, pairs[p].settings, one, !azure->started);
            }
    }
    drop_unseen(azure);
}

/* ---- the report (2.3) --------------------------------------------------------------------- */

static json_t *servers(struct world *world, const json_t *gateway, const struct pair *pair)
{
    json_t *list = json_array(), *target;
    size_t i;

    json_array_foreach(jx_get(pair->pool, "properties.backendAddresses"), i, target) {
        const char *address = jx_text(target, "ipAddress", jx_text(target, "fqdn", ""));
        const struct backend *one = backend_find(world, jx_text(gateway, "id", ""),
                                                 jx_text(pair->pool, "id", ""),
                                                 jx_text(pair->settings, "id", ""), address);
        bool unknown = azure_of(world)->unreachable_instances || !one || !one->known;
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "address", address, "health",
                                              unknown   ? "Unknown"
                                              : one->up ? "Healthy"
                                                        : "Unhealthy",
                                              "healthProbeLog", unknown ? LOG_UNKNOWN : one->log));
    }
    return list;
}

json_t *backends_health(struct world *world, const json_t *gateway)
{
    struct pair pairs[PAIRS];
    size_t n = gateway_pairs(gateway, pairs, PAIRS);
    json_t *pools = json_array();

    for (size_t p = 0; p < n; p++) {
        bool first = true;
        for (size_t k = 0; k < p; k++)
            first = first && pairs[k].pool != pairs[p].pool;
        if (!first)
            continue;
        json_t *rows = json_array();
        for (size_t k = p; k < n; k++)
            if (pairs[k].pool == pairs[p].pool)
                json_array_append_new(rows,
                                      json_pack("{s:{s:s}, s:o}", "backendHttpSettings", "id",
                                                jx_text(pairs[k].settings, "id", ""), "servers",
                                                servers(world, gateway, &pairs[k])));
        json_array_append_new(pools, json_pack("{s:{s:s}, s:o}", "backendAddressPool", "id",
                                               jx_text(pairs[p].pool, "id", ""),
                                               "backendHttpSettingsCollection", rows));
    }
    return json_pack("{s:o}", "backendAddressPools", pools);
}
