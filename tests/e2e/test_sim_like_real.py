#!/usr/bin/env python3
"""The simulator answers as a real kube-apiserver does: the same requests to both, the same answers.

Uids, versions, times and allocated numbers are masked; what the simulator knowingly leaves out is listed in LEFT_OUT.
"""
import base64
import difflib
import json
import pathlib
import re
import ssl
import sys
import urllib.error
import urllib.request

import harness
import real
from harness import Reply, Simulator, Tap

NS = "/api/v1/namespaces/compare"
ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/compare/httproutes"


class RealApi:
    """HTTPS to the real server as its admin."""

    def __init__(self, server):
        self.base = server.url
        config = json.loads(server.kubectl("config", "view", "--raw", "-o", "json"))
        user = next(u["user"] for u in config["users"]
                    if u["name"] == next(c["context"]["user"] for c in config["contexts"] if c["name"] == "admin"))
        cluster = config["clusters"][0]["cluster"]
        folder = pathlib.Path(server.folder)

        def material(entry, name):
            if name in entry:
                return entry[name]
            path = folder / ("compare-" + name)
            path.write_bytes(base64.b64decode(entry[name + "-data"]))
            return str(path)

        self.tls = ssl.create_default_context(cafile=material(cluster, "certificate-authority"))
        self.tls.load_cert_chain(material(user, "client-certificate"), material(user, "client-key"))

    def http(self, method, path, body=None, headers=None):
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body.encode() if body else None
        sent = {"Content-Type": "application/json"} if data else {}
        sent.update(headers or {})
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=sent)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls))
        try:
            with opener.open(request, timeout=30) as response:
                return Reply(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read().decode())


MASKED = {"uid", "resourceVersion", "creationTimestamp", "clusterIP", "nodePort", "healthCheckNodePort", "lastTransitionTime",
          "deletionTimestamp"}
# What the simulator does not say, or says in its own words: keys anywhere, and parts of single steps.
LEFT_OUT = {"time", "continue", "deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedSource"}
OWN_WORDS = {"a Service with doubled ports", "a body that is not JSON", "a broken label selector", "a broken continue",
             "continue with a resourceVersion"}                 # code and reason are compared
NO_OWNERS = {"may I", "create an event"}                        # reviews and new-style events: managedFields left out
NO_STATUS = {"scale it", "add a container", "may I"}            # no controller beside the real server


def mask(value, key=None):
    if isinstance(value, dict):
        masked = {k: mask(v, k) for k, v in sorted(value.items()) if k not in LEFT_OUT}
        if key == "metadata" and set(masked) - {"creationTimestamp"} == {"labels"}:
            masked.pop("creationTimestamp", None)               # null in a pod template
        return masked
    if isinstance(value, list):
        if key == "clusterIPs":
            return ["masked"]
        if key == "managedFields":
            return sorted((mask(v) for v in value if v["manager"] != "kube-controller-manager"),
                          key=lambda v: (v["manager"], v["operation"], v.get("subresource", "")))
        if key == "causes":                                     # the real server's come in any order, some twice
            return sorted({json.dumps(mask(v), sort_keys=True) for v in value})
        return [mask(v) for v in value]
    if key in MASKED:
        return "masked"
    if key == "message" and isinstance(value, str):
        value = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UID", value)
        return re.sub(r'Invalid value: "\{.*\}": strict', 'Invalid value: OBJECT: strict', value)
    return value


def comparable(name, reply):
    try:
        body = mask(reply.json())
    except ValueError:
        return f"{reply.status} {reply.body}"
    if name in OWN_WORDS:
        body = {"code": body["code"], "reason": body["reason"]}
    if name in NO_STATUS:
        body.pop("status", None)
    if name in NO_OWNERS:
        body["metadata"].pop("managedFields", None)
    return f"{reply.status} {json.dumps(body, indent=1, sort_keys=True)}"


def route(name="r", value="/x", **more):
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name, "namespace": "compare"},
            "spec": {"parentRefs": [{"name": "gw"}], "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": value}}],
                                                                "backendRefs": [{"name": "svc", "port": 80}]}], **more}}


def service(name="svc", kind="LoadBalancer", **spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "compare"},
            "spec": {"type": kind, "selector": {"app": "x"}, **({"loadBalancerClass": "example.com/none"} if kind == "LoadBalancer" else {}),
                     "ports": [{"name": "http", "port": 80}, {"name": "https", "port": 443}], **spec}}


def deployment(**spec):
    labels = {"app": "web"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "compare"},
            "spec": {"selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels},
                                  "spec": {"containers": [{"name": "c", "image": "nginx:1",
                                                           "ports": [{"containerPort": 8080}],
                                                           "readinessProbe": {"httpGet": {"path": "/", "port": 8080}}}]}}, **spec}}


MERGE = {"Content-Type": "application/merge-patch+json"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}
MANAGER = "?fieldManager=test"


def apply_service(**spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "svc"}, "spec": spec}


CONDITION = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "observedGeneration": 1,
             "lastTransitionTime": "2026-01-10T08:00:00Z"}

# (name, method, path, body, headers)
STEPS = [
    ("create a namespace", "POST", "/api/v1/namespaces" + MANAGER, {"metadata": {"name": "compare"}}, None),
    ("create it again", "POST", "/api/v1/namespaces" + MANAGER, {"metadata": {"name": "compare"}}, None),
    ("a name that is none", "POST", "/api/v1/namespaces", {"metadata": {"name": "Up_per"}}, None),
    ("create a Service", "POST", NS + "/services" + MANAGER, service(), None),
    ("a Service without ports", "POST", NS + "/services", service("none", ports=[]), None),
    ("a Service with a bad policy", "POST", NS + "/services", service("bad", externalTrafficPolicy="Nope"), None),
    ("a policy on a ClusterIP", "POST", NS + "/services", service("cip", "ClusterIP", externalTrafficPolicy="Local"), None),
    ("a Service with a bad name", "POST", NS + "/services", service("1up"), None),
    ("a Service with doubled ports", "POST", NS + "/services",
     service("dup", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 80}]), None),
    ("strict: an unknown field in a POST", "POST", NS + "/services?fieldValidation=Strict", service("typo", colour="X"), None),
    ("to Local by merge patch", "PATCH", NS + "/services/svc?fieldManager=gatewatch&fieldValidation=Strict",
     {"spec": {"externalTrafficPolicy": "Local"}}, MERGE),
    ("strict: an unknown field in a merge patch", "PATCH", NS + "/services/svc?fieldValidation=Strict",
     {"spec": {"externalTraficPolicy": "Local"}}, MERGE),
    ("the health check port is immutable", "PATCH", NS + "/services/svc", {"spec": {"healthCheckNodePort": 30000}}, MERGE),
    ("another policy that is none", "PATCH", NS + "/services/svc", {"spec": {"externalTrafficPolicy": "Nope"}}, MERGE),
    ("an old resourceVersion", "PATCH", NS + "/services/svc",
     {"metadata": {"resourceVersion": "1"}, "spec": {"externalTrafficPolicy": "Cluster"}}, MERGE),
    ("another uid", "PATCH", NS + "/services/svc", {"metadata": {"uid": "other"}}, MERGE),
    ("a dry run", "PATCH", NS + "/services/svc?dryRun=All&fieldManager=gatewatch",
     {"spec": {"externalTrafficPolicy": "Cluster"}}, MERGE),
    ("a wrong dryRun", "PATCH", NS + "/services/svc?dryRun=Some", {}, MERGE),
    ("a JSON patch whose test fails", "PATCH", NS + "/services/svc",
     [{"op": "test", "path": "/spec/type", "value": "X"}], JSON_PATCH),
    ("a JSON patch", "PATCH", NS + "/services/svc" + MANAGER,
     [{"op": "test", "path": "/spec/type", "value": "LoadBalancer"},
      {"op": "add", "path": "/metadata/annotations", "value": {"a/b": "1"}},
      {"op": "replace", "path": "/metadata/annotations/a~1b", "value": "2"}], JSON_PATCH),
    ("a strategic patch of one port", "PATCH", NS + "/services/svc" + MANAGER,
     {"spec": {"ports": [{"port": 80, "appProtocol": "http"}]}}, STRATEGIC),
    ("a strategic patch that deletes a port", "PATCH", NS + "/services/svc" + MANAGER,
     {"spec": {"ports": [{"port": 443, "$patch": "delete"}]}}, STRATEGIC),
    ("read it", "GET", NS + "/services/svc", None, None),
    ("apply against an owner", "PATCH", NS + "/services/svc?fieldManager=applier",
     apply_service(externalTrafficPolicy="Cluster"), APPLY),
    ("apply without a manager", "PATCH", NS + "/services/svc", apply_service(externalTrafficPolicy="Cluster"), APPLY),
    ("apply by force", "PATCH", NS + "/services/svc?fieldManager=applier&force=true",
     apply_service(externalTrafficPolicy="Cluster", ports=[{"port": 80, "protocol": "TCP", "name": "http"}]), APPLY),
    ("apply two conflicts", "PATCH", NS + "/services/svc?fieldManager=third",
     apply_service(externalTrafficPolicy="Local", ports=[{"port": 80, "protocol": "TCP", "name": "other"}]), APPLY),
    ("apply less", "PATCH", NS + "/services/svc?fieldManager=applier", apply_service(externalTrafficPolicy="Cluster"), APPLY),
    ("apply an unknown field", "PATCH", NS + "/services/svc?fieldManager=applier&fieldValidation=Strict",
     apply_service(externalTraficPolicy="Local"), APPLY),
    ("no such object", "GET", NS + "/services/nope", None, None),
    ("patch no such object", "PATCH", NS + "/services/nope", {}, MERGE),
    ("no such kind", "GET", "/apis/gateway.networking.k8s.io/v1/nopes", None, None),
    ("no such group", "GET", "/apis/example.com/v1/things", None, None),
    ("no such namespace", "POST", "/api/v1/namespaces/nowhere/configmaps",
     {"metadata": {"name": "x"}}, None),
    ("a body that is not JSON", "POST", NS + "/configmaps", "{", None),
    ("another kind in the body", "POST", NS + "/configmaps", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}, None),
    ("another namespace in the body", "POST", NS + "/configmaps", {"metadata": {"name": "x", "namespace": "y"}}, None),
    ("create a ConfigMap", "POST", NS + "/configmaps" + MANAGER, {"metadata": {"name": "cm"}, "data": {"a": "b"}}, None),
    ("put it", "PUT", NS + "/configmaps/cm?fieldManager=putter", {"metadata": {"name": "cm"}, "data": {"a": "c"}}, None),
    ("put an old one", "PUT", NS + "/configmaps/cm", {"metadata": {"name": "cm", "resourceVersion": "1"}}, None),
    ("a label selector", "GET", NS + "/configmaps?labelSelector=a%3D1", None, None),
    ("a broken label selector", "GET", NS + "/configmaps?labelSelector=a%3D%3D%3D", None, None),
    ("a field that cannot be selected", "GET", NS + "/services?fieldSelector=spec.colour%3Dred", None, None),
    ("a broken continue", "GET", NS + "/configmaps?limit=1&continue=xx", None, None),
    ("continue with a resourceVersion", "GET", NS + "/configmaps?limit=1&continue=xx&resourceVersion=5", None, None),
    ("delete with another uid", "DELETE", NS + "/configmaps/cm", {"preconditions": {"uid": "other"}}, None),
    ("a dry run of a deletion, in the body", "DELETE", NS + "/configmaps/cm", {"dryRun": ["All"]}, None),
    ("it is still there", "GET", NS + "/configmaps/cm", None, None),
    ("delete it", "DELETE", NS + "/configmaps/cm", None, None),
    ("create one more", "POST", NS + "/configmaps" + MANAGER, {"metadata": {"name": "cm"}, "data": {"a": "b"}}, None),
    ("a dry run in the query beside a body deletes", "DELETE", NS + "/configmaps/cm?dryRun=All",
     {"propagationPolicy": "Background"}, None),
    ("it is gone", "GET", NS + "/configmaps/cm", None, None),
    ("create a Deployment", "POST", "/apis/apps/v1/namespaces/compare/deployments" + MANAGER, deployment(), None),
    ("labels that do not match", "POST", "/apis/apps/v1/namespaces/compare/deployments",
     deployment(selector={"matchLabels": {"no": "match"}}), None),
    ("scale it", "PATCH", "/apis/apps/v1/namespaces/compare/deployments/web/scale" + MANAGER, {"spec": {"replicas": 3}}, MERGE),
    ("add a container", "PATCH", "/apis/apps/v1/namespaces/compare/deployments/web" + MANAGER,
     {"spec": {"template": {"spec": {"containers": [{"name": "d", "image": "redis", "env": [{"name": "A", "value": "b"}]}]}}}},
     STRATEGIC),
    ("create a route", "POST", ROUTES + MANAGER, route(), None),
    ("create it again", "POST", ROUTES + MANAGER, route(), None),
    ("a route with a path that is none", "POST", ROUTES, route("bad", "x"), None),
    ("a route with a strange type", "POST", ROUTES,
     route("bad", rules=[{"matches": [{"path": {"type": "Prefix", "value": "/"}}]}]), None),
    ("a route without a port", "POST", ROUTES, route("bad", rules=[{"backendRefs": [{"name": "s"}]}]), None),
    ("a route whose port is text", "POST", ROUTES, route("bad", rules=[{"backendRefs": [{"name": "s", "port": "80"}]}]), None),
    ("a route with a bad hostname", "POST", ROUTES, route("bad", hostnames=["UPPER.example"]), None),
    ("strict: an unknown field in a route", "POST", ROUTES + "?fieldValidation=Strict", route("bad", ruels=[]), None),
    ("strategic merge of a custom resource", "PATCH", ROUTES + "/r", {"spec": {}}, STRATEGIC),
    ("strict: an unknown field in a patch", "PATCH", ROUTES + "/r?fieldValidation=Strict", {"spec": {"ruels": []}}, MERGE),
    ("apply a new route", "PATCH", ROUTES + "/applied?fieldManager=gatewatch", route("applied"), APPLY),
    ("apply it again", "PATCH", ROUTES + "/applied?fieldManager=gatewatch", route("applied"), APPLY),
    ("apply another rule over it", "PATCH", ROUTES + "/applied?fieldManager=other", route("applied", "/y"), APPLY),
    ("apply an unknown field to a route", "PATCH", ROUTES + "/applied?fieldManager=gatewatch&fieldValidation=Strict",
     route("applied", ruels=[]), APPLY),
    ("write its status", "PATCH", ROUTES + "/r/status?fieldManager=istio",
     {"status": {"parents": [{"parentRef": {"name": "gw"}, "controllerName": "example.com/c", "conditions": [CONDITION]}]}}, MERGE),
    ("read it", "GET", ROUTES + "/r", None, None),
    ("create a Gateway", "POST", "/apis/gateway.networking.k8s.io/v1/namespaces/compare/gateways" + MANAGER,
     {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gw"},
      "spec": {"gatewayClassName": "none", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}}, None),
    ("list the routes", "GET", ROUTES + "?limit=1", None, None),
    ("may I", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
     {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "compare"}}}, None),
    ("create an event", "POST", "/apis/events.k8s.io/v1/namespaces/compare/events" + MANAGER,
     {"metadata": {"name": "e", "namespace": "compare"}, "eventTime": "2026-08-20T09:20:11.123456Z",
      "reportingController": "example.com/c", "reportingInstance": "i", "action": "A", "reason": "R", "type": "Normal",
      "regarding": {"kind": "Service", "name": "svc", "namespace": "compare", "apiVersion": "v1"}, "note": "text"}, None),
    ("an event without most", "POST", "/apis/events.k8s.io/v1/namespaces/compare/events",
     {"metadata": {"name": "e2", "namespace": "compare"}, "type": "Normal"}, None),
    ("delete a route", "DELETE", ROUTES + "/r", None, None),
    ("delete the routes", "DELETE", ROUTES, None, None),
]


def test_same_answers(tap, server):
    server.kubectl("apply", "--server-side", "-f", harness.TOP / "tests/fixtures/crds/gateway-api-v1.6.1-standard")
    server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    api = RealApi(server)
    with Simulator("reference") as sim:
        for name, method, path, body, headers in STEPS:
            theirs = comparable(name, api.http(method, path, body, headers))
            ours = comparable(name, sim.http(method, path, body, headers=headers))
            tap.ok(theirs == ours, f"like the real server: {name}",
                   "\n".join(difflib.unified_diff(theirs.split("\n"), ours.split("\n"), "real", "simulator", lineterm="", n=2)))


def main():
    tap = Tap()
    why = real.missing()
    if why:
        tap.skip("the simulator answers as a real API server", why)
        return tap.done()
    server = real.RealServer()
    try:
        tap.run(test_same_answers, server)
    finally:
        server.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
