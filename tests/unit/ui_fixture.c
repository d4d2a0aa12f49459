/* The dashboard on a world made by hand: no cluster, no Azure, no simulator. For looking at screens while views are
 * written, and for the worlds that are hard to come by (a fatal error, a login prompt, hostile names).
 *
 *     ui_fixture broken|healthy|tenants|hostile|loading|fatal|login|forbidden [--theme NAME] [--ascii] [--no-color]
 *
 * It stands in for the engine: plans go through their states as keys ask for them (r makes the next step). */
#include <gatewatch/ui.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct engine {
    int fd;
    struct view_data *view;
    const char *world;
    uint64_t asks;
};
static struct engine the_engine;

#define LIST(...) ((struct strings){(const char *[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)})
#define ITEMS(array) {array, sizeof(array) / sizeof *(array)}
#define COUNT(array) (sizeof(array) / sizeof *(array))

static int64_t wall(int seconds_ago)
{
    return clock_wall_ms() - (int64_t)seconds_ago * 1000;
}

static const char *const log_404 = "Received invalid status code: 404 in the backend server's HTTP response. As per the health "
    "probe configuration, 200-399 is the acceptable status code. Either modify probe configuration or resolve backend issues.";

/* ---- the broken reference world ------------------------------------------------------------------------------------------------ */

static void add_backends(struct topology *t, bool up)
{
    static struct topo_backend rows[3];
    static const char *const settings[] = {"bhs-app1", "bhs-app2", "bhs-default"};
    for (size_t i = 0; i < COUNT(rows); i++)
        rows[i] = (struct topo_backend){
            .appgw = "appgw-mtkc-poc", .pool = "aks-gateway-pool", .settings = settings[i], .address = "10.0.1.200",
            .health = up ? HEALTH_UP : HEALTH_DOWN, .wire_health = up ? "Healthy" : "Unhealthy",
            .log = up ? "Success. Received 200 status code" : log_404, .cause = up ? CAUSE_OK : CAUSE_HTTP_STATUS,
            .http_status = up ? 200 : 404, .probe = "health-probe", .listeners = LIST("https-listener"),
            .service = "istio-ingress/mtkc-gateway-istio", .gateway = "istio-ingress/mtkc-gateway", .probe_index = 0,
            .since_wall_ms = wall(754), .interval_s = 30,
        };
    static const char *listeners[] = {"https-listener"};
    for (size_t i = 0; i < COUNT(rows); i++)
        rows[i].listeners = (struct strings){listeners, 1};
    t->backends.items = rows;
    t->backends.n = COUNT(rows);
    static struct topo_appgw gw[] = {{.name = "appgw-mtkc-poc", .id = "/subscriptions/x/appgw-mtkc-poc", .resource_group = "rg-mtkc",
        .operational_state = "Running", .provisioning_state = "Succeeded", .sku = "WAF_v2", .health_age_ms = 11000}};
    t->appgws.items = gw;
    t->appgws.n = 1;
}

static void add_probes(struct topology *t, bool up)
{
    static struct topo_probe rows[2];
    rows[0] = (struct topo_probe){
        .prober = PROBER_APPGW, .appgw = "appgw-mtkc-poc", .name = "health-probe", .protocol = "http", .host = "10.0.1.200",
        .path = "/healthz/ready", .port = 80, .interval_s = 30, .timeout_s = 30, .threshold = 3, .accepted = LIST("200-399"),
        .service = "istio-ingress/mtkc-gateway-istio", .gateway = "istio-ingress/mtkc-gateway", .settings = "bhs-app1",
        .pool = "aks-gateway-pool", .address = "10.0.1.200", .predicted = up ? PREDICT_OK : PREDICT_404,
        .predicted_status = up ? 200 : 404, .prediction_why = up ? "gateway-health/health-route takes /healthz" :
        "no HTTPRoute attached to listener http matches GET /healthz/ready", .reported = up ? "Healthy" : "Unhealthy",
    };
    if (up) {
        rows[0].served_by.route = "gateway-health/health-route";
        rows[0].served_by.backend = "gateway-health/health-responder:8080";
    }
    rows[1] = (struct topo_probe){
        .prober = PROBER_LB, .name = "istio-ingress-80", .protocol = "http", .path = up ? "/healthz" : "/", .port = up ? 31833 : 31380,
        .interval_s = 5, .timeout_s = 5, .threshold = 2, .accepted = LIST("200"), .service = "istio-ingress/mtkc-gateway-istio",
        .gateway = "istio-ingress/mtkc-gateway", .predicted = up ? PREDICT_OK : PREDICT_404, .predicted_status = up ? 200 : 404,
        .prediction_why = up ? "kube-proxy answers on the health check node port" :
        "appProtocol http makes the probe GET / on the node port, and no route answers /",
        .reported = up ? "Up" : "Down_Probe_HttpStatusCodeError",
    };
    static const char *of_appgw[] = {"200-399"}, *of_lb[] = {"200"};
    rows[0].accepted = (struct strings){of_appgw, 1};
    rows[1].accepted = (struct strings){of_lb, 1};
    t->probes.items = rows;
    t->probes.n = 2;
}

static void add_services(struct topology *t, bool up)
{
    static struct topo_service svc[1];
    static struct topo_service_port ports[1];
    static struct topo_node nodes[3];
    ports[0] = (struct topo_service_port){.name = "http", .app_protocol = "http", .port = 80, .node_port = 31380, .probed = true,
        .probe = {"http", up ? "/healthz" : "/", up ? 31833 : 31380, up ? PREDICT_OK : PREDICT_404, up ? 200 : 404,
                  up ? "Up" : "Down_Probe_HttpStatusCodeError", up ? "Local: kube-proxy answers for the node" :
                  "appProtocol http: the probe asks GET / and Envoy has no route for it"}};
    static const char *const names[] = {"aks-system-31820245-vmss000000", "aks-system-31820245-vmss000001", "aks-user-22481122-vmss000000"};
    for (int i = 0; i < 3; i++)
        nodes[i] = (struct topo_node){.name = names[i], .zone = (const char *[]){"westeurope-1", "westeurope-2", "westeurope-3"}[i],
            .ip = "10.0.2.4", .ready_endpoints = i == 0, .in_rotation = up && i == 0 ? TRI_TRUE : TRI_FALSE,
            .reason = up ? (i ? "no ready gateway pod here" : "") : "probe answers 404"};
    svc[0] = (struct topo_service){.service = "istio-ingress/mtkc-gateway-istio", .gateway = "istio-ingress/mtkc-gateway",
        .type = "LoadBalancer", .addresses = LIST("10.0.1.200"), .internal = TRI_TRUE, .policy = up ? "Local" : "Cluster",
        .health_check_node_port = up ? 31833 : -1, .managed_by = "nobody", .owner = OWNER_ISTIO, .ports = ITEMS(ports),
        .nodes = ITEMS(nodes), .lb = "kubernetes-internal", .lb_frontend = "a1b2c3", .lb_light = up ? LIGHT_OK : LIGHT_DOWN};
    t->services.items = svc;
    t->services.n = 1;
    static const char *addresses[] = {"10.0.1.200"};
    svc[0].addresses = (struct strings){addresses, 1};
    static struct topo_gateway gw[] = {{.gateway = "istio-ingress/mtkc-gateway", .class_name = "istio", .programmed = TRI_TRUE,
        .accepted = TRI_TRUE, .pods_ready = 1, .pods_total = 1, .light = LIGHT_OK}};
    t->gateways.items = gw;
    t->gateways.n = 1;
}

static struct topo_route *make_route(struct topo_route *r, const char *name, const char *tenant, const char *host, const char *path,
                                     const char *service, int ready, int total)
{
    struct topo_route_parent *parent = calloc(1, sizeof *parent);
    struct topo_route_backend *backend = calloc(1, sizeof *backend);
    const char **lists = calloc(2, sizeof *lists);
    lists[0] = host;
    lists[1] = path;
    *parent = (struct topo_route_parent){.gateway = "istio-ingress/mtkc-gateway", .listener = "http", .accepted = TRI_TRUE, .resolved = TRI_TRUE};
    *backend = (struct topo_route_backend){.service = service, .port = 80, .ready = ready, .total = total,
        .state = ready ? BACKEND_READY : BACKEND_NOT_READY};
    *r = (struct topo_route){.kind = "HTTPRoute", .route = name, .tenant = tenant, .hostnames = {lists, host != NULL}, .paths = {lists + 1, 1},
        .parents = {parent, 1}, .backends = {backend, 1}, .light = ready ? LIGHT_OK : LIGHT_DOWN};
    return r;
}

static void add_routes(struct topology *t, bool up)
{
    static struct topo_route routes[3];
    size_t n = 0;
    make_route(&routes[n++], "sample-app-1/app1-route", "app1", NULL, "/app1", "sample-app-1/sample-app-1", 2, 2);
    make_route(&routes[n++], "sample-app-2/app2-route", "app2", NULL, "/app2", "sample-app-2/sample-app-2", 2, 2);
    if (up)
        make_route(&routes[n++], "gateway-health/health-route", "platform", NULL, "/healthz", "gateway-health/health-responder", 2, 2);
    t->routes = routes;
    t->n_routes = n;
    static struct topo_tenant tenants[3];
    static const char *const names[] = {"app1", "app2", "platform"};
    for (size_t i = 0; i < n; i++)
        tenants[i] = (struct topo_tenant){.name = names[i], .platform = i == 2, .namespaces = i == 0 ? LIST("sample-app-1") : i == 1 ?
            LIST("sample-app-2") : LIST("gateway-health"), .routes = &routes[i], .n_routes = 1, .light = LIGHT_OK};
    for (size_t i = 0; i < n; i++) {
        const char **ns = calloc(1, sizeof *ns);
        ns[0] = (const char *[]){"sample-app-1", "sample-app-2", "gateway-health"}[i];
        tenants[i].namespaces = (struct strings){ns, 1};
    }
    t->tenants.items = tenants;
    t->tenants.n = n;
}

static void add_hops(struct topology *t, bool up)
{
    t->hops[HOP_CLIENT] = (struct topo_hop){up ? LIGHT_OK : LIGHT_DOWN, "clients", up ? "https-listener" : "502 for all"};
    t->hops[HOP_APPGW] = (struct topo_hop){up ? LIGHT_OK : LIGHT_DOWN, "appgw-mtkc-poc", up ? "3 of 3 healthy" : "0 of 3 healthy"};
    t->hops[HOP_LB] = (struct topo_hop){up ? LIGHT_OK : LIGHT_DOWN, "10.0.1.200", up ? "Local · 1/3 nodes" : "Cluster · 0/3 nodes"};
    t->hops[HOP_SERVICE] = (struct topo_hop){LIGHT_OK, "mtkc-gateway-istio", "LoadBalancer · 2 ports"};
    t->hops[HOP_GATEWAY] = (struct topo_hop){LIGHT_OK, "mtkc-gateway", "programmed · 1/1 pods"};
    t->hops[HOP_ROUTE] = (struct topo_hop){up ? LIGHT_OK : LIGHT_DOWN, up ? "health-route" : "no route", up ? "/healthz/ready → 200" : "/healthz/ready → 404"};
    t->hops[HOP_PODS] = (struct topo_hop){LIGHT_OK, "backends", "2/2 ready"};
}

static void add_findings(struct view_data *d)
{
    static struct finding items[5];
    static struct findings all;
    size_t n = 0;
    items[n++] = (struct finding){.code = "probe-no-route", .severity = SEVERITY_CRITICAL, .confidence = CONFIDENCE_CERTAIN,
        .subject = {"Gateway", "istio-ingress", "mtkc-gateway"},
        .title = "No route on istio-ingress/mtkc-gateway answers the probe GET /healthz/ready",
        .why = "Application Gateway probes http://10.0.1.200:80/healthz/ready. No HTTPRoute attached to the listener matches this "
               "path, so Envoy answers 404 and Application Gateway takes every backend out.",
        .evidence = LIST("ApplicationGateway appgw-mtkc-poc probe health-probe path = /healthz/ready",
                         "BackendHealth 10.0.1.200 healthProbeLog = Received invalid status code: 404",
                         "Gateway istio-ingress/mtkc-gateway listener http attachedRoutes = 2",
                         "HTTPRoute sample-app-1/app1-route paths = /app1",
                         "HTTPRoute sample-app-2/app2-route paths = /app2"),
        .remedy = "Add a route for the probe's path to a responder that answers 200: x shows the exact change.",
        .fix = "health-route", .gateway = "istio-ingress/mtkc-gateway", .explains = LIST("lb-no-healthy-node@istio-ingress/mtkc-gateway-istio"),
        .hop = HOP_ROUTE};
    items[n++] = (struct finding){.code = "lb-probe-404", .severity = SEVERITY_CRITICAL, .confidence = CONFIDENCE_CERTAIN,
        .subject = {"Service", "istio-ingress", "mtkc-gateway-istio"},
        .title = "The load balancer probes GET / on every node and gets 404",
        .why = "appProtocol http makes the cloud provider probe HTTP GET / on the node port. No route answers it.",
        .evidence = LIST("Service istio-ingress/mtkc-gateway-istio ports[80].appProtocol = http", "LoadBalancer rule up = 0, down = 3"),
        .remedy = "Set externalTrafficPolicy Local, or a TCP probe by annotation.", .fix = "traffic-policy",
        .gateway = "istio-ingress/mtkc-gateway", .hop = HOP_LB};
    items[n++] = (struct finding){.code = "lb-no-healthy-node", .severity = SEVERITY_CRITICAL, .confidence = CONFIDENCE_LIKELY, .folded = true,
        .subject = {"Service", "istio-ingress", "mtkc-gateway-istio"}, .title = "No node is in rotation behind 10.0.1.200", .hop = HOP_LB};
    items[n++] = (struct finding){.code = "traffic-policy-cluster", .severity = SEVERITY_WARNING, .confidence = CONFIDENCE_LIKELY,
        .subject = {"Service", "istio-ingress", "mtkc-gateway-istio"}, .title = "externalTrafficPolicy is Cluster",
        .why = "Traffic may cross nodes and lose its source address.", .fix = "traffic-policy", .gateway = "istio-ingress/mtkc-gateway", .hop = HOP_SERVICE};
    items[n++] = (struct finding){.code = "traffic-policy-not-durable", .severity = SEVERITY_INFO, .confidence = CONFIDENCE_CERTAIN,
        .subject = {"Service", "istio-ingress", "mtkc-gateway-istio"}, .title = "A patch would be lost when the Service is made again", .hop = HOP_SERVICE};
    for (size_t i = 0; i < n; i++) {
        /* The compound literals above end with this function. */
        const char **evidence = calloc(items[i].evidence.n + 1, sizeof *evidence);
        for (size_t k = 0; k < items[i].evidence.n; k++)
            evidence[k] = items[i].evidence.items[k];
        items[i].evidence.items = evidence;
        const char **explains = calloc(2, sizeof *explains);
        if (items[i].explains.n)
            explains[0] = items[i].explains.items[0];
        items[i].explains.items = explains;
    }
    all = (struct findings){.items = items, .n = n};
    d->findings = &all;
}

static void add_sources(struct view_data *d, const char *world)
{
    static struct source_state s[12];
    static const char *const names[] = {"gateways", "httproutes", "services", "endpointslices", "nodes", "pods of gateways", "appgateways",
                                        "backendhealth appgw-mtkc-poc", "loadbalancers"};
    int64_t now = clock_mono_ms();
    for (size_t i = 0; i < COUNT(names); i++) {
        s[i] = (struct source_state){.status = SOURCE_LIVE, .origin = i < 6 ? ORIGIN_KUBERNETES : ORIGIN_ARM, .kind = -1,
            .good_mono_ms = now - (i == 7 ? 31000 : 12000), .tried_mono_ms = now - 12000, .next_mono_ms = i == 7 ? now + 14000 : -1, .objects = 3, .expected = -1};
        str_copy(s[i].name, sizeof s[i].name, names[i]);
    }
    if (str_eq(world, "loading")) {
        s[1].status = SOURCE_PENDING;
        s[1].objects = 1500;
        s[1].expected = 10000;
        s[3].status = SOURCE_PENDING;
        s[6].status = s[7].status = s[8].status = SOURCE_PENDING;
    }
    if (str_eq(world, "forbidden")) {
        s[7].status = SOURCE_FORBIDDEN;
        error_set(&s[7].error, ERR_FORBIDDEN, "missing Microsoft.Network/applicationGateways/backendhealth/action");
        s[8].status = SOURCE_STALE;
        s[8].good_mono_ms = now - 190000;
        error_set(&s[8].error, ERR_SERVER, "HTTP 503");
    }
    d->snapshot->sources = s;
    d->snapshot->n_sources = COUNT(names);
}

/* ---- other worlds ------------------------------------------------------------------------------------------------------------------ */

static void many_tenants(struct topology *t, size_t n_tenants, size_t per_tenant)
{
    t->routes = calloc(n_tenants * per_tenant, sizeof *t->routes);
    t->n_routes = n_tenants * per_tenant;
    t->tenants.items = calloc(n_tenants, sizeof *t->tenants.items);
    t->tenants.n = n_tenants;
    for (size_t i = 0; i < n_tenants; i++) {
        const char *name = xasprintf("tenant-%03zu", i), **ns = calloc(1, sizeof *ns);
        size_t bad = 0;
        ns[0] = xasprintf("tenant-%03zu-prod", i);
        for (size_t k = 0; k < per_tenant; k++) {
            int ready = (i * 7 + k) % 97 ? 2 : 0;
            bad += !ready;
            make_route(&t->routes[i * per_tenant + k], xasprintf("tenant-%03zu-prod/route-%zu", i, k), name, xasprintf("t%03zu-%zu.example.com", i, k),
                       "/", xasprintf("tenant-%03zu-prod/web-%zu", i, k), ready, 2);
        }
        t->tenants.items[i] = (struct topo_tenant){.name = name, .namespaces = {ns, 1}, .routes = &t->routes[i * per_tenant],
            .n_routes = per_tenant, .n_bad = bad, .light = bad ? LIGHT_DOWN : LIGHT_OK};
    }
}

static void hostile(struct topology *t)
{
    t->backends.items[0].pool = "プール-東京-とても長い名前のバックエンドプール-prod-001";
    t->backends.items[1].pool = "e\xCC\x81\xCC\x81\xCC\x81 pool \xF0\x9F\x94\xA5 fire";
    t->backends.items[2].pool = "esc\x1b[31mred\x07 bell \xff broken";
    t->backends.items[0].address = "very-long-backend-name.with.many.labels.internal.contoso.example.com";
    t->backends.items[1].log = "line one\nline two\ttab \x1b]0;title\x07";
    t->routes[0].route = "ns/名前-route-with-a-very-long-name-that-goes-on-and-on-and-on-until-it-is-cut";
    t->tenants.items[0].name = "租户-一";
}

static struct view_data *make_world(const char *world)
{
    static struct topology topology;
    static struct snapshot snapshot;
    static struct findings none;
    struct view_data *d = calloc(1, sizeof *d);
    bool up = !(str_eq(world, "broken") || str_eq(world, "hostile") || str_eq(world, "forbidden"));
    snapshot = (struct snapshot){.wall_ms = clock_wall_ms(), .mono_ms = clock_mono_ms(), .env = {.context = "mtkc-admin@aks-mtkc-poc",
        .cluster = "aks-mtkc-poc", .server = "https://aks-mtkc.privatelink.westeurope.azmk8s.io:443", .version = "v1.33.2", .user = "ops",
        .login = "", .cloud = "AzureCloud", .credential = "azure-cli", .prompt = "", .arm_remaining_reads = 240, .arm_remaining_writes = 190}};
    d->snapshot = &snapshot;
    d->settled = !str_eq(world, "loading");
    d->serial = 1;
    d->topology = &topology;
    d->findings = &none;
    topology = (struct topology){.snapshot = &snapshot};
    add_sources(d, world);
    if (str_eq(world, "loading")) {
        snapshot.env.insecure = true;
        return d;
    }
    if (str_eq(world, "fatal")) {
        error_set(&d->fatal, ERR_CONFIG, "the context \"aks-prod\" is not in /home/ops/.kube/config");
        error_remedy(&d->fatal, "Contexts: aks-dev, aks-test. Choose one with --context NAME.");
        error_set(&d->azure, ERR_CREDENTIAL, "no credential: environment (AZURE_CLIENT_ID is not set), azure-cli (az is not installed)");
        error_remedy(&d->azure, "Run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.");
        snapshot.n_sources = 0;
        return d;
    }
    add_backends(&topology, up);
    add_probes(&topology, up);
    add_services(&topology, up);
    add_routes(&topology, up);
    add_hops(&topology, up);
    if (!up)
        add_findings(d);
    if (str_eq(world, "tenants"))
        many_tenants(&topology, 200, 50);
    if (str_eq(world, "hostile"))
        hostile(&topology);
    if (str_eq(world, "login"))
        snapshot.env.prompt = "To sign in, use a web browser to open the page https://microsoft.com/devicelogin\nand enter the code GH7K2PQ9X to authenticate.";
    if (str_eq(world, "forbidden")) {
        snapshot.env.read_only = true;
        snapshot.env.arm_remaining_reads = 23;
    }
    return d;
}

/* ---- the plan's life ------------------------------------------------------------------------------------------------------------------ */

static struct plan *make_plan(const char *fix, enum plan_state state)
{
    static struct plan_change changes[1];
    static struct plan_cost costs[3];
    static struct plan_choice choices[2];
    static struct plan_step steps[6];
    struct plan *p = calloc(1, sizeof *p);
    bool traffic = str_eq(fix, "traffic-policy");
    changes[0] = traffic ? (struct plan_change){.verb = "patch", .resource = "services", .kind = "Service", .namespace = "istio-ingress", .name = "mtkc-gateway-istio",
        .diff = " spec:\n-  externalTrafficPolicy: Cluster\n+  externalTrafficPolicy: Local\n",
        .command = "kubectl --context mtkc-admin@aks-mtkc-poc -n istio-ingress patch service mtkc-gateway-istio --type merge -p '{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}'"}
      : (struct plan_change){.verb = "apply", .resource = "httproutes", .kind = "HTTPRoute", .namespace = "gateway-health", .name = "health-route",
        .diff = "+apiVersion: gateway.networking.k8s.io/v1\n+kind: HTTPRoute\n+metadata:\n+  name: health-route\n+  namespace: gateway-health\n+  labels:\n"
                "+    app.kubernetes.io/managed-by: gatewatch\n+spec:\n+  parentRefs:\n+    - name: mtkc-gateway\n+      namespace: istio-ingress\n+  rules:\n+    - matches:\n"
                "+        - path:\n+            type: PathPrefix\n+            value: /healthz\n+      backendRefs:\n+        - name: health-responder\n+          port: 8080\n",
        .command = "kubectl --context mtkc-admin@aks-mtkc-poc apply --server-side --field-manager gatewatch -f health-route.yaml"};
    costs[0] = (struct plan_cost){SEVERITY_WARNING, "2 of 3 nodes have no ready gateway pod: the load balancer takes them out of rotation."};
    costs[1] = (struct plan_cost){SEVERITY_WARNING, "One gateway pod carries everything: node aks-system-31820245-vmss000000 is a single point of failure."};
    costs[2] = (struct plan_cost){SEVERITY_INFO, "Source addresses become visible to the gateway."};
    choices[0] = (struct plan_choice){"how", "patch", "Patch the Service", "at once; lost when the Service is made again", true, true, NULL};
    choices[1] = (struct plan_choice){"how", "overlay", "Overlay through parametersRef", "durable; Istio renders it", false, true, NULL};
    static const char *const texts[] = {"access review", "fresh read", "server dry run", "journal entry", "apply", "verify by on-demand probe"};
    size_t done = state == PLAN_READY || state == PLAN_REFUSED ? 3 : state == PLAN_APPLYING ? 4 : state == PLAN_VERIFYING ? 5 : state == PLAN_DONE ? 6 : 0;
    for (size_t i = 0; i < COUNT(steps); i++)
        steps[i] = (struct plan_step){.text = texts[i], .state = i < done ? STEP_DONE : i == done && done > 3 ? STEP_DOING : STEP_TODO, .detail = i == 4 && done > 4 ? "resourceVersion 123456" : ""};
    *p = (struct plan){.id = "20261122T213012-3f2a", .fix = traffic ? "traffic-policy" : "health-route", .state = state,
        .title = traffic ? "externalTrafficPolicy Local on istio-ingress/mtkc-gateway-istio" : "Health route for istio-ingress/mtkc-gateway",
        .target = "aks-mtkc-poc", .gateway = "istio-ingress/mtkc-gateway", .context = "mtkc-admin@aks-mtkc-poc", .cluster = "aks-mtkc-poc",
        .reason = traffic ? "The load balancer's probe gets 404 from every node; with Local it asks kube-proxy's health port instead." :
                  "Application Gateway's probe GET /healthz/ready gets 404: no route answers it.",
        .changes = changes, .n_changes = 1, .costs = costs, .n_costs = traffic ? 3 : 0, .choices = choices, .n_choices = traffic ? 2 : 0,
        .steps = steps, .n_steps = COUNT(steps), .predicted_before = "404", .predicted_after = "200", .manifest = "kind: HTTPRoute\n",
        .protected_target = traffic, .outcome = "All 3 backends are healthy.", .verified_backend = "10.0.1.200", .verified_health = "Healthy",
        .verified_after_ms = 41000, .undo = "gatewatch fix undo 20261122T213012-3f2a"};
    if (the_engine.view->snapshot->env.read_only) {
        p->read_only = true;
        p->state = PLAN_REFUSED;
        p->refusal = "Read-only: this session may look, not change (--read-only, config, or a missing permission).";
    }
    return p;
}

static void publish(struct view_data *changed)
{
    struct view_data *copy = calloc(1, sizeof *copy);
    memcpy((void *)copy, (void *)changed, sizeof *copy);
    copy->serial = the_engine.view->serial + 1;
    the_engine.view = copy;
    uint64_t one = 1;
    ssize_t n = write(the_engine.fd, &one, sizeof one);
    (void)n;
}

uint64_t engine_ask(struct engine *e, const struct ask *ask)
{
    struct view_data next;
    memcpy((void *)&next, (void *)e->view, sizeof next);
    uint64_t number = ++e->asks;
    if (ask->type == ASK_PLAN)
        next.plan = make_plan(ask->fix, PLAN_READY);
    else if (ask->type == ASK_APPLY)
        next.plan = make_plan(e->view->plan->fix, PLAN_APPLYING);
    else if (ask->type == ASK_REFRESH && next.plan && next.plan->state == PLAN_APPLYING)
        next.plan = make_plan(e->view->plan->fix, PLAN_VERIFYING);
    else if (ask->type == ASK_REFRESH && next.plan && next.plan->state == PLAN_VERIFYING)
        next.plan = make_plan(e->view->plan->fix, PLAN_DONE);
    else if (ask->type == ASK_YAML || ask->type == ASK_EVENTS) {
        next.document = calloc(1, sizeof *next.document);
        next.document->request = number;
        next.document->text = xstrdup("apiVersion: v1\nkind: Service\nmetadata:\n  name: mtkc-gateway-istio\n  annotations:\n    service.beta.kubernetes.io/azure-load-balancer-internal: \"true\"\nspec:\n  ports:\n    - port: 80\n");
    }
    publish(&next);
    return number;
}

struct view_data *engine_view(struct engine *e)
{
    uint64_t n;
    ssize_t got = read(e->fd, &n, sizeof n);
    (void)got;
    return e->view;
}
int engine_fd(const struct engine *e)
{
    return e->fd;
}
struct view_data *view_data_ref(struct view_data *d)
{
    return d;
}
void view_data_unref(struct view_data *d)
{
    (void)d;
}

int main(int argc, char **argv)
{
    struct settings settings = {.theme = "dark"};
    const char *world = argc > 1 ? argv[1] : "broken";
    for (int i = 2; i < argc; i++) {
        settings.ascii = settings.ascii || str_eq(argv[i], "--ascii");
        settings.no_color = settings.no_color || str_eq(argv[i], "--no-color");
        settings.read_only = settings.read_only || str_eq(argv[i], "--read-only");
        if (str_eq(argv[i], "--theme") && i + 1 < argc)
            settings.theme = argv[++i];
    }
    the_engine.fd = eventfd(0, EFD_NONBLOCK);
    the_engine.view = make_world(world);
    struct error err = {0};
    if (!ui_run(&the_engine, &settings, &(struct ui_options){.demo = str_eq(world, "broken")}, &err)) {
        fprintf(stderr, "%s. %s\n", err.message, err.remedy);
        return 1;
    }
    return 0;
}
