/* A certificate authority of our own, made anew at every start and kept in memory. */
#include "server.h"
#include "text.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALID_SECONDS (10L * 365 * 24 * 3600)

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool good;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    good = extension && X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    return good;
}

static bool set_names(X509 *cert, X509 *issuer, const char *name, const char *organisation)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    unsigned char serial[8];
    BIGNUM *number;
    bool good;

    if (RAND_bytes(serial, sizeof serial) != 1)
        return false;
    serial[0] &= 0x7f;
    number = BN_bin2bn(serial, sizeof serial, NULL);
    good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return good && X509_set_version(cert, 2) &&
           X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                      (const unsigned char *)organisation, -1, -1, 0) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                                      -1, 0) &&
           X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));
}

/* A signed certificate; without issuer it signs itself and is an authority. */
static X509 *make_certificate(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *name,
                              const char *organisation, const char *usage, const char *alternative)
{
    X509 *cert = X509_new();
    X509 *signer = issuer ? issuer : cert;
    bool good =
        cert && set_names(cert, issuer, name, organisation) &&
        X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
        X509_gmtime_adj(X509_getm_notAfter(cert), VALID_SECONDS) && X509_set_pubkey(cert, key) &&
        add_extension(cert, signer, NID_basic_constraints,
                      issuer ? "critical,CA:FALSE" : "critical,CA:TRUE") &&
        add_extension(cert, signer, NID_key_usage,
                      issuer ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign") &&
        add_extension(cert, signer, NID_subject_key_identifier, "hash") &&
        add_extension(cert, signer, NID_authority_key_identifier, "keyid:always") &&
        (!usage || add_extension(cert, signer, NID_ext_key_usage, usage)) &&
        (!alternative || add_extension(cert, signer, NID_subject_alt_name, alternative)) &&
        X509_sign(cert, issuer_key ? issuer_key : key, EVP_sha256());

    if (good)
        return cert;
    X509_free(cert);
    return NULL;
}

static char *bio_text(BIO *bio)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    char *text = xstrndup(data, (size_t)len);

    BIO_free(bio);
    return text;
}

static char *certificate_pem(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_X509(bio, cert);
    return bio_text(bio);
}

static char *key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    return bio_text(bio);
}

static char *alternative_names(const char *address)
{
    unsigned char binary[16];
    const char *base = "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1";
    bool ip = inet_pton(AF_INET, address, binary) == 1 || inet_pton(AF_INET6, address, binary) == 1;

    if (!*address || !strcmp(address, "127.0.0.1") || !strcmp(address, "::1") ||
        !strcmp(address, "localhost"))
        return xstrdup(base);
    return format_text("%s,%s:%s", base, ip ? "IP" : "DNS", address);
}

bool tls_make(struct tls_material *out, const char *address, const char *client_name)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *server_key = EVP_EC_gen("P-256"),
             *client_key = EVP_EC_gen("P-256");
    char *names = alternative_names(address);
    X509 *ca = NULL, *server = NULL, *client = NULL;
    bool good = ca_key && server_key && client_key;

    if (good) {
        ca = make_certificate(ca_key, NULL, NULL, "gatewatch-sim CA", "gatewatch-sim", NULL, NULL);
        server = ca ? make_certificate(server_key, ca, ca_key, "localhost", "gatewatch-sim",
                                       "serverAuth", names)
                    : NULL;
        client = ca ? make_certificate(client_key, ca, ca_key, client_name, "system:masters",
                                       "clientAuth", NULL)
                    : NULL;
        good = server && client;
    }
    if (good)
        *out =
            (struct tls_material){certificate_pem(ca), certificate_pem(server), key_pem(server_key),
                                  certificate_pem(client), key_pem(client_key)};
    else
        fprintf(stderr, "gatewatch-sim: cannot make certificates: %s\n",
                ERR_reason_error_string(ERR_get_error()));
    free(names);
    X509_free(ca);
    X509_free(server);
    X509_free(client);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(server_key);
    EVP_PKEY_free(client_key);
    return good;
}

void tls_free(struct tls_material *tls)
{
    free(tls->ca_pem);
    free(tls->server_cert_pem);
    free(tls->server_key_pem);
    free(tls->client_cert_pem);
    free(tls->client_key_pem);
}
