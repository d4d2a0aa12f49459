/* Probe B: what cloud-provider-azure derives per Service port (azure.md 4.3, kubernetes.md 7.3), and what it hears. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE "Service/istio-ingress/mtkc-gateway-istio"
#define NOTE "metadata.annotations.[service.beta.kubernetes.io/"

/* The reference without Azure's own load balancer: only what is derived. */
static struct world *derived(void)
{
    struct world *w = world_reference();
    world_remove(w, "LoadBalancer/kubernetes-internal");
    return w;
}

static const struct topo_service *service(struct world *w)
{
    return topology_service(world_topology(w), "istio-ingress/mtkc-gateway-istio");
}

static const struct topo_service_port *port(struct world *w, int number)
{
    const struct topo_service *s = service(w);
    for (size_t i = 0; i < s->ports.n; i++)
        if (s->ports.items[i].port == number)
            return &s->ports.items[i];
    fail_msg("no port %d", number);
    return NULL;
}

struct change { const char *path, *value; };
struct row {
    const char *what;
    struct change changes[4];
    int port;
    const char *protocol;       /* NULL: not probed */
    int probe_port;
    const char *path;           /* NULL for Tcp */
};

static const struct row rows[] = {
    { "appProtocol http probes /", { { 0 } }, 80, "Http", 30080, "/" },
    { "appProtocol https probes / over TLS", { { 0 } }, 443, "Https", 30443, "/" },
    { "appProtocol tcp", { { 0 } }, 15021, "Tcp", 30521, NULL },
    { "no appProtocol is Tcp", { { "spec.ports.1.appProtocol", NULL } }, 80, "Tcp", 30080, NULL },
    { "appProtocol in capitals", { { "spec.ports.1.appProtocol", "HTTP" } }, 80, "Http", 30080, "/" },
    { "another appProtocol is Tcp", { { "spec.ports.1.appProtocol", "kubernetes.io/h2c" } }, 80, "Tcp", 30080, NULL },
    { "grpc is Tcp", { { "spec.ports.1.appProtocol", "grpc" } }, 80, "Tcp", 30080, NULL },
    { "port annotation beats appProtocol", { { NOTE "port_80_health-probe_protocol]", "tcp" } }, 80, "Tcp", 30080, NULL },
    { "annotation of another port does not count", { { NOTE "port_443_health-probe_protocol]", "tcp" } }, 80, "Http", 30080,
      "/" },
    { "global protocol loses to appProtocol", { { NOTE "azure-load-balancer-health-probe-protocol]", "tcp" } }, 80, "Http",
      30080, "/" },
    { "global protocol where there is no appProtocol",
      { { "spec.ports.1.appProtocol", NULL }, { NOTE "azure-load-balancer-health-probe-protocol]", "http" } }, 80, "Http",
      30080, "/" },
    { "port path", { { NOTE "port_80_health-probe_request-path]", "/healthz" } }, 80, "Http", 30080, "/healthz" },
    { "global path", { { NOTE "azure-load-balancer-health-probe-request-path]", "/g" } }, 80, "Http", 30080, "/g" },
    { "port path beats global path",
      { { NOTE "azure-load-balancer-health-probe-request-path]", "/g" }, { NOTE "port_80_health-probe_request-path]", "/p" } },
      80, "Http", 30080, "/p" },
    { "path of a Tcp probe is not used",
      { { NOTE "port_80_health-probe_request-path]", "/p" }, { NOTE "port_80_health-probe_protocol]", "tcp" } }, 80, "Tcp",
      30080, NULL },
    { "probe port by Service port number means its nodePort",
      { { NOTE "port_80_health-probe_port]", "'15021'" }, { NOTE "port_80_health-probe_request-path]", "/healthz/ready" } },
      80, "Http", 30521, "/healthz/ready" },
    { "probe port by name", { { NOTE "port_80_health-probe_port]", "status-port" } }, 80, "Http", 30521, "/" },
    { "unknown probe port is used as it is", { { NOTE "port_80_health-probe_port]", "'9000'" } }, 80, "Http", 9000, "/" },
    { "Local asks healthCheckNodePort",
      { { "spec.externalTrafficPolicy", "Local" }, { "spec.healthCheckNodePort", "31877" } }, 80, "Http", 31877, "/healthz" },
    { "Local for every port",
      { { "spec.externalTrafficPolicy", "Local" }, { "spec.healthCheckNodePort", "31877" } }, 15021, "Http", 31877,
      "/healthz" },
    { "Local ignores protocol and path annotations",
      { { "spec.externalTrafficPolicy", "Local" }, { "spec.healthCheckNodePort", "31877" },
        { NOTE "port_80_health-probe_protocol]", "tcp" }, { NOTE "port_80_health-probe_request-path]", "/p" } }, 80, "Http",
      31877, "/healthz" },
    { "the port annotation beats Local: the trap of the add-ons",
      { { "spec.externalTrafficPolicy", "Local" }, { "spec.healthCheckNodePort", "31877" },
        { NOTE "port_80_health-probe_port]", "'15021'" } }, 80, "Http", 30521, "/" },
    { "PLS with proxy protocol keeps the nodePort under Local",
      { { "spec.externalTrafficPolicy", "Local" }, { "spec.healthCheckNodePort", "31877" },
        { NOTE "azure-pls-create]", "'true'" }, { NOTE "azure-pls-proxy-protocol]", "'true'" } }, 80, "Http", 30080, "/" },
    { "no_probe_rule", { { NOTE "port_80_no_probe_rule]", "'true'" } }, 80, NULL, -1, NULL },
    { "no_lb_rule", { { NOTE "port_80_no_lb_rule]", "'True'" } }, 80, NULL, -1, NULL },
    { "UDP has no probe of its own", { { "spec.ports.1.protocol", "UDP" } }, 80, NULL, -1, NULL },
    { "UDP under Local gets the shared one",
      { { "spec.ports.1.protocol", "UDP" }, { "spec.externalTrafficPolicy", "Local" },
        { "spec.healthCheckNodePort", "31877" } }, 80, "Http", 31877, "/healthz" },
};

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = derived();
        for (size_t k = 0; k < 4 && rows[i].changes[k].path; k++)
            world_set(w, SERVICE, rows[i].changes[k].path, rows[i].changes[k].value);
        const struct topo_service_port *p = port(w, rows[i].port);
        if (p->probed != (rows[i].protocol != NULL))
            fail_msg("%s: probed %d", rows[i].what, p->probed);
        if (p->probed && (!str_eq(p->probe.protocol, rows[i].protocol) || p->probe.port != rows[i].probe_port ||
                          !str_eq(p->probe.path, rows[i].path)))
            fail_msg("%s: %s :%d %s", rows[i].what, p->probe.protocol, p->probe.port, p->probe.path);
        world_free(w);
    }
}

static void shared_mode(void **state)
{
    (void)state;
    struct world *w = derived();
    world_add(w, "arm: ManagedCluster\nid: /subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/"
                 "managedClusters/c\nname: c\nproperties: {networkProfile: {loadBalancerProfile: "
                 "{clusterServiceLoadBalancerHealthProbeMode: Shared}}}\n");
    const struct topo_service_port *p = port(w, 80);
    assert_string_equal(p->probe.path, "/healthz");
    world_remove(w, "ManagedCluster/c");
    assert_string_equal(port(w, 80)->probe.path, "/");
    free(world_settings(w)->lb_probe_mode);
    world_settings(w)->lb_probe_mode = xstrdup("shared");
    p = port(w, 80);
    assert_string_equal(p->probe.path, "/healthz");
    assert_int_equal(p->probe.port, 10256);
    assert_int_equal(p->probe.predicted, PREDICT_OK);
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Local");
    world_set(w, SERVICE, "spec.healthCheckNodePort", "31877");
    assert_int_equal(port(w, 80)->probe.port, 31877);
    world_free(w);
}

static void times(void **state)
{
    (void)state;
    struct world *w = derived();
    world_set(w, SERVICE, NOTE "port_80_health-probe_interval]", "'15'");
    world_set(w, SERVICE, NOTE "azure-load-balancer-health-probe-num-of-probe]", "'4'");
    world_set(w, SERVICE, NOTE "port_443_health-probe_interval]", "'1'");       /* not below 5 */
    const struct topology *t = world_topology(w);
    int checked = 0;
    for (size_t i = 0; i < t->probes.n; i++) {
        const struct topo_probe *p = &t->probes.items[i];
        if (p->prober != PROBER_LB || (p->port != 30080 && p->port != 30443))
            continue;
        assert_int_equal(p->interval_s, p->port == 30080 ? 15 : 5);
        assert_int_equal(p->threshold, 4);
        checked++;
    }
    assert_int_equal(checked, 2);
    world_free(w);
}

/* ---- what is heard ------------------------------------------------------------------------------------------------ */

static void expect(struct world *w, int number, enum predicted predicted, int status)
{
    const struct topo_service_port *p = port(w, number);
    if (p->probe.predicted != predicted || p->probe.predicted_status != status)
        fail_msg("port %d: %s (%d), not %s: %s", number, predicted_name(p->probe.predicted), p->probe.predicted_status,
                 predicted_name(predicted), p->probe.why);
}

#define ROUTE(rules) \
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: root, namespace: sample-apps}\n" \
    "spec: {parentRefs: [{name: mtkc-gateway, namespace: istio-ingress}], rules: [" rules "]}\n"

static void only_a_plain_200_will_do(void **state)
{
    (void)state;
    struct world *w = derived();
    expect(w, 80, PREDICT_404, 404);
    expect(w, 443, PREDICT_404, 404);
    expect(w, 15021, PREDICT_OK, -1);
    world_add(w, ROUTE("{backendRefs: [{name: sample-app-1, port: 80}]}"));
    expect(w, 80, PREDICT_OK, 200);
    expect(w, 443, PREDICT_OK, 200);
    world_add(w, ROUTE("{filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}"));
    expect(w, 80, PREDICT_OTHER, 302);          /* Application Gateway would take it, the load balancer does not */
    world_add(w, ROUTE("{backendRefs: [{name: gone, port: 80}]}"));
    expect(w, 80, PREDICT_500, 500);
    world_add(w, ROUTE("{matches: [{path: {type: Exact, value: /}}], backendRefs: [{name: sample-app-1, port: 80}]}"));
    expect(w, 80, PREDICT_OK, 200);
    world_set(w, "HTTPRoute/sample-apps/root", "spec.hostnames", "[app.example.com]");
    expect(w, 80, PREDICT_404, 404);            /* the probe's host is the node's address */
    world_free(w);
}

static void envoy_status_port(void **state)
{
    (void)state;
    struct world *w = derived();
    world_set(w, SERVICE, NOTE "port_80_health-probe_port]", "'15021'");
    expect(w, 80, PREDICT_404, 404);            /* GET / there is no readiness */
    world_set(w, SERVICE, NOTE "port_80_health-probe_request-path]", "/healthz/ready");
    expect(w, 80, PREDICT_OK, 200);
    world_set(w, SERVICE, NOTE "port_80_health-probe_protocol]", "https");
    assert_int_not_equal(port(w, 80)->probe.predicted, PREDICT_OK);
    world_set(w, SERVICE, NOTE "port_80_health-probe_port]", "'9000'");
    expect(w, 80, PREDICT_UNKNOWN, -1);
    world_free(w);
}

static void nodes_under_each_policy(void **state)
{
    (void)state;
    struct world *w = derived();
    world_set(w, SERVICE, "spec.ports.1.appProtocol", "tcp");
    const struct topo_service *s = service(w);
    for (size_t i = 0; i < 3; i++)              /* Cluster: a node without a pod hands on */
        assert_int_equal(s->nodes.items[i].in_rotation, TRI_TRUE);
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Local");
    world_set(w, SERVICE, "spec.healthCheckNodePort", "31877");
    s = service(w);
    assert_int_equal(s->nodes.items[0].in_rotation, TRI_TRUE);
    assert_int_equal(s->nodes.items[1].in_rotation, TRI_TRUE);
    assert_int_equal(s->nodes.items[2].in_rotation, TRI_FALSE);
    assert_int_equal(s->lb_light, LIGHT_OK);    /* by design */
    static const char *const not_ready[] = { "endpoints.0.conditions.ready", "endpoints.1.conditions.ready" };
    for (int i = 0; i < 2; i++)
        world_set(w, "EndpointSlice/istio-ingress/mtkc-gateway-istio-abcde", not_ready[i], "false");
    expect(w, 80, PREDICT_503, 503);
    assert_int_equal(service(w)->lb_light, LIGHT_DOWN);
    world_set(w, SERVICE, "spec.externalTrafficPolicy", "Cluster");
    expect(w, 80, PREDICT_TIMEOUT, -1);         /* nobody takes the connection */
    world_source(w, KIND_ENDPOINTSLICE, SOURCE_FORBIDDEN);
    expect(w, 80, PREDICT_UNKNOWN, -1);
    expect(w, 443, PREDICT_404, 404);           /* no route is no route */
    world_free(w);
}

/* ---- Azure's own word ---------------------------------------------------------------------------------------------- */

static void azure_probe_counts_where_it_was_read(void **state)
{
    (void)state;
    struct world *w = world_reference();
    assert_int_equal(port(w, 80)->arm_differs, TRI_FALSE);
    assert_string_equal(service(w)->lb, "kubernetes-internal");
    world_set(w, "LoadBalancer/kubernetes-internal", "properties.probes.1.properties",
              "{protocol: Tcp, port: 30443, intervalInSeconds: 5, numberOfProbes: 2}");
    assert_int_equal(port(w, 443)->arm_differs, TRI_TRUE);
    assert_string_equal(port(w, 443)->probe.protocol, "Tcp");
    expect(w, 443, PREDICT_OK, -1);
    world_free(w);
}

static void reports_beat_predictions_for_nodes(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, "report: RuleHealth\nof: /lb/rules/ae0f7f2ab2d444a528b6e7a7b1c2d3e2-TCP-80\nup: 3\ndown: 0\n"
                 "loadBalancerBackendAddresses: [{ipAddress: 10.0.1.4, state: Up, reason: Up_Probe_Success}, "
                 "{ipAddress: 10.0.1.5, state: Up, reason: Up_Probe_Success}, "
                 "{ipAddress: 10.0.1.6, state: Up, reason: Up_Probe_Success}]\n");
    assert_int_equal(service(w)->nodes.items[0].in_rotation, TRI_TRUE);
    bool disagrees = false;
    for (size_t i = 0; i < world_topology(w)->probes.n; i++)
        disagrees |= world_topology(w)->probes.items[i].prober == PROBER_LB &&
                     world_topology(w)->probes.items[i].port == 30080 && world_topology(w)->probes.items[i].disagrees;
    assert_true(disagrees);
    world_free(w);
}

static void what_local_would_do(void **state)
{
    (void)state;
    struct world *w = world_reference();
    assert_int_equal(topology_predict_policy(world_topology(w), NULL, service(w), 80, "Local", NULL), PREDICT_OK);
    assert_int_equal(topology_predict_policy(world_topology(w), NULL, service(w), 80, "Cluster", NULL), PREDICT_404);
    world_set(w, SERVICE, NOTE "port_80_health-probe_port]", "'15021'");
    assert_int_equal(topology_predict_policy(world_topology(w), NULL, service(w), 80, "Local", NULL), PREDICT_404);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(shared_mode),
        cmocka_unit_test(times),
        cmocka_unit_test(only_a_plain_200_will_do),
        cmocka_unit_test(envoy_status_port),
        cmocka_unit_test(nodes_under_each_policy),
        cmocka_unit_test(azure_probe_counts_where_it_was_read),
        cmocka_unit_test(reports_beat_predictions_for_nodes),
        cmocka_unit_test(what_local_would_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
