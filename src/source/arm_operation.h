/* A long-running operation of Azure Resource Manager as a pure state machine (azure.md 2.1): what was answered goes in, what
 * to do next comes out. It knows no socket and no clock but the one handed in. */
#ifndef SOURCE_ARM_OPERATION_H
#define SOURCE_ARM_OPERATION_H

#include <gatewatch/base.h>

enum {
    ARM_POLL_MS = 5 * 1000,         /* between polls where the server does not say */
    ARM_POLL_MIN_MS = 100,
    ARM_POLL_MAX_MS = 60 * 1000,
    ARM_OPERATION_MS = 120 * 1000,  /* then we give up, and say since when the data is old */
};

struct arm_answer {
    int status;                     /* 0: no reply came */
    const char *location, *async_operation;     /* headers, or NULL */
    double retry_after_s;           /* 0: not said */
    const char *body;
    size_t len;
    const struct error *error;      /* of the exchange; used when it ends the operation */
};
enum arm_next {
    ARM_WAIT,                       /* wait_ms, then GET url */
    ARM_DONE,                       /* the answer's body is the result */
    ARM_FAILED,                     /* see error */
};
struct arm_operation {
    enum { ARM_POSTED, ARM_POLLING, ARM_POLLING_STATUS, ARM_FETCHING } phase;
    char *url;                      /* where to look next; heap, it may be thousands of bytes; never logged */
    char *result_url;               /* Location, while another URL tells the state */
    int64_t wait_ms, started_ms, limit_ms;
    int troubles;                   /* polls in a row that did not work */
    struct error error;
};
void arm_operation_begin(struct arm_operation *, int64_t now_ms, int64_t limit_ms /* 0: ARM_OPERATION_MS */);
enum arm_next arm_operation_answer(struct arm_operation *, const struct arm_answer *, int64_t now_ms);
void arm_operation_free(struct arm_operation *);

#endif
