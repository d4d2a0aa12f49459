#include <gatewatch/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 1024, LARGEST = 64 * 1024, ALIGN = 8 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size;
    _Alignas(16) unsigned char bytes[];
};

/* Room for `size` bytes, not zeroed. */
static void *take(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct arena_chunk *c = a->chunks;
    if (c && c->size - c->used >= size) {
        void *p = c->bytes + c->used;
        c->used += size;
        return p;
    }
    size_t next = c ? c->size * 2 : a->hint ? a->hint : FIRST;
    if (next > LARGEST)
        next = LARGEST;
    /* What would waste most of a chunk gets its own, behind the current one. */
    bool own = size > next / 2 && c;
    size_t room = own || size > next ? size : next;
    struct arena_chunk *made = xrealloc(NULL, sizeof *made + room);
    *made = (struct arena_chunk){.size = room, .used = size};
    if (own) {
        made->next = c->next;
        c->next = made;
    } else {
        made->next = c;
        a->chunks = made;
    }
    return made->bytes;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p = take(a, size ? size : 1);
    memset(p, 0, size);
    return p;
}

char *arena_ndup(struct arena *a, const char *s, size_t max)
{
    if (!s)
        return NULL;
    size_t len = strnlen(s, max);
    char *copy = take(a, len + 1);
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *arena_dup(struct arena *a, const char *s)
{
    return arena_ndup(a, s, SIZE_MAX);
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t size = n < 0 ? 1 : (size_t)n + 1;
    char *s = take(a, size);
    s[0] = '\0';
    if (n > 0)
        vsnprintf(s, size, format, again);
    va_end(again);
    return s;
}

size_t arena_size(const struct arena *a)
{
    size_t sum = 0;
    for (const struct arena_chunk *c = a->chunks; c; c = c->next)
        sum += sizeof *c + c->size;
    return sum;
}

size_t arena_used(const struct arena *a)
{
    size_t sum = 0;
    for (const struct arena_chunk *c = a->chunks; c; c = c->next)
        sum += c->used;
    return sum;
}

void arena_free(struct arena *a)
{
    for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    a->chunks = NULL;
}
