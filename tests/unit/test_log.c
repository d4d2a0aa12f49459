/* Log and secrets: what must never be written down is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JWT \
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQifQ." \
    "c2lnbmF0dXJlLWJ5dGVz"

static void redacts(const char *line, const char *want)
{
    char buffer[1024];
    str_copy(buffer, sizeof buffer, line);
    log_redact(buffer);
    assert_string_equal(buffer, want);
}

static void redact__authorization__goes_whatever_the_scheme(void **state)
{
    (void)state;
    redacts("> Authorization: Bearer abc.def.ghi", "> Authorization: ***");
    redacts("authorization: Basic dXNlcjpwYXNz", "authorization: ***");
    redacts("GET /x with Bearer abcdefgh12345 sent", "GET /x with Bearer *** sent");
    redacts("{\"Authorization\": \"Bearer abcdef\", \"x\": 1}",
            "{\"Authorization\": \"***\", \"x\": 1}");
    redacts("Cookie: a=b; c=d", "Cookie: ***");
    redacts("X-IDENTITY-HEADER: 8f1c", "X-IDENTITY-HEADER: ***");
}

static void redact__forms_and_queries__lose_their_secrets_only(void **state)
{
    (void)state;
    redacts("grant_type=client_credentials&client_id=me&client_secret=s3cr%20et&scope=x",
            "grant_type=client_credentials&client_id=me&client_secret=***&scope=x");
    redacts("https://b.test/c?sv=2020&sig=a%2Fb%3D&se=1", "https://b.test/c?sv=2020&sig=***&se=1");
    redacts("client_assertion=" JWT "&a=1", "client_assertion=***&a=1");
    redacts("password = hunter2", "password = ***");
    redacts("proxy http://me:s3cret@proxy.test:8080/x", "proxy http://***@proxy.test:8080/x");
    redacts("http://host:80/a@b", "http://host:80/a@b");
}

static void redact__json__loses_tokens(void **state)
{
    (void)state;
    redacts("{\"access_token\":\"abc\",\"expires_in\":3599}",
            "{\"access_token\":\"***\",\"expires_in\":3599}");
    redacts("{\"accessToken\": \"a\\\"b\", \"tenant\": \"t\"}",
            "{\"accessToken\": \"***\", \"tenant\": \"t\"}");
    redacts("{\"token\":\"xyz\"}", "{\"token\":\"***\"}");
    redacts("client-key-data: LS0tLS1CRUdJTg==", "client-key-data: ***");
}

static void redact__tokens_by_their_look__go_without_a_name(void **state)
{
    (void)state;
    redacts("got " JWT " from the plugin", "got *** from the plugin");
    redacts("key abcdefghijKLMNOPQRST0123456789abcdefghijKLMNOPQRST0123456789abcdefghij end",
            "key *** end");
    redacts("-----BEGIN RSA PRIVATE KEY----- MIIE -----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----");
}

static void redact__ordinary_lines__stay(void **state)
{
    (void)state;
    static const char *const plain[] = {
        "GET "
        "https://management.azure.com/subscriptions/6f3c0000-0000-0000-0000-000000000000/"
        "resourceGroups/rg-network-westeurope/"
        "providers/Microsoft.Network/applicationGateways/"
        "agw-prod-westeurope-001?api-version=2024-05-01 200 12 ms",
        "watch /apis/gateway.networking.k8s.io/v1/httproutes resourceVersion=12345 opened",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "the bearer token has expired; basic tier",
        "gateway-health/health-responder: no ready pod, code 503", "", "=:&?",
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        redacts(plain[i], plain[i]);
}

static void log__line__is_one_clean_private_redacted_line(void **state)
{
    (void)state;
    char folder[160], path[200];
    str_format(folder, sizeof folder, "%s/gatewatch-log-XXXXXX", str_or(getenv("TMPDIR"), "/tmp"));
    assert_non_null(mkdtemp(folder));
    str_format(path, sizeof path, "%s/log", folder);
    struct error e = {0};
    log_line(LOG_ERROR, "before it is open");
    assert_true(log_open(path, &e));
    clock_freeze(1768032005123);
    log_line(LOG_WARN, "a\n\x1b[31m token=%s", "abc");
    log_line(LOG_INFO, "second");
    log_close();
    log_line(LOG_INFO, "after it is closed");
    clock_freeze(INT64_MIN);
    char *bytes;
    size_t len;
    assert_true(file_read(path, 4096, &bytes, &len, &e));
    assert_string_equal(bytes, "2026-01-10T08:00:05.123Z warn  a \xef\xbf\xbd[31m "
                               "token=***\n2026-01-10T08:00:05.123Z info  second\n");
    free(bytes);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    unlink(path);
    assert_false(log_open("/nowhere/log", &e));
    assert_true(strstr(e.message, "/nowhere/log") != NULL);
    rmdir(folder);
}

static void secret__counted__and_wiped(void **state)
{
    (void)state;
    struct secret *s = secret_new("abc\0def", 7);
    assert_int_equal(secret_len(s), 7);
    assert_memory_equal(secret_reveal(s), "abc\0def", 8);
    assert_ptr_equal(secret_ref(s), s);
    secret_unref(s);
    assert_string_equal(secret_reveal(s), "abc");
    secret_unref(s);
    secret_unref(NULL);
    assert_string_equal(secret_reveal(NULL), "");
    char memory[8] = "abcdefg";
    secret_wipe(memory, sizeof memory);
    assert_memory_equal(memory, "\0\0\0\0\0\0\0\0", 8);
    secret_wipe(NULL, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redact__authorization__goes_whatever_the_scheme),
        cmocka_unit_test(redact__forms_and_queries__lose_their_secrets_only),
        cmocka_unit_test(redact__json__loses_tokens),
        cmocka_unit_test(redact__tokens_by_their_look__go_without_a_name),
        cmocka_unit_test(redact__ordinary_lines__stay),
        cmocka_unit_test(log__line__is_one_clean_private_redacted_line),
        cmocka_unit_test(secret__counted__and_wiped),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
