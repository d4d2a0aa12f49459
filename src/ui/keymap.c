#include "keymap.h"

#include "term.h"

#include <string.h>

const struct key_row key_rows[] = {
#define KEY(action, place, keys, hint, help) {ACT_##action, place, keys, hint, help},
#include "keymap.def"
#undef KEY
};
const size_t n_key_rows = sizeof key_rows / sizeof *key_rows;

int key_parse(const char *name, size_t len)
{
    static const struct {
        const char *name;
        int key;
    } names[] = {
        {"Up", K_UP},
        {"Down", K_DOWN},
        {"Left", K_LEFT},
        {"Right", K_RIGHT},
        {"PgUp", K_PGUP},
        {"PgDn", K_PGDN},
        {"Home", K_HOME},
        {"End", K_END},
        {"Enter", K_ENTER},
        {"Esc", K_ESC},
        {"Tab", K_TAB},
        {"Backtab", K_BACKTAB},
        {"Backspace", K_BACKSPACE},
        {"Delete", K_DELETE},
        {"Space", ' '},
        {"F1", K_F1},
        {"F2", K_F2},
        {"F3", K_F3},
        {"F4", K_F4},
        {"F5", K_F5},
        {"F6", K_F6},
        {"F7", K_F7},
        {"F8", K_F8},
        {"F9", K_F9},
        {"F10", K_F10},
        {"F11", K_F11},
        {"F12", K_F12},
    };
    if (len == 1 && (unsigned char)*name < 0x7F)
        return *name;
    if (len == 2 && *name == '^')
        return K_CTRL(name[1]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == len && memcmp(names[i].name, name, len) == 0)
            return names[i].key;
    return -1;
}

/* The next word of a row's keys; NULL after the last. */
static const char *next_word(const char *s, size_t *len)
{
    s += strspn(s, " ");
    *len = strcspn(s, " ");
    return *len ? s : NULL;
}

enum action keymap_action(enum place place, int key)
{
    for (size_t i = 0; i < n_key_rows; i++) {
        if (key_rows[i].place != place)
            continue;
        size_t len;
        for (const char *s = key_rows[i].keys; (s = next_word(s, &len)); s += len)
            if (key_parse(s, len) == key)
                return key_rows[i].action;
    }
    return ACT_NONE;
}

const struct key_row *keymap_row(enum action action)
{
    /* Rows stand in the order of the enum. */
    return action > ACT_NONE && action < ACT_COUNT ? &key_rows[action - 1] : NULL;
}

const char *keymap_key_name(enum action action, size_t n, char out[16])
{
    const struct key_row *row = keymap_row(action);
    size_t len;
    for (const char *s = row ? row->keys : ""; (s = next_word(s, &len)); s += len)
        if (n-- == 0) {
            str_format(out, 16, "%.*s", (int)len, s);
            return out;
        }
    return NULL;
}

static const char *place_name(enum place place)
{
    switch (place) {
    case PLACE_GLOBAL: return "Everywhere";
    case PLACE_LIST: return "Lists";
    case PLACE_PAGER: return "Text";
    case PLACE_SHEET: return "Fix sheet";
    case PLACE_PROMPT: return "Command and filter line";
    case PLACE_COUNT: break;
    }
    return "";
}

static void help_place(struct doc *d, enum place place)
{
    doc_heading(d, place_name(place));
    for (size_t i = 0; i < n_key_rows; i++) {
        if (key_rows[i].place != place)
            continue;
        int pad = 16 - (int)strlen(key_rows[i].keys);
        doc_add(d, ROLE_KEY, "  %s%*s", key_rows[i].keys, pad > 2 ? pad : 2, "");
        doc_hang(d, 18);
        doc_puts(d, ROLE_TEXT, key_rows[i].help);
        doc_end(d);
    }
}

void keymap_help(struct doc *d, enum place first)
{
    help_place(d, first);
    for (int place = 0; place < PLACE_COUNT; place++)
        if (place != (int)first)
            help_place(d, (enum place)place);
}
