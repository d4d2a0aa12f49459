/* What a kubeconfig says about one user and one cluster, read once and checked (kubernetes.md 3.2). */
#ifndef AUTH_KUBE_USER_H
#define AUTH_KUBE_USER_H

#include "auth/exec_plugin.h"

enum kube_method { KUBE_NONE, KUBE_TOKEN, KUBE_TOKEN_FILE, KUBE_BASIC, KUBE_EXEC, KUBE_AZURE };

struct kube_user {
    enum kube_method method;
    struct secret *token, *basic;
    char *token_file;
    char *cert_pem, *key_pem;       /* with any method but exec */
    struct exec_plugin plugin;
    char **headers;                 /* impersonation; NULL-terminated, or NULL */
    size_t n_headers;
};
bool kube_user_read(struct kube_user *, const struct kube_entry *user, const struct kube_entry *cluster, struct error *);
void kube_user_free(struct kube_user *);

struct kube_cluster {
    char *ca_pem;
    const char *server, *server_name, *proxy;
    bool insecure, no_compression;
};
bool kube_cluster_read(struct kube_cluster *, const struct kube_entry *, struct error *);
void kube_cluster_free(struct kube_cluster *);

#endif
