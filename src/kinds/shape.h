/* Field tables: how a kind's struct is filled from JSON, as data. */
#ifndef KINDS_SHAPE_H
#define KINDS_SHAPE_H

#include <gatewatch/kinds.h>

#include <jansson.h>

/* Rows of a table. `T` is the struct, `m` its member. */
#define ROW(T, m, path, type) {path, type, offsetof(T, m), NULL}
#define STRING(T, m, path) ROW(T, m, path, FIELD_STRING)
#define INT(T, m, path) ROW(T, m, path, FIELD_INT)
#define TRI(T, m, path) ROW(T, m, path, FIELD_TRI)
#define BOOL(T, m, path) ROW(T, m, path, FIELD_BOOL)
#define STRINGS(T, m, path) ROW(T, m, path, FIELD_STRINGS)
#define PAIRS(T, m, path) ROW(T, m, path, FIELD_PAIRS)
#define STRUCT(T, m, path, s) {path, FIELD_STRUCT, offsetof(T, m), &(s)}
#define ARRAY(T, m, path, s) {path, FIELD_ARRAY, offsetof(T, m), &(s)}
#define SHAPE(T, rows) {sizeof(T), rows, sizeof(rows) / sizeof *(rows)}

/* Shared by several kinds. */
extern const struct shape shape_condition, shape_object_ref, shape_listener, shape_listener_status,
    shape_label_selector, shape_parent_ref, shape_route_parent_status, shape_workload;

bool decode_workload(struct object *, const json_t *, struct error *);
bool decode_route(struct object *, const json_t *, struct error *);
void describe_workload(const struct object *, struct describe *);
void describe_route(const struct object *, struct describe *);
void describe_listeners(struct describe *, const struct listener *, size_t n);
void describe_conditions(struct describe *, const struct conditions *);
const char *tri_name(enum tri);

/* Conditions of listeners come from the status of the same name. */
struct listener_status {
    const char *name;
    int attached_routes;
    struct conditions conditions;
};
struct listener_statuses { struct { struct listener_status *items; size_t n; } list; };
void listeners_join(struct listener *, size_t n, const json_t *statuses, struct arena *);
/* Defaults that the API leaves out are put in: group, kind, allowedRoutes. */
void listeners_default(struct listener *, size_t n);

json_t *json_at(const json_t *, const char *path);      /* the path of struct field; NULL when absent */

/* ARM children have their fields below "properties". */
#define P "properties."

#endif
