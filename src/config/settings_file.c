/* config.yaml into settings, by the table's keys. */
#include "settings_table.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1024 * 1024, MOST_KEYS = 64 };

/* The keys at one level: for "" those without what follows a dot ("responder" for responder.image),
 * for "responder." the rest of those. Strings are put into `arena`. */
static void keys_in(const char *inside, const char **names, struct arena *arena)
{
    size_t n, k = 0;
    const struct setting_info *infos = settings_table(&n);
    for (size_t i = 0; i < n && k + 1 < MOST_KEYS; i++) {
        if (!infos[i].key || !str_starts(infos[i].key, inside))
            continue;
        const char *rest = infos[i].key + strlen(inside);
        char *name = arena_ndup(arena, rest, strcspn(rest, "."));
        if (!k || !str_eq(names[k - 1], name))
            names[k++] = name;
    }
    names[k] = NULL;
}

/* The row of a full key, or setting_count(). */
static size_t row_of_key(const char *key)
{
    size_t n, i = 0;
    const struct setting_info *infos = settings_table(&n);
    while (i < n && !str_eq(infos[i].key, key))
        i++;
    return i;
}

static bool object(struct loading *l, const json_t *value, const char *inside,
                   const struct setting_source *source, struct error *err)
{
    const char *names[MOST_KEYS];
    struct arena arena = {0};
    keys_in(inside, names, &arena);
    bool good = setting_known_keys(source, value, inside, names, err);
    arena_free(&arena);
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)(uintptr_t)value, key, item) {
        if (!good)
            return false;
        int line = yaml_key_line(source->doc, value, key);
        FREE_AUTO char *full = xasprintf("%s%s", inside, key);
        size_t row = row_of_key(full);
        FREE_AUTO char *deeper = xasprintf("%s.", full);
        if (row < setting_count())
            good = setting_from_json(l, row, item, line, source, err);
        else if (json_is_object(item))
            good = object(l, item, deeper, source, err);
        else
            good = setting_error(err, source, line, "%s must be a mapping", full);
    }
    return good;
}

static bool from_bytes(struct loading *l, const char *bytes, size_t len,
                       struct setting_source *source, struct error *err)
{
    struct yaml_doc *docs = NULL;
    size_t n = 0;
    if (!yaml_parse(bytes, len, source->name, &docs, &n, err))
        return error_remedy(err, "correct the file, or name another one with --config");
    source->doc = docs;
    bool good = true;
    if (n > 1)
        good =
            setting_error(err, source, docs[1].line, "a second document: the configuration is one");
    else if (n == 1 && !json_is_object(docs[0].root))
        good = setting_error(err, source, docs[0].line,
                             "the configuration is a mapping of keys to values");
    else if (n == 1)
        good = object(l, docs[0].root, "", source, err);
    yaml_docs_free(docs, n);
    return good;
}

bool settings_read_file(struct loading *l, const char *path, struct error *err)
{
    char *bytes;
    size_t len;
    if (!file_read(path, MOST_BYTES, &bytes, &len, err))
        return error_remedy(err, "name another file with --config, or leave it out");
    FREE_AUTO char *real = realpath(path, NULL);
    FREE_AUTO char *folder = xstrdup(real ? real : path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    struct setting_source source = {
        .level = LEVEL_FILE, .name = path, .folder = slash ? folder : "."};
    bool good = from_bytes(l, bytes, len, &source, err);
    free(bytes);
    if (good) {
        free(l->s.config_file);
        l->s.config_file = xstrdup(path);
    }
    return good;
}
