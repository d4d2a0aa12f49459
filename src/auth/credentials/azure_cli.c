/* The Azure CLI's own login (azure.md 7.4). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "auth/entra.h"

enum { CLI_TIMEOUT_MS = 30000 };    /* a cold start on a small jump host takes its time */

struct job {
    struct credential_ask ask;
    credential_done *done;
    void *ctx;
    struct process *process;
};

static bool applies(const struct credential_ask *ask, struct error *why)
{
    (void)ask, (void)why;
    return true;            /* whether az is there, starting it tells */
}

/* Old versions give local time only: "2026-01-15 12:34:56.000000". */
static int64_t expires_in(const json_t *root)
{
    const json_t *epoch = json_object_get(root, "expires_on");
    const char *local = json_string_value(json_object_get(root, "expiresOn"));
    int64_t at = 0, now = clock_wall_ms() / 1000;
    struct tm tm = {.tm_isdst = -1};
    if (json_is_integer(epoch))
        at = json_integer_value(epoch);
    else if (json_is_string(epoch))
        str_to_int(json_string_value(epoch), 0, INT64_MAX, &at);
    else if (local && strptime(local, "%Y-%m-%d %H:%M:%S", &tm))
        at = (int64_t)mktime(&tm);
    return at > now && at - now < 366LL * 86400 ? at - now : 0;
}

static bool decode(const struct process_result *result, struct credential_answer *out, struct error *err)
{
    char tenant[60] = "?", subscription[60] = "";
    json_t *root = json_loadb(result->out, result->out_len, 0, NULL);
    const char *token = json_string_value(json_object_get(root, "accessToken"));
    if (!token || !*token || strpbrk(token, " \r\n\t")) {
        json_decref(root);
        return error_set(err, ERR_PROTOCOL, "az answered without an access token");
    }
    const char *t = json_string_value(json_object_get(root, "tenant"));
    const char *s = json_string_value(json_object_get(root, "subscription"));
    if (t)
        text_clean(tenant, sizeof tenant, t, strlen(t), false);
    if (s)
        text_clean(subscription, sizeof subscription, s, strlen(s), false);
    out->token = secret_new(token, strlen(token));
    out->expires_in_s = expires_in(root);
    str_format(out->who, sizeof out->who, "az login, tenant %s%s%s", tenant, s ? ", subscription " : "", subscription);
    secret_wipe((char *)(uintptr_t)token, strlen(token));
    json_decref(root);
    return true;
}

/* What az says on its way out: the line that begins with ERROR, else the last one. */
static void last_words(const char *err, char out[240])
{
    const char *line = strstr(err, "ERROR: ");
    if (line) {
        line += 7;
    } else {
        size_t len = strlen(err);
        while (len > 0 && err[len - 1] == '\n')
            len--;
        line = err + len;
        while (line > err && line[-1] != '\n')
            line--;
    }
    text_clean(out, 240, line, strcspn(line, "\n"), false);
}

static void explain(const struct process_result *result, struct error *err)
{
    char words[240];
    if (!result->started) {
        *err = result->error;
        if (err->code == ERR_ABSENT)
            error_set(err, ERR_ABSENT, "az is not on PATH");
        return;
    }
    last_words(result->err, words);
    bool login = str_has_nocase(words, "az login") || str_has_nocase(words, "az account set");
    if (result->timed_out)
        error_set(err, ERR_TIMEOUT, "az did not answer within %d s", CLI_TIMEOUT_MS / 1000);
    else
        error_set(err, login ? ERR_ABSENT : ERR_CREDENTIAL, "az ended with %d: %s", result->status, words);
    error_remedy(err, "run `az login` in another terminal");
}

static void on_exit_of_az(void *ctx, const struct process_result *result)
{
    struct job *job = ctx;
    struct credential_answer answer = {0};
    struct error err = {0};
    job->process = NULL;
    bool ok = result->started && !result->timed_out && result->status == 0;
    if (!ok)
        explain(result, &err);
    else
        ok = decode(result, &answer, &err);
    job->done(job->ctx, ok ? &answer : NULL, ok ? NULL : &err);
    if (ok)
        secret_unref(answer.token);
}

static void *start(const struct credential_ask *ask, credential_done *done, void *ctx)
{
    struct job *job = xcalloc(1, sizeof *job);
    *job = (struct job){.ask = *ask, .done = done, .ctx = ctx};
    const char *argv[12] = {"az", "account", "get-access-token", "-o", "json", "--resource", ask->audience};
    if (ask->settings->subscription && *ask->settings->subscription) {
        argv[7] = "--subscription";
        argv[8] = ask->settings->subscription;
    }
    static const char *const env[] = {"AZURE_CORE_NO_COLOR=true", "AZURE_CORE_COLLECT_TELEMETRY=false", NULL};
    struct process_spec spec = {.argv = argv, .env = env, .timeout_ms = CLI_TIMEOUT_MS, .max_output = 256 * 1024};
    job->process = process_start(ask->loop, &spec, on_exit_of_az, job);
    return job;
}

static void cancel(void *ctx)
{
    struct job *job = ctx;
    if (job->process)
        process_kill(job->process);
    free(job);
}

const struct credential credential_azure_cli = {
    .name = "azure-cli", .order = 40, .applies = applies, .start = start, .cancel = cancel};
