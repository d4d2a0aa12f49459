#include "theme.h"

#include <gatewatch/base.h>

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *colour, *plain;
} roles[ROLE_COUNT] = {
#define ROLE(id, name, colour, plain) [ROLE_##id] = {name, colour, plain},
#include "roles.def"
#undef ROLE
};

/* ---- one look ---------------------------------------------------------------------------------------------------------- */

static bool hex_colour(const char *s, int *ret)
{
    if (s[0] != '#' || strlen(s) != 7 || strspn(s + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    *ret = (int)strtol(s + 1, NULL, 16);
    return true;
}

static bool colour_parse(const char *word, const struct json_t *palette, int *ret, struct error *err)
{
    if (str_eq(word, "default")) {
        *ret = COLOUR_DEFAULT;
        return true;
    }
    if (hex_colour(word, ret))
        return true;
    const char *named = palette ? json_string_value(json_object_get(palette, word)) : NULL;
    if (named && str_eq(named, "default")) {
        *ret = COLOUR_DEFAULT;
        return true;
    }
    if (named && hex_colour(named, ret))
        return true;
    return error_set(err, ERR_CONFIG, "\"%s\" is no colour: write #rrggbb, default, or a name of the palette",
                     word);
}

static int attr_parse(const char *word)
{
    static const struct {
        const char *name;
        int attr;
    } attrs[] = {
        {"bold", ATTR_BOLD}, {"dim", ATTR_DIM}, {"underline", ATTR_UNDERLINE}, {"reverse", ATTR_REVERSE}};
    for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++)
        if (str_eq(word, attrs[i].name))
            return attrs[i].attr;
    return 0;
}

bool look_parse(const char *spec, const struct json_t *palette, struct look *ret, struct error *err)
{
    struct look look = {COLOUR_NONE, COLOUR_NONE, 0};
    bool want_bg = false;
    const char *s = spec;
    for (;;) {
        s += strspn(s, " ");
        size_t len = strcspn(s, " ");
        if (!len)
            break;
        char word[64];
        str_format(word, sizeof word, "%.*s", (int)len, s);
        s += len;
        int attr = attr_parse(word);
        if (attr)
            look.attr = (uint8_t)(look.attr | attr);
        else if (str_eq(word, "on") && !want_bg && look.bg == COLOUR_NONE)
            want_bg = true;
        else if (want_bg || look.fg == COLOUR_NONE) {
            if (!colour_parse(word, palette, want_bg ? &look.bg : &look.fg, err))
                return false;
            want_bg = false;
        } else {
            return error_set(err, ERR_CONFIG,
                             "\"%s\" is not understood: write FOREGROUND [on BACKGROUND] [bold] [dim] "
                             "[underline] [reverse]",
                             spec);
        }
    }
    if (want_bg)
        return error_set(err, ERR_CONFIG, "\"%s\" ends where a background colour is due", spec);
    *ret = look;
    return true;
}

/* ---- themes -------------------------------------------------------------------------------------------------------------- */

void theme_builtin(struct theme *t)
{
    memset(t, 0, sizeof *t);
    str_copy(t->name, sizeof t->name, "dark");
    for (int i = ROLE_NONE + 1; i < ROLE_COUNT; i++) {
        look_parse(roles[i].colour, NULL, &t->looks[i], NULL);
        look_parse(roles[i].plain, NULL, &t->plain[i], NULL);
    }
}

static int role_by_name(const char *name)
{
    for (int i = ROLE_NONE + 1; i < ROLE_COUNT; i++)
        if (str_eq(name, roles[i].name))
            return i;
    return ROLE_NONE;
}

static bool unknown_role(const char *what, int line, const char *key, struct error *err)
{
    const char *names[ROLE_COUNT + 1] = {0};
    for (int i = ROLE_NONE + 1; i < ROLE_COUNT; i++)
        names[i - 1] = roles[i].name;
    const char *near = str_nearest(key, names);
    return error_set(err, ERR_CONFIG, "%s:%d: there is no role \"%s\"%s%s%s", what, line, key,
                     near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool take_roles(struct theme *t, const struct yaml_doc *doc, const char *what, struct error *err)
{
    const struct json_t *palette = json_object_get(doc->root, "palette");
    struct json_t *given = json_object_get(doc->root, "roles");
    if (!json_is_object(given))
        return error_set(err, ERR_CONFIG, "%s: a theme needs a mapping \"roles\"", what);
    const char *key;
    struct json_t *value;
    json_object_foreach(given, key, value) {
        int role = role_by_name(key);
        if (role == ROLE_NONE)
            return unknown_role(what, yaml_line(doc, value), key, err);
        if (!json_is_string(value))
            return error_set(err, ERR_CONFIG, "%s:%d: %s must be a string", what, yaml_line(doc, value), key);
        if (!look_parse(json_string_value(value), palette, &t->looks[role], err))
            return error_wrap(err, "%s:%d: %s", what, yaml_line(doc, value), key);
    }
    return true;
}

bool theme_parse(struct theme *ret, const char *name, const char *what, const char *bytes, size_t len,
                 struct error *err)
{
    struct yaml_doc *docs;
    size_t n;
    if (!yaml_parse(bytes, len, what, &docs, &n, err))
        return false;
    struct theme t;
    theme_builtin(&t);
    str_copy(t.name, sizeof t.name, name);
    bool good = n == 1 && json_is_object(docs[0].root);
    if (!good)
        error_set(err, ERR_CONFIG, "%s: a theme is one YAML mapping", what);
    else
        good = take_roles(&t, &docs[0], what, err);
    yaml_docs_free(docs, n);
    if (good)
        *ret = t;
    return good;
}

static bool name_is_safe(const char *name)
{
    return *name &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(name);
}

static void free_strings(char **list, size_t n)
{
    for (size_t i = 0; list && i < n; i++)
        free(list[i]);
    free(list);
}

bool theme_load(struct theme *t, const char *name, struct error *err)
{
    if (!name || !*name)
        name = "dark";
    if (!name_is_safe(name))
        return error_set(err, ERR_CONFIG, "\"%s\" is no theme's name", name);
    size_t n_folders;
    char **folders = path_themes(&n_folders);
    bool found = false, good = false;
    for (size_t i = 0; i < n_folders && !found; i++) {
        FREE_AUTO char *path = xasprintf("%s/%s.yaml", folders[i], name);
        FREE_AUTO char *bytes = NULL;
        size_t len;
        struct error problem = {0};
        if (file_read(path, 1 << 20, &bytes, &len, &problem)) {
            found = true;
            good = theme_parse(t, name, path, bytes, len, err);
        }
    }
    free_strings(folders, n_folders);
    if (found)
        return good;
    if (str_eq(name, "dark")) {
        theme_builtin(t);
        return true;
    }
    size_t n;
    char **names = theme_names(&n);
    TEXT_AUTO all = {0};
    for (size_t i = 0; i < n; i++)
        text_printf(&all, "%s%s", i ? ", " : "", names[i]);
    free_strings(names, n);
    error_set(err, ERR_CONFIG, "there is no theme \"%s\"", name);
    return error_remedy(err, "Themes: %s.", text_str(&all));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **theme_names(size_t *ret_n)
{
    size_t n_folders, n = 0, cap = 0;
    char **folders = path_themes(&n_folders), **names = NULL;
    GROW(names, n, cap);
    names[n++] = xstrdup("dark");
    for (size_t i = 0; i < n_folders; i++) {
        DIR *dir = opendir(folders[i]);
        for (struct dirent *e; dir && (e = readdir(dir));) {
            if (!str_ends(e->d_name, ".yaml"))
                continue;
            FREE_AUTO char *name = xstrndup(e->d_name, strlen(e->d_name) - 5);
            bool seen = !name_is_safe(name);
            for (size_t k = 0; k < n && !seen; k++)
                seen = str_eq(names[k], name);
            if (seen)
                continue;
            GROW(names, n, cap);
            names[n++] = xstrdup(name);
        }
        if (dir)
            closedir(dir);
    }
    free_strings(folders, n_folders);
    qsort(names, n, sizeof *names, by_name);
    *ret_n = n;
    return names;
}

/* ---- what a cell looks like ------------------------------------------------------------------------------------------------- */

struct look theme_look(const struct theme *t, struct style style, bool plain)
{
    const struct look *looks = plain ? t->plain : t->looks;
    struct look front = looks[style.role], back = looks[style.ground], base = looks[ROLE_GROUND];
    struct look look = front;
    look.attr = (uint8_t)(front.attr | style.attr);
    if (style.ground != ROLE_NONE && style.ground != ROLE_GROUND && style.ground != style.role) {
        if (back.bg != COLOUR_NONE && back.bg != COLOUR_DEFAULT)
            look.bg = back.bg;
        look.attr = (uint8_t)(look.attr | back.attr);
        /* A theme that names the cursor's foreground means it for every word on it: red on cyan helps nobody. */
        if (style.ground == ROLE_SELECTION && back.fg >= 0)
            look.fg = back.fg;
    }
    if (look.fg == COLOUR_NONE || look.fg == COLOUR_DEFAULT)
        look.fg = back.fg >= 0 && style.ground != ROLE_NONE ? back.fg : base.fg;
    if (look.bg == COLOUR_NONE || look.bg == COLOUR_DEFAULT)
        look.bg = base.bg;
    if (look.fg == COLOUR_NONE)
        look.fg = COLOUR_DEFAULT;
    if (look.bg == COLOUR_NONE)
        look.bg = COLOUR_DEFAULT;
    return look;
}

struct rgb {
    int r, g, b;
};

static struct rgb split(int rgb)
{
    return (struct rgb){rgb >> 16 & 0xFF, rgb >> 8 & 0xFF, rgb & 0xFF};
}

/* Redmean: near enough to what eyes see, in integers. */
static long distance(struct rgb a, struct rgb b)
{
    long mean = (a.r + b.r) / 2, r = a.r - b.r, g = a.g - b.g, blue = a.b - b.b;
    return ((512 + mean) * r * r >> 8) + 4 * g * g + ((767 - mean) * blue * blue >> 8);
}

static struct rgb xterm_colour(int n)
{
    static const int base[16] = {0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD,
                                 0x00CDCD, 0xE5E5E5, 0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00,
                                 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF};
    static const int steps[6] = {0, 95, 135, 175, 215, 255};
    if (n < 16)
        return split(base[n]);
    if (n < 232)
        return (struct rgb){steps[(n - 16) / 36], steps[(n - 16) / 6 % 6], steps[(n - 16) % 6]};
    int grey = 8 + 10 * (n - 232);
    return (struct rgb){grey, grey, grey};
}

static bool is_grey(struct rgb c)
{
    int high = c.r > c.g ? c.r : c.g, low = c.r < c.g ? c.r : c.g;
    high = high > c.b ? high : c.b;
    low = low < c.b ? low : c.b;
    return high - low < 30;
}

bool colour_is_grey(int rgb)
{
    return rgb >= 0 && is_grey(split(rgb));
}

static int hue(struct rgb c)
{
    int high = c.r > c.g ? c.r : c.g, low = c.r < c.g ? c.r : c.g;
    high = high > c.b ? high : c.b;
    low = low < c.b ? low : c.b;
    int span = high - low ? high - low : 1;
    int h = high == c.r ? 60 * (c.g - c.b) / span :
            high == c.g ? 120 + 60 * (c.b - c.r) / span :
                          240 + 60 * (c.r - c.g) / span;
    return (h + 360) % 360;
}

/* Eight or sixteen: a soft red must stay red, so the hue decides, and how light it is only chooses the bright half. */
static int by_hue(struct rgb want, bool bright)
{
    static const struct {
        int hue, colour, penalty;
    } hues[] = {{0, 1, 0}, {60, 3, 0}, {120, 2, 0}, {180, 6, 0}, {240, 4, 15}, {300, 5, 0}, {360, 1, 0}};
    int h = hue(want), best = 0, least = 1000;
    for (size_t i = 0; i < sizeof hues / sizeof *hues; i++) {
        int d = abs(h - hues[i].hue) + hues[i].penalty;
        if (d < least) {
            least = d;
            best = hues[i].colour;
        }
    }
    int high = want.r > want.g ? want.r : want.g;
    high = high > want.b ? high : want.b;
    return best + (bright && high >= 0xE0 ? 8 : 0);
}

int colour_nearest(int rgb, int colours)
{
    if (rgb < 0 || colours > 256)
        return rgb;
    struct rgb want = split(rgb);
    bool grey = is_grey(want);
    if (colours < 256 && !grey)
        return by_hue(want, colours >= 16);
    /* The first sixteen are the user's own; with 256 only the fixed ones are meant. */
    int first = colours >= 256 ? 16 : 0, last = colours >= 256 ? 256 : colours >= 16 ? 16 : 8, best = first;
    long least = -1;
    for (int i = first; i < last; i++) {
        struct rgb have = xterm_colour(i);
        if (last <= 16 && !is_grey(have))
            continue;
        long d = distance(want, have);
        if (least < 0 || d < least) {
            least = d;
            best = i;
        }
    }
    return best;
}
