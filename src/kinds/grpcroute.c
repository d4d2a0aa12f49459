#include "shape.h"

static const char *const versions[] = {"v1", NULL};
const struct kind kind_grpcroute = {
    .name = "GRPCRoute", .plural = "grpcroutes", .group = "gateway.networking.k8s.io", .versions = versions,
    .namespaced = true, .optional = true, .size = sizeof(struct route), .decode = decode_route, .describe = describe_route,
};
