/* Hostnames of listeners and routes. kubernetes.md 5.2. */
#include "routing_internal.h"

#include <string.h>
#include <strings.h>

static bool is_wildcard(const char *pattern)
{
    return pattern[0] == '*' && pattern[1] == '.';
}

/* Without a port. An IPv6 literal in brackets keeps its colons; a bare one has more than one. */
static size_t host_length(const char *host)
{
    if (host[0] == '[') {
        const char *end = strchr(host, ']');
        return end ? (size_t)(end - host) + 1 : strlen(host);
    }
    const char *colon = strchr(host, ':');
    if (!colon || strchr(colon + 1, ':'))
        return strlen(host);
    return (size_t)(colon - host);
}

bool hostname_matches(const char *pattern, const char *host)
{
    if (!pattern || !*pattern)
        return true;
    if (!host)
        return false;
    size_t host_len = host_length(host), len = strlen(pattern);
    if (!is_wildcard(pattern))
        return len == host_len && !strncasecmp(pattern, host, len);
    /* "*.x.y": the suffix ".x.y" with at least one character before it, of any number of labels, never x.y itself. */
    size_t suffix = len - 1;
    return host_len > suffix && !strncasecmp(pattern + 1, host + host_len - suffix, suffix);
}

const char *hostname_intersect(const char *listener, const char *route)
{
    if (!route || !*route)
        return listener ? listener : "";
    if (!listener || !*listener)
        return route;
    if (!strcasecmp(listener, route))
        return listener;
    bool listener_wide = is_wildcard(listener), route_wide = is_wildcard(route);
    if (listener_wide && route_wide) {
        /* Two wildcards meet where one's suffix ends with the other's: "*.a.x" lies inside "*.x". */
        size_t l = strlen(listener) - 1, r = strlen(route) - 1;
        if (r > l && !strcasecmp(route + 1 + r - l, listener + 1))
            return route;
        if (l > r && !strcasecmp(listener + 1 + l - r, route + 1))
            return listener;
        return NULL;
    }
    if (listener_wide)
        return hostname_matches(listener, route) ? route : NULL;
    if (route_wide)
        return hostname_matches(route, listener) ? listener : NULL;
    return NULL;
}

int hostname_rank(const char *pattern)
{
    if (!pattern || !*pattern)
        return 0;
    int len = (int)strnlen(pattern, 1000);
    return is_wildcard(pattern) ? len : 1000 + len;
}

bool status_accepted(const struct strings *ranges, int status)
{
    if (!ranges || ranges->n == 0)
        return status >= 200 && status <= 399;
    for (size_t i = 0; i < ranges->n; i++) {
        const char *dash = strchr(ranges->items[i], '-');
        char low[16];
        int64_t from, to;
        if (!dash) {
            if (str_to_int(ranges->items[i], 0, 999, &from) && from == status)
                return true;
            continue;
        }
        size_t n = (size_t)(dash - ranges->items[i]);
        if (n >= sizeof low)
            continue;
        memcpy(low, ranges->items[i], n);
        low[n] = '\0';
        if (str_to_int(low, 0, 999, &from) && str_to_int(dash + 1, 0, 999, &to) && status >= from && status <= to)
            return true;
    }
    return false;
}
