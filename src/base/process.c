/* Children without a shell. The child leads a process group of its own, so that a timeout ends its
 * children too. Its end is seen through a pidfd; where the kernel has none, by asking now and
 * then. */
#include <gatewatch/base.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    DEFAULT_OUTPUT = 1024 * 1024,
    MOST_STDERR = 64 * 1024,
    TERM_MS = 2000,         /* from SIGTERM to SIGKILL */
    KILL_MS = 1000,         /* from SIGKILL to giving up on a child that cannot die */
    LINGER_MS = 500,        /* what a grandchild may still write after the child's end */
    ASK_MS = 50,            /* between questions without a pidfd */
};

/* Bytes collected up to a limit; memory left behind is wiped, since output may be a token. */
struct collected {
    char *bytes;
    size_t len, cap, max;
    bool cut;
};

struct process {
    struct loop *loop;
    process_done *done;
    void *ctx;
    void (*on_stderr)(void *ctx, const char *so_far);
    pid_t pid;              /* 0 once reaped */
    int pidfd, out_fd, err_fd;      /* -1 when closed */
    struct collected out, err;
    uint64_t timer, linger;
    int ask_left_ms;
    bool timed_out, killed, exited, cancelled;
    int status;
    struct error error;
};

extern char **environ;

/* ---- collecting ---- */

static void collect(struct collected *c, const char *bytes, size_t len)
{
    if (len > c->max - c->len) {
        len = c->max - c->len;
        c->cut = true;
    }
    if (c->len + len + 1 > c->cap) {
        size_t cap = c->cap ? c->cap : 4096;
        while (cap < c->len + len + 1)
            cap *= 2;
        char *grown = xcalloc(1, cap);
        if (c->len)
            memcpy(grown, c->bytes, c->len);
        secret_wipe(c->bytes, c->cap);
        free(c->bytes);
        c->bytes = grown;
        c->cap = cap;
    }
    if (len)
        memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
    c->bytes[c->len] = '\0';
}

static void collected_free(struct collected *c)
{
    secret_wipe(c->bytes, c->cap);
    free(c->bytes);
    c->bytes = NULL;
}

/* Reads what is there. Returns false at the end of the stream. */
static bool drain(int fd, struct collected *c)
{
    char chunk[16 * 1024];
    bool more = true;
    /* A child that writes faster than we read shall not keep the loop here. */
    for (int turns = 0; turns < 16; turns++) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n > 0)
            collect(c, chunk, (size_t)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else {
            more = n < 0 && errno == EAGAIN;
            break;
        }
    }
    secret_wipe(chunk, sizeof chunk);
    return more;
}

/* ---- the end ---- */

static void close_fd(struct process *p, int *fd)
{
    if (*fd < 0)
        return;
    loop_unwatch(p->loop, *fd);
    close(*fd);
    *fd = -1;
}

static void process_free(struct process *p)
{
    loop_cancel(p->loop, p->timer);
    loop_cancel(p->loop, p->linger);
    close_fd(p, &p->pidfd);
    close_fd(p, &p->out_fd);
    close_fd(p, &p->err_fd);
    collected_free(&p->out);
    collected_free(&p->err);
    free(p);
}

static void finish(struct process *p)
{
    FREE_AUTO char *err = text_clean_dup(p->err.bytes, p->err.len, true);
    struct process_result result = {
        .started = p->error.code == ERR_NONE,
        .timed_out = p->timed_out,
        .status = p->status,
        .out = p->out.bytes ? p->out.bytes : "",
        .out_len = p->out.len,
        .cut = p->out.cut,
        .err = err,
        .error = p->error,
    };
    process_done *done = p->done;
    void *ctx = p->ctx;
    done(ctx, &result);
    process_free(p);
}

static void finish_timer(void *ctx)
{
    struct process *p = ctx;
    p->linger = 0;
    finish(p);
}

/* Done when the child is reaped and both streams have ended; a stream held open by a grandchild is
 * not waited for long. */
static void maybe_finish(struct process *p)
{
    if (!p->exited)
        return;
    if (p->out_fd < 0 && p->err_fd < 0)
        finish(p);
    else if (!p->linger)
        p->linger = loop_timer(p->loop, LINGER_MS, finish_timer, p);
}

/* Asks whether the child has ended. Its group is only ever signalled before this has succeeded:
 * afterwards the number may belong to others. */
static bool reap(struct process *p)
{
    siginfo_t info = {0};
    if (p->exited)
        return true;
    int asked = waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    if (asked == 0 ? info.si_pid == 0 : errno != ECHILD)
        return false;
    if (p->timed_out)
        kill(-p->pid, SIGKILL); /* what ignored SIGTERM; the dead leader still holds the number */
    int status = 0;
    if (waitpid(p->pid, &status, WNOHANG) == p->pid)
        p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    else
        p->status = 255;            /* somebody else reaped it */
    p->pid = 0;
    p->exited = true;
    loop_cancel(p->loop, p->timer);
    p->timer = 0;
    close_fd(p, &p->pidfd);
    return true;
}

static void on_exit_event(void *ctx, int fd, short revents)
{
    struct process *p = ctx;
    (void)fd, (void)revents;
    if (reap(p))
        maybe_finish(p);
}

static void on_output(void *ctx, int fd, short revents)
{
    struct process *p = ctx;
    (void)revents;
    bool is_err = fd == p->err_fd;
    size_t before = p->err.len;
    if (!drain(fd, is_err ? &p->err : &p->out))
        close_fd(p, is_err ? &p->err_fd : &p->out_fd);
    if (is_err && p->on_stderr && p->err.len != before) {
        FREE_AUTO char *clean = text_clean_dup(p->err.bytes, p->err.len, true);
        p->on_stderr(p->ctx, clean);
    }
    maybe_finish(p);
}

/* ---- time ---- */

static void on_time(void *ctx);

/* Without a pidfd the wait is cut into short pieces, each ending with a question. */
static void wait_for(struct process *p, int ms)
{
    int piece = p->pidfd >= 0 || (ms && ms < ASK_MS) ? ms : ASK_MS;
    p->ask_left_ms = ms > piece ? ms - piece : 0;
    p->timer = loop_timer(p->loop, piece, on_time, p);
}

static void on_time(void *ctx)
{
    struct process *p = ctx;
    p->timer = 0;
    if (p->pidfd < 0 && reap(p)) {
        maybe_finish(p);
        return;
    }
    if (p->ask_left_ms) {
        wait_for(p, p->ask_left_ms);
    } else if (!p->timed_out) {
        p->timed_out = true;
        kill(-p->pid, SIGTERM);
        kill(-p->pid, SIGCONT);     /* one stopped by the terminal would not see it */
        wait_for(p, TERM_MS);
    } else if (!p->killed) {
        p->killed = true;
        kill(-p->pid, SIGKILL);
        wait_for(p, KILL_MS);
    } else {
        p->status = 128 + SIGKILL;
        finish(p);
    }
}

/* ---- the start ---- */

static void not_started(void *ctx)
{
    struct process *p = ctx;
    p->timer = 0;
    finish(p);
}

/* Our environment with `extra` on top; strings are borrowed. */
static char **join_environment(const char *const *extra)
{
    size_t n = 0, m = 0, k = 0;
    while (environ && environ[n])
        n++;
    while (extra && extra[m])
        m++;
    char **env = xcalloc(n + m + 1, sizeof *env);
    for (size_t i = 0; i < n; i++) {
        bool replaced = false;
        for (size_t j = 0; j < m && !replaced; j++) {
            size_t len = strcspn(extra[j], "=");
            replaced = strncmp(environ[i], extra[j], len) == 0 && environ[i][len] == '=';
        }
        if (!replaced)
            env[k++] = environ[i];
    }
    for (size_t j = 0; j < m; j++)
        env[k++] = (char *)(uintptr_t)extra[j];
    return env;
}

static int spawn(pid_t *pid, const struct process_spec *spec, int out, int err)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    FREE_AUTO char **env = join_environment(spec->env);
    int failed =
        posix_spawnp(pid, spec->argv[0], &files, &attr, (char *const *)(uintptr_t)spec->argv, env);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

/* A pipe whose ends are above the standard streams, so that moving them there in the child loses
 * nothing. */
static bool make_pipe(int ends[2])
{
    int low[2];
    if (pipe2(low, O_CLOEXEC) < 0)
        return false;
    for (int i = 0; i < 2; i++) {
        ends[i] =
            low[i] > STDERR_FILENO ? low[i] : fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        if (ends[i] != low[i])
            close(low[i]);
    }
    if (ends[0] >= 0 && ends[1] >= 0) {
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        return true;
    }
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    return false;
}

static bool launch(struct process *p, const struct process_spec *spec)
{
    int out[2], err[2];
    if (!make_pipe(out))
        return error_set(&p->error, ERR_INTERNAL, "cannot start %s: %s", spec->argv[0],
                         strerror(errno));
    if (!make_pipe(err)) {
        int failed = errno;
        close(out[0]);
        close(out[1]);
        return error_set(&p->error, ERR_INTERNAL, "cannot start %s: %s", spec->argv[0],
                         strerror(failed));
    }
    int failed = spawn(&p->pid, spec, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    p->out_fd = out[0];
    p->err_fd = err[0];
    if (!failed)
        return true;
    p->pid = 0;
    error_set(&p->error, failed == ENOENT ? ERR_ABSENT : ERR_INTERNAL, "cannot start %s: %s",
              spec->argv[0], failed == ENOENT ? "no such program" : strerror(failed));
    if (failed == ENOENT)
        error_remedy(&p->error, "install %s or put its folder into PATH", spec->argv[0]);
    return false;
}

struct process *process_start(struct loop *loop, const struct process_spec *spec,
                              process_done *done, void *ctx)
{
    struct process *p = xcalloc(1, sizeof *p);
    size_t max = spec->max_output ? spec->max_output : DEFAULT_OUTPUT;
    *p = (struct process){
        .loop = loop, .done = done, .ctx = ctx, .on_stderr = spec->on_stderr,
        .pidfd = -1, .out_fd = -1, .err_fd = -1,
        .out.max = max, .err.max = max < MOST_STDERR ? max : MOST_STDERR,
    };
    if (!launch(p, spec)) {
        p->timer = loop_timer(loop, 0, not_started, p);
        return p;
    }
    p->pidfd = pidfd_open(p->pid, 0);
    if (p->pidfd >= 0) {
        fcntl(p->pidfd, F_SETFD, FD_CLOEXEC);
        loop_watch(loop, p->pidfd, POLLIN, on_exit_event, p);
    }
    loop_watch(loop, p->out_fd, POLLIN, on_output, p);
    loop_watch(loop, p->err_fd, POLLIN, on_output, p);
    wait_for(p, spec->timeout_ms > 0 ? spec->timeout_ms : INT32_MAX);
    return p;
}

void process_kill(struct process *p)
{
    if (!p)
        return;
    if (p->pid) {
        kill(-p->pid, SIGKILL);
        /* Death by SIGKILL takes microseconds; one stuck in the kernel is left to init after a
         * moment. */
        for (int i = 0; i < 20 && waitpid(p->pid, NULL, WNOHANG) == 0; i++) {
            struct pollfd end = {.fd = p->pidfd, .events = POLLIN};
            poll(&end, p->pidfd >= 0, 5);
        }
    }
    process_free(p);
}
