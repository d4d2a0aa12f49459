#include "sim_process.h"

#include <gatewatch/config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *read_whole(const char *dir, const char *name)
{
    FREE_AUTO char *path = xasprintf("%s/%s", dir, name);
    char *bytes = NULL;
    size_t len;
    struct error err = {0};
    if (access(path, R_OK) != 0 || !file_read(path, 1 << 20, &bytes, &len, &err))
        return NULL;
    return bytes;
}

const char *sim_program(void)
{
    static char path[512];
    str_format(path, sizeof path, "%s/gatewatch-sim", env_get("GATEWATCH_BUILD") ? env_get("GATEWATCH_BUILD") : "build");
    return path;
}

/* A test that fails leaves its world as it is; the simulator must not outlive us. */
static pid_t running;
void sim_kill_running(void)
{
    if (running > 0)
        kill(running, SIGTERM);
}

void sim_start(struct sim *sim, const char *scenario, const char *extra, const char *value)
{
    const char *words[] = {sim_program(), "--scenario", scenario, "--out", sim->dir, "--speed", "20", extra, value, NULL};
    char *argv[sizeof words / sizeof *words];
    memcpy(argv, words, sizeof words);      /* posix_spawn wants them writable and does not write */
    str_copy(sim->dir, sizeof sim->dir, "/tmp/gatewatch-sim-XXXXXX");
    assert_non_null(mkdtemp(sim->dir));
    /* Not our standard output: who reads our results must not wait for the simulator's end. */
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    assert_int_equal(posix_spawn(&sim->pid, argv[0], &files, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    sim_kill_running();
    running = sim->pid;
    for (int i = 0; i < 600 && !sim->base; i++) {
        usleep(50 * 1000);
        sim->base = read_whole(sim->dir, "ready");
    }
    if (!sim->base)
        fail_msg("the simulator did not become ready");
    sim->base[strcspn(sim->base, "\n")] = '\0';
    sim->ca = read_whole(sim->dir, "ca.pem");
    sim->kubeconfig = xasprintf("%s/kubeconfig", sim->dir);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void sim_stop(struct sim *sim)
{
    if (sim->pid > 0) {
        kill(sim->pid, SIGTERM);
        waitpid(sim->pid, NULL, 0);
    }
    if (running == sim->pid)
        running = 0;
    nftw(sim->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(sim->base);
    free(sim->ca);
    free(sim->kubeconfig);
}
