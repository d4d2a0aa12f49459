/* cli: subcommands, one file each in src/cli/commands/: `const struct command command_NAME`. */
#ifndef GATEWATCH_CLI_H
#define GATEWATCH_CLI_H

#include <gatewatch/report.h>

enum exit_code { EXIT_OK = 0, EXIT_WARNINGS = 1, EXIT_CRITICAL = 2, EXIT_UNKNOWN = 3, EXIT_USAGE = 64 };

struct command {
    const char *name;               /* "status" */
    const char *synopsis;           /* "status [-o text|json]" */
    const char *summary;            /* one line for help */
    const char *details;            /* paragraphs for `help NAME`, or NULL */
    const char *const *options;     /* its own options, for completion: "-o", "--dry-run", NULL */
    int (*run)(const struct settings *, int argc, char **argv);     /* argv[0] is the command's name; returns the exit code */
};
extern const struct command *const commands[];
extern const size_t n_commands;

#endif
