#include "http/tls.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <gatewatch/text.h>

static void bio_end(BIO **bio)
{
    BIO_free(*bio);
}
static void x509_end(X509 **x)
{
    X509_free(*x);
}
static void pkey_end(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
#define BIO_AUTO __attribute__((cleanup(bio_end))) BIO
#define X509_AUTO __attribute__((cleanup(x509_end))) X509
#define PKEY_AUTO __attribute__((cleanup(pkey_end))) EVP_PKEY

static int no_passphrase(char *buffer, int size, int writing, void *asked)
{
    (void)buffer, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

static X509 *read_cert(const char *pem)
{
    BIO_AUTO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    ERR_clear_error();
    return cert;
}

bool tls_check_ca(const char *pem, struct error *err)
{
    X509_AUTO *cert = read_cert(pem);
    return cert ? true : error_set(err, ERR_CONFIG, "it holds no certificate in PEM form");
}

static void name_text(const X509_NAME *name, char out[160])
{
    BIO_AUTO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    long len = 0;
    if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        len = BIO_get_mem_data(bio, &bytes);
    text_clean(out, 160, bytes ? bytes : "", len > 0 ? (size_t)len : 0, false);
    if (!out[0])
        str_copy(out, 160, "(no subject)");
}

static void time_text(const ASN1_TIME *time, char out[40])
{
    struct tm tm;
    if (!time || ASN1_TIME_to_tm(time, &tm) != 1 || !strftime(out, 40, "%Y-%m-%d %H:%M UTC", &tm))
        str_copy(out, 40, "an unreadable date");
}

bool tls_check_pair(const char *cert_pem, const char *key_pem, struct error *err)
{
    bool asked = false;
    X509_AUTO *cert = read_cert(cert_pem);
    if (!cert)
        return error_set(err, ERR_CONFIG, "it holds no certificate in PEM form");
    BIO_AUTO *bio = BIO_new_mem_buf(key_pem, -1);
    PKEY_AUTO *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked) : NULL;
    bool same = key && X509_check_private_key(cert, key) == 1;
    ERR_clear_error();
    if (asked)
        return error_set(err, ERR_CONFIG, "its key is encrypted; a key without passphrase is needed");
    if (!key)
        return error_set(err, ERR_CONFIG, "its key is not in PEM form");
    if (!same)
        return error_set(err, ERR_CONFIG, "certificate and key do not belong together");
    if (X509_cmp_time(X509_get0_notAfter(cert), NULL) < 0) {
        char date[40];
        time_text(X509_get0_notAfter(cert), date);
        error_set(err, ERR_CREDENTIAL, "it expired on %s", date);
        return error_remedy(err, "get a new one, for AKS with `az aks get-credentials`");
    }
    return true;
}

/* The names a certificate is for, as a short list. */
static void alt_names(X509 *cert, char out[200])
{
    TEXT_AUTO list = {.max = 190};
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names) && i < 6; i++) {
        const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
        char item[80] = "";
        if (n->type == GEN_DNS)
            text_clean(item, sizeof item, (const char *)ASN1_STRING_get0_data(n->d.dNSName),
                       (size_t)ASN1_STRING_length(n->d.dNSName), false);
        else if (n->type == GEN_IPADD && ASN1_STRING_length(n->d.iPAddress) == 4)
            inet_ntop(AF_INET, ASN1_STRING_get0_data(n->d.iPAddress), item, sizeof item);
        else if (n->type == GEN_IPADD && ASN1_STRING_length(n->d.iPAddress) == 16)
            inet_ntop(AF_INET6, ASN1_STRING_get0_data(n->d.iPAddress), item, sizeof item);
        if (item[0])
            text_printf(&list, "%s%s", list.len ? ", " : "", item);
    }
    GENERAL_NAMES_free(names);
    str_copy(out, 200, list.len ? text_str(&list) : "no name");
}

static bool is_for(X509 *cert, const char *name)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_check_ip_asc(cert, name, 0) == 1;
    return X509_check_host(cert, name, 0, 0, NULL) == 1;
}

void tls_explain(const char *leaf_pem, const char *label, const char *name, bool own_ca, const char *detail,
                 struct error *err)
{
    char clean[200], subject[160], issuer[160], date[40], names[200];
    X509_AUTO *cert = leaf_pem ? read_cert(leaf_pem) : NULL;
    text_clean(clean, sizeof clean, detail, strlen(detail), false);
    if (!cert) {
        error_set(err, ERR_TLS, "the certificate of %s does not verify: %s", label, clean);
        return;
    }
    name_text(X509_get_subject_name(cert), subject);
    name_text(X509_get_issuer_name(cert), issuer);
    if (X509_cmp_time(X509_get0_notAfter(cert), NULL) < 0) {
        time_text(X509_get0_notAfter(cert), date);
        error_set(err, ERR_TLS, "the certificate of %s (%s) expired on %s", label, subject, date);
        error_remedy(err, "renew the server's certificate, and check this machine's clock");
    } else if (X509_cmp_time(X509_get0_notBefore(cert), NULL) > 0) {
        time_text(X509_get0_notBefore(cert), date);
        error_set(err, ERR_TLS, "the certificate of %s (%s) is not valid before %s", label, subject, date);
        error_remedy(err, "check this machine's clock");
    } else if (!is_for(cert, name)) {
        alt_names(cert, names);
        error_set(err, ERR_TLS, "the certificate of %s (%s) is for %s, not for %s", label, subject, names, name);
        error_remedy(err, "use the name in the certificate, or tls-server-name in the kubeconfig");
    } else {
        error_set(err, ERR_TLS, "the certificate of %s (%s, issued by %s) is not signed by %s: %s", label, subject,
                  issuer, own_ca ? "the configured CA" : "a CA that this machine trusts", clean);
        error_remedy(err, own_ca ? "check that the configured CA is the one of this server"
                                 : "give its CA: certificate-authority in the kubeconfig, or ca of the cloud in "
                                   "config.yaml");
    }
}
