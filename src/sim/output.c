/* The files that let gatewatch, kubectl and az find this world. */
#include "kube_auth.h"
#include "server.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Written under another name and renamed, so that nobody reads half of it. */
static bool write_file(const char *folder, const char *name, mode_t mode, const char *text)
{
    char *path = format_text("%s/%s", folder, name),
         *part = format_text("%s/.%s.part", folder, name);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    size_t len = strlen(text);
    bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len;

    good = fd >= 0 && !close(fd) && good && !rename(part, path);
    if (!good)
        fprintf(stderr, "gatewatch-sim: cannot write %s: %s\n", path, strerror(errno));
    free(path);
    free(part);
    return good;
}

static char *base64(const char *text)
{
    size_t len = strlen(text);
    char *out = xcalloc(len * 4 / 3 + 8, 1);

    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    return out;
}

static char *kubeconfig(struct world *world, const struct tls_material *tls, const char *folder,
                        const char *principal)
{
    const char *prefix = world->options->prefix;
    char *ca = base64(tls->ca_pem), *cert = base64(tls->client_cert_pem),
         *key = base64(tls->client_key_pem);
    char *text = format_text(
        "apiVersion: v1\n"
        "kind: Config\n"
        "current-context: %s\n"
        "clusters:\n"
        "- name: aks-mtkc-poc\n"
        "  cluster:\n"
        "    server: %s%s\n"
        "    certificate-authority-data: %s\n"
        "contexts:\n"
        "- {name: platform-engineer, context: {cluster: aks-mtkc-poc, user: platform-engineer}}\n"
        "- {name: reader, context: {cluster: aks-mtkc-poc, user: reader}}\n"
        "- {name: nobody, context: {cluster: aks-mtkc-poc, user: nobody}}\n"
        "- {name: certificate, context: {cluster: aks-mtkc-poc, user: certificate}}\n"
        "- {name: exec, context: {cluster: aks-mtkc-poc, user: exec}}\n"
        "- {name: token-file, context: {cluster: aks-mtkc-poc, user: token-file}}\n"
        "users:\n"
        "- name: platform-engineer\n"
        "  user: {token: %s}\n"
        "- name: reader\n"
        "  user: {token: %s}\n"
        "- name: nobody\n"
        "  user: {token: %s}\n"
        "- name: certificate\n"
        "  user:\n"
        "    client-certificate-data: %s\n"
        "    client-key-data: %s\n"
        "- name: token-file\n"
        "  user: {tokenFile: %s/token}\n"
        "- name: exec\n"
        "  user:\n"
        "    exec:\n"
        "      apiVersion: client.authentication.k8s.io/v1\n"
        "      command: cat\n"
        "      args: [%s/execcredential.json]\n"
        "      interactiveMode: Never\n",
        principal, world->base, prefix, ca, credentials_token(world, "platform-engineer"),
        credentials_token(world, "reader"), credentials_token(world, "nobody"), cert, key, folder,
        folder);

    free(ca);
    free(cert);
    free(key);
    return text;
}

static char *exec_credential(struct world *world)
{
    return format_text(
        "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"spec\":{"
        "\"interactive\":false},\"status\":{\"token\":\"%s\"}}\n",
        credentials_token(world, "platform-engineer"));
}

static char *config(struct world *world, const char *folder)
{
    return format_text(
        "# gatewatch on the simulated environment\n"
        "cloud: lab\n"
        "clouds:\n"
        "  lab: {arm: \"%s\", authority: \"%s\", audience: \"%s\", ca: \"%s/ca.pem\"}\n"
        "credential: environment\n"
        "kubeconfig: %s/kubeconfig\n",
        world->base, world->base, world->base, folder, folder);
}

static char *environment(struct world *world, const char *folder, const struct sim_identity *who)
{
    return format_text(
        "# Credentials for the simulated cloud: `. ./env`, then gatewatch --config %s/config.yaml\n"
        "export AZURE_TENANT_ID=%s\n"
        "export AZURE_CLIENT_ID=%s\n"
        "export AZURE_CLIENT_SECRET=%s\n"
        "export KUBECONFIG=%s/kubeconfig\n"
        "export REQUESTS_CA_BUNDLE=%s/ca.pem\n"
        "# az against it, with a configuration folder of its own:\n"
        "#   export AZURE_CONFIG_DIR=%s/az\n"
        "#   az cloud register -n gatewatch-sim --endpoint-resource-manager %s\n"
        "#   az cloud set -n gatewatch-sim\n"
        "#   az login --service-principal -u $AZURE_CLIENT_ID -p $AZURE_CLIENT_SECRET --tenant "
        "$AZURE_TENANT_ID\n",
        folder, who->tenant, who->client_id, who->client_secret, folder, folder, folder,
        world->base);
}

static bool write_free(const char *folder, const char *name, mode_t mode, char *text)
{
    bool good = write_file(folder, name, mode, text);

    free(text);
    return good;
}

/* The files that hold cluster tokens. */
static bool write_tokens(struct world *world, const struct tls_material *tls, const char *folder,
                         const char *principal)
{
    return write_free(folder, "token", 0600,
                      xstrdup(credentials_token(world, "platform-engineer"))) &&
           write_free(folder, "execcredential.json", 0600, exec_credential(world)) &&
           write_free(folder, "kubeconfig", 0600, kubeconfig(world, tls, folder, principal));
}

bool output_rewrite_tokens(struct world *world)
{
    char *folder = realpath(world->options->out, NULL);
    bool good = folder && write_tokens(world, world->tls, folder, entra_identity(world).principal);

    free(folder);
    return good;
}

bool output_write(struct world *world, const struct tls_material *tls)
{
    char *folder;
    struct sim_identity who;
    bool good;

    if (mkdir(world->options->out, 0700) && errno != EEXIST) {
        fprintf(stderr, "gatewatch-sim: cannot make %s: %s\n", world->options->out,
                strerror(errno));
        return false;
    }
    folder = realpath(world->options->out, NULL);
    if (!folder) {
        fprintf(stderr, "gatewatch-sim: %s: %s\n", world->options->out, strerror(errno));
        return false;
    }
    pthread_mutex_lock(&world->lock);
    who = entra_identity(world);
    good = write_file(folder, "ca.pem", 0644, tls->ca_pem) && write_tokens(world, tls, folder, who.principal);
    pthread_mutex_unlock(&world->lock);
    good = good &&
           write_free(folder, "config.yaml", 0600, config(world, folder)) &&
           write_free(folder, "env", 0600, environment(world, folder, &who)) &&
           write_free(folder, "ready", 0644, format_text("%s\n", world->base));
    free(folder);
    return good;
}
