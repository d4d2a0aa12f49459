/* Conditions and the names of the states that sources have. */
#include <gatewatch/model.h>

#include <string.h>

const struct condition *conditions_get(const struct conditions *c, const char *type)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->items[i].type, type) == 0)
            return &c->items[i];
    return NULL;
}

const char *source_status_name(enum source_status status)
{
    switch (status) {
    case SOURCE_PENDING: return "pending";
    case SOURCE_LIVE: return "live";
    case SOURCE_STALE: return "stale";
    case SOURCE_FAILED: return "failed";
    case SOURCE_FORBIDDEN: return "forbidden";
    case SOURCE_ABSENT: return "absent";
    }
    return "pending";
}
