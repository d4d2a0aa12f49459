#include "shape.h"

static const struct field fields[] = {
    PAIRS(struct poddisruptionbudget, selector, "spec.selector.matchLabels"),
    {"spec.minAvailable", FIELD_INT_OR_STRING, offsetof(struct poddisruptionbudget, min_available), NULL},
    {"spec.maxUnavailable", FIELD_INT_OR_STRING, offsetof(struct poddisruptionbudget, max_unavailable), NULL},
    INT(struct poddisruptionbudget, disruptions_allowed, "status.disruptionsAllowed"),
};
static const struct shape shape = SHAPE(struct poddisruptionbudget, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    shape_decode(&shape, json, o, &o->arena);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct poddisruptionbudget *pdb = (const struct poddisruptionbudget *)o;
    if (*pdb->min_available)
        describe_line(d, "Minimum available", "%s", pdb->min_available);
    if (*pdb->max_unavailable)
        describe_line(d, "Maximum unavailable", "%s", pdb->max_unavailable);
    describe_line(d, "Disruptions allowed", "%d", pdb->disruptions_allowed);
}

static const char *const versions[] = {"v1", NULL};
const struct kind kind_poddisruptionbudget = {
    .name = "PodDisruptionBudget", .plural = "poddisruptionbudgets", .group = "policy", .versions = versions, .namespaced = true,
    .size = sizeof(struct poddisruptionbudget), .decode = decode, .describe = describe,
};
