/* The terminal in memory: pty, libvterm, keys and waiting. What it looks like is in look.c. */
#include "screen_private.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <utmp.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int patient(int ms)
{
    const char *slow = getenv("GATEWATCH_SLOW");
    int factor = slow ? atoi(slow) : 1;
    return ms * (factor > 0 ? factor : 1);
}

const char *build_folder(void)
{
    const char *folder = getenv("GATEWATCH_BUILD");
    return folder && *folder ? folder : "build";
}

/* ---- libvterm's callbacks ------------------------------------------------------------------------------------------ */

static int on_termprop(VTermProp prop, VTermValue *value, void *user)
{
    struct screen *s = user;
    switch ((int)prop) {
    case VTERM_PROP_ALTSCREEN:
        s->alt = value->boolean;
        break;
    case VTERM_PROP_TITLE:
        snprintf(s->title, sizeof s->title, "%s", value->string ? value->string : "");
        break;
    default:
        break;
    }
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_termprop};

/* What libvterm answers or types goes to the program. */
static void on_output(const char *bytes, size_t len, void *user)
{
    screen_bytes(user, bytes, len);
}

/* ---- start and end ------------------------------------------------------------------------------------------------- */

static void set_home(const char *folder)
{
    static const struct { const char *variable, *below; } places[] = {
        {"HOME", "home"}, {"XDG_CONFIG_HOME", "config"}, {"XDG_STATE_HOME", "state"},
        {"XDG_CACHE_HOME", "cache"}, {"XDG_RUNTIME_DIR", "run"}, {"TMPDIR", "tmp"},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, places[i].below);
        mkdir(path, 0700);
        setenv(places[i].variable, path, 1);
    }
}

static void child_environment(const struct screen *s, const struct screen_options *options)
{
    static const char *const dropped[] = {"COLORTERM", "NO_COLOR", "TMUX", "STY", "KUBECONFIG", "LINES", "COLUMNS", NULL};
    for (size_t i = 0; dropped[i]; i++)
        unsetenv(dropped[i]);
    set_home(s->folder);
    setenv("TERM", options->term ? options->term : "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    for (size_t i = 0; options->env && options->env[i]; i++) {
        const char *equals = strchr(options->env[i], '=');
        if (equals) {
            char name[256];
            snprintf(name, sizeof name, "%.*s", (int)(equals - options->env[i]), options->env[i]);
            setenv(name, equals + 1, 1);
        } else {
            unsetenv(options->env[i]);
        }
    }
}

static void make_vterm(struct screen *s)
{
    s->vt = vterm_new(s->rows, s->cols);
    vterm_set_utf8(s->vt, 1);
    s->vs = vterm_obtain_screen(s->vt);
    vterm_screen_enable_altscreen(s->vs, 1);
    vterm_screen_set_callbacks(s->vs, &callbacks, s);
    vterm_screen_reset(s->vs, 1);
    vterm_output_set_callback(s->vt, on_output, s);
    s->cursor_visible = true;
    s->alt = false;
}

struct screen *screen_start(const struct screen_options *given, const char *const *argv)
{
    static const struct screen_options none;
    const struct screen_options *options = given ? given : &none;
    setlocale(LC_CTYPE, "C.UTF-8");

    struct screen *s = calloc(1, sizeof *s);
    s->rows = options->rows > 0 ? options->rows : 24;
    s->cols = options->cols > 0 ? options->cols : 80;
    s->status = -1;
    if (options->folder)
        snprintf(s->folder, sizeof s->folder, "%s", options->folder);
    else
        s->own_folder = temporary_folder(s->folder, sizeof s->folder, "gw-screen");
    make_vterm(s);

    /* The window has its size before the program starts, and what comes first is not lost: nothing is read before. */
    struct winsize size = {.ws_row = (unsigned short)s->rows, .ws_col = (unsigned short)s->cols};
    int slave;
    if (openpty(&s->master, &slave, NULL, NULL, &size) != 0)
        fail_msg("openpty: %s", strerror(errno));
    /* As it is before the program can have touched it. */
    tcgetattr(s->master, &s->before);
    s->pid = fork();
    if (s->pid < 0)
        fail_msg("fork: %s", strerror(errno));
    if (s->pid == 0) {
        close(s->master);
        login_tty(slave);
        child_environment(s, options);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    fcntl(s->master, F_SETFD, FD_CLOEXEC);
    close(slave);
    fcntl(s->master, F_SETFL, fcntl(s->master, F_GETFL) | O_NONBLOCK);
    return s;
}

struct screen *screen_gatewatch(const struct sim *sim, const struct screen_options *given, ...)
{
    char program[4096], config[4096], kubeconfig[4096], said[4096];
    const char *argv[64], *env[128];
    struct screen_options options = {0};
    if (given)
        options = *given;
    size_t n = 0;
    snprintf(program, sizeof program, "%s/gatewatch", build_folder());
    argv[n++] = program;
    va_list more;
    va_start(more, given);
    for (const char *word; n < 58 && (word = va_arg(more, const char *));)
        argv[n++] = word;
    va_end(more);
    if (sim) {
        snprintf(config, sizeof config, "%s/config.yaml", sim_folder(sim));
        snprintf(kubeconfig, sizeof kubeconfig, "%s/kubeconfig", sim_folder(sim));
        argv[n++] = "--config";
        argv[n++] = config;
        argv[n++] = "--kubeconfig";
        argv[n++] = kubeconfig;
    }
    argv[n] = NULL;
    /* The test's own variables come after the simulator's, and win. */
    n = sim ? sim_environment(sim, said, sizeof said, env, 64) : 0;
    for (size_t i = 0; n < 127 && options.env && options.env[i]; i++)
        env[n++] = options.env[i];
    env[n] = NULL;
    options.env = env;
    return screen_start(&options, argv);
}

/* Looks whether the program has ended or stopped. */
static void reap(struct screen *s)
{
    if (s->status >= 0)
        return;
    int status;
    if (waitpid(s->pid, &status, WNOHANG | WUNTRACED | WCONTINUED) != s->pid)
        return;
    if (WIFEXITED(status))
        s->status = WEXITSTATUS(status);
    else if (WIFSIGNALED(status))
        s->status = 128 + WTERMSIG(status);
    else
        s->stopped = WIFSTOPPED(status);
}

void screen_stop(struct screen *s)
{
    if (!s)
        return;
    if (s->status < 0) {
        kill(s->pid, SIGKILL);
        kill(s->pid, SIGCONT);
        waitpid(s->pid, NULL, 0);
    }
    close(s->master);
    vterm_free(s->vt);
    if (s->own_folder)
        remove_folder(s->folder);
    free(s->raw);
    free(s->text);
    free(s->clipboard);
    free(s);
}

void screen_signal(struct screen *s, int number)
{
    if (s->status < 0)
        kill(s->pid, number);
}

/* ---- reading --------------------------------------------------------------------------------------------------------- */

/* Reads once, waiting up to ms. False when nothing came. */
static bool read_some(struct screen *s, int ms)
{
    char bytes[16384];
    struct pollfd p = {.fd = s->master, .events = POLLIN};
    if (poll(&p, 1, ms) <= 0)
        return false;
    ssize_t n = read(s->master, bytes, sizeof bytes);
    if (n <= 0) {
        /* EIO: nobody has the other side open. It may be opened again only by a child that is still there. */
        if (n == 0 || errno == EIO) {
            s->hung_up = true;
            if (s->status < 0)
                poll(NULL, 0, ms < 5 ? ms : 5);
        }
        return false;
    }
    screen_note(s, bytes, (size_t)n);
    vterm_input_write(s->vt, bytes, (size_t)n);
    return true;
}

static void read_all(struct screen *s)
{
    while (read_some(s, 0))
        ;
}

int screen_wait_exit(struct screen *s, int ms)
{
    int64_t end = now_ms() + patient(ms);
    while (s->status < 0 && now_ms() < end) {
        read_some(s, 10);
        reap(s);
    }
    read_all(s);
    return s->status;
}

bool screen_wait_stopped(struct screen *s, int ms)
{
    int64_t end = now_ms() + patient(ms);
    while (s->status < 0 && !s->stopped && now_ms() < end) {
        read_some(s, 10);
        reap(s);
    }
    read_all(s);
    return s->stopped;
}

bool screen_settle(struct screen *s, int quiet, int ms)
{
    int64_t end = now_ms() + patient(ms), last = now_ms();
    while (now_ms() < end) {
        if (read_some(s, 5))
            last = now_ms();
        else if (now_ms() - last >= quiet)
            return true;
        reap(s);
    }
    return false;
}

static bool matches(struct screen *s, const regex_t *pattern)
{
    return regexec(pattern, screen_text(s), 0, NULL, 0) == 0;
}

static void compile(regex_t *compiled, const char *pattern)
{
    int status = regcomp(compiled, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB);
    if (status != 0) {
        char why[256];
        regerror(status, compiled, why, sizeof why);
        fail_msg("pattern \"%s\": %s", pattern, why);
    }
}

bool screen_has(struct screen *s, const char *pattern)
{
    regex_t compiled;
    compile(&compiled, pattern);
    bool found = matches(s, &compiled);
    regfree(&compiled);
    return found;
}

static bool wait_for(struct screen *s, const char *pattern, bool gone, int ms)
{
    regex_t compiled;
    compile(&compiled, pattern);
    int64_t end = now_ms() + patient(ms);
    bool over = false;
    for (;;) {
        read_all(s);
        over = matches(s, &compiled) != gone;
        int64_t left = end - now_ms();
        if (over || left <= 0 || (s->hung_up && s->status >= 0))
            break;
        read_some(s, left < 50 ? (int)left : 50);
        reap(s);
    }
    regfree(&compiled);
    if (!over) {
        char why[1024];
        snprintf(why, sizeof why, "%s within %d ms: %s%s", gone ? "did not go" : "did not come", patient(ms), pattern,
                 s->status >= 0 ? " (the program has ended)" : "");
        screen_dump(s, why);
    }
    return over;
}

bool screen_wait_text(struct screen *s, const char *pattern, int ms)
{
    return wait_for(s, pattern, false, ms);
}

bool screen_wait_gone(struct screen *s, const char *pattern, int ms)
{
    return wait_for(s, pattern, true, ms);
}

void screen_expect_at(struct screen *s, const char *pattern, bool gone, const char *file, int line)
{
    if (!wait_for(s, pattern, gone, SCREEN_WAIT)) {
        print_error("%s:%d: %s: %s\n", file, line, gone ? "still on the screen" : "not on the screen", pattern);
        _fail(file, line);
    }
}

/* ---- keys -------------------------------------------------------------------------------------------------------------- */

void screen_bytes(struct screen *s, const void *bytes, size_t len)
{
    const char *at = bytes;
    int64_t end = now_ms() + patient(SCREEN_WAIT);
    while (len > 0 && s->status < 0 && now_ms() < end) {
        ssize_t n = write(s->master, at, len);
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd p = {.fd = s->master, .events = POLLOUT};
            poll(&p, 1, 20);
        } else {
            return;
        }
    }
}

struct named_key { const char *name; VTermKey key; uint32_t plain; };
static const struct named_key named_keys[] = {
    {"Up", VTERM_KEY_UP, 0},          {"Down", VTERM_KEY_DOWN, 0},      {"Left", VTERM_KEY_LEFT, 0},
    {"Right", VTERM_KEY_RIGHT, 0},    {"Home", VTERM_KEY_HOME, 0},      {"End", VTERM_KEY_END, 0},
    {"PgUp", VTERM_KEY_PAGEUP, 0},    {"PgDn", VTERM_KEY_PAGEDOWN, 0},  {"Insert", VTERM_KEY_INS, 0},
    {"Delete", VTERM_KEY_DEL, 0},     {"Enter", VTERM_KEY_ENTER, 0},    {"Esc", VTERM_KEY_ESCAPE, 0},
    {"Tab", VTERM_KEY_TAB, 0},        {"Backspace", VTERM_KEY_BACKSPACE, 0},
    {"Space", VTERM_KEY_NONE, ' '},   {"lt", VTERM_KEY_NONE, '<'},
};

static bool press_named(struct screen *s, const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof named_keys / sizeof *named_keys; i++) {
        const struct named_key *k = &named_keys[i];
        if (strlen(k->name) != len || strncmp(k->name, name, len) != 0)
            continue;
        if (k->plain)
            vterm_keyboard_unichar(s->vt, k->plain, VTERM_MOD_NONE);
        else
            vterm_keyboard_key(s->vt, k->key, VTERM_MOD_NONE);
        return true;
    }
    if (len == 7 && strncmp(name, "BackTab", 7) == 0) {
        vterm_keyboard_key(s->vt, VTERM_KEY_TAB, VTERM_MOD_SHIFT);
        return true;
    }
    if (len == 3 && name[1] == '-' && (name[0] == 'C' || name[0] == 'M')) {
        /* Control is a byte of its own; Alt is Escape before it. */
        char bytes[2] = {'\033', name[2]};
        char control = (char)(name[2] & 0x1f);
        screen_bytes(s, name[0] == 'C' ? &control : bytes, name[0] == 'C' ? 1 : 2);
        return true;
    }
    if (len >= 2 && len <= 3 && name[0] == 'F') {
        int n = atoi(name + 1);
        if (n >= 1 && n <= 12) {
            vterm_keyboard_key(s->vt, (VTermKey)VTERM_KEY_FUNCTION(n), VTERM_MOD_NONE);
            return true;
        }
    }
    return false;
}

void screen_keys(struct screen *s, const char *keys)
{
    read_all(s);                /* the modes that keys depend on */
    while (*keys) {
        const char *end = *keys == '<' ? strchr(keys, '>') : NULL;
        if (end && end > keys + 1) {
            if (!press_named(s, keys + 1, (size_t)(end - keys - 1)))
                fail_msg("no such key: %.*s>", (int)(end - keys), keys);
            keys = end + 1;
        } else {
            screen_bytes(s, keys++, 1);
        }
    }
}

void screen_paste(struct screen *s, const char *text)
{
    read_all(s);
    bool bracketed = screen_mode(s, 2004);
    if (bracketed)
        screen_bytes(s, "\033[200~", 6);
    screen_bytes(s, text, strlen(text));
    if (bracketed)
        screen_bytes(s, "\033[201~", 6);
}

void screen_resize(struct screen *s, int rows, int cols)
{
    read_all(s);
    s->rows = rows;
    s->cols = cols;
    vterm_set_size(s->vt, rows, cols);
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    ioctl(s->master, TIOCSWINSZ, &size);
}
