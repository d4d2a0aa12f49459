#include "cli.h"

#include <string.h>

static const struct option_spec *find(const struct option_spec *specs, const char *word, size_t len)
{
    for (; specs && specs->name; specs++)
        if (strlen(specs->name) == len && !strncmp(specs->name, word, len))
            return specs;
    return NULL;
}

static bool unknown_option(const struct option_spec *specs, const char *word, const char *command, struct error *err)
{
    const char *names[40] = { "-o" };
    size_t n = 1;
    for (; specs && specs->name && n < 39; specs++)
        names[n++] = specs->name;
    const char *near = str_nearest(word, names);
    error_set(err, ERR_USAGE, "unknown option %s for `%s`", word, command);
    if (near)
        return error_remedy(err, "did you mean %s? `gatewatch help %s` lists the options", near, command);
    return error_remedy(err, "`gatewatch help %s` lists the options", command);
}

static bool set_format(struct options *options, const char *value, bool prom_allowed, struct error *err)
{
    options->json = str_eq(value, "json");
    options->prom = prom_allowed && str_eq(value, "prom");
    if (options->json || options->prom || str_eq(value, "text"))
        return true;
    error_set(err, ERR_USAGE, "-o %s is not a format", str_or(value, "(nothing)"));
    return error_remedy(err, "use -o text%s or -o json", prom_allowed ? ", -o prom" : "");
}

bool options_parse(struct options *options, const struct option_spec *specs, int argc, char **argv, bool prom_allowed,
                   struct error *err)
{
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (only_words || word[0] != '-' || !word[1]) {
            if (options->n_words >= sizeof options->words / sizeof *options->words)
                return error_set(err, ERR_USAGE, "too many words: %s", word);
            options->words[options->n_words++] = word;
            continue;
        }
        if (str_eq(word, "--")) {
            only_words = true;
            continue;
        }
        const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
        const size_t len = equals ? (size_t)(equals - word) : strlen(word);
        const bool format = (len == 2 && !strncmp(word, "-o", 2)) || (len == 8 && !strncmp(word, "--output", 8));
        const struct option_spec *spec = format ? NULL : find(specs, word, len);
        if (!format && !spec)
            return unknown_option(specs, word, argv[0], err);
        const char *value = equals ? equals + 1 : "";
        if (!equals && (format || spec->takes_value)) {
            if (i + 1 >= argc)
                return error_set(err, ERR_USAGE, "%s needs a value", word);
            value = argv[++i];
        }
        if (format) {
            if (!set_format(options, value, prom_allowed, err))
                return false;
            continue;
        }
        if (options->n >= sizeof options->items / sizeof *options->items)
            return error_set(err, ERR_USAGE, "too many options");
        options->items[options->n].name = spec->name;
        options->items[options->n++].value = value;
    }
    return true;
}

const char *options_value(const struct options *options, const char *name)
{
    for (size_t i = options->n; i-- > 0;)
        if (str_eq(options->items[i].name, name))
            return options->items[i].value;
    return NULL;
}

size_t options_files(const struct options *options, const char *files[OPTION_FILES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < options->n && n < OPTION_FILES_MAX; i++)
        if (str_eq(options->items[i].name, "-f"))
            files[n++] = options->items[i].value;
    for (size_t i = 0; i < options->n_words && n < OPTION_FILES_MAX; i++)
        if (options->words[i])
            files[n++] = options->words[i];
    return n;
}

int usage_error(const struct error *err, bool json)
{
    output_error(err, json);
    return EXIT_USAGE;
}
