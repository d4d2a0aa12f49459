#include "http/reply.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

void reply_add_header(struct text *block, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon || colon == line)
        return;
    const char *value = colon + 1, *end = line + len;
    while (end > value && isspace((unsigned char)end[-1]))
        end--;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    if (memchr(line, '\0', len))
        return;
    text_add(block, line, (size_t)(colon - line));
    text_putc(block, '\0');
    text_add(block, value, (size_t)(end - value));
    text_putc(block, '\0');
}

const char *http_header(const struct http_reply *reply, const char *name)
{
    const struct text *block = reply->headers;
    const char *found = NULL;
    for (size_t at = 0; block && at < block->len;) {
        const char *key = block->s + at, *value = key + strlen(key) + 1;
        if (str_eq_nocase(key, name))
            found = value;
        at += strlen(key) + 1 + strlen(value) + 1;
    }
    return found;
}

/* A decimal number of any length, without sign or exponent; negative when it is none. */
static double plain_number(const char *s)
{
    char *end;
    if (!s || !isdigit((unsigned char)*s) || strspn(s, "0123456789.") != strlen(s))
        return -1;
    double number = strtod(s, &end);
    return *end == '\0' && isfinite(number) ? number : -1;
}

double http_retry_after(const struct http_reply *reply)
{
    static const char *const in_ms[] = {"retry-after-ms", "x-ms-retry-after-ms", NULL};
    const double longest = 3600;    /* a server's number is a wish, not a command */
    double wait = -1;
    for (const char *const *name = in_ms; *name && wait < 0; name++) {
        wait = plain_number(http_header(reply, *name));
        if (wait >= 0)
            wait /= 1000;
    }
    const char *value = http_header(reply, "Retry-After");
    if (wait < 0)
        wait = plain_number(value);
    int64_t date;
    if (wait < 0 && value && clock_parse_http_date(value, &date))
        wait = (double)(date - clock_wall_ms()) / 1000;
    return wait <= 0 ? 0 : wait > longest ? longest : wait;
}

static enum error_code code_of(int status)
{
    switch (status) {
    case 401: return ERR_UNAUTHORIZED;
    case 403: return ERR_FORBIDDEN;
    case 404: return ERR_ABSENT;
    case 408: return ERR_TIMEOUT;
    case 409:
    case 412: return ERR_CONFLICT;
    case 410: return ERR_GONE;
    case 429: return ERR_THROTTLED;
    default: break;
    }
    return status >= 500 ? ERR_SERVER : status >= 400 ? ERR_INVALID : ERR_PROTOCOL;
}

static const char *string_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* A message that may be a string, an object with a Message or value of its own, or nothing (azure.md 8.1). */
static const char *message_at(const json_t *object)
{
    static const char *const keys[] = {"message", "Message", NULL};
    static const char *const inner[] = {"Message", "message", "value", NULL};
    for (const char *const *k = keys; *k; k++) {
        const json_t *m = json_object_get(object, *k);
        if (json_is_string(m))
            return json_string_value(m);
        for (const char *const *i = inner; json_is_object(m) && *i; i++)
            if (string_at(m, *i))
                return string_at(m, *i);
    }
    return NULL;
}

static const char *code_at(const json_t *object)
{
    const char *code = string_at(object, "code");
    return code ? code : string_at(object, "Code");
}

/* The AADSTS number and the first sentence: the rest of the description is trace data. */
static void entra_words(const json_t *body, char out[480])
{
    const char *kind = string_at(body, "error"), *words = string_at(body, "error_description");
    size_t len = words ? strcspn(words, "\r\n") : 0;
    const char *trace = words ? strstr(words, " Trace ID:") : NULL;
    if (trace && (size_t)(trace - words) < len)
        len = (size_t)(trace - words);
    char text[400], name[80];
    text_clean(text, sizeof text, words ? words : "", len, false);
    text_clean(name, sizeof name, kind, strlen(kind), false);
    str_format(out, 480, "%s%s%s", name, text[0] ? ": " : "", text);
}

/* Code (or reason) and message of a JSON body. False when it is no error that we know. */
static bool json_words(const json_t *body, const char *header_code, char out[480], int *retry_after)
{
    const json_t *error = json_object_get(body, "error");
    if (json_is_string(error)) {
        entra_words(body, out);
        return true;
    }
    if (!json_is_object(error))
        error = json_object_get(body, "odata.error");
    if (!json_is_object(error))
        error = body;
    const char *code = code_at(error), *message = message_at(error);
    if (str_eq(string_at(body, "kind"), "Status")) {
        code = string_at(body, "reason");
        const json_t *wait = json_object_get(json_object_get(body, "details"), "retryAfterSeconds");
        if (json_is_integer(wait) && json_integer_value(wait) > 0 && json_integer_value(wait) <= 3600)
            *retry_after = (int)json_integer_value(wait);
    } else if (header_code) {
        code = header_code;
    }
    if (!code && !message)
        return false;
    char name[80] = "", text[400] = "";
    if (code)
        text_clean(name, sizeof name, code, strlen(code), false);
    if (message)
        text_clean(text, sizeof text, message, strlen(message), false);
    str_format(out, 480, "%s%s%s", name, name[0] && text[0] ? ": " : "", text);
    return true;
}

/* The first 200 bytes of text in a body that is no JSON we know; of HTML, what stands between the tags. */
static void plain_words(const char *body, size_t len, char out[480])
{
    TEXT_AUTO text = {.max = 2048};
    size_t start = strspn(body, " \t\r\n");
    bool html = start < len && body[start] == '<', tag = false, hidden = false, space = true;
    for (size_t i = start; i < len && !text.cut && text.len < 400; i++) {
        char c = body[i];
        if (html && c == '<') {
            tag = true;
            hidden = strncasecmp(body + i, "<style", 6) == 0 || strncasecmp(body + i, "<script", 7) == 0;
            c = ' ';
        } else if (html && c == '>' && tag) {
            tag = false;
            c = ' ';
        } else if (tag || hidden) {
            continue;
        }
        if (isspace((unsigned char)c)) {
            if (!space)
                text_putc(&text, ' ');
            space = true;
        } else {
            text_putc(&text, c);
            space = false;
        }
    }
    while (text.len && text.s[text.len - 1] == ' ')
        text.s[--text.len] = '\0';
    text_clean(out, 201, text_str(&text), text.len, false);
}

static const char *phrase_of(int status)
{
    static const struct { int status; const char *phrase; } phrases[] = {
        {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {307, "Temporary Redirect"},
        {308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
        {404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {407, "Proxy Authentication Required"},
        {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {412, "Precondition Failed"},
        {413, "Content Too Large"}, {415, "Unsupported Media Type"}, {422, "Unprocessable Content"},
        {429, "Too Many Requests"}, {500, "Internal Server Error"}, {502, "Bad Gateway"},
        {503, "Service Unavailable"}, {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "";
}

static void add_remedy(struct error *err, const char *label)
{
    if (err->code == ERR_UNAUTHORIZED)
        error_remedy(err, "sign in again, or choose another credential; `gatewatch doctor` shows which one is used");
    else if (err->code == ERR_THROTTLED && err->retry_after)
        error_remedy(err, "wait %d seconds", err->retry_after);
    else if (err->code == ERR_PROTOCOL)
        error_remedy(err, "check the address of %s: a redirect is not followed with a credential", label);
    else if (err->http_status == 407)
        error_remedy(err, "give the proxy its user name and password in proxy-url or HTTPS_PROXY");
}

void reply_explain(const struct http_reply *reply, const char *label, struct error *err)
{
    struct error unused;
    if (!err)
        err = &unused;
    char words[480] = "";
    int retry_after = (int)ceil(http_retry_after(reply));
    json_t *body = json_loadb(reply->body, reply->len, JSON_DECODE_ANY, NULL);
    int said = 0;
    if (!json_is_object(body) || !json_words(body, http_header(reply, "x-ms-error-code"), words, &said))
        plain_words(reply->body, json_is_null(body) ? 0 : reply->len, words);
    json_decref(body);

    const char *phrase = phrase_of(reply->status);
    /* "403 Forbidden: Forbidden: …" says it twice. */
    size_t same = strlen(phrase);
    const char *rest = words;
    if (same && strncmp(words, phrase, same) == 0 && strncmp(words + same, ": ", 2) == 0)
        rest = words + same + 2;
    if (strcmp(rest, phrase) == 0)
        rest = "";
    error_set(err, code_of(reply->status), "%s answered %d%s%s%s%s", label, reply->status, *phrase ? " " : "", phrase,
              *rest ? ": " : "", rest);
    err->http_status = reply->status;
    err->retry_after = retry_after ? retry_after : said;
    err->remedy[0] = '\0';
    add_remedy(err, label);
}
