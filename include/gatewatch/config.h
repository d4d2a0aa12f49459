/* config: settings from flags, environment and file, one table (src/config/settings.c): flag, key, type, default, help.
 * Help, completion and the manual page are made from the same table. */
#ifndef GATEWATCH_CONFIG_H
#define GATEWATCH_CONFIG_H

#include <gatewatch/base.h>

struct string_list {
    char **items;
    size_t n;
};

/* One Azure cloud: three endpoints and, for private ones, a CA. The three public clouds are built in (azure.md 7.1). */
struct cloud {
    char *name;
    char *arm;          /* "https://management.azure.com", no trailing slash */
    char *authority;    /* "https://login.microsoftonline.com", no trailing slash */
    char *audience;     /* "https://management.azure.com" */
    char *ca;           /* PEM file, or NULL for the system's roots */
};

/* Where a route's tenant comes from; the first source that answers wins (kubernetes.md 8). */
enum tenancy_kind { TENANCY_ROUTE_LABEL, TENANCY_NAMESPACE_LABEL, TENANCY_NAMESPACE_ANNOTATION, TENANCY_NAMESPACE_REGEX,
                    TENANCY_NAMESPACE_NAME };
struct tenancy_source {
    enum tenancy_kind kind;
    char *value;                        /* label key, annotation key or POSIX ERE */
    int group;                          /* of the expression; 1 by default */
    bool cut_after_colon;
    struct { char *id, *name; } *names; /* translations */
    size_t n_names;
};
struct tenancy {
    struct tenancy_source *sources;
    size_t n_sources;
    struct string_list platform_namespaces;
    char *unknown;                      /* "(no tenant)" */
};

struct settings {
    /* which world */
    char *kubeconfig;                   /* NULL: KUBECONFIG, then ~/.kube/config, then in-cluster */
    char *context;
    struct string_list app_gateways;    /* resource ids */
    char *subscription, *resource_group, *app_gateway_name;
    char *cloud_name;
    struct cloud *clouds;               /* built-in ones first, then the file's; a same name replaces */
    size_t n_clouds;
    char *credential;                   /* auto, environment, workload-identity, managed-identity, azure-cli */
    /* how */
    bool read_only;
    struct string_list protected_targets;   /* globs of contexts or clusters */
    int refresh_s, timeout_s;
    char *theme;
    bool no_color, ascii;
    char *log_file;
    char *lb_probe_mode;                /* "auto", "shared": AKS ClusterServiceLoadBalancerHealthProbeMode, when not readable */
    struct tenancy tenancy;
    struct { char *namespace, *service, *image; } responder;
    /* where it came from, for doctor and errors */
    char *config_file;                  /* NULL when none was read */
};

/* Values in order of rising strength: defaults, configuration file, environment, flags. Of the environment it reads
 * GATEWATCH_REFRESH for --refresh and so on (a list's items are parted by commas), NO_COLOR, and GATEWATCH_CLOCK, with which
 * it freezes the clock. KUBECONFIG is no setting: it counts only while `kubeconfig` is NULL. A gateway named by its three
 * parts stands in app_gateways as an id afterwards. --help, -h, --version and -V are left in argv. `argv` is left with what is
 * not a common flag (subcommand and its own words). An unknown key or flag is an error that names it, its place and the
 * nearest known one. */
bool settings_load(struct settings *, int *argc, char **argv, struct error *);
void settings_free(struct settings *);
const struct cloud *settings_cloud(const struct settings *, struct error *);
bool settings_protects(const struct settings *, const char *context, const char *cluster);

/* The table itself, for help, completion and the manual. */
struct setting_info {
    const char *flag;       /* "--refresh" */
    const char *key;        /* "refresh", or NULL */
    const char *argument;   /* "SECONDS", or NULL for a switch */
    const char *otherwise;  /* default as text, or "" */
    const char *help;
};
const struct setting_info *settings_table(size_t *ret_n);

/* ---- paths and environment: the only reader of the environment (src/config/environment.c) ------------------------ */
const char *env_get(const char *name);                  /* NULL when unset or empty */
/* `export K=V` and `K=V` lines of a file into our environment (the simulator's `env`); single threaded start only. */
bool env_load_file(const char *path, struct error *);
char *path_config(const char *file);                    /* $XDG_CONFIG_HOME/gatewatch/FILE, malloc'd */
char *path_state(const char *file);                     /* $XDG_STATE_HOME/gatewatch/FILE; the folder is made 0700 */
char *path_home(const char *relative);
char *path_beside_program(const char *name);            /* a file in the folder of our own executable */
char **path_themes(size_t *ret_n);                      /* folders that may hold themes, strongest first; malloc'd */

/* ---- YAML as JSON: configuration, kubeconfig, manifests, themes, overlay ConfigMaps ------------------------------- */
/* A document as a jansson value, with the place of every node kept aside for errors. YAML 1.2 core scalars as
 * Kubernetes reads them (quoted stays string). Depth, size and alias expansion are bounded. */
struct json_t;
struct yaml_doc {
    struct json_t *root;        /* owned */
    int line;                   /* of the document's start */
    struct yaml_places *places;
};
/* Parses all documents; empty ones are left out. `what` names the file in errors ("FILE:LINE:COL: …"). */
bool yaml_parse(const char *bytes, size_t len, const char *what, struct yaml_doc **ret_docs, size_t *ret_n,
                struct error *);
void yaml_docs_free(struct yaml_doc *, size_t n);        /* not yaml_free: libyaml has a symbol of that name */
int yaml_line(const struct yaml_doc *, const struct json_t *node);      /* 0 when not known: true, false and null have none */
int yaml_key_line(const struct yaml_doc *, const struct json_t *object, const char *key);
/* Block-style YAML of a JSON value, keys in their order, strings quoted where YAML would read them otherwise. */
void yaml_emit(const struct json_t *, struct text *out);
/* Whole file, at most `max` bytes; "-" is standard input. malloc'd, NUL-terminated. */
bool file_read(const char *path, size_t max, char **ret_bytes, size_t *ret_len, struct error *);
/* Writes beside and renames, mode 0600, flushed to disk. */
bool file_replace(const char *path, const char *bytes, size_t len, struct error *);

#endif
