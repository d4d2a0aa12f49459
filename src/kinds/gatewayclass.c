#include "shape.h"

static const struct field fields[] = {
    STRING(struct gatewayclass, controller, "spec.controllerName"),
    ARRAY(struct gatewayclass, conditions, "status.conditions", shape_condition),
};
static const struct shape shape = SHAPE(struct gatewayclass, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    shape_decode(&shape, json, o, &o->arena);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct gatewayclass *class = (const struct gatewayclass *)o;
    describe_line(d, "Controller", "%s", class->controller);
    describe_conditions(d, &class->conditions);
}

static const char *const versions[] = {"v1", "v1beta1", NULL};
const struct kind kind_gatewayclass = {
    .name = "GatewayClass", .plural = "gatewayclasses", .group = "gateway.networking.k8s.io", .versions = versions, .namespaced = false,
    .size = sizeof(struct gatewayclass), .decode = decode, .describe = describe,
};
