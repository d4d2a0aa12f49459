/* keymap: keys to actions, by place. The table is keymap.def; bindings, hints and help are read from it. */
#ifndef UI_KEYMAP_H
#define UI_KEYMAP_H

#include "doc.h"

enum place { PLACE_GLOBAL, PLACE_LIST, PLACE_PAGER, PLACE_SHEET, PLACE_PROMPT, PLACE_COUNT };

enum action {
    ACT_NONE,
#define KEY(action, place, keys, hint, help) ACT_##action,
#include "keymap.def"
#undef KEY
    ACT_COUNT
};

struct key_row {
    enum action action;
    enum place place;
    const char *keys, *hint, *help;
};
extern const struct key_row key_rows[];
extern const size_t n_key_rows;

/* The action of a key in this place; ACT_NONE when it has none there. The caller asks PLACE_GLOBAL after its own. */
enum action keymap_action(enum place, int key);
/* The n-th key of an action as it is shown: "Enter", "^d", "?". NULL beyond the last. */
const char *keymap_key_name(enum action, size_t n, char out[16]);
const struct key_row *keymap_row(enum action);
int key_parse(const char *name, size_t len);       /* -1 when it is no key's name */
void keymap_help(struct doc *, enum place first);   /* every binding, the place one is in first */

#endif
