/* YAML events of libyaml made into jansson values. Everything that could grow without bound has
 * one: size, depth, nodes, and what aliases expand to. */
#include "yaml_scalar.h"

#include <gatewatch/config.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum {
    MOST_BYTES = 32 * 1024 * 1024,
    MOST_DEPTH = 64,
    MOST_NODES = 2 * 1000 * 1000,
    MOST_ALIASED = 100 * 1000,      /* nodes that aliases may add */
    MOST_ANCHORS = 1000,
};

struct node_place {
    const json_t *node;
    int line;
};

/* A key by its own address inside the object, which stays as long as the key does. */
struct key_place {
    const char *key;
    int line;
};

struct yaml_places {
    struct node_place *nodes;
    size_t n_nodes, cap_nodes;
    struct key_place *keys;
    size_t n_keys, cap_keys;
};

struct anchor {
    json_t *node;
    size_t size;        /* nodes in it */
    int depth;
};

struct reader {
    yaml_parser_t parser;
    const char *what;
    struct error *err;
    struct yaml_places *places;
    struct map *anchors;
    size_t nodes, aliased;
};

/* A value being made, with what an anchor must know of it. */
struct made {
    json_t *node;
    size_t size;
    int depth;
};

static bool fail_at(struct reader *r, yaml_mark_t at, const char *message)
{
    return error_set(r->err, ERR_CONFIG, "%s:%zu:%zu: %s", r->what, at.line + 1, at.column + 1,
                     message);
}

static bool next(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return true;
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return error_set(r->err, ERR_INTERNAL, "%s: out of memory", r->what);
    if (p->error == YAML_READER_ERROR)
        return error_set(r->err, ERR_CONFIG, "%s:%zu: not text that YAML allows (%s at byte %zu)",
                         r->what, p->mark.line + 1, str_or(p->problem, "bad character"),
                         p->problem_offset);
    return error_set(r->err, ERR_CONFIG, "%s:%zu:%zu: %s%s%s", r->what, p->problem_mark.line + 1,
                     p->problem_mark.column + 1, str_or(p->problem, "not YAML"),
                     p->context ? ", " : "", p->context ? p->context : "");
}

static void note_node(struct reader *r, const json_t *node, yaml_mark_t at)
{
    struct yaml_places *p = r->places;
    /* true, false and null are one value each for the whole program: they have no place. */
    if (json_is_boolean(node) || json_is_null(node))
        return;
    GROW(p->nodes, p->n_nodes, p->cap_nodes);
    p->nodes[p->n_nodes++] = (struct node_place){node, (int)at.line + 1};
}

static void note_key(struct reader *r, json_t *object, const char *key, yaml_mark_t at)
{
    struct yaml_places *p = r->places;
    GROW(p->keys, p->n_keys, p->cap_keys);
    p->keys[p->n_keys++] = (struct key_place){
        json_object_iter_key(json_object_iter_at(object, key)), (int)at.line + 1};
}

/* ---- scalars ---- */

static json_t *from_scalar(const struct yaml_scalar *v)
{
    switch (v->kind) {
    case YAML_NULL: return json_null();
    case YAML_TRUE: return json_true();
    case YAML_FALSE: return json_false();
    case YAML_INTEGER: return json_integer(v->integer);
    case YAML_REAL: return json_real(v->real);
    case YAML_STRING: return NULL;
    }
    return NULL;
}

static bool tag_is(const yaml_event_t *e, const char *tag)
{
    return str_eq((const char *)e->data.scalar.tag, tag);
}

static bool scalar(struct reader *r, const yaml_event_t *e, json_t **ret)
{
    const char *s = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    const char *tag = (const char *)e->data.scalar.tag;
    if (memchr(s, '\0', len))
        return fail_at(r, e->start_mark, "a zero byte in a string");
    bool text =
        tag && (tag_is(e, YAML_STR_TAG) || tag_is(e, "!") || tag_is(e, "tag:yaml.org,2002:binary"));
    bool resolved = tag && !text &&
                    (tag_is(e, YAML_INT_TAG) || tag_is(e, YAML_FLOAT_TAG) ||
                     tag_is(e, YAML_BOOL_TAG) || tag_is(e, YAML_NULL_TAG));
    /* Not shown: an unquoted password that starts with '!' reads as a tag. */
    if (tag && !text && !resolved)
        return error_set(r->err, ERR_CONFIG,
                         "%s:%zu:%zu: unknown tag (quote a value with a leading !)", r->what,
                         e->start_mark.line + 1, e->start_mark.column + 1);
    json_t *value = NULL;
    if (resolved || (!tag && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)) {
        struct yaml_scalar v = yaml_resolve(s, len);
        value = from_scalar(&v);
        if (!value && resolved)
            return fail_at(r, e->start_mark, "the value is not what its tag says");
    }
    if (!value)
        value = json_stringn(s, len);
    if (!value)
        return fail_at(r, e->start_mark, "not valid UTF-8");
    *ret = value;
    return true;
}

/* ---- collections ---- */

static bool node(struct reader *r, yaml_event_t *e, int depth, struct made *ret);

static bool add_up(struct made *whole, const struct made *part)
{
    whole->size += part->size;
    if (part->depth + 1 > whole->depth)
        whole->depth = part->depth + 1;
    return true;
}

static bool sequence(struct reader *r, int depth, struct made *whole)
{
    for (;;) {
        yaml_event_t e;
        if (!next(r, &e))
            return false;
        bool end = e.type == YAML_SEQUENCE_END_EVENT;
        struct made part = {0};
        bool good = end || node(r, &e, depth + 1, &part);
        yaml_event_delete(&e);
        if (!good || end)
            return good;
        add_up(whole, &part);
        json_array_append_new(whole->node, part.node);
    }
}

/* `k` is the key's event; reads the value and puts both into the object. */
static bool pair(struct reader *r, const yaml_event_t *k, int depth, struct made *whole)
{
    if (k->type != YAML_SCALAR_EVENT)
        return fail_at(r, k->start_mark, "a key must be a plain word or a string");
    const char *key = (const char *)k->data.scalar.value;
    if (memchr(key, '\0', k->data.scalar.length))
        return fail_at(r, k->start_mark, "a zero byte in a key");
    if (str_eq(key, "<<") && k->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return fail_at(r, k->start_mark, "merge keys (<<) are not read: write the fields out");
    if (json_object_get(whole->node, key))
        return error_set(r->err, ERR_CONFIG, "%s:%zu:%zu: the key %s stands twice", r->what,
                         k->start_mark.line + 1, k->start_mark.column + 1, key);
    yaml_event_t e;
    if (!next(r, &e))
        return false;
    struct made part = {0};
    bool good = node(r, &e, depth + 1, &part);
    yaml_event_delete(&e);
    if (!good)
        return false;
    add_up(whole, &part);
    if (json_object_set_new(whole->node, key, part.node) < 0)
        return fail_at(r, k->start_mark, "a key that is not valid UTF-8");
    note_key(r, whole->node, key, k->start_mark);
    return true;
}

static bool mapping(struct reader *r, int depth, struct made *whole)
{
    for (;;) {
        yaml_event_t k;
        if (!next(r, &k))
            return false;
        bool end = k.type == YAML_MAPPING_END_EVENT;
        bool good = end || pair(r, &k, depth, whole);
        yaml_event_delete(&k);
        if (!good || end)
            return good;
    }
}

/* ---- anchors ---- */

static bool alias(struct reader *r, const yaml_event_t *e, int depth, struct made *ret)
{
    const struct anchor *a = map_get(r->anchors, (const char *)e->data.alias.anchor);
    if (!a)
        return fail_at(r, e->start_mark, "an alias to an anchor that is not (or not yet) there");
    r->aliased += a->size;
    if (r->aliased > MOST_ALIASED)
        return fail_at(r, e->start_mark, "aliases expand to too much");
    if (depth + a->depth > MOST_DEPTH)
        return fail_at(r, e->start_mark, "nested too deeply");
    /* A copy: a tree in which one node hangs twice could not be changed, or walked, safely. */
    *ret = (struct made){json_deep_copy(a->node), a->size, a->depth};
    return true;
}

static bool remember(struct reader *r, const yaml_char_t *name, const struct made *m,
                     yaml_mark_t at)
{
    if (!name)
        return true;
    struct anchor *a = map_get(r->anchors, (const char *)name);
    if (!a) {
        if (map_count(r->anchors) >= MOST_ANCHORS)
            return fail_at(r, at, "too many anchors");
        a = xcalloc(1, sizeof *a);
        map_put(r->anchors, (const char *)name, a);
    }
    json_decref(a->node);
    *a = (struct anchor){json_incref(m->node), m->size, m->depth};
    return true;
}

static void forget(const char *name, void *value, void *ctx)
{
    struct anchor *a = value;
    (void)name, (void)ctx;
    json_decref(a->node);
    free(a);
}

static bool node(struct reader *r, yaml_event_t *e, int depth, struct made *ret)
{
    struct made m = {.size = 1, .depth = 1};
    const yaml_char_t *name = NULL;
    bool good = false;
    if (depth > MOST_DEPTH)
        return fail_at(r, e->start_mark, "nested too deeply");
    if (++r->nodes > MOST_NODES)
        return fail_at(r, e->start_mark, "too many values");
    if (e->type == YAML_SCALAR_EVENT) {
        name = e->data.scalar.anchor;
        good = scalar(r, e, &m.node);
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        name = e->data.sequence_start.anchor;
        m.node = json_array();
        good = sequence(r, depth, &m);
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        name = e->data.mapping_start.anchor;
        m.node = json_object();
        good = mapping(r, depth, &m);
    } else if (e->type == YAML_ALIAS_EVENT) {
        good = alias(r, e, depth, &m);
    } else {
        return fail_at(r, e->start_mark, "a value is missing");
    }
    if (!good || !remember(r, name, &m, e->start_mark)) {
        json_decref(m.node);
        return false;
    }
    note_node(r, m.node, e->start_mark);
    *ret = m;
    return true;
}

/* ---- documents ---- */

static int by_node(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct node_place *)a)->node,
              y = (uintptr_t)((const struct node_place *)b)->node;
    return (x > y) - (x < y);
}

static int by_key(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct key_place *)a)->key,
              y = (uintptr_t)((const struct key_place *)b)->key;
    return (x > y) - (x < y);
}

static void places_free(struct yaml_places *p)
{
    if (!p)
        return;
    free(p->nodes);
    free(p->keys);
    free(p);
}

/* Reads one document's root after its start event. */
static bool document(struct reader *r, struct yaml_doc *ret)
{
    yaml_event_t e;
    if (!next(r, &e))
        return false;
    struct made m = {0};
    r->places = xcalloc(1, sizeof *r->places);
    r->anchors = map_new();
    int line = (int)e.start_mark.line + 1;
    bool good = node(r, &e, 1, &m);
    yaml_event_delete(&e);
    map_each(r->anchors, forget, NULL);
    map_free(r->anchors);
    r->anchors = NULL;
    if (good && next(r, &e)) {      /* the document's end */
        yaml_event_delete(&e);
        if (r->places->n_nodes)
            qsort(r->places->nodes, r->places->n_nodes, sizeof *r->places->nodes, by_node);
        if (r->places->n_keys)
            qsort(r->places->keys, r->places->n_keys, sizeof *r->places->keys, by_key);
        *ret = (struct yaml_doc){m.node, line, r->places};
        return true;
    }
    json_decref(m.node);
    places_free(r->places);
    return false;
}

static bool documents(struct reader *r, struct yaml_doc **docs, size_t *n)
{
    size_t cap = 0;
    for (;;) {
        yaml_event_t e;
        if (!next(r, &e))
            return false;
        yaml_event_type_t type = e.type;
        yaml_event_delete(&e);
        if (type == YAML_STREAM_END_EVENT)
            return true;
        if (type != YAML_DOCUMENT_START_EVENT)
            continue;
        struct yaml_doc doc;
        if (!document(r, &doc))
            return false;
        if (json_is_null(doc.root)) {
            json_decref(doc.root);
            places_free(doc.places);
            continue;
        }
        GROW(*docs, *n, cap);
        (*docs)[(*n)++] = doc;
    }
}

static int json_depth(const json_t *v)
{
    int deepest = 0;
    size_t i;
    const json_t *item;
    const char *key;
    if (json_is_array(v))
        json_array_foreach(v, i, item) {
            int d = json_depth(item);
            deepest = d > deepest ? d : deepest;
        }
    else if (json_is_object(v))
        json_object_foreach((json_t *)(uintptr_t)v, key, item) {
            int d = json_depth(item);
            deepest = d > deepest ? d : deepest;
        }
    return deepest + 1;
}

/* JSON is not quite a part of YAML as libyaml reads it (escaped surrogate pairs, for one). Places
 * are not known then. */
static bool as_json(const char *bytes, size_t len, struct yaml_doc **docs, size_t *n)
{
    size_t i = 0;
    while (i < len && strchr(" \t\r\n", bytes[i]) && bytes[i])
        i++;
    if (i == len || (bytes[i] != '{' && bytes[i] != '['))
        return false;
    json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
    if (!root || json_depth(root) > MOST_DEPTH) {
        json_decref(root);
        return false;
    }
    *docs = xcalloc(1, sizeof **docs);
    **docs = (struct yaml_doc){root, 1, xcalloc(1, sizeof(struct yaml_places))};
    *n = 1;
    return true;
}

bool yaml_parse(const char *bytes, size_t len, const char *what, struct yaml_doc **ret_docs,
                size_t *ret_n, struct error *err)
{
    if (len > MOST_BYTES)
        return error_set(err, ERR_CONFIG, "%s: larger than %d bytes", what, MOST_BYTES);
    struct error found = {0};
    struct reader r = {.what = what, .err = &found};
    if (!yaml_parser_initialize(&r.parser))
        return error_set(err, ERR_INTERNAL, "%s: out of memory", what);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, len);
    struct yaml_doc *docs = NULL;
    size_t n = 0;
    bool good = documents(&r, &docs, &n);
    yaml_parser_delete(&r.parser);
    if (!good) {
        yaml_docs_free(docs, n);
        docs = NULL;
        n = 0;
        if (!as_json(bytes, len, &docs, &n)) {
            if (err)
                *err = found;
            return false;
        }
    }
    *ret_docs = docs;
    *ret_n = n;
    return true;
}

void yaml_docs_free(struct yaml_doc *docs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        json_decref(docs[i].root);
        places_free(docs[i].places);
    }
    free(docs);
}

int yaml_line(const struct yaml_doc *doc, const json_t *value)
{
    const struct yaml_places *p = doc->places;
    struct node_place wanted = {.node = value};
    if (!value || !p || !p->n_nodes)
        return 0;
    const struct node_place *found =
        bsearch(&wanted, p->nodes, p->n_nodes, sizeof *p->nodes, by_node);
    return found ? found->line : 0;
}

int yaml_key_line(const struct yaml_doc *doc, const json_t *object, const char *key)
{
    const struct yaml_places *p = doc->places;
    void *at = json_object_iter_at((json_t *)(uintptr_t)object, key);
    if (!at || !p || !p->n_keys)
        return 0;
    struct key_place wanted = {.key = json_object_iter_key(at)};
    const struct key_place *found = bsearch(&wanted, p->keys, p->n_keys, sizeof *p->keys, by_key);
    return found ? found->line : 0;
}
