#include <gatewatch/model.h>

const char *severity_name(enum severity severity)
{
    switch (severity) {
    case SEVERITY_INFO: return "info";
    case SEVERITY_WARNING: return "warning";
    case SEVERITY_CRITICAL: return "critical";
    }
    return "info";
}

const char *confidence_name(enum confidence confidence)
{
    switch (confidence) {
    case CONFIDENCE_POSSIBLE: return "possible";
    case CONFIDENCE_LIKELY: return "likely";
    case CONFIDENCE_CERTAIN: return "certain";
    }
    return "possible";
}

void findings_free(struct findings *f)
{
    if (!f)
        return;
    struct arena arena = f->arena;      /* the findings may lie in their own arena */
    f->items = NULL;
    f->n = 0;
    f->unknown = (struct strings){0};
    f->arena.chunks = NULL;
    arena_free(&arena);
}
