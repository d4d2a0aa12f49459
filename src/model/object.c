/* The header that every object has, decoded once by common rules; then the kind's own table. */
#include "managed.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SCRATCH = 16 * 1024, MOST_OWNERS = 64 };

const char *pairs_get(const struct pairs *p, const char *key)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->items[i].key, key) == 0)
            return p->items[i].value;
    return NULL;
}

bool strings_have(const struct strings *list, const char *s)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->items[i], s))
            return true;
    return false;
}

bool strings_have_nocase(const struct strings *list, const char *s)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq_nocase(list->items[i], s))
            return true;
    return false;
}

const struct object *object_ref(const struct object *o)
{
    /* Counting is the one change that an immutable object knows. */
    if (o)
        atomic_fetch_add_explicit(&((struct object *)o)->refs, 1, memory_order_relaxed);
    return o;
}

void object_unref(const struct object *o)
{
    struct object *mine = (struct object *)o;
    if (!mine || atomic_fetch_sub_explicit(&mine->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct arena arena = mine->arena;   /* the object lies in its own arena */
    arena_free(&arena);
}

int object_compare(const struct object *o, const char *namespace, const char *name)
{
    if (o->kind->origin == ORIGIN_ARM) {
        int order = strcasecmp(o->namespace, namespace);
        return order ? order : strcasecmp(o->name, name);
    }
    int order = strcmp(o->namespace, namespace);
    return order ? order : strcmp(o->name, name);
}

bool arm_id_part(const char *id, const char *name, char *out, size_t cap)
{
    if (!id)
        return false;
    const char *found = NULL;
    size_t found_len = 0;
    for (const char *at = id; *at;) {
        at += *at == '/';
        size_t len = strcspn(at, "/");
        const char *next = at + len;
        if (!name && len) {
            found = at;
            found_len = len;
        } else if (name && len == strlen(name) && strncasecmp(at, name, len) == 0 && *next == '/') {
            found = next + 1;
            found_len = strcspn(found, "/");
            break;
        }
        at = next;
    }
    if (!found || !found_len || found_len >= cap)
        return false;
    memcpy(out, found, found_len);
    out[found_len] = '\0';
    return true;
}

/* ---- header ----------------------------------------------------------------------------------------------------------- */

static int64_t time_of(const json_t *value)
{
    int64_t ms = 0;
    const char *s = json_string_value(value);
    if (s)
        clock_parse_rfc3339(s, &ms);
    return ms;
}

static void decode_owners(struct object *o, const json_t *list)
{
    size_t n = json_array_size(list);
    if (!n || n > MOST_OWNERS)
        return;
    o->owners.items = arena_alloc(&o->arena, n * sizeof *o->owners.items);
    for (size_t i = 0; i < n; i++) {
        const json_t *owner = json_array_get(list, i);
        if (!json_is_object(owner))
            continue;
        o->owners.items[o->owners.n++] = (struct owner){
            .kind = json_word(&o->arena, json_object_get(owner, "kind")),
            .name = json_word(&o->arena, json_object_get(owner, "name")),
            .uid = json_word(&o->arena, json_object_get(owner, "uid")),
        };
    }
}

/* Ownership of fields is asked where a fix may want to write; elsewhere it would be the largest part of an object. */
static bool wants_managers(const struct object *o, const json_t *json)
{
    const char *kind = o->kind->name;
    if (str_eq(kind, "Gateway") || str_eq(kind, "ConfigMap"))
        return true;
    if (str_eq(kind, "Service")) {
        const char *type = json_string_value(json_object_get(json_object_get(json, "spec"), "type"));
        return str_eq(type, "LoadBalancer") || str_eq(type, "NodePort");
    }
    return str_eq(pairs_get(&o->labels, "app.kubernetes.io/managed-by"), "gatewatch");
}

static bool decode_kubernetes_header(struct object *o, const json_t *json, struct error *err)
{
    const json_t *meta = json_object_get(json, "metadata");
    o->name = json_word(&o->arena, json_object_get(meta, "name"));
    if (!*o->name)
        return error_set(err, ERR_PROTOCOL, "a %s without a name", o->kind->name);
    o->namespace = json_word(&o->arena, json_object_get(meta, "namespace"));
    o->uid = json_word(&o->arena, json_object_get(meta, "uid"));
    o->resource_version = json_word(&o->arena, json_object_get(meta, "resourceVersion"));
    o->created_ms = time_of(json_object_get(meta, "creationTimestamp"));
    o->generation = json_integer_value(json_object_get(meta, "generation"));
    o->deleting = json_is_string(json_object_get(meta, "deletionTimestamp"));
    if (o->kind->slim)
        return true;
    json_pairs(&o->arena, json_object_get(meta, "labels"), false, &o->labels);
    json_pairs(&o->arena, json_object_get(meta, "annotations"), false, &o->annotations);
    decode_owners(o, json_object_get(meta, "ownerReferences"));
    if (wants_managers(o, json))
        managed_decode(o, json_object_get(meta, "managedFields"));
    return true;
}

static bool decode_arm_header(struct object *o, const char *id, const json_t *json, struct error *err)
{
    char part[256];
    if (id) {
        FREE_AUTO char *clean = text_clean_dup(id, strlen(id), false);
        o->uid = arena_dup(&o->arena, clean);
    } else {
        o->uid = json_word(&o->arena, json_object_get(json, "id"));
    }
    o->name = id ? "" : json_word(&o->arena, json_object_get(json, "name"));
    if (!*o->name)
        o->name = arm_id_part(o->uid, NULL, part, sizeof part) ? arena_dup(&o->arena, part) : "";
    if (!*o->name || !*o->uid)
        return error_set(err, ERR_PROTOCOL, "a %s without a name or an id", o->kind->name);
    o->namespace = arm_id_part(o->uid, "resourceGroups", part, sizeof part) ? arena_dup(&o->arena, part) : "";
    const json_t *etag = json_object_get(json, "etag");
    o->resource_version = json_word(&o->arena, etag ? etag : json_object_get(json, "eTag"));
    if (!id)
        json_pairs(&o->arena, json_object_get(json, "tags"), false, &o->labels);
    return true;
}

/* ---- decoding ------------------------------------------------------------------------------------------------------------ */

static struct object *decode_sized(const struct kind *kind, const char *id, int64_t wall_ms, const json_t *json,
                                   size_t hint, struct error *err)
{
    struct arena arena = {.hint = hint};
    struct object *o = arena_alloc(&arena, kind->size);
    o->kind = kind;
    o->arena = arena;
    o->namespace = o->name = o->uid = o->resource_version = "";
    o->created_ms = wall_ms;
    atomic_init(&o->refs, 1);
    bool fine = kind->origin == ORIGIN_ARM ? decode_arm_header(o, id, json, err)
                                           : decode_kubernetes_header(o, json, err);
    if (fine && (!kind->decode || kind->decode(o, json, err)))
        return o;
    object_unref(o);
    return NULL;
}

/* Twice: the first time measures, so that the second takes one piece of memory of exactly that size. Parsing the text
 * costs many times as much, and objects live long. */
static const struct object *decode(const struct kind *kind, const char *id, int64_t wall_ms, const json_t *json,
                                   struct error *err)
{
    if (!json_is_object(json)) {
        error_set(err, ERR_PROTOCOL, "a %s that is not a JSON object", kind->name);
        return NULL;
    }
    struct object *first = decode_sized(kind, id, wall_ms, json, SCRATCH, err);
    if (!first)
        return NULL;
    size_t used = arena_used(&first->arena);
    struct object *tight = decode_sized(kind, id, wall_ms, json, used, err);
    object_unref(first);
    return tight;
}

const struct object *object_decode(const struct kind *kind, const struct json_t *json, struct error *err)
{
    return decode(kind, NULL, 0, json, err);
}

const struct object *object_decode_report(const struct kind *kind, const char *id, int64_t wall_ms,
                                          const struct json_t *body, struct error *err)
{
    return decode(kind, id, wall_ms, body, err);
}
