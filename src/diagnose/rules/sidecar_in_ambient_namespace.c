/* A pod with a sidecar in a namespace of the ambient mesh uses the sidecar, not ztunnel (kubernetes.md 6.5, SC-5). */
#include "../diagnose_internal.h"

static bool is_ambient(const struct snapshot *s, const struct object *pod)
{
    const struct object *ns = snapshot_find(s, KIND_NAMESPACE, "", pod->namespace);
    return ns && str_eq(pairs_get(&ns->labels, "istio.io/dataplane-mode"), "ambient");
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct object_list *l = &d->snapshot->objects[KIND_POD];
    const char *last = "";
    struct finding *f = NULL;
    for (size_t i = 0; i < l->n; i++) {
        const struct pod *p = (const struct pod *)l->items[i];
        /* A gateway pod is a proxy itself. */
        if (p->sidecar != SIDECAR_YES || pairs_get(&p->object.labels, "gateway.networking.k8s.io/gateway-name") ||
            !is_ambient(d->snapshot, &p->object))
            continue;
        if (!str_eq(last, p->object.namespace)) {
            f = finding_add(d, rule, "Namespace", p->object.namespace);
            finding_title(d, f, "Pods with a sidecar in the ambient namespace %s", p->object.namespace);
            finding_why(d, f, "These pods use their sidecar instead of ztunnel: two ways of the mesh in one namespace.");
            finding_remedy(d, f, "Take the injection label off the namespace or the pods and restart them.");
        }
        last = p->object.namespace;
        if (f->evidence.n < 6)
            finding_evidence(d, f, "Pod %s/%s container istio-proxy = present", p->object.namespace, p->object.name);
    }
}

const struct rule rule_sidecar_in_ambient_namespace = {
    .code = "sidecar-in-ambient-namespace", .severity = SEVERITY_WARNING, .hop = HOP_PODS,
    .title = "A pod with a sidecar in an ambient namespace", RULE_NEEDS(KIND_POD, KIND_NAMESPACE), .run = run,
};
