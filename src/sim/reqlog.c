/* A ring of the last requests. */
#include "server.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define MAX_REQUESTS 8192u

struct logged {
    double when;
    char *method, *path, *query, *principal;
    int status;
};
struct request_log {
    pthread_mutex_t lock;
    struct logged entries[MAX_REQUESTS];
    unsigned long long total;
};

struct request_log *request_log_new(void)
{
    struct request_log *log = xcalloc(1, sizeof *log);

    pthread_mutex_init(&log->lock, NULL);
    return log;
}

static void logged_free(struct logged *e)
{
    free(e->method);
    free(e->path);
    free(e->query);
    free(e->principal);
    *e = (struct logged){0};
}

void request_log_add(struct request_log *log, double when, const struct sim_request *request,
                     const char *query, int status)
{
    struct logged *e;

    pthread_mutex_lock(&log->lock);
    e = &log->entries[log->total++ % MAX_REQUESTS];
    logged_free(e);
    *e = (struct logged){when,
                         xstrdup(request->method),
                         xstrdup(request->path),
                         xstrdup(query),
                         request->principal ? xstrdup(request->principal) : NULL,
                         status};
    pthread_mutex_unlock(&log->lock);
}

json_t *request_log_list(struct request_log *log, unsigned long long since)
{
    json_t *list = json_array();
    unsigned long long first, total;

    pthread_mutex_lock(&log->lock);
    total = log->total;
    first = total > MAX_REQUESTS ? total - MAX_REQUESTS : 0;
    for (unsigned long long i = since > first ? since : first; i < total; i++) {
        const struct logged *e = &log->entries[i % MAX_REQUESTS];

        if (e->method)
            json_array_append_new(list, json_pack("{s:I, s:f, s:s, s:s, s:s, s:i, s:s?}", "index",
                                                  (json_int_t)i, "time", e->when, "method",
                                                  e->method, "path", e->path, "query", e->query,
                                                  "status", e->status, "principal", e->principal));
    }
    pthread_mutex_unlock(&log->lock);
    return json_pack("{s:I, s:o}", "total", (json_int_t)total, "requests", list);
}

void request_log_clear(struct request_log *log)
{
    pthread_mutex_lock(&log->lock);
    for (size_t i = 0; i < MAX_REQUESTS; i++)
        logged_free(&log->entries[i]);
    pthread_mutex_unlock(&log->lock);
}
