/* base: what every room stands on. Nothing here knows of Azure, Kubernetes or the screen. */
#ifndef GATEWATCH_BASE_H
#define GATEWATCH_BASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gatewatch/error.h>
#include <gatewatch/text.h>

/* ---- arena: memory that ends together ------------------------------------------------------------------------ */
/* First chunk is `hint` bytes (0: 1 KiB), later ones double up to 64 KiB. Zeroed memory, 8-aligned. Not thread-safe
 * while growing; read-only use from any thread once filled. */
struct arena {
    struct arena_chunk *chunks;
    size_t hint;
};
void *arena_alloc(struct arena *, size_t size);
char *arena_dup(struct arena *, const char *s);                 /* NULL gives NULL */
char *arena_ndup(struct arena *, const char *s, size_t len);
char *arena_printf(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t arena_size(const struct arena *);                        /* bytes held */
size_t arena_used(const struct arena *);                        /* bytes given out, rounded to 8 each */
void arena_free(struct arena *);

/* ---- map: string keys to pointers ------------------------------------------------------------------------------ */
/* Keys are copied. Values are borrowed. Order is not kept. */
struct map;
struct map *map_new(void);
void map_free(struct map *);                                    /* NULL is fine */
void *map_get(const struct map *, const char *key);
void map_put(struct map *, const char *key, void *value);       /* replaces */
void *map_remove(struct map *, const char *key);                /* the value, or NULL */
size_t map_count(const struct map *);
void map_each(const struct map *, void (*each)(const char *key, void *value, void *ctx), void *ctx);

/* ---- clock ------------------------------------------------------------------------------------------------------ */
/* Monotonic time orders things and measures ages; wall time is only shown and written down. The environment
 * variable GATEWATCH_CLOCK (RFC 3339) freezes wall time for screenshots and tests. */
int64_t clock_mono_ms(void);
int64_t clock_wall_ms(void);                                    /* since the epoch */
void clock_freeze(int64_t wall_ms);                             /* main sets it from GATEWATCH_CLOCK; INT64_MIN thaws */
bool clock_parse_rfc3339(const char *s, int64_t *ret_ms);       /* also fractional seconds and offsets */
void clock_format_rfc3339(int64_t wall_ms, char out[32]);       /* "2026-01-10T08:00:05Z" */
bool clock_parse_http_date(const char *s, int64_t *ret_ms);     /* IMF-fixdate */
/* Compact age: "3s" "12m" "4h" "9d"; "?" when negative by more than a second. */
void clock_format_age(int64_t ms, char out[16]);

/* ---- loop: one thread's events ----------------------------------------------------------------------------------- */
/* Timers, file descriptors and posted calls, all run on the thread inside loop_run. Only loop_post and loop_stop may
 * be called from other threads. */
struct loop;
typedef void loop_fn(void *ctx);
typedef void loop_fd_fn(void *ctx, int fd, short revents);
struct loop *loop_new(void);
void loop_free(struct loop *);                                  /* pending posts are dropped, not run */
void loop_run(struct loop *);
void loop_stop(struct loop *);
void loop_post(struct loop *, loop_fn *, void *ctx);
uint64_t loop_timer(struct loop *, int64_t after_ms, loop_fn *, void *ctx);     /* once; id never 0 */
void loop_cancel(struct loop *, uint64_t timer);                /* 0 and finished ids are fine */
void loop_watch(struct loop *, int fd, short events, loop_fd_fn *, void *ctx);  /* level-triggered; replaces */
void loop_unwatch(struct loop *, int fd);
bool loop_is_current(const struct loop *);

/* ---- channel: the only locks -------------------------------------------------------------------------------------- */
/* A queue of pointers, many writers, one reader. The descriptor is readable while the queue is not empty. */
struct channel;
struct channel *channel_new(void);
void channel_free(struct channel *);                            /* the items left are not freed */
void channel_push(struct channel *, void *item);
void *channel_pop(struct channel *);                            /* NULL when empty; never waits */
int channel_fd(const struct channel *);

/* The latest value of something counted. `set` drops what was there; readers take a reference. */
struct slot;
struct slot *slot_new(void (*ref)(void *), void (*unref)(void *));
void slot_free(struct slot *);
void slot_set(struct slot *, void *value);                      /* takes over the caller's reference */
void *slot_get(struct slot *);                                  /* a new reference, or NULL */
int slot_fd(const struct slot *);                               /* readable after a set, until slot_get */

/* A thread of ours: signals blocked, named. */
struct thread;
struct thread *thread_start(const char *name, void (*run)(void *ctx), void *ctx);
void thread_join(struct thread *);                              /* frees */

/* ---- log ----------------------------------------------------------------------------------------------------------- */
/* Off until log_open. One line per call, 0600, redacted: bearer tokens, secrets, signed query values. log_line from any
 * thread; log_open and log_close only while no other thread runs. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
bool log_open(const char *path, struct error *);
void log_close(void);
void log_line(enum log_level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Replaces what looks like a secret in place (tokens, Authorization, sig=, client_secret=, …). */
void log_redact(char *line);

/* ---- secret -------------------------------------------------------------------------------------------------------- */
/* Counted, wiped when the last reference goes. Never printed, never logged. Any thread may hold a reference. */
struct secret;
struct secret *secret_new(const char *bytes, size_t len);
struct secret *secret_ref(struct secret *);
void secret_unref(struct secret *);
const char *secret_reveal(const struct secret *);               /* NUL-terminated */
size_t secret_len(const struct secret *);
void secret_wipe(void *memory, size_t len);
void secret_protect_process(void);                              /* no core, not dumpable */

/* ---- process -------------------------------------------------------------------------------------------------------- */
/* A child without a shell, in a process group of its own, its output collected within bounds, on a loop. stdin is
 * /dev/null. The spec is not needed after process_start; `done` is never called from inside it, and the process is gone
 * after `done`. Neither callback may call process_kill for its own process. */
struct process_spec {
    const char *const *argv;        /* argv[0] is looked up in PATH when it has no '/' */
    const char *const *env;         /* "K=V" added to or replacing our own environment; NULL for none */
    int timeout_ms;                 /* then SIGTERM, two seconds later SIGKILL; 0: none */
    size_t max_output;              /* of stdout; 0: 1 MiB. stderr: the same, at most 64 KiB. The rest is read and dropped */
    void (*on_stderr)(void *ctx, const char *so_far);   /* as it comes, cleaned; may be NULL */
};
struct process_result {
    bool started, timed_out;
    int status;                     /* exit status, or 128 + signal */
    const char *out;                /* stdout, raw; wiped after the callback */
    size_t out_len;
    bool cut;                       /* stdout was longer than max_output */
    const char *err;                /* stderr, cleaned, lines kept */
    struct error error;             /* when it could not be started */
};
typedef void process_done(void *ctx, const struct process_result *);
struct process;
struct process *process_start(struct loop *, const struct process_spec *, process_done *, void *ctx);
void process_kill(struct process *);    /* no callback follows */

#endif
