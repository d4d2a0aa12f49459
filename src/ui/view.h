/* view: what a view is and what it sees. One file per view in views/: a constant `view_NAME`, its lists beside it. A view
 * draws and describes; keys, selection, filter and history are the same for all and live in app. */
#ifndef UI_VIEW_H
#define UI_VIEW_H

#include "layout.h"
#include "table.h"

#include <gatewatch/engine.h>

enum { VIEW_TABLES = 8 };

/* What a view remembers while others are shown. */
struct view_state {
    struct table tables[VIEW_TABLES];
    bool visible[VIEW_TABLES];      /* set by the last drawing: Tab goes among these */
    int focus;
    bool ready;
};

struct scene {
    struct canvas *canvas;
    const struct view_data *data;       /* NULL before the first */
    const struct topology *topo;        /* never NULL: an empty one stands in */
    const struct snapshot *snapshot;    /* may be NULL */
    const struct settings *settings;
    struct view_state *state;
    int64_t started_wall_ms;            /* of this program: what was so then may have been so for long */
    int64_t mono_ms, wall_ms;           /* of this frame, in steps, so that ages change together */
    bool ascii;
};

struct object_name {
    const char *kind, *namespace, *name;
};
struct jump {
    const char *view;                   /* NULL: nowhere */
    int list;
    uint64_t id;
    const char *filter;                 /* or NULL */
};

/* Rows of one sort, wherever they are shown. `row` indexes the topology or the findings. */
struct list {
    const char *title, *empty;          /* empty: what to say when there are none */
    const struct table_column *columns;
    int n_columns;
    size_t (*count)(const struct scene *);
    void (*cell)(const struct scene *, size_t row, int column, struct table_cell *);
    uint64_t (*id)(const struct scene *, size_t row);
    bool (*fault)(const struct scene *, size_t row);
    void (*describe)(const struct scene *, size_t row, struct doc *);
    bool (*object)(const struct scene *, size_t row, struct object_name *);
    const char *(*gateway)(const struct scene *, size_t row);       /* "ns/name" for a fix, or NULL */
    const struct finding *(*finding)(const struct scene *, size_t row);
    struct jump (*open)(const struct scene *, size_t row);          /* NULL: Enter describes */
};

struct view {
    const char *name, *title, *help;
    int order;                          /* its key */
    const struct list *const *lists;
    int n_lists;
    void (*draw)(struct scene *, struct rect);
};
extern const struct view *const *views_in_order(size_t *ret_n);

/* lists shared between views */
extern const struct list list_backends, list_probes, list_tenants, list_routes, list_services, list_nodes, list_findings;

const struct topo_probe *probe_of_row(const struct scene *, size_t row);     /* of list_probes */

/* ---- helpers of the views (scene.c) ----------------------------------------------------------------------------------- */

struct bound {                          /* a list and the scene it is asked in */
    const struct scene *scene;
    const struct list *list;
};
struct table_model list_model(struct bound *, const struct scene *, const struct list *);
void scene_sync(struct scene *, const struct view *);       /* all tables of the view follow the data */
/* Title line and table of the view's n-th list in `r`. */
void draw_list(struct scene *, const struct view *, int n, struct rect r);
/* A pane's title line: words left, a quiet remark right, a thin line between. Returns what is left below. */
struct rect draw_title(struct scene *, struct rect r, const char *title, const char *remark, bool focused);
/* The n-th list, and what is said of its selected row. */
void draw_list_and_detail(struct scene *, const struct view *, int n, struct rect r);

/* signs and words */
const char *light_sign(enum light, bool ascii);
enum role light_role(enum light);
const char *light_word(enum light);
const char *health_sign(enum health, bool ascii);
enum role health_role(enum health);
const char *severity_sign(enum severity, bool ascii);
enum role severity_role(enum severity);
const char *predicted_text(enum predicted, int status, char out[32]);
enum role predicted_role(enum predicted);
const char *tri_word(enum tri, const char *yes, const char *no);    /* "unknown" between */
/* An age in coarse steps ("<10s", "40s", "3m"), so that the screen changes little. What is younger than the frame is new. */
const char *age_text(int64_t ms, char out[16]);
/* "3m", or ">3m" for what was so when the program started; "" when not known. */
const char *since_text(const struct scene *, int64_t since_wall_ms, char out[16]);
const char *count_text(size_t, char out[24]);       /* "10,000" */
void cell_set(struct table_cell *, enum role, const char *format, ...) __attribute__((format(printf, 3, 4)));
void cell_number(struct table_cell *, enum role, int64_t value);     /* negative: not known */
size_t append_text(char *out, size_t cap, size_t used, const char *);      /* cut to fit; returns what is used then */
void join_strings(const struct strings *, const char *separator, char *out, size_t cap);
uint64_t hash_of(const char *a, const char *b, const char *c, const char *d);
const char *last_segment(const char *id);       /* of a resource id */
const char *short_name(const char *ns_name);    /* "ns/name" → "name" */
const struct finding *finding_with_fix(const struct scene *, const char *gateway);
/* Something that matters has not answered yet. The load balancer's own report may take minutes and is not waited for
 * once the backends' health is known. */
bool still_loading(const struct view_data *);
size_t sources_pending(const struct view_data *);
const struct finding *root_cause(const struct view_data *);
size_t findings_count(const struct view_data *, enum severity, bool folded_too);

#endif
