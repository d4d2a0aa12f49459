/* Private to fix/: building plans, JSON of objects before and after, the journal's writing end. */
#ifndef FIX_FIX_H
#define FIX_FIX_H

#include <gatewatch/fix.h>
#include <jansson.h>

/* Written on everything we make, so that a reader of the cluster knows where it came from. */
#define MANAGED_BY "gatewatch"
#define FIELD_MANAGER "gatewatch"
#define CONTENT_APPLY "application/apply-patch+yaml"
#define CONTENT_MERGE "application/merge-patch+json"

/* ---- object_json.c: objects as JSON, pure ------------------------------------------------------------------------------ */

/* RFC 7396: `target` with `patch` on it. New reference. */
json_t *json_merged(const json_t *target, const json_t *patch);
/* The merge patch that takes `patch` back from an object that was `before`. New reference. */
json_t *json_inverse(const json_t *before, const json_t *patch);
/* Everything `part` says holds in `whole` too; null says "absent"; lists must be of one length. */
bool json_holds(const json_t *whole, const json_t *part);
/* By its managedFields one entry of `manager` owns what `part` says of spec and data (NULL: anything at all). True where
 * the server keeps no such list (kubernetes.md 2.2: a write that changes a value moves the ownership). */
bool json_owned(const json_t *object, const json_t *part, const char *manager);
/* An inverse for the object as it is now: an object that was made by `wrote`, and that others have put keys into since,
 * loses our keys only. New reference. */
json_t *json_narrowed(const json_t *inverse, const json_t *wrote, const json_t *live);
/* A copy without what servers fill in (status, managedFields, resourceVersion, …): what a person compares. */
json_t *json_for_people(const json_t *object);
/* YAML of an object for people, in the arena; "" for NULL. */
const char *yaml_for_people(struct arena *, const json_t *object_or_null);
/* Lines of a unified comparison without headers: ' ', '+', '-'. Long equal runs are left out but for `context` lines. */
const char *diff_lines(struct arena *, const char *before, const char *after, int context);

/* ---- plan_build.c ---------------------------------------------------------------------------------------------------------- */

struct plan *plan_begin(const struct fix_request *, const struct topology *, const struct settings *);
struct plan *plan_copy(const struct plan *);                    /* deep, refs 1: to change and publish */
/* Appends; the body is dumped into the plan and its reference dropped. */
struct plan_change *plan_add_change(struct plan *, const char *verb, const char *resource, const char *kind,
                                    const char *group, const char *version, const char *ns, const char *name,
                                    const char *content_type, json_t *body_steals);
void plan_add_cost(struct plan *, enum severity, const char *format, ...) __attribute__((format(printf, 3, 4)));
struct plan_choice *plan_add_choice(struct plan *, const char *group, const char *id, const char *label,
                                    const char *help);
void plan_add_owner(struct plan *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void plan_refuse(struct plan *, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t plan_add_step(struct plan *, const char *text);
void plan_step(struct plan *, size_t step, int state, const char *format, ...) __attribute__((format(printf, 4, 5)));
void plan_add_warning(struct plan *, struct plan_change *, const char *text);
/* The id chosen in a group by the request ("group=id"), or NULL. */
const char *request_choice(const struct fix_request *, const char *group);
/* Every choice named must be one that the plan offers. */
bool plan_check_choices(const struct plan *, const struct fix_request *, struct error *);
/* kubectl that does the same; the manifest of all changes, to copy. */
void plan_fill_commands(struct plan *);

/* ---- gateways.c: what both fixes ask about the gateway ------------------------------------------------------------------------ */

/* The gateway asked for, or the one that the findings name for this fix, or the only one. */
const struct topo_gateway *fix_gateway(const struct topology *, const struct findings *, const struct fix_request *,
                                       struct error *);
void split_ns_name(const char *ns_name, char ns[256], char name[256]);

/* ---- journal.c: the writing end --------------------------------------------------------------------------------------------------- */

/* One line, appended and flushed to disk before it returns. `state` as in journal_entry. */
bool journal_append(const struct plan *, const char *state, const char *user, const struct error *or_null,
                    struct error *);
bool journal_append_undone(const char *id, struct error *);

/* ---- undo.c --------------------------------------------------------------------------------------------------------------------------- */

bool plan_undo(const struct topology *, const struct settings *, const struct fix_request *, struct plan *out,
               struct error *);

#endif
