/* status and check for people: the verdict first, then what stands behind it. */
#include "words.h"

static void verdict_line(const struct view_data *view, struct text *out)
{
    static const char *const words[] = { "HEALTHY", "WARNINGS", "BROKEN", "UNKNOWN" };
    const int verdict = report_verdict(view);
    const struct finding *first = view->findings->n ? &view->findings->items[0] : NULL;
    text_printf(out, "%s  ", words[verdict]);
    if (first && verdict != 0 && verdict != 3)
        text_printf(out, "%s\n", first->title);
    else if (verdict == 3)
        text_puts(out, "not everything could be looked at\n");
    else
        text_puts(out, "nothing is wrong on this path\n");
    if (view->fatal.code != ERR_NONE)
        text_printf(out, "  cluster: %s\n  remedy: %s\n", view->fatal.message, view->fatal.remedy);
    if (view->azure.code != ERR_NONE)
        text_printf(out, "  azure: %s\n  remedy: %s\n", view->azure.message, view->azure.remedy);
}

static void path(const struct topology *topology, struct text *out)
{
    text_puts(out, "\nPATH\n");
    for (int hop = HOP_APPGW; hop < HOP_COUNT; hop++) {
        const struct topo_hop *state = &topology->hops[hop];
        text_printf(out, "  %-12s %-9s", hop_name((enum hop)hop), light_name(state->light));
        text_printf(out, " %s", str_or(state->label, ""));
        if (state->detail && *state->detail)
            text_printf(out, "  %s", state->detail);
        text_putc(out, '\n');
    }
}

static void backends(const struct topology *topology, struct text *out)
{
    text_puts(out, "\nBACKENDS\n");
    for (size_t i = 0; i < topology->backends.n; i++) {
        const struct topo_backend *backend = &topology->backends.items[i];
        text_printf(out, "  %s", health_name(backend->health));
        words_tab(out, 13);
        text_printf(out, "%s / %s / %s", backend->pool, backend->settings, str_or(backend->address, "(no server)"));
        if (backend->gateway)
            text_printf(out, "  -> %s", backend->gateway);
        text_putc(out, '\n');
        if (backend->log && *backend->log)
            words_fold(out, "             ", backend->log, 100);
    }
    if (!topology->backends.n)
        text_puts(out, "  none known\n");
}

static void probes(const struct topology *topology, struct text *out)
{
    text_puts(out, "\nPROBES\n");
    for (size_t i = 0; i < topology->probes.n; i++) {
        const struct topo_probe *probe = &topology->probes.items[i];
        text_printf(out, "  %s %s: %s", probe->prober == PROBER_APPGW ? "App Gateway  " : "load balancer",
                    str_or(probe->name, "?"), str_or(probe->protocol, "?"));
        if (probe->path)
            text_printf(out, " %s%s", str_or(probe->host, ""), probe->path);
        if (probe->port > 0)
            text_printf(out, " port %d", probe->port);
        text_printf(out, "; predicted %s, reported %s\n", predicted_name(probe->predicted),
                    str_or(probe->reported, "unknown"));
    }
    if (!topology->probes.n)
        text_puts(out, "  none known\n");
}

static void services(const struct topology *topology, struct text *out)
{
    text_puts(out, "\nSERVICES\n");
    for (size_t i = 0; i < topology->services.n; i++) {
        const struct topo_service *service = &topology->services.items[i];
        size_t in_rotation = 0, known = 0;
        for (size_t k = 0; k < service->nodes.n; k++) {
            in_rotation += service->nodes.items[k].in_rotation == TRI_TRUE;
            known += service->nodes.items[k].in_rotation != TRI_UNKNOWN;
        }
        text_printf(out, "  %s  %s  externalTrafficPolicy %s  ", service->service, service->type,
                    str_or(service->policy, "-"));
        if (known)
            text_printf(out, "%zu of %zu nodes in rotation\n", in_rotation, service->nodes.n);
        else
            text_puts(out, "nodes in rotation unknown\n");
    }
}

static void tenants(const struct topology *topology, struct text *out)
{
    text_puts(out, "\nTENANTS\n");
    for (size_t i = 0; i < topology->tenants.n; i++) {
        const struct topo_tenant *tenant = &topology->tenants.items[i];
        text_printf(out, "  %s", tenant->name);
        words_tab(out, 28);
        text_printf(out, "%zu route%s", tenant->n_routes, tenant->n_routes == 1 ? "" : "s");
        if (tenant->n_bad)
            text_printf(out, ", %zu not well", tenant->n_bad);
        text_putc(out, '\n');
    }
}

void report_status_text(const struct view_data *view, int columns, struct text *out)
{
    verdict_line(view, out);
    path(view->topology, out);
    backends(view->topology, out);
    probes(view->topology, out);
    services(view->topology, out);
    tenants(view->topology, out);
    if (view->findings->n) {
        text_puts(out, "\nFINDINGS\n");
        for (size_t i = 0; i < view->findings->n; i++)
            words_finding(&view->findings->items[i], columns, out);
    }
    text_puts(out, "\nSOURCES\n");
    words_sources(view->snapshot, out);
}

void report_check_text(const struct view_data *view, int columns, struct text *out)
{
    verdict_line(view, out);
    for (size_t i = 0; i < view->findings->n; i++) {
        text_putc(out, '\n');
        words_finding(&view->findings->items[i], columns, out);
    }
    if (view->findings->unknown.n) {
        text_puts(out, "\nCOULD NOT TELL\n");
        for (size_t i = 0; i < view->findings->unknown.n; i++)
            words_fold(out, "  ", view->findings->unknown.items[i], columns);
    }
    text_puts(out, "\nSOURCES\n");
    words_sources(view->snapshot, out);
}
