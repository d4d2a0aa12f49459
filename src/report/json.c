#include "json.h"

#include <stdlib.h>

json_t *json_maybe(const char *s)
{
    return s ? json_string(s) : json_null();
}

json_t *json_known(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

json_t *json_tri(enum tri tri)
{
    return tri == TRI_UNKNOWN ? json_null() : json_boolean(tri == TRI_TRUE);
}

json_t *json_strings(const struct strings *strings)
{
    json_t *array = json_array();
    for (size_t i = 0; i < strings->n; i++)
        json_array_append_new(array, json_maybe(strings->items[i]));
    return array;
}

json_t *json_subject(const char *kind, const char *ns, const char *name)
{
    return json_pack("{s:o, s:o, s:o}", "kind", json_maybe(kind), "namespace", json_maybe(ns && *ns ? ns : NULL), "name",
                     json_maybe(name));
}

static json_t *json_finding(const struct finding *finding)
{
    json_t *object = json_object();
    json_object_set_new(object, "code", json_maybe(finding->code));
    json_object_set_new(object, "severity", json_maybe(severity_name(finding->severity)));
    json_object_set_new(object, "subject",
                        json_subject(finding->subject.kind, finding->subject.namespace, finding->subject.name));
    json_object_set_new(object, "title", json_maybe(finding->title));
    json_object_set_new(object, "why", json_maybe(finding->why));
    json_object_set_new(object, "evidence", json_strings(&finding->evidence));
    json_object_set_new(object, "remedy", json_maybe(finding->remedy));
    json_object_set_new(object, "fix", json_maybe(finding->fix));
    json_object_set_new(object, "confidence", json_maybe(confidence_name(finding->confidence)));
    json_object_set_new(object, "explains", json_strings(&finding->explains));
    json_object_set_new(object, "folded", json_boolean(finding->folded));
    return object;
}

json_t *json_findings(const struct findings *findings)
{
    json_t *array = json_array();
    for (size_t i = 0; findings && i < findings->n; i++)
        json_array_append_new(array, json_finding(&findings->items[i]));
    return array;
}

json_t *json_sources(const struct snapshot *snapshot)
{
    json_t *array = json_array();
    for (size_t i = 0; snapshot && i < snapshot->n_sources; i++) {
        const struct source_state *source = &snapshot->sources[i];
        json_t *object = json_object();
        json_object_set_new(object, "name", json_maybe(source->name));
        json_object_set_new(object, "state", json_maybe(source_status_name(source->status)));
        int64_t age = source->good_mono_ms < 0 ? -1 : (snapshot->mono_ms - source->good_mono_ms) / 1000;
        json_object_set_new(object, "ageSeconds", json_known(source->status == SOURCE_ABSENT ? -1 : age));
        json_object_set_new(object, "error",
                            source->error.code == ERR_NONE ? json_null() : json_maybe(source->error.message));
        json_array_append_new(array, object);
    }
    return array;
}

void json_print(json_t *value, struct text *out)
{
    char *dump = json_dumps(value, JSON_INDENT(2));
    text_puts(out, dump);
    text_putc(out, '\n');
    free(dump);
    json_decref(value);
}
