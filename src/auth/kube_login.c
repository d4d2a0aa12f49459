/* A login to one cluster: an endpoint, and what goes into each request. Whoever asks gets the same answer; what must be
 * renewed is renewed once. */
#include <stdlib.h>
#include <string.h>

#include "auth/kube_user.h"
#include "auth/kube_login.h"

enum {
    LEEWAY_MS = 10 * 1000,          /* kubernetes.md 1.9 */
    EARLY_MS = 120 * 1000,          /* renewal before the end, while the old one serves */
    TOKEN_FILE_MS = 60 * 1000,      /* the file is read again each minute */
    RETRY_MS = 30 * 1000,
    QUIET_MS = 60 * 1000,           /* a plugin that neither ends nor says anything */
    PROMPT_MS = 15 * 60 * 1000,     /* one that asked a person to sign in */
    REJECTED_MS = 5 * 1000,         /* 401s of the old credential may still arrive this long after its renewal */
};
int kube_login_quiet_ms = QUIET_MS;

struct waiting {
    uint64_t id;
    kube_login_done *done;
    void *ctx;
    bool ready;
    struct waiting *next;
};

struct kube_login {
    struct loop *loop;
    struct azure_auth *azure;
    prompt_fn *prompt;
    void *prompt_ctx;
    struct kube_user user;
    struct kube_cluster cluster;
    bool in_cluster, have;
    struct endpoint *endpoint;
    char *cert_pem;                 /* of the endpoint when a plugin gave it */
    struct secret *bearer;
    int64_t dead_ms, renew_ms, read_ms;     /* monotonic; 0: never */
    int64_t renewed_after_reject_ms;
    bool rejected;
    struct process *process;
    uint64_t azure_ask, quiet_timer, timer, last_id;
    char *audience;
    struct waiting *waiting;
    struct error error;
    char method[120];
};

/* ---- endpoints ---- */

static struct endpoint *make_endpoint(const struct kube_login *l, const char *cert, const char *key, struct error *err)
{
    struct endpoint_spec spec = {
        .base = l->cluster.server, .ca_pem = l->cluster.ca_pem, .client_cert_pem = cert, .client_key_pem = key,
        .server_name = l->cluster.server_name, .proxy = l->cluster.proxy, .insecure = l->cluster.insecure,
        .no_compression = l->cluster.no_compression,
    };
    return endpoint_new(&spec, err);
}

/* ---- answering ---- */

static bool usable(const struct kube_login *l)
{
    return l->have && (!l->dead_ms || clock_mono_ms() < l->dead_ms);
}

static void answer_ready(void *ctx);

static void arm(struct kube_login *l)
{
    if (!l->timer)
        l->timer = loop_timer(l->loop, 0, answer_ready, l);
}

/* One answer a time: its receiver may ask again, cancel, or close us. */
static void answer_ready(void *ctx)
{
    struct kube_login *l = ctx;
    struct waiting **at = &l->waiting, *w;
    l->timer = 0;
    while ((w = *at) && !w->ready)
        at = &w->next;
    if (!w)
        return;
    *at = w->next;
    for (struct waiting *more = l->waiting; more; more = more->next)
        if (more->ready)
            arm(l);
    if (usable(l)) {
        struct kube_credential c = {
            .endpoint = endpoint_ref(l->endpoint),
            .bearer = l->bearer ? secret_ref(l->bearer) : NULL,
            .basic = l->user.basic,
            .headers = (const char *const *)l->user.headers,
        };
        struct endpoint *endpoint = c.endpoint;
        struct secret *bearer = c.bearer;
        w->done(w->ctx, &c, NULL);
        endpoint_unref(endpoint);
        secret_unref(bearer);
    } else {
        struct error error = l->error;
        if (!error.code)
            error_set(&error, ERR_CREDENTIAL, "the credential ended as soon as it came");
        w->done(w->ctx, NULL, &error);
    }
    free(w);
}

static void settle(struct kube_login *l)
{
    if (l->rejected)
        l->renewed_after_reject_ms = clock_mono_ms();
    l->rejected = false;
    for (struct waiting *w = l->waiting; w; w = w->next)
        w->ready = true;
    arm(l);
}

static void take_bearer(struct kube_login *l, struct secret *token)
{
    secret_unref(l->bearer);
    l->bearer = token ? secret_ref(token) : NULL;
    l->have = true;
    l->error = (struct error){0};
}

static void give_up(struct kube_login *l, const struct error *error)
{
    l->error = *error;
    l->renew_ms = clock_mono_ms() + RETRY_MS;
    settle(l);
}

/* ---- token files ---- */

static void read_token_file(struct kube_login *l)
{
    char *bytes;
    size_t len;
    struct error err = {0};
    int64_t now = clock_mono_ms();
    if (l->have && l->read_ms && now - l->read_ms < TOKEN_FILE_MS)
        return;
    if (!file_read(l->user.token_file, 64 * 1024, &bytes, &len, &err)) {
        /* What was read before, or what stands in the kubeconfig, serves on. */
        if (!l->have && l->user.token)
            take_bearer(l, l->user.token);
        l->error = err;
        return;
    }
    size_t end = strcspn(bytes, " \t\r\n");
    struct secret *token = secret_new(bytes, end);
    secret_wipe(bytes, len);
    free(bytes);
    take_bearer(l, token);
    secret_unref(token);
    l->read_ms = now;
}

/* ---- Azure in place of kubelogin ---- */

static void on_azure_token(void *ctx, struct secret *token, const struct error *error)
{
    struct kube_login *l = ctx;
    l->azure_ask = 0;
    if (token) {
        take_bearer(l, token);
        settle(l);
    } else {
        l->have = false;
        give_up(l, error);
    }
}

static void ask_azure(struct kube_login *l)
{
    if (!l->azure_ask)
        l->azure_ask = azure_token(l->azure, l->audience, on_azure_token, l);
}

static bool azure_serves_instead(struct kube_login *l)
{
    const struct exec_plugin *p = &l->user.plugin;
    if (!l->azure || !str_eq(p->name, "kubelogin"))
        return false;
    l->audience = xstrdup(str_or(exec_plugin_option(p, "server-id"), AKS_SERVER_AUDIENCE));
    l->user.method = KUBE_AZURE;
    str_copy(l->method, sizeof l->method, "Azure credential (kubelogin is not installed)");
    log_line(LOG_INFO, "kubelogin is not installed: the Azure credential serves instead");
    ask_azure(l);
    return true;
}

/* ---- exec plugins ---- */

static void plugin_name(const struct kube_login *l, char out[80])
{
    text_clean(out, 80, l->user.plugin.name, strlen(l->user.plugin.name), false);
}

static void explain_missing(const struct kube_login *l, struct error *err)
{
    char name[80], hint[300];
    const char *given = str_or(l->user.plugin.install_hint, "");
    plugin_name(l, name);
    text_clean(hint, sizeof hint, given, strlen(given), false);
    error_set(err, ERR_CREDENTIAL, "the credential plugin %s is not installed", name);
    if (hint[0])
        error_remedy(err, "%s", hint);
    else if (str_eq(l->user.plugin.name, "kubelogin"))
        error_remedy(err, "install it with `az aks install-cli`");
    else
        error_remedy(err, "install it, or correct exec.command of the user in the kubeconfig");
}

static void explain_exit(const struct kube_login *l, const struct process_result *result, struct error *err)
{
    char name[80], words[300];
    size_t len = strlen(result->err), from = len > 280 ? len - 280 : 0;
    while (from && ((unsigned char)result->err[from] & 0xc0) == 0x80)
        from++;
    plugin_name(l, name);
    text_clean(words, sizeof words, result->err + from, len - from, false);
    if (result->timed_out)
        error_set(err, ERR_TIMEOUT, "the credential plugin %s did not end within %d minutes", name, PROMPT_MS / 60000);
    else
        error_set(err, ERR_CREDENTIAL, "the credential plugin %s ended with %d%s%s", name, result->status,
                  words[0] ? ": " : "", words);
    error_remedy(err, "sign in with it once in another terminal, for example with `kubectl get nodes`");
}

static bool take_answer(struct kube_login *l, const struct exec_answer *answer, struct error *err)
{
    int64_t now = clock_mono_ms(), left = answer->expires_wall_ms ? answer->expires_wall_ms - clock_wall_ms() : 0;
    if (answer->expires_wall_ms && left <= 0)
        return error_set(err, ERR_CREDENTIAL, "the credential plugin %.60s answered with a credential that has expired",
                         l->user.plugin.name);
    if (!str_eq(answer->cert_pem, l->cert_pem)) {
        /* Another certificate is another identity: connections of the old one must not carry it. */
        struct endpoint *e = make_endpoint(l, answer->cert_pem, answer->key_pem, err);
        if (!e)
            return error_wrap(err, "the credential plugin %.60s", l->user.plugin.name);
        endpoint_unref(l->endpoint);
        l->endpoint = e;
        free(l->cert_pem);
        l->cert_pem = xstrdup(answer->cert_pem);
    }
    take_bearer(l, answer->token);
    l->dead_ms = left ? now + (left > 2 * LEEWAY_MS ? left - LEEWAY_MS : left) : 0;
    l->renew_ms = left ? now + (left > 2 * EARLY_MS ? left - EARLY_MS : left) : 0;
    return true;
}

static void on_plugin_done(void *ctx, const struct process_result *result)
{
    struct kube_login *l = ctx;
    struct exec_answer answer = {0};
    struct error err = {0};
    l->process = NULL;
    loop_cancel(l->loop, l->quiet_timer);
    l->quiet_timer = 0;
    if (!result->started) {
        if (result->error.code == ERR_ABSENT && azure_serves_instead(l))
            return;
        err = result->error;
        if (err.code == ERR_ABSENT)
            explain_missing(l, &err);
    } else if (result->timed_out || result->status != 0) {
        explain_exit(l, result, &err);
    } else if (exec_answer_read(&l->user.plugin, result->out, result->out_len, &answer, &err) &&
               take_answer(l, &answer, &err)) {
        exec_answer_free(&answer);
        settle(l);
        return;
    }
    exec_answer_free(&answer);
    give_up(l, &err);
}

static void on_plugin_stderr(void *ctx, const char *so_far)
{
    struct kube_login *l = ctx;
    /* It speaks to a person: that takes a person's time. */
    loop_cancel(l->loop, l->quiet_timer);
    l->quiet_timer = 0;
    if (l->prompt)
        l->prompt(l->prompt_ctx, l->user.plugin.name, so_far);
}

static void on_quiet(void *ctx)
{
    struct kube_login *l = ctx;
    struct error err = {0};
    char name[80];
    plugin_name(l, name);
    l->quiet_timer = 0;
    process_kill(l->process);
    l->process = NULL;
    error_set(&err, ERR_TIMEOUT, "the credential plugin %s said nothing for %d s", name, (kube_login_quiet_ms + 999) / 1000);
    error_remedy(&err, "try it in a terminal, for example with `kubectl get nodes`");
    give_up(l, &err);
}

static void run_plugin(struct kube_login *l)
{
    const struct exec_plugin *p = &l->user.plugin;
    if (l->process)
        return;                     /* one at a time, for all who wait */
    if (p->wants_terminal) {
        struct error err = {0};
        char name[80];
        plugin_name(l, name);
        error_set(&err, ERR_CREDENTIAL, "the credential plugin %s wants a terminal of its own (interactiveMode: Always)",
                  name);
        error_remedy(&err, "set interactiveMode: IfAvailable in the kubeconfig if it can do without");
        give_up(l, &err);
        return;
    }
    struct process_spec spec = {.argv = p->argv, .env = (const char *const *)p->env, .timeout_ms = PROMPT_MS,
                                .max_output = 1 << 20, .on_stderr = on_plugin_stderr};
    l->quiet_timer = loop_timer(l->loop, kube_login_quiet_ms, on_quiet, l);
    l->process = process_start(l->loop, &spec, on_plugin_done, l);
}

/* ---- the door ---- */

static void name_method(struct kube_login *l)
{
    static const char *const names[] = {
        [KUBE_NONE] = "no credential", [KUBE_TOKEN] = "token", [KUBE_TOKEN_FILE] = "token file",
        [KUBE_BASIC] = "user name and password", [KUBE_EXEC] = "exec ", [KUBE_AZURE] = "Azure credential"};
    char name[80] = "";
    if (l->user.method == KUBE_EXEC)
        plugin_name(l, name);
    if (l->in_cluster)
        str_copy(l->method, sizeof l->method, "service account");
    else if (l->user.method == KUBE_NONE && l->user.cert_pem)
        str_copy(l->method, sizeof l->method, "client certificate");
    else
        str_format(l->method, sizeof l->method, "%s%s%s", names[l->user.method], name,
                   l->user.cert_pem ? " and client certificate" : "");
    if (l->user.headers)
        str_format(l->method + strlen(l->method), sizeof l->method - strlen(l->method), ", impersonating");
}

static bool open_in_cluster(struct kube_login *l, const struct kube_target *t, struct error *err)
{
    size_t len;
    FREE_AUTO char *ca = xasprintf("%s/ca.crt", kube_service_account);
    l->in_cluster = true;
    l->cluster.server = t->server;
    l->user.method = KUBE_TOKEN_FILE;
    l->user.token_file = xasprintf("%s/token", kube_service_account);
    return file_read(ca, 1 << 20, &l->cluster.ca_pem, &len, err);
}

static bool open_context(struct kube_login *l, struct kubeconfig *k, const struct kube_target *t, struct error *err)
{
    const struct kube_entry *cluster = kube_entry_find(&k->clusters, t->cluster);
    const struct kube_entry *user = t->user ? kube_entry_find(&k->users, t->user) : NULL;
    return kube_cluster_read(&l->cluster, cluster, err) && (!user || kube_user_read(&l->user, user, cluster, err));
}

/* As client-go: over plain http nothing secret is sent, and no plugin is started for it. */
static void drop_credentials(struct kube_login *l)
{
    kube_user_free(&l->user);
    str_copy(l->method, sizeof l->method, "no credential (plain http)");
}

struct kube_login *kube_login_open(struct loop *loop, struct http *http, struct kubeconfig *k,
                                   const char *context_or_null, struct azure_auth *azure, prompt_fn *prompt, void *ctx,
                                   struct error *err)
{
    struct kube_target t;
    (void)http;
    if (!kubeconfig_target(k, context_or_null, &t, err))
        return NULL;
    struct kube_login *l = xcalloc(1, sizeof *l);
    *l = (struct kube_login){.loop = loop, .azure = azure, .prompt = prompt, .prompt_ctx = ctx};
    bool ok = t.in_cluster ? open_in_cluster(l, &t, err) : open_context(l, k, &t, err);
    if (ok) {
        name_method(l);
        l->endpoint = make_endpoint(l, l->user.cert_pem, l->user.key_pem, err);
        if (!l->endpoint)
            error_wrap(err, "cluster '%.60s'", t.cluster);
    }
    if (!l->endpoint) {
        kube_login_close(l);
        return NULL;
    }
    if (!endpoint_takes_secrets(l->endpoint))
        drop_credentials(l);
    l->bearer = l->user.method == KUBE_TOKEN ? secret_ref(l->user.token) : NULL;
    l->have = l->user.method == KUBE_NONE || l->user.method == KUBE_TOKEN || l->user.method == KUBE_BASIC;
    return l;
}

void kube_login_close(struct kube_login *l)
{
    if (!l)
        return;
    if (l->process)
        process_kill(l->process);
    if (l->azure_ask)
        azure_token_cancel(l->azure, l->azure_ask);
    loop_cancel(l->loop, l->quiet_timer);
    loop_cancel(l->loop, l->timer);
    for (struct waiting *w = l->waiting, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    endpoint_unref(l->endpoint);
    secret_unref(l->bearer);
    free(l->cert_pem);
    free(l->audience);
    kube_user_free(&l->user);
    kube_cluster_free(&l->cluster);
    free(l);
}

uint64_t kube_login_get(struct kube_login *l, kube_login_done *done, void *ctx)
{
    struct waiting *w = xcalloc(1, sizeof *w), **at = &l->waiting;
    *w = (struct waiting){.id = ++l->last_id, .done = done, .ctx = ctx};
    while (*at)
        at = &(*at)->next;
    *at = w;
    uint64_t id = w->id;
    switch (l->user.method) {
    case KUBE_NONE:
    case KUBE_TOKEN:
    case KUBE_BASIC:
        w->ready = true;
        break;
    case KUBE_TOKEN_FILE:
        read_token_file(l);
        w->ready = true;
        break;
    case KUBE_EXEC:
        w->ready = usable(l);
        if (!w->ready || (l->renew_ms && clock_mono_ms() >= l->renew_ms))
            run_plugin(l);
        break;
    case KUBE_AZURE:
        ask_azure(l);       /* it has the cache */
        break;
    }
    if (w->ready)
        arm(l);
    return id;
}

void kube_login_cancel(struct kube_login *l, uint64_t id)
{
    for (struct waiting **at = &l->waiting; *at; at = &(*at)->next) {
        if ((*at)->id == id) {
            struct waiting *gone = *at;
            *at = gone->next;
            free(gone);
            return;
        }
    }
}

void kube_login_reject(struct kube_login *l)
{
    if (l->renewed_after_reject_ms && clock_mono_ms() - l->renewed_after_reject_ms < REJECTED_MS)
        return;
    if (l->user.method == KUBE_TOKEN_FILE) {
        l->read_ms = 0;
        l->renewed_after_reject_ms = clock_mono_ms();
    } else if (l->user.method == KUBE_AZURE) {
        azure_token_reject(l->azure, l->audience, l->bearer);
    } else if (l->user.method == KUBE_EXEC) {
        l->have = false;
        l->rejected = true;
    }
}

const char *kube_login_method(const struct kube_login *l)
{
    return l->method;
}
