/* The log file: off until opened, one write per line, nothing secret in it. */
#include <gatewatch/base.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int log_fd = -1;

bool log_open(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
    if (fd < 0) {
        error_set(err, ERR_CONFIG, "log file %s: %s", path, strerror(errno));
        return error_remedy(err, "name another file with --log-file");
    }
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fchmod(fd, 0600) < 0) {
        error_set(err, ERR_CONFIG, "log file %s: cannot be made private: %s", path,
                  strerror(errno));
        close(fd);
        return false;
    }
    int old = atomic_exchange(&log_fd, fd);
    if (old >= 0)
        close(old);
    return true;
}

void log_close(void)
{
    int fd = atomic_exchange(&log_fd, -1);
    if (fd >= 0)
        close(fd);
}

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    int fd = atomic_load(&log_fd);
    if (fd < 0)
        return;
    char raw[4096], line[4096 + 64], stamp[32];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    if (n < 0)
        return;
    int64_t now = clock_wall_ms();
    clock_format_rfc3339(now, stamp);
    stamp[strcspn(stamp, "Z")] = '\0';
    log_redact(raw);
    str_format(line, sizeof line, "%s.%03dZ %-5s ", stamp, (int)(now % 1000), names[level]);
    size_t head = strlen(line);
    size_t len = head + text_clean(line + head, sizeof line - head - 1, raw, strlen(raw), false);
    line[len++] = '\n';
    /* O_APPEND makes one write one line, whichever thread it comes from; a full disk is no reason
     * to stop. */
    if (write(fd, line, len) < 0)
        return;
}

/* ---- redaction ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_token(char c)
{
    return is_word(c) || c == '.' || c == '+' || c == '/' || c == '=' || c == '~' || c == '%';
}

/* Puts *** for `len` bytes at `at`; returns the place after it. Never grows the line. */
static char *mask(char *at, size_t len)
{
    size_t stars = len < 3 ? len : 3;
    memset(at, '*', stars);
    memmove(at + stars, at + len, strlen(at + len) + 1);
    return at + stars;
}

/* Does a name, as in a form, a header, a query or JSON, hold a secret? */
static bool names_secret(const char *name, size_t len)
{
    static const char *const exact[] = {
        "sig", "sas", "token", "secret", "signature", "password", "passwd", "pwd", "assertion",
        "cookie", "set-cookie", "authorization", "proxy-authorization", "x-identity-header",
        "metadata-token", "device_code", "user_code",
    };
    static const char *const part[] = {
        "client_secret", "client-secret", "clientsecret", "client_assertion", "access_token",
        "accesstoken", "refresh_token", "refreshtoken", "id_token", "id-token", "idtoken",
        "bearer_token", "password", "accountkey", "accesskey", "shared_access", "api_key", "apikey",
        "client-key-data", "clientkeydata", "private_key", "privatekey", "identity_header",
        "msi_secret",
    };
    char word[64];
    if (len == 0 || len >= sizeof word)
        return false;
    memcpy(word, name, len);
    word[len] = '\0';
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (str_eq_nocase(word, exact[i]))
            return true;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (str_has_nocase(word, part[i]))
            return true;
    return false;
}

/* At a separator after a secret's name: masks the value, quoted or bare, and returns where to go
 * on. */
static char *mask_value(char *at, bool header)
{
    while (*at == ' ' || *at == '\t')
        at++;
    char quote = *at == '"' || *at == '\'' ? *at : '\0';
    if (quote) {
        at++;
        size_t n = 0;
        while (at[n] && at[n] != quote)
            n += at[n] == '\\' && at[n + 1] ? 2 : 1;
        return n ? mask(at, n) : at;
    }
    /* A header's value runs to the end of its line: "Authorization: Basic …", "Cookie: a=b;
     * c=d". */
    size_t n = header ? strcspn(at, "\r\n\"") : strcspn(at, " \t\r\n&\"',;)}]");
    return n ? mask(at, n) : at;
}

/* "name=value", "name: value", "\"name\": \"value\"" starting at a word; NULL when it is none of
 * these. */
static char *redact_pair(char *word, size_t len)
{
    char *at = word + len;
    if (*at == '"' || *at == '\'')
        at++;
    while (*at == ' ')
        at++;
    if ((*at != '=' && *at != ':') || !names_secret(word, len))
        return NULL;
    bool header = *at == ':' && word[len] == ':' &&
                  (str_has_nocase(word, "authorization:") || str_has_nocase(word, "cookie:"));
    return mask_value(at + 1, header);
}

/* A long run of token characters with capitals, small letters and digits is a key or a token,
 * whatever it is called. */
static bool looks_like_token(const char *s, size_t len)
{
    if (len >= 24 && str_starts(s, "eyJ") && memchr(s, '.', len))
        return true;
    bool upper = false, small = false, digit = false;
    size_t run = 0;
    for (size_t i = 0; i < len; i++) {
        upper |= s[i] >= 'A' && s[i] <= 'Z';
        small |= s[i] >= 'a' && s[i] <= 'z';
        digit |= s[i] >= '0' && s[i] <= '9';
        if (s[i] == '/' || s[i] == '.')
            run = 0, upper = small = digit = false;
        else if (++run >= 64 && upper && small && digit)
            return true;
    }
    return false;
}

static char *redact_scheme(char *word, size_t len)
{
    if (!((len == 6 && strncasecmp(word, "bearer", 6) == 0) ||
          (len == 5 && strncasecmp(word, "basic", 5) == 0)))
        return NULL;
    char *at = word + len;
    if (*at != ' ')
        return NULL;
    at += strspn(at, " ");
    size_t n = 0;
    while (is_token(at[n]))
        n++;
    return n >= 8 ? mask(at, n) : NULL;     /* "bearer token", "basic tier" are prose */
}

/* "://user:password@host": a proxy's credentials. `at` is the colon. */
static char *redact_userinfo(char *at)
{
    if (!str_starts(at, "://"))
        return NULL;
    char *user = at + 3, *end = user + strcspn(user, "@/?# \t\r\n\"'");
    return *end == '@' && end > user ? mask(user, (size_t)(end - user)) : NULL;
}

/* A private key's text goes with everything up to its end mark. */
static char *redact_key_block(char *at)
{
    if (!str_starts(at, "-----BEGIN "))
        return NULL;
    char *label_end = strstr(at + 11, "-----");
    char *private = strstr(at, "PRIVATE KEY");
    if (!label_end || !private || private > label_end)
        return NULL;
    char *body = label_end + 5, *end = strstr(body, "-----END ");
    size_t n = end ? (size_t)(end - body) : strlen(body);
    return n ? mask(body, n) : body;
}

void log_redact(char *line)
{
    for (char *at = line; *at;) {
        char *next = redact_key_block(at);
        if (!next)
            next = redact_userinfo(at);
        size_t len = 0;
        if (!next) {
            while (is_word(at[len]))
                len++;
            if (len) {
                next = redact_pair(at, len);
                if (!next)
                    next = redact_scheme(at, len);
            }
        }
        if (!next && len) {
            size_t run = len;
            while (is_token(at[run]))
                run++;
            next = looks_like_token(at, run) ? mask(at, run) : at + len;
        }
        at = next ? next : at + 1;
    }
}
