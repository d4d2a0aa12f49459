#!/usr/bin/env python3
"""The two fixes by the command line: what they write, what they refuse, what is left after a crash, and the way back.

Design 7, docs/fixes.md. kubectl is the second hand that changes things meanwhile.
run.py: timeout=300
"""
import json
import os
import signal
import stat

from gatewatch import (CRITICAL, GATEWAY, OK, PLAN, ROUTE_PATH, SERVICE_PATH, SLOW, UNKNOWN, Gatewatch, differences, hurry,
                       main)
from harness import Simulator, wait_for

SPEED = ("--speed", "60")
ADDON_SERVICE = "/api/v1/namespaces/istio-ingress/services/mtkc-gateway-approuting-istio"


class World(Simulator):
    def __enter__(self):
        hurry(super().__enter__())
        self.gatewatch = Gatewatch(self)
        return self

    def policy(self, path=SERVICE_PATH):
        return self.get(path).json()["spec"]["externalTrafficPolicy"]

    def written(self, mark):
        """METHOD path of what was asked to be changed, Events left aside."""
        return [f"{r['method']} {r['path']}" for r in self.writes(mark) if not r["path"].endswith("/events")]


def world(scenario="reference"):
    return World(scenario, *SPEED)


# ---- before consent -------------------------------------------------------------------------------------------------


def dry_run_writes_nothing(tap):
    with world() as sim:
        for args in (("health-route",), ("traffic-policy",), ("traffic-policy", "--choice", "way=overlay")):
            mark = sim.mark()
            code, plan = sim.gatewatch.json("fix", *args, "--dry-run")
            name = " ".join(args)
            tap.equal((code, plan["result"]), (OK, "ready"), f"{name}: the dry run is clean")
            tap.equal(sim.writes(mark), [], f"{name}: nothing is written")
            tried = [r for r in sim.requests(mark) if "dryRun=All" in r["query"]]
            tap.ok(tried and all("fieldValidation=Strict" in r["query"] and "fieldManager=gatewatch" in r["query"]
                                 for r in tried), f"{name}: but the server was asked, strictly and in our name", tried)
        tap.equal(sim.gatewatch.entries(), [], "a dry run leaves no journal")
        result = sim.gatewatch("fix", "traffic-policy", "--dry-run")
        for word in ("-   externalTrafficPolicy: Cluster", "+   externalTrafficPolicy: Local", "kubectl --context",
                     "PodDisruptionBudget", "vmss000001", "one node"):
            tap.contains(result.out, word, f"the sheet says {word!r}")


def asks_for_consent(tap):
    with world() as sim:
        mark = sim.mark()
        code, answer = sim.gatewatch.json("fix", "traffic-policy")
        tap.ok(code == UNKNOWN and "consent" in answer["error"]["message"] and "--yes" in answer["error"]["remedy"],
               "without a terminal and without --yes nothing is applied", answer)
        with sim.gatewatch.terminal("fix", "traffic-policy") as terminal:
            terminal.until("Type yes:", 60)
            terminal.send("no\r")
            tap.equal(terminal.wait(), UNKNOWN, "no is no")
        tap.equal(sim.writes(mark), [], "and nothing was written")
        protected = Gatewatch(sim, config=(sim.dir / "config.yaml").read_text() + "protected: ['platform-*']\n")
        code, answer = protected.json("fix", "traffic-policy", "--yes")
        tap.ok(code == UNKNOWN and "platform-engineer" in answer["error"]["message"], "a protected context refuses --yes", answer)
        tap.equal((sim.writes(mark), sim.policy()), ([], "Cluster"), "and nothing was written")
        with protected.terminal("fix", "traffic-policy") as terminal:
            terminal.until("Type its name to apply:", 60)
            terminal.send("platform-engineer\r")
            terminal.wait(120)
        tap.equal(sim.policy(), "Local", "the target's name, typed, is consent")


def missing_permission(tap):
    with world() as sim:
        for context, fix, what in (("reader", "traffic-policy", "patch services"), ("reader", "health-route", "httproutes")):
            mark = sim.mark()
            code, plan = sim.gatewatch.json("fix", fix, "--yes", "--context", context)
            said = json.dumps(plan)
            tap.ok(code == UNKNOWN and plan["result"] == "refused" and what in plan["refusal"] and "reader" in plan["refusal"],
                   f"{context} {fix}: who may not do what is named", said)
            tap.equal(sim.writes(mark), [], f"{context} {fix}: nothing is written")


def read_only(tap):
    with world() as sim:
        mark = sim.mark()
        commands = [("status",), ("check",), ("check", "-o", "prom"), ("doctor",), ("fix", "log"),
                    ("fix", "health-route", "--yes"), ("fix", "traffic-policy", "--yes"),
                    ("fix", "traffic-policy", "--choice", "way=overlay", "--yes"), ("fix", "undo", "--yes")]
        for args in commands:
            sim.gatewatch(*args, "--read-only")
        asked = [r for r in sim.requests(mark) if r["method"] not in ("GET", "HEAD")]
        tap.equal(sim.writes(mark), [], "--read-only: no subcommand writes")
        tap.equal([r for r in asked if "dryRun" in r["query"]], [], "--read-only: not even a dry run is asked for")
        tap.ok(asked and all(r["method"] == "POST" for r in asked), "what is posted only reads", asked[:3])
        code, plan = sim.gatewatch.json("fix", "traffic-policy", "--yes", "--read-only")
        tap.ok(code == UNKNOWN and "Read-only" in plan["refusal"] and "Local" in plan["changes"][0]["after"],
               "the sheet is shown, refused, and says why", plan)
        quiet = Gatewatch(sim, config=(sim.dir / "config.yaml").read_text() + "readOnly: true\n")
        code, plan = quiet.json("fix", "health-route", "--yes")
        tap.ok(code == UNKNOWN and "Read-only" in plan["refusal"], "readOnly in the configuration does the same", plan)
        tap.equal(sim.gatewatch.entries(), [], "no journal")


# ---- from broken to healthy and back --------------------------------------------------------------------------------


def managers(object_):
    return {m["manager"]: m for m in object_["metadata"].get("managedFields", [])}


def both_fixes(tap):
    with world() as sim:
        mark = sim.mark()
        code, plan = sim.gatewatch.json("fix", "traffic-policy", "--yes")
        tap.equal((code, plan["result"], plan["verified"]), (UNKNOWN, "done", None),
                  "traffic-policy alone is applied, but not verified: the other fault remains")
        tap.equal(differences(plan, PLAN), [], "its answer is as the contract says")
        tap.equal(sim.written(mark), [f"PATCH {SERVICE_PATH}"], "one object was patched")
        service = sim.get(SERVICE_PATH).json()
        tap.equal((service["spec"]["externalTrafficPolicy"], service["spec"].get("healthCheckNodePort", 0) > 0),
                  ("Local", True), "the policy is Local now")
        tap.ok("f:externalTrafficPolicy" in json.dumps(managers(service).get("gatewatch", {})),
               "managedFields name gatewatch", service["metadata"]["managedFields"])
        first = plan["id"]
        mark = sim.mark()
        code, plan = sim.gatewatch.json("fix", "health-route", "--yes")
        tap.equal((code, plan["result"]), (OK, "done"), "health-route on top: applied")
        tap.ok(plan["verified"] and plan["verified"]["health"] == "Healthy" and "10.0.1.50" in plan["verified"]["backend"],
               "verified: Application Gateway reports Healthy", plan["verified"])
        tap.equal(sim.written(mark), [f"PATCH {ROUTE_PATH}"], "one object was applied")
        route = sim.get(ROUTE_PATH).json()
        rule = route["spec"]["rules"][0]
        tap.equal((rule["matches"][0]["path"], rule["backendRefs"][0]["name"], rule["backendRefs"][0]["port"]),
                  ({"type": "Exact", "value": "/healthz/ready"}, "health-responder", 80),
                  "the route has the probe's exact path, and the port of the Service, not of the container")
        tap.equal(("hostnames" in route["spec"], route["metadata"]["labels"]["app.kubernetes.io/managed-by"],
                   managers(route)["gatewatch"]["operation"]), (False, "gatewatch", "Apply"), "no hostname, ours by label and manager")
        tap.equal(plan["undo"], f"gatewatch fix undo {plan['id']}", "the way back is in the answer")
        events(tap, sim)
        journal(tap, sim, first, plan["id"])
        code, check = sim.gatewatch.json("check")
        tap.equal([f["code"] for f in check["findings"] if f["severity"] == "critical"], [], "check finds nothing critical any more")
        mark = sim.mark()
        code, again = sim.gatewatch.json("fix", "health-route", "--yes")
        tap.ok(code == UNKNOWN and again["result"] == "refused" and not sim.writes(mark), "a second time there is nothing to do", again)
        undo_both(tap, sim, first, plan["id"])


def events(tap, sim):
    result = sim.kubectl("get", "events", "-A", "-o", "json")
    found = {(e["involvedObject"]["kind"], e["involvedObject"]["name"], e["reason"]) for e in json.loads(result.out)["items"]
             if e.get("reason", "").startswith("Fix")}
    tap.equal(found, {("Service", "mtkc-gateway-istio", "FixApplied"),
                      ("HTTPRoute", "gatewatch-health-mtkc-gateway", "FixApplied")}, "kubectl get events shows both fixes")
    shown = sim.kubectl("describe", "service", "-n", "istio-ingress", "mtkc-gateway-istio")
    tap.contains(shown.out, "FixApplied", "and so does kubectl describe")


def journal(tap, sim, first, second):
    path = sim.gatewatch.journal
    tap.equal((stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)), (0o600, 0o700),
              "the journal is 0600 in a folder of 0700")
    states = [(e["id"], e["state"]) for e in sim.gatewatch.entries()]
    tap.equal(states, [(first, s) for s in ("planned", "sent", "applied", "unverified")] +
              [(second, s) for s in ("planned", "sent", "applied", "verified")], "each step has its line")
    result = sim.gatewatch("fix", "log")
    tap.ok(all(word in result.out for word in (first, second, "traffic-policy", "health-route", GATEWAY)), "fix log tells both", result)
    code, log = sim.gatewatch.json("fix", "log")
    tap.ok(code == OK and log["schema"] == "gatewatch/v1" and first in json.dumps(log), "as JSON too", log)


def undo_both(tap, sim, first, second):
    code, plan = sim.gatewatch.json("fix", "undo", "--dry-run")
    tap.equal((code, plan["result"], [c["verb"] for c in plan["changes"]]), (OK, "ready", ["delete"]), "undo has a dry run")
    tap.equal(sim.get(ROUTE_PATH).status, 200, "which deletes nothing")
    code, plan = sim.gatewatch.json("fix", "undo", "--yes")
    tap.equal((code, plan["result"], sim.get(ROUTE_PATH).status), (OK, "done", 404),
              "undo in a new process takes back the latest: the route is gone")
    code, answer = sim.gatewatch.json("fix", "undo", second, "--yes")
    tap.ok(code != OK and "undone" in json.dumps(answer), "a second time it is undone already", answer)
    code, plan = sim.gatewatch.json("fix", "undo", first, "--yes")
    tap.equal((code, plan["result"], sim.policy()), (OK, "done", "Cluster"), "undo by id: the policy is Cluster again")
    code, answer = sim.gatewatch.json("fix", "undo", "--yes")
    tap.ok(code != OK and "nothing to undo" in json.dumps(answer), "then nothing is left to undo", answer)


def undo_is_refused(tap):
    with world("no-health-route") as sim:
        code, plan = sim.gatewatch.json("fix", "health-route", "--yes")
        tap.equal((code, plan["verified"] and plan["verified"]["health"]), (OK, "Healthy"), "applied and verified")
        body = [{"op": "replace", "path": "/spec/rules/0/matches/0/path/value", "value": "/somebody"}]
        sim.kubectl("-n", "gateway-health", "patch", "httproute", "gatewatch-health-mtkc-gateway", "--type", "json", "-p", json.dumps(body))
        mark = sim.mark()
        code, answer = sim.gatewatch.json("fix", "undo", "--yes")
        tap.ok(code == UNKNOWN and "not as gatewatch left it" in answer.get("refusal", ""), "undo is refused once somebody changed it", answer)
        tap.equal((sim.writes(mark), sim.get(ROUTE_PATH).status), ([], 200), "and nothing is touched")


# ---- other worlds ---------------------------------------------------------------------------------------------------


def responder_is_made(tap):
    with world("no-health-route") as sim:
        sim.kubectl("delete", "namespace", "gateway-health", "--wait=false")
        wait_for(lambda: sim.get("/api/v1/namespaces/gateway-health").status == 404, 20 * SLOW, "the namespace's end")
        code, plan = sim.gatewatch.json("fix", "health-route", "--yes")
        tap.equal([(c["verb"], c["resource"]) for c in plan["changes"]],
                  [("apply", r) for r in ("namespaces", "deployments", "services", "httproutes")],
                  "without a responder, its namespace, Deployment and Service are made before the route")
        tap.equal((code, plan["verified"] and plan["verified"]["health"]), (OK, "Healthy"), "and the backend turns healthy")
        made = sim.get("/apis/apps/v1/namespaces/gateway-health/deployments/health-responder").json()
        tap.equal((made["spec"]["replicas"], "limits" in made["spec"]["template"]["spec"]["containers"][0]["resources"]),
                  (2, True), "two replicas, with limits")
        code, plan = sim.gatewatch.json("fix", "undo", "--yes")
        left = [sim.get(p).status for p in (ROUTE_PATH, "/apis/apps/v1/namespaces/gateway-health/deployments/health-responder",
                                            "/api/v1/namespaces/gateway-health/services/health-responder",
                                            "/api/v1/namespaces/gateway-health")]
        tap.equal((code, left), (OK, [404, 404, 404, 200]), "undo takes back all but the namespace")


def addon_gets_the_overlay(tap):
    with world("aks-addon") as sim:
        mark = sim.mark()
        code, answer = sim.gatewatch.json("fix", "traffic-policy", "--yes", "--choice", "way=patch")
        tap.ok(code != OK and "add-on" in json.dumps(answer) and not sim.writes(mark), "the bare patch is refused on an add-on's gateway", answer)
        code, plan = sim.gatewatch.json("fix", "traffic-policy", "--yes")
        tap.equal((code, plan["verified"] and plan["verified"]["health"]), (OK, "Healthy"), "the overlay is applied and cures it")
        written = sim.written(mark)
        tap.ok(written and not any("/services" in w for w in written), "gatewatch itself did not touch the Service", written)
        service = sim.get(ADDON_SERVICE).json()
        left = [a for a in service["metadata"].get("annotations", {}) if "_health-probe_" in a]
        tap.equal((service["spec"]["externalTrafficPolicy"], left), ("Local", []),
                  "the controller rendered Local, and the probe annotations went in the same change")


# ---- races and crashes ----------------------------------------------------------------------------------------------


def annotate(sim, value):
    return sim.kubectl("-n", "istio-ingress", "annotate", "service", "mtkc-gateway-istio", f"second-hand={value}", "--overwrite")


def set_policy(sim, value):
    return sim.kubectl("-n", "istio-ingress", "patch", "service", "mtkc-gateway-istio", "--type", "merge", "-p",
                       json.dumps({"spec": {"externalTrafficPolicy": value}}))


def undo_knows_whose_value_it_is(tap):
    with world("traffic-policy") as sim:
        sim.gatewatch.json("fix", "traffic-policy", "--yes")
        set_policy(sim, "Cluster")
        set_policy(sim, "Local")
        code, answer = sim.gatewatch.json("fix", "undo", "--yes")
        tap.ok(code == UNKNOWN and "somebody else" in answer.get("refusal", "") and sim.policy() == "Local",
               "the same value by another's hand stays", answer)


def undo_of_a_responder_that_was_scaled(tap):
    path = "/apis/apps/v1/namespaces/gateway-health/deployments/health-responder"
    with world("no-health-route") as sim:
        for kind in ("deployment", "service"):
            sim.kubectl("-n", "gateway-health", "delete", kind, "health-responder")
        code, plan = sim.gatewatch.json("fix", "health-route", "--yes")
        sim.kubectl("-n", "gateway-health", "patch", "deployment", "health-responder", "--type", "merge", "-p",
                    json.dumps({"spec": {"replicas": 3}}))
        code, plan = sim.gatewatch.json("fix", "undo", "--yes")
        tap.equal((code, sim.get(path).status, sim.get(ROUTE_PATH).status), (OK, 404, 404),
                  "replicas are an autoscaler's to change: undo still takes back what was made")


def changed_after_the_sheet(tap):
    with world() as sim:
        with sim.gatewatch.terminal("fix", "traffic-policy") as terminal:
            terminal.until("Type yes:", 60)
            annotate(sim, "before-consent")
            mark = sim.mark()
            terminal.send("yes\r")
            code = terminal.wait(60)
        tap.ok(code == UNKNOWN and "changed" in terminal.text, "changed between sheet and consent: not applied, and it says so",
               terminal.text[-800:])
        tap.equal((sim.written(mark), sim.policy()), ([], "Cluster"), "nothing was sent")


def conflict_at_the_server(tap):
    with world() as sim:
        # The first PATCH is the dry run; the second one is the write, held long enough for somebody else to come first.
        sim.control("POST", "fault", "path=services/mtkc-gateway-istio,verb=PATCH,principal=platform-engineer,skip=1,count=1,delay=3000")
        child = sim.gatewatch.spawn("fix", "traffic-policy", "--yes", "-o", "json")
        wait_for(lambda: [e for e in sim.gatewatch.entries() if e["state"] == "sent"], 30 * SLOW, "the write to be under way", every=0.01)
        changed = annotate(sim, "first")
        out, err = child.communicate(timeout=60 * SLOW)
        tap.equal(changed.returncode, 0, "kubectl changes the Service while the write is under way")
        tap.ok(child.returncode == UNKNOWN and "changed" in err, "409: not applied, and it says so", out + err)
        service = sim.get(SERVICE_PATH).json()
        tap.equal((service["spec"]["externalTrafficPolicy"], service["metadata"]["annotations"].get("second-hand")),
                  ("Cluster", "first"), "the other's change stands, ours was never written")
        mine = sim.gatewatch.entries()[0]["id"]
        tap.equal([e["state"] for e in sim.gatewatch.entries() if e["id"] == mine][-1], "failed",
                  "and the journal does not leave open whether it was sent")
        set_policy(sim, "Local")
        code, answer = sim.gatewatch.json("fix", "undo", "--yes")
        tap.ok(code != OK and sim.policy() == "Local", "what the other then set is not ours to undo", answer)
        set_policy(sim, "Cluster")
        code, plan = sim.gatewatch.json("fix", "traffic-policy", "--yes")
        tap.equal((plan["result"], sim.policy()), ("done", "Local"), "run again, it is applied")


def killed(sim, moment, args, fault=None):
    """Runs a fix, kills it with SIGKILL once moment() is true; the states in the journal afterwards."""
    if fault:
        sim.control("POST", "fault", fault)
    child = sim.gatewatch.spawn(*args)
    try:
        wait_for(moment, 60 * SLOW, "the moment to kill", every=0.005)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    sim.control("DELETE", "fault")
    return [e["state"] for e in sim.gatewatch.entries()]


def killed_at_any_moment(tap):
    patch = "path=services/mtkc-gateway-istio,verb=PATCH,principal=platform-engineer,skip=%d,count=1,hang=1"
    args = ("fix", "traffic-policy", "--yes")
    with world() as sim:
        def last(state):
            return lambda: sim.gatewatch.entries()[-1:] and sim.gatewatch.entries()[-1]["state"] == state

        mark = sim.mark()
        states = killed(sim, lambda: any("dryRun=All" in r["query"] for r in sim.requests(mark)) or
                        sim.control("GET", "fault")[0]["hits"], args, patch % 0)
        tap.equal((states, sim.policy()), ([], "Cluster"), "killed during the dry run: no journal, nothing changed")

        states = killed(sim, lambda: last("sent")() and sim.control("GET", "fault")[0]["hits"], args, patch % 1)
        tap.equal((states, sim.policy()), (["planned", "sent"], "Cluster"), "killed before the write arrived: the journal says sent")
        code, answer = sim.gatewatch.json("fix", "undo", "--yes")
        arrived = [r for r in sim.writes() if r["status"] in (200, 201)]
        tap.ok(code == UNKNOWN and not arrived, "undo looks first, and there is nothing to take back", answer)

        states = killed(sim, lambda: last("sent")() and sim.policy() == "Local", args, patch % 1 + ",after=1")
        tap.equal((states[-2:], sim.policy()), (["planned", "sent"], "Local"), "killed after it arrived, before the answer: sent")
        code, plan = sim.gatewatch.json("fix", "undo", "--yes")
        tap.equal((code, sim.policy()), (OK, "Cluster"), "undo takes it back all the same")

        sim.control("POST", "fault", "path=getBackendHealthOnDemand,hang=1")
        states = killed(sim, last("applied"), args)
        tap.equal((states[-3:], sim.policy()), (["planned", "sent", "applied"], "Local"), "killed while verifying: applied")
        with open(sim.gatewatch.journal, "a") as file:
            file.write('{"id":"torn')
        code, log = sim.gatewatch.json("fix", "log")
        tap.ok(code == OK and "applied" in json.dumps(log), "a torn line does not hide the rest of the journal", log)
        code, plan = sim.gatewatch.json("fix", "undo", "--yes")
        tap.equal((code, sim.policy()), (OK, "Cluster"), "and undo works over it")


def lost_answer(tap):
    with world() as sim:
        sim.control("POST", "fault", "path=services/mtkc-gateway-istio,verb=PATCH,principal=platform-engineer,skip=1,count=1,after=1,close=1")
        code, plan = sim.gatewatch.json("fix", "traffic-policy", "--yes")
        tap.ok(code == CRITICAL and plan["result"] == "failed" and "may have arrived" in plan["error"]["message"],
               "the answer to a write is lost: it says that the change may have arrived", plan)
        tap.equal(len([w for w in sim.written(0) if "PATCH" in w]), 1, "a write is never repeated by itself")
        code, plan = sim.gatewatch.json("fix", "undo", "--yes")
        tap.equal((code, sim.policy()), (OK, "Cluster"), "and undo is at hand")


if __name__ == "__main__":
    main([dry_run_writes_nothing, asks_for_consent, missing_permission, read_only, both_fixes, undo_is_refused,
          responder_is_made, addon_gets_the_overlay, undo_knows_whose_value_it_is, undo_of_a_responder_that_was_scaled,
          changed_after_the_sheet, conflict_at_the_server, killed_at_any_moment,
          lost_answer], needs_kubectl=True)
