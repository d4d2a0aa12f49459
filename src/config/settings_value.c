/* One value into its field: from text (flags, environment, defaults) and from YAML, with the same
 * checks. */
#include "settings_table.h"

#include <stdlib.h>
#include <string.h>

bool setting_error(struct error *err, const struct setting_source *source, int line,
                   const char *format, ...)
{
    TEXT_AUTO message = {.max = 1024};
    va_list args;
    va_start(args, format);
    text_vprintf(&message, format, args);
    va_end(args);
    enum error_code code = source->level == LEVEL_FLAG ? ERR_USAGE : ERR_CONFIG;
    if (line > 0)
        return error_set(err, code, "%s:%d: %s", source->name, line, text_str(&message));
    return error_set(err, code, "%s: %s", source->name, text_str(&message));
}

bool setting_known_keys(const struct setting_source *source, const json_t *object,
                        const char *inside, const char *const *names, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        size_t i = 0;
        while (names[i] && !str_eq(names[i], key))
            i++;
        if (names[i])
            continue;
        int line = source->doc ? yaml_key_line(source->doc, object, key) : 0;
        setting_error(err, source, line, "unknown key %s%s", inside, key);
        const char *near = str_nearest(key, names);
        return near ? error_remedy(err, "did you mean %s?", near)
                    : error_remedy(err, "remove it; see gatewatch help");
    }
    return true;
}

bool setting_text_of(const struct setting_source *source, const json_t *object, const char *key,
                     const char **ret, struct error *err)
{
    const json_t *value = json_object_get(object, key);
    if (!value) {
        *ret = NULL;
        return true;
    }
    int line = source->doc ? yaml_key_line(source->doc, object, key) : 0;
    if (!json_is_string(value)) {
        setting_error(err, source, line, "%s must be text", key);
        return error_remedy(err, "put the value in quotes");
    }
    if (!*json_string_value(value))
        return setting_error(err, source, line, "%s is empty", key);
    *ret = json_string_value(value);
    return true;
}

void setting_note(struct loading *l, size_t row, const struct setting_source *source, int line)
{
    l->levels[row] = source->level;
    free(l->places[row]);
    l->places[row] = line > 0 ? xasprintf("%s:%d", source->name, line) : xstrdup(source->name);
}

void string_list_add(struct string_list *list, const char *item)
{
    list->items = xreallocarray(list->items, list->n + 1, sizeof *list->items);
    list->items[list->n++] = xstrdup(item);
}

void string_list_free(struct string_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct string_list){0};
}

/* ---- one text ---- */

static const char *shown_name(size_t row)
{
    size_t n;
    const struct setting_info *info = &settings_table(&n)[row];
    return info->key ? info->key : info->flag;
}

/* A file's own place already says which key; flags and variables are the key themselves. */
static bool refuse(struct error *err, const struct setting_source *source, int line, size_t row,
                   const char *value, const char *wanted)
{
    bool file = source->level == LEVEL_FILE;
    return setting_error(err, source, line, "%s%s\"%s\" is not %s", file ? shown_name(row) : "",
                         file ? ": " : "", value, wanted);
}

static bool number(struct loading *l, size_t row, const char *value, int line,
                   const struct setting_source *source, struct error *err)
{
    const struct setting_rule *rule = &setting_rules[row];
    int64_t n;
    if (!str_to_int(value, rule->min, rule->max, &n)) {
        char wanted[64];
        str_format(wanted, sizeof wanted, "a whole number from %d to %d", rule->min, rule->max);
        return refuse(err, source, line, row, value, wanted);
    }
    *(int *)((char *)&l->s + rule->at) = (int)n;
    return true;
}

static bool on_off(struct loading *l, size_t row, const char *value, int line,
                   const struct setting_source *source, struct error *err)
{
    bool on = str_eq(value, "true") || str_eq(value, "1") || str_eq(value, "yes");
    if (!on && !str_eq(value, "false") && !str_eq(value, "0") && !str_eq(value, "no"))
        return refuse(err, source, line, row, value, "true or false");
    *(bool *)((char *)&l->s + setting_rules[row].at) = on;
    return true;
}

static bool choice(size_t row, const char *value, int line, const struct setting_source *source,
                   struct error *err)
{
    const char *const *choices = setting_rules[row].choices;
    TEXT_AUTO wanted = {0};
    for (size_t i = 0; choices[i]; i++) {
        if (str_eq(choices[i], value))
            return true;
        text_printf(&wanted, "%s%s", i == 0 ? "one of " : ", ", choices[i]);
    }
    refuse(err, source, line, row, value, text_str(&wanted));
    const char *near = str_nearest(value, choices);
    return near ? error_remedy(err, "did you mean %s?", near) : false;
}

/* "~/x" is in our home; other relative paths of a file count from its folder. */
static char *full_path(const char *path, const struct setting_source *source)
{
    if (str_starts(path, "~/"))
        return path_home(path + 2);
    if (source->folder && *path != '/')
        return xasprintf("%s/%s", source->folder, path);
    return xstrdup(path);
}

static bool text(struct loading *l, size_t row, const char *value, int line,
                 const struct setting_source *source, struct error *err)
{
    const struct setting_rule *rule = &setting_rules[row];
    if (!*value)
        return setting_error(err, source, line, "%s needs a value", shown_name(row));
    if (strpbrk(value, "\n\r\t\x1b\x7f"))
        return refuse(err, source, line, row, value, "plain text");
    if (rule->choices && !choice(row, value, line, source, err))
        return false;
    if (rule->check && !rule->check(value))
        return refuse(err, source, line, row, value, rule->wanted);
    if (rule->type == SETTING_LIST) {
        struct string_list *list = (void *)((char *)&l->s + rule->at);
        /* A stronger source replaces the list; the same one adds to it. */
        if (l->levels[row] != source->level)
            string_list_free(list);
        string_list_add(list, value);
        return true;
    }
    char **field = (void *)((char *)&l->s + rule->at);
    free(*field);
    *field = rule->type == SETTING_PATH ? full_path(value, source) : xstrdup(value);
    return true;
}

static bool from_text(struct loading *l, size_t row, const char *value, int line,
                      const struct setting_source *source, struct error *err)
{
    bool good = false;
    switch (setting_rules[row].type) {
    case SETTING_CONFIG: return true;       /* read before */
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_LIST: good = text(l, row, value, line, source, err); break;
    case SETTING_SWITCH: good = on_off(l, row, value, line, source, err); break;
    case SETTING_NUMBER: good = number(l, row, value, line, source, err); break;
    case SETTING_CLOUDS:
    case SETTING_TENANCY: good = setting_from_yaml(l, row, value, source, err); break;
    }
    if (good)
        setting_note(l, row, source, line);
    return good;
}

bool setting_from_text(struct loading *l, size_t row, const char *value,
                       const struct setting_source *source, struct error *err)
{
    return from_text(l, row, value, 0, source, err);
}

/* ---- one value of YAML ---- */

static bool list_from_json(struct loading *l, size_t row, const json_t *value, int line,
                           const struct setting_source *source, struct error *err)
{
    size_t i;
    const json_t *item;
    json_array_foreach(value, i, item) {
        int at = source->doc ? yaml_line(source->doc, item) : 0;
        if (!json_is_string(item)) {
            setting_error(err, source, at ? at : line, "%s: item %zu must be text", shown_name(row),
                          i + 1);
            return error_remedy(err, "put the value in quotes");
        }
        if (!from_text(l, row, json_string_value(item), at ? at : line, source, err))
            return false;
    }
    setting_note(l, row, source, line);
    return true;
}

bool setting_from_json(struct loading *l, size_t row, const json_t *value, int line,
                       const struct setting_source *source, struct error *err)
{
    enum setting_type type = setting_rules[row].type;
    const char *name = shown_name(row);
    if (json_is_null(value))
        return setting_error(err, source, line, "%s has no value", name);
    if (type == SETTING_CLOUDS || type == SETTING_TENANCY) {
        bool good = type == SETTING_CLOUDS ? clouds_from_json(&l->s, value, source, err)
                                           : tenancy_from_json(&l->s.tenancy, value, source, err);
        if (good)
            setting_note(l, row, source, line);
        return good;
    }
    if (type == SETTING_LIST && json_is_array(value))
        return list_from_json(l, row, value, line, source, err);
    if (type == SETTING_SWITCH) {
        if (!json_is_boolean(value))
            return setting_error(err, source, line, "%s must be true or false", name);
        return from_text(l, row, json_is_true(value) ? "true" : "false", line, source, err);
    }
    if (type == SETTING_NUMBER) {
        char digits[32];
        if (!json_is_integer(value))
            return setting_error(err, source, line, "%s must be a whole number from %d to %d", name,
                                 setting_rules[row].min, setting_rules[row].max);
        str_format(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
        return from_text(l, row, digits, line, source, err);
    }
    if (!json_is_string(value)) {
        setting_error(err, source, line, "%s must be text", name);
        return error_remedy(err, json_is_object(value) || json_is_array(value)
                                     ? "see gatewatch help"
                                     : "put the value in quotes");
    }
    return from_text(l, row, json_string_value(value), line, source, err);
}

bool setting_from_yaml(struct loading *l, size_t row, const char *value,
                       const struct setting_source *source, struct error *err)
{
    struct yaml_doc *docs = NULL;
    size_t n = 0;
    if (!yaml_parse(value, strlen(value), source->name, &docs, &n, err)) {
        if (err && source->level == LEVEL_FLAG)
            err->code = ERR_USAGE;
        return false;
    }
    struct setting_source inner = *source;
    inner.doc = docs;
    bool good = n == 1 ? setting_from_json(l, row, docs[0].root, 0, &inner, err)
                       : setting_error(err, source, 0, "one value of YAML is wanted");
    yaml_docs_free(docs, n);
    return good;
}
