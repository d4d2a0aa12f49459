/* What we can no longer read, or never could for another reason than permission. */
#include "../diagnose_internal.h"

#define PATIENCE_MS 60000

static void run(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < d->snapshot->n_sources; i++) {
        const struct source_state *s = &d->snapshot->sources[i];
        int64_t age = s->good_mono_ms < 0 ? -1 : d->snapshot->mono_ms - s->good_mono_ms;
        if (s->status != SOURCE_FAILED && !(s->status == SOURCE_STALE && age > PATIENCE_MS))
            continue;
        struct finding *f = finding_add(d, rule, "Source", s->name);
        char text[16];
        clock_format_age(age < 0 ? 0 : age, text);
        if (age < 0)
            finding_title(d, f, "%s could not be read", s->name);
        else
            finding_title(d, f, "%s is %s old", s->name, text);
        finding_why(d, f, "%s", str_or(s->error.message, "the server does not answer"));
        finding_evidence(d, f, "source %s = %s", s->name, source_status_name(s->status));
        finding_remedy(d, f, "%s", *s->error.remedy ? s->error.remedy : "Reading is tried again by itself; doctor "
                                                                        "tells more.");
    }
}

const struct rule rule_source_stale = {
    .code = "source-stale", .severity = SEVERITY_WARNING, .hop = HOP_CLIENT,
    .title = "Something is not read any more", .run = run,
};
