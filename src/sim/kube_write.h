/* What the writing handlers share. */
#ifndef SIM_KUBE_WRITE_H
#define SIM_KUBE_WRITE_H

#include "kube.h"

struct write {
    struct world *world;
    const struct sim_request *request;
    const struct target *target;
    struct sim_reply *reply;
    char *manager;         /* owned */
    const char *operation; /* "Update" or "Apply" */
    bool dry_run, strict, warn;
    bool managed; /* managedFields of the new object are already right */
};

/* False with a reply when a query parameter is not valid. */
bool write_begin(struct write *, struct world *, const struct sim_request *, const struct target *,
                 struct sim_reply *);
void write_end(struct write *);
/* 422 for a query parameter. */
void write_refuse_option(struct write *, const char *option, const char *reason, const char *why);
/* The body as an object of the target's kind; NULL with a reply. */
json_t *write_body(struct write *);
/* Identity, unknown fields, preconditions, status or the rest, defaults, validation, ownership;
 * then stores and replies. Takes `object`; `before` is NULL when the object is new. */
void write_commit(struct write *, json_t *object, json_t *before);
/* The same for the scale subresource: `scale` is the whole Scale. */
void kube_write_scale(struct write *, const json_t *scale, json_t *before);
/* 404 when the namespace of a new object is not there; false with a reply. */
bool write_namespace_exists(struct write *);

#endif
