/* What a request says: its query, its form, its headers; and how a reply is filled. */
#include "server.h"
#include "text.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *url_decode(const char *text, size_t len, bool plus_is_space)
{
    char *out = xcalloc(len + 1, 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 &&
            hex_digit(text[i + 2]) >= 0) {
            out[n++] = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out[n++] = text[i] == '+' && plus_is_space ? ' ' : text[i];
        }
    }
    return out;
}

static struct parameter *parse_parameters(const char *text, size_t *n)
{
    struct parameter *list = NULL;

    *n = 0;
    while (*text) {
        size_t len = strcspn(text, "&");
        const char *equal = memchr(text, '=', len);
        size_t key_len = equal ? (size_t)(equal - text) : len;

        if (len) {
            list = xrealloc(list, (*n + 1) * sizeof *list);
            list[*n].key = url_decode(text, key_len, true);
            list[*n].value = equal ? url_decode(equal + 1, len - key_len - 1, true) : xstrdup("");
            (*n)++;
        }
        text += len + (text[len] == '&');
    }
    return list;
}

static void free_parameters(struct parameter *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(list[i].key);
        free(list[i].value);
    }
    free(list);
}

struct exchange *exchange_new(struct world *world, const char *raw_url)
{
    struct exchange *x = xcalloc(1, sizeof *x);
    size_t path_len = strcspn(raw_url, "?");

    x->world = world;
    x->raw_url = xstrdup(raw_url);
    x->path = url_decode(raw_url, path_len, false);
    x->raw_query = x->raw_url + path_len + (raw_url[path_len] == '?');
    x->query = parse_parameters(x->raw_query, &x->n_query);
    return x;
}

static void reply_free(struct sim_reply *reply)
{
    json_decref(reply->json);
    free(reply->text);
    for (size_t i = 0; i < reply->n_headers; i++) {
        free(reply->headers[i].name);
        free(reply->headers[i].value);
    }
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    free_parameters(x->query, x->n_query);
    free_parameters(x->form, x->n_form);
    reply_free(&x->reply);
    free(x->raw_url);
    free(x->path);
    free(x->body);
    free(x);
}

static const char *find_parameter(const struct parameter *list, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i].key, key))
            return list[i].value;
    return NULL;
}

const char *request_query(const struct sim_request *request, const char *key)
{
    return find_parameter(request->exchange->query, request->exchange->n_query, key);
}

const char *request_form(const struct sim_request *request, const char *key)
{
    struct exchange *x = request->exchange;

    if (!x->form_parsed) {
        x->form = parse_parameters(request->body, &x->n_form);
        x->form_parsed = true;
    }
    return find_parameter(x->form, x->n_form, key);
}

const char *request_header(const struct sim_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->exchange->connection, MHD_HEADER_KIND, name);
}

void reply_json(struct sim_reply *reply, int status, json_t *json)
{
    json_decref(reply->json);
    reply->status = status;
    reply->json = json;
}

void reply_text(struct sim_reply *reply, int status, const char *content_type, const char *text)
{
    free(reply->text);
    reply->status = status;
    reply->content_type = content_type;
    reply->text = xstrdup(text);
}

void reply_header(struct sim_reply *reply, const char *name, const char *format, ...)
{
    char *value = NULL;
    va_list args;

    if (reply->n_headers == sizeof reply->headers / sizeof reply->headers[0])
        return;
    va_start(args, format);
    if (vasprintf(&value, format, args) < 0)
        abort();
    va_end(args);
    reply->headers[reply->n_headers].name = xstrdup(name);
    reply->headers[reply->n_headers++].value = value;
}
