/* Addresses: strict splitting, so that "the same host" has one meaning everywhere. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <gatewatch/error.h>

struct url {
    bool tls;               /* https */
    char host[256];         /* lower case, without brackets */
    bool ipv6;
    int port;               /* as written, or the scheme's own */
    const char *rest;       /* into the text that was split: "" or "/path?query" */
};

/* Takes http:// and https:// only; no user part, no backslash, no control characters. */
bool url_split(const char *text, struct url *out, struct error *err);
bool url_same_host(const struct url *, const struct url *);
/* A loopback address or "localhost": the only place where a credential may travel without TLS. */
bool url_is_loopback(const struct url *);
/* "host:port" ("[::1]:443") for messages and CURLOPT_CONNECT_TO; the port is left out when it is the scheme's own. */
void url_authority(const struct url *, bool always_port, char out[300]);

#endif
