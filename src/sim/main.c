/* gatewatch-sim: the command line, the life of the process. */
#include "kube_auth.h"
#include "server.h"
#include "store.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: gatewatch-sim [--scenario NAME] [--tenants N --routes M] [--latency MS] [--fault SPEC] "
    "[--speed X]\n"
    "                     [--listen ADDR:PORT] [--prefix PATH] [--manifests DIR] --out DIR\n"
    "       gatewatch-sim --list | --help\n"
    "\n"
    "Serves a simulated Kubernetes cluster behind a simulated Azure Application Gateway over "
    "HTTPS, until SIGTERM.\n"
    "\n"
    "  --scenario NAME     what the world looks like (default: reference; --list shows them)\n"
    "  --tenants N         tenants of the scenario `tenants`\n"
    "  --routes M          routes of the scenario `tenants`, in all\n"
    "  --manifests DIR     load these manifests instead of the built-in reference environment\n"
    "  --latency MS        added to every reply\n"
    "  --fault SPEC        first faults, see below\n"
    "  --speed X           simulated seconds per second (default 1)\n"
    "  --listen ADDR:PORT  default 127.0.0.1:0; port 0 takes a free one\n"
    "  --prefix PATH       path before the Kubernetes API, as proxies have it (/k8s/clusters/c-1)\n"
    "  --out DIR           where kubeconfig, config.yaml, ca.pem, env and ready are written\n"
    "  --list              names the scenarios\n"
    "  --help              this text\n"
    "\n";

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "gatewatch-sim: %s%s%s\nTry gatewatch-sim --help.\n", what, value ? ": " : "",
            value ? value : "");
    return 64;
}

/* ---- options --------------------------------------------------------------------------------- */

enum option_code {
    OPT_SCENARIO = 256,
    OPT_TENANTS,
    OPT_ROUTES,
    OPT_LATENCY,
    OPT_FAULT,
    OPT_SPEED,
    OPT_LISTEN,
    OPT_OUT,
    OPT_PREFIX,
    OPT_MANIFESTS,
    OPT_LIST,
    OPT_HELP
};

static const struct option options[] = {
    {"scenario", required_argument, NULL, OPT_SCENARIO},
    {"tenants", required_argument, NULL, OPT_TENANTS},
    {"routes", required_argument, NULL, OPT_ROUTES},
    {"latency", required_argument, NULL, OPT_LATENCY},
    {"fault", required_argument, NULL, OPT_FAULT},
    {"speed", required_argument, NULL, OPT_SPEED},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"out", required_argument, NULL, OPT_OUT},
    {"prefix", required_argument, NULL, OPT_PREFIX},
    {"manifests", required_argument, NULL, OPT_MANIFESTS},
    {"list", no_argument, NULL, OPT_LIST},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static bool whole(const char *text, int *out)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < 0 || n > INT_MAX)
        return false;
    *out = (int)n;
    return true;
}

static int list_scenarios(void)
{
    for (const struct scenario *s = scenarios; s->name; s++)
        printf("%-16s %s\n", s->name, s->summary);
    return 0;
}

static const struct scenario *find_scenario(const char *name)
{
    for (const struct scenario *s = scenarios; s->name; s++)
        if (!strcmp(s->name, name))
            return s;
    return NULL;
}

static bool set_number_option(struct sim_options *o, int which, const char *value)
{
    char *end;

    switch (which) {
    case OPT_TENANTS: return whole(value, &o->tenants);
    case OPT_ROUTES: return whole(value, &o->routes);
    case OPT_LATENCY: return whole(value, &o->latency_ms);
    default:
        o->speed = strtod(value, &end);
        return end != value && !*end && o->speed > 0 && o->speed <= 100000;
    }
}

/* -1 to go on, otherwise the exit code. */
static int parse_options(int argc, char **argv, struct sim_options *o)
{
    int which;

    while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (which) {
        case OPT_SCENARIO: o->scenario = optarg; break;
        case OPT_FAULT: o->fault = optarg; break;
        case OPT_LISTEN: o->listen = optarg; break;
        case OPT_OUT: o->out = optarg; break;
        case OPT_PREFIX: o->prefix = optarg; break;
        case OPT_MANIFESTS: o->manifests = optarg; break;
        case OPT_LIST: return list_scenarios();
        case OPT_HELP:
            fputs(usage, stdout);
            fputs(fault_help, stdout);
            return 0;
        case '?': return usage_error("wrong option", NULL);
        default:
            if (!set_number_option(o, which, optarg))
                return usage_error("not a valid number", optarg);
        }
    }
    if (optind < argc)
        return usage_error("unexpected argument", argv[optind]);
    if (!o->out)
        return usage_error("--out DIR is missing", NULL);
    if (!find_scenario(o->scenario))
        return usage_error("no such scenario, --list names them", o->scenario);
    if (*o->prefix && (o->prefix[0] != '/' || ends_with(o->prefix, "/")))
        return usage_error("--prefix starts with / and does not end with it", o->prefix);
    return -1;
}

/* ---- listening ------------------------------------------------------------------------------- */

/* The socket, with *host (malloc'd) and *port as bound; -1 with a line on standard error. */
static int open_socket(const char *listen_on, char **host, int *port)
{
    const char *colon = strrchr(listen_on, ':');
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE},
                    *found = NULL;
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    size_t n = colon ? (size_t)(colon - listen_on) : 0;
    bool bracket = n >= 2 && listen_on[0] == '[' && listen_on[n - 1] == ']';
    int fd = -1, on = 1, problem;

    if (!colon) {
        fprintf(stderr, "gatewatch-sim: --listen wants ADDR:PORT, not '%s'\n", listen_on);
        return -1;
    }
    *host = bracket ? xstrndup(listen_on + 1, n - 2) : xstrndup(listen_on, n);
    problem = getaddrinfo(**host ? *host : NULL, colon + 1, &hints, &found);
    if (problem) {
        fprintf(stderr, "gatewatch-sim: --listen %s: %s\n", listen_on, gai_strerror(problem));
        return -1;
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 256) ||
        getsockname(fd, (struct sockaddr *)&bound, &len)) {
        fprintf(stderr, "gatewatch-sim: cannot listen on %s: %s\n", listen_on, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    } else {
        *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                  : ((struct sockaddr_in *)&bound)->sin_port);
    }
    freeaddrinfo(found);
    return fd;
}

static char *base_url(const char *host, int port)
{
    if (!*host || !strcmp(host, "0.0.0.0") || !strcmp(host, "::"))
        host = "127.0.0.1";
    return format_text(strchr(host, ':') ? "https://[%s]:%d" : "https://%s:%d", host, port);
}

/* ---- the life of the world ------------------------------------------------------------------- */

static void world_init(struct world *world, const struct sim_options *o)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&world->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&world->changed, &attr);
    pthread_condattr_destroy(&attr);
    world->options = o;
    world->latency_ms = o->latency_ms;
    world_set_speed(world, o->speed);
    world->faults = faults_new();
    world->log = request_log_new();
    store_init(world);
    credentials_init(world);
}

static void *run_ticks(void *ctx)
{
    struct world *world = ctx;
    struct timespec step = {0, 50 * 1000 * 1000};

    for (;;) {
        nanosleep(&step, NULL);
        pthread_mutex_lock(&world->lock);
        if (world->stopping) {
            pthread_mutex_unlock(&world->lock);
            return NULL;
        }
        azure_tick(world);
        pthread_mutex_unlock(&world->lock);
    }
}

static void populate(struct world *world)
{
    pthread_mutex_lock(&world->lock);
    kube_bootstrap(world);
    find_scenario(world->options->scenario)->load(world);
    azure_start(world);
    controllers_settle(world);
    store_expire(world);
    malloc_trim(0); /* the states on the way here were many */
    pthread_mutex_unlock(&world->lock);
}

static int serve(struct world *world, int fd, const struct tls_material *tls,
                 const sigset_t *waiting)
{
    struct server *server = server_start(world, fd, tls);
    pthread_t ticker;

    if (!server || pthread_create(&ticker, NULL, run_ticks, world)) {
        if (server)
            server_stop(server);
        return 1;
    }
    if (!output_write(world, tls))
        stop_asked = 1;
    while (!stop_asked)
        sigsuspend(waiting);
    pthread_mutex_lock(&world->lock);
    world->stopping = true;
    pthread_cond_broadcast(&world->changed);
    for (size_t i = 0; i < world->store->n; i++)
        pthread_cond_broadcast(&world->store->tables[i]->changed);
    pthread_mutex_unlock(&world->lock);
    pthread_join(ticker, NULL);
    server_stop(server);
    return 0;
}

/* Signals are taken only while we wait for them, so that none is lost between the test and the
 * wait. */
static void prepare_signals(sigset_t *waiting)
{
    struct sigaction stop = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &blocked, waiting);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

int main(int argc, char **argv)
{
    static struct world world;
    struct sim_options o = {.scenario = "reference",
                            .tenants = 10,
                            .routes = 100,
                            .speed = 1,
                            .listen = "127.0.0.1:0",
                            .prefix = ""};
    static struct tls_material tls; /* as long as the world, which shows its CA */
    sigset_t waiting;
    char *host = NULL, *problem;
    int port = 0, fd, code = parse_options(argc, argv, &o);

    if (code >= 0)
        return code;
    prepare_signals(&waiting);
    world_init(&world, &o);
    problem = o.fault ? faults_add(world.faults, o.fault) : NULL;
    if (problem) {
        code = usage_error("--fault", problem);
        free(problem);
        return code;
    }
    fd = open_socket(o.listen, &host, &port);
    if (fd < 0 || !tls_make(&tls, host, "platform-engineer"))
        return 1;
    world.base = base_url(host, port);
    world.ca_pem = tls.ca_pem;
    world.tls = &tls;
    free(host);
    populate(&world);
    int status = serve(&world, fd, &tls, &waiting);
    tls_free(&tls);
    return status;
}
