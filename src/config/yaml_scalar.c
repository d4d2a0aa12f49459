#include "yaml_scalar.h"

#include <gatewatch/text.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool among(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(s, *words) == 0)
            return true;
    return false;
}

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+, and 0[0-7]+ as octal, as Kubernetes reads file modes.
 * Returns false also when it is an integer that does not fit; `*is_int` tells. */
static bool integer(const char *s, int64_t *out, bool *is_int)
{
    bool negative = *s == '-';
    const char *d = s + (*s == '-' || *s == '+');
    int base = 10;
    *is_int = false;
    if (d == s && d[0] == '0' && (d[1] == 'o' || d[1] == 'x')) {
        base = d[1] == 'o' ? 8 : 16;
        d += 2;
    } else if (d[0] == '0' && d[1] && strspn(d, "01234567") == strlen(d)) {
        base = 8;
        d++;
    }
    static const char all[] = "0123456789abcdefABCDEF";
    size_t good = base == 16  ? strspn(d, all)
                  : base == 8 ? strspn(d, "01234567")
                              : strspn(d, "0123456789");
    if (!good || d[good])
        return false;
    *is_int = true;
    int64_t value = 0;
    for (; *d; d++) {
        int digit = is_digit(*d) ? *d - '0' : (*d | 0x20) - 'a' + 10;
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_real(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t before = strspn(s, "0123456789");
    s += before;
    if (*s == '.') {
        s++;
        size_t after = strspn(s, "0123456789");
        if (!before && !after)
            return false;
        s += after;
    } else if (!before) {
        return false;
    }
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        size_t digits = strspn(s, "0123456789");
        if (!digits)
            return false;
        s += digits;
    }
    return !*s;
}

/* strtod follows the locale's decimal point; numbers in a file do not. */
static double to_real(const char *s)
{
    double value = strtod(s, NULL);
    const char *dot = strchr(s, '.');
    if (!dot || strtod("1.5", NULL) == 1.5)
        return value;
    char *copy = xstrdup(s);
    copy[dot - s] = ',';
    value = strtod(copy, NULL);
    free(copy);
    return value;
}

struct yaml_scalar yaml_resolve(const char *s, size_t len)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    struct yaml_scalar r = {YAML_STRING, 0, 0};
    if (strlen(s) != len)
        return r;
    if (among(s, nulls))
        r.kind = YAML_NULL;
    else if (among(s, trues))
        r.kind = YAML_TRUE;
    else if (among(s, falses))
        r.kind = YAML_FALSE;
    if (r.kind != YAML_STRING || (!is_digit(*s) && !strchr("+-.", *s)))
        return r;
    bool is_int;
    if (integer(s, &r.integer, &is_int)) {
        r.kind = YAML_INTEGER;
    } else if (looks_real(s)) {
        r.real = to_real(s);
        /* JSON has no infinity: a number too large for a double stays the text it is. */
        r.kind = isfinite(r.real) ? YAML_REAL : YAML_STRING;
    }
    return r;
}

bool yaml_is_doubtful(const char *s, size_t len)
{
    static const char *const words[] = {"y",    "n",     "yes",  "no", "on", "off",
                                        "true", "false", "null", "=",  "<<", NULL};
    static const char *const special[] = {".inf", "-.inf", "+.inf", ".nan", NULL};
    if (len <= 5) {
        for (size_t i = 0; words[i]; i++)
            if (str_eq_nocase(s, words[i]))
                return true;
        for (size_t i = 0; special[i]; i++)
            if (str_eq_nocase(s, special[i]))
                return true;
    }
    if (yaml_resolve(s, len).kind != YAML_STRING)
        return true;
    const char *d = s + (*s == '-' || *s == '+');
    if (*d == '.' && is_digit(d[1]))
        return strspn(d, "0123456789._eE+-") == strlen(d);
    if (!is_digit(*d))
        return false;
    if (looks_real(s))
        return true; /* too large to be a number here, not elsewhere */
    if (d[0] == '0' &&
        (d[1] == 'b' || d[1] == 'o' || d[1] == 'x' || d[1] == 'X' || d[1] == 'B' || d[1] == 'O'))
        return true;
    if (strspn(d, "0123456789") == 4 && d[4] == '-')
        return true;                                        /* a date */
    size_t n = strlen(d);
    if (strchr(d, '_') && strspn(d, "0123456789_.eE+-") == n)
        return true;
    return strchr(d, ':') && strspn(d, "0123456789:._") == n;   /* 1:30, base sixty in YAML 1.1 */
}
