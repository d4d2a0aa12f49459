/* The schemas themselves, in the language of kube_schema.h. */
#ifndef SIM_KUBE_SCHEMAS_H
#define SIM_KUBE_SCHEMAS_H

struct field;
struct schema_text {
    const char *name; /* of a reference, or "resource.group" */
    const char *text;
    struct field *field; /* once read */
};
extern struct schema_text shared_schemas[], kind_schemas[]; /* end with a NULL name */

#endif
