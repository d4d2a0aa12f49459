/* Any bytes: what the cleaner leaves is short enough, ended, and clean already; redaction never grows a line. */
#include <gatewatch/base.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (!len)
        return 0;
    size_t cap = data[0] % 64;
    char *small = malloc(cap ? cap : 1), *line = xstrndup((const char *)data, len);
    size_t n = text_clean(small, cap, (const char *)data, len, data[0] & 64);
    if (cap && (n >= cap || small[n]))
        __builtin_trap();
    char *once = text_clean_dup((const char *)data, len, true);
    char *twice = text_clean_dup(once, strlen(once), true);
    int64_t ms;
    if (strcmp(once, twice) != 0 || text_width(once) < 0)
        __builtin_trap();
    clock_parse_rfc3339(line, &ms);
    clock_parse_http_date(line, &ms);
    size_t before = strlen(line);
    log_redact(line);
    if (strlen(line) > before)
        __builtin_trap();
    free(small);
    free(line);
    free(once);
    free(twice);
    return 0;
}
