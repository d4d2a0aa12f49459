/* Exec credential plugins (kubernetes.md 3.3): what they are asked, and what they answer. No process is started here. */
#ifndef AUTH_EXEC_PLUGIN_H
#define AUTH_EXEC_PLUGIN_H

#include "auth/kubeconfig.h"

/* The stanza of a user, checked. Strings are borrowed from the kubeconfig unless said otherwise. */
struct exec_plugin {
    const char *api_version;
    char *command;              /* owned: a path of the file's folder when it had a '/' */
    const char *name;           /* for people: the command's last part */
    const char **argv;          /* owned array, command first */
    char **env;                 /* owned: "K=V", KUBERNETES_EXEC_INFO last */
    const char *install_hint;
    bool wants_terminal;        /* interactiveMode: Always */
};
bool exec_plugin_read(struct exec_plugin *, const struct kube_entry *user, const struct kube_entry *cluster,
                      struct error *);
void exec_plugin_free(struct exec_plugin *);

struct exec_answer {
    struct secret *token;               /* owned */
    char *cert_pem, *key_pem;           /* owned, both or none */
    int64_t expires_wall_ms;            /* 0: not said */
};
/* Total: any bytes in, an answer or an error out, and no secret in the error. */
bool exec_answer_read(const struct exec_plugin *, const char *bytes, size_t len, struct exec_answer *, struct error *);
void exec_answer_free(struct exec_answer *);

/* The value of "--NAME VALUE" or "--NAME=VALUE" among the plugin's arguments, or NULL. */
const char *exec_plugin_option(const struct exec_plugin *, const char *name);

#endif
