/* lint: for a pull request; reads files and nothing else. */
#include "../cli.h"

#include <gatewatch/source.h>

static const struct option_spec specs[] = { { "-f", true }, { NULL, false } };

static int judge(struct store *store, bool json)
{
    TEXT_AUTO text = { 0 };
    int code = EXIT_OK;
    struct snapshot *snapshot = store_snapshot(store, clock_wall_ms(), clock_mono_ms());
    struct predicted_conditions *predicted = conditions_predict(snapshot);
    for (size_t i = 0; i < predicted->n; i++)
        if (condition_set_refused(&predicted->items[i]))
            code = EXIT_CRITICAL;
    if (json)
        report_lint_json(predicted, &text);
    else
        report_lint_text(predicted, output_columns(), &text);
    output_write(&text);
    predicted_conditions_free(predicted);
    snapshot_unref(snapshot);
    return code;
}

static int run_lint(const struct settings *settings, int argc, char **argv)
{
    struct options options = { 0 };
    struct error err = { 0 };
    const char *files[OPTION_FILES_MAX];
    (void)settings;
    if (!options_parse(&options, specs, argc, argv, false, &err))
        return usage_error(&err, options.json);
    const size_t n = options_files(&options, files);
    if (n == 0 || !options_value(&options, "-f")) {
        error_set(&err, ERR_USAGE, "`lint` needs manifests");
        error_remedy(&err, "gatewatch lint -f FILE...; `-f -` reads standard input");
        return usage_error(&err, options.json);
    }
    struct store *store = store_new();
    const int code = folder_load(store, files, n, NULL, &err) ? judge(store, options.json)
                                                              : usage_error(&err, options.json);
    store_free(store);
    return code;
}

static const char *const words[] = { "-f", "-o", NULL };
const struct command command_lint = {
    .name = "lint",
    .synopsis = "lint -f FILE... [-o text|json]",
    .summary = "the conditions a controller would set on these manifests",
    .details = "Judges GatewayClasses, Gateways, their listeners, ListenerSets and routes by the specification alone: no\n"
               "cluster and no Azure is asked. What files cannot tell (addresses, the content of Secrets, Namespaces and\n"
               "Services when none is given) is Unknown. FILE is YAML or JSON with any number of objects; - is standard\n"
               "input. Exit codes: 0 all well, 2 when a route or listener would be refused, 64 usage or a broken file.",
    .options = words,
    .run = run_lint,
};
