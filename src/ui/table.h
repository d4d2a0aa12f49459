/* table: rows that move beneath a cursor which stays. Selection, marks and sort hold on to identities, never to indexes.
 * The rows themselves are asked for cell by cell, so ten thousand cost what the visible ones cost. */
#ifndef UI_TABLE_H
#define UI_TABLE_H

#include "canvas.h"
#include "keymap.h"

#include <regex.h>

struct table_column {
    const char *title;
    uint8_t min;            /* columns it may be cut to; 0: never cut */
    uint8_t weight;         /* share of the room that is left over */
    uint8_t drop;           /* 0: stays; the highest go first where there is no room */
    bool right;             /* aligned */
    bool group;             /* a value like the one above is not repeated */
};

struct table_cell {
    char text[320];
    enum role role;
    int64_t number;         /* sorts by it when has_number */
    bool has_number;
};

struct table_model {
    const struct table_column *columns;
    int n_columns;
    size_t n_rows;
    const void *ctx;
    void (*cell)(const void *ctx, size_t row, int column, struct table_cell *);
    uint64_t (*id)(const void *ctx, size_t row);
    bool (*fault)(const void *ctx, size_t row);         /* or NULL */
};

enum { TABLE_COLUMNS_MAX = 16, FILTER_TERMS_MAX = 8 };

struct filter_term {
    bool negate, regex;
    int column;             /* -1: any */
    regex_t compiled;
    char literal[128];
};
struct filter {
    char text[128];
    struct filter_term terms[FILTER_TERMS_MAX];
    int n;
};

struct table {
    size_t *order;          /* rows that are shown */
    size_t n, cap;
    uint64_t selected;      /* id; 0: none yet */
    size_t cursor, top;
    int shift;              /* columns moved out to the left */
    int sort;               /* column, or -1 for the model's own order */
    bool descending, faults_only;
    struct filter filter;
    uint64_t *marks;
    size_t n_marks, cap_marks;
    uint64_t serial;        /* of the data it was last synced with */
    bool dirty;
    int widths[TABLE_COLUMNS_MAX];      /* natural */
    int page;               /* rows seen at the last drawing */
};
void table_init(struct table *);
void table_free(struct table *);
/* Brings the order up to date when the data's serial, the filter or the sort changed. */
void table_sync(struct table *, const struct table_model *, uint64_t serial);
/* The row under the cursor; SIZE_MAX when there is none. */
size_t table_row(const struct table *);
void table_select(struct table *, const struct table_model *, uint64_t id);
bool table_is_marked(const struct table *, uint64_t id);
/* True when the action was one of a list's moves. */
bool table_act(struct table *, const struct table_model *, enum action);
void table_draw(struct table *, const struct table_model *, struct canvas *, struct rect, bool focused);

/* Words are joined by "and": text (a regular expression when it has its signs), !text, column:expression. */
void filter_set(struct filter *, const char *text, const struct table_column *columns, int n_columns);
void filter_clear(struct filter *);
bool filter_keeps(const struct filter *, const struct table_model *, size_t row);
/* Widths of the columns in `room`; 0 for those that are left out. */
void table_fit(const struct table_column *, int n, const int *natural, int shift, int room, int *widths);
uint64_t table_hash(const char *s);                     /* never 0 */

#endif
