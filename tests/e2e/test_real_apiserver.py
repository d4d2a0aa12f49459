#!/usr/bin/env python3
"""Against a real kube-apiserver with etcd: the definitions, the reference manifests and the roles are what it accepts.

run.py: timeout=300 modes=release needs=apiserver
"""
import json
import sys

from harness import TOP, Tap, wait_for
from real import RealServer, missing

FIXTURES = TOP / "tests/fixtures"
tests = []


def test(function):
    tests.append(function)
    return function


@test
def definitions_are_accepted(server):
    server.kubectl("apply", "--server-side", "-f", FIXTURES / "crds/gateway-api-v1.6.1-standard")
    server.kubectl("apply", "-f", FIXTURES / "crds/capsule-v0.14.0")
    server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    resources = server.kubectl("api-resources", "--api-group=gateway.networking.k8s.io", "-o", "name").split()
    for kind in ("gatewayclasses", "gateways", "httproutes", "grpcroutes", "tlsroutes", "referencegrants",
                 "backendtlspolicies", "listenersets"):
        assert f"{kind}.gateway.networking.k8s.io" in resources, f"{kind} is not served: {resources}"


@test
def reference_manifests_are_accepted(server):
    server.kubectl("apply", "-f", FIXTURES / "poc")
    gateway = server.get("gateway", "mtkc-gateway", "-n", "istio-ingress")
    assert [listener["name"] for listener in gateway["spec"]["listeners"]] == ["http", "https"]
    routes = {f"{r['metadata']['namespace']}/{r['metadata']['name']}" for r in server.get("httproutes", "-A")["items"]}
    assert len(routes) == 3, routes
    # The trap of the article: the responder's Service listens on 80 and its route must say so.
    service = server.get("service", "health-responder", "-n", "gateway-health")
    assert service["spec"]["ports"][0]["port"] == 80


@test
def roles_are_accepted(server):
    server.kubectl("apply", "-f", FIXTURES / "rbac")


@test
def nobody_may_read_before_a_binding(server):
    assert not server.may("reader", "list", "httproutes.gateway.networking.k8s.io", "-A")
    assert not server.may("nobody", "list", "services", "-A")


@test
def reader_may_read_all_kinds_and_write_none(server):
    server.kubectl("create", "clusterrolebinding", "test-readers", "--clusterrole=gatewatch-reader",
                   "--group=gatewatch-readers")
    wait(lambda: server.may("reader", "list", "services", "-A"))
    group = "gateway.networking.k8s.io"
    kinds = ["namespaces", "nodes", "services", "pods", "endpointslices.discovery.k8s.io", "deployments.apps",
             "daemonsets.apps", "horizontalpodautoscalers.autoscaling", "poddisruptionbudgets.policy",
             f"gatewayclasses.{group}", f"gateways.{group}", f"httproutes.{group}", f"grpcroutes.{group}",
             f"tlsroutes.{group}", f"referencegrants.{group}", f"backendtlspolicies.{group}", f"listenersets.{group}",
             "ingresses.networking.k8s.io", "tenants.capsule.clastix.io"]
    missing = [f"{verb} {kind}" for kind in kinds for verb in ("list", "watch") if not server.may("reader", verb, kind, "-A")]
    assert not missing, f"the reader role lacks: {missing}"
    for kind in ("services", f"httproutes.{group}", f"gateways.{group}", "deployments.apps", "namespaces"):
        for verb in ("create", "patch", "update", "delete"):
            assert not server.may("reader", verb, kind, "-A"), f"a reader may {verb} {kind}"
    assert not server.may("reader", "get", "secrets", "-A")


@test
def reader_reads_what_was_loaded(server):
    assert len(server.get("httproutes", "-A", context="reader")["items"]) == 3
    ran = server.kubectl("get", "secrets", "-A", context="reader", check=False)
    assert ran.returncode != 0 and "forbidden" in ran.stderr.lower(), ran


@test
def fixer_may_make_the_health_route_and_nothing_else(server):
    server.kubectl("create", "rolebinding", "test-fixers", "-n", "gateway-health", "--role=gatewatch-fix-health-route",
                   "--group=gatewatch-fixers")
    routes = "httproutes.gateway.networking.k8s.io"
    wait(lambda: server.may("fixer", "create", f"{routes}/gatewatch-health-mtkc-gateway", "-n", "gateway-health"))
    assert not server.may("fixer", "create", f"{routes}/another", "-n", "gateway-health")
    assert server.may("fixer", "patch", f"{routes}/gatewatch-health-mtkc-gateway", "-n", "gateway-health")
    assert not server.may("fixer", "patch", f"{routes}/somebody-elses", "-n", "gateway-health")
    assert not server.may("fixer", "create", routes, "-n", "sample-apps")
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
             "metadata": {"name": "gatewatch-health-mtkc-gateway", "namespace": "gateway-health"},
             "spec": {"parentRefs": [{"name": "mtkc-gateway", "namespace": "istio-ingress"}],
                      "rules": [{"matches": [{"path": {"type": "Exact", "value": "/healthz/ready"}}],
                                 "backendRefs": [{"name": "health-responder", "namespace": "gateway-health", "port": 80}]}]}}
    apply = ("apply", "--server-side", "--field-manager=gatewatch", "--validate=strict", "-f", "-")
    server.kubectl(*apply, "--dry-run=server", context="fixer", stdin=json.dumps(route))
    server.kubectl(*apply, context="fixer", stdin=json.dumps(route))
    route["metadata"]["name"] = "another"
    ran = server.kubectl(*apply, context="fixer", stdin=json.dumps(route), check=False)
    assert ran.returncode != 0 and "forbidden" in ran.stderr.lower(), ran
    server.kubectl("delete", routes, "gatewatch-health-mtkc-gateway", "-n", "gateway-health", context="fixer")


@test
def wrong_fields_are_refused(server):
    """What a dry run with strict validation is for."""
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
             "metadata": {"name": "wrong", "namespace": "gateway-health"}, "spec": {"parentReferences": []}}
    ran = server.kubectl("apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", "-",
                         stdin=json.dumps(route), check=False)
    assert ran.returncode != 0 and "parentReferences" in ran.stderr, ran


def wait(condition):
    """RBAC reaches the authorizer a moment after it is written."""
    wait_for(condition, 20, "the binding")


def main():
    if why := missing():
        print(f"1..0 # SKIP {why}")
        return 0
    tap = Tap()
    server = RealServer()
    try:
        for function in tests:
            name = function.__name__.replace("_", " ")
            try:
                function(server)
                tap.ok(True, name)
            except Exception as why:      # whatever it is, the next tests still run
                tap.ok(False, name, f"{type(why).__name__}: {why}")
    finally:
        tap.ok(server.stop() == 0, "the server stops cleanly")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
