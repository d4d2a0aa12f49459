#!/usr/bin/env python3
"""The simulator's Kubernetes API on the wire: pages, watches, refusals, and the faults on demand.

What is expected here is what kubernetes.io and the recorded bodies say of the real server.
"""
import http.client
import json
import socket
import ssl
import threading
import time
import urllib.error

import harness
from harness import Simulator, wait_for

ROUTES = "/apis/gateway.networking.k8s.io/v1/httproutes"
SAMPLES = "/apis/gateway.networking.k8s.io/v1/namespaces/sample-apps/httproutes"
SERVICE = "/api/v1/namespaces/istio-ingress/services/mtkc-gateway-istio"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def configmap(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def make(sim, n, first=0):
    for i in range(first, first + n):
        reply = sim.http("POST", CONFIGMAPS, configmap(f"cm-{i:03}", n=str(i)))
        assert reply.status == 201, reply


def status_is(tap, reply, code, reason, name):
    body = reply.json()
    tap.equal((reply.status, body.get("kind"), body.get("code"), body.get("reason")), (code, "Status", code, reason), name)
    return body


def test_pages(tap):
    with Simulator("reference") as sim:
        make(sim, 25)
        sim.http("POST", CONFIGMAPS, configmap("zz"))
        names, token, versions, counts = [], "", set(), []
        while True:
            page = sim.get(f"{CONFIGMAPS}?limit=10&continue={token}").json()
            names += [i["metadata"]["name"] for i in page["items"]]
            versions.add(page["metadata"]["resourceVersion"])
            counts.append(len(page["items"]))
            if len(counts) == 1:    # the world moves on between two pages
                sim.http("POST", CONFIGMAPS, configmap("cm-012x"))
                sim.http("DELETE", CONFIGMAPS + "/cm-015")
                sim.patch(CONFIGMAPS + "/cm-020", {"data": {"n": "changed"}})
            if len(counts) == 3:
                last = {i["metadata"]["name"]: i for i in page["items"]}
            token = page["metadata"].get("continue", "")
            if not token:
                break
        tap.equal(names, [f"cm-{i:03}" for i in range(25)] + ["zz"], "all pages show one moment, in order")
        tap.equal(len(versions), 1, "all pages have one resourceVersion")
        tap.equal(last["cm-020"]["data"]["n"], "20", "an object changed since shows its old state")
        tap.ok("kind" not in last["cm-020"], "items of built-in lists carry no kind")
        first = sim.get(f"{CONFIGMAPS}?limit=10").json()
        tap.equal(first["metadata"]["remainingItemCount"] > 10, True, "remainingItemCount is a hint")
        whole = sim.get(f"{CONFIGMAPS}?limit=10&resourceVersion=0").json()
        tap.ok(len(whole["items"]) > 10, "resourceVersion=0 ignores the limit")
        sim.control("POST", "expire-watches")
        body = status_is(tap, sim.get(f"{CONFIGMAPS}?limit=10&continue={first['metadata']['continue']}"), 410, "Expired",
                         "an old continue token is expired")
        again = sim.get(f"{CONFIGMAPS}?limit=10&continue={body['metadata']['continue']}").json()
        tap.ok(again["items"][0]["metadata"]["name"] > first["items"][-1]["metadata"]["name"],
               "the token of the refusal continues without consistency", again["items"][0])
        status_is(tap, sim.get(f"{CONFIGMAPS}?continue=%21%21"), 400, "BadRequest", "a broken token is refused")
        status_is(tap, sim.get(f"{CONFIGMAPS}?resourceVersion=999999999"), 504, "Timeout", "a version of the future")
        items = sim.get(ROUTES).json()["items"]
        tap.ok(all(i["kind"] == "HTTPRoute" for i in items), "items of custom lists carry their kind")


def test_selectors(tap):
    with Simulator("reference") as sim:
        for name, labels in (("a", {"tier": "x", "n": "1"}), ("b", {"tier": "y"}), ("c", {})):
            body = configmap(name)
            body["metadata"]["labels"] = labels
            sim.http("POST", CONFIGMAPS, body)

        def names(query):
            return [i["metadata"]["name"] for i in sim.get(f"{CONFIGMAPS}?{query}").json()["items"] if len(i["metadata"]["name"]) == 1]

        for query, expected in (("labelSelector=tier%3Dx", ["a"]), ("labelSelector=tier", ["a", "b"]),
                                ("labelSelector=!tier", ["c"]), ("labelSelector=tier!%3Dx", ["b", "c"]),
                                ("labelSelector=tier%20in%20(x,y),n", ["a"]), ("labelSelector=tier%20notin%20(x)", ["b", "c"]),
                                ("fieldSelector=metadata.name%3Db", ["b"]), ("fieldSelector=metadata.name!%3Db", ["a", "c"])):
            tap.equal(names(query), expected, query)
        status_is(tap, sim.get(f"{CONFIGMAPS}?labelSelector=a%3D%3D%3D"), 400, "BadRequest", "a broken label selector")
        body = status_is(tap, sim.get("/api/v1/services?fieldSelector=spec.colour%3Dred"), 400, "BadRequest",
                         "a field that cannot be selected")
        tap.contains(body["message"], "field label not supported: spec.colour", "it is named")


def test_watch(tap):
    with Simulator("reference") as sim:
        version = sim.get(CONFIGMAPS).json()["metadata"]["resourceVersion"]
        make(sim, 2)
        sim.patch(CONFIGMAPS + "/cm-000", {"data": {"x": "y"}})
        sim.http("DELETE", CONFIGMAPS + "/cm-001")
        events = []
        for kind, obj in sim.watch(f"{CONFIGMAPS}?watch=true&resourceVersion={version}&timeoutSeconds=1"):
            events.append((kind, obj["metadata"]["name"]))
        tap.equal(events, [("ADDED", "cm-000"), ("ADDED", "cm-001"), ("MODIFIED", "cm-000"), ("DELETED", "cm-001")],
                  "a watch resumes from a resourceVersion and ends after timeoutSeconds")
        initial = [(k, o["metadata"]["name"]) for k, o in sim.watch(f"{CONFIGMAPS}?watch=1&timeoutSeconds=1")]
        tap.ok(("ADDED", "cm-000") in initial, "without a resourceVersion a watch begins with what there is", initial)

        got = []
        version = sim.get(CONFIGMAPS).json()["metadata"]["resourceVersion"]
        watcher = threading.Thread(target=lambda: got.extend(
            (k, o["metadata"].get("name")) for k, o in
            sim.watch(f"{CONFIGMAPS}?watch=1&resourceVersion={version}&timeoutSeconds=20&labelSelector=on%3Dyes")), daemon=True)
        watcher.start()
        sim.patch(CONFIGMAPS + "/cm-000", {"metadata": {"labels": {"on": "yes"}}})
        sim.patch(CONFIGMAPS + "/cm-000", {"data": {"x": "z"}})
        sim.patch(CONFIGMAPS + "/cm-000", {"metadata": {"labels": {"on": None}}})
        wait_for(lambda: len(got) >= 3, 10, "three events of the selected watch")
        tap.equal([k for k, _ in got], ["ADDED", "MODIFIED", "DELETED"], "a selector adds and deletes by its match")

        sim.control("POST", "expire-watches")
        event = next(sim.watch(f"{CONFIGMAPS}?watch=1&resourceVersion={version}"))
        tap.equal((event[0], event[1]["code"], event[1]["reason"]), ("ERROR", 410, "Expired"), "an old version is expired")
        body = status_is(tap, sim.get(f"{CONFIGMAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                                      "&allowWatchBookmarks=true"), 422, "Invalid", "no streaming list, as in 1.33")
        tap.equal(body["details"]["causes"][0]["field"], "sendInitialEvents", "the field is named")
        accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        with sim.open("GET", f"{SAMPLES}?watch=1&timeoutSeconds=5", headers={"Accept": accept}) as stream:
            table = json.loads(stream.readline())
        tap.equal((table["type"], table["object"]["kind"]), ("ADDED", "Table"), "a watch of tables")
        accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        with sim.open("GET", f"{SAMPLES}?watch=1&timeoutSeconds=5", headers={"Accept": accept}) as stream:
            slim = json.loads(stream.readline())["object"]
        tap.equal((slim["kind"], "spec" in slim), ("PartialObjectMetadata", False), "a watch of metadata")
        kind, obj = next(sim.watch("/apis/apps/v1/deployments?watch=1&allowWatchBookmarks=true&timeoutSeconds=30"
                                   f"&resourceVersion={sim.get('/apis/apps/v1/deployments').json()['metadata']['resourceVersion']}"))
        tap.equal((kind, sorted(obj["metadata"])), ("BOOKMARK", ["creationTimestamp", "resourceVersion"]), "a bookmark comes")


def test_forms(tap):
    with Simulator("reference") as sim:
        accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
        slim = sim.get("/api/v1/namespaces", headers={"Accept": accept}).json()
        tap.equal((slim["kind"], slim["apiVersion"], slim["items"][0]["kind"]),
                  ("PartialObjectMetadataList", "meta.k8s.io/v1", "PartialObjectMetadata"), "lists of metadata only")
        accept = ("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
                  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json")
        reply = sim.get("/apis", headers={"Accept": accept})
        groups = {g["metadata"]["name"]: g for g in reply.json()["items"]}
        resources = {r["resource"]: r for r in groups["gateway.networking.k8s.io"]["versions"][0]["resources"]}
        tap.contains(reply.headers["Content-Type"], "as=APIGroupDiscoveryList", "aggregated discovery says so")
        tap.equal((resources["httproutes"]["scope"], resources["gatewayclasses"]["scope"]), ("Namespaced", "Cluster"), "scopes")
        tap.equal(sim.get("/apis").json()["kind"], "APIGroupList", "the old form without Accept")
        listing = sim.get("/apis/gateway.networking.k8s.io/v1").json()
        tap.ok("httproutes/status" in [r["name"] for r in listing["resources"]], "the old list of a group", listing)
        old = sim.get("/apis/gateway.networking.k8s.io/v1beta1/namespaces/sample-apps/httproutes/app1-route").json()
        tap.equal(old["apiVersion"], "gateway.networking.k8s.io/v1beta1", "the version that was asked for")
        sim.control("POST", "absent", "grpcroutes.gateway.networking.k8s.io tenants.capsule.clastix.io")
        groups = {g["metadata"]["name"]: g for g in sim.get("/apis", headers={"Accept": accept}).json()["items"]}
        tap.ok("capsule.clastix.io" not in groups, "an absent kind takes its empty group with it", list(groups))
        tap.equal(sim.get("/apis/gateway.networking.k8s.io/v1/grpcroutes").status, 404, "an absent kind is not found")
        sim.control("DELETE", "absent")
        tap.equal(sim.get("/apis/gateway.networking.k8s.io/v1/grpcroutes").status, 200, "and comes back")


def test_refusals(tap):
    with Simulator("reference") as sim:
        status_is(tap, sim.get("/api/v1/pods", user=None), 401, "Unauthorized", "no credentials")
        status_is(tap, sim.get("/api/v1/pods", token="wrong"), 401, "Unauthorized", "a wrong token")
        tap.equal(sim.get("/version", user=None).json()["major"], "1", "the version needs none")
        tap.equal(sim.get("/livez", user=None).body, "ok", "nor does health")
        body = status_is(tap, sim.patch(SERVICE, {}, user="reader"), 403, "Forbidden", "a reader cannot patch")
        tap.equal(body["message"], 'services "mtkc-gateway-istio" is forbidden: User "reader" cannot patch resource '
                  '"services" in API group "" in the namespace "istio-ingress"', "in the API server's words")
        tap.equal(body["details"], {"name": "mtkc-gateway-istio", "kind": "services"}, "with its details")
        status_is(tap, sim.get(SAMPLES + "/nope"), 404, "NotFound", "an object that is not there")
        status_is(tap, sim.get("/api/v1/nopes"), 404, "NotFound", "a kind that is not there")
        reply = sim.get("/apis/gateway.networking.k8s.io/v1/nopes")
        tap.equal((reply.status, reply.body), (404, "404 page not found\n"), "a custom kind that is not there")
        tap.equal(sim.get("/apis/example.com/v1/things").status, 404, "a group that is not there")
        status_is(tap, sim.http("POST", CONFIGMAPS, "{nonsense"), 400, "BadRequest", "a body that is not JSON")
        status_is(tap, sim.http("POST", CONFIGMAPS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}), 400,
                  "BadRequest", "another kind")
        status_is(tap, sim.http("POST", CONFIGMAPS, configmap("Upper_Case")), 422, "Invalid", "a name that is none")
        make(sim, 1)
        status_is(tap, sim.http("POST", CONFIGMAPS, configmap("cm-000")), 409, "AlreadyExists", "what exists already")
        stored = sim.get(CONFIGMAPS + "/cm-000").json()
        stale = dict(stored, metadata=dict(stored["metadata"], resourceVersion="1"))
        status_is(tap, sim.http("PUT", CONFIGMAPS + "/cm-000", stale), 409, "Conflict", "PUT with an old resourceVersion")
        reply = sim.http("PUT", CONFIGMAPS + "/cm-000", dict(stored, data={"n": "put"}))
        tap.equal((reply.status, reply.json()["data"]), (200, {"n": "put"}), "PUT with the right one")
        status_is(tap, sim.patch(CONFIGMAPS + "/cm-000", {"metadata": {"uid": "other"}}), 422, "Invalid", "another uid")
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "other"}}
        status_is(tap, sim.http("DELETE", CONFIGMAPS + "/cm-000", options), 409, "Conflict", "DELETE with another uid")
        reply = sim.patch(SERVICE + "?fieldValidation=Strict", {"spec": {"externalTraficPolicy": "Local"}})
        tap.ok(reply.status in (400, 422) and 'unknown field \\"spec.externalTraficPolicy\\"' in reply.body,
               "strict validation refuses an unknown field", reply)
        reply = sim.patch(SERVICE, {"spec": {"externalTraficPolicy": "Local"}})
        tap.ok(reply.status == 200 and "unknown field" in (reply.headers["Warning"] or ""), "by default it is a warning",
               f"{reply} {reply.headers}")
        reply = sim.patch(SERVICE, "not json")
        status_is(tap, reply, 400, "BadRequest", "a patch that is not JSON")
        tap.equal(sim.patch(SERVICE, {}, kind="odd-patch").status, 415, "a patch of unknown type")
        apply = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "mtkc-gateway-istio"}}
        tap.equal(sim.patch(SERVICE, apply, kind="apply-patch+yaml").status, 422, "apply wants a field manager")
        tap.equal(sim.http("POST", CONFIGMAPS, configmap("big", x="y" * (4 << 20))).status, 413, "a body beyond 3 MiB")


def test_ownership(tap):
    with Simulator("reference") as sim:
        fields = sim.get(SERVICE).json()["metadata"]["managedFields"]
        istio = [f for f in fields if f["manager"] == "istio.io/gateway-controller"]
        tap.ok(istio and istio[0]["operation"] == "Apply" and "f:externalTrafficPolicy" not in istio[0]["fieldsV1"]["f:spec"],
               "Istio applies the Service and does not own the traffic policy", fields)
        sim.patch(SERVICE + "?fieldManager=gatewatch", {"spec": {"externalTrafficPolicy": "Local"}})
        fields = sim.get(SERVICE).json()["metadata"]["managedFields"]
        mine = [f for f in fields if f["manager"] == "gatewatch"]
        tap.ok(mine and mine[0]["operation"] == "Update" and mine[0]["fieldsV1"]["f:spec"]["f:externalTrafficPolicy"] == {},
               "a patch owns what it changed", fields)
        before = sim.get(SERVICE).json()
        apply = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "mtkc-gateway-istio"},
                 "spec": {"externalTrafficPolicy": "Cluster"}}
        reply = sim.patch(SERVICE + "?fieldManager=other", apply, kind="apply-patch+yaml")
        body = status_is(tap, reply, 409, "Conflict", "an apply with another value conflicts")
        tap.equal(body["message"], 'Apply failed with 1 conflict: conflict with "gatewatch" using v1: .spec.externalTrafficPolicy',
                  "the conflict is named")
        tap.equal(body["details"]["causes"], [{"reason": "FieldManagerConflict", "message": 'conflict with "gatewatch" using v1',
                                               "field": ".spec.externalTrafficPolicy"}], "with its cause")
        reply = sim.patch(SERVICE + "?fieldManager=other&force=true&dryRun=All", apply, kind="apply-patch+yaml")
        tap.equal(reply.json()["spec"]["externalTrafficPolicy"], "Cluster", "a forced dry run shows what would be")
        tap.equal(sim.get(SERVICE).json(), before, "and stores nothing")
        reply = sim.patch(SERVICE, {"spec": {"externalTrafficPolicy": "Local"}})
        tap.equal(reply.json()["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"],
                  "a patch that changes nothing makes no new version")
        reply = sim.http("POST", "/apis/events.k8s.io/v1/namespaces/istio-ingress/events", {
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": {"generateName": "gatewatch-", "namespace": "istio-ingress"},
            "eventTime": "2026-08-20T09:20:11.123456Z", "reportingController": "gatewatch.example.com/cli",
            "reportingInstance": "jumphost-01", "action": "PatchExternalTrafficPolicy", "reason": "GatewatchFixApplied",
            "regarding": {"apiVersion": "v1", "kind": "Service", "name": "mtkc-gateway-istio", "namespace": "istio-ingress"},
            "note": "externalTrafficPolicy Cluster -> Local", "type": "Normal"})
        tap.equal((reply.status, reply.json()["note"]), (201, "externalTrafficPolicy Cluster -> Local"), "an event is taken")
        core = sim.get("/api/v1/namespaces/istio-ingress/events?fieldSelector=involvedObject.name%3Dmtkc-gateway-istio,"
                       "reason%3DGatewatchFixApplied").json()["items"]
        tap.equal([e["message"] for e in core], ["externalTrafficPolicy Cluster -> Local"], "and shown by core/v1 too")
        reply = sim.http("POST", "/apis/events.k8s.io/v1/namespaces/istio-ingress/events", {
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "bad"}, "type": "Normal"})
        status_is(tap, reply, 422, "Invalid", "an event without its required fields is refused")


def test_finalizers(tap):
    with Simulator("reference") as sim:
        body = configmap("held")
        body["metadata"]["finalizers"] = ["example.com/hold"]
        sim.http("POST", CONFIGMAPS, body)
        sim.http("DELETE", CONFIGMAPS + "/held")
        held = sim.get(CONFIGMAPS + "/held")
        tap.ok(held.status == 200 and "deletionTimestamp" in held.json()["metadata"], "a finalizer holds the object", held)
        sim.patch(CONFIGMAPS + "/held", {"metadata": {"finalizers": None}})
        tap.equal(sim.get(CONFIGMAPS + "/held").status, 404, "until it is taken away")


def test_faults(tap):
    with Simulator("reference", "--fault", "path=/nodes,status=503,count=1") as sim:
        tap.equal([sim.get("/api/v1/nodes").status for _ in range(2)], [503, 200], "a fault from the command line, once")
        sim.control("POST", "fault", "path=/httproutes,status=429,retry-after=7")
        reply = sim.get(ROUTES)
        tap.equal((reply.status, reply.headers["Retry-After"]), (429, "7"), "a status with Retry-After")
        tap.equal(sim.get("/api/v1/pods").status, 200, "other paths go on")
        sim.control("DELETE", "fault")
        sim.control("POST", "fault", "path=/pods,cut=200")
        try:
            sim.get("/api/v1/pods")
            tap.ok(False, "a reply that is cut")
        except (http.client.IncompleteRead, ConnectionError, urllib.error.URLError, ssl.SSLError) as error:
            tap.ok(True, f"a reply that is cut: {type(error).__name__}")
        sim.control("DELETE", "fault")
        sim.control("POST", "fault", "path=/pods,close=1")
        try:
            sim.get("/api/v1/pods")
            tap.ok(False, "a connection that is reset")
        except (http.client.HTTPException, ConnectionError, urllib.error.URLError) as error:
            tap.ok(True, f"a connection that is reset: {type(error).__name__}")
        sim.control("DELETE", "fault")
        sim.control("POST", "fault", "path=/pods,garbage=1")
        try:
            sim.get("/api/v1/pods").json()
            tap.ok(False, "garbage is no JSON")
        except ValueError:
            tap.ok(True, "garbage is no JSON")
        sim.control("DELETE", "fault")
        sim.control("POST", "fault", "path=/pods,body=<html>down\\, sorry</html>,type=text/html,status=502,verb=GET")
        reply = sim.get("/api/v1/pods")
        tap.equal((reply.status, reply.headers["Content-Type"], reply.body), (502, "text/html", "<html>down, sorry</html>"),
                  "a body of one's own")
        sim.control("DELETE", "fault")
        sim.control("POST", "fault", "path=/pods,hang=1")
        try:
            sim.get("/api/v1/pods", timeout=0.5)
            tap.ok(False, "a server that hangs")
        except (socket.timeout, TimeoutError, urllib.error.URLError):
            tap.ok(True, "a server that hangs")
        sim.control("DELETE", "fault")
        sim.control("POST", "fault", "path=/pods,delay=300")
        start = time.monotonic()
        sim.get("/api/v1/pods")
        tap.ok(time.monotonic() - start >= 0.3, "a delay")
        sim.control("DELETE", "fault")
        sim.control("POST", "latency", "200")
        start = time.monotonic()
        sim.get("/api/v1/pods")
        tap.ok(time.monotonic() - start >= 0.2, "latency for all")
        reply = sim.http("POST", "/_sim/fault", "path=/x,colour=red", user=None)
        tap.ok(reply.status == 400 and "colour" in reply.body, "a wrong fault is refused", reply)


def test_requests(tap):
    with Simulator("reference") as sim:
        mark = sim.mark()
        sim.get(ROUTES + "?limit=2", user="reader")
        sim.patch(SERVICE + "?dryRun=All", {"spec": {"externalTrafficPolicy": "Local"}})
        seen = [(r["method"], r["path"], r["query"], r["status"], r["principal"]) for r in sim.requests(mark)]
        tap.equal(seen, [("GET", ROUTES, "limit=2", 200, "reader"), ("PATCH", SERVICE, "dryRun=All", 200, "platform-engineer")],
                  "the log tells method, path, query, status and principal")
        tap.equal(sim.writes(mark), [], "a dry run is no write")
        sim.patch(SERVICE, {"spec": {"externalTrafficPolicy": "Local"}})
        tap.equal(len(sim.writes(mark)), 1, "a patch is one")


def test_process(tap):
    sim_program = harness.BUILD / "gatewatch-sim"
    for args, part in ((["--scenario", "nope", "--out", "/nonexistent"], "no such scenario"), ([], "--out"),
                       (["--out", "/tmp/x", "--speed", "fast"], "fast"), (["--out", "/tmp/x", "--fault", "a"], "KEY=VALUE"),
                       (["--frobnicate"], "frobnicate")):
        result = harness.run([sim_program, *args])
        tap.ok(result.returncode == 64 and part in result.err, "usage: " + " ".join(args), result)
    result = harness.run([sim_program, "--list"])
    for name in ("reference", "healthy", "no-health-route", "traffic-policy", "lb-probe", "tenants", "forbidden", "aks-addon"):
        tap.contains(result.out, name, f"--list names {name}")
    with Simulator("reference") as sim:
        tap.equal((sim.dir / "kubeconfig").stat().st_mode & 0o777, 0o600, "the kubeconfig is private")
        tap.equal((sim.dir / "env").stat().st_mode & 0o777, 0o600, "so are the credentials")
        watcher = threading.Thread(target=lambda: list(sim.watch("/api/v1/pods?watch=1")), daemon=True)
        watcher.start()
        wait_for(lambda: any("watch=1" in r["query"] for r in sim.requests()), 10, "the watch")
        start = time.monotonic()
        tap.equal(sim.stop(), 0, "SIGTERM ends it cleanly, watches and all")
        tap.ok(time.monotonic() - start < 5, "and soon")


if __name__ == "__main__":
    harness.main([test_pages, test_selectors, test_watch, test_forms, test_refusals, test_ownership, test_finalizers,
                  test_faults, test_requests, test_process])
