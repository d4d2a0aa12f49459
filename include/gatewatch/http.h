/* http: the only user of libcurl. One thread runs the curl_multi loop; requests come from, and replies go back to, the
 * loop that opened it (the core thread). Bodies change owner on the way; nothing is shared.
 *
 * The gate is here, below everything: in read-only mode nothing but GET, HEAD and the POSTs that only read
 * (azure.md 2.1, 2.2, 4.4; kubernetes.md 2.3; token endpoints) leaves the process, whatever a caller says. */
#ifndef GATEWATCH_HTTP_H
#define GATEWATCH_HTTP_H

#include <gatewatch/base.h>

struct http;

struct http_options {
    bool read_only;             /* the gate */
    const char *user_agent;
    int max_connections_per_host;   /* 0: 16 */
};
struct http *http_open(struct loop *home, const struct http_options *, struct error *);
void http_close(struct http *);     /* cancels all; no callback follows */

/* Where requests go and how the connection is secured. Counted, immutable once made. */
struct endpoint_spec {
    const char *base;           /* "https://host:port/prefix", no trailing slash */
    const char *ca_pem;         /* text, or NULL for the system's roots */
    const char *client_cert_pem, *client_key_pem;   /* both or none */
    const char *server_name;    /* name for SNI and check when it is not the URL's host, or NULL */
    const char *proxy;          /* URL; "" = no proxy at all; NULL = environment's HTTPS_PROXY/NO_PROXY, which
                                   do not hold for loopback addresses */
    bool insecure;              /* no verification: shown in red wherever this endpoint is named */
    bool no_compression;
};
struct endpoint;
struct endpoint *endpoint_new(const struct endpoint_spec *, struct error *);
struct endpoint *endpoint_ref(struct endpoint *);
void endpoint_unref(struct endpoint *);     /* wipes the key */
const char *endpoint_base(const struct endpoint *);
bool endpoint_insecure(const struct endpoint *);
/* True when the absolute URL has the endpoint's scheme, host and port: a token may go there. */
bool endpoint_same_host(const struct endpoint *, const char *url);
/* False over plain http, except to loopback: a credential must not go there, and http_send refuses it. */
bool endpoint_takes_secrets(const struct endpoint *);

enum http_intent {
    HTTP_READ,                  /* GET, or a POST that the gate knows to read only */
    HTTP_WRITE,                 /* only fix/door.c says so (make lint checks) */
};
struct http_request {
    struct endpoint *to;
    const char *method;         /* "GET" */
    const char *target;         /* "/path?query", or an absolute URL on the same host (Location, nextLink) */
    const char *const *headers; /* "Name: value", NULL-terminated, or NULL */
    const char *body;           /* copied; NULL for none. An empty POST sends Content-Length: 0 */
    size_t body_len;
    struct secret *bearer;      /* referenced; or NULL. Never sent over plain http except to loopback */
    struct secret *basic;       /* "user:password", or NULL */
    enum http_intent intent;
    int timeout_ms;             /* whole exchange; for streams: until the reply's headers. 0: one minute */
    int64_t deadline_ms;        /* streams: hard end of the stream, from now; 0 none */
    size_t max_body;            /* 0: 32 MiB. A larger one ends the exchange with ERR_PROTOCOL */
    bool follow;                /* redirects are an error unless set; never to another host */
};

/* Valid during the callback only. */
struct http_reply {
    int status;                 /* 0 when none arrived: see error */
    struct error error;         /* code ERR_NONE for any 2xx; for other statuses the code that fits, message with the
                                   body's own words (Kubernetes Status or ARM error, cleaned) when they are found */
    const char *body;           /* NUL-terminated; "" when none. Raw outside text */
    size_t len;
    int64_t elapsed_ms;
    const void *headers;        /* for http_header */
};
/* Value of a header, or NULL. Case-insensitive; the last of several. */
const char *http_header(const struct http_reply *, const char *name);
/* Seconds to wait by retry-after-ms, x-ms-retry-after-ms, Retry-After (seconds or date); 0 when not said. */
double http_retry_after(const struct http_reply *);

typedef void http_done(void *ctx, const struct http_reply *);
/* Streams: called for each piece of a 2xx body, in order, before done; first once with nothing (len 0), when the reply's
 * headers are in, because an open stream may be silent for long. False ends the stream (done gets
 * ERR_CANCELLED). Without a chunk function the body is collected. */
typedef bool http_chunk(void *ctx, const char *bytes, size_t len);

/* Copies the request. Callbacks run on the home loop. Returns an id, never 0; a request that cannot be sent (gate, bad
 * URL) still answers through `done`, later, from the loop. */
uint64_t http_send(struct http *, const struct http_request *, http_chunk *, http_done *, void *ctx);
void http_cancel(struct http *, uint64_t id);   /* no callback follows; 0 and finished ids are fine */

/* Retry with back-off and jitter as kubernetes.md 1.9 and azure.md 8.1: pure, so that it is tested alone.
 * attempt counts from 1. Returns the delay in ms. */
int64_t http_backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, double retry_after_s, double random_unit);

/* What was asked, for doctor, the status bar and tests: counts since start. */
struct http_stats { uint64_t requests, failed, bytes_in, bytes_out; int in_flight; };
struct http_stats http_stats(const struct http *);

#endif
