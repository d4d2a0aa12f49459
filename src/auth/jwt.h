/* The client assertion: a JWT signed with the key of a certificate (azure.md 7.2). */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include <stddef.h>
#include <stdint.h>

#include <gatewatch/error.h>

enum jwt_alg {
    JWT_PS256,              /* with x5t#S256: Entra */
    JWT_RS256,              /* with x5t: ADFS */
};
struct jwt_spec {
    const char *file;       /* bytes of a PEM or PKCS#12 file with certificate and RSA key */
    size_t file_len;
    const char *password;   /* of the key, or NULL */
    const char *client_id, *audience;
    int64_t now_s;          /* since the epoch */
    enum jwt_alg alg;
    bool send_chain;        /* x5c: subject name and issuer authentication */
};
/* malloc'd; for the caller to wipe. */
bool jwt_assertion(const struct jwt_spec *, char **ret_jwt, struct error *err);

#endif
