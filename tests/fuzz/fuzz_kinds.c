/* Any JSON as an object of any kind: the first byte chooses. Decoding and describing end, and nothing unclean comes out. */
#include <gatewatch/kinds.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    const struct kind *kind = kinds[data[0] % KIND_COUNT];
    json_t *json = json_loadb((const char *)data + 1, len - 1, JSON_DECODE_ANY, NULL);
    struct error err = {0};
    const struct object *o = data[0] & 128 ? object_decode_report(kind, "/subscriptions/s/resourceGroups/g/x/y", 1, json, &err)
                                           : object_decode(kind, json, &err);
    if (!o && !*err.message)
        __builtin_trap();
    if (o) {
        struct describe d = {.indent = 0};
        object_describe(o, &d);
        if (strpbrk(text_str(&d.text), "\x1b\x07\x7f") || !*o->name)
            __builtin_trap();
        text_free(&d.text);
    }
    object_unref(o);
    json_decref(json);
    return 0;
}
