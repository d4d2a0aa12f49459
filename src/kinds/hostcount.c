/* Host counts from Azure Monitor (azure.md 6): what a Reader may see when the health action is forbidden. The last point
 * that has a value counts; one without is no data, not zero. */
#include "shape.h"

#include <string.h>

#define T struct hostcount

static double last_average(const json_t *series, int64_t *ret_ms)
{
    const json_t *data = json_object_get(series, "data");
    for (size_t i = json_array_size(data); i-- > 0;) {
        const json_t *point = json_array_get(data, i), *average = json_object_get(point, "average");
        if (!json_is_number(average))
            continue;
        const char *at = json_string_value(json_object_get(point, "timeStamp"));
        int64_t ms;
        if (at && clock_parse_rfc3339(at, &ms) && ms > *ret_ms)
            *ret_ms = ms;
        return json_number_value(average);
    }
    return -1;
}

static const char *dimension(const json_t *series)
{
    const json_t *values = json_object_get(series, "metadatavalues");
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);
        if (str_eq_nocase(json_string_value(json_at(value, "name.value")), "backendsettingspool"))
            return json_string_value(json_object_get(value, "value"));
    }
    return NULL;
}

static size_t place(T *report, const char *pool_settings)
{
    for (size_t i = 0; i < report->pools.n; i++)
        if (str_eq(report->pools.items[i].pool_settings, pool_settings))
            return i;
    size_t i = report->pools.n++;
    report->pools.items[i].pool_settings = pool_settings;
    report->pools.items[i].healthy = report->pools.items[i].unhealthy = -1;
    return i;
}

static void decode_metric(T *report, const json_t *metric)
{
    const char *name = json_string_value(json_at(metric, "name.value"));
    bool healthy = str_eq_nocase(name, "HealthyHostCount");
    if (!healthy && !str_eq_nocase(name, "UnhealthyHostCount"))
        return;
    const json_t *series = json_object_get(metric, "timeseries");
    for (size_t k = 0; k < json_array_size(series); k++) {
        const json_t *one = json_array_get(series, k);
        if (!dimension(one))
            continue;
        FREE_AUTO char *clean = text_clean_dup(dimension(one), strlen(dimension(one)), false);
        size_t i = place(report, arena_dup(&report->object.arena, clean));
        double value = last_average(one, &report->at_wall_ms);
        if (healthy)
            report->pools.items[i].healthy = value;
        else
            report->pools.items[i].unhealthy = value;
    }
}

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    T *report = (T *)o;
    const json_t *value = json_object_get(json, "value");
    if (!json_is_array(value))
        return error_set(err, ERR_PROTOCOL, "a metrics answer without values");
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(value); i++)
        n += json_array_size(json_object_get(json_array_get(value, i), "timeseries"));
    if (n)
        report->pools.items = arena_alloc(&o->arena, n * sizeof *report->pools.items);
    for (size_t i = 0; i < json_array_size(value); i++)
        decode_metric(report, json_array_get(value, i));
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const T *report = (const T *)o;
    for (size_t i = 0; i < report->pools.n; i++)
        describe_line(d, report->pools.items[i].pool_settings, "%.1f healthy, %.1f unhealthy (metrics)",
                      report->pools.items[i].healthy, report->pools.items[i].unhealthy);
}

const struct kind kind_hostcount = {
    .name = "HostCount", .plural = "Microsoft.Insights/metrics", .group = "Microsoft.Insights", .namespaced = true,
    .origin = ORIGIN_ARM, .optional = true, .size = sizeof(T), .decode = decode, .describe = describe,
};
