/* The Service that answers the probe: found, or made. Private to fix/. */
#ifndef FIX_RESPONDER_H
#define FIX_RESPONDER_H

#include "fix.h"

struct responder {
    const char *namespace, *service;
    int port;                   /* of the Service: what a backendRef names */
    int ready;                  /* endpoints; -1 not known */
    bool create, create_namespace;
    const char *image;
};

/* Fills the plan's choices and picks one: what the request asks for, else the first that is ready, else creation. */
bool responder_choose(struct responder *, struct plan *, const struct topology *, const struct settings *,
                      const struct fix_request *, struct error *);
/* Namespace, Deployment and Service, when they are to be made. */
void responder_add_changes(const struct responder *, struct plan *, const struct topology *);

#endif
