/* Every sample body of the reference decodes, whole and cut at every byte, and the whole ones to the values that stand in
 * them. Pure, and the longest of all: not run under the thread sanitizer.
 *
 * run.py: modes=release,asan */
#include <gatewatch/kinds.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIXTURES "tests/fixtures/"
#define SUB "/subscriptions/00000000-0000-0000-0000-000000000001"
#define AGW SUB "/resourceGroups/rg-edge/providers/Microsoft.Network/applicationGateways/agw-edge"

static json_t *load(const char *path)
{
    char full[256];
    json_error_t error;
    assert_true(str_format(full, sizeof full, FIXTURES "%s", path));
    json_t *json = json_load_file(full, JSON_DECODE_ANY, &error);
    if (!json)
        fail_msg("%s: %s", full, error.text);
    return json;
}

static const struct object *decode_json(const struct kind *kind, const json_t *json)
{
    struct error err = {0};
    const struct object *o = object_decode(kind, json, &err);
    if (!o)
        fail_msg("%s: %s", kind->name, err.message);
    return o;
}

static const struct object *decode_file(const struct kind *kind, const char *path)
{
    json_t *json = load(path);
    const struct object *o = decode_json(kind, json);
    json_decref(json);
    return o;
}

static const struct object *report_file(const struct kind *kind, const char *id, const char *path)
{
    struct error err = {0};
    json_t *json = load(path);
    const struct object *o = object_decode_report(kind, id, 1234, json, &err);
    if (!o)
        fail_msg("%s: %s", path, err.message);
    json_decref(json);
    return o;
}

/* ---- Kubernetes ------------------------------------------------------------------------------------------------------- */

static void gateway_reads_listeners_addresses_and_conditions(void **state)
{
    (void)state;
    const struct object *o = decode_file(&kind_gateway, "kubernetes/gateway.json");
    const struct gateway *g = (const struct gateway *)o;
    assert_string_equal(o->name, "shared-gw");
    assert_string_equal(o->namespace, "gateway-system");
    assert_string_equal(o->uid, "4b1b9d4e-70a3-4a1c-bb0b-1f9f3b0e9a10");
    assert_string_equal(o->resource_version, "8820560");
    assert_int_equal(o->generation, 3);
    assert_int_equal(o->created_ms, 1768032000000);     /* 2026-01-10T08:00:00Z */
    assert_false(o->deleting);
    assert_string_equal(pairs_get(&o->annotations, "gateway.istio.io/controller-version"), "5");
    assert_string_equal(g->class_name, "istio");
    assert_string_equal(g->parameters.kind, "ConfigMap");
    assert_string_equal(g->parameters.name, "shared-gw-options");
    assert_string_equal(g->listener_sets_from, "None");
    assert_string_equal(
        pairs_get(&g->infra_annotations, "service.beta.kubernetes.io/azure-load-balancer-internal-subnet"), "snet-ilb");
    assert_int_equal(g->addresses.n, 1);
    assert_string_equal(g->addresses.types[0], "IPAddress");
    assert_string_equal(g->addresses.values[0], "10.20.4.10");
    assert_int_equal(g->listeners.n, 2);
    const struct listener *http = &g->listeners.items[0], *https = &g->listeners.items[1];
    assert_string_equal(http->name, "http");
    assert_int_equal(http->port, 80);
    assert_string_equal(http->from, "Same");
    assert_false(http->selector.present);
    assert_string_equal(http->tls_mode, "");
    assert_int_equal(http->attached_routes, 1);
    assert_string_equal(https->hostname, "*.example.com");
    assert_string_equal(https->tls_mode, "Terminate");
    assert_string_equal(https->certificates.items[0].name, "wildcard-example-com");
    assert_string_equal(https->certificates.items[0].kind, "Secret");
    assert_string_equal(https->from, "Selector");
    assert_true(https->selector.present);
    assert_string_equal(pairs_get(&https->selector.match_labels, "gateway-access"), "shared");
    assert_true(https->has_status);
    assert_int_equal(https->attached_routes, 3);
    assert_int_equal(https->conditions.n, 4);
    assert_int_equal(conditions_get(&https->conditions, "Conflicted")->status, TRI_FALSE);
    const struct condition *programmed = conditions_get(&g->conditions, "Programmed");
    assert_int_equal(programmed->status, TRI_TRUE);
    assert_int_equal(programmed->observed_generation, 3);
    assert_int_equal(programmed->since_ms, 1787217242000);     /* 2026-08-20T09:14:02Z */
    assert_null(conditions_get(&g->conditions, "Ready"));
    object_unref(o);
}

static void gateway_keeps_who_owns_which_field(void **state)
{
    (void)state;
    const struct object *o = decode_file(&kind_gateway, "kubernetes/gateway.json");
    assert_int_equal(o->managers.n, 2);
    assert_string_equal(o->managers.items[0].manager, "argocd-controller");
    assert_string_equal(o->managers.items[0].operation, "Apply");
    assert_string_equal(o->managers.items[0].subresource, "");
    assert_true(strings_have(&o->managers.items[0].paths, "spec.infrastructure.parametersRef"));
    assert_string_equal(o->managers.items[1].subresource, "status");
    assert_true(manager_owns(&o->managers.items[0], "spec.infrastructure"));
    assert_false(manager_owns(&o->managers.items[0], "status.addresses"));
    object_unref(o);
}

static void stale_gateway_has_no_address_and_one_status(void **state)
{
    (void)state;
    const struct object *o = decode_file(&kind_gateway, "kubernetes/gateway-not-programmed-stale.json");
    const struct gateway *g = (const struct gateway *)o;
    assert_int_equal(o->generation, 4);
    assert_int_equal(g->addresses.n, 0);
    const struct condition *c = conditions_get(&g->conditions, "Programmed");
    assert_int_equal(c->status, TRI_FALSE);
    assert_int_equal(c->observed_generation, 3);
    assert_string_equal(c->reason, "AddressNotAssigned");
    assert_false(g->listeners.items[0].has_status);
    assert_int_equal(g->listeners.items[0].attached_routes, -1);
    assert_string_equal(conditions_get(&g->listeners.items[1].conditions, "ResolvedRefs")->reason, "InvalidCertificateRef");
    object_unref(o);
}

static void service_reads_policy_ports_and_owners(void **state)
{
    (void)state;
    const struct object *o = decode_file(&kind_service, "kubernetes/service-lb-internal-local.json");
    const struct service *s = (const struct service *)o;
    assert_string_equal(s->type, "LoadBalancer");
    assert_string_equal(s->external_traffic_policy, "Local");
    assert_string_equal(s->internal_traffic_policy, "Cluster");
    assert_int_equal(s->health_check_node_port, 31877);
    assert_int_equal(s->allocate_node_ports, TRI_TRUE);
    assert_string_equal(s->session_affinity, "None");
    assert_int_equal(s->ports.n, 3);
    assert_string_equal(s->ports.items[1].name, "http");
    assert_string_equal(s->ports.items[1].app_protocol, "http");
    assert_int_equal(s->ports.items[1].port, 80);
    assert_int_equal(s->ports.items[1].node_port, 32693);
    assert_int_equal(s->ports.items[1].target_port, 80);
    assert_string_equal(s->ports.items[1].target_name, "");
    assert_string_equal(pairs_get(&s->selector, "gateway.networking.k8s.io/gateway-name"), "shared-gw");
    assert_int_equal(s->ingress_ips.n, 1);
    assert_string_equal(s->ingress_ips.items[0], "10.20.4.10");
    assert_string_equal(o->owners.items[0].kind, "Gateway");
    assert_string_equal(o->owners.items[0].uid, "4b1b9d4e-70a3-4a1c-bb0b-1f9f3b0e9a10");
    assert_int_equal(o->managers.n, 3);
    const struct field_manager *istio = &o->managers.items[0], *ours = &o->managers.items[2];
    assert_string_equal(istio->manager, "istio.io/gateway-controller");
    assert_true(strings_have(&istio->paths, "spec.ports[port=80,protocol=TCP]"));
    assert_true(strings_have(&istio->paths, "metadata.ownerReferences[uid=4b1b9d4e-70a3-4a1c-bb0b-1f9f3b0e9a10]"));
    assert_false(manager_owns(istio, "spec.externalTrafficPolicy"));
    assert_true(manager_owns(istio, "metadata.annotations.any"));
    assert_true(strings_have(&ours->paths, "spec.externalTrafficPolicy"));
    assert_int_equal(ours->time_ms, 1787217611000);    /* 2026-08-20T09:20:11Z */
    object_unref(o);

    o = decode_file(&kind_service, "kubernetes/service-lb-internal-cluster.json");
    s = (const struct service *)o;
    assert_string_equal(s->external_traffic_policy, "Cluster");
    assert_int_equal(s->health_check_node_port, -1);
    object_unref(o);
}

static void slice_reads_endpoints_as_sent(void **state)
{
    (void)state;
    const struct object *o = decode_file(&kind_endpointslice, "kubernetes/endpointslice.json");
    const struct endpointslice *s = (const struct endpointslice *)o;
    assert_string_equal(s->service, "shared-gw-istio");
    assert_string_equal(s->address_type, "IPv4");
    assert_int_equal(s->ports.n, 3);
    assert_string_equal(s->ports.items[2].name, "https");
    assert_int_equal(s->ports.items[2].port, 443);
    assert_int_equal(s->endpoints.n, 3);
    assert_string_equal(s->endpoints.items[1].address, "10.244.2.9");
    assert_int_equal(s->endpoints.items[1].ready, TRI_FALSE);
    assert_int_equal(s->endpoints.items[1].serving, TRI_TRUE);
    assert_int_equal(s->endpoints.items[1].terminating, TRI_TRUE);
    assert_string_equal(s->endpoints.items[1].zone, "westeurope-2");
    assert_string_equal(s->endpoints.items[0].node, "aks-sys-31415926-vmss000000");
    assert_string_equal(s->endpoints.items[0].pod, "shared-gw-istio-6d9c5b7f4d-2xk8p");
    assert_string_equal(s->endpoints.items[0].pod_uid, "4716f9fe-7afa-415a-83f3-61edf9a0fd3b");
    object_unref(o);
}

static const struct route *list_item(json_t *list, size_t i)
{
    return (const struct route *)decode_json(&kind_httproute, json_array_get(json_object_get(list, "items"), i));
}

static void routes_read_rules_and_status(void **state)
{
    (void)state;
    json_t *list = load("kubernetes/httproute-list.json");
    assert_int_equal(json_array_size(json_object_get(list, "items")), 5);
    const struct route *shop = list_item(list, 0), *pay = list_item(list, 1);
    assert_string_equal(shop->hostnames.items[0], "shop.example.com");
    assert_string_equal(shop->parents.items[0].name, "shared-gw");
    assert_string_equal(shop->parents.items[0].section, "https");
    assert_int_equal(shop->parents.items[0].port, -1);
    assert_int_equal(shop->rules.n, 2);
    const struct route_rule *api = &shop->rules.items[0];
    assert_string_equal(api->name, "api");
    assert_string_equal(api->request_timeout, "15s");
    assert_string_equal(api->matches.items[0].path_type, "PathPrefix");
    assert_string_equal(api->matches.items[0].path, "/api");
    assert_int_equal(api->backends.n, 2);
    assert_string_equal(api->backends.items[1].ref.name, "shop-api-canary");
    assert_int_equal(api->backends.items[1].port, 8080);
    assert_int_equal(api->backends.items[1].weight, 10);
    assert_string_equal(shop->rules.items[1].filters.items[0].type, "RequestHeaderModifier");
    assert_int_equal(shop->status.n, 1);
    assert_string_equal(shop->status.items[0].controller, "istio.io/gateway-controller");
    assert_string_equal(shop->status.items[0].ref.namespace, "gateway-system");
    assert_int_equal(shop->object.managers.n, 0);       /* nobody asks who owns a tenant's route */

    assert_int_equal(pay->hostnames.n, 2);
    assert_string_equal(pay->rules.items[0].matches.items[0].path_type, "Exact");
    assert_string_equal(pay->rules.items[0].matches.items[0].method, "POST");
    const struct http_match *canary = &pay->rules.items[1].matches.items[0];
    assert_string_equal(canary->headers.items[0].name, "x-canary");
    assert_string_equal(canary->query.items[0].value, "true");
    assert_string_equal(pay->rules.items[1].backends.items[0].ref.namespace, "team-b-canary");
    const struct condition *refs = conditions_get(&pay->status.items[0].conditions, "ResolvedRefs");
    assert_int_equal(refs->status, TRI_FALSE);
    assert_string_equal(refs->reason, "RefNotPermitted");
    object_unref(&shop->object);
    object_unref(&pay->object);
    for (size_t i = 2; i < 5; i++)
        object_unref(&list_item(list, i)->object);
    json_decref(list);
}

static const struct object *decode_text(const struct kind *kind, const char *text)
{
    char *quoted = xstrdup(text);       /* written with ' for legibility */
    for (char *c = quoted; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *json = json_loads(quoted, 0, NULL);
    free(quoted);
    assert_non_null(json);
    const struct object *o = decode_json(kind, json);
    json_decref(json);
    return o;
}

static void routes_get_the_defaults_of_the_api(void **state)
{
    (void)state;
    const struct route *r = (const struct route *)decode_text(&kind_httproute,
        "{'metadata':{'name':'r','namespace':'n'},'spec':{'parentRefs':[{'name':'g'},{'group':'','kind':'Service',"
        "'name':'s'}],'rules':[{'matches':[{'path':{'value':'/x'}}],'backendRefs':[{'name':'b','port':1},{'name':'c',"
        "'weight':0}],'filters':[{'type':'RequestRedirect','requestRedirect':{'scheme':'https','port':443,'path':{'type':"
        "'ReplacePrefixMatch','replacePrefixMatch':'/y'}}},{'type':'ExtensionRef','extensionRef':{'kind':'F','name':'f'}}]"
        "}]}}");
    assert_string_equal(r->parents.items[0].group, "gateway.networking.k8s.io");
    assert_string_equal(r->parents.items[0].kind, "Gateway");
    assert_string_equal(r->parents.items[0].namespace, "");
    assert_string_equal(r->parents.items[1].group, "");
    assert_string_equal(r->parents.items[1].kind, "Service");
    const struct route_rule *rule = &r->rules.items[0];
    assert_string_equal(rule->matches.items[0].path_type, "PathPrefix");
    assert_string_equal(rule->backends.items[0].ref.kind, "Service");
    assert_int_equal(rule->backends.items[0].weight, 1);
    assert_int_equal(rule->backends.items[1].weight, 0);
    assert_int_equal(rule->backends.items[1].port, -1);
    assert_string_equal(rule->filters.items[0].scheme, "https");
    assert_int_equal(rule->filters.items[0].port, 443);
    assert_int_equal(rule->filters.items[0].status, -1);
    assert_string_equal(rule->filters.items[0].path, "/y");
    assert_string_equal(rule->filters.items[1].ref.name, "f");
    object_unref(&r->object);
}

static void grpc_methods_become_paths(void **state)
{
    (void)state;
    const struct route *r = (const struct route *)decode_text(&kind_grpcroute,
        "{'metadata':{'name':'r'},'spec':{'rules':[{'matches':[{'method':{'service':'a.B','method':'C'}},{'method':"
        "{'service':'a.B'}},{'method':{'method':'C'}},{'headers':[{'name':'h','value':'v'}]}]}]}}");
    const struct http_match *m = r->rules.items[0].matches.items;
    assert_string_equal(m[0].path_type, "Exact");
    assert_string_equal(m[0].path, "/a.B/C");
    assert_string_equal(m[0].method, "");
    assert_string_equal(m[1].path_type, "PathPrefix");
    assert_string_equal(m[1].path, "/a.B");
    assert_string_equal(m[2].path_type, "RegularExpression");
    assert_string_equal(m[3].path, "");
    assert_int_equal(m[3].headers.n, 1);
    object_unref(&r->object);
}

static void namespaces_come_as_metadata(void **state)
{
    (void)state;
    json_t *list = load("kubernetes/namespace-list-metadata-only.json"), *items = json_object_get(list, "items");
    assert_int_equal(json_array_size(items), 4);
    const struct object *shop = decode_json(&kind_namespace, json_array_get(items, 0));
    const struct object *docs = decode_json(&kind_namespace, json_array_get(items, 2));
    assert_string_equal(shop->namespace, "");
    assert_string_equal(pairs_get(&shop->labels, "capsule.clastix.io/tenant"), "team-a");
    assert_string_equal(shop->owners.items[0].kind, "Tenant");
    assert_string_equal(pairs_get(&docs->annotations, "field.cattle.io/projectId"), "c-m-abcd1234:p-xyz98");
    assert_null(pairs_get(&docs->labels, "tenant"));
    object_unref(shop);
    object_unref(docs);
    json_decref(list);
}

static void pods_tell_sidecars_from_gateways(void **state)
{
    (void)state;
    static const struct { const char *text; int sidecar; bool slim; } cases[] = {
        {"{'metadata':{'name':'p','annotations':{'sidecar.istio.io/status':'{}'}}}", SIDECAR_YES, true},
        {"{'metadata':{'name':'p'}}", SIDECAR_UNKNOWN, true},
        {"{'metadata':{'name':'p'},'spec':{'containers':[{'name':'istio-proxy'}]}}", SIDECAR_NO, false},
        {"{'metadata':{'name':'p'},'spec':{'containers':[{'name':'app'},{'name':'istio-proxy'}]}}", SIDECAR_YES, false},
        {"{'metadata':{'name':'p'},'spec':{'containers':[{'name':'app'}],'initContainers':[{'name':'istio-proxy',"
         "'restartPolicy':'Always'}]}}", SIDECAR_YES, false},
        {"{'metadata':{'name':'p'},'spec':{'containers':[{'name':'app'}],'initContainers':[{'name':'istio-init'}]}}",
         SIDECAR_NO, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct pod *p = (const struct pod *)decode_text(&kind_pod, cases[i].text);
        assert_int_equal(p->sidecar, cases[i].sidecar);
        assert_int_equal(p->metadata_only, cases[i].slim);
        object_unref(&p->object);
    }
    const struct pod *p = (const struct pod *)decode_text(&kind_pod,
        "{'metadata':{'name':'p'},'spec':{'nodeName':'n1'},'status':{'phase':'Running','podIP':'10.0.0.1','conditions':[{"
        "'type':'Ready','status':'False'}],'containerStatuses':[{'restartCount':3},{'restartCount':4,'state':{'waiting':{"
        "'reason':'CrashLoopBackOff'}}}]}}");
    assert_int_equal(p->ready, TRI_FALSE);
    assert_int_equal(p->restarts, 7);
    assert_string_equal(p->waiting_reason, "CrashLoopBackOff");
    assert_string_equal(p->node, "n1");
    object_unref(&p->object);
}

static void counts_left_out_are_zero_where_there_is_a_status(void **state)
{
    (void)state;
    const struct workload *w = (const struct workload *)decode_text(&kind_deployment,
        "{'metadata':{'name':'d'},'spec':{'strategy':{'rollingUpdate':{'maxUnavailable':'25%','maxSurge':1}},'template':{"
        "'spec':{'terminationGracePeriodSeconds':30,'containers':[{'image':'istio/proxyv2:1.30.3'}],"
        "'topologySpreadConstraints':[{}]}}},'status':{'readyReplicas':2}}");
    assert_int_equal(w->desired, 1);
    assert_int_equal(w->ready, 2);
    assert_int_equal(w->available, 0);
    assert_string_equal(w->max_unavailable, "25%");
    assert_string_equal(w->max_surge, "1");
    assert_int_equal(w->termination_grace_s, 30);
    assert_true(w->spread);
    assert_string_equal(w->images.items[0], "istio/proxyv2:1.30.3");
    object_unref(&w->object);
    w = (const struct workload *)decode_text(&kind_daemonset,
        "{'metadata':{'name':'ztunnel'},'status':{'desiredNumberScheduled':3,'numberReady':2}}");
    assert_int_equal(w->desired, 3);
    assert_int_equal(w->ready, 2);
    object_unref(&w->object);
    w = (const struct workload *)decode_text(&kind_deployment, "{'metadata':{'name':'d'},'spec':{'replicas':2}}");
    assert_int_equal(w->desired, 2);
    assert_int_equal(w->ready, -1);
    object_unref(&w->object);
}

static void nodes_read_conditions_and_labels(void **state)
{
    (void)state;
    const struct node *n = (const struct node *)decode_text(&kind_node,
        "{'metadata':{'name':'n','labels':{'topology.kubernetes.io/zone':'westeurope-1',"
        "'node.kubernetes.io/exclude-from-external-load-balancers':''}},'spec':{'unschedulable':true},'status':{'conditions'"
        ":[{'type':'MemoryPressure','status':'False'},{'type':'Ready','status':'True'}],'addresses':[{'type':'Hostname',"
        "'address':'n'},{'type':'InternalIP','address':'10.0.0.4'}],'nodeInfo':{'kubeletVersion':'v1.32.6'}}}");
    assert_int_equal(n->ready, TRI_TRUE);
    assert_true(n->unschedulable);
    assert_true(n->excluded_from_lb);
    assert_string_equal(n->zone, "westeurope-1");
    assert_string_equal(n->internal_ip, "10.0.0.4");
    assert_string_equal(n->kubelet_version, "v1.32.6");
    object_unref(&n->object);
}

static void small_kinds(void **state)
{
    (void)state;
    const struct object *o = decode_text(&kind_configmap,
        "{'metadata':{'name':'c','namespace':'n'},'data':{'service':'spec:\\n  externalTrafficPolicy: Local\\n'}}");
    assert_string_equal(pairs_get(&((const struct configmap *)o)->data, "service"),
                        "spec:\n  externalTrafficPolicy: Local\n");
    object_unref(o);
    o = decode_text(&kind_poddisruptionbudget,
        "{'metadata':{'name':'p'},'spec':{'minAvailable':1},'status':{'disruptionsAllowed':0}}");
    assert_string_equal(((const struct poddisruptionbudget *)o)->min_available, "1");
    assert_int_equal(((const struct poddisruptionbudget *)o)->disruptions_allowed, 0);
    object_unref(o);
    o = decode_text(&kind_horizontalpodautoscaler,
        "{'metadata':{'name':'h'},'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d'},'maxReplicas':5}}");
    assert_int_equal(((const struct horizontalpodautoscaler *)o)->min_replicas, 1);
    assert_int_equal(((const struct horizontalpodautoscaler *)o)->current, -1);
    object_unref(o);
    o = decode_text(&kind_referencegrant,
        "{'metadata':{'name':'g'},'spec':{'from':[{'group':'gateway.networking.k8s.io','kind':'HTTPRoute','namespace':'a'}"
        "],'to':[{'group':'','kind':'Service'}]}}");
    assert_string_equal(((const struct referencegrant *)o)->from.items[0].namespace, "a");
    assert_string_equal(((const struct referencegrant *)o)->to.items[0].name, "");
    object_unref(o);
    o = decode_text(&kind_tenant,
        "{'metadata':{'name':'t'},'spec':{'cordoned':true,'owners':[{'kind':'User','name':'alice'}]},'status':{'state':"
        "'Cordoned','namespaces':['a','b']}}");
    assert_true(((const struct tenant *)o)->cordoned);
    assert_int_equal(((const struct tenant *)o)->namespaces.n, 2);
    assert_string_equal(((const struct tenant *)o)->owners.items[0], "alice");
    object_unref(o);
    o = decode_text(&kind_backendtlspolicy,
        "{'metadata':{'name':'b'},'spec':{'targetRefs':[{'kind':'Service','name':'s','sectionName':'https'}],'validation':{"
        "'hostname':'x.y'}},'status':{'ancestors':[{'ancestorRef':{'name':'g'},'conditions':[{'type':'Accepted','status':"
        "'False'}]}]}}");
    assert_string_equal(((const struct backendtlspolicy *)o)->targets.sections[0], "https");
    assert_string_equal(((const struct backendtlspolicy *)o)->hostname, "x.y");
    assert_int_equal(((const struct backendtlspolicy *)o)->ancestors.items[0].conditions.items[0].status, TRI_FALSE);
    object_unref(o);
    o = decode_text(&kind_ingress,
        "{'metadata':{'name':'i','annotations':{'kubernetes.io/ingress.class':'nginx'}},'spec':{'rules':[{},{}]}}");
    assert_string_equal(((const struct ingress *)o)->class_name, "nginx");
    assert_int_equal(((const struct ingress *)o)->rules, 2);
    object_unref(o);
}

/* ---- Azure --------------------------------------------------------------------------------------------------------------- */

static void appgateway_reads_children(void **state)
{
    (void)state;
    const struct object *o = decode_file(&kind_appgateway, "azure/application-gateway-get.json");
    const struct appgateway *g = (const struct appgateway *)o;
    assert_string_equal(o->name, "agw-edge");
    assert_string_equal(o->namespace, "rg-edge");
    assert_string_equal(o->uid, AGW);
    assert_string_equal(g->operational_state, "Running");
    assert_string_equal(g->provisioning_state, "Succeeded");
    assert_string_equal(g->sku, "WAF_v2");
    assert_true(g->v2);
    assert_true(g->waf);
    assert_int_equal(g->capacity, -1);
    assert_int_equal(g->min_capacity, 2);
    assert_int_equal(g->max_capacity, 10);
    assert_int_equal(g->public_ip_ids.n, 1);
    assert_string_equal(g->private_ips.items[0], "10.10.1.10");
    assert_int_equal(g->pools.n, 3);
    assert_string_equal(g->pools.items[0].addresses.items[0], "10.20.0.10");
    assert_true(g->pools.items[0].used);
    assert_string_equal(g->pools.items[1].addresses.items[0], "legacy.internal.example");
    assert_true(g->pools.items[1].used);        /* by a path rule only */
    assert_false(g->pools.items[2].used);
    assert_int_equal(g->pools.items[2].addresses.n, 0);
    assert_int_equal(g->settings.n, 4);
    assert_string_equal(g->settings.items[0].host, "app.contoso.example");
    assert_string_equal(g->settings.items[0].probe_id, AGW "/probes/pb-contoso");
    assert_int_equal(g->settings.items[0].pick_host_from_address, TRI_FALSE);
    assert_string_equal(g->settings.items[3].protocol, "Https");
    assert_int_equal(g->settings.items[3].port, 443);
    assert_int_equal(g->settings.items[3].trusted_roots, 1);
    assert_int_equal(g->settings.items[3].probe_enabled, TRI_FALSE);
    assert_int_equal(g->settings.items[3].pick_host_from_address, TRI_TRUE);
    assert_string_equal(g->settings.items[3].path, "/app/");
    assert_int_equal(g->probes.n, 3);
    assert_string_equal(g->probes.items[1].path, "/healthz");
    assert_int_equal(g->probes.items[1].interval_s, 30);
    assert_int_equal(g->probes.items[1].threshold, 3);
    assert_int_equal(g->probes.items[1].port, -1);
    assert_string_equal(g->probes.items[1].match_status.items[0], "200-399");
    assert_int_equal(g->listeners.n, 4);
    assert_string_equal(g->listeners.items[0].hosts.items[0], "app.contoso.example");
    assert_int_equal(g->listeners.items[0].port, 443);
    assert_false(g->listeners.items[0].is_private);
    assert_int_equal(g->listeners.items[3].hosts.n, 2);
    assert_int_equal(g->listeners.items[3].port, 80);
    assert_int_equal(g->rules.n, 4);
    assert_string_equal(g->rules.items[0].targets.items[0].settings_id, AGW "/backendHttpSettingsCollection/bhs-contoso");
    assert_int_equal(g->rules.items[2].targets.n, 2);
    assert_string_equal(g->rules.items[2].targets.items[0].paths, "");
    assert_string_equal(g->rules.items[2].targets.items[1].paths, "/legacy/*");
    assert_string_equal(g->rules.items[2].targets.items[1].pool_id, AGW "/backendAddressPools/pool-legacy");
    assert_int_equal(g->rules.items[3].targets.n, 0);
    assert_string_equal(g->rules.items[3].redirect_id, AGW "/redirectConfigurations/redir-contoso");
    assert_int_equal(g->rules.items[3].priority, 900);
    object_unref(o);

    o = decode_file(&kind_appgateway, "azure/application-gateway-get-recorded.json");
    g = (const struct appgateway *)o;
    assert_int_equal(g->capacity, 3);
    assert_int_equal(g->settings.items[0].probe_enabled, TRI_UNKNOWN);      /* absent is not false (azure.md 1) */
    assert_string_equal(pairs_get(&o->labels, "foo"), "doo");
    object_unref(o);

    json_t *list = load("azure/application-gateway-list-recorded.json");
    o = decode_json(&kind_appgateway, json_array_get(json_object_get(list, "value"), 0));
    assert_string_equal(o->name, "ag1");
    object_unref(o);
    json_decref(list);
}

static void health_reports_flatten_pools_settings_servers(void **state)
{
    (void)state;
    const struct object *o = report_file(&kind_backendhealth, AGW, "azure/backend-health-404.json");
    const struct backendhealth *h = (const struct backendhealth *)o;
    assert_string_equal(o->name, "agw-edge");
    assert_string_equal(o->namespace, "rg-edge");
    assert_string_equal(o->uid, AGW);
    assert_int_equal(h->reported_wall_ms, 1234);
    assert_int_equal(h->servers.n, 4);
    assert_string_equal(h->servers.items[1].health, "Unhealthy");
    assert_string_equal(h->servers.items[1].settings_id, AGW "/backendHttpSettingsCollection/bhs-fabrikam");
    assert_string_equal(h->servers.items[1].pool_id, AGW "/backendAddressPools/pool-istio-ilb");
    assert_true(str_starts(h->servers.items[1].log, "Received invalid status code: 404"));
    assert_string_equal(h->servers.items[3].address, "legacy.internal.example");
    assert_int_equal(h->empty_pools.n, 0);
    object_unref(o);

    o = report_file(&kind_backendhealth, "/subscriptions/s/resourceGroups/g/x/ag1", "azure/backend-health-recorded-empty.json");
    h = (const struct backendhealth *)o;
    assert_int_equal(h->servers.n, 0);
    assert_int_equal(h->empty_pools.n, 1);
    object_unref(o);

    o = report_file(&kind_backendhealth, AGW, "azure/backend-health-spec.json");
    h = (const struct backendhealth *)o;
    assert_int_equal(h->servers.n, 3);
    assert_string_equal(h->servers.items[0].health, "Up");
    assert_string_equal(h->servers.items[0].log, "");
    object_unref(o);

    o = report_file(&kind_backendhealth, AGW, "azure/backend-health-on-demand.json");
    h = (const struct backendhealth *)o;
    assert_int_equal(h->servers.n, 1);
    assert_string_equal(h->servers.items[0].settings_id, AGW "/backendHttpSettingsCollection/bhs-fabrikam");
    object_unref(o);

    static const char *const others[] = {"azure/backend-health-healthy.json", "azure/backend-health-timeout.json",
                                         "azure/backend-health-recorded-unreachable.json",
                                         "azure/backend-health-on-demand-spec.json"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        object_unref(report_file(&kind_backendhealth, AGW, others[i]));
}

static void metrics_take_the_last_point_with_a_value(void **state)
{
    (void)state;
    const struct object *o = report_file(&kind_hostcount, AGW, "azure/metrics.json");
    const struct hostcount *h = (const struct hostcount *)o;
    assert_int_equal(h->pools.n, 2);
    assert_string_equal(h->pools.items[1].pool_settings, "pool-istio-ilb~bhs-fabrikam");
    assert_true(h->pools.items[1].healthy == 0.0);
    assert_true(h->pools.items[1].unhealthy == 1.0);        /* the last minute has no value: that is not zero */
    assert_int_equal(h->at_wall_ms, 1768471440000);         /* 2026-01-15T10:04:00Z */
    object_unref(o);
    object_unref(report_file(&kind_hostcount, AGW, "azure/metrics-spec.json"));
}

static void loadbalancers_read_rules_and_probes(void **state)
{
    (void)state;
    json_t *list = load("azure/load-balancer-list.json");
    const struct object *o = decode_json(&kind_loadbalancer, json_array_get(json_object_get(list, "value"), 1));
    const struct loadbalancer *lb = (const struct loadbalancer *)o;
    assert_string_equal(o->name, "kubernetes-internal");
    assert_string_equal(o->namespace, "MC_rg-aks_aks-prod_westeurope");
    assert_string_equal(lb->sku, "Standard");
    assert_int_equal(lb->frontends.n, 2);
    assert_string_equal(lb->frontends.items[0].ip, "10.20.0.10");
    assert_false(lb->frontends.items[0].is_public);
    assert_int_equal(lb->rules.n, 4);
    assert_int_equal(lb->rules.items[1].frontend_port, 80);
    assert_true(lb->rules.items[1].floating_ip);
    assert_true(str_ends(lb->rules.items[3].probe_id, "-TCP-31877"));
    assert_string_equal(lb->probes.items[0].protocol, "Tcp");
    assert_int_equal(lb->probes.items[0].port, 31021);
    assert_int_equal(lb->probes.items[0].interval_s, 5);
    assert_int_equal(lb->probes.items[0].count, 2);
    object_unref(o);
    o = decode_json(&kind_loadbalancer, json_array_get(json_object_get(list, "value"), 0));
    assert_true(((const struct loadbalancer *)o)->frontends.items[0].is_public);
    object_unref(o);
    json_decref(list);
    list = load("azure/load-balancer-list-spec.json");
    for (size_t i = 0; i < json_array_size(json_object_get(list, "value")); i++)
        object_unref(decode_json(&kind_loadbalancer, json_array_get(json_object_get(list, "value"), i)));
    json_decref(list);

    o = report_file(&kind_rulehealth, SUB "/resourceGroups/mc/x/loadBalancers/kubernetes-internal/loadBalancingRules/r",
                    "azure/load-balancer-rule-health-404.json");
    const struct rulehealth *h = (const struct rulehealth *)o;
    assert_string_equal(o->name, "r");
    assert_int_equal(h->up, 0);
    assert_int_equal(h->down, 2);
    assert_string_equal(h->nodes.items[1].ip, "10.20.4.5");
    assert_string_equal(h->nodes.items[1].reason, "Down_Probe_HttpStatusCodeError");
    object_unref(o);
    object_unref(report_file(&kind_rulehealth, "/a/resourceGroups/b/c", "azure/load-balancer-rule-health-spec.json"));
}

static void managedclusters_read_names_and_mesh(void **state)
{
    (void)state;
    const struct object *o = decode_file(&kind_managedcluster, "azure/managed-cluster-get.json");
    const struct managedcluster *c = (const struct managedcluster *)o;
    assert_string_equal(o->namespace, "rg-aks");        /* the id spells "resourcegroups" */
    assert_string_equal(c->fqdn, "aksprod-a1b2c3d4.hcp.westeurope.azmk8s.io");
    assert_string_equal(c->private_fqdn, "");
    assert_string_equal(c->node_resource_group, "MC_rg-aks_aks-prod_westeurope");
    assert_string_equal(c->power_state, "Running");
    assert_string_equal(c->version, "1.32.6");
    assert_string_equal(c->mesh_mode, "Istio");
    assert_string_equal(c->mesh_revisions.items[0], "asm-1-26");
    assert_int_equal(c->entra, TRI_TRUE);
    assert_int_equal(c->local_accounts_disabled, TRI_TRUE);
    assert_int_equal(c->gateway_api_managed, TRI_TRUE);
    assert_string_equal(c->lb_probe_mode, "");
    object_unref(o);
    o = decode_file(&kind_managedcluster, "azure/managed-cluster-get-spec.json");
    assert_int_equal(((const struct managedcluster *)o)->gateway_api_managed, TRI_UNKNOWN);
    object_unref(o);
}

/* ---- damage --------------------------------------------------------------------------------------------------------------- */

/* Resource ids are most of an ARM body: thousands of cuts in the same words. */
static void shorten_ids(char *text)
{
    static const char common[] = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/";
    const size_t tail = sizeof "/providers/Microsoft.Network" - 1;
    for (char *at = text; (at = strstr(at, common));) {
        char *group = at + sizeof common - 1, *end = group + strcspn(group, "/\"");
        if (strncmp(end, "/providers/Microsoft.Network", tail) == 0)
            end += tail;
        memmove(at, end, strlen(end) + 1);
    }
}

/* A text cut short is not JSON: jansson says so, and what happens to be JSON is refused or decoded, never worse. */
static void cut_at_every_byte(const struct kind *kind, bool report, const char *path)
{
    /* Without the indentation of the files, which servers do not send: a cut there is a cut between two bytes. */
    json_t *whole = load(path);
    char *text = json_dumps(whole, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(whole);
    shorten_ids(text);
    size_t len = strlen(text);
    for (size_t n = 0; n < len; n++) {
        json_t *json = json_loadb(text, n, JSON_DECODE_ANY, NULL);
        struct error err = {0};
        const struct object *o = report ? object_decode_report(kind, AGW, 0, json, &err) : object_decode(kind, json, &err);
        if (!json) {
            assert_null(o);
            assert_int_equal(err.code, ERR_PROTOCOL);
        }
        object_unref(o);
        json_decref(json);
    }
    free(text);
}

static void samples_cut_at_every_byte(void **state)
{
    (void)state;
    static const struct { const struct kind *kind; bool report; const char *path; } samples[] = {
        {&kind_gateway, false, "kubernetes/gateway.json"},
        {&kind_gateway, false, "kubernetes/gateway-not-programmed-stale.json"},
        {&kind_service, false, "kubernetes/service-lb-internal-local.json"},
        {&kind_service, false, "kubernetes/service-lb-internal-cluster.json"},
        {&kind_endpointslice, false, "kubernetes/endpointslice.json"},
        {&kind_httproute, false, "kubernetes/httproute-list-page1.json"},
        {&kind_namespace, false, "kubernetes/namespace-list-metadata-only.json"},
        {&kind_appgateway, false, "azure/application-gateway-get.json"},
        {&kind_appgateway, false, "azure/application-gateway-get-recorded.json"},
        {&kind_backendhealth, true, "azure/backend-health-404.json"},
        {&kind_backendhealth, true, "azure/backend-health-timeout.json"},
        {&kind_backendhealth, true, "azure/backend-health-on-demand.json"},
        {&kind_hostcount, true, "azure/metrics.json"},
        {&kind_loadbalancer, false, "azure/load-balancer-list.json"},
        {&kind_rulehealth, true, "azure/load-balancer-rule-health-404.json"},
        {&kind_managedcluster, false, "azure/managed-cluster-get.json"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        cut_at_every_byte(samples[i].kind, samples[i].report, samples[i].path);
}

/* Replaces the i-th value of a document, counted depth first, by something of another type. */
static bool replace(json_t *json, size_t *left, json_t *with)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(json, next, key, value) {
        if ((*left)-- == 0)
            return json_object_set(json, key, with) == 0;
        if (replace(value, left, with))
            return true;
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        if ((*left)-- == 0)
            return json_array_set(json, i, with) == 0;
        if (replace(json_array_get(json, i), left, with))
            return true;
    }
    return false;
}

static void damage(const struct kind *kind, bool report, const char *path)
{
    json_t *odd[] = {json_null(), json_integer(-7), json_string("\x1b[31mred\xe2\x80\xae"), json_pack("[{}]"),
                     json_pack("[n]"), json_pack("{s:[]}", "x")};
    json_t *whole = load(path);
    bool more = true;
    for (size_t i = 0; more; i++) {
        for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
            json_t *copy = json_deep_copy(whole);
            size_t left = i;
            more = replace(copy, &left, odd[k]);
            struct error err = {0};
            const struct object *o = report ? object_decode_report(kind, AGW, 0, copy, &err)
                                            : object_decode(kind, copy, &err);
            if (o) {
                struct describe d = {.indent = 0};
                object_describe(o, &d);
                assert_null(strchr(text_str(&d.text), '\x1b'));
                text_free(&d.text);
            }
            object_unref(o);
            json_decref(copy);
        }
    }
    json_decref(whole);
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++)
        json_decref(odd[k]);
}

static void values_of_other_types_read_as_absent(void **state)
{
    (void)state;
    damage(&kind_gateway, false, "kubernetes/gateway.json");
    damage(&kind_service, false, "kubernetes/service-lb-internal-local.json");
    damage(&kind_endpointslice, false, "kubernetes/endpointslice.json");
    damage(&kind_appgateway, false, "azure/application-gateway-get-recorded.json");
    damage(&kind_backendhealth, true, "azure/backend-health-404.json");
    damage(&kind_hostcount, true, "azure/metrics.json");
    damage(&kind_rulehealth, true, "azure/load-balancer-rule-health-404.json");
    damage(&kind_managedcluster, false, "azure/managed-cluster-get.json");
}

static void any_kind_survives_an_empty_object(void **state)
{
    (void)state;
    for (int i = 0; i < KIND_COUNT; i++) {
        json_t *json = json_pack("{s:s,s:s,s:{s:s}}", "name", "x", "id", "/a/resourceGroups/b/c/x", "metadata", "name", "x");
        struct error err = {0};
        const struct object *o = object_decode(kinds[i], json, &err);
        if (o) {
            struct describe d = {.indent = 0};
            object_describe(o, &d);
            text_free(&d.text);
        }
        object_unref(o);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gateway_reads_listeners_addresses_and_conditions),
        cmocka_unit_test(gateway_keeps_who_owns_which_field),
        cmocka_unit_test(stale_gateway_has_no_address_and_one_status),
        cmocka_unit_test(service_reads_policy_ports_and_owners),
        cmocka_unit_test(slice_reads_endpoints_as_sent),
        cmocka_unit_test(routes_read_rules_and_status),
        cmocka_unit_test(routes_get_the_defaults_of_the_api),
        cmocka_unit_test(grpc_methods_become_paths),
        cmocka_unit_test(namespaces_come_as_metadata),
        cmocka_unit_test(pods_tell_sidecars_from_gateways),
        cmocka_unit_test(counts_left_out_are_zero_where_there_is_a_status),
        cmocka_unit_test(nodes_read_conditions_and_labels),
        cmocka_unit_test(small_kinds),
        cmocka_unit_test(appgateway_reads_children),
        cmocka_unit_test(health_reports_flatten_pools_settings_servers),
        cmocka_unit_test(metrics_take_the_last_point_with_a_value),
        cmocka_unit_test(loadbalancers_read_rules_and_probes),
        cmocka_unit_test(managedclusters_read_names_and_mesh),
        cmocka_unit_test(samples_cut_at_every_byte),
        cmocka_unit_test(values_of_other_types_read_as_absent),
        cmocka_unit_test(any_kind_survives_an_empty_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
