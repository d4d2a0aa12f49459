/* What was done: the journal for people and scripts. */
#include "json.h"
#include "words.h"

void report_journal_json(const struct journal *journal, struct text *out)
{
    json_t *entries = json_array();
    for (size_t i = 0; i < journal->n; i++) {
        const struct journal_entry *entry = &journal->items[i];
        char when[32];
        clock_format_rfc3339(entry->wall_ms, when);
        json_array_append_new(entries,
                              json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "id", entry->id, "at", when,
                                        "fix", json_maybe(entry->fix), "state", json_maybe(entry->state), "context",
                                        json_maybe(entry->context), "cluster", json_maybe(entry->cluster), "gateway",
                                        json_maybe(entry->gateway), "outcome", json_maybe(entry->outcome), "error",
                                        json_maybe(entry->error), "undoable", (int)entry->undoable));
    }
    json_print(json_pack("{s:s, s:o, s:o}", "schema", REPORT_SCHEMA, "entries", entries, "damagedLines",
                         json_integer((json_int_t)journal->damaged_lines)),
               out);
}

void report_journal_text(const struct journal *journal, int columns, struct text *out)
{
    for (size_t i = 0; i < journal->n; i++) {
        const struct journal_entry *entry = &journal->items[i];
        char when[32];
        clock_format_rfc3339(entry->wall_ms, when);
        text_printf(out, "%s  %-20s %-15s %-10s %s\n", entry->id, when, str_or(entry->fix, "?"),
                    str_or(entry->state, "?"), str_or(entry->gateway, ""));
        if (entry->outcome && *entry->outcome)
            words_fold(out, "    ", entry->outcome, columns);
        if (entry->error && *entry->error)
            words_fold(out, "    ", entry->error, columns);
        if (entry->undoable)
            text_printf(out, "    undo: gatewatch fix undo %s\n", entry->id);
    }
    if (!journal->n)
        text_puts(out, "Nothing has been changed by gatewatch from this machine.\n");
    if (journal->damaged_lines)
        text_printf(out, "%zu damaged line%s in the journal left out.\n", journal->damaged_lines,
                    journal->damaged_lines == 1 ? "" : "s");
}
