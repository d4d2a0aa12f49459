/* The two fixes by keys, from the broken world to the healthy one and back: what the sheet says, who may press, and that
 * nothing but consent changes anything. */
#include "steps.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SERVICE "/api/v1/namespaces/istio-ingress/services/mtkc-gateway-istio"
#define ROUTES "/apis/gateway.networking.k8s.io/v1/namespaces/gateway-health/httproutes"
#define HEALTH_ROUTE ROUTES "/gatewatch-health-mtkc-gateway"

/* The sheet's focused button is in brackets. */
#define ON_CANCEL "\\[Cancel\\] +Apply"
#define ON_APPLY "Cancel +\\[Apply\\]"

static bool contains(struct sim *sim, const char *path, const char *text)
{
    char *reply = NULL;
    int status = steps_kube(sim, "GET", path, NULL, NULL, &reply);
    bool found = status == 200 && strstr(reply, text);
    free(reply);
    return found;
}

static bool is_local(struct sim *sim)
{
    return contains(sim, SERVICE, "\"externalTrafficPolicy\":\"Local\"") ||
           contains(sim, SERVICE, "\"externalTrafficPolicy\": \"Local\"");
}

static bool has_route(struct sim *sim)
{
    return steps_kube(sim, "GET", HEALTH_ROUTE, NULL, NULL, NULL) == 200;
}

static void expect_no_writes(struct sim *sim)
{
    char first[700];
    size_t writes = steps_writes(sim, first, sizeof first);
    if (writes)
        fail_msg("%zu writes, the first: %s", writes, first);
}

static struct screen *broken(struct sim *sim, const char *folder)
{
    struct screen *s = steps_open(sim, &(struct screen_options){.rows = 50, .cols = 120, .folder = folder}, "UNHEALTHY");
    screen_expect(s, "✗ Unhealthy");
    return s;
}

/* Apply is one Tab away from Cancel, as the README says. */
static void apply(struct screen *s)
{
    screen_expect(s, ON_CANCEL);
    screen_keys(s, "<Tab>");
    screen_expect(s, ON_APPLY);
    screen_keys(s, "<Enter>");
}

/* ---- the way to Healthy and back -------------------------------------------------------------------------------------------- */

static void apply_traffic_policy(struct sim *sim, struct screen *s)
{
    screen_keys(s, "x");
    screen_expect(s, "externalTrafficPolicy: Local on Service istio-ingress/mtkc-gateway-istio");
    screen_expect(s, "Ready\\. Nothing has been changed");
    screen_expect(s, "Target +platform-engineer \\(cluster aks-mtkc-poc\\)");
    screen_expect(s, "- +externalTrafficPolicy: Cluster");
    screen_expect(s, "\\+ +externalTrafficPolicy: Local");
    screen_expect(s, "load balancer 404.*→ load balancer ok, Application Gateway 404");
    screen_expect(s, "All ready gateway pods run on one node");
    screen_expect(s, "No PodDisruptionBudget");
    /* The rest of the sheet: the nodes by name, and the command that does the same. */
    screen_keys(s, "G");
    screen_expect(s, "2 of 3 nodes have no ready gateway pod");
    screen_expect(s, "kubectl .*patch .*mtkc-gateway-istio");
    screen_keys(s, "g");
    screen_expect(s, "Ready\\. Nothing");
    screen_keys(s, "c");
    screen_expect(s, "clipboard");
    assert_non_null(screen_clipboard(s));
    assert_non_null(strstr(screen_clipboard(s), "kubectl"));
    assert_non_null(strstr(screen_clipboard(s), "externalTrafficPolicy"));
    assert_false(is_local(sim));
    apply(s);
    screen_expect(s, "Done|Written|Applying");
    screen_expect(s, "Done");
    screen_expect(s, "Applied\\. The backend is not healthy by this alone.*404");
    screen_expect(s, "gatewatch fix undo [0-9]");
    assert_true(is_local(sim));
    screen_keys(s, "<Enter>");
    screen_expect(s, "Root cause .*probe-no-route");
    screen_expect(s, "see the fix: a health route");
}

static void apply_health_route(struct sim *sim, struct screen *s)
{
    screen_keys(s, "x");
    screen_expect(s, "Health route for Gateway istio-ingress/mtkc-gateway");
    screen_expect(s, "apply HTTPRoute gateway-health/gatewatch-health-mtkc-gateway");
    screen_expect(s, "app.kubernetes.io/managed-by: gatewatch");
    screen_expect(s, "value: /healthz/ready");
    screen_expect(s, "name: health-responder");
    screen_expect(s, "Probe answer .*404.*→.*ok");
    screen_expect(s, "1 ● Service gateway-health/health-responder port 80");
    assert_false(has_route(sim));
    apply(s);
    assert_true(screen_wait_text(s, "Applied and verified: .* 1 of 1 backends healthy", 30000));
    assert_true(has_route(sim));
    screen_keys(s, "<Esc>");
    screen_expect(s, "(✓ HEALTHY|▲ WARNING) +the backend is healthy");
    screen_expect(s, "✓ Healthy");
    screen_expect_gone(s, "critical");
}

static void undo(struct sim *sim, struct screen *s)
{
    screen_keys(s, "u");
    screen_expect(s, "Undo health-route");
    screen_expect(s, "delete HTTPRoute gateway-health/gatewatch-health-mtkc-gateway");
    apply(s);
    screen_expect(s, "Taken back");
    assert_false(has_route(sim));
    screen_keys(s, "q");
    screen_expect_gone(s, "Taken back");
    assert_true(screen_wait_text(s, "✗ Unhealthy", 20000));
}

static void test_both_fixes(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "40", NULL);
    char folder[4200];
    snprintf(folder, sizeof folder, "%s/home", sim_folder(sim));
    mkdir(folder, 0700);
    struct screen *s = broken(sim, folder);
    apply_traffic_policy(sim, s);
    apply_health_route(sim, s);
    undo(sim, s);
    steps_quit(s);

    /* After a restart the journal still knows the other one. */
    s = screen_gatewatch(sim, &(struct screen_options){.rows = 50, .cols = 120, .folder = folder}, NULL);
    screen_expect(s, "probe-no-route");
    screen_expect(s, "health [<0-9]");
    screen_keys(s, "u");
    screen_expect(s, "Undo traffic-policy");
    screen_expect(s, "- +externalTrafficPolicy: Local");
    screen_expect(s, "\\+ +externalTrafficPolicy: Cluster");
    apply(s);
    screen_expect(s, "Taken back");
    assert_false(is_local(sim));
    screen_keys(s, "q");
    screen_expect(s, "lb-probe-404");
    screen_keys(s, "u");
    screen_expect(s, "Nothing to undo");
    steps_quit(s);
    sim_stop(sim);
}

/* "Undo: u here" on the sheet of what was done. */
static void test_undo_from_the_sheet(void **state)
{
    (void)state;
    struct sim *sim = sim_start("traffic-policy", "--speed", "40", NULL);
    struct screen *s = broken(sim, NULL);
    screen_keys(s, "D");
    apply(s);
    assert_true(screen_wait_text(s, "Applied and verified", 30000));
    screen_keys(s, "u");
    screen_expect(s, "Undo traffic-policy");
    screen_expect(s, ON_CANCEL);
    assert_true(is_local(sim));
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "Undo traffic-policy");
    steps_quit(s);
    sim_stop(sim);
}

/* ---- nothing without consent -------------------------------------------------------------------------------------------------- */

static void test_focus_and_cancel(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    struct screen *s = broken(sim, NULL);
    steps_forget_requests(sim);
    static const char *const ways[] = {"<Esc>", "q", "<Enter>"};
    for (int i = 0; i < 3; i++) {
        screen_keys(s, "x");
        screen_expect(s, ON_CANCEL);
        screen_keys(s, ways[i]);
        screen_expect_gone(s, "Cancel");
        screen_expect(s, "^Root cause");
    }
    /* Cancel, Apply, the choices, Cancel again; and back the other way. */
    screen_keys(s, "x");
    screen_expect(s, ON_CANCEL);
    static const char *const next[] = {"<Tab>", "<Right>"}, *const back[] = {"<BackTab>", "<Left>"};
    for (int i = 0; i < 2; i++) {
        screen_keys(s, next[i]);
        screen_expect(s, ON_APPLY);
        screen_keys(s, next[i]);
        screen_expect(s, " Cancel +Apply");
        screen_expect_gone(s, "\\[(Cancel|Apply)\\]");
        screen_keys(s, next[i]);
        screen_keys(s, next[i]);
        screen_expect(s, ON_CANCEL);
        screen_keys(s, back[i]);
        screen_expect_gone(s, "\\[(Cancel|Apply)\\]");
        screen_keys(s, back[i]);
        screen_keys(s, back[i]);
        screen_expect(s, ON_APPLY);
        screen_keys(s, back[i]);
        screen_expect(s, ON_CANCEL);
    }
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "Cancel");
    /* The sheet scrolls, on a small screen too. */
    screen_resize(s, 24, 80);
    screen_keys(s, "x");
    screen_expect(s, ON_CANCEL);
    screen_expect(s, "Ready\\. Nothing");
    static const char *const down[] = {"j", "<Down>", "<PgDn>", "<C-f>", "<C-d>", "G", "<End>"};
    static const char *const up[] = {"k", "<Up>", "<PgUp>", "<C-b>", "<C-u>", "g", "<Home>"};
    for (size_t i = 0; i < sizeof down / sizeof *down; i++) {
        screen_keys(s, down[i]);
        screen_expect_gone(s, "Ready\\. Nothing");
        assert_true(screen_has(s, ON_CANCEL));
        screen_keys(s, up[i]);
        screen_expect(s, "Ready\\. Nothing");
    }
    screen_keys(s, "q");
    screen_expect_gone(s, "Cancel");
    expect_no_writes(sim);
    assert_false(is_local(sim));
    steps_quit(s);
    sim_stop(sim);
}

static void test_choices(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    struct screen *s = broken(sim, NULL);
    steps_forget_requests(sim);
    screen_keys(s, "D");
    screen_expect(s, "1 ● patch the Service");
    screen_expect(s, ON_CANCEL);
    screen_keys(s, "2");
    screen_expect(s, "2 ● overlay ConfigMap");
    screen_expect(s, ON_CANCEL);
    screen_expect(s, "apply ConfigMap istio-ingress/");
    screen_expect(s, "parametersRef");
    screen_keys(s, "1");
    screen_expect(s, "1 ● patch the Service");
    screen_expect(s, "patch Service istio-ingress/mtkc-gateway-istio");
    screen_expect(s, ON_CANCEL);
    /* By focus and Enter. */
    screen_keys(s, "<BackTab><Enter>");
    screen_expect(s, "2 ● overlay ConfigMap");
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "Cancel");
    screen_keys(s, "H");
    screen_expect(s, "1 ● Service gateway-health/health-responder");
    screen_expect(s, ON_CANCEL);
    screen_keys(s, "2");
    screen_expect(s, "Not possible: .*there already");
    screen_expect(s, "1 ● Service gateway-health/health-responder");
    static const char *const none[] = {"3", "4", "5", "6"};
    for (int i = 0; i < 4; i++)
        screen_keys(s, none[i]);
    screen_expect(s, ON_CANCEL);
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "Cancel");
    expect_no_writes(sim);
    steps_quit(s);
    sim_stop(sim);
}

/* A protected context: Apply asks for the target's name, letter by letter. */
static void test_protected(void **state)
{
    (void)state;
    struct sim *sim = sim_start("traffic-policy", "--speed", "40", NULL);
    char path[600];
    snprintf(path, sizeof path, "%s/config.yaml", sim_folder(sim));
    FILE *f = fopen(path, "ae");
    assert_non_null(f);
    fputs("protected: ['*mtkc*']\n", f);
    fclose(f);
    struct screen *s = broken(sim, NULL);
    steps_forget_requests(sim);
    screen_keys(s, "x");
    screen_expect(s, "Protected: type [^ ]+ to confirm");
    const char *text = strstr(screen_text(s), "Protected: type ") + strlen("Protected: type ");
    char name[100];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, " \n"), text);
    apply(s);
    screen_expect(s, "Type .* to confirm: this target is protected");
    expect_no_writes(sim);
    /* Almost right is wrong. */
    screen_keys(s, name);
    screen_keys(s, "x<Enter>");
    screen_expect(s, ON_CANCEL);
    screen_keys(s, "<Tab><Enter>");
    screen_expect(s, "this target is protected");
    expect_no_writes(sim);
    assert_false(is_local(sim));
    screen_keys(s, "<Backspace><Enter>");
    screen_expect(s, ON_CANCEL);
    screen_keys(s, "<Tab>");
    screen_expect(s, ON_APPLY);
    screen_keys(s, "<Enter>");
    assert_true(screen_wait_text(s, "Applied", 20000));
    assert_true(is_local(sim));
    steps_quit(s);
    sim_stop(sim);
}

static void test_read_only(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    struct screen *s = screen_gatewatch(sim, &(struct screen_options){.rows = 50, .cols = 120}, "--read-only", NULL);
    screen_expect(s, "READ-ONLY");
    screen_expect(s, "✗ Unhealthy");
    steps_forget_requests(sim);
    static const char *const fixes[] = {"x", "H", "D"};
    for (int i = 0; i < 3; i++) {
        screen_keys(s, fixes[i]);
        screen_expect(s, "Read-only: .*--read-only");
        screen_expect(s, "\\[Close\\]");
        screen_expect(s, "What will change");
        assert_false(screen_has(s, "Apply *(│|$)|\\[Apply\\]|Cancel"));
        screen_keys(s, "<Tab><Tab><Tab>");
        screen_settle(s, 50, 1000);
        assert_false(screen_has(s, "\\[Apply\\]"));
        screen_keys(s, "<Esc>");
        screen_expect_gone(s, "\\[Close\\]|Read-only:");
    }
    /* Below everything: not even a dry run leaves the program. */
    char *requests = NULL;
    assert_int_equal(sim_call(sim, "GET", "/_sim/requests", NULL, &requests), 200);
    assert_null(strstr(requests, "\"PATCH\""));
    free(requests);
    expect_no_writes(sim);
    steps_quit(s);
    sim_stop(sim);
}

static void test_missing_permission(void **state)
{
    (void)state;
    struct sim *sim = sim_start("forbidden", "--speed", "20", NULL);
    struct screen *s = screen_gatewatch(sim, &(struct screen_options){.rows = 50, .cols = 120}, NULL);
    steps_forget_requests(sim);
    screen_expect(s, "Root cause .*lb-probe-404");
    screen_keys(s, "x");
    screen_expect(s, "Permission missing: reader may not patch services/mtkc-gateway-istio in namespace istio-ingress");
    screen_expect(s, "\\[Close\\]");
    assert_false(screen_has(s, "\\[Apply\\]|Apply *│"));
    screen_keys(s, "<Tab><Enter><Tab><Enter>");
    screen_settle(s, 100, 2000);
    expect_no_writes(sim);
    steps_quit(s);
    sim_stop(sim);
}

/* A gateway of an AKS add-on: only the overlay is offered, and the direct patch says why not. */
static void test_addon(void **state)
{
    (void)state;
    struct sim *sim = sim_start("aks-addon", "--speed", "20", NULL);
    struct screen *s = screen_gatewatch(sim, &(struct screen_options){.rows = 50, .cols = 120}, NULL);
    screen_expect(s, "health [<0-9]");
    steps_forget_requests(sim);
    screen_keys(s, "D");
    screen_expect(s, "Target +");
    screen_expect(s, "overlay");
    screen_expect(s, "\\[(Cancel|Close)\\]");
    assert_false(screen_has(s, "1 ● patch the Service"));
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "\\[(Cancel|Close)\\]");
    expect_no_writes(sim);
    steps_quit(s);
    sim_stop(sim);
}

/* Somebody changes the Service while the sheet lies open: it is not overwritten, the sheet is read again and says so. */
static void test_stale(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    struct screen *s = broken(sim, NULL);
    screen_keys(s, "x");
    screen_expect(s, ON_CANCEL);
    screen_keys(s, "<Tab>");
    screen_expect(s, ON_APPLY);
    assert_int_equal(steps_kube(sim, "PATCH", SERVICE, "application/merge-patch+json",
                                "{\"spec\":{\"sessionAffinity\":\"ClientIP\"}}", NULL), 200);
    steps_forget_requests(sim);
    screen_keys(s, "<Enter>");
    screen_expect(s, "Nothing was written: .*Read the sheet again");
    screen_expect(s, "sessionAffinity: ClientIP");
    /* It must be asked for again: the harmless button has the focus. */
    screen_expect(s, ON_CANCEL);
    assert_false(is_local(sim));
    apply(s);
    assert_true(screen_wait_text(s, "Applied", 20000));
    assert_true(is_local(sim));
    assert_true(contains(sim, SERVICE, "ClientIP"));
    steps_quit(s);
    sim_stop(sim);
}

/* What was there is put right by somebody else: the sheet does not apply what is no longer needed. */
static void test_done_by_another(void **state)
{
    (void)state;
    struct sim *sim = sim_start("reference", "--speed", "20", NULL);
    struct screen *s = broken(sim, NULL);
    screen_keys(s, "x");
    screen_expect(s, ON_CANCEL);
    assert_int_equal(steps_kube(sim, "PATCH", SERVICE, "application/merge-patch+json",
                                "{\"spec\":{\"externalTrafficPolicy\":\"Local\"}}", NULL), 200);
    screen_keys(s, "<Tab><Enter>");
    screen_expect(s, "Nothing was written|already|[Nn]othing to");
    screen_expect_gone(s, "\\[Apply\\]");
    screen_keys(s, "<Esc>");
    screen_expect_gone(s, "(Cancel|Close)\\]");
    screen_expect(s, "Root cause .*probe-no-route");
    steps_quit(s);
    sim_stop(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_fixes),
        cmocka_unit_test(test_undo_from_the_sheet),
        cmocka_unit_test(test_focus_and_cancel),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_protected),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_missing_permission),
        cmocka_unit_test(test_addon),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_done_by_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
