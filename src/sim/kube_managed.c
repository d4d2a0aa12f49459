/* metadata.managedFields: who wrote which field last. Entries are those of the API: manager,
 * operation, subresource. */
#include "kube.h"
#include "kube_fields.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));

    return text ? text : "";
}

static bool is_entry(const json_t *entry, const char *manager, const char *operation,
                     const char *subresource)
{
    return !strcmp(text_of(entry, "manager"), manager) &&
           !strcmp(text_of(entry, "operation"), operation) &&
           same_text(text_of(entry, "subresource"), subresource);
}

static json_t *make_entry(struct world *world, const struct table *table, const char *manager,
                          const char *operation, const char *subresource, const char *version,
                          json_t *set)
{
    char *now = world_time(world),
         *first = xstrndup(table->kind->versions, strcspn(table->kind->versions, ","));
    char *gv = group_version(table->kind, version ? version : first);
    json_t *entry =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "manager", manager, "operation", operation,
                  "apiVersion", gv, "time", now, "fieldsType", "FieldsV1", "fieldsV1", set);

    if (subresource && *subresource)
        json_object_set_new(entry, "subresource", json_string(subresource));
    free(now);
    free(first);
    free(gv);
    return entry;
}

static json_t *entries_of(const json_t *object)
{
    json_t *list = json_object_get(json_object_get(object, "metadata"), "managedFields");

    return json_is_array(list) ? list : NULL;
}

static void set_entries(json_t *object, json_t *list)
{
    json_t *meta = json_object_get(object, "metadata");

    if (json_array_size(list))
        json_object_set(meta, "managedFields", list);
    else
        json_object_del(meta, "managedFields");
    json_decref(list);
}

static json_t *minus_both(const json_t *set, const json_t *a, const json_t *b)
{
    json_t *less = fields_without(set, a), *least = fields_without(less, b);

    json_decref(less);
    return least;
}

/* A write that says what it changes by changing it: what changed is the writer's from now on. */
void managed_record(struct world *world, struct table *table, json_t *object, const json_t *before,
                    const char *manager, const char *operation, const char *subresource)
{
    const struct field *schema = schema_of(table->kind);
    enum dots dots = table->kind->custom ? DOTS_CUSTOM : DOTS_BUILTIN;
    json_t *changed = fields_changed(schema, before, object, dots),
           *removed = fields_removed(schema, before, object);
    json_t *list = json_array(), *entry, *mine = NULL;
    size_t i;

    json_array_foreach(entries_of(before), i, entry) {
        json_t *set = json_object_get(entry, "fieldsV1"), *left;
        bool own = is_entry(entry, manager, operation, subresource);

        if (!changed && !removed) {
            json_array_append(list, entry);
            continue;
        }
        left = own ? fields_without(set, removed) : minus_both(set, changed, removed);
        if (own) {
            mine = left;
        } else if (left) {
            json_t *kept = json_copy(entry);

            json_object_set_new(kept, "fieldsV1", left);
            json_array_append_new(list, kept);
        }
    }
    if (changed || removed) {
        json_t *set = fields_union(mine, changed);

        if (set)
            json_array_append_new(
                list, make_entry(world, table, manager, operation, subresource, NULL, set));
    }
    json_decref(mine);
    json_decref(changed);
    json_decref(removed);
    set_entries(object, list);
}

/* ---- apply ----------------------------------------------------------------------------------- */

static json_t *merge(const struct field *f, const json_t *live, const json_t *intent);

static json_t *merge_list(const struct field *f, const json_t *live, const json_t *intent)
{
    struct field single = *f;
    json_t *result = json_copy((json_t *)live), *item;
    size_t i, at;

    single.list = LIST_NONE;
    json_array_foreach((json_t *)intent, i, item) {
        char *id = item_key(f, item);
        const json_t *old = find_item(f, result, id, &at);

        if (old)
            json_array_set_new(result, at, merge(&single, old, item));
        else
            json_array_append_new(result, json_deep_copy(item));
        free(id);
    }
    return result;
}

static json_t *merge_set(const json_t *live, const json_t *intent)
{
    json_t *result = json_copy((json_t *)live), *item, *other;
    size_t i, k;

    json_array_foreach((json_t *)intent, i, item) {
        bool there = false;

        json_array_foreach(result, k, other)
            there |= json_equal(other, item);
        if (!there)
            json_array_append(result, item);
    }
    return result;
}

/* The live value with the intent laid over it; shares what it does not change. */
static json_t *merge(const struct field *f, const json_t *live, const json_t *intent)
{
    json_t *result, *item;
    const char *key;

    if (!live || f->atomic || json_typeof(live) != json_typeof(intent))
        return json_deep_copy(intent);
    if (json_is_array(intent))
        return f->list == LIST_KEYED ? merge_list(f, live, intent)
               : f->list == LIST_SET ? merge_set(live, intent)
                                     : json_deep_copy(intent);
    if (!json_is_object(intent))
        return json_deep_copy(intent);
    result = json_copy((json_t *)live);
    json_object_foreach((json_t *)intent, key, item) {
        const struct field *child = field_child(f, key);

        if (!json_is_null(item))
            json_object_set_new(
                result, key,
                merge(child ? child : &field_anything, json_object_get(live, key), item));
    }
    return result;
}

/* `"kubectl-edit" using v1`: an updater is named with the version that it spoke. */
static json_t *describe(const json_t *entry)
{
    const char *subresource = text_of(entry, "subresource");
    bool update = !strcmp(text_of(entry, "operation"), "Update");

    return json_sprintf("\"%s\"%s%s%s%s%s", text_of(entry, "manager"),
                        *subresource ? " with subresource \"" : "", subresource,
                        *subresource ? "\"" : "", update ? " using " : "",
                        update ? text_of(entry, "apiVersion") : "");
}

/* Conflicts with one other entry; with force they are taken from it. Returns the entry as it stays,
 * or NULL. */
static json_t *settle_entry(const struct field *schema, json_t *entry, const json_t *set,
                            const json_t *intent, const json_t *live, bool force, json_t *conflicts)
{
    json_t *theirs = json_object_get(entry, "fieldsV1"), *paths = json_array(), *path, *lost,
           *kept = json_incref(entry);
    size_t i;

    lost = fields_conflicts(schema, set, theirs, intent, live, "", paths);
    if (lost && force) {
        json_t *left = fields_without(theirs, lost);

        json_decref(kept);
        kept = left ? json_copy(entry) : NULL;
        if (left)
            json_object_set_new(kept, "fieldsV1", left);
    }
    json_array_foreach(paths, i, path)
        if (!force)
            json_array_append_new(conflicts,
                                  json_pack("{s:o, s:O}", "with", describe(entry), "path", path));
    json_decref(paths);
    json_decref(lost);
    return kept;
}

json_t *managed_apply(struct world *world, struct table *table, const json_t *live, json_t *intent,
                      const char *manager, const char *subresource, const char *version, bool force,
                      json_t *conflicts)
{
    const struct field *schema = schema_of(table->kind);
    json_t *list = json_array(), *entry, *set, *old = NULL, *gone, *result;
    size_t i;

    /* Lists that are replaced as a whole are compared as the caller wrote them, without defaults:
     * the real server finds conflicts there, too. */
    set = fields_of_object(schema, intent, DOTS_APPLY);
    result = live ? merge(schema, live, intent) : json_deep_copy(intent);
    json_array_foreach(entries_of(live), i, entry) {
        json_t *kept;

        if (is_entry(entry, manager, "Apply", subresource)) {
            old = json_object_get(entry, "fieldsV1");
            continue;
        }
        kept = settle_entry(schema, entry, set, intent, live, force, conflicts);
        if (kept)
            json_array_append_new(list, kept);
    }
    gone = fields_without(old, set);
    json_array_foreach(list, i, entry) {
        json_t *less = fields_without(gone, json_object_get(entry, "fieldsV1"));

        json_decref(gone);
        gone = less;
    }
    if (gone) {
        json_t *own = json_deep_copy(result);

        json_decref(result);
        result = own;
        fields_delete(schema, result, gone);
    }
    json_decref(gone);
    json_object_set_new(result, "metadata", json_copy(json_object_get(result, "metadata")));
    if (old && json_equal(old, set)) {
        json_array_foreach(entries_of(live), i, entry)
            if (is_entry(entry, manager, "Apply", subresource))
                json_array_append(list, entry);
        json_decref(set);
    } else {
        json_array_append_new(
            list, make_entry(world, table, manager, "Apply", subresource, version, set));
    }
    set_entries(result, list);
    return result;
}
