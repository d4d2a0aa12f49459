"""The reference environment on a real API server. There are no controllers there: the test plays Istio, the cloud provider
and the kubelet. What they write is taken from a simulator that runs beside it, which is also Azure."""
import contextlib
import json
import pathlib
import ssl
import threading
import urllib.error
import urllib.request

from harness import TOP, Reply, Simulator, wait_for
from gatewatch import Gatewatch, hurry
from real import RealServer

FIXTURES = TOP / "tests/fixtures"
GATEWAY_API = "/apis/gateway.networking.k8s.io/v1"
SERVICE_PATH = "/api/v1/namespaces/istio-ingress/services/mtkc-gateway-istio"
GATEWAY_PATH = GATEWAY_API + "/namespaces/istio-ingress/gateways/mtkc-gateway"
ROUTES = GATEWAY_API + "/namespaces/gateway-health/httproutes"
ROUTE_PATH = ROUTES + "/gatewatch-health-mtkc-gateway"
ISTIO, CLOUD = "istio.io/gateway-controller", "cloud-controller-manager"
APPLY = {"Content-Type": "application/apply-patch+yaml"}
MERGE = {"Content-Type": "application/merge-patch+json"}


class Api:
    """HTTPS to the real server, as its admin or with a token."""

    def __init__(self, server, token=None):
        self.base, self.token = server.url, token
        folder = pathlib.Path(server.folder)
        self.tls = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        if not token:
            self.tls.load_cert_chain(folder / "admin.pem", folder / "admin.key")

    def open(self, method, path, body=None, headers=None, timeout=30):
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data else {}
        sent.update(headers or {})
        if self.token:
            sent["Authorization"] = "Bearer " + self.token
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=sent)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls))
        return opener.open(request, timeout=timeout)

    def http(self, method, path, body=None, headers=None):
        try:
            with self.open(method, path, body, headers) as response:
                return Reply(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read().decode())

    def must(self, *arguments):
        reply = self.http(*arguments)
        assert reply.status < 300, f"{arguments[0]} {arguments[1]}: {reply}"
        return reply.json()

    def get(self, path):
        return self.http("GET", path)

    def apply(self, path, body, manager):
        """Server-side apply, as controllers do."""
        return self.must("PATCH", f"{path}?fieldManager={manager}&force=true", body, APPLY)

    def merge(self, path, body, manager="kubectl-edit"):
        return self.must("PATCH", f"{path}?fieldManager={manager}", body, MERGE)


# The controllers' objects: the list's path in the simulator, and who writes the object and its status.
COPIED = [
    ("/api/v1/namespaces", "kubectl", None),
    ("/apis/gateway.networking.k8s.io/v1/gatewayclasses", ISTIO, ISTIO),
    ("/api/v1/nodes", "kubelet", "kubelet"),
    ("/apis/apps/v1/deployments", ISTIO, "kube-controller-manager"),
    ("/apis/apps/v1/daemonsets", "helm", "kube-controller-manager"),
    ("/api/v1/pods", "kube-controller-manager", "kubelet"),
    ("/api/v1/services", ISTIO, CLOUD),
    ("/apis/discovery.k8s.io/v1/endpointslices", "kube-controller-manager", None),
]
SERVER_FILLS = {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "ownerReferences", "finalizers"}


def clean(item, kind, api_version):
    """An object of the simulator as its controller would send it."""
    body = {"apiVersion": api_version, "kind": kind, **{k: v for k, v in item.items() if k not in ("status",)}}
    body["metadata"] = {k: v for k, v in item["metadata"].items() if k not in SERVER_FILLS}
    if kind == "Service":
        for allocated in ("clusterIP", "clusterIPs", "healthCheckNodePort", "externalTrafficPolicy", "internalTrafficPolicy",
                          "ipFamilies", "allocateLoadBalancerNodePorts", "sessionAffinity"):
            body["spec"].pop(allocated, None)
        for port in body["spec"]["ports"]:
            port.pop("nodePort", None)
    if kind == "Namespace":
        body.pop("spec", None)
    return body


class World:
    """A real API server, empty until load() brings the reference environment in its broken state, a simulator as Azure, and
    gatewatch on both. A context manager."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.sim = hurry(stack.enter_context(Simulator("reference", "--speed", "60")))
            self.server = RealServer()
            stack.callback(self.stop_server)
            self.api = Api(self.server)
            self.service, self.rendered = None, False
            self.ending = threading.Event()
            thread = threading.Thread(target=self.follow)
            thread.start()
            stack.callback(thread.join)
            stack.callback(self.ending.set)
            self.gatewatch = self.program()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *unused):
        self.stack.close()

    def stop_server(self):
        self.stopped = self.server.stop()

    def program(self, config="", **env):
        """gatewatch with a home of its own; its context is admin unless --context says otherwise."""
        text = (self.sim.dir / "config.yaml").read_text().replace(str(self.sim.kubeconfig), self.server.kubeconfig)
        return Gatewatch(self.sim, config=text + config, KUBECONFIG=self.server.kubeconfig, **env)

    def kubectl(self, *arguments, **options):
        return self.server.kubectl(*arguments, **options)

    # ---- the controllers' work -----------------------------------------------------------------------------------------

    def load(self):
        self.kubectl("apply", "--server-side", "-f", FIXTURES / "crds/gateway-api-v1.6.1-standard")
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
        wait_for(lambda: self.api.get(GATEWAY_API + "/httproutes").status == 200, 30, "the routes' endpoint")
        self.kubectl("apply", "-f", FIXTURES / "poc")
        self.kubectl("delete", "httproute", "-n", "gateway-health", "health-route")     # as the article's environment breaks
        for path, manager, status_manager in COPIED:
            listed = self.sim.get(path).json()
            for item in listed["items"]:
                self.copy(path, item, listed["kind"].removesuffix("List"), listed["apiVersion"], manager, status_manager)
        self.conditions()

    def copy(self, path, item, kind, api_version, manager, status_manager):
        name, ns = item["metadata"]["name"], item["metadata"].get("namespace")
        head, _, plural = path.rpartition("/")
        target = f"{head}/namespaces/{ns}/{plural}/{name}" if ns else f"{path}/{name}"
        if kind in ("Deployment", "Service") and self.api.get(target).status == 200:
            pass        # from the manifests; only its status is missing
        elif kind == "Namespace" and self.api.get(target).status == 200:
            return
        else:
            body = clean(item, kind, api_version)
            if target == SERVICE_PATH:
                gateway = self.api.must("GET", GATEWAY_PATH)
                body["metadata"]["ownerReferences"] = [{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
                                                        "name": "mtkc-gateway", "uid": gateway["metadata"]["uid"]}]
                self.service = body
            self.api.apply(target, body, manager)
        status = {k: v for k, v in item.get("status", {}).items() if k != "qosClass"}     # the real server's own
        if status and status_manager and (kind != "Service" or status.get("loadBalancer")):
            self.api.apply(target + "/status", {"apiVersion": api_version, "kind": kind, "metadata": {"name": name},
                                                "status": status}, status_manager)

    def conditions(self):
        """Istio's status on the Gateway and on each route, as the simulator's Istio wrote it."""
        gateway = self.sim.get(GATEWAY_PATH).json()["status"]
        self.api.apply(GATEWAY_PATH + "/status", {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
                                                  "metadata": {"name": "mtkc-gateway"}, "status": gateway}, ISTIO)
        for route in self.sim.get(GATEWAY_API + "/httproutes").json()["items"]:
            meta = route["metadata"]
            path = f"{GATEWAY_API}/namespaces/{meta['namespace']}/httproutes/{meta['name']}"
            self.api.apply(path + "/status", {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
                                              "metadata": {"name": meta["name"]}, "status": route["status"]}, ISTIO)

    # ---- while it runs ------------------------------------------------------------------------------------------------

    def follow(self):
        """Istio renders the overlay into the Service, and Azure sees what the real cluster has."""
        seen = {}
        while not self.ending.wait(0.2):
            try:
                self.render()
                self.carry(seen)
            except (OSError, ValueError, KeyError, AssertionError):
                continue        # the API server is being restarted, or the object changed meanwhile: next time

    def render(self):
        """The overlay ConfigMap's one field that matters here, applied as Istio applies what it renders."""
        gateway = self.api.get(GATEWAY_PATH)
        if gateway.status != 200 or not self.service:
            return
        named = gateway.json()["spec"]["infrastructure"].get("parametersRef", {}).get("name")
        overlay = self.api.get(f"/api/v1/namespaces/istio-ingress/configmaps/{named}") if named else None
        local = overlay is not None and overlay.status == 200 and "Local" in overlay.json()["data"]["service"]
        if local == self.rendered:
            return
        body = json.loads(json.dumps(self.service))
        if local:
            body["spec"]["externalTrafficPolicy"] = "Local"
        self.api.apply(SERVICE_PATH, body, ISTIO)
        self.rendered = local

    def carry(self, seen):
        """The gateway's policy, and all that gatewatch made, go to the simulator."""
        policy = self.policy()
        if policy != seen.setdefault(SERVICE_PATH, "Cluster"):
            self.sim.patch(SERVICE_PATH, {"spec": {"externalTrafficPolicy": policy}})
            seen[SERVICE_PATH] = policy
        ours = {}
        for collection in ("/api/v1/namespaces", "/apis/apps/v1/deployments", "/api/v1/services", GATEWAY_API + "/httproutes"):
            listed = self.api.must("GET", collection + "?labelSelector=app.kubernetes.io/managed-by%3Dgatewatch")
            head, _, plural = collection.rpartition("/")
            for item in listed["items"]:
                ns = item["metadata"].get("namespace")
                there = f"{head}/namespaces/{ns}/{plural}" if ns else collection
                ours[f"{there}/{item['metadata']['name']}"] = (there, clean(item, listed["kind"].removesuffix("List"),
                                                                            listed["apiVersion"]))
        for path, (there, body) in ours.items():
            if path not in seen and self.sim.http("POST", there, body).status in (201, 409):
                seen[path] = True
        for path in [p for p in seen if p not in ours and p != SERVICE_PATH]:
            self.sim.http("DELETE", path)
            del seen[path]

    def policy(self):
        return self.api.must("GET", SERVICE_PATH)["spec"]["externalTrafficPolicy"]

    def may(self, context, *arguments):
        return self.server.may(context, *arguments)
