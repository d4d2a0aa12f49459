/* YAML as JSON: scalars as Kubernetes reads them, bounds, places, and emitted text that reads back
 * as the same value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gatewatch/config.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct yaml_doc *docs;
static size_t n_docs;

static void parse(const char *text)
{
    struct error err = {0};
    if (!yaml_parse(text, strlen(text), "f.yaml", &docs, &n_docs, &err))
        fail_msg("%s", err.message);
}

static void done(void)
{
    yaml_docs_free(docs, n_docs);
    docs = NULL;
    n_docs = 0;
}

/* The text's only document as compact JSON is `json`. */
static void gives(const char *text, const char *json)
{
    parse(text);
    assert_int_equal(n_docs, 1);
    char *got = json_dumps(docs[0].root, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(got, json);
    free(got);
    done();
}

static void fails(const char *text, const char *part)
{
    struct error err = {0};
    struct yaml_doc *none = NULL;
    size_t n = 77;
    if (yaml_parse(text, strlen(text), "f.yaml", &none, &n, &err)) {
        yaml_docs_free(none, n);
        fail_msg("parsed: %.60s", text);
    }
    assert_int_equal(err.code, ERR_CONFIG);
    assert_null(none);
    assert_int_equal(n, 77);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" has no \"%s\"", err.message, part);
}

static void yaml__scalars__follow_the_core_schema(void **state)
{
    (void)state;
    gives("[null, ~, Null, NULL, '']", "[null,null,null,null,\"\"]");
    gives("a:", "{\"a\":null}");
    gives("[true, True, TRUE, false, False, FALSE]", "[true,true,true,false,false,false]");
    gives("[0, 12, -7, +3, 0x1F, 0o17]", "[0,12,-7,3,31,15]");
    gives("[1.5, -0.5, .5, 1e3, 1.]", "[1.5,-0.5,0.5,1000.0,1.0]");
    gives("[9223372036854775807, -9223372036854775808]",
          "[9223372036854775807,-9223372036854775808]");
    gives("a: 10.0.0.4", "{\"a\":\"10.0.0.4\"}");
    gives("a: 1.27-alpine", "{\"a\":\"1.27-alpine\"}");
}

static void yaml__scalars__yes_no_on_off_stay_strings(void **state)
{
    (void)state;
    gives("[yes, no, on, off, y, n, Yes, NO]",
          "[\"yes\",\"no\",\"on\",\"off\",\"y\",\"n\",\"Yes\",\"NO\"]");
}

static void yaml__scalars__quoted_stays_string(void **state)
{
    (void)state;
    gives("['true', \"12\", 'null', !!str 5, ! 7]", "[\"true\",\"12\",\"null\",\"5\",\"7\"]");
    gives("a: |\n  12\n", "{\"a\":\"12\\n\"}");
}

static void yaml__scalars__leading_zero_is_octal_as_in_kubernetes(void **state)
{
    (void)state;
    gives("[0644, 08, 00, '0644']", "[420,8,0,\"0644\"]");
}

static void yaml__scalars__infinite_and_overflowing_numbers_stay_text_or_real(void **state)
{
    (void)state;
    gives("[.inf, -.inf, .nan, 1e999]", "[\".inf\",\"-.inf\",\".nan\",\"1e999\"]");
    gives("[18446744073709551616]", "[1.8446744073709552e19]");
}

static void yaml__keys__are_strings_whatever_they_look_like(void **state)
{
    (void)state;
    gives("8080: a\ntrue: b\n", "{\"8080\":\"a\",\"true\":\"b\"}");
}

static void yaml__documents__empty_ones_are_left_out(void **state)
{
    (void)state;
    parse("# comment only\n---\n---\na: 1\n---\n# nothing\n---\nb: 2\n...\n");
    assert_int_equal(n_docs, 2);
    assert_int_equal(docs[0].line, 4);
    assert_int_equal(docs[1].line, 8);
    done();
    parse("");
    assert_int_equal(n_docs, 0);
    done();
}

static void yaml__places__name_lines_of_values_and_keys(void **state)
{
    (void)state;
    parse("a: 1\nb:\n  - x\n  - y: 2\n    ok: true\n");
    json_t *b = json_object_get(docs[0].root, "b");
    json_t *second = json_array_get(b, 1);
    assert_int_equal(yaml_line(&docs[0], json_array_get(b, 0)), 3);
    assert_int_equal(yaml_line(&docs[0], second), 4);
    assert_int_equal(yaml_line(&docs[0], json_object_get(second, "ok")), 0);
    assert_int_equal(yaml_key_line(&docs[0], second, "ok"), 5);
    assert_int_equal(yaml_key_line(&docs[0], docs[0].root, "b"), 2);
    assert_int_equal(yaml_key_line(&docs[0], docs[0].root, "c"), 0);
    done();
}

static void yaml__errors__name_file_line_and_reason(void **state)
{
    (void)state;
    fails("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key a stands twice");
    fails("a: [1, 2\nb: 3\n", "f.yaml:2");
    fails("a: b: c\n", "f.yaml:1");
    fails("x: *gone\n", "f.yaml:1:4");
    fails("? [1]\n: 2\n", "key");
    fails("base: &b {a: 1}\nc:\n  <<: *b\n", "f.yaml:3:3: merge");
    fails("a: !ruby/object x\n", "unknown tag");
    fails("a: !!int nine\n", "f.yaml:1:4");
    fails("a: \"\\0\"\n", "zero byte");
    fails("a: \"\xff\"\n", "f.yaml:1");
}

static void yaml__bounds__depth_is_64(void **state)
{
    (void)state;
    char text[512];
    for (int depth = 64; depth <= 65; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        if (depth == 64) {
            parse(text);
            done();
        } else {
            fails(text, "deep");
        }
    }
}

static void yaml__bounds__aliases_copy_but_do_not_explode(void **state)
{
    (void)state;
    gives("a: &x {k: [1]}\nb: *x\n", "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]}}");
    struct text t = {0};
    text_puts(&t, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++) {
        text_printf(&t, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            text_printf(&t, "%s*a%d", k ? "," : "", i - 1);
        text_puts(&t, "]\n");
    }
    fails(t.s, "aliases");
    text_free(&t);
    fails("a: &a [*a]\n", "alias");
}

static void yaml__json__is_read_with_surrogate_pairs(void **state)
{
    (void)state;
    gives("{\"a\": \"\\ud83d\\ude00\",\n\t\"b\": [1, true]}",
          "{\"a\":\"\xf0\x9f\x98\x80\",\"b\":[1,true]}");
    fails("{\"a\": \"\\ud83d\\ude00\", \"a\": 1}", "f.yaml:1");
}

/* ---- emitting ---- */

static void emits(const char *json, const char *yaml)
{
    json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(v);
    struct text t = {0};
    yaml_emit(v, &t);
    assert_string_equal(t.s, yaml);
    text_free(&t);
    json_decref(v);
}

static void emit__shape__is_block_style_in_key_order(void **state)
{
    (void)state;
    emits(
        "{\"b\":1,\"a\":{\"x\":[],\"z\":{}},\"l\":[\"s\",{\"k\":1,\"m\":[1,2]},[3]]}",
        "b: 1\na:\n  x: []\n  z: {}\nl:\n  - s\n  - k: 1\n    m:\n      - 1\n      - 2\n  - - 3\n");
    emits("\"plain text\"", "plain text\n");
}

static void emit__strings__are_quoted_where_yaml_would_read_them_otherwise(void **state)
{
    (void)state;
    emits("[\"true\",\"null\",\"\",\"12\",\"1.5\",\"yes\",\"0644\",\"2026-01-10T08:00:05Z\",\"1:"
          "30\",\"10.0.0.4\",\"a: b\",\"a #b\"]",
          "- \"true\"\n- \"null\"\n- \"\"\n- \"12\"\n- \"1.5\"\n- \"yes\"\n- \"0644\"\n- "
          "\"2026-01-10T08:00:05Z\"\n- \"1:30\"\n"
          "- 10.0.0.4\n- \"a: b\"\n- \"a #b\"\n");
    emits("[\"- a\",\"--flag=1\",\"*x\",\" a\",\"a \",\"http://h:80/p\",\"a\\u001bb\"]",
          "- \"- a\"\n- --flag=1\n- \"*x\"\n- \" a\"\n- \"a \"\n- http://h:80/p\n- \"a\\x1Bb\"\n");
}

static void emit__lines__become_a_literal_block(void **state)
{
    (void)state;
    emits("{\"mesh\":\"a: 1\\nb:\\n\\n  c\\n\",\"t\":\"x\\ny\"}",
          "mesh: |\n  a: 1\n  b:\n\n    c\nt: |-\n  x\n  y\n");
}

static void round_trip(json_t *v)
{
    struct text t = {0};
    struct error err = {0};
    yaml_emit(v, &t);
    if (!yaml_parse(t.s, t.len, "emitted", &docs, &n_docs, &err))
        fail_msg("%s\n%s", err.message, t.s);
    if (json_is_null(v)) {
        assert_int_equal(n_docs, 0);
    } else if (n_docs != 1 || !json_equal(v, docs[0].root)) {
        char *want = json_dumps(v, JSON_ENCODE_ANY),
             *got = n_docs ? json_dumps(docs[0].root, JSON_ENCODE_ANY) : NULL;
        fail_msg("%s\nbecame\n%s\nthrough\n%s", want, got, t.s);
    }
    done();
    text_free(&t);
}

static uint32_t seed = 20261122;
static unsigned roll(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* Strings made of what YAML gives a meaning to. */
static json_t *random_string(void)
{
    static const char *const parts[] = {
        "a", "b", " ", "  ", "\n", "\n\n", "\t", ":", ": ", "#", " #", "-", "- ", "--- ", "...",
        "?", "? ", "'", "\"", "\\", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@",
        "`", "true", "null", "~", "yes", "1", "0", "0x", ".", "e", "\xc3\xa4", "\xe2\x82\xac",
        "\xf0\x9f\x98\x80", "\xc2\x85", "\xe2\x80\xa8", "\xef\xbb\xbf", "\x01", "\x7f", "\r", "<<",
        "=", "_", "\xef\xbf\xbe", "\xc2\xa0",
    };
    struct text t = {0};
    for (unsigned i = 0, n = roll(7); i < n; i++)
        text_puts(&t, parts[roll(sizeof parts / sizeof *parts)]);
    json_t *v = json_string(text_str(&t));
    assert_non_null(v);
    text_free(&t);
    return v;
}

static json_t *random_value(int depth)
{
    json_t *v;
    switch (roll(depth ? 9 : 7)) {
    case 0:
        return json_integer((json_int_t)((uint64_t)roll(1u << 24) << roll(40)) *
                            (roll(2) ? 1 : -1));
    case 1: return json_real((roll(2) ? 1.0 : -1.0) * roll(1u << 24) / (1 + roll(1000)));
    case 2: return json_boolean(roll(2));
    case 3: return json_null();
    case 7:
        v = json_array();
        for (unsigned i = 0, n = roll(4); i < n; i++)
            json_array_append_new(v, random_value(depth - 1));
        return v;
    case 8:
        v = json_object();
        for (unsigned i = 0, n = roll(4); i < n; i++) {
            json_t *key = random_string();
            json_object_set_new(v, json_string_value(key), random_value(depth - 1));
            json_decref(key);
        }
        return v;
    default: return random_string();
    }
}

static void emit__any_value__reads_back_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        json_t *v = random_value(4);
        round_trip(v);
        json_decref(v);
    }
}

static void emit__extreme_values__read_back_the_same(void **state)
{
    (void)state;
    char key[5000];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    json_t *v = json_object();
    json_object_set_new(v, key, json_pack("{s:[i]}", "x", 1));
    key[1500] = '\0';
    key[0] = '*';
    json_object_set_new(v, key, json_string(key));
    json_object_set_new(v, "min", json_integer(INT64_MIN));
    json_object_set_new(v, "max", json_integer(INT64_MAX));
    json_object_set_new(v, "tiny", json_real(5e-324));
    json_object_set_new(v, "huge", json_real(1.7976931348623157e308));
    json_object_set_new(v, "zero", json_real(-0.0));
    round_trip(v);
    json_decref(v);
}

static void yaml__any_bytes__end_in_a_value_or_an_error(void **state)
{
    (void)state;
    static const char alphabet[] = "ab: \n-[]{},&*!|>'\"#%?\\\t0x~<\xc3\xa4\xff";
    char text[64];
    for (int i = 0; i < 50000; i++) {
        size_t len = roll(sizeof text);
        for (size_t k = 0; k < len; k++)
            text[k] = alphabet[roll(sizeof alphabet)];
        struct error err = {0};
        if (yaml_parse(text, len, "noise", &docs, &n_docs, &err)) {
            for (size_t k = 0; k < n_docs; k++)
                assert_non_null(docs[k].root);
            done();
        } else {
            assert_int_equal(err.code, ERR_CONFIG);
            assert_true(str_starts(err.message, "noise:"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml__scalars__follow_the_core_schema),
        cmocka_unit_test(yaml__scalars__yes_no_on_off_stay_strings),
        cmocka_unit_test(yaml__scalars__quoted_stays_string),
        cmocka_unit_test(yaml__scalars__leading_zero_is_octal_as_in_kubernetes),
        cmocka_unit_test(yaml__scalars__infinite_and_overflowing_numbers_stay_text_or_real),
        cmocka_unit_test(yaml__keys__are_strings_whatever_they_look_like),
        cmocka_unit_test(yaml__documents__empty_ones_are_left_out),
        cmocka_unit_test(yaml__places__name_lines_of_values_and_keys),
        cmocka_unit_test(yaml__errors__name_file_line_and_reason),
        cmocka_unit_test(yaml__bounds__depth_is_64),
        cmocka_unit_test(yaml__bounds__aliases_copy_but_do_not_explode),
        cmocka_unit_test(yaml__json__is_read_with_surrogate_pairs),
        cmocka_unit_test(emit__shape__is_block_style_in_key_order),
        cmocka_unit_test(emit__strings__are_quoted_where_yaml_would_read_them_otherwise),
        cmocka_unit_test(emit__lines__become_a_literal_block),
        cmocka_unit_test(emit__any_value__reads_back_the_same),
        cmocka_unit_test(emit__extreme_values__read_back_the_same),
        cmocka_unit_test(yaml__any_bytes__end_in_a_value_or_an_error),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
