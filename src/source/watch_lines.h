/* Pieces of a watch stream into lines. Lines may be megabytes, and come in any pieces (kubernetes.md 1.6). */
#ifndef SOURCE_WATCH_LINES_H
#define SOURCE_WATCH_LINES_H

#include <gatewatch/base.h>

enum { WATCH_LINE_MAX = 8 * 1024 * 1024 };

struct watch_lines {
    struct text partial;        /* the line that has begun */
    size_t max;                 /* 0: WATCH_LINE_MAX */
};
/* The line without its newline; not NUL-terminated. False ends the feeding. */
typedef bool watch_line_fn(void *ctx, const char *line, size_t len);
/* False when a line is too long (then `err` is set) or when `each` said so. */
bool watch_lines_feed(struct watch_lines *, const char *bytes, size_t len, watch_line_fn *each, void *ctx, struct error *);
void watch_lines_reset(struct watch_lines *);       /* frees */

#endif
