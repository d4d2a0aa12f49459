#include "watch_lines.h"

#include <string.h>

static bool give(const char *line, size_t len, watch_line_fn *each, void *ctx)
{
    if (len && line[len - 1] == '\r')
        len--;
    return len == 0 || each(ctx, line, len);
}

bool watch_lines_feed(struct watch_lines *lines, const char *bytes, size_t len, watch_line_fn *each, void *ctx,
                      struct error *err)
{
    size_t max = lines->max ? lines->max : WATCH_LINE_MAX;
    while (len) {
        const char *end = memchr(bytes, '\n', len);
        size_t piece = end ? (size_t)(end - bytes) : len;
        if (piece > max - lines->partial.len)
            return error_set(err, ERR_PROTOCOL, "a watch sent a line of more than %zu bytes", max);
        bool more = true;
        if (end && !lines->partial.len) {
            more = give(bytes, piece, each, ctx);   /* the whole line is here: no copy */
        } else {
            text_add(&lines->partial, bytes, piece);
            if (end) {
                /* Taken away first: the callee may end the watch, which resets us. */
                TEXT_AUTO line = lines->partial;
                lines->partial = (struct text){0};
                more = give(line.s, line.len, each, ctx);
            }
        }
        if (!more)
            return false;
        bytes += piece + (end != NULL);
        len -= piece + (end != NULL);
    }
    return true;
}

void watch_lines_reset(struct watch_lines *lines)
{
    text_free(&lines->partial);
}
