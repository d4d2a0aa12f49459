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
W struct sim_identity entra_identity(struct world *w) { (void)w; return (struct sim_identity){"00000000-0000-0000-0000-0000000000e2", "none", "none", "platform-engineer"}; }
W void azure_control(struct world *w, const struct sim_request *r, struct sim_reply *p) { (void)w; (void)r; reply_text(p, 501, NULL, "not yet\n"); }
