/* One request and its reply. An exchange has one owner at a time: home makes it, the wire thread carries it out and
 * hands it back, home frees it, also when it was cancelled meanwhile. Pieces of a stream are handed over on their way. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <gatewatch/http.h>

#include "http/endpoint.h"

struct waiter;

struct exchange {
    uint64_t id;
    struct waiter *waiter;      /* home's; the wire does not look inside */
    /* asked */
    struct endpoint *to;
    char *method, *url;
    char **headers;             /* NULL-terminated; without Authorization of bearer and basic */
    struct secret *bearer, *basic;
    char *body;
    size_t body_len;
    int64_t timeout_ms, deadline_ms;
    size_t max_body;
    bool stream, follow;
    bool writes;                /* changes something: sent once, never again in silence */
    /* answered */
    int status;
    struct error error;
    struct text reply;          /* the body, unless it was streamed */
    struct text reply_headers;
    int64_t elapsed_ms;
    uint64_t bytes_in, bytes_out;
    bool cancelled;
    /* Both threads: bytes of pieces not yet taken by home, and whether the wire waits for that. Home may look while
     * its waiter lives, because the exchange comes back behind its last piece. */
    atomic_size_t unread;
    atomic_bool paused;
};
void exchange_free(struct exchange *);      /* wipes body and references */

/* What crosses from the wire to home. */
struct arrival {
    struct exchange *exchange;
    char *bytes;                /* a piece; NULL: the exchange itself comes back */
    size_t len;
};

enum {
    STREAM_HIGH = 4 * 1024 * 1024,      /* unread bytes at which the wire stops reading a stream */
    STREAM_LOW = 1 * 1024 * 1024,       /* and at which it goes on */
    MAX_HEADERS = 64 * 1024,
    MAX_ERROR_BODY = 64 * 1024,
    DEFAULT_BODY = 32 * 1024 * 1024,
    DEFAULT_TIMEOUT_MS = 60 * 1000,
    MAX_HOPS = 5,
};

#endif
