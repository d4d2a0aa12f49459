/* explain: which rule serves a request, from the live cluster or from files alone. */
#include "../cli.h"

#include <gatewatch/source.h>
#include <string.h>

enum { HEADERS_MAX = 32 };

static const struct option_spec specs[] = {
    { "-X", true }, { "-H", true }, { "--gateway", true }, { "--listener", true }, { "-f", true }, { NULL, false },
};

struct asked {
    struct options options;
    struct request request;
    bool port_given;
    char host[256], host_header[1024], path[4096], query[4096], scheme[8];
    char header_text[HEADERS_MAX][1024];
    struct pair headers[HEADERS_MAX];
    const char *files[OPTION_FILES_MAX];
    size_t n_files;
};

/* ---- the request ------------------------------------------------------------------------------------------------- */

static bool bad_url(struct error *err, const char *url, const char *why)
{
    char clean[200];
    text_clean(clean, sizeof clean, url, strlen(url), false);
    error_set(err, ERR_USAGE, "%s: %s", clean, why);
    return error_remedy(err, "write it as http://HOST[:PORT]/PATH?QUERY or https://…");
}

static bool read_host(struct asked *a, const char *url, const char *from, size_t len, struct error *err)
{
    size_t host = from[0] == '[' ? strcspn(from, "]") + 1 : strcspn(from, ":");
    if (memchr(from, '@', len))
        return bad_url(err, url, "a user part has no meaning here");
    if (host > len)
        host = len;
    if (host == 0 || host >= sizeof a->host)
        return bad_url(err, url, "the host is missing or too long");
    str_format(a->host, sizeof a->host, "%.*s", (int)host, from);
    a->port_given = host < len;
    if (!a->port_given)
        return true;
    char digits[8];
    int64_t port;
    str_format(digits, sizeof digits, "%.*s", (int)(len - host - 1 < 7 ? len - host - 1 : 7), from + host + 1);
    if (from[host] != ':' || !str_to_int(digits, 1, 65535, &port))
        return bad_url(err, url, "the port is no number from 1 to 65535");
    a->request.port = (int)port;
    return true;
}

static bool read_url(struct asked *a, const char *url, struct error *err)
{
    const bool tls = str_starts(url, "https://");
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\')
            return bad_url(err, url, "spaces, control characters and backslashes must be percent-encoded");
    if (!tls && !str_starts(url, "http://"))
        return bad_url(err, url, "not an http or https URL");
    const char *host = strstr(url, "://") + 3;
    const size_t len = strcspn(host, "/?#");
    if (!read_host(a, url, host, len, err))
        return false;
    const char *path = host + len;
    const size_t path_len = strcspn(path, "?#");
    const char *query = path[path_len] == '?' ? path + path_len + 1 : "";
    const size_t query_len = strcspn(query, "#");
    if (path_len + 2 > sizeof a->path || query_len >= sizeof a->query)
        return bad_url(err, url, "it is too long");
    str_format(a->path, sizeof a->path, "%s%.*s", path_len ? "" : "/", (int)path_len, path);
    str_format(a->query, sizeof a->query, "%.*s", (int)query_len, query);
    str_copy(a->scheme, sizeof a->scheme, tls ? "https" : "http");
    if (!a->port_given)
        a->request.port = tls ? 443 : 80;
    return true;
}

static bool is_address(const char *host)
{
    return host[0] == '[' || !host[strspn(host, "0123456789.")];
}

/* As with curl, a Host header speaks for the host, and the URL for where the connection goes. */
static bool read_header(struct asked *a, const char *text, struct error *err)
{
    struct request *q = &a->request;
    const char *colon = strchr(text, ':');
    if (!colon || colon == text || strcspn(text, " \t\r\n") < (size_t)(colon - text)) {
        error_set(err, ERR_USAGE, "-H wants 'Name: value'");
        return error_remedy(err, "for example -H 'X-Canary: yes'");
    }
    if (q->headers.n >= HEADERS_MAX || strlen(text) >= sizeof a->header_text[0])
        return error_set(err, ERR_USAGE, "too many headers, or one that is too long");
    char *copy = a->header_text[q->headers.n];
    text_clean(copy, sizeof a->header_text[0], text, strlen(text), false);
    copy[colon - text] = '\0';
    char *value = copy + (colon - text) + 1;
    value += strspn(value, " \t");
    if (str_eq_nocase(copy, "host")) {
        str_copy(a->host_header, sizeof a->host_header, value);
        char *port = value[0] == '[' ? strstr(a->host_header, "]:") : strrchr(a->host_header, ':');
        if (port)
            port[value[0] == '['] = '\0';
        q->sni = is_address(a->host) ? NULL : a->host;
        q->host = a->host_header;
        return true;
    }
    a->headers[q->headers.n++] = (struct pair){ copy, value };
    return true;
}

static bool read_request(struct asked *a, int argc, char **argv, struct error *err)
{
    const char *url = NULL;
    if (!options_parse(&a->options, specs, argc, argv, false, err))
        return false;
    for (size_t i = 0; i < a->options.n_words; i++) {
        if (url && !options_value(&a->options, "-f"))
            return error_set(err, ERR_USAGE, "one URL at a time: %s", a->options.words[i]);
        if (!url && (strstr(a->options.words[i], "://") || !options_value(&a->options, "-f"))) {
            url = a->options.words[i];
            a->options.words[i] = NULL;
        }
    }
    if (!url) {
        error_set(err, ERR_USAGE, "`explain` needs a URL");
        return error_remedy(err, "gatewatch explain http://HOST/PATH [-f FILE]...");
    }
    a->n_files = options_files(&a->options, a->files);
    struct request *q = &a->request;
    *q = (struct request){ .scheme = a->scheme, .host = a->host, .path = a->path, .query = a->query,
                           .method = str_or(options_value(&a->options, "-X"), "GET"), .headers = { a->headers, 0 } };
    if (q->method[strspn(q->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")])
        return error_set(err, ERR_USAGE, "-X wants a method, such as GET or POST");
    if (!read_url(a, url, err))
        return false;
    for (size_t i = 0; i < a->options.n; i++)
        if (str_eq(a->options.items[i].name, "-H") && !read_header(a, a->options.items[i].value, err))
            return false;
    return true;
}

/* ---- the gateway ------------------------------------------------------------------------------------------------- */

static bool has_address(const struct gateway *g, const char *host)
{
    for (size_t i = 0; i < g->addresses.n; i++)
        if (str_eq_nocase(g->addresses.values[i], host))
            return true;
    for (size_t i = 0; i < g->spec_addresses.n; i++) {
        const char *colon = strchr(g->spec_addresses.items[i], ':');
        if (colon && str_eq_nocase(colon + 1, host))
            return true;
    }
    return false;
}

enum narrow { BY_ADDRESS, BY_PORT, BY_HOST, NARROW_COUNT };

static bool passes(enum narrow how, const struct asked *a, const struct route_table *t, const struct gateway *g)
{
    if (how == BY_ADDRESS)
        return has_address(g, a->host);
    const char *listener = options_value(&a->options, "--listener");
    if (listener && !gateway_listener(t, g, listener))
        return false;
    if (listener && !a->port_given)
        return true;
    return gateway_listens(t, g, &a->request, how == BY_HOST);
}

static void name_gateways(const struct snapshot *s, struct text *out)
{
    for (size_t i = 0; i < s->objects[KIND_GATEWAY].n; i++) {
        const struct object *o = s->objects[KIND_GATEWAY].items[i];
        text_printf(out, "%s%s/%s", i ? ", " : "", o->namespace, o->name);
    }
}

/* By address, by port, by host: the first of these that leaves one. */
static const struct gateway *choose_gateway(const struct asked *a, const struct snapshot *s, const struct route_table *t,
                                            struct error *err)
{
    const struct object_list *all = &s->objects[KIND_GATEWAY];
    const char *named = options_value(&a->options, "--gateway");
    TEXT_AUTO names = { 0 };
    char name[600];
    name_gateways(s, &names);
    if (all->n == 0) {
        error_set(err, ERR_ABSENT, "there is no Gateway %s", a->n_files ? "in these files" : "that may be read");
        error_remedy(err, "add the file with the Gateway, or look into `gatewatch doctor`");
        return NULL;
    }
    for (size_t i = 0; named && i < all->n; i++) {
        str_format(name, sizeof name, "%s/%s", all->items[i]->namespace, all->items[i]->name);
        if (str_eq(name, named))
            return (const struct gateway *)all->items[i];
    }
    if (!named && all->n == 1)
        return (const struct gateway *)all->items[0];
    for (enum narrow how = BY_ADDRESS; !named && how < NARROW_COUNT; how++) {
        const struct gateway *found = NULL;
        size_t n = 0;
        for (size_t i = 0; i < all->n; i++)
            if (passes(how, a, t, (const struct gateway *)all->items[i])) {
                found = (const struct gateway *)all->items[i];
                n++;
            }
        if (n == 1)
            return found;
    }
    if (named)
        error_set(err, ERR_USAGE, "there is no Gateway %s", named);
    else
        error_set(err, ERR_USAGE, "%zu Gateways could take this request", all->n);
    error_remedy(err, "name one with --gateway: %s", text_str(&names));
    return NULL;
}

static bool heed_listener(struct asked *a, const struct route_table *t, const struct gateway *g, struct error *err)
{
    const char *name = options_value(&a->options, "--listener");
    const struct listener *l = name ? gateway_listener(t, g, name) : NULL;
    if (!name)
        return true;
    if (!l)
        return error_set(err, ERR_USAGE, "Gateway %s/%s has no listener %s", g->object.namespace, g->object.name, name);
    if (str_eq(a->scheme, "http") != str_eq(l->protocol, "HTTP"))
        return error_set(err, ERR_USAGE, "listener %s speaks %s, and the URL %s", name, l->protocol, a->scheme);
    if (a->port_given && a->request.port != l->port)
        return error_set(err, ERR_USAGE, "listener %s has port %d, and the URL %d", name, l->port, a->request.port);
    a->request.port = l->port;
    return true;
}

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static int answer(struct asked *a, const struct snapshot *s, const struct route_table *t, const struct topology *topology)
{
    struct error err = { 0 };
    TEXT_AUTO text = { 0 };
    const struct gateway *g = choose_gateway(a, s, t, &err);
    if (!g || !heed_listener(a, t, g, &err)) {
        output_error(&err, a->options.json);
        return err.code == ERR_USAGE ? EXIT_USAGE : EXIT_UNKNOWN;
    }
    char name[600];
    str_format(name, sizeof name, "%s/%s", g->object.namespace, g->object.name);
    const struct topo_gateway *known = topology ? topology_gateway(topology, name) : NULL;
    const struct explain_options how = { .istio_minor = known ? known->istio_minor : 0, .assume_ready = !topology,
                                         .listener = options_value(&a->options, "--listener") };
    struct explanation *e = explanation_build(t, s, g, &a->request, &how);
    const struct explain_view view = { &a->request, e, t, s };
    if (a->options.json)
        report_explain_json(&view, &text);
    else
        report_explain_text(&view, output_columns(), &text);
    output_write(&text);
    const int code = report_explain_told(e) ? EXIT_OK : EXIT_UNKNOWN;
    explanation_free(e);
    return code;
}

static int from_files(struct asked *a)
{
    struct error err = { 0 };
    int code;
    struct store *store = store_new();
    if (folder_load(store, a->files, a->n_files, NULL, &err)) {
        struct snapshot *snapshot = store_snapshot(store, clock_wall_ms(), clock_mono_ms());
        struct route_table *table = route_table_build(snapshot);
        code = answer(a, snapshot, table, NULL);
        route_table_free(table);
        snapshot_unref(snapshot);
    } else {
        code = usage_error(&err, a->options.json);
    }
    store_free(store);
    return code;
}

static int from_cluster(struct asked *a, const struct settings *settings)
{
    struct error err = { 0 };
    int code = EXIT_UNKNOWN;
    struct engine *engine = engine_open(settings, &err);
    if (!engine) {
        output_error(&err, a->options.json);
        return EXIT_UNKNOWN;
    }
    struct view_data *view = oneshot_view(engine, settings, a->options.json, &code);
    if (view) {
        code = answer(a, view->snapshot, view->topology->routes_table, view->topology);
        view_data_unref(view);
    }
    engine_close(engine);
    return code;
}

static int run_explain(const struct settings *settings, int argc, char **argv)
{
    struct error err = { 0 };
    struct asked *a = xcalloc(1, sizeof *a);
    int code;
    if (!read_request(a, argc, argv, &err))
        code = usage_error(&err, a->options.json);
    else
        code = a->n_files ? from_files(a) : from_cluster(a, settings);
    free_pointer(&a);
    return code;
}

static const char *const words[] = { "-X", "-H", "--gateway", "--listener", "-f", "-o", NULL };
const struct command command_explain = {
    .name = "explain",
    .synopsis = "explain URL [-f FILE]... [-o text|json]",
    .summary = "which rule serves this request, and why the others do not",
    .details = "Options: -X METHOD, -H 'Name: value' (more than once), --gateway NAMESPACE/NAME, --listener NAME.\n\n"
               "Asks the live cluster, or with -f only these manifests (YAML or JSON, any number of objects; - is standard\n"
               "input): then no cluster and no Azure is needed, and backends are taken to be ready. A Host header speaks for\n"
               "the host, as with curl. --listener asks as if the request had come through that listener. Of several\n"
               "Gateways the one is taken whose address, port or hostnames fit; else --gateway must name it.\n"
               "Exit codes: 0 answered, whatever the status; 3 when it could not tell; 64 usage or a broken file.",
    .options = words,
    .run = run_explain,
};
