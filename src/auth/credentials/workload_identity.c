/* Workload identity: the service account token that Kubernetes projects into the pod is the assertion (azure.md 7.2). */
#include <stdlib.h>
#include <string.h>

#include "auth/entra.h"

static bool applies(const struct credential_ask *ask, struct error *why)
{
    static const char *const names[] = {"AZURE_FEDERATED_TOKEN_FILE", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", NULL};
    (void)ask;
    for (const char *const *n = names; *n; n++)
        if (!env_get(*n))
            return error_set(why, ERR_ABSENT, "%s is not set", *n);
    return true;
}

struct job {
    struct credential_ask ask;
    credential_done *done;
    void *ctx;
    struct entra_job *entra;
    uint64_t timer;
    struct error error;
};

static void fail_later(void *ctx)
{
    struct job *job = ctx;
    job->timer = 0;
    job->done(job->ctx, NULL, &job->error);
}

/* The file is read for each token: the kubelet replaces it. */
static void *start(const struct credential_ask *ask, credential_done *done, void *ctx)
{
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.ask = *ask, .done = done, .ctx = ctx};
    char *token;
    size_t len;
    if (!file_read(env_get("AZURE_FEDERATED_TOKEN_FILE"), 64 * 1024, &token, &len, &job->error)) {
        error_wrap(&job->error, "AZURE_FEDERATED_TOKEN_FILE");
        job->timer = loop_timer(ask->loop, 0, fail_later, job);
        return job;
    }
    token[strcspn(token, " \t\r\n")] = '\0';
    struct entra_request request = {
        .tenant = env_get("AZURE_TENANT_ID"), .client_id = env_get("AZURE_CLIENT_ID"), .assertion = token};
    job->entra = entra_start(ask, &request, done, ctx);
    secret_wipe(token, len);
    free(token);
    return job;
}

static void cancel(void *ctx)
{
    struct job *job = ctx;
    entra_cancel(job->entra);
    loop_cancel(job->ask.loop, job->timer);
    free(job);
}

const struct credential credential_workload_identity = {
    .name = "workload-identity", .order = 20, .applies = applies, .start = start, .cancel = cancel};
