/* A service principal from the environment: client secret, or client certificate by signed assertion (azure.md 7.2). */
#include <stdlib.h>
#include <string.h>

#include "auth/entra.h"
#include "auth/jwt.h"

static bool needs(const char *name, struct error *why)
{
    return env_get(name) ? true : error_set(why, ERR_ABSENT, "%s is not set", name);
}

static bool applies(const struct credential_ask *ask, struct error *why)
{
    (void)ask;
    if (!needs("AZURE_TENANT_ID", why) || !needs("AZURE_CLIENT_ID", why))
        return false;
    if (env_get("AZURE_CLIENT_SECRET") || env_get("AZURE_CLIENT_CERTIFICATE_PATH"))
        return true;
    return error_set(why, ERR_ABSENT, "neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is set");
}

struct job {
    struct credential_ask ask;
    credential_done *done;
    void *ctx;
    struct entra_job *entra;
    uint64_t timer;
    struct error error;
};

static bool is_true(const char *value)
{
    return value && (str_eq(value, "1") || str_eq_nocase(value, "true"));
}

/* A certificate that cannot be used ends the chain: it was asked for. */
static bool make_assertion(const struct credential_ask *ask, const char *tenant, const char *client, char **ret_jwt,
                           struct error *err)
{
    const char *path = env_get("AZURE_CLIENT_CERTIFICATE_PATH");
    char *file;
    size_t len;
    if (!file_read(path, 1 << 20, &file, &len, err))
        return error_wrap(err, "AZURE_CLIENT_CERTIFICATE_PATH");
    FREE_AUTO char *target = entra_target(tenant);
    FREE_AUTO char *audience = xasprintf("%s%s", ask->cloud->authority, target);
    struct jwt_spec spec = {
        .file = file, .file_len = len, .password = env_get("AZURE_CLIENT_CERTIFICATE_PASSWORD"), .client_id = client,
        .audience = audience, .now_s = clock_wall_ms() / 1000, .alg = entra_is_adfs(tenant) ? JWT_RS256 : JWT_PS256,
        .send_chain = is_true(env_get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")),
    };
    bool ok = jwt_assertion(&spec, ret_jwt, err);
    secret_wipe(file, len);
    free(file);
    return ok ? true : error_wrap(err, "the client certificate %s", path);
}

static void fail_later(void *ctx)
{
    struct job *job = ctx;
    job->timer = 0;
    job->done(job->ctx, NULL, &job->error);
}

static void *start(const struct credential_ask *ask, credential_done *done, void *ctx)
{
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.ask = *ask, .done = done, .ctx = ctx};
    char *assertion = NULL;
    struct entra_request request = {
        .tenant = env_get("AZURE_TENANT_ID"),
        .client_id = env_get("AZURE_CLIENT_ID"),
        .secret = env_get("AZURE_CLIENT_SECRET"),
    };
    if (!request.secret && !make_assertion(ask, request.tenant, request.client_id, &assertion, &job->error)) {
        job->timer = loop_timer(ask->loop, 0, fail_later, job);
        return job;
    }
    request.assertion = assertion;
    job->entra = entra_start(ask, &request, done, ctx);
    if (assertion)
        secret_wipe(assertion, strlen(assertion));
    free(assertion);
    return job;
}

static void cancel(void *ctx)
{
    struct job *job = ctx;
    entra_cancel(job->entra);
    loop_cancel(job->ask.loop, job->timer);
    free(job);
}

const struct credential credential_environment = {
    .name = "environment", .order = 10, .applies = applies, .start = start, .cancel = cancel};
