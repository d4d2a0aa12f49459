#include "world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEALTH "BackendHealth//subscriptions/s1/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/" \
               "applicationGateways/appgw-mtkc-poc"
#define SERVER "backendAddressPools.0.backendHttpSettingsCollection.0.servers.0."

struct world {
    json_t *objects;                /* "Kind/ns/name" -> body */
    enum source_status sources[KIND_COUNT];
    struct settings settings;
    struct snapshot *snapshot;
    struct topology *topology;
    struct findings *findings;
};

const char *const world_health_route =
    "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: HTTPRoute\n"
    "metadata: {name: health-route, namespace: gateway-health, generation: 1, creationTimestamp: '2026-01-11T08:00:00Z'}\n"
    "spec:\n"
    "  parentRefs: [{name: mtkc-gateway, namespace: istio-ingress}]\n"
    "  rules:\n"
    "    - matches: [{path: {type: PathPrefix, value: /healthz}}]\n"
    "      backendRefs: [{name: health-responder, port: 80}]\n"
    "status:\n"
    "  parents:\n"
    "    - parentRef: {name: mtkc-gateway, namespace: istio-ingress}\n"
    "      controllerName: istio.io/gateway-controller\n"
    "      conditions:\n"
    "        - {type: Accepted, status: 'True', reason: Accepted, message: '', observedGeneration: 1}\n"
    "        - {type: ResolvedRefs, status: 'True', reason: ResolvedRefs, message: '', observedGeneration: 1}\n";

static void forget(struct world *w)
{
    if (w->findings) {
        findings_free(w->findings);
        free(w->findings);
    }
    topology_unref(w->topology);
    snapshot_unref(w->snapshot);
    w->findings = NULL;
    w->topology = NULL;
    w->snapshot = NULL;
}

struct world *world_new(void)
{
    struct world *w = xcalloc(1, sizeof *w);
    w->objects = json_object();
    for (int i = 0; i < KIND_COUNT; i++)
        w->sources[i] = SOURCE_LIVE;
    char *argv[] = {(char[]){"test"}, NULL};
    int argc = 1;
    struct error err = {0};
    if (!settings_load(&w->settings, &argc, argv, &err))
        fail_msg("settings: %s", err.message);
    return w;
}

void world_free(struct world *w)
{
    forget(w);
    json_decref(w->objects);
    settings_free(&w->settings);
    free(w);
}

static const char *text_at(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void add_document(struct world *w, json_t *doc)
{
    char key[600];
    const json_t *meta = json_object_get(doc, "metadata");
    if (*text_at(doc, "arm"))
        str_format(key, sizeof key, "%s/%s", text_at(doc, "arm"), text_at(doc, "name"));
    else if (*text_at(doc, "report"))
        str_format(key, sizeof key, "%s/%s", text_at(doc, "report"), text_at(doc, "of"));
    else if (*text_at(meta, "namespace"))
        str_format(key, sizeof key, "%s/%s/%s", text_at(doc, "kind"), text_at(meta, "namespace"), text_at(meta, "name"));
    else
        str_format(key, sizeof key, "%s/%s", text_at(doc, "kind"), text_at(meta, "name"));
    json_object_set_new(w->objects, key, json_deep_copy(doc));
}

void world_add(struct world *w, const char *yaml)
{
    struct yaml_doc *docs;
    size_t n;
    struct error err = {0};
    forget(w);
    if (!yaml_parse(yaml, strlen(yaml), "world", &docs, &n, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < n; i++)
        add_document(w, docs[i].root);
    yaml_docs_free(docs, n);
}

void world_add_file(struct world *w, const char *path)
{
    char *bytes;
    size_t len;
    struct error err = {0};
    if (!file_read(path, 1 << 20, &bytes, &len, &err))
        fail_msg("%s", err.message);
    world_add(w, bytes);
    free(bytes);
}

/* ---- changes --------------------------------------------------------------------------------------------------- */

static size_t next_key(const char **path, char *key, size_t cap)
{
    const char *p = *path;
    size_t n = 0;
    char end = '.';
    if (*p == '[') {
        end = ']';
        p++;
    }
    while (*p && *p != end && n + 1 < cap)
        key[n++] = *p++;
    key[n] = '\0';
    if (*p == ']')
        p++;
    *path = *p == '.' ? p + 1 : p;
    return n;
}

static json_t *parse_value(const char *yaml)
{
    struct yaml_doc *docs;
    size_t n;
    struct error err = {0};
    if (!yaml_parse(yaml, strlen(yaml), "value", &docs, &n, &err) || n != 1)
        fail_msg("%s: %s", yaml, err.message);
    json_t *value = json_deep_copy(docs[0].root);
    yaml_docs_free(docs, n);
    return value;
}

void world_set(struct world *w, const char *object, const char *path, const char *yaml)
{
    json_t *at = json_object_get(w->objects, object);
    forget(w);
    if (!at)
        fail_msg("no %s in this world", object);
    char key[200];
    for (;;) {
        next_key(&path, key, sizeof key);
        if (!*path)
            break;
        json_t *next = json_is_array(at) ? json_array_get(at, (size_t)atoi(key)) : json_object_get(at, key);
        if (!next && json_is_object(at)) {
            next = json_object();
            json_object_set_new(at, key, next);
        }
        if (!next)
            fail_msg("%s has no %s", object, key);
        at = next;
    }
    if (json_is_array(at)) {
        size_t i = (size_t)atoi(key);
        if (!yaml)
            json_array_remove(at, i);
        else if (i == json_array_size(at))
            json_array_append_new(at, parse_value(yaml));
        else
            json_array_set_new(at, i, parse_value(yaml));
    } else if (yaml) {
        json_object_set_new(at, key, parse_value(yaml));
    } else {
        json_object_del(at, key);
    }
}

void world_remove(struct world *w, const char *object)
{
    forget(w);
    if (json_object_del(w->objects, object) < 0)
        fail_msg("no %s in this world", object);
}

void world_source(struct world *w, enum kind_id kind, enum source_status status)
{
    forget(w);
    w->sources[kind] = status;
}

struct settings *world_settings(struct world *w)
{
    forget(w);
    return &w->settings;
}

/* ---- what comes of it -------------------------------------------------------------------------------------------- */

static const struct object *decode(const json_t *doc)
{
    struct error err = {0};
    const char *arm = text_at(doc, "arm"), *report = text_at(doc, "report");
    const char *name = *arm ? arm : *report ? report : text_at(doc, "kind");
    const struct kind *kind = kind_by_name(name);
    if (!kind)
        return NULL;
    const struct object *o = *report ? object_decode_report(kind, text_at(doc, "of"), 1, doc, &err)
                                     : object_decode(kind, doc, &err);
    if (!o)
        fail_msg("%s: %s", name, err.message);
    return o;
}

struct snapshot *world_snapshot(struct world *w)
{
    if (w->snapshot)
        return w->snapshot;
    struct store *store = store_new();
    const char *key;
    json_t *doc;
    json_object_foreach(w->objects, key, doc) {
        const struct object *o = decode(doc);
        if (o && w->sources[kind_index(o->kind)] != SOURCE_FORBIDDEN)
            store_upsert(store, o);
        else
            object_unref(o);
    }
    for (int i = 0; i < KIND_COUNT; i++) {
        struct source_state *s = store_source(store, kinds[i]->plural);
        s->kind = i;
        s->origin = kinds[i]->origin;
        s->status = w->sources[i];
        s->good_mono_ms = s->status == SOURCE_LIVE || s->status == SOURCE_STALE ? 1000 : -1;
        if (s->status == SOURCE_FORBIDDEN)
            error_set(&s->error, ERR_FORBIDDEN, "cannot list %s", kinds[i]->plural);
        else if (s->status == SOURCE_FAILED || s->status == SOURCE_STALE)
            error_set(&s->error, ERR_NETWORK, "connection refused");
    }
    w->snapshot = store_snapshot(store, 1780000000000, 100000);
    store_free(store);
    return w->snapshot;
}

struct topology *world_topology(struct world *w)
{
    if (!w->topology)
        w->topology = topology_build(world_snapshot(w), &w->settings, NULL);
    return w->topology;
}

const struct findings *world_findings(struct world *w)
{
    if (!w->findings)
        w->findings = diagnose(world_topology(w), &w->settings);
    return w->findings;
}

const struct object *world_object(struct world *w, enum kind_id kind, const char *namespace, const char *name)
{
    const struct object *o = snapshot_find(world_snapshot(w), kind, namespace, name);
    if (!o)
        fail_msg("no %s %s/%s", kinds[kind]->name, namespace, name);
    return o;
}

const struct finding *world_finding(struct world *w, const char *code)
{
    const struct findings *f = world_findings(w);
    const struct finding *found = NULL;
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->items[i].code, code)) {
            if (found)
                fail_msg("more than one %s", code);
            found = &f->items[i];
        }
    return found;
}

size_t world_critical(struct world *w)
{
    const struct findings *f = world_findings(w);
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        n += f->items[i].severity == SEVERITY_CRITICAL && !f->items[i].folded;
    return n;
}

void world_print_findings(struct world *w)
{
    const struct findings *f = world_findings(w);
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *x = &f->items[i];
        fprintf(stderr, "%s%s %s [%s] %s/%s fix=%s\n  %s\n  why: %s\n  remedy: %s\n", x->folded ? "  folded " : "",
                severity_name(x->severity), x->code, confidence_name(x->confidence), x->subject.namespace,
                x->subject.name, x->fix ? x->fix : "-", x->title, x->why, x->remedy);
        for (size_t k = 0; k < x->evidence.n; k++)
            fprintf(stderr, "    %s\n", x->evidence.items[k]);
        for (size_t k = 0; k < x->explains.n; k++)
            fprintf(stderr, "    explains %s\n", x->explains.items[k]);
    }
    for (size_t i = 0; i < f->unknown.n; i++)
        fprintf(stderr, "unknown %s\n", f->unknown.items[i]);
}

/* ---- expectations ------------------------------------------------------------------------------------------------- */

static bool rule_is_unknown(struct world *w, const char *code)
{
    const struct findings *f = world_findings(w);
    for (size_t i = 0; i < f->unknown.n; i++)
        if (str_starts(f->unknown.items[i], code) && f->unknown.items[i][strlen(code)] == ':')
            return true;
    return false;
}

const struct finding *expect_finding(struct world *w, const char *code, enum severity severity, const char *name,
                                     const char *fix)
{
    const struct finding *f = world_finding(w, code);
    if (!f || f->severity != severity || !str_eq(f->subject.name, name) || !str_eq(f->fix, fix)) {
        world_print_findings(w);
        fail_msg("%s: not the %s on %s with fix %s", code, severity_name(severity), name, fix ? fix : "none");
    }
    /* Every finding says what, why, by what evidence, and what to do. */
    if (!*f->title || !*f->why || !*f->remedy || f->evidence.n == 0 || strchr(f->title, '\n'))
        fail_msg("%s lacks words", code);
    return f;
}

void expect_none(struct world *w, const char *code)
{
    if (world_finding(w, code)) {
        world_print_findings(w);
        fail_msg("%s is raised", code);
    }
    if (rule_is_unknown(w, code))
        fail_msg("%s could not tell", code);
}

void expect_unknown(struct world *w, const char *code)
{
    if (world_finding(w, code) || !rule_is_unknown(w, code))
        fail_msg("%s does not say that it cannot tell", code);
}

bool has_evidence(const struct finding *f, const char *words)
{
    for (size_t i = 0; i < f->evidence.n; i++)
        if (strstr(f->evidence.items[i], words))
            return true;
    return false;
}

/* ---- known worlds -------------------------------------------------------------------------------------------------- */

struct world *world_reference(void)
{
    struct world *w = world_new();
    world_add_file(w, "tests/fixtures/worlds/reference.yaml");
    return w;
}

void world_apply_local(struct world *w)
{
    world_set(w, "Service/istio-ingress/mtkc-gateway-istio", "spec.externalTrafficPolicy", "Local");
    world_set(w, "Service/istio-ingress/mtkc-gateway-istio", "spec.healthCheckNodePort", "31877");
    static const char probe[] = "{protocol: Http, port: 31877, requestPath: /healthz, intervalInSeconds: 5, numberOfProbes: 2}";
    for (int i = 0; i < 3; i++) {
        char path[60];
        str_format(path, sizeof path, "properties.probes.%d.properties", i);
        world_set(w, "LoadBalancer/kubernetes-internal", path, probe);
    }
}

void world_report_healthy(struct world *w)
{
    world_set(w, HEALTH, SERVER "health", "Healthy");
    world_set(w, HEALTH, SERVER "healthProbeLog", "Success. Received 200 status code");
}

struct world *world_healthy(void)
{
    struct world *w = world_reference();
    world_add(w, world_health_route);
    world_apply_local(w);
    world_report_healthy(w);
    world_add(w, "report: RuleHealth\n"
                 "of: /lb/rules/ae0f7f2ab2d444a528b6e7a7b1c2d3e2-TCP-80\n"
                 "up: 2\ndown: 1\n"
                 "loadBalancerBackendAddresses:\n"
                 "  - {ipAddress: 10.0.1.4, state: Up, reason: Up_Probe_Success}\n"
                 "  - {ipAddress: 10.0.1.5, state: Up, reason: Up_Probe_Success}\n"
                 "  - {ipAddress: 10.0.1.6, state: Down, reason: Down_Probe_HttpStatusCodeError}\n");
    return w;
}
