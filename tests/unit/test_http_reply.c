/* What an error reply says: Kubernetes Status (kubernetes.md 1.8), the odd shapes of ARM (azure.md 8.1), Entra (7.2),
 * pages of proxies; and when it says to come again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/reply.h"

static char *fixture(const char *name, size_t *len)
{
    const char *root = getenv("GATEWATCH_ROOT");
    char path[500], *bytes;
    struct error err = {0};
    snprintf(path, sizeof path, "%s/tests/fixtures/%s", root ? root : ".", name);
    if (!file_read(path, 1 << 20, &bytes, len, &err))
        fail_msg("%s", err.message);
    return bytes;
}

static struct error explain(int status, const char *body, size_t len, const char *const *headers)
{
    TEXT_AUTO block = {0};
    struct error err = {0};
    for (; headers && *headers; headers++)
        reply_add_header(&block, *headers, strlen(*headers));
    struct http_reply reply = {.status = status, .body = body, .len = len, .headers = &block};
    reply_explain(&reply, "api.test", &err);
    assert_true(err.code != ERR_NONE);
    assert_int_equal(err.http_status, status);
    for (const char *p = err.message; *p; p++)
        assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
    return err;
}

static struct error words(int status, const char *body)
{
    return explain(status, body, strlen(body), NULL);
}

static void samples(void **state)
{
    (void)state;
    static const struct { const char *file; int status; enum error_code code; const char *message; } cases[] = {
        {"kubernetes/status-401.json", 401, ERR_UNAUTHORIZED, "api.test answered 401 Unauthorized"},
        {"kubernetes/status-403.json", 403, ERR_FORBIDDEN,
         "api.test answered 403 Forbidden: services \"shared-gw-istio\" is forbidden: User \"jane@example.com\" cannot patch "
         "resource \"services\" in API group \"\" in the namespace \"gateway-system\""},
        {"kubernetes/status-404-no-such-resource.json", 404, ERR_ABSENT,
         "api.test answered 404 Not Found: NotFound: the server could not find the requested resource"},
        {"kubernetes/status-409-already-exists.json", 409, ERR_CONFLICT,
         "api.test answered 409 Conflict: AlreadyExists: httproutes.gateway.networking.k8s.io \"gatewatch-health\" already "
         "exists"},
        {"kubernetes/status-409-conflict.json", 409, ERR_CONFLICT, "api.test answered 409 Conflict: Operation cannot be"},
        {"kubernetes/status-409-ssa-field-conflict.json", 409, ERR_CONFLICT, "conflict with \"istio.io/gateway-controller\""},
        {"kubernetes/status-410-expired-list.json", 410, ERR_GONE, "api.test answered 410 Gone: Expired: "},
        {"kubernetes/status-422-invalid.json", 422, ERR_INVALID, "value must be an absolute path"},
        {"kubernetes/status-429.json", 429, ERR_THROTTLED, "Too many requests, please try again later."},
        {"azure/error-403.json", 403, ERR_FORBIDDEN, "action 'Microsoft.Network/applicationGateways/backendhealth/action'"},
        {"azure/error-429.json", 429, ERR_THROTTLED, "429 Too Many Requests: SubscriptionRequestsThrottled: Number of 'read'"},
        {"azure/error-429-busy.json", 429, ERR_THROTTLED, "RetryableErrorDueToAnotherOperation"},
        {"azure/error-odd-shape.json", 404, ERR_ABSENT, "No HTTP resource was found that matches the request URI"},
        {"azure/token-error.json", 400, ERR_INVALID, "invalid_scope: AADSTS70011: The provided value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len;
        char *body = fixture(cases[i].file, &len);
        struct error err = explain(cases[i].status, body, len, NULL);
        assert_int_equal(err.code, cases[i].code);
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s: '%s' does not say '%s'", cases[i].file, err.message, cases[i].message);
        /* Cut anywhere it is still an error of that kind. */
        for (size_t n = 0; n < len; n++) {
            char *part = malloc(n + 1);     /* of its own, so that a sanitizer sees a read behind it */
            memcpy(part, body, n);
            part[n] = '\0';
            assert_int_equal(explain(cases[i].status, part, n, NULL).code, cases[i].code);
            free(part);
        }
        free(body);
    }
}

static void details(void **state)
{
    (void)state;
    size_t len;
    char *body = fixture("kubernetes/status-429.json", &len);
    assert_int_equal(explain(429, body, len, NULL).retry_after, 1);
    static const char *const later[] = {"Retry-After: 12\r\n", NULL};
    struct error err = explain(429, body, len, later);
    assert_int_equal(err.retry_after, 12);
    assert_non_null(strstr(err.remedy, "12 seconds"));
    free(body);
    /* Trace data is not for people. */
    body = fixture("azure/token-error.json", &len);
    assert_null(strstr(explain(400, body, len, NULL).message, "Trace ID"));
    free(body);
    static const char *const code[] = {"x-ms-error-code: AuthorizationFailed\r\n", NULL};
    static const char other[] = "{\"error\":{\"code\":\"Other\",\"message\":\"m\"}}";
    err = explain(403, other, strlen(other), code);
    assert_string_equal(err.message, "api.test answered 403 Forbidden: AuthorizationFailed: m");
}

static void odd_shapes(void **state)
{
    (void)state;
    static const struct { const char *body, *message; } cases[] = {
        {"{\"code\":\"C\",\"message\":\"no wrapper\"}", ": C: no wrapper"},
        {"{\"odata.error\":{\"code\":\"O\",\"message\":{\"lang\":\"en\",\"value\":\"of graph\"}}}", ": O: of graph"},
        {"{\"Message\":\"upper\"}", ": upper"},
        {"{\"error\":{\"code\":\"C\",\"message\":{\"Message\":\"inside\"}}}", ": C: inside"},
        {"{\"error\":{\"code\":\"C\",\"message\":5}}", ": C"},
        {"{\"error\":\"invalid_grant\"}", ": invalid_grant"},
        {"{\"error\":\"e\",\"error_description\":[1]}", ": e"},
        {"{\"kind\":\"Status\",\"message\":\"only words\"}", ": only words"},
        {"404 page not found\n", ": 404 page not found"},
        {"<html><head><title>Bad</title><style>p {x}</style></head>\n<body><h1>502</h1><p>by the&nbsp;proxy</p>", ": Bad 502 by the"},
        {"a\x1b[31mb\xff\r\nc\xe2\x80\xae", ": a\xef\xbf\xbd[31mb\xef\xbf\xbd c\xef\xbf\xbd"},
        {"", "api.test answered 418"}, {"null", "api.test answered 418"}, {"[]", ": []"}, {"{}", ": {}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = words(418, cases[i].body);
        size_t at = strlen(err.message), want = strlen(cases[i].message);
        if (i == 9 ? !strstr(err.message, cases[i].message) : at < want || strcmp(err.message + at - want, cases[i].message))
            fail_msg("%zu: '%s' does not end with '%s'", i, err.message, cases[i].message);
        assert_null(strstr(err.message, "{x}"));
    }
    char page[5000];
    memset(page, 'x', sizeof page - 1);
    page[sizeof page - 1] = '\0';
    assert_true(strlen(words(502, page).message) < 260);
}

static void statuses(void **state)
{
    (void)state;
    static const struct { int status; enum error_code code; } cases[] = {
        {302, ERR_PROTOCOL}, {304, ERR_PROTOCOL}, {400, ERR_INVALID}, {405, ERR_INVALID}, {407, ERR_INVALID},
        {408, ERR_TIMEOUT}, {412, ERR_CONFLICT}, {500, ERR_SERVER}, {503, ERR_SERVER}, {599, ERR_SERVER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(words(cases[i].status, "").code, cases[i].code);
    assert_true(words(401, "").remedy[0]);
}

/* ---- when to come again ---- */

static double wait_of(const char *const *headers)
{
    TEXT_AUTO block = {0};
    for (; *headers; headers++)
        reply_add_header(&block, *headers, strlen(*headers));
    struct http_reply reply = {.headers = &block};
    return http_retry_after(&reply);
}

#define WAIT(...) wait_of((const char *const[]){__VA_ARGS__, NULL})
#define SAME(a, b) assert_true((a) > (b)-0.01 && (a) < (b) + 0.01)

static void retry_after_in_all_its_forms(void **state)
{
    (void)state;
    int64_t now;
    assert_true(clock_parse_rfc3339("2026-01-10T08:00:00Z", &now));
    clock_freeze(now);
    SAME(WAIT("Retry-After: 10\r\n"), 10);
    SAME(WAIT("retry-after:7"), 7);
    SAME(WAIT("Retry-After: Sat, 10 Jan 2026 08:00:30 GMT\r\n"), 30);
    SAME(WAIT("Retry-After: Sat, 10 Jan 2026 07:59:00 GMT\r\n"), 0);
    SAME(WAIT("Retry-After: 10", "retry-after-ms: 1500"), 1.5);
    SAME(WAIT("x-ms-retry-after-ms: 250", "Retry-After: 10"), 0.25);
    SAME(WAIT("retry-after-ms: 500", "x-ms-retry-after-ms: 250"), 0.5);
    SAME(WAIT("retry-after-ms: soon", "Retry-After: 3"), 3);
    SAME(WAIT("Retry-After: 99999999999999999999"), 3600);
    SAME(WAIT("Retry-After: -5"), 0);
    SAME(WAIT("Retry-After: 0x10"), 0);
    SAME(WAIT("Retry-After: inf"), 0);
    SAME(WAIT("Retry-After: nan"), 0);
    SAME(WAIT("Retry-After: "), 0);
    SAME(WAIT("Retry-After: 1e3"), 0);
    SAME(WAIT("X-Other: 1"), 0);
    clock_freeze(INT64_MIN);
}

static void header_lines(void **state)
{
    (void)state;
    TEXT_AUTO block = {0};
    static const char *const lines[] = {"A: 1\r\n", "no colon\r\n", ": no name\r\n", "Empty:\r\n", "B:  x: y \t\r\n", "\r\n", ""};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        reply_add_header(&block, lines[i], strlen(lines[i]));
    reply_add_header(&block, "N: a\0b\r\n", 8);
    struct http_reply reply = {.headers = &block};
    assert_string_equal(http_header(&reply, "a"), "1");
    assert_string_equal(http_header(&reply, "EMPTY"), "");
    assert_string_equal(http_header(&reply, "B"), "x: y");
    assert_null(http_header(&reply, "N"));
    assert_null(http_header(&reply, "1"));
    assert_null(http_header(&(struct http_reply){0}, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples),  cmocka_unit_test(details),
        cmocka_unit_test(odd_shapes), cmocka_unit_test(statuses),
        cmocka_unit_test(retry_after_in_all_its_forms), cmocka_unit_test(header_lines),
    };
    return cmocka_run_group_tests_name("http_reply", tests, NULL, NULL);
}
