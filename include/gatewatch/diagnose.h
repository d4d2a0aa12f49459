/* diagnose: pure rules over snapshot and topology. A rule is one file in src/diagnose/rules/: a record and a function. */
#ifndef GATEWATCH_DIAGNOSE_H
#define GATEWATCH_DIAGNOSE_H

#include <gatewatch/topology.h>

struct diagnosis {              /* what a rule may look at, and where it puts what it finds */
    const struct topology *topology;
    const struct snapshot *snapshot;
    const struct settings *settings;
    struct findings *findings;
};

#define RULE_NEEDS_MAX 8
struct rule {
    const char *code;           /* design.md 6 */
    enum severity severity;     /* the usual one; a finding may differ */
    enum hop hop;
    const char *title;          /* what the code means, for docs and `help` */
    enum kind_id needs[RULE_NEEDS_MAX];     /* kinds without which it cannot tell; RULE_NEEDS(…) */
    size_t n_needs;
    /* Codes whose findings on the same gateway or service are symptoms of this one. NULL-terminated, or NULL. */
    const char *const *explains;
    void (*run)(struct diagnosis *, const struct rule *);
};
#define RULE_NEEDS(...) \
    .needs = { __VA_ARGS__ }, .n_needs = sizeof((enum kind_id[]){ __VA_ARGS__ }) / sizeof(enum kind_id)
extern const struct rule *const rules[];
extern const size_t n_rules;

/* A new finding with the rule's code, severity and hop; strings are then set by the helpers, in the findings' arena.
 * The pointer is valid until the next finding_add. */
struct finding *finding_add(struct diagnosis *, const struct rule *, const char *kind, const char *ns_name);
void finding_title(struct diagnosis *, struct finding *, const char *format, ...) __attribute__((format(printf, 3, 4)));
void finding_why(struct diagnosis *, struct finding *, const char *format, ...) __attribute__((format(printf, 3, 4)));
void finding_remedy(struct diagnosis *, struct finding *, const char *format, ...) __attribute__((format(printf, 3, 4)));
void finding_evidence(struct diagnosis *, struct finding *, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Runs every rule whose needs are met, folds symptoms, sorts. Deterministic. malloc'd; findings_free, then free. */
struct findings *diagnose(const struct topology *, const struct settings *);

#endif
