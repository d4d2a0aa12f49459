/* GET and LIST, with pages that show one moment although the world moves on between them. */
#include "kube.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form request_form_wanted(const struct sim_request *request)
{
    const char *accept = request_header(request, "Accept");

    if (!accept)
        return FORM_JSON;
    /* The first entry that we can serve wins, and we can serve them all. */
    accept += strspn(accept, " ");
    for (size_t len = strcspn(accept, ","); *accept; len = strcspn(accept, ",")) {
        char *entry = xstrndup(accept, len);
        enum form form = strstr(entry, "as=Table")                   ? FORM_TABLE
                         : strstr(entry, "as=PartialObjectMetadata") ? FORM_METADATA
                                                                     : FORM_JSON;
        bool json = strstr(entry, "json") || strstr(entry, "*/*");

        free(entry);
        if (json)
            return form;
        accept += len;
        accept += strspn(accept, ", ");
    }
    return FORM_JSON;
}

json_t *present(const struct target *t, const json_t *object, enum form form)
{
    json_t *shown;
    char *version;

    if (form == FORM_METADATA)
        return json_pack("{s:s, s:s, s:O}", "kind", "PartialObjectMetadata", "apiVersion",
                         "meta.k8s.io/v1", "metadata", json_object_get(object, "metadata"));
    version = target_version(t);
    shown = json_copy((json_t *)object);
    if (is_modern_event(t))
        event_to_modern(shown);
    json_object_set_new(shown, "apiVersion", json_string(version));
    json_object_set_new(shown, "kind", json_string(t->table->kind->kind));
    free(version);
    return shown;
}

static char *selector_text(const json_t *spec)
{
    struct buffer b = {0};
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(json_object_get(spec, "selector"), "matchLabels"), key,
                        value)
        buffer_printf(&b, "%s%s=%s", b.len ? "," : "", key, json_string_value(value));
    return buffer_take(&b);
}

json_t *present_scale(const json_t *object)
{
    static const char *const kept[] = {"name", "namespace", "uid", "resourceVersion",
                                       "creationTimestamp"};
    const json_t *from = json_object_get(object, "metadata");
    const json_t *spec = json_object_get(object, "spec");
    const json_t *now = json_object_get(json_object_get(object, "status"), "replicas");
    char *selector = selector_text(spec);
    json_t *meta = json_object(), *shown;

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        json_object_set(meta, kept[i], json_object_get(from, kept[i]));
    shown = json_pack("{s:s, s:s, s:o, s:{s:O?}, s:{s:I, s:s}}", "kind", "Scale", "apiVersion",
                      "autoscaling/v1", "metadata", meta, "spec", "replicas",
                      json_object_get(spec, "replicas"), "status", "replicas",
                      json_integer_value(now), "selector", selector);
    free(selector);
    return shown;
}

void kube_get(struct world *world, const struct sim_request *request, const struct target *t,
              struct sim_reply *reply)
{
    json_t *object = table_get(t->table, t->ns, t->name);
    enum form form = request_form_wanted(request);

    if (!object)
        reply_not_found(reply, t, t->name);
    else if (!strcmp(t->subresource, "scale"))
        reply_json(reply, 200, present_scale(object));
    else if (form == FORM_TABLE)
        reply_json(reply, 200,
                   present_table(world, t, &object, 1, request_query(request, "includeObject"),
                                 meta_text(object, "resourceVersion"), true));
    else
        reply_json(reply, 200, present(t, object, form));
}

/* ---- continue tokens ------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *base64_encode(const char *text)
{
    size_t n = strlen(text), at = 0;
    char *out = xcalloc(n * 2 + 4, 1);

    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)(unsigned char)text[i] << 16;

        if (i + 1 < n)
            v |= (unsigned)(unsigned char)text[i + 1] << 8;
        if (i + 2 < n)
            v |= (unsigned char)text[i + 2];
        out[at++] = digits[v >> 18];
        out[at++] = digits[v >> 12 & 63];
        if (i + 1 < n)
            out[at++] = digits[v >> 6 & 63];
        if (i + 2 < n)
            out[at++] = digits[v & 63];
    }
    return out;
}

static char *base64_decode(const char *text)
{
    struct buffer b = {0};
    unsigned v = 0;
    int bits = 0;

    for (; *text; text++) {
        const char *digit = strchr(digits, *text);

        if (!digit)
            break;
        v = v << 6 | (unsigned)(digit - digits);
        bits += 6;
        if (bits >= 8) {
            char c = (char)(v >> (bits - 8));

            buffer_add(&b, &c, 1);
            bits -= 8;
        }
    }
    return buffer_take(&b);
}

static char *make_token(unsigned long long version, const char *start)
{
    json_t *json = json_pack("{s:s, s:I, s:s}", "v", "meta.k8s.io/v1", "rv", (json_int_t)version,
                             "start", start);
    char *text = json_dumps(json, JSON_COMPACT), *token = base64_encode(text);

    free(text);
    json_decref(json);
    return token;
}

/* rv -1: continue without consistency, at what there is now. */
static bool read_token(const char *token, long long *version, char **start)
{
    char *text = base64_decode(token);
    json_t *json = json_loads(text, 0, NULL);
    const char *key = json_string_value(json_object_get(json, "start"));

    free(text);
    if (key) {
        *version = json_integer_value(json_object_get(json, "rv"));
        *start = xstrdup(key);
    }
    json_decref(json);
    return key != NULL;
}

/* ---- one moment of a table ------------------------------------------------------------------- */

struct moment {
    json_t **objects; /* counted */
    char **keys;
    size_t n, size;
};

static void moment_add(struct moment *m, const char *key, json_t *object)
{
    if (m->n == m->size) {
        m->size = m->size ? m->size * 2 : 64;
        m->objects = xrealloc(m->objects, m->size * sizeof *m->objects);
        m->keys = xrealloc(m->keys, m->size * sizeof *m->keys);
    }
    m->keys[m->n] = xstrdup(key);
    m->objects[m->n++] = json_incref(object);
}

static void moment_free(struct moment *m)
{
    for (size_t i = 0; i < m->n; i++) {
        json_decref(m->objects[i]);
        free(m->keys[i]);
    }
    free(m->objects);
    free(m->keys);
}

/* What changed after `version`: key → the object as it was then, null when it was not there. */
static json_t *changes_since(const struct table *table, unsigned long long version)
{
    json_t *changed = NULL;
    size_t low = 0, high = table->n_events;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (table_event(table, middle)->version <= version)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < table->n_events; low++) {
        const struct event *e = table_event(table, low);
        char *key = object_key(table->kind->namespaced ? meta_text(e->object, "namespace") : "",
                               meta_text(e->object, "name"));

        if (!changed)
            changed = json_object();
        if (!json_object_get(changed, key))
            json_object_set_new(changed, key, e->before ? json_incref(e->before) : json_null());
        free(key);
    }
    return changed;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Walks keys >= start in order as they were at `version`, until the limit is passed by one. */
static void collect(const struct table *table, unsigned long long version, const char *start,
                    const char *ns, const struct selector *selector, size_t limit,
                    struct moment *out)
{
    json_t *changed = changes_since(table, version);
    const char **old = xcalloc(json_object_size(changed), sizeof *old), *key;
    size_t n_old = 0, at_old = 0, at = table_find(table, start);
    size_t ns_len = ns && *ns ? strlen(ns) : 0;
    json_t *value;

    json_object_foreach(changed, key, value)
        if (!json_is_null(value) && strcmp(key, start) >= 0)
            old[n_old++] = key;
    qsort(old, n_old, sizeof *old, compare_text);
    while ((at < table->n || at_old < n_old) && (!limit || out->n <= limit)) {
        const char *here = at < table->n ? table->rows[at].key : NULL;
        json_t *object;

        if (here && (at_old == n_old || strcmp(here, old[at_old]) <= 0) &&
            json_object_get(changed, here)) {
            at++; /* written since: its old state, if any, comes from the changes */
            continue;
        }
        if (here && (at_old == n_old || strcmp(here, old[at_old]) < 0)) {
            key = here;
            object = table->rows[at++].object;
        } else {
            key = old[at_old++];
            object = json_object_get(changed, key);
        }
        if (ns_len && (strncmp(key, ns, ns_len) || key[ns_len] != '/')) {
            if (strncmp(key, ns, ns_len) > 0)
                break;
            continue;
        }
        if (selector_matches(selector, object))
            moment_add(out, key, object);
    }
    free(old);
    json_decref(changed);
}

/* ---- LIST ------------------------------------------------------------------------------------ */

struct list_query {
    size_t limit;
    unsigned long long version; /* the moment to show */
    char *start;
    struct selector *selector;
};

static void reply_expired(struct sim_reply *reply, const char *start)
{
    char *token = NULL;

    reply_status(reply, 410, "Expired", NULL,
                 "The provided continue parameter is too old to display a consistent list result. "
                 "You can start a new "
                 "list without the continue parameter, or use the continue token in this response "
                 "to retrieve the "
                 "remainder of the results. Continuing with the provided token results in an "
                 "inconsistent list - "
                 "objects that were created, modified, or deleted between the time the first chunk "
                 "was returned and "
                 "now may show up in the list.");
    token = make_token((unsigned long long)-1, start);
    json_object_set_new(json_object_get(reply->json, "metadata"), "continue", json_string(token));
    free(token);
}

static bool read_version(struct world *world, const struct sim_request *request,
                         const struct target *t, struct list_query *q, struct sim_reply *reply)
{
    const char *text = request_query(request, "resourceVersion"),
               *match = request_query(request, "resourceVersionMatch");
    unsigned long long asked = text ? strtoull(text, NULL, 10) : 0;

    q->version = world->store->version;
    if (asked > q->version) {
        reply_status(reply, 504, "Timeout",
                     json_pack("{s:[{s:s, s:s}], s:i}", "causes", "reason",
                               "ResourceVersionTooLarge", "message", "Too large resource version",
                               "retryAfterSeconds", 1),
                     "Timeout: Too large resource version: %llu, current: %llu", asked, q->version);
        return false;
    }
    if (match && !strcmp(match, "Exact") && asked) {
        if (asked < t->table->forgotten) {
            reply_status(reply, 410, "Expired", NULL,
                         "The resourceVersion for the provided list is too old.");
            return false;
        }
        q->version = asked;
    }
    if (text && !strcmp(text, "0"))
        q->limit = 0; /* served from the cache, which knows no pages */
    return true;
}

/* False with a reply when the request is not valid. */
static bool read_query(struct world *world, const struct sim_request *request,
                       const struct target *t, struct list_query *q, struct sim_reply *reply)
{
    const char *limit = request_query(request, "limit"),
               *token = request_query(request, "continue");
    long long version = 0;

    q->limit = limit ? strtoull(limit, NULL, 10) : 0;
    if (!token || !*token) {
        if (!read_version(world, request, t, q, reply))
            return false;
        q->start = *t->ns ? format_text("%s/", t->ns) : xstrdup("");
    } else if (request_query(request, "resourceVersion") &&
               *request_query(request, "resourceVersion")) {
        reply_status(reply, 400, "BadRequest", NULL,
                     "specifying resource version is not allowed when using continue");
        return false;
    } else if (!read_token(token, &version, &q->start)) {
        reply_status(
            reply, 400, "BadRequest", NULL,
            "invalid continue token: continue key is not valid: not a token of this server");
        return false;
    } else {
        q->version = version < 0 ? world->store->version : (unsigned long long)version;
        if (q->version < t->table->forgotten) {
            reply_expired(reply, q->start);
            return false;
        }
    }
    q->selector = selector_new(request, t, reply);
    return q->selector != NULL;
}

static char *render_list(const struct target *t, const struct moment *m, size_t n, enum form form,
                         const json_t *list_meta)
{
    struct buffer b = {0};
    char *version = target_version(t), *meta = json_dumps(list_meta, JSON_COMPACT);
    bool slim = form == FORM_METADATA;

    buffer_printf(&b, "{\"kind\":\"%s%s\",\"apiVersion\":\"%s\",\"metadata\":%s,\"items\":[",
                  slim ? "PartialObjectMetadata" : t->table->kind->kind, "List",
                  slim ? "meta.k8s.io/v1" : version, meta);
    for (size_t i = 0; i < n; i++) {
        json_t *shown = present(t, m->objects[i], form);
        size_t size;

        if (!slim && !t->table->kind->custom) {
            json_object_del(shown, "kind");
            json_object_del(shown, "apiVersion");
        }
        if (i)
            buffer_puts(&b, ",");
        /* Straight into the buffer: a page is megabytes. */
        size = json_dumpb(shown, b.data + b.len, b.size - b.len - 1, JSON_COMPACT);
        if (size > b.size - b.len - 1) {
            buffer_add(&b, NULL, 0);
            b.size = (b.len + size + 1) * 2;
            b.data = xrealloc(b.data, b.size);
            json_dumpb(shown, b.data + b.len, size, JSON_COMPACT);
        }
        b.len += size;
        b.data[b.len] = '\0';
        json_decref(shown);
    }
    buffer_puts(&b, "]}\n");
    free(version);
    free(meta);
    return buffer_take(&b);
}

static json_t *list_metadata(const struct table *table, const struct list_query *q,
                             const struct moment *m, bool more, const char *ns)
{
    char version[32], *token;
    json_t *meta;

    snprintf(version, sizeof version, "%llu", q->version);
    meta = json_pack("{s:s}", "resourceVersion", version);
    if (more) {
        token = make_token(q->version, m->keys[q->limit]);
        json_object_set_new(meta, "continue", json_string(token));
        free(token);
        if (selector_empty(q->selector)) {
            char *end = format_text("%s0", ns); /* '0' follows '/' */
            size_t from = table_find(table, m->keys[q->limit]),
                   to = *ns ? table_find(table, end) : table->n;

            if (to > from)
                json_object_set_new(meta, "remainingItemCount",
                                    json_integer((json_int_t)(to - from)));
            free(end);
        }
    }
    return meta;
}

void kube_list(struct world *world, const struct sim_request *request, const struct target *t,
               struct sim_reply *reply)
{
    struct list_query q = {0};
    struct moment m = {0};
    enum form form = request_form_wanted(request);
    json_t *meta;
    size_t n;

    if (!read_query(world, request, t, &q, reply)) {
        free(q.start);
        return;
    }
    collect(t->table, q.version, q.start, t->ns, q.selector, q.limit, &m);
    n = q.limit && m.n > q.limit ? q.limit : m.n;
    meta = list_metadata(t->table, &q, &m, n < m.n, t->ns);
    if (form == FORM_TABLE) {
        json_t *table = present_table(world, t, m.objects, n,
                                      request_query(request, "includeObject"), "", true);

        json_object_set(table, "metadata", meta);
        reply_json(reply, 200, table);
    } else {
        free(reply->text);
        reply->text = render_list(t, &m, n, form, meta);
        reply->content_type = "application/json";
        reply->status = 200;
    }
    json_decref(meta);
    moment_free(&m);
    selector_free(q.selector);
    free(q.start);
}
