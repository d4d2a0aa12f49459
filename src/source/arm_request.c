/* Azure Resource Manager over http/: token, one retry after 401, api-version with fallbacks, throttle budget, pages and
 * long-running operations (azure.md 8). */
#include "arm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The first that the server takes; the oldest has all we read. */
static const char *const versions[PROVIDER_COUNT][4] = {
    [PROVIDER_NETWORK] = {"2024-05-01", "2023-11-01", "2023-09-01", NULL},
    [PROVIDER_CONTAINERS] = {"2025-02-01", "2024-09-01", "2023-11-01", NULL},
    [PROVIDER_INSIGHTS] = {"2024-02-01", "2018-01-01", NULL},
    [PROVIDER_RESOURCES] = {"2022-12-01", "2020-01-01", NULL},
};

struct arm_exchange {
    struct arm_source *source;
    struct arm_exchange *next;
    uint64_t id, token_id, http_id;
    char *method, *target, *body;
    enum arm_provider provider;
    size_t version;
    struct secret *token;
    http_done *done;
    void *ctx;
    bool retried;
};

static void begin(struct arm_exchange *);

static void unlink_exchange(struct arm_exchange *x)
{
    struct arm_exchange **at = &x->source->exchanges;
    while (*at && *at != x)
        at = &(*at)->next;
    if (*at)
        *at = x->next;
}

static void free_exchange(struct arm_exchange *x)
{
    secret_unref(x->token);
    free(x->method);
    free(x->target);
    free(x->body);
    free(x);
}

static void finish(struct arm_exchange *x, const struct http_reply *reply)
{
    http_done *done = x->done;
    void *ctx = x->ctx;
    unlink_exchange(x);
    free_exchange(x);
    done(ctx, reply);
}

/* ---- what the headers say ---------------------------------------------------------------------------------------------- */

static void keep_lowest(const struct http_reply *reply, const char *const *names, int *value)
{
    int64_t lowest = -1, n;
    for (; *names; names++)
        if (str_to_int(http_header(reply, *names), 0, 1000000, &n) && (lowest < 0 || n < lowest))
            lowest = n;
    if (lowest >= 0)
        *value = (int)lowest;
}

static void read_budget(struct arm_source *s, const struct http_reply *reply)
{
    static const char *const reads[] = {"x-ms-ratelimit-remaining-subscription-reads",
                                        "x-ms-ratelimit-remaining-tenant-reads", NULL};
    static const char *const writes[] = {"x-ms-ratelimit-remaining-subscription-writes",
                                         "x-ms-ratelimit-remaining-tenant-writes", NULL};
    struct environment *env = store_environment(s->ctx.store);
    keep_lowest(reply, reads, &env->arm_remaining_reads);
    keep_lowest(reply, writes, &env->arm_remaining_writes);
    if (reply->status == 429) {
        double wait = http_retry_after(reply);
        int64_t until = clock_mono_ms() + (int64_t)((wait > 0 ? wait : 10) * 1000);
        if (until > s->throttled_until_ms)
            s->throttled_until_ms = until;
    }
}

static bool is_version_refused(const struct http_reply *reply)
{
    return reply->status == 400 && (strstr(reply->body, "InvalidApiVersionParameter") ||
                                    strstr(reply->body, "NoRegisteredProviderFound") ||
                                    strstr(reply->body, "InvalidResourceType"));
}

/* ---- one exchange ------------------------------------------------------------------------------------------------------- */

static void on_done(void *ctx, const struct http_reply *reply)
{
    struct arm_exchange *x = ctx;
    struct arm_source *s = x->source;
    x->http_id = 0;
    if (reply->status)
        read_budget(s, reply);
    if (reply->status == 401 && !x->retried) {
        x->retried = true;
        azure_token_reject(s->auth, s->audience, x->token);
        begin(x);
        return;
    }
    if (is_version_refused(reply) && versions[x->provider][x->version + 1]) {
        if (s->version[x->provider] == x->version)
            s->version[x->provider]++;
        x->version = s->version[x->provider];
        begin(x);
        return;
    }
    finish(x, reply);
}

static bool is_absolute(const char *target)
{
    return *target != '/';
}

static char *with_version(const struct arm_exchange *x)
{
    if (is_absolute(x->target))
        return xstrdup(x->target);
    return xasprintf("%s%capi-version=%s", x->target, strchr(x->target, '?') ? '&' : '?',
                     versions[x->provider][x->version]);
}

/* A version 4 UUID, so that the provider's support can find the request. */
static void new_uuid(char out[37])
{
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
        memset(b, 0, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    str_format(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
               b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static void send_request(struct arm_exchange *x)
{
    char uuid[37];
    new_uuid(uuid);
    FREE_AUTO char *target = with_version(x);
    FREE_AUTO char *correlation = xasprintf("x-ms-client-request-id: %s", uuid);
    const char *headers[] = {"Accept: application/json", correlation, "x-ms-return-client-request-id: true",
                             x->body ? "Content-Type: application/json" : NULL, NULL};
    int timeout = x->source->ctx.settings->timeout_s;
    struct http_request request = {
        .to = x->source->endpoint, .method = x->method, .target = target, .headers = headers, .body = x->body,
        .body_len = x->body ? strlen(x->body) : 0, .bearer = x->token, .intent = HTTP_READ,
        .timeout_ms = (timeout > 0 ? timeout : 10) * 1000,
    };
    x->http_id = http_send(x->source->ctx.http, &request, NULL, on_done, x);
}

static void on_token(void *ctx, struct secret *token, const struct error *err)
{
    struct arm_exchange *x = ctx;
    struct http_reply reply = {.body = ""};
    x->token_id = 0;
    if (!token) {
        if (err)
            reply.error = *err;
        if (!reply.error.code)
            error_set(&reply.error, ERR_CREDENTIAL, "there is no credential for Azure");
        finish(x, &reply);
        return;
    }
    secret_unref(x->token);
    x->token = secret_ref(token);
    /* nextLink and Location come from outside: the token goes nowhere but to its own host. */
    if (is_absolute(x->target) && !endpoint_same_host(x->source->endpoint, x->target)) {
        error_set(&reply.error, ERR_PROTOCOL, "Azure pointed to another host than %s; the token is not sent there",
                  endpoint_base(x->source->endpoint));
        finish(x, &reply);
        return;
    }
    send_request(x);
}

static void begin(struct arm_exchange *x)
{
    x->token_id = azure_token(x->source->auth, x->source->audience, on_token, x);
}

uint64_t arm_send(struct arm_source *s, const struct arm_ask *ask, http_done *done, void *ctx)
{
    struct arm_exchange *x = xcalloc(1, sizeof *x);
    *x = (struct arm_exchange){
        .source = s, .next = s->exchanges, .id = ++s->last_id, .method = xstrdup(str_or(ask->method, "GET")),
        .target = xstrdup(ask->target), .body = xstrdup(ask->body), .provider = ask->provider,
        .version = s->version[ask->provider], .done = done, .ctx = ctx,
    };
    s->exchanges = x;
    uint64_t id = x->id;
    begin(x);
    return id;
}

static void cancel_exchange(struct arm_exchange *x)
{
    if (x->token_id)
        azure_token_cancel(x->source->auth, x->token_id);
    if (x->http_id)
        http_cancel(x->source->ctx.http, x->http_id);
    unlink_exchange(x);
    free_exchange(x);
}

/* ---- pages ---------------------------------------------------------------------------------------------------------------- */

struct arm_pages {
    struct arm_source *source;
    struct arm_pages *next;
    uint64_t id, exchange;
    enum arm_provider provider;
    arm_item_fn *each;
    http_done *done;
    void (*drop)(void *ctx);
    void *ctx;
    int count;
};

static void end_pages(struct arm_pages *p, const struct http_reply *reply)
{
    struct arm_pages **at = &p->source->pages;
    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    http_done *done = p->done;
    void *ctx = p->ctx;
    free(p);
    if (done)
        done(ctx, reply);
}

static void on_page(void *ctx, const struct http_reply *reply)
{
    enum { MOST_PAGES = 200 };
    struct arm_pages *p = ctx;
    p->exchange = 0;
    if (reply->error.code != ERR_NONE) {
        end_pages(p, reply);
        return;
    }
    json_t *body = json_loadb(reply->body, reply->len, 0, NULL);
    json_t *value = json_object_get(body, "value");
    if (!json_is_array(value)) {
        struct http_reply damaged = {.body = ""};
        json_decref(body);
        error_set(&damaged.error, ERR_PROTOCOL, "Azure answered a list without values");
        end_pages(p, &damaged);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        p->each(p->ctx, json_array_get(value, i));
    FREE_AUTO char *next = xstrdup(json_string_value(json_object_get(body, "nextLink")));
    json_decref(body);
    if (next && *next && ++p->count < MOST_PAGES)
        p->exchange = arm_send(p->source, &(struct arm_ask){.target = next, .provider = p->provider}, on_page, p);
    else
        end_pages(p, reply);
}

uint64_t arm_list(struct arm_source *s, const struct arm_ask *ask, arm_item_fn *each, http_done *done, void *ctx)
{
    struct arm_pages *p = xcalloc(1, sizeof *p);
    *p = (struct arm_pages){.source = s, .next = s->pages, .id = ++s->last_id, .provider = ask->provider, .each = each,
                            .done = done, .ctx = ctx};
    s->pages = p;
    p->exchange = arm_send(s, ask, on_page, p);
    return p->id;
}

/* ---- long-running operations ------------------------------------------------------------------------------------------------ */

struct arm_run {
    struct arm_source *source;
    struct arm_run *next;
    uint64_t id, exchange, timer;
    struct arm_operation op;
    enum arm_provider provider;
    http_done *done;
    void (*drop)(void *ctx);
    void *ctx;
};

static void free_run(struct arm_run *r)
{
    struct arm_run **at = &r->source->runs;
    while (*at && *at != r)
        at = &(*at)->next;
    if (*at)
        *at = r->next;
    arm_operation_free(&r->op);
    free(r);
}

static void on_answer(void *ctx, const struct http_reply *reply);

static void poll_now(void *ctx)
{
    struct arm_run *r = ctx;
    r->timer = 0;
    r->exchange = arm_send(r->source, &(struct arm_ask){.target = r->op.url, .provider = r->provider}, on_answer, r);
}

static void on_answer(void *ctx, const struct http_reply *reply)
{
    struct arm_run *r = ctx;
    r->exchange = 0;
    bool replied = reply->status != 0;
    struct arm_answer answer = {
        .status = reply->status,
        .location = replied ? http_header(reply, "Location") : NULL,
        .async_operation = replied ? http_header(reply, "Azure-AsyncOperation") : NULL,
        .retry_after_s = replied ? http_retry_after(reply) : 0,
        .body = reply->body, .len = reply->len, .error = &reply->error,
    };
    enum arm_next next = arm_operation_answer(&r->op, &answer, clock_mono_ms());
    if (next == ARM_WAIT) {
        r->timer = loop_timer(r->source->ctx.loop, r->op.wait_ms, poll_now, r);
        return;
    }
    http_done *done = r->done;
    void *done_ctx = r->ctx;
    struct http_reply failed = {.status = reply->status, .body = "", .error = r->op.error, .headers = reply->headers};
    free_run(r);
    done(done_ctx, next == ARM_DONE ? reply : &failed);
}

uint64_t arm_run(struct arm_source *s, const struct arm_ask *ask, int64_t limit_ms, http_done *done, void *ctx)
{
    struct arm_run *r = xcalloc(1, sizeof *r);
    *r = (struct arm_run){.source = s, .next = s->runs, .id = ++s->last_id, .provider = ask->provider, .done = done,
                          .ctx = ctx};
    s->runs = r;
    arm_operation_begin(&r->op, clock_mono_ms(), limit_ms);
    struct arm_ask post = *ask;
    post.method = "POST";
    r->exchange = arm_send(s, &post, on_answer, r);
    return r->id;
}

void arm_list_drop(struct arm_source *s, uint64_t list, void (*drop)(void *ctx))
{
    for (struct arm_pages *p = s->pages; p; p = p->next)
        if (p->id == list)
            p->drop = drop;
}

void arm_run_drop(struct arm_source *s, uint64_t run, void (*drop)(void *ctx))
{
    for (struct arm_run *r = s->runs; r; r = r->next)
        if (r->id == run)
            r->drop = drop;
}

/* ---- cancelling ------------------------------------------------------------------------------------------------------------- */

static void cancel_run(struct arm_run *r)
{
    arm_cancel(r->source, r->exchange);
    loop_cancel(r->source->ctx.loop, r->timer);
    if (r->drop)
        r->drop(r->ctx);
    free_run(r);
}

static void cancel_pages(struct arm_pages *p)
{
    arm_cancel(p->source, p->exchange);
    if (p->drop)
        p->drop(p->ctx);
    p->done = NULL;
    end_pages(p, NULL);
}

void arm_cancel(struct arm_source *s, uint64_t id)
{
    if (!id)
        return;
    for (struct arm_exchange *x = s->exchanges; x; x = x->next) {
        if (x->id == id) {
            cancel_exchange(x);
            return;
        }
    }
    for (struct arm_run *r = s->runs; r; r = r->next) {
        if (r->id == id) {
            cancel_run(r);
            return;
        }
    }
    for (struct arm_pages *p = s->pages; p; p = p->next) {
        if (p->id == id) {
            cancel_pages(p);
            return;
        }
    }
}

void arm_cancel_all(struct arm_source *s)
{
    while (s->runs)
        cancel_run(s->runs);
    while (s->pages)
        cancel_pages(s->pages);
    while (s->exchanges)
        cancel_exchange(s->exchanges);
}

void arm_call_cancel(struct arm_source *s, uint64_t id)
{
    arm_cancel(s, id);
}
