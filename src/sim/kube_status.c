/* Status objects, worded as kube-apiserver words them. */
#include "kube.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

char *qualified(const char *name, const char *group)
{
    return group && *group ? format_text("%s.%s", name, group) : xstrdup(name);
}

char *group_version(const struct kind *kind, const char *version)
{
    return *kind->group ? format_text("%s/%s", kind->group, version) : xstrdup(version);
}

char *target_version(const struct target *t)
{
    return *t->group ? format_text("%s/%s", t->group, t->version) : xstrdup(t->version);
}

json_t *status_object(int code, const char *reason, json_t *details, const char *message)
{
    json_t *status = json_pack("{s:s, s:s, s:{}, s:s, s:s}", "kind", "Status", "apiVersion", "v1",
                               "metadata", "status", "Failure", "message", message);

    if (reason)
        json_object_set_new(status, "reason", json_string(reason));
    if (details)
        json_object_set_new(status, "details", details);
    json_object_set_new(status, "code", json_integer(code));
    return status;
}

void reply_status(struct sim_reply *reply, int code, const char *reason, json_t *details,
                  const char *format, ...)
{
    char *message = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        abort();
    va_end(args);
    reply_json(reply, code, status_object(code, reason, details, message));
    free(message);
}

json_t *status_details(const struct target *target, const char *name)
{
    json_t *details = json_object();

    if (name && *name)
        json_object_set_new(details, "name", json_string(name));
    if (*target->group)
        json_object_set_new(details, "group", json_string(target->group));
    json_object_set_new(details, "kind", json_string(target->resource));
    return details;
}

void reply_not_found(struct sim_reply *reply, const struct target *target, const char *name)
{
    char *resource = qualified(target->resource, target->group);

    reply_status(reply, 404, "NotFound", status_details(target, name), "%s \"%s\" not found",
                 resource, name);
    free(resource);
}

void reply_conflict(struct sim_reply *reply, const struct target *target, const char *name,
                    const char *why)
{
    char *resource = qualified(target->resource, target->group);

    reply_status(reply, 409, "Conflict", status_details(target, name),
                 "Operation cannot be fulfilled on %s \"%s\": %s", resource, name, why);
    free(resource);
}
