/* route-shadowed: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "route-shadowed"

static void an_older_route_takes_everything(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_add(w, "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: late, namespace: "
                 "gateway-health, creationTimestamp: '2026-03-01T00:00:00Z'}\nspec: {parentRefs: [{name: "
                 "mtkc-gateway, namespace: istio-ingress}], rules: [{matches: [{path: {type: PathPrefix, value: "
                 "/app1}}], backendRefs: [{name: health-responder, port: 80}]}]}\n");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_WARNING, "late", NULL);
    assert_true(has_evidence(f, "sample-apps/app1-route"));
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_add(w, "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: late, namespace: "
                 "gateway-health, creationTimestamp: '2026-03-01T00:00:00Z'}\nspec: {parentRefs: [{name: "
                 "mtkc-gateway, namespace: istio-ingress}], rules: [{matches: [{path: {type: PathPrefix, value: "
                 "/app1/deeper}}], backendRefs: [{name: health-responder, port: 80}]}]}\n");
    expect_none(w, CODE);           /* the longer prefix is asked first */
    world_set(w, "HTTPRoute/gateway-health/late", "spec.rules.0.matches.0.path.value", "/app1");
    world_set(w, "HTTPRoute/gateway-health/late", "spec.hostnames", "[other.example.com]");
    expect_none(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_route_takes_everything),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
