/* Help is made from the tables: subcommands, settings, rules. */
#include "../cli.h"

enum { SUMMARY_COLUMN = 54 };

static void usage(struct text *out)
{
    text_puts(out, "gatewatch watches client, Application Gateway, load balancer, Service, Gateway, HTTPRoute and pods,\n"
                   "says why the path is broken, and applies the two fixes after a preview.\n\nUsage\n"
                   "  gatewatch [options]                                 the dashboard\n");
    for (size_t i = 0; i < n_commands; i++) {
        TEXT_AUTO line = { 0 };
        text_printf(&line, "  gatewatch %s  ", commands[i]->synopsis);
        while (line.len < SUMMARY_COLUMN)
            text_putc(&line, ' ');
        text_printf(out, "%s%s\n", text_str(&line), commands[i]->summary);
    }
}

static void settings_help(struct text *out)
{
    size_t n;
    const struct setting_info *table = settings_table(&n);
    text_puts(out, "\nOptions (each has a key in the configuration file, shown in brackets)\n");
    for (size_t i = 0; i < n; i++) {
        TEXT_AUTO line = { 0 };
        if (!table[i].flag)
            continue;
        text_printf(&line, "  %s%s%s", table[i].flag, table[i].argument ? " " : "", str_or(table[i].argument, ""));
        while (line.len < 32)
            text_putc(&line, ' ');
        text_printf(out, "%s %s", text_str(&line), table[i].help);
        if (table[i].otherwise && *table[i].otherwise)
            text_printf(out, " (default %s)", table[i].otherwise);
        if (table[i].key)
            text_printf(out, " [%s]", table[i].key);
        text_putc(out, '\n');
    }
}

static void findings_help(struct text *out)
{
    for (size_t i = 0; i < n_rules; i++) {
        TEXT_AUTO line = { 0 };
        text_printf(&line, "  %s", rules[i]->code);
        while (line.len < 36)
            text_putc(&line, ' ');
        text_printf(out, "%s %-8s  %s\n", text_str(&line), severity_name(rules[i]->severity), rules[i]->title);
    }
}

static int one_topic(const char *topic)
{
    TEXT_AUTO out = { 0 };
    struct error err = { 0 };
    const char *names[32] = { "findings" };
    if (str_eq(topic, "findings")) {
        findings_help(&out);
        output_write(&out);
        return EXIT_OK;
    }
    for (size_t i = 0; i < n_commands && i < 30; i++) {
        names[i + 1] = commands[i]->name;
        if (!str_eq(topic, commands[i]->name))
            continue;
        text_printf(&out, "gatewatch %s\n\n%s\n", commands[i]->synopsis, commands[i]->summary);
        if (commands[i]->details)
            text_printf(&out, "\n%s\n", commands[i]->details);
        output_write(&out);
        return EXIT_OK;
    }
    error_set(&err, ERR_USAGE, "there is no help on %s", topic);
    const char *near = str_nearest(topic, names);
    if (near)
        error_remedy(&err, "did you mean `gatewatch help %s`?", near);
    else
        error_remedy(&err, "`gatewatch help` lists the topics");
    return usage_error(&err, false);
}

static int run_help(const struct settings *settings, int argc, char **argv)
{
    TEXT_AUTO out = { 0 };
    (void)settings;
    if (argc > 1)
        return one_topic(argv[1]);
    usage(&out);
    settings_help(&out);
    text_puts(&out, "\n`gatewatch help TOPIC` tells more of a subcommand; `gatewatch help findings` lists every finding.\n"
                    "In the dashboard press ? for the keys.\n");
    output_write(&out);
    return EXIT_OK;
}

const struct command command_help = {
    .name = "help",
    .synopsis = "help [TOPIC]",
    .summary = "this, or more on one topic",
    .run = run_help,
};
