#include "auth/jwt.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <gatewatch/base.h>

enum { LIFETIME_S = 600, MAX_CHAIN = 10 };

struct identity {
    EVP_PKEY *key;
    X509 *leaf;
    X509 *others[MAX_CHAIN];
    int n_others;
};

static void identity_end(struct identity *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->leaf);
    for (int i = 0; i < id->n_others; i++)
        X509_free(id->others[i]);
    ERR_clear_error();
}

/* ---- reading ---- */

struct passphrase {
    const char *text;
    bool asked;
};

static int give_passphrase(char *buffer, int size, int writing, void *ctx)
{
    struct passphrase *p = ctx;
    int len = p->text ? (int)strlen(p->text) : -1;
    (void)writing;
    p->asked = true;
    if (len < 0 || len > size)
        return -1;
    memcpy(buffer, p->text, (size_t)len);
    return len;
}

/* The certificate of the key comes first, wherever it stands in the file. */
static bool sort_out(struct identity *id, struct error *err)
{
    for (int i = 0; i < id->n_others && !id->leaf; i++) {
        if (X509_check_private_key(id->others[i], id->key) != 1)
            continue;
        id->leaf = id->others[i];
        id->others[i] = id->others[--id->n_others];
    }
    return id->leaf ? true : error_set(err, ERR_CONFIG, "it holds no certificate for its key");
}

static bool read_pem(const struct jwt_spec *spec, struct identity *id, struct error *err)
{
    struct passphrase pass = {.text = spec->password};
    BIO *bio = BIO_new_mem_buf(spec->file, (int)spec->file_len);
    id->key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &pass);
    BIO_free(bio);
    bio = BIO_new_mem_buf(spec->file, (int)spec->file_len);
    X509 *cert;
    while (id->n_others < MAX_CHAIN && (cert = PEM_read_bio_X509(bio, NULL, give_passphrase, &pass)))
        id->others[id->n_others++] = cert;
    BIO_free(bio);
    if (!id->key && pass.asked)
        return error_set(err, ERR_CONFIG, "its key is encrypted, and %s",
                         spec->password ? "the password does not open it" : "no password is given");
    if (!id->key)
        return error_set(err, ERR_CONFIG, "it holds no private key");
    return sort_out(id, err);
}

static bool read_pkcs12(const struct jwt_spec *spec, struct identity *id, struct error *err)
{
    const unsigned char *at = (const unsigned char *)spec->file;
    STACK_OF(X509) *chain = NULL;
    PKCS12 *p12 = d2i_PKCS12(NULL, &at, (long)spec->file_len);
    if (!p12)
        return error_set(err, ERR_CONFIG, "it is neither PEM nor PKCS#12");
    bool open = PKCS12_parse(p12, spec->password ? spec->password : "", &id->key, &id->leaf, &chain) == 1;
    bool wrong = !open && ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE;
    PKCS12_free(p12);
    for (int i = 0; i < sk_X509_num(chain) && id->n_others < MAX_CHAIN; i++) {
        X509_up_ref(sk_X509_value(chain, i));
        id->others[id->n_others++] = sk_X509_value(chain, i);
    }
    sk_X509_pop_free(chain, X509_free);
    if (!open)
        return error_set(err, ERR_CONFIG, wrong ? "the password does not open it"
                                                : "it cannot be opened (an old cipher?)");
    return id->key && id->leaf ? true : error_set(err, ERR_CONFIG, "it lacks the certificate or the key");
}

/* ---- writing ---- */

static char *base64url(const unsigned char *bytes, size_t len)
{
    char *out = xcalloc(1, 4 * ((len + 2) / 3) + 1);
    int n = EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
    while (n > 0 && out[n - 1] == '=')
        out[--n] = '\0';
    for (char *p = out; *p; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    return out;
}

static json_t *certificate_base64(X509 *cert)
{
    unsigned char *der = NULL;
    int len = i2d_X509(cert, &der);
    if (len <= 0)
        return json_null();
    FREE_AUTO char *text = xcalloc(1, 4 * (((size_t)len + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)text, der, len);
    OPENSSL_free(der);
    return json_string(text);
}

static json_t *make_header(const struct jwt_spec *spec, const struct identity *id)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool sha256 = spec->alg == JWT_PS256;
    X509_digest(id->leaf, sha256 ? EVP_sha256() : EVP_sha1(), digest, &len);
    FREE_AUTO char *thumb = base64url(digest, len);
    json_t *header = json_pack("{s:s, s:s, s:s}", "typ", "JWT", "alg", sha256 ? "PS256" : "RS256",
                               sha256 ? "x5t#S256" : "x5t", thumb);
    if (spec->send_chain) {
        json_t *chain = json_array();
        json_array_append_new(chain, certificate_base64(id->leaf));
        for (int i = 0; i < id->n_others; i++)
            json_array_append_new(chain, certificate_base64(id->others[i]));
        json_object_set_new(header, "x5c", chain);
    }
    return header;
}

static json_t *make_claims(const struct jwt_spec *spec)
{
    unsigned char r[16];
    char id[40];
    RAND_bytes(r, sizeof r);
    r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
    r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
    str_format(id, sizeof id, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2],
               r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "aud", spec->audience, "iss", spec->client_id, "sub",
                     spec->client_id, "jti", id, "nbf", (json_int_t)spec->now_s, "exp",
                     (json_int_t)(spec->now_s + LIFETIME_S));
}

static char *part(json_t *object)
{
    char *json = object ? json_dumps(object, JSON_COMPACT) : xstrdup("");
    char *coded = base64url((const unsigned char *)json, strlen(json));
    free(json);
    json_decref(object);
    return coded;
}

static char *sign(const char *text, EVP_PKEY *key, enum jwt_alg alg)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    unsigned char signature[1024];
    size_t len = sizeof signature;
    bool ok = EVP_DigestSignInit(md, &how, EVP_sha256(), NULL, key) == 1;
    if (ok && alg == JWT_PS256)
        ok = EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1;
    ok = ok && EVP_DigestSign(md, signature, &len, (const unsigned char *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(md);
    return ok ? base64url(signature, len) : NULL;
}

bool jwt_assertion(const struct jwt_spec *spec, char **ret_jwt, struct error *err)
{
    __attribute__((cleanup(identity_end))) struct identity id = {0};
    bool pem = memmem(spec->file, spec->file_len, "-----BEGIN ", 11) != NULL;
    if (!(pem ? read_pem(spec, &id, err) : read_pkcs12(spec, &id, err)))
        return false;
    if (EVP_PKEY_base_id(id.key) != EVP_PKEY_RSA || EVP_PKEY_bits(id.key) < 2048)
        return error_set(err, ERR_CONFIG, "its key is not an RSA key of at least 2048 bits");
    FREE_AUTO char *header = part(make_header(spec, &id));
    FREE_AUTO char *claims = part(make_claims(spec));
    FREE_AUTO char *text = xasprintf("%s.%s", header, claims);
    FREE_AUTO char *signature = sign(text, id.key, spec->alg);
    if (!signature)
        return error_set(err, ERR_CONFIG, "its key cannot sign");
    *ret_jwt = xasprintf("%s.%s", text, signature);
    return true;
}
