/* The simulator as a child of the test, and one request to it. */
#include "screen_private.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 15000
#define STOP_MS 10000

struct sim {
    pid_t pid;
    char folder[512];
    char url[128];
};

/* ---- folders --------------------------------------------------------------------------------------------------------- */

bool temporary_folder(char *path, size_t size, const char *prefix)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(path, size, "%s/%s-XXXXXX", tmp && *tmp ? tmp : "/tmp", prefix);
    if (!mkdtemp(path))
        fail_msg("mkdtemp %s: %s", path, strerror(errno));
    return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    remove(path);
    return 0;
}

void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- start and end ------------------------------------------------------------------------------------------------------ */

static int ended(struct sim *sim, int ms)
{
    int64_t end = now_ms() + patient(ms);
    int status;
    while (waitpid(sim->pid, &status, WNOHANG) == 0) {
        if (now_ms() >= end)
            return -1;
        poll(NULL, 0, 10);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The address is where the kubeconfig points to, without a path. */
static void read_url(struct sim *sim)
{
    char path[600], line[1024];
    snprintf(path, sizeof path, "%s/kubeconfig", sim->folder);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        char *found = strstr(line, "https://");
        if (found) {
            found[8 + strcspn(found + 8, "/ \"'\n")] = '\0';
            snprintf(sim->url, sizeof sim->url, "%.100s", found);
            break;
        }
    }
    if (f)
        fclose(f);
    if (!sim->url[0])
        fail_msg("no https address in %s", path);
}

static void wait_ready(struct sim *sim)
{
    char ready[600];
    snprintf(ready, sizeof ready, "%s/ready", sim->folder);
    int64_t end = now_ms() + patient(START_MS);
    while (access(ready, F_OK) != 0) {
        int status = ended(sim, 0);
        if (status >= 0)
            fail_msg("gatewatch-sim ended with %d before it was ready", status);
        if (now_ms() >= end) {
            kill(sim->pid, SIGKILL);
            fail_msg("gatewatch-sim was not ready within %d ms", patient(START_MS));
        }
        poll(NULL, 0, 10);
    }
}

struct sim *sim_start(const char *scenario, ...)
{
    struct sim *sim = calloc(1, sizeof *sim);
    temporary_folder(sim->folder, sizeof sim->folder, "gw-sim");
    char program[4096];
    snprintf(program, sizeof program, "%s/gatewatch-sim", build_folder());
    const char *argv[64] = {program, "--scenario", scenario, "--listen", "127.0.0.1:0", "--out", sim->folder};
    size_t n = 7;
    va_list more;
    va_start(more, scenario);
    for (const char *word; n < 62 && (word = va_arg(more, const char *));)
        argv[n++] = word;
    va_end(more);
    argv[n] = NULL;

    fflush(stdout);
    sim->pid = fork();
    if (sim->pid < 0)
        fail_msg("fork: %s", strerror(errno));
    if (sim->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);       /* a test that crashes takes its simulator with it */
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execv(program, (char *const *)(uintptr_t)argv);
        fprintf(stderr, "cannot run %s: %s\n", program, strerror(errno));
        _exit(127);
    }
    wait_ready(sim);
    read_url(sim);
    return sim;
}

void sim_stop(struct sim *sim)
{
    if (!sim)
        return;
    kill(sim->pid, SIGTERM);
    int status = ended(sim, STOP_MS);
    if (status < 0) {
        kill(sim->pid, SIGKILL);
        waitpid(sim->pid, NULL, 0);
    }
    remove_folder(sim->folder);
    free(sim);
    if (status != 0)
        fail_msg("gatewatch-sim %s %d", status < 0 ? "did not end on SIGTERM" : "ended with", status);
}

const char *sim_folder(const struct sim *sim)
{
    return sim->folder;
}

const char *sim_url(const struct sim *sim)
{
    return sim->url;
}

pid_t sim_pid(const struct sim *sim)
{
    return sim->pid;
}

size_t sim_environment(const struct sim *sim, char *room, size_t size, const char **env, size_t max)
{
    char path[600], line[1024];
    size_t n = 0, used = 0;
    snprintf(path, sizeof path, "%s/env", sim->folder);
    FILE *f = fopen(path, "re");
    while (f && n < max && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        size_t len = strlen(line);
        if (strncmp(line, "export ", 7) != 0 || used + len > size)
            continue;
        memcpy(room + used, line + 7, len - 6);
        env[n++] = room + used;
        used += len - 6;
    }
    if (f)
        fclose(f);
    return n;
}

/* ---- one request ---------------------------------------------------------------------------------------------------------- */

struct collected { char *bytes; size_t len; };

static size_t collect(char *bytes, size_t size, size_t count, void *user)
{
    struct collected *c = user;
    c->bytes = realloc(c->bytes, c->len + size * count + 1);
    memcpy(c->bytes + c->len, bytes, size * count);
    c->len += size * count;
    c->bytes[c->len] = '\0';
    return size * count;
}

int sim_call(struct sim *sim, const char *method, const char *path, const char *body, char **reply)
{
    char url[4096], ca[600], why[CURL_ERROR_SIZE] = "";
    snprintf(url, sizeof url, "%s%s", sim->url, path);
    snprintf(ca, sizeof ca, "%s/ca.pem", sim->folder);
    struct collected c = {calloc(1, 1), 0};
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)patient(SCREEN_WAIT));
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &c);
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        fail_msg("%s %s: %s", method, url, why[0] ? why : curl_easy_strerror(code));
    if (reply)
        *reply = c.bytes;
    else
        free(c.bytes);
    return (int)status;
}
