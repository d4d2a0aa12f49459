/* The thread with the curl_multi loop. */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

#include "http/exchange.h"

struct wire;
struct wire_options {
    struct channel *arrivals;       /* of struct arrival; borrowed */
    const char *user_agent;
    int max_per_host;               /* exchanges at a time, streams not counted: they stay open */
};
struct wire *wire_start(const struct wire_options *, struct error *err);
void wire_stop(struct wire *);      /* joins; every exchange has come back by then */
void wire_send(struct wire *, struct exchange *);
void wire_cancel(struct wire *, uint64_t id);
void wire_resume(struct wire *, uint64_t id);

#endif
