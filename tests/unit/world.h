/* Small worlds for tests: objects from YAML, changed field by field, made into a snapshot, a topology and findings. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <gatewatch/diagnose.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct world;
struct world *world_new(void);              /* nothing in it; every kind's source is live */
struct world *world_reference(void);        /* tests/fixtures/worlds/reference.yaml: both faults */
/* The reference with both fixes and reports to match: everything well. */
struct world *world_healthy(void);
void world_free(struct world *);

/* Documents of Kubernetes objects; "arm: KIND" and "report: KIND, of: ID" for Azure's. A same name replaces. */
void world_add(struct world *, const char *yaml);
void world_add_file(struct world *, const char *path);
/* "Service/istio-ingress/mtkc-gateway-istio" or "Node/aks-np1-0", a path of keys and indexes with dots, and the value as
 * YAML; NULL removes the field. A key with dots of its own stands in brackets. */
void world_set(struct world *, const char *object, const char *path, const char *yaml);
void world_remove(struct world *, const char *object);
void world_source(struct world *, enum kind_id, enum source_status);
struct settings *world_settings(struct world *);

/* All are kept until the world changes or ends. */
struct snapshot *world_snapshot(struct world *);
struct topology *world_topology(struct world *);
const struct findings *world_findings(struct world *);
const struct object *world_object(struct world *, enum kind_id, const char *namespace, const char *name);
/* The finding of a code, or NULL; the test fails when there are several. */
const struct finding *world_finding(struct world *, const char *code);
size_t world_critical(struct world *);      /* findings of that severity that are not folded */
void world_print_findings(struct world *);
/* Exactly one finding of the code, of that severity, on that object ("name"), with that fix or NULL. */
const struct finding *expect_finding(struct world *, const char *code, enum severity, const char *name, const char *fix);
void expect_none(struct world *, const char *code);     /* and the rule could tell */
void expect_unknown(struct world *, const char *code);  /* no finding, for the rule could not tell */
bool has_evidence(const struct finding *, const char *words);

/* A route that answers /healthz/ready through the reference gateway, and the load balancer under Local. */
extern const char *const world_health_route;
void world_apply_local(struct world *);
void world_report_healthy(struct world *);

#endif
