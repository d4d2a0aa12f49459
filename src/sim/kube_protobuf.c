/* kubectl's typed commands (create, auth can-i) send protobuf and know no other way. This decodes
 * the messages that they send, from tables written after the generated.proto files of k8s.io/api
 * 1.33: "NUMBER:name" separated by blanks, with
 *
 *   1:name  text         2:n#  integer                       3:b?  boolean    4:x%  IntOrString
 *   5:m<    map of text  6:d^  map of bytes, base64 in JSON  7:l[  list of text
 *   8:o&ref message      9:p*ref  list of messages
 */
#include "kube.h"
#include "text.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *fields;
} messages[] = {
    {"meta", "1:name 2:generateName 3:namespace 5:uid 6:resourceVersion 11:labels< 12:annotations< "
             "14:finalizers["},
    {"Namespace", "1:metadata&meta"},
    {"ConfigMap", "1:metadata&meta 2:data< 3:binaryData^ 4:immutable?"},
    {"Secret", "1:metadata&meta 2:data^ 3:type"},
    {"ServiceAccount", "1:metadata&meta"},
    {"Service", "1:metadata&meta 2:spec&servicespec"},
    {"servicespec",
     "1:ports*serviceport 2:selector< 3:clusterIP 4:type 5:externalIPs[ 7:sessionAffinity "
     "8:loadBalancerIP 10:externalName 11:externalTrafficPolicy 12:healthCheckNodePort#"},
    {"serviceport", "1:name 2:protocol 3:port# 4:targetPort% 5:nodePort# 6:appProtocol"},
    {"Deployment", "1:metadata&meta 2:spec&deploymentspec"},
    {"deploymentspec", "1:replicas# 2:selector&selector 3:template&template"},
    {"selector", "1:matchLabels<"},
    {"template", "1:metadata&meta 2:spec&podspec"},
    {"podspec", "2:containers*container 3:restartPolicy 8:serviceAccountName 10:nodeName"},
    {"container",
     "1:name 2:image 3:command[ 4:args[ 5:workingDir 6:ports*containerport 7:env*envvar"},
    {"containerport", "1:name 2:hostPort# 3:containerPort# 4:protocol 5:hostIP"},
    {"envvar", "1:name 2:value"},
    {"Role", "1:metadata&meta 2:rules*rule"},
    {"ClusterRole", "1:metadata&meta 2:rules*rule"},
    {"rule", "1:verbs[ 2:apiGroups[ 3:resources[ 4:resourceNames[ 5:nonResourceURLs["},
    {"RoleBinding", "1:metadata&meta 2:subjects*subject 3:roleRef&roleref"},
    {"ClusterRoleBinding", "1:metadata&meta 2:subjects*subject 3:roleRef&roleref"},
    {"subject", "1:kind 2:apiGroup 3:name 4:namespace"},
    {"roleref", "1:apiGroup 2:kind 3:name"},
    {"SelfSubjectAccessReview", "2:spec&ssarspec"},
    {"ssarspec", "1:resourceAttributes&resource 2:nonResourceAttributes&path"},
    {"resource", "1:namespace 2:verb 3:group 4:version 5:resource 6:subresource 7:name"},
    {"path", "1:path 2:verb"},
    {"SelfSubjectRulesReview", "2:spec&ssrrspec"},
    {"ssrrspec", "1:namespace"},
    {"SelfSubjectReview", ""},
};

/* ---- the wire -------------------------------------------------------------------------------- */

struct span {
    const unsigned char *at, *end;
};
struct item {
    unsigned number;
    unsigned long long integer;
    struct span bytes;
};

static bool take_varint(struct span *s, unsigned long long *out)
{
    *out = 0;
    for (int shift = 0; s->at < s->end && shift < 64; shift += 7) {
        unsigned char b = *s->at++;

        *out |= (unsigned long long)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return true;
    }
    return false;
}

static bool take_item(struct span *s, struct item *out)
{
    unsigned long long tag, n;

    *out = (struct item){0};
    if (s->at >= s->end || !take_varint(s, &tag))
        return false;
    out->number = (unsigned)(tag >> 3);
    if ((tag & 7) == 0)
        return take_varint(s, &out->integer);
    if ((tag & 7) != 2) {
        n = (tag & 7) == 1 ? 8 : 4; /* fixed numbers: none that we want */
        if (((tag & 7) != 1 && (tag & 7) != 5) || (size_t)(s->end - s->at) < n)
            return false;
        s->at += n;
        return true;
    }
    if (!take_varint(s, &n) || n > (unsigned long long)(s->end - s->at))
        return false;
    out->bytes = (struct span){s->at, s->at + n};
    s->at += n;
    return true;
}

static struct span find_bytes(struct span s, unsigned wanted)
{
    struct span found = {NULL, NULL};
    struct item item;

    while (take_item(&s, &item))
        if (item.number == wanted && item.bytes.at)
            found = item.bytes;
    return found;
}

/* ---- values ---------------------------------------------------------------------------------- */

static json_t *decode(const char *message, size_t len, struct span s, int depth);

static json_t *text_of(struct span s)
{
    return json_stringn((const char *)s.at, (size_t)(s.end - s.at));
}

static json_t *base64_of(struct span s)
{
    size_t len = (size_t)(s.end - s.at);
    char *out = xcalloc(len * 4 / 3 + 8, 1);
    json_t *json;

    EVP_EncodeBlock((unsigned char *)out, s.at, (int)len);
    json = json_string(out);
    free(out);
    return json;
}

static json_t *int_or_text(struct span s)
{
    long long type = 0, number = 0;
    json_t *text = NULL;
    struct item item;

    while (take_item(&s, &item)) {
        if (item.number == 1)
            type = (long long)item.integer;
        else if (item.number == 2)
            number = (long long)item.integer;
        else if (item.number == 3 && !text)
            text = text_of(item.bytes);
    }
    if (type == 1 && text)
        return text;
    json_decref(text);
    return json_integer(number);
}

static json_t *list_in(json_t *object, const char *name)
{
    json_t *list = json_object_get(object, name);

    if (!list) {
        list = json_array();
        json_object_set_new(object, name, list);
    }
    return list;
}

static void add_pair(json_t *object, const char *name, struct span pair, bool bytes)
{
    struct span key = find_bytes(pair, 1), value = find_bytes(pair, 2);
    json_t *map = json_object_get(object, name);
    char *text = key.at ? xstrndup((const char *)key.at, (size_t)(key.end - key.at)) : xstrdup("");

    if (!map) {
        map = json_object();
        json_object_set_new(object, name, map);
    }
    if (!value.at)
        value = (struct span){(const unsigned char *)"", (const unsigned char *)""};
    json_object_set_new(map, text, bytes ? base64_of(value) : text_of(value));
    free(text);
}

static void set_field(json_t *object, const char *name, char type, const char *ref,
                      const struct item *item, int depth)
{
    size_t ref_len = strcspn(ref, " ");
    bool empty = item->bytes.at == item->bytes.end;

    if (type == '#')
        json_object_set_new(object, name, json_integer((json_int_t)item->integer));
    else if (type == '?')
        json_object_set_new(object, name, json_boolean(item->integer));
    else if (!item->bytes.at)
        return;
    else if (type == '%')
        json_object_set_new(object, name, int_or_text(item->bytes));
    else if (type == '<' || type == '^')
        add_pair(object, name, item->bytes, type == '^');
    else if (type == '[')
        json_array_append_new(list_in(object, name), text_of(item->bytes));
    else if (type == '&')
        json_object_set_new(object, name, decode(ref, ref_len, item->bytes, depth + 1));
    else if (type == '*')
        json_array_append_new(list_in(object, name), decode(ref, ref_len, item->bytes, depth + 1));
    else if (!empty)
        json_object_set_new(object, name, text_of(item->bytes));
}

/* Protobuf writes every scalar of these messages, zero or not: what JSON would leave out is left
 * out here. */
static void drop_zeros(json_t *object)
{
    static const char *const zeros[] = {"nodePort", "hostPort", "healthCheckNodePort"};

    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
        if (json_is_integer(json_object_get(object, zeros[i])) &&
            !json_integer_value(json_object_get(object, zeros[i])))
            json_object_del(object, zeros[i]);
}

static json_t *decode(const char *message, size_t len, struct span s, int depth)
{
    const char *fields = NULL;
    json_t *object = json_object();
    struct item item;

    for (size_t i = 0; i < sizeof messages / sizeof messages[0] && depth < 20; i++)
        if (strlen(messages[i].name) == len && !strncmp(messages[i].name, message, len))
            fields = messages[i].fields;
    while (fields && take_item(&s, &item)) {
        for (const char *f = fields; *f; f += strcspn(f, " "), f += *f == ' ') {
            char *end, *name;
            size_t n;

            if (strtoul(f, &end, 10) != item.number)
                continue;
            n = strcspn(++end, " #?%<^[&*");
            name = xstrndup(end, n);
            set_field(object, name, end[n], end[n] && end[n] != ' ' ? end + n + 1 : "", &item,
                      depth);
            free(name);
            break;
        }
    }
    drop_zeros(object);
    return object;
}

json_t *protobuf_object(const char *body, size_t len)
{
    struct span whole = {(const unsigned char *)body + 4, (const unsigned char *)body + len}, type,
                raw, part;
    json_t *object = NULL;

    if (len < 4 || memcmp(body, "k8s", 4))
        return NULL;
    type = find_bytes(whole, 1);
    raw = find_bytes(whole, 2);
    part = find_bytes(type, 2);
    if (!part.at)
        return NULL;
    if (!raw.at)
        raw = (struct span){part.end, part.end};
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (strlen(messages[i].name) == (size_t)(part.end - part.at) &&
            !memcmp(messages[i].name, part.at, (size_t)(part.end - part.at)))
            object = decode(messages[i].name, strlen(messages[i].name), raw, 0);
    if (!object)
        return NULL;
    json_object_set_new(object, "kind", text_of(part));
    part = find_bytes(type, 1);
    if (part.at)
        json_object_set_new(object, "apiVersion", text_of(part));
    return object;
}
