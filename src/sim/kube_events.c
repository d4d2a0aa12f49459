/* One event, two faces: stored as core/v1, shown and taken as events.k8s.io/v1 too. */
#include "kube.h"
#include "text.h"

#include <string.h>

static const struct {
    const char *core, *modern;
} names[] = {
    {"involvedObject", "regarding"},
    {"message", "note"},
    {"reportingComponent", "reportingController"},
    {"source", "deprecatedSource"},
    {"firstTimestamp", "deprecatedFirstTimestamp"},
    {"lastTimestamp", "deprecatedLastTimestamp"},
    {"count", "deprecatedCount"},
};

bool is_modern_event(const struct target *t)
{
    return !strcmp(t->resource, "events") && !strcmp(t->group, "events.k8s.io");
}

static void rename_field(json_t *object, const char *from, const char *to)
{
    json_t *value = json_object_get(object, from);

    if (!value)
        return;
    json_object_set(object, to, value);
    json_object_del(object, from);
}

void event_to_modern(json_t *object)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        rename_field(object, names[i].core, names[i].modern);
}

void event_to_core(json_t *object)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        rename_field(object, names[i].modern, names[i].core);
}

static void missing(json_t *causes, const char *field, const char *why)
{
    json_array_append_new(causes, json_pack("{s:s, s:s, s:s}", "reason", "FieldValueRequired",
                                            "message", why, "field", field));
}

static void too_long(const json_t *object, const char *field, const char *shown, size_t max,
                     json_t *causes)
{
    if (json_string_length(json_object_get(object, field)) > max)
        json_array_append_new(
            causes, json_pack("{s:s, s:o, s:s}", "reason", "FieldValueTooLong", "message",
                              json_sprintf("Too long: may not be more than %zu bytes", max),
                              "field", shown));
}

/* What events.k8s.io/v1 asks of a new event; `object` is in its core form. */
void event_check(const json_t *object, json_t *causes)
{
    static const struct {
        const char *core, *shown;
    } wanted[] = {{"reportingComponent", "reportingController"},
                  {"reportingInstance", "reportingInstance"},
                  {"action", "action"},
                  {"reason", "reason"}};
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *about =
        json_string_value(json_object_get(json_object_get(object, "involvedObject"), "namespace"));
    const char *ns = meta_text(object, "namespace");

    if (strcmp(about && *about ? about : "default", ns))
        json_array_append_new(
            causes, json_pack("{s:s, s:o, s:s}", "reason", "FieldValueInvalid", "message",
                              json_sprintf("Invalid value: \"%s\": does not match event.namespace",
                                           about ? about : ""),
                              "field", "involvedObject.namespace"));
    if (!json_string_length(json_object_get(object, "eventTime"))) {
        missing(causes, "eventTime", "Required value");
        return; /* the real server looks no further */
    }
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!json_string_length(json_object_get(object, wanted[i].core)))
            missing(causes, wanted[i].shown, "Required value");
    if (!same_text(type, "Normal") && !same_text(type, "Warning"))
        json_array_append_new(
            causes,
            json_pack("{s:s, s:o, s:s}", "reason", "FieldValueInvalid", "message",
                      json_sprintf("Invalid value: \"%s\": has invalid value: ", type ? type : ""),
                      "field", "type"));
    too_long(object, "reportingInstance", "reportingInstance", 128, causes);
    too_long(object, "action", "action", 128, causes);
    too_long(object, "reason", "reason", 128, causes);
    too_long(object, "message", "note", 1024, causes);
}
