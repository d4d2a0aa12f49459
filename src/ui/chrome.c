/* The frame around every view: where we are, the one loud line, what is wrong with ourselves, how old what we know is, and
 * what to press. */
#include "app.h"

#include "term.h"

#include <string.h>

/* ---- header --------------------------------------------------------------------------------------------------------------------- */

static int tag(struct canvas *c, int right, int y, enum role role, const char *text)
{
    char padded[80];
    str_format(padded, sizeof padded, " %s ", text);
    return canvas_text_right(c, right, y, 60, (struct style){(uint8_t)role, (uint8_t)role, 0}, padded) - 1;
}

static int draw_tags(const struct app *a, struct rect r, int right)
{
    struct canvas *c = (struct canvas *)&a->canvas;
    const struct environment *env = a->data && a->data->snapshot ? &a->data->snapshot->env : NULL;
    char text[64];
    if (a->frozen) {
        str_format(text, sizeof text, "FROZEN, %u held", a->held_back);
        right = tag(c, right, r.y, ROLE_TAG, text);
    }
    if (a->options.demo)
        right = tag(c, right, r.y, ROLE_TAG, "DEMO");
    if (a->settings->read_only || (env && env->read_only))
        right = tag(c, right, r.y, ROLE_TAG, "READ-ONLY");
    if (env && env->insecure)
        right = tag(c, right, r.y, ROLE_TAG_BAD, r.w < 60 ? "NO TLS CHECK" : "TLS NOT VERIFIED");
    if (env && env->arm_remaining_reads >= 0 && env->arm_remaining_reads < 60) {
        str_format(text, sizeof text, "ARM %d READS LEFT", env->arm_remaining_reads);
        right = tag(c, right, r.y, ROLE_TAG, text);
    }
    if (a->data && plan_in_flight(a->data->plan) && !a->sheet.open)
        right = tag(c, right, r.y, ROLE_TAG,
                    a->data->plan->state == PLAN_VERIFYING ? "FIX: VERIFYING" : "FIX: APPLYING");
    return right;
}

static void draw_header(struct app *a, struct rect r)
{
    struct canvas *c = &a->canvas;
    const struct environment *env = a->data && a->data->snapshot ? &a->data->snapshot->env : NULL;
    const struct topology *t = a->data ? a->data->topology : NULL;
    canvas_fill(c, r, (struct style){ROLE_BAR, ROLE_BAR, 0});
    char clock[40], shown[16];
    clock_format_rfc3339(a->wall_ms, clock);
    str_format(shown, sizeof shown, "%.5sZ", clock + 11);
    struct style bar = {ROLE_BAR, ROLE_BAR, 0}, strong = {ROLE_BAR_STRONG, ROLE_BAR, 0};
    int right = r.x + r.w - 1;
    if (r.w >= 60)
        right = canvas_text_right(c, right, r.y, 8, bar, shown) - 1;
    right = draw_tags(a, r, right);
    int x = r.x + 1;
    x += canvas_text(c, x, r.y, right - x, strong, a->layout.tabs.h ? "gatewatch" : a->view->title) + 2;
    const char *context =
        env && env->context && *env->context ? env->context : str_or(a->settings->context, "");
    x += canvas_text(c, x, r.y, right - x, bar, context);
    if (env && *str_or(env->cluster, "") && !strstr(context, env->cluster) && r.w >= 60)
        x += canvas_printf(c, x, r.y, right - x, bar, " (%s)", env->cluster);
    if (t && t->appgws.n && right - x > 6) {
        x += canvas_text(c, x, r.y, right - x, bar, c->ascii ? " <- " : " ◀ ");
        x += canvas_text(c, x, r.y, right - x, bar, t->appgws.items[0].name);
        if (t->appgws.n > 1)
            canvas_printf(c, x, r.y, right - x, bar, " +%zu", t->appgws.n - 1);
    }
}

static void draw_tabs(struct app *a, struct rect r)
{
    size_t n;
    const struct view *const *views = views_in_order(&n);
    int x = r.x + 1;
    for (size_t i = 0; i < n; i++) {
        bool here = views[i] == a->view;
        x += canvas_printf(&a->canvas, x, r.y, r.w - x, STYLE(here ? ROLE_TITLE_FOCUS : ROLE_QUIET), "%d",
                           views[i]->order) +
             1;
        x += canvas_text(&a->canvas, x, r.y, r.w - x, STYLE(here ? ROLE_TITLE_FOCUS : ROLE_QUIET),
                         views[i]->title);
        size_t bad =
            str_eq(views[i]->name, "findings") ? findings_count(a->data, SEVERITY_CRITICAL, false) : 0;
        if (bad)
            x += canvas_printf(&a->canvas, x, r.y, r.w - x, STYLE(ROLE_BAD), " %zu", bad);
        x += 3;
    }
}

/* ---- the verdict ------------------------------------------------------------------------------------------------------------------ */

struct verdict {
    enum role role;
    const char *sign, *word;
    char text[400];
};

static void count_backends(const struct topology *t, size_t *ret_up, size_t *ret_down)
{
    *ret_up = *ret_down = 0;
    for (size_t i = 0; t && i < t->backends.n; i++) {
        *ret_up += t->backends.items[i].health == HEALTH_UP;
        *ret_down += t->backends.items[i].health == HEALTH_DOWN;
    }
}

static void backends_words(const struct topology *t, char *out, size_t cap)
{
    size_t up, down;
    count_backends(t, &up, &down);
    bool known = false;
    for (size_t i = 0; t && i < t->backends.n; i++)
        known = known || t->backends.items[i].health != HEALTH_UNKNOWN;
    if (!known)
        str_copy(out, cap, "backend health is not known");
    else if (down == 1 && t->backends.n == 1)
        str_copy(out, cap, "the backend is down");
    else if (down)
        str_format(out, cap, "%zu of %zu backends down", down, t->backends.n);
    else if (up == 1 && t->backends.n == 1)
        str_copy(out, cap, "the backend is healthy");
    else if (up == t->backends.n)
        str_format(out, cap, "all %zu backends healthy", up);
    else
        str_format(out, cap, "%zu of %zu backends healthy", up, t->backends.n);
}

static void loading_words(const struct view_data *d, const char *backends, char *out, size_t cap)
{
    size_t pending = sources_pending(d), n = d && d->snapshot ? d->snapshot->n_sources : 0;
    bool known = d && d->topology && d->topology->backends.n;
    if (known && pending)
        str_format(out, cap, "so far %s; %zu of %zu sources to come", backends, pending, n);
    else if (pending && pending < n)
        str_format(out, cap, "reading the cluster and Azure: %zu of %zu sources to come", pending, n);
    else
        str_copy(out, cap, "reading the cluster and Azure");
}

/* Down as reported, well as predicted: the objects were put right and the probes have not seen it yet. */
static bool is_recovering(const struct topology *t)
{
    bool any = false;
    for (size_t i = 0; i < t->backends.n; i++) {
        const struct topo_backend *b = &t->backends.items[i];
        if (b->health != HEALTH_DOWN)
            continue;
        any = true;
        if (b->probe_index < 0 || (size_t)b->probe_index >= t->probes.n ||
            t->probes.items[b->probe_index].predicted != PREDICT_OK)
            return false;
    }
    return any;
}

static struct verdict verdict_of(const struct app *a)
{
    bool ascii = a->canvas.ascii;
    const struct view_data *d = a->data;
    const struct topology *t = d ? d->topology : NULL;
    struct verdict v = {ROLE_VERDICT_UNKNOWN, light_sign(LIGHT_UNKNOWN, ascii), "UNKNOWN", ""};
    const struct finding *f = root_cause(d);
    char words[80];
    backends_words(t, words, sizeof words);
    size_t critical = findings_count(d, SEVERITY_CRITICAL, false),
           warnings = findings_count(d, SEVERITY_WARNING, false), up, down;
    count_backends(t, &up, &down);
    if (critical) {
        v.role = ROLE_VERDICT_BAD;
        v.sign = light_sign(LIGHT_DOWN, ascii);
        v.word = "UNHEALTHY";
        str_format(v.text, sizeof v.text, "%s: %s", words, str_or(f->title, f->code));
    } else if (still_loading(d)) {
        v.sign = ascii ? "." : "…";
        v.word = "LOADING";
        loading_words(d, words, v.text, sizeof v.text);
    } else if (d->fatal.code != ERR_NONE || d->azure.code != ERR_NONE || !t || !t->backends.n) {
        str_copy(v.text, sizeof v.text, words);
    } else if (is_recovering(t)) {
        v.role = ROLE_VERDICT_WARN;
        v.sign = light_sign(LIGHT_DEGRADED, ascii);
        v.word = "RECOVERING";
        str_format(v.text, sizeof v.text,
                   "%s, but the objects now answer the probes: waiting for the next report", words);
    } else if (down) {
        v.role = ROLE_VERDICT_BAD;
        v.sign = light_sign(LIGHT_DOWN, ascii);
        v.word = "UNHEALTHY";
        str_format(v.text, sizeof v.text, "%s%s%s", words, f ? ": " : "; no finding explains it",
                   f ? str_or(f->title, f->code) : "");
    } else if (warnings) {
        v.role = ROLE_VERDICT_WARN;
        v.sign = light_sign(LIGHT_DEGRADED, ascii);
        v.word = "WARNING";
        str_format(v.text, sizeof v.text, "%s; %zu warning%s: %s", words, warnings, warnings == 1 ? "" : "s",
                   str_or(f->title, f->code));
    } else {
        if (up == t->backends.n) {
            v.role = ROLE_VERDICT_OK;
            v.sign = light_sign(LIGHT_OK, ascii);
            v.word = "HEALTHY";
        }
        str_copy(v.text, sizeof v.text, words);
    }
    if (d && !d->settled && (v.role == ROLE_VERDICT_OK || v.role == ROLE_VERDICT_WARN)) {
        size_t used = strlen(v.text);
        str_format(v.text + used, sizeof v.text - used, "; the load balancer's own report is still to come");
    }
    return v;
}

static void draw_verdict(struct app *a, struct rect r)
{
    struct verdict v = verdict_of(a);
    struct style style = {(uint8_t)v.role, (uint8_t)v.role, 0};
    canvas_fill(&a->canvas, r, style);
    int x = r.x + 1;
    x += canvas_printf(&a->canvas, x, r.y, r.w - 2, style, "%s %s", v.sign, v.word) + 2;
    style.attr = 0;
    canvas_text(&a->canvas, x, r.y, r.x + r.w - 1 - x, style, v.text);
}

/* ---- what is wrong with ourselves --------------------------------------------------------------------------------------------------- */

static const char *login_prompt(const struct app *a)
{
    const struct snapshot *s = a->data ? a->data->snapshot : NULL;
    return s && s->env.prompt && *s->env.prompt ? s->env.prompt : NULL;
}

/* Where nothing of a side was ever read, one sentence says why: its first failure. */
static const struct source_state *unread_side(const struct view_data *data, enum origin origin)
{
    const struct snapshot *s = data && data->settled ? data->snapshot : NULL;
    const struct source_state *failed = NULL;
    for (size_t i = 0; s && i < s->n_sources; i++) {
        const struct source_state *source = &s->sources[i];
        if (source->origin != origin)
            continue;
        if (source->good_mono_ms >= 0)
            return NULL;
        failed = !failed && source->status == SOURCE_FAILED ? source : failed;
    }
    return failed;
}

static void add_remedy(struct doc *d, enum role role, const struct error *error)
{
    if (*error->remedy)
        doc_add(d, role, "%s%s", str_ends(error->message, ".") ? " " : ". ", error->remedy);
}

static void unread_doc(const struct app *a, struct doc *d)
{
    const struct view_data *data = a->data;
    const struct source_state *cluster = unread_side(data, ORIGIN_KUBERNETES), *azure = unread_side(data, ORIGIN_ARM);
    if (cluster && data->fatal.code == ERR_NONE) {
        doc_add(d, ROLE_BAD, "%s Cluster: ", light_sign(LIGHT_DOWN, a->canvas.ascii));
        doc_hang(d, 2);
        doc_puts(d, ROLE_STRONG, cluster->error.message);
        add_remedy(d, ROLE_TEXT, &cluster->error);
        doc_end(d);
    }
    if (azure && data->azure.code == ERR_NONE && data->fatal.code == ERR_NONE) {
        doc_add(d, ROLE_WARN, "%s Azure: ", light_sign(LIGHT_DEGRADED, a->canvas.ascii));
        doc_hang(d, 2);
        doc_puts(d, ROLE_TEXT, azure->error.message);
        add_remedy(d, ROLE_QUIET, &azure->error);
        doc_end(d);
    }
}

static void banner_doc(const struct app *a, struct doc *d)
{
    const char *prompt = login_prompt(a);
    const struct view_data *data = a->data;
    if (data && data->fatal.code != ERR_NONE) {
        doc_add(d, ROLE_BAD, "%s ", light_sign(LIGHT_DOWN, a->canvas.ascii));
        doc_hang(d, 2);
        doc_puts(d, ROLE_STRONG, data->fatal.message);
        if (*data->fatal.remedy)
            doc_add(d, ROLE_TEXT, ". %s", data->fatal.remedy);
        doc_end(d);
    }
    if (data && data->azure.code != ERR_NONE) {
        doc_add(d, ROLE_WARN, "%s Azure: ", light_sign(LIGHT_DEGRADED, a->canvas.ascii));
        doc_hang(d, 2);
        doc_puts(d, ROLE_TEXT, data->azure.message);
        if (*data->azure.remedy)
            doc_add(d, ROLE_QUIET, ". %s", data->azure.remedy);
        doc_end(d);
    }
    unread_doc(a, d);
    if (prompt) {
        doc_puts(d, ROLE_ACCENT, "The login asks");
        doc_puts(d, ROLE_QUIET, " (c copies): ");
        doc_end(d);
        doc_text(d, ROLE_STRONG, prompt);
    }
}

int banner_rows(const struct app *a)
{
    DOC_AUTO d = {0};
    banner_doc(a, &d);
    size_t rows = d.n_lines ? doc_rows(&d, a->canvas.w - 2) : 0;
    return rows > 8 ? 8 : (int)rows;
}

/* ---- sources ------------------------------------------------------------------------------------------------------------------------ */

static void separator(struct doc *d, bool ascii)
{
    if (d->open)
        doc_puts(d, ROLE_LINE, ascii ? " | " : " · ");
}

static void pending_words(const struct source_state *s, char *out, size_t cap)
{
    char have[24], want[24];
    count_text(s->objects, have);
    if (s->expected > 0) {
        count_text((size_t)s->expected, want);
        str_format(out, cap, "%s %s/%s", s->name, have, want);
    } else if (s->objects) {
        str_format(out, cap, "%s %s", s->name, have);
    } else {
        str_copy(out, cap, s->name);
    }
}

static enum role problem_role(enum source_status status)
{
    return status == SOURCE_STALE || status == SOURCE_FORBIDDEN ? ROLE_WARN : ROLE_BAD;
}

static void one_problem(struct doc *d, const struct scene *s, const struct source_state *source)
{
    char age[16] = "";
    enum role role = problem_role(source->status);
    doc_add(d, role, "%s %s", source->name, source_status_name(source->status));
    if (source->good_mono_ms >= 0 && source->status != SOURCE_FORBIDDEN)
        doc_add(d, role, " %s", age_text(s->mono_ms - source->good_mono_ms, age));
    if (source->error.code != ERR_NONE)
        doc_add(d, ROLE_QUIET, ": %s", source->error.message);
}

/* One is told in full, several by name: their messages are under `:sources`. */
static void problems(struct doc *d, const struct scene *s, enum source_status status)
{
    const struct source_state *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < s->snapshot->n_sources; i++)
        if (s->snapshot->sources[i].status == status) {
            first = first ? first : &s->snapshot->sources[i];
            n++;
        }
    if (!n)
        return;
    separator(d, s->ascii);
    if (n == 1) {
        one_problem(d, s, first);
        return;
    }
    doc_add(d, problem_role(status), "%zu %s", n, source_status_name(status));
    doc_puts(d, ROLE_QUIET, " (:sources): ");
    for (size_t i = 0, told = 0; i < s->snapshot->n_sources; i++)
        if (s->snapshot->sources[i].status == status)
            doc_add(d, ROLE_QUIET, "%s%s", told++ ? ", " : "", s->snapshot->sources[i].name);
}

/* Kubernetes in one word: its watches are live together or are named one by one. */
static void kubernetes_words(struct doc *d, const struct scene *s)
{
    size_t live = 0, pending = 0, lost = 0;
    const struct source_state *loading = NULL;
    for (size_t i = 0; i < s->snapshot->n_sources; i++) {
        const struct source_state *source = &s->snapshot->sources[i];
        if (source->origin != ORIGIN_KUBERNETES)
            continue;
        live += source->status == SOURCE_LIVE;
        pending += source->status == SOURCE_PENDING;
        lost += source->status == SOURCE_STALE || source->status == SOURCE_FAILED;
        if (source->status == SOURCE_PENDING && (!loading || source->objects > loading->objects))
            loading = source;
    }
    if (loading) {
        char words[120];
        pending_words(loading, words, sizeof words);
        doc_add(d, ROLE_ACCENT, "k8s loading %s%s", words, pending > 1 ? "" : "");
        if (pending > 1)
            doc_add(d, ROLE_QUIET, " +%zu", pending - 1);
    } else if (lost) {
        doc_add(d, ROLE_WARN, "k8s %zu of %zu live", live, live + lost);
    } else if (live) {
        doc_puts(d, ROLE_QUIET, "k8s ");
        doc_puts(d, ROLE_OK, "live");
    }
}

static void azure_words(struct doc *d, const struct scene *s)
{
    int64_t oldest = -1;
    char age[16];
    const struct source_state *health = NULL;
    bool loading = false;
    for (size_t i = 0; i < s->snapshot->n_sources; i++) {
        const struct source_state *source = &s->snapshot->sources[i];
        if (source->origin != ORIGIN_ARM)
            continue;
        loading = loading || source->status == SOURCE_PENDING;
        if (source->status != SOURCE_LIVE)
            continue;
        if (str_starts(source->name, "backendhealth") &&
            (!health || source->good_mono_ms < health->good_mono_ms))
            health = source;
        else if (oldest < 0 || source->good_mono_ms < oldest)
            oldest = source->good_mono_ms;
    }
    if (oldest >= 0) {
        separator(d, s->ascii);
        doc_add(d, ROLE_QUIET, "arm %s", age_text(s->mono_ms - oldest, age));
    } else if (loading) {
        separator(d, s->ascii);
        doc_puts(d, ROLE_ACCENT, "arm loading");
    }
    if (!health)
        return;
    separator(d, s->ascii);
    doc_add(d, ROLE_QUIET, "health %s", age_text(s->mono_ms - health->good_mono_ms, age));
    int64_t next = health->next_mono_ms - s->mono_ms;
    if (health->next_mono_ms > 0 && next > 0)
        doc_add(d, ROLE_QUIET, " (next ~%ds)", next < 10000 ? 10 : (int)(next / 10000 * 10));
}

void sources_doc(const struct scene *s, struct doc *d)
{
    if (!s->snapshot) {
        doc_puts(d, ROLE_QUIET, s->ascii ? "connecting..." : "connecting…");
        doc_end(d);
        return;
    }
    kubernetes_words(d, s);
    azure_words(d, s);
    problems(d, s, SOURCE_FAILED);
    problems(d, s, SOURCE_STALE);
    problems(d, s, SOURCE_FORBIDDEN);
    if (!d->open)
        doc_puts(d, ROLE_QUIET, s->snapshot->n_sources ? "no source answers yet" : "no sources");
    doc_end(d);
}

static void draw_sources(struct app *a, struct rect r)
{
    struct scene s = app_scene(a);
    DOC_AUTO d = {0};
    sources_doc(&s, &d);
    d.lines[0].keep = true;
    doc_draw(&d, &a->canvas, rect_inset(r, 1, 0), 0, 0, NULL);
}

/* ---- hints ---------------------------------------------------------------------------------------------------------------------------- */

static int hint(struct canvas *c, int x, int right, int y, const char *key, const char *word)
{
    int need = text_width(key) + 1 + text_width(word);
    if (x + need > right)
        return x;
    x += canvas_text(c, x, y, right - x, STYLE(ROLE_KEY), key) + 1;
    return x + canvas_text(c, x, y, right - x, STYLE(ROLE_QUIET), word) + 2;
}

static void draw_hints(struct app *a, struct rect r)
{
    struct canvas *c = &a->canvas;
    int x = r.x + 1, right = r.x + r.w - 1;
    enum place place = a->sheet.open ? PLACE_SHEET : a->pager.open ? PLACE_PAGER : PLACE_LIST;
    char key[16];
    struct scene scene = app_scene(a);
    if (!a->sheet.open && !a->pager.open && finding_with_fix(&scene, NULL))
        x = hint(c, x, right, r.y, keymap_key_name(ACT_FIX, 0, key), keymap_row(ACT_FIX)->hint);
    if (!a->sheet.open && !a->pager.open && !a->layout.tabs.h)
        x = hint(c, x, right, r.y, "1-6", "views");
    for (size_t i = 0; i < n_key_rows; i++) {
        const struct key_row *row = &key_rows[i];
        if (row->place == place && *row->hint)
            x = hint(c, x, right, r.y, keymap_key_name(row->action, 0, key), row->hint);
    }
    for (size_t i = 0; i < n_key_rows && place != PLACE_SHEET; i++) {
        const struct key_row *row = &key_rows[i];
        if (row->place == PLACE_GLOBAL && *row->hint && row->action != ACT_FIX)
            x = hint(c, x, right, r.y, keymap_key_name(row->action, 0, key),
                     row->action == ACT_QUIT_BACK && (a->pager.open || a->n_drill) ? "back" : row->hint);
    }
}

/* What could be typed, beside what is being typed. */
static void draw_suggestions(struct app *a, struct rect r)
{
    int x = r.x + 2 + text_width(a->prompt.line) + 3, right = r.x + r.w - 1;
    if (a->prompt_use == PROMPT_FILTER && !a->prompt.line[0])
        canvas_text(&a->canvas, x, r.y, right - x, STYLE(ROLE_GHOST), "text   !text   column:expression");
    for (size_t n = 0; a->prompt_use == PROMPT_COMMAND && n < 16 && x < right; n++) {
        const char *word = command_complete(a, a->prompt.tabs ? a->prompt.stem : a->prompt.line, n);
        if (!word)
            return;
        const char *argument = strchr(word, ' ');
        x +=
            canvas_text(&a->canvas, x, r.y, right - x, STYLE(ROLE_GHOST), argument ? argument + 1 : word) + 2;
    }
}

void draw_chrome(struct app *a)
{
    draw_header(a, a->layout.header);
    if (a->layout.tabs.h)
        draw_tabs(a, a->layout.tabs);
    draw_verdict(a, a->layout.verdict);
    if (a->layout.banner.h) {
        DOC_AUTO d = {0};
        banner_doc(a, &d);
        canvas_ground(&a->canvas, a->layout.banner, ROLE_SHEET);
        doc_draw(&d, &a->canvas, rect_inset(a->layout.banner, 1, 0), 0, 0, NULL);
    }
    draw_sources(a, a->layout.sources);
    if (rect_empty(a->layout.hints))
        return;
    if (a->prompt_use != PROMPT_NONE) {
        prompt_draw(&a->prompt, &a->canvas, a->layout.hints, ROLE_GROUND);
        draw_suggestions(a, a->layout.hints);
    } else if (a->flash[0]) {
        struct rect r = rect_inset(a->layout.hints, 1, 0);
        canvas_text(&a->canvas, r.x, r.y, r.w, STYLE(a->flash_role), a->flash);
    } else {
        draw_hints(a, a->layout.hints);
    }
}
