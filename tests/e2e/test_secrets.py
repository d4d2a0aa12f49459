#!/usr/bin/env python3
"""Secrets stay where they belong: recognisable ones are planted everywhere, everything gatewatch leaves behind is searched.

Standard output and error, the log at its most talkative, the journal, the command line and the environment of the process,
error objects, core files. And they go only to the host they were issued for.
"""
import base64
import json
import os
import re

from gatewatch import SLOW, Gatewatch, hurry, main
from harness import Simulator, wait_for

WORD = "hunter2-planted"


def certificate_words(sim):
    """The client key of the kubeconfig, as it stands there and as PEM lines."""
    data = re.search(r"client-key-data: (\S+)", sim.kubeconfig.read_text()).group(1)
    pem = base64.b64decode(data).decode()
    return [data[:60], *[line for line in pem.splitlines() if not line.startswith("-")][:2]]


def bearer_tokens(sim):
    return re.findall(r"token: (sim\.[\w.-]+)", sim.kubeconfig.read_text())


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def search(tap, name, secrets, texts):
    """texts: (where, text). A secret that is found is a failure that names the place, not the secret."""
    found = [f"{where}: secret number {i}" for where, text in texts for i, secret in enumerate(secrets) if secret and secret in text]
    tap.ok(secrets and not found, name, "\n".join(found) or "no secrets were planted")


def artefacts(gatewatch, log, runs):
    texts = [(f"{' '.join(r.args[1:])}: stdout", r.out) for r in runs] + [(f"{' '.join(r.args[1:])}: stderr", r.err) for r in runs]
    texts += [(str(path), path.read_text(errors="replace")) for path in files_below(gatewatch.home) if path.name not in
              ("kc", "config.yaml", "key.pem")]
    return texts + ([("log", log.read_text(errors="replace"))] if log.exists() else [])


class world(Simulator):
    def __enter__(self):
        return hurry(super().__enter__())


COMMANDS = (("status",), ("status", "-o", "json"), ("check",), ("check", "-o", "json"), ("check", "-o", "prom"), ("doctor",),
            ("doctor", "-o", "json"), ("fix", "health-route", "--dry-run"), ("fix", "traffic-policy", "--yes", "-o", "json"),
            ("fix", "log"), ("fix", "undo", "--yes"), ("help",))


def when_all_is_well(tap):
    with world("reference", "--speed", "60") as sim:
        gatewatch = Gatewatch(sim)
        log = gatewatch.home / "gatewatch.log"
        debug = dict(GATEWATCH_LOG_FILE=log, GATEWATCH_LOG_LEVEL="debug")
        runs = [gatewatch(*args, **debug) for args in COMMANDS]
        runs.append(gatewatch("status", "--context", "certificate", **debug))
        runs.append(gatewatch("status", "--context", "exec", **debug))
        secrets = ["platform-engineer-secret", *bearer_tokens(sim), *certificate_words(sim)]
        issued = [r.get("query", "") for r in sim.requests()]
        tap.equal([q for q in issued if "secret" in q.lower()], [], "no secret in a query")
        tap.ok(log.exists() and "http" in log.read_text(), "the log speaks of requests")
        tap.ok("Authorization" not in log.read_text() and "Bearer" not in log.read_text(), "but not of Authorization")
        search(tap, "nothing of client secret, tokens and keys in what is left behind", secrets, artefacts(gatewatch, log, runs))
        jwt = re.compile(r"eyJ[\w-]{10,}\.eyJ")
        tap.equal([where for where, text in artefacts(gatewatch, log, runs) if jwt.search(text)], [], "and no JSON web token")
        tap.equal([where for where, text in artefacts(gatewatch, log, runs) if re.search(r"[?&](t|c|s|h)=[^&\s]{8,}", text)], [],
                  "and no signed Location of a long-running operation")


def when_it_fails(tap):
    with world("reference", "--speed", "60") as sim:
        gatewatch = Gatewatch(sim)
        log = gatewatch.home / "gatewatch.log"
        debug = dict(GATEWATCH_LOG_FILE=log, GATEWATCH_LOG_LEVEL="debug")
        token = sim.token()
        text = sim.kubeconfig.read_text()
        planted = [f"{WORD}-{i}" for i in range(8)]
        kc = gatewatch.home / "kc"
        runs = []

        def run_with(content, *args, **env):
            kc.write_text(content)
            runs.append(gatewatch(*(args or ("status", "-o", "json")), "--kubeconfig", kc, **debug, **env))

        runs.append(gatewatch("status", AZURE_CLIENT_SECRET=planted[0], **debug))
        run_with(text.replace(token, planted[1]))
        run_with(text.replace(f"token: {token}", f"username: admin, password: {planted[2]}"))
        run_with(text.replace(f"token: {token}", f'token: "{planted[3]}\\nX-Evil: 1"'))
        run_with(text.replace(f"token: {token}", f"token: !{planted[4]}"))
        run_with(text.replace(f"token: {token}", f"token: [{planted[5]}"))
        run_with(text.replace("cluster:\n    server:", f"cluster:\n    proxy-url: http://user:{planted[6]}@127.0.0.1:9\n    server:"))
        runs.append(gatewatch("status", HTTPS_PROXY=f"http://user:{planted[7]}@127.0.0.1:9", NO_PROXY="", **debug))
        tap.equal([r.returncode for r in runs if r.returncode < 0], [], "no run ends by a signal")
        search(tap, "planted secrets are in no message, log or error object", planted, artefacts(gatewatch, log, runs))
        result = gatewatch("status", "--kubeconfig", f"/nonexistent/{WORD}")
        tap.contains(result.err, WORD, "the search would see it: a word that may be shown is found")


def in_the_process(tap):
    with world("reference", "--speed", "60") as sim:
        gatewatch = Gatewatch(sim)
        sim.control("POST", "fault", "path=backendhealth,hang=1")
        mark = sim.mark()
        child = gatewatch.spawn("status")
        try:
            wait_for(lambda: any(r["path"].endswith("/nodes") for r in sim.requests(mark)), 20 * SLOW, "requests of the child")
            line = open(f"/proc/{child.pid}/cmdline", "rb").read()
            tap.ok(b"secret" not in line and b"sim." not in line, "nothing on the command line", line)
            limits = open(f"/proc/{child.pid}/limits").read()
            core = next(row for row in limits.splitlines() if row.startswith("Max core file size"))
            owner = os.stat(f"/proc/{child.pid}/mem").st_uid
            tap.ok(core.split()[4] == "0" or owner == 0, "no core file is written", core)
        finally:
            child.kill()
            child.communicate()


def only_to_their_host(tap):
    """A long-running operation that points elsewhere: the token does not follow (design 10)."""
    with world("healthy", "--speed", "60") as sim, world("healthy") as other:
        gatewatch = Gatewatch(sim)
        sim.control("POST", "fault", f"path=applicationGateways?,status=200,body={{\"value\":[]\\,\"nextLink\":\"{other.base}/steal\"}}")
        mark = other.mark()
        result = gatewatch("status", "-o", "json")
        tap.equal(other.requests(mark), [], "a nextLink to another host is not followed")
        tap.ok(other.base.split("//")[1] in result.err + result.out or "host" in result.err, "and that is said", result.err)
        sources = {s["name"]: s["state"] for s in json.loads(result.out)["sources"]}
        tap.equal(sources.get("httproutes"), "live", "the cluster is shown all the same")


if __name__ == "__main__":
    main([when_all_is_well, when_it_fails, in_the_process, only_to_their_host])
