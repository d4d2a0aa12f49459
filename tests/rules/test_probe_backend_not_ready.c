/* probe-backend-not-ready: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "probe-backend-not-ready"
#define APP_ROUTE "HTTPRoute/sample-apps/app1-route"

static void the_probes_route_leads_nowhere(void **state)
{
    (void)state;
    struct world *w = world_reference();
    world_add(w, world_health_route);
    world_apply_local(w);
    world_set(w, "EndpointSlice/gateway-health/health-responder-1", "endpoints", "[]");
    const struct finding *f = expect_finding(w, CODE, SEVERITY_CRITICAL, "health-route", NULL);
    assert_false(f->folded);
    assert_true(f->explains.n > 0);         /* the route's own warning is folded under it */
    expect_none(w, "probe-no-route");
    world_set(w, "EndpointSlice/gateway-health/health-responder-1", "endpoints", "[{addresses: [10.1.1.1]}]");
    expect_none(w, CODE);
    world_free(w);
}

static void another_routes_backend_is_no_matter_of_the_probe(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_set(w, APP_ROUTE, "spec.rules.0.backendRefs.0.name", "gone");
    expect_none(w, CODE);
    assert_int_equal(world_critical(w), 0);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_probes_route_leads_nowhere),
        cmocka_unit_test(another_routes_backend_is_no_matter_of_the_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
