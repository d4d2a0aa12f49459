/* completions: for bash, zsh and fish, made from the tables of subcommands and settings, so that they cannot lag behind. */
#include "../cli.h"

#include <string.h>

static void words_of_commands(struct text *out)
{
    for (size_t i = 0; i < n_commands; i++)
        text_printf(out, "%s%s", i ? " " : "", commands[i]->name);
}

static void words_of_settings(struct text *out)
{
    size_t n;
    const struct setting_info *table = settings_table(&n);
    for (size_t i = 0; i < n; i++)
        if (table[i].flag)
            text_printf(out, " %s", table[i].flag);
}

static void bash(struct text *out)
{
    text_puts(out, "# bash completion for gatewatch; made by `gatewatch completions bash`\n"
                   "_gatewatch() {\n"
                   "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=\n"
                   "    local word\n"
                   "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                   "        [[ $word != -* ]] && { command=$word; break; }\n"
                   "    done\n"
                   "    case $previous in\n"
                   "    -o) mapfile -t COMPREPLY < <(compgen -W 'text json prom' -- \"$current\"); return ;;\n"
                   "    --config|--kubeconfig|--log-file|-f) mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); return ;;\n"
                   "    fix) mapfile -t COMPREPLY < <(compgen -W 'health-route traffic-policy undo log' -- \"$current\");"
                   " return ;;\n"
                   "    esac\n"
                   "    case $command in\n");
    for (size_t i = 0; i < n_commands; i++) {
        const char *const *option = commands[i]->options;
        if (!option)
            continue;
        text_printf(out, "    %s) mapfile -t COMPREPLY < <(compgen -W '", commands[i]->name);
        for (; *option; option++)
            text_printf(out, "%s ", *option);
        words_of_settings(out);
        text_puts(out, "' -- \"$current\") ;;\n");
    }
    text_puts(out, "    '') mapfile -t COMPREPLY < <(compgen -W '");
    words_of_commands(out);
    words_of_settings(out);
    text_puts(out, "' -- \"$current\") ;;\n    *) mapfile -t COMPREPLY < <(compgen -W '-o");
    words_of_settings(out);
    text_puts(out, "' -- \"$current\") ;;\n    esac\n}\ncomplete -F _gatewatch gatewatch\n");
}

/* Single quotes end a zsh or fish word; brackets and colons end a zsh description. */
static void description(struct text *out, const char *words)
{
    for (; *words; words++)
        text_putc(out, strchr("'[]:\\", *words) ? ' ' : *words);
}

static void zsh(struct text *out)
{
    size_t n;
    const struct setting_info *table = settings_table(&n);
    text_puts(out, "#compdef gatewatch\n# zsh completion for gatewatch; made by `gatewatch completions zsh`\n"
                   "_gatewatch() {\n    local -a subcommands\n    subcommands=(\n");
    for (size_t i = 0; i < n_commands; i++) {
        text_printf(out, "        '%s:", commands[i]->name);
        description(out, commands[i]->summary);
        text_puts(out, "'\n");
    }
    text_puts(out, "    )\n    _arguments -C \\\n");
    for (size_t i = 0; i < n; i++) {
        if (!table[i].flag)
            continue;
        text_printf(out, "        '%s[", table[i].flag);
        description(out, table[i].help);
        text_printf(out, "]%s%s%s' \\\n", table[i].argument ? ":" : "", str_or(table[i].argument, ""),
                    table[i].argument && strstr(table[i].argument, "FILE") ? ":_files" : table[i].argument ? ":" : "");
    }
    text_puts(out, "        '-o[format]:format:(text json prom)' \\\n"
                   "        '1:subcommand:{_describe subcommand subcommands}' \\\n"
                   "        '2:what:(health-route traffic-policy undo log)'\n}\n_gatewatch \"$@\"\n");
}

static void fish(struct text *out)
{
    size_t n;
    const struct setting_info *table = settings_table(&n);
    text_puts(out, "# fish completion for gatewatch; made by `gatewatch completions fish`\ncomplete -c gatewatch -f\n");
    for (size_t i = 0; i < n_commands; i++) {
        text_printf(out, "complete -c gatewatch -n __fish_use_subcommand -a %s -d '", commands[i]->name);
        description(out, commands[i]->summary);
        text_puts(out, "'\n");
    }
    for (size_t i = 0; i < n; i++) {
        if (!table[i].flag)
            continue;
        text_printf(out, "complete -c gatewatch -l %s%s -d '", table[i].flag + 2, table[i].argument ? " -r" : "");
        description(out, table[i].help);
        text_puts(out, "'\n");
    }
    text_puts(out, "complete -c gatewatch -s o -x -a 'text json prom' -d format\n"
                   "complete -c gatewatch -n '__fish_seen_subcommand_from fix' -a 'health-route traffic-policy undo log'\n");
}

static int run_completions(const struct settings *settings, int argc, char **argv)
{
    struct error err = { 0 };
    TEXT_AUTO out = { 0 };
    const char *shell = argc == 2 ? argv[1] : NULL;
    (void)settings;
    if (str_eq(shell, "bash"))
        bash(&out);
    else if (str_eq(shell, "zsh"))
        zsh(&out);
    else if (str_eq(shell, "fish"))
        fish(&out);
    else {
        error_set(&err, ERR_USAGE, "completions are made for bash, zsh and fish");
        error_remedy(&err, "gatewatch completions bash > ~/.local/share/bash-completion/completions/gatewatch");
        return usage_error(&err, false);
    }
    output_write(&out);
    return EXIT_OK;
}

const struct command command_completions = {
    .name = "completions",
    .synopsis = "completions bash|zsh|fish",
    .summary = "words for your shell, to be kept in its folder",
    .run = run_completions,
};
