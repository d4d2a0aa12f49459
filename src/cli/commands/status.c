#include "../cli.h"

static int print_status(const struct view_data *view, const struct options *options, struct text *out)
{
    if (options->json)
        report_status_json(view, out);
    else
        report_status_text(view, output_columns(), out);
    return EXIT_OK;
}

static int run_status(const struct settings *settings, int argc, char **argv)
{
    return oneshot_report(settings, argc, argv, false, print_status);
}

const struct command command_status = {
    .name = "status",
    .synopsis = "status [-o text|json]",
    .summary = "one snapshot of the whole path, then exit",
    .details = "Reads everything once: backends, probes, tenants and routes, services, gateways, findings and how fresh\n"
               "each source is. Exits 0 when something could be read, 3 when nothing could.",
    .run = run_status,
};
