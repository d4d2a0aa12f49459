#!/usr/bin/env python3
"""The real Azure CLI against the simulator: it registers the cloud, signs in, and sees what the simulator says.

run.py: timeout=300 modes=release needs=az
"""
import json
import os
import shutil
import sys

from harness import TOP, Simulator, Tap, run

GROUP, GATEWAY, CLUSTER = "rg-mtkc-poc", "appgw-mtkc-poc", "aks-mtkc-poc"
NODE_GROUP = "MC_rg-mtkc-poc_aks-mtkc-poc_westeurope"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
AKS_SERVER_APP = "6dae42f8-4368-4678-94ff-3960e28e3630"


def find_az():
    """The path of az, and why there is none."""
    found = run([TOP / "tests/real/az", "find"], env=dict(os.environ))
    if found.returncode == 0:
        return found.out.strip(), None
    if os.environ.get("GATEWATCH_AZ") != "0" and shutil.which("az"):
        return shutil.which("az"), None
    return None, found.out.strip()


class Az:
    """az with a configuration folder of its own, on the simulator's cloud."""

    def __init__(self, sim, program):
        self.sim, self.program = sim, program
        self.env = sim.env(AZURE_CONFIG_DIR=sim.home / "az", AZURE_CORE_COLLECT_TELEMETRY="0",
                           AZURE_CORE_NO_COLOR="1", PYTHONWARNINGS="ignore")

    def __call__(self, *args):
        return run([self.program, *args], env=self.env, timeout=120)

    def json(self, *args):
        result = self(*args, "-o", "json", "--only-show-errors")
        if result.returncode:
            raise AssertionError(str(result))
        return json.loads(result.out)

    def sign_in(self, tap):
        exports = self.sim.exports()
        result = self("cloud", "register", "-n", "simulated", "--endpoint-resource-manager", self.sim.base)
        tap.ok(result.returncode == 0, "az registers the cloud from its resource manager alone", result)
        self("cloud", "set", "-n", "simulated")
        result = self("login", "--service-principal", "-u", exports["AZURE_CLIENT_ID"], "-p",
                      exports["AZURE_CLIENT_SECRET"], "--tenant", exports["AZURE_TENANT_ID"], "-o", "json")
        if not tap.equal(result.returncode, 0, "az signs in with the secret of DIR/env, by the ADFS authority"):
            raise AssertionError(str(result))
        return json.loads(result.out)


def signs_in(tap, az):
    found = az.sign_in(tap)
    tap.equal([s["id"] for s in found], [SUBSCRIPTION], "az finds the subscription")
    paths = [r["path"] for r in az.sim.requests()]
    tap.ok("/adfs/.well-known/openid-configuration" in paths and "/adfs/oauth2/token" in paths,
           "the authority was discovered and asked below /adfs", paths)


def gives_tokens(tap, az):
    token = az.json("account", "get-access-token")
    tap.ok(token["accessToken"] and token["tokenType"] == "Bearer" and token["expires_on"] > 0,
           "az hands out a token for Resource Manager", token)
    reply = az.sim.get("/subscriptions?api-version=2022-12-01", token=token["accessToken"])
    tap.equal(reply.status, 200, "which Resource Manager accepts")
    tap.equal(az.sim.get("/api/v1/namespaces", token=token["accessToken"]).status, 401, "and the cluster does not")
    token = az.json("account", "get-access-token", "--resource", AKS_SERVER_APP)
    tap.equal(az.sim.get("/api/v1/namespaces", token=token["accessToken"]).status, 200,
              "the token for the AKS server application opens the cluster")


def shows_backend_health(tap, az):
    health = az.json("network", "application-gateway", "show-backend-health", "-g", GROUP, "-n", GATEWAY)
    servers = [s for p in health["backendAddressPools"] for c in p["backendHttpSettingsCollection"] for s in c["servers"]]
    tap.equal([(s["address"], s["health"]) for s in servers], [("10.0.1.50", "Unhealthy")],
              "az shows the backend of the reference world as Unhealthy")
    tap.contains(servers[0]["healthProbeLog"], "Time taken by the backend to respond", "with the timeout's text")
    tap.equal(health["backendAddressPools"][0]["backendAddressPool"]["resourceGroup"], GROUP,
              "az reads the resource group out of the ids")


def reads_resources(tap, az):
    tap.equal([g["name"] for g in az.json("network", "application-gateway", "list", "-g", GROUP)], [GATEWAY],
              "az lists the Application Gateway")
    shown = az.json("network", "application-gateway", "show", "-g", GROUP, "-n", GATEWAY)
    tap.equal(sorted(p["name"] for p in shown["probes"]), ["health-probe-http", "health-probe-https"], "and its probes")
    tap.equal(sorted(b["name"] for b in az.json("network", "lb", "list", "-g", NODE_GROUP)),
              ["kubernetes", "kubernetes-internal"], "az lists the load balancers of the node resource group")
    tap.equal(az.json("aks", "show", "-g", GROUP, "-n", CLUSTER)["nodeResourceGroup"], NODE_GROUP, "az shows the cluster")
    config = az("aks", "get-credentials", "-g", GROUP, "-n", CLUSTER, "-f", "-", "--only-show-errors")
    tap.ok("kubelogin" in config.out and az.sim.base in config.out, "az fetches a kubeconfig that calls kubelogin", config)
    listed = az.json("rest", "--url", f"{az.sim.base}/subscriptions?api-version=2022-12-01")
    tap.equal(listed["value"][0]["subscriptionId"], SUBSCRIPTION, "az rest works")
    metrics = az.json("monitor", "metrics", "list", "--resource", shown["id"], "--metrics", "UnhealthyHostCount")
    points = [d["average"] for d in metrics["value"][0]["timeseries"][0]["data"] if d.get("average") is not None]
    tap.ok(points and set(points) == {1.0}, "az monitor counts one unhealthy host", points)


def reader_is_refused(tap, program):
    with Simulator("forbidden", "--speed", "60") as sim:
        az = Az(sim, program)
        az.sign_in(tap)
        result = az("network", "application-gateway", "show-backend-health", "-g", GROUP, "-n", GATEWAY)
        tap.ok(result.returncode != 0 and "Microsoft.Network/applicationGateways/backendhealth/action" in result.err,
               "a Reader is refused backend health, and az names the action", result)
        metrics = az.json("monitor", "metrics", "list", "--resource",
                          f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network/"
                          f"applicationGateways/{GATEWAY}", "--metrics", "UnhealthyHostCount")
        tap.equal(metrics["value"][0]["name"]["value"], "UnhealthyHostCount", "but may read the metrics")


def main():
    tap = Tap()
    program, why = find_az()
    if not program:
        tap.skip("the real Azure CLI against the simulator", why)
        sys.exit(tap.done())
    with Simulator("reference", "--speed", "60") as sim:
        az = Az(sim, program)
        for test in (signs_in, gives_tokens, shows_backend_health, reads_resources):
            tap.run(test, az)
    tap.run(reader_is_refused, program)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
