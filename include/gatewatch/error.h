/* Errors are values: the last argument of every function that can fail, filled once where the failure is known,
 * wrapped with context on the way up, and reported once by engine, ui or cli. A NULL `struct error *` is allowed
 * everywhere. A function that fails leaves its outputs untouched. */
#ifndef GATEWATCH_ERROR_H
#define GATEWATCH_ERROR_H

#include <stdbool.h>

enum error_code {
    ERR_NONE,
    ERR_USAGE,          /* a flag or an argument: exit 64 */
    ERR_CONFIG,         /* configuration, kubeconfig, theme, manifest: names file, line, key */
    ERR_CREDENTIAL,     /* no credential, or one that was refused */
    ERR_NETWORK,        /* name, connect, reset */
    ERR_TLS,            /* a certificate that does not verify */
    ERR_TIMEOUT,
    ERR_UNAUTHORIZED,   /* 401 after the one refresh */
    ERR_FORBIDDEN,      /* 403: the message names the missing permission */
    ERR_ABSENT,         /* 404: object gone or kind not installed */
    ERR_CONFLICT,       /* 409, 412 */
    ERR_GONE,           /* 410: list again */
    ERR_THROTTLED,      /* 429 */
    ERR_INVALID,        /* 400, 422: the server refused what we sent */
    ERR_SERVER,         /* 5xx */
    ERR_PROTOCOL,       /* a reply that does not decode, is too large, or breaks a rule */
    ERR_READ_ONLY,      /* refused by the gate in http/ */
    ERR_REFUSED,        /* refused by ourselves: a plan that must not be applied */
    ERR_CANCELLED,
    ERR_INTERNAL,
};

struct error {
    enum error_code code;
    int http_status;            /* 0 when no reply */
    int retry_after;            /* seconds; 0 when the server did not say */
    char message[640];          /* one clear sentence, clean text, no trailing period needed */
    char remedy[320];           /* what to do; may be empty */
};

/* Both return false, so that `return error_set(err, …);` ends a function. Text is cut to fit. */
bool error_set(struct error *, enum error_code, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool error_remedy(struct error *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Puts "CONTEXT: " before the message. */
bool error_wrap(struct error *, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *error_code_name(enum error_code);   /* "forbidden", … as in JSON error.code */

#endif
