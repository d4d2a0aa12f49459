/* Any bytes: a value or an error; a value's YAML reads back as the same value. */
#include <gatewatch/config.h>
#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct yaml_doc *docs, *again;
    size_t n, m;
    struct error err = {0};
    if (!yaml_parse((const char *)data, len, "fuzz", &docs, &n, &err))
        return 0;
    for (size_t i = 0; i < n; i++) {
        TEXT_AUTO out = {0};
        yaml_emit(docs[i].root, &out);
        if (!yaml_parse(out.s, out.len, "again", &again, &m, &err) || m != 1 ||
            !json_equal(docs[i].root, again[0].root))
            __builtin_trap();
        yaml_docs_free(again, m);
    }
    yaml_docs_free(docs, n);
    return 0;
}
