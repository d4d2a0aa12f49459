/* The gate: which requests may leave the process. Pure. */
#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include <gatewatch/http.h>

/* `target` as in struct http_request: "/path?query" or an absolute URL. GET, HEAD and OPTIONS always pass. With
 * read_only, or with intent HTTP_READ, a POST passes only when its path is one of those that read (gate.c's table);
 * every other method is refused then. */
bool gate_allows(bool read_only, const char *method, const char *target, enum http_intent, struct error *err);

/* Headers that would change what the request does (method overrides, upgrades) or split it (CR, LF) are refused. */
bool gate_allows_header(const char *line, struct error *err);

#endif
