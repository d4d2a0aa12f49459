/* What every Azure Resource Manager answer shares: errors, roles, budgets, pages and long-running
 * operations.
 *
 * Source: reference azure.md 2.1 (the recorded operation), 8.1 to 8.4.
 */
#include "azure.h"
#include "text.h"

#include <math.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct azure *azure_of(struct world *world)
{
    if (!world->azure) {
        struct azure *azure = xcalloc(1, sizeof *azure);
        azure->gateways = json_array();
        azure->clusters = json_array();
        azure->credential = &principals[0];
        azure->token_lifetime = 3599;
        azure->operation_seconds = 3;
        azure->retry_after = 2;
        azure->read_burst = 250, azure->read_rate = 25;
        azure->write_burst = 200, azure->write_rate = 10;
        azure->page_size = 100;
        world->azure = azure;
    }
    return world->azure;
}

void arm_error(struct sim_reply *reply, int status, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    json_t *message = json_vsprintf(format, args);
    va_end(args);
    reply_header(reply, "x-ms-failure-cause", "gateway");
    reply_header(reply, "x-ms-error-code", "%s", code);
    reply_json(reply, status,
               json_pack("{s:{s:s, s:o}}", "error", "code", code, "message", message));
}

bool arm_may(struct arm_call *call, const char *action, const char *scope)
{
    const struct principal *who = call->token->principal;

    if (!who->reader || ends_with(action, "/read"))
        return true;
    arm_note(call->world, who, action, scope, "Failed");
    arm_error(
        call->reply, 403, "AuthorizationFailed",
        "The client '%s' with object id '%s' does not have authorization to perform action '%s' "
        "over scope '%s' "
        "or the scope is invalid. If access was recently granted, please refresh your credentials.",
        who->client_id, who->object_id, action, scope);
    return false;
}

/* ---- budgets (8.2) ------------------------------------------------------------------------ */

static struct actor_budget *budget_of(struct arm_call *call)
{
    struct azure *azure = azure_of(call->world);
    struct actor_budget *budget = azure->budgets;

    while (budget && budget->principal != call->token->principal)
        budget = budget->next;
    if (!budget) {
        double now = world_now(call->world);
        budget = xcalloc(1, sizeof *budget);
        *budget = (struct actor_budget){ .principal = call->token->principal,
                                         .reads = { azure->read_burst, now },
                                         .writes = { azure->write_burst, now },
                                         .next = azure->budgets };
        azure->budgets = budget;
    }
    return budget;
}

bool arm_budget(struct arm_call *call, bool write)
{
    struct azure *azure = azure_of(call->world);
    struct actor_budget *budget = budget_of(call);
    struct bucket *bucket = write ? &budget->writes : &budget->reads;
    double burst = write ? azure->write_burst : azure->read_burst;
    double rate = write ? azure->write_rate : azure->read_rate;
    double now = world_now(call->world);
    const char *word = write ? "write" : "read";
    bool poll = strcasestr(call->request->path, "/operationResults/") != NULL;

    bucket->left = fmin(burst, bucket->left + (now - bucket->at) * rate);
    bucket->at = now;
    if (bucket->left < 1) {
        /* An early retry resets the wait, so a hasty client waits longer than a patient one. */
        double speed = call->world->speed > 0 ? call->world->speed : 1;
        int wait = (int)fmax(1, ceil((rate > 0 ? (1 - bucket->left) / rate : 10) / speed));
        reply_header(call->reply, "Retry-After", "%d", wait);
        reply_header(call->reply,
                     write ? "x-ms-ratelimit-remaining-subscription-writes"
                           : "x-ms-ratelimit-remaining-subscription-reads",
                     "0");
        arm_error(call->reply, 429, "SubscriptionRequestsThrottled",
                  "Number of '%s' requests for subscription '%s' actor '%s' exceeded. Please try "
                  "again after '%d' "
                  "seconds.",
                  word, SIM_SUBSCRIPTION, call->token->principal->object_id, wait);
        return false;
    }
    bucket->left -= 1;
    /* A poll shows the global figure only, as recorded. */
    if (!poll)
        reply_header(call->reply,
                     write ? "x-ms-ratelimit-remaining-subscription-writes"
                           : "x-ms-ratelimit-remaining-subscription-reads",
                     "%d", (int)bucket->left);
    reply_header(call->reply,
                 write ? "x-ms-ratelimit-remaining-subscription-global-writes"
                       : "x-ms-ratelimit-remaining-subscription-global-reads",
                 "%d", (int)(15 * burst - (burst - bucket->left)) - 1);
    return true;
}

/* ---- pages -------------------------------------------------------------------------------- */

void arm_page(struct arm_call *call, json_t *items)
{
    const char *token = request_query(call->request, "$skiptoken");
    size_t from = token ? strtoul(token, NULL, 10) : 0, size = azure_of(call->world)->page_size,
           total;
    json_t *page = json_array(), *body = json_pack("{s:o}", "value", page);

    total = json_array_size(items);
    for (size_t i = from; i < total && i < from + size; i++)
        json_array_append(page, json_array_get(items, i));
    if (from + size < total)
        json_object_set_new(body, "nextLink",
                            jx_format("%s%s?api-version=%s&%%24skiptoken=%zu", call->world->base,
                                      call->request->path,
                                      request_query(call->request, "api-version"), from + size));
    json_decref(items);
    reply_json(call->reply, 200, body);
}

/* ---- long-running operations (2.1) -------------------------------------------------------- */

/* `len` characters that look like signed text and are the same for the same seed. */
static char *scribble(const char *seed, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char block[EVP_MAX_MD_SIZE];
    unsigned got = 0, at = 0, round = 0;
    char *out = xcalloc(1, len + 1);

    for (size_t i = 0; i < len; i++) {
        if (at == got) {
            char text[256];
            int n = snprintf(text, sizeof text, "%u/%s", round++, seed);
            HMAC(EVP_sha256(), "gatewatch-sim", 13, (unsigned char *)text, (size_t)n, block, &got);
            at = 0;
        }
        out[i] = alphabet[block[at++] & 63];
    }
    return out;
}

static void location_headers(struct arm_call *call, struct operation *operation, bool both)
{
    char seed[128];
    /* .NET ticks, as in the recording: they are what makes every Location differ from the one
     * before. */
    unsigned long long ticks = 621355968000000000ull +
                               (unsigned long long)(world_now(call->world) * 1e7) +
                               operation->polls++;
    snprintf(seed, sizeof seed, "%s/%llu", operation->id, ticks);
    char *c = scribble(operation->id, 2800), *h = scribble(seed, 43);
    snprintf(seed, sizeof seed, "%s/%llu/s", operation->id, ticks);
    char *s = scribble(seed, 342);
    const char *version = request_query(call->request, "api-version");

    reply_header(call->reply, "Azure-AsyncNotification", "Enabled");
    reply_header(call->reply, "x-ms-arm-service-request-id", "%s", operation->service_request);
    reply_header(call->reply, "Location",
                 "%s/subscriptions/%s/providers/Microsoft.Network/locations/%s/operationResults/"
                 "%s?api-version=%s&t=%llu"
                 "&c=%s&s=%s&h=%s",
                 call->world->base, SIM_SUBSCRIPTION, SIM_LOCATION, operation->id, version, ticks,
                 c, s, h);
    if (both)
        reply_header(call->reply, "Azure-AsyncOperation",
                     "%s/subscriptions/%s/providers/Microsoft.Network/locations/%s/operations/"
                     "%s?api-version=%s&t=%llu"
                     "&c=%s&s=%s&h=%s",
                     call->world->base, SIM_SUBSCRIPTION, SIM_LOCATION, operation->id, version,
                     ticks, c, s, h);
    free(c);
    free(h);
    free(s);
}

static void retry_after(struct arm_call *call)
{
    double speed = call->world->speed > 0 ? call->world->speed : 1;
    /* Never 0: the Azure SDK reads that as "not said" and waits half a minute. */
    reply_header(call->reply, "Retry-After", "%d",
                 (int)fmax(1, round(azure_of(call->world)->retry_after / speed)));
}

struct operation *arm_operation(struct world *world, const char *target, const json_t *body,
                                json_t *(*result)(struct world *, const struct operation *))
{
    struct azure *azure = azure_of(world);
    struct operation *operation = xcalloc(1, sizeof *operation);
    double now = world_now(world);

    for (struct operation **at = &azure->operations; *at;) {
        struct operation *old = *at;
        if (old->ready_at + 3600 < now) {
            *at = old->next;
            free(old->target);
            json_decref(old->body);
            free(old);
        } else {
            at = &old->next;
        }
    }
    jx_random_uuid(operation->id);
    jx_random_uuid(operation->service_request);
    operation->target = xstrdup(target);
    operation->body = body ? json_deep_copy(body) : NULL;
    operation->result = result;
    operation->ready_at = now + azure->operation_seconds;
    operation->next = azure->operations;
    azure->operations = operation;
    return operation;
}

static bool has_both(const struct operation *operation)
{
    return strcasestr(operation->target, "/loadBalancers/") != NULL;
}

void arm_accept(struct arm_call *call, struct operation *operation)
{
    location_headers(call, operation, has_both(operation));
    retry_after(call);
    if (has_both(operation))
        reply_text(call->reply, 202, "application/json; charset=utf-8", "");
    else
        reply_text(call->reply, 202, "application/json; charset=utf-8", "null");
}

static bool signature_good(struct arm_call *call, const struct operation *operation)
{
    const char *t = request_query(call->request, "t"), *h = request_query(call->request, "h");
    char seed[128];

    snprintf(seed, sizeof seed, "%s/%.40s", operation->id, t ? t : "");
    char *want = scribble(seed, 43);
    bool good = h && strcmp(h, want) == 0;
    free(want);
    return good;
}

/* .../providers/Microsoft.Network/locations/{region}/operationResults/{guid}; segment[at] is
 * "locations". */
void arm_operation_result(struct arm_call *call, size_t at)
{
    const char *kind = at + 3 < call->segments ? call->segment[at + 2] : "";
    bool status = strcasecmp(kind, "operations") == 0;
    struct operation *operation = azure_of(call->world)->operations;

    if (!status && strcasecmp(kind, "operationResults") != 0) {
        arm_error(call->reply, 404, "InvalidResourceType",
                  "The resource type could not be found for this path.");
        return;
    }
    while (operation && strcasecmp(operation->id, call->segment[at + 3]) != 0)
        operation = operation->next;
    if (!operation) {
        arm_error(call->reply, 404, "NotFound", "The operation was not found.");
        return;
    }
    if (!signature_good(call, operation)) {
        arm_error(call->reply, 403, "InvalidAsyncOperationSignature",
                  "The signature of the operation URL is invalid.");
        return;
    }
    bool ready = operation->ready_at <= world_now(call->world);
    if (status) {
        if (!ready)
            retry_after(call);
        reply_json(call->reply, 200,
                   json_pack("{s:s}", "status", ready ? "Succeeded" : "InProgress"));
        return;
    }
    location_headers(call, operation, has_both(operation));
    if (!ready) {
        retry_after(call);
        reply_text(call->reply, 202, "application/json; charset=utf-8", "null");
        return;
    }
    json_t *body = operation->result(call->world, operation);
    if (body)
        reply_json(call->reply, 200, body);
    else
        arm_error(call->reply, 404, "ResourceNotFound", "The resource of the operation is gone.");
}
