/* The clock of the world. */
#include "sim.h"
#include "text.h"

#include <stdio.h>
#include <time.h>

static double clock_seconds(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double world_now(const struct world *world)
{
    return world->clock_sim + (clock_seconds(CLOCK_MONOTONIC) - world->clock_real) * world->speed;
}

/* The clock goes on from where it stands, only at another pace. */
void world_set_speed(struct world *world, double speed)
{
    double now = world->clock_real > 0 ? world_now(world) : clock_seconds(CLOCK_REALTIME);

    world->clock_sim = now;
    world->clock_real = clock_seconds(CLOCK_MONOTONIC);
    world->speed = speed;
}

char *world_time(const struct world *world)
{
    time_t seconds = (time_t)world_now(world);
    struct tm tm;
    char text[64];

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return xstrdup(text);
}

char *world_time_micro(const struct world *world)
{
    double now = world_now(world);
    time_t seconds = (time_t)now;
    struct tm tm;
    char text[64];

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return format_text("%s.%06dZ", text, (int)((now - (double)seconds) * 1e6));
}
