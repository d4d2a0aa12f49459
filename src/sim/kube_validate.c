/* Validation: the schema's part, and the rules that matter to a gateway. */
#include "kube.h"
#include "kube_schema.h"
#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void problem(json_t *causes, const char *reason, const char *field, char *message_taken)
{
    json_array_append_new(causes, json_pack("{s:s, s:s, s:s}", "reason", reason, "message",
                                            message_taken, "field", field));
    free(message_taken);
}

static void invalid(json_t *causes, const char *field, const json_t *value, const char *why)
{
    char *text = json_is_object(value) ? xstrdup("\"object\"")
                                       : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    problem(causes, "FieldValueInvalid", field,
            format_text("Invalid value: %s: %s", text ? text : "null", why));
    free(text);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_label(const char *p, size_t len, size_t max)
{
    if (!len || len > max || !isalnum((unsigned char)p[0]) || !isalnum((unsigned char)p[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!islower((unsigned char)p[i]) && !isdigit((unsigned char)p[i]) && p[i] != '-')
            return false;
    return true;
}

static bool is_subdomain(const char *p)
{
    if (strlen(p) > 253)
        return false;
    for (;;) {
        size_t len = strcspn(p, ".");

        if (!is_label(p, len, 253))
            return false;
        if (!p[len])
            return true;
        p += len + 1;
    }
}

static void check_name(const struct table *table, const json_t *object, json_t *causes)
{
    const json_t *name = json_object_get(json_object_get(object, "metadata"), "name");
    const char *text = json_string_value(name), *resource = table->kind->resource;
    bool label = !strcmp(resource, "services") || !strcmp(resource, "namespaces");

    if (starts_with(table->kind->group, "rbac."))
        return;
    if (!text || !*text)
        problem(causes, "FieldValueRequired", "metadata.name",
                xstrdup("Required value: name or generateName is required"));
    else if (label && (!is_label(text, strlen(text), 63) ||
                       (!strcmp(resource, "services") && isdigit((unsigned char)*text))))
        invalid(causes, "metadata.name", name,
                !strcmp(resource, "services")
                    ? "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
                      "start with an "
                      "alphabetic character, and end with an alphanumeric character (e.g. "
                      "'my-name',  or 'abc-123', "
                      "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
                    : "a lowercase RFC 1123 label must consist of lower case alphanumeric "
                      "characters or '-', and must "
                      "start and end with an alphanumeric character (e.g. 'my-name',  or "
                      "'123-abc', regex used for "
                      "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
    else if (!is_subdomain(text))
        invalid(causes, "metadata.name", name,
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
                "characters, '-' or '.', and must "
                "start and end with an alphanumeric character (e.g. 'example.com', regex used for "
                "validation is "
                "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
}

/* ---- Service --------------------------------------------------------------------------------- */

static void check_port(const json_t *object, const char *field, const char *path, json_t *causes)
{
    const json_t *value = json_object_get(object, field);

    if (json_is_integer(value) &&
        (json_integer_value(value) < 1 || json_integer_value(value) > 65535))
        invalid(causes, path, value, "must be between 1 and 65535, inclusive");
}

static void check_service_ports(const json_t *spec, json_t *causes)
{
    const json_t *ports = json_object_get(spec, "ports"), *port, *other;
    bool headless = same_text(json_string_value(json_object_get(spec, "clusterIP")), "None");

    if (!json_array_size(ports) && !headless &&
        !same_text(json_string_value(json_object_get(spec, "type")), "ExternalName"))
        problem(causes, "FieldValueRequired", "spec.ports", xstrdup("Required value"));
    for (size_t i = 0; i < json_array_size(ports); i++) {
        char *path = format_text("spec.ports[%zu].port", i),
             *name = format_text("spec.ports[%zu].name", i);
        char *whole = format_text("spec.ports[%zu]", i);

        port = json_array_get(ports, i);
        check_port(port, "port", path, causes);
        if (json_array_size(ports) > 1 && !json_object_get(port, "name"))
            problem(causes, "FieldValueRequired", name, xstrdup("Required value"));
        for (size_t k = 0; k < i; k++) {
            other = json_array_get(ports, k);
            if (json_equal(json_object_get(port, "port"), json_object_get(other, "port")) &&
                json_equal(json_object_get(port, "protocol"), json_object_get(other, "protocol")))
                problem(causes, "FieldValueDuplicate", whole, xstrdup("Duplicate value"));
            if (json_object_get(port, "name") &&
                json_equal(json_object_get(port, "name"), json_object_get(other, "name")))
                problem(causes, "FieldValueDuplicate", name, xstrdup("Duplicate value"));
        }
        free(path);
        free(name);
        free(whole);
    }
}

static void check_service(const json_t *object, const json_t *before, json_t *causes)
{
    const json_t *spec = json_object_get(object, "spec"), *old = json_object_get(before, "spec");
    const json_t *policy = json_object_get(spec, "externalTrafficPolicy");
    const json_t *health = json_object_get(spec, "healthCheckNodePort"),
                 *was = json_object_get(old, "healthCheckNodePort");
    const json_t *ip = json_object_get(spec, "clusterIP"),
                 *old_ip = json_object_get(old, "clusterIP");
    const char *type = json_string_value(json_object_get(spec, "type"));

    check_service_ports(spec, causes);
    if (policy && !same_text(type, "LoadBalancer") && !same_text(type, "NodePort") &&
        !json_array_size(json_object_get(spec, "externalIPs")))
        invalid(causes, "spec.externalTrafficPolicy", policy,
                "may only be set for externally-accessible services");
    if (health && was && !json_equal(health, was))
        problem(causes, "FieldValueForbidden", "spec.healthCheckNodePort",
                xstrdup("Forbidden: field is immutable"));
    if (ip && old_ip && json_string_length(old_ip) && !json_equal(ip, old_ip) &&
        !same_text(type, "ExternalName"))
        invalid(causes, "spec.clusterIPs[0]", ip, "may not change once set");
}

/* ---- Gateway API ----------------------------------------------------------------------------- */

static void check_hostnames(const json_t *spec, json_t *causes)
{
    json_t *host;
    size_t i;

    json_array_foreach(json_object_get(spec, "hostnames"), i, host) {
        const char *text = json_string_value(host),
                   *rest = text && starts_with(text, "*.") ? text + 2 : text;
        char *path = format_text("spec.hostnames[%zu]", i);

        if (text && !is_subdomain(rest))
            invalid(
                causes, path, host,
                "spec.hostnames[0] in body should match "
                "'^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'");
        free(path);
    }
}

static void check_too_many(const json_t *list, size_t max, const char *path, json_t *causes)
{
    if (json_array_size(list) > max)
        problem(
            causes, "FieldValueTooMany", path,
            format_text("Too many: %zu: must have at most %zu items", json_array_size(list), max));
}

static void check_match(const json_t *match, const char *path, json_t *causes)
{
    const json_t *where = json_object_get(match, "path");
    const char *type = json_string_value(json_object_get(where, "type"));
    const char *value = json_string_value(json_object_get(where, "value"));
    char *field = format_text("%s.path", path);

    if (value && type && strcmp(type, "RegularExpression")) {
        if (*value != '/')
            invalid(causes, field, where,
                    "value must be an absolute path and start with '/' when type one of ['Exact', "
                    "'PathPrefix']");
        else if (strstr(value, "//"))
            invalid(causes, field, where,
                    "must not contain '//' when type one of ['Exact', 'PathPrefix']");
        else if (strstr(value, "/../") || strstr(value, "/./"))
            invalid(causes, field, where,
                    "must not contain '/./' or '/../' when type one of ['Exact', 'PathPrefix']");
    }
    free(field);
}

static void check_backends(const json_t *rule, const char *path, json_t *causes)
{
    json_t *ref;
    size_t i;

    json_array_foreach(json_object_get(rule, "backendRefs"), i, ref) {
        char *field = format_text("%s.backendRefs[%zu]", path, i);
        const char *kind = json_string_value(json_object_get(ref, "kind"));
        const json_t *weight = json_object_get(ref, "weight");

        if ((!kind || !strcmp(kind, "Service")) && !json_object_get(ref, "port"))
            invalid(causes, field, ref, "Must have port for Service reference");
        if (weight && (json_integer_value(weight) < 0 || json_integer_value(weight) > 1000000))
            invalid(causes, field, weight, "weight in body should be between 0 and 1000000");
        free(field);
    }
}

static void check_route(const json_t *object, json_t *causes)
{
    const json_t *spec = json_object_get(object, "spec");
    json_t *rule, *match, *filter;
    size_t i, k;

    check_hostnames(spec, causes);
    check_too_many(json_object_get(spec, "hostnames"), 16, "spec.hostnames", causes);
    check_too_many(json_object_get(spec, "parentRefs"), 32, "spec.parentRefs", causes);
    check_too_many(json_object_get(spec, "rules"), 16, "spec.rules", causes);
    json_array_foreach(json_object_get(spec, "rules"), i, rule) {
        char *path = format_text("spec.rules[%zu]", i),
             *matches = format_text("spec.rules[%zu].matches", i);

        check_too_many(json_object_get(rule, "matches"), 64, matches, causes);
        check_backends(rule, path, causes);
        json_array_foreach(json_object_get(rule, "matches"), k, match) {
            char *field = format_text("%s[%zu]", matches, k);

            check_match(match, field, causes);
            free(field);
        }
        json_array_foreach(json_object_get(rule, "filters"), k, filter)
            if (same_text(json_string_value(json_object_get(filter, "type")), "RequestRedirect") &&
                json_array_size(json_object_get(rule, "backendRefs")))
                invalid(causes, path, rule,
                        "RequestRedirect filter must not be used together with backendRefs");
        free(path);
        free(matches);
    }
}

static void check_gateway(const json_t *object, json_t *causes)
{
    const json_t *listeners = json_object_get(json_object_get(object, "spec"), "listeners");
    json_t *listener;
    size_t i;

    check_too_many(listeners, 64, "spec.listeners", causes);
    json_array_foreach((json_t *)listeners, i, listener) {
        const char *protocol = json_string_value(json_object_get(listener, "protocol"));
        char *path = format_text("spec.listeners[%zu].port", i);

        check_port(listener, "port", path, causes);
        if (json_object_get(listener, "tls") &&
            (same_text(protocol, "HTTP") || same_text(protocol, "TCP") ||
             same_text(protocol, "UDP")))
            invalid(causes, "spec.listeners", listeners,
                    "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']");
        free(path);
    }
}

static void check_deployment(const json_t *object, const json_t *before, json_t *causes)
{
    const json_t *spec = json_object_get(object, "spec"), *old = json_object_get(before, "spec");
    const json_t *wanted = json_object_get(json_object_get(spec, "selector"), "matchLabels"),
                 *labels;
    const char *key;
    json_t *value;

    labels =
        json_object_get(json_object_get(json_object_get(spec, "template"), "metadata"), "labels");
    json_object_foreach((json_t *)wanted, key, value)
        if (!json_equal(value, json_object_get(labels, key))) {
            char *text = json_dumps(labels ? labels : json_null(), JSON_COMPACT | JSON_ENCODE_ANY);

            problem(causes, "FieldValueInvalid", "spec.template.metadata.labels",
                    format_text("Invalid value: map[string]string%s: `selector` does not match "
                                "template `labels`",
                                labels ? text : "(nil)"));
            free(text);
            break;
        }
    if (old && !json_equal(json_object_get(old, "selector"), json_object_get(spec, "selector")))
        invalid(causes, "spec.selector", json_object_get(spec, "selector"), "field is immutable");
}

json_t *kube_validate(struct world *world, const struct table *table, const json_t *object,
                      const json_t *before)
{
    const char *resource = table->kind->resource;
    json_t *causes = json_array();

    (void)world;
    check_name(table, object, causes);
    schema_check(schema_of(table->kind), object, "", causes);
    if (json_array_size(causes) && table->kind->custom)
        problem(causes, "FieldValueInvalid", "<nil>",
                xstrdup("Invalid value: \"null\": some validation rules were not checked because "
                        "the object was invalid; correct the existing errors to complete "
                        "validation"));
    if (json_array_size(causes))
        return causes;
    if (!strcmp(resource, "services"))
        check_service(object, before, causes);
    else if (!strcmp(resource, "httproutes") || !strcmp(resource, "grpcroutes"))
        check_route(object, causes);
    else if (!strcmp(resource, "gateways"))
        check_gateway(object, causes);
    else if (!strcmp(resource, "deployments"))
        check_deployment(object, before, causes);
    return causes;
}
