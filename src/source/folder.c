/* Saved manifests as a source: no network, no watch. */
#include <gatewatch/source.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 64 * 1024 * 1024, DEEPEST_LIST = 4 };

struct load {
    struct store *store;
    const char *file;
    const struct yaml_doc *doc;
    size_t skipped;
    bool seen[KIND_COUNT];
};

/* The kind by its name and group; the version is not asked, because the fields we read are the same in all. */
static const struct kind *kind_of(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "kind"));
    const char *version = json_string_value(json_object_get(object, "apiVersion"));
    const char *slash = version ? strchr(version, '/') : NULL;
    for (int i = 0; name && version && i < KIND_COUNT; i++) {
        size_t len = strlen(kinds[i]->group);
        bool group = slash ? (size_t)(slash - version) == len && strncmp(version, kinds[i]->group, len) == 0 : len == 0;
        if (kinds[i]->origin == ORIGIN_KUBERNETES && group && str_eq(kinds[i]->name, name))
            return kinds[i];
    }
    return NULL;
}

static bool place(struct load *load, const json_t *node, struct error *err)
{
    int line = yaml_line(load->doc, node);
    return line ? error_wrap(err, "%s:%d", load->file, line) : error_wrap(err, "%s", load->file);
}

/* kubectl puts objects without a namespace into the context's; without a cluster that is "default". */
static void default_namespace(const struct kind *kind, json_t *object)
{
    json_t *meta = json_object_get(object, "metadata");
    const char *namespace = json_string_value(json_object_get(meta, "namespace"));
    if (kind->namespaced && json_is_object(meta) && (!namespace || !*namespace))
        json_object_set_new(meta, "namespace", json_string("default"));
}

static bool add(struct load *load, json_t *object, int depth, struct error *err)
{
    const char *name = json_string_value(json_object_get(object, "kind"));
    const json_t *items = json_object_get(object, "items");
    if (!json_is_object(object) || !name || !json_is_string(json_object_get(object, "apiVersion"))) {
        error_set(err, ERR_CONFIG, "not a Kubernetes object: apiVersion and kind are needed");
        return place(load, object, err);
    }
    if (str_ends(name, "List") && json_is_array(items) && depth < DEEPEST_LIST) {
        for (size_t i = 0; i < json_array_size(items); i++)
            if (!add(load, json_array_get(items, i), depth + 1, err))
                return false;
        return true;
    }
    const struct kind *kind = kind_of(object);
    if (!kind) {
        load->skipped++;
        return true;
    }
    default_namespace(kind, object);
    const struct object *o = object_decode(kind, object, err);
    if (!o) {
        if (err)
            err->code = ERR_CONFIG;
        return place(load, object, err);
    }
    load->seen[kind_index(kind)] = true;
    store_upsert(load->store, o);
    return true;
}

static bool load_file(struct load *load, const char *path, struct error *err)
{
    FREE_AUTO char *bytes = NULL;
    size_t len = 0, n = 0;
    struct yaml_doc *docs = NULL;
    load->file = str_eq(path, "-") ? "standard input" : path;
    if (!file_read(path, MAX_FILE, &bytes, &len, err) || !yaml_parse(bytes, len, load->file, &docs, &n, err))
        return false;
    bool fine = true;
    for (size_t i = 0; fine && i < n; i++) {
        load->doc = &docs[i];
        fine = add(load, docs[i].root, 0, err);
    }
    yaml_docs_free(docs, n);
    return fine;
}

/* Manifests are the whole world for the Gateway API's own kinds: what is not there does not exist. Of the cluster's
 * other kinds only those that were given are known. */
static void tell_sources(const struct load *load)
{
    int64_t now = clock_mono_ms();
    for (int i = 0; i < KIND_COUNT; i++) {
        bool gateway_api = str_eq(kinds[i]->group, "gateway.networking.k8s.io");
        if (kinds[i]->origin != ORIGIN_KUBERNETES || (!gateway_api && !load->seen[i]))
            continue;
        struct source_state *state = store_source(load->store, kinds[i]->plural);
        state->kind = i;
        state->origin = ORIGIN_KUBERNETES;
        state->status = SOURCE_LIVE;
        state->good_mono_ms = state->tried_mono_ms = now;
        state->objects = store_count(load->store, (enum kind_id)i, NULL);
    }
}

bool folder_load(struct store *store, const char *const *files, size_t n, size_t *ret_skipped, struct error *err)
{
    struct load load = {.store = store};
    for (size_t i = 0; i < n; i++)
        if (!load_file(&load, files[i], err))
            return false;
    tell_sources(&load);
    if (ret_skipped)
        *ret_skipped = load.skipped;
    return true;
}
