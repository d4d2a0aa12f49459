/* Small string helpers, all locale-free. */
#include <gatewatch/text.h>

#include <stdio.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_eq(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool str_eq_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    while (*a && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) == lower(*b);
}

bool str_starts(const char *s, const char *prefix)
{
    return s && prefix && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    if (!s || !suffix)
        return false;
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool str_has_nocase(const char *haystack, const char *needle)
{
    if (!haystack || !needle)
        return false;
    for (;; haystack++) {
        size_t i = 0;
        while (needle[i] && lower(haystack[i]) == lower(needle[i]))
            i++;
        if (!needle[i])
            return true;
        if (!*haystack)
            return false;
    }
}

const char *str_or(const char *s, const char *otherwise)
{
    return s && *s ? s : otherwise;
}

bool str_to_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    if (!s)
        return false;
    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    if (!*s)
        return false;
    int64_t value = 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        int digit = *s - '0';
        /* Built towards the sign, so that the smallest number has a place. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

/* Edit distance with swaps of neighbours (optimal string alignment), letters of either case
 * alike. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    enum { MAX = 63 };
    size_t rows[3][MAX + 1];
    if (n > MAX || m > MAX)
        return SIZE_MAX;
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[m];
}

const char *str_nearest(const char *s, const char *const *names)
{
    if (!s || !*s)
        return NULL;
    size_t n = strlen(s);
    size_t limit = n <= 3 ? 1 : n <= 6 ? 2 : n / 3 + 1;
    size_t best = limit + 1;
    const char *found = NULL, *longer = NULL;
    size_t longer_ones = 0;
    for (size_t i = 0; names && names[i]; i++) {
        size_t d = distance(s, n, names[i], strlen(names[i]));
        if (d < best) {
            best = d;
            found = names[i];
        }
        if (n >= 3 && str_starts(names[i], s)) {
            longer = names[i];
            longer_ones++;
        }
    }
    if (!found && longer_ones == 1)
        found = longer;     /* an unfinished word */
    return found;
}

bool str_glob(const char *pattern, const char *s)
{
    const char *star = NULL, *from = NULL;
    if (!pattern || !s)
        return false;
    while (*s) {
        if (*pattern == '*') {
            star = pattern++;
            from = s;
        } else if (*pattern == '?' || *pattern == *s) {
            pattern++;
            s++;
        } else if (star) {
            pattern = star + 1;
            s = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

/* Takes back a character cut in its middle, so that a cut string stays UTF-8. */
static void drop_partial(char *s, size_t len)
{
    size_t i = len;
    while (i > 0 && ((unsigned char)s[i - 1] & 0xC0) == 0x80)
        i--;
    if (i == 0)
        return;
    unsigned char lead = (unsigned char)s[i - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (want > 1 && len - (i - 1) < want)
        s[i - 1] = '\0';
}

bool str_copy(char *out, size_t cap, const char *s)
{
    if (!cap)
        return false;
    if (!s)
        s = "";
    size_t len = strlen(s);
    bool fits = len < cap;
    size_t n = fits ? len : cap - 1;
    memmove(out, s, n);
    out[n] = '\0';
    if (!fits)
        drop_partial(out, n);
    return fits;
}

bool str_format(char *out, size_t cap, const char *format, ...)
{
    if (!cap)
        return false;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out, cap, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < cap)
        return true;
    if (n < 0)
        out[0] = '\0';
    else
        drop_partial(out, cap - 1);
    return false;
}
