"""Azure Resource Manager as a test asks it: tokens, long-running operations, the names of the reference environment.

Not called azure: the Azure CLI, started in this folder, would take it for its own package.
"""
import json
import urllib.parse

from harness import Failed, wait_for

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-0000000000e2"
AKS_SERVER_APP = "6dae42f8-4368-4678-94ff-3960e28e3630"
ENGINEER = ("00000000-0000-0000-0000-0000000000a1", "platform-engineer-secret")
READER = ("00000000-0000-0000-0000-0000000000a2", "reader-secret")
GATEWAY = (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mtkc-poc/providers/Microsoft.Network/"
           "applicationGateways/appgw-mtkc-poc")
POOL = GATEWAY + "/backendAddressPools/aks-gateway-pool"
SETTINGS = GATEWAY + "/backendHttpSettingsCollection/https-settings"
BALANCERS = (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/MC_rg-mtkc-poc_aks-mtkc-poc_westeurope/providers/"
             "Microsoft.Network/loadBalancers")
HOST = "mtkc-gateway.istio-ingress.svc.cluster.local"
VERSION = "api-version=2024-05-01"


def form(sim, path, **fields):
    return sim.http("POST", path, urllib.parse.urlencode(fields), user=None,
                    headers={"Content-Type": "application/x-www-form-urlencoded"})


def ask_token(sim, who=ENGINEER, scope=None, **more):
    fields = dict(grant_type="client_credentials", client_id=who[0], client_secret=who[1],
                  scope=scope or sim.base + "/.default")
    fields.update(more)
    return form(sim, f"/{TENANT}/oauth2/v2.0/token", **{k: v for k, v in fields.items() if v is not None})


def token(sim, who=ENGINEER, scope=None):
    reply = ask_token(sim, who, scope)
    if reply.status != 200:
        raise Failed(f"no token: {reply}")
    return reply.json()["access_token"]


class Arm:
    """One caller's view of Azure Resource Manager."""

    def __init__(self, sim, who=ENGINEER):
        self.sim, self.token = sim, token(sim, who)

    def get(self, path, version=VERSION):
        if path.startswith(self.sim.base):
            path = path[len(self.sim.base):]
        return self.sim.get(path + ("&" if "?" in path else "?") + version if version else path, token=self.token)

    def post(self, path, body=None, version=VERSION):
        return self.sim.http("POST", f"{path}?{version}", body if body is not None else b"", token=self.token)

    def finish(self, reply, polls=None):
        """Follows a long-running operation to its end; polls collects the replies on the way."""
        last = [reply]

        def done():
            if last[0].status != 202:
                return last[0]
            last[0] = self.get(last[0].headers["Location"], version=None)
            if polls is not None:
                polls.append(last[0])
            return None if last[0].status == 202 else last[0]

        return wait_for(done, 30, "the end of the operation", every=0.05)

    def health(self):
        """(health, log) of each server, by the name of its settings."""
        body = self.finish(self.post(GATEWAY + "/backendhealth")).json()
        return {row["backendHttpSettings"]["id"].rsplit("/", 1)[1]: (server["health"], server["healthProbeLog"])
                for pool in body["backendAddressPools"] for row in pool["backendHttpSettingsCollection"]
                for server in row["servers"]}

    def probe(self, path, host=None, protocol="Https", **more):
        """(health, log) of an on-demand probe."""
        body = {"protocol": protocol, "path": path, "timeout": 30, "pickHostNameFromBackendHttpSettings": host is None,
                "backendAddressPool": {"id": POOL}, "backendHttpSettings": {"id": SETTINGS}, **more}
        if host is not None:
            body["host"] = host
        answer = self.finish(self.post(GATEWAY + "/getBackendHealthOnDemand", body)).json()
        server = answer["backendHealthHttpSettings"]["servers"][0]
        return server["health"], server["healthProbeLog"]

    def status(self, path, host=None, **more):
        """What an on-demand probe got: the status code, "timeout", or the text."""
        log = self.probe(path, host, **more)[1]
        words = log.split()
        if log.startswith("Success. Received"):
            return int(words[2])
        if log.startswith("Received invalid status code:"):
            return int(words[4])
        return "timeout" if log.startswith("Time taken by the backend") else log

    def balancer(self, name="kubernetes-internal"):
        return self.get(f"{BALANCERS}/{name}").json()

    def rule(self, port):
        """The load balancing rule for a port, and its probe."""
        properties = self.balancer()["properties"]
        rule = next(r for r in properties["loadBalancingRules"] if r["properties"]["frontendPort"] == port)
        wanted = rule["properties"].get("probe", {}).get("id", "").lower()
        probe = next((p for p in properties["probes"] if p["id"].lower() == wanted), None)
        return rule["name"], probe["properties"] if probe else None

    def nodes(self, port):
        """{node address: reason} of a rule's health."""
        name = self.rule(port)[0]
        body = self.finish(self.post(f"{BALANCERS}/kubernetes-internal/loadBalancingRules/{name}/health")).json()
        assert body["up"] + body["down"] == len(body["loadBalancerBackendAddresses"]), json.dumps(body)
        return {a["ipAddress"]: a["reason"] for a in body["loadBalancerBackendAddresses"]}
