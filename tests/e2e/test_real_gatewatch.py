#!/usr/bin/env python3
"""The real program against a real kube-apiserver with etcd: what it sees, both fixes and their undo, roles, and restarts.

Nothing of the cluster is simulated but its controllers (real_world.py). The tests share one server and go in order.
run.py: timeout=300 modes=release needs=apiserver
"""
import json
import os
import re
import signal
import sys
import threading
import time
import urllib.error

from harness import TOP, Tap, run, wait_for
from gatewatch import CHECK, CRITICAL, OK, PLAN, STATUS, UNKNOWN, differences, holds
from real import missing
from real_world import FIXTURES, GATEWAY_API, GATEWAY_PATH, ISTIO, ROUTE_PATH, SERVICE_PATH, World

tests = []
HTTPROUTES = GATEWAY_API + "/namespaces/sample-apps/httproutes"


def test(function):
    tests.append(function)
    return function


def states(answer):
    return {s["name"]: s["state"] for s in answer["sources"]}


def managers(body):
    return {m["manager"]: m for m in body["metadata"].get("managedFields", [])}


def route(name, ns="sample-apps"):
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name, "namespace": ns},
            "spec": {"parentRefs": [{"name": "mtkc-gateway", "namespace": "istio-ingress"}],
                     "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/" + name}}],
                                "backendRefs": [{"name": "sample-app-1", "port": 80}]}]}}


def repaint(terminal, seconds=0.5):
    """What the whole screen holds now."""
    terminal.text = ""
    terminal.send("\x0c")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.read()
    return terminal.text


def shows(terminal, text, seconds=30):
    wait_for(lambda: text in repaint(terminal), seconds, f"{text!r} on the screen")
    return True


def shows_no_more(terminal, text, beside, seconds=30):
    def gone():
        screen = repaint(terminal)
        return beside in screen and text not in screen
    wait_for(gone, seconds, f"{text!r} to leave the screen")
    return True


# ---- an empty cluster, and one that grows ---------------------------------------------------------------------------


@test
def without_the_gateway_api(tap, world):
    code, answer = world.gatewatch.json("check", "--timeout", "5")
    seen = states(answer)
    absent = {n for n, s in seen.items() if s == "absent"}
    tap.ok({"gateways", "gatewayclasses", "httproutes", "grpcroutes", "referencegrants", "tenants"} <= absent,
           "kinds that are not installed are absent", seen)
    tap.equal((seen["services"], seen["nodes"], seen["discovery"]), ("live", "live", "live"), "the others are live")
    tap.ok(code != OK, "and that is not called healthy", answer["verdict"])
    holds(tap, answer, CHECK, "check answers as the contract says")


@test
def a_dashboard_sees_it_grow(tap, world):
    """Definitions, objects, a restart of the server: all seen by one process."""
    with world.gatewatch.terminal(rows=50, columns=160) as terminal:
        shows(terminal, "absent", 60)
        world.load()
        terminal.send("r")
        tap.ok(shows(terminal, "mtkc-gateway", 60), "definitions installed while it runs: one key, and the Gateway is there")
        terminal.send("4")
        shows(terminal, "app1-route")
        world.kubectl("apply", "-f", "-", stdin=json.dumps(route("fresh-one")))
        tap.ok(shows(terminal, "fresh-one", 15), "a route that kubectl makes comes by the watch")
        world.kubectl("delete", "httproute", "-n", "sample-apps", "fresh-one")
        tap.ok(shows_no_more(terminal, "fresh-one", "app1-route", 15), "and goes when it is deleted")
        terminal.send("5")
        shows(terminal, "Cluster")
        service = world.api.must("GET", SERVICE_PATH)
        world.api.merge(SERVICE_PATH, {"spec": {"externalTrafficPolicy": "Local"}})
        tap.ok(shows(terminal, "Local", 15), "so does a field of a Service", service["spec"])
        world.api.merge(SERVICE_PATH, {"spec": {"externalTrafficPolicy": "Cluster"}})
        expired_watches(tap, world, terminal)
        terminal.send("q")
        tap.equal(terminal.wait(), OK, "it ends as asked")


def expired_watches(tap, world, terminal):
    """The server forgets past changes when it restarts, so every watch must be begun by a new list. A deletion that no watch
    tells is seen only by one who lists."""
    world.kubectl("apply", "-f", "-", stdin=json.dumps(route("doomed")))
    terminal.send("4")
    shows(terminal, "doomed")
    version = world.api.must("GET", HTTPROUTES)["metadata"]["resourceVersion"]
    os.kill(terminal.pid, signal.SIGSTOP)
    world.server.restart()
    world.kubectl("delete", "httproute", "-n", "sample-apps", "doomed")
    world.kubectl("apply", "-f", "-", stdin=json.dumps(route("newcomer")))
    world.server.restart()
    reply = wait_for(lambda: ended(world, version), 30, "the end of a watch from the old version")
    tap.equal((reply["type"], reply["object"]["code"], reply["object"]["reason"]), ("ERROR", 410, "Expired"),
              "after a restart the server knows the old versions no more")
    os.kill(terminal.pid, signal.SIGCONT)
    tap.ok(shows(terminal, "newcomer", 60) and shows_no_more(terminal, "doomed", "newcomer"),
           "the dashboard lists anew, and misses nothing")
    world.kubectl("delete", "httproute", "-n", "sample-apps", "newcomer")
    tap.ok(shows_no_more(terminal, "newcomer", "app1-route", 30), "and its watches live")


def ended(world, version):
    """The first event of a watch of the routes from a version."""
    try:
        with world.api.open("GET", f"{GATEWAY_API}/httproutes?watch=true&resourceVersion={version}&timeoutSeconds=3") as stream:
            line = stream.readline()
            return json.loads(line) if line else None
    except urllib.error.HTTPError as error:
        with error:
            status = json.loads(error.read())
            return {"type": "ERROR", "object": status}
    except OSError:
        return None


@test
def one_snapshot(tap, world):
    code, answer = world.gatewatch.json("status")
    tap.equal((code, differences(answer, STATUS)), (OK, []), "status answers as the contract says")
    tap.equal(answer["environment"]["cluster"], {"context": "admin", "server": world.server.url,
                                                 "version": world.api.must("GET", "/version")["gitVersion"]}, "the cluster")
    service = next(s for s in answer["services"] if s["service"] == "istio-ingress/mtkc-gateway-istio")
    live = world.api.must("GET", SERVICE_PATH)["spec"]
    tap.equal([(p["port"], p["nodePort"], p["appProtocol"]) for p in service["ports"]],
              [(p["port"], p["nodePort"], p["appProtocol"]) for p in live["ports"]], "node ports are those that the server gave")
    tap.equal([(g["gateway"], g["programmed"]) for g in answer["gateways"]], [("istio-ingress/mtkc-gateway", True)], "the Gateway")
    code, answer = world.gatewatch.json("check")
    tap.equal((code, states(answer)["tenants"], set(states(answer).values())), (CRITICAL, "absent", {"live", "absent"}),
              "all sources are live, and only Capsule is absent")
    tap.equal(world.gatewatch.codes(answer["findings"])[:2], [("lb-probe-404", "traffic-policy"), ("probe-no-route", "health-route")],
              "both faults are found on real objects")


@test
def long_lists_come_in_pages(tap, world):
    for number in range(520):
        body = route(f"many-{number}")
        body["metadata"]["labels"] = {"many": "yes"}
        world.api.must("POST", HTTPROUTES, body)
    first = world.api.must("GET", GATEWAY_API + "/httproutes?limit=500")["metadata"]
    tap.ok(first.get("continue") and first.get("remainingItemCount"), "the server gives 500 and a token", first)
    _, answer = world.gatewatch.json("status")
    names = {r["route"] for t in answer["tenants"] for r in t["routes"]}
    tap.ok({f"sample-apps/many-{n}" for n in range(520)} <= names, "and gatewatch has all 520",
           (len(names), [s for s in answer["sources"] if s["state"] not in ("live", "absent")]))
    world.api.must("DELETE", HTTPROUTES + "?labelSelector=many%3Dyes")


# ---- roles ----------------------------------------------------------------------------------------------------------


@test
def readme_commands(tap, world):
    """The README's commands for a reader, word for word."""
    block = next(b for b in re.findall(r"```\n(.*?)```", (TOP / "README.md").read_text(), re.S) if "name: gatewatch-reader" in b)
    program = os.path.dirname(world.server.kubectl_program)
    ran = run(["sh", "-e", "-c", block.replace("=USER", "=nobody")],
              env={"PATH": program + ":" + os.environ["PATH"], "HOME": world.gatewatch.home, "KUBECONFIG": world.server.kubeconfig})
    tap.equal((ran.returncode, ran.err), (0, ""), "a shell and kubectl take them")
    wait_for(lambda: world.may("nobody", "list", "services", "-A"), 20, "the binding")
    _, answer = world.gatewatch.json("check", "--context", "nobody")
    tap.equal({n for n, s in states(answer).items() if s not in ("live", "absent")}, {"configmaps of gateway classes"},
              "one who has just that reads every source but the one that the README names")
    world.kubectl("delete", "clusterrolebinding", "gatewatch-reader")
    world.kubectl("delete", "clusterrole", "gatewatch-reader")
    wait_for(lambda: not world.may("nobody", "list", "services", "-A"), 20, "the end of the binding")


@test
def nobody_sees_what_is_forbidden(tap, world):
    code, answer = world.gatewatch.json("check", "--context", "nobody")
    seen = states(answer)
    tap.equal((seen["services"], seen["httproutes"], seen["gateways"], seen["tenants"]), ("forbidden",) * 3 + ("absent",),
              "without a role the sources are forbidden; what is not installed is still absent")
    tap.ok(code in (CRITICAL, UNKNOWN) and answer["verdict"] != "healthy", "and nothing is called healthy", answer["verdict"])
    said = [f["why"] for f in answer["findings"] if f["code"] == "permission-missing"]
    tap.ok(any('User \\"nobody\\" cannot list resource \\"httproutes\\"' in json.dumps(w) for w in said),
           "the server's own sentence names who may not do what", said)


@test
def reader_reads_and_no_more(tap, world):
    world.kubectl("apply", "-f", FIXTURES / "rbac")
    document = next(b for b in re.findall(r"```yaml\n(.*?)```", (TOP / "docs/fixes.md").read_text(), re.S) if "kind: Role" in b)
    changed = world.kubectl("diff", "-f", "-", stdin=document, check=False)
    tap.equal((changed.returncode, changed.stdout), (0, ""), "the roles in docs/fixes.md are those that are tested here")
    world.kubectl("create", "clusterrolebinding", "test-readers", "--clusterrole=gatewatch-reader", "--group=gatewatch-readers")
    wait_for(lambda: world.may("reader", "list", "services", "-A"), 20, "the binding")
    _, mine = world.gatewatch.json("check")
    code, answer = world.gatewatch.json("check", "--context", "reader")
    tap.equal({n for n, s in states(answer).items() if s not in ("live", "absent")}, {"configmaps of gateway classes"},
              "the reader's role covers every source but the class defaults, which are optional")
    tap.equal(world.gatewatch.codes([f for f in answer["findings"] if f["severity"] == "critical"]),
              world.gatewatch.codes([f for f in mine["findings"] if f["severity"] == "critical"]), "it finds what the admin finds")
    world.kubectl("create", "clusterrolebinding", "test-configmaps", "--clusterrole=gatewatch-reader-configmaps",
                  "--group=gatewatch-readers")
    wait_for(lambda: world.may("reader", "list", "configmaps", "-A"), 20, "the binding")
    _, answer = world.gatewatch.json("check", "--context", "reader")
    tap.equal(set(states(answer).values()), {"live", "absent"}, "with the optional role, that one too")
    world.kubectl("delete", "clusterrolebinding", "test-configmaps")
    before = world.api.must("GET", SERVICE_PATH)["metadata"]["resourceVersion"]
    for args, what in ((("traffic-policy",), "patch services/mtkc-gateway-istio in namespace istio-ingress"),
                       (("traffic-policy", "--choice", "way=overlay"), "patch configmaps/mtkc-gateway-gatewatch in namespace istio-ingress"),
                       (("health-route",), "patch httproutes/gatewatch-health-mtkc-gateway in namespace gateway-health")):
        code, plan = world.gatewatch.json("fix", *args, "--yes", "--context", "reader")
        tap.ok(code == UNKNOWN and plan["result"] == "refused" and f"reader may not {what}" in plan["refusal"],
               f"{' '.join(args)}: refused, and the permission is named", plan)
    tap.equal((world.api.must("GET", SERVICE_PATH)["metadata"]["resourceVersion"], world.api.get(ROUTE_PATH).status), (before, 404),
              "nothing was written")
    found = world.gatewatch("doctor", "--context", "reader").out
    tap.ok("missing: patch httproutes" in found or "missing: create httproutes" in found, "doctor says it before", found)


def bind(world, name, ns, role):
    world.kubectl("create", "rolebinding", name, "-n", ns, f"--role={role}", "--user=fixer")


@test
def a_token_of_a_service_account(tap, world):
    world.kubectl("create", "serviceaccount", "watcher", "-n", "istio-ingress")
    world.kubectl("create", "clusterrolebinding", "test-watcher", "--clusterrole=gatewatch-reader",
                  "--serviceaccount=istio-ingress:watcher")
    token = world.gatewatch.home / "token"
    token.write_text(world.kubectl("create", "token", "watcher", "-n", "istio-ingress", "--duration=10m"))
    with open(world.server.kubeconfig, encoding="ascii") as file:
        config = json.load(file)
    config["users"] = [{"name": "watcher", "user": {"tokenFile": str(token)}}]
    config["contexts"] = [{"name": "watcher", "context": {"cluster": "real", "user": "watcher"}}]
    path = world.gatewatch.home / "watcher.kubeconfig"
    path.write_text(json.dumps(config))
    path.chmod(0o600)
    _, answer = world.gatewatch.json("check", "--kubeconfig", path, "--context", "watcher")
    tap.equal((states(answer)["services"], states(answer)["httproutes"]), ("live", "live"), "TokenRequest's token serves, from a file")
    code, plan = world.gatewatch.json("fix", "traffic-policy", "--yes", "--kubeconfig", path, "--context", "watcher")
    tap.ok(code == UNKNOWN and "watcher may not patch services" in plan["refusal"], "and a review answers for it", plan.get("refusal"))
    token.write_text("not-a-token")
    code, answer = world.gatewatch.json("check", "--kubeconfig", path, "--context", "watcher", "--timeout", "5")
    tap.ok(code == UNKNOWN and "401" in json.dumps(answer), "a token that the server refuses is told", answer)


# ---- the fixes ------------------------------------------------------------------------------------------------------


@test
def dry_runs(tap, world):
    before = world.api.must("GET", SERVICE_PATH), world.api.must("GET", GATEWAY_PATH)
    for args in (("health-route",), ("traffic-policy",), ("traffic-policy", "--choice", "way=overlay")):
        code, plan = world.gatewatch.json("fix", *args, "--dry-run")
        tap.equal((code, plan["result"], differences(plan, PLAN), [c["warnings"] for c in plan["changes"] if c["warnings"]]),
                  (OK, "ready", [], []), f"{' '.join(args)}: the server's dry run passes strictly, without a warning")
    tap.equal((world.api.must("GET", SERVICE_PATH), world.api.must("GET", GATEWAY_PATH), world.api.get(ROUTE_PATH).status),
              (*before, 404), "and nothing has changed")
    tap.equal(world.gatewatch.entries(), [], "no journal")


@test
def both_fixes_with_their_roles(tap, world):
    bind(world, "test-policy", "istio-ingress", "gatewatch-fix-traffic-policy")
    wait_for(lambda: world.may("fixer", "patch", "services/mtkc-gateway-istio", "-n", "istio-ingress"), 20, "the binding")
    code, plan = world.gatewatch.json("fix", "traffic-policy", "--yes", "--context", "fixer")
    tap.equal((plan["result"], world.policy()), ("done", "Local"), "traffic-policy, by one who has its role only")
    service = world.api.must("GET", SERVICE_PATH)
    ours = managers(service).get("gatewatch", {})
    tap.equal((ours.get("operation"), ours.get("fieldsV1", {}).get("f:spec", {}).get("f:externalTrafficPolicy")), ("Update", {}),
              "managedFields name gatewatch for the field")
    tap.ok(service["spec"].get("healthCheckNodePort", 0) > 0 and ISTIO in managers(service), "the server gave a health check port",
           service["spec"])
    first = plan["id"]
    code, plan = world.gatewatch.json("fix", "health-route", "--yes", "--context", "fixer")
    tap.ok(code == UNKNOWN and "httproutes" in plan.get("refusal", ""), "that role does not cover health-route", plan)
    bind(world, "test-route", "gateway-health", "gatewatch-fix-health-route")
    wait_for(lambda: world.may("fixer", "create", "httproutes.gateway.networking.k8s.io/gatewatch-health-mtkc-gateway", "-n",
                               "gateway-health"), 20, "the binding")
    code, plan = world.gatewatch.json("fix", "health-route", "--yes", "--context", "fixer")
    tap.equal((code, plan["result"], plan["verified"] and plan["verified"]["health"]), (OK, "done", "Healthy"),
              "health-route, by one who may create only that name; verified")
    made = world.api.must("GET", ROUTE_PATH)
    tap.equal((managers(made)["gatewatch"]["operation"], made["spec"]["rules"][0]["backendRefs"][0]["port"]), ("Apply", 80),
              "server-side apply, with the Service's port")
    events = world.api.must("GET", "/apis/events.k8s.io/v1/events")["items"]
    tap.equal({(e["regarding"]["kind"], e["regarding"]["uid"], e["reason"]) for e in events if e["reason"].startswith("Fix")},
              {("Service", service["metadata"]["uid"], "FixApplied"), ("HTTPRoute", made["metadata"]["uid"], "FixApplied")},
              "the server took both Events")
    tap.contains(world.kubectl("describe", "service", "-n", "istio-ingress", "mtkc-gateway-istio"), "FixApplied", "kubectl shows them")
    undo_with_their_roles(tap, world, first, plan["id"])


def undo_with_their_roles(tap, world, first, second):
    code, plan = world.gatewatch.json("fix", "undo", "--dry-run", "--context", "fixer")
    tap.equal((code, plan["result"], world.api.get(ROUTE_PATH).status), (OK, "ready", 200), "the dry run of an undo deletes nothing")
    with world.gatewatch.terminal("fix", "undo", "--context", "fixer") as terminal:
        terminal.until("Type yes:", 60)
        terminal.send("no\r")
        terminal.wait()
    tap.equal(world.api.get(ROUTE_PATH).status, 200, "nor does a sheet that is not consented to")
    code, plan = world.gatewatch.json("fix", "undo", "--yes", "--context", "fixer")
    tap.equal((code, plan["result"], world.api.get(ROUTE_PATH).status), (OK, "done", 404), "undo deletes the route, in a new process")
    code, plan = world.gatewatch.json("fix", "undo", first, "--yes", "--context", "fixer")
    service = world.api.must("GET", SERVICE_PATH)
    tap.equal((code, plan["result"], service["spec"]["externalTrafficPolicy"], service["spec"].get("healthCheckNodePort")),
              (OK, "done", "Cluster", None), "undo by id: the policy is back, and the server took its port back")
    code, answer = world.gatewatch.json("fix", "undo", second, "--yes", "--context", "fixer")
    tap.ok(code != OK and "undone" in json.dumps(answer), "what is undone stays so", answer)


@test
def undo_after_somebody_else(tap, world):
    code, plan = world.gatewatch.json("fix", "traffic-policy", "--yes")
    tap.equal((plan["result"], world.policy()), ("done", "Local"), "applied")
    world.api.merge(SERVICE_PATH, {"spec": {"externalTrafficPolicy": "Cluster"}})
    world.api.merge(SERVICE_PATH, {"metadata": {"annotations": {"somebody": "was here"}}})
    version = world.api.must("GET", SERVICE_PATH)["metadata"]["resourceVersion"]
    code, answer = world.gatewatch.json("fix", "undo", "--yes")
    tap.ok(code == UNKNOWN and answer["result"] == "refused", "undo is refused once somebody changed the field", answer)
    tap.equal(world.api.must("GET", SERVICE_PATH)["metadata"]["resourceVersion"], version, "and the object is untouched")
    world.api.merge(SERVICE_PATH, {"spec": {"externalTrafficPolicy": "Local"}})
    code, answer = world.gatewatch.json("fix", "undo", "--yes")
    tap.ok(code == UNKNOWN and "somebody else's hand" in answer.get("refusal", "") and world.policy() == "Local",
           "the same value by another's hand, as the server's managedFields say, stays", answer.get("refusal"))
    world.api.merge(SERVICE_PATH, {"spec": {"externalTrafficPolicy": "Cluster"}})


@test
def changed_between_sheet_and_consent(tap, world):
    with world.gatewatch.terminal("fix", "traffic-policy") as terminal:
        terminal.until("Type yes:", 60)
        world.kubectl("annotate", "service", "-n", "istio-ingress", "mtkc-gateway-istio", "second-hand=1", "--overwrite")
        terminal.send("yes\r")
        code = terminal.wait(60)
    tap.ok(code == UNKNOWN and "changed" in terminal.text, "somebody was faster: not applied, and it says so", terminal.text[-600:])
    tap.equal(world.policy(), "Cluster", "nothing was written")


@test
def races(tap, world):
    """Somebody writes the same Service all the time: what we write is either whole or not there, and nothing of theirs is lost."""
    stop, last, outcomes = threading.Event(), [0], []

    def busy(pause):
        while not stop.wait(pause):
            world.api.merge(SERVICE_PATH, {"metadata": {"annotations": {"busy": str(last[0] + 1)}}}, "busy")
            last[0] += 1
    for pause in (0, 0.02):
        stop.clear()
        thread = threading.Thread(target=busy, args=(pause,))
        thread.start()
        try:
            ran = world.gatewatch("fix", "traffic-policy", "--yes", "-o", "json")
            outcomes.append((ran.returncode, world.policy(), "changed" in ran.err or "has been modified" in ran.out))
        finally:
            stop.set()
            thread.join()
        world.api.merge(SERVICE_PATH, {"spec": {"externalTrafficPolicy": "Cluster"}})
    tap.ok(all(policy == "Local" or code == UNKNOWN and said for code, policy, said in outcomes),
           "applied, or not applied with the reason: somebody else's write", outcomes)
    tap.equal(world.api.must("GET", SERVICE_PATH)["metadata"]["annotations"]["busy"], str(last[0]), "no write of the other's is lost")
    print(f"# {last[0]} writes beside it, outcomes {outcomes}")


@test
def responder_is_made(tap, world):
    program = world.program("responder: {namespace: probe-answers, service: answerer}\n")
    code, plan = program.json("fix", "health-route", "--choice", "responder=create", "--dry-run")
    tap.equal((code, plan["result"], [c["resource"] for c in plan["changes"]]),
              (OK, "ready", ["namespaces", "deployments", "services", "httproutes"]), "a responder in a namespace of its own: the sheet")
    # The server can try a body only in a namespace that is there.
    world.kubectl("create", "namespace", "probe-answers")
    code, plan = program.json("fix", "health-route", "--choice", "responder=create", "--dry-run")
    tap.equal((code, plan["result"], [c["warnings"] for c in plan["changes"] if c["warnings"]]), (OK, "ready", []),
              "where the namespace is there, the server takes Deployment, Service and route strictly")
    remove_namespace(world, "probe-answers")
    role = json.loads(world.kubectl("get", "clusterrole", "gatewatch-fix-responder", "-o", "json"))
    text = json.dumps({k: v for k, v in role.items() if k != "metadata"} | {"metadata": {"name": "answerer"}})
    world.kubectl("apply", "-f", "-", stdin=text.replace("gateway-health", "probe-answers").replace("health-responder", "answerer"))
    code, plan = program.json("fix", "health-route", "--choice", "responder=create", "--yes", "--context", "fixer")
    tap.ok(code == UNKNOWN and "fixer may not patch namespaces/probe-answers" in plan.get("refusal", ""), "without its role it is refused",
           plan.get("refusal"))
    world.kubectl("create", "clusterrolebinding", "test-answerer", "--clusterrole=answerer", "--user=fixer")
    wait_for(lambda: world.may("fixer", "create", "deployments.apps/answerer", "-n", "probe-answers"), 20, "the binding")
    world.api.merge(SERVICE_PATH, {"spec": {"externalTrafficPolicy": "Local"}})
    code, plan = program.json("fix", "health-route", "--choice", "responder=create", "--yes", "--context", "fixer")
    tap.equal((code, plan["result"], plan["verified"] and plan["verified"]["health"]), (OK, "done", "Healthy"),
              "with it Namespace, Deployment, Service and route are made, and the backend turns healthy")
    made = world.api.must("GET", "/apis/apps/v1/namespaces/probe-answers/deployments/answerer")
    tap.equal((made["spec"]["replicas"], "limits" in made["spec"]["template"]["spec"]["containers"][0]["resources"]), (2, True),
              "two replicas, with limits")
    code, plan = program.json("fix", "undo", "--yes", "--context", "fixer")
    left = [world.api.get(p).status for p in ("/apis/apps/v1/namespaces/probe-answers/deployments/answerer",
                                              "/api/v1/namespaces/probe-answers/services/answerer", "/api/v1/namespaces/probe-answers")]
    tap.equal((code, plan["result"], left), (OK, "done", [404, 404, 200]), "undo takes all back but the namespace")
    world.api.merge(SERVICE_PATH, {"spec": {"externalTrafficPolicy": "Cluster"}})


def remove_namespace(world, name):
    """As the namespace controller would."""
    world.kubectl("delete", "namespace", name, "--wait=false")
    body = world.api.must("GET", f"/api/v1/namespaces/{name}")
    body["spec"]["finalizers"] = []
    world.api.must("PUT", f"/api/v1/namespaces/{name}/finalize", body)
    wait_for(lambda: world.api.get(f"/api/v1/namespaces/{name}").status == 404, 20, "the namespace's end")


@test
def overlay(tap, world):
    bind(world, "test-overlay", "istio-ingress", "gatewatch-fix-traffic-policy-overlay")
    wait_for(lambda: world.may("fixer", "patch", "gateways.gateway.networking.k8s.io/mtkc-gateway", "-n", "istio-ingress"), 20, "the binding")
    code, plan = world.gatewatch.json("fix", "traffic-policy", "--choice", "way=overlay", "--yes", "--context", "fixer")
    tap.equal(([(c["verb"], c["resource"]) for c in plan["changes"]], plan["result"]),
              ([("apply", "configmaps"), ("patch", "gateways")], "done"), "the overlay, by one who has its role")
    gateway = world.api.must("GET", GATEWAY_PATH)
    tap.equal((gateway["spec"]["infrastructure"].get("parametersRef"), len(gateway["spec"]["listeners"]),
               list(gateway["spec"]["infrastructure"]["annotations"])),
              ({"group": "", "kind": "ConfigMap", "name": "mtkc-gateway-gatewatch"}, 2,
               ["service.beta.kubernetes.io/azure-load-balancer-internal"]), "the definition takes it, and all else is kept")
    wait_for(lambda: world.policy() == "Local", 20, "the controller to render it")
    tap.ok("gatewatch" in managers(gateway) and managers(world.api.must("GET", SERVICE_PATH))[ISTIO]["fieldsV1"]["f:spec"].get(
        "f:externalTrafficPolicy") == {}, "gatewatch owns the reference, Istio the field", managers(gateway).keys())
    _, answer = world.gatewatch.json("check", "--context", "fixer")
    tap.equal({n: s for n, s in states(answer).items() if "mtkc-gateway-gatewatch" in n},
              {"configmap istio-ingress/mtkc-gateway-gatewatch": "live"}, "the overlay is read with a role for just that name")
    world.api.apply(SERVICE_PATH, {**world.service, "spec": {**world.service["spec"], "externalTrafficPolicy": "Cluster"}}, ISTIO)
    code, plan = world.gatewatch.json("fix", "traffic-policy", "--choice", "way=patch", "--yes")
    tap.ok(code != OK and "overlay" in json.dumps(plan) and world.policy() == "Cluster", "then the bare patch is refused", plan)
    world.api.apply(SERVICE_PATH, {**world.service, "spec": {**world.service["spec"], "externalTrafficPolicy": "Local"}}, ISTIO)
    code, plan = world.gatewatch.json("fix", "undo", "--yes", "--context", "fixer")
    tap.equal((code, plan["result"], world.api.must("GET", GATEWAY_PATH)["spec"]["infrastructure"].get("parametersRef"),
               world.api.get("/api/v1/namespaces/istio-ingress/configmaps/mtkc-gateway-gatewatch").status), (OK, "done", None, 404),
              "undo takes the reference and the ConfigMap away")
    wait_for(lambda: world.policy() == "Cluster", 20, "the controller to render it")


def main():
    if why := missing():
        print(f"1..0 # SKIP {why}")
        return 0
    tap = Tap()
    chosen = [t for t in tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]
    with World() as world:
        if sys.argv[1:] and tests[1] not in chosen:
            world.load()
        for function in chosen:
            began = time.monotonic()
            tap.run(function, world)
            print(f"# {function.__name__}: {time.monotonic() - began:.1f} s")
    tap.equal(world.stopped, 0, "the server stops cleanly")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
