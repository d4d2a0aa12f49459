/* Metrics, the activity log and resource health: as much of Azure Monitor as a gateway's watcher
 * asks for.
 *
 * Source: reference azure.md 6; shape of metrics.json and resource-health-spec.json.
 */
#include "azure.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct metric {
    const char *name, *display, *unit, *aggregation;
    bool per_pool;
};
static const struct metric metrics[] = {
    { "HealthyHostCount", "Healthy Host Count", "Count", "average", true },
    { "UnhealthyHostCount", "Unhealthy Host Count", "Count", "average", true },
    { "TotalRequests", "Total Requests", "Count", "total", true },
    { "FailedRequests", "Failed Requests", "Count", "total", true },
    { "ResponseStatus", "Response Status", "Count", "total", false },
    { "BackendResponseStatus", "Backend Response Status", "Count", "total", false },
    { "BackendConnectTime", "Backend Connect Time", "MilliSeconds", "average", false },
    { "BackendFirstByteResponseTime", "Backend First Byte Response Time", "MilliSeconds", "average",
      false },
    { "BackendLastByteResponseTime", "Backend Last Byte Response Time", "MilliSeconds", "average",
      false },
    { "ApplicationGatewayTotalTime", "Application Gateway Total Time", "MilliSeconds", "average",
      false },
    { "ClientRtt", "Client RTT", "MilliSeconds", "average", false },
    { "CurrentConnections", "Current Connections", "Count", "total", false },
    { "Throughput", "Throughput", "BytesPerSecond", "average", false },
    { "AvgRequestCountPerHealthyHost", "Requests per minute per Healthy Host", "Count", "average",
      true },
    { "CapacityUnits", "Current Capacity Units", "Count", "average", false },
    { "ComputeUnits", "Current Compute Units", "Count", "average", false },
};

static void rfc3339(double at, char out[32])
{
    time_t seconds = (time_t)at;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static double metric_value(const struct metric *metric, int healthy, int unhealthy)
{
    if (strcmp(metric->name, "HealthyHostCount") == 0)
        return healthy;
    if (strcmp(metric->name, "UnhealthyHostCount") == 0)
        return unhealthy;
    if (strcmp(metric->name, "TotalRequests") == 0)
        return 120;
    if (strcmp(metric->name, "FailedRequests") == 0)
        return healthy ? 0 : 120;
    if (strcmp(metric->name, "CapacityUnits") == 0 || strcmp(metric->name, "ComputeUnits") == 0)
        return 2;
    return strcmp(metric->unit, "MilliSeconds") == 0 ? 4.5 : 10;
}

static bool parse_time(const char *text, double *out)
{
    struct tm tm = { 0 };
    if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
        return false;
    *out = (double)timegm(&tm);
    return true;
}

/* One point a minute; the last minute is empty, as it is in life. */
static json_t *points(const struct metric *metric, double from, double to, double now, int healthy,
                      int unhealthy)
{
    json_t *data = json_array();
    for (double at = floor(from / 60) * 60; at < to && json_array_size(data) < 1440; at += 60) {
        char stamp[32];
        rfc3339(at, stamp);
        json_t *point = json_pack("{s:s}", "timeStamp", stamp);
        if (at + 60 <= now)
            json_object_set_new(point, metric->aggregation,
                                json_real(metric_value(metric, healthy, unhealthy)));
        json_array_append_new(data, point);
    }
    return data;
}

static const char *last_part(const char *id)
{
    const char *slash = strrchr(id, '/');
    return slash ? slash + 1 : id;
}

static void count_hosts(struct world *world, const json_t *gateway, const struct pair *pair,
                        int *healthy, int *unhealthy)
{
    size_t i;
    json_t *target;

    json_array_foreach(jx_get(pair->pool, "properties.backendAddresses"), i, target) {
        const struct backend *one = backend_find(
            world, jx_text(gateway, "id", ""), jx_text(pair->pool, "id", ""),
            jx_text(pair->settings, "id", ""),
            jx_text(target, "ipAddress", jx_text(target, "fqdn", "")));
        *healthy += one && one->up;
        *unhealthy += one && one->known && !one->up;
    }
}

static json_t *series(struct arm_call *call, const json_t *gateway, const struct metric *metric,
                      double from, double to)
{
    struct pair pairs[256];
    size_t n = gateway_pairs(gateway, pairs, 256);
    json_t *out = json_array();
    double now = world_now(call->world);
    const char *filter = request_query(call->request, "$filter"),
               *top = request_query(call->request, "top");
    bool split = metric->per_pool && filter && strcasestr(filter, "BackendSettingsPool");
    long room = split ? (top ? atol(top) : 10) : 1;
    int healthy = 0, unhealthy = 0;

    for (size_t i = 0; i < n; i++) {
        if (split)
            healthy = unhealthy = 0;
        count_hosts(call->world, gateway, &pairs[i], &healthy, &unhealthy);
        if (!split || (long)json_array_size(out) >= room)
            continue;
        json_array_append_new(
            out, json_pack("{s:[{s:{s:s, s:s}, s:o}], s:o}", "metadatavalues", "name", "value",
                           "backendsettingspool", "localizedValue", "backendsettingspool", "value",
                           jx_format("%s~%s", last_part(jx_text(pairs[i].pool, "id", "")),
                                     last_part(jx_text(pairs[i].settings, "id", ""))),
                           "data", points(metric, from, to, now, healthy, unhealthy)));
    }
    if (!split)
        json_array_append_new(out, json_pack("{s:[], s:o}", "metadatavalues", "data",
                                             points(metric, from, to, now, healthy, unhealthy)));
    return out;
}

static const struct metric *metric_named(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        if (strlen(metrics[i].name) == len && strncasecmp(metrics[i].name, name, len) == 0)
            return &metrics[i];
    return NULL;
}

static void answer_metrics(struct arm_call *call, const json_t *gateway)
{
    const char *names = request_query(call->request, "metricnames"),
               *span = request_query(call->request, "timespan");
    const char *id = jx_text(gateway, "id", "");
    double to = world_now(call->world), from = to - 300;
    char first[32], second[32];
    json_t *values = json_array();

    if (span && strchr(span, '/') &&
        (!parse_time(span, &from) || !parse_time(strchr(span, '/') + 1, &to))) {
        json_decref(values);
        arm_error(call->reply, 400, "BadRequest", "Invalid timespan.");
        return;
    }
    for (const char *at = names ? names : "HealthyHostCount"; *at;) {
        size_t len = strcspn(at, ",");
        const struct metric *metric = metric_named(at, len);
        if (!metric || json_array_size(values) == 20) {
            json_decref(values);
            arm_error(call->reply, 400, "BadRequest",
                      "Failed to find metric configuration for provider: "
                      "Microsoft.Network, resource Type: applicationGateways, metric: %.*s.",
                      (int)(len < 80 ? len : 80), at);
            return;
        }
        json_array_append_new(
            values,
            json_pack("{s:o, s:s, s:{s:s, s:s}, s:s, s:s, s:o, s:s}", "id",
                      jx_format("%s/providers/Microsoft.Insights/metrics/%s", id, metric->name),
                      "type", "Microsoft.Insights/metrics", "name", "value", metric->name,
                      "localizedValue", metric->display, "displayDescription", metric->display,
                      "unit", metric->unit, "timeseries", series(call, gateway, metric, from, to),
                      "errorCode", "Success"));
        at += len + (at[len] == ',');
    }
    rfc3339(from, first);
    rfc3339(to, second);
    reply_json(call->reply, 200,
               json_pack("{s:i, s:o, s:s, s:s, s:s, s:o}", "cost", 14, "timespan",
                         jx_format("%s/%s", first, second), "interval", "PT1M", "namespace",
                         "Microsoft.Network/applicationGateways", "resourceregion", SIM_LOCATION,
                         "value", values));
}

static void answer_resource_health(struct arm_call *call, const json_t *gateway)
{
    bool running = jx_is(gateway, "properties.operationalState", "Running");
    char now[32];

    rfc3339(world_now(call->world), now);
    reply_json(
        call->reply, 200,
        json_pack("{s:o, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "id",
                  jx_format("%s/providers/Microsoft.ResourceHealth/availabilityStatuses/current",
                            jx_text(gateway, "id", "")),
                  "name", "current", "type", "Microsoft.ResourceHealth/AvailabilityStatuses",
                  "location", SIM_LOCATION, "properties", "availabilityState",
                  running ? "Available" : "Unavailable", "summary",
                  running ? "There aren't any known Azure platform problems affecting this "
                            "application gateway."
                          : "This application gateway was stopped.",
                  "reasonType", running ? "" : "UserInitiated", "reasonChronicity", "Persistent",
                  "occuredTime", now, "reportedTime", now));
}

void arm_insights(struct arm_call *call, const char *resource, size_t at)
{
    const json_t *gateway = gateway_find(call->world, resource);
    const char *provider = call->segment[at],
               *type = at + 1 < call->segments ? call->segment[at + 1] : "";

    if (!gateway)
        arm_error(call->reply, 404, "ResourceNotFound", "The Resource '%.300s' was not found.",
                  resource);
    else if (strcasecmp(provider, "Microsoft.Insights") == 0 && strcasecmp(type, "metrics") == 0)
        answer_metrics(call, gateway);
    else if (strcasecmp(provider, "Microsoft.ResourceHealth") == 0 &&
             strcasecmp(type, "availabilityStatuses") == 0)
        answer_resource_health(call, gateway);
    else
        arm_error(call->reply, 404, "InvalidResourceType",
                  "The resource type could not be found for this path.");
}

/* ---- activity log ------------------------------------------------------------------------- */

void arm_note(struct world *world, const struct principal *who, const char *action,
              const char *target, const char *status)
{
    enum { KEPT = 500 };
    struct azure *azure = azure_of(world);
    struct activity *one = xcalloc(1, sizeof *one), *at;
    int n = 0;

    *one = (struct activity){ .at = world_now(world),
                              .action = xstrdup(action),
                              .target = xstrdup(target),
                              .caller = xstrdup(who->client_id),
                              .status = xstrdup(status),
                              .next = azure->activities };
    azure->activities = one;
    for (at = one; at && ++n < KEPT; at = at->next)
        ;
    while (at && at->next) {
        struct activity *old = at->next;
        at->next = old->next;
        free(old->action);
        free(old->target);
        free(old->caller);
        free(old->status);
        free(old);
    }
}

void arm_events(struct arm_call *call)
{
    const char *filter = request_query(call->request, "$filter");
    const char *since = filter ? strstr(filter, "eventTimestamp ge '") : NULL;
    const char *wanted = filter ? strstr(filter, "resourceUri eq '") : NULL;
    double from = 0;
    json_t *list = json_array();

    if (!since || !parse_time(since + strlen("eventTimestamp ge '"), &from)) {
        json_decref(list);
        arm_error(call->reply, 400, "BadRequest",
                  "The $filter must give the start of the range: eventTimestamp ge '...'.");
        return;
    }
    wanted = wanted ? wanted + strlen("resourceUri eq '") : NULL;
    size_t len = wanted ? strcspn(wanted, "'") : 0;
    for (const struct activity *one = azure_of(call->world)->activities; one; one = one->next) {
        char stamp[32], id[37];
        if (one->at < from ||
            (wanted && (strlen(one->target) != len || strncasecmp(one->target, wanted, len) != 0)))
            continue;
        rfc3339(one->at, stamp);
        jx_uuid(stamp, id);
        json_array_append_new(
            list, json_pack("{s:s, s:{s:s}, s:{s:s}, s:s, s:s, s:s, s:s, s:{}}", "eventTimestamp",
                            stamp, "operationName", "value", one->action, "status", "value",
                            one->status, "caller", one->caller, "correlationId", id, "level",
                            strcmp(one->status, "Failed") == 0 ? "Error" : "Informational",
                            "resourceId", one->target, "properties"));
    }
    arm_page(call, list);
}
