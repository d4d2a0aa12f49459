#include "words.h"

#include <string.h>

void words_tab(struct text *out, int column)
{
    const char *line = strrchr(text_str(out), '\n');
    const int used = text_width(line ? line + 1 : text_str(out));
    for (int i = used; i < column; i++)
        text_putc(out, ' ');
    if (used >= column && used > 0)
        text_putc(out, ' ');
}

void words_fold(struct text *out, const char *label, const char *body, int columns)
{
    const int indent = text_width(label);
    int at = indent;
    text_puts(out, label);
    while (*body) {
        const size_t space = strspn(body, " ");
        const size_t len = strcspn(body + space, " ");
        char word[512];
        str_format(word, sizeof word, "%.*s", (int)(len < sizeof word - 1 ? len : sizeof word - 1), body + space);
        const int width = text_width(word);
        if (at > indent && columns > 0 && at + 1 + width > columns) {
            text_putc(out, '\n');
            words_tab(out, indent);
            at = indent;
        } else if (at > indent) {
            text_putc(out, ' ');
            at++;
        }
        text_puts(out, word);
        at += width;
        body += space + len;
        if (!len)
            break;
    }
    text_putc(out, '\n');
}

void words_finding(const struct finding *finding, int columns, struct text *out)
{
    static const char *const marks[] = { "info    ", "warning ", "CRITICAL" };
    text_printf(out, "%s %s%s\n", marks[finding->severity], finding->code, finding->folded ? " (a symptom)" : "");
    words_fold(out, "  ", str_or(finding->title, ""), columns);
    if (finding->why && *finding->why)
        words_fold(out, "  why      ", finding->why, columns);
    for (size_t i = 0; i < finding->evidence.n; i++)
        words_fold(out, i ? "           " : "  evidence ", finding->evidence.items[i], columns);
    if (finding->remedy && *finding->remedy)
        words_fold(out, "  remedy   ", finding->remedy, columns);
    if (finding->fix)
        text_printf(out, "  fix      gatewatch fix %s%s%s\n", finding->fix, finding->gateway ? " --gateway " : "",
                    str_or(finding->gateway, ""));
}

/* Only what is not simply live gets a line of its own: that is what a reader must know. */
void words_sources(const struct snapshot *snapshot, struct text *out)
{
    size_t live = 0;
    for (size_t i = 0; i < snapshot->n_sources; i++) {
        const struct source_state *source = &snapshot->sources[i];
        char age[16] = "never";
        if (source->status == SOURCE_LIVE) {
            live++;
            continue;
        }
        if (source->good_mono_ms >= 0)
            clock_format_age(snapshot->mono_ms - source->good_mono_ms, age);
        text_printf(out, "  %-28s %-9s", source->name, source_status_name(source->status));
        if (source->status != SOURCE_ABSENT && source->status != SOURCE_PENDING)
            text_printf(out, " last known %s%s%s", age, *source->error.message ? ": " : "", source->error.message);
        text_putc(out, '\n');
        if (*source->error.remedy)
            text_printf(out, "  %-28s %-9s remedy: %s\n", "", "", source->error.remedy);
    }
    text_printf(out, "  %zu of %zu live\n", live, snapshot->n_sources);
}
