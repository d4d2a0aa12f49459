/* From kubernetes/api core/v1 and apps/v1 of 1.33 and the CRDs of Gateway API v1.6.1, as far as
 * anybody here uses them. */
#include "kube_schemas.h"

#include <stddef.h>

#define OBJECT "apiVersion kind metadata&meta "

struct schema_text shared_schemas[] = {
    {"general", OBJECT "OTHERS*", NULL},
    {"meta",
     "name generateName namespace labels<> annotations<> finalizers[=] "
     "ownerReferences[uid]{apiVersion+ kind+ name+ uid+ controller? blockOwnerDeletion?} "
     "uid resourceVersion generation# creationTimestamp* deletionTimestamp* "
     "deletionGracePeriodSeconds# selfLink "
     "managedFields*",
     NULL},
    {"condition",
     "type+ status+(True|False|Unknown) reason message observedGeneration# lastTransitionTime* "
     "lastProbeTime* "
     "lastUpdateTime*",
     NULL},
    {"probe",
     "httpGet{path port%+ host scheme=HTTP httpHeaders[]*} tcpSocket* exec* grpc* "
     "initialDelaySeconds# "
     "timeoutSeconds#=1 periodSeconds#=10 successThreshold#=1 failureThreshold#=3 "
     "terminationGracePeriodSeconds#",
     NULL},
    {"container",
     "name+ image command[] args[] workingDir ports[containerPort,protocol]{name hostPort# "
     "containerPort#+ "
     "protocol=TCP(TCP|UDP|SCTP) hostIP} env[name]{name+ value valueFrom*} envFrom[]* "
     "resources{limits* requests* claims*}={} resizePolicy[]* restartPolicy "
     "volumeMounts[mountPath]{name+ mountPath+ "
     "readOnly? recursiveReadOnly subPath subPathExpr mountPropagation} volumeDevices[devicePath]* "
     "livenessProbe&probe "
     "readinessProbe&probe startupProbe&probe lifecycle* "
     "terminationMessagePath=/dev/termination-log "
     "terminationMessagePolicy=File imagePullPolicy=IfNotPresent(Always|Never|IfNotPresent) "
     "securityContext* stdin? "
     "stdinOnce? tty?",
     NULL},
    {"podspec",
     "volumes[name]* initContainers[name]&container containers[name]&container "
     "ephemeralContainers[name]* "
     "restartPolicy=Always(Always|OnFailure|Never) terminationGracePeriodSeconds#=30 "
     "activeDeadlineSeconds# "
     "dnsPolicy=ClusterFirst nodeSelector~<> serviceAccountName serviceAccount "
     "automountServiceAccountToken? nodeName "
     "hostNetwork? hostPID? hostIPC? hostUsers? shareProcessNamespace? securityContext*={} "
     "imagePullSecrets[name]* "
     "hostname subdomain setHostnameAsFQDN? affinity* schedulerName=default-scheduler "
     "tolerations[]* "
     "hostAliases[ip]* priorityClassName priority# dnsConfig* readinessGates[]* runtimeClassName "
     "enableServiceLinks? "
     "preemptionPolicy overhead* topologySpreadConstraints[topologyKey,whenUnsatisfiable]* os* "
     "schedulingGates* "
     "resourceClaims* resources*",
     NULL},
    {"template", "metadata&meta spec&podspec", NULL},
    {"selector",
     "matchLabels<> matchExpressions[]{key+ operator+(In|NotIn|Exists|DoesNotExist) values[]}",
     NULL},

    {"parentref", "group=gateway.networking.k8s.io kind=Gateway namespace name+ sectionName port#",
     NULL},
    {"backendobject", "group=\"\" kind=Service name+ namespace port#", NULL},
    {"headers", "set[name]{name+ value+} add[name]{name+ value+} remove[=]", NULL},
    {"pathmodifier", "type+(ReplaceFullPath|ReplacePrefixMatch) replaceFullPath replacePrefixMatch",
     NULL},
    {"filter",
     "type+(RequestHeaderModifier|ResponseHeaderModifier|RequestMirror|RequestRedirect|URLRewrite|"
     "ExtensionRef|CORS) "
     "requestHeaderModifier&headers responseHeaderModifier&headers "
     "requestMirror{backendRef&backendobject+ percent# "
     "fraction{numerator#+ denominator#=100}} requestRedirect{scheme(http|https) hostname "
     "path&pathmodifier port# "
     "statusCode#=302} urlRewrite{hostname path&pathmodifier} extensionRef{group+ kind+ name+} "
     "cors{allowOrigins[=] allowCredentials? allowMethods[=] allowHeaders[=] exposeHeaders[=] "
     "maxAge#=5}",
     NULL},
    {"httpmatch",
     "path{type=PathPrefix(Exact|PathPrefix|RegularExpression) "
     "value=\"/\"}={\"type\":\"PathPrefix\",\"value\":\"/\"} "
     "headers[name]{type=Exact(Exact|RegularExpression) name+ value+} "
     "queryParams[name]{type=Exact(Exact|RegularExpression) name+ value+} "
     "method(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)",
     NULL},
    {"httpbackend", "group=\"\" kind=Service name+ namespace port# weight#=1 filters[]&filter",
     NULL},
    {"httprule",
     "name matches[]&httpmatch=[{\"path\":{\"type\":\"PathPrefix\",\"value\":\"/\"}}] "
     "filters[]&filter "
     "backendRefs[]&httpbackend timeouts{request backendRequest}",
     NULL},
    {"grpcmatch",
     "method{type=Exact(Exact|RegularExpression) service method} "
     "headers[name]{type=Exact(Exact|RegularExpression) "
     "name+ value+}",
     NULL},
    {"grpcrule", "name matches[]&grpcmatch filters[]* backendRefs[]&httpbackend", NULL},
    {"routestatus", "parents[]{parentRef&parentref+ controllerName+ conditions[type]&condition}+",
     NULL},
    {"allowedroutes",
     "namespaces{from=Same(All|Selector|Same|None) selector&selector}={\"from\":\"Same\"} "
     "kinds[]{group=gateway.networking.k8s.io kind+}",
     NULL},
    {"listenertls",
     "mode=Terminate(Terminate|Passthrough) certificateRefs[]{group=\"\" kind=Secret name+ "
     "namespace} options<>",
     NULL},
    {"listener",
     "name+ hostname port#+ protocol+ tls&listenertls "
     "allowedRoutes&allowedroutes={\"namespaces\":{\"from\":\"Same\"}}",
     NULL},
    {"listenerstatus",
     "name+ attachedRoutes#+ supportedKinds[]{group=gateway.networking.k8s.io kind+} "
     "conditions[type]&condition "
     "port#",
     NULL},
    {0},
};

struct schema_text kind_schemas[] = {
    {"namespaces.", OBJECT "spec{finalizers[]} status{phase conditions[type]&condition}", NULL},
    {"configmaps.", OBJECT "data<> binaryData<> immutable?", NULL},
    {"secrets.", OBJECT "data<> stringData<> type=Opaque immutable?", NULL},
    {"services.",
     OBJECT
     "spec{ports[port,protocol]{name protocol=TCP(TCP|UDP|SCTP) appProtocol port#+ targetPort% "
     "nodePort#} "
     "selector~<> clusterIP clusterIPs[] "
     "type=ClusterIP(ClusterIP|ExternalName|LoadBalancer|NodePort) externalIPs[] "
     "sessionAffinity=None(ClientIP|None) loadBalancerIP loadBalancerSourceRanges[] externalName "
     "externalTrafficPolicy(Cluster|Local) healthCheckNodePort# publishNotReadyAddresses? "
     "sessionAffinityConfig* "
     "ipFamilies[] ipFamilyPolicy allocateLoadBalancerNodePorts? loadBalancerClass "
     "internalTrafficPolicy(Cluster|Local) "
     "trafficDistribution} status{loadBalancer{ingress[]{ip hostname ipMode ports[]*}}={} "
     "conditions[type]&condition}",
     NULL},
    {"deployments.apps",
     OBJECT "spec{replicas#=1 selector~&selector+ template&template+ strategy{type=RollingUpdate "
            "rollingUpdate{"
            "maxUnavailable% maxSurge%}}={} minReadySeconds# revisionHistoryLimit#=10 paused? "
            "progressDeadlineSeconds#=600}+ "
            "status{observedGeneration# replicas# updatedReplicas# readyReplicas# "
            "availableReplicas# unavailableReplicas# "
            "terminatingReplicas# collisionCount# conditions[type]&condition}",
     NULL},
    {"daemonsets.apps",
     OBJECT "spec{selector~&selector+ template&template+ updateStrategy* minReadySeconds# "
            "revisionHistoryLimit#=10}+ "
            "status{OTHERS* conditions[type]&condition}",
     NULL},
    {"replicasets.apps",
     OBJECT "spec{replicas#=1 minReadySeconds# selector~&selector+ template&template}+ status*",
     NULL},
    {"pods.", OBJECT "spec&podspec+ status*", NULL},
    {"gatewayclasses.gateway.networking.k8s.io",
     OBJECT "spec{controllerName+ parametersRef{group+ kind+ name+ namespace} description}+ "
            "status{conditions[type]&condition supportedFeatures[name]{name+}}",
     NULL},
    {"gateways.gateway.networking.k8s.io",
     OBJECT "spec{gatewayClassName+ listeners[name]&listener addresses[]{type=IPAddress value} "
            "infrastructure{labels<> annotations<> parametersRef{group kind+ name+}} "
            "allowedListeners{namespaces{from=None(All|Selector|Same|None) selector&selector}} "
            "tls* defaultScope}+ "
            "status{addresses[]{type=IPAddress value+} conditions[type]&condition "
            "listeners[name]&listenerstatus "
            "attachedListenerSets#}",
     NULL},
    {"httproutes.gateway.networking.k8s.io",
     OBJECT "spec{parentRefs[]&parentref hostnames[] "
            "rules[]&httprule=[{\"matches\":[{\"path\":{\"type\":\"PathPrefix\","
            "\"value\":\"/\"}}]}] useDefaultGateways}+ status&routestatus",
     NULL},
    {"grpcroutes.gateway.networking.k8s.io",
     OBJECT "spec{parentRefs[]&parentref hostnames[] rules[]&grpcrule useDefaultGateways} "
            "status&routestatus",
     NULL},
    {"tlsroutes.gateway.networking.k8s.io",
     OBJECT "spec{parentRefs[]&parentref hostnames[] rules[]{name backendRefs[]&httpbackend} "
            "useDefaultGateways}+ "
            "status&routestatus",
     NULL},
    {"referencegrants.gateway.networking.k8s.io",
     OBJECT "spec{from[]{group kind+ namespace+} to[]{group kind+ name}}", NULL},
    {0},
};
