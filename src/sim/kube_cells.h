/* Cells of a Table that are more than a field: each gives malloc'd text, or NULL for the column's
 * `missing`. */
#ifndef SIM_KUBE_CELLS_H
#define SIM_KUBE_CELLS_H

#include "sim.h"

struct column {
    const char *name;
    const char *path; /* as path_text wants it */
    char *(*cell)(struct world *, const json_t *object);
    const char *missing; /* what stands there when there is nothing */
    bool wide;           /* only with -o wide */
};

/* A value by a path such as "status.conditions[type=Ready].status" or "spec.rules[0].host":
 * malloc'd, NULL when absent. */
char *path_text(const json_t *object, const char *path);
json_t *path_value(const json_t *object, const char *path);

char *cell_age(struct world *, const json_t *);
char *cell_node_status(struct world *, const json_t *);
char *cell_node_roles(struct world *, const json_t *);
char *cell_service_external(struct world *, const json_t *);
char *cell_service_ports(struct world *, const json_t *);
char *cell_service_selector(struct world *, const json_t *);
char *cell_pod_ready(struct world *, const json_t *);
char *cell_pod_status(struct world *, const json_t *);
char *cell_pod_restarts(struct world *, const json_t *);
char *cell_data_count(struct world *, const json_t *);
char *cell_event_age(struct world *, const json_t *);
char *cell_event_object(struct world *, const json_t *);
char *cell_event_message(struct world *, const json_t *);
char *cell_workload_ready(struct world *, const json_t *);
char *cell_container_names(struct world *, const json_t *);
char *cell_container_images(struct world *, const json_t *);
char *cell_match_labels(struct world *, const json_t *);
char *cell_node_selector(struct world *, const json_t *);
char *cell_hpa_reference(struct world *, const json_t *);
char *cell_hpa_targets(struct world *, const json_t *);
char *cell_slice_ports(struct world *, const json_t *);
char *cell_slice_endpoints(struct world *, const json_t *);
char *cell_ingress_ports(struct world *, const json_t *);
char *cell_binding_role(struct world *, const json_t *);

#endif
