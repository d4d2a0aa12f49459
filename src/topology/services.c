/* The Services of gateways: which gateway each serves, who owns its traffic policy, the load balancer frontend behind its
 * address, and the nodes with endpoints. kubernetes.md 6.1 to 6.4, 7; azure.md 4. */
#include "topology_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POLICY_FIELD "spec.externalTrafficPolicy"
#define ISTIO_MANAGER "istio.io/gateway-controller"

/* ---- Service and Gateway --------------------------------------------------------------------------------------- */

static const char *labelled_gateway(const struct service *s)
{
    const char *name = pairs_get(&s->object.labels, "gateway.networking.k8s.io/gateway-name");
    if (!name)
        name = pairs_get(&s->object.labels, "istio.io/gateway-name");   /* until Istio 1.23 */
    for (size_t i = 0; !name && i < s->object.owners.n; i++)
        if (str_eq(s->object.owners.items[i].kind, "Gateway"))
            name = s->object.owners.items[i].name;
    return name;
}

static struct topo_gateway *gateway_named(const struct build *b, const char *namespace, const char *name)
{
    char key[600];
    str_format(key, sizeof key, "%s/%s", namespace, name);
    uintptr_t i = (uintptr_t)map_get(b->gateways, key);
    return i ? &b->t->gateways.items[i - 1] : NULL;
}

/* A manual deployment names its Service as an address: short, or as a name in the cluster's domain. */
static const struct service *service_of_hostname(const struct build *b, const struct gateway *g)
{
    for (size_t i = 0; i < g->spec_addresses.n; i++) {
        const char *value = g->spec_addresses.items[i];
        if (!str_starts(value, "Hostname:"))
            continue;
        char name[260], namespace[260];
        str_copy(name, sizeof name, value + strlen("Hostname:"));
        str_copy(namespace, sizeof namespace, g->object.namespace);
        char *dot = strchr(name, '.');
        if (dot) {
            *dot++ = '\0';
            str_copy(namespace, sizeof namespace, dot);
            namespace[strcspn(namespace, ".")] = '\0';
        }
        const struct object *s = snapshot_find(b->s, KIND_SERVICE, namespace, name);
        if (s)
            return (const struct service *)s;
    }
    return NULL;
}

static const struct service *service_of_address(const struct build *b, const struct gateway *g)
{
    const struct object_list *l = &b->s->objects[KIND_SERVICE];
    for (size_t i = 0; g->addresses.n && i < l->n; i++) {
        const struct service *s = (const struct service *)l->items[i];
        for (size_t k = 0; k < g->addresses.n; k++)
            if (str_eq(s->type, "LoadBalancer") && strings_have(&s->ingress_ips, g->addresses.values[k]))
                return s;
    }
    return NULL;
}

/* ---- ownership ------------------------------------------------------------------------------------------------- */

static const struct field_manager *policy_manager(const struct service *s)
{
    const struct field_manager *found = NULL;
    for (size_t i = 0; i < s->object.managers.n; i++) {
        const struct field_manager *m = &s->object.managers.items[i];
        if (strings_have(&m->paths, POLICY_FIELD) && (!found || m->time_ms >= found->time_ms))
            found = m;
    }
    return found;
}

static bool sets_policy(const struct object *configmap)
{
    const char *service = configmap ? pairs_get(&((const struct configmap *)configmap)->data, "service") : NULL;
    return service && strstr(service, "externalTrafficPolicy");
}

/* The ConfigMap that Istio merges into the rendered Service: the Gateway's own, else the class's when it sets the field. */
static const char *overlay_of(const struct build *b, const struct gateway *g, bool *ret_sets)
{
    *ret_sets = false;
    const struct object *own = NULL;
    if (g->parameters.name && *g->parameters.name && str_eq(g->parameters.kind, "ConfigMap")) {
        own = snapshot_find(b->s, KIND_CONFIGMAP, g->object.namespace, g->parameters.name);
        *ret_sets = sets_policy(own);
        return full_name(b->arena, g->object.namespace, g->parameters.name);
    }
    const struct object_list *l = &b->s->objects[KIND_CONFIGMAP];
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(pairs_get(&l->items[i]->labels, "gateway.istio.io/defaults-for-class"), g->class_name) &&
            sets_policy(l->items[i])) {
            *ret_sets = true;
            return full_name(b->arena, l->items[i]->namespace, l->items[i]->name);
        }
    return NULL;
}

/* The add-ons are told by class and labels, and by where AKS keeps its istiod: never by the name istio-system. */
static bool is_aks_addon(const struct build *b, const struct topo_gateway *g)
{
    if (str_eq(g->class_name, "approuting-istio") ||
        str_starts(str_or(pairs_get(&g->object->object.labels, "istio.io/rev"), ""), "asm-"))
        return true;
    if (g->controller && !str_eq(g->controller, ISTIO_MANAGER))
        return false;
    if (!str_eq(g->class_name, "istio"))
        return false;
    const struct object_list *c = &b->s->objects[KIND_MANAGEDCLUSTER];
    for (size_t i = 0; i < c->n; i++)
        if (str_eq_nocase(((const struct managedcluster *)c->items[i])->mesh_mode, "Istio"))
            return true;
    return snapshot_find(b->s, KIND_NAMESPACE, "", "aks-istio-system") ||
           snapshot_find(b->s, KIND_DEPLOYMENT, "aks-istio-system", "istiod") ||
           snapshot_find(b->s, KIND_CONFIGMAP, "aks-istio-system", "istio-gateway-class-defaults");
}

static void find_owner(struct build *b, struct topo_service *out, const struct topo_gateway *g)
{
    const struct field_manager *m = policy_manager(out->object);
    bool overlay_sets = false;
    out->overlay = g ? overlay_of(b, g->object, &overlay_sets) : NULL;
    out->managed_by = m ? m->manager : overlay_sets ? out->overlay : "nobody";
    bool managed = pairs_get(&out->object->object.labels, "gateway.istio.io/managed") != NULL;
    for (size_t i = 0; i < out->object->object.owners.n; i++)
        managed |= str_eq(out->object->object.owners.items[i].kind, "Gateway");
    if (!managed || !g)
        out->owner = OWNER_USER;
    else if (is_aks_addon(b, g))
        out->owner = OWNER_AKS_ADDON;
    else if (overlay_sets || (m && str_eq(m->manager, ISTIO_MANAGER) && str_eq(m->operation, "Apply")))
        out->owner = OWNER_OVERLAY;
    else
        out->owner = OWNER_ISTIO;
}

/* ---- nodes ----------------------------------------------------------------------------------------------------- */

static int endpoints_on(const struct build *b, const struct service *s, const char *node)
{
    size_t n;
    int ready = 0;
    const struct endpointslice *const *slices =
        route_table_slices(b->t->routes_table, s->object.namespace, s->object.name, &n);
    bool has_v4 = false;
    for (size_t i = 0; i < n; i++)
        has_v4 |= str_eq(slices[i]->address_type, "IPv4") && slices[i]->endpoints.n > 0;
    for (size_t i = 0; i < n; i++) {
        if (has_v4 && str_eq(slices[i]->address_type, "IPv6"))
            continue;
        for (size_t k = 0; k < slices[i]->endpoints.n; k++) {
            const struct slice_endpoint *e = &slices[i]->endpoints.items[k];
            ready += e->ready != TRI_FALSE && str_eq(e->node, node);
        }
    }
    return ready;
}

static bool have_node(const struct topo_service *out, const char *name)
{
    for (size_t i = 0; i < out->nodes.n; i++)
        if (str_eq(out->nodes.items[i].name, name))
            return true;
    return false;
}

static void add_nodes(struct build *b, struct topo_service *out)
{
    bool slices_known = snapshot_knows(b->s, KIND_ENDPOINTSLICE);
    const struct object_list *l = &b->s->objects[KIND_NODE];
    for (size_t i = 0; i < l->n; i++) {
        const struct node *n = (const struct node *)l->items[i];
        if (n->excluded_from_lb)
            continue;
        struct topo_node *t = PUSH(b->arena, out->nodes);
        *t = (struct topo_node){ .name = n->object.name, .zone = *n->zone ? n->zone : NULL,
                                 .ip = *n->internal_ip ? n->internal_ip : NULL };
        t->ready_endpoints = slices_known ? endpoints_on(b, out->object, t->name) : -1;
    }
    if (snapshot_knows(b->s, KIND_NODE) || !slices_known)
        return;
    size_t n;   /* without leave to read nodes, those that the slices name are better than none */
    const struct endpointslice *const *slices =
        route_table_slices(b->t->routes_table, out->object->object.namespace, out->object->object.name, &n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < slices[i]->endpoints.n; k++) {
            const struct slice_endpoint *e = &slices[i]->endpoints.items[k];
            if (!*e->node || have_node(out, e->node))
                continue;
            struct topo_node *t = PUSH(b->arena, out->nodes);
            *t = (struct topo_node){ .name = e->node, .zone = *e->zone ? e->zone : NULL };
            t->ready_endpoints = endpoints_on(b, out->object, e->node);
        }
}

/* ---- the load balancer ----------------------------------------------------------------------------------------- */

/* Rules and frontends of a Service start with "a" and its UID without dashes, cut to 32 characters (azure.md 4.2). */
static bool named_after(const char *name, const struct service *s)
{
    char prefix[33] = "a";
    size_t n = 1;
    for (const char *p = s->object.uid; *p && n < 32; p++)
        if (*p != '-')
            prefix[n++] = *p;
    prefix[n] = '\0';
    return n > 8 && !strncasecmp(name, prefix, n) && (name[n] == '\0' || name[n] == '-');
}

const struct lb_rule *lb_rule_of(const struct build *b, const struct topo_service *s, int port,
                                 const struct loadbalancer **ret_lb)
{
    const struct object_list *l = &b->s->objects[KIND_LOADBALANCER];
    for (size_t i = 0; i < l->n; i++) {
        const struct loadbalancer *lb = (const struct loadbalancer *)l->items[i];
        for (size_t k = 0; k < lb->rules.n; k++) {
            const struct lb_rule *r = &lb->rules.items[k];
            if (r->frontend_port != port || !str_eq_nocase(r->protocol, "Tcp") || !named_after(r->name, s->object) ||
                str_ends(r->name, "-IPv6"))
                continue;
            if (ret_lb)
                *ret_lb = lb;
            return r;
        }
    }
    return NULL;
}

static void join_load_balancer(struct build *b, struct topo_service *out)
{
    const struct object_list *l = &b->s->objects[KIND_LOADBALANCER];
    for (size_t i = 0; i < l->n; i++) {
        const struct loadbalancer *lb = (const struct loadbalancer *)l->items[i];
        for (size_t k = 0; k < lb->frontends.n; k++) {
            const struct lb_frontend *f = &lb->frontends.items[k];
            bool by_address = *f->ip && strings_have(&out->addresses, f->ip);
            if (!by_address && !named_after(f->name, out->object))
                continue;
            out->lb = lb->object.name;
            out->lb_frontend = f->name;
            if (by_address)
                return;
        }
    }
}

/* ---- together -------------------------------------------------------------------------------------------------- */

static void add_service(struct build *b, const struct service *s, struct topo_gateway *g)
{
    struct topo_service *out = PUSH(b->arena, b->t->services);
    *out = (struct topo_service){ .object = s, .type = s->type, .gateway = g ? g->gateway : NULL };
    out->service = full_name(b->arena, s->object.namespace, s->object.name);
    for (size_t i = 0; i < s->ingress_ips.n; i++)
        strings_push(b->arena, &out->addresses, s->ingress_ips.items[i]);
    const char *internal = pairs_get(&s->object.annotations, AZURE_ANNOTATION "azure-load-balancer-internal");
    out->internal = internal && !strcasecmp(internal, "true") ? TRI_TRUE : TRI_FALSE;
    out->policy = *s->external_traffic_policy ? s->external_traffic_policy : NULL;
    out->health_check_node_port = s->health_check_node_port > 0 ? s->health_check_node_port : -1;
    for (size_t i = 0; i < s->ports.n; i++) {
        struct topo_service_port *p = PUSH(b->arena, out->ports);
        *p = (struct topo_service_port){ .name = s->ports.items[i].name, .app_protocol = s->ports.items[i].app_protocol,
                                         .port = s->ports.items[i].port, .node_port = s->ports.items[i].node_port };
    }
    find_owner(b, out, g);
    add_nodes(b, out);
    if (str_eq(s->type, "LoadBalancer"))
        join_load_balancer(b, out);
    for (size_t i = 0; i < out->addresses.n; i++)
        map_put(b->services, out->addresses.items[i], (void *)(uintptr_t)b->t->services.n);
    /* The load-balanced Service is the one of the path; others with the label are beside it. */
    if (g && (!g->service || str_eq(s->type, "LoadBalancer")))
        g->service = out->service;
}

size_t service_index(const struct build *b, const char *address)
{
    uintptr_t i = (uintptr_t)map_get(b->services, address);
    if (i)
        return i - 1;
    for (size_t k = 0; k < b->t->services.n; k++) {     /* a pool may name a host that the Gateway publishes */
        const struct topo_gateway *g = topology_gateway(b->t, b->t->services.items[k].gateway);
        if (g && strings_have(&g->addresses, address))
            return k;
    }
    return SIZE_MAX;
}

void build_services(struct build *b)
{
    const struct object_list *l = &b->s->objects[KIND_SERVICE];
    for (size_t i = 0; i < l->n; i++) {
        const struct service *s = (const struct service *)l->items[i];
        const char *name = labelled_gateway(s);
        struct topo_gateway *g = name ? gateway_named(b, s->object.namespace, name) : NULL;
        if (g)
            add_service(b, s, g);
    }
    for (size_t i = 0; i < b->t->gateways.n; i++) {
        struct topo_gateway *g = &b->t->gateways.items[i];
        const struct service *s = g->service ? NULL : service_of_hostname(b, g->object);
        if (!s && !g->service)
            s = service_of_address(b, g->object);
        if (s)
            add_service(b, s, g);
    }
}
