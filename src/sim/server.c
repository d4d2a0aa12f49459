/* HTTPS: takes requests, finds out who asks, lets the faults play, hands over to the APIs, sends
 * replies. */
#include "server.h"
#include "kube.h"
#include "text.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_BODY (3u << 20) /* as kube-apiserver */
#define MAX_CONNECTIONS 2000

struct server {
    struct MHD_Daemon *daemon;
};

static int connection_fd(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}

static bool peer_gone(struct MHD_Connection *connection)
{
    struct pollfd p = {.fd = connection_fd(connection), .events = POLLRDHUP};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* Sleeps, but not beyond the end of the server or the client's patience. */
static bool pause_for(struct exchange *x, long milliseconds)
{
    while (milliseconds > 0) {
        long step = milliseconds < 50 ? milliseconds : 50;
        struct timespec t = {step / 1000, step % 1000 * 1000000};

        nanosleep(&t, NULL);
        milliseconds -= step;
        if (x->world->stopping || peer_gone(x->connection))
            return false;
    }
    return true;
}

/* ---- who asks -------------------------------------------------------------------------------- */

/* The common name of a client certificate that our CA signed; malloc'd, or NULL. */
static char *certificate_name(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info ? info->tls_session : NULL;
    unsigned status = 1, n = 0;
    const gnutls_datum_t *chain = session ? gnutls_certificate_get_peers(session, &n) : NULL;
    gnutls_x509_crt_t cert;
    char name[256];
    size_t size = sizeof name;
    char *result = NULL;

    if (!chain || !n || gnutls_certificate_verify_peers2(session, &status) || status ||
        gnutls_x509_crt_init(&cert))
        return NULL;
    if (!gnutls_x509_crt_import(cert, &chain[0], GNUTLS_X509_FMT_DER) &&
        !gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &size))
        result = xstrdup(name);
    gnutls_x509_crt_deinit(cert);
    return result;
}

static const char *find_principal(struct exchange *x, bool kubernetes)
{
    const char *header = request_header(&x->request, "Authorization");
    const char *bearer = header && !strncasecmp(header, "Bearer ", 7) ? header + 7 : NULL;
    const char *principal = NULL;

    if (bearer && kubernetes)
        principal = kube_principal(x->world, bearer);
    if (bearer && !principal)
        principal = entra_principal(x->world, bearer, kubernetes ? "kubernetes" : "arm");
    if (!bearer && kubernetes) {
        char *name = certificate_name(x->connection);

        principal = name ? kube_principal_named(x->world, name) : NULL;
        free(name);
    }
    return principal;
}

/* ---- routing --------------------------------------------------------------------------------- */

static bool path_is(const char *path, const char *root)
{
    size_t n = strlen(root);

    return !strncasecmp(path, root, n) && (!path[n] || path[n] == '/');
}

static bool kubernetes_path(const char *path)
{
    static const char *const roots[] = {"/api",    "/apis",    "/version", "/livez",
                                        "/readyz", "/healthz", "/openapi"};

    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++)
        if (path_is(path, roots[i]))
            return true;
    return false;
}

/* The path below the Kubernetes prefix, or NULL when it is not Kubernetes. */
static const char *below_prefix(const struct world *world, const char *path)
{
    const char *prefix = world->options->prefix ? world->options->prefix : "";

    if (!starts_with(path, prefix))
        return NULL;
    path += strlen(prefix);
    return kubernetes_path(path) ? path : NULL;
}

static bool is_entra(const char *path)
{
    size_t len = strlen(path);

    return path_is(path, "/adfs") || path_is(path, "/metadata/identity") ||
           path_is(path, "/common") || path_is(path, "/msi") || strstr(path, "/oauth2/") ||
           strstr(path, "/.well-known/") || (len >= 7 && ends_with(path, "/oauth2"));
}

static bool is_arm(const char *path)
{
    return path_is(path, "/subscriptions") || path_is(path, "/providers") ||
           path_is(path, "/tenants") || path_is(path, "/metadata");
}

static void dispatch(struct exchange *x, const char *kube_path)
{
    struct world *world = x->world;
    const char *path = x->request.path;

    if (path_is(path, "/_sim"))
        control_handle(world, &x->request, &x->reply);
    else if (kube_path)
        kube_handle(world, &x->request, &x->reply);
    else if (is_entra(path))
        entra_handle(world, &x->request, &x->reply);
    else if (is_arm(path))
        arm_handle(world, &x->request, &x->reply);
    else
        reply_text(&x->reply, 404, NULL, "404 page not found\n");
    if (!x->reply.status)
        reply_text(&x->reply, 500, NULL, "no answer\n");
}

static void render(struct sim_reply *reply)
{
    if (reply->stream || reply->text || !reply->json)
        return;
    reply->text = json_dumps(reply->json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!reply->content_type)
        reply->content_type = "application/json";
}

/* ---- sending --------------------------------------------------------------------------------- */

struct outgoing {
    struct exchange *exchange;
    struct sim_stream *stream; /* or text */
    char *chunk;
    size_t len, done;
    uint64_t sent;
    long cut;
};

static ssize_t outgoing_read(void *ctx, uint64_t position, char *out, size_t max)
{
    struct outgoing *o = ctx;

    (void)position;
    if (o->cut >= 0 && o->sent >= (uint64_t)o->cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    while (o->done == o->len) {
        if (!o->stream)
            return MHD_CONTENT_READER_END_OF_STREAM;
        free(o->chunk);
        o->chunk = NULL;
        o->len = o->done = 0;
        if (o->exchange->world->stopping || !o->stream->next(o->stream, &o->chunk, &o->len))
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (!o->len && peer_gone(o->exchange->connection))
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (max > o->len - o->done)
        max = o->len - o->done;
    if (o->cut >= 0 && max > (uint64_t)o->cut - o->sent)
        max = (size_t)((uint64_t)o->cut - o->sent);
    memcpy(out, o->chunk + o->done, max);
    o->done += max;
    o->sent += max;
    return (ssize_t)max;
}

static void outgoing_free(void *ctx)
{
    struct outgoing *o = ctx;

    if (o->stream)
        o->stream->close(o->stream);
    free(o->chunk);
    free(o);
}

static struct MHD_Response *make_response(struct exchange *x, long cut)
{
    struct sim_reply *reply = &x->reply;
    struct outgoing *o;

    if (!reply->stream && cut < 0) {
        char *text = reply->text ? reply->text : xstrdup("");

        reply->text = NULL;
        return MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    }
    o = xcalloc(1, sizeof *o);
    *o = (struct outgoing){.exchange = x, .stream = reply->stream, .cut = cut};
    if (!o->stream && reply->text) {
        o->chunk = reply->text;
        o->len = strlen(o->chunk);
    }
    reply->text = NULL;
    reply->stream = NULL;
    /* A reply that is cut announces its whole length, as a broken proxy would. */
    return MHD_create_response_from_callback(o->stream ? MHD_SIZE_UNKNOWN : o->len, 16384,
                                             outgoing_read, o, outgoing_free);
}

static enum MHD_Result send_reply(struct exchange *x, long cut)
{
    struct sim_reply *reply = &x->reply;
    const char *type = reply->content_type ? reply->content_type : "text/plain; charset=utf-8";
    struct MHD_Response *response = make_response(x, cut);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (size_t i = 0; i < reply->n_headers; i++)
        MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    result = MHD_queue_response(x->connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- one exchange ---------------------------------------------------------------------------- */

static enum MHD_Result reset_connection(struct exchange *x)
{
    struct linger now = {1, 0};

    setsockopt(connection_fd(x->connection), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    return MHD_NO;
}

static void log_request(struct exchange *x, int status)
{
    struct world *world = x->world;
    double now;

    pthread_mutex_lock(&world->lock);
    now = world_now(world);
    pthread_mutex_unlock(&world->lock);
    request_log_add(world->log, now, &x->request, x->raw_query, status);
}

static void drop_reply(struct sim_reply *reply)
{
    if (reply->stream)
        reply->stream->close(reply->stream);
    reply->stream = NULL;
    json_decref(reply->json);
    reply->json = NULL;
    free(reply->text);
    reply->text = NULL;
    reply->content_type = NULL;
}

static const char *const garbage =
    "\x01\xff\xfe{\"kind\": \"List\xc3\x28\", \"items\": [[[[[[[[[ <html>\x1b[31m \x80\x81";

/* True when the fault replaces the reply. */
static bool fault_replaces(struct sim_reply *reply, struct fault_effect *fault)
{
    char *text;

    if (!fault->hit || (!fault->status && !fault->garbage && !fault->body))
        return false;
    drop_reply(reply);
    if (fault->body)
        text = xstrdup(fault->body);
    else if (fault->garbage)
        text = xstrdup(garbage);
    else
        text = format_text(
            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
            "\"message\":"
            "\"injected fault\",\"error\":{\"code\":\"InjectedFault\",\"message\":\"injected "
            "fault\"},"
            "\"code\":%d}",
            fault->status);
    reply->status = fault->status ? fault->status : 200;
    reply->text = text;
    reply->content_type = fault->type ? fault->type : "application/json";
    return true;
}

static enum MHD_Result answer(struct exchange *x)
{
    struct world *world = x->world;
    struct sim_request *request = &x->request;
    const char *kube_path = below_prefix(world, x->path);
    bool control = path_is(x->path, "/_sim");
    struct fault_effect fault = {.cut = -1, .retry_after = -1};
    enum MHD_Result result;

    request->path = kube_path ? kube_path : x->path;
    request->body = x->body ? x->body : "";
    request->body_len = x->body_len;
    request->base = world->base;
    pthread_mutex_lock(&world->lock);
    request->principal = control ? NULL : find_principal(x, kube_path);
    int latency = control ? 0 : world->latency_ms;
    pthread_mutex_unlock(&world->lock);
    if (!control)
        fault = faults_match(world->faults, request->method, x->raw_url, request->principal);
    const bool hang_first = fault.hang && !fault.allow_processing;
    if (!pause_for(x, latency + fault.delay_ms) || (hang_first && !pause_for(x, 3600 * 1000L)) ||
        (fault.close && !fault.allow_processing)) {
        fault_effect_free(&fault);
        log_request(x, 0);
        return reset_connection(x);
    }
    if (fault.allow_processing || !fault_replaces(&x->reply, &fault)) {
        pthread_mutex_lock(&world->lock);
        dispatch(x, kube_path);
        render(&x->reply);
        pthread_mutex_unlock(&world->lock);
        if (fault.allow_processing)
            fault_replaces(&x->reply, &fault);
    }
    if (fault.retry_after >= 0)
        reply_header(&x->reply, "Retry-After", "%d", fault.retry_after);
    if (!control)
        log_request(x, x->reply.status);
    if (fault.hang && !hang_first)
        pause_for(x, 3600 * 1000L);
    result = fault.close ? reset_connection(x) : send_reply(x, fault.cut);
    fault_effect_free(&fault);
    return result;
}

static void take_body(struct exchange *x, const char *data, size_t len)
{
    if (x->body_len + len > MAX_BODY) {
        x->body_too_large = true;
        return;
    }
    if (x->body_len + len + 1 > x->body_size) {
        x->body_size = (x->body_len + len + 1) * 2;
        x->body = xrealloc(x->body, x->body_size);
    }
    memcpy(x->body + x->body_len, data, len);
    x->body_len += len;
    x->body[x->body_len] = '\0';
}

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *http_version, const char *data,
                                 size_t *len, void **state)
{
    struct exchange *x = *state;

    (void)ctx;
    (void)url;
    (void)http_version;
    if (!x->started) {
        x->started = true;
        x->connection = connection;
        x->request = (struct sim_request){.method = method, .raw_url = x->raw_url, .exchange = x};
        return MHD_YES;
    }
    if (*len) {
        take_body(x, data, *len);
        *len = 0;
        return MHD_YES;
    }
    if (x->answered)
        return MHD_NO;
    x->answered = true;
    if (x->body_too_large) {
        reply_status(&x->reply, 413, "RequestEntityTooLarge", NULL,
                     "Request entity too large: limit is %u", MAX_BODY);
        render(&x->reply);
        return send_reply(x, -1);
    }
    return answer(x);
}

static void *on_uri(void *ctx, const char *uri, struct MHD_Connection *connection)
{
    (void)connection;
    return exchange_new(ctx, uri);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    (void)ctx;
    (void)connection;
    (void)how;
    exchange_free(*state);
    *state = NULL;
}

struct server *server_start(struct world *world, int listen_fd, const struct tls_material *tls)
{
    struct server *server = xcalloc(1, sizeof *server);

    server->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS |
            MHD_USE_AUTO,
        0, NULL, NULL, on_access, world, MHD_OPTION_LISTEN_SOCKET, listen_fd,
        MHD_OPTION_HTTPS_MEM_KEY, tls->server_key_pem, MHD_OPTION_HTTPS_MEM_CERT,
        tls->server_cert_pem, MHD_OPTION_HTTPS_MEM_TRUST, tls->ca_pem, MHD_OPTION_URI_LOG_CALLBACK,
        on_uri, world, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)131072,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)1 << 20, MHD_OPTION_END);
    if (server->daemon)
        return server;
    fputs("gatewatch-sim: cannot start the HTTPS server\n", stderr);
    free(server);
    return NULL;
}

void server_stop(struct server *server)
{
    MHD_stop_daemon(server->daemon);
    free(server);
}
