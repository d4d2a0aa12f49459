/* Listeners of Gateways and ListenerSets: spec and status joined by name. */
#include "shape.h"

static const struct field kind_fields[] = {
    STRING(struct route_kind, group, "group"),
    STRING(struct route_kind, kind, "kind"),
};
static const struct shape shape_route_kind = SHAPE(struct route_kind, kind_fields);
static const struct field listener_fields[] = {
    STRING(struct listener, name, "name"),
    STRING(struct listener, hostname, "hostname"),
    STRING(struct listener, protocol, "protocol"),
    INT(struct listener, port, "port"),
    STRING(struct listener, tls_mode, "tls.mode"),
    ROW(struct listener, tls, "tls", FIELD_PRESENT),
    ROW(struct listener, tls_options, "tls.options", FIELD_PRESENT),
    ARRAY(struct listener, certificates, "tls.certificateRefs", shape_object_ref),
    STRING(struct listener, from, "allowedRoutes.namespaces.from"),
    STRUCT(struct listener, selector, "allowedRoutes.namespaces.selector", shape_label_selector),
    ARRAY(struct listener, kinds, "allowedRoutes.kinds", shape_route_kind),
};
const struct shape shape_listener = SHAPE(struct listener, listener_fields);

static const struct field status_fields[] = {
    STRING(struct listener_status, name, "name"),
    INT(struct listener_status, attached_routes, "attachedRoutes"),
    ARRAY(struct listener_status, conditions, "conditions", shape_condition),
};
static const struct shape shape_status = SHAPE(struct listener_status, status_fields);
static const struct field list_fields[] = {ARRAY(struct listener_statuses, list, "", shape_status)};
static const struct shape shape_statuses = SHAPE(struct listener_statuses, list_fields);

void listeners_join(struct listener *listeners, size_t n, const json_t *json, struct arena *arena)
{
    struct listener_statuses statuses = {0};
    shape_decode(&shape_statuses, json, &statuses, arena);
    for (size_t i = 0; i < n; i++) {
        listeners[i].attached_routes = -1;
        for (size_t j = 0; j < statuses.list.n; j++) {
            const struct listener_status *status = &statuses.list.items[j];
            if (!str_eq(status->name, listeners[i].name))
                continue;
            listeners[i].has_status = true;
            listeners[i].attached_routes = status->attached_routes;
            listeners[i].conditions = status->conditions;
        }
    }
}

void listeners_default(struct listener *listeners, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct listener *l = &listeners[i];
        if (!*l->from)
            l->from = "Same";
        for (size_t k = 0; k < l->kinds.n; k++)
            if (!*l->kinds.items[k].group)      /* no route kind lives in the core group */
                l->kinds.items[k].group = "gateway.networking.k8s.io";
        for (size_t c = 0; c < l->certificates.n; c++)
            if (!*l->certificates.items[c].kind)
                l->certificates.items[c].kind = "Secret";
    }
}

void describe_listeners(struct describe *d, const struct listener *listeners, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct listener *l = &listeners[i];
        describe_line(d, "Listener", "%s %s %d %s", l->name, l->protocol, l->port, str_or(l->hostname, "*"));
        d->indent++;
        describe_line(d, "Routes from", "%s", l->from);
        if (l->has_status)
            describe_line(d, "Attached routes", "%d", l->attached_routes);
        for (size_t c = 0; c < l->certificates.n; c++)
            describe_line(d, "Certificate", "%s %s", l->certificates.items[c].kind, l->certificates.items[c].name);
        describe_conditions(d, &l->conditions);
        d->indent--;
    }
}
