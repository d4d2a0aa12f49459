/* Block-style YAML of a JSON value, so that yaml_parse gives the same value back and people can
 * read it. */
#include "yaml_scalar.h"

#include <gatewatch/config.h>

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INDENT = 2, SIMPLE_KEY = 1000 };     /* YAML lets a key before ":" be 1024 characters long */

static void indent(struct text *out, int columns)
{
    for (int i = 0; i < columns; i++)
        text_putc(out, ' ');
}

/* ---- strings ---- */

/* The next character of valid UTF-8 (jansson holds no other). */
static uint32_t next_char(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    int n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 1;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (int i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    *s += n;
    return c;
}

/* May stand as it is: printable for YAML and no line break. */
static bool is_printable(uint32_t c)
{
    return (c >= 0x20 && c < 0x7F) || (c >= 0xA0 && c < 0xD800 && c != 0x2028 && c != 0x2029) ||
           (c >= 0xE000 && c < 0xFFFE && c != 0xFEFF) || (c >= 0x10000 && c <= 0x10FFFF);
}

static bool all_printable(const char *s, bool tabs_and_lines)
{
    while (*s) {
        uint32_t c = next_char(&s);
        if (!is_printable(c) && !(tabs_and_lines && (c == '\n' || c == '\t')))
            return false;
    }
    return true;
}

static bool is_plain(const char *s)
{
    size_t len = strlen(s);
    if (!len || strchr(",[]{}#&*!|>'\"%@` ", s[0]) || s[len - 1] == ' ' || s[len - 1] == ':')
        return false;
    if (strchr("-?:", s[0]) && (s[1] == ' ' || !s[1]))
        return false;
    if (str_starts(s, "---") || str_starts(s, "...") || strstr(s, ": ") || strstr(s, " #"))
        return false;
    return all_printable(s, false) && !yaml_is_doubtful(s, len);
}

static void quoted(struct text *out, const char *s)
{
    text_putc(out, '"');
    while (*s) {
        const char *from = s;
        uint32_t c = next_char(&s);
        if (c == '"' || c == '\\')
            text_printf(out, "\\%c", (char)c);
        else if (c == '\n')
            text_puts(out, "\\n");
        else if (c == '\t')
            text_puts(out, "\\t");
        else if (is_printable(c))
            text_add(out, from, (size_t)(s - from));
        else if (c < 0x100)
            text_printf(out, "\\x%02X", (unsigned)c);
        else if (c < 0x10000)
            text_printf(out, "\\u%04X", (unsigned)c);
        else
            text_printf(out, "\\U%08X", (unsigned)c);
    }
    text_putc(out, '"');
}

/* A literal block keeps its lines when none of the corner cases of indentation and chomping
 * arises. */
static bool is_literal(const char *s)
{
    size_t len = strlen(s);
    const char *line = strchr(s, '\n');
    if (!line || strchr(" \t\n", s[0]) || (len >= 2 && s[len - 1] == '\n' && s[len - 2] == '\n'))
        return false;
    /* A last line of blanks only would be eaten as if it were the end. */
    const char *last = strrchr(s, '\n');
    if (last[1] && strspn(last + 1, " \t") == strlen(last + 1))
        return false;
    return all_printable(s, true);
}

static void literal(struct text *out, const char *s, int columns)
{
    text_puts(out, str_ends(s, "\n") ? "|\n" : "|-\n");
    while (*s) {
        size_t n = strcspn(s, "\n");
        if (n) {
            indent(out, columns);
            text_add(out, s, n);
        }
        text_putc(out, '\n');
        s += n + (s[n] == '\n');
    }
}

/* ---- values ---- */

static void real(struct text *out, double value)
{
    char s[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, value);
        for (char *c = s; *c; c++)
            if (*c == ',')
                *c = '.';           /* the locale's decimal point is not YAML's */
        if (yaml_resolve(s, strlen(s)).real == value)
            break;
    }
    text_puts(out, s);
    if (!strpbrk(s, ".e"))
        text_puts(out, ".0");
}

static bool is_block(const json_t *v)
{
    return (json_is_object(v) && json_object_size(v)) || (json_is_array(v) && json_array_size(v));
}

/* Whatever takes one line, or a literal block whose lines start at `columns`; ends the line. */
static void scalar(struct text *out, const json_t *v, int columns)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT: text_puts(out, "{}"); break;
    case JSON_ARRAY: text_puts(out, "[]"); break;
    case JSON_TRUE: text_puts(out, "true"); break;
    case JSON_FALSE: text_puts(out, "false"); break;
    case JSON_NULL: text_puts(out, "null"); break;
    case JSON_INTEGER: text_printf(out, "%lld", (long long)json_integer_value(v)); break;
    case JSON_REAL: real(out, json_real_value(v)); break;
    case JSON_STRING:
        if (is_plain(json_string_value(v))) {
            text_puts(out, json_string_value(v));
        } else if (is_literal(json_string_value(v))) {
            literal(out, json_string_value(v), columns);
            return;
        } else {
            quoted(out, json_string_value(v));
        }
        break;
    }
    text_putc(out, '\n');
}

static void block(struct text *out, const json_t *v, int columns, bool started);

static void key_of(struct text *out, const char *key, bool *ret_long)
{
    TEXT_AUTO t = {0};
    if (is_plain(key))
        text_puts(&t, key);
    else
        quoted(&t, key);
    *ret_long = t.len > SIMPLE_KEY;
    if (*ret_long)
        text_puts(out, "? ");
    text_puts(out, text_str(&t));
}

static void object(struct text *out, const json_t *v, int columns, bool started)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)v, key, value) {
        if (!started)
            indent(out, columns);
        started = false;
        bool long_key;
        key_of(out, key, &long_key);
        if (long_key) {
            text_putc(out, '\n');
            indent(out, columns);
        }
        text_putc(out, ':');
        if (is_block(value)) {
            text_putc(out, '\n');
            block(out, value, columns + INDENT, false);
        } else {
            text_putc(out, ' ');
            scalar(out, value, columns + INDENT);
        }
    }
}

static void array(struct text *out, const json_t *v, int columns, bool started)
{
    size_t i;
    const json_t *value;
    json_array_foreach(v, i, value) {
        if (!started)
            indent(out, columns);
        started = false;
        text_puts(out, "- ");
        if (is_block(value))
            block(out, value, columns + INDENT, true);
        else
            scalar(out, value, columns + INDENT);
    }
}

/* `started`: the first line's indentation is there already, after "- ". */
static void block(struct text *out, const json_t *v, int columns, bool started)
{
    if (json_is_object(v))
        object(out, v, columns, started);
    else
        array(out, v, columns, started);
}

void yaml_emit(const json_t *v, struct text *out)
{
    if (!v)
        return;
    if (is_block(v))
        block(out, v, 0, false);
    else
        scalar(out, v, INDENT);
}
