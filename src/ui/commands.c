/* The command line behind ':'. One table: name, argument, what it does. */
#include "app.h"

#include <stdlib.h>
#include <string.h>

struct command {
    const char *name, *argument, *help;
    void (*run)(struct app *, const char *argument);
    const char *(*complete)(struct app *, size_t n);    /* the n-th argument that there is, or NULL */
};

static void run_quit(struct app *a, const char *argument)
{
    (void)argument;
    app_ask_to_quit(a);
}

static void run_theme(struct app *a, const char *name)
{
    struct error err = {0};
    if (theme_load(&a->theme, name, &err))
        app_flash(a, ROLE_QUIET, "Theme %s", a->theme.name);
    else
        app_flash(a, ROLE_WARN, "%s. %s", err.message, err.remedy);
}

static const char *complete_theme(struct app *a, size_t n)
{
    static char name[64];
    (void)a;
    size_t total;
    char **names = theme_names(&total);
    str_copy(name, sizeof name, n < total ? names[n] : "");
    for (size_t i = 0; i < total; i++)
        free(names[i]);
    free(names);
    return *name ? name : NULL;
}

/* An expression that means this text: signs become "any character". */
static void filter_for(const char *column, const char *value, char *out, size_t cap)
{
    str_format(out, cap, "%s%s", column, *column ? ":" : "");
    for (const char *c = value; *c && strlen(out) < cap - 2; c++) {
        size_t len = strlen(out);
        out[len] = strchr("^$.*+?[](){}|\\ !:", *c) ? '.' : *c;
        out[len + 1] = '\0';
    }
}

static void filtered(struct app *a, const char *view, const char *column, const char *value)
{
    char filter[200];
    filter_for(column, value, filter, sizeof filter);
    app_jump(a, &(struct jump){.view = view, .filter = filter});
}

static void run_tenant(struct app *a, const char *name)
{
    filtered(a, "routes", *name ? "tenant" : "", name);
}
static void run_route(struct app *a, const char *name)
{
    filtered(a, "routes", *name ? "route" : "", name);
}
static void run_gateway(struct app *a, const char *name)
{
    filtered(a, "services", *name ? "gateway" : "", name);
}

static const char *complete_tenant(struct app *a, size_t n)
{
    const struct topology *t = a->data ? a->data->topology : NULL;
    return t && n < t->tenants.n ? t->tenants.items[n].name : NULL;
}
static const char *complete_route(struct app *a, size_t n)
{
    const struct topology *t = a->data ? a->data->topology : NULL;
    return t && n < t->n_routes ? t->routes[n].route : NULL;
}
static const char *complete_gateway(struct app *a, size_t n)
{
    const struct topology *t = a->data ? a->data->topology : NULL;
    return t && n < t->gateways.n ? t->gateways.items[n].gateway : NULL;
}

static void run_context(struct app *a, const char *name)
{
    const struct environment *env = a->data && a->data->snapshot ? &a->data->snapshot->env : NULL;
    (void)name;
    app_flash(a, ROLE_TEXT, "Context %s, cluster %s (%s). Another one: start gatewatch with --context NAME.",
              str_or(env ? env->context : NULL, "?"), str_or(env ? env->cluster : NULL, "?"),
              str_or(env ? env->server : NULL, "?"));
}

static void run_refresh(struct app *a, const char *argument)
{
    (void)argument;
    app_refresh(a);
}
static void run_help(struct app *a, const char *argument)
{
    (void)argument;
    app_help(a);
}

static void source_line(const struct scene *s, const struct source_state *source, struct doc *d)
{
    char age[16];
    static const enum role roles[] = {
        [SOURCE_PENDING] = ROLE_ACCENT, [SOURCE_LIVE] = ROLE_OK,        [SOURCE_STALE] = ROLE_WARN,
        [SOURCE_FAILED] = ROLE_BAD,     [SOURCE_FORBIDDEN] = ROLE_WARN, [SOURCE_ABSENT] = ROLE_ABSENT,
    };
    int pad = 34 - text_width(source->name);
    doc_add(d, ROLE_TEXT, "%s%*s", source->name, pad > 1 ? pad : 1, "");
    doc_hang(d, 34);
    doc_add(d, roles[source->status], "%-10s", source_status_name(source->status));
    doc_add(d, ROLE_QUIET, "%6zu objects  ", source->objects);
    if (source->good_mono_ms >= 0)
        doc_add(d, ROLE_QUIET, "%s old", age_text(s->mono_ms - source->good_mono_ms, age));
    if (source->error.code != ERR_NONE)
        doc_add(d, ROLE_TEXT, "  %s%s%s", source->error.message, *source->error.remedy ? ". " : "",
                source->error.remedy);
    doc_end(d);
}

static void run_sources(struct app *a, const char *argument)
{
    (void)argument;
    struct scene s = app_scene(a);
    pager_open(&a->pager, PAGER_TEXT, "Sources: how fresh is what we know");
    if (!s.snapshot) {
        doc_line(&a->pager.doc, ROLE_QUIET, "Nothing has been asked yet.");
        return;
    }
    const struct environment *env = &s.snapshot->env;
    doc_field(&a->pager.doc, "Context", ROLE_TEXT, "%s, cluster %s", str_or(env->context, "?"),
              str_or(env->cluster, "?"));
    doc_field(&a->pager.doc, "Server", ROLE_TEXT, "%s (%s)", str_or(env->server, "?"),
              str_or(env->version, "version not known"));
    doc_field(&a->pager.doc, "Login", ROLE_TEXT, "%s %s", str_or(env->user, "?"), str_or(env->login, ""));
    doc_field(&a->pager.doc, "Azure", ROLE_TEXT, "%s, credential %s", str_or(env->cloud, "?"),
              str_or(env->credential, "none"));
    if (env->arm_remaining_reads >= 0)
        doc_field(&a->pager.doc, "ARM budget", ROLE_TEXT, "%d reads left, %d writes left",
                  env->arm_remaining_reads, env->arm_remaining_writes);
    doc_end(&a->pager.doc);
    for (size_t i = 0; i < s.snapshot->n_sources; i++)
        source_line(&s, &s.snapshot->sources[i], &a->pager.doc);
}

static void run_faults(struct app *a, const char *argument)
{
    (void)argument;
    struct table *t = &a->states[a->view->order].tables[a->states[a->view->order].focus];
    t->faults_only = !t->faults_only;
    t->dirty = true;
}

static const struct command commands[] = {
    {"quit", "", "quit", run_quit, NULL},
    {"help", "", "all keys and commands", run_help, NULL},
    {"refresh", "", "ask all sources now", run_refresh, NULL},
    {"theme", "NAME", "another theme", run_theme, complete_theme},
    {"sources", "", "every source with its age and error", run_sources, NULL},
    {"faults", "", "only what is not healthy", run_faults, NULL},
    {"tenant", "NAME", "routes of a tenant", run_tenant, complete_tenant},
    {"route", "NAME", "a route", run_route, complete_route},
    {"gw", "NAME", "a gateway's Service", run_gateway, complete_gateway},
    {"ctx", "", "which context this is", run_context, NULL},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

/* The n-th name that a line may begin with: commands, then views. */
static const char *nth_name(size_t n)
{
    size_t n_views;
    const struct view *const *views = views_in_order(&n_views);
    return n < N_COMMANDS ? commands[n].name : n - N_COMMANDS < n_views ? views[n - N_COMMANDS]->name : NULL;
}

static const struct command *command_named(const char *word)
{
    if (str_eq(word, "q"))
        return &commands[0];
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (str_eq_nocase(word, commands[i].name))
            return &commands[i];
    const struct command *only = NULL;
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (str_starts(commands[i].name, word)) {
            if (only)
                return NULL;
            only = &commands[i];
        }
    return only;
}

void command_run(struct app *a, const char *line)
{
    line += strspn(line, " ");
    size_t len = strcspn(line, " ");
    if (!len)
        return;
    char word[64];
    str_format(word, sizeof word, "%.*s", (int)len, line);
    const char *argument = line + len + strspn(line + len, " ");
    const struct view *view = app_view_named(word);
    const struct command *command = command_named(word);
    if (command && (!view || str_eq(command->name, word))) {
        command->run(a, argument);
        return;
    }
    if (view) {
        app_show(a, view);
        return;
    }
    const char *names[N_COMMANDS + VIEWS_MAX + 1] = {0};
    for (size_t i = 0; i < N_COMMANDS + VIEWS_MAX && nth_name(i); i++)
        names[i] = nth_name(i);
    const char *near = str_nearest(word, names);
    app_flash(a, ROLE_WARN, "There is no command \"%s\"%s%s%s. Tab completes, :help lists.", word,
              near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

const char *command_complete(void *app, const char *line, size_t n)
{
    static char out[PROMPT_BYTES];
    struct app *a = app;
    const char *space = strchr(line, ' ');
    size_t seen = 0;
    if (!space) {
        for (size_t i = 0; nth_name(i); i++)
            if (str_starts(nth_name(i), line) && seen++ == n) {
                str_copy(out, sizeof out, nth_name(i));
                return out;
            }
        return NULL;
    }
    char word[64];
    str_format(word, sizeof word, "%.*s", (int)(space - line), line);
    const struct command *command = command_named(word);
    const char *stem = space + strspn(space, " ");
    for (size_t i = 0; command && command->complete; i++) {
        const char *value = command->complete(a, i);
        if (!value)
            break;
        if (str_has_nocase(value, stem) && seen++ == n) {
            str_format(out, sizeof out, "%s %s", command->name, value);
            return out;
        }
    }
    return NULL;
}

void app_help(struct app *a)
{
    pager_open(&a->pager, PAGER_TEXT, "Help");
    struct doc *d = &a->pager.doc;
    doc_line(d, ROLE_TEXT, "%s: %s", a->view->title, a->view->help);
    keymap_help(d, a->sheet.open ? PLACE_SHEET : PLACE_LIST);
    doc_heading(d, "Commands");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char name[64];
        str_format(name, sizeof name, ":%s %s", commands[i].name, commands[i].argument);
        doc_add(d, ROLE_KEY, "  %-16s", name);
        doc_hang(d, 18);
        doc_line(d, ROLE_TEXT, "%s", commands[i].help);
    }
    doc_line(d, ROLE_KEY, "  :VIEW           overview, backends, probes, routes, services, findings");
}
