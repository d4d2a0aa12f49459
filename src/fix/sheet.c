/* Everything before consent: plan, access review, fresh read, server dry run, prediction. In read-only mode the dry run is
 * left out (the gate would refuse it) and what would be is computed here. */
#include "door.h"

#include <stdlib.h>
#include <string.h>

static void review_next(struct fix_door *door);
static void read_next(struct fix_door *door);
static void try_next(struct fix_door *door);

const struct plan_change *change_at(const struct fix_door *door)
{
    return &door->plan->changes[door->at];
}

/* ---- the plan ------------------------------------------------------------------------------------------------------------- */

static const struct fix *find_fix(const char *name)
{
    for (size_t i = 0; i < n_fixes; i++)
        if (str_eq(fixes[i]->name, name))
            return fixes[i];
    return NULL;
}

static const char *reason_of(const struct fix_door *door)
{
    for (size_t i = 0; door->findings && i < door->findings->n; i++) {
        const struct finding *finding = &door->findings->items[i];
        if (str_eq(finding->fix, door->plan->fix) &&
            (!finding->gateway || str_eq(finding->gateway, door->plan->gateway)))
            return finding->title;
    }
    return NULL;
}

static bool make_plan(struct fix_door *door, struct error *err)
{
    const struct fix_request request = {
        .fix = door->asked.fix,
        .gateway = door->asked.gateway,
        .undo_id = door->asked.undo_id,
        .choices = { .items = (const char **)door->asked.choices, .n = door->asked.n_choices },
        .dry_run = door->asked.dry_run,
    };
    const struct fix *fix = find_fix(request.fix);
    if (str_eq(request.fix, "undo"))
        return plan_undo(door->topology, door->context.settings, &request, door->plan, err);
    if (!fix)
        return error_set(err, ERR_USAGE, "there is no fix %s", str_or(request.fix, "?"));
    return fix->plan(door->topology, door->findings, door->context.settings, &request, door->plan, err);
}

static void add_steps(struct plan *plan)
{
    static const char *const words[STEP_COUNT] = {
        [STEP_ACCESS] = "may we", [STEP_READ] = "read what is there", [STEP_TRY] = "server dry run",
        [STEP_WRITE] = "apply", [STEP_EVENT] = "event", [STEP_PROBE] = "on-demand probe", [STEP_REPORT] = "backend health",
    };
    for (size_t i = 0; i < STEP_COUNT; i++)
        plan_add_step(plan, words[i]);
}

void sheet_start(struct fix_door *door)
{
    const struct fix_request request = { .fix = door->asked.fix, .dry_run = door->asked.dry_run };
    struct error err = { 0 };
    if (!door->topology)
        return;
    door->plan = plan_begin(&request, door->topology, door->context.settings);
    add_steps(door->plan);
    if (!door->context.kube) {
        error_set(&err, ERR_ABSENT, "no cluster is connected");
        error_remedy(&err, "`gatewatch doctor` says what is missing");
        door_fail(door, &err);
        return;
    }
    if (!make_plan(door, &err)) {
        door_fail(door, &err);
        return;
    }
    plan_fill_commands(door->plan);
    if (!door->plan->reason)
        door->plan->reason = arena_dup(&door->plan->arena, reason_of(door));
    if (door->plan->read_only)
        plan_refuse(door->plan, "Read-only: gatewatch was started with --read-only or readOnly: true. This is what would "
                                "change.");
    door->at = door->verb = 0;
    door_publish(door);
    review_next(door);
}

/* ---- may we: one access review per change and verb (kubernetes.md 2.3) -------------------------------------------------------- */

/* Server-side apply that may create needs both. */
static const char *verb_to_review(const struct plan_change *change, size_t i)
{
    static const char *const apply[] = { "patch", "create", NULL };
    if (str_eq(change->verb, "apply"))
        return apply[i];
    return i == 0 ? change->verb : NULL;
}

static void on_review(void *ctx, const struct http_reply *reply)
{
    struct fix_door *door = ctx;
    struct plan *plan = door->plan;
    const struct plan_change *change = change_at(door);
    door->call = 0;
    json_t *answer = json_loadb(reply->body, reply->len, 0, NULL);
    const json_t *status = json_object_get(answer, "status");
    if (reply->error.code == ERR_NONE && status && !json_is_true(json_object_get(status, "allowed"))) {
        const char *verb = verb_to_review(change, door->verb);
        plan_step(plan, STEP_ACCESS, STEP_FAILED, "%s %s", verb, change->resource);
        plan_refuse(plan, "Permission missing: %s may not %s %s%s%s in namespace %s. A role for this is in docs/fixes.md.",
                    str_or(door->topology->snapshot->env.user, "this login"), verb, change->resource,
                    *change->name ? "/" : "", change->name,
                    *str_or(change->namespace, "") ? change->namespace : "(cluster)");
    }
    /* An API server that does not answer reviews says nothing about the permission; the dry run will. */
    json_decref(answer);
    door->verb++;
    review_next(door);
}

static void review_next(struct fix_door *door)
{
    struct plan *plan = door->plan;
    while (door->at < plan->n_changes && !verb_to_review(change_at(door), door->verb)) {
        door->at++;
        door->verb = 0;
    }
    if (door->at >= plan->n_changes) {
        if (plan->steps[STEP_ACCESS].state != STEP_FAILED)
            plan_step(plan, STEP_ACCESS, STEP_DONE, "%s", "allowed");
        door->at = 0;
        read_next(door);
        return;
    }
    const struct plan_change *change = change_at(door);
    if (plan->steps[STEP_ACCESS].state != STEP_FAILED)
        plan_step(plan, STEP_ACCESS, STEP_DOING, "%s %s", verb_to_review(change, door->verb), change->resource);
    json_t *body = json_pack("{s:s, s:s, s:{s:{s:s, s:s, s:s, s:s, s:s, s:s}}}", "apiVersion", "authorization.k8s.io/v1",
                             "kind", "SelfSubjectAccessReview", "spec", "resourceAttributes", "namespace",
                             str_or(change->namespace, ""), "verb", verb_to_review(change, door->verb), "group",
                             change->group, "version", change->version, "resource", change->resource, "name",
                             change->name);
    char *text = json_dumps(body, JSON_COMPACT);
    const struct kube_call call = {
        .method = "POST", .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        .content_type = "application/json", .body = text, .intent = HTTP_READ,
    };
    door->call = kube_call(door->context.kube, &call, on_review, door);
    free(text);
    json_decref(body);
}

/* ---- what is there ----------------------------------------------------------------------------------------------------------------- */

static const char *string_in(const json_t *object, const char *a, const char *b)
{
    return json_string_value(json_object_get(json_object_get(object, a), b));
}

/* Undo only while the object still is as we left it. A part that never arrived, or was taken back by hand, is no reason to
 * leave the rest. An autoscaler's replicas are nobody's edit. */
static void check_undo(struct fix_door *door, struct plan_change *change, const json_t *live)
{
    struct plan *plan = door->plan;
    const bool delete = str_eq(change->verb, "delete");
    json_t *wrote = json_loads(str_or(change->inverse_body, "{}"), 0, NULL);
    json_t *back = json_loads(change->body, 0, NULL);
    const char *uid = string_in(live, "metadata", "uid");
    const bool other = delete && change->uid && !str_eq(change->uid, uid);
    if (delete && str_eq(change->kind, "Deployment"))
        json_object_del(json_object_get(wrote, "spec"), "replicas");
    if (live && !other && !delete && json_holds(live, back))
        plan_add_cost(plan, SEVERITY_INFO, "%s %s is as it was before already.", change->kind, change->name);
    else if (live && (other || !json_holds(live, wrote)))
        plan_refuse(plan, "%s %s is not as gatewatch left it: somebody changed it since. Nothing is taken back.",
                    change->kind, change->name);
    else if (live && !json_owned(live, delete ? NULL : wrote, FIELD_MANAGER))
        plan_refuse(plan, "%s %s holds what gatewatch wrote, but by somebody else's hand (metadata.managedFields). Nothing "
                          "is taken back.", change->kind, change->name);
    else if (live && !delete) {
        json_t *narrow = json_narrowed(back, wrote, live);
        char *text = json_dumps(narrow, JSON_COMPACT);
        change->body = arena_dup(&plan->arena, text);
        free(text);
        json_decref(narrow);
    }
    /* The program may have ended before it learned the uid: then the one that was looked at is the guard. */
    if (delete && !change->uid)
        change->uid = arena_dup(&plan->arena, uid);
    json_decref(wrote);
    json_decref(back);
}

/* An apply makes an object of our own or changes one; a name that somebody else took is theirs. */
static void check_ours(struct fix_door *door, const struct plan_change *change, const json_t *live)
{
    const json_t *labels = json_object_get(json_object_get(live, "metadata"), "labels");
    if (live && !str_eq(json_string_value(json_object_get(labels, "app.kubernetes.io/managed-by")), MANAGED_BY))
        plan_refuse(door->plan, "%s %s is there already and was not made by gatewatch: it is left alone.", change->kind,
                    change->name);
}

/* The text of an overlay is made from the ConfigMap that the snapshot holds: on a newer one it would take back what
 * somebody wrote meanwhile. */
static void check_newest(struct fix_door *door, const struct plan_change *change, const json_t *live)
{
    const struct object *known =
        str_eq(change->kind, "ConfigMap")
            ? snapshot_find(door->topology->snapshot, KIND_CONFIGMAP, str_or(change->namespace, ""), change->name)
            : NULL;
    if (live && known && !str_eq(known->resource_version, string_in(live, "metadata", "resourceVersion")))
        plan_refuse(door->plan, "ConfigMap %s was changed a moment ago: make the sheet again.", change->name);
}

static void note_live(struct fix_door *door, json_t *live_steals)
{
    struct plan *plan = door->plan;
    struct plan_change *change = &plan->changes[door->at];
    json_t *live = live_steals;
    const bool undo = str_eq(plan->fix, "undo");
    door->live[door->at] = live;
    if (undo)
        check_undo(door, change, live);
    else if (str_eq(change->verb, "apply"))
        check_ours(door, change, live);
    else if (str_eq(change->verb, "patch"))
        check_newest(door, change, live);
    json_t *body = json_loads(change->body, 0, NULL);
    change->resource_version = arena_dup(&plan->arena, string_in(live, "metadata", "resourceVersion"));
    change->before = yaml_for_people(&plan->arena, live);
    if (live && !undo)
        change->uid = arena_dup(&plan->arena, string_in(live, "metadata", "uid"));
    if (!str_eq(change->verb, "delete"))
        door->would[door->at] = json_merged(live, body);
    if (!undo && !live && !str_eq(change->kind, "Namespace")) {
        change->inverse_verb = "delete";
        change->inverse_body = "{}";
        change->inverse_content_type = "application/json";
    } else if (!undo && live) {
        json_t *inverse = json_inverse(live, body);
        json_object_del(inverse, "apiVersion");
        json_object_del(inverse, "kind");
        if (str_eq(change->verb, "apply"))
            json_object_del(inverse, "metadata");
        char *text = json_dumps(inverse, JSON_COMPACT);
        change->inverse_verb = "patch";
        change->inverse_body = arena_dup(&plan->arena, text);
        change->inverse_content_type = CONTENT_MERGE;
        free(text);
        json_decref(inverse);
    }
    if (!live && str_eq(change->verb, "patch"))
        plan_refuse(plan, "%s %s is not there any more.", change->kind, change->name);
    json_decref(body);
}

static void on_read(void *ctx, const struct http_reply *reply)
{
    struct fix_door *door = ctx;
    struct error err = { 0 };
    json_t *live = NULL;
    door->call = 0;
    if (reply->status != 404 && reply->error.code != ERR_NONE && reply->error.code != ERR_FORBIDDEN) {
        door_fail(door, &reply->error);
        return;
    }
    if (reply->error.code == ERR_FORBIDDEN)
        plan_refuse(door->plan, "%s %s may not be read: %s.", change_at(door)->kind, change_at(door)->name,
                    reply->error.message);
    else if (reply->status != 404 && !(live = object_of(reply, &err))) {
        door_fail(door, &err);
        return;
    }
    note_live(door, live);
    door->at++;
    read_next(door);
}

static bool nothing_to_do(const struct fix_door *door)
{
    for (size_t i = 0; i < door->plan->n_changes; i++) {
        json_t *body = json_loads(door->plan->changes[i].body, 0, NULL);
        const bool holds = str_eq(door->plan->changes[i].verb, "delete") ? !door->live[i]
                                                                        : door->live[i] && json_holds(door->live[i], body);
        json_decref(body);
        if (!holds)
            return false;
    }
    return true;
}

static void read_next(struct fix_door *door)
{
    struct error err = { 0 };
    if (door->at >= door->plan->n_changes) {
        plan_step(door->plan, STEP_READ, STEP_DONE, "%s", "read afresh");
        if (nothing_to_do(door))
            plan_refuse(door->plan, "Everything is so already: there is nothing to change.");
        plan_fill_commands(door->plan);     /* an undo may have become smaller */
        door->at = 0;
        try_next(door);
        return;
    }
    plan_step(door->plan, STEP_READ, STEP_DOING, "%s", change_at(door)->name);
    if (!door_read(door, change_at(door), on_read, &err))
        door_fail(door, &err);
}

/* ---- the server's own opinion ------------------------------------------------------------------------------------------------------------ */

static void on_tried(void *ctx, const struct http_reply *reply)
{
    struct fix_door *door = ctx;
    struct plan *plan = door->plan;
    struct plan_change *change = &plan->changes[door->at];
    const char *warning = http_header(reply, "Warning");
    door->call = 0;
    if (reply->error.code == ERR_CONFLICT || reply->error.code == ERR_INVALID || reply->error.code == ERR_FORBIDDEN ||
        (reply->error.code == ERR_ABSENT && !str_eq(change->verb, "delete"))) {
        plan_step(plan, STEP_TRY, STEP_FAILED, "%s", change->name);
        plan_refuse(plan, "The API server would refuse %s %s: %s.", change->kind, change->name, reply->error.message);
    } else if (reply->error.code != ERR_NONE && reply->error.code != ERR_ABSENT) {
        door_fail(door, &reply->error);
        return;
    } else if (!str_eq(change->verb, "delete")) {
        json_t *would = json_loadb(reply->body, reply->len, 0, NULL);
        if (would) {
            json_decref(door->would[door->at]);
            door->would[door->at] = would;
        }
    }
    if (warning && *warning) {
        char clean[300];
        text_clean(clean, sizeof clean, warning, strlen(warning), false);
        plan_add_warning(plan, change, clean);
    }
    door->at++;
    try_next(door);
}

/* A namespace that this same plan makes is not there for the dry run. */
static bool namespace_is_planned(const struct fix_door *door)
{
    const char *ns = change_at(door)->namespace;
    for (size_t i = 0; ns && i < door->at; i++)
        if (str_eq(door->plan->changes[i].kind, "Namespace") && str_eq(door->plan->changes[i].name, ns) && !door->live[i])
            return true;
    return false;
}

static bool may_be_tried(struct fix_door *door)
{
    struct plan *plan = door->plan;
    if (plan->read_only || plan->steps[STEP_ACCESS].state == STEP_FAILED)
        return false;
    if (str_eq(change_at(door)->verb, "delete") && !door->live[door->at])
        return false;
    if (!namespace_is_planned(door))
        return true;
    plan_add_warning(plan, &plan->changes[door->at], "not tried on the server: its namespace is made by this same fix");
    return false;
}

static void try_next(struct fix_door *door)
{
    struct error err = { 0 };
    struct plan *plan = door->plan;
    while (door->at < plan->n_changes && !may_be_tried(door))
        door->at++;
    if (door->at >= plan->n_changes) {
        if (plan->read_only || plan->steps[STEP_ACCESS].state == STEP_FAILED)
            plan_step(plan, STEP_TRY, STEP_SKIPPED, "%s", plan->read_only ? "read-only" : "no permission");
        else if (plan->steps[STEP_TRY].state != STEP_FAILED)
            plan_step(plan, STEP_TRY, STEP_DONE, "%s", "strict validation passed");
        sheet_ready(door);
        return;
    }
    if (plan->steps[STEP_TRY].state != STEP_FAILED)
        plan_step(plan, STEP_TRY, STEP_DOING, "%s", change_at(door)->name);
    if (!door_send(door, door->at, true, on_tried, &err))
        door_fail(door, &err);
}
