/* The credentials that this cluster itself knows: static tokens and client certificate names. */
#ifndef SIM_KUBE_AUTH_H
#define SIM_KUBE_AUTH_H

#include "sim.h"

void credentials_init(struct world *);
/* kube_bootstrap.c: what every cluster has before anybody creates anything: system namespaces,
 * CustomResourceDefinitions of the Gateway API. */
void kube_bootstrap(struct world *);
/* The static token of a principal, NULL when it has none; lives as long as the world. */
const char *credentials_token(const struct world *, const char *principal);
/* While revoked, every static token is refused. */
void credentials_revoke(struct world *, bool revoked);
/* New static tokens; the old ones are refused from now on. */
void credentials_rotate(struct world *);

#endif
