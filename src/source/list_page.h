/* One page of a LIST, item by item: a JSON tree takes nine times the memory of its text, so only one item at a time
 * becomes a tree. */
#ifndef SOURCE_LIST_PAGE_H
#define SOURCE_LIST_PAGE_H

#include <gatewatch/base.h>

#include <jansson.h>

struct list_meta {
    char *resource_version, *next;      /* malloc'd, "" when absent; next: the continue token */
    int64_t remaining;                  /* -1 when not said */
};
void list_meta_free(struct list_meta *);
typedef void list_item_fn(void *ctx, json_t *item);
/* False (ERR_PROTOCOL) when the body is not a list; items before the damage have been given then. */
bool list_page_read(const char *body, size_t len, list_item_fn *each, void *ctx, struct list_meta *out, struct error *);

#endif
