/* Which kinds the API server serves, and in which version (kubernetes.md 1.2). Reading only; asking is in kube_discover.c. */
#ifndef SOURCE_DISCOVERY_H
#define SOURCE_DISCOVERY_H

#include <gatewatch/model.h>

#include <jansson.h>

enum served { SERVED_UNKNOWN, SERVED_NO, SERVED_YES };

struct discovery {
    struct { enum served served; const char *version; } kinds[KIND_COUNT];     /* version: one of kind->versions */
};
/* The core group is part of every server: known without asking. */
void discovery_init(struct discovery *);
bool discovery_is_aggregated(const json_t *body);
/* `/apis` in its aggregated form, v2 or v2beta1. Kinds of named groups that are not there become SERVED_NO, those of a
 * group whose server is down ("Stale") stay as they were. */
bool discovery_read_aggregated(struct discovery *, const json_t *body, struct error *);
/* The older form: `/apis` names groups and versions; each group version that may hold one of our kinds is asked for. */
struct group_versions { char **items; size_t n; };      /* "gateway.networking.k8s.io/v1", malloc'd */
bool discovery_read_groups(struct discovery *, const json_t *body, struct group_versions *ret, struct error *);
void group_versions_free(struct group_versions *);
/* `/apis/GROUP/VERSION`. */
bool discovery_read_resources(struct discovery *, const char *group_version, const json_t *body, struct error *);
/* Nothing could be learnt: every kind is tried in its best version, and a 404 will tell. */
void discovery_assume(struct discovery *);

#endif
