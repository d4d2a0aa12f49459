/* The only reader of the environment, and the folders that follow from it (XDG Base Directory
 * Specification). */
#include <gatewatch/config.h>

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *env_get(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static char *join(const char *folder, const char *name)
{
    if (!name || !*name)
        return xstrdup(folder);
    return xasprintf("%s%s%s", folder, str_ends(folder, "/") ? "" : "/", name);
}

char *path_home(const char *relative)
{
    const char *home = env_get("HOME");
    if (!home || *home != '/') {
        const struct passwd *me = getpwuid(getuid());
        home = me && me->pw_dir && *me->pw_dir ? me->pw_dir : "/";
    }
    return join(home, relative);
}

/* $VARIABLE when it is an absolute path (others must be ignored, says the specification), else
 * ~/OTHERWISE. */
static char *xdg_folder(const char *variable, const char *otherwise)
{
    const char *value = env_get(variable);
    FREE_AUTO char *base = value && *value == '/' ? xstrdup(value) : path_home(otherwise);
    return join(base, "gatewatch");
}

char *path_config(const char *file)
{
    FREE_AUTO char *folder = xdg_folder("XDG_CONFIG_HOME", ".config");
    return join(folder, file);
}

/* Makes `path` and what leads to it. What cannot be made shows when the file in it is opened. */
static void make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    if (mkdir(path, 0700) < 0 && errno == EEXIST)
        chmod(path, 0700);
}

char *path_state(const char *file)
{
    FREE_AUTO char *folder = xdg_folder("XDG_STATE_HOME", ".local/state");
    make_folders(folder);
    return join(folder, file);
}

char *path_beside_program(const char *name)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return xstrdup(name);
    self[n] = '\0';
    char *slash = strrchr(self, '/');
    if (slash)
        slash[slash == self] = '\0';
    return join(self, name);
}

char **path_themes(size_t *ret_n)
{
    /* One's own, those of a build that was not installed, those that were. */
    char **folders = xcalloc(3, sizeof *folders);
    size_t n = 0;
    folders[n++] = path_config("themes");
    folders[n++] = path_beside_program("../themes");
    folders[n++] = xstrdup(GATEWATCH_DATADIR "/themes");
    *ret_n = n;
    return folders;
}

/* "export K='V'", "export K=V" or "K=V"; comments and anything else are passed over. */
static void env_line(char *line)
{
    if (str_starts(line, "export "))
        line += 7;
    char *equals = strchr(line, '=');
    if (!equals || equals == line || *line == '#')
        return;
    *equals = '\0';
    char *value = equals + 1;
    const size_t len = strlen(value);
    if (len >= 2 && (*value == '\'' || *value == '"') && value[len - 1] == *value) {
        value[len - 1] = '\0';
        value++;
    }
    setenv(line, value, 1);
}

bool env_load_file(const char *path, struct error *err)
{
    FREE_AUTO char *bytes = NULL;
    size_t len;
    if (!file_read(path, 1 << 20, &bytes, &len, err))
        return false;
    for (char *line = bytes, *end; line && *line; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        env_line(line);
    }
    return true;
}
