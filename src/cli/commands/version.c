#include "../cli.h"

static int run_version(const struct settings *settings, int argc, char **argv)
{
    (void)settings;
    (void)argc;
    (void)argv;
    output_puts("gatewatch " GATEWATCH_VERSION "\n");
    return EXIT_OK;
}

const struct command command_version = {
    .name = "version",
    .synopsis = "version",
    .summary = "the version",
    .run = run_version,
};
