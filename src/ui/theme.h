/* theme: what each role looks like. Roles are data (roles.def), themes are files (themes/NAME.yaml); the first theme is
 * compiled in. Colours are #rrggbb and are brought down to what the terminal can by nearest(): the terminal's palette is
 * never redefined. */
#ifndef UI_THEME_H
#define UI_THEME_H

#include <gatewatch/config.h>

enum role {
    ROLE_NONE,              /* in a style: keep the ground that is there */
#define ROLE(id, name, colour, plain) ROLE_##id,
#include "roles.def"
#undef ROLE
    ROLE_COUNT
};

enum { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_UNDERLINE = 4, ATTR_REVERSE = 8 };

/* Of one cell: the role that gives the foreground and attributes, the role that gives the background, more attributes. */
struct style {
    uint8_t role, ground, attr;
};
#define STYLE(r) ((struct style){(r), ROLE_NONE, 0})

enum { COLOUR_DEFAULT = -1, COLOUR_NONE = -2 };     /* NONE: not said, inherit */
struct look {
    int fg, bg;             /* 0xRRGGBB, COLOUR_DEFAULT or COLOUR_NONE */
    uint8_t attr;
};
struct theme {
    char name[48];
    struct look looks[ROLE_COUNT];
    struct look plain[ROLE_COUNT];      /* without colours */
};

void theme_builtin(struct theme *);     /* "dark" */
/* Reads "FG [on BG] [bold] [dim] [underline] [reverse]"; colours by name from `palette` (a JSON object, or NULL). */
struct json_t;
bool look_parse(const char *spec, const struct json_t *palette, struct look *, struct error *);
/* A theme by name, from the folders of path_themes(); the built-in one when there is no file for "dark". */
bool theme_load(struct theme *, const char *name, struct error *);
bool theme_parse(struct theme *, const char *name, const char *what, const char *bytes, size_t len, struct error *);
/* Names of all themes found, sorted, malloc'd. */
char **theme_names(size_t *ret_n);

/* What fg and bg a cell of this style has: ground applied, attributes united. */
struct look theme_look(const struct theme *, struct style, bool plain);
/* The nearest colour of a terminal with `colours` (8, 16, 88.., 256) colours, or the value itself from 2^24 on. */
int colour_nearest(int rgb, int colours);
bool colour_is_grey(int rgb);

#endif
