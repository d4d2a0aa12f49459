/* Conditions, addresses and attachedRoutes, as Istio 1.30 writes them
 * (kubernetes.md 4.2, 5.1, 6.2). */
#include "azure.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GATEWAY_GROUP "gateway.networking.k8s.io"
#define CONTROLLER "istio.io/gateway-controller"

enum { BUCKETS = 16384, ATTACHMENTS = 12 };
struct route_memo { /* what was concluded of a route, so that ten thousand are not weighed again */
    char *key;
    const json_t *object; /* counted */
    unsigned long long inputs, round;
    uint64_t attached[ATTACHMENTS];
    size_t n;
    struct route_memo *next;
};

/* ---- listeners ---------------------------------------------------------------------------- */

static bool certificate_allowed(struct world *world, const json_t *gateway, const char *ns,
                                const char *name)
{
    json_t *grants = store_list_in(world, GATEWAY_GROUP, "referencegrants", ns), *grant, *one;
    bool granted = strcmp(ns, jx_namespace(gateway)) == 0;
    size_t i, k;

    json_array_foreach(grants, i, grant) {
        bool from = false, to = false;
        json_array_foreach(jx_get(grant, "spec.from"), k, one)
            from = from || (jx_is(one, "kind", "Gateway") &&
                            jx_is(one, "namespace", jx_namespace(gateway)));
        json_array_foreach(jx_get(grant, "spec.to"), k, one)
            to = to || (jx_is(one, "kind", "Secret") &&
                        (!jx_str(one, "name") || jx_is(one, "name", name)));
        granted = granted || (from && to);
    }
    json_decref(grants);
    return granted;
}

static bool certificate_good(struct world *world, const json_t *gateway, const json_t *listener,
                             const char **reason, char *message, size_t room)
{
    const json_t *refs = jx_get(listener, "tls.certificateRefs");
    size_t i;
    json_t *ref;

    if (strcmp(jx_text(listener, "tls.mode", "Terminate"), "Terminate") != 0)
        return true;
    *reason = "InvalidCertificateRef";
    if (json_array_size(refs) == 0) {
        snprintf(message, room, "exactly 1 certificateRefs should be present for TLS termination");
        return false;
    }
    json_array_foreach(refs, i, ref) {
        const char *ns = jx_text(ref, "namespace", jx_namespace(gateway)),
                   *name = jx_text(ref, "name", "");
        if (strcmp(jx_text(ref, "kind", "Secret"), "Secret") != 0) {
            snprintf(message, room, "invalid certificate reference, only secret is allowed");
            return false;
        }
        if (!certificate_allowed(world, gateway, ns, name)) {
            *reason = "RefNotPermitted";
            snprintf(
                message, room,
                "certificateRef %s/%s not accessible to a Gateway in namespace \"%s\" (missing a "
                "ReferenceGrant?)",
                ns, name, jx_namespace(gateway));
            return false;
        }
        if (!store_get(world, "", "secrets", ns, name)) {
            snprintf(message, room, "secret %s/%s not found", ns, name);
            return false;
        }
    }
    return true;
}

/* Two listeners on a port must speak one protocol and have different hostnames. NULL when there is
 * no conflict. */
static const char *conflict(const json_t *gateway, const json_t *listener)
{
    size_t i;
    json_t *other;

    json_array_foreach(jx_get(gateway, "spec.listeners"), i, other) {
        if (other == listener || jx_int(other, "port", 0) != jx_int(listener, "port", 0))
            continue;
        if (!jx_is(other, "protocol", jx_text(listener, "protocol", "")))
            return "ProtocolConflict";
        if (strcasecmp(jx_text(other, "hostname", ""), jx_text(listener, "hostname", "")) == 0)
            return "HostnameConflict";
    }
    return NULL;
}

bool listener_ready(struct world *world, const json_t *gateway, const json_t *listener,
                    const char **reason, char *message, size_t room)
{
    const char *protocol = jx_text(listener, "protocol", "");
    bool tls = strcmp(protocol, "HTTPS") == 0 || strcmp(protocol, "TLS") == 0;

    return !conflict(gateway, listener) &&
           (!tls || certificate_good(world, gateway, listener, reason, message, room));
}

/* ---- routes ------------------------------------------------------------------------------- */

enum outcome { ACCEPTED, NOT_ALLOWED, NO_HOSTNAME, NO_PARENT };

static uint64_t listener_key(const json_t *gateway, const json_t *listener)
{
    char text[600];
    snprintf(text, sizeof text, "%s/%s/%s", jx_namespace(gateway), jx_name(gateway),
             jx_text(listener, "name", ""));
    return jx_hash(text);
}

static bool hostnames_meet(const json_t *route, const json_t *listener)
{
    const json_t *names = jx_get(route, "spec.hostnames");
    size_t i;
    json_t *name;

    if (json_array_size(names) == 0)
        return true;
    json_array_foreach(names, i, name)
        if (hostname_join(jx_text(listener, "hostname", ""),
                          json_string_value(name) ? json_string_value(name) : ""))
            return true;
    return false;
}

static enum outcome attach(struct world *world, const json_t *route, const char *kind,
                           const json_t *parent, const json_t *gateway, struct route_memo *memo,
                           char *message, size_t room)
{
    const char *section = jx_str(parent, "sectionName");
    long long port = jx_int(parent, "port", 0);
    enum outcome best = NO_PARENT;
    size_t i;
    json_t *listener;

    snprintf(message, room, section ? "sectionName \"%s\" not found" : "port not found", section);
    json_array_foreach(jx_get(gateway, "spec.listeners"), i, listener) {
        enum outcome here = ACCEPTED;
        if ((section && !jx_is(listener, "name", section)) ||
            (port && port != jx_int(listener, "port", 0)))
            continue;
        if (!listener_allows(world, gateway, listener, kind, jx_namespace(route)))
            here = NOT_ALLOWED;
        else if (!hostnames_meet(route, listener))
            here = NO_HOSTNAME;
        if (here == ACCEPTED) {
            uint64_t key = listener_key(gateway, listener);
            bool again = false;
            for (size_t k = 0; k < memo->n; k++)
                again = again || memo->attached[k] == key;
            if (!again && memo->n < ATTACHMENTS)
                memo->attached[memo->n++] = key;
        }
        if (here >= best)
            continue;
        best = here;
        if (here == NOT_ALLOWED)
            snprintf(message, room,
                     "hostnames or kind match, but namespace \"%s\" or kind %s is not allowed by "
                     "the parent",
                     jx_namespace(route), kind);
        else if (here == NO_HOSTNAME)
            snprintf(message, room, "no hostnames matched parent hostname \"%s\"",
                     jx_text(listener, "hostname", ""));
        else
            snprintf(message, room, "Route was valid");
    }
    return best;
}

static const char *outcome_reason(enum outcome outcome)
{
    switch (outcome) {
    case ACCEPTED: return "Accepted";
    case NOT_ALLOWED: return "NotAllowedByListeners";
    case NO_HOSTNAME: return "NoMatchingListenerHostname";
    case NO_PARENT: break;
    }
    return "NoMatchingParent";
}

/* NULL when every reference resolves. A port that the Service lacks is no fault here: Istio looks
 * at the Service only. */
static const char *reference_fault(struct world *world, const json_t *route, const char *kind,
                                   char *message, size_t room)
{
    const char *found = NULL;
    size_t i, k;
    json_t *rule, *backend;

    json_array_foreach(jx_get(route, "spec.rules"), i, rule)
        json_array_foreach(json_object_get(rule, "backendRefs"), k, backend) {
            const char *name = jx_text(backend, "name", "");
            const char *ns = jx_text(backend, "namespace", jx_namespace(route));
            if (strcmp(jx_text(backend, "kind", "Service"), "Service") != 0 ||
                strcmp(jx_text(backend, "group", ""), "") != 0) {
                snprintf(message, room,
                         "referencing unsupported backendRef: group \"%s\" kind \"%s\"",
                         jx_text(backend, "group", ""), jx_text(backend, "kind", ""));
                found = "InvalidKind";
            } else if (!route_may_refer(world, route, kind, ns, name)) {
                snprintf(message, room,
                         "backendRef %s/%s not accessible to a %s in namespace \"%s\" (missing a "
                         "ReferenceGrant?)",
                         name, ns, kind, jx_namespace(route));
                found = "RefNotPermitted";
            } else if (!json_object_get(backend, "port") || strchr(name, '.')) {
                snprintf(message, room,
                         "invalid destination: port is required in backendRef and the name is a "
                         "short name");
                return "InvalidDestination";
            } else if (!store_get(world, "", "services", ns, name)) {
                snprintf(message, room, "backend(%s.%s.svc.cluster.local) not found", name, ns);
                found = found ? found : "BackendNotFound";
            }
        }
    return found;
}

static const json_t *parent_gateway(struct world *world, const json_t *route, const json_t *parent)
{
    const json_t *gateway;

    if (strcmp(jx_text(parent, "group", GATEWAY_GROUP), GATEWAY_GROUP) != 0 ||
        strcmp(jx_text(parent, "kind", "Gateway"), "Gateway") != 0)
        return NULL;
    gateway = store_get(world, GATEWAY_GROUP, "gateways",
                        jx_text(parent, "namespace", jx_namespace(route)),
                        jx_text(parent, "name", ""));
    return gateway && gateway_is_ours(world, gateway) ? gateway : NULL;
}

static json_t *old_entry(const json_t *route, const json_t *parent)
{
    size_t i;
    json_t *entry;
    json_array_foreach(jx_get(route, "status.parents"), i, entry)
        if (jx_is(entry, "controllerName", CONTROLLER) &&
            json_equal(json_object_get(entry, "parentRef"), parent))
            return json_deep_copy(entry);
    return json_pack("{s:o, s:s, s:[]}", "parentRef", json_deep_copy(parent), "controllerName",
                     CONTROLLER, "conditions");
}

static void weigh(struct world *world, const char *resource, const char *kind, const json_t *route,
                  struct route_memo *memo)
{
    json_t *parents = json_array(), *parent, *entry;
    long long generation = jx_int(route, "metadata.generation", 1);
    char fault_text[600] = "All references resolved", text[600];
    const char *fault = reference_fault(world, route, kind, fault_text, sizeof fault_text);
    size_t i;

    memo->n = 0;
    json_array_foreach(jx_get(route, "status.parents"), i,
                       entry) /* what other controllers said stays */
        if (!jx_is(entry, "controllerName", CONTROLLER))
            json_array_append_new(parents, json_deep_copy(entry));
    json_array_foreach(jx_get(route, "spec.parentRefs"), i, parent) {
        const json_t *gateway = parent_gateway(world, route, parent);
        if (!gateway)
            continue;
        enum outcome outcome = attach(world, route, kind, parent, gateway, memo, text, sizeof text);
        json_t *mine = old_entry(route, parent), *conditions = json_object_get(mine, "conditions");
        condition_set(world, conditions, "Accepted", outcome == ACCEPTED, outcome_reason(outcome),
                      text, generation);
        condition_set(world, conditions, "ResolvedRefs", !fault, fault ? fault : "ResolvedRefs",
                      fault_text, generation);
        condition_set(world, conditions, "ResolvedWaypoints", true, "ResolvedWaypoints",
                      "All waypoints resolved", generation);
        json_array_append_new(parents, mine);
    }
    if (json_equal(parents, jx_get(route, "status.parents")) ||
        (json_array_size(parents) == 0 && !jx_get(route, "status.parents"))) {
        json_decref(parents);
        return;
    }
    json_t *next = json_deep_copy(route);
    jx_set(next, "status.parents", parents);
    store_put(world, GATEWAY_GROUP, resource, next, "pilot-discovery", "Update", "status");
}

/* How many routes a listener has, kept up to date as routes come, change and go. */
static void account(struct controller_memory *memory, const struct route_memo *memo, int sign)
{
    for (size_t k = 0; k < memo->n; k++) {
        struct attached *one = NULL;
        for (size_t i = 0; i < memory->n_attached; i++)
            if (memory->attached[i].listener == memo->attached[k])
                one = &memory->attached[i];
        if (!one) {
            memory->attached = xrealloc(memory->attached,
                                        (memory->n_attached + 1) * sizeof *memory->attached);
            one = &memory->attached[memory->n_attached++];
            *one = (struct attached){ .listener = memo->attached[k] };
        }
        one->count += sign;
    }
}

static struct route_memo *memo_of(struct azure *azure, const char *kind, const json_t *route)
{
    char key[600];
    snprintf(key, sizeof key, "%s/%s/%s", kind, jx_namespace(route), jx_name(route));
    if (!azure->memos)
        azure->memos = xcalloc(BUCKETS, sizeof *azure->memos);
    struct route_memo **bucket = &azure->memos[jx_hash(key) % BUCKETS], *memo = *bucket;
    while (memo && strcmp(memo->key, key) != 0)
        memo = memo->next;
    if (!memo) {
        memo = xcalloc(1, sizeof *memo);
        memo->key = xstrdup(key);
        memo->next = *bucket;
        *bucket = memo;
    }
    return memo;
}

static void weigh_again(struct world *world, const char *resource, const char *kind,
                        const json_t *route, unsigned long long inputs)
{
    struct azure *azure = azure_of(world);
    struct route_memo *memo = memo_of(azure, kind, route);

    memo->round = azure->status_round;
    if (memo->object == route && memo->inputs == inputs)
        return;
    account(azure->memory, memo, -1);
    weigh(world, resource, kind, route, memo);
    account(azure->memory, memo, 1);
    json_decref((json_t *)memo->object);
    memo->object = json_incref(
        (json_t *)store_get(world, GATEWAY_GROUP, resource, jx_namespace(route), jx_name(route)));
    memo->inputs = inputs;
}

/* Forgets the routes of a kind that were not met in this round. */
static void forget(struct azure *azure, const char *kind)
{
    size_t len = strlen(kind);
    for (size_t i = 0; azure->memos && i < BUCKETS; i++)
        for (struct route_memo **at = &azure->memos[i]; *at;) {
            struct route_memo *memo = *at;
            if (memo->round == azure->status_round || strncmp(memo->key, kind, len) != 0 ||
                memo->key[len] != '/') {
                at = &memo->next;
                continue;
            }
            account(azure->memory, memo, -1);
            *at = memo->next;
            json_decref((json_t *)memo->object);
            free(memo->key);
            free(memo);
        }
}

static void routes(struct world *world, const char *resource, const char *kind, struct seen *seen)
{
    struct controller_memory *memory = controller_memory(world);
    json_t *list = json_array(), *route;
    size_t i, additions, deletions;
    bool all = !store_changes(world, GATEWAY_GROUP, resource, seen, list, &additions, &deletions) ||
               deletions || memory->weighed_inputs != memory->route_inputs;

    if (all) {
        json_decref(list);
        list = store_list(world, GATEWAY_GROUP, resource);
    }
    json_array_foreach(list, i, route)
        weigh_again(world, resource, kind, route, memory->route_inputs);
    json_decref(list);
    if (all)
        forget(azure_of(world), kind);
}

/* ---- Gateways ----------------------------------------------------------------------------- */

static long long count_attached(const struct azure *azure, uint64_t key)
{
    for (size_t i = 0; i < azure->memory->n_attached; i++)
        if (azure->memory->attached[i].listener == key)
            return azure->memory->attached[i].count;
    return 0;
}

static json_t *supported_kinds(const json_t *listener)
{
    const char *protocol = jx_text(listener, "protocol", "");
    if (strcmp(protocol, "TLS") == 0)
        return json_pack("[{s:s, s:s}]", "group", GATEWAY_GROUP, "kind", "TLSRoute");
    if (strcmp(protocol, "HTTP") != 0 && strcmp(protocol, "HTTPS") != 0)
        return json_array();
    return json_pack("[{s:s, s:s}, {s:s, s:s}]", "group", GATEWAY_GROUP, "kind", "HTTPRoute",
                     "group", GATEWAY_GROUP, "kind", "GRPCRoute");
}

static json_t *listener_status(struct world *world, const json_t *gateway, const json_t *listener)
{
    const json_t *old = jx_find(jx_get(gateway, "status.listeners"), "name",
                                jx_text(listener, "name", ""));
    json_t *kept = json_object_get(old, "conditions");
    json_t *conditions = json_is_array(kept) ? json_deep_copy(kept) : json_array();
    long long generation = jx_int(gateway, "metadata.generation", 1);
    const char *clash = conflict(gateway, listener), *reason = "InvalidCertificateRef";
    char message[600] = "";
    bool ready = listener_ready(world, gateway, listener, &reason, message, sizeof message),
         refs = ready || clash;

    condition_set(world, conditions, "Accepted", true, "Accepted", "No errors found", generation);
    condition_set(world, conditions, "Conflicted", clash != NULL, clash ? clash : "NoConflicts",
                  clash ? "Listener conflicts with another listener of this Gateway"
                        : "No errors found",
                  generation);
    condition_set(world, conditions, "Programmed", ready, ready ? "Programmed" : "Invalid",
                  ready   ? "No errors found"
                  : clash ? "Conflicted listener"
                          : "Bad TLS configuration",
                  generation);
    condition_set(world, conditions, "ResolvedRefs", refs, refs ? "ResolvedRefs" : reason,
                  refs ? "No errors found" : message, generation);
    return json_pack("{s:s, s:I, s:o, s:o}", "name", jx_text(listener, "name", ""),
                     "attachedRoutes",
                     (json_int_t)count_attached(azure_of(world), listener_key(gateway, listener)),
                     "supportedKinds", supported_kinds(listener), "conditions", conditions);
}

static const json_t *service_of(struct world *world, const json_t *gateway)
{
    json_t *services = store_list_in(world, "", "services", jx_namespace(gateway)), *service;
    const json_t *found = NULL;
    size_t i;

    json_array_foreach(services, i, service) {
        const char *label = jx_label(service, "gateway.networking.k8s.io/gateway-name");
        if (label && strcmp(label, jx_name(gateway)) == 0 &&
            jx_label(service, "gateway.istio.io/managed"))
            found = service;
    }
    json_decref(services); /* the store holds it, too */
    return found;
}

static json_t *address_list(const json_t *service)
{
    json_t *out = json_array(), *ingress;
    size_t i;

    json_array_foreach(jx_get(service, "status.loadBalancer.ingress"), i, ingress)
        if (jx_str(ingress, "ip"))
            json_array_append_new(
                out, json_pack("{s:s, s:s}", "type", "IPAddress", "value", jx_str(ingress, "ip")));
    if (json_array_size(out) == 0 && service && !jx_is(service, "spec.type", "LoadBalancer"))
        json_array_append_new(out, json_pack("{s:s, s:o}", "type", "Hostname", "value",
                                             jx_format("%s.%s.svc.cluster.local", jx_name(service),
                                                       jx_namespace(service))));
    return out;
}

static void programmed(struct world *world, const json_t *gateway, const json_t *service,
                       json_t *conditions, bool addressed)
{
    struct buffer text = { 0 };
    char host[400];
    size_t i;
    json_t *port;
    bool first = true;

    snprintf(host, sizeof host, "%s.%s.svc.cluster.local", jx_name(service), jx_namespace(gateway));
    buffer_puts(&text, addressed ? "Resource programmed, assigned to service(s) "
                                 : "Assigned to service(s) ");
    json_array_foreach(jx_get(service, "spec.ports"), i, port)
        if (jx_int(port, "port", 0) != 15021) {
            buffer_printf(&text, "%s%s:%lld", first ? "" : " and ", host, jx_int(port, "port", 0));
            first = false;
        }
    if (!addressed)
        buffer_printf(&text,
                      ", but failed to assign to all requested addresses: address pending for "
                      "hostname \"%s\"",
                      host);
    char *message = buffer_take(&text);
    condition_set(world, conditions, "Programmed", addressed,
                  addressed ? "Programmed" : "AddressNotAssigned", message,
                  jx_int(gateway, "metadata.generation", 1));
    free(message);
}

static void report_gateway(struct world *world, const json_t *gateway)
{
    const json_t *service = service_of(world, gateway),
                 *kept = jx_get(gateway, "status.conditions");
    json_t *next = json_deep_copy(gateway), *listeners = json_array(), *listener, *condition;
    json_t *conditions = json_array();
    size_t i;

    json_array_foreach(kept, i, condition) /* "Unknown, Pending" of the CRD's default goes away */
        if (!jx_is(condition, "status", "Unknown"))
            json_array_append_new(conditions, json_deep_copy(condition));
    condition_set(world, conditions, "Accepted", true, "Accepted", "Resource accepted",
                  jx_int(gateway, "metadata.generation", 1));
    json_t *addresses = address_list(service);
    programmed(world, gateway, service, conditions, json_array_size(addresses) > 0);
    json_array_foreach(jx_get(gateway, "spec.listeners"), i, listener)
        json_array_append_new(listeners, listener_status(world, gateway, listener));
    jx_set(next, "status.conditions", conditions);
    jx_set(next, "status.listeners", listeners);
    if (json_array_size(addresses) > 0)
        jx_set(next, "status.addresses", addresses); /* published addresses are never taken back */
    else
        json_decref(addresses);
    if (json_equal(next, gateway))
        json_decref(next);
    else
        store_put(world, GATEWAY_GROUP, "gateways", next, "pilot-discovery", "Update", "status");
}

/* ---- what makes every route be weighed again ---------------------------------------------- */

/* Changes when a Gateway's specification does, but not with its status. */
static unsigned long long specifications(const json_t *gateways)
{
    unsigned long long sum = json_array_size(gateways);
    size_t i;
    json_t *gateway;
    json_array_foreach(gateways, i, gateway)
        sum += jx_hash(jx_uid(gateway)) *
               (unsigned long long)(1 + jx_int(gateway, "metadata.generation", 1));
    return sum;
}

/* Which Services there are decides; what is in them does not. Of a Namespace its labels do, so any
 * change of one counts. */
static void notice(struct world *world, struct controller_memory *memory, unsigned long long rest)
{
    json_t *namespaces = json_array();
    size_t additions, deletions, more, fewer;
    bool services = store_changes(world, "", "services", &memory->services, NULL, &additions,
                                  &deletions);
    bool known = store_changes(world, "", "namespaces", &memory->namespaces, namespaces, &more,
                               &fewer);

    if (!services || additions || deletions || !known || json_array_size(namespaces) || fewer ||
        rest != azure_of(world)->status_version)
        memory->route_inputs++;
    azure_of(world)->status_version = rest;
    json_decref(namespaces);
}

void control_status(struct world *world)
{
    struct azure *azure = azure_of(world);
    struct controller_memory *memory = controller_memory(world);
    json_t *gateways = store_list(world, GATEWAY_GROUP, "gateways"), *gateway;
    size_t i;

    notice(world, memory,
           specifications(gateways) + collection_version(world, GATEWAY_GROUP, "gatewayclasses") +
               collection_version(world, GATEWAY_GROUP, "referencegrants"));
    azure->status_round++;
    routes(world, "httproutes", "HTTPRoute", &memory->httproutes);
    routes(world, "grpcroutes", "GRPCRoute", &memory->grpcroutes);
    routes(world, "tlsroutes", "TLSRoute", &memory->tlsroutes);
    memory->weighed_inputs = memory->route_inputs;
    json_array_foreach(gateways, i, gateway)
        if (gateway_is_ours(world, gateway))
            report_gateway(world, gateway);
    json_decref(gateways);
}
