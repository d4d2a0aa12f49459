/* demo: the dashboard on a simulated environment. Starts gatewatch-sim, waits until it is ready, and stops it. */
#include "../cli.h"

#include <dirent.h>
#include <errno.h>
#include <gatewatch/ui.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READY_PATIENCE_MS = 20 * 1000, LOOK_EVERY_MS = 20 };

static const struct option_spec specs[] = {
    { "--scenario", true }, { "--tenants", true }, { "--routes", true }, { "--latency", true }, { "--speed", true },
    { "--fault", true },    { NULL, false },
};

struct simulator {
    struct loop *loop;
    struct thread *thread;
    struct process *process;
    char folder[128];
    const char *argv[24];
    char ready[160];
    int waited;
    bool ended, late;
    char why[512];
};

static void on_end(void *ctx, const struct process_result *result)
{
    struct simulator *sim = ctx;
    const char *words = result->started ? result->err : result->error.message;
    str_copy(sim->why, sizeof sim->why, str_or(words, "it ended at once"));
    sim->process = NULL;
    sim->ended = true;
    loop_stop(sim->loop);
}

static void start(void *ctx)
{
    struct simulator *sim = ctx;
    const struct process_spec spec = { .argv = sim->argv };
    sim->process = process_start(sim->loop, &spec, on_end, sim);
}

static void look(void *ctx)
{
    struct simulator *sim = ctx;
    sim->late = sim->waited > READY_PATIENCE_MS;
    sim->waited += LOOK_EVERY_MS;
    if (sim->ended)
        return;     /* the loop was told already */
    if (sim->late || access(sim->ready, F_OK) == 0)
        loop_stop(sim->loop);
    else
        loop_timer(sim->loop, LOOK_EVERY_MS, look, sim);
}

static void run_loop(void *ctx)
{
    struct simulator *sim = ctx;
    loop_run(sim->loop);
    if (sim->process)
        process_kill(sim->process);
}

/* Ours alone, made by mkdtemp: whatever the simulator wrote there goes. */
static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        FREE_AUTO char *path = xasprintf("%s/%s", folder, entry->d_name);
        if (*entry->d_name != '.')
            unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static void simulator_stop(struct simulator *sim)
{
    if (sim->thread) {
        loop_stop(sim->loop);
        thread_join(sim->thread);
    } else if (sim->process) {
        process_kill(sim->process);
    }
    loop_free(sim->loop);
    remove_folder(sim->folder);
}

static bool simulator_start(struct simulator *sim, const struct options *options, struct error *err)
{
    size_t n = 0;
    str_copy(sim->folder, sizeof sim->folder, "/tmp/gatewatch-demo-XXXXXX");
    if (!mkdtemp(sim->folder))
        return error_set(err, ERR_INTERNAL, "cannot make a folder under /tmp: %s", strerror(errno));
    static char *program;
    program = path_beside_program("gatewatch-sim");
    sim->argv[n++] = program && !access(program, X_OK) ? program : "gatewatch-sim";
    sim->argv[n++] = "--out";
    sim->argv[n++] = sim->folder;
    sim->argv[n++] = "--listen";
    sim->argv[n++] = "127.0.0.1:0";
    for (size_t i = 0; i < options->n && n + 2 < 24; i++) {
        sim->argv[n++] = options->items[i].name;
        sim->argv[n++] = options->items[i].value;
    }
    str_format(sim->ready, sizeof sim->ready, "%s/ready", sim->folder);
    sim->loop = loop_new();
    loop_post(sim->loop, start, sim);
    loop_timer(sim->loop, LOOK_EVERY_MS, look, sim);
    loop_run(sim->loop);
    if (sim->ended)
        return error_set(err, ERR_INTERNAL, "gatewatch-sim did not start: %s", sim->why);
    if (sim->late)
        return error_set(err, ERR_TIMEOUT, "gatewatch-sim was not ready within %d seconds", READY_PATIENCE_MS / 1000);
    return true;
}

/* Its pipes are read while the dashboard runs. Only now: the environment may be set while there is one thread. */
static void simulator_follow(struct simulator *sim)
{
    sim->thread = thread_start("simulator", run_loop, sim);
}

/* The simulated world's own configuration, with the user's wishes for the screen kept. */
static bool demo_settings(const struct simulator *sim, const struct settings *from, struct settings *out,
                          struct error *err)
{
    FREE_AUTO char *env = xasprintf("%s/env", sim->folder);
    FREE_AUTO char *config = xasprintf("--config=%s/config.yaml", sim->folder);
    FREE_AUTO char *theme = xasprintf("--theme=%s", str_or(from->theme, "dark"));
    char program[] = "gatewatch", read_only[] = "--read-only", no_color[] = "--no-color", ascii[] = "--ascii";
    /* As flags, so that no GATEWATCH_ variable of the user's turns the demo to a real environment. */
    FREE_AUTO char *kubeconfig = xasprintf("--kubeconfig=%s/kubeconfig", sim->folder);
    char cloud[] = "--cloud=lab", credential[] = "--credential=environment";
    char *argv[12] = { program, config, theme, kubeconfig, cloud, credential };
    int argc = 6;
    if (!env_load_file(env, err))
        return false;
    if (from->read_only)
        argv[argc++] = read_only;
    if (from->no_color)
        argv[argc++] = no_color;
    if (from->ascii)
        argv[argc++] = ascii;
    return settings_load(out, &argc, argv, err);
}

static int run_demo(const struct settings *settings, int argc, char **argv)
{
    struct options options = { 0 };
    struct error err = { 0 };
    struct settings world = { 0 };
    struct simulator sim = { 0 };
    struct engine *engine = NULL;
    if (!options_parse(&options, specs, argc, argv, false, &err))
        return usage_error(&err, false);
    bool ok = simulator_start(&sim, &options, &err) && demo_settings(&sim, settings, &world, &err);
    if (ok) {
        simulator_follow(&sim);
        engine = engine_open(&world, &err);
    }
    ok = engine && ui_run(engine, &world, &(struct ui_options){ .demo = true }, &err);
    engine_close(engine);
    settings_free(&world);
    simulator_stop(&sim);
    if (!ok)
        output_error(&err, false);
    return ok ? EXIT_OK : EXIT_UNKNOWN;
}

static const char *const option_names[] = { "--scenario", "--tenants", "--routes", "--latency", "--speed", "--fault",
                                            NULL };

const struct command command_demo = {
    .name = "demo",
    .synopsis = "demo [--scenario NAME]",
    .summary = "the dashboard on a simulated environment",
    .details = "Starts gatewatch-sim on a free port of this machine, opens the dashboard on it, and stops it at the end.\n"
               "Everything but the world is real: HTTPS, credentials, list and watch, long-running operations.\n"
               "`gatewatch-sim --list` names the scenarios; --tenants, --routes, --latency, --speed and --fault are\n"
               "handed on to it.",
    .options = option_names,
    .run = run_demo,
};
