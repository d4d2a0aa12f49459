/* What the API server knows about the fields of a kind: types, defaults, how lists merge.
 *
 * Schemas are written in a small language (kube_schemas.c), fields separated by blanks:
 *
 *   name             text
 *   name#  name?     integer, boolean
 *   name%            integer or text
 *   name*            anything
 *   name<>           map of text; name~<> is replaced as a whole
 *   name{…}          object; name~{…} is replaced as a whole; name&ref is one by reference
 *   name[]TYPE       list that is replaced as a whole
 *   name[=]          set of text
 *   name[k,l]TYPE    list merged by these keys; the first one is the strategic merge key
 *
 * and after that, in this order: `+` required, `=VALUE` default (JSON, or a word), `(a|b)` allowed
 * values.
 */
#ifndef SIM_KUBE_SCHEMA_H
#define SIM_KUBE_SCHEMA_H

#include "store.h"

enum field_type {
    FIELD_TEXT,
    FIELD_INTEGER,
    FIELD_BOOLEAN,
    FIELD_INT_OR_TEXT,
    FIELD_ANY,
    FIELD_MAP,
    FIELD_OBJECT
};
enum list_type { LIST_NONE, LIST_ATOMIC, LIST_SET, LIST_KEYED };
#define MAX_KEYS 3
struct field {
    char *name;
    enum field_type type; /* of the elements, for a list */
    enum list_type list;
    bool atomic, required;
    char *keys[MAX_KEYS];
    size_t n_keys;
    json_t *fallback; /* the default, or NULL */
    char **choices;
    size_t n_choices;
    struct field **children; /* shared by references */
    size_t n_children;
};

/* The whole object's schema; a general one (metadata known, the rest anything) for kinds that have
 * none. */
const struct field *schema_of(const struct kind *);
/* False for those with the general schema. */
bool schema_known(const struct kind *);
/* NULL when the object has no such field, or is not an object. */
const struct field *field_child(const struct field *, const char *name);
/* The schema of anything: objects merge, lists are replaced. */
extern const struct field field_anything;
/* The identity of an item of a keyed list as managedFields writes it: {"port":80,"protocol":"TCP"};
 * malloc'd. */
char *item_key(const struct field *, const json_t *item);
json_t *find_item(const struct field *, const json_t *list, const char *key, size_t *index);

/* Sets defaults in place, wherever the object that holds them is there. */
void schema_default(const struct field *, json_t *value);
/* Removes fields that the schema does not know; their paths go to `unknown` (array of text). */
void schema_prune(const struct field *, json_t *value, const char *path, json_t *unknown);
/* Types, required fields and allowed values; adds causes {reason, message, field} to the array. */
void schema_check(const struct field *, const json_t *value, const char *path, json_t *causes);

#endif
