#include "yaml.h"
#include "kube.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 100

static bool one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(text, *words))
            return true;
    return false;
}

static bool is_integer(const char *text, json_int_t *out)
{
    const char *p = text + (*text == '-' || *text == '+');
    char *digits, *end;
    size_t n = 0;
    int base = 10;

    if (starts_with(p, "0x"))
        base = 16;
    else if (starts_with(p, "0b"))
        base = 2;
    else if (starts_with(p, "0o") || (*p == '0' && p[1]))
        base = 8;
    p += base == 16 || base == 2 || starts_with(p, "0o") ? 2 : 0;
    if (!*p)
        return false;
    digits = xcalloc(strlen(p) + 2, 1);
    for (; *p; p++)
        if (*p != '_')
            digits[n++] = *p;
    errno = 0;
    *out = strtoll(digits, &end, base);
    if (*text == '-')
        *out = -*out;
    n = (n && !*end && !errno && digits[0] != '-' && digits[0] != '+' && digits[0] != ' ');
    free(digits);
    return n;
}

static bool is_float(const char *text, double *out)
{
    const char *p = text + (*text == '-' || *text == '+');
    char *end;

    if (p[strspn(p, "0123456789.eE+-")] || !strpbrk(p, "0123456789") || *p == 'e' || *p == 'E')
        return false;
    *out = strtod(text, &end);
    return !*end;
}

static json_t *plain_scalar(const char *text)
{
    static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes",
                                      "YES",  "on",   "On",   "ON",  NULL};
    static const char *const no[] = {"false", "False", "FALSE", "no",  "No",
                                     "NO",    "off",   "Off",   "OFF", NULL};
    static const char *const none[] = {"", "~", "null", "Null", "NULL", NULL};
    json_int_t integer;
    double number;

    if (one_of(text, yes))
        return json_true();
    if (one_of(text, no))
        return json_false();
    if (one_of(text, none))
        return json_null();
    if (is_integer(text, &integer))
        return json_integer(integer);
    if (is_float(text, &number))
        return json_real(number);
    return json_string(text);
}

static json_t *convert(yaml_document_t *document, const yaml_node_t *node, int depth);

static char *key_text(yaml_document_t *document, int id)
{
    const yaml_node_t *key = yaml_document_get_node(document, id);

    return key && key->type == YAML_SCALAR_NODE ? xstrdup((const char *)key->data.scalar.value)
                                                : NULL;
}

/* `<<: *anchor` gives what the mapping does not say itself. */
static void merge_into(json_t *object, const json_t *other)
{
    json_t *item;
    size_t i;

    if (json_is_object(other))
        json_object_update_missing(object, (json_t *)other);
    json_array_foreach((json_t *)other, i, item)
        merge_into(object, item);
}

static json_t *convert_mapping(yaml_document_t *document, const yaml_node_t *node, int depth)
{
    json_t *object = json_object(), *merged = NULL;

    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
         p++) {
        char *key = key_text(document, p->key);
        json_t *value =
            key ? convert(document, yaml_document_get_node(document, p->value), depth + 1) : NULL;

        if (!value) {
            free(key);
            json_decref(object);
            json_decref(merged);
            return NULL;
        }
        if (!strcmp(key, "<<")) {
            json_decref(merged);
            merged = value;
        } else {
            json_object_set_new(object, key, value);
        }
        free(key);
    }
    merge_into(object, merged);
    json_decref(merged);
    return object;
}

static json_t *convert(yaml_document_t *document, const yaml_node_t *node, int depth)
{
    json_t *list, *item;

    if (!node || depth > MAX_DEPTH)
        return NULL;
    if (node->type == YAML_SCALAR_NODE) {
        const char *text = (const char *)node->data.scalar.value;

        return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
                   ? plain_scalar(text)
                   : json_stringn(text, node->data.scalar.length);
    }
    if (node->type == YAML_MAPPING_NODE)
        return convert_mapping(document, node, depth);
    list = json_array();
    for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top;
         i++) {
        item = convert(document, yaml_document_get_node(document, *i), depth + 1);
        if (!item) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, item);
    }
    return list;
}

json_t *yaml_documents(const char *text, size_t len, char **problem)
{
    yaml_parser_t parser;
    json_t *all = json_array();
    bool more = true;

    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    while (more && all) {
        yaml_document_t document;
        yaml_node_t *root;
        json_t *value;

        if (!yaml_parser_load(&parser, &document)) {
            *problem = format_text("line %zu, column %zu: %s", parser.problem_mark.line + 1,
                                   parser.problem_mark.column + 1,
                                   parser.problem ? parser.problem : "not YAML");
            json_decref(all);
            all = NULL;
            break;
        }
        root = yaml_document_get_root_node(&document);
        more = root != NULL;
        value = root ? convert(&document, root, 0) : NULL;
        if (root && !value) {
            *problem = format_text("line %zu: a key that is no text, or too deep",
                                   root->start_mark.line + 1);
            json_decref(all);
            all = NULL;
        } else if (value && !json_is_null(value)) {
            json_array_append(all, value);
        }
        json_decref(value);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    return all;
}

/* ---- manifests ------------------------------------------------------------------------------- */

static bool store_manifest(struct world *world, json_t *object, const char *what)
{
    const char *version = json_string_value(json_object_get(object, "apiVersion"));
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *slash = version ? strchr(version, '/') : NULL;
    char *group = slash ? xstrndup(version, (size_t)(slash - version)) : xstrdup("");
    struct table *table = version && kind ? store_table_by_kind(world, group, kind) : NULL;
    json_t *meta = json_object_get(object, "metadata");

    if (!table || !json_is_object(meta)) {
        fprintf(stderr, "gatewatch-sim: %s: no kind \"%s\" in version \"%s\", or no metadata\n",
                what, kind ? kind : "(none)", version ? version : "(none)");
        free(group);
        return false;
    }
    if (table->kind->namespaced && !json_object_get(meta, "namespace"))
        json_object_set_new(meta, "namespace", json_string("default"));
    store_put(world, group, table->kind->resource, json_incref(object), "kubectl-create", "Update",
              NULL);
    free(group);
    return true;
}

int manifests_load(struct world *world, const char *yaml, size_t len, const char *what)
{
    char *problem = NULL;
    json_t *all = yaml_documents(yaml, len, &problem), *object, *item;
    int n = 0;
    size_t i, k;

    if (!all) {
        fprintf(stderr, "gatewatch-sim: %s: %s\n", what, problem);
        free(problem);
        return -1;
    }
    json_array_foreach(all, i, object) {
        const char *kind = json_string_value(json_object_get(object, "kind"));
        bool good = true;

        if (kind && ends_with(kind, "List") && json_is_array(json_object_get(object, "items"))) {
            json_array_foreach(json_object_get(object, "items"), k, item) {
                good &= store_manifest(world, item, what);
                n++;
            }
        } else {
            good = store_manifest(world, object, what);
            n++;
        }
        if (!good) {
            json_decref(all);
            return -1;
        }
    }
    json_decref(all);
    return n;
}

static int load_file(struct world *world, const char *path)
{
    struct buffer b = {0};
    FILE *file = fopen(path, "r");
    char chunk[65536];
    size_t len;
    int n;

    if (!file) {
        fprintf(stderr, "gatewatch-sim: cannot read %s: %s\n", path, strerror(errno));
        return -1;
    }
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0)
        buffer_add(&b, chunk, len);
    fclose(file);
    n = manifests_load(world, b.data ? b.data : "", b.len, path);
    free(b.data);
    return n;
}

static int is_manifest(const struct dirent *entry)
{
    return entry->d_name[0] != '.' &&
           (ends_with(entry->d_name, ".yaml") || ends_with(entry->d_name, ".yml") ||
            ends_with(entry->d_name, ".json"));
}

int manifests_load_folder(struct world *world, const char *folder)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_manifest, alphasort), total = 0;

    if (n < 0) {
        fprintf(stderr, "gatewatch-sim: cannot read %s: %s\n", folder, strerror(errno));
        return -1;
    }
    for (int i = 0; i < n; i++) {
        char *path = format_text("%s/%s", folder, entries[i]->d_name);
        int loaded = total < 0 ? -1 : load_file(world, path);

        total = loaded < 0 ? -1 : total + loaded;
        free(path);
        free(entries[i]);
    }
    free(entries);
    return total;
}
