#include "http/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "http/tls.h"

static bool good_proxy(const char *proxy, struct error *err)
{
    static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://", NULL};
    if (!proxy || !*proxy)
        return true;
    for (const char *const *s = schemes; *s; s++)
        if (strncasecmp(proxy, *s, strlen(*s)) == 0)
            return true;
    /* The address itself may hold a password: it is not repeated. */
    error_set(err, ERR_CONFIG, "the proxy address cannot be used");
    return error_remedy(err, "write it as http://, https:// or socks5://host:port");
}

static bool check_spec(const struct endpoint_spec *spec, struct error *err)
{
    if (spec->ca_pem && spec->insecure)
        return error_set(err, ERR_CONFIG, "a CA and the insecure flag are given together for %s", spec->base);
    if (!spec->client_cert_pem != !spec->client_key_pem)
        return error_set(err, ERR_CONFIG, "the client certificate for %s lacks its %s", spec->base,
                         spec->client_key_pem ? "certificate" : "key");
    if (spec->ca_pem && !tls_check_ca(spec->ca_pem, err))
        return error_wrap(err, "CA of %s", spec->base);
    if (spec->client_cert_pem && !tls_check_pair(spec->client_cert_pem, spec->client_key_pem, err))
        return error_wrap(err, "client certificate for %s", spec->base);
    return good_proxy(spec->proxy, err);
}

/* Go's socks5 lets the proxy resolve the name; so do we. */
static char *proxy_dup(const char *proxy)
{
    if (proxy && strncasecmp(proxy, "socks5://", 9) == 0)
        return xasprintf("socks5h://%s", proxy + 9);
    return xstrdup(proxy);
}

struct endpoint *endpoint_new(const struct endpoint_spec *spec, struct error *err)
{
    struct url url, name;
    if (!url_split(spec->base, &url, err))
        return NULL;
    if (strpbrk(url.rest, "?# ")) {
        error_set(err, ERR_CONFIG, "the address of %s has a query or a space", url.host);
        return NULL;
    }
    if (spec->server_name && *spec->server_name) {
        char *probe = xasprintf("https://%s", spec->server_name);
        bool ok = url_split(probe, &name, NULL) && !*name.rest && name.port == 443;
        free(probe);
        if (!ok) {
            error_set(err, ERR_CONFIG, "the TLS server name given for %s is not a host name", url.host);
            return NULL;
        }
    }
    if (!check_spec(spec, err))
        return NULL;

    struct endpoint *e = xcalloc(1, sizeof *e);
    atomic_init(&e->references, 1);
    e->base = xstrdup(spec->base);
    for (size_t n = strlen(e->base); n > 0 && e->base[n - 1] == '/'; n--)
        e->base[n - 1] = '\0';
    url_split(e->base, &e->url, NULL);
    url_authority(&e->url, false, e->label);
    e->ca_pem = xstrdup(spec->ca_pem);
    e->client_cert_pem = xstrdup(spec->client_cert_pem);
    if (spec->client_key_pem)
        e->client_key_pem = secret_new(spec->client_key_pem, strlen(spec->client_key_pem));
    e->server_name = spec->server_name && *spec->server_name ? xstrdup(spec->server_name) : NULL;
    e->insecure = spec->insecure;
    e->no_compression = spec->no_compression;
    e->loopback = url_is_loopback(&e->url);
    /* As Go does: what the environment says about proxies is not for this machine's own addresses. */
    e->proxy = proxy_dup(e->loopback && !spec->proxy ? "" : spec->proxy);
    return e;
}

struct endpoint *endpoint_ref(struct endpoint *e)
{
    if (e)
        atomic_fetch_add(&e->references, 1);
    return e;
}

void endpoint_unref(struct endpoint *e)
{
    if (!e || atomic_fetch_sub(&e->references, 1) != 1)
        return;
    secret_unref(e->client_key_pem);
    if (e->proxy)
        secret_wipe(e->proxy, strlen(e->proxy));
    free(e->proxy);
    free(e->server_name);
    free(e->client_cert_pem);
    free(e->ca_pem);
    free(e->base);
    free(e);
}

const char *endpoint_base(const struct endpoint *e)
{
    return e->base;
}

bool endpoint_insecure(const struct endpoint *e)
{
    return e->insecure;
}

bool endpoint_takes_secrets(const struct endpoint *e)
{
    /* Plain http through a proxy leaves the machine, whatever the address says. */
    return e->url.tls || (e->loopback && !*e->proxy);
}

bool endpoint_same_host(const struct endpoint *e, const char *url)
{
    struct url other;
    return url && url_split(url, &other, NULL) && url_same_host(&e->url, &other);
}

/* Path and query as they will be sent: what a URL may not hold is escaped, the fragment is left out. */
static void add_escaped(struct text *out, const char *rest)
{
    for (; *rest && *rest != '#'; rest++) {
        unsigned char c = (unsigned char)*rest;
        if (c == ' ' || c >= 0x80 || strchr("\"<>^`{|}", c))
            text_printf(out, "%%%02X", c);
        else
            text_putc(out, (char)c);
    }
}

char *endpoint_resolve(const struct endpoint *e, const char *target, struct error *err)
{
    TEXT_AUTO out = {0};
    struct url absolute, origin = e->url;
    const char *prefix = e->url.rest, *rest = target;
    if (!target || target[0] != '/' || target[1] == '/') {
        if (!target || !url_split(target, &absolute, err)) {
            error_wrap(err, "a link given by %s", e->label);
            return NULL;
        }
        if (!url_same_host(&e->url, &absolute)) {
            error_set(err, ERR_PROTOCOL, "%s gave a link to another host (%s): not followed", e->label,
                      absolute.host);
            error_remedy(err, "nothing is sent to a host that was not configured");
            return NULL;
        }
        prefix = "";
        rest = absolute.rest;
    }
    for (const char *p = rest; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\') {
            error_set(err, ERR_INTERNAL, "a request path for %s holds a control character", e->label);
            return NULL;
        }
    }
    char authority[300];
    if (e->server_name) {
        str_copy(origin.host, sizeof origin.host, e->server_name);
        origin.ipv6 = false;
    }
    url_authority(&origin, false, authority);
    text_printf(&out, "%s://%s%s", origin.tls ? "https" : "http", authority, prefix);
    if (*rest != '/')
        text_putc(&out, '/');
    add_escaped(&out, rest);
    return text_take(&out);
}
