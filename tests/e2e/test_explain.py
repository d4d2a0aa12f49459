#!/usr/bin/env python3
"""explain and lint: the reference manifests offline, the same against the simulator, broken files, exit codes.

The reference manifests are tests/fixtures/poc: one Gateway with HTTP 80 and HTTPS 443 for all hosts and namespaces, and three
routes by path prefix (/healthz, /app1, /app2). What must come out follows from kubernetes.md 5 and the JSON of design 5.
run.py: timeout=300
"""
import json
import os
import pathlib
import shutil
import tempfile

from gatewatch import ERROR, GATEWAY, OK, SLOW, UNKNOWN, USAGE, CRITICAL, Gatewatch, holds, hurry, one_of
from harness import BUILD, TOP, Simulator, main, run

POC = sorted((TOP / "tests/fixtures/poc").glob("*.yaml"))
TEXT = (str, type(None))
EXPLAIN_KEYS = ["schema", "request", "gateway", "listener", "route", "rule", "match", "backends", "status", "redirect",
                "candidates", "rejected", "ambiguous"]
LINT_KEYS = ["kind", "namespace", "name", "parent", "listener", "conditions"]


class Alone:
    """gatewatch without a cluster, without Azure and without a configuration."""

    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="gw-alone."))
        self.env = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.home)

    def __call__(self, *args, input=None):
        return run([BUILD / "gatewatch", *args], env=self.env, input=input, timeout=60 * SLOW)

    def json(self, *args, input=None):
        ran = self(*args, "-o", "json", input=input)
        return ran.returncode, ran.json()

    def file(self, name, text):
        (self.home / name).write_text(text)
        return self.home / name


def files(paths=POC):
    return [word for path in paths for word in ("-f", path)]


def offline_on_the_reference(tap):
    rows = [("http://any.host/app1/x", "http", "sample-apps/app1-route", 200),
            ("https://any.host/app2", "https", "sample-apps/app2-route", 200),
            ("http://any.host/healthz/ready", "http", "gateway-health/health-route", 200),
            ("http://any.host/app1x", "http", None, 404),
            ("http://any.host/", "http", None, 404),
            ("https://any.host", "https", None, 404),
            ("http://any.host:8080/app1", None, None, None)]
    with Alone() as gatewatch:
        for url, listener, route, status in rows:
            code, answer = gatewatch.json("explain", url, *files())
            tap.equal((code, answer["gateway"], answer["listener"], answer["route"], answer["status"]),
                      (OK, GATEWAY, listener, route, status), f"{url} without a cluster")
        code, answer = gatewatch.json("explain", "http://any.host/app1/x?q=1", "-X", "POST", "-H", "X-A: b", *files())
        tap.equal(list(answer)[:len(EXPLAIN_KEYS)], EXPLAIN_KEYS, "keys and their order are the contract's")
        tap.equal((answer["request"]["method"], answer["request"]["path"], answer["request"]["query"]),
                  ("POST", "/app1/x", "q=1"), "the request is told as it was understood")
        tap.equal([(b["service"], b["port"], b["weight"]) for b in answer["backends"]], [("sample-apps/sample-app-1", 80, 1)],
                  "the backends with their weights")
        tap.equal((answer["rule"], answer["match"], answer["redirect"], answer["rejected"], answer["ambiguous"]),
                  (0, 0, None, [], False), "rule and match count from 0")
        tap.equal([(c["route"], c["rule"]) for c in answer["candidates"]],
                  [("gateway-health/health-route", 0), ("sample-apps/app2-route", 0)], "every other rule is named")
        tap.ok(all("does not match" in c["lost"] for c in answer["candidates"]), "with the reason", answer["candidates"])
        text = gatewatch("explain", "http://any.host/app1", *files())
        for words in ("200, forwarded", "gateway " + GATEWAY, "listener http", "HTTPRoute sample-apps/app1-route",
                      "sample-apps/sample-app-1:80", "PathPrefix /app2 does not match /app1"):
            tap.contains(text.out, words, f"the text says {words!r}")
        first = gatewatch("explain", "http://any.host/app1", "-o", "json", *files()).out
        again = gatewatch("explain", "http://any.host/app1", "-o", "json", *files(reversed(POC))).out
        tap.equal(again, first, "the order of files changes nothing")
        words = gatewatch("explain", "http://any.host/app1", "-o", "json", "-f", *POC)
        tap.equal(words.out, first, "-f *.yaml names them all")
        together = "\n---\n".join(path.read_text() for path in POC)
        tap.equal(gatewatch("explain", "http://any.host/app1", "-o", "json", "-f", "-", input=together).out, first,
                  "- is standard input")


def lint_the_reference(tap):
    with Alone() as gatewatch:
        code, answer = gatewatch.json("lint", *files())
        tap.equal((code, list(answer)), (OK, ["schema", "objects"]), "the reference is well")
        tap.ok(all(list(o) == LINT_KEYS for o in answer["objects"]), "keys and their order are the contract's")
        found = {(o["kind"], o["name"], o["listener"]): {c["type"]: (c["status"], c["reason"]) for c in o["conditions"]}
                 for o in answer["objects"]}
        for route in ("health-route", "app1-route", "app2-route"):
            tap.equal(found["HTTPRoute", route, None],
                      {"Accepted": ("True", "Accepted"), "ResolvedRefs": ("True", "ResolvedRefs")}, f"{route} is accepted")
        tap.equal(found["Gateway", "mtkc-gateway", "http"]["Accepted"], ("True", "Accepted"), "the HTTP listener is accepted")
        tap.equal(found["Gateway", "mtkc-gateway", "https"]["ResolvedRefs"][0], "Unknown", "Secrets are not looked at")
        tap.equal({o["parent"] for o in answer["objects"] if o["kind"] == "HTTPRoute"}, {GATEWAY}, "per parent")
        # Without the Services the routes' references are unknown, and nothing is refused for it.
        code, answer = gatewatch.json("lint", *files([p for p in POC if p.name[:2] in ("01", "05", "06")]))
        refs = {c["status"] for o in answer["objects"] if o["kind"] == "HTTPRoute" for c in o["conditions"]
                if c["type"] == "ResolvedRefs"}
        tap.equal((code, refs), (OK, {"Unknown"}), "Services that are in no file are Unknown")


def lint_refuses(tap):
    gateway = (TOP / "tests/fixtures/poc/01-gateway.yaml").read_text()
    routes = (TOP / "tests/fixtures/poc/05-httproutes.yaml").read_text()
    rows = [("a listener that is not there", gateway, routes.replace("namespace: istio-ingress", "namespace: istio-ingress\n"
                                                                     "      sectionName: htpp", 1), "NoMatchingParent"),
            ("a namespace that is not let in", gateway.replace("from: All", "from: Same"), routes, "NotAllowedByListeners"),
            ("a port that two listeners want", gateway.replace("port: 443", "port: 80"), routes, "ProtocolConflict"),
            ("a Gateway by a wrong name", gateway, routes.replace("name: mtkc-gateway", "name: mtkc-gatway", 1),
             "NoMatchingParent")]
    with Alone() as gatewatch:
        for name, *manifests, reason in rows:
            paths = [gatewatch.file(f"{i}.yaml", text) for i, text in enumerate(manifests)]
            code, answer = gatewatch.json("lint", *files(paths))
            reasons = {c["reason"] for o in answer["objects"] for c in o["conditions"]}
            tap.equal(code, CRITICAL, f"{name} ends with 2")
            tap.ok(reason in reasons, f"and is {reason}", reasons)
            tap.contains(gatewatch("lint", *files(paths)).out, "REFUSED", "and the text says so")
        code, answer = gatewatch.json("explain", "http://h/app1", *files([gatewatch.file("g", rows[1][1]),
                                                                          gatewatch.file("r", rows[1][2])]))
        tap.equal((code, answer["status"], [r["route"] for r in answer["rejected"]]),
                  (OK, 404, ["gateway-health/health-route", "sample-apps/app1-route", "sample-apps/app2-route"]),
                  "explain agrees: every route is rejected")
        tap.ok(all(r["why"].startswith("NotAllowedByListeners") for r in answer["rejected"]), "for that reason", answer)


def errors(tap):
    with Alone() as gatewatch:
        broken = gatewatch.file("broken.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: [x\n")
        no_kind = gatewatch.file("nokind.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n---\nname: x\n")
        two = gatewatch.file("two.yaml", "\n---\n".join(
            f"apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: g{i}, namespace: n}}\n"
            f"spec: {{gatewayClassName: c, listeners: [{{name: l, port: 80, protocol: HTTP}}, "
            f"{{name: own, port: 900{i}, protocol: HTTP}}], addresses: [{{value: 10.0.0.{i}}}]}}" for i in (1, 2)))
        for path, place in ((broken, "broken.yaml:"), (no_kind, "nokind.yaml:5")):
            for command in (("lint",), ("explain", "http://h/")):
                ran = gatewatch(*command, "-f", path)
                tap.equal(ran.returncode, USAGE, f"{command[0]} of {path.name} ends with 64")
                tap.contains(ran.err, place, "and names file and line")
        code, answer = gatewatch.json("lint", "-f", broken)
        tap.equal(code, USAGE, "with -o json too")
        holds(tap, answer, ERROR, "the error is an object on standard output")
        for args in (["lint"], ["lint", "-f"], ["lint", "-f", "/nowhere.yaml"], ["lint", "--file", "x"], ["explain"],
                     ["explain", "host/path"], ["explain", "ftp://h/"], ["explain", "http:///p"], ["explain", "http://h:x/"],
                     ["explain", "http://h:0/"], ["explain", "http://u@h/"], ["explain", "http://h/", "-H", "nothing"],
                     ["explain", "http://h/", "-X", "A B"], ["explain", "http://h/", "http://i/"],
                     ["explain", "http://h/", "--gateway", "n/none", *files()],
                     ["explain", "http://h/", "--listener", "none", *files()],
                     ["explain", "http://h/", "--listener", "https", *files()]):
            ran = gatewatch(*args)
            tap.ok(ran.returncode == USAGE and ran.err.startswith("gatewatch: ") and not ran.out,
                   f"{' '.join(map(str, args[:4]))} is an error of usage", ran)
        ran = gatewatch("explain", "http://h/", "-f", two)
        tap.ok(ran.returncode == USAGE and "n/g1" in ran.err and "n/g2" in ran.err and "--gateway" in ran.err,
               "of two Gateways one must be named, and both are told", ran)
        for args, gateway in ((["http://10.0.0.2/"], "n/g2"), (["http://h:9001/"], "n/g1"),
                              (["http://h/", "--gateway", "n/g2"], "n/g2")):
            code, answer = gatewatch.json("explain", *args, "-f", two)
            tap.equal((code, answer["gateway"]), (OK, gateway), f"{' '.join(args)} is for {gateway}")
        ran = gatewatch("explain", "http://h/", "-f", POC[-2])
        tap.equal(ran.returncode, UNKNOWN, "without any Gateway it cannot tell")


def hostnames_headers_and_redirects(tap):
    manifest = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: g, namespace: n}
spec:
  gatewayClassName: c
  listeners: [{name: wide, port: 80, protocol: HTTP}, {name: exact, port: 80, protocol: HTTP, hostname: a.x.com}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: n}
spec:
  parentRefs: [{name: g}]
  hostnames: ['*.x.com']
  rules:
  - matches: [{headers: [{name: X-Canary, value: 'yes'}]}]
    filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: new.x.com, statusCode: 301}}]
  - matches: [{path: {type: RegularExpression, value: '/v[12]'}}]
    backendRefs: [{name: s, port: 80}]
"""
    with Alone() as gatewatch:
        def ask(*args):
            return gatewatch.json("explain", *args, "-f", "-", input=manifest)
        code, answer = ask("http://a.x.com/p?q=1", "-H", "x-canary: yes")
        tap.equal((code, answer["listener"], answer["status"], answer["redirect"]),
                  (OK, "exact", 301, "https://new.x.com/p?q=1"), "a redirect is told as a location")
        code, answer = ask("http://10.1.2.3/p", "-H", "Host: b.x.com", "-H", "X-Canary: no")
        tap.equal((code, answer["request"]["host"], answer["listener"], answer["status"]), (OK, "b.x.com", "wide", 404),
                  "a Host header speaks for the host")
        tap.ok("header X-Canary" in answer["candidates"][0]["lost"], "and the header that differs is named", answer)
        code, answer = ask("http://a.x.com/v1")
        tap.equal((code, answer["route"], answer["status"]), (UNKNOWN, None, None),
                  "where an expression decides it cannot tell, and ends with 3")
        code, answer = ask("http://a.x.com/", "--listener", "wide")
        tap.equal((code, answer["listener"]), (OK, "wide"), "--listener asks another listener")


def live(tap):
    with Simulator("healthy", "--speed", "60") as sim:
        gatewatch = Gatewatch(hurry(sim))
        mark = sim.mark()
        code, answer = gatewatch.json("explain", "http://any.host/app1")
        tap.equal((code, answer["gateway"], answer["route"], answer["status"]), (OK, GATEWAY, "sample-apps/app1-route", 200),
                  "the live cluster gives the same answer")
        tap.equal([b["state"] for b in answer["backends"]], ["ready"], "and knows that the backend is ready")
        tap.equal(list(answer)[:len(EXPLAIN_KEYS)], EXPLAIN_KEYS, "with the same keys")
        code, answer = gatewatch.json("explain", "http://any.host/app9", "--gateway", GATEWAY, "--listener", "http")
        tap.equal((code, answer["status"]), (OK, 404), "no rule: 404, and that is an answer")
        tap.equal(gatewatch("explain", "http://h/", "--gateway", "n/none").returncode, USAGE, "a Gateway that is not there")
        tap.equal([r["path"] for r in sim.writes(mark)], [], "asking writes nothing")


TESTS = [offline_on_the_reference, lint_the_reference, lint_refuses, errors, hostnames_headers_and_redirects, live]

if __name__ == "__main__":
    main(TESTS)
