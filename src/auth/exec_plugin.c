#include "auth/exec_plugin.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

/* ---- the question ---- */

static json_t *cluster_info(const struct kube_entry *cluster, struct error *err)
{
    static const char *const plain[] = {"server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url",
                                        "disable-compression", NULL};
    FREE_AUTO char *ca = NULL;
    if (!kube_data(cluster, "certificate-authority", &ca, err))
        return NULL;
    json_t *info = json_object();
    for (const char *const *p = plain; *p; p++)
        if (json_object_get(cluster->body, *p))
            json_object_set(info, *p, json_object_get(cluster->body, *p));
    if (ca) {
        size_t len = strlen(ca);
        FREE_AUTO char *coded = xcalloc(1, 4 * ((len + 2) / 3) + 1);
        EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)ca, (int)len);
        json_object_set_new(info, "certificate-authority-data", json_string(coded));
    }
    size_t i;
    json_t *extension;
    json_array_foreach(json_object_get(cluster->body, "extensions"), i, extension)
        if (str_eq(json_string_value(json_object_get(extension, "name")), "client.authentication.k8s.io/exec"))
            json_object_set(info, "config", json_object_get(extension, "extension"));
    return info;
}

/* No terminal is given, so nothing is interactive. */
static char *exec_info(const struct exec_plugin *p, const struct kube_entry *cluster, bool with_cluster, struct error *err)
{
    json_t *spec = json_pack("{s:b}", "interactive", 0), *info = with_cluster ? cluster_info(cluster, err) : NULL;
    if (with_cluster && !info) {
        json_decref(spec);
        return NULL;
    }
    if (info)
        json_object_set_new(spec, "cluster", info);
    json_t *all = json_pack("{s:s, s:s, s:o}", "kind", "ExecCredential", "apiVersion", p->api_version, "spec", spec);
    char *text = json_dumps(all, JSON_COMPACT);
    char *line = xasprintf("KUBERNETES_EXEC_INFO=%s", text);
    free(text);
    json_decref(all);
    return line;
}

static bool read_env(struct exec_plugin *p, const struct kube_entry *user, const json_t *exec,
                     const struct kube_entry *cluster, struct error *err)
{
    const json_t *env;
    size_t n = 0, i;
    json_t *item;
    bool with_cluster;
    if (!kube_array(user, exec, "env", &env, err) || !kube_bool(user, exec, "provideClusterInfo", &with_cluster, err))
        return false;
    p->env = xcalloc(json_array_size(env) + 2, sizeof *p->env);
    json_array_foreach(env, i, item) {
        const char *name = json_string_value(json_object_get(item, "name"));
        const char *value = json_string_value(json_object_get(item, "value"));
        if (!name || !*name || strchr(name, '='))
            return kube_field_error(user, exec, "env", err, "has an item without a proper name");
        p->env[n++] = xasprintf("%s=%s", name, value ? value : "");
    }
    p->env[n] = exec_info(p, cluster, with_cluster, err);
    return p->env[n] != NULL;
}

static bool read_argv(struct exec_plugin *p, const struct kube_entry *user, const json_t *exec, struct error *err)
{
    const json_t *args;
    size_t i;
    json_t *item;
    if (!kube_array(user, exec, "args", &args, err))
        return false;
    p->argv = xcalloc(json_array_size(args) + 2, sizeof *p->argv);
    p->argv[0] = p->command;
    json_array_foreach(args, i, item) {
        if (!json_is_string(item))
            return kube_field_error(user, exec, "args", err, "has an item that is not a string");
        p->argv[i + 1] = json_string_value(item);
    }
    return true;
}

/* kubernetes.md 3.3: v1 wants interactiveMode, v1beta1 has IfAvailable by default. */
static bool read_mode(struct exec_plugin *p, const struct kube_entry *user, const json_t *exec, struct error *err)
{
    const char *mode;
    if (!kube_string(user, exec, "interactiveMode", &mode, err))
        return false;
    if (!mode && str_ends(p->api_version, "/v1"))
        return kube_field_error(user, exec, "interactiveMode", err, "is missing; %s wants Never, IfAvailable or Always",
                                p->api_version);
    if (mode && !str_eq(mode, "Never") && !str_eq(mode, "IfAvailable") && !str_eq(mode, "Always"))
        return kube_field_error(user, exec, "interactiveMode", err, "is neither Never, IfAvailable nor Always");
    p->wants_terminal = str_eq(mode, "Always");
    return true;
}

bool exec_plugin_read(struct exec_plugin *p, const struct kube_entry *user, const struct kube_entry *cluster,
                      struct error *err)
{
    const json_t *exec = json_object_get(user->body, "exec");
    const char *command;
    if (!json_is_object(exec))
        return kube_field_error(user, user->body, "exec", err, "is not a mapping");
    if (!kube_string(user, exec, "apiVersion", &p->api_version, err) ||
        !kube_string(user, exec, "command", &command, err) ||
        !kube_string(user, exec, "installHint", &p->install_hint, err))
        return false;
    if (!str_eq(p->api_version, "client.authentication.k8s.io/v1") &&
        !str_eq(p->api_version, "client.authentication.k8s.io/v1beta1")) {
        kube_field_error(user, exec, "apiVersion", err, "is not client.authentication.k8s.io/v1 or /v1beta1");
        return error_remedy(err, "update the kubeconfig, for AKS with `kubelogin convert-kubeconfig`");
    }
    if (!command)
        return kube_field_error(user, exec, "command", err, "is missing");
    p->command = strchr(command, '/') ? kubeconfig_path(user, command) : xstrdup(command);
    const char *slash = strrchr(p->command, '/');
    p->name = slash ? slash + 1 : p->command;
    return read_mode(p, user, exec, err) && read_argv(p, user, exec, err) && read_env(p, user, exec, cluster, err);
}

void exec_plugin_free(struct exec_plugin *p)
{
    for (char **e = p->env; e && *e; e++) {
        secret_wipe(*e, strlen(*e));
        free(*e);
    }
    free(p->env);
    free(p->argv);
    free(p->command);
    *p = (struct exec_plugin){0};
}

const char *exec_plugin_option(const struct exec_plugin *p, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 1; p->argv && p->argv[i]; i++) {
        const char *arg = p->argv[i];
        if (!str_starts(arg, "--") || strncmp(arg + 2, name, len) != 0)
            continue;
        if (arg[2 + len] == '=')
            return arg + 3 + len;
        if (arg[2 + len] == '\0')
            return p->argv[i + 1];
    }
    return NULL;
}

/* ---- the answer ---- */

static bool bad_answer(const struct exec_plugin *p, struct error *err, const char *why)
{
    char name[80];
    text_clean(name, sizeof name, p->name, strlen(p->name), false);
    return error_set(err, ERR_CREDENTIAL, "the credential plugin %s: %s", name, why);
}

static bool read_status(const struct exec_plugin *p, const json_t *status, struct exec_answer *out, struct error *err)
{
    const char *token = json_string_value(json_object_get(status, "token"));
    const char *cert = json_string_value(json_object_get(status, "clientCertificateData"));
    const char *key = json_string_value(json_object_get(status, "clientKeyData"));
    const char *ends = json_string_value(json_object_get(status, "expirationTimestamp"));
    token = token && *token ? token : NULL;
    cert = cert && *cert ? cert : NULL;
    key = key && *key ? key : NULL;
    if (!cert != !key)
        return bad_answer(p, err, "its answer has a certificate without key, or the reverse");
    if (!token && !cert)
        return bad_answer(p, err, "its answer has neither token nor certificate");
    if (token && strpbrk(token, "\r\n"))
        return bad_answer(p, err, "its token has a line break");
    if (ends && !clock_parse_rfc3339(ends, &out->expires_wall_ms))
        return bad_answer(p, err, "its expirationTimestamp is no RFC 3339 time");
    out->token = token ? secret_new(token, strlen(token)) : NULL;
    out->cert_pem = xstrdup(cert);
    out->key_pem = xstrdup(key);
    return true;
}

static void wipe_string(const json_t *status, const char *key)
{
    const char *s = json_string_value(json_object_get(status, key));
    if (s)
        secret_wipe((char *)(uintptr_t)s, strlen(s));
}

bool exec_answer_read(const struct exec_plugin *p, const char *bytes, size_t len, struct exec_answer *out,
                      struct error *err)
{
    struct exec_answer answer = {0};
    json_t *root = json_loadb(bytes, len, 0, NULL);
    const json_t *status = json_object_get(root, "status");
    const char *kind = json_string_value(json_object_get(root, "kind"));
    const char *version = json_string_value(json_object_get(root, "apiVersion"));
    bool ok;
    if (!json_is_object(root)) {
        ok = bad_answer(p, err, "it answered with something that is not JSON");
    } else if (!str_eq(kind, "ExecCredential")) {
        ok = bad_answer(p, err, "its answer is no ExecCredential");
    } else if (!str_eq(version, p->api_version)) {
        char seen[80], why[240];
        text_clean(seen, sizeof seen, version ? version : "(none)", strlen(version ? version : "(none)"), false);
        str_format(why, sizeof why, "it answered with apiVersion %s, asked for was %s", seen, p->api_version);
        ok = bad_answer(p, err, why);
    } else if (!json_is_object(status)) {
        ok = bad_answer(p, err, "its answer has no status");
    } else {
        ok = read_status(p, status, &answer, err);
    }
    wipe_string(status, "token");
    wipe_string(status, "clientKeyData");
    json_decref(root);
    if (ok)
        *out = answer;
    return ok;
}

void exec_answer_free(struct exec_answer *a)
{
    secret_unref(a->token);
    free(a->cert_pem);
    if (a->key_pem)
        secret_wipe(a->key_pem, strlen(a->key_pem));
    free(a->key_pem);
    *a = (struct exec_answer){0};
}
