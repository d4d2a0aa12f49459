/* States as signs, words and roles. A state is never a colour alone. */
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *light_sign(enum light light, bool ascii)
{
    switch (light) {
    case LIGHT_OK: return ascii ? "+" : "✓";
    case LIGHT_DEGRADED: return ascii ? "!" : "▲";
    case LIGHT_DOWN: return ascii ? "x" : "✗";
    case LIGHT_ABSENT: return ascii ? "-" : "–";
    case LIGHT_UNKNOWN: return "?";
    }
    return "?";
}

enum role light_role(enum light light)
{
    switch (light) {
    case LIGHT_OK: return ROLE_OK;
    case LIGHT_DEGRADED: return ROLE_WARN;
    case LIGHT_DOWN: return ROLE_BAD;
    case LIGHT_ABSENT: return ROLE_ABSENT;
    case LIGHT_UNKNOWN: return ROLE_UNKNOWN;
    }
    return ROLE_UNKNOWN;
}

const char *light_word(enum light light)
{
    switch (light) {
    case LIGHT_OK: return "ok";
    case LIGHT_DEGRADED: return "degraded";
    case LIGHT_DOWN: return "down";
    case LIGHT_ABSENT: return "absent";
    case LIGHT_UNKNOWN: return "unknown";
    }
    return "unknown";
}

const char *health_sign(enum health health, bool ascii)
{
    switch (health) {
    case HEALTH_UP: return light_sign(LIGHT_OK, ascii);
    case HEALTH_DOWN: return light_sign(LIGHT_DOWN, ascii);
    case HEALTH_PARTIAL:
    case HEALTH_DRAINING:
    case HEALTH_DEGRADING: return light_sign(LIGHT_DEGRADED, ascii);
    case HEALTH_UNKNOWN: return light_sign(LIGHT_UNKNOWN, ascii);
    }
    return "?";
}

enum role health_role(enum health health)
{
    switch (health) {
    case HEALTH_UP: return ROLE_OK;
    case HEALTH_DOWN: return ROLE_BAD;
    case HEALTH_PARTIAL:
    case HEALTH_DRAINING:
    case HEALTH_DEGRADING: return ROLE_WARN;
    case HEALTH_UNKNOWN: return ROLE_UNKNOWN;
    }
    return ROLE_UNKNOWN;
}

const char *severity_sign(enum severity severity, bool ascii)
{
    switch (severity) {
    case SEVERITY_CRITICAL: return light_sign(LIGHT_DOWN, ascii);
    case SEVERITY_WARNING: return light_sign(LIGHT_DEGRADED, ascii);
    case SEVERITY_INFO: return ascii ? "i" : "·";
    }
    return "?";
}

enum role severity_role(enum severity severity)
{
    switch (severity) {
    case SEVERITY_CRITICAL: return ROLE_BAD;
    case SEVERITY_WARNING: return ROLE_WARN;
    case SEVERITY_INFO: return ROLE_QUIET;
    }
    return ROLE_QUIET;
}

const char *predicted_text(enum predicted predicted, int status, char out[32])
{
    switch (predicted) {
    case PREDICT_OK: str_format(out, 32, status > 0 ? "ok (%d)" : "ok", status); break;
    case PREDICT_TIMEOUT: str_copy(out, 32, "timeout"); break;
    case PREDICT_UNKNOWN: str_copy(out, 32, "unknown"); break;
    case PREDICT_404:
    case PREDICT_500:
    case PREDICT_503:
    case PREDICT_OTHER:
        if (status > 0)
            str_format(out, 32, "%d", status);
        else
            str_copy(out, 32, predicted_name(predicted));
        break;
    }
    return out;
}

enum role predicted_role(enum predicted predicted)
{
    return predicted == PREDICT_OK ? ROLE_OK : predicted == PREDICT_UNKNOWN ? ROLE_UNKNOWN : ROLE_BAD;
}

const char *count_text(size_t n, char out[24])
{
    if (n < 1000)
        str_format(out, 24, "%zu", n);
    else if (n < 1000000)
        str_format(out, 24, "%zu,%03zu", n / 1000, n % 1000);
    else
        str_format(out, 24, "%zu,%03zu,%03zu", n / 1000000, n / 1000 % 1000, n % 1000);
    return out;
}

const char *tri_word(enum tri tri, const char *yes, const char *no)
{
    return tri == TRI_TRUE ? yes : tri == TRI_FALSE ? no : "unknown";
}

const char *age_text(int64_t ms, char out[16])
{
    int64_t s = ms / 1000;
    if (s < 10)
        str_copy(out, 16, "<10s");
    else if (s < 60)
        str_format(out, 16, "%ds", (int)(s / 10 * 10));
    else
        clock_format_age(ms, out);
    return out;
}

const char *since_text(const struct scene *s, int64_t since_wall_ms, char out[16])
{
    enum { FIRST_REPORT_MS = 30000 };
    if (since_wall_ms <= 0)
        return "";
    char age[16];
    int64_t ms = s->wall_ms - since_wall_ms;
    bool before_us = since_wall_ms < s->started_wall_ms + FIRST_REPORT_MS;
    age_text(ms > 0 ? ms : 0, age);
    str_format(out, 16, "%s%s", before_us && *age != '<' ? ">" : "", before_us && *age == '<' ? "" : age);
    return out;
}

void cell_set(struct table_cell *cell, enum role role, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool known = true;
    if (str_eq(format, "%s")) {
        /* Most cells: a filter asks for a hundred thousand of them between two keys. */
        const char *s = va_arg(args, const char *);
        known = s != NULL;
        str_copy(cell->text, sizeof cell->text, str_or(s, ""));
    } else {
        vsnprintf(cell->text, sizeof cell->text, format, args);
        known = !strstr(cell->text, "(null)");
    }
    va_end(args);
    if (!known) {
        str_copy(cell->text, sizeof cell->text, "?");
        role = ROLE_ABSENT;
    }
    cell->role = role;
}

void cell_number(struct table_cell *cell, enum role role, int64_t value)
{
    if (value < 0)
        cell_set(cell, ROLE_ABSENT, "?");
    else
        cell_set(cell, role, "%lld", (long long)value);
    cell->number = value;
    cell->has_number = true;
}

size_t append_text(char *out, size_t cap, size_t used, const char *s)
{
    size_t len = strlen(s), room = cap - used - 1;
    if (len > room) {
        /* Not in the middle of a character. */
        len = room;
        while (len > 0 && ((unsigned char)s[len] & 0xC0) == 0x80)
            len--;
    }
    memcpy(out + used, s, len);
    out[used + len] = '\0';
    return used + len;
}

void join_strings(const struct strings *list, const char *separator, char *out, size_t cap)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < list->n && used + 1 < cap; i++) {
        if (i)
            used = append_text(out, cap, used, separator);
        used = append_text(out, cap, used, list->items[i]);
    }
}

uint64_t hash_of(const char *a, const char *b, const char *c, const char *d)
{
    uint64_t h = table_hash(str_or(a, ""));
    h = h * 31 + table_hash(str_or(b, ""));
    h = h * 31 + table_hash(str_or(c, ""));
    h = h * 31 + table_hash(str_or(d, ""));
    return h ? h : 1;
}

const char *last_segment(const char *id)
{
    const char *slash = id ? strrchr(id, '/') : NULL;
    return slash ? slash + 1 : id;
}

const char *short_name(const char *ns_name)
{
    return last_segment(ns_name);
}
