#include "shape.h"

static const char *const versions[] = {"v1", "v1alpha3", "v1alpha2", NULL};
const struct kind kind_tlsroute = {
    .name = "TLSRoute", .plural = "tlsroutes", .group = "gateway.networking.k8s.io", .versions = versions,
    .namespaced = true, .optional = true, .size = sizeof(struct route), .decode = decode_route, .describe = describe_route,
};
