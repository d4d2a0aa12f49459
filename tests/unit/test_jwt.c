/* Client assertions (azure.md 7.2): read back with the public key and compared with what Entra wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwt.h"
#include "unit/fake_server.h"

#define CLIENT "00000000-0000-0000-0000-0000000000c1"
#define AUDIENCE "https://login.microsoftonline.com/t/oauth2/v2.0/token"

static struct fake_cert ca, app;

static size_t decode64(const char *in, size_t len, unsigned char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const char *d = strchr(digits, in[i]);
        assert_non_null(d);             /* base64url without padding */
        bits = bits << 6 | (unsigned)(d - digits);
        if (i % 4)
            out[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    return n;
}

static json_t *part(const char *in, size_t len)
{
    unsigned char text[8192];
    size_t n = decode64(in, len, text);
    json_t *json = json_loadb((char *)text, n, 0, NULL);
    assert_non_null(json);
    return json;
}

static bool verifies(const char *text, size_t len, const unsigned char *signature, size_t signature_len, bool pss)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY *public = X509_get_pubkey(app.cert);
    EVP_PKEY_CTX *how;
    EVP_DigestVerifyInit(md, &how, EVP_sha256(), NULL, public);
    if (pss) {
        EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, 32);
    }
    int ok = EVP_DigestVerify(md, signature, signature_len, (const unsigned char *)text, len);
    EVP_PKEY_free(public);
    EVP_MD_CTX_free(md);
    return ok == 1;
}

static const char *text_at(json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "(none)";
}

static void check(const struct jwt_spec *spec, size_t chain)
{
    struct error err = {0};
    char *jwt = NULL;
    unsigned char signature[1024], digest[64], thumb[64];
    unsigned digest_len;
    bool pss = spec->alg == JWT_PS256;
    if (!jwt_assertion(spec, &jwt, &err))
        fail_msg("%s", err.message);
    char *dot = strchr(jwt, '.'), *dot2 = strrchr(jwt, '.');
    json_t *header = part(jwt, (size_t)(dot - jwt)), *claims = part(dot + 1, (size_t)(dot2 - dot - 1));
    size_t n = decode64(dot2 + 1, strlen(dot2 + 1), signature);
    assert_true(verifies(jwt, (size_t)(dot2 - jwt), signature, n, pss));
    assert_false(verifies(jwt, (size_t)(dot2 - jwt), signature, n, !pss));
    assert_false(verifies(jwt, (size_t)(dot2 - jwt) - 1, signature, n, pss));

    assert_string_equal(text_at(header, "typ"), "JWT");
    assert_string_equal(text_at(header, "alg"), pss ? "PS256" : "RS256");
    const char *print = text_at(header, pss ? "x5t#S256" : "x5t");
    X509_digest(app.cert, pss ? EVP_sha256() : EVP_sha1(), digest, &digest_len);
    assert_int_equal(decode64(print, strlen(print), thumb), digest_len);
    assert_memory_equal(thumb, digest, digest_len);
    assert_int_equal(json_array_size(json_object_get(header, "x5c")), chain);

    assert_string_equal(text_at(claims, "aud"), AUDIENCE);
    assert_string_equal(text_at(claims, "iss"), CLIENT);
    assert_string_equal(text_at(claims, "sub"), CLIENT);
    assert_int_equal(strlen(text_at(claims, "jti")), 36);
    assert_int_equal(json_integer_value(json_object_get(claims, "nbf")), 1767000000);
    assert_int_equal(json_integer_value(json_object_get(claims, "exp")), 1767000600);
    json_decref(header);
    json_decref(claims);
    free(jwt);
}

static struct jwt_spec spec_of(const char *file, size_t len)
{
    return (struct jwt_spec){.file = file, .file_len = len, .client_id = CLIENT, .audience = AUDIENCE,
                             .now_s = 1767000000};
}

static void pem_in_any_order(void **state)
{
    (void)state;
    char text[16384];
    const char *const orders[][3] = {{app.key_pem, app.cert_pem, ca.cert_pem}, {ca.cert_pem, app.cert_pem, app.key_pem},
                                     {app.cert_pem, app.key_pem, ca.cert_pem}};
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "Bag Attributes\n%s%s%s", orders[i][0], orders[i][1], orders[i][2]);
        struct jwt_spec spec = spec_of(text, strlen(text));
        check(&spec, 0);
        spec.alg = JWT_RS256;
        check(&spec, 0);
        spec.send_chain = true;
        check(&spec, 2);
    }
}

static void the_chain_begins_with_the_leaf(void **state)
{
    (void)state;
    char text[16384], *jwt;
    snprintf(text, sizeof text, "%s%s%s", ca.cert_pem, app.cert_pem, app.key_pem);
    struct jwt_spec spec = spec_of(text, strlen(text));
    spec.send_chain = true;
    assert_true(jwt_assertion(&spec, &jwt, NULL));
    json_t *header = part(jwt, strcspn(jwt, "."));
    const char *first = json_string_value(json_array_get(json_object_get(header, "x5c"), 0));
    unsigned char der[4096], *mine = NULL;
    int len = EVP_DecodeBlock(der, (const unsigned char *)first, (int)strlen(first));
    int mine_len = i2d_X509(app.cert, &mine);
    assert_true(len >= mine_len);
    assert_memory_equal(der, mine, (size_t)mine_len);
    OPENSSL_free(mine);
    json_decref(header);
    free(jwt);
}

static void pkcs12_and_its_password(void **state)
{
    (void)state;
    STACK_OF(X509) *chain = sk_X509_new_null();
    sk_X509_push(chain, ca.cert);
    PKCS12 *p12 = PKCS12_create("HUSH-password", "app", app.key, app.cert, chain, 0, 0, 0, 0, 0);
    unsigned char *der = NULL;
    int len = i2d_PKCS12(p12, &der);
    assert_true(len > 0);
    struct jwt_spec spec = spec_of((char *)der, (size_t)len);
    spec.password = "HUSH-password";
    spec.send_chain = true;
    check(&spec, 2);
    static const char *const wrong[] = {"HUSH-other", "", NULL};
    for (int i = 0; i < 3; i++) {
        struct error err = {0};
        char *jwt = NULL;
        spec.password = wrong[i];
        assert_false(jwt_assertion(&spec, &jwt, &err));
        assert_null(jwt);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.message, "password"));
        assert_null(strstr(err.message, "HUSH"));
    }
    OPENSSL_free(der);
    PKCS12_free(p12);
    sk_X509_free(chain);
}

static void an_encrypted_pem_key(void **state)
{
    (void)state;
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, *jwt;
    PEM_write_bio_PKCS8PrivateKey(bio, app.key, EVP_aes_256_cbc(), "HUSH", 4, NULL, NULL);
    PEM_write_bio_X509(bio, app.cert);
    long len = BIO_get_mem_data(bio, &bytes);
    struct jwt_spec spec = spec_of(bytes, (size_t)len);
    struct error err = {0};
    spec.password = "HUSH";
    check(&spec, 0);
    spec.password = "wrong";
    assert_false(jwt_assertion(&spec, &jwt, &err));
    assert_non_null(strstr(err.message, "the password does not open it"));
    spec.password = NULL;                   /* and nobody is asked on the terminal */
    assert_false(jwt_assertion(&spec, &jwt, &err));
    assert_non_null(strstr(err.message, "no password is given"));
    BIO_free(bio);
}

static void files_that_cannot_sign(void **state)
{
    (void)state;
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, *jwt = NULL;
    PEM_write_bio_PrivateKey(bio, ec, NULL, NULL, 0, NULL, NULL);
    BIO_write(bio, "", 1);
    BIO_get_mem_data(bio, &bytes);
    char mixed[8000];
    snprintf(mixed, sizeof mixed, "%s%s", ca.key_pem, app.cert_pem);
    const char *const files[] = {"", "garbage", app.cert_pem, app.key_pem, mixed, bytes, "-----BEGIN ",
                                 "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct error err = {0};
        struct jwt_spec spec = spec_of(files[i], strlen(files[i]));
        assert_false(jwt_assertion(&spec, &jwt, &err));
        assert_int_equal(err.code, ERR_CONFIG);
        assert_true(err.message[0]);
        assert_null(jwt);
    }
    BIO_free(bio);
    EVP_PKEY_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_in_any_order),      cmocka_unit_test(the_chain_begins_with_the_leaf),
        cmocka_unit_test(pkcs12_and_its_password), cmocka_unit_test(an_encrypted_pem_key),
        cmocka_unit_test(files_that_cannot_sign),
    };
    ca = fake_cert_new("Test CA", NULL, NULL, -30, 30);
    app = fake_cert_new("app", "DNS:app", &ca, -1, 10);
    int failed = cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
    fake_cert_free(&ca);
    fake_cert_free(&app);
    return failed;
}
