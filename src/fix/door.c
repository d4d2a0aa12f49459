/* The door: the only file that writes to a cluster. A write goes out only after consent to exactly what the sheet showed,
 * after a journal line is on the disk, and with the resourceVersion that the sheet was made from. */
#include "door.h"

#include <stdlib.h>
#include <string.h>

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

struct fix_door *door_open(const struct door_context *context, struct error *err)
{
    struct fix_door *door = xcalloc(1, sizeof *door);
    (void)err;
    door->context = *context;
    return door;
}

static void forget_asked(struct fix_door *door)
{
    free(door->asked.fix);
    free(door->asked.gateway);
    free(door->asked.undo_id);
    for (size_t i = 0; i < door->asked.n_choices; i++)
        free(door->asked.choices[i]);
    memset(&door->asked, 0, sizeof door->asked);
}

static void forget_sheet(struct fix_door *door)
{
    door_stop_calls(door);
    verify_stop(door);
    for (size_t i = 0; i < DOOR_CHANGES_MAX; i++) {
        json_decref(door->live[i]);
        json_decref(door->would[i]);
        door->live[i] = door->would[i] = NULL;
    }
    plan_unref(door->plan);
    door->plan = NULL;
    door->at = door->verb = door->written = 0;
    door->writing = false;
}

void door_close(struct fix_door *door)
{
    if (!door)
        return;
    forget_sheet(door);
    forget_asked(door);
    topology_unref(door->topology);
    free(door);
}

void door_stop_calls(struct fix_door *door)
{
    if (door->call)
        kube_call_cancel(door->context.kube, door->call);
    door->call = 0;
}

void door_publish(struct fix_door *door)
{
    struct plan *copy = plan_copy(door->plan);
    door->context.changed(door->context.ctx, copy);
    plan_unref(copy);
}

static const char *user(const struct fix_door *door)
{
    return door->topology ? door->topology->snapshot->env.user : "";
}

void door_fail(struct fix_door *door, const struct error *err)
{
    door->plan->state = PLAN_FAILED;
    door->plan->error = *err;
    for (size_t i = 0; i < door->plan->n_steps; i++)
        if (door->plan->steps[i].state == STEP_DOING)
            plan_step(door->plan, i, STEP_FAILED, "%s", err->message);
    door_publish(door);
}

void door_refused(struct fix_door *door)
{
    door->plan->state = PLAN_REFUSED;
    door_publish(door);
}

void door_world(struct fix_door *door, const struct topology *topology, const struct findings *findings)
{
    topology_unref(door->topology);
    door->topology = topology_ref((struct topology *)(uintptr_t)topology);
    door->findings = findings;
    if (door->plan && door->plan->state == PLAN_VERIFYING)
        verify_world(door);
}

/* ---- asking -------------------------------------------------------------------------------------------------------------- */

static void remember(struct fix_door *door, const struct fix_request *request)
{
    forget_asked(door);
    door->asked.fix = xstrdup(request->fix);
    door->asked.gateway = xstrdup(request->gateway);
    door->asked.undo_id = xstrdup(request->undo_id);
    for (size_t i = 0; i < request->choices.n && i < 16; i++)
        door->asked.choices[door->asked.n_choices++] = xstrdup(request->choices.items[i]);
    door->asked.dry_run = request->dry_run;
}

void door_plan(struct fix_door *door, const struct fix_request *request)
{
    if (door->writing && door->plan &&
        (door->plan->state == PLAN_APPLYING || door->plan->state == PLAN_VERIFYING)) {
        door_publish(door);     /* one change of the world at a time: whoever asks is shown that one */
        return;
    }
    forget_sheet(door);
    remember(door, request);
    sheet_start(door);
}

void door_cancel(struct fix_door *door)
{
    /* A write that was sent is followed to its end, seen or not. */
    if (door->plan && door->plan->state != PLAN_APPLYING && door->plan->state != PLAN_VERIFYING)
        forget_sheet(door);
}

/* ---- sending --------------------------------------------------------------------------------------------------------------- */

char *change_path(struct fix_door *door, const struct plan_change *change, struct error *err)
{
    const struct kind *kind = kind_by_name(change->kind);
    char *path = kind ? kube_path(door->context.kube, kind, change->namespace, change->name) : NULL;
    if (!path)
        error_set(err, ERR_ABSENT, "%s is not served by this cluster", change->kind);
    return path;
}

bool door_read(struct fix_door *door, const struct plan_change *change, http_done *done, struct error *err)
{
    FREE_AUTO char *path = change_path(door, change, err);
    if (!path)
        return false;
    door->call = kube_call(door->context.kube,
                           &(struct kube_call){ .method = "GET", .path = path, .intent = HTTP_READ }, done, door);
    return true;
}

json_t *object_of(const struct http_reply *reply, struct error *err)
{
    json_t *object = json_loadb(reply->body, reply->len, 0, NULL);
    if (json_is_object(json_object_get(object, "metadata")))
        return object;
    json_decref(object);
    error_set(err, ERR_PROTOCOL, "the API server's answer is not an object");
    error_remedy(err, "is there a proxy or a login page between here and the API server?");
    return NULL;
}

static const char *version_of(const json_t *object)
{
    return json_string_value(json_object_get(json_object_get(object, "metadata"), "resourceVersion"));
}

/* What goes over the wire: the body as shown, plus the guard. */
static char *guarded_body(const struct fix_door *door, size_t i, bool dry)
{
    const struct plan_change *change = &door->plan->changes[i];
    const json_t *live = door->live[i];
    const char *version = version_of(live);
    json_t *body = json_loads(change->body, 0, NULL);
    if (str_eq(change->verb, "delete")) {
        json_decref(body);
        body = json_pack("{s:s, s:s, s:{s:s*, s:s*}, s:s}", "kind", "DeleteOptions", "apiVersion", "v1", "preconditions",
                         "uid", change->uid, "resourceVersion", version, "propagationPolicy", "Background");
        /* With a body the server takes every delete option from it and none from the query: a dryRun there is overlooked
         * and the object deleted. */
        if (dry)
            json_object_set_new(body, "dryRun", json_pack("[s]", "All"));
    } else if (version) {
        json_t *metadata = json_object_get(body, "metadata");
        if (!metadata) {
            json_object_set_new(body, "metadata", json_object());
            metadata = json_object_get(body, "metadata");
        }
        json_object_set_new(metadata, "resourceVersion", json_string(version));
    }
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

bool door_send(struct fix_door *door, size_t i, bool dry, http_done *done, struct error *err)
{
    const struct plan_change *change = &door->plan->changes[i];
    const bool delete = str_eq(change->verb, "delete");
    FREE_AUTO char *path = change_path(door, change, err);
    if (!path)
        return false;
    FREE_AUTO char *target = delete ? xasprintf("%s%s", path, dry ? "?dryRun=All" : "")
                                    : xasprintf("%s?fieldManager=" FIELD_MANAGER "&fieldValidation=Strict%s", path,
                                                dry ? "&dryRun=All" : "");
    FREE_AUTO char *body = guarded_body(door, i, dry);
    const struct kube_call call = {
        .method = delete ? "DELETE" : "PATCH",
        .path = target,
        .content_type = delete ? "application/json" : change->content_type,
        .body = body,
        .intent = HTTP_WRITE,
    };
    door->call = kube_call(door->context.kube, &call, done, door);
    return true;
}

/* ---- applying ----------------------------------------------------------------------------------------------------------------- */

enum { CONFLICTS_MAX = 3 };

static void write_next(struct fix_door *door);

/* Nothing of this sheet arrived: its journal lines must not stay open, or a later undo would take back what somebody else
 * did meanwhile. */
static void plan_again(struct fix_door *door, const char *why)
{
    struct error err = { 0 };
    door->writing = false;
    door->plan->state = PLAN_STALE;
    door->plan->outcome = arena_dup(&door->plan->arena, why);
    if (!journal_append(door->plan, "failed", user(door), NULL, &err))
        log_line(LOG_ERROR, "journal: %s", err.message);
    door_publish(door);
    forget_sheet(door);
    sheet_start(door);
}

/* What may have arrived decides what the journal says: nothing sent is "failed"; some is "applied", so that undo is
 * offered; not known is "sent", and undo looks first. */
static void give_up(struct fix_door *door, const struct error *err, bool unknown)
{
    const char *state = unknown ? "sent" : door->written ? "applied" : "failed";
    struct error journal_error = { 0 };
    struct error shown = *err;
    if (unknown)
        error_wrap(&shown, "the answer was lost, the change may have arrived");
    else if (door->written)
        error_wrap(&shown, "%zu of %zu changes were applied, then", door->written, door->plan->n_changes);
    if ((unknown || door->written) && !str_eq(door->plan->fix, "undo"))
        door->plan->undo = arena_printf(&door->plan->arena, "gatewatch fix undo %s", door->plan->id);
    if (!journal_append(door->plan, state, user(door), &shown, &journal_error))
        log_line(LOG_ERROR, "journal: %s", journal_error.message);
    door->writing = false;
    door_fail(door, &shown);
}

static bool may_have_arrived(const struct http_reply *reply)
{
    return reply->status == 0 || reply->status >= 500;
}

static void post_event(struct fix_door *door);

static void all_written(struct fix_door *door)
{
    struct error err = { 0 };
    struct plan *plan = door->plan;
    plan_step(plan, STEP_WRITE, STEP_DONE, "%zu change%s", plan->n_changes, plan->n_changes == 1 ? "" : "s");
    if (!str_eq(plan->fix, "undo"))
        plan->undo = arena_printf(&plan->arena, "gatewatch fix undo %s", plan->id);
    else if (!journal_append_undone(plan->undo, &err))
        log_line(LOG_ERROR, "journal: %s", err.message);
    else
        plan->undo = NULL;      /* an undo is not undone */
    if (!journal_append(plan, "applied", user(door), NULL, &err))
        log_line(LOG_ERROR, "journal: %s", err.message);
    if (door->context.arm)
        arm_source_hurry(door->context.arm, 180);
    post_event(door);
}

static void note_written(struct fix_door *door, const struct http_reply *reply)
{
    struct plan_change *change = &door->plan->changes[door->at];
    json_t *stored = json_loadb(reply->body, reply->len, 0, NULL);
    const char *uid = json_string_value(json_object_get(json_object_get(stored, "metadata"), "uid"));
    if (uid && !str_eq(change->verb, "delete"))
        change->uid = arena_dup(&door->plan->arena, uid);
    json_decref(stored);
    door->written++;
}

static void on_written(void *ctx, const struct http_reply *reply)
{
    struct fix_door *door = ctx;
    door->call = 0;
    const bool gone = reply->status == 404 && str_eq(door->plan->changes[door->at].verb, "delete");
    /* A controller that writes the object's status moves its version too: only what is read again tells. */
    if (reply->error.code == ERR_CONFLICT && door->conflicts++ < CONFLICTS_MAX) {
        write_next(door);
        return;
    }
    if (reply->error.code == ERR_CONFLICT && door->written == 0) {
        plan_again(door, "somebody changed the object meanwhile; the sheet was made again");
        return;
    }
    if (reply->error.code != ERR_NONE && !gone) {
        give_up(door, &reply->error, may_have_arrived(reply));
        return;
    }
    note_written(door, reply);
    door->conflicts = 0;
    door->at++;
    write_next(door);
}

/* The same object as the sheet was made from, apart from what servers fill in. */
static bool unchanged(const json_t *before, const json_t *now)
{
    if (!before || !now)
        return before == now;
    if (str_eq(version_of(before), version_of(now)))
        return true;
    json_t *a = json_for_people(before), *b = json_for_people(now);
    const bool same = json_equal(a, b);
    json_decref(a);
    json_decref(b);
    return same;
}

static void on_reread(void *ctx, const struct http_reply *reply)
{
    struct fix_door *door = ctx;
    struct error err = { 0 };
    json_t *now = NULL;
    door->call = 0;
    if (reply->status != 404 && reply->error.code != ERR_NONE) {
        give_up(door, &reply->error, false);
        return;
    }
    if (reply->status != 404 && !(now = object_of(reply, &err))) {
        give_up(door, &err, false);
        return;
    }
    if (!unchanged(door->live[door->at], now)) {
        json_decref(now);
        if (door->written) {
            error_set(&err, ERR_CONFLICT, "%s %s was changed by somebody else meanwhile",
                      door->plan->changes[door->at].kind, door->plan->changes[door->at].name);
            give_up(door, &err, false);
        } else {
            plan_again(door, "somebody changed the object meanwhile; the sheet was made again");
        }
        return;
    }
    json_decref(door->live[door->at]);
    door->live[door->at] = now;
    if (!journal_append(door->plan, "sent", user(door), NULL, &err)) {
        give_up(door, &err, false);
        return;
    }
    if (!door_send(door, door->at, false, on_written, &err))
        give_up(door, &err, false);
}

static void write_next(struct fix_door *door)
{
    struct error err = { 0 };
    if (door->at >= door->plan->n_changes) {
        all_written(door);
        return;
    }
    const struct plan_change *change = &door->plan->changes[door->at];
    plan_step(door->plan, STEP_WRITE, STEP_DOING, "%s %s", change->verb, change->name);
    door_publish(door);
    if (!door_read(door, change, on_reread, &err))
        give_up(door, &err, false);
}

static bool may_apply(struct fix_door *door, const char *id, const char *typed, struct error *err)
{
    const struct plan *plan = door->plan;
    if (!plan || !str_eq(plan->id, id) || plan->state != PLAN_READY)
        return error_set(err, ERR_REFUSED, "that sheet is not the one on the screen any more");
    if (plan->read_only || plan->refusal || plan->dry_run)
        return error_set(err, ERR_REFUSED, "%s", str_or(plan->refusal, "this sheet is for looking only"));
    if (plan->protected_target && !str_eq(typed, plan->target))
        return error_set(err, ERR_REFUSED, "type %s to apply this", plan->target);
    return true;
}

void door_apply(struct fix_door *door, const char *plan_id, const char *typed)
{
    struct error err = { 0 };
    if (!may_apply(door, plan_id, typed, &err)) {
        log_line(LOG_WARN, "not applied: %s", err.message);
        if (door->plan)
            door_publish(door);     /* whoever waits for it sees that nothing moved */
        return;
    }
    if (!journal_append(door->plan, "planned", user(door), NULL, &err)) {
        door_fail(door, &err);
        return;
    }
    door->plan->state = PLAN_APPLYING;
    door->writing = true;
    door->at = door->written = door->conflicts = 0;
    write_next(door);
}

/* ---- the Event on the object: best effort, an audit trail that others see with kubectl ------------------------------------------- */

static void on_event(void *ctx, const struct http_reply *reply)
{
    struct fix_door *door = ctx;
    door->call = 0;
    if (reply->error.code == ERR_NONE)
        plan_step(door->plan, STEP_EVENT, STEP_DONE, "recorded on the object");
    else
        plan_step(door->plan, STEP_EVENT, STEP_SKIPPED, "%s", reply->error.message);
    verify_start(door);
}

static char *event_body(const struct fix_door *door, const struct plan_change *change, const char *ns)
{
    char when[32], precise[48], name[300], note[512];
    const int64_t now = clock_wall_ms();
    clock_format_rfc3339(now, when);
    str_format(precise, sizeof precise, "%.19s.%03d000Z", when, (int)(now % 1000));
    str_format(name, sizeof name, "%.200s.%s", change->name, door->plan->id);
    for (char *p = name; *p; p++)
        if (*p == 'T')
            *p = '-';
    str_format(note, sizeof note, "gatewatch applied %s (%s)", door->plan->fix, door->plan->id);
    FREE_AUTO char *api = *change->group ? xasprintf("%s/%s", change->group, change->version) : xstrdup(change->version);
    json_t *event = json_pack(
        "{s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "apiVersion",
        "events.k8s.io/v1", "kind", "Event", "metadata", "name", name, "namespace", ns, "eventTime", precise,
        "reportingController", "gatewatch.io/fix", "reportingInstance", "gatewatch", "action", "Apply", "reason",
        str_eq(door->plan->fix, "undo") ? "FixUndone" : "FixApplied", "type", "Normal", "note", note, "regarding",
        "apiVersion", api, "kind", change->kind, "namespace", str_or(change->namespace, ""), "name", change->name);
    if (change->uid)
        json_object_set_new(json_object_get(event, "regarding"), "uid", json_string(change->uid));
    char *text = json_dumps(event, JSON_COMPACT);
    json_decref(event);
    return text;
}

static void post_event(struct fix_door *door)
{
    const struct plan_change *change = &door->plan->changes[door->plan->n_changes - 1];
    const char *ns = change->namespace && *change->namespace ? change->namespace : "default";
    FREE_AUTO char *path = xasprintf("/apis/events.k8s.io/v1/namespaces/%s/events?fieldManager=" FIELD_MANAGER, ns);
    FREE_AUTO char *body = event_body(door, change, ns);
    const struct kube_call call = {
        .method = "POST", .path = path, .content_type = "application/json", .body = body, .intent = HTTP_WRITE,
    };
    plan_step(door->plan, STEP_EVENT, STEP_DOING, "%s", "");
    door->call = kube_call(door->context.kube, &call, on_event, door);
}
