/* layout: from the size of the screen to the places on it. Pure. A place with no room is empty. */
#ifndef UI_LAYOUT_H
#define UI_LAYOUT_H

#include "canvas.h"

enum { LAYOUT_MIN_W = 20, LAYOUT_MIN_H = 4 };

/* The frame around every view. */
struct layout {
    struct rect header;     /* where we are, tags, time */
    struct rect tabs;       /* names of the views, on tall screens */
    struct rect verdict;    /* the one loud line */
    struct rect banner;     /* what is wrong with ourselves: no Azure, no cluster, a login that waits */
    struct rect body;
    struct rect sources;    /* how old what we know is */
    struct rect hints;      /* keys; or the line where one types */
};
struct layout layout_frame(int w, int h, int banner_rows);

/* What the overview would like to have, in rows (titles and headings included). */
struct overview_wants {
    int cause, probes, backends, findings, tenants, services, nodes;
};
struct overview {
    struct rect path, cause, probes, backends, findings, tenants, services, nodes, routes;
};
struct overview layout_overview(struct rect body, const struct overview_wants *);

/* A list and what is said of its selected row: below, or beside where there is width. */
struct split {
    struct rect list, detail;
    bool beside;
};
struct split layout_split(struct rect body, int list_rows);

/* A sheet in the middle. */
struct rect layout_sheet(int w, int h);

#endif
