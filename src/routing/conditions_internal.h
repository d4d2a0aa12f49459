/* Private to routing/: what the files that judge objects share. */
#ifndef GATEWATCH_CONDITIONS_INTERNAL_H
#define GATEWATCH_CONDITIONS_INTERNAL_H

#include "routing_internal.h"

enum { CONDITIONS_MAX = 8 };

struct verdicts {
    const struct snapshot *snapshot;
    struct predicted_conditions *out;
    size_t cap;
};
/* The set is good until the next one is added. */
struct condition_set *verdict_add(struct verdicts *, const struct object *, const char *parent, const char *listener);
void verdict_set(struct verdicts *, struct condition_set *, const char *type, enum tri status, const char *reason,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));

void judge_listeners(struct verdicts *, const struct gateway *);    /* also of the sets that join it */
void judge_set(struct verdicts *, const struct listenerset *);      /* of the set itself, and of one that joins nothing */
void judge_route(struct verdicts *, const struct route *);

#endif
