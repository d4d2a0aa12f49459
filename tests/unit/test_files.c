/* Files and folders: whole or not at all, private, where XDG says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <gatewatch/config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[160], path[256];

static int start(void **state)
{
    (void)state;
    str_format(folder, sizeof folder, "%s/gatewatch-files-XXXXXX", str_or(getenv("TMPDIR"), "/tmp"));
    if (!mkdtemp(folder))
        return -1;
    str_format(path, sizeof path, "%s/file", folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    static const char *const made[] = {"file", "link", "state/gatewatch", "state"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        char name[256];
        str_format(name, sizeof name, "%s/%s", folder, made[i]);
        remove(name);
    }
    return rmdir(folder);       /* fails when a temporary file was left */
}

static void file__replaced__is_whole_and_private(void **state)
{
    (void)state;
    struct error err = {0};
    char *bytes;
    size_t len;
    umask(0);
    assert_true(file_replace(path, "a\0b", 3, &err));
    assert_true(file_replace(path, "second", 6, &err));
    assert_true(file_read(path, 100, &bytes, &len, &err));
    assert_int_equal(len, 6);
    assert_string_equal(bytes, "second");
    free(bytes);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void file__link__is_followed(void **state)
{
    (void)state;
    char link_path[256];
    struct stat st;
    struct error err = {0};
    str_format(link_path, sizeof link_path, "%s/link", folder);
    assert_true(file_replace(path, "1", 1, &err));
    assert_int_equal(symlink("file", link_path), 0);
    assert_true(file_replace(link_path, "22", 2, &err));
    assert_int_equal(lstat(link_path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 2);
}

static void file__too_large_or_absent__is_an_error_that_names_it(void **state)
{
    (void)state;
    struct error err = {0};
    char *bytes = NULL;
    size_t len = 9;
    assert_false(file_read(path, 10, &bytes, &len, &err));
    assert_true(strstr(err.message, path) != NULL);
    assert_true(file_replace(path, "0123456789", 10, &err));
    assert_true(file_read(path, 10, &bytes, &len, &err));
    free(bytes);
    bytes = NULL;
    len = 9;
    assert_false(file_read(path, 9, &bytes, &len, &err));
    assert_true(strstr(err.message, "larger than 9") != NULL);
    assert_false(file_read(folder, 10, &bytes, &len, &err));
    assert_false(file_read("/dev/zero", 100000, &bytes, &len, &err));
    assert_null(bytes);
    assert_int_equal(len, 9);
    assert_false(file_replace("/nowhere/x", "1", 1, &err));
    assert_true(strstr(err.message, "/nowhere/x") != NULL);
}

static void file__dash__is_standard_input(void **state)
{
    (void)state;
    int ends[2], kept = dup(STDIN_FILENO);
    char *bytes;
    size_t len;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "piped", 5), 5);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    bool good = file_read("-", 100, &bytes, &len, NULL);
    dup2(kept, STDIN_FILENO);
    close(kept);
    assert_true(good);
    assert_string_equal(bytes, "piped");
    free(bytes);
}

static void gives(char *made, const char *want)
{
    assert_string_equal(made, want);
    free(made);
}

static void paths__follow_xdg(void **state)
{
    (void)state;
    setenv("HOME", "/home/somebody", 1);
    unsetenv("XDG_CONFIG_HOME");
    gives(path_config("config.yaml"), "/home/somebody/.config/gatewatch/config.yaml");
    setenv("XDG_CONFIG_HOME", "relative", 1);       /* must be ignored */
    gives(path_config("x"), "/home/somebody/.config/gatewatch/x");
    setenv("XDG_CONFIG_HOME", "/etc/mine", 1);
    gives(path_config("x"), "/etc/mine/gatewatch/x");
    gives(path_home(".kube/config"), "/home/somebody/.kube/config");
    unsetenv("HOME");
    char *home = path_home("x");
    assert_true(*home == '/');
    free(home);
    setenv("GW_EMPTY", "", 1);
    assert_null(env_get("GW_EMPTY"));
    assert_null(env_get("GW_NEVER_SET"));
}

static void paths__state_folder__is_made_private(void **state)
{
    (void)state;
    char base[200], want[256];
    struct stat st;
    str_format(base, sizeof base, "%s/state", folder);
    setenv("XDG_STATE_HOME", base, 1);
    umask(022);
    str_format(want, sizeof want, "%s/gatewatch/journal", base);
    gives(path_state("journal"), want);
    str_format(want, sizeof want, "%s/gatewatch", base);
    assert_int_equal(stat(want, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(chmod(want, 0755), 0);
    free(path_state("journal"));
    assert_int_equal(stat(want, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void paths__program_and_themes__are_found(void **state)
{
    (void)state;
    char *sim = path_beside_program("gatewatch-sim");
    assert_true(*sim == '/' && str_ends(sim, "/gatewatch-sim"));
    free(sim);
    size_t n;
    char **themes = path_themes(&n);
    assert_true(n >= 2);
    assert_true(str_ends(themes[0], "gatewatch/themes"));
    for (size_t i = 0; i < n; i++)
        free(themes[i]);
    free(themes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(file__replaced__is_whole_and_private),
        TEST(file__link__is_followed),
        TEST(file__too_large_or_absent__is_an_error_that_names_it),
        TEST(file__dash__is_standard_input),
        TEST(paths__follow_xdg),
        TEST(paths__state_folder__is_made_private),
        TEST(paths__program_and_themes__are_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
