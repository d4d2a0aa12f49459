/* The table of settings: the file, the flags, the environment, help, completion and the manual are
 * made from it. */
#include "settings_table.h"

#include <string.h>

/* ---- what a value may be ---- */

static bool is_segment(const char *s)
{
    size_t len = strlen(s);
    return len && len <= 128 && !strpbrk(s, "/?#%\\\"<> ") &&
           strcspn(s, "\x01\x02\x03\n\r\t\x1b\x7f") == len;
}

/* "/subscriptions/S/resourceGroups/R/providers/Microsoft.Network/applicationGateways/N", letters of
 * either case. */
static bool is_app_gateway(const char *s)
{
    static const char *const words[] = {"subscriptions", NULL, "resourceGroups", NULL, "providers",
                                        "Microsoft.Network", "applicationGateways", NULL};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (*s++ != '/')
            return false;
        FREE_AUTO char *part = xstrndup(s, strcspn(s, "/"));
        if (words[i] ? !str_eq_nocase(part, words[i]) : !is_segment(part))
            return false;
        s += strlen(part);
    }
    return !*s;
}

/* RFC 1123 label, as Kubernetes wants names of namespaces and Services. */
static bool is_label(const char *s)
{
    size_t len = strlen(s);
    return len && len <= 63 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           s[0] != '-' && s[len - 1] != '-';
}

static bool is_word(const char *s)
{
    return *s && strcspn(s, " \t\r\n") == strlen(s);
}

static const char *const credentials[] = {
    "auto", "environment", "workload-identity", "managed-identity", "azure-cli", NULL};
static const char *const probe_modes[] = {"auto", "shared", NULL};

/* ---- the table: flag, key, argument, default, help; then type, field, bounds and checks ---- */

#define TEXT(field) SETTING_TEXT, offsetof(struct settings, field), 0, 0, NULL, NULL, NULL
#define CHECKED(field, check, wanted) \
    SETTING_TEXT, offsetof(struct settings, field), 0, 0, NULL, check, wanted
#define CHOICE(field, choices) \
    SETTING_TEXT, offsetof(struct settings, field), 0, 0, choices, NULL, NULL
#define FILENAME(field) SETTING_PATH, offsetof(struct settings, field), 0, 0, NULL, NULL, NULL
#define LIST(field, check, wanted) \
    SETTING_LIST, offsetof(struct settings, field), 0, 0, NULL, check, wanted
#define SWITCH(field) SETTING_SWITCH, offsetof(struct settings, field), 0, 0, NULL, NULL, NULL
#define NUMBER(field, min, max) \
    SETTING_NUMBER, offsetof(struct settings, field), min, max, NULL, NULL, NULL
#define OTHER(type, field) type, offsetof(struct settings, field), 0, 0, NULL, NULL, NULL

#define SETTINGS(X) \
    X("--config", NULL, "FILE", "", "read the configuration from FILE", \
      OTHER(SETTING_CONFIG, config_file)) \
    X("--kubeconfig", "kubeconfig", "FILE", "", \
      "kubeconfig; otherwise $KUBECONFIG, ~/.kube/config, in-cluster", FILENAME(kubeconfig)) \
    X("--context", "context", "NAME", "", "context of the kubeconfig; otherwise its current one", \
      TEXT(context)) \
    X("--app-gateway", "appGateways", "RESOURCE_ID", "", \
      "an Application Gateway; may be given more than once", \
      LIST(app_gateways, is_app_gateway, \
           "/subscriptions/ID/resourceGroups/NAME/providers/Microsoft.Network/" \
           "applicationGateways/NAME")) \
    X("--subscription", "subscription", "ID", "", "subscription to look in", \
      CHECKED(subscription, is_segment, "an id")) \
    X("--resource-group", "resourceGroup", "NAME", "", "resource group to look in", \
      CHECKED(resource_group, is_segment, "a name")) \
    X("--app-gateway-name", "appGatewayName", "NAME", "", \
      "an Application Gateway in that resource group", \
      CHECKED(app_gateway_name, is_segment, "a name")) \
    X("--cloud", "cloud", "NAME", "AzureCloud", \
      "AzureCloud, AzureUSGovernment, AzureChinaCloud or a name from clouds", TEXT(cloud_name)) \
    X("--clouds", "clouds", "YAML", "", \
      "more clouds: {NAME: {arm: URL, authority: URL, audience: URL, ca: FILE}}", \
      OTHER(SETTING_CLOUDS, clouds)) \
    X("--credential", "credential", "NAME", "auto", \
      "auto, environment, workload-identity, managed-identity or azure-cli", \
      CHOICE(credential, credentials)) \
    X("--read-only", "readOnly", NULL, "false", "refuse every change, below everything else", \
      SWITCH(read_only)) \
    X("--protected", "protected", "GLOB", "", \
      "contexts or clusters whose fixes want the target's name typed; may be given more than " \
      "once", \
      LIST(protected_targets, NULL, NULL)) \
    X("--theme", "theme", "NAME", "dark", "colours and signs", TEXT(theme)) \
    X("--refresh", "refresh", "SECONDS", "30", \
      "between reads of Azure, 5 to 3600; Kubernetes is watched", NUMBER(refresh_s, 5, 3600)) \
    X("--timeout", "timeout", "SECONDS", "10", "for one request, 1 to 300", \
      NUMBER(timeout_s, 1, 300)) \
    X("--log-file", "logFile", "FILE", "", "write a log without secrets to FILE", \
      FILENAME(log_file)) \
    X("--no-color", "noColor", NULL, "false", "no colours; so does $NO_COLOR", SWITCH(no_color)) \
    X("--ascii", "ascii", NULL, "false", "plain ASCII lines and signs", SWITCH(ascii)) \
    X("--lb-probe-mode", "lbProbeMode", "MODE", "auto", \
      "shared when AKS runs one health probe for all Services and cannot be asked; else auto", \
      CHOICE(lb_probe_mode, probe_modes)) \
    X("--tenancy", "tenancy", "YAML", "", \
      "where a route's tenant comes from: {sources: [...], platformNamespaces: [...]}", \
      OTHER(SETTING_TENANCY, tenancy)) \
    X("--responder-namespace", "responder.namespace", "NAME", "gateway-health", \
      "namespace of the health responder", \
      CHECKED(responder.namespace, is_label, "a namespace's name")) \
    X("--responder-service", "responder.service", "NAME", "health-responder", \
      "Service of the health responder", CHECKED(responder.service, is_label, "a Service's name")) \
    X("--responder-image", "responder.image", "IMAGE", "nginx:1.27-alpine", \
      "image of a health responder made by a fix", CHECKED(responder.image, is_word, "an image"))

#define INFO(flag, key, argument, otherwise, help, rule) {flag, key, argument, otherwise, help},
#define RULE(flag, key, argument, otherwise, help, rule) {rule},

static const struct setting_info infos[] = {SETTINGS(INFO)};
static const struct setting_rule rules[] = {SETTINGS(RULE)};
const struct setting_rule *const setting_rules = rules;

const struct setting_info *settings_table(size_t *ret_n)
{
    *ret_n = setting_count();
    return infos;
}

size_t setting_count(void)
{
    return sizeof infos / sizeof *infos;
}

size_t setting_by_flag(const char *flag, size_t len)
{
    size_t i = 0;
    while (i < setting_count() &&
           (strlen(infos[i].flag) != len || memcmp(infos[i].flag, flag, len) != 0))
        i++;
    return i;
}
