/* What we can no longer read, or never could for another reason than permission. */
#include "../diagnose_internal.h"

#define PATIENCE_MS 60000

static int64_t age_of(const struct snapshot *snapshot, const struct source_state *s)
{
    return s->good_mono_ms < 0 ? -1 : snapshot->mono_ms - s->good_mono_ms;
}

static bool holds(const struct snapshot *snapshot, const struct source_state *s)
{
    return s->status == SOURCE_FAILED || (s->status == SOURCE_STALE && age_of(snapshot, s) > PATIENCE_MS);
}

/* One server that is gone takes all its sources along: that is one finding, not thirty. */
static bool same_trouble(const struct source_state *a, const struct source_state *b)
{
    return a->origin == b->origin && a->error.code == b->error.code && str_eq(a->error.message, b->error.message) &&
           (a->good_mono_ms < 0) == (b->good_mono_ms < 0);
}

static bool told_before(const struct snapshot *snapshot, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (holds(snapshot, &snapshot->sources[i]) && same_trouble(&snapshot->sources[i], &snapshot->sources[at]))
            return true;
    return false;
}

static void tell(struct diagnosis *d, const struct rule *rule, size_t at)
{
    const struct snapshot *snapshot = d->snapshot;
    const struct source_state *s = &snapshot->sources[at];
    const int64_t age = age_of(snapshot, s);
    struct finding *f = finding_add(d, rule, "Source", s->name);
    char text[16], more[32] = "";
    size_t others = 0;
    for (size_t i = at; i < snapshot->n_sources; i++) {
        const struct source_state *other = &snapshot->sources[i];
        if (!holds(snapshot, other) || !same_trouble(s, other))
            continue;
        others += i != at;
        finding_evidence(d, f, "source %s = %s", other->name, source_status_name(other->status));
    }
    if (others)
        str_format(more, sizeof more, " and %zu more", others);
    clock_format_age(age < 0 ? 0 : age, text);
    if (age < 0)
        finding_title(d, f, "%s%s could not be read", s->name, more);
    else
        finding_title(d, f, "%s%s %s %s old", s->name, more, others ? "are" : "is", text);
    finding_why(d, f, "%s", str_or(s->error.message, "the server does not answer"));
    finding_remedy(d, f, "%s", *s->error.remedy ? s->error.remedy : "Reading is tried again by itself; doctor "
                                                                    "tells more.");
}

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->snapshot->n_sources; i++)
        if (holds(d->snapshot, &d->snapshot->sources[i]) && !told_before(d->snapshot, i))
            tell(d, rule, i);
}

const struct rule rule_source_stale = {
    .code = "source-stale", .severity = SEVERITY_WARNING, .hop = HOP_CLIENT,
    .title = "Something is not read any more", .run = run,
};
