/* The lines of `d`: label and value, indented, clean. */
#include <gatewatch/model.h>

void describe_line(struct describe *d, const char *label, const char *format, ...)
{
    TEXT_AUTO value = {0};
    va_list args;
    va_start(args, format);
    text_vprintf(&value, format, args);
    va_end(args);
    const char *shown = text_str(&value);
    text_printf(&d->text, "%*s%s%s%s%s\n", d->indent * 2, "", label, *label ? ":" : "", *label && *shown ? " " : "", shown);
}

static void describe_pairs(struct describe *d, const char *label, const struct pairs *pairs)
{
    if (!pairs->n)
        return;
    describe_line(d, label, "%s", "");
    d->indent++;
    for (size_t i = 0; i < pairs->n; i++)
        describe_line(d, pairs->items[i].key, "%s", pairs->items[i].value);
    d->indent--;
}

static void describe_managers(struct describe *d, const struct object *o)
{
    if (!o->managers.n)
        return;
    describe_line(d, "Field managers", "%s", "");
    d->indent++;
    for (size_t i = 0; i < o->managers.n; i++) {
        const struct field_manager *m = &o->managers.items[i];
        describe_line(d, m->manager, "%s%s%s, %zu fields", m->operation, *m->subresource ? " of " : "", m->subresource,
                      m->paths.n);
    }
    d->indent--;
}

void object_describe(const struct object *o, struct describe *d)
{
    bool arm = o->kind->origin == ORIGIN_ARM;
    describe_line(d, "Kind", "%s", o->kind->name);
    describe_line(d, "Name", "%s", o->name);
    if (*o->namespace)
        describe_line(d, arm ? "Resource group" : "Namespace", "%s", o->namespace);
    if (o->created_ms) {
        char when[32];
        clock_format_rfc3339(o->created_ms, when);
        describe_line(d, arm ? "As of" : "Created", "%s", when);
    }
    describe_line(d, arm ? "Id" : "UID", "%s", o->uid);
    if (o->generation)
        describe_line(d, "Generation", "%lld", (long long)o->generation);
    if (o->deleting)
        describe_line(d, "Deleting", "yes");
    describe_pairs(d, arm ? "Tags" : "Labels", &o->labels);
    describe_pairs(d, "Annotations", &o->annotations);
    for (size_t i = 0; i < o->owners.n; i++)
        describe_line(d, "Owner", "%s %s", o->owners.items[i].kind, o->owners.items[i].name);
    describe_managers(d, o);
    if (o->kind->describe)
        o->kind->describe(o, d);
}
