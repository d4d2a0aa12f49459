#include "list_page.h"

#include <stdlib.h>
#include <string.h>

struct scan { const char *at, *end; };

static void skip_space(struct scan *s)
{
    while (s->at < s->end && memchr(" \t\r\n", *s->at, 4))
        s->at++;
}

static bool take(struct scan *s, char c)
{
    skip_space(s);
    if (s->at >= s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

/* Past a string; its content is [*from, *to). */
static bool skip_string(struct scan *s, const char **from, const char **to)
{
    if (!take(s, '"'))
        return false;
    *from = s->at;
    while (s->at < s->end && *s->at != '"')
        s->at += *s->at == '\\' ? 2 : 1;
    if (s->at >= s->end)
        return false;
    *to = s->at++;
    return true;
}

/* Past any value. Brackets are only counted: the parser looks at what is between. */
static bool skip_value(struct scan *s)
{
    const char *from, *to;
    int depth = 0;
    do {
        skip_space(s);
        if (s->at >= s->end)
            return false;
        if (*s->at == '"') {
            if (!skip_string(s, &from, &to))
                return false;
        } else if (*s->at == '{' || *s->at == '[') {
            depth++;
            s->at++;
        } else if (*s->at == '}' || *s->at == ']') {
            if (--depth < 0)
                return false;
            s->at++;
        } else if (depth && (*s->at == ',' || *s->at == ':')) {
            s->at++;
        } else {
            const char *start = s->at;
            while (s->at < s->end && !memchr(" \t\r\n,:]}[{\"", *s->at, 11))
                s->at++;
            if (s->at == start)
                return false;
        }
    } while (depth);
    return true;
}

static bool read_items(struct scan *s, list_item_fn *each, void *ctx, struct error *err)
{
    if (!take(s, '['))
        return skip_value(s);       /* "items": null */
    if (take(s, ']'))
        return true;
    do {
        skip_space(s);
        const char *start = s->at;
        if (!skip_value(s))
            return false;
        json_error_t error;
        json_t *item = json_loadb(start, (size_t)(s->at - start), 0, &error);
        if (!item)
            return error_set(err, ERR_PROTOCOL, "an item of the list is not JSON: %.100s", error.text);
        each(ctx, item);
        json_decref(item);
    } while (take(s, ','));
    return take(s, ']');
}

static bool read_meta(struct scan *s, struct list_meta *meta)
{
    skip_space(s);
    const char *start = s->at;
    if (!skip_value(s))
        return false;
    json_t *json = json_loadb(start, (size_t)(s->at - start), 0, NULL);
    const char *version = json_string_value(json_object_get(json, "resourceVersion"));
    const char *next = json_string_value(json_object_get(json, "continue"));
    const json_t *remaining = json_object_get(json, "remainingItemCount");
    bool fine = json_is_object(json);
    if (fine) {
        list_meta_free(meta);
        meta->resource_version = xstrdup(version ? version : "");
        meta->next = xstrdup(next ? next : "");
        meta->remaining = json_is_integer(remaining) ? json_integer_value(remaining) : -1;
    }
    json_decref(json);
    return fine;
}

static bool read_page(struct scan *s, list_item_fn *each, void *ctx, struct list_meta *meta, bool *has_items,
                      struct error *err)
{
    const char *key, *key_end;
    if (!take(s, '{'))
        return false;
    if (take(s, '}'))
        return true;
    do {
        if (!skip_string(s, &key, &key_end) || !take(s, ':'))
            return false;
        size_t len = (size_t)(key_end - key);
        bool items = len == 5 && memcmp(key, "items", 5) == 0, head = len == 8 && memcmp(key, "metadata", 8) == 0;
        *has_items |= items;
        if (items ? !read_items(s, each, ctx, err) : head ? !read_meta(s, meta) : !skip_value(s))
            return false;
    } while (take(s, ','));
    return take(s, '}');
}

void list_meta_free(struct list_meta *meta)
{
    free(meta->resource_version);
    free(meta->next);
    *meta = (struct list_meta){.remaining = -1};
}

bool list_page_read(const char *body, size_t len, list_item_fn *each, void *ctx, struct list_meta *out, struct error *err)
{
    struct scan s = {body, body + len};
    struct list_meta meta = {.remaining = -1};
    struct error inner = {0};
    bool has_items = false;
    bool fine = read_page(&s, each, ctx, &meta, &has_items, &inner);
    if (!fine || !has_items || !meta.resource_version) {
        list_meta_free(&meta);
        if (!inner.code)
            error_set(&inner, ERR_PROTOCOL, fine ? "the reply is not a list" : "the list is cut or damaged");
        if (err)
            *err = inner;
        return false;
    }
    *out = meta;
    return true;
}
