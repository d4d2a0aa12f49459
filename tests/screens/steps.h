/* Steps that several screen tests share. */
#ifndef STEPS_H
#define STEPS_H

#include "screen.h"

/* The dashboard of the simulated world, shown whole: verdict and a first report of backend health. `verdict` is a pattern. */
struct screen *steps_open(const struct sim *, const struct screen_options *, const char *verdict);
/* Leaves by ^c, which does so from everywhere; expects status 0 and a restored terminal, and frees the screen. */
void steps_quit(struct screen *);

/* One request to the simulated cluster as its platform engineer. `type` is the body's, NULL for JSON. Free *reply. */
int steps_kube(struct sim *, const char *method, const char *path, const char *type, const char *body, char **reply);
/* Forgets what the simulator was asked so far. */
void steps_forget_requests(struct sim *);
/* How many requests since then would change the world: neither dry runs nor questions asked by POST. The first is named. */
size_t steps_writes(struct sim *, char *first, size_t size);

/* True when a colour was ever asked for by SGR, as a number from 30 on; bold, reverse and underline are no colours. */
bool steps_printed_colour(const struct screen *);

#endif
