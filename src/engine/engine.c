/* The core thread: opens the world, runs its loop, takes it down in the reverse order. */
#include "engine.h"

#include <poll.h>
#include <stdlib.h>

static void on_prompt(void *ctx, const char *plugin, const char *text)
{
    struct engine *engine = ctx;
    if (text && *text)
        str_format(engine->prompt, sizeof engine->prompt, "%s: %s", plugin, text);
    else
        engine->prompt[0] = '\0';
    publish_facts(engine);
}

static void on_plan(void *ctx, struct plan *plan)
{
    struct engine *engine = ctx;
    plan_unref(engine->plan);
    engine->plan = plan_ref(plan);
    engine->journal_moved = true;
    publish_soon(engine);
}

static void fill_environment(struct engine *engine)
{
    struct environment *env = store_environment(engine->store);
    env->context = engine->context;
    env->cluster = engine->cluster;
    env->server = engine->server;
    env->user = engine->user;
    env->login = engine->login_method;
    env->prompt = engine->prompt;
    env->cloud = engine->settings->cloud_name;
    env->credential = engine->credential;
    env->read_only = engine->settings->read_only;
    env->arm_remaining_reads = -1;
    env->arm_remaining_writes = -1;
}

static bool open_cluster(struct engine *engine, const struct source_context *context, struct error *err)
{
    struct kube_target target;
    engine->kubeconfig = kubeconfig_load(engine->settings, err);
    if (!engine->kubeconfig)
        return false;
    if (!kubeconfig_target(engine->kubeconfig, engine->settings->context, &target, err))
        return false;
    str_copy(engine->context, sizeof engine->context, str_or(target.context, ""));
    str_copy(engine->cluster, sizeof engine->cluster, str_or(target.cluster, ""));
    str_copy(engine->server, sizeof engine->server, str_or(target.server, ""));
    str_copy(engine->user, sizeof engine->user, str_or(target.user, ""));
    store_environment(engine->store)->insecure = target.insecure;
    engine->login = kube_login_open(engine->loop, engine->http, engine->kubeconfig, engine->settings->context,
                                    engine->auth, on_prompt, engine, err);
    if (!engine->login)
        return false;
    str_copy(engine->login_method, sizeof engine->login_method, kube_login_method(engine->login));
    engine->kube = kube_source_start(context, engine->login);
    return engine->kube != NULL;
}

static bool open_azure(struct engine *engine, const struct source_context *context, struct error *err)
{
    if (!engine->auth)
        return false;
    engine->arm = arm_source_start(context, engine->auth, err);
    return engine->arm != NULL;
}

/* Neither half is needed for the other to be shown: what cannot be opened becomes a sentence on the screen. */
static void open_world(struct engine *engine)
{
    const struct source_context context = {
        .loop = engine->loop,
        .store = engine->store,
        .settings = engine->settings,
        .changed = publish_facts,
        .ctx = engine,
    };
    const struct http_options options = {
        .read_only = engine->settings->read_only,
        .user_agent = "gatewatch/" GATEWATCH_VERSION,
    };
    struct source_context with_http = context;
    engine->http = http_open(engine->loop, &options, &engine->fatal);
    if (!engine->http)
        return;
    with_http.http = engine->http;
    engine->auth = azure_auth_open(engine->loop, engine->http, engine->settings, &engine->azure);
    if (!open_cluster(engine, &with_http, &engine->fatal) && engine->fatal.code == ERR_CONFIG && !*engine->fatal.remedy)
        error_remedy(&engine->fatal, "correct the kubeconfig, or name another with --kubeconfig");
    if (engine->fatal.code != ERR_NONE)
        log_line(LOG_ERROR, "cluster: %s", engine->fatal.message);
    if (!open_azure(engine, &with_http, &engine->azure))
        log_line(LOG_ERROR, "azure: %s", engine->azure.message);
    const struct door_context door = {
        .loop = engine->loop,
        .kube = engine->kube,
        .arm = engine->arm,
        .settings = engine->settings,
        .changed = on_plan,
        .ctx = engine,
    };
    struct error err = { 0 };
    engine->door = door_open(&door, &err);
    if (!engine->door)
        log_line(LOG_ERROR, "fixes: %s", err.message);
}

static void close_world(struct engine *engine)
{
    loop_cancel(engine->loop, engine->timer);
    fetch_stop(engine);
    door_close(engine->door);
    arm_source_stop(engine->arm);
    kube_source_stop(engine->kube);
    kube_login_close(engine->login);
    azure_auth_close(engine->auth);
    http_close(engine->http);
    kubeconfig_free(engine->kubeconfig);
    plan_unref(engine->plan);
    document_unref(engine->document);
    derived_unref(engine->derived);
    store_free(engine->store);
}

static void core_main(void *ctx)
{
    struct engine *engine = ctx;
    engine->store = store_new();
    fill_environment(engine);
    loop_watch(engine->loop, channel_fd(engine->inbox), POLLIN, inbox_read, engine);
    open_world(engine);
    publish_facts(engine);
    loop_run(engine->loop);
    close_world(engine);
}

static void view_ref_any(void *view)
{
    view_data_ref(view);
}

static void view_unref_any(void *view)
{
    view_data_unref(view);
}

struct engine *engine_open(const struct settings *settings, struct error *err)
{
    struct engine *engine = xcalloc(1, sizeof *engine);
    engine->settings = settings;
    engine->loop = loop_new();
    engine->views = slot_new(view_ref_any, view_unref_any);
    engine->inbox = channel_new();
    engine->thread = thread_start("core", core_main, engine);
    if (!engine->thread) {
        slot_free(engine->views);
        channel_free(engine->inbox);
        loop_free(engine->loop);
        free(engine);
        error_set(err, ERR_INTERNAL, "cannot start a thread");
        return NULL;
    }
    return engine;
}

void engine_close(struct engine *engine)
{
    struct message *left;
    if (!engine)
        return;
    loop_stop(engine->loop);
    thread_join(engine->thread);
    while ((left = channel_pop(engine->inbox)))
        free(left);
    slot_free(engine->views);
    channel_free(engine->inbox);
    loop_free(engine->loop);
    free(engine);
}

struct view_data *engine_view(struct engine *engine)
{
    return slot_get(engine->views);
}

int engine_fd(const struct engine *engine)
{
    return slot_fd(engine->views);
}

struct view_data *engine_wait(struct engine *engine, bool (*ready)(const struct view_data *, void *), void *ctx,
                              int timeout_ms)
{
    const int64_t end = clock_mono_ms() + timeout_ms;
    struct view_data *latest = NULL;
    for (;;) {
        struct view_data *view = engine_view(engine);
        if (view) {
            view_data_unref(latest);
            latest = view;
            if (ready(latest, ctx))
                return latest;
        }
        int64_t left = end - clock_mono_ms();
        if (left <= 0)
            return latest;
        struct pollfd wait = { .fd = engine_fd(engine), .events = POLLIN };
        poll(&wait, 1, left > 1000 ? 1000 : (int)left);
    }
}
