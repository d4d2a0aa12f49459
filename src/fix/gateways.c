#include "fix.h"

#include <string.h>

void split_ns_name(const char *ns_name, char ns[256], char name[256])
{
    const char *slash = strchr(ns_name, '/');
    ns[0] = '\0';
    if (slash) {
        str_format(ns, 256, "%.*s", (int)(slash - ns_name), ns_name);
        str_copy(name, 256, slash + 1);
    } else {
        str_copy(name, 256, ns_name);
    }
}

static bool list_gateways(const struct topology *topology, struct error *err)
{
    TEXT_AUTO names = { .max = 256 };
    for (size_t i = 0; i < topology->gateways.n; i++)
        text_printf(&names, "%s%s", i ? ", " : "", topology->gateways.items[i].gateway);
    return error_remedy(err, "name one with --gateway NS/NAME: %s", str_or(text_str(&names), "no Gateway is known"));
}

/* A waypoint is a Gateway too, but no Application Gateway stands before it. */
static bool is_edge(const struct topo_gateway *gateway)
{
    return gateway->service != NULL;
}

const struct topo_gateway *fix_gateway(const struct topology *topology, const struct findings *findings,
                                       const struct fix_request *request, struct error *err)
{
    const struct topo_gateway *only = NULL;
    size_t n = 0;
    if (request->gateway) {
        const struct topo_gateway *named = topology_gateway(topology, request->gateway);
        if (!named) {
            error_set(err, ERR_ABSENT, "there is no Gateway %s", request->gateway);
            list_gateways(topology, err);
        }
        return named;
    }
    for (size_t i = 0; findings && i < findings->n; i++)
        if (str_eq(findings->items[i].fix, request->fix) && findings->items[i].gateway &&
            (only = topology_gateway(topology, findings->items[i].gateway)))
            return only;
    for (size_t i = 0; i < topology->gateways.n; i++)
        if (is_edge(&topology->gateways.items[i])) {
            only = &topology->gateways.items[i];
            n++;
        }
    if (n == 1)
        return only;
    error_set(err, ERR_USAGE, n ? "more than one Gateway could be meant" : "no Gateway with a Service is known");
    list_gateways(topology, err);
    return NULL;
}
