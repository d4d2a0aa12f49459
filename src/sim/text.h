/* A growing text buffer and small string helpers of the simulator. Allocation failure ends the
 * program. */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; /* NUL-terminated once something was added; NULL when nothing was */
    size_t len, size;
};

void buffer_add(struct buffer *, const void *bytes, size_t len);
void buffer_puts(struct buffer *, const char *text);
void buffer_printf(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text with the buffer's ownership: never NULL, to be freed by the caller; the buffer is empty
 * afterwards. */
char *buffer_take(struct buffer *);

void *xcalloc(size_t n, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *);
char *xstrndup(const char *, size_t);
/* malloc'd text as by printf. */
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool starts_with(const char *text, const char *prefix);
bool ends_with(const char *text, const char *suffix);
/* a == b, where NULL equals "". */
bool same_text(const char *a, const char *b);

#endif
