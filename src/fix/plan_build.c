#include "fix.h"

#include <stdlib.h>
#include <string.h>

enum { COSTS_MAX = 24, CHOICES_MAX = 12, STEPS_MAX = 16, CHANGES_MAX = 8, STRINGS_MAX = 16 };

/* "20261122T213012-3f2a": sorts by time, and two in one second still differ. */
static void make_id(char id[24])
{
    static unsigned counter;
    char when[32];
    char compact[20];
    size_t n = 0;
    clock_format_rfc3339(clock_wall_ms(), when);
    for (const char *p = when; *p && *p != 'Z' && n < 15; p++)
        if (*p != '-' && *p != ':')
            compact[n++] = *p;
    compact[n] = '\0';
    const unsigned tail = (unsigned)(clock_mono_ms() * 2654435761u) + ++counter;
    str_format(id, 24, "%s-%04x", compact, tail & 0xffff);
}

struct plan *plan_begin(const struct fix_request *request, const struct topology *topology,
                        const struct settings *settings)
{
    struct plan *plan = plan_new();
    const struct environment *env = &topology->snapshot->env;
    make_id(plan->id);
    plan->fix = arena_dup(&plan->arena, request->fix);
    plan->state = PLAN_WORKING;
    plan->dry_run = request->dry_run;
    plan->read_only = settings->read_only;
    plan->context = arena_dup(&plan->arena, env->context);
    plan->cluster = arena_dup(&plan->arena, env->cluster);
    plan->target = arena_dup(&plan->arena, *env->context ? env->context : env->cluster);
    plan->protected_target = settings_protects(settings, env->context, env->cluster);
    plan->verified_after_ms = -1;
    plan->changes = arena_alloc(&plan->arena, CHANGES_MAX * sizeof *plan->changes);
    plan->costs = arena_alloc(&plan->arena, COSTS_MAX * sizeof *plan->costs);
    plan->choices = arena_alloc(&plan->arena, CHOICES_MAX * sizeof *plan->choices);
    plan->steps = arena_alloc(&plan->arena, STEPS_MAX * sizeof *plan->steps);
    plan->owners.items = arena_alloc(&plan->arena, STRINGS_MAX * sizeof *plan->owners.items);
    return plan;
}

/* ---- copying: a published plan never changes ------------------------------------------------------------------------------ */

static struct strings copy_strings(struct arena *arena, const struct strings *from)
{
    struct strings out = { .items = arena_alloc(arena, STRINGS_MAX * sizeof *out.items), .n = from->n };
    for (size_t i = 0; i < from->n && i < STRINGS_MAX; i++)
        out.items[i] = arena_dup(arena, from->items[i]);
    return out;
}

static void copy_change(struct arena *arena, struct plan_change *to, const struct plan_change *from)
{
    *to = *from;
    const char **fields[] = { &to->verb, &to->resource, &to->kind, &to->group, &to->version, &to->namespace, &to->name,
                              &to->content_type, &to->body, &to->before, &to->after, &to->diff, &to->command,
                              &to->resource_version, &to->uid, &to->inverse_verb, &to->inverse_body,
                              &to->inverse_content_type };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = arena_dup(arena, *fields[i]);
    to->warnings = copy_strings(arena, &from->warnings);
}

static void copy_rows(struct plan *to, const struct plan *from)
{
    struct arena *arena = &to->arena;
    for (size_t i = 0; i < from->n_changes; i++)
        copy_change(arena, &to->changes[i], &from->changes[i]);
    for (size_t i = 0; i < from->n_costs; i++)
        to->costs[i] = (struct plan_cost){ from->costs[i].severity, arena_dup(arena, from->costs[i].text) };
    for (size_t i = 0; i < from->n_choices; i++) {
        struct plan_choice *choice = &to->choices[i];
        *choice = from->choices[i];
        choice->group = arena_dup(arena, choice->group);
        choice->id = arena_dup(arena, choice->id);
        choice->label = arena_dup(arena, choice->label);
        choice->help = arena_dup(arena, choice->help);
        choice->why_not = arena_dup(arena, choice->why_not);
    }
    for (size_t i = 0; i < from->n_steps; i++) {
        to->steps[i] = from->steps[i];
        to->steps[i].text = arena_dup(arena, from->steps[i].text);
        to->steps[i].detail = arena_dup(arena, from->steps[i].detail);
    }
    to->owners = copy_strings(arena, &from->owners);
}

struct plan *plan_copy(const struct plan *from)
{
    struct plan *to = plan_new();
    const struct arena arena = to->arena;
    *to = *from;
    atomic_init(&to->refs, 1);
    to->arena = arena;
    const char **fields[] = { &to->fix, &to->title, &to->target, &to->gateway, &to->context, &to->cluster, &to->reason,
                              &to->predicted_before, &to->predicted_after, &to->manifest, &to->refusal, &to->outcome,
                              &to->verified_backend, &to->verified_health, &to->undo };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = arena_dup(&to->arena, *fields[i]);
    to->changes = arena_alloc(&to->arena, CHANGES_MAX * sizeof *to->changes);
    to->costs = arena_alloc(&to->arena, COSTS_MAX * sizeof *to->costs);
    to->choices = arena_alloc(&to->arena, CHOICES_MAX * sizeof *to->choices);
    to->steps = arena_alloc(&to->arena, STEPS_MAX * sizeof *to->steps);
    copy_rows(to, from);
    return to;
}

/* ---- building ---------------------------------------------------------------------------------------------------------------- */

struct plan_change *plan_add_change(struct plan *plan, const char *verb, const char *resource, const char *kind,
                                    const char *group, const char *version, const char *ns, const char *name,
                                    const char *content_type, json_t *body)
{
    struct arena *arena = &plan->arena;
    char *dump = json_dumps(body, JSON_COMPACT);
    struct plan_change *change;
    if (plan->n_changes < CHANGES_MAX && dump) {
        change = &plan->changes[plan->n_changes++];
    } else {
        /* Half a fix must not go out: it is shown as far as it fits, and refused. */
        change = arena_alloc(arena, sizeof *change);
        plan_refuse(plan, dump ? "This needs more changes than one sheet holds." : "The body of %s %s cannot be made.",
                    kind, str_or(name, "?"));
    }
    *change = (struct plan_change){
        .verb = arena_dup(arena, verb),
        .resource = arena_dup(arena, resource),
        .kind = arena_dup(arena, kind),
        .group = arena_dup(arena, group),
        .version = arena_dup(arena, version),
        .namespace = arena_dup(arena, ns),
        .name = arena_dup(arena, name),
        .content_type = arena_dup(arena, content_type),
        .body = arena_dup(arena, str_or(dump, "{}")),
        .before = "",
        .after = "",
        .diff = "",
        .command = "",
    };
    change->warnings.items = arena_alloc(arena, STRINGS_MAX * sizeof *change->warnings.items);
    free(dump);
    json_decref(body);
    return change;
}

__attribute__((format(printf, 2, 0)))
static const char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    TEXT_AUTO text = { 0 };
    text_vprintf(&text, format, args);
    return arena_dup(arena, text_str(&text));
}

void plan_add_cost(struct plan *plan, enum severity severity, const char *format, ...)
{
    va_list args;
    if (plan->n_costs >= COSTS_MAX)
        return;
    va_start(args, format);
    plan->costs[plan->n_costs++] = (struct plan_cost){ severity, arena_vprintf(&plan->arena, format, args) };
    va_end(args);
}

struct plan_choice *plan_add_choice(struct plan *plan, const char *group, const char *id, const char *label,
                                    const char *help)
{
    /* One that finds no room is not offered; the caller may still write on it. */
    struct plan_choice *choice = plan->n_choices < CHOICES_MAX ? &plan->choices[plan->n_choices++]
                                                               : arena_alloc(&plan->arena, sizeof *choice);
    *choice = (struct plan_choice){
        .group = arena_dup(&plan->arena, group),
        .id = arena_dup(&plan->arena, id),
        .label = arena_dup(&plan->arena, label),
        .help = arena_dup(&plan->arena, help),
        .allowed = true,
    };
    return choice;
}

void plan_add_owner(struct plan *plan, const char *format, ...)
{
    va_list args;
    if (plan->owners.n >= STRINGS_MAX)
        return;
    va_start(args, format);
    plan->owners.items[plan->owners.n++] = arena_vprintf(&plan->arena, format, args);
    va_end(args);
}

/* The first reason stands: it is the one that the user must do something about. */
void plan_refuse(struct plan *plan, const char *format, ...)
{
    va_list args;
    if (plan->refusal)
        return;
    va_start(args, format);
    plan->refusal = arena_vprintf(&plan->arena, format, args);
    va_end(args);
}

size_t plan_add_step(struct plan *plan, const char *text)
{
    if (plan->n_steps >= STEPS_MAX)
        return plan->n_steps - 1;
    plan->steps[plan->n_steps] = (struct plan_step){ .text = arena_dup(&plan->arena, text), .state = STEP_TODO };
    return plan->n_steps++;
}

void plan_step(struct plan *plan, size_t step, int state, const char *format, ...)
{
    va_list args;
    if (step >= plan->n_steps)
        return;
    va_start(args, format);
    plan->steps[step].state = state;
    plan->steps[step].detail = arena_vprintf(&plan->arena, format, args);
    va_end(args);
}

void plan_add_warning(struct plan *plan, struct plan_change *change, const char *text)
{
    if (change->warnings.n < STRINGS_MAX)
        change->warnings.items[change->warnings.n++] = arena_dup(&plan->arena, text);
}

/* ---- choices -------------------------------------------------------------------------------------------------------------------- */

const char *request_choice(const struct fix_request *request, const char *group)
{
    const size_t len = strlen(group);
    for (size_t i = 0; i < request->choices.n; i++)
        if (!strncmp(request->choices.items[i], group, len) && request->choices.items[i][len] == '=')
            return request->choices.items[i] + len + 1;
    return NULL;
}

bool plan_check_choices(const struct plan *plan, const struct fix_request *request, struct error *err)
{
    for (size_t i = 0; i < request->choices.n; i++) {
        const char *asked = request->choices.items[i];
        const struct plan_choice *found = NULL;
        TEXT_AUTO offered = { 0 };
        for (size_t k = 0; k < plan->n_choices; k++) {
            const struct plan_choice *choice = &plan->choices[k];
            FREE_AUTO char *word = xasprintf("%s=%s", choice->group, choice->id);
            text_printf(&offered, "%s%s", offered.len ? ", " : "", word);
            if (str_eq(word, asked))
                found = choice;
        }
        if (found && found->allowed)
            continue;
        if (found)
            error_set(err, ERR_REFUSED, "the choice %s is not possible here: %s", asked, str_or(found->why_not, "?"));
        else
            error_set(err, ERR_USAGE, "there is no choice %s", asked);
        return error_remedy(err, "choices: %s", str_or(text_str(&offered), "none"));
    }
    return true;
}

/* ---- words to do it by hand -------------------------------------------------------------------------------------------------- */

/* One shell word in single quotes. */
static void quote(struct text *out, const char *s)
{
    text_putc(out, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            text_puts(out, "'\\''");
        else
            text_putc(out, *s);
    }
    text_putc(out, '\'');
}

/* A name as it stands when it is only what names are made of. */
static void word(struct text *out, const char *name)
{
    if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.")])
        quote(out, name);
    else
        text_puts(out, name);
}

static void command_of(const struct plan *plan, const struct plan_change *change, struct text *out)
{
    text_puts(out, "kubectl");
    if (plan->context && *plan->context) {
        text_puts(out, " --context ");
        quote(out, plan->context);
    }
    if (change->namespace && *change->namespace) {
        text_puts(out, " -n ");
        word(out, change->namespace);
    }
    if (str_eq(change->verb, "delete")) {
        text_printf(out, " delete %s ", change->resource);
        word(out, change->name);
    } else if (str_eq(change->content_type, CONTENT_MERGE)) {
        text_printf(out, " patch %s ", change->resource);
        word(out, change->name);
        text_puts(out, " --type merge -p ");
        quote(out, change->body);
    } else {
        text_printf(out, " apply --server-side --field-manager %s -f -   # with the manifest of this sheet", FIELD_MANAGER);
    }
}

static void add_manifest(struct text *manifest, const struct plan_change *change)
{
    json_t *body = json_loads(change->body, 0, NULL);
    if (!body || str_eq(change->verb, "delete")) {
        json_decref(body);
        return;
    }
    text_printf(manifest, "---\n# %s %s %s%s%s\n", change->verb, change->kind, str_or(change->namespace, ""),
                change->namespace && *change->namespace ? "/" : "", change->name);
    yaml_emit(body, manifest);
    json_decref(body);
}

void plan_fill_commands(struct plan *plan)
{
    TEXT_AUTO manifest = { 0 };
    for (size_t i = 0; i < plan->n_changes; i++) {
        TEXT_AUTO command = { 0 };
        command_of(plan, &plan->changes[i], &command);
        plan->changes[i].command = arena_dup(&plan->arena, text_str(&command));
        add_manifest(&manifest, &plan->changes[i]);
    }
    plan->manifest = arena_dup(&plan->arena, text_str(&manifest));
}
