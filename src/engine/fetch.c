/* Raw YAML and events of one object, fetched when somebody looks. Only Kubernetes objects: what ARM says of a gateway is
 * in the views already. */
#include "engine.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct fetch {
    struct engine *engine;
    uint64_t call;
    enum ask_type type;
};

static struct document *document_new(const struct message *message)
{
    struct document *document = xcalloc(1, sizeof *document);
    const struct ask *ask = &message->ask;
    atomic_init(&document->refs, 1);
    document->request = message->number;
    str_format(document->title, sizeof document->title, "%s %s%s%s", ask->kind, str_or(ask->namespace, ""),
               ask->namespace && *ask->namespace ? "/" : "", ask->name);
    return document;
}

static void set_document(struct engine *engine, struct document *steals)
{
    document_unref(engine->document);
    engine->document = steals;
    publish_soon(engine);
}

/* A published document is immutable: the answer is a new one under the same number. */
static struct document *answer_to(const struct document *pending)
{
    struct document *document = xcalloc(1, sizeof *document);
    atomic_init(&document->refs, 1);
    document->request = pending->request;
    memcpy(document->title, pending->title, sizeof document->title);
    return document;
}

static char *clean_lines(struct text *text)
{
    char *clean = text_clean_dup(text_str(text), text->len, true);
    text_free(text);
    return clean;
}

/* As `kubectl get -o yaml` shows it: without managedFields, which nobody reads in an incident. */
static char *yaml_of(json_t *object)
{
    struct text text = { .max = 4 << 20 };
    json_t *metadata = json_object_get(object, "metadata");
    if (metadata)
        json_object_del(metadata, "managedFields");
    yaml_emit(object, &text);
    return clean_lines(&text);
}

static const char *string_at(const json_t *object, const char *key)
{
    return str_or(json_string_value(json_object_get(object, key)), "");
}

static char *events_of(const json_t *list)
{
    struct text text = { .max = 1 << 20 };
    size_t i;
    const json_t *event;
    json_array_foreach(json_object_get(list, "items"), i, event) {
        const char *time = string_at(event, "eventTime");
        if (!*time)
            time = string_at(event, "deprecatedLastTimestamp");
        if (!*time)
            time = string_at(json_object_get(event, "metadata"), "creationTimestamp");
        text_printf(&text, "%s  %-8s %-24s %s\n", time, string_at(event, "type"), string_at(event, "reason"),
                    string_at(event, "note"));
    }
    if (!text.len)
        text_puts(&text, "No events. The API server keeps them for about an hour.\n");
    return clean_lines(&text);
}

static void on_reply(void *ctx, const struct http_reply *reply)
{
    struct fetch *fetch = ctx;
    struct engine *engine = fetch->engine;
    struct document *document = answer_to(engine->document);
    json_t *body = NULL;
    if (reply->error.code != ERR_NONE)
        document->error = reply->error;
    else if (!(body = json_loadb(reply->body, reply->len, 0, NULL)))
        error_set(&document->error, ERR_PROTOCOL, "the API server's answer is not JSON");
    else
        document->text = fetch->type == ASK_YAML ? yaml_of(body) : events_of(body);
    json_decref(body);
    engine->fetch = NULL;
    free(fetch);
    set_document(engine, document);
}

/* The events of one object, by the fields that events.k8s.io can select on. Names are DNS labels or they match nothing. */
static char *events_path(const struct ask *ask)
{
    const char *ns = ask->namespace && *ask->namespace ? ask->namespace : "default";
    for (const char *p = ask->name; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", *p))
            return NULL;
    return xasprintf("/apis/events.k8s.io/v1/namespaces/%s/events?limit=100&fieldSelector=regarding.kind%%3D%s"
                     "%%2Cregarding.name%%3D%s", ns, ask->kind, ask->name);
}

void fetch_start(struct engine *engine, const struct message *message)
{
    const struct ask *ask = &message->ask;
    const struct kind *kind = ask->kind ? kind_by_name(ask->kind) : NULL;
    struct document *document = document_new(message);
    FREE_AUTO char *path = NULL;
    fetch_stop(engine);
    if (!engine->kube)
        error_set(&document->error, ERR_ABSENT, "no cluster is connected");
    else if (!kind || kind->origin != ORIGIN_KUBERNETES || !ask->name)
        error_set(&document->error, ERR_ABSENT, "only Kubernetes objects have a raw view; press d for this row");
    else if (ask->type == ASK_YAML)
        path = kube_path(engine->kube, kind, ask->namespace, ask->name);
    else
        path = events_path(ask);
    if (!path && document->error.code == ERR_NONE)
        error_set(&document->error, ERR_ABSENT, "%s %s cannot be asked for: its kind is not served, or its name is not one "
                                                "that an API server gives", ask->kind, ask->name);
    set_document(engine, document);
    if (!path)
        return;
    struct fetch *fetch = xcalloc(1, sizeof *fetch);
    const struct kube_call call = { .method = "GET", .path = path, .intent = HTTP_READ };
    fetch->engine = engine;
    fetch->type = ask->type;
    engine->fetch = fetch;
    fetch->call = kube_call(engine->kube, &call, on_reply, fetch);
}

void fetch_stop(struct engine *engine)
{
    if (!engine->fetch)
        return;
    kube_call_cancel(engine->kube, engine->fetch->call);
    free(engine->fetch);
    engine->fetch = NULL;
}
