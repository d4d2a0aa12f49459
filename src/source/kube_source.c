/* The Kubernetes source as a whole: which lists there are, and when they start. */
#include "kube.h"

#include <stdlib.h>
#include <string.h>

/* ---- telling the engine ------------------------------------------------------------------------------------------------ */

static void announce(void *ctx)
{
    struct kube_source *s = ctx;
    s->announce_timer = 0;
    s->announced = false;
    kube_overlays_update(s);
    if (s->ctx.changed)
        s->ctx.changed(s->ctx.ctx);
}

void kube_changed(struct kube_source *s)
{
    if (s->announced)
        return;
    s->announced = true;
    s->announce_timer = loop_timer(s->ctx.loop, 0, announce, s);
}

/* ---- lists and discovery -------------------------------------------------------------------------------------------------- */

static void apply_to(struct kube_list *l)
{
    struct kube_source *s = l->source;
    enum served served = s->discovery.kinds[l->kind].served;
    const char *version = s->discovery.kinds[l->kind].version;
    if (served == SERVED_YES && (!l->version || !str_eq(l->version, version))) {
        l->version = version;
        kube_list_start(l);
    } else if (served == SERVED_NO && (l->version || !l->answered)) {
        kube_list_absent(l);
    } else if (served == SERVED_UNKNOWN && s->discovered && !l->version) {
        /* Discovery failed: the source says why, as the kind's own reason. */
        const struct source_state *why = store_source(s->ctx.store, "discovery");
        struct source_state *state = kube_list_state(l);
        state->status = why->status == SOURCE_FORBIDDEN ? SOURCE_FORBIDDEN : SOURCE_FAILED;
        state->error = why->error;
        if (!why->error.code)
            error_set(&state->error, ERR_SERVER, "the API server behind %s is down", kinds[l->kind]->group);
        l->answered = true;
    }
}

void kube_apply_discovery(struct kube_source *s)
{
    for (struct kube_list *l = s->lists; l; l = l->next)
        apply_to(l);
    kube_changed(s);
}

static void add_lists(struct kube_source *s)
{
    for (int i = 0; i < KIND_COUNT; i++) {
        const struct kind *kind = kinds[i];
        if (kind->origin != ORIGIN_KUBERNETES)
            continue;
        if (!kind->lists)
            kube_list_add(s, (enum kind_id)i, NULL);
        for (const struct kind_list *list = kind->lists; list && list->name; list++)
            kube_list_add(s, (enum kind_id)i, list);
    }
}

/* ---- door ---------------------------------------------------------------------------------------------------------------------- */

struct kube_source *kube_source_start(const struct source_context *ctx, struct kube_login *login)
{
    struct kube_source *s = xcalloc(1, sizeof *s);
    s->ctx = *ctx;
    s->login = login;
    discovery_init(&s->discovery);
    struct source_state *state = store_source(ctx->store, "discovery");
    state->origin = ORIGIN_KUBERNETES;
    add_lists(s);
    kube_discover(s);
    kube_ask_version(s);
    kube_apply_discovery(s);        /* the core group starts at once, beside discovery */
    return s;
}

void kube_source_stop(struct kube_source *s)
{
    if (!s)
        return;
    kube_cancel_all(s);
    loop_cancel(s->ctx.loop, s->discovery_timer);
    loop_cancel(s->ctx.loop, s->version_timer);
    loop_cancel(s->ctx.loop, s->announce_timer);
    for (struct kube_list *l = s->lists, *next; l; l = next) {
        next = l->next;
        kube_list_stop(l);
        kube_list_free(l);
    }
    group_versions_free(&s->legacy);
    if (s->version)
        store_environment(s->ctx.store)->version = NULL;
    free(s->version);
    free(s);
}

void kube_source_refresh(struct kube_source *s)
{
    kube_discover(s);
    if (!s->version && !s->version_timer)
        kube_ask_version(s);
    for (struct kube_list *l = s->lists; l; l = l->next) {
        enum source_status status = kube_list_state(l)->status;
        bool waits = l->phase == LIST_WAITING || l->phase == LIST_IDLE;
        if (l->version && (waits || (status != SOURCE_LIVE && l->phase != LIST_LISTING))) {
            l->attempt = 0;
            kube_list_start(l);
        }
    }
}

bool kube_source_settled(const struct kube_source *s)
{
    if (!s->discovered)
        return false;
    for (const struct kube_list *l = s->lists; l; l = l->next)
        if (!l->answered)
            return false;
    return true;
}

const char *kube_source_version(const struct kube_source *s, const struct kind *kind)
{
    enum kind_id i = kind_index(kind);
    return i != KIND_COUNT && s->discovery.kinds[i].served == SERVED_YES ? s->discovery.kinds[i].version : NULL;
}

void kube_encode(struct text *out, const char *segment)
{
    for (const char *c = segment; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-._~", *c);
        if (plain)
            text_putc(out, *c);
        else
            text_printf(out, "%%%02X", (unsigned char)*c);
    }
}

char *kube_path(const struct kube_source *s, const struct kind *kind, const char *ns, const char *name)
{
    const char *version = kube_source_version(s, kind);
    if (!version)
        return NULL;
    struct text path = {0};
    if (*kind->group)
        text_printf(&path, "/apis/%s/%s", kind->group, version);
    else
        text_printf(&path, "/api/%s", version);
    if (ns && *ns && kind->namespaced) {
        text_puts(&path, "/namespaces/");
        kube_encode(&path, ns);
    }
    text_printf(&path, "/%s", kind->plural);
    if (name && *name) {
        text_putc(&path, '/');
        kube_encode(&path, name);
    }
    return text_take(&path);
}
