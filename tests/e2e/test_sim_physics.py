#!/usr/bin/env python3
"""The simulator's world behaves as reference azure.md and kubernetes.md say: probes, load balancer, fixes, conditions.

Expectations are from those documents. Simulated time runs at --speed; nothing here sleeps for luck.
run.py: timeout=300
"""
import json
import os

from arm import Arm, HOST, VERSION
from harness import Simulator, main, wait_for

SPEED = ("--speed", "60")
LOCAL = {"spec": {"externalTrafficPolicy": "Local"}}
SERVICE = "/api/v1/namespaces/istio-ingress/services/mtkc-gateway-istio"
GATEWAY_API = "/apis/gateway.networking.k8s.io/v1"
ROUTES = GATEWAY_API + "/namespaces/%s/httproutes"
GATEWAY = GATEWAY_API + "/namespaces/istio-ingress/gateways/mtkc-gateway"
TIMEOUT = "Time taken by the backend to respond to application gateway's health probe"
NOT_FOUND = ("Received invalid status code: 404 in the backend server's HTTP response. As per the health probe "
             "configuration, 200-399 is the acceptable status code. Either modify probe configuration or resolve "
             "backend issues.")
SUCCESS = "Success. Received 200 status code"


def route(namespace, name, path, service, port, kind="PathPrefix", hostnames=None, filters=None, **parent):
    rule = {"matches": [{"path": {"type": kind, "value": path}}]}
    if filters:
        rule["filters"] = filters
    if service:
        rule["backendRefs"] = [{"name": service, "port": port}]
    spec = {"parentRefs": [{"name": "mtkc-gateway", "namespace": "istio-ingress", **parent}], "rules": [rule]}
    if hostnames:
        spec["hostnames"] = hostnames
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": name, "namespace": namespace}, "spec": spec}


HEALTH_ROUTE = route("gateway-health", "health-route", "/healthz", "health-responder", 80)


def create(sim, body):
    reply = sim.http("POST", ROUTES % body["metadata"]["namespace"], body)
    assert reply.status == 201, reply
    return reply.json()


def change(sim, path, body):
    reply = sim.patch(path, body)
    assert reply.status == 200, reply
    return reply.json()


def steady(sim, settings="https-settings"):
    """The backend's steady state, by the control door: cheaper than a long-running operation."""
    return next(b for b in sim.control("GET", "azure")["backends"] if b["settings"].endswith("/" + settings))


def until(sim, up, log, what):
    wait_for(lambda: steady(sim)["up"] == up and log in steady(sim)["log"], 20, what)


# ---- scenarios ----------------------------------------------------------------------------------------------------


def scenarios_show_their_faults(tap):
    expected = {"reference": ("Unhealthy", TIMEOUT), "healthy": ("Healthy", SUCCESS),
                "no-health-route": ("Unhealthy", NOT_FOUND), "traffic-policy": ("Unhealthy", TIMEOUT),
                "lb-probe": ("Unhealthy", TIMEOUT), "forbidden": ("Unhealthy", TIMEOUT),
                "aks-addon": ("Unhealthy", TIMEOUT), "tenants": ("Healthy", SUCCESS)}
    for scenario, (health, log) in expected.items():
        with Simulator(scenario, *SPEED) as sim:
            got = Arm(sim).health()
            # http-settings serve no rule: backend health leaves them out (azure.md 2.3).
            tap.equal(list(got), ["https-settings"], f"{scenario}: one row, for the settings that a rule uses")
            tap.equal(got["https-settings"][0], health, f"{scenario}: the backend is {health}")
            tap.contains(got["https-settings"][1], log, f"{scenario}: and the log says why")


def reference_fails_twice(tap):
    with Simulator("reference", *SPEED) as sim:
        arm = Arm(sim)
        for port, protocol in ((80, "Http"), (443, "Https")):
            name, probe = arm.rule(port)
            tap.equal((probe["protocol"], probe["requestPath"], probe["intervalInSeconds"], probe["numberOfProbes"]),
                      (protocol, "/", 5, 2), f"port {port}: appProtocol makes the probe {protocol} on /")
            service = sim.get(SERVICE).json()
            node_port = next(p["nodePort"] for p in service["spec"]["ports"] if p["port"] == port)
            tap.equal(probe["port"], node_port, f"port {port}: at the nodePort")
            prefix = ("a" + service["metadata"]["uid"].replace("-", ""))[:32]
            tap.equal(name, f"{prefix}-TCP-{port}", f"port {port}: the rule is named after the Service's UID")
            tap.equal(set(arm.nodes(port).values()), {"Down_Probe_HttpStatusCodeError"},
                      f"port {port}: every node is down, because of a status code")
        tap.equal(arm.rule(15021)[1]["protocol"], "Tcp", "the status port is probed by TCP")
        tap.equal(set(arm.nodes(15021).values()), {"Up_Probe_Success"}, "and is up everywhere")
        tap.equal(service["status"]["loadBalancer"]["ingress"][0]["ip"], "10.0.1.50", "the address is the pool's")


def local_first_then_route(tap):
    with Simulator("reference", *SPEED) as sim:
        arm = Arm(sim)
        patched = change(sim, SERVICE, LOCAL)
        tap.ok(patched["spec"]["healthCheckNodePort"] >= 30000, "Local gets a healthCheckNodePort at once", patched)
        _, probe = arm.rule(443)
        tap.equal((probe["protocol"], probe["port"], probe["requestPath"]),
                  ("Http", patched["spec"]["healthCheckNodePort"], "/healthz"), "one probe asks kube-proxy for all ports")
        wait_for(lambda: list(arm.nodes(443).values()).count("Up_Probe_Success") == 1, 20, "one node in rotation")
        nodes = arm.nodes(443)
        tap.equal(sorted(nodes.values()), ["Down_Probe_HttpStatusCodeError"] * 2 + ["Up_Probe_Success"],
                  "only the node with the gateway's one pod is in rotation")
        pod = sim.get("/api/v1/namespaces/istio-ingress/pods").json()["items"][0]
        tap.equal([a for a, r in nodes.items() if r.startswith("Up")], [pod["status"]["hostIP"]], "and it is that node")
        tap.equal(arm.status("/healthz/ready"), 404, "an on-demand probe gets through and meets 404")
        until(sim, False, NOT_FOUND, "the steady probe's 404")
        create(sim, HEALTH_ROUTE)
        tap.equal(arm.status("/healthz/ready"), 200, "with the route, an on-demand probe gets 200 at once")
        until(sim, True, SUCCESS, "the steady probe's recovery")
        tap.equal(arm.health()["https-settings"], ("Healthy", SUCCESS), "and backend health is Healthy")


def route_first_then_local(tap):
    with Simulator("reference", *SPEED) as sim:
        arm = Arm(sim)
        created = create(sim, HEALTH_ROUTE)
        read = sim.get(ROUTES % "gateway-health" + "/health-route").json()
        conditions = {c["type"]: c["status"] for c in read["status"]["parents"][0]["conditions"]}
        tap.equal((conditions["Accepted"], conditions["ResolvedRefs"]), ("True", "True"), "Istio accepts the route")
        tap.equal(read["status"]["parents"][0]["conditions"][0]["observedGeneration"], created["metadata"]["generation"],
                  "for its generation")
        tap.equal([l["attachedRoutes"] for l in sim.get(GATEWAY).json()["status"]["listeners"]], [3, 3],
                  "both listeners count three routes")
        tap.equal(arm.status("/healthz/ready"), "timeout", "alone it cures nothing: the load balancer drops everything")
        change(sim, SERVICE, LOCAL)
        until(sim, True, SUCCESS, "recovery after both")
        tap.equal(arm.status("/healthz/ready"), 200, "both fixes together: 200")
        back = change(sim, SERVICE, {"spec": {"externalTrafficPolicy": "Cluster"}})
        tap.ok("healthCheckNodePort" not in back["spec"], "back to Cluster frees the health check port", back["spec"])
        until(sim, False, TIMEOUT, "the timeout's return")


def patch_is_lost_with_the_service(tap):
    with Simulator("healthy", *SPEED) as sim:
        sim.kubectl("delete", "svc", "-n", "istio-ingress", "mtkc-gateway-istio", "--wait=false")
        service = wait_for(lambda: (lambda r: r.json() if r.status == 200 else None)(sim.get(SERVICE)), 10, "a new Service")
        tap.equal(service["spec"]["externalTrafficPolicy"], "Local", "the overlay survives the Service's recreation")
        tap.equal(service["status"]["loadBalancer"]["ingress"][0]["ip"], "10.0.1.50", "and the address comes back")
    with Simulator("no-health-route", *SPEED) as sim:
        tap.equal(sim.get(SERVICE).json()["spec"]["externalTrafficPolicy"], "Local", "a patched Service is Local")
        sim.kubectl("delete", "svc", "-n", "istio-ingress", "mtkc-gateway-istio", "--wait=false")
        service = wait_for(lambda: (lambda r: r.json() if r.status == 200 else None)(sim.get(SERVICE)), 10, "a new Service")
        tap.equal(service["spec"]["externalTrafficPolicy"], "Cluster", "and is Cluster again when it was recreated")


def field_owners(tap):
    with Simulator("reference", *SPEED) as sim:
        change(sim, SERVICE + "?fieldManager=gatewatch", LOCAL)
        fields = sim.get(SERVICE).json()["metadata"]["managedFields"]
        istio = [f for f in fields if f["manager"] == "istio.io/gateway-controller"]
        tap.equal([f["operation"] for f in istio], ["Apply"], "Istio applies the Service server-side")
        tap.ok("f:externalTrafficPolicy" not in istio[0]["fieldsV1"]["f:spec"] and "f:type" in istio[0]["fieldsV1"]["f:spec"],
               "and its template leaves externalTrafficPolicy alone", istio)
        owner = [f["manager"] for f in fields if "f:externalTrafficPolicy" in f["fieldsV1"].get("f:spec", {})]
        tap.equal(owner, ["gatewatch"], "who patched it owns it")
        change(sim, GATEWAY, {"metadata": {"annotations": {"touched": "yes"}}})
        tap.equal(sim.get(SERVICE).json()["spec"]["externalTrafficPolicy"], "Local", "the patch survives a reconciliation")
    with Simulator("healthy", *SPEED) as sim:
        fields = sim.get(SERVICE).json()["metadata"]["managedFields"]
        owner = [f["manager"] for f in fields if "f:externalTrafficPolicy" in f["fieldsV1"].get("f:spec", {})]
        tap.equal(owner, ["istio.io/gateway-controller"], "with an overlay Istio owns the field")
        change(sim, SERVICE, {"spec": {"externalTrafficPolicy": "Cluster"}})
        tap.equal(sim.get(SERVICE).json()["spec"]["externalTrafficPolicy"], "Local", "and puts it back")


# ---- Application Gateway's clock ----------------------------------------------------------------------------------


def threshold_takes_its_time(tap):
    speed = 30
    # What a request takes is simulated time, too: a second of real time for each, more where the program is slower.
    slack = speed * float(os.environ.get("GATEWATCH_SLOW", "1"))
    with Simulator("healthy", "--speed", speed) as sim:
        arm = Arm(sim)
        begun = sim.control("GET", "state")["time"]
        sim.http("DELETE", ROUTES % "gateway-health" + "/health-route")
        seen = wait_for(lambda: (lambda b: b if b["failures"] == 1 else None)(steady(sim)), 10, "the first failure")
        tap.ok(seen["up"] and NOT_FOUND in seen["log"], "one failure: still Healthy, with a failing log", seen)
        wait_for(lambda: not steady(sim)["up"], 15, "the third failure")
        taken = sim.control("GET", "state")["time"] - begun
        # Interval 30, threshold 3: the third failure comes two intervals after the first, which comes within one.
        tap.ok(59 <= taken <= 90 + slack, "down after the third failure: between 60 and 90 simulated seconds", taken)
        tap.equal(arm.health()["https-settings"][0], "Unhealthy", "backend health agrees")
        begun = sim.control("GET", "state")["time"]
        create(sim, HEALTH_ROUTE)
        wait_for(lambda: steady(sim)["up"], 10, "recovery")
        taken = sim.control("GET", "state")["time"] - begun
        tap.ok(taken <= 30 + slack, "one good answer restores: within one interval", taken)


def settings_decide_what_is_sent(tap):
    with Simulator("healthy", *SPEED) as sim:
        arm = Arm(sim)
        def probes(**properties):
            sim.control("PATCH", "azure", {"children": {"probes": {"health-probe-https": properties}}})
        probes(path="/nowhere", match={"body": "", "statusCodes": ["200-399", "404"]})
        wait_for(lambda: "404" in steady(sim)["log"], 10, "the new path's answer")
        tap.equal(steady(sim)["log"], "Success. Received 404 status code", "a 404 that the probe accepts is a success")
        tap.ok(steady(sim)["up"], "and healthy", steady(sim))
        probes(path="/healthz/ready", match={"body": "absent", "statusCodes": ["200"]})
        until(sim, False, "doesn't contain absent", "the body's mismatch")
        tap.ok(True, "a body without the wanted text is unhealthy")
        probes(match={"body": "", "statusCodes": ["200"]})
        until(sim, True, SUCCESS, "recovery")
        pool = {"backendAddressPools": {"aks-gateway-pool": {"backendAddresses": [{"ipAddress": "10.0.1.77"}]}}}
        sim.control("PATCH", "azure", {"children": pool})
        tap.contains(arm.probe("/healthz/ready")[1], "Cannot connect to backend server", "an address nobody has: no connection")
        pool["backendAddressPools"]["aks-gateway-pool"]["backendAddresses"] = [{"fqdn": "nowhere.example"}]
        sim.control("PATCH", "azure", {"children": pool})
        tap.contains(arm.probe("/healthz/ready")[1], "could not create a probe for this backend", "a name nobody knows: DNS")
        pool["backendAddressPools"]["aks-gateway-pool"]["backendAddresses"] = []
        sim.control("PATCH", "azure", {"children": pool})
        tap.equal(arm.health(), {}, "an empty pool has no servers")


def certificates_are_checked(tap):
    with Simulator("healthy", *SPEED) as sim:
        arm = Arm(sim)
        def present(**described):
            change(sim, "/api/v1/namespaces/istio-ingress/secrets/istio-gateway-tls",
                   {"metadata": {"annotations": {"gatewatch-sim/certificate": json.dumps(described)}}})
        good = {"names": [HOST], "issuer": "istio-backend-ca", "notAfter": "2031-01-01T00:00:00Z"}
        for name, what, text in (("other name", {"names": ["other.example"]}, "Common Name"),
                                 ("unknown root", {"issuer": "somebody"}, "root certificate of the server certificate"),
                                 ("expired", {"notAfter": "2020-01-01T00:00:00Z"}, "Valid from")):
            present(**{**good, **what})
            tap.contains(arm.probe("/healthz/ready")[1], text, f"{name}: the log says so")
        present(**good)
        tap.equal(arm.probe("/healthz/ready"), ("Healthy", SUCCESS), "and a good certificate passes")
        sim.http("DELETE", "/api/v1/namespaces/istio-ingress/secrets/istio-gateway-tls")
        tap.contains(arm.probe("/healthz/ready")[1], "Cannot connect", "without its Secret the listener is not served")
        listener = sim.get(GATEWAY).json()["status"]["listeners"][1]
        refs = next(c for c in listener["conditions"] if c["type"] == "ResolvedRefs")
        tap.equal((refs["status"], refs["reason"]), ("False", "InvalidCertificateRef"), "and its condition names the cause")


# ---- routes -------------------------------------------------------------------------------------------------------


def routes_answer_as_envoy_does(tap):
    with Simulator("healthy", *SPEED) as sim:
        arm = Arm(sim)
        tap.equal([arm.status(p) for p in ("/app1", "/app1/info", "/app2", "/", "/app1x")], [200, 200, 200, 404, 404],
                  "prefixes match whole segments; nothing else is served")
        create(sim, route("sample-apps", "gone", "/gone", "no-such-service", 80))
        create(sim, route("sample-apps", "port", "/port", "sample-app-1", 8080))
        create(sim, route("sample-apps", "redirect", "/old", None, None, filters=[
            {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]))
        create(sim, route("sample-apps", "nothing", "/nothing", None, None))
        tap.equal([arm.status(p) for p in ("/gone", "/port", "/old", "/nothing")], [500, 500, 301, 404],
                  "missing Service 500, missing port 500, redirect answers itself, no backendRefs 404 (Istio 1.30)")
        create(sim, route("sample-apps", "exact", "/app1/info", "no-such-service", 80, kind="Exact"))
        tap.equal([arm.status(p) for p in ("/app1/info", "/app1/info/x", "/app1")], [500, 200, 200],
                  "an exact path beats a prefix, and only there")
        create(sim, route("sample-apps", "longer", "/app1/deep", "no-such-service", 80))
        tap.equal([arm.status(p) for p in ("/app1/deep/x", "/app1/dee")], [500, 200], "a longer prefix beats a shorter")
        change(sim, "/api/v1/namespaces/istio-ingress/secrets/istio-gateway-tls", {"metadata": {"annotations": {
            "gatewatch-sim/certificate": json.dumps({"issuer": "istio-backend-ca", "names": [
                HOST, "example.com", "*.example.com", "*.b.example.com"]})}}})
        create(sim, route("sample-apps", "host", "/only", "sample-app-1", 80, hostnames=["app.example.com"]))
        tap.equal([arm.status(p, host="app.example.com") for p in ("/only", "/app1")], [200, 404],
                  "a Host with a virtual host of its own sees no other: there is no fallback")
        tap.equal(arm.status("/app1", host="else.example.com"), 200, "other Hosts do")
        create(sim, route("sample-apps", "wild", "/w", "sample-app-1", 80, hostnames=["*.example.com"]))
        tap.equal([arm.status("/w", host=h) for h in ("a.example.com", "a.b.example.com", "example.com", "app.example.com")],
                  [200, 200, 404, 404], "a wildcard covers any number of labels, not the bare name, nor a better match")
        sim.kubectl("scale", "deploy", "-n", "sample-apps", "sample-app-2", "--replicas=0")
        wait_for(lambda: arm.status("/app2") == 503, 10, "503 without endpoints")
        tap.ok(True, "no ready endpoint: 503")


def conditions_are_istios(tap):
    with Simulator("healthy", *SPEED) as sim:
        def verdict(namespace, name, kind):
            parents = sim.get(ROUTES % namespace + "/" + name).json().get("status", {}).get("parents", [])
            return next(((c["status"], c["reason"]) for p in parents for c in p["conditions"] if c["type"] == kind), None)
        create(sim, route("sample-apps", "gone", "/gone", "no-such-service", 80))
        tap.equal(verdict("sample-apps", "gone", "ResolvedRefs"), ("False", "BackendNotFound"), "a missing Service")
        create(sim, route("sample-apps", "port", "/port", "sample-app-1", 8080))
        tap.equal(verdict("sample-apps", "port", "ResolvedRefs"), ("True", "ResolvedRefs"),
                  "a missing port goes unseen: Istio looks at the Service only")
        create(sim, route("sample-apps", "section", "/section", "sample-app-1", 80, sectionName="web"))
        tap.equal(verdict("sample-apps", "section", "Accepted"), ("False", "NoMatchingParent"), "an unknown listener")
        body = route("sample-apps", "grant", "/grant", "health-responder", 80)
        body["spec"]["rules"][0]["backendRefs"][0]["namespace"] = "gateway-health"
        create(sim, body)
        tap.equal(verdict("sample-apps", "grant", "ResolvedRefs"), ("False", "RefNotPermitted"),
                  "another namespace's Service without a ReferenceGrant")
        before = [l["attachedRoutes"] for l in sim.get(GATEWAY).json()["status"]["listeners"]]
        listeners = sim.get(GATEWAY).json()["spec"]["listeners"]
        listeners[1]["allowedRoutes"]["namespaces"]["from"] = "Same"
        listeners[0]["hostname"] = "*.example.com"
        changed = change(sim, GATEWAY, {"spec": {"listeners": listeners}})
        tap.equal([l["attachedRoutes"] for l in sim.get(GATEWAY).json()["status"]["listeners"]], [before[0], 0],
                  "a listener for its own namespace alone attaches none of them")
        create(sim, route("sample-apps", "host", "/h", "sample-app-1", 80, hostnames=["other.org"]))
        tap.equal(verdict("sample-apps", "host", "Accepted"), ("False", "NotAllowedByListeners"),
                  "of the listeners' reasons Istio reports NotAllowedByListeners first")
        create(sim, route("sample-apps", "host2", "/h", "sample-app-1", 80, hostnames=["other.org"], sectionName="http"))
        tap.equal(verdict("sample-apps", "host2", "Accepted"), ("False", "NoMatchingListenerHostname"), "no common hostname")
        status = sim.get(GATEWAY).json()["status"]
        tap.ok(all(c["observedGeneration"] == changed["metadata"]["generation"] for c in status["conditions"]),
               "the Gateway's conditions are of its newest generation", status)


def pending_address(tap):
    with Simulator("healthy", *SPEED) as sim:
        key = "service.beta.kubernetes.io/azure-load-balancer-internal"
        change(sim, GATEWAY, {"spec": {"infrastructure": {"annotations": {key + "-subnet": "snet-absent", key: "true"}}}})
        sim.kubectl("delete", "svc", "-n", "istio-ingress", "mtkc-gateway-istio", "--wait=false")
        service = wait_for(lambda: (lambda r: r.json() if r.status == 200 else None)(sim.get(SERVICE)), 10, "a new Service")
        tap.equal(service.get("status", {}).get("loadBalancer", {}).get("ingress", []), [], "an unknown subnet: no address")
        programmed = next(c for c in sim.get(GATEWAY).json()["status"]["conditions"] if c["type"] == "Programmed")
        tap.equal((programmed["status"], programmed["reason"]), ("False", "AddressNotAssigned"), "the Gateway is not programmed")
        tap.contains(programmed["message"], "address pending for hostname", "and says what it waits for")


# ---- load balancer ------------------------------------------------------------------------------------------------


def annotations_choose_the_probe(tap):
    with Simulator("lb-probe", *SPEED) as sim:
        arm = Arm(sim)
        service = sim.get(SERVICE).json()
        status_port = next(p["nodePort"] for p in service["spec"]["ports"] if p["port"] == 15021)
        _, probe = arm.rule(443)
        tap.equal((probe["protocol"], probe["port"], probe["requestPath"]), ("Http", status_port, "/ready"),
                  "a probe port that is a service port means its nodePort")
        tap.equal(set(arm.nodes(443).values()), {"Down_Probe_HttpStatusCodeError"}, "/ready is not served there")
        tap.equal(set(arm.nodes(80).values()), {"Up_Probe_Success"}, "/healthz/ready is")
        change(sim, SERVICE, LOCAL)
        tap.equal(arm.rule(443)[1]["requestPath"], "/ready", "the port annotation beats Local")
        change(sim, SERVICE, {"spec": {"externalTrafficPolicy": "Cluster"}})
        annotations = sim.get(GATEWAY).json()["spec"]["infrastructure"]["annotations"]
        annotations["service.beta.kubernetes.io/port_443_health-probe_request-path"] = "/healthz/ready"
        change(sim, GATEWAY, {"spec": {"infrastructure": {"annotations": annotations}}})
        until(sim, True, SUCCESS, "recovery with the right path")
        tap.equal(set(arm.nodes(443).values()), {"Up_Probe_Success"}, "the right path cures it without Local")
        sim.control("PATCH", "azure", {"sharedProbe": True})
        tap.equal((arm.rule(443)[1]["port"], arm.rule(443)[1]["requestPath"]), (10256, "/healthz"), "shared mode: kube-proxy")


def rotation_follows_the_pods(tap):
    with Simulator("healthy", *SPEED) as sim:
        arm = Arm(sim)
        tap.equal(sorted(arm.nodes(443).values()), ["Up_Probe_Success"] * 3, "three pods on three nodes: three in rotation")
        pods = sim.get("/api/v1/namespaces/istio-ingress/pods").json()["items"]
        tap.equal(len({p["spec"]["nodeName"] for p in pods}), 3, "the pods are spread")
        change(sim, "/api/v1/namespaces/istio-ingress/configmaps/mtkc-gateway-options",
               {"data": {"deployment": "spec:\n  replicas: 1\n"}})
        wait_for(lambda: sorted(arm.nodes(443).values()).count("Up_Probe_Success") == 1, 20, "two nodes out of rotation")
        tap.ok(True, "one pod: one node in rotation")
        change(sim, "/api/v1/namespaces/istio-ingress/configmaps/mtkc-gateway-options",
               {"data": {"deployment": "spec:\n  replicas: 0\n"}})
        wait_for(lambda: arm.status("/healthz/ready") == "timeout", 20, "the timeout without pods")
        tap.ok(True, "no pod: the load balancer drops everything")


def addon_refuses_what_it_must(tap):
    with Simulator("aks-addon", *SPEED) as sim:
        arm = Arm(sim)
        service = sim.get("/api/v1/namespaces/istio-ingress/services/mtkc-gateway-approuting-istio").json()
        prefix = "service.beta.kubernetes.io/port_80_health-probe_"
        tap.equal(service["metadata"]["annotations"].get(prefix + "request-path"), "/healthz/ready",
                  "the class defaults set the probe of port 80")
        deployment = sim.get("/apis/apps/v1/namespaces/istio-ingress/deployments/mtkc-gateway-approuting-istio").json()
        tap.equal((deployment["spec"]["replicas"], deployment["status"]["readyReplicas"]), (2, 2),
                  "and an autoscaler keeps two pods")
        path = "/api/v1/namespaces/aks-istio-system/configmaps/istio-gateway-class-defaults"
        bad = sim.patch(path, {"data": {"service": "spec:\n  ports: []\n"}})
        tap.ok(bad.status in (400, 403) and "azure-service-mesh-ccp-validating-webhook" in bad.body,
               "the webhook refuses a field that is not on its list", bad)
        change(sim, path, {"data": {"service": "spec:\n  externalTrafficPolicy: Local\nmetadata:\n  annotations:\n" + "".join(
            f"    {prefix}{name}:\n" for name in ("port", "protocol", "request-path"))}})
        service = sim.get("/api/v1/namespaces/istio-ingress/services/mtkc-gateway-approuting-istio").json()
        tap.equal(service["spec"]["externalTrafficPolicy"], "Local", "the documented overlay sets Local")
        tap.ok(not any(a.startswith(prefix) for a in service["metadata"]["annotations"]), "and takes the annotations away",
               service["metadata"]["annotations"])
        until(sim, True, SUCCESS, "recovery")
        tap.equal(arm.rule(80)[1]["requestPath"], "/healthz", "every port is probed at kube-proxy's health port")


def ztunnel_carries_the_mesh(tap):
    with Simulator("healthy", *SPEED) as sim:
        arm = Arm(sim)
        tap.equal(arm.status("/app1"), 200, "with ztunnel on every node the application answers")
        change(sim, "/apis/apps/v1/namespaces/istio-system/daemonsets/ztunnel",
               {"spec": {"template": {"metadata": {"annotations": {"gatewatch-sim/ready": "false"}}}}})
        sim.kubectl("delete", "pods", "-n", "istio-system", "-l", "app=ztunnel", "--wait=false")
        wait_for(lambda: arm.status("/app1") == 503, 10, "503 without ztunnel")
        tap.ok(True, "captured pods are out of reach without a ready ztunnel")


if __name__ == "__main__":
    assert VERSION
    main([scenarios_show_their_faults, reference_fails_twice, local_first_then_route, route_first_then_local,
          patch_is_lost_with_the_service, field_owners, threshold_takes_its_time, settings_decide_what_is_sent,
          certificates_are_checked, routes_answer_as_envoy_does, conditions_are_istios, pending_address,
          annotations_choose_the_probe, rotation_follows_the_pods, addon_refuses_what_it_must, ztunnel_carries_the_mesh],
         needs_kubectl=True)
