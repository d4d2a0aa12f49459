/* pager: a page of text over the view: details, YAML, events, help. */
#ifndef UI_PAGER_H
#define UI_PAGER_H

#include "keymap.h"
#include "view.h"

enum pager_kind { PAGER_TEXT, PAGER_ROW, PAGER_DOCUMENT };

struct pager {
    bool open;
    enum pager_kind kind;
    char title[256];
    struct doc doc;
    size_t top;
    int shift, page, width;
    char search[128];
    /* PAGER_ROW: what is described, followed while data move */
    const struct list *list;
    uint64_t id;
    bool gone;
    /* PAGER_DOCUMENT: what was asked for */
    uint64_t request;
    bool loaded, yaml;
};
void pager_close(struct pager *);
void pager_open(struct pager *, enum pager_kind, const char *title);
/* Takes what is new: a changed row, an answer that came. */
void pager_update(struct pager *, const struct scene *);
bool pager_act(struct pager *, enum action);        /* true when it was one of a pager's moves */
void pager_search(struct pager *, const char *needle, bool again, bool backwards);
void pager_draw(struct pager *, struct scene *, struct rect);

#endif
