/* Text: a growable buffer with a cap, the one cleaner of outside text, and small string helpers. No I/O. */
#ifndef GATEWATCH_TEXT_H
#define GATEWATCH_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Never NULL after first use, always NUL-terminated. Beyond `max` it stops growing and `cut` is set. */
struct text {
    char *s;
    size_t len, cap;
    size_t max;             /* 0: 64 MiB */
    bool cut;
};
void text_free(struct text *);
void text_reset(struct text *);                                     /* empty, keeps the memory */
void text_add(struct text *, const char *bytes, size_t len);
void text_puts(struct text *, const char *string);                  /* NULL adds nothing */
void text_putc(struct text *, char);
void text_printf(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *, const char *format, va_list) __attribute__((format(printf, 2, 0)));
char *text_take(struct text *);                                     /* malloc'd, never NULL; buffer is empty after */
const char *text_str(const struct text *);                          /* "" when nothing was added */
#define TEXT_AUTO __attribute__((cleanup(text_free))) struct text

/* The one cleaner. Copies at most `len` bytes of outside text into `out` (cap bytes, always terminated): C0, C1, DEL,
 * bidi controls, zero-width and other invisible format characters, and invalid UTF-8 become U+FFFD (tab and newline become
 * a space, unless `keep_lines`); runs of combining marks longer than 4 are cut. Returns the bytes written. */
size_t text_clean(char *out, size_t cap, const char *in, size_t len, bool keep_lines);
char *text_clean_dup(const char *in, size_t len, bool keep_lines);  /* malloc'd */
/* Columns a clean UTF-8 string takes (wcwidth over our own table-free rule of the C library; -1 widths count 0). */
int text_width(const char *s);
/* Bytes of `s` that fit in `columns`; *used gets the columns really taken. */
size_t text_fit(const char *s, int columns, int *used);

bool str_eq(const char *a, const char *b);              /* NULL equals only NULL */
bool str_eq_nocase(const char *a, const char *b);       /* ASCII */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_has_nocase(const char *haystack, const char *needle);
const char *str_or(const char *s, const char *otherwise);   /* s when not NULL and not empty */
bool str_to_int(const char *s, int64_t min, int64_t max, int64_t *out);    /* whole string, decimal */
/* The nearest of `names` (NULL-terminated) by edit distance, or NULL when none is near. */
const char *str_nearest(const char *s, const char *const *names);
/* Glob with * and ? only. */
bool str_glob(const char *pattern, const char *s);
/* Copies with cut; always terminates. Returns false when cut. */
bool str_copy(char *out, size_t cap, const char *s);
bool str_format(char *out, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Allocation that ends the program when memory is gone: there is nothing better to do. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *, size_t);
void *xreallocarray(void *, size_t n, size_t size);
char *xstrdup(const char *);            /* NULL gives NULL */
char *xstrndup(const char *, size_t);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define FREE_AUTO __attribute__((cleanup(free_pointer)))
void free_pointer(void *pointer_to_pointer);
/* Makes room for one more in a plain array; `array`, `n` and `cap` are lvalues. */
#define GROW(array, n, cap) \
    do { \
        if ((size_t)(n) >= (size_t)(cap)) { \
            (cap) = (cap) ? (cap) * 2 : 8; \
            (array) = xreallocarray((array), (size_t)(cap), sizeof *(array)); \
        } \
    } while (0)

#endif
