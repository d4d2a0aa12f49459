/* Inside of a kubeconfig, for kube_login.c and exec_plugin.c. */
#ifndef AUTH_KUBECONFIG_H
#define AUTH_KUBECONFIG_H

#include <gatewatch/auth.h>

#include <jansson.h>

struct kube_file {
    char *path, *folder;
    struct yaml_doc *docs;
    size_t n_docs;
};
/* A named entry of contexts, clusters or users. */
struct kube_entry {
    const char *name;
    const char *what;               /* "cluster", "user", "context" */
    const json_t *body;             /* never NULL; may be no object */
    const struct kube_file *file;
};
struct kube_entries {
    struct kube_entry *items;
    size_t n, cap;
};
struct kubeconfig {
    struct kube_file **files;
    size_t n_files, cap_files;
    struct kube_entries contexts, clusters, users;
    const char **names;             /* of the contexts, NULL-terminated */
    const char *current;            /* current-context */
    char *chosen;                   /* by flag or configuration */
    struct arena arena;             /* of what kube_target points to */
    bool in_cluster;
};

const struct kube_entry *kube_entry_find(const struct kube_entries *, const char *name);

/* Fields with their types checked: absent and null give NULL, false, 0. Errors name file, line and key. */
bool kube_string(const struct kube_entry *, const json_t *object, const char *key, const char **out, struct error *);
bool kube_bool(const struct kube_entry *, const json_t *object, const char *key, bool *out, struct error *);
bool kube_array(const struct kube_entry *, const json_t *object, const char *key, const json_t **out, struct error *);
/* Sets "FILE:LINE: user NAME: KEY …"; returns false. */
bool kube_field_error(const struct kube_entry *, const json_t *object, const char *key, struct error *,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A path of the entry as a path of ours: relative ones begin at the file's folder. malloc'd. */
char *kubeconfig_path(const struct kube_entry *, const char *path);
/* KEY-data (base64) or the file named by KEY; *out stays NULL when there is neither. malloc'd, NUL-terminated. */
bool kube_data(const struct kube_entry *, const char *key, char **out, struct error *);

/* Where a pod finds its service account; a variable for tests. */
extern const char *kube_service_account;

#endif
