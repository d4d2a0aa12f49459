/* doctor: what gatewatch stands on, line by line: terminal, configuration, credentials, reachability, permissions, clock.
 * Changes nothing: the plans it asks for stop at the access review. */
#include "../cli.h"

#include <jansson.h>
#include <langinfo.h>

enum verdict { GOOD, ODD, BAD, UNTOLD };
struct line { enum verdict verdict; const char *topic; char what[128], words[640], remedy[320]; };
struct report { struct line items[96]; size_t n; };

static void add(struct report *report, enum verdict verdict, const char *topic, const char *what, const char *remedy,
                const char *format, ...) __attribute__((format(printf, 6, 7)));
static void add(struct report *report, enum verdict verdict, const char *topic, const char *what, const char *remedy,
                const char *format, ...)
{
    va_list args;
    TEXT_AUTO text = { 0 };
    if (report->n >= sizeof report->items / sizeof *report->items)
        return;
    struct line *line = &report->items[report->n++];
    line->verdict = verdict;
    line->topic = topic;
    str_copy(line->what, sizeof line->what, what);
    va_start(args, format);
    text_vprintf(&text, format, args);
    va_end(args);
    str_copy(line->words, sizeof line->words, text_str(&text));
    str_copy(line->remedy, sizeof line->remedy, str_or(remedy, ""));
}

/* ---- what can be told without the network --------------------------------------------------------------------------- */

static void terminal(struct report *report)
{
    const char *term = env_get("TERM");
    const char *charset = nl_langinfo(CODESET);
    const char *color = env_get("COLORTERM");
    add(report, term ? GOOD : BAD, "terminal", "TERM", term ? NULL : "set TERM, for example to xterm-256color", "%s",
        str_or(term, "not set"));
    add(report, str_eq_nocase(charset, "UTF-8") ? GOOD : ODD, "terminal", "characters",
        str_eq_nocase(charset, "UTF-8") ? NULL : "set LANG=C.UTF-8 for lines and signs; ASCII is used until then", "%s",
        str_or(charset, "unknown"));
    add(report, GOOD, "terminal", "colours", NULL, "%s", env_get("NO_COLOR") ? "off (NO_COLOR)" : str_or(color, "by TERM"));
}

static void configuration(struct report *report, const struct settings *settings)
{
    FREE_AUTO char *usual = path_config("config.yaml");
    FREE_AUTO char *state = path_state("journal.jsonl");
    if (settings->config_file)
        add(report, GOOD, "configuration", "file", NULL, "%s", settings->config_file);
    else
        add(report, GOOD, "configuration", "file", NULL, "none (%s would be read)", str_or(usual, "no home folder"));
    add(report, state ? GOOD : ODD, "configuration", "journal", state ? NULL : "set HOME or XDG_STATE_HOME; fixes need it",
        "%s", str_or(state, "no folder"));
    add(report, GOOD, "configuration", "mode", NULL, "%s", settings->read_only ? "read-only" : "fixes after consent");
}

/* ---- what the world said ------------------------------------------------------------------------------------------------ */

static void one_error(struct report *report, const char *topic, const struct error *error)
{
    if (error->code != ERR_NONE)
        add(report, BAD, topic, "open", error->remedy, "%s", error->message);
}

static void identity(struct report *report, const struct view_data *view)
{
    const struct environment *env = &view->snapshot->env;
    one_error(report, "cluster", &view->fatal);
    if (*env->context || *env->server) {
        add(report, env->insecure ? ODD : GOOD, "cluster", "server",
            env->insecure ? "remove insecure-skip-tls-verify and name the CA" : NULL, "%s (context %s)%s", env->server,
            str_or(env->context, "none"), env->insecure ? ": its certificate is NOT verified" : "");
        add(report, GOOD, "cluster", "login", NULL, "%s by %s", str_or(env->user, "?"), str_or(env->login, "?"));
        add(report, *env->version ? GOOD : UNTOLD, "cluster", "version", NULL, "%s", str_or(env->version, "not known"));
    }
    one_error(report, "azure", &view->azure);
    add(report, *env->credential ? GOOD : UNTOLD, "azure", "credential", NULL, "%s",
        str_or(env->credential, "none has served yet"));
    if (env->arm_remaining_reads >= 0)
        add(report, GOOD, "azure", "budget", NULL, "%d reads, %d writes left at Azure Resource Manager",
            env->arm_remaining_reads, env->arm_remaining_writes);
}

static void clocks(struct report *report, const struct environment *env)
{
    if (!env->skew_known)
        add(report, UNTOLD, "clock", "against the server", NULL, "no answer carried a date");
    else if (env->skew_s > 60 || env->skew_s < -60)
        add(report, ODD, "clock", "against the server", "set this machine's clock: tokens and ages depend on it",
            "%lld s apart", (long long)env->skew_s);
    else
        add(report, GOOD, "clock", "against the server", NULL, "within a minute");
}

static void sources(struct report *report, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_sources; i++) {
        const struct source_state *source = &snapshot->sources[i];
        const char *words = *source->error.message ? source->error.message : source_status_name(source->status);
        enum verdict verdict = UNTOLD;
        if (source->status == SOURCE_LIVE || source->status == SOURCE_ABSENT)
            verdict = GOOD;
        else if (source->status == SOURCE_FORBIDDEN)
            verdict = ODD;
        else if (source->status != SOURCE_PENDING)
            verdict = BAD;
        add(report, verdict, source->status == SOURCE_FORBIDDEN ? "permission" : "reach", source->name,
            source->error.remedy, "%s", words);
    }
}

/* ---- may we apply the fixes ------------------------------------------------------------------------------------------------ */

static bool planned(const struct view_data *view, void *ctx)
{
    return view->plan && view->plan->state != PLAN_WORKING && str_eq(view->plan->fix, ctx);
}

static void fixes_allowed(struct report *report, struct engine *engine)
{
    static const char *const names[] = { "health-route", "traffic-policy" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        engine_ask(engine, &(struct ask){ .type = ASK_PLAN, .fix = names[i], .dry_run = true });
        struct view_data *view = engine_wait(engine, planned, (void *)(uintptr_t)names[i], 20 * 1000);
        const struct plan *plan = view && planned(view, (void *)(uintptr_t)names[i]) ? view->plan : NULL;
        if (!plan)
            add(report, UNTOLD, "permission", names[i], NULL, "the review did not end in time");
        else if (plan->state == PLAN_FAILED)
            add(report, UNTOLD, "permission", names[i], plan->error.remedy, "%s", plan->error.message);
        else if (plan->n_steps && plan->steps[0].state == STEP_FAILED)
            add(report, ODD, "permission", names[i], "see docs/fixes.md for the role", "missing: %s",
                str_or(plan->steps[0].detail, "?"));
        else if (!plan->n_changes)
            add(report, UNTOLD, "permission", names[i], NULL, "nothing to review: %s", str_or(plan->refusal, "no change"));
        else
            add(report, GOOD, "permission", names[i], NULL, "allowed");
        engine_ask(engine, &(struct ask){ .type = ASK_CANCEL });
        view_data_unref(view);
    }
}

/* ---- printing ---------------------------------------------------------------------------------------------------------------- */

static const char *const words[] = { "good", "odd", "bad", "unknown" };

static void print_json(const struct report *report)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < report->n; i++) {
        const struct line *line = &report->items[i];
        json_array_append_new(checks, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "topic", line->topic, "name", line->what,
                                                "verdict", words[line->verdict], "message", line->words, "remedy",
                                                *line->remedy ? line->remedy : NULL));
    }
    TEXT_AUTO text = { 0 };
    json_t *root = json_pack("{s:s, s:o}", "schema", "gatewatch/v1", "checks", checks);
    char *dump = json_dumps(root, JSON_INDENT(2));
    text_printf(&text, "%s\n", dump);
    output_write(&text);
    free_pointer(&dump);
    json_decref(root);
}

static void print_text(const struct report *report)
{
    TEXT_AUTO text = { 0 };
    for (size_t i = 0; i < report->n; i++) {
        const struct line *line = &report->items[i];
        text_printf(&text, "%-8s %-14s %-28s %s\n", words[line->verdict], line->topic, line->what, line->words);
        if (*line->remedy && line->verdict != GOOD)
            text_printf(&text, "%-8s %-14s %-28s remedy: %s\n", "", "", "", line->remedy);
    }
    output_write(&text);
}

static bool settled(const struct view_data *view, void *ctx)
{
    (void)ctx;
    return view->settled;
}

static int worst(const struct report *report)
{
    int code = EXIT_OK;
    for (size_t i = 0; i < report->n; i++) {
        if (report->items[i].verdict == BAD)
            return EXIT_CRITICAL;
        if (report->items[i].verdict == ODD)
            code = EXIT_WARNINGS;
    }
    return code;
}

static int run_doctor(const struct settings *settings, int argc, char **argv)
{
    struct options options = { 0 };
    struct error err = { 0 };
    struct settings looking = *settings;    /* shallow: the engine only reads it, and it must not write */
    FREE_AUTO struct report *report = xcalloc(1, sizeof *report);
    looking.read_only = true;
    if (!options_parse(&options, NULL, argc, argv, false, &err))
        return usage_error(&err, options.json);
    terminal(report);
    configuration(report, settings);
    struct engine *engine = engine_open(&looking, &err);
    struct view_data *view = engine ? engine_wait(engine, settled, NULL, 60 * 1000) : NULL;
    if (view) {
        identity(report, view);
        clocks(report, &view->snapshot->env);
        sources(report, view->snapshot);
        if (view->fatal.code == ERR_NONE)
            fixes_allowed(report, engine);
    } else {
        add(report, BAD, "reach", "everything", err.remedy, "%s", str_or(err.message, "nothing answered in time"));
    }
    view_data_unref(view);
    engine_close(engine);
    if (options.json)
        print_json(report);
    else
        print_text(report);
    return worst(report);
}

const struct command command_doctor = {
    .name = "doctor",
    .synopsis = "doctor [-o text|json]",
    .summary = "terminal, configuration, credentials, reach, permissions, clock",
    .details = "Asks for everything once and says for each thing whether it is good, odd, bad or unknown, and what to do.\n"
               "Changes nothing. Exits 0 when all is good, 1 when something is odd, 2 when something is bad.",
    .run = run_doctor,
};
