/* The Azure chain and its cache. One entry per audience holds a token; it is renewed early and once, whoever asks. */
#include <gatewatch/auth.h>

#include <stdlib.h>
#include <string.h>

#include "credentials_registry.h"

enum {
    EARLY_S = 300,          /* azure.md 7.5: five minutes before the end, when nothing else is said */
    TOO_LATE_S = 10,        /* a token that ends this soon is not handed out any more */
    UNKNOWN_LIFE_S = 1800,  /* when the answer did not say */
    RETRY_S = 30,           /* between early renewals that fail while the old token still serves */
};

struct waiting {
    uint64_t id;
    struct azure_auth *auth;
    struct entry *entry;
    token_done *done;
    void *ctx;
    bool ready;             /* will be answered from the entry as it is */
    struct waiting *next;
};

/* One audience. */
struct entry {
    char *audience;
    struct azure_auth *auth;
    struct secret *token;
    int64_t dead_ms, renew_ms;      /* monotonic */
    int64_t expires_wall_ms;
    const struct credential *job_of;    /* running now */
    void *job;
    size_t at;              /* in the chain */
    struct credential_ask ask;
    struct error error;     /* of the last try */
    struct entry *next;
};

struct link {
    const struct credential *credential;
    struct credential_report report;
};

struct azure_auth {
    struct loop *loop;
    struct http *http;
    const struct settings *settings;
    struct cloud cloud;             /* borrowed strings, but for the authority */
    char *authority;
    struct link chain[CREDENTIAL_COUNT + 1];
    size_t n_chain;
    int winner;                     /* -1: none yet */
    struct entry *entries;
    struct waiting *waiting;
    uint64_t last_id, timer;
};

/* ---- the chain ---- */

/* The name as in --credential, or as the SDKs write it in AZURE_TOKEN_CREDENTIALS ("AzureCLICredential"). */
static bool is_name(const char *name, const char *asked)
{
    char plain[64], wanted[64];
    size_t n = 0, m = 0;
    for (const char *p = name; *p && n < sizeof plain - 1; p++)
        if (*p != '-')
            plain[n++] = *p;
    plain[n] = '\0';
    for (const char *p = asked; *p && m < sizeof wanted - 1; p++)
        if (*p != '-')
            wanted[m++] = *p;
    wanted[m] = '\0';
    if (m > 10 && str_eq_nocase(wanted + m - 10, "Credential"))
        wanted[m - 10] = '\0';
    return str_eq_nocase(plain, wanted);
}

static int by_order(const void *a, const void *b)
{
    return ((const struct link *)a)->credential->order - ((const struct link *)b)->credential->order;
}

/* azure.md 7.1: prod is everything a machine has, dev what a person has. */
static bool wanted(const struct credential *c, const char *what)
{
    const int first_of_dev = 40;
    if (!what || str_eq_nocase(what, "auto"))
        return true;
    if (str_eq_nocase(what, "prod"))
        return c->order < first_of_dev;
    if (str_eq_nocase(what, "dev"))
        return c->order >= first_of_dev;
    return is_name(c->name, what);
}

static bool make_chain(struct azure_auth *a, struct error *err)
{
    static const struct credential *const all[] = {CREDENTIAL_REGISTRY};
    const char *flag = str_or(a->settings->credential, "auto");
    bool from_env = str_eq_nocase(flag, "auto") && env_get("AZURE_TOKEN_CREDENTIALS");
    const char *what = from_env ? env_get("AZURE_TOKEN_CREDENTIALS") : flag;
    const char *names[CREDENTIAL_COUNT + 1] = {NULL};
    for (size_t i = 0; i < CREDENTIAL_COUNT; i++) {
        names[i] = all[i]->name;
        if (!wanted(all[i], what))
            continue;
        a->chain[a->n_chain++] = (struct link){.credential = all[i], .report = {.name = all[i]->name}};
    }
    if (a->n_chain) {
        qsort(a->chain, a->n_chain, sizeof *a->chain, by_order);
        return true;
    }
    char clean[80];
    text_clean(clean, sizeof clean, what, strlen(what), false);
    const char *near = str_nearest(clean, names);
    error_set(err, from_env ? ERR_CONFIG : ERR_USAGE, "%s: no credential is called '%s'%s%s%s",
              from_env ? "AZURE_TOKEN_CREDENTIALS" : "credential", clean, near ? "; did you mean '" : "", near ? near : "",
              near ? "'?" : "");
    return error_remedy(err, "auto, environment, workload-identity, managed-identity or azure-cli");
}

/* AZURE_AUTHORITY_HOST replaces the authority of a public cloud; an authority that the configuration itself names stays. */
static bool pick_authority(struct azure_auth *a, struct error *err)
{
    static const char *const public_clouds[] = {"AzureCloud", "AzureUSGovernment", "AzureChinaCloud", NULL};
    const char *host = env_get("AZURE_AUTHORITY_HOST");
    bool public_cloud = false;
    for (const char *const *c = public_clouds; *c; c++)
        public_cloud |= str_eq(a->cloud.name, *c);
    a->authority = xstrdup(host && public_cloud ? host : a->cloud.authority);
    for (size_t n = strlen(a->authority); n > 0 && a->authority[n - 1] == '/'; n--)
        a->authority[n - 1] = '\0';
    a->cloud.authority = a->authority;
    if (str_starts(a->authority, "https://") || str_starts(a->authority, "http://127.0.0.1:"))
        return true;
    error_set(err, ERR_CONFIG, "%s is not an https address",
              host && public_cloud ? "AZURE_AUTHORITY_HOST" : "the authority of the cloud");
    return error_remedy(err, "for the public cloud it is https://login.microsoftonline.com/");
}

/* ---- answering ---- */

static bool usable(const struct entry *e)
{
    return e->token && clock_mono_ms() < e->dead_ms;
}

static void answer_ready(void *ctx);

static void arm(struct azure_auth *a)
{
    if (!a->timer)
        a->timer = loop_timer(a->loop, 0, answer_ready, a);
}

/* One answer per turn of the loop's timers: its receiver may ask again, cancel, or close us. */
static void answer_ready(void *ctx)
{
    struct azure_auth *a = ctx;
    struct waiting **at = &a->waiting, *w;
    a->timer = 0;
    while ((w = *at) && !w->ready)
        at = &w->next;
    if (!w)
        return;
    *at = w->next;
    for (struct waiting *more = a->waiting; more; more = more->next)
        if (more->ready)
            arm(a);
    struct secret *token = usable(w->entry) ? secret_ref(w->entry->token) : NULL;
    struct error error = w->entry->error;
    if (!token && !error.code)
        error_set(&error, ERR_CREDENTIAL, "the token ended as soon as it came");
    w->done(w->ctx, token, token ? NULL : &error);
    secret_unref(token);
    free(w);
}

static void settle(struct entry *e)
{
    for (struct waiting *w = e->auth->waiting; w; w = w->next)
        if (w->entry == e)
            w->ready = true;
    arm(e->auth);
}

/* ---- getting a token ---- */

static void next_credential(struct entry *e);

static void report(struct link *l, int state, const char *why, int64_t expires)
{
    l->report.state = state;
    str_copy(l->report.why, sizeof l->report.why, why);
    l->report.expires_wall_ms = expires;
}

static void stop_job(struct entry *e)
{
    if (e->job)
        e->job_of->cancel(e->job);
    e->job = NULL;
    e->job_of = NULL;
}

static void keep(struct entry *e, const struct credential_answer *answer)
{
    int64_t now = clock_mono_ms();
    int64_t life = answer->expires_in_s > 0 ? answer->expires_in_s : UNKNOWN_LIFE_S;
    int64_t renew = answer->refresh_in_s > 0 ? answer->refresh_in_s : life - EARLY_S;
    if (renew < life / 2 && answer->refresh_in_s <= 0)
        renew = life / 2;           /* of a short-lived one, not at once */
    secret_unref(e->token);
    e->token = secret_ref(answer->token);
    e->dead_ms = now + (life > 2 * TOO_LATE_S ? life - TOO_LATE_S : life) * 1000;
    e->renew_ms = now + renew * 1000;
    e->expires_wall_ms = answer->expires_in_s > 0 ? clock_wall_ms() + life * 1000 : 0;
    e->error = (struct error){0};
}

/* All that was tried, with the reasons; the code is that of what stopped it. */
static void explain(struct entry *e, const struct error *last)
{
    struct azure_auth *a = e->auth;
    TEXT_AUTO all = {.max = sizeof e->error.message - 1};
    bool stopped = last && last->code != ERR_ABSENT;
    bool one = a->n_chain == 1;
    const char *gap = "";
    text_puts(&all, one ? "the credential " : stopped ? "the Azure sign-in failed: " : "no Azure credential: ");
    for (size_t i = 0; i < a->n_chain; i++) {
        const struct credential_report *r = &a->chain[i].report;
        if (r->state == CREDENTIAL_UNTRIED || r->state == CREDENTIAL_SERVES)
            continue;
        text_printf(&all, "%s%s: %.*s", gap, r->name, stopped && i == e->at ? 400 : 150, r->why);
        gap = "; ";
    }
    struct error err = stopped ? *last : (struct error){0};
    bool transport = stopped && (last->code == ERR_NETWORK || last->code == ERR_TLS || last->code == ERR_TIMEOUT ||
                                 last->code == ERR_CONFIG || last->code == ERR_THROTTLED || last->code == ERR_SERVER);
    char remedy[sizeof err.remedy];
    str_copy(remedy, sizeof remedy, last ? last->remedy : "");
    int status = err.http_status, wait = err.retry_after;
    error_set(&err, transport ? last->code : ERR_CREDENTIAL, "%s", text_str(&all));
    err.http_status = status;
    err.retry_after = wait;
    error_remedy(&err, "%s", *remedy && stopped ? remedy
                             : stopped          ? "`gatewatch doctor` tries each credential"
                                                : "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
                                                  "AZURE_CLIENT_SECRET; `gatewatch doctor` tries each");
    e->error = err;
}

static void give_up(struct entry *e, const struct error *last)
{
    explain(e, last);
    /* An early renewal that failed harms nobody yet. */
    e->renew_ms = clock_mono_ms() + RETRY_S * 1000;
    settle(e);
}

static void on_answer(void *ctx, const struct credential_answer *answer, const struct error *error)
{
    struct entry *e = ctx;
    struct azure_auth *a = e->auth;
    struct link *l = &a->chain[e->at];
    struct error copy = error ? *error : (struct error){0};
    if (answer) {
        keep(e, answer);
        report(l, CREDENTIAL_SERVES, answer->who, e->expires_wall_ms);
        a->winner = (int)e->at;
        stop_job(e);
        settle(e);
        return;
    }
    bool absent = copy.code == ERR_ABSENT;
    report(l, absent ? CREDENTIAL_UNAVAILABLE : CREDENTIAL_FAILED, copy.message, 0);
    stop_job(e);
    log_line(LOG_INFO, "credential %s: %s", l->credential->name, copy.message);
    if (!absent) {
        give_up(e, &copy);
        return;
    }
    if (a->winner == (int)e->at) {
        /* The one that served is gone (signed out, identity removed): the chain is asked from its start. */
        a->winner = -1;
        e->at = 0;
    } else {
        e->at++;
    }
    next_credential(e);
}

static void next_credential(struct entry *e)
{
    struct azure_auth *a = e->auth;
    for (; e->at < a->n_chain; e->at++) {
        struct link *l = &a->chain[e->at];
        struct error why = {0};
        if (!l->credential->applies(&e->ask, &why)) {
            report(l, CREDENTIAL_UNAVAILABLE, why.message, 0);
            continue;
        }
        e->job_of = l->credential;
        e->job = l->credential->start(&e->ask, on_answer, e);
        return;
    }
    give_up(e, NULL);
}

static void refresh(struct entry *e)
{
    struct azure_auth *a = e->auth;
    if (e->job)
        return;                     /* one at a time, for all who wait */
    e->at = a->winner >= 0 ? (size_t)a->winner : 0;
    next_credential(e);
}

static struct entry *entry_for(struct azure_auth *a, const char *audience)
{
    for (struct entry *e = a->entries; e; e = e->next)
        if (str_eq(e->audience, audience))
            return e;
    struct entry *e = xcalloc(1, sizeof *e);
    e->audience = xstrdup(audience);
    e->auth = a;
    e->ask = (struct credential_ask){.loop = a->loop, .http = a->http, .settings = a->settings, .cloud = &a->cloud,
                                     .audience = e->audience, .alone = a->n_chain == 1};
    e->next = a->entries;
    a->entries = e;
    return e;
}

/* ---- the door ---- */

struct azure_auth *azure_auth_open(struct loop *loop, struct http *http, const struct settings *settings,
                                   struct error *err)
{
    const struct cloud *cloud = settings_cloud(settings, err);
    if (!cloud)
        return NULL;
    struct azure_auth *a = xcalloc(1, sizeof *a);
    *a = (struct azure_auth){.loop = loop, .http = http, .settings = settings, .cloud = *cloud, .winner = -1};
    if (!make_chain(a, err) || !pick_authority(a, err)) {
        azure_auth_close(a);
        return NULL;
    }
    return a;
}

void azure_auth_close(struct azure_auth *a)
{
    if (!a)
        return;
    loop_cancel(a->loop, a->timer);
    for (struct waiting *w = a->waiting, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    for (struct entry *e = a->entries, *next; e; e = next) {
        next = e->next;
        stop_job(e);
        secret_unref(e->token);
        free(e->audience);
        free(e);
    }
    free(a->authority);
    free(a);
}

uint64_t azure_token(struct azure_auth *a, const char *audience, token_done *done, void *ctx)
{
    struct entry *e = entry_for(a, audience);
    struct waiting *w = xcalloc(1, sizeof *w), **at = &a->waiting;
    *w = (struct waiting){.id = ++a->last_id, .auth = a, .entry = e, .done = done, .ctx = ctx};
    while (*at)
        at = &(*at)->next;
    *at = w;
    if (usable(e)) {
        w->ready = true;
        arm(a);
        if (clock_mono_ms() >= e->renew_ms)
            refresh(e);
    } else {
        refresh(e);
    }
    return w->id;
}

void azure_token_cancel(struct azure_auth *a, uint64_t id)
{
    for (struct waiting **at = &a->waiting; *at; at = &(*at)->next) {
        if ((*at)->id == id) {
            struct waiting *gone = *at;
            *at = gone->next;
            free(gone);
            return;
        }
    }
}

void azure_token_reject(struct azure_auth *a, const char *audience, const struct secret *token)
{
    struct entry *e = entry_for(a, audience);
    /* Only the token that was refused: the answers to many requests come after the renewal that the first one caused. */
    if (!e->token || !token || !str_eq(secret_reveal(e->token), secret_reveal(token)))
        return;
    secret_unref(e->token);
    e->token = NULL;
}

size_t azure_auth_report(const struct azure_auth *a, struct credential_report *out, size_t cap)
{
    size_t n = a->n_chain < cap ? a->n_chain : cap;
    for (size_t i = 0; i < n; i++)
        out[i] = a->chain[i].report;
    return n;
}
