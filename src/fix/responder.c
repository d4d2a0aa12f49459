/* Finding a responder: by configuration, by its usual name, by the label of the reference environment. The port is always
 * read from the Service: the reference article says 8080, its Service listens on 80. */
#include "responder.h"

#include <stdlib.h>
#include <string.h>

enum { FOUND_MAX = 6 };        /* what a sheet has keys for */

static int http_port(const struct service *service)
{
    int first = -1;
    for (size_t i = 0; i < service->ports.n; i++) {
        const struct service_port *port = &service->ports.items[i];
        const bool tls = str_starts(port->name, "https") || str_eq_nocase(port->app_protocol, "https");
        if (!str_eq(port->protocol, "TCP") || tls)
            continue;       /* the gateway would speak plain HTTP to it */
        if (str_starts(port->name, "http") || str_starts(port->app_protocol, "http"))
            return port->port;
        if (first < 0)
            first = port->port;
    }
    return first;
}

static int ready_endpoints(const struct snapshot *snapshot, const struct service *service)
{
    size_t first;
    int ready = 0;
    if (!snapshot_knows(snapshot, KIND_ENDPOINTSLICE))
        return -1;
    const size_t n = snapshot_namespace(snapshot, KIND_ENDPOINTSLICE, service->object.namespace, &first);
    for (size_t i = first; i < first + n; i++) {
        const struct endpointslice *slice =
            (const struct endpointslice *)snapshot->objects[KIND_ENDPOINTSLICE].items[i];
        if (!str_eq(slice->service, service->object.name))
            continue;
        for (size_t k = 0; k < slice->endpoints.n; k++)
            ready += slice->endpoints.items[k].ready != TRI_FALSE;
    }
    return ready;
}

static bool looks_like_responder(const struct service *service, const struct settings *settings)
{
    if (str_eq(service->object.name, settings->responder.service))
        return true;
    return str_eq(pairs_get(&service->object.labels, "app"), "health-responder") ||
           str_eq(pairs_get(&service->object.labels, "app.kubernetes.io/component"), "health-responder");
}

struct candidates { struct responder items[FOUND_MAX]; size_t n; };

static void offer(struct candidates *found, const struct snapshot *snapshot, const struct service *service)
{
    for (size_t i = 0; i < found->n; i++)
        if (found->items[i].service == service->object.name)
            return;
    if (found->n == FOUND_MAX || http_port(service) < 0)
        return;
    found->items[found->n++] = (struct responder){
        .namespace = service->object.namespace,
        .service = service->object.name,
        .port = http_port(service),
        .ready = ready_endpoints(snapshot, service),
    };
}

/* Any Service may be named, also one that nothing marks as a responder. */
static void offer_named(struct candidates *found, const struct snapshot *snapshot, const char *asked)
{
    char ns[256], name[256];
    split_ns_name(asked, ns, name);
    const struct object *service = *ns ? snapshot_find(snapshot, KIND_SERVICE, ns, name) : NULL;
    bool listed = false;
    for (size_t i = 0; service && i < found->n; i++)
        listed |= found->items[i].service == service->name;
    if (!listed && found->n == FOUND_MAX)
        found->n--;
    if (service)
        offer(found, snapshot, (const struct service *)service);
}

static void find(struct candidates *found, const struct snapshot *snapshot, const struct settings *settings,
                 const char *asked)
{
    const struct object_list *list = &snapshot->objects[KIND_SERVICE];
    const struct object *configured =
        snapshot_find(snapshot, KIND_SERVICE, settings->responder.namespace, settings->responder.service);
    /* First the configured one: there may be more that look like one than a sheet has keys for. */
    if (configured)
        offer(found, snapshot, (const struct service *)configured);
    for (size_t i = 0; i < list->n; i++) {
        const struct service *service = (const struct service *)list->items[i];
        if (looks_like_responder(service, settings))
            offer(found, snapshot, service);
    }
    if (asked)
        offer_named(found, snapshot, asked);
}

static int rank(const struct responder *responder, const struct settings *settings)
{
    const bool configured = str_eq(responder->namespace, settings->responder.namespace) &&
                            str_eq(responder->service, settings->responder.service);
    return (responder->ready != 0 ? 2 : 0) + (configured ? 1 : 0);
}

static struct responder to_create(const struct snapshot *snapshot, const struct settings *settings)
{
    const char *ns = settings->responder.namespace;
    return (struct responder){
        .namespace = ns,
        .service = settings->responder.service,
        .port = 80,
        .ready = 0,
        .create = true,
        .create_namespace = snapshot_knows(snapshot, KIND_NAMESPACE) && !snapshot_find(snapshot, KIND_NAMESPACE, "", ns),
        .image = settings->responder.image,
    };
}

bool responder_choose(struct responder *responder, struct plan *plan, const struct topology *topology,
                      const struct settings *settings, const struct fix_request *request, struct error *err)
{
    struct candidates found = { 0 };
    const char *asked = request_choice(request, "responder");
    struct plan_choice *chosen = NULL;
    int best = -1;
    find(&found, topology->snapshot, settings, asked);
    for (size_t i = 0; i < found.n; i++) {
        struct responder *item = &found.items[i];
        FREE_AUTO char *id = xasprintf("%s/%s", item->namespace, item->service);
        FREE_AUTO char *ready = item->ready < 0 ? xstrdup("readiness not known") : xasprintf("%d ready", item->ready);
        FREE_AUTO char *label = xasprintf("Service %s port %d (%s)", id, item->port, ready);
        struct plan_choice *choice = plan_add_choice(plan, "responder", id, label, "already there; nothing new runs");
        const bool named = str_eq(asked, id);
        if (named || (!asked && rank(item, settings) > best)) {
            best = named ? 99 : rank(item, settings);
            *responder = *item;
            chosen = choice;
        }
    }
    FREE_AUTO char *label = xasprintf("create %s/%s", settings->responder.namespace, settings->responder.service);
    struct plan_choice *create = plan_add_choice(plan, "responder", "create", label,
                                                 "Namespace if missing, Deployment with two replicas, Service");
    const struct object *taken = snapshot_find(topology->snapshot, KIND_SERVICE, settings->responder.namespace,
                                               settings->responder.service);
    if (taken) {
        create->allowed = false;
        create->why_not = "a Service of that name is there already";
    }
    /* A Service without a ready pod answers 503: making one that answers is the better offer. */
    if (create->allowed && (!chosen || str_eq(asked, "create") || (!asked && best < 2))) {
        *responder = to_create(topology->snapshot, settings);
        chosen = create;
    }
    if (!chosen && !found.n) {
        error_set(err, ERR_REFUSED, "Service %s/%s has no plain TCP port that could answer the probe",
                  settings->responder.namespace, settings->responder.service);
        return error_remedy(err, "name another with responder.service in the configuration, or with --choice "
                                 "responder=NS/NAME");
    }
    if (!chosen) {
        *responder = found.items[0];
        chosen = &plan->choices[0];
    }
    chosen->selected = true;
    return true;
}

/* ---- creation -------------------------------------------------------------------------------------------------------------- */

static const char server_configuration[] =
    "server {\n"
    "  listen 8080;\n"
    "  access_log off;\n"
    "  default_type text/plain;\n"
    "  location / { return 200 'ok\\n'; }\n"
    "}\n";

static json_t *labels(const char *name)
{
    return json_pack("{s:s, s:s, s:s}", "app", name, "app.kubernetes.io/managed-by", MANAGED_BY,
                     "app.kubernetes.io/component", "health-responder");
}

static json_t *probe(int period)
{
    return json_pack("{s:{s:s, s:i}, s:i}", "httpGet", "path", "/", "port", 8080, "periodSeconds", period);
}

static json_t *container(const struct responder *responder)
{
    FREE_AUTO char *script = xasprintf("cat > /etc/nginx/conf.d/default.conf <<'END'\n%sEND\nexec nginx -g 'daemon off;'\n",
                                       server_configuration);
    return json_pack("{s:s, s:s, s:[s,s,s], s:[{s:s, s:i, s:s}], s:{s:{s:s, s:s}, s:{s:s, s:s}}, s:o, s:o}", "name",
                     "responder", "image", responder->image, "command", "/bin/sh", "-c", script, "ports", "name", "http",
                     "containerPort", 8080, "protocol", "TCP", "resources", "requests", "cpu", "10m", "memory", "16Mi",
                     "limits", "cpu", "50m", "memory", "32Mi", "readinessProbe", probe(5), "livenessProbe", probe(10));
}

static json_t *deployment(const struct responder *responder)
{
    const char *name = responder->service;
    json_t *spread = json_pack("[{s:i, s:s, s:s, s:{s:{s:s}}}]", "maxSkew", 1, "topologyKey", "kubernetes.io/hostname",
                               "whenUnsatisfiable", "ScheduleAnyway", "labelSelector", "matchLabels", "app", name);
    json_t *template = json_pack("{s:{s:o}, s:{s:[o], s:o}}", "metadata", "labels", labels(name), "spec", "containers",
                                 container(responder), "topologySpreadConstraints", spread);
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:o}, s:{s:i, s:{s:{s:s}}, s:o}}", "apiVersion", "apps/v1", "kind",
                     "Deployment", "metadata", "name", name, "namespace", responder->namespace, "labels", labels(name),
                     "spec", "replicas", 2, "selector", "matchLabels", "app", name, "template", template);
}

static json_t *service(const struct responder *responder)
{
    const char *name = responder->service;
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:o}, s:{s:s, s:[{s:s, s:i, s:i, s:s}], s:{s:s}}}", "apiVersion", "v1",
                     "kind", "Service", "metadata", "name", name, "namespace", responder->namespace, "labels",
                     labels(name), "spec", "type", "ClusterIP", "ports", "name", "http", "port", responder->port,
                     "targetPort", 8080, "protocol", "TCP", "selector", "app", name);
}

/* In an ambient mesh the responder's namespace joins it, as the reference manifests do: otherwise a STRICT mesh would turn
 * the gateway away. */
static json_t *namespace_body(const struct responder *responder, bool ambient)
{
    json_t *marks = json_pack("{s:s}", "app.kubernetes.io/managed-by", MANAGED_BY);
    if (ambient)
        json_object_set_new(marks, "istio.io/dataplane-mode", json_string("ambient"));
    return json_pack("{s:s, s:s, s:{s:s, s:o}}", "apiVersion", "v1", "kind", "Namespace", "metadata", "name",
                     responder->namespace, "labels", marks);
}

void responder_add_changes(const struct responder *responder, struct plan *plan, const struct topology *topology)
{
    if (!responder->create)
        return;
    if (responder->create_namespace)
        plan_add_change(plan, "apply", "namespaces", "Namespace", "", "v1", "", responder->namespace, CONTENT_APPLY,
                        namespace_body(responder, topology->mesh.ambient));
    plan_add_change(plan, "apply", "deployments", "Deployment", "apps", "v1", responder->namespace, responder->service,
                    CONTENT_APPLY, deployment(responder));
    plan_add_change(plan, "apply", "services", "Service", "", "v1", responder->namespace, responder->service,
                    CONTENT_APPLY, service(responder));
}
