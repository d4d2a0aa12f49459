/* Gateways with their listeners, pods and Istio version, and the ambient mesh below them. */
#include "topology_internal.h"

#include <stdlib.h>
#include <string.h>

static enum tri condition_now(const struct conditions *c, const char *type, const struct object *o, bool *stale)
{
    const struct condition *one = conditions_get(c, type);
    if (!one)
        return TRI_UNKNOWN;
    if (one->observed_generation < o->generation) {     /* a verdict on an older spec is no verdict */
        *stale = true;
        return TRI_UNKNOWN;
    }
    return one->status;
}

/* ---- version --------------------------------------------------------------------------------------------------- */

int image_minor(const char *image)
{
    const char *slash = strrchr(image, '/');
    const char *tag = strchr(slash ? slash : image, ':');
    if (!tag || strncmp(tag, ":1.", 3) != 0)
        return 0;
    return atoi(tag + 3);
}

static bool is_istio_image(const char *image)
{
    return strstr(image, "proxyv2") || strstr(image, "ztunnel") || strstr(image, "pilot");
}

static int workload_minor(const struct workload *w)
{
    for (size_t i = 0; i < w->images.n; i++) {
        int minor = is_istio_image(w->images.items[i]) ? image_minor(w->images.items[i]) : 0;
        if (minor > 0)
            return minor;
    }
    return 0;
}

static int revision_minor(const char *revision)
{
    return revision && !strncmp(revision, "asm-1-", 6) ? atoi(revision + 6) : 0;
}

static const char *gateway_label(const struct object *o)
{
    const char *name = pairs_get(&o->labels, "gateway.networking.k8s.io/gateway-name");
    return name ? name : pairs_get(&o->labels, "istio.io/gateway-name");    /* until Istio 1.23 */
}

/* The gateway's own proxy first, then the mesh around it: revisions of one cluster may differ. */
static int istio_minor(const struct build *b, const struct gateway *g)
{
    const struct object_list *l = &b->s->objects[KIND_DEPLOYMENT];
    size_t first, n = snapshot_namespace(b->s, KIND_DEPLOYMENT, g->object.namespace, &first);
    for (size_t i = 0; i < n; i++)
        if (str_eq(gateway_label(l->items[first + i]), g->object.name)) {
            int minor = workload_minor((const struct workload *)l->items[first + i]);
            if (minor > 0)
                return minor;
        }
    const struct object *ns = snapshot_find(b->s, KIND_NAMESPACE, "", g->object.namespace);
    int minor = revision_minor(pairs_get(&g->object.labels, "istio.io/rev"));
    if (!minor && ns)
        minor = revision_minor(pairs_get(&ns->labels, "istio.io/rev"));
    for (size_t i = 0; !minor && i < l->n; i++)
        if (str_starts(l->items[i]->name, "istiod"))
            minor = workload_minor((const struct workload *)l->items[i]);
    const struct object_list *d = &b->s->objects[KIND_DAEMONSET];
    for (size_t i = 0; !minor && i < d->n; i++)
        if (str_eq(d->items[i]->name, "ztunnel"))
            minor = workload_minor((const struct workload *)d->items[i]);
    for (size_t i = 0; !minor && i < b->s->objects[KIND_MANAGEDCLUSTER].n; i++) {
        const struct managedcluster *c = (const struct managedcluster *)b->s->objects[KIND_MANAGEDCLUSTER].items[i];
        for (size_t k = 0; !minor && k < c->mesh_revisions.n; k++)
            minor = revision_minor(c->mesh_revisions.items[k]);
    }
    return minor;
}

/* ---- gateways -------------------------------------------------------------------------------------------------- */

static void count_pods(const struct build *b, const struct gateway *g, struct topo_gateway *out)
{
    out->pods_ready = out->pods_total = -1;
    if (!snapshot_knows(b->s, KIND_POD))
        return;
    size_t first, n = snapshot_namespace(b->s, KIND_POD, g->object.namespace, &first);
    int ready = 0, total = 0, blind = 0;
    for (size_t i = 0; i < n; i++) {
        const struct pod *p = (const struct pod *)b->s->objects[KIND_POD].items[first + i];
        if (!str_eq(gateway_label(&p->object), g->object.name) || str_eq(p->phase, "Succeeded"))
            continue;
        total++;
        ready += p->ready == TRI_TRUE && !p->object.deleting;
        blind += p->metadata_only;
    }
    if (total > 0 && !blind) {      /* none at all may also mean that pods are not listed here: the slices will tell */
        out->pods_ready = ready;
        out->pods_total = total;
    }
}

static enum light listener_light(const struct conditions *c)
{
    const struct condition *programmed = conditions_get(c, "Programmed"), *refs = conditions_get(c, "ResolvedRefs");
    const struct condition *accepted = conditions_get(c, "Accepted"), *conflict = conditions_get(c, "Conflicted");
    if ((conflict && conflict->status == TRI_TRUE) || (accepted && accepted->status == TRI_FALSE) ||
        (programmed && programmed->status == TRI_FALSE))
        return LIGHT_DOWN;
    if (refs && refs->status == TRI_FALSE)
        return LIGHT_DEGRADED;
    return programmed && programmed->status == TRI_TRUE ? LIGHT_OK : LIGHT_UNKNOWN;
}

static void add_listener(struct build *b, struct topo_gateway *out, const struct listener *l)
{
    struct topo_listener *t = PUSH(b->arena, out->listeners);
    *t = (struct topo_listener){ .name = l->name, .protocol = l->protocol, .hostname = l->hostname, .port = l->port,
                                 .attached = l->has_status ? l->attached_routes : -1, .conditions = l->conditions,
                                 .light = listener_light(&l->conditions) };
}

void build_gateways(struct build *b)
{
    const struct object_list *l = &b->s->objects[KIND_GATEWAY];
    for (size_t i = 0; i < l->n; i++) {
        const struct gateway *g = (const struct gateway *)l->items[i];
        struct topo_gateway *out = PUSH(b->arena, b->t->gateways);
        *out = (struct topo_gateway){ .object = g, .class_name = g->class_name };
        out->gateway = full_name(b->arena, g->object.namespace, g->object.name);
        const struct gatewayclass *c =
            (const struct gatewayclass *)snapshot_find(b->s, KIND_GATEWAYCLASS, "", g->class_name);
        out->controller = c ? c->controller : NULL;
        out->programmed = condition_now(&g->conditions, "Programmed", &g->object, &out->stale);
        out->accepted = condition_now(&g->conditions, "Accepted", &g->object, &out->stale);
        for (size_t k = 0; k < g->addresses.n; k++)
            strings_push(b->arena, &out->addresses, g->addresses.values[k]);
        for (size_t k = 0; k < g->listeners.n; k++)
            add_listener(b, out, &g->listeners.items[k]);
        count_pods(b, g, out);
        /* Another implementation may stand beside a mesh of Istio's. */
        bool foreign = out->controller && !strstr(out->controller, "istio") && !strstr(g->class_name, "istio");
        out->istio_minor = foreign ? 0 : istio_minor(b, g);
        map_put(b->gateways, out->gateway, (void *)(uintptr_t)b->t->gateways.n);
    }
}

static enum light gateway_light(const struct topo_gateway *g)
{
    if (g->programmed == TRI_FALSE || g->accepted == TRI_FALSE || g->pods_ready == 0)
        return LIGHT_DOWN;
    enum light light = g->programmed == TRI_TRUE ? LIGHT_OK : LIGHT_UNKNOWN;
    for (size_t i = 0; i < g->listeners.n; i++)
        if (g->listeners.items[i].light == LIGHT_DOWN || g->listeners.items[i].light == LIGHT_DEGRADED)
            light = LIGHT_DEGRADED;
    return g->pods_total > 0 && g->pods_ready < g->pods_total ? LIGHT_DEGRADED : light;
}

void finish_gateways(struct build *b)
{
    for (size_t i = 0; i < b->t->gateways.n; i++) {
        struct topo_gateway *g = &b->t->gateways.items[i];
        if (g->pods_total < 0 && g->service) {      /* as many as the Service's slices list */
            const struct topo_service *s = topology_service(b->t, g->service);
            size_t n;
            const struct endpointslice *const *slices = route_table_slices(
                b->t->routes_table, s->object->object.namespace, s->object->object.name, &n);
            if (snapshot_knows(b->s, KIND_ENDPOINTSLICE)) {
                g->pods_ready = g->pods_total = 0;
                for (size_t k = 0; k < n; k++)
                    for (size_t e = 0; e < slices[k]->endpoints.n && !str_eq(slices[k]->address_type, "IPv6"); e++) {
                        g->pods_total++;
                        g->pods_ready += slices[k]->endpoints.items[e].ready != TRI_FALSE;
                    }
            }
        }
        g->light = gateway_light(g);
    }
}

/* ---- the mesh -------------------------------------------------------------------------------------------------- */

void build_mesh(struct build *b)
{
    struct topology *t = b->t;
    t->mesh.ztunnel_ready = t->mesh.ztunnel_total = -1;
    const struct object_list *d = &b->s->objects[KIND_DAEMONSET];
    for (size_t i = 0; i < d->n; i++) {
        const struct workload *w = (const struct workload *)d->items[i];
        if (!str_eq(w->object.name, "ztunnel") && !str_eq(pairs_get(&w->object.labels, "app"), "ztunnel"))
            continue;
        t->mesh.ambient = true;
        t->mesh.namespace = w->object.namespace;
        t->mesh.ztunnel_ready = w->ready;
        t->mesh.ztunnel_total = w->desired;
    }
    const struct object_list *ns = &b->s->objects[KIND_NAMESPACE];
    for (size_t i = 0; i < ns->n && !t->mesh.ambient; i++)
        t->mesh.ambient = str_eq(pairs_get(&ns->items[i]->labels, "istio.io/dataplane-mode"), "ambient");
    t->ingresses = b->s->objects[KIND_INGRESS].n;
}
