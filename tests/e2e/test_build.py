#!/usr/bin/env python3
"""The two commands and what they stand on: packages, make, install, hardening.

run.py: modes=release
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness import BUILD, TOP, main, run

DEPS = TOP / "scripts/deps"


class Machine:
    """A PATH of our own: all programs of this machine but some, and some of our own making."""

    def __init__(self, without=(), fakes=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gw-machine."))
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.log = self.folder / "log"
        self.log.touch()
        for name in os.listdir("/usr/bin"):
            if name not in without and name not in (fakes or {}):
                (self.bin / name).symlink_to(f"/usr/bin/{name}")
        for name, script in (fakes or {}).items():
            (self.bin / name).write_text(f"#!/bin/sh\necho {name} \"$@\" >>{self.log}\n{script}\n")
            (self.bin / name).chmod(0o755)

    def run(self, *command, **more):
        return run(command, env={"PATH": str(self.bin), "HOME": str(self.folder), **more})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)


NOTHING = ("pkg-config", "x86_64-linux-gnu-pkg-config", "pkgconf", "dpkg-query", "gcc", "clang", "kubectl", "mandoc")


def complete_machine_is_left_alone(tap):
    """No network, no root: nothing is called when nothing is missing."""
    with Machine(fakes={"apt-get": "exit 1", "sudo": "exit 1", "id": "echo 1000"}) as machine:
        ran = machine.run(DEPS, "build", "demo", "test")
        tap.ok(ran.returncode == 0, "deps is content", ran)
        tap.equal(ran.out + ran.err, "", "and silent")
        tap.equal(machine.log.read_text(), "", "and calls neither apt-get nor sudo")


def other_distribution_is_told(tap):
    with Machine(without=("apt-get", *NOTHING)) as machine:
        ran = machine.run(DEPS, "build")
        tap.equal(ran.returncode, 1, "deps stops where there is no apt-get")
        for package in ("gcc", "libncurses-dev", "libcurl4-openssl-dev", "libjansson-dev", "libmicrohttpd-dev"):
            tap.contains(ran.err, package, f"and names {package}")
        tap.ok("clang" not in ran.err, "but not what only tests need", ran)


def root_installs(tap):
    with Machine(without=NOTHING, fakes={"apt-get": "", "sudo": "exit 9", "id": "echo 0"}) as machine:
        ran = machine.run(DEPS, "build")
        calls = machine.log.read_text().splitlines()
        tap.ok(ran.returncode == 0, "deps installs as root", ran)
        tap.equal([c.split()[-1] for c in calls if "update" in c], ["update"], "after an update")
        install = [c for c in calls if " install " in c]
        tap.ok(len(install) == 1 and "libyaml-dev" in install[0] and " -y" in install[0], "in one call", calls)
        tap.ok(not any(c.startswith("sudo") for c in calls), "without sudo", calls)


def others_use_sudo(tap):
    with Machine(without=NOTHING, fakes={"apt-get": "", "sudo": 'exec "$@"', "id": "echo 1000"}) as machine:
        ran = machine.run(DEPS, "test")
        calls = machine.log.read_text().splitlines()
        tap.ok(ran.returncode == 0 and any(c.startswith("sudo") and "install" in c for c in calls), "deps asks sudo", calls)
        tap.ok(any(c.startswith("apt-get") and "kubernetes-client" in c for c in calls), "for what tests need", calls)
    with Machine(without=(*NOTHING, "sudo"), fakes={"apt-get": "exit 9", "id": "echo 1000"}) as machine:
        ran = machine.run(DEPS, "build")
        tap.ok(ran.returncode == 1 and "root" in ran.err and "libyaml-dev" in ran.err, "without sudo it says what to do", ran)


def make_says_what_is_missing(tap):
    with Machine(without=("apt-get", *NOTHING)) as machine:
        ran = machine.run("make", "-C", TOP, f"BUILD={machine.folder}/build", "MAKEFLAGS=")
        tap.ok(ran.returncode != 0, "make fails without the libraries", ran)
        tap.contains(ran.err, "libncurses-dev", "and names a package")
        tap.contains(ran.err, "make deps", "and the command that installs it")
        tap.ok("fatal error" not in ran.err, "before any compiler complains", ran)


def install_puts_files_in_place(tap):
    with tempfile.TemporaryDirectory() as folder:
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        ran = run(["make", "-s", "-C", TOP, f"BUILD={os.path.relpath(BUILD, TOP)}", "install", f"DESTDIR={folder}"],
                  env=env, timeout=170)
        tap.ok(ran.returncode == 0, "make install", ran)
        there = {str(p.relative_to(folder)) for p in pathlib.Path(folder).rglob("*") if p.is_file()}
        for program in ("gatewatch", "gatewatch-sim"):
            tap.ok(f"usr/local/bin/{program}" in there, f"{program} is installed", there)
        for source, target in ((TOP / "docs/gatewatch.1", "usr/local/share/man/man1/gatewatch.1"),
                               *((t, f"usr/local/share/gatewatch/themes/{t.name}") for t in (TOP / "themes").glob("*.yaml"))):
            if source.exists():
                tap.ok(target in there, f"{source.name} is installed", there)
        for target in ("bash-completion/completions/gatewatch", "zsh/site-functions/_gatewatch",
                       "fish/vendor_completions.d/gatewatch.fish"):
            path = pathlib.Path(folder, "usr/local/share", target)
            tap.ok(path.exists() and "gatewatch" in path.read_text(), f"{target} is installed", there)
        ran = run(["make", "-s", "-C", TOP, f"BUILD={os.path.relpath(BUILD, TOP)}", "uninstall", f"DESTDIR={folder}"], env=env)
        tap.equal([p for p in pathlib.Path(folder).rglob("*") if p.is_file()], [], "make uninstall leaves nothing")


def programs_are_hardened(tap):
    for program in ("gatewatch", "gatewatch-sim"):
        path = BUILD / program
        if not path.exists():
            tap.ok(False, f"{program} was built")
            continue
        header = run(["readelf", "-hWld", path]).out
        symbols = run(["readelf", "-Ws", "--dyn-syms", path]).out
        tap.contains(header, "DYN (Position-Independent Executable file)", f"{program} is position independent")
        tap.contains(header, "GNU_RELRO", f"{program} has read-only relocations")
        tap.ok("BIND_NOW" in header or "FLAGS_1" in header and "NOW" in header, f"{program} binds at start", header)
        tap.ok("GNU_STACK" in header and "RWE" not in header, f"{program} has no executable stack", header)
        tap.contains(symbols, "__stack_chk_fail", f"{program} protects its stack")
        tap.ok("_chk@" in symbols, f"{program} is fortified", "no …_chk function is used")


def targets_are_explained(tap):
    out = subprocess.run(["make", "-s", "-C", str(TOP), "help"], text=True, capture_output=True).stdout
    for target in ("all", "demo", "test", "install", "bench", "lint", "clean"):
        tap.ok(any(line.split()[:1] == [target] for line in out.splitlines()), f"make help tells of {target}", out)


if __name__ == "__main__":
    main([complete_machine_is_left_alone, other_distribution_is_told, root_installs, others_use_sudo,
          make_says_what_is_missing, install_puts_files_in_place, programs_are_hardened, targets_are_explained])
