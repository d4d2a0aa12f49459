/* Label selectors and field selectors. */
#include "kube.h"
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum operation { OP_EQUAL, OP_NOT_EQUAL, OP_IN, OP_NOT_IN, OP_EXISTS, OP_ABSENT };
struct requirement {
    char *key;
    enum operation op;
    char **values;
    size_t n;
};
struct selector {
    struct requirement *labels, *fields;
    size_t n_labels, n_fields;
};

void selector_free(struct selector *s)
{
    for (int list = 0; s && list < 2; list++) {
        struct requirement *r = list ? s->fields : s->labels;

        for (size_t i = 0; i < (list ? s->n_fields : s->n_labels); i++) {
            free(r[i].key);
            for (size_t k = 0; k < r[i].n; k++)
                free(r[i].values[k]);
            free(r[i].values);
        }
        free(r);
    }
    free(s);
}

static struct requirement *add_requirement(struct requirement **list, size_t *n, enum operation op,
                                           char *key)
{
    *list = xrealloc(*list, (*n + 1) * sizeof **list);
    (*list)[*n] = (struct requirement){.key = key, .op = op};
    return &(*list)[(*n)++];
}

static void add_value(struct requirement *r, char *value)
{
    r->values = xrealloc(r->values, (r->n + 1) * sizeof *r->values);
    r->values[r->n++] = value;
}

static void skip_space(const char **p)
{
    *p += strspn(*p, " \t");
}

static char *take_word(const char **p)
{
    size_t n = 0;

    skip_space(p);
    while ((*p)[n] && (isalnum((unsigned char)(*p)[n]) || strchr("-_./:*\"", (*p)[n])))
        n++;
    *p += n;
    return xstrndup(*p - n, n);
}

static bool take_set(const char **p, struct requirement *r)
{
    skip_space(p);
    if (**p != '(')
        return false;
    do {
        ++*p;
        add_value(r, take_word(p));
        skip_space(p);
    } while (**p == ',');
    return *(*p)++ == ')';
}

static bool parse_label_requirement(const char **p, struct selector *s)
{
    bool negated;
    char *key;
    struct requirement *r;

    skip_space(p);
    negated = **p == '!';
    *p += negated;
    key = take_word(p);
    skip_space(p);
    r = add_requirement(&s->labels, &s->n_labels, negated ? OP_ABSENT : OP_EXISTS, key);
    if (!*key)
        return false;
    if (negated || !**p || **p == ',')
        return true;
    if (starts_with(*p, "!=")) {
        *p += 2;
        r->op = OP_NOT_EQUAL;
    } else if (**p == '=') {
        *p += starts_with(*p, "==") ? 2 : 1;
        r->op = OP_EQUAL;
    } else if (starts_with(*p, "in ") || starts_with(*p, "in(")) {
        *p += 2;
        r->op = OP_IN;
        return take_set(p, r);
    } else if (starts_with(*p, "notin ") || starts_with(*p, "notin(")) {
        *p += 5;
        r->op = OP_NOT_IN;
        return take_set(p, r);
    } else {
        return false;
    }
    add_value(r, take_word(p));
    return true;
}

static bool parse_labels(const char *text, struct selector *s)
{
    skip_space(&text);
    while (*text) {
        if (!parse_label_requirement(&text, s))
            return false;
        skip_space(&text);
        if (*text && *text != ',')
            return false;
        text += *text == ',';
    }
    return true;
}

static bool parse_fields(const char *text, struct selector *s)
{
    while (*text) {
        size_t len = strcspn(text, ","), key_len = strcspn(text, "=!");
        bool negated = text[key_len] == '!';
        size_t skip = negated ? 2 : strncmp(text + key_len, "==", 2) ? 1 : 2;
        struct requirement *r;

        if (key_len >= len)
            return false;
        r = add_requirement(&s->fields, &s->n_fields, negated ? OP_NOT_EQUAL : OP_EQUAL,
                            xstrndup(text, key_len));
        add_value(r, xstrndup(text + key_len + skip, len - key_len - skip));
        text += len + (text[len] == ',');
    }
    return true;
}

/* Beside metadata.name and metadata.namespace only these fields can be selected on. */
static const struct {
    const char *resource, *fields;
} selectable[] = {
    {"pods", " spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName "
             "spec.hostNetwork "
             "status.phase status.podIP status.nominatedNodeName "},
    {"events",
     " involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid "
     "involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath "
     "regarding.kind "
     "regarding.namespace regarding.name regarding.uid regarding.apiVersion reason "
     "reportingComponent "
     "reportingController source type "},
    {"namespaces", " status.phase "},
    {"nodes", " spec.unschedulable "},
    {"secrets", " type "},
    {"replicasets", " status.replicas "},
    {"services", " spec.clusterIP spec.type "},
};

static bool is_selectable(const char *resource, const char *field)
{
    char *word = format_text(" %s ", field);
    bool found = !strcmp(field, "metadata.name") || !strcmp(field, "metadata.namespace");

    for (size_t i = 0; i < sizeof selectable / sizeof selectable[0]; i++)
        if (!strcmp(selectable[i].resource, resource) && strstr(selectable[i].fields, word))
            found = true;
    free(word);
    return found;
}

struct selector *selector_new(const struct sim_request *request, const struct target *t,
                              struct sim_reply *reply)
{
    struct selector *s = xcalloc(1, sizeof *s);
    const char *labels = request_query(request, "labelSelector"),
               *fields = request_query(request, "fieldSelector");

    if (labels && !parse_labels(labels, s)) {
        reply_status(reply, 400, "BadRequest", NULL,
                     "unable to parse requirement: invalid label selector \"%s\"", labels);
        selector_free(s);
        return NULL;
    }
    if (fields && !parse_fields(fields, s)) {
        reply_status(reply, 400, "BadRequest", NULL, "invalid field selector \"%s\"", fields);
        selector_free(s);
        return NULL;
    }
    for (size_t i = 0; i < s->n_fields; i++) {
        if (is_selectable(t->resource, s->fields[i].key))
            continue;
        reply_status(reply, 400, "BadRequest", NULL, "field label not supported: %s",
                     s->fields[i].key);
        selector_free(s);
        return NULL;
    }
    return s;
}

static bool requirement_holds(const struct requirement *r, const char *value)
{
    bool among = false;

    if (r->op == OP_EXISTS || r->op == OP_ABSENT)
        return (value != NULL) == (r->op == OP_EXISTS);
    for (size_t i = 0; i < r->n && value; i++)
        among |= !strcmp(r->values[i], value);
    return (r->op == OP_EQUAL || r->op == OP_IN) ? among : !among;
}

static bool field_holds(const struct requirement *r, const json_t *object)
{
    char *path = xstrdup(r->key), *rest = path, *word;
    const json_t *value = object;
    char number[32];
    const char *text = "";
    bool holds;

    /* events.k8s.io calls regarding what core calls involvedObject. */
    while ((word = strsep(&rest, "."))) {
        const json_t *next = json_object_get(value, word);

        if (!next && !strcmp(word, "regarding"))
            next = json_object_get(value, "involvedObject");
        else if (!next && !strcmp(word, "involvedObject"))
            next = json_object_get(value, "regarding");
        value = next;
    }
    if (json_is_string(value)) {
        text = json_string_value(value);
    } else if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        text = number;
    } else if (json_is_boolean(value)) {
        text = json_is_true(value) ? "true" : "false";
    }
    holds = requirement_holds(r, text);
    free(path);
    return holds;
}

bool selector_matches(const struct selector *s, const json_t *object)
{
    const json_t *labels;

    if (!s)
        return true;
    labels = json_object_get(json_object_get(object, "metadata"), "labels");
    for (size_t i = 0; i < s->n_labels; i++)
        if (!requirement_holds(&s->labels[i],
                               json_string_value(json_object_get(labels, s->labels[i].key))))
            return false;
    for (size_t i = 0; i < s->n_fields; i++)
        if (!field_holds(&s->fields[i], object))
            return false;
    return true;
}

bool selector_empty(const struct selector *s)
{
    return !s || (!s->n_labels && !s->n_fields);
}

const char *selector_name(const struct selector *s)
{
    for (size_t i = 0; s && i < s->n_fields; i++)
        if (!strcmp(s->fields[i].key, "metadata.name") && s->fields[i].op == OP_EQUAL)
            return s->fields[i].values[0];
    return NULL;
}
