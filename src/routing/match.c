/* Does a request meet the conditions of a match? kubernetes.md 5.3, step 3. */
#include "routing_internal.h"

#include <ctype.h>
#include <string.h>

/* ---- regular expressions --------------------------------------------------------------------------------------- */

static bool is_meta(char c)
{
    return strchr(".^$*+?()[]{}|\\", c) != NULL && c != '\0';
}

/* The literal text an expression begins with; *ret_rest is what follows it. False when `out` is too small. */
static bool literal_head(const char *pattern, char *out, size_t cap, const char **ret_rest)
{
    size_t n = 0;
    const char *p = pattern;
    while (*p) {
        char c = *p;
        size_t step = 1;
        if (c == '\\' && p[1] && ispunct((unsigned char)p[1]))
            c = p[1], step = 2;
        else if (is_meta(c))
            break;
        /* A character that a quantifier follows need not be there. */
        if (p[step] == '?' || p[step] == '*' || p[step] == '{' || p[step] == '+')
            break;
        if (n + 1 >= cap)
            return false;
        out[n++] = c;
        p += step;
    }
    out[n] = '\0';
    *ret_rest = p;
    return true;
}

/* The dialect is the implementation's own (Envoy: RE2, the whole value). Only what every dialect reads alike is
 * decided: plain text, plain text with ".*" behind it, and text that already differs at the start. */
enum tri regex_decide(const char *pattern, const char *value)
{
    char head[1024];
    const char *rest;
    if (pattern[0] == '^')
        pattern++;
    if (strchr(pattern, '|') || !literal_head(pattern, head, sizeof head, &rest))
        return TRI_UNKNOWN;
    if (!*rest || str_eq(rest, "$"))
        return str_eq(head, value) ? TRI_TRUE : TRI_FALSE;
    if (!str_starts(value, head))
        return TRI_FALSE;
    size_t left = strlen(value) - strlen(head);
    if (str_eq(rest, ".*") || str_eq(rest, ".*$"))
        return strchr(value, '\n') ? TRI_UNKNOWN : TRI_TRUE;
    if (str_eq(rest, ".+") || str_eq(rest, ".+$"))
        return left > 0 ? TRI_TRUE : TRI_FALSE;
    return TRI_UNKNOWN;
}

static enum tri value_matches(const char *type, const char *wanted, const char *value)
{
    if (str_eq(type, "RegularExpression"))
        return regex_decide(wanted, value);
    return str_eq(wanted, value) ? TRI_TRUE : TRI_FALSE;
}

static enum tri and_tri(enum tri a, enum tri b)
{
    if (a == TRI_FALSE || b == TRI_FALSE)
        return TRI_FALSE;
    return a == TRI_UNKNOWN || b == TRI_UNKNOWN ? TRI_UNKNOWN : TRI_TRUE;
}

/* Notes the condition that decided: the first that fails, else the first that cannot be told. */
static enum tri blame(struct mismatch *why, enum mismatch_kind kind, const struct string_match *condition,
                      const char *value, enum tri holds)
{
    if (!why || holds == TRI_TRUE || (why->kind != MISMATCH_NONE && holds == TRI_UNKNOWN))
        return holds;
    *why = (struct mismatch){ .kind = kind, .condition = condition, .absent = !value };
    str_copy(why->value, sizeof why->value, str_or(value, ""));
    return holds;
}

/* ---- headers and query parameters ------------------------------------------------------------------------------ */

static const char *header_value(const struct request *q, const char *name)
{
    for (size_t i = 0; i < q->headers.n; i++)
        if (str_eq_nocase(q->headers.items[i].key, name))
            return q->headers.items[i].value;
    return str_eq_nocase(name, "host") ? q->host : NULL;
}

static enum tri headers_match(const struct http_match *m, const struct request *q, struct mismatch *why)
{
    enum tri all = TRI_TRUE;
    for (size_t i = 0; i < m->headers.n && all != TRI_FALSE; i++) {
        const struct string_match *h = &m->headers.items[i];
        bool repeated = false;
        for (size_t k = 0; k < i && !repeated; k++)     /* of entries that name one header the first counts */
            repeated = str_eq_nocase(m->headers.items[k].name, h->name);
        if (repeated)
            continue;
        const char *value = header_value(q, h->name);
        all = and_tri(all, blame(why, MISMATCH_HEADER, h, value,
                                 value ? value_matches(h->type, h->value, value) : TRI_FALSE));
    }
    return all;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void percent_decode(char *out, size_t cap, const char *in, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < cap; i++) {
        if (in[i] == '%' && i + 2 < len && hex(in[i + 1]) >= 0 && hex(in[i + 2]) >= 0) {
            out[n++] = (char)(hex(in[i + 1]) * 16 + hex(in[i + 2]));
            i += 2;
        } else {
            out[n++] = in[i];
        }
    }
    out[n] = '\0';
}

/* The first value of a parameter, by exact name. */
static bool query_value(const char *query, const char *name, char *out, size_t cap)
{
    for (const char *p = query ? query : ""; *p;) {
        size_t len = strcspn(p, "&");
        const char *equals = memchr(p, '=', len);
        size_t key_len = equals ? (size_t)(equals - p) : len;
        char key[512];
        percent_decode(key, sizeof key, p, key_len);
        if (str_eq(key, name)) {
            percent_decode(out, cap, equals ? equals + 1 : "", equals ? len - key_len - 1 : 0);
            return true;
        }
        p += len;
        p += *p == '&';
    }
    return false;
}

static enum tri query_matches(const struct http_match *m, const struct request *q, struct mismatch *why)
{
    enum tri all = TRI_TRUE;
    for (size_t i = 0; i < m->query.n && all != TRI_FALSE; i++) {
        const struct string_match *p = &m->query.items[i];
        bool repeated = false;
        for (size_t k = 0; k < i && !repeated; k++)
            repeated = str_eq(m->query.items[k].name, p->name);
        if (repeated)
            continue;
        char value[2048];
        bool found = query_value(q->query, p->name, value, sizeof value);
        all = and_tri(all, blame(why, MISMATCH_QUERY, p, found ? value : NULL,
                                 found ? value_matches(p->type, p->value, value) : TRI_FALSE));
    }
    return all;
}

enum tri entry_matches(const struct entry *e, const struct request *q, struct mismatch *why)
{
    enum tri all = blame(why, MISMATCH_ATTACHMENT, NULL, "", e->uncertain ? TRI_UNKNOWN : TRI_TRUE);
    const struct http_match *m = e->match;
    if (!m)
        return all;
    if (e->rank == PATH_REGEX)
        all = and_tri(all, blame(why, MISMATCH_PATH, NULL, q->path, regex_decide(m->path, q->path)));
    /* Equal, and nothing more: GET does not stand for HEAD. */
    if (*m->method && !str_eq(m->method, str_or(q->method, "GET")))
        return blame(why, MISMATCH_METHOD, NULL, str_or(q->method, "GET"), TRI_FALSE);
    if (all != TRI_FALSE)
        all = and_tri(all, headers_match(m, q, why));
    if (all != TRI_FALSE)
        all = and_tri(all, query_matches(m, q, why));
    return all;
}
