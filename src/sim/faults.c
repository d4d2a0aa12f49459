/* Faults on purpose.
 *
 * A specification is a list of faults separated by ';', each a list of KEY=VALUE separated by ','.
 * A ',' or ';' inside a value is written '\,' or '\;'.
 *
 * Which requests:
 *   path=TEXT         the path with its query contains TEXT
 *   verb=METHOD       and principal=NAME: as the request log tells them
 *   skip=N            let N matching requests pass first
 *   count=N           only N times; without it until removed
 * What happens:
 *   delay=MS          before the answer
 *   status=CODE       with retry-after=SECONDS, body=TEXT and type=CONTENT-TYPE
 *   garbage=1         a body that is nothing
 *   cut=BYTES         the connection closes after so many bytes of body
 *   close=1           connection reset, no answer
 *   hang=1            no answer until the client gives up
 *   after=1           the request is carried out before it goes wrong
 */
#include "server.h"
#include "text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

const char fault_help[] =
    "Faults (--fault SPEC, POST /_sim/fault): KEY=VALUE,...;KEY=VALUE,...\n"
    "  which requests  path=TEXT  verb=METHOD  principal=NAME  skip=N  count=N\n"
    "  what happens    delay=MS  status=CODE  retry-after=SECONDS  body=TEXT  type=CONTENT-TYPE  "
    "garbage=1\n"
    "                  cut=BYTES  close=1  hang=1  after=1 (carry the request out first)\n"
    "  examples        path=backendhealth,status=503        path=/httproutes,delay=5000\n"
    "                  path=/services,status=429,retry-after=7,count=3;path=/nodes,cut=200\n";

struct fault {
    char *spec, *path, *verb, *principal;
    long skip, count; /* count -1: for ever */
    unsigned long long hits;
    struct fault_effect effect;
};
struct faults {
    pthread_mutex_t lock;
    struct fault *list;
    size_t n;
};

struct faults *faults_new(void)
{
    struct faults *faults = xcalloc(1, sizeof *faults);

    pthread_mutex_init(&faults->lock, NULL);
    return faults;
}

static void fault_free(struct fault *f)
{
    free(f->spec);
    free(f->path);
    free(f->verb);
    free(f->principal);
    fault_effect_free(&f->effect);
}

void fault_effect_free(struct fault_effect *e)
{
    free(e->body);
    free(e->type);
    e->body = e->type = NULL;
}

/* The text up to an unescaped stop character, without the escapes; *text moves behind it. */
static char *take_value(const char **text)
{
    struct buffer b = {0};
    const char *p = *text;

    for (; *p && *p != ',' && *p != ';'; p++) {
        if (*p == '\\' && p[1])
            p++;
        buffer_add(&b, p, 1);
    }
    *text = p;
    return buffer_take(&b);
}

static bool whole_number(const char *value, long max, long *out)
{
    char *end;
    long n = strtol(value, &end, 10);

    if (end == value || *end || n < 0 || n > max)
        return false;
    *out = n;
    return true;
}

static char *set_text(char **field, const char *value)
{
    free(*field);
    *field = xstrdup(value);
    return NULL;
}

static char *set_number(struct fault *f, const char *key, const char *value)
{
    struct fault_effect *e = &f->effect;
    long n;

    if (!whole_number(value, INT_MAX, &n))
        return format_text("%s wants a whole number, not '%s'", key, value);
    if (!strcmp(key, "status")) {
        if (n < 200 || n > 599)
            return format_text("status wants 200 to 599, not '%s'", value);
        e->status = (int)n;
    } else if (!strcmp(key, "delay"))
        e->delay_ms = (int)n;
    else if (!strcmp(key, "retry-after"))
        e->retry_after = (int)n;
    else if (!strcmp(key, "cut"))
        e->cut = n;
    else if (!strcmp(key, "count"))
        f->count = n;
    else if (!strcmp(key, "skip"))
        f->skip = n;
    else if (!strcmp(key, "garbage"))
        e->garbage = n;
    else if (!strcmp(key, "close"))
        e->close = n;
    else if (!strcmp(key, "hang"))
        e->hang = n;
    else if (!strcmp(key, "after"))
        e->allow_processing = n;
    else
        return format_text("unknown fault key '%s'", key);
    return NULL;
}

static char *set_key(struct fault *f, const char *key, const char *value)
{
    if (!strcmp(key, "path"))
        return set_text(&f->path, value);
    if (!strcmp(key, "verb"))
        return set_text(&f->verb, value);
    if (!strcmp(key, "principal"))
        return set_text(&f->principal, value);
    if (!strcmp(key, "body"))
        return set_text(&f->effect.body, value);
    if (!strcmp(key, "type"))
        return set_text(&f->effect.type, value);
    return set_number(f, key, value);
}

/* One fault; *text ends on ';' or the end. */
static char *parse_fault(const char **text, struct fault *f)
{
    const char *start = *text;

    *f = (struct fault){.count = -1, .effect = {.hit = true, .cut = -1, .retry_after = -1}};
    while (**text && **text != ';') {
        size_t len = strcspn(*text, "=,;");
        char *key, *value, *problem;

        if ((*text)[len] != '=')
            return format_text("'%.*s' in a fault is not KEY=VALUE", (int)len, *text);
        key = xstrndup(*text, len);
        *text += len + 1;
        value = take_value(text);
        problem = set_key(f, key, value);
        free(key);
        free(value);
        if (problem)
            return problem;
        if (**text == ',')
            ++*text;
    }
    f->spec = xstrndup(start, (size_t)(*text - start));
    return NULL;
}

char *faults_add(struct faults *faults, const char *spec)
{
    while (*spec) {
        struct fault fault;
        char *problem = parse_fault(&spec, &fault);

        if (problem) {
            fault_free(&fault);
            return problem;
        }
        pthread_mutex_lock(&faults->lock);
        faults->list = xrealloc(faults->list, (faults->n + 1) * sizeof fault);
        faults->list[faults->n++] = fault;
        pthread_mutex_unlock(&faults->lock);
        spec += *spec == ';';
    }
    return NULL;
}

void faults_clear(struct faults *faults)
{
    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->n; i++)
        fault_free(&faults->list[i]);
    faults->n = 0;
    pthread_mutex_unlock(&faults->lock);
}

json_t *faults_list(struct faults *faults)
{
    json_t *list = json_array();

    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "spec", faults->list[i].spec,
                                              "hits", (json_int_t)faults->list[i].hits, "left",
                                              (json_int_t)faults->list[i].count));
    pthread_mutex_unlock(&faults->lock);
    return list;
}

static bool fault_applies(const struct fault *f, const char *method, const char *url,
                          const char *principal)
{
    return f->count && (!f->path || strstr(url, f->path)) &&
           (!f->verb || !strcasecmp(f->verb, method)) &&
           (!f->principal || same_text(f->principal, principal));
}

struct fault_effect faults_match(struct faults *faults, const char *method, const char *url,
                                 const char *principal)
{
    struct fault_effect effect = {.cut = -1, .retry_after = -1};

    pthread_mutex_lock(&faults->lock);
    for (size_t i = 0; i < faults->n && !effect.hit; i++) {
        struct fault *f = &faults->list[i];

        if (!fault_applies(f, method, url, principal))
            continue;
        if (f->skip > 0) {
            f->skip--;
            continue;
        }
        if (f->count > 0)
            f->count--;
        f->hits++;
        effect = f->effect;
        effect.body = effect.body ? xstrdup(effect.body) : NULL;
        effect.type = effect.type ? xstrdup(effect.type) : NULL;
    }
    pthread_mutex_unlock(&faults->lock);
    return effect;
}
