#include "../cli.h"

static int print_check(const struct view_data *view, const struct options *options, struct text *out)
{
    if (options->json)
        report_check_json(view, out);
    else if (options->prom)
        report_check_prom(view, out);
    else
        report_check_text(view, output_columns(), out);
    return report_verdict(view);
}

static int run_check(const struct settings *settings, int argc, char **argv)
{
    return oneshot_report(settings, argc, argv, true, print_check);
}

const struct command command_check = {
    .name = "check",
    .synopsis = "check [-o text|json|prom]",
    .summary = "findings, root cause first; the exit code is the verdict",
    .details = "Exit codes: 0 nothing found, 1 warnings, 2 critical, 3 could not tell, 64 usage.\n"
               "-o prom writes Prometheus text for a node exporter's textfile folder.",
    .run = run_check,
};
