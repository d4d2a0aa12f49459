#include "kube_cells.h"
#include "store.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- paths ----------------------------------------------------------------------------------- */

static json_t *select_item(const json_t *list, const char *inside)
{
    const char *equal = strchr(inside, '=');
    char *key;
    json_t *item, *found = NULL;
    size_t i;

    if (!equal)
        return json_array_get(list, strtoul(inside, NULL, 10));
    key = xstrndup(inside, (size_t)(equal - inside));
    json_array_foreach(list, i, item)
        if (!found && same_text(json_string_value(json_object_get(item, key)), equal + 1))
            found = item;
    free(key);
    return found;
}

json_t *path_value(const json_t *object, const char *path)
{
    const json_t *value = object;

    while (*path && value) {
        size_t len = strcspn(path, ".[");
        char *word = xstrndup(path, len);

        value = json_object_get(value, word);
        free(word);
        path += len;
        if (*path == '[') {
            size_t inner = strcspn(path + 1, "]");

            word = xstrndup(path + 1, inner);
            value = select_item(value, word);
            free(word);
            path += inner + 2;
        }
        path += *path == '.';
    }
    return (json_t *)value;
}

char *path_text(const json_t *object, const char *path)
{
    const json_t *value = path_value(object, path);

    if (!value || json_is_null(value))
        return NULL;
    if (json_is_string(value))
        return xstrdup(json_string_value(value));
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* ---- age ------------------------------------------------------------------------------------- */

static char *join(char *list, const char *separator, const char *item)
{
    char *longer = list ? format_text("%s%s%s", list, separator, item) : xstrdup(item);

    free(list);
    return longer;
}

/* As apimachinery's HumanDuration. */
static char *human_duration(long s)
{
    long m = s / 60, h = s / 3600, d = h / 24;

    if (s < 0)
        return xstrdup("0s");
    if (s < 120)
        return format_text("%lds", s);
    if (m < 10)
        return s % 60 ? format_text("%ldm%lds", m, s % 60) : format_text("%ldm", m);
    if (m < 180)
        return format_text("%ldm", m);
    if (h < 8)
        return m % 60 ? format_text("%ldh%ldm", h, m % 60) : format_text("%ldh", h);
    if (h < 48)
        return format_text("%ldh", h);
    if (h < 192)
        return h % 24 ? format_text("%ldd%ldh", d, h % 24) : format_text("%ldd", d);
    if (d < 730)
        return format_text("%ldd", d);
    return d / 365 < 8 && d % 365 ? format_text("%ldy%ldd", d / 365, d % 365)
                                  : format_text("%ldy", d / 365);
}

static char *age_of(struct world *world, const char *timestamp)
{
    struct tm tm = {0};

    if (!timestamp || !strptime(timestamp, "%Y-%m-%dT%H:%M:%S", &tm))
        return xstrdup("<unknown>");
    return human_duration((long)(world_now(world) - (double)timegm(&tm)));
}

char *cell_age(struct world *world, const json_t *object)
{
    return age_of(world, meta_text(object, "creationTimestamp"));
}

/* ---- nodes, services ------------------------------------------------------------------------- */

char *cell_node_status(struct world *world, const json_t *object)
{
    char *ready = path_text(object, "status.conditions[type=Ready].status");
    const char *text = !ready ? "Unknown" : !strcmp(ready, "True") ? "Ready" : "NotReady";
    bool cordoned = json_is_true(path_value(object, "spec.unschedulable"));

    (void)world;
    free(ready);
    return format_text("%s%s", text, cordoned ? ",SchedulingDisabled" : "");
}

char *cell_node_roles(struct world *world, const json_t *object)
{
    const char *prefix = "node-role.kubernetes.io/", *key;
    char *roles = NULL;
    json_t *value;

    (void)world;
    json_object_foreach(path_value(object, "metadata.labels"), key, value)
        if (starts_with(key, prefix))
            roles = join(roles, ",", key + strlen(prefix));
    return roles ? roles : xstrdup("<none>");
}

char *cell_service_external(struct world *world, const json_t *object)
{
    const char *type = json_string_value(path_value(object, "spec.type"));
    char *list = NULL;
    json_t *item;
    size_t i;

    (void)world;
    if (same_text(type, "ExternalName"))
        return path_text(object, "spec.externalName");
    if (!same_text(type, "LoadBalancer"))
        return xstrdup("<none>");
    json_array_foreach(path_value(object, "status.loadBalancer.ingress"), i, item) {
        const char *ip = json_string_value(json_object_get(item, "ip"));
        const char *host = json_string_value(json_object_get(item, "hostname"));

        list = join(list, ",", ip ? ip : host ? host : "");
    }
    return list ? list : xstrdup("<pending>");
}

char *cell_service_ports(struct world *world, const json_t *object)
{
    char *list = NULL;
    json_t *port;
    size_t i;

    (void)world;
    json_array_foreach(path_value(object, "spec.ports"), i, port) {
        long long number = json_integer_value(json_object_get(port, "port"));
        long long node = json_integer_value(json_object_get(port, "nodePort"));
        const char *protocol = json_string_value(json_object_get(port, "protocol"));
        char *text = node ? format_text("%lld:%lld/%s", number, node, protocol ? protocol : "TCP")
                          : format_text("%lld/%s", number, protocol ? protocol : "TCP");

        list = join(list, ",", text);
        free(text);
    }
    return list ? list : xstrdup("<none>");
}

static char *labels_text(const json_t *labels)
{
    char *list = NULL;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)labels, key, value) {
        char *text =
            format_text("%s=%s", key, json_string_value(value) ? json_string_value(value) : "");

        list = join(list, ",", text);
        free(text);
    }
    return list ? list : xstrdup("<none>");
}

char *cell_service_selector(struct world *world, const json_t *object)
{
    (void)world;
    return labels_text(path_value(object, "spec.selector"));
}

char *cell_match_labels(struct world *world, const json_t *object)
{
    (void)world;
    return labels_text(path_value(object, "spec.selector.matchLabels"));
}

char *cell_node_selector(struct world *world, const json_t *object)
{
    (void)world;
    return labels_text(path_value(object, "spec.template.spec.nodeSelector"));
}

/* ---- pods and workloads ---------------------------------------------------------------------- */

char *cell_pod_ready(struct world *world, const json_t *object)
{
    json_t *status;
    size_t i, ready = 0;

    (void)world;
    json_array_foreach(path_value(object, "status.containerStatuses"), i, status)
        ready += json_is_true(json_object_get(status, "ready"));
    return format_text("%zu/%zu", ready, json_array_size(path_value(object, "spec.containers")));
}

char *cell_pod_status(struct world *world, const json_t *object)
{
    json_t *status;
    size_t i;

    (void)world;
    if (path_value(object, "metadata.deletionTimestamp"))
        return xstrdup("Terminating");
    json_array_foreach(path_value(object, "status.containerStatuses"), i, status) {
        char *reason = path_text(status, "state.waiting.reason");

        if (reason)
            return reason;
    }
    return path_text(object, "status.phase");
}

char *cell_pod_restarts(struct world *world, const json_t *object)
{
    json_t *status;
    long long n = 0;
    size_t i;

    (void)world;
    json_array_foreach(path_value(object, "status.containerStatuses"), i, status)
        n += json_integer_value(json_object_get(status, "restartCount"));
    return format_text("%lld", n);
}

char *cell_workload_ready(struct world *world, const json_t *object)
{
    const json_t *wanted = path_value(object, "spec.replicas");

    (void)world;
    return format_text("%lld/%lld",
                       (long long)json_integer_value(path_value(object, "status.readyReplicas")),
                       wanted ? (long long)json_integer_value(wanted) : 1LL);
}

static char *container_field(const json_t *object, const char *field)
{
    char *list = NULL;
    json_t *container;
    size_t i;

    json_array_foreach(path_value(object, "spec.template.spec.containers"), i, container) {
        const char *text = json_string_value(json_object_get(container, field));

        list = join(list, ",", text ? text : "");
    }
    return list;
}

char *cell_container_names(struct world *world, const json_t *object)
{
    (void)world;
    return container_field(object, "name");
}

char *cell_container_images(struct world *world, const json_t *object)
{
    (void)world;
    return container_field(object, "image");
}

char *cell_hpa_reference(struct world *world, const json_t *object)
{
    char *kind = path_text(object, "spec.scaleTargetRef.kind"),
         *name = path_text(object, "spec.scaleTargetRef.name");
    char *text = format_text("%s/%s", kind ? kind : "", name ? name : "");

    (void)world;
    free(kind);
    free(name);
    return text;
}

char *cell_hpa_targets(struct world *world, const json_t *object)
{
    char *now = path_text(object, "status.currentMetrics[0].resource.current.averageUtilization");
    char *wanted = path_text(object, "spec.metrics[0].resource.target.averageUtilization");
    char *name = path_text(object, "spec.metrics[0].resource.name");
    char *text = wanted ? format_text("%s: %s%s/%s%%", name ? name : "cpu", now ? now : "<unknown>",
                                      now ? "%" : "", wanted)
                        : xstrdup("<none>");

    (void)world;
    free(now);
    free(wanted);
    free(name);
    return text;
}

/* ---- the rest -------------------------------------------------------------------------------- */

char *cell_data_count(struct world *world, const json_t *object)
{
    (void)world;
    return format_text("%zu", json_object_size(json_object_get(object, "data")) +
                                  json_object_size(json_object_get(object, "binaryData")));
}

char *cell_event_age(struct world *world, const json_t *object)
{
    static const char *const fields[] = {"lastTimestamp", "deprecatedLastTimestamp", "eventTime"};

    for (size_t i = 0; i < 3; i++) {
        const char *time = json_string_value(json_object_get(object, fields[i]));

        if (time)
            return age_of(world, time);
    }
    return cell_age(world, object);
}

char *cell_event_object(struct world *world, const json_t *object)
{
    const json_t *about = json_object_get(object, "involvedObject");
    const char *kind, *name;
    char *text;

    (void)world;
    if (!about)
        about = json_object_get(object, "regarding");
    kind = json_string_value(json_object_get(about, "kind"));
    name = json_string_value(json_object_get(about, "name"));
    text = format_text("%s/%s", kind ? kind : "", name ? name : "");
    for (char *p = text; *p && *p != '/'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    return text;
}

char *cell_event_message(struct world *world, const json_t *object)
{
    char *text = path_text(object, "message");

    (void)world;
    return text ? text : path_text(object, "note");
}

char *cell_slice_ports(struct world *world, const json_t *object)
{
    char *list = NULL;
    json_t *port;
    size_t i;

    (void)world;
    json_array_foreach(json_object_get(object, "ports"), i, port) {
        char *text = path_text(port, "port");

        list = join(list, ",", text ? text : "");
        free(text);
    }
    return list ? list : xstrdup("<unset>");
}

char *cell_slice_endpoints(struct world *world, const json_t *object)
{
    const json_t *endpoints = json_object_get(object, "endpoints");
    size_t n = json_array_size(endpoints);
    char *list = NULL;

    (void)world;
    for (size_t i = 0; i < n && i < 3; i++) {
        char *text = path_text(json_array_get(endpoints, i), "addresses[0]");

        list = join(list, ",", text ? text : "");
        free(text);
    }
    if (n > 3) {
        char *more = format_text("%s + %zu more...", list, n - 3);

        free(list);
        list = more;
    }
    return list ? list : xstrdup("<unset>");
}

char *cell_ingress_ports(struct world *world, const json_t *object)
{
    (void)world;
    return xstrdup(path_value(object, "spec.tls[0]") ? "80, 443" : "80");
}

char *cell_binding_role(struct world *world, const json_t *object)
{
    char *kind = path_text(object, "roleRef.kind"), *name = path_text(object, "roleRef.name");
    char *text = format_text("%s/%s", kind ? kind : "", name ? name : "");

    (void)world;
    free(kind);
    free(name);
    return text;
}
