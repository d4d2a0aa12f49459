/* Any bytes as the configuration and, after a zero byte, as words on the command line. */
#include <gatewatch/config.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int fd = -1;
    char path[64], *argv[20] = {(char *)(uintptr_t) "gatewatch"};
    if (fd < 0)
        fd = memfd_create("config", MFD_CLOEXEC);
    size_t head = strnlen((const char *)data, len);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, head, 0) != (ssize_t)head)
        return 0;
    str_format(path, sizeof path, "--config=/proc/self/fd/%d", fd);
    argv[1] = path;
    int argc = 2, made = 2;
    for (size_t at = head + 1; at < len && argc < 19; argc++, made++) {
        argv[argc] = xstrndup((const char *)data + at, len - at);
        at += strlen(argv[argc]) + 1;
    }
    char *words[20];
    memcpy(words, argv, sizeof words);
    struct settings s;
    struct error err = {0};
    if (settings_load(&s, &argc, argv, &err)) {
        if (s.refresh_s < 5 || s.refresh_s > 3600 || s.timeout_s < 1 || s.timeout_s > 300)
            __builtin_trap();
        settings_free(&s);
    } else if (!*err.message) {
        __builtin_trap();
    }
    for (int i = 2; i < made; i++)
        free(words[i]);
    return 0;
}
