/* Strings from JSON into an arena, cleaned. Words that the two APIs repeat in every object are not copied: at 10,000
 * routes they would be a third of the memory. */
#include <gatewatch/model.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Sorted by strcmp; test_object checks it. */
static const char *const words[] = {
    "",
    "1",
    "Accepted",
    "All references resolved",
    "All waypoints resolved",
    "Apply",
    "BackendNotFound",
    "ClusterIP",
    "Conflicted",
    "Deployment",
    "DoesNotExist",
    "Exact",
    "Exists",
    "False",
    "GET",
    "Gateway",
    "HTTP",
    "HTTPRoute",
    "HTTPS",
    "Healthy",
    "Helm",
    "IPAddress",
    "IPv4",
    "IPv6",
    "In",
    "LoadBalancer",
    "NoConflicts",
    "NodePort",
    "None",
    "NotAllowedByListeners",
    "NotIn",
    "POST",
    "PathPrefix",
    "Pod",
    "Programmed",
    "ReplicaSet",
    "RequestHeaderModifier",
    "RequestRedirect",
    "ResolvedRefs",
    "ResolvedWaypoints",
    "Route was valid",
    "Running",
    "Service",
    "ServiceAccount",
    "Succeeded",
    "TCP",
    "Tenant",
    "True",
    "URLRewrite",
    "Unhealthy",
    "Unknown",
    "Update",
    "ambient",
    "app",
    "app.kubernetes.io/component",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "argocd-controller",
    "capsule.clastix.io/tenant",
    "cloud-controller-manager",
    "default",
    "enabled",
    "gatewatch",
    "gateway",
    "gateway.networking.k8s.io",
    "http",
    "https",
    "istio",
    "istio.io/dataplane-mode",
    "istio.io/gateway-controller",
    "kubernetes.io/metadata.name",
    "status",
    "tenant",
};
enum { N_WORDS = sizeof words / sizeof *words, LONGEST = 32 };

static int by_text(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

/* Most text is printable ASCII and needs no cleaning. */
static bool is_plain(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] > 0x7e)
            return false;
    return true;
}

static const char *clean_into(struct arena *arena, const char *s, size_t len, bool keep_lines)
{
    if (len <= LONGEST) {
        const char *const *word = bsearch(s, words, N_WORDS, sizeof *words, by_text);
        if (word)
            return *word;
    }
    if (is_plain(s, len))
        return arena_ndup(arena, s, len);
    FREE_AUTO char *clean = text_clean_dup(s, len, keep_lines);
    return arena_dup(arena, clean);
}

const char *json_word(struct arena *arena, const struct json_t *json)
{
    return json_is_string(json) ? clean_into(arena, json_string_value(json), json_string_length(json), false) : "";
}

const char *json_text(struct arena *arena, const struct json_t *json)
{
    return json_is_string(json) ? clean_into(arena, json_string_value(json), json_string_length(json), true) : "";
}

/* Copies of whole manifests that kubectl leaves behind: large, and nobody reads them. */
static bool is_baggage(const char *key)
{
    return str_eq(key, "kubectl.kubernetes.io/last-applied-configuration");
}

bool json_pairs(struct arena *arena, const struct json_t *json, bool keep_lines, struct pairs *out)
{
    if (!json_is_object(json))
        return false;
    json_t *map = (json_t *)json;       /* jansson's iterators want a non-const value; nothing is changed */
    const char *key;
    json_t *value;
    size_t n = 0;
    json_object_foreach(map, key, value)
        n += json_is_string(value) && !is_baggage(key);
    if (!n)
        return true;
    struct pair *items = arena_alloc(arena, n * sizeof *items);
    size_t i = 0;
    json_object_foreach(map, key, value) {
        if (!json_is_string(value) || is_baggage(key))
            continue;
        items[i++] = (struct pair){clean_into(arena, key, strlen(key), false),
                                   keep_lines ? json_text(arena, value) : json_word(arena, value)};
    }
    *out = (struct pairs){items, n};
    return true;
}
