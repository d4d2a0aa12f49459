/* The one cleaner of outside text, and the columns a clean text takes. */
#include "width_table.h"

#include <gatewatch/text.h>

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { REPLACEMENT = 0xFFFD, MAX_MARKS = 4 };

static bool in_table(const struct range *table, size_t n, uint32_t c)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c > table[mid].last)
            low = mid + 1;
        else if (c < table[mid].first)
            high = mid;
        else
            return true;
    }
    return false;
}
#define IN_TABLE(table, c) in_table((table), sizeof(table) / sizeof *(table), (c))

/* Strict UTF-8 (RFC 3629). Returns the bytes taken, at least 1; *ret is UINT32_MAX for bytes that
 * form no character. */
static size_t decode(const char *in, size_t len, uint32_t *ret)
{
    const unsigned char *s = (const unsigned char *)in;
    *ret = UINT32_MAX;
    if (s[0] < 0x80) {
        *ret = s[0];
        return 1;
    }
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 1;
    size_t want = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    /* The second byte's bounds keep out overlong forms, surrogates and what lies beyond
     * U+10FFFF. */
    unsigned char low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : 0xBF;
    uint32_t c = s[0] & (0xFFu >> (want + 1));
    for (size_t i = 1; i < want; i++) {
        if (i >= len || s[i] < low || s[i] > high)
            return i;
        c = c << 6 | (s[i] & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    *ret = c;
    return want;
}

static size_t encode(char out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c >= 0x10000 ? 4 : c >= 0x800 ? 3 : 2;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)(lead[n] | c);
    return n;
}

/* What acts on a terminal or a reader without being seen: controls, bidi controls, format
 * characters, fillers. */
static bool is_hostile(uint32_t c)
{
    static const struct range hostile[] = {
        {0x0000, 0x001F}, {0x007F, 0x009F},     /* C0, DEL, C1 */
        {0x00AD, 0x00AD},                       /* soft hyphen */
        {0x034F, 0x034F},                       /* combining grapheme joiner */
        {0x0600, 0x0605}, {0x061C, 0x061C}, {0x06DD, 0x06DD}, {0x070F, 0x070F}, {0x0890, 0x0891},
        {0x08E2, 0x08E2},                       /* Arabic and Syriac format characters */
        {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
        {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},
        {0x3164, 0x3164}, {0xD800, 0xDFFF}, {0xFDD0, 0xFDEF}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0},
        {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF},
        {0x110BD, 0x110BD}, {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},
        {0x1D173, 0x1D17A}, {0xE0000, 0xE00FF}, {0xE01F0, 0xE0FFF},
    };
    return IN_TABLE(hostile, c) || (c & 0xFFFE) == 0xFFFE || c > 0x10FFFF;
}

static bool is_variation(uint32_t c)
{
    return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0100 && c <= 0xE01EF);
}

struct cleaner {
    bool keep_lines;
    bool base;          /* something visible is there for a mark to sit on */
    bool varied;        /* it has its variation selector already */
    int marks;
};

/* What stands for `c`; 0 when nothing does. */
static uint32_t clean_one(struct cleaner *k, uint32_t c)
{
    if (c == '\n' && k->keep_lines) {
        k->base = false;
        return c;
    }
    if (c == '\n' || c == '\t')
        c = ' ';
    if (is_variation(c)) {
        if (!k->base || k->varied)
            return REPLACEMENT;
        k->varied = true;
        return c;
    }
    if (is_hostile(c))
        c = REPLACEMENT;
    if (IN_TABLE(combining, c)) {
        if (!k->base)
            return REPLACEMENT;
        return ++k->marks > MAX_MARKS ? 0 : c;
    }
    k->base = true;
    k->varied = false;
    k->marks = 0;
    return c;
}

size_t text_clean(char *out, size_t cap, const char *in, size_t len, bool keep_lines)
{
    if (!cap)
        return 0;
    struct cleaner k = {.keep_lines = keep_lines};
    size_t n = 0;
    for (size_t i = 0; in && i < len;) {
        uint32_t c;
        size_t taken = decode(in + i, len - i, &c);
        bool crlf = c == '\r' && i + 1 < len && in[i + 1] == '\n';
        i += taken;
        c = crlf ? 0 : clean_one(&k, c == UINT32_MAX ? REPLACEMENT : c);
        if (!c)
            continue;
        char bytes[4];
        size_t size = encode(bytes, c);
        if (size >= cap - n)
            break;
        memcpy(out + n, bytes, size);
        n += size;
    }
    out[n] = '\0';
    return n;
}

char *text_clean_dup(const char *in, size_t len, bool keep_lines)
{
    if (!in)
        len = 0;
    /* One bad byte becomes three. */
    char *out = xreallocarray(NULL, len + 1, 3);
    size_t n = text_clean(out, len * 3 + 1, in, len, keep_lines);
    return xrealloc(out, n + 1);
}

static int char_width(uint32_t c, bool ask_libc)
{
    if (c == UINT32_MAX)
        return 1;
    if (c < 0x20 || (c >= 0x7F && c < 0xA0) || is_variation(c))
        return 0;
    if (c < 0x300)
        return 1;
    if (ask_libc) {
        int w = wcwidth((wchar_t)c);
        if (w >= 0)
            return w;
    }
    if (IN_TABLE(combining, c))
        return 0;
    return IN_TABLE(wide, c) ? 2 : 1;
}

size_t text_fit(const char *s, int columns, int *used)
{
    int w = 0;
    size_t i = 0, len = s ? strlen(s) : 0;
    bool ask_libc = false, asked = false;
    while (i < len) {
        uint32_t c;
        size_t taken = decode(s + i, len - i, &c);
        if (c >= 0x300 && !asked) {
            ask_libc = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
            asked = true;
        }
        int cw = char_width(c, ask_libc);
        if (cw > columns - w)
            break;
        w += cw;
        i += taken;
    }
    if (used)
        *used = w;
    return i;
}

int text_width(const char *s)
{
    int used;
    text_fit(s, INT32_MAX, &used);
    return used;
}
