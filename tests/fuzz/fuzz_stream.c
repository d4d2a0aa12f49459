/* Any bytes as a page of a LIST and, in pieces, as a watch stream: both end, and both agree with the JSON parser. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/list_page.h"
#include "source/watch_lines.h"

static void count_item(void *ctx, json_t *item)
{
    (void)item;
    ++*(size_t *)ctx;
}

static bool count_line(void *ctx, const char *line, size_t len)
{
    if (!len || memchr(line, '\n', len))
        __builtin_trap();
    ++*(size_t *)ctx;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    size_t items = 0, lines = 0, piece = data[0] % 16 + 1;
    const char *bytes = (const char *)data + 1;
    len--;
    struct list_meta meta = {.remaining = -1};
    struct error err = {0};
    json_t *whole = json_loadb(bytes, len, 0, NULL);
    bool fine = list_page_read(bytes, len, count_item, &items, &meta, &err);
    /* What is a list for the parser is one for us, with the same items; a key that comes twice is read twice by us. */
    const json_t *list = json_object_get(whole, "items");
    if (whole && json_is_array(list) && json_is_object(json_object_get(whole, "metadata")) &&
        (!fine || items < json_array_size(list)))
        __builtin_trap();
    if (!fine && !*err.message)
        __builtin_trap();
    list_meta_free(&meta);
    json_decref(whole);

    struct watch_lines watch = {.max = 64};
    for (size_t at = 0; at < len; at += piece) {
        size_t n = piece > len - at ? len - at : piece;
        if (!watch_lines_feed(&watch, bytes + at, n, count_line, &lines, NULL))
            break;
    }
    watch_lines_reset(&watch);
    return 0;
}
