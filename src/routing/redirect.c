/* Where a RequestRedirect sends: each field of the filter, or what the definition of HTTPRoute derives for it. */
#include "routing_internal.h"

#include <string.h>

static int well_known_port(const char *scheme)
{
    return str_eq(scheme, "http") ? 80 : str_eq(scheme, "https") ? 443 : -1;
}

/* ReplacePrefixMatch: by elements, and a '/' at the end of either side makes no second one. */
static void replace_prefix(struct text *out, const struct http_match *match, const char *with, const char *path)
{
    const char *prefix = match && *match->path ? match->path : "/";
    size_t len = strlen(prefix), keep = strlen(with);
    if (len && prefix[len - 1] == '/')
        len--;
    const char *rest = strlen(path) >= len ? path + len : "";
    if (*rest == '/' && keep && with[keep - 1] == '/')
        keep--;
    size_t before = out->len;
    text_add(out, with, keep);
    if (*rest && *rest != '/' && (!keep || with[keep - 1] != '/'))
        text_putc(out, '/');
    text_puts(out, rest);
    if (out->len == before)
        text_putc(out, '/');
}

const char *redirect_location(struct arena *arena, const struct route_answer *a, const struct request *q)
{
    TEXT_AUTO out = { 0 };
    const struct route_filter *f = a->redirect;
    const struct route_rule *rule = &a->route->rules.items[a->rule];
    const char *scheme = str_or(f->scheme, str_or(q->scheme, "http"));
    int port = f->port > 0 ? f->port : *f->scheme ? well_known_port(f->scheme) : -1;
    if (port < 0)
        port = a->listener->port;
    text_printf(&out, "%s://%s", scheme, str_or(f->hostname, q->host));
    if (port != well_known_port(scheme))
        text_printf(&out, ":%d", port);
    if (str_eq(f->path_type, "ReplaceFullPath"))
        text_puts(&out, str_or(f->path, "/"));
    else if (str_eq(f->path_type, "ReplacePrefixMatch"))
        replace_prefix(&out, rule->matches.n ? &rule->matches.items[a->match] : NULL, f->path, q->path);
    else
        text_puts(&out, q->path);
    if (*str_or(q->query, ""))
        text_printf(&out, "?%s", q->query);
    return arena_dup(arena, text_str(&out));
}
