/* Managed identity: App Service, Azure Arc, or the instance metadata service (azure.md 7.3). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/entra.h"

enum {
    PROBE_MS = 1000,            /* in the chain, a machine without IMDS must not cost more than this */
    TRIES_ALONE = 6, TRIES_IN_CHAIN = 2,
    BASE_MS = 2000, CAP_MS = 25000,
    MAX_ARC_KEY = 4096,
};
#define ARC_FOLDER "/var/opt/azcmagent/tokens/"

enum source { IMDS, APP_SERVICE, ARC };

struct job {
    struct credential_ask ask;
    credential_done *done;
    void *ctx;
    enum source source;
    struct endpoint *to;
    char *target;
    char *extra_header;         /* App Service's secret, Arc's challenge answer; wiped */
    uint64_t request, timer;
    int tries;
    bool probing, challenged;
    struct error error;
};

static enum source pick(void)
{
    if (env_get("IDENTITY_ENDPOINT") && env_get("IDENTITY_HEADER"))
        return APP_SERVICE;
    if ((env_get("IDENTITY_ENDPOINT") && env_get("IMDS_ENDPOINT")) || access("/opt/azcmagent/bin/himds", F_OK) == 0)
        return ARC;
    return IMDS;
}

static bool applies(const struct credential_ask *ask, struct error *why)
{
    (void)ask;
    if (env_get("IDENTITY_SERVER_THUMBPRINT"))
        return error_set(why, ERR_ABSENT, "the identity endpoint of Service Fabric is not supported");
    if (!env_get("IDENTITY_ENDPOINT") && env_get("MSI_ENDPOINT"))
        return error_set(why, ERR_ABSENT, "in Cloud Shell the Azure CLI is used");
    return true;
}

static void send(struct job *job);

/* ---- ends ---- */

static void fail(struct job *job, const struct error *error)
{
    struct error err = *error;      /* the job may be gone when done() has it */
    job->done(job->ctx, NULL, &err);
}

static void fail_later(void *ctx)
{
    struct job *job = ctx;
    job->timer = 0;
    fail(job, &job->error);
}

static void retry(void *ctx)
{
    struct job *job = ctx;
    job->timer = 0;
    send(job);
}

static bool worth_another_try(const struct job *job, const struct http_reply *reply)
{
    int s = reply->status;
    return job->tries < (job->ask.alone ? TRIES_ALONE : TRIES_IN_CHAIN) &&
           (s == 404 || s == 410 || s == 429 || s >= 500 || (s == 0 && reply->error.code == ERR_NETWORK));
}

static bool is_json(const struct http_reply *reply)
{
    size_t at = strspn(reply->body, " \t\r\n");
    return reply->body[at] == '{';
}

/* What a refusal means in the chain: "not here", or an error that ends it. */
static struct error explain(const struct job *job, const struct http_reply *reply)
{
    struct error err = reply->error;
    bool named = env_get("AZURE_CLIENT_ID") != NULL;
    if (reply->status == 0) {
        if (job->source == IMDS && err.code != ERR_CANCELLED)
            err.code = ERR_ABSENT;
    } else if (reply->status == 400 && !named) {
        error_set(&err, ERR_ABSENT, "no identity is assigned to this machine");
    } else if (job->source == IMDS && (!is_json(reply) || (reply->status == 403 &&
                                                          str_has_nocase(reply->body, "unreachable")))) {
        /* A proxy that answers for everything, Docker Desktop's for one, is no metadata service. */
        error_set(&err, ERR_ABSENT, "no metadata service answers here");
    } else {
        err.code = ERR_CREDENTIAL;
        if (named)
            error_remedy(&err, "check that the identity AZURE_CLIENT_ID is assigned to this machine");
    }
    return err;
}

static void succeed(struct job *job, const struct http_reply *reply)
{
    static const char *const places[] = {[IMDS] = "virtual machine", [APP_SERVICE] = "App Service", [ARC] = "Azure Arc"};
    struct credential_answer answer = {0};
    struct error err = {0};
    if (!token_decode(reply->body, reply->len, &answer, &err)) {
        if (job->source == IMDS)
            err.code = ERR_ABSENT;
        error_wrap(&err, "managed identity");
        fail(job, &err);
        return;
    }
    /* Long-lived tokens are renewed at half their life (azure.md 7.5). */
    if (!answer.refresh_in_s && answer.expires_in_s > 2 * 3600)
        answer.refresh_in_s = answer.expires_in_s / 2;
    const char *id = env_get("AZURE_CLIENT_ID");
    str_format(answer.who, sizeof answer.who, "%s identity of this %s%s%.60s", id ? "user-assigned" : "system-assigned",
               places[job->source], id ? ": " : "", id ? id : "");
    job->done(job->ctx, &answer, NULL);
    secret_unref(answer.token);
}

/* ---- Arc: proof that we may read a file of root's group ---- */

static bool answer_challenge(struct job *job, const struct http_reply *reply, struct error *err)
{
    const char *header = http_header(reply, "WWW-Authenticate"), *path = header ? strstr(header, "realm=") : NULL;
    if (!path)
        return error_set(err, ERR_PROTOCOL, "the Arc agent gave no challenge");
    path += 6;
    char file[256];
    size_t skip = *path == '"', len = strcspn(path + skip, "\"\r\n");
    if (len >= sizeof file)
        return error_set(err, ERR_PROTOCOL, "the Arc agent's challenge is too long");
    memcpy(file, path + skip, len);
    file[len] = '\0';
    /* The answer names a file that we will read and send: only a key in the agent's own folder will do. */
    if (!str_starts(file, ARC_FOLDER) || !str_ends(file, ".key") || strchr(file + strlen(ARC_FOLDER), '/'))
        return error_set(err, ERR_PROTOCOL, "the Arc agent's challenge names a file outside %s", ARC_FOLDER);
    char *key;
    size_t key_len;
    if (!file_read(file, MAX_ARC_KEY, &key, &key_len, err)) {
        err->code = ERR_CREDENTIAL;
        return error_remedy(err, "add this user to the group himds");
    }
    key[strcspn(key, "\r\n")] = '\0';
    job->extra_header = xasprintf("Authorization: Basic %s", key);
    secret_wipe(key, key_len);
    free(key);
    return true;
}

/* ---- asking ---- */

static void on_reply(void *ctx, const struct http_reply *reply)
{
    struct job *job = ctx;
    struct error err = {0};
    job->request = 0;
    if (job->probing) {
        job->probing = false;
        if (reply->status == 0) {
            error_set(&err, ERR_ABSENT, "no metadata service answers here");
            fail(job, &err);
        } else {
            send(job);
        }
        return;
    }
    if (job->source == ARC && reply->status == 401 && !job->challenged) {
        job->challenged = true;
        if (answer_challenge(job, reply, &err))
            send(job);
        else
            fail(job, &err);
        return;
    }
    if (reply->error.code == ERR_NONE) {
        succeed(job, reply);
    } else if (worth_another_try(job, reply)) {
        int64_t wait = http_backoff_ms(job->tries, BASE_MS, CAP_MS, http_retry_after(reply), 0);
        job->timer = loop_timer(job->ask.loop, wait, retry, job);
    } else {
        err = explain(job, reply);
        fail(job, &err);
    }
}

static void send(struct job *job)
{
    const char *headers[4] = {NULL};
    size_t n = 0;
    /* The probe goes without Metadata, so that it can never return a token. */
    if (!job->probing && job->source != APP_SERVICE)
        headers[n++] = "Metadata: true";
    if (!job->probing && job->extra_header)
        headers[n++] = job->extra_header;
    struct http_request request = {
        .to = job->to, .method = "GET", .target = job->probing ? "/metadata/identity/oauth2/token" : job->target,
        .headers = headers, .timeout_ms = job->probing ? PROBE_MS : 10000, .max_body = 256 * 1024};
    if (!job->probing)
        job->tries++;
    job->request = http_send(job->ask.http, &request, NULL, on_reply, job);
}

/* Base and path of an endpoint given by the environment. */
static bool split(const char *url, char **base, char **path)
{
    const char *host = strstr(url, "://"), *slash = host ? strchr(host + 3, '/') : NULL;
    if (!host)
        return false;
    *base = slash ? xstrndup(url, (size_t)(slash - url)) : xstrdup(url);
    *path = xstrdup(slash ? slash : "/");
    return true;
}

static bool prepare(struct job *job, struct error *err)
{
    FREE_AUTO char *base = NULL, *path = NULL;
    const char *given = env_get("IDENTITY_ENDPOINT"), *id = env_get("AZURE_CLIENT_ID");
    static const char *const versions[] = {[IMDS] = "2018-02-01", [APP_SERVICE] = "2019-08-01", [ARC] = "2020-06-01"};
    if (job->source == IMDS)
        given = str_or(env_get("AZURE_POD_IDENTITY_AUTHORITY_HOST"), "http://169.254.169.254");
    else if (job->source == ARC && !given)
        given = "http://127.0.0.1:40342/metadata/identity/oauth2/token";
    if (!split(given, &base, &path))
        return error_set(err, ERR_CONFIG, "IDENTITY_ENDPOINT is not an address");
    if (job->source == IMDS) {
        free(path);
        path = xstrdup("/metadata/identity/oauth2/token");
    }
    /* No proxy: the metadata service is this machine's own. */
    job->to = endpoint_new(&(struct endpoint_spec){.base = base, .proxy = ""}, err);
    if (!job->to)
        return error_wrap(err, "managed identity");
    TEXT_AUTO query = {0};
    form_add(&query, "api-version", versions[job->source]);
    form_add(&query, "resource", job->ask.audience);
    if (id)
        form_add(&query, "client_id", id);
    job->target = xasprintf("%s?%s", path, text_str(&query));
    if (job->source == APP_SERVICE)
        job->extra_header = xasprintf("X-IDENTITY-HEADER: %s", env_get("IDENTITY_HEADER"));
    return true;
}

static void *start(const struct credential_ask *ask, credential_done *done, void *ctx)
{
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.ask = *ask, .done = done, .ctx = ctx, .source = pick()};
    job->probing = job->source == IMDS && !ask->alone;
    if (prepare(job, &job->error))
        send(job);
    else
        job->timer = loop_timer(ask->loop, 0, fail_later, job);
    return job;
}

static void cancel(void *ctx)
{
    struct job *job = ctx;
    http_cancel(job->ask.http, job->request);
    loop_cancel(job->ask.loop, job->timer);
    endpoint_unref(job->to);
    if (job->extra_header)
        secret_wipe(job->extra_header, strlen(job->extra_header));
    free(job->extra_header);
    free(job->target);
    free(job);
}

const struct credential credential_managed_identity = {
    .name = "managed-identity", .order = 30, .applies = applies, .start = start, .cancel = cancel};
