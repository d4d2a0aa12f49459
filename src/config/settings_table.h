/* How the files of settings share their one table. Private to config. */
#ifndef CONFIG_SETTINGS_TABLE_H
#define CONFIG_SETTINGS_TABLE_H

#include <gatewatch/config.h>

#include <jansson.h>

enum setting_type {
    SETTING_CONFIG,     /* the file itself */
    SETTING_TEXT,
    SETTING_PATH,       /* text; relative ones in a file count from its folder, ~/ is our home */
    SETTING_LIST,
    SETTING_SWITCH,
    SETTING_NUMBER,
    SETTING_CLOUDS,
    SETTING_TENANCY,
};

/* Beside setting_info, row by row: where a value goes and what it may be. */
struct setting_rule {
    enum setting_type type;
    size_t at;                          /* offset in struct settings */
    int min, max;                       /* of a number */
    const char *const *choices;         /* NULL: any */
    bool (*check)(const char *value);   /* of a text or a list's item; NULL: any */
    const char *wanted;                 /* what `check` wants, for the message */
};

enum setting_level { LEVEL_DEFAULT, LEVEL_FILE, LEVEL_ENVIRONMENT, LEVEL_FLAG };

/* Where a value comes from, for errors and for relative paths. */
struct setting_source {
    enum setting_level level;
    const char *name; /* "/home/…/config.yaml", "--refresh", "GATEWATCH_REFRESH" */
    const struct yaml_doc *doc;         /* gives lines; NULL for plain text */
    const char *folder;                 /* of the file; NULL: the working directory */
};

/* Settings on their way, with the level and the place of each row's value. */
struct loading {
    struct settings s;
    enum setting_level *levels;
    char **places;                      /* "FILE:LINE" or the flag; NULL for defaults */
};

extern const struct setting_rule *const setting_rules;
size_t setting_count(void);
size_t setting_by_flag(const char *flag, size_t len);   /* setting_count() when there is none */

/* Fails with "NAME:LINE: …" and the code that suits the source. `line` 0 leaves it out. */
bool setting_error(struct error *, const struct setting_source *, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* All keys of `object` stand in `names`, or an error that names the nearest. `inside` is "" or
 * "tenancy.". */
bool setting_known_keys(const struct setting_source *, const json_t *object, const char *inside,
                        const char *const *names, struct error *);
/* A key's text; NULL in *ret when it is not there. */
bool setting_text_of(const struct setting_source *, const json_t *object, const char *key,
                     const char **ret, struct error *);

bool setting_from_text(struct loading *, size_t row, const char *value,
                       const struct setting_source *, struct error *);
bool setting_from_json(struct loading *, size_t row, const json_t *value, int line,
                       const struct setting_source *, struct error *);
/* A value of YAML given as text: --clouds, --tenancy and their variables. */
bool setting_from_yaml(struct loading *, size_t row, const char *text,
                       const struct setting_source *, struct error *);
void setting_note(struct loading *, size_t row, const struct setting_source *, int line);

bool settings_read_file(struct loading *, const char *path, struct error *);

/* Flags taken from argv, in order, not yet applied. */
struct setting_flags {
    struct {
        size_t row;
        const char *value;      /* NULL: a switch without "=" */
    } *taken;
    size_t n, cap;
    char **rest;                /* what is left, argv[0] first */
    size_t n_rest;
};
bool setting_flags_take(struct setting_flags *, int argc, char **argv, struct error *);
bool setting_flags_apply(struct loading *, const struct setting_flags *, struct error *);
void setting_flags_free(struct setting_flags *);

void clouds_default(struct settings *);
bool clouds_from_json(struct settings *, const json_t *, const struct setting_source *,
                      struct error *);
void clouds_free(struct settings *);
void tenancy_default(struct tenancy *);
bool tenancy_from_json(struct tenancy *, const json_t *, const struct setting_source *,
                       struct error *);
void tenancy_free(struct tenancy *);

void string_list_add(struct string_list *, const char *);
void string_list_free(struct string_list *);

#endif
