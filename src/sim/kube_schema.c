#include "kube_schema.h"
#include "kube_schemas.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct field field_anything = {.type = FIELD_ANY};

/* ---- reading the language -------------------------------------------------------------------- */

static struct field *reference(const char *name, size_t len);

static void syntax(const char *at)
{
    fprintf(stderr, "gatewatch-sim: schema: cannot read '%.40s'\n", at);
    abort();
}

static void skip_blanks(const char **p)
{
    *p += strspn(*p, " \n");
}

static void take_children(const char **p, struct field *parent);

static void take_list(const char **p, struct field *f)
{
    (*p)++;
    f->list = LIST_ATOMIC;
    if (**p == '=') {
        f->list = LIST_SET;
        (*p)++;
    }
    while (**p != ']') {
        size_t len = strcspn(*p, ",]");

        if (f->n_keys == MAX_KEYS || !(*p)[len])
            syntax(*p);
        f->list = LIST_KEYED;
        f->keys[f->n_keys++] = xstrndup(*p, len);
        *p += len + ((*p)[len] == ',');
    }
    (*p)++;
}

static void take_type(const char **p, struct field *f)
{
    static const char marks[] = "#?%*";
    static const enum field_type types[] = {FIELD_INTEGER, FIELD_BOOLEAN, FIELD_INT_OR_TEXT,
                                            FIELD_ANY};
    const char *mark = **p ? strchr(marks, **p) : NULL;

    if (**p == '~') {
        f->atomic = true;
        (*p)++;
    }
    if (mark) {
        f->type = types[mark - marks];
        (*p)++;
    } else if (starts_with(*p, "<>")) {
        f->type = FIELD_MAP;
        *p += 2;
    } else if (**p == '{') {
        (*p)++;
        f->type = FIELD_OBJECT;
        take_children(p, f);
    } else if (**p == '&') {
        size_t len = strcspn(++*p, " \n}+=(");
        struct field *shared = reference(*p, len);

        f->type = FIELD_OBJECT;
        f->children = shared->children;
        f->n_children = shared->n_children;
        *p += len;
    }
}

static json_t *take_default(const char **p)
{
    json_error_t error;
    json_t *value = json_loads(*p, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
    size_t len = strcspn(*p, " \n}(");

    if (value) {
        *p += error.position;
        return value;
    }
    value = json_stringn(*p, len);
    *p += len;
    return value;
}

static void take_choices(const char **p, struct field *f)
{
    do {
        size_t len = strcspn(++*p, "|)");

        f->choices = xrealloc(f->choices, (f->n_choices + 1) * sizeof *f->choices);
        f->choices[f->n_choices++] = xstrndup(*p, len);
        *p += len;
    } while (**p == '|');
    if (**p != ')')
        syntax(*p);
    (*p)++;
}

static struct field *take_field(const char **p)
{
    struct field *f = xcalloc(1, sizeof *f);
    size_t len = strcspn(*p, " \n#?%*<~{&[+=(}");

    if (!len)
        syntax(*p);
    f->name = xstrndup(*p, len);
    *p += len;
    if (**p == '[')
        take_list(p, f);
    take_type(p, f);
    if (**p == '+') {
        f->required = true;
        (*p)++;
    }
    if (**p == '=') {
        (*p)++;
        f->fallback = take_default(p);
    }
    if (**p == '(')
        take_choices(p, f);
    return f;
}

static void take_children(const char **p, struct field *parent)
{
    for (skip_blanks(p); **p && **p != '}'; skip_blanks(p)) {
        parent->children =
            xrealloc(parent->children, (parent->n_children + 1) * sizeof *parent->children);
        parent->children[parent->n_children++] = take_field(p);
    }
    *p += **p == '}';
}

/* ---- the schemas ----------------------------------------------------------------------------- */

static struct field *read_once(struct schema_text *text)
{
    if (!text->field) {
        const char *p = text->text;

        text->field = xcalloc(1, sizeof *text->field);
        text->field->type = FIELD_OBJECT;
        take_children(&p, text->field);
    }
    return text->field;
}

static struct field *reference(const char *name, size_t len)
{
    for (struct schema_text *t = shared_schemas; t->name; t++)
        if (strlen(t->name) == len && !strncmp(t->name, name, len))
            return read_once(t);
    syntax(name);
    return NULL;
}

static struct schema_text *find_schema(const struct kind *kind)
{
    for (struct schema_text *t = kind_schemas; t->name; t++) {
        size_t len = strlen(kind->resource);

        if (!strncmp(t->name, kind->resource, len) && t->name[len] == '.' &&
            !strcmp(t->name + len + 1, kind->group))
            return t;
    }
    return NULL;
}

const struct field *schema_of(const struct kind *kind)
{
    struct schema_text *text = find_schema(kind);
    static struct field *general;

    if (text)
        return read_once(text);
    if (!general) {
        const struct field *shared = reference("general", strlen("general"));

        general = xcalloc(1, sizeof *general);
        *general = *shared;
    }
    return general;
}

bool schema_known(const struct kind *kind)
{
    return find_schema(kind) != NULL;
}

const struct field *field_child(const struct field *f, const char *name)
{
    const struct field *found = NULL;

    if (!f || f->type == FIELD_ANY || f->type == FIELD_MAP)
        return &field_anything;
    for (size_t i = 0; i < f->n_children; i++) {
        if (!strcmp(f->children[i]->name, name))
            return f->children[i];
        if (!strcmp(f->children[i]->name, "OTHERS"))
            found = &field_anything;
    }
    return found;
}

/* ---- keyed lists ----------------------------------------------------------------------------- */

char *item_key(const struct field *f, const json_t *item)
{
    json_t *key = json_object();
    char *text;

    for (size_t i = 0; i < f->n_keys; i++) {
        json_t *value = json_object_get(item, f->keys[i]);

        for (size_t k = 0; !value && k < f->n_children; k++)
            if (!strcmp(f->children[k]->name, f->keys[i]))
                value = f->children[k]->fallback;
        if (value)
            json_object_set(key, f->keys[i], value);
    }
    text = json_dumps(key, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(key);
    return text;
}

json_t *find_item(const struct field *f, const json_t *list, const char *key, size_t *index)
{
    json_t *item;
    size_t i;

    json_array_foreach((json_t *)list, i, item) {
        char *mine = item_key(f, item);
        bool same = !strcmp(mine, key);

        free(mine);
        if (same) {
            if (index)
                *index = i;
            return item;
        }
    }
    return NULL;
}

/* ---- defaults -------------------------------------------------------------------------------- */

static void default_children(const struct field *f, json_t *object)
{
    for (size_t i = 0; i < f->n_children && json_is_object(object); i++) {
        const struct field *child = f->children[i];
        json_t *value = json_object_get(object, child->name);

        if (!value && child->fallback) {
            value = json_deep_copy(child->fallback);
            json_object_set_new(object, child->name, value);
        }
        if (value)
            schema_default(child, value);
    }
}

void schema_default(const struct field *f, json_t *value)
{
    json_t *item;
    size_t i;

    if (f->type != FIELD_OBJECT)
        return;
    if (f->list == LIST_NONE)
        default_children(f, value);
    else
        json_array_foreach(value, i, item)
            default_children(f, item);
}

/* ---- unknown fields -------------------------------------------------------------------------- */

static void prune_object(const struct field *f, json_t *object, const char *path, json_t *unknown)
{
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe(object, next, key, value) {
        const struct field *child = field_child(f, key);
        char *here = format_text("%s%s%s", path, *path ? "." : "", key);

        if (child) {
            schema_prune(child, value, here, unknown);
        } else {
            json_array_append_new(unknown, json_string(here));
            json_object_del(object, key);
        }
        free(here);
    }
}

void schema_prune(const struct field *f, json_t *value, const char *path, json_t *unknown)
{
    json_t *item;
    size_t i;

    if (f->type != FIELD_OBJECT)
        return;
    if (json_is_object(value))
        prune_object(f, value, path, unknown);
    json_array_foreach(value, i, item) {
        char *here = format_text("%s[%zu]", path, i);

        if (json_is_object(item))
            prune_object(f, item, here, unknown);
        free(here);
    }
}

/* ---- checks ---------------------------------------------------------------------------------- */

static const char *type_name(const json_t *value)
{
    if (json_is_string(value))
        return "string";
    if (json_is_integer(value))
        return "integer";
    if (json_is_real(value))
        return "number";
    if (json_is_boolean(value))
        return "boolean";
    return json_is_array(value) ? "array" : json_is_object(value) ? "object" : "null";
}

static void add_cause(json_t *causes, const char *reason, const char *path, char *message_taken)
{
    json_array_append_new(causes, json_pack("{s:s, s:s, s:s}", "reason", reason, "message",
                                            message_taken, "field", *path ? path : "<nil>"));
    free(message_taken);
}

static void wrong_type(json_t *causes, const char *path, const json_t *value, const char *wanted)
{
    const char *got = type_name(value);

    add_cause(causes, "FieldValueTypeInvalid", path,
              format_text("Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", got, path,
                          wanted, got));
}

static void check_choice(const struct field *f, const json_t *value, const char *path,
                         json_t *causes)
{
    const char *text = json_string_value(value);
    struct buffer b = {0};

    for (size_t i = 0; i < f->n_choices; i++)
        if (text && !strcmp(f->choices[i], text))
            return;
    for (size_t i = 0; i < f->n_choices; i++)
        buffer_printf(&b, "%s\"%s\"", i ? ", " : "", f->choices[i]);
    add_cause(
        causes, "FieldValueNotSupported", path,
        format_text("Unsupported value: \"%s\": supported values: %s", text ? text : "", b.data));
    free(b.data);
}

static void check_one(const struct field *f, const json_t *value, const char *path, json_t *causes)
{
    bool good = true;
    const char *wanted = "string";

    switch (f->type) {
    case FIELD_TEXT: good = json_is_string(value); break;
    case FIELD_INTEGER:
        good = json_is_integer(value);
        wanted = "integer";
        break;
    case FIELD_BOOLEAN:
        good = json_is_boolean(value);
        wanted = "boolean";
        break;
    case FIELD_INT_OR_TEXT: good = json_is_string(value) || json_is_integer(value); break;
    case FIELD_MAP:
    case FIELD_OBJECT:
        good = json_is_object(value);
        wanted = "object";
        break;
    case FIELD_ANY: return;
    }
    if (!good) {
        wrong_type(causes, path, value, wanted);
        return;
    }
    if (f->n_choices)
        check_choice(f, value, path, causes);
    for (size_t i = 0; f->type == FIELD_OBJECT && i < f->n_children; i++) {
        const struct field *child = f->children[i];
        const json_t *inner = json_object_get(value, child->name);
        char *here = format_text("%s%s%s", path, *path ? "." : "", child->name);

        if (inner && !json_is_null(inner))
            schema_check(child, inner, here, causes);
        else if (child->required)
            add_cause(causes, "FieldValueRequired", here, xstrdup("Required value"));
        free(here);
    }
}

void schema_check(const struct field *f, const json_t *value, const char *path, json_t *causes)
{
    struct field single = *f;
    json_t *item;
    size_t i;

    if (f->list == LIST_NONE) {
        check_one(f, value, path, causes);
        return;
    }
    if (!json_is_array(value)) {
        wrong_type(causes, path, value, "array");
        return;
    }
    single.list = LIST_NONE;
    json_array_foreach((json_t *)value, i, item) {
        char *here = format_text("%s[%zu]", path, i);

        check_one(&single, item, here, causes);
        free(here);
    }
}
