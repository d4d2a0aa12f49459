/* Long-running operations of ARM: the recorded exchange, and each turn that the reference names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/arm_operation.h"

static enum arm_next answer(struct arm_operation *op, int status, const char *location, const char *body, int64_t now)
{
    return arm_operation_answer(op, &(struct arm_answer){.status = status, .location = location, .body = body,
                                                         .len = strlen(body)}, now);
}

static void recorded_exchange(void **state)
{
    (void)state;
    json_t *trace = json_load_file("tests/fixtures/azure/backend-health-lro-trace.json", 0, NULL);
    assert_int_equal(json_array_size(trace), 3);
    struct arm_operation op;
    arm_operation_begin(&op, 0, 0);
    static const int64_t at[] = {0, 300, 11000};
    for (size_t i = 0; i < 3; i++) {
        const json_t *exchange = json_array_get(trace, i), *reply = json_object_get(exchange, "response");
        const char *url = json_string_value(json_object_get(json_object_get(exchange, "request"), "url"));
        const char *location = json_string_value(json_object_get(json_object_get(reply, "headers"), "location"));
        char *body = json_dumps(json_object_get(reply, "body"), JSON_ENCODE_ANY);
        if (i > 0)
            assert_string_equal(op.url, url);   /* what was recorded is what we would ask */
        enum arm_next next = answer(&op, (int)json_integer_value(json_object_get(reply, "status")), location, body, at[i]);
        assert_int_equal(next, i < 2 ? ARM_WAIT : ARM_DONE);    /* the last carries a Location too */
        if (next == ARM_WAIT)
            assert_int_equal(op.wait_ms, ARM_POLL_MS);
        free(body);
    }
    arm_operation_free(&op);
    json_decref(trace);
}

static void an_answer_at_once(void **state)
{
    (void)state;
    static const int codes[] = {200, 201};
    for (int i = 0; i < 2; i++) {
        struct arm_operation op;
        arm_operation_begin(&op, 0, 0);
        assert_int_equal(answer(&op, codes[i], "https://x/loc", "{}", 0), ARM_DONE);
        arm_operation_free(&op);
    }
}

static void accepted_without_a_place_is_a_protocol_error(void **state)
{
    (void)state;
    static const char *const places[] = {NULL, "", "/relative", "ftp://x/y"};
    for (int i = 0; i < 4; i++) {
        struct arm_operation op;
        arm_operation_begin(&op, 0, 0);
        assert_int_equal(answer(&op, 202, places[i], "null", 0), ARM_FAILED);
        assert_int_equal(op.error.code, ERR_PROTOCOL);
        arm_operation_free(&op);
    }
}

static void first_refusals_end_it(void **state)
{
    (void)state;
    static const int codes[] = {401, 403, 404, 409, 429, 500, 0};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct arm_operation op;
        struct error why = {0};
        error_set(&why, ERR_FORBIDDEN, "no");
        arm_operation_begin(&op, 0, 0);
        assert_int_equal(arm_operation_answer(&op, &(struct arm_answer){.status = codes[i], .body = "", .error = &why}, 0),
                         ARM_FAILED);
        assert_int_equal(op.error.code, ERR_FORBIDDEN);
        assert_string_equal(op.error.message, "no");
        arm_operation_free(&op);
    }
}

static void troubles_while_polling_pass(void **state)
{
    (void)state;
    static const int codes[] = {408, 429, 500, 502, 503, 504, 0};
    struct arm_operation op;
    arm_operation_begin(&op, 0, 0);
    assert_int_equal(answer(&op, 202, "https://x/1", "null", 0), ARM_WAIT);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        assert_int_equal(answer(&op, codes[i], NULL, "<html>", 1000), ARM_WAIT);
        assert_string_equal(op.url, "https://x/1");     /* keeps the URL */
    }
    assert_int_equal(answer(&op, 202, NULL, "null", 2000), ARM_WAIT);   /* no new Location: the old one goes on */
    assert_string_equal(op.url, "https://x/1");
    assert_int_equal(answer(&op, 202, "https://x/2", "null", 2000), ARM_WAIT);
    assert_string_equal(op.url, "https://x/2");
    assert_int_equal(answer(&op, 400, NULL, "{}", 3000), ARM_FAILED);
    arm_operation_free(&op);
}

static void the_server_says_how_long_to_wait(void **state)
{
    (void)state;
    struct arm_operation op;
    arm_operation_begin(&op, 0, 0);
    struct arm_answer a = {.status = 202, .location = "https://x/1", .body = "null", .retry_after_s = 10};
    assert_int_equal(arm_operation_answer(&op, &a, 0), ARM_WAIT);
    assert_int_equal(op.wait_ms, 10000);
    a.retry_after_s = 0.25;
    arm_operation_answer(&op, &a, 0);
    assert_int_equal(op.wait_ms, 250);
    a.retry_after_s = 0.000001;     /* never in a circle */
    arm_operation_answer(&op, &a, 0);
    assert_int_equal(op.wait_ms, ARM_POLL_MIN_MS);
    a.retry_after_s = 1e9;
    arm_operation_answer(&op, &a, 0);
    assert_int_equal(op.wait_ms, ARM_POLL_MAX_MS);
    arm_operation_free(&op);
}

static void gives_up_after_two_minutes(void **state)
{
    (void)state;
    struct arm_operation op;
    arm_operation_begin(&op, 1000, 0);
    assert_int_equal(answer(&op, 202, "https://x/1", "null", 1000), ARM_WAIT);
    assert_int_equal(answer(&op, 202, "https://x/1", "null", 115000), ARM_WAIT);
    assert_int_equal(answer(&op, 202, "https://x/1", "null", 119000), ARM_FAILED);
    assert_int_equal(op.error.code, ERR_TIMEOUT);
    arm_operation_free(&op);
}

static void status_url_then_result(void **state)
{
    (void)state;
    struct arm_operation op;
    arm_operation_begin(&op, 0, 0);
    struct arm_answer a = {.status = 202, .location = "https://x/result", .async_operation = "https://x/status", .body = ""};
    assert_int_equal(arm_operation_answer(&op, &a, 0), ARM_WAIT);
    assert_string_equal(op.url, "https://x/status");
    assert_int_equal(answer(&op, 200, NULL, "{\"status\":\"InProgress\"}", 10), ARM_WAIT);
    assert_string_equal(op.url, "https://x/status");
    assert_int_equal(answer(&op, 200, NULL, "{\"status\":\"Succeeded\"}", 20), ARM_WAIT);
    assert_string_equal(op.url, "https://x/result");
    assert_int_equal(op.wait_ms, 0);
    assert_int_equal(answer(&op, 200, NULL, "{\"up\":1}", 30), ARM_DONE);
    arm_operation_free(&op);
}

static void status_url_that_fails(void **state)
{
    (void)state;
    struct arm_operation op;
    arm_operation_begin(&op, 0, 0);
    struct arm_answer a = {.status = 202, .async_operation = "https://x/status", .body = ""};
    arm_operation_answer(&op, &a, 0);
    assert_int_equal(answer(&op, 200, NULL, "{\"status\":\"Failed\",\"error\":{\"code\":\"Busy\",\"message\":\"try\\u001b\"}}", 1),
                     ARM_FAILED);
    assert_non_null(strstr(op.error.message, "Busy: try"));
    assert_null(strchr(op.error.message, '\x1b'));
    arm_operation_free(&op);
}

static void a_body_without_status_is_the_result(void **state)
{
    (void)state;
    struct arm_operation op;
    arm_operation_begin(&op, 0, 0);
    struct arm_answer a = {.status = 202, .async_operation = "https://x/status", .body = ""};
    arm_operation_answer(&op, &a, 0);
    assert_int_equal(answer(&op, 200, NULL, "{\"backendAddressPools\":[]}", 1), ARM_DONE);
    arm_operation_free(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_exchange),
        cmocka_unit_test(an_answer_at_once),
        cmocka_unit_test(accepted_without_a_place_is_a_protocol_error),
        cmocka_unit_test(first_refusals_end_it),
        cmocka_unit_test(troubles_while_polling_pass),
        cmocka_unit_test(the_server_says_how_long_to_wait),
        cmocka_unit_test(gives_up_after_two_minutes),
        cmocka_unit_test(status_url_then_result),
        cmocka_unit_test(status_url_that_fails),
        cmocka_unit_test(a_body_without_status_is_the_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
