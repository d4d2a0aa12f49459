/* The AKS cluster over ARM, and the kubeconfig it hands out. Source: reference azure.md 5. */
#include "azure.h"
#include "text.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *base64(const char *text)
{
    size_t len = strlen(text);
    char *out = xcalloc(1, len * 4 / 3 + 8);
    EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
    return out;
}

static void credentials(struct arm_call *call)
{
    const char *prefix = call->world->options->prefix ? call->world->options->prefix : "";
    char *ca = base64(call->world->ca_pem ? call->world->ca_pem : "");
    char *config = format_text("apiVersion: v1\nkind: Config\ncurrent-context: %s\nclusters:\n- "
                               "name: %s\n  cluster:\n    server: %s%s\n"
                               "    certificate-authority-data: %s\ncontexts:\n- name: %s\n  "
                               "context:\n    cluster: %s\n    user: clusterUser\n"
                               "users:\n- name: clusterUser\n  user:\n    exec:\n      apiVersion: "
                               "client.authentication.k8s.io/v1beta1\n"
                               "      command: kubelogin\n      args: [get-token, --environment, "
                               "AzurePublicCloud, --server-id, %s, --client-id, "
                               "80faf920-1908-4b52-b5ef-a8e7bedfc67a, --tenant-id, %s, --login, "
                               "devicecode]\n      interactiveMode: Always\n"
                               "      provideClusterInfo: false\n",
                               SIM_CLUSTER, SIM_CLUSTER, call->world->base, prefix, ca, SIM_CLUSTER,
                               SIM_CLUSTER, SIM_AKS_SERVER_APP, SIM_TENANT);
    char *value = base64(config);

    reply_json(call->reply, 200,
               json_pack("{s:[{s:s, s:s}]}", "kubeconfigs", "name", "clusterUser", "value", value));
    free(ca);
    free(config);
    free(value);
}

void arm_cluster(struct arm_call *call, size_t at)
{
    const char *action = at + 2 < call->segments ? call->segment[at + 2] : "";
    json_t *cluster, *found = NULL;
    size_t i;

    if (call->segments == at + 1) {
        arm_page(call, json_copy(azure_of(call->world)->clusters));
        return;
    }
    json_array_foreach(azure_of(call->world)->clusters, i, cluster)
        if (strcasecmp(jx_text(cluster, "name", ""), call->segment[at + 1]) == 0)
            found = cluster;
    if (!found)
        arm_error(call->reply, 404, "ResourceNotFound",
                  "The Resource 'Microsoft.ContainerService/managedClusters/%.90s' under resource "
                  "group '%.90s' was not "
                  "found.",
                  call->segment[at + 1], at >= 6 ? call->segment[3] : "");
    else if (call->segments == at + 2)
        reply_json(call->reply, 200, json_deep_copy(found));
    else if (strcasecmp(action, "listClusterUserCredential") == 0) {
        if (arm_may(call,
                    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
                    jx_text(found, "id", "")))
            credentials(call);
    } else if (strcasecmp(action, "listClusterAdminCredential") == 0)
        arm_error(call->reply, 400, "BadRequest",
                  "Getting static credential is not allowed because this cluster is set to disable "
                  "local accounts.");
    else
        arm_error(call->reply, 404, "InvalidResourceType",
                  "The resource type could not be found for this path.");
}
