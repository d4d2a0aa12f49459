/* metadata.managedFields: the FieldsV1 trie flattened into dotted paths (kubernetes.md 2.2). */
#include "managed.h"

#include <jansson.h>
#include <string.h>

enum { DEEPEST = 24, LONGEST_PATH = 1024, MOST_PATHS = 4096 };

struct walk {
    struct arena *arena;
    const char **paths;         /* NULL while counting */
    size_t n;
    char path[LONGEST_PATH];
};

/* `k:{"port":80,"protocol":"TCP"}` reads as [port=80,protocol=TCP]. */
static void item_name(const char *key, char *out, size_t cap)
{
    json_t *names = json_loads(key + 2, JSON_DECODE_ANY, NULL);
    if (!json_is_object(names)) {
        str_format(out, cap, "[%s]", key + 2);
        json_decref(names);
        return;
    }
    size_t used = 0;
    const char *name;
    json_t *value;
    json_object_foreach(names, name, value) {
        FREE_AUTO char *text = json_is_string(value) ? xstrdup(json_string_value(value))
                                                     : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        str_format(out + used, cap - used, "%c%s=%s", used ? ',' : '[', name, text ? text : "");
        used = strlen(out);
    }
    str_copy(out + used, cap - used, "]");
    json_decref(names);
}

static void add(struct walk *w, size_t len)
{
    if (w->n >= MOST_PATHS)
        return;
    if (w->paths) {
        FREE_AUTO char *clean = text_clean_dup(w->path, len, false);
        w->paths[w->n] = arena_dup(w->arena, clean);
    }
    w->n++;
}

static void walk(struct walk *w, json_t *trie, size_t len, int depth)
{
    const char *key;
    json_t *below;
    bool leaf = true;
    json_object_foreach(trie, key, below) {
        if (str_eq(key, ".") || !key[0] || key[1] != ':')
            continue;
        leaf = false;
        char name[LONGEST_PATH / 2] = "";
        if (key[0] == 'k')
            item_name(key, name, sizeof name);
        else if (key[0] == 'v' || key[0] == 'i')
            str_format(name, sizeof name, "[%s]", key + 2);
        else
            str_format(name, sizeof name, "%s%s", len ? "." : "", key + 2);
        size_t more = strlen(name);
        if (len + more >= sizeof w->path)
            continue;
        memcpy(w->path + len, name, more + 1);
        if (key[0] != 'f' || depth >= DEEPEST || !json_is_object(below))
            add(w, len + more);
        else
            walk(w, below, len + more, depth + 1);
        w->path[len] = '\0';
    }
    if (leaf && len)
        add(w, len);
}

static struct strings flatten(struct arena *arena, json_t *trie)
{
    struct walk w = {.arena = arena};
    if (!json_is_object(trie))
        return (struct strings){0};
    walk(&w, trie, 0, 0);
    if (!w.n)
        return (struct strings){0};
    w.paths = arena_alloc(arena, w.n * sizeof *w.paths);
    w.n = 0;
    walk(&w, trie, 0, 0);
    return (struct strings){w.paths, w.n};
}

void managed_decode(struct object *o, const json_t *list)
{
    size_t n = json_array_size(list);
    if (!n)
        return;
    o->managers.items = arena_alloc(&o->arena, n * sizeof *o->managers.items);
    for (size_t i = 0; i < n; i++) {
        json_t *entry = json_array_get(list, i);
        if (!json_is_object(entry))
            continue;
        struct field_manager *m = &o->managers.items[o->managers.n++];
        m->manager = json_word(&o->arena, json_object_get(entry, "manager"));
        m->operation = json_word(&o->arena, json_object_get(entry, "operation"));
        m->subresource = json_word(&o->arena, json_object_get(entry, "subresource"));
        const char *time = json_string_value(json_object_get(entry, "time"));
        if (time)
            clock_parse_rfc3339(time, &m->time_ms);
        m->paths = flatten(&o->arena, json_object_get(entry, "fieldsV1"));
    }
}

/* True when `path` starts with `above` and goes on with a new piece. */
static bool is_below(const char *path, const char *above)
{
    size_t len = strlen(above);
    return strncmp(path, above, len) == 0 && (path[len] == '\0' || path[len] == '.' || path[len] == '[');
}

bool manager_owns(const struct field_manager *m, const char *path)
{
    for (size_t i = 0; i < m->paths.n; i++)
        if (is_below(path, m->paths.items[i]) || is_below(m->paths.items[i], path))
            return true;
    return false;
}
