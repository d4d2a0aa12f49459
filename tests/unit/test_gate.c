/* The gate: what may leave in read-only mode, from azure.md 2.1, 2.2, 4.4, 7.2 and kubernetes.md 2.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/gate.h"

#define GW "/subscriptions/0000/resourceGroups/rg-edge/providers/Microsoft.Network/applicationGateways/agw-edge"
#define AKS "/subscriptions/0/resourceGroups/r/providers/Microsoft.ContainerService/managedClusters/c/"
#define LB "/subscriptions/0000/resourceGroups/MC_a_b_c/providers/Microsoft.Network/loadBalancers/kubernetes-internal"

static void reads_pass(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(gate_allows(true, methods[i], "/api/v1/pods?watch=true", HTTP_READ, NULL));
        assert_true(gate_allows(false, methods[i], "https://h/x", HTTP_READ, NULL));
    }
}

static void posts_that_read_pass(void **state)
{
    (void)state;
    static const char *const targets[] = {
        GW "/backendhealth?api-version=2025-05-01",
        GW "/backendhealth?api-version=2025-05-01&$expand=backendhealth/applicationgatewayresource",
        GW "/backendhealth?api-version=2025-05-01&%24expand=x",
        "https://management.azure.com" GW "/backendhealth?api-version=2025-05-01",
        "/SUBSCRIPTIONS/0000/resourcegroups/rg/providers/microsoft.network/ApplicationGateways/a/BACKENDHEALTH",
        "/subscriptions/0000/resourceGroups/rg%C3%A4(1)/providers/Microsoft.Network/applicationGateways/a/backendhealth",
        GW "/getBackendHealthOnDemand?api-version=2025-05-01",
        LB "/loadBalancingRules/a0123-TCP-80/health?api-version=2024-05-01",
        AKS "listClusterUserCredential?api-version=2024-09-01",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        "/00000000-0000-0000-0000-0000000000e2/oauth2/v2.0/token", "/adfs/oauth2/token",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct error err = {0};
        if (!gate_allows(true, "POST", targets[i], HTTP_READ, &err) ||
            !gate_allows(false, "POST", targets[i], HTTP_READ, &err))
            fail_msg("%s: %s", targets[i], err.message);
    }
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "/api/v1/namespaces/default/services",
        GW, GW "/start", GW "/stop", GW "/backendhealth/", GW "/backendhealth/start", GW "//backendhealth",
        GW "/backendhealth%2Fstart", GW "/./backendhealth", GW "/../agw-edge/backendhealth", GW "%2F..%2Fx/backendhealth",
        GW "/backendhealth;a=b", GW "/backendhealth%3Fx", GW "/backendhealth?_method=DELETE", GW "/backendhealth#x",
        GW "/backendhealth?api-version=1&X-HTTP-Method=PUT", GW "/backendhealth?api-version=1&", GW "/backend%68ealth",
        GW "/backendhealth?api-version=1%0d%0aX", "/x" GW "/backendhealth", GW "/\\backendhealth", "backendhealth",
        "/subscriptions//resourceGroups/rg/providers/Microsoft.Network/applicationGateways/a/backendhealth",
        "/subscriptions/%2e%2e/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/a/backendhealth",
        "/subscriptions/0/resourceGroups/%zz/providers/Microsoft.Network/applicationGateways/a/backendhealth",
        "//evil" GW "/backendhealth", LB "/health", LB "/loadBalancingRules/r/health/x",
        AKS "listClusterAdminCredential?api-version=2024-09-01",
        AKS "runCommand",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews", "/apis/authorization.k8s.io/v1/SelfSubjectAccessReviews",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?fieldManager=x",
        "/apis/authorization.k8s.io/v1beta1/selfsubjectaccessreviews",
        "/api/v1/namespaces/n/services/x/proxy/oauth2/token", "/oauth2/token", "/t/oauth2/token/x", "/t/oauth2/token?x=y",
        "", "https://host", "*",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        for (int read_only = 0; read_only < 2; read_only++) {
            struct error err = {0};
            if (gate_allows(read_only, "POST", targets[i], HTTP_READ, &err))
                fail_msg("POST %s passed", targets[i]);
            assert_int_equal(err.code, ERR_READ_ONLY);
        }
    }
}

static void only_post_may_read(void **state)
{
    (void)state;
    static const char *const methods[] = {"PUT", "PATCH", "DELETE"};
    for (size_t i = 0; i < 3; i++) {
        assert_false(gate_allows(true, methods[i], GW "/backendhealth", HTTP_READ, NULL));
        assert_false(gate_allows(false, methods[i], GW "/backendhealth", HTTP_READ, NULL));
        assert_false(gate_allows(true, methods[i], "/api/v1/namespaces/a/services/b", HTTP_WRITE, NULL));
        assert_true(gate_allows(false, methods[i], "/api/v1/namespaces/a/services/b", HTTP_WRITE, NULL));
    }
    assert_true(gate_allows(false, "POST", "/api/v1/namespaces", HTTP_WRITE, NULL));
}

static void writes_are_refused_whoever_asks(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(gate_allows(true, "PATCH", "/api/v1/namespaces/gw/services/s?dryRun=All", HTTP_WRITE, &err));
    assert_int_equal(err.code, ERR_READ_ONLY);
    assert_non_null(strstr(err.message, "read-only"));
    assert_non_null(strstr(err.message, "/api/v1/namespaces/gw/services/s"));
    assert_true(err.remedy[0]);
    assert_false(gate_allows(true, "POST", "/api/v1/namespaces", HTTP_WRITE, &err));
}

static void unknown_methods_are_refused(void **state)
{
    (void)state;
    static const char *const methods[] = {"get", "CONNECT", "TRACE", "", "GET ", "POST\r\nX: y", "PROPPATCH"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        assert_false(gate_allows(false, methods[i], "/", HTTP_WRITE, NULL));
    assert_false(gate_allows(false, NULL, "/", HTTP_WRITE, NULL));
    assert_false(gate_allows(false, "GET", NULL, HTTP_READ, NULL));
}

static void headers_that_change_the_request(void **state)
{
    (void)state;
    static const char *const refused[] = {"X-HTTP-Method-Override: DELETE", "x-http-method: PUT", "Upgrade: websocket",
                                          "Host: other", "Content-Length: 3", "Transfer-Encoding: chunked", "No colon",
                                          ": x", "A: b\r\nC: d", "A b: c", ""};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(gate_allows_header(refused[i], NULL));
    assert_true(gate_allows_header("Accept: application/json;as=Table;v=v1;g=meta.k8s.io", NULL));
    assert_true(gate_allows_header("Impersonate-Group: a b", NULL));
    assert_true(gate_allows_header("X-IDENTITY-HEADER: abc", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_pass),
        cmocka_unit_test(posts_that_read_pass),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(only_post_may_read),
        cmocka_unit_test(writes_are_refused_whoever_asks),
        cmocka_unit_test(unknown_methods_are_refused),
        cmocka_unit_test(headers_that_change_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
