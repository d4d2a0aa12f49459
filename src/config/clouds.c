/* Azure clouds: the three public ones (Azure SDK for Go, cloud package) and those of the
 * configuration. */
#include "settings_table.h"

#include <stdlib.h>
#include <string.h>

void clouds_default(struct settings *s)
{
    static const struct {
        const char *name, *arm, *authority;
    } known[] = {
        {"AzureCloud", "https://management.azure.com", "https://login.microsoftonline.com"},
        {"AzureUSGovernment", "https://management.usgovcloudapi.net",
         "https://login.microsoftonline.us"},
        {"AzureChinaCloud", "https://management.chinacloudapi.cn",
         "https://login.chinacloudapi.cn"},
    };
    s->n_clouds = sizeof known / sizeof *known;
    s->clouds = xcalloc(s->n_clouds, sizeof *s->clouds);
    for (size_t i = 0; i < s->n_clouds; i++)
        s->clouds[i] = (struct cloud){
            .name = xstrdup(known[i].name),
            .arm = xstrdup(known[i].arm),
            .authority = xstrdup(known[i].authority),
            .audience = xstrdup(known[i].arm),
        };
}

static void cloud_free(struct cloud *c)
{
    free(c->name);
    free(c->arm);
    free(c->authority);
    free(c->audience);
    free(c->ca);
    *c = (struct cloud){0};
}

void clouds_free(struct settings *s)
{
    for (size_t i = 0; i < s->n_clouds; i++)
        cloud_free(&s->clouds[i]);
    free(s->clouds);
    s->clouds = NULL;
    s->n_clouds = 0;
}

/* The host of "//host:port/…", brackets of an IPv6 address left out. */
static bool host_is_loopback(const char *after_scheme)
{
    bool bracket = *after_scheme == '[';
    const char *host = after_scheme + bracket;
    FREE_AUTO char *name = xstrndup(host, strcspn(host, bracket ? "]" : ":/?#"));
    if (str_eq_nocase(name, "localhost") || str_eq(name, "::1"))
        return true;
    /* All of 127.0.0.0/8, but not a name such as 127.example.com. */
    return str_starts(name, "127.") && strspn(name, "0123456789.") == strlen(name);
}

/* https anywhere, http only to ourselves; a host, no user, query or fragment. */
static bool is_endpoint(const char *url)
{
    bool https = str_starts(url, "https://");
    const char *rest = https ? url + 8 : str_starts(url, "http://") ? url + 7 : NULL;
    if (!rest || !*rest || strchr("/:?#", *rest) || strpbrk(rest, "@?# \t\r\n\\\"<>"))
        return false;
    return https || host_is_loopback(rest);
}

static char *without_slash(const char *url)
{
    size_t n = strlen(url);
    while (n && url[n - 1] == '/')
        n--;
    return xstrndup(url, n);
}

struct cloud_words {
    const char *arm, *authority, *audience, *ca;
};

static bool read_words(const json_t *value, const struct setting_source *source,
                       struct cloud_words *w, struct error *err)
{
    return setting_text_of(source, value, "arm", &w->arm, err) &&
           setting_text_of(source, value, "authority", &w->authority, err) &&
           setting_text_of(source, value, "audience", &w->audience, err) &&
           setting_text_of(source, value, "ca", &w->ca, err);
}

static bool check_endpoint(const json_t *object, const char *key, const char *url,
                           const struct setting_source *source, struct error *err)
{
    if (!url || is_endpoint(url))
        return true;
    setting_error(err, source, yaml_key_line(source->doc, object, key),
                  "%s: \"%s\" is not an https address", key, url);
    return error_remedy(err, "http is for loopback addresses only: tokens travel there");
}

static char *ca_path(const char *ca, const struct setting_source *source)
{
    if (str_starts(ca, "~/"))
        return path_home(ca + 2);
    if (*ca == '/' || !source->folder)
        return xstrdup(ca);
    return xasprintf("%s/%s", source->folder, ca);
}

static struct cloud *place_for(struct settings *s, const char *name)
{
    for (size_t i = 0; i < s->n_clouds; i++)
        if (str_eq_nocase(s->clouds[i].name, name))
            return &s->clouds[i];
    s->clouds = xreallocarray(s->clouds, s->n_clouds + 1, sizeof *s->clouds);
    s->clouds[s->n_clouds] = (struct cloud){0};
    return &s->clouds[s->n_clouds++];
}

static bool one_cloud(struct settings *s, const char *name, const json_t *value, int line,
                      const struct setting_source *source, struct error *err)
{
    static const char *const keys[] = {"arm", "authority", "audience", "ca", NULL};
    struct cloud_words w = {0};
    if (!json_is_object(value)) {
        setting_error(err, source, line, "clouds.%s must be a mapping", name);
        return error_remedy(
            err, "write {arm: https://…, authority: https://…, audience: https://…, ca: FILE}");
    }
    FREE_AUTO char *inside = xasprintf("clouds.%s.", name);
    if (!setting_known_keys(source, value, inside, keys, err) ||
        !read_words(value, source, &w, err) || !check_endpoint(value, "arm", w.arm, source, err) ||
        !check_endpoint(value, "authority", w.authority, source, err) ||
        !check_endpoint(value, "audience", w.audience, source, err))
        return false;
    if (!w.arm || !w.authority) {
        setting_error(err, source, line, "clouds.%s needs %s", name, w.arm ? "authority" : "arm");
        return error_remedy(err, "give both arm and authority");
    }
    struct cloud *c = place_for(s, name);
    cloud_free(c);
    *c = (struct cloud){
        .name = xstrdup(name),
        .arm = without_slash(w.arm),
        .authority = without_slash(w.authority),
        /* As it is written: a slash at its end is a part of an audience's name. */
        .audience = w.audience ? xstrdup(w.audience) : without_slash(w.arm),
        .ca = w.ca ? ca_path(w.ca, source) : NULL,
    };
    return true;
}

bool clouds_from_json(struct settings *s, const json_t *value, const struct setting_source *source,
                      struct error *err)
{
    const char *name;
    json_t *item;
    if (!json_is_object(value)) {
        setting_error(err, source, yaml_line(source->doc, value),
                      "clouds must be a mapping of names to endpoints");
        return error_remedy(
            err,
            "write NAME: {arm: https://…, authority: https://…, audience: https://…, ca: FILE}");
    }
    json_object_foreach((json_t *)(uintptr_t)value, name, item)
        if (!one_cloud(s, name, item, yaml_key_line(source->doc, value, name), source, err))
            return false;
    return true;
}

const struct cloud *settings_cloud(const struct settings *s, struct error *err)
{
    for (size_t i = 0; i < s->n_clouds; i++)
        if (str_eq_nocase(s->clouds[i].name, s->cloud_name))
            return &s->clouds[i];
    FREE_AUTO const char **names = xcalloc(s->n_clouds + 1, sizeof *names);
    for (size_t i = 0; i < s->n_clouds; i++)
        names[i] = s->clouds[i].name;
    error_set(err, ERR_CONFIG, "unknown cloud %s", s->cloud_name ? s->cloud_name : "(none)");
    const char *near = str_nearest(s->cloud_name, names);
    if (near)
        error_remedy(err, "did you mean %s?", near);
    else
        error_remedy(
            err,
            "use AzureCloud, AzureUSGovernment or AzureChinaCloud, or describe it under clouds");
    return NULL;
}
