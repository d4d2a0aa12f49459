/* The inside of the HTTPS server: one exchange is one request with its reply. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "sim.h"

struct MHD_Connection;

struct parameter {
    char *key, *value;
};
struct exchange {
    struct world *world;
    struct MHD_Connection *connection;
    char *raw_url, *path;  /* as sent; decoded without query */
    const char *raw_query; /* inside raw_url, "" when none */
    struct parameter *query, *form;
    size_t n_query, n_form;
    bool form_parsed, started, answered, body_too_large;
    char *body;
    size_t body_len, body_size;
    struct sim_request request;
    struct sim_reply reply;
};

/* request.c */
struct exchange *exchange_new(struct world *, const char *raw_url);
void exchange_free(struct exchange *);
char *url_decode(const char *text, size_t len, bool plus_is_space);

/* ---- faults.c: what goes wrong on purpose ---- */
struct fault_effect {
    bool hit;
    int status, delay_ms, retry_after;
    long cut; /* bytes of the body to send before closing, or -1 */
    bool garbage, close, hang, allow_processing;
    char *body, *type; /* owned */
};
/* Adds the faults of a specification; NULL, or what is wrong with it (malloc'd). */
char *faults_add(struct faults *, const char *spec);
void faults_clear(struct faults *);
json_t *faults_list(struct faults *);
struct faults *faults_new(void);
struct fault_effect faults_match(struct faults *, const char *method, const char *raw_url,
                                 const char *principal);
void fault_effect_free(struct fault_effect *);
extern const char fault_help[];

/* ---- reqlog.c: what was asked, for tests that prove that nothing was written ---- */
struct request_log *request_log_new(void);
void request_log_add(struct request_log *, double when, const struct sim_request *,
                     const char *query, int status);
json_t *request_log_list(struct request_log *, unsigned long long since);
void request_log_clear(struct request_log *);

/* ---- tls.c ---- */
struct tls_material {
    char *ca_pem, *server_cert_pem, *server_key_pem;
    char *client_cert_pem, *client_key_pem; /* for the principal in its common name */
};
/* `address` is what the server listens on; localhost, 127.0.0.1 and ::1 are always in the
 * certificate. False with a line on standard error. */
bool tls_make(struct tls_material *, const char *address, const char *client_name);
void tls_free(struct tls_material *);

/* ---- server.c ---- */
struct server;
/* NULL with a line on standard error. */
struct server *server_start(struct world *, int listen_fd, const struct tls_material *);
void server_stop(struct server *);

/* ---- output.c ---- */
bool output_write(struct world *, const struct tls_material *);
/* After credentials_rotate; with world.lock held. */
bool output_rewrite_tokens(struct world *);

#endif
