/* lint: the conditions that a controller would set on manifests. */
#include "json.h"
#include "words.h"

static const char *const status_words[] = { "Unknown", "False", "True" };

void report_lint_json(const struct predicted_conditions *predicted, struct text *out)
{
    json_t *root = json_object(), *objects = json_array();
    for (size_t i = 0; i < predicted->n; i++) {
        const struct condition_set *set = &predicted->items[i];
        json_t *object = json_subject(set->object->kind->name, set->object->namespace, set->object->name);
        json_t *conditions = json_array();
        for (size_t k = 0; k < set->conditions.n; k++) {
            const struct condition *c = &set->conditions.items[k];
            json_array_append_new(conditions, json_pack("{s:s, s:s, s:s, s:s}", "type", c->type, "status",
                                                        status_words[c->status], "reason", c->reason, "message",
                                                        c->message));
        }
        json_object_set_new(object, "parent", json_maybe(set->parent));
        json_object_set_new(object, "listener", json_maybe(set->listener));
        json_object_set_new(object, "conditions", conditions);
        json_array_append_new(objects, object);
    }
    json_object_set_new(root, "schema", json_string(REPORT_SCHEMA));
    json_object_set_new(root, "objects", objects);
    json_print(root, out);
}

static void heading(const struct condition_set *set, struct text *out)
{
    const struct object *o = set->object;
    text_printf(out, "%s %s %s%s%s", condition_set_refused(set) ? "REFUSED" : "ok     ", o->kind->name, o->namespace,
                *o->namespace ? "/" : "", o->name);
    if (set->parent)
        text_printf(out, "  at %s", set->parent);
    if (set->listener)
        text_printf(out, "  listener %s", set->listener);
    text_putc(out, '\n');
}

void report_lint_text(const struct predicted_conditions *predicted, int columns, struct text *out)
{
    size_t refused = 0;
    for (size_t i = 0; i < predicted->n; i++) {
        const struct condition_set *set = &predicted->items[i];
        heading(set, out);
        refused += condition_set_refused(set);
        for (size_t k = 0; k < set->conditions.n; k++) {
            const struct condition *c = &set->conditions.items[k];
            char label[160];
            str_format(label, sizeof label, "          %-13s %-8s %s: ", c->type, status_words[c->status], c->reason);
            words_fold(out, label, c->message, columns > 100 || columns == 0 ? columns : 0);
        }
    }
    if (!predicted->n)
        text_puts(out, "nothing of the Gateway API is in these files\n");
    else
        text_printf(out, "\n%zu of %zu would be refused\n", refused, predicted->n);
}
