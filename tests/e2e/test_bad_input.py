#!/usr/bin/env python3
"""Bad input ends with one clear sentence, its remedy, and the exit code of the contract; with -o json also as an error object.

What is usable is used: with one half of the world unusable, the other is still shown.
"""
import json
import os
import socket
import subprocess

from gatewatch import CRITICAL, ERROR, OK, UNKNOWN, USAGE, Gatewatch, differences, hurry, main
from arm import GATEWAY as AZURE_GATEWAY
from harness import Simulator

NOTHING = dict(AZURE_TENANT_ID=None, AZURE_CLIENT_ID=None, AZURE_CLIENT_SECRET=None, PATH="/nonexistent")


def refused(tap, gatewatch, args, code, words, name, **env):
    """The run ends with the code; the sentence is on standard error, has a remedy, and stands as JSON on standard output."""
    result = gatewatch(*args, **env)
    lines = [line for line in result.err.splitlines() if line.startswith("gatewatch: ")]
    tap.equal(result.returncode, code, f"{name}: ends with {code}")
    tap.ok(len(lines) == len(result.err.splitlines()) == 2 and lines[1].startswith("gatewatch: remedy: ") and not result.out,
           f"{name}: one sentence and one remedy", result)
    tap.ok(all(word in result.err for word in words), f"{name}: which names {', '.join(words)}", result)
    result = gatewatch(*args, "-o", "json", **env)
    try:
        answer = json.loads(result.out)
        found = differences(answer, ERROR) or ([] if answer["error"]["remedy"] else ["the remedy is empty"])
    except ValueError:
        found = ["no JSON: " + result.out]
    tap.ok(result.returncode == code and not found, f"{name}: -o json has the error object", f"{found}\n{result}")


def written(gatewatch, name, text):
    path = gatewatch.home / name
    path.write_text(text)
    return path


def configuration(tap):
    with Simulator("healthy") as sim:
        mark = sim.mark()
        good = (sim.dir / "config.yaml").read_text()
        for name, text, words in (
                ("an unknown key", good + "refersh: 5\n", ("config.yaml:", "refersh", "refresh")),
                ("a value of the wrong type", good + "refresh: soon\n", ("config.yaml:", "refresh", "whole number")),
                ("broken YAML", good + "protected: ['*prod*'\n", ("config.yaml:",)),
                ("a tab for indentation", good + "responder:\n\tservice: x\n", ("config.yaml:",)),
                ("an unknown credential", good.replace("credential: environment", "credential: magic"), ("config.yaml:", "magic")),
                ("an unknown cloud", good.replace("cloud: lab", "cloud: lap"), ("lap", "lab"))):
            refused(tap, Gatewatch(sim, config=text), ("check",), USAGE, words, name)
        gatewatch = Gatewatch(sim)
        refused(tap, gatewatch, ("check", "--config", "/nonexistent/c.yaml"), USAGE, ("/nonexistent/c.yaml",), "no configuration file")
        refused(tap, gatewatch, ("check", "--app-gateway", "appgw"), USAGE, ("appgw", "/subscriptions/"), "a gateway that is no id")
        refused(tap, gatewatch, ("check", "--log-file", "/nonexistent/log"), USAGE, ("/nonexistent/log",), "a log file that cannot be")
        tap.equal(sim.requests(mark), [], "none of these asks anything of the network")


def kubeconfig(tap):
    with Simulator("healthy") as sim:
        gatewatch = Gatewatch(sim)
        text = sim.kubeconfig.read_text()
        mark = sim.mark()
        refused(tap, gatewatch, ("check", "--kubeconfig", "/nonexistent/kc"), USAGE, ("/nonexistent/kc",), "no kubeconfig")
        for name, content, words in (
                ("kubeconfig: broken YAML", text.replace("clusters:", "clusters: ["), ("kc:",)),
                ("kubeconfig: not a mapping", "- a\n- b\n", ("kc:", "mapping")),
                ("kubeconfig: clusters is no list", text.replace("clusters:\n- name: aks-mtkc-poc\n  cluster:", "clusters:\n  cluster:"),
                 ("kc:", "clusters")),
                ("kubeconfig: a cluster that is not there", text.replace("context: {cluster: aks-mtkc-poc", "context: {cluster: gone"),
                 ("gone",)),
                ("kubeconfig: a user that is not there", text.replace("user: platform-engineer}}", "user: gone}}"), ("gone",)),
                ("kubeconfig: no certificate behind the data", text.replace("certificate-authority-data: ", "certificate-authority-data: xyz&"),
                 ("certificate-authority-data",))):
            path = written(gatewatch, "kc", content)
            refused(tap, gatewatch, ("check", "--kubeconfig", path), USAGE, words, name)
        refused(tap, gatewatch, ("check", "--context", "nope"), USAGE, ("nope", "platform-engineer"), "an unknown context")
        tap.equal([r for r in sim.requests(mark) if r["path"].startswith(("/api", "/apis"))], [], "no cluster is asked")


def no_credentials(tap):
    with hurry_world("reference") as sim:
        auto = (sim.dir / "config.yaml").read_text().replace("credential: environment", "credential: auto")
        gatewatch = Gatewatch(sim, config=auto)
        result = gatewatch("status", **NOTHING)
        said = " ".join(result.err.split())
        for credential in ("environment", "workload", "managed", "azure-cli"):
            tap.contains(said.lower().replace("azure cli", "azure-cli"), credential, f"no credentials: {credential} was tried, and why it failed is said")
        tap.ok(result.returncode == OK and "mtkc-gateway" in result.out, "no credentials: the cluster is shown all the same", result)
        code, check = gatewatch.json("check", **NOTHING)
        tap.ok(code in (CRITICAL, UNKNOWN) and check["verdict"] != "healthy", "no credentials: never healthy", check["verdict"])
        result = Gatewatch(sim)("status", AZURE_CLIENT_SECRET="wrong")
        tap.ok("AADSTS7000215" in result.err or "invalid_client" in result.err, "a wrong secret: in the words of the authority", result)
        wrong = sim.kubeconfig.read_text().replace(sim.token(), "sim.nobody-knows")
        result = gatewatch("status", "--app-gateway", AZURE_GATEWAY, "--config", sim.dir / "config.yaml", "--kubeconfig",
                           written(gatewatch, "kc", wrong))
        tap.ok("401" in result.err and result.returncode == OK, "a wrong cluster token: said, and Azure is still shown", result.err)


class hurry_world(Simulator):
    def __enter__(self):
        return hurry(super().__enter__())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def unreachable(tap):
    with hurry_world("healthy") as sim:
        gatewatch = Gatewatch(sim)
        port = sim.base.rsplit(":", 1)[1]
        closed = free_port()
        kc = written(gatewatch, "kc", sim.kubeconfig.read_text().replace(f"127.0.0.1:{port}", f"127.0.0.1:{closed}"))
        both = written(gatewatch, "both.yaml", (sim.dir / "config.yaml").read_text().replace(f"127.0.0.1:{port}", f"127.0.0.1:{closed}"))
        refused(tap, gatewatch, ("status", "--config", both, "--kubeconfig", kc, "--timeout", "2"), UNKNOWN, (f"127.0.0.1:{closed}", "refused"),
                "nothing listens")
        result = gatewatch("status", "--kubeconfig", kc, "--timeout", "2", "--app-gateway", AZURE_GATEWAY)
        tap.ok(result.returncode == OK and "10.0.1.50" in result.out and f"127.0.0.1:{closed}" in result.err,
               "only the cluster is unreachable: Azure's half is shown", result)
        result = gatewatch("check", "--kubeconfig", kc, "--timeout", "2")
        tap.equal(result.returncode, UNKNOWN, "and check could not tell")
        kc = written(gatewatch, "kc", sim.kubeconfig.read_text().replace(f"127.0.0.1:{port}", f"no-such-host.invalid:{port}"))
        result = gatewatch("status", "--kubeconfig", kc, "--timeout", "2")
        tap.ok("no-such-host.invalid" in result.err, "a name that does not resolve is named", result)


def certificates(tap):
    with hurry_world("healthy") as sim, Simulator("healthy") as other:
        gatewatch = Gatewatch(sim)
        strange = (other.dir / "ca.pem").read_text()
        ca = written(gatewatch, "other.pem", strange)
        kc = sim.kubeconfig.read_text().splitlines()
        kc = written(gatewatch, "kc", "\n".join(f"    certificate-authority: {ca}" if "certificate-authority-data" in line else line
                                                for line in kc) + "\n")
        config = written(gatewatch, "other.yaml", (sim.dir / "config.yaml").read_text().replace(str(sim.dir / "ca.pem"), str(ca)))
        mark = sim.mark()
        refused(tap, gatewatch, ("status", "--config", config, "--kubeconfig", kc), UNKNOWN, ("certificate",),
                "a certificate that does not verify")
        tap.equal(sim.requests(mark), [], "not one request, and no token, goes to a host that cannot prove its name")
        tap.equal(gatewatch("status", "--config", written(gatewatch, "noca.yaml", (sim.dir / "config.yaml").read_text().replace(
            "ca.pem", "absent.pem"))).returncode, USAGE, "a CA file that is not there is an error of the configuration")


def absent_gateway(tap):
    with hurry_world("healthy") as sim:
        gatewatch = Gatewatch(sim)
        absent = ("/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/"
                  "applicationGateways/appgw-gone")
        result = gatewatch("status", "--app-gateway", absent)
        tap.ok("appgw-gone" in result.err and "404" in result.err and result.returncode == OK,
               "an Application Gateway that does not exist is named; the cluster is shown", result)
        code, check = gatewatch.json("check", "--app-gateway", absent)
        tap.ok(check["verdict"] != "healthy" and code != OK, "and that is never healthy", check["verdict"])


def odd_surroundings(tap):
    with hurry_world("healthy") as sim:
        gatewatch = Gatewatch(sim)
        result = gatewatch("check", HOME=None, XDG_STATE_HOME=None, XDG_CONFIG_HOME=None, GATEWATCH_CONFIG=sim.dir / "config.yaml")
        tap.equal(result.returncode, OK, "without a home folder looking works")
        result = gatewatch("check", TERM=None, LANG=None, LC_ALL="C")
        tap.equal(result.returncode, OK, "without TERM and a character set too")
        read, write = os.pipe()
        os.close(read)
        child = subprocess.run(gatewatch.command("status"), env=gatewatch.env(), stdout=write, stderr=subprocess.PIPE, timeout=60)
        os.close(write)
        tap.ok(child.returncode >= 0, "a closed pipe is no crash", child.returncode)
        result = gatewatch()
        tap.ok(result.returncode in (USAGE, UNKNOWN) and "terminal" in result.err, "the dashboard without a terminal says so", result)


if __name__ == "__main__":
    main([configuration, kubeconfig, no_credentials, unreachable, certificates, absent_gateway, odd_surroundings])
