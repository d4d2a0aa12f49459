/* Ambient traffic of a node stands still while its ztunnel does (kubernetes.md 6.5). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct topology *t = d->topology;
    if (t->mesh.ztunnel_total <= 0 || t->mesh.ztunnel_ready < 0 || t->mesh.ztunnel_ready >= t->mesh.ztunnel_total)
        return;
    char name[300];
    str_format(name, sizeof name, "%s/ztunnel", str_or(t->mesh.namespace, "istio-system"));
    struct finding *f = finding_add(d, rule, "DaemonSet", name);
    if (t->mesh.ztunnel_ready == 0)
        f->severity = SEVERITY_CRITICAL;
    finding_title(d, f, "ztunnel is ready on %d of %d nodes", t->mesh.ztunnel_ready, t->mesh.ztunnel_total);
    finding_why(d, f, "Pods of the ambient mesh on the other nodes can neither be reached nor reach others.");
    finding_evidence(d, f, "DaemonSet %s status.numberReady = %d", name, t->mesh.ztunnel_ready);
    finding_evidence(d, f, "DaemonSet %s status.desiredNumberScheduled = %d", name, t->mesh.ztunnel_total);
    finding_remedy(d, f, "Look at the ztunnel pods that are not ready and at istio-cni-node on the same nodes.");
}

const struct rule rule_ztunnel_not_ready = {
    .code = "ztunnel-not-ready", .severity = SEVERITY_WARNING, .hop = HOP_PODS,
    .title = "ztunnel is not ready on every node", RULE_NEEDS(KIND_DAEMONSET), .run = run,
};
