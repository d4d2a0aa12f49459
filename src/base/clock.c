/* The only reader of the clock, and the shapes of time on the wire and on the screen. */
#include <gatewatch/base.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t frozen_ms = INT64_MIN;

static int64_t read_ms(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
    int64_t at = atomic_load_explicit(&frozen_ms, memory_order_relaxed);
    return at == INT64_MIN ? read_ms(CLOCK_REALTIME) : at;
}

void clock_freeze(int64_t wall_ms)
{
    atomic_store_explicit(&frozen_ms, wall_ms, memory_order_relaxed);
}

/* Days from 1970-01-01 to a civil date of the Gregorian calendar; years start in March, so the leap
 * day comes last. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool civil_to_ms(int y, int mo, int d, int h, int mi, int s, int64_t *ret_ms)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (mo < 1 || mo > 12 || h > 23 || mi > 59 || s > 60)
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (d < 1 || d > days[mo - 1] + (mo == 2 && leap))
        return false;
    *ret_ms = ((days_from_civil(y, mo, d) * 24 + h) * 60 + mi) * 60000 + (int64_t)s * 1000;
    return true;
}

/* Takes exactly `n` digits. */
static bool digits(const char **s, int n, int *out)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        char c = (*s)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *s += n;
    *out = value;
    return true;
}

static bool take(const char **s, char c)
{
    if (**s != c)
        return false;
    (*s)++;
    return true;
}

/* ".5", ".123456789": as milliseconds, the rest dropped. */
static bool fraction(const char **s, int *ret_ms)
{
    int ms = 0, n = 0;
    for (; **s >= '0' && **s <= '9'; (*s)++, n++)
        if (n < 3)
            ms = ms * 10 + (**s - '0');
    for (int i = n; i < 3; i++)
        ms *= 10;
    *ret_ms = ms;
    return n > 0;
}

/* "Z" or "+01:00": minutes east. */
static bool offset(const char **s, int *ret_minutes)
{
    if (take(s, 'Z') || take(s, 'z')) {
        *ret_minutes = 0;
        return true;
    }
    int sign = **s == '+' ? 1 : **s == '-' ? -1 : 0, h, m;
    if (!sign)
        return false;
    (*s)++;
    if (!digits(s, 2, &h) || !take(s, ':') || !digits(s, 2, &m) || h > 23 || m > 59)
        return false;
    *ret_minutes = sign * (h * 60 + m);
    return true;
}

bool clock_parse_rfc3339(const char *s, int64_t *ret_ms)
{
    int y, mo, d, h, mi, sec, ms = 0, east;
    int64_t at;
    if (!s || !digits(&s, 4, &y) || !take(&s, '-') || !digits(&s, 2, &mo) || !take(&s, '-') ||
        !digits(&s, 2, &d))
        return false;
    if (!take(&s, 'T') && !take(&s, 't') && !take(&s, ' '))
        return false;
    if (!digits(&s, 2, &h) || !take(&s, ':') || !digits(&s, 2, &mi) || !take(&s, ':') ||
        !digits(&s, 2, &sec))
        return false;
    if (take(&s, '.') && !fraction(&s, &ms))
        return false;
    if (!offset(&s, &east) || *s || !civil_to_ms(y, mo, d, h, mi, sec, &at))
        return false;
    *ret_ms = at + ms - (int64_t)east * 60000;
    return true;
}

void clock_format_rfc3339(int64_t wall_ms, char out[32])
{
    int64_t seconds = wall_ms / 1000 - (wall_ms % 1000 < 0);
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099)
        str_copy(out, 32, "?");
    else
        str_format(out, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7); the two obsolete forms are not sent by
 * anyone we ask. */
bool clock_parse_http_date(const char *s, int64_t *ret_ms)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int d, y, h, mi, sec, mo = 0;
    if (!s || strlen(s) != 29 || s[3] != ',' || s[4] != ' ')
        return false;
    s += 5;
    if (!digits(&s, 2, &d) || !take(&s, ' '))
        return false;
    while (mo < 12 && strncmp(s, months[mo], 3) != 0)
        mo++;
    s += 3;
    if (mo == 12 || !take(&s, ' ') || !digits(&s, 4, &y) || !take(&s, ' ') || !digits(&s, 2, &h) ||
        !take(&s, ':') || !digits(&s, 2, &mi) || !take(&s, ':') || !digits(&s, 2, &sec) ||
        strcmp(s, " GMT") != 0)
        return false;
    return civil_to_ms(y, mo + 1, d, h, mi, sec, ret_ms);
}

void clock_format_age(int64_t ms, char out[16])
{
    static const struct {
        int64_t ms;
        char unit;
    } units[] = {{86400000, 'd'}, {3600000, 'h'}, {60000, 'm'}};
    if (ms < -1000) {
        str_copy(out, 16, "?");
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (ms >= units[i].ms) {
            str_format(out, 16, "%lld%c", (long long)(ms / units[i].ms), units[i].unit);
            return;
        }
    str_format(out, 16, "%ds", ms < 0 ? 0 : (int)(ms / 1000));
}
