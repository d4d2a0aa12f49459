/* Tokens and signed assertions: who holds what until when. */
#include "azure.h"
#include "text.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

const struct principal principals[PRINCIPALS] = {
    {
        .name = "platform-engineer",
        .client_id = "00000000-0000-0000-0000-0000000000a1",
        .object_id = "00000000-0000-0000-0000-0000000000f1",
        .secret = "platform-engineer-secret",
    },
    {
        .name = "reader",
        .client_id = "00000000-0000-0000-0000-0000000000a2",
        .object_id = "00000000-0000-0000-0000-0000000000f2",
        .secret = "reader-secret",
        .reader = true,
    },
};

const struct principal *principal_named(const char *name)
{
    for (size_t i = 0; name && i < PRINCIPALS; i++)
        if (strcmp(principals[i].name, name) == 0)
            return &principals[i];
    return NULL;
}

const struct principal *entra_default(const struct world *world)
{
    return world->azure && world->azure->credential ? world->azure->credential : &principals[0];
}

struct sim_identity entra_identity(struct world *world)
{
    const struct principal *who = entra_default(world);
    return (struct sim_identity){ SIM_TENANT, who->client_id, who->secret, who->name };
}

const struct token *entra_issue(struct world *world, const struct principal *who,
                                enum audience audience)
{
    struct azure *azure = azure_of(world);
    struct token *token = xcalloc(1, sizeof *token);
    char a[37], b[37];

    /* The oldest go once they are long dead, so that a world that runs for days does not grow. */
    for (struct token **at = &azure->tokens; *at;) {
        if ((*at)->expires + 3600 < (double)time(NULL)) {
            struct token *dead = *at;
            *at = dead->next;
            free(dead);
        } else {
            at = &(*at)->next;
        }
    }
    snprintf(token->text, sizeof token->text, "sim.%s.%.30s", jx_random_uuid(a), jx_random_uuid(b));
    token->principal = who;
    token->audience = audience;
    token->expires = (double)time(NULL) + azure->token_lifetime;
    token->next = azure->tokens;
    azure->tokens = token;
    return token;
}

enum token_state entra_token(struct world *world, const char *bearer, const struct token **out)
{
    if (!bearer || !*bearer)
        return TOKEN_MISSING;
    if (strncasecmp(bearer, "Bearer ", 7) == 0)
        bearer += 7;
    for (const struct token *token = azure_of(world)->tokens; token; token = token->next) {
        if (strcmp(token->text, bearer) != 0)
            continue;
        *out = token;
        return token->expires > (double)time(NULL) ? TOKEN_VALID : TOKEN_EXPIRED;
    }
    return TOKEN_UNKNOWN;
}

const char *entra_principal(struct world *world, const char *bearer, const char *audience_hint)
{
    const struct token *token;

    if (entra_token(world, bearer, &token) != TOKEN_VALID)
        return NULL;
    if (audience_hint && strcmp(audience_hint, "kubernetes") == 0 &&
        token->audience != AUDIENCE_KUBERNETES)
        return NULL;
    if (audience_hint && strcmp(audience_hint, "arm") == 0 && token->audience != AUDIENCE_ARM)
        return NULL;
    return token->principal->name;
}

/* ---- assertions --------------------------------------------------------------------------- */

static unsigned char *base64url(const char *text, size_t len, size_t *out_len)
{
    unsigned char *out = xcalloc(1, len + 4);
    unsigned bits = 0, have = 0;

    *out_len = 0;
    for (size_t i = 0; i < len; i++) {
        static const char alphabet[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (!at) {
            free(out);
            return NULL;
        }
        bits = (bits << 6 | (unsigned)(at - alphabet)) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[(*out_len)++] = (unsigned char)(bits >> have);
        }
    }
    return out;
}

static json_t *jwt_part(const char *text, size_t len)
{
    size_t got;
    unsigned char *bytes = base64url(text, len, &got);
    json_t *part = bytes ? json_loadb((const char *)bytes, got, 0, NULL) : NULL;
    free(bytes);
    return part;
}

static bool signature_holds(const char *pem, const char *jwt, size_t signed_len,
                            const char *signature, bool pss)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *key = cert ? X509_get_pubkey(cert) : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    size_t len;
    unsigned char *bytes = base64url(signature, strlen(signature), &len);
    bool good = key && bytes &&
                EVP_DigestVerifyInit(context, &key_context, EVP_sha256(), NULL, key) == 1;

    if (good && pss)
        good = EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good &&
           EVP_DigestVerify(context, bytes, len, (const unsigned char *)jwt, signed_len) == 1;
    free(bytes);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    X509_free(cert);
    BIO_free(bio);
    return good;
}

static const char *certificate_fault(struct world *world, const char *jwt, const char *second_dot,
                                     const json_t *header, const json_t *claims,
                                     const char *token_url, const char *client_id)
{
    const char *algorithm = jx_text(header, "alg", "");
    const char *audience = jx_text(claims, "aud", "");
    const char *pem = azure_of(world)->assertion_cert;

    if (strcmp(algorithm, "RS256") != 0 && strcmp(algorithm, "PS256") != 0)
        return "50027 JWT token is invalid or malformed: the signing algorithm is not supported.";
    if (strcmp(audience, token_url) != 0)
        return "700023 Client assertion audience claim does not match Realm issuer.";
    if (!jx_is(claims, "iss", client_id) || !jx_is(claims, "sub", client_id))
        return "700021 Client assertion application identifier doesn't match 'client_id' "
               "parameter.";
    if (!jx_str(claims, "jti"))
        return "50027 JWT token is invalid or malformed: the claim 'jti' is missing.";
    long long now = (long long)time(NULL), expires = jx_int(claims, "exp", 0),
              from = jx_int(claims, "nbf", 0);
    if (expires < now || from > now + 300 || expires > now + 24 * 3600)
        return "700024 Client assertion is not within its valid time range.";
    if (pem &&
        !signature_holds(pem, jwt, (size_t)(second_dot - jwt), second_dot + 1, algorithm[0] == 'P'))
        return "700027 The certificate with identifier used to sign the client assertion is not "
               "registered on "
               "application, or the signature is not valid.";
    return NULL;
}

static const char *federated_fault(const json_t *claims)
{
    const json_t *audience = jx_get(claims, "aud");
    const char *first = json_is_array(audience) ? json_string_value(json_array_get(audience, 0))
                                                : json_string_value(audience);

    if (!first || strcmp(first, "api://AzureADTokenExchange") != 0)
        return "700212 No matching federated identity record found for presented assertion "
               "audience.";
    if (!starts_with(jx_text(claims, "iss", ""), "https://"))
        return "700211 No matching federated identity record found for presented assertion issuer.";
    if (!starts_with(jx_text(claims, "sub", ""), "system:serviceaccount:"))
        return "700213 No matching federated identity record found for presented assertion "
               "subject.";
    if (jx_int(claims, "exp", 0) < (long long)time(NULL))
        return "700024 Client assertion is not within its valid time range.";
    return NULL;
}

const char *entra_assertion_fault(struct world *world, const char *jwt, const char *token_url,
                                  const char *client_id)
{
    const char *first = strchr(jwt, '.'), *second = first ? strchr(first + 1, '.') : NULL;

    if (!second)
        return "50027 JWT token is invalid or malformed.";
    json_t *header = jwt_part(jwt, (size_t)(first - jwt));
    json_t *claims = jwt_part(first + 1, (size_t)(second - first - 1));
    const char *fault;
    if (!json_is_object(header) || !json_is_object(claims))
        fault = "50027 JWT token is invalid or malformed.";
    else if (jx_str(header, "x5t") || jx_str(header, "x5t#S256"))
        fault = certificate_fault(world, jwt, second, header, claims, token_url, client_id);
    else if (jx_is(claims, "iss", client_id))
        fault = "700027 The certificate with identifier used to sign the client assertion is not "
                "registered on "
                "application: the header has no x5t.";
    else
        fault = federated_fault(claims);
    json_decref(header);
    json_decref(claims);
    return fault;
}
