/* What we may not read, and hence cannot tell. */
#include "../diagnose_internal.h"

static bool needed_by_rules(int kind)
{
    for (size_t i = 0; i < n_rules; i++)
        for (size_t k = 0; k < rules[i]->n_needs; k++)
            if ((int)rules[i]->needs[k] == kind && rules[i]->severity > SEVERITY_INFO)
                return true;
    return kind == KIND_BACKENDHEALTH;
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->snapshot->n_sources; i++) {
        const struct source_state *s = &d->snapshot->sources[i];
        if (s->status != SOURCE_FORBIDDEN)
            continue;
        struct finding *f = finding_add(d, rule, "Source", s->name);
        if (!needed_by_rules(s->kind))
            f->severity = SEVERITY_INFO;
        finding_title(d, f, "Not permitted to read %s", s->name);
        finding_why(d, f, "What depends on it is shown as unknown: %s", str_or(s->error.message, "the server "
                                                                                                 "refused"));
        finding_evidence(d, f, "source %s = forbidden (%d)", s->name, s->error.http_status);
        finding_remedy(d, f, "%s", *s->error.remedy ? s->error.remedy
                       : s->origin == ORIGIN_ARM ? "Ask for a role that holds the action in the message; Reader does "
                                                   "not hold backendhealth/action."
                                                 : "Ask for the reader's cluster role; README.md has the command.");
    }
}

const struct rule rule_permission_missing = {
    .code = "permission-missing", .severity = SEVERITY_WARNING, .hop = HOP_CLIENT,
    .title = "Something may not be read", .run = run,
};
