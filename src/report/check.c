/* check: findings as JSON, as text, and as Prometheus text for a node exporter's folder. */
#include "json.h"

/* A rule that could not look is no proof of health: without a critical finding the verdict is then "could not tell", but
 * only where the rule guards the path (the findings say which). */
int report_verdict(const struct view_data *view)
{
    bool warning = false;
    if (!view || !view->findings)
        return 3;
    for (size_t i = 0; i < view->findings->n; i++) {
        if (view->findings->items[i].severity == SEVERITY_CRITICAL)
            return 2;
        warning |= view->findings->items[i].severity == SEVERITY_WARNING;
    }
    if (view->fatal.code != ERR_NONE || view->azure.code != ERR_NONE || !view->settled || view->findings->unknown.n)
        return 3;
    return warning ? 1 : 0;
}

const char *report_verdict_name(int verdict)
{
    static const char *const names[] = { "healthy", "warnings", "critical", "unknown" };
    return verdict >= 0 && verdict <= 3 ? names[verdict] : "unknown";
}

void report_check_json(const struct view_data *view, struct text *out)
{
    json_t *root = json_object();
    json_object_set_new(root, "schema", json_string(REPORT_SCHEMA));
    json_object_set_new(root, "verdict", json_string(report_verdict_name(report_verdict(view))));
    json_object_set_new(root, "findings", json_findings(view->findings));
    json_object_set_new(root, "unknown", json_strings(&view->findings->unknown));
    json_object_set_new(root, "sources", json_sources(view->snapshot));
    json_print(root, out);
}

/* Label values escape backslash, quote and newline; ours are clean, so the first two are what is left. */
static void label(struct text *out, const char *name, const char *value)
{
    text_printf(out, "%s=\"", name);
    for (const char *p = str_or(value, ""); *p; p++) {
        if (*p == '\\' || *p == '"')
            text_putc(out, '\\');
        if (*p == '\n')
            text_puts(out, "\\n");
        else
            text_putc(out, *p);
    }
    text_putc(out, '"');
}

static bool same_series(const struct finding *a, const struct finding *b)
{
    return str_eq(a->code, b->code) && a->severity == b->severity && str_eq(a->subject.kind, b->subject.kind) &&
           str_eq(str_or(a->subject.namespace, ""), str_or(b->subject.namespace, "")) &&
           str_eq(a->subject.name, b->subject.name);
}

/* A series stands once: a node exporter drops the whole file for one that stands twice. */
static void findings_prom(const struct findings *findings, struct text *out)
{
    text_puts(out, "# HELP gatewatch_finding How many findings of a code hold for an object now.\n"
                   "# TYPE gatewatch_finding gauge\n");
    for (size_t i = 0; i < findings->n; i++) {
        const struct finding *finding = &findings->items[i];
        size_t same = 0;
        bool before = false;
        for (size_t k = 0; k < findings->n; k++) {
            same += same_series(finding, &findings->items[k]);
            before |= k < i && same_series(finding, &findings->items[k]);
        }
        if (before)
            continue;
        text_puts(out, "gatewatch_finding{");
        label(out, "code", finding->code);
        text_putc(out, ',');
        label(out, "severity", severity_name(finding->severity));
        text_putc(out, ',');
        label(out, "kind", finding->subject.kind);
        text_putc(out, ',');
        label(out, "namespace", finding->subject.namespace);
        text_putc(out, ',');
        label(out, "name", finding->subject.name);
        text_printf(out, "} %zu\n", same);
    }
}

static void backends_prom(const struct topology *topology, struct text *out)
{
    text_puts(out, "# HELP gatewatch_backend_healthy 1 healthy, 0 not, no sample when not known.\n"
                   "# TYPE gatewatch_backend_healthy gauge\n");
    for (size_t i = 0; i < topology->backends.n; i++) {
        const struct topo_backend *backend = &topology->backends.items[i];
        if (backend->health == HEALTH_UNKNOWN)
            continue;
        text_puts(out, "gatewatch_backend_healthy{");
        label(out, "app_gateway", backend->appgw);
        text_putc(out, ',');
        label(out, "pool", backend->pool);
        text_putc(out, ',');
        label(out, "settings", backend->settings);
        text_putc(out, ',');
        label(out, "address", backend->address);
        text_printf(out, "} %d\n", backend->health == HEALTH_UP || backend->health == HEALTH_DEGRADING);
    }
}

void report_check_prom(const struct view_data *view, struct text *out)
{
    text_puts(out, "# HELP gatewatch_verdict 0 none, 1 warnings, 2 critical, 3 could not tell.\n"
                   "# TYPE gatewatch_verdict gauge\n");
    text_printf(out, "gatewatch_verdict %d\n", report_verdict(view));
    findings_prom(view->findings, out);
    backends_prom(view->topology, out);
    text_puts(out, "# HELP gatewatch_source_age_seconds Age of what a source last told.\n"
                   "# TYPE gatewatch_source_age_seconds gauge\n");
    for (size_t i = 0; i < view->snapshot->n_sources; i++) {
        const struct source_state *source = &view->snapshot->sources[i];
        if (source->good_mono_ms < 0 || source->status == SOURCE_ABSENT)
            continue;
        text_puts(out, "gatewatch_source_age_seconds{");
        label(out, "source", source->name);
        text_printf(out, "} %lld\n", (long long)((view->snapshot->mono_ms - source->good_mono_ms) / 1000));
    }
}
