/* /_sim/azure: the knobs of the Azure side, for tests and demos.
 *
 *   GET     everything below, the backends' probe states and the nodes in rotation
 *   PATCH   (or POST) a JSON object with any of
 *     tokenLifetime, operationSeconds, retryAfter     numbers, seconds
 *     readBurst, readRate, writeBurst, writeRate      the token buckets; buckets are filled anew
 *     pageSize                                        items in a page of an ARM list
 *     expireTokens                                    true: every token issued so far has expired
 *     assertionCertificate                            PEM; signatures of assertions are checked
 * against it unreachableInstances                            true: backend health cannot be
 * retrieved (all Unknown) sharedProbe                                     true: the cluster uses
 * one shared load balancer probe operationalState                                of every
 * Application Gateway: Running, Stopped, ... children {COLLECTION: {NAME: {property: value}}}
 * merged into a child's properties
 */
#include "azure.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static void number(const json_t *body, const char *name, double *out)
{
    const json_t *value = json_object_get(body, name);
    if (json_is_number(value))
        *out = json_number_value(value);
}

static void refill(struct azure *azure)
{
    while (azure->budgets) {
        struct actor_budget *budget = azure->budgets;
        azure->budgets = budget->next;
        free(budget);
    }
}

static void change_children(struct azure *azure, const json_t *children)
{
    const char *collection, *name;
    json_t *named, *properties, *gateway;
    size_t i;

    json_object_foreach((json_t *)children, collection, named)
        json_object_foreach(named, name, properties)
            json_array_foreach(azure->gateways, i, gateway) {
                json_t *child = jx_find(
                    json_object_get(json_object_get(gateway, "properties"), collection), "name",
                    name);
                if (child)
                    json_object_update(json_object_get(child, "properties"), properties);
            }
}

static void change(struct world *world, const json_t *body)
{
    struct azure *azure = azure_of(world);
    double page = (double)azure->page_size;
    const char *pem = jx_str(body, "assertionCertificate"),
               *state = jx_str(body, "operationalState");
    size_t i;
    json_t *gateway;

    number(body, "tokenLifetime", &azure->token_lifetime);
    number(body, "operationSeconds", &azure->operation_seconds);
    number(body, "retryAfter", &azure->retry_after);
    number(body, "readBurst", &azure->read_burst);
    number(body, "readRate", &azure->read_rate);
    number(body, "writeBurst", &azure->write_burst);
    number(body, "writeRate", &azure->write_rate);
    number(body, "pageSize", &page);
    azure->page_size = page >= 1 ? (size_t)page : 1;
    if (json_object_get(body, "readBurst") || json_object_get(body, "writeBurst"))
        refill(azure);
    if (jx_bool(body, "expireTokens", false))
        for (struct token *token = azure->tokens; token; token = token->next)
            token->expires = 0;
    if (pem) {
        free(azure->assertion_cert);
        azure->assertion_cert = *pem ? xstrdup(pem) : NULL;
    }
    azure->unreachable_instances = jx_bool(body, "unreachableInstances",
                                           azure->unreachable_instances);
    azure->shared_lb_probe = jx_bool(body, "sharedProbe", azure->shared_lb_probe);
    if (state)
        json_array_foreach(azure->gateways, i, gateway)
            jx_set(gateway, "properties.operationalState", json_string(state));
    change_children(azure, json_object_get(body, "children"));
}

static json_t *show(struct world *world)
{
    struct azure *azure = azure_of(world);
    json_t *backends = json_array(), *nodes = json_object();

    for (const struct backend *one = azure->backends; one; one = one->next)
        json_array_append_new(
            backends,
            json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:i, s:f, s:s}", "appGateway", one->gateway,
                      "pool", one->pool, "settings", one->settings, "address", one->address,
                      "known", one->known, "up", one->up, "failures", one->failures,
                      "nextProbeSeconds", one->next_at - world_now(world), "log", one->log));
    for (const struct node_probe *one = azure->node_probes; one; one = one->next)
        json_object_set_new(nodes, one->key,
                            json_pack("{s:b, s:s, s:i}", "up", one->up, "reason", one->reason,
                                      "streak", one->streak));
    return json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:b, s:b, s:o, s:o}", "tokenLifetime",
        azure->token_lifetime, "operationSeconds", azure->operation_seconds, "retryAfter",
        azure->retry_after, "readBurst", azure->read_burst, "readRate", azure->read_rate,
        "writeBurst", azure->write_burst, "writeRate", azure->write_rate, "pageSize",
        (json_int_t)azure->page_size, "unreachableInstances", azure->unreachable_instances,
        "sharedProbe", azure->shared_lb_probe, "backends", backends, "nodeProbes", nodes);
}

void azure_control(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    if (strcmp(request->method, "PATCH") == 0 || strcmp(request->method, "POST") == 0) {
        json_error_t error;
        json_t *body = json_loads(request->body, 0, &error);
        if (!json_is_object(body)) {
            json_decref(body);
            reply_json(reply, 400, json_pack("{s:s}", "error", "the body must be a JSON object"));
            return;
        }
        change(world, body);
        json_decref(body);
    } else if (strcmp(request->method, "GET") != 0) {
        reply_json(reply, 405, json_pack("{s:s}", "error", "GET or PATCH"));
        return;
    }
    reply_json(reply, 200, show(world));
}
