/* DELETE: preconditions, finalizers, and what goes with an object: its dependents, a namespace's
 * content. */
#include "kube_write.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* ---- cascades -------------------------------------------------------------------------------- */

struct doomed {
    struct table *table;
    char *ns, *name;
};
struct doom {
    struct doomed *list;
    size_t n;
};

static void add_doomed(struct doom *doom, struct table *table, const json_t *object)
{
    doom->list = xrealloc(doom->list, (doom->n + 1) * sizeof *doom->list);
    doom->list[doom->n++] = (struct doomed){table, xstrdup(meta_text(object, "namespace")),
                                            xstrdup(meta_text(object, "name"))};
}

static bool owned_only_by(const json_t *object, const char *uid)
{
    const json_t *owners = json_object_get(json_object_get(object, "metadata"), "ownerReferences");

    return json_array_size(owners) == 1 &&
           same_text(json_string_value(json_object_get(json_array_get(owners, 0), "uid")), uid);
}

static void execute(struct world *world, struct doom *doom)
{
    for (size_t i = 0; i < doom->n; i++) {
        kube_remove(world, doom->list[i].table, doom->list[i].ns, doom->list[i].name, true);
        free(doom->list[i].ns);
        free(doom->list[i].name);
    }
    free(doom->list);
}

static void remove_dependents(struct world *world, const char *uid)
{
    struct doom doom = {0};

    if (!json_object_get(world->store->owners, uid))
        return;
    json_object_del(world->store->owners, uid);
    for (size_t i = 0; i < world->store->n; i++) {
        struct table *table = world->store->tables[i];

        for (size_t k = 0; k < table->n; k++)
            if (owned_only_by(table->rows[k].object, uid))
                add_doomed(&doom, table, table->rows[k].object);
    }
    execute(world, &doom);
}

static void empty_namespace(struct world *world, const char *ns)
{
    struct doom doom = {0};

    for (size_t i = 0; i < world->store->n; i++) {
        struct table *table = world->store->tables[i];
        char *start = format_text("%s/", ns);

        for (size_t k = table_find(table, start); table->kind->namespaced && k < table->n; k++) {
            if (!starts_with(table->rows[k].key, start))
                break;
            add_doomed(&doom, table, table->rows[k].object);
        }
        free(start);
    }
    execute(world, &doom);
}

bool kube_remove(struct world *world, struct table *table, const char *ns, const char *name,
                 bool cascade)
{
    json_t *object = json_incref(table_get(table, ns, name));
    bool removed = object && store_delete(world, table, ns, name);

    if (removed && cascade) {
        remove_dependents(world, meta_text(object, "uid"));
        if (!*table->kind->group && !strcmp(table->kind->resource, "namespaces"))
            empty_namespace(world, name);
    }
    json_decref(object);
    return removed;
}

/* ---- the handler ----------------------------------------------------------------------------- */

static bool precondition_holds(struct write *w, const json_t *options, const json_t *object)
{
    static const struct {
        const char *field, *label, *hint;
    } checks[] = {{"uid", "UID", "The object might have been deleted and then recreated"},
                  {"resourceVersion", "ResourceVersion", "The object might have been modified"}};
    const json_t *wanted = json_object_get(options, "preconditions");

    for (size_t i = 0; i < 2; i++) {
        const char *want = json_string_value(json_object_get(wanted, checks[i].field));
        const char *is = meta_text(object, checks[i].field);
        struct target by_kind;
        char *why;

        if (!want || !strcmp(want, is))
            continue;
        /* Here the real server names the kind where it names the resource otherwise. */
        by_kind = *w->target;
        by_kind.resource = (char *)w->target->table->kind->kind;
        why =
            format_text("the %s in the precondition (%s) does not match the %s in record (%s). %s",
                        checks[i].label, want, checks[i].label, is, checks[i].hint);
        reply_conflict(w->reply, &by_kind, meta_text(object, "name"), why);
        free(why);
        return false;
    }
    return true;
}

/* An object with finalizers stays until they are gone. */
static void mark_deleted(struct write *w, const json_t *object)
{
    json_t *marked = json_copy((json_t *)object),
           *meta = json_copy(json_object_get(object, "metadata"));
    char *now = world_time(w->world);

    if (!json_object_get(meta, "deletionTimestamp")) {
        json_object_set_new(meta, "deletionTimestamp", json_string(now));
        json_object_set_new(meta, "deletionGracePeriodSeconds", json_integer(0));
    }
    json_object_set_new(marked, "metadata", meta);
    free(now);
    if (!w->dry_run)
        store_write(w->world, w->target->table, json_incref(marked));
    reply_json(w->reply, 200, present(w->target, marked, FORM_JSON));
    json_decref(marked);
}

static void delete_one(struct write *w, json_t *object, const json_t *options)
{
    const struct target *t = w->target;
    const char *policy = json_string_value(json_object_get(options, "propagationPolicy"));
    json_t *details;

    if (!precondition_holds(w, options, object))
        return;
    if (json_array_size(json_object_get(json_object_get(object, "metadata"), "finalizers"))) {
        mark_deleted(w, object);
        return;
    }
    details = status_details(t, t->name);
    json_object_set(details, "uid", json_object_get(json_object_get(object, "metadata"), "uid"));
    if (!w->dry_run)
        kube_remove(w->world, t->table, t->ns, t->name, !same_text(policy, "Orphan"));
    reply_json(w->reply, 200,
               json_pack("{s:s, s:s, s:{}, s:s, s:o}", "kind", "Status", "apiVersion", "v1",
                         "metadata", "status", "Success", "details", details));
}

/* Answers with what it deleted, as a list. */
static void delete_collection(struct write *w)
{
    const struct target *t = w->target;
    struct selector *selector = selector_new(w->request, t, w->reply);
    json_t *items = json_array();
    struct doom doom = {0};
    char *version = target_version(t);

    for (size_t i = 0; selector && i < t->table->n; i++) {
        const json_t *object = t->table->rows[i].object;

        if ((!*t->ns || !strcmp(meta_text(object, "namespace"), t->ns)) &&
            selector_matches(selector, object)) {
            add_doomed(&doom, t->table, object);
            json_array_append_new(items, present(t, object, FORM_JSON));
        }
    }
    if (selector)
        reply_json(w->reply, 200,
                   json_pack("{s:o, s:s, s:{s:o}, s:O}", "kind",
                             json_sprintf("%sList", t->table->kind->kind), "apiVersion", version,
                             "metadata", "resourceVersion",
                             json_sprintf("%llu", store_version(w->world)), "items", items));
    if (!w->dry_run)
        execute(w->world, &doom);
    selector_free(selector);
    json_decref(items);
    free(version);
}

void kube_delete(struct world *world, const struct sim_request *request,
                 const struct target *target, struct sim_reply *reply)
{
    json_t *options =
               request->body_len ? json_loadb(request->body, request->body_len, 0, NULL) : NULL,
           *object, *dry;
    struct write w;

    if (!write_begin(&w, world, request, target, reply)) {
        json_decref(options);
        return;
    }
    /* As the real server: with a body the query's options count for nothing. */
    dry = json_object_get(options, "dryRun");
    if (request->body_len)
        w.dry_run = json_array_size(dry) > 0;
    object = *target->name ? json_incref(table_get(target->table, target->ns, target->name)) : NULL;
    if (!*target->name)
        delete_collection(&w);
    else if (!object)
        reply_not_found(reply, target, target->name);
    else
        delete_one(&w, object, options);
    if (!w.dry_run && reply->status == 200)
        controllers_settle(world);
    json_decref(object);
    json_decref(options);
    write_end(&w);
}
