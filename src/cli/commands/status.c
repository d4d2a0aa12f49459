#include "../cli.h"

static int run_status(const struct settings *settings, int argc, char **argv)
{
    struct options options = { 0 };
    struct error err = { 0 };
    int code = EXIT_OK;
    if (!options_parse(&options, NULL, argc, argv, false, &err))
        return usage_error(&err, options.json);
    if (options.n_words) {
        error_set(&err, ERR_USAGE, "`status` takes no arguments: %s", options.words[0]);
        return usage_error(&err, options.json);
    }
    struct engine *engine = engine_open(settings, &err);
    if (!engine) {
        output_error(&err, options.json);
        return EXIT_UNKNOWN;
    }
    struct view_data *view = oneshot_view(engine, settings, options.json, &code);
    if (view) {
        TEXT_AUTO text = { 0 };
        if (options.json)
            report_status_json(view, &text);
        else
            report_status_text(view, output_columns(), &text);
        output_write(&text);
        view_data_unref(view);
    }
    engine_close(engine);
    return code;
}

const struct command command_status = {
    .name = "status",
    .synopsis = "status [-o text|json]",
    .summary = "one snapshot of the whole path, then exit",
    .details = "Reads everything once: backends, probes, tenants and routes, services, gateways, findings and how fresh\n"
               "each source is. Exits 0 when something could be read, 3 when nothing could.",
    .run = run_status,
};
