#!/usr/bin/env python3
"""The dashboard watches: what kubectl changes appears, and what breaks on the way is said and heals by itself.

The real program in a pseudo-terminal. A screen is read after ^l, which draws everything again.
run.py: timeout=300
"""
import re
import time

from gatewatch import OK, ROUTE_PATH, SLOW, Gatewatch, hurry, main
from harness import Failed, Simulator

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>78]|\x1b\][^\x07]*\x07|[\x0e\x0f]")
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  parentRefs: [{{name: mtkc-gateway, namespace: istio-ingress}}]
  rules:
    - matches: [{{path: {{type: {kind}, value: {path}}}}}]
      backendRefs: [{{name: {service}, port: 80}}]
"""


class World(Simulator):
    """A simulator and, on demand, the dashboard on it."""

    def __init__(self, scenario="reference", *options):
        super().__init__(scenario, "--speed", "60", *options)

    def __enter__(self):
        hurry(super().__enter__())
        self.gatewatch = Gatewatch(self, config=(self.dir / "config.yaml").read_text() + "refresh: 5\n")
        return self

    def dashboard(self, *args):
        return Dashboard(self, self.gatewatch.terminal(*args, rows=45, columns=150))

    def route(self, name, path="/new", namespace="sample-apps", service="sample-app-1", kind="PathPrefix"):
        result = self.kubectl("apply", "-f", "-", input=ROUTE.format(**dict(locals(), self=None)))
        if result.returncode:
            raise Failed(str(result))


class Dashboard:
    def __init__(self, sim, terminal):
        self.sim, self.terminal = sim, terminal

    def __enter__(self):
        self.sees("UNHEALTHY|HEALTHY|UNKNOWN|DEGRADED|no critical", "the first verdict")
        return self

    def __exit__(self, *unused):
        self.terminal.__exit__()

    def screen(self):
        """Drawn afresh, without escape sequences; pieces that stand apart are parted by newlines."""
        start = len(self.terminal.text)
        self.terminal.send("\x0c")
        quiet = time.monotonic() + 0.15
        end = time.monotonic() + 3 * SLOW
        while time.monotonic() < end and (time.monotonic() < quiet or len(self.terminal.text) - start < 400):
            if self.terminal.read(0.02):
                quiet = time.monotonic() + 0.15
        return ESCAPE.sub("\n", self.terminal.text[start:])

    def keys(self, keys):
        self.terminal.send(keys)
        return self

    def sees(self, pattern, what, absent=False, timeout=45):
        """Waits until the pattern is on the screen, or is not any more; the screen."""
        end = time.monotonic() + timeout * SLOW
        while True:
            text = self.screen()
            if len(text) > 200 and bool(re.search(pattern, text)) != absent:
                return text
            if time.monotonic() > end:
                raise Failed(f"{what}: waited for {'no ' if absent else ''}{pattern!r} on:\n" +
                             "|".join(t for t in text.split("\n") if t.strip())[:3000])

    def told(self, tap, pattern, name, **options):
        try:
            self.sees(pattern, name, **options)
            return tap.ok(True, name)
        except Failed as error:
            return tap.ok(False, name, error)


# ---- changes --------------------------------------------------------------------------------------------------------


def kubectl_mends_it(tap):
    with World() as sim, sim.dashboard() as dashboard:
        dashboard.told(tap, r"UNHEALTHY.*\n*.*404", "the broken reference world")
        sim.kubectl("-n", "istio-ingress", "patch", "service", "mtkc-gateway-istio", "--type", "merge", "-p",
                    '{"spec":{"externalTrafficPolicy":"Local"}}')
        dashboard.told(tap, "Local", "the policy changes on the screen when kubectl patches the Service", timeout=10)
        sim.route("zz", "/healthz/ready", "gateway-health", "health-responder", "Exact")
        dashboard.keys("4").told(tap, "zz", "a route of another hand appears", timeout=10)
        dashboard.keys("1").told(tap, "UNHEALTHY", "and the backend turns healthy", absent=True, timeout=70)
        mark = sim.mark()
        sim.kubectl("-n", "gateway-health", "delete", "httproute", "zz")
        dashboard.keys("4").told(tap, "zz", "a route that is deleted goes", absent=True, timeout=10)
        lists = [r["path"] for r in sim.requests(mark) if r["path"].endswith("/httproutes") and "watch" not in r["query"] and
                 r["principal"] == "platform-engineer" and "limit" in r["query"]]
        tap.equal(lists, [], "all of that by watching: nothing is listed again")


def fixed_by_keys_elsewhere(tap):
    """One gatewatch watches, another one applies and undoes."""
    with World("no-health-route") as sim, sim.dashboard() as dashboard:
        code, plan = sim.gatewatch.json("fix", "health-route", "--yes")
        tap.equal((code, plan["result"], sim.get(ROUTE_PATH).status), (OK, "done", 200), "another gatewatch applies the fix")
        dashboard.told(tap, "UNHEALTHY", "the dashboard sees the backend turn healthy", absent=True, timeout=70)
        sim.gatewatch.json("fix", "undo", "--yes")
        dashboard.told(tap, "UNHEALTHY", "and unhealthy after the undo", timeout=70)


# ---- trouble --------------------------------------------------------------------------------------------------------


def watches_expire(tap):
    with World("healthy") as sim, sim.dashboard() as dashboard:
        mark = sim.mark()
        sim.control("POST", "expire-watches")
        sim.route("z410")
        dashboard.keys("4").told(tap, "z410", "410: listed again, and the change is seen", timeout=20)
        lists = [r for r in sim.requests(mark) if r["path"].endswith("/httproutes") and "watch" not in r["query"]]
        tap.ok(1 <= len(lists) <= 6, "without a storm of lists", len(lists))


def cluster_goes_and_comes(tap):
    with World("healthy") as sim, sim.dashboard() as dashboard:
        dashboard.told(tap, r"k8s\s+live", "the cluster is live")
        sim.control("POST", "revoke-tokens")
        sim.control("POST", "expire-watches")
        dashboard.told(tap, r"k8s\s+live", "401: the cluster is not live any more", absent=True, timeout=30)
        dashboard.keys("4").told(tap, "app1-route", "and what was known stays on the screen")
        sim.control("DELETE", "revoke-tokens")
        sim.route("z401")
        dashboard.keys("r").told(tap, "z401", "live again by itself once the token is accepted", timeout=60)
        dashboard.told(tap, r"k8s\s+live", "and says so", timeout=60)


def azure_goes_and_comes(tap):
    with World("healthy") as sim, sim.dashboard() as dashboard:
        dashboard.told(tap, r"health\s+<", "the report's age is in sight")
        sim.control("POST", "fault", "path=backendhealth,status=503")
        dashboard.keys("r").told(tap, "503|stale", "a report that fails is said to be stale", timeout=60)
        dashboard.keys("2").told(tap, "10.0.1.50", "the last known one stays on the screen")
        sim.control("DELETE", "fault")
        dashboard.keys("r").told(tap, "stale|503", "and fresh again once it answers", absent=True, timeout=60)
        mark = sim.mark()
        sim.control("PATCH", "azure", {"expireTokens": True})
        dashboard.keys("r")
        # One retry on 401 with a new token: nobody sees it.
        end = time.monotonic() + 40 * SLOW
        while time.monotonic() < end and not [r for r in sim.requests(mark) if "/oauth2/" in r["path"]]:
            dashboard.terminal.read(0.1)
        asked = sim.requests(mark)
        tap.ok([r for r in asked if "/oauth2/" in r["path"]], "an expired token is asked for again", len(asked))
        dashboard.told(tap, "stale|401", "and the screen never speaks of it", absent=True)


def kind_is_forbidden(tap):
    with World("healthy") as sim, sim.dashboard() as dashboard:
        sim.control("POST", "fault", "path=/httproutes,principal=platform-engineer,status=403")
        sim.control("POST", "expire-watches")
        dashboard.keys("6").told(tap, "permission-missing|[Nn]ot permitted|forbidden", "403 for one kind is said", timeout=30)
        sim.kubectl("-n", "istio-ingress", "annotate", "service", "mtkc-gateway-istio", "x=y")
        code, status = sim.gatewatch.json("status")
        states = {s["name"]: s["state"] for s in status["sources"]}
        tap.equal((states["httproutes"], states["services"], states["nodes"]), ("forbidden", "live", "live"),
                  "that kind alone is forbidden")


def kinds_are_absent(tap):
    with World("healthy") as sim:
        sim.control("POST", "absent", "grpcroutes.gateway.networking.k8s.io tlsroutes.gateway.networking.k8s.io "
                                      "listenersets.gateway.networking.k8s.io backendtlspolicies.gateway.networking.k8s.io "
                                      "tenants.capsule.clastix.io")
        code, check = sim.gatewatch.json("check")
        states = {s["name"]: s["state"] for s in check["sources"]}
        tap.equal({states.get(k) for k in ("grpcroutes", "tlsroutes", "listenersets", "backendtlspolicies")}, {"absent"},
                  "kinds that are not installed are absent")
        tap.equal((code, check["verdict"]), (OK, "healthy"), "which is no error: healthy all the same")


def below_a_prefix(tap):
    with World("healthy", "--prefix", "/k8s/clusters/c-1") as sim:
        mark = sim.mark()
        code, check = sim.gatewatch.json("check")
        tap.equal((code, check["verdict"]), (OK, "healthy"), "a cluster URL with a path works")
        asked = [r["path"] for r in sim.requests(mark) if "/api/v1/" in r["path"] or "/apis/" in r["path"]]
        tap.ok(asked and not [s for s in check["sources"] if s["state"] not in ("live", "absent")], "every source is live", asked[:3])
        with sim.dashboard() as dashboard:
            result = sim.kubectl("-n", "istio-ingress", "annotate", "service", "mtkc-gateway-istio", "x=y")
            tap.equal(result.returncode, 0, "kubectl works below it too")
            sim.route("zpre")
            dashboard.keys("4").told(tap, "zpre", "and watches do", timeout=15)


def survives_garbage(tap):
    with World("healthy") as sim, sim.dashboard() as dashboard:
        for fault in ("path=/httproutes,garbage=1,count=2", "path=/services,cut=200,count=2", "path=/gateways,status=500,count=2",
                      "path=applicationGateways,garbage=1,count=1", "path=/endpointslices,close=1,count=2"):
            sim.control("POST", "fault", fault)
        sim.control("POST", "expire-watches")
        dashboard.keys("r")
        end = time.monotonic() + 40 * SLOW
        while any(f["left"] for f in sim.control("GET", "fault")) and time.monotonic() < end:
            dashboard.terminal.read(0.1)
        tap.equal([f["spec"] for f in sim.control("GET", "fault") if f["left"]], [], "every fault was met")
        sim.control("DELETE", "fault")
        sim.route("zgarb")
        dashboard.keys("4").told(tap, "zgarb", "garbage, cut bodies, 500 and resets: it comes back", timeout=60)
        dashboard.told(tap, r"k8s\s+live", "and is live", timeout=60)
        dashboard.keys("qq")
        tap.equal(dashboard.terminal.wait(), OK, "and quits on q")


if __name__ == "__main__":
    main([kubectl_mends_it, fixed_by_keys_elsewhere, watches_expire, cluster_goes_and_comes, azure_goes_and_comes,
          kind_is_forbidden, kinds_are_absent, below_a_prefix, survives_garbage], needs_kubectl=True)
