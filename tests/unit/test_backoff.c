/* Back-off: kubernetes.md 1.9 (800 ms, factor 2, the delay to twice the delay, cap 30 s) and azure.md 8.1, 8.2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/http.h>
#include <math.h>

static void doubles_to_the_cap(void **state)
{
    (void)state;
    static const int64_t want[] = {800, 1600, 3200, 6400, 12800, 25600, 30000, 30000};
    for (int i = 0; i < 8; i++)
        assert_int_equal(http_backoff_ms(i + 1, 800, 30000, 0, 0), want[i]);
    assert_int_equal(http_backoff_ms(1000000, 800, 30000, 0, 0), 30000);
    assert_int_equal(http_backoff_ms(1, 800, 500, 0, 0), 500);
    assert_int_equal(http_backoff_ms(0, 800, 30000, 0, 0), 800);
}

static void jitter_is_up_to_the_delay_again(void **state)
{
    (void)state;
    assert_int_equal(http_backoff_ms(2, 800, 30000, 0, 0.5), 2400);
    int64_t most = http_backoff_ms(3, 800, 30000, 0, 0.999);
    assert_in_range(most, 6390, 6400);
    /* A random number that is none does no harm. */
    assert_int_equal(http_backoff_ms(1, 800, 30000, 0, NAN), 800);
    assert_int_equal(http_backoff_ms(1, 800, 30000, 0, 7), 800);
    assert_int_equal(http_backoff_ms(1, 800, 30000, 0, -1), 800);
}

static void the_server_is_never_asked_early(void **state)
{
    (void)state;
    assert_true(http_backoff_ms(1, 800, 30000, 10, 0) >= 10000);
    assert_true(http_backoff_ms(9, 800, 30000, 120, 0.3) >= 120000);
    assert_true(http_backoff_ms(9, 800, 30000, 1, 0) < 2000);
    assert_true(http_backoff_ms(1, 800, 30000, 0.25, 0) >= 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_to_the_cap),
        cmocka_unit_test(jitter_is_up_to_the_delay_again),
        cmocka_unit_test(the_server_is_never_asked_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
