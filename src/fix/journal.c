/* The journal: one JSON line per step in $XDG_STATE_HOME/gatewatch/journal.jsonl, appended and flushed, so that after a
 * crash at any moment the last line tells what may have happened. A line that was cut by a crash is left out on reading,
 * never a reason to refuse the rest. */
#include "fix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { JOURNAL_BYTES_MAX = 16 << 20 };

static json_t *text_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}

static json_t *change_json(const struct plan_change *change)
{
    json_t *object = json_object();
    const struct { const char *key, *value; } fields[] = {
        { "verb", change->verb }, { "resource", change->resource }, { "kind", change->kind },
        { "group", change->group }, { "version", change->version }, { "namespace", change->namespace },
        { "name", change->name }, { "contentType", change->content_type }, { "body", change->body },
        { "uid", change->uid }, { "inverseVerb", change->inverse_verb }, { "inverseBody", change->inverse_body },
        { "inverseContentType", change->inverse_content_type },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        json_object_set_new(object, fields[i].key, text_or_null(fields[i].value));
    return object;
}

/* Whole lines only: a lock keeps two gatewatches from mixing, O_APPEND keeps each write in one place. A torn line left by
 * a crash is closed first, so that it cannot swallow ours. */
static bool append_line(const char *line, struct error *err)
{
    FREE_AUTO char *path = path_state("journal.jsonl");
    if (!path)
        return error_set(err, ERR_CONFIG, "there is no folder for the journal (HOME and XDG_STATE_HOME are not set)");
    const int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
        return error_remedy(err, "nothing is changed without a journal; make its folder writable");
    }
    TEXT_AUTO whole = { 0 };
    char last = '\n';
    flock(fd, LOCK_EX);
    const off_t end = lseek(fd, 0, SEEK_END);
    if (end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n')
        text_putc(&whole, '\n');
    text_puts(&whole, line);
    text_putc(&whole, '\n');
    const ssize_t wrote = write(fd, whole.s, whole.len);
    const bool ok = wrote == (ssize_t)whole.len && fsync(fd) == 0;
    const int why = errno;
    close(fd);
    if (ok)
        return true;
    error_set(err, ERR_CONFIG, "%s: %s", path, wrote < 0 || why ? strerror(why) : "short write");
    return error_remedy(err, "nothing is changed without a journal; make room on that disk");
}

static bool append_json(json_t *steals, struct error *err)
{
    char *line = json_dumps(steals, JSON_COMPACT);
    json_decref(steals);
    const bool ok = append_line(line, err);
    free(line);
    return ok;
}

bool journal_append(const struct plan *plan, const char *state, const char *user, const struct error *failure,
                    struct error *err)
{
    json_t *entry = json_object();
    json_t *changes = json_array();
    for (size_t i = 0; i < plan->n_changes; i++)
        json_array_append_new(changes, change_json(&plan->changes[i]));
    json_object_set_new(entry, "id", json_string(plan->id));
    json_object_set_new(entry, "at", json_integer(clock_wall_ms()));
    json_object_set_new(entry, "state", json_string(state));
    json_object_set_new(entry, "fix", text_or_null(plan->fix));
    json_object_set_new(entry, "context", text_or_null(plan->context));
    json_object_set_new(entry, "cluster", text_or_null(plan->cluster));
    json_object_set_new(entry, "gateway", text_or_null(plan->gateway));
    json_object_set_new(entry, "user", text_or_null(user));
    json_object_set_new(entry, "outcome", text_or_null(plan->outcome));
    json_object_set_new(entry, "error", text_or_null(failure && failure->code != ERR_NONE ? failure->message : NULL));
    json_object_set_new(entry, "changes", changes);
    return append_json(entry, err);
}

bool journal_append_undone(const char *id, struct error *err)
{
    return append_json(json_pack("{s:s, s:I, s:s}", "id", id, "at", (json_int_t)clock_wall_ms(), "state", "undone"), err);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

static const char *field(struct arena *arena, const json_t *object, const char *key)
{
    return arena_dup(arena, json_string_value(json_object_get(object, key)));
}

/* For people: the file is text from outside like any other. What undo sends must stay as it is, byte for byte. */
static const char *clean_field(struct arena *arena, const json_t *object, const char *key)
{
    const char *raw = json_string_value(json_object_get(object, key));
    FREE_AUTO char *clean = raw ? text_clean_dup(raw, strlen(raw), false) : NULL;
    return arena_dup(arena, clean);
}

/* A change that cannot be sent again is none: the file may have been edited, or be another version's. */
static bool usable(const struct plan_change *change)
{
    return change->verb && change->resource && change->kind && change->group && change->version && change->name &&
           change->content_type && change->body;
}

static void read_changes(struct journal *journal, struct journal_entry *entry, const json_t *list)
{
    struct arena *arena = &journal->arena;
    size_t i;
    const json_t *item;
    if (!json_is_array(list) || !json_array_size(list))
        return;
    entry->changes = arena_alloc(arena, json_array_size(list) * sizeof *entry->changes);
    entry->n_changes = 0;
    json_array_foreach(list, i, item) {
        struct plan_change *change = &entry->changes[entry->n_changes++];
        *change = (struct plan_change){
            .verb = field(arena, item, "verb"),
            .resource = field(arena, item, "resource"),
            .kind = field(arena, item, "kind"),
            .group = field(arena, item, "group"),
            .version = field(arena, item, "version"),
            .namespace = field(arena, item, "namespace"),
            .name = field(arena, item, "name"),
            .content_type = field(arena, item, "contentType"),
            .body = field(arena, item, "body"),
            .uid = field(arena, item, "uid"),
            .inverse_verb = field(arena, item, "inverseVerb"),
            .inverse_body = field(arena, item, "inverseBody"),
            .inverse_content_type = field(arena, item, "inverseContentType"),
        };
        if (!usable(change))
            entry->n_changes--;
    }
}

static struct journal_entry *entry_of(struct journal *journal, const char *id, size_t *cap)
{
    for (size_t i = journal->n; i-- > 0;)
        if (str_eq(journal->items[i].id, id))
            return &journal->items[i];
    GROW(journal->items, journal->n, *cap);
    struct journal_entry *entry = &journal->items[journal->n++];
    *entry = (struct journal_entry){ 0 };
    str_copy(entry->id, sizeof entry->id, id);
    return entry;
}

static void merge_line(struct journal *journal, const json_t *line, size_t *cap)
{
    struct arena *arena = &journal->arena;
    struct journal_entry *entry = entry_of(journal, json_string_value(json_object_get(line, "id")), cap);
    const json_t *at = json_object_get(line, "at");
    const struct { const char *key; const char **into; } fields[] = {
        { "state", &entry->state }, { "fix", &entry->fix }, { "context", &entry->context },
        { "cluster", &entry->cluster }, { "gateway", &entry->gateway }, { "user", &entry->user },
        { "outcome", &entry->outcome }, { "error", &entry->error },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *value = clean_field(arena, line, fields[i].key);
        if (value)
            *fields[i].into = value;
    }
    if (!entry->wall_ms && json_is_integer(at))
        entry->wall_ms = json_integer_value(at);
    read_changes(journal, entry, json_object_get(line, "changes"));
}

/* "sent" without a word after it: the process ended while a write was under way. It may or may not have arrived; undo
 * looks at the object first, so offering it is safe. */
static bool may_undo(const struct journal_entry *entry)
{
    static const char *const states[] = { "sent", "applied", "verified", "unverified" };
    bool inverse = false;
    for (size_t i = 0; i < entry->n_changes; i++)
        inverse |= entry->changes[i].inverse_verb != NULL;
    if (!inverse || str_eq(entry->fix, "undo"))
        return false;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (str_eq(entry->state, states[i]))
            return true;
    return false;
}

bool journal_read(struct journal *journal, struct error *err)
{
    FREE_AUTO char *path = path_state("journal.jsonl");
    FREE_AUTO char *bytes = NULL;
    size_t len, cap = 0;
    *journal = (struct journal){ 0 };
    if (!path || access(path, F_OK) != 0)
        return true;
    if (!file_read(path, JOURNAL_BYTES_MAX, &bytes, &len, err))
        return error_remedy(err, "make it readable, or move it aside: log and undo know only what is in it");
    for (char *line = bytes; line && *line;) {
        char *end = strchr(line, '\n');
        const size_t n = end ? (size_t)(end - line) : strlen(line);
        json_t *json = n ? json_loadb(line, n, 0, NULL) : NULL;
        if (json && json_is_string(json_object_get(json, "id")))
            merge_line(journal, json, &cap);
        else if (n)
            journal->damaged_lines++;
        json_decref(json);
        line = end ? end + 1 : NULL;
    }
    for (size_t i = 0; i < journal->n; i++)
        journal->items[i].undoable = may_undo(&journal->items[i]);
    return true;
}

void journal_free(struct journal *journal)
{
    free(journal->items);
    arena_free(&journal->arena);
    *journal = (struct journal){ 0 };
}

const struct journal_entry *journal_undoable(const struct journal *journal, const char *id, const char *cluster,
                                             struct error *err)
{
    for (size_t i = journal->n; i-- > 0;) {
        const struct journal_entry *entry = &journal->items[i];
        if (id ? !str_eq(entry->id, id) : !entry->undoable || !str_eq(entry->cluster, cluster))
            continue;
        if (!str_eq(entry->cluster, cluster)) {
            error_set(err, ERR_REFUSED, "%s was applied to cluster %s, not to %s", entry->id, str_or(entry->cluster, "?"),
                      str_or(cluster, "?"));
            return NULL;
        }
        if (entry->undoable)
            return entry;
        error_set(err, ERR_REFUSED, "%s cannot be undone: it is %s", entry->id, str_or(entry->state, "unknown"));
        return NULL;
    }
    error_set(err, ERR_ABSENT, id ? "the journal has no fix %s" : "there is nothing to undo on this cluster%.0s",
              id ? id : "");
    error_remedy(err, "`gatewatch fix log` lists what was done");
    return NULL;
}
