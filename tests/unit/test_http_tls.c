/* TLS: what verifies, and what is said when it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/http_client.h"

static struct fake_cert ca, other_ca, server_cert;

static struct answer *get_tls(const struct fake_server *s, struct endpoint_spec spec)
{
    char base[64];
    snprintf(base, sizeof base, "https://127.0.0.1:%d", s->port);
    spec.base = base;
    spec.proxy = "";
    struct error err = {0};
    struct endpoint *e = endpoint_new(&spec, &err);
    if (!e)
        fail_msg("%s", err.message);
    struct answer *a = get(e, "/hello");
    endpoint_unref(e);
    return a;
}

static void certificates_are_verified(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, &server_cert, NULL);
    struct answer *a = get_tls(s, (struct endpoint_spec){.ca_pem = ca.cert_pem});
    assert_string_equal(a->error.message, "");
    assert_string_equal(a->body, "hello");
    free_answer(a);

    int requests = atomic_load(&s->requests);
    a = get_tls(s, (struct endpoint_spec){.ca_pem = other_ca.cert_pem});
    assert_int_equal(a->error.code, ERR_TLS);
    assert_non_null(strstr(a->error.message, "CN=server.test"));
    assert_non_null(strstr(a->error.message, "issued by CN=Test CA"));
    assert_non_null(strstr(a->error.message, "the configured CA"));
    assert_true(a->error.remedy[0]);
    free_answer(a);
    a = get_tls(s, (struct endpoint_spec){0});
    assert_int_equal(a->error.code, ERR_TLS);
    assert_non_null(strstr(a->error.message, "a CA that this machine trusts"));
    free_answer(a);
    /* The look at the certificate sends nothing. */
    assert_int_equal(atomic_load(&s->requests), requests);

    a = get_tls(s, (struct endpoint_spec){.insecure = true});
    assert_int_equal(a->error.code, ERR_NONE);
    free_answer(a);
    fake_stop(s);
}

static void a_verified_connection_is_not_shared(void **state)
{
    (void)state;
    /* An open connection without verification must not serve an endpoint that verifies. */
    struct fake_server *s = fake_start(serve_basic, NULL, &server_cert, NULL);
    free_answer(get_tls(s, (struct endpoint_spec){.insecure = true}));
    struct answer *a = get_tls(s, (struct endpoint_spec){.ca_pem = other_ca.cert_pem});
    assert_int_equal(a->error.code, ERR_TLS);
    free_answer(a);
    fake_stop(s);
}

static void wrong_names_and_dates(void **state)
{
    (void)state;
    struct fake_cert wrong = fake_cert_new("other.test", "DNS:other.test,DNS:alias.test,IP:192.0.2.7", &ca, -1, 10);
    struct fake_cert expired = fake_cert_new("old.test", "IP:127.0.0.1", &ca, -20, -3);
    struct fake_cert future = fake_cert_new("new.test", "IP:127.0.0.1", &ca, 3, 20);

    struct fake_server *s = fake_start(serve_basic, NULL, &wrong, NULL);
    struct answer *a = get_tls(s, (struct endpoint_spec){.ca_pem = ca.cert_pem});
    assert_int_equal(a->error.code, ERR_TLS);
    assert_non_null(strstr(a->error.message, "CN=other.test"));
    assert_non_null(strstr(a->error.message, "is for other.test, alias.test, 192.0.2.7, not for 127.0.0.1"));
    free_answer(a);
    a = get_tls(s, (struct endpoint_spec){.ca_pem = ca.cert_pem, .server_name = "alias.test"});
    assert_string_equal(a->error.message, "");
    assert_string_equal(a->body, "hello");
    free_answer(a);
    a = get_tls(s, (struct endpoint_spec){.ca_pem = ca.cert_pem, .server_name = "third.test"});
    assert_int_equal(a->error.code, ERR_TLS);
    assert_non_null(strstr(a->error.message, "not for third.test"));
    free_answer(a);
    fake_stop(s);

    s = fake_start(serve_basic, NULL, &expired, NULL);
    a = get_tls(s, (struct endpoint_spec){.ca_pem = ca.cert_pem});
    assert_int_equal(a->error.code, ERR_TLS);
    assert_non_null(strstr(a->error.message, "CN=old.test) expired on 2"));
    free_answer(a);
    fake_stop(s);

    s = fake_start(serve_basic, NULL, &future, NULL);
    a = get_tls(s, (struct endpoint_spec){.ca_pem = ca.cert_pem});
    assert_int_equal(a->error.code, ERR_TLS);
    assert_non_null(strstr(a->error.message, "is not valid before 2"));
    free_answer(a);
    fake_stop(s);
    fake_cert_free(&wrong);
    fake_cert_free(&expired);
    fake_cert_free(&future);
}

static void client_certificates(void **state)
{
    (void)state;
    struct fake_cert client = fake_cert_new("client", "DNS:client", &ca, -1, 10);
    struct fake_cert stranger = fake_cert_new("stranger", "DNS:client", &other_ca, -1, 10);
    struct fake_server *s = fake_start(serve_basic, NULL, &server_cert, &ca);
    struct endpoint_spec spec = {.ca_pem = ca.cert_pem, .client_cert_pem = client.cert_pem,
                                 .client_key_pem = client.key_pem};
    struct answer *a = get_tls(s, spec);
    assert_string_equal(a->error.message, "");
    assert_string_equal(a->body, "hello");
    free_answer(a);
    /* Another identity gets a connection of its own. */
    spec.client_cert_pem = stranger.cert_pem;
    spec.client_key_pem = stranger.key_pem;
    a = get_tls(s, spec);
    assert_int_equal(a->error.code, ERR_TLS);
    free_answer(a);
    a = get_tls(s, (struct endpoint_spec){.ca_pem = ca.cert_pem});
    assert_int_equal(a->error.code, ERR_TLS);
    assert_non_null(strstr(a->error.message, "client certificate"));
    free_answer(a);
    fake_stop(s);

    struct error err = {0};
    assert_null(endpoint_new(&(struct endpoint_spec){.base = "https://h", .client_cert_pem = client.cert_pem,
                                                     .client_key_pem = stranger.key_pem}, &err));
    assert_non_null(strstr(err.message, "do not belong together"));
    assert_null(endpoint_new(&(struct endpoint_spec){.base = "https://h", .client_cert_pem = client.cert_pem}, &err));
    assert_null(endpoint_new(&(struct endpoint_spec){.base = "https://h", .ca_pem = "no certificate"}, &err));
    assert_int_equal(err.code, ERR_CONFIG);
    fake_cert_free(&client);
    fake_cert_free(&stranger);
}

static void plain_http_on_a_tls_address(void **state)
{
    (void)state;
    struct fake_server *s = fake_start(serve_basic, NULL, NULL, NULL);
    struct answer *a = get_tls(s, (struct endpoint_spec){0});
    assert_int_equal(a->error.code, ERR_TLS);
    assert_non_null(strstr(a->error.message, "does not speak TLS"));
    free_answer(a);
    fake_stop(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, client_setup, client_teardown)
    const struct CMUnitTest tests[] = {
        T(certificates_are_verified), T(a_verified_connection_is_not_shared), T(wrong_names_and_dates),
        T(client_certificates), T(plain_http_on_a_tls_address),
    };
    ca = fake_cert_new("Test CA", NULL, NULL, -30, 30);
    other_ca = fake_cert_new("Other CA", NULL, NULL, -30, 30);
    server_cert = fake_cert_new("server.test", "DNS:server.test,IP:127.0.0.1", &ca, -1, 10);
    int failed = cmocka_run_group_tests_name("http_tls", tests, NULL, NULL);
    fake_cert_free(&ca);
    fake_cert_free(&other_ca);
    fake_cert_free(&server_cert);
    return failed;
}
