#!/usr/bin/env python3
"""Measures the budgets of the design (section 9), each beside a floor or a peer taken in the same run.

    tests/bench/run.py [--only WORD] [--quick] [--strict]

Figures depend on the machine and on what else it does; the floor says how much of a figure is the machine's. --quick takes
fewer samples and no large environments; --strict ends with 1 when a budget is missed.
"""
import argparse
import fcntl
import json
import os
import pathlib
import pty
import resource
import select
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from harness import BUILD, Simulator  # noqa: E402

GATEWATCH = BUILD / "gatewatch"
rows = []
options = None


def report(name, measured, unit, budget=None, floor=None, floor_name=""):
    """One line: the figure, the budget, and the floor or peer with the ratio to it."""
    good = budget is None or measured <= budget
    beside = f"{floor:.4g} {unit} {floor_name} (x{measured / floor:.1f})" if floor else ""
    allowed = f"<= {budget:g} {unit}" if budget is not None else ""
    print(f"{'ok  ' if good else 'OVER'} {name:44} {measured:10.4g} {unit:6} {allowed:16} {beside}", flush=True)
    rows.append({"name": name, "measured": measured, "unit": unit, "budget": budget, "floor": floor, "good": good})


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Terminal:
    """A program in a pseudo-terminal whose output is timed and thrown away."""

    def __init__(self, command, env=None, rows=40, cols=120):
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
            os.execvpe(str(command[0]), [str(c) for c in command], {**(env or os.environ), "TERM": "xterm-256color"})
        os.set_blocking(self.fd, False)
        self.bytes = 0
        self.seen = b""

    def read(self, seconds):
        """Reads once; when it came, or None."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return None
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return None
        self.bytes += len(data)
        self.seen = (self.seen + data)[-(1 << 20):]
        return time.perf_counter()

    def quiet(self, seconds, limit=30):
        """Reads until nothing came for that long."""
        end = time.perf_counter() + limit
        while time.perf_counter() < end and self.read(seconds) is not None:
            pass

    def during(self, seconds):
        """Bytes printed in that time."""
        before, end = self.bytes, time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)
        return self.bytes - before

    def until(self, text, limit=60):
        end = time.perf_counter() + limit
        while text not in self.seen:
            if time.perf_counter() > end:
                raise TimeoutError(f"{text!r} did not come")
            self.read(0.05)
        return time.perf_counter() - self.began

    def key(self, bytes_):
        """Seconds from the key to the first byte that answers it; None when nothing did."""
        while self.read(0) is not None:
            pass
        sent = time.perf_counter()
        os.write(self.fd, bytes_)
        came = self.read(1.0)
        return came - sent if came else None

    def status(self, field):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        return 0

    def cpu(self):
        """Seconds of processor time so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as f:
            after = f.read().rpartition(")")[2].split()
        return (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")

    def wakeups(self):
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/status", encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
        return total

    def close(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except OSError:
            pass
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def dashboard(sim, *more, **size):
    return Terminal([GATEWATCH, "--config", sim.dir / "config.yaml", *more], sim.env(TERM="xterm-256color"), **size)


def settled(sim, *more, **size):
    """A dashboard that has all its data: nothing was printed for two seconds, but for a clock."""
    terminal = dashboard(sim, *more, **size)
    end = time.perf_counter() + 90
    last = -1
    while time.perf_counter() < end:
        terminal.during(2)
        asked = len(sim.requests())
        if asked == last and terminal.bytes > 0:
            break
        last = asked
    return terminal


def size_of(routes):
    return ("tenants", "--tenants", max(1, routes // 20), "--routes", routes)


class Silent:
    """Listens, accepts, and never answers: every connection hangs."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.folder = tempfile.TemporaryDirectory(prefix="gw-silent.")
        port = self.socket.getsockname()[1]
        self.dir = pathlib.Path(self.folder.name)
        url = f"https://127.0.0.1:{port}"
        cluster = {"name": "c", "cluster": {"server": url, "insecure-skip-tls-verify": True}}
        (self.dir / "kubeconfig").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c", "clusters": [cluster],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {"token": "t"}}]}))
        (self.dir / "config.yaml").write_text(
            f"cloud: lab\nclouds:\n  lab: {{arm: '{url}', authority: '{url}', audience: '{url}'}}\n"
            f"credential: environment\nkubeconfig: {self.dir}/kubeconfig\n")
        return self

    def env(self, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AZURE_", "KUBE", "XDG_"))}
        return {**env, "HOME": self.folder.name, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c",
                "AZURE_CLIENT_SECRET": "s", **more}

    def __exit__(self, *_):
        self.socket.close()
        self.folder.cleanup()


# ---- what is measured --------------------------------------------------------------------------------------------------


def first_frame():
    samples = 5 if options.quick else 20

    def first_bytes(command, env, text=b""):
        with Terminal(command, env) as terminal:
            came = None
            while came is None or text not in terminal.seen:
                came = terminal.read(5)
            return (came - terminal.began) * 1000

    with Silent() as silent:
        command = [GATEWATCH, "--config", silent.dir / "config.yaml"]
        ours = [first_bytes(command, silent.env(), b"Overview") for _ in range(samples)]
    floor = [first_bytes(["tput", "smcup"], os.environ) for _ in range(samples)]
    report("first frame, while every connection hangs", statistics.median(ours), "ms", 30, statistics.median(floor),
           "tput smcup")


def complete_data():
    """Two round trips and the slowest server: discovery or token, then everything at once."""
    for latency in (0, 200):
        # A fast clock: what Azure takes over its long-running operations is not ours to measure.
        with Simulator("reference", "--latency", latency, "--speed", 50) as sim:
            command = [GATEWATCH, "--config", sim.dir / "config.yaml", "status", "-o", "json"]
            ours, floor = [], []
            for _ in range(3 if options.quick else 7):
                began = time.perf_counter()
                subprocess.run([str(c) for c in command], env=sim.env(), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, timeout=120)
                ours.append((time.perf_counter() - began) * 1000)
                began = time.perf_counter()
                sim.get("/api/v1/services")
                floor.append((time.perf_counter() - began) * 1000)
            report(f"complete data, {latency} ms latency", statistics.median(ours), "ms", None, statistics.median(floor),
                   "one HTTPS request")


def memory():
    with Silent() as silent, Terminal([GATEWATCH, "--config", silent.dir / "config.yaml"], silent.env()) as empty:
        empty.quiet(1, 5)
        floor = empty.status("VmRSS") / 1024
    for routes, budget in ((1000, 16),) if options.quick else ((1000, 16), (10000, 32)):
        with Simulator(*size_of(routes)) as sim, settled(sim) as terminal:
            report(f"memory at {routes} routes", terminal.status("VmRSS") / 1024, "MB", budget, floor, "without data")
            report(f"peak at {routes} routes", terminal.status("VmHWM") / 1024, "MB", 48)


def idle():
    seconds = 5 if options.quick else 20
    with Simulator("reference") as sim, settled(sim, "--refresh", "3600") as terminal:
        cpu, wakeups = terminal.cpu(), terminal.wakeups()
        printed = terminal.during(seconds)
        report("idle processor use", (terminal.cpu() - cpu) / seconds * 100, "%", 0.1)
        report("idle wake-ups", (terminal.wakeups() - wakeups) / seconds, "/s", 4)
        report("idle terminal bytes", printed / seconds, "B/s", 20)


def keys():
    routes = 1000 if options.quick else 10000
    samples = 50 if options.quick else 300

    def measure(terminal):
        terminal.key(b"4")
        terminal.quiet(0.3, 5)
        times, before, moves = [], terminal.bytes, 0
        for i in range(samples):
            took = terminal.key(b"j" if i % 40 < 20 else b"k")
            if took is not None:
                times.append(took * 1000)
            terminal.read(0.01)
            moves += 1
        return times, (terminal.bytes - before) / moves

    with Terminal(["cat"]) as echo:
        time.sleep(0.2)
        floor = percentile([t * 1000 for t in (echo.key(b"x") for _ in range(samples)) if t], 0.99)
    with Simulator(*size_of(routes)) as sim:
        with settled(sim) as terminal:
            times, each = measure(terminal)
            report(f"key to screen p99, {routes} routes", percentile(times, 0.99), "ms", 5, floor, "echo of cat")
            report("terminal bytes of a cursor move", each, "B", 500)
            stop = threading.Event()
            feeder = threading.Thread(target=churn, args=(sim, stop), daemon=True)
            feeder.start()
            times, _ = measure(terminal)
            stop.set()
            feeder.join()
            report(f"key to screen p99, {routes} routes, events", percentile(times, 0.99), "ms", 5, floor, "echo of cat")
    with Silent() as silent:
        with Terminal([GATEWATCH, "--config", silent.dir / "config.yaml"], silent.env()) as terminal:
            terminal.quiet(0.5, 5)
            times = [t * 1000 for t in (terminal.key(b"246"[i % 3:i % 3 + 1]) for i in range(samples)) if t]
            report("key to screen p99, every connection hangs", percentile(times, 0.99), "ms", 5, floor, "echo of cat")


def churn(sim, stop):
    """Changes a Service's annotation as fast as the simulator takes it."""
    number = 0
    services = sim.get("/api/v1/services?limit=50").json()["items"]
    while not stop.is_set():
        service = services[number % len(services)]["metadata"]
        number += 1
        sim.patch(f"/api/v1/namespaces/{service['namespace']}/services/{service['name']}",
                  {"metadata": {"annotations": {"bench": str(number)}}})


def load():
    with Simulator("reference") as sim, settled(sim, "--refresh", "3600"):
        lists, watches = {}, {}
        for r in sim.requests():
            if r["method"] != "GET" or not r["path"].startswith("/api") or r["path"].count("/") < 3:
                continue
            # Pods are asked for in parts: those of gateways, of ztunnel, of routes.
            part = " ".join(q for q in r["query"].split("&") if "Selector=" in q)
            into = watches if "watch=" in r["query"] else lists
            key = f"{r['path']} {part}"
            into[key] = into.get(key, 0) + 1
        for name, asked in (("LISTs", lists), ("WATCHes", watches)):
            most = max(asked, key=asked.get, default="none")
            report(f"most {name} of one kind at start", asked.get(most, 0), "", 1)
            print(f"       of {most}")
        arm = [r for r in sim.requests() if r["path"].startswith("/subscriptions")]
        report("requests to Azure at start", len(arm), "")


BENCHES = (first_frame, complete_data, memory, idle, keys, load)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    broken = 0
    for bench in BENCHES:
        if options.only not in bench.__name__:
            continue
        try:
            bench()
        except Exception as why:      # one that cannot be measured does not take the others with it
            broken += 1
            print(f"FAIL {bench.__name__}: {type(why).__name__}: {why}", flush=True)
    over = sum(not r["good"] for r in rows)
    print(f"{len(rows)} figures, {over} over budget, {broken} not measured")
    (BUILD / "bench.json").write_text(json.dumps(rows, indent=1))
    return 1 if broken or (options.strict and over) else 0


if __name__ == "__main__":
    sys.exit(main())
