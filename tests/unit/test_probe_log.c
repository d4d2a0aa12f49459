/* Probe logs, against the corpus of the reference (azure.md 3). */
#include "world.h"

#include <jansson.h>
#include <string.h>

static const struct { const char *name; enum probe_cause cause; } causes[] = {
    { "OK", CAUSE_OK }, { "UNKNOWN_RETRIEVE", CAUSE_UNKNOWN_RETRIEVE }, { "HTTP_STATUS", CAUSE_HTTP_STATUS },
    { "BODY", CAUSE_BODY }, { "TIMEOUT", CAUSE_TIMEOUT }, { "TCP_CONNECT", CAUSE_TCP_CONNECT }, { "DNS", CAUSE_DNS },
    { "TLS_CN", CAUSE_TLS_CN }, { "TLS_EXPIRED", CAUSE_TLS_EXPIRED }, { "TLS_UNTRUSTED", CAUSE_TLS_UNTRUSTED },
    { "TLS_CHAIN", CAUSE_TLS_CHAIN }, { "TLS_OTHER", CAUSE_TLS_OTHER }, { "PROXY_PROTO", CAUSE_PROXY_PROTOCOL },
    { "OTHER", CAUSE_OTHER },
};

static void every_row_of_the_corpus(void **state)
{
    (void)state;
    json_error_t error;
    json_t *corpus = json_load_file("tests/fixtures/azure/probe-log-messages.json", 0, &error);
    assert_non_null(corpus);
    assert_true(json_array_size(corpus) > 25);
    bool seen[CAUSE_OTHER + 1] = { false };
    size_t i;
    json_t *row;
    json_array_foreach(corpus, i, row) {
        const char *message = json_string_value(json_object_get(row, "message"));
        const char *cause = json_string_value(json_object_get(row, "cause"));
        enum probe_cause expected = CAUSE_NONE, got = probe_log_classify(message, NULL, NULL);
        for (size_t k = 0; k < sizeof causes / sizeof *causes; k++)
            if (str_eq(causes[k].name, cause))
                expected = causes[k].cause;
        if (expected == CAUSE_NONE || got != expected)
            fail_msg("%s: %s for %s", cause, probe_cause_name(got), message);
        seen[got] = true;
    }
    json_decref(corpus);
    for (size_t k = 0; k < sizeof causes / sizeof *causes; k++)
        assert_true(seen[causes[k].cause]);
}

static void numbers_of_the_status(void **state)
{
    (void)state;
    static const struct { const char *log; int status; } rows[] = {
        { "Success. Received 200 status code", 200 },
        { "Success. Received 404 status code", 404 },
        { "Received invalid status code: 404 in the backend server's HTTP response. As per the health probe "
          "configuration, 200-399 is the acceptable status code.", 404 },
        { "Status code of the backend's HTTP response did not match the probe setting. Expected:200-399 Received:503.",
          503 },
        { "Status code of the backend's HTTP response did not match the probe setting. Expected:{HTTPStatusCode0} "
          "Received:{HTTPStatusCode1}.", -1 },
        { "Cannot connect to backend server.", -1 },
        { "", -1 },
        { NULL, -1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = 0;
        probe_log_classify(rows[i].log, &status, NULL);
        if (status != rows[i].status)
            fail_msg("%d for %s", status, rows[i].log ? rows[i].log : "(null)");
    }
}

static void nothing_is_none_and_steps_follow_the_status(void **state)
{
    (void)state;
    const char *step = NULL;
    assert_int_equal(probe_log_classify(NULL, NULL, NULL), CAUSE_NONE);
    assert_int_equal(probe_log_classify("", NULL, &step), CAUSE_NONE);
    assert_string_equal(step, "");
    probe_log_classify("Received invalid status code: 404 in", NULL, &step);
    assert_non_null(strstr(step, "no route"));
    probe_log_classify("Received invalid status code: 503 in", NULL, &step);
    assert_non_null(strstr(step, "endpoints"));
    probe_log_classify("received INVALID status CODE: 401 in", NULL, &step);
    assert_non_null(strstr(step, "open path"));
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_corpus),
        cmocka_unit_test(numbers_of_the_status),
        cmocka_unit_test(nothing_is_none_and_steps_follow_the_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
