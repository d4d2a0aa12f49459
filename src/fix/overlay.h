/* The ConfigMap behind Gateway infrastructure.parametersRef: the lasting way to change a generated Service. */
#ifndef FIX_OVERLAY_H
#define FIX_OVERLAY_H

#include "fix.h"

#define OVERLAY_ANNOTATION_PREFIX "service.beta.kubernetes.io/"

/* Adds the ConfigMap (made, or its `service` key edited and everything else kept) and, when the Gateway does not name one
 * yet, the reference to it. Probe annotations of the Service are nulled. Refuses what it cannot read. */
void overlay_add_changes(struct plan *, const struct topology *, const struct topo_gateway *,
                         const struct topo_service *);

#endif
