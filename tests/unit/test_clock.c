/* Clock: wire forms of time, and a wall that can stand still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/base.h>
#include <string.h>

static void is(const char *text, int64_t ms)
{
    int64_t got = -1;
    if (!clock_parse_rfc3339(text, &got))
        fail_msg("%s does not parse", text);
    if (got != ms)
        fail_msg("%s is %lld, not %lld", text, (long long)got, (long long)ms);
}

static void rfc3339__times__are_read(void **state)
{
    (void)state;
    is("1970-01-01T00:00:00Z", 0);
    is("2026-01-10T08:00:05Z", 1768032005000);
    is("2026-01-10T08:00:05.5Z", 1768032005500);
    is("2026-01-10T08:00:05.123456789Z", 1768032005123);
    is("2026-01-10T10:00:05+02:00", 1768032005000);
    is("2026-01-10T02:30:05-05:30", 1768032005000);
    is("2026-01-10t08:00:05z", 1768032005000);
    is("2026-01-10 08:00:05Z", 1768032005000);
    is("2000-02-29T00:00:00Z", 951782400000);
    is("1969-12-31T23:59:59Z", -1000);
    is("2016-12-31T23:59:60Z", 1483228800000);      /* a leap second */
    is("9999-12-31T23:59:59Z", 253402300799000);
}

static void rfc3339__anything_else__is_refused_and_nothing_written(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "2026", "2026-01-10", "2026-01-10T08:00:05", "2026-13-10T08:00:05Z",
        "2026-00-10T08:00:05Z", "2026-02-29T08:00:05Z", "1900-02-29T00:00:00Z",
        "2026-01-32T08:00:05Z", "2026-01-10T24:00:05Z", "2026-01-10T08:60:05Z",
        "2026-01-10T08:00:61Z", "2026-01-10T08:00:05.Z", "2026-01-10T08:00:05Zx",
        "2026-01-10T08:00:05+2:00", "2026-01-10T08:00:05+24:00", "26-01-10T08:00:05Z",
        "2026-1-10T08:00:05Z", " 2026-01-10T08:00:05Z", "-026-01-10T08:00:05Z",
        "2026/01/10T08:00:05Z",
    };
    int64_t ms = 42;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (clock_parse_rfc3339(bad[i], &ms))
            fail_msg("%s was taken", bad[i]);
    assert_false(clock_parse_rfc3339(NULL, &ms));
    assert_true(ms == 42);
}

static void rfc3339__written__reads_back(void **state)
{
    (void)state;
    char out[32];
    clock_format_rfc3339(1768032005123, out);
    assert_string_equal(out, "2026-01-10T08:00:05Z");
    clock_format_rfc3339(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59Z");
    for (int64_t ms = -62135596800000; ms < 253402300799000; ms += 86399999977) {
        int64_t back;
        clock_format_rfc3339(ms, out);
        assert_true(clock_parse_rfc3339(out, &back));
        assert_true(ms - back >= 0 && ms - back < 1000);
    }
    clock_format_rfc3339(INT64_MAX, out);
    assert_true(strlen(out) < 32);
    clock_format_rfc3339(INT64_MIN, out);
    assert_true(strlen(out) < 32);
}

static void http_date__imf_fixdate__is_read(void **state)
{
    (void)state;
    int64_t ms = 0;
    assert_true(clock_parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", &ms));
    assert_true(ms == 784111777000);
    static const char *const bad[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                                      "Sun, 06 Foo 1994 08:49:37 GMT",
                                      "Sun, 31 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 GM"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(clock_parse_http_date(bad[i], &ms));
    assert_false(clock_parse_http_date(NULL, &ms));
    assert_true(ms == 784111777000);
}

static void age__is_compact(void **state)
{
    (void)state;
    static const struct {
        int64_t ms; const char *text;
    } want[] = {
        {0, "0s"},        {999, "0s"},
        {3000, "3s"},     {59999, "59s"},
        {60000, "1m"},    {12 * 60000, "12m"},
        {3600000, "1h"},  {4 * 3600000 + 5, "4h"},
        {86400000, "1d"}, {9 * 86400000LL, "9d"},
        {-1, "0s"},       {-1000, "0s"},
        {-1001, "?"},     {INT64_MIN, "?"},
    };
    char out[16];
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        clock_format_age(want[i].ms, out);
        assert_string_equal(out, want[i].text);
    }
    clock_format_age(INT64_MAX, out);
    assert_true(strlen(out) < 16);
}

static void wall__frozen__stands_while_the_monotonic_clock_goes(void **state)
{
    (void)state;
    clock_freeze(1768032005000);
    assert_true(clock_wall_ms() == 1768032005000);
    int64_t from = clock_mono_ms();
    while (clock_mono_ms() == from) {}
    assert_true(clock_mono_ms() > from);
    assert_true(clock_wall_ms() == 1768032005000);
    clock_freeze(INT64_MIN);
    assert_true(clock_wall_ms() > 1768032005000 - 86400000LL * 3650);
    assert_false(clock_wall_ms() == 1768032005000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3339__times__are_read),
        cmocka_unit_test(rfc3339__anything_else__is_refused_and_nothing_written),
        cmocka_unit_test(rfc3339__written__reads_back),
        cmocka_unit_test(http_date__imf_fixdate__is_read),
        cmocka_unit_test(age__is_compact),
        cmocka_unit_test(wall__frozen__stands_while_the_monotonic_clock_goes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
