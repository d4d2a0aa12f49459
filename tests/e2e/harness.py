"""What the end-to-end tests share: the simulator as a child, kubectl, HTTPS, TAP output, waiting without sleeping for luck.

Only the standard library. GATEWATCH_BUILD names the build folder (default: build below the top of the repository).
"""
import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GATEWATCH_BUILD", TOP / "build")).resolve()


class Failed(Exception):
    """A condition that a test cannot go on without."""


def wait_for(condition, timeout=10.0, what="the condition", every=0.02):
    """Calls condition() until it is true and returns its value; raises Failed after timeout seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{what} did not come true within {timeout:g} s (last value: {value!r})")
        time.sleep(every)


class Tap:
    """Prints the Test Anything Protocol; the plan comes last. Use as: tap = Tap(); ...; sys.exit(tap.done())."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, detail=None):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good:
            self.failed += 1
            for line in str(detail if detail is not None else "").splitlines()[:60]:
                print(f"#   {line}", flush=True)
        return bool(good)

    def equal(self, got, expected, name):
        return self.ok(got == expected, name, f"got      {got!r}\nexpected {expected!r}")

    def contains(self, text, part, name):
        return self.ok(part in text, name, f"{part!r} is not in:\n{text}")

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def run(self, function, *args):
        """Runs one test function; an exception is a failure of its own, not the end of the program."""
        try:
            function(self, *args)
        except Exception as error:  # every failure becomes a line of TAP
            self.ok(False, f"{function.__name__} ends without an exception",
                    f"{error}\n{traceback.format_exc()}")

    def done(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Run:
    """A finished child."""

    def __init__(self, args, returncode, out, err):
        self.args, self.returncode, self.out, self.err = args, returncode, out, err

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"$ {' '.join(map(str, self.args))}\nexit {self.returncode}\n{self.out}\n{self.err}"


def run(args, env=None, input=None, timeout=60):
    child = subprocess.run([str(a) for a in args], env=env, input=input, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=timeout, errors="replace")
    return Run(args, child.returncode, child.stdout, child.stderr)


class Simulator:
    """gatewatch-sim as a child in a folder of its own; a context manager.

    with Simulator("reference", "--speed", "20") as sim:
        sim.kubectl("get", "pods"); sim.get("/api/v1/nodes"); sim.control("POST", "fault", "path=/nodes,status=503")
    """

    def __init__(self, scenario=None, *options, start_timeout=30):
        self.options = (["--scenario", scenario] if scenario else []) + [str(o) for o in options]
        self.start_timeout = start_timeout
        self.child = None

    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="gatewatch-sim."))
        self.dir = self.home / "out"
        self.log = open(self.home / "log", "w+")
        listen = [] if "--listen" in self.options else ["--listen", "127.0.0.1:0"]
        self.child = subprocess.Popen([BUILD / "gatewatch-sim", "--out", self.dir, *listen, *self.options],
                                      stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: (self.dir / "ready").exists() or self.child.poll() is not None, self.start_timeout,
                     "the simulator's ready file")
            if self.child.poll() is not None:
                raise Failed(f"gatewatch-sim ended with {self.child.returncode}: {self.output()}")
        except Failed:
            self.__exit__(None, None, None)
            raise
        self.base = (self.dir / "ready").read_text().strip()
        self.tls = ssl.create_default_context(cafile=str(self.dir / "ca.pem"))
        self.kubeconfig = self.dir / "kubeconfig"
        return self

    def __exit__(self, *unused):
        self.stop()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def stop(self):
        """SIGTERM; the exit code, or None when it had to be killed."""
        if self.child is None:
            return None
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                return None
        return self.child.returncode

    def output(self):
        self.log.flush()
        return (self.home / "log").read_text(errors="replace")

    # ---- what the env file says --------------------------------------------------------------------------------

    def exports(self):
        """The variables of DIR/env."""
        pairs = (line[len("export "):].split("=", 1) for line in (self.dir / "env").read_text().splitlines()
                 if line.startswith("export "))
        return {key: value.strip("'\"") for key, value in pairs}

    def env(self, **more):
        """An environment for a child: ours, with a home folder of its own and DIR/env."""
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(("AZURE_", "KUBE", "XDG_", "https_", "http_", "HTTPS_", "HTTP_"))}
        env.update(HOME=str(self.home), **self.exports())
        env.update({k: str(v) for k, v in more.items()})
        return env

    def token(self, user="platform-engineer"):
        """The static cluster token of a principal, from the kubeconfig."""
        lines = self.kubeconfig.read_text().splitlines()
        at = lines.index(f"- name: {user}")
        return lines[at + 1].split("token:")[1].strip(" }")

    # ---- HTTPS -------------------------------------------------------------------------------------------------

    def open(self, method, path, body=None, headers=None, user="platform-engineer", token=None, timeout=30):
        """The open response, for streams; raises urllib.error.HTTPError for 4xx and 5xx."""
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        if isinstance(data, str):
            data = data.encode()
        sent = {} if data is None else {"Content-Type": "application/json"}
        if token or user:
            sent["Authorization"] = "Bearer " + (token or self.token(user))
        sent.update(headers or {})
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=sent)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=self.tls))
        return opener.open(request, timeout=timeout)

    def http(self, method, path, body=None, **options):
        try:
            with self.open(method, path, body, **options) as response:
                return Reply(response.status, response.headers, response.read().decode(errors="replace"))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read().decode(errors="replace"))

    def get(self, path, **options):
        return self.http("GET", path, **options)

    def patch(self, path, body, kind="merge-patch+json", **options):
        return self.http("PATCH", path, body, headers={"Content-Type": "application/" + kind}, **options)

    def control(self, method, path, body=None):
        """The control door, /_sim/PATH (see src/sim/control.c)."""
        reply = self.http(method, "/_sim/" + path, body, user=None)
        if reply.status >= 400:
            raise Failed(f"{method} /_sim/{path}: {reply}")
        return reply.json()

    def requests(self, since=0):
        return self.control("GET", f"requests?since={since}")["requests"]

    def mark(self):
        """Where the request log stands, for requests(since=...)."""
        return self.control("GET", "requests?since=999999999999")["total"]

    def writes(self, since=0):
        """Requests that change something: no reads, no dry runs, no reviews, no tokens."""
        return [r for r in self.requests(since)
                if r["method"] not in ("GET", "HEAD") and "dryRun=All" not in r["query"]
                and "/self" not in r["path"] and "/oauth2/" not in r["path"]
                and not r["path"].lower().endswith(("/backendhealth", "/getbackendhealthondemand", "/health"))]

    def watch(self, path, user="platform-engineer", timeout=30):
        """Events of a watch as they come, as (type, object)."""
        with contextlib.closing(self.open("GET", path, user=user, timeout=timeout)) as response:
            for line in response:
                event = json.loads(line)
                yield event["type"], event["object"]

    # ---- kubectl -----------------------------------------------------------------------------------------------

    def kubectl(self, *args, context=None, input=None, timeout=60):
        more = ["--context", context] if context else []
        return run([kubectl_path(), *more, *args], env=self.env(), input=input, timeout=timeout)

    def spawn(self, args, **options):
        return subprocess.Popen([str(a) for a in args], env=self.env(), text=True, **options)


def kubectl_path():
    """The real kubectl, or None."""
    return os.environ.get("KUBECTL") or shutil.which("kubectl")


@functools.cache
def kubectl_minor():
    """The N of kubectl 1.N; 0 when there is none."""
    if not kubectl_path():
        return 0
    version = run([kubectl_path(), "version", "--client", "-o", "json"]).json()["clientVersion"]["gitVersion"]
    return int(version.split(".")[1])


def kubectl_since(minor):
    """Marks a test function that uses what kubectl can only since 1.MINOR (Debian 12 has 1.20)."""
    def mark(test):
        test.kubectl_since = minor
        return test
    return mark


def main(tests, needs_kubectl=False):
    """Runs the test functions (each gets a Tap) and exits; for `if __name__ == "__main__"`."""
    tap = Tap()
    for test in tests:
        since = getattr(test, "kubectl_since", 0)
        if (needs_kubectl or since) and not kubectl_path():
            tap.skip(test.__name__, "kubectl is not installed")
        elif since > kubectl_minor():
            tap.skip(test.__name__, f"needs kubectl 1.{since} or newer, this is 1.{kubectl_minor()}")
        else:
            tap.run(test)
    sys.exit(tap.done())
