#include "unit/fake_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* ---- certificates ---- */

static char *fake_pem(X509 *cert, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes;
    if (cert)
        PEM_write_bio_X509(bio, cert);
    else
        PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    long len = BIO_get_mem_data(bio, &bytes);
    char *copy = strndup(bytes, (size_t)len);
    BIO_free(bio);
    return copy;
}

struct fake_cert fake_cert_new(const char *cn, const char *names, const struct fake_cert *ca, int from_days,
                                      int to_days)
{
    static long serial = 1000;
    struct fake_cert c = {.key = EVP_RSA_gen(2048), .cert = X509_new()};
    X509_set_version(c.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c.cert), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c.cert), from_days * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(c.cert), to_days * 86400L);
    X509_set_pubkey(c.cert, c.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c.cert), "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(c.cert, X509_get_subject_name(ca ? ca->cert : c.cert));
    X509V3_CTX v3;
    X509V3_set_ctx(&v3, ca ? ca->cert : c.cert, c.cert, NULL, NULL, 0);
    int nid = names ? NID_subject_alt_name : NID_basic_constraints;
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &v3, nid, names ? names : "critical,CA:TRUE");
    X509_add_ext(c.cert, e, -1);
    X509_EXTENSION_free(e);
    X509_sign(c.cert, ca ? ca->key : c.key, EVP_sha256());
    c.cert_pem = fake_pem(c.cert, NULL);
    c.key_pem = fake_pem(NULL, c.key);
    return c;
}

void fake_cert_free(struct fake_cert *c)
{
    EVP_PKEY_free(c->key);
    X509_free(c->cert);
    free(c->cert_pem);
    free(c->key_pem);
}

/* ---- the server ---- */

void fake_write(struct fake_conn *c, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = c->ssl ? SSL_write(c->ssl, bytes, (int)len) : send(c->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0) {
            c->close = true;
            return;
        }
        bytes += n;
        len -= (size_t)n;
    }
}

void fake_printf(struct fake_conn *c, const char *format, ...)
{
    char *text;
    va_list ap;
    va_start(ap, format);
    int len = vasprintf(&text, format, ap);
    va_end(ap);
    fake_write(c, text, (size_t)len);
    free(text);
}

void fake_reply(struct fake_conn *c, int status, const char *headers, const char *body)
{
    fake_printf(c, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n%s", status, headers, strlen(body), body);
}

bool fake_asked(const struct fake_conn *c, const char *begin)
{
    return strncmp(c->request, begin, strlen(begin)) == 0;
}

void fake_hang(struct fake_conn *c)
{
    char byte;
    while (!atomic_load(&c->server->stop)) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLRDHUP};
        if (poll(&p, 1, 20) > 0 && ((p.revents & (POLLRDHUP | POLLHUP)) || recv(c->fd, &byte, 1, MSG_PEEK) <= 0))
            break;
    }
    c->close = true;
}

static ssize_t fake_read(struct fake_conn *c, char *to, size_t max)
{
    while (!(c->ssl && SSL_pending(c->ssl))) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (atomic_load(&c->server->stop))
            return 0;
        if (poll(&p, 1, 50) > 0)
            break;
    }
    return c->ssl ? SSL_read(c->ssl, to, (int)max) : recv(c->fd, to, max, 0);
}

/* One request into `buffer`; false at the end. */
static bool fake_take(struct fake_conn *c, char *buffer, size_t cap)
{
    size_t len = 0, want = 0;
    while (len < cap - 1) {
        ssize_t n = fake_read(c, buffer + len, cap - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        buffer[len] = '\0';
        c->body = buffer + len;
        if (buffer[0] == 0x16)      /* a TLS greeting: any server answers that it does not understand */
            return true;
        char *end = strstr(buffer, "\r\n\r\n");
        if (end && !want) {
            const char *length = strcasestr(buffer, "\r\nContent-Length:");
            want = (size_t)(end + 4 - buffer) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
            c->body = end + 4;
        }
        if (want && len >= want)
            return true;
    }
    return false;
}

static void *fake_serve(void *arg)
{
    struct fake_conn *c = arg;
    struct fake_server *s = c->server;
    enum { CAP = 256 * 1024 };
    char *buffer = malloc(CAP);
    bool ok = true;
    /* Here only: that the client's threads are safe from it is part of what is tested. */
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    if (s->tls) {
        c->ssl = SSL_new(s->tls);
        SSL_set_fd(c->ssl, c->fd);
        ok = SSL_accept(c->ssl) == 1;
        if (!ok) {          /* the alert must not be lost in a reset */
            shutdown(c->fd, SHUT_WR);
            while (recv(c->fd, buffer, CAP, 0) > 0)
                continue;
        }
    }
    while (ok && !c->close && fake_take(c, buffer, CAP)) {
        c->request = buffer;
        atomic_fetch_add(&s->requests, 1);
        int now = atomic_fetch_add(&s->at_once, 1) + 1, most = atomic_load(&s->most_at_once);
        while (now > most && !atomic_compare_exchange_weak(&s->most_at_once, &most, now))
            continue;
        s->handle(c, s->ctx);
        atomic_fetch_sub(&s->at_once, 1);
    }
    if (c->ssl) {
        SSL_shutdown(c->ssl);
        SSL_free(c->ssl);
    }
    close(c->fd);
    free(buffer);
    free(c);
    atomic_fetch_sub(&s->running, 1);
    return NULL;
}

static void *fake_accept(void *arg)
{
    struct fake_server *s = arg;
    while (!atomic_load(&s->stop)) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        if (poll(&p, 1, 50) <= 0)
            continue;
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0)
            continue;
        struct timeval limit = {.tv_sec = 5};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        atomic_fetch_add(&s->connections, 1);
        atomic_fetch_add(&s->running, 1);
        struct fake_conn *c = calloc(1, sizeof *c);
        c->server = s;
        c->fd = fd;
        pthread_t t;
        pthread_create(&t, NULL, fake_serve, c);
        pthread_detach(t);
    }
    return NULL;
}

struct fake_server *fake_start(fake_handler *handle, void *ctx, const struct fake_cert *cert, const struct fake_cert *client_ca)
{
    struct fake_server *s = calloc(1, sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    s->handle = handle;
    s->ctx = ctx;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(s->fd, 64) < 0 ||
        getsockname(s->fd, (struct sockaddr *)&at, &len) < 0)
        abort();
    s->port = ntohs(at.sin_port);
    if (cert) {
        s->tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_use_certificate(s->tls, cert->cert);
        SSL_CTX_use_PrivateKey(s->tls, cert->key);
        if (client_ca) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(s->tls), client_ca->cert);
            SSL_CTX_set_verify(s->tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        }
    }
    pthread_create(&s->thread, NULL, fake_accept, s);
    return s;
}

void fake_stop(struct fake_server *s)
{
    atomic_store(&s->stop, true);
    pthread_join(s->thread, NULL);
    while (atomic_load(&s->running) > 0)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    close(s->fd);
    SSL_CTX_free(s->tls);
    free(s);
}
