#!/usr/bin/env python3
"""Builds and runs the tests of gatewatch, and counts.

    tests/run.py [GROUP...] [--only WORD] [--quick] [--jobs N] [--list] [--no-build]

Groups: build, unit, screens, e2e, lint; none means all. What is a test program:

    unit      tests/unit/test_*.c and tests/rules/test_*.c, in build/, build/asan/ and build/tsan/
    screens   tests/screens/test_*.c
    e2e       tests/e2e/test_*.py
    lint      every executable file in tests/lint/

Each prints TAP, version 12 (https://testanything.org/): a plan "1..N" first or last, "ok 1 - name", "not ok 2 - name",
"ok 3 # SKIP reason"; more than one plan is added up, as cmocka prints one per group. A program fails that prints no
plan, ends with other than 0 without a failed test, runs fewer tests than it planned, takes too long, leaves a process
behind, or makes a sanitizer report.

A test may say in a comment near its top how it wants to be run:

    run.py: timeout=300 modes=release,asan,tsan needs=apiserver,az alone

timeout (seconds, default 180), modes (default: unit and e2e release,asan,tsan; rules release,asan; screens release),
needs (things that are prepared in the background while other tests run), alone (with nothing else running).

A test finds in its environment:

    GATEWATCH_BUILD   folder with gatewatch and gatewatch-sim of the mode that is tested
    GATEWATCH_MODE    release, asan or tsan
    GATEWATCH_SLOW    by how much this mode is slower: 1, 2 or 4; multiply your time limits by it
    GATEWATCH_CACHE   where tests/real keeps what it built or installed
    GATEWATCH_ROOT    the source tree
    TMPDIR, HOME      empty folders of its own, removed afterwards
"""
import argparse
import concurrent.futures
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
LOGS = BUILD / "test-logs"
CACHE = pathlib.Path(os.environ.get("GATEWATCH_CACHE") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gatewatch-test")
GROUPS = ("build", "unit", "screens", "e2e", "lint")
SLOW = {"release": 1, "asan": 2, "tsan": 4}
DEFAULT_MODES = {"unit": "release,asan,tsan", "screens": "release", "e2e": "release,asan,tsan", "lint": "release"}
DEFAULT_TIMEOUT = 180
OUTPUT_LIMIT = 8 << 20

# Prepared in the background: what a test `needs`, the command, its time limit in seconds.
PREPARATIONS = {
    "apiserver": ([ROOT / "tests/real/apiserver", "build"], 1200),
    "az": ([ROOT / "tests/real/az", "install"], 240),
}

PR_SET_CHILD_SUBREAPER = 36
ADDR_NO_RANDOMIZE = 0x0040000
libc = ctypes.CDLL(None, use_errno=True)

running = {}                    # pid -> label, of everything started here and not yet over
running_lock = threading.Lock()
stopping = threading.Event()
say_lock = threading.Lock()


def say(text=""):
    with say_lock:
        print(text, flush=True)


class Test:
    """One program in one mode."""

    def __init__(self, group, source, mode, command, options):
        self.group, self.source, self.mode, self.command, self.options = group, source, mode, command, options
        stem = source.relative_to(ROOT / "tests").with_suffix("") if group != "lint" else f"lint/{source.name}"
        self.name = (f"{mode} " if mode != "release" else "") + str(stem)
        self.timeout = int(options.get("timeout", DEFAULT_TIMEOUT)) * SLOW[mode]
        self.needs = [n for n in options.get("needs", "").split(",") if n]
        self.alone = "alone" in options


class Result:
    def __init__(self, name):
        self.name = name
        self.passed, self.failed, self.skipped = [], [], []     # names; (name, why); (name, reason)
        self.output = ""
        self.seconds = 0.0

    def fail(self, what, why=""):
        self.failed.append((what, why))


def directives(source):
    """The "run.py:" comment near the top of a test."""
    options = {}
    try:
        head = source.read_text(errors="replace").splitlines()[:60]
    except OSError:
        return options
    for line in head:
        found = re.search(r"\brun\.py:\s*([a-z][\w=,. -]*)", line)
        if found:
            for word in found.group(1).split():
                key, _, value = word.partition("=")
                options[key] = value
            break
    return options


def discover():
    tests = []

    def add(group, source, command_of, default=None):
        options = directives(source)
        default = "release" if options.get("needs") else default or DEFAULT_MODES[group]
        for mode in options.get("modes", default).split(","):
            if mode not in SLOW:
                sys.exit(f"{source}: no such mode: {mode}")
            tests.append(Test(group, source, mode, command_of(mode), options))

    def binary(source):
        stem = source.relative_to(ROOT / "tests").with_suffix("")
        return lambda mode: [out_of(mode) / "tests" / stem]

    for source in sorted((ROOT / "tests/unit").glob("test_*.c")):
        add("unit", source, binary(source))
    for source in sorted((ROOT / "tests/rules").glob("test_*.c")):
        add("unit", source, binary(source), "release,asan")       # rules are pure: no thread, no race
    for source in sorted((ROOT / "tests/screens").glob("test_*.c")):
        # The test program itself is always the plain one; what it starts is of the mode.
        add("screens", source, lambda mode, b=binary(source): b("release"))
    for source in sorted((ROOT / "tests/e2e").glob("test_*.py")):
        add("e2e", source, lambda mode, s=source: [sys.executable, s])
    for source in sorted((ROOT / "tests/lint").glob("*")):
        if source.is_file() and os.access(source, os.X_OK):
            add("lint", source, lambda mode, s=source: [s])
    return tests


def out_of(mode):
    return BUILD if mode == "release" else BUILD / mode


def environment(test, folder, token):
    """A clean environment: what the developer has set must not change what a test sees."""
    keep = ("PATH", "LANG", "KUBEBUILDER_ASSETS", "GATEWATCH_REAL", "GATEWATCH_AZ", "CI", "LD_LIBRARY_PATH")
    env = {k: os.environ[k] for k in keep if k in os.environ}
    home = folder / "home"
    home.mkdir(mode=0o700)
    supp = ROOT / "tests/sanitizers"
    report = folder / "sanitizer"
    env.update(
        HOME=str(home), TMPDIR=str(folder), LC_ALL="C.UTF-8", TERM="xterm-256color", TZ="UTC",
        PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1",
        CMOCKA_MESSAGE_OUTPUT="TAP",
        GATEWATCH_BUILD=str(out_of(test.mode)), GATEWATCH_MODE=test.mode, GATEWATCH_SLOW=str(SLOW[test.mode]),
        GATEWATCH_CACHE=str(CACHE), GATEWATCH_ROOT=str(ROOT), GATEWATCH_TEST=token,
        ASAN_OPTIONS=f"detect_leaks=1:detect_stack_use_after_return=1:log_path={report}",
        UBSAN_OPTIONS=f"print_stacktrace=1:log_path={report}",
        LSAN_OPTIONS=f"suppressions={supp}/lsan.supp:print_suppressions=0",
        TSAN_OPTIONS=f"suppressions={supp}/tsan.supp:second_deadlock_stack=1:log_path={report}",
    )
    return env


def of_token(token):
    """Processes whose environment carries this test's token, but for zombies."""
    mark = f"GATEWATCH_TEST={token}\0".encode()
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as f:
                if mark not in f.read() + b"\0":
                    continue
            with open(f"/proc/{entry}/cmdline", "rb") as f:
                command = f.read().replace(b"\0", b" ").decode(errors="replace").strip()
            if command:
                found.append((int(entry), command))
        except OSError:
            continue
    return found


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        pass


def start(command, **more):
    """Popen in a session of its own, known to the signal handler."""
    with running_lock:
        process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, start_new_session=True, **more)
        running[process.pid] = process
    return process


def forget(process):
    with running_lock:
        running.pop(process.pid, None)


def fixed_addresses():
    # The sanitizers of gcc 12 do not know the memory layout of kernels that randomise 32 bits of it.
    libc.personality(ADDR_NO_RANDOMIZE)


def run_test(test):
    result = Result(test.name)
    if stopping.is_set():
        return result
    program = test.command[-1]
    if not pathlib.Path(program).exists():
        result.fail("(program)", f"{program} was not built")
        return result
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gw-test-"))
    token = folder.name
    log = LOGS / (test.name.replace("/", "_").replace(" ", "_") + ".log")
    began = time.monotonic()
    try:
        with open(log, "wb") as out:
            process = start(test.command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT,
                            env=environment(test, folder, token),
                            preexec_fn=fixed_addresses if test.mode != "release" else None)
            late = False
            try:
                status = process.wait(test.timeout)
            except subprocess.TimeoutExpired:
                late = True
                end_group(process)
                status = process.wait()
            forget(process)
        result.seconds = time.monotonic() - began
        with open(log, "rb") as f:
            result.output = f.read(OUTPUT_LIMIT).decode("utf-8", "replace")
        left = []
        if not late:
            # Those that are just ending get a moment.
            for _ in range(40):
                left = of_token(token)
                if not left:
                    break
                time.sleep(0.05)
        for pid, _ in of_token(token):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        reports = [r for r in sorted(folder.glob("sanitizer.*")) if r.stat().st_size]
        read_tap(result, status, late, test.timeout, bool(reports))
        for pid, command in left:
            result.fail("(left behind)", f"process {pid} still ran: {command[:200]}")
        told = set()
        for report in reports:
            text = report.read_text(errors="replace")
            place = tuple(re.findall(r"#[0-5] 0x\w+ (?:in )?(\S+)", text)[:6])
            if place in told:
                continue            # the same thing, from another process
            told.add(place)
            result.fail("(sanitizer)", first_line(text))
            result.output += f"\n--- sanitizer report {report.name}\n{text[:20000]}"
            with open(log, "a", encoding="utf-8") as f:
                f.write(f"\n--- sanitizer report {report.name}\n{text}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def first_line(text):
    for line in text.splitlines():
        if line.strip("= "):
            return line.strip()[:200]
    return ""


def read_tap(result, status, late, timeout, reported):
    planned, seen, plan = 0, 0, False
    for line in result.output.splitlines():
        found = re.match(r"1\.\.(\d+)\s*(?:#\s*(?:SKIP|skip)\S*\s*(.*))?$", line)
        if found:
            plan = True
            planned += int(found.group(1))
            if found.group(1) == "0":
                result.skipped.append(("(all)", found.group(2) or "no reason given"))
            continue
        found = re.match(r"(not )?ok\b\s*(\d*)\s*(?:-\s*)?(.*)$", line)
        if not found:
            continue
        seen += 1
        name, _, remark = found.group(3).partition("#")
        name, remark = name.strip(), remark.strip()
        if remark.upper().startswith("SKIP"):
            # cmocka puts the name after SKIP and has no reason.
            reason = remark[4:].strip(" :")
            result.skipped.append((name or reason, reason if name else "no reason given"))
        elif found.group(1):
            result.fail(name or f"test {seen}")
        else:
            result.passed.append(name)
    if late:
        result.fail("(time)", f"not over after {timeout} s; ended")
    elif status < 0:
        result.fail("(program)", f"ended by {signal.Signals(-status).name} after {seen} of {planned} tests")
    elif not plan:
        result.fail("(program)", f"printed no TAP plan; exit status {status}")
    elif seen < planned:
        result.fail("(program)", f"ran {seen} of {planned} tests; exit status {status}")
    elif seen > planned:
        result.fail("(program)", f"ran {seen} tests, planned {planned}")
    elif status != 0 and not result.failed and not reported:
        result.fail("(program)", f"exit status {status} without a failed test")


def show(result):
    parts = [f"{len(result.passed)} passed"]
    if result.failed:
        parts.append(f"{len(result.failed)} FAILED")
    if result.skipped:
        parts.append(f"{len(result.skipped)} skipped")
    sign = "FAIL" if result.failed else "skip" if not result.passed else "ok"
    say(f"{sign:4} {result.name}: {', '.join(parts)} ({result.seconds:.1f} s)")
    if result.failed:
        for name, why in result.failed:
            say(f"       not ok: {name}{': ' + why if why else ''}")
        lines = result.output.splitlines()
        bad = [i for i, line in enumerate(lines) if line.startswith("not ok")]
        shown = set() if bad else set(range(max(0, len(lines) - 40), len(lines)))
        for i in bad[:10]:
            shown.update(range(max(0, i - 6), min(len(lines), i + 25)))
        before = -1
        for i in sorted(shown)[:120]:
            if i != before + 1:
                say("     | ...")
            say(f"     | {lines[i][:300]}")
            before = i


def build(label, arguments, strict=True):
    """make, as a test of its own. What does not depend on an error is built all the same (-k), so that its tests run. Strict makes
    warnings errors: what gcc warns of when it instruments for a sanitizer is too often not so."""
    result = Result(f"build {label}")
    began = time.monotonic()
    command = ["make", "--no-print-directory", "-s", "-k", f"-j{os.cpu_count() or 2}",
               f"WERROR={'1' if strict else ''}", *arguments]
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MODE")}
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT, env=env, text=True,
                    errors="replace")
    result.output, _ = process.communicate()
    forget(process)
    result.seconds = time.monotonic() - began
    if process.returncode == 0 and not (strict and "warning:" in result.output):
        result.passed.append(label)
    else:
        result.fail(label, f"make {' '.join(arguments)} ended with {process.returncode}")
    show(result)
    return result


class Preparation:
    """Something slow that tests need, made in the background."""

    def __init__(self, name):
        self.name = name
        self.command, self.limit = PREPARATIONS[name]
        self.began = time.monotonic()
        self.log = LOGS / f"prepare_{name}.log"
        self.process = None
        if self.command[0].exists():
            with open(self.log, "wb") as out:
                self.process = start(["nice", "-n", "10", *self.command], stdout=out, stderr=subprocess.STDOUT, cwd=ROOT)

    def wait(self):
        if not self.process:
            return
        try:
            self.process.wait(max(1, self.limit - (time.monotonic() - self.began)))
            text = self.log.read_text(errors="replace").strip()
            last = text.splitlines()[-1] if text else ""
            how = "ready" if self.process.returncode == 0 else "not to be had"
            say(f"     {self.name}: {how}" + (f": {last[:200]}" if self.process.returncode else ""))
        except subprocess.TimeoutExpired:
            end_group(self.process)
            self.process.wait()
            say(f"     {self.name}: not ready after {self.limit} s; the tests that need it say so")
        forget(self.process)


def interrupted(number, _frame):
    stopping.set()
    with running_lock:
        for process in running.values():
            end_group(process)
    sys.stderr.write(f"\nstopped by {signal.Signals(number).name}\n")
    os._exit(130)


def run_all(tests, jobs, preparations):
    results = []

    def several(batch, workers):
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(run_test, t) for t in batch]
            for future in concurrent.futures.as_completed(futures):
                result = future.result()
                results.append(result)
                show(result)

    # The long ones first, so that no core is idle at the end.
    order = ("e2e", "screens", "unit", "lint")
    several(sorted((t for t in tests if not t.alone and not t.needs), key=lambda t: order.index(t.group)), jobs)
    for preparation in preparations:
        preparation.wait()
    several([t for t in tests if not t.alone and t.needs], jobs)
    several([t for t in tests if t.alone], 1)
    return results


def children():
    """Processes whose parent we are: (pid, is a zombie, command)."""
    found = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as f:
                pids = [int(p) for p in f.read().split()]
        except OSError:
            continue
        for pid in pids:
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                    zombie = f.read().rpartition(")")[2].split()[0] == "Z"
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    found.append((pid, zombie, f.read().replace(b"\0", b" ").decode(errors="replace").strip()))
            except OSError:
                continue
    return found


def adopt():
    """Grandchildren whose parent has ended come to us; the dead ones are let go, as init would."""
    while not stopping.wait(0.1):
        with running_lock:
            ours = set(running)
        for pid, zombie, _ in children():
            if zombie and pid not in ours:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except OSError:
                    pass


def orphans():
    """Children that no test started itself: what outlived its test and hid its environment from us."""
    return [(pid, command) for pid, zombie, command in children() if not zombie]


def summary(results, began):
    skipped = {}
    for result in results:
        for name, reason in result.skipped:
            skipped.setdefault(reason, []).append(f"{result.name}: {name}")
    if skipped:
        say("\nskipped:")
        for reason, names in sorted(skipped.items()):
            say(f"  {len(names):3} {reason}")
            for name in names[:3]:
                say(f"        {name}")
            if len(names) > 3:
                say(f"        and {len(names) - 3} more")
    slow = sorted(results, key=lambda r: -r.seconds)[:8]
    say("\nslowest: " + ", ".join(f"{r.name} {r.seconds:.0f} s" for r in slow if r.seconds >= 1))
    bad = [r for r in results if r.failed]
    if bad:
        say(f"\nfailed (whole output in {LOGS.relative_to(ROOT) if LOGS.is_relative_to(ROOT) else LOGS}/):")
        for result in bad:
            for name, why in result.failed:
                say(f"  {result.name}: {name}{': ' + why if why else ''}")
    passed, failed, left_out = (sum(len(getattr(r, k)) for r in results) for k in ("passed", "failed", "skipped"))
    say(f"\n{len(results)} programs in {time.monotonic() - began:.0f} s")
    say(f"{passed} passed, {failed} failed, {left_out} skipped")
    return 0 if (passed or left_out) and not failed else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--only", default="", help="only tests whose name holds this")
    parser.add_argument("--quick", action="store_true", help="no sanitizers, no second compiler, nothing that is prepared")
    parser.add_argument("--jobs", type=int, default=2, help="tests at a time (2)")
    parser.add_argument("--list", action="store_true", help="list the test programs and stop")
    parser.add_argument("--no-build", action="store_true", help="run what is built")
    options = parser.parse_args()
    groups = options.groups or list(GROUPS)
    for group in groups:
        if group not in GROUPS:
            parser.error(f"no such group: {group}")

    tests = [t for t in discover() if t.group in groups and options.only in t.name]
    if options.quick:
        tests = [t for t in tests if t.mode == "release" and not t.needs]
    if options.list:
        for test in tests:
            print(test.name)
        return 0

    began = time.monotonic()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    threading.Thread(target=adopt, daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)

    needed = sorted({n for t in tests for n in t.needs})
    preparations = [Preparation(n) for n in needed if n in PREPARATIONS]

    results = []
    if not options.no_build:
        everything = "build" in groups and not options.only and not options.quick
        if everything or any(t.group != "lint" for t in tests):
            results.append(build("gcc", ["all", "unit", "screens"]))
        for mode in ("asan", "tsan"):
            if any(t.mode == mode for t in tests):
                programs = [os.path.relpath(t.command[0], ROOT) for t in tests if t.mode == mode and t.group == "unit"]
                results.append(build(f"gcc {mode}", [f"MODE={mode}", "all", *programs], strict=False))
        if everything:
            results.append(build("clang", ["MODE=clang", "objects"]))

    results += run_all(tests, options.jobs, preparations)

    left = orphans()
    if left:
        result = Result("processes")
        for pid, command in left:
            result.fail("(left behind)", f"process {pid}: {command[:200]}")
            os.kill(pid, signal.SIGKILL)
        show(result)
        results.append(result)
    return summary(results, began)


if __name__ == "__main__":
    sys.exit(main())
