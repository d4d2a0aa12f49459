/* Common flags: before the subcommand, after it, as "--flag value" or "--flag=value". */
#include "settings_table.h"

#include <stdlib.h>
#include <string.h>

void setting_flags_free(struct setting_flags *f)
{
    free(f->taken);
    free(f->rest);
    *f = (struct setting_flags){0};
}

static bool unknown_flag(const char *word, size_t len, struct error *err)
{
    size_t n;
    const struct setting_info *infos = settings_table(&n);
    FREE_AUTO const char **names = xcalloc(n + 1, sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = infos[i].flag;
    FREE_AUTO char *flag = xstrndup(word, len);
    error_set(err, ERR_USAGE, "unknown flag %s", flag);
    const char *near = str_nearest(flag, names);
    if (near)
        return error_remedy(err, "did you mean %s?", near);
    return error_remedy(err, "a subcommand's own flags stand after it; see gatewatch help");
}

/* Takes the flag at argv[*i], and its value, when it is one of ours; leaves *i at the last word
 * taken. */
static bool take_one(struct setting_flags *f, int argc, char **argv, int *i, bool *ret_ours,
                     struct error *err)
{
    const char *word = argv[*i];
    size_t len = strcspn(word, "="), n;
    size_t row = setting_by_flag(word, len);
    const struct setting_info *infos = settings_table(&n);
    *ret_ours = row < n;
    if (row == n)
        return true;
    const char *value = word[len] == '=' ? word + len + 1 : NULL;
    const char *wanted = infos[row].argument;
    if (wanted && !value) {
        if (*i + 1 < argc && !str_starts(argv[*i + 1], "--"))
            value = argv[++*i];
    }
    if (wanted && (!value || !*value)) {
        error_set(err, ERR_USAGE, "%s needs a value", infos[row].flag);
        return error_remedy(err, "write %s %s", infos[row].flag, wanted);
    }
    GROW(f->taken, f->n, f->cap);
    f->taken[f->n].row = row;
    f->taken[f->n++].value = value;
    return true;
}

static bool asks_for_help(const char *word)
{
    return str_eq(word, "-h") || str_eq(word, "--help") || str_eq(word, "--version") ||
           str_eq(word, "-V");
}

bool setting_flags_take(struct setting_flags *f, int argc, char **argv, struct error *err)
{
    bool command = false, ended = false;
    f->rest = xcalloc((size_t)argc + 1, sizeof *f->rest);
    for (int i = 0; i < argc; i++) {
        char *word = argv[i];
        bool ours = false;
        if (i > 0 && !ended && str_eq(word, "--")) {
            ended = true;
            /* After the subcommand it ends that one's flags too; before it, it has done its
             * work. */
            if (!command)
                continue;
        } else if (i > 0 && !ended && word[0] == '-' && word[1]) {
            if (!take_one(f, argc, argv, &i, &ours, err))
                return false;
            if (!ours && !command && !asks_for_help(word))
                return unknown_flag(word, strcspn(word, "="), err);
        }
        if (ours)
            continue;
        if (i > 0)
            command = true;
        f->rest[f->n_rest++] = word;
    }
    return true;
}

bool setting_flags_apply(struct loading *l, const struct setting_flags *f, struct error *err)
{
    size_t n;
    const struct setting_info *infos = settings_table(&n);
    for (size_t i = 0; i < f->n; i++) {
        struct setting_source source = {.level = LEVEL_FLAG, .name = infos[f->taken[i].row].flag};
        if (!setting_from_text(l, f->taken[i].row, str_or(f->taken[i].value, "true"), &source, err))
            return false;
    }
    return true;
}
