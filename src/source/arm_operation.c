#include "arm_operation.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void arm_operation_begin(struct arm_operation *op, int64_t now_ms, int64_t limit_ms)
{
    *op = (struct arm_operation){.started_ms = now_ms, .limit_ms = limit_ms ? limit_ms : ARM_OPERATION_MS};
}

void arm_operation_free(struct arm_operation *op)
{
    free(op->url);
    free(op->result_url);
    op->url = op->result_url = NULL;
}

static bool is_absolute(const char *url)
{
    return url && (str_starts(url, "https://") || str_starts(url, "http://"));
}

static void replace(char **url, const char *with)
{
    char *copy = xstrdup(with);     /* `with` may be what we hold */
    free(*url);
    *url = copy;
}

static enum arm_next fail(struct arm_operation *op, const struct arm_answer *a, const char *otherwise)
{
    if (a->error && a->error->code != ERR_NONE)
        op->error = *a->error;
    else
        error_set(&op->error, ERR_PROTOCOL, "%s", otherwise);
    return ARM_FAILED;
}

static enum arm_next wait_more(struct arm_operation *op, const struct arm_answer *a, int64_t now_ms)
{
    double wait = a->retry_after_s > 0 ? a->retry_after_s * 1000 : ARM_POLL_MS;
    if (op->troubles > 1 && a->retry_after_s <= 0)
        wait *= op->troubles < 6 ? op->troubles : 6;
    op->wait_ms = wait > ARM_POLL_MAX_MS ? ARM_POLL_MAX_MS : wait < ARM_POLL_MIN_MS ? ARM_POLL_MIN_MS : (int64_t)wait;
    if (now_ms + op->wait_ms - op->started_ms > op->limit_ms) {
        if (op->troubles)
            return fail(op, a, "the operation could not be followed");
        error_set(&op->error, ERR_TIMEOUT, "the operation did not end within %lld seconds",
                  (long long)(op->limit_ms / 1000));
        return ARM_FAILED;
    }
    return ARM_WAIT;
}

/* 202: the newest URLs count, they change with every answer (azure.md 0.3). */
static enum arm_next accepted(struct arm_operation *op, const struct arm_answer *a, int64_t now_ms)
{
    if (op->phase == ARM_POSTED && is_absolute(a->async_operation)) {
        op->phase = ARM_POLLING_STATUS;
        replace(&op->url, a->async_operation);
        if (is_absolute(a->location))
            replace(&op->result_url, a->location);
    } else if (op->phase == ARM_POLLING_STATUS) {
        if (is_absolute(a->async_operation))
            replace(&op->url, a->async_operation);
        if (is_absolute(a->location))
            replace(&op->result_url, a->location);
    } else if (is_absolute(a->location)) {
        if (op->phase == ARM_POSTED)
            op->phase = ARM_POLLING;
        replace(&op->url, a->location);
    }
    if (!op->url) {
        error_set(&op->error, ERR_PROTOCOL, "the operation was accepted without a place to look for its result");
        return ARM_FAILED;
    }
    op->troubles = 0;
    return wait_more(op, a, now_ms);
}

static void explain_status(struct arm_operation *op, const char *status, const json_t *body)
{
    const json_t *error = json_object_get(body, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));
    FREE_AUTO char *text = xasprintf("%s%s%s", code ? code : status, message ? ": " : "", message ? message : "");
    FREE_AUTO char *clean = text_clean_dup(text, strlen(text), false);
    error_set(&op->error, str_eq_nocase(status, "Canceled") ? ERR_CANCELLED : ERR_SERVER, "the operation ended: %s", clean);
}

/* A body of the Azure-AsyncOperation URL. One without a status is the result itself (azure.md 2.1). */
static enum arm_next read_status(struct arm_operation *op, const struct arm_answer *a, int64_t now_ms)
{
    json_t *body = json_loadb(a->body, a->len, JSON_DECODE_ANY, NULL);
    const char *status = json_string_value(json_object_get(body, "status"));
    enum arm_next next = ARM_DONE;
    if (!status) {
        next = ARM_DONE;
    } else if (str_eq_nocase(status, "Failed") || str_eq_nocase(status, "Canceled")) {
        explain_status(op, status, body);
        next = ARM_FAILED;
    } else if (str_eq_nocase(status, "Succeeded")) {
        if (op->result_url) {
            op->phase = ARM_FETCHING;
            replace(&op->url, op->result_url);
            op->wait_ms = 0;
            next = ARM_WAIT;
        }
    } else {
        op->troubles = 0;
        next = wait_more(op, a, now_ms);
    }
    json_decref(body);
    return next;
}

static bool passes(int status)
{
    return status == 0 || status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

enum arm_next arm_operation_answer(struct arm_operation *op, const struct arm_answer *a, int64_t now_ms)
{
    if (a->status == 202)
        return accepted(op, a, now_ms);
    if (a->status >= 200 && a->status < 300 && !(a->error && a->error->code)) {
        /* By status, never by header: the final 200 carries a Location too (azure.md 0.2). */
        return op->phase == ARM_POLLING_STATUS ? read_status(op, a, now_ms) : ARM_DONE;
    }
    if (op->phase != ARM_POSTED && passes(a->status)) {
        op->troubles++;
        return wait_more(op, a, now_ms);    /* keeps the URL */
    }
    return fail(op, a, "the operation was answered with an unexpected status");
}
