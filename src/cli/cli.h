/* Private to cli/: standard output, options of subcommands, one-shot waiting. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <gatewatch/cli.h>

/* ---- output.c: the only writer of standard output ------------------------------------------------------------------- */
void output_write(const struct text *);                 /* whole; a closed pipe ends quietly */
void output_puts(const char *s);
/* One clear sentence and its remedy on standard error; with json also the object on standard output. */
void output_error(const struct error *, bool json);
int output_columns(void);                               /* of the terminal on standard output; 0 when it is none */
/* A question on the terminal: the answer without its newline; false at end of input or without a terminal. */
bool output_ask(const char *question, char *answer, size_t cap);

/* ---- options.c: words after the subcommand ---------------------------------------------------------------------------- */
struct option_spec { const char *name; bool takes_value; };
struct options {
    bool json, prom;
    struct { const char *name, *value; } items[64];
    size_t n;
    const char *words[64];
    size_t n_words;
};
/* "-o json" (or text, or prom where allowed) is common to all. Unknown options are errors that name the nearest. */
bool options_parse(struct options *, const struct option_spec *, int argc, char **argv, bool prom_allowed,
                   struct error *);
const char *options_value(const struct options *, const char *name);    /* NULL when absent; "" for a switch */
/* What -f names, and the words that follow (`-f *.yaml`), in order; words that were taken are NULL. */
enum { OPTION_FILES_MAX = 128 };
size_t options_files(const struct options *, const char *files[OPTION_FILES_MAX]);
/* Reports a usage error of a subcommand; returns EXIT_USAGE. */
int usage_error(const struct error *, bool json);

/* ---- oneshot.c: an engine, waited for ----------------------------------------------------------------------------------- */
/* Waits until every source has answered once, or long enough. NULL with the error when the world cannot be opened at
 * all; sources that failed are named on standard error. */
struct view_data *oneshot_view(struct engine *, const struct settings *, bool json, int *ret_exit);
/* A whole subcommand that looks once and prints: `print` fills the text and returns the exit code. */
typedef int oneshot_print(const struct view_data *, const struct options *, struct text *out);
int oneshot_report(const struct settings *, int argc, char **argv, bool prom_allowed, oneshot_print *);

#endif
