#include "shape.h"

static const struct field port_fields[] = {
    STRING(struct endpoint_port, name, "name"),
    STRING(struct endpoint_port, protocol, "protocol"),
    STRING(struct endpoint_port, app_protocol, "appProtocol"),
    INT(struct endpoint_port, port, "port"),
};
static const struct shape shape_port = SHAPE(struct endpoint_port, port_fields);
/* All addresses of an endpoint are the same pod; consumers take the first (kubernetes.md 7.2). */
static const struct field endpoint_fields[] = {
    STRING(struct slice_endpoint, address, "addresses.0"),
    STRING(struct slice_endpoint, node, "nodeName"),
    STRING(struct slice_endpoint, zone, "zone"),
    STRING(struct slice_endpoint, pod, "targetRef.name"),
    STRING(struct slice_endpoint, pod_uid, "targetRef.uid"),
    TRI(struct slice_endpoint, ready, "conditions.ready"),
    TRI(struct slice_endpoint, serving, "conditions.serving"),
    TRI(struct slice_endpoint, terminating, "conditions.terminating"),
};
static const struct shape shape_endpoint = SHAPE(struct slice_endpoint, endpoint_fields);
static const struct field fields[] = {
    STRING(struct endpointslice, service, "metadata.labels.[kubernetes.io/service-name]"),
    STRING(struct endpointslice, address_type, "addressType"),
    ARRAY(struct endpointslice, ports, "ports", shape_port),
    ARRAY(struct endpointslice, endpoints, "endpoints", shape_endpoint),
};
static const struct shape shape = SHAPE(struct endpointslice, fields);

static bool decode(struct object *o, const json_t *json, struct error *err)
{
    (void)err;
    shape_decode(&shape, json, o, &o->arena);
    return true;
}

static void describe(const struct object *o, struct describe *d)
{
    const struct endpointslice *slice = (const struct endpointslice *)o;
    describe_line(d, "Service", "%s", slice->service);
    for (size_t i = 0; i < slice->ports.n; i++)
        describe_line(d, "Port", "%s %d/%s", slice->ports.items[i].name, slice->ports.items[i].port,
                      slice->ports.items[i].protocol);
    for (size_t i = 0; i < slice->endpoints.n; i++) {
        const struct slice_endpoint *e = &slice->endpoints.items[i];
        describe_line(d, e->address, "ready %s, serving %s, terminating %s, pod %s, node %s", tri_name(e->ready),
                      tri_name(e->serving), tri_name(e->terminating), e->pod, e->node);
    }
}

static const char *const versions[] = {"v1", NULL};
const struct kind kind_endpointslice = {
    .name = "EndpointSlice", .plural = "endpointslices", .group = "discovery.k8s.io", .versions = versions, .namespaced = true,
    .size = sizeof(struct endpointslice), .decode = decode, .describe = describe,
    .slim = true,
};
