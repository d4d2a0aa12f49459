/* The registry of kinds: the folder src/kinds/ is the table. */
#include <gatewatch/model.h>

const struct kind *const kinds[KIND_COUNT] = {KIND_REGISTRY};

enum kind_id kind_index(const struct kind *kind)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (kinds[i] == kind)
            return (enum kind_id)i;
    return KIND_COUNT;
}

const struct kind *kind_by_name(const char *name)
{
    for (int i = 0; i < KIND_COUNT; i++)
        if (str_eq_nocase(kinds[i]->name, name) || str_eq_nocase(kinds[i]->plural, name))
            return kinds[i];
    return NULL;
}
