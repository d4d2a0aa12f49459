#include "auth/entra.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

struct entra_job {
    struct credential_ask ask;
    credential_done *done;
    void *ctx;
    uint64_t request, timer;
    struct error error;
    char who[160];
    struct secret *sent;        /* what must not come back in an error */
};

/* ---- forms ---- */

void form_add(struct text *form, const char *name, const char *value)
{
    text_printf(form, "%s%s=", form->len ? "&" : "", name);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        if ((*p < 0x80 && isalnum(*p)) || strchr("-._~", *p))
            text_putc(form, (char)*p);
        else
            text_printf(form, "%%%02X", *p);
    }
}

bool entra_is_adfs(const char *tenant)
{
    return str_eq_nocase(tenant, "adfs");
}

char *entra_target(const char *tenant)
{
    return xasprintf(entra_is_adfs(tenant) ? "/%s/oauth2/token" : "/%s/oauth2/v2.0/token", tenant);
}

bool entra_check_id(const char *what, const char *value, struct error *err)
{
    size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
    if (len && !value[len] && value[0] != '.')
        return true;
    error_set(err, ERR_CONFIG, "%s is not an id", what);
    return error_remedy(err, "it has letters, digits, '.' and '-' only");
}

/* ---- tokens ---- */

/* A number that may stand in a string; -1 when it is none. */
static int64_t number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    int64_t number;
    if (json_is_integer(value))
        return json_integer_value(value);
    if (json_is_string(value) && str_to_int(json_string_value(value), 0, INT64_MAX, &number))
        return number;
    return -1;
}

static bool plain_token(const char *token)
{
    size_t len = token ? strlen(token) : 0;
    for (size_t i = 0; i < len; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return false;
    return len > 0 && len < 64 * 1024;
}

bool token_decode(const char *body, size_t len, struct credential_answer *out, struct error *err)
{
    const int64_t year = 366LL * 86400;
    json_t *root = json_loadb(body, len, 0, NULL);
    const char *token = json_string_value(json_object_get(root, "access_token"));
    bool ok = plain_token(token);
    if (ok) {
        int64_t in = number_at(root, "expires_in"), on = number_at(root, "expires_on");
        if (in < 0 && on > 0)
            in = on - clock_wall_ms() / 1000;
        int64_t refresh = number_at(root, "refresh_in");
        out->token = secret_new(token, strlen(token));
        out->expires_in_s = in > 0 && in < year ? in : 0;
        out->refresh_in_s = refresh > 0 && refresh < in ? refresh : 0;
        secret_wipe((char *)(uintptr_t)token, strlen(token));
    }
    json_decref(root);
    return ok ? true : error_set(err, ERR_PROTOCOL, "the reply holds no access token");
}

/* ---- the exchange ---- */

static void finish(struct entra_job *job, struct credential_answer *answer, const struct error *error)
{
    credential_done *done = job->done;
    void *ctx = job->ctx;
    job->request = job->timer = 0;
    done(ctx, answer, error);
    if (answer)
        secret_unref(answer->token);
}

/* An authority that echoes what it was sent must not make us show it. */
static void hide(char *text, const struct secret *secret)
{
    const size_t len = secret ? secret_len(secret) : 0;
    for (char *at = len ? strstr(text, secret_reveal(secret)) : NULL; at; at = strstr(at, secret_reveal(secret)))
        memset(at, '*', len);
}

static void on_reply(void *ctx, const struct http_reply *reply)
{
    struct entra_job *job = ctx;
    struct credential_answer answer = {0};
    struct error err = reply->error;
    job->request = 0;
    if (err.code == ERR_NONE && token_decode(reply->body, reply->len, &answer, &err)) {
        str_copy(answer.who, sizeof answer.who, job->who);
        finish(job, &answer, NULL);
        return;
    }
    hide(err.message, job->sent);
    /* A refusal of the credential is the credential's error, whatever status says it. */
    if (reply->status >= 400 && reply->status < 500 && err.code != ERR_THROTTLED) {
        err.code = ERR_CREDENTIAL;
        error_remedy(&err, "check tenant, client id and secret or certificate of %s", job->who);
    }
    finish(job, NULL, &err);
}

static void on_timer(void *ctx)
{
    struct entra_job *job = ctx;
    job->timer = 0;
    finish(job, NULL, &job->error);
}

static struct endpoint *authority_endpoint(const struct credential_ask *ask, struct error *err)
{
    FREE_AUTO char *ca = NULL;
    size_t len;
    if (ask->cloud->ca && !file_read(ask->cloud->ca, 4 << 20, &ca, &len, err))
        return NULL;
    struct endpoint_spec spec = {.base = ask->cloud->authority, .ca_pem = ca};
    struct endpoint *e = endpoint_new(&spec, err);
    if (!e)
        error_wrap(err, "authority of the cloud %s", ask->cloud->name);
    return e;
}

static bool send(struct entra_job *job, const struct entra_request *r, struct error *err)
{
    TEXT_AUTO form = {0};
    if (!entra_check_id("the tenant", r->tenant, err) || !entra_check_id("the client id", r->client_id, err))
        return false;
    struct endpoint *to = authority_endpoint(&job->ask, err);
    if (!to)
        return false;
    if (!endpoint_takes_secrets(to)) {
        endpoint_unref(to);
        error_set(err, ERR_REFUSED, "a client secret is not sent to an authority over plain http");
        return error_remedy(err, "use an https address for the authority");
    }
    FREE_AUTO char *scope = xasprintf("%s/.default", job->ask.audience);
    FREE_AUTO char *target = entra_target(r->tenant);
    form_add(&form, "grant_type", "client_credentials");
    form_add(&form, "client_id", r->client_id);
    form_add(&form, "scope", scope);
    if (entra_is_adfs(r->tenant))
        form_add(&form, "resource", job->ask.audience);
    if (r->secret) {
        form_add(&form, "client_secret", r->secret);
    } else {
        form_add(&form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        form_add(&form, "client_assertion", r->assertion);
    }
    const char *sent = r->secret ? r->secret : r->assertion;
    job->sent = secret_new(sent, strlen(sent));
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    struct http_request request = {
        .to = to, .method = "POST", .target = target, .headers = headers, .body = text_str(&form), .body_len = form.len,
        .intent = HTTP_READ, .timeout_ms = (job->ask.settings->timeout_s > 0 ? job->ask.settings->timeout_s : 10) * 1000,
        .max_body = 256 * 1024,
    };
    job->request = http_send(job->ask.http, &request, NULL, on_reply, job);
    endpoint_unref(to);
    secret_wipe(form.s, form.len);
    return true;
}

struct entra_job *entra_start(const struct credential_ask *ask, const struct entra_request *r, credential_done *done,
                              void *ctx)
{
    struct entra_job *job = xcalloc(1, sizeof *job);
    job->ask = *ask;
    job->done = done;
    job->ctx = ctx;
    str_format(job->who, sizeof job->who, "client %.60s of tenant %.60s", r->client_id, r->tenant);
    if (!send(job, r, &job->error))
        job->timer = loop_timer(ask->loop, 0, on_timer, job);
    return job;
}

void entra_cancel(struct entra_job *job)
{
    if (!job)
        return;
    http_cancel(job->ask.http, job->request);
    loop_cancel(job->ask.loop, job->timer);
    secret_unref(job->sent);
    free(job);
}
