#include "http/wire.h"

#include <stdlib.h>
#include <string.h>

#include "http/easy.h"
#include "http/reply.h"

enum command_kind { SEND, CANCEL, RESUME, STOP };
struct command {
    enum command_kind kind;
    struct exchange *x;
    uint64_t id;
};

enum {
    PEEK_MS = 3000,         /* for a look at a certificate that does not verify */
    KEPT_CONNECTIONS = 48,
    LONGEST_WAIT_MS = 3600 * 1000,
};

struct wire {
    struct thread *thread;
    struct channel *commands, *arrivals;
    CURLM *multi;
    char *user_agent;
    int max_per_host;
    struct job *jobs;       /* running and waiting, the oldest first */
    bool stop;
};

/* ---- handing back ---- */

static void give_back(struct wire *w, struct job *job)
{
    struct exchange *x = job->x;
    struct arrival *arrival = xcalloc(1, sizeof *arrival);
    x->elapsed_ms = clock_mono_ms() - job->started_ms;
    if (job->easy && !job->peeking) {
        curl_off_t in = 0;
        curl_easy_getinfo(job->easy, CURLINFO_SIZE_DOWNLOAD_T, &in);
        x->bytes_in = (uint64_t)in;
        x->bytes_out = x->body_len;
    }
    if (job->running)
        curl_multi_remove_handle(w->multi, job->easy);
    if (job->easy)
        easy_close(job);
    for (struct job **at = &w->jobs; *at; at = &(*at)->next) {
        if (*at == job) {
            *at = job->next;
            break;
        }
    }
    free(job);
    *arrival = (struct arrival){.exchange = x};
    channel_push(w->arrivals, arrival);
}

static void open_job(struct wire *w, struct job *job)
{
    easy_open(job, w->user_agent);
    if (!job->easy || curl_multi_add_handle(w->multi, job->easy) != CURLM_OK) {
        if (!job->x->error.code)
            error_set(&job->x->error, ERR_INTERNAL, "a request to %s cannot be prepared", job->x->to->label);
        give_back(w, job);
        return;
    }
    job->running = true;
}

static void close_job(struct wire *w, struct job *job)
{
    if (job->running)
        curl_multi_remove_handle(w->multi, job->easy);
    job->running = false;
    easy_close(job);
}

/* ---- redirects ---- */

/* The URL that a redirect leads to when it may be followed: a read, same host, not too often. */
static char *next_hop(struct job *job)
{
    struct exchange *x = job->x;
    const struct http_reply reply = {.headers = &x->reply_headers};
    const char *location = http_header(&reply, "Location");
    bool redirect = x->status == 301 || x->status == 302 || x->status == 303 || x->status == 307 || x->status == 308;
    bool reads = strcmp(x->method, "GET") == 0 || strcmp(x->method, "HEAD") == 0;
    if (!x->follow || !redirect || !reads || !location || !*location)
        return NULL;
    if (job->hops >= MAX_HOPS) {
        error_set(&x->error, ERR_PROTOCOL, "%s redirects again and again", x->to->label);
        return NULL;
    }
    if (location[0] != '/' || location[1] == '/')
        return endpoint_resolve(x->to, location, &x->error);
    /* A path alone begins at the host, not at the endpoint's prefix. */
    char authority[300];
    url_authority(&x->to->url, true, authority);
    FREE_AUTO char *absolute = xasprintf("%s://%s%s", x->to->url.tls ? "https" : "http", authority, location);
    return endpoint_resolve(x->to, absolute, &x->error);
}

static bool follow(struct wire *w, struct job *job)
{
    char *url = next_hop(job);
    if (!url)
        return false;
    struct exchange *x = job->x;
    close_job(w, job);
    free(x->url);
    x->url = url;
    x->status = 0;
    text_reset(&x->reply);
    text_reset(&x->reply_headers);
    job->got_headers = false;
    job->hops++;
    open_job(w, job);
    return true;
}

/* ---- ends ---- */

static void finish(struct wire *w, struct job *job, CURLcode result)
{
    struct exchange *x = job->x;
    long status = 0;
    if (job->peeking) {
        easy_explain_certificate(job);
        give_back(w, job);
        return;
    }
    curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result == CURLE_OK) {
        x->status = (int)status;
        if (follow(w, job))
            return;
    } else if (easy_explain(job, result)) {
        job->failed = x->error;
        x->error = (struct error){0};
        close_job(w, job);
        job->peeking = true;
        job->due_ms = clock_mono_ms() + PEEK_MS;
        open_job(w, job);
        return;
    }
    give_back(w, job);
}

static void finish_ready(struct wire *w)
{
    struct CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(w->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode result = message->data.result;
        char *job = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
        finish(w, (struct job *)(void *)job, result);
    }
}

static void expire(struct wire *w)
{
    int64_t now = clock_mono_ms();
    for (struct job *job = w->jobs, *next; job; job = next) {
        next = job->next;
        if (!job->running || !job->due_ms || job->due_ms > now)
            continue;
        if (job->peeking)
            job->x->error = job->failed;
        else
            easy_explain_timeout(job);
        give_back(w, job);
    }
}

/* ---- beginnings ---- */

static int running_to(const struct wire *w, const struct endpoint *to)
{
    int n = 0;
    for (const struct job *job = w->jobs; job; job = job->next)
        n += job->running && !job->x->stream && url_same_host(&job->x->to->url, &to->url);
    return n;
}

/* Streams start at once: they stay open, and must not take the places of what comes and goes. */
static void start_waiting(struct wire *w)
{
    for (struct job *job = w->jobs, *next; job; job = next) {
        next = job->next;
        if (job->running || (!job->x->stream && running_to(w, job->x->to) >= w->max_per_host))
            continue;
        job->started_ms = clock_mono_ms();
        job->due_ms = job->x->timeout_ms ? job->started_ms + job->x->timeout_ms : 0;
        open_job(w, job);
    }
}

static struct job *find_job(struct wire *w, uint64_t id)
{
    struct job *job = w->jobs;
    while (job && job->x->id != id)
        job = job->next;
    return job;
}

static void add_job(struct wire *w, struct exchange *x)
{
    struct job *job = xcalloc(1, sizeof *job), **at = &w->jobs;
    job->x = x;
    job->arrivals = w->arrivals;
    job->started_ms = clock_mono_ms();
    while (*at)
        at = &(*at)->next;
    *at = job;
}

static void take_commands(struct wire *w)
{
    struct command *command;
    while ((command = channel_pop(w->commands))) {
        struct job *job = command->id ? find_job(w, command->id) : NULL;
        switch (command->kind) {
        case SEND:
            add_job(w, command->x);
            break;
        case CANCEL:
            if (job) {
                job->x->cancelled = true;
                give_back(w, job);
            }
            break;
        case RESUME:
            if (job && job->running)
                curl_easy_pause(job->easy, CURLPAUSE_CONT);
            break;
        case STOP:
            w->stop = true;
            break;
        }
        free(command);
    }
}

static int wait_ms(const struct wire *w)
{
    int64_t now = clock_mono_ms(), wait = LONGEST_WAIT_MS;
    for (const struct job *job = w->jobs; job; job = job->next)
        if (job->running && job->due_ms && job->due_ms - now < wait)
            wait = job->due_ms > now ? job->due_ms - now : 0;
    return (int)wait;
}

static void run(void *ctx)
{
    struct wire *w = ctx;
    struct curl_waitfd commands = {.fd = channel_fd(w->commands), .events = CURL_WAIT_POLLIN};
    while (!w->stop) {
        int still = 0;
        take_commands(w);
        start_waiting(w);
        curl_multi_perform(w->multi, &still);
        finish_ready(w);
        expire(w);
        start_waiting(w);
        if (!w->stop)
            curl_multi_poll(w->multi, &commands, 1, wait_ms(w), NULL);
    }
    take_commands(w);
    while (w->jobs) {
        w->jobs->x->cancelled = true;
        give_back(w, w->jobs);
    }
}

/* ---- from home: the channel's descriptor is in the poll set, so a push wakes the thread ---- */

static void command(struct wire *w, enum command_kind kind, struct exchange *x, uint64_t id)
{
    struct command *c = xcalloc(1, sizeof *c);
    *c = (struct command){.kind = kind, .x = x, .id = id};
    channel_push(w->commands, c);
}

void wire_send(struct wire *w, struct exchange *x)
{
    command(w, SEND, x, 0);
}

void wire_cancel(struct wire *w, uint64_t id)
{
    command(w, CANCEL, NULL, id);
}

void wire_resume(struct wire *w, uint64_t id)
{
    command(w, RESUME, NULL, id);
}

struct wire *wire_start(const struct wire_options *options, struct error *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error_set(err, ERR_INTERNAL, "libcurl cannot be started");
        return NULL;
    }
    struct wire *w = xcalloc(1, sizeof *w);
    w->multi = curl_multi_init();
    w->commands = channel_new();
    w->arrivals = options->arrivals;
    w->user_agent = xstrdup(options->user_agent);
    w->max_per_host = options->max_per_host;
    curl_multi_setopt(w->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    w->thread = thread_start("http", run, w);
    return w;
}

void wire_stop(struct wire *w)
{
    if (!w)
        return;
    command(w, STOP, NULL, 0);
    thread_join(w->thread);
    curl_multi_cleanup(w->multi);
    channel_free(w->commands);
    free(w->user_agent);
    free(w);
    curl_global_cleanup();
}
