/* JSON helpers: see jx.h. */
#include "jx.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

json_t *jx_get(const json_t *object, const char *path)
{
    const json_t *at = object;
    while (at && *path) {
        size_t len = strcspn(path, ".");
        at = json_is_object(at) ? json_object_getn(at, path, len) : NULL;
        path += len + (path[len] == '.');
    }
    return (json_t *)at;
}

const char *jx_str(const json_t *object, const char *path)
{
    return json_string_value(jx_get(object, path));
}

const char *jx_text(const json_t *object, const char *path, const char *otherwise)
{
    const char *text = jx_str(object, path);
    return text ? text : otherwise;
}

long long jx_int(const json_t *object, const char *path, long long otherwise)
{
    const json_t *value = jx_get(object, path);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool jx_bool(const json_t *object, const char *path, bool otherwise)
{
    const json_t *value = jx_get(object, path);
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

bool jx_is(const json_t *object, const char *path, const char *value)
{
    const char *text = jx_str(object, path);
    return text && strcmp(text, value) == 0;
}

void jx_set(json_t *object, const char *path, json_t *value)
{
    for (;;) {
        size_t len = strcspn(path, ".");
        if (!path[len]) {
            json_object_setn_new(object, path, len, value);
            return;
        }
        json_t *next = json_object_getn(object, path, len);
        if (!json_is_object(next)) {
            next = json_object();
            json_object_setn_new(object, path, len, next);
        }
        object = next;
        path += len + 1;
    }
}

void jx_drop(json_t *object, const char *path)
{
    const char *dot = strrchr(path, '.');
    if (!dot) {
        json_object_del(object, path);
        return;
    }
    char parent[256];
    snprintf(parent, sizeof parent, "%.*s", (int)(dot - path), path);
    json_t *at = jx_get(object, parent);
    if (json_is_object(at))
        json_object_del(at, dot + 1);
}

const char *jx_label(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(jx_get(object, "metadata.labels"), key));
}

const char *jx_annotation(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(jx_get(object, "metadata.annotations"), key));
}

const char *jx_name(const json_t *object)
{
    return jx_text(object, "metadata.name", "");
}

const char *jx_namespace(const json_t *object)
{
    return jx_text(object, "metadata.namespace", "");
}

const char *jx_uid(const json_t *object)
{
    return jx_text(object, "metadata.uid", "");
}

bool jx_selects(const json_t *selector, const json_t *labels)
{
    if (!json_is_object(selector) || json_object_size(selector) == 0)
        return false;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)selector, key, value) {
        const char *have = json_string_value(json_object_get(labels, key));
        const char *want = json_string_value(value);
        if (!have || !want || strcmp(have, want) != 0)
            return false;
    }
    return true;
}

static bool expression_holds(const json_t *expression, const json_t *labels)
{
    const char *have = json_string_value(json_object_get(labels, jx_text(expression, "key", "")));
    const char *operator= jx_text(expression, "operator", "");
    if (strcmp(operator, "Exists") == 0)
        return have != NULL;
    if (strcmp(operator, "DoesNotExist") == 0)
        return have == NULL;
    bool among = false;
    size_t i;
    json_t *value;
    json_array_foreach(jx_get(expression, "values"), i, value)
        if (have && strcmp(have, json_string_value(value) ? json_string_value(value) : "") == 0)
            among = true;
    if (strcmp(operator, "In") == 0)
        return among;
    return strcmp(operator, "NotIn") == 0 && !among;
}

bool jx_label_selector(const json_t *selector, const json_t *labels)
{
    if (!json_is_object(selector))
        return false;
    const json_t *match = json_object_get(selector, "matchLabels");
    if (json_object_size(match) > 0 && !jx_selects(match, labels))
        return false;
    size_t i;
    json_t *expression;
    json_array_foreach(json_object_get(selector, "matchExpressions"), i, expression)
        if (!expression_holds(expression, labels))
            return false;
    return true;
}

json_t *jx_find(const json_t *array, const char *key, const char *value)
{
    size_t i;
    json_t *element;
    json_array_foreach(array, i, element)
        if (jx_is(element, key, value))
            return element;
    return NULL;
}

json_t *jx_format(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *text = json_vsprintf(format, args);
    va_end(args);
    return text;
}

uint64_t jx_hash(const char *text)
{
    uint64_t hash = 1469598103934665603u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    hash ^= hash >> 32;
    return hash * 0x9e3779b97f4a7c15u;
}

void jx_suffix(const char *seed, char *out, size_t len)
{
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    uint64_t hash = jx_hash(seed);
    for (size_t i = 0; i < len; i++) {
        out[i] = alphabet[(hash >> 16) % (sizeof alphabet - 1)];
        hash = hash * 6364136223846793005u + 1442695040888963407u;
    }
    out[len] = '\0';
}

static void uuid_text(const unsigned char b[16], char out[37])
{
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-4%x%02x-%x%x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6] & 15, b[7], 8 + (b[8] & 3), b[8] >> 4, b[9], b[10],
             b[11], b[12], b[13], b[14], b[15]);
}

void jx_uuid(const char *seed, char out[37])
{
    unsigned char bytes[16];
    uint64_t hash = jx_hash(seed);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(hash >> 24);
        hash = hash * 6364136223846793005u + 1442695040888963407u;
    }
    uuid_text(bytes, out);
}

char *jx_random_uuid(char out[37])
{
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        memset(bytes, 7, sizeof bytes);
    uuid_text(bytes, out);
    return out;
}
