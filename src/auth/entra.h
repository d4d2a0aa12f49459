/* The Entra token endpoint (azure.md 7.2), for the credentials that use it. */
#ifndef AUTH_ENTRA_H
#define AUTH_ENTRA_H

#include <gatewatch/auth.h>

struct entra_request {
    const char *tenant, *client_id;
    const char *secret;         /* or */
    const char *assertion;      /* a signed JWT */
};
struct entra_job;
/* Answers once, from the loop. */
struct entra_job *entra_start(const struct credential_ask *, const struct entra_request *, credential_done *, void *ctx);
void entra_cancel(struct entra_job *);

/* "/TENANT/oauth2/v2.0/token" below the authority; ADFS has no version. malloc'd. */
char *entra_target(const char *tenant);
bool entra_is_adfs(const char *tenant);
/* Tenants and client ids are ids or domain names: nothing else gets into a path. */
bool entra_check_id(const char *what, const char *value, struct error *err);

/* Adds "&name=value" percent-encoded. */
void form_add(struct text *form, const char *name, const char *value);

/* The token of a reply like Entra's, IMDS's or App Service's, whose numbers may be strings. False when there is none.
 * The caller unrefs out->token. */
bool token_decode(const char *body, size_t len, struct credential_answer *out, struct error *err);

#endif
