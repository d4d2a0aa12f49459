/* YAML overlays merged as strategic merge patches do: null deletes, lists of named things merge by
 * their key. */
#include "azure.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* ---- YAML to JSON ------------------------------------------------------------------------- */

static json_t *scalar(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    char *end;

    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return json_string(text);
    if (!*text || strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
        return json_null();
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(text[0] == 't');
    long long number = strtoll(text, &end, 10);
    if (!*end)
        return json_integer(number);
    double real = strtod(text, &end);
    return *end ? json_string(text) : json_real(real);
}

static json_t *convert(yaml_document_t *document, const yaml_node_t *node, int depth)
{
    if (!node || depth > 64)
        return json_null();
    if (node->type == YAML_SCALAR_NODE)
        return scalar(node);
    if (node->type == YAML_SEQUENCE_NODE) {
        json_t *list = json_array();
        for (yaml_node_item_t *at = node->data.sequence.items.start;
             at < node->data.sequence.items.top; at++)
            json_array_append_new(
                list, convert(document, yaml_document_get_node(document, *at), depth + 1));
        return list;
    }
    json_t *map = json_object();
    for (yaml_node_pair_t *at = node->data.mapping.pairs.start; at < node->data.mapping.pairs.top;
         at++) {
        const yaml_node_t *key = yaml_document_get_node(document, at->key);
        if (key && key->type == YAML_SCALAR_NODE)
            json_object_set_new(
                map, (const char *)key->data.scalar.value,
                convert(document, yaml_document_get_node(document, at->value), depth + 1));
    }
    return map;
}

json_t *yaml_to_json(const char *yaml)
{
    yaml_parser_t parser;
    yaml_document_t document;
    json_t *out = NULL;

    if (!yaml || !yaml_parser_initialize(&parser))
        return NULL;
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml, strlen(yaml));
    if (yaml_parser_load(&parser, &document)) {
        out = convert(&document, yaml_document_get_root_node(&document), 0);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return out;
}

/* ---- strategic merge ---------------------------------------------------------------------- */

static void merge(json_t *into, const json_t *patch);

/* Ports, containers, environment: entries with the same key are merged, others are appended. */
static void merge_list(json_t *into, const json_t *patch, const char *key)
{
    size_t i, k;
    json_t *entry, *old;

    json_array_foreach(patch, i, entry) {
        bool found = false;
        json_array_foreach(into, k, old)
            if (json_equal(json_object_get(old, key), json_object_get(entry, key))) {
                merge(old, entry);
                found = true;
                break;
            }
        if (!found)
            json_array_append_new(into, json_deep_copy(entry));
    }
}

static const char *merge_key(const char *member)
{
    static const char *const keys[][2] = {
        { "ports", "port" },          { "containers", "name" },
        { "initContainers", "name" }, { "env", "name" },
        { "volumes", "name" },        { "volumeMounts", "mountPath" },
        { "ownerReferences", "uid" },
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i][0], member) == 0)
            return keys[i][1];
    return NULL;
}

static void merge(json_t *into, const json_t *patch)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)patch, name, value) {
        json_t *old = json_object_get(into, name);
        const char *key = merge_key(name);
        if (json_is_null(value))
            json_object_del(into, name);
        else if (json_is_object(value) && json_is_object(old))
            merge(old, value);
        else if (json_is_array(value) && json_is_array(old) && key)
            merge_list(old, value, key);
        else if (json_is_object(value)) {
            json_t *made = json_object(); /* so that nulls inside do not come along */
            merge(made, value);
            json_object_set_new(into, name, made);
        } else {
            json_object_set_new(into, name, json_deep_copy(value));
        }
    }
}

bool overlay_merge(json_t *object, const char *yaml)
{
    json_t *patch = yaml_to_json(yaml);
    bool good = json_is_object(patch) || json_is_null(patch);

    if (json_is_object(patch))
        merge(object, patch);
    json_decref(patch);
    return good;
}
