/* YAML to JSON as Kubernetes reads it: YAML 1.1 scalars, anchors, merge keys. */
#ifndef SIM_YAML_H
#define SIM_YAML_H

#include <jansson.h>
#include <stddef.h>

/* An array with one value per non-empty document; NULL with *problem (malloc'd, with line and
 * column) on failure. */
json_t *yaml_documents(const char *text, size_t len, char **problem);

#endif
