/* Settings: defaults, file, environment and flags laid over each other, then looked at as a
 * whole. */
#include "settings_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void free_values(struct settings *s)
{
    for (size_t i = 0; i < setting_count(); i++) {
        const struct setting_rule *rule = &setting_rules[i];
        void *field = (char *)s + rule->at;
        if (rule->type == SETTING_TEXT || rule->type == SETTING_PATH ||
            rule->type == SETTING_CONFIG)
            free_pointer(field);
        else if (rule->type == SETTING_LIST)
            string_list_free(field);
    }
    clouds_free(s);
    tenancy_free(&s->tenancy);
}

void settings_free(struct settings *s)
{
    if (!s)
        return;
    free_values(s);
    *s = (struct settings){0};
}

static void loading_start(struct loading *l)
{
    *l = (struct loading){0};
    l->levels = xcalloc(setting_count(), sizeof *l->levels);
    l->places = xcalloc(setting_count(), sizeof *l->places);
    clouds_default(&l->s);
    tenancy_default(&l->s.tenancy);
    size_t n;
    const struct setting_info *infos = settings_table(&n);
    struct setting_source source = {.level = LEVEL_DEFAULT, .name = "default"};
    for (size_t i = 0; i < n; i++)
        if (*infos[i].otherwise)
            setting_from_text(l, i, infos[i].otherwise, &source, NULL);
}

static void loading_end(struct loading *l)
{
    for (size_t i = 0; i < setting_count(); i++)
        free(l->places[i]);
    free(l->places);
    free(l->levels);
}

/* ---- environment: GATEWATCH_REFRESH for --refresh, and so on ---- */

static void variable_of(const char *flag, char out[64])
{
    str_format(out, 64, "GATEWATCH_%s", flag + 2);
    for (char *c = out; *c; c++)
        *c = *c == '-' ? '_' : (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
}

static bool list_from_variable(struct loading *l, size_t row, const char *value,
                               const struct setting_source *source, struct error *err)
{
    while (*value) {
        size_t n = strcspn(value, ",");
        FREE_AUTO char *item = xstrndup(value, n);
        if (*item && !setting_from_text(l, row, item, source, err))
            return false;
        value += n + (value[n] == ',');
    }
    return true;
}

static bool from_environment(struct loading *l, struct error *err)
{
    size_t n;
    const struct setting_info *infos = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        char name[64];
        variable_of(infos[i].flag, name);
        const char *value = env_get(name);
        struct setting_source source = {.level = LEVEL_ENVIRONMENT, .name = name};
        enum setting_type type = setting_rules[i].type;
        if (type == SETTING_SWITCH && str_eq(name, "GATEWATCH_NO_COLOR") && env_get("NO_COLOR"))
            setting_from_text(
                l, i, "true",
                &(struct setting_source){.level = LEVEL_ENVIRONMENT, .name = "NO_COLOR"}, NULL);
        if (!value || type == SETTING_CONFIG)
            continue;
        if (type == SETTING_LIST ? !list_from_variable(l, i, value, &source, err)
                                 : !setting_from_text(l, i, value, &source, err))
            return false;
    }
    return true;
}

static bool freeze_clock(struct error *err)
{
    const char *at = env_get("GATEWATCH_CLOCK");
    int64_t ms;
    if (!at)
        return true;
    if (!clock_parse_rfc3339(at, &ms)) {
        error_set(err, ERR_CONFIG, "GATEWATCH_CLOCK: \"%s\" is not a time", at);
        return error_remedy(err, "write it as 2026-01-10T08:00:05Z");
    }
    clock_freeze(ms);
    return true;
}

/* ---- the file ---- */

/* The last --config wins, then $GATEWATCH_CONFIG, then the usual place, which may be empty. */
static bool from_file(struct loading *l, const struct setting_flags *flags, struct error *err)
{
    const char *named = env_get("GATEWATCH_CONFIG");
    for (size_t i = 0; i < flags->n; i++)
        if (setting_rules[flags->taken[i].row].type == SETTING_CONFIG)
            named = flags->taken[i].value;
    if (named)
        return settings_read_file(l, named, err);
    FREE_AUTO char *usual = path_config("config.yaml");
    if (access(usual, F_OK) < 0)
        return true;
    return settings_read_file(l, usual, err);
}

/* ---- the whole ---- */

static size_t row_of(const char *flag)
{
    return setting_by_flag(flag, strlen(flag));
}

static bool fail_row(struct loading *l, size_t row, struct error *err, const char *message)
{
    bool flag = l->levels[row] == LEVEL_FLAG;
    return error_set(err, flag ? ERR_USAGE : ERR_CONFIG, "%s: %s",
                     str_or(l->places[row], "settings"), message);
}

/* A gateway named by its three parts becomes an id, so that the rest of the program knows one form
 * only. */
static bool join_gateway_name(struct loading *l, struct error *err)
{
    struct settings *s = &l->s;
    size_t name = row_of("--app-gateway-name"), list = row_of("--app-gateway");
    if (!s->app_gateway_name)
        return true;
    if (s->app_gateways.n && l->levels[list] > l->levels[name])
        return true;
    if (s->app_gateways.n && l->levels[list] == l->levels[name])
        return fail_row(l, name, err,
                        "give an Application Gateway by its id or by its name, not both");
    if (!s->subscription || !s->resource_group)
        return fail_row(
            l, name, err,
            "a name of an Application Gateway needs its subscription and resource group too");
    FREE_AUTO char *id = xasprintf(
        "/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Network/applicationGateways/%s",
        s->subscription, s->resource_group, s->app_gateway_name);
    string_list_free(&s->app_gateways);
    string_list_add(&s->app_gateways, id);
    return true;
}

static bool check_whole(struct loading *l, struct error *err)
{
    if (!join_gateway_name(l, err))
        return false;
    if (settings_cloud(&l->s, err))
        return true;
    size_t row = row_of("--cloud");
    if (l->levels[row] == LEVEL_FLAG && err)
        err->code = ERR_USAGE;
    return error_wrap(err, "%s", str_or(l->places[row], "settings"));
}

bool settings_load(struct settings *s, int *argc, char **argv, struct error *err)
{
    struct setting_flags flags = {0};
    if (!setting_flags_take(&flags, *argc, argv, err)) {
        setting_flags_free(&flags);
        return false;
    }
    struct loading l;
    loading_start(&l);
    bool good = freeze_clock(err) && from_file(&l, &flags, err) && from_environment(&l, err) &&
                setting_flags_apply(&l, &flags, err) && check_whole(&l, err);
    if (good) {
        memcpy(argv, flags.rest, (flags.n_rest + 1) * sizeof *argv);
        *argc = (int)flags.n_rest;
        *s = l.s;
    } else {
        free_values(&l.s);
    }
    loading_end(&l);
    setting_flags_free(&flags);
    return good;
}

bool settings_protects(const struct settings *s, const char *context, const char *cluster)
{
    for (size_t i = 0; i < s->protected_targets.n; i++) {
        const char *glob = s->protected_targets.items[i];
        if ((context && str_glob(glob, context)) || (cluster && str_glob(glob, cluster)))
            return true;
    }
    return false;
}
