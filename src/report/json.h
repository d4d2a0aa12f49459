/* Private to report/: small helpers over jansson, so that the order of keys is the contract's and unknown is null. */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <gatewatch/report.h>
#include <jansson.h>

#define REPORT_SCHEMA "gatewatch/v1"

json_t *json_maybe(const char *s);               /* NULL and nothing known: null */
json_t *json_known(int64_t n);                  /* negative: null */
json_t *json_tri(enum tri);
json_t *json_strings(const struct strings *);
json_t *json_findings(const struct findings *);
json_t *json_sources(const struct snapshot *);
/* {kind, namespace, name}: "" becomes null. */
json_t *json_subject(const char *kind, const char *ns, const char *name);
/* Two-space indent, keys in order, newline at the end. Drops the reference. */
void json_print(json_t *steals, struct text *out);

#endif
