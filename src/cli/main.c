/* The way in: settings, then the dashboard or one subcommand. The only caller of exit. */
#include "cli.h"

#include <gatewatch/ui.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

static const struct command *find_command(const char *name, struct error *err)
{
    const char *names[40] = { 0 };
    for (size_t i = 0; i < n_commands && i < 39; i++) {
        names[i] = commands[i]->name;
        if (str_eq(names[i], name))
            return commands[i];
    }
    error_set(err, ERR_USAGE, "there is no subcommand %s", name);
    const char *near = str_nearest(name, names);
    if (near)
        error_remedy(err, "did you mean `gatewatch %s`?", near);
    else
        error_remedy(err, "`gatewatch help` lists them");
    return NULL;
}

static int dashboard(const struct settings *settings)
{
    struct error err = { 0 };
    const struct ui_options options = { 0 };
    struct engine *engine = engine_open(settings, &err);
    const bool ok = engine && ui_run(engine, settings, &options, &err);
    engine_close(engine);
    if (!ok)
        output_error(&err, false);
    return ok ? EXIT_OK : err.code == ERR_USAGE ? EXIT_USAGE : EXIT_UNKNOWN;
}

static bool is_help(const char *word)
{
    return str_eq(word, "--help") || str_eq(word, "-h");
}

/* `--help` and `--version` anywhere are the commands of that name: nobody should have to guess. */
static void accept_habits(int argc, char **argv)
{
    static char help[] = "help", version[] = "version";
    if (argc >= 2 && is_help(argv[1]))
        argv[1] = help;
    else if (argc >= 2 && (str_eq(argv[1], "--version") || str_eq(argv[1], "-V")))
        argv[1] = version;
    else if (argc >= 3 && is_help(argv[argc - 1])) {
        argv[2] = argv[1];
        argv[1] = help;
    }
}

static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (str_eq(argv[i], "-ojson") || str_eq(argv[i], "--output=json") ||
            (str_eq(argv[i], "-o") && i + 1 < argc && str_eq(argv[i + 1], "json")))
            return true;
    return false;
}

static int run(int argc, char **argv)
{
    struct settings settings = { 0 };
    struct error err = { 0 };
    const struct command *command = NULL;
    int code;
    accept_habits(argc, argv);
    const bool json = wants_json(argc, argv);
    /* Help must work with a broken configuration. */
    if (argc >= 2 && (str_eq(argv[1], "help") || str_eq(argv[1], "version")))
        return find_command(argv[1], NULL)->run(&settings, argc - 1, argv + 1);
    if (!settings_load(&settings, &argc, argv, &err) ||
        (settings.log_file && !log_open(settings.log_file, &err)) ||
        (argc >= 2 && !(command = find_command(argv[1], &err)))) {
        settings_free(&settings);
        if (!*err.remedy)
            error_remedy(&err, "`gatewatch help` lists the options, their keys and what they take");
        return usage_error(&err, json);
    }
    code = command ? command->run(&settings, argc - 1, argv + 1) : dashboard(&settings);
    log_close();
    settings_free(&settings);
    return code;
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    secret_protect_process();
    exit(run(argc, argv));
}
