/* undo: the inverses of a journal entry, last change first, through the same door. The door sends them only while each
 * object still is as we left it. */
#include "fix.h"

#include <stdio.h>
#include <string.h>

static void add_inverse(struct plan *plan, const struct plan_change *done)
{
    if (!done->inverse_verb)
        return;
    json_t *body = json_loads(str_or(done->inverse_body, "{}"), 0, NULL);
    struct plan_change *change =
        plan_add_change(plan, done->inverse_verb, done->resource, done->kind, done->group, done->version, done->namespace,
                        done->name, str_or(done->inverse_content_type, "application/json"), body ? body : json_object());
    change->uid = arena_dup(&plan->arena, done->uid);
    /* What we wrote then: the door holds the live object against it. */
    change->inverse_body = arena_dup(&plan->arena, done->body);
}

bool plan_undo(const struct topology *topology, const struct settings *settings, const struct fix_request *request,
               struct plan *plan, struct error *err)
{
    struct journal journal = { 0 };
    char when[32];
    (void)settings;
    if (!journal_read(&journal, err))
        return false;
    const struct journal_entry *entry =
        journal_undoable(&journal, request->undo_id, topology->snapshot->env.cluster, err);
    if (!entry) {
        journal_free(&journal);
        return false;
    }
    clock_format_rfc3339(entry->wall_ms, when);
    plan->title = arena_printf(&plan->arena, "Undo %s (%s)", entry->fix, entry->id);
    plan->gateway = arena_dup(&plan->arena, entry->gateway);
    plan->reason = arena_printf(&plan->arena, "takes back what %s did at %s", str_or(entry->user, "gatewatch"), when);
    plan->undo = arena_dup(&plan->arena, entry->id);
    for (size_t i = entry->n_changes; i-- > 0;)
        add_inverse(plan, &entry->changes[i]);
    if (str_eq(entry->fix, "traffic-policy"))
        plan_add_cost(plan, SEVERITY_WARNING, "The load balancer's probe goes back to the listener ports: where Envoy answers "
                                              "404 there, every node leaves the rotation again.");
    if (str_eq(entry->fix, "health-route"))
        plan_add_cost(plan, SEVERITY_WARNING, "Application Gateway's probe has no route of its own any more and reads 404 "
                                              "unless another route answers it.");
    if (str_eq(entry->state, "sent"))
        plan_add_cost(plan, SEVERITY_INFO, "The program ended while this was being sent; what is there now was read afresh.");
    journal_free(&journal);
    return true;
}
