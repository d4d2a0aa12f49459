/* Inside of an endpoint, for the rest of http/ only. Counted from any thread, immutable once made. */
#ifndef HTTP_ENDPOINT_H
#define HTTP_ENDPOINT_H

#include <gatewatch/http.h>

#include "http/url.h"

struct endpoint {
    atomic_int references;
    char *base;
    struct url url;             /* of base; url.rest is the prefix */
    char label[300];            /* host[:port], for messages */
    char *ca_pem, *client_cert_pem;
    struct secret *client_key_pem;
    char *server_name, *proxy;
    bool insecure, no_compression, loopback;
};

/* The URL to ask for, with the server_name as its host when there is one. malloc'd; NULL when the target is not valid
 * or leads to another host. */
char *endpoint_resolve(const struct endpoint *, const char *target, struct error *err);

#endif
