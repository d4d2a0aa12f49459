#include "cli.h"

#include <stdio.h>

static bool settled(const struct view_data *view, void *ctx)
{
    (void)ctx;
    return view->settled;
}

/* A backend health report takes ten seconds and more to make (azure.md 2.1), a slow credential a few. */
static int patience_ms(const struct settings *settings)
{
    const int floor_s = 60;
    const int s = settings->timeout_s * 6;
    return (s > floor_s ? s : floor_s) * 1000;
}

static const struct source_state *first_failure(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_sources; i++)
        if (snapshot->sources[i].status == SOURCE_FAILED)
            return &snapshot->sources[i];
    return NULL;
}

static bool anything_known(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_sources; i++) {
        const struct source_state *source = &snapshot->sources[i];
        /* An ARM list over no subscription at all is good and says nothing. */
        if (source->good_mono_ms >= 0 && (source->origin == ORIGIN_KUBERNETES || source->objects))
            return true;
    }
    return false;
}

static bool has_failed(const struct source_state *source)
{
    return source->status == SOURCE_FAILED || source->status == SOURCE_FORBIDDEN || source->status == SOURCE_STALE;
}

/* One line per reason: a host that is gone takes every source with it. */
static void name_failures(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_sources; i++) {
        const struct source_state *source = &snapshot->sources[i];
        size_t same = 0;
        bool said = false;
        for (size_t k = 0; k < snapshot->n_sources; k++) {
            const struct source_state *other = &snapshot->sources[k];
            if (!has_failed(other) || !str_eq(other->error.message, source->error.message))
                continue;
            said |= k < i;
            same += k > i;
        }
        if (!has_failed(source) || said)
            continue;
        if (same)
            fprintf(stderr, "gatewatch: %s and %zu more: %s\n", source->name, same, source->error.message);
        else
            fprintf(stderr, "gatewatch: %s: %s\n", source->name, source->error.message);
        if (*source->error.remedy)
            fprintf(stderr, "gatewatch: remedy: %s\n", source->error.remedy);
    }
}

struct view_data *oneshot_view(struct engine *engine, const struct settings *settings, bool json, int *ret_exit)
{
    struct view_data *view = engine_wait(engine, settled, NULL, patience_ms(settings));
    struct error err = { 0 };
    if (!view)
        error_set(&err, ERR_TIMEOUT, "nothing answered in time");
    else if (view->fatal.code == ERR_CONFIG || view->fatal.code == ERR_USAGE)
        err = view->fatal;
    else if (view->azure.code == ERR_CONFIG || view->azure.code == ERR_USAGE)
        err = view->azure;
    else if (!anything_known(view->snapshot)) {
        const struct source_state *failed = first_failure(view->snapshot);
        if (view->fatal.code != ERR_NONE)
            err = view->fatal;
        else if (failed)
            err = failed->error;
        else
            error_set(&err, ERR_TIMEOUT, "nothing answered in time");
    }
    if (err.code == ERR_NONE) {
        name_failures(view->snapshot);
        return view;
    }
    output_error(&err, json);
    *ret_exit = err.code == ERR_CONFIG || err.code == ERR_USAGE ? EXIT_USAGE : EXIT_UNKNOWN;
    view_data_unref(view);
    return NULL;
}

int oneshot_report(const struct settings *settings, int argc, char **argv, bool prom_allowed, oneshot_print *print)
{
    struct options options = { 0 };
    struct error err = { 0 };
    int code = EXIT_UNKNOWN;
    if (!options_parse(&options, NULL, argc, argv, prom_allowed, &err))
        return usage_error(&err, options.json);
    if (options.n_words) {
        error_set(&err, ERR_USAGE, "`%s` takes no arguments: %s", argv[0], options.words[0]);
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
        code = print(view, &options, &text);
        output_write(&text);
        view_data_unref(view);
    }
    engine_close(engine);
    return code;
}
