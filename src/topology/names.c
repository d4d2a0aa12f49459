/* The words for people and JSON. */
#include "topology_internal.h"

#include <strings.h>

const char *hop_name(enum hop hop)
{
    switch (hop) {
    case HOP_CLIENT: return "Client";
    case HOP_APPGW: return "App Gateway";
    case HOP_LB: return "Load balancer";
    case HOP_SERVICE: return "Service";
    case HOP_GATEWAY: return "Gateway";
    case HOP_ROUTE: return "Route";
    case HOP_PODS: return "Pods";
    case HOP_COUNT: break;
    }
    return "";
}

const char *light_name(enum light light)
{
    switch (light) {
    case LIGHT_OK: return "ok";
    case LIGHT_DEGRADED: return "degraded";
    case LIGHT_DOWN: return "down";
    case LIGHT_ABSENT: return "absent";
    case LIGHT_UNKNOWN: break;
    }
    return "unknown";
}

const char *health_name(enum health health)
{
    switch (health) {
    case HEALTH_UP: return "Healthy";
    case HEALTH_DOWN: return "Unhealthy";
    case HEALTH_PARTIAL: return "Partial";
    case HEALTH_DRAINING: return "Draining";
    case HEALTH_DEGRADING: return "Degrading";
    case HEALTH_UNKNOWN: break;
    }
    return "Unknown";
}

const char *predicted_name(enum predicted predicted)
{
    switch (predicted) {
    case PREDICT_OK: return "ok";
    case PREDICT_404: return "404";
    case PREDICT_500: return "500";
    case PREDICT_503: return "503";
    case PREDICT_TIMEOUT: return "timeout";
    case PREDICT_OTHER: return "other";
    case PREDICT_UNKNOWN: break;
    }
    return "unknown";
}

enum predicted predicted_of(int status)
{
    return status == 404 ? PREDICT_404 : status == 500 ? PREDICT_500 : status == 503 ? PREDICT_503 : PREDICT_OTHER;
}

bool id_eq(const char *a, const char *b)
{
    return a && b && *a && !strcasecmp(a, b);
}
