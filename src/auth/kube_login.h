/* What tests of kube_login.c may change. */
#ifndef AUTH_KUBE_LOGIN_H
#define AUTH_KUBE_LOGIN_H

/* How long an exec plugin may run without a word on standard error, in ms. */
extern int kube_login_quiet_ms;

#endif
