#!/usr/bin/env python3
"""The simulator's Azure: tokens of every kind, the recorded long-running operation, pages, refusals, throttling.

Expectations are from reference azure.md 2, 6, 7, 8 and the sample bodies.
run.py: timeout=180
"""
import base64
import hashlib
import json
import re
import subprocess
import time
import uuid

from arm import (AKS_SERVER_APP, BALANCERS, ENGINEER, GATEWAY, POOL, READER, SETTINGS, SUBSCRIPTION, TENANT, Arm,
                   ask_token, form, token)
from harness import TOP, Simulator, main, wait_for

SPEED = ("--speed", "20")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SAMPLES = TOP / "tests/fixtures/azure"


def code(reply):
    return reply.status, reply.json().get("error", {}).get("code") if isinstance(reply.json().get("error"), dict) else None


# ---- tokens -------------------------------------------------------------------------------------------------------


def secrets(tap):
    with Simulator("reference", *SPEED) as sim:
        answer = ask_token(sim).json()
        tap.equal(sorted(answer), ["access_token", "expires_in", "ext_expires_in", "token_type"], "a secret buys a token")
        tap.ok(isinstance(answer["expires_in"], int), "whose lifetime is a number", answer)
        for name, number, status, reply in (
                ("wrong secret", 7000215, 401, ask_token(sim, (ENGINEER[0], "wrong"))),
                ("unknown client", 700016, 400, ask_token(sim, ("00000000-0000-0000-0000-00000000ffff", "x"))),
                ("malformed scope", 70011, 400, ask_token(sim, scope="https://foo.microsoft.com")),
                ("no secret", 7000218, 401, ask_token(sim, (ENGINEER[0], None))),
                ("other grant", 70003, 400, ask_token(sim, grant_type="password")),
                ("unknown resource", 500011, 400, ask_token(sim, scope="https://unknown.example/.default")),
                ("unknown tenant", 90002, 400, form(sim, "/contoso/oauth2/v2.0/token", grant_type="client_credentials"))):
            body = reply.json()
            tap.ok(reply.status == status and body["error_codes"] == [number] and f"AADSTS{number}:" in body["error_description"]
                   and body["trace_id"] and body["correlation_id"], f"{name}: AADSTS{number}", reply)
        tap.equal(ask_token(sim, scope="https://management.core.windows.net//.default").status, 200,
                  "the SDK's doubled slash is understood")


def audiences(tap):
    with Simulator("reference", *SPEED) as sim:
        arm, cluster = token(sim), token(sim, scope=AKS_SERVER_APP + "/.default")
        path = "/subscriptions?api-version=2022-12-01"
        tap.equal(sim.get(path, token=arm).status, 200, "a Resource Manager token opens Resource Manager")
        tap.equal(code(sim.get(path, token=cluster)), (401, "InvalidAuthenticationTokenAudience"), "a cluster token does not")
        tap.equal(sim.get("/api/v1/namespaces", token=cluster).status, 200, "a cluster token opens the cluster")
        tap.equal(sim.get("/api/v1/namespaces", token=arm).status, 401, "a Resource Manager token does not")
        tap.equal(code(sim.get(path, token="made-up")), (401, "InvalidAuthenticationToken"), "a made-up token is refused")
        tap.equal(code(sim.get(path, user=None)), (401, "AuthenticationFailed"), "no token is refused")
        sim.control("PATCH", "azure", {"expireTokens": True})
        reply = sim.get(path, token=arm)
        tap.equal(code(reply), (401, "ExpiredAuthenticationToken"), "an expired token is called expired")
        tap.contains(reply.headers["WWW-Authenticate"], "authorization_uri=", "with the authority to ask")
        sim.control("PATCH", "azure", {"tokenLifetime": 120})
        tap.equal(ask_token(sim).json()["expires_in"], 120, "the lifetime can be set")


def part(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(folder, key, text, pss):
    (folder / "signed").write_text(text)
    more = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if pss else []
    return subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, *more, folder / "signed"], check=True,
                          stdout=subprocess.PIPE).stdout


def assertions(tap):
    with Simulator("reference", *SPEED) as sim:
        folder = sim.home
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out",
                        folder / "cert.pem", "-subj", "/CN=test", "-days", "2"], check=True, stderr=subprocess.DEVNULL)
        pem = (folder / "cert.pem").read_text()
        der = base64.b64decode("".join(pem.splitlines()[1:-1]))
        path = f"/{TENANT}/oauth2/v2.0/token"

        def claims(**other):
            now = int(time.time())
            return {"aud": sim.base + path, "iss": ENGINEER[0], "sub": ENGINEER[0], "jti": str(uuid.uuid4()), "nbf": now,
                    "exp": now + 600, **other}

        def present(body, pss=True, break_it=False):
            header = {"typ": "JWT", "alg": "PS256" if pss else "RS256"}
            header["x5t#S256" if pss else "x5t"] = part((hashlib.sha256 if pss else hashlib.sha1)(der).digest())
            text = part(header) + "." + part(body)
            jwt = text + "." + part(sign(folder, folder / "key.pem", text + ("x" if break_it else ""), pss))
            return form(sim, path, grant_type="client_credentials", client_id=ENGINEER[0], scope=sim.base + "/.default",
                        client_assertion_type=ASSERTION, client_assertion=jwt)

        sim.control("PATCH", "azure", {"assertionCertificate": pem})
        tap.equal(present(claims()).status, 200, "an assertion signed PS256 buys a token")
        tap.equal(present(claims(), pss=False).status, 200, "and one signed RS256")
        for name, number, reply in (
                ("a broken signature", 700027, present(claims(), break_it=True)),
                ("another audience", 700023, present(claims(aud="https://elsewhere.example/"))),
                ("another issuer", 700021, present(claims(iss="somebody"))),
                ("an expired assertion", 700024, present(claims(exp=int(time.time()) - 10)))):
            tap.equal((reply.status, reply.json()["error_codes"]), (401, [number]), f"{name}: AADSTS{number}")
        federated = part({"alg": "RS256", "kid": "k"}) + "." + part(
            {"aud": ["api://AzureADTokenExchange"], "iss": "https://oidc.example/", "exp": int(time.time()) + 3600,
             "sub": "system:serviceaccount:tools:gatewatch"}) + "." + part(b"signature")
        fields = dict(grant_type="client_credentials", client_id=ENGINEER[0], scope=sim.base + "/.default",
                      client_assertion_type=ASSERTION)
        tap.equal(form(sim, path, client_assertion=federated, **fields).status, 200, "a workload's federated token is exchanged")
        other = federated.split(".")[0] + "." + part({"aud": "elsewhere", "iss": "https://oidc.example/"}) + ".x"
        tap.equal(form(sim, path, client_assertion=other, **fields).json()["error_codes"], [700212], "but not one for elsewhere")


def identities(tap):
    with Simulator("reference", *SPEED) as sim:
        path = "/metadata/identity/oauth2/token?resource=https://management.azure.com/&api-version="

        def ask(version, more="", **headers):
            return sim.get(path + version + more, user=None, headers={k.replace("_", "-"): v for k, v in headers.items()})

        body = ask("2018-02-01", Metadata="true").json()
        tap.ok(all(isinstance(body[k], str) for k in ("expires_in", "expires_on", "not_before")), "IMDS: numbers are text", body)
        tap.equal(sim.get("/subscriptions?api-version=2022-12-01", token=body["access_token"]).status, 200, "the token works")
        tap.equal(ask("2018-02-01").status, 400, "IMDS without the Metadata header: 400, and so a probe finds it")
        reply = ask("2018-02-01", "&client_id=unknown", Metadata="true")
        tap.equal((reply.status, reply.json()["error_description"]), (400, "Identity not found"), "an unknown identity")
        tap.equal(ask("2019-08-01", X_IDENTITY_HEADER="gatewatch-sim-identity-header").status, 200, "App Service's header")
        tap.equal(ask("2019-08-01", X_IDENTITY_HEADER="other").status, 401, "App Service with another header")
        challenge = ask("2020-06-01", Metadata="true")
        tap.equal(challenge.status, 401, "Arc challenges")
        file = re.match(r"Basic realm=(\S+\.key)$", challenge.headers["WWW-Authenticate"])
        tap.ok(file, "with a key file", challenge.headers["WWW-Authenticate"])
        with open(file.group(1), encoding="utf-8") as key:
            tap.equal(ask("2020-06-01", Metadata="true", Authorization="Basic " + key.read()).status, 200, "whose content opens")
        tap.equal(ask("2020-06-01", Metadata="true", Authorization="Basic other").status, 401, "and nothing else")


def adfs(tap):
    with Simulator("reference", *SPEED) as sim:
        found = sim.get("/adfs/.well-known/openid-configuration", user=None).json()
        tap.equal(found["token_endpoint"], sim.base + "/adfs/oauth2/token", "ADFS discovery names the token endpoint")
        reply = form(sim, "/adfs/oauth2/token", grant_type="client_credentials", client_id=ENGINEER[0],
                     client_secret=ENGINEER[1], scope=sim.base + "/.default").json()
        tap.ok("access_token" in reply and "id_token" not in reply, "and gives a token without an id_token", reply)


# ---- the recorded operation ---------------------------------------------------------------------------------------


def shape(recorded, headers):
    """The recorded header names that a reply lacks."""
    have = {name.lower() for name in headers.keys()}
    return [name for name in recorded if name not in have]


def operation_as_recorded(tap):
    trace = json.loads((SAMPLES / "backend-health-lro-trace.json").read_text())
    with Simulator("reference", *SPEED) as sim:
        arm, polls = Arm(sim), []
        first = arm.post(GATEWAY + "/backendhealth")
        tap.equal((first.status, first.body), (202, "null"), "the POST answers 202 with the body null")
        tap.equal(shape(trace[0]["response"]["headers"], first.headers), [], "with every header of the recording")
        tap.ok("Azure-AsyncOperation" not in first.headers, "and without Azure-AsyncOperation", first.headers)
        tap.ok(int(first.headers["Retry-After"]) >= 1, "Retry-After is there and not 0", first.headers["Retry-After"])
        last = arm.finish(first, polls)
        tap.ok(polls[0].status == 202 and polls[0].body == "null", "polls answer 202 with null until it is done", polls[0])
        tap.equal(last.status, 200, "then 200")
        tap.equal(shape(trace[2]["response"]["headers"], last.headers), [], "which has a Location, too")
        places = [r.headers["Location"] for r in [first, *polls]]
        tap.equal(len(set(places)), len(places), "every Location is another")
        tap.ok(all(len(p) > 3000 for p in places), "and longer than 3 KB", [len(p) for p in places])
        pattern = (rf"{re.escape(sim.base)}/subscriptions/{SUBSCRIPTION}/providers/Microsoft\.Network/locations/\w+/"
                   r"operationResults/[0-9a-f-]{36}\?api-version=2024-05-01&t=\d+&c=[\w-]+&s=[\w-]{342}&h=[\w-]{43}")
        tap.ok(all(re.fullmatch(pattern, p) for p in places), "of the recorded form", places[0][:300])
        tap.equal(len({re.search(r"operationResults/([^?]+)", p).group(1) for p in places}), 1, "for one operation")
        sample = json.loads((SAMPLES / "backend-health-404.json").read_text())
        tap.equal(keys(last.json()), keys(sample), "the body has the sample's members")
        tap.equal(arm.get(places[0].replace("&h=", "&h=x"), version=None).status, 403, "a forged Location is refused")


def keys(tree):
    if isinstance(tree, dict):
        return {name: keys(value) for name, value in tree.items()}
    return keys(tree[0]) if isinstance(tree, list) and tree else None


def rule_health_as_documented(tap):
    with Simulator("reference", *SPEED) as sim:
        arm = Arm(sim)
        first = arm.post(f"{BALANCERS}/kubernetes-internal/loadBalancingRules/{arm.rule(443)[0]}/health")
        tap.ok(first.status == 202 and first.headers["Location"] and first.headers["Azure-AsyncOperation"],
               "rule health is an operation with both headers", first.headers)
        status = wait_for(lambda: (lambda r: r if r.json()["status"] == "Succeeded" else None)(
            arm.get(first.headers["Azure-AsyncOperation"], version=None)), 10, "Succeeded")
        tap.equal(status.json(), {"status": "Succeeded"}, "whose status ends Succeeded")
        body = arm.get(first.headers["Location"], version=None).json()
        sample = json.loads((SAMPLES / "load-balancer-rule-health-404.json").read_text())
        tap.equal(keys(body), keys(sample), "the result has the sample's members")
        tap.equal((body["up"], body["down"]), (0, 3), "no node is up")
        reply = arm.post(f"{BALANCERS}/kubernetes-internal/loadBalancingRules/none/health")
        tap.equal(reply.status, 404, "an unknown rule is not found")


# ---- refusals -----------------------------------------------------------------------------------------------------


def reader(tap):
    sample = json.loads((SAMPLES / "error-403.json").read_text())
    with Simulator("forbidden", *SPEED) as sim:
        exports = sim.exports()
        tap.equal((exports["AZURE_CLIENT_ID"], exports["AZURE_CLIENT_SECRET"]), READER, "DIR/env is the Reader's")
        arm = Arm(sim, READER)
        tap.equal(arm.get(GATEWAY).status, 200, "a Reader reads the gateway")
        tap.equal([sim.get(p, user="reader").status for p in ("/api/v1/services", "/api/v1/nodes", "/apis/apps/v1/daemonsets")],
                  [200, 403, 403], "and in the cluster some kinds, not all")
        body = {"protocol": "Https", "path": "/", "backendAddressPool": {"id": POOL}, "backendHttpSettings": {"id": SETTINGS}}
        rule = f"{BALANCERS}/kubernetes-internal/loadBalancingRules/{arm.rule(443)[0]}/health"
        for path, sent, action in ((GATEWAY + "/backendhealth", None, "applicationGateways/backendhealth"),
                                   (GATEWAY + "/getBackendHealthOnDemand", body, "applicationGateways/getBackendHealthOnDemand"),
                                   (rule, None, "loadBalancers/loadBalancingRules/health")):
            reply = arm.post(path, sent)
            tap.equal(code(reply), (403, "AuthorizationFailed"), f"but may not {action}")
            tap.contains(reply.json()["error"]["message"], f"action 'Microsoft.Network/{action}/action' over scope '",
                         "and is told which action, on what")
        wording = re.sub(r"'[^']*'", "''", sample["error"]["message"])
        refused = arm.post(GATEWAY + "/backendhealth").json()["error"]["message"]
        tap.equal(re.sub(r"'[^']*'", "''", refused), wording, "in the service's words")
        metrics = arm.get(GATEWAY + "/providers/Microsoft.Insights/metrics?metricnames=UnhealthyHostCount,HealthyHostCount"
                          "&aggregation=Average&interval=PT1M&%24filter=BackendSettingsPool%20eq%20%27*%27",
                          "api-version=2024-02-01").json()
        tap.equal(keys(metrics), keys(json.loads((SAMPLES / "metrics.json").read_text())), "metrics are the sample's shape")
        series = metrics["value"][0]["timeseries"][0]
        tap.equal(series["metadatavalues"][0]["value"], "aks-gateway-pool~https-settings", "split by pool and settings")
        tap.equal(series["data"][0].get("average"), 1.0, "one host is unhealthy")


def throttling(tap):
    with Simulator("reference", "--speed", "1") as sim:
        arm = Arm(sim)
        left = int(arm.get(GATEWAY).headers["x-ms-ratelimit-remaining-subscription-reads"])
        tap.equal(left, 249, "the read budget starts at 250 and is counted")
        tap.equal(arm.post(GATEWAY + "/backendhealth").headers["x-ms-ratelimit-remaining-subscription-writes"], "199",
                  "a POST action costs a write")
        sim.control("PATCH", "azure", {"writeBurst": 2, "writeRate": 2})
        codes = [arm.post(GATEWAY + "/backendhealth").status for _ in range(3)]
        tap.equal(codes, [202, 202, 429], "an empty bucket answers 429")
        reply = arm.post(GATEWAY + "/backendhealth")
        tap.equal(code(reply), (429, "SubscriptionRequestsThrottled"), "with ARM's code")
        tap.ok(int(reply.headers["Retry-After"]) >= 1, "and Retry-After", reply.headers)
        tap.contains(reply.json()["error"]["message"], "Number of 'write' requests for subscription", "and its words")
        wait_for(lambda: arm.post(GATEWAY + "/backendhealth").status == 202, 10, "the bucket to fill", every=0.2)
        tap.ok(True, "the bucket fills again")
        tap.equal(arm.get(GATEWAY).status, 200, "reads were never touched")


def paging(tap):
    with Simulator("reference", *SPEED) as sim:
        arm = Arm(sim)
        whole = [b["name"] for b in arm.get(BALANCERS).json()["value"]]
        sim.control("PATCH", "azure", {"pageSize": 1})
        page, names, pages = arm.get(BALANCERS), [], 0
        while True:
            pages += 1
            names += [b["name"] for b in page.json()["value"]]
            if "nextLink" not in page.json():
                break
            tap.ok(page.json()["nextLink"].startswith(sim.base + "/subscriptions/"), "nextLink is absolute, on the same host")
            page = arm.get(page.json()["nextLink"], version=None)
        tap.equal((names, pages), (whole, 2), "the pages add up to the list")


def odd_requests(tap):
    with Simulator("reference", *SPEED) as sim:
        arm = Arm(sim)
        tap.equal(code(arm.get(GATEWAY, version=None)), (400, "MissingApiVersionParameter"), "no api-version")
        tap.equal(code(arm.get(GATEWAY, "api-version=2099-01-01")), (400, "InvalidApiVersionParameter"), "an unknown api-version")
        tap.equal(arm.get(GATEWAY.upper().replace("MICROSOFT.NETWORK", "microsoft.network")).status, 200, "ids have no case")
        tap.equal(code(arm.get(GATEWAY + "x")), (404, "ResourceNotFound"), "an unknown gateway")
        tap.equal(code(arm.get(GATEWAY.replace("rg-mtkc-poc", "rg-none"))), (404, "ResourceGroupNotFound"), "an unknown group")
        tap.equal(code(arm.get(GATEWAY.replace(SUBSCRIPTION, TENANT))), (404, "SubscriptionNotFound"), "an unknown subscription")
        reply = sim.get(GATEWAY + "?api-version=2024-05-01", token=arm.token, headers={
            "x-ms-client-request-id": "abc", "x-ms-return-client-request-id": "true"})
        tap.ok(reply.headers["x-ms-request-id"] and reply.headers["x-ms-correlation-request-id"]
               and reply.headers["x-ms-client-request-id"] == "abc", "correlation ids are there", reply.headers)
        old = arm.post(GATEWAY + "/getBackendHealthOnDemand", {"protocol": "Http"}, "api-version=2019-02-01")
        tap.ok(isinstance(old.json()["message"], dict), "the odd shape of an old version's error", old)
        sim.control("PATCH", "azure", {"unreachableInstances": True})
        tap.equal(arm.health()["https-settings"][0], "Unknown", "instances out of reach: Unknown")
        sim.control("PATCH", "azure", {"operationalState": "Stopped"})
        tap.equal(arm.post(GATEWAY + "/backendhealth").status, 409, "a stopped gateway has no health")
        availability = arm.get(GATEWAY + "/providers/Microsoft.ResourceHealth/availabilityStatuses/current",
                               "api-version=2023-07-01").json()
        tap.equal(availability["properties"]["availabilityState"], "Unavailable", "and is unavailable")
        events = arm.get(f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values?"
                         "%24filter=eventTimestamp%20ge%20%272020-01-01T00:00:00Z%27", "api-version=2015-04-01").json()
        tap.ok(any(e["operationName"]["value"].endswith("/backendhealth/action") for e in events["value"]),
               "the activity log shows the health calls", events)
        lists = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-mtkc-poc/providers/Microsoft.ContainerService/managedClusters"
        cluster = arm.get(lists, "api-version=2025-02-01").json()["value"][0]
        tap.equal(cluster["properties"]["nodeResourceGroup"], "MC_rg-mtkc-poc_aks-mtkc-poc_westeurope", "the cluster names it")
        given = arm.post(lists + "/aks-mtkc-poc/listClusterUserCredential", None, "api-version=2025-02-01").json()
        config = base64.b64decode(given["kubeconfigs"][0]["value"]).decode()
        tap.ok("kubelogin" in config and AKS_SERVER_APP in config, "the user kubeconfig calls kubelogin", config)
        admin = arm.post(lists + "/aks-mtkc-poc/listClusterAdminCredential", None, "api-version=2025-02-01")
        tap.equal(code(admin), (400, "BadRequest"), "and there is no admin one")


if __name__ == "__main__":
    main([secrets, audiences, assertions, identities, adfs, operation_as_recorded, rule_health_as_documented, reader,
          throttling, paging, odd_requests])
