/* One libcurl handle: set up for an exchange, and read when it is done. Wire thread only. */
#ifndef HTTP_EASY_H
#define HTTP_EASY_H

#include <curl/curl.h>

#include "http/exchange.h"

struct job {
    struct exchange *x;
    CURL *easy;
    struct curl_slist *lines, *connect_to;
    char detail[CURL_ERROR_SIZE], first_detail[CURL_ERROR_SIZE];
    int64_t started_ms, due_ms;     /* monotonic; due 0: never */
    int hops;
    bool running, got_headers, headers_too_large, body_too_large;
    bool peeking;                   /* the second connection that only looks at the server's certificate */
    struct error failed;            /* what the first one ended with */
    struct channel *arrivals;
    struct job *next;
};

/* A fresh handle for the job's exchange (or for peeking at the certificate). */
void easy_open(struct job *, const char *user_agent);
void easy_close(struct job *);
/* Fills x->error from libcurl's result. True when a look at the certificate would say more. */
bool easy_explain(struct job *, CURLcode);
/* After peeking: the sentence about the certificate. */
void easy_explain_certificate(struct job *);
/* When our own clock ended it: at which step. */
void easy_explain_timeout(struct job *);

#endif
