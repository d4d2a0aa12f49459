/* Certificates read with libcrypto: what can be checked before a connection, and what can be said after one failed. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <gatewatch/error.h>

bool tls_check_ca(const char *pem, struct error *err);
/* Also that the key is not encrypted: OpenSSL would ask for the passphrase on the terminal. */
bool tls_check_pair(const char *cert_pem, const char *key_pem, struct error *err);
/* Why the server's certificate does not verify, as a sentence with its subject. `leaf_pem` is what the server showed;
 * `name` is the host or the TLS server name it was checked against; `detail` is what the TLS library said. */
void tls_explain(const char *leaf_pem, const char *label, const char *name, bool own_ca, const char *detail,
                 struct error *err);

#endif
