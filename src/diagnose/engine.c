/* Runs the rules, folds symptoms under their causes, sorts. The same world always gives the same findings in the same
 * order. */
#include "diagnose_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a rule needs ----------------------------------------------------------------------------------------- */

static bool needs_met(struct diagnosis *d, const struct rule *rule)
{
    for (size_t i = 0; i < rule->n_needs; i++) {
        if (snapshot_knows(d->snapshot, rule->needs[i]))
            continue;
        const struct source_state *s = snapshot_source(d->snapshot, rule->needs[i]);
        char line[300];
        str_format(line, sizeof line, "%s: %s %s", rule->code, kinds[rule->needs[i]]->plural,
                   s ? source_status_name(s->status) : "not read");
        findings_push(d->findings, &d->findings->unknown, line);
        return false;
    }
    return true;
}

/* ---- folding --------------------------------------------------------------------------------------------------- */

static const struct rule *rule_of(const struct finding *f)
{
    for (size_t i = 0; i < n_rules; i++)
        if (rules[i]->code == f->code)
            return rules[i];
    return NULL;
}

static bool same_subject(const struct finding *a, const struct finding *b)
{
    return str_eq(a->subject.kind, b->subject.kind) && str_eq(a->subject.namespace, b->subject.namespace) &&
           str_eq(a->subject.name, b->subject.name);
}

/* A route has a life of its own: many hang on one gateway, and the fault of one is not the symptom of another. */
static bool is_route(const struct finding *f)
{
    return str_ends(f->subject.kind, "Route");
}

static bool explains(const struct rule *cause_rule, const struct finding *cause, const struct finding *symptom)
{
    if (!cause_rule || !cause_rule->explains || cause == symptom)
        return false;
    bool same_gateway = cause->gateway && str_eq(cause->gateway, symptom->gateway) && !is_route(symptom);
    if (!same_gateway && !same_subject(cause, symptom))
        return false;
    for (const char *const *code = cause_rule->explains; *code; code++)
        if (str_eq(*code, symptom->code))
            return true;
    return false;
}

/* Each symptom goes under the first cause that explains it; never under a lighter one, for what is critical must not
 * hide below a warning. Causes that are symptoms themselves hand on what they explain to the root. */
static void fold(struct findings *f)
{
    const struct rule **of = xcalloc(f->n + 1, sizeof *of);
    size_t *under = xcalloc(f->n + 1, sizeof *under);
    for (size_t i = 0; i < f->n; i++) {
        of[i] = rule_of(&f->items[i]);
        under[i] = i;
    }
    for (size_t k = 0; k < f->n; k++)
        for (size_t i = 0; of[k] && of[k]->explains && i < f->n; i++) {
            size_t root = k;
            while (under[root] != root)
                root = under[root];
            if (under[i] == i && root != i && f->items[k].severity >= f->items[i].severity &&
                explains(of[k], &f->items[k], &f->items[i]))
                under[i] = k;
        }
    for (size_t i = 0; i < f->n; i++) {
        if (under[i] == i)
            continue;
        size_t root = under[i];
        while (under[root] != root)
            root = under[root];
        f->items[i].folded = true;
        char line[600];
        str_format(line, sizeof line, "%s@%s%s%s", f->items[i].code, f->items[i].subject.namespace,
                   *f->items[i].subject.namespace ? "/" : "", f->items[i].subject.name);
        findings_push(f, &f->items[root].explains, line);
    }
    free(of);
    free(under);
}

/* ---- order ----------------------------------------------------------------------------------------------------- */

static int by_weight(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->folded != y->folded)
        return x->folded - y->folded;
    if (x->severity != y->severity)
        return (int)y->severity - (int)x->severity;
    if (x->confidence != y->confidence)
        return (int)y->confidence - (int)x->confidence;
    int d = strcmp(x->code, y->code);
    if (!d)
        d = strcmp(x->subject.namespace, y->subject.namespace);
    if (!d)
        d = strcmp(x->subject.name, y->subject.name);
    if (!d)
        d = strcmp(x->subject.kind, y->subject.kind);
    return d ? d : strcmp(x->title, y->title);
}

struct findings *diagnose(const struct topology *t, const struct settings *settings)
{
    struct findings *f = xcalloc(1, sizeof *f);
    struct diagnosis d = { .topology = t, .snapshot = t->snapshot, .settings = settings, .findings = f };
    for (size_t i = 0; i < n_rules; i++)
        if (needs_met(&d, rules[i]))
            rules[i]->run(&d, rules[i]);
    if (f->n == 0)
        return f;
    qsort(f->items, f->n, sizeof *f->items, by_weight);     /* a known order, so that folding is deterministic too */
    fold(f);
    qsort(f->items, f->n, sizeof *f->items, by_weight);
    return f;
}
