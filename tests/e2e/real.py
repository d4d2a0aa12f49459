"""A real API server for end-to-end tests: starts tests/real/apiserver and speaks to it by kubectl."""
import json
import os
import shutil
import signal
import subprocess
import tempfile

from harness import TOP, Failed, wait_for

APISERVER = TOP / "tests/real/apiserver"


def programs():
    """kube-apiserver, etcd, kubectl; Failed with the reason where there is none."""
    found = subprocess.run([APISERVER, "find"], text=True, capture_output=True)
    lines = found.stdout.strip().splitlines()
    if found.returncode or lines[2].startswith("no "):
        raise Failed(lines[-1] if lines else found.stderr)
    return lines


def missing():
    """Why there can be no real API server here, or None."""
    try:
        programs()
    except Failed as why:
        return str(why)
    return None


class RealServer:
    """kube-apiserver and etcd in a temporary folder, and kubectl against them. kubeconfig has the contexts admin, reader,
    fixer and nobody (tests/real/apiserver tells more). stop() it."""

    def __init__(self):
        self.kubectl_program = programs()[2]
        self.folder = tempfile.mkdtemp(prefix="gw-real-")
        self.kubeconfig = os.path.join(self.folder, "kubeconfig")
        self.process = subprocess.Popen([APISERVER, "run", self.folder], stdin=subprocess.DEVNULL)
        ready = os.path.join(self.folder, "ready")
        wait_for(lambda: os.path.exists(ready) or self.process.poll() is not None, 120, "the API server's ready file")
        if self.process.poll() is not None:
            raise Failed(f"the API server did not start: {self.process.returncode}")
        with open(ready, encoding="ascii") as f:
            self.url = f.read().strip()

    def kubectl(self, *arguments, context="admin", stdin=None, check=True):
        ran = subprocess.run([self.kubectl_program, "--kubeconfig", self.kubeconfig, "--context", context, *map(str, arguments)],
                             input=stdin, text=True, capture_output=True, timeout=60)
        if check and ran.returncode:
            raise AssertionError(f"kubectl {' '.join(map(str, arguments))}: {ran.stderr.strip()}")
        return ran.stdout if check else ran

    def get(self, *arguments, context="admin"):
        return json.loads(self.kubectl("get", *arguments, "-o", "json", context=context))

    def may(self, context, *arguments):
        return self.kubectl("auth", "can-i", *arguments, context=context, check=False).stdout.strip() == "yes"

    def restart(self):
        """The API server is killed and started anew on the same etcd: its memory of past changes is gone."""
        ready = os.path.join(self.folder, "ready")
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: not os.path.exists(ready), 20, "the API server's end")
        wait_for(lambda: os.path.exists(ready) or self.process.poll() is not None, 120, "the API server's return")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
        return status
