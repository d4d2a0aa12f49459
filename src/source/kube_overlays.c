/* The ConfigMaps that Gateways name by parametersRef (kubernetes.md 6.3): one LIST and WATCH each, by name, because a role
 * may allow just that name; where even that is denied, a GET now and then. */
#include "kube.h"

#include <stdlib.h>

static struct kube_list *find(struct kube_source *s, const char *namespace, const char *name)
{
    for (struct kube_list *l = s->lists; l; l = l->next)
        if (l->overlay && str_eq(l->namespace, namespace) && str_eq(l->single, name))
            return l;
    return NULL;
}

static void add(struct kube_source *s, const char *namespace, const char *name)
{
    FREE_AUTO char *source = xasprintf("configmap %s/%s", namespace, name);
    TEXT_AUTO selector = {0};
    text_puts(&selector, "fieldSelector=metadata.name%3D");
    kube_encode(&selector, name);
    struct kind_list list = {.name = source, .selector = text_str(&selector)};
    struct kube_list *l = kube_list_add(s, KIND_CONFIGMAP, &list);
    l->overlay = l->marked = true;
    l->namespace = xstrdup(namespace);
    l->single = xstrdup(name);
    l->version = s->discovery.kinds[KIND_CONFIGMAP].version;
    kube_list_start(l);
}

static void look(const struct object *o, void *ctx)
{
    struct kube_source *s = ctx;
    const struct object_ref *ref = &((const struct gateway *)o)->parameters;
    if (!*ref->name || *ref->group || !str_eq(ref->kind, "ConfigMap"))
        return;
    struct kube_list *l = find(s, o->namespace, ref->name);
    if (l)
        l->marked = true;
    else
        add(s, o->namespace, ref->name);
}

static void drop(struct kube_source *s, struct kube_list *l)
{
    kube_list_stop(l);
    store_relist_begin(s->ctx.store, l->kind, l->scope);
    store_relist_end(s->ctx.store, l->kind, l->scope);
    store_source_drop(s->ctx.store, l->name);
    kube_list_free(l);
}

void kube_overlays_update(struct kube_source *s)
{
    uint64_t generation = store_generation(s->ctx.store);
    if (generation == s->gateways_seen)
        return;
    s->gateways_seen = generation;
    for (struct kube_list *l = s->lists; l; l = l->next)
        l->marked = false;
    store_each(s->ctx.store, KIND_GATEWAY, look, s);
    for (struct kube_list **at = &s->lists; *at;) {
        struct kube_list *l = *at;
        if (!l->overlay || l->marked) {
            at = &l->next;
            continue;
        }
        *at = l->next;
        drop(s, l);
    }
}
