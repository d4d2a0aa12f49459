/* fix: the same plans, the same door and the same consent as in the dashboard, for scripts and for people without a
 * screen. */
#include "../cli.h"

#include <gatewatch/fix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PLAN_PATIENCE_MS = 60 * 1000, VERIFY_PATIENCE_MS = 15 * 60 * 1000 };

static const struct option_spec specs[] = {
    { "--gateway", true }, { "--choice", true }, { "--dry-run", false }, { "--yes", false }, { NULL, false },
};

static bool planned(const struct view_data *view, void *ctx)
{
    (void)ctx;
    return view->plan && view->plan->state != PLAN_WORKING;
}

/* What came of the sheet that was consented to. A sheet of another id means that the door made it anew: that one nobody has
 * agreed to. */
static bool finished(const struct view_data *view, void *ctx)
{
    const struct plan *plan = view->plan;
    return plan && (!str_eq(plan->id, ctx) || (plan->state != PLAN_READY && plan->state != PLAN_WORKING &&
                                               plan->state != PLAN_APPLYING && plan->state != PLAN_VERIFYING));
}

static void print_plan(const struct plan *plan, bool json)
{
    TEXT_AUTO text = { 0 };
    if (json)
        report_plan_json(plan, &text);
    else
        report_plan_text(plan, output_columns(), &text);
    output_write(&text);
}

/* The sheet that a question is about, where standard output is a script's. */
static void show_sheet(const struct plan *plan)
{
    TEXT_AUTO text = { 0 };
    report_plan_text(plan, 0, &text);
    fprintf(stderr, "%s\n", text_str(&text));
}

/* Consent: --yes, or the word typed at the terminal. A protected target wants its name in either case. */
static bool consent(const struct plan *plan, const struct options *options, char *typed, size_t cap, struct error *err)
{
    char question[256];
    if (plan->protected_target) {
        str_format(question, sizeof question, "%s is protected. Type its name to apply: ", plan->target);
        if (output_ask(question, typed, cap) && str_eq(typed, plan->target))
            return true;
        error_set(err, ERR_REFUSED, "not applied: %s is protected and its name was not typed", plan->target);
        return error_remedy(err, "run this at a terminal, or take the target out of `protected`");
    }
    if (options_value(options, "--yes"))
        return true;
    if (output_ask("Apply this? Type yes: ", typed, cap) && str_eq(typed, "yes")) {
        *typed = '\0';
        return true;
    }
    error_set(err, ERR_REFUSED, "not applied: no consent was given");
    return error_remedy(err, "answer yes at a terminal, or add --yes; --dry-run shows the change only");
}

static int plan_exit(const struct plan *plan)
{
    if (plan->state == PLAN_FAILED && plan->error.code == ERR_USAGE)
        return EXIT_USAGE;
    const bool undone = plan->state == PLAN_DONE && str_eq(plan->fix, "undo");
    const bool well = plan->state == PLAN_DONE && plan->verified_health;
    if (undone || well || (plan->dry_run && plan->state == PLAN_READY))
        return EXIT_OK;
    return plan->state == PLAN_FAILED ? EXIT_CRITICAL : EXIT_UNKNOWN;
}

/* From the sheet to the end. Returns the exit code. */
static int carry_out(struct engine *engine, struct view_data *view, const struct options *options, bool dry_run)
{
    struct error err = { 0 };
    char typed[256] = "";
    struct plan *plan = view->plan;
    if (plan->state != PLAN_READY || dry_run) {
        print_plan(plan, options->json);
        return plan_exit(plan);
    }
    if (!options->json)
        print_plan(plan, false);
    else if (isatty(STDIN_FILENO) && (plan->protected_target || !options_value(options, "--yes")))
        show_sheet(plan);
    if (!consent(plan, options, typed, sizeof typed, &err)) {
        output_error(&err, options->json);
        return EXIT_UNKNOWN;
    }
    engine_ask(engine, &(struct ask){ .type = ASK_APPLY, .id = plan->id, .typed = *typed ? typed : NULL });
    struct view_data *end = engine_wait(engine, finished, plan->id, VERIFY_PATIENCE_MS);
    if (!end || !finished(end, plan->id)) {
        error_set(&err, ERR_TIMEOUT, "the fix was sent; its verification did not end in time");
        error_remedy(&err, "`gatewatch fix log` tells how it went");
        output_error(&err, options->json);
        view_data_unref(end);
        return EXIT_UNKNOWN;
    }
    if (!str_eq(end->plan->id, plan->id) || end->plan->state == PLAN_STALE) {
        error_set(&err, ERR_CONFLICT, "not applied: somebody changed the object after the sheet was made");
        error_remedy(&err, "look at the new sheet with --dry-run, then run this again");
        output_error(&err, options->json);
        view_data_unref(end);
        return EXIT_UNKNOWN;
    }
    print_plan(end->plan, options->json);
    const int code = plan_exit(end->plan);
    view_data_unref(end);
    return code;
}

static int run_plan(const struct settings *settings, const struct options *options, const char *fix, const char *id)
{
    struct error err = { 0 };
    int code = EXIT_UNKNOWN;
    const bool dry_run = options_value(options, "--dry-run") != NULL;
    struct engine *engine = engine_open(settings, &err);
    if (!engine) {
        output_error(&err, options->json);
        return EXIT_UNKNOWN;
    }
    struct view_data *view = oneshot_view(engine, settings, options->json, &code);
    if (!view) {
        engine_close(engine);
        return code;
    }
    view_data_unref(view);
    engine_ask(engine, &(struct ask){ .type = ASK_PLAN, .fix = fix, .id = id,
                                      .gateway = options_value(options, "--gateway"),
                                      .choices = options_value(options, "--choice"), .dry_run = dry_run });
    view = engine_wait(engine, planned, NULL, PLAN_PATIENCE_MS);
    if (view && view->plan && view->plan->state != PLAN_WORKING) {
        code = carry_out(engine, view, options, dry_run);
    } else {
        error_set(&err, ERR_TIMEOUT, "the plan was not ready in time");
        output_error(&err, options->json);
    }
    view_data_unref(view);
    engine_close(engine);
    return code;
}

static int run_log(const struct options *options)
{
    struct journal journal = { 0 };
    struct error err = { 0 };
    TEXT_AUTO out = { 0 };
    if (!journal_read(&journal, &err)) {
        output_error(&err, options->json);
        return EXIT_UNKNOWN;
    }
    if (options->json) {
        report_journal_json(&journal, &out);
    } else {
        report_journal_text(&journal, output_columns(), &out);
    }
    output_write(&out);
    journal_free(&journal);
    return EXIT_OK;
}

static bool known_fix(const char *name, struct error *err)
{
    const char *names[16] = { "undo", "log" };
    for (size_t i = 0; i < n_fixes && i < 12; i++) {
        names[i + 2] = fixes[i]->name;
        if (str_eq(fixes[i]->name, name))
            return true;
    }
    if (!name) {
        error_set(err, ERR_USAGE, "`fix` needs to know which");
    } else {
        const char *near = str_nearest(name, names);
        error_set(err, ERR_USAGE, "there is no fix %s%s%s%s", name, near ? " (did you mean " : "", str_or(near, ""),
                  near ? "?)" : "");
    }
    return error_remedy(err, "use health-route, traffic-policy, undo or log");
}

static int run_fix(const struct settings *settings, int argc, char **argv)
{
    struct options options = { 0 };
    struct error err = { 0 };
    if (!options_parse(&options, specs, argc, argv, false, &err))
        return usage_error(&err, options.json);
    const char *what = options.n_words ? options.words[0] : NULL;
    const bool undo = str_eq(what, "undo");
    if (options.n_words > (undo ? 2u : 1u)) {
        error_set(&err, ERR_USAGE, "one word too many: %s", options.words[undo ? 2 : 1]);
        return usage_error(&err, options.json);
    }
    if (str_eq(what, "log"))
        return run_log(&options);
    if (!undo && !known_fix(what, &err))
        return usage_error(&err, options.json);
    return run_plan(settings, &options, what, undo && options.n_words == 2 ? options.words[1] : NULL);
}

static const char *const option_names[] = { "--gateway", "--choice", "--dry-run", "--yes", "-o", NULL };

const struct command command_fix = {
    .name = "fix",
    .synopsis = "fix health-route|traffic-policy|undo|log",
    .summary = "preview and apply a fix, undo one, or list what was done",
    .details = "`fix undo [ID]` takes the last fix back, or the one named; `fix log` lists what was done from this machine.\n\n"
               "  --gateway NS/NAME   the Gateway, when more than one could be meant\n"
               "  --choice GROUP=ID   one of the choices that the sheet shows; several by commas\n"
               "  --dry-run           everything but the write\n"
               "  --yes               consent without a question (never for a protected target)\n"
               "  -o text|json\n\n"
               "Exit codes: 0 applied and healthy (or a clean dry run), 2 failed, 3 refused or not verified, 64 usage.",
    .options = option_names,
    .run = run_fix,
};
