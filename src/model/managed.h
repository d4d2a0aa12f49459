#ifndef MODEL_MANAGED_H
#define MODEL_MANAGED_H

#include <gatewatch/model.h>

/* Fills object.managers from metadata.managedFields. */
void managed_decode(struct object *, const struct json_t *list);

#endif
