#include "kube_fields.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- structure ------------------------------------------------------------------------------- */

/* Whether a value is one field in itself; otherwise its parts are. */
static bool is_leaf(const struct field *f, const json_t *value)
{
    if (f->atomic)
        return true;
    if (json_is_array(value))
        return f->list != LIST_KEYED && f->list != LIST_SET;
    if (!json_is_object(value))
        return true;
    return json_object_size(value) == 0;
}

/* The schema of one element of a list. */
static struct field element(const struct field *f)
{
    struct field single = *f;

    single.list = LIST_NONE;
    single.atomic = false;
    return single;
}

/* Optional structures of built-in kinds, which are pointers in Go and so are named themselves. */
static bool is_pointer(const char *name)
{
    static const char *const names[] = {"rollingUpdate", "readinessProbe", "livenessProbe",
                                        "startupProbe",  "httpGet",        "valueFrom"};

    for (size_t i = 0; name && i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

static bool names_itself(const struct field *f, const json_t *value, enum dots dots)
{
    if (dots == DOTS_APPLY)
        return false;
    if (dots == DOTS_CUSTOM || f->type == FIELD_MAP)
        return true;
    return json_is_array(value) ? !same_text(f->name, "containers") : is_pointer(f->name);
}

static json_t *fields_of(const struct field *f, const json_t *value, enum dots dots)
{
    json_t *set = json_object(), *item;
    const char *key;
    size_t i;

    if (is_leaf(f, value))
        return set;
    if (names_itself(f, value, dots))
        json_object_set_new(set, ".", json_object());
    if (json_is_array(value)) {
        struct field single = element(f);

        json_array_foreach((json_t *)value, i, item) {
            char *id = f->list == LIST_SET ? json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY)
                                           : item_key(f, item);
            char *name = format_text("%s:%s", f->list == LIST_SET ? "v" : "k", id);
            json_t *inner = f->list == LIST_SET ? json_object() : fields_of(&single, item, dots);

            if (f->list == LIST_KEYED)
                json_object_set_new(inner, ".", json_object());
            json_object_set_new(set, name, inner);
            free(id);
            free(name);
        }
        return set;
    }
    json_object_foreach((json_t *)value, key, item) {
        const struct field *child = field_child(f, key);
        char *name = format_text("f:%s", key);

        if (!json_is_null(item))
            json_object_set_new(set, name, fields_of(child ? child : &field_anything, item, dots));
        free(name);
    }
    return set;
}

/* Nobody owns the identity and what the server itself sets. */
static json_t *strip(json_t *set)
{
    static const char *const owned[] = {"f:labels", "f:annotations", "f:finalizers",
                                        "f:ownerReferences"};
    json_t *meta = json_object_get(set, "f:metadata"), *kept;

    if (!set)
        return NULL;
    json_object_del(set, ".");
    json_object_del(set, "f:apiVersion");
    json_object_del(set, "f:kind");
    if (meta) {
        kept = json_object();
        for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
            if (json_object_get(meta, owned[i]))
                json_object_set(kept, owned[i], json_object_get(meta, owned[i]));
        if (json_object_size(kept))
            json_object_set(set, "f:metadata", kept);
        else
            json_object_del(set, "f:metadata");
        json_decref(kept);
    }
    return set;
}

json_t *fields_of_object(const struct field *f, const json_t *object, enum dots dots)
{
    return strip(fields_of(f, object, dots));
}

/* ---- differences ----------------------------------------------------------------------------- */

/* The value of a child in the other object: an item by its key, a member of a set by its value. */
static const json_t *counterpart(const struct field *f, const json_t *other, const json_t *item)
{
    json_t *candidate;
    const json_t *found = NULL;
    size_t i;
    char *id;

    if (f->list == LIST_SET) {
        json_array_foreach((json_t *)other, i, candidate)
            if (json_equal(candidate, item))
                found = candidate;
        return found;
    }
    id = item_key(f, item);
    found = find_item(f, other, id, NULL);
    free(id);
    return found;
}

/* What `now` has that `before` has not, or has otherwise; NULL when nothing. With `missing_only`
 * only what `before` lacks. */
static json_t *difference(const struct field *f, const json_t *before, const json_t *now,
                          bool missing_only, enum dots dots)
{
    json_t *set, *item, *inner;
    const char *key;
    size_t i;

    if (!before)
        return fields_of(f, now, dots);
    if (before == now || json_equal(before, now))
        return NULL;
    if (is_leaf(f, now) || is_leaf(f, before) || json_typeof(before) != json_typeof(now))
        return missing_only ? NULL : fields_of(f, now, dots);
    set = json_object();
    if (json_is_array(now)) {
        struct field single = element(f);

        json_array_foreach((json_t *)now, i, item) {
            const json_t *other = counterpart(f, before, item);
            char *id = f->list == LIST_SET ? json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY)
                                           : item_key(f, item);
            char *name = format_text("%s:%s", f->list == LIST_SET ? "v" : "k", id);

            inner = f->list == LIST_SET ? (other ? NULL : json_object())
                                        : difference(&single, other, item, missing_only, dots);
            if (inner && !other && f->list == LIST_KEYED)
                json_object_set_new(inner, ".", json_object());
            if (inner)
                json_object_set_new(set, name, inner);
            free(id);
            free(name);
        }
    } else {
        json_object_foreach((json_t *)now, key, item) {
            const struct field *child = field_child(f, key);
            const json_t *other = json_object_get(before, key);
            char *name = format_text("f:%s", key);

            inner = json_is_null(item) ? NULL
                                       : difference(child ? child : &field_anything, other, item,
                                                    missing_only, dots);
            if (inner)
                json_object_set_new(set, name, inner);
            free(name);
        }
    }
    if (json_object_size(set))
        return set;
    json_decref(set);
    return NULL;
}

json_t *fields_changed(const struct field *f, const json_t *before, const json_t *now,
                       enum dots dots)
{
    return strip(difference(f, before, now, false, dots));
}

json_t *fields_removed(const struct field *f, const json_t *before, const json_t *now)
{
    return before ? strip(difference(f, now, before, true, DOTS_CUSTOM)) : NULL;
}

/* ---- sets ------------------------------------------------------------------------------------ */

static bool has_self(const json_t *node)
{
    return node && (!json_object_size(node) || json_object_get(node, "."));
}

json_t *fields_union(const json_t *a, const json_t *b)
{
    json_t *set, *value;
    const char *key;

    if (!a || !b)
        return json_deep_copy(a ? a : b);
    set = json_deep_copy(a);
    json_object_foreach((json_t *)b, key, value) {
        const json_t *mine = json_object_get(a, key);

        json_object_set_new(set, key, mine ? fields_union(mine, value) : json_deep_copy(value));
    }
    if (json_object_size(set) && (!json_object_size(a) || !json_object_size(b)))
        json_object_set_new(set, ".", json_object());
    return set;
}

json_t *fields_without(const json_t *a, const json_t *b)
{
    json_t *set, *value;
    const char *key;

    if (!a || !b)
        return json_deep_copy(a);
    set = json_object();
    if (has_self(a) && !has_self(b) && json_object_size(a) == 0)
        return set;
    if (!json_object_size(a)) {
        json_decref(set);
        return NULL;
    }
    json_object_foreach((json_t *)a, key, value) {
        const json_t *other = json_object_get(b, key);
        json_t *left;

        if (!strcmp(key, "."))
            left = has_self(b) ? NULL : json_object();
        else
            left = fields_without(value, other);
        if (left)
            json_object_set_new(set, key, left);
    }
    if (!json_object_size(set)) {
        json_decref(set);
        return NULL;
    }
    if (json_object_size(set) == 1)
        json_object_del(set, "."); /* alone it is a leaf */
    return set;
}

/* ---- walking objects by a set ---------------------------------------------------------------- */

/* The part of a value that an element of the set names, and its schema. */
static json_t *part(const struct field *f, const json_t *value, const char *element_name,
                    struct field *out)
{
    const char *id = element_name + 2;
    json_t *item;
    size_t i;

    if (starts_with(element_name, "f:")) {
        const struct field *child = field_child(f, id);

        *out = child ? *child : field_anything;
        return json_object_get(value, id);
    }
    *out = element(f);
    if (starts_with(element_name, "k:"))
        return json_is_array(value) ? find_item(f, value, id, NULL) : NULL;
    json_array_foreach((json_t *)value, i, item) {
        char *text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);
        bool same = !strcmp(text, id);

        free(text);
        if (same)
            return item;
    }
    return NULL;
}

/* ".spec.ports[port=80,protocol="TCP"].name" */
static char *path_of(const char *path, const char *element_name)
{
    const char *id = element_name + 2, *name;
    struct buffer b = {0};
    json_t *key, *value;
    bool first = true;

    if (starts_with(element_name, "f:"))
        return format_text("%s.%s", path, id);
    if (starts_with(element_name, "v:"))
        return format_text("%s[=%s]", path, id);
    key = json_loads(id, 0, NULL);
    buffer_printf(&b, "%s[", path);
    json_object_foreach(key, name, value) {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        buffer_printf(&b, "%s%s=%s", first ? "" : ",", name, text);
        first = false;
        free(text);
    }
    buffer_puts(&b, "]");
    json_decref(key);
    return buffer_take(&b);
}

json_t *fields_conflicts(const struct field *f, const json_t *a, const json_t *b,
                         const json_t *object, const json_t *other, const char *path, json_t *paths)
{
    json_t *set = json_object(), *inner;
    const char *name;
    json_t *mine;

    json_object_foreach((json_t *)a, name, mine) {
        const json_t *theirs = json_object_get(b, name);
        const json_t *here, *there;
        struct field child;
        char *where;

        if (!theirs || !strcmp(name, "."))
            continue;
        here = part(f, object, name, &child);
        there = part(f, other, name, &child);
        where = path_of(path, name);
        /* A field that was taken away is nobody's to defend. */
        if ((!json_object_size(mine) || !json_object_size(theirs)) && here && there &&
            !json_equal(here, there) && (is_leaf(&child, here) || is_leaf(&child, there))) {
            json_object_set_new(set, name, json_object());
            json_array_append_new(paths, json_string(where));
        } else if (json_object_size(mine) && json_object_size(theirs)) {
            inner = fields_conflicts(&child, mine, theirs, here, there, where, paths);
            if (inner)
                json_object_set_new(set, name, inner);
        }
        free(where);
    }
    if (json_object_size(set))
        return set;
    json_decref(set);
    return NULL;
}

static void delete_part(json_t *value, const char *name, const json_t *item)
{
    json_t *candidate;
    size_t i;

    if (json_is_object(value)) {
        json_object_del(value, name + 2);
        return;
    }
    json_array_foreach(value, i, candidate)
        if (candidate == item) {
            json_array_remove(value, i);
            return;
        }
}

void fields_delete(const struct field *f, json_t *object, const json_t *set)
{
    const char *name;
    json_t *node;

    json_object_foreach((json_t *)set, name, node) {
        struct field child;
        json_t *item;

        if (!strcmp(name, "."))
            continue;
        item = part(f, object, name, &child);
        if (!item)
            continue;
        if (!is_leaf(&child, item) && json_object_size(node))
            fields_delete(&child, item, node);
        /* A leaf goes; so does an item of a keyed list that was ours, and a container that we made
         * and emptied. */
        if (is_leaf(&child, item) ? has_self(node)
                                  : starts_with(name, "k:") && json_object_get(node, "."))
            delete_part(object, name, item);
    }
}
