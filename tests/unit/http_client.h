/* A client for tests of http/ and of what stands on it: asks, waits on a loop of its own, keeps the answer. */
#ifndef TESTS_HTTP_CLIENT_H
#define TESTS_HTTP_CLIENT_H

#include <gatewatch/http.h>

#include "unit/fake_server.h"

struct answer {
    struct loop *loop;
    int dones, chunks;
    int status;
    struct error error;
    char *body;
    size_t len, cap;
    char header[9000];
    double retry_after;
    int stop_after_chunks;
    struct http *http;
    uint64_t id;
    bool opened;            /* the first chunk came with nothing: the reply's headers are in */
    bool cancel_in_chunk;
};

extern struct loop *loop;
extern struct http *http;
int client_setup(void **state);         /* opens both; two requests per host at a time */
int client_teardown(void **state);

struct answer *new_answer(void);
void free_answer(struct answer *);
void on_done(void *ctx, const struct http_reply *);
bool on_chunk(void *ctx, const char *bytes, size_t len);
/* Fails the test when it takes longer than 30 seconds. */
void run_until(struct answer *, int dones);
void run_for(int ms);

struct endpoint *endpoint_at(const struct fake_server *, const char *prefix);      /* plain http */
struct answer *get(struct endpoint *, const char *target);
struct answer *stream(struct endpoint *, const char *target, int timeout_ms, int64_t deadline_ms);

/* A handler with a path for each way a reply can be good or bad. */
void serve_basic(struct fake_conn *, void *ctx);

#endif
