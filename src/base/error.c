#include <gatewatch/error.h>
#include <gatewatch/text.h>

#include <stdio.h>
#include <string.h>

/* Formats, cleans and cuts: whatever ends in an error is fit for a terminal. Lines are kept out of
 * it. */
__attribute__((format(printf, 3, 0)))
static void fill(char *out, size_t cap, const char *format, va_list args)
{
    char raw[1024];
    int n = vsnprintf(raw, sizeof raw, format, args);
    size_t len = n < 0 ? 0 : strnlen(raw, sizeof raw - 1);
    text_clean(out, cap, raw, len, false);
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    if (!err)
        return false;
    struct error made = {.code = code};
    va_list args;
    va_start(args, format);
    fill(made.message, sizeof made.message, format, args);
    va_end(args);
    *err = made;
    return false;
}

bool error_remedy(struct error *err, const char *format, ...)
{
    if (!err)
        return false;
    char text[sizeof err->remedy];
    va_list args;
    va_start(args, format);
    fill(text, sizeof text, format, args);
    va_end(args);
    memcpy(err->remedy, text, sizeof text);
    return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
    if (!err)
        return false;
    char context[sizeof err->message], old[sizeof err->message];
    va_list args;
    va_start(args, format);
    fill(context, sizeof context, format, args);
    va_end(args);
    memcpy(old, err->message, sizeof old);
    str_format(err->message, sizeof err->message, "%s: %s", context, old);
    return false;
}

const char *error_code_name(enum error_code code)
{
    switch (code) {
    case ERR_NONE: return "none";
    case ERR_USAGE: return "usage";
    case ERR_CONFIG: return "config";
    case ERR_CREDENTIAL: return "credential";
    case ERR_NETWORK: return "network";
    case ERR_TLS: return "tls";
    case ERR_TIMEOUT: return "timeout";
    case ERR_UNAUTHORIZED: return "unauthorized";
    case ERR_FORBIDDEN: return "forbidden";
    case ERR_ABSENT: return "absent";
    case ERR_CONFLICT: return "conflict";
    case ERR_GONE: return "gone";
    case ERR_THROTTLED: return "throttled";
    case ERR_INVALID: return "invalid";
    case ERR_SERVER: return "server";
    case ERR_PROTOCOL: return "protocol";
    case ERR_READ_ONLY: return "read-only";
    case ERR_REFUSED: return "refused";
    case ERR_CANCELLED: return "cancelled";
    case ERR_INTERNAL: return "internal";
    }
    return "internal";
}
