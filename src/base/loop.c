/* One thread's events over poll(2). Calls from other threads arrive through a channel, whose
 * descriptor is polled. */
#include <gatewatch/base.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { POSTS_A_TURN = 256 };

struct post {
    loop_fn *fn;            /* NULL: only wakes the loop */
    void *ctx;
};

struct timer {
    uint64_t id;
    int64_t due;            /* monotonic ms */
    loop_fn *fn;
    void *ctx;
};

struct watch {
    loop_fd_fn *fn;
    void *ctx;
    uint64_t stamp;         /* tells a new watch from an old one on the same number */
};

struct loop {
    struct channel *posts;
    struct timer *timers;   /* a binary heap, the soonest first; same times in order of making */
    size_t n_timers, cap_timers;
    struct pollfd *fds;     /* [0] is the channel's */
    struct watch *watches;  /* beside fds */
    size_t n_fds, cap_fds, cap_watches;
    uint64_t last_id;
    atomic_bool stop;
    atomic_long runner;     /* thread inside loop_run, or 0 */
};

/* ---- timers ---- */

static bool sooner(const struct timer *a, const struct timer *b)
{
    return a->due != b->due ? a->due < b->due : a->id < b->id;
}

static void swap_timers(struct timer *a, struct timer *b)
{
    struct timer t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct loop *l, size_t i)
{
    for (; i && sooner(&l->timers[i], &l->timers[(i - 1) / 2]); i = (i - 1) / 2)
        swap_timers(&l->timers[i], &l->timers[(i - 1) / 2]);
}

static void sift_down(struct loop *l, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < l->n_timers; c++)
            if (sooner(&l->timers[c], &l->timers[least]))
                least = c;
        if (least == i)
            return;
        swap_timers(&l->timers[i], &l->timers[least]);
        i = least;
    }
}

static void remove_timer(struct loop *l, size_t i)
{
    l->timers[i] = l->timers[--l->n_timers];
    if (i < l->n_timers) {
        sift_down(l, i);
        sift_up(l, i);
    }
}

uint64_t loop_timer(struct loop *l, int64_t after_ms, loop_fn *fn, void *ctx)
{
    GROW(l->timers, l->n_timers, l->cap_timers);
    int64_t due;
    if (__builtin_add_overflow(clock_mono_ms(), after_ms < 0 ? 0 : after_ms, &due))
        due = INT64_MAX;
    uint64_t id = ++l->last_id;
    l->timers[l->n_timers] = (struct timer){.id = id, .due = due, .fn = fn, .ctx = ctx};
    sift_up(l, l->n_timers++);
    return id;
}

void loop_cancel(struct loop *l, uint64_t id)
{
    if (!id)
        return;
    for (size_t i = 0; i < l->n_timers; i++)
        if (l->timers[i].id == id) {
            remove_timer(l, i);
            return;
        }
}

/* Runs what was due when it began: a timer that sets itself to zero again waits for the next
 * turn. */
static void run_timers(struct loop *l)
{
    int64_t now = clock_mono_ms();
    uint64_t newest = l->last_id;
    while (l->n_timers && l->timers[0].due <= now && l->timers[0].id <= newest) {
        struct timer t = l->timers[0];
        remove_timer(l, 0);
        t.fn(t.ctx);
    }
}

static int until_next(const struct loop *l)
{
    if (!l->n_timers)
        return -1;
    int64_t left = l->timers[0].due - clock_mono_ms();
    return left <= 0 ? 0 : left > 60 * 60 * 1000 ? 60 * 60 * 1000 : (int)left;
}

/* ---- descriptors ---- */

static size_t find_fd(const struct loop *l, int fd)
{
    size_t i = 0;
    while (i < l->n_fds && l->fds[i].fd != fd)
        i++;
    return i;
}

void loop_watch(struct loop *l, int fd, short events, loop_fd_fn *fn, void *ctx)
{
    size_t i = find_fd(l, fd);
    if (i == l->n_fds) {
        GROW(l->fds, l->n_fds, l->cap_fds);
        GROW(l->watches, l->n_fds, l->cap_watches);
        l->n_fds++;
    }
    l->fds[i] = (struct pollfd){.fd = fd, .events = events};
    l->watches[i] = (struct watch){.fn = fn, .ctx = ctx, .stamp = ++l->last_id};
}

void loop_unwatch(struct loop *l, int fd)
{
    size_t i = find_fd(l, fd);
    if (i == l->n_fds)
        return;
    l->n_fds--;
    l->fds[i] = l->fds[l->n_fds];
    l->watches[i] = l->watches[l->n_fds];
}

struct ready {
    int fd;
    short revents;
    uint64_t stamp;
};

/* A handler may watch and unwatch anything: what was ready is noted first, and each one must still
 * be the same watch. */
static void run_fds(struct loop *l, size_t n_ready)
{
    FREE_AUTO struct ready *list = xcalloc(n_ready, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < l->n_fds && n < n_ready; i++)
        if (l->fds[i].revents)
            list[n++] = (struct ready){l->fds[i].fd, l->fds[i].revents, l->watches[i].stamp};
    for (size_t k = 0; k < n; k++) {
        size_t i = find_fd(l, list[k].fd);
        if (i == l->n_fds || l->watches[i].stamp != list[k].stamp)
            continue;
        struct watch w = l->watches[i];
        w.fn(w.ctx, list[k].fd, list[k].revents);
    }
}

/* ---- posts ---- */

static void run_posts(void *ctx, int fd, short revents)
{
    struct loop *l = ctx;
    (void)fd, (void)revents;
    for (int i = 0; i < POSTS_A_TURN; i++) {
        struct post *p = channel_pop(l->posts);
        if (!p)
            return;
        struct post call = *p;
        free(p);
        if (call.fn)
            call.fn(call.ctx);
    }
}

void loop_post(struct loop *l, loop_fn *fn, void *ctx)
{
    struct post *p = xcalloc(1, sizeof *p);
    *p = (struct post){.fn = fn, .ctx = ctx};
    channel_push(l->posts, p);
}

/* ---- life ---- */

struct loop *loop_new(void)
{
    struct loop *l = xcalloc(1, sizeof *l);
    l->posts = channel_new();
    loop_watch(l, channel_fd(l->posts), POLLIN, run_posts, l);
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    struct post *p;
    while ((p = channel_pop(l->posts)))
        free(p);
    channel_free(l->posts);
    free(l->timers);
    free(l->fds);
    free(l->watches);
    free(l);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    loop_post(l, NULL, NULL);
}

void loop_run(struct loop *l)
{
    atomic_store(&l->runner, (long)gettid());
    while (!atomic_load(&l->stop)) {
        int n = poll(l->fds, l->n_fds, until_next(l));
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            abort();
        run_timers(l);
        if (n > 0)
            run_fds(l, (size_t)n);
    }
    atomic_store(&l->stop, false);
    atomic_store(&l->runner, 0);
}

bool loop_is_current(const struct loop *l)
{
    return atomic_load(&l->runner) == (long)gettid();
}
