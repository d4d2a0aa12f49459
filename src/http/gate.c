/* What only reads although it is a POST, by structure: every segment must fit, none may be left over, and nothing in
 * path or query may be read in two ways (encoded slashes and dots, empty segments, parameters). */
#include "http/gate.h"

#include <ctype.h>
#include <string.h>

/* "*" is one segment of any name. ARM paths compare without case (azure.md 1), Kubernetes' with it. */
struct reading_post {
    const char *path;
    bool any_case;
    const char *keys[4];        /* query keys that may stand there */
};
#define RG "/subscriptions/*/resourceGroups/*/providers/"
static const struct reading_post reading_posts[] = {
    /* azure.md 2.1, 2.2, 4.4 */
    {RG "Microsoft.Network/applicationGateways/*/backendhealth", true, {"api-version", "$expand", "%24expand"}},
    {RG "Microsoft.Network/applicationGateways/*/getBackendHealthOnDemand", true,
     {"api-version", "$expand", "%24expand"}},
    {RG "Microsoft.Network/loadBalancers/*/loadBalancingRules/*/health", true, {"api-version"}},
    {RG "Microsoft.ContainerService/managedClusters/*/listClusterUserCredential", true,
     {"api-version", "format", "server-fqdn"}},
    /* kubernetes.md 2.3 */
    {"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", false, {NULL}},
    {"/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", false, {NULL}},
    {"/apis/authentication.k8s.io/v1/selfsubjectreviews", false, {NULL}},
    /* azure.md 7.2; ADFS has no version in its path */
    {"/*/oauth2/v2.0/token", false, {NULL}},
    {"/*/oauth2/token", false, {NULL}},
};
#undef RG

/* The path of a target: after scheme and host, before the query. */
static const char *path_of(const char *target)
{
    if (target[0] == '/' && target[1] != '/')
        return target;
    const char *host = strstr(target, "://");
    return host ? strchr(host + 3, '/') : NULL;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%XX" stands for, or -1. */
static int escaped(const char *s, size_t len)
{
    return len < 3 || hex(s[1]) < 0 || hex(s[2]) < 0 ? -1 : hex(s[1]) * 16 + hex(s[2]);
}

/* A segment that has one meaning only. Escapes stand only for what names may really hold and a URL may not: letters
 * beyond ASCII, parentheses, space. */
static bool plain_segment(const char *s, size_t len)
{
    if (len == 0 || (len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '%') {
            int byte = escaped(s + i, len - i);
            if (byte < 0x80 && byte != '(' && byte != ')' && byte != ' ')
                return false;
            i += 2;
        } else if (!isalnum((unsigned char)s[i]) && !strchr("-._~()", s[i])) {
            return false;
        }
    }
    return true;
}

static bool same_path(const struct reading_post *post, const char *path, size_t len)
{
    const char *want = post->path, *end = path + len;
    while (*want == '/') {
        if (path == end || *path != '/')
            return false;
        size_t want_len = strcspn(++want, "/");
        path++;
        const char *slash = memchr(path, '/', (size_t)(end - path));
        size_t got_len = (size_t)((slash ? slash : end) - path);
        if (!plain_segment(path, got_len))
            return false;
        if (!(want_len == 1 && *want == '*') &&
            (want_len != got_len ||
             (post->any_case ? strncasecmp(want, path, got_len) : strncmp(want, path, got_len)) != 0))
            return false;
        want += want_len;
        path += got_len;
    }
    return path == end;
}

static bool known_key(const struct reading_post *post, const char *key, size_t len)
{
    for (size_t i = 0; i < sizeof post->keys / sizeof post->keys[0] && post->keys[i]; i++)
        if (strlen(post->keys[i]) == len && strncmp(post->keys[i], key, len) == 0)
            return true;
    return false;
}

static bool same_query(const struct reading_post *post, const char *query)
{
    while (*query) {
        size_t len = strcspn(query, "&"), key = strcspn(query, "=&");
        for (size_t i = 0; i < len; i++)
            if ((!isalnum((unsigned char)query[i]) && !strchr("-._~$%=,:()/", query[i])) ||
                (query[i] == '%' && escaped(query + i, len - i) < ' '))
                return false;
        if (!known_key(post, query, key))
            return false;
        query += len;
        if (*query == '&' && !*++query)
            return false;
    }
    return true;
}

static bool only_reads(const char *target)
{
    const char *path = path_of(target);
    if (!path)
        return false;
    size_t len = strcspn(path, "?");
    const char *query = path[len] ? path + len + 1 : "";
    for (size_t i = 0; i < sizeof reading_posts / sizeof reading_posts[0]; i++)
        if (same_path(&reading_posts[i], path, len))
            return same_query(&reading_posts[i], query);
    return false;
}

static bool one_of(const char *s, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(s, *list) == 0)
            return true;
    return false;
}

bool gate_allows(bool read_only, const char *method, const char *target, enum http_intent intent, struct error *err)
{
    static const char *const reading[] = {"GET", "HEAD", "OPTIONS", NULL};
    static const char *const writing[] = {"POST", "PUT", "PATCH", "DELETE", NULL};
    if (!method || !target || (!one_of(method, reading) && !one_of(method, writing)))
        return error_set(err, ERR_READ_ONLY, "a request with an unknown method is refused");
    if (one_of(method, reading))
        return true;
    if (!read_only && intent == HTTP_WRITE)
        return true;
    if (strcmp(method, "POST") == 0 && only_reads(target))
        return true;
    const char *path = path_of(target);
    char clean[160];
    text_clean(clean, sizeof clean, path ? path : "", path ? strcspn(path, "?") : 0, false);
    if (!read_only)
        return error_set(err, ERR_READ_ONLY, "%s %s would change something, but was asked for as a read", method,
                         clean);
    error_set(err, ERR_READ_ONLY, "%s %s is refused: gatewatch runs read-only", method, clean);
    error_remedy(err, "start it without --read-only and readOnly: false to allow changes");
    return false;
}

bool gate_allows_header(const char *line, struct error *err)
{
    size_t name = strcspn(line, ":");
    bool ok = name > 0 && line[name] == ':';
    for (size_t i = 0; ok && i < name; i++)
        ok = isalnum((unsigned char)line[i]) || line[i] == '-' || line[i] == '_';
    for (const char *p = line; ok && *p; p++)
        ok = (unsigned char)*p >= 0x20 && *p != 0x7f;
    if (!ok)
        return error_set(err, ERR_INTERNAL, "a request header is malformed");
    static const char *const refused[] = {"X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override", "Upgrade",
                                          "Connection", "Host", "Content-Length", "Transfer-Encoding", "TE", NULL};
    for (const char *const *r = refused; *r; r++)
        if (strlen(*r) == name && strncasecmp(*r, line, name) == 0)
            return error_set(err, ERR_READ_ONLY, "the request header %s is refused", *r);
    return true;
}
