/* sidecar-in-ambient-namespace: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "sidecar-in-ambient-namespace"
#define POD(namespace, labels) \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: " namespace ", labels: " labels "}\n" \
    "spec: {nodeName: n, containers: [{name: app}, {name: istio-proxy}]}\nstatus: {phase: Running}\n"

static void a_sidecar_beside_ztunnel(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_add(w, POD("sample-apps", "{}"));
    expect_finding(w, CODE, SEVERITY_WARNING, "sample-apps", NULL);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_add(w, POD("gateway-health", "{}"));          /* not ambient in this world */
    world_add(w, POD("istio-ingress", "{gateway.networking.k8s.io/gateway-name: mtkc-gateway}"));
    expect_none(w, CODE);
    world_source(w, KIND_POD, SOURCE_FORBIDDEN);
    expect_unknown(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sidecar_beside_ztunnel),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
