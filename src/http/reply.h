/* Replies on their way to the caller: header lines, and what an error body says. Pure. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include <gatewatch/http.h>

/* Adds one header line as the wire gave it ("Name: value\r\n") to the block that http_header() searches: pairs of
 * NUL-terminated name and value. Lines that are no header are left out. */
void reply_add_header(struct text *block, const char *line, size_t len);

/* Fills `err` for a status that is not 2xx, with the body's own words: a Kubernetes Status (kubernetes.md 1.8), the
 * shapes of azure.md 8.1, an Entra error (7.2), or the first clean text of anything else. */
void reply_explain(const struct http_reply *, const char *label, struct error *err);

#endif
