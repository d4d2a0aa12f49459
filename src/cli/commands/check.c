#include "../cli.h"

static int run_check(const struct settings *settings, int argc, char **argv)
{
    struct options options = { 0 };
    struct error err = { 0 };
    int code = EXIT_UNKNOWN;
    if (!options_parse(&options, NULL, argc, argv, true, &err))
        return usage_error(&err, options.json);
    if (options.n_words) {
        error_set(&err, ERR_USAGE, "`check` takes no arguments: %s", options.words[0]);
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
            report_check_json(view, &text);
        else if (options.prom)
            report_check_prom(view, &text);
        else
            report_check_text(view, output_columns(), &text);
        output_write(&text);
        code = report_verdict(view);
        view_data_unref(view);
    }
    engine_close(engine);
    return code;
}

const struct command command_check = {
    .name = "check",
    .synopsis = "check [-o text|json|prom]",
    .summary = "findings, root cause first; the exit code is the verdict",
    .details = "Exit codes: 0 nothing found, 1 warnings, 2 critical, 3 could not tell, 64 usage.\n"
               "-o prom writes Prometheus text for a node exporter's textfile folder.",
    .run = run_check,
};
