/* The inside of the Kubernetes API: what kube_*.c share. Everything wants world.lock held. */
#ifndef SIM_KUBE_H
#define SIM_KUBE_H

#include "store.h"

/* ---- what a path means (kube.c) ---- */
struct target {
    struct table *table;
    const char *version;                              /* as asked for: "v1beta1" */
    char *group, *resource, *ns, *name, *subresource; /* owned; "" where the path has none */
};

/* ---- Status bodies (kube_status.c) ---- */
void reply_status(struct sim_reply *, int code, const char *reason, json_t *details_stolen,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
json_t *status_details(const struct target *, const char *name);
void reply_not_found(struct sim_reply *, const struct target *, const char *name);
void reply_conflict(struct sim_reply *, const struct target *, const char *name, const char *why);
json_t *status_object(int code, const char *reason, json_t *details_stolen, const char *message);
/* "httproutes.gateway.networking.k8s.io", or "services" for core. */
char *qualified(const char *name, const char *group);
char *group_version(const struct kind *, const char *version); /* "apps/v1"; "v1" for core */
char *target_version(const struct target *);                   /* as the URL has it */

/* ---- reading (kube_read.c, kube_table.c, kube_watch.c) ---- */
void kube_get(struct world *, const struct sim_request *, const struct target *,
              struct sim_reply *);
void kube_list(struct world *, const struct sim_request *, const struct target *,
               struct sim_reply *);
void kube_watch(struct world *, const struct sim_request *, const struct target *,
                struct sim_reply *);

struct selector; /* label and field selectors of one request */
/* NULL and a reply when the selectors are not valid. */
struct selector *selector_new(const struct sim_request *, const struct target *,
                              struct sim_reply *);
bool selector_matches(const struct selector *, const json_t *object);
bool selector_empty(const struct selector *);
/* The one name that fieldSelector=metadata.name=X asks for, or NULL. */
const char *selector_name(const struct selector *);
void selector_free(struct selector *);

enum form { FORM_JSON, FORM_METADATA, FORM_TABLE };
enum form request_form_wanted(const struct sim_request *); /* from Accept */
/* A copy of the object as this version and form show it: apiVersion, PartialObjectMetadata. */
json_t *present(const struct target *, const json_t *object, enum form);
/* autoscaling/v1 Scale of a workload. */
json_t *present_scale(const json_t *object);
/* The rows of a Table; `first` writes columnDefinitions too. */
json_t *present_table(struct world *, const struct target *, json_t *const *objects, size_t n,
                      const char *include, const char *list_version, bool columns);

/* ---- writing (kube_write.c, kube_patch.c, kube_admit.c, kube_managed.c) ---- */
void kube_create(struct world *, const struct sim_request *, const struct target *,
                 struct sim_reply *);
void kube_update(struct world *, const struct sim_request *, const struct target *,
                 struct sim_reply *);
void kube_patch(struct world *, const struct sim_request *, const struct target *,
                struct sim_reply *);
void kube_delete(struct world *, const struct sim_request *, const struct target *,
                 struct sim_reply *);
/* Removes with what it owns (cascade) and, for a Namespace, with what is in it. */
bool kube_remove(struct world *, struct table *, const char *ns, const char *name, bool cascade);
/* Fills in defaults, which belong to the writer. Takes and returns the object. */
json_t *kube_default(struct table *, json_t *object);
/* Allocates what belongs to nobody: cluster IP, node ports, first status. */
void kube_allocate(struct world *, struct table *, json_t *object, const json_t *before);
/* Keeps metadata.managedFields of `object` for a write by `manager`. */
void managed_record(struct world *, struct table *, json_t *object, const json_t *before,
                    const char *manager, const char *operation, const char *subresource);

/* Server-side apply: the object as it would be stored. `conflicts` gets {with, path} for each
 * field that others own with another value; without force nothing must be stored when there are
 * any. */
json_t *managed_apply(struct world *, struct table *, const json_t *live, json_t *intent,
                      const char *manager, const char *subresource, const char *version, bool force,
                      json_t *conflicts);
/* Problems of an object as causes {reason, message, field}. */
json_t *kube_validate(struct world *, const struct table *, const json_t *object,
                      const json_t *before);

/* ---- kube_events.c: events.k8s.io/v1 over stored core/v1 events ---- */
bool is_modern_event(const struct target *);
void event_to_modern(json_t *);
void event_to_core(json_t *);
void event_check(const json_t *object, json_t *causes);

/* kube_bootstrap.c: a CustomResourceDefinition was stored, or will go with all objects of its kind.
 */
void kube_define(struct world *, const json_t *definition);
void kube_undefine(struct world *, const json_t *definition);

/* ---- the rest ---- */
void kube_discovery(struct world *, const struct sim_request *, struct sim_reply *);
bool kube_openapi(struct world *, const struct sim_request *, struct sim_reply *);
/* Self-subject reviews; false when the path is none of them. */
/* An object that came as protobuf; NULL when it is none, or of a kind that is not in the tables. */
json_t *protobuf_object(const char *body, size_t len);
bool kube_review(struct world *, const struct sim_request *, struct sim_reply *);
const char *kube_principal(struct world *, const char *bearer);
/* Whom a request with Impersonate-User acts as, NULL when the principal may not. */
const char *kube_impersonated(struct world *, const char *principal, const char *user);
const char *kube_principal_named(struct world *, const char *certificate_name);

#endif
