/* The table of subcommands, made from the folder. */
#include <commands_registry.h>

#include "cli.h"

const struct command *const commands[] = { COMMAND_REGISTRY };
const size_t n_commands = COMMAND_COUNT;
