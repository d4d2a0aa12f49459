/* The validating webhook of AKS's managed Istio: which fields an overlay may set
 * (kubernetes.md 6.7, azure.md 4.5). */
#include "azure.h"
#include "text.h"

#include <string.h>

#define WEBHOOK "azure-service-mesh-ccp-validating-webhook"

struct reference {
    const json_t *config;
    bool found;
};

static bool refers(struct world *world, const json_t *gateway, void *ctx)
{
    struct reference *reference = ctx;

    (void)world;
    reference->found = reference->found || jx_is(gateway, "spec.infrastructure.parametersRef.name",
                                                 jx_name(reference->config));
    return !reference->found;
}

static bool is_overlay(struct world *world, const json_t *config)
{
    struct reference reference = { .config = config };

    if (jx_label(config, "gateway.istio.io/defaults-for-class"))
        return true;
    store_each_in(world, "gateway.networking.k8s.io", "gateways", jx_namespace(config), refers,
                  &reference);
    return reference.found;
}

/* The first member that is not on the list, or NULL. */
static const char *stranger(const json_t *object, const char *const *allowed)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value) {
        bool known = false;
        for (const char *const *one = allowed; *one; one++)
            known = known || strcmp(*one, name) == 0;
        if (!known)
            return name;
    }
    return NULL;
}

char *webhook_refusal(struct world *world, const char *group, const char *resource,
                      const json_t *object)
{
    static const char *const top[] = { "metadata", "spec", NULL }, *const meta[] = { "labels",
                                                                                     "annotations",
                                                                                     NULL };
    static const char *const spec[] = { "type",
                                        "loadBalancerSourceRanges",
                                        "loadBalancerClass",
                                        "externalTrafficPolicy",
                                        "internalTrafficPolicy",
                                        "healthCheckNodePort",
                                        NULL };
    const char *text = jx_str(object, "data.service"), *bad;
    char *refusal = NULL;

    if (*group || strcmp(resource, "configmaps") != 0 || !text ||
        !store_get(world, "", "namespaces", NULL, "aks-istio-system") || !is_overlay(world, object))
        return NULL;
    json_t *overlay = yaml_to_json(text);
    const json_t *metadata = json_object_get(overlay, "metadata"),
                 *specification = json_object_get(overlay, "spec");
    if (!overlay)
        refusal = format_text(
            "admission webhook \"%s\" denied the request: data.service is not YAML", WEBHOOK);
    else if ((bad = stranger(overlay, top)) || (bad = stranger(metadata, meta)) ||
             (bad = stranger(specification, spec)))
        refusal = format_text(
            "admission webhook \"%s\" denied the request: field %s is not allowed in the service "
            "customization",
            WEBHOOK, bad);
    json_decref(overlay);
    return refusal;
}
