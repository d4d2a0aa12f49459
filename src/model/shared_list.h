#ifndef MODEL_SHARED_LIST_H
#define MODEL_SHARED_LIST_H

#include <gatewatch/model.h>

/* The objects of one kind at one moment: counted, shared by all snapshots until the kind changes. */
struct shared_list {
    atomic_uint refs;
    size_t n;
    const struct object *items[];
};
void shared_list_unref(struct shared_list *);
struct shared_list *shared_list_of(const struct object_list *);     /* NULL for an empty one */

#endif
