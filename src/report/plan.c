/* A plan as JSON and as a sheet of text: exactly what would change, what it costs, how to do it by hand. */
#include "json.h"
#include "words.h"

static json_t *changes(const struct plan *plan)
{
    json_t *array = json_array();
    for (size_t i = 0; i < plan->n_changes; i++) {
        const struct plan_change *change = &plan->changes[i];
        json_t *object = json_object();
        json_object_set_new(object, "verb", json_maybe(change->verb));
        json_object_set_new(object, "resource", json_maybe(change->resource));
        json_object_set_new(object, "namespace", json_maybe(change->namespace && *change->namespace ? change->namespace
                                                                                                   : NULL));
        json_object_set_new(object, "name", json_maybe(change->name));
        json_object_set_new(object, "before", json_maybe(change->before && *change->before ? change->before : NULL));
        json_object_set_new(object, "after", json_maybe(change->after && *change->after ? change->after : NULL));
        json_object_set_new(object, "warnings", json_strings(&change->warnings));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *verified(const struct plan *plan)
{
    if (!plan->verified_health)
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "backend", json_maybe(plan->verified_backend), "health",
                     json_maybe(plan->verified_health), "afterSeconds",
                     json_known(plan->verified_after_ms < 0 ? -1 : plan->verified_after_ms / 1000));
}

void report_plan_json(const struct plan *plan, struct text *out)
{
    json_t *root = json_object();
    json_object_set_new(root, "schema", json_string(REPORT_SCHEMA));
    json_object_set_new(root, "id", json_maybe(plan->id));
    json_object_set_new(root, "fix", json_maybe(plan->fix));
    json_object_set_new(root, "dryRun", json_boolean(plan->dry_run));
    json_object_set_new(root, "changes", changes(plan));
    json_object_set_new(root, "result", json_maybe(plan_state_name(plan->state)));
    json_object_set_new(root, "verified", verified(plan));
    json_object_set_new(root, "undo", json_maybe(plan->undo));
    if (plan->refusal)
        json_object_set_new(root, "refusal", json_maybe(plan->refusal));
    if (plan->error.code != ERR_NONE)
        json_object_set_new(root, "error", json_pack("{s:s, s:s, s:s}", "code", error_code_name(plan->error.code),
                                                     "message", plan->error.message, "remedy", plan->error.remedy));
    json_print(root, out);
}

static void change_text(const struct plan_change *change, struct text *out)
{
    text_printf(out, "\n%s %s %s%s%s\n", change->verb, change->kind, str_or(change->namespace, ""),
                change->namespace && *change->namespace ? "/" : "", change->name);
    for (const char *line = str_or(change->diff, ""); *line;) {
        size_t len = 0;
        while (line[len] && line[len] != '\n')
            len++;
        text_puts(out, "  ");
        text_add(out, line, len);
        text_putc(out, '\n');
        line += len + (line[len] == '\n');
    }
    for (size_t i = 0; i < change->warnings.n; i++)
        text_printf(out, "  warning: %s\n", change->warnings.items[i]);
    if (change->command && *change->command)
        text_printf(out, "  by hand: %s\n", change->command);
}

void report_plan_text(const struct plan *plan, int columns, struct text *out)
{
    static const char *const marks[] = { "·", "!", "!!" };
    text_printf(out, "%s  (%s)\n", str_or(plan->title, plan->fix), plan->id);
    text_printf(out, "target   %s%s%s\n", str_or(plan->target, "?"), plan->gateway ? "  gateway " : "",
                str_or(plan->gateway, ""));
    if (plan->reason && *plan->reason)
        words_fold(out, "cures    ", plan->reason, columns);
    if (plan->predicted_before || plan->predicted_after)
        text_printf(out, "predicts %s -> %s\n", str_or(plan->predicted_before, "?"), str_or(plan->predicted_after, "?"));
    for (size_t i = 0; i < plan->n_changes; i++)
        change_text(&plan->changes[i], out);
    if (plan->n_costs)
        text_puts(out, "\nWhat it costs\n");
    for (size_t i = 0; i < plan->n_costs; i++) {
        text_printf(out, "  %s", marks[plan->costs[i].severity]);
        words_tab(out, 5);
        words_fold(out, "", plan->costs[i].text, columns > 5 ? columns - 5 : 0);
    }
    for (size_t i = 0; i < plan->owners.n; i++)
        words_fold(out, i ? "         " : "\nowners   ", plan->owners.items[i], columns);
    for (size_t i = 0; i < plan->n_choices; i++)
        if (plan->choices[i].selected || plan->choices[i].allowed)
            text_printf(out, "%s choice   %s=%s  %s\n", plan->choices[i].selected ? "*" : " ", plan->choices[i].group,
                        plan->choices[i].id, plan->choices[i].label);
    if (plan->refusal)
        words_fold(out, "\nrefused  ", plan->refusal, columns);
    if (plan->error.code != ERR_NONE) {
        words_fold(out, "\nfailed   ", plan->error.message, columns);
        words_fold(out, "remedy   ", plan->error.remedy, columns);
    }
    if (plan->outcome)
        words_fold(out, "\nresult   ", plan->outcome, columns);
    if (plan->undo)
        text_printf(out, "undo     %s\n", plan->undo);
}

void report_error_json(const struct error *error, struct text *out)
{
    json_print(json_pack("{s:s, s:{s:s, s:s, s:s}}", "schema", REPORT_SCHEMA, "error", "code",
                         error_code_name(error->code), "message", error->message, "remedy", error->remedy),
               out);
}
