/* Namespaces: labels and annotations are all we want (tenancy, selectors, mesh), so only metadata is asked for. */
#include "shape.h"

static const char *const versions[] = {"v1", NULL};
const struct kind kind_namespace = {
    .name = "Namespace", .plural = "namespaces", .group = "", .versions = versions, .namespaced = false,
    .size = sizeof(struct namespace_),
    .metadata_only = true,
};
