/* Application Gateway's probe log, classified. The table and its order are azure.md 3: the first row that hits wins, and
 * the order matters: 2 stands before 6 and 7, 10 before 11. */
#include "topology_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct row {
    enum probe_cause cause;
    const char *needles[5];     /* any of them, without case */
    const char *step;
};

static const struct row rows[] = {
    { CAUSE_OK, { "success." }, "" },
    { CAUSE_UNKNOWN_RETRIEVE, { "could not be retrieved", "unknownbackendhealth", "unable to retrieve health status" },
      "ask the network team: inbound 65200-65535 (v2) or 65503-65534 (v1) from GatewayManager, default routes and DNS of "
      "the gateway's subnet" },
    { CAUSE_HTTP_STATUS, { "invalid status code", "status code of the backend", "statuscodemismatch" },
      "look at what answers the probe's host and path" },
    { CAUSE_BODY, { "body of the backend", "response body" },
      "compare the body that the backend answers with the probe's match" },
    { CAUSE_TIMEOUT, { "time taken by the backend", "probetimeout" },
      "check the load balancer's own probe first, then network rules, then the timeout" },
    { CAUSE_TCP_CONNECT, { "cannot connect to backend", "could not connect to the backend", "servernotreachable" },
      "check the port, the load balancer's rules, and network security groups" },
    { CAUSE_DNS, { "could not create a probe", "dnsresolutionerror" },
      "resolve the pool's name from the gateway's network" },
    { CAUSE_TLS_CN, { "common name", "cnmismatch" },
      "set the probe's or the settings' host name to a name on the backend's certificate" },
    { CAUSE_TLS_EXPIRED, { "valid from" }, "renew the certificate of the gateway's listener" },
    { CAUSE_TLS_UNTRUSTED, { "well-known certificate authority", "not signed by any root",
                             "root certificate of the server", "trustedrootcertificate" },
      "add the root of the backend's certificate to the backend settings" },
    { CAUSE_TLS_CHAIN, { "certificate chain", "certificate is missing", "topmost", "leafmustbetopmost" },
      "put the whole chain, leaf first, into the listener's TLS secret" },
    { CAUSE_TLS_OTHER, { "validity of the backend certificate", "openssl diagnostics" },
      "look up the OpenSSL error code of the message" },
    { CAUSE_PROXY_PROTOCOL, { "proxy protocol" }, "let the backend accept the PROXY protocol header" },
};

const char *probe_cause_name(enum probe_cause cause)
{
    switch (cause) {
    case CAUSE_NONE: return "none";
    case CAUSE_OK: return "ok";
    case CAUSE_UNKNOWN_RETRIEVE: return "unknown-retrieve";
    case CAUSE_HTTP_STATUS: return "http-status";
    case CAUSE_BODY: return "body";
    case CAUSE_TIMEOUT: return "timeout";
    case CAUSE_TCP_CONNECT: return "tcp-connect";
    case CAUSE_DNS: return "dns";
    case CAUSE_TLS_CN: return "tls-cn";
    case CAUSE_TLS_EXPIRED: return "tls-expired";
    case CAUSE_TLS_UNTRUSTED: return "tls-untrusted";
    case CAUSE_TLS_CHAIN: return "tls-chain";
    case CAUSE_TLS_OTHER: return "tls-other";
    case CAUSE_PROXY_PROTOCOL: return "proxy-protocol";
    case CAUSE_OTHER: break;
    }
    return "other";
}

/* Three digits behind a word, not followed by a range: "code: 404", "Received:503", "Received 200". */
static int number_after(const char *log, const char *word)
{
    for (const char *p = strcasestr(log, word); p; p = strcasestr(p + 1, word)) {
        const char *d = p + strlen(word);
        while (*d == ' ' || *d == ':')
            d++;
        if (isdigit((unsigned char)d[0]) && isdigit((unsigned char)d[1]) && isdigit((unsigned char)d[2]) &&
            !isdigit((unsigned char)d[3]))
            return atoi(d);
    }
    return -1;
}

static int status_in(enum probe_cause cause, const char *log)
{
    if (cause == CAUSE_OK)
        return number_after(log, "received");
    if (cause != CAUSE_HTTP_STATUS)
        return -1;
    int status = number_after(log, "code:");
    return status > 0 ? status : number_after(log, "received");
}

static const char *status_step(int status)
{
    if (status == 404)
        return "no route for the probe's host and path: apply the health route, or change the probe's host or path";
    if (status == 401 || status == 403)
        return "probe an open path, or accept this status";
    if (status == 405)
        return "GET is not allowed on the probe's path: probe another";
    if (status >= 500)
        return "nothing ready behind the route: look at the Service's endpoints";
    return "look at what answers the probe's host and path";
}

enum probe_cause probe_log_classify(const char *log, int *ret_status, const char **ret_step)
{
    enum probe_cause cause = CAUSE_NONE;
    const char *step = "";
    if (log && *log) {
        cause = CAUSE_OTHER;
        for (size_t i = 0; cause == CAUSE_OTHER && i < sizeof rows / sizeof *rows; i++)
            for (size_t k = 0; k < 5 && rows[i].needles[k]; k++)
                if (strcasestr(log, rows[i].needles[k])) {
                    cause = rows[i].cause;
                    step = rows[i].step;
                    break;
                }
    }
    int status = log ? status_in(cause, log) : -1;
    if (cause == CAUSE_HTTP_STATUS)
        step = status_step(status);
    if (ret_status)
        *ret_status = status;
    if (ret_step)
        *ret_step = step;
    return cause;
}
