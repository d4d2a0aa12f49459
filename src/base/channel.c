/* The only locks, and the threads that make them necessary. A lock is never held while foreign code
 * runs. */
#include <gatewatch/base.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int new_event(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        abort();        /* no descriptors left at the start: nothing can run */
    return fd;
}

static void raise_event(int fd)
{
    eventfd_write(fd, 1);
}

static void clear_event(int fd)
{
    eventfd_t n;
    eventfd_read(fd, &n);
}

struct channel {
    pthread_mutex_t lock;
    int fd;
    void **items;           /* a ring */
    size_t first, n, cap;
};

struct channel *channel_new(void)
{
    struct channel *c = xcalloc(1, sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    c->fd = new_event();
    return c;
}

void channel_free(struct channel *c)
{
    if (!c)
        return;
    close(c->fd);
    pthread_mutex_destroy(&c->lock);
    free(c->items);
    free(c);
}

void channel_push(struct channel *c, void *item)
{
    pthread_mutex_lock(&c->lock);
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 16;
        void **items = xreallocarray(NULL, cap, sizeof *items);
        for (size_t i = 0; i < c->n; i++)
            items[i] = c->items[(c->first + i) % c->cap];
        free(c->items);
        c->items = items;
        c->cap = cap;
        c->first = 0;
    }
    c->items[(c->first + c->n++) % c->cap] = item;
    if (c->n == 1)
        raise_event(c->fd);
    pthread_mutex_unlock(&c->lock);
}

void *channel_pop(struct channel *c)
{
    void *item = NULL;
    pthread_mutex_lock(&c->lock);
    if (c->n) {
        item = c->items[c->first];
        c->first = (c->first + 1) % c->cap;
        if (--c->n == 0)
            clear_event(c->fd);
    }
    pthread_mutex_unlock(&c->lock);
    return item;
}

int channel_fd(const struct channel *c)
{
    return c->fd;
}

struct slot {
    pthread_mutex_t lock;
    int fd;
    void *value;
    void (*ref)(void *);
    void (*unref)(void *);
};

struct slot *slot_new(void (*ref)(void *), void (*unref)(void *))
{
    struct slot *s = xcalloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    s->fd = new_event();
    s->ref = ref;
    s->unref = unref;
    return s;
}

void slot_free(struct slot *s)
{
    if (!s)
        return;
    if (s->value)
        s->unref(s->value);
    close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void slot_set(struct slot *s, void *value)
{
    pthread_mutex_lock(&s->lock);
    void *old = s->value;
    s->value = value;
    raise_event(s->fd);
    pthread_mutex_unlock(&s->lock);
    if (old)
        s->unref(old);      /* may free much: not under the lock */
}

void *slot_get(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    void *value = s->value;
    if (value)
        s->ref(value);      /* before a set can drop the last reference; only counts */
    clear_event(s->fd);
    pthread_mutex_unlock(&s->lock);
    return value;
}

int slot_fd(const struct slot *s)
{
    return s->fd;
}

struct thread {
    pthread_t id;
    char name[16];
    void (*run)(void *ctx);
    void *ctx;
};

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    pthread_setname_np(pthread_self(), t->name);
    t->run(t->ctx);
    return NULL;
}

struct thread *thread_start(const char *name, void (*run)(void *ctx), void *ctx)
{
    struct thread *t = xcalloc(1, sizeof *t);
    str_copy(t->name, sizeof t->name, name);
    t->run = run;
    t->ctx = ctx;
    /* Signals go to the main thread; a new thread starts with its maker's mask. Faults cannot be
     * blocked. */
    sigset_t all, old;
    sigfillset(&all);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&t->id, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (failed)
        abort();
    return t;
}

void thread_join(struct thread *t)
{
    if (!t)
        return;
    pthread_join(t->id, NULL);
    free(t);
}
