#!/usr/bin/env python3
"""The simulator's Kubernetes API as the real kubectl sees it."""
import json
import subprocess
import textwrap

import harness
from harness import Simulator, wait_for

GATEWAY = ("-n", "istio-ingress", "service/mtkc-gateway-istio")
ROUTE = textwrap.dedent("""\
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata:
      name: health
      namespace: gateway-health
    spec:
      parentRefs:
      - {name: mtkc-gateway, namespace: istio-ingress}
      rules:
      - matches:
        - path: {type: PathPrefix, value: /healthz}
        backendRefs:
        - {name: health-responder, port: 80}
    """)

# With every default written out: a list that is replaced as a whole conflicts with itself otherwise.
DEFAULTED = ROUTE.replace("{name: mtkc-gateway, ", "{group: gateway.networking.k8s.io, kind: Gateway, name: mtkc-gateway, ") \
    .replace("port: 80}", 'port: 80, group: "", kind: Service, weight: 1}')


def get_json(sim, *args):
    return sim.kubectl("get", *args, "-o", "json").json()


def test_get(tap):
    with Simulator("reference") as sim:
        for kind in ("namespaces", "nodes", "services", "endpointslices", "pods", "configmaps", "secrets",
                     "serviceaccounts", "events", "deployments", "daemonsets", "replicasets", "hpa", "pdb",
                     "gatewayclasses", "gateways", "httproutes", "grpcroutes", "tlsroutes", "referencegrants",
                     "backendtlspolicies", "listenersets", "tenants", "ingresses", "crds", "roles", "clusterroles",
                     "rolebindings", "clusterrolebindings"):
            for form in ("wide", "yaml"):
                result = sim.kubectl("get", kind, "-A", "-o", form)
                tap.ok(result.returncode == 0, f"get {kind} -A -o {form}", result)
        result = sim.kubectl("get", "gateways", "-A")
        tap.ok(result.out.split("\n")[0].split() == ["NAMESPACE", "NAME", "CLASS", "ADDRESS", "PROGRAMMED", "AGE"],
               "gateways have the columns of their CustomResourceDefinition", result)
        result = sim.kubectl("get", "svc", "-n", "istio-ingress", "mtkc-gateway-istio")
        tap.ok("LoadBalancer" in result.out and "80:" in result.out, "services show type and ports", result)
        items = get_json(sim, "pods", "-n", "istio-ingress")["items"]
        tap.ok(items and items[0]["kind"] == "Pod", "JSON of a list has whole pods", items)
        result = sim.kubectl("get", "pod", "-A", "--field-selector", "spec.nodeName=no-such-node")
        tap.equal(result.out, "", "a field selector selects")
        result = sim.kubectl("get", "httproutes", "-A", "-l", "nothing=here", "-o", "name")
        tap.equal(result.out, "", "a label selector selects")
        result = sim.kubectl("get", "httproute", "no-such-route", "-n", "sample-apps")
        tap.contains(result.err, 'httproutes.gateway.networking.k8s.io "no-such-route" not found', "what is not there is named")
        result = sim.kubectl("api-resources", "--api-group", "gateway.networking.k8s.io", "-o", "name")
        tap.contains(result.out, "httproutes.gateway.networking.k8s.io", "api-resources lists the routes")
        result = sim.kubectl("version", "-o", "json")
        tap.equal(result.json()["serverVersion"]["minor"], "33", "version says 1.33")
        annotations = get_json(sim, "crd", "gateways.gateway.networking.k8s.io")["metadata"]["annotations"]
        tap.equal(annotations.get("gateway.networking.k8s.io/channel"), "standard", "the CRD names its channel")


def test_describe(tap):
    with Simulator("reference") as sim:
        for what in (GATEWAY, ("-n", "istio-ingress", "gateway/mtkc-gateway"), ("nodes",), ("-n", "sample-apps", "pods"),
                     ("-n", "sample-apps", "deployments"), ("-n", "sample-apps", "httproutes"), ("namespaces",)):
            result = sim.kubectl("describe", *what)
            tap.ok(result.returncode == 0 and "Name:" in result.out, "describe " + " ".join(what), result)
        result = sim.kubectl("describe", *GATEWAY)
        tap.contains(result.out, "External Traffic Policy:", "describe service shows the traffic policy")


@harness.kubectl_since(27)
def test_apply_client_side(tap):
    with Simulator("reference") as sim:
        result = sim.kubectl("apply", "-f", "-", input=ROUTE)
        tap.equal(result.out.strip(), "httproute.gateway.networking.k8s.io/health created", "apply creates")
        spec = get_json(sim, "httproute", "-n", "gateway-health", "health")["spec"]
        tap.equal(spec["rules"][0]["backendRefs"][0]["weight"], 1, "the server fills in the weight")
        tap.equal(spec["parentRefs"][0]["kind"], "Gateway", "the server fills in the parent's kind")
        result = sim.kubectl("apply", "-f", "-", input=ROUTE.replace("/healthz", "/livez"))
        tap.equal(result.out.strip(), "httproute.gateway.networking.k8s.io/health configured", "apply changes")
        result = sim.kubectl("diff", "-f", "-", input=ROUTE)
        tap.ok(result.returncode == 1 and "+        value: /healthz" in result.out, "diff shows what would change", result)
        result = sim.kubectl("apply", "-f", "-", input=ROUTE.replace("rules:", "ruels: []\n  rules:"))
        tap.ok(result.returncode == 1 and 'unknown field "spec.ruels"' in result.err, "an unknown field is refused", result)
        result = sim.kubectl("apply", "-f", "-", input=ROUTE.replace("value: /healthz", "value: healthz"))
        tap.ok(result.returncode == 1 and "must be an absolute path" in result.err, "a wrong path is refused", result)
        result = sim.kubectl("apply", "-f", "-", input=ROUTE.replace("namespace: gateway-health", "namespace: nowhere"))
        tap.contains(result.err, 'namespaces "nowhere" not found', "a missing namespace is named")
        dry = sim.kubectl("apply", "--dry-run=server", "-f", "-", input=ROUTE.replace("/healthz", "/dry"))
        stored = sim.kubectl("get", "httproute", "-n", "gateway-health", "health", "-o", "yaml").out
        tap.ok(dry.returncode == 0 and "value: /dry" not in stored, "a dry run stores nothing", f"{dry}\n{stored}")
        service = sim.kubectl("get", *GATEWAY, "-o", "yaml").out
        result = sim.kubectl("apply", "-f", "-", input=service)
        tap.ok(result.returncode == 0, "a fetched Service applies", result)


@harness.kubectl_since(27)
def test_apply_server_side(tap):
    with Simulator("reference") as sim:
        result = sim.kubectl("apply", "--server-side", "--field-manager", "one", "-f", "-", input=ROUTE)
        tap.ok(result.returncode == 0, "server-side apply creates", result)
        fields = sim.kubectl("get", "httproute", "-n", "gateway-health", "health", "-o", "json",
                             "--show-managed-fields").json()["metadata"]["managedFields"]
        mine = [f for f in fields if f["manager"] == "one"]
        tap.ok(mine and mine[0]["operation"] == "Apply" and mine[0]["fieldsV1"]["f:spec"] ==
               {"f:parentRefs": {}, "f:rules": {}}, "the applier owns parentRefs and rules as a whole", fields)
        other = ROUTE.replace("/healthz", "/other")
        result = sim.kubectl("apply", "--server-side", "--field-manager", "two", "-f", "-", input=other)
        tap.ok(result.returncode == 1 and 'conflicts with "one"' in result.err and "- .spec.rules" in result.err,
               "another manager's other value is a conflict", result)
        result = sim.kubectl("apply", "--server-side", "--field-manager", "two", "-f", "-", input=DEFAULTED)
        tap.ok(result.returncode == 0, "the same value is shared, not a conflict", result)
        result = sim.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager", "two", "-f", "-", input=other)
        tap.ok(result.returncode == 0, "force takes the field", result)
        labelled = ROUTE.replace("  name: health\n", "  name: health\n  labels: {a: b}\n")
        sim.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager", "one", "-f", "-", input=labelled)
        before = get_json(sim, "httproute", "-n", "gateway-health", "health")["metadata"].get("labels")
        sim.kubectl("apply", "--server-side", "--field-manager", "one", "-f", "-", input=ROUTE)
        after = get_json(sim, "httproute", "-n", "gateway-health", "health")["metadata"].get("labels")
        tap.ok(before == {"a": "b"} and not (after or {}).get("a"), "a field that its owner leaves out goes",
               f"{before} {after}")
        policy = textwrap.dedent("""\
            apiVersion: v1
            kind: Service
            metadata: {name: mtkc-gateway-istio, namespace: istio-ingress}
            spec: {type: NodePort}
            """)
        result = sim.kubectl("apply", "--server-side", "--field-manager", "me", "-f", "-", input=policy)
        tap.ok(result.returncode == 1 and 'conflict with "istio.io/gateway-controller"' in result.err,
               "Istio owns the Service's type", result)


def test_apply_with_any_kubectl(tap):
    with Simulator("reference") as sim:
        result = sim.kubectl("apply", "-f", "-", input=ROUTE)
        tap.equal(result.out.strip(), "httproute.gateway.networking.k8s.io/health created", "apply creates")
        result = sim.kubectl("apply", "-f", "-", input=ROUTE.replace("/healthz", "/livez"))
        tap.equal(result.out.strip(), "httproute.gateway.networking.k8s.io/health configured", "apply changes")
        result = sim.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager", "one", "-f", "-", input=ROUTE)
        tap.ok(result.returncode == 0, "and applies on the server's side", result)
        path = get_json(sim, "httproute", "-n", "gateway-health", "health")["spec"]["rules"][0]["matches"][0]["path"]["value"]
        tap.equal(path, "/healthz", "the last one counts")


def test_patch(tap):
    with Simulator("reference") as sim:
        def policy():
            spec = get_json(sim, *GATEWAY)["spec"]
            return spec["externalTrafficPolicy"], bool(spec.get("healthCheckNodePort"))

        sim.kubectl("patch", *GATEWAY, "-p", '{"spec":{"externalTrafficPolicy":"Local"}}')
        tap.equal(policy(), ("Local", True), "a strategic patch to Local allocates the health check port")
        sim.kubectl("patch", *GATEWAY, "--type", "merge", "-p", '{"spec":{"externalTrafficPolicy":"Cluster"}}')
        tap.equal(policy(), ("Cluster", False), "a merge patch back to Cluster clears it")
        sim.kubectl("patch", *GATEWAY, "--type", "json", "-p",
                    '[{"op":"test","path":"/spec/type","value":"LoadBalancer"},'
                    '{"op":"replace","path":"/spec/externalTrafficPolicy","value":"Local"}]')
        tap.equal(policy(), ("Local", True), "a JSON patch does it too")
        result = sim.kubectl("patch", *GATEWAY, "--type", "json", "-p", '[{"op":"test","path":"/spec/type","value":"X"}]')
        tap.ok(result.returncode == 1 and ("the server rejected our request due to an error in our request" in result.err
                                           or "The request is invalid" in result.err), "a failed test is refused", result)
        result = sim.kubectl("patch", *GATEWAY, "-p", '{"spec":{"externalTrafficPolicy":"Sideways"}}')
        tap.contains(result.err, 'Unsupported value: "Sideways": supported values: "Cluster", "Local"', "the values are known")
        result = sim.kubectl("patch", *GATEWAY, "--type", "merge", "-p", '{"spec":{"healthCheckNodePort":30001}}')
        tap.contains(result.err, "field is immutable", "the health check port cannot be changed")
        result = sim.kubectl("patch", *GATEWAY, "-p", '{"metadata":{"resourceVersion":"1"},"spec":{}}')
        tap.contains(result.err, "the object has been modified", "an old resourceVersion is a conflict")
        ports = len(get_json(sim, *GATEWAY)["spec"]["ports"])
        sim.kubectl("patch", *GATEWAY, "-p", '{"spec":{"ports":[{"port":80,"appProtocol":"tcp"}]}}')
        after = get_json(sim, *GATEWAY)["spec"]["ports"]
        tap.equal(len(after), ports, "ports merge by their number")
        result = sim.kubectl("patch", "-n", "sample-apps", "httproute/app1-route", "-p", '{"spec":{"hostnames":["a.b"]}}')
        tap.ok("strategic-merge-patch+json is not supported" in result.err or "UnsupportedMediaType" in result.err,
               "no strategic merge for custom resources", result)
        result = sim.kubectl("patch", "-n", "sample-apps", "httproute/app1-route", "--type", "merge", "-p",
                             '{"spec":{"hostnames":["a.b"]}}')
        route = get_json(sim, "-n", "sample-apps", "httproute/app1-route")
        tap.equal((route["spec"]["hostnames"], route["metadata"]["generation"]), (["a.b"], 2), "a merge patch bumps generation")
        for command in (("label", "team=a"), ("annotate", "note=hello")):
            result = sim.kubectl(command[0], "-n", "sample-apps", "httproute/app1-route", command[1])
            tap.ok(result.returncode == 0, command[0], result)
        route = get_json(sim, "-n", "sample-apps", "httproute/app1-route")
        tap.equal((route["metadata"]["labels"]["team"], route["metadata"]["generation"]), ("a", 2),
                  "metadata does not bump generation")


def test_scale_and_delete(tap):
    with Simulator("reference", "--speed", "20") as sim:
        result = sim.kubectl("scale", "-n", "sample-apps", "deployment/sample-app-1", "--replicas", "3")
        tap.ok(result.returncode == 0, "scale", result)
        result = sim.kubectl("rollout", "status", "-n", "sample-apps", "deployment/sample-app-1", "--timeout", "20s")
        tap.ok(result.returncode == 0, "rollout status waits for the third pod", result)
        pods = get_json(sim, "pods", "-n", "sample-apps", "-l", "app=sample-app-1")["items"]
        tap.equal(len(pods), 3, "three pods")
        result = sim.kubectl("delete", "-n", "sample-apps", "deployment/sample-app-1")
        tap.ok(result.returncode == 0, "delete waits for the end", result)
        wait_for(lambda: not get_json(sim, "pods", "-n", "sample-apps", "-l", "app=sample-app-1")["items"], 10,
                 "the pods' end")
        tap.ok(True, "what a deployment owns goes with it")
        for command in (("namespace", "there"), ("configmap", "-n", "there", "cm", "--from-literal", "a=b"),
                        ("deployment", "-n", "there", "web", "--image", "nginx", "--port", "80")):
            result = sim.kubectl("create", *command)
            tap.ok(result.returncode == 0, "create " + command[0], result)
        result = sim.kubectl("create", "namespace", "there")
        tap.contains(result.err, 'namespaces "there" already exists', "what exists is not created again")
        sim.kubectl("delete", "namespace", "there")
        tap.equal(sim.kubectl("get", "cm,deploy,rs,pod", "-n", "there", "-o", "name").out, "", "a namespace goes with all in it")
        result = sim.kubectl("delete", "-n", "sample-apps", "httproutes", "--all")
        tap.ok(result.returncode == 0 and not get_json(sim, "httproutes", "-n", "sample-apps")["items"], "delete --all", result)


def test_watch(tap):
    with Simulator("reference") as sim:
        child = sim.spawn([harness.kubectl_path(), "get", "httproutes", "-A", "--watch", "--output-watch-events"],
                          stdout=subprocess.PIPE)
        try:
            lines = []
            while len(lines) < 3:   # the header and the two routes of the reference world
                lines.append(child.stdout.readline())
            sim.kubectl("apply", "-f", "-", input=ROUTE)
            line = child.stdout.readline()
            tap.ok(line.startswith("ADDED") and "health" in line, "kubectl's watch sees a new route", lines + [line])
            while "DELETED" not in line:
                if line.startswith("ADDED"):
                    sim.kubectl("delete", "-n", "gateway-health", "httproute/health")
                line = child.stdout.readline()
            tap.ok("health" in line, "and its end", line)
        finally:
            child.terminate()
            child.wait()


@harness.kubectl_since(28)
def test_permissions(tap):
    with Simulator("reference") as sim:
        def can(*what, context=None):
            return sim.kubectl("auth", "can-i", *what, context=context).out.strip()

        tap.equal(can("*", "*"), "yes", "the platform engineer may everything")
        tap.equal(can("patch", "services", "-n", "istio-ingress", context="reader"), "no", "a reader may not patch")
        tap.equal(can("list", "httproutes.gateway.networking.k8s.io", "-A", context="reader"), "yes", "a reader may list routes")
        tap.equal(can("list", "pods", context="nobody"), "no", "nobody may nothing")
        result = sim.kubectl("auth", "whoami", "-o", "json", context="reader")
        tap.equal(result.json()["status"]["userInfo"]["username"], "reader", "whoami")
        result = sim.kubectl("auth", "can-i", "--list", context="reader")
        tap.contains(result.out, "endpointslices.discovery.k8s.io", "can-i --list")
        result = sim.kubectl("get", "secrets", context="reader")
        tap.contains(result.err, 'secrets is forbidden: User "reader" cannot list resource "secrets" in API group "" in the '
                     'namespace "default"', "403 in the API server's words")
        sim.kubectl("create", "clusterrolebinding", "more", "--clusterrole", "cluster-admin", "--user", "reader")
        tap.equal(can("patch", "services", "-n", "istio-ingress", context="reader"), "yes", "RBAC objects count at once")
        result = sim.kubectl("get", "pods", "--as", "nobody")
        tap.contains(result.err, 'User "nobody" cannot list', "impersonation")
        for context in ("certificate", "exec", "token-file"):
            result = sim.kubectl("get", "namespaces", context=context)
            tap.ok(result.returncode == 0, f"the {context} context works", result)
        sim.control("POST", "rotate-tokens")
        tap.equal(sim.kubectl("get", "namespaces", context="exec").returncode, 0, "rotated tokens are in the files")
        sim.control("POST", "revoke-tokens")
        result = sim.kubectl("get", "namespaces")
        tap.ok(result.returncode != 0 and "logged in" in result.err + result.out, "a revoked token gets 401", result)


DEFINITION = textwrap.dedent("""\
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.example.com}
    spec:
      group: example.com
      names: {kind: Thing, plural: things, singular: thing, shortNames: [th]}
      scope: Namespaced
      versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
    """)


def test_definitions(tap):
    with Simulator("reference") as sim:
        sim.kubectl("apply", "-f", "-", input=DEFINITION)
        result = sim.kubectl("wait", "--for", "condition=Established", "crd/things.example.com", "--timeout", "5s")
        tap.ok(result.returncode == 0, "a new definition is established", result)
        sim.kubectl("apply", "-f", "-", input="apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {x: 1}\n")
        tap.equal(sim.kubectl("get", "th", "-o", "name").out.strip(), "thing.example.com/a", "its kind is served")
        sim.kubectl("delete", "crd", "grpcroutes.gateway.networking.k8s.io")
        tap.equal(sim.get("/apis/gateway.networking.k8s.io/v1/grpcroutes").status, 404, "a kind goes with its definition")


def test_prefix(tap):
    with Simulator("reference", "--prefix", "/k8s/clusters/c-1") as sim:
        result = sim.kubectl("get", "httproutes", "-A")
        tap.ok(result.returncode == 0 and "app1-route" in result.out, "a cluster URL with a path prefix", result)
        tap.equal(sim.get("/api/v1/namespaces").status, 404, "nothing beside the prefix")


def test_status_of_routes(tap):
    """A write is seen by the controllers, and by the next read."""
    with Simulator("reference") as sim:
        sim.kubectl("apply", "-f", "-", input=ROUTE)
        parents = json.loads(sim.kubectl("get", "httproute", "-n", "gateway-health", "health", "-o", "json").out)
        conditions = {c["type"]: c["status"] for c in parents["status"]["parents"][0]["conditions"]}
        tap.equal(conditions.get("Accepted"), "True", "Istio accepts the route")


if __name__ == "__main__":
    harness.main([test_get, test_describe, test_apply_client_side, test_apply_server_side, test_apply_with_any_kubectl, test_patch,
                  test_scale_and_delete, test_watch, test_permissions, test_definitions, test_prefix, test_status_of_routes],
                 needs_kubectl=True)
