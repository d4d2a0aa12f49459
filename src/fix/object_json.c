#include "fix.h"

#include <stdlib.h>
#include <string.h>

json_t *json_merged(const json_t *target, const json_t *patch)
{
    const char *key;
    json_t *value;
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *out = json_is_object(target) ? json_deep_copy(target) : json_object();
    json_object_foreach((json_t *)patch, key, value) {
        if (json_is_null(value))
            json_object_del(out, key);
        else
            json_object_set_new(out, key, json_merged(json_object_get(out, key), value));
    }
    return out;
}

json_t *json_inverse(const json_t *before, const json_t *patch)
{
    const char *key;
    json_t *value;
    json_t *out = json_object();
    json_object_foreach((json_t *)patch, key, value) {
        const json_t *was = json_object_get(before, key);
        if (!was)
            json_object_set_new(out, key, json_null());
        else if (json_is_object(value) && json_is_object(was))
            json_object_set_new(out, key, json_inverse(was, value));
        else
            json_object_set_new(out, key, json_deep_copy(was));
    }
    return out;
}

bool json_holds(const json_t *whole, const json_t *part)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_null(part))
        return !whole || json_is_null(whole);
    if (json_is_object(part)) {
        json_object_foreach((json_t *)part, key, value)
            if (!json_holds(json_object_get(whole, key), value))
                return false;
        return true;
    }
    if (json_is_array(part)) {
        if (json_array_size(whole) != json_array_size(part))
            return false;
        json_array_foreach((json_t *)part, i, value)
            if (!json_holds(json_array_get(whole, i), value))
                return false;
        return true;
    }
    return whole && json_equal(whole, part);
}

/* The leaf of a managedFields trie for every key of `part`; lists are leaves. */
static bool trie_holds(const json_t *trie, const json_t *part)
{
    const char *key;
    json_t *value;
    /* An empty node owns all below it: a map or list that is replaced whole. */
    if (trie && !json_object_size(trie))
        return true;
    json_object_foreach((json_t *)part, key, value) {
        FREE_AUTO char *name = xasprintf("f:%s", key);
        const json_t *under = json_object_get(trie, name);
        if (!under || (json_is_object(value) && !trie_holds(under, value)))
            return false;
    }
    return true;
}

bool json_owned(const json_t *object, const json_t *part, const char *manager)
{
    const json_t *list = json_object_get(json_object_get(object, "metadata"), "managedFields");
    const json_t *entry;
    size_t i;
    if (!json_array_size(list))
        return true;
    json_array_foreach(list, i, entry) {
        const json_t *spec = json_object_get(part, "spec"), *data = json_object_get(part, "data");
        const json_t *trie = json_object_get(entry, "fieldsV1");
        if (!str_eq(json_string_value(json_object_get(entry, "manager")), manager))
            continue;
        if ((!spec || trie_holds(json_object_get(trie, "f:spec"), spec)) &&
            (!data || trie_holds(json_object_get(trie, "f:data"), data)))
            return true;
    }
    return false;
}

json_t *json_narrowed(const json_t *inverse, const json_t *wrote, const json_t *live)
{
    const char *key, *other;
    json_t *value, *mine;
    json_t *out = json_object();
    json_object_foreach((json_t *)inverse, key, value) {
        const json_t *part = json_object_get(wrote, key), *now = json_object_get(live, key);
        bool shared = false;
        json_object_foreach((json_t *)now, other, mine)
            shared |= !json_object_get(part, other);
        if (json_is_null(value) && json_is_object(part) && shared) {
            json_t *each = json_object();
            json_object_foreach((json_t *)part, other, mine)
                json_object_set_new(each, other, json_null());
            json_object_set_new(out, key, json_narrowed(each, part, now));
            json_decref(each);
        } else if (json_is_object(value)) {
            json_object_set_new(out, key, json_narrowed(value, part, now));
        } else {
            json_object_set_new(out, key, json_deep_copy(value));
        }
    }
    return out;
}

json_t *json_for_people(const json_t *object)
{
    static const char *const filled_in[] = { "managedFields", "resourceVersion", "uid", "creationTimestamp", "generation",
                                             "selfLink" };
    json_t *copy = json_deep_copy(object);
    json_t *metadata = json_object_get(copy, "metadata");
    json_object_del(copy, "status");
    for (size_t i = 0; metadata && i < sizeof filled_in / sizeof *filled_in; i++)
        json_object_del(metadata, filled_in[i]);
    return copy;
}

const char *yaml_for_people(struct arena *arena, const json_t *object)
{
    TEXT_AUTO text = { 0 };
    if (!object)
        return "";
    json_t *copy = json_for_people(object);
    yaml_emit(copy, &text);
    json_decref(copy);
    FREE_AUTO char *clean = text_clean_dup(text_str(&text), text.len, true);
    return arena_dup(arena, clean);
}

/* ---- lines compared ---------------------------------------------------------------------------------------------------- */

struct lines { const char **at; size_t *len; size_t n; };

static struct lines split_lines(const char *s)
{
    struct lines lines = { 0 };
    size_t cap = 0;
    while (*s) {
        const size_t len = strcspn(s, "\n");
        if (lines.n == cap) {
            cap = cap ? cap * 2 : 64;
            lines.at = xreallocarray(lines.at, cap, sizeof *lines.at);
            lines.len = xreallocarray(lines.len, cap, sizeof *lines.len);
        }
        lines.at[lines.n] = s;
        lines.len[lines.n++] = len;
        s += len + (s[len] == '\n');
    }
    return lines;
}

static bool same_line(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
    return a->len[i] == b->len[k] && !memcmp(a->at[i], b->at[k], a->len[i]);
}

struct marked { char mark; const char *at; size_t len; };

/* The classical table of longest common runs; sheets are a few hundred lines, and beyond that the whole is shown as
 * replaced rather than compared. */
enum { DIFF_LINES_MAX = 2000 };

static struct marked *compare(const struct lines *a, const struct lines *b, size_t *ret_n)
{
    const size_t width = b->n + 1;
    unsigned short *common = xcalloc((a->n + 1) * width, sizeof *common);
    struct marked *out = xcalloc(a->n + b->n + 1, sizeof *out);
    size_t i, k, n = 0;
    for (i = a->n; i-- > 0;)
        for (k = b->n; k-- > 0;) {
            const unsigned short down = common[(i + 1) * width + k], right = common[i * width + k + 1];
            common[i * width + k] = same_line(a, i, b, k) ? (unsigned short)(common[(i + 1) * width + k + 1] + 1)
                                    : down >= right       ? down
                                                          : right;
        }
    for (i = k = 0; i < a->n || k < b->n;) {
        if (i < a->n && k < b->n && same_line(a, i, b, k)) {
            out[n++] = (struct marked){ ' ', a->at[i], a->len[i] };
            i++, k++;
        } else if (i < a->n && (k >= b->n || common[(i + 1) * width + k] >= common[i * width + k + 1])) {
            out[n++] = (struct marked){ '-', a->at[i], a->len[i] };
            i++;
        } else {
            out[n++] = (struct marked){ '+', b->at[k], b->len[k] };
            k++;
        }
    }
    free(common);
    *ret_n = n;
    return out;
}

static bool near_change(const struct marked *lines, size_t n, size_t at, int context)
{
    const size_t reach = (size_t)context;
    const size_t from = at > reach ? at - reach : 0;
    for (size_t i = from; i < n && i <= at + reach; i++)
        if (lines[i].mark != ' ')
            return true;
    return false;
}

const char *diff_lines(struct arena *arena, const char *before, const char *after, int context)
{
    struct lines a = split_lines(before), b = split_lines(after);
    TEXT_AUTO out = { 0 };
    bool gap = false;
    if (a.n <= DIFF_LINES_MAX && b.n <= DIFF_LINES_MAX) {
        size_t n;
        struct marked *lines = compare(&a, &b, &n);
        for (size_t i = 0; i < n; i++) {
            if (!near_change(lines, n, i, context)) {
                gap = true;
                continue;
            }
            if (gap && out.len)
                text_puts(&out, "  …\n");
            gap = false;
            text_putc(&out, lines[i].mark);
            text_putc(&out, ' ');
            text_add(&out, lines[i].at, lines[i].len);
            text_putc(&out, '\n');
        }
        free(lines);
    } else {
        text_puts(&out, "  too long to compare line by line\n");
    }
    free(a.at), free(a.len), free(b.at), free(b.len);
    return arena_dup(arena, text_str(&out));
}
