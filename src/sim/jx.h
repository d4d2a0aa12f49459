/* Short ways to read and build JSON trees, for the controllers, the physics and the Azure side.
 *
 * A path is member names joined by dots ("spec.template.spec"); members whose names hold dots
 * (labels, annotations) have functions of their own. Everything read is borrowed from the tree.
 */
#ifndef SIM_JX_H
#define SIM_JX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

json_t *jx_get(const json_t *object, const char *path);     /* NULL when missing */
const char *jx_str(const json_t *object, const char *path); /* NULL when missing or not a string */
const char *jx_text(const json_t *object, const char *path, const char *otherwise);
long long jx_int(const json_t *object, const char *path, long long otherwise);
bool jx_bool(const json_t *object, const char *path, bool otherwise);
bool jx_is(const json_t *object, const char *path,
           const char *value); /* a string member equal to value */
/* Sets a member, making objects on the way; steals the value. */
void jx_set(json_t *object, const char *path, json_t *value);
void jx_drop(json_t *object, const char *path);
const char *jx_label(const json_t *object, const char *key);
const char *jx_annotation(const json_t *object, const char *key);
const char *jx_name(const json_t *object);
const char *jx_namespace(const json_t *object); /* "" for cluster scope */
const char *jx_uid(const json_t *object);
/* A plain map selector ({"app":"x"}); an empty or missing one selects nothing. */
bool jx_selects(const json_t *selector, const json_t *labels);
/* A LabelSelector with matchLabels and matchExpressions; an empty one selects everything. */
bool jx_label_selector(const json_t *selector, const json_t *labels);
/* First element of an array of objects whose `key` member equals value. */
json_t *jx_find(const json_t *array, const char *key, const char *value);
/* printf into a new JSON string. */
json_t *jx_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t jx_hash(const char *text); /* FNV-1a */
/* A name made from text: stable, lower-case letters and digits without vowels, `len` long, as
 * Kubernetes suffixes. */
void jx_suffix(const char *seed, char *out, size_t len);
void jx_uuid(const char *seed, char out[37]); /* stable for a seed */
char *jx_random_uuid(char out[37]);

#endif
