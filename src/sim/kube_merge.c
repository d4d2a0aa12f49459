#include "kube_merge.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* ---- merge patch ----------------------------------------------------------------------------- */

void merge_patch(json_t *target, const json_t *patch)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)patch, key, value) {
        json_t *old = json_object_get(target, key);

        if (json_is_null(value)) {
            json_object_del(target, key);
        } else if (json_is_object(value)) {
            if (!json_is_object(old)) {
                old = json_object();
                json_object_set_new(target, key, old);
            }
            merge_patch(old, value);
        } else {
            json_object_set_new(target, key, json_deep_copy(value));
        }
    }
}

/* ---- JSON patch ------------------------------------------------------------------------------ */

static char *unescape(const char *text, size_t len)
{
    struct buffer b = {0};

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '~' && i + 1 < len && (text[i + 1] == '0' || text[i + 1] == '1'))
            buffer_add(&b, text[++i] == '0' ? "~" : "/", 1);
        else
            buffer_add(&b, text + i, 1);
    }
    return buffer_take(&b);
}

/* The index of a list that a segment names; -1 when none. "-" is behind the end. */
static long list_index(const json_t *list, const char *segment)
{
    char *end;
    long i = strtol(segment, &end, 10);

    if (!strcmp(segment, "-"))
        return (long)json_array_size(list);
    return *segment && !*end && i >= 0 && (size_t)i <= json_array_size(list) ? i : -1;
}

/* The holder of the last segment, which is handed out (malloc'd); NULL when the way is not there.
 */
static json_t *walk(json_t *root, const char *pointer, char **last)
{
    json_t *at = root;

    *last = NULL;
    while (*pointer == '/') {
        size_t len = strcspn(++pointer, "/");
        char *segment = unescape(pointer, len);

        pointer += len;
        if (!*pointer) {
            *last = segment;
            return at;
        }
        at = json_is_array(at) ? json_array_get(at, (size_t)list_index(at, segment))
                               : json_object_get(at, segment);
        free(segment);
        if (!at)
            return NULL;
    }
    return NULL;
}

static json_t *look(json_t *root, const char *pointer)
{
    char *last;
    json_t *holder = walk(root, pointer, &last), *found = NULL;

    if (!*pointer)
        return root;
    if (holder)
        found = json_is_array(holder) ? json_array_get(holder, (size_t)list_index(holder, last))
                                      : json_object_get(holder, last);
    free(last);
    return found;
}

static bool put(json_t *root, const char *pointer, json_t *value_taken, bool replace)
{
    char *last;
    json_t *holder = walk(root, pointer, &last);
    bool good = false;
    long i;

    if (json_is_object(holder)) {
        good = (!replace || json_object_get(holder, last)) &&
               !json_object_set(holder, last, value_taken);
    } else if (json_is_array(holder)) {
        i = list_index(holder, last);
        good = i >= 0 && !(replace ? json_array_set(holder, (size_t)i, value_taken)
                                   : json_array_insert(holder, (size_t)i, value_taken));
    }
    json_decref(value_taken);
    free(last);
    return good;
}

static bool take_away(json_t *root, const char *pointer)
{
    char *last;
    json_t *holder = walk(root, pointer, &last);
    bool good = json_is_array(holder) ? !json_array_remove(holder, (size_t)list_index(holder, last))
                                      : holder && !json_object_del(holder, last);

    free(last);
    return good;
}

static const char *member(const json_t *operation, const char *name)
{
    const char *text = json_string_value(json_object_get(operation, name));

    return text ? text : "";
}

static bool run_operation(json_t **root, const json_t *operation)
{
    const char *op = member(operation, "op"), *path = member(operation, "path"),
               *from = member(operation, "from");
    json_t *value = json_object_get(operation, "value"), *moved;
    bool good;

    if (!strcmp(op, "test"))
        return value && look(*root, path) && json_equal(look(*root, path), value);
    if (!strcmp(op, "remove"))
        return take_away(*root, path);
    if (!strcmp(op, "add") || !strcmp(op, "replace")) {
        if (value && !*path) {
            json_decref(*root);
            *root = json_deep_copy(value);
            return true;
        }
        return value && put(*root, path, json_deep_copy(value), !strcmp(op, "replace"));
    }
    if (strcmp(op, "copy") && strcmp(op, "move"))
        return false;
    moved = json_deep_copy(look(*root, from));
    good = moved && (strcmp(op, "move") || take_away(*root, from)) &&
           put(*root, path, json_incref(moved), false);
    json_decref(moved);
    return good;
}

char *json_patch(json_t **target, const json_t *operations)
{
    json_t *operation;
    size_t i;

    json_array_foreach((json_t *)operations, i, operation)
        if (!run_operation(target, operation))
            return format_text("%s operation does not apply: path %s", member(operation, "op"),
                               member(operation, "path"));
    return NULL;
}

/* ---- strategic merge ------------------------------------------------------------------------- */

static bool is_directive(const json_t *patch, const char *what)
{
    return same_text(json_string_value(json_object_get(patch, "$patch")), what);
}

static bool same_key(const struct field *f, const json_t *a, const json_t *b)
{
    const json_t *key = json_object_get(a, f->keys[0]);

    return key && json_equal(key, json_object_get(b, f->keys[0]));
}

static json_t *without_directives(const json_t *value)
{
    json_t *copy = json_deep_copy(value), *child;
    const char *key;
    void *next;

    json_object_foreach_safe(copy, next, key, child)
        if (key[0] == '$')
            json_object_del(copy, key);
    return copy;
}

/* Where an item with the key of `item` stands in a list; its size when nowhere. */
static size_t position(const struct field *f, const json_t *list, const json_t *item)
{
    json_t *other;
    size_t i;

    json_array_foreach((json_t *)list, i, other)
        if (same_key(f, item, other))
            return i;
    return json_array_size(list);
}

/* Patched items keep their place among the others, new ones stand before what follows them in the
 * patch: the order that the real server makes where the patch does not give one. */
static void strategic_order(const struct field *f, json_t *list, const json_t *old,
                            const json_t *patch)
{
    size_t i = 0, k = 0, n = json_array_size(old), n_patch = json_array_size(patch);
    json_t *sorted = json_array();

    while (i < n_patch || k < n) {
        const json_t *wanted = json_array_get(patch, i), *other = json_array_get(old, k);
        size_t at;

        if (other && (position(f, patch, other) < n_patch)) {
            k++; /* comes with the patch, or was deleted by it */
            continue;
        }
        at = wanted ? position(f, old, wanted) : n;
        if (wanted && (!other || at == n || at < k)) {
            at = position(f, list, wanted);
            json_array_append(sorted, json_array_get(list, at));
            i++;
        } else {
            json_array_append(sorted, json_array_get(list, position(f, list, other)));
            k++;
        }
    }
    json_array_clear(list);
    json_array_extend(list, sorted);
    json_decref(sorted);
}

static void strategic_list(const struct field *f, json_t *list, const json_t *patch)
{
    struct field single = *f;
    json_t *item, *old;
    size_t i;

    single.list = LIST_NONE;
    json_array_foreach((json_t *)patch, i, item)
        if (is_directive(item, "replace"))
            json_array_clear(list);
    old = json_copy(list);
    json_array_foreach((json_t *)patch, i, item) {
        size_t at = position(f, list, item);

        if (is_directive(item, "replace"))
            continue;
        if (is_directive(item, "delete"))
            json_array_remove(list, at);
        else if (at < json_array_size(list))
            strategic_patch(&single, json_array_get(list, at), item);
        else
            json_array_append_new(list, without_directives(item));
    }
    strategic_order(f, list, old, patch);
    json_decref(old);
}

static void strategic_set(json_t *list, const json_t *patch, bool removing)
{
    json_t *item, *old;
    size_t i, k;

    json_array_foreach((json_t *)patch, i, item) {
        bool found = false;

        json_array_foreach(list, k, old)
            if (json_equal(item, old)) {
                found = true;
                if (removing)
                    json_array_remove(list, k);
                break;
            }
        if (!found && !removing)
            json_array_append(list, item);
    }
}

/* The order that the patch asks for; what it does not name stays behind in its old order. */
static void reorder(const struct field *f, json_t *list, const json_t *order)
{
    json_t *sorted = json_array(), *wanted, *item;
    size_t i, k;

    json_array_foreach((json_t *)order, i, wanted)
        json_array_foreach(list, k, item)
            if (f->list == LIST_SET ? json_equal(wanted, item) : same_key(f, wanted, item)) {
                json_array_append(sorted, item);
                json_array_remove(list, k);
                break;
            }
    json_array_extend(sorted, list);
    json_array_clear(list);
    json_array_extend(list, sorted);
    json_decref(sorted);
}

static void retain_keys(json_t *target, const json_t *keep)
{
    const char *key;
    json_t *value, *name;
    void *next;
    size_t i;

    json_object_foreach_safe(target, next, key, value) {
        bool kept = false;

        json_array_foreach((json_t *)keep, i, name)
            kept |= same_text(json_string_value(name), key);
        if (!kept)
            json_object_del(target, key);
    }
}

static void strategic_directive(const struct field *f, json_t *target, const char *key,
                                const json_t *value)
{
    const char *slash = strchr(key, '/'), *name = slash ? slash + 1 : "";
    const struct field *child = field_child(f, name);
    json_t *list = json_object_get(target, name);

    if (!strcmp(key, "$retainKeys"))
        retain_keys(target, value);
    else if (child && list && starts_with(key, "$deleteFromPrimitiveList/"))
        strategic_set(list, value, true);
    else if (child && list && starts_with(key, "$setElementOrder/") &&
             (child->list == LIST_KEYED || child->list == LIST_SET))
        reorder(child, list, value);
}

static void strategic_member(const struct field *f, json_t *target, const char *key,
                             const json_t *value)
{
    const struct field *child = field_child(f, key);
    json_t *old = json_object_get(target, key);

    if (!child)
        child = &field_anything;
    if (json_is_null(value)) {
        json_object_del(target, key);
    } else if (json_is_object(value)) {
        if (!json_is_object(old) || is_directive(value, "replace")) {
            json_object_set_new(target, key, json_object());
            old = json_object_get(target, key);
        }
        if (is_directive(value, "delete"))
            json_object_del(target, key);
        else
            strategic_patch(child, old, value);
    } else if (json_is_array(value) && json_is_array(old) && child->list == LIST_KEYED) {
        strategic_list(child, old, value);
    } else if (json_is_array(value) && json_is_array(old) && child->list == LIST_SET) {
        strategic_set(old, value, false);
    } else if (json_is_array(value) && child->list == LIST_KEYED) {
        json_object_set_new(target, key, json_array());
        strategic_list(child, json_object_get(target, key), value);
    } else {
        json_object_set_new(target, key, json_deep_copy(value));
    }
}

void strategic_patch(const struct field *f, json_t *target, const json_t *patch)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)patch, key, value)
        if (key[0] != '$')
            strategic_member(f, target, key, value);
    json_object_foreach((json_t *)patch, key, value)
        if (key[0] == '$' && strcmp(key, "$patch"))
            strategic_directive(f, target, key, value);
}
