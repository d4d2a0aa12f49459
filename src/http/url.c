#include "http/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include <gatewatch/text.h>

static bool bad_url(struct error *err, const char *text, const char *why)
{
    char clean[200];
    /* A user part may hold a password: everything before the host stays out of the message. */
    const char *at = strchr(text, '@');
    text_clean(clean, sizeof clean, at ? at + 1 : text, strlen(at ? at + 1 : text), false);
    error_set(err, ERR_CONFIG, "the address '%s' cannot be used: %s", clean, why);
    return error_remedy(err, "write it as https://host[:port][/path]");
}

static bool split_host(const char *from, size_t len, struct url *out)
{
    if (len > 1 && from[0] == '[') {
        const char *end = memchr(from, ']', len);
        struct in6_addr unused;
        if (!end || end - from - 1 >= 64)
            return false;
        memcpy(out->host, from + 1, (size_t)(end - from - 1));
        out->host[end - from - 1] = '\0';
        out->ipv6 = true;
        if (inet_pton(AF_INET6, out->host, &unused) != 1)
            return false;
        len -= (size_t)(end + 1 - from);
        from = end + 1;
    } else {
        size_t n = 0;
        while (n < len && from[n] != ':') {
            unsigned char c = (unsigned char)from[n];
            if (n >= sizeof out->host - 1 || !(isalnum(c) || c == '.' || c == '-' || c == '_') || c >= 0x80)
                return false;
            out->host[n++] = (char)tolower(c);
        }
        out->host[n] = '\0';
        len -= n;
        from += n;
    }
    if (!out->host[0])
        return false;
    if (len == 0)
        return true;
    char port[8];
    int64_t number;
    if (from[0] != ':' || len < 2 || len > 6)
        return false;
    memcpy(port, from + 1, len - 1);
    port[len - 1] = '\0';
    if (!str_to_int(port, 1, 65535, &number))
        return false;
    out->port = (int)number;
    return true;
}

bool url_split(const char *text, struct url *out, struct error *err)
{
    struct url url = {0};
    const char *host;
    if (!text)
        return error_set(err, ERR_CONFIG, "an address is missing");
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\')
            return bad_url(err, text, "it holds a control character or a backslash");
    if (strncasecmp(text, "https://", 8) == 0) {
        url.tls = true;
        url.port = 443;
        host = text + 8;
    } else if (strncasecmp(text, "http://", 7) == 0) {
        url.port = 80;
        host = text + 7;
    } else {
        return bad_url(err, text, "it begins with neither https:// nor http://");
    }
    size_t len = strcspn(host, "/?#");
    if (memchr(host, '@', len))
        return bad_url(err, text, "it names a user");
    if (!split_host(host, len, &url))
        return bad_url(err, text, "its host or port is not valid");
    url.rest = host + len;
    *out = url;
    return true;
}

bool url_same_host(const struct url *a, const struct url *b)
{
    return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool url_is_loopback(const struct url *url)
{
    struct in_addr four;
    struct in6_addr six;
    if (url->ipv6)
        return inet_pton(AF_INET6, url->host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
    if (inet_pton(AF_INET, url->host, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    return strcmp(url->host, "localhost") == 0;
}

void url_authority(const struct url *url, bool always_port, char out[300])
{
    const char *open = url->ipv6 ? "[" : "", *close = url->ipv6 ? "]" : "";
    if (always_port || url->port != (url->tls ? 443 : 80))
        str_format(out, 300, "%s%s%s:%d", open, url->host, close, url->port);
    else
        str_format(out, 300, "%s%s%s", open, url->host, close);
}
