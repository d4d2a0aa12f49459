/* legacy-ingress: what raises it, and near misses that must not. */
#include "unit/world.h"

#define CODE "legacy-ingress"

static void counted(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    world_add(w, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: old, namespace: sample-apps}\n");
    expect_finding(w, CODE, SEVERITY_INFO, "old", NULL);
    world_free(w);
}

static void near_misses(void **state)
{
    (void)state;
    struct world *w = world_healthy();
    expect_none(w, CODE);
    world_source(w, KIND_INGRESS, SOURCE_FORBIDDEN);
    expect_unknown(w, CODE);
    world_free(w);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counted),
        cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
