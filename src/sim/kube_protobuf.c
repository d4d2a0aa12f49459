/* The few messages that kubectl insists on sending as protobuf: the self-subject reviews. Field numbers are those of
 * k8s.io/api/authorization/v1/generated.proto and k8s.io/apimachinery/pkg/runtime/generated.proto. */
#include "kube.h"

#include <string.h>

struct span { const unsigned char *at, *end; };

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

/* The next field: its number, and its bytes when it has a length. */
static bool take_field(struct span *s, unsigned *number, struct span *value)
{
    unsigned long long tag, n;

    if (!take_varint(s, &tag))
        return false;
    *number = (unsigned)(tag >> 3);
    *value = (struct span){NULL, NULL};
    switch (tag & 7) {
    case 0:
        return take_varint(s, &n);
    case 1:
        s->at += 8;
        return s->at <= s->end;
    case 2:
        if (!take_varint(s, &n) || n > (unsigned long long)(s->end - s->at))
            return false;
        *value = (struct span){s->at, s->at + n};
        s->at += n;
        return true;
    case 5:
        s->at += 4;
        return s->at <= s->end;
    default:
        return false;
    }
}

static struct span find_field(struct span s, unsigned wanted)
{
    struct span value, found = {NULL, NULL};
    unsigned number;

    while (s.at < s.end && take_field(&s, &number, &value))
        if (number == wanted)
            found = value;
    return found;
}

/* Text fields by number, 1 first. */
static json_t *text_fields(struct span s, const char *const *names, unsigned n)
{
    json_t *object = json_object();
    struct span value;
    unsigned number;

    while (s.at < s.end && take_field(&s, &number, &value))
        if (number >= 1 && number <= n && value.at && value.end > value.at)
            json_object_set_new(object, names[number - 1],
                                json_stringn((const char *)value.at, (size_t)(value.end - value.at)));
    return object;
}

json_t *review_from_protobuf(const char *body, size_t len, const char *kind)
{
    static const char *const resource[] = {"namespace", "verb", "group", "version", "resource", "subresource", "name"};
    static const char *const path[] = {"path", "verb"}, *const rules[] = {"namespace"};
    struct span whole = {(const unsigned char *)body + 4, (const unsigned char *)body + len}, spec, part;
    json_t *json;

    if (len < 4 || memcmp(body, "k8s", 4))
        return NULL;
    spec = find_field(find_field(whole, 2), 2);
    if (!strcmp(kind, "SelfSubjectRulesReview"))
        return json_pack("{s:o}", "spec", text_fields(spec, rules, 1));
    if (strcmp(kind, "SelfSubjectAccessReview"))
        return json_object();
    json = json_pack("{s:{}}", "spec");
    part = find_field(spec, 1);
    if (part.at)
        json_object_set_new(json_object_get(json, "spec"), "resourceAttributes", text_fields(part, resource, 7));
    part = find_field(spec, 2);
    if (part.at)
        json_object_set_new(json_object_get(json, "spec"), "nonResourceAttributes", text_fields(part, path, 2));
    return json;
}
