#include "auth/kube_user.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- impersonation ---- */

static bool add_header(struct kube_user *u, const struct kube_entry *e, const char *key, const char *name,
                       const char *value, struct error *err)
{
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return kube_field_error(e, e->body, key, err, "holds a control character");
    u->headers = xreallocarray(u->headers, u->n_headers + 2, sizeof *u->headers);
    u->headers[u->n_headers++] = xasprintf("%s: %s", name, value);
    u->headers[u->n_headers] = NULL;
    return true;
}

/* Header names have no upper case on the way, and what is no token character is percent-encoded. */
static char *extra_name(const char *key)
{
    TEXT_AUTO name = {0};
    text_puts(&name, "Impersonate-Extra-");
    for (const unsigned char *p = (const unsigned char *)key; *p; p++) {
        if (*p < 0x80 && (isalnum(*p) || strchr("-_", *p)))
            text_putc(&name, (char)tolower(*p));
        else
            text_printf(&name, "%%%02x", *p);
    }
    return text_take(&name);
}

static bool read_extra(struct kube_user *u, const struct kube_entry *e, struct error *err)
{
    const char *key;
    json_t *values, *value;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(e->body, "as-user-extra"), key, values)
        json_array_foreach(values, i, value) {
            FREE_AUTO char *name = extra_name(key);
            if (!json_is_string(value))
                return kube_field_error(e, e->body, "as-user-extra", err, "has a value that is not a string");
            if (!add_header(u, e, "as-user-extra", name, json_string_value(value), err))
                return false;
        }
    return true;
}

static bool read_impersonation(struct kube_user *u, const struct kube_entry *e, struct error *err)
{
    const char *as, *uid;
    const json_t *groups;
    json_t *group;
    size_t i;
    if (!kube_string(e, e->body, "as", &as, err) || !kube_string(e, e->body, "as-uid", &uid, err) ||
        !kube_array(e, e->body, "as-groups", &groups, err))
        return false;
    if (!as && (uid || json_array_size(groups) || json_object_size(json_object_get(e->body, "as-user-extra"))))
        return kube_field_error(e, e->body, "as", err, "is missing, but as-uid, as-groups or as-user-extra is given");
    if (as && !add_header(u, e, "as", "Impersonate-User", as, err))
        return false;
    if (uid && !add_header(u, e, "as-uid", "Impersonate-Uid", uid, err))
        return false;
    json_array_foreach(groups, i, group) {
        if (!json_is_string(group))
            return kube_field_error(e, e->body, "as-groups", err, "has an item that is not a string");
        if (!add_header(u, e, "as-groups", "Impersonate-Group", json_string_value(group), err))
            return false;
    }
    return read_extra(u, e, err);
}

/* ---- the user ---- */

static bool read_certificate(struct kube_user *u, const struct kube_entry *e, struct error *err)
{
    if (!kube_data(e, "client-certificate", &u->cert_pem, err) || !kube_data(e, "client-key", &u->key_pem, err))
        return false;
    if (!u->cert_pem != !u->key_pem)
        return kube_field_error(e, e->body, u->cert_pem ? "client-key" : "client-certificate", err, "is missing");
    return true;
}

static bool old_provider(const struct kube_entry *e, bool with_exec, struct error *err)
{
    const char *name = json_string_value(json_object_get(json_object_get(e->body, "auth-provider"), "name"));
    if (with_exec)
        return kube_field_error(e, e->body, "auth-provider", err, "stands beside exec; only one of them may be there");
    kube_field_error(e, e->body, "auth-provider", err, "'%.40s' is gone since Kubernetes 1.26", str_or(name, "?"));
    return error_remedy(err, str_eq(name, "azure") ? "run `kubelogin convert-kubeconfig`"
                                                   : "use the provider's exec plugin instead");
}

bool kube_user_read(struct kube_user *u, const struct kube_entry *e, const struct kube_entry *cluster, struct error *err)
{
    const char *token, *file, *name, *password;
    if (!kube_string(e, e->body, "token", &token, err) || !kube_string(e, e->body, "tokenFile", &file, err) ||
        !kube_string(e, e->body, "username", &name, err) || !kube_string(e, e->body, "password", &password, err) ||
        !read_certificate(u, e, err) || !read_impersonation(u, e, err))
        return false;
    bool exec = json_is_object(json_object_get(e->body, "exec"));
    if (json_is_object(json_object_get(e->body, "auth-provider")))
        return old_provider(e, exec, err);
    if ((token || file) && (name || password))
        return kube_field_error(e, e->body, token ? "token" : "tokenFile", err,
                                "stands beside username and password; only one of them may be there");
    if (file) {                     /* wins over token once read */
        u->method = KUBE_TOKEN_FILE;
        u->token_file = kubeconfig_path(e, file);
        u->token = token ? secret_new(token, strlen(token)) : NULL;
    } else if (token) {
        u->method = KUBE_TOKEN;
        u->token = secret_new(token, strlen(token));
    } else if (name || password) {
        char *pair = xasprintf("%s:%s", name ? name : "", password ? password : "");
        u->method = KUBE_BASIC;
        u->basic = secret_new(pair, strlen(pair));
        secret_wipe(pair, strlen(pair));
        free(pair);
    } else if (exec && !u->cert_pem) {
        u->method = KUBE_EXEC;
        return exec_plugin_read(&u->plugin, e, cluster, err);
    }
    return true;
}

void kube_user_free(struct kube_user *u)
{
    secret_unref(u->token);
    secret_unref(u->basic);
    free(u->token_file);
    free(u->cert_pem);
    if (u->key_pem)
        secret_wipe(u->key_pem, strlen(u->key_pem));
    free(u->key_pem);
    exec_plugin_free(&u->plugin);
    for (size_t i = 0; i < u->n_headers; i++)
        free(u->headers[i]);
    free(u->headers);
    *u = (struct kube_user){0};
}

/* ---- the cluster ---- */

bool kube_cluster_read(struct kube_cluster *c, const struct kube_entry *e, struct error *err)
{
    if (!kube_string(e, e->body, "server", &c->server, err) ||
        !kube_string(e, e->body, "tls-server-name", &c->server_name, err) ||
        !kube_string(e, e->body, "proxy-url", &c->proxy, err) ||
        !kube_bool(e, e->body, "insecure-skip-tls-verify", &c->insecure, err) ||
        !kube_bool(e, e->body, "disable-compression", &c->no_compression, err) ||
        !kube_data(e, "certificate-authority", &c->ca_pem, err))
        return false;
    if (c->insecure && c->ca_pem)
        return kube_field_error(e, e->body, "insecure-skip-tls-verify", err,
                                "stands beside a certificate authority; only one of them may be there");
    return true;
}

void kube_cluster_free(struct kube_cluster *c)
{
    free(c->ca_pem);
    *c = (struct kube_cluster){0};
}
