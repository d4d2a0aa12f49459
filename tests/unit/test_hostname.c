/* Hostnames, from the specification: kubernetes.md 5.2. */
#include "world.h"

static void wildcards_stand_for_one_or_more_labels_never_for_none(void **state)
{
    (void)state;
    static const struct { const char *pattern, *host; bool matches; } rows[] = {
        { "", "anything.example", true },
        { "a.example.com", "a.example.com", true },
        { "a.example.com", "b.example.com", false },
        { "a.example.com", "A.Example.COM", true },
        { "A.EXAMPLE.com", "a.example.com", true },
        { "a.example.com", "a.example.com:8443", true },
        { "a.example.com", "xa.example.com", false },
        { "a.example.com", "a.example.com.evil", false },
        { "*.example.com", "a.example.com", true },
        { "*.example.com", "a.b.c.example.com", true },
        { "*.example.com", "a.example.com:80", true },
        { "*.example.com", "example.com", false },
        { "*.example.com", ".example.com", false },
        { "*.example.com", "aexample.com", false },
        { "*.example.com", "a.example.org", false },
        { "*.com", "example.com", true },
        { "*.example.com", "", false },
        { "10.0.1.10", "10.0.1.10", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (hostname_matches(rows[i].pattern, rows[i].host) != rows[i].matches)
            fail_msg("'%s' and '%s': not %d", rows[i].pattern, rows[i].host, rows[i].matches);
}

static void intersection_is_the_narrower_one(void **state)
{
    (void)state;
    static const struct { const char *listener, *route, *both; } rows[] = {
        { "", "", "" },
        { "", "a.x", "a.x" },
        { "a.x", "", "a.x" },
        { "a.x", "a.x", "a.x" },
        { "a.x", "A.X", "a.x" },
        { "a.x", "b.x", NULL },
        { "very.specific.com", "*.specific.com", "very.specific.com" },
        { "*.specific.com", "very.specific.com", "very.specific.com" },
        { "*.x", "x", NULL },
        { "x", "*.x", NULL },
        { "*.x", "*.a.x", "*.a.x" },
        { "*.a.x", "*.x", "*.a.x" },
        { "*.a.x", "*.b.x", NULL },
        { "*.a.x", "*.ba.x", NULL },
        { "*.x", "*.x", "*.x" },
        { "*.example.com", "old.example.net", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = hostname_intersect(rows[i].listener, rows[i].route);
        if (!got != !rows[i].both || (got && !str_eq_nocase(got, rows[i].both)))
            fail_msg("'%s' and '%s': '%s'", rows[i].listener, rows[i].route, got ? got : "(none)");
    }
}

static void rank_exact_then_longer_wildcard_then_none(void **state)
{
    (void)state;
    assert_true(hostname_rank("a.x") > hostname_rank("*.very.long.example.com"));
    assert_true(hostname_rank("abc.x") > hostname_rank("a.x"));
    assert_true(hostname_rank("*.a.x") > hostname_rank("*.x"));
    assert_true(hostname_rank("*.x") > hostname_rank(""));
}

static void accepted_status_ranges(void **state)
{
    (void)state;
    const char *two[] = { "200-299", "404" }, *odd[] = { "abc", "500-", "-5", "99999999999-3" };
    struct strings none = { 0 }, some = { two, 2 }, bad = { odd, 4 };
    assert_true(status_accepted(&none, 200) && status_accepted(&none, 399));
    assert_false(status_accepted(&none, 400) || status_accepted(&none, 199));
    assert_true(status_accepted(&some, 404) && status_accepted(&some, 299));
    assert_false(status_accepted(&some, 302) || status_accepted(&some, 405));
    assert_false(status_accepted(&bad, 500) || status_accepted(&bad, 5));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wildcards_stand_for_one_or_more_labels_never_for_none),
        cmocka_unit_test(intersection_is_the_narrower_one),
        cmocka_unit_test(rank_exact_then_longer_wildcard_then_none),
        cmocka_unit_test(accepted_status_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
