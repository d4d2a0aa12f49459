/* The growable buffer, and allocation that ends the program when memory is gone. */
#include <gatewatch/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX = 64 * 1024 * 1024 };

static void *checked(void *p)
{
    if (!p) {
        fputs("gatewatch: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return checked(realloc(p, size ? size : 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
    return checked(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
    return s ? xstrndup(s, strlen(s)) : NULL;
}

char *xstrndup(const char *s, size_t max)
{
    if (!s)
        return NULL;
    size_t len = strnlen(s, max);
    char *copy = xrealloc(NULL, len + 1);
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *xasprintf(const char *format, ...)
{
    struct text t = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&t, format, args);
    va_end(args);
    return text_take(&t);
}

void free_pointer(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;
    free(*p);
    *p = NULL;
}

void text_free(struct text *t)
{
    free(t->s);
    *t = (struct text){.max = t->max};
}

void text_reset(struct text *t)
{
    t->len = 0;
    t->cut = false;
    if (t->s)
        t->s[0] = '\0';
}

/* Makes room for `more` bytes and the end mark; returns how many of them may be written. */
static size_t reserve(struct text *t, size_t more)
{
    size_t max = t->max ? t->max : DEFAULT_MAX;
    size_t left = max > t->len ? max - t->len : 0;
    if (more > left) {
        more = left;
        t->cut = true;
    }
    size_t need = t->len + more + 1;
    if (need > t->cap) {
        size_t cap = t->cap ? t->cap : 64;
        while (cap < need)
            cap *= 2;
        if (cap > max + 1)
            cap = max + 1;
        t->s = xrealloc(t->s, cap);
        t->cap = cap;
    }
    return more;
}

void text_add(struct text *t, const char *bytes, size_t len)
{
    size_t n = reserve(t, len);
    if (n)
        memcpy(t->s + t->len, bytes, n);
    t->len += n;
    t->s[t->len] = '\0';
}

void text_puts(struct text *t, const char *string)
{
    if (string)
        text_add(t, string, strlen(string));
}

void text_putc(struct text *t, char c)
{
    text_add(t, &c, 1);
}

void text_vprintf(struct text *t, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n > 0) {
        size_t before = t->len;
        size_t fits = reserve(t, (size_t)n);
        /* vsnprintf writes fits bytes and the end mark: exactly what was reserved. */
        vsnprintf(t->s + before, fits + 1, format, again);
        t->len = before + fits;
    } else {
        reserve(t, 0);
        t->s[t->len] = '\0';
    }
    va_end(again);
}

void text_printf(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_vprintf(t, format, args);
    va_end(args);
}

char *text_take(struct text *t)
{
    char *s = t->s ? t->s : xstrndup("", 0);
    *t = (struct text){.max = t->max};
    return s;
}

const char *text_str(const struct text *t)
{
    return t->s ? t->s : "";
}
