#include "shape.h"

static const char *const versions[] = {"v1", "v1beta1", NULL};
const struct kind kind_httproute = {
    .name = "HTTPRoute", .plural = "httproutes", .group = "gateway.networking.k8s.io", .versions = versions,
    .namespaced = true, .size = sizeof(struct route), .decode = decode_route, .describe = describe_route,
};
