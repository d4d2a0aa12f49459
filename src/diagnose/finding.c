/* Making findings: every word is copied into their own arena, so that they outlive what they speak of. */
#include "diagnose_internal.h"

#include <stdarg.h>
#include <string.h>

struct finding *finding_add(struct diagnosis *d, const struct rule *rule, const char *kind, const char *ns_name)
{
    struct findings *f = d->findings;
    if ((f->n & (f->n - 1)) == 0) {     /* doubles at each power of two */
        struct finding *grown = arena_alloc(&f->arena, (f->n ? f->n * 2 : 1) * sizeof *grown);
        if (f->n)
            memcpy(grown, f->items, f->n * sizeof *grown);
        f->items = grown;
    }
    struct finding *one = &f->items[f->n++];
    *one = (struct finding){ .code = rule->code, .severity = rule->severity, .confidence = CONFIDENCE_CERTAIN,
                             .hop = (int)rule->hop, .title = rule->title, .why = "", .remedy = "" };
    const char *slash = strchr(ns_name, '/');
    one->subject.kind = arena_dup(&f->arena, kind);
    one->subject.namespace = slash ? arena_ndup(&f->arena, ns_name, (size_t)(slash - ns_name)) : "";
    one->subject.name = arena_dup(&f->arena, slash ? slash + 1 : ns_name);
    return one;
}

#define FORMAT_INTO(target) \
    do { \
        TEXT_AUTO text = { .max = 2000 }; \
        va_list args; \
        va_start(args, format); \
        text_vprintf(&text, format, args); \
        va_end(args); \
        (target) = arena_dup(&d->findings->arena, text_str(&text)); \
    } while (0)

void finding_title(struct diagnosis *d, struct finding *f, const char *format, ...)
{
    FORMAT_INTO(f->title);
}

void finding_why(struct diagnosis *d, struct finding *f, const char *format, ...)
{
    FORMAT_INTO(f->why);
}

void finding_remedy(struct diagnosis *d, struct finding *f, const char *format, ...)
{
    FORMAT_INTO(f->remedy);
}

static void push(struct arena *arena, struct strings *list, const char *s)
{
    if ((list->n & (list->n - 1)) == 0) {
        const char **grown = arena_alloc(arena, (list->n ? list->n * 2 : 1) * sizeof *grown);
        if (list->n)
            memcpy(grown, list->items, list->n * sizeof *grown);
        list->items = grown;
    }
    list->items[list->n++] = s;
}

void finding_evidence(struct diagnosis *d, struct finding *f, const char *format, ...)
{
    const char *line;
    FORMAT_INTO(line);
    push(&d->findings->arena, &f->evidence, line);
}

void findings_push(struct findings *f, struct strings *list, const char *s)
{
    push(&f->arena, list, arena_dup(&f->arena, s));
}
