#!/usr/bin/env python3
"""Every subcommand against every scenario: the JSON contract key by key, the exit codes, the root cause of each world.

What each world must show is from the reference documents: azure.md 4.3 and 4.4 (a 404 at the load balancer's probe takes every
node out, which Application Gateway reads as a timeout), 1.1 (what the probe sends), kubernetes.md 7.3.
run.py: timeout=300
"""
import concurrent.futures
import re

from gatewatch import (CHECK, CRITICAL, ERROR, GATEWAY, OK, PLAN, SCENARIOS, SERVICE, STATUS, UNKNOWN, USAGE, WARNINGS,
                       Gatewatch, holds, hurry)
from harness import Simulator, main

SPEED = ("--speed", "60")
NOTHING_MISSING = {"reference", "healthy", "no-health-route", "traffic-policy", "lb-probe", "tenants", "aks-addon"}

# Scenario: verdict, exit code, the critical findings that stand by themselves as (code, fix), in order.
EXPECTED = {
    "reference": ("critical", CRITICAL, [("lb-probe-404", "traffic-policy"), ("probe-no-route", "health-route")]),
    "healthy": ("healthy", OK, []),
    "no-health-route": ("critical", CRITICAL, [("probe-no-route", "health-route")]),
    "traffic-policy": ("critical", CRITICAL, [("lb-probe-404", "traffic-policy")]),
    # The annotation beats Local too (azure.md 4.3): no fix of ours would help.
    "lb-probe": ("critical", CRITICAL, [("lb-probe-404", None)]),
    "tenants": ("warnings", WARNINGS, []),
    "forbidden": ("critical", CRITICAL, [("lb-probe-404", "traffic-policy"), ("probe-no-route", "health-route")]),
    "aks-addon": ("critical", CRITICAL, [("lb-probe-404", "traffic-policy")]),
}


def critical(findings):
    return [(f["code"], f["fix"]) for f in findings if f["severity"] == "critical" and not f["folded"]]


def stable(findings):
    return [(f["code"], f["severity"], f["subject"], f["title"], f["fix"], f["folded"], f["explains"]) for f in findings]


def each_scenario(tap, scenario):
    verdict, code, roots = EXPECTED[scenario]
    with hurry_world(scenario) as sim:
        gatewatch = Gatewatch(sim)
        mark = sim.mark()
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            first, second, third = (pool.submit(gatewatch.json, *args) for args in (("check",), ("check",), ("status",)))
        exit_code, check = first.result()
        holds(tap, check, CHECK, f"{scenario}: check -o json is as the contract says")
        tap.equal(check["verdict"], verdict, f"{scenario}: the verdict is {verdict}")
        tap.equal(exit_code, code, f"{scenario}: and so is the exit code")
        tap.equal(critical(check["findings"]), roots, f"{scenario}: root causes and their fixes, in order")
        tap.equal([s["name"] for s in check["sources"] if s["state"] not in ("live", "absent")] == [],
                  scenario in NOTHING_MISSING, f"{scenario}: every source is live unless it is forbidden")
        tap.equal(stable(second.result()[1]["findings"]), stable(check["findings"]),
                  f"{scenario}: a second run finds the same in the same order")
        exit_code, status = third.result()
        tap.equal(exit_code, OK, f"{scenario}: status ends with 0")
        holds(tap, status, STATUS, f"{scenario}: status -o json is as the contract says")
        tap.equal(stable(status["findings"]), stable(check["findings"]), f"{scenario}: status has the findings of check")
        tap.equal([r["path"] for r in sim.writes(mark)], [], f"{scenario}: looking writes nothing")
        DETAILS.get(scenario, lambda *_: None)(tap, status, check)


class hurry_world(Simulator):
    def __init__(self, scenario):
        super().__init__(scenario, *SPEED, *(("--tenants", "5", "--routes", "60") if scenario == "tenants" else ()))

    def __enter__(self):
        return hurry(super().__enter__())


# ---- what is special in each world ----------------------------------------------------------------------------------


def finding(check, code):
    return next(f for f in check["findings"] if f["code"] == code and not f["folded"])


def reference(tap, status, check):
    root = finding(check, "lb-probe-404")
    tap.equal((root["subject"]["kind"], root["subject"]["namespace"] + "/" + root["subject"]["name"]), ("Service", SERVICE),
              "reference: the root cause is on the gateway's Service")
    tap.ok("404" in root["title"] + root["why"] and any("appProtocol" in e for e in root["evidence"]),
           "reference: it reasons with the 404 and with appProtocol", root)
    tap.ok(any(e.startswith("lb-no-healthy-node@") for e in root["explains"]),
           "reference: that no node is in rotation is explained by it", root)
    row = status["backends"][0]
    tap.equal((row["address"], row["health"], row["cause"], row["service"], row["gateway"]),
              ("10.0.1.50", "Unhealthy", "timeout", SERVICE, GATEWAY), "reference: the backend reads a timeout, and is joined")
    probes = {(p["prober"], p["port"] if p["prober"] == "appgw" else p["path"]): p for p in status["probes"]}
    tap.equal(probes[("appgw", 443)]["path"], "/healthz/ready", "reference: probe A is derived from settings and probe")
    tap.equal({p["predicted"] for p in status["probes"] if p["prober"] == "lb" and p["path"] == "/"}, {"404"},
              "reference: probe B is predicted to hear 404")
    service = status["services"][0]
    tap.equal((service["externalTrafficPolicy"], service["internal"], [n["inRotation"] for n in service["nodes"]]),
              ("Cluster", True, [False] * 3), "reference: policy Cluster, internal, no node in rotation")
    tap.equal([t["name"] for t in status["tenants"]], ["sample-apps"], "reference: routes are grouped by tenant")


def healthy(tap, status, check):
    tap.equal([f["code"] for f in check["findings"] if f["severity"] == "critical"], [],
              "healthy: no critical finding, not even a folded one")
    tap.equal({b["health"] for b in status["backends"]}, {"Healthy"}, "healthy: every backend is healthy")
    probe = next(p for p in status["probes"] if p["prober"] == "appgw")
    tap.equal((probe["predicted"], probe["reported"]), ("ok", "Healthy"), "healthy: prediction and report agree")
    tap.ok(probe["servedBy"] and probe["servedBy"]["route"].startswith("gateway-health/"),
           "healthy: and the route that serves the probe is named", probe)


def no_health_route(tap, status, check):
    row = status["backends"][0]
    tap.equal((row["cause"], row["httpStatus"]), ("http-status", 404), "no-health-route: the probe reads 404")
    tap.contains(finding(check, "probe-no-route")["title"], "/healthz/ready", "no-health-route: the path is named")


def lb_probe(tap, _status, check):
    root = finding(check, "lb-probe-404")
    tap.ok("health-probe_request-path" in " ".join([root["why"], root["remedy"], *root["evidence"]]),
           "lb-probe: the annotation that sends the probe astray is named", root)


def tenants(tap, status, check):
    tap.equal(sum(len(t["routes"]) for t in status["tenants"]) >= 60, True, "tenants: all routes are there")
    codes = {f["code"] for f in check["findings"]}
    tap.ok({"route-backend-missing", "route-not-accepted", "route-ref-unresolved"} <= codes,
           "tenants: the small troubles are found", codes)


def forbidden(tap, status, check):
    missing = [f for f in check["findings"] if f["code"] == "permission-missing"]
    tap.ok(any("Microsoft.Network/applicationGateways/backendhealth/action" in " ".join([f["remedy"], f["why"], *f["evidence"]])
               for f in missing), "forbidden: the missing action is named", missing)
    states = {s["name"]: s["state"] for s in check["sources"]}
    tap.equal(states.get("backendhealth appgw-mtkc-poc"), "forbidden", "forbidden: the source says so")
    tap.ok(all(b["wireHealth"] is None for b in status["backends"]), "forbidden: no health is made up", status["backends"])
    tap.equal(next(p for p in status["probes"] if p["prober"] == "appgw")["predicted"], "timeout",
              "forbidden: what the probe reads is predicted from the objects all the same")


def aks_addon(tap, status, _check):
    service = status["services"][0]
    tap.equal(service["service"], "istio-ingress/mtkc-gateway-approuting-istio", "aks-addon: the add-on's Service")
    paths = {p["port"]: p["lbProbe"]["path"] for p in service["ports"] if p["lbProbe"]}
    tap.equal((paths[80], paths[443]), ("/healthz/ready", "/"), "aks-addon: the add-on's annotation serves port 80 alone")


DETAILS = {"reference": reference, "healthy": healthy, "no-health-route": no_health_route, "lb-probe": lb_probe,
           "tenants": tenants, "forbidden": forbidden, "aks-addon": aks_addon}


def scenarios(tap):
    for scenario in SCENARIOS:
        tap.run(each_scenario, scenario)


# ---- text, Prometheus, the rest -------------------------------------------------------------------------------------

METRIC = re.compile(r'^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?\d+(?:\.\d+)?)$')


def prometheus(tap):
    for scenario, verdict, up in (("reference", 2, 0), ("healthy", 0, 1)):
        with hurry_world(scenario) as sim:
            result = Gatewatch(sim)("check", "-o", "prom")
            lines = result.out.splitlines()
            samples = [line for line in lines if not line.startswith("#")]
            bad = [line for line in samples if not METRIC.match(line)]
            tap.equal(bad, [], f"{scenario}: -o prom is Prometheus text, every line")
            series = [line.rsplit(" ", 1)[0] for line in samples]
            tap.equal(sorted(s for s in set(series) if series.count(s) > 1), [],
                      f"{scenario}: no series twice: a node exporter would drop the whole file")
            typed = [line.split()[2] for line in lines if line.startswith("# TYPE")]
            tap.equal({s.split("{")[0] for s in series} - set(typed), set(), f"{scenario}: each metric has a type")
            tap.ok(f"gatewatch_verdict {verdict}" in lines, f"{scenario}: the verdict is there", result)
            tap.ok(any(s.startswith("gatewatch_backend_healthy{") and s.endswith(f" {up}") for s in samples),
                   f"{scenario}: and the backend's health", result)


def text_for_people(tap):
    with hurry_world("reference") as sim:
        gatewatch = Gatewatch(sim)
        result = gatewatch("check")
        tap.equal(result.returncode, CRITICAL, "check as text: the same exit code")
        first = next(i for i, line in enumerate(result.out.splitlines()) if "lb-probe-404" in line)
        second = next(i for i, line in enumerate(result.out.splitlines()) if "probe-no-route" in line)
        tap.ok(first < second, "the root cause comes first", result)
        tap.ok("\x1b" not in result.out, "no escape sequence in a pipe", repr(result.out))
        result = gatewatch("status")
        for word in ("10.0.1.50", SERVICE, GATEWAY, "sample-apps"):
            tap.contains(result.out, word, f"status as text names {word}")
        result = gatewatch("doctor")
        tap.ok(result.returncode in (OK, WARNINGS) and "may we" not in result.out, "doctor is content", result)
        code, doctor = gatewatch.json("doctor")
        tap.equal(set(doctor), {"schema", "checks"}, "doctor -o json has schema and checks")
        topics = {c["topic"] for c in doctor["checks"]}
        tap.ok({"terminal", "configuration", "cluster", "azure", "clock", "permission", "reach"} <= topics,
               "doctor looks at terminal, config, credentials, reach, permissions and clock", topics)
        tap.ok(code in (OK, WARNINGS), "and its exit code is that of a good environment", doctor)


def without_a_world(tap):
    with Simulator("healthy") as sim:
        gatewatch = Gatewatch(sim)
        mark = sim.mark()
        result = gatewatch("version")
        tap.ok(result.returncode == OK and re.match(r"gatewatch \d+\.\d+", result.out), "version says the version", result)
        result = gatewatch("help")
        for word in ("status", "check", "fix", "doctor", "--config", "--read-only", "--app-gateway", "--refresh"):
            tap.contains(result.out, word, f"help names {word}")
        tap.equal(gatewatch("help", "fix").returncode, OK, "help on a topic")
        result = gatewatch("help", "findings")
        for code in ("probe-no-route", "lb-probe-404", "permission-missing", "source-stale", "ztunnel-not-ready"):
            tap.contains(result.out, code, f"help findings names {code}")
        tap.equal(gatewatch("help", "fxi").returncode, USAGE, "help on an unknown topic is a usage error")
        code, log = gatewatch.json("fix", "log")
        tap.ok(code == OK and log["schema"] == "gatewatch/v1", "fix log without a journal is empty and well", log)
        tap.equal(sim.requests(mark), [], "none of these asks anything of the network")


def usage(tap):
    with Simulator("healthy") as sim:
        gatewatch = Gatewatch(sim)
        mark = sim.mark()
        for args, words in ((("checks",), ("checks", "check")), (("check", "--jsno"), ("--jsno",)), (("status", "-o", "xml"), ("xml",)),
                            (("check", "extra"), ("extra",)), (("fix",), ("health-route",)),
                            (("fix", "health-ruote"), ("health-route",)), (("--refersh", "5", "status"), ("--refresh",)),
                            (("status", "--refresh", "soon"), ("soon",)), (("fix", "log", "more"), ("more",))):
            result = gatewatch(*args)
            said = all(w in result.err for w in words)
            tap.ok(result.returncode == USAGE and said and not result.out, f"{' '.join(args)}: 64, and a word that helps", result)
        code, answer = gatewatch.json("fix", "nothing")
        tap.equal(code, USAGE, "with -o json too")
        holds(tap, answer, ERROR, "and the error object stands on standard output")
        tap.equal(sim.requests(mark), [], "a usage error asks nothing of the network")


def plans(tap):
    with hurry_world("reference") as sim:
        gatewatch = Gatewatch(sim)
        for fix, resource in (("health-route", "httproutes"), ("traffic-policy", "services")):
            code, plan = gatewatch.json("fix", fix, "--dry-run")
            holds(tap, plan, PLAN, f"fix {fix} --dry-run -o json is as the contract says")
            tap.equal((code, plan["fix"], plan["dryRun"], plan["result"], plan["verified"], plan["undo"]),
                      (OK, fix, True, "ready", None, None), f"{fix}: a clean dry run ends with 0")
            tap.equal([c["resource"] for c in plan["changes"]], [resource], f"{fix}: it would change {resource}")
        code, answer = gatewatch.json("fix", "health-route", "--gateway", "istio-ingress/absent", "--dry-run")
        tap.ok(code == CRITICAL and "istio-ingress/absent" in answer["error"]["message"] and GATEWAY in
               answer["error"]["remedy"], "a gateway that does not exist is named, and so are those that do", answer)
        code, plan = gatewatch.json("fix", "traffic-policy", "--dry-run", "--choice", "way=magic")
        tap.ok(code == USAGE and "way=magic" in plan["error"]["message"] and "way=overlay" in plan["error"]["remedy"],
               "an unknown choice is refused by name", plan)
        code, answer = gatewatch.json("fix", "undo")
        tap.ok(code in (CRITICAL, UNKNOWN) and "nothing to undo" in str(answer), "undo without a journal says so", answer)


if __name__ == "__main__":
    main([scenarios, prometheus, text_for_people, without_a_world, usage, plans])
