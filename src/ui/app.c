/* The dashboard's loop: sleeps until a key, a signal, newer data, or the moment when something shown grows old. */
#include "app.h"

#include "term.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STEP_MS = 10000 };       /* ages change in these steps, all at once */

/* ---- small services --------------------------------------------------------------------------------------------------------------- */

struct scene app_scene(struct app *a)
{
    static const struct topology empty_topology;
    return (struct scene){
        .canvas = &a->canvas,
        .data = a->data,
        .topo = a->data && a->data->topology ? a->data->topology : &empty_topology,
        .snapshot = a->data ? a->data->snapshot : NULL,
        .settings = a->settings,
        .state = &a->states[a->view->order],
        .started_wall_ms = a->started_wall_ms,
        .mono_ms = a->mono_ms,
        .wall_ms = a->wall_ms,
        .ascii = a->canvas.ascii,
    };
}

void app_flash(struct app *a, enum role role, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(a->flash, sizeof a->flash, format, args);
    va_end(args);
    a->flash_role = role;
    a->flash_until = clock_mono_ms() + FLASH_MS;
}

const struct view *app_view_named(const char *name)
{
    size_t n;
    const struct view *const *views = views_in_order(&n);
    for (size_t i = 0; name && *name && i < n; i++)
        if (str_starts(views[i]->name, name))
            return views[i];
    return NULL;
}

void app_show(struct app *a, const struct view *view)
{
    pager_close(&a->pager);
    if (view == a->view)
        return;
    a->last = a->view;
    a->view = view;
    a->n_drill = 0;
    /* As in a browser: going somewhere forgets what lay ahead. */
    if (a->at_history == HISTORY_MAX - 1) {
        memmove(a->history, a->history + 1, (HISTORY_MAX - 1) * sizeof *a->history);
        a->at_history--;
    }
    a->history[++a->at_history] = view;
    a->n_history = a->at_history + 1;
}

void app_copy(struct app *a, const char *text, size_t len, const char *what)
{
    if (!len)
        app_flash(a, ROLE_QUIET, "Nothing to copy.");
    else if (term_copy(text, len))
        app_flash(a, ROLE_QUIET, "%s sent to the clipboard (OSC 52).", what);
    else
        app_flash(a, ROLE_WARN, "Too long for the clipboard (OSC 52 takes about 96 kB).");
}

/* ---- data -------------------------------------------------------------------------------------------------------------------------- */

static void take_data(struct app *a)
{
    struct view_data *now = engine_view(a->engine);
    if (!now)
        return;
    if (a->data && now->serial == a->data->serial && !a->held) {
        view_data_unref(now);
        return;
    }
    if (a->frozen && a->data) {
        if (a->held)
            view_data_unref(a->held);
        a->held = now;
        a->held_back++;
        return;
    }
    if (a->data)
        view_data_unref(a->data);
    a->data = now;
}

/* A sheet and a document follow the engine even while the screen is frozen: they were asked for. */
static void update_parts(struct app *a)
{
    struct scene s = app_scene(a);
    scene_sync(&s, a->view);
    struct view_data *newest = a->held ? a->held : a->data;
    sheet_update(&a->sheet, newest);
    struct scene latest = s;
    latest.data = a->pager.kind == PAGER_DOCUMENT ? newest : a->data;
    pager_update(&a->pager, &latest);
}

/* ---- drawing ------------------------------------------------------------------------------------------------------------------------ */

static void draw_tiny(struct app *a)
{
    canvas_text(&a->canvas, 0, 0, a->canvas.w, STYLE(ROLE_WARN), "Too small");
}

static void focus_what_is_seen(struct app *a)
{
    struct view_state *state = &a->states[a->view->order];
    if (state->visible[state->focus])
        return;
    for (int i = 0; i < a->view->n_lists; i++)
        if (state->visible[i]) {
            state->focus = i;
            return;
        }
}

static void draw(struct app *a)
{
    int w, h;
    term_size(&w, &h);
    if (w != a->canvas.w || h != a->canvas.h)
        canvas_resize(&a->canvas, w, h);
    canvas_erase(&a->canvas);
    if (w < LAYOUT_MIN_W || h < LAYOUT_MIN_H) {
        draw_tiny(a);
        term_show(&a->canvas, &a->theme);
        return;
    }
    a->layout = layout_frame(w, h, banner_rows(a));
    struct scene s = app_scene(a);
    struct rect body = a->layout.body;
    if (h >= 28 && w >= 60)
        rect_take_top(&body, 1);
    if (a->pager.open) {
        pager_draw(&a->pager, &s, body);
    } else {
        memset(s.state->visible, 0, sizeof s.state->visible);
        a->view->draw(&s, body);
        bool moved = !s.state->visible[s.state->focus];
        focus_what_is_seen(a);
        if (moved) {
            canvas_erase(&a->canvas);
            a->view->draw(&s, body);
        }
    }
    draw_chrome(a);
    if (a->sheet.open)
        sheet_draw(&a->sheet, &a->canvas);
    term_show(&a->canvas, &a->theme);
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------------ */

/* Ages are measured from the last full step, so that they change together, and a frame in between changes none. */
static void take_time(struct app *a)
{
    int64_t now = clock_mono_ms();
    a->mono_ms = now / STEP_MS * STEP_MS;
    a->wall_ms = clock_wall_ms() / STEP_MS * STEP_MS;
    /* What came after the step is new, not of the future. */
    if (a->data && a->data->snapshot && a->data->snapshot->mono_ms > a->mono_ms)
        a->mono_ms = a->data->snapshot->mono_ms;
    if (a->flash[0] && now >= a->flash_until)
        a->flash[0] = '\0';
}

static int sleep_ms(const struct app *a)
{
    int64_t now = clock_mono_ms(), until = now / STEP_MS * STEP_MS + STEP_MS;
    if (a->flash[0] && a->flash_until < until)
        until = a->flash_until;
    return until > now ? (int)(until - now) : 0;
}

static void handle_events(struct app *a)
{
    int events = term_events();
    if (events & TERM_QUIT)
        a->quit = true;
    if (events & TERM_SUSPEND)
        term_suspend();
}

static void handle_keys(struct app *a)
{
    int key;
    /* A burst (a paste, a held key) is taken whole before the next frame. */
    for (int n = 0; n < 256 && !a->quit && (key = term_key()) >= 0; n++) {
        app_key(a, key);
        update_parts(a);
    }
}

static void run(struct app *a)
{
    while (!a->quit) {
        take_data(a);
        take_time(a);
        update_parts(a);
        draw(a);
        struct pollfd fds[] = {
            {.fd = term_fd(), .events = POLLIN},
            {.fd = term_signal_fd(), .events = POLLIN},
            {.fd = engine_fd(a->engine), .events = POLLIN},
        };
        int n = poll(fds, sizeof fds / sizeof *fds, sleep_ms(a));
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0 && fds[1].revents)
            handle_events(a);
        if (n > 0 && (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) && !(fds[0].revents & POLLIN))
            return;
        if (n > 0 && fds[0].revents)
            handle_keys(a);
    }
}

static void free_app(struct app *a)
{
    if (a->sheet.open) {
        if (a->sheet.plan)
            plan_unref(a->sheet.plan);
        if (a->sheet.before)
            plan_unref(a->sheet.before);
        doc_free(&a->sheet.doc);
    }
    pager_close(&a->pager);
    for (int i = 0; i < VIEWS_MAX; i++)
        for (int k = 0; k < VIEW_TABLES; k++)
            table_free(&a->states[i].tables[k]);
    if (a->data)
        view_data_unref(a->data);
    if (a->held)
        view_data_unref(a->held);
    canvas_free(&a->canvas);
}

bool ui_run(struct engine *engine, const struct settings *settings, const struct ui_options *options,
            struct error *err)
{
    static struct app app;
    app = (struct app){.engine = engine, .settings = settings, .options = *options, .quit_asked = -FLASH_MS};
    struct error theme_error = {0};
    if (!theme_load(&app.theme, settings->theme, &theme_error))
        theme_builtin(&app.theme);
    if (!term_start(&(struct term_options){.ascii = settings->ascii, .no_color = settings->no_color}, err))
        return false;
    app.started_wall_ms = clock_wall_ms();
    size_t n;
    app.view = views_in_order(&n)[0];
    app.history[0] = app.view;
    app.n_history = 1;
    int w, h;
    term_size(&w, &h);
    canvas_init(&app.canvas, w, h);
    app.canvas.ascii = term_ascii();
    if (theme_error.code != ERR_NONE)
        app_flash(&app, ROLE_WARN, "%s. %s", theme_error.message, theme_error.remedy);
    else if (options->note)
        app_flash(&app, ROLE_TEXT, "%s", options->note);
    run(&app);
    term_stop();
    free_app(&app);
    return true;
}
