#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void no_memory(void)
{
    fputs("gatewatch-sim: out of memory\n", stderr);
    abort();
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);

    if (!p)
        no_memory();
    return p;
}

void *xrealloc(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);

    if (!p)
        no_memory();
    return p;
}

char *xstrndup(const char *text, size_t len)
{
    char *p = strndup(text, len);

    if (!p)
        no_memory();
    return p;
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *format_text(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        no_memory();
    va_end(args);
    return text;
}

void buffer_add(struct buffer *b, const void *bytes, size_t len)
{
    if (b->len + len + 1 > b->size) {
        size_t size = b->size ? b->size : 256;

        while (size < b->len + len + 1)
            size *= 2;
        b->data = xrealloc(b->data, size);
        b->size = size;
    }
    if (len)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void buffer_puts(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        no_memory();
    buffer_add(b, text, (size_t)len);
    free(text);
}

char *buffer_take(struct buffer *b)
{
    char *text = b->data ? b->data : xstrdup("");

    *b = (struct buffer){0};
    return text;
}

bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool ends_with(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);

    return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}
