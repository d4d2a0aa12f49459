/* What the API server serves, read from both forms of discovery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/discovery.h"

static json_t *parse(const char *text)
{
    char *quoted = xstrdup(text);
    for (char *c = quoted; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *json = json_loads(quoted, 0, NULL);
    free(quoted);
    assert_non_null(json);
    return json;
}

#define VERBS "'verbs':['get','list','watch']"

static void core_is_known_without_asking(void **state)
{
    (void)state;
    struct discovery d;
    discovery_init(&d);
    assert_int_equal(d.kinds[KIND_SERVICE].served, SERVED_YES);
    assert_string_equal(d.kinds[KIND_SERVICE].version, "v1");
    assert_int_equal(d.kinds[KIND_HTTPROUTE].served, SERVED_UNKNOWN);
    assert_int_equal(d.kinds[KIND_APPGATEWAY].served, SERVED_UNKNOWN);
}

static void aggregated_sample(void **state)
{
    (void)state;
    struct discovery d;
    struct error err = {0};
    discovery_init(&d);
    json_t *body = json_load_file("tests/fixtures/kubernetes/discovery-apis-aggregated.json", 0, NULL);
    assert_true(discovery_is_aggregated(body));
    assert_true(discovery_read_aggregated(&d, body, &err));
    assert_int_equal(d.kinds[KIND_HTTPROUTE].served, SERVED_YES);
    assert_string_equal(d.kinds[KIND_HTTPROUTE].version, "v1");
    assert_string_equal(d.kinds[KIND_REFERENCEGRANT].version, "v1beta1");
    assert_int_equal(d.kinds[KIND_GATEWAY].served, SERVED_NO);      /* not in this excerpt: absent, not an error */
    assert_int_equal(d.kinds[KIND_TENANT].served, SERVED_NO);
    assert_int_equal(d.kinds[KIND_SERVICE].served, SERVED_YES);
    json_decref(body);
}

static void better_versions_win_in_any_order(void **state)
{
    (void)state;
    struct discovery d;
    discovery_init(&d);
    json_t *body = parse("{'kind':'APIGroupDiscoveryList','items':[{'metadata':{'name':'gateway.networking.k8s.io'},"
                         "'versions':[{'version':'v1beta1','resources':[{'resource':'gateways'," VERBS "}]},{'version':'v1',"
                         "'resources':[{'resource':'gateways'," VERBS "},{'resource':'httproutes','verbs':['get']}]},"
                         "{'version':'v9','resources':[{'resource':'grpcroutes'," VERBS "}]}]}]}");
    assert_true(discovery_read_aggregated(&d, body, NULL));
    assert_string_equal(d.kinds[KIND_GATEWAY].version, "v1");
    assert_int_equal(d.kinds[KIND_HTTPROUTE].served, SERVED_NO);    /* cannot be watched */
    assert_int_equal(d.kinds[KIND_GRPCROUTE].served, SERVED_NO);    /* in a version we do not read */
    json_decref(body);
}

static void a_stale_group_keeps_what_was_known(void **state)
{
    (void)state;
    struct discovery d;
    discovery_init(&d);
    json_t *good = parse("{'kind':'APIGroupDiscoveryList','items':[{'metadata':{'name':'capsule.clastix.io'},'versions':[{"
                         "'version':'v1beta2','resources':[{'resource':'tenants'," VERBS "}]}]}]}");
    json_t *stale = parse("{'kind':'APIGroupDiscoveryList','items':[{'metadata':{'name':'capsule.clastix.io'},'versions':["
                          "{'version':'v1beta2','freshness':'Stale'}]}]}");
    json_t *gone = parse("{'kind':'APIGroupDiscoveryList','items':[]}");
    assert_true(discovery_read_aggregated(&d, stale, NULL));
    assert_int_equal(d.kinds[KIND_TENANT].served, SERVED_UNKNOWN);
    assert_true(discovery_read_aggregated(&d, good, NULL));
    assert_true(discovery_read_aggregated(&d, stale, NULL));
    assert_int_equal(d.kinds[KIND_TENANT].served, SERVED_YES);
    assert_true(discovery_read_aggregated(&d, gone, NULL));
    assert_int_equal(d.kinds[KIND_TENANT].served, SERVED_NO);
    json_decref(good);
    json_decref(stale);
    json_decref(gone);
}

static void the_older_form(void **state)
{
    (void)state;
    struct discovery d;
    struct group_versions asked = {0};
    discovery_init(&d);
    json_t *groups = parse("{'kind':'APIGroupList','groups':[{'name':'apps','versions':[{'groupVersion':'apps/v1',"
                           "'version':'v1'}]},{'name':'batch','versions':[{'version':'v1'}]},{'name':"
                           "'gateway.networking.k8s.io','versions':[{'version':'v1'},{'version':'v1beta1'},{'version':"
                           "'v9'}]}]}");
    assert_false(discovery_is_aggregated(groups));
    assert_true(discovery_read_groups(&d, groups, &asked, NULL));
    assert_int_equal(asked.n, 3);
    assert_string_equal(asked.items[0], "apps/v1");
    assert_string_equal(asked.items[1], "gateway.networking.k8s.io/v1");
    assert_string_equal(asked.items[2], "gateway.networking.k8s.io/v1beta1");
    json_t *v1 = parse("{'kind':'APIResourceList','resources':[{'name':'gateways'," VERBS "},{'name':'gateways/status',"
                       "'verbs':['get']}]}");
    json_t *beta = parse("{'kind':'APIResourceList','resources':[{'name':'gateways'," VERBS "},{'name':'referencegrants',"
                         VERBS "}]}");
    assert_true(discovery_read_resources(&d, asked.items[2], beta, NULL));
    assert_string_equal(d.kinds[KIND_GATEWAY].version, "v1beta1");
    assert_true(discovery_read_resources(&d, asked.items[1], v1, NULL));
    assert_string_equal(d.kinds[KIND_GATEWAY].version, "v1");
    assert_string_equal(d.kinds[KIND_REFERENCEGRANT].version, "v1beta1");
    assert_int_equal(d.kinds[KIND_DEPLOYMENT].served, SERVED_NO);
    group_versions_free(&asked);
    json_decref(groups);
    json_decref(v1);
    json_decref(beta);
}

static void nonsense_is_an_error_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}", "[]", "{'kind':'APIGroupDiscoveryList'}", "{'kind':'Status','code':403}"};
    struct discovery d;
    struct group_versions asked = {0};
    discovery_init(&d);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        json_t *body = parse(bodies[i]);
        struct error err = {0};
        assert_false(discovery_read_aggregated(&d, body, &err));
        assert_int_equal(err.code, ERR_PROTOCOL);
        assert_false(discovery_read_groups(&d, body, &asked, &err));
        assert_false(discovery_read_resources(&d, "a/v1", body, &err));
        json_decref(body);
    }
    assert_int_equal(d.kinds[KIND_GATEWAY].served, SERVED_UNKNOWN);
    discovery_assume(&d);
    assert_string_equal(d.kinds[KIND_GATEWAY].version, "v1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_is_known_without_asking),
        cmocka_unit_test(aggregated_sample),
        cmocka_unit_test(better_versions_win_in_any_order),
        cmocka_unit_test(a_stale_group_keeps_what_was_known),
        cmocka_unit_test(the_older_form),
        cmocka_unit_test(nonsense_is_an_error_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
