#!/usr/bin/env python3
"""The real Azure CLI beside gatewatch: as its credential, and as somebody who asks Azure the same question.

run.py: timeout=300 modes=release needs=az
"""
import os
import sys

from gatewatch import OK, Gatewatch, hurry
from harness import Simulator, Tap
from test_sim_az import GATEWAY, GROUP, Az, find_az


def rows_of_az(az):
    health = az.json("network", "application-gateway", "show-backend-health", "-g", GROUP, "-n", GATEWAY)
    return sorted((pool["backendAddressPool"]["id"].rsplit("/", 1)[1], row["backendHttpSettings"]["id"].rsplit("/", 1)[1],
                   server["address"], server["health"], " ".join(server["healthProbeLog"].split()))
                  for pool in health["backendAddressPools"] for row in pool["backendHttpSettingsCollection"]
                  for server in row["servers"])


def rows_of_gatewatch(status):
    return sorted((b["pool"], b["settings"], b["address"], b["wireHealth"], " ".join(b["log"].split()))
                  for b in status["backends"])


def agrees(tap, program, scenario):
    with Simulator(scenario, "--speed", "60") as sim:
        hurry(sim)
        az = Az(sim, program)
        az.sign_in(tap)
        code, status = Gatewatch(sim).json("status")
        tap.equal((code, rows_of_gatewatch(status)), (OK, rows_of_az(az)),
                  f"{scenario}: status and az show-backend-health agree, row by row and word for word")
        if scenario != "reference":
            return
        config = (sim.dir / "config.yaml").read_text().replace("credential: environment", "credential: azure-cli")
        path = os.pathsep.join([os.path.dirname(program), os.environ["PATH"]])
        login = dict(AZURE_CONFIG_DIR=az.env["AZURE_CONFIG_DIR"], AZURE_CLIENT_SECRET=None, AZURE_CLIENT_ID=None,
                     AZURE_TENANT_ID=None, PATH=path, PYTHONWARNINGS="ignore", AZURE_CORE_COLLECT_TELEMETRY="0")
        gatewatch = Gatewatch(sim, config=config, **login)
        mark = sim.mark()
        result = gatewatch("doctor")
        tap.ok("azure-cli" in result.out, "doctor says that the Azure CLI serves", result)
        code, status = gatewatch.json("status")
        tap.equal((code, rows_of_gatewatch(status)), (OK, rows_of_az(az)), "with az's own login Azure is read as well")
        tap.ok([r for r in sim.requests(mark) if r["path"].lower().endswith("/backendhealth")], "by requests of our own")
        az("account", "clear")
        result = gatewatch("status")
        tap.ok("az login" in result.err and "mtkc-gateway" in result.out,
               "signed out: it says what to do, and shows the cluster", result.err)


def main():
    tap = Tap()
    program, why = find_az()
    if not program:
        tap.skip("gatewatch beside the real Azure CLI", why)
        sys.exit(tap.done())
    for scenario in ("reference", "healthy"):
        tap.run(agrees, program, scenario)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
