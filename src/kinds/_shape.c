/* The table-driven decoder. Total: whatever the JSON holds, `out` is filled, with "" or -1 or nothing where the JSON has
 * something else than the table wants. */
#include "shape.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16, MOST_ITEMS = 100000 };

json_t *json_at(const json_t *json, const char *path)
{
    const json_t *at = json;
    while (at && *path) {
        bool quoted = *path == '[';
        path += quoted;
        size_t len = strcspn(path, quoted ? "]" : ".[");
        if (json_is_array(at)) {
            int64_t i;
            char digits[16];
            at = str_format(digits, sizeof digits, "%.*s", (int)len, path) && str_to_int(digits, 0, INT_MAX, &i)
                     ? json_array_get(at, (size_t)i) : NULL;
        } else {
            at = json_object_getn(at, path, len);
        }
        path += len;
        path += *path == ']';
        path += *path == '.';
    }
    return (json_t *)at;
}

static int to_int(const json_t *v)
{
    if (json_is_integer(v)) {
        json_int_t i = json_integer_value(v);
        return i < INT_MIN || i > INT_MAX ? -1 : (int)i;
    }
    if (json_is_real(v)) {
        double d = json_real_value(v);
        return d >= 0 && d <= INT_MAX && d == floor(d) ? (int)d : -1;
    }
    return -1;
}

static enum tri to_tri(const json_t *v)
{
    if (json_is_boolean(v))
        return json_is_true(v) ? TRI_TRUE : TRI_FALSE;
    const char *s = json_string_value(v);
    return str_eq_nocase(s, "true") ? TRI_TRUE : str_eq_nocase(s, "false") ? TRI_FALSE : TRI_UNKNOWN;
}

static struct strings to_strings(const json_t *v, struct arena *arena)
{
    size_t n = json_array_size(v), used = 0;
    if (!n || n > MOST_ITEMS)
        return (struct strings){0};
    const char **items = arena_alloc(arena, n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(v, i);
        if (json_is_string(item))
            items[used++] = json_word(arena, item);
    }
    return (struct strings){items, used};
}

static const char *to_int_or_string(const json_t *v, struct arena *arena)
{
    return json_is_integer(v) ? arena_printf(arena, "%lld", (long long)json_integer_value(v)) : json_word(arena, v);
}

static int64_t to_time(const json_t *v)
{
    int64_t ms;
    const char *s = json_string_value(v);
    return s && clock_parse_rfc3339(s, &ms) && ms > 0 ? ms : 0;
}

static void fill(const struct shape *, const json_t *, void *out, struct arena *, int depth);

static void fill_array(const struct shape *shape, const json_t *v, void *items_at, struct arena *arena, int depth)
{
    size_t n = json_array_size(v);
    if (!n || n > MOST_ITEMS || depth >= DEEPEST)
        return;
    char *items = arena_alloc(arena, n * shape->size);
    for (size_t i = 0; i < n; i++)
        fill(shape, json_array_get(v, i), items + i * shape->size, arena, depth + 1);
    /* All arrays of our structs are a pointer with the count right behind; their pointer types differ. */
    memcpy(items_at, &items, sizeof items);
    memcpy((char *)items_at + sizeof items, &n, sizeof n);
}

static void fill_field(const struct field *f, const json_t *v, void *at, struct arena *arena, int depth)
{
    switch (f->type) {
    case FIELD_STRING: *(const char **)at = json_word(arena, v); break;
    case FIELD_INT: *(int *)at = to_int(v); break;
    case FIELD_TRI: *(enum tri *)at = to_tri(v); break;
    case FIELD_BOOL: *(bool *)at = to_tri(v) == TRI_TRUE; break;
    case FIELD_STRINGS: *(struct strings *)at = to_strings(v, arena); break;
    case FIELD_PAIRS: json_pairs(arena, v, false, at); break;
    case FIELD_PAIRS_TEXT: json_pairs(arena, v, true, at); break;
    case FIELD_TIME: *(int64_t *)at = to_time(v); break;
    case FIELD_INT_OR_STRING: *(const char **)at = to_int_or_string(v, arena); break;
    case FIELD_DOUBLE: *(double *)at = json_is_number(v) ? json_number_value(v) : -1; break;
    case FIELD_LONG: *(int64_t *)at = json_integer_value(v); break;
    case FIELD_PRESENT: *(bool *)at = json_is_object(v); break;
    case FIELD_STRUCT: fill(f->shape, v, at, arena, depth + 1); break;
    case FIELD_ARRAY: fill_array(f->shape, v, at, arena, depth); break;
    }
}

static void fill(const struct shape *shape, const json_t *json, void *out, struct arena *arena, int depth)
{
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct field *f = &shape->fields[i];
        fill_field(f, json_at(json, f->path), (char *)out + f->offset, arena, depth);
    }
}

void shape_decode(const struct shape *shape, const struct json_t *json, void *out, struct arena *arena)
{
    fill(shape, json, out, arena, 0);
}

/* ---- pieces that several kinds share -------------------------------------------------------------------------------------- */

static const struct field condition_fields[] = {
    STRING(struct condition, type, "type"),
    STRING(struct condition, reason, "reason"),
    STRING(struct condition, message, "message"),
    TRI(struct condition, status, "status"),
    {"observedGeneration", FIELD_LONG, offsetof(struct condition, observed_generation), NULL},
    {"lastTransitionTime", FIELD_TIME, offsetof(struct condition, since_ms), NULL},
};
const struct shape shape_condition = SHAPE(struct condition, condition_fields);

static const struct field object_ref_fields[] = {
    STRING(struct object_ref, group, "group"),
    STRING(struct object_ref, kind, "kind"),
    STRING(struct object_ref, namespace, "namespace"),
    STRING(struct object_ref, name, "name"),
};
const struct shape shape_object_ref = SHAPE(struct object_ref, object_ref_fields);

static const struct field expression_fields[] = {
    STRING(struct label_expression, key, "key"),
    STRING(struct label_expression, op, "operator"),
    STRINGS(struct label_expression, values, "values"),
};
static const struct shape shape_expression = SHAPE(struct label_expression, expression_fields);
static const struct field label_selector_fields[] = {
    {"", FIELD_PRESENT, offsetof(struct label_selector, present), NULL},
    PAIRS(struct label_selector, match_labels, "matchLabels"),
    ARRAY(struct label_selector, expressions, "matchExpressions", shape_expression),
};
const struct shape shape_label_selector = SHAPE(struct label_selector, label_selector_fields);

const char *tri_name(enum tri t)
{
    return t == TRI_TRUE ? "True" : t == TRI_FALSE ? "False" : "Unknown";
}

void describe_conditions(struct describe *d, const struct conditions *conditions)
{
    for (size_t i = 0; i < conditions->n; i++) {
        const struct condition *c = &conditions->items[i];
        describe_line(d, c->type, "%s (%s)%s%s", tri_name(c->status), c->reason, *c->message ? ": " : "", c->message);
    }
}
