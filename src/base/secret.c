#include <gatewatch/base.h>

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct secret {
    atomic_int refs;
    size_t len;
    char bytes[];
};

struct secret *secret_new(const char *bytes, size_t len)
{
    struct secret *s = xcalloc(1, sizeof *s + len + 1);
    atomic_init(&s->refs, 1);
    s->len = len;
    if (len)
        memcpy(s->bytes, bytes, len);
    return s;
}

struct secret *secret_ref(struct secret *s)
{
    if (s)
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void secret_unref(struct secret *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    secret_wipe(s->bytes, s->len);
    free(s);
}

const char *secret_reveal(const struct secret *s)
{
    return s ? s->bytes : "";
}

size_t secret_len(const struct secret *s)
{
    return s ? s->len : 0;
}

void secret_wipe(void *memory, size_t len)
{
    if (memory && len)
        explicit_bzero(memory, len);    /* the compiler may not leave it out */
}

void secret_protect_process(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
