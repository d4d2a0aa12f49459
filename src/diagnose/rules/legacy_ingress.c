/* Ingress objects beside the Gateway API: another way in, that this path does not show (poc/README.md, SC-7). */
#include "../diagnose_internal.h"

static void run(struct diagnosis *d, const struct rule *rule)
{
    const struct object_list *l = &d->snapshot->objects[KIND_INGRESS];
    if (l->n == 0)
        return;
    char name[600];
    str_format(name, sizeof name, "%s/%s", l->items[0]->namespace, l->items[0]->name);
    struct finding *f = finding_add(d, rule, "Ingress", name);
    finding_title(d, f, "%zu Ingress object%s beside the Gateway API", l->n, l->n == 1 ? "" : "s");
    finding_why(d, f, "They are served by another controller and are not part of the path shown here.");
    for (size_t i = 0; i < l->n && i < 6; i++)
        finding_evidence(d, f, "Ingress %s/%s exists", l->items[i]->namespace, l->items[i]->name);
    finding_remedy(d, f, "Move them to HTTPRoutes when their time comes.");
}

const struct rule rule_legacy_ingress = {
    .code = "legacy-ingress", .severity = SEVERITY_INFO, .hop = HOP_ROUTE,
    .title = "Ingress objects beside the Gateway API", RULE_NEEDS(KIND_INGRESS), .run = run,
};
