/* kubeconfig files: found, merged and checked as kubectl does (kubernetes.md 3.1, 3.2, 3.4). */
#include "auth/kubeconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE = 8 << 20 };

const char *kube_service_account = "/var/run/secrets/kubernetes.io/serviceaccount";

/* ---- files ---- */

static bool list_of(struct kubeconfig *k, struct kube_file *f, const char *key, const char *inner,
                    struct kube_entries *into, struct error *err)
{
    const json_t *root = f->docs[0].root, *list = json_object_get(root, key);
    size_t i;
    json_t *item;
    if (!list || json_is_null(list))
        return true;
    if (!json_is_array(list))
        return error_set(err, ERR_CONFIG, "%s:%d: '%s' is not a list", f->path, yaml_key_line(&f->docs[0], root, key),
                         key);
    json_array_foreach(list, i, item) {
        const char *name = json_string_value(json_object_get(item, "name"));
        const json_t *body = json_object_get(item, inner);
        if (!name)
            return error_set(err, ERR_CONFIG, "%s:%d: %s[%zu] has no name", f->path, yaml_line(&f->docs[0], item), key,
                             i);
        if (body && !json_is_null(body) && !json_is_object(body)) {
            struct kube_entry entry = {.name = name, .what = inner, .file = f};
            return kube_field_error(&entry, item, inner, err, "is not a mapping");
        }
        if (kube_entry_find(into, name))
            continue;           /* the first file that defines a name wins entirely */
        GROW(into->items, into->n, into->cap);
        into->items[into->n++] = (struct kube_entry){
            .name = arena_dup(&k->arena, name), .what = inner, .body = body ? body : json_null(), .file = f};
    }
    return true;
}

static bool take_file(struct kubeconfig *k, const char *path, struct error *err)
{
    char *bytes;
    size_t len;
    if (!file_read(path, MAX_FILE, &bytes, &len, err))
        return error_wrap(err, "kubeconfig");
    struct kube_file *f = xcalloc(1, sizeof *f);
    GROW(k->files, k->n_files, k->cap_files);
    k->files[k->n_files++] = f;
    f->path = xstrdup(path);
    const char *slash = strrchr(path, '/');
    f->folder = !slash ? xstrdup(".") : slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
    bool ok = yaml_parse(bytes, len, path, &f->docs, &f->n_docs, err);
    secret_wipe(bytes, len);
    free(bytes);
    if (!ok)
        return error_wrap(err, "kubeconfig");
    if (f->n_docs == 0)
        return true;
    if (!json_is_object(f->docs[0].root))
        return error_set(err, ERR_CONFIG, "%s:%d: a kubeconfig is a mapping", path, f->docs[0].line);
    const json_t *current = json_object_get(f->docs[0].root, "current-context");
    if (current && !json_is_null(current) && !json_is_string(current))
        return error_set(err, ERR_CONFIG, "%s:%d: 'current-context' is not a string", path,
                         yaml_key_line(&f->docs[0], f->docs[0].root, "current-context"));
    if (!k->current && json_string_length(current))
        k->current = json_string_value(current);
    return list_of(k, f, "clusters", "cluster", &k->clusters, err) &&
           list_of(k, f, "users", "user", &k->users, err) &&
           list_of(k, f, "contexts", "context", &k->contexts, err);
}

static bool taken(const struct kubeconfig *k, const char *path)
{
    for (size_t i = 0; i < k->n_files; i++)
        if (str_eq(k->files[i]->path, path))
            return true;
    return false;
}

/* Missing ones and empty items are passed over, the same one twice is read once. */
static bool take_list(struct kubeconfig *k, const char *list, struct error *err)
{
    while (*list) {
        size_t len = strcspn(list, ":");
        FREE_AUTO char *path = xstrndup(list, len);
        bool missing = !len || taken(k, path) || (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR));
        if (!missing && !take_file(k, path, err))
            return false;
        list += len + (list[len] == ':');
    }
    return true;
}

static bool in_a_pod(void)
{
    FREE_AUTO char *token = xasprintf("%s/token", kube_service_account);
    return env_get("KUBERNETES_SERVICE_HOST") && env_get("KUBERNETES_SERVICE_PORT") && access(token, R_OK) == 0;
}

static bool take_files(struct kubeconfig *k, const struct settings *settings, struct error *err)
{
    const char *list = env_get("KUBECONFIG");
    FREE_AUTO char *home = path_home(".kube/config");
    if (settings->kubeconfig && *settings->kubeconfig)
        return take_file(k, settings->kubeconfig, err);
    if (!take_list(k, list ? list : home, err))
        return false;
    if (k->contexts.n || k->clusters.n || k->n_files)
        return true;
    if (in_a_pod()) {
        k->in_cluster = true;
        return true;
    }
    if (list)
        error_set(err, ERR_CONFIG, "no kubeconfig: none of the files in KUBECONFIG exists");
    else
        error_set(err, ERR_CONFIG, "no kubeconfig: KUBECONFIG is not set and %s does not exist", home);
    return error_remedy(err, "give one with --kubeconfig, or get it with `az aks get-credentials`");
}

struct kubeconfig *kubeconfig_load(const struct settings *settings, struct error *err)
{
    struct kubeconfig *k = xcalloc(1, sizeof *k);
    if (!take_files(k, settings, err)) {
        kubeconfig_free(k);
        return NULL;
    }
    k->chosen = settings->context && *settings->context ? xstrdup(settings->context) : NULL;
    k->names = xcalloc(k->contexts.n + 1, sizeof *k->names);
    for (size_t i = 0; i < k->contexts.n; i++)
        k->names[i] = k->contexts.items[i].name;
    return k;
}

void kubeconfig_free(struct kubeconfig *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->n_files; i++) {
        yaml_docs_free(k->files[i]->docs, k->files[i]->n_docs);
        free(k->files[i]->path);
        free(k->files[i]->folder);
        free(k->files[i]);
    }
    free(k->files);
    free(k->contexts.items);
    free(k->clusters.items);
    free(k->users.items);
    free(k->names);
    free(k->chosen);
    arena_free(&k->arena);
    free(k);
}

size_t kubeconfig_contexts(const struct kubeconfig *k, const char *const **ret_names)
{
    *ret_names = k->names;
    return k->contexts.n;
}

/* ---- entries and fields ---- */

const struct kube_entry *kube_entry_find(const struct kube_entries *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->items[i].name, name))
            return &list->items[i];
    return NULL;
}

bool kube_field_error(const struct kube_entry *e, const json_t *object, const char *key, struct error *err,
                      const char *format, ...)
{
    TEXT_AUTO what = {.max = 400};
    va_list ap;
    va_start(ap, format);
    text_vprintf(&what, format, ap);
    va_end(ap);
    int line = yaml_key_line(&e->file->docs[0], object, key);
    if (!line)
        line = yaml_line(&e->file->docs[0], object);
    char name[80];
    text_clean(name, sizeof name, e->name, strlen(e->name), false);
    return error_set(err, ERR_CONFIG, "%s:%d: %s '%s': %s %s", e->file->path, line, e->what, name, key, text_str(&what));
}

bool kube_string(const struct kube_entry *e, const json_t *object, const char *key, const char **out, struct error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value && !json_is_null(value) && !json_is_string(value))
        return kube_field_error(e, object, key, err, "is not a string");
    *out = json_string_length(value) ? json_string_value(value) : NULL;
    return true;
}

bool kube_bool(const struct kube_entry *e, const json_t *object, const char *key, bool *out, struct error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value && !json_is_null(value) && !json_is_boolean(value))
        return kube_field_error(e, object, key, err, "is neither true nor false");
    *out = json_is_true(value);
    return true;
}

bool kube_array(const struct kube_entry *e, const json_t *object, const char *key, const json_t **out, struct error *err)
{
    const json_t *value = json_object_get(object, key);
    if (value && !json_is_null(value) && !json_is_array(value))
        return kube_field_error(e, object, key, err, "is not a list");
    *out = json_is_array(value) ? value : NULL;
    return true;
}

char *kubeconfig_path(const struct kube_entry *e, const char *path)
{
    return path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", e->file->folder, path);
}

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Standard alphabet; line breaks are passed over. NULL when it is something else. */
static char *base64_decode(const char *in)
{
    char *out = xcalloc(1, strlen(in) / 4 * 3 + 4);
    size_t n = 0, digits = 0, pads = 0;
    unsigned bits = 0;
    for (; *in; in++) {
        if (strchr(" \t\r\n", *in))
            continue;
        int d = base64_digit(*in);
        if (*in == '=' ? ++pads > 2 : (d < 0 || pads)) {
            free(out);
            return NULL;
        }
        if (d < 0)
            continue;
        bits = bits << 6 | (unsigned)d;
        if (++digits % 4 == 0) {
            out[n++] = (char)(bits >> 16);
            out[n++] = (char)(bits >> 8);
            out[n++] = (char)bits;
            bits = 0;
        }
    }
    if (digits % 4 == 2) {
        out[n++] = (char)(bits >> 4);
    } else if (digits % 4 == 3) {
        out[n++] = (char)(bits >> 10);
        out[n++] = (char)(bits >> 2);
    }
    if (digits % 4 == 1 || memchr(out, '\0', n)) {
        free(out);
        return NULL;
    }
    return out;
}

bool kube_data(const struct kube_entry *e, const char *key, char **out, struct error *err)
{
    FREE_AUTO char *data_key = xasprintf("%s-data", key);
    const char *data, *path;
    size_t len;
    if (!kube_string(e, e->body, data_key, &data, err) || !kube_string(e, e->body, key, &path, err))
        return false;
    if (data) {
        char *text = base64_decode(data);
        if (!text)
            return kube_field_error(e, e->body, data_key, err, "is not base64 of a text");
        *out = text;
    } else if (path) {
        FREE_AUTO char *full = kubeconfig_path(e, path);
        struct error why = {0};
        if (!file_read(full, 1 << 20, out, &len, &why))
            return kube_field_error(e, e->body, key, err, "cannot be read: %s", why.message);
    }
    return true;
}

/* ---- the chosen context ---- */

static bool unknown_context(const struct kubeconfig *k, const char *name, struct error *err)
{
    TEXT_AUTO known = {.max = 280};
    char clean[120];
    text_clean(clean, sizeof clean, name, strlen(name), false);
    const char *near = str_nearest(clean, k->names);
    for (size_t i = 0; i < k->contexts.n && !known.cut; i++)
        text_printf(&known, "%s%s", i ? ", " : "", k->names[i]);
    error_set(err, ERR_CONFIG, "the kubeconfig (%s) has no context '%s'%s%s%s", k->n_files ? k->files[0]->path : "empty",
              clean, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    char list[300];
    text_clean(list, sizeof list, text_str(&known), known.len, false);
    return error_remedy(err, "%s%s", known.len ? "contexts: " : "get one with `az aks get-credentials`", list);
}

static bool in_cluster_target(struct kubeconfig *k, struct kube_target *out)
{
    const char *host = env_get("KUBERNETES_SERVICE_HOST");
    bool six = strchr(host, ':') != NULL;
    FREE_AUTO char *path = xasprintf("%s/namespace", kube_service_account), *name = NULL;
    size_t len;
    if (!file_read(path, 4096, &name, &len, NULL))
        name = xstrdup("default");
    name[strcspn(name, "\r\n")] = '\0';
    *out = (struct kube_target){
        .context = "in-cluster", .cluster = "in-cluster", .user = "service account", .in_cluster = true,
        .server = arena_printf(&k->arena, "https://%s%s%s:%s", six ? "[" : "", host, six ? "]" : "",
                               env_get("KUBERNETES_SERVICE_PORT")),
        .namespace = arena_dup(&k->arena, name),
    };
    return true;
}

bool kubeconfig_target(struct kubeconfig *k, const char *context_or_null, struct kube_target *out, struct error *err)
{
    const char *name = context_or_null ? context_or_null : k->chosen ? k->chosen : k->current;
    if (k->in_cluster && !context_or_null && !k->chosen)
        return in_cluster_target(k, out);
    if (!name) {
        unknown_context(k, "", err);
        return error_set(err, ERR_CONFIG, "the kubeconfig (%s) names no current-context",
                         k->n_files ? k->files[0]->path : "empty");
    }
    const struct kube_entry *context = kube_entry_find(&k->contexts, name);
    if (!context)
        return unknown_context(k, name, err);
    struct kube_target t = {.context = context->name};
    if (!kube_string(context, context->body, "cluster", &t.cluster, err) ||
        !kube_string(context, context->body, "user", &t.user, err) ||
        !kube_string(context, context->body, "namespace", &t.namespace, err))
        return false;
    const struct kube_entry *cluster = t.cluster ? kube_entry_find(&k->clusters, t.cluster) : NULL;
    if (!cluster)
        return kube_field_error(context, context->body, "cluster", err, "names no known cluster%s%s",
                                t.cluster ? ": " : "", t.cluster ? t.cluster : "");
    if (t.user && !kube_entry_find(&k->users, t.user))
        return kube_field_error(context, context->body, "user", err, "names no known user: %s", t.user);
    if (!kube_string(cluster, cluster->body, "server", &t.server, err) ||
        !kube_bool(cluster, cluster->body, "insecure-skip-tls-verify", &t.insecure, err))
        return false;
    if (!t.server)
        return kube_field_error(cluster, cluster->body, "server", err, "is missing");
    if (!t.namespace)
        t.namespace = "default";
    *out = t;
    return true;
}
