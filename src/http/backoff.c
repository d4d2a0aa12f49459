#include <gatewatch/http.h>

int64_t http_backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, double retry_after_s, double random_unit)
{
    double unit = random_unit >= 0 && random_unit < 1 ? random_unit : 0;
    /* What the server asked for is obeyed; asking early starts its clock again (azure.md 8.2). */
    if (retry_after_s > 0)
        return (int64_t)(retry_after_s * 1000 + (double)base_ms * unit);
    int64_t delay = base_ms < cap_ms ? base_ms : cap_ms;
    for (int i = 1; i < attempt && delay < cap_ms; i++)
        delay = delay > cap_ms / 2 ? cap_ms : delay * 2;
    /* kubernetes.md 1.9: jitter 1.0 is the delay to twice the delay. */
    return delay + (int64_t)((double)delay * unit);
}
