/* Private to report/: plain paragraphs and rows for people, no colour. */
#ifndef REPORT_WORDS_H
#define REPORT_WORDS_H

#include <gatewatch/report.h>

/* `label` then `body` folded at word boundaries within `columns` (0: no folding), further lines indented under the body. */
void words_fold(struct text *out, const char *label, const char *body, int columns);
void words_finding(const struct finding *, int columns, struct text *out);
void words_sources(const struct snapshot *, struct text *out);
/* Pads with spaces to `column`, counted in columns of what was written since the last newline. */
void words_tab(struct text *out, int column);

#endif
