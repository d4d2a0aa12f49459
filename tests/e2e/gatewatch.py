"""The real program as the end-to-end tests run it, and the JSON contract of design 5 as a schema to hold answers against."""
import concurrent.futures
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time

from harness import BUILD, Failed, Tap, kubectl_path, run, wait_for

SLOW = float(os.environ.get("GATEWATCH_SLOW", "1"))
SCENARIOS = ("reference", "healthy", "no-health-route", "traffic-policy", "lb-probe", "tenants", "forbidden", "aks-addon")
GATEWAY, SERVICE = "istio-ingress/mtkc-gateway", "istio-ingress/mtkc-gateway-istio"
SERVICE_PATH = "/api/v1/namespaces/istio-ingress/services/mtkc-gateway-istio"
ROUTE_PATH = ("/apis/gateway.networking.k8s.io/v1/namespaces/gateway-health/httproutes/"
              "gatewatch-health-mtkc-gateway")
OK, WARNINGS, CRITICAL, UNKNOWN, USAGE = 0, 1, 2, 3, 64


def hurry(sim):
    """Long-running operations end at once: what is tested here is not their patience."""
    sim.control("PATCH", "azure", {"retryAfter": 0, "operationSeconds": 0})
    return sim


class Gatewatch:
    """gatewatch with a home folder and a configuration file of its own (the simulator's, or `config`). Called with arguments
    it runs to its end; keywords change its environment (None removes a variable)."""

    def __init__(self, sim, config=None, **env):
        self.sim = sim
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="home.", dir=sim.home))
        self.state = self.home / "state"
        self.journal = self.state / "gatewatch" / "journal.jsonl"
        self.config = self.home / "config" / "gatewatch" / "config.yaml"
        self.config.parent.mkdir(parents=True)
        self.config.write_text((sim.dir / "config.yaml").read_text() if config is None else config)
        self.base_env = sim.env(HOME=self.home, XDG_STATE_HOME=self.state, XDG_CONFIG_HOME=self.home / "config",
                                LC_ALL="C.UTF-8", TERM="xterm-256color")
        self.change(self.base_env, env)

    @staticmethod
    def change(env, changes):
        for key, value in changes.items():
            if value is None:
                env.pop(key, None)
            else:
                env[key] = str(value)
        return env

    def command(self, *args):
        return [str(BUILD / "gatewatch"), *map(str, args)]

    def env(self, **env):
        return self.change(dict(self.base_env), env)

    def __call__(self, *args, input=None, timeout=120, **env):
        return run(self.command(*args), env=self.env(**env), input=input, timeout=timeout * SLOW)

    def json(self, *args, **options):
        """(exit code, parsed standard output) of a run with -o json."""
        result = self(*args, "-o", "json", **options)
        try:
            return result.returncode, json.loads(result.out)
        except ValueError as error:
            raise Failed(f"no JSON ({error}): {result}") from error

    def spawn(self, *args, **options):
        """A child under way; its pipes are text."""
        return subprocess.Popen(self.command(*args), env=self.env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, errors="replace", **options)

    def codes(self, findings):
        """(code, fix) of the findings that stand by themselves, in order."""
        return [(f["code"], f["fix"]) for f in findings if not f["folded"]]

    def entries(self):
        """Lines of the journal."""
        return [json.loads(line) for line in self.journal.read_text().splitlines()] if self.journal.exists() else []

    def terminal(self, *args, rows=40, columns=140, **env):
        return Terminal(self.command(*args), self.env(**env), rows, columns)


class Terminal:
    """The program in a pseudo-terminal; `text` is everything it wrote. A context manager that leaves nothing behind."""

    def __init__(self, command, env, rows, columns):
        self.command, self.text, self.code = command, "", None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            import fcntl
            import struct
            import termios
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(command[0], command, env)

    def read(self, seconds=0.05):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            return False
        self.text += got.decode(errors="replace")
        return bool(got)

    def until(self, condition, timeout=20, what="the terminal to say it"):
        """Reads until condition(text) holds; a string means that it is in the text."""
        test = (lambda text: condition in text) if isinstance(condition, str) else condition
        end = time.monotonic() + timeout * SLOW
        while not test(self.text):
            if time.monotonic() > end:
                raise Failed(f"waited for {what} ({condition!r}); the last of it:\n{self.text[-3000:]}")
            self.read()
        return self.text

    def send(self, keys):
        os.write(self.fd, keys.encode())

    def wait(self, timeout=30):
        """The exit code, once the program has ended."""
        def ended():
            self.read(0.02)
            if self.code is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.code = os.waitstatus_to_exitcode(status)
            return self.code is not None
        wait_for(ended, timeout * SLOW, "the end of the program")
        while self.read(0.02):
            pass
        return self.code

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)


# ---- the contract: design 5, key by key -----------------------------------------------------------------------------

S, I, B = "string", "integer", "boolean"


class Maybe:
    """A value that may be null because it may be unknown."""
    def __init__(self, of):
        self.of = of


class Also(dict):
    """Keys that may be there besides those of the contract: each one here was a decision."""


def one_of(*words):
    return frozenset(words)


SEVERITY = one_of("critical", "warning", "info")
FIX = one_of("health-route", "traffic-policy")
SOURCE = {"name": S, "state": one_of("live", "stale", "failed", "forbidden", "absent", "pending"), "ageSeconds": Maybe(I),
          "error": Maybe(S)}
FINDING = {"code": S, "severity": SEVERITY, "subject": {"kind": S, "namespace": Maybe(S), "name": S}, "title": S, "why": S,
           "evidence": [S], "remedy": S, "fix": Maybe(FIX), "confidence": one_of("certain", "likely", "possible"),
           "+": Also(explains=[S], folded=B)}
PREDICTED = one_of("ok", "404", "500", "503", "timeout", "unknown")
CONDITION = {"type": S, "status": one_of("True", "False", "Unknown"), "reason": S, "message": S}
STATUS = {
    "schema": one_of("gatewatch/v1"), "takenAt": S,
    "environment": {
        "appGateways": [{"id": S, "name": S, "resourceGroup": S, "operationalState": Maybe(S), "provisioningState": Maybe(S),
                         "sku": Maybe(S)}],
        "cluster": {"context": Maybe(S), "server": Maybe(S), "version": Maybe(S)}},
    "sources": [SOURCE],
    "backends": [{"appGateway": S, "pool": S, "settings": Maybe(S), "address": S, "health": S, "wireHealth": Maybe(S),
                  "cause": Maybe(S), "httpStatus": Maybe(I), "log": Maybe(S), "probe": Maybe(S), "listeners": [S],
                  "service": Maybe(S), "gateway": Maybe(S), "nextProbeSeconds": Maybe(I)}],
    "probes": [{"prober": one_of("appgw", "lb"), "name": S, "protocol": S, "host": Maybe(S), "port": Maybe(I),
                "path": Maybe(S), "intervalSeconds": Maybe(I), "timeoutSeconds": Maybe(I), "threshold": Maybe(I),
                "acceptedStatus": [S], "service": Maybe(S), "predicted": PREDICTED,
                "servedBy": Maybe({"route": S, "rule": I, "backend": Maybe(S)}), "reported": Maybe(S)}],
    "tenants": [{"name": S, "namespaces": [S],
                 "routes": [{"kind": S, "route": S, "hostnames": [S], "paths": [S],
                             "parents": [{"gateway": S, "listener": Maybe(S), "accepted": Maybe(B), "resolvedRefs": Maybe(B),
                                          "reason": Maybe(S)}],
                             "backends": [{"service": S, "port": Maybe(I), "ready": Maybe(I), "total": Maybe(I)}],
                             "shadowedBy": [S]}]}],
    "services": [{"service": S, "gateway": Maybe(S), "type": S, "addresses": [S], "internal": Maybe(B),
                  "externalTrafficPolicy": Maybe(one_of("Cluster", "Local")), "healthCheckNodePort": Maybe(I),
                  "managedBy": Maybe(S),
                  "ports": [{"port": I, "appProtocol": Maybe(S), "nodePort": Maybe(I),
                             "lbProbe": Maybe({"protocol": S, "port": Maybe(I), "path": Maybe(S), "predicted": PREDICTED,
                                               "reported": Maybe(S)}), "+": Also(name=Maybe(S))}],
                  "nodes": [{"name": S, "zone": Maybe(S), "readyEndpoints": Maybe(I), "inRotation": Maybe(B)}]}],
    "gateways": [{"gateway": S, "class": S, "programmed": Maybe(B), "addresses": [S],
                  "listeners": [{"name": S, "protocol": S, "port": I, "hostname": Maybe(S), "attachedRoutes": Maybe(I),
                                 "conditions": [CONDITION]}]}],
    "findings": [FINDING],
}
CHECK = {"schema": one_of("gatewatch/v1"), "verdict": one_of("healthy", "warnings", "critical", "unknown"),
         "findings": [FINDING], "sources": [SOURCE], "+": Also(unknown=[S])}
PLAN = {"schema": one_of("gatewatch/v1"), "id": S, "fix": S, "dryRun": B,
        "changes": [{"verb": one_of("create", "patch", "apply", "delete"), "resource": S, "namespace": Maybe(S), "name": S,
                     "before": Maybe(S), "after": Maybe(S), "warnings": [S]}],
        "result": S, "verified": Maybe({"backend": S, "health": S, "afterSeconds": Maybe(I)}), "undo": Maybe(S),
        "+": Also(refusal=S, error={"code": S, "message": S, "remedy": S})}
ERROR = {"schema": one_of("gatewatch/v1"), "error": {"code": S, "message": S, "remedy": S}}


def differences(value, schema, where="$"):
    """What in a value is not as the schema says, one sentence each."""
    if isinstance(schema, Maybe):
        return [] if value is None else differences(value, schema.of, where)
    if isinstance(schema, frozenset):
        return [] if value in schema else [f"{where} is {value!r}, not one of {sorted(schema)}"]
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [f"{where} is no list: {value!r}"]
        return [d for i, item in enumerate(value) for d in differences(item, schema[0], f"{where}[{i}]")]
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return [f"{where} is no object: {value!r}"]
        also = schema.get("+", {})
        found = [f"{where}.{key} is missing" for key in schema if key != "+" and key not in value]
        for key, item in value.items():
            if key in schema:
                found += differences(item, schema[key], f"{where}.{key}")
            elif key in also:
                found += differences(item, also[key], f"{where}.{key}")
            else:
                found.append(f"{where}.{key} is not in the contract")
        return found
    kinds = {S: str, I: int, B: bool}
    good = isinstance(value, kinds[schema]) and not (schema == I and isinstance(value, bool))
    return [] if good else [f"{where} is {value!r}, not a {schema}"]


def holds(tap, value, schema, name):
    """A TAP line: the value is as the contract says."""
    found = differences(value, schema)
    return tap.ok(not found, name, "\n".join(found))


# ---- tests that mostly wait, side by side ---------------------------------------------------------------------------


class Recorded(Tap):
    """Keeps its lines to be told later."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def ok(self, good, name, detail=None):
        self.lines.append((good, name, detail))
        return bool(good)

    def skip(self, name, reason):
        self.lines.append((None, name, reason))


def main(tests, needs_kubectl=False, workers=4):
    """As the harness's main, but several test functions at a time, each in a world of its own; told in their order."""
    tap = Tap()
    tests = list(tests)
    if needs_kubectl and not kubectl_path():
        for test in tests:
            tap.skip(test.__name__, "kubectl is not installed")
        sys.exit(tap.done())

    def one(test):
        record = Recorded()
        record.run(test)
        return record.lines

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for lines in pool.map(one, tests):
            for good, name, detail in lines:
                tap.skip(name, detail) if good is None else tap.ok(good, name, detail)
    sys.exit(tap.done())
