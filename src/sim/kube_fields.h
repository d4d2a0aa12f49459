/* Sets of fields as managedFields writes them (FieldsV1): a trie in JSON, {"f:spec":{"f:type":{}}}.
 * A node is in the set itself when it is empty or has a "." */
#ifndef SIM_KUBE_FIELDS_H
#define SIM_KUBE_FIELDS_H

#include "kube_schema.h"

/* Where a container is named beside its parts (a "."): an applier never does, a writer does for
 * lists and maps of built-in kinds, and for every object of a custom one. As a real server does. */
enum dots { DOTS_APPLY, DOTS_BUILTIN, DOTS_CUSTOM };

/* All fields of an object, without those that nobody owns (apiVersion, kind, metadata.name, …). */
json_t *fields_of_object(const struct field *, const json_t *object, enum dots);
/* Fields of `now` that are new or differ from `before`; fields of `before` that `now` lacks. */
json_t *fields_changed(const struct field *, const json_t *before, const json_t *now, enum dots);
json_t *fields_removed(const struct field *, const json_t *before, const json_t *now);
json_t *fields_union(const json_t *a, const json_t *b);
/* What is in a and not in b; NULL when nothing is left. */
json_t *fields_without(const json_t *a, const json_t *b);
/* Members of both whose values differ between the objects; NULL when none. Their paths
 * (".spec.type") go to `paths`. */
json_t *fields_conflicts(const struct field *, const json_t *a, const json_t *b,
                         const json_t *object, const json_t *other, const char *path,
                         json_t *paths);
/* Takes the members of the set out of the object. */
void fields_delete(const struct field *, json_t *object, const json_t *set);

#endif
