/* The journal: what it tells after a crash at any point, what may be undone, damaged lines, two writers. */
#include "../../src/fix/fix.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[128];

static int set_up(void **state)
{
    (void)state;
    str_copy(folder, sizeof folder, "/tmp/gatewatch-journal-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    str_format(path, sizeof path, "%s/gatewatch/journal.jsonl", folder);
    return setenv("XDG_STATE_HOME", folder, 1);
}

static int tear_down(void **state)
{
    char sub[128];
    (void)state;
    unlink(path);
    str_format(sub, sizeof sub, "%s/gatewatch", folder);
    rmdir(sub);
    return rmdir(folder);
}

/* A plan with one change, as the door would journal it. Freed by plan_unref. */
static struct plan *plan_named(const char *id)
{
    struct arena arena = { 0 };
    struct plan *plan = arena_alloc(&arena, sizeof *plan);
    atomic_init(&plan->refs, 1);
    str_copy(plan->id, sizeof plan->id, id);
    plan->fix = "traffic-policy";
    plan->context = "ctx";
    plan->cluster = "c1";
    plan->gateway = "istio-ingress/mtkc-gateway";
    plan->changes = arena_alloc(&arena, sizeof *plan->changes);
    plan->n_changes = 1;
    plan->changes[0] = (struct plan_change){
        .verb = "patch", .resource = "services", .kind = "Service", .group = "", .version = "v1",
        .namespace = "istio-ingress", .name = "mtkc-gateway-istio", .content_type = CONTENT_MERGE,
        .body = "{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}", .inverse_verb = "patch",
        .inverse_content_type = CONTENT_MERGE, .inverse_body = "{\"spec\":{\"externalTrafficPolicy\":\"Cluster\"}}",
    };
    plan->arena = arena;        /* the plan lies in its own arena */
    return plan;
}

static void write_states(const char *id, const char *const *states)
{
    struct plan *plan = plan_named(id);
    struct error err = { 0 };
    for (; *states; states++)
        if (!journal_append(plan, *states, "somebody", NULL, &err))
            fail_msg("%s", err.message);
    plan_unref(plan);
}

static bool undoable_after(const char *const *states)
{
    struct journal journal;
    write_states("20260101T000000-0001", states);
    assert_true(journal_read(&journal, NULL));
    assert_int_equal(journal.n, 1);
    const bool undoable = journal_undoable(&journal, NULL, "c1", NULL) != NULL;
    journal_free(&journal);
    return undoable;
}

static void undo__nothing_was_sent__not_offered(void **state)
{
    (void)state;
    assert_false(undoable_after((const char *const[]){ "planned", NULL }));
}

static void undo__ended_while_sending__offered(void **state)
{
    (void)state;
    assert_true(undoable_after((const char *const[]){ "planned", "sent", NULL }));
}

static void undo__failed_before_anything_arrived__not_offered(void **state)
{
    (void)state;
    assert_false(undoable_after((const char *const[]){ "planned", "sent", "failed", NULL }));
}

static void undo__applied__offered_until_undone(void **state)
{
    struct journal journal;
    struct error err = { 0 };
    (void)state;
    assert_true(undoable_after((const char *const[]){ "planned", "sent", "applied", "verified", NULL }));
    assert_true(journal_append_undone("20260101T000000-0001", NULL));
    assert_true(journal_read(&journal, NULL));
    assert_null(journal_undoable(&journal, NULL, "c1", &err));
    assert_null(journal_undoable(&journal, "20260101T000000-0001", "c1", &err));
    assert_non_null(strstr(err.message, "undone"));
    journal_free(&journal);
}

static void undo__another_cluster__refused_by_name(void **state)
{
    struct journal journal;
    struct error err = { 0 };
    (void)state;
    write_states("20260101T000000-0001", (const char *const[]){ "applied", NULL });
    assert_true(journal_read(&journal, NULL));
    assert_null(journal_undoable(&journal, NULL, "c2", NULL));
    assert_null(journal_undoable(&journal, "20260101T000000-0001", "c2", &err));
    assert_non_null(strstr(err.message, "c1"));
    journal_free(&journal);
}

static void read__changes_and_inverses__come_back_as_written(void **state)
{
    struct journal journal;
    (void)state;
    write_states("20260101T000000-0001", (const char *const[]){ "sent", "applied", NULL });
    assert_true(journal_read(&journal, NULL));
    const struct journal_entry *entry = &journal.items[0];
    assert_string_equal(entry->user, "somebody");
    assert_int_equal(entry->n_changes, 1);
    assert_string_equal(entry->changes[0].inverse_body, "{\"spec\":{\"externalTrafficPolicy\":\"Cluster\"}}");
    assert_string_equal(entry->changes[0].name, "mtkc-gateway-istio");
    journal_free(&journal);
}

static void read__cut_at_every_byte__never_fails_and_keeps_whole_lines(void **state)
{
    FREE_AUTO char *bytes = NULL;
    size_t len;
    (void)state;
    write_states("20260101T000000-0001", (const char *const[]){ "applied", NULL });
    write_states("20260101T000000-0002", (const char *const[]){ "applied", NULL });
    assert_true(file_read(path, 1 << 20, &bytes, &len, NULL));
    const size_t first = strcspn(bytes, "\n") + 1;
    for (size_t cut = 0; cut < len; cut++) {
        struct journal journal;
        assert_int_equal(truncate(path, (off_t)cut), 0);
        assert_true(journal_read(&journal, NULL));
        assert_int_equal(journal.n, cut >= len - 1 ? 2 : cut >= first - 1 ? 1 : 0);
        journal_free(&journal);
        assert_true(file_replace(path, bytes, len, NULL));
    }
}

static void append__after_a_torn_line__is_not_swallowed(void **state)
{
    struct journal journal;
    (void)state;
    write_states("20260101T000000-0001", (const char *const[]){ "applied", NULL });
    const int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "{\"id\":\"torn", 11), 11);
    close(fd);
    write_states("20260101T000000-0002", (const char *const[]){ "applied", NULL });
    assert_true(journal_read(&journal, NULL));
    assert_int_equal(journal.n, 2);
    assert_int_equal(journal.damaged_lines, 1);
    journal_free(&journal);
}

static void append__file_mode__private(void **state)
{
    struct stat info;
    (void)state;
    write_states("20260101T000000-0001", (const char *const[]){ "planned", NULL });
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void append__folder_not_writable__says_so(void **state)
{
    struct plan *plan = plan_named("20260101T000000-0001");
    struct error err = { 0 };
    char file[96];
    (void)state;
    str_format(file, sizeof file, "%s/in-the-way", folder);
    close(open(file, O_CREAT | O_WRONLY, 0600));
    setenv("XDG_STATE_HOME", file, 1);
    assert_false(journal_append(plan, "planned", "x", NULL, &err));
    assert_true(err.message[0] != '\0');
    setenv("XDG_STATE_HOME", folder, 1);
    unlink(file);
    plan_unref(plan);
}

#define JOURNAL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(undo__nothing_was_sent__not_offered),
        JOURNAL_TEST(undo__ended_while_sending__offered),
        JOURNAL_TEST(undo__failed_before_anything_arrived__not_offered),
        JOURNAL_TEST(undo__applied__offered_until_undone),
        JOURNAL_TEST(undo__another_cluster__refused_by_name),
        JOURNAL_TEST(read__changes_and_inverses__come_back_as_written),
        JOURNAL_TEST(read__cut_at_every_byte__never_fails_and_keeps_whole_lines),
        JOURNAL_TEST(append__after_a_torn_line__is_not_swallowed),
        JOURNAL_TEST(append__file_mode__private),
        JOURNAL_TEST(append__folder_not_writable__says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
