/* report: what is known, as text for people and as JSON for scripts (design.md 5), and as Prometheus text. Pure: into a text. */
#ifndef GATEWATCH_REPORT_H
#define GATEWATCH_REPORT_H

#include <gatewatch/engine.h>
#include <gatewatch/fix.h>

void report_status_json(const struct view_data *, struct text *out);
void report_status_text(const struct view_data *, int columns, struct text *out);
void report_check_json(const struct view_data *, struct text *out);
void report_check_text(const struct view_data *, int columns, struct text *out);
void report_check_prom(const struct view_data *, struct text *out);
/* 0 none, 1 warnings, 2 critical, 3 could not tell (design.md 4). */
int report_verdict(const struct view_data *);
const char *report_verdict_name(int verdict);
void report_plan_json(const struct plan *, struct text *out);
void report_plan_text(const struct plan *, int columns, struct text *out);
void report_journal_json(const struct journal *, struct text *out);
void report_journal_text(const struct journal *, int columns, struct text *out);
struct explain_view {
    const struct request *request;
    const struct explanation *explanation;
    const struct route_table *table;
    const struct snapshot *snapshot;
};
void report_explain_json(const struct explain_view *, struct text *out);
void report_explain_text(const struct explain_view *, int columns, struct text *out);
bool report_explain_told(const struct explanation *);   /* false: whether and what it would answer could not be told */
void report_lint_json(const struct predicted_conditions *, struct text *out);
void report_lint_text(const struct predicted_conditions *, int columns, struct text *out);
void report_error_json(const struct error *, struct text *out);

#endif
