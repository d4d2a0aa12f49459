#include "http/easy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/reply.h"
#include "http/tls.h"

/* ---- what arrives ---- */

static size_t stream_piece(struct job *job, const char *bytes, size_t len);

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
    struct job *job = ctx;
    struct exchange *x = job->x;
    size_t len = size * n;
    if (len >= 5 && strncmp(line, "HTTP/", 5) == 0) {   /* a new block: after 1xx, or another try */
        text_reset(&x->reply_headers);
        return len;
    }
    if (x->reply_headers.len + len > MAX_HEADERS) {
        job->headers_too_large = true;
        return 0;
    }
    long status = 0;
    curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
    if (len <= 2 && status >= 200 && !job->got_headers) {
        job->got_headers = true;
        if (x->stream)
            job->due_ms = x->deadline_ms ? job->started_ms + x->deadline_ms : 0;
        if (x->stream && status < 300)
            stream_piece(job, "", 0);       /* the stream is open, though it may say nothing for long */
    }
    reply_add_header(&x->reply_headers, line, len);
    return len;
}

static size_t stream_piece(struct job *job, const char *bytes, size_t len)
{
    struct exchange *x = job->x;
    if (atomic_load(&x->unread) >= STREAM_HIGH) {
        /* Home looks at `paused` after it took bytes away, we look at the bytes after setting it: one of us sees. */
        atomic_store(&x->paused, true);
        if (atomic_load(&x->unread) >= STREAM_HIGH)
            return CURL_WRITEFUNC_PAUSE;
        atomic_store(&x->paused, false);
    }
    struct arrival *piece = xcalloc(1, sizeof *piece);
    *piece = (struct arrival){.exchange = x, .bytes = xcalloc(1, len + 1), .len = len};
    memcpy(piece->bytes, bytes, len);
    atomic_fetch_add(&x->unread, len);
    channel_push(job->arrivals, piece);
    return len;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct job *job = ctx;
    struct exchange *x = job->x;
    size_t len = size * n;
    long status = 0;
    curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
    bool good = status >= 200 && status < 300;
    if (len == 0)
        return 0;
    if (good && x->stream)
        return stream_piece(job, bytes, len);
    /* An error page's beginning is enough; a reply that is cut would be a lie. */
    size_t max = good ? x->max_body : MAX_ERROR_BODY;
    if (len > max - x->reply.len) {
        job->body_too_large = good;
        if (good)
            return 0;
        text_add(&x->reply, bytes, max - x->reply.len);
        return len;
    }
    text_add(&x->reply, bytes, len);
    return len;
}

static size_t drop(char *bytes, size_t size, size_t n, void *ctx)
{
    (void)bytes, (void)ctx;
    return size * n;
}

/* ---- setting up ---- */

static void set_blob(CURL *easy, CURLoption option, const char *text)
{
    struct curl_blob blob = {.data = (void *)(uintptr_t)text, .len = strlen(text), .flags = CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, option, &blob);
}

static void set_connection(struct job *job)
{
    const struct endpoint *to = job->x->to;
    CURL *easy = job->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);     /* a hanging resolver must not hold up the others */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);     /* what the gate saw is what is sent */
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 15L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 86400000L);    /* our own clock ends it */
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job->detail);
    if (to->proxy) {
        curl_easy_setopt(easy, CURLOPT_PROXY, to->proxy);
        curl_easy_setopt(easy, CURLOPT_NOPROXY, *to->proxy ? "" : "*");
    }
    if (to->ca_pem) {
        /* Only this one: the system's roots, which Debian's libcurl adds by itself, are taken away. */
        set_blob(easy, CURLOPT_CAINFO_BLOB, to->ca_pem);
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (to->server_name) {
        char from[300], real[300];
        struct url named = to->url;
        str_copy(named.host, sizeof named.host, to->server_name);
        named.ipv6 = false;
        url_authority(&named, true, from);
        url_authority(&to->url, true, real);
        FREE_AUTO char *map = xasprintf("%s:%s", from, real);
        job->connect_to = curl_slist_append(NULL, map);
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, job->connect_to);
    }
}

static void add_line(struct job *job, const char *line)
{
    job->lines = curl_slist_append(job->lines, line);
}

static bool has_header(const struct exchange *x, const char *name)
{
    size_t len = strlen(name);
    for (char **h = x->headers; h && *h; h++)
        if (strncasecmp(*h, name, len) == 0 && (*h)[len] == ':')
            return true;
    return false;
}

static void set_headers(struct job *job)
{
    const struct exchange *x = job->x;
    for (char **h = x->headers; h && *h; h++) {
        size_t len = strlen(*h);
        if (len && (*h)[len - 1] == ':') {      /* an empty value: libcurl wants it said with a semicolon */
            FREE_AUTO char *empty = xasprintf("%.*s;", (int)len - 1, *h);
            add_line(job, empty);
        } else {
            add_line(job, *h);
        }
    }
    if (x->bearer) {
        char *line = xasprintf("Authorization: Bearer %s", secret_reveal(x->bearer));
        add_line(job, line);
        secret_wipe(line, strlen(line));
        free(line);
    }
    if (x->to->server_name) {
        FREE_AUTO char *host = xasprintf("Host: %s", x->to->label);
        add_line(job, host);
    }
    add_line(job, "Expect:");
    if (!has_header(x, "Content-Type"))
        add_line(job, "Content-Type:");
    if (!has_header(x, "Accept"))
        add_line(job, "Accept: application/json");
    curl_easy_setopt(job->easy, CURLOPT_HTTPHEADER, job->lines);
    if (x->basic) {
        curl_easy_setopt(job->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(job->easy, CURLOPT_USERPWD, secret_reveal(x->basic));
    }
}

static void set_request(struct job *job, const char *user_agent)
{
    struct exchange *x = job->x;
    CURL *easy = job->easy;
    curl_easy_setopt(easy, CURLOPT_URL, x->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent);
    /* Not HTTP/2: libcurl 7.88.1 (Debian 12) now and then never ends a large list beside other streams of the same
     * connection, once in about a hundred lists of 500 routes from a real API server; by HTTP/1.1, never. The price is one
     * connection per watch. */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
    if (!x->stream && !x->to->no_compression)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (strcmp(x->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (x->body || strcmp(x->method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->body ? x->body : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, x->method);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        if (strcmp(x->method, "GET") != 0)
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, x->method);
    }
    /* On a kept connection that closes without an answer, curl would send the request a second time. */
    if (x->writes)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    if (x->to->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (x->to->client_cert_pem) {
        set_blob(easy, CURLOPT_SSLCERT_BLOB, x->to->client_cert_pem);
        set_blob(easy, CURLOPT_SSLKEY_BLOB, secret_reveal(x->to->client_key_pem));
        curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
        curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
    }
    set_headers(job);
}

/* A handshake without verification that sends no request and no credential: it only reads the certificate. */
static void set_peek(struct job *job)
{
    CURL *easy = job->easy;
    curl_easy_setopt(easy, CURLOPT_URL, job->x->url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
}

void easy_open(struct job *job, const char *user_agent)
{
    job->easy = curl_easy_init();
    if (!job->easy)
        return;
    job->detail[0] = '\0';
    curl_easy_setopt(job->easy, CURLOPT_PRIVATE, job);
    set_connection(job);
    if (job->peeking)
        set_peek(job);
    else
        set_request(job, user_agent);
}

void easy_close(struct job *job)
{
    curl_easy_cleanup(job->easy);
    job->easy = NULL;
    for (struct curl_slist *l = job->lines; l; l = l->next)
        secret_wipe(l->data, strlen(l->data));
    curl_slist_free_all(job->lines);
    curl_slist_free_all(job->connect_to);
    job->lines = job->connect_to = NULL;
}

/* ---- what went wrong ---- */

static void explain_connect(struct job *job, struct error *err)
{
    const char *label = job->x->to->label;
    long os = 0;
    curl_easy_getinfo(job->easy, CURLINFO_OS_ERRNO, &os);
    if (os == ECONNREFUSED)
        error_set(err, ERR_NETWORK, "%s refused the connection", label);
    else if (os == ENETUNREACH || os == EHOSTUNREACH)
        error_set(err, ERR_NETWORK, "there is no route to %s", label);
    else
        error_set(err, ERR_NETWORK, "no connection to %s%s%s", label, os ? ": " : "", os ? strerror((int)os) : "");
    error_remedy(err, "check address, VPN and firewall");
}

static void explain_tls(struct job *job, CURLcode result, struct error *err)
{
    const char *label = job->x->to->label;
    char detail[200];
    text_clean(detail, sizeof detail, job->detail, strlen(job->detail), false);
    if (result == CURLE_SSL_CACERT_BADFILE) {
        error_set(err, ERR_TLS, "the certificate of %s cannot be checked: this machine has no list of CAs", label);
        error_remedy(err, "install the package ca-certificates, or give the server's CA");
    } else if (result == CURLE_SSL_CERTPROBLEM) {
        error_set(err, ERR_TLS, "the client certificate for %s cannot be used: %s", label, detail);
    } else if (str_has_nocase(detail, "alert") && str_has_nocase(detail, "certificate")) {
        error_set(err, ERR_TLS, "%s does not accept the client certificate: %s", label,
                  detail);
        error_remedy(err, "check client-certificate and client-key of the user");
    } else if (str_has_nocase(detail, "wrong version number") || str_has_nocase(detail, "packet length")) {
        error_set(err, ERR_TLS, "%s does not speak TLS on this port", label);
        error_remedy(err, "check port and scheme of the address");
    } else {
        error_set(err, ERR_TLS, "the TLS handshake with %s failed: %s", label, detail);
    }
}

static void explain_broken(struct job *job, struct error *err)
{
    const char *label = job->x->to->label;
    char detail[160];
    text_clean(detail, sizeof detail, job->detail, strlen(job->detail), false);
    error_set(err, ERR_NETWORK, "%s closed the connection %s%s%s", label,
              job->got_headers ? "in the middle of its reply" : "without a reply", detail[0] ? ": " : "", detail);
    if (!job->got_headers && job->x->to->client_cert_pem)
        error_remedy(err, "if this goes on, it may not accept the client certificate");
}

static bool is_alert(const struct job *job)
{
    return str_has_nocase(job->detail, "alert") || str_has_nocase(job->detail, "SSL_");
}

static void explain_too_large(struct job *job, struct error *err)
{
    const struct exchange *x = job->x;
    if (job->body_too_large)
        error_set(err, ERR_PROTOCOL, "%s sent a reply of more than %zu KiB", x->to->label, x->max_body / 1024);
    else
        error_set(err, ERR_PROTOCOL, "%s sent headers of more than %d KiB", x->to->label, MAX_HEADERS / 1024);
}

static void explain_other(struct job *job, CURLcode result, struct error *err)
{
    char detail[200];
    const char *said = job->detail[0] ? job->detail : curl_easy_strerror(result);
    text_clean(detail, sizeof detail, said, strlen(said), false);
    bool garbled = result == CURLE_WEIRD_SERVER_REPLY || result == CURLE_BAD_CONTENT_ENCODING ||
                   result == CURLE_UNSUPPORTED_PROTOCOL;
    error_set(err, garbled ? ERR_PROTOCOL : ERR_NETWORK, "the exchange with %s failed: %s", job->x->to->label, detail);
}

static void explain_name(const struct job *job, const char *what, struct error *err)
{
    error_set(err, ERR_NETWORK, "the name of %s%s cannot be resolved", what, job->x->to->label);
    error_remedy(err, *what ? "check proxy-url, HTTPS_PROXY and NO_PROXY" : "check the name, DNS and VPN");
}

/* A proxy that refuses the tunnel looks to libcurl like a broken connection. */
static bool explain_tunnel(struct job *job, struct error *err)
{
    long status = 0;
    curl_easy_getinfo(job->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (job->got_headers || status < 300)
        return false;
    error_set(err, ERR_NETWORK, "the proxy refused a connection to %s with %ld", job->x->to->label, status);
    error_remedy(err, status == 407 ? "give user name and password in proxy-url or HTTPS_PROXY"
                                    : "check proxy-url, HTTPS_PROXY and NO_PROXY");
    return true;
}

bool easy_explain(struct job *job, CURLcode result)
{
    struct error *err = &job->x->error;
    if (explain_tunnel(job, err))
        return false;
    switch ((int)result) {
    case CURLE_COULDNT_RESOLVE_HOST:
        explain_name(job, "", err);
        return false;
    case CURLE_COULDNT_RESOLVE_PROXY:
        explain_name(job, "the proxy for ", err);
        return false;
    case CURLE_PROXY:
        error_set(err, ERR_NETWORK, "the proxy for %s does not let the connection through", job->x->to->label);
        error_remedy(err, "check proxy-url, HTTPS_PROXY and NO_PROXY");
        return false;
    case CURLE_COULDNT_CONNECT:
        explain_connect(job, err);
        return false;
    case CURLE_OPERATION_TIMEDOUT:
        easy_explain_timeout(job);
        return false;
    case CURLE_PEER_FAILED_VERIFICATION:
        tls_explain(NULL, job->x->to->label, "", job->x->to->ca_pem != NULL, job->detail, err);
        memcpy(job->first_detail, job->detail, sizeof job->detail);
        return true;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
        explain_tls(job, result, err);
        return false;
    case CURLE_WRITE_ERROR:
    case CURLE_OUT_OF_MEMORY:       /* how libcurl says that one header line is beyond its own limit */
        explain_too_large(job, err);
        return false;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        if (!job->got_headers && is_alert(job))
            explain_tls(job, result, err);
        else
            explain_broken(job, err);
        return false;
    default:
        explain_other(job, result, err);
        return false;
    }
}

void easy_explain_certificate(struct job *job)
{
    struct exchange *x = job->x;
    const char *leaf = NULL, *name = x->to->server_name ? x->to->server_name : x->to->url.host;
    struct curl_certinfo *chain = NULL;
    if (job->easy && curl_easy_getinfo(job->easy, CURLINFO_CERTINFO, &chain) == CURLE_OK && chain &&
        chain->num_of_certs > 0)
        for (struct curl_slist *l = chain->certinfo[0]; l; l = l->next)
            if (strncmp(l->data, "Cert:", 5) == 0)
                leaf = l->data + 5;
    x->error = job->failed;
    if (leaf)
        tls_explain(leaf, x->to->label, name, x->to->ca_pem != NULL, job->first_detail,
                    &x->error);
}

void easy_explain_timeout(struct job *job)
{
    struct exchange *x = job->x;
    const char *label = x->to->label;
    curl_off_t named = 0, connected = 0, secured = 0, asked = 0;
    int64_t ms = clock_mono_ms() - job->started_ms;
    char after[32];
    str_format(after, sizeof after, ms < 10000 ? "%.1f s" : "%.0f s", (double)ms / 1000);
    if (job->easy) {
        curl_easy_getinfo(job->easy, CURLINFO_NAMELOOKUP_TIME_T, &named);
        curl_easy_getinfo(job->easy, CURLINFO_CONNECT_TIME_T, &connected);
        curl_easy_getinfo(job->easy, CURLINFO_APPCONNECT_TIME_T, &secured);
        curl_easy_getinfo(job->easy, CURLINFO_PRETRANSFER_TIME_T, &asked);
    }
    if (job->got_headers)
        error_set(&x->error, ERR_TIMEOUT, "%s did not finish its reply within %s", label, after);
    else if (asked)
        error_set(&x->error, ERR_TIMEOUT, "%s did not answer within %s", label, after);
    else if (!named && !connected)
        error_set(&x->error, ERR_TIMEOUT, "no connection to %s within %s: its name is not resolved yet", label, after);
    else if (!connected)
        error_set(&x->error, ERR_TIMEOUT, "no connection to %s within %s", label, after);
    else if (x->to->url.tls && !secured)
        error_set(&x->error, ERR_TIMEOUT, "no TLS handshake with %s within %s", label, after);
    else
        error_set(&x->error, ERR_TIMEOUT, "%s did not answer within %s", label, after);
    error_remedy(&x->error, "%s", asked ? "try again, or give it longer with --timeout"
                                            : "check address, VPN, firewall and proxy");
}
