/* A small HTTP(S) server for tests: on loopback, a thread per connection, every reply written by the test itself. */
#ifndef TESTS_FAKE_SERVER_H
#define TESTS_FAKE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct fake_cert {
    struct evp_pkey_st *key;
    struct x509_st *cert;
    char *cert_pem, *key_pem;
};
/* `names` as in openssl.cnf ("DNS:a.test,IP:127.0.0.1"), or NULL for a CA. Signed by `ca`, or by itself. Valid between two
 * days counted from now; both may be negative. */
struct fake_cert fake_cert_new(const char *cn, const char *names, const struct fake_cert *ca, int from_days,
                               int to_days);
void fake_cert_free(struct fake_cert *);

struct fake_server;
struct fake_conn {
    struct fake_server *server;
    int fd;
    struct ssl_st *ssl;
    const char *request;        /* head and body as they came */
    const char *body;
    bool close;                 /* set by the handler: no further request here */
};
typedef void fake_handler(struct fake_conn *, void *ctx);

struct fake_server {
    int fd, port;
    struct ssl_ctx_st *tls;
    fake_handler *handle;
    void *ctx;
    unsigned long thread;
    atomic_int connections, requests, running, most_at_once, at_once;
    atomic_bool stop;
};

/* On a free port of loopback. With `cert` it speaks TLS; with `client_ca` it demands a certificate signed by that one. */
struct fake_server *fake_start(fake_handler *, void *ctx, const struct fake_cert *cert,
                               const struct fake_cert *client_ca);
void fake_stop(struct fake_server *);

/* For handlers, which run on the connection's thread. */
void fake_write(struct fake_conn *, const char *bytes, size_t len);
void fake_printf(struct fake_conn *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A whole reply; `headers` are lines with their ends, or "". */
void fake_reply(struct fake_conn *, int status, const char *headers, const char *body);
/* Whether the request begins so: "GET /path". */
bool fake_asked(const struct fake_conn *, const char *begin);
/* Waits until the client has gone or the server stops. */
void fake_hang(struct fake_conn *);

#endif
