/* gatewatch-sim as a child of a test: started in a folder of its own, ended and swept with it. */
#ifndef UNIT_SIM_PROCESS_H
#define UNIT_SIM_PROCESS_H

#include <sys/types.h>

struct sim {
    char dir[64];
    char *base, *ca, *kubeconfig;       /* "https://127.0.0.1:PORT", PEM text, a file's path */
    pid_t pid;
};
const char *sim_program(void);          /* of the build under test; may not be there */
/* One at a time; fails the test when it does not become ready. `extra` and `value` are one more option, or NULL. */
void sim_start(struct sim *, const char *scenario, const char *extra, const char *value);
void sim_stop(struct sim *);
void sim_kill_running(void);            /* for atexit: a test that fails leaves its world as it is */

#endif
