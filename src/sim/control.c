/* The control door, /_sim/…: for tests and demos, without credentials.
 *
 *   GET   /_sim/state            version, counts per resource, speed, latency, faults
 *   GET   /_sim/requests         what was asked: method, path, query, status, principal, time;
 *                                ?since=INDEX the later ones; DELETE forgets them
 *   GET   /_sim/fault            the faults; POST adds those of the body (text, see faults.c);
 *                                DELETE removes all
 *   POST  /_sim/latency          body: milliseconds
 *   POST  /_sim/speed            body: simulated seconds per second
 *   POST  /_sim/expire-watches   every watch and list continuation gets 410 Expired
 *   POST  /_sim/revoke-tokens    static cluster tokens are refused (401); DELETE accepts them again
 *   POST  /_sim/rotate-tokens    static cluster tokens are replaced, here and in the files of --out
 *   POST  /_sim/absent           body: RESOURCE[.GROUP] …, which disappear from the API; DELETE
 *                                brings them back
 *   *     /_sim/azure            the knobs of the Azure side, see azure_control.c
 */
#include "kube.h"
#include "kube_auth.h"
#include "server.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static void state(struct world *world, struct sim_reply *reply)
{
    json_t *counts = json_object(), *absent = json_array();

    for (size_t i = 0; i < world->store->n; i++) {
        const struct table *table = world->store->tables[i];
        char *name = qualified(table->kind->resource, table->kind->group);

        if (table->n)
            json_object_set_new(counts, name, json_integer((json_int_t)table->n));
        if (table->absent)
            json_array_append_new(absent, json_string(name));
        free(name);
    }
    reply_json(reply, 200,
               json_pack("{s:s, s:f, s:f, s:i, s:I, s:o, s:o, s:o}", "scenario",
                         world->options->scenario, "time", world_now(world), "speed", world->speed,
                         "latency", world->latency_ms, "resourceVersion",
                         (json_int_t)world->store->version, "objects", counts, "absent", absent,
                         "faults", faults_list(world->faults)));
}

static bool number(const struct sim_request *request, double max, double *out,
                   struct sim_reply *reply)
{
    char *end;
    double value = strtod(request->body, &end);

    end += strspn(end, " \r\n");
    if (end == request->body || *end || !(value >= 0 && value <= max)) {
        reply_status(reply, 400, "BadRequest", NULL, "the body must be one number from 0 to %g",
                     max);
        return false;
    }
    *out = value;
    return true;
}

static void done(struct sim_reply *reply)
{
    if (!reply->status)
        reply_json(reply, 200, json_pack("{s:b}", "ok", 1));
}

static void fault(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    char *problem = NULL;

    if (!strcmp(request->method, "DELETE")) {
        faults_clear(world->faults);
    } else if (!strcmp(request->method, "POST")) {
        char *spec = xstrndup(request->body, strcspn(request->body, "\r\n"));

        problem = faults_add(world->faults, spec);
        free(spec);
    } else {
        reply_json(reply, 200, faults_list(world->faults));
    }
    if (problem)
        reply_status(reply, 400, "BadRequest", NULL, "%s", problem);
    free(problem);
}

static void absent(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    const char *p = request->body;

    if (!strcmp(request->method, "DELETE")) {
        for (size_t i = 0; i < world->store->n; i++)
            world->store->tables[i]->absent = false;
        return;
    }
    for (size_t len; *(p += strspn(p, " ,\r\n")); p += len) {
        size_t dot;
        char *resource, *group;

        len = strcspn(p, " ,\r\n");
        dot = strcspn(p, ".");
        resource = xstrndup(p, dot < len ? dot : len);
        group = dot < len ? xstrndup(p + dot + 1, len - dot - 1) : xstrdup("");
        if (!store_set_absent(world, group, resource, true))
            reply_status(reply, 400, "BadRequest", NULL, "no such resource: %.*s", (int)len, p);
        free(resource);
        free(group);
    }
}

static bool handle_settings(struct world *world, const char *what,
                            const struct sim_request *request, struct sim_reply *reply)
{
    double value;

    if (!strcmp(what, "latency")) {
        if (number(request, 600000, &value, reply))
            world->latency_ms = (int)value;
    } else if (!strcmp(what, "speed")) {
        if (number(request, 100000, &value, reply))
            world_set_speed(world, value);
    } else if (!strcmp(what, "expire-watches")) {
        store_expire(world);
    } else if (!strcmp(what, "revoke-tokens")) {
        credentials_revoke(world, strcmp(request->method, "DELETE") != 0);
    } else if (!strcmp(what, "rotate-tokens")) {
        credentials_rotate(world);
        if (!output_rewrite_tokens(world))
            reply_status(reply, 500, "InternalError", NULL, "the files could not be written");
    } else if (!strcmp(what, "absent")) {
        absent(world, request, reply);
    } else {
        return false;
    }
    return true;
}

void control_handle(struct world *world, const struct sim_request *request, struct sim_reply *reply)
{
    const char *what = starts_with(request->path, "/_sim/") ? request->path + 6 : "";
    const char *since = request_query(request, "since");

    if (!strcmp(what, "state")) {
        state(world, reply);
    } else if (!strcmp(what, "requests")) {
        if (!strcmp(request->method, "DELETE"))
            request_log_clear(world->log);
        else
            reply_json(reply, 200,
                       request_log_list(world->log, since ? strtoull(since, NULL, 10) : 0));
    } else if (starts_with(what, "azure")) {
        azure_control(world, request, reply);
    } else if (!strcmp(what, "fault")) {
        fault(world, request, reply);
    } else if (!handle_settings(world, what, request, reply)) {
        reply_text(reply, 404, NULL, "404: no such control, see src/sim/control.c\n");
    }
    done(reply);
}
