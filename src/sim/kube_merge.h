/* The patch formats, on values. */
#ifndef SIM_KUBE_MERGE_H
#define SIM_KUBE_MERGE_H

#include "kube_schema.h"

/* RFC 7396, in place. */
void merge_patch(json_t *target, const json_t *patch);
/* RFC 6902, in place (so hand in a copy). NULL, or what failed (malloc'd). */
char *json_patch(json_t **target, const json_t *operations);
/* Kubernetes' own: lists merge by key, with $patch, $retainKeys, $setElementOrder and
 * $deleteFromPrimitiveList. */
void strategic_patch(const struct field *, json_t *target, const json_t *patch);

#endif
