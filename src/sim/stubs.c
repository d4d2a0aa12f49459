/* Stand-ins until the real ones are linked. */
#include "sim.h"
#include "kube.h"
#include "kube_auth.h"
#define W __attribute__((weak))
W void arm_handle(struct world *w, const struct sim_request *r, struct sim_reply *p) { (void)w; (void)r; reply_text(p, 501, NULL, "not yet\n"); }
W void entra_handle(struct world *w, const struct sim_request *r, struct sim_reply *p) { (void)w; (void)r; reply_text(p, 501, NULL, "not yet\n"); }
W const char *entra_principal(struct world *w, const char *b, const char *h) { (void)w; (void)b; (void)h; return NULL; }
W void azure_start(struct world *w) { (void)w; }
W void controllers_settle(struct world *w) { (void)w; }
W void azure_tick(struct world *w) { (void)w; }
static void load_nothing(struct world *w) { if (w->options->manifests) manifests_load_folder(w, w->options->manifests); }
W const struct scenario scenarios[] = {{"reference", "nothing yet", load_nothing}, {0}};
W void control_handle(struct world *w, const struct sim_request *r, struct sim_reply *p) { (void)w; (void)r; reply_text(p, 501, NULL, "not yet\n"); }
W void kube_handle(struct world *w, const struct sim_request *r, struct sim_reply *p) { (void)w; (void)r; reply_text(p, 501, NULL, "not yet\n"); }
W bool kube_allowed(struct world *w, const char *p, const char *v, const char *g, const char *r, const char *s, const char *ns, const char *n)
{ (void)w; (void)p; (void)v; (void)g; (void)r; (void)s; (void)ns; (void)n; return true; }
W int manifests_load(struct world *w, const char *y, size_t l, const char *t) { (void)w; (void)y; (void)l; (void)t; return 0; }
W bool store_apply(struct world *w, const char *g, const char *r, json_t *i, const char *m) { store_put(w, g, r, i, m, "Apply", NULL); return true; }
W bool kube_remove(struct world *w, struct table *t, const char *ns, const char *n, bool c) { (void)c; return store_delete(w, t, ns, n); }
W json_t *kube_admit(struct world *w, struct table *t, json_t *o, const json_t *b) { (void)w; (void)t; (void)b; return o; }
W void managed_record(struct world *w, struct table *t, json_t *o, const json_t *b, const char *m, const char *op, const char *s)
{ (void)w; (void)t; (void)o; (void)b; (void)m; (void)op; (void)s; }
W const char *kube_principal(struct world *w, const char *b) { (void)w; (void)b; return NULL; }
W const char *kube_principal_named(struct world *w, const char *b) { (void)w; (void)b; return NULL; }
W void credentials_init(struct world *w) { (void)w; }
W void reply_status(struct sim_reply *r, int c, const char *reason, json_t *d, const char *f, ...) { (void)reason; json_decref(d); reply_text(r, c, NULL, f); }
W void kube_create(struct world *w, const struct sim_request *q, const struct target *t, struct sim_reply *r) { (void)w; (void)q; (void)t; reply_text(r, 501, NULL, "not yet\n"); }
W void kube_update(struct world *w, const struct sim_request *q, const struct target *t, struct sim_reply *r) { (void)w; (void)q; (void)t; reply_text(r, 501, NULL, "not yet\n"); }
W void kube_patch(struct world *w, const struct sim_request *q, const struct target *t, struct sim_reply *r) { (void)w; (void)q; (void)t; reply_text(r, 501, NULL, "not yet\n"); }
W void kube_delete(struct world *w, const struct sim_request *q, const struct target *t, struct sim_reply *r) { (void)w; (void)q; (void)t; reply_text(r, 501, NULL, "not yet\n"); }
W struct sim_identity entra_identity(struct world *w) { (void)w; return (struct sim_identity){"00000000-0000-0000-0000-0000000000e2", "none", "none", "platform-engineer"}; }
W void azure_control(struct world *w, const struct sim_request *r, struct sim_reply *p) { (void)w; (void)r; reply_text(p, 501, NULL, "not yet\n"); }
